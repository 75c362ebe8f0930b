#include "test_pairs.h"

static const double prior[SKY_BIASES] = {80.0, 0.6 * TEST_DEG, 0.5 * TEST_DEG, 0.1};

static struct test_world world; /* a matrix of all biases is too big for the stack */

static int start(void **state)
{
    (void)state;
    test_world_make(&world, 1);
    return 0;
}

/* Every bias is as far from the truth as its sigma allows. */
static void assert_knows(uint32_t sensor, double sigmas)
{
    const struct sky_registration r = test_report(&world, sensor);
    for (int i = 0; i < SKY_BIASES; i++) {
        assert_near(r.bias[i], world.bias[sensor][i], sigmas * r.bias_sigma[i]);
    }
}

static void assert_covariance(uint32_t a, uint32_t b, const double sigma[SKY_BIASES])
{
    double cov[SKY_BIASES][SKY_BIASES];
    sky_register_remaining(&world.reg, &world.config, a, b, cov);
    for (int i = 0; i < SKY_BIASES; i++) {
        for (int j = 0; j < SKY_BIASES; j++) {
            const double wanted = i == j ? sigma[i] * sigma[i] : 0.0;
            assert_near(cov[i][j], wanted, 1e-12 * wanted);
        }
    }
}

static const struct sky_measurement plot = {.time_ns = 7 * SKY_SECOND_NS,
                                            .has_elevation = true,
                                            .slant_range_m = 30e3,
                                            .azimuth_rad = 1.0,
                                            .elevation_rad = 0.1};

static void assert_not_corrected(uint32_t sensor)
{
    struct sky_measurement m = plot;
    sky_register_correct(&world.reg, sensor, &m);
    assert_true(m.slant_range_m == plot.slant_range_m && m.azimuth_rad == plot.azimuth_rad);
    assert_true(m.elevation_rad == plot.elevation_rad && m.time_ns == plot.time_ns);
}

static void a_sensor_alone_cannot_know_and_keeps_its_prior(void **state)
{
    (void)state;
    world.config.sensor_count = 3;
    world.config.sensor[2].bias_sigma_range_m = 10.0;
    world.config.sensor[2].bias_sigma_azimuth_rad = 0.001;
    world.config.sensor[2].bias_sigma_elevation_rad = 0.002;
    world.bias[0][SKY_BIAS_AZIMUTH] = 0.4 * TEST_DEG;
    test_world_open(&world);
    assert_int_equal(test_pairs(&world, 0, 1, 400), 400);
    assert_int_equal(test_report(&world, 0).state, SKY_REGISTER_APPLIED);

    const struct sky_registration alone = test_report(&world, 2);
    assert_int_equal(alone.state, SKY_REGISTER_ALONE);
    assert_int_equal(alone.pairs, 0);
    for (int i = 0; i < SKY_BIASES; i++) {
        assert_true(alone.bias[i] == 0.0);
        assert_near(alone.bias_sigma[i], prior[i], 1e-12 * prior[i]);
    }
    assert_not_corrected(2);
    assert_covariance(2, 2, (double[]){10.0, 0.001, 0.002, 0.0});
    assert_covariance(2, 0, (double[]){0.0, 0.0, 0.0, 0.0});
    assert_covariance(0, 2, (double[]){0.0, 0.0, 0.0, 0.0});
}

static void a_radar_that_states_more_than_the_field_is_taken_at_its_word(void **state)
{
    (void)state;
    world.config.sensor[1].bias_sigma_range_m = 300.0;
    test_world_open(&world);
    assert_near(test_report(&world, 1).bias_sigma[SKY_BIAS_RANGE], 300.0, 1e-9);
    world.bias[1][SKY_BIAS_RANGE] = 500.0;
    test_pairs(&world, 0, 1, 400);
    assert_knows(1, 3.0);
    assert_near(test_report(&world, 1).bias[SKY_BIAS_RANGE], 500.0, 15.0);
}

static void the_one_radar_that_is_off_is_found_and_the_other_left_alone(void **state)
{
    (void)state;
    world.bias[0][SKY_BIAS_RANGE] = 40.0;
    world.bias[0][SKY_BIAS_AZIMUTH] = 0.3 * TEST_DEG;
    test_world_open(&world);
    assert_int_equal(test_pairs(&world, 0, 1, 600), 600);

    const struct sky_registration off = test_report(&world, 0), good = test_report(&world, 1);
    assert_int_equal(off.state, SKY_REGISTER_APPLIED);
    assert_int_equal(off.pairs, 600);
    assert_knows(0, 3.0);
    assert_knows(1, 3.0);
    assert_near(off.bias[SKY_BIAS_RANGE], 40.0, 12.0);
    assert_near(off.bias[SKY_BIAS_AZIMUTH], 0.3 * TEST_DEG, 0.03 * TEST_DEG);
    assert_near(good.bias[SKY_BIAS_RANGE], 0.0, 6.0);
    assert_near(good.bias[SKY_BIAS_AZIMUTH], 0.0, 0.02 * TEST_DEG);
    assert_true(off.bias_sigma[SKY_BIAS_RANGE] < 12.0);
    assert_true(off.bias_sigma[SKY_BIAS_AZIMUTH] < 0.03 * TEST_DEG);
}

/* Close together they see all but the same, and by themselves would know only differences. */
static void two_that_agree_tell_how_far_off_the_third_is(void **state)
{
    (void)state;
    world.config.sensor_count = 3;
    world.bias[0][SKY_BIAS_RANGE] = 60.0;
    world.bias[0][SKY_BIAS_AZIMUTH] = 0.4 * TEST_DEG;
    world.pose[1] = world.pose[2] = world.pose[0];
    world.pose[1].origin.north_m += 3e3;
    world.pose[2].origin.east_m += 3e3;
    test_world_open(&world);
    for (int i = 0; i < 100; i++) {
        test_pair(&world, 0, 1);
        test_pair(&world, 1, 2);
        test_pair(&world, 2, 0);
    }
    const struct sky_registration off = test_report(&world, 0);
    for (uint32_t sensor = 0; sensor < 3; sensor++) {
        assert_knows(sensor, 3.0);
    }
    assert_near(off.bias[SKY_BIAS_RANGE], 60.0, 12.0);
    assert_near(off.bias[SKY_BIAS_AZIMUTH], 0.4 * TEST_DEG, 0.04 * TEST_DEG);
    assert_true(off.bias_sigma[SKY_BIAS_RANGE] < 0.5 * sqrt(world.reg.free.p[0][0]));
    assert_true(off.bias_sigma[SKY_BIAS_AZIMUTH] < 0.5 * sqrt(world.reg.free.p[1][1]));
}

static void two_radars_that_are_both_off_are_both_found(void **state)
{
    (void)state;
    const double off[2][SKY_BIASES] = {{90.0, -0.5 * TEST_DEG, 0.3 * TEST_DEG, 0.0},
                                       {-60.0, 0.8 * TEST_DEG, -0.4 * TEST_DEG, 0.0}};
    memcpy(world.bias, off, sizeof(off));
    test_world_open(&world);
    test_pairs(&world, 0, 1, 1500);
    for (uint32_t sensor = 0; sensor < 2; sensor++) {
        assert_knows(sensor, 3.0);
        const struct sky_registration r = test_report(&world, sensor);
        assert_near(r.bias[SKY_BIAS_RANGE], off[sensor][SKY_BIAS_RANGE], 20.0);
        assert_near(r.bias[SKY_BIAS_AZIMUTH], off[sensor][SKY_BIAS_AZIMUTH], 0.04 * TEST_DEG);
        assert_near(r.bias[SKY_BIAS_ELEVATION], off[sensor][SKY_BIAS_ELEVATION], 0.1 * TEST_DEG);
    }
}

static void two_good_radars_stay_as_stated(void **state)
{
    (void)state;
    world.config.sensor[0].bias_sigma_range_m = 5.0;
    world.config.sensor[0].bias_sigma_azimuth_rad = 0.0004;
    test_world_open(&world);
    for (int i = 0; i < 30; i++) {
        test_pairs(&world, 0, 1, 50);
        assert_false(world.reg.applied);
    }
    assert_true(world.reg.log_ratio < 0.0);
    assert_int_equal(test_report(&world, 0).state, SKY_REGISTER_LEARNING);
    assert_not_corrected(0);
    assert_covariance(0, 0, (double[]){5.0, 0.0004, 0.0, 0.0});
    assert_covariance(0, 1, (double[]){0.0, 0.0, 0.0, 0.0});
}

static void what_is_applied_is_what_is_reported(void **state)
{
    (void)state;
    const double off[SKY_BIASES] = {60.0, 0.4 * TEST_DEG, 0.3 * TEST_DEG, 0.12};
    memcpy(world.bias[1], off, sizeof(off));
    test_world_open(&world);
    test_pairs(&world, 0, 1, 600);
    const struct sky_registration r = test_report(&world, 1);
    struct sky_measurement m = plot;
    sky_register_correct(&world.reg, 1, &m);
    assert_near(plot.slant_range_m - m.slant_range_m, r.bias[SKY_BIAS_RANGE], 1e-9);
    assert_near(plot.azimuth_rad - m.azimuth_rad, r.bias[SKY_BIAS_AZIMUTH], 1e-12);
    assert_near(plot.elevation_rad - m.elevation_rad, r.bias[SKY_BIAS_ELEVATION], 1e-12);
    assert_near((double)(plot.time_ns - m.time_ns) / 1e9, r.bias[SKY_BIAS_TIME], 2e-9);

    double own[SKY_BIASES][SKY_BIASES], cross[SKY_BIASES][SKY_BIASES], other[4][4];
    sky_register_remaining(&world.reg, &world.config, 1, 1, own);
    sky_register_remaining(&world.reg, &world.config, 1, 0, cross);
    sky_register_remaining(&world.reg, &world.config, 0, 1, other);
    for (int i = 0; i < SKY_BIASES; i++) {
        assert_near(own[i][i], r.bias_sigma[i] * r.bias_sigma[i], 1e-12);
        for (int j = 0; j < SKY_BIASES; j++) {
            assert_true(own[i][j] == own[j][i] && cross[i][j] == other[j][i]);
        }
    }
    const struct sky_registration s = test_report(&world, 0);
    assert_true(cross[SKY_BIAS_TIME][SKY_BIAS_TIME] > /* only their difference is seen */
                0.1 * r.bias_sigma[SKY_BIAS_TIME] * s.bias_sigma[SKY_BIAS_TIME]);

    m = (struct sky_measurement){.slant_range_m = 20.0};
    sky_register_correct(&world.reg, 1, &m);
    assert_true(m.slant_range_m == 1.0);
}

static void aircraft_that_report_their_place_tie_a_radar_to_the_ground(void **state)
{
    (void)state;
    world.config.sensor[1].kind = SKY_SENSOR_COOPERATIVE;
    world.config.sensor[1].bias_sigma_range_m = 70.0; /* means nothing there */
    world.height_sigma_m = 150.0;
    const double off[SKY_BIASES] = {50.0, -1.8 * TEST_DEG, 0.2 * TEST_DEG, 0.05};
    memcpy(world.bias[0], off, sizeof(off));
    test_world_open(&world);
    assert_covariance(1, 1, (double[]){0.0, 0.0, 0.0, 0.0});
    assert_int_equal(test_pairs(&world, 0, 1, 200) + test_pairs(&world, 1, 0, 200), 400);

    const struct sky_registration radar = test_report(&world, 0), places = test_report(&world, 1);
    assert_int_equal(radar.state, SKY_REGISTER_APPLIED);
    assert_knows(0, 3.0);
    assert_near(radar.bias[SKY_BIAS_RANGE], 50.0, 8.0);
    assert_near(radar.bias[SKY_BIAS_AZIMUTH], -1.8 * TEST_DEG, 0.03 * TEST_DEG);
    assert_near(radar.bias[SKY_BIAS_ELEVATION], 0.2 * TEST_DEG, 0.06 * TEST_DEG);
    assert_near(radar.bias[SKY_BIAS_TIME], 0.05, 0.05);
    for (int i = 0; i < SKY_BIASES; i++) {
        assert_true(places.bias[i] == 0.0 && places.bias_sigma[i] == 0.0);
    }
    struct sky_measurement m = {.is_place = true, .slant_range_m = 0.0, .time_ns = 5};
    sky_register_correct(&world.reg, 0, &m);
    assert_true(m.slant_range_m == 0.0 && m.time_ns == 5);
}

static void a_heading_far_off_at_80_km_is_not_taken_for_wrong_association(void **state)
{
    (void)state;
    world.bias[0][SKY_BIAS_AZIMUTH] = -1.8 * TEST_DEG;
    world.far_m = 75e3;
    test_world_open(&world);
    assert_true(test_pairs(&world, 0, 1, 300) >= 298);
    assert_knows(0, 3.0);
    assert_near(test_report(&world, 0).bias[SKY_BIAS_AZIMUTH], -1.8 * TEST_DEG, 0.04 * TEST_DEG);
}

static void late_stamps_are_told_from_the_difference_of_two_clocks(void **state)
{
    (void)state;
    world.config.sensor[0].sigma_azimuth_rad = world.config.sensor[1].sigma_azimuth_rad = 0.0005;
    world.bias[0][SKY_BIAS_TIME] = 0.2;
    world.velocity_sigma_mps = 1.0;
    test_world_open(&world);
    test_pairs(&world, 0, 1, 1500);
    const struct sky_registration a = test_report(&world, 0), b = test_report(&world, 1);
    assert_near(a.bias[SKY_BIAS_TIME] - b.bias[SKY_BIAS_TIME], 0.2, 0.03);
    assert_true(a.bias[SKY_BIAS_TIME] > 0.0);
    assert_knows(0, 3.0);
}

static void a_flat_radar_with_mode_c_is_registered_in_range_and_azimuth(void **state)
{
    (void)state;
    const double off[SKY_BIASES] = {60.0, 0.5 * TEST_DEG, 0.0, 0.0};
    for (uint32_t flat = 0; flat < 2; flat++) {
        test_world_make(&world, 2);
        world.config.sensor[flat].measures_elevation = false;
        memcpy(world.bias[flat], off, sizeof(off));
        test_world_open(&world);
        assert_true(test_pairs(&world, 0, 1, 600) >= 597);
        const struct sky_registration r = test_report(&world, flat);
        assert_knows(flat, 3.0);
        assert_near(r.bias[SKY_BIAS_RANGE], 60.0, 15.0);
        assert_near(r.bias[SKY_BIAS_AZIMUTH], 0.5 * TEST_DEG, 0.04 * TEST_DEG);
        assert_true(r.bias[SKY_BIAS_ELEVATION] == 0.0);
    }
}

/* Seen steeply, at a known height, a longer range is a distance over ground longer still. */
static void a_flat_radar_is_registered_overhead_too(void **state)
{
    (void)state;
    world.config.sensor[0].measures_elevation = false;
    world.config.sensor[1].kind = SKY_SENSOR_COOPERATIVE;
    world.bias[0][SKY_BIAS_RANGE] = 60.0;
    world.height_sigma_m = 30.0;
    world.far_m = 8e3;
    test_world_open(&world);
    world.pose[0] = test_see(&world, 1, &(struct test_flight){.at = {0.0}}, 0.0).pose;
    test_pairs(&world, 0, 1, 1500);
    assert_true(test_report(&world, 0).pairs > 1200);
    assert_near(test_report(&world, 0).bias[SKY_BIAS_RANGE], 60.0, 6.0);
}

/* Error of range 30 m, at 45 degrees 42 over ground, against a place that is known to 100. */
static void a_flat_radar_learns_range_from_distance_over_ground(void **state)
{
    (void)state;
    world.config.sensor[0].measures_elevation = false;
    world.config.sensor[1].kind = SKY_SENSOR_COOPERATIVE;
    world.config.sensor[1].sigma_place_m = 100.0;
    world.height_sigma_m = 3.0;
    world.velocity_sigma_mps = 0.1;
    test_world_open(&world);
    const struct test_flight here = {.at = {0.0}}, there = {.at = {6e3, 0.0, 6e3}};
    world.pose[0] = test_see(&world, 1, &here, 0.0).pose;
    const struct test_sight a = test_see(&world, 0, &there, 0.0);
    const struct test_sight b = test_see(&world, 1, &there, 0.0);
    assert_true(test_give(&world, &there, 0, &a, 1, &b));
    const double ground_m2 = 30.0 * 30.0 + 0.5 * 100.0 * 100.0;
    assert_near(sqrt(world.reg.free.p[0][0]), sqrt(1.0 / (1.0 / 6400.0 + 1.0 / ground_m2)), 2.0);
}

static void two_flat_radars_with_mode_c_are_registered(void **state)
{
    (void)state;
    world.config.sensor[0].measures_elevation = false;
    world.config.sensor[1].measures_elevation = false;
    world.bias[1][SKY_BIAS_AZIMUTH] = 0.5 * TEST_DEG;
    test_world_open(&world);
    assert_true(test_pairs(&world, 0, 1, 600) >= 590);
    assert_knows(0, 3.0);
    assert_knows(1, 3.0);
    assert_near(test_report(&world, 1).bias[SKY_BIAS_AZIMUTH], 0.5 * TEST_DEG, 0.04 * TEST_DEG);
}

/* The height of a flat radar's sights is anybody's guess: 5 km, give or take 3. */
static void guess_height(struct test_sight *sight)
{
    sight->measurement.height_hae_m = 5000.0;
    sight->measurement.sigma_height_m = 3000.0;
}

static void a_guessed_height_serves_only_beside_one_that_is_seen(void **state)
{
    (void)state;
    for (uint32_t flat = 0; flat < 2; flat++) {
        test_world_make(&world, 3);
        world.config.sensor[flat].measures_elevation = false;
        world.bias[flat][SKY_BIAS_RANGE] = 100.0;
        test_world_open(&world);
        for (int i = 0; i < 600; i++) {
            world.now_ns += SKY_SECOND_NS / 2;
            struct test_meeting met = test_meet(&world, 0, 1, 1.0);
            guess_height(&met.sight[flat]);
            test_give_met(&world, 0, 1, &met);
        }
        assert_true(test_report(&world, flat).pairs > 500);
        assert_near(test_report(&world, flat).bias[SKY_BIAS_RANGE], 100.0, 20.0);
        assert_knows(flat, 3.0);
    }

    test_world_make(&world, 3);
    world.config.sensor[0].measures_elevation = false;
    world.config.sensor[1].measures_elevation = false;
    test_world_open(&world);
    const struct test_flight flight = {.at = {0.0, 30e3, 6e3}, .velocity_mps = {100.0, 0.0, 0.0}};
    struct test_sight a = test_see(&world, 0, &flight, 0.0), b = test_see(&world, 1, &flight, 0.0);
    assert_true(test_give(&world, &flight, 0, &a, 1, &b));
    guess_height(&a);
    assert_false(test_give(&world, &flight, 0, &a, 1, &b));
    assert_false(test_give(&world, &flight, 1, &b, 0, &a));
    assert_int_equal(test_report(&world, 0).pairs, 1);
}

static void sights_without_any_height_are_refused(void **state)
{
    (void)state;
    test_world_open(&world);
    const struct test_flight flight = {.at = {0.0, 30e3, 6e3}, .velocity_mps = {100.0, 0.0, 0.0}};
    struct test_sight a = test_see(&world, 0, &flight, 0.0), b = test_see(&world, 1, &flight, 0.0);
    a.measurement.has_elevation = false;
    assert_false(test_give(&world, &flight, 0, &a, 1, &b));
    assert_false(test_give(&world, &flight, 1, &b, 0, &a));

    a.measurement.has_height = true; /* but far above what this range reaches */
    a.measurement.height_hae_m = 60e3;
    assert_false(test_give(&world, &flight, 0, &a, 1, &b));

    world.config.sensor[0].kind = SKY_SENSOR_COOPERATIVE;
    a = test_see(&world, 0, &flight, 0.0);
    assert_true(test_give(&world, &flight, 0, &a, 1, &b));
    a.measurement.has_height = false;
    a.measurement.has_elevation = true; /* of a place it means nothing */
    assert_false(test_give(&world, &flight, 0, &a, 1, &b));
    assert_int_equal(test_report(&world, 1).pairs, 1);
}

static void the_wrong_aircraft_is_left_out(void **state)
{
    (void)state;
    test_world_open(&world);
    test_pairs(&world, 0, 1, 200);
    const struct sky_registration before = test_report(&world, 0);
    const double ratio = world.reg.log_ratio;
    const struct test_flight flight = {.at = {0.0, 30e3, 6e3}, .velocity_mps = {100.0, 0.0, 0.0}};
    const struct test_flight wrong = {.at = {1e3, 30e3, 6e3}, .velocity_mps = {100.0, 0.0, 0.0}};
    const struct test_sight a = test_see(&world, 0, &flight, 0.0);
    const struct test_sight b = test_see(&world, 1, &wrong, 0.0);
    assert_false(test_give(&world, &flight, 0, &a, 1, &b));
    const struct sky_registration after = test_report(&world, 0);
    assert_int_equal(after.pairs, before.pairs);
    assert_memory_equal(after.bias, before.bias, sizeof(after.bias));
    assert_true(world.reg.log_ratio == ratio);
}

static void no_single_pair_is_decisive(void **state)
{
    (void)state;
    test_world_open(&world);
    const struct test_flight flight = {.at = {0.0, 60e3, 6e3}, .velocity_mps = {100.0, 0.0, 0.0}};
    const struct test_flight wrong = {.at = {0.0, 61e3, 6e3}, .velocity_mps = {100.0, 0.0, 0.0}};
    const struct test_sight a = test_see(&world, 0, &flight, 0.0);
    const struct test_sight b = test_see(&world, 1, &wrong, 0.0);
    assert_true(test_give(&world, &flight, 0, &a, 1, &b)); /* 80 m and 0.6 degrees allow that */
    assert_true(world.reg.log_ratio > 0.0 && world.reg.log_ratio <= 4.0);
    assert_false(world.reg.applied);
}

static void a_radar_that_is_knocked_askew_is_learned_anew(void **state)
{
    (void)state;
    world.config.sensor_count = 3;
    test_world_open(&world);
    for (int i = 0; i < 300; i++) {
        test_pair(&world, 0, 1);
        test_pair(&world, 1, 2);
    }
    const double other = test_report(&world, 2).bias_sigma[SKY_BIAS_AZIMUTH];
    world.bias[0][SKY_BIAS_AZIMUTH] = 2.0 * TEST_DEG;
    for (int i = 0; i < 300; i++) {
        test_pair(&world, 0, 1);
        test_pair(&world, 1, 2);
    }
    assert_near(test_report(&world, 0).bias[SKY_BIAS_AZIMUTH], 2.0 * TEST_DEG, 0.08 * TEST_DEG);
    assert_true(world.reg.applied);
    assert_near(test_report(&world, 1).bias[SKY_BIAS_AZIMUTH], 0.0, 0.05 * TEST_DEG);
    assert_true(test_report(&world, 2).bias_sigma[SKY_BIAS_AZIMUTH] < 1.5 * other);
}

static void a_radar_that_is_put_right_is_no_longer_corrected(void **state)
{
    (void)state;
    static const double off_deg[2] = {0.3, 1.8}; /* the latter contradicts at once */
    for (int i = 0; i < 2; i++) {
        test_world_make(&world, 6);
        world.bias[0][SKY_BIAS_AZIMUTH] = off_deg[i] * TEST_DEG;
        test_world_open(&world);
        test_pairs(&world, 0, 1, 300);
        assert_true(world.reg.applied);
        assert_true(world.reg.log_ratio <= 30.0);
        world.bias[0][SKY_BIAS_AZIMUTH] = 0.0;
        assert_true(test_pairs(&world, 0, 1, 300) > 295);
        assert_false(world.reg.applied);
        assert_not_corrected(0);
        assert_int_equal(test_report(&world, 0).state, SKY_REGISTER_LEARNING);
    }
}

static void a_newcomer_is_not_corrected_before_it_is_known(void **state)
{
    (void)state;
    world.config.sensor_count = 3;
    world.bias[0][SKY_BIAS_AZIMUTH] = 0.5 * TEST_DEG;
    test_world_open(&world);
    test_pairs(&world, 0, 1, 300);
    test_pairs(&world, 2, 1, 19);
    assert_int_equal(test_report(&world, 1).state, SKY_REGISTER_APPLIED);
    assert_int_equal(test_report(&world, 2).state, SKY_REGISTER_LEARNING);
    assert_not_corrected(2);
    assert_covariance(2, 2, (double[]){0.0, 0.0, 0.0, 0.0});
    assert_covariance(2, 1, (double[]){0.0, 0.0, 0.0, 0.0});
    test_pair(&world, 2, 1);
    assert_int_equal(test_report(&world, 2).state, SKY_REGISTER_APPLIED);
    test_pairs(&world, 2, 1, 300); /* through radar 1 it also helps radar 0 */
    assert_knows(0, 3.0);
    assert_knows(2, 3.0);
}

static void what_was_known_grows_old(void **state)
{
    (void)state;
    test_world_open(&world);
    test_pairs(&world, 0, 1, 1000);
    const struct sky_registration young = test_report(&world, 0);
    const int64_t latest_ns = world.reg.time_ns;
    world.now_ns -= 60 * SKY_SECOND_NS; /* a late pair */
    test_pair(&world, 0, 1);
    assert_int_equal(world.reg.time_ns, latest_ns);
    world.now_ns += INT64_C(30 * 24 * 3600) * SKY_SECOND_NS;
    test_pair(&world, 0, 1);
    const struct sky_registration old = test_report(&world, 0);
    assert_true(old.bias_sigma[SKY_BIAS_RANGE] > 2.0 * young.bias_sigma[SKY_BIAS_RANGE]);
    assert_true(old.bias_sigma[SKY_BIAS_AZIMUTH] > 2.0 * young.bias_sigma[SKY_BIAS_AZIMUTH]);
}

static void a_heading_that_wavers_makes_a_radar_slow_to_convince(void **state)
{
    (void)state;
    double sigma[2];
    for (int wavers = 0; wavers < 2; wavers++) {
        test_world_make(&world, 4);
        world.config.sensor[0].at_station = true;
        world.config.station.heading_sigma_rad = wavers ? 0.5 * TEST_DEG : 0.0;
        test_world_open(&world);
        for (int i = 0; i < 400; i++) {
            world.bias[0][SKY_BIAS_AZIMUTH] =
                world.config.station.heading_sigma_rad * test_normal(&world.seed);
            test_pair(&world, 0, 1);
            assert_false(world.reg.applied);
        }
        sigma[wavers] = test_report(&world, 0).bias_sigma[SKY_BIAS_AZIMUTH];
    }
    assert_true(sigma[1] > 1.3 * sigma[0]);
}

/* Stamps that scatter by a second and a half would else look like a bias along the way. */
static void an_unsure_clock_is_not_taken_for_a_bias(void **state)
{
    (void)state;
    for (uint32_t unsure = 0; unsure < 2; unsure++) {
        test_world_make(&world, 5);
        test_world_open(&world);
        for (int i = 0; i < 600; i++) {
            world.now_ns += SKY_SECOND_NS / 2;
            struct test_meeting met = test_meet(&world, 0, 1, 1.0);
            struct sky_measurement *m = &met.sight[unsure].measurement;
            m->time_sigma_ns = 3 * SKY_SECOND_NS / 2;
            m->time_ns += (int64_t)(1.5e9 * test_normal(&world.seed));
            assert_true(test_give_met(&world, 0, 1, &met));
            assert_false(world.reg.applied);
        }
        assert_knows(0, 3.0);
        assert_knows(1, 3.0);
    }
}

static void an_unsure_velocity_is_not_taken_for_a_bias(void **state)
{
    (void)state;
    world.velocity_sigma_mps = 150.0; /* a track that has just begun */
    test_world_open(&world);
    for (int i = 0; i < 600; i++) {
        assert_true(test_pair(&world, 0, 1));
        assert_false(world.reg.applied);
    }
    assert_knows(0, 3.0);
    assert_knows(1, 3.0);
}

static void unsteady_flight_is_not_taken_for_a_bias(void **state)
{
    (void)state;
    world.accel_psd_m2ps3 = 1e5;
    test_world_open(&world);
    for (int i = 0; i < 600; i++) {
        assert_true(test_pair(&world, 0, 1));
        assert_false(world.reg.applied);
    }
}

/* 1.5 degrees both ways at 4 km: an arc, the middle of which lies 2.7 m beyond its mean. */
static void a_wide_beam_is_not_taken_for_a_wrong_range(void **state)
{
    (void)state;
    world.config.sensor[1].kind = SKY_SENSOR_COOPERATIVE;
    world.config.sensor[1].sigma_place_m = 1.0;
    world.config.sensor[0].sigma_range_m = 3.0;
    world.config.sensor[0].sigma_azimuth_rad = 1.5 * TEST_DEG;
    world.config.sensor[0].sigma_elevation_rad = 1.5 * TEST_DEG;
    world.height_sigma_m = 2.0;
    world.velocity_sigma_mps = 1.0;
    world.far_m = 4e3;
    test_world_open(&world);
    world.pose[0] = test_see(&world, 1, &(struct test_flight){.at = {0.0}}, 0.0).pose;
    test_pairs(&world, 0, 1, 4000);
    assert_near(test_report(&world, 0).bias[SKY_BIAS_RANGE], 0.0, 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_sensor_alone_cannot_know_and_keeps_its_prior, start),
        cmocka_unit_test_setup(a_radar_that_states_more_than_the_field_is_taken_at_its_word, start),
        cmocka_unit_test_setup(the_one_radar_that_is_off_is_found_and_the_other_left_alone, start),
        cmocka_unit_test_setup(two_that_agree_tell_how_far_off_the_third_is, start),
        cmocka_unit_test_setup(two_radars_that_are_both_off_are_both_found, start),
        cmocka_unit_test_setup(two_good_radars_stay_as_stated, start),
        cmocka_unit_test_setup(what_is_applied_is_what_is_reported, start),
        cmocka_unit_test_setup(aircraft_that_report_their_place_tie_a_radar_to_the_ground, start),
        cmocka_unit_test_setup(a_heading_far_off_at_80_km_is_not_taken_for_wrong_association,
                               start),
        cmocka_unit_test_setup(late_stamps_are_told_from_the_difference_of_two_clocks, start),
        cmocka_unit_test_setup(a_flat_radar_with_mode_c_is_registered_in_range_and_azimuth, start),
        cmocka_unit_test_setup(a_flat_radar_is_registered_overhead_too, start),
        cmocka_unit_test_setup(a_flat_radar_learns_range_from_distance_over_ground, start),
        cmocka_unit_test_setup(two_flat_radars_with_mode_c_are_registered, start),
        cmocka_unit_test_setup(a_guessed_height_serves_only_beside_one_that_is_seen, start),
        cmocka_unit_test_setup(sights_without_any_height_are_refused, start),
        cmocka_unit_test_setup(the_wrong_aircraft_is_left_out, start),
        cmocka_unit_test_setup(no_single_pair_is_decisive, start),
        cmocka_unit_test_setup(a_radar_that_is_knocked_askew_is_learned_anew, start),
        cmocka_unit_test_setup(a_radar_that_is_put_right_is_no_longer_corrected, start),
        cmocka_unit_test_setup(a_newcomer_is_not_corrected_before_it_is_known, start),
        cmocka_unit_test_setup(what_was_known_grows_old, start),
        cmocka_unit_test_setup(a_heading_that_wavers_makes_a_radar_slow_to_convince, start),
        cmocka_unit_test_setup(an_unsure_clock_is_not_taken_for_a_bias, start),
        cmocka_unit_test_setup(an_unsure_velocity_is_not_taken_for_a_bias, start),
        cmocka_unit_test_setup(unsteady_flight_is_not_taken_for_a_bias, start),
        cmocka_unit_test_setup(a_wide_beam_is_not_taken_for_a_wrong_range, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
