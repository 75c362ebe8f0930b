/**
 * skyh_outline: the one way from what a file draws to what a station holds - places checked, small
 * faults mended and said, edges and arcs cut into straight pieces, vertices rounded to 1e-7 degree.
 *
 * Mended: a ring that is not closed, a position given twice, a ring that winds against its format's
 * rule, one that comes back to a vertex of its own (cut there), an edge wider than 180 degrees
 * (taken the other way round the Earth). Refused, with where it stands: a place that is not on
 * Earth, a ring that crosses itself or another one (with both edges), a hole that is not inside its
 * ring, a part inside another one, a ring round a pole.
 *
 * A line that does not close is the border of two zones, or of one: what is on its left is inside.
 * It is closed far away (SKYH_OUTLINE_REACH_KM beyond all of it): both ends go on straight in
 * longitude and latitude, as the last tenth of the line led, to a wide circle round the line, which
 * leads round its left. Those edges are no border. Between the ends answers are those of the line;
 * beyond, which side a place is on is that of the prolonged line, and the distance that to its end.
 */
#ifndef SKYH_OUTLINE_H
#define SKYH_OUTLINE_H

#include "skyh_drawing.h"

enum {
    SKYH_OUTLINE_VERTICES_MAX = 500000, /* in one set */
    SKYH_OUTLINE_RINGS_MAX = 10000,
    SKYH_OUTLINE_REACH_KM = 500
};

/** A stored piece is nowhere farther than this from the edge it stands for, rounding included. */
#define SKYH_OUTLINE_CHORD_M 0.1

/**
 * Adds the line of a feature to a set, with rings, vertices and its chord_m; its zone must be in
 * the set. Errors: SKYH_EXIT_DATA, one line with file, feature, ring and point. On failure build
 * may hold a part; release it.
 */
bool skyh_outline_add(struct skyh_zone_build *build, const struct skyh_drawing *drawing,
                      const struct skyh_feature *feature, struct skyh_notes *notes,
                      struct skyh_problem *problem);

#endif
