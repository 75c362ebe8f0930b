/*
 * Logs of more than one segment, read and replayed as one: rolled over, gone over after a fault,
 * and of two runs.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sky_journal.h"
#include "sky_paper.h"
#include "sky_station.h"
#include "sky_store_posix.h"
#include "sky_test.h"
#include "skyh_incidents.h"
#include "skyh_log.h"
#include "skyh_rerun.h"
#include "test_rerun.h"

enum { TARGETS = 12 };

/* What a sync that fails leaves: the group may be on the disk, or not. */
enum fault { FAULT_NONE = 0, FAULT_SYNC, FAULT_WRITE };

struct sink {
    struct sky_journal_sink base;
    struct sky_store_posix store;
    uint64_t segments;
    enum fault fault; /* of the next group */
    bool failed;
    size_t count; /* the latest group */
    uint8_t group[1 << 20];
};

static char folder[64];
static struct sink sink;
static struct sky_journal *journal;
static struct sky_station station;
static struct sky_outbox outbox;
static struct paper_wire wire;
static int64_t now_ns;
static uint64_t recorded_events;

static int do_work(struct sky_journal_sink *base, const struct sky_journal_work *work)
{
    (void)base;
    struct sky_store *const store = &sink.store.store;
    int error = 0;
    switch (work->step) {
    case SKY_JOURNAL_BEGIN:
        sink.segments++;
        error = store->ops->begin(store, work->segment, work->segment_bytes);
        return error != 0 ? error : store->ops->write(store, 0, work->bytes, work->count);
    case SKY_JOURNAL_GROUP:
        assert_true(work->count <= sizeof sink.group);
        memcpy(sink.group, work->bytes, work->count);
        sink.count = work->count;
        if (sink.fault != FAULT_WRITE) {
            error = store->ops->write(store, work->offset, work->bytes, work->count);
        }
        sink.failed = sink.fault != FAULT_NONE;
        sink.fault = FAULT_NONE;
        return error;
    case SKY_JOURNAL_FINISH:
        error = store->ops->write(store, work->offset, work->bytes, work->count);
        return error != 0 ? error : store->ops->finish(store, work->offset + work->count);
    }
    return -1;
}

/* The segment failed with its latest group: what the daemon's writer does then. */
static void go_over(void)
{
    if (sink.failed) {
        sink.failed = false;
        sink.store.store.ops->abandon(&sink.store.store);
        assert_int_equal(sky_journal_skip_segment(journal), 0);
        assert_int_equal(sky_journal_again(journal, sink.group, sink.count), 0);
    }
}

static void begin_log(void)
{
    int any = 0;
    uint64_t last = 0;
    assert_int_equal(sky_store_posix_open(&sink.store, folder), 0);
    assert_int_equal(sink.store.store.ops->last(&sink.store.store, &any, &last), 0);
    const struct sky_journal_config config = {.segment_bytes = 1 << 20,
                                              .group_bytes = 4096,
                                              .first_segment = any != 0 ? last + 1 : 0,
                                              .software = "test"};
    sink.base.work = do_work;
    assert_int_equal(sky_journal_open(&config, &sink.base, &journal), 0);
}

static void end_log(void)
{
    assert_int_equal(sky_journal_close(journal), 0);
    sky_store_posix_close(&sink.store);
}

static void commit(enum fault fault)
{
    sink.fault = fault;
    assert_int_equal(sky_journal_commit(journal, false), 0);
    go_over();
}

/* Records an input and its events; with a fault, the group that ends with event `last` fails. */
static void process(const struct sky_input *input, enum fault fault, size_t last)
{
    const struct sky_utc_estimate utc = sky_station_utc(&station, input->time_ns);
    if (fault != FAULT_NONE) {
        commit(FAULT_NONE);
    }
    assert_int_equal(sky_journal_input(journal, input, &utc), 0);
    assert_int_equal(sky_station_step(&station, input, &outbox), SKY_OK);
    for (size_t i = 0; i < outbox.count; i++) {
        assert_int_equal(sky_journal_event(journal, &outbox.event[i]), 0);
        if (fault != FAULT_NONE && (i == 2 || i == last)) {
            commit(i == last ? fault : FAULT_NONE);
        }
    }
    recorded_events += outbox.count;
    now_ns += SKY_SECOND_NS / 2;
}

static void begin_run(void)
{
    static const struct sky_zone_set no_zones;
    memset(&wire, 0, sizeof wire);
    paper_config(&wire.config);
    sky_station_init(&station);
    struct sky_input input = paper_begin(&wire, now_ns);
    input.u.config.zones = &no_zones;
    process(&input, FAULT_NONE, 0);
    static const struct sky_enu here = {0.0, 0.0, 0.0};
    input = paper_gnss(&wire, now_ns, &here);
    process(&input, FAULT_NONE, 0);
}

/* One look of the head at all its targets. */
static void look(enum fault fault, size_t events)
{
    const double gone_s = (double)(now_ns - PAPER_TIME0_NS) * 1e-9;
    paper_table(&wire);
    for (int i = 0; i < TARGETS; i++) {
        const struct sky_enu at = {-3000.0 + 10.0 * gone_s, 4000.0 + 1500.0 * i, 900.0};
        paper_target(&wire, &at, 0.0, 1.0);
    }
    const struct sky_input input =
        paper_registers(&wire, now_ns, PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS));
    process(&input, fault, events);
}

static struct skyh_verdict replay(uint64_t *ret_damages, uint64_t *ret_torn)
{
    struct skyh_log log = {0};
    struct skyh_problem problem;
    struct skyh_log_item item;
    struct skyh_rerun *const rerun = skyh_rerun_open(true, NULL);
    assert_non_null(rerun);
    assert_true(skyh_log_open(&log, folder, &problem));
    while (skyh_log_next(&log, &item)) {
        skyh_rerun_take(rerun, &item);
    }
    *ret_damages = log.damages;
    *ret_torn = log.torn;
    return test_rerun_end(rerun, &log);
}

static void assert_whole(uint64_t inputs, uint64_t torn)
{
    uint64_t damages_said = 0, torn_said = 0;
    const struct skyh_verdict verdict = replay(&damages_said, &torn_said);
    if (verdict.different) {
        fail_msg("different at input %llu: %s", (unsigned long long)verdict.seq, verdict.what);
    }
    assert_int_equal(damages_said, 0);
    assert_int_equal(torn_said, torn);
    assert_int_equal(verdict.inputs, inputs);
    assert_int_equal(verdict.skipped_inputs, 0);
    assert_int_equal(verdict.not_comparable, 0);
    assert_int_equal(verdict.torn_events, 0);
    assert_false(verdict.lost);
    assert_int_equal(verdict.events, recorded_events);
}

/* ------------------------------------------------------------------------------------- tests */

static void record_looks(int count)
{
    begin_run();
    for (int i = 0; i < count; i++) {
        look(FAULT_NONE, 0);
    }
    end_log();
}

static void remove_segment(unsigned number)
{
    char file[128];
    (void)snprintf(file, sizeof file, "%s/seg-%016u.mcap", folder, number);
    assert_int_equal(unlink(file), 0);
}

static void a_log_that_rolled_over_is_replayed_as_one(void **state)
{
    (void)state;
    record_looks(500);
    assert_true(sink.segments >= 3);
    assert_true(recorded_events > 2000);
    assert_whole(502, 0);
}

/* Lines good and bad, of radars that are there and not. */
static void lines_of_plot_files_are_decoded_again_when_they_are_replayed(void **state)
{
    (void)state;
    begin_run();
    for (int i = 0; i < 60; i++) {
        char text[512];
        const double t_s = (double)(now_ns - PAPER_TIME0_NS) * 1e-9;
        struct sky_input input = paper_input(&wire, now_ns, SKY_INPUT_PLOT_ROWS, "plots.csv");
        input.u.plot_rows.text = text;
        input.u.plot_rows.count = (size_t)snprintf(
            text, sizeof text,
            "%.6f,0,head,%.3f,350,8,-40,15,0.15,0.2,1\n%.6f,0,nobody,1,2,3,4,5,6,7,8\n"
            "%.6f,0,hill,x,170,,,40,0.1,,\n",
            t_s, 9000.0 - 40.0 * t_s, t_s, t_s);
        input.u.plot_rows.epoch_utc_ns = PAPER_UTC0_NS;
        process(&input, FAULT_NONE, 0);
    }
    end_log();
    assert_int_equal(station.engine.stats.plots, 60);
    assert_true(recorded_events > 160); /* two rejects for each, and a track */
    assert_whole(62, 0);
}

static void a_segment_that_is_missing_is_damage_and_not_a_difference(void **state)
{
    (void)state;
    record_looks(500);
    remove_segment(1);
    uint64_t damages = 0, torn = 0;
    const struct skyh_verdict verdict = replay(&damages, &torn);
    if (verdict.different) {
        fail_msg("different at input %llu: %s", (unsigned long long)verdict.seq, verdict.what);
    }
    assert_int_equal(damages, 1);
    assert_int_equal(torn, 0);
    assert_true(verdict.lost);
    assert_true(verdict.events > 500);
    assert_true(verdict.not_comparable > 500);
}

static void a_run_whose_beginning_is_missing_is_a_loss(void **state)
{
    (void)state;
    record_looks(500);
    remove_segment(0);
    uint64_t damages_said = 0, torn_said = 0;
    const struct skyh_verdict verdict = replay(&damages_said, &torn_said);
    assert_true(verdict.lost);
    assert_int_equal(verdict.inputs, 0);

    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct skyh_incidents incidents = {0};
    assert_true(skyh_log_open(&log, folder, &problem));
    assert_true(skyh_incidents_collect(&incidents, &log, "test", &problem));
    assert_int_equal(incidents.runs, 0);
    assert_true(incidents.orphans > 0);
    skyh_incidents_done(&incidents);
    skyh_log_close(&log);
}

static void fail_in(enum fault fault, size_t events)
{
    begin_run();
    for (int i = 0; i < 20; i++) {
        look(i == 9 || i == 15 ? fault : FAULT_NONE, events);
    }
    end_log();
    assert_int_equal(sink.segments, 3);
    assert_whole(22, 2);
}

static void a_sync_that_fails_between_the_events_of_an_input_loses_nothing(void **state)
{
    (void)state;
    fail_in(FAULT_SYNC, 5);
}

static void a_sync_that_fails_with_the_last_event_of_an_input_loses_nothing(void **state)
{
    (void)state;
    fail_in(FAULT_SYNC, TARGETS - 1);
}

static void a_write_that_fails_between_the_events_of_an_input_loses_nothing(void **state)
{
    (void)state;
    fail_in(FAULT_WRITE, 5);
}

static void a_run_whose_configuration_cannot_be_read_is_fed_to_no_station(void **state)
{
    (void)state;
    begin_run();
    look(FAULT_NONE, 0);
    end_log();
    const uint64_t before = recorded_events;

    begin_log();
    static const struct sky_zone_set no_zones;
    static struct paper_wire other;
    paper_config(&other.config);
    struct sky_input input = paper_begin(&other, now_ns);
    input.u.config.zones = &no_zones;
    input.u.config.zone_bytes = (const uint8_t *)"no zone set";
    input.u.config.zone_byte_count = 11;
    const struct sky_utc_estimate utc = {.state = SKY_CLOCK_NONE};
    assert_int_equal(sky_journal_input(journal, &input, &utc), 0);
    for (int i = 0; i < 5; i++) { /* numbers that the run before would take */
        now_ns += SKY_SECOND_NS;
        input = paper_tick(&other, now_ns, true);
        assert_int_equal(sky_journal_input(journal, &input, &utc), 0);
    }
    end_log();

    uint64_t damages = 0, torn = 0;
    const struct skyh_verdict verdict = replay(&damages, &torn);
    assert_false(verdict.different);
    assert_int_equal(verdict.inputs, 3);
    assert_int_equal(verdict.events, before);
    assert_int_equal(verdict.skipped_inputs, 6);
}

static void a_segment_that_is_cut_while_it_is_read_is_read_as_it_was(void **state)
{
    (void)state;
    begin_run();
    look(FAULT_NONE, 0);
    assert_int_equal(sky_journal_commit(journal, false), 0);
    struct skyh_log log = {0};
    struct skyh_problem problem;
    struct skyh_log_item item;
    char file[128];
    assert_true(skyh_log_open(&log, folder, &problem));
    (void)snprintf(file, sizeof file, "%s/seg-0000000000000000.mcap", folder);
    assert_int_equal(truncate(file, 0), 0); /* as the station does, to less, when it closes one */
    uint64_t records = 0;
    while (skyh_log_next(&log, &item)) {
        records += item.scan.found == SKY_SCAN_RECORD;
    }
    assert_int_equal(records, 3 + recorded_events);
    assert_int_equal(log.damages, 0);
    skyh_log_close(&log);
    end_log();
}

/* ----------------------------------------------------------------------------------- following */

/* Walks as far as there is something; returns the records. */
static uint64_t walk_on(struct skyh_log *log, struct skyh_rerun *rerun)
{
    struct skyh_log_item item;
    uint64_t records = 0;
    while (skyh_log_next(log, &item)) {
        records += item.scan.found == SKY_SCAN_RECORD;
        skyh_rerun_take(rerun, &item);
    }
    return records;
}

static void a_reader_keeps_up_with_a_station_over_segments(void **state)
{
    (void)state;
    struct skyh_log log = {0};
    struct skyh_problem problem;
    struct skyh_rerun *const rerun = skyh_rerun_open(true, NULL);
    uint64_t records = 0;
    begin_run();
    commit(FAULT_NONE);
    assert_true(skyh_log_follow(&log, folder, &problem));
    for (int i = 0; i < 400; i++) {
        look(FAULT_NONE, 0);
        if (i % 7 == 0) {
            commit(FAULT_NONE);
            skyh_log_more(&log);
            records += walk_on(&log, rerun);
            assert_int_equal(records, recorded_events + 3 + (uint64_t)i); /* and not later */
        }
    }
    assert_true(sink.segments >= 2);
    end_log();
    while (skyh_log_more(&log), walk_on(&log, rerun) > 0) {
    }
    assert_int_equal(log.damages + log.torn, 0);
    assert_false(skyh_log_is_over(&log)); /* the station may start again */
    const struct skyh_verdict verdict = test_rerun_end(rerun, &log);
    assert_false(verdict.different);
    assert_false(verdict.lost);
    assert_int_equal(verdict.inputs, 402);
    assert_int_equal(verdict.events, recorded_events);
}

static void a_group_that_is_half_written_is_waited_for(void **state)
{
    (void)state;
    struct skyh_log log = {0};
    struct skyh_problem problem;
    char file[128];
    (void)snprintf(file, sizeof file, "%s/seg-0000000000000000.mcap", folder);
    begin_run();
    commit(FAULT_NONE);
    FILE *const stream = fopen(file, "r+be");
    assert_non_null(stream);
    struct skyh_rerun *const rerun = skyh_rerun_open(true, NULL);
    assert_true(skyh_log_follow(&log, folder, &problem));
    assert_int_equal(walk_on(&log, rerun), 2 + recorded_events);
    const long at = (long)log.torn_at;
    const uint64_t before = recorded_events;
    look(FAULT_NONE, 0);
    commit(FAULT_NONE);
    const size_t half = 600; /* in its header and records */
    static const uint8_t zeros[1 << 20];
    assert_int_equal(fseek(stream, at + (long)half, SEEK_SET), 0);
    assert_int_equal(fwrite(zeros, 1, sink.count - half, stream), sink.count - half);
    assert_int_equal(fflush(stream), 0);
    skyh_log_more(&log);
    assert_int_equal(walk_on(&log, rerun), 0);
    assert_int_equal(fseek(stream, at + (long)half, SEEK_SET), 0);
    assert_int_equal(fwrite(sink.group + half, 1, sink.count - half, stream), sink.count - half);
    assert_int_equal(fclose(stream), 0);
    skyh_log_more(&log);
    assert_int_equal(walk_on(&log, rerun), 1 + recorded_events - before);
    assert_int_equal(log.damages + log.torn, 0);
    assert_false(test_rerun_end(rerun, &log).different);
    end_log();
}

static void one_file_is_over_when_its_station_closed_it(void **state)
{
    (void)state;
    struct skyh_log log = {0};
    struct skyh_problem problem;
    char file[128];
    (void)snprintf(file, sizeof file, "%s/seg-0000000000000000.mcap", folder);
    begin_run();
    commit(FAULT_NONE);
    struct skyh_rerun *const rerun = skyh_rerun_open(true, NULL);
    assert_true(skyh_log_follow(&log, file, &problem));
    assert_int_equal(walk_on(&log, rerun), 2 + recorded_events);
    assert_false(skyh_log_is_over(&log));
    end_log();
    skyh_log_more(&log);
    assert_int_equal(walk_on(&log, rerun), 0);
    assert_true(skyh_log_is_over(&log));
    assert_int_equal(log.torn, 0);
    (void)test_rerun_end(rerun, &log);
}

/* -------------------------------------------------------------------------------------- memory */

static long resident_bytes(void)
{
    char text[128];
    long size = 0, resident = 0;
    FILE *const stream = fopen("/proc/self/statm", "re");
    assert_non_null(stream);
    assert_non_null(fgets(text, sizeof text, stream));
    (void)fclose(stream);
    assert_int_equal(sscanf(text, "%ld %ld", &size, &resident), 2);
    return resident * sysconf(_SC_PAGESIZE);
}

/* The most that walking the log takes beside what it took before. */
static long walk_bytes(void)
{
    struct skyh_log log = {0};
    struct skyh_problem problem;
    struct skyh_log_item item;
    const long before = resident_bytes();
    long most = 0;
    uint64_t steps = 0;
    assert_true(skyh_log_open(&log, folder, &problem));
    while (skyh_log_next(&log, &item)) {
        if (++steps % 16 == 0) {
            const long now = resident_bytes() - before;
            most = now > most ? now : most;
        }
    }
    assert_int_equal(log.damages, 0);
    skyh_log_close(&log);
    return most;
}

/* 40 MB more in the log; with `close`, in segments that are closed. */
static void record_megabytes(struct sky_journal_config config, bool close)
{
    static uint8_t bytes[60000];
    const struct sky_utc_estimate utc = {.state = SKY_CLOCK_NONE};
    struct sky_input input = paper_input(&wire, now_ns, SKY_INPUT_DATAGRAM, "radar");
    int any = 0;
    assert_int_equal(sky_store_posix_open(&sink.store, folder), 0);
    assert_int_equal(sink.store.store.ops->last(&sink.store.store, &any, &config.first_segment), 0);
    config.first_segment += any != 0 ? 1 : 0;
    assert_int_equal(sky_journal_open(&config, &sink.base, &journal), 0);
    memset(bytes, 0x55, sizeof bytes);
    for (uint64_t seq = 1; seq <= 700; seq++) {
        input.seq = seq;
        input.u.datagram.bytes = bytes;
        input.u.datagram.count = sizeof bytes;
        assert_int_equal(sky_journal_input(journal, &input, &utc), 0);
    }
    if (close) {
        end_log();
    } else {
        commit(FAULT_NONE);
        sky_store_posix_close(&sink.store); /* as a power cut leaves it */
    }
}

static void a_long_log_takes_no_more_memory_than_a_short_one(void **state)
{
    (void)state;
    end_log();
    struct sky_journal_config config = {
        .segment_bytes = UINT64_C(64) << 20, .group_bytes = 65536, .software = "test"};
    record_megabytes(config, true);
    const long of_one = walk_bytes();
    record_megabytes(config, true);
    record_megabytes(config, false);
    const long of_three = walk_bytes();
    print_message("42 MB: %ld kB resident, 126 MB: %ld kB\n", of_one / 1024, of_three / 1024);
    assert_true(of_one < 16L << 20);
    assert_true(of_three < 16L << 20);
}

static int start(void **state)
{
    (void)state;
    memset(&sink, 0, sizeof sink);
    recorded_events = 0;
    now_ns = PAPER_TIME0_NS;
    (void)snprintf(folder, sizeof folder, "/tmp/skyh-log-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    begin_log();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_log_that_rolled_over_is_replayed_as_one),
        CASE(lines_of_plot_files_are_decoded_again_when_they_are_replayed),
        CASE(a_segment_that_is_missing_is_damage_and_not_a_difference),
        CASE(a_run_whose_beginning_is_missing_is_a_loss),
        CASE(a_sync_that_fails_between_the_events_of_an_input_loses_nothing),
        CASE(a_sync_that_fails_with_the_last_event_of_an_input_loses_nothing),
        CASE(a_write_that_fails_between_the_events_of_an_input_loses_nothing),
        CASE(a_segment_that_is_cut_while_it_is_read_is_read_as_it_was),
        CASE(a_run_whose_configuration_cannot_be_read_is_fed_to_no_station),
        CASE(a_reader_keeps_up_with_a_station_over_segments),
        CASE(a_group_that_is_half_written_is_waited_for),
        CASE(one_file_is_over_when_its_station_closed_it),
        CASE(a_long_log_takes_no_more_memory_than_a_short_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
