/**
 * skyh_flight: where a target of a scenario truly is at any instant.
 *
 * Legs have constant rates of turn, climb and speed; the path over the ellipsoid between is
 * integrated (fourth-order Runge-Kutta, steps of a second at most; within a millimetre of steps a
 * hundred times shorter). Headings are held against true north.
 */
#ifndef SKYH_FLIGHT_H
#define SKYH_FLIGHT_H

#include "skyh_scenario.h"

/** A target at one instant. */
struct skyh_state {
    struct sky_lla place;
    double heading_rad; /* [0, 2 pi) */
    double speed_mps;   /* over ground */
    double climb_mps;
};

struct skyh_flight_node {
    double time_s; /* since the scenario's start */
    struct skyh_state state;
    uint32_t leg;
};

/** Start zeroed, end with skyh_flight_done. */
struct skyh_flight {
    const struct skyh_target *target;
    double end_s;
    size_t count;
    struct skyh_flight_node *node; /* owned; a second apart at most, and one per leg's start */
};

/** Integrates a target's whole flight. Borrows the target. */
bool skyh_flight_make(struct skyh_flight *flight, const struct skyh_target *target,
                      struct skyh_problem *problem);

void skyh_flight_done(struct skyh_flight *flight);

/** True, and sets ret_state, while the target is there. */
bool skyh_flight_at(const struct skyh_flight *flight, double time_s, struct skyh_state *ret_state);

#endif
