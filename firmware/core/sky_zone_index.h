/**
 * sky_zone_index: the edges of a ring that may matter to a place, without going through all of
 * them, and whether the place is inside the ring.
 *
 * A prepared ring has a tree of boxes: around each SKY_ZONE_RUN_EDGES edges in a row, around each
 * four of those, and so on. A tour goes down only into boxes that reach into a window around the
 * place. What it passes over it still counts for the even-odd rule: edges in a row whose box does
 * not hold the place are crossed by the ray to the east as often, up to an even number, as their
 * two ends lie on different sides of it; or never, unless the box is to the east.
 *
 * Cost: a glance at four boxes at a time, some 15 ns on an x86-64; of a line of 42,000 edges a
 * small window takes seven of them. For the files sky_zone*.c alone.
 */
#ifndef SKY_ZONE_INDEX_H
#define SKY_ZONE_INDEX_H

#include "sky_zone_view.h"

/**
 * Where something may lie and still matter: how far east and north of the place, 1e-7 degree; and
 * within round_m, by a metric that is this many metres per unit north, and east less so much per
 * unit north. All zero: that does not count. Each is below 1e15.
 */
struct sky_zone_window {
    double x;
    double y;
    double round_m;
    double north_m;
    double east_m;
    double less_m;
};

/** Some edges of a ring in a row: first .. end - 1, counted from the ring's first. */
struct sky_zone_run {
    uint32_t first;
    uint32_t end;
    bool is_beside; /* whether the ray crosses them was counted without looking at them */
};

/* A box yet to be opened. */
struct sky_zone_branch {
    float least_m2; /* how near it may be, by the window's metric */
    uint32_t node;  /* index in the set's nodes; none at level 0, which is a run */
    uint32_t first; /* edge */
    uint8_t level;
    bool is_beside;
};

/*
 * A run is 2^3 edges, a ring has fewer than 2^32, and a level has four boxes to one above it: 15
 * levels above the runs at most. Opening a box puts at most three more on the pile than it takes.
 */
enum { SKY_ZONE_LEVELS_MAX = 15, SKY_ZONE_BRANCHES_MAX = 3 * SKY_ZONE_LEVELS_MAX + 1 };

/** One round of a ring, in pieces. */
struct sky_zone_tour {
    struct sky_zone_view view;
    bool inside; /* of what was passed over: an odd number of edges cross the ray to the east */
    /* private: */
    bool nearest_first;
    const struct sky_zone_node *node;
    uint32_t run_edges;
    float x; /* the place, longitude from the ring's first vertex */
    float y;
    uint32_t pile;
    struct sky_zone_branch branch[SKY_ZONE_BRANCHES_MAX];
};

/**
 * Begins a tour of a ring. nearest_first: near runs before far ones, roughly; else in the ring's
 * order. A ring that is not prepared comes as one run.
 */
void sky_zone_tour_begin(const struct sky_zone_set *set, uint32_t ring, struct sky_zone_spot place,
                         bool nearest_first, struct sky_zone_tour *ret_tour);

/**
 * Goes on to the next run that may reach into the window, which may have shrunk since the last one;
 * false once round. Of a run that is not beside the ray, the caller asks each edge whether it
 * crosses it. Those that do, and tour->inside, together tell whether the place is inside.
 */
bool sky_zone_tour_next(struct sky_zone_tour *tour, const struct sky_zone_window *window,
                        struct sky_zone_run *ret_run);

/** True if a place is inside a ring. */
bool sky_zone_ring_holds(const struct sky_zone_set *set, uint32_t ring,
                         const struct sky_zone_spot *place);

/** True if a ring runs clockwise. Goes round it unless it is prepared. */
bool sky_zone_is_clockwise(const struct sky_zone_set *set, uint32_t ring);

#endif
