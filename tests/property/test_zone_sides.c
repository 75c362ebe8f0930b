#include "sky_zone.h"

#include <string.h>

#include "sky_math.h"
#include "sky_test.h"

static const uint64_t first_seed = 4242;
static const double degree = SKY_PI / 180.0;

enum { RINGS = 2, VERTICES = 90, RUNS = RINGS * 13, NODES = RINGS * 3 };

/* A zone with a hole, and what lies on the other side of the same line. */
struct shape {
    struct sky_vertex vertex[RINGS * VERTICES];
    struct sky_ring ring[RINGS];
    struct sky_zone_tree tree[RINGS];
    struct sky_zone_node node[NODES];
    struct sky_zone_run run[RUNS];
    struct sky_line line[2];
    struct sky_zone zone[2];
    struct sky_zone_set set;
};

static const struct sky_limit unlimited = {.unlimited = true};

static void add_ring(uint64_t *seed, const double at_deg[2], double size_deg, struct shape *shape)
{
    struct sky_zone_set *const set = &shape->set;
    const uint32_t count = 3 + (uint32_t)(test_random(seed) % (VERTICES - 2));
    const double sign = test_random(seed) % 2 == 0 ? 1.0 : -1.0;
    shape->ring[set->ring_count++] = (struct sky_ring){set->vertex_count, count, 0};
    for (uint32_t i = 0; i < count; i++) {
        const double angle_rad = sign * (i + test_uniform(seed, 0.0, 0.9)) * 2.0 * SKY_PI / count;
        const double radius_deg = size_deg * test_uniform(seed, 0.3, 1.0);
        const double lon = at_deg[1] + radius_deg * cos(angle_rad) / cos(at_deg[0] * degree);
        shape->vertex[set->vertex_count++] =
            (struct sky_vertex){(int32_t)lround((at_deg[0] + radius_deg * sin(angle_rad)) * 1e7),
                                (int32_t)lround(remainder(lon, 360.0) * 1e7)};
    }
}

/* Every other one across the date line, every third without trees. */
static void random_shape(uint64_t *seed, int i, double ret_at_deg[2], double *ret_size_deg,
                         struct shape *ret)
{
    ret_at_deg[0] = test_uniform(seed, -75.0, 75.0);
    ret_at_deg[1] = i % 2 == 0 ? 180.0 : test_uniform(seed, -180.0, 180.0);
    *ret_size_deg = exp(test_uniform(seed, log(1e-3), log(10.0)));
    memset(ret, 0, sizeof *ret);
    add_ring(seed, ret_at_deg, *ret_size_deg, ret);
    add_ring(seed, ret_at_deg, 0.2 * *ret_size_deg, ret);
    for (uint32_t side = 0; side < 2; side++) {
        ret->line[side] = (struct sky_line){.id = side + 1,
                                            .zone = side,
                                            .outside = side == 1,
                                            .rule = SKY_EDGE_PLANAR,
                                            .ring_count = RINGS};
        ret->zone[side] = (struct sky_zone){.id = side + 1,
                                            .floor = unlimited,
                                            .ceiling = unlimited,
                                            .first_line = side,
                                            .line_count = 1};
    }
    ret->set.zone_count = ret->set.line_count = 2;
    ret->set.zone = ret->zone;
    ret->set.line = ret->line;
    ret->set.ring = ret->ring;
    ret->set.vertex = ret->vertex;
    const char *reason = "sound";
    if (sky_zone_check(&ret->set, &reason) != SKY_OK) {
        fail_msg("%s", reason);
    }
    if (i % 3 != 0) {
        assert_true(sky_zone_node_count(&ret->set) <= NODES);
        assert_true(sky_zone_run_count(&ret->set) <= RUNS);
        sky_zone_prepare(&ret->set, ret->tree, ret->node, ret->run);
        ret->set.tree = ret->tree;
        ret->set.node = ret->node;
        ret->set.run = ret->run;
    }
}

/* Anywhere around, at a vertex, or half way along an edge. */
static void random_place(uint64_t *seed, int k, const double at_deg[2], double size_deg,
                         const struct shape *shape, double *ret_lat_rad, double *ret_lon_rad)
{
    const struct sky_ring *const ring = &shape->ring[test_random(seed) % RINGS];
    const uint32_t i = (uint32_t)(test_random(seed) % ring->count);
    const struct sky_vertex *const a = &shape->vertex[ring->first + i];
    const struct sky_vertex *const b = &shape->vertex[ring->first + (i + 1) % ring->count];
    double lat_e7 = (at_deg[0] + test_uniform(seed, -1.2, 1.2) * size_deg) * 1e7;
    double lon_e7 =
        (at_deg[1] + test_uniform(seed, -1.2, 1.2) * size_deg / cos(at_deg[0] * degree)) * 1e7;
    if (k % 3 != 0) {
        const double t = k % 3 == 1 ? 0.0 : 0.5;
        lat_e7 = a->lat_e7 + t * (b->lat_e7 - (double)a->lat_e7);
        lon_e7 = a->lon_e7 + t * remainder((double)b->lon_e7 - a->lon_e7, 360e7);
    }
    *ret_lat_rad = lat_e7 * (SKY_PI / 180e7);
    *ret_lon_rad = sky_wrap_pi(lon_e7 * (SKY_PI / 180e7));
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* But for the distance's sign. */
static bool is_same_place(const struct sky_nearest *a, const struct sky_nearest *b)
{
    return bits_of(fabs(a->distance_m)) == bits_of(fabs(b->distance_m)) &&
           bits_of(a->bearing_rad) == bits_of(b->bearing_rad) &&
           bits_of(a->lat_rad) == bits_of(b->lat_rad) &&
           bits_of(a->lon_rad) == bits_of(b->lon_rad) && a->edge == b->edge;
}

static void the_two_sides_of_a_border_complete_each_other_to_the_last_bit(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    static struct shape shape;
    int on_it = 0;
    for (int i = 0; i < 150; i++) {
        const uint64_t before = seed;
        double at_deg[2], size_deg, lat, lon;
        random_shape(&seed, i, at_deg, &size_deg, &shape);
        for (int k = 0; k < 30; k++) {
            random_place(&seed, k, at_deg, size_deg, &shape, &lat, &lon);
            const double sigma_m = k % 5 == 0 ? 0.0 : size_deg * test_uniform(&seed, 0.0, 5e4);
            const double var_m2 = sigma_m * sigma_m;
            struct sky_nearest side[2];
            double p[2];
            for (uint32_t s = 0; s < 2; s++) {
                sky_zone_nearest(&shape.set, s, lat, lon, SKY_ZONE_NO_EDGE, &side[s]);
                p[s] = sky_zone_inside_probability(&shape.set, s, lat, lon, var_m2, 2.0 * var_m2,
                                                   0.5 * var_m2);
            }
            on_it += side[0].distance_m == 0.0;
            const double turned_m = 0.0 - side[1].distance_m;
            const bool sides_right = p[1] == 1.0 - p[0] &&
                                     (sigma_m > 0.0 || p[0] == 0.0 || p[0] == 1.0) &&
                                     (sigma_m > 0.0 || side[0].distance_m == 0.0 ||
                                      (p[0] == 1.0) == (side[0].distance_m < 0.0));
            if (bits_of(turned_m) != bits_of(side[0].distance_m) || !sides_right ||
                !is_same_place(&side[0], &side[1])) {
                fail_msg("seed %llu, place %d: %.17g m, %.17g and %.17g",
                         (unsigned long long)before, k, side[0].distance_m, p[0], p[1]);
            }
        }
    }
    assert_true(on_it > 500);
}

/* Which edges of both rings are border. */
static void open_rings(uint64_t *seed, struct shape *shape)
{
    for (int r = 0; r < RINGS; r++) {
        shape->ring[r].closing = (uint32_t)(test_random(seed) % shape->ring[r].count);
    }
}

/* From a place to one edge, there and back. */
static double edge_m(const struct sky_vertex *a, const struct sky_vertex *b, double lat, double lon)
{
    const struct sky_vertex vertex[] = {*a, *b, *a};
    const struct sky_ring ring = {0, 3, 0};
    const struct sky_line line = {.id = 1, .rule = SKY_EDGE_PLANAR, .ring_count = 1};
    const struct sky_zone_set set = {
        .ring_count = 1, .vertex_count = 3, .line = &line, .ring = &ring, .vertex = vertex};
    struct sky_nearest nearest;
    sky_zone_nearest(&set, 0, lat, lon, SKY_ZONE_NO_EDGE, &nearest);
    return fabs(nearest.distance_m);
}

static double border_m(const struct shape *shape, double lat, double lon)
{
    double least_m = 1e9;
    for (int r = 0; r < RINGS; r++) {
        const struct sky_ring *const ring = &shape->ring[r];
        const struct sky_vertex *const vertex = shape->vertex + ring->first;
        for (uint32_t i = 0; i < ring->count - ring->closing; i++) {
            const double m = edge_m(&vertex[i], &vertex[(i + 1) % ring->count], lat, lon);
            least_m = m < least_m ? m : least_m;
        }
    }
    return least_m;
}

static bool is_border(const struct shape *shape, uint32_t edge)
{
    for (int r = 0; r < RINGS; r++) {
        const struct sky_ring *const ring = &shape->ring[r];
        if (edge >= ring->first && edge < ring->first + ring->count - ring->closing) {
            return true;
        }
    }
    return false;
}

static void what_only_closes_a_ring_says_who_is_inside_and_is_never_the_nearest(void **state)
{
    (void)state;
    uint64_t seed = first_seed + 1;
    static struct shape shape;
    int farther = 0;
    for (int i = 0; i < 60; i++) {
        const uint64_t before = seed;
        double at_deg[2], size_deg, lat, lon;
        random_shape(&seed, i, at_deg, &size_deg, &shape);
        for (int k = 0; k < 12; k++) {
            struct sky_nearest closed, open, guessed;
            random_place(&seed, k, at_deg, size_deg, &shape, &lat, &lon);
            shape.ring[0].closing = shape.ring[1].closing = 0;
            sky_zone_nearest(&shape.set, 0, lat, lon, SKY_ZONE_NO_EDGE, &closed);
            const double p_closed =
                sky_zone_inside_probability(&shape.set, 0, lat, lon, 1e6, 2e6, 0.0);
            open_rings(&seed, &shape);
            sky_zone_nearest(&shape.set, 0, lat, lon, SKY_ZONE_NO_EDGE, &open);
            sky_zone_nearest(&shape.set, 0, lat, lon,
                             (uint32_t)(test_random(&seed) % shape.set.vertex_count), &guessed);
            const double p_open =
                sky_zone_inside_probability(&shape.set, 0, lat, lon, 1e6, 2e6, 0.0);
            farther += fabs(open.distance_m) > fabs(closed.distance_m);
            if (!is_border(&shape, open.edge) || p_open != p_closed ||
                (closed.distance_m != 0.0 &&
                 (open.distance_m < 0.0) != (closed.distance_m < 0.0)) ||
                !(fabs(fabs(open.distance_m) - border_m(&shape, lat, lon)) <=
                  1e-6 + 1e-9 * fabs(open.distance_m)) ||
                open.distance_m != guessed.distance_m || !is_same_place(&open, &guessed)) {
                fail_msg("seed %llu, place %d: %.17g m at %u, closed %.17g m, border %.17g m",
                         (unsigned long long)before, k, open.distance_m, open.edge,
                         closed.distance_m, border_m(&shape, lat, lon));
            }
        }
    }
    assert_true(farther > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_two_sides_of_a_border_complete_each_other_to_the_last_bit),
        cmocka_unit_test(what_only_closes_a_ring_says_who_is_inside_and_is_never_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
