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
    SKYH_ANSWER_UNKNOWN,   /* another log than the one that is witnessed */
    SKYH_ANSWER_UNSIGNED,  /* not by the log's key */
    SKYH_ANSWER_BACKWARDS, /* asked from a size beyond the checkpoint's own */
    SKYH_ANSWER_CONFLICT,  /* asked from another size than the one seen */
    SKYH_ANSWER_FORK       /* it did not grow from what was seen */
};

/** What an honest witness answers. */
enum skyh_answer skyh_request_judge(const struct skyh_request *request,
                                    const struct sky_note_key *log, const struct skyh_seen *seen);

/** The answer's HTTP status, as c2sp.org/tlog-witness has it; the body of a 409 is the size seen.
 */
unsigned skyh_answer_status(enum skyh_answer answer, const struct skyh_request *request);

/** A witness of one log. Borrows all. */
struct skyh_witness {
    const struct sky_note_signer *signer; /* its own key, which cosigns */
    const struct sky_note_key *log;
    const char *state; /* the file with what it saw last: a checkpoint's text; none: nothing yet */
};

/**
 * Answers a request: on COSIGN what was seen is durable, and ret_line has the cosignature as of
 * that second since 1970. False, with problem set, if the state cannot be read or kept.
 */
bool skyh_witness_answer(const struct skyh_witness *witness, const struct skyh_request *request,
                         uint64_t time_s, enum skyh_answer *ret_answer, struct skyh_seen *ret_seen,
                         char ret_line[SKY_NOTE_LINE_MAX], struct skyh_problem *problem);

#endif
