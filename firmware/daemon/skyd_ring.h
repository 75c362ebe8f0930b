/**
 * skyd_ring: the log as a ring - it makes room by letting the oldest segments go that no incident
 * holds, and has it recorded first what is gone.
 *
 * A thread of its own reads what is old; the loop only hands over the record that the thread has
 * made, and tells it when that has become durable. Nobody waits. It looks whenever a segment has
 * begun, and makes sure that the next one has its place, in the limit and on the medium.
 */
#ifndef SKYD_RING_H
#define SKYD_RING_H

#include <pthread.h>
#include <stdbool.h>

#include "sky_journal.h"
#include "sky_keep.h"
#include "sky_store.h"
#include "skyd_writer.h"

enum { SKYD_RING_SEGMENTS_MAX = 16384 }; /* of more than these, the newest are not looked at */

struct skyd_ring_config {
    uint64_t limit_bytes;   /* of all segments; 0: none ever goes */
    uint64_t segment_bytes; /* what the next one will take */
    int64_t pin_ns;         /* what is so near to an incident stays */
};

/** What the ring has done. */
struct skyd_ring_status {
    uint64_t removed; /* segments, in this run */
    bool full;        /* nothing more may go, and there is not enough room */
    int error;        /* 0, or why the latest one could not be read or removed */
};

enum skyd_ring_phase {
    SKYD_RING_IDLE = 0, /* until the next segment begins */
    SKYD_RING_LOOKING,  /* the thread looks whether something must go */
    SKYD_RING_CHOSEN,   /* the record is ready for the loop */
    SKYD_RING_STATED,   /* it is handed over, and not durable yet */
    SKYD_RING_REMOVING  /* the thread removes the segment */
};

struct skyd_ring_segment {
    uint64_t number;
    uint64_t bytes;
    bool known; /* it was read, and will not change */
    struct sky_kept kept;
};

/** Fields are private. About 1 MB: keep it static. */
struct skyd_ring {
    struct sky_store *store;
    struct skyd_ring_config config;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closing;
    enum skyd_ring_phase phase;
    bool looked;
    uint64_t current; /* the segment that was being written when it looked */
    uint64_t group;   /* that has the record */
    struct skyd_ring_status status;
    size_t record_bytes;
    uint8_t record[SKY_OWN_RETENTION_MAX];

    /* The thread's alone. */
    bool resumed; /* knows what earlier runs let go */
    bool overfull;
    bool stated; /* retention means something */
    uint32_t count;
    struct skyd_ring_segment *segment; /* in their order */
    uint32_t listed_count;
    struct skyd_ring_segment *listed;
    struct sky_own_retention retention; /* the newest */
    struct sky_stretch stretch;
    struct sky_keep_room room;
    struct sky_arena arena;
    _Alignas(16) uint8_t arena_bytes[SKY_OWN_RETENTION_ARENA_BYTES];
};

/** Starts the thread, unless there is no limit. Returns 0 or a negative errno. Allocates. */
int skyd_ring_open(struct skyd_ring *ring, struct sky_store *store,
                   const struct skyd_ring_config *config);

/**
 * To be called each turn of the loop, with what the writer has done so far. Hands a record over and
 * commits it, if there is one; the writer must have room. Returns 0 or the journal's error.
 */
int skyd_ring_turn(struct skyd_ring *ring, struct sky_journal *journal,
                   const struct skyd_writer_status *written);

/** True if a turn would hand something over. */
bool skyd_ring_has_record(struct skyd_ring *ring);

void skyd_ring_status(struct skyd_ring *ring, struct skyd_ring_status *ret_status);

/**
 * Ends the thread and frees; what was recorded as gone, in one of so many groups that are durable,
 * goes first. Safe if it was never opened, but zeroed.
 */
void skyd_ring_close(struct skyd_ring *ring, uint64_t durable_groups);

#endif
