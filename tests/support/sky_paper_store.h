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
#include <pthread.h>
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
    bool removed;
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
    atomic_llong room;         /* bytes that there is still place for */
    atomic_int fail_remove;    /* so many fail */
    pthread_mutex_t lock;      /* two threads look at what segments there are */
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
    if ((long long)bytes > atomic_load(&store->room)) {
        return -ENOSPC;
    }
    atomic_fetch_sub(&store->room, (long long)bytes);
    pthread_mutex_lock(&store->lock);
    struct paper_segment *const segment = &store->segment[store->segment_count++];
    *segment = (struct paper_segment){.number = number,
                                      .count = (size_t)bytes,
                                      .live = calloc(1, (size_t)bytes),
                                      .durable = calloc(1, (size_t)bytes)};
    pthread_mutex_unlock(&store->lock);
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
    pthread_mutex_lock(&store->lock);
    memcpy(segment->live + offset, bytes, count);
    pthread_mutex_unlock(&store->lock);
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
        atomic_fetch_add(&store->room, (long long)(segment->count - bytes));
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

static inline int paper_list(struct sky_store *base,
                             void (*each)(void *context, uint64_t segment, uint64_t bytes),
                             void *context)
{
    struct paper_store *const store = (struct paper_store *)base;
    pthread_mutex_lock(&store->lock);
    for (uint32_t i = 0; i < store->segment_count; i++) {
        if (!store->segment[i].removed) {
            each(context, store->segment[i].number, store->segment[i].count);
        }
    }
    pthread_mutex_unlock(&store->lock);
    return 0;
}

static inline struct paper_segment *paper_find(struct paper_store *store, uint64_t number)
{
    for (uint32_t i = 0; i < store->segment_count; i++) {
        if (store->segment[i].number == number && !store->segment[i].removed) {
            return &store->segment[i];
        }
    }
    return NULL;
}

static inline int paper_read(struct sky_store *base, uint64_t number, uint64_t offset,
                             void *ret_bytes, size_t count)
{
    struct paper_store *const store = (struct paper_store *)base;
    pthread_mutex_lock(&store->lock);
    const struct paper_segment *const segment = paper_find(store, number);
    const bool there = segment != NULL && offset + count <= segment->count;
    if (there) {
        memcpy(ret_bytes, segment->live + offset, count);
    }
    pthread_mutex_unlock(&store->lock);
    return there ? 0 : -ENOENT;
}

static inline int paper_remove(struct sky_store *base, uint64_t number)
{
    struct paper_store *const store = (struct paper_store *)base;
    if (atomic_load(&store->fail_remove) > 0) {
        atomic_fetch_sub(&store->fail_remove, 1);
        return -EIO;
    }
    pthread_mutex_lock(&store->lock);
    struct paper_segment *const segment = paper_find(store, number);
    if (segment != NULL) {
        segment->removed = true;
        atomic_fetch_add(&store->room, (long long)segment->count);
    }
    pthread_mutex_unlock(&store->lock);
    return segment != NULL ? 0 : -ENOENT;
}

static inline int paper_room(struct sky_store *base, uint64_t *ret_bytes)
{
    *ret_bytes = (uint64_t)atomic_load(&((struct paper_store *)base)->room);
    return 0;
}

static const struct sky_store_ops paper_store_ops = {
    paper_begin, paper_write, paper_sync, paper_finish, paper_abandon,
    paper_last,  paper_list,  paper_read, paper_remove, paper_room};

static inline void paper_store_init(struct paper_store *store)
{
    memset(store, 0, sizeof *store);
    store->base.ops = &paper_store_ops;
    atomic_store(&store->error, -EIO);
    atomic_store(&store->fail_count, 1);
    atomic_store(&store->room, 1LL << 40);
    pthread_mutex_init(&store->lock, NULL);
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
