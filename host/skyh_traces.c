#include "skyh_traces.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool skyh_traces_open(struct skyh_traces *traces)
{
    memset(traces, 0, sizeof *traces);
    FILE *const stream = tmpfile();
    traces->file = stream == NULL ? -1 : fcntl(fileno(stream), F_DUPFD_CLOEXEC, 0);
    if (stream != NULL) {
        (void)fclose(stream);
    }
    return traces->file >= 0;
}

/* ----------------------------------------------------------------------------------- the file */

static void write_block(struct skyh_traces *traces, struct skyh_trace *trace)
{
    const size_t bytes = sizeof *trace->open * SKYH_TRACE_BLOCK;
    int64_t *const grown =
        realloc(trace->block_at, (size_t)(trace->block_count + 1) * sizeof *grown);
    if (grown == NULL) {
        traces->failed = true;
        return;
    }
    trace->block_at = grown;
    if (pwrite(traces->file, trace->open, bytes, traces->file_bytes) != (ssize_t)bytes) {
        traces->failed = true;
        return;
    }
    trace->block_at[trace->block_count++] = traces->file_bytes;
    traces->file_bytes += (int64_t)bytes;
    trace->filled = 0;
}

/* This look stays as it is. */
static void append(struct skyh_traces *traces, struct skyh_trace *trace,
                   const struct skyh_trace_look *look)
{
    if (trace->open == NULL) {
        trace->open = calloc(SKYH_TRACE_BLOCK, sizeof *trace->open);
    }
    if (trace->open == NULL || trace->filled == SKYH_TRACE_BLOCK) {
        traces->failed = true;
        return;
    }
    trace->open[trace->filled++] = *look;
    trace->look_count++;
    if (trace->filled == SKYH_TRACE_BLOCK) {
        write_block(traces, trace);
    }
}

uint32_t skyh_traces_read(struct skyh_traces *traces, const struct skyh_trace *trace, uint64_t n,
                          struct skyh_trace_look ret_look[SKYH_TRACE_BLOCK])
{
    const size_t bytes = sizeof *ret_look * SKYH_TRACE_BLOCK;
    if (n >= trace->block_count) {
        return 0;
    }
    if (pread(traces->file, ret_look, bytes, trace->block_at[n]) != (ssize_t)bytes) {
        traces->failed = true;
        return 0;
    }
    const uint64_t left = trace->look_count - n * SKYH_TRACE_BLOCK;
    return left < SKYH_TRACE_BLOCK ? (uint32_t)left : SKYH_TRACE_BLOCK;
}

/* --------------------------------------------------------------------------------- the looks */

static struct skyh_trace *trace_of(struct skyh_traces *traces, size_t slot, uint32_t id)
{
    const size_t known = traces->of_slot[slot];
    if (known < traces->count && traces->trace[known].id == id) {
        return &traces->trace[known];
    }
    struct skyh_trace *const grown =
        realloc(traces->trace, (traces->count + 1) * sizeof *traces->trace);
    if (grown == NULL) {
        traces->failed = true;
        return NULL;
    }
    traces->trace = grown;
    struct skyh_trace *const trace = &grown[traces->count];
    memset(trace, 0, sizeof *trace);
    trace->id = id;
    trace->tail = calloc(SKY_LOOKS_MAX, sizeof *trace->tail);
    traces->failed = traces->failed || trace->tail == NULL;
    traces->of_slot[slot] = traces->count++;
    return trace->tail == NULL ? NULL : trace;
}

static bool is_same(const struct sky_look *a, const struct sky_look *b)
{
    return a->sensor == b->sensor && sky_track_is_same_plot(a, b);
}

static bool is_kept(const struct sky_look *look, const struct skyh_trace_look *kept, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (is_same(look, &kept[i].look)) {
            return true;
        }
    }
    return false;
}

/* What is known with a look: as before, if it was there before. */
static void annotate(const struct skyh_trace *trace, const struct sky_engine *engine,
                     const struct sky_track *track, int64_t utc_offset_ns,
                     struct skyh_trace_look *look)
{
    for (uint32_t i = trace->tail_count; i-- > 0;) {
        if (is_same(&look->look, &trace->tail[i].look)) {
            const struct sky_look now = look->look;
            *look = trace->tail[i];
            look->look = now;
            return;
        }
    }
    const struct sky_utc_estimate utc = sky_utc_at(&engine->utc, look->look.measurement.time_ns);
    memcpy(look->share, track->share, sizeof look->share);
    look->sigma_horizontal_m = engine->pose.sigma_horizontal_m;
    look->sigma_vertical_m = engine->pose.sigma_vertical_m;
    look->heading_sigma_rad = engine->pose.heading_sigma_rad;
    look->time_sigma_s = utc.state > SKY_CLOCK_RTC ? (double)utc.sigma_ns * 1e-9 : 0.0;
    look->utc_offset_ns = utc_offset_ns;
}

/* The looks that the track has now, oldest first. */
static uint32_t copy_looks(const struct skyh_trace *trace, const struct sky_engine *engine,
                           const struct sky_track *track, int64_t utc_offset_ns,
                           struct skyh_trace_look ret_look[SKY_LOOKS_MAX])
{
    const uint32_t count = track->look_count < SKY_LOOKS_MAX ? track->look_count : SKY_LOOKS_MAX;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t number = track->look_count - count + 1 + i;
        ret_look[i].look = track->look[number % SKY_LOOKS_MAX];
        annotate(trace, engine, track, utc_offset_ns, &ret_look[i]);
    }
    return count;
}

static void take_looks(struct skyh_traces *traces, struct skyh_trace *trace,
                       const struct sky_engine *engine, const struct sky_track *track,
                       int64_t utc_offset_ns)
{
    struct skyh_trace_look *const now = calloc(SKY_LOOKS_MAX, sizeof *now);
    if (now == NULL) {
        traces->failed = true;
        return;
    }
    const uint32_t count = copy_looks(trace, engine, track, utc_offset_ns, now);
    for (uint32_t i = 0; i < trace->tail_count; i++) {
        if (!is_kept(&trace->tail[i].look, now, count)) {
            append(traces, trace, &trace->tail[i]);
        }
    }
    free(trace->tail);
    trace->tail = now;
    trace->tail_count = count;
}

/* Nobody will tell of it again. */
static void end_trace(struct skyh_traces *traces, struct skyh_trace *trace)
{
    for (uint32_t i = 0; i < trace->tail_count; i++) {
        append(traces, trace, &trace->tail[i]);
    }
    if (trace->filled > 0) {
        write_block(traces, trace);
    }
    free(trace->tail);
    free(trace->open);
    trace->tail = NULL;
    trace->open = NULL;
    trace->tail_count = 0;
}

/* Where a track is; false if it is gone, and all that can be had of it was taken before. */
static bool find_slot(const struct sky_tracker *tracker, uint32_t id, size_t *ret_slot)
{
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        if (tracker->track[tracker->active[i]].id == id) {
            *ret_slot = tracker->active[i];
            return true;
        }
    }
    return false;
}

void skyh_traces_take(struct skyh_traces *traces, const struct sky_engine *engine,
                      const struct sky_event_track *told, int64_t utc_offset_ns)
{
    size_t slot = 0;
    struct skyh_trace *const trace =
        find_slot(&engine->tracker, told->id, &slot) ? trace_of(traces, slot, told->id) : NULL;
    if (trace == NULL) {
        return;
    }
    const struct sky_track *const track = &engine->tracker.track[slot];
    trace->existence = told->existence > trace->existence ? told->existence : trace->existence;
    trace->told = *told;
    trace->heights = track->heights;
    trace->shared = (track->sensors & (track->sensors - 1)) != 0;
    take_looks(traces, trace, engine, track, utc_offset_ns);
    if ((told->change & SKY_TRACK_NOW_LOST) != 0) {
        end_trace(traces, trace);
    }
}

void skyh_traces_finish(struct skyh_traces *traces)
{
    for (size_t i = 0; i < traces->count; i++) {
        end_trace(traces, &traces->trace[i]);
    }
}

void skyh_traces_clear(struct skyh_traces *traces)
{
    for (size_t i = 0; i < traces->count; i++) {
        free(traces->trace[i].tail);
        free(traces->trace[i].open);
        free(traces->trace[i].block_at);
    }
    free(traces->trace);
    traces->trace = NULL;
    traces->count = 0;
    traces->file_bytes = 0;
    if (ftruncate(traces->file, 0) != 0) {
        traces->failed = true;
    }
}

void skyh_traces_close(struct skyh_traces *traces)
{
    if (traces->file >= 0) {
        skyh_traces_clear(traces);
        (void)close(traces->file);
    }
    traces->file = -1;
}
