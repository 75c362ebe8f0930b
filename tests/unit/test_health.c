#include "skyd_health.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sky_test.h"

static struct skyd_health health;
static int manager; /* the service manager's end */
static int said;    /* what goes to standard error comes out here */
static int standard_error;

static const struct skyd_vitals well = {.inputs = 7,
                                        .tracks = 2,
                                        .incidents_open = 1,
                                        .sources_up = 2,
                                        .sources = 3,
                                        .lag_ns = SKY_SECOND_NS};

/* Reads all that was sent, a line each. */
static const char *sent(void)
{
    static char text[4096];
    size_t used = 0;
    ssize_t got = 0;
    while ((got = recv(manager, text + used, sizeof text - used - 2, MSG_DONTWAIT)) > 0) {
        used += (size_t)got;
        text[used++] = '\n';
    }
    text[used] = '\0';
    return text;
}

static const char *written(void)
{
    static char text[16384];
    const ssize_t got = read(said, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

static int set_up(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int name = snprintf(address.sun_path + 1, 64, "sky-health-%d", (int)getpid());
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)name)),
                     0);
    char variable[80];
    snprintf(variable, sizeof variable, "@sky-health-%d", (int)getpid());
    setenv("NOTIFY_SOCKET", variable, 1);
    setenv("WATCHDOG_USEC", "4000000", 1);
    unsetenv("WATCHDOG_PID");
    unsetenv("JOURNAL_STREAM");
    int pipe_end[2];
    assert_int_equal(pipe2(pipe_end, O_NONBLOCK | O_CLOEXEC), 0);
    standard_error = dup(STDERR_FILENO);
    dup2(pipe_end[1], STDERR_FILENO);
    close(pipe_end[1]);
    said = pipe_end[0];
    skyd_health_init(&health, 10 * SKY_SECOND_NS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    skyd_health_close(&health);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    close(said);
    close(manager);
    return 0;
}

static void a_station_that_is_well_says_so_and_feeds_the_watchdog(void **state)
{
    (void)state;
    skyd_health_notify(&health, "READY=1");
    skyd_health_turn(&health, 100 * SKY_SECOND_NS, &well);
    assert_string_equal(sent(), "READY=1\nWATCHDOG=1\n"
                                "STATUS=7 inputs, 2 of 3 sources up, 2 tracks, 1 incidents open, "
                                "log 1.0 s behind\n");
    assert_int_equal(skyd_health_next_ns(&health), 101 * SKY_SECOND_NS);
}

static void the_watchdog_is_fed_twice_in_its_time_and_no_oftener(void **state)
{
    (void)state;
    int fed = 0;
    for (int i = 0; i < 41; i++) { /* ten times in a second, for four seconds */
        skyd_health_turn(&health, 100 * SKY_SECOND_NS + i * SKY_SECOND_NS / 10, &well);
        fed += strstr(sent(), "WATCHDOG=1") != NULL;
    }
    assert_int_equal(fed, 3);
}

static void a_log_that_is_not_durable_in_time_starves_the_watchdog(void **state)
{
    (void)state;
    struct skyd_vitals stalled = well;
    stalled.lag_ns = 10 * SKY_SECOND_NS;
    for (int i = 0; i < 10; i++) {
        skyd_health_turn(&health, (100 + i) * SKY_SECOND_NS, &stalled);
    }
    assert_null(strstr(sent(), "WATCHDOG=1"));
    assert_non_null(
        strstr(written(), "skywitnessd: error: the log has not been durable for 10.0 s\n"));
    skyd_health_turn(&health, 200 * SKY_SECOND_NS, &well); /* it may recover */
    assert_non_null(strstr(sent(), "WATCHDOG=1"));
}

static void a_watchdog_meant_for_another_process_is_not_fed(void **state)
{
    (void)state;
    skyd_health_close(&health);
    setenv("WATCHDOG_PID", "1", 1);
    skyd_health_init(&health, SKY_SECOND_NS);
    skyd_health_turn(&health, 100 * SKY_SECOND_NS, &well);
    assert_null(strstr(sent(), "WATCHDOG=1"));
}

static void without_a_service_manager_nothing_is_sent(void **state)
{
    (void)state;
    skyd_health_close(&health);
    unsetenv("NOTIFY_SOCKET");
    skyd_health_init(&health, SKY_SECOND_NS);
    skyd_health_notify(&health, "READY=1");
    skyd_health_turn(&health, 100 * SKY_SECOND_NS, &well);
    assert_string_equal(sent(), "");
}

static void a_message_that_comes_too_often_is_held_back_and_counted(void **state)
{
    (void)state;
    static struct skyd_limit limit;
    for (int i = 0; i < 100; i++) {
        skyd_say_limited(&limit, SKY_SECOND_NS + i, SKYD_WARNING, "again %d", i);
    }
    const char *const first = written();
    assert_non_null(strstr(first, "skywitnessd: warning: again 4\n"));
    assert_null(strstr(first, "again 5"));
    skyd_say_limited(&limit, 12 * SKY_SECOND_NS, SKYD_WARNING, "again");
    assert_string_equal(written(), "skywitnessd: warning: again (95 more held back)\n");
}

static void under_the_journal_a_line_begins_with_its_priority(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "1:2", 1);
    skyd_say(SKYD_INFO, "hello");
    assert_string_equal(written(), "<6>hello\n");
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
    (void)state;
    static char text[5000];
    memset(text, 'x', sizeof text - 1);
    skyd_say(SKYD_ERROR, "%s", text);
    const char *const line = written();
    const size_t bytes = strlen(line);
    assert_in_range(bytes, 900, 1024);
    assert_int_equal(line[bytes - 1], '\n');
}

static void a_station_whose_medium_fails_says_where_and_how(void **state)
{
    (void)state;
    struct skyd_vitals vitals = well;
    vitals.faults = 2;
    vitals.error = -EIO;
    vitals.fault_segment = 17;
    vitals.ring_full = true;
    skyd_health_turn(&health, 100 * SKY_SECOND_NS, &vitals);
    assert_non_null(strstr(sent(), "log 1.0 s behind, 2 storage faults, the latest in segment 17: "
                                   "Input/output error, the ring is full of incidents\n"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        CASE(a_station_that_is_well_says_so_and_feeds_the_watchdog),
        CASE(a_station_whose_medium_fails_says_where_and_how),
        CASE(the_watchdog_is_fed_twice_in_its_time_and_no_oftener),
        CASE(a_log_that_is_not_durable_in_time_starves_the_watchdog),
        CASE(a_watchdog_meant_for_another_process_is_not_fed),
        CASE(without_a_service_manager_nothing_is_sent),
        CASE(a_message_that_comes_too_often_is_held_back_and_counted),
        CASE(under_the_journal_a_line_begins_with_its_priority),
        CASE(a_long_line_is_cut_and_still_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
