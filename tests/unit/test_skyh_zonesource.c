/* Files of zones in every format: what they draw arrives, what is wrong is refused where it is. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sky_math.h"
#include "sky_test.h"
#include "skyh_zonesource.h"

static struct skyh_zone_build build;
static struct skyh_notes notes;
static struct skyh_wishes wishes;
static struct skyh_problem problem;
static struct skyh_zonefile zones;
static struct geod_geodesic earth;

static int fresh(void **state)
{
    (void)state;
    skyh_zonefile_done(&build);
    skyh_zonefile_close(&zones);
    memset(&build, 0, sizeof build);
    memset(&notes, 0, sizeof notes);
    memset(&wishes, 0, sizeof wishes);
    memset(&problem, 0, sizeof problem);
    geod_init(&earth, 6378137.0, 1.0 / 298.257223563);
    return 0;
}

static bool add(const char *text)
{
    return skyh_zonesource_add(&build, "z", text, strlen(text), &wishes, &notes, &problem);
}

static void taken(const char *text)
{
    if (!add(text)) {
        fail_msg("%s", problem.text);
    }
}

static void refused(const char *text, const char *wanted)
{
    assert_false(add(text));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_string_equal(problem.text, wanted);
}

/* As a station has it. */
static void loaded(void)
{
    uint8_t *bytes = NULL;
    size_t count = 0;
    (void)snprintf(build.name, sizeof build.name, "set");
    if (!skyh_zonefile_pack(&build, &bytes, &count, &problem) ||
        !skyh_zonefile_take(&zones, "set", bytes, count, &problem)) {
        fail_msg("%s", problem.text);
    }
}

static double distance_m(uint32_t line, double lat_deg, double lon_deg)
{
    struct sky_nearest nearest;
    sky_zone_nearest(&zones.set, line, lat_deg * SKY_PI / 180.0, lon_deg * SKY_PI / 180.0,
                     SKY_ZONE_NO_EDGE, &nearest);
    return nearest.distance_m;
}

static void limits_are(uint32_t zone, double floor_m, enum sky_datum floor_datum, double ceiling_m,
                       enum sky_datum ceiling_datum)
{
    const struct skyh_zone_text *const is = &build.zone[zone];
    assert_false(is->floor.unlimited);
    assert_near(is->floor.height_m, floor_m, 1e-9);
    assert_int_equal(is->floor.datum, floor_datum);
    assert_false(is->ceiling.unlimited);
    assert_near(is->ceiling.height_m, ceiling_m, 1e-9);
    assert_int_equal(is->ceiling.datum, ceiling_datum);
}

/* ------------------------------------------------------------------------------- the format */

static void an_empty_file_is_refused(void **state)
{
    (void)state;
    refused("", "z: empty; expected zones");
    refused(" \r\n\t", "z: empty; expected zones");
    refused("\xEF\xBB\xBF", "z: empty; expected zones");
}

#define CONVERT                                                                                    \
    "; expected GeoJSON, ED-269, ED-318, OpenAir or KML. Convert it first: ogr2ogr -f GeoJSON "    \
    "-t_srs EPSG:4326 -lco RFC7946=YES ZONES.geojson z"

static void a_format_that_is_not_known_is_refused_with_what_converts_it(void **state)
{
    (void)state;
    refused("PK\x03\x04", "z: of a format that is not known here" CONVERT);
    refused("<gpx><wpt/></gpx>", "z: XML, but not KML" CONVERT);
    refused("hello", "z: of a format that is not known here" CONVERT);
    assert_false(skyh_zonesource_add(&build, "z", "AC \0", 4, &wishes, &notes, &problem));
    assert_string_equal(problem.text, "z: of a format that is not known here" CONVERT);
}

static void a_mark_of_byte_order_is_no_format(void **state)
{
    (void)state;
    taken("\xEF\xBB\xBF{\"type\": \"Polygon\", \"coordinates\": [[[0,0],[1,0],[1,1],[0,0]]]}");
    assert_int_equal(build.line_count, 1);
}

/* ----------------------------------------------------------------------------------- GeoJSON */

#define SQUARE "[[[0,0],[1,0],[1,1],[0,1],[0,0]]]"
#define FEATURE(properties, geometry)                                                              \
    "{\"type\":\"Feature\",\"properties\":{" properties "},\"geometry\":" geometry "}"
#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"
#define POLYGON "{\"type\":\"Polygon\",\"coordinates\":" SQUARE "}"
#define LINE(places) "{\"type\":\"LineString\",\"coordinates\":[" places "]}"
#define BORDER "{\"type\":\"LineString\",\"coordinates\":[[0,20],[1,20.5],[2,20]]}"
#define OURS                                                                                       \
    "\"zone_id\":7,\"zone_name\":\"Z\",\"line_name\":\"L\",\"source\":\"s\",\"licence\":\"x\","    \
    "\"accuracy_m\":\"unstated\""

static void a_foreign_feature_gets_the_rest_from_the_wishes(void **state)
{
    (void)state;
    wishes = (struct skyh_wishes){.authority = "A",
                                  .party = "P",
                                  .source = "S",
                                  .licence = "L",
                                  .valid_from = "2020-01-01",
                                  .accuracy = SKYH_ACCURACY_CE90,
                                  .stated_m = 2042.0};
    taken(COLLECTION(FEATURE("\"NAME\":\" Some place \",\"any\":[1]", POLYGON)));
    assert_string_equal(build.zone[0].name, "Some place");
    assert_string_equal(build.zone[0].authority, "A");
    assert_string_equal(build.line[0].name, "Some place");
    assert_string_equal(build.line[0].party, "P");
    assert_string_equal(build.line[0].source, "S");
    assert_string_equal(build.line[0].licence, "L");
    assert_string_equal(build.line[0].valid_from, "2020-01-01");
    assert_int_equal(build.line[0].accuracy, SKYH_ACCURACY_CE90);
    assert_false(build.line[0].rule_unstated);
}

static void what_nobody_says_is_said_to_be_unstated(void **state)
{
    (void)state;
    taken(COLLECTION(FEATURE("", POLYGON)));
    assert_string_equal(build.zone[0].name, "z, features[0]");
    assert_string_equal(build.line[0].source, "z");
    assert_string_equal(build.line[0].licence, "not stated");
    assert_int_equal(build.line[0].accuracy, SKYH_ACCURACY_UNSTATED);
}

static void foreign_features_that_enclose_nothing_are_left_out_and_said(void **state)
{
    (void)state;
    taken(COLLECTION(FEATURE("", "{\"type\":\"Point\",\"coordinates\":[0,0]}") "," FEATURE(
        "", "null") "," FEATURE("", POLYGON)));
    assert_int_equal(build.line_count, 1);
    assert_int_equal(notes.count, 2);
    assert_string_equal(notes.text[0], "z: features[0].geometry: no Polygon, MultiPolygon or "
                                       "LineString; left out");
}

static void ours_says_everything_and_nothing_else(void **state)
{
    (void)state;
    wishes.source = "other";
    wishes.has_rule = true;
    wishes.rule = SKY_EDGE_RHUMB;
    taken(COLLECTION(FEATURE(OURS ",\"edge_rule\":\"geodesic\",\"valid_from\":\"2020\","
                                  "\"valid_until\":\"2021\"",
                             POLYGON)));
    assert_int_equal(build.zone[0].id, 7);
    assert_string_equal(build.line[0].source, "s");
    assert_int_equal(build.line[0].rule, SKY_EDGE_GEODESIC);
    assert_string_equal(build.line[0].valid_until, "2021");
    assert_true(build.line[0].chord_m > 0.0 && build.line[0].chord_m <= 0.1);
    assert_true(build.vertex_count > 8);
    assert_false(add(COLLECTION(FEATURE(OURS ",\"edge_rule\":\"planar\",\"x\":1", POLYGON))));
    assert_non_null(strstr(problem.text, "z: features[0].properties.x: unknown field"));
}

static void an_unstated_rule_stays_unstated(void **state)
{
    (void)state;
    taken(COLLECTION(FEATURE(OURS ",\"edge_rule\":\"unstated\"", POLYGON)));
    assert_true(build.line[0].rule_unstated);
    assert_int_equal(build.line[0].rule, SKY_EDGE_PLANAR);
    loaded();
    assert_false(zones.set.line[0].rule_stated);
}

static void a_border_of_two_zones_is_kept_once_with_complementary_answers(void **state)
{
    (void)state;
    taken(COLLECTION(FEATURE(OURS ",\"edge_rule\":\"planar\",\"right_zone_id\":3,"
                                  "\"right_zone_name\":\"R\",\"right_authority\":\"B\"",
                             BORDER)));
    assert_int_equal(build.line_count, 1);
    assert_int_equal(build.zone_count, 2);
    assert_string_equal(build.zone[1].authority, "B");
    loaded();
    assert_int_equal(zones.set.line_count, 2);
    assert_int_equal(zones.set.ring_count, 1);
    assert_int_equal(zones.set.ring[0].closing, zones.set.ring[0].count - 2);
    uint64_t seed = 5;
    for (int i = 0; i < 100; i++) {
        const double lat = test_uniform(&seed, 19.0, 22.0), lon = test_uniform(&seed, -1.0, 3.0);
        const double left_m = distance_m(0, lat, lon), right_m = distance_m(1, lat, lon);
        assert_true(left_m + right_m <= 0.0 && left_m + right_m >= 0.0);
    }
    assert_true(distance_m(0, 20.6, 1.0) < 0.0);
}

static void a_polygon_may_name_what_is_outside(void **state)
{
    (void)state;
    wishes.zone = "In";
    wishes.right_zone = "Out";
    taken(COLLECTION(FEATURE("", POLYGON)));
    loaded();
    assert_true(distance_m(0, 0.5, 0.5) < 0.0);
    assert_true(distance_m(1, 0.5, 0.5) > 0.0);
    assert_true(distance_m(1, 50.0, 0.5) < 0.0);
}

static void one_zone_cannot_be_on_both_sides(void **state)
{
    (void)state;
    refused(COLLECTION(FEATURE(OURS ",\"edge_rule\":\"planar\",\"right_zone_id\":7,"
                                    "\"right_zone_name\":\"Z\"",
                               BORDER)),
            "z: features[0]: the same zone on either side; expected two");
    refused(COLLECTION(FEATURE(OURS ",\"edge_rule\":\"planar\",\"right_zone_id\":8", BORDER)),
            "z: features[0].properties: right_zone_id without right_zone_name, or the other way "
            "round; expected both or none");
}

static void a_border_in_parts_must_be_joined(void **state)
{
    (void)state;
    taken(COLLECTION(
        FEATURE("", "{\"type\":\"MultiLineString\",\"coordinates\":[[[0,20],[1,20]]]}")));
    refused(COLLECTION(FEATURE("", "{\"type\":\"MultiLineString\",\"coordinates\":[[[0,20],[1,20]],"
                                   "[[1,20],[2,20]]]}")),
            "z: features[0].geometry.coordinates: 2 parts; expected one: join them in their order, "
            "or give each as a LineString");
}

static void lines_that_contradict_each_other_about_their_sides_are_named(void **state)
{
    (void)state;
    wishes.zone = "A";
    taken(COLLECTION(FEATURE("\"name\": \"first\"", LINE("[179, 20], [-178, 20.1]")) "," FEATURE(
        "\"name\": \"back\"",
        LINE("[-178, 20.2], [179, 20.1]")) "," FEATURE("\"name\": \"along\"",
                                                       LINE("[179, 20.3], [-178, 20.2]"))));
    assert_int_equal(notes.count, 5); /* three across the antimeridian */
    assert_string_equal(notes.text[2],
                        "z: features[1]: has its zone on the other side than \"first\" does; turn "
                        "one of them round if they are the same border");
    assert_non_null(strstr(notes.text[4], "features[2]: has its zone on the other side than "
                                          "\"back\" does"));
    memset(&notes, 0, sizeof notes);
    wishes.zone = "B";
    wishes.right_zone = "A";
    taken(COLLECTION(FEATURE("", LINE("[179, 20.3], [-178, 20.2]"))));
    assert_int_equal(notes.count, 3); /* against first and along */
    memset(&notes, 0, sizeof notes);
    taken(COLLECTION(FEATURE("", LINE("[-177, 20], [-178, 20]")) "," FEATURE("", POLYGON)));
    assert_int_equal(notes.count, 2); /* against back, and the one before */
}

static void a_long_name_is_cut_between_characters(void **state)
{
    (void)state;
    char file[SKYH_TEXT_MAX];
    for (size_t length = 220; length < 250; length++) {
        (void)fresh(NULL);
        (void)memset(file, 'a', sizeof file);
        for (size_t i = 100 + length % 2; i + 2 <= length; i += 2) {
            memcpy(file + i, "\xC3\xBC", 2);
        }
        file[length] = '\0';
        const char text[] = COLLECTION(FEATURE("", POLYGON));
        assert_true(
            skyh_zonesource_add(&build, file, text, strlen(text), &wishes, &notes, &problem));
        loaded();
        const char *const name = zones.names.zone[0].name;
        assert_string_equal(name + strlen(name) - 13, ", features[0]");
        skyh_zonefile_close(&zones);
    }
}

static void all_files_add_to_the_zone_that_a_wish_names(void **state)
{
    (void)state;
    wishes.zone = "Home";
    taken(COLLECTION(FEATURE("", POLYGON)));
    taken(COLLECTION(FEATURE("", POLYGON)));
    assert_int_equal(build.zone_count, 1);
    assert_int_equal(build.line_count, 2);
}

static void more_zones_than_a_station_holds_must_be_chosen_from(void **state)
{
    (void)state;
    static char text[8192] = "{\"type\":\"FeatureCollection\",\"features\":[";
    for (int i = 0; i < 17; i++) {
        (void)sprintf(text + strlen(text),
                      "%s{\"type\":\"Feature\",\"id\":\"id%d\",\"properties\":{\"name\":\"zone "
                      "%d\"},\"geometry\":" POLYGON "}",
                      i == 0 ? "" : ",", i, i);
    }
    (void)strcat(text, "]}");
    assert_false(add(text));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_non_null(strstr(problem.text, "z: 17 zones; a station holds 16, with 32 lines in all: "
                                         "choose with --select NAME (\"zone 0\", \"zone 1\""));
    wishes.select[0] = "zone 16";
    wishes.select[1] = "id3";
    wishes.select[2] = "zone 99";
    wishes.select_count = 3;
    taken(text);
    assert_int_equal(build.zone_count, 2);
    assert_string_equal(build.zone[0].name, "zone 3");
    assert_true(wishes.selected[0] && wishes.selected[1] && !wishes.selected[2]);
}

/* ------------------------------------------------------------------------------------ ED-269 */

#define ED269(volume)                                                                              \
    "{\"title\":\"t\",\"features\":[{\"identifier\":\"I1\",\"name\":\"N\",\"zoneAuthority\":"      \
    "[{\"name\":\"A\"}],\"applicability\":[{\"permanent\":\"YES\"}],\"geometry\":[" volume "]}]}"
#define CIRCLE269(unit, radius)                                                                    \
    "{\"uomDimensions\":\"" unit "\",\"lowerLimit\":100,\"lowerVerticalReference\":\"AMSL\","      \
    "\"upperLimit\":400,\"upperVerticalReference\":\"AGL\",\"horizontalProjection\":{\"type\":"    \
    "\"Circle\",\"center\":[7.0,46.0],\"radius\":" radius "}}"

/* Every vertex of the only ring is as far from the centre. */
static void circle_is(double lat_deg, double lon_deg, double radius_m)
{
    for (uint32_t i = 0; i < build.vertex_count; i++) {
        double metres;
        geod_inverse(&earth, lat_deg, lon_deg, build.vertex[i].lat_e7 * 1e-7,
                     build.vertex[i].lon_e7 * 1e-7, &metres, NULL, NULL);
        assert_near(metres, radius_m, 0.01);
    }
    assert_true(build.vertex_count > 10);
}

static void a_circle_of_ed269_is_one(void **state)
{
    (void)state;
    taken(ED269(CIRCLE269("M", "1500")));
    circle_is(46.0, 7.0, 1500.0);
    limits_are(0, 100.0, SKY_DATUM_AMSL, 400.0, SKY_DATUM_AGL);
    assert_string_equal(build.zone[0].name, "N");
    assert_string_equal(build.zone[0].authority, "A");
    assert_false(build.line[0].rule_unstated); /* it has no edges */
    assert_int_equal(notes.count, 0);
}

static void feet_of_ed269_are_feet(void **state)
{
    (void)state;
    taken(ED269(CIRCLE269("FT", "1000")));
    circle_is(46.0, 7.0, 304.8);
    limits_are(0, 30.48, SKY_DATUM_AMSL, 121.92, SKY_DATUM_AGL);
    assert_string_equal(notes.text[0], "z: features[0].geometry[0].horizontalProjection.radius: "
                                       "taken in feet, as its limits are");
}

static void volumes_are_zones_of_their_own(void **state)
{
    (void)state;
    wishes.select[0] = "N";
    wishes.select_count = 1;
    taken(ED269(CIRCLE269("M", "1500") "," CIRCLE269("M", "2500")));
    assert_int_equal(build.zone_count, 2);
    assert_string_equal(build.zone[1].name, "N, volume 2 of 2");
}

static void what_is_wrong_in_ed269_is_named(void **state)
{
    (void)state;
    refused(ED269(CIRCLE269("KM", "1")),
            "z: features[0].geometry[0].uomDimensions: KM; expected m or ft");
    refused(ED269(CIRCLE269("M", "-1")), "z: features[0].geometry[0].horizontalProjection.radius: "
                                         "no radius; expected a number above 0 and to 2000 km");
    refused(ED269("{\"uomDimensions\":\"M\",\"horizontalProjection\":{\"type\":\"Polygon\","
                  "\"coordinates\":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}}"),
            "z: features[0].geometry[0].horizontalProjection.coordinates[0]: edge 0-1 crosses edge "
            "2-3; expected a ring that does not cross itself");
    refused(ED269("{\"uomDimensions\":\"M\",\"horizontalProjection\":{\"type\":\"Blob\"}}"),
            "z: features[0].geometry[0].horizontalProjection.type: Blob; expected Polygon or "
            "Circle");
}

static void polygons_of_ed269_do_not_say_how_their_edges_run(void **state)
{
    (void)state;
    taken(ED269("{\"uomDimensions\":\"M\",\"horizontalProjection\":{\"type\":\"Polygon\","
                "\"coordinates\":" SQUARE "}}"));
    assert_true(build.line[0].rule_unstated);
}

/* ------------------------------------------------------------------------------------ ED-318 */

#define LAYER(datum, unit)                                                                         \
    "\"layer\":{\"upper\":150,\"upperReference\":\"" datum "\",\"lower\":0,\"lowerReference\":"    \
    "\"AGL\",\"uom\":\"" unit "\"}"
#define ED318(geometry)                                                                            \
    "{\"type\":\"FeatureCollection\",\"metadata\":{\"validFrom\":\"2018-12-31T15:59:59Z\","        \
    "\"provider\":[{\"text\":\"Us\",\"lang\":\"en-GB\"}]},\"features\":[{\"type\":\"Feature\","    \
    "\"properties\":{\"identifier\":\"I\",\"name\":[{\"text\":\"N\",\"lang\":\"en-GB\"}],"         \
    "\"variant\":\"COMMON\",\"zoneAuthority\":[{\"name\":[{\"text\":\"A\"}]}]},"                   \
    "\"geometry\":" geometry "}]}"
#define CIRCLE318(datum, unit, kind)                                                               \
    "{\"type\":\"Point\",\"coordinates\":[2.6,50.1],\"extent\":{\"subType\":\"" kind               \
    "\",\"radius\":3500}," LAYER(datum, unit) "}"

static void a_circle_of_ed318_keeps_radius_and_layer(void **state)
{
    (void)state;
    taken(ED318(CIRCLE318("WGS84", "ft", "Circle")));
    circle_is(50.1, 2.6, 3500.0);               /* in metres whatever the layer is in */
    assert_true(build.zone[0].floor.unlimited); /* 0 above ground is the surface */
    assert_near(build.zone[0].ceiling.height_m, 45.72, 1e-9);
    assert_int_equal(build.zone[0].ceiling.datum, SKY_DATUM_HAE);
    assert_string_equal(build.zone[0].name, "N");
    assert_string_equal(build.zone[0].authority, "A");
    assert_string_equal(build.line[0].source, "Us");
    assert_string_equal(build.line[0].valid_from, "2018-12-31T15:59:59Z");
}

static void layers_of_ed318_are_zones_of_their_own(void **state)
{
    (void)state;
    taken(ED318("{\"type\":\"GeometryCollection\",\"geometries\":[" CIRCLE318(
        "AGL", "m", "Circle") "," CIRCLE318("AMSL", "m", "Circle") "]}"));
    assert_int_equal(build.zone_count, 2);
    assert_int_equal(build.zone[1].ceiling.datum, SKY_DATUM_AMSL);
}

static void what_is_wrong_in_ed318_is_named(void **state)
{
    (void)state;
    refused(ED318(CIRCLE318("NAP", "m", "Circle")),
            "z: features[0].geometry.layer.upperReference: datum NAP; expected AGL, AMSL, WGS84 or "
            "STD");
    refused(ED318(CIRCLE318("AGL", "furlong", "Circle")),
            "z: features[0].geometry.layer.uom: furlong; expected m or ft");
    refused(ED318(CIRCLE318("AGL", "m", "Ellipse")),
            "z: features[0].geometry.extent.subType: Ellipse; expected Circle: a point alone has "
            "no inside");
    refused(
        ED318("{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,1]]," LAYER("AGL", "m") "}"),
        "z: features[0].geometry.type: LineString; expected Polygon, MultiPolygon, a Point with "
        "an extent, or a GeometryCollection of these");
}

/* ----------------------------------------------------------------------------------- OpenAir */

#define AIRSPACE "AC R\nAN Some\nAH FL95\nAL 1000ft AMSL\n"

static void points_of_openair_are_read_in_all_their_ways_of_writing(void **state)
{
    (void)state;
    taken("* comment\r\n\r\n" AIRSPACE "DP 45:05:36 N 009:30:00 E\nDP 45:06.5N,009:30:30W\n"
          "DP 46 S 9.25 E ; decimal\nDP 45:05:36.00 N 009:30:00.0 E\n");
    assert_int_equal(build.vertex_count, 3);
    assert_int_equal(build.vertex[0].lat_e7, 450933333);
    assert_int_equal(build.vertex[1].lat_e7, 451083333);
    assert_int_equal(build.vertex[1].lon_e7, -95083333);
    assert_int_equal(build.vertex[2].lat_e7, -460000000);
    limits_are(0, 304.8, SKY_DATUM_AMSL, 2895.6, SKY_DATUM_STD);
    assert_true(build.line[0].rule_unstated);
    assert_string_equal(build.zone[0].name, "Some");
}

static void heights_of_openair_are_read_in_all_their_ways_of_writing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool unlimited;
        double height_m;
        enum sky_datum datum;
    } wanted[] = {
        {"UNL", true, 0.0, SKY_DATUM_HAE},        {"unlimited", true, 0.0, SKY_DATUM_HAE},
        {"FL 95", false, 2895.6, SKY_DATUM_STD},  {"500 AGL", false, 152.4, SKY_DATUM_AGL},
        {"150m GND", false, 150, SKY_DATUM_AGL},  {"3500", false, 1066.8, SKY_DATUM_AMSL},
        {"900M MSL", false, 900, SKY_DATUM_AMSL}, {"5000FT STD", false, 1524, SKY_DATUM_STD},
        {"900 m HAE", false, 900, SKY_DATUM_HAE}, {"2500f asl", false, 762, SKY_DATUM_AMSL},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        char text[256];
        (void)fresh(NULL);
        (void)snprintf(text, sizeof text,
                       "AC R\nAN Some\nAH %s\nAL SFC\nV X=45:00:00 N 009:00:00 E\nDC 1\n",
                       wanted[i].text);
        taken(text);
        assert_true(build.zone[0].floor.unlimited);
        assert_int_equal(build.zone[0].ceiling.unlimited, wanted[i].unlimited);
        assert_near(build.zone[0].ceiling.height_m, wanted[i].height_m, 1e-9);
        assert_int_equal(build.zone[0].ceiling.datum, wanted[i].datum);
    }
}

static void a_circle_of_openair_is_one_of_nautical_miles(void **state)
{
    (void)state;
    taken(AIRSPACE "V X=53:24:25 N 010:25:10 E\nDC 1.10\n");
    circle_is(53.0 + 24.0 / 60.0 + 25.0 / 3600.0, 10.0 + 25.0 / 60.0 + 10.0 / 3600.0, 2037.2);
}

/* The bearing, from the centre, of the vertex after the first one of an arc. */
static void arc_turns(const char *direction, const char *beyond, int low, int high)
{
    char text[400];
    double bearing_deg;
    (void)fresh(NULL);
    (void)snprintf(text, sizeof text,
                   AIRSPACE
                   "V D=%s\nV X=45:00:00 N 009:00:00 E\nDA 10, 350, 80\nDP %s N 009:00:00 E\n",
                   direction, beyond);
    taken(text);
    geod_inverse(&earth, 45.0, 9.0, build.vertex[1].lat_e7 * 1e-7, build.vertex[1].lon_e7 * 1e-7,
                 NULL, &bearing_deg, NULL);
    assert_in_range((int)(bearing_deg + 360.0) % 360, low, high);
}

static void arcs_of_openair_turn_as_they_are_told(void **state)
{
    (void)state;
    arc_turns("+", "44:00:00", 350, 359);
    arc_turns("-", "46:00:00", 340, 349);
}

static void an_arc_between_points_runs_from_one_to_the_other(void **state)
{
    (void)state;
    taken(AIRSPACE "DP 52:07:36 N 013:23:34 E\nDP 52:07:57 N 013:25:08 E\n"
                   "V X=52:06:33 N 013:25:58 E\n"
                   "DB 52:07:57 N 013:25:08 E, 52:05:09 N, 013:26:48 E\n"
                   "DP 52:05:09 N 013:26:48 E\nDP 52:04:48 N 013:25:14 E\n");
    assert_int_equal(notes.count, 1); /* not closed */
    assert_true(build.vertex_count > 50);
    loaded();
    assert_true(distance_m(0, 52.1092, 13.43) < -1500.0); /* beside the centre, in the half disc */
}

static void arcs_that_do_not_meet_are_refused(void **state)
{
    (void)state;
    refused(
        AIRSPACE "V X=45:00:00 N 009:00:00 E\nDB 45:10:00 N 009:00:00 E, 45:00:00 N 009:20:00 "
                 "E\nDP 45:00:00 N 009:00:00 E\n",
        "z: line 6: DB: its ends are 18522 m and 26282 m from the centre; expected an arc whose "
        "ends meet one circle");
}

static void arcs_that_nearly_meet_are_drawn_and_said(void **state)
{
    (void)state;
    taken(AIRSPACE "V X=45:00:00 N 009:00:00 E\nDB 45:10:00 N 009:00:00 E, 45:00:00 N 009:14:05 E\n"
                   "DP 45:00:00 N 009:00:00 E\nDP 45:10:00 N 009:00:00 E\n");
    assert_int_equal(notes.count, 1);
    assert_string_equal(notes.text[0], "z: arcs: 1 of which the ends are not equally far from the "
                                       "centre, by 15 m at most; drawn from one to the other");
}

static void limits_from_the_wishes_do_not_replace_those_of_a_file(void **state)
{
    (void)state;
    wishes = (struct skyh_wishes){
        .has_floor = true,
        .has_ceiling = true,
        .floor = {.height_m = 500.0, .datum = SKY_DATUM_AMSL},
        .ceiling = {.height_m = 600.0, .datum = SKY_DATUM_AMSL},
    };
    taken("AC R\nAN Both\nAL GND\nAH UNL\nV X=45:00:00 N 009:00:00 E\nDC 1\n"
          "AC R\nAN One\nAL GND\nV X=45:00:00 N 009:00:00 E\nDC 1\n");
    assert_true(build.zone[0].floor.unlimited);
    assert_true(build.zone[0].ceiling.unlimited);
    assert_true(build.zone[1].floor.unlimited);
    assert_near(build.zone[1].ceiling.height_m, 600.0, 0.0);
}

static void limits_that_leave_nothing_are_refused_where_they_meet(void **state)
{
    (void)state;
    wishes.has_floor = true;
    wishes.floor = (struct sky_limit){.height_m = 900.0, .datum = SKY_DATUM_AMSL};
    refused("AC R\nAN Low\nAH 1000ft\nV X=45:00:00 N 009:00:00 E\nDC 1\n",
            "z: line 1 (Low): ceiling 304.8 m, floor 900 m; expected the ceiling above the floor");
}

static void arcs_that_leave_a_gap_are_joined_and_said(void **state)
{
    (void)state;
    taken(AIRSPACE "V X=45:00:00 N 009:00:00 E\nDA 5,0,90\nDA 7,90,180\n"
                   "DP 45:00:00 N 009:00:00 E\nDA 7,190,270\nDA 7,270,300\n");
    assert_int_equal(notes.count, 2); /* not closed */
    assert_string_equal(notes.text[0], "z: arcs: 1 of which begin elsewhere than the arc before "
                                       "them ends, by 3704 m at most; an edge joins them");
}

static void a_whole_turn_may_be_an_arc(void **state)
{
    (void)state;
    taken(AIRSPACE "V X=45:00:00 N 009:00:00 E\nDA 5,0,360\n");
    circle_is(45.0, 9.0, 9260.0);
}

static void what_is_wrong_in_openair_is_named(void **state)
{
    (void)state;
    refused(AIRSPACE "DP 45:05:60 N 009:39:41 E\n",
            "z: line 5: DP 45:05:60 N 009:39:41 E; expected a place such as 45:05:35 N 009:39:41 "
            "E");
    refused(AIRSPACE "DP 91:00:00 N 009:39:41 E\n",
            "z: line 5: DP 91:00:00 N 009:39:41 E; expected a place such as 45:05:35 N 009:39:41 "
            "E");
    refused(AIRSPACE "DC 5\n", "z: line 5: no centre; expected V X=PLACE before");
    refused(AIRSPACE "V X=45:00:00 N 009:00:00 E\nDC 0\n",
            "z: line 6: DC; expected a radius above 0 and to 1000 nautical miles");
    refused(AIRSPACE "V X=45:00:00 N 009:00:00 E\nDC 1\nDP 45:00:00 N 009:00:00 E\n",
            "z: line 7: a circle (DC) and other geometry in one airspace; expected one of them");
    refused(AIRSPACE "DY 45:00:00 N 009:00:00 E\n",
            "z: line 5: an airway (DY) has no outline of its own; expected DP, DA, DB or DC");
    refused(
        "AC R\nAH high\n",
        "z: line 2: AH high; expected GND (a floor), UNL (a ceiling), FL95, or a height such as "
        "3500ft AMSL, 150m AGL, 900m HAE");
    refused("AC R\nAH 100m AGL/423m AMSL\n",
            "z: line 2: AH 100m AGL/423m AMSL; expected GND (a floor), UNL (a ceiling), FL95, or a "
            "height such as 3500ft AMSL, 150m AGL, 900m HAE");
    refused("AC R\nAH FL10\nAL FL20\n",
            "z: line 3: ceiling 305 m, floor 610 m; expected the ceiling above the floor");
    refused("AC R\nXX 1\n",
            "z: line 2: XX 1; expected a record of OpenAir: AC AN AY AI AH AL DP DA DB DC V");
    refused("AN Some\n", "z: line 1: AN before any AC; expected each airspace to begin with AC");
    refused(
        AIRSPACE "DP 45:00:00 N 009:00:00 E\nDP 46:00:00 N 010:00:00 E\nDP 46:00:00 N "
                 "009:00:00 E\nDP 45:00:00 N 010:00:00 E\n",
        "z: line 1 (Some): what leads on from line 5 crosses what leads on from line 7; expected a "
        "ring that does not cross itself");
    refused(AIRSPACE, "z: line 1 (Some): draws nothing; expected a ring or a line");
}

static void terrain_and_labels_of_openair_are_left_out(void **state)
{
    (void)state;
    taken("SP 0,1,0,0,255\nTO Hill\nDP 45:00:00 N 009:00:00 E\n" AIRSPACE
          "AY TMA\nAI id-5\nAF 123.505\nAX 7000\nAT 45:00:00 N 009:00:00 E\n"
          "AA 2025-01-01T12:00Z/NONE\nV X=45:00:00 N 009:00:00 E\nDC 1\n");
    assert_int_equal(build.line_count, 1);
    assert_string_equal(notes.text[0], "z: line 2: terrain; left out");
    assert_string_equal(notes.text[1], "z: 1 times of activation (AA) are not kept; zones are "
                                       "watched at all times");
}

static void names_in_latin_1_become_utf_8(void **state)
{
    (void)state;
    taken("AC R\nAN M\xFCnchen\nAH UNL\nAL GND\nV X=45:00:00 N 009:00:00 E\nDC 1\n");
    assert_string_equal(build.zone[0].name, "M\xC3\xBCnchen");
}

static void limits_that_openair_lacks_are_said(void **state)
{
    (void)state;
    taken("AC R\nAN Some\nV X=45:00:00 N 009:00:00 E\nDC 1\n");
    assert_string_equal(notes.text[0],
                        "z: line 1 (Some): no AL and AH; taken as the surface, and without end, or "
                        "--floor and --ceiling");
}

/* --------------------------------------------------------------------------------------- KML */

#define KML(placemarks)                                                                            \
    "<?xml version=\"1.0\"?>\n<kml xmlns=\"k\"><Document>" placemarks "</Document></kml>"
#define RING(kind, coordinates)                                                                    \
    "<" kind "><LinearRing><coordinates>" coordinates "</coordinates></LinearRing></" kind ">"

static void polygons_of_kml_keep_their_holes(void **state)
{
    (void)state;
    taken(KML("<Placemark><name>A &amp; B</name><Point><coordinates>9,9</coordinates></Point>"
              "</Placemark><Placemark><name>Z</name><MultiGeometry><Polygon>" RING(
                  "outerBoundaryIs", "\n0,0,100 4,0,100\n4,4,100 0,4,100 0,0,100 ")
                  RING("innerBoundaryIs", "1,1 2,1 2,2 1,1") "</Polygon><Point><coordinates>3,3"
                                                             "</coordinates></Point>"
                                                             "</MultiGeometry></Placemark>"));
    assert_int_equal(build.line_count, 1);
    assert_int_equal(build.ring_count, 2);
    assert_int_equal(build.vertex_count, 7);
    assert_true(build.line[0].rule_unstated);
    assert_string_equal(build.zone[0].name, "Z");
    assert_string_equal(notes.text[0], "z: 1 Placemark without a polygon or line; left out");
    assert_string_equal(notes.text[1], "z: altitudes are not taken as limits; expected --floor and "
                                       "--ceiling if there are any");
}

static void a_line_of_kml_is_a_border(void **state)
{
    (void)state;
    wishes.right_zone = "R";
    wishes.has_rule = true;
    wishes.rule = SKY_EDGE_GEODESIC;
    taken(KML("<Placemark><name>L</name><LineString><tessellate>1</tessellate><coordinates>0,20 "
              "5,20</coordinates></LineString></Placemark>"));
    assert_int_equal(build.zone_count, 2);
    assert_true(build.border_edges[0] > 20);
    assert_false(build.line[0].rule_unstated);
    loaded();
    assert_int_equal(zones.set.line_count, 2);
}

static void what_is_wrong_in_kml_is_named(void **state)
{
    (void)state;
    refused(KML("<Placemark><Polygon>" RING("outerBoundaryIs", "0,0 1;0 1,1") "</Polygon>"
                                                                              "</Placemark>"),
            "z: line 2: coordinates: position 1 is none; expected longitude,latitude");
    refused(KML("<Placemark><Polygon>" RING("outerBoundaryIs", "0,0 1,nan 1,1") "</Polygon>"
                                                                                "</Placemark>"),
            "z: line 2: coordinates: position 1 is none; expected longitude,latitude");
    refused(KML("<Placemark><Polygon>" RING("outerBoundaryIs", "0,0 1,95 1,1 0,0") "</Polygon>"
                                                                                   "</Placemark>"),
            "z: line 2: coordinates[1]: [1, 95] is out of range; expected longitude -180 to 180 "
            "and latitude -89 to 89");
    refused("<kml><Placemark></kml>", "z: line 1: mismatched tag; expected KML");
    refused("<kml></kml>", "z: line 1: no Placemark with a polygon or line; expected one");
    refused(KML("<Placemark><MultiGeometry><LineString><coordinates>0,0 1,1</coordinates>"
                "</LineString><LineString><coordinates>0,0 1,1</coordinates></LineString>"
                "</MultiGeometry></Placemark>"),
            "z: line 2: a line beside another or a ring in one Placemark; expected each line "
            "alone");
}

/* -------------------------------------------------------------------------------- zone files */

/* The bytes of what was built, and a fresh start. */
static char *packed(size_t *ret_count)
{
    uint8_t *bytes = NULL;
    (void)snprintf(build.name, sizeof build.name, "set");
    if (!skyh_zonefile_pack(&build, &bytes, ret_count, &problem)) {
        fail_msg("%s", problem.text);
    }
    (void)fresh(NULL);
    return (char *)bytes;
}

static void zone_files_join_and_lose_nothing(void **state)
{
    (void)state;
    size_t count[2];
    wishes = (struct skyh_wishes){.zone = "A",
                                  .right_zone = "B",
                                  .party = "P",
                                  .accuracy = SKYH_ACCURACY_CE95,
                                  .stated_m = 30.0,
                                  .valid_until = "2030"};
    taken(KML("<Placemark><name>L</name><LineString><coordinates>170,20 -179,20 -178,20"
              "</coordinates></LineString></Placemark>"));
    char *const first = packed(&count[0]);
    wishes.zone = "B";
    taken(COLLECTION(FEATURE("", POLYGON)));
    char *const second = packed(&count[1]);
    assert_true(skyh_zonesource_add(&build, "1", first, count[0], &wishes, &notes, &problem));
    assert_true(skyh_zonesource_add(&build, "2", second, count[1], &wishes, &notes, &problem));
    assert_int_equal(build.zone_count, 2);
    assert_int_equal(build.line_count, 2);
    assert_int_equal(build.line[1].zone_id, build.line[0].right_zone_id);
    assert_string_equal(build.line[0].party, "P");
    assert_string_equal(build.line[0].valid_until, "2030");
    assert_int_equal(build.line[0].accuracy, SKYH_ACCURACY_CE95);
    assert_near(build.line[0].stated_m, 30.0, 0.0);
    assert_true(build.line[0].rule_unstated);
    assert_int_equal(build.border_edges[0], 2);
    assert_int_equal(build.vertex[0].lon_e7, 1700000000);
    assert_int_equal(build.vertex[1].lon_e7, -1790000000);
    loaded();
    assert_int_equal(zones.set.line_count, 3);
    /* Alone, a file comes out as it went in. */
    (void)fresh(NULL);
    assert_true(skyh_zonesource_add(&build, "1", first, count[0], &wishes, &notes, &problem));
    size_t again_count;
    char *const again = packed(&again_count);
    assert_int_equal(again_count, count[0]);
    assert_memory_equal(again, first, count[0]);
    free(again);
    free(first);
    free(second);
}

static void zones_of_one_file_that_are_called_alike_stay_two(void **state)
{
    (void)state;
    size_t count;
    taken(COLLECTION(FEATURE("\"name\": \"A\"", POLYGON) "," FEATURE("\"name\": \"A\"", POLYGON)));
    char *const file = packed(&count);
    assert_true(skyh_zonesource_add(&build, "1", file, count, &wishes, &notes, &problem));
    assert_int_equal(build.zone_count, 2);
    assert_int_equal(build.line[0].zone_id, 1);
    assert_int_equal(build.line[1].zone_id, 2);
    assert_true(skyh_zonesource_add(&build, "2", file, count, &wishes, &notes, &problem));
    assert_int_equal(build.zone_count, 2);
    assert_int_equal(build.line[2].zone_id, 1);
    assert_int_equal(build.line[3].zone_id, 2);
    free(file);
}

static void zones_of_files_with_the_same_number_stay_apart(void **state)
{
    (void)state;
    size_t count[2];
    wishes.zone = "A";
    taken(COLLECTION(FEATURE("", POLYGON)));
    char *const first = packed(&count[0]);
    wishes.zone = "A";
    wishes.authority = "other";
    taken(COLLECTION(FEATURE("", POLYGON)));
    char *const second = packed(&count[1]);
    assert_true(skyh_zonesource_add(&build, "1", first, count[0], &wishes, &notes, &problem));
    assert_true(skyh_zonesource_add(&build, "2", second, count[1], &wishes, &notes, &problem));
    assert_int_equal(build.zone_count, 2);
    assert_int_equal(build.zone[0].id, 1);
    assert_int_equal(build.zone[1].id, 2);
    free(first);
    free(second);
}

/* ------------------------------------------------------------------------------- real samples */

static const char samples[] = SKY_SOURCE_DIR "/../shared/data/borders/formats";

static void samples_of_all_formats_load(void **state)
{
    (void)state;
    DIR *const folder = opendir(samples);
    uint32_t read = 0;
    if (folder == NULL) {
        print_message("skipped: %s is not there\n", samples);
        skip();
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char file[512];
        const char *const files[] = {file};
        if (strncmp(entry->d_name, "ed", 2) != 0 && strncmp(entry->d_name, "openaip", 7) != 0) {
            continue;
        }
        (void)snprintf(file, sizeof file, "%s/%s", samples, entry->d_name);
        (void)fresh(NULL);
        if (!skyh_zonesource_read(&build, files, 1, &wishes, &notes, &problem)) {
            fail_msg("%s", problem.text);
        }
        loaded();
        print_message("%s: %u zones, %u vertices\n", entry->d_name, build.zone_count,
                      build.vertex_count);
        read++;
    }
    (void)closedir(folder);
    assert_true(read >= 10);
}

static void a_file_that_is_too_large_is_not_read(void **state)
{
    (void)state;
    char file[] = "/tmp/skyh-zonesource-XXXXXX";
    const char *const files[] = {file};
    const int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)1 << 30), 0);
    assert_false(skyh_zonesource_read(&build, files, 1, &wishes, &notes, &problem));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_non_null(strstr(problem.text, ": larger than 64 MiB; expected no more"));
    (void)close(fd);
    (void)unlink(file);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, fresh)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_file_is_refused),
        TEST(a_format_that_is_not_known_is_refused_with_what_converts_it),
        TEST(a_mark_of_byte_order_is_no_format),
        TEST(a_foreign_feature_gets_the_rest_from_the_wishes),
        TEST(what_nobody_says_is_said_to_be_unstated),
        TEST(foreign_features_that_enclose_nothing_are_left_out_and_said),
        TEST(ours_says_everything_and_nothing_else),
        TEST(an_unstated_rule_stays_unstated),
        TEST(a_border_of_two_zones_is_kept_once_with_complementary_answers),
        TEST(a_polygon_may_name_what_is_outside),
        TEST(one_zone_cannot_be_on_both_sides),
        TEST(a_border_in_parts_must_be_joined),
        TEST(lines_that_contradict_each_other_about_their_sides_are_named),
        TEST(a_long_name_is_cut_between_characters),
        TEST(all_files_add_to_the_zone_that_a_wish_names),
        TEST(more_zones_than_a_station_holds_must_be_chosen_from),
        TEST(a_circle_of_ed269_is_one),
        TEST(feet_of_ed269_are_feet),
        TEST(volumes_are_zones_of_their_own),
        TEST(what_is_wrong_in_ed269_is_named),
        TEST(polygons_of_ed269_do_not_say_how_their_edges_run),
        TEST(a_circle_of_ed318_keeps_radius_and_layer),
        TEST(layers_of_ed318_are_zones_of_their_own),
        TEST(what_is_wrong_in_ed318_is_named),
        TEST(points_of_openair_are_read_in_all_their_ways_of_writing),
        TEST(heights_of_openair_are_read_in_all_their_ways_of_writing),
        TEST(a_circle_of_openair_is_one_of_nautical_miles),
        TEST(arcs_of_openair_turn_as_they_are_told),
        TEST(an_arc_between_points_runs_from_one_to_the_other),
        TEST(arcs_that_do_not_meet_are_refused),
        TEST(arcs_that_nearly_meet_are_drawn_and_said),
        TEST(limits_from_the_wishes_do_not_replace_those_of_a_file),
        TEST(limits_that_leave_nothing_are_refused_where_they_meet),
        TEST(arcs_that_leave_a_gap_are_joined_and_said),
        TEST(a_whole_turn_may_be_an_arc),
        TEST(what_is_wrong_in_openair_is_named),
        TEST(terrain_and_labels_of_openair_are_left_out),
        TEST(names_in_latin_1_become_utf_8),
        TEST(limits_that_openair_lacks_are_said),
        TEST(polygons_of_kml_keep_their_holes),
        TEST(a_line_of_kml_is_a_border),
        TEST(what_is_wrong_in_kml_is_named),
        TEST(zone_files_join_and_lose_nothing),
        TEST(zones_of_one_file_that_are_called_alike_stay_two),
        TEST(zones_of_files_with_the_same_number_stay_apart),
        TEST(samples_of_all_formats_load),
        TEST(a_file_that_is_too_large_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
