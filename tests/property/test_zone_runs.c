#include "sky_zone.h"

#include <string.h>

#include "sky_math.h"
#include "sky_test.h"
#include "sky_zone_touch.h"

static const uint64_t first_seed = 1616;
static const double degree = SKY_PI / 180.0;

enum { RINGS = 3, VERTICES = 70, RUNS = RINGS * 10, NODES = RINGS * 3 };

/* A zone, its hole and an island in the hole, whichever way round each runs. */
struct shape {
    struct sky_vertex vertex[RINGS * VERTICES];
    struct sky_ring ring[RINGS];
    struct sky_zone_tree tree[RINGS];
    struct sky_zone_node node[NODES];
    struct sky_zone_run run[RUNS];
    struct sky_line line;
    struct sky_zone zone;
    struct sky_zone_set set;
    struct sky_zone_set prepared; /* the same, with trees */
};

struct place {
    double lat_deg, lon_deg, size_deg;
};

static void prepare(struct shape *shape)
{
    assert_true(sky_zone_node_count(&shape->set) <= NODES);
    assert_true(sky_zone_run_count(&shape->set) <= RUNS);
    sky_zone_prepare(&shape->set, shape->tree, shape->node, shape->run);
    shape->prepared = shape->set;
    shape->prepared.tree = shape->tree;
    shape->prepared.node = shape->node;
    shape->prepared.run = shape->run;
}

static void random_shape(uint64_t *seed, const struct place *at, struct shape *ret)
{
    double size_deg = at->size_deg;
    memset(ret, 0, sizeof *ret);
    ret->line = (struct sky_line){.id = 1, .rule = SKY_EDGE_PLANAR, .ring_count = RINGS};
    ret->zone = (struct sky_zone){
        .id = 1, .floor = {.unlimited = true}, .ceiling = {.unlimited = true}, .line_count = 1};
    ret->set = (struct sky_zone_set){.zone_count = 1, .line_count = 1, .ring_count = RINGS};
    for (uint32_t r = 0; r < RINGS; r++) {
        const uint32_t count = 3 + (uint32_t)(test_random(seed) % (VERTICES - 2));
        const double sign = test_random(seed) % 2 == 0 ? 1.0 : -1.0;
        ret->ring[r] = (struct sky_ring){ret->set.vertex_count, count, 0};
        for (uint32_t i = 0; i < count; i++) {
            const double angle_rad =
                sign * (i + test_uniform(seed, 0.0, 0.9)) * 2.0 * SKY_PI / count;
            const double radius_deg = size_deg * test_uniform(seed, 0.3, 1.0);
            const double lon =
                at->lon_deg + radius_deg * cos(angle_rad) / cos(at->lat_deg * degree);
            ret->vertex[ret->set.vertex_count++] = (struct sky_vertex){
                (int32_t)lround((at->lat_deg + radius_deg * sin(angle_rad)) * 1e7),
                (int32_t)lround(remainder(lon, 360.0) * 1e7)};
        }
        size_deg *= 0.15;
    }
    ret->set.zone = &ret->zone;
    ret->set.line = &ret->line;
    ret->set.ring = ret->ring;
    ret->set.vertex = ret->vertex;
    const char *reason = "sound";
    if (sky_zone_check(&ret->set, &reason) != SKY_OK) {
        fail_msg("%s", reason);
    }
    prepare(ret);
}

/* Anywhere up to a latitude, every other one across the date line; sizes even on a log scale. */
static void next_shape(uint64_t *seed, int i, double lat_max_deg, double size_min_deg,
                       struct place *ret_at, struct shape *ret)
{
    ret_at->lat_deg = test_uniform(seed, -lat_max_deg, lat_max_deg);
    ret_at->lon_deg = i % 2 == 0 ? 180.0 : test_uniform(seed, -180.0, 180.0);
    ret_at->size_deg =
        exp(test_uniform(seed, log(size_min_deg), log(fmin(10.0, 89.9 - fabs(ret_at->lat_deg)))));
    random_shape(seed, ret_at, ret);
}

/* What sky_zone_nearest must say, edge by edge: nothing is passed over here. */
static void touch_all(const struct sky_zone_set *set, double lat_rad, double lon_rad,
                      uint32_t *ret_edge, double *ret_m)
{
    struct sky_zone_query query;
    struct sky_zone_foot foot;
    struct sky_zone_touch best = {.chord2_m2 = 1e18};
    sky_zone_ask(lat_rad, lon_rad, &query);
    for (uint32_t r = 0; r < set->ring_count; r++) {
        const struct sky_zone_view view = sky_zone_view_of(set, r, query.spot);
        for (uint32_t i = 0; i < view.border; i++) {
            const struct sky_zone_edge edge = sky_zone_edge_at(&view, i);
            if (i > 0 && edge.a.x == edge.b.x && edge.a.y == edge.b.y) {
                continue;
            }
            sky_zone_lift(&foot);
            sky_zone_touch_edge(&query, &view, i, &foot);
            if (foot.touch.chord2_m2 < best.chord2_m2 ||
                (foot.touch.chord2_m2 == best.chord2_m2 && foot.touch.edge < best.edge)) {
                best = foot.touch;
            }
        }
    }
    *ret_edge = best.edge;
    *ret_m = sky_zone_geodesic_m(&query, &best);
}

static void assert_nearest_of_all(const struct sky_zone_set *set, double lat_rad, double lon_rad)
{
    struct sky_nearest found;
    uint32_t edge;
    double distance_m;
    touch_all(set, lat_rad, lon_rad, &edge, &distance_m);
    sky_zone_nearest(set, 0, lat_rad, lon_rad, SKY_ZONE_NO_EDGE, &found);
    if (fabs(found.distance_m) != distance_m || found.edge != edge) {
        fail_msg("%.9g, %.9g: %.17g m at %u, not %.17g m at %u", lat_rad / degree, lon_rad / degree,
                 found.distance_m, found.edge, distance_m, edge);
    }
}

/* From right at the line to the other side of the Earth, and near the poles. */
static void no_edge_that_is_nearer_is_passed_over(void **state)
{
    (void)state;
    uint64_t seed = first_seed + 9;
    static struct shape shape;
    struct place at;
    for (int i = 0; i < 150; i++) {
        next_shape(&seed, i, i % 3 == 0 ? 88.0 : 60.0, 1e-4, &at, &shape);
        for (int k = 0; k < 12; k++) {
            const double reach_deg = exp(test_uniform(&seed, log(1e-5), log(60.0)));
            const struct sky_vertex *const by =
                &shape.vertex[test_random(&seed) % shape.set.vertex_count];
            const double lat = fmax(
                -89.0, fmin(89.0, by->lat_e7 * 1e-7 + test_uniform(&seed, -1.0, 1.0) * reach_deg));
            const double lon =
                by->lon_e7 * 1e-7 + test_uniform(&seed, -1.0, 1.0) * reach_deg / cos(lat * degree);
            assert_nearest_of_all(i % 2 == 0 ? &shape.prepared : &shape.set, lat * degree,
                                  remainder(lon, 360.0) * degree);
        }
    }
}

/*
 * Between two places that are nearest to different edges there is one that is as near to both, but
 * for a few centimetres; there the bounds are put to the test.
 */
static void where_two_edges_vie_the_nearer_one_is_found(void **state)
{
    (void)state;
    uint64_t seed = first_seed + 11;
    static struct shape shape;
    struct place at;
    for (int i = 0; i < 120; i++) {
        next_shape(&seed, i, 70.0, 1e-2, &at, &shape);
        double place[2][2];
        uint32_t edge[2];
        double distance_m;
        for (int k = 0; k < 2; k++) {
            const double reach_deg = at.size_deg * (i % 4 == 0 ? 3.0 : 0.7);
            place[k][0] = at.lat_deg + test_uniform(&seed, -0.5, 0.5) * reach_deg;
            place[k][1] = at.lon_deg + test_uniform(&seed, -1.0, 1.0) * reach_deg;
            touch_all(&shape.set, place[k][0] * degree, sky_wrap_pi(place[k][1] * degree), &edge[k],
                      &distance_m);
        }
        for (int halvings = 0; edge[0] != edge[1] && halvings < 32; halvings++) {
            const double lat = 0.5 * (place[0][0] + place[1][0]);
            const double lon = 0.5 * (place[0][1] + place[1][1]);
            uint32_t here;
            touch_all(&shape.set, lat * degree, sky_wrap_pi(lon * degree), &here, &distance_m);
            const int k = here == edge[0] ? 0 : 1;
            place[k][0] = lat;
            place[k][1] = lon;
            edge[k] = here;
            assert_nearest_of_all(&shape.prepared, lat * degree, sky_wrap_pi(lon * degree));
        }
    }
}

static void a_prepared_set_gives_the_same_bits(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    static struct shape shape;
    struct place at;
    for (int i = 0; i < 120; i++) {
        const uint64_t before = seed;
        next_shape(&seed, i, 75.0, 1e-3, &at, &shape);
        for (int k = 0; k < 20; k++) {
            const double reach_deg = at.size_deg * (k % 4 == 0 ? 0.2 : 2.0);
            const double lat = (at.lat_deg + test_uniform(&seed, -0.7, 0.7) * reach_deg) * degree;
            const double lon = sky_wrap_pi((at.lon_deg + test_uniform(&seed, -1.0, 1.0) *
                                                             reach_deg / cos(at.lat_deg * degree)) *
                                           degree);
            const double sigma_m = at.size_deg * test_uniform(&seed, 0.0, 2e4);
            struct sky_nearest nearest[2];
            memset(nearest, 0, sizeof nearest);
            sky_zone_nearest(&shape.set, 0, lat, lon, SKY_ZONE_NO_EDGE, &nearest[0]);
            sky_zone_nearest(&shape.prepared, 0, lat, lon, SKY_ZONE_NO_EDGE, &nearest[1]);
            const double p[2] = {
                sky_zone_inside_probability(&shape.set, 0, lat, lon, sigma_m * sigma_m,
                                            4.0 * sigma_m * sigma_m, sigma_m * sigma_m),
                sky_zone_inside_probability(&shape.prepared, 0, lat, lon, sigma_m * sigma_m,
                                            4.0 * sigma_m * sigma_m, sigma_m * sigma_m)};
            if (nearest[0].distance_m != nearest[1].distance_m ||
                nearest[0].lat_rad != nearest[1].lat_rad ||
                nearest[0].lon_rad != nearest[1].lon_rad || nearest[0].edge != nearest[1].edge ||
                p[0] != p[1]) {
                fail_msg("seed %llu: %.17g m and %.17g m, %.17g and %.17g",
                         (unsigned long long)before, nearest[0].distance_m, nearest[1].distance_m,
                         p[0], p[1]);
            }
        }
    }
}

/* Near a vertex, where two edges vie, as well as anywhere. */
static void a_guess_changes_nothing_but_the_cost(void **state)
{
    (void)state;
    uint64_t seed = first_seed + 5;
    static struct shape shape;
    struct place at;
    for (int i = 0; i < 100; i++) {
        const uint64_t before = seed;
        next_shape(&seed, i, 75.0, 1e-3, &at, &shape);
        const struct sky_zone_set *const set = i % 2 == 0 ? &shape.prepared : &shape.set;
        for (int k = 0; k < 20; k++) {
            const double part = k % 4 == 0 ? 1e-4 : (k % 4 == 1 ? 2.0 : 0.2);
            const struct sky_vertex *const by =
                &shape.vertex[test_random(&seed) % set->vertex_count];
            const double lat = by->lat_e7 * 1e-7 * degree +
                               test_uniform(&seed, -0.5, 0.5) * at.size_deg * part * degree;
            const double lon =
                sky_wrap_pi(by->lon_e7 * 1e-7 * degree +
                            test_uniform(&seed, -1.0, 1.0) * at.size_deg * part * degree);
            struct sky_nearest wanted, found;
            memset(&wanted, 0, sizeof wanted);
            memset(&found, 0, sizeof found);
            sky_zone_nearest(set, 0, lat, lon, SKY_ZONE_NO_EDGE, &wanted);
            const uint32_t guess[] = {wanted.edge, wanted.edge + 1, wanted.edge - 1,
                                      (uint32_t)(test_random(&seed) % set->vertex_count),
                                      set->vertex_count};
            for (size_t g = 0; g < sizeof guess / sizeof guess[0]; g++) {
                sky_zone_nearest(set, 0, lat, lon, guess[g], &found);
                if (memcmp(&found, &wanted, sizeof found) != 0) {
                    fail_msg("seed %llu, guess %u: %.17g m at %u, not %.17g m at %u",
                             (unsigned long long)before, guess[g], found.distance_m, found.edge,
                             wanted.distance_m, wanted.edge);
                }
            }
        }
    }
}

/* The even-odd rule, vertex by vertex: what the runs pass over must not be missed. */
static bool is_inside(const struct shape *shape, double lat_e7, double lon_e7)
{
    bool inside = false;
    for (uint32_t r = 0; r < RINGS; r++) {
        const struct sky_vertex *const ring = shape->vertex + shape->ring[r].first;
        const uint32_t count = shape->ring[r].count;
        for (uint32_t i = 0; i < count; i++) {
            const struct sky_vertex *const a = ring + i, *const b = ring + (i + 1) % count;
            const double ay = a->lat_e7 - lat_e7, by = b->lat_e7 - lat_e7;
            const double ax = remainder(a->lon_e7 - lon_e7, 360e7);
            const double bx = ax + remainder((double)b->lon_e7 - a->lon_e7, 360e7);
            inside ^= (ay > 0.0) != (by > 0.0) && ax - ay * (bx - ax) / (by - ay) > 0.0;
        }
    }
    return inside;
}

static void passing_runs_over_does_not_change_who_is_inside(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    static struct shape shape;
    struct place at;
    int inside = 0;
    for (int i = 0; i < 120; i++) {
        const uint64_t before = seed;
        next_shape(&seed, i, 60.0, 1e-2, &at, &shape);
        for (int k = 0; k < 20; k++) {
            const double lat_e7 = (at.lat_deg + test_uniform(&seed, -1.0, 1.0) * at.size_deg) * 1e7;
            const double lon_e7 =
                remainder(at.lon_deg + test_uniform(&seed, -1.0, 1.0) * at.size_deg, 360.0) * 1e7;
            struct sky_nearest nearest;
            sky_zone_nearest(&shape.prepared, 0, lat_e7 * 1e-7 * degree, lon_e7 * 1e-7 * degree,
                             SKY_ZONE_NO_EDGE, &nearest);
            const bool wanted = is_inside(&shape, lat_e7, lon_e7);
            inside += wanted;
            if ((nearest.distance_m < 0.0) != wanted && fabs(nearest.distance_m) > 1e-3) {
                fail_msg("seed %llu, query %d: %g m", (unsigned long long)before, k,
                         nearest.distance_m);
            }
        }
    }
    assert_true(inside > 300);
}

enum { MANY = 5000, MANY_RUNS = MANY / 7 + 1, MANY_NODES = MANY_RUNS / 4 };

/* One ring of many vertices, as it is and prepared. */
struct long_ring {
    struct sky_vertex vertex[MANY];
    struct sky_ring ring;
    struct sky_line line;
    struct sky_zone zone;
    struct sky_zone_tree tree;
    struct sky_zone_node node[MANY_NODES];
    struct sky_zone_run run[MANY_RUNS];
    struct sky_zone_set set;
    struct sky_zone_set prepared;
};

/* An ellipse; wavy by so much of it, at random. Two vertices stand there so many times. */
static void long_ellipse(uint64_t *seed, const struct place *at, double half_lon_deg, double wavy,
                         int repeated, struct long_ring *ret)
{
    for (int i = 0; i < MANY; i++) {
        const double angle_rad = i * 2.0 * SKY_PI / MANY;
        const double size = 1.0 - test_uniform(seed, 0.0, 1.0) * wavy;
        const double lon_deg = at->lon_deg + size * half_lon_deg * cos(angle_rad);
        ret->vertex[i] = (struct sky_vertex){
            (int32_t)lround((at->lat_deg + size * at->size_deg * sin(angle_rad)) * 1e7),
            (int32_t)lround(remainder(lon_deg, 360.0) * 1e7)};
    }
    for (int i = 1; i < repeated; i++) {
        ret->vertex[i] = ret->vertex[0];
        ret->vertex[MANY / 2 + i] = ret->vertex[MANY / 2];
    }
    ret->ring = (struct sky_ring){0, MANY, 0};
    ret->line = (struct sky_line){.id = 1, .rule = SKY_EDGE_PLANAR, .ring_count = 1};
    ret->zone = (struct sky_zone){
        .id = 1, .floor = {.unlimited = true}, .ceiling = {.unlimited = true}, .line_count = 1};
    ret->set = (struct sky_zone_set){.zone_count = 1,
                                     .line_count = 1,
                                     .ring_count = 1,
                                     .vertex_count = MANY,
                                     .zone = &ret->zone,
                                     .line = &ret->line,
                                     .ring = &ret->ring,
                                     .vertex = ret->vertex};
    const char *reason = "sound";
    if (sky_zone_check(&ret->set, &reason) != SKY_OK) {
        fail_msg("%s", reason);
    }
    assert_true(sky_zone_node_count(&ret->set) <= MANY_NODES);
    assert_true(sky_zone_run_count(&ret->set) <= MANY_RUNS);
    sky_zone_prepare(&ret->set, &ret->tree, ret->node, ret->run);
    ret->prepared = ret->set;
    ret->prepared.tree = &ret->tree;
    ret->prepared.node = ret->node;
    ret->prepared.run = ret->run;
}

static void assert_same(const struct long_ring *ring, double lat_deg, double lon_deg)
{
    struct sky_nearest wanted, found;
    memset(&wanted, 0, sizeof wanted);
    memset(&found, 0, sizeof found);
    const double lat = lat_deg * degree, lon = sky_wrap_pi(lon_deg * degree);
    sky_zone_nearest(&ring->set, 0, lat, lon, SKY_ZONE_NO_EDGE, &wanted);
    const uint32_t guess[] = {SKY_ZONE_NO_EDGE, wanted.edge, (wanted.edge + MANY / 3) % MANY};
    for (size_t g = 0; g < sizeof guess / sizeof guess[0]; g++) {
        sky_zone_nearest(&ring->prepared, 0, lat, lon, guess[g], &found);
        if (memcmp(&found, &wanted, sizeof found) != 0) {
            fail_msg("%.9g, %.9g, guess %u: %.17g m at %u, not %.17g m at %u", lat_deg, lon_deg,
                     guess[g], found.distance_m, found.edge, wanted.distance_m, wanted.edge);
        }
    }
}

/* To the nearest vertex, on a sphere: within half a percent. */
static double nearest_vertex_m(const struct long_ring *ring, double lat_deg, double lon_deg)
{
    double nearest_m = 1e9;
    for (uint32_t i = 0; i < ring->ring.count; i++) {
        const double lat = ring->vertex[i].lat_e7 * 1e-7 * degree;
        const double across = sin(0.5 * (ring->vertex[i].lon_e7 * 1e-7 - lon_deg) * degree);
        const double up = sin(0.5 * (lat - lat_deg * degree));
        const double h = up * up + cos(lat) * cos(lat_deg * degree) * across * across;
        nearest_m = fmin(nearest_m, 2.0 * 6371e3 * asin(sqrt(fmin(1.0, h))));
    }
    return nearest_m;
}

/* Every box is as near as every other there, so that all of them are opened at once. */
static void at_the_centre_of_a_circle_no_box_is_lost(void **state)
{
    (void)state;
    uint64_t seed = first_seed + 6;
    static struct long_ring ring;
    for (int i = 0; i < 3; i++) {
        const struct place at = {test_uniform(&seed, -60.0, 60.0), 180.0, 0.1};
        long_ellipse(&seed, &at, at.size_deg / cos(at.lat_deg * degree), 1e-6, 1, &ring);
        assert_same(&ring, at.lat_deg, at.lon_deg);
        assert_same(&ring, at.lat_deg + 1e-4, at.lon_deg + 1e-4);
    }
}

static void a_long_wavy_ring_gives_the_same_bits_near_and_far(void **state)
{
    (void)state;
    uint64_t seed = first_seed + 7;
    static struct long_ring ring;
    for (int i = 0; i < 4; i++) {
        const struct place at = {test_uniform(&seed, -50.0, 50.0),
                                 i % 2 == 0 ? 180.0 : test_uniform(&seed, -180.0, 180.0),
                                 exp(test_uniform(&seed, log(0.01), log(20.0)))};
        long_ellipse(&seed, &at, at.size_deg, 0.1, 400, &ring);
        for (int k = 0; k < 40; k++) {
            const double reach_deg = at.size_deg * (k % 4 == 0 ? 0.2 : 1.5);
            const double lat = at.lat_deg + test_uniform(&seed, -1.0, 1.0) * reach_deg;
            const double lon = at.lon_deg + test_uniform(&seed, -1.0, 1.0) * reach_deg;
            assert_same(&ring, lat, lon);
            if (k % 4 == 0) {
                assert_nearest_of_all(&ring.prepared, lat * degree, sky_wrap_pi(lon * degree));
            }
        }
    }
}

static void a_ring_nearly_half_round_the_earth_is_found_from_behind(void **state)
{
    (void)state;
    uint64_t seed = first_seed + 8;
    static struct long_ring ring;
    const struct place at = {10.0, 100.0, 30.0};
    long_ellipse(&seed, &at, 85.0, 0.01, 1, &ring);
    for (int k = 0; k < 30; k++) {
        const bool behind = k % 2 == 0; /* its western end, or anywhere */
        const double lat =
            behind ? test_uniform(&seed, 0.0, 20.0) : test_uniform(&seed, -80.0, 80.0);
        const double lon =
            behind ? test_uniform(&seed, -4.0, 5.0) : test_uniform(&seed, -180.0, 180.0);
        assert_same(&ring, lat, lon);
        struct sky_nearest found;
        sky_zone_nearest(&ring.prepared, 0, lat * degree, lon * degree, SKY_ZONE_NO_EDGE, &found);
        const double wanted_m = nearest_vertex_m(&ring, lat, lon);
        assert_near(fabs(found.distance_m), wanted_m, 0.006 * wanted_m + 12e3);
    }
}

/* Seen from anywhere, with edges that reach a quarter round the Earth. */
static void a_ring_of_few_long_edges_is_no_special_case(void **state)
{
    (void)state;
    uint64_t seed = first_seed + 10;
    static const double corner_deg[][2] = {{-20, -80}, {-30, 0},  {-20, 85}, {0, 86},  {20, 84},
                                           {30, 40},   {25, -10}, {28, -40}, {21, -75}};
    static struct shape shape;
    const struct place somewhere = {0.0, 0.0, 1.0};
    random_shape(&seed, &somewhere, &shape);
    const uint32_t corners = sizeof corner_deg / sizeof corner_deg[0];
    for (uint32_t i = 0; i < corners; i++) {
        shape.vertex[i] = (struct sky_vertex){(int32_t)(corner_deg[i][0] * 1e7),
                                              (int32_t)(corner_deg[i][1] * 1e7)};
    }
    shape.ring[0].count = corners;
    shape.line.ring_count = shape.set.ring_count = 1;
    prepare(&shape);
    for (int k = 0; k < 200; k++) {
        const double lat = test_uniform(&seed, -80.0, 80.0) * degree;
        const double lon = test_uniform(&seed, -180.0, 180.0) * degree;
        assert_nearest_of_all(&shape.prepared, lat, lon);
        assert_nearest_of_all(&shape.set, lat, lon);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_edge_that_is_nearer_is_passed_over),
        cmocka_unit_test(where_two_edges_vie_the_nearer_one_is_found),
        cmocka_unit_test(a_prepared_set_gives_the_same_bits),
        cmocka_unit_test(a_guess_changes_nothing_but_the_cost),
        cmocka_unit_test(passing_runs_over_does_not_change_who_is_inside),
        cmocka_unit_test(at_the_centre_of_a_circle_no_box_is_lost),
        cmocka_unit_test(a_long_wavy_ring_gives_the_same_bits_near_and_far),
        cmocka_unit_test(a_ring_nearly_half_round_the_earth_is_found_from_behind),
        cmocka_unit_test(a_ring_of_few_long_edges_is_no_special_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
