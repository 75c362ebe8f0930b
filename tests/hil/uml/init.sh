#!/bin/bash
# The first process of the small machine: a station that records onto the disk that will be cut.
mount -t proc none /proc
mount -t hostfs -o "$SKY_OUTSIDE" none /mnt
mount -t tmpfs none /media
mkdir /media/disk
mount -t ext4 /dev/ubda /media/disk || { echo "sky: no disk"; exec sleep 1000; }
ip link set lo up
cd /mnt || exit
[ -z "$SKY_POOR" ] || export LD_PRELOAD="$SKY_POOR" SKY_NO_SYNC=1
"$SKY_DAEMON" --config /mnt/c.ini 2>/mnt/stderr &
unset LD_PRELOAD
echo "sky: recording"
while :; do
    echo nonsense >/dev/udp/127.0.0.1/29285
done 2>/dev/null
