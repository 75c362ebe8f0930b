#include "skyh_witness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_keyfile.h"

size_t skyh_request_write(uint64_t old_size, const struct sky_merkle_proof *proof, const char *note,
                          char ret_text[SKYH_REQUEST_MAX])
{
    int used = snprintf(ret_text, SKYH_REQUEST_MAX, "old %" PRIu64 "\n", old_size);
    for (unsigned i = 0; i < proof->count; i++) {
        char hash[48];
        (void)sky_base64(proof->hash[i].bytes, SKY_HASH_BYTES, hash);
        used += snprintf(ret_text + used, SKYH_REQUEST_MAX - (size_t)used, "%s\n", hash);
    }
    used += snprintf(ret_text + used, SKYH_REQUEST_MAX - (size_t)used, "\n%s", note);
    return (size_t)used;
}

/* The line at *at, without its line feed; moves *at behind it. False at the end. */
static bool take_line(const char *text, size_t count, size_t *at, const char **ret_line,
                      size_t *ret_bytes)
{
    const char *const end = *at < count ? memchr(text + *at, '\n', count - *at) : NULL;
    if (end == NULL) {
        return false;
    }
    *ret_line = text + *at;
    *ret_bytes = (size_t)(end - *ret_line);
    *at += *ret_bytes + 1;
    return true;
}

static bool take_old(const char *line, size_t bytes, uint64_t *ret_size)
{
    return bytes > 4 && memcmp(line, "old ", 4) == 0 &&
           sky_decimal_read(line + 4, bytes - 4, ret_size);
}

static bool take_hash(const char *line, size_t bytes, struct sky_merkle_proof *proof)
{
    size_t used = 0;
    return proof->count < SKY_MERKLE_PROOF_MAX &&
           sky_base64_read(line, bytes, proof->hash[proof->count].bytes, SKY_HASH_BYTES, &used) &&
           used == SKY_HASH_BYTES && ++proof->count > 0;
}

bool skyh_request_read(const char *name, const char *text, size_t count,
                       struct skyh_request *ret_request, struct skyh_problem *problem)
{
    size_t at = 0, bytes = 0;
    const char *line = NULL;
    memset(ret_request, 0, sizeof *ret_request);
    bool good =
        take_line(text, count, &at, &line, &bytes) && take_old(line, bytes, &ret_request->old_size);
    while (good) {
        good = take_line(text, count, &at, &line, &bytes);
        if (bytes == 0) {
            break;
        }
        good = good && take_hash(line, bytes, &ret_request->proof);
    }
    if (!good) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: not a request; expected \"old N\", hashes, an empty line and a "
                         "checkpoint",
                         name);
    }
    return skyh_notefile_parse(name, text + at, count - at, &ret_request->note, problem);
}

enum skyh_answer skyh_request_judge(const struct skyh_request *request,
                                    const struct sky_note_key *log, const struct skyh_seen *seen)
{
    const struct sky_checkpoint *const now = &request->note.checkpoint;
    if (strcmp(now->origin, log->name) != 0) {
        return SKYH_ANSWER_UNKNOWN;
    }
    if (sky_note_check(&request->note.note, log, NULL) != SKY_NOTE_SIGNED) {
        return SKYH_ANSWER_UNSIGNED;
    }
    if (request->old_size > now->size) {
        return SKYH_ANSWER_BACKWARDS;
    }
    if (request->old_size != seen->size) {
        return SKYH_ANSWER_CONFLICT;
    }
    const struct sky_hash empty = sky_sha(NULL, 0);
    const struct sky_hash *const before = seen->size == 0 ? &empty : &seen->root;
    if (now->size == 0 && !sky_hash_equal(&now->root, &empty)) {
        return SKYH_ANSWER_FORK; /* there is but one empty tree */
    }
    return sky_merkle_check_growth(&request->proof, seen->size, before, now->size, &now->root)
               ? SKYH_ANSWER_COSIGN
               : SKYH_ANSWER_FORK;
}

unsigned skyh_answer_status(enum skyh_answer answer, const struct skyh_request *request)
{
    switch (answer) {
    case SKYH_ANSWER_COSIGN:
        return 200;
    case SKYH_ANSWER_UNKNOWN:
        return 404;
    case SKYH_ANSWER_UNSIGNED:
        return 403;
    case SKYH_ANSWER_BACKWARDS:
        return 400;
    case SKYH_ANSWER_CONFLICT:
        return 409;
    case SKYH_ANSWER_FORK: /* two roots of one size need no proof */
        return request->old_size == request->note.checkpoint.size ? 409 : 422;
    }
    return 500;
}

static bool read_state(const char *path, const char *origin, struct skyh_seen *ret_seen,
                       struct skyh_problem *problem)
{
    char text[SKY_CHECKPOINT_TEXT_MAX];
    struct sky_checkpoint checkpoint;
    const char *reason = "of another log";
    FILE *const file = fopen(path, "rbe");
    if (file == NULL) {
        return errno == ENOENT ||
               skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: %s", path, strerror(errno));
    }
    const size_t count = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    if (sky_checkpoint_read(text, count, &checkpoint, &reason) != SKY_OK ||
        strcmp(checkpoint.origin, origin) != 0) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s: %s; expected the text of a checkpoint", path,
                         reason);
    }
    *ret_seen = (struct skyh_seen){.size = checkpoint.size, .root = checkpoint.root};
    return true;
}

bool skyh_witness_answer(const struct skyh_witness *witness, const struct skyh_request *request,
                         uint64_t time_s, enum skyh_answer *ret_answer, struct skyh_seen *ret_seen,
                         char ret_line[SKY_NOTE_LINE_MAX], struct skyh_problem *problem)
{
    const struct sky_note *const note = &request->note.note;
    struct skyh_seen seen = {.size = 0};
    if (!read_state(witness->state, witness->log->name, &seen, problem)) {
        return false;
    }
    const enum skyh_answer answer = skyh_request_judge(request, witness->log, &seen);
    if (answer == SKYH_ANSWER_COSIGN) {
        if (!sky_note_sign(witness->signer, note->text, note->text_bytes, time_s, ret_line)) {
            return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "cannot sign");
        }
        /* What was seen is kept before anybody can hold the signature. */
        const int error = sky_keyfile_remember(witness->state, note->text, note->text_bytes);
        if (error != 0) {
            return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", witness->state,
                             strerror(-error));
        }
    }
    *ret_answer = answer;
    *ret_seen = seen;
    return true;
}
