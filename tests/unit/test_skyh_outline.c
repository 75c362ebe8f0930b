/* Outlines: what is drawn becomes what a station holds, or is refused where it stands. */
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "sky_test.h"
#include "skyh_crossing.h"
#include "skyh_outline.h"

static struct skyh_zone_build build;
static struct skyh_drawing drawing;
static struct skyh_notes notes;
static struct skyh_problem problem;

static int fresh(void **state)
{
    (void)state;
    skyh_zonefile_done(&build);
    skyh_drawing_done(&drawing);
    memset(&build, 0, sizeof build);
    memset(&notes, 0, sizeof notes);
    memset(&problem, 0, sizeof problem);
    drawing.file = "z";
    drawing.numbering = SKYH_NUMBERING_POSITIONS;
    return 0;
}

/* Begins a ring of a new feature, or of the one that is there. */
static void path(bool is_new, bool is_line)
{
    if (is_new) {
        struct skyh_feature *const feature = skyh_drawing_feature(&drawing, &problem);
        feature->zone.id = 1;
        (void)snprintf(feature->zone.name, sizeof feature->zone.name, "Z");
        (void)snprintf(feature->where, sizeof feature->where, "f");
    }
    struct skyh_path *const begun = skyh_drawing_path(&drawing, &problem);
    begun->is_line = is_line;
    (void)snprintf(begun->where, sizeof begun->where, "p%u", drawing.path_count - 1);
}

static void points(const double (*lon_lat)[2], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_true(skyh_drawing_point(&drawing, (struct skyh_place){lon_lat[i][1], lon_lat[i][0]},
                                       i, &problem));
    }
}

#define POINTS(...)                                                                                \
    points((const double[][2]){__VA_ARGS__},                                                       \
           (uint32_t)(sizeof((const double[][2]){__VA_ARGS__}) / sizeof(double[2])))

static bool add(void)
{
    return skyh_outline_add(&build, &drawing, &drawing.feature[0], &notes, &problem);
}

static void taken(void)
{
    if (!add()) {
        fail_msg("%s", problem.text);
    }
}

static void refused(const char *wanted)
{
    assert_false(add());
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_string_equal(problem.text, wanted);
}

/* Whether a station has a place inside the line. */
static bool inside(double lat_deg, double lon_deg)
{
    uint8_t *bytes = NULL;
    size_t count = 0;
    static struct skyh_zonefile zones;
    struct sky_nearest nearest;
    (void)snprintf(build.name, sizeof build.name, "set");
    build.zone_count = 1;
    build.zone[0] = drawing.feature[0].zone;
    assert_true(skyh_zonefile_pack(&build, &bytes, &count, &problem));
    if (!skyh_zonefile_take(&zones, "z", bytes, count, &problem)) {
        fail_msg("%s", problem.text);
    }
    sky_zone_nearest(&zones.set, 0, lat_deg * SKY_PI / 180.0, lon_deg * SKY_PI / 180.0,
                     SKY_ZONE_NO_EDGE, &nearest);
    skyh_zonefile_close(&zones);
    return nearest.distance_m < 0.0;
}

static void a_place_that_is_not_on_earth_is_named(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {1, 0}, {1, 91}, {0, 0});
    refused("z: p0[2]: [1, 91] is out of range; expected longitude -180 to 180 and latitude -89 to "
            "89");
    (void)fresh(NULL);
    path(true, false);
    POINTS({0, 0}, {1, 0}, {1, 1}, {0, 0});
    drawing.point[1].at.lon_deg = strtod("nan", NULL);
    refused("z: p0[1]: [nan, 0] is out of range; expected longitude -180 to 180 and latitude -89 "
            "to 89");
}

static void what_is_planar_is_stored_as_it_is(void **state)
{
    (void)state;
    path(true, false);
    POINTS({2.0000001, -20}, {120.5, 20.1234567}, {2.5, 30}, {2.0000001, -20});
    taken();
    assert_int_equal(build.vertex_count, 3);
    assert_int_equal(build.vertex[0].lon_e7, 20000001);
    assert_int_equal(build.vertex[1].lat_e7, 201234567);
    assert_true(build.line[0].chord_m <= 0.0);
    assert_int_equal(build.border_edges[0], 3);
    assert_int_equal(notes.count, 0);
}

static void rounding_is_owned_up_to(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0.00000005}, {1, 0}, {1, 1}, {0, 0.00000005});
    taken();
    assert_near(build.line[0].chord_m, 0.00557, 1e-4);
}

static void a_ring_round_the_antimeridian_is_one_piece(void **state)
{
    (void)state;
    path(true, false);
    POINTS({179, -1}, {-179, -1}, {-179, 1}, {179, 1}, {179, -1});
    taken();
    assert_int_equal(build.vertex[1].lon_e7, -1790000000);
    assert_int_equal(notes.count, 1);
    assert_string_equal(notes.text[0], "z: p0: 2 edges wider than 180 degrees; taken the short "
                                       "way, across the antimeridian");
    assert_true(inside(0.0, 179.9));
    assert_true(inside(0.0, -179.9));
    assert_false(inside(0.0, 178.9));
    assert_false(inside(0.0, 0.0));
}

static void a_crossing_is_found_across_the_antimeridian(void **state)
{
    (void)state;
    path(true, false);
    POINTS({179, -1}, {-179, 1}, {-179, -1}, {179, 1}, {179, -1});
    refused("z: p0: edge 0-1 crosses edge 2-3; expected a ring that does not cross itself");
}

static void rings_that_cross_in_their_vertices_are_refused(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {4, 0}, {4, 1}, {4, 3}, {4, 4}, {0, 4}, {0, 0});
    path(false, false);
    drawing.path[1].is_hole = true;
    POINTS({2, 2}, {4, 1}, {5, 2}, {4, 3}, {2, 2});
    refused("z: p1: edge 3-4 crosses edge 3-4 of p0; expected rings that do not cross");
}

static void rings_that_cross_in_a_vertex_of_one_are_refused(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0});
    path(false, false);
    drawing.path[1].is_hole = true;
    POINTS({2, 2}, {4, 1}, {5, 2}, {4, 3}, {2, 2});
    refused("z: p1: edge 3-4 crosses edge 1-2 of p0; expected rings that do not cross");
}

static void a_hole_may_touch_its_ring_in_vertices_and_between_them(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0});
    path(false, false);
    drawing.path[1].is_hole = true;
    POINTS({0, 0}, {4, 2}, {2, 4}, {1, 3}, {0, 0});
    path(false, false);
    drawing.path[2].is_hole = true;
    POINTS({4, 4}, {2, 4}, {4, 2}, {4, 4});
    drawing.path[2].where[0] = 'q';
    refused("z: p0: edge 2-3 runs back along edge 0-1 of q2; expected rings that do not cross");
    (void)fresh(NULL);
    path(true, false);
    POINTS({0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0});
    path(false, false);
    drawing.path[1].is_hole = true;
    POINTS({0, 0}, {4, 2}, {2, 4}, {1, 3}, {0, 0});
    taken();
    assert_false(inside(2.0, 2.0));
    assert_true(inside(3.5, 3.5));
    assert_true(inside(0.5, 2.0));
}

static void rings_may_touch_in_corners_that_bend_either_way(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {4, 0}, {4, 2}, {2, 2}, {2, 4}, {0, 4}, {0, 0});
    path(false, false);
    drawing.path[1].is_hole = true;
    POINTS({2, 2}, {3, 1}, {1, 1}, {1, 3}, {2, 2});
    path(false, false);
    POINTS({4, 2}, {6, 1}, {6, 7}, {4, 2});
    taken();
    assert_true(inside(0.5, 2.0));
    assert_false(inside(1.5, 1.5));
    assert_true(inside(2.0, 5.0));
}

/* A comb of edges from one side to the other, closed behind the first; wide or, turned, high. */
static uint32_t comb(struct skyh_edge *edge, uint32_t count, bool is_turned)
{
    struct sky_vertex vertex[401];
    for (uint32_t i = 0; i < count; i++) {
        vertex[i] = (struct sky_vertex){.lon_e7 = i % 2 == 0 ? 0 : 1000000, .lat_e7 = (int32_t)i};
    }
    vertex[count - 1] = (struct sky_vertex){.lon_e7 = -1, .lat_e7 = (int32_t)count};
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t next = (i + 1) % count, before = (i + count - 1) % count;
        edge[i] = (struct skyh_edge){
            .x = {vertex[i].lon_e7, vertex[next].lon_e7},
            .y = {vertex[i].lat_e7, vertex[next].lat_e7},
            .before_x = vertex[before].lon_e7,
            .before_y = vertex[before].lat_e7,
            .index = i,
            .next = next,
        };
        if (is_turned) {
            edge[i] = (struct skyh_edge){
                .x = {edge[i].y[0], edge[i].y[1]},
                .y = {edge[i].x[0], edge[i].x[1]},
                .before_x = edge[i].before_y,
                .before_y = edge[i].before_x,
                .index = i,
                .next = next,
            };
        }
    }
    return count;
}

static void long_edges_beside_each_other_are_not_all_compared(void **state)
{
    (void)state;
    static struct skyh_edge edge[401];
    struct skyh_conflict conflict;
    for (int turned = 0; turned < 2; turned++) {
        uint32_t count = comb(edge, 401, turned != 0);
        assert_int_equal(skyh_crossing_find(edge, count, 8 * count, &conflict), SKYH_CROSSING_NONE);
        count = comb(edge, 401, turned != 0);
        assert_int_equal(skyh_crossing_find(edge, count, count / 2, &conflict),
                         SKYH_CROSSING_TOO_MANY);
    }
}

static void a_hole_that_is_not_inside_its_ring_is_refused(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0});
    path(false, false);
    drawing.path[1].is_hole = true;
    POINTS({5, 1}, {6, 1}, {6, 2}, {5, 1});
    refused("z: p1: a hole that is not in p0 alone; expected it there");
    (void)fresh(NULL);
    path(true, false);
    POINTS({5, 0}, {9, 0}, {9, 4}, {5, 4}, {5, 0});
    path(false, false);
    POINTS({0, 0}, {4, 0}, {4, 4}, {0, 4}, {0, 0});
    path(false, false);
    drawing.path[2].is_hole = true;
    POINTS({6, 1}, {7, 1}, {7, 2}, {6, 1});
    refused("z: p2: a hole that is not in p1 alone; expected it there");
}

static void a_hole_in_a_hole_is_refused(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {9, 0}, {9, 9}, {0, 9}, {0, 0});
    path(false, false);
    POINTS({2, 2}, {6, 2}, {6, 6}, {2, 6}, {2, 2});
    path(false, false);
    POINTS({3, 3}, {4, 3}, {4, 4}, {3, 3});
    drawing.path[1].is_hole = drawing.path[2].is_hole = true;
    refused("z: p2: a hole that is not in p0 alone; expected it there");
}

static void a_part_inside_another_is_refused_but_one_in_its_hole_is_not(void **state)
{
    (void)state;
    for (int with_hole = 0; with_hole < 2; with_hole++) {
        (void)fresh(NULL);
        path(true, false);
        POINTS({178, 0}, {-178, 0}, {-178, 4}, {178, 4}, {178, 0});
        if (with_hole != 0) {
            path(false, false);
            drawing.path[1].is_hole = true;
            POINTS({179, 1}, {-179, 1}, {-179, 3}, {179, 3}, {179, 1});
        }
        path(false, false);
        POINTS({179.5, 1.5}, {-179.5, 1.5}, {-179.5, 2.5}, {179.5, 1.5});
        if (with_hole != 0) {
            taken();
            assert_true(inside(1.8, -179.6));
            assert_false(inside(2.5, 179.6));
        } else {
            refused("z: p1: lies inside another part; expected parts beside each other");
        }
    }
}

static void a_ring_that_meets_itself_may_have_holes_still(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {8, 0}, {8, 8}, {4, 8}, {3, 6}, {5, 6}, {4, 8}, {0, 8}, {0, 0});
    path(false, false);
    drawing.path[1].is_hole = true;
    POINTS({1, 1}, {2, 1}, {2, 2}, {1, 1});
    taken();
    assert_int_equal(build.ring_count, 3);
    assert_false(inside(1.2, 1.8));
    assert_false(inside(6.5, 4.0));
    assert_true(inside(4.0, 4.0));
}

static void a_ring_round_a_pole_is_refused(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 80}, {120, 80}, {-120, 80}, {0, 80});
    refused("z: p0: runs round a pole; expected a ring that does not: split it");
}

static void a_ring_that_meets_itself_is_cut_where_it_does(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {4, 0}, {4, 4}, {2, 4}, {1, 2}, {3, 2}, {2, 4}, {0, 4}, {0, 0});
    taken();
    assert_int_equal(build.ring_count, 2);
    assert_int_equal(build.ring[0].count, 3);
    assert_int_equal(build.ring[1].count, 5);
    assert_string_equal(notes.text[0], "z: p0: meets itself in 1 vertex; cut there");
    assert_true(inside(1.0, 2.0));
    assert_false(inside(2.5, 2.0));
    assert_true(inside(3.0, 0.5));
}

static void a_vertex_that_was_cut_off_may_come_again(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {4, 0}, {2, -1}, {0, 0}, {2, 1}, {4, 0}, {2, 3}, {0, 0});
    taken();
    assert_int_equal(build.ring_count, 2);
    assert_int_equal(build.ring[0].count, 3);
    assert_int_equal(build.ring[1].count, 4);
    assert_true(inside(-0.5, 2.0));
    assert_false(inside(0.5, 2.0));
    assert_true(inside(2.0, 2.0));
}

static void a_spur_that_encloses_nothing_is_left_out(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {4, 0}, {5, 0}, {6, 1}, {5, 0}, {4, 0}, {4, 4}, {0, 0});
    taken();
    assert_int_equal(build.ring_count, 1);
    assert_int_equal(build.vertex_count, 3);
    assert_string_equal(notes.text[0], "z: p0: runs 2 times out and back on the same way; left "
                                       "out, as it encloses nothing");
}

static void a_ring_that_only_runs_out_and_back_is_refused(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {4, 0}, {5, 1}, {4, 0}, {0, 0});
    refused("z: p0: encloses nothing; expected a ring that does");
}

static void a_ring_is_turned_only_where_its_format_says_how_it_winds(void **state)
{
    (void)state;
    path(true, false);
    POINTS({0, 0}, {0, 4}, {4, 4}, {0, 0});
    taken();
    assert_int_equal(notes.count, 0);
    assert_int_equal(build.vertex[1].lat_e7, 40000000);
    (void)fresh(NULL);
    path(true, false);
    drawing.feature[0].winds_left = true;
    POINTS({0, 0}, {0, 4}, {4, 4}, {0, 0});
    path(false, false);
    drawing.path[1].is_hole = true;
    POINTS({1, 2}, {2, 3}, {1, 3}, {1, 2});
    taken();
    assert_int_equal(notes.count, 1);
    assert_string_equal(notes.text[0], "z: f: 2 rings ran the wrong way round; turned, outer ones "
                                       "counter-clockwise and holes clockwise");
    assert_int_equal(build.vertex[0].lat_e7, 0);
    assert_int_equal(build.vertex[1].lon_e7, 40000000);
    assert_int_equal(build.vertex[4].lat_e7, 30000000);
    assert_int_equal(build.vertex[4].lon_e7, 10000000);
}

static void edges_of_a_turned_ring_keep_their_numbers(void **state)
{
    (void)state;
    path(true, false);
    drawing.feature[0].winds_left = true;
    POINTS({0, 0}, {0, 4}, {4, 4}, {4, 2}, {1, 3}, {3.5, 4.5}, {4, 0}, {0, 0});
    refused("z: p0: edge 1-2 crosses edge 4-5; expected a ring that does not cross itself");
}

static void a_line_has_its_zone_on_its_left(void **state)
{
    (void)state;
    path(true, true);
    POINTS({0, 20}, {1, 20.5}, {2, 20}, {3, 20.2}, {4, 20});
    taken();
    assert_int_equal(build.border_edges[0], 4);
    assert_true(build.ring[0].count > 8);
    assert_true(inside(20.6, 1.0));
    assert_false(inside(20.4, 1.0));
    assert_true(inside(23.5, 2.0));
    assert_false(inside(17.0, 2.0));
    assert_false(inside(40.0, 2.0)); /* beyond the circle round it */
}

static void a_line_goes_on_straight_beyond_its_ends(void **state)
{
    (void)state;
    path(true, true);
    POINTS({4, 20}, {0, 20}); /* to the west: left is south */
    taken();
    assert_true(inside(19.9, -2.0));
    assert_false(inside(20.1, -2.0));
    assert_true(inside(19.9, 6.0));
    assert_false(inside(20.1, 6.0));
}

static void a_line_round_three_sides_is_closed_on_the_fourth(void **state)
{
    (void)state;
    path(true, true);
    POINTS({5, 10}, {0, 10}, {0, 8}, {5, 8});
    taken();
    assert_true(inside(9.0, 3.0));
    assert_true(inside(9.0, 7.0));
    assert_false(inside(10.5, 3.0));
    assert_false(inside(9.0, -1.0));
}

static void a_line_that_its_own_prolongation_crosses_is_refused(void **state)
{
    (void)state;
    path(true, true);
    POINTS({0, 0}, {8, 0}, {8, 4}, {4, 4}, {4, 2});
    assert_false(add());
    assert_non_null(strstr(problem.text, "what closes it far off"));
    assert_non_null(strstr(problem.text, "expected a line that does not cross itself"));
}

static void a_line_that_ends_where_it_begins_is_a_ring(void **state)
{
    (void)state;
    path(true, true);
    POINTS({0, 0}, {4, 0}, {4, 4}, {0, 0});
    taken();
    assert_int_equal(build.border_edges[0], 3);
    assert_string_equal(notes.text[0], "z: p0: ends where it begins; taken as a ring");
}

static void a_line_near_a_pole_must_be_closed_by_hand(void **state)
{
    (void)state;
    path(true, true);
    POINTS({0, 86}, {4, 86});
    refused("z: p0: too long or too near a pole to be closed 500 km beyond its ends; expected a "
            "Polygon that closes it");
}

static void what_draws_nothing_is_refused(void **state)
{
    (void)state;
    assert_non_null(skyh_drawing_feature(&drawing, &problem));
    (void)snprintf(drawing.feature[0].where, sizeof drawing.feature[0].where, "f");
    refused("z: f: draws nothing; expected a ring or a line");
    (void)fresh(NULL);
    path(true, false);
    refused("z: p0: has 0 different positions; expected 3 at least");
    (void)fresh(NULL);
    path(true, true);
    POINTS({1, 1}, {1, 1});
    refused("z: p0: has 1 different positions; expected 2 at least");
}

static void an_edge_across_a_pole_is_refused(void **state)
{
    (void)state;
    path(true, false);
    drawing.feature[0].line.rule = SKY_EDGE_GEODESIC;
    POINTS({0, 80}, {179, 80}, {90, 70}, {0, 80});
    refused("z: p0: comes nearer to a pole than 1 degree between its positions; expected latitudes "
            "from -89 to 89");
}

static void what_is_too_long_for_a_set_is_refused(void **state)
{
    (void)state;
    path(true, false);
    for (uint32_t i = 0; i < SKYH_OUTLINE_VERTICES_MAX + 2; i++) {
        const struct skyh_place at = {1e-6 * i, i % 2 == 0 ? 0.0 : 1.0};
        assert_true(skyh_drawing_point(&drawing, at, i, &problem));
    }
    assert_false(add());
    assert_non_null(strstr(problem.text, "z: p0: too long; a set holds at most 500000 vertices"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_place_that_is_not_on_earth_is_named, fresh, fresh),
        cmocka_unit_test_setup_teardown(what_is_planar_is_stored_as_it_is, fresh, fresh),
        cmocka_unit_test_setup_teardown(rounding_is_owned_up_to, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_ring_round_the_antimeridian_is_one_piece, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_crossing_is_found_across_the_antimeridian, fresh, fresh),
        cmocka_unit_test_setup_teardown(rings_that_cross_in_their_vertices_are_refused, fresh,
                                        fresh),
        cmocka_unit_test_setup_teardown(rings_that_cross_in_a_vertex_of_one_are_refused, fresh,
                                        fresh),
        cmocka_unit_test_setup_teardown(a_hole_may_touch_its_ring_in_vertices_and_between_them,
                                        fresh, fresh),
        cmocka_unit_test_setup_teardown(rings_may_touch_in_corners_that_bend_either_way, fresh,
                                        fresh),
        cmocka_unit_test_setup_teardown(long_edges_beside_each_other_are_not_all_compared, fresh,
                                        fresh),
        cmocka_unit_test_setup_teardown(a_hole_that_is_not_inside_its_ring_is_refused, fresh,
                                        fresh),
        cmocka_unit_test_setup_teardown(a_hole_in_a_hole_is_refused, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_part_inside_another_is_refused_but_one_in_its_hole_is_not,
                                        fresh, fresh),
        cmocka_unit_test_setup_teardown(a_ring_that_meets_itself_may_have_holes_still, fresh,
                                        fresh),
        cmocka_unit_test_setup_teardown(a_ring_round_a_pole_is_refused, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_ring_that_meets_itself_is_cut_where_it_does, fresh,
                                        fresh),
        cmocka_unit_test_setup_teardown(a_vertex_that_was_cut_off_may_come_again, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_spur_that_encloses_nothing_is_left_out, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_ring_that_only_runs_out_and_back_is_refused, fresh,
                                        fresh),
        cmocka_unit_test_setup_teardown(a_ring_is_turned_only_where_its_format_says_how_it_winds,
                                        fresh, fresh),
        cmocka_unit_test_setup_teardown(edges_of_a_turned_ring_keep_their_numbers, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_line_has_its_zone_on_its_left, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_line_goes_on_straight_beyond_its_ends, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_line_round_three_sides_is_closed_on_the_fourth, fresh,
                                        fresh),
        cmocka_unit_test_setup_teardown(a_line_that_its_own_prolongation_crosses_is_refused, fresh,
                                        fresh),
        cmocka_unit_test_setup_teardown(a_line_that_ends_where_it_begins_is_a_ring, fresh, fresh),
        cmocka_unit_test_setup_teardown(a_line_near_a_pole_must_be_closed_by_hand, fresh, fresh),
        cmocka_unit_test_setup_teardown(what_draws_nothing_is_refused, fresh, fresh),
        cmocka_unit_test_setup_teardown(an_edge_across_a_pole_is_refused, fresh, fresh),
        cmocka_unit_test_setup_teardown(what_is_too_long_for_a_set_is_refused, fresh, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
