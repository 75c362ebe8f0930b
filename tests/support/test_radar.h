/**
 * test_radar: aircraft that fly straight or wander, and radars that measure them with known errors.
 *
 * The truth lives in the tracking frame; a radar turns it into polar measurements with the exact
 * geometry of its own place, written here apart from the filter's and with libm.
 */
#ifndef TEST_RADAR_H
#define TEST_RADAR_H

#include <math.h>
#include <string.h>

#include "sky_config.h"
#include "sky_measure.h"
#include "sky_test.h"
#include "test_matrix.h"

#define SKY_TEST_PI 3.141592653589793

struct test_target {
    double x[6]; /* e, n, u, ve, vn, vu */
};

/** A frame somewhere in the middle latitudes. */
static inline struct sky_geo_frame test_frame(void)
{
    const struct sky_lla origin = {0.35, 0.05, 400.0};
    struct sky_geo_frame frame;
    assert_int_equal(sky_geo_frame_init(&frame, &origin), SKY_OK);
    return frame;
}

/** A radar that stands at a place of the frame. */
static inline struct sky_sensor_pose test_pose(const struct sky_geo_frame *frame, double east_m,
                                               double north_m, double up_m)
{
    const struct sky_enu at = {east_m, north_m, up_m};
    const struct sky_lla place = sky_geo_from_enu(frame, &at);
    struct sky_sensor_pose pose;
    assert_int_equal(sky_sensor_pose_at(&pose, frame, &place), SKY_OK);
    return pose;
}

/** Medium-range 3D surveillance: 30 m, 0.15 degrees, 0.2 degrees, 1 m/s, a look per second. */
static inline struct sky_sensor_config test_radar(void)
{
    struct sky_sensor_config radar;
    sky_config_sensor_default(&radar);
    radar.at_station = false;
    radar.sigma_azimuth_rad = 0.0026;
    radar.sigma_elevation_rad = 0.0035;
    radar.sigma_radial_mps = 1.0;
    radar.range_max_m = 120e3;
    radar.false_plots_per_scan = 20.0;
    radar.scan_ns = SKY_SECOND_NS;
    return radar;
}

/** Frame, place and qualities of the radar that most tests look through. */
static inline void test_stand(struct sky_geo_frame *ret_frame, struct sky_sensor_pose *ret_pose,
                              struct sky_sensor_config *ret_radar)
{
    *ret_frame = test_frame();
    *ret_pose = test_pose(ret_frame, 1000.0, -2000.0, 120.0);
    *ret_radar = test_radar();
}

/** A state at 50 s that knows a target as well as the sigmas say, without correlations. */
static inline struct sky_state test_knowing(const struct test_target *target, double sigma_m,
                                            double sigma_mps)
{
    struct sky_state known = {.time_ns = 50 * SKY_SECOND_NS};
    for (int i = 0; i < 6; i++) {
        known.x[i] = target->x[i];
        known.p[i][i] = i < 3 ? sigma_m * sigma_m : sigma_mps * sigma_mps;
    }
    return known;
}

/** Straight on, with white-noise acceleration of the given intensities. */
static inline void test_fly(struct test_target *target, double dt_s, double accel_psd,
                            double climb_psd, uint64_t *seed)
{
    for (int i = 0; i < 3; i++) {
        const double q = i < 2 ? accel_psd : climb_psd;
        const double a = test_normal(seed), b = test_normal(seed);
        target->x[i] +=
            dt_s * target->x[3 + i] + sqrt(q * dt_s * dt_s * dt_s) * (0.5 * a + b / sqrt(12.0));
        target->x[3 + i] += sqrt(q * dt_s) * a;
    }
}

/** What a perfect radar would say; sigmas as configured. */
static inline struct sky_measurement test_look(const struct sky_sensor_config *radar,
                                               const struct sky_sensor_pose *pose,
                                               const struct test_target *target, int64_t time_ns)
{
    const double d[3] = {target->x[0] - pose->origin.east_m, target->x[1] - pose->origin.north_m,
                         target->x[2] - pose->origin.up_m};
    const double w[3] = {target->x[3] - pose->velocity_mps.east_m,
                         target->x[4] - pose->velocity_mps.north_m,
                         target->x[5] - pose->velocity_mps.up_m};
    double s[3];
    for (int i = 0; i < 3; i++) {
        s[i] = pose->rot[i][0] * d[0] + pose->rot[i][1] * d[1] + pose->rot[i][2] * d[2];
    }
    const double range_m = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    const double azimuth_rad = atan2(s[0], s[1]);
    return (struct sky_measurement){
        .time_ns = time_ns,
        .has_elevation = radar->measures_elevation,
        .has_radial_speed = true,
        .slant_range_m = range_m,
        .azimuth_rad = azimuth_rad < 0.0 ? azimuth_rad + 2.0 * SKY_TEST_PI : azimuth_rad,
        .elevation_rad = atan2(s[2], hypot(s[0], s[1])),
        .radial_speed_mps = (d[0] * w[0] + d[1] * w[1] + d[2] * w[2]) / range_m,
        .sigma_range_m = radar->sigma_range_m,
        .sigma_azimuth_rad = radar->sigma_azimuth_rad,
        .sigma_elevation_rad = radar->sigma_elevation_rad,
        .sigma_radial_mps = radar->sigma_radial_mps,
    };
}

/** The same with errors drawn from the sigmas. */
static inline struct sky_measurement test_measure(const struct sky_sensor_config *radar,
                                                  const struct sky_sensor_pose *pose,
                                                  const struct test_target *target, int64_t time_ns,
                                                  uint64_t *seed)
{
    struct sky_measurement m = test_look(radar, pose, target, time_ns);
    m.slant_range_m += m.sigma_range_m * test_normal(seed);
    m.azimuth_rad += m.sigma_azimuth_rad * test_normal(seed);
    m.elevation_rad += m.sigma_elevation_rad * test_normal(seed);
    m.radial_speed_mps += m.sigma_radial_mps * test_normal(seed);
    return m;
}

/** A false plot, uniform over the coverage as the tracker assumes. */
static inline struct sky_measurement test_clutter(const struct sky_sensor_config *radar,
                                                  double speed_max_mps, int64_t time_ns,
                                                  uint64_t *seed)
{
    return (struct sky_measurement){
        .time_ns = time_ns,
        .has_elevation = radar->measures_elevation,
        .has_radial_speed = true,
        .slant_range_m = test_uniform(seed, 100.0, radar->range_max_m),
        .azimuth_rad = test_uniform(seed, 0.0, 2.0 * SKY_TEST_PI),
        .elevation_rad = test_uniform(seed, 0.0, SKY_TEST_PI / 2.0),
        .radial_speed_mps = test_uniform(seed, -speed_max_mps, speed_max_mps),
        .sigma_range_m = radar->sigma_range_m,
        .sigma_azimuth_rad = radar->sigma_azimuth_rad,
        .sigma_elevation_rad = radar->sigma_elevation_rad,
        .sigma_radial_mps = radar->sigma_radial_mps,
    };
}

/** Normalised squared error of a state: e' P^-1 e. Negative if P is not positive. */
static inline double test_nees(const struct sky_state *state, const struct test_target *truth)
{
    double error[6];
    for (int i = 0; i < 6; i++) {
        error[i] = state->x[i] - truth->x[i];
    }
    return test_distance2(&state->p[0][0], 6, error, 6);
}

#endif
