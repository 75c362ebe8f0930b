/**
 * skyh_recorder: a simulated station's log, made exactly as a real one's.
 *
 * The world's emissions become inputs as received; each is recorded, then given to sky_station, and
 * the events that come back are recorded behind it - the same path, code and bytes as in the
 * daemon, so replay --check holds. Time is the scenario's, not ours.
 */
#ifndef SKYH_RECORDER_H
#define SKYH_RECORDER_H

#include "skyh_world.h"
#include "skyh_zonefile.h"

/** What a recording came to. */
struct skyh_recorded {
    uint64_t inputs;
    uint64_t events;
    uint64_t segments;
    uint64_t bytes;
};

/**
 * Runs a world that has just been made to its end and writes its log: a file if `out` ends in
 * ".mcap" (replaced if it is there), else a directory of segments, made if need be, that must not
 * hold a log yet. SKYH_EXIT_NO_OUTPUT or SKYH_EXIT_IO if it cannot be written.
 */
bool skyh_recorder_run(struct skyh_world *world, const struct skyh_zonefile *zones, const char *out,
                       struct skyh_recorded *ret_recorded, struct skyh_problem *problem);

#endif
