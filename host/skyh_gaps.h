/**
 * skyh_gaps: what a log says is gone from it - the newest record of a segment that went, which has
 * everything that is gone with it.
 */
#ifndef SKYH_GAPS_H
#define SKYH_GAPS_H

#include "sky_keep.h"
#include "skyh_log.h"

/** Memory of its own: skyh_gaps_free. */
struct skyh_gaps {
    const uint8_t *record; /* its message, in the log's memory; NULL: nothing is gone */
    struct sky_own_retention retention;
    struct sky_keep_room room;
    struct sky_arena arena;
    _Alignas(16) uint8_t arena_bytes[SKY_OWN_RETENTION_ARENA_BYTES];
};

/**
 * Looks for the record if segments are missing from a log, from its end on. Costs a walk over its
 * last segments; none if nothing is missing. NULL: no memory.
 */
struct skyh_gaps *skyh_gaps_read(const struct skyh_log *log);

/** The gap that a segment's number lies in; NULL: none. */
const struct sky_own_gap *skyh_gaps_find(const struct skyh_gaps *gaps, uint64_t segment);

void skyh_gaps_free(struct skyh_gaps *gaps);

#endif
