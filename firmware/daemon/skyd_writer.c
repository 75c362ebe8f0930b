#include "skyd_writer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static const size_t in_preamble = SIZE_MAX; /* ring_at of bytes that are not in the ring */

void skyd_latency_add(struct skyd_latency *latency, int64_t time_ns)
{
    const uint64_t us = time_ns > 0 ? (uint64_t)time_ns / 1000 : 0;
    uint32_t i = (uint32_t)us;
    if (us >= 8) {
        const uint32_t octave = 63U - (uint32_t)__builtin_clzll(us);
        i = (octave - 2) * 8 + (uint32_t)(us >> (octave - 3) & 7);
    }
    latency->bucket[i < SKYD_LATENCY_BUCKETS ? i : SKYD_LATENCY_BUCKETS - 1]++;
    latency->count++;
    latency->max_ns = time_ns > latency->max_ns ? time_ns : latency->max_ns;
}

int64_t skyd_latency_quantile(const struct skyd_latency *latency, double share)
{
    const double wanted = share * (double)latency->count;
    uint64_t below = 0;
    for (uint32_t i = 0; i < SKYD_LATENCY_BUCKETS; i++) {
        below += latency->bucket[i];
        if (below > 0 && (double)below >= wanted) {
            const int64_t edge_us = i < 8 ? i + 1 : (int64_t)(9 + i % 8) << (i / 8 - 1);
            const int64_t edge_ns = edge_us * 1000;
            return edge_ns < latency->max_ns ? edge_ns : latency->max_ns;
        }
    }
    return 0;
}

static struct skyd_writer_item *item_at(struct skyd_writer *writer, uint32_t i)
{
    return &writer->item[(writer->head + i) % SKYD_WRITER_QUEUE_MAX];
}

/*
 * Where count bytes fit in one piece behind what is waiting. One place of the queue stays free for
 * the segment that a recovery begins. Call with the lock held.
 */
static bool find_room(struct skyd_writer *writer, size_t count, size_t *ret_at)
{
    if (writer->count == SKYD_WRITER_QUEUE_MAX - 1 || count > writer->ring_bytes) {
        return false;
    }
    uint32_t oldest = 0;
    while (oldest < writer->count && item_at(writer, oldest)->ring_at == in_preamble) {
        oldest++;
    }
    if (oldest == writer->count) {
        *ret_at = 0;
        return true;
    }
    const struct skyd_writer_item *const newest = item_at(writer, writer->count - 1);
    const size_t first = item_at(writer, oldest)->ring_at;
    const size_t end = newest->ring_at + newest->work.count;
    const bool wrapped = end <= first;
    if (!wrapped && writer->ring_bytes - end >= count) {
        *ret_at = end;
        return true;
    }
    if (wrapped ? first - end > count : first > count) {
        *ret_at = wrapped ? end : 0;
        return true;
    }
    return false;
}

static struct timespec deadline_after(int64_t wait_ns)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    const int64_t ns = at.tv_nsec + wait_ns % SKY_SECOND_NS;
    at.tv_sec += (time_t)(wait_ns / SKY_SECOND_NS + ns / SKY_SECOND_NS);
    at.tv_nsec = (long)(ns % SKY_SECOND_NS);
    return at;
}

/* Waits, bounded, until count bytes fit. Call with the lock held. */
static int wait_for_room(struct skyd_writer *writer, size_t count, size_t *ret_at)
{
    if (find_room(writer, count, ret_at)) {
        return 0;
    }
    if (count > writer->ring_bytes) {
        return -EFBIG;
    }
    writer->status.waits++;
    const struct timespec until = deadline_after(writer->full_wait_ns);
    int waited = 0;
    while (!writer->status.failed && waited == 0) {
        waited = pthread_cond_timedwait(&writer->changed, &writer->lock, &until);
        if (find_room(writer, count, ret_at)) {
            return 0; /* even if only just too late: what counts is that it fits */
        }
    }
    if (!writer->status.failed) {
        return -ETIMEDOUT;
    }
    return writer->status.error;
}

/*
 * During a recovery the journal states the new places: first of the next segment, then of each
 * group again. Their bytes are in the ring already.
 */
static int place_again(struct skyd_writer *writer, const struct sky_journal_work *work)
{
    struct skyd_writer_item *const item = item_at(writer, writer->moved);
    if (work->step == SKY_JOURNAL_BEGIN && writer->moved == 0 &&
        work->count <= SKYD_WRITER_PREAMBLE_MAX) {
        memcpy(writer->preamble, work->bytes, work->count);
        *item = (struct skyd_writer_item){.work = *work, .ring_at = in_preamble};
        item->work.bytes = writer->preamble;
    } else if (work->step == SKY_JOURNAL_GROUP && writer->moved > 0 &&
               writer->moved < writer->count && work->count == item->work.count) {
        memmove(writer->ring + item->ring_at, work->bytes, work->count);
        item->work.segment = work->segment;
        item->work.offset = work->offset;
    } else {
        return -ENOSPC; /* the next segment is too small for what was not durable */
    }
    writer->moved++;
    return 0;
}

static int take_work(struct sky_journal_sink *sink, const struct sky_journal_work *work)
{
    struct skyd_writer *const writer = (struct skyd_writer *)sink;
    if (writer->recovering) {
        return place_again(writer, work);
    }
    pthread_mutex_lock(&writer->lock);
    size_t at = 0;
    const int error = wait_for_room(writer, work->count, &at);
    if (error == 0) {
        struct skyd_writer_item *const item = item_at(writer, writer->count);
        memcpy(writer->ring + at, work->bytes, work->count);
        *item =
            (struct skyd_writer_item){.work = *work, .ring_at = at, .newest_ns = writer->newest_ns};
        item->work.bytes = writer->ring + at;
        writer->count++;
        writer->ring_used += work->count;
        pthread_cond_broadcast(&writer->changed);
    }
    pthread_mutex_unlock(&writer->lock);
    return error;
}

static int perform(struct sky_store *store, const struct sky_journal_work *work)
{
    int error = 0;
    switch (work->step) {
    case SKY_JOURNAL_BEGIN:
        error = store->ops->begin(store, work->segment, work->segment_bytes);
        error = error != 0 ? error : store->ops->write(store, 0, work->bytes, work->count);
        /* Else a cut could leave the first group, and the preamble in part: as if altered. */
        return error != 0 ? error : store->ops->sync(store);
    case SKY_JOURNAL_GROUP:
        error = store->ops->write(store, work->offset, work->bytes, work->count);
        return error != 0 ? error : store->ops->sync(store);
    case SKY_JOURNAL_FINISH:
        error = store->ops->write(store, work->offset, work->bytes, work->count);
        return error != 0 ? error : store->ops->finish(store, work->offset + work->count);
    }
    return -EINVAL;
}

/* Call with the lock held. */
static void count_done(struct skyd_writer *writer, const struct skyd_writer_item *item,
                       int64_t now_ns)
{
    writer->status.bytes += item->work.count;
    writer->status.segment = item->work.segment;
    if (item->work.step != SKY_JOURNAL_GROUP) {
        return;
    }
    writer->fresh_fault = false;
    writer->status.groups++;
    if (item->work.last_seq > writer->status.durable_seq) {
        writer->status.durable_seq = item->work.last_seq;
    }
    if (item->work.urgent) {
        skyd_latency_add(&writer->urgent, now_ns - item->newest_ns);
    } else if (item->work.oldest_ns != 0) {
        skyd_latency_add(&writer->other, now_ns - item->work.oldest_ns);
    }
}

/* One piece of work, and what became of it. Call with the lock held; it is let go in between. */
static void do_next(struct skyd_writer *writer)
{
    const struct skyd_writer_item item = *item_at(writer, 0);
    pthread_mutex_unlock(&writer->lock);
    const int error = perform(writer->store, &item.work);
    if (error != 0) {
        writer->store->ops->abandon(writer->store);
    } else if (item.work.step == SKY_JOURNAL_GROUP && writer->hook != NULL) {
        writer->hook->durable(writer->hook, &item.work);
    }
    const int64_t now_ns = writer->clock->read(writer->clock).boottime_ns;
    pthread_mutex_lock(&writer->lock);

    if (error != 0) {
        writer->status.faults++;
        writer->status.error = error;
        writer->status.fault_segment = item.work.segment;
    } else {
        count_done(writer, &item, now_ns);
    }
    /* Only the summary is lost with a failed finish: every group of that segment is durable. */
    if (error != 0 && item.work.step != SKY_JOURNAL_FINISH) {
        writer->status.failed = true;
    } else {
        writer->ring_used -= item.ring_at == in_preamble ? 0 : item.work.count;
        writer->head = (writer->head + 1) % SKYD_WRITER_QUEUE_MAX;
        writer->count--;
    }
    pthread_cond_broadcast(&writer->changed);
    eventfd_write(writer->event_fd, 1);
}

static void *run(void *argument)
{
    struct skyd_writer *const writer = argument;
    pthread_mutex_lock(&writer->lock);
    while (!writer->closing) {
        if (writer->count > 0 && !writer->status.failed) {
            do_next(writer);
        } else {
            pthread_cond_wait(&writer->changed, &writer->lock);
        }
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

/* Signals are the loop's affair: the thread is born with all of them blocked. */
static int start_thread(struct skyd_writer *writer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&writer->thread, NULL, run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

int skyd_writer_open(struct skyd_writer *writer, struct sky_store *store, struct sky_clock *clock,
                     size_t ring_bytes, int64_t full_wait_ns)
{
    memset(writer, 0, sizeof *writer);
    writer->sink.work = take_work;
    writer->store = store;
    writer->clock = clock;
    writer->ring_bytes = ring_bytes;
    writer->full_wait_ns = full_wait_ns;
    writer->ring = malloc(ring_bytes);
    writer->preamble = malloc(SKYD_WRITER_PREAMBLE_MAX);
    writer->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = writer->event_fd < 0 ? -errno : 0;
    if (error == 0 && (writer->ring == NULL || writer->preamble == NULL)) {
        error = -ENOMEM;
    }
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (error == 0) {
        error = start_thread(writer);
    }
    if (error != 0) {
        if (writer->event_fd >= 0) {
            close(writer->event_fd);
        }
        free(writer->ring);
        free(writer->preamble);
    }
    return error;
}

static bool half_is_free(const struct skyd_writer *writer)
{
    return writer->count <= SKYD_WRITER_QUEUE_MAX / 2 &&
           writer->ring_used <= writer->ring_bytes / 2;
}

int skyd_writer_room(struct skyd_writer *writer)
{
    int error = 0;
    pthread_mutex_lock(&writer->lock);
    if (!half_is_free(writer) && !writer->status.failed) {
        writer->status.waits++;
        const struct timespec until = deadline_after(writer->full_wait_ns);
        while (!half_is_free(writer) && !writer->status.failed && error == 0) {
            error = -pthread_cond_timedwait(&writer->changed, &writer->lock, &until);
        }
        error = half_is_free(writer) || writer->status.failed ? 0 : error;
    }
    pthread_mutex_unlock(&writer->lock);
    return error;
}

int skyd_writer_fd(const struct skyd_writer *writer) { return writer->event_fd; }

void skyd_writer_newest(struct skyd_writer *writer, int64_t time_ns)
{
    writer->newest_ns = time_ns;
}

void skyd_writer_status(struct skyd_writer *writer, struct skyd_writer_status *ret_status)
{
    eventfd_t events = 0;
    eventfd_read(writer->event_fd, &events); /* EAGAIN: nothing happened, which is fine */
    pthread_mutex_lock(&writer->lock);
    *ret_status = writer->status;
    ret_status->idle = writer->count == 0;
    ret_status->oldest_ns = 0;
    for (uint32_t i = 0; i < writer->count && ret_status->oldest_ns == 0; i++) {
        ret_status->oldest_ns = item_at(writer, i)->work.oldest_ns;
    }
    pthread_mutex_unlock(&writer->lock);
}

bool skyd_writer_failed(struct skyd_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    const bool failed = writer->status.failed;
    pthread_mutex_unlock(&writer->lock);
    return failed;
}

/* Of what is waiting keeps the groups, behind one free place for the segment to come. */
static void keep_groups(struct skyd_writer *writer)
{
    uint32_t kept = 0;
    writer->ring_used = 0;
    for (uint32_t i = 0; i < writer->count; i++) {
        const struct skyd_writer_item item = *item_at(writer, i);
        if (item.work.step == SKY_JOURNAL_GROUP) {
            *item_at(writer, kept++) = item;
            writer->ring_used += item.work.count;
        }
    }
    writer->count = kept + 1;
    writer->head = (writer->head + SKYD_WRITER_QUEUE_MAX - 1) % SKYD_WRITER_QUEUE_MAX;
}

int skyd_writer_recover(struct skyd_writer *writer, struct sky_journal *journal)
{
    pthread_mutex_lock(&writer->lock);
    int error = writer->fresh_fault ? writer->status.error : 0;
    if (error == 0) {
        writer->fresh_fault = true;
        writer->recovering = true;
        writer->moved = 0;
        keep_groups(writer);
        error = sky_journal_skip_segment(journal);
        for (uint32_t i = 1; error == 0 && i < writer->count; i++) {
            const struct skyd_writer_item *const item = item_at(writer, i);
            error = sky_journal_again(journal, writer->ring + item->ring_at, item->work.count);
        }
        writer->recovering = false;
        writer->status.failed = error != 0;
        pthread_cond_broadcast(&writer->changed);
    }
    pthread_mutex_unlock(&writer->lock);
    return error;
}

bool skyd_writer_drain(struct skyd_writer *writer, int64_t wait_ns)
{
    const struct timespec until = deadline_after(wait_ns);
    pthread_mutex_lock(&writer->lock);
    int waited = 0;
    while (writer->count > 0 && !writer->status.failed && waited == 0) {
        waited = pthread_cond_timedwait(&writer->changed, &writer->lock, &until);
    }
    const bool idle = writer->count == 0;
    pthread_mutex_unlock(&writer->lock);
    return idle;
}

void skyd_writer_close(struct skyd_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->closing = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    close(writer->event_fd);
    free(writer->ring);
    free(writer->preamble);
}
