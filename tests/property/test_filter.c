#include "sky_test.h"

#include <string.h>

#include "sky_filter.h"
#include "test_radar.h"

static struct sky_geo_frame frame;

static int start(void **state)
{
    (void)state;
    frame = test_frame();
    return 0;
}

static bool is_symmetric(const struct sky_filter *filter)
{
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < i; j++) {
            if (filter->p[i][j] != filter->p[j][i]) {
                return false;
            }
        }
    }
    return true;
}

/* Any plot that the engine's checks let through, of a radar of any quality. */
static struct sky_measurement any_plot(uint64_t *seed, int64_t time_ns)
{
    const bool has_elevation = test_random(seed) % 2 == 0;
    return (struct sky_measurement){
        .time_ns = time_ns,
        .time_sigma_ns = (int64_t)test_uniform(seed, 0.0, 2e9),
        .has_elevation = has_elevation,
        .has_radial_speed = test_random(seed) % 2 == 0,
        .has_height = !has_elevation || test_random(seed) % 2 == 0,
        .slant_range_m = pow(10.0, test_uniform(seed, 0.0, 6.0)),
        .azimuth_rad = test_uniform(seed, 0.0, 2.0 * SKY_TEST_PI),
        .elevation_rad = test_uniform(seed, -SKY_TEST_PI / 2.0, SKY_TEST_PI / 2.0),
        .radial_speed_mps = test_uniform(seed, -1000.0, 1000.0),
        .height_hae_m = test_uniform(seed, -1000.0, 100e3),
        .sigma_range_m = pow(10.0, test_uniform(seed, -2.0, 3.7)),
        .sigma_azimuth_rad = pow(10.0, test_uniform(seed, -5.0, -0.3)),
        .sigma_elevation_rad = pow(10.0, test_uniform(seed, -5.0, -0.3)),
        .sigma_radial_mps = pow(10.0, test_uniform(seed, -2.0, 2.0)),
        .sigma_height_m = pow(10.0, test_uniform(seed, 1.0, 4.3)),
    };
}

static void covariance_stays_symmetric_and_positive_whatever_is_plotted(void **state)
{
    (void)state;
    const struct test_target nobody = {.x = {0.0}};
    for (uint64_t with_seed = 1; with_seed <= 300; with_seed++) {
        uint64_t seed = with_seed;
        struct sky_filter filter;
        int64_t now_ns = 0;
        struct sky_sensor_pose pose =
            test_pose(&frame, test_uniform(&seed, -1e5, 1e5), test_uniform(&seed, -1e5, 1e5), 0.0);
        struct sky_measurement m = any_plot(&seed, now_ns);
        const double psd = pow(10.0, test_uniform(&seed, -4.0, 4.0));

        sky_filter_init(&filter, &m, &pose, test_uniform(&seed, 5.0, 1000.0));
        for (int step = 0; step < 100; step++) {
            now_ns += (int64_t)pow(10.0, test_uniform(&seed, 6.0, 11.0));
            sky_filter_predict(&filter, now_ns, psd, psd);
            m = any_plot(&seed, now_ns - (int64_t)(test_random(&seed) % (10 * SKY_SECOND_NS)));
            struct sky_filter_comparison innovation;
            sky_filter_update(&filter, &m, &pose, psd, psd, &innovation);

            const double nees = test_nees(&filter, &nobody);
            if (!is_symmetric(&filter) || !(nees >= 0.0) || !isfinite(nees) ||
                !isfinite(innovation.distance2) || !isfinite(innovation.log_det_s) ||
                !(innovation.distance2 >= 0.0)) {
                fail_msg("seed %d step %d", (int)with_seed, step);
            }
        }
    }
}

struct consistency {
    double nees;
    double nis;
    uint64_t samples;
    uint64_t dimensions;
};

/* Many targets whose motion and plots are just what the filter believes. */
static struct consistency fly(const struct sky_sensor_config *radar, double far_m, double accel_psd,
                              double scan_s, bool every_other_late)
{
    const double speed_mps = far_m / 800.0;
    struct consistency sum = {.nees = 0.0};
    const struct sky_sensor_pose pose = test_pose(&frame, 0.0, 0.0, 0.0);

    for (uint64_t with_seed = 1; with_seed <= 100; with_seed++) {
        uint64_t seed = with_seed;
        const int64_t scan_ns = (int64_t)(scan_s * 1e9);
        const double course_rad = test_uniform(&seed, 0.0, 2.0 * SKY_TEST_PI);
        const double ground_m = test_uniform(&seed, 0.4 * far_m, far_m);
        struct test_target target = {
            .x = {ground_m * sin(course_rad), ground_m * cos(course_rad),
                  test_uniform(&seed, 0.03 * far_m, 0.13 * far_m), speed_mps * test_normal(&seed),
                  speed_mps * test_normal(&seed), 0.05 * speed_mps * test_normal(&seed)}};
        struct sky_measurement m = test_measure(radar, &pose, &target, 0, &seed), held;
        struct sky_filter filter;

        sky_filter_init(&filter, &m, &pose, 3.0 * speed_mps);
        for (int step = 1; step <= 60; step++) {
            test_fly(&target, scan_s, accel_psd, 0.1 * accel_psd, &seed);
            m = test_measure(radar, &pose, &target, step * scan_ns, &seed);
            const bool hold = every_other_late && step % 2 == 1;
            if (hold) { /* comes after the next one */
                held = m;
                continue;
            }
            struct sky_filter_comparison innovation;
            sky_filter_predict(&filter, m.time_ns, accel_psd, 0.1 * accel_psd);
            sky_filter_update(&filter, &m, &pose, accel_psd, 0.1 * accel_psd, &innovation);
            if (every_other_late) {
                sky_filter_update(&filter, &held, &pose, accel_psd, 0.1 * accel_psd, NULL);
            }
            if (step > 20) {
                sum.nis += innovation.distance2;
                sum.dimensions += innovation.dimension;
                sum.nees += step % 20 == 0 ? test_nees(&filter, &target) : 0.0;
                sum.samples += step % 20 == 0;
            }
        }
    }
    return sum;
}

static void a_simulated_target_is_as_far_off_as_the_filter_says(void **state)
{
    (void)state;
    const double psd[3] = {0.1, 1.0, 9.0}, scan_s[3] = {1.0, 4.0, 0.5};
    for (int i = 0; i < 3; i++) {
        const struct sky_sensor_config radar = test_radar();
        const struct consistency sum = fly(&radar, 50e3, psd[i], scan_s[i], false);
        const double samples = (double)sum.samples, dimensions = (double)sum.dimensions;
        print_message("psd %.1f scan %.1f s: NEES %.3f of 6, NIS %.3f of 1\n", psd[i], scan_s[i],
                      sum.nees / samples, sum.nis / dimensions);
        /* Means of chi-squares: sigma sqrt(2 n / samples); four of them, from 200 and 16,000. */
        assert_near(sum.nees / samples, 6.0, 4.0 * sqrt(2.0 * 6.0 / samples));
        assert_near(sum.nis / dimensions, 1.0, 4.0 * sqrt(2.0 / dimensions));
    }
}

static void late_plots_are_used_without_overconfidence(void **state)
{
    (void)state;
    const struct sky_sensor_config radar = test_radar();
    const struct consistency sum = fly(&radar, 50e3, 1.0, 2.0, true);
    const double samples = (double)sum.samples;
    print_message("every other plot late: NEES %.3f of 6\n", sum.nees / samples);
    assert_true(sum.nees / samples < 6.0 + 4.0 * sqrt(2.0 * 6.0 / samples));
    assert_true(sum.nees / samples > 4.0);
}

/* A small drone radar: 1.5 degrees both ways and 3 m, at 4 km. */
static void a_wide_beam_does_not_make_it_overconfident(void **state)
{
    (void)state;
    struct sky_sensor_config radar = test_radar();
    radar.sigma_azimuth_rad = 0.026;
    radar.sigma_elevation_rad = 0.026;
    radar.sigma_range_m = 3.0;
    radar.sigma_radial_mps = 0.3;
    const struct consistency sum = fly(&radar, 4000.0, 1.0, 1.0, false);
    const double samples = (double)sum.samples;
    print_message("wide beam: NEES %.3f of 6\n", sum.nees / samples);
    assert_near(sum.nees / samples, 6.0, 4.0 * sqrt(2.0 * 6.0 / samples));
}

static void passing_overhead_does_not_lose_the_target(void **state)
{
    (void)state;
    const struct sky_sensor_config radar = test_radar();
    const struct sky_sensor_pose pose = test_pose(&frame, 0.0, 0.0, 0.0);
    double nees = 0.0, worst_m = 0.0;
    for (uint64_t with_seed = 1; with_seed <= 50; with_seed++) {
        uint64_t seed = with_seed;
        struct test_target target = {
            .x = {-6e3, test_uniform(&seed, -60.0, 60.0), 3e3, 100.0, 0, 0}};
        struct sky_measurement m = test_measure(&radar, &pose, &target, 0, &seed);
        struct sky_filter filter;
        sky_filter_init(&filter, &m, &pose, 200.0);
        for (int step = 1; step <= 120; step++) {
            test_fly(&target, 1.0, 0.1, 0.01, &seed);
            m = test_measure(&radar, &pose, &target, step * SKY_SECOND_NS, &seed);
            if (m.elevation_rad > SKY_TEST_PI / 2.0) { /* tipped over the top */
                m.elevation_rad = SKY_TEST_PI - m.elevation_rad;
                m.azimuth_rad += SKY_TEST_PI;
            }
            sky_filter_predict(&filter, m.time_ns, 0.1, 0.01);
            sky_filter_update(&filter, &m, &pose, 0.1, 0.01, NULL);
            worst_m = fmax(worst_m, hypot(filter.x[0] - target.x[0], filter.x[1] - target.x[1]));
        }
        nees += test_nees(&filter, &target);
    }
    print_message("overhead: worst %.0f m, NEES after it %.2f of 6\n", worst_m, nees / 50.0);
    assert_true(worst_m < 150.0);
    assert_true(nees / 50.0 < 6.0 + 4.0 * sqrt(12.0 / 50.0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(covariance_stays_symmetric_and_positive_whatever_is_plotted, start),
        cmocka_unit_test_setup(a_simulated_target_is_as_far_off_as_the_filter_says, start),
        cmocka_unit_test_setup(late_plots_are_used_without_overconfidence, start),
        cmocka_unit_test_setup(a_wide_beam_does_not_make_it_overconfident, start),
        cmocka_unit_test_setup(passing_overhead_does_not_lose_the_target, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
