/**
 * skyd_loop: wait, stamp, record, step, record.
 *
 * One thread takes every input by one path: it gets its number and its time here, goes into the
 * log, and only then to the engine; the events it causes follow it into the log. A source that
 * fails is closed, reported as a record, and opened again with back-off, while the others go on. A
 * log that cannot be written ends the loop: a witness without memory must say so.
 */
#ifndef SKYD_LOOP_H
#define SKYD_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "sky_clock.h"
#include "sky_journal.h"
#include "sky_source.h"
#include "sky_station.h"
#include "skyd_diag.h"
#include "skyd_health.h"
#include "skyd_ring.h"
#include "skyd_sink.h"
#include "skyd_writer.h"

enum { SKYD_SOURCES_MAX = 16 };

/** One source and how it is doing. */
struct skyd_loop_source {
    struct sky_source *source;
    /* Private from here on. */
    bool open;
    bool busy;      /* its latest take brought something: there may be more behind it */
    bool is_up;     /* the log's latest word on it is UP */
    bool down_said; /* the log's latest word on it is DOWN */
    bool silent;
    int64_t heard_ns;
    int64_t retry_ns; /* when to open it again */
    int64_t backoff_ns;
    int64_t opened_ns;
    struct skyd_limit limit;
};

/** The first group of fields is given; the rest is private and begins as zero. */
struct skyd_loop {
    struct sky_clock *clock;
    struct sky_station *station;
    struct sky_outbox *outbox;
    struct sky_journal *journal; /* the loop closes it */
    struct skyd_writer *writer;
    struct skyd_ring *ring; /* NULL: nothing ever goes */
    struct skyd_health *health;
    struct skyd_sink *sink; /* NULL: nobody is told of tracks */
    int signal_fd;          /* a signalfd for SIGTERM, SIGINT and SIGHUP; -1: none */
    int64_t tick_ns;
    int64_t commit_ns;
    int64_t drain_ns; /* wait at most this long for the last groups */
    uint32_t source_count;
    struct skyd_loop_source source[SKYD_SOURCES_MAX];
    int (*wait)(struct pollfd *fd, nfds_t count, int64_t timeout_ns); /* NULL: ppoll */

    bool stop;   /* set to end the loop in good order */
    bool reopen; /* set to close and open every source */
    bool ready;
    uint64_t seq;
    int64_t last_ns;
    int64_t next_tick_ns;
    int64_t clock_offset_ns; /* realtime - boottime, at the latest reading */
    bool has_clock_offset;
    int64_t pending_since_ns;
    uint64_t faults_said;
    struct skyd_ring_status ring_said;
    uint32_t incidents_open;
    struct skyd_writer_status written;
    struct skyd_vitals shown; /* all of it durable */
    struct skyd_vitals coming;
    struct pollfd pollfd[SKYD_SOURCES_MAX + 2];
};

/**
 * Runs until a signal or `stop`. config is the CONFIG input, the first of the run. Then what
 * the sources still have is taken, or counted if that would last, every source is closed, the
 * shutdown recorded, and the journal closed.
 * Returns 0, or a negative errno if the log can no longer be written.
 */
int skyd_loop_run(struct skyd_loop *loop, const struct sky_input *config);

#endif
