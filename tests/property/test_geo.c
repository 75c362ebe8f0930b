#include "sky_geo.h"

#include "sky_math.h"
#include "sky_test.h"

static const uint64_t first_seed = 1983;
static const int rounds = 20000;

static struct sky_lla random_place(uint64_t *seed)
{
    return (struct sky_lla){asin(test_uniform(seed, -1.0, 1.0)),
                            test_uniform(seed, -SKY_PI, SKY_PI),
                            test_uniform(seed, -1000.0, 100.0e3)};
}

static double apart_m(const struct sky_ecef *a, const struct sky_ecef *b)
{
    return sqrt((a->x_m - b->x_m) * (a->x_m - b->x_m) + (a->y_m - b->y_m) * (a->y_m - b->y_m) +
                (a->z_m - b->z_m) * (a->z_m - b->z_m));
}

static void a_place_survives_the_way_to_ecef_and_back(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < rounds; i++) {
        const uint64_t before = seed;
        const struct sky_lla place = random_place(&seed);
        const struct sky_ecef ecef = sky_geo_to_ecef(&place);
        const struct sky_lla back = sky_geo_from_ecef(&ecef);
        const struct sky_ecef again = sky_geo_to_ecef(&back);
        if (!(apart_m(&ecef, &again) < 5e-9 && fabs(back.alt_hae_m - place.alt_hae_m) < 5e-9)) {
            fail_msg("seed %llu: %g m apart", (unsigned long long)before, apart_m(&ecef, &again));
        }
        assert_near(back.lat_rad, place.lat_rad, 1e-15);
        assert_near(back.lon_rad, place.lon_rad, 1e-15 / cos(place.lat_rad));
        assert_true(sky_abs(back.lat_rad) <= SKY_PI / 2.0 && sky_abs(back.lon_rad) <= SKY_PI);
    }
}

static void a_place_far_below_or_above_still_comes_back(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < rounds; i++) {
        struct sky_lla place = random_place(&seed);
        place.alt_hae_m = test_uniform(&seed, -350.0e3, 2000.0e3);
        const struct sky_ecef ecef = sky_geo_to_ecef(&place);
        const struct sky_lla back = sky_geo_from_ecef(&ecef);
        const struct sky_ecef again = sky_geo_to_ecef(&back);
        assert_near(apart_m(&ecef, &again), 0.0, 1e-8);
    }
}

static void a_frame_keeps_lengths_and_gives_the_place_back(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < rounds; i++) {
        const struct sky_lla origin = random_place(&seed);
        struct sky_geo_frame frame;
        assert_int_equal(sky_geo_frame_init(&frame, &origin), SKY_OK);
        const struct sky_enu enu = {test_uniform(&seed, -400e3, 400e3),
                                    test_uniform(&seed, -400e3, 400e3),
                                    test_uniform(&seed, -1e3, 50e3)};
        const struct sky_lla place = sky_geo_from_enu(&frame, &enu);
        const struct sky_ecef ecef = sky_geo_to_ecef(&place);
        assert_near(apart_m(&ecef, &frame.origin_ecef),
                    sqrt(enu.east_m * enu.east_m + enu.north_m * enu.north_m + enu.up_m * enu.up_m),
                    1e-8);
        const struct sky_enu back = sky_geo_to_enu(&frame, &place);
        assert_near(back.east_m, enu.east_m, 1e-8);
        assert_near(back.north_m, enu.north_m, 1e-8);
        assert_near(back.up_m, enu.up_m, 1e-8);
    }
}

static void a_rotation_between_frames_is_undone_by_the_way_back(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < rounds; i++) {
        const struct sky_lla here = random_place(&seed), there = random_place(&seed);
        struct sky_geo_frame from, to;
        assert_int_equal(sky_geo_frame_init(&from, &here), SKY_OK);
        assert_int_equal(sky_geo_frame_init(&to, &there), SKY_OK);
        double out[3][3], back[3][3];
        sky_geo_rotation(&from, &to, out);
        sky_geo_rotation(&to, &from, back);
        for (int row = 0; row < 3; row++) {
            for (int col = 0; col < 3; col++) {
                const double product = back[row][0] * out[0][col] + back[row][1] * out[1][col] +
                                       back[row][2] * out[2][col];
                assert_near(product, row == col ? 1.0 : 0.0, 1e-14);
            }
        }
    }
}

static void radii_are_the_slopes_of_the_way_to_ecef(void **state)
{
    (void)state;
    static const double step_rad = 1e-4;
    uint64_t seed = first_seed;
    for (int i = 0; i < 1000; i++) {
        const struct sky_lla place = {test_uniform(&seed, -1.55, 1.55), 0.3, 0.0};
        struct sky_lla south = place, north = place, west = place, east = place;
        south.lat_rad -= step_rad;
        north.lat_rad += step_rad;
        west.lon_rad -= step_rad;
        east.lon_rad += step_rad;
        const struct sky_ecef s = sky_geo_to_ecef(&south), n = sky_geo_to_ecef(&north);
        const struct sky_ecef w = sky_geo_to_ecef(&west), e = sky_geo_to_ecef(&east);
        const struct sky_geo_radii radii = sky_geo_radii_at(place.lat_rad);
        assert_near(apart_m(&s, &n) / (2.0 * step_rad), radii.north_m, 0.02);
        assert_near(apart_m(&w, &e) / (2.0 * step_rad), radii.east_m, 0.02);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_survives_the_way_to_ecef_and_back),
        cmocka_unit_test(a_place_far_below_or_above_still_comes_back),
        cmocka_unit_test(a_frame_keeps_lengths_and_gives_the_place_back),
        cmocka_unit_test(a_rotation_between_frames_is_undone_by_the_way_back),
        cmocka_unit_test(radii_are_the_slopes_of_the_way_to_ecef),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
