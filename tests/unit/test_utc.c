#include "sky_test.h"

#include <stdlib.h>

#include "sky_utc.h"

#define MS_NS INT64_C(1000000)

static const int64_t begin_utc_ns = INT64_C(1790000000) * SKY_SECOND_NS; /* in 2026 */
static const int64_t begin_ns = 1000 * SKY_SECOND_NS;
static const int64_t sigma_ns = 100 * MS_NS;

static struct sky_utc utc;

static int start(void **state)
{
    (void)state;
    sky_utc_init(&utc);
    return 0;
}

static int64_t true_utc_ns(int64_t time_ns) { return begin_utc_ns + time_ns - begin_ns; }

/* A message of the second before, arriving late by so much, and wrong by so much. */
static enum sky_status hear(int64_t time_ns, int64_t late_ns, int64_t wrong_ns)
{
    return sky_utc_observe_gnss(&utc, time_ns + late_ns, true_utc_ns(time_ns) + wrong_ns, sigma_ns);
}

static int64_t error_ns(int64_t time_ns)
{
    return sky_utc_at(&utc, time_ns).utc_ns - true_utc_ns(time_ns);
}

static void nothing_is_known_before_anything_was_heard(void **state)
{
    (void)state;
    const struct sky_utc_estimate at = sky_utc_at(&utc, begin_ns);
    assert_int_equal(at.state, SKY_CLOCK_NONE);
    assert_int_equal(at.utc_ns, 0);
    assert_true(at.sigma_ns == INT64_MAX);
}

static void one_message_tells_the_time_before_and_after(void **state)
{
    (void)state;
    assert_int_equal(hear(begin_ns, 0, 0), SKY_OK);
    assert_int_equal(sky_utc_at(&utc, begin_ns).state, SKY_CLOCK_GNSS);
    assert_int_equal(error_ns(begin_ns - 50 * SKY_SECOND_NS), 0);
    assert_int_equal(error_ns(begin_ns + 50 * SKY_SECOND_NS), 0);
}

static void a_silent_receiver_leaves_a_holdover_that_ages_by_20_ppm(void **state)
{
    (void)state;
    assert_int_equal(hear(begin_ns, 0, 0), SKY_OK);
    assert_int_equal(sky_utc_at(&utc, begin_ns + 10 * SKY_SECOND_NS).state, SKY_CLOCK_GNSS);
    const struct sky_utc_estimate later = sky_utc_at(&utc, begin_ns + 1000 * SKY_SECOND_NS);
    assert_int_equal(later.state, SKY_CLOCK_HOLDOVER);
    assert_int_equal(later.sigma_ns, sigma_ns + 20 * MS_NS);
    assert_int_equal(sky_utc_at(&utc, begin_ns - 1000 * SKY_SECOND_NS).sigma_ns, later.sigma_ns);
}

static void dates_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const int64_t week_ns = INT64_C(604800) * SKY_SECOND_NS;
    const int64_t new_year_2106_ns = INT64_C(4291747200) * SKY_SECOND_NS;
    assert_int_equal(hear(begin_ns, 0, -1024 * week_ns), SKY_E_RANGE);
    assert_int_equal(sky_utc_observe_gnss(&utc, begin_ns, new_year_2106_ns, 1), SKY_E_RANGE);
    sky_utc_observe_kernel(&utc, begin_ns, 0, true, MS_NS);
    assert_int_equal(utc.rejected, 3);
    assert_int_equal(sky_utc_at(&utc, begin_ns).state, SKY_CLOCK_NONE);
    assert_int_equal(sky_utc_observe_gnss(&utc, begin_ns, new_year_2106_ns - 1, 1), SKY_OK);
}

static void the_least_delayed_message_is_kept(void **state)
{
    (void)state;
    uint64_t seed = 1;
    int64_t least_ns = INT64_MAX;
    for (int i = 0; i < 300; i++) {
        const int64_t late_ns = (int64_t)test_uniform(&seed, 20e6, 250e6);
        least_ns = late_ns < least_ns ? late_ns : least_ns;
        const int64_t now_ns = begin_ns + i * SKY_SECOND_NS;
        assert_int_equal(hear(now_ns, late_ns, 0), SKY_OK);
        assert_int_equal(sky_utc_at(&utc, now_ns + late_ns).state, SKY_CLOCK_GNSS);
    }
    /* As drift would let it be replaced, it may have been, by 20 ppm of 300 s at most. */
    assert_true(-error_ns(begin_ns) >= least_ns);
    assert_true(-error_ns(begin_ns) <= least_ns + 6 * MS_NS);
}

static void a_drifting_crystal_is_followed_both_ways(void **state)
{
    (void)state;
    for (int64_t ppm = -15; ppm <= 15; ppm += 30) {
        uint64_t seed = 2;
        sky_utc_init(&utc);
        for (int64_t i = 0; i < 7200; i++) { /* the monotonic axis runs at 1 + ppm */
            const int64_t now_ns = begin_ns + i * (SKY_SECOND_NS + 1000 * ppm);
            const int64_t late_ns = (int64_t)test_uniform(&seed, 20e6, 250e6);
            const int64_t said_ns = begin_utc_ns + i * SKY_SECOND_NS;
            assert_int_equal(sky_utc_observe_gnss(&utc, now_ns + late_ns, said_ns, sigma_ns),
                             SKY_OK);
            const struct sky_utc_estimate at = sky_utc_at(&utc, now_ns);
            const int64_t wrong_ns = at.utc_ns - said_ns;
            assert_true(wrong_ns < 10 * MS_NS && wrong_ns > -250 * MS_NS);
            if (i > 100) {
                assert_true(llabs(wrong_ns) < at.sigma_ns);
            }
        }
    }
}

static void after_a_long_silence_a_message_need_not_be_early(void **state)
{
    (void)state;
    assert_int_equal(hear(begin_ns, 0, 0), SKY_OK);
    const int64_t now_ns = begin_ns + 20000 * SKY_SECOND_NS; /* 0.4 s of drift */
    assert_int_equal(hear(now_ns, 450 * MS_NS, 0), SKY_OK);
    assert_int_equal(error_ns(now_ns), -450 * MS_NS);
    assert_int_equal(sky_utc_at(&utc, now_ns + 450 * MS_NS).sigma_ns, sigma_ns);
}

static void a_stray_message_is_not_used_but_ten_that_agree_are(void **state)
{
    (void)state;
    assert_int_equal(hear(begin_ns, 0, 0), SKY_OK);
    for (int i = 1; i < 10; i++) {
        assert_int_equal(hear(begin_ns + i * SKY_SECOND_NS, 0, 3 * SKY_SECOND_NS), SKY_OK);
        assert_int_equal(error_ns(begin_ns), 0);
    }
    assert_int_equal(hear(begin_ns + 10 * SKY_SECOND_NS, 0, 3 * SKY_SECOND_NS), SKY_OK);
    assert_int_equal(error_ns(begin_ns), 3 * SKY_SECOND_NS);
    assert_int_equal(utc.rejected, 0);
}

static void a_message_that_fits_ends_a_run_of_strays(void **state)
{
    (void)state;
    assert_int_equal(hear(begin_ns, 0, 0), SKY_OK);
    for (int i = 1; i < 40; i++) {
        const int64_t wrong_ns = i % 9 == 0 ? -MS_NS : 3 * SKY_SECOND_NS;
        assert_int_equal(hear(begin_ns + i * SKY_SECOND_NS, 0, wrong_ns), SKY_OK);
        assert_int_equal(error_ns(begin_ns), 0);
    }
}

static void a_contradiction_is_refused_until_sixty_agree(void **state)
{
    (void)state;
    assert_int_equal(hear(begin_ns, 0, 0), SKY_OK);
    for (int i = 1; i < 60; i++) {
        assert_int_equal(hear(begin_ns + i * SKY_SECOND_NS, 0, 3600 * SKY_SECOND_NS), SKY_E_RANGE);
        assert_int_equal(utc.rejected, i);
        assert_int_equal(error_ns(begin_ns), 0);
    }
    assert_int_equal(hear(begin_ns + 60 * SKY_SECOND_NS, 0, 3600 * SKY_SECOND_NS), SKY_OK);
    assert_int_equal(error_ns(begin_ns), 3600 * SKY_SECOND_NS);
}

static void contradictions_that_contradict_each_other_are_never_believed(void **state)
{
    (void)state;
    assert_int_equal(hear(begin_ns, 0, 0), SKY_OK);
    for (int i = 1; i < 200; i++) {
        const int64_t wrong_ns = (3600 + 3 * (i % 2)) * SKY_SECOND_NS;
        assert_int_equal(hear(begin_ns + i * SKY_SECOND_NS, 0, wrong_ns), SKY_E_RANGE);
    }
    assert_int_equal(error_ns(begin_ns), 0);
}

static void the_undisciplined_kernel_is_believed_only_for_want_of_better(void **state)
{
    (void)state;
    sky_utc_observe_kernel(&utc, begin_ns, begin_utc_ns + 5 * SKY_SECOND_NS, false, 0);
    struct sky_utc_estimate at = sky_utc_at(&utc, begin_ns + 100 * SKY_SECOND_NS);
    assert_int_equal(at.state, SKY_CLOCK_RTC);
    assert_true(at.sigma_ns >= 3600 * SKY_SECOND_NS);
    sky_utc_observe_kernel(&utc, begin_ns, begin_utc_ns + 7 * SKY_SECOND_NS, false, 0);
    assert_int_equal(error_ns(begin_ns), 7 * SKY_SECOND_NS);

    assert_int_equal(hear(begin_ns, 0, 0), SKY_OK); /* however far off the RTC was */
    sky_utc_observe_kernel(&utc, begin_ns, begin_utc_ns + 7 * SKY_SECOND_NS, false, 0);
    assert_int_equal(error_ns(begin_ns), 0);
}

static void the_disciplined_kernel_is_used_where_it_is_better(void **state)
{
    (void)state;
    assert_int_equal(hear(begin_ns, 50 * MS_NS, 0), SKY_OK);
    sky_utc_observe_kernel(&utc, begin_ns, begin_utc_ns, true, 400 * MS_NS); /* no better */
    assert_int_equal(sky_utc_at(&utc, begin_ns).state, SKY_CLOCK_GNSS);
    sky_utc_observe_kernel(&utc, begin_ns, begin_utc_ns, true, 10 * MS_NS);
    assert_int_equal(sky_utc_at(&utc, begin_ns).state, SKY_CLOCK_NTP);
    assert_int_equal(sky_utc_at(&utc, begin_ns).sigma_ns, 5 * MS_NS);
    assert_int_equal(error_ns(begin_ns), 0);

    sky_utc_observe_kernel(&utc, begin_ns, begin_utc_ns + 1, true, 0); /* it follows itself */
    assert_int_equal(error_ns(begin_ns), 1);
    assert_int_equal(sky_utc_at(&utc, begin_ns).sigma_ns, 100000);
}

static void a_kernel_that_contradicts_the_receiver_is_not_used(void **state)
{
    (void)state;
    assert_int_equal(hear(begin_ns, 0, 0), SKY_OK);
    sky_utc_observe_kernel(&utc, begin_ns, begin_utc_ns + 60 * SKY_SECOND_NS, true, MS_NS);
    assert_int_equal(error_ns(begin_ns), 0);
    assert_int_equal(utc.rejected, 1);
}

static void a_coarser_receiver_does_not_hide_that_ntp_fell_silent(void **state)
{
    (void)state;
    sky_utc_observe_kernel(&utc, begin_ns, begin_utc_ns, true, 10 * MS_NS);
    const int64_t now_ns = begin_ns + 20 * SKY_SECOND_NS;
    assert_int_equal(hear(now_ns, 80 * MS_NS, 0), SKY_OK);
    assert_int_equal(sky_utc_at(&utc, now_ns).state, SKY_CLOCK_HOLDOVER);
    assert_int_equal(error_ns(now_ns), 0);
    const int64_t late_ns = begin_ns + 10000 * SKY_SECOND_NS; /* now the receiver is surer */
    assert_int_equal(hear(late_ns, 80 * MS_NS, 0), SKY_OK);
    assert_int_equal(sky_utc_at(&utc, late_ns).state, SKY_CLOCK_GNSS);
}

static enum sky_status pulse(int64_t time_ns, int64_t wrong_ns, int64_t pulse_sigma_ns)
{
    return sky_utc_observe_pps(&utc, time_ns, true_utc_ns(time_ns) + wrong_ns, pulse_sigma_ns);
}

static void a_pulse_is_better_than_messages_until_it_stops(void **state)
{
    (void)state;
    assert_int_equal(hear(begin_ns, 0, 30 * MS_NS), SKY_OK);
    assert_int_equal(pulse(begin_ns, 0, 1000), SKY_OK);
    const struct sky_utc_estimate at = sky_utc_at(&utc, begin_ns);
    assert_int_equal(at.state, SKY_CLOCK_PPS);
    assert_int_equal(at.sigma_ns, 1000);
    assert_int_equal(error_ns(begin_ns), 0);

    assert_int_equal(hear(begin_ns + SKY_SECOND_NS, 0, 30 * MS_NS), SKY_OK);
    assert_int_equal(error_ns(begin_ns), 0);
    assert_int_equal(pulse(begin_ns + SKY_SECOND_NS, 0, 30000), SKY_OK); /* a worse one */
    assert_int_equal(sky_utc_at(&utc, begin_ns + SKY_SECOND_NS).sigma_ns, 1000 + 20000);
    assert_int_equal(pulse(begin_ns + 2 * SKY_SECOND_NS, 0, 1000), SKY_OK);
    assert_int_equal(sky_utc_at(&utc, begin_ns + 2 * SKY_SECOND_NS).sigma_ns, 1000);

    const int64_t later_ns = begin_ns + 102 * SKY_SECOND_NS;
    assert_int_equal(sky_utc_at(&utc, later_ns).state, SKY_CLOCK_HOLDOVER);
    assert_int_equal(sky_utc_at(&utc, later_ns).sigma_ns, 1000 + 2 * MS_NS);
}

static void a_pulse_of_another_date_is_refused(void **state)
{
    (void)state;
    assert_int_equal(sky_utc_observe_pps(&utc, begin_ns, SKY_SECOND_NS, 1000), SKY_E_RANGE);
    assert_int_equal(sky_utc_at(&utc, begin_ns).state, SKY_CLOCK_NONE);
    assert_int_equal(hear(begin_ns, 0, 0), SKY_OK);
    assert_int_equal(pulse(begin_ns, -3600 * SKY_SECOND_NS, 1000), SKY_E_RANGE);
    assert_int_equal(sky_utc_at(&utc, begin_ns).state, SKY_CLOCK_GNSS);
    assert_int_equal(utc.rejected, 2);
}

static void a_pulse_alone_tells_the_time(void **state)
{
    (void)state;
    assert_int_equal(pulse(begin_ns, 0, 1000), SKY_OK);
    assert_int_equal(sky_utc_at(&utc, begin_ns).state, SKY_CLOCK_PPS);
    assert_int_equal(hear(begin_ns, 0, -3600 * SKY_SECOND_NS), SKY_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_known_before_anything_was_heard, start),
        cmocka_unit_test_setup(one_message_tells_the_time_before_and_after, start),
        cmocka_unit_test_setup(a_silent_receiver_leaves_a_holdover_that_ages_by_20_ppm, start),
        cmocka_unit_test_setup(dates_that_cannot_be_are_refused, start),
        cmocka_unit_test_setup(the_least_delayed_message_is_kept, start),
        cmocka_unit_test_setup(a_drifting_crystal_is_followed_both_ways, start),
        cmocka_unit_test_setup(after_a_long_silence_a_message_need_not_be_early, start),
        cmocka_unit_test_setup(a_stray_message_is_not_used_but_ten_that_agree_are, start),
        cmocka_unit_test_setup(a_message_that_fits_ends_a_run_of_strays, start),
        cmocka_unit_test_setup(a_contradiction_is_refused_until_sixty_agree, start),
        cmocka_unit_test_setup(contradictions_that_contradict_each_other_are_never_believed, start),
        cmocka_unit_test_setup(the_undisciplined_kernel_is_believed_only_for_want_of_better, start),
        cmocka_unit_test_setup(the_disciplined_kernel_is_used_where_it_is_better, start),
        cmocka_unit_test_setup(a_kernel_that_contradicts_the_receiver_is_not_used, start),
        cmocka_unit_test_setup(a_coarser_receiver_does_not_hide_that_ntp_fell_silent, start),
        cmocka_unit_test_setup(a_pulse_is_better_than_messages_until_it_stops, start),
        cmocka_unit_test_setup(a_pulse_of_another_date_is_refused, start),
        cmocka_unit_test_setup(a_pulse_alone_tells_the_time, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
