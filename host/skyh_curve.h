/**
 * skyh_curve: edges that are not straight in longitude and latitude - geodesics, rhumb lines and
 * arcs on the WGS-84 ellipsoid - cut so that straight pieces stay as near to them as is asked.
 */
#ifndef SKYH_CURVE_H
#define SKYH_CURVE_H

#include <geodesic.h>
#include <stdbool.h>

#include "sky_zone.h"

struct skyh_place {
    double lat_deg;
    double lon_deg; /* may run on across the antimeridian: 181, not -179 */
};

/** A circle's part: all its places as far from the centre, along geodesics. */
struct skyh_arc {
    struct skyh_place centre;
    double from_deg;  /* true bearing of the first place from the centre */
    double sweep_deg; /* to the last place's; above 0 clockwise */
    double from_m;    /* distance of the first place ... */
    double to_m;      /* ... and of the last one; in between it changes evenly */
};

enum skyh_curve_kind {
    SKYH_CURVE_PLANAR = SKY_EDGE_PLANAR,
    SKYH_CURVE_GEODESIC = SKY_EDGE_GEODESIC,
    SKYH_CURVE_RHUMB = SKY_EDGE_RHUMB,
    SKYH_CURVE_ARC
};

struct skyh_curve {
    enum skyh_curve_kind kind;
    struct skyh_place from;
    struct skyh_place to;
    double length_m;               /* 0 of a planar edge: nobody asks */
    struct geod_geodesicline line; /* of a geodesic */
    struct skyh_arc arc;           /* of an arc */
    double from_isometric;         /* of a rhumb line */
    double to_isometric;
};

/** Pre: at most 180 degrees of longitude apart. */
struct skyh_curve skyh_curve_edge(enum sky_edge_rule rule, struct skyh_place from,
                                  struct skyh_place to);

/** An arc whose ends are given too, since its file may give them otherwise than the arc does. */
struct skyh_curve skyh_curve_arc(const struct skyh_arc *arc, struct skyh_place from,
                                 struct skyh_place to);

/** The place at a share of the way, 0 .. 1; the ends are exact. */
struct skyh_place skyh_curve_at(const struct skyh_curve *curve, double share);

/**
 * The share at which a straight piece from `share` may end so that it is nowhere more than
 * chord_m from the curve; 1 if it can reach the end. *worst_m is raised to how far it may be.
 * *step is how far the latest piece reached, and a first guess for the next; start it at 1.
 */
double skyh_curve_next(const struct skyh_curve *curve, double share, double chord_m, double *step,
                       double *worst_m);

/** Where a geodesic from a place leads, after so many metres at a true bearing. */
struct skyh_place skyh_curve_go(struct skyh_place from, double bearing_deg, double distance_m);

/** Length of the geodesic between two places, and its true bearing at the first. */
double skyh_curve_distance_m(struct skyh_place from, struct skyh_place to, double *ret_bearing_deg);

/** A longitude moved by whole turns to at most half a turn from another. */
double skyh_curve_near(double lon_deg, double other_deg);

#endif
