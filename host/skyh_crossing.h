/**
 * skyh_crossing: whether rings cross themselves or each other, exactly.
 *
 * A ring may touch another one, but not itself.
 */
#ifndef SKYH_CROSSING_H
#define SKYH_CROSSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An edge; ends in 1e-7 degree. All edges together are at most 180 degrees wide. */
struct skyh_edge {
    int64_t x[2];
    int64_t y[2];
    uint32_t ring;
    uint32_t index; /* of its first vertex, in the ring */
    uint32_t next;  /* of its second */
};

struct skyh_conflict {
    struct skyh_edge a;
    struct skyh_edge b;
    const char *what; /* a "crosses", "touches" or "runs back along" b */
};

/**
 * Sorts the edges and says which two are in conflict, the westernmost first. Each is compared with
 * those that begin east of it before it ends. False if none are.
 */
bool skyh_crossing_find(struct skyh_edge *edge, size_t count, struct skyh_conflict *ret_conflict);

#endif
