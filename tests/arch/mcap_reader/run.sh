#!/bin/sh
# Usage: run.sh WRITE_LOG BUILD_FOLDER
# Writes a log, reads it with npm's @mcap/core and protobufjs, and compares what both count. What
# npm installs stays in the build folder; without npm or a network this test is skipped (77).
set -eu
here=$(dirname "$0")
write_log=$1
work=$2/mcap_reader
mkdir -p "$work"
cp "$here/package.json" "$here/read_log.mjs" "$work"

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    echo "skipped: no npm and node here"
    exit 77
fi
cd "$work"
if ! cmp -s package.json installed.json; then
    if ! npm install --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
        --fetch-retries=0 --fetch-timeout=30000 --loglevel=error >npm.log 2>&1; then
        echo "skipped: npm cannot install @mcap/core and protobufjs:"
        tail -n 5 npm.log
        exit 77
    fi
    cp package.json installed.json
fi
"$write_log" log.mcap | LC_ALL=C sort >written.txt
node read_log.mjs log.mcap | LC_ALL=C sort >read.txt
diff written.txt read.txt
cat read.txt
