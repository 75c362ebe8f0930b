#include "sky_test.h"

#include <string.h>

#include "sky_imm.h"
#include "test_lanes.h"
#include "test_radar.h"

static struct sky_geo_frame frame;
static struct sky_sensor_pose pose;
static struct sky_sensor_config radar;
static const struct test_target target = {.x = {22e3, -31e3, 4e3, 60.0, 35.0, -4.0}};

static const double no_gate2 = 1e300, no_outlier2 = 1e300;

/* Steady, ordinary, wild, and turning both ways. */
static const struct sky_motion_set five = {
    .count = 5,
    .sojourn_s = 40.0,
    .motion = {
        {0.02, 0.023, 0.0}, {0.8, 0.14, 0.0}, {10.0, 1.5, 0.0}, {0.5, 0.1, 3.5}, {0.5, 0.1, -3.5}}};
static const struct sky_motion_set straight = {
    .count = 1, .sojourn_s = 40.0, .motion = {{4.0, 1.0, 0.0}}};

static int start(void **state)
{
    (void)state;
    test_stand(&frame, &pose, &radar);
    return 0;
}

static struct sky_state knowing(double sigma_m, double sigma_mps)
{
    return test_knowing(&target, sigma_m, sigma_mps);
}

static struct sky_imm imm_of(const struct sky_state *known, uint32_t count)
{
    struct sky_imm imm = {.time_ns = known->time_ns};
    for (uint32_t m = 0; m < SKY_MODES_MAX; m++) {
        imm.weight[m] = m < count ? 1.0 / count : 0.0;
        test_set_model(&imm, m, known);
    }
    return imm;
}

/* Five models that agree in nothing. */
static struct sky_imm mixed(uint64_t *seed)
{
    struct sky_imm imm = {.time_ns = 50 * SKY_SECOND_NS};
    double sum = 0.0;
    for (uint32_t m = 0; m < 5; m++) {
        struct sky_state known = knowing(20.0 + 10.0 * m, 2.0 + m);
        for (int i = 0; i < 6; i++) {
            known.x[i] += (i < 3 ? 30.0 : 3.0) * test_normal(seed);
            for (int j = 0; j < i; j++) {
                const double most = sqrt(known.p[i][i] * known.p[j][j]);
                known.p[i][j] = known.p[j][i] = 0.15 * most * test_uniform(seed, -1.0, 1.0);
            }
        }
        test_set_model(&imm, m, &known);
        imm.weight[m] = test_uniform(seed, 0.05, 1.0);
        sum += imm.weight[m];
    }
    for (uint32_t m = 0; m < 5; m++) {
        imm.weight[m] /= sum;
    }
    return imm;
}

static struct sky_measurement look_now(void)
{
    return test_look(&radar, &pose, &target, 50 * SKY_SECOND_NS);
}

static struct sky_innovation updated(struct sky_imm *imm, const struct sky_motion_set *set,
                                     const struct sky_measurement *m, double outlier2)
{
    struct sky_innovation innovation;
    assert_true(sky_imm_update(imm, set, m, &pose, no_gate2, outlier2, &innovation));
    return innovation;
}

/* --- Starting ------------------------------------------------------------------------------- */

static void every_model_starts_alike(void **state)
{
    (void)state;
    const struct sky_measurement m = look_now();
    struct sky_imm imm;
    struct sky_state began;
    struct sky_motion_set three = five;
    three.count = 3;
    sky_imm_init(&imm, &three, &m, &pose, 100.0);
    sky_measure_start(&m, &pose, 100.0, &began);
    assert_int_equal(imm.time_ns, m.time_ns);
    for (uint32_t k = 0; k < 3; k++) {
        const struct sky_state one = test_model(&imm, k);
        assert_near(imm.weight[k], 1.0 / 3.0, 1e-15);
        assert_memory_equal(one.x, began.x, sizeof began.x);
        assert_memory_equal(one.p, began.p, sizeof began.p);
    }
}

static void the_mixture_has_the_mean_and_the_spread_of_all_models(void **state)
{
    (void)state;
    uint64_t seed = 2;
    const struct sky_imm imm = mixed(&seed);
    struct sky_state all;
    double mean[6] = {0.0};
    sky_imm_state(&imm, &five, &all);
    for (int i = 0; i < 6; i++) {
        for (int m = 0; m < 5; m++) {
            mean[i] += imm.weight[m] * imm.x[i][m];
        }
        assert_near(all.x[i], mean[i], 1e-9);
    }
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            double p = 0.0;
            for (uint32_t m = 0; m < 5; m++) {
                const struct sky_state one = test_model(&imm, m);
                p += imm.weight[m] * (one.p[i][j] + (one.x[i] - mean[i]) * (one.x[j] - mean[j]));
            }
            assert_near(all.p[i][j], p, 1e-8);
        }
    }
    assert_int_equal(all.time_ns, imm.time_ns);
}

/* --- Motion --------------------------------------------------------------------------------- */

static void a_state_moves_and_spreads_as_white_noise_acceleration_says(void **state)
{
    (void)state;
    const struct sky_state known = knowing(10.0, 2.0);
    struct sky_imm imm = imm_of(&known, 1);
    sky_imm_predict(&imm, &straight, 53 * SKY_SECOND_NS);
    const struct sky_state after = test_model(&imm, 0);
    assert_int_equal(imm.time_ns, 53 * SKY_SECOND_NS);
    assert_near(after.x[0], target.x[0] + 180.0, 1e-9);
    assert_near(after.p[0][0], 100.0 + 9.0 * 4.0 + 4.0 * 27.0 / 3.0, 1e-9);
    assert_near(after.p[0][3], 3.0 * 4.0 + 4.0 * 9.0 / 2.0, 1e-9);
    assert_near(after.p[3][3], 4.0 + 4.0 * 3.0, 1e-9);
    assert_near(after.p[2][2], 100.0 + 9.0 * 4.0 + 1.0 * 27.0 / 3.0, 1e-9);
    assert_near(after.p[5][2], 3.0 * 4.0 + 1.0 * 9.0 / 2.0, 1e-9);
    assert_near(after.p[0][1], 0.0, 0.0);
}

static void two_small_steps_are_one_large_step(void **state)
{
    (void)state;
    const struct sky_state known = knowing(10.0, 2.0);
    struct sky_imm once = imm_of(&known, 1), twice = once;
    sky_imm_predict(&once, &straight, 60 * SKY_SECOND_NS);
    sky_imm_predict(&twice, &straight, 53 * SKY_SECOND_NS);
    sky_imm_predict(&twice, &straight, 60 * SKY_SECOND_NS);
    for (int k = 0; k < 21; k++) {
        assert_near(twice.p[k][0], once.p[k][0], 1e-9);
    }
}

static void many_small_steps_change_models_as_one_large_step_does(void **state)
{
    (void)state;
    const struct sky_state known = knowing(10.0, 2.0);
    struct sky_imm many = imm_of(&known, 5), one;
    many.weight[0] = 0.6;
    many.weight[1] = 0.0;
    one = many;
    sky_imm_predict(&one, &five, 62 * SKY_SECOND_NS);
    for (int k = 1; k <= 24; k++) {
        sky_imm_predict(&many, &five, (50 * 2 + k) * (SKY_SECOND_NS / 2));
    }
    for (int m = 0; m < 5; m++) {
        assert_near(many.weight[m], one.weight[m], 1e-14);
    }
}

static void nothing_happens_at_the_same_instant(void **state)
{
    (void)state;
    uint64_t seed = 2;
    const struct sky_imm before = mixed(&seed);
    struct sky_imm imm = before;
    sky_imm_predict(&imm, &five, imm.time_ns);
    assert_memory_equal(&imm, &before, sizeof before);
}

static struct sky_motion_set turning(double turn_mps2)
{
    return (struct sky_motion_set){
        .count = 1, .sojourn_s = 40.0, .motion = {{1e-9, 1e-9, turn_mps2}}};
}

static void a_turn_flies_a_circle(void **state)
{
    (void)state;
    const struct sky_state known = knowing(10.0, 2.0);
    const double speed_mps = hypot(target.x[3], target.x[4]);
    for (int side = -1; side <= 1; side += 2) { /* positive: to the left */
        const struct sky_motion_set set = turning(side * 3.5);
        struct sky_imm imm = imm_of(&known, 1);
        sky_imm_predict(&imm, &set, 60 * SKY_SECOND_NS);
        const double rate_radps = side * 3.5 / speed_mps, angle_rad = 10.0 * rate_radps;
        const double course_rad = atan2(target.x[4], target.x[3]) + angle_rad;
        assert_near(atan2(imm.x[4][0], imm.x[3][0]), course_rad, 1e-12);
        assert_near(hypot(imm.x[3][0], imm.x[4][0]), speed_mps, 1e-9);
        /* The centre lies to the side, a radius away, before and after. */
        const double radius_m = speed_mps / rate_radps;
        const double before[2] = {target.x[0] - radius_m * target.x[4] / speed_mps,
                                  target.x[1] + radius_m * target.x[3] / speed_mps};
        assert_near(imm.x[0][0] - radius_m * imm.x[4][0] / speed_mps, before[0], 1e-8);
        assert_near(imm.x[1][0] + radius_m * imm.x[3][0] / speed_mps, before[1], 1e-8);
        assert_near(imm.x[2][0], target.x[2] - 40.0, 1e-9);
    }
}

static void a_slow_aircraft_turns_no_faster_than_anything_does(void **state)
{
    (void)state;
    struct sky_state known = knowing(10.0, 2.0);
    known.x[3] = 1.0;
    known.x[4] = 0.0;
    const struct sky_motion_set set = turning(3.5);
    struct sky_imm imm = imm_of(&known, 1);
    sky_imm_predict(&imm, &set, 51 * SKY_SECOND_NS);
    assert_near(atan2(imm.x[4][0], imm.x[3][0]), 0.35, 1e-12);
    known.x[3] = 0.0; /* standing */
    imm = imm_of(&known, 1);
    sky_imm_predict(&imm, &set, 51 * SKY_SECOND_NS);
    assert_near(imm.x[3][0], 0.0, 0.0);
}

/* F P F' + Q in long doubles, dense. */
static void a_turning_covariance_is_carried_as_its_matrices_say(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (int round = 0; round < 50; round++) {
        const double turn_mps2 = test_uniform(&seed, -20.0, 20.0), dt_s = 4.0;
        struct sky_motion_set set = turning(turn_mps2);
        struct sky_imm imm = mixed(&seed);
        const struct sky_state before = test_model(&imm, 0);
        set.motion[0].accel_psd_m2ps3 = 0.5;
        set.motion[0].climb_psd_m2ps3 = 0.1;
        sky_imm_predict(&imm, &set, imm.time_ns + 4 * SKY_SECOND_NS);
        const struct sky_state after = test_model(&imm, 0);

        const long double w =
            (long double)turn_mps2 /
            (long double)fmax(hypot(before.x[3], before.x[4]), fabs(turn_mps2) / 0.35);
        const long double t_s = (long double)dt_s;
        const long double s = sinl(w * t_s), c = cosl(w * t_s);
        const long double f[6][6] = {{1, 0, 0, s / w, (c - 1) / w, 0},
                                     {0, 1, 0, (1 - c) / w, s / w, 0},
                                     {0, 0, 1, 0, 0, t_s},
                                     {0, 0, 0, c, -s, 0},
                                     {0, 0, 0, s, c, 0},
                                     {0, 0, 0, 0, 0, 1}};
        for (int i = 0; i < 36; i++) {
            const int a = i / 6, b = i % 6;
            const long double q = a % 3 != b % 3 ? 0.0L : (a % 3 == 2 ? 0.1L : 0.5L);
            const long double t = a < 3 && b < 3 ? 64.0L / 3.0L : (a < 3 || b < 3 ? 8.0L : 4.0L);
            long double p = q * t, x = 0.0L;
            for (int k = 0; k < 36; k++) {
                p += f[a][k / 6] * (long double)before.p[k / 6][k % 6] * f[b][k % 6];
            }
            for (int k = 0; k < 6; k++) {
                x += f[a][k] * (long double)before.x[k];
            }
            assert_near(after.p[a][b], (double)p, 1e-10 * (1.0 + fabs((double)p)));
            assert_near(after.x[a], (double)x, 1e-10 * (1.0 + fabs((double)x)));
        }
    }
}

/* Blom and Bar-Shalom's sums, one by one: half a step of changes before the motion, half after. */
static void mix_by_sums(struct sky_imm *imm, double half_s)
{
    const struct sky_imm from = *imm;
    const double kept = exp(-5.0 / 4.0 * half_s / 40.0), shared = (1.0 - kept) / 5.0;
    for (uint32_t to = 0; to < 5; to++) {
        struct sky_state mean = {.time_ns = from.time_ns};
        double share[5], sum = 0.0;
        for (uint32_t m = 0; m < 5; m++) {
            share[m] = from.weight[m] * (m == to ? shared + kept : shared);
            sum += share[m];
        }
        for (int i = 0; i < 6; i++) {
            for (uint32_t m = 0; m < 5; m++) {
                mean.x[i] += share[m] / sum * from.x[i][m];
            }
        }
        for (uint32_t m = 0; m < 5; m++) {
            const struct sky_state one = test_model(&from, m);
            for (int k = 0; k < 36; k++) {
                const int i = k / 6, j = k % 6;
                mean.p[i][j] += share[m] / sum *
                                (one.p[i][j] + (one.x[i] - mean.x[i]) * (one.x[j] - mean.x[j]));
            }
        }
        test_set_model(imm, to, &mean);
        imm->weight[to] = sum;
    }
}

static void models_are_mixed_before_and_after_they_move(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (int round = 0; round < 20; round++) {
        static struct sky_imm imm, by_sums;
        imm = by_sums = mixed(&seed);
        const double dt_s = test_uniform(&seed, 0.1, 60.0);
        const int64_t time_ns = imm.time_ns + (int64_t)(dt_s * 1e9);
        sky_imm_predict(&imm, &five, time_ns);

        mix_by_sums(&by_sums, 0.5 * dt_s);
        for (uint32_t m = 0; m < 5; m++) { /* moved one by one: a set of one mixes nothing */
            const struct sky_motion_set one = {
                .count = 1, .sojourn_s = 40.0, .motion = {five.motion[m]}};
            const struct sky_state mixed_state = test_model(&by_sums, m);
            static struct sky_imm alone;
            alone = imm_of(&mixed_state, 1);
            alone.time_ns = by_sums.time_ns;
            sky_imm_predict(&alone, &one, time_ns);
            const struct sky_state moved = test_model(&alone, 0);
            test_set_model(&by_sums, m, &moved);
        }
        mix_by_sums(&by_sums, 0.5 * dt_s);
        for (uint32_t m = 0; m < 5; m++) {
            assert_near(imm.weight[m], by_sums.weight[m], 1e-9);
            for (int i = 0; i < 6; i++) {
                assert_near(imm.x[i][m], by_sums.x[i][m], 1e-5);
            }
            for (int k = 0; k < 21; k++) {
                assert_near(imm.p[k][m], by_sums.p[k][m], 1e-6 * (1.0 + fabs(by_sums.p[k][m])));
            }
        }
    }
}

static void long_unseen_every_model_is_as_likely(void **state)
{
    (void)state;
    const struct sky_state known = knowing(10.0, 2.0);
    for (uint32_t count = 2; count <= 5; count++) {
        struct sky_motion_set set = five;
        set.count = count;
        struct sky_imm imm = imm_of(&known, count);
        for (uint32_t m = 0; m < count; m++) {
            imm.weight[m] = m == 0 ? 1.0 : 0.0;
        }
        sky_imm_predict(&imm, &set, 90 * SKY_SECOND_NS);
        for (uint32_t m = 1; m < count; m++) {
            assert_true(imm.weight[0] > imm.weight[m]);
        }
        const double n = count, stays = 1.0 / n + (1.0 - 1.0 / n) * exp(-n / (n - 1.0));
        assert_near(imm.weight[0], stays, 1e-9); /* a sojourn later */
        sky_imm_predict(&imm, &set, 100000 * SKY_SECOND_NS);
        for (uint32_t m = 0; m < count; m++) {
            assert_near(imm.weight[m], 1.0 / n, 1e-12);
        }
    }
}

static void a_track_of_one_model_may_go_on_with_five(void **state)
{
    (void)state;
    struct sky_motion_set set = five;
    uint64_t seed = 9;
    struct test_target flying = target;
    struct sky_measurement m = test_measure(&radar, &pose, &flying, 0, &seed);
    struct sky_imm imm;
    struct sky_innovation innovation;
    struct sky_state all;
    set.count = 1;
    sky_imm_init(&imm, &set, &m, &pose, 100.0);
    for (int k = 1; k <= 20; k++) {
        test_fly(&flying, 1.0, 0.02, 0.02, &seed);
        m = test_measure(&radar, &pose, &flying, k * SKY_SECOND_NS, &seed);
        set.count = k < 10 ? 1 : 5;
        sky_imm_predict(&imm, &set, m.time_ns);
        assert_true(sky_imm_update(&imm, &set, &m, &pose, no_gate2, no_outlier2, &innovation));
        for (uint32_t n = 0; n < set.count; n++) {
            const struct sky_state one = test_model(&imm, n);
            assert_true(imm.weight[n] >= 1e-4);
            assert_true(test_nees(&one, &flying) < 30.0 && test_nees(&one, &flying) > 0.0);
        }
        sky_imm_state(&imm, &set, &all);
        assert_true(test_nees(&all, &flying) < 20.0);
    }
}

/* --- Measuring ------------------------------------------------------------------------------ */

/* Solves s * y = b for 4 unknowns and returns det(s). */
static double solve4(double s[4][4], double b[4])
{
    double det = 1.0;
    for (int k = 0; k < 4; k++) {
        det *= s[k][k];
        for (int i = k + 1; i < 4; i++) {
            const double f = s[i][k] / s[k][k];
            for (int j = k; j < 4; j++) {
                s[i][j] -= f * s[k][j];
            }
            b[i] -= f * b[k];
        }
    }
    for (int k = 3; k >= 0; k--) {
        for (int j = k + 1; j < 4; j++) {
            b[k] -= s[k][j] * b[j];
        }
        b[k] /= s[k][k];
    }
    return det;
}

struct whole {
    double distance2;
    double log_density;
};

/* A model and a measurement by the whole innovation matrix. */
static struct whole compare_whole(const struct sky_state *known, const struct sky_measurement *m)
{
    const struct sky_lanes at = test_lanes_of(known);
    double row[4][6], s[4][4], d[4], y[4];
    struct whole whole = {.distance2 = 0.0};
    for (int k = 0; k < 4; k++) {
        uint32_t has;
        const struct sky_lane_line line = test_line(&at, m, &pose, (enum sky_component)k, &has);
        test_row(&line, 0, row[k]);
        d[k] = y[k] = line.residual[0];
        s[k][k] = line.variance[0];
    }
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            s[i][j] = i == j ? s[i][i] : 0.0;
            for (int k = 0; k < 36; k++) {
                s[i][j] += row[i][k / 6] * known->p[k / 6][k % 6] * row[j][k % 6];
            }
        }
    }
    const double det = solve4(s, y);
    for (int i = 0; i < 4; i++) {
        whole.distance2 += d[i] * y[i];
    }
    whole.log_density = -0.5 * (whole.distance2 + log(det) + 4.0 * log(2.0 * SKY_TEST_PI));
    return whole;
}

static void distance_and_likelihood_are_those_of_the_whole_innovation_matrix(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 20; round++) {
        struct sky_imm imm = mixed(&seed);
        const struct sky_imm before = imm;
        const struct sky_measurement m =
            test_measure(&radar, &pose, &target, 50 * SKY_SECOND_NS, &seed);
        const struct sky_innovation innovation = updated(&imm, &five, &m, no_outlier2);
        double density = 0.0, distance2 = 0.0, weight[5];
        for (uint32_t k = 0; k < 5; k++) {
            const struct sky_state known = test_model(&before, k);
            const struct whole whole = compare_whole(&known, &m);
            weight[k] = before.weight[k] * exp(whole.log_density);
            density += weight[k];
            distance2 += weight[k] * whole.distance2;
        }
        assert_int_equal(innovation.dimension, 4);
        assert_int_equal(innovation.has, 0xf);
        assert_near(innovation.log_likelihood, log(density), 1e-9);
        assert_near(innovation.distance2, distance2 / density, 1e-8);
        for (int k = 0; k < 5; k++) { /* Bayes' rule, but for the floor */
            assert_near(imm.weight[k], weight[k] / density, 6e-4);
        }
    }
}

static void a_models_weight_never_falls_below_its_floor(void **state)
{
    (void)state;
    const struct sky_state known = knowing(10.0, 1.0);
    struct sky_imm imm = imm_of(&known, 5);
    struct sky_state off = known;
    off.x[0] += 1000.0;
    test_set_model(&imm, 2, &off);
    const struct sky_measurement m = look_now();
    (void)updated(&imm, &five, &m, no_outlier2);
    double sum = 0.0;
    for (int k = 0; k < 5; k++) {
        assert_true(imm.weight[k] >= 1e-4);
        sum += imm.weight[k];
    }
    assert_near(imm.weight[2], 1e-4, 1e-12);
    assert_near(sum, 1.0, 1e-12);
}

/* z is after the components before it; the squares of all add up to the distance. */
static void components_add_up_to_the_distance(void **state)
{
    (void)state;
    uint64_t seed = 8;
    for (int round = 0; round < 20; round++) {
        struct sky_imm imm = mixed(&seed);
        struct sky_measurement m = test_measure(&radar, &pose, &target, imm.time_ns, &seed);
        m.has_height = round % 2 == 0;
        m.height_hae_m = 4500.0;
        m.sigma_height_m = 200.0;
        const struct sky_innovation innovation = updated(&imm, &five, &m, no_outlier2);
        double sum2 = 0.0;
        for (int k = 0; k < SKY_COMPONENTS; k++) {
            sum2 += innovation.z[k] * innovation.z[k];
            assert_true((innovation.has >> k & 1U) != 0 || innovation.z[k] == 0.0);
        }
        assert_near(innovation.distance2, sum2, 1e-9 * sum2);
    }
    const struct sky_state known = knowing(40.0, 1.0);
    for (int sign = -1; sign <= 1; sign += 2) { /* the sign is the residual's */
        struct sky_imm imm = imm_of(&known, 5);
        struct sky_measurement m = look_now();
        m.slant_range_m += sign * 100.0;
        const struct sky_innovation innovation = updated(&imm, &five, &m, no_outlier2);
        assert_near(innovation.z[SKY_COMPONENT_RANGE], sign * 2.0, 0.01);
    }
}

static void a_plot_beyond_the_gate_changes_nothing(void **state)
{
    (void)state;
    const struct sky_state known = knowing(50.0, 5.0);
    const struct sky_imm before = imm_of(&known, 5);
    struct sky_measurement m[2] = {look_now(), look_now()};
    m[0].slant_range_m += 1000.0; /* range alone shows it, or only the rest */
    m[1].azimuth_rad += 0.1;
    for (int k = 0; k < 2; k++) {
        struct sky_imm imm = before;
        struct sky_innovation innovation = {.dimension = 77};
        assert_false(sky_imm_update(&imm, &five, &m[k], &pose, 40.0, no_outlier2, &innovation));
        assert_memory_equal(&imm, &before, sizeof before);
        assert_int_equal(innovation.dimension, 77);
        innovation = updated(&imm, &five, &m[k], no_outlier2);
        const double all2 = innovation.distance2; /* of every model: they are the same here */
        assert_true(all2 > 40.0);
        imm = before;
        assert_false(
            sky_imm_update(&imm, &five, &m[k], &pose, 0.99 * all2, no_outlier2, &innovation));
        assert_true(
            sky_imm_update(&imm, &five, &m[k], &pose, 1.01 * all2, no_outlier2, &innovation));
    }
}

static void one_model_within_the_gate_is_enough(void **state)
{
    (void)state;
    const struct sky_state known = knowing(50.0, 5.0);
    struct sky_state off = known;
    off.x[1] += 2000.0;
    struct sky_imm imm = imm_of(&off, 5);
    const struct sky_measurement m = look_now();
    struct sky_innovation innovation;
    assert_false(sky_imm_update(&imm, &five, &m, &pose, 40.0, no_outlier2, &innovation));
    test_set_model(&imm, 4, &known);
    assert_true(sky_imm_update(&imm, &five, &m, &pose, 40.0, no_outlier2, &innovation));
    assert_true(imm.weight[4] > 0.999);
    assert_true(innovation.distance2 < 1.0);

    struct sky_motion_set four = five; /* ... but only models of the set count */
    four.count = 4;
    imm = imm_of(&off, 4);
    test_set_model(&imm, 4, &known);
    assert_false(sky_imm_update(&imm, &four, &m, &pose, 40.0, no_outlier2, &innovation));
}

static void an_outlier_moves_the_state_no_more_than_its_worth(void **state)
{
    (void)state;
    const struct sky_state known = knowing(30.0, 5.0);
    double moved_m[3];
    for (int k = 0; k < 3; k++) {
        struct sky_imm imm = imm_of(&known, 5);
        struct sky_measurement m = look_now();
        m.slant_range_m += k == 0 ? 210.0 : 2100.0;
        const struct sky_innovation innovation =
            updated(&imm, &five, &m, k == 2 ? no_outlier2 : 25.0);
        const double all2 = k == 0 ? 24.5 : 2450.0; /* as it came, either way */
        assert_near(innovation.distance2, all2, 0.01 * all2);
        moved_m[k] = hypot(imm.x[0][0] - target.x[0], imm.x[1][0] - target.x[1]);
    }
    assert_near(moved_m[0], 105.0, 3.0);
    /* 98 times the variance: 1/99 of the way instead of half */
    assert_near(moved_m[1], 2100.0 / 99.0, 1.0);
    assert_near(moved_m[2], 1050.0, 30.0);
}

static void an_outlier_is_as_likely_as_its_raised_variances_say(void **state)
{
    (void)state;
    const struct sky_state known = knowing(30.0, 5.0);
    struct sky_imm imm = imm_of(&known, 5), raised_imm = imm;
    struct sky_measurement m = look_now();
    m.slant_range_m += 2100.0;
    const struct sky_innovation innovation = updated(&imm, &five, &m, 25.0);
    const double raise = sqrt(innovation.distance2 / 25.0);
    m.sigma_range_m *= raise;
    m.sigma_azimuth_rad *= raise;
    m.sigma_elevation_rad *= raise;
    m.sigma_radial_mps *= raise;
    const struct sky_innovation as_stated = updated(&raised_imm, &five, &m, no_outlier2);
    assert_near(innovation.log_likelihood, as_stated.log_likelihood, 1e-3);
    for (int i = 0; i < 6; i++) {
        assert_near(imm.x[i][0], raised_imm.x[i][0], 1e-3);
    }
}

static void where_the_place_is_unsure_a_residual_tells_nothing_of_the_radar(void **state)
{
    (void)state;
    const struct sky_measurement m = look_now();
    const double sigma_m[2] = {500.0, 3000.0}; /* the sag of a range: 5 m and 190 m */
    for (int k = 0; k < 2; k++) {
        const struct sky_state known = knowing(sigma_m[k], 1.0);
        struct sky_imm imm = imm_of(&known, 5);
        const struct sky_innovation innovation = updated(&imm, &five, &m, no_outlier2);
        assert_int_equal(innovation.dimension, 4);
        assert_int_equal(innovation.has & 1U, k == 0 ? 1U : 0U);
    }
    struct sky_measurement late = m; /* a poor stamp is the sensor's own */
    late.time_sigma_ns = 2 * SKY_SECOND_NS;
    const struct sky_state known = knowing(100.0, 1.0);
    struct sky_imm imm = imm_of(&known, 5);
    assert_int_equal(updated(&imm, &five, &late, no_outlier2).has, 0xf);
}

static void overhead_no_model_uses_azimuth(void **state)
{
    (void)state;
    struct sky_state known = knowing(50.0, 5.0);
    known.x[0] = pose.origin.east_m + 30.0;
    known.x[1] = pose.origin.north_m;
    const struct test_target above = {.x = {known.x[0], known.x[1], known.x[2], 60.0, 35.0, -4.0}};
    struct sky_imm imm = imm_of(&known, 5);
    struct sky_measurement m = test_look(&radar, &pose, &above, known.time_ns);
    m.azimuth_rad += 3.0;
    const struct sky_innovation innovation = updated(&imm, &five, &m, no_outlier2);
    assert_int_equal(innovation.dimension, 3);
    assert_int_equal(innovation.has, 0x9); /* and elevation bends too much to tell of the radar */
    assert_near(innovation.z[SKY_COMPONENT_AZIMUTH], 0.0, 0.0);
    assert_true(innovation.distance2 < 1.0);
    assert_near(imm.x[0][0], above.x[0], 30.0);
}

static void a_reported_place_updates_where_and_how_high(void **state)
{
    (void)state;
    const struct sky_state known = knowing(100.0, 5.0);
    const struct sky_enu there = {target.x[0], target.x[1], target.x[2]};
    const struct sky_lla place = sky_geo_from_enu(&frame, &there);
    assert_int_equal(sky_sensor_pose_at(&pose, &frame, &place), SKY_OK);
    const struct sky_measurement m = {.time_ns = known.time_ns,
                                      .is_place = true,
                                      .has_height = true,
                                      .height_hae_m = place.alt_hae_m + 30.0,
                                      .sigma_place_m = 10.0,
                                      .sigma_height_m = 10.0};
    struct sky_imm imm = imm_of(&known, 5);
    const struct sky_innovation innovation = updated(&imm, &five, &m, no_outlier2);
    struct sky_state after;
    sky_imm_state(&imm, &five, &after);
    assert_int_equal(innovation.has, 1U << SKY_COMPONENT_EAST | 1U << SKY_COMPONENT_NORTH |
                                         1U << SKY_COMPONENT_HEIGHT);
    assert_int_equal(innovation.dimension, 3);
    assert_near(sqrt(after.p[0][0]), 10.0, 0.1);
    assert_near(sqrt(after.p[2][2]), 10.0, 0.1);
    assert_near(after.x[2], target.x[2] + 29.7, 0.3);

    struct sky_measurement fast = m;
    fast.has_velocity = true;
    fast.vel_east_mps = target.x[3];
    fast.vel_north_mps = target.x[4];
    fast.sigma_velocity_mps = 1.0;
    const struct sky_innovation faster = updated(&imm, &five, &fast, no_outlier2);
    sky_imm_state(&imm, &five, &after);
    assert_int_equal(faster.dimension, 5);
    assert_int_equal(faster.has & ~innovation.has, 0); /* its sigma has a floor: it tells nothing */
    assert_true(sqrt(after.p[3][3]) < 1.0 && sqrt(after.p[4][4]) < 1.0);

    struct sky_measurement far = m; /* beyond the gate by its first component alone */
    pose.origin.east_m += 5000.0;
    struct sky_innovation none;
    assert_false(sky_imm_update(&imm, &five, &far, &pose, 40.0, no_outlier2, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_model_starts_alike, start),
        cmocka_unit_test_setup(the_mixture_has_the_mean_and_the_spread_of_all_models, start),
        cmocka_unit_test_setup(a_state_moves_and_spreads_as_white_noise_acceleration_says, start),
        cmocka_unit_test_setup(two_small_steps_are_one_large_step, start),
        cmocka_unit_test_setup(many_small_steps_change_models_as_one_large_step_does, start),
        cmocka_unit_test_setup(nothing_happens_at_the_same_instant, start),
        cmocka_unit_test_setup(a_turn_flies_a_circle, start),
        cmocka_unit_test_setup(a_slow_aircraft_turns_no_faster_than_anything_does, start),
        cmocka_unit_test_setup(a_turning_covariance_is_carried_as_its_matrices_say, start),
        cmocka_unit_test_setup(models_are_mixed_before_and_after_they_move, start),
        cmocka_unit_test_setup(long_unseen_every_model_is_as_likely, start),
        cmocka_unit_test_setup(a_track_of_one_model_may_go_on_with_five, start),
        cmocka_unit_test_setup(distance_and_likelihood_are_those_of_the_whole_innovation_matrix,
                               start),
        cmocka_unit_test_setup(a_models_weight_never_falls_below_its_floor, start),
        cmocka_unit_test_setup(components_add_up_to_the_distance, start),
        cmocka_unit_test_setup(a_plot_beyond_the_gate_changes_nothing, start),
        cmocka_unit_test_setup(one_model_within_the_gate_is_enough, start),
        cmocka_unit_test_setup(an_outlier_moves_the_state_no_more_than_its_worth, start),
        cmocka_unit_test_setup(an_outlier_is_as_likely_as_its_raised_variances_say, start),
        cmocka_unit_test_setup(where_the_place_is_unsure_a_residual_tells_nothing_of_the_radar,
                               start),
        cmocka_unit_test_setup(overhead_no_model_uses_azimuth, start),
        cmocka_unit_test_setup(a_reported_place_updates_where_and_how_high, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
