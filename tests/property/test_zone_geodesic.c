/*
 * Distances to a real border against PROJ's geodesics, edge by edge. Skipped where the border is
 * not there; not built without PROJ.
 */
#include <geodesic.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "sky_test.h"
#include "sky_zone.h"

static const uint64_t first_seed = 977;
static const double degree = SKY_PI / 180.0;
static const char file[] =
    SKY_SOURCE_DIR "/../shared/data/borders/poly/ne10m_worldatlas_DZA.geojson";

enum { VERTICES_MAX = 4096 };

static struct sky_vertex vertex[VERTICES_MAX];
static struct sky_ring ring;
static struct {
    struct sky_zone_tree tree;
    struct sky_zone_node node[VERTICES_MAX / 4];
    struct sky_zone_run run[VERTICES_MAX / 7 + 1];
} prepared;
static const struct sky_line line = {.id = 1, .rule = SKY_EDGE_PLANAR, .ring_count = 1};
static const struct sky_zone zone = {
    .id = 1, .floor = {.unlimited = true}, .ceiling = {.unlimited = true}, .line_count = 1};
static struct sky_zone_set set = {
    .zone_count = 1, .line_count = 1, .ring_count = 1, .zone = &zone, .line = &line, .ring = &ring};
static struct geod_geodesic earth;

/* The pairs of numbers of the one ring in the file. */
static bool read_border(void)
{
    static char text[1 << 20];
    FILE *const stream = fopen(file, "r");
    if (stream == NULL) {
        return false;
    }
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    (void)fclose(stream);
    const char *at = strstr(text, "\"coordinates\"");
    while (at != NULL && (at = strpbrk(at, "-0123456789")) != NULL && ring.count < VERTICES_MAX) {
        char *after;
        const double lon_deg = strtod(at, &after);
        const double lat_deg = strtod(after + strspn(after, ", "), &after);
        vertex[ring.count++] =
            (struct sky_vertex){(int32_t)lround(lat_deg * 1e7), (int32_t)lround(lon_deg * 1e7)};
        at = after;
    }
    ring.count--; /* the last one is the first */
    set.vertex = vertex;
    set.vertex_count = ring.count;
    return true;
}

static double geodesic_m(double lat_deg, double lon_deg, double to_lat_deg, double to_lon_deg)
{
    double distance_m;
    geod_inverse(&earth, lat_deg, lon_deg, to_lat_deg, to_lon_deg, &distance_m, NULL, NULL);
    return distance_m;
}

static double along_m(double lat_deg, double lon_deg, uint32_t i, double t)
{
    const struct sky_vertex *const a = &vertex[i], *const b = &vertex[(i + 1) % ring.count];
    return geodesic_m(lat_deg, lon_deg, 1e-7 * (a->lat_e7 + t * ((double)b->lat_e7 - a->lat_e7)),
                      1e-7 * (a->lon_e7 + t * ((double)b->lon_e7 - a->lon_e7)));
}

/* By golden sections: the distance along a short edge has one minimum. */
static double edge_m(double lat_deg, double lon_deg, uint32_t i)
{
    static const double golden = 0.61803398874989485;
    double low = 0.0, high = 1.0;
    while (high - low > 1e-7) {
        const double left = high - golden * (high - low), right = low + golden * (high - low);
        if (along_m(lat_deg, lon_deg, i, left) < along_m(lat_deg, lon_deg, i, right)) {
            high = right;
        } else {
            low = left;
        }
    }
    return along_m(lat_deg, lon_deg, i, 0.5 * (low + high));
}

static double truth_m(double lat_deg, double lon_deg)
{
    static double from_m[VERTICES_MAX], length_m[VERTICES_MAX];
    double least_m = 1e9;
    for (uint32_t i = 0; i < ring.count; i++) {
        const struct sky_vertex *const a = &vertex[i], *const b = &vertex[(i + 1) % ring.count];
        from_m[i] = geodesic_m(lat_deg, lon_deg, a->lat_e7 * 1e-7, a->lon_e7 * 1e-7);
        if (length_m[i] <= 0.0) {
            length_m[i] =
                geodesic_m(a->lat_e7 * 1e-7, a->lon_e7 * 1e-7, b->lat_e7 * 1e-7, b->lon_e7 * 1e-7);
        }
        least_m = fmin(least_m, from_m[i]);
    }
    for (uint32_t i = 0; i < ring.count; i++) { /* half an edge from either end at most */
        const double nearer_m = fmin(from_m[i], from_m[(i + 1) % ring.count]);
        if (nearer_m - 0.51 * length_m[i] <= least_m) {
            least_m = fmin(least_m, edge_m(lat_deg, lon_deg, i));
        }
    }
    return least_m;
}

/* The worst error within so many metres of the border, and as a share of the distance. */
static void compare(uint64_t seed, int count, double reach_deg, double within_m, double *ret_m,
                    double *ret_share)
{
    *ret_m = *ret_share = 0.0;
    uint32_t guess = SKY_ZONE_NO_EDGE;
    for (int i = 0; i < count; i++) {
        const struct sky_vertex *const by = &vertex[test_random(&seed) % ring.count];
        const double lat_deg = by->lat_e7 * 1e-7 + test_uniform(&seed, -1.0, 1.0) * reach_deg;
        const double lon_deg = by->lon_e7 * 1e-7 + test_uniform(&seed, -1.0, 1.0) * reach_deg;
        struct sky_nearest nearest;
        sky_zone_nearest(&set, 0, lat_deg * degree, lon_deg * degree, guess, &nearest);
        guess = nearest.edge;
        const double wanted_m = truth_m(lat_deg, lon_deg);
        const double error_m = fabs(fabs(nearest.distance_m) - wanted_m);
        if (wanted_m <= within_m) {
            *ret_m = fmax(*ret_m, error_m);
            *ret_share = fmax(*ret_share, error_m / fmax(wanted_m, 1.0));
        }
    }
    print_message("within %.0f km: %.2g m, %.2g of the distance\n", within_m * 1e-3, *ret_m,
                  *ret_share);
}

static void distances_to_a_real_border_are_right_to_5_cm_within_20_km(void **state)
{
    (void)state;
    double worst_m, share;
    compare(first_seed, 100, 0.15, 20e3, &worst_m, &share);
    assert_true(worst_m <= 0.05);
}

static void they_are_right_to_10_cm_within_100_km(void **state)
{
    (void)state;
    double worst_m, share;
    compare(first_seed + 1, 100, 0.8, 100e3, &worst_m, &share);
    assert_true(worst_m <= 0.1);
}

static void beyond_they_are_right_to_a_hundred_thousandth(void **state)
{
    (void)state;
    double worst_m, share;
    compare(first_seed + 2, 100, 10.0, 2000e3, &worst_m, &share);
    assert_true(share <= 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_to_a_real_border_are_right_to_5_cm_within_20_km),
        cmocka_unit_test(they_are_right_to_10_cm_within_100_km),
        cmocka_unit_test(beyond_they_are_right_to_a_hundred_thousandth),
    };
    const char *reason;
    if (!read_border()) {
        return 77; /* skipped */
    }
    if (sky_zone_check(&set, &reason) != SKY_OK) {
        (void)fprintf(stderr, "%s: %s\n", file, reason);
        return 1;
    }
    sky_zone_prepare(&set, &prepared.tree, prepared.node, prepared.run);
    set.tree = &prepared.tree;
    set.node = prepared.node;
    set.run = prepared.run;
    geod_init(&earth, 6378137.0, 1.0 / 298.257223563);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
