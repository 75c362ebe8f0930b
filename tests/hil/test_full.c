/*
 * A medium that fills up under the real skywitnessd: it makes room as a ring, and where nothing may
 * go it says so and ends.
 */
#include "sky_daemon.h"
#include "sky_tool.h"

enum { FEED_PORT = 29281, DATAGRAM_BYTES = 60000, MIB = 1024 * 1024 };

static struct daemon_run station;

static int make_station(void **state)
{
    (void)state;
    daemon_folder(&station);
    (void)snprintf(folder, sizeof folder, "%s", station.folder);
    return run("witness keygen station.example/1 station.key");
}

static int clean(void **state)
{
    (void)state;
    daemon_clean(&station);
    return 0;
}

/* Starts the daemon on a medium of so many bytes. */
static void start(const char *ring, long long bytes)
{
    const char *const argument[] = {"skywitnessd", "--config", station.config, NULL};
    char text[1024], disk[64], preload[256];
    const int count = snprintf(text, sizeof text,
                               "[zones]\nfile = zones.pb\n"
                               "[log]\ndirectory = log\ncommit_ms = 5\nsegment_mib = 8\n"
                               "key = station.key\n%s"
                               "[station]\ntick_ms = 100\nlatitude_deg = 20\nlongitude_deg = 3\n"
                               "altitude_hae_m = 500\n"
                               "[asterix.feed]\nlisten = 127.0.0.1:29281\n",
                               ring);
    daemon_write_file(station.folder, "c.ini", text, (size_t)count);
    (void)snprintf(disk, sizeof disk, "SKY_DISK_BYTES=%lld", bytes);
    (void)snprintf(preload, sizeof preload, "LD_PRELOAD=%s", SKY_POOR_DISK);
    const char *const environment[] = {disk, preload, NULL};
    station.said_bytes = 0;
    memset(station.said, 0, sizeof station.said);
    daemon_start(&station, SKY_DAEMON, argument, environment);
}

/* Sends what no radar says, but what must be recorded all the same. */
static void babble(int datagrams)
{
    static const uint8_t bytes[DATAGRAM_BYTES];
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(FEED_PORT),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (int i = 0; i < datagrams; i++) {
        (void)sendto(fd, bytes, sizeof bytes, 0, (const struct sockaddr *)&to, sizeof to);
        daemon_nap_ms(1);
    }
    close(fd);
}

static void a_full_medium_ends_a_station_whose_log_may_not_shrink(void **state)
{
    (void)state;
    int status = 0;
    start("ring_mib = 0\n", 20 * MIB);
    assert_true(daemon_says(&station, "READY=1", DAEMON_PATIENCE_MS));
    const int64_t until_ms = daemon_now_ms() + DAEMON_PATIENCE_MS;
    while (waitpid(station.pid, &status, WNOHANG) == 0) {
        assert_true(daemon_now_ms() < until_ms);
        babble(5);
    }
    station.pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 74);
    assert_non_null(strstr(daemon_stderr(&station), "cannot record in "));
    assert_non_null(strstr(daemon_stderr(&station), ": No space left on device\n"));
    /* Started again, it says so again. */
    start("ring_mib = 0\n", 4 * MIB);
    assert_int_equal(daemon_exit(&station, DAEMON_PATIENCE_MS), 74);
    /* What it had is whole. */
    const int code = run("verify --key station.key.pub log");
    if (code != 2) {
        fail_msg("%d: %s%s", code, said, noted);
    }
}

static void a_full_medium_is_a_ring_for_a_station_that_may_let_go(void **state)
{
    (void)state;
    start("ring_mib = 4096\npin_s = 1\n", 40 * MIB);
    assert_true(daemon_says(&station, "READY=1", DAEMON_PATIENCE_MS));
    char first[128];
    (void)snprintf(first, sizeof first, "%s/log/seg-0000000000000001.mcap", station.folder);
    const int64_t until_ms = daemon_now_ms() + DAEMON_PATIENCE_MS;
    bool was_there = false, is_there = false;
    while (!was_there || is_there) {
        assert_true(daemon_now_ms() < until_ms);
        babble(20);
        is_there = access(first, F_OK) == 0;
        was_there = was_there || is_there;
    }
    babble(50);
    kill(station.pid, SIGTERM);
    assert_int_equal(daemon_exit(&station, DAEMON_PATIENCE_MS), 0);
    assert_null(strstr(daemon_stderr(&station), "failed"));
    const int code = run("verify --key station.key.pub log");
    if (code != 0 || strstr(said, "and the tree proves: segments 1 to ") == NULL) {
        fail_msg("%d: %s%s", code, said, noted);
    }
    /* What a run began with stays, and no more may go than is said. */
    char command[256];
    (void)snprintf(command, sizeof command, "cd %s/log && rm \"$(ls seg-*.mcap | sed -n 2p)\"",
                   station.folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("verify --key station.key.pub log"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_medium_ends_a_station_whose_log_may_not_shrink,
                                        make_station, clean),
        cmocka_unit_test_setup_teardown(a_full_medium_is_a_ring_for_a_station_that_may_let_go,
                                        make_station, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
