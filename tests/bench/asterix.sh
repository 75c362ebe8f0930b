#!/bin/sh
# asterix.sh BUILD: ASTERIX records per second. Left in BUILD: the capture that tshark reads.
set -eu
build=$1
printf '\nASTERIX records decoded, one thread, median of 7 rounds (goal: 3 M/s of full plots)\n'
taskset -c 0 "$build/tests/bench_asterix" "$build/asterix.pcap"
