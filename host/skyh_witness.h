/**
 * skyh_witness: what stations and witnesses hand each other, as files - the bodies that
 * c2sp.org/tlog-witness posts, so that they can go by any carrier.
 */
#ifndef SKYH_WITNESS_H
#define SKYH_WITNESS_H

#include "skyh_notefile.h"

enum { SKYH_REQUEST_MAX = 16384 };

/** What a station asks: that this checkpoint grew from the one the witness saw last. */
struct skyh_request {
    uint64_t old_size;
    struct sky_merkle_proof proof;
    struct skyh_notefile note;
};

/** Writes it; returns its bytes. note is the whole signed checkpoint. */
size_t skyh_request_write(uint64_t old_size, const struct sky_merkle_proof *proof, const char *note,
                          char ret_text[SKYH_REQUEST_MAX]);

/** Reads one. SKYH_EXIT_DATA. Owns: skyh_notefile_free of its note, also after a failure. */
bool skyh_request_read(const char *name, const char *text, size_t count,
                       struct skyh_request *ret_request, struct skyh_problem *problem);

/** What a witness knows of a log. Start zeroed for one it never saw. */
struct skyh_seen {
    uint64_t size;
    struct sky_hash root;
};

enum skyh_answer {
    SKYH_ANSWER_COSIGN = 1,
    SKYH_ANSWER_CONFLICT, /* asked from another size than the one seen: 409 */
    SKYH_ANSWER_UNSIGNED, /* not by the log's key: 403 */
    SKYH_ANSWER_FORK      /* it did not grow from what was seen: 422 */
};

/** What an honest witness answers. */
enum skyh_answer skyh_request_judge(const struct skyh_request *request,
                                    const struct sky_note_key *log, const struct skyh_seen *seen);

#endif
