#include "sky_test.h"

#include <string.h>

#include "sky_classify.h"

static struct sky_incident incident;
static struct sky_incident_line line[2];
static struct sky_track_features seen;
static struct sky_stay stay;
static struct sky_subject subject;
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
    stay = (struct sky_stay){.from_ns = SKY_SECOND_NS,
                             .to_ns = 61 * SKY_SECOND_NS,
                             .flown_m = 4500.0,
                             .reach_m = 1900.0,
                             .chord_m = 1500.0};
    memset(line, 0, sizeof line);
    incident.line_count = 2;
    incident.line = line;
    for (int i = 0; i < 2; i++) {
        incident.line[i].was_inside = true;
        incident.line[i].side = SKY_SIDE_OUTSIDE;
        incident.line[i].entries = 1;
        incident.line[i].deepest_m = -1600.0;
        incident.line[i].deepest_u95_m = 250.0;
        incident.line[i].distance_last_m = 2000.0;
        incident.line[i].p_inside_max = 1.0;
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
    subject = (struct sky_subject){
        .features = &seen, .stay = &stay, .has_height = true, .listened = true};
    return 0;
}

static void classify(bool identity)
{
    memset(&result, 0xFF, sizeof result);
    subject.watched_ns = watched_s * SKY_SECOND_NS;
    subject.answered = identity;
    sky_classify(&incident, &subject, &result);
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

/* Never inside; so far from the nearer line at its nearest. */
static void stay_outside(double nearest_m, double p_most)
{
    subject.stay = NULL;
    for (int i = 0; i < 2; i++) {
        line[i].was_inside = false;
        line[i].entries = 0;
        line[i].deepest_m = nearest_m + 400.0 * i;
        line[i].distance_last_m = 5000.0;
        line[i].p_inside_max = i == 0 ? p_most : 0.0;
    }
}

static void inside_under_no_line_and_not_near_is_undetermined(void **state)
{
    (void)state;
    stay_outside(1001.0, 0.0);
    assert_kind(SKY_KIND_UNDETERMINED, 0);
    assert_int_equal(result.reasons &
                         (SKY_REASON_INSIDE_ALL_LINES | SKY_REASON_INSIDE_SOME_LINES |
                          SKY_REASON_DEPTH_BELOW_BOUND | SKY_REASON_NEAR | SKY_REASON_WENT_THROUGH),
                     0);
}

static void near_but_never_inside_is_a_near_miss(void **state)
{
    (void)state;
    stay_outside(1000.0, 0.0);
    assert_kind(SKY_KIND_NEAR_MISS, SKY_REASON_NEAR);
    stay_outside(20.0, 0.49);
    assert_kind(SKY_KIND_NEAR_MISS, SKY_REASON_NEAR);
}

static void measured_inside_but_not_shown_to_be_is_a_graze(void **state)
{
    (void)state;
    stay_outside(-10.0, 0.5);
    assert_kind(SKY_KIND_GRAZE, SKY_REASON_TOUCHED);
    assert_int_equal(result.reasons & SKY_REASON_NEAR, 0);
}

static void lost_on_the_way_to_a_line_is_undetermined(void **state)
{
    (void)state;
    stay_outside(900.0, 0.0);
    line[0].distance_last_m = 900.0;
    line[1].distance_last_m = 1300.0;
    incident.end = SKY_END_LOST_OUTSIDE;
    assert_kind(SKY_KIND_UNDETERMINED, SKY_REASON_LOST_ON_THE_WAY);
    line[0].deepest_m = 4499.0; /* a minute */
    line[0].distance_last_m = 4499.0;
    line[1].distance_last_m = 4899.0;
    line[1].deepest_m = 4899.0;
    assert_kind(SKY_KIND_UNDETERMINED, SKY_REASON_LOST_ON_THE_WAY);
    line[1].deepest_m = 4501.0; /* and more */
    line[0].deepest_m = 4501.0;
    line[0].distance_last_m = 4501.0;
    assert_kind(SKY_KIND_UNDETERMINED, 0);
    assert_int_equal(result.reasons & SKY_REASON_LOST_ON_THE_WAY, 0);
    stay_outside(900.0, 0.0);
    line[0].distance_last_m = 901.0; /* it was turning away */
    assert_kind(SKY_KIND_NEAR_MISS, 0);
    line[0].distance_last_m = 900.0;
    incident.end = SKY_END_STOPPED; /* the station was: nothing was lost */
    assert_kind(SKY_KIND_NEAR_MISS, 0);
}

static void a_long_stay_about_one_place_is_loitering(void **state)
{
    (void)state;
    stay.to_ns = 121 * SKY_SECOND_NS;
    stay.flown_m = 9000.0;
    stay.reach_m = 3000.0;
    assert_kind(SKY_KIND_LOITER, SKY_REASON_LOITERED);
    stay.reach_m = 3001.0;
    assert_kind(SKY_KIND_INCURSION, 0);
    stay.slow_ns = 60 * SKY_SECOND_NS; /* it hovered half of the time */
    assert_kind(SKY_KIND_LOITER, 0);
    stay.to_ns--;
    assert_kind(SKY_KIND_INCURSION, 0);
    line[1].entries = 2;
    stay.to_ns++;
    assert_kind(SKY_KIND_REPEATED_ENTRY, SKY_REASON_LOITERED);
    line[1].entries = 1;
    subject.stay = NULL; /* nothing is known of it */
    assert_kind(SKY_KIND_INCURSION, SKY_REASON_INSIDE_ALL_LINES);
}

static void in_and_out_nearly_straight_is_a_transit(void **state)
{
    (void)state;
    stay.flown_m = 2000.0;
    stay.chord_m = 1900.0;
    assert_kind(SKY_KIND_TRANSIT, SKY_REASON_WENT_THROUGH);
    stay.chord_m = 1899.0;
    assert_kind(SKY_KIND_INCURSION, 0);
    stay.chord_m = 2000.0;
    line[1].side = SKY_SIDE_INSIDE; /* not through yet */
    assert_kind(SKY_KIND_INCURSION, 0);
    line[1].side = SKY_SIDE_OUTSIDE;
    line[1].deepest_u95_m = 1000.0;
    assert_kind(SKY_KIND_TRANSIT, 0);
    line[1].deepest_u95_m = 1001.0; /* it moved by less than two bounds */
    assert_kind(SKY_KIND_INCURSION, 0);
}

static void what_never_moved_and_hovers_by_no_evidence_is_an_artefact(void **state)
{
    (void)state;
    incident.started_inside = true;
    stay.reach_m = 150.0;
    stay.flown_m = 300.0;
    seen.speed_mean_mps = 2.0;
    seen.height_mean_m = 200.0;
    seen.samples = 2; /* too few to name a class */
    subject.emitter = 13;
    assert_kind(SKY_KIND_SENSOR_ARTEFACT, SKY_REASON_STOOD_STILL);
    subject.stay = NULL;
    assert_kind(SKY_KIND_STARTED_INSIDE, 0);
    subject.stay = &stay;
    stay.reach_m = 151.0;
    assert_kind(SKY_KIND_STARTED_INSIDE, 0);
    stay.reach_m = 150.0;
    stay.to_ns--;
    assert_kind(SKY_KIND_STARTED_INSIDE, 0);
    stay.to_ns++;
    seen.samples = 120;
    seen.rcs_samples = 30; /* like a multirotor, and of no class else */
    seen.rcs_mean_dbsm = -20.0;
    seen.hover_share = 0.9;
    assert_kind(SKY_KIND_STARTED_INSIDE, SKY_REASON_HOVER | SKY_REASON_EMITTER);
    assert_int_equal(result.target, SKY_CLASS_MULTIROTOR);
}

static void what_no_aircraft_does_is_an_artefact(void **state)
{
    (void)state;
    seen.speed_mean_mps = 451.0;
    assert_kind(SKY_KIND_SENSOR_ARTEFACT, SKY_REASON_IMPOSSIBLE);
    seen.speed_mean_mps = 75.0;
    seen.climb_max_mps = 251.0;
    assert_kind(SKY_KIND_SENSOR_ARTEFACT, SKY_REASON_IMPOSSIBLE);
    seen.climb_max_mps = 0.0;
    seen.turn_max_radps = 2.01;
    assert_kind(SKY_KIND_SENSOR_ARTEFACT, SKY_REASON_IMPOSSIBLE);
    seen.turn_max_radps = 1.99;
    assert_kind(SKY_KIND_INCURSION, 0);
}

static void what_may_be_clutter_and_may_be_not_is_undetermined(void **state)
{
    (void)state;
    seen.speed_mean_mps = 9.0; /* a helicopter, or rain */
    seen.height_mean_m = 1500.0;
    seen.rcs_samples = 30;
    seen.rcs_mean_dbsm = 6.0;
    assert_kind(SKY_KIND_UNDETERMINED, SKY_REASON_MAYBE_CLUTTER);
    assert_int_equal(result.target, SKY_CLASS_UNKNOWN);
    classify(true); /* rain does not answer */
    assert_int_equal(result.kind, SKY_KIND_INCURSION);
    assert_int_equal(result.target, SKY_CLASS_HELICOPTER);
}

static void strong_echoes_of_what_drifts_are_clutter_and_no_incursion(void **state)
{
    (void)state;
    seen.speed_mean_mps = 6.0;
    seen.height_mean_m = 2800.0;
    seen.rcs_samples = 30;
    seen.rcs_mean_dbsm = 25.0;
    assert_kind(SKY_KIND_SENSOR_ARTEFACT, SKY_REASON_CLUTTER | SKY_REASON_RCS);
    assert_int_equal(result.target, SKY_CLASS_CLUTTER);
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

static void a_flight_that_is_watched_longer_is_still_one_draw(void **state)
{
    (void)state;
    seen.samples = 10000;
    watched_s = 20;
    classify(false);
    const double early = result.probability[SKY_CLASS_MALE_UAV];
    watched_s = 60; /* seven looks weigh 1.3: the most */
    classify(false);
    const double later = result.probability[SKY_CLASS_MALE_UAV];
    assert_true(later > early);
    watched_s = 10000;
    classify(false);
    assert_near(result.probability[SKY_CLASS_MALE_UAV], later, 0.0);
    assert_true(later < 0.9999);
}

static void silence_says_nothing_where_nobody_was_heard(void **state)
{
    (void)state;
    seen = (struct sky_track_features){
        .samples = 30, .speed_mean_mps = 240, .height_mean_m = 11000, .turn_max_radps = 0.02};
    classify(false);
    const double silent = result.probability[SKY_CLASS_AIRLINER];
    subject.listened = false;
    classify(false);
    assert_true(result.probability[SKY_CLASS_AIRLINER] > 10.0 * silent);
}

static void a_height_that_was_only_assumed_says_nothing(void **state)
{
    (void)state;
    subject.has_height = false;
    classify(false);
    assert_int_equal(result.reasons & SKY_REASON_HEIGHT, 0);
    const double before = result.probability[SKY_CLASS_LIGHT_AIRCRAFT];
    seen.height_mean_m = 1000.0;
    classify(false);
    assert_near(result.probability[SKY_CLASS_LIGHT_AIRCRAFT], before, 0.0);
    subject.has_height = true;
    classify(false);
    assert_true(result.probability[SKY_CLASS_LIGHT_AIRCRAFT] > before);
}

static void what_an_aircraft_says_it_is_counts_but_does_not_decide_alone(void **state)
{
    (void)state;
    seen.speed_mean_mps = 60.0; /* light aircraft or helicopter */
    seen.height_mean_m = 800.0;
    classify(true);
    assert_int_equal(result.target, SKY_CLASS_UNKNOWN);
    subject.emitter = 10;
    classify(true);
    assert_int_equal(result.target, SKY_CLASS_HELICOPTER);
    assert_int_not_equal(result.reasons & SKY_REASON_EMITTER, 0);
    subject.emitter = 1;
    classify(true);
    assert_int_equal(result.target, SKY_CLASS_LIGHT_AIRCRAFT);
    static const uint8_t says_nothing[] = {0, 7, 16, 20, 255};
    for (size_t i = 0; i < sizeof says_nothing; i++) {
        subject.emitter = says_nothing[i];
        classify(true);
        assert_int_equal(result.target, SKY_CLASS_UNKNOWN);
    }
    seen.speed_mean_mps = 240.0; /* and no balloon, whatever it says */
    seen.height_mean_m = 11000.0;
    seen.rcs_samples = 30;
    seen.rcs_mean_dbsm = 20.0;
    subject.emitter = 10;
    classify(true);
    assert_int_equal(result.target, SKY_CLASS_AIRLINER);
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
        cmocka_unit_test_setup(inside_under_no_line_and_not_near_is_undetermined, start),
        cmocka_unit_test_setup(near_but_never_inside_is_a_near_miss, start),
        cmocka_unit_test_setup(measured_inside_but_not_shown_to_be_is_a_graze, start),
        cmocka_unit_test_setup(lost_on_the_way_to_a_line_is_undetermined, start),
        cmocka_unit_test_setup(a_long_stay_about_one_place_is_loitering, start),
        cmocka_unit_test_setup(in_and_out_nearly_straight_is_a_transit, start),
        cmocka_unit_test_setup(what_never_moved_and_hovers_by_no_evidence_is_an_artefact, start),
        cmocka_unit_test_setup(what_no_aircraft_does_is_an_artefact, start),
        cmocka_unit_test_setup(what_may_be_clutter_and_may_be_not_is_undetermined, start),
        cmocka_unit_test_setup(strong_echoes_of_what_drifts_are_clutter_and_no_incursion, start),
        cmocka_unit_test_setup(a_male_drone_is_called_so_and_why, start),
        cmocka_unit_test_setup(a_flight_that_is_watched_longer_is_still_one_draw, start),
        cmocka_unit_test_setup(silence_says_nothing_where_nobody_was_heard, start),
        cmocka_unit_test_setup(a_height_that_was_only_assumed_says_nothing, start),
        cmocka_unit_test_setup(what_an_aircraft_says_it_is_counts_but_does_not_decide_alone, start),
        cmocka_unit_test_setup(too_few_looks_name_nothing, start),
        cmocka_unit_test_setup(small_and_slow_is_bird_or_multirotor_and_stays_open, start),
        cmocka_unit_test_setup(what_nothing_does_is_unknown, start),
        cmocka_unit_test_setup(the_obvious_ones_are_recognised, start),
        cmocka_unit_test_setup(everything_has_a_name_of_its_own, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
