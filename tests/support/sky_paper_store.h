/**
 * sky_paper_store: a disk of paper for tests of the daemon - it fails at the operation it is told
 * to, takes as long as it is told to, and remembers what a power cut would have left.
 *
 * The operations run on the writer's thread. A test may look at the segments once that thread has
 * been drained or closed.
 */
#ifndef SKY_PAPER_STORE_H
#define SKY_PAPER_STORE_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sky_scan.h"
#include "sky_store.h"

enum { PAPER_SEGMENTS_MAX = 32, PAPER_SEQ_MAX = 4096 };

struct paper_segment {
    uint64_t number;
    size_t count;
    uint8_t *live;    /* as written */
    uint8_t *durable; /* as last synced */
    size_t dirty_from;
    size_t dirty_to; /* not synced yet */
    bool failed;
    bool finished;
};

struct paper_store {
    struct sky_store base;
    uint32_t segment_count;
    struct paper_segment segment[PAPER_SEGMENTS_MAX];
    bool open;
    atomic_int operations;     /* begin, write, sync and finish so far */
    atomic_int fail_from;      /* the first operation to fail, counted from 1; 0: none */
    atomic_int fail_count;     /* how many fail from there on */
    atomic_int error;          /* with this, negative */
    atomic_int delay_us;       /* each sync takes */
    atomic_bool trusted_again; /* a segment was used after it had failed: forbidden */
};

static inline struct paper_segment *paper_now(struct paper_store *store)
{
    return &store->segment[store->segment_count - 1];
}

static inline int paper_operate(struct paper_store *store)
{
    const int operation = atomic_fetch_add(&store->operations, 1) + 1;
    const int from = atomic_load(&store->fail_from);
    if (from > 0 && operation >= from && operation < from + atomic_load(&store->fail_count)) {
        if (store->segment_count > 0) {
            paper_now(store)->failed = true;
        }
        return atomic_load(&store->error);
    }
    return 0;
}

static inline int paper_begin(struct sky_store *base, uint64_t number, uint64_t bytes)
{
    struct paper_store *const store = (struct paper_store *)base;
    const int error = paper_operate(store);
    if (error != 0) {
        return error;
    }
    if (store->segment_count == PAPER_SEGMENTS_MAX) {
        return -ENOSPC;
    }
    struct paper_segment *const segment = &store->segment[store->segment_count++];
    *segment = (struct paper_segment){.number = number,
                                      .count = (size_t)bytes,
                                      .live = calloc(1, (size_t)bytes),
                                      .durable = calloc(1, (size_t)bytes)};
    store->open = true;
    return segment->live != NULL && segment->durable != NULL ? 0 : -ENOMEM;
}

static inline int paper_write(struct sky_store *base, uint64_t offset, const void *bytes,
                              size_t count)
{
    struct paper_store *const store = (struct paper_store *)base;
    if (!store->open || paper_now(store)->failed) {
        atomic_store(&store->trusted_again, true);
    }
    const int error = paper_operate(store);
    if (error != 0) {
        return error;
    }
    struct paper_segment *const segment = paper_now(store);
    if (offset + count > segment->count) {
        return -EFBIG;
    }
    memcpy(segment->live + offset, bytes, count);
    segment->dirty_from = offset < segment->dirty_from ? offset : segment->dirty_from;
    segment->dirty_to = offset + count > segment->dirty_to ? offset + count : segment->dirty_to;
    return 0;
}

static inline void paper_flush(struct paper_segment *segment)
{
    if (segment->dirty_to > segment->dirty_from) {
        memcpy(segment->durable + segment->dirty_from, segment->live + segment->dirty_from,
               segment->dirty_to - segment->dirty_from);
    }
    segment->dirty_from = SIZE_MAX;
    segment->dirty_to = 0;
}

static inline int paper_sync(struct sky_store *base)
{
    struct paper_store *const store = (struct paper_store *)base;
    if (!store->open || paper_now(store)->failed) {
        atomic_store(&store->trusted_again, true);
    }
    if (atomic_load(&store->delay_us) > 0) {
        usleep((unsigned)atomic_load(&store->delay_us));
    }
    const int error = paper_operate(store);
    if (error == 0) {
        paper_flush(paper_now(store));
    }
    return error;
}

static inline int paper_finish(struct sky_store *base, uint64_t bytes)
{
    struct paper_store *const store = (struct paper_store *)base;
    const int error = paper_operate(store);
    if (error == 0) {
        struct paper_segment *const segment = paper_now(store);
        segment->count = (size_t)bytes;
        paper_flush(segment);
        segment->finished = true;
        store->open = false;
    }
    return error;
}

static inline void paper_abandon(struct sky_store *base)
{
    ((struct paper_store *)base)->open = false;
}

static inline int paper_last(struct sky_store *base, int *ret_any, uint64_t *ret_segment)
{
    (void)base;
    (void)ret_segment;
    *ret_any = 0;
    return 0;
}

static const struct sky_store_ops paper_store_ops = {paper_begin,  paper_write,   paper_sync,
                                                     paper_finish, paper_abandon, paper_last};

static inline void paper_store_init(struct paper_store *store)
{
    memset(store, 0, sizeof *store);
    store->base.ops = &paper_store_ops;
    atomic_store(&store->error, -EIO);
    atomic_store(&store->fail_count, 1);
}

static inline void paper_store_free(struct paper_store *store)
{
    for (uint32_t i = 0; i < store->segment_count; i++) {
        free(store->segment[i].live);
        free(store->segment[i].durable);
    }
    store->segment_count = 0;
}

/**
 * Marks the inputs that a power cut would leave, reading as any reader would. Returns how many
 * different ones there are. An input that went over to a next segment may be there twice.
 */
static inline uint32_t paper_store_inputs(const struct paper_store *store,
                                          bool there[PAPER_SEQ_MAX])
{
    memset(there, 0, PAPER_SEQ_MAX * sizeof there[0]);
    uint32_t count = 0;
    for (uint32_t i = 0; i < store->segment_count; i++) {
        struct sky_scan scan;
        struct sky_scan_item item;
        const char *reason = NULL;
        if (sky_scan_begin(&scan, store->segment[i].durable, store->segment[i].count, &reason) !=
            SKY_OK) {
            continue; /* nothing of it was durable */
        }
        for (sky_scan_next(&scan, &item);
             item.found == SKY_SCAN_RECORD || item.found == SKY_SCAN_DAMAGE;
             sky_scan_next(&scan, &item)) {
            if (item.found == SKY_SCAN_RECORD && sky_codec_is_input(item.channel) &&
                item.sequence < PAPER_SEQ_MAX) {
                count += !there[item.sequence];
                there[item.sequence] = true;
            }
        }
    }
    return count;
}

#endif
