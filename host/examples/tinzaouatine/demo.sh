#!/bin/sh
# demo.sh BUILD RUN: the whole station on loopback, for the short flight; then what it recorded.
#
# Real gpsd and real skywitnessd; the receiver, the Modbus head and the ASTERIX radar are played by
# `skywitness simulate --live`. Everything it makes lies in RUN.
set -eu
build=$1
run=$2
here=$(dirname "$0")
pids=

say() { printf '\n== %s\n' "$*"; }

stop() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
    done
}
trap stop EXIT
trap 'exit 130' INT TERM

rm -rf "$run"
mkdir -p "$run/log"
chmod 755 "$run"

say "the zone under each claimed line"
"$build/skywitness" zones build "$here/zones/natural-earth.geojson" "$here/zones/wdb2.geojson" \
    -o "$run/tinzaouatine.zones" >/dev/null
"$build/skywitness" zones info "$run/tinzaouatine.zones"

# The daemon finds its zone set and its log beside its configuration.
cp "$here/skywitnessd.ini" "$run/skywitnessd.ini"
"$build/skywitnessd" --config "$run/skywitnessd.ini" --check-config

say "starting gpsd, skywitnessd and the simulated receiver, head and radar"
"$build/skywitness" simulate "$here/short.json" --live --truth "$run/truth.csv" &
flight=$!
pids="$flight"
sleep 1 # gpsd gives a device up for good that does not answer at once
gpsd -N -n -S 29301 -F "$run/gpsd.sock" tcp://127.0.0.1:29300 2>"$run/gpsd.log" &
pids="$pids $!"
"$build/skywitnessd" --config "$run/skywitnessd.ini" 2>"$run/skywitnessd.log" &
daemon=$!
pids="$pids $daemon"

wait "$flight"
sleep 1
kill -TERM "$daemon"
wait "$daemon"
stop
pids=

say "what the daemon says of itself"
tail -n 4 "$run/skywitnessd.log"

say "what is in the log"
"$build/skywitness" info "$run/log"

say "what happened, under each line"
"$build/skywitness" classify "$run/log"

say "the same inputs through the same code"
"$build/skywitness" replay "$run/log" --check

say "all of it on one page"
"$build/skywitness" report "$run/log" --out "$run/report.html"
echo "$run/report.html opens in any browser, and prints"

say "the log lies in $run/log (MCAP; any MCAP reader opens it)"
