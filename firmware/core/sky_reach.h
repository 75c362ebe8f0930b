/**
 * sky_reach: cheap gates - which tracks a plot cannot belong to, before any filter is run.
 *
 * Three of them, each dearer and sharper than the one before: a box around the track, for all
 * tracks at once; a sphere; and what radars measure sharply (range, radial speed) along and across
 * the line of sight. They are wider than the exact gate of sky_imm, because measurements are curved
 * and models differ, and rest on two facts: the squared distance over the trace of a covariance is
 * never more than the Mahalanobis distance, and the covariance of position of a nearly constant
 * velocity grows as a polynomial of time (Bar-Shalom, Li, Kirubarajan, Estimation with Applications
 * to Tracking and Navigation, 2001, sec. 6.2).
 *
 * Places and velocities are east-north-up of the tracking frame.
 */
#ifndef SKY_REACH_H
#define SKY_REACH_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_imm.h"
#include "sky_math.h"
#include "sky_measure.h"
#include "sky_register.h"
#include "sky_track.h"

/* Between a track and a plot; what lies farther apart in time passes the box wherever it is. */
#define SKY_REACH_NEAR_NS (12 * SKY_SECOND_NS)

/** How wide the gates are; the same for all tracks. */
struct sky_reach_gates {
    double quantile2[SKY_LINES_OF_MEASUREMENT_MAX + 1]; /* chi-square, by degrees of freedom */
    double exact2[2]; /* squared Mahalanobis distance of the exact gate: believed, tentative; */
    double cheap2[2]; /* and of the cheap ones */
    double noise_m2ps3;
    double turn_mps2; /* a believed track is given the benefit of such a turn */
};

/** A track as the gates see it. */
struct sky_reach {
    int64_t time_ns;
    double place_m[3];
    double velocity_mps[3];
    bool tentative;
    bool single;        /* rests on one plot */
    double spread_m2;   /* trace of the covariance of place, and its first ... */
    double spread_m2ps; /* ... and second power of time */
    double spread_m2ps2;
};

/** A plot as the gates see it. */
struct sky_spot {
    struct sky_enu place; /* where the plot alone puts the aircraft; */
    double spread_m2;     /* trace of the covariance of that; */
    double range_m2;      /* variance of its range; */
    float near_m;         /* its part in the box. Unknown biases are counted in all three. */
    float late_s2;        /* variance of its time stamp */
};

/**
 * The boxes of many tracks beside each other. Single precision and time in ticks of 2^24 ns are
 * fine enough for boxes that are a metre too wide.
 */
struct sky_reach_list {
    uint32_t count;
    uint32_t slot[SKY_TRACKS_MAX];
    /* private */
    float east_m[SKY_TRACKS_MAX];
    float north_m[SKY_TRACKS_MAX];
    float near_m[SKY_TRACKS_MAX]; /* beyond which nothing is its plot within SKY_REACH_NEAR_NS */
    uint32_t tick[SKY_TRACKS_MAX];
};

/** Gates that let `probability` of an aircraft's plots pass, for tracks that move like `set`. */
void sky_reach_gates_init(struct sky_reach_gates *ret_gates, double probability,
                          const struct sky_motion_set *set);

/** A track as it is now. */
void sky_reach_of_track(const struct sky_track *track, struct sky_reach *ret_reach);

/** A plot; slack2 is what the unknown bias of its sensor adds to its variances, by sky_bias. */
void sky_reach_of_plot(const struct sky_reach_gates *gates, const struct sky_look *look,
                       const double slack2[SKY_BIASES], struct sky_spot *ret_spot);

/** Where a track is at an instant, on a straight line. */
struct sky_enu sky_reach_place(const struct sky_reach *reach, int64_t time_ns);

/** The trace of the covariance of that, m2. */
double sky_reach_spread_m2(const struct sky_reach_gates *gates, const struct sky_reach *reach,
                           int64_t time_ns);

/** Puts a track into a list at a position, at most count; those from there on move up. */
void sky_reach_insert(struct sky_reach_list *list, uint32_t position, uint32_t slot);

/** Takes the track at a position out; those behind move down. */
void sky_reach_remove(struct sky_reach_list *list, uint32_t position);

/** The position of a track that is in the list. */
uint32_t sky_reach_find(const struct sky_reach_list *list, uint32_t slot);

/** Sets the box of the track at a position: how far from it its plot can be. */
void sky_reach_set_box(const struct sky_reach_gates *gates, const struct sky_reach *reach,
                       struct sky_reach_list *list, uint32_t position);

/**
 * The coarsest gate: sets ret_slot to the tracks of a list whose box reaches a plot, in the list's
 * order, and returns how many they are. Cost: 1 ns per track.
 */
uint32_t sky_reach_search(const struct sky_reach_list *list, const struct sky_spot *spot,
                          int64_t time_ns, uint32_t ret_slot[SKY_TRACKS_MAX]);

/** The sphere around where the track is at time_ns, when the plot was. Cost: 5 ns. */
bool sky_reach_is_within(const struct sky_reach_gates *gates, const struct sky_reach *reach,
                         const struct sky_spot *spot, int64_t time_ns);

/**
 * Range, line of sight and radial speed of a radar plot, of which range and radial speed are sharp:
 * most pairs within reach end here. Reported places pass. A tentative track, of which there are
 * many and each fits much, is not given the benefit of a turn. Cost: 100 ns.
 * Pre: reach and spot are of the track and the look as they are.
 */
bool sky_reach_is_in_line(const struct sky_reach_gates *gates, const struct sky_reach *reach,
                          const struct sky_state *state, const struct sky_spot *spot,
                          const struct sky_look *look);

/** The squared distance between two places, m2. */
double sky_reach_distance2(const struct sky_enu *a, const struct sky_enu *b);

#endif
