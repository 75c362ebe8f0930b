#include "sky_clutter.h"

#include <string.h>

#include "sky_math.h"

enum { OTHER = 0, GROUND = 1 };
enum { BY_ELEVATION = 0, BY_SPEED = 1 };
enum { ONE_PLOT = 256 }; /* in the units of a cell; more than 255 plots count as 255 */

/* How much of the old is kept per scan: e^(-1/15). */
static const double kept_per_scan = 0.93550698503161778;

/* Scans that the configuration is worth for the rate of a kind, and plots it is worth at least. */
static const double prior_scans = 3.0;
static const double prior_plots = 2.0;

/* Part of the false plots that comes from the ground on top of what it gets of an even spread. */
static const double prior_ground_part = 0.3;

/* Scans until it is known where on the ground false plots come from. */
static const double settled_scans = 10.0;

/* A radar that shows nothing though it should show so many false plots is off. */
static const double silence_plots = 7.0;

/*
 * How a map is read. Chosen by how well they predict the next false plots of recorded and simulated
 * radars, hot spots, weather and wind farms among them.
 */
struct map {
    uint32_t azimuths;
    uint32_t ranges;
    uint32_t centre;    /* weight of a cell beside each of its neighbours, in either direction */
    double doubt_plots; /* so many plots in a cell may be chance and count half */
    double mean_scans;  /* what the mean of the map is worth */
    double start_scans; /* what the first scan's plots are divided by, one scan early */
};

static const struct map map_of[2] = {
    [OTHER] = {SKY_CLUTTER_OTHER_AZIMUTHS, SKY_CLUTTER_OTHER_RANGES, 2, 3.0, 100.0, 3.0},
    [GROUND] = {SKY_CLUTTER_GROUND_AZIMUTHS, SKY_CLUTTER_GROUND_RANGES, 6, 0.15, 1.0, 1.0},
};

/* Plots that an even profile is worth, per bin. */
static const double prior_per_bin = 2.0;

/* Bounds of the kinds: false plots hardly pass the first elevation, those of the ground the next.
 */
static const double top_rad = 30.0 * SKY_PI / 180.0;
static const double low_rad = 3.0 * SKY_PI / 180.0;
static const double span_min_rad = 10.0 * SKY_PI / 180.0;
static const double slow_mps = 7.5;
static const double notches_slow = 3.0;
static const double heights_m = 15e3;

static const double prior_looks = 20.0;
static const double looks_remembered = 200.0;
static const double detection_min = 0.05;
static const double detection_max = 0.995;

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }

void sky_clutter_init(struct sky_clutter *clutter)
{
    memset(clutter, 0, sizeof *clutter);
    clutter->prior = 1.0;
}

/* Where false plots lie besides range and azimuth: a box, the ground's corner of it, and in it. */
struct box {
    double all;      /* product of the spans; 1 if there are none */
    double corner;   /* of those of the ground; 0 if there are none */
    bool in_corner;  /* the measurement is of the ground */
    uint32_t bin[2]; /* then: 1 + its bin of each profile, 0 where it does not say */
};

/* One more span: how deep in it the measurement lies, up to `low` of which is the ground's. */
static void narrow(struct box *box, uint32_t profile, double all, double low, double corner,
                   double depth)
{
    const double bins = depth / low * SKY_CLUTTER_BINS;
    box->all *= all;
    box->corner *= corner;
    box->in_corner = box->in_corner && depth <= low;
    box->bin[profile] = 1 + (uint32_t)smaller(larger(bins, 0.0), SKY_CLUTTER_BINS - 1);
}

static struct box box_of(const struct sky_sensor_config *radar, const struct sky_measurement *m)
{
    const bool tells = m->has_elevation || m->has_radial_speed;
    struct box box = {.all = 1.0, .corner = tells ? 1.0 : 0.0, .in_corner = tells};
    if (m->has_elevation) {
        const double bottom_rad = radar->elevation_min_rad;
        const double roof_rad = larger(top_rad, bottom_rad + span_min_rad);
        const double all_rad = smaller(radar->elevation_max_rad, roof_rad) - bottom_rad;
        const double corner_rad = smaller(larger(low_rad, low_rad - bottom_rad), 0.5 * all_rad);
        narrow(&box, BY_ELEVATION, all_rad, corner_rad, corner_rad, m->elevation_rad - bottom_rad);
    }
    if (m->has_radial_speed) {
        const double max_mps = radar->radial_max_mps;
        const double limit_mps =
            smaller(larger(notches_slow * radar->notch_mps, slow_mps), 0.5 * max_mps);
        narrow(&box, BY_SPEED, 2.0 * max_mps, limit_mps, 2.0 * limit_mps,
               sky_abs(m->radial_speed_mps));
    }
    return box;
}

/* Index of a cell by parts of the whole circle and of the range. */
static uint32_t azimuth_of(const struct map *map, double azimuth_rad)
{
    const double turns = smaller(larger(azimuth_rad * (0.5 / SKY_PI), -1e6), 1e6);
    const double part = 1.0 + turns - (double)(int32_t)turns; /* 0 .. 2 */
    return (uint32_t)(part * (double)map->azimuths) % map->azimuths;
}

static uint32_t range_of(const struct map *map, const struct sky_sensor_config *radar,
                         double range_m)
{
    const double part = (range_m - radar->range_min_m) / (radar->range_max_m - radar->range_min_m);
    const double ranges = (double)map->ranges;
    return (uint32_t)smaller(larger(part * ranges, 0.0), ranges - 1.0);
}

/* kind, bins and place, from the high bits to the low ones */
uint32_t sky_clutter_cell(const struct sky_sensor_config *radar,
                          const struct sky_measurement *measurement)
{
    const struct box box = box_of(radar, measurement);
    const uint32_t kind = box.in_corner ? GROUND : OTHER;
    const struct map *const map = &map_of[kind];
    return kind << 24 | box.bin[BY_SPEED] << 20 | box.bin[BY_ELEVATION] << 16 |
           (range_of(map, radar, measurement->slant_range_m) * map->azimuths +
            azimuth_of(map, measurement->azimuth_rad));
}

static void count_up(uint16_t *cell)
{
    *cell = (uint16_t)(*cell + (*cell < UINT16_MAX - ONE_PLOT ? ONE_PLOT : 0));
}

void sky_clutter_add(struct sky_clutter *clutter, uint32_t cell)
{
    const uint32_t kind = cell >> 24, place = cell & 0xffffU;
    const uint32_t bin[2] = {cell >> 16 & 0xfU, cell >> 20 & 0xfU};

    if (cell == SKY_CLUTTER_NO_CELL) {
        return;
    }
    clutter->added++;
    clutter->total[kind] += 1.0;
    if (kind == OTHER) {
        count_up(&clutter->other[place]);
        return;
    }
    count_up(&clutter->ground[place]);
    for (uint32_t i = 0; i < 2; i++) {
        if (bin[i] > 0) {
            clutter->profile[i][bin[i] - 1] += 1.0;
            clutter->profiled[i] += 1.0;
        }
    }
}

bool sky_clutter_is_settled(const struct sky_clutter *clutter, uint32_t cell)
{
    return cell >> 24 == OTHER || clutter->scans >= settled_scans;
}

enum { BLOCK = 64 }; /* cells that fade together; divides both maps */

/* Nothing was ever seen in most of the ground, and nothing fades to nothing. */
static bool is_blank(const uint16_t cell[BLOCK])
{
    uint64_t four[BLOCK / 4], any = 0;
    memcpy(four, cell, sizeof four);
    for (uint32_t i = 0; i < BLOCK / 4; i++) {
        any |= four[i];
    }
    return any == 0;
}

/*
 * Rounds down, so that nothing stays for ever. The factor is of 32 bits on purpose: gcc 12 for
 * 32-bit ARM sets the high half of a product of two 16-bit numbers wrongly (./dev cross shows it).
 */
static void fade_cells(uint16_t *cell, uint32_t cells, uint32_t kept_of_65536)
{
    for (uint32_t first = 0; first < cells; first += BLOCK) {
        uint16_t *const block = cell + first;
        if (is_blank(block)) {
            continue;
        }
        for (uint32_t i = 0; i < BLOCK; i++) {
            block[i] = (uint16_t)((uint32_t)block[i] * kept_of_65536 >> 16);
        }
    }
}

static void fade(struct sky_clutter *clutter, double kept)
{
    const uint32_t kept_of_65536 = (uint32_t)(kept * 65536.0);

    clutter->prior *= kept;
    for (uint32_t i = 0; i < 2; i++) {
        clutter->total[i] *= kept;
        clutter->profiled[i] *= kept;
        for (uint32_t j = 0; j < SKY_CLUTTER_BINS; j++) {
            clutter->profile[i][j] *= kept;
        }
    }
    fade_cells(clutter->other, SKY_CLUTTER_OTHER_RANGES * SKY_CLUTTER_OTHER_AZIMUTHS,
               kept_of_65536);
    fade_cells(clutter->ground, SKY_CLUTTER_GROUND_RANGES * SKY_CLUTTER_GROUND_AZIMUTHS,
               kept_of_65536);
}

/*
 * False plots per scan of one kind, by the configuration and what came since. Where few plots come
 * at all, none in the memory says little: the configuration keeps the worth of two.
 */
static double rate(const struct sky_clutter *clutter, uint32_t kind, double configured)
{
    const double scans = clutter->scans + 1.0;
    const double least_scans = prior_plots * scans / (configured * scans + clutter->total[kind]);
    const double worth_scans = larger(prior_scans * clutter->prior, least_scans);
    return (clutter->total[kind] + worth_scans * configured) / (clutter->scans + worth_scans);
}

double sky_clutter_per_scan(const struct sky_clutter *clutter,
                            const struct sky_sensor_config *radar)
{
    return rate(clutter, OTHER, (1.0 - prior_ground_part) * radar->false_plots_per_scan) +
           rate(clutter, GROUND, prior_ground_part * radar->false_plots_per_scan);
}

void sky_clutter_age(struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                     int64_t time_ns)
{
    if (!clutter->started) {
        clutter->started = true;
        clutter->scan_started_ns = time_ns;
    }
    const int64_t gone_ns = time_ns - clutter->scan_started_ns;
    if (gone_ns < radar->scan_ns) {
        return;
    }
    const int64_t scans = gone_ns / radar->scan_ns;
    clutter->scan_started_ns += scans * radar->scan_ns;
    if (clutter->added == 0 &&
        sky_clutter_per_scan(clutter, radar) * (double)scans >= silence_plots) {
        return;
    }
    clutter->added = 0;

    double kept = 1.0;
    for (int64_t i = 0; i < scans && kept > 1e-9; i++) {
        kept *= kept_per_scan;
        clutter->scans = (clutter->scans + 1.0) * kept_per_scan;
    }
    fade(clutter, kept);
}

/* Plots at a cell, weighed with its neighbours: a hot spot may lie on a border. */
static double smoothed(const struct map *map, const uint16_t *cell, uint32_t range,
                       uint32_t azimuth)
{
    const uint32_t left = (azimuth + map->azimuths - 1) % map->azimuths;
    const uint32_t right = (azimuth + 1) % map->azimuths;
    const uint32_t nearer = range > 0 ? range - 1 : range;
    const uint32_t farther = range < map->ranges - 1 ? range + 1 : range;
    const uint16_t *const row[3] = {cell + nearer * map->azimuths, cell + range * map->azimuths,
                                    cell + farther * map->azimuths};
    uint32_t sum[3];
    for (int i = 0; i < 3; i++) {
        sum[i] = row[i][left] + map->centre * row[i][azimuth] + row[i][right];
    }
    const uint32_t weight = (map->centre + 2) * (map->centre + 2) * ONE_PLOT;
    return (double)(sum[0] + map->centre * sum[1] + sum[2]) / (double)weight;
}

/*
 * False plots per scan that the whole map would have were it all like the cell of a measurement:
 * the mean of the map, losing its worth as scans go by, and what the cell shows beyond chance.
 */
static double rate_at(const struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                      const struct sky_measurement *m, uint32_t kind, double configured)
{
    const struct map *const map = &map_of[kind];
    const double plots =
        smoothed(map, kind == GROUND ? clutter->ground : clutter->other,
                 range_of(map, radar, m->slant_range_m), azimuth_of(map, m->azimuth_rad));
    const double cells = (double)(map->azimuths * map->ranges);
    const double mean = rate(clutter, kind, configured) * map->mean_scans;
    return mean / (clutter->scans + map->mean_scans) +
           cells * plots * plots /
               ((plots + map->doubt_plots) * (clutter->scans + map->start_scans));
}

/* How many times the mean over the bins a bin has; 1 if the measurement does not say. */
static double profile_at(const struct sky_clutter *clutter, uint32_t profile, uint32_t bin)
{
    if (bin == 0) {
        return 1.0;
    }
    return (clutter->profile[profile][bin - 1] + prior_per_bin) * SKY_CLUTTER_BINS /
           (clutter->profiled[profile] + prior_per_bin * SKY_CLUTTER_BINS);
}

static double rate_of_ground(const struct sky_clutter *clutter,
                             const struct sky_sensor_config *radar, const struct sky_measurement *m,
                             const struct box *box)
{
    const double even = (1.0 - prior_ground_part) * box->corner / box->all;
    const double configured = radar->false_plots_per_scan * (prior_ground_part + even);
    return rate_at(clutter, radar, m, GROUND, configured) *
           profile_at(clutter, BY_ELEVATION, box->bin[BY_ELEVATION]) *
           profile_at(clutter, BY_SPEED, box->bin[BY_SPEED]);
}

static double rate_of_other(const struct sky_clutter *clutter,
                            const struct sky_sensor_config *radar, const struct sky_measurement *m,
                            const struct box *box)
{
    const double ground = box->corner > 0.0 ? prior_ground_part : 0.0;
    const double even = (1.0 - ground) * (1.0 - box->corner / box->all);
    return rate_at(clutter, radar, m, OTHER, radar->false_plots_per_scan * even);
}

static double height_span_m(const struct sky_measurement *m)
{
    /* a height that is only a prior is as likely of a false plot as of a track that has it too */
    static const double two_sqrt_pi = 3.5449077018110318;
    return m->has_height ? larger(heights_m, two_sqrt_pi * m->sigma_height_m) : 1.0;
}

double sky_clutter_log_density(const struct sky_clutter *clutter,
                               const struct sky_sensor_config *radar,
                               const struct sky_measurement *measurement)
{
    const struct box box = box_of(radar, measurement);
    const double per_scan = box.in_corner ? rate_of_ground(clutter, radar, measurement, &box)
                                          : rate_of_other(clutter, radar, measurement, &box);
    const double span = box.in_corner ? box.corner : box.all - box.corner;
    const double area = 2.0 * SKY_PI * (radar->range_max_m - radar->range_min_m);
    return sky_log(per_scan / (area * span * height_span_m(measurement)));
}

/* A Beta distribution around the configured value. */
static double detection_in(const struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                           uint32_t band, uint32_t notch)
{
    const double configured =
        notch > 0 ? radar->notch_detection_probability : radar->detection_probability;
    const double hits = clutter->hits[band][notch], misses = clutter->misses[band][notch];
    const double p = (prior_looks * configured + hits) / (prior_looks + hits + misses);
    return smaller(larger(p, detection_min), detection_max);
}

static uint32_t band_of(const struct sky_sensor_config *radar, double range_m)
{
    const double bands = range_m / radar->range_max_m * SKY_CLUTTER_DETECTION_RANGES;
    return (uint32_t)smaller(larger(bands, 0.0), SKY_CLUTTER_DETECTION_RANGES - 1);
}

/* A part of a look: the older ones fade as much as this one counts. */
static void learn(struct sky_clutter *clutter, uint32_t band, uint32_t notch, double part,
                  bool seen)
{
    const double kept = 1.0 - part / looks_remembered;
    double *const hits = &clutter->hits[band][notch];
    double *const misses = &clutter->misses[band][notch];
    *hits = *hits * kept + (seen ? part : 0.0);
    *misses = *misses * kept + (seen ? 0.0 : part);
}

/* How probable the notch is now that the outcome is known. */
static double notch_given(const struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                          uint32_t band, double share_in_notch, bool seen)
{
    const double p[2] = {detection_in(clutter, radar, band, 0),
                         detection_in(clutter, radar, band, 1)};
    const double clear = (1.0 - share_in_notch) * (seen ? p[0] : 1.0 - p[0]);
    const double notch = share_in_notch * (seen ? p[1] : 1.0 - p[1]);
    return notch / (clear + notch);
}

void sky_clutter_learn_detection(struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                                 double range_m, double share_in_notch, bool seen)
{
    const uint32_t band = band_of(radar, range_m);
    const double notch = notch_given(clutter, radar, band, share_in_notch, seen);
    learn(clutter, band, 0, 1.0 - notch, seen);
    learn(clutter, band, 1, notch, seen);
}

void sky_clutter_unlearn_miss(struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                              double range_m, double share_in_notch)
{
    const uint32_t band = band_of(radar, range_m);
    double *const misses = clutter->misses[band];
    const double notch = notch_given(clutter, radar, band, share_in_notch, false);
    misses[0] = larger(misses[0] - (1.0 - notch), 0.0);
    misses[1] = larger(misses[1] - notch, 0.0);
}

double sky_clutter_detection(const struct sky_clutter *clutter,
                             const struct sky_sensor_config *radar, double range_m,
                             double share_in_notch)
{
    const uint32_t band = band_of(radar, range_m);
    return (1.0 - share_in_notch) * detection_in(clutter, radar, band, 0) +
           share_in_notch * detection_in(clutter, radar, band, 1);
}
