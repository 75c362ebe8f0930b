/**
 * skyh_loops: a ring that comes back to one of its own vertices, cut there into rings that do not.
 *
 * Even-odd, they enclose what it did. A loop of two vertices is a spur, there and back, that
 * encloses nothing.
 */
#ifndef SKYH_LOOPS_H
#define SKYH_LOOPS_H

#include <stdbool.h>
#include <stdint.h>

struct skyh_loop_vertex {
    int64_t x;
    int64_t y;
};

/** Where each loop's vertices are in the ring. Start zeroed, end with skyh_loops_done. */
struct skyh_loops {
    uint32_t *order;  /* vertices of the ring, loop after loop */
    uint32_t *length; /* of each loop */
    uint32_t count;
};

/**
 * Cuts a ring (or, the same, a line) of count vertices. What begins and ends it is in the last
 * loop. False without memory.
 */
bool skyh_loops_cut(struct skyh_loops *loops, const struct skyh_loop_vertex *vertex,
                    uint32_t count);

void skyh_loops_done(struct skyh_loops *loops);

#endif
