/**
 * skyh_reviews: what analysts decided about incidents - signed notes beside a log, never in it.
 *
 * A review of LOG is the file LOG.review-N, N = 1, 2, 3, ...: a C2SP signed note (Ed25519) with
 * these lines, in this order:
 *
 *     skywitness review v1
 *     log SIZE ROOT                 the log's tree when it was reviewed: records, and root, base64
 *     incident RUN.ID
 *     zone NAME
 *     opened UTC                    RFC 3339; "-" if the clock was not known
 *     decision confirm|dismiss|annotate
 *     time UTC                      of the decision, by the reviewer's own clock
 *     key NAME+ID+KEY               the reviewer's public one
 *     text WORDS                    perhaps none
 *
 * It holds if this key signed it, if the log had this root at this size, and if it has this
 * incident. Whose key that is nobody can tell from the note: that is for the reader's own list.
 */
#ifndef SKYH_REVIEWS_H
#define SKYH_REVIEWS_H

#include "sky_note.h"
#include "skyh_incidents.h"

enum skyh_decision { SKYH_CONFIRM = 1, SKYH_DISMISS, SKYH_ANNOTATE };

enum { SKYH_REVIEW_WORDS_MAX = 400, SKYH_REVIEWS_MAX = 256, SKYH_REVIEW_TEXT_MAX = 2048 };

struct skyh_review {
    char file[SKYH_LOG_PATH_MAX + 24];
    bool holds;      /* signed by its key, and about this log; else: */
    char wrong[160]; /* why it does not */
    bool known;      /* its key is one that the reader listed */
    struct sky_note_key key;
    struct sky_checkpoint log; /* without an origin */
    uint64_t run;
    uint32_t incident;
    char zone[SKYH_NAME_TEXT_MAX];
    char opened[SKYH_UTC_TEXT_MAX];
    enum skyh_decision decision;
    char time[SKYH_UTC_TEXT_MAX];
    char words[SKYH_REVIEW_WORDS_MAX];
};

/** Start zeroed, end with skyh_reviews_done. */
struct skyh_reviews {
    size_t count;
    struct skyh_review *review; /* by number */
};

/**
 * Reads all reviews beside the log at a path and checks them; keys are those that the reader
 * knows. The log is audited only if there is a review; its walk begins anew afterwards. What does
 * not hold is among them and says why. SKYH_EXIT_SOFTWARE if memory ends.
 */
bool skyh_reviews_read(struct skyh_reviews *reviews, const char *path, struct skyh_log *log,
                       const struct sky_note_key *key, size_t key_count,
                       struct skyh_problem *problem);

/** True if it holds and is about this incident. */
bool skyh_review_is_of(const struct skyh_review *review, const struct skyh_incident *incident);

/** Writes the text that is signed, ended by a zero; returns its bytes. */
size_t skyh_review_text(const struct skyh_review *review, char ret_text[SKYH_REVIEW_TEXT_MAX]);

/** Sets what a review says of its incident. */
void skyh_review_name(struct skyh_review *review, const struct skyh_incident *incident);

/** Where review number N of a log is kept. */
void skyh_review_file(const char *path, unsigned number, char ret_file[SKYH_LOG_PATH_MAX + 24]);

/** "confirm", ...; static storage. */
const char *skyh_review_decision(enum skyh_decision decision);

void skyh_reviews_done(struct skyh_reviews *reviews);

#endif
