#!/bin/sh
# replay.sh BUILD: small inputs replayed a second, and the most memory that takes of logs of any length.
set -eu
build=$1
printf '\nreplay of small inputs, one core, 3 runs (goal: 500,000 a second, below 128 MiB whatever the log)\n'
printf 'of twenty: ten ticks, five or six fixes, four reads of a head that sees nothing, one word on it\n'
for count in 200000 2000000; do
    log=$build/small-$count.mcap
    [ -s "$log" ] || "$build/tests/bench_replay" "$log" "$count"
    for _ in 1 2 3; do
        taskset -c 0 "$build/skywitness" replay --json "$log" | awk -v bytes="$(stat -c %s "$log")" '
            /"inputs":/ { inputs = $2 + 0 } /"seconds":/ { seconds = $2 + 0 }
            END { printf "%.0f inputs, %.0f MB: %.0f inputs/s\n", inputs, bytes / 1e6, inputs / seconds }'
    done
done
if [ -x /usr/bin/python3 ]; then
    /usr/bin/python3 - "$build/skywitness" "$build/small-200000.mcap" "$build/small-2000000.mcap" <<'END'
import os, resource, subprocess, sys
for log in sys.argv[2:]:
    process = subprocess.Popen([sys.argv[1], 'replay', '--check', log], stdout=subprocess.DEVNULL)
    used = os.wait4(process.pid, 0)[2].ru_maxrss
    print(f'{os.path.getsize(log) / 1e6:.0f} MB of log: {used / 1024:.0f} MiB resident at most')
END
fi
