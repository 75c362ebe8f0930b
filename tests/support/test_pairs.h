/**
 * test_pairs: sensors that are off by known amounts, and the pairs of sights that registration
 * takes.
 *
 * Aircraft appear anywhere around and fly straight; each is seen once by each of two sensors, with
 * the errors the sensors state and the biases they do not. Geometry by libm, apart from the core's.
 */
#ifndef TEST_PAIRS_H
#define TEST_PAIRS_H

#include <math.h>
#include <string.h>

#include "sky_register.h"
#include "sky_test.h"
#include "test_matrix.h"

#define TEST_DEG (3.141592653589793 / 180.0)

struct test_world {
    struct sky_config config;
    struct sky_geo_frame frame;
    struct sky_sensor_pose pose[SKY_SENSORS_MAX];
    double bias[SKY_SENSORS_MAX][SKY_BIASES]; /* the truth */
    double height_sigma_m;                    /* of Mode C, and of reported places */
    double velocity_sigma_mps;
    double accel_psd_m2ps3; /* how unsteadily aircraft fly */
    double far_m;           /* aircraft appear within this of the middle, eastward and northward */
    double pairs_hz;        /* of the whole world */
    uint64_t seed;
    int64_t now_ns;
    struct sky_register reg;
};

/** Two 3D radars 40 km apart. Call test_world_open after changing anything. */
static inline void test_world_make(struct test_world *world, uint64_t seed)
{
    memset(world, 0, sizeof(*world));
    world->height_sigma_m = 60.0;
    world->velocity_sigma_mps = 5.0;
    world->accel_psd_m2ps3 = 0.5;
    world->far_m = 40e3;
    world->pairs_hz = 2.0;
    world->seed = seed;
    const struct sky_lla origin = {0.7, 0.4, 300.0};
    assert_int_equal(sky_geo_frame_init(&world->frame, &origin), SKY_OK);
    sky_config_default(&world->config);
    world->config.sensor_count = 2;
    for (uint32_t i = 0; i < SKY_SENSORS_MAX; i++) {
        struct sky_sensor_config *sensor = &world->config.sensor[i];
        sky_config_sensor_default(sensor);
        sensor->at_station = false;
        sensor->measures_elevation = true;
        sensor->sigma_range_m = 30.0;
        sensor->sigma_azimuth_rad = 0.15 * TEST_DEG;
        sensor->sigma_elevation_rad = 0.3 * TEST_DEG;
        sensor->sigma_place_m = 10.0;
        const double turn = 2.4 * (double)i;
        const struct sky_enu at = {20e3 * cos(turn), 20e3 * sin(turn), 100.0};
        const struct sky_lla place = sky_geo_from_enu(&world->frame, &at);
        assert_int_equal(sky_sensor_pose_at(&world->pose[i], &world->frame, &place), SKY_OK);
    }
}

static inline void test_world_open(struct test_world *world)
{
    sky_register_init(&world->reg, &world->config, world->now_ns);
}

/** An aircraft, where it is at the world's present. */
struct test_flight {
    double at[3];
    double velocity_mps[3];
};

static inline struct test_flight test_appear(struct test_world *world)
{
    const double far_m = world->far_m;
    const double speed_mps = test_uniform(&world->seed, 40.0, 220.0);
    const double course_rad = test_uniform(&world->seed, 0.0, 360.0) * TEST_DEG;
    return (struct test_flight){
        .at = {test_uniform(&world->seed, -far_m, far_m), test_uniform(&world->seed, -far_m, far_m),
               test_uniform(&world->seed, 1e3, 9e3)},
        .velocity_mps = {speed_mps * sin(course_rad), speed_mps * cos(course_rad),
                         test_uniform(&world->seed, -5.0, 5.0)}};
}

/** One sensor's sight of it `after_s` from now, with random errors, biases and its own pose. */
struct test_sight {
    struct sky_measurement measurement;
    struct sky_sensor_pose pose;
};

static inline struct test_sight test_see(struct test_world *world, uint32_t sensor,
                                         const struct test_flight *flight, double after_s)
{
    const struct sky_sensor_config *config = &world->config.sensor[sensor];
    const double *bias = world->bias[sensor];
    const bool is_place = config->kind == SKY_SENSOR_COOPERATIVE;
    uint64_t *seed = &world->seed;
    struct test_sight sight = {.pose = world->pose[sensor]};
    const double wander_m = sqrt(world->accel_psd_m2ps3 * pow(fabs(after_s), 3.0) / 3.0);
    const struct sky_enu at = {
        flight->at[0] + after_s * flight->velocity_mps[0] + wander_m * test_normal(seed),
        flight->at[1] + after_s * flight->velocity_mps[1] + wander_m * test_normal(seed),
        flight->at[2] + after_s * flight->velocity_mps[2] + wander_m * test_normal(seed)};
    const double d[3] = {at.east_m - sight.pose.origin.east_m,
                         at.north_m - sight.pose.origin.north_m, at.up_m - sight.pose.origin.up_m};
    double s[3];
    for (int i = 0; i < 3; i++) {
        s[i] =
            sight.pose.rot[i][0] * d[0] + sight.pose.rot[i][1] * d[1] + sight.pose.rot[i][2] * d[2];
    }
    struct sky_lla place = sky_geo_from_enu(&world->frame, &at);
    place.alt_hae_m += world->height_sigma_m * test_normal(seed);
    place.alt_hae_m = fmin(fmax(place.alt_hae_m, -900.0), 90e3);
    sight.measurement = (struct sky_measurement){
        .time_ns = world->now_ns + (int64_t)((after_s + bias[SKY_BIAS_TIME]) * 1e9),
        .is_place = is_place,
        .has_elevation = !is_place && config->measures_elevation,
        .has_height = is_place || !config->measures_elevation,
        .slant_range_m = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) + bias[SKY_BIAS_RANGE] +
                         config->sigma_range_m * test_normal(seed),
        .azimuth_rad = atan2(s[0], s[1]) + bias[SKY_BIAS_AZIMUTH] +
                       config->sigma_azimuth_rad * test_normal(seed),
        .elevation_rad = atan2(s[2], hypot(s[0], s[1])) + bias[SKY_BIAS_ELEVATION] +
                         config->sigma_elevation_rad * test_normal(seed),
        .height_hae_m = place.alt_hae_m,
        .sigma_range_m = config->sigma_range_m,
        .sigma_azimuth_rad = config->sigma_azimuth_rad,
        .sigma_elevation_rad = config->sigma_elevation_rad,
        .sigma_height_m = world->height_sigma_m,
        .sigma_place_m = config->sigma_place_m,
    };
    if (is_place) {
        assert_int_equal(sky_sensor_pose_at(&sight.pose, &world->frame, &place), SKY_OK);
        sight.pose.origin.east_m += config->sigma_place_m * test_normal(seed);
        sight.pose.origin.north_m += config->sigma_place_m * test_normal(seed);
    }
    return sight;
}

/** Gives a pair of sights to the register, with a velocity as well known as the world has it. */
static inline bool test_give(struct test_world *world, const struct test_flight *flight, uint32_t a,
                             const struct test_sight *sight_a, uint32_t b,
                             const struct test_sight *sight_b)
{
    const double sigma = world->velocity_sigma_mps;
    const double cov[3][3] = {{sigma * sigma, 0, 0}, {0, sigma * sigma, 0}, {0, 0, sigma * sigma}};
    double velocity_mps[3];
    for (int i = 0; i < 3; i++) {
        velocity_mps[i] = flight->velocity_mps[i] + sigma * test_normal(&world->seed);
    }
    const struct sky_sight first = {a, &sight_a->measurement, &sight_a->pose};
    const struct sky_sight second = {b, &sight_b->measurement, &sight_b->pose};
    return sky_register_pair(&world->reg, &world->config, &first, &second, velocity_mps, cov,
                             world->accel_psd_m2ps3);
}

/** Another aircraft, seen by one sensor now and by another `lag_s` later. */
struct test_meeting {
    struct test_flight flight;
    struct test_sight sight[2];
};

static inline struct test_meeting test_meet(struct test_world *world, uint32_t a, uint32_t b,
                                            double lag_s)
{
    struct test_meeting met = {.flight = test_appear(world)};
    met.sight[0] = test_see(world, a, &met.flight, 0.0);
    met.sight[1] = test_see(world, b, &met.flight, lag_s);
    return met;
}

static inline bool test_give_met(struct test_world *world, uint32_t a, uint32_t b,
                                 const struct test_meeting *met)
{
    return test_give(world, &met->flight, a, &met->sight[0], b, &met->sight[1]);
}

/** Another aircraft, seen by both within two seconds. Returns whether the pair was used. */
static inline bool test_pair(struct test_world *world, uint32_t a, uint32_t b)
{
    world->now_ns += (int64_t)(1e9 / world->pairs_hz);
    const struct test_flight flight = test_appear(world);
    const struct test_sight sight_a = test_see(world, a, &flight, 0.0);
    const struct test_sight sight_b =
        test_see(world, b, &flight, test_uniform(&world->seed, -2.0, 2.0));
    return test_give(world, &flight, a, &sight_a, b, &sight_b);
}

static inline uint32_t test_pairs(struct test_world *world, uint32_t a, uint32_t b, uint32_t count)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        used += test_pair(world, a, b);
    }
    return used;
}

static inline struct sky_registration test_report(const struct test_world *world, uint32_t sensor)
{
    struct sky_registration registration;
    sky_register_report(&world->reg, sensor, &registration);
    return registration;
}

#endif
