#include "sky_measure.h"

#include <string.h>

#include "sky_math.h"

/* Closer than this to the sensor, or to its vertical, directions are taken as if this far. */
static const double nearest_m = 1.0;

static const double azimuth_variance_max_rad2 = 1.0;

static double larger(double a, double b) { return a > b ? a : b; }
static double square(double x) { return x * x; }

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

/* --- Lanes ---------------------------------------------------------------------------------- */

/*
 * Every loop over lanes does one thing to all of them, without a branch, so that it becomes vector
 * instructions; `restrict` says that it may.
 */

static void dot(const struct sky_lane_vector *a, const struct sky_lane_vector *b,
                double ret_dot[restrict SKY_LANES])
{
    for (int m = 0; m < SKY_LANES; m++) {
        ret_dot[m] = a->v[0][m] * b->v[0][m] + a->v[1][m] * b->v[1][m] + a->v[2][m] * b->v[2][m];
    }
}

/* The same with one vector for all lanes. */
static void dot_one(const double a[3], const struct sky_lane_vector *b,
                    double ret_dot[restrict SKY_LANES])
{
    const double a0 = a[0], a1 = a[1], a2 = a[2];
    for (int m = 0; m < SKY_LANES; m++) {
        ret_dot[m] = a0 * b->v[0][m] + a1 * b->v[1][m] + a2 * b->v[2][m];
    }
}

static void scale(const double factor[SKY_LANES], const struct sky_lane_vector *a,
                  struct sky_lane_vector *restrict ret_v)
{
    for (int i = 0; i < 3; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            ret_v->v[i][m] = factor[m] * a->v[i][m];
        }
    }
}

/* v P v' of the place's block of the packed covariance. */
static void place_variance(const struct sky_lanes *at, const struct sky_lane_vector *v,
                           double ret_m2[restrict SKY_LANES])
{
    for (int m = 0; m < SKY_LANES; m++) {
        const double a = v->v[0][m], b = v->v[1][m], c = v->v[2][m];
        ret_m2[m] = a * (at->p[0][m] * a + 2.0 * (at->p[1][m] * b + at->p[2][m] * c)) +
                    b * (at->p[6][m] * b + 2.0 * (at->p[7][m] * c)) + c * (at->p[11][m] * c);
    }
}

/* P v of the place's block. */
static void place_times(const struct sky_lanes *at, const struct sky_lane_vector *v,
                        struct sky_lane_vector *restrict ret_pv)
{
    for (int m = 0; m < SKY_LANES; m++) {
        const double a = v->v[0][m], b = v->v[1][m], c = v->v[2][m];
        ret_pv->v[0][m] = at->p[0][m] * a + at->p[1][m] * b + at->p[2][m] * c;
        ret_pv->v[1][m] = at->p[1][m] * a + at->p[6][m] * b + at->p[7][m] * c;
        ret_pv->v[2][m] = at->p[2][m] * a + at->p[7][m] * b + at->p[11][m] * c;
    }
}

/* v P v of the velocity's block. */
static void velocity_variance(const struct sky_lanes *at, const struct sky_lane_vector *v,
                              double ret_m2ps2[restrict SKY_LANES])
{
    for (int m = 0; m < SKY_LANES; m++) {
        const double a = v->v[0][m], b = v->v[1][m], c = v->v[2][m];
        ret_m2ps2[m] = a * (at->p[15][m] * a + 2.0 * (at->p[16][m] * b + at->p[17][m] * c)) +
                       b * (at->p[18][m] * b + 2.0 * (at->p[19][m] * c)) + c * (at->p[20][m] * c);
    }
}

/* --- What the sensor sees ------------------------------------------------------------------- */

static void place_from(const struct sky_lanes *at, const struct sky_sensor_pose *sensor,
                       struct sky_lane_vector *restrict ret_place,
                       struct sky_lane_vector *restrict ret_velocity)
{
    const double origin[3] = {sensor->origin.east_m, sensor->origin.north_m, sensor->origin.up_m};
    const double moving[3] = {sensor->velocity_mps.east_m, sensor->velocity_mps.north_m,
                              sensor->velocity_mps.up_m};
    for (int i = 0; i < 3; i++) {
        const double from = origin[i], by = moving[i];
        for (int m = 0; m < SKY_LANES; m++) {
            ret_place->v[i][m] = at->x[i][m] - from;
            ret_velocity->v[i][m] = at->x[3 + i][m] - by;
        }
    }
}

/* Distances along the ground and along the line of sight, and the way along the ground. */
static void find_distances(const double up[3], struct sky_views *views)
{
    const double u0 = up[0], u1 = up[1], u2 = up[2];

    dot_one(up, &views->place, views->up_m);
    for (int m = 0; m < SKY_LANES; m++) {
        const double rise_m = views->up_m[m];
        const double a = views->place.v[0][m] - rise_m * u0;
        const double b = views->place.v[1][m] - rise_m * u1;
        const double c = views->place.v[2][m] - rise_m * u2;
        const double ground2 = a * a + b * b + c * c;
        views->outward.v[0][m] = a;
        views->outward.v[1][m] = b;
        views->outward.v[2][m] = c;
        views->ground_m[m] = sky_sqrt(ground2);
        views->range_m[m] = sky_sqrt(ground2 + rise_m * rise_m);
    }
    for (int m = 0; m < SKY_LANES; m++) {
        views->ground_m[m] = larger(views->ground_m[m], nearest_m);
        views->range_m[m] = larger(views->range_m[m], nearest_m);
    }
    for (int m = 0; m < SKY_LANES; m++) {
        views->per_ground[m] = 1.0 / views->ground_m[m];
        views->per_range[m] = 1.0 / views->range_m[m];
    }
    for (int i = 0; i < 3; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            views->outward.v[i][m] *= views->per_ground[m];
        }
    }
}

static void find_directions(const double up[3], struct sky_views *views)
{
    const double u0 = up[0], u1 = up[1], u2 = up[2];

    scale(views->per_range, &views->place, &views->sight);
    for (int m = 0; m < SKY_LANES; m++) {
        const double o0 = views->outward.v[0][m], o1 = views->outward.v[1][m];
        const double o2 = views->outward.v[2][m];
        const double rise = views->up_m[m] * views->per_range[m];
        const double run = views->ground_m[m] * views->per_range[m];
        views->across.v[0][m] = o1 * u2 - o2 * u1;
        views->across.v[1][m] = o2 * u0 - o0 * u2;
        views->across.v[2][m] = o0 * u1 - o1 * u0;
        views->upward.v[0][m] = run * u0 - rise * o0;
        views->upward.v[1][m] = run * u1 - rise * o1;
        views->upward.v[2][m] = run * u2 - rise * o2;
    }
}

/* How the place is spread across the line of sight, and what of a range that leaves to chance. */
static void find_width(const struct sky_lanes *at, struct sky_views *views)
{
    struct sky_lane_vector pa, pu;
    double both_m2[SKY_LANES];

    place_times(at, &views->across, &pa);
    place_times(at, &views->upward, &pu);
    dot(&views->across, &pa, views->across_m2);
    dot(&views->upward, &pu, views->upward_m2);
    dot(&views->across, &pu, both_m2);
    for (int m = 0; m < SKY_LANES; m++) {
        views->sag_m2[m] =
            0.5 * square(views->per_range[m]) *
            (square(views->across_m2[m]) + square(views->upward_m2[m]) + 2.0 * square(both_m2[m]));
    }
}

static uint32_t components_of(const struct sky_measurement *m)
{
    const uint32_t height = m->has_height ? 1U << SKY_COMPONENT_HEIGHT : 0U;
    if (m->is_place) {
        const uint32_t speeds = 1U << SKY_COMPONENT_EAST_SPEED | 1U << SKY_COMPONENT_NORTH_SPEED;
        return height | 1U << SKY_COMPONENT_EAST | 1U << SKY_COMPONENT_NORTH |
               (m->has_velocity ? speeds : 0U);
    }
    return height | 1U << SKY_COMPONENT_RANGE | 1U << SKY_COMPONENT_AZIMUTH |
           (m->has_elevation ? 1U << SKY_COMPONENT_ELEVATION : 0U) |
           (m->has_radial_speed ? 1U << SKY_COMPONENT_RADIAL_SPEED : 0U);
}

void sky_measure_look(const struct sky_lanes *at, const struct sky_measurement *measurement,
                      const struct sky_sensor_pose *sensor, struct sky_views *ret_views)
{
    ret_views->measurement = measurement;
    ret_views->sensor = sensor;
    ret_views->has = components_of(measurement);
    place_from(at, sensor, &ret_views->place, &ret_views->velocity);
    if (!measurement->is_place) {
        find_distances(sensor->rot[2], ret_views);
        find_directions(sensor->rot[2], ret_views);
        find_width(at, ret_views);
    }
}

/* Whether azimuth, curvature included, still means something to every lane. */
static bool has_azimuth(const struct sky_views *views)
{
    double worst = 0.0;
    for (int m = 0; m < SKY_LANES; m++) {
        worst = larger(worst, views->azimuth_rad2[m] + views->across_m2[m] * //
                                                           square(views->per_ground[m]));
    }
    return worst < azimuth_variance_max_rad2;
}

void sky_measure_spread(const struct sky_lanes *at, struct sky_views *views)
{
    const struct sky_measurement *const measurement = views->measurement;
    const double azimuth_rad2 = square(measurement->sigma_azimuth_rad);
    const double radial_m2ps2 = square(measurement->sigma_radial_mps);
    double outward_m2[SKY_LANES], across[SKY_LANES], upward[SKY_LANES];

    if (measurement->is_place) {
        return;
    }
    place_variance(at, &views->outward, outward_m2);
    for (int m = 0; m < SKY_LANES; m++) {
        const double per_ground2 = square(views->per_ground[m]);
        views->azimuth_rad2[m] = azimuth_rad2 + (views->across_m2[m] * per_ground2) * //
                                                    (outward_m2[m] * per_ground2);
    }
    if (!has_azimuth(views)) {
        views->has &= ~(1U << SKY_COMPONENT_AZIMUTH);
    }
    if (measurement->has_radial_speed) {
        velocity_variance(at, &views->across, across);
        velocity_variance(at, &views->upward, upward);
        for (int m = 0; m < SKY_LANES;
             m++) { /* speed across hides in it while the place across is unsure */
            views->radial_m2ps2[m] =
                radial_m2ps2 + (views->across_m2[m] * across[m] + views->upward_m2[m] * upward[m]) *
                                   square(views->per_range[m]);
        }
    }
}

/* --- Lines ---------------------------------------------------------------------------------- */

/* Range, with the second-order term of its curvature. */
static void draw_range(const struct sky_views *views, struct sky_lane_line *restrict ret_line)
{
    const double range_m = views->measurement->slant_range_m;
    const double range_m2 = square(views->measurement->sigma_range_m);

    ret_line->stated = range_m2;
    ret_line->by_place = views->sight;
    for (int m = 0; m < SKY_LANES; m++) {
        ret_line->residual[m] = range_m - views->range_m[m];
        ret_line->variance[m] = range_m2 + views->sag_m2[m];
    }
}

/*
 * Angles of the vectors (cosine, sine), of any length. Those below 1/8 rad by the first seven terms
 * of the arc tangent's series, which leave 3e-17 rad; the few others by sky_atan2.
 */
static void find_angles(const double sine[SKY_LANES], const double cosine[SKY_LANES],
                        double ret_rad[restrict SKY_LANES])
{
    for (int m = 0; m < SKY_LANES; m++) {
        const double u = sine[m] / cosine[m], z = u * u, z2 = z * z;
        const double series = (-1.0 / 3.0 + z * (1.0 / 5.0)) + z2 * (-1.0 / 7.0 + z * (1.0 / 9.0));
        const double rest = (-1.0 / 11.0 + z * (1.0 / 13.0)) - z2 * (1.0 / 15.0);
        ret_rad[m] = u + u * (z * (series + (z2 * z2) * rest));
    }
    for (int m = 0; m < SKY_LANES; m++) {
        if (!(sky_abs(sine[m]) < 0.125 * cosine[m])) {
            ret_rad[m] = sky_atan2(sine[m], cosine[m]);
        }
    }
}

/* The prediction is turned back by the measured azimuth: what is left is the residual. */
static void draw_azimuth(const struct sky_views *views, struct sky_lane_line *restrict ret_line)
{
    const double(*const rot)[3] = views->sensor->rot;
    double sine, cosine, ahead[3], aside[3], along[SKY_LANES], off[SKY_LANES];

    sky_sincos(views->measurement->azimuth_rad, &sine, &cosine);
    for (int i = 0; i < 3; i++) {
        ahead[i] = sine * rot[0][i] + cosine * rot[1][i];
        aside[i] = sine * rot[1][i] - cosine * rot[0][i]; /* to the left */
    }
    dot_one(ahead, &views->outward, along);
    dot_one(aside, &views->outward, off);
    find_angles(off, along, ret_line->residual);
    scale(views->per_ground, &views->across, &ret_line->by_place);
    ret_line->stated = square(views->measurement->sigma_azimuth_rad);
    memcpy(ret_line->variance, views->azimuth_rad2, sizeof ret_line->variance);
}

static void draw_elevation(const struct sky_views *views, struct sky_lane_line *restrict ret_line)
{
    const double elevation_rad2 = square(views->measurement->sigma_elevation_rad);
    double rise, run, sine[SKY_LANES], cosine[SKY_LANES];

    sky_sincos(views->measurement->elevation_rad, &rise, &run);
    for (int m = 0; m < SKY_LANES; m++) {
        const double ground_m = views->ground_m[m], up_m = views->up_m[m];
        const double bend =
            views->across_m2[m] * up_m * (views->per_ground[m] * square(views->per_range[m]));
        sine[m] = rise * ground_m - run * up_m;
        cosine[m] = run * ground_m + rise * up_m;
        ret_line->variance[m] = elevation_rad2 + 0.5 * square(bend);
    }
    ret_line->stated = elevation_rad2;
    find_angles(sine, cosine, ret_line->residual);
    scale(views->per_range, &views->upward, &ret_line->by_place);
}

static void draw_radial_speed(const struct sky_views *views,
                              struct sky_lane_line *restrict ret_line)
{
    const double said_mps = views->measurement->radial_speed_mps;
    double radial_mps[SKY_LANES];

    dot(&views->sight, &views->velocity, radial_mps);
    for (int m = 0; m < SKY_LANES; m++) {
        ret_line->residual[m] = said_mps - radial_mps[m];
    }
    for (int i = 0; i < 3; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            ret_line->by_place.v[i][m] =
                (views->velocity.v[i][m] - radial_mps[m] * views->sight.v[i][m]) *
                views->per_range[m];
        }
    }
    ret_line->stated = square(views->measurement->sigma_radial_mps);
    ret_line->has_velocity = true;
    ret_line->by_velocity = views->sight;
    memcpy(ret_line->variance, views->radial_m2ps2, sizeof ret_line->variance);
}

/* Height above the ellipsoid: the sensor's, the place's up, and what the Earth curves away. */
static void draw_height(const struct sky_views *views, struct sky_lane_line *restrict ret_line)
{
    const struct sky_sensor_pose *const sensor = views->sensor;
    const double ce = sensor->curvature_east_per_m, cn = sensor->curvature_north_per_m;
    const double c = 0.5 * (ce + cn);
    const double variance = square(views->measurement->sigma_height_m);
    double east_m[SKY_LANES], north_m[SKY_LANES], up_m[SKY_LANES];

    ret_line->stated = variance;
    dot_one(sensor->rot[0], &views->place, east_m);
    dot_one(sensor->rot[1], &views->place, north_m);
    dot_one(sensor->rot[2], &views->place, up_m);
    for (int m = 0; m < SKY_LANES; m++) {
        const double east2 = square(east_m[m]), north2 = square(north_m[m]);
        const double level_m = sensor->height_hae_m + up_m[m];
        const double a = 1.0 + c * level_m;
        const double per = 1.0 / (a + sky_sqrt(a * a + c * c * (east2 + north2)));
        const double height_m = level_m + (ce * east2 + cn * north2) * per;
        east_m[m] *= 2.0 * ce * per;
        north_m[m] *= 2.0 * cn * per;
        ret_line->residual[m] = views->measurement->height_hae_m - height_m;
        ret_line->variance[m] = variance;
    }
    for (int i = 0; i < 3; i++) {
        const double r0 = sensor->rot[0][i], r1 = sensor->rot[1][i], r2 = sensor->rot[2][i];
        for (int m = 0; m < SKY_LANES; m++) {
            ret_line->by_place.v[i][m] = east_m[m] * r0 + north_m[m] * r1 + r2;
        }
    }
}

/* A reported place: how far the prediction is from it along one of its axes. */
static void draw_place(const struct sky_views *views, const double axis[3],
                       struct sky_lane_line *restrict ret_line)
{
    const double variance = square(views->measurement->sigma_place_m);
    double beyond_m[SKY_LANES];

    ret_line->stated = variance;
    dot_one(axis, &views->place, beyond_m);
    for (int i = 0; i < 3; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            ret_line->by_place.v[i][m] = axis[i];
        }
    }
    for (int m = 0; m < SKY_LANES; m++) {
        ret_line->residual[m] = 0.0 - beyond_m[m];
        ret_line->variance[m] = variance;
    }
}

/* A reported velocity: how much faster than the prediction along one of the place's axes. */
static void draw_velocity(const struct sky_views *views, const double axis[3], double said_mps,
                          struct sky_lane_line *restrict ret_line)
{
    const double variance = square(views->measurement->sigma_velocity_mps);
    double speed_mps[SKY_LANES];

    ret_line->stated = variance;
    ret_line->has_velocity = true;
    dot_one(axis, &views->velocity, speed_mps);
    for (int i = 0; i < 3; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            ret_line->by_place.v[i][m] = 0.0;
            ret_line->by_velocity.v[i][m] = axis[i];
        }
    }
    for (int m = 0; m < SKY_LANES; m++) {
        ret_line->residual[m] = said_mps - speed_mps[m];
        ret_line->variance[m] = variance;
    }
}

static void draw(const struct sky_views *views, struct sky_lane_line *restrict ret_line)
{
    if (ret_line->component == SKY_COMPONENT_RANGE) {
        draw_range(views, ret_line);
    } else if (ret_line->component == SKY_COMPONENT_AZIMUTH) {
        draw_azimuth(views, ret_line);
    } else if (ret_line->component == SKY_COMPONENT_ELEVATION) {
        draw_elevation(views, ret_line);
    } else if (ret_line->component == SKY_COMPONENT_RADIAL_SPEED) {
        draw_radial_speed(views, ret_line);
    } else if (ret_line->component == SKY_COMPONENT_HEIGHT) {
        draw_height(views, ret_line);
    } else if (ret_line->component == SKY_COMPONENT_EAST_SPEED) {
        draw_velocity(views, views->sensor->rot[0], views->measurement->vel_east_mps, ret_line);
    } else if (ret_line->component == SKY_COMPONENT_NORTH_SPEED) {
        draw_velocity(views, views->sensor->rot[1], views->measurement->vel_north_mps, ret_line);
    } else {
        draw_place(views, views->sensor->rot[ret_line->component - SKY_COMPONENT_EAST], ret_line);
    }
}

/* A late stamp acts along the motion. */
static void add_time_error(const struct sky_views *views, struct sky_lane_line *line)
{
    const double late_s = (double)views->measurement->time_sigma_ns * 1e-9;
    double rate[SKY_LANES];

    dot(&line->by_place, &views->velocity, rate);
    for (int m = 0; m < SKY_LANES; m++) {
        line->variance[m] += square(rate[m] * late_s);
    }
    line->stated += square(rate[0] * late_s);
}

/* Takes from the residuals what earlier lines moved the states by. */
static void catch_up(const struct sky_views *views, const struct sky_lanes *at,
                     struct sky_lane_line *line)
{
    struct sky_lane_vector place, velocity;
    double moved[SKY_LANES];

    place_from(at, views->sensor, &place, &velocity);
    for (int i = 0; i < 3; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            place.v[i][m] -= views->place.v[i][m];
            velocity.v[i][m] -= views->velocity.v[i][m];
        }
    }
    dot(&line->by_place, &place, moved);
    for (int m = 0; m < SKY_LANES; m++) {
        line->residual[m] -= moved[m];
    }
    if (line->has_velocity) {
        dot(&line->by_velocity, &velocity, moved);
        for (int m = 0; m < SKY_LANES; m++) {
            line->residual[m] -= moved[m];
        }
    }
}

/* Adds what the state is unsure of in the three coordinates from first on, times a factor. */
static void add_unsure(const struct sky_lanes *at, const int diagonal[3],
                       const struct sky_lane_vector *row, struct sky_lane_line *restrict line)
{
    const double *const p0 = at->p[diagonal[0]], *const p1 = at->p[diagonal[1]];
    const double *const p2 = at->p[diagonal[2]];
    for (int m = 0; m < SKY_LANES; m++) {
        const double a = row->v[0][m], b = row->v[1][m], c = row->v[2][m];
        line->variance[m] +=
            SKY_VARIANCE_PER_UNSURE * (a * a * p0[m] + b * b * p1[m] + c * c * p2[m]);
    }
}

/*
 * No line is surer than a millionth of what the state is unsure of: beyond that a double no longer
 * tells the covariance that remains from its own rounding, and it would cease to be one.
 */
static void blunt(const struct sky_lanes *at, struct sky_lane_line *line)
{
    static const int place[3] = {0, 6, 11}, velocity[3] = {15, 18, 20};
    const struct sky_lane_vector row = line->by_place;

    add_unsure(at, place, &row, line);
    if (line->has_velocity) {
        const struct sky_lane_vector by_velocity = line->by_velocity;
        add_unsure(at, velocity, &by_velocity, line);
    }
}

/*
 * What a radar without elevation sees bends with a height that nobody measured: look after look it
 * would seem to tell it, as if each erred by itself.
 */
static bool is_level(const struct sky_measurement *m, enum sky_component component)
{
    return !m->has_elevation && !m->is_place && component != SKY_COMPONENT_HEIGHT;
}

void sky_measure_line(const struct sky_lanes *at, const struct sky_views *views,
                      enum sky_component component, struct sky_lane_line *restrict ret_line)
{
    ret_line->component = component;
    ret_line->has_velocity = false;
    ret_line->level = is_level(views->measurement, component);
    draw(views, ret_line);
    add_time_error(views, ret_line);
    catch_up(views, at, ret_line);
    blunt(at, ret_line);
}

/* --- Applying ------------------------------------------------------------------------------- */

/* A column of the covariance's size, per lane. */
struct columns {
    _Alignas(SKY_LANE_ALIGNMENT) double of[SKY_STATE_DIM][SKY_LANES];
};

/* A row of P v, of which v meets three entries. */
static void spread_row(const double p0[SKY_LANES], const double p1[SKY_LANES],
                       const double p2[SKY_LANES], const struct sky_lane_vector *v,
                       double ret_row[restrict SKY_LANES])
{
    for (int m = 0; m < SKY_LANES; m++) {
        ret_row[m] = p0[m] * v->v[0][m] + p1[m] * v->v[1][m] + p2[m] * v->v[2][m];
    }
}

/* P v, v over the place; written out because the packed rows follow no pattern that unrolls. */
static void spread_by_place(const struct sky_lanes *at, const struct sky_lane_vector *v,
                            double ret_ph[restrict SKY_STATE_DIM][SKY_LANES])
{
    const double(*const p)[SKY_LANES] = at->p;
    spread_row(p[0], p[1], p[2], v, ret_ph[0]);
    spread_row(p[1], p[6], p[7], v, ret_ph[1]);
    spread_row(p[2], p[7], p[11], v, ret_ph[2]);
    spread_row(p[3], p[8], p[12], v, ret_ph[3]);
    spread_row(p[4], p[9], p[13], v, ret_ph[4]);
    spread_row(p[5], p[10], p[14], v, ret_ph[5]);
}

/* P v, v over the velocity. */
static void spread_by_velocity(const struct sky_lanes *at, const struct sky_lane_vector *v,
                               double ret_ph[restrict SKY_STATE_DIM][SKY_LANES])
{
    const double(*const p)[SKY_LANES] = at->p;
    spread_row(p[3], p[4], p[5], v, ret_ph[0]);
    spread_row(p[8], p[9], p[10], v, ret_ph[1]);
    spread_row(p[12], p[13], p[14], v, ret_ph[2]);
    spread_row(p[15], p[16], p[17], v, ret_ph[3]);
    spread_row(p[16], p[18], p[19], v, ret_ph[4]);
    spread_row(p[17], p[19], p[20], v, ret_ph[5]);
}

/* P h' of a line. */
static void spread_by(const struct sky_lanes *at, const struct sky_lane_line *line,
                      double ret_ph[restrict SKY_STATE_DIM][SKY_LANES])
{
    struct columns more;

    spread_by_place(at, &line->by_place, ret_ph);
    if (!line->has_velocity) {
        return;
    }
    spread_by_velocity(at, &line->by_velocity, more.of);
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            ret_ph[i][m] += more.of[i][m];
        }
    }
}

/* The part of v P h' that the three entries of the state from first on bring. */
static void known_by(int first, const struct sky_lane_vector *v, const struct sky_lane_fit *fit,
                     double ret_known[restrict SKY_LANES])
{
    const double *const p0 = fit->ph[first], *const p1 = fit->ph[first + 1];
    const double *const p2 = fit->ph[first + 2];
    for (int m = 0; m < SKY_LANES; m++) {
        ret_known[m] = p0[m] * v->v[0][m] + p1[m] * v->v[1][m] + p2[m] * v->v[2][m];
    }
}

void sky_measure_compare(const struct sky_lanes *at, const struct sky_lane_line *line,
                         struct sky_lane_fit *restrict ret_fit)
{
    double more[SKY_LANES];

    spread_by(at, line, ret_fit->ph);
    known_by(0, &line->by_place, ret_fit, ret_fit->known);
    if (line->has_velocity) {
        known_by(3, &line->by_velocity, ret_fit, more);
        for (int m = 0; m < SKY_LANES; m++) {
            ret_fit->known[m] += more[m];
        }
    }
    for (int m = 0; m < SKY_LANES; m++) {
        ret_fit->per_s[m] = 1.0 / (ret_fit->known[m] + line->variance[m]);
    }
}

/* Just so little weight that the state ends no surer than the height itself is; or none at all. */
static void hold_back(struct sky_lane_line *line, struct sky_lane_fit *fit)
{
    for (int m = 0; m < SKY_LANES; m++) {
        const double known = fit->known[m], variance = line->variance[m];
        const double spare = larger(known - variance, 0.0);
        fit->per_s[m] = spare / square(known);
        line->variance[m] = spare > 0.0 ? variance * known / spare : 0.0;
    }
}

/* A row of what follows, from the diagonal on. */
static void take_row_off(double (*restrict p)[SKY_LANES], const double a[SKY_LANES],
                         double (*restrict b)[SKY_LANES], int count)
{
    for (int j = 0; j < count; j++) {
        for (int m = 0; m < SKY_LANES; m++) {
            p[j][m] -= a[m] * b[j][m];
        }
    }
}

/* P -= a b', which is symmetric but for rounding. Row by row, so that every length is known. */
static void take_off(struct sky_lanes *restrict at, double (*restrict a)[SKY_LANES],
                     double (*restrict b)[SKY_LANES])
{
    take_row_off(at->p, a[0], b, 6);
    take_row_off(at->p + 6, a[1], b + 1, 5);
    take_row_off(at->p + 11, a[2], b + 2, 4);
    take_row_off(at->p + 15, a[3], b + 3, 3);
    take_row_off(at->p + 18, a[4], b + 4, 2);
    take_row_off(at->p + 20, a[5], b + 5, 1);
}

/* M h' - K R, from the M that is left. */
static void take_noise_off(const struct sky_lanes *at, const struct sky_lane_line *line,
                           const struct columns *gain, struct columns *restrict ret_rest)
{
    spread_by(at, line, ret_rest->of);
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            ret_rest->of[i][m] -= gain->of[i][m] * line->variance[m];
        }
    }
}

/* The same of a gain without its vertical rows, whose M is not symmetric: P h' - K (h P h' + R). */
static void take_level(const struct sky_lane_line *line, const struct sky_lane_fit *fit,
                       const struct columns *gain, struct columns *restrict ret_rest)
{
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            ret_rest->of[i][m] =
                fit->ph[i][m] - gain->of[i][m] * (fit->known[m] + line->variance[m]);
        }
    }
}

/* P = (1 - K h) P (1 - K h)' + K R K' = M - (M h' - K R) K', M = P - K (P h')'. */
void sky_measure_apply(struct sky_lanes *restrict at, struct sky_lane_line *restrict line,
                       struct sky_lane_fit *restrict fit)
{
    struct columns gain, rest;

    if (line->component == SKY_COMPONENT_HEIGHT) {
        hold_back(line, fit);
    }
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        const double share = line->level && i % 3 == 2 ? 0.0 : 1.0;
        for (int m = 0; m < SKY_LANES; m++) {
            gain.of[i][m] = share * (fit->ph[i][m] * fit->per_s[m]);
            at->x[i][m] += gain.of[i][m] * line->residual[m];
        }
    }
    take_off(at, gain.of, fit->ph);
    if (line->level) {
        take_level(line, fit, &gain, &rest);
    } else {
        take_noise_off(at, line, &gain, &rest);
    }
    take_off(at, rest.of, gain.of);
}
