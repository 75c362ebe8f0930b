/*
 * How far apart two drawings of an edge lie, against PROJ's geodesics. Not built without PROJ.
 */
#include <geodesic.h>

#include "sky_math.h"
#include "sky_test.h"
#include "sky_zone.h"

static const uint64_t first_seed = 2718;
static const double degree = SKY_PI / 180.0;

static struct sky_vertex vertex_at(double lat_deg, double lon_deg)
{
    return (struct sky_vertex){(int32_t)lround(lat_deg * 1e7),
                               (int32_t)lround(remainder(lon_deg, 360.0) * 1e7)};
}

/* The edge from a to b and back, as the second ring of its line. */
static double rule_m(struct sky_vertex a, struct sky_vertex b, double t)
{
    const struct sky_vertex vertex[] = {{0, 0}, {0, 1}, {1, 0}, a, b, b};
    static const struct sky_ring ring[] = {{0, 3, 0}, {3, 3, 0}};
    static const struct sky_line line = {.id = 1, .rule = SKY_EDGE_PLANAR, .ring_count = 2};
    const struct sky_zone_set set = {
        .ring_count = 2, .vertex_count = 6, .line = &line, .ring = ring, .vertex = vertex};
    const double lon_e7 = a.lon_e7 + t * remainder((double)b.lon_e7 - a.lon_e7, 360e7);
    const struct sky_nearest nearest = {.lat_rad = (a.lat_e7 + t * ((double)b.lat_e7 - a.lat_e7)) *
                                                   1e-7 * degree,
                                        .lon_rad = sky_wrap_pi(lon_e7 * 1e-7 * degree),
                                        .edge = 3};
    return sky_zone_rule_m(&set, 0, &nearest);
}

static double from_m(const struct geod_geodesicline *line, double s_m, double lat_deg,
                     double lon_deg)
{
    double lat, lon, distance_m;
    geod_position(line, s_m, &lat, &lon, NULL);
    struct geod_geodesic earth;
    geod_init(&earth, 6378137.0, 1.0 / 298.257223563);
    geod_inverse(&earth, lat_deg, lon_deg, lat, lon, &distance_m, NULL, NULL);
    return distance_m;
}

/* From the place at t of the planar drawing to the geodesic, by golden sections. */
static double oracle_m(struct sky_vertex a, struct sky_vertex b, double t, double *ret_length_m)
{
    static const double golden = 0.61803398874989485;
    const double lat_deg = 1e-7 * (a.lat_e7 + t * ((double)b.lat_e7 - a.lat_e7));
    const double lon_deg = 1e-7 * (a.lon_e7 + t * remainder((double)b.lon_e7 - a.lon_e7, 360e7));
    struct geod_geodesic earth;
    struct geod_geodesicline line;
    geod_init(&earth, 6378137.0, 1.0 / 298.257223563);
    geod_inverseline(&line, &earth, 1e-7 * a.lat_e7, 1e-7 * a.lon_e7, 1e-7 * b.lat_e7,
                     1e-7 * b.lon_e7, 0);
    double low = 0.0, high = line.s13;
    while (high - low > 1e-5) {
        const double left = high - golden * (high - low), right = low + golden * (high - low);
        if (from_m(&line, left, lat_deg, lon_deg) < from_m(&line, right, lat_deg, lon_deg)) {
            high = right;
        } else {
            low = left;
        }
    }
    *ret_length_m = line.s13;
    return from_m(&line, 0.5 * (low + high), lat_deg, lon_deg);
}

static void two_drawings_of_an_edge_lie_as_far_apart_as_geodesics_say(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    double worst = 0.0;
    for (int i = 0; i < 1500; i++) {
        const uint64_t before = seed;
        const double size_deg = exp(test_uniform(&seed, log(0.01), log(8.0)));
        const double lat_deg = test_uniform(&seed, -62.0, 62.0);
        const double lon_deg = i % 2 == 0 ? 180.0 : test_uniform(&seed, -180.0, 180.0);
        const double angle_rad = test_uniform(&seed, -SKY_PI, SKY_PI);
        const struct sky_vertex a = vertex_at(lat_deg, lon_deg);
        const struct sky_vertex b =
            vertex_at(lat_deg + size_deg * cos(angle_rad),
                      lon_deg + size_deg * sin(angle_rad) / cos(lat_deg * degree));
        const double t = test_uniform(&seed, 0.0, 1.0);
        double length_m;
        const double wanted_m = oracle_m(a, b, t, &length_m);
        const double off_m = fabs(rule_m(a, b, t) - wanted_m);
        /* Where the curvature changes its sign, a few parts in a thousand of what a bend makes. */
        const double most_m = 0.02 * wanted_m + 1e-3 * length_m * length_m / 6.4e6 / 8.0 + 1e-3;
        worst = off_m > worst * most_m ? off_m / most_m : worst;
        if (!(off_m <= most_m)) {
            fail_msg("seed %llu: %.6g m, not %.6g m, at %g of %.0f m", (unsigned long long)before,
                     rule_m(a, b, t), wanted_m, t, length_m);
        }
    }
    assert_true(worst > 0.05);
}

static void the_leg_through_the_tanezrouft_is_five_kilometres_in_doubt(void **state)
{
    (void)state;
    const struct sky_vertex a = vertex_at(21.1164, 1.1666), b = vertex_at(25.0, -4.8333);
    assert_near(rule_m(a, b, 0.5), 5139.0, 40.0);
    assert_near(rule_m(b, a, 0.5), rule_m(a, b, 0.5), 1e-6);
    assert_near(rule_m(a, b, 0.0), 0.0, 0.0);
    assert_near(rule_m(a, b, 1.0), 0.0, 1e-6);
}

static void along_meridian_and_equator_every_rule_draws_the_same(void **state)
{
    (void)state;
    assert_near(rule_m(vertex_at(10.0, 5.0), vertex_at(30.0, 5.0), 0.5), 0.0, 0.0);
    assert_near(rule_m(vertex_at(0.0, 5.0), vertex_at(0.0, 25.0), 0.5), 0.0, 0.0);
    assert_near(rule_m(vertex_at(7.0, 5.0), vertex_at(7.0, 5.0), 0.5), 0.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_drawings_of_an_edge_lie_as_far_apart_as_geodesics_say),
        cmocka_unit_test(the_leg_through_the_tanezrouft_is_five_kilometres_in_doubt),
        cmocka_unit_test(along_meridian_and_equator_every_rule_draws_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
