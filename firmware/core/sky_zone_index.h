/**
 * sky_zone_index: the edges of a ring that may matter to a place, without going through all of
 * them, and whether the place is inside the ring.
 *
 * A prepared ring has a tree of boxes: around each run of edges, around each eight of those, and so
 * on. A tour goes down only into boxes that reach near enough to the place. What it passes over it
 * still counts for the even-odd rule: edges in a row whose box does not hold the place are crossed
 * by the ray to the east as often, up to an even number, as their two ends lie on different sides
 * of it; or never, unless the box is to the east.
 *
 * Cost: a glance at eight boxes at a time, some 100 instructions on an x86-64, on each level of a
 * ring, which has five if it has 42,000 edges; and more where several boxes vie.
 * For the files sky_zone*.c alone.
 */
#ifndef SKY_ZONE_INDEX_H
#define SKY_ZONE_INDEX_H

#include <string.h>

#include "sky_zone_view.h"

/* Four floats at a time, as vectors of gcc and clang: the same as one after the other, and most
 * machines do it at once. Comparing gives all bits or none. */
typedef float sky_zone_four __attribute__((vector_size(16)));
typedef int32_t sky_zone_four_bits __attribute__((vector_size(16)));

static inline sky_zone_four sky_zone_four_of(const float *from)
{
    sky_zone_four four;
    memcpy(&four, from, sizeof four);
    return four;
}

static inline sky_zone_four sky_zone_four_same(float x) { return (sky_zone_four){x, x, x, x}; }

static inline sky_zone_four sky_zone_four_size(sky_zone_four a)
{
    return (sky_zone_four)((sky_zone_four_bits)a & INT32_MAX);
}

static inline sky_zone_four sky_zone_four_not_below_0(sky_zone_four a)
{
    return (sky_zone_four)((sky_zone_four_bits)a & (a > 0.0F));
}

/* The four that begin one place later, of eight. */
static inline sky_zone_four sky_zone_four_next(sky_zone_four a, sky_zone_four b)
{
    return __builtin_shufflevector(a, b, 1, 2, 3, 4);
}

/* One bit each of four, of those that are all bits. */
static inline uint32_t sky_zone_four_join(sky_zone_four_bits bits)
{
    uint64_t pair[2];
    memcpy(pair, &bits, sizeof pair);
    const uint64_t both = pair[0] | pair[1];
    return (uint32_t)(both | both >> 32);
}

/** What matters lies not farther east and north of the place than that. */
struct sky_zone_window {
    float x_e7;
    float y_e7;
};

/**
 * What matters is not farther than limit_m2, squared, through the Earth. A point that is not
 * farther, y to the north and x to the east in 1e-7 degree, has at least the squared distance
 * north_m2 y^2 + (east_m2[0] + east_m2[1] y) x^2.
 */
struct sky_zone_reach {
    float limit_m2;
    float north_m2;
    float east_m2[2];
    float lean; /* -1 or 1: where in a box the factor of x^2 is least, south or north */
};

/* A box yet to be opened. */
struct sky_zone_branch {
    float least_m2; /* how near it may be, squared */
    uint32_t index; /* of the node; at level 0, of the run */
    uint32_t first; /* the first run in it, counted from the ring's first */
    uint8_t level;
    bool is_beside; /* whether the ray crosses its edges was counted without looking at them */
};

/*
 * A run is an edge or more and a ring has fewer than 2^32, so that there are eleven levels of nodes
 * at most. Opening a box puts at most seven more on the pile than it takes, so going down to the
 * runs takes room for 78; some more is there to keep the pile in order.
 */
enum {
    SKY_ZONE_LEVELS_MAX = 11,
    SKY_ZONE_BRANCHES_SORTED = 32,
    SKY_ZONE_BRANCHES_MAX =
        SKY_ZONE_BRANCHES_SORTED + (SKY_ZONE_NODE_BOXES - 1) * SKY_ZONE_LEVELS_MAX + 1
};

/** One round of a ring, run by run. */
struct sky_zone_tour {
    struct sky_zone_view view;
    double x; /* the place in 1e-7 degree, longitude from the ring's first vertex */
    double y;
    bool inside;    /* of what was passed over: an odd number of edges cross the ray to the east */
    bool is_beside; /* the latest run: so with its edges */
    /* private: */
    bool is_prepared;
    bool is_before; /* the ring is not nearer from behind */
    const struct sky_zone_node *node;
    const struct sky_zone_run *run; /* the ring's first */
    uint32_t run_count;
    uint32_t next;              /* edge, if it is not prepared ... */
    struct sky_zone_run latest; /* ... and the run that ended there */
    uint32_t pile;
    struct sky_zone_branch branch[SKY_ZONE_BRANCHES_MAX];
};

/** Begins a tour of a ring. One that is not prepared is gone through run by run. */
void sky_zone_tour_begin(const struct sky_zone_set *set, uint32_t ring, struct sky_zone_spot place,
                         struct sky_zone_tour *ret_tour);

/**
 * Some run near the place, no more; before the first step of the tour. NULL if it is not prepared.
 */
const struct sky_zone_run *sky_zone_tour_guess(const struct sky_zone_tour *tour, float north_m2,
                                               float east_m2);

/**
 * Goes on to the next run that may reach into the window, in the ring's order; NULL once round.
 * Of a run that is not beside the ray, the caller asks each edge whether it crosses it. Those that
 * do, and tour->inside, together tell whether the place is inside.
 */
const struct sky_zone_run *sky_zone_tour_next(struct sky_zone_tour *tour,
                                              const struct sky_zone_window *window);

/** The same, within reach, which may have shrunk since the last one; near boxes first. */
const struct sky_zone_run *sky_zone_tour_next_near(struct sky_zone_tour *tour,
                                                   const struct sky_zone_reach *reach);

/** An edge of a run, counted from the ring's first. */
static inline uint32_t sky_zone_run_edge(const struct sky_zone_run *run, uint32_t k)
{
    return run->edge + run->step[k];
}

/** The run of a prepared ring that has an edge; NULL if the ring is not prepared. */
const struct sky_zone_run *sky_zone_tour_run_of(const struct sky_zone_tour *tour, uint32_t edge);

/** True if an odd number of a run's edges cross the ray. */
bool sky_zone_is_odd(const struct sky_zone_view *view, const struct sky_zone_run *run);

/** The ring of a line that an edge belongs to; the line's first if to none of it. */
uint32_t sky_zone_ring_with(const struct sky_zone_set *set, const struct sky_line *line,
                            uint32_t edge);

/** True if a place is inside a ring. */
bool sky_zone_ring_holds(const struct sky_zone_set *set, uint32_t ring,
                         const struct sky_zone_spot *place);

/** True if a ring runs clockwise. Goes round it unless it is prepared. */
bool sky_zone_is_clockwise(const struct sky_zone_set *set, uint32_t ring);

#endif
