/*
 * The adapters against real peers on this machine: UDP senders, a Modbus head over TCP and over a
 * serial line (a pseudo-terminal), gpsd itself fed with NMEA, and peers that misbehave.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sky_clock_linux.h"
#include "sky_gnss.h"
#include "sky_regs.h"
#include "sky_src_asterix.h"
#include "sky_src_gpsd.h"
#include "sky_src_modbus.h"
#include "sky_test.h"

enum {
    PATIENCE_MS = 30000, /* for what must come, however busy the machine is */
    BUSY_MS = 2000,      /* what a busy machine may add to a promise of milliseconds */
    SOON_MS = 600        /* the timeout of a master that is to give up; others have seconds */
};

static struct sky_input input;
static char detail[SKY_DETAIL_MAX];

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int open_it(struct sky_source *source)
{
    memset(detail, 0, sizeof detail);
    const int64_t before_ms = now_ms();
    const int result = source->ops->open(source, detail);
    assert_true(now_ms() - before_ms <= 50 + BUSY_MS);
    return result;
}

/* Waits for what the source brings, as the loop does. 0: nothing came in time. */
static int take(struct sky_source *source, int64_t timeout_ms)
{
    const int64_t until_ms = now_ms() + timeout_ms;
    for (;;) {
        memset(&input, 0, sizeof input);
        memset(detail, 0, sizeof detail);
        const int taken = source->ops->take(source, &input, detail);
        const int64_t left_ms = until_ms - now_ms();
        if (taken != 0 || left_ms <= 0) {
            return taken;
        }
        struct pollfd ready = {.fd = source->fd, .events = POLLIN};
        (void)poll(&ready, 1, (int)left_ms);
    }
}

static void expect(struct sky_source *source, enum sky_input_kind kind)
{
    const int taken = take(source, PATIENCE_MS);
    if (taken != 1) {
        fail_msg("%s: got %d (%s), wanted an input", source->name, taken, detail);
    }
    assert_int_equal(input.kind, kind);
}

static void expect_event(struct sky_source *source, enum sky_source_event event)
{
    expect(source, SKY_INPUT_SOURCE);
    assert_int_equal(input.u.source_event.event, event);
}

/* A port of the loopback nobody listens on just now. */
static uint16_t free_port(int type)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, type, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static struct sockaddr_in at_port(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_at(uint16_t port, int backlog)
{
    const struct sockaddr_in address = at_port(port);
    const int one = 1;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

/* ---- the clock ---- */

static void the_clock_never_goes_back_and_reads_both_axes_at_once(void **state)
{
    (void)state;
    struct sky_clock_linux clock;
    sky_clock_linux_init(&clock);
    struct sky_clock_reading before = clock.base.read(&clock.base);
    int far_apart = 0;
    for (int i = 0; i < 10000; i++) {
        const struct sky_clock_reading now = clock.base.read(&clock.base);
        assert_true(now.boottime_ns >= before.boottime_ns);
        const int64_t drift_ns =
            (now.realtime_ns - before.realtime_ns) - (now.boottime_ns - before.boottime_ns);
        far_apart += llabs(drift_ns) > 100000 ? 1 : 0;
        before = now;
    }
    assert_true(far_apart < 10);
    assert_true(llabs(before.realtime_ns / SKY_SECOND_NS - time(NULL)) <= 1);
    assert_true(clock.base.discipline(&clock.base).error_ns >= 0);
}

/* ---- ASTERIX over UDP ---- */

static struct sky_src_asterix asterix;

static uint16_t start_asterix(uint32_t rcvbuf_bytes)
{
    struct sky_src_asterix_config config = {
        .name = "radar", .address = "127.0.0.1", .rcvbuf_bytes = rcvbuf_bytes};
    config.port = free_port(SOCK_DGRAM);
    assert_int_equal(sky_src_asterix_init(&asterix, &config), 0);
    assert_int_equal(open_it(&asterix.base), 0);
    return config.port;
}

static int sender_to(uint16_t port)
{
    const struct sockaddr_in address = at_port(port);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int bytes = 1 << 20;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void a_datagram_comes_as_it_was_sent_with_its_sender(void **state)
{
    (void)state;
    const uint16_t port = start_asterix(1 << 20);
    assert_non_null(strstr(detail, "receive buffer"));
    const int sender = sender_to(port);
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    getsockname(sender, (struct sockaddr *)&own, &size);
    assert_int_equal(take(&asterix.base, 0), 0);

    static uint8_t bytes[65507];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    const size_t counts[] = {6, 0, 65507, 1400};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(send(sender, bytes, counts[i], 0), counts[i]);
        expect(&asterix.base, SKY_INPUT_DATAGRAM);
        assert_int_equal(input.u.datagram.count, counts[i]);
        assert_memory_equal(input.u.datagram.bytes, bytes, counts[i]);
        assert_int_equal(input.u.datagram.peer_ipv4, INADDR_LOOPBACK);
        assert_int_equal(input.u.datagram.peer_port, ntohs(own.sin_port));
    }
    close(sender);
    asterix.base.ops->close(&asterix.base);
    assert_int_equal(asterix.base.fd, -1);
    asterix.base.ops->close(&asterix.base);
}

static void every_datagram_is_either_received_or_counted_as_lost(void **state)
{
    (void)state;
    const int sender = sender_to(start_asterix(20000));
    uint64_t sent = 0, received = 0, lost = 0, losses = 0;
    static const uint8_t bytes[1000];
    for (int burst = 0; burst < 3; burst++) {
        for (int i = 0; i < 100; i++) {
            sent += send(sender, bytes, sizeof bytes, 0) == sizeof bytes ? 1 : 0;
        }
        while (take(&asterix.base, 50) == 1) {
            if (input.kind == SKY_INPUT_SOURCE) {
                assert_int_equal(input.u.source_event.event, SKY_SOURCE_LOST);
                lost += input.u.source_event.count;
                losses++;
            } else {
                received++;
            }
        }
    }
    /* What was dropped behind the last datagram needs no other to be told. */
    assert_true(lost > 100);
    assert_true(losses >= 2);
    assert_int_equal(received + lost, sent);
    close(sender);
    asterix.base.ops->close(&asterix.base);
}

static void a_port_that_is_taken_is_an_error_that_says_so(void **state)
{
    (void)state;
    static struct sky_src_asterix second;
    const uint16_t port = start_asterix(0);
    const struct sky_src_asterix_config config = {
        .name = "second", .address = "127.0.0.1", .port = port};
    assert_int_equal(sky_src_asterix_init(&second, &config), 0);
    assert_int_equal(open_it(&second.base), -EADDRINUSE);
    assert_string_equal(detail, strerror(EADDRINUSE));
    assert_int_equal(second.base.fd, -1);
    asterix.base.ops->close(&asterix.base);
}

static void a_group_is_joined_on_its_interface_and_nothing_else_comes_in(void **state)
{
    (void)state;
    struct sky_src_asterix_config config = {.name = "group",
                                            .address = "0.0.0.0",
                                            .group = "239.255.85.1",
                                            .interface = "lo",
                                            .port = free_port(SOCK_DGRAM)};
    assert_int_equal(sky_src_asterix_init(&asterix, &config), 0);
    assert_int_equal(open_it(&asterix.base), 0);

    const int unicast = sender_to(config.port);
    (void)send(unicast, "no", 2, 0);
    close(unicast);
    const int sender = socket(AF_INET, SOCK_DGRAM, 0);
    const struct ip_mreqn by = {.imr_ifindex = (int)if_nametoindex("lo")};
    setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by);
    struct sockaddr_in to = at_port(config.port);
    inet_pton(AF_INET, config.group, &to.sin_addr);
    if (sendto(sender, "yes", 3, 0, (struct sockaddr *)&to, sizeof to) != 3) {
        print_message("no multicast on lo here: %s\n", strerror(errno));
        close(sender);
        asterix.base.ops->close(&asterix.base);
        skip();
    }
    expect(&asterix.base, SKY_INPUT_DATAGRAM);
    assert_int_equal(input.u.datagram.count, 3);
    assert_int_equal(take(&asterix.base, 50), 0);
    close(sender);
    asterix.base.ops->close(&asterix.base);

    strcpy(config.interface, "nosuch0");
    assert_int_equal(sky_src_asterix_init(&asterix, &config), 0);
    assert_int_equal(open_it(&asterix.base), -ENODEV);
}

/* In a network of its own, so that nobody else's interfaces change. */
static bool make_interface(void)
{
    return system("ip link add sky0 type veth peer name sky1 && ip link set sky1 up && "
                  "ip link set sky0 up && ip addr add 192.0.2.1/24 dev sky0") == 0;
}

static int network = -1; /* that of the other tests */

static int leave_the_network(void **state)
{
    network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (network < 0 || unshare(CLONE_NEWNET) != 0 || !make_interface()) {
        print_message("no network of our own here\n");
        *state = (void *)"skip";
    }
    return 0;
}

static int return_to_the_network(void **state)
{
    const bool returned = network < 0 || setns(network, CLONE_NEWNET) == 0 || *state != NULL;
    (void)close(network);
    return returned ? 0 : -1;
}

/* From the interface to whoever joined the group there, this machine included. */
static void send_to_group(const char *group, uint16_t port, const char *text)
{
    const int sender = socket(AF_INET, SOCK_DGRAM, 0);
    const struct ip_mreqn by = {.imr_ifindex = (int)if_nametoindex("sky0")};
    struct sockaddr_in to = at_port(port);
    inet_pton(AF_INET, group, &to.sin_addr);
    assert_int_equal(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by), 0);
    assert_int_equal(sendto(sender, text, strlen(text), 0, (struct sockaddr *)&to, sizeof to),
                     strlen(text));
    close(sender);
}

static void an_interface_that_comes_back_as_another_is_joined_again(void **state)
{
    if (*state != NULL) {
        skip();
    }
    const struct sky_src_asterix_config config = {.name = "group",
                                                  .address = "0.0.0.0",
                                                  .group = "239.255.85.1",
                                                  .interface = "sky0",
                                                  .port = 21131};
    assert_int_equal(sky_src_asterix_init(&asterix, &config), 0);
    assert_int_equal(open_it(&asterix.base), 0);
    const unsigned before = if_nametoindex("sky0");
    send_to_group(config.group, config.port, "before");
    expect(&asterix.base, SKY_INPUT_DATAGRAM);
    assert_int_equal(system("ip link set sky0 mtu 1400"), 0); /* of no concern */
    assert_int_equal(take(&asterix.base, 50), 0);

    assert_int_equal(system("ip link del sky0"), 0);
    assert_int_equal(take(&asterix.base, 2000), -ENODEV);
    assert_string_equal(detail, "interface sky0 went away");
    asterix.base.ops->close(&asterix.base);
    assert_int_equal(open_it(&asterix.base), -ENODEV);
    assert_int_equal(asterix.base.fd, -1);

    assert_true(make_interface());
    assert_int_not_equal(if_nametoindex("sky0"), before);
    assert_int_equal(open_it(&asterix.base), 0);
    send_to_group(config.group, config.port, "after");
    expect(&asterix.base, SKY_INPUT_DATAGRAM);
    assert_memory_equal(input.u.datagram.bytes, "after", 5);

    /* away and back before anybody looked */
    assert_int_equal(system("ip link del sky0"), 0);
    assert_true(make_interface());
    assert_int_equal(take(&asterix.base, 2000), -ENODEV);
    asterix.base.ops->close(&asterix.base);
}

static void an_address_that_is_none_is_refused_at_once(void **state)
{
    (void)state;
    struct sky_src_asterix_config config = {.address = "radar.example", .port = 8600};
    assert_int_equal(sky_src_asterix_init(&asterix, &config), -EINVAL);
    strcpy(config.address, "0.0.0.0");
    strcpy(config.group, "10.0.0.1");
    assert_int_equal(sky_src_asterix_init(&asterix, &config), -EINVAL);
    strcpy(config.group, "");
    config.rcvbuf_bytes = UINT32_MAX;
    assert_int_equal(sky_src_asterix_init(&asterix, &config), -EINVAL);
}

/* ---- a radar head that speaks Modbus ---- */

enum head_mood {
    STEADY = 1, /* the table changes only when told */
    MOVING,     /* a new table for every reader, between its reads of the header */
    TEARING,    /* a new table at every read of the header: nobody gets a whole one */
    DEAF,       /* no answer at all */
    LATE,       /* every answer after the master has given up */
    PLAIN       /* does not know function code 17 */
};

static struct {
    modbus_t *bus;
    modbus_mapping_t *map;
    pthread_mutex_t lock;
    pthread_t thread;
    int listening;
    atomic_int connection;
    atomic_int mood;
    atomic_bool stop;
    atomic_uint header_reads;
} head = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void publish(uint16_t sequence, size_t targets)
{
    uint16_t *const word = head.map->tab_input_registers;
    uint16_t *const table = word + SKY_REGS_TABLE_AT;
    for (size_t i = 0; i < targets; i++) {
        const uint16_t target[SKY_REGS_TARGET_WORDS] = {(uint16_t)i,
                                                        SKY_REGS_VALID,
                                                        0,
                                                        0,
                                                        (uint16_t)(10000 + i),
                                                        0x4000,
                                                        0x8000,
                                                        0x8000,
                                                        0x8000,
                                                        0x8000,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        0,
                                                        sequence};
        memcpy(table + i * SKY_REGS_TARGET_WORDS, target, sizeof target);
    }
    const uint16_t header[SKY_REGS_HEADER_WORDS] = {
        SKY_REGS_MAGIC,
        0x0103,
        SKY_REGS_TARGET_WORDS,
        SKY_REGS_TARGETS_MAX,
        SKY_REGS_NORTH_VALID,
        sequence,
        (uint16_t)targets,
        1000,
        0,
        0,
        0xFFFF,
        0xFFFF,
        0,
        0,
        sky_regs_crc(table, targets * SKY_REGS_TARGET_WORDS),
        sequence};
    memcpy(word, header, sizeof header);
}

static void publish_locked(uint16_t sequence, size_t targets)
{
    pthread_mutex_lock(&head.lock);
    publish(sequence, targets);
    pthread_mutex_unlock(&head.lock);
}

static void nap_ms(long milliseconds)
{
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* What the head does before it answers; false if it does not. */
static bool feel(const uint8_t *request)
{
    const int mood = atomic_load(&head.mood);
    const bool is_header = request[0] == 4 && request[1] == 0 && request[2] == 0;
    if (is_header) {
        const unsigned reads = atomic_fetch_add(&head.header_reads, 1);
        const uint16_t sequence = head.map->tab_input_registers[5];
        const size_t targets = head.map->tab_input_registers[6];
        if (mood == TEARING || (mood == MOVING && reads % 2 != 0)) {
            publish((uint16_t)(sequence + 2), targets);
        }
    }
    if (mood == LATE) {
        nap_ms(3 * SOON_MS / 2);
    }
    return mood != DEAF;
}

static void answer_one_master(void)
{
    uint8_t query[MODBUS_MAX_ADU_LENGTH];
    const int header = modbus_get_header_length(head.bus);
    for (;;) {
        const int count = modbus_receive(head.bus, query);
        if (count < 0) {
            return;
        }
        pthread_mutex_lock(&head.lock);
        const bool answers = count > 0 && feel(query + header);
        if (answers && atomic_load(&head.mood) == PLAIN && query[header] == 17) {
            (void)modbus_reply_exception(head.bus, query, MODBUS_EXCEPTION_ILLEGAL_FUNCTION);
        } else if (answers) {
            (void)modbus_reply(head.bus, query, count, head.map);
        }
        pthread_mutex_unlock(&head.lock);
    }
}

static void *serve_tcp(void *argument)
{
    (void)argument;
    while (!atomic_load(&head.stop)) {
        const int fd = accept(head.listening, NULL, NULL);
        if (fd < 0) {
            break;
        }
        atomic_store(&head.connection, fd);
        modbus_set_socket(head.bus, fd);
        answer_one_master();
        atomic_store(&head.connection, -1);
        close(fd);
    }
    return NULL;
}

static void *serve_line(void *argument)
{
    (void)argument;
    while (!atomic_load(&head.stop)) {
        answer_one_master();
        nap_ms(1);
    }
    return NULL;
}

static void make_head(modbus_t *bus, enum head_mood mood)
{
    head.bus = bus;
    head.map = modbus_mapping_new(0, 0, 0, 2000);
    atomic_store(&head.mood, (int)mood);
    atomic_store(&head.stop, false);
    atomic_store(&head.connection, -1);
    atomic_store(&head.header_reads, 0);
    publish(2, 20);
}

static void start_tcp_head(uint16_t port, enum head_mood mood)
{
    make_head(modbus_new_tcp("127.0.0.1", port), mood);
    head.listening = listen_at(port, 4);
    pthread_create(&head.thread, NULL, serve_tcp, NULL);
}

static void stop_tcp_head(void)
{
    atomic_store(&head.stop, true);
    shutdown(head.listening, SHUT_RDWR);
    if (atomic_load(&head.connection) >= 0) {
        shutdown(atomic_load(&head.connection), SHUT_RDWR);
    }
    pthread_join(head.thread, NULL);
    close(head.listening);
    modbus_mapping_free(head.map);
    modbus_free(head.bus);
}

static struct sky_src_modbus modbus;

static struct sky_src_modbus_config tcp_config(uint16_t port)
{
    return (struct sky_src_modbus_config){.name = "head",
                                          .mode = SKY_SRC_MODBUS_TCP,
                                          .host = "localhost",
                                          .port = port,
                                          .unit = 1,
                                          .poll_ms = 10,
                                          .timeout_ms = 5000,
                                          .sensor = 3};
}

static uint16_t start_modbus_for(enum head_mood mood, uint32_t timeout_ms)
{
    const uint16_t port = free_port(SOCK_STREAM);
    struct sky_src_modbus_config config = tcp_config(port);
    config.timeout_ms = timeout_ms;
    start_tcp_head(port, mood);
    assert_int_equal(sky_src_modbus_init(&modbus, &config), 0);
    assert_int_equal(open_it(&modbus.base), 1);
    return port;
}

static uint16_t start_modbus(enum head_mood mood) { return start_modbus_for(mood, 5000); }

static void stop_modbus(void)
{
    sky_src_modbus_done(&modbus);
    stop_tcp_head();
}

/* The block must be whole, and decode to so many plots. */
static void assert_block(uint16_t sequence, size_t targets)
{
    static struct sky_plot plot[SKY_REGS_TARGETS_MAX];
    struct sky_regs_header header;
    size_t count = 0;
    const char *item = "";
    uint32_t offset = 0;
    assert_int_equal(input.u.registers.sensor, 3);
    if (sky_regs_decode(input.u.registers.bytes, input.u.registers.count, 3, &header, plot, &count,
                        &item, &offset) != SKY_OK) {
        fail_msg("%s at %u", item, offset);
    }
    assert_int_equal(header.sequence, sequence);
    assert_int_equal(count, targets);
    for (size_t i = 0; i < count; i++) {
        assert_near(plot[i].slant_range_m, 1000.0 + 0.1 * (double)i, 1e-9);
    }
}

static void a_head_says_who_it_is_and_each_table_comes_once(void **state)
{
    (void)state;
    start_modbus(STEADY);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    assert_non_null(strstr(input.u.source_event.detail, "LMB"));
    assert_non_null(strstr(input.u.source_event.detail, "map 1.3"));
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    assert_block(2, 20);
    assert_int_equal(take(&modbus.base, 80), 0); /* several polls of the same table */

    const size_t targets[] = {0, 1, 7, 8, 64};
    for (size_t i = 0; i < 5; i++) {
        publish_locked((uint16_t)(4 + 2 * i), targets[i]);
        expect(&modbus.base, SKY_INPUT_REGISTERS);
        assert_block((uint16_t)(4 + 2 * i), targets[i]);
    }
    stop_modbus();
}

static void a_head_without_a_name_is_known_by_its_map(void **state)
{
    (void)state;
    start_modbus(PLAIN);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    assert_string_equal(input.u.source_event.detail, "map 1.3");
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    stop_modbus();
}

static void a_table_torn_in_every_try_is_reported_and_the_next_whole_one_is_taken(void **state)
{
    (void)state;
    start_modbus(TEARING);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    expect_event(&modbus.base, SKY_SOURCE_TORN);
    assert_int_equal(input.u.source_event.count, 1);
    assert_non_null(strstr(input.u.source_event.detail, "in each of 3 reads"));
    atomic_store(&head.mood, STEADY);
    do {
        assert_int_equal(take(&modbus.base, PATIENCE_MS), 1);
    } while (input.kind == SKY_INPUT_SOURCE);
    assert_int_equal(input.kind, SKY_INPUT_REGISTERS);
    stop_modbus();
}

static void an_odd_sequence_is_waited_for_and_then_reported(void **state)
{
    (void)state;
    start_modbus(STEADY);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    publish_locked(7, 3);
    expect_event(&modbus.base, SKY_SOURCE_TORN);
    assert_non_null(strstr(input.u.source_event.detail, "header.sequence"));
    publish_locked(8, 3);
    do {
        assert_int_equal(take(&modbus.base, PATIENCE_MS), 1);
    } while (input.kind == SKY_INPUT_SOURCE);
    assert_block(8, 3);
    stop_modbus();
}

static void a_wrong_magic_is_recorded_as_it_was_read_and_ends_the_source(void **state)
{
    (void)state;
    start_modbus(STEADY);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    pthread_mutex_lock(&head.lock);
    head.map->tab_input_registers[0] = 0xBEEF;
    pthread_mutex_unlock(&head.lock);
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    assert_int_equal(input.u.registers.count, 2 * SKY_REGS_HEADER_WORDS);
    assert_int_equal(input.u.registers.bytes[0], 0xBE);
    assert_int_equal(take(&modbus.base, PATIENCE_MS), -EPROTO);
    assert_string_equal(detail, "header.magic: header begins beef 0103 0010");
    stop_modbus();
}

static void a_head_that_went_away_is_reported_and_found_again(void **state)
{
    (void)state;
    const uint16_t port = start_modbus(STEADY);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    stop_tcp_head();
    assert_true(take(&modbus.base, PATIENCE_MS) < 0);
    assert_true(detail[0] != '\0');
    modbus.base.ops->close(&modbus.base);

    assert_int_equal(open_it(&modbus.base), 1);
    assert_int_equal(take(&modbus.base, PATIENCE_MS), -ECONNREFUSED);
    assert_non_null(strstr(detail, "connect"));
    modbus.base.ops->close(&modbus.base);

    start_tcp_head(port, STEADY);
    publish_locked(4, 5);
    assert_int_equal(open_it(&modbus.base), 1);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    assert_block(4, 5);
    stop_modbus();
}

static void a_late_answer_ends_the_connection_and_not_the_next_one(void **state)
{
    (void)state;
    start_modbus_for(STEADY, SOON_MS);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    atomic_store(&head.mood, LATE);
    assert_int_equal(take(&modbus.base, PATIENCE_MS), -ETIMEDOUT);
    assert_non_null(strstr(detail, "registers 0 to 15"));
    atomic_store(&head.mood, STEADY);
    modbus.base.ops->close(&modbus.base);
    publish_locked(4, 6);
    assert_int_equal(open_it(&modbus.base), 1);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    assert_block(4, 6);
    stop_modbus();
}

static void closing_does_not_wait_for_a_head_that_is_deaf(void **state)
{
    (void)state;
    const uint16_t port = free_port(SOCK_STREAM);
    const struct sky_src_modbus_config config = tcp_config(port);
    start_tcp_head(port, DEAF);
    assert_int_equal(sky_src_modbus_init(&modbus, &config), 0);
    assert_int_equal(open_it(&modbus.base), 1);
    assert_int_equal(take(&modbus.base, 100), 0);
    const int64_t before_ms = now_ms();
    modbus.base.ops->close(&modbus.base);
    assert_true(now_ms() - before_ms < 50 + BUSY_MS);
    modbus.base.ops->close(&modbus.base);
    stop_modbus();
}

static void a_head_that_ignores_the_question_who_it_is_is_not_asked_again(void **state)
{
    (void)state;
    start_modbus_for(DEAF, SOON_MS);
    assert_int_equal(take(&modbus.base, PATIENCE_MS), -ETIMEDOUT);
    assert_non_null(strstr(detail, "identity"));
    modbus.base.ops->close(&modbus.base);
    atomic_store(&head.mood, STEADY);
    assert_int_equal(open_it(&modbus.base), 1);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    assert_string_equal(input.u.source_event.detail, "map 1.3");
    stop_modbus();
}

static void tables_a_slow_loop_did_not_take_are_counted(void **state)
{
    (void)state;
    start_modbus(MOVING);
    const int64_t until_ms = now_ms() + PATIENCE_MS;
    while (atomic_load(&head.header_reads) <
           80) { /* the loop sleeps; every other changes a table */
        assert_true(now_ms() < until_ms);
        nap_ms(10);
    }
    pthread_mutex_lock(&head.lock);
    atomic_store(&head.mood, STEADY);
    const uint16_t last = (uint16_t)(head.map->tab_input_registers[5] + 2);
    publish(last, 1);
    pthread_mutex_unlock(&head.lock);
    uint64_t tables = 0, lost = 0;
    uint16_t sequence = 0;
    while (sequence != last || lost == 0) {
        assert_int_equal(take(&modbus.base, PATIENCE_MS), 1);
        if (input.kind == SKY_INPUT_REGISTERS) {
            tables++;
            sequence = (uint16_t)(input.u.registers.bytes[10] << 8 | input.u.registers.bytes[11]);
        } else if (input.u.source_event.event == SKY_SOURCE_LOST) {
            lost += input.u.source_event.count;
        } else {
            assert_int_equal(input.u.source_event.event, SKY_SOURCE_UP);
        }
    }
    assert_true(tables > 10);
    assert_true(tables + lost >= last / 2U - 1); /* each, but for some that were torn */
    stop_modbus();
}

static void settings_outside_their_range_are_refused(void **state)
{
    (void)state;
    const struct sky_src_modbus_config good = tcp_config(502);
    struct sky_src_modbus_config config = good;
    strcpy(config.host, "head.example");
    assert_int_equal(sky_src_modbus_init(&modbus, &config), -EINVAL);
    config = good;
    config.unit = 0;
    assert_int_equal(sky_src_modbus_init(&modbus, &config), -EINVAL);
    config = good;
    config.poll_ms = 9;
    assert_int_equal(sky_src_modbus_init(&modbus, &config), -EINVAL);
    config = good;
    config.timeout_ms = 5001;
    assert_int_equal(sky_src_modbus_init(&modbus, &config), -EINVAL);
    config = good;
    config.mode = SKY_SRC_MODBUS_RTU; /* no device */
    assert_int_equal(sky_src_modbus_init(&modbus, &config), -EINVAL);
}

/* ---- a unit with a map of its own ---- */

static const char own_map[] = "[map]\nkind=instrument\nfirst=0\ncount=300\nidentity=LMB\n"
                              "[sequence]\nat=5\n[scan_ms]\nat=7\n";
static struct sky_regmap parsed_map;

static uint16_t start_mapped(enum head_mood mood, const char *text)
{
    struct sky_regmap_fault fault;
    const uint16_t port = free_port(SOCK_STREAM);
    struct sky_src_modbus_config config = tcp_config(port);
    assert_int_equal(sky_regmap_parse(text, strlen(text), &parsed_map, &fault), SKY_OK);
    config.map = &parsed_map;
    assert_int_equal(sky_src_modbus_init(&modbus, &config), -EINVAL); /* by which number? */
    config.map_number = 3;
    config.map_text = text;
    config.map_bytes = strlen(text);
    start_tcp_head(port, mood);
    assert_int_equal(sky_src_modbus_init(&modbus, &config), 0);
    assert_int_equal(open_it(&modbus.base), 1);
    return port;
}

static void a_unit_with_a_map_of_its_own_is_read_by_that(void **state)
{
    (void)state;
    start_mapped(STEADY, own_map);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    assert_non_null(strstr(input.u.source_event.detail, "its own map"));
    expect(&modbus.base, SKY_INPUT_REGISTER_MAP);
    assert_int_equal(input.u.register_map.map, 3);
    assert_string_equal(input.u.register_map.text, own_map);
    assert_int_equal(input.u.register_map.count, sizeof own_map - 1);
    for (int i = 0; i < 3; i++) {
        double scan_ms = 0.0;
        expect(&modbus.base, SKY_INPUT_REGISTERS);
        assert_int_equal(input.u.registers.map, 3);
        assert_int_equal(input.u.registers.count, 600); /* in three requests */
        assert_true(sky_regmap_value(&parsed_map, &parsed_map.field[1], input.u.registers.bytes, 0,
                                     &scan_ms));
        assert_near(scan_ms, 1000.0, 0.0);
    }
    stop_modbus();
}

static void a_unit_whose_sequence_changes_while_it_is_read_is_torn(void **state)
{
    (void)state;
    start_mapped(TEARING, own_map);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    expect(&modbus.base, SKY_INPUT_REGISTER_MAP);
    expect_event(&modbus.base, SKY_SOURCE_TORN);
    assert_non_null(strstr(input.u.source_event.detail, "sequence, in each of 3 reads"));
    atomic_store(&head.mood, STEADY);
    do {
        assert_int_equal(take(&modbus.base, PATIENCE_MS), 1);
    } while (input.kind == SKY_INPUT_SOURCE);
    assert_int_equal(input.kind, SKY_INPUT_REGISTERS);
    stop_modbus();
}

static void a_unit_that_is_another_than_the_map_is_for_is_not_read(void **state)
{
    (void)state;
    static const char other[] =
        "[map]\nkind=instrument\nfirst=0\ncount=9\nidentity=Vu8\n[a]\nat=1\n";
    start_mapped(STEADY, other);
    assert_int_equal(take(&modbus.base, PATIENCE_MS), -EPROTO);
    assert_non_null(strstr(detail, "identity: LMB"));
    stop_modbus();
}

/* ---- the same over a serial line ---- */

static int line_master;

static void start_line(char ret_device[64])
{
    int slave = -1;
    struct termios raw;
    memset(&raw, 0, sizeof raw);
    cfmakeraw(&raw);
    assert_int_equal(openpty(&line_master, &slave, NULL, &raw, NULL), 0);
    assert_int_equal(ttyname_r(slave, ret_device, 64), 0);
    make_head(modbus_new_rtu("/dev/null", 115200, 'N', 8, 1), STEADY);
    modbus_set_slave(head.bus, 17);
    modbus_set_socket(head.bus, line_master);
    modbus_set_indication_timeout(head.bus, 0, 20000);
    pthread_create(&head.thread, NULL, serve_line, NULL);
    head.listening = slave; /* kept open, so that the line does not hang up between openings */
}

static void stop_line(void)
{
    atomic_store(&head.stop, true);
    pthread_join(head.thread, NULL);
    close(head.listening);
    close(line_master);
    modbus_mapping_free(head.map);
    modbus_free(head.bus);
}

static void a_head_on_a_serial_line_is_read_lost_and_found_again(void **state)
{
    (void)state;
    struct sky_src_modbus_config config = {.name = "serial",
                                           .mode = SKY_SRC_MODBUS_RTU,
                                           .baud = 115200,
                                           .parity = 'N',
                                           .stop_bits = 1,
                                           .unit = 17,
                                           .poll_ms = 10,
                                           .timeout_ms = SOON_MS,
                                           .sensor = 3};
    start_line(config.device);
    assert_int_equal(sky_src_modbus_init(&modbus, &config), 0);
    assert_int_equal(open_it(&modbus.base), 1);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    assert_non_null(strstr(input.u.source_event.detail, "map 1.3"));
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    assert_block(2, 20);
    publish_locked(4, 64);
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    assert_block(4, 64);

    atomic_store(&head.mood, DEAF);
    assert_int_equal(take(&modbus.base, PATIENCE_MS), -ETIMEDOUT);
    modbus.base.ops->close(&modbus.base);
    atomic_store(&head.mood, STEADY);
    publish_locked(6, 2);
    assert_int_equal(open_it(&modbus.base), 1);
    expect_event(&modbus.base, SKY_SOURCE_UP);
    expect(&modbus.base, SKY_INPUT_REGISTERS);
    assert_block(6, 2);

    atomic_store(&head.mood, DEAF);
    nap_ms(30);
    const int64_t before_ms = now_ms();
    modbus.base.ops->close(&modbus.base);
    assert_true(now_ms() - before_ms < SOON_MS + BUSY_MS); /* no more than the timeout */
    sky_src_modbus_done(&modbus);
    stop_line();
}

static void a_serial_line_that_is_not_there_is_an_error_that_says_so(void **state)
{
    (void)state;
    const struct sky_src_modbus_config config = {.name = "serial",
                                                 .mode = SKY_SRC_MODBUS_RTU,
                                                 .device = "/dev/nosuchline",
                                                 .baud = 19200,
                                                 .parity = 'E',
                                                 .stop_bits = 1,
                                                 .unit = 1,
                                                 .poll_ms = 100,
                                                 .timeout_ms = 200};
    assert_int_equal(sky_src_modbus_init(&modbus, &config), 0);
    assert_int_equal(open_it(&modbus.base), 1);
    assert_int_equal(take(&modbus.base, PATIENCE_MS), -ENOENT);
    sky_src_modbus_done(&modbus);
}

/* ---- gpsd ---- */

static struct sky_src_gpsd gps;

static void start_gps(uint16_t port)
{
    const struct sky_src_gpsd_config config = {.name = "gps", .host = "localhost", .port = port};
    assert_int_equal(sky_src_gpsd_init(&gps, &config), 0);
}

static const char hello[] = "{\"class\":\"VERSION\",\"release\":\"3.99\",\"rev\":\"3.99\","
                            "\"proto_major\":3,\"proto_minor\":14}\r\n";

/* Plays gpsd: accepts, introduces itself, and wants to be asked. */
static int accept_as_gpsd(int listening)
{
    const int fd = accept(listening, NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, hello, sizeof hello - 1), sizeof hello - 1);
    expect_event(&gps.base, SKY_SOURCE_UP);
    assert_string_equal(input.u.source_event.detail, "gpsd 3.99, protocol 3.14");
    char request[64] = {0};
    assert_true(read(fd, request, sizeof request - 1) > 0);
    assert_non_null(strstr(request, "?WATCH={\"enable\":true"));
    return fd;
}

static void tell(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void reports_come_whole_however_the_bytes_are_cut(void **state)
{
    (void)state;
    const uint16_t port = free_port(SOCK_STREAM);
    const int listening = listen_at(port, 1);
    start_gps(port);
    assert_int_equal(open_it(&gps.base), 1);
    const int fd = accept_as_gpsd(listening);

    static const char report[] =
        "{\"class\":\"TPV\",\"device\":\"/dev/x\",\"mode\":3,\"time\":\"2026-11-22T10:00:00.500Z\","
        "\"ept\":0.005,\"lat\":19.95,\"lon\":2.97,\"altHAE\":512.5,\"altMSL\":480.0,\"epx\":3.9,"
        "\"epy\":4.9,\"epv\":9.8,\"track\":90.5,\"speed\":1.25,\"climb\":0.5}";
    for (size_t i = 0; i < sizeof report - 1; i++) {
        assert_int_equal(write(fd, report + i, 1), 1);
        assert_int_equal(take(&gps.base, 0), 0);
    }
    tell(fd, "\r\n");
    expect(&gps.base, SKY_INPUT_GNSS);
    const struct sky_gnss_report *const said = &input.u.gnss;
    assert_int_equal(said->mode, 3);
    assert_true(said->has_time);
    assert_int_equal(said->utc_ns, INT64_C(1795341600500000000));
    assert_near(said->lat_deg, 19.95, 1e-12);
    assert_near(said->lon_deg, 2.97, 1e-12);
    assert_near(said->alt_hae_m, 512.5, 0.0);
    assert_near(said->alt_msl_m, 480.0, 0.0);
    assert_near(said->err_lon_m, 3.9, 0.0);
    assert_near(said->err_lat_m, 4.9, 0.0);
    assert_near(said->err_alt_m, 9.8, 0.0);
    assert_near(said->err_time_s, 0.005, 0.0);
    assert_near(said->speed_mps, 1.25, 0.0);
    assert_near(said->course_deg, 90.5, 0.0);
    assert_near(said->climb_mps, 0.5, 0.0);
    assert_int_equal(said->satellites_used, -1);
    assert_int_equal(said->json_bytes, sizeof report - 1);
    assert_memory_equal(said->json, report, sizeof report - 1);

    /* What the next report does not say is not remembered from the last. */
    tell(fd, "{\"class\":\"SKY\",\"satellites\":[{\"PRN\":1,\"ss\":30,\"used\":true},"
             "{\"PRN\":2,\"ss\":30,\"used\":true},{\"PRN\":3,\"ss\":9,\"used\":false}]}\r\n"
             "{\"class\":\"TPV\",\"device\":\"/dev/x\",\"mode\":1}\r\n");
    expect(&gps.base, SKY_INPUT_GNSS);
    assert_int_equal(said->mode, 1);
    assert_false(said->has_time);
    assert_true(isnan(said->lat_deg) && isnan(said->lon_deg) && isnan(said->alt_hae_m));
    assert_true(isnan(said->speed_mps) && isnan(said->err_lon_m));
    assert_int_equal(said->satellites_used, 2);

    close(fd);
    assert_int_equal(take(&gps.base, PATIENCE_MS), -ECONNRESET);
    assert_string_equal(detail, "gpsd closed the connection");
    gps.base.ops->close(&gps.base);
    gps.base.ops->close(&gps.base);
    close(listening);
}

static void what_a_receiver_says_beside_its_reports_comes_with_the_next_of_them(void **state)
{
    (void)state;
    const uint16_t port = free_port(SOCK_STREAM);
    const int listening = listen_at(port, 1);
    start_gps(port);
    assert_int_equal(open_it(&gps.base), 1);
    const int fd = accept_as_gpsd(listening);
    const struct sky_receiver_report *const said = &input.u.gnss.receiver;
    static const char report[] = "{\"class\":\"TPV\",\"mode\":3,\"lat\":1.5,\"lon\":2.5}\r\n";

    tell(fd, report);
    expect(&gps.base, SKY_INPUT_GNSS);
    assert_false(said->said);

    tell(fd, "{\"class\":\"SKY\",\"hdop\":0.9,\"vdop\":1.25,\"pdop\":1.5,\"satellites\":["
             "{\"PRN\":1,\"ss\":30,\"used\":true},{\"PRN\":2,\"ss\":30,\"used\":false}]}\r\n"
             "{\"class\":\"GST\",\"rms\":2.5,\"major\":3.5,\"minor\":1.5,\"orient\":45.0,"
             "\"lat\":3.25,\"lon\":1.75,\"alt\":4.5}\r\n"
             "{\"class\":\"ATT\",\"heading\":271.5,\"pitch\":-1.5,\"roll\":0.5}\r\n"
             "{\"class\":\"TOFF\",\"real_sec\":1800000000,\"real_nsec\":0,"
             "\"clock_sec\":1800000000,\"clock_nsec\":120000000}\r\n"
             "{\"class\":\"PPS\",\"real_sec\":1800000000,\"real_nsec\":0,"
             "\"clock_sec\":1799999999,\"clock_nsec\":999999500,\"precision\":-20}\r\n"
             "{\"class\":\"TPV\",\"mode\":3,\"lat\":1.5,\"lon\":2.5,\"leapseconds\":18,\"eph\":7.5,"
             "\"jam\":17,\"ant\":2,\"status\":2,\"speed\":1.0,\"eps\":0.25}\r\n");
    expect(&gps.base, SKY_INPUT_GNSS);
    assert_true(said->said);
    assert_int_equal(said->satellites_seen, 2);
    assert_near(said->hdop, 0.9, 0.0);
    assert_near(said->vdop, 1.25, 0.0);
    assert_near(said->pdop, 1.5, 0.0);
    assert_near(said->gst_rms_m, 2.5, 0.0);
    assert_near(said->gst_major_m, 3.5, 0.0);
    assert_near(said->gst_minor_m, 1.5, 0.0);
    assert_near(said->gst_major_deg, 45.0, 0.0);
    assert_near(said->gst_lat_m, 3.25, 0.0);
    assert_near(said->gst_lon_m, 1.75, 0.0);
    assert_near(said->gst_alt_m, 4.5, 0.0);
    assert_near(said->heading_deg, 271.5, 0.0);
    assert_near(said->pitch_deg, -1.5, 0.0);
    assert_near(said->roll_deg, 0.5, 0.0);
    assert_true(said->has_toff && said->has_pps);
    assert_int_equal(said->toff_clock_ns - said->toff_real_ns, 120000000);
    assert_int_equal(said->pps_real_ns, INT64_C(1800000000) * SKY_SECOND_NS);
    assert_int_equal(said->pps_real_ns - said->pps_clock_ns, 500);
    assert_int_equal(said->pps_precision_ns, 953); /* 2^-20 s */
    assert_int_equal(said->leap_s, 18);
    assert_int_equal(said->jamming, 17);
    assert_int_equal(said->antenna, 2);
    assert_int_equal(said->status, 2);
    assert_near(said->err_place_m, 7.5, 0.0);
    assert_near(said->err_speed_mps, 0.25, 0.0);
    assert_true(isnan(said->err_course_deg) && isnan(said->tdop));

    tell(fd, report); /* and is said once */
    expect(&gps.base, SKY_INPUT_GNSS);
    assert_false(said->said);
    gps.base.ops->close(&gps.base);
    close(fd);
    close(listening);
}

static void a_message_beyond_all_measure_is_counted_and_the_next_one_is_taken(void **state)
{
    (void)state;
    const uint16_t port = free_port(SOCK_STREAM);
    const int listening = listen_at(port, 1);
    start_gps(port);
    assert_int_equal(open_it(&gps.base), 1);
    const int fd = accept_as_gpsd(listening);
    static char endless[3 * SKY_SRC_GPSD_LINE_MAX];
    memset(endless, 'x', sizeof endless);
    assert_int_equal(write(fd, endless, sizeof endless), sizeof endless);
    tell(fd, "\r\n{\"class\":\"TPV\",\"mode\":2,\"lat\":1.0,\"lon\":2.0}\r\n");
    uint64_t lost = 0, reports = 0;
    while (reports == 0) {
        assert_int_equal(take(&gps.base, PATIENCE_MS), 1);
        lost += input.kind == SKY_INPUT_SOURCE ? input.u.source_event.count : 0;
        reports += input.kind == SKY_INPUT_GNSS ? 1 : 0;
    }
    assert_int_equal(lost, 1);
    /* Nor does nonsense of the right length do more than nothing. */
    tell(fd, "{\"class\":\"TPV\",\"mode\":\r\n{]\r\n\r\n{\"class\":17}\r\n");
    assert_int_equal(take(&gps.base, 50), 0);
    gps.base.ops->close(&gps.base);
    close(fd);
    close(listening);
}

static void a_peer_that_is_no_gpsd_is_turned_away(void **state)
{
    (void)state;
    const uint16_t port = free_port(SOCK_STREAM);
    const int listening = listen_at(port, 1);
    start_gps(port);
    assert_int_equal(open_it(&gps.base), 1);
    const int fd = accept(listening, NULL, NULL);
    tell(fd, "220 mail.example ESMTP\r\n");
    assert_int_equal(take(&gps.base, PATIENCE_MS), -EPROTO);
    assert_non_null(strstr(detail, "not a gpsd"));
    gps.base.ops->close(&gps.base);
    close(fd);
    close(listening);
}

static void a_gpsd_that_does_not_answer_holds_nobody_up(void **state)
{
    (void)state;
    const uint16_t port = free_port(SOCK_STREAM);
    const int listening = listen_at(port, 0);
    int waiting[4]; /* fill the queue: the next connection gets no answer at all */
    const struct sockaddr_in address = at_port(port);
    for (int i = 0; i < 4; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(waiting[i], (const struct sockaddr *)&address, sizeof address);
    }
    start_gps(port);
    assert_int_equal(open_it(&gps.base), 1);
    const int64_t before_ms = now_ms();
    assert_int_equal(gps.base.ops->take(&gps.base, &input, detail), 0);
    gps.base.ops->close(&gps.base);
    assert_true(now_ms() - before_ms < 50 + BUSY_MS);
    for (int i = 0; i < 4; i++) {
        close(waiting[i]);
    }
    close(listening);
}

static void a_name_is_not_an_address(void **state)
{
    (void)state;
    struct sky_src_gpsd_config config = {.name = "gps", .host = "gps.example", .port = 2947};
    assert_int_equal(sky_src_gpsd_init(&gps, &config), -EINVAL);
    strcpy(config.host, "::1");
    assert_int_equal(sky_src_gpsd_init(&gps, &config), 0);
}

static pid_t start_gpsd(uint16_t port, uint16_t feed_port, const char *control)
{
    char port_text[8], device[40];
    snprintf(port_text, sizeof port_text, "%u", port);
    snprintf(device, sizeof device, "tcp://127.0.0.1:%u", feed_port);
    const pid_t pid = fork();
    if (pid == 0) {
        const int nowhere = open("/dev/null", O_RDWR);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        execlp("gpsd", "gpsd", "-N", "-n", "-S", port_text, "-F", control, device, (char *)NULL);
        execl("/usr/sbin/gpsd", "gpsd", "-N", "-n", "-S", port_text, "-F", control, device,
              (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void stop_gpsd(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* One second of a receiver: the sentences gpsd needs for a 3D fix, dated now. */
static void feed_second(int fd)
{
    struct tm utc;
    const time_t now = time(NULL);
    gmtime_r(&now, &utc);
    char body[3][128];
    snprintf(body[0], sizeof body[0],
             "GPRMC,%02d%02d%02d.00,A,1957.0000,N,00258.2000,E,2.43,090.5,%02d%02d%02d,,,A",
             utc.tm_hour, utc.tm_min, utc.tm_sec, utc.tm_mday, utc.tm_mon + 1, utc.tm_year % 100);
    snprintf(body[1], sizeof body[1],
             "GPGGA,%02d%02d%02d.00,1957.0000,N,00258.2000,E,1,08,1.1,480.0,M,32.5,M,,",
             utc.tm_hour, utc.tm_min, utc.tm_sec);
    snprintf(body[2], sizeof body[2], "GPGSA,A,3,01,02,03,04,05,06,07,08,,,,,1.9,1.1,1.5");
    for (int i = 0; i < 3; i++) {
        unsigned sum = 0;
        for (const char *c = body[i]; *c; c++) {
            sum ^= (unsigned char)*c;
        }
        char line[160];
        const int bytes = snprintf(line, sizeof line, "$%s*%02X\r\n", body[i], sum);
        (void)send(fd, line, (size_t)bytes, MSG_NOSIGNAL);
    }
}

static int accept_within(int listening, int timeout_ms)
{
    struct pollfd ready = {.fd = listening, .events = POLLIN};
    return poll(&ready, 1, timeout_ms) == 1 ? accept(listening, NULL, NULL) : -1;
}

/* Opens until gpsd is there, as the loop would with its back-off. */
static void wait_for_gpsd(void)
{
    for (int i = 0; i < 600; i++) {
        if (open_it(&gps.base) >= 0 && take(&gps.base, 1000) == 1) {
            assert_int_equal(input.kind, SKY_INPUT_SOURCE);
            assert_int_equal(input.u.source_event.event, SKY_SOURCE_UP);
            assert_non_null(strstr(input.u.source_event.detail, "gpsd 3."));
            return;
        }
        gps.base.ops->close(&gps.base);
        nap_ms(50);
    }
    fail_msg("gpsd did not come up");
}

static void expect_fix(int feed)
{
    for (int i = 0; i < 150; i++) {
        feed_second(feed);
        while (take(&gps.base, 200) == 1) {
            struct sky_gnss_fix fix;
            const char *item = "";
            assert_int_equal(input.kind, SKY_INPUT_GNSS);
            assert_memory_equal(input.u.gnss.json, "{\"class\":\"TPV\"", 14);
            if (sky_gnss_decode(&input.u.gnss, &fix, &item) == SKY_OK &&
                (fix.has & SKY_GNSS_ALTITUDE) != 0 && (fix.has & SKY_GNSS_TIME) != 0) {
                assert_near(input.u.gnss.lat_deg, 19.95, 1e-7);
                assert_near(input.u.gnss.lon_deg, 2.97, 1e-7);
                assert_near(input.u.gnss.alt_hae_m, 512.5, 0.1);
                assert_true(llabs(fix.utc_ns / SKY_SECOND_NS - time(NULL)) < 20);
                return;
            }
        }
    }
    fail_msg("no fix came");
}

static bool has_gpsd(void)
{
    return access("/usr/sbin/gpsd", X_OK) == 0 || access("/usr/bin/gpsd", X_OK) == 0 ||
           access("/usr/local/sbin/gpsd", X_OK) == 0;
}

static void a_real_gpsd_reports_dies_and_is_found_again(void **state)
{
    (void)state;
    if (!has_gpsd()) {
        print_message("gpsd is not installed\n");
        skip();
    }
    const uint16_t port = free_port(SOCK_STREAM), feed_port = free_port(SOCK_STREAM);
    char control[] = "/tmp/sky-gpsd-XXXXXX";
    assert_non_null(mkdtemp(control));
    char path[64];
    snprintf(path, sizeof path, "%s/control", control);
    const int listening = listen_at(feed_port, 4);
    start_gps(port);

    pid_t pid = start_gpsd(port, feed_port, path);
    int feed = accept_within(listening, PATIENCE_MS);
    assert_true(feed >= 0);
    wait_for_gpsd();
    expect_fix(feed);
    assert_int_equal(input.u.gnss.mode, 3);

    stop_gpsd(pid);
    close(feed);
    int taken = 1;
    while (taken == 1) { /* what was on its way still comes */
        taken = take(&gps.base, PATIENCE_MS);
    }
    assert_int_equal(taken, -ECONNRESET);
    gps.base.ops->close(&gps.base);
    taken = open_it(&gps.base);
    assert_int_equal(taken < 0 ? taken : take(&gps.base, PATIENCE_MS), -ECONNREFUSED);
    gps.base.ops->close(&gps.base);

    unlink(path);
    pid = start_gpsd(port, feed_port, path);
    feed = accept_within(listening, PATIENCE_MS);
    assert_true(feed >= 0);
    wait_for_gpsd();
    expect_fix(feed);
    gps.base.ops->close(&gps.base);
    stop_gpsd(pid);
    close(feed);
    close(listening);
    unlink(path);
    rmdir(control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_never_goes_back_and_reads_both_axes_at_once),
        cmocka_unit_test(a_datagram_comes_as_it_was_sent_with_its_sender),
        cmocka_unit_test(every_datagram_is_either_received_or_counted_as_lost),
        cmocka_unit_test(a_port_that_is_taken_is_an_error_that_says_so),
        cmocka_unit_test(a_group_is_joined_on_its_interface_and_nothing_else_comes_in),
        cmocka_unit_test_setup_teardown(an_interface_that_comes_back_as_another_is_joined_again,
                                        leave_the_network, return_to_the_network),
        cmocka_unit_test(an_address_that_is_none_is_refused_at_once),
        cmocka_unit_test(a_head_says_who_it_is_and_each_table_comes_once),
        cmocka_unit_test(a_head_without_a_name_is_known_by_its_map),
        cmocka_unit_test(a_table_torn_in_every_try_is_reported_and_the_next_whole_one_is_taken),
        cmocka_unit_test(an_odd_sequence_is_waited_for_and_then_reported),
        cmocka_unit_test(a_wrong_magic_is_recorded_as_it_was_read_and_ends_the_source),
        cmocka_unit_test(a_head_that_went_away_is_reported_and_found_again),
        cmocka_unit_test(a_late_answer_ends_the_connection_and_not_the_next_one),
        cmocka_unit_test(closing_does_not_wait_for_a_head_that_is_deaf),
        cmocka_unit_test(a_head_that_ignores_the_question_who_it_is_is_not_asked_again),
        cmocka_unit_test(tables_a_slow_loop_did_not_take_are_counted),
        cmocka_unit_test(settings_outside_their_range_are_refused),
        cmocka_unit_test(a_unit_with_a_map_of_its_own_is_read_by_that),
        cmocka_unit_test(a_unit_whose_sequence_changes_while_it_is_read_is_torn),
        cmocka_unit_test(a_unit_that_is_another_than_the_map_is_for_is_not_read),
        cmocka_unit_test(a_head_on_a_serial_line_is_read_lost_and_found_again),
        cmocka_unit_test(a_serial_line_that_is_not_there_is_an_error_that_says_so),
        cmocka_unit_test(reports_come_whole_however_the_bytes_are_cut),
        cmocka_unit_test(what_a_receiver_says_beside_its_reports_comes_with_the_next_of_them),
        cmocka_unit_test(a_message_beyond_all_measure_is_counted_and_the_next_one_is_taken),
        cmocka_unit_test(a_peer_that_is_no_gpsd_is_turned_away),
        cmocka_unit_test(a_gpsd_that_does_not_answer_holds_nobody_up),
        cmocka_unit_test(a_name_is_not_an_address),
        cmocka_unit_test(a_real_gpsd_reports_dies_and_is_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
