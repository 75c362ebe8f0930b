/**
 * skyh_recorder: a log made on the desk, exactly as a station makes its own.
 *
 * Every input is recorded, then given to sky_station, and the events that come back are recorded
 * behind it - the same path, code and bytes as in the daemon, so replay --check holds. Time is
 * the caller's, not ours.
 */
#ifndef SKYH_RECORDER_H
#define SKYH_RECORDER_H

#include "sky_input.h"
#include "skyh_zonefile.h"

/** What a recording came to. */
struct skyh_recorded {
    uint64_t inputs;
    uint64_t events;
    uint64_t segments;
    uint64_t bytes;
};

/** Whose log it is. Borrowed while it is recorded. */
struct skyh_recording {
    const struct sky_config *config;
    const struct skyh_zonefile *zones;
    const char *how;      /* "simulated": said behind the software's name */
    uint64_t boot;        /* the boot id's last 48 bits */
    int64_t start_utc_ns; /* of time 0 */
    const char *key;      /* the file of the station's key that signs it; NULL: nobody does */
};

struct skyh_recorder;

/**
 * Begins a log with its CONFIG: a file if `out` ends in ".mcap" (replaced if it is there), else a
 * directory of segments, made if need be, that must not hold a log yet. SKYH_EXIT_NO_OUTPUT or
 * SKYH_EXIT_IO if it cannot be written, SKYH_EXIT_SOFTWARE if the station refuses the
 * configuration, and what is wrong with the key. The keys of groups are drawn for this log and
 * forgotten at its end. Owns: skyh_recorder_close.
 */
bool skyh_recorder_open(const struct skyh_recording *recording, const char *out,
                        struct skyh_recorder **ret_recorder, struct skyh_problem *problem);

/**
 * Records an input, steps the station, records its events. Sets the input's seq, times and source;
 * time_ns counts from time 0 and never goes back. Returns 0, or a negative errno for close.
 */
int skyh_recorder_take(struct skyh_recorder *recorder, struct sky_input *input, int64_t time_ns,
                       const char *source);

/** A tick, with what the kernel would say of its clock. */
int skyh_recorder_tick(struct skyh_recorder *recorder, int64_t time_ns, bool synchronised,
                       int64_t error_ns);

/** A source comes or goes. */
int skyh_recorder_source(struct skyh_recorder *recorder, int64_t time_ns, const char *source,
                         enum sky_source_event event, const char *detail);

/**
 * Ends the log and frees the recorder. error is what stopped the caller, or 0. SKYH_EXIT_IO unless
 * all went well; ret_recorded is set only then.
 */
bool skyh_recorder_close(struct skyh_recorder *recorder, int error,
                         struct skyh_recorded *ret_recorded, struct skyh_problem *problem);

#endif
