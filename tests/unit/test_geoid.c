#include "sky_geoid.h"

#include "sky_math.h"
#include "sky_test.h"

static const double degree = SKY_PI / 180.0;

/* Latitudes 10 and 20, longitudes 170, 180 and -170; heights in centimetres. */
static const int32_t across_the_date_line_cm[] = {0, 1000, 4000, -2000, 3000, 6000};
static const struct sky_geoid across_the_date_line = {.south_e7 = 100000000,
                                                      .west_e7 = 1700000000,
                                                      .step_e7 = 100000000,
                                                      .rows = 2,
                                                      .columns = 3,
                                                      .height_cm = across_the_date_line_cm};

static double height_m(const struct sky_geoid *geoid, double lat_deg, double lon_deg)
{
    double height = 1e9;
    if (!sky_geoid_height(geoid, lat_deg * degree, lon_deg * degree, &height)) {
        assert_near(height, 1e9, 0.0);
        return (double)INFINITY;
    }
    return height;
}

static bool is_outside(const struct sky_geoid *geoid, double lat_deg, double lon_deg)
{
    return isinf(height_m(geoid, lat_deg, lon_deg));
}

static void at_a_crossing_it_is_the_height_there(void **state)
{
    (void)state;
    const struct sky_geoid *const geoid = &across_the_date_line;
    assert_near(height_m(geoid, 10.0 + 1e-9, 170.0 + 1e-9), 0.0, 1e-6);
    assert_near(height_m(geoid, 10.0 + 1e-9, 180.0), 10.0, 1e-6);
    assert_near(height_m(geoid, 10.0 + 1e-9, -180.0), 10.0, 1e-6);
    assert_near(height_m(geoid, 20.0 - 1e-9, -180.0), 30.0, 1e-6);
    assert_near(height_m(geoid, 20.0 - 1e-9, -170.0 - 1e-9), 60.0, 1e-6);
}

static void between_crossings_it_is_bilinear(void **state)
{
    (void)state;
    const struct sky_geoid *const geoid = &across_the_date_line;
    assert_near(height_m(geoid, 15.0, 175.0), (0.0 + 10.0 - 20.0 + 30.0) / 4.0, 1e-9);
    assert_near(height_m(geoid, 12.5, 175.0), 0.75 * 5.0 + 0.25 * 5.0, 1e-9);
    assert_near(height_m(geoid, 12.0, -178.0), 0.8 * 16.0 + 0.2 * 36.0, 1e-9);
    for (int i = 0; i < 100; i++) { /* the same from either side of a crossing */
        const double lat = 10.1 + 0.098 * i;
        assert_near(height_m(geoid, lat, 180.0 - 1e-9), height_m(geoid, lat, -180.0 + 1e-9), 1e-6);
    }
}

static void outside_the_grid_nothing_is_known(void **state)
{
    (void)state;
    const struct sky_geoid *const geoid = &across_the_date_line;
    assert_true(is_outside(geoid, 9.9999, 175.0));
    assert_true(is_outside(geoid, 20.0001, 175.0));
    assert_true(is_outside(geoid, 15.0, 169.9999));
    assert_true(is_outside(geoid, 15.0, -169.9999));
    assert_true(is_outside(geoid, 15.0, 0.0));
    assert_false(is_outside(geoid, 15.0, -170.0001));
    assert_false(is_outside(geoid, 10.0001, 175.0));
    assert_true(is_outside(&(struct sky_geoid){.rows = 0}, 15.0, 175.0));
}

static void a_grid_may_go_round_the_earth_from_pole_to_pole(void **state)
{
    (void)state;
    static const int32_t cm[] = {5, 5, 5, 5, 5, 100, 200, 300, 400, 100, 7, 7, 7, 7, 7};
    const struct sky_geoid globe = {.south_e7 = -900000000,
                                    .west_e7 = -1800000000,
                                    .step_e7 = 900000000,
                                    .rows = 3,
                                    .columns = 5,
                                    .height_cm = cm};
    assert_null(sky_geoid_fault(&globe));
    assert_near(height_m(&globe, 0.0, 180.0), 1.0, 1e-9);
    assert_near(height_m(&globe, 0.0, -180.0), 1.0, 1e-9);
    assert_near(height_m(&globe, 0.0, 135.0), 2.5, 1e-9);
    assert_near(height_m(&globe, 90.0, 33.0), 0.07, 1e-9);
    assert_near(height_m(&globe, -90.0, 33.0), 0.05, 1e-9);
    const struct sky_geoid slice = {.south_e7 = 0,
                                    .west_e7 = -1800000000,
                                    .step_e7 = 100000000,
                                    .rows = 2,
                                    .columns = 2,
                                    .height_cm = cm + 5};
    assert_near(height_m(&slice, 1e-9, 180.0), 1.0, 1e-6);
    assert_near(height_m(&slice, 1e-9, -175.0), 1.5, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_a_crossing_it_is_the_height_there),
        cmocka_unit_test(between_crossings_it_is_bilinear),
        cmocka_unit_test(outside_the_grid_nothing_is_known),
        cmocka_unit_test(a_grid_may_go_round_the_earth_from_pole_to_pole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
