#include "skyd_loop.h"

#include <stdatomic.h>
#include <string.h>

#include "sky_paper_store.h"
#include "sky_test.h"

/* ---- everything around the loop, of paper ---- */

/* Time passes only while the loop waits, and a little with every look at the clock. */
static atomic_llong now_ns;
static atomic_llong step_ns; /* of the kernel's clock against the monotonic one */

static struct sky_clock_reading read_paper_clock(struct sky_clock *clock)
{
    (void)clock;
    const int64_t ns = atomic_fetch_add(&now_ns, 1000);
    return (struct sky_clock_reading){ns, ns + atomic_load(&step_ns)};
}

static struct sky_clock_discipline paper_discipline(struct sky_clock *clock)
{
    (void)clock;
    return (struct sky_clock_discipline){.synchronised = false, .error_ns = 16000000000};
}

static struct sky_clock paper_clock = {read_paper_clock, paper_discipline};

static int paper_wait(struct pollfd *fd, nfds_t count, int64_t timeout_ns)
{
    atomic_fetch_add(&now_ns, timeout_ns);
    if (poll(fd, 2, 0) < 0) {
        return -1;
    }
    for (nfds_t i = 2; i < count; i++) {
        fd[i].revents = POLLIN;
    }
    return 1;
}

static struct skyd_loop loop;

/*
 * A source that follows a script, one letter per call of take:
 * i input, . nothing, x fails, u says UP, s stops the loop, h asks for reopening, j the clock
 * jumps, w a second passes without input, p a radar plot, B a record larger than any may be.
 * After the script it has nothing more to say. opens: o up, p later, x refused; the last one holds.
 */
struct paper_source {
    struct sky_source base;
    const char *script;
    const char *opens;
    bool repeat;   /* the script begins anew at its end */
    bool has_rest; /* what it says does not end when the loop is to stop */
    const char *at;
    uint32_t opened;
    uint32_t closed;
    int64_t opened_ns[64];
};

static struct paper_source source[2];

static int paper_open(struct sky_source *base, char *ret_detail)
{
    struct paper_source *const paper = (struct paper_source *)base;
    paper->opened_ns[paper->opened++ % 64] = atomic_load(&now_ns);
    const char how = *paper->opens;
    paper->opens += paper->opens[1] != '\0';
    if (how == 'x') {
        return -ECONNREFUSED;
    }
    snprintf(ret_detail, SKY_DETAIL_MAX, "paper\xff\n");
    return how == 'p';
}

static void paper_close(struct sky_source *base) { ((struct paper_source *)base)->closed++; }

/* CAT048, one target at 5 km in the north: data source, type, position; no time. */
static const uint8_t plot[] = {0x30, 0x00, 0x0b, 0xb0, 25, 201, 0x20, 0x02, 0xb3, 0x00, 0x00};

static int paper_take(struct sky_source *base, struct sky_input *ret_input, char *ret_detail)
{
    static const uint8_t malformed[] = {0x30, 0x00, 0x01};
    static uint8_t big[SKY_CODEC_RECORD_MAX + 1];
    struct paper_source *const paper = (struct paper_source *)base;
    if (*paper->at == '\0' && paper->repeat) {
        paper->at = paper->script;
    }
    const char letter = loop.stop && !paper->has_rest ? '\0' : *paper->at;
    paper->at += letter != '\0';
    ret_input->kind = SKY_INPUT_DATAGRAM;
    ret_input->u.datagram.bytes = letter == 'p' ? plot : letter == 'B' ? big : malformed;
    ret_input->u.datagram.count = letter == 'p'   ? sizeof plot
                                  : letter == 'B' ? sizeof big
                                                  : sizeof malformed;
    switch (letter) {
    case 'i':
    case 'B':
        return 1;
    case 'p':
    case 'w':
        atomic_fetch_add(&now_ns, SKY_SECOND_NS);
        return letter == 'p';
    case 'x':
        snprintf(ret_detail, SKY_DETAIL_MAX, "the cable is out");
        return -EIO;
    case 'u':
        ret_input->kind = SKY_INPUT_SOURCE;
        ret_input->u.source_event.event = SKY_SOURCE_UP;
        return 1;
    case 's':
        loop.stop = true;
        return 0;
    case 'h':
        loop.reopen = true;
        return 0;
    case 'j':
        atomic_fetch_add(&step_ns, 2 * SKY_SECOND_NS);
        return 0;
    default:
        return 0;
    }
}

static const struct sky_source_ops paper_source_ops = {paper_open, paper_take, paper_close};

/* ---- a run, and what it left ---- */

static struct paper_store store;
static struct skyd_writer writer;
static struct skyd_health health;
static struct sky_station station;
static struct sky_outbox outbox;
static struct sky_config config;

/* 40 km by 40 km around the station. */
static const struct sky_vertex vertex[] = {
    {198000000, 28000000}, {202000000, 28000000}, {202000000, 32000000}, {198000000, 32000000}};
static const struct sky_ring ring[] = {{0, 4, 0}};
static const struct sky_line line[] = {{.id = 1,
                                        .rule = SKY_EDGE_GEODESIC,
                                        .rule_stated = true,
                                        .accuracy_stated = true,
                                        .sigma_m = 10.0,
                                        .ring_count = 1}};
static const struct sky_zone zone[] = {
    {.id = 1, .floor.unlimited = true, .ceiling.unlimited = true, .line_count = 1}};
static const struct sky_zone_set zones = {.zone_count = 1,
                                          .line_count = 1,
                                          .ring_count = 1,
                                          .vertex_count = 4,
                                          .zone = zone,
                                          .line = line,
                                          .ring = ring,
                                          .vertex = vertex};

static void configure(void)
{
    sky_config_default(&config);
    config.station.has_site = true;
    config.station.site =
        (struct sky_lla){20.0 * 0.017453292519943295, 3.0 * 0.017453292519943295, 500.0};
    config.sensor_count = 1;
    struct sky_sensor_config *const radar = &config.sensor[0];
    sky_config_sensor_default(radar);
    snprintf(radar->name, sizeof radar->name, "paper");
    radar->measures_elevation = false;
    radar->has_sac_sic = true;
    radar->sac = 25;
    radar->sic = 201;
    radar->sigma_range_m = 10.0;
    radar->sigma_azimuth_rad = 0.002;
    radar->sigma_elevation_rad = 0.01;
    radar->sigma_radial_mps = 1.0;
    radar->range_max_m = 50e3;
    radar->false_plots_per_scan = 1.0;
    radar->scan_ns = SKY_SECOND_NS;
}

/* The log as text, a line per record: "3 /input/datagram b", "3 /event/reject". */
static char said[400000];

static void read_log(void)
{
    static uint8_t arena_bytes[1024 * 1024];
    size_t used = 0;
    said[0] = '\0';
    for (uint32_t i = 0; i < store.segment_count; i++) {
        struct sky_scan scan;
        struct sky_scan_item item;
        const char *reason = NULL;
        if (sky_scan_begin(&scan, store.segment[i].durable, store.segment[i].count, &reason) !=
            SKY_OK) {
            continue;
        }
        for (sky_scan_next(&scan, &item); item.found == SKY_SCAN_RECORD;
             sky_scan_next(&scan, &item)) {
            struct sky_arena arena = {.bytes = arena_bytes, .capacity = sizeof arena_bytes};
            struct sky_input input = {0};
            struct sky_utc_estimate utc;
            if (sky_codec_is_input(item.channel) && item.channel != SKY_CHANNEL_CONFIG) {
                assert_int_equal(sky_codec_unpack_input(item.channel, item.bytes, item.count,
                                                        &arena, &input, &utc),
                                 SKY_OK);
            }
            static const char *const event[] = {"",      "up",   "down", "silent",
                                                "heard", "torn", "lost", "shutdown"};
            const bool source_event = item.channel == SKY_CHANNEL_SOURCE;
            used += (size_t)snprintf(
                said + used, sizeof said - used, "%u %s%s%s%s%s%s%s\n", item.sequence,
                sky_codec_topic(item.channel), input.source[0] != '\0' ? " " : "", input.source,
                source_event ? " " : "", source_event ? event[input.u.source_event.event] : "",
                source_event && input.u.source_event.detail[0] ? ": " : "",
                source_event ? input.u.source_event.detail : "");
            assert_true(used < sizeof said);
        }
    }
}

static void expect_said(const char *text)
{
    if (strstr(said, text) == NULL) {
        fail_msg("the log does not say '%s':\n%.3000s", text, said);
    }
}

static uint32_t times_said(const char *text)
{
    uint32_t times = 0;
    for (const char *at = strstr(said, text); at != NULL; at = strstr(at + 1, text)) {
        times++;
    }
    return times;
}

/* Scripts of sources a and b; the store is as the test has made it. */
static int run(const char *a, const char *b)
{
    static const uint8_t zone_bytes[] = {0};
    const struct sky_journal_config journal_config = {.segment_bytes = 8 * 1024 * 1024,
                                                      .group_bytes = 256 * 1024,
                                                      .commit_interval_ns = 1000000000,
                                                      .software = "test"};
    struct sky_input first = {.kind = SKY_INPUT_CONFIG};
    configure();
    sky_station_init(&station);
    first.u.config.config = &config;
    first.u.config.zones = &zones;
    first.u.config.zone_bytes = zone_bytes;
    first.u.config.zone_byte_count = sizeof zone_bytes;

    loop.clock = &paper_clock;
    loop.station = &station;
    loop.outbox = &outbox;
    loop.writer = &writer;
    loop.health = &health;
    loop.signal_fd = -1;
    loop.tick_ns = SKY_SECOND_NS;
    loop.commit_ns = SKY_SECOND_NS;
    loop.drain_ns = 5 * SKY_SECOND_NS;
    loop.wait = paper_wait;
    loop.source_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        source[i].base.ops = &paper_source_ops;
        source[i].base.fd = 1000000;
        source[i].script = source[i].at = i == 0 ? a : b;
        source[i].opens = source[i].opens != NULL ? source[i].opens : "o";
        snprintf(source[i].base.name, SKY_NAME_MAX, "%s", i == 0 ? "a" : "b");
        loop.source[i].source = &source[i].base;
    }
    assert_int_equal(sky_journal_open(&journal_config, &writer.sink, &loop.journal), 0);
    assert_int_equal(
        skyd_writer_open(&writer, &store.base, &paper_clock, 4 * 1024 * 1024, SKY_SECOND_NS), 0);
    const int error = skyd_loop_run(&loop, &first);
    skyd_writer_close(&writer);
    read_log();
    return error;
}

static int fresh(void **state)
{
    (void)state;
    memset(&loop, 0, sizeof loop);
    memset(source, 0, sizeof source);
    paper_store_init(&store);
    skyd_health_init(&health, 1000 * SKY_SECOND_NS);
    atomic_store(&now_ns, SKY_SECOND_NS);
    atomic_store(&step_ns, 0);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    paper_store_free(&store);
    return 0;
}

/* ---- the path of an input ---- */

static void a_run_begins_with_its_configuration_and_ends_with_its_shutdown(void **state)
{
    (void)state;
    assert_int_equal(run("i", ".s"), 0);
    assert_memory_equal(said, "1 /input/config\n", 16);
    char last[64];
    snprintf(last, sizeof last, "%llu /input/source shutdown\n", (unsigned long long)loop.seq);
    expect_said(last);
    assert_int_equal(times_said("/input/"), loop.seq); /* none missing, none twice */
    assert_true(store.segment[0].finished);
    assert_int_equal(source[0].closed, 1);
}

static void an_input_comes_before_the_events_it_causes(void **state)
{
    (void)state;
    assert_int_equal(run("i", "..s"), 0);
    const char *const input = strstr(said, "/input/datagram a\n");
    assert_non_null(input);
    const char *const event = strstr(input, "/event/reject\n");
    assert_non_null(event);
    uint32_t cause = 0, caused = 0;
    assert_int_equal(sscanf(input - 2, "%u", &cause), 1);
    assert_int_equal(sscanf(event - 2, "%u", &caused), 1);
    assert_int_equal(cause, caused);
}

static void an_input_that_is_not_recorded_is_not_acted_on(void **state)
{
    (void)state;
    assert_int_equal(run("iiB", ""), -EMSGSIZE);
    assert_int_equal(station.last_seq, loop.seq - 1);
}

static void a_station_that_cannot_remember_stops(void **state)
{
    (void)state;
    atomic_store(&store.fail_from, 9);
    atomic_store(&store.fail_count, 1000000);
    atomic_store(&store.error, -ENOSPC);
    source[0].repeat = true;
    assert_int_equal(run("iw", ""), -ENOSPC);
    assert_false(atomic_load(&store.trusted_again));
}

static void a_segment_that_fails_is_a_record_and_the_rest_goes_on(void **state)
{
    (void)state;
    atomic_store(&store.fail_from, 9);
    assert_int_equal(run("iwiwiwiwiwiw", "..........................s"), 0);
    expect_said("/input/source log down: segment 0 failed: Input/output error\n");
    expect_said("/input/source log up: continued in the next segment\n");
    static bool there[PAPER_SEQ_MAX];
    assert_int_equal(paper_store_inputs(&store, there), loop.seq);
    assert_int_equal(times_said("/input/datagram a\n"), 6);
}

static void nothing_stays_uncommitted_longer_than_its_interval(void **state)
{
    (void)state;
    source[0].repeat = true;
    loop.tick_ns = SKY_SECOND_NS;
    assert_int_equal(run("i", "................................................wwwwwwwwwws"), 0);
    /* Ten seconds: about a group for each, not one for each input. */
    assert_in_range(loop.written.groups, 10, 16);
    assert_true(loop.seq > 60);
}

static void an_alert_and_an_incident_are_each_committed_at_once(void **state)
{
    (void)state;
    assert_int_equal(run("pppppppp", "............s"), 0);
    const uint32_t incidents = times_said("/event/incident\n"); /* opened, and closed at the end */
    const uint32_t alerts = times_said("/event/alert\n");       /* at the look before that */
    assert_int_equal(incidents, 2);
    assert_int_equal(alerts, 1);
    assert_int_equal(writer.urgent.count, incidents + alerts);
}

/* ---- sources ---- */

static void a_source_that_fails_is_reported_and_reopened_while_others_go_on(void **state)
{
    (void)state;
    assert_int_equal(run("iixi", "iwiwiwiwis"), 0);
    expect_said("/input/source a up: paper??\n"); /* what a peer says is made printable */
    expect_said("/input/source a down: the cable is out\n");
    assert_int_equal(times_said("source a up"), 2);
    assert_int_equal(times_said("/input/datagram a\n"), 3);
    assert_int_equal(times_said("/input/datagram b\n"), 5);
    assert_int_equal(source[0].opened, 2);
    assert_int_equal(source[0].closed, 2);
    assert_in_range(source[0].opened_ns[1] - source[0].opened_ns[0], SKY_SECOND_NS / 2,
                    2 * SKY_SECOND_NS + SKY_SECOND_NS / 2);
}

static void a_source_that_stays_away_is_tried_ever_more_rarely_and_reported_once(void **state)
{
    (void)state;
    source[0].opens = "xxxxxxxxxxo";
    char waiting[256];
    memset(waiting, 'w', sizeof waiting);
    snprintf(waiting + 250, 6, "%s", "s");
    assert_int_equal(run("", waiting), 0);
    assert_int_equal(times_said("/input/source a down: Connection refused\n"), 1);
    assert_int_equal(times_said("/input/source a up"), 1);
    assert_int_equal(source[0].opened, 11);
    static const double wanted_s[] = {0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30};
    for (size_t i = 0; i < 10; i++) {
        const double waited_s = (double)(source[0].opened_ns[i + 1] - source[0].opened_ns[i]) / 1e9;
        assert_in_range((int)(waited_s * 100), (int)(wanted_s[i] * 100),
                        (int)(wanted_s[i] * 100) + 110);
    }
}

static void a_source_that_says_a_word_and_fails_again_is_tried_ever_more_rarely(void **state)
{
    (void)state;
    source[0].repeat = true;
    char waiting[64];
    memset(waiting, 'w', sizeof waiting);
    snprintf(waiting + 60, 4, "%s", "s");
    assert_int_equal(run("ix", waiting), 0);
    /* After 0.5, 1, 2, 4, 8 and 16 s; the first again, for b's second passes before a's first word.
     */
    assert_in_range(source[0].opened, 5, 10);
    assert_in_range(times_said("/input/datagram a\n"), source[0].opened - 1, source[0].opened);
}

static void a_source_that_opens_slowly_says_itself_when_it_is_up(void **state)
{
    (void)state;
    source[0].opens = "p";
    assert_int_equal(run("..u", "iiiiis"), 0);
    assert_int_equal(times_said("/input/source a up"), 1);
    assert_true(strstr(said, "source a up") > strstr(said, "/input/datagram b"));
}

static void silence_is_a_record_and_so_is_its_end(void **state)
{
    (void)state;
    source[0].base.silence_ns = 3 * SKY_SECOND_NS;
    assert_int_equal(run("iwwwwwwi", "........s"), 0);
    assert_int_equal(times_said("/input/source a silent\n"), 1);
    assert_int_equal(times_said("/input/source a heard\n"), 1);
    assert_true(strstr(said, "source a silent") < strstr(said, "source a heard"));
    assert_int_equal(times_said("/input/source b silent\n"), 0);
}

static void a_babbling_source_cannot_starve_another(void **state)
{
    (void)state;
    source[0].repeat = true;
    assert_int_equal(run("i", "iiiiiiiiiis"), 0);
    assert_int_equal(times_said("/input/datagram b\n"), 10);
    assert_in_range(times_said("/input/datagram a\n"), 10, 12);
}

static void ticks_go_on_while_a_source_babbles(void **state)
{
    (void)state;
    source[0].repeat = true;
    assert_int_equal(run("i", "wwwwwwwwwws"), 0);
    assert_in_range(times_said("/input/tick\n"), 10, 12);
}

static void a_jump_of_the_clock_is_recorded_before_what_follows_it(void **state)
{
    (void)state;
    assert_int_equal(run("iji", "....s"), 0);
    assert_int_equal(times_said("/input/clock_step\n"), 1);
    const char *const second = strstr(strstr(said, "/input/datagram a\n") + 1, "/input/datagram");
    assert_true(strstr(said, "/input/clock_step\n") < second);
}

static void reopening_on_request_leaves_its_trace(void **state)
{
    (void)state;
    assert_int_equal(run("ihi", "........s"), 0);
    expect_said("/input/source a down: reopening was asked for\n");
    expect_said("/input/source b down: reopening was asked for\n");
    assert_int_equal(times_said("/input/source a up"), 2);
    assert_int_equal(times_said("/input/source b up"), 2);
    assert_int_equal(times_said("/input/datagram a\n"), 2);
}

static void what_came_before_the_stop_is_recorded(void **state)
{
    (void)state;
    source[0].has_rest = true;
    assert_int_equal(run("iiiiii", "s"), 0);
    assert_int_equal(times_said("/input/datagram a\n"), 6);
    assert_int_equal(times_said("lost"), 0);
}

static void a_rest_without_end_is_counted(void **state)
{
    (void)state;
    source[0].has_rest = source[0].repeat = true; /* a plot a second */
    assert_int_equal(run("p", "s"), 0);
    assert_in_range(times_said("/input/datagram a\n"), 2, 4);
    expect_said("/input/source a lost: came, and was not taken before it was closed\n");
    assert_int_equal(times_said("lost"), 1);
    assert_true(strstr(said, "a lost") < strstr(said, " shutdown\n"));
}

static void what_came_before_a_reopening_is_recorded_first(void **state)
{
    (void)state;
    assert_int_equal(run("hiii", "........s"), 0);
    assert_int_equal(times_said("/input/datagram a\n"), 3);
    assert_null(strstr(strstr(said, "a down: reopening"), "/input/datagram a\n"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, clean)
    static const struct CMUnitTest tests[] = {
        CASE(a_run_begins_with_its_configuration_and_ends_with_its_shutdown),
        CASE(an_input_comes_before_the_events_it_causes),
        CASE(an_input_that_is_not_recorded_is_not_acted_on),
        CASE(a_station_that_cannot_remember_stops),
        CASE(a_segment_that_fails_is_a_record_and_the_rest_goes_on),
        CASE(nothing_stays_uncommitted_longer_than_its_interval),
        CASE(an_alert_and_an_incident_are_each_committed_at_once),
        CASE(a_source_that_fails_is_reported_and_reopened_while_others_go_on),
        CASE(a_source_that_stays_away_is_tried_ever_more_rarely_and_reported_once),
        CASE(a_source_that_says_a_word_and_fails_again_is_tried_ever_more_rarely),
        CASE(a_source_that_opens_slowly_says_itself_when_it_is_up),
        CASE(silence_is_a_record_and_so_is_its_end),
        CASE(a_babbling_source_cannot_starve_another),
        CASE(ticks_go_on_while_a_source_babbles),
        CASE(a_jump_of_the_clock_is_recorded_before_what_follows_it),
        CASE(reopening_on_request_leaves_its_trace),
        CASE(what_came_before_the_stop_is_recorded),
        CASE(a_rest_without_end_is_counted),
        CASE(what_came_before_a_reopening_is_recorded_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
