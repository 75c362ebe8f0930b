/**
 * skyd_writer: the one thread that makes the log durable, so that a slow card never stalls a
 * sensor.
 *
 * It is the journal's sink: work is copied into a ring that was allocated once, and done in order.
 * A group is acknowledged only after its sync. A failed write or sync is never tried again on the
 * same segment: the segment is abandoned and the thread waits until the loop has begun the next one
 * (skyd_writer_recover), where everything that was not durable is written again. If that fails too
 * before anything became durable, the station cannot record.
 */
#ifndef SKYD_WRITER_H
#define SKYD_WRITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sky_clock.h"
#include "sky_journal.h"
#include "sky_store.h"

enum {
    SKYD_WRITER_QUEUE_MAX = 64,
    SKYD_WRITER_PREAMBLE_MAX = 512 * 1024,
    SKYD_LATENCY_BUCKETS = 256
};

/** A histogram of times: 8 buckets per octave from 1 us on, none wider than 12.5 %. */
struct skyd_latency {
    uint64_t count;
    int64_t max_ns;
    uint32_t bucket[SKYD_LATENCY_BUCKETS];
};

/** What the writer has done so far. */
struct skyd_writer_status {
    uint64_t durable_seq;   /* every input up to this one is safe */
    uint64_t segment;       /* the one being written */
    uint64_t bytes;         /* written, preambles and summaries included */
    uint64_t groups;        /* durable */
    uint64_t faults;        /* segments that failed */
    uint64_t waits;         /* times the ring was full and the loop had to wait */
    bool idle;              /* nothing is waiting */
    bool failed;            /* waits for skyd_writer_recover */
    int error;              /* 0, or the negative errno of the latest fault ... */
    uint64_t fault_segment; /* ... and where it was */
    int64_t oldest_ns;      /* reception of the oldest input that is waiting; 0: none */
};

struct skyd_writer_item {
    struct sky_journal_work work; /* bytes point into the ring or to the preamble */
    size_t ring_at;
    int64_t newest_ns;
};

/** Told of each group that became durable, by the writer thread, before it is acknowledged. */
struct skyd_writer_hook {
    void (*durable)(struct skyd_writer_hook *hook, const struct sky_journal_work *work);
};

/**
 * Fields are private but for hook, which may be set before the first work; for sink, which is what
 * the journal is opened with, and, once it is closed, the two histograms.
 */
struct skyd_writer {
    struct sky_journal_sink sink;
    struct skyd_writer_hook *hook; /* NULL: nobody is told */
    struct skyd_latency urgent;    /* reception of the newest input -> durable, groups with an event
                                      that could not wait */
    struct skyd_latency other;     /* reception of the oldest input -> durable, all other groups */
    struct sky_store *store;
    struct sky_clock *clock; /* read from the thread too */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* either way: work came, work was done */
    int event_fd;
    int64_t full_wait_ns;
    int64_t newest_ns; /* the loop's; see skyd_writer_newest */
    size_t ring_bytes;
    size_t ring_used; /* by what is waiting, without the gap that wrapping leaves */
    uint8_t *ring;
    uint8_t *preamble; /* of a segment begun by a recovery */
    bool closing;
    bool recovering;
    bool fresh_fault; /* nothing became durable since the latest fault */
    uint32_t moved;   /* items given their new place by the recovery under way */
    uint32_t head;
    uint32_t count;
    struct skyd_writer_item item[SKYD_WRITER_QUEUE_MAX];
    struct skyd_writer_status status;
};

/**
 * Starts the thread. ring_bytes bounds what may wait; a record larger than that cannot be written.
 * The loop waits at most full_wait_ns for room. Returns 0 or a negative errno. The only allocation.
 */
int skyd_writer_open(struct skyd_writer *writer, struct sky_store *store, struct sky_clock *clock,
                     size_t ring_bytes, int64_t full_wait_ns);

/** Readable when something became durable or failed. */
int skyd_writer_fd(const struct skyd_writer *writer);

/**
 * Waits until half of the ring is free or something failed, so that the records of one input fit
 * without waiting inside the journal, where nothing could be recovered. To be called before each
 * input. Returns 0, or -ETIMEDOUT after full_wait_ns.
 */
int skyd_writer_room(struct skyd_writer *writer);

/** Tells the reception time of the input whose records come next, for the latency of groups. */
void skyd_writer_newest(struct skyd_writer *writer, int64_t time_ns);

/** Sets ret_status to what is known now, and makes the fd unreadable. */
void skyd_writer_status(struct skyd_writer *writer, struct skyd_writer_status *ret_status);

/** True if the thread waits for skyd_writer_recover. Cheap enough to ask after every input. */
bool skyd_writer_failed(struct skyd_writer *writer);

/**
 * After a fault: begins the next segment and puts everything that is not durable into it.
 * Returns 0, or the fault's negative errno if the segment before it failed as well, so that the
 * station cannot record.
 */
int skyd_writer_recover(struct skyd_writer *writer, struct sky_journal *journal);

/** Waits until nothing is waiting or something failed, for at most wait_ns. True if idle. */
bool skyd_writer_drain(struct skyd_writer *writer, int64_t wait_ns);

/** Ends the thread, what is still waiting undone, and frees. */
void skyd_writer_close(struct skyd_writer *writer);

/** Adds one time to a histogram. */
void skyd_latency_add(struct skyd_latency *latency, int64_t time_ns);

/** The time below which `share` of all lay, as the upper edge of its bucket; 0 if there are none.
 */
int64_t skyd_latency_quantile(const struct skyd_latency *latency, double share);

#endif
