/*
 * Every flipped bit and every cut of a finished, signed log of 1 MiB is noticed.
 *
 * Everyday runs try a part of them; with 1 as argument, every bit of its 1 MiB and more and every
 * cut. That is possible because the audit reads front to back: what it has found before the group
 * with the flip is what it finds in the untouched log. So its state is kept before each group, and
 * the walk goes on from there, to the first finding. A part is also tried from the beginning, by
 * the audit as commands call it, and both must say the same.
 */
#include "../../host/skyh_audit.c"

#include "sky_paper_audit.h"

enum { MARKS_MAX = 256, GROUP_BYTES_MAX = 8000 };

/* Everyday: one bit of so many, and of these one of so many also from the beginning. */
enum { BIT_STEP = 24007, CUT_STEP = 8009, WHOLE_STEP = 10 };

static size_t bit_step = BIT_STEP;      /* in groups, and at the very end */
static size_t declared_step = BIT_STEP; /* in the preamble and the summary */
static size_t cut_step = CUT_STEP;

static struct sky_note_signer signer;
static struct paper_log log_;
static struct paper_view view;
static struct skyh_audit audit;
static struct auditor auditor;
static const struct skyh_audit_config config = {.key = &signer.key};

/* How far the audit of the untouched log had come before a group, or before what is not one. */
struct mark {
    size_t at; /* in the file */
    struct auditor auditor;
    struct skyh_audit audit;
    struct preamble preamble;
    struct skyh_log log;
};

static struct mark *mark;
static size_t mark_count;

static uint8_t *bytes(void) { return log_.segment[0].bytes; }
static size_t bytes_count(void) { return log_.segment[0].size; }

static void keep_mark(size_t at)
{
    assert_true(mark_count < MARKS_MAX);
    struct mark *const here = &mark[mark_count++];
    here->at = at;
    here->auditor = auditor;
    here->audit = audit;
    here->preamble = auditor.preamble[0];
    here->log = view.log;
}

static void go_back_to(const struct mark *here)
{
    auditor = here->auditor;
    audit = here->audit;
    auditor.preamble[0] = here->preamble;
    view.log = here->log;
}

/* Walks on to the first finding. */
static bool finds_something(void)
{
    struct skyh_log_item item;
    while (audit.altered + audit.torn == 0 && skyh_log_step(&view.log, &item)) {
        take_item(&auditor, &item);
    }
    if (audit.altered + audit.torn == 0) {
        finish(&auditor);
    }
    return audit.altered + audit.torn > 0;
}

static void begin(void)
{
    paper_view_of(&view, &log_);
    memset(&auditor, 0, sizeof auditor);
    memset(&audit, 0, sizeof audit);
    auditor.config = &config;
    auditor.log = &view.log;
    auditor.audit = &audit;
    assert_true(open_auditor(&auditor));
    skyh_log_rewind(&view.log);
}

static void make_marks(void)
{
    struct skyh_log_item item;
    uint64_t records_left = 0;
    begin();
    keep_mark(0);
    while (skyh_log_step(&view.log, &item)) {
        const bool is_record =
            item.scan.found == SKY_SCAN_RECORD || item.scan.found == SKY_SCAN_OWN;
        take_item(&auditor, &item);
        if (is_record) {
            records_left = (records_left == 0 ? auditor.header.message_count : records_left) - 1;
        }
        if (is_record && records_left == 0) { /* what the next record would do first */
            const size_t end = auditor.group_at + SKY_GROUP_BODY_AT + auditor.header.body_bytes;
            end_group(&auditor);
            keep_mark(end + sky_mcap_pad_bytes(end));
        }
    }
    finish(&auditor);
    assert_int_equal(audit.altered + audit.torn, 0);
}

static int make_log(void **state)
{
    (void)state;
    struct sky_journal *journal;
    signer = paper_signer("station.example/1", 1);
    const struct sky_seal_config seal = paper_seal(&signer);
    paper_signed_open(&log_, &seal, 1, &journal);
    /* Groups of all sizes, until the segment would be followed by a second one. */
    for (uint64_t seq = 1; seq <= 120; seq++) {
        const struct sky_utc_estimate utc = {.utc_ns = 5, .state = SKY_CLOCK_NTP};
        const size_t count = 20 + (size_t)(seq * 7919) % GROUP_BYTES_MAX;
        assert_int_equal(paper_datagram(journal, seq, count), 0);
        assert_int_equal(paper_event(journal, seq, &utc), 0);
        assert_int_equal(sky_journal_commit(journal, false), 0);
        if (log_.group[log_.group_count - 1].offset - log_.group[0].offset >
            PAPER_GROUPS_BYTES - 65536) {
            break;
        }
    }
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(log_.segment_count, 1);
    mark = calloc(MARKS_MAX, sizeof *mark);
    assert_non_null(mark);
    make_marks();
    return 0;
}

static int free_log(void **state)
{
    (void)state;
    free(auditor.memory);
    free(auditor.preamble);
    free(mark);
    paper_log_free(&log_);
    return 0;
}

/* As skywitness verify does it. */
static bool whole_audit_finds_something(size_t count)
{
    static struct skyh_audit whole;
    static struct paper_view all;
    struct skyh_problem problem;
    paper_view_clear(&all);
    paper_view_add(&all, bytes(), count);
    assert_true(skyh_audit_run(&all.log, &config, &whole, &problem));
    return whole.altered + whole.torn > 0;
}

/* The walk from the mark at or before a byte. */
static void go_back_before(size_t at, size_t count)
{
    size_t last = 0;
    while (last + 1 < mark_count && mark[last + 1].at <= at) {
        last++;
    }
    go_back_to(&mark[last]);
    view.segment[0].count = count;
    view.log.scan.count = count;
    view.log.bytes = count;
}

static void flip(size_t bit, bool whole)
{
    uint8_t *const byte = bytes() + bit / 8;
    *byte ^= (uint8_t)(1U << bit % 8);
    go_back_before(bit / 8, bytes_count());
    if (!finds_something()) {
        fail_msg("byte %zu, bit %zu: nothing is noticed", bit / 8, bit % 8);
    }
    if (whole && !whole_audit_finds_something(bytes_count())) {
        fail_msg("byte %zu, bit %zu: nothing is noticed from the beginning", bit / 8, bit % 8);
    }
    *byte ^= (uint8_t)(1U << bit % 8);
}

static void the_log_is_finished_and_of_a_mebibyte(void **state)
{
    (void)state;
    assert_in_range(bytes_count(), 1 << 20, 3 << 19);
    assert_true(mark_count > 30);
    assert_int_equal(mark_count, log_.group_count + 1);
    for (size_t i = 0; i < log_.group_count; i++) {
        assert_int_equal(mark[1 + i].at, log_.group[i].offset + log_.group[i].count);
    }
    assert_false(whole_audit_finds_something(bytes_count()));
}

/* After any number of flips: so nothing of them is left behind in what was kept. */
static void the_untouched_log_is_clean_from_every_mark(void **state)
{
    (void)state;
    for (size_t i = 0; i < mark_count; i += bit_step == 1 ? 1 : 13) {
        go_back_before(mark[i].at, bytes_count());
        assert_false(finds_something());
    }
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    size_t tried = 0;
    const size_t groups = 8 * (size_t)log_.group[0].offset;
    const size_t summary = 8 * (mark[mark_count - 1].at + SKY_MCAP_FRAME_BYTES + 4);
    const size_t footer = 8 * (bytes_count() - 40);
    for (size_t bit = 0; bit < 8 * bytes_count();) {
        flip(bit, tried % (bit_step == 1 ? 4096 : WHOLE_STEP) == 0);
        const bool declared = bit < groups || (bit >= summary && bit < footer);
        const size_t next = declared ? (bit < groups ? groups : footer) : SIZE_MAX;
        bit += declared ? declared_step : bit_step;
        bit = bit > next ? next : bit;
        tried++;
    }
    print_message("%zu of %zu bits\n", tried, 8 * bytes_count());
}

/* The places where a mistake would be likeliest: a group's header, and a segment's last bytes. */
static void every_flipped_bit_of_a_header_and_of_the_end_is_noticed(void **state)
{
    (void)state;
    const size_t from = 8 * (size_t)log_.group[20].offset;
    for (size_t bit = from; bit < from + 8 * (size_t)(SKY_GROUP_BODY_AT + 60); bit++) {
        flip(bit, bit % 199 == 0);
    }
    for (size_t bit = 8 * (bytes_count() - 40); bit < 8 * bytes_count(); bit += 3) {
        flip(bit, false);
    }
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    size_t tried = 0;
    for (size_t count = 1; count < bytes_count(); count += cut_step) {
        go_back_before(count, count);
        if (!finds_something()) {
            fail_msg("cut to %zu bytes: nothing is noticed", count);
        }
        if (tried % (cut_step == 1 ? 4096 : WHOLE_STEP) == 0) {
            assert_true(whole_audit_finds_something(count));
        }
        tried++;
    }
    print_message("%zu of %zu cuts\n", tried, bytes_count() - 1);
    for (size_t i = 0; i < log_.group_count; i += 17) { /* exactly behind a group */
        const size_t count = (size_t)log_.group[i].offset + log_.group[i].count;
        go_back_before(count, count);
        assert_true(finds_something());
    }
}

int main(int count, char **arguments)
{
    if (count > 1) {
        bit_step = declared_step = cut_step = strtoul(arguments[1], NULL, 10);
    }
    if (count > 2) { /* these stand under one checksum each, and under another hash */
        declared_step = strtoul(arguments[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_is_finished_and_of_a_mebibyte),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(every_flipped_bit_of_a_header_and_of_the_end_is_noticed),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(the_untouched_log_is_clean_from_every_mark),
    };
    return cmocka_run_group_tests(tests, make_log, free_log);
}
