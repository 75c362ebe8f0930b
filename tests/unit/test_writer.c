#include "skyd_writer.h"

#include <time.h>

#include "sky_paper_store.h"
#include "sky_test.h"

enum { RING = 1024 * 1024, SEGMENT = 1280 * 1024 };

static struct paper_store store;
static struct skyd_writer writer;
static struct sky_journal *journal;
static uint64_t seq;

static struct sky_clock_reading read_clock(struct sky_clock *clock)
{
    struct timespec now;
    (void)clock;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t ns = now.tv_sec * SKY_SECOND_NS + now.tv_nsec;
    return (struct sky_clock_reading){ns, ns};
}

static struct sky_clock test_clock = {.read = read_clock};

static void open_all(size_t ring_bytes, int64_t full_wait_ns)
{
    const struct sky_journal_config config = {.segment_bytes = SEGMENT,
                                              .group_bytes = 64 * 1024,
                                              .commit_interval_ns = 1000000000,
                                              .software = "test"};
    paper_store_init(&store);
    seq = 0;
    assert_int_equal(sky_journal_open(&config, &writer.sink, &journal), 0);
    assert_int_equal(skyd_writer_open(&writer, &store.base, &test_clock, ring_bytes, full_wait_ns),
                     0);
}

static void close_all(void)
{
    if (journal != NULL) {
        (void)sky_journal_close(journal);
        journal = NULL;
    }
    skyd_writer_close(&writer);
    paper_store_free(&store);
}

/* One input in a group of its own. padding makes the record larger. */
static int put(size_t padding, bool urgent)
{
    static const uint8_t bytes[60000];
    struct sky_input input = {.seq = ++seq, .kind = SKY_INPUT_DATAGRAM, .source = "asterix.a"};
    const struct sky_utc_estimate utc = {.state = SKY_CLOCK_NONE};
    input.time_ns = read_clock(NULL).boottime_ns;
    input.u.datagram.bytes = bytes;
    input.u.datagram.count = padding;
    skyd_writer_newest(&writer, input.time_ns);
    const int error = sky_journal_input(journal, &input, &utc);
    return error != 0 ? error : sky_journal_commit(journal, urgent);
}

/* What the loop does with every input. */
static int put_and_mind(size_t padding)
{
    const int error = skyd_writer_room(&writer);
    if (error != 0) {
        return error;
    }
    if (skyd_writer_failed(&writer) && skyd_writer_recover(&writer, journal) != 0) {
        return -EIO;
    }
    return put(padding, true);
}

/* Until nothing is waiting, through as many faults as the writer lets pass. */
static int drain(void)
{
    int error = 0;
    while (error == 0 && !skyd_writer_drain(&writer, 5 * SKY_SECOND_NS)) {
        error = skyd_writer_failed(&writer) ? skyd_writer_recover(&writer, journal) : -ETIMEDOUT;
    }
    return error;
}

static uint64_t durable_seq(void)
{
    struct skyd_writer_status status;
    skyd_writer_status(&writer, &status);
    return status.durable_seq;
}

static void expect_all_there(uint64_t up_to)
{
    static bool there[PAPER_SEQ_MAX];
    paper_store_inputs(&store, there);
    for (uint64_t i = 1; i <= up_to; i++) {
        if (!there[i]) {
            fail_msg("input %llu was acknowledged and is not durable", (unsigned long long)i);
        }
    }
    assert_false(atomic_load(&store.trusted_again));
}

static void everything_handed_over_becomes_durable_over_several_segments(void **state)
{
    (void)state;
    open_all(RING, SKY_SECOND_NS);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(put(50000, i % 7 == 0), 0);
    }
    assert_int_equal(drain(), 0);
    assert_int_equal(durable_seq(), 50);
    expect_all_there(50);
    assert_true(store.segment_count > 2);
    assert_int_equal(sky_journal_close(journal), 0);
    journal = NULL;
    assert_true(skyd_writer_drain(&writer, SKY_SECOND_NS));
    for (uint32_t i = 0; i < store.segment_count; i++) {
        assert_true(store.segment[i].finished);
    }
    assert_int_equal(writer.urgent.count + writer.other.count, 50);
    close_all();
}

/* Every operation of a run over several segments fails once, one after the other. */
static void one_failing_operation_loses_nothing_wherever_it_is(void **state)
{
    (void)state;
    int operations = 1; /* as many as a run without a fault has; the first run counts them ... */
    int segments = 0;   /* ... and its segments */
    for (int k = 0; k <= operations; k++) {
        /* Half of it holds what a roll hands over at once: a summary, a preamble and a group. */
        open_all(2 * (size_t)RING, SKY_SECOND_NS);
        atomic_store(&store.fail_from, k);
        for (int i = 0; i < 18; i++) {
            const int error = put_and_mind(50000);
            if (error != 0) {
                fail_msg("operation %d, input %d: %d", k, i, error);
            }
            if (i % 4 == 3) { /* else a slow thread leaves more than the next segment holds */
                assert_int_equal(drain(), 0);
            }
        }
        assert_int_equal(drain(), 0);
        assert_int_equal(durable_seq(), 18);
        expect_all_there(18);
        struct skyd_writer_status status;
        skyd_writer_status(&writer, &status);
        assert_int_equal(status.faults, k > 0);
        if (k == 0) {
            operations = atomic_load(&store.operations);
            segments = (int)store.segment_count;
        }
        close_all();
    }
    assert_true(segments >= 2);
    /* begin, preamble, sync; write and sync each group; write and sync a summary between two */
    assert_int_equal(operations, segments * 3 + 18 * 2 + (segments - 1) * 2);
}

static void what_is_acknowledged_is_durable_at_the_moment_of_a_fault(void **state)
{
    (void)state;
    open_all(RING, SKY_SECOND_NS);
    atomic_store(&store.fail_from, 20);
    atomic_store(&store.fail_count, 1000000);
    for (int i = 0; i < 20; i++) {
        (void)put(1000, true);
    }
    assert_false(skyd_writer_drain(&writer, 5 * SKY_SECOND_NS));
    assert_int_equal(durable_seq(), 8); /* begin, preamble, then two operations a group */
    expect_all_there(8);
    close_all();
}

static void two_segments_that_fail_in_a_row_are_the_end(void **state)
{
    (void)state;
    open_all(RING, SKY_SECOND_NS);
    atomic_store(&store.fail_from, 7);
    atomic_store(&store.fail_count, 1000000);
    atomic_store(&store.error, -ENOSPC);
    for (int i = 0; i < 5; i++) {
        (void)put(1000, true);
    }
    assert_int_equal(drain(), -ENOSPC);
    expect_all_there(durable_seq());
    close_all();
}

static void faults_with_a_durable_group_in_between_are_survived(void **state)
{
    (void)state;
    open_all(RING, SKY_SECOND_NS);
    for (int i = 0; i < 10; i++) {
        atomic_store(&store.fail_from, atomic_load(&store.operations) + 1);
        assert_int_equal(put_and_mind(1000), 0);
        assert_int_equal(drain(), 0);
    }
    expect_all_there(10);
    close_all();
}

static void a_summary_that_fails_costs_only_the_summary(void **state)
{
    (void)state;
    open_all(RING, SKY_SECOND_NS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(put(1000, false), 0);
    }
    assert_int_equal(drain(), 0);
    atomic_store(&store.fail_from, atomic_load(&store.operations) + 1);
    assert_int_equal(sky_journal_close(journal), 0);
    journal = NULL;
    assert_true(skyd_writer_drain(&writer, SKY_SECOND_NS));
    struct skyd_writer_status status;
    skyd_writer_status(&writer, &status);
    assert_int_equal(status.faults, 1);
    assert_int_equal(status.error, -EIO);
    assert_false(status.failed);
    assert_false(store.segment[0].finished);
    expect_all_there(3);
    close_all();
}

static void a_slow_store_makes_the_loop_wait_and_loses_nothing(void **state)
{
    (void)state;
    open_all(RING, 5 * SKY_SECOND_NS);
    atomic_store(&store.delay_us, 3000);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(put(50000, false), 0);
    }
    assert_int_equal(drain(), 0);
    expect_all_there(40);
    struct skyd_writer_status status;
    skyd_writer_status(&writer, &status);
    assert_true(status.waits > 0);
    assert_true(skyd_latency_quantile(&writer.other, 0.5) >= 3000000);
    close_all();
}

static void a_store_that_hangs_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    open_all(RING, SKY_SECOND_NS / 20);
    atomic_store(&store.delay_us, 200000);
    int error = 0;
    for (int i = 0; i < 60 && error == 0; i++) {
        error = put(50000, false);
    }
    assert_int_equal(error, -ETIMEDOUT);
    atomic_store(&store.delay_us, 0);
    assert_true(skyd_writer_drain(&writer, 5 * SKY_SECOND_NS));
    expect_all_there(durable_seq());
    close_all();
}

static void the_oldest_input_that_waits_is_known(void **state)
{
    (void)state;
    open_all(RING, SKY_SECOND_NS);
    atomic_store(&store.delay_us, 30000);
    const int64_t before_ns = read_clock(NULL).boottime_ns;
    assert_int_equal(put(100, false), 0);
    struct skyd_writer_status status;
    skyd_writer_status(&writer, &status);
    assert_false(status.idle);
    assert_true(status.oldest_ns >= before_ns && status.oldest_ns < before_ns + SKY_SECOND_NS);
    assert_int_equal(drain(), 0);
    skyd_writer_status(&writer, &status);
    assert_true(status.idle);
    assert_int_equal(status.oldest_ns, 0);
    close_all();
}

static void a_quantile_is_never_below_the_truth_nor_an_eighth_above_it(void **state)
{
    (void)state;
    static struct skyd_latency latency;
    assert_int_equal(skyd_latency_quantile(&latency, 0.5), 0);
    for (int64_t us = 1; us <= 100000; us++) {
        skyd_latency_add(&latency, us * 1000);
    }
    for (int percent = 1; percent <= 100; percent++) {
        const double truth_ns = percent * 1000.0 * 1000.0;
        const double said_ns = (double)skyd_latency_quantile(&latency, percent / 100.0);
        if (!(said_ns >= truth_ns && said_ns <= truth_ns * 1.126)) {
            fail_msg("p%d is %g, truth %g", percent, said_ns, truth_ns);
        }
    }
    skyd_latency_add(&latency, INT64_MAX);
    assert_int_equal(latency.max_ns, INT64_MAX);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_handed_over_becomes_durable_over_several_segments),
        cmocka_unit_test(one_failing_operation_loses_nothing_wherever_it_is),
        cmocka_unit_test(what_is_acknowledged_is_durable_at_the_moment_of_a_fault),
        cmocka_unit_test(two_segments_that_fail_in_a_row_are_the_end),
        cmocka_unit_test(faults_with_a_durable_group_in_between_are_survived),
        cmocka_unit_test(a_summary_that_fails_costs_only_the_summary),
        cmocka_unit_test(a_slow_store_makes_the_loop_wait_and_loses_nothing),
        cmocka_unit_test(a_store_that_hangs_is_not_waited_for_for_ever),
        cmocka_unit_test(the_oldest_input_that_waits_is_known),
        cmocka_unit_test(a_quantile_is_never_below_the_truth_nor_an_eighth_above_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
