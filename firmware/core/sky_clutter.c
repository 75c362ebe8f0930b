#include "sky_clutter.h"

#include <string.h>

#include "sky_math.h"

enum { OTHER = 0, GROUND = 1 };

/* The map: how much of the old is kept per scan (e^(-1/15)), what the configuration is worth. */
static const double kept_per_scan = 0.93550698503161778;
static const double prior_scans = 3.0;
static const double prior_ground_share = 0.3;
static const double silence_plots = 7.0;

/* Below this a cell is empty: no subnormal numbers, and their cost, ever. */
static const float count_min = 1e-6F;

/* False plots hardly pass this elevation, and ground ones not the other. */
static const double top_rad = 30.0 * SKY_PI / 180.0;
static const double low_rad = 3.0 * SKY_PI / 180.0;
static const double span_min_rad = 10.0 * SKY_PI / 180.0;
static const double slow_mps = 7.5;
static const double heights_m = 15e3;

static const double prior_looks = 20.0;
static const double looks_remembered = 200.0;
static const double detection_min = 0.05;
static const double detection_max = 0.995;

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }

void sky_clutter_init(struct sky_clutter *clutter) { memset(clutter, 0, sizeof *clutter); }

/* Where the false plots of a measurement lie besides range and azimuth: a box, and its corner. */
struct box {
    double all;    /* product of the spans; 1 if there are none */
    double ground; /* of those of the ground; 0 if there are none */
    bool in_ground;
};

static struct box narrowed(struct box box, double all, double ground, bool in_ground)
{
    return (struct box){box.all * all, box.ground * ground, box.in_ground && in_ground};
}

static struct box by_elevation(const struct sky_sensor_config *radar, struct box box,
                               double elevation_rad)
{
    const double bottom_rad = radar->elevation_min_rad;
    const double all_rad =
        smaller(radar->elevation_max_rad, larger(top_rad, bottom_rad + span_min_rad)) - bottom_rad;
    const double ground_rad = smaller(larger(low_rad, low_rad - bottom_rad), 0.5 * all_rad);
    return narrowed(box, all_rad, ground_rad, elevation_rad - bottom_rad <= ground_rad);
}

static struct box by_radial_speed(const struct sky_sensor_config *radar, struct box box,
                                  double radial_speed_mps)
{
    const double limit_mps =
        smaller(larger(3.0 * radar->notch_mps, slow_mps), 0.5 * radar->radial_max_mps);
    return narrowed(box, 2.0 * radar->radial_max_mps, 2.0 * limit_mps,
                    sky_abs(radial_speed_mps) <= limit_mps);
}

static struct box box_of(const struct sky_sensor_config *radar, const struct sky_measurement *m)
{
    const bool tells = m->has_elevation || m->has_radial_speed;
    struct box box = {1.0, tells ? 1.0 : 0.0, tells};
    if (m->has_elevation) {
        box = by_elevation(radar, box, m->elevation_rad);
    }
    return m->has_radial_speed ? by_radial_speed(radar, box, m->radial_speed_mps) : box;
}

static uint32_t azimuth_index(double azimuth_rad)
{
    const double turns = smaller(larger(azimuth_rad * (0.5 / SKY_PI), -1e6), 1e6);
    const double part = turns - (double)(int32_t)turns;
    return (uint32_t)(int32_t)((part + 1.0) * SKY_CLUTTER_AZIMUTHS) % SKY_CLUTTER_AZIMUTHS;
}

static uint32_t range_index(const struct sky_sensor_config *radar, double range_m)
{
    const double cells = range_m / radar->range_max_m * SKY_CLUTTER_RANGES;
    return (uint32_t)smaller(larger(cells, 0.0), SKY_CLUTTER_RANGES - 1);
}

static uint32_t cell_at(uint32_t kind, uint32_t range, uint32_t azimuth)
{
    return (kind * SKY_CLUTTER_RANGES + range) * SKY_CLUTTER_AZIMUTHS + azimuth;
}

uint32_t sky_clutter_cell(const struct sky_sensor_config *radar,
                          const struct sky_measurement *measurement)
{
    return cell_at(box_of(radar, measurement).in_ground ? GROUND : OTHER,
                   range_index(radar, measurement->slant_range_m),
                   azimuth_index(measurement->azimuth_rad));
}

void sky_clutter_add(struct sky_clutter *clutter, uint32_t cell)
{
    clutter->count[cell] += 1.0F;
    clutter->added++;
}

static void fade(struct sky_clutter *clutter, double kept)
{
    const float kept_single = (float)kept;
    for (uint32_t i = 0; i < SKY_CLUTTER_CELLS; i++) {
        const float left = clutter->count[i] * kept_single;
        clutter->count[i] = left < count_min ? 0.0F : left;
    }
}

static double all_counts(const struct sky_clutter *clutter)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < SKY_CLUTTER_CELLS; i++) {
        sum += (double)clutter->count[i];
    }
    return sum;
}

double sky_clutter_per_scan(const struct sky_clutter *clutter,
                            const struct sky_sensor_config *radar)
{
    return (all_counts(clutter) + prior_scans * radar->false_plots_per_scan) /
           (clutter->scans + prior_scans);
}

void sky_clutter_age(struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                     int64_t time_ns)
{
    if (!clutter->started) {
        clutter->started = true;
        clutter->started_ns = time_ns;
    }
    int64_t scans = (time_ns - clutter->started_ns) / radar->scan_ns;
    if (scans < 1) {
        return;
    }
    clutter->started_ns += scans * radar->scan_ns;
    if (clutter->added == 0 &&
        sky_clutter_per_scan(clutter, radar) * (double)scans > silence_plots) {
        return; /* the radar was off, which says nothing of its clutter */
    }
    clutter->added = 0;
    double kept = 1.0;
    for (; scans > 0 && kept > 1e-6; scans--) {
        kept *= kept_per_scan;
        clutter->scans = (clutter->scans + 1.0) * kept_per_scan;
    }
    fade(clutter, kept);
}

/* Count at a cell, smoothed with 1 2 1 in both directions: a hot spot may lie on a border. */
static double smoothed(const struct sky_clutter *clutter, uint32_t kind, uint32_t range,
                       uint32_t azimuth)
{
    const uint32_t left = (azimuth + SKY_CLUTTER_AZIMUTHS - 1) % SKY_CLUTTER_AZIMUTHS;
    const uint32_t right = (azimuth + 1) % SKY_CLUTTER_AZIMUTHS;
    const uint32_t row[3] = {range > 0 ? range - 1 : 0, range,
                             range < SKY_CLUTTER_RANGES - 1 ? range + 1 : range};
    double sum[3];
    for (int i = 0; i < 3; i++) {
        const float *const count = &clutter->count[cell_at(kind, row[i], 0)];
        sum[i] = (double)count[left] + 2.0 * (double)count[azimuth] + (double)count[right];
    }
    return (sum[0] + 2.0 * sum[1] + sum[2]) / 16.0;
}

/* What the configuration says of a kind, all cells together; the ground gets more than its part. */
static double prior_per_scan(const struct sky_sensor_config *radar, const struct box *box)
{
    const double part = box->ground / box->all;
    const double ground =
        box->ground > 0.0 ? prior_ground_share + (1.0 - prior_ground_share) * part : 0.0;
    return radar->false_plots_per_scan * (box->in_ground ? ground : 1.0 - ground);
}

static double height_span_m(const struct sky_measurement *m)
{
    static const double two_sqrt_pi = 3.5449077018110318;
    return m->has_height ? larger(heights_m, two_sqrt_pi * m->sigma_height_m) : 1.0;
}

double sky_clutter_log_density(const struct sky_clutter *clutter,
                               const struct sky_sensor_config *radar,
                               const struct sky_measurement *measurement)
{
    static const double cells = SKY_CLUTTER_AZIMUTHS * SKY_CLUTTER_RANGES;
    if (measurement->is_place) {
        const double area_m2 = SKY_PI * radar->range_max_m * radar->range_max_m;
        return sky_log(radar->false_plots_per_scan / (area_m2 * height_span_m(measurement)));
    }
    const struct box box = box_of(radar, measurement);
    const double count = smoothed(clutter, box.in_ground ? GROUND : OTHER,
                                  range_index(radar, measurement->slant_range_m),
                                  azimuth_index(measurement->azimuth_rad));
    const double per_scan = (cells * count + prior_scans * prior_per_scan(radar, &box)) /
                            (clutter->scans + prior_scans);
    const double volume = 2.0 * SKY_PI * radar->range_max_m * height_span_m(measurement) *
                          (box.in_ground ? box.ground : box.all - box.ground);
    return sky_log(per_scan / volume);
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
    const double bands = range_m / radar->range_max_m * SKY_CLUTTER_PD_RANGES;
    return (uint32_t)smaller(larger(bands, 0.0), SKY_CLUTTER_PD_RANGES - 1);
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

void sky_clutter_learn_detection(struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                                 double range_m, double share_in_notch, bool seen)
{
    const uint32_t band = band_of(radar, range_m);
    const double p[2] = {detection_in(clutter, radar, band, 0),
                         detection_in(clutter, radar, band, 1)};

    /* How probable the notch is now that the outcome is known. */
    const double clear = (1.0 - share_in_notch) * (seen ? p[0] : 1.0 - p[0]);
    const double notch = share_in_notch * (seen ? p[1] : 1.0 - p[1]);
    learn(clutter, band, 0, clear / (clear + notch), seen);
    learn(clutter, band, 1, notch / (clear + notch), seen);
}

double sky_clutter_detection(const struct sky_clutter *clutter,
                             const struct sky_sensor_config *radar, double range_m,
                             double share_in_notch)
{
    const uint32_t band = band_of(radar, range_m);
    return (1.0 - share_in_notch) * detection_in(clutter, radar, band, 0) +
           share_in_notch * detection_in(clutter, radar, band, 1);
}
