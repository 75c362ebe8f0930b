#!/usr/bin/python3
"""Flies the benchmark's scenarios through the tool and prints what an independent scorer says.

accuracy.py --tool build/.../skywitness --bench ../shared/bench --work build/accuracy [SEEDS] [SCENARIO ...]

SEEDS is "1-3" (default), "4" or "1,2,5". Per scenario and seed: generate (kept), import, export (always), score (kept by
content). All seeds of a scenario are pooled, as the baselines are: their figures are of the zone HOME. Events are those
that the station declared; what the P(inside) columns alone would have declared is in the second line of a scenario.
The exit status is 0 whether limits are kept or not; with --strict it is 1 when one is missed.
--fast swaps the scorer's slow inner functions for equivalent ones (assignment by scipy, geometry by arrays).

The table of baselines says how many border episodes the bound finds, how late and how surely, of seeds 1-3; not which
ones, and nothing of other seeds. With --bound the bound itself is run on the same seeds (kept by content), scored by the
same scorer, and compared episode by episode; limits on latency and Brier score are then those of these very seeds.
Episodes of every zone count, and those that are missed are listed either way.

With --smooth the tracks are told once more by all their plots (export --smooth) and scored: their horizontal RMSE is to be
at most 0.65 of the filter's, their ANEES not above its bound.
"""
import argparse, csv, hashlib, importlib.util, inspect, json, multiprocessing, os, pickle, re, subprocess, sys, time
import numpy as np

SCENARIOS = ['male_skirt', 'crossing_pair', 'small_drone', 'uav_real', 'dense50', 'moving_station', 'two_radar_bias',
             'oosm_latency', 'clutter_only']
# What is to be reached: GOSPA rms in m, false track minutes per hour, false entries per hour.
LIMITS = {'male_skirt': (93, 0.5, 0), 'crossing_pair': (155, 2, 0), 'small_drone': (32, 3, 0), 'uav_real': (15, 2, 1),
          'dense50': (780, 45, 0), 'moving_station': (85, 4, 0), 'two_radar_bias': (160, 2, 0),
          'oosm_latency': (74, 0.5, 0), 'clutter_only': (None, 1, 0)}
SMOOTH_SHARE = 0.65
BIAS_RANGE_M, BIAS_AZIMUTH_DEG, BIAS_AFTER_S = 12.0, 0.03, 300.0


def module(path, name):
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def digest(*files):
    total = hashlib.sha256()
    for file in files:
        with open(file, 'rb') as stream:
            total.update(hashlib.sha256(stream.read()).digest())
    return total.hexdigest()


# ------------------------------------------------------------------------------------------------ the scorer, faster
def quicken(score):
    """Replaces what takes the scorer's time. Same results but for the last bits, and for ties in assignments."""
    from scipy.optimize import linear_sum_assignment

    def assign(cost):
        cost = np.asarray(cost, float)
        return [] if 0 in cost.shape else list(zip(*linear_sum_assignment(cost)))

    def rot(lat, lon):
        la, lo = np.radians(lat), np.radians(lon)
        sl, cl, so, co = np.sin(la), np.cos(la), np.sin(lo), np.cos(lo)
        out = np.empty(np.shape(la) + (3, 3))
        out[..., 0, 0], out[..., 0, 1], out[..., 0, 2] = -so, co, 0
        out[..., 1, 0], out[..., 1, 1], out[..., 1, 2] = -sl * co, -sl * so, cl
        out[..., 2, 0], out[..., 2, 1], out[..., 2, 2] = cl * co, cl * so, sl
        return out

    def signed(zone, lat, lon):
        points = np.atleast_2d(zone.xy(lat, lon))
        edge = zone.Q - zone.P
        length2 = np.maximum((edge * edge).sum(1), 1e-12)
        out = np.empty(len(points))
        for i in range(0, len(points), 256):
            x = points[i:i + 256, None, :]
            w = x - zone.P
            share = np.clip((w * edge).sum(2) / length2, 0, 1)
            near = np.hypot(*np.moveaxis(w - share[..., None] * edge, 2, 0)).min(1)
            above = (zone.P[:, 1] > x[..., 1]) != (zone.Q[:, 1] > x[..., 1])
            cut = edge[:, 0] * (x[..., 1] - zone.P[:, 1]) / (edge[:, 1] + 1e-12) + zone.P[:, 0]
            out[i:i + 256] = np.where((above & (x[..., 0] < cut)).sum(1) % 2 == 1, near, -near)
        return out

    kept = {}

    def ok(coverage, t, p):
        if kept.get('of') is not coverage:
            kept.clear()
            kept['of'] = coverage
        if t not in kept:
            kept[t] = []
            for name, (r0, r1, e0, e1) in coverage.S.items():
                pose = coverage.P[name]
                la, lo, h = (np.interp(t, pose[:, 0], pose[:, i]) for i in (1, 2, 3))
                kept[t].append((rot(la, lo), score.ecef(la, lo, h), r0, r1, e0, e1))
        for axes, place, r0, r1, e0, e1 in kept[t]:
            d = axes @ (p - place)
            r = (d @ d) ** 0.5
            el = np.degrees(np.arcsin(d[2] / r)) + np.degrees(r / (8 * 6.371e6))
            if r0 < r < r1 and e0 < el < e1:
                return True
        return False

    score.assign, score.rot, score.Zone.signed, score.Coverage.ok = assign, rot, signed, ok


# --------------------------------------------------------------------------- entries by the P(inside) columns alone
def by_columns(result, zones, high=0.95, low=0.05, slack=3.0):
    """Entries as hysteresis on the columns would declare them, judged as the scorer judges declared ones."""
    truth, match, out = result['_truth'], result['_match'], {}
    for name, zone in zones.items():
        episodes = [list(e[:4]) + [None, 0, np.nan] for e in result['events'][name]['eps']]
        declared = []
        for track_id, track in sorted(result['_tracks'].items()):
            side = None
            for i, p in enumerate(track['pz'].get(name, [])):
                if p >= high and side is not True:
                    declared.append((track['t_out'][i], track_id))
                    side = True
                elif p <= low:
                    side = False
        false = []
        for when, track_id in sorted(declared):
            near = [match[g, track_id] for g in (float(round(when) + d) for d in (0, 1, -1, 2, -2, 3, -3, 4, -4))
                    if (g, track_id) in match]
            if not near:
                false.append((when, track_id, 'no_truth'))
                continue
            hit = [e for e in episodes if e[0] == near[0] and e[1] - slack <= when <= e[2] + slack]
            flown = truth[near[0]]
            place = [np.interp(when, flown['t'], flown['a'][:, i]) for i in (1, 2)]
            if hit:
                if hit[0][4] is None:
                    hit[0][4] = when - hit[0][1]
            elif not zone.signed(*place)[0] > 0:
                false.append((when, track_id, 'outside'))
        out[name] = dict(eps=episodes, false=false)
    return out


# --------------------------------------------------------------------------------------------------------- the work
class Job:
    def __init__(self, options, scenario, seed):
        self.options, self.scenario, self.seed = options, scenario, seed
        self.data = f'{options.work}/data/{scenario}/s{seed}'
        self.run = f'{options.work}/run/{scenario}/s{seed}'


class Result:
    def __init__(self, job, rated, seconds, bias, bound, smoothed):
        self.scenario, self.seed = job.scenario, job.seed
        self.rated, self.seconds, self.bias, self.bound, self.smoothed = rated, seconds, bias, bound, smoothed


def generate(job):
    bench = job.options.bench
    stamp = f'{job.data}/generator'
    made = digest(f'{bench}/scenarios.py', f'{bench}/geo.py')
    if not os.path.exists(stamp) or open(stamp).read() != made:
        module(f'{bench}/scenarios.py', 'scenarios').make(job.scenario, job.seed, f'{job.options.work}/data')
        with open(stamp, 'w') as stream:
            stream.write(made)


def fly(job):
    os.makedirs(job.run, exist_ok=True)
    log, start = f'{job.run}/flight.mcap', time.time()
    tables = [f'--{name}={job.data}/{name}.csv' for name in ('plots', 'pose', 'sensors', 'zones')]
    calls = [['import', *tables, *job.options.import_option, '-o', log]]
    formats = [[f'--format={what}-csv', '-o', f'{job.run}/{what}.csv'] for what in ('tracks', 'events', 'sensors')]
    calls += [['export', *sum(formats, []), *job.options.export_option, log]]
    if job.options.smooth:
        calls += [['export', '--smooth', '--format=tracks-csv', '-o', f'{job.run}/smooth.csv', log]]
    for call in calls:
        done = subprocess.run([job.options.tool, *call], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f'accuracy: {job.scenario} seed {job.seed}: {done.stderr.strip()}')
    if not job.options.keep_logs:
        os.remove(log)
    return time.time() - start


def inputs_of(job, *names):
    return [f'{job.data}/{name}' for name in names]


def kept_or(path, make, suffix=''):
    """The file at a path that says all that went into it; made first where it is not there yet."""
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        make(f'{path}.{os.getpid()}')
        os.replace(f'{path}.{os.getpid()}{suffix}', path)
    return path


def rate(job, tracks, events):
    """What the scorer says of a table of tracks; events declared by its P(inside) columns where there is no table."""
    bench, options = job.options.bench, job.options
    own = hashlib.sha256((inspect.getsource(quicken) + inspect.getsource(by_columns)).encode()).hexdigest()[:16]
    key = digest(f'{bench}/score.py', tracks, *([events] if events else []),
                 *inputs_of(job, 'truth.csv', 'zones.csv', 'zones_true.csv', 'sensors.csv', 'pose.csv', 'meta.json'))

    def make(path):
        score = module(f'{bench}/score.py', 'score')
        if options.fast:
            quicken(score)
        result = score.score_run(job.data, tracks, events)
        result['by_columns'] = by_columns(result, score.load_zones(job.data))
        for name in ('_assoc', '_match', '_tracks', '_truth'):
            del result[name]
        with open(path, 'wb') as stream:
            pickle.dump(result, stream)
    with open(kept_or(f'{options.work}/score/{key}.{own}' + ('.fast' if options.fast else ''), make), 'rb') as stream:
        return pickle.load(stream)


def rate_bound(job):
    """The bound is told which plot is whose, and the biases where there are any. None without targets."""
    bench = job.options.bench
    with open(f'{job.data}/meta.json') as stream:
        meta = json.load(stream)
    if meta['n_truth'] == 0:
        return None
    # As the table was made: without turns for what is small (its scorer's cut-off says so), which suits the bound better.
    told = ['--known-bias'] if any(any(b) for b in meta['biases'].values()) else []
    told += ['--modes', 'cv'] if meta['gospa_c'] < 100 else []
    key = digest(*(f'{bench}/{name}.py' for name in ('run_oracle', 'pip_prob', 'geo')),
                 *inputs_of(job, 'plots.csv', 'plots_key.csv', 'pose.csv', 'zones.csv', 'truth.csv', 'meta.json'))

    def make(path):
        subprocess.run([sys.executable, f'{bench}/run_oracle.py', job.data, path, *told], check=True,
                       stdout=subprocess.DEVNULL, env=dict(os.environ, OPENBLAS_NUM_THREADS='1'))
        for rest in ('.smooth.csv', '.smooth.events.csv', '.causal.events.csv'):
            os.remove(path + rest)
    return rate(job, kept_or(f'{job.options.work}/bound/{key}{"".join(told)}.csv', make, '.causal.csv'), None)


def work(job):
    generate(job)
    seconds = fly(job)
    return Result(job, rate(job, f'{job.run}/tracks.csv', f'{job.run}/events.csv'), seconds, biases(job),
                  rate_bound(job) if job.options.bound else None,
                  rate(job, f'{job.run}/smooth.csv', f'{job.run}/events.csv') if job.options.smooth else None)


# ------------------------------------------------------------------------------------------------------------ biases
def biases(job):
    """Worst error of an estimated bias after five minutes, and its worst ratio to the stated sigma; per sensor."""
    if job.scenario != 'two_radar_bias':
        return {}
    with open(f'{job.data}/meta.json') as stream:
        true = json.load(stream)['biases']
    out = {}
    with open(f'{job.run}/sensors.csv') as stream:
        for row in csv.DictReader(stream):
            if float(row['t']) < BIAS_AFTER_S:
                continue
            azimuth = float(row['bias_az_deg']) - true[row['sensor']][0]
            reach = float(row['bias_r']) - true[row['sensor']][1]
            ratio = max(abs(azimuth) / max(1e-12, float(row['sig_az_deg'])),
                        abs(reach) / max(1e-12, float(row['sig_r'])))
            worst = out.setdefault(row['sensor'], [0.0, 0.0, 0.0])
            out[row['sensor']] = [max(worst[0], abs(azimuth)), max(worst[1], abs(reach)), max(worst[2], ratio)]
    return out


# --------------------------------------------------------------------------------------------------------- baselines
def number(text):
    found = re.match(r'\s*(-?[0-9.]+)', text)
    return float(found.group(1)) if found else None


def baselines(file):
    """Rows of the table: scenario -> set-up -> figures."""
    out = {}
    with open(file) as stream:
        for line in stream:
            cell = [c.strip() for c in line.strip().strip('|').split('|')]
            if len(cell) != 13 or cell[0] not in SCENARIOS:
                continue
            found = re.match(r'(\d+)/(\d+)', cell[8])
            out.setdefault(cell[0], {})[cell[1]] = dict(
                gospa=number(cell[2]), rmse=cell[3], anees=cell[4], cover=cell[5], complete=cell[6],
                false_min=number(cell[7]), detected=int(found.group(1)) if found else 0,
                episodes=int(found.group(2)) if found else 0, false_enter=number(cell[9]), latency=number(cell[10]),
                brier=number(cell[11]))
    return out


def best_and_bound(rows):
    references = {k: v for k, v in rows.items() if k.startswith('SS') and v['gospa'] is not None}
    best = min(references.items(), key=lambda item: item[1]['gospa'], default=(None, None))
    for name in ('known association and bias, filter', 'known association, filter'):
        if name in rows:
            return best, (name, rows[name])
    return best, (None, None)


# ------------------------------------------------------------------------------------------------------------- print
HEAD = ('', 'GOSPA m', 'RMSE/p95', 'ANEES2', 'bounds', 'cover95', 'complete', 'false min/h', 'det/ep', 'false ent/h',
        'latency s', 'Brier', 'exist B', 'switches')
WIDTH = (37, 8, 12, 7, 15, 8, 9, 12, 8, 12, 10, 8, 8, 8)


def row(cells):
    print(' '.join(str('-' if c is None else c).rjust(w) if i else str(c)[:w].ljust(w)
                   for i, (c, w) in enumerate(zip(cells, WIDTH))))


def rounded(value, digits):
    return None if value is None or not np.isfinite(value) else f'{value:.{digits}f}'


def figures(o, zone='zone_HOME'):
    z = o.get(zone, {})
    pair = (rounded(o.get('rmse_h'), 1) or '-') + '/' + (rounded(o.get('p95_h'), 0) or '-')
    bounds = o.get('anees2_bounds')
    return (rounded(o['gospa_rms'], 1), pair, rounded(o.get('anees2'), 2),
            None if bounds is None else f'[{bounds[0]:.3f},{bounds[1]:.3f}]', rounded(o.get('cover2_95'), 3),
            rounded(o['siap_completeness'], 3), rounded(o['false_track_min_per_h'], 1),
            f"{z.get('detected', 0)}/{z.get('episodes', 0)}", rounded(z.get('false_enter_per_h'), 1),
            rounded(z.get('lat_median'), 2), rounded(z.get('brier'), 4), rounded(o.get('exist_brier'), 4),
            o.get('id_switches'))


def reference(name, r):
    if r is None:
        return
    row((f'  {name}', r['gospa'], r['rmse'], *(r['anees'].split(' ', 1) + [''])[:2], r['cover'], r['complete'],
         r['false_min'], f"{r['detected']}/{r['episodes']}", r['false_enter'], r['latency'], r['brier'], None, None))


def episodes(results):
    """(seed, zone, ours, the bound's or None): [truth id, entry, exit, depth, latency or None, ...] of every episode."""
    for r in results:
        for zone, found in r.rated['events'].items():
            theirs = r.bound['events'][zone]['eps'] if r.bound else [None] * len(found['eps'])
            for ours, bound in zip(found['eps'], theirs, strict=True):
                assert bound is None or bound[:4] == ours[:4], 'both are scored against the same truth'
                yield r.seed, zone, ours, bound


def tell_missed(results):
    for seed, zone, ours, bound in episodes(results):
        if ours[4] is None:
            knows = '' if bound is None else \
                '; nor does the bound find it' if bound[4] is None else f'; the bound finds it after {bound[4]:.1f} s'
            print(f'  missed seed {seed}, {zone}: {ours[0]} entered at {ours[1]:.1f} s for {ours[2] - ours[1]:.1f} s, '
                  f'{ours[3]:.0f} m deep{knows}')


def as_baseline(exact):
    """Figures of a run of the bound, as a row of the table of baselines has them."""
    z = exact.get('zone_HOME', {})
    return dict(latency=z.get('lat_median'), brier=z.get('brier'))


def check_episodes(z, bound, results):
    if all(r.bound for r in results):
        both = [(ours, theirs) for _, _, ours, theirs in episodes(results) if theirs[4] is not None]
        found = sum(ours[4] is not None for ours, _ in both)
        return 'episodes that the bound finds', f'{found} of {len(both)}', 'all of them', found == len(both)
    missed = z.get('episodes', 0) - z.get('detected', 0)
    allowed = bound['episodes'] - bound['detected']
    share = z.get('episodes', 0) / max(1, bound['episodes'])
    return ('episodes', f"{z.get('detected', 0)} of {z.get('episodes', 0)}",
            f"{bound['detected']} of {bound['episodes']}", missed <= allowed * max(1.0, share))


def checks(scenario, o, bound, results, smoothed=None):
    """(what, figure, limit, kept; None: neither) of everything that is to be reached. o is not rounded; limits that
    follow from a baseline are as exact as that table prints it, those of a run of the bound are exact."""
    gospa, false_min, false_enter = LIMITS[scenario]
    z = o.get('zone_HOME', {})
    out = []

    def most(what, value, limit, digits):
        if limit is None:
            return
        if value is None or not np.isfinite(value):
            out.append((what, 'no figure', f'at most {limit:.{digits}f}', False))
        else:
            out.append((what, f'{value:.{digits}f}', f'at most {limit:.{digits}f}', value <= limit))
    most('GOSPA', o['gospa_rms'], gospa, 2)
    most('false track min/h', o['false_track_min_per_h'], false_min, 2)
    most('false entries/h', z.get('false_enter_per_h'), false_enter, 2)
    if bound is not None:
        out.append(check_episodes(z, bound, results))
        most('median latency', z.get('lat_median'), None if bound['latency'] is None else bound['latency'] + 0.5, 4)
        most('Brier', z.get('brier'), None if bound['brier'] is None else bound['brier'] * 1.1, 6)
        low, high = o.get('anees2_bounds', (0.0, 1.0))
        cover = o.get('cover2_95', float('nan'))
        most('ANEES2', o.get('anees2'), high, 3)
        if o.get('anees2', low) < low:
            out.append(('ANEES2', f"{o['anees2']:.3f}", f'below {low:.3f}: keeps the limit only with a reason', None))
        out.append(('cover95', f'{cover:.3f}', '0.920 to 0.985', 0.92 <= cover <= 0.985))
    bias = worst_of(r.bias for r in results)
    if scenario == 'two_radar_bias' and not bias:
        out.append(('biases', 'none after five minutes', 'one for each radar', False))
    if smoothed is not None and smoothed.get('rmse_h'):
        most('smoothed RMSE, of the filter\'s', smoothed['rmse_h'] / o['rmse_h'], SMOOTH_SHARE, 3)
        most('smoothed ANEES2', smoothed.get('anees2'), smoothed['anees2_bounds'][1], 3)
    for sensor, (azimuth, reach, ratio) in sorted(bias.items()):
        most(f'azimuth bias of {sensor}, deg', azimuth, BIAS_AZIMUTH_DEG, 4)
        most(f'range bias of {sensor}, m', reach, BIAS_RANGE_M, 1)
        most(f'biases of {sensor}, own sigmas', ratio, 2.0, 2)
    return out


def worst_of(found):
    out = {}
    for one in found:
        for sensor, values in one.items():
            out[sensor] = [max(a, b) for a, b in zip(out.get(sensor, [0.0] * 3), values)]
    return out


def tell(scenario, results, score, rows):
    found = [r.rated for r in results]
    exact = score.summarise(found)
    o = score.clean(exact)
    declared = [dict(r, events=r['by_columns']) for r in found]
    columns = score.clean(score.summarise(declared))
    (best_name, best), (bound_name, bound) = best_and_bound(rows.get(scenario, {}))
    row((scenario, *figures(o)))
    z, disputed = columns.get('zone_HOME', {}), o.get('zone_DISPUTED', {})
    row(('  by P(inside) columns', *[''] * 7, f"{z.get('detected', 0)}/{z.get('episodes', 0)}",
         rounded(z.get('false_enter_per_h'), 1), rounded(z.get('lat_median'), 2), '', '', ''))
    row(('  zone DISPUTED', *[''] * 7, f"{disputed.get('detected', 0)}/{disputed.get('episodes', 0)}",
         rounded(disputed.get('false_enter_per_h'), 1), rounded(disputed.get('lat_median'), 2),
         rounded(disputed.get('brier'), 4), '', ''))
    reference(best_name, best)
    reference(bound_name, bound)
    if results[0].bound:
        bound_exact = score.summarise([r.bound for r in results])
        bound_now = score.clean(bound_exact)
        row(('  the bound on these seeds', *figures(bound_now)))
        z = bound_now.get('zone_DISPUTED', {})
        row(('    zone DISPUTED', *[''] * 7, f"{z.get('detected', 0)}/{z.get('episodes', 0)}",
             rounded(z.get('false_enter_per_h'), 1), rounded(z.get('lat_median'), 2), rounded(z.get('brier'), 4), '', ''))
        o['bound'], bound = bound_now, as_baseline(bound_exact)
    smoothed = score.summarise([r.smoothed for r in results]) if results[0].smoothed else None
    if smoothed is not None:
        row(('  smoothed', *figures(score.clean(smoothed))))
        o['smoothed'] = score.clean(smoothed)
    judged = checks(scenario, exact, bound, results, smoothed)
    tell_missed(results)
    for what, value, limit, kept in judged:
        if not kept:
            print(f"  {'note  ' if kept is None else 'MISSED'} {what}: {value}, {limit}")
    seconds = sum(r.seconds for r in results)
    plots = sum(r.rated['meta']['n_plots'] for r in results)
    limits = [kept for *_, kept in judged if kept is not None]
    print(f'  {sum(limits)} of {len(limits)} kept; {plots} plots imported and exported in {seconds:.1f} s\n')
    return o, judged


def parse_seeds(text):
    found = []
    for part in text.split(','):
        low, _, high = part.partition('-')
        found += list(range(int(low), int(high or low) + 1))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('what', nargs='*', help='seeds (1-3), then scenarios')
    parser.add_argument('--tool', required=True)
    parser.add_argument('--bench', required=True)
    parser.add_argument('--work', required=True)
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--fast', action='store_true')
    parser.add_argument('--bound', action='store_true', help='run the bound too and compare episode by episode')
    parser.add_argument('--smooth', action='store_true', help='score the tracks by all their plots too')
    parser.add_argument('--strict', action='store_true', help='exit with 1 when a limit is missed')
    parser.add_argument('--json', help='write every figure here')
    parser.add_argument('--keep-logs', action='store_true')
    parser.add_argument('--import-option', action='append', default=[], help='passed on to skywitness import')
    parser.add_argument('--export-option', action='append', default=[], help='passed on to skywitness export')
    options = parser.parse_args()
    options.tool, options.bench, options.work = (os.path.abspath(p) for p in (options.tool, options.bench, options.work))
    seeds = [w for w in options.what if re.fullmatch(r'[0-9,-]+', w)]
    names = [w for w in options.what if w not in seeds] or SCENARIOS
    seeds = parse_seeds(seeds[0]) if seeds else [1, 2, 3]
    unknown = [n for n in names if n not in SCENARIOS]
    if unknown:
        raise SystemExit(f"accuracy: {unknown[0]}: unknown; expected one of {', '.join(SCENARIOS)}")
    jobs = [Job(options, n, s) for n in names for s in seeds]
    # The long ones first, so that no process idles at the end.
    order = sorted(jobs, key=lambda j: j.scenario != 'dense50')
    score = module(f'{options.bench}/score.py', 'score')
    rows = baselines(f'{options.bench}/BASELINES.md')
    with multiprocessing.Pool(options.jobs) as pool:
        done = pool.map(work, order, chunksize=1)
    print(f"seeds {', '.join(map(str, seeds))}, pooled; figures of zone HOME; events as the station declared them\n")
    if seeds != [1, 2, 3]:
        print('the baselines ' + ('are of seeds 1, 2, 3; limits follow from the bound on the seeds above\n' if options.bound
              else 'and the limits that follow from them are of seeds 1, 2, 3: a rough guide here (see --bound)\n'))
    row(HEAD)
    missed, total, out = 0, 0, {}
    for name in names:
        o, judged = tell(name, sorted((d for d in done if d.scenario == name), key=lambda d: d.seed), score, rows)
        out[name] = o
        total += sum(kept is not None for *_, kept in judged)
        missed += sum(kept is not None and not kept for *_, kept in judged)
    print(f'{total - missed} of {total} limits kept')
    if options.json:
        with open(options.json, 'w') as stream:
            json.dump(out, stream, indent=1)
    return 1 if options.strict and missed else 0


if __name__ == '__main__':
    sys.exit(main())
