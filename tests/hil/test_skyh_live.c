/*
 * The simulated peers, met as a station's adapters meet them: sockets, registers, datagrams.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sky_asterix.h"
#include "sky_regs.h"
#include "sky_test.h"

enum { NMEA_PORT = 29340, HEAD_PORT = 29342, FEED_PORT = 29343 };

static char scenario[96];

/* The short flight, cut to two seconds, on ports of our own. */
static int make_scenario(void **state)
{
    (void)state;
    static const char example[] = SKY_SOURCE_DIR "/host/examples/tinzaouatine";
    char command[640];
    (void)snprintf(scenario, sizeof scenario, "/tmp/skyh-live-%d.json", (int)getpid());
    (void)snprintf(command, sizeof command,
                   "sed -e 's|\"duration_s\": 90,|\"duration_s\": 2,|' -e 's|zones/|%s/zones/|g' "
                   "-e 's|\"scan_s\": 1,|\"scan_s\": 0.1,|' %s/short.json >%s",
                   example, example, scenario);
    return system(command);
}

static int remove_scenario(void **state)
{
    (void)state;
    return unlink(scenario);
}

static pid_t start(const char *wait_s)
{
    const pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) {
        const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(nothing, STDOUT_FILENO);
        (void)dup2(nothing, STDERR_FILENO);
        (void)execl(SKY_SKYWITNESS, "skywitness", "simulate", scenario, "--live", "--wait", wait_s,
                    "--settle", "0", "--port", "gpsd=29340", "--port", "head=29342", "--port",
                    "ridge=29343", (char *)NULL);
        _exit(127);
    }
    return process;
}

static int exit_code_of(pid_t process)
{
    int status = 0;
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void pause_ms(long ms)
{
    const struct timespec span = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&span, NULL);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_to(uint16_t port)
{
    const struct sockaddr_in address = loopback(port);
    for (int tries = 0; tries < 3000; tries++) {
        const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(peer, (const struct sockaddr *)&address, sizeof address) == 0) {
            return peer;
        }
        (void)close(peer);
        pause_ms(10);
    }
    fail_msg("nobody listens on port %d", port);
    return -1;
}

static int listen_udp(uint16_t port)
{
    const struct sockaddr_in address = loopback(port);
    const int feed = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(feed, (const struct sockaddr *)&address, sizeof address), 0);
    return feed;
}

/* What a head's reader saw. */
static struct {
    int reads;
    int blocks;  /* consistent, decoded, new */
    int refused; /* being written, or changed meanwhile */
    int plots;
    uint16_t sequence;
} head;

/* Header, table, header, as the station's adapter reads. */
static void read_table(modbus_t *bus)
{
    static uint16_t words[SKY_REGS_BLOCK_WORDS_MAX];
    static uint8_t bytes[2 * SKY_REGS_BLOCK_WORDS_MAX];
    struct sky_regs_header header;
    const char *item = NULL;
    uint32_t offset = 0;
    if (modbus_read_input_registers(bus, SKY_REGS_HEADER_AT, 16, words) != 16) {
        return;
    }
    head.reads++;
    if (sky_regs_header(words, &header, &item) != SKY_OK) {
        assert_string_equal(item, "header.sequence");
        head.refused++;
        return;
    }
    const int targets = header.target_count;
    assert_in_range(targets, 0, 7);
    /* The flight may end between two reads, and the head with it. */
    if (targets > 0 && modbus_read_input_registers(bus, SKY_REGS_TABLE_AT, 16 * targets,
                                                   words + 16) != 16 * targets) {
        return;
    }
    if (modbus_read_input_registers(bus, 0, 16, words + 16 + 16 * targets) != 16) {
        return;
    }
    const size_t count = (size_t)(32 + 16 * targets);
    sky_regs_to_bytes(words, count, bytes);
    static struct sky_plot plot[SKY_REGS_TARGETS_MAX];
    size_t plots = 0;
    const enum sky_status status =
        sky_regs_decode(bytes, 2 * count, 0, &header, plot, &plots, &item, &offset);
    if (status == SKY_E_STALE) {
        head.refused++;
        return;
    }
    assert_int_equal(status, SKY_OK);
    if (header.sequence != head.sequence) {
        head.sequence = header.sequence;
        head.blocks++;
        head.plots += (int)plots;
    }
}

/* The head listens a moment after the receiver does. */
static void connect_head(modbus_t *bus)
{
    int tries = 0;
    while (modbus_connect(bus) != 0) {
        assert_true(++tries < 3000);
        pause_ms(10);
    }
}

static int count_sentences(const char *text, const char *name)
{
    int count = 0;
    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
        count++;
    }
    return count;
}

/* Datagrams so far, every record of them decoded. */
static int drain_feed(int feed)
{
    static uint8_t bytes[4096];
    int datagrams = 0;
    for (;;) {
        const ssize_t count = recv(feed, bytes, sizeof bytes, 0);
        if (count < 0) {
            return datagrams;
        }
        struct sky_asterix_walk walk = {.bytes = bytes, .count = (size_t)count};
        struct sky_asterix_record record;
        const char *item = NULL;
        uint32_t offset = 0;
        enum sky_status status = SKY_OK;
        while ((status = sky_asterix_next(&walk, &record, &item, &offset)) == SKY_OK) {
            assert_int_equal(record.sac, 25);
            assert_int_equal(record.sic, 201);
        }
        assert_int_equal(status, SKY_E_STALE);
        datagrams++;
    }
}

/* Meets one flight from its beginning to its end. Was the head asked often enough? */
static bool meet_flight(void)
{
    static char nmea[65536];
    size_t heard = 0;
    memset(nmea, 0, sizeof nmea);
    memset(&head, 0, sizeof head);
    const int feed = listen_udp(FEED_PORT);
    const pid_t process = start("30");
    const int receiver = connect_to(NMEA_PORT);
    assert_int_equal(fcntl(receiver, F_SETFL, O_NONBLOCK), 0);
    modbus_t *const bus = modbus_new_tcp("127.0.0.1", HEAD_PORT);
    assert_int_equal(modbus_set_slave(bus, 1), 0);
    connect_head(bus);

    uint8_t identity[64] = {0};
    const int identity_bytes = modbus_report_slave_id(bus, sizeof identity, identity);
    assert_true(identity_bytes > 2);
    assert_int_equal(identity[1], 0xFF);
    assert_memory_equal(identity + 2, "skywitness simulated radar head", 31);

    bool open = true;
    int datagrams = 0;
    while (open) {
        read_table(bus);
        const ssize_t count = recv(receiver, nmea + heard, sizeof nmea - 1 - heard, 0);
        heard += count > 0 ? (size_t)count : 0;
        open = count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
        datagrams += drain_feed(feed);
        pause_ms(1);
    }
    assert_int_equal(exit_code_of(process), 0);
    assert_in_range(count_sentences(nmea, "$GPGGA,"), 1, 5);
    assert_int_equal(count_sentences(nmea, "$GPRMC,"), count_sentences(nmea, "$GPGGA,"));
    assert_in_range(datagrams, 3, 8); /* a sector each half second */
    modbus_close(bus);
    modbus_free(bus);
    (void)close(receiver);
    (void)close(feed);
    /* Two seconds of ten scans each, and what came before; 3 of 100 ms the table is written. */
    return head.blocks >= 15 && head.plots >= 10 && head.refused > 0 &&
           head.refused < head.reads / 2;
}

/* A busy machine may keep us from looking while the table is there: then it flies again. */
static void a_live_flight_waits_for_its_peers_and_ends_by_itself(void **state)
{
    (void)state;
    bool met = false;
    for (int flight = 0; flight < 5 && !met; flight++) {
        met = meet_flight();
    }
    if (!met) {
        fail_msg("%d reads, %d blocks, %d plots, %d refused", head.reads, head.blocks, head.plots,
                 head.refused);
    }
}

static void nobody_there_is_an_error_after_the_wait(void **state)
{
    (void)state;
    assert_int_equal(exit_code_of(start("0.3")), 69);
}

static void a_port_that_is_taken_is_an_error(void **state)
{
    (void)state;
    const struct sockaddr_in address = loopback(NMEA_PORT);
    const int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    (void)setsockopt(taken, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(taken, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(taken, 1), 0);
    assert_int_equal(exit_code_of(start("30")), 69);
    (void)close(taken);
}

/* mbpoll prints a register as "[1]: \t21335", a float would be something else. */
static bool reads_as(const char *output, int reference, unsigned value)
{
    char wanted[32];
    (void)snprintf(wanted, sizeof wanted, "[%d]: \t%u", reference, value);
    return strstr(output, wanted) != NULL;
}

static void mbpoll_reads_the_header_of_the_simulated_head(void **state)
{
    (void)state;
    static char output[8192];
    if (system("command -v mbpoll >/dev/null") != 0) {
        print_message("skipped: mbpoll is not installed\n");
        skip();
    }
    const pid_t process = start("5");
    bool read = false;
    for (int i = 0; i < 200 && !read; i++) { /* until it listens */
        FILE *const mbpoll =
            popen("mbpoll -m tcp -p 29342 -a 1 -0 -t 3 -r 0 -c 16 -1 127.0.0.1 2>&1", "r");
        assert_non_null(mbpoll);
        const size_t bytes = fread(output, 1, sizeof output - 1, mbpoll);
        output[bytes] = '\0';
        read = pclose(mbpoll) == 0;
        pause_ms(10);
    }
    (void)kill(process, SIGKILL);
    (void)waitpid(process, NULL, 0);
    assert_true(read);
    assert_true(reads_as(output, 0, SKY_REGS_MAGIC));
    assert_true(reads_as(output, 2, SKY_REGS_TARGET_WORDS));
    assert_true(reads_as(output, 3, SKY_REGS_TARGETS_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_flight_waits_for_its_peers_and_ends_by_itself),
        cmocka_unit_test(nobody_there_is_an_error_after_the_wait),
        cmocka_unit_test(a_port_that_is_taken_is_an_error),
        cmocka_unit_test(mbpoll_reads_the_header_of_the_simulated_head),
    };
    return cmocka_run_group_tests(tests, make_scenario, remove_scenario);
}
