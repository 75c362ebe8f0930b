/*
 * How probably something would have been noticed: the numbers, against other ways to them.
 */
#include <math.h>

#include "sky_math.h"
#include "sky_test.h"
#include "skyh_notice.h"

static const struct skyh_suspect as_seen = {
    .rcs_dbsm = 5.0, .seen_rcs_dbsm = 5.0, .alt_hae_m = 5000.0, .stay_s = 60.0, .looks_min = 3};

/* A look at something so many metres north of a radar that detects 0.9 of what it sees. */
static double look(const struct skyh_suspect *suspect, double north_m)
{
    const struct sky_sensor_config radar = {.range_min_m = 500.0,
                                            .range_max_m = 60e3,
                                            .elevation_min_rad = -0.5,
                                            .elevation_max_rad = 0.7};
    const struct sky_lla site = {20.0 * SKY_PI / 180.0, 0.05, 600.0};
    const struct sky_geo_radii radii = sky_geo_radii_at(site.lat_rad);
    const double lat_rad = site.lat_rad + north_m / radii.north_m;
    return skyh_notice_detection(0.9,
                                 skyh_notice_gain(&radar, &site, suspect, lat_rad, site.lon_rad));
}

static void at_mid_range_what_was_learned_comes_back(void **state)
{
    (void)state;
    const double ground_m = sqrt(30e3 * 30e3 - 4400.0 * 4400.0);
    assert_near(look(&as_seen, ground_m), 0.9, 1e-3);
}

static void a_sixteenth_of_the_cross_section_is_seen_at_half_the_range(void **state)
{
    (void)state;
    struct skyh_suspect small = as_seen;
    small.alt_hae_m = 800.0;
    small.rcs_dbsm = as_seen.rcs_dbsm - 10.0 * log10(16.0);
    assert_near(look(&small, 15e3), 0.9, 1e-3);
    assert_true(look(&small, 30e3) < 0.5);
}

static void nothing_is_seen_out_of_reach_or_below_the_horizontal(void **state)
{
    (void)state;
    struct skyh_suspect low = as_seen;
    assert_near(look(&as_seen, 61e3), 0.0, 0.0);
    assert_near(look(&as_seen, 2e3), 0.0, 0.0); /* too steep */
    low.alt_hae_m = 640.0;
    assert_true(look(&low, 10e3) > 0.9);
    assert_near(look(&low, 30e3), 0.0, 0.0); /* the earth is round */
    low.alt_hae_m = 590.0;
    assert_near(look(&low, 3e3), 0.0, 0.0);
}

/* All outcomes of up to ten looks, one by one. */
static double by_outcomes(const struct skyh_notice_looks *looks, size_t radars, uint32_t least)
{
    double p[10], sum = 0.0;
    uint32_t count = 0;
    for (size_t r = 0; r < radars; r++) {
        for (uint32_t n = 0; n < looks[r].count; n++) {
            p[count++] = looks[r].p;
        }
    }
    for (uint32_t outcome = 0; outcome < 1U << count; outcome++) {
        double of_it = 1.0;
        uint32_t detections = 0;
        for (uint32_t i = 0; i < count; i++) {
            const bool seen = (outcome >> i & 1U) != 0;
            of_it *= seen ? p[i] : 1.0 - p[i];
            detections += seen ? 1 : 0;
        }
        sum += detections >= least ? of_it : 0.0;
    }
    return sum;
}

static void at_least_so_many_detections_is_the_sum_over_all_outcomes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        uint64_t random = seed;
        struct skyh_notice_looks looks[3];
        for (size_t r = 0; r < 3; r++) {
            looks[r].count = (uint32_t)test_uniform(&random, 0.0, 3.99);
            looks[r].p = test_uniform(&random, 0.0, 1.0);
        }
        const uint32_t least = (uint32_t)test_uniform(&random, 1.0, 6.0);
        const double p = skyh_notice_at_least(looks, 3, least);
        if (fabs(p - by_outcomes(looks, 3, least)) > 1e-12) {
            fail_msg("seed %llu: %g", (unsigned long long)seed, p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_mid_range_what_was_learned_comes_back),
        cmocka_unit_test(a_sixteenth_of_the_cross_section_is_seen_at_half_the_range),
        cmocka_unit_test(nothing_is_seen_out_of_reach_or_below_the_horizontal),
        cmocka_unit_test(at_least_so_many_detections_is_the_sum_over_all_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
