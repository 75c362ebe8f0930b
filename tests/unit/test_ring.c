#include "skyd_ring.h"

#include <time.h>

#include "sky_paper_store.h"
#include "sky_test.h"
#include "skyh_audit.h"

enum { RING = 1024 * 1024, SEGMENT = 1152 * 1024, LIMIT = 5 * SEGMENT, BYTES = 60000 };

static struct paper_store store;
static struct skyd_writer writer;
static struct skyd_ring ring;
static struct sky_journal *journal;
static struct sky_note_signer signer;
static uint64_t seq;
static uint64_t run_number;
static uint64_t next_segment;
static unsigned unrecorded; /* segments that were removed, and no durable record says so */

static struct sky_clock_reading read_clock(struct sky_clock *clock)
{
    (void)clock;
    return (struct sky_clock_reading){1, 1};
}

static struct sky_clock test_clock = {.read = read_clock};

/* The newest record that says what went, as it lies in its segment. */
static uint8_t *find_record(size_t *ret_count)
{
    static struct sky_keep_room room;
    for (uint32_t i = store.segment_count; i > 0; i--) {
        const struct paper_segment *const segment = &store.segment[i - 1];
        struct sky_kept kept;
        sky_keep_look(segment->durable, segment->count, &room, &kept);
        if (!segment->removed && kept.retention_bytes > 0) {
            *ret_count = kept.retention_bytes;
            return segment->durable + kept.retention_at;
        }
    }
    return NULL;
}

/* What goes must have been recorded, durably; nothing is written meanwhile. */
static int remove_what_was_recorded(struct sky_store *base, uint64_t number)
{
    static _Alignas(16) uint8_t memory[SKY_OWN_RETENTION_ARENA_BYTES];
    static struct sky_own_retention retention;
    struct sky_arena arena = {.bytes = memory, .capacity = sizeof memory};
    size_t count = 0;
    const uint8_t *const record = find_record(&count);
    unrecorded += record == NULL ||
                  sky_own_unpack_retention(record, count, &arena, &retention) != SKY_OK ||
                  retention.segment != number;
    return paper_remove(base, number);
}

/* ---- a station, one input a minute ---- */

static void start(const struct sky_merkle *tree, int64_t pin_ns)
{
    static const uint8_t seed[SKY_ED25519_BYTES] = {1};
    struct sky_seal_config seal = {.signer = &signer,
                                   .epoch = (uint32_t)(100 * run_number),
                                   .epoch_seed = {(uint8_t)run_number},
                                   .epoch_ns = 1000 * SKY_SECOND_NS,
                                   .checkpoint_ns = 600 * SKY_SECOND_NS};
    const struct skyd_ring_config ring_config = {
        .limit_bytes = LIMIT, .segment_bytes = SEGMENT, .pin_ns = pin_ns};
    struct sky_journal_config config = {.segment_bytes = SEGMENT,
                                        .first_segment = next_segment,
                                        .group_bytes = 64 * 1024,
                                        .commit_interval_ns = 1000000000,
                                        .software = "test",
                                        .seal = &seal};
    assert_int_equal(sky_note_make_signer("station.example/1", SKY_NOTE_ED25519, seed, &signer),
                     SKY_OK);
    (void)snprintf(config.boot_id, sizeof config.boot_id, "7f1a1d5e-0c3b-4a58-9d6e-%012llu",
                   (unsigned long long)++run_number);
    seal.tree = *tree;
    seq = 0;
    assert_int_equal(sky_journal_open(&config, &writer.sink, &journal), 0);
    assert_int_equal(skyd_writer_open(&writer, &store.base, &test_clock, RING, SKY_SECOND_NS), 0);
    assert_int_equal(skyd_ring_open(&ring, &store.base, &ring_config), 0);
}

static void stop(bool in_order)
{
    skyd_ring_close(&ring, 0);
    if (in_order) {
        assert_int_equal(sky_journal_close(journal), 0);
        assert_true(skyd_writer_drain(&writer, 10 * SKY_SECOND_NS));
    }
    skyd_writer_close(&writer);
    if (!in_order) { /* as the power leaves it; what it still does goes nowhere */
        (void)sky_journal_close(journal);
    }
    next_segment = store.segment[store.segment_count - 1].number + 1;
}

/* Turns until the ring has nothing to do. */
static void mind_ring(void)
{
    struct skyd_writer_status written;
    assert_true(skyd_writer_drain(&writer, 10 * SKY_SECOND_NS));
    for (int i = 0; i < 20000; i++) {
        skyd_writer_status(&writer, &written);
        assert_int_equal(skyd_ring_turn(&ring, journal, &written), 0);
        pthread_mutex_lock(&ring.lock);
        const bool idle = ring.phase == SKYD_RING_IDLE;
        pthread_mutex_unlock(&ring.lock);
        if (idle) {
            return;
        }
        usleep(200);
    }
    fail_msg("the ring does not come to rest");
}

static struct sky_utc_estimate utc_now(void)
{
    return (struct sky_utc_estimate){.utc_ns =
                                         (int64_t)(run_number * 100000 + seq * 60) * SKY_SECOND_NS,
                                     .sigma_ns = 1,
                                     .state = SKY_CLOCK_GNSS};
}

static void put(void)
{
    static uint8_t bytes[BYTES];
    struct sky_input input = {.seq = ++seq, .kind = SKY_INPUT_DATAGRAM, .source = "asterix.a"};
    const struct sky_utc_estimate utc = utc_now();
    memset(bytes, (int)seq, sizeof bytes);
    input.time_ns = (int64_t)seq * 60 * SKY_SECOND_NS;
    input.u.datagram.bytes = bytes;
    input.u.datagram.count = sizeof bytes;
    assert_int_equal(sky_journal_input(journal, &input, &utc), 0);
    assert_int_equal(sky_journal_commit(journal, false), 0);
    if (seq % 4 == 0) {
        mind_ring();
    }
}

static void put_many(int count)
{
    for (int i = 0; i < count; i++) {
        put();
    }
    mind_ring();
}

static void incident(enum sky_incident_change change)
{
    static struct sky_event event;
    memset(&event, 0, sizeof event);
    event.kind = SKY_EVENT_INCIDENT;
    event.cause_seq = seq;
    event.time_ns = (int64_t)seq * 60 * SKY_SECOND_NS;
    event.utc = utc_now();
    event.u.incident.id = 1;
    event.u.incident.track_id = 1;
    event.u.incident.zone_id = 1;
    event.u.incident.change = change;
    assert_int_equal(sky_journal_event(journal, &event), 0);
}

/* ---- what is left ---- */

static uint64_t bytes_there(void)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < store.segment_count; i++) {
        bytes += store.segment[i].removed ? 0 : store.segment[i].count;
    }
    return bytes;
}

static bool is_there(uint64_t number) { return paper_find(&store, number) != NULL; }

static struct skyh_log_segment part[PAPER_SEGMENTS_MAX];
static struct skyh_log whole;

/* The log as a folder has it, without segment `but`. */
static void open_log(uint64_t but)
{
    memset(&whole, 0, sizeof whole);
    memset(part, 0, sizeof part);
    whole.whole = true;
    whole.segment = part;
    for (uint32_t i = 0; i < store.segment_count; i++) {
        const struct paper_segment *const from = &store.segment[i];
        struct skyh_log_segment *const segment = &part[whole.segment_count];
        struct sky_scan scan;
        if (from->removed || from->number == but) {
            continue;
        }
        (void)snprintf(segment->file, sizeof segment->file, "seg-%u", i);
        segment->bytes = from->durable;
        segment->count = from->count;
        segment->sound =
            sky_scan_begin(&scan, segment->bytes, segment->count, &segment->reason) == SKY_OK;
        segment->said = scan.segment;
        whole.segment_count++;
        whole.bytes += segment->count;
    }
    skyh_log_rewind(&whole);
}

static struct skyh_audit audit;

static void verify(uint64_t but)
{
    struct skyh_problem problem;
    const struct skyh_audit_config config = {.key = &signer.key};
    open_log(but);
    skyh_audit_free(&audit);
    assert_true(skyh_audit_run(&whole, &config, &audit, &problem));
}

static void expect_proven(size_t removed)
{
    verify(UINT64_MAX);
    if (audit.altered > 0 || audit.removed_count != removed) {
        fail_msg("%zu removed; %s", audit.removed_count,
                 audit.finding_count > 0 ? audit.finding[0].text : "");
    }
    assert_true(audit.latest_valid);
    /* All that is here or went hangs together, and the last checkpoint is over all of it. */
    uint64_t reached = 0;
    for (size_t i = 0; i < audit.span_count; i++) {
        assert_int_equal(audit.span[i].continues || i == 0, 1);
        if (audit.span[i].first > reached) {
            bool went = false;
            for (size_t k = 0; k < audit.removed_count; k++) {
                went = went || (audit.removed[k].first == reached &&
                                audit.removed[k].end == audit.span[i].first);
            }
            assert_true(went);
        }
        reached = audit.span[i].end;
        if (i + 1 < audit.span_count) {
            assert_int_equal(audit.span[i].in_notes, audit.span[i].end);
        }
    }
}

static void expect_altered(uint64_t but, const char *why)
{
    verify(but);
    assert_true(audit.altered > 0);
    bool said = false;
    for (size_t i = 0; i < audit.finding_count; i++) {
        said = said || strstr(audit.finding[i].text, why) != NULL;
    }
    if (!said) {
        fail_msg("said '%s', wanted '%s'", audit.finding[0].text, why);
    }
}

static int begin(void **state)
{
    (void)state;
    static const struct sky_merkle empty;
    run_number = 0;
    next_segment = 0;
    static struct sky_store_ops ops;
    paper_store_init(&store);
    ops = paper_store_ops;
    ops.remove = remove_what_was_recorded;
    store.base.ops = &ops;
    unrecorded = 0;
    start(&empty, 600 * SKY_SECOND_NS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    skyh_audit_free(&audit);
    paper_store_free(&store);
    assert_int_equal(unrecorded, 0);
    return 0;
}

/* ---- */

static void a_full_ring_loses_its_oldest_segments_and_stays_proven(void **state)
{
    (void)state;
    atomic_store(&store.delay_us, 2000); /* so that what removes too early has the time to */
    put_many(80);
    assert_true(bytes_there() <= LIMIT);
    assert_false(is_there(0));
    assert_false(is_there(3));
    stop(true);
    expect_proven(1);
    assert_int_equal(audit.torn, 0);
    assert_int_equal(audit.removed[0].first, 0);
    assert_int_equal(audit.removed[0].first_segment, 0);
    /* One more, without a record of it. */
    expect_altered(audit.removed[0].last_segment + 1, "are damaged or missing");
}

static void incidents_and_what_is_near_them_stay(void **state)
{
    (void)state;
    put_many(30); /* a segment has some 8 inputs */
    incident(SKY_INCIDENT_OPENED);
    put_many(30); /* and this much is between: nothing of the incident is in it */
    incident(SKY_INCIDENT_NOW_CLOSED);
    put_many(80);
    stop(true);
    expect_proven(2);
    const uint64_t first_held = audit.removed[0].last_segment + 1;
    const uint64_t last_held = audit.removed[1].first_segment - 1;
    for (uint64_t i = first_held; i <= last_held; i++) {
        assert_true(is_there(i));
    }
    /* Ten minutes, and inputs come each minute. */
    static struct sky_keep_room room;
    struct sky_kept kept;
    const struct paper_segment *segment = paper_find(&store, first_held);
    sky_keep_look(segment->durable, segment->count, &room, &kept);
    assert_true(kept.first_seq <= 20);
    segment = paper_find(&store, last_held);
    sky_keep_look(segment->durable, segment->count, &room, &kept);
    assert_true(kept.last_seq >= 70);
    assert_true(last_held - first_held < 9);
    expect_altered(first_held, "are damaged or missing");
    expect_altered(last_held, "are damaged or missing");
}

static void a_ring_that_incidents_fill_says_so_and_goes_on(void **state)
{
    (void)state;
    incident(SKY_INCIDENT_OPENED);
    put_many(50);
    struct skyd_ring_status status;
    skyd_ring_status(&ring, &status);
    assert_true(status.full);
    assert_int_equal(status.removed, 0);
    assert_true(bytes_there() > LIMIT);
    stop(true);
    expect_proven(0);
}

static void the_next_run_knows_what_earlier_ones_let_go(void **state)
{
    (void)state;
    put_many(30);
    incident(SKY_INCIDENT_OPENED);
    incident(SKY_INCIDENT_NOW_CLOSED);
    put_many(50);
    stop(true);
    verify(UINT64_MAX);
    static struct sky_merkle tree; /* where it ended */
    static struct sky_keep_room room;
    static struct sky_stretch stretch;
    struct sky_kept kept;
    const struct paper_segment *const last = &store.segment[store.segment_count - 1];
    sky_keep_stretch(last->durable, last->count, 0, UINT64_MAX, &room, &kept, &stretch);
    tree = room.tree;
    assert_int_equal(tree.size, audit.leaves);
    start(&tree, 600 * SKY_SECOND_NS);
    put_many(40);
    stop(true);
    verify(UINT64_MAX);
    /* Another run has other keys here; everything else holds. */
    for (size_t i = 0; i < audit.finding_count; i++) {
        assert_non_null(strstr(audit.finding[i].text, "epoch"));
    }
    assert_int_equal(audit.removed_count, 2);
    assert_true(bytes_there() <= LIMIT);
}

static uint64_t removed_so_far(void)
{
    struct skyd_ring_status status;
    skyd_ring_status(&ring, &status);
    return status.removed;
}

static void what_could_not_be_removed_counts_as_gone_and_goes_later(void **state)
{
    (void)state;
    while (removed_so_far() < 2) {
        put();
    }
    atomic_store(&store.fail_remove, 1);
    while (atomic_load(&store.fail_remove) > 0) {
        put();
    }
    struct skyd_ring_status status;
    skyd_ring_status(&ring, &status);
    assert_int_equal(status.error, -EIO);
    assert_true(is_there(2)); /* recorded as removed: as if the power had gone before it was */
    verify(UINT64_MAX);
    assert_int_equal(audit.altered, 0);
    assert_int_equal(audit.removed_count, 1);
    assert_int_equal(audit.removed[0].last_segment, 2);
    bool said = false;
    for (size_t i = 0; i < audit.finding_count; i++) {
        said = said || strstr(audit.finding[i].text, "still here") != NULL;
    }
    assert_true(said);
    paper_find(&store, 2)->durable[300000] ^= 1; /* it may not be another one, either */
    expect_altered(UINT64_MAX, "not as it was");
    put_many(20);
    assert_false(is_there(2));
    stop(true);
    expect_proven(1);
}

static void a_damaged_segment_goes_too_and_its_leaves_are_not_made_up(void **state)
{
    (void)state;
    put_many(20);
    struct paper_segment *const segment = paper_find(&store, 1);
    segment->live[segment->count / 2] ^= 1;
    segment->durable[segment->count / 2] ^= 1;
    put_many(50);
    assert_false(is_there(1));
    stop(true);
    verify(UINT64_MAX);
    assert_int_equal(audit.altered, 0);
    assert_int_equal(audit.removed_count, 1);
    assert_true(audit.removed[0].damaged);
    assert_int_equal(audit.removed[0].first, 0);
    assert_int_equal(audit.span[0].first, audit.removed[0].end);
}

static void an_altered_record_of_what_went_is_seen(void **state)
{
    (void)state;
    size_t count = 0;
    put_many(50);
    stop(true);
    expect_proven(1);
    uint8_t *const record = find_record(&count);
    for (size_t i = 0; i < count; i += count / 7) {
        record[i] ^= 4;
        verify(UINT64_MAX);
        assert_true(audit.altered > 0);
        record[i] ^= 4;
    }
    expect_proven(1);
}

/* No room on the medium, though the limit is far: the oldest goes all the same. */
static void a_full_medium_is_a_full_ring(void **state)
{
    (void)state;
    atomic_store(&store.room, 4LL * SEGMENT + SEGMENT / 2);
    put_many(60);
    assert_false(is_there(0));
    assert_false(is_there(1));
    assert_int_equal(writer.status.faults, 0);
    stop(true);
    expect_proven(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_ring_loses_its_oldest_segments_and_stays_proven,
                                        begin, end),
        cmocka_unit_test_setup_teardown(incidents_and_what_is_near_them_stay, begin, end),
        cmocka_unit_test_setup_teardown(a_ring_that_incidents_fill_says_so_and_goes_on, begin, end),
        cmocka_unit_test_setup_teardown(the_next_run_knows_what_earlier_ones_let_go, begin, end),
        cmocka_unit_test_setup_teardown(what_could_not_be_removed_counts_as_gone_and_goes_later,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_segment_goes_too_and_its_leaves_are_not_made_up,
                                        begin, end),
        cmocka_unit_test_setup_teardown(an_altered_record_of_what_went_is_seen, begin, end),
        cmocka_unit_test_setup_teardown(a_full_medium_is_a_full_ring, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
