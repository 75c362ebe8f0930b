/*
 * The real skywitnessd, as systemd would run it, between feeds on this machine.
 */

#include "sky_asterix.h"
#include "sky_daemon.h"

enum { GPSD_PORT = 29210, HEAD_PORT = 29211, FEED_PORT = 29212, SINK_PORT = 29213 };

static struct daemon_run run;
static struct daemon_feed gpsd, head;

static const char radar_and_feed[] = "[zones]\nfile = zones.pb\n"
                                     "[log]\ndirectory = log\ncommit_ms = 100\nsegment_mib = 8\n"
                                     "[station]\ntick_ms = 100\n"
                                     "latitude_deg = 20\nlongitude_deg = 3\naltitude_hae_m = 500\n"
                                     "[radar.north]\nat_station = yes\nsac = 25\nsic = 201\n"
                                     "sigma_range_m = 15\nsigma_azimuth_deg = 0.2\n"
                                     "range_max_m = 30000\nscan_ms = 200\n"
                                     "[asterix.feed]\nlisten = 127.0.0.1:29212\n"
                                     "[incident]\ndwell_s = 0\n";

static const char gpsd_and_head[] = "[gpsd]\nport = 29210\n"
                                    "[modbus.north]\nradar = north\ntcp = 127.0.0.1:29211\n"
                                    "poll_ms = 50\ntimeout_ms = 5000\n";

static void write_config(const char *first, const char *second)
{
    char text[2048];
    const int bytes = snprintf(text, sizeof text, "%s%s", first, second);
    daemon_write_file(run.folder, "c.ini", text, (size_t)bytes);
}

static void start(const char *const *environment)
{
    const char *const argument[] = {"skywitnessd", "--config", run.config, NULL};
    daemon_start(&run, SKY_DAEMON, argument, environment);
}

static int run_with(const char *first, const char *second, const char *third)
{
    const char *const argument[] = {"skywitnessd", first, second, third, NULL};
    daemon_start(&run, SKY_DAEMON, argument, NULL);
    return daemon_exit(&run, DAEMON_PATIENCE_MS);
}

/* ---- the log that a run left ---- */

static struct {
    uint32_t inputs;
    uint32_t datagrams;
    uint32_t registers;
    uint32_t fixes;
    uint32_t maps;
    uint32_t readings;
    uint32_t ups;
    uint32_t downs;
    uint32_t shutdowns;
    uint32_t incidents;
    uint32_t first_channel;
    uint32_t last_sequence;
    bool finished;
    bool gap;
} seen;

static void look_at(const struct sky_scan_item *item)
{
    static uint8_t arena_bytes[65536];
    struct sky_arena arena = {.bytes = arena_bytes, .capacity = sizeof arena_bytes};
    struct sky_input input;
    struct sky_utc_estimate utc;
    seen.incidents += item->channel == SKY_CHANNEL_INCIDENT;
    seen.readings += item->channel == SKY_CHANNEL_READING;
    seen.maps += item->channel == SKY_CHANNEL_REGISTER_MAP;
    if (!sky_codec_is_input(item->channel)) {
        return;
    }
    seen.first_channel = seen.inputs == 0 ? item->channel : seen.first_channel;
    seen.inputs++;
    seen.gap = seen.gap || item->sequence != seen.inputs;
    seen.last_sequence = item->sequence;
    seen.datagrams += item->channel == SKY_CHANNEL_DATAGRAM;
    seen.registers += item->channel == SKY_CHANNEL_REGISTERS;
    seen.fixes += item->channel == SKY_CHANNEL_GNSS;
    if (item->channel == SKY_CHANNEL_SOURCE) {
        assert_int_equal(
            sky_codec_unpack_input(item->channel, item->bytes, item->count, &arena, &input, &utc),
            SKY_OK);
        seen.ups += input.u.source_event.event == SKY_SOURCE_UP;
        seen.downs += input.u.source_event.event == SKY_SOURCE_DOWN;
        seen.shutdowns += input.u.source_event.event == SKY_SOURCE_SHUTDOWN;
    }
}

/* False if there is not even a header yet. */
static bool look_into_segment(uint32_t number)
{
    static uint8_t bytes[16 * 1024 * 1024];
    char path[128];
    struct sky_scan scan;
    struct sky_scan_item item;
    const char *reason = NULL;
    memset(&seen, 0, sizeof seen);
    snprintf(path, sizeof path, "%s/log/seg-%016x.mcap", run.folder, number);
    FILE *const file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    const size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (sky_scan_begin(&scan, bytes, count, &reason) != SKY_OK) {
        return false;
    }
    for (sky_scan_next(&scan, &item); item.found == SKY_SCAN_RECORD; sky_scan_next(&scan, &item)) {
        look_at(&item);
    }
    seen.finished = item.found == SKY_SCAN_END;
    return true;
}

static void read_segment(uint32_t number) { assert_true(look_into_segment(number)); }

/* Waits until the first segment holds so many of something, as counted in seen. */
static void wait_for_recorded(const uint32_t *seen_count, uint32_t count)
{
    const int64_t until_ms = daemon_now_ms() + DAEMON_PATIENCE_MS;
    while (!look_into_segment(0) || *seen_count < count) {
        assert_true(daemon_now_ms() < until_ms);
        daemon_nap_ms(20);
    }
}

/* ---- */

static void a_station_records_until_it_is_told_to_stop_and_closes_its_log(void **state)
{
    (void)state;
    write_config(radar_and_feed, "");
    const char *const environment[] = {"WATCHDOG_USEC=400000", NULL};
    start(environment);
    assert_true(daemon_says(&run, "READY=1", DAEMON_PATIENCE_MS));
    const uint32_t sent =
        daemon_feed_until(&run, FEED_PORT, "1 of 1 sources up, 1 tracks, 1 incidents open");
    assert_true(daemon_says(&run, "WATCHDOG=1", DAEMON_PATIENCE_MS));
    wait_for_recorded(&seen.datagrams, sent);
    kill(run.pid, SIGTERM);
    assert_int_equal(daemon_exit(&run, DAEMON_PATIENCE_MS), 0);
    assert_true(daemon_says(&run, "STOPPING=1", DAEMON_PATIENCE_MS));
    read_segment(0);
    assert_true(seen.finished);
    assert_false(seen.gap);
    assert_int_equal(seen.first_channel, SKY_CHANNEL_CONFIG);
    assert_int_equal(seen.datagrams, sent);
    assert_true(seen.incidents >= 2);
    assert_int_equal(seen.shutdowns, 1);
    assert_non_null(strstr(daemon_stderr(&run), "durable: urgent "));
}

static void all_three_feeds_arrive_and_sighup_opens_them_anew(void **state)
{
    (void)state;
    write_config(radar_and_feed, gpsd_and_head);
    daemon_feed_listen(&gpsd, GPSD_PORT);
    daemon_feed_listen(&head, HEAD_PORT);
    start(NULL);
    daemon_feed_serve(&gpsd, daemon_gpsd);
    daemon_feed_serve(&head, daemon_head);
    assert_true(daemon_says(&run, "3 of 3 sources up", DAEMON_PATIENCE_MS));
    kill(run.pid, SIGHUP);
    wait_for_recorded(&seen.ups, 6);
    for (int i = 0; i < 5; i++) {
        daemon_send_plot(FEED_PORT);
    }
    wait_for_recorded(&seen.datagrams, 5);
    wait_for_recorded(&seen.fixes, 4);
    wait_for_recorded(&seen.registers, 4);
    kill(run.pid, SIGINT);
    assert_int_equal(daemon_exit(&run, DAEMON_PATIENCE_MS), 0);
    daemon_feed_stop(&gpsd);
    daemon_feed_stop(&head);
    read_segment(0);
    assert_true(seen.finished && !seen.gap);
    assert_int_equal(seen.downs, 3);
    assert_int_equal(seen.ups, 6);
    assert_int_equal(seen.datagrams, 5);
}

static void an_instrument_with_a_map_of_its_own_becomes_readings(void **state)
{
    (void)state;
    static const char map[] = "[map]\nkind = instrument\nfirst = 0\ncount = 8\n"
                              "[capacity]\nat = 3\n[scan_ms]\nat = 7\n";
    daemon_write_file(run.folder, "wind.ini", map, sizeof map - 1);
    write_config(radar_and_feed, "[modbus.wind]\nmap = wind.ini\ntcp = 127.0.0.1:29211\n"
                                 "poll_ms = 50\ntimeout_ms = 5000\n");
    daemon_feed_listen(&head, HEAD_PORT);
    start(NULL);
    daemon_feed_serve(&head, daemon_head);
    assert_true(daemon_says(&run, "2 of 2 sources up", DAEMON_PATIENCE_MS));
    wait_for_recorded(&seen.registers, 3);
    kill(run.pid, SIGTERM);
    assert_int_equal(daemon_exit(&run, DAEMON_PATIENCE_MS), 0);
    daemon_feed_stop(&head);
    read_segment(0);
    assert_int_equal(seen.maps, 1);
    assert_true(seen.readings >= 2);
    daemon_write_file(run.folder, "wind.ini", "[map]\nkind = kite\n", 18);
    assert_int_equal(run_with("--config", run.config, "--check-config"), 78);
    assert_non_null(
        strstr(daemon_stderr(&run), "wind.ini:2: kind is neither radar nor instrument"));
}

static const char sink[] = "[sink]\nto = 127.0.0.1:29213\nsac = 25\nsic = 240\n"
                           "[gpsd]\nport = 29210\n";

static void listeners_are_told_of_the_fused_track(void **state)
{
    (void)state;
    uint8_t bytes[2048];
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons(SINK_PORT),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int listener = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = DAEMON_PATIENCE_MS / 1000};
    assert_int_equal(bind(listener, (const struct sockaddr *)&at, sizeof at), 0);
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    write_config(radar_and_feed, sink);
    daemon_feed_listen(&gpsd, GPSD_PORT);
    start(NULL);
    daemon_feed_serve(&gpsd, daemon_gpsd);
    (void)daemon_feed_until(&run, FEED_PORT, "1 tracks");
    struct sky_asterix_walk walk = {.bytes = bytes};
    const ssize_t count = recv(listener, bytes, sizeof bytes, 0);
    assert_true(count > 0);
    walk.count = (size_t)count;
    struct sky_asterix_record record;
    const char *item = "";
    uint32_t offset = 0;
    assert_int_equal(sky_asterix_next(&walk, &record, &item, &offset), SKY_OK);
    assert_int_equal(record.sic, 240);
    const double north_m = (record.plot.place.lat_rad - 20.0 * 0.017453292519943295) * 6.37e6;
    assert_in_range((int)north_m, 3000, 5100); /* as high as the prior has it */
    kill(run.pid, SIGTERM);
    assert_int_equal(daemon_exit(&run, DAEMON_PATIENCE_MS), 0);
    daemon_feed_stop(&gpsd);
    close(listener);
    assert_non_null(strstr(daemon_stderr(&run), " datagrams sent, 0 could not be"));
}

static void a_feed_that_is_away_keeps_nobody_else_from_recording(void **state)
{
    (void)state;
    write_config(radar_and_feed, gpsd_and_head); /* neither gpsd nor the head are there */
    start(NULL);
    assert_true(daemon_says(&run, "READY=1", DAEMON_PATIENCE_MS));
    daemon_send_plot(FEED_PORT);
    wait_for_recorded(&seen.datagrams, 1);
    wait_for_recorded(&seen.downs, 2);
    daemon_feed_listen(&head, HEAD_PORT);
    daemon_feed_serve(&head, daemon_head);
    assert_true(daemon_says(&run, "2 of 3 sources up", DAEMON_PATIENCE_MS));
    wait_for_recorded(&seen.registers, 1);
    kill(run.pid, SIGTERM);
    assert_int_equal(daemon_exit(&run, DAEMON_PATIENCE_MS), 0);
    daemon_feed_stop(&head);
    read_segment(0);
    assert_int_equal(seen.downs, 2);
    assert_int_equal(seen.datagrams, 1);
}

static void a_next_run_begins_the_next_segment(void **state)
{
    (void)state;
    write_config(radar_and_feed, "");
    for (uint32_t i = 0; i < 2; i++) {
        run.said_bytes = 0;
        memset(run.said, 0, sizeof run.said);
        start(NULL);
        assert_true(daemon_says(&run, "READY=1", DAEMON_PATIENCE_MS));
        kill(run.pid, SIGTERM);
        assert_int_equal(daemon_exit(&run, DAEMON_PATIENCE_MS), 0);
        read_segment(i);
        assert_true(seen.finished);
        assert_int_equal(seen.first_channel, SKY_CHANNEL_CONFIG);
    }
}

static void a_killed_run_leaves_what_was_durable(void **state)
{
    (void)state;
    write_config(radar_and_feed, "");
    start(NULL);
    assert_true(daemon_says(&run, "READY=1", DAEMON_PATIENCE_MS));
    daemon_send_plot(FEED_PORT);
    wait_for_recorded(&seen.datagrams, 1);
    kill(run.pid, SIGKILL);
    assert_int_equal(daemon_exit(&run, DAEMON_PATIENCE_MS), -1);
    read_segment(0);
    assert_false(seen.finished);
    assert_false(seen.gap);
    assert_int_equal(seen.datagrams, 1);
}

static void a_log_that_another_station_writes_is_not_shared(void **state)
{
    (void)state;
    write_config(radar_and_feed, "");
    start(NULL);
    assert_true(daemon_says(&run, "READY=1", DAEMON_PATIENCE_MS));
    const pid_t first = run.pid;
    assert_int_equal(run_with("--config", run.config, NULL), 74);
    assert_non_null(strstr(daemon_stderr(&run), "cannot record in "));
    assert_non_null(strstr(daemon_stderr(&run), ": another process records there\n"));
    run.pid = first;
    kill(run.pid, SIGTERM);
    assert_int_equal(daemon_exit(&run, DAEMON_PATIENCE_MS), 0);
}

static void exit_codes_say_what_kind_of_mistake_it_was(void **state)
{
    (void)state;
    write_config(radar_and_feed, "");
    assert_int_equal(run_with(NULL, NULL, NULL), 64);
    assert_int_equal(run_with("--nonsense", NULL, NULL), 64);
    assert_int_equal(run_with("--config", run.config, "more"), 64);
    assert_int_equal(run_with("--version", NULL, NULL), 0);
    assert_int_equal(run_with("--help", NULL, NULL), 0);
    assert_int_equal(run_with("--config", run.config, "--check-config"), 0);
    assert_int_equal(run_with("--config", run.config, "--print-config"), 0);
    assert_non_null(strstr(daemon_stderr(&run), "commit_ms = 100"));
    assert_int_equal(run_with("--config", "/nowhere.ini", "--check-config"), 78);
    write_config(radar_and_feed, "[log]\nnonsense = 1\n");
    assert_int_equal(run_with("--config", run.config, "--check-config"), 78);
    assert_non_null(strstr(daemon_stderr(&run), "c.ini:25: key 'nonsense': unknown in [log]"));
    write_config(radar_and_feed, "");
    daemon_write_file(run.folder, "zones.pb", "no zones", 8);
    assert_int_equal(run_with("--config", run.config, "--check-config"), 78);
    assert_int_equal(run_with("--config", run.config, NULL), 78);
}

static int set_up(void **state)
{
    (void)state;
    daemon_quick_folder(&run);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    daemon_clean(&run);
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        CASE(a_station_records_until_it_is_told_to_stop_and_closes_its_log),
        CASE(all_three_feeds_arrive_and_sighup_opens_them_anew),
        CASE(an_instrument_with_a_map_of_its_own_becomes_readings),
        CASE(listeners_are_told_of_the_fused_track),
        CASE(a_feed_that_is_away_keeps_nobody_else_from_recording),
        CASE(a_next_run_begins_the_next_segment),
        CASE(a_killed_run_leaves_what_was_durable),
        CASE(a_log_that_another_station_writes_is_not_shared),
        CASE(exit_codes_say_what_kind_of_mistake_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
