#!/bin/sh
# plots.sh BUILD: radar plots per second, the worst step and the instructions of a plot, on seed 1 of
# some of the benchmark's scenarios. Left in BUILD: logs, and profile.txt with the costliest functions.
set -eu
build=$1
here=$(dirname "$0")
bench=../shared/bench
timed="dense50 clutter_only small_drone two_radar_bias oosm_latency"
counted="dense50 clutter_only"

skip() { printf '\nplots per second: skipped, %s\n' "$1"; exit 0; }

[ -f $bench/scenarios.py ] || skip "../shared/bench is not there"
/usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "python3-numpy is not there"

# Where a scenario's tables are; meta.json is the last of them to be written.
is_made() { [ "$1/meta.json" -nt $bench/scenarios.py ] && [ "$1/meta.json" -nt $bench/geo.py ]; }
data_of() {
    for made in build/accuracy/data "$build/data"; do
        is_made "$made/$1/s1" && { echo "$made/$1/s1"; return; }
    done
    /usr/bin/python3 $bench/scenarios.py --seeds 1 --out "$build/data" "$1" >&2
    echo "$build/data/$1/s1"
}

# A log is as new as the program that writes it.
logs=
for scenario in $timed; do
    data=$(data_of "$scenario")
    log=$build/$scenario.mcap
    [ "$log" -nt "$build/skywitness" ] && [ "$log" -nt "$data/meta.json" ] ||
        "$build/skywitness" import --plots "$data/plots.csv" --pose "$data/pose.csv" \
            --sensors "$data/sensors.csv" --zones "$data/zones.csv" -o "$log" >/dev/null
    logs="$logs $log"
done

cat <<'END'

radar plots through the engine, one thread, 7 rounds
(goal on dense50: 200,000 plots/s, worst step below 1,000 us; engine at most 8 MiB)

plots/s    plots over processor time of all steps: decoded plots, fixes, ticks; tracking, both zones,
           events into the outbox; median of the rounds, and best
no zones   the same without any zone
with text  the same from the lines of the plot file; row ns is what reading a line costs alone
plot, tick us  mean time of a step by the wall, least of the rounds for each step; so are 50 %,
           99.9 % and worst; once us: the worst of all rounds, with whatever else this machine did

END
# shellcheck disable=SC2086
taskset -c 0 "$build/tests/bench_plots" $logs

# What it is and is not: the head of peer_bfl.cpp.
dense50=$(data_of dense50)
if command -v g++ >/dev/null && [ -f /usr/include/bfl/filter/extendedkalmanfilter.h ]; then
    g++ -std=c++14 -O2 -DNDEBUG -DBOOST_UBLAS_NDEBUG -I/usr/include/bfl -o "$build/peer_bfl" \
        "$here/peer_bfl.cpp" -lorocos-bfl
    printf '\npeer: one EKF of the Bayesian Filtering Library (C++), told whose each plot is, no clutter, '
    printf 'no zones:\ndense50: %s\n' "$(taskset -c 0 "$build/peer_bfl" "$dense50")"
else
    printf '\npeer: skipped, g++ or liborocos-bfl-dev is not there\n'
fi
cat <<'END'
measured before on a machine like this one, dense50: Stone Soup GNN 814, Stone Soup IMM 98, nearest
neighbour and an EKF in C++ 22,300 plots/s
END

command -v valgrind >/dev/null || {
    printf '\ninstructions per plot: skipped, valgrind is not there\n'
    exit 0
}
printf '\ninstructions of the same steps as in plots/s, counted by callgrind; and what that asks of a\n'
printf 'Cortex-A53, assumed to do 0.8 of them a cycle at 1 GHz, and to need as many as an x86-64:\n'
: >"$build/profile.txt"
for scenario in $counted; do
    out=$build/$scenario.callgrind
    rm -f "$out"
    said=$(valgrind --quiet --tool=callgrind --toggle-collect=run_steps \
        --callgrind-out-file="$out" "$build/tests/bench_plots" --count "$build/$scenario.mcap")
    sed -n 's/^totals: //p' "$out" | awk -v scenario="$scenario" -v said="$said" '{
        split(said, of, " ")
        each = $1 / of[1]
        printf "%-13s %8.0f instructions per plot: %6.0f plots/s at most; load %.2f %% at its %.1f plots/s\n",
            scenario, each, 0.8e9 / each, 100 * each * of[1] / of[2] / 0.8e9, of[1] / of[2]
    }'
    {
        printf '%s: instructions by function, the 12 costliest\n' "$scenario"
        callgrind_annotate --auto=no "$out" | sed -n 's/^ *\([0-9,]* *([ 0-9.]*%)\) *[^ ]*\/\([^ ]*\).*/\1 \2/p' |
            head -n 12
        printf '\n'
    } >>"$build/profile.txt"
done
printf 'costliest functions: %s\n' "$build/profile.txt"
