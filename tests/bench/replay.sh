#!/bin/sh
# replay.sh BUILD: small inputs replayed a second of processor time, and the most memory that takes.
set -eu
build=$1
[ -x /usr/bin/python3 ] || {
    printf '\nreplay of small inputs: skipped, python3 is not there\n'
    exit 0
}
printf '\nreplay --check of small inputs, one core, 3 runs, by processor time (goal: 500,000 a second,\n'
printf 'below 128 MiB whatever the log); of twenty: ten ticks, five fixes, four reads, one word of a head\n'
for count in 200000 2000000; do
    log=$build/small-$count.mcap
    [ -s "$log" ] || "$build/tests/bench_replay" "$log" "$count"
    taskset -c 0 /usr/bin/python3 - "$build/skywitness" "$log" "$count" <<'END'
import os, subprocess, sys
tool, log, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
for _ in range(3):
    process = subprocess.Popen([tool, 'replay', '--check', log], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, 'the replay differs'
    print(f'{count} inputs, {os.path.getsize(log) / 1e6:.0f} MB: '
          f'{count / (used.ru_utime + used.ru_stime):,.0f} inputs/s, {used.ru_maxrss / 1024:.0f} MiB resident at most')
END
done
