#!/bin/sh
# asterix.sh BUILD: ASTERIX records and targets of a register table per second. Left in BUILD: the
# capture that tshark reads.
set -eu
build=$1
printf '\nASTERIX records decoded, one thread, median of 7 rounds (goal: 3 M/s of full plots)\n'
taskset -c 0 "$build/tests/bench_asterix" "$build/asterix.pcap"

printf '\ntargets of a Modbus head decoded, CRC included, one thread, median of 7 rounds (goal: 10 M/s)\n'
taskset -c 0 "$build/tests/bench_regs"
