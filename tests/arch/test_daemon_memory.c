/*
 * Nothing allocates after READY: the real skywitnessd with all three feeds, under a malloc that
 * counts.
 *
 * Opening again is the one exception: a bus's thread is started anew, and the C library may take
 * memory for it the first time. The limit for that is in the second test.
 */
#include <sys/stat.h>

#include "sky_daemon.h"
#include "sky_seal.h"

enum { GPSD_PORT = 29220, HEAD_PORT = 29221, FEED_PORT = 29222 };

static struct daemon_run run;
static struct daemon_feed gpsd, head;

static const char config[] = "[zones]\nfile = zones.pb\n"
                             "[log]\ndirectory = log\ncommit_ms = 100\nsegment_mib = 8\n"
                             "key = station.key\noffer = latest.note\n"
                             "checkpoint_s = 1\nepoch_s = 1\n"
                             "[station]\ntick_ms = 50\n"
                             "[incident]\ndwell_s = 0\n"
                             "[radar.north]\nat_station = yes\nsac = 25\nsic = 201\n"
                             "sigma_range_m = 15\nsigma_azimuth_deg = 0.2\n"
                             "range_max_m = 30000\nscan_ms = 200\n"
                             "[radar.head]\nat_station = yes\n"
                             "sigma_range_m = 15\nsigma_azimuth_deg = 0.2\n"
                             "range_max_m = 30000\nscan_ms = 200\n"
                             "[sink]\nto = 127.0.0.1:29223\nsac = 25\nsic = 240\n"
                             "[gpsd]\nport = 29220\n"
                             "[modbus.head]\nradar = head\ntcp = 127.0.0.1:29221\n"
                             "poll_ms = 50\ntimeout_ms = 5000\n"
                             "[asterix.feed]\nlisten = 127.0.0.1:29222\n";

static void begin(void)
{
    char count_to[128], preload[256];
    const char *const argument[] = {"skywitnessd", "--config", run.config, NULL};
    snprintf(count_to, sizeof count_to, "SKY_ALLOCATIONS=%s/allocations", run.folder);
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", SKY_COUNTER);
    const char *const environment[] = {count_to, preload, NULL};
    daemon_write_file(run.folder, "c.ini", config, sizeof config - 1);
    daemon_feed_listen(&gpsd, GPSD_PORT);
    daemon_feed_listen(&head, HEAD_PORT);
    daemon_start(&run, SKY_DAEMON, argument, environment);
    daemon_feed_serve(&gpsd, daemon_gpsd);
    daemon_feed_serve(&head, daemon_head);
    assert_true(daemon_says(&run, "3 of 3 sources up", DAEMON_PATIENCE_MS));
}

static void feed_for_ms(int64_t ms)
{
    const int64_t until_ms = daemon_now_ms() + ms;
    while (daemon_now_ms() < until_ms) {
        daemon_send_plot(FEED_PORT);
        daemon_nap_ms(20);
    }
}

/* Stops the run; the number of allocations it made, and who made the first. */
static unsigned long allocations(char ret_who[256])
{
    char path[128];
    unsigned long count = 0;
    kill(run.pid, SIGTERM);
    assert_int_equal(daemon_exit(&run, DAEMON_PATIENCE_MS), 0);
    daemon_feed_stop(&gpsd);
    daemon_feed_stop(&head);
    snprintf(path, sizeof path, "%s/allocations", run.folder);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %255[^\n]", &count, ret_who), 2);
    fclose(file);
    return count;
}

static void nothing_allocates_after_ready(void **state)
{
    (void)state;
    char who[256];
    begin();
    (void)daemon_feed_until(&run, FEED_PORT, "1 incidents open");
    const unsigned long count = allocations(who);
    if (count != 0) {
        fail_msg("%lu allocations, the first by %s", count, who);
    }
}

static void opening_again_allocates_a_thread_at_most(void **state)
{
    (void)state;
    char who[256];
    begin();
    for (int i = 0; i < 2; i++) {
        kill(run.pid, SIGHUP);
        feed_for_ms(600);
    }
    const unsigned long count = allocations(who);
    print_message("%lu allocations in 2 reopenings, the first by %s\n", count, who);
    assert_in_range(count, 0, 2);
}

static void write_secret(const char *name, const void *bytes, size_t count)
{
    char path[128];
    daemon_write_file(run.folder, name, bytes, count);
    snprintf(path, sizeof path, "%s/%s", run.folder, name);
    assert_int_equal(chmod(path, 0600), 0);
}

/* Signing takes memory for a while; a station that signs has set it aside. */
static void write_keys(void)
{
    static uint8_t blocks[2 * SKY_EPOCH_BLOCK_BYTES];
    static const uint8_t seed[SKY_ED25519_BYTES] = {1};
    struct sky_note_signer signer;
    char text[SKY_NOTE_KEY_TEXT_MAX];
    assert_int_equal(sky_note_make_signer("station.example/1", SKY_NOTE_ED25519, seed, &signer),
                     SKY_OK);
    sky_note_signer_text(&signer, text);
    sky_epoch_write(0, seed, blocks);
    write_secret("station.key", text, strlen(text));
    write_secret("station.key.epoch", blocks, sizeof blocks);
}

static int set_up(void **state)
{
    (void)state;
    daemon_quick_folder(&run);
    write_keys();
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
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_allocates_after_ready, set_up, tear_down),
        cmocka_unit_test_setup_teardown(opening_again_allocates_a_thread_at_most, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
