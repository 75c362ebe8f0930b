/*
 * Verdicts are as sure as they say: flights of known depth, looked at with errors of both kinds.
 */
#include <string.h>

#include "sky_math.h"
#include "sky_test.h"
#include "skyh_judge_weigh.h"

enum { LOOKS = 121, TRIALS = 2000 };

static const double true_depth_m = 500.0;

/* A record of one flight under one line, in hand-made parts. */
static struct {
    struct skyh_dossier dossier;
    struct skyh_dossier_run run;
    struct skyh_zonefile zones;
    struct sky_zone zone;
    struct sky_line line;
    struct skyh_look look[LOOKS];
    struct sky_assessment assessment[LOOKS];
} paper;

static struct skyh_claims claims;

static void set_up(void)
{
    memset(&paper, 0, sizeof paper);
    paper.zone = (struct sky_zone){.id = 1, .line_count = 1};
    paper.line = (struct sky_line){.id = 1, .accuracy_stated = true};
    paper.zones.set.zone_count = 1;
    paper.zones.set.line_count = 1;
    paper.zones.set.zone = &paper.zone;
    paper.zones.set.line = &paper.line;
    paper.zones.names.zone[0].name = "Z";
    paper.zones.names.line[0].name = "L";
    paper.run.run = 1;
    paper.dossier.run = &paper.run;
    paper.dossier.run_count = 1;
    paper.dossier.zones = &paper.zones;
    paper.dossier.zones_count = 1;
    paper.dossier.look = paper.look;
    paper.dossier.look_count = LOOKS;
    paper.dossier.assessment = paper.assessment;
    paper.dossier.assessment_count = LOOKS;
}

/* In and out again along a turn at 75 m/s, a look each second. */
static void fly(uint64_t *seed, double sigma_track_m, double sigma_common_m)
{
    const double radius_m = 570.0;
    const double common_m = sigma_common_m * test_normal(seed);
    for (size_t i = 0; i < LOOKS; i++) {
        const double along = 75.0 * ((double)i - 0.5 * (LOOKS - 1)) / radius_m;
        const double truth_m = along * along < 2.4
                                   ? -true_depth_m + radius_m * (1.0 - cos(along))
                                   : -true_depth_m + radius_m * (fabs(along) - 0.57);
        paper.look[i] = (struct skyh_look){.run = 1,
                                           .track_id = 1,
                                           .utc_ns = (int64_t)i * SKY_SECOND_NS,
                                           .speed_mps = 75.0,
                                           .first = i,
                                           .count = 1};
        paper.assessment[i] = (struct sky_assessment){
            .track_id = 1,
            .line_id = 1,
            .distance_m = truth_m + common_m + sigma_track_m * test_normal(seed),
            .u95_m = 1.959963984540054 *
                     sky_sqrt(sigma_track_m * sigma_track_m + sigma_common_m * sigma_common_m),
            .sigma_track_m = sigma_track_m,
        };
    }
}

/* The verdict on one sentence: that it entered by so much. */
static enum skyh_ruling_verdict verdict_on(enum skyh_sentence says, double depth_m)
{
    struct skyh_judgment judgment = {0};
    struct skyh_problem problem;
    claims.count = 1;
    claims.claim[0] = (struct skyh_claim){
        .id = "a", .zone = "Z", .says = says, .has_depth = true, .depth_m = depth_m};
    assert_true(skyh_judgment_make(&judgment, &paper.dossier, &claims, "paper.json", &problem));
    const enum skyh_ruling_verdict verdict = judgment.finding[judgment.finding_count - 1].verdict;
    skyh_judgment_done(&judgment);
    return verdict;
}

/* How often in a hundred a sentence gets a verdict. */
static double share_of(double sigma_track_m, double sigma_common_m, double depth_m,
                       enum skyh_ruling_verdict verdict)
{
    uint64_t seed = 77;
    int count = 0;
    set_up();
    for (int i = 0; i < TRIALS; i++) {
        fly(&seed, sigma_track_m, sigma_common_m);
        count += verdict_on(SKYH_SAYS_ENTERED, depth_m) == verdict ? 1 : 0;
    }
    return 100.0 * count / TRIALS;
}

/* 1.5 is three sigmas of 2,000 trials at 5 %. */
static void a_claim_that_is_only_just_false_is_supported_in_5_of_100_cases_at_most(void **state)
{
    (void)state;
    static const double sigmas[][2] = {{30, 0.0}, {30, 30}, {30, 100}, {5, 100}, {5, 1}};
    for (size_t i = 0; i < sizeof sigmas / sizeof sigmas[0]; i++) {
        const double share =
            share_of(sigmas[i][0], sigmas[i][1], true_depth_m + 0.01, SKYH_SUPPORTED);
        if (share > 6.5) {
            fail_msg("seed 77, sigmas %.0f and %.0f m: %.1f of 100", sigmas[i][0], sigmas[i][1],
                     share);
        }
    }
}

static void a_claim_that_is_only_just_true_is_contradicted_in_5_of_100_cases_at_most(void **state)
{
    (void)state;
    static const double sigmas[][2] = {{30, 0.0}, {30, 100}, {5, 100}, {5, 1}};
    for (size_t i = 0; i < sizeof sigmas / sizeof sigmas[0]; i++) {
        const double share =
            share_of(sigmas[i][0], sigmas[i][1], true_depth_m - 0.01, SKYH_CONTRADICTED);
        if (share > 6.5) {
            fail_msg("seed 77, sigmas %.0f and %.0f m: %.1f of 100", sigmas[i][0], sigmas[i][1],
                     share);
        }
    }
}

static void a_claim_three_sigmas_on_the_right_side_is_decided_in_most_cases(void **state)
{
    (void)state;
    assert_true(share_of(5, 100, true_depth_m - 350.0, SKYH_SUPPORTED) > 90.0);
    assert_true(share_of(5, 100, true_depth_m + 400.0, SKYH_CONTRADICTED) > 90.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_that_is_only_just_false_is_supported_in_5_of_100_cases_at_most),
        cmocka_unit_test(a_claim_that_is_only_just_true_is_contradicted_in_5_of_100_cases_at_most),
        cmocka_unit_test(a_claim_three_sigmas_on_the_right_side_is_decided_in_most_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
