/*
 * A disk that stalls: the real skywitnessd takes a thousand datagrams a second through its own
 * socket while every tenth flush takes long, and none is dropped.
 *
 * Argument 1: for so many seconds; argument 2: so many milliseconds long (./dev bench: 30 2000).
 */
#include "sky_daemon.h"

enum { FEED_PORT = 29283, SEGMENT_BYTES = 64 << 20 };

static struct daemon_run station;
static int64_t lasts_ms = 2500;
static long stall_ms = 200;
static int commit_ms = 100; /* a tenth of what a station has, as the stall is */

static void start(void)
{
    const char *const argument[] = {"skywitnessd", "--config", station.config, NULL};
    char text[512], stall[64], preload[256];
    const int count = snprintf(text, sizeof text,
                               "[zones]\nfile = zones.pb\n"
                               "[log]\ndirectory = log\nsegment_mib = 64\ncommit_ms = %d\n"
                               "[station]\ntick_ms = 100\nlatitude_deg = 20\nlongitude_deg = 3\n"
                               "altitude_hae_m = 500\n"
                               "[asterix.feed]\nlisten = 127.0.0.1:%d\n",
                               commit_ms, FEED_PORT);
    daemon_write_file(station.folder, "c.ini", text, (size_t)count);
    (void)snprintf(stall, sizeof stall, "SKY_STALL_MS=%ld", stall_ms);
    (void)snprintf(preload, sizeof preload, "LD_PRELOAD=%s", SKY_POOR_DISK);
    const char *const environment[] = {stall, preload, NULL};
    daemon_start(&station, SKY_DAEMON, argument, environment);
    assert_true(daemon_says(&station, "READY=1", DAEMON_PATIENCE_MS));
}

/* One per millisecond, those that are late all at once. Returns how many. */
static uint64_t babble(void)
{
    static const uint8_t nonsense[] = {0x30, 0x00, 0x01, 1, 2, 3, 4, 5, 6, 7, 8};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(FEED_PORT),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int64_t from_ms = daemon_now_ms();
    uint64_t sent = 0;
    for (int64_t now_ms = from_ms; now_ms < from_ms + lasts_ms; now_ms = daemon_now_ms()) {
        for (; (int64_t)sent < now_ms - from_ms; sent++) {
            assert_int_equal(
                sendto(fd, nonsense, sizeof nonsense, 0, (const struct sockaddr *)&to, sizeof to),
                sizeof nonsense);
        }
        daemon_nap_ms(1);
    }
    close(fd);
    return sent;
}

/* What the log has: datagrams, and sources that say they lost some. */
static uint64_t recorded(uint64_t *ret_bad_news)
{
    uint8_t *const bytes = malloc(SEGMENT_BYTES);
    uint64_t datagrams = 0;
    struct sky_scan scan;
    struct sky_scan_item item;
    const char *reason;
    char path[128];
    assert_non_null(bytes);
    (void)snprintf(path, sizeof path, "%s/log/seg-0000000000000000.mcap", station.folder);
    FILE *const file = fopen(path, "rbe");
    assert_non_null(file);
    const size_t count = fread(bytes, 1, SEGMENT_BYTES, file);
    (void)fclose(file);
    assert_int_equal(sky_scan_begin(&scan, bytes, count, &reason), SKY_OK);
    *ret_bad_news = 0;
    for (sky_scan_next(&scan, &item); item.found == SKY_SCAN_RECORD; sky_scan_next(&scan, &item)) {
        datagrams += item.channel == SKY_CHANNEL_DATAGRAM;
        *ret_bad_news += item.channel == SKY_CHANNEL_SOURCE;
    }
    assert_int_equal(item.found, SKY_SCAN_END);
    free(bytes);
    return datagrams;
}

static void no_datagram_is_dropped_while_the_disk_stalls(void **state)
{
    (void)state;
    uint64_t news = 0;
    daemon_folder(&station);
    start();
    const uint64_t sent = babble();
    daemon_nap_ms(2 * stall_ms); /* until the last has been taken, whatever the disk does */
    kill(station.pid, SIGTERM);
    assert_int_equal(daemon_exit(&station, DAEMON_PATIENCE_MS), 0);
    const uint64_t there = recorded(&news);
    const char *const told = strstr(daemon_stderr(&station), "durable: ");
    print_message("%llu datagrams sent, %llu recorded; %.*s\n", (unsigned long long)sent,
                  (unsigned long long)there, told == NULL ? 0 : (int)strcspn(told, "\n"), told);
    assert_int_equal(there, sent);
    assert_int_equal(news, 2); /* the source came, and the station was shut down */
    assert_non_null(told);
    assert_non_null(strstr(told, "faults 0"));
    daemon_clean(&station);
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        lasts_ms = atol(argv[1]) * 1000;
        stall_ms = atol(argv[2]);
        commit_ms = 1000;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_datagram_is_dropped_while_the_disk_stalls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
