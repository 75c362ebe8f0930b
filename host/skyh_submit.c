/*
 * witness submit: takes a log's latest checkpoint to a witness over HTTP, as c2sp.org/tlog-witness
 * has it, and brings its cosignature back.
 */
#include "skyh_commands.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_keyfile.h"
#include "skyh_audit.h"
#include "skyh_json.h"
#include "skyh_witness.h"

enum { ANSWER_MAX = 16384, URL_MAX = 1024, CONNECT_S = 10, WHOLE_S = 30 };

static const struct skyh_option options[] = {
    {"--url", "URL", "the witness: add-checkpoint is posted below it"},
    {"--witness", "KEY", "the witness's public key, or a file with it"},
    {"--old", "N", "the size that it saw last, if that is known; else it is asked"},
    {"--out", "FILE",
     "write the checkpoint there, with the cosignature and those of the same checkpoint that are "
     "there already; also -o"},
    {NULL, NULL, NULL},
};

/* What the witness said. */
struct answer {
    long status;
    size_t count;
    bool too_long;
    char text[ANSWER_MAX + 1];
};

static size_t take(char *piece, size_t size, size_t count, void *context)
{
    struct answer *const answer = context;
    const size_t bytes = size * count;
    if (bytes > ANSWER_MAX - answer->count) {
        answer->too_long = true;
        return 0; /* ends the transfer */
    }
    memcpy(answer->text + answer->count, piece, bytes);
    answer->count += bytes;
    answer->text[answer->count] = '\0';
    return bytes;
}

static bool configure(CURL *curl, const char *url, const char *body, size_t body_bytes,
                      struct answer *answer, struct curl_slist *headers)
{
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)WHOLE_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body_bytes) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) == CURLE_OK;
}

static bool post(CURL *curl, const char *url, const char *body, size_t body_bytes,
                 struct answer *answer, struct skyh_problem *problem)
{
    struct curl_slist *const headers =
        curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
    memset(answer, 0, sizeof *answer);
    if (headers == NULL || !configure(curl, url, body, body_bytes, answer, headers)) {
        curl_slist_free_all(headers);
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    const CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_slist_free_all(headers);
    if (answer->too_long) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s: an answer of more than %d bytes", url,
                         ANSWER_MAX);
    }
    return code == CURLE_OK ||
           skyh_fail(problem, SKYH_EXIT_UNAVAILABLE, "%s: %s", url, curl_easy_strerror(code));
}

/* Asks from a size, with the proof from there. */
static bool ask(CURL *curl, const char *url, uint64_t old_size, const struct skyh_audit *audit,
                struct answer *answer, struct skyh_problem *problem)
{
    static struct sky_merkle_proof proof;
    static char body[SKYH_REQUEST_MAX];
    if (!sky_merkle_prove_growth(&audit->tree.source, old_size, audit->latest.size, &proof)) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "no growth from %" PRIu64 " to %" PRIu64 " can be shown with what is here",
                         old_size, audit->latest.size);
    }
    const size_t count = skyh_request_write(old_size, &proof, audit->latest_note, body);
    return post(curl, url, body, count, answer, problem);
}

/* The size that a 409 says was seen. */
static bool conflict_size(const struct answer *answer, uint64_t *ret_size)
{
    return answer->count > 1 && answer->text[answer->count - 1] == '\n' &&
           sky_decimal_read(answer->text, answer->count - 1, ret_size);
}

static bool refuse(const char *url, const struct answer *answer, struct skyh_problem *problem)
{
    const int shown = (int)strcspn(answer->text, "\r\n");
    for (int i = 0; i < shown; i++) {
        if (answer->text[i] < ' ' || answer->text[i] > '~') { /* nothing for a terminal to obey */
            return skyh_fail(problem, SKYH_EXIT_DIFFERENT, "%s: refused: status %ld", url,
                             answer->status);
        }
    }
    return skyh_fail(problem, SKYH_EXIT_DIFFERENT, "%s: refused: status %ld: %.*s", url,
                     answer->status, shown < 200 ? shown : 200, answer->text);
}

/* ---- what came back ---- */

static bool is_by(const struct sky_note_signature *signature, const struct sky_note_key *key)
{
    return signature->name_bytes == strlen(key->name) &&
           memcmp(signature->name, key->name, signature->name_bytes) == 0 &&
           memcmp(signature->id, key->id, sizeof key->id) == 0;
}

/* Lines of the witness's own, one behind the other, in ret_lines; strangers' are left out. */
static bool read_lines(const char *url, const struct skyh_audit *audit, const struct answer *answer,
                       const struct sky_note_key *witness, char ret_lines[ANSWER_MAX + 1],
                       struct skyh_problem *problem)
{
    static char text[SKY_NOTE_CHECKPOINT_MAX + ANSWER_MAX];
    static struct sky_note note;
    const char *reason = NULL;
    size_t used = 0;
    const int count = snprintf(text, sizeof text, "%s%s", audit->latest_note, answer->text);
    if (strlen(answer->text) != answer->count ||
        sky_note_parse(text, (size_t)count, &note, &reason) != SKY_OK ||
        sky_note_check(&note, witness, NULL) != SKY_NOTE_SIGNED) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s: no cosignature of %s in the answer%s%s", url,
                         witness->name, reason != NULL ? ": " : "", reason != NULL ? reason : "");
    }
    for (unsigned i = 0; i < note.count; i++) {
        if (is_by(&note.signature[i], witness)) {
            memcpy(ret_lines + used, note.signature[i].line, note.signature[i].line_bytes);
            used += note.signature[i].line_bytes;
        }
    }
    ret_lines[used] = '\0';
    return true;
}

/* The checkpoint with the signatures of the same one that are in the file, but for those of the
 * witness, which are older than the new lines. */
static size_t join(const struct skyh_notefile *file, const struct sky_note_key *witness,
                   char ret_text[SKY_NOTE_CHECKPOINT_MAX + ANSWER_MAX])
{
    const struct sky_note *const note = &file->note;
    size_t used = note->text_bytes + 1; /* the empty line */
    memcpy(ret_text, note->text, used);
    for (unsigned i = 0; i < note->count; i++) {
        if (!is_by(&note->signature[i], witness)) {
            memcpy(ret_text + used, note->signature[i].line, note->signature[i].line_bytes);
            used += note->signature[i].line_bytes;
        }
    }
    return used;
}

static bool write_note(const char *path, const struct skyh_audit *audit,
                       const struct sky_note_key *witness, const char *lines,
                       struct skyh_problem *problem)
{
    static char text[SKY_NOTE_CHECKPOINT_MAX + 2 * ANSWER_MAX];
    static struct skyh_notefile file;
    static struct skyh_problem unread;
    size_t used = strlen(audit->latest_note);
    memcpy(text, audit->latest_note, used);
    if (skyh_notefile_read(path, &file, &unread) &&
        file.count < SKY_NOTE_CHECKPOINT_MAX + ANSWER_MAX &&
        file.checkpoint.size == audit->latest.size &&
        sky_hash_equal(&file.checkpoint.root, &audit->latest.root) &&
        strcmp(file.checkpoint.origin, audit->latest.origin) == 0) {
        used = join(&file, witness, text);
    }
    skyh_notefile_free(&file);
    used += (size_t)snprintf(text + used, sizeof text - used, "%s", lines);
    const int error = sky_keyfile_publish(path, text, used);
    return error == 0 || skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", path, strerror(-error));
}

/* ---- the command ---- */

static bool submit(CURL *curl, const struct skyh_args *args, const struct skyh_audit *audit,
                   struct skyh_problem *problem)
{
    static struct answer answer;
    static char lines[ANSWER_MAX + 1];
    const char *const prefix = skyh_args_value(args, "--url");
    const char *const out = skyh_args_value(args, "--out");
    struct sky_note_key witness;
    static char url[URL_MAX];
    double old = 0.0;
    size_t prefix_bytes = strlen(prefix);
    while (prefix_bytes > 0 && prefix[prefix_bytes - 1] == '/') {
        prefix_bytes--;
    }
    if (prefix_bytes > URL_MAX - 32) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--url: too long");
    }
    (void)snprintf(url, sizeof url, "%.*s/add-checkpoint", (int)prefix_bytes, prefix);
    if (!skyh_notefile_key(skyh_args_value(args, "--witness"), &witness, problem)) {
        return false;
    }
    if (witness.algorithm != SKY_NOTE_COSIGNATURE) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "--witness: the key of a log, not a witness's");
    }
    if (!skyh_args_number(args, "--old", 0.0, 9e15, &old, problem) ||
        !ask(curl, url, (uint64_t)old, audit, &answer, problem)) {
        return false;
    }
    uint64_t seen = 0;
    if (answer.status == 409 && conflict_size(&answer, &seen) && seen != (uint64_t)old) {
        if (seen > audit->latest.size) {
            return skyh_fail(problem, SKYH_EXIT_DIFFERENT,
                             "%s: refused: it has seen %" PRIu64 " records, and here are %" PRIu64
                             ": the log was cut or put back",
                             url, seen, audit->latest.size);
        }
        if (!ask(curl, url, seen, audit, &answer, problem)) {
            return false;
        }
    }
    if (answer.status != 200) {
        return refuse(url, &answer, problem);
    }
    if (!read_lines(url, audit, &answer, &witness, lines, problem)) {
        return false;
    }
    (void)fputs(lines, stdout);
    return out == NULL || write_note(out, audit, &witness, lines, problem);
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    if (skyh_args_value(args, "--url") == NULL || skyh_args_value(args, "--witness") == NULL) {
        skyh_note("witness submit", "expected --url and --witness");
        return SKYH_EXIT_USAGE;
    }
    struct skyh_audit *const audit = calloc(1, sizeof *audit);
    CURL *const curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    const bool good = audit != NULL && curl != NULL
                          ? skyh_audit_checkpoint(args->operand[0], &log, audit, &problem) &&
                                submit(curl, args, audit, &problem)
                          : skyh_fail(&problem, SKYH_EXIT_SOFTWARE, "out of memory");
    if (audit != NULL) {
        skyh_audit_free(audit);
    }
    skyh_log_close(&log);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    free(audit);
    return good ? SKYH_EXIT_OK : skyh_report("witness submit", &problem);
}

const struct skyh_command skyh_witness_submit = {
    .name = "witness submit",
    .operands = "LOG",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "take a log's latest checkpoint to a witness over HTTP",
    .about =
        "Posts what witness request writes to a witness (c2sp.org/tlog-witness) and prints the\n"
        "cosignature that comes back, if the witness's key made it. A witness that has seen\n"
        "another size says so, and is asked once more from there. Waits 10 s for a connection,\n"
        "30 s in all; follows no redirection.\n",
    .exits = "  0   cosigned   1   refused, or the log is altered or unsigned   64  usage\n"
             "  65  no cosignature in the answer, or no proof from that size   66  cannot be read\n"
             "  69  the witness cannot be reached   73  not written\n",
    .example = "  skywitness witness submit --url https://witness.example --witness w1.pub log/ "
               "-o cosigned.note\n",
    .options = options,
    .run = run,
};
