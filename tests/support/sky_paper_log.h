/**
 * sky_paper_log: a journal's sink that keeps segments in memory, and small records to give it.
 */
#ifndef SKY_PAPER_LOG_H
#define SKY_PAPER_LOG_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sky_journal.h"
#include "sky_test.h"

enum { PAPER_SEGMENTS_MAX = 32, PAPER_GROUPS_MAX = 4096 };

struct paper_segment {
    uint64_t number;
    uint8_t *bytes;
    size_t size;
    bool finished;
};

struct paper_log {
    struct sky_journal_sink sink;
    size_t segment_count;
    struct paper_segment segment[PAPER_SEGMENTS_MAX];
    size_t group_count;                              /* of all segments */
    struct sky_journal_work group[PAPER_GROUPS_MAX]; /* bytes are not valid any more */
    int fail_after;                                  /* works; -1: never */
};

static inline int paper_work(struct sky_journal_sink *sink, const struct sky_journal_work *work)
{
    struct paper_log *log = (struct paper_log *)(void *)sink;
    if (log->fail_after == 0) {
        return -EIO;
    }
    log->fail_after -= log->fail_after > 0;
    if (work->step == SKY_JOURNAL_BEGIN) {
        assert_true(log->segment_count < PAPER_SEGMENTS_MAX);
        struct paper_segment *begun = &log->segment[log->segment_count++];
        begun->number = work->segment;
        begun->size = (size_t)work->segment_bytes;
        begun->bytes = calloc(1, begun->size);
        assert_non_null(begun->bytes);
    }
    struct paper_segment *current = &log->segment[log->segment_count - 1];
    assert_int_equal(current->number, work->segment);
    assert_false(current->finished);
    assert_true(work->offset + work->count <= current->size);
    memcpy(current->bytes + work->offset, work->bytes, work->count);
    if (work->step == SKY_JOURNAL_GROUP && log->group_count < PAPER_GROUPS_MAX) {
        log->group[log->group_count++] = *work;
    }
    if (work->step == SKY_JOURNAL_FINISH) {
        current->size = (size_t)work->offset + work->count;
        current->finished = true;
    }
    return 0;
}

static inline void paper_log_open(struct paper_log *log, size_t group_bytes,
                                  struct sky_journal **ret_journal)
{
    memset(log, 0, sizeof *log);
    log->sink.work = paper_work;
    log->fail_after = -1;
    struct sky_journal_config config = {.segment_bytes = UINT64_C(1) << 20,
                                        .first_segment = 5,
                                        .group_bytes = group_bytes,
                                        .boot_id = "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab",
                                        .software = "paper 1",
                                        .commit_interval_ns = 1000000000};
    assert_int_equal(sky_journal_open(&config, &log->sink, ret_journal), 0);
}

static inline void paper_log_free(struct paper_log *log)
{
    for (size_t i = 0; i < log->segment_count; i++) {
        free(log->segment[i].bytes);
    }
}

/* One tick, at second `seq` of the station's own time. */
static inline int paper_tick(struct sky_journal *journal, uint64_t seq,
                             const struct sky_utc_estimate *utc)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.seq = seq;
    input.time_ns = (int64_t)seq * SKY_SECOND_NS;
    input.realtime_ns = (int64_t)(seq + 1000) * SKY_SECOND_NS;
    input.kind = SKY_INPUT_TICK;
    return sky_journal_input(journal, &input, utc);
}

/* One datagram of `bytes` bytes that are all `seq`, from a source. */
static inline int paper_datagram(struct sky_journal *journal, uint64_t seq, size_t bytes)
{
    static uint8_t payload[65507];
    const struct sky_utc_estimate utc = {
        .utc_ns = (int64_t)(seq + 2000) * SKY_SECOND_NS, .sigma_ns = 1, .state = SKY_CLOCK_GNSS};
    struct sky_input input;
    memset(&input, 0, sizeof input);
    memset(payload, (int)(seq & 0xFF), bytes);
    input.seq = seq;
    input.time_ns = (int64_t)seq * SKY_SECOND_NS;
    input.kind = SKY_INPUT_DATAGRAM;
    memcpy(input.source, "radar", 6);
    input.u.datagram.bytes = payload;
    input.u.datagram.count = bytes;
    return sky_journal_input(journal, &input, &utc);
}

/* One event that an input caused. */
static inline int paper_event(struct sky_journal *journal, uint64_t cause_seq,
                              const struct sky_utc_estimate *utc)
{
    struct sky_event event;
    memset(&event, 0, sizeof event);
    event.cause_seq = cause_seq;
    event.time_ns = (int64_t)cause_seq * SKY_SECOND_NS;
    event.utc = *utc;
    event.kind = SKY_EVENT_CLOCK;
    return sky_journal_event(journal, &event);
}

#endif
