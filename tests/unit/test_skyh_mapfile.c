/*
 * Maps for other programs: tracks in pieces that lose no place, borders cut at the antimeridian.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "sky_test.h"
#include "skyh_mapfile.h"

static const double degree = SKY_PI / 180.0;

static struct sky_vertex vertex[] = {{100000000, 1790000000},
                                     {100000000, -1790000000},
                                     {200000000, -1790000000},
                                     {200000000, 1790000000}};
static const struct sky_ring ring = {.first = 0, .count = 4, .closing = 0};
static const struct sky_line line = {
    .id = 1, .rule = SKY_EDGE_PLANAR, .rule_stated = true, .ring_count = 1};
static const struct sky_zone zone = {.id = 1, .line_count = 1};

static struct skyh_zonefile zones; /* a square across the antimeridian */
static struct skyh_incidents none;

static void set_zones(void)
{
    memset(&zones, 0, sizeof zones);
    zones.set = (struct sky_zone_set){.zone_count = 1,
                                      .line_count = 1,
                                      .ring_count = 1,
                                      .vertex_count = 4,
                                      .zone = &zone,
                                      .line = &line,
                                      .ring = &ring,
                                      .vertex = vertex};
    zones.names.set_name = "set & <names>";
    zones.names.zone[0].name = "zone \"0\"";
    zones.names.line[0].name = "line\\one";
    zones.names.line[0].party = "";
    zones.names.line[0].source = "";
    zones.names.line[0].licence = "";
}

static void put(struct skyh_mapfile *map, uint32_t id, double second, double lon_deg)
{
    struct sky_event_track track;
    memset(&track, 0, sizeof track);
    track.id = id;
    track.place = (struct sky_lla){15.0 * degree, lon_deg * degree, 1000.0};
    track.cov[0] = track.cov[6] = 25.0;
    skyh_mapfile_put(map, 1, &track, (int64_t)(second * 1e9));
}

/* A GeoJSON file of what fly puts into it, parsed. */
static json_t *drawn(void (*fly)(struct skyh_mapfile *map))
{
    char *text = NULL;
    size_t count = 0;
    json_error_t error;
    FILE *const stream = open_memstream(&text, &count);
    assert_non_null(stream);
    set_zones();
    struct skyh_mapfile *const map = skyh_mapfile_open(SKYH_MAPFILE_GEOJSON, stream, &zones, &none);
    assert_non_null(map);
    fly(map);
    skyh_mapfile_close(map);
    assert_int_equal(fclose(stream), 0);
    json_t *const json = json_loadb(text, count, 0, &error);
    if (json == NULL) {
        fail_msg("line %d: %s", error.line, error.text);
    }
    free(text);
    json_t *const features = json_incref(json_object_get(json, "features"));
    json_decref(json);
    return features;
}

/* The places of feature i, which is a track. */
static json_t *places_of(json_t *features, size_t i)
{
    json_t *const feature = json_array_get(features, i);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(feature, "properties"), "what")),
        "track");
    return json_object_get(json_object_get(feature, "geometry"), "coordinates");
}

static double longitude(json_t *places, size_t i)
{
    return json_number_value(json_array_get(json_array_get(places, i), 0));
}

static void fly_long(struct skyh_mapfile *map)
{
    for (int second = 0; second < 1500; second++) {
        put(map, 7, second, 1.0 + 0.001 * second);
    }
}

static void a_long_track_goes_on_where_its_last_piece_ended(void **state)
{
    (void)state;
    json_t *const features = drawn(fly_long);
    assert_int_equal(json_array_size(features), 1 + 3);
    json_t *const first = places_of(features, 1), *const second = places_of(features, 2),
                  *const third = places_of(features, 3);
    assert_int_equal(json_array_size(first), 600);
    assert_int_equal(json_array_size(first) + json_array_size(second) + json_array_size(third),
                     1500 + 2);
    assert_near(longitude(second, 0), longitude(first, 599), 0.0);
    assert_near(longitude(third, 0), longitude(second, 599), 0.0);
    json_decref(features);
}

static void fly_apart(struct skyh_mapfile *map)
{
    for (int second = 0; second < 10; second++) {
        put(map, 1, second, 1.0);
        put(map, 2, second < 5 ? second : second + 60, 2.0);
        put(map, 3, second, second < 5 ? 179.99 : -179.99);
        put(map, 4, second < 9 ? second : 20, 4.0);
    }
}

static void silence_and_the_antimeridian_part_a_track_and_no_place_is_lost(void **state)
{
    (void)state;
    size_t places = 0, pieces = 0, single = 0;
    json_t *const features = drawn(fly_apart);
    for (size_t i = 1; i < json_array_size(features); i++) {
        json_t *const at = places_of(features, i);
        const bool is_point = json_is_number(json_array_get(at, 0));
        const size_t count = is_point ? 1 : json_array_size(at);
        places += count;
        pieces++;
        single += is_point ? 1 : 0;
        for (size_t k = 1; k < count; k++) {
            assert_true(fabs(longitude(at, k) - longitude(at, k - 1)) < 180.0);
        }
    }
    assert_int_equal(pieces, 1 + 2 + 2 + 2);
    assert_int_equal(single, 1); /* a place alone is a point */
    assert_int_equal(places, 40);
    json_decref(features);
}

static void fly_not(struct skyh_mapfile *map) { (void)map; }

static void a_border_across_the_antimeridian_is_cut_there(void **state)
{
    (void)state;
    json_t *const features = drawn(fly_not);
    json_t *const feature = json_array_get(features, 0);
    json_t *const parts = json_object_get(json_object_get(feature, "geometry"), "coordinates");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(feature, "properties"), "name")),
        "line\\one");
    assert_int_equal(json_array_size(parts), 3);
    for (size_t i = 0; i < 3; i++) {
        json_t *const part = json_array_get(parts, i);
        for (size_t k = 1; k < json_array_size(part); k++) {
            assert_true(fabs(longitude(part, k) - longitude(part, k - 1)) <= 2.0);
        }
    }
    assert_near(longitude(json_array_get(parts, 0), 1), 180.0, 0.0);
    assert_near(longitude(json_array_get(parts, 1), 0), -180.0, 0.0);
    json_decref(features);
}

static void fly_crowd(struct skyh_mapfile *map)
{
    for (uint32_t id = 1; id <= SKY_TRACKS_MAX + 50; id++) {
        put(map, id, id, 1.0);
        put(map, id, id + 0.5, 1.1);
    }
}

static void more_tracks_than_are_followed_at_once_all_come_out(void **state)
{
    (void)state;
    json_t *const features = drawn(fly_crowd);
    assert_int_equal(json_array_size(features), 1 + SKY_TRACKS_MAX + 50);
    json_decref(features);
}

static void names_cannot_become_markup(void **state)
{
    (void)state;
    char *text = NULL;
    size_t count = 0;
    FILE *const stream = open_memstream(&text, &count);
    set_zones();
    struct skyh_mapfile *const map = skyh_mapfile_open(SKYH_MAPFILE_KML, stream, &zones, &none);
    assert_non_null(map);
    skyh_mapfile_close(map);
    assert_int_equal(fclose(stream), 0);
    assert_non_null(strstr(text, "<name>set &amp; &lt;names&gt;</name>"));
    assert_non_null(strstr(text, "179.0000000,10.0000000 180.0000000,10.0000000</coordinates>"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_track_goes_on_where_its_last_piece_ended),
        cmocka_unit_test(silence_and_the_antimeridian_part_a_track_and_no_place_is_lost),
        cmocka_unit_test(a_border_across_the_antimeridian_is_cut_there),
        cmocka_unit_test(more_tracks_than_are_followed_at_once_all_come_out),
        cmocka_unit_test(names_cannot_become_markup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
