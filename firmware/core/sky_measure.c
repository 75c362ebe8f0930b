#include "sky_measure.h"

#include <string.h>

#include "sky_math.h"

/* Closer than this to the sensor, or to its vertical, directions are taken as if this far. */
static const double nearest_m = 1.0;

static const double azimuth_variance_max_rad2 = 1.0;

/* Without elevation, and where no place at that range has the height. */
static const double sine_elevation_max = 0.8;
static const double sigma_elevation_max_rad = 0.5;

/* How fast aircraft climb compared with how fast they fly, at a start. */
static const double climb_per_speed = 1.0 / 3.0;

static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }
static double square(double x) { return x * x; }

static double dot3(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void scale3(double factor, const double v[3], double ret_v[3])
{
    for (int i = 0; i < 3; i++) {
        ret_v[i] = factor * v[i];
    }
}

enum sky_status sky_sensor_pose_at(struct sky_sensor_pose *ret_pose,
                                   const struct sky_geo_frame *frame, const struct sky_lla *place)
{
    struct sky_geo_frame own;
    if (sky_geo_frame_init(&own, place) != SKY_OK) {
        return SKY_E_RANGE;
    }
    const double sine = sky_sin(place->lat_rad);
    const double w = 1.0 - SKY_WGS84_E2 * sine * sine;

    ret_pose->origin = sky_geo_to_enu(frame, place);
    sky_geo_rotation(frame, &own, ret_pose->rot);
    ret_pose->velocity_mps = (struct sky_enu){0.0, 0.0, 0.0};
    ret_pose->height_hae_m = place->alt_hae_m;
    ret_pose->curvature_east_per_m = sky_sqrt(w) / SKY_WGS84_A_M;
    ret_pose->curvature_north_per_m = w * ret_pose->curvature_east_per_m / (1.0 - SKY_WGS84_E2);
    return SKY_OK;
}

/* --- The packed covariance ------------------------------------------------------------------ */

enum { POSITION = 0, VELOCITY = 15 }; /* where a block of three begins */

/* v' P v of the position's block of the packed covariance. */
static double place_variance(const double p[SKY_PACKED_DIM], const double v[3])
{
    return v[0] * (p[0] * v[0] + 2.0 * (p[1] * v[1] + p[2] * v[2])) +
           v[1] * (p[6] * v[1] + 2.0 * (p[7] * v[2])) + v[2] * (p[11] * v[2]);
}

/* The same of the velocity's. */
static double velocity_variance(const double p[SKY_PACKED_DIM], const double v[3])
{
    return v[0] * (p[15] * v[0] + 2.0 * (p[16] * v[1] + p[17] * v[2])) +
           v[1] * (p[18] * v[1] + 2.0 * (p[19] * v[2])) + v[2] * (p[20] * v[2]);
}

/* P row, the packed covariance with a row over positions and velocities. */
static void spread_of(const double p[SKY_PACKED_DIM], const double row[SKY_STATE_DIM],
                      double ret_ph[SKY_STATE_DIM])
{
    const double *next = p;

    for (int i = 0; i < SKY_STATE_DIM; i++) {
        ret_ph[i] = 0.0;
    }
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        ret_ph[i] += *next++ * row[i];
        for (int j = i + 1; j < SKY_STATE_DIM; j++) {
            ret_ph[i] += *next * row[j];
            ret_ph[j] += *next++ * row[i];
        }
    }
}

static double dot6(const double a[SKY_STATE_DIM], const double b[SKY_STATE_DIM])
{
    return dot3(a, b) + dot3(a + 3, b + 3);
}

double sky_measure_variance(const double p[SKY_PACKED_DIM], const double row[SKY_STATE_DIM])
{
    double ph[SKY_STATE_DIM];
    spread_of(p, row, ph);
    return dot6(ph, row);
}

/* P = (1 - K h) P (1 - K h)' + K R K', K = P h' / (h P h' + R). */
void sky_measure_apply(double x[SKY_STATE_DIM], double p[SKY_PACKED_DIM],
                       const double row[SKY_STATE_DIM], double residual, double variance)
{
    double ph[SKY_STATE_DIM], gain[SKY_STATE_DIM], rest[SKY_STATE_DIM];
    double *next = p;

    spread_of(p, row, ph);
    const double s = dot6(ph, row) + variance;
    const double per_s = 1.0 / s;
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        gain[i] = per_s * ph[i];
        rest[i] = ph[i] - s * gain[i];
        x[i] += gain[i] * residual;
    }
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int j = i; j < SKY_STATE_DIM; j++) {
            *next = (*next - gain[i] * ph[j]) - rest[i] * gain[j];
            next++;
        }
    }
}

/* --- What the sensor sees ------------------------------------------------------------------- */

/* A prediction as the sensor sees it; vectors in the tracking frame. */
struct view {
    double place[3];    /* from the sensor */
    double velocity[3]; /* relative to it */
    double up_m;
    double ground_m;
    double range_m;
    double sight[3];   /* unit vectors: from the sensor to the aircraft, */
    double across[3];  /* horizontal, clockwise, */
    double outward[3]; /* horizontal, away, */
    double upward[3];  /* the way of growing elevation */
};

static void cross3(const double a[3], const double b[3], double ret_v[3])
{
    ret_v[0] = a[1] * b[2] - a[2] * b[1];
    ret_v[1] = a[2] * b[0] - a[0] * b[2];
    ret_v[2] = a[0] * b[1] - a[1] * b[0];
}

static void look(const double x[SKY_STATE_DIM], const struct sky_sensor_pose *sensor,
                 struct view *ret_view)
{
    struct view *const v = ret_view;
    const double *const up = sensor->rot[2];
    const double origin[3] = {sensor->origin.east_m, sensor->origin.north_m, sensor->origin.up_m};
    const double moving[3] = {sensor->velocity_mps.east_m, sensor->velocity_mps.north_m,
                              sensor->velocity_mps.up_m};
    double ground[3];

    for (int i = 0; i < 3; i++) {
        v->place[i] = x[i] - origin[i];
        v->velocity[i] = x[3 + i] - moving[i];
    }
    v->up_m = dot3(up, v->place);
    for (int i = 0; i < 3; i++) {
        ground[i] = v->place[i] - v->up_m * up[i];
    }
    const double ground2 = dot3(ground, ground);
    v->ground_m = larger(sky_sqrt(ground2), nearest_m);
    v->range_m = larger(sky_sqrt(ground2 + v->up_m * v->up_m), nearest_m);
    scale3(1.0 / v->range_m, v->place, v->sight);
    scale3(1.0 / v->ground_m, ground, v->outward);
    cross3(v->outward, up, v->across);
    const double rise = v->up_m / v->range_m, run = v->ground_m / v->range_m;
    for (int i = 0; i < 3; i++) {
        v->upward[i] = run * up[i] - rise * v->outward[i];
    }
}

/* --- Lines ---------------------------------------------------------------------------------- */

/* A measurement on its way to becoming lines. */
struct draft {
    const double *p;
    const struct sky_measurement *m;
    const struct sky_sensor_pose *sensor;
    struct view view;
    double across_m2; /* variance of the place across the line of sight */
    struct sky_lines *lines;
};

static struct sky_line_of_measurement *next_line(struct sky_lines *lines,
                                                 enum sky_component component)
{
    struct sky_line_of_measurement *const line = &lines->line[lines->count++];
    *line = (struct sky_line_of_measurement){.component = component};
    return line;
}

/* A component's line from its gradient by position. A late stamp acts along the motion. */
static struct sky_line_of_measurement *add_line(struct draft *d, enum sky_component component,
                                                const double by_place[3], double residual,
                                                double variance)
{
    struct sky_line_of_measurement *const line = next_line(d->lines, component);
    const double shift = dot3(by_place, d->view.velocity) * (double)d->m->time_sigma_ns * 1e-9;

    memcpy(line->row, by_place, 3 * sizeof line->row[0]);
    line->residual = residual;
    line->variance = variance + square(shift);
    return line;
}

/* Range, with the second-order term of its curvature. */
static void add_range(struct draft *d)
{
    const double bend_m2 = 0.5 * square(d->across_m2 / d->view.range_m);
    (void)add_line(d, SKY_COMPONENT_RANGE, d->view.sight, d->m->slant_range_m - d->view.range_m,
                   square(d->m->sigma_range_m) + bend_m2);
}

/* Azimuth with the second-order term of its curvature, unless that leaves it without meaning. */
static void add_azimuth(struct draft *d)
{
    const struct view *const v = &d->view;
    const double across_rad2 = d->across_m2 / square(v->ground_m);
    const double outward = place_variance(d->p, v->outward) / square(v->ground_m);
    const double variance = square(d->m->sigma_azimuth_rad) + across_rad2 * outward;

    if (variance + across_rad2 < azimuth_variance_max_rad2) {
        const double azimuth_rad =
            sky_atan2(dot3(d->sensor->rot[0], v->place), dot3(d->sensor->rot[1], v->place));
        double gradient[3];
        scale3(1.0 / v->ground_m, v->across, gradient);
        (void)add_line(d, SKY_COMPONENT_AZIMUTH, gradient,
                       sky_wrap_pi(d->m->azimuth_rad - azimuth_rad), variance);
    }
}

static void add_elevation(struct draft *d)
{
    const struct view *const v = &d->view;
    const double bend = d->across_m2 * v->up_m / (v->ground_m * square(v->range_m));
    double gradient[3];

    scale3(1.0 / v->range_m, v->upward, gradient);
    (void)add_line(d, SKY_COMPONENT_ELEVATION, gradient,
                   d->m->elevation_rad - sky_atan2(v->up_m, v->ground_m),
                   square(d->m->sigma_elevation_rad) + 0.5 * square(bend));
}

/* Speed across hides in it while the place across is unsure. */
static void add_radial_speed(struct draft *d)
{
    const struct view *const v = &d->view;
    const double radial_mps = dot3(v->sight, v->velocity);
    const double turning = (d->across_m2 * velocity_variance(d->p, v->across) +
                            place_variance(d->p, v->upward) * velocity_variance(d->p, v->upward)) /
                           square(v->range_m);
    double gradient[3];

    for (int i = 0; i < 3; i++) {
        gradient[i] = (v->velocity[i] - radial_mps * v->sight[i]) / v->range_m;
    }
    struct sky_line_of_measurement *const line =
        add_line(d, SKY_COMPONENT_RADIAL_SPEED, gradient, d->m->radial_speed_mps - radial_mps,
                 square(d->m->sigma_radial_mps) + turning);
    memcpy(line->row + 3, v->sight, sizeof v->sight);
}

/* Height above the ellipsoid: the sensor's, the place's up, and what the Earth curves away. */
static void add_height(struct draft *d)
{
    const struct sky_sensor_pose *const sensor = d->sensor;
    const double east_m = dot3(sensor->rot[0], d->view.place);
    const double north_m = dot3(sensor->rot[1], d->view.place);
    const double ce = sensor->curvature_east_per_m;
    const double cn = sensor->curvature_north_per_m;
    const double c = 0.5 * (ce + cn);
    const double level_m = sensor->height_hae_m + d->view.up_m;
    const double a = 1.0 + c * level_m;
    const double ground2 = square(east_m) + square(north_m);
    const double per = 1.0 / (a + sky_sqrt(a * a + c * c * ground2));
    const double height_m = level_m + (ce * square(east_m) + cn * square(north_m)) * per;
    const double by_east = 2.0 * ce * east_m * per, by_north = 2.0 * cn * north_m * per;
    double gradient[3];

    for (int i = 0; i < 3; i++) {
        gradient[i] = by_east * sensor->rot[0][i] + by_north * sensor->rot[1][i] + //
                      sensor->rot[2][i];
    }
    (void)add_line(d, SKY_COMPONENT_HEIGHT, gradient, d->m->height_hae_m - height_m,
                   square(d->m->sigma_height_m));
}

/* A reported place: how far the prediction is from it, east and north of it. */
static void add_place(struct draft *d)
{
    const double variance = square(d->m->sigma_place_m);
    for (int i = 0; i < 2; i++) {
        const double *const axis = d->sensor->rot[i];
        (void)add_line(d, i == 0 ? SKY_COMPONENT_EAST : SKY_COMPONENT_NORTH, axis,
                       0.0 - dot3(axis, d->view.place), variance);
    }
}

void sky_measure_lines(const double x[SKY_STATE_DIM], const double p[SKY_PACKED_DIM],
                       const struct sky_measurement *measurement,
                       const struct sky_sensor_pose *sensor, struct sky_lines *ret_lines)
{
    struct draft d = {.p = p, .m = measurement, .sensor = sensor, .lines = ret_lines};

    ret_lines->count = 0;
    look(x, sensor, &d.view);
    if (measurement->is_place) {
        add_place(&d);
    } else {
        d.across_m2 = place_variance(p, d.view.across);
        add_range(&d);
        add_azimuth(&d);
        if (measurement->has_elevation) {
            add_elevation(&d);
        }
        if (measurement->has_radial_speed) {
            add_radial_speed(&d);
        }
    }
    if (measurement->has_height) {
        add_height(&d);
    }
}

/* --- Starting ------------------------------------------------------------------------------- */

static void unpack(const double packed[SKY_PACKED_DIM], double ret_p[SKY_STATE_DIM][SKY_STATE_DIM])
{
    const double *next = packed;
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int j = i; j < SKY_STATE_DIM; j++) {
            ret_p[i][j] = ret_p[j][i] = *next++;
        }
    }
}

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

/* Adds variance along a direction to the block of three that begins at first and its rows. */
static void spread(double p[SKY_PACKED_DIM], int first, const double v[3], double variance)
{
    const int step = first == POSITION ? SKY_STATE_DIM : 3; /* entries of its first row */
    double *const row[3] = {p + first, p + first + step, p + first + 2 * step - 1};
    for (int i = 0; i < 3; i++) {
        for (int j = i; j < 3; j++) {
            row[i][j - i] += variance * (v[i] * v[j]);
        }
    }
}

/*
 * The elevation and height of a start, and the radial speed: lines through the place as it stands.
 * What the radial speed says of velocity is taken like any measurement: an aircraft is as likely
 * to fly one way as another, and less likely to climb.
 */
static void refine(struct sky_state *state, double p[SKY_PACKED_DIM],
                   const struct sky_measurement *m, const struct sky_sensor_pose *sensor)
{
    const bool takes_height = m->has_elevation && !m->is_place; /* else it is in use already */
    double before[SKY_STATE_DIM];
    struct sky_lines lines;

    memcpy(before, state->x, sizeof before);
    sky_measure_lines(before, p, m, sensor, &lines);
    for (uint32_t k = 0; k < lines.count; k++) {
        const struct sky_line_of_measurement *const line = &lines.line[k];
        if (line->component == SKY_COMPONENT_RADIAL_SPEED ||
            (line->component == SKY_COMPONENT_HEIGHT && takes_height)) {
            double moved = 0.0;
            for (int i = 0; i < SKY_STATE_DIM; i++) {
                moved += line->row[i] * (state->x[i] - before[i]);
            }
            sky_measure_apply(state->x, p, line->row, line->residual - moved, line->variance);
        }
    }
}

/* Where one polar measurement puts the aircraft. */
static void start_polar(const struct sky_measurement *m, const struct sky_sensor_pose *sensor,
                        double late_m2, double ret_x[SKY_STATE_DIM], double ret_p[SKY_PACKED_DIM])
{
    const double r = m->slant_range_m;
    double east, north, rise, run;
    sky_sincos(m->azimuth_rad, &east, &north);
    const double elevation_rad =
        m->has_elevation ? m->elevation_rad : elevation_from_height(m, sensor, east);
    sky_sincos(elevation_rad, &rise, &run);
    const double sigma_elevation_rad =
        m->has_elevation ? m->sigma_elevation_rad
                         : smaller(m->sigma_height_m / (r * run), sigma_elevation_max_rad);
    /* Overhead, azimuth turns through everything while the place stays within elevation's error. */
    const bool overhead = m->has_elevation && run < 2.0 * sigma_elevation_rad;
    const double sigma_across_rad =
        larger(run * m->sigma_azimuth_rad, overhead ? sigma_elevation_rad : 0.0);
    const double arc_m = r * run * square(m->sigma_azimuth_rad); /* leaves its tangent by this */
    const double(*const axis)[3] = sensor->rot;
    const double origin[3] = {sensor->origin.east_m, sensor->origin.north_m, sensor->origin.up_m};
    double sight[3], across[3], upward[3];

    for (int i = 0; i < 3; i++) {
        const double outward = east * axis[0][i] + north * axis[1][i];
        sight[i] = run * outward + rise * axis[2][i];
        upward[i] = run * axis[2][i] - rise * outward;
        across[i] = north * axis[0][i] - east * axis[1][i];
        ret_x[i] = origin[i] + r * sight[i];
    }
    spread(ret_p, POSITION, sight, square(m->sigma_range_m) + late_m2 + 0.5 * square(arc_m));
    spread(ret_p, POSITION, across, square(r * sigma_across_rad) + late_m2);
    spread(ret_p, POSITION, upward, square(r * sigma_elevation_rad) + late_m2);
}

static void start_place(const struct sky_measurement *m, const struct sky_sensor_pose *place,
                        double late_m2, double ret_x[SKY_STATE_DIM], double ret_p[SKY_PACKED_DIM])
{
    const double rise_m = m->has_height ? m->height_hae_m - place->height_hae_m : 0.0;
    const double origin[3] = {place->origin.east_m, place->origin.north_m, place->origin.up_m};

    for (int i = 0; i < 3; i++) {
        ret_x[i] = origin[i] + rise_m * place->rot[2][i];
    }
    spread(ret_p, POSITION, place->rot[0], square(m->sigma_place_m) + late_m2);
    spread(ret_p, POSITION, place->rot[1], square(m->sigma_place_m) + late_m2);
    spread(ret_p, POSITION, place->rot[2], square(m->sigma_height_m) + late_m2);
}

void sky_measure_start(const struct sky_measurement *measurement,
                       const struct sky_sensor_pose *sensor, double speed_sigma_mps,
                       struct sky_state *ret_state)
{
    const double speed2 = square(speed_sigma_mps);
    const double late_m2 = speed2 * square((double)measurement->time_sigma_ns * 1e-9);
    double p[SKY_PACKED_DIM] = {0.0};

    memset(ret_state, 0, sizeof *ret_state);
    ret_state->time_ns = measurement->time_ns;
    if (measurement->is_place) {
        start_place(measurement, sensor, late_m2, ret_state->x, p);
    } else {
        start_polar(measurement, sensor, late_m2, ret_state->x, p);
    }
    spread(p, VELOCITY, sensor->rot[0], speed2);
    spread(p, VELOCITY, sensor->rot[1], speed2);
    spread(p, VELOCITY, sensor->rot[2], speed2 * square(climb_per_speed));
    refine(ret_state, p, measurement, sensor);
    unpack(p, ret_state->p);
}
