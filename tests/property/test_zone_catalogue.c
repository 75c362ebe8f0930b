/*
 * P(inside) over a catalogue of awkward zones: corners, necks, slivers, combs, spirals, holes; seen
 * with covariances from tiny to huge. Monte Carlo is the judge: test_property_zone_catalogue DRAWS
 * (10000000 takes a minute or two). With --print it prints every case instead, for
 * ../accuracy/pip_reference.py.
 */
#include "sky_zone.h"

#include <stdlib.h>
#include <string.h>

#include "sky_test.h"
#include "sky_zone_view.h"

enum { CORNERS_MAX = 48, RINGS_MAX = 3, MEANS = 3, COVARIANCES = 6 };

static uint64_t draws = 30000;

static const double lat_rad = 20.0 * SKY_PI / 180.0, lon_rad = 3.0 * SKY_PI / 180.0;

/* In metres; the means are where it is hard. */
struct shape {
    const char *name;
    uint32_t count[RINGS_MAX];
    double corner[RINGS_MAX][CORNERS_MAX][2];
    double mean[MEANS][2];
};

static const struct covariance {
    const char *name;
    double east_m;
    double north_m;
    double correlation;
} covariances[COVARIANCES] = {
    {"tiny", 0.5, 0.3, 0.2},           {"drone", 30.0, 30.0, 0.0},   {"radar", 300.0, 100.0, 0.7},
    {"needle", 800.0, 800.0, 0.99999}, {"thread", 2.0, 3000.0, 0.0}, {"huge", 50e3, 20e3, -0.5},
};

#define BOX(west, south, east, north)                                                              \
    {                                                                                              \
        {west, south}, {east, south}, {east, north}, { west, north }                               \
    }

static struct shape catalogue[] = {
    {"right corner", {4}, {BOX(0, 0, 20e3, 20e3)}, {{0, 0}, {40, 20}, {-200, 100}}},
    {"sharp corner", {3}, {{{0, 0}, {20e3, -800}, {20e3, 900}}}, {{0, 0}, {600, 0}, {-30, 5}}},
    {"hollow corner",
     {6},
     {{{0, 0}, {8e3, 0}, {8e3, 8e3}, {-8e3, 8e3}, {-8e3, -8e3}, {0, -8e3}}},
     {{0, 0}, {30, -30}, {-100, 50}}},
    {"neck",
     {12},
     {{{-2500, -1000},
       {-500, -1000},
       {-500, -10},
       {500, -10},
       {500, -1000},
       {2500, -1000},
       {2500, 1000},
       {500, 1000},
       {500, 10},
       {-500, 10},
       {-500, 1000},
       {-2500, 1000}}},
     {{0, 0}, {510, 5}, {100, 40}}},
    {"sliver", {4}, {BOX(-2500, -1, 2500, 1)}, {{0, 0}, {2500, 1}, {300, 8}}},
    {"speck", {3}, {{{0, 0}, {1, 0}, {0.4, 0.9}}}, {{0.4, 0.3}, {0, 0}, {20, 20}}},
    {"hole",
     {4, 4},
     {BOX(-3e3, -3e3, 3e3, 3e3), BOX(-200, -100, 200, 100)},
     {{0, 0}, {200, 100}, {900, 0}}},
    {"island in a lake",
     {4, 4, 3},
     {BOX(-3e3, -3e3, 3e3, 3e3), BOX(-600, -600, 600, 600), {{-90, -60}, {80, -50}, {0, 100}}},
     {{0, 0}, {80, -50}, {400, 0}}},
    {"country", {4}, {BOX(-400e3, -300e3, 500e3, 600e3)}, {{0, 0}, {500e3, 100}, {470e3, 590e3}}},
    {"comb", {0}, {{{0, 0}}}, {{0, 0}, {250, 500}, {55, 990}}},
    {"spiral", {0}, {{{0, 0}}}, {{0, 0}, {150, 0}, {-400, -30}}},
    {"circle", {0}, {{{0, 0}}}, {{0, 0}, {1000, 0}, {700, 720}}},
};

enum { SHAPES = sizeof catalogue / sizeof catalogue[0] };

static void add_corner(struct shape *shape, double east_m, double north_m)
{
    double *const corner = shape->corner[0][shape->count[0]++];
    corner[0] = east_m;
    corner[1] = north_m;
}

/* Those that are easier drawn than listed. */
static void draw(void)
{
    struct shape *const comb = &catalogue[SHAPES - 3], *const spiral = &catalogue[SHAPES - 2];
    struct shape *const circle = &catalogue[SHAPES - 1];
    if (circle->count[0] > 0) {
        return;
    }
    add_corner(comb, 1000, -100);
    for (int tooth = 9; tooth >= 0; tooth--) {
        add_corner(comb, 100.0 * tooth + 60, 0);
        add_corner(comb, 100.0 * tooth + 50, 1000);
        add_corner(comb, 100.0 * tooth, 1000);
        add_corner(comb, 100.0 * tooth - 10, 0);
    }
    add_corner(comb, -100, -100);
    for (int i = 0; i < 24; i++) { /* out along one side, back along the other */
        add_corner(spiral, (60.0 + 40.0 * i) * cos(0.5 * i), (60.0 + 40.0 * i) * sin(0.5 * i));
    }
    for (int i = 23; i >= 0; i--) {
        add_corner(spiral, (20.0 + 40.0 * i) * cos(0.5 * i), (20.0 + 40.0 * i) * sin(0.5 * i));
    }
    for (int i = 0; i < 40; i++) {
        add_corner(circle, 1e3 * cos(i * SKY_PI / 20.0), 1e3 * sin(i * SKY_PI / 20.0));
    }
}

/* One shape seen from one mean: as the core has it, and the same in metres about the mean. */
struct view {
    struct sky_vertex vertex[RINGS_MAX * CORNERS_MAX];
    double place[RINGS_MAX * CORNERS_MAX][2];
    struct sky_ring ring[RINGS_MAX];
    struct sky_line line;
    struct sky_zone zone;
    struct sky_zone_set set;
};

static void see(const struct shape *shape, const double mean[2], struct view *ret)
{
    const double normal_m = sky_zone_normal_m(sin(lat_rad));
    const double x_m = normal_m * cos(lat_rad) * SKY_ZONE_RAD_PER_E7;
    const double y_m = sky_zone_meridian_m(normal_m) * SKY_ZONE_RAD_PER_E7;
    const double lat_e7 = lat_rad / SKY_ZONE_RAD_PER_E7, lon_e7 = lon_rad / SKY_ZONE_RAD_PER_E7;
    uint32_t at = 0;
    memset(ret, 0, sizeof *ret);
    for (uint32_t r = 0; r < RINGS_MAX && shape->count[r] > 0; r++) {
        ret->ring[r] = (struct sky_ring){.first = at, .count = shape->count[r]};
        for (uint32_t i = 0; i < shape->count[r]; i++, at++) {
            const double *const corner = shape->corner[r][i];
            struct sky_vertex *const vertex = &ret->vertex[at];
            vertex->lat_e7 = (int32_t)lround(lat_e7 + (corner[1] - mean[1]) / y_m);
            vertex->lon_e7 = (int32_t)lround(lon_e7 + (corner[0] - mean[0]) / x_m);
            ret->place[at][0] = (vertex->lon_e7 - lon_e7) * x_m;
            ret->place[at][1] = (vertex->lat_e7 - lat_e7) * y_m;
        }
        ret->line.ring_count++;
    }
    ret->line.id = ret->zone.id = 1;
    ret->line.rule = SKY_EDGE_PLANAR;
    ret->zone.floor.unlimited = ret->zone.ceiling.unlimited = true;
    ret->zone.line_count = 1;
    ret->set = (struct sky_zone_set){.zone_count = 1,
                                     .line_count = 1,
                                     .ring_count = ret->line.ring_count,
                                     .vertex_count = at,
                                     .zone = &ret->zone,
                                     .line = &ret->line,
                                     .ring = ret->ring,
                                     .vertex = ret->vertex};
}

static double ours(const struct view *view, const struct covariance *cov)
{
    return sky_zone_inside_probability(&view->set, 0, lat_rad, lon_rad, cov->east_m * cov->east_m,
                                       cov->north_m * cov->north_m,
                                       cov->correlation * cov->east_m * cov->north_m);
}

static bool holds(const struct view *view, double east_m, double north_m)
{
    bool inside = false;
    for (uint32_t r = 0; r < view->set.ring_count; r++) {
        const uint32_t first = view->ring[r].first, count = view->ring[r].count;
        for (uint32_t i = 0; i < count; i++) {
            const double *const a = view->place[first + i];
            const double *const b = view->place[first + (i + 1) % count];
            if ((a[1] > north_m) != (b[1] > north_m) &&
                east_m < a[0] + (b[0] - a[0]) * (north_m - a[1]) / (b[1] - a[1])) {
                inside = !inside;
            }
        }
    }
    return inside;
}

/* By how many standard errors the share of draws that lie inside differs. */
static double judged(const struct view *view, const struct covariance *cov, double p,
                     uint64_t of_seed)
{
    const double rest = sqrt(1.0 - cov->correlation * cov->correlation);
    uint64_t seed = of_seed, inside = 0;
    for (uint64_t i = 0; i < draws; i++) {
        const double u = test_normal(&seed), v = test_normal(&seed);
        inside += holds(view, cov->east_m * u, cov->north_m * (cov->correlation * u + rest * v));
    }
    const double n = (double)draws, share = (double)inside / n;
    return fabs(share - p) / sqrt(fmax(p * (1.0 - p), 1.0 / n) / n);
}

static void every_case_is_within_three_standard_errors_of_monte_carlo(void **state)
{
    (void)state;
    double worst = 0.0;
    int beyond = 0, cases = 0;
    for (size_t s = 0; s < SHAPES; s++) {
        for (size_t m = 0; m < MEANS; m++) {
            static struct view view;
            see(&catalogue[s], catalogue[s].mean[m], &view);
            for (size_t c = 0; c < COVARIANCES; c++) {
                const double p = ours(&view, &covariances[c]);
                const double errors = judged(&view, &covariances[c], p, (uint64_t)cases++);
                worst = fmax(worst, errors);
                beyond += errors > 3.0;
                if (!(errors <= 4.5)) {
                    fail_msg("%s, mean %zu, %s: %g is %.1f standard errors off", catalogue[s].name,
                             m, covariances[c].name, p, errors);
                }
            }
        }
    }
    print_message("%d cases, %llu draws each: at worst %.2f standard errors off, %d beyond 3\n",
                  cases, (unsigned long long)draws, worst, beyond);
    assert_true(beyond <= 3); /* chance alone puts one in 370 beyond 3: half a case */
}

static void print_cases(void)
{
    for (size_t s = 0; s < SHAPES; s++) {
        for (size_t m = 0; m < MEANS; m++) {
            static struct view view;
            see(&catalogue[s], catalogue[s].mean[m], &view);
            for (size_t c = 0; c < COVARIANCES; c++) {
                const struct covariance *const cov = &covariances[c];
                printf("%s, mean %zu, %s;%.17g;%.17g;%.17g;%.17g", catalogue[s].name, m, cov->name,
                       cov->east_m, cov->north_m, cov->correlation, ours(&view, cov));
                for (uint32_t r = 0; r < view.set.ring_count; r++) {
                    for (uint32_t i = 0; i < view.ring[r].count; i++) {
                        const double *const at = view.place[view.ring[r].first + i];
                        printf("%c%.17g %.17g", i == 0 ? ';' : ',', at[0], at[1]);
                    }
                }
                printf("\n");
            }
        }
    }
}

int main(int argc, char *argv[])
{
    draw();
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        print_cases();
        return 0;
    }
    if (argc > 1) {
        draws = strtoull(argv[1], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_is_within_three_standard_errors_of_monte_carlo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
