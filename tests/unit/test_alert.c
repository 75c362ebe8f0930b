#include "sky_alert.h"

#include <string.h>

#include "sky_test.h"

static struct sky_alert alert;
static struct sky_incident_config config;
static int64_t now_ns;

static int start(void **state)
{
    (void)state;
    struct sky_config all;
    sky_config_default(&all);
    config = all.incident; /* inside from 0.95, outside from 0.05 */
    memset(&alert, 0, sizeof alert);
    now_ns = 1000 * SKY_SECOND_NS;
    return 0;
}

/* A second later. */
static enum sky_alert_notice look(double distance_m, double p, double existence, bool fresh)
{
    now_ns += SKY_SECOND_NS;
    const struct sky_alert_look one = {.time_ns = now_ns, .distance_m = distance_m, .p = p};
    return sky_alert_look(&alert, &config, &one, existence, fresh);
}

static enum sky_alert_notice see(double distance_m, double p)
{
    return look(distance_m, p, 1.0, true);
}

static void a_state_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct sky_alert) <= 40);
}

static void one_look_from_outside_to_inside_is_an_entry(void **state)
{
    (void)state;
    assert_int_equal(see(300.0, 0.0), SKY_ALERT_NOTHING);
    assert_int_equal(see(-100.0, 0.96), SKY_ALERT_ENTERED);
    assert_int_equal(alert.side, SKY_SIDE_INSIDE);
    assert_int_equal(alert.half_ns, now_ns - SKY_SECOND_NS / 4); /* at distance 0 */
    assert_int_equal(see(-400.0, 1.0), SKY_ALERT_NOTHING);
}

static void a_track_that_appears_inside_was_found_there(void **state)
{
    (void)state;
    assert_int_equal(see(-50.0, 0.8), SKY_ALERT_NOTHING);
    assert_int_equal(alert.side, SKY_SIDE_UNKNOWN);
    assert_int_equal(see(-100.0, 0.99), SKY_ALERT_FOUND_INSIDE);
}

static void to_be_found_outside_is_no_news(void **state)
{
    (void)state;
    assert_int_equal(see(50.0, 0.2), SKY_ALERT_NOTHING);
    assert_int_equal(see(100.0, 0.05), SKY_ALERT_NOTHING);
    assert_int_equal(alert.side, SKY_SIDE_OUTSIDE);
}

static void leaving_is_said_once_with_its_time(void **state)
{
    (void)state;
    see(-200.0, 1.0);
    assert_int_equal(see(200.0, 0.0), SKY_ALERT_LEFT);
    assert_int_equal(alert.half_ns, now_ns - SKY_SECOND_NS / 2);
    assert_int_equal(see(300.0, 0.0), SKY_ALERT_NOTHING);
}

static void between_the_two_thresholds_nothing_changes(void **state)
{
    (void)state;
    see(100.0, 0.04);
    assert_int_equal(see(-40.0, 0.94), SKY_ALERT_NOTHING);
    assert_int_equal(alert.side, SKY_SIDE_OUTSIDE);
    assert_int_equal(see(-45.0, 0.95), SKY_ALERT_ENTERED);
    assert_int_equal(see(30.0, 0.06), SKY_ALERT_NOTHING);
    assert_int_equal(alert.side, SKY_SIDE_INSIDE);
    assert_int_equal(see(-45.0, 0.95), SKY_ALERT_NOTHING);
    assert_int_equal(see(35.0, 0.05), SKY_ALERT_LEFT);
}

static void without_a_change_of_sign_the_time_goes_by_p(void **state)
{
    (void)state;
    see(-10.0, 0.0); /* inside the outline, but below the floor */
    assert_int_equal(see(-20.0, 1.0), SKY_ALERT_ENTERED);
    assert_int_equal(alert.half_ns, now_ns - SKY_SECOND_NS / 2);
    see(-30.0, 0.8);
    assert_int_equal(see(-40.0, 0.05), SKY_ALERT_LEFT);
    assert_int_equal(alert.half_ns, now_ns - (int64_t)(0.6 * (double)SKY_SECOND_NS));
}

static void the_latest_passage_of_one_half_counts(void **state)
{
    (void)state;
    see(100.0, 0.0);
    see(-10.0, 0.6);
    see(10.0, 0.4);
    assert_int_equal(see(-30.0, 0.99), SKY_ALERT_ENTERED);
    assert_int_equal(alert.half_ns, now_ns - (int64_t)(0.75 * (double)SKY_SECOND_NS));
    see(-5.0, 0.55);
    see(5.0, 0.45);
    const int64_t crossed_ns = now_ns - SKY_SECOND_NS / 2;
    assert_int_equal(see(100.0, 0.0), SKY_ALERT_LEFT);
    assert_int_equal(alert.half_ns, crossed_ns);
}

static void what_hardly_exists_enters_nothing(void **state)
{
    (void)state;
    see(100.0, 0.0);
    assert_int_equal(look(-500.0, 1.0, 0.94, true), SKY_ALERT_NOTHING);
    const int64_t crossed_ns = alert.half_ns;
    assert_int_equal(look(-600.0, 1.0, 0.95, true), SKY_ALERT_ENTERED);
    assert_int_equal(alert.half_ns, crossed_ns); /* it crossed when it crossed, not when believed */
}

static void to_doubt_that_it_exists_is_not_to_see_it_leave(void **state)
{
    (void)state;
    see(-100.0, 1.0);
    assert_int_equal(look(-100.0, 1.0, 0.01, true), SKY_ALERT_NOTHING);
    assert_int_equal(alert.side, SKY_SIDE_INSIDE);
    assert_int_equal(look(-100.0, 1.0, 1.0, true), SKY_ALERT_NOTHING); /* nor to enter again */
}

static void what_hardly_exists_can_be_outside(void **state)
{
    (void)state;
    assert_int_equal(look(100.0, 0.0, 0.1, true), SKY_ALERT_NOTHING);
    assert_int_equal(alert.side, SKY_SIDE_OUTSIDE);
    assert_int_equal(look(-10.0, 0.97, 0.1, true), SKY_ALERT_NOTHING); /* 0.097 is not outside */
    assert_int_equal(see(-100.0, 1.0), SKY_ALERT_ENTERED);
}

static void nothing_enters_or_leaves_unseen(void **state)
{
    (void)state;
    see(100.0, 0.0);
    assert_int_equal(look(-500.0, 1.0, 1.0, false), SKY_ALERT_NOTHING);
    assert_int_equal(alert.side, SKY_SIDE_OUTSIDE);
    see(-500.0, 1.0);
    assert_int_equal(look(500.0, 0.0, 1.0, false), SKY_ALERT_NOTHING);
    assert_int_equal(alert.side, SKY_SIDE_INSIDE);
}

static void a_crossing_in_the_dark_lies_between_the_looks_that_count(void **state)
{
    (void)state;
    see(100.0, 0.0);
    look(-5000.0, 1.0, 1.0, false);
    look(-6000.0, 1.0, 1.0, false);
    assert_int_equal(see(-200.0, 1.0), SKY_ALERT_ENTERED);
    assert_int_equal(alert.half_ns, now_ns - 2 * SKY_SECOND_NS);
}

static void an_update_may_be_older_than_the_prediction_before_it(void **state)
{
    (void)state;
    see(100.0, 0.0);
    see(10.0, 0.4);
    const int64_t predicted_ns = now_ns;
    now_ns -= 3 * SKY_SECOND_NS / 2;
    assert_int_equal(see(-30.0, 0.97), SKY_ALERT_ENTERED);
    assert_int_equal(now_ns, predicted_ns - SKY_SECOND_NS / 2);
    assert_true(alert.half_ns >= now_ns && alert.half_ns <= predicted_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_state_is_small, start),
        cmocka_unit_test_setup(one_look_from_outside_to_inside_is_an_entry, start),
        cmocka_unit_test_setup(a_track_that_appears_inside_was_found_there, start),
        cmocka_unit_test_setup(to_be_found_outside_is_no_news, start),
        cmocka_unit_test_setup(leaving_is_said_once_with_its_time, start),
        cmocka_unit_test_setup(between_the_two_thresholds_nothing_changes, start),
        cmocka_unit_test_setup(without_a_change_of_sign_the_time_goes_by_p, start),
        cmocka_unit_test_setup(the_latest_passage_of_one_half_counts, start),
        cmocka_unit_test_setup(what_hardly_exists_enters_nothing, start),
        cmocka_unit_test_setup(to_doubt_that_it_exists_is_not_to_see_it_leave, start),
        cmocka_unit_test_setup(what_hardly_exists_can_be_outside, start),
        cmocka_unit_test_setup(nothing_enters_or_leaves_unseen, start),
        cmocka_unit_test_setup(a_crossing_in_the_dark_lies_between_the_looks_that_count, start),
        cmocka_unit_test_setup(an_update_may_be_older_than_the_prediction_before_it, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
