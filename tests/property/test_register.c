#include "test_pairs.h"

static struct test_world world;

/* Of the biases that can be off at all. Negative if p is not positive. */
static double distance2(const struct sky_bias_estimate *estimate, const double *truth,
                        uint32_t dimension)
{
    double error[SKY_REGISTER_DIM];
    for (uint32_t i = 0; i < dimension; i++) {
        error[i] = estimate->b[i] - truth[i];
    }
    return test_distance2(&estimate->p[0][0], SKY_REGISTER_DIM, error, dimension);
}

/* Biases of the given sigma each, as the estimator may expect them. */
static void draw(uint32_t sensor, double range_m, double azimuth_deg, double elevation_deg,
                 double time_s)
{
    const double sigma[SKY_BIASES] = {range_m, azimuth_deg * TEST_DEG, elevation_deg * TEST_DEG,
                                      time_s};
    for (int i = 0; i < SKY_BIASES; i++) {
        world.bias[sensor][i] = sigma[i] * test_normal(&world.seed);
    }
}

struct nees {
    double sum[3]; /* after 30, 90 and 210 pairs */
    uint32_t runs;
};

static void run(struct nees *nees)
{
    static const uint32_t pairs[3] = {30, 60, 120};
    test_world_open(&world);
    for (int i = 0; i < 3; i++) {
        test_pairs(&world, 0, 1, pairs[i]);
        nees->sum[i] += distance2(&world.reg.mixed, world.bias[0], 8);
    }
    nees->runs++;
}

/* Means of chi-squares of 8: sigma sqrt(2 * 8 / runs). */
static void assert_honest(const char *who, const struct nees *nees, double least)
{
    const double runs = (double)nees->runs, sigma = sqrt(16.0 / runs);
    print_message("%s: NEES %.2f %.2f %.2f of 8\n", who, nees->sum[0] / runs, nees->sum[1] / runs,
                  nees->sum[2] / runs);
    for (int i = 0; i < 3; i++) {
        assert_true(nees->sum[i] / runs < 8.0 + 4.0 * sigma);
        assert_true(nees->sum[i] / runs > least);
    }
}

static void biases_lie_as_far_off_as_the_estimate_says(void **state)
{
    (void)state;
    struct nees both = {.runs = 0}, one = {.runs = 0}, neither = {.runs = 0};
    for (uint64_t seed = 1; seed <= 30; seed++) {
        test_world_make(&world, seed);
        draw(0, 80.0, 0.6, 0.5, 0.1);
        draw(1, 80.0, 0.6, 0.5, 0.1);
        run(&both);

        test_world_make(&world, 1000 + seed);
        draw(0, 80.0, 0.6, 0.5, 0.1);
        draw(1, 5.0, 0.02, 0.05, 0.01);
        run(&one);

        test_world_make(&world, 2000 + seed);
        draw(0, 5.0, 0.02, 0.05, 0.01);
        draw(1, 5.0, 0.02, 0.05, 0.01);
        run(&neither);
    }
    assert_honest("both off", &both, 5.5);
    assert_honest("one off", &one, 4.0); /* the doubt who it is widens it */
    assert_honest("neither off", &neither, 2.0);
}

static void biases_that_fit_no_account_well_are_not_far_outside(void **state)
{
    (void)state;
    struct nees between = {.runs = 0};
    for (uint64_t seed = 1; seed <= 30; seed++) {
        test_world_make(&world, seed);
        draw(0, 20.0, 0.1, 0.15, 0.03);
        draw(1, 10.0, 0.05, 0.1, 0.02);
        run(&between);
    }
    for (int i = 0; i < 3; i++) {
        print_message("between: NEES %.2f of 8\n", between.sum[i] / between.runs);
        assert_true(between.sum[i] / between.runs < 14.0);
    }
}

static void good_radars_are_almost_never_found_off(void **state)
{
    (void)state;
    uint32_t applied = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        test_world_make(&world, seed);
        test_world_open(&world);
        for (int i = 0; i < 120; i++) {
            test_pair(&world, 0, 1);
            applied += world.reg.applied;
        }
    }
    assert_int_equal(applied, 0);
}

static void it_does_not_matter_which_sight_comes_first(void **state)
{
    (void)state;
    static struct test_world other;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        test_world_make(&world, seed);
        world.config.sensor[1].measures_elevation = seed % 2 == 0;
        draw(0, 80.0, 0.6, 0.5, 0.1);
        test_world_open(&world);
        other = world;
        for (int i = 0; i < 50; i++) {
            world.now_ns += SKY_SECOND_NS;
            const struct test_meeting met = test_meet(&world, 0, 1, 1.5);
            const struct test_sight *const a = &met.sight[0], *const b = &met.sight[1];
            other.seed = world.seed;
            assert_int_equal(test_give(&world, &met.flight, 0, a, 1, b),
                             test_give(&other, &met.flight, 1, b, 0, a));
        }
        for (uint32_t sensor = 0; sensor < 2; sensor++) {
            const struct sky_registration r = test_report(&world, sensor);
            const struct sky_registration s = test_report(&other, sensor);
            for (int i = 0; i < SKY_BIASES; i++) {
                assert_near(r.bias[i], s.bias[i], 1e-6 * r.bias_sigma[i]);
                assert_near(r.bias_sigma[i], s.bias_sigma[i], 1e-6 * r.bias_sigma[i]);
            }
        }
        assert_near(world.reg.log_ratio, other.reg.log_ratio, 1e-6);
    }
}

/* Sensors of any quality, as far as the engine's checks let them through. */
static void change_quality(uint32_t sensor)
{
    struct sky_sensor_config *config = &world.config.sensor[sensor];
    uint64_t *seed = &world.seed;
    config->measures_elevation = test_random(seed) % 4 != 0;
    config->sigma_range_m = pow(10.0, test_uniform(seed, -2.0, 3.7));
    config->sigma_azimuth_rad = pow(10.0, test_uniform(seed, -5.0, -0.3));
    config->sigma_elevation_rad = pow(10.0, test_uniform(seed, -5.0, -0.3));
    config->sigma_place_m = pow(10.0, test_uniform(seed, -1.0, 3.7));
    world.height_sigma_m = pow(10.0, test_uniform(seed, 0.0, 4.3));
}

/* Numbers that fit nothing. */
static void spoil(struct test_sight *sight)
{
    uint64_t *seed = &world.seed;
    struct sky_measurement *m = &sight->measurement;
    m->slant_range_m = pow(10.0, test_uniform(seed, -1.0, 6.0));
    m->azimuth_rad = test_uniform(seed, -7.0, 7.0);
    m->elevation_rad = test_uniform(seed, -1.5707963267948966, 1.5707963267948966);
    m->height_hae_m = test_uniform(seed, -1000.0, 100e3);
    m->time_ns += (int64_t)test_uniform(seed, -5e9, 5e9);
}

static void assert_positive(const struct sky_bias_estimate *estimate, int seed, int step)
{
    static const double nothing[SKY_REGISTER_DIM];
    const double far2 = distance2(estimate, nothing, 6 * SKY_BIASES); /* the rest are places */
    if (!(far2 >= 0.0 && isfinite(far2))) {
        fail_msg("seed %d step %d", seed, step);
    }
}

static void whatever_is_paired_the_covariance_stays_positive(void **state)
{
    (void)state;
    uint32_t used = 0;
    for (int with_seed = 1; with_seed <= 10; with_seed++) {
        test_world_make(&world, (uint64_t)with_seed);
        world.config.sensor_count = SKY_SENSORS_MAX;
        world.config.station.heading_sigma_rad = 0.1;
        for (uint32_t i = 0; i < SKY_SENSORS_MAX; i++) {
            world.config.sensor[i].at_station = i == 3;
            world.config.sensor[i].bias_sigma_range_m = 50.0 * (double)i;
            world.config.sensor[i].kind = i < 6 ? SKY_SENSOR_RADAR : SKY_SENSOR_COOPERATIVE;
            draw(i, 80.0, 0.6, 0.5, 0.1);
        }
        test_world_open(&world);
        for (int step = 0; step < 500; step++) {
            world.now_ns += (int64_t)test_uniform(&world.seed, 0.0, 3e8);
            const uint32_t a = (uint32_t)(test_random(&world.seed) % SKY_SENSORS_MAX);
            const uint32_t b = (uint32_t)((a + 1 + test_random(&world.seed) % 7) % SKY_SENSORS_MAX);
            change_quality(a);
            change_quality(b);
            struct test_meeting met = test_meet(&world, a, b, 1.0);
            if (step % 8 == 0) {
                spoil(&met.sight[0]);
            }
            if (step % 16 == 0) {
                spoil(&met.sight[1]);
            }
            used += test_give_met(&world, a, b, &met);
            if (step % 50 == 49) {
                assert_positive(&world.reg.free, with_seed, step);
                assert_positive(&world.reg.mixed, with_seed, step);
            }
        }
    }
    print_message("%d pairs used\n", (int)used);
    assert_true(used > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(biases_lie_as_far_off_as_the_estimate_says),
        cmocka_unit_test(biases_that_fit_no_account_well_are_not_far_outside),
        cmocka_unit_test(good_radars_are_almost_never_found_off),
        cmocka_unit_test(it_does_not_matter_which_sight_comes_first),
        cmocka_unit_test(whatever_is_paired_the_covariance_stays_positive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
