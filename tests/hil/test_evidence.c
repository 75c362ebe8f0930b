/*
 * A station that signs, and the people who doubt it: the real skywitnessd with a key, killed and
 * started again, and the real skywitness over what it left.
 */
#include <sys/stat.h>

#include "sky_daemon.h"
#include "sky_tool.h"

enum { FEED_PORT = 29232 };

static struct daemon_run station;

static const char config[] = "[zones]\nfile = zones.pb\n"
                             "[log]\ndirectory = log\ncommit_ms = 100\nsegment_mib = 8\n"
                             "key = station.key\noffer = latest.note\ncheckpoint_s = 1\n"
                             "epoch_s = 2\n"
                             "[station]\ntick_ms = 100\n"
                             "latitude_deg = 20\nlongitude_deg = 3\naltitude_hae_m = 500\n"
                             "[radar.north]\nat_station = yes\nsac = 25\nsic = 201\n"
                             "sigma_range_m = 15\nsigma_azimuth_deg = 0.2\n"
                             "range_max_m = 30000\nscan_ms = 200\n"
                             "[asterix.feed]\nlisten = 127.0.0.1:29232\n"
                             "[incident]\ndwell_s = 0\n";

static void start(void)
{
    const char *const argument[] = {"skywitnessd", "--config", station.config, NULL};
    daemon_start(&station, SKY_DAEMON, argument, NULL);
}

/* One run of the station in which an incident opens. */
static void witness_an_incident(int end_signal)
{
    (void)daemon_says(&station, "what no run says", 50);
    memset(station.said, 0, sizeof station.said); /* the words of the run before */
    station.said_bytes = 0;
    start();
    (void)daemon_feed_until(&station, FEED_PORT, "1 incidents open");
    kill(station.pid, end_signal);
    const int code = daemon_exit(&station, DAEMON_PATIENCE_MS);
    if (end_signal == SIGTERM) {
        assert_int_equal(code, 0);
    }
}

static int make_station(void **state)
{
    (void)state;
    daemon_quick_folder(&station);
    (void)snprintf(folder, sizeof folder, "%s", station.folder);
    daemon_write_file(station.folder, "c.ini", config, sizeof config - 1);
    return run("witness keygen station.example/1 station.key");
}

static int remove_station(void **state)
{
    (void)state;
    daemon_clean(&station);
    return system("true");
}

static void a_key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/station.key", station.folder);
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(chmod(path, 0640), 0);
    start();
    assert_int_equal(daemon_exit(&station, DAEMON_PATIENCE_MS), 78);
    assert_non_null(strstr(daemon_stderr(&station), "others may read it"));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(run("witness keygen station.example/1 station.key"), 73); /* no overwriting */
}

static void a_run_that_ended_well_is_proven(void **state)
{
    (void)state;
    witness_an_incident(SIGTERM);
    if (run("verify --key station.key.pub --checkpoint latest.note log") != 0) {
        fail_msg("%s%s", said, noted);
    }
    assert_non_null(strstr(said, "log: proven"));
    assert_non_null(strstr(said, "replay: "));
    assert_int_equal(run("verify log"), 3); /* nobody vouches for the key */
}

static void runs_go_on_in_one_tree_even_after_a_kill(void **state)
{
    (void)state;
    witness_an_incident(SIGKILL);
    witness_an_incident(SIGTERM);
    if (run("verify --key station.key.pub --checkpoint latest.note log") != 2) {
        fail_msg("%s%s", said, noted);
    }
    assert_null(strstr(said, "altered"));
    assert_non_null(strstr(said, "3 runs"));
    assert_non_null(strstr(said, "proven by the log's key: records 0 to "));
}

static void no_key_is_in_the_log(void **state)
{
    (void)state;
    char command[512];
    (void)snprintf(command, sizeof command,
                   "cd %s && ! grep -qF \"$(cut -d+ -f5- station.key)\" log/*.mcap && "
                   "! grep -qF PRIVATE log/*.mcap",
                   station.folder);
    assert_int_equal(system(command), 0);
}

static void the_witnesses_of_both_sides_cosign_and_make_a_quorum(void **state)
{
    (void)state;
    char command[1024];
    assert_int_equal(run("witness keygen --witness a.example/w a.key"), 0);
    assert_int_equal(run("witness keygen --witness b.example/w b.key"), 0);
    (void)snprintf(command, sizeof command,
                   "cd %s && cp latest.note cosigned.note && (echo log $(cat station.key.pub); "
                   "echo witness a $(cat a.key.pub); echo witness b $(cat b.key.pub); "
                   "echo group both all a b; echo quorum both) >both.policy",
                   station.folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("witness request --old 0 log -o first.request"), 0);
    static const char *const side[] = {"a", "b"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(run("witness cosign --key %s.key --log station.key.pub --state %s.seen "
                             "first.request",
                             side[i], side[i]),
                         0);
        (void)snprintf(command, sizeof command, "cd %s && cat out.txt >>cosigned.note",
                       station.folder);
        assert_int_equal(system(command), 0);
        const int code = run("verify --policy both.policy --checkpoint cosigned.note log");
        assert_int_equal(code, 2); /* torn, from the kill */
        assert_non_null(strstr(said, i == 0 ? "quorum: not reached" : "quorum: reached"));
    }
    /* The same question again is asked from a size that is not the one seen. */
    assert_int_equal(run("witness cosign --key a.key --log station.key.pub --state a.seen "
                         "first.request"),
                     1);
}

static void an_incident_is_disclosed_and_proven_without_the_log(void **state)
{
    (void)state;
    assert_int_equal(run("export --proof 1 --out disclosed log"), 0);
    if (run("witness proof --key station.key.pub disclosed/*.tlog-proof") != 0) {
        fail_msg("%s%s", said, noted);
    }
    assert_non_null(strstr(said, "proven: record"));
    assert_non_null(strstr(said, "incident"));
    char command[512];
    (void)snprintf(command, sizeof command,
                   "cd %s && f=$(ls disclosed/* | head -n1) && sed '/^extra "
                   "/y/ABCDEFGHIJKLMNOPQRSTUVWXYZ/BCDEFGHIJKLMNOPQRSTUVWXYZA/' $f "
                   ">forged.tlog-proof",
                   station.folder);
    assert_int_equal(system(command), 0);
    assert_int_not_equal(run("witness proof --key station.key.pub forged.tlog-proof"), 0);
}

static void a_log_that_was_put_back_contradicts_what_was_offered(void **state)
{
    (void)state;
    char command[512];
    (void)snprintf(command, sizeof command,
                   "cd %s && mkdir back && cp log/seg-0000000000000000.mcap back/", station.folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("verify --key station.key.pub --no-replay back"), 0);
    assert_int_equal(run("verify --key station.key.pub --no-replay --checkpoint latest.note back"),
                     1);
    assert_non_null(strstr(said, "it was cut or put back"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_others_may_read_is_refused),
        cmocka_unit_test(a_run_that_ended_well_is_proven),
        cmocka_unit_test(runs_go_on_in_one_tree_even_after_a_kill),
        cmocka_unit_test(no_key_is_in_the_log),
        cmocka_unit_test(the_witnesses_of_both_sides_cosign_and_make_a_quorum),
        cmocka_unit_test(an_incident_is_disclosed_and_proven_without_the_log),
        cmocka_unit_test(a_log_that_was_put_back_contradicts_what_was_offered),
    };
    return cmocka_run_group_tests(tests, make_station, remove_station);
}
