#include "sky_filter.h"

#include <stddef.h>
#include <string.h>

#include "sky_math.h"

enum { COMPONENTS_MAX = 5 };

/* Closer than this to the sensor, or to its vertical, directions are taken as if this far. */
static const double nearest_m = 1.0;

static const double azimuth_variance_max_rad2 = 1.0;

/* Without elevation, and where no place at that range has the height. */
static const double sine_elevation_max = 0.8;
static const double sigma_elevation_max_rad = 0.5;

/* One component of a measurement as a straight line through the prediction. */
struct line {
    double row[SKY_STATE_DIM];
    double residual;
    double variance;
};

struct line_set {
    uint32_t count;
    bool last_is_height;
    struct line line[COMPONENTS_MAX];
};

/* The state as the sensor sees it. Vectors are east, north, up at the sensor. */
struct view {
    double place[3];
    double velocity_mps[3]; /* relative to the sensor */
    double ground_m;
    double range_m;
    double sight[3];   /* unit vectors: from the sensor to the aircraft, */
    double across[3];  /* horizontal, clockwise, */
    double outward[3]; /* horizontal, away, */
    double upward[3];  /* the way of growing elevation */
};

static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }
static double square(double x) { return x * x; }

static double dot3(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static double dot6(const double a[SKY_STATE_DIM], const double b[SKY_STATE_DIM])
{
    return dot3(a, b) + dot3(a + 3, b + 3);
}

static void to_sensor(const struct sky_sensor_pose *sensor, const double v[3], double ret_v[3])
{
    for (int i = 0; i < 3; i++) {
        ret_v[i] = dot3(sensor->rot[i], v);
    }
}

static void to_frame(const struct sky_sensor_pose *sensor, const double v[3], double ret_v[3])
{
    for (int i = 0; i < 3; i++) {
        ret_v[i] = sensor->rot[0][i] * v[0] + sensor->rot[1][i] * v[1] + sensor->rot[2][i] * v[2];
    }
}

/* --- Motion --------------------------------------------------------------------------------- */

/* Also backward, where white noise has no meaning and is given as 0. */
static void move(struct sky_filter *filter, double dt_s, double accel_psd_m2ps3,
                 double climb_psd_m2ps3)
{
    double(*const p)[SKY_STATE_DIM] = filter->p;

    for (int i = 0; i < 3; i++) {
        filter->x[i] += dt_s * filter->x[3 + i];
    }
    /* Positions first: they need the other blocks as they were. */
    for (int i = 0; i < 3; i++) {
        for (int j = i; j < 3; j++) {
            p[i][j] += dt_s * (p[i][3 + j] + p[j][3 + i] + dt_s * p[3 + i][3 + j]);
            p[j][i] = p[i][j];
        }
    }
    for (int i = 0; i < 3; i++) {
        const double q = i < 2 ? accel_psd_m2ps3 : climb_psd_m2ps3;
        for (int j = 0; j < 3; j++) {
            p[i][3 + j] += dt_s * p[3 + i][3 + j];
        }
        p[i][i] += q * dt_s * dt_s * dt_s / 3.0;
        p[i][3 + i] += q * dt_s * dt_s / 2.0;
        p[3 + i][3 + i] += q * dt_s;
        for (int j = 0; j < 3; j++) {
            p[3 + j][i] = p[i][3 + j];
        }
    }
}

void sky_filter_predict(struct sky_filter *filter, int64_t time_ns, double accel_psd_m2ps3,
                        double climb_psd_m2ps3)
{
    move(filter, (double)(time_ns - filter->time_ns) * 1e-9, accel_psd_m2ps3, climb_psd_m2ps3);
    filter->time_ns = time_ns;
}

/* --- Measuring ------------------------------------------------------------------------------ */

static void look(const struct sky_filter *filter, const struct sky_sensor_pose *sensor,
                 struct view *ret_view)
{
    const double *const x = filter->x;
    const double offset[3] = {x[0] - sensor->origin.east_m, x[1] - sensor->origin.north_m,
                              x[2] - sensor->origin.up_m};
    const double velocity_mps[3] = {x[3] - sensor->velocity_mps.east_m,
                                    x[4] - sensor->velocity_mps.north_m,
                                    x[5] - sensor->velocity_mps.up_m};
    double *const place = ret_view->place;

    to_sensor(sensor, offset, place);
    to_sensor(sensor, velocity_mps, ret_view->velocity_mps);

    const double ground2 = place[0] * place[0] + place[1] * place[1];
    const double ground_m = larger(sky_sqrt(ground2), nearest_m);
    const double range_m = larger(sky_sqrt(ground2 + place[2] * place[2]), nearest_m);
    const double east = place[0] / ground_m, north = place[1] / ground_m;
    const double rise = place[2] / range_m, run = ground_m / range_m;

    *ret_view = (struct view){
        .place = {place[0], place[1], place[2]},
        .velocity_mps = {ret_view->velocity_mps[0], ret_view->velocity_mps[1],
                         ret_view->velocity_mps[2]},
        .ground_m = ground_m,
        .range_m = range_m,
        .sight = {place[0] / range_m, place[1] / range_m, rise},
        .across = {north, -east, 0.0},
        .outward = {east, north, 0.0},
        .upward = {-east * rise, -north * rise, run},
    };
}

/* How far the state is spread along a direction at the sensor; block 0: position, 3: velocity. */
static double variance_along(const struct sky_filter *filter, int block,
                             const struct sky_sensor_pose *sensor, const double direction[3])
{
    double v[3];
    to_frame(sensor, direction, v);
    double sum = 0.0;
    for (int i = 0; i < 3; i++) {
        sum += v[i] * dot3(v, filter->p[block + i] + block);
    }
    return sum;
}

/*
 * Adds a component whose gradient with respect to position at the sensor is given, and with
 * respect to velocity if it is not NULL. An error of the time stamp acts along the motion.
 */
static void add_line(struct line_set *lines, const struct sky_measurement *m,
                     const struct sky_sensor_pose *sensor, const struct view *view,
                     const double by_place[3], const double by_velocity[3], double residual,
                     double variance)
{
    struct line *const line = &lines->line[lines->count++];
    const double shift = dot3(by_place, view->velocity_mps) * (double)m->time_sigma_ns * 1e-9;

    to_frame(sensor, by_place, line->row);
    to_frame(sensor, by_velocity, line->row + 3);
    line->residual = residual;
    line->variance = variance + shift * shift;
}

static const double no_gradient[3] = {0.0, 0.0, 0.0};

static void scale3(double factor, const double v[3], double ret_v[3])
{
    for (int i = 0; i < 3; i++) {
        ret_v[i] = factor * v[i];
    }
}

/* Height above the ellipsoid: the sensor's, the place's up, and what the Earth curves away. */
static void add_height(struct line_set *lines, const struct sky_measurement *m,
                       const struct sky_sensor_pose *sensor, const struct view *view)
{
    const double *const place = view->place;
    const double ce = sensor->curvature_east_per_m;
    const double cn = sensor->curvature_north_per_m;
    const double c = 0.5 * (ce + cn);
    const double level_m = sensor->height_hae_m + place[2];
    const double a = 1.0 + c * level_m;
    const double ground2 = place[0] * place[0] + place[1] * place[1];
    const double per = 1.0 / (a + sky_sqrt(a * a + c * c * ground2));
    const double height_m = level_m + (ce * place[0] * place[0] + cn * place[1] * place[1]) * per;
    const double by_place[3] = {2.0 * ce * place[0] * per, 2.0 * cn * place[1] * per, 1.0};

    add_line(lines, m, sensor, view, by_place, no_gradient, m->height_hae_m - height_m,
             square(m->sigma_height_m));
    lines->last_is_height = true;
}

/* Range, with the second-order term of its curvature. */
static void add_range(struct line_set *lines, const struct sky_measurement *m,
                      const struct sky_sensor_pose *sensor, const struct view *view,
                      double across_m2)
{
    add_line(lines, m, sensor, view, view->sight, no_gradient, m->slant_range_m - view->range_m,
             square(m->sigma_range_m) + 0.5 * square(across_m2) / square(view->range_m));
}

/* Azimuth and elevation, each with the second-order term of its curvature. */
static void add_direction(struct line_set *lines, const struct sky_filter *filter,
                          const struct sky_measurement *m, const struct sky_sensor_pose *sensor,
                          const struct view *view, double across_m2)
{
    const double r2 = square(view->range_m), ground2 = square(view->ground_m);
    const double outward_m2 = variance_along(filter, 0, sensor, view->outward);
    double gradient[3];

    const double azimuth_rad2 =
        square(m->sigma_azimuth_rad) + across_m2 * outward_m2 / square(ground2);
    if (azimuth_rad2 + across_m2 / ground2 < azimuth_variance_max_rad2) {
        const double azimuth_rad = sky_atan2(view->place[0], view->place[1]);
        scale3(1.0 / view->ground_m, view->across, gradient);
        add_line(lines, m, sensor, view, gradient, no_gradient,
                 sky_wrap_pi(m->azimuth_rad - azimuth_rad), azimuth_rad2);
    }
    if (m->has_elevation) {
        const double bend = across_m2 * view->place[2] / (view->ground_m * r2);
        const double elevation_rad = sky_atan2(view->place[2], view->ground_m);
        scale3(1.0 / view->range_m, view->upward, gradient);
        add_line(lines, m, sensor, view, gradient, no_gradient, m->elevation_rad - elevation_rad,
                 square(m->sigma_elevation_rad) + 0.5 * square(bend));
    }
}

static void add_radial_speed(struct line_set *lines, const struct sky_filter *filter,
                             const struct sky_measurement *m, const struct sky_sensor_pose *sensor,
                             const struct view *view)
{
    const double radial_mps = dot3(view->sight, view->velocity_mps);
    const double turning = (variance_along(filter, 0, sensor, view->across) *
                                variance_along(filter, 3, sensor, view->across) +
                            variance_along(filter, 0, sensor, view->upward) *
                                variance_along(filter, 3, sensor, view->upward)) /
                           square(view->range_m);
    double gradient[3];

    for (int i = 0; i < 3; i++) {
        gradient[i] = (view->velocity_mps[i] - radial_mps * view->sight[i]) / view->range_m;
    }
    add_line(lines, m, sensor, view, gradient, view->sight, m->radial_speed_mps - radial_mps,
             square(m->sigma_radial_mps) + turning);
}

/* Turns lines, first and later, through the state of lag_s ago into lines through that of now. */
static void bring_forward(struct line_set *lines, uint32_t first, double lag_s,
                          double accel_psd_m2ps3, double climb_psd_m2ps3)
{
    for (uint32_t k = first; k < lines->count; k++) {
        struct line *const line = &lines->line[k];
        for (int i = 0; i < 3; i++) {
            const double q = i < 2 ? accel_psd_m2ps3 : climb_psd_m2ps3;
            const double a = line->row[i], b = line->row[3 + i];
            line->variance += q * lag_s * (lag_s * (lag_s * a * a / 3.0 - a * b) + b * b);
            line->row[3 + i] = b - lag_s * a;
        }
    }
}

static void spread_of(const struct sky_filter *filter, const double row[SKY_STATE_DIM],
                      double ret_ph[SKY_STATE_DIM])
{
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        ret_ph[i] = dot6(filter->p[i], row);
    }
}

static const double unlimited2 = 1e300;

/* Is a line alone farther from the state than all of them together may be? */
static bool is_beyond(const struct sky_filter *filter, const struct line *line, double limit2)
{
    double ph[SKY_STATE_DIM];
    spread_of(filter, line->row, ph);
    return square(line->residual) > limit2 * (dot6(ph, line->row) + line->variance);
}

/* False, with the rest left out, if the range alone is farther off than limit2 allows. */
static bool draw_lines(const struct sky_filter *filter, const struct sky_measurement *m,
                       const struct sky_sensor_pose *sensor, double accel_psd_m2ps3,
                       double climb_psd_m2ps3, double limit2, struct line_set *ret_lines)
{
    const double lag_s = (double)(filter->time_ns - m->time_ns) * 1e-9;
    struct sky_filter then = *filter;
    struct view view;

    move(&then, -lag_s, 0.0, 0.0);
    look(&then, sensor, &view);
    ret_lines->count = 0;
    ret_lines->last_is_height = false;
    const double across_m2 = variance_along(&then, 0, sensor, view.across);
    add_range(ret_lines, m, sensor, &view, across_m2);
    bring_forward(ret_lines, 0, lag_s, accel_psd_m2ps3, climb_psd_m2ps3);
    if (is_beyond(filter, &ret_lines->line[0], limit2)) {
        return false;
    }
    add_direction(ret_lines, &then, m, sensor, &view, across_m2);
    if (m->has_radial_speed) {
        add_radial_speed(ret_lines, &then, m, sensor, &view);
    }
    if (m->has_height) {
        add_height(ret_lines, m, sensor, &view);
    }
    bring_forward(ret_lines, 1, lag_s, accel_psd_m2ps3, climb_psd_m2ps3);
    return true;
}

/* Factors S of all components jointly as root * its transpose. */
static void compare(const struct sky_filter *filter, const struct line_set *lines,
                    struct sky_filter_comparison *ret_innovation)
{
    double root[COMPONENTS_MAX][COMPONENTS_MAX], white[COMPONENTS_MAX];
    double distance2 = 0.0, det = 1.0;

    for (uint32_t i = 0; i < lines->count; i++) {
        double ph[SKY_STATE_DIM];
        spread_of(filter, lines->line[i].row, ph);
        white[i] = lines->line[i].residual;
        for (uint32_t j = 0; j <= i; j++) {
            double s = dot6(ph, lines->line[j].row);
            for (uint32_t k = 0; k < j; k++) {
                s -= root[i][k] * root[j][k];
            }
            root[i][j] = j < i ? s / root[j][j] : sky_sqrt(s + lines->line[i].variance);
        }
        for (uint32_t k = 0; k < i; k++) {
            white[i] -= root[i][k] * white[k];
        }
        white[i] /= root[i][i];
        distance2 += square(white[i]);
        det *= square(root[i][i]);
    }
    *ret_innovation = (struct sky_filter_comparison){
        .distance2 = distance2, .log_det_s = sky_log(det), .dimension = lines->count};
}

bool sky_filter_innovation(const struct sky_filter *filter,
                           const struct sky_measurement *measurement,
                           const struct sky_sensor_pose *sensor, double accel_psd_m2ps3,
                           double climb_psd_m2ps3, double limit2,
                           struct sky_filter_comparison *ret_innovation)
{
    struct line_set lines;
    if (!draw_lines(filter, measurement, sensor, accel_psd_m2ps3, climb_psd_m2ps3, limit2,
                    &lines)) {
        return false;
    }
    compare(filter, &lines, ret_innovation);
    return true;
}

/* --- Updating ------------------------------------------------------------------------------- */

/* P = (1 - K h) P (1 - K h)' + K R K', K = P h' / (h P h' + R). */
static void apply_scalar(struct sky_filter *filter, const double row[SKY_STATE_DIM],
                         const double ph[SKY_STATE_DIM], double residual, double variance)
{
    const double s = dot6(row, ph) + variance;
    double gain[SKY_STATE_DIM], left[SKY_STATE_DIM][SKY_STATE_DIM];

    for (int i = 0; i < SKY_STATE_DIM; i++) {
        gain[i] = ph[i] / s;
        filter->x[i] += gain[i] * residual;
        for (int j = 0; j < SKY_STATE_DIM; j++) {
            left[i][j] = filter->p[i][j] - gain[i] * ph[j];
        }
    }
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        const double lh = dot6(left[i], row) - variance * gain[i];
        for (int j = i; j < SKY_STATE_DIM; j++) {
            filter->p[i][j] = left[i][j] - lh * gain[j];
            filter->p[j][i] = filter->p[i][j];
        }
    }
}

static void apply(struct sky_filter *filter, const struct line_set *lines)
{
    double before[SKY_STATE_DIM];

    memcpy(before, filter->x, sizeof before);
    for (uint32_t k = 0; k < lines->count; k++) {
        const struct line *const line = &lines->line[k];
        double variance = line->variance, moved = 0.0;
        double ph[SKY_STATE_DIM];

        spread_of(filter, line->row, ph);
        for (int i = 0; i < SKY_STATE_DIM; i++) {
            moved += line->row[i] * (filter->x[i] - before[i]);
        }
        if (lines->last_is_height && k + 1 == lines->count) {
            /* Just so much weight that the state ends no surer than the height itself is. */
            const double known = dot6(line->row, ph);
            if (known <= variance) {
                break;
            }
            variance *= known / (known - variance);
        }
        apply_scalar(filter, line->row, ph, line->residual - moved, variance);
    }
}

void sky_filter_update(struct sky_filter *filter, const struct sky_measurement *measurement,
                       const struct sky_sensor_pose *sensor, double accel_psd_m2ps3,
                       double climb_psd_m2ps3, struct sky_filter_comparison *ret_innovation)
{
    struct line_set lines;
    (void)draw_lines(filter, measurement, sensor, accel_psd_m2ps3, climb_psd_m2ps3, unlimited2,
                     &lines);
    if (ret_innovation != NULL) {
        compare(filter, &lines, ret_innovation);
    }
    apply(filter, &lines);
}

/* --- Starting ------------------------------------------------------------------------------- */

/* The elevation at which a place at that range has that height, on the sphere that fits there. */
static double elevation_from_height(const struct sky_measurement *m,
                                    const struct sky_sensor_pose *sensor, double sine_azimuth)
{
    const double east2 = square(sine_azimuth);
    const double c =
        east2 * sensor->curvature_east_per_m + (1.0 - east2) * sensor->curvature_north_per_m;
    const double here = 1.0 + c * sensor->height_hae_m;
    const double there = 1.0 + c * m->height_hae_m;
    const double rise_m = m->height_hae_m - sensor->height_hae_m;
    const double range_m = m->slant_range_m;
    const double sine = (rise_m * (here + there) - c * range_m * range_m) / (2.0 * here * range_m);

    return sky_asin(larger(-sine_elevation_max, smaller(sine_elevation_max, sine)));
}

/* Adds variance along a direction at the sensor to position (block 0) or velocity (block 3). */
static void spread(struct sky_filter *filter, int block, const struct sky_sensor_pose *sensor,
                   const double direction[3], double variance)
{
    double v[3];
    to_frame(sensor, direction, v);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            filter->p[block + i][block + j] += variance * (v[i] * v[j]);
        }
    }
}

void sky_filter_init(struct sky_filter *ret_filter, const struct sky_measurement *measurement,
                     const struct sky_sensor_pose *sensor, double speed_max_mps)
{
    const struct sky_measurement *const m = measurement;
    const double r = m->slant_range_m;
    const double east = sky_sin(m->azimuth_rad), north = sky_cos(m->azimuth_rad);
    const double elevation_rad =
        m->has_elevation ? m->elevation_rad : elevation_from_height(m, sensor, east);
    const double rise = sky_sin(elevation_rad), run = sky_cos(elevation_rad);
    const double sigma_elevation_rad =
        m->has_elevation ? m->sigma_elevation_rad
                         : smaller(m->sigma_height_m / (r * run), sigma_elevation_max_rad);
    /* Overhead, azimuth turns through everything while the place stays within elevation's error. */
    const bool overhead = m->has_elevation && run < 2.0 * sigma_elevation_rad;
    const double sigma_across_rad =
        larger(run * m->sigma_azimuth_rad, overhead ? sigma_elevation_rad : 0.0);
    const double cross_mps = speed_max_mps / 3.0;
    const double radial_mps = m->has_radial_speed ? m->radial_speed_mps : 0.0;
    const double sigma_radial_mps = m->has_radial_speed ? m->sigma_radial_mps : cross_mps;
    const double late_m2 = square(cross_mps * (double)m->time_sigma_ns * 1e-9);
    const double arc_m = r * run * square(m->sigma_azimuth_rad); /* leaves its tangent by this */
    const struct view view = {
        .place = {r * east * run, r * north * run, r * rise},
        .sight = {east * run, north * run, rise},
        .across = {north, -east, 0.0},
        .upward = {-east * rise, -north * rise, run},
    };
    double away[3];

    to_frame(sensor, view.sight, away);
    *ret_filter = (struct sky_filter){
        .time_ns = m->time_ns,
        .x = {sensor->origin.east_m + r * away[0], sensor->origin.north_m + r * away[1],
              sensor->origin.up_m + r * away[2], sensor->velocity_mps.east_m + radial_mps * away[0],
              sensor->velocity_mps.north_m + radial_mps * away[1],
              sensor->velocity_mps.up_m + radial_mps * away[2]},
    };
    spread(ret_filter, 0, sensor, view.sight,
           square(m->sigma_range_m) + late_m2 + 0.5 * square(arc_m));
    spread(ret_filter, 0, sensor, view.across, square(r * sigma_across_rad) + late_m2);
    spread(ret_filter, 0, sensor, view.upward, square(r * sigma_elevation_rad) + late_m2);
    /* Speed across, seen along a direction that is a little off, is speed along. */
    spread(ret_filter, 3, sensor, view.sight,
           square(sigma_radial_mps) +
               square(cross_mps) * (square(sigma_across_rad) + square(sigma_elevation_rad)));
    spread(ret_filter, 3, sensor, view.across, square(cross_mps));
    spread(ret_filter, 3, sensor, view.upward, square(cross_mps));

    if (m->has_elevation && m->has_height) {
        struct line_set lines = {.count = 0};
        add_height(&lines, m, sensor, &view);
        apply(ret_filter, &lines);
    }
}
