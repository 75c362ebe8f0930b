#!/bin/sh
# run.sh BUILD: the figures of this machine. Never part of a test: a loaded machine proves nothing.
set -eu
build=$1
here=$(dirname "$0")
log=$build/fifty.mcap

printf '%s, %s cores, load %s\n\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
    "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)"

[ -s "$log" ] && [ "$log" -nt "$build/skywitness" ] ||
    "$build/skywitness" simulate "$here/fifty.json" --log "$log"

printf '\nreplay of 20 minutes with 50 tracks at 1 Hz under 2 lines, one core, 5 runs (goal: 1000 x)\n'
for _ in 1 2 3 4 5; do
    taskset -c 0 "$build/skywitness" replay "$log"
done

# The peer only reads: every message located and handed out, nothing decoded or recomputed.
modules=$(find build/*/tests -maxdepth 4 -type d -path '*node_modules/@mcap/core' 2>/dev/null | head -n 1)
if [ -n "$modules" ] && command -v node >/dev/null; then
    printf '\nthe same log read, not recomputed, by @mcap/core in node\n'
    NODE_PATH=${modules%/@mcap/core} node "$here/read_only.cjs" "$log"
else
    printf '\npeer: skipped, @mcap/core is not there (./dev test installs it)\n'
fi

sh "$here/replay.sh" "$build"
sh "$here/journal.sh" "$build"
if [ -x "$build/tests/test_hil_stall" ]; then
    printf '\na disk that stalls for 2 s at every tenth flush, 30 s of 1,000 datagrams/s (goal: none dropped)\n'
    "$build/tests/test_hil_stall" 30 2000 2>/dev/null | grep datagrams
fi
sh "$here/asterix.sh" "$build"
sh "$here/plots.sh" "$build"
sh "$here/zones.sh" "$build"
