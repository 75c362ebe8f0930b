/*
 * The Modbus adapter against a head that is not ours: pymodbus, over TCP and over a serial line of
 * socat.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sky_src_modbus.h"
#include "sky_test.h"

enum { PATIENCE_MS = 60000, TABLES = 10 };

static struct sky_src_modbus modbus, second, dead;
static struct sky_src_modbus_line shared;
static struct sky_input input;
static char detail[SKY_DETAIL_MAX];
static pid_t child[3];

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap_ms(long milliseconds)
{
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static pid_t run(const char *const *argument)
{
    const pid_t pid = fork();
    if (pid == 0) {
        const int nowhere = open("/dev/null", O_RDWR);
        dup2(nowhere, STDIN_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        execvp(argument[0], (char *const *)(uintptr_t)argument);
        _exit(127);
    }
    return pid;
}

static int stop_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        if (child[i] > 0) {
            kill(child[i], SIGKILL);
            waitpid(child[i], NULL, 0);
        }
        child[i] = 0;
    }
    return 0;
}

static void skip_without(const char *command, const char *package)
{
    if (system(command) != 0) {
        print_message("skipped: %s is not installed\n", package);
        skip();
    }
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static struct sky_src_modbus_config config_of(enum sky_src_modbus_mode mode)
{
    return (struct sky_src_modbus_config){.name = "head",
                                          .mode = mode,
                                          .host = "localhost",
                                          .baud = 115200,
                                          .parity = 'N',
                                          .stop_bits = 1,
                                          .unit = 1,
                                          .poll_ms = 30,
                                          .timeout_ms = 2000};
}

/* 0: nothing came in time. */
static int take(int64_t timeout_ms)
{
    const int64_t until_ms = now_ms() + timeout_ms;
    for (;;) {
        memset(&input, 0, sizeof input);
        memset(detail, 0, sizeof detail);
        const int taken = modbus.base.ops->take(&modbus.base, &input, detail);
        if (taken != 0 || now_ms() >= until_ms) {
            return taken;
        }
        struct pollfd ready = {.fd = modbus.base.fd, .events = POLLIN};
        (void)poll(&ready, 1, 100);
    }
}

/* Opens until the head is there, as the loop does, and hears who it is. */
static void open_head(void)
{
    const int64_t until_ms = now_ms() + PATIENCE_MS;
    for (;;) {
        memset(detail, 0, sizeof detail);
        assert_int_equal(modbus.base.ops->open(&modbus.base, detail), 1);
        if (take(5000) == 1) {
            assert_int_equal(input.kind, SKY_INPUT_SOURCE);
            assert_int_equal(input.u.source_event.event, SKY_SOURCE_UP);
            assert_non_null(strstr(input.u.source_event.detail, "map 1.3"));
            return;
        }
        modbus.base.ops->close(&modbus.base);
        if (now_ms() >= until_ms) {
            fail_msg("the head did not come up: %s", detail);
        }
        nap_ms(100);
    }
}

static uint16_t assert_whole(void)
{
    static struct sky_plot plot[SKY_REGS_TARGETS_MAX];
    struct sky_regs_header header;
    size_t count = 0;
    const char *item = "";
    uint32_t offset = 0;
    if (sky_regs_decode(input.u.registers.bytes, input.u.registers.count, 0, &header, plot, &count,
                        &item, &offset) != SKY_OK) {
        fail_msg("%s at %u", item, offset);
    }
    assert_int_equal(count, 20);
    for (size_t i = 0; i < count; i++) {
        assert_near(plot[i].slant_range_m, 1000.0 + 0.1 * (double)i, 1e-9);
    }
    return header.sequence;
}

/* Each table is whole and the next, but for those that are said to be lost; torn ones are said. */
static void read_tables(void)
{
    uint16_t sequence = 0;
    unsigned torn = 0;
    uint64_t lost = 0, lost_before = 0;
    for (int tables = 0; tables < TABLES;) {
        const int taken = take(PATIENCE_MS);
        if (taken != 1) {
            fail_msg("got %d: %s", taken, detail);
        }
        if (input.kind == SKY_INPUT_SOURCE) {
            const enum sky_source_event event = input.u.source_event.event;
            assert_true(event == SKY_SOURCE_TORN || event == SKY_SOURCE_LOST);
            torn += event == SKY_SOURCE_TORN;
            lost += event == SKY_SOURCE_LOST ? input.u.source_event.count : 0;
            continue;
        }
        const uint16_t next = assert_whole();
        assert_true(next > sequence);
        if (tables > 0) {
            assert_int_equal(next - sequence, 2 * (1 + lost - lost_before));
        }
        lost_before = lost;
        sequence = next;
        tables++;
    }
    print_message("%d tables, the latest %u, %u torn, %llu lost\n", TABLES, sequence, torn,
                  (unsigned long long)lost);
}

static void pymodbus_is_read_over_tcp_and_found_again_after_it_died(void **state)
{
    (void)state;
    skip_without("/usr/bin/python3 -c 'import pymodbus.server, serial_asyncio' 2>/dev/null",
                 "python3-pymodbus (with python3-serial-asyncio)");
    struct sky_src_modbus_config config = config_of(SKY_SRC_MODBUS_TCP);
    config.port = free_port();
    char port[8];
    snprintf(port, sizeof port, "%u", config.port);
    const char *const head[] = {"/usr/bin/python3", SKY_SOURCE_DIR "/tests/hil/head_pymodbus.py",
                                "tcp", port, NULL};
    child[0] = run(head);
    assert_int_equal(sky_src_modbus_init(&modbus, &config), 0);
    open_head();
    assert_string_equal(input.u.source_event.detail, "peer-PM-3, map 1.3");
    read_tables();

    (void)stop_all(NULL); /* and with it the connection is reset */
    int taken = 1;
    while (taken == 1) {
        taken = take(PATIENCE_MS);
    }
    assert_true(taken < 0);
    modbus.base.ops->close(&modbus.base);
    child[0] = run(head); /* which begins with its first sequence again */
    open_head();
    read_tables();
    sky_src_modbus_done(&modbus);
}

/* The other unit of the line has tables of its own meanwhile. */
static void read_second(void)
{
    int tables = 0;
    const int64_t until_ms = now_ms() + PATIENCE_MS;
    while (tables < TABLES && now_ms() < until_ms) {
        memset(&input, 0, sizeof input);
        const int taken = second.base.ops->take(&second.base, &input, detail);
        assert_true(taken >= 0);
        if (taken == 1 && input.kind == SKY_INPUT_REGISTERS) {
            (void)assert_whole();
            tables++;
        } else if (taken == 0) {
            nap_ms(5);
        }
    }
    assert_int_equal(tables, TABLES);
}

static void two_units_of_pymodbus_share_a_serial_line_with_one_that_is_dead(void **state)
{
    (void)state;
    skip_without("/usr/bin/python3 -c 'import pymodbus.server, serial_asyncio' 2>/dev/null",
                 "python3-pymodbus (with python3-serial-asyncio)");
    skip_without("command -v socat >/dev/null", "socat");
    char folder[] = "/tmp/sky-line-XXXXXX", near_end[64], far_end[64], near_link[96], far_link[96];
    assert_non_null(mkdtemp(folder));
    snprintf(near_end, sizeof near_end, "%s/near", folder);
    snprintf(far_end, sizeof far_end, "%s/far", folder);
    snprintf(near_link, sizeof near_link, "pty,raw,echo=0,link=%s", near_end);
    snprintf(far_link, sizeof far_link, "pty,raw,echo=0,link=%s", far_end);
    const char *const line[] = {"socat", near_link, far_link, NULL};
    const char *const head[] = {"/usr/bin/python3", SKY_SOURCE_DIR "/tests/hil/head_pymodbus.py",
                                "rtu", far_end, NULL};
    child[0] = run(line);
    for (int i = 0; i < 1000 && (access(near_end, F_OK) != 0 || access(far_end, F_OK) != 0); i++) {
        nap_ms(10);
    }
    child[1] = run(head);
    struct sky_src_modbus_config config = config_of(SKY_SRC_MODBUS_RTU);
    snprintf(config.device, sizeof config.device, "%s", near_end);
    config.line = &shared;
    config.timeout_ms = 500;
    assert_int_equal(pthread_mutex_init(&shared.turn, NULL), 0);
    assert_int_equal(sky_src_modbus_init(&modbus, &config), 0);
    config.unit = 2;
    assert_int_equal(sky_src_modbus_init(&second, &config), 0);
    config.unit = 3; /* nobody has this one */
    assert_int_equal(sky_src_modbus_init(&dead, &config), 0);
    open_head();
    assert_int_equal(second.base.ops->open(&second.base, detail), 1);
    assert_int_equal(dead.base.ops->open(&dead.base, detail), 1);
    read_tables();
    read_second();
    int said = 0;
    while (said == 0) {
        memset(detail, 0, sizeof detail);
        said = dead.base.ops->take(&dead.base, &input, detail);
        nap_ms(10);
    }
    assert_true(said < 0); /* and it spoilt nothing for the others */

    (void)stop_all(NULL); /* the cable is pulled out */
    int taken = 1;
    while (taken == 1) {
        taken = take(PATIENCE_MS);
    }
    assert_true(taken < 0);
    sky_src_modbus_done(&dead);
    sky_src_modbus_done(&second);
    sky_src_modbus_done(&modbus);
    unlink(near_end);
    unlink(far_end);
    rmdir(folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(pymodbus_is_read_over_tcp_and_found_again_after_it_died,
                                  stop_all),
        cmocka_unit_test_teardown(two_units_of_pymodbus_share_a_serial_line_with_one_that_is_dead,
                                  stop_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
