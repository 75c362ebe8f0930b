/*
 * The published places of the incident near Tin Zaouatine against every public line at hand: the
 * distances that a separate study got, which took edges as geodesics. Skipped where the lines are
 * not there.
 */
#include <string.h>
#include <unistd.h>

#include "sky_math.h"
#include "sky_test.h"
#include "skyh_zonesource.h"

static const char folder[] = SKY_SOURCE_DIR "/../shared/data/borders/near100";

static struct skyh_zone_build build;
static struct skyh_notes notes;
static struct skyh_wishes wishes;
static struct skyh_problem problem;
static struct skyh_zonefile zones;

enum { WRECK, LAST_LINK, TOWN, PLACES };

static const double place[PLACES][2] = {
    {19.8679828, 2.8939169}, {19.864035, 2.8933608}, {19.95, 2.97}};

/* Metres on the Algerian side; 0: the study has none. */
static const struct {
    const char *file;
    double wanted_m[PLACES];
} rows[] = {
    {"ne10m_v2_DZA", {-9106, -9546, 1858}},         {"ne10m_v2_MLI", {-9106, -9546, 1858}},
    {"ne10m_v5line_DZA-MLI", {-9106, -9546, 1858}}, {"quattroshapes_wof_DZA", {-9867, -10288, 0}},
    {"quattroshapes_wof_MLI", {-9867, -10288, 0}},  {"osm2017_geomaps_DZA", {-9963, -10383, -245}},
    {"osm2017_geomaps_MLI", {-9963, -10383, -245}}, {"osm2025_geotz_DZA", {-9963, -10383, -245}},
    {"osm2025_geotz_MLI", {-9963, -10383, -245}},   {"dcw211_DZA", {-10088, -10529, 119}},
    {"wdbii237_DZA-MLI", {-10291, -10714, 123}},    {"countrycoder_DZA", {-11015, -11434, 0}},
    {"countrycoder_MLI", {-11015, -11434, 0}},      {"meso_wof_MLI", {-11623, -12051, -1727}},
};

/* Skips the test, saying why, where the lines are not there. */
static void need_lines(void)
{
    if (access(folder, R_OK) != 0) {
        print_message("skipped: %s is not there\n", folder);
        skip();
    }
}

/* Loads a line, which runs from east to west, as the border of Mali with Algeria. */
static void load(const char *name, enum sky_edge_rule rule)
{
    char file[512];
    const char *const files[] = {file};
    uint8_t *bytes = NULL;
    size_t count = 0;
    skyh_zonefile_close(&zones);
    memset(&build, 0, sizeof build);
    memset(&notes, 0, sizeof notes);
    wishes = (struct skyh_wishes){
        .zone = "Mali", .right_zone = "Algeria", .has_rule = true, .rule = rule};
    (void)snprintf(file, sizeof file, "%s/%s.geojson", folder, name);
    (void)snprintf(build.name, sizeof build.name, "border");
    if (!skyh_zonesource_read(&build, files, 1, &wishes, &notes, &problem) ||
        !skyh_zonefile_pack(&build, &bytes, &count, &problem) ||
        !skyh_zonefile_take(&zones, file, bytes, count, &problem)) {
        fail_msg("%s", problem.text);
    }
    skyh_zonefile_done(&build);
}

/* On the Algerian side, under the line of either state. */
static double depth_m(int which)
{
    struct sky_nearest mali, algeria;
    const double lat_rad = place[which][0] * SKY_PI / 180.0;
    const double lon_rad = place[which][1] * SKY_PI / 180.0;
    sky_zone_nearest(&zones.set, 0, lat_rad, lon_rad, SKY_ZONE_NO_EDGE, &mali);
    sky_zone_nearest(&zones.set, 1, lat_rad, lon_rad, SKY_ZONE_NO_EDGE, &algeria);
    assert_true(mali.distance_m + algeria.distance_m <= 0.0 &&
                mali.distance_m + algeria.distance_m >= 0.0);
    return mali.distance_m;
}

static void every_line_gives_the_distances_that_were_found_without_this_code(void **state)
{
    (void)state;
    need_lines();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        load(rows[i].file, SKY_EDGE_GEODESIC);
        print_message("%-22s", rows[i].file);
        for (int which = 0; which < PLACES; which++) {
            const double is_m = depth_m(which);
            print_message(" %9.1f m", is_m);
            if (fabs(rows[i].wanted_m[which]) > 0.0) {
                assert_near(is_m, rows[i].wanted_m[which], 2.0);
            }
        }
        print_message("\n");
    }
}

/* One row stands for two copies of the same ministry's line, 4 m apart there. */
static void the_ministry_line_lies_between_its_two_copies(void **state)
{
    (void)state;
    double sum_m[PLACES] = {0.0, 0.0, 0.0};
    need_lines();
    load("dnct2013_gbHum_MLI", SKY_EDGE_GEODESIC);
    for (int which = 0; which < PLACES; which++) {
        sum_m[which] += depth_m(which);
    }
    load("meso_wof_MLI", SKY_EDGE_GEODESIC);
    for (int which = 0; which < PLACES; which++) {
        sum_m[which] += depth_m(which);
    }
    assert_near(0.5 * sum_m[WRECK], -11624.0, 2.0);
    assert_near(0.5 * sum_m[LAST_LINK], -12053.0, 2.0);
}

/* An edge of 29 km, and a much longer one: what the rule of edges does to the same positions. */
static void how_edges_run_moves_long_ones_by_as_much_as_was_found(void **state)
{
    (void)state;
    need_lines();
    load("ne10m_v2_DZA", SKY_EDGE_GEODESIC);
    const double geodesic_m = depth_m(WRECK);
    load("ne10m_v2_DZA", SKY_EDGE_PLANAR);
    assert_near(depth_m(WRECK) - geodesic_m, 2.7, 0.3);
    load("countrycoder_DZA", SKY_EDGE_PLANAR);
    assert_near(depth_m(WRECK), -10909.1, 2.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_gives_the_distances_that_were_found_without_this_code),
        cmocka_unit_test(the_ministry_line_lies_between_its_two_copies),
        cmocka_unit_test(how_edges_run_moves_long_ones_by_as_much_as_was_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
