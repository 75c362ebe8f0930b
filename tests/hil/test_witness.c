/*
 * Stations and witnesses over HTTP, on loopback: skywitness witness submit and serve as people run
 * them, each of them also against a peer that does not keep to the rules.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "sky_paper_audit.h"
#include "sky_tool.h"

enum { PATIENCE_MS = 60000, SECONDS = 24, RECORD_BYTES = 60000 };

static struct paper_log station; /* three segments */
static struct sky_note_signer signer;
static pid_t server;
static unsigned port;

/* ---- files ---- */

static void write_bytes(const char *name, const void *bytes, size_t count)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *const file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* The first segments of a log, as a folder: the log as it was at some time. */
static void write_log(const char *name, const struct paper_log *log, size_t segments)
{
    char text[128];
    (void)snprintf(text, sizeof text, "mkdir -p %s/%s", folder, name);
    assert_int_equal(system(text), 0);
    for (size_t i = 0; i < segments; i++) {
        (void)snprintf(text, sizeof text, "%s/seg-%016zx.mcap", name,
                       (size_t)log->segment[i].number);
        write_bytes(text, log->segment[i].bytes, log->segment[i].size);
    }
}

static void record_log(struct paper_log *log, const struct sky_note_signer *by, size_t bytes)
{
    struct sky_journal *journal;
    const struct sky_seal_config seal = paper_seal(by);
    paper_signed_open(log, &seal, 1, &journal);
    for (uint64_t seq = 1; seq <= SECONDS; seq++) {
        assert_int_equal(paper_datagram(journal, seq, bytes), 0);
        assert_int_equal(sky_journal_commit(journal, false), 0);
    }
    assert_int_equal(sky_journal_close(journal), 0);
}

/* Another log than the station's, in a folder of its own. */
static void write_other(const char *name, const struct sky_note_signer *by, size_t bytes)
{
    static struct paper_log other;
    record_log(&other, by, bytes);
    write_log(name, &other, other.segment_count);
    paper_log_free(&other);
}

/* ---- the witness ---- */

static void start_witness(void)
{
    char key[128], log[128], state[128], said_there[256] = "";
    int out[2];
    (void)snprintf(key, sizeof key, "%s/w.key", folder);
    (void)snprintf(log, sizeof log, "%s/station.pub", folder);
    (void)snprintf(state, sizeof state, "%s/seen", folder);
    assert_int_equal(pipe(out), 0);
    server = fork();
    if (server == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        (void)!freopen("/dev/null", "w", stderr);
        execl(SKY_SKYWITNESS, "skywitness", "witness", "serve", "--listen", "127.0.0.1:0", "--key",
              key, "--log", log, "--state", state, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    assert_true(read(out[0], said_there, sizeof said_there - 1) > 0);
    close(out[0]);
    const char *const at = strstr(said_there, "on port ");
    assert_non_null(at);
    port = (unsigned)strtoul(at + 8, NULL, 10);
    assert_true(port > 0);
}

static int stop_witness(int number)
{
    int status = 0;
    kill(server, number);
    assert_int_equal(waitpid(server, &status, 0), server);
    server = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int submit(const char *log)
{
    return run("witness submit --url http://127.0.0.1:%u --witness w.key.pub -o cosigned.note %s",
               port, log);
}

static void assert_submit(int exit_code, const char *log, const char *words)
{
    const int code = submit(log);
    if (code != exit_code || (strstr(said, words) == NULL && strstr(noted, words) == NULL)) {
        fail_msg("%s: expected %d and \"%s\", not %d:\n%s%s", log, exit_code, words, code, said,
                 noted);
    }
}

/* ---- HTTP by hand ---- */

static int dial(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int at = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(at >= 0);
    assert_int_equal(connect(at, (const struct sockaddr *)(const void *)&address, sizeof address),
                     0);
    return at;
}

static char reply[65536];

/* Sends a request and reads its whole reply. Returns the status. */
static int exchange(const char *method, const char *path, const char *body, size_t count)
{
    char head[256];
    size_t used = 0;
    ssize_t got = 1;
    const int at = dial();
    const int bytes = snprintf(head, sizeof head,
                               "%s %s HTTP/1.1\r\nHost: w\r\nConnection: close\r\n"
                               "Content-Length: %zu\r\n\r\n",
                               method, path, count);
    assert_int_equal(send(at, head, (size_t)bytes, MSG_NOSIGNAL), bytes);
    for (size_t sent = 0; sent < count;) {
        const ssize_t now = send(at, body + sent, count - sent, MSG_NOSIGNAL);
        if (now <= 0) {
            break;
        }
        sent += (size_t)now;
    }
    while (got > 0 && used < sizeof reply - 1) {
        struct pollfd wait = {.fd = at, .events = POLLIN};
        assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
        got = recv(at, reply + used, sizeof reply - 1 - used, 0);
        used += got > 0 ? (size_t)got : 0;
    }
    reply[used] = '\0';
    close(at);
    return used > 12 ? atoi(reply + 9) : 0;
}

static int post(const char *body)
{
    return exchange("POST", "/add-checkpoint", body, strlen(body));
}

/* A request as the tool writes it. */
static const char *request_for(const char *log, unsigned old)
{
    assert_int_equal(run("witness request --old %u %s", old, log), 0);
    return said;
}

/* ---- set-up ---- */

static int make_all(void **state)
{
    char text[SKY_NOTE_KEY_TEXT_MAX];
    if (make_folder(state) != 0) {
        return -1;
    }
    signer = paper_signer("station.example/1", 1);
    sky_note_key_text(&signer.key, text);
    write_bytes("station.pub", text, strlen(text));
    assert_int_equal(run("witness keygen --witness w.example/1 w.key"), 0);
    assert_int_equal(run("witness keygen --witness v.example/1 v.key"), 0);
    record_log(&station, &signer, RECORD_BYTES);
    assert_int_equal(station.segment_count, 3);
    write_log("one", &station, 1);
    write_log("two", &station, 2);
    write_log("three", &station, 3);
    start_witness();
    return 0;
}

static int remove_all(void **state)
{
    if (server > 0) {
        (void)stop_witness(SIGKILL);
    }
    paper_log_free(&station);
    return remove_folder(state);
}

/* ---- the tests, in this order ---- */

static void a_log_is_cosigned_as_it_grows(void **state)
{
    (void)state;
    static const char policy[] = "log %s\nwitness w %s\nquorum w\n";
    static char text[512], key[SKY_NOTE_KEY_TEXT_MAX + 2], log_key[SKY_NOTE_KEY_TEXT_MAX],
        path[256];
    assert_submit(0, "one", "w.example/1 ");
    assert_submit(0, "two", "w.example/1 "); /* asks from 0, is told the size, and asks again */
    (void)snprintf(path, sizeof path, "%s/w.key.pub", folder);
    read_text(path, key, sizeof key);
    key[strcspn(key, "\n")] = '\0';
    sky_note_key_text(&signer.key, log_key);
    (void)snprintf(text, sizeof text, policy, log_key, key);
    write_bytes("w.policy", text, strlen(text));
    assert_int_equal(run("verify --no-replay --policy w.policy --checkpoint cosigned.note three"),
                     0);
    assert_non_null(strstr(said, "quorum: reached"));
}

/* The same again is cosigned again, and other witnesses' lines stay in the file. */
static void a_checkpoint_collects_one_line_of_each_witness(void **state)
{
    (void)state;
    static char text[8192];
    char path[256];
    const char *at = text;
    size_t lines = 0;
    assert_int_equal(run("witness request --old 0 two -o two.request"), 0);
    assert_int_equal(run("witness cosign --key v.key --log station.pub --state v.seen two.request"),
                     0);
    (void)snprintf(path, sizeof path, "%s/cosigned.note", folder);
    read_text(path, text, sizeof text - 512);
    const size_t used = strlen(text);
    assert_true(strlen(said) < 512);
    memcpy(text + used, said, strlen(said) + 1);
    write_bytes("cosigned.note", text, strlen(text));
    assert_submit(0, "two", "w.example/1 ");
    assert_submit(0, "two", "w.example/1 ");
    read_text(path, text, sizeof text);
    assert_non_null(strstr(text, "v.example/1 "));
    while ((at = strstr(at, "\xE2\x80\x94 ")) != NULL) {
        at++;
        lines++;
    }
    assert_int_equal(lines, 3); /* the log's, v's and w's */
}

static void what_did_not_grow_is_refused(void **state)
{
    (void)state;
    assert_submit(1, "one", "the log was cut or put back");
    write_other("fork", &signer, RECORD_BYTES - 1);
    assert_submit(1, "fork", "status 422: did not grow");
    const struct sky_note_signer forger = paper_signer("station.example/1", 2);
    write_other("forged", &forger, RECORD_BYTES);
    assert_submit(1, "forged", "status 403: not signed by the log's key");
    const struct sky_note_signer stranger = paper_signer("stranger.example/1", 1);
    write_other("strange", &stranger, RECORD_BYTES);
    assert_submit(1, "strange", "status 404: not a log that is witnessed here");
    assert_submit(0, "two", "w.example/1 "); /* and nothing of it was remembered */
}

static void every_refusal_has_the_status_of_the_protocol(void **state)
{
    (void)state;
    static char text[65536];
    assert_int_equal(exchange("GET", "/add-checkpoint", "", 0), 405);
    assert_non_null(strstr(reply, "Allow: POST"));
    assert_int_equal(exchange("POST", "/", "", 0), 404);
    assert_int_equal(post(""), 400);
    assert_int_equal(post("old 1\n\nnonsense\n"), 400);
    memset(text, 'x', 20000);
    assert_int_equal(post(text), 413);
    assert_int_equal(post(request_for("three", 0)), 409);
    assert_non_null(strstr(reply, "Content-Type: text/x.tlog.size\r\n"));
    const unsigned seen = (unsigned)strtoul(strstr(reply, "\r\n\r\n") + 4, NULL, 10);
    assert_true(seen > 10);
    /* From beyond the checkpoint's own size: that of `one`, asked from what was seen of `two`. */
    (void)snprintf(text, sizeof text, "old %u\n%s", seen, strchr(request_for("one", 0), '\n') + 1);
    assert_int_equal(post(text), 400);
    /* A proof that proves nothing. */
    (void)snprintf(text, sizeof text, "old %u\n%s", seen,
                   strchr(request_for("three", 0), '\n') + 1);
    assert_int_equal(post(text), 422);
    /* Two trees of one size. */
    struct sky_checkpoint other = {.size = seen, .root = {{7}}};
    char note[SKY_NOTE_CHECKPOINT_MAX];
    memcpy(other.origin, signer.key.name, sizeof other.origin);
    assert_true(sky_checkpoint_sign(&other, &signer, note) > 0);
    (void)snprintf(text, sizeof text, "old %u\n\n%s", seen, note);
    assert_int_equal(post(text), 409);
    assert_int_equal(post(request_for("three", seen)), 200);
    assert_non_null(strstr(reply, "\r\n\r\n\xE2\x80\x94 w.example/1 "));
}

static void what_was_seen_survives_the_witness(void **state)
{
    (void)state;
    (void)stop_witness(SIGKILL);
    start_witness();
    assert_submit(1, "two", "the log was cut or put back");
    assert_submit(0, "three", "w.example/1 ");
    assert_int_equal(run("witness serve --listen 127.0.0.1:0 --key w.key --log station.pub "
                         "--state seen"),
                     73);
    assert_non_null(strstr(noted, "another witness uses it"));
    assert_int_equal(stop_witness(SIGTERM), 0);
    assert_submit(69, "three", "/add-checkpoint: ");
    start_witness();
}

static void one_who_says_nothing_keeps_nobody_waiting(void **state)
{
    (void)state;
    static const char half[] = "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 99\r\n"
                               "\r\nold 0";
    int silent[8];
    for (size_t i = 0; i < 8; i++) {
        silent[i] = dial();
        assert_int_equal(send(silent[i], half, sizeof half - 1, MSG_NOSIGNAL), sizeof half - 1);
    }
    assert_submit(0, "three", "w.example/1 ");
    for (size_t i = 0; i < 8; i++) {
        close(silent[i]);
    }
}

static void what_serve_cannot_work_with_is_said(void **state)
{
    (void)state;
    static const struct {
        int exit_code;
        const char *arguments;
    } wrong[] = {
        {64, "--key w.key --log station.pub"},
        {64, "--key w.key --log station.pub --state other --listen nowhere"},
        {64, "--key w.key --log station.pub --state other --listen 127.0.0.1:http"},
        {65, "--key w.key --log folder-that-is-not-there+00000000+AAAA --state other"},
        {66, "--key none.key --log station.pub --state other"},
        {69, "--key w.key --log station.pub --state other --listen 192.0.2.1:1"},
        {73, "--key w.key --log station.pub --state none/other"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const int code = run("witness serve %s", wrong[i].arguments);
        if (code != wrong[i].exit_code && !(wrong[i].exit_code == 65 && code == 66)) {
            fail_msg("%s: %d: %s", wrong[i].arguments, code, noted);
        }
    }
    assert_int_equal(run("witness submit --url http://127.0.0.1:1 three"), 64);
    assert_int_equal(run("witness submit --url file:///etc --witness w.key.pub three"), 69);
    assert_int_equal(run("witness submit --url http://127.0.0.1:1 --witness station.pub three"),
                     65);
}

/* ---- a witness that does not keep to the rules ---- */

/* Answers one request with these bytes, in a process of its own. */
static void serve_once(const char *bytes, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(door, (const struct sockaddr *)(const void *)&address, size), 0);
    assert_int_equal(listen(door, 1), 0);
    assert_int_equal(getsockname(door, (struct sockaddr *)(void *)&address, &size), 0);
    port = ntohs(address.sin_port);
    server = fork();
    if (server == 0) {
        static char asked[32768];
        const int at = accept(door, NULL, NULL);
        (void)!recv(at, asked, sizeof asked, 0);
        size_t sent = 0;
        ssize_t now = 1;
        while (now > 0 && sent < count) {
            now = send(at, bytes + sent, count - sent, MSG_NOSIGNAL);
            sent += now > 0 ? (size_t)now : 0;
        }
        shutdown(at, SHUT_WR);
        (void)!recv(at, asked, sizeof asked, 0);
        _exit(0);
    }
    close(door);
}

static void assert_answer(int exit_code, const char *status, const char *body, const char *words)
{
    static char bytes[200000];
    const int count = snprintf(bytes, sizeof bytes,
                               "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                               status, strlen(body), body);
    serve_once(bytes, (size_t)count);
    assert_submit(exit_code, "three", words);
    (void)stop_witness(SIGKILL);
}

static void an_answer_that_is_no_cosignature_is_refused(void **state)
{
    (void)state;
    static char long_answer[100001];
    if (server > 0) {
        assert_int_equal(stop_witness(SIGTERM), 0);
    }
    memset(long_answer, 'x', sizeof long_answer - 1);
    assert_answer(65, "200 OK", "", "no cosignature of w.example/1");
    assert_answer(65, "200 OK", "nonsense\n", "no cosignature of w.example/1");
    assert_answer(65, "200 OK", long_answer, "more than");
    /* Somebody else's line, and one in the witness's name that it did not make. */
    char line[SKY_NOTE_LINE_MAX];
    const char *const text = station.segment_count > 0 ? "a\n1\nb\n" : "";
    struct sky_note_signer stranger;
    const uint8_t seed[SKY_ED25519_BYTES] = {9};
    assert_int_equal(sky_note_make_signer("w.example/1", SKY_NOTE_COSIGNATURE, seed, &stranger),
                     SKY_OK);
    assert_true(sky_note_sign(&stranger, text, strlen(text), 1, line));
    assert_answer(65, "200 OK", line, "no cosignature of w.example/1");
    assert_answer(1, "409 Conflict", "0\n", "status 409: 0");
    assert_answer(1, "409 Conflict", "many\n", "status 409: many");
    assert_answer(1, "500 No", "\x1b[2Jcleared\n", "refused: status 500");
    assert_null(strchr(noted, '\x1b'));
    assert_answer(1, "302 Found", "elsewhere\n", "status 302: elsewhere");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_is_cosigned_as_it_grows),
        cmocka_unit_test(a_checkpoint_collects_one_line_of_each_witness),
        cmocka_unit_test(what_did_not_grow_is_refused),
        cmocka_unit_test(every_refusal_has_the_status_of_the_protocol),
        cmocka_unit_test(what_was_seen_survives_the_witness),
        cmocka_unit_test(one_who_says_nothing_keeps_nobody_waiting),
        cmocka_unit_test(what_serve_cannot_work_with_is_said),
        cmocka_unit_test(an_answer_that_is_no_cosignature_is_refused),
    };
    return cmocka_run_group_tests(tests, make_all, remove_all);
}
