#!/usr/bin/python3
"""P(inside) of the catalogue beside the reference of ../shared/bench: pip_reference.py PROGRAM BENCH

PROGRAM is test_property_zone_catalogue. Exits with 77 if the reference or scipy is not there, with 1 if a case is
further than 1e-6 from it. The reference takes one ring; here each hole, and the island in it, is added or taken off.
"""
import os, subprocess, sys

program, bench = sys.argv[1:3]
if not os.path.exists(os.path.join(bench, 'pip_prob.py')):
    print('skipped: the reference is not there')
    sys.exit(77)
try:
    import numpy as np
    import scipy.special
except ImportError:
    print('skipped: no scipy')
    sys.exit(77)
sys.dont_write_bytecode = True
sys.path.insert(0, bench)
import pip_prob

worst, cases = (0.0, ''), 0
for line in subprocess.run([program, '--print'], check=True, capture_output=True, text=True).stdout.splitlines():
    name, east, north, correlation, ours, *rings = line.split(';')
    east, north = float(east), float(north)
    shared = float(correlation) * east * north
    covariance = np.array([[east**2, shared], [shared, north**2]])
    theirs = 0.0
    for i, ring in enumerate(rings):
        corners = np.array([[float(x) for x in corner.split()] for corner in ring.split(',')])
        theirs += (-1) ** i * pip_prob.p_inside(corners, np.zeros(2), covariance)
    cases += 1
    worst = max(worst, (abs(float(ours) - theirs), name))
print(f'{cases} cases: at worst {worst[0]:.2g} from the reference ({worst[1]})')
sys.exit(0 if cases > 100 and worst[0] <= 1e-6 else 1)
