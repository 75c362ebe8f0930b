#!/usr/bin/python3
"""The tool's figures against those of the scorer in ../shared/bench: test_score.py TOOL BENCH

A scene is made here: flights that cross a zone, tracks that are late, false, doubled and swapped. Both score the same
tables; every figure that both have must agree to 1e-6."""
import csv, importlib.util, json, math, os, random, subprocess, sys, tempfile, unittest

NAMES = [f'c{i}{j}' for i in range(6) for j in range(i, 6)]


def write(path, head, rows):
    with open(path, 'w') as stream:
        out = csv.writer(stream, lineterminator='\n')
        out.writerow(head)
        out.writerows(rows)


def scene(folder, seed, cutoff=500.0):
    """Three flights for two minutes, and what a tracker might have made of them."""
    draw = random.Random(seed)
    ring = [(45.0, 25.0), (45.0, 25.06), (45.04, 25.07), (45.05, 25.02)]
    write(f'{folder}/zones.csv', ['zone', 'i', 'lat', 'lon', 'sigma_m'],
          [['HOME', i, lat, lon, 25] for i, (lat, lon) in enumerate(ring)])
    write(f'{folder}/zones_true.csv', ['zone', 'i', 'lat', 'lon', 'sigma_m'],
          [['HOME', i, lat + 2e-4, lon - 1e-4, 25] for i, (lat, lon) in enumerate(ring)])
    write(f'{folder}/sensors.csv', ['sensor', 'rmin', 'rmax', 'elmin', 'elmax'], [['A', 500, 30000, 0.2, 60]])
    write(f'{folder}/pose.csv', ['t', 'sensor', 'lat', 'lon', 'alt'],
          [[t, 'A', 44.9 + 1e-5 * t, 25.0, 300] for t in (-10, 0, 60, 130)])
    with open(f'{folder}/meta.json', 'w') as stream:
        json.dump(dict(t0=0, t1=120, gospa_c=cutoff), stream)
    truth, tracks, events = [], [], []
    for k in range(3):
        lat0, lon0 = 44.97 + 0.02 * k, 24.98
        speed = 80 + 10 * k
        for t in range(0, 121 - 10 * k):
            truth.append([t, f'x{k}', 'uav', lat0 + 1e-4 * t * k, lon0 + 1e-3 * t, 2000 + (60000 if k == 2 and t > 80 else 0),
                          speed, 11.0 * k, 0.0])
            if t < 4 or draw.random() < 0.05:
                continue
            off = [draw.gauss(0, 40) for _ in range(3)]
            name = f'{k + 1}' if not (k == 0 and t > 60) else '9'
            cov = [0.0] * 21
            for i, n in enumerate(NAMES):
                cov[i] = (1600.0 if n[1] < '3' else 25.0) if n[1] == n[2] else (8.0 if n == 'c01' else 0.0)
            row = [t + draw.choice([0, -0.4]), name, lat0 + 1e-4 * t * k + off[0] / 111000,
                   lon0 + 1e-3 * t + off[1] / 78800, 2000 + off[2],
                   speed + draw.gauss(0, 4), 11.0 * k + draw.gauss(0, 4), draw.gauss(0, 3)]
            p = 0.0 if k == 2 else min(1.0, max(0.0, draw.gauss(0.9 if 20 < t < 80 else 0.1, 0.2)))
            tracks.append(row + cov + [t + 2.5, draw.random(), p])
            if draw.random() < 0.1:
                tracks.append([row[0], f'{k + 20}', row[2] + 1e-3, *row[3:], *cov, t + 2.5, 0.5, p])
        events.append([20 + 7 * k + draw.random(), 'HOME', 'enter', f'{k + 1}', 21 + k, 0.99])
    events.append([50, 'HOME', 'enter', 'nobody', '', 0.99])
    events.append([50, 'ELSEWHERE', 'enter', '1', '', 0.99])
    tracks.sort(key=lambda row: row[0])
    write(f'{folder}/truth.csv', ['t', 'id', 'cls', 'lat', 'lon', 'alt', 've', 'vn', 'vu'], truth)
    write(f'{folder}/tracks.csv', ['t', 'track_id', 'lat', 'lon', 'alt', 've', 'vn', 'vu', *NAMES, 't_out', 'p_exist',
                                   'p_HOME'], tracks)
    write(f'{folder}/events.csv', ['t_decl', 'zone', 'kind', 'track_id', 't_event', 'p'], events)


def differences(ours, theirs, path=''):
    if isinstance(ours, dict):
        return [d for k in ours if k in theirs for d in differences(ours[k], theirs[k], f'{path}.{k}')]
    if isinstance(ours, list):
        if len(ours) != len(theirs):
            return [f'{path}: {ours}, {theirs}']
        return [d for i, (a, b) in enumerate(zip(ours, theirs)) for d in differences(a, b, f'{path}[{i}]')]
    if ours is None or theirs is None:
        return [] if ours is None and (theirs is None or math.isnan(theirs)) else [f'{path}: {ours}, {theirs}']
    # the other one prints these with three decimals only
    room = 6e-4 if 'reliability' in path or '_bounds' in path else 1e-6 * max(1.0, abs(theirs))
    return [] if abs(ours - theirs) <= room else [f'{path}: {ours}, {theirs}']


def both(folder, events):
    told = ['--events', f'{folder}/events.csv'] if events else []
    run = subprocess.run([TOOL, 'score', '--json', '--tracks', f'{folder}/tracks.csv', *told, folder],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    spec = importlib.util.spec_from_file_location('score', f'{BENCH}/score.py')
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    result = score.score_run(folder, f'{folder}/tracks.csv', f'{folder}/events.csv' if events else None)
    return json.loads(run.stdout), score.summarise([result])


class Agreement(unittest.TestCase):
    def check(self, seed, cutoff, events):
        with tempfile.TemporaryDirectory() as folder:
            scene(folder, seed, cutoff)
            ours, theirs = both(folder, events)
            self.assertGreater(ours['anees2_blocks'], 5)
            self.assertGreater(ours['zone_HOME']['episodes'], 0)
            self.assertEqual(differences(ours, theirs), [])
            missing = {k for k in theirs if k not in ours} - {'idf1', 'siap_longest'}
            self.assertEqual({k for k in missing if not k.startswith('cls_')}, set())
            self.assertEqual(set(theirs['zone_HOME']) - set(ours['zone_HOME']), set())

    def test_every_figure_with_declared_entries(self):
        self.check(1, 500.0, True)

    def test_every_figure_with_a_small_cut_off_and_entries_by_probability(self):
        self.check(3, 60.0, False)


if __name__ == '__main__':
    TOOL, BENCH = (os.path.abspath(p) for p in sys.argv[1:3])
    del sys.argv[1:3]
    unittest.main(warnings='ignore')
