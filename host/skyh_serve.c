/*
 * witness serve: the witness over HTTP, as c2sp.org/tlog-witness has it. It answers what witness
 * cosign answers, by the same code, one request after the other, so that what was seen is compared
 * and kept without another request in between.
 */
#include "skyh_commands.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "skyh_witness.h"

enum {
    LOGS_MAX = 32,
    STATE_MAX = 512,
    CONNECTIONS = 64,
    CONNECTIONS_PER_ADDRESS = 16,
    CONNECTION_BYTES = 32768,
    IDLE_S = 15,
    WAIT_MS = 500
};

static const struct skyh_option options[] = {
    {"--listen", "ADDRESS:PORT", "where to listen (127.0.0.1:8025); [::1]:8025 for IPv6"},
    {"--key", "FILE", "the witness's secret key"},
    {"--log", "KEY", "the public key of a log to be witnessed, or a file with it; repeatable"},
    {"--state", "FOLDER", "what this witness saw last of each log; made if it is not there"},
    {NULL, NULL, NULL},
};

struct server {
    const char *folder;
    int lock; /* of the folder; -1: none */
    struct sky_note_signer signer;
    size_t log_count;
    struct sky_note_key log[LOGS_MAX];
    struct skyh_request asked; /* the one at hand */
};

/* A request's body while it comes in. */
struct body {
    size_t count; /* beyond the room: it is too large */
    char text[SKYH_REQUEST_MAX];
};

static volatile sig_atomic_t ended;

static void end(int number)
{
    (void)number;
    ended = 1;
}

/* ---- answers ---- */

struct reply {
    unsigned status;
    const char *type;
    char text[SKY_NOTE_LINE_MAX + 256];
};

static const struct sky_note_key *log_of(const struct server *server, const char *origin)
{
    for (size_t i = 0; i < server->log_count; i++) {
        if (strcmp(server->log[i].name, origin) == 0) {
            return &server->log[i];
        }
    }
    return NULL;
}

/* One file for each log, called by what its origin hashes to: an origin may hold any character. */
static void state_of(const struct server *server, const struct sky_note_key *log,
                     char ret_path[STATE_MAX])
{
    const struct sky_hash hash = sky_sha(&(const struct sky_part){log->name, strlen(log->name)}, 1);
    int used = snprintf(ret_path, STATE_MAX, "%s/", server->folder);
    for (size_t i = 0; i < 8; i++) {
        used += snprintf(ret_path + used, STATE_MAX - (size_t)used, "%02x", hash.bytes[i]);
    }
    (void)snprintf(ret_path + used, STATE_MAX - (size_t)used, ".seen");
}

static void say(struct reply *reply, unsigned status, const char *text)
{
    reply->status = status;
    reply->type = "text/plain; charset=utf-8";
    (void)snprintf(reply->text, sizeof reply->text, "%.400s\n", text);
}

/* What was read is a request of a log that is known. */
static void answer_for(struct server *server, const struct sky_note_key *log, struct reply *reply)
{
    static const char *const words[] = {
        [SKYH_ANSWER_UNKNOWN] = "not a log that is witnessed here",
        [SKYH_ANSWER_UNSIGNED] = "not signed by the log's key",
        [SKYH_ANSWER_BACKWARDS] = "asked from a size beyond the checkpoint's own",
        [SKYH_ANSWER_FORK] = "did not grow from the checkpoint that was seen before"};
    char state[STATE_MAX];
    state_of(server, log, state);
    const struct skyh_witness witness = {.signer = &server->signer, .log = log, .state = state};
    enum skyh_answer answer = SKYH_ANSWER_UNSIGNED;
    struct skyh_seen seen;
    struct skyh_problem problem;
    char line[SKY_NOTE_LINE_MAX];
    if (!skyh_witness_answer(&witness, &server->asked, (uint64_t)time(NULL), &answer, &seen, line,
                             &problem)) {
        skyh_note("witness serve", "%s", problem.text);
        say(reply, 500, "what was seen cannot be read or kept");
        return;
    }
    const unsigned status = skyh_answer_status(answer, &server->asked);
    if (status == 409) {
        reply->status = status;
        reply->type = "text/x.tlog.size";
        (void)snprintf(reply->text, sizeof reply->text, "%" PRIu64 "\n", seen.size);
    } else if (answer == SKYH_ANSWER_COSIGN) {
        reply->status = status;
        reply->type = "text/plain; charset=utf-8";
        (void)snprintf(reply->text, sizeof reply->text, "%s", line);
    } else {
        say(reply, status, words[answer]);
    }
    skyh_note("witness serve", "%s: %" PRIu64 " from %" PRIu64 ": %u%s", log->name,
              server->asked.note.checkpoint.size, server->asked.old_size, status,
              answer == SKYH_ANSWER_FORK ? ": a fork, if the proof is as the log gave it" : "");
}

static void answer_body(struct server *server, const struct body *body, struct reply *reply)
{
    struct skyh_problem problem;
    if (body->count > sizeof body->text) {
        say(reply, 413, "larger than any request");
        return;
    }
    if (!skyh_request_read("the request", body->text, body->count, &server->asked, &problem)) {
        say(reply, 400, problem.text);
    } else {
        const struct sky_note_key *const log = log_of(server, server->asked.note.checkpoint.origin);
        if (log == NULL) {
            say(reply, 404, "not a log that is witnessed here");
        } else {
            answer_for(server, log, reply);
        }
    }
    skyh_notefile_free(&server->asked.note);
}

/* ---- the library's callbacks ---- */

static enum MHD_Result send_reply(struct MHD_Connection *connection, const struct reply *reply)
{
    union {
        const char *in;
        void *out;
    } text = {.in = reply->text};
    struct MHD_Response *const response =
        MHD_create_response_from_buffer(strlen(reply->text), text.out, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
    if (reply->status == 405) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, MHD_HTTP_METHOD_POST);
    }
    const enum MHD_Result queued = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* Comes with the head of a request, with each piece of its body, and when that is whole. */
static enum MHD_Result take(void *context, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *piece,
                            size_t *piece_bytes, void **kept)
{
    struct server *const server = context;
    struct body *body = *kept;
    struct reply reply;
    (void)version;
    if (body == NULL) {
        *kept = body = malloc(sizeof *body);
        if (body == NULL) {
            return MHD_NO;
        }
        body->count = 0;
        return MHD_YES;
    }
    if (*piece_bytes > 0) {
        if (body->count <= sizeof body->text && *piece_bytes <= sizeof body->text - body->count) {
            memcpy(body->text + body->count, piece, *piece_bytes);
            body->count += *piece_bytes;
        } else {
            body->count = sizeof body->text + 1;
        }
        *piece_bytes = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/add-checkpoint") != 0) {
        say(&reply, 404, "expected /add-checkpoint");
    } else if (strcmp(method, MHD_HTTP_METHOD_POST) != 0) {
        say(&reply, 405, "expected POST");
    } else {
        answer_body(server, body, &reply);
    }
    return send_reply(connection, &reply);
}

static void forget(void *context, struct MHD_Connection *connection, void **kept,
                   enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    free(*kept);
    *kept = NULL;
}

/* ---- the command ---- */

static bool read_logs(const struct skyh_args *args, struct server *server,
                      struct skyh_problem *problem)
{
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->option[i].name, "--log") != 0) {
            continue;
        }
        if (server->log_count == LOGS_MAX) {
            return skyh_fail(problem, SKYH_EXIT_USAGE, "--log: more than %d of them", LOGS_MAX);
        }
        if (!skyh_notefile_key(args->option[i].value, &server->log[server->log_count], problem)) {
            return false;
        }
        server->log_count++;
    }
    return true;
}

/* Two witnesses of one state could each cosign what the other refuses. */
static bool open_state(const struct skyh_args *args, struct server *server,
                       struct skyh_problem *problem)
{
    const char *const folder = skyh_args_value(args, "--state");
    server->folder = folder;
    if (strlen(folder) > STATE_MAX - 64) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--state: the path is too long");
    }
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", folder, strerror(errno));
    }
    server->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (server->lock < 0 || flock(server->lock, LOCK_EX | LOCK_NB) != 0) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", folder,
                         errno == EWOULDBLOCK ? "another witness uses it" : strerror(errno));
    }
    return true;
}

/* "127.0.0.1:8025", or "[::1]:8025". */
static bool find_address(const char *text, struct addrinfo **ret_address,
                         struct skyh_problem *problem)
{
    const struct addrinfo wish = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                  .ai_socktype = SOCK_STREAM};
    const char *const colon = strrchr(text, ':');
    char host[64];
    if (colon != NULL && colon > text && (size_t)(colon - text) < sizeof host) {
        const bool bracketed = text[0] == '[' && colon[-1] == ']';
        const size_t bytes = (size_t)(colon - text) - (bracketed ? 2 : 0);
        memcpy(host, text + bracketed, bytes);
        host[bytes] = '\0';
        if (getaddrinfo(host, colon + 1, &wish, ret_address) == 0) {
            return true;
        }
    }
    return skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--listen: %s; expected an address and a port such as 127.0.0.1:8025", text);
}

static struct MHD_Daemon *listen_at(struct server *server, const struct addrinfo *address)
{
    unsigned flags = MHD_NO_FLAG;
    if (address->ai_family == AF_INET6) {
        flags = MHD_USE_IPv6;
    }
    return MHD_start_daemon(flags, 0, NULL, NULL, take, server, MHD_OPTION_SOCK_ADDR,
                            address->ai_addr, MHD_OPTION_NOTIFY_COMPLETED, forget, NULL,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
                            MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_ADDRESS,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
                            MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_END);
}

static bool serve(struct server *server, const char *where, struct skyh_problem *problem)
{
    struct addrinfo *address = NULL;
    if (!find_address(where, &address, problem) || address == NULL) {
        return false;
    }
    struct MHD_Daemon *const http = listen_at(server, address);
    const int error = errno;
    freeaddrinfo(address);
    if (http == NULL) {
        return skyh_fail(problem, SKYH_EXIT_UNAVAILABLE, "--listen: %s: %s", where,
                         strerror(error));
    }
    const union MHD_DaemonInfo *const info = MHD_get_daemon_info(http, MHD_DAEMON_INFO_BIND_PORT);
    (void)printf("%s witnesses %zu log%s on port %u\n", server->signer.key.name, server->log_count,
                 server->log_count == 1 ? "" : "s", info != NULL ? (unsigned)info->port : 0);
    (void)fflush(stdout);
    while (!ended && MHD_run_wait(http, WAIT_MS) == MHD_YES) {
    }
    MHD_stop_daemon(http);
    return ended || skyh_fail(problem, SKYH_EXIT_SOFTWARE, "the server failed");
}

static int run(const struct skyh_args *args)
{
    static const struct sigaction on_end = {.sa_handler = end};
    struct skyh_problem problem;
    const char *const where = skyh_args_value(args, "--listen");
    const char *const key = skyh_args_value(args, "--key");
    struct server *const server = calloc(1, sizeof *server);
    if (server == NULL) {
        skyh_note("witness serve", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    server->lock = -1;
    (void)sigaction(SIGTERM, &on_end, NULL);
    (void)sigaction(SIGINT, &on_end, NULL);
    bool good = key != NULL && skyh_args_value(args, "--log") != NULL &&
                skyh_args_value(args, "--state") != NULL;
    if (!good) {
        (void)skyh_fail(&problem, SKYH_EXIT_USAGE, "expected --key, --log and --state");
    }
    good = good && skyh_notefile_signer(key, SKY_NOTE_COSIGNATURE, &server->signer, &problem) &&
           read_logs(args, server, &problem) && open_state(args, server, &problem) &&
           serve(server, where != NULL ? where : "127.0.0.1:8025", &problem);
    if (server->lock >= 0) {
        (void)close(server->lock);
    }
    sky_note_forget(&server->signer);
    free(server);
    return good ? SKYH_EXIT_OK : skyh_report("witness serve", &problem);
}

const struct skyh_command skyh_witness_serve = {
    .name = "witness serve",
    .operands = "",
    .operands_min = 0,
    .operands_max = 0,
    .summary = "act as a witness over HTTP",
    .about =
        "Listens for POST /add-checkpoint as c2sp.org/tlog-witness has it and answers as witness\n"
        "cosign does: 200 and the cosignature; 409 and the size seen, if asked from another one;\n"
        "422 if the checkpoint did not grow from there; 403 not signed by the log, 404 another\n"
        "log, 400 malformed. What was seen is durable before the answer goes out. Requests are\n"
        "read up to 16 KiB and answered one after the other. Speaks plain HTTP: where it is\n"
        "reached from outside, put a server in front of it that has a certificate. Runs until\n"
        "SIGTERM, with a line on standard error for each request of a log that it knows.\n",
    .exits = "  0   ended by a signal   64  usage   65  not a key   66  cannot be read\n"
             "  69  cannot listen there   73  no state, or another witness uses it\n",
    .example = "  skywitness witness serve --key w1.key --log station.pub --state seen/ "
               "--listen 192.0.2.7:8025\n",
    .options = options,
    .run = run,
};
