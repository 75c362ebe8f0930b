#include "sky_zone.h"

#include <string.h>

#include "sky_math.h"
#include "sky_test.h"

static const uint64_t first_seed = 1616;
static const double degree = SKY_PI / 180.0;

enum { RINGS = 3, VERTICES = 70, NODES = RINGS * 8 };

/* A zone, its hole and an island in the hole, whichever way round each runs. */
struct shape {
    struct sky_vertex vertex[RINGS * VERTICES];
    struct sky_ring ring[RINGS];
    struct sky_zone_tree tree[RINGS];
    struct sky_zone_node node[NODES];
    struct sky_line line;
    struct sky_zone zone;
    struct sky_zone_set set;
    struct sky_zone_set prepared; /* the same, with trees */
};

struct place {
    double lat_deg, lon_deg, size_deg;
};

static void random_shape(uint64_t *seed, const struct place *at, struct shape *ret)
{
    double size_deg = at->size_deg;
    *ret = (struct shape){
        .line = {.id = 1, .rule = SKY_EDGE_PLANAR, .ring_count = RINGS},
        .zone = {.id = 1,
                 .floor = {.unlimited = true},
                 .ceiling = {.unlimited = true},
                 .line_count = 1},
        .set = {.zone_count = 1, .line_count = 1, .ring_count = RINGS},
    };
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
    assert_true(sky_zone_node_count(&ret->set) <= NODES);
    sky_zone_prepare(&ret->set, ret->tree, ret->node);
    ret->prepared = ret->set;
    ret->prepared.tree = ret->tree;
    ret->prepared.node = ret->node;
}

/* Anywhere up to a latitude, every other one across the date line; sizes even on a log scale. */
static void next_shape(uint64_t *seed, int i, double lat_max_deg, double size_min_deg,
                       struct place *ret_at, struct shape *ret)
{
    ret_at->lat_deg = test_uniform(seed, -lat_max_deg, lat_max_deg);
    ret_at->lon_deg = i % 2 == 0 ? 180.0 : test_uniform(seed, -180.0, 180.0);
    ret_at->size_deg = exp(test_uniform(seed, log(size_min_deg), log(10.0)));
    random_shape(seed, ret_at, ret);
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

enum { MANY = 5000, MANY_NODES = MANY / 4 };

/* One ring of many vertices, as it is and prepared. */
struct long_ring {
    struct sky_vertex vertex[MANY];
    struct sky_ring ring;
    struct sky_line line;
    struct sky_zone zone;
    struct sky_zone_tree tree;
    struct sky_zone_node node[MANY_NODES];
    struct sky_zone_set set;
    struct sky_zone_set prepared;
};

/* An ellipse; wavy by so much of it, at random. */
static void long_ellipse(uint64_t *seed, const struct place *at, double half_lon_deg, double wavy,
                         struct long_ring *ret)
{
    for (int i = 0; i < MANY; i++) {
        const double angle_rad = i * 2.0 * SKY_PI / MANY;
        const double size = 1.0 - test_uniform(seed, 0.0, 1.0) * wavy;
        const double lon_deg = at->lon_deg + size * half_lon_deg * cos(angle_rad);
        ret->vertex[i] = (struct sky_vertex){
            (int32_t)lround((at->lat_deg + size * at->size_deg * sin(angle_rad)) * 1e7),
            (int32_t)lround(remainder(lon_deg, 360.0) * 1e7)};
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
    sky_zone_prepare(&ret->set, &ret->tree, ret->node);
    ret->prepared = ret->set;
    ret->prepared.tree = &ret->tree;
    ret->prepared.node = ret->node;
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

/* Every box is as near as every other there, so that all of them are opened at once. */
static void at_the_centre_of_a_circle_no_box_is_lost(void **state)
{
    (void)state;
    uint64_t seed = first_seed + 6;
    static struct long_ring ring;
    for (int i = 0; i < 3; i++) {
        const struct place at = {test_uniform(&seed, -60.0, 60.0), 180.0, 0.1};
        long_ellipse(&seed, &at, at.size_deg / cos(at.lat_deg * degree), 1e-6, &ring);
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
        long_ellipse(&seed, &at, at.size_deg, 0.1, &ring);
        for (int k = 0; k < 40; k++) {
            const double reach_deg = at.size_deg * (k % 4 == 0 ? 0.2 : 1.5);
            assert_same(&ring, at.lat_deg + test_uniform(&seed, -1.0, 1.0) * reach_deg,
                        at.lon_deg + test_uniform(&seed, -1.0, 1.0) * reach_deg);
        }
    }
}

static void a_ring_nearly_half_round_the_earth_is_found_from_behind(void **state)
{
    (void)state;
    uint64_t seed = first_seed + 8;
    static struct long_ring ring;
    const struct place at = {10.0, 100.0, 30.0};
    long_ellipse(&seed, &at, 85.0, 0.01, &ring);
    for (int k = 0; k < 30; k++) {
        assert_same(&ring, test_uniform(&seed, -80.0, 80.0), test_uniform(&seed, -180.0, 180.0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prepared_set_gives_the_same_bits),
        cmocka_unit_test(a_guess_changes_nothing_but_the_cost),
        cmocka_unit_test(passing_runs_over_does_not_change_who_is_inside),
        cmocka_unit_test(at_the_centre_of_a_circle_no_box_is_lost),
        cmocka_unit_test(a_long_wavy_ring_gives_the_same_bits_near_and_far),
        cmocka_unit_test(a_ring_nearly_half_round_the_earth_is_found_from_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
