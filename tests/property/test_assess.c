#include "sky_assess.h"

#include <string.h>

#include "sky_math.h"
#include "sky_test.h"

static const uint64_t first_seed = 95;
static const double degree = SKY_PI / 180.0;

/* A zone of some 20 km by 22 km with a notch in its southern side. */
static const struct sky_vertex vertex[] = {
    {200000000, 30000000}, {200000000, 30800000}, {200400000, 30900000}, {200000000, 31000000},
    {200000000, 32000000}, {202000000, 32000000}, {202000000, 30000000}};
static const struct sky_ring ring = {0, 7, 0};
static const struct sky_zone zone = {
    .id = 1, .floor = {.unlimited = true}, .ceiling = {.unlimited = true}, .line_count = 1};
static const struct sky_incident_config config = {.unstated_line_sigma_m = 300.0};

struct draw {
    double east_m;
    double north_m;
};

/* One error of each kind, from their stated covariances: where the aircraft really is. */
static struct draw draw_error(uint64_t *seed, const struct sky_fixing *fixing, double line_sigma_m)
{
    const double root_e = sqrt(fixing->cov[0][0]);
    const double slope = fixing->cov[0][1] / root_e;
    const double a = test_normal(seed), b = test_normal(seed), late = test_normal(seed);
    const double late_s = late * fixing->common.time_sigma_s;
    const double pose_e = sqrt(fixing->common.cov[0][0]), pose_n = sqrt(fixing->common.cov[1][1]);
    return (struct draw){
        root_e * a + pose_e * test_normal(seed) + line_sigma_m * test_normal(seed) +
            late_s * fixing->vel_east_mps,
        slope * a + sqrt(fixing->cov[1][1] - slope * slope) * b + pose_n * test_normal(seed) +
            line_sigma_m * test_normal(seed) + late_s * fixing->vel_north_mps,
    };
}

static struct sky_fixing random_fixing(uint64_t *seed, double lat_rad, double lon_rad)
{
    const double sigma_e = test_uniform(seed, 10.0, 800.0),
                 sigma_n = test_uniform(seed, 10.0, 800.0);
    struct sky_fixing fixing = {
        .track_id = 1,
        .existence = 1.0,
        .place = {lat_rad, lon_rad, 4000.0},
        .vel_east_mps = test_uniform(seed, -200.0, 200.0),
        .vel_north_mps = test_uniform(seed, -200.0, 200.0),
        .common = {.cov = {{test_uniform(seed, 0.0, 1e5)}, {0.0, test_uniform(seed, 0.0, 1e5)}},
                   .time_sigma_s = test_uniform(seed, 0.0, 2.0)},
    };
    fixing.cov[0][0] = sigma_e * sigma_e;
    fixing.cov[1][1] = sigma_n * sigma_n;
    fixing.cov[0][1] = fixing.cov[1][0] = test_uniform(seed, -0.9, 0.9) * sigma_e * sigma_n;
    return fixing;
}

static struct sky_zone_set set_of(const struct sky_line *line)
{
    return (struct sky_zone_set){.zone_count = 1,
                                 .line_count = 1,
                                 .ring_count = 1,
                                 .vertex_count = 7,
                                 .zone = &zone,
                                 .line = line,
                                 .ring = &ring,
                                 .vertex = vertex};
}

static struct sky_line line_with(uint64_t *seed)
{
    return (struct sky_line){.id = 1,
                             .rule = SKY_EDGE_PLANAR,
                             .rule_stated = true,
                             .accuracy_stated = test_random(seed) % 2 == 0,
                             .sigma_m = test_uniform(seed, 0.0, 1000.0),
                             .ring_count = 1};
}

static double line_sigma_m(const struct sky_line *line)
{
    return line->accuracy_stated ? line->sigma_m : config.unstated_line_sigma_m;
}

static struct sky_nearest truth(const struct sky_zone_set *set, const struct sky_fixing *fixing,
                                const struct draw *error)
{
    const struct sky_geo_radii radii = sky_geo_radii_at(fixing->place.lat_rad);
    struct sky_nearest nearest;
    sky_zone_nearest(set, 0, fixing->place.lat_rad + error->north_m / radii.north_m,
                     fixing->place.lon_rad + error->east_m / radii.east_m, SKY_ZONE_NO_EDGE,
                     &nearest);
    return nearest;
}

static void probability_is_the_share_of_simulated_truths_inside(void **state)
{
    (void)state;
    enum { DRAWS = 4000 };
    uint64_t seed = first_seed;
    for (int i = 0; i < 25; i++) {
        const uint64_t before = seed;
        const struct sky_line line = line_with(&seed);
        const struct sky_zone_set set = set_of(&line);
        const struct sky_fixing fixing =
            random_fixing(&seed, test_uniform(&seed, 19.99, 20.05) * degree,
                          test_uniform(&seed, 2.98, 3.22) * degree);
        struct sky_assessment assessment;
        sky_assess(&set, 0, &config, &fixing, SKY_ZONE_NO_EDGE, &assessment);
        int inside = 0;
        for (int k = 0; k < DRAWS; k++) {
            const struct draw error = draw_error(&seed, &fixing, line_sigma_m(&line));
            inside += truth(&set, &fixing, &error).distance_m < 0.0;
        }
        const double p = assessment.p_inside;
        const double share = inside / (double)DRAWS;
        if (!(fabs(share - p) < 5.0 * sqrt((p * (1.0 - p) + 1e-4) / DRAWS))) {
            fail_msg("seed %llu: p_inside %g, share %g", (unsigned long long)before, p, share);
        }
    }
}

static void u95_holds_95_times_out_of_100_before_a_straight_border(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    uint64_t seed = first_seed;
    int within = 0;
    for (int k = 0; k < DRAWS; k++) {
        const struct sky_line line = line_with(&seed);
        const struct sky_zone_set set = set_of(&line);
        const struct sky_fixing fixing =
            random_fixing(&seed, 20.2 * degree + test_uniform(&seed, -2e-4, 2e-4), 3.1 * degree);
        struct sky_assessment assessment;
        sky_assess(&set, 0, &config, &fixing, SKY_ZONE_NO_EDGE, &assessment);
        const struct draw error = draw_error(&seed, &fixing, line_sigma_m(&line));
        const double true_m = truth(&set, &fixing, &error).distance_m;
        within += fabs(true_m - assessment.distance_m) < assessment.u95_m;
    }
    assert_near(within / (double)DRAWS, 0.95, 0.006);
}

/*
 * True if no eigenvalue is below -1e-9, in units in which each variance is 1: so much more on the
 * diagonal, and Cholesky's method meets no pivot that is not positive.
 */
static bool is_positive(const double packed[SKY_PACKED_DIM])
{
    double a[SKY_STATE_DIM][SKY_STATE_DIM], variance[SKY_STATE_DIM];
    for (int i = 0, at = 0; i < SKY_STATE_DIM; i++) {
        variance[i] = packed[at];
        for (int j = i; j < SKY_STATE_DIM; j++) {
            a[i][j] = a[j][i] = packed[at++];
        }
    }
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int j = 0; j < SKY_STATE_DIM; j++) {
            a[i][j] = a[i][j] / sqrt(variance[i] * variance[j]) + (i == j ? 1e-9 : 0.0);
        }
    }
    for (int k = 0; k < SKY_STATE_DIM; k++) {
        if (!(a[k][k] > 0.0)) {
            return false;
        }
        for (int i = k + 1; i < SKY_STATE_DIM; i++) {
            for (int j = k + 1; j < SKY_STATE_DIM; j++) {
                a[i][j] -= a[i][k] * a[k][j] / a[k][k];
            }
        }
    }
    return true;
}

static void the_total_covariance_is_positive_wherever_the_track_is(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int n = 0; n < 5000; n++) {
        const uint64_t before = seed;
        const struct sky_lla origin = {test_uniform(&seed, -1.5, 1.5),
                                       test_uniform(&seed, -3.1, 3.1), 0.0};
        struct sky_geo_frame frame;
        assert_int_equal(sky_geo_frame_init(&frame, &origin), SKY_OK);
        struct sky_state at = {.time_ns = 1};
        struct sky_common_error common = {.time_sigma_s = exp(test_uniform(&seed, -14.0, 2.0))};
        struct sky_common_error track = {.time_sigma_s = 0.0};
        for (int i = 0; i < SKY_STATE_DIM; i++) {
            at.x[i] = test_uniform(&seed, -1.0, 1.0) * (i < 3 ? 3e5 : 500.0);
        }
        /* Down to a single error of a single direction in each: rank 1 on rank 1. */
        const int ways = 1 + (int)(test_random(&seed) % 8);
        for (int k = 0; k < ways; k++) {
            double way[2][SKY_STATE_DIM];
            const double scale = exp(test_uniform(&seed, -7.0, 7.0));
            for (int i = 0; i < SKY_STATE_DIM; i++) {
                way[0][i] = scale * test_normal(&seed);
                way[1][i] = test_normal(&seed) / scale;
            }
            sky_assess_add_error(&common, way[0]);
            sky_assess_add_error(&track, way[1]);
        }
        memcpy(at.p, track.cov, sizeof at.p);
        struct sky_fixing fixing;
        double total[SKY_PACKED_DIM];
        sky_assess_fix(&frame, &at, 1, 1.0, &common, &fixing);
        sky_assess_total(&fixing, total);
        if (!is_positive(total)) {
            fail_msg("seed %llu", (unsigned long long)before);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probability_is_the_share_of_simulated_truths_inside),
        cmocka_unit_test(u95_holds_95_times_out_of_100_before_a_straight_border),
        cmocka_unit_test(the_total_covariance_is_positive_wherever_the_track_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
