#include "sky_zone_touch.h"

#include "sky_math.h"
#include "sky_test.h"

static const uint64_t first_seed = 2323;
static const double degree = SKY_PI / 180.0;

enum { SAMPLES = 64 };

static double chord_m(const struct sky_zone_query *query, const struct sky_zone_edge *edge,
                      double t)
{
    struct sky_zone_foot foot;
    sky_zone_lift(&foot);
    sky_zone_stand(query, sky_zone_point_at(edge, t), &foot);
    return sqrt(foot.touch.chord2_m2);
}

/* Samples along the edge, then golden sections about the best. */
static double least_chord_m(const struct sky_zone_query *query, const struct sky_zone_edge *edge)
{
    static const double golden = 0.61803398874989485;
    int best = 0;
    double best_m = 1e12;
    for (int i = 0; i <= SAMPLES; i++) {
        const double sample_m = chord_m(query, edge, i / (double)SAMPLES);
        if (sample_m < best_m) {
            best_m = sample_m;
            best = i;
        }
    }
    double low = fmax(0.0, (best - 1.0) / SAMPLES), high = fmin(1.0, (best + 1.0) / SAMPLES);
    while (high - low > 1e-12) {
        const double left = high - golden * (high - low), right = low + golden * (high - low);
        if (chord_m(query, edge, left) < chord_m(query, edge, right)) {
            high = right;
        } else {
            low = left;
        }
    }
    return fmin(best_m, chord_m(query, edge, 0.5 * (low + high)));
}

static int32_t within_e7(double deg, double limit_deg)
{
    return (int32_t)lround(fmax(-limit_deg, fmin(limit_deg, deg)) * 1e7);
}

/* Metres to thousands of kilometres long and away; not right across a pole. */
static void the_nearest_point_of_any_edge_is_found_to_a_tenth_of_a_millimetre(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    int tried = 0;
    for (int i = 0; i < 4000; i++) {
        const uint64_t before = seed;
        const double lat_deg = test_uniform(&seed, -89.0, 89.0);
        const double away_deg = exp(test_uniform(&seed, log(1e-4), log(60.0)));
        const double long_deg = exp(test_uniform(&seed, log(1e-4), log(60.0)));
        const double widen = 1.0 / fmax(0.05, cos(lat_deg * degree));
        const double a_deg[2] = {lat_deg + test_uniform(&seed, -1.0, 1.0) * away_deg,
                                 test_uniform(&seed, -1.0, 1.0) * away_deg * widen};
        const double b_deg[2] = {a_deg[0] + test_uniform(&seed, -1.0, 1.0) * long_deg,
                                 a_deg[1] + test_uniform(&seed, -1.0, 1.0) * long_deg * widen};
        const struct sky_vertex vertex[2] = {
            {within_e7(a_deg[0], 90.0), within_e7(a_deg[1], 80.0)},
            {within_e7(b_deg[0], 90.0), within_e7(b_deg[1], 80.0)}};
        struct sky_zone_query query;
        sky_zone_ask(lat_deg * degree, 0.0, &query);
        const struct sky_zone_view view = {.vertex = vertex,
                                           .count = 2,
                                           .border = 1,
                                           .start_x = vertex[0].lon_e7,
                                           .place = query.spot};
        const struct sky_zone_edge edge = sky_zone_edge_at(&view, 0);
        const double wanted_m = least_chord_m(&query, &edge);
        if (wanted_m > 0.9 * query.axis_m) {
            continue;
        }
        struct sky_zone_foot foot;
        sky_zone_lift(&foot);
        sky_zone_touch_edge(&query, &view, 0, &foot);
        if (fabs(sqrt(foot.touch.chord2_m2) - wanted_m) > 1e-4) {
            fail_msg("seed %llu: %.9g m, not %.9g m", (unsigned long long)before,
                     sqrt(foot.touch.chord2_m2), wanted_m);
        }
        tried++;
    }
    assert_true(tried > 2500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_point_of_any_edge_is_found_to_a_tenth_of_a_millimetre),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
