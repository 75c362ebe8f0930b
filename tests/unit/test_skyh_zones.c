/* Zones from GeoJSON: what is sound arrives exactly, what is not is refused where it stands. */
#include <stdlib.h>
#include <string.h>

#include "sky_test.h"
#include "skyh_zonesource.h"

static struct skyh_zone_build build;
static struct skyh_notes notes;
static struct skyh_wishes wishes;
static struct skyh_problem problem;

#define PROPERTIES                                                                                 \
    "\"zone_id\": 4, \"zone_name\": \"Z\", \"line_name\": \"L\", \"source\": \"here\", "           \
    "\"licence\": \"CC0-1.0\", \"edge_rule\": \"planar\", \"accuracy_m\": \"unstated\""

/* Adds one polygon with these properties and coordinates. */
static bool add(const char *properties, const char *coordinates)
{
    static char text[4096];
    (void)snprintf(text, sizeof text,
                   "{\"type\": \"FeatureCollection\", \"features\": [{\"type\": \"Feature\", "
                   "\"properties\": {%s}, \"geometry\": {\"type\": \"Polygon\", \"coordinates\": "
                   "%s}}]}",
                   properties, coordinates);
    return skyh_zonesource_add(&build, "z.geojson", text, strlen(text), &wishes, &notes, &problem);
}

static void refused(const char *properties, const char *coordinates, const char *wanted)
{
    assert_false(add(properties, coordinates));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_string_equal(problem.text, wanted);
}

static int fresh(void **state)
{
    (void)state;
    skyh_zonefile_done(&build);
    memset(&build, 0, sizeof build);
    memset(&notes, 0, sizeof notes);
    memset(&wishes, 0, sizeof wishes);
    memset(&problem, 0, sizeof problem);
    return 0;
}

static void a_packed_set_is_what_the_station_loads(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t count = 0;
    struct skyh_zonefile zones = {0};
    assert_true(add("\"zone_id\": 9, \"zone_name\": \"Later\", \"line_name\": \"B\", \"source\": "
                    "\"s\", \"licence\": \"x\", \"edge_rule\": \"planar\", \"accuracy_m\": 2042, "
                    "\"accuracy_form\": \"ce90\", \"party\": \"P\", \"authority\": \"A\", "
                    "\"ceiling\": {\"height_m\": 3000, \"datum\": \"AMSL\"}",
                    "[[[2.0000001, 20], [3, -21.5], [3, 20], [2.0000001, 20]], "
                    "[[2.5, 0], [2.6, 1], [2.6, 0], [2.5, 0]]]"));
    assert_true(add(PROPERTIES, "[[[0, 0], [1, 0], [1, 1], [0, 0]]]"));
    (void)snprintf(build.name, sizeof build.name, "set");
    assert_true(skyh_zonefile_pack(&build, &bytes, &count, &problem));
    assert_true(skyh_zonefile_take(&zones, "z", bytes, count, &problem));
    assert_int_equal(zones.set.zone_count, 2);
    assert_int_equal(zones.set.line_count, 2);
    assert_int_equal(zones.set.zone[0].id, 9);
    assert_int_equal(zones.set.zone[0].ceiling.datum, SKY_DATUM_AMSL);
    assert_true(zones.set.zone[0].floor.unlimited);
    assert_int_equal(zones.set.line[0].ring_count, 2);
    assert_true(zones.set.line[0].accuracy_stated);
    assert_near(zones.set.line[0].sigma_m, 2042.0 / 2.1459660262893472, 1e-9);
    assert_false(zones.set.line[1].accuracy_stated);
    assert_int_equal(zones.set.vertex[0].lon_e7, 20000001);
    assert_int_equal(zones.set.vertex[1].lat_e7, -215000000);
    assert_int_equal(zones.set.vertex[3].lon_e7, 25000000);
    assert_string_equal(zones.names.line[0].party, "P");
    assert_string_equal(zones.names.line[1].party, "");
    assert_string_equal(zones.names.zone[0].authority, "A");
    assert_int_equal(notes.count, 0);
    skyh_zonefile_close(&zones);
}

static void the_hash_is_that_of_the_source_file(void **state)
{
    (void)state;
    assert_true(add(PROPERTIES, "[[[0, 0], [1, 0], [1, 1], [0, 0]]]"));
    char hex[65];
    assert_string_equal(skyh_zonefile_hex(build.line[0].sha256, hex),
                        "d8aa854e136f40899d0596babe9c78addb1209c652deb96ba18ec199f1052c00");
    uint8_t again[32];
    memcpy(again, build.line[0].sha256, sizeof again);
    assert_true(add(PROPERTIES, "[[[0, 0], [1, 0], [1, 1], [0, 0]]]"));
    assert_memory_equal(build.line[1].sha256, again, 32);
    assert_true(add(PROPERTIES, "[[[0, 0], [1, 0], [1, 2], [0, 0]]]"));
    assert_memory_not_equal(build.line[2].sha256, again, 32);
}

static void a_ring_that_crosses_itself_is_refused_with_both_edges(void **state)
{
    (void)state;
    refused(PROPERTIES, "[[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]",
            "z.geojson: features[0].geometry.coordinates[0]: edge 0-1 crosses edge 2-3; "
            "expected a ring that does not cross itself");
    refused(PROPERTIES, "[[[0, 0], [4, 0], [4, 4], [2, 0], [0, 4], [0, 0]]]",
            "z.geojson: features[0].geometry.coordinates[0]: edge 0-1 touches edge 3-4; "
            "expected a ring that does not cross itself");
    refused(PROPERTIES, "[[[0, 0], [4, 0], [2, 0], [0, 0]]]",
            "z.geojson: features[0].geometry.coordinates[0]: edge 0-1 runs back along edge "
            "2-3; expected a ring that does not cross itself");
}

static void positions_are_counted_as_the_file_has_them(void **state)
{
    (void)state;
    refused(PROPERTIES, "[[[0, 0], [0, 0], [0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]",
            "z.geojson: features[0].geometry.coordinates[0]: edge 0-1 crosses edge 4-5; "
            "expected a ring that does not cross itself");
}

static void rings_may_touch_each_other_but_not_cross(void **state)
{
    (void)state;
    assert_true(add(PROPERTIES, "[[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], "
                                "[[0, 0], [2, 1], [1, 2], [0, 0]]]"));
    refused(PROPERTIES,
            "[[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[1, 1], [2, 5], [3, 1], [1, 1]]]",
            "z.geojson: features[0].geometry.coordinates[0]: edge 2-3 crosses edge 0-1 of "
            "features[0].geometry.coordinates[1]; expected rings that do not cross");
}

static void what_can_be_mended_is_mended_and_said(void **state)
{
    (void)state;
    assert_true(add(PROPERTIES, "[[[0, 0], [1, 0], [1, 0], [1, 1]]]"));
    assert_int_equal(notes.count, 2);
    assert_string_equal(notes.text[0], "z.geojson: features[0].geometry.coordinates[0]: 1 position "
                                       "repeated the one before; left out");
    assert_string_equal(notes.text[1],
                        "z.geojson: features[0].geometry.coordinates[0]: not closed; closed it");
    assert_int_equal(build.vertex_count, 3);
}

static void a_place_that_is_not_on_earth_is_refused(void **state)
{
    (void)state;
    refused(PROPERTIES, "[[[0, 0], [1, 0], [1, 91], [0, 0]]]",
            "z.geojson: features[0].geometry.coordinates[0][2]: [1, 91] is out of range; expected "
            "longitude -180 to 180 and latitude -89 to 89");
    refused(PROPERTIES, "[[[0, 0], [1, 0], [1, \"1\"], [0, 0]]]",
            "z.geojson: features[0].geometry.coordinates[0][2]: not a position; expected "
            "[longitude, latitude]");
    refused(PROPERTIES, "[[[0, 0], [0, 0], [1, 1], [0, 0]]]",
            "z.geojson: features[0].geometry.coordinates[0]: has 2 different positions; expected 3 "
            "at least");
    refused(PROPERTIES, "[]",
            "z.geojson: features[0].geometry.coordinates: has 0 elements; expected 1 to 100000");
    refused(PROPERTIES, "[[[-170, 0], [170, 0], [0, 1], [-170, 0]]]",
            "z.geojson: features[0].geometry.coordinates[0]: runs round a pole; expected a ring "
            "that does not: split it");
    refused(PROPERTIES, "[[[-100, 0], [0, 0], [100, 0], [0, 1], [-100, 0]]]",
            "z.geojson: features[0]: 200.0 degrees wide; expected less than 180: split it");
}

static void a_number_that_is_none_is_not_json(void **state)
{
    (void)state;
    assert_false(add(PROPERTIES, "[[[0, 0], [1, NaN], [1, 1], [0, 0]]]"));
    assert_non_null(strstr(problem.text, "expected JSON"));
    assert_false(add(PROPERTIES, "[[[0, 0], [1, 1e999], [1, 1], [0, 0]]]"));
    assert_non_null(strstr(problem.text, "expected JSON"));
}

static void an_edge_rule_that_nobody_knows_is_refused(void **state)
{
    (void)state;
    refused("\"zone_id\": 4, \"zone_name\": \"Z\", \"line_name\": \"L\", \"source\": \"here\", "
            "\"licence\": \"x\", \"edge_rule\": \"straight\", \"accuracy_m\": \"unstated\"",
            "[[[0, 0], [1, 0], [1, 1], [0, 0]]]",
            "z.geojson: features[0].properties.edge_rule: \"straight\"; expected \"planar\", "
            "\"geodesic\", \"rhumb\" or \"unstated\"");
}

static void lines_of_one_zone_agree_on_the_zone(void **state)
{
    (void)state;
    assert_true(add(PROPERTIES, "[[[0, 0], [1, 0], [1, 1], [0, 0]]]"));
    refused("\"zone_id\": 4, \"zone_name\": \"Other\", \"line_name\": \"L\", \"source\": \"h\", "
            "\"licence\": \"x\", \"edge_rule\": \"planar\", \"accuracy_m\": \"unstated\"",
            "[[[0, 0], [1, 0], [1, 1], [0, 0]]]",
            "z.geojson: features[0]: zone 4 was described otherwise before; expected "
            "the same name, authority, floor and ceiling for all its lines");
}

static void an_accuracy_says_what_it_is(void **state)
{
    (void)state;
    refused("\"zone_id\": 4, \"zone_name\": \"Z\", \"line_name\": \"L\", \"source\": \"here\", "
            "\"licence\": \"x\", \"edge_rule\": \"planar\", \"accuracy_m\": 100",
            "[[[0, 0], [1, 0], [1, 1], [0, 0]]]",
            "z.geojson: features[0].properties.accuracy_form: missing; expected \"sigma\", "
            "\"ce90\" or \"ce95\"");
    refused("\"zone_id\": 4, \"zone_name\": \"Z\", \"line_name\": \"L\", \"source\": \"here\", "
            "\"licence\": \"x\", \"edge_rule\": \"planar\", \"accuracy_m\": \"good\"",
            "[[[0, 0], [1, 0], [1, 1], [0, 0]]]",
            "z.geojson: features[0].properties.accuracy_m: something else; expected a number "
            "above 0 and to 100000 in m, or \"unstated\"");
}

static void a_floor_above_its_ceiling_is_named_in_the_file_it_came_from(void **state)
{
    (void)state;
    refused("\"zone_id\": 4, \"zone_name\": \"Z\", \"line_name\": \"L\", \"source\": \"here\", "
            "\"licence\": \"x\", \"edge_rule\": \"planar\", \"accuracy_m\": \"unstated\", "
            "\"floor\": {\"height_m\": 1000, \"datum\": \"HAE\"}, "
            "\"ceiling\": {\"height_m\": 10, \"datum\": \"HAE\"}",
            "[[[0, 0], [1, 0], [1, 1], [0, 0]]]",
            "z.geojson: features[0].properties.ceiling: 10 m; expected it above the floor, 1000 m");
}

/* Every pair compared, as the sweep must find without comparing every pair. */
static bool crosses_somewhere(const double ring[][2], int count)
{
    for (int i = 0; i < count; i++) {
        for (int j = i + 1; j < count; j++) {
            const double *const a = ring[i], *const b = ring[(i + 1) % count];
            const double *const c = ring[j], *const d = ring[(j + 1) % count];
            const double abc = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
            const double abd = (b[0] - a[0]) * (d[1] - a[1]) - (b[1] - a[1]) * (d[0] - a[0]);
            const double cda = (d[0] - c[0]) * (a[1] - c[1]) - (d[1] - c[1]) * (a[0] - c[0]);
            const double cdb = (d[0] - c[0]) * (b[1] - c[1]) - (d[1] - c[1]) * (b[0] - c[0]);
            if (abc * abd < 0.0 && cda * cdb < 0.0) {
                return true;
            }
        }
    }
    return false;
}

static void a_crossing_is_found_wherever_it_is(void **state)
{
    (void)state;
    uint64_t seed = 7;
    int crossed = 0, clear = 0;
    for (int turn = 0; turn < 3000; turn++) {
        double ring[9][2];
        char text[600] = "[[";
        const int count = 4 + turn % 6;
        for (int i = 0; i < count; i++) {
            ring[i][0] = turn % 2 == 0 ? test_uniform(&seed, -9.0, 9.0)
                                       : 5.0 * cos(0.6 * i) * test_uniform(&seed, 0.5, 1.0);
            ring[i][1] = turn % 2 == 0 ? test_uniform(&seed, -9.0, 9.0)
                                       : 5.0 * sin(0.6 * i) * test_uniform(&seed, 0.5, 1.0);
            ring[i][0] = round(ring[i][0] * 1e4) / 1e4;
            ring[i][1] = round(ring[i][1] * 1e4) / 1e4;
            (void)sprintf(text + strlen(text), "[%.4f, %.4f], ", ring[i][0], ring[i][1]);
        }
        (void)sprintf(text + strlen(text), "[%.4f, %.4f]]]", ring[0][0], ring[0][1]);
        const bool wanted = crosses_somewhere((const double(*)[2])ring, count);
        (void)fresh(NULL);
        const bool refused_it = !add(PROPERTIES, text);
        if (refused_it != wanted) {
            fail_msg("turn %d: %s: crosses %d, refused %d: %s", turn, text, wanted, refused_it,
                     problem.text);
        }
        crossed += wanted ? 1 : 0;
        clear += wanted ? 0 : 1;
    }
    assert_true(crossed > 300 && clear > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_packed_set_is_what_the_station_loads, fresh, fresh),
        cmocka_unit_test_setup_teardown(the_hash_is_that_of_the_source_file, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_ring_that_crosses_itself_is_refused_with_both_edges,
                                        fresh, fresh),
        cmocka_unit_test_setup_teardown(positions_are_counted_as_the_file_has_them, fresh, fresh),
        cmocka_unit_test_setup_teardown(rings_may_touch_each_other_but_not_cross, fresh, fresh),
        cmocka_unit_test_setup_teardown(what_can_be_mended_is_mended_and_said, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_place_that_is_not_on_earth_is_refused, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_number_that_is_none_is_not_json, fresh, fresh),
        cmocka_unit_test_setup_teardown(an_edge_rule_that_nobody_knows_is_refused, fresh, fresh),
        cmocka_unit_test_setup_teardown(lines_of_one_zone_agree_on_the_zone, fresh, fresh),
        cmocka_unit_test_setup_teardown(an_accuracy_says_what_it_is, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_floor_above_its_ceiling_is_named_in_the_file_it_came_from,
                                        fresh, fresh),
        cmocka_unit_test_setup_teardown(a_crossing_is_found_wherever_it_is, fresh, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
