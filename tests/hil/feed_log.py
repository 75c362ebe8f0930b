"""Feeds a receiver's log to a gpsd of its own, by gpsfake's machinery, once a client is there.

usage: feed_log.py PORT LOG; the feed begins when a line comes on standard input. gpsfake itself
begins at once, and what gpsd says before its client asked is gone.
"""
import sys
import time

import gps.fake

session = gps.fake.TestSession(port=int(sys.argv[1]), tcp=True, timeout=60)
session.spawn()
try:
    session.gps_add(sys.argv[2], oneshot=True,
                    pred=lambda index, device: index < len(device.testload.sentences))
    print("listening", flush=True)
    sys.stdin.readline()
    time.sleep(1.4)  # gpsd probes a receiver first, which gpsfake waits for as well
    session.run()
finally:
    session.cleanup()
