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
 * Cost: a glance at four boxes at a time, 270 instructions on an x86-64, on each level of a ring,
 * which has seven if it has 42,000 edges; and more where several boxes vie.
 * For the files sky_zone*.c alone.
 */
#ifndef SKY_ZONE_INDEX_H
#define SKY_ZONE_INDEX_H

#include "sky_zone_view.h"

/**
 * Where something may lie and still matter: not farther east and north of the place than x and y;
 * and its squared distance through the Earth at most limit_m2. That of a point y radians north of
 * the place and x east is (e y)^2 (1 - y^2 / 12) + a0 a x^2 (1 - x^2 / 12) or a little more, with
 * e = north_m[0] + north_m[1] y + ... and a = axis_m[0] + axis_m[1] y + ..., the radius of its
 * circle of latitude. All zero: that does not count.
 */
struct sky_zone_window {
    float x_e7;
    float y_e7;
    float limit_m2;
    float north_m[3];
    float axis_m[3];
};

/** Some edges of a ring in a row: first .. end - 1, counted from the ring's first. */
struct sky_zone_run {
    uint32_t first;
    uint32_t end;
    bool is_beside; /* whether the ray crosses them was counted without looking at them */
};

/* A box yet to be opened. */
struct sky_zone_branch {
    float least_m2; /* how near it may be, squared */
    uint32_t node;  /* index in the set's nodes; none at level 0, which is a run */
    uint32_t first; /* edge */
    uint8_t level;
    bool is_beside;
};

/*
 * A run is 2^2 edges, a ring has fewer than 2^32, and a level has four boxes to one above it: 15
 * levels above the runs at most. Opening a box puts at most three more on the pile than it takes,
 * so going down to the runs takes room for 46; twice that is there.
 */
enum { SKY_ZONE_LEVELS_MAX = 15, SKY_ZONE_BRANCHES_MAX = 2 * (3 * SKY_ZONE_LEVELS_MAX + 1) };

/** One round of a ring, in pieces. */
struct sky_zone_tour {
    struct sky_zone_view view;
    bool inside; /* of what was passed over: an odd number of edges cross the ray to the east */
    /* private: */
    bool nearest_first;
    const struct sky_zone_node *node;
    uint32_t run_edges;
    float x; /* the place in 1e-7 degree, longitude from the ring's first vertex */
    float y;
    float x_unit; /* radians per unit east; 0 where the ring may be nearer from behind */
    uint32_t pile;
    struct sky_zone_branch branch[SKY_ZONE_BRANCHES_MAX];
};

/**
 * Begins a tour of a ring. nearest_first: near boxes before far ones, as far as room goes; else in
 * the ring's order. A ring that is not prepared comes as one run.
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

/** True if an odd number of a run's edges cross the ray. */
bool sky_zone_is_odd(const struct sky_zone_view *view, const struct sky_zone_run *run);

/** True if a place is inside a ring. */
bool sky_zone_ring_holds(const struct sky_zone_set *set, uint32_t ring,
                         const struct sky_zone_spot *place);

/** True if a ring runs clockwise. Goes round it unless it is prepared. */
bool sky_zone_is_clockwise(const struct sky_zone_set *set, uint32_t ring);

#endif
