#include "sky_zone.h"

#include <stdlib.h>

#include "sky_math.h"
#include "sky_test.h"

static const uint64_t first_seed = 1980;
static const double degree = SKY_PI / 180.0;

enum { VERTICES_MAX = 48, RINGS_MAX = 3 };

/* One line of up to three nested rings: a zone, its hole, an island in the hole. */
struct shape {
    struct sky_vertex vertex[RINGS_MAX * VERTICES_MAX];
    struct sky_ring ring[RINGS_MAX];
    struct sky_line line;
    struct sky_zone zone;
    uint32_t vertex_count;
};

static struct sky_zone_set set_of(const struct shape *shape)
{
    return (struct sky_zone_set){.zone_count = 1,
                                 .line_count = 1,
                                 .ring_count = shape->line.ring_count,
                                 .vertex_count = shape->vertex_count,
                                 .zone = &shape->zone,
                                 .line = &shape->line,
                                 .ring = shape->ring,
                                 .vertex = shape->vertex};
}

static void add_ring(struct shape *shape, uint64_t *seed, double lat_deg, double lon_deg,
                     double low_deg, double high_deg)
{
    const uint32_t count = 6 + (uint32_t)(test_random(seed) % (VERTICES_MAX - 5));
    const bool clockwise = test_random(seed) % 2 == 0;
    shape->ring[shape->line.ring_count++] = (struct sky_ring){shape->vertex_count, count, 0};
    for (uint32_t i = 0; i < count; i++) {
        const double turn_rad = (i + test_uniform(seed, 0.0, 0.3)) * 2.0 * SKY_PI / count;
        const double angle_rad = clockwise ? -turn_rad : turn_rad;
        const double size_deg = test_uniform(seed, low_deg, high_deg);
        shape->vertex[shape->vertex_count++] = (struct sky_vertex){
            (int32_t)lround((lat_deg + size_deg * sin(angle_rad)) * 1e7),
            (int32_t)lround((lon_deg + size_deg * cos(angle_rad)) * 1e7),
        };
    }
}

static struct shape random_shape(uint64_t *seed, double lat_deg, double lon_deg, double size_deg)
{
    struct shape shape = {
        .line = {.id = 1, .rule = SKY_EDGE_PLANAR},
        .zone = {.id = 1,
                 .floor = {.unlimited = true},
                 .ceiling = {.unlimited = true},
                 .line_count = 1},
    };
    /* Six vertices or more: each ring keeps clear of the next. */
    add_ring(&shape, seed, lat_deg, lon_deg, size_deg * 0.9, size_deg);
    if (test_random(seed) % 2 == 0) {
        add_ring(&shape, seed, lat_deg, lon_deg, size_deg * 0.2, size_deg * 0.25);
        add_ring(&shape, seed, lat_deg, lon_deg, size_deg * 0.02, size_deg * 0.04);
    }
    const struct sky_zone_set set = set_of(&shape);
    const char *reason = "sound";
    if (sky_zone_check(&set, &reason) != SKY_OK) {
        fail_msg("%s", reason);
    }
    return shape;
}

struct gaussian {
    double lat_rad;
    double lon_rad;
    double ee_m2;
    double nn_m2;
    double en_m2;
};

static double ours(const struct shape *shape, const struct gaussian *at)
{
    const struct sky_zone_set set = set_of(shape);
    return sky_zone_inside_probability(&set, 0, at->lat_rad, at->lon_rad, at->ee_m2, at->nn_m2,
                                       at->en_m2);
}

/* --- an independent way: scan lines across the whitened plane --- */

struct point {
    double u;
    double v;
};

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Share of a unit normal inside the shape along the line of one v, by the even-odd rule. */
static double share_of_line(const struct shape *shape, const struct point *white, double v)
{
    double crossing[RINGS_MAX * VERTICES_MAX];
    size_t count = 0;
    for (uint32_t r = 0; r < shape->line.ring_count; r++) {
        const struct sky_ring *ring = &shape->ring[r];
        for (uint32_t i = 0; i < ring->count; i++) {
            const struct point *a = &white[ring->first + i];
            const struct point *b = &white[ring->first + (i + 1) % ring->count];
            if ((a->v > v) != (b->v > v)) {
                crossing[count++] = a->u + (b->u - a->u) * (v - a->v) / (b->v - a->v);
            }
        }
    }
    qsort(crossing, count, sizeof crossing[0], by_value);
    double share = 0.0;
    for (size_t i = 0; i + 1 < count; i += 2) {
        share += 0.5 * (erfc(crossing[i] * sqrt(0.5)) - erfc(crossing[i + 1] * sqrt(0.5)));
    }
    return share;
}

/* Adds the heights at which an edge passes whole sigmas: a flat edge makes the share jump. */
static size_t add_levels(const struct point *a, const struct point *b, double *level, size_t levels)
{
    for (int u = -9; u <= 9; u++) {
        const double t = (u - a->u) / (b->u - a->u);
        if (t > 0.0 && t < 1.0) {
            level[levels++] = fmax(-9.0, fmin(9.0, a->v + t * (b->v - a->v)));
        }
    }
    return levels;
}

/* Between two levels the share is smooth: ten Gauss points at a time. */
static double scanned(const struct shape *shape, const struct gaussian *at)
{
    static const double node[] = {0.14887433898163122, 0.4333953941292472, 0.6794095682990244,
                                  0.8650633666889845, 0.9739065285171717};
    static const double weight[] = {0.29552422471475287, 0.26926671930999635, 0.21908636251598204,
                                    0.1494513491505806, 0.06667134430868814};
    const double sin_lat = sin(at->lat_rad), w2 = 1.0 - SKY_WGS84_E2 * sin_lat * sin_lat;
    const double normal_m = SKY_WGS84_A_M / sqrt(w2);
    const double east_m = normal_m * cos(at->lat_rad);
    const double north_m = normal_m * (1.0 - SKY_WGS84_E2) / w2;
    const double root_n = sqrt(at->nn_m2), slope = at->en_m2 / at->nn_m2;
    const double root_e = sqrt(at->ee_m2 - slope * at->en_m2);
    struct point white[RINGS_MAX * VERTICES_MAX];
    static double level[20 * RINGS_MAX * VERTICES_MAX];
    size_t levels = 0;
    for (uint32_t i = 0; i < shape->vertex_count; i++) {
        const double e_m = (shape->vertex[i].lon_e7 * 1e-7 * degree - at->lon_rad) * east_m;
        const double n_m = (shape->vertex[i].lat_e7 * 1e-7 * degree - at->lat_rad) * north_m;
        white[i] = (struct point){(e_m - slope * n_m) / root_e, n_m / root_n};
        level[levels++] = fmax(-9.0, fmin(9.0, white[i].v));
    }
    for (uint32_t r = 0; r < shape->line.ring_count; r++) {
        const struct sky_ring *ring = &shape->ring[r];
        for (uint32_t i = 0; i < ring->count; i++) {
            levels = add_levels(&white[ring->first + i],
                                &white[ring->first + (i + 1) % ring->count], level, levels);
        }
    }
    qsort(level, levels, sizeof level[0], by_value);
    double sum = 0.0;
    for (size_t i = 0; i + 1 < levels; i++) {
        const int panels = 1 + (int)((level[i + 1] - level[i]) / 0.5);
        const double half = 0.5 * (level[i + 1] - level[i]) / panels;
        for (int panel = 0; half > 0.0 && panel < panels; panel++) {
            const double middle = level[i] + (2 * panel + 1) * half;
            for (int k = 0; k < 10; k++) {
                const double v = middle + half * (k % 2 == 0 ? node[k / 2] : -node[k / 2]);
                sum += half * weight[k / 2] * exp(-0.5 * v * v) / sqrt(2.0 * SKY_PI) *
                       share_of_line(shape, white, v);
            }
        }
    }
    return sum;
}

static struct gaussian random_gaussian(uint64_t *seed, double lat_deg, double lon_deg,
                                       double size_deg)
{
    const double size_m = size_deg * degree * 6.37e6;
    const double sigma_a = size_m * exp(test_uniform(seed, -3.5, 1.0));
    const double sigma_b = sigma_a * test_uniform(seed, 0.15, 1.0);
    const double turn_rad = test_uniform(seed, 0.0, SKY_PI);
    const double c = cos(turn_rad), s = sin(turn_rad);
    return (struct gaussian){
        .lat_rad = (lat_deg + size_deg * test_uniform(seed, -1.2, 1.2)) * degree,
        .lon_rad = (lon_deg + size_deg * test_uniform(seed, -1.2, 1.2)) * degree,
        .ee_m2 = sigma_a * sigma_a * c * c + sigma_b * sigma_b * s * s,
        .nn_m2 = sigma_a * sigma_a * s * s + sigma_b * sigma_b * c * c,
        .en_m2 = (sigma_a * sigma_a - sigma_b * sigma_b) * c * s,
    };
}

static void probability_agrees_with_a_scan_of_the_plane_to_1e_7(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    double worst = 0.0;
    for (int i = 0; i < 60; i++) {
        const uint64_t before = seed;
        const double lat_deg = test_uniform(&seed, -70.0, 70.0);
        const double lon_deg = test_uniform(&seed, -170.0, 170.0);
        const double size_deg = exp(test_uniform(&seed, -7.0, 0.0));
        const struct shape shape = random_shape(&seed, lat_deg, lon_deg, size_deg);
        const struct gaussian at = random_gaussian(&seed, lat_deg, lon_deg, size_deg);
        const double error = fabs(ours(&shape, &at) - scanned(&shape, &at));
        if (error > worst) {
            worst = error;
            print_message("%g at seed %llu\n", error, (unsigned long long)before);
        }
    }
    assert_true(worst < 1e-7);
}

static void probability_agrees_with_a_scan_when_the_mean_is_on_the_line(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 40; i++) {
        const double size_deg = exp(test_uniform(&seed, -5.0, 0.0));
        const struct shape shape = random_shape(&seed, 30.0, 10.0, size_deg);
        struct gaussian at = random_gaussian(&seed, 30.0, 10.0, size_deg);
        const struct sky_ring *ring = &shape.ring[test_random(&seed) % shape.line.ring_count];
        const uint32_t first = (uint32_t)(test_random(&seed) % ring->count);
        const struct sky_vertex *a = &shape.vertex[ring->first + first];
        const struct sky_vertex *b = &shape.vertex[ring->first + (first + 1) % ring->count];
        const double t = i % 3 == 0 ? 0.0 : test_uniform(&seed, 0.0, 1.0); /* or on a vertex */
        at.lat_rad = (a->lat_e7 + t * (b->lat_e7 - a->lat_e7)) * 1e-7 * degree;
        at.lon_rad = (a->lon_e7 + t * (b->lon_e7 - a->lon_e7)) * 1e-7 * degree;
        assert_near(ours(&shape, &at), scanned(&shape, &at), 1e-7);
    }
}

static void probability_is_monotone_towards_the_inside_of_a_straight_border(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 200; i++) {
        const double south_deg = test_uniform(&seed, -60.0, 50.0);
        struct shape shape = random_shape(&seed, 0.0, 0.0, 1.0);
        shape.line.ring_count = 1;
        shape.ring[0] = (struct sky_ring){0, 4, 0};
        shape.vertex_count = 4;
        static const double corner[4][2] = {{0, -5}, {0, 5}, {5, 5}, {5, -5}};
        for (int k = 0; k < 4; k++) {
            shape.vertex[k] = (struct sky_vertex){(int32_t)lround((south_deg + corner[k][0]) * 1e7),
                                                  (int32_t)lround(corner[k][1] * 1e7)};
        }
        struct gaussian at = random_gaussian(&seed, south_deg, 0.0, 0.05);
        at.lon_rad = 0.0;
        double previous = 0.0;
        for (int step = -40; step <= 40; step++) {
            at.lat_rad = south_deg * degree + step * 0.1 * sqrt(at.nn_m2) / 6.37e6;
            const double p = ours(&shape, &at);
            assert_true(p >= previous - 1e-9 && p <= 1.0);
            previous = p;
        }
    }
}

/* A zone and the rest of a large box round it: two shapes that share every edge of the zone. */
static void the_two_sides_of_a_border_add_up_to_certainty(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 500; i++) {
        struct shape side[2];
        for (int s = 0; s < 2; s++) {
            side[s] = (struct shape){.line = {.id = 1, .rule = SKY_EDGE_PLANAR, .ring_count = 1},
                                     .zone = {.id = 1, .line_count = 1}};
        }
        /* A crooked border from south to north, closed by a far box on either side. */
        const uint32_t count = 3 + (uint32_t)(test_random(&seed) % 40);
        for (uint32_t v = 0; v < count; v++) {
            const struct sky_vertex vertex = {
                (int32_t)(200000000 + 2000000 * (int64_t)v / (count - 1)),
                30000000 + (int32_t)test_uniform(&seed, -2e5, 2e5)};
            side[0].vertex[v] = vertex;             /* the west, border northward */
            side[1].vertex[count - 1 - v] = vertex; /* the east, border southward */
        }
        side[0].vertex[count] = (struct sky_vertex){202000000, 10000000};
        side[0].vertex[count + 1] = (struct sky_vertex){200000000, 10000000};
        side[1].vertex[count] = (struct sky_vertex){200000000, 50000000};
        side[1].vertex[count + 1] = (struct sky_vertex){202000000, 50000000};
        struct gaussian at = random_gaussian(&seed, 20.1, 3.0, 0.003);
        if (i % 2 == 0) { /* exactly on the border, as nearly as doubles can */
            const struct sky_vertex *on_border = &side[0].vertex[count / 2];
            at.lat_rad = on_border->lat_e7 * (SKY_PI / 180e7);
            at.lon_rad = on_border->lon_e7 * (SKY_PI / 180e7);
        }
        double sum = 0.0;
        for (int s = 0; s < 2; s++) {
            side[s].ring[0] = (struct sky_ring){0, count + 2, 0};
            side[s].vertex_count = count + 2;
            sum += ours(&side[s], &at);
        }
        assert_near(sum, 1.0, 1e-11);
    }
}

static void a_shrinking_covariance_ends_in_zero_or_one(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 500; i++) {
        const struct shape shape = random_shape(&seed, 40.0, -100.0, 0.5);
        struct gaussian at = random_gaussian(&seed, 40.0, -100.0, 0.5);
        at.ee_m2 = at.nn_m2 = at.en_m2 = 0.0;
        const double certain = ours(&shape, &at);
        assert_true(certain == 0.0 || certain == 1.0);
        const struct sky_zone_set set = set_of(&shape);
        struct sky_nearest nearest;
        sky_zone_nearest(&set, 0, at.lat_rad, at.lon_rad, SKY_ZONE_NO_EDGE, &nearest);
        assert_true((nearest.distance_m < 0.0) == (certain == 1.0));
        const double sigma_m = fabs(nearest.distance_m) / 10.0;
        at.ee_m2 = at.nn_m2 = sigma_m * sigma_m;
        assert_near(ours(&shape, &at), certain, 0.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probability_agrees_with_a_scan_of_the_plane_to_1e_7),
        cmocka_unit_test(probability_agrees_with_a_scan_when_the_mean_is_on_the_line),
        cmocka_unit_test(probability_is_monotone_towards_the_inside_of_a_straight_border),
        cmocka_unit_test(the_two_sides_of_a_border_add_up_to_certainty),
        cmocka_unit_test(a_shrinking_covariance_ends_in_zero_or_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
