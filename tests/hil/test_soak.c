/*
 * A station under load for a while: the real skywitnessd takes radar plots over UDP, a Modbus head
 * and a receiver, and at the end everything that was sent is in the log, or the log says that it
 * was lost; its memory has not grown; and the log is proven and replays.
 *
 * Argument 1: seconds; argument 2: plots a second (./dev soak).
 */
#include <math.h>
#include <sys/statvfs.h>

#include "sky_daemon.h"
#include "sky_seen.h"
#include "sky_tool.h"

enum {
    RADARS = 4,
    AIRCRAFT = 100,
    PLOTS_PER_DATAGRAM = 2,
    STEP_MS = 5,
    DAEMON_MIB_MAX = 64,
    TOLD_S = 60,  /* from here on it says how it goes */
    LONG_S = 3000 /* and from here on memory must have settled after a fifth */
};

static struct daemon_run station;
static struct daemon_feed gpsd, head;
static struct seen seen;
static uint16_t gpsd_port, head_port, feed_port;
static int seconds = 1;
static double plots_per_s = 2000.0;

static struct {
    atomic_bool stop;
    pthread_t thread;
    uint64_t datagrams;
    uint64_t plots;
    uint64_t refused; /* that the kernel did not take from us */
    int64_t late_ms;  /* the farthest behind its own plan */
} radars;

static void make_config(void)
{
    static char text[4096];
    gpsd_port = daemon_free_port(SOCK_STREAM);
    head_port = daemon_free_port(SOCK_STREAM);
    feed_port = daemon_free_port(SOCK_DGRAM);
    size_t used = (size_t)snprintf(
        text, sizeof text,
        "[zones]\nfile = zones.pb\n"
        "[log]\ndirectory = log\nsegment_mib = 64\nring_mib = 0\nkey = station.key\n"
        "[station]\nlatitude_deg = 20\nlongitude_deg = 3\naltitude_hae_m = 500\n"
        "[gpsd]\nport = %u\n"
        "[radar.head]\nat_station = yes\nsigma_range_m = 15\nsigma_azimuth_deg = 0.2\n"
        "range_max_m = 30000\nscan_ms = 400\n"
        "[modbus.head]\nradar = head\ntcp = 127.0.0.1:%u\npoll_ms = 50\ntimeout_ms = 5000\n"
        "[asterix.feed]\nlisten = 127.0.0.1:%u\nrcvbuf_kib = 8192\n",
        gpsd_port, head_port, feed_port);
    for (int i = 0; i < RADARS; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "[radar.r%d]\nat_station = yes\nsac = 25\nsic = %d\n"
                                 "sigma_range_m = 30\nsigma_azimuth_deg = 0.1\n"
                                 "range_max_m = 100000\nscan_ms = 1000\n"
                                 "false_plots_per_scan = %.0f\n",
                                 i, i + 1, fmax(1.0, plots_per_s / RADARS - AIRCRAFT));
    }
    daemon_write_file(station.folder, "c.ini", text, used);
}

/* ---- the radars ---- */

/* Aircraft fly straight across, side by side; what is not an aircraft is anywhere. */
static void place_plot(uint64_t number, double time_s, uint64_t *seed, double *ret_range_m,
                       double *ret_azimuth_rad)
{
    const uint64_t of_scan = (uint64_t)(plots_per_s / RADARS);
    const uint64_t i = number / RADARS % (of_scan > 0 ? of_scan : 1);
    double east_m = 0.0, north_m = 0.0;
    if (i < AIRCRAFT) {
        east_m = fmod(900.0 * (double)i + 60.0 * time_s, 80e3) - 40e3;
        north_m = 70e3 * ((double)i + 0.5) / AIRCRAFT - 35e3;
    } else {
        const double away_m = 95e3 * sqrt(test_uniform(seed, 0.0, 1.0));
        const double azimuth_rad = test_uniform(seed, 0.0, 6.283185307179586);
        east_m = away_m * sin(azimuth_rad);
        north_m = away_m * cos(azimuth_rad);
    }
    *ret_range_m = hypot(east_m, north_m) + 30.0 * test_normal(seed);
    *ret_azimuth_rad = atan2(east_m, north_m) + 0.0017 * test_normal(seed);
}

/* A CAT048 record: data source, time of day, type, position. */
static size_t write_plot(uint64_t number, const struct timespec *now, uint64_t *seed, uint8_t *at)
{
    double range_m = 0.0, azimuth_rad = 0.0;
    const double time_s = (double)now->tv_sec + 1e-9 * (double)now->tv_nsec;
    place_plot(number, fmod(time_s, 1e6), seed, &range_m, &azimuth_rad);
    const uint32_t day = (uint32_t)(fmod(time_s, 86400.0) * 128.0);
    const uint16_t rho = (uint16_t)fmin(65535.0, fmax(0.0, range_m / (1852.0 / 256.0)));
    const uint16_t theta = (uint16_t)(int32_t)lround(azimuth_rad * 32768.0 / 3.14159265358979);
    const uint8_t record[] = {0xF0,
                              25,
                              (uint8_t)(number % RADARS + 1),
                              (uint8_t)(day >> 16),
                              (uint8_t)(day >> 8),
                              (uint8_t)day,
                              0x20,
                              (uint8_t)(rho >> 8),
                              (uint8_t)rho,
                              (uint8_t)(theta >> 8),
                              (uint8_t)theta};
    memcpy(at, record, sizeof record);
    return sizeof record;
}

static void send_datagram(int fd, uint64_t *seed)
{
    uint8_t block[3 + 16 * PLOTS_PER_DATAGRAM] = {48, 0, 0};
    size_t bytes = 3;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (int i = 0; i < PLOTS_PER_DATAGRAM; i++) {
        bytes += write_plot(radars.plots + (uint64_t)i, &now, seed, block + bytes);
    }
    block[2] = (uint8_t)bytes;
    radars.plots += PLOTS_PER_DATAGRAM;
    if (send(fd, block, bytes, 0) == (ssize_t)bytes) {
        radars.datagrams++;
    } else {
        radars.refused++;
    }
}

static void *turn_radars(void *argument)
{
    (void)argument;
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(feed_port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)connect(fd, (const struct sockaddr *)&to, sizeof to);
    const int64_t from_ms = daemon_now_ms();
    uint64_t seed = 1;
    while (!atomic_load(&radars.stop)) {
        const int64_t gone_ms = daemon_now_ms() - from_ms;
        const double due = plots_per_s * (double)gone_ms / 1000.0;
        const int64_t late_ms = (int64_t)((due - (double)radars.plots) / plots_per_s * 1000.0);
        radars.late_ms = late_ms > radars.late_ms ? late_ms : radars.late_ms;
        while ((double)radars.plots < due) {
            send_datagram(fd, &seed);
        }
        daemon_nap_ms(STEP_MS);
    }
    close(fd);
    return NULL;
}

/* ---- memory ---- */

struct memory {
    uint32_t count;
    uint64_t first_kib; /* once it had a fifth of the time to settle */
    uint64_t latest_kib;
    uint64_t most_kib;
};

static uint64_t resident_kib(void)
{
    char path[64], line[128];
    unsigned long long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)station.pid);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL && sscanf(line, "VmRSS: %llu", &kib) != 1) {
    }
    fclose(file);
    return kib;
}

static void sample(struct memory *memory, int second)
{
    memory->latest_kib = resident_kib();
    memory->most_kib =
        memory->latest_kib > memory->most_kib ? memory->latest_kib : memory->most_kib;
    if (second <= seconds / 5) {
        memory->first_kib = memory->latest_kib;
    }
    if (seconds >= TOLD_S && second % (seconds / 12) == 0) {
        print_message("%5d s: %llu KiB resident, %llu datagrams sent\n", second,
                      (unsigned long long)memory->latest_kib, (unsigned long long)radars.datagrams);
    }
}

static void expect_room(void)
{
    struct statvfs facts;
    assert_int_equal(statvfs(station.folder, &facts), 0);
    if (facts.f_bavail * facts.f_frsize < (uint64_t)2 << 30) {
        fail_msg("less than 2 GiB are left in %s", station.folder);
    }
}

/* Forgets the status lines that came, but for the latest word. */
static void listen_up(void)
{
    (void)daemon_says(&station, "what no run says", 1);
    memset(station.said, 0, sizeof station.said);
    station.said_bytes = 0;
}

/* ---- the run ---- */

static void begin(void)
{
    const char *const argument[] = {"skywitnessd", "--config", station.config, NULL};
    daemon_feed_listen(&gpsd, gpsd_port);
    daemon_feed_listen(&head, head_port);
    daemon_start(&station, SKY_DAEMON, argument, NULL);
    daemon_feed_serve(&gpsd, daemon_gpsd);
    daemon_feed_serve(&head, daemon_head);
    if (!daemon_says(&station, "3 of 3 sources up", DAEMON_PATIENCE_MS)) {
        fail_msg("%s", daemon_stderr(&station));
    }
    assert_int_equal(pthread_create(&radars.thread, NULL, turn_radars, NULL), 0);
}

/* The radars first: what they sent last is with the kernel, and the daemon takes it before it ends.
 */
static void end(void)
{
    atomic_store(&radars.stop, true);
    pthread_join(radars.thread, NULL);
    atomic_store(&gpsd.stop, true);
    daemon_nap_ms(seconds < TOLD_S ? 200 : 2000);
    kill(station.pid, SIGTERM);
    assert_int_equal(daemon_exit(&station, DAEMON_PATIENCE_MS), 0);
    daemon_feed_stop(&gpsd);
    daemon_feed_stop(&head);
}

static bool settled(const char *source, uint64_t sent)
{
    const struct seen_source *const got = seen_of(&seen, source);
    print_message("%-12s %9llu sent, %9llu recorded, %llu recorded as lost\n", source,
                  (unsigned long long)sent, (unsigned long long)got->inputs,
                  (unsigned long long)got->lost);
    return got->inputs + got->lost == sent;
}

static void what_was_sent_is_recorded_or_said_to_be_lost(void **state)
{
    (void)state;
    struct memory memory = {0};
    begin();
    for (int second = 1; second <= seconds; second++) {
        daemon_nap_ms(1000);
        listen_up();
        sample(&memory, second);
        expect_room();
    }
    end();
    seen_read(&seen, station.folder, NULL);
    print_message("%d s at %.0f plots/s: %llu plots, at most %lld ms behind; memory %llu KiB after "
                  "%d s, %llu KiB at the end, %llu KiB at most\n",
                  seconds, plots_per_s, (unsigned long long)radars.plots, (long long)radars.late_ms,
                  (unsigned long long)memory.first_kib, seconds / 5,
                  (unsigned long long)memory.latest_kib, (unsigned long long)memory.most_kib);
    print_message("log: %u segments, %.1f MiB, %llu records, %llu of them inputs\n", seen.segments,
                  (double)seen.bytes / 1048576.0, (unsigned long long)seen.records,
                  (unsigned long long)seen.inputs);
    const bool radars_settled = settled("asterix.feed", radars.datagrams);
    const bool gpsd_settled = settled("gpsd", atomic_load(&gpsd.said));
    const bool head_settled = settled("modbus.head", atomic_load(&head.said));
    print_message("%s", strstr(daemon_stderr(&station), "durable: "));
    assert_true(radars_settled && gpsd_settled && head_settled);
    assert_false(seen.gap || seen.went_back || seen.torn > 0);
    assert_true(memory.most_kib < (uint64_t)DAEMON_MIB_MAX * 1024);
    if (seconds >= LONG_S) {
        assert_true(memory.most_kib <= memory.first_kib + 1024);
    }
}

static void the_log_is_proven_and_replays(void **state)
{
    (void)state;
    const int64_t from_ms = daemon_now_ms();
    if (run("verify --no-replay --key station.key.pub log") != 0) {
        fail_msg("%s%s", said, noted);
    }
    const int64_t verified_ms = daemon_now_ms();
    if (run("replay --check log") != 0) {
        fail_msg("%s%s", said, noted);
    }
    print_message("verified in %.1f s, replayed in %.1f s: %s",
                  (double)(verified_ms - from_ms) / 1e3,
                  (double)(daemon_now_ms() - verified_ms) / 1e3, said);
}

static int make_station(void **state)
{
    (void)state;
    daemon_folder(&station);
    (void)snprintf(folder, sizeof folder, "%s", station.folder);
    make_config();
    return run("witness keygen station.example/1 station.key");
}

static int remove_station(void **state)
{
    (void)state;
    daemon_clean(&station);
    return 0;
}

int main(int argc, char **argv)
{
    seconds = argc > 1 ? atoi(argv[1]) : seconds;
    plots_per_s = argc > 2 ? atof(argv[2]) : plots_per_s;
    if (seconds < 1 || !(plots_per_s >= RADARS && plots_per_s <= 1e5)) {
        fprintf(stderr, "usage: test_hil_soak [SECONDS [PLOTS_PER_SECOND]], 4 .. 100000 of them\n");
        return 64;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_is_recorded_or_said_to_be_lost),
        cmocka_unit_test(the_log_is_proven_and_replays),
    };
    return cmocka_run_group_tests(tests, make_station, remove_station);
}
