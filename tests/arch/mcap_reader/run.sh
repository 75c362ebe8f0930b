#!/bin/sh
# Usage: run.sh WRITE_LOG BUILD_FOLDER SKYWITNESS
# Writes a log, reads it with npm's @mcap/core and protobufjs, and compares what both count. What
# npm installs stays in the build folder; without npm or a network this test is skipped (77).
set -eu
here=$(dirname "$0")
write_log=$1
work=$2/mcap_reader
"$here/modules.sh" "$work" || exit $?
cp "$here/read_log.mjs" "$work"
cd "$work"
"$write_log" log.mcap | LC_ALL=C sort >written.txt
node read_log.mjs log.mcap | LC_ALL=C sort >read.txt
diff written.txt read.txt
cat read.txt
# A log that broke off: the copy that recover makes has an index again, and agrees with itself.
rm -f torn.mcap closed.mcap
head -c $(($(wc -c <log.mcap) * 6 / 10)) log.mcap >torn.mcap
recovered=0
"$3" recover torn.mcap -o closed.mcap || recovered=$?
[ "$recovered" = 2 ]
node read_log.mjs closed.mcap >closed.txt
[ -s closed.txt ]
