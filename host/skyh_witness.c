#include "skyh_witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    if (strcmp(now->origin, log->name) != 0 ||
        sky_note_check(&request->note.note, log, NULL) != SKY_NOTE_SIGNED) {
        return SKYH_ANSWER_UNSIGNED;
    }
    if (request->old_size != seen->size) {
        return SKYH_ANSWER_CONFLICT;
    }
    const struct sky_hash empty = sky_sha(NULL, 0);
    const struct sky_hash *const before = seen->size == 0 ? &empty : &seen->root;
    return sky_merkle_check_growth(&request->proof, seen->size, before, now->size, &now->root)
               ? SKYH_ANSWER_COSIGN
               : SKYH_ANSWER_FORK;
}
