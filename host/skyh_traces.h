/**
 * skyh_traces: every look that a run's tracks rest on, in the end, track by track.
 *
 * A station keeps the latest looks of a track; here all of them are gathered as they pass, with
 * what else was known then. They are kept in a file that nobody else sees: memory holds some
 * kilobytes of each track that is followed, however long the run.
 */
#ifndef SKYH_TRACES_H
#define SKYH_TRACES_H

#include <stdbool.h>
#include <stdint.h>

#include "sky_engine.h"

enum { SKYH_TRACE_BLOCK = 32 }; /* looks read at once */

/** A look, and what was so when it was used. */
struct skyh_trace_look {
    struct sky_look look;
    double share[SKY_SENSORS_MAX]; /* of the track, see sky_track */
    double sigma_horizontal_m;     /* of the station ... */
    double sigma_vertical_m;
    double heading_sigma_rad;
    double time_sigma_s;   /* ... and its clock */
    int64_t utc_offset_ns; /* UTC less station time */
};

/** One track. Fields are private but for the first ones. */
struct skyh_trace {
    uint32_t id;
    uint64_t look_count;
    double existence;            /* the most that it reached */
    struct sky_event_track told; /* as it was told of last: who it is */
    uint32_t heights;            /* what its height rests on: sky_height_basis */
    bool shared;                 /* of several sensors: each bears the others' unknown biases */
    uint64_t block_count;
    int64_t *block_at; /* in the file */
    uint32_t filled;   /* of the block that is yet to be written */
    struct skyh_trace_look *open;
    uint32_t tail_count; /* looks that may yet change: late ones may come between */
    struct skyh_trace_look *tail;
};

struct skyh_traces {
    int file;
    int64_t file_bytes;
    bool failed; /* memory or disk ended: what is gathered is not whole */
    size_t count;
    struct skyh_trace *trace;       /* by id: as they were confirmed */
    size_t of_slot[SKY_TRACKS_MAX]; /* which of them a slot holds; meaningful if its id is */
};

/** Before a run. False if there is no file to be had. */
bool skyh_traces_open(struct skyh_traces *traces);

/** After a step of the engine, for each SKY_EVENT_TRACK: gathers what is new of that track. */
void skyh_traces_take(struct skyh_traces *traces, const struct sky_engine *engine,
                      const struct sky_event_track *told, int64_t utc_offset_ns);

/** The run is over: no look can change any more. */
void skyh_traces_finish(struct skyh_traces *traces);

/**
 * Reads block n (0, 1, ...) of a track; returns how many looks it has, 0 past the last.
 * Pre: skyh_traces_finish was called.
 */
uint32_t skyh_traces_read(struct skyh_traces *traces, const struct skyh_trace *trace, uint64_t n,
                          struct skyh_trace_look ret_look[SKYH_TRACE_BLOCK]);

/** Forgets all, ready for the next run. */
void skyh_traces_clear(struct skyh_traces *traces);

void skyh_traces_close(struct skyh_traces *traces);

#endif
