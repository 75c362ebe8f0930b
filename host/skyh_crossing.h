/**
 * skyh_crossing: whether rings cross themselves or each other, exactly, and whether they lie in
 * each other as holes and parts do.
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
    int64_t before_x; /* the vertex that its ring has before its first one */
    int64_t before_y;
    uint32_t ring;
    uint32_t index; /* of its first vertex, in the ring */
    uint32_t next;  /* of its second */
};

struct skyh_conflict {
    struct skyh_edge a;
    struct skyh_edge b;
    const char *what; /* a "crosses", "touches" or "runs back along" b */
};

enum skyh_crossing {
    SKYH_CROSSING_NONE = 1,
    SKYH_CROSSING_FOUND,
    SKYH_CROSSING_TOO_MANY /* edges beside each other, to be compared */
};

/** As many comparisons take some seconds; borders need far fewer than a hundredth. */
#define SKYH_CROSSING_COMPARISONS_MAX UINT64_C(1000000000)

/**
 * Sorts the edges and says which two are in conflict, the westernmost first. Each is compared with
 * those that begin east of it before it ends. Where many edges are wide but not high, x and y of
 * all edges change places before that, and stay so.
 */
enum skyh_crossing skyh_crossing_find(struct skyh_edge *edge, size_t count, uint64_t comparisons,
                                      struct skyh_conflict *ret_conflict);

/** What a ring is meant as. Rings of one path are parts of what one ring of a file became. */
struct skyh_part {
    uint32_t path;
    uint32_t outer; /* the path in which it is a hole; its own if it is none */
};

/**
 * Whether a ring is where its meaning and the even-odd rule agree: a hole inside the path it is a
 * hole of, and in no other hole; no outer ring inside another one. Names the first that is not.
 * Pre: edges as skyh_crossing_find left them when it found none; one part for each of their rings.
 * Cost: rings times edges at worst.
 */
bool skyh_crossing_misplaced(const struct skyh_edge *edge, size_t count,
                             const struct skyh_part *part, uint32_t *ret_ring);

#endif
