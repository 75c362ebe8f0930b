#include "skyh_live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 4,                                  /* of one server */
    POLLS_MAX = SKYH_SOURCES_MAX * (1 + CLIENTS_MAX), /* every server and its clients */
    REPORT_SERVER_ID = 0x11,                          /* Modbus function code 17 */
    TABLE_WORDS = SKY_REGS_TARGETS_MAX * SKY_REGS_TARGET_WORDS
};

static const int64_t writing_ns = INT64_C(3000000); /* a head takes to write its table */

/* A server of one source: the receiver's NMEA port, or a Modbus head. */
struct server {
    bool used;
    int listener; /* -1: none, or a serial device */
    int client[CLIENTS_MAX];
    size_t client_count;
    modbus_t *bus; /* heads only */
    bool serial;
    modbus_mapping_t *map;
    struct skyh_registers pending; /* what is being written while the sequence is odd */
    int64_t written_ns;            /* when that is done; 0: nothing is being written */
    bool served;                   /* a peer is there: it connected, or asked */
};

struct live {
    const struct skyh_scenario *scenario;
    const struct skyh_live_config *config;
    struct skyh_world world;
    struct server server[SKYH_SOURCES_MAX];
    int datagrams;    /* UDP socket */
    int64_t start_ns; /* CLOCK_REALTIME of the world's time 0 ... */
    int64_t start_monotonic_ns;
    struct skyh_flown flown;
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * SKY_SECOND_NS + now.tv_nsec;
}

static int64_t now_of(const struct live *live)
{
    return clock_ns(CLOCK_MONOTONIC) - live->start_monotonic_ns;
}

/* --------------------------------------------------------------------------------- opening */

static bool address_of(const struct live *live, uint16_t port, struct sockaddr_in *ret_address,
                       struct skyh_problem *problem)
{
    memset(ret_address, 0, sizeof *ret_address);
    ret_address->sin_family = AF_INET;
    ret_address->sin_port = htons(port);
    if (inet_pton(AF_INET, live->config->address, &ret_address->sin_addr) != 1) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--address: %s; expected an IPv4 address",
                         live->config->address);
    }
    return true;
}

static bool listen_at(struct live *live, uint32_t source, struct skyh_problem *problem)
{
    struct server *const server = &live->server[source];
    const uint16_t port = live->config->port[source];
    struct sockaddr_in address;
    const int yes = 1;
    if (!address_of(live, port, &address, problem)) {
        return false;
    }
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listener < 0 ||
        setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(server->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, CLIENTS_MAX) != 0) {
        return skyh_fail(problem, SKYH_EXIT_UNAVAILABLE, "%s: %s:%u: %s",
                         skyh_scenario_source(live->scenario, source), live->config->address, port,
                         strerror(errno));
    }
    return true;
}

static void end_writing(struct server *server)
{
    uint16_t *const words = server->map->tab_input_registers;
    memcpy(words + SKY_REGS_TABLE_AT, server->pending.table, sizeof server->pending.table);
    memcpy(words, server->pending.header, sizeof server->pending.header);
    server->written_ns = 0;
}

static bool open_head(struct live *live, uint32_t source, struct skyh_problem *problem)
{
    struct server *const server = &live->server[source];
    const char *const device = live->config->device[source];
    server->map = modbus_mapping_new(0, 0, 0, SKY_REGS_TABLE_AT + TABLE_WORDS);
    server->serial = device != NULL;
    server->bus = server->serial
                      ? modbus_new_rtu(device, 115200, 'N', 8, 1)
                      : modbus_new_tcp(live->config->address, live->config->port[source]);
    if (server->map == NULL || server->bus == NULL) {
        return skyh_fail(problem, SKYH_EXIT_UNAVAILABLE, "%s: %s",
                         skyh_scenario_source(live->scenario, source), modbus_strerror(errno));
    }
    /* Until its first scan is over it has an empty table to show. */
    const struct skyh_head head = {.utc_ns = live->start_ns, .scan_ms = UINT16_MAX};
    skyh_feed_registers(&head, NULL, 0, &server->pending);
    end_writing(server);
    if (!server->serial) {
        return listen_at(live, source, problem);
    }
    if (modbus_set_slave(server->bus, 1) != 0 || modbus_connect(server->bus) != 0) {
        return skyh_fail(problem, SKYH_EXIT_UNAVAILABLE, "%s: %s: %s",
                         skyh_scenario_source(live->scenario, source), device,
                         modbus_strerror(errno));
    }
    server->client[server->client_count++] = modbus_get_socket(server->bus);
    return true;
}

static bool open_all(struct live *live, struct skyh_problem *problem)
{
    for (uint32_t source = 0; source <= live->scenario->radar_count; source++) {
        struct server *const server = &live->server[source];
        server->used = source == 0 || live->scenario->radar[source - 1].kind == SKYH_SENSOR_MODBUS;
        if (source == 0 ? !listen_at(live, source, problem)
                        : server->used && !open_head(live, source, problem)) {
            return false;
        }
    }
    live->datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return live->datagrams >= 0 ||
           skyh_fail(problem, SKYH_EXIT_UNAVAILABLE, "UDP: %s", strerror(errno));
}

static void drop_client(struct server *server, size_t i)
{
    if (server->serial) {
        (void)modbus_flush(server->bus);
        return;
    }
    (void)close(server->client[i]);
    server->client[i] = server->client[--server->client_count];
}

static void close_all(struct live *live)
{
    for (uint32_t source = 0; source < SKYH_SOURCES_MAX; source++) {
        struct server *const server = &live->server[source];
        while (!server->serial && server->client_count > 0) {
            drop_client(server, 0);
        }
        if (server->listener >= 0) {
            (void)close(server->listener);
        }
        if (server->serial && server->bus != NULL) {
            modbus_close(server->bus);
        }
        if (server->bus != NULL) {
            modbus_free(server->bus);
        }
        if (server->map != NULL) {
            modbus_mapping_free(server->map);
        }
    }
    if (live->datagrams >= 0) {
        (void)close(live->datagrams);
    }
    skyh_world_done(&live->world);
}

/* --------------------------------------------------------------------------------- speaking */

static void speak_nmea(struct live *live, const struct skyh_epoch *epoch)
{
    struct server *const server = &live->server[0];
    char text[SKYH_NMEA_MAX];
    const size_t bytes = skyh_feed_nmea(epoch, text);
    live->flown.epochs++;
    for (size_t i = server->client_count; i-- > 0;) {
        /* A reader that does not keep up is dropped: late fixes would be wrong ones. */
        if (send(server->client[i], text, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)bytes) {
            drop_client(server, i);
        }
    }
}

static void speak_asterix(struct live *live, const struct skyh_emission *emission)
{
    struct sockaddr_in to;
    struct skyh_problem ignored;
    if (address_of(live, live->config->port[emission->source], &to, &ignored)) {
        (void)sendto(live->datagrams, emission->datagram, emission->datagram_bytes, MSG_NOSIGNAL,
                     (const struct sockaddr *)&to, sizeof to);
        live->flown.datagrams++;
    }
}

/*
 * A head writes its table while readers read: first it makes both sequence words odd, then writes
 * the targets, then the header with the new even sequence. The time between is real here.
 */
static void begin_writing(struct live *live, const struct skyh_emission *emission, int64_t now_ns)
{
    struct server *const server = &live->server[emission->source];
    uint16_t *const words = server->map->tab_input_registers;
    server->pending = *emission->registers;
    server->written_ns = now_ns + writing_ns;
    words[5] = (uint16_t)(server->pending.header[5] - 1);
    words[15] = words[5];
    live->flown.scans++;
}

static void speak(struct live *live, const struct skyh_emission *emission, int64_t now_ns)
{
    switch (emission->kind) {
    case SKYH_EMIT_SOURCE:
        break; /* shows in what connections do, see refuse_away */
    case SKYH_EMIT_EPOCH:
        speak_nmea(live, emission->epoch);
        break;
    case SKYH_EMIT_DATAGRAM:
        speak_asterix(live, emission);
        break;
    case SKYH_EMIT_REGISTERS:
        begin_writing(live, emission, now_ns);
        break;
    }
}

/* -------------------------------------------------------------------------------- listening */

/* Function code 17, which libmodbus would answer in its own name. */
static void report_server_id(struct server *server, int client, const uint8_t *query, int header)
{
    static const char name[] = "skywitness simulated radar head";
    uint8_t answer[16 + sizeof name];
    size_t used = 0;
    const uint8_t unit = query[header - 1];
    const uint8_t bytes = (uint8_t)(2 + sizeof name - 1);
    if (!server->serial) { /* the MBAP header: the query's transaction, then the length */
        memcpy(answer, query, 4);
        answer[4] = 0;
        answer[5] = (uint8_t)(3 + bytes);
        used = 6;
    }
    answer[used++] = unit;
    answer[used++] = REPORT_SERVER_ID;
    answer[used++] = bytes;
    answer[used++] = 1;    /* its number */
    answer[used++] = 0xFF; /* it runs */
    memcpy(answer + used, name, sizeof name - 1);
    used += sizeof name - 1;
    if (server->serial) {
        (void)modbus_send_raw_request(server->bus, answer, (int)used);
    } else {
        (void)send(client, answer, used, MSG_NOSIGNAL);
    }
}

static void answer_request(struct live *live, uint32_t source, size_t i)
{
    struct server *const server = &live->server[source];
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    if (!server->serial) {
        (void)modbus_set_socket(server->bus, server->client[i]);
    }
    const int header = modbus_get_header_length(server->bus);
    const int bytes = modbus_receive(server->bus, query);
    if (bytes < 0) {
        drop_client(server, i);
    } else if (bytes > header) {
        server->served = true;
        live->flown.modbus_requests++;
        if (query[header] == REPORT_SERVER_ID) {
            report_server_id(server, server->client[i], query, header);
        } else if (modbus_reply(server->bus, query, bytes, server->map) < 0) {
            drop_client(server, i);
        }
    }
}

static void accept_client(struct server *server, bool away)
{
    const int client = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    const int yes = 1;
    if (client < 0) {
        return;
    }
    if (away || server->client_count == CLIENTS_MAX) {
        (void)close(client);
        return;
    }
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    server->client[server->client_count++] = client;
    server->served = server->served || server->bus == NULL;
}

/* gpsd writes to a receiver now and then; it need not be understood, but its end must be seen. */
static void hear_nmea_client(struct server *server, size_t i)
{
    char ignored[256];
    const ssize_t bytes = recv(server->client[i], ignored, sizeof ignored, MSG_DONTWAIT);
    if (bytes == 0 || (bytes < 0 && errno != EAGAIN && errno != EINTR)) {
        drop_client(server, i);
    }
}

/* A source that is away closes what is open and answers nobody. */
static void refuse_away(struct live *live, int64_t now_ns)
{
    for (uint32_t source = 0; source <= live->scenario->radar_count; source++) {
        struct server *const server = &live->server[source];
        if (server->used && !server->serial && skyh_world_away(&live->world, source, now_ns)) {
            while (server->client_count > 0) {
                drop_client(server, 0);
            }
        }
    }
}

/* Waits for readers until due_ns at most, and serves those that speak. */
static void serve_until(struct live *live, int64_t due_ns)
{
    struct pollfd ready[POLLS_MAX];
    uint32_t owner[POLLS_MAX];
    size_t which[POLLS_MAX]; /* of its clients; CLIENTS_MAX: the listener */
    nfds_t count = 0;
    for (uint32_t source = 0; source <= live->scenario->radar_count; source++) {
        const struct server *const server = &live->server[source];
        for (size_t i = 0; server->used && i <= CLIENTS_MAX; i++) {
            const bool listener = i == CLIENTS_MAX;
            if (listener ? server->listener < 0 : i >= server->client_count) {
                continue;
            }
            ready[count] = (struct pollfd){.fd = listener ? server->listener : server->client[i],
                                           .events = POLLIN};
            owner[count] = source;
            which[count++] = i;
        }
    }
    const int64_t left_ns = due_ns - now_of(live);
    const int timeout_ms = left_ns > 0 ? (int)((left_ns + 999999) / 1000000) : 0;
    if (poll(ready, count, timeout_ms) <= 0) {
        return;
    }
    for (nfds_t k = count;
         k-- > 0;) { /* backwards: dropping one moves a later one into its place */
        struct server *const server = &live->server[owner[k]];
        const bool away = skyh_world_away(&live->world, owner[k], now_of(live));
        if (ready[k].revents == 0) {
            continue;
        }
        if (which[k] == CLIENTS_MAX) {
            accept_client(server, away);
        } else if (which[k] < server->client_count && owner[k] == 0) {
            hear_nmea_client(server, which[k]);
        } else if (which[k] < server->client_count) {
            answer_request(live, owner[k], which[k]);
        }
    }
}

/* ----------------------------------------------------------------------------------- flying */

static bool all_served(const struct live *live)
{
    for (uint32_t source = 0; source <= live->scenario->radar_count; source++) {
        if (live->server[source].used && !live->server[source].served) {
            return false;
        }
    }
    return true;
}

static const char *first_missing(const struct live *live)
{
    for (uint32_t source = 0; source <= live->scenario->radar_count; source++) {
        if (live->server[source].used && !live->server[source].served) {
            return skyh_scenario_source(live->scenario, source);
        }
    }
    return "";
}

static int64_t next_due(const struct live *live)
{
    int64_t due_ns = skyh_world_due(&live->world);
    for (uint32_t source = 1; source <= live->scenario->radar_count; source++) {
        const int64_t written_ns = live->server[source].written_ns;
        due_ns = written_ns > 0 && written_ns < due_ns ? written_ns : due_ns;
    }
    return due_ns;
}

/* Plays everything that is due. False once the flight is over. */
static bool play_due(struct live *live)
{
    const int64_t now_ns = now_of(live);
    for (uint32_t source = 1; source <= live->scenario->radar_count; source++) {
        struct server *const server = &live->server[source];
        if (server->written_ns > 0 && server->written_ns <= now_ns) {
            end_writing(server);
        }
    }
    while (skyh_world_due(&live->world) <= now_ns) {
        struct skyh_emission emission;
        if (!skyh_world_next(&live->world, &emission)) {
            return false;
        }
        speak(live, &emission, now_ns);
    }
    refuse_away(live, now_ns);
    return now_ns - live->world.flight_begin_ns < live->scenario->duration_ns;
}

static void note_progress(struct skyh_progress *progress, const struct live *live)
{
    char note[64];
    const double after_s = (double)(now_of(live) - live->world.flight_begin_ns) * 1e-9;
    const double duration_s = (double)live->scenario->duration_ns * 1e-9;
    (void)snprintf(note, sizeof note, "%.0f of %.0f s", after_s > 0.0 ? after_s : 0.0, duration_s);
    skyh_progress_update(progress, after_s / duration_s, note);
}

/* Sensors run; peers come, settle, and the flight gets its time. */
static bool wait_for_peers(struct live *live, struct skyh_problem *problem)
{
    struct skyh_progress progress;
    const int64_t limit_ns = (int64_t)(live->config->wait_s * 1e9);
    skyh_progress_begin(&progress, "waiting for gpsd and the station");
    while (!all_served(live) && now_of(live) < limit_ns) {
        skyh_progress_update(&progress, (double)now_of(live) / (double)limit_ns,
                             first_missing(live));
        (void)play_due(live);
        serve_until(live, next_due(live));
    }
    skyh_progress_end(&progress);
    if (!all_served(live)) {
        return skyh_fail(problem, SKYH_EXIT_UNAVAILABLE,
                         "%s: nobody connected within %.0f s; expected gpsd and a station",
                         first_missing(live), live->config->wait_s);
    }
    live->world.flight_begin_ns = now_of(live) + (int64_t)(live->config->settle_s * 1e9);
    live->flown.start_utc_ns = live->start_ns + live->world.flight_begin_ns;
    return true;
}

static void fly(struct live *live)
{
    struct skyh_progress progress;
    skyh_progress_begin(&progress, "flying");
    while (play_due(live)) {
        note_progress(&progress, live);
        serve_until(live, next_due(live));
    }
    skyh_progress_end(&progress);
}

bool skyh_live_run(const struct skyh_scenario *scenario, const struct skyh_live_config *config,
                   struct skyh_flown *ret_flown, struct skyh_problem *problem)
{
    struct live *const live = calloc(1, sizeof *live);
    if (live == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    live->scenario = scenario;
    live->config = config;
    live->datagrams = -1;
    for (uint32_t source = 0; source < SKYH_SOURCES_MAX; source++) {
        live->server[source].listener = -1;
    }
    /* Time 0 is a whole second of UTC, as receivers have it. */
    const int64_t realtime_ns = clock_ns(CLOCK_REALTIME);
    live->start_ns = realtime_ns / SKY_SECOND_NS * SKY_SECOND_NS;
    live->start_monotonic_ns = clock_ns(CLOCK_MONOTONIC) - (realtime_ns - live->start_ns);

    bool flown = skyh_world_make(&live->world, scenario, live->start_ns, problem);
    live->world.flight_begin_ns = SKYH_NOT_YET;
    flown = flown && open_all(live, problem) && wait_for_peers(live, problem);
    if (flown) {
        fly(live);
        *ret_flown = live->flown;
    }
    close_all(live);
    free(live);
    return flown;
}
