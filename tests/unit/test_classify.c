#include "sky_test.h"

#include <string.h>

#include "sky_classify.h"

static struct sky_incident incident;
static struct sky_incident_line line[2];
static struct sky_track_features seen;
static struct sky_classification result;
static int64_t watched_s;

/* A plain incursion of two minutes, 1.6 km deep under both lines, by something like an Akinci. */
static int start(void **state)
{
    (void)state;
    watched_s = 120;
    memset(&incident, 0, sizeof incident);
    incident.state = SKY_INCIDENT_CLOSED;
    incident.end = SKY_END_OUTSIDE;
    memset(line, 0, sizeof line);
    incident.line_count = 2;
    incident.line = line;
    for (int i = 0; i < 2; i++) {
        incident.line[i].was_inside = true;
        incident.line[i].entries = 1;
        incident.line[i].deepest_m = -1600.0;
        incident.line[i].deepest_u95_m = 250.0;
    }
    const struct sky_track_features male = {.samples = 120,
                                            .speed_mean_mps = 75.0,
                                            .speed_max_mps = 80.0,
                                            .height_mean_m = 5500.0,
                                            .height_min_m = 5400.0,
                                            .height_max_m = 5600.0,
                                            .climb_max_mps = 4.0,
                                            .turn_max_radps = 0.05};
    seen = male;
    return 0;
}

static void classify(bool identity)
{
    memset(&result, 0xFF, sizeof result);
    sky_classify(&incident, &seen, watched_s * SKY_SECOND_NS, identity, &result);
    double sum = 0.0;
    for (size_t i = 0; i < SKY_CLASS_COUNT; i++) {
        assert_true(result.probability[i] >= 0.0 && result.probability[i] <= 1.0);
        sum += result.probability[i];
    }
    assert_near(sum, 1.0, 1e-12);
}

static void assert_kind(enum sky_kind kind, uint32_t reason)
{
    classify(false);
    assert_int_equal(result.kind, kind);
    assert_int_equal(result.reasons & reason, reason);
}

static void inside_under_every_line_is_an_incursion(void **state)
{
    (void)state;
    assert_kind(SKY_KIND_INCURSION, SKY_REASON_INSIDE_ALL_LINES);
    incident.returns = 1;
    assert_kind(SKY_KIND_INCURSION, SKY_REASON_TURNED_BACK);
    incident.end = SKY_END_LOST_INSIDE;
    assert_kind(SKY_KIND_INCURSION, SKY_REASON_LOST_INSIDE);
}

static void inside_under_some_lines_is_contested(void **state)
{
    (void)state;
    incident.line[1].was_inside = false;
    incident.line[1].deepest_m = 40.0;
    assert_kind(SKY_KIND_CONTESTED_INCURSION, SKY_REASON_INSIDE_SOME_LINES);
    incident.line[0].entries = 2; /* that the lines disagree weighs more */
    assert_kind(SKY_KIND_CONTESTED_INCURSION, SKY_REASON_SEVERAL_ENTRIES);
}

static void two_entries_are_a_repeated_entry(void **state)
{
    (void)state;
    incident.line[1].entries = 2;
    assert_kind(SKY_KIND_REPEATED_ENTRY, SKY_REASON_SEVERAL_ENTRIES);
}

static void what_was_first_seen_inside_did_not_enter(void **state)
{
    (void)state;
    incident.started_inside = true;
    assert_kind(SKY_KIND_STARTED_INSIDE, SKY_REASON_FIRST_SEEN_INSIDE);
}

static void shallower_than_its_bound_everywhere_is_a_graze(void **state)
{
    (void)state;
    incident.line[0].deepest_m = -200.0;
    assert_kind(SKY_KIND_INCURSION, 0);
    incident.line[1].deepest_m = -249.0;
    assert_kind(SKY_KIND_GRAZE, SKY_REASON_DEPTH_BELOW_BOUND);
}

static void inside_under_no_line_is_undetermined(void **state)
{
    (void)state;
    incident.line[0].was_inside = false;
    incident.line[1].was_inside = false;
    assert_kind(SKY_KIND_UNDETERMINED, 0);
    assert_int_equal(result.reasons & (SKY_REASON_INSIDE_ALL_LINES | SKY_REASON_INSIDE_SOME_LINES |
                                       SKY_REASON_DEPTH_BELOW_BOUND),
                     0);
}

static void a_male_drone_is_called_so_and_why(void **state)
{
    (void)state;
    classify(false);
    assert_int_equal(result.target, SKY_CLASS_MALE_UAV);
    assert_true(result.probability[SKY_CLASS_MALE_UAV] >= 0.7);
    assert_int_not_equal(result.reasons & SKY_REASON_SPEED, 0);
    assert_int_not_equal(result.reasons & SKY_REASON_HEIGHT, 0);
    assert_int_equal(result.reasons & SKY_REASON_RCS, 0);
    watched_s = 60; /* a minute is enough */
    classify(false);
    assert_int_equal(result.target, SKY_CLASS_MALE_UAV);
}

static void more_looks_make_surer_but_never_certain(void **state)
{
    (void)state;
    double before = 0.0;
    seen.samples = 10000;
    for (watched_s = 20; watched_s < 360; watched_s += 30) {
        classify(false);
        assert_true(result.probability[SKY_CLASS_MALE_UAV] > before);
        before = result.probability[SKY_CLASS_MALE_UAV];
    }
    watched_s = 10000;
    classify(false);
    assert_true(result.probability[SKY_CLASS_MALE_UAV] < 0.9999);
}

static void too_few_looks_name_nothing(void **state)
{
    (void)state;
    watched_s = 19;
    classify(false);
    assert_int_equal(result.target, SKY_CLASS_UNKNOWN);
    watched_s = 120;
    seen.samples = 2; /* however long ago */
    classify(false);
    assert_int_equal(result.target, SKY_CLASS_UNKNOWN);
    assert_int_not_equal(result.reasons & SKY_REASON_TOO_FEW_LOOKS, 0);
    assert_int_equal(result.reasons & SKY_REASON_SPEED, 0);
}

static void small_and_slow_is_bird_or_multirotor_and_stays_open(void **state)
{
    (void)state;
    seen.speed_mean_mps = 12.0;
    seen.height_mean_m = 100.0;
    seen.climb_max_mps = 2.0;
    classify(false);
    assert_int_equal(result.target, SKY_CLASS_UNKNOWN);
    assert_int_equal(result.reasons & SKY_REASON_NO_CLASS_FITS, 0);
    assert_true(result.probability[SKY_CLASS_BIRD] > 0.2);
    assert_true(result.probability[SKY_CLASS_MULTIROTOR] > 0.2);
}

static void what_nothing_does_is_unknown(void **state)
{
    (void)state;
    seen.speed_mean_mps = 390.0;
    seen.height_mean_m = 19500.0;
    classify(false);
    assert_int_equal(result.target, SKY_CLASS_UNKNOWN);
    assert_int_not_equal(result.reasons & SKY_REASON_NO_CLASS_FITS, 0);
}

static void the_obvious_ones_are_recognised(void **state)
{
    (void)state;
    static const struct {
        enum sky_class class;
        bool identity;
        struct sky_track_features seen;
    } known[] = {
        {SKY_CLASS_AIRLINER,
         true,
         {.samples = 30,
          .speed_mean_mps = 240,
          .height_mean_m = 11000,
          .rcs_mean_dbsm = 30,
          .rcs_samples = 30,
          .turn_max_radps = 0.02}},
        {SKY_CLASS_JET,
         false,
         {.samples = 30,
          .speed_mean_mps = 330,
          .height_mean_m = 9000,
          .climb_max_mps = 120,
          .turn_max_radps = 0.3}},
        {SKY_CLASS_MULTIROTOR,
         false,
         {.samples = 30,
          .speed_mean_mps = 6,
          .height_mean_m = 300,
          .hover_share = 0.5,
          .rcs_mean_dbsm = -18,
          .rcs_samples = 9}},
        {SKY_CLASS_BIRD,
         false,
         {.samples = 30,
          .speed_mean_mps = 14,
          .height_mean_m = 300,
          .rcs_mean_dbsm = -38,
          .rcs_samples = 9,
          .turn_max_radps = 1.0}},
        {SKY_CLASS_HELICOPTER,
         true,
         {.samples = 30,
          .speed_mean_mps = 20,
          .height_mean_m = 400,
          .hover_share = 0.4,
          .rcs_mean_dbsm = 8,
          .rcs_samples = 9}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        seen = known[i].seen;
        classify(known[i].identity);
        assert_int_equal(result.target, known[i].class);
        assert_int_equal((result.reasons & SKY_REASON_IDENTITY) != 0, known[i].identity);
        assert_int_equal((result.reasons & SKY_REASON_RCS) != 0, known[i].seen.rcs_samples > 0);
    }
}

static void everything_has_a_name_of_its_own(void **state)
{
    (void)state;
    assert_string_equal(sky_classify_kind_name(SKY_KIND_INCURSION), "incursion");
    assert_string_equal(sky_classify_class_name(SKY_CLASS_MALE_UAV), "male-uav");
    assert_string_equal(sky_classify_reason(SKY_REASON_SPEED), "speed fits");
    assert_string_equal(sky_classify_reason(SKY_REASON_NO_CLASS_FITS), "no class fits");
    for (uint32_t a = 0; a < SKY_REASON_COUNT; a++) {
        assert_true(sky_classify_reason(1U << a)[0] != '\0');
        for (uint32_t b = 0; b < a; b++) {
            assert_string_not_equal(sky_classify_reason(1U << a), sky_classify_reason(1U << b));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(inside_under_every_line_is_an_incursion, start),
        cmocka_unit_test_setup(inside_under_some_lines_is_contested, start),
        cmocka_unit_test_setup(two_entries_are_a_repeated_entry, start),
        cmocka_unit_test_setup(what_was_first_seen_inside_did_not_enter, start),
        cmocka_unit_test_setup(shallower_than_its_bound_everywhere_is_a_graze, start),
        cmocka_unit_test_setup(inside_under_no_line_is_undetermined, start),
        cmocka_unit_test_setup(a_male_drone_is_called_so_and_why, start),
        cmocka_unit_test_setup(more_looks_make_surer_but_never_certain, start),
        cmocka_unit_test_setup(too_few_looks_name_nothing, start),
        cmocka_unit_test_setup(small_and_slow_is_bird_or_multirotor_and_stays_open, start),
        cmocka_unit_test_setup(what_nothing_does_is_unknown, start),
        cmocka_unit_test_setup(the_obvious_ones_are_recognised, start),
        cmocka_unit_test_setup(everything_has_a_name_of_its_own, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
