/*
 * The plug: what is left of a log when the power goes at any operation, with sectors dropped, torn
 * and out of order, and with a disk that fails on top of it. The journal and the writer's thread
 * are the daemon's; the disk is of paper.
 *
 * A run leaves a trace of what the disk was asked to do. Then the power is cut at every place of
 * the trace, many times: of what was not synced any subset of the 512-byte sectors is there, the
 * last one perhaps in part. What the reader makes of it is compared with what was acknowledged.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sky_mcap.h"
#include "sky_resume.h"
#include "sky_scan.h"
#include "sky_test.h"
#include "skyd_writer.h"

enum {
    RING = 1024 * 1024,
    SEGMENT = 1024 * 1024,
    SECTOR = 512,
    INPUTS = 22,
    LARGE_BYTES = 60000,
    STEPS_MAX = 256,
    SEGMENTS_MAX = 8,
    DIRTY_MAX = 2048 /* sectors of one segment */
};

/* ---- the disk, as the writer's thread sees it ---- */

enum what { BEGAN = 1, WROTE, SYNCED, FINISHED, ACKNOWLEDGED };

struct step {
    enum what what;
    uint64_t segment;
    uint64_t at; /* of a write; the size of a segment begun or finished; the seq acknowledged */
    size_t count;
    uint8_t *bytes;
    bool failed;
};

enum fault { FAULT_NONE = 0, FAULT_IO, FAULT_NO_SPACE, FAULT_SHORT };

struct disk {
    struct sky_store base;
    struct skyd_writer_hook hook;
    size_t step_count;
    struct step step[STEPS_MAX];
    int operations;
    int fault_at; /* counted from 1 */
    enum fault fault;
    uint64_t segment; /* the current one */
    bool open;
    bool failed;        /* the current one did */
    bool trusted_again; /* and was used again */
};

static struct disk disk;

static struct step *add_step(enum what what, uint64_t at)
{
    assert_true(disk.step_count < STEPS_MAX);
    struct step *const step = &disk.step[disk.step_count++];
    *step = (struct step){.what = what, .segment = disk.segment, .at = at};
    return step;
}

/* The error of this operation, if it is its turn. */
static int operate(void)
{
    const bool faulty = ++disk.operations == disk.fault_at && disk.fault != FAULT_NONE;
    disk.trusted_again = disk.trusted_again || disk.failed;
    disk.failed = disk.failed || faulty;
    return !faulty ? 0 : disk.fault == FAULT_NO_SPACE ? -ENOSPC : -EIO;
}

static int disk_begin(struct sky_store *store, uint64_t segment, uint64_t bytes)
{
    (void)store;
    disk.failed = false;
    const int error = operate();
    if (error == 0) {
        disk.segment = segment;
        add_step(BEGAN, bytes);
    }
    return error;
}

static int disk_write(struct sky_store *store, uint64_t at, const void *bytes, size_t count)
{
    (void)store;
    const int error = operate();
    const size_t written = error == 0 ? count : disk.fault == FAULT_SHORT ? count / 3 : 0;
    struct step *const step = add_step(WROTE, at);
    step->failed = error != 0;
    step->count = written;
    step->bytes = malloc(written + 1);
    assert_non_null(step->bytes);
    memcpy(step->bytes, bytes, written);
    return error;
}

static int disk_sync(struct sky_store *store)
{
    (void)store;
    const int error = operate();
    add_step(SYNCED, 0)->failed = error != 0;
    return error;
}

static int disk_finish(struct sky_store *store, uint64_t bytes)
{
    (void)store;
    const int error = operate();
    add_step(FINISHED, bytes)->failed = error != 0;
    return error;
}

static void disk_abandon(struct sky_store *store) { (void)store; }

static const struct sky_store_ops disk_ops = {.begin = disk_begin,
                                              .write = disk_write,
                                              .sync = disk_sync,
                                              .finish = disk_finish,
                                              .abandon = disk_abandon};

static void is_durable(struct skyd_writer_hook *hook, const struct sky_journal_work *work)
{
    (void)hook;
    add_step(ACKNOWLEDGED, work->last_seq);
}

static void forget_trace(void)
{
    for (size_t i = 0; i < disk.step_count; i++) {
        free(disk.step[i].bytes);
    }
    disk.step_count = 0;
}

/* ---- a run of the daemon's own writer ---- */

static struct sky_clock_reading read_clock(struct sky_clock *clock)
{
    (void)clock;
    return (struct sky_clock_reading){1, 1};
}

static size_t bytes_of(uint64_t seq)
{
    return seq % 5 == 0 ? LARGE_BYTES : 40 + (size_t)(seq * 2477 % 9000);
}

static int put(struct sky_journal *journal, uint64_t seq)
{
    static uint8_t bytes[LARGE_BYTES];
    const struct sky_utc_estimate utc = {.state = SKY_CLOCK_NONE};
    static struct sky_input input;
    memset(&input, 0, sizeof input);
    input.seq = seq;
    input.kind = SKY_INPUT_DATAGRAM;
    memcpy(input.source, "asterix.a", 10);
    input.time_ns = input.realtime_ns = (int64_t)seq;
    memset(bytes, (int)seq, bytes_of(seq));
    input.u.datagram.bytes = bytes;
    input.u.datagram.count = bytes_of(seq);
    const int error = sky_journal_input(journal, &input, &utc);
    return error != 0 ? error : sky_journal_commit(journal, false);
}

static int mind(struct skyd_writer *writer, struct sky_journal *journal)
{
    return skyd_writer_failed(writer) ? skyd_writer_recover(writer, journal) : 0;
}

static void drain(struct skyd_writer *writer, struct sky_journal *journal)
{
    while (!skyd_writer_drain(writer, 10 * SKY_SECOND_NS)) {
        assert_int_equal(mind(writer, journal), 0);
    }
}

/* Leaves the trace in disk. Returns the number of operations. */
static int run(int fault_at, enum fault fault)
{
    static struct skyd_writer writer;
    struct sky_clock clock = {.read = read_clock};
    struct sky_journal *journal;
    const struct sky_journal_config config = {.segment_bytes = SEGMENT,
                                              .group_bytes = 64 * 1024,
                                              .commit_interval_ns = 1000000000,
                                              .boot_id = "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab",
                                              .software = "test"};
    memset(&disk, 0, sizeof disk);
    disk.base.ops = &disk_ops;
    disk.hook.durable = is_durable;
    disk.fault_at = fault_at;
    disk.fault = fault;
    assert_int_equal(sky_journal_open(&config, &writer.sink, &journal), 0);
    assert_int_equal(skyd_writer_open(&writer, &disk.base, &clock, RING, 10 * SKY_SECOND_NS), 0);
    writer.hook = &disk.hook;
    for (uint64_t seq = 1; seq <= INPUTS; seq++) {
        assert_int_equal(mind(&writer, journal), 0);
        assert_int_equal(put(journal, seq), 0);
        drain(&writer, journal);
    }
    assert_int_equal(sky_journal_close(journal), 0);
    (void)skyd_writer_drain(&writer, 10 * SKY_SECOND_NS);
    skyd_writer_close(&writer);
    assert_false(disk.trusted_again);
    return disk.operations;
}

/* ---- what a power cut leaves ---- */

struct segment {
    uint64_t number;
    size_t size;
    size_t written;  /* nothing but zeros behind this: readers are given two blocks of them */
    uint8_t *image;  /* what is durable, patched for a while by a cut */
    uint8_t *wanted; /* what was written */
    size_t dirty_count;
    uint32_t dirty[DIRTY_MAX]; /* sectors that may be old or new */
    bool given_up;             /* it failed: no later sync can be trusted with it */
    bool begun;                /* the walk below was */
    struct sky_scan walk;      /* over all that is durable: every cut agrees up to there */
    uint64_t walked;           /* bit per seq that it met */
};

static struct world {
    size_t count;
    struct segment segment[SEGMENTS_MAX];
    uint64_t acknowledged; /* seq */
    bool without_sync;     /* a disk, or a daemon, that does not sync */
} world;

static struct tally {
    uint64_t states;
    uint64_t lost;
    uint64_t invented;
} tally;

static struct segment *segment_of(uint64_t number)
{
    for (size_t i = 0; i < world.count; i++) {
        if (world.segment[i].number == number) {
            return &world.segment[i];
        }
    }
    return NULL;
}

static void begin_segment(const struct step *step)
{
    assert_true(world.count < SEGMENTS_MAX);
    struct segment *const segment = &world.segment[world.count++];
    memset(segment, 0, sizeof *segment);
    segment->number = step->segment;
    segment->size = (size_t)step->at;
    segment->image = calloc(1, segment->size);
    segment->wanted = calloc(1, segment->size);
    assert_true(segment->image != NULL && segment->wanted != NULL);
}

static void free_world(void)
{
    for (size_t i = 0; i < world.count; i++) {
        free(world.segment[i].image);
        free(world.segment[i].wanted);
    }
    memset(&world, 0, sizeof world);
}

static void write_sectors(struct segment *segment, const struct step *step)
{
    memcpy(segment->wanted + step->at, step->bytes, step->count);
    const size_t end = (size_t)step->at + step->count;
    segment->written = end > segment->written ? end : segment->written;
    for (size_t sector = (size_t)step->at / SECTOR; sector * SECTOR < end; sector++) {
        assert_true(segment->dirty_count < DIRTY_MAX);
        segment->dirty[segment->dirty_count++] = (uint32_t)sector;
    }
}

static size_t sector_bytes(const struct segment *segment, size_t sector)
{
    const size_t left = segment->size - sector * SECTOR;
    return left < SECTOR ? left : SECTOR;
}

/* A record is one that was put, to the last byte. */
static bool is_known(const struct sky_scan_item *item)
{
    const size_t count = bytes_of(item->sequence);
    if (item->sequence < 1 || item->sequence > INPUTS || item->count < count) {
        return false;
    }
    uint8_t pattern[64];
    memset(pattern, (int)item->sequence, sizeof pattern);
    size_t same = 0;
    for (size_t i = 0; i < item->count; i++) {
        same += item->bytes[i] == pattern[0];
    }
    return same >= count;
}

/* Goes on with a walk; returns what it meets, and stops before what lies at or behind limit. */
static uint64_t walk_on(struct sky_scan *walk, uint64_t limit)
{
    uint64_t met = 0;
    for (;;) {
        struct sky_scan next = *walk;
        struct sky_scan_item item;
        sky_scan_next(&next, &item);
        if (item.found == SKY_SCAN_END || item.found == SKY_SCAN_TORN_END || item.offset >= limit) {
            return met;
        }
        if (item.found == SKY_SCAN_RECORD) {
            tally.invented += !is_known(&item);
            met |= UINT64_C(1) << (item.sequence & 63);
        }
        *walk = next;
    }
}

/* As much of the file as a reader needs: the same answer as all of it, sooner. */
static size_t shown(const struct segment *segment)
{
    const size_t enough = (segment->written / SKY_MCAP_ALIGN + 3) * SKY_MCAP_ALIGN;
    return enough < segment->size ? enough : segment->size;
}

static bool begin_walk(const struct segment *segment, struct sky_scan *ret_walk)
{
    const char *reason;
    return sky_scan_begin(ret_walk, segment->image, shown(segment), &reason) == SKY_OK;
}

static uint64_t read_segment(const struct segment *segment)
{
    struct sky_scan walk = segment->walk;
    walk.count = shown(segment);
    if (segment->begun) {
        return segment->walked | walk_on(&walk, UINT64_MAX);
    }
    return begin_walk(segment, &walk) ? walk_on(&walk, UINT64_MAX) : 0;
}

/* Everything written to it is durable. */
static void settle(struct segment *segment, uint64_t end)
{
    memcpy(segment->image, segment->wanted, shown(segment));
    segment->dirty_count = 0;
    if (!segment->begun) {
        segment->begun = begin_walk(segment, &segment->walk);
        assert_true(segment->begun);
    }
    segment->walk.count = shown(segment);
    segment->walked |= walk_on(&segment->walk, end);
}

/* How the sectors of one cut are chosen. */
enum pattern {
    NOTHING,
    EVERYTHING,
    FIRST_ONLY,
    LAST_ONLY,
    ALL_BUT_FIRST,
    ALL_BUT_LAST,
    PREFIX,
    SUFFIX,
    ANY,
    PATTERNS
};

static bool reaches_disk(enum pattern pattern, size_t i, size_t count, size_t edge, uint64_t *seed)
{
    switch (pattern) {
    case NOTHING:
    case PATTERNS:
        return false;
    case EVERYTHING:
        return true;
    case FIRST_ONLY:
        return i == 0;
    case LAST_ONLY:
        return i == count - 1;
    case ALL_BUT_FIRST:
        return i > 0;
    case ALL_BUT_LAST:
        return i < count - 1;
    case PREFIX:
        return i < edge;
    case SUFFIX:
        return i >= edge;
    case ANY:
        return test_random(seed) % 2 == 0;
    }
    return false;
}

static void patch(struct segment *segment, enum pattern pattern, uint64_t *seed)
{
    const size_t count = segment->dirty_count;
    const size_t edge = count == 0 ? 0 : (size_t)(test_random(seed) % count);
    const size_t torn = count == 0 ? 0 : (size_t)(test_random(seed) % (2 * count));
    for (size_t i = 0; i < count; i++) {
        const size_t at = (size_t)segment->dirty[i] * SECTOR;
        const size_t whole = sector_bytes(segment, segment->dirty[i]);
        if (reaches_disk(pattern, i, count, edge, seed)) {
            const size_t bytes = i == torn ? (size_t)(test_random(seed) % whole) : whole;
            memcpy(segment->image + at, segment->wanted + at, bytes);
        }
    }
}

/* Old contents: zeros, since nothing that was durable is ever written again. */
static void unpatch(struct segment *segment)
{
    for (size_t i = 0; i < segment->dirty_count; i++) {
        memset(segment->image + (size_t)segment->dirty[i] * SECTOR, 0,
               sector_bytes(segment, segment->dirty[i]));
    }
}

static void expect_zeros_below(const struct segment *segment)
{
    for (size_t i = 0; i < segment->dirty_count; i++) {
        const uint8_t *const at = segment->image + (size_t)segment->dirty[i] * SECTOR;
        for (size_t k = 0; k < sector_bytes(segment, segment->dirty[i]); k++) {
            assert_int_equal(at[k], 0);
        }
    }
}

/* One cut, and what a reader makes of it. Every so often the station starts again on it. */
static void cut(enum pattern pattern, uint64_t *seed)
{
    const uint64_t wanted = (UINT64_C(2) << world.acknowledged) - 2;
    uint64_t met = 0;
    for (size_t i = 0; i < world.count; i++) {
        struct segment *const segment = &world.segment[i];
        patch(segment, pattern, seed);
        met |=
            segment->dirty_count == 0 && segment->begun ? segment->walked : read_segment(segment);
    }
    tally.lost += (met & wanted) != wanted;
    tally.states++;
    if (tally.states % 256 == 0 && !world.without_sync) {
        static struct sky_resume resume;
        memset(&resume, 0, sizeof resume);
        for (size_t i = 0; i < world.count; i++) {
            sky_resume_take(&resume, world.segment[i].image, shown(&world.segment[i]));
        }
        assert_true(world.acknowledged == 0 || (resume.found && !resume.broken));
        assert_true(resume.tree.size >= world.acknowledged);
    }
    for (size_t i = 0; i < world.count; i++) {
        unpatch(&world.segment[i]);
    }
}

static void apply(const struct step *step)
{
    struct segment *const segment = segment_of(step->segment);
    const bool synced = !step->failed && !world.without_sync;
    switch (step->what) {
    case BEGAN:
        begin_segment(step);
        break;
    case WROTE:
        write_sectors(segment, step);
        segment->given_up = segment->given_up || step->failed;
        expect_zeros_below(segment);
        break;
    case SYNCED:
        segment->given_up = segment->given_up || step->failed;
        if (synced && !segment->given_up) {
            settle(segment, UINT64_MAX);
        }
        break;
    case FINISHED:
        if (!step->failed) {
            segment->size = (size_t)step->at;
        }
        if (synced && !segment->given_up) {
            settle(segment, UINT64_MAX);
        }
        break;
    case ACKNOWLEDGED:
        world.acknowledged = step->at;
        break;
    }
}

/* Cuts the power `times` after each step from `from` on, for at most `steps` steps. */
static void cut_everywhere(size_t from, size_t steps, size_t times, uint64_t *seed)
{
    for (size_t i = 0; i < disk.step_count && i < from + steps; i++) {
        apply(&disk.step[i]);
        for (size_t k = 0; i >= from && k < times; k++) {
            cut(k < ANY ? (enum pattern)k : ANY, seed);
        }
    }
    free_world();
}

/* ---- */

static size_t step_of_fault(void)
{
    for (size_t i = 0; i < disk.step_count; i++) {
        if (disk.step[i].failed) {
            return i;
        }
    }
    return 0;
}

static void no_cut_and_no_fault_loses_what_was_acknowledged_or_invents_a_record(void **state)
{
    (void)state;
    uint64_t seed = 5;
    memset(&tally, 0, sizeof tally);
    const int operations = run(0, FAULT_NONE);
    cut_everywhere(0, STEPS_MAX, 150, &seed);
    forget_trace();
    for (enum fault fault = FAULT_IO; fault <= FAULT_SHORT; fault++) {
        for (int at = 1; at <= operations; at++) {
            (void)run(at, fault);
            const size_t from = step_of_fault();
            cut_everywhere(from, 9, 72, &seed);
            forget_trace();
        }
    }
    print_message("seed 5: %llu states\n", (unsigned long long)tally.states);
    assert_true(tally.states >= 100000);
    assert_int_equal(tally.lost, 0);
    assert_int_equal(tally.invented, 0);
}

/* The test of the test: a daemon that did not sync would lose what it acknowledged. */
static void without_a_sync_the_same_cuts_lose_what_was_acknowledged(void **state)
{
    (void)state;
    uint64_t seed = 5;
    memset(&tally, 0, sizeof tally);
    (void)run(0, FAULT_NONE);
    world.without_sync = true;
    cut_everywhere(0, STEPS_MAX, 12, &seed);
    forget_trace();
    assert_true(tally.lost > tally.states / 4);
    assert_int_equal(tally.invented, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cut_and_no_fault_loses_what_was_acknowledged_or_invents_a_record),
        cmocka_unit_test(without_a_sync_the_same_cuts_lose_what_was_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
