#!/bin/bash
# crash.sh SKYWITNESSD SKYWITNESS WORK [CUTS [POOR_DISK]]
# The plug on a real file system, without root: a user-mode Linux records onto ext4 in a file, and
# is killed. Its page cache goes with it, as with the power. Then e2fsck and debugfs take the log
# out, and it must hold the last checkpoint that was offered outside. With POOR_DISK, which lets
# fdatasync do nothing, it must not: the test of the test.
# Skipped with 77 where user-mode-linux or e2fsprogs are not there.
set -eu
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
daemon=$1 tool=$2 work=$3 cuts=${4:-2} poor=${5:-}
for program in linux.uml mke2fs e2fsck debugfs ip; do
    command -v $program >/dev/null || { echo "skipped: no $program"; exit 77; }
done
rm -rf "$work"
mkdir -p "$work/outside"
work=$(cd "$work" && pwd)
truncate -s 256M "$work/disk"
mke2fs -q -F -t ext4 "$work/disk"
"$tool" witness keygen station.example/1 "$work/outside/station.key" >/dev/null
cat >"$work/square.geojson" <<GEOJSON
{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates":
    [[[2.8, 19.8], [3.2, 19.8], [3.2, 20.2], [2.8, 20.2], [2.8, 19.8]]]}}
GEOJSON
"$tool" zones build "$work/square.geojson" --zone square --source test --licence none \
    --edge-rule planar -o "$work/outside/zones.pb" >/dev/null
cat >"$work/outside/c.ini" <<CONFIG
[zones]
file = zones.pb
[log]
directory = /media/disk/log
segment_mib = 8
ring_mib = 128
commit_ms = 20
key = station.key
offer = latest.note
checkpoint_s = 1
[station]
tick_ms = 100
latitude_deg = 20
longitude_deg = 3
altitude_hae_m = 500
[asterix.feed]
listen = 127.0.0.1:29285
CONFIG

# The machine is a session of its own, so that all of it goes at once.
cut_once() {
    rm -f "$work/outside/latest.note"
    SECONDS=0
    HOME=$work setsid linux.uml uml_dir="$work/" mem=192M root=/dev/root rootfstype=hostfs rootflags=/ ro ubd0="$work/disk" \
        con=null con0=null,fd:1 init="$here/init.sh" \
        SKY_OUTSIDE="$work/outside" SKY_DAEMON="$daemon" SKY_POOR="$poor" \
        >"$work/console" 2>&1 &
    machine=$!
    until [ -s "$work/outside/latest.note" ]; do
        sleep 0.1
        if [ $SECONDS -gt 120 ] || ! kill -0 $machine 2>/dev/null; then
            kill -9 -- -$machine 2>/dev/null || true
            tail -n 20 "$work/console" "$work/outside/stderr" >&2 || true
            echo "the machine does not record" >&2
            exit 1
        fi
    done
    sleep "1.$((RANDOM % 100))"
    kill -9 -- -$machine
    wait $machine 2>/dev/null || true
}

lost=0
RANDOM=7
for cut in $(seq "$cuts"); do
    cut_once
    e2fsck -fp "$work/disk" >"$work/fsck" 2>&1 || [ $? -le 1 ]
    rm -rf "$work/log"
    debugfs -R "rdump /log $work" "$work/disk" >/dev/null 2>&1
    code=0
    "$tool" verify --no-replay --key "$work/outside/station.key.pub" \
        --checkpoint "$work/outside/latest.note" "$work/log" >"$work/said" 2>&1 || code=$?
    [ "$code" = 0 ] || [ "$code" = 2 ] || lost=$((lost + 1))
    echo "cut $cut: $code, $(grep -c . "$work/said") lines; $(tail -n 1 "$work/said")"
    [ -z "$poor" ] || break
done
if [ -n "$poor" ]; then
    [ "$lost" -gt 0 ] || { echo "nothing was lost without a sync: this test cannot fail"; exit 1; }
    exit 0
fi
[ "$lost" = 0 ] || { cat "$work/said"; exit 1; }
