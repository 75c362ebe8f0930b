/**
 * sky_twin: whether two tracks follow one aircraft, and which of them is one too many.
 *
 * Two tracks that stay at one place (chi-square below 3 in position and 8 in velocity, of 3 degrees
 * of freedom each; below 11.3 if one takes all the plots) for 6 updates of either are one aircraft
 * unless one sensor saw both in one scan, which counts as long as neither takes all the plots: the
 * tentative, else the younger one, has to go.
 */
#ifndef SKY_TWIN_H
#define SKY_TWIN_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_math.h"
#include "sky_reach.h"
#include "sky_track.h"
#include "sky_watch.h"

/* East or north, whenever each was seen last. */
#define SKY_TWIN_APART_MAX_M 5e3

/** What every comparison rests on; all borrowed. */
struct sky_twin_rules {
    const struct sky_config *config;
    const struct sky_track_rules *track;
    const struct sky_reach_gates *gates;
    const struct sky_watch *watch; /* of all sensors */
};

/** Whether two tracks are so near each other that it is worth comparing them. Cost: 2 ns. */
static inline bool sky_twin_is_near(const struct sky_reach *a, const struct sky_reach *b)
{
    return sky_abs(a->place_m[0] - b->place_m[0]) <= SKY_TWIN_APART_MAX_M &&
           sky_abs(a->place_m[1] - b->place_m[1]) <= SKY_TWIN_APART_MAX_M;
}

/**
 * Compares an updated track with another and keeps count in the weaker. Returns true if that one
 * has been a duplicate for long enough.
 * Cost: 10 ns for tracks apart, else two predictions.
 */
bool sky_twin_compare(const struct sky_twin_rules *rules, struct sky_track *updated,
                      const struct sky_reach *updated_reach, struct sky_track *other,
                      const struct sky_reach *other_reach);

/** Which of two tracks of one aircraft goes on: the one that was believed, else the older. */
bool sky_twin_outranks(const struct sky_track *a, const struct sky_track *b);

#endif
