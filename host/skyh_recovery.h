/**
 * skyh_recovery: a copy of a segment that was not closed, closed so that any reader of MCAP takes
 * it, and what it says of what was lost. Groups stay as they are, byte by byte and where they lie.
 */
#ifndef SKYH_RECOVERY_H
#define SKYH_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SKYH_RECOVERY_LOSSES_MAX = 256 };

/** Bytes that no group was made of. */
struct skyh_loss {
    uint64_t at;
    uint64_t bytes;
    const char *reason; /* static storage */
    bool has_leaves;    /* it is known which records they were ... */
    uint64_t first_leaf;
    uint64_t end_leaf; /* ... below this */
};

enum skyh_recovery_kind {
    SKYH_RECOVERY_NONE = 1, /* no group of it was ever written, or it is no segment: no copy */
    SKYH_RECOVERY_AS_IS,    /* its beginning is damaged: what it means is lost, so it stays */
    SKYH_RECOVERY_CLOSED,   /* it was closed, or closed by a tool: nothing is to be done */
    SKYH_RECOVERY_MADE      /* it was not; now it is */
};

/** Start zeroed, end with skyh_recovery_free. */
struct skyh_recovery {
    enum skyh_recovery_kind kind;
    const char *reason; /* of NONE and AS_IS; static storage */
    uint64_t segment;   /* its number, if it is one */
    uint64_t groups;    /* that were kept */
    uint64_t records;   /* in them */
    size_t loss_count;  /* even if there was no room for more */
    struct skyh_loss loss[SKYH_RECOVERY_LOSSES_MAX];
    /* The copy: so many bytes of the segment, but with what is damaged as padding; then this. */
    size_t kept;
    uint8_t *end; /* NULL: nothing */
    size_t end_count;
};

/** Looks through a segment. False: no memory. */
bool skyh_recovery_make(const uint8_t *bytes, size_t count, struct skyh_recovery *ret_recovery);

/**
 * Puts into piece, which holds the segment's bytes from `at` on, padding where damage lies. Pieces
 * begin and end at multiples of 4096, but for the last.
 */
void skyh_recovery_patch(const struct skyh_recovery *recovery, uint64_t at, uint8_t *piece,
                         size_t count);

void skyh_recovery_free(struct skyh_recovery *recovery);

#endif
