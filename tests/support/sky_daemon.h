/**
 * sky_daemon: runs the real skywitnessd in a folder of its own, between feeds that the test plays
 * itself - an ASTERIX sender, a Modbus head and a gpsd - and a service manager that listens.
 */
#ifndef SKY_DAEMON_H
#define SKY_DAEMON_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sky_regs.h"
#include "sky_scan.h"
#include "sky_test.h"
#include "zones.pb-c.h"

enum { DAEMON_PATIENCE_MS = 60000 }; /* for what must come, however busy the machine is */

/** One run. Zero it, set folder with daemon_folder, write a configuration, start. */
struct daemon_run {
    char folder[64];
    char config[96];
    pid_t pid;
    int notify_fd;
    size_t said_bytes;
    char said[65536]; /* every notification, a line each */
};

static inline int64_t daemon_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void daemon_nap_ms(long ms)
{
    const struct timespec nap = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&nap, NULL);
}

static inline void daemon_write_file(const char *folder, const char *name, const void *bytes,
                                     size_t count)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *const file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/** A zone set with one square of 40 km around 20 N 3 E, as the station loads it. */
static inline void daemon_write_zones(const char *folder)
{
    int32_t lat_step[] = {198000000, 4000000, 0, -4000000};
    int32_t lon_step[] = {28000000, 0, 4000000, 0};
    uint8_t sha256[32] = {1};
    Skywitness__Zones__V1__Ring ring = SKYWITNESS__ZONES__V1__RING__INIT;
    Skywitness__Zones__V1__Line line = SKYWITNESS__ZONES__V1__LINE__INIT;
    Skywitness__Zones__V1__Zone zone = SKYWITNESS__ZONES__V1__ZONE__INIT;
    Skywitness__Zones__V1__ZoneSet set = SKYWITNESS__ZONES__V1__ZONE_SET__INIT;
    char name[] = "square", text[] = "test";
    ring.n_lat_step_e7 = ring.n_lon_step_e7 = 4;
    ring.lat_step_e7 = lat_step;
    ring.lon_step_e7 = lon_step;
    line.id = line.zone_id = zone.id = 1;
    line.name = zone.name = set.name = name;
    line.source = line.licence = text;
    line.sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
    line.edge_rule = SKYWITNESS__ZONES__V1__EDGE_RULE__EDGE_PLANAR;
    Skywitness__Zones__V1__Ring *rings[] = {&ring};
    Skywitness__Zones__V1__Line *lines[] = {&line};
    Skywitness__Zones__V1__Zone *zones[] = {&zone};
    line.n_ring = set.n_line = set.n_zone = 1;
    line.ring = rings;
    set.line = lines;
    set.zone = zones;
    uint8_t bytes[1024];
    assert_true(skywitness__zones__v1__zone_set__get_packed_size(&set) <= sizeof bytes);
    daemon_write_file(folder, "zones.pb", bytes,
                      skywitness__zones__v1__zone_set__pack(&set, bytes));
}

/** Makes a folder under a place, with a zone set in it and a service manager's socket. */
static inline void daemon_folder_in(struct daemon_run *run, const char *place)
{
    memset(run, 0, sizeof *run);
    snprintf(run->folder, sizeof run->folder, "%s/skywitnessd-test-XXXXXX", place);
    assert_non_null(mkdtemp(run->folder));
    snprintf(run->config, sizeof run->config, "%s/c.ini", run->folder);
    daemon_write_zones(run->folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", run->folder);
    run->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(run->notify_fd, (struct sockaddr *)&address, sizeof address), 0);
}

/** On a disk, with a disk's pauses. */
static inline void daemon_folder(struct daemon_run *run) { daemon_folder_in(run, "/tmp"); }

/** In memory where there is such a place: for tests in which a log is small and no disk matters. */
static inline void daemon_quick_folder(struct daemon_run *run)
{
    daemon_folder_in(run, access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
}

/** Starts the binary; what it says goes to folder/stderr. environment: NAME=VALUE or NULL. */
static inline void daemon_start(struct daemon_run *run, const char *binary,
                                const char *const *argument, const char *const *environment)
{
    run->pid = fork();
    assert_true(run->pid >= 0);
    if (run->pid > 0) {
        return;
    }
    char path[128];
    snprintf(path, sizeof path, "%s/notify", run->folder);
    setenv("NOTIFY_SOCKET", path, 1);
    for (; environment != NULL && *environment != NULL; environment++) {
        char *const copy = strdup(*environment);
        putenv(copy);
    }
    snprintf(path, sizeof path, "%s/stderr", run->folder);
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    char *list[8] = {NULL};
    for (size_t i = 0; i < 7 && argument[i] != NULL; i++) {
        list[i] = strdup(argument[i]);
    }
    execv(binary, list);
    _exit(127);
}

/** Reads what came from the daemon; true as soon as one notification holds text. */
static inline bool daemon_says(struct daemon_run *run, const char *text, int64_t wait_ms)
{
    const int64_t until_ms = daemon_now_ms() + wait_ms;
    while (strstr(run->said, text) == NULL) {
        struct pollfd ready = {.fd = run->notify_fd, .events = POLLIN};
        const int64_t left_ms = until_ms - daemon_now_ms();
        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) < 0) {
            return false;
        }
        const ssize_t got = recv(run->notify_fd, run->said + run->said_bytes,
                                 sizeof run->said - run->said_bytes - 2, MSG_DONTWAIT);
        if (got > 0) {
            run->said_bytes += (size_t)got;
            run->said[run->said_bytes++] = '\n';
        }
    }
    return true;
}

/** Waits for its end: the exit status, or -1 if it was killed, which after wait_ms we do. */
static inline int daemon_exit(struct daemon_run *run, int64_t wait_ms)
{
    const int64_t until_ms = daemon_now_ms() + wait_ms;
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(run->pid, &status, WNOHANG)) == 0 && daemon_now_ms() < until_ms) {
        daemon_nap_ms(5);
    }
    if (ended == 0) {
        kill(run->pid, SIGKILL);
        waitpid(run->pid, &status, 0);
    }
    run->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/** What it wrote to standard output and error, in static storage. */
static inline const char *daemon_stderr(const struct daemon_run *run)
{
    static char text[16384];
    char path[128];
    snprintf(path, sizeof path, "%s/stderr", run->folder);
    FILE *const file = fopen(path, "r");
    const size_t got = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    text[got] = '\0';
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

/** Removes the folder and what is in it. */
static inline void daemon_clean(struct daemon_run *run)
{
    if (run->pid > 0) {
        kill(run->pid, SIGKILL);
        waitpid(run->pid, NULL, 0);
    }
    if (run->notify_fd > 0) {
        close(run->notify_fd);
    }
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", run->folder);
    assert_int_equal(system(command), 0);
    memset(run, 0, sizeof *run);
}

/* ---- feeds ---- */

/** A port of this machine that nobody has just now; type: SOCK_STREAM or SOCK_DGRAM. */
static inline uint16_t daemon_free_port(int type)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

/** Sends one CAT048 plot, 5 km north of its radar (25/201), without time, to a port here. */
static inline void daemon_send_plot(uint16_t port)
{
    static const uint8_t plot[] = {0x30, 0x00, 0x0b, 0xb0, 25, 201, 0x20, 0x02, 0xb3, 0x00, 0x00};
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(sendto(fd, plot, sizeof plot, 0, (const struct sockaddr *)&to, sizeof to),
                     sizeof plot);
    close(fd);
}

/**
 * Sends a plot each 200 ms to a port until the daemon says text; how many. The radar's scan is to
 * be as long: longer than a machine delays a plot, or looks between them seem to stay empty, and it
 * takes more of them.
 */
static inline uint32_t daemon_feed_until(struct daemon_run *run, uint16_t port, const char *text)
{
    const int64_t until_ms = daemon_now_ms() + DAEMON_PATIENCE_MS;
    uint32_t sent = 0;
    while (!daemon_says(run, text, 200)) {
        assert_true(daemon_now_ms() < until_ms);
        daemon_send_plot(port);
        sent++;
    }
    return sent;
}

/** A feed that listens on a TCP port and serves one peer at a time on a thread of its own. */
struct daemon_feed {
    int fd;
    atomic_bool stop;
    atomic_uint said; /* tables or reports that a peer was, or can be, told */
    pthread_t thread;
};

static inline int daemon_accept(struct daemon_feed *feed)
{
    while (!atomic_load(&feed->stop)) {
        struct pollfd ready = {.fd = feed->fd, .events = POLLIN};
        if (poll(&ready, 1, 20) > 0) {
            return accept(feed->fd, NULL, NULL);
        }
    }
    return -1;
}

/* A Modbus head with one target at 5 km, whose table changes every 400 ms. */
static inline void *daemon_head(void *argument)
{
    struct daemon_feed *const feed = argument;
    modbus_t *const bus = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *const map = modbus_mapping_new(0, 0, 0, 512);
    uint16_t *const word = map->tab_input_registers;
    static const uint16_t header[] = {SKY_REGS_MAGIC, 1 << 8, 16, 64, 7, 0, 1, 100};
    memcpy(word, header, sizeof header);
    word[10] = 0xFFFF;
    uint16_t *const target = word + SKY_REGS_TABLE_AT;
    target[0] = 1;
    target[1] = SKY_REGS_VALID;
    target[4] = 50000;
    target[6] = target[7] = target[8] = target[9] = 0x8000;
    target[10] = target[11] = target[12] = 0xFFFF;
    int64_t changed_ms = 0;
    for (int fd = daemon_accept(feed); fd >= 0; fd = daemon_accept(feed)) {
        modbus_set_socket(bus, fd);
        while (!atomic_load(&feed->stop)) {
            struct pollfd ready = {.fd = fd, .events = POLLIN};
            uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
            if (poll(&ready, 1, 20) == 0) {
                continue;
            }
            const int bytes = modbus_receive(bus, query);
            if (bytes < 0) {
                break;
            }
            if (daemon_now_ms() - changed_ms >= 400) {
                changed_ms = daemon_now_ms();
                atomic_fetch_add(&feed->said, 1);
                word[5] = word[15] = target[15] = (uint16_t)(word[5] + 2);
                word[14] = sky_regs_crc(target, SKY_REGS_TARGET_WORDS);
            }
            modbus_reply(bus, query, bytes, map);
        }
        close(fd);
    }
    modbus_mapping_free(map);
    modbus_free(bus);
    return NULL;
}

/* A gpsd with a fixed receiver at 20 N 3 E that reports every 100 ms. */
static inline void *daemon_gpsd(void *argument)
{
    static const char version[] = "{\"class\":\"VERSION\",\"release\":\"3.22\",\"rev\":\"3.22\","
                                  "\"proto_major\":3,\"proto_minor\":14}\r\n";
    struct daemon_feed *const feed = argument;
    for (int fd = daemon_accept(feed); fd >= 0; fd = daemon_accept(feed)) {
        bool sent = send(fd, version, sizeof version - 1, MSG_NOSIGNAL) > 0;
        while (sent && !atomic_load(&feed->stop)) {
            struct timespec now;
            struct tm utc;
            char stamp[32], line[512];
            clock_gettime(CLOCK_REALTIME, &now);
            gmtime_r(&now.tv_sec, &utc);
            strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
            const int bytes = snprintf(
                line, sizeof line,
                "{\"class\":\"TPV\",\"device\":\"/dev/sky-gps\",\"mode\":3,\"time\":\"%s.%03ldZ\","
                "\"ept\":0.005,\"lat\":20.0,\"lon\":3.0,\"altHAE\":500.0,\"epx\":4.0,\"epy\":4.0,"
                "\"epv\":8.0,\"track\":0.0,\"speed\":0.0}\r\n",
                stamp, now.tv_nsec / 1000000);
            sent = send(fd, line, (size_t)bytes, MSG_NOSIGNAL) == bytes;
            atomic_fetch_add(&feed->said, sent ? 1 : 0);
            daemon_nap_ms(100);
        }
        close(fd);
    }
    return NULL;
}

/** Peers may connect from now on; they are served later. Before the daemon is started. */
static inline void daemon_feed_listen(struct daemon_feed *feed, uint16_t port)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int yes = 1;
    feed->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(feed->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(feed->fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(feed->fd, 4), 0);
}

/** After the daemon was started: a fork beside a running thread may hang in the child. */
static inline void daemon_feed_serve(struct daemon_feed *feed, void *(*serve)(void *))
{
    atomic_store(&feed->stop, false);
    atomic_store(&feed->said, 0);
    assert_int_equal(pthread_create(&feed->thread, NULL, serve, feed), 0);
}

static inline void daemon_feed_stop(struct daemon_feed *feed)
{
    atomic_store(&feed->stop, true);
    pthread_join(feed->thread, NULL);
    close(feed->fd);
}

#endif
