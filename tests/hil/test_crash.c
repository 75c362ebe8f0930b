/*
 * kill -9 at random instants: the real skywitnessd under a thousand datagrams a second, killed and
 * started again on what it left. What it had offered or said must be there, and nothing altered.
 *
 * Argument 1: how often, for a longer run (./dev crash).
 */
#include <dirent.h>
#include <sys/stat.h>

#include "sky_daemon.h"
#include "sky_tool.h"

enum { FEED_PORT = 29252, KILLS = 7, KILLS_PER_LOG = 25, RING_SEGMENTS = 256 };

static struct daemon_run station;
static int kills = KILLS;
static atomic_bool quiet;
static pthread_t feed;
static unsigned long long inputs_seen;
static unsigned long long inputs_promised;

static const char config[] = "[zones]\nfile = zones.pb\n"
                             "[log]\ndirectory = log\ncommit_ms = 5\nsegment_mib = 8\n"
                             "key = station.key\noffer = latest.note\ncheckpoint_s = 1\n"
                             "epoch_s = 1\n"
                             "[station]\ntick_ms = 100\n"
                             "latitude_deg = 20\nlongitude_deg = 3\naltitude_hae_m = 500\n"
                             "[radar.north]\nat_station = yes\nsac = 25\nsic = 201\n"
                             "sigma_range_m = 15\nsigma_azimuth_deg = 0.2\n"
                             "range_max_m = 30000\nscan_ms = 400\n"
                             "[asterix.feed]\nlisten = 127.0.0.1:29252\n";

static void *babble(void *argument)
{
    (void)argument;
    while (!atomic_load(&quiet)) {
        daemon_send_plot(FEED_PORT);
        daemon_nap_ms(1);
    }
    return NULL;
}

static void make_station(void)
{
    daemon_folder(&station);
    (void)snprintf(folder, sizeof folder, "%s", station.folder);
    daemon_write_file(station.folder, "c.ini", config, sizeof config - 1);
    assert_int_equal(run("witness keygen station.example/1 station.key"), 0);
}

/* Hears all that was said up to now. */
static void listen_up(void)
{
    struct pollfd ready = {.fd = station.notify_fd, .events = POLLIN};
    while (poll(&ready, 1, 0) > 0) {
        (void)daemon_says(&station, "what no run says", 1);
    }
}

/* Starts it. Returns how long it took until it recorded, -1 if it was not waited for. */
static int64_t start(bool until_ready)
{
    const char *const argument[] = {"skywitnessd", "--config", station.config, NULL};
    const int64_t from_ms = daemon_now_ms();
    listen_up();
    memset(station.said, 0, sizeof station.said);
    station.said_bytes = 0;
    daemon_start(&station, SKY_DAEMON, argument, NULL);
    if (!until_ready) {
        return -1;
    }
    if (!daemon_says(&station, "READY=1", DAEMON_PATIENCE_MS)) {
        fail_msg("%s", daemon_stderr(&station));
    }
    return daemon_now_ms() - from_ms;
}

static void kill_it(void)
{
    kill(station.pid, SIGKILL);
    (void)daemon_exit(&station, DAEMON_PATIENCE_MS);
}

/* The highest number of durable inputs that the run has said. */
static unsigned long long inputs_said(void)
{
    unsigned long long most = 0;
    listen_up();
    for (const char *at = strstr(station.said, "STATUS="); at != NULL;
         at = strstr(at + 1, "STATUS=")) {
        most = strtoull(at + 7, NULL, 10);
    }
    return most;
}

static int is_segment(const struct dirent *entry)
{
    return strncmp(entry->d_name, "seg-", 4) == 0 && strstr(entry->d_name, ".tmp") == NULL;
}

/* Reads a segment and counts its inputs; false if it does not begin as one. */
static bool count_inputs(const char *name, unsigned long long *ret_inputs)
{
    static uint8_t bytes[8 << 20];
    char path[400];
    struct sky_scan scan;
    struct sky_scan_item item;
    const char *reason;
    (void)snprintf(path, sizeof path, "%s/log/%s", station.folder, name);
    FILE *const file = fopen(path, "rb");
    assert_non_null(file);
    const size_t count = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    *ret_inputs = 0;
    if (sky_scan_begin(&scan, bytes, count, &reason) != SKY_OK) {
        return false;
    }
    for (sky_scan_next(&scan, &item); item.found == SKY_SCAN_RECORD; sky_scan_next(&scan, &item)) {
        *ret_inputs += sky_codec_is_input(item.channel);
    }
    assert_int_equal(item.found, SKY_SCAN_TORN_END);
    return true;
}

/* The run that was just killed has left its segment as the last; it may not have come so far. */
static void expect_what_was_said(int segments_before)
{
    struct dirent **entry = NULL;
    char path[128];
    const unsigned long long said_inputs = inputs_said();
    unsigned long long inputs = 0;
    (void)snprintf(path, sizeof path, "%s/log", station.folder);
    const int count = scandir(path, &entry, is_segment, alphasort);
    if (count > segments_before) {
        (void)count_inputs(entry[count - 1]->d_name, &inputs);
    }
    for (int i = 0; i < count; i++) {
        free(entry[i]);
    }
    free(entry);
    inputs_seen += inputs;
    inputs_promised += said_inputs;
    if (inputs < said_inputs) {
        fail_msg("%llu inputs were said to be durable, %llu are there", said_inputs, inputs);
    }
}

static int segments_now(void)
{
    struct dirent **entry = NULL;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/log", station.folder);
    const int count = scandir(path, &entry, is_segment, alphasort);
    for (int i = 0; i < count; i++) {
        free(entry[i]);
    }
    free(entry);
    return count < 0 ? 0 : count;
}

/* What was offered is in the log, and nothing looks altered. */
static void expect_proven(void)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/latest.note", station.folder);
    const bool offered = access(path, R_OK) == 0;
    const int code = run("verify --key station.key.pub --no-replay %s log",
                         offered ? "--checkpoint latest.note" : "");
    if (code != 0 && code != 2) {
        fail_msg("%s%s", said, noted);
    }
    assert_null(strstr(said, "altered"));
}

static void nothing_acknowledged_is_lost_however_it_is_killed(void **state)
{
    (void)state;
    uint64_t seed = 11;
    int64_t longest_ms = 0;
    print_message("seed 11, %d kills\n", kills);
    for (int i = 0; i < kills; i++) {
        if (i % KILLS_PER_LOG == 0) {
            if (i > 0) {
                daemon_clean(&station);
            }
            make_station();
        }
        const int before = segments_now();
        /* Some while it is still starting, some when it has said what it recorded. */
        static const uint64_t span_ms[] = {60, 200, 500, 1600};
        const bool last = i == kills - 1;
        const uint64_t dice = last ? 3 : test_random(&seed) % 4;
        const int64_t took_ms = start(dice > 0);
        longest_ms = took_ms > longest_ms ? took_ms : longest_ms;
        const uint64_t nap_ms = test_random(&seed) % span_ms[dice];
        daemon_nap_ms((long)nap_ms);
        for (int k = 0; last && inputs_said() == 0 && k < 100; k++) {
            daemon_nap_ms(50); /* it has said at least once what is durable */
        }
        kill_it();
        expect_what_was_said(before);
        if (i % KILLS_PER_LOG == KILLS_PER_LOG - 1 || i == kills - 1) {
            expect_proven();
        }
    }
    print_message(
        "longest start: %lld ms; %llu inputs were there, %llu of them had been said to be\n",
        (long long)longest_ms, inputs_seen, inputs_promised);
    assert_true(inputs_promised > 0);
    daemon_clean(&station);
}

/* Older segments are there, but nobody has to read them. */
static void a_station_with_4_gib_of_log_starts_within_a_second(void **state)
{
    (void)state;
    make_station();
    char path[128];
    (void)snprintf(path, sizeof path, "%s/log", station.folder);
    assert_int_equal(mkdir(path, 0700), 0);
    for (unsigned i = 0; i < RING_SEGMENTS; i++) {
        (void)snprintf(path, sizeof path, "%s/log/seg-%016x.mcap", station.folder, i);
        const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(ftruncate(file, 16 << 20), 0);
        assert_int_equal(close(file), 0);
    }
    (void)start(true);
    daemon_nap_ms(100);
    kill_it();
    int64_t quickest_ms = INT64_MAX; /* of a few: the machine has other things to do */
    for (int i = 0; i < 5 && quickest_ms >= 1000; i++) {
        const int64_t took_ms = start(true);
        quickest_ms = took_ms < quickest_ms ? took_ms : quickest_ms;
        kill_it();
    }
    print_message("started in %lld ms\n", (long long)quickest_ms);
    assert_true(quickest_ms < 1000);
    daemon_clean(&station);
}

static int begin_feed(void **state)
{
    (void)state;
    return pthread_create(&feed, NULL, babble, NULL);
}

static int end_feed(void **state)
{
    (void)state;
    atomic_store(&quiet, true);
    return pthread_join(feed, NULL);
}

int main(int argc, char **argv)
{
    kills = argc > 1 ? atoi(argv[1]) : kills;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_however_it_is_killed),
        cmocka_unit_test(a_station_with_4_gib_of_log_starts_within_a_second),
    };
    return cmocka_run_group_tests(tests, begin_feed, end_feed);
}
