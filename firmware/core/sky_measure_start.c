#include <string.h>

#include "sky_math.h"
#include "sky_measure.h"

/* Without elevation, and where no place at that range has the height. */
static const double sine_elevation_max = 0.8;
static const double sigma_elevation_max_rad = 0.5;

/* How fast aircraft climb compared with how fast they fly. */
static const double climb_per_speed = 1.0 / 3.0;

/* A radial speed of more sigmas of the speeds expected widens them. */
static const double radial_sigmas_max = 3.0;

static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }
static double square(double x) { return x * x; }

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

/* Adds variance along a direction to the place (first 0) or the velocity (first 3). */
static void spread(struct sky_state *state, int first, const double v[3], double variance)
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            state->p[first + i][first + j] += variance * (v[i] * v[j]);
        }
    }
}

static void spread_all_round(struct sky_state *state, int first, double variance)
{
    for (int i = 0; i < 3; i++) {
        state->p[first + i][first + i] += variance;
    }
}

/* Spreads the place along three axes; none is surer than a millionth of the others: see blunt. */
static void spread_place(struct sky_state *state, const double *const axis[3],
                         const double variance[3])
{
    const double least = SKY_VARIANCE_PER_UNSURE * (variance[0] + variance[1] + variance[2]);
    const double shared = smaller(variance[0], smaller(variance[1], variance[2]));
    spread_all_round(state, 0, shared + least);
    for (int i = 0; i < 3; i++) {
        if (variance[i] > shared) {
            spread(state, 0, axis[i], variance[i] - shared);
        }
    }
}

/* Applies a line to one state, as sky_measure_apply does to many. */
static void apply_row(const double h[SKY_STATE_DIM], double residual, double variance,
                      struct sky_state *state)
{
    double ph[SKY_STATE_DIM], gain[SKY_STATE_DIM], rest[SKY_STATE_DIM];
    double known = 0.0;

    for (int i = 0; i < SKY_STATE_DIM; i++) {
        ph[i] = 0.0;
        for (int j = 0; j < SKY_STATE_DIM; j++) {
            ph[i] += state->p[i][j] * h[j];
        }
        known += h[i] * ph[i];
    }
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        gain[i] = ph[i] / (known + variance);
        rest[i] = 0.0 - gain[i] * variance;
        for (int j = 0; j < SKY_STATE_DIM; j++) {
            rest[i] += (state->p[i][j] - gain[i] * ph[j]) * h[j];
        }
        state->x[i] += gain[i] * residual;
    }
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int j = i; j < SKY_STATE_DIM; j++) {
            const double left = state->p[i][j] - gain[i] * ph[j];
            state->p[i][j] = state->p[j][i] = left - rest[i] * gain[j];
        }
    }
}

/*
 * What the radial speed says of velocity is taken like any measurement (see draw_radial_speed): an
 * aircraft is as likely to fly one way as another, and less likely to climb. Along: from the
 * sensor.
 */
static void take_radial_speed(const struct sky_measurement *m, const struct sky_sensor_pose *sensor,
                              const double along[3], const double across[3], const double upward[3],
                              struct sky_state *state)
{
    const double per_range = 1.0 / m->slant_range_m, late_s = (double)m->time_sigma_ns * 1e-9;
    const double velocity[3] = {0.0 - sensor->velocity_mps.east_m,
                                0.0 - sensor->velocity_mps.north_m,
                                0.0 - sensor->velocity_mps.up_m};
    const double radial_mps =
        along[0] * velocity[0] + along[1] * velocity[1] + along[2] * velocity[2];
    const double slip =
        sky_state_along(state, 0, 0, across) * sky_state_along(state, 3, 3, across) +
        sky_state_along(state, 0, 0, upward) * sky_state_along(state, 3, 3, upward);
    const double residual_mps = m->radial_speed_mps - radial_mps;
    double h[SKY_STATE_DIM], rate = 0.0, unsure = 0.0;

    /* Faster than was thought possible: that is no news of the place. */
    const double beyond_m2ps2 =
        square(residual_mps / radial_sigmas_max) - sky_state_along(state, 3, 3, along);
    if (beyond_m2ps2 > 0.0) {
        spread(state, 3, along, beyond_m2ps2);
    }
    for (int i = 0; i < 3; i++) {
        h[i] = (velocity[i] - radial_mps * along[i]) * per_range;
        h[3 + i] = along[i];
        rate += h[i] * velocity[i];
        unsure += h[i] * h[i] * state->p[i][i] + along[i] * along[i] * state->p[3 + i][3 + i];
    }
    apply_row(h, residual_mps,
              square(m->sigma_radial_mps) + slip * square(per_range) + square(rate * late_s) +
                  SKY_VARIANCE_PER_UNSURE * unsure,
              state);
}

/* Where one polar measurement puts the aircraft, whose velocity is open. */
static void start_polar(const struct sky_measurement *m, const struct sky_sensor_pose *sensor,
                        double late_m2, struct sky_state *state)
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
    /* What the sphere leaves its tangent by. */
    const double arc_m2 =
        square(r * run * square(m->sigma_azimuth_rad)) + square(r * square(sigma_elevation_rad));
    const double(*const axis)[3] = sensor->rot;
    const double origin[3] = {sensor->origin.east_m, sensor->origin.north_m, sensor->origin.up_m};
    double sight[3], across[3], upward[3];

    for (int i = 0; i < 3; i++) {
        const double outward = east * axis[0][i] + north * axis[1][i];
        sight[i] = run * outward + rise * axis[2][i];
        upward[i] = run * axis[2][i] - rise * outward;
        across[i] = north * axis[0][i] - east * axis[1][i];
        state->x[i] = origin[i] + r * sight[i];
    }
    const double *const axes[3] = {sight, across, upward};
    const double variance[3] = {square(m->sigma_range_m) + 0.5 * arc_m2 + late_m2,
                                square(r * sigma_across_rad) + late_m2,
                                square(r * sigma_elevation_rad) + late_m2};
    spread_place(state, axes, variance);
    if (m->has_radial_speed) {
        take_radial_speed(m, sensor, sight, across, upward, state);
    }
}

static void start_place(const struct sky_measurement *m, const struct sky_sensor_pose *place,
                        double late_m2, struct sky_state *state)
{
    const double rise_m = m->has_height ? m->height_hae_m - place->height_hae_m : 0.0;
    const double origin[3] = {place->origin.east_m, place->origin.north_m, place->origin.up_m};

    for (int i = 0; i < 3; i++) {
        state->x[i] = origin[i] + rise_m * place->rot[2][i];
    }
    if (m->has_velocity) {
        for (int i = 0; i < 3; i++) {
            state->x[3 + i] =
                m->vel_east_mps * place->rot[0][i] + m->vel_north_mps * place->rot[1][i];
        }
    }
    const double *const axes[3] = {place->rot[0], place->rot[1], place->rot[2]};
    const double flat_m2 = square(m->sigma_place_m) + late_m2;
    const double variance[3] = {flat_m2, flat_m2, square(m->sigma_height_m) + late_m2};
    spread_place(state, axes, variance);
}

void sky_measure_start(const struct sky_measurement *measurement,
                       const struct sky_sensor_pose *sensor, double speed_sigma_mps,
                       struct sky_state *ret_state)
{
    const double speed2 = square(speed_sigma_mps);
    const bool has_velocity = measurement->is_place && measurement->has_velocity;
    const double flat2 =
        has_velocity ? smaller(speed2, square(measurement->sigma_velocity_mps)) : speed2;
    const double late_m2 = speed2 * square((double)measurement->time_sigma_ns * 1e-9);

    memset(ret_state, 0, sizeof *ret_state);
    ret_state->time_ns = measurement->time_ns;
    spread_all_round(ret_state, 3, flat2);
    spread(ret_state, 3, sensor->rot[2],
           speed2 * (square(climb_per_speed) - 1.0) + (speed2 - flat2));
    if (measurement->is_place) {
        start_place(measurement, sensor, late_m2, ret_state);
    } else {
        start_polar(measurement, sensor, late_m2, ret_state);
    }
}
