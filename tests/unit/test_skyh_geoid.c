/* The geoid's tile: heights as published, where the set is, and an error where there is no grid. */
#include <stdlib.h>
#include <string.h>

#include "sky_geoid.h"
#include "sky_math.h"
#include "sky_test.h"
#include "skyh_geoid.h"
#include "skyh_zonesource.h"

static struct skyh_zone_build build;
static struct skyh_notes notes;
static struct skyh_wishes wishes;
static struct skyh_problem problem;
static struct skyh_zonefile zones;

static int fresh(void **state)
{
    (void)state;
    skyh_zonefile_done(&build);
    skyh_zonefile_close(&zones);
    memset(&build, 0, sizeof build);
    memset(&notes, 0, sizeof notes);
    memset(&wishes, 0, sizeof wishes);
    memset(&problem, 0, sizeof problem);
    return 0;
}

/* A box between corners, with a ceiling above mean sea level. */
static void draw(double west, double south, double east, double north)
{
    char text[400];
    (void)snprintf(text, sizeof text,
                   "{\"type\":\"Polygon\",\"coordinates\":[[[%.3f,%.3f],[%.3f,%.3f],[%.3f,%.3f],"
                   "[%.3f,%.3f],[%.3f,%.3f]]]}",
                   west, south, east, south, east, north, west, north, west, south);
    wishes.has_ceiling = true;
    wishes.ceiling = (struct sky_limit){.height_m = 3000.0, .datum = SKY_DATUM_AMSL};
    if (!skyh_zonesource_add(&build, "z", text, strlen(text), &wishes, &notes, &problem)) {
        fail_msg("%s", problem.text);
    }
}

static void bake_and_load(void)
{
    uint8_t *bytes = NULL;
    size_t count = 0;
    (void)snprintf(build.name, sizeof build.name, "set");
    if (!skyh_geoid_bake(&build, &problem) ||
        !skyh_zonefile_pack(&build, &bytes, &count, &problem) ||
        !skyh_zonefile_take(&zones, "set", bytes, count, &problem)) {
        fail_msg("%s", problem.text);
    }
    print_message("%u x %u crossings, %zu bytes in all\n", build.geoid.rows, build.geoid.columns,
                  zones.count);
}

static double height_m(double lat_deg, double lon_deg)
{
    double metres = 1e9;
    (void)sky_geoid_height(&zones.set.geoid, lat_deg * SKY_PI / 180.0, lon_deg * SKY_PI / 180.0,
                           &metres);
    return metres;
}

static void heights_are_those_that_cs2cs_gives(void **state)
{
    (void)state;
    draw(-8.7, 18.9, 12.0, 37.1);
    assert_true(skyh_geoid_is_needed(&build));
    bake_and_load();
    assert_near(height_m(19.8679828, 2.8939169), 29.93, 0.01);
    assert_near(height_m(19.95, 2.97), 29.94, 0.01);
    assert_near(height_m(36.75, 3.06), 46.19, 0.3); /* Algiers */
    assert_true(zones.count < 30000);
}

static void the_tile_reaches_four_degrees_beyond_the_set(void **state)
{
    (void)state;
    draw(2.0, 19.0, 3.0, 20.0);
    bake_and_load();
    assert_true(height_m(15.1, 2.5) < 200.0);
    assert_true(height_m(23.9, 6.9) < 200.0);
    assert_true(height_m(14.0, 2.5) > 200.0);
    assert_true(height_m(19.5, 7.5) > 200.0);
}

static void a_tile_may_cross_the_antimeridian(void **state)
{
    (void)state;
    draw(179.0, -18.0, -179.0, -16.0);
    bake_and_load();
    const double west_m = height_m(-17.0, 179.9), east_m = height_m(-17.0, -179.9);
    assert_near(west_m, 55.5, 5.0); /* Fiji */
    assert_near(west_m, east_m, 1.0);
}

static void a_tile_ends_at_the_pole(void **state)
{
    (void)state;
    draw(0.0, 85.0, 10.0, 88.5);
    bake_and_load();
    assert_true(height_m(89.9, 5.0) < 200.0);
}

static void a_tile_of_half_the_world_is_coarser_and_still_fits(void **state)
{
    (void)state;
    draw(-89.0, -80.0, 90.0, 80.0);
    bake_and_load();
    assert_int_equal(build.geoid.step_e7, 2 * SKYH_GEOID_STEP_E7);
    assert_near(height_m(19.8679828, 2.8939169), 29.93, 0.3);
}

static void a_grid_that_is_not_there_is_an_error_that_says_what_to_do(void **state)
{
    (void)state;
    draw(2.0, 19.0, 3.0, 20.0);
    assert_int_equal(setenv("PROJ_DATA", "/nowhere", 1), 0);
    assert_int_equal(setenv("PROJ_LIB", "/nowhere", 1), 0);
    assert_false(skyh_geoid_bake(&build, &problem));
    assert_int_equal(unsetenv("PROJ_DATA"), 0);
    assert_int_equal(unsetenv("PROJ_LIB"), 0);
    assert_int_equal(problem.exit_code, SKYH_EXIT_NO_INPUT);
    assert_string_equal(problem.text,
                        "egm96_15.gtx: PROJ does not find it, and limits above mean sea level need "
                        "it; expected Debian's proj-data, PROJ_DATA set to its folder, or --geoid "
                        "M");
}

static void a_set_without_limits_above_sea_level_needs_none(void **state)
{
    (void)state;
    static const char text[] = "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}";
    assert_true(skyh_zonesource_add(&build, "z", text, strlen(text), &wishes, &notes, &problem));
    assert_false(skyh_geoid_is_needed(&build));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, fresh)
    const struct CMUnitTest tests[] = {
        TEST(heights_are_those_that_cs2cs_gives),
        TEST(the_tile_reaches_four_degrees_beyond_the_set),
        TEST(a_tile_may_cross_the_antimeridian),
        TEST(a_tile_ends_at_the_pole),
        TEST(a_tile_of_half_the_world_is_coarser_and_still_fits),
        TEST(a_grid_that_is_not_there_is_an_error_that_says_what_to_do),
        TEST(a_set_without_limits_above_sea_level_needs_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
