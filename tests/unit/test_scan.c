#include "sky_scan.h"

#include "sky_paper_log.h"

enum { GROUPS = 4, PER_GROUP = 3 };

/* A finished segment of four groups with three records each; sequences 1 .. 12. */
static struct paper_log log_;
static struct paper_segment *segment;

static int make_log(void **state)
{
    (void)state;
    struct sky_journal *journal;
    paper_log_open(&log_, 65536, &journal);
    for (uint64_t seq = 1; seq <= GROUPS * PER_GROUP; seq++) {
        assert_int_equal(paper_datagram(journal, seq, 20 + (size_t)seq), 0);
        if (seq % PER_GROUP == 0) {
            assert_int_equal(sky_journal_commit(journal, false), 0);
        }
    }
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(log_.group_count, GROUPS);
    segment = &log_.segment[0];
    return 0;
}

static int free_log(void **state)
{
    (void)state;
    paper_log_free(&log_);
    return 0;
}

static size_t groups_at(void) { return (size_t)log_.group[0].offset; }
static size_t group_bytes(void) { return log_.group[0].count; }
static size_t groups_end(void) { return groups_at() + GROUPS * group_bytes(); }

/* What a walk found. */
struct walk {
    enum sky_status status;
    uint32_t records; /* bit i: sequence i was delivered */
    bool in_order;
    size_t damages;
    struct sky_scan_item damage; /* the first */
    struct sky_scan_item end;
};

static void walk_on(struct sky_scan *scan, struct walk *ret_walk)
{
    struct sky_scan_item item;
    uint32_t last = 0;
    ret_walk->in_order = true;
    for (sky_scan_next(scan, &item); item.found != SKY_SCAN_END && item.found != SKY_SCAN_TORN_END;
         sky_scan_next(scan, &item)) {
        if (item.found == SKY_SCAN_DAMAGE) {
            assert_non_null(item.reason);
            ret_walk->damage = ret_walk->damages++ == 0 ? item : ret_walk->damage;
            continue;
        }
        assert_int_equal(item.found, SKY_SCAN_RECORD);
        ret_walk->in_order = ret_walk->in_order && item.sequence > last && item.sequence < 32;
        last = item.sequence;
        ret_walk->records |= UINT32_C(1) << (item.sequence & 31);
    }
    ret_walk->end = item;
    sky_scan_next(scan, &item);
    assert_int_equal(item.found, ret_walk->end.found);
    assert_int_equal(item.offset, ret_walk->end.offset);
}

static void walk(const uint8_t *bytes, size_t count, struct walk *ret_walk)
{
    struct sky_scan scan;
    const char *reason = NULL;
    memset(ret_walk, 0, sizeof *ret_walk);
    ret_walk->status = sky_scan_begin(&scan, bytes, count, &reason);
    if (ret_walk->status == SKY_OK) {
        walk_on(&scan, ret_walk);
    } else {
        assert_non_null(reason);
    }
}

/* The records of the first `groups` groups, as bits. */
static uint32_t records_of(size_t groups)
{
    return ((UINT32_C(1) << (groups * PER_GROUP)) - 1) << 1;
}

static uint32_t records_of_group(size_t group)
{
    return records_of(group + 1) & ~records_of(group);
}

static void a_finished_log_gives_every_record_and_a_clean_end(void **state)
{
    (void)state;
    struct walk seen;
    walk(segment->bytes, segment->size, &seen);
    assert_int_equal(seen.status, SKY_OK);
    assert_int_equal(seen.records, records_of(GROUPS));
    assert_true(seen.in_order);
    assert_int_equal(seen.damages, 0);
    assert_int_equal(seen.end.found, SKY_SCAN_END);
    assert_int_equal(seen.end.offset, groups_end());
}

static void a_record_is_delivered_with_its_bytes_and_times(void **state)
{
    (void)state;
    struct sky_scan scan;
    struct sky_scan_item item;
    const char *reason;
    assert_int_equal(sky_scan_begin(&scan, segment->bytes, segment->size, &reason), SKY_OK);
    assert_int_equal(scan.segment.segment, 5);
    sky_scan_next(&scan, &item);
    assert_int_equal(item.found, SKY_SCAN_RECORD);
    assert_int_equal(item.channel, SKY_CHANNEL_DATAGRAM);
    assert_int_equal(item.offset, groups_at());
    assert_int_equal(item.log_time_ns, 2001 * SKY_SECOND_NS);

    static _Alignas(16) uint8_t memory[4096];
    struct sky_arena arena = {.bytes = memory, .capacity = sizeof memory};
    struct sky_input input;
    struct sky_utc_estimate utc;
    assert_int_equal(
        sky_codec_unpack_input(item.channel, item.bytes, item.count, &arena, &input, &utc), SKY_OK);
    assert_int_equal(input.seq, 1);
    assert_int_equal(input.u.datagram.count, 21);
    assert_string_equal(input.source, "radar");
}

/* A walk that has read the preamble already, to be copied: that need not be done every time. */
static struct sky_scan begun(void)
{
    struct sky_scan scan;
    const char *reason;
    assert_int_equal(sky_scan_begin(&scan, segment->bytes, segment->size, &reason), SKY_OK);
    return scan;
}

static void a_log_cut_at_any_byte_keeps_every_complete_group(void **state)
{
    (void)state;
    const size_t first = groups_at();
    const struct sky_scan start = begun();
    for (size_t cut = first; cut < groups_end(); cut++) {
        struct sky_scan scan = start;
        struct walk seen;
        uint8_t *exact = malloc(cut); /* so that a sanitizer sees any read behind the cut */
        assert_non_null(exact);
        memcpy(exact + first, segment->bytes + first, cut - first);
        scan.bytes = exact;
        scan.count = cut;
        scan.group.open = false; /* the preamble is done with */
        scan.at = first;
        memset(&seen, 0, sizeof seen);
        walk_on(&scan, &seen);
        free(exact);

        size_t complete = (cut - first) / group_bytes();
        if (seen.records == records_of(complete + 1)) {
            complete++; /* cut in the padding behind the last record */
        }
        assert_int_equal(seen.records, records_of(complete));
        assert_int_equal(seen.damages, 0);
        assert_int_equal(seen.end.found, SKY_SCAN_TORN_END);
    }
}

/* A copy in memory of its own size, so that a sanitizer sees any read behind the cut. */
static void walk_cut(size_t cut, struct walk *ret_walk)
{
    uint8_t *exact = malloc(cut + 1);
    assert_non_null(exact);
    memcpy(exact, segment->bytes, cut);
    walk(exact, cut, ret_walk);
    free(exact);
}

static void a_log_cut_in_its_preamble_or_summary_never_crashes(void **state)
{
    (void)state;
    struct walk seen;
    for (size_t cut = 0; cut < groups_at(); cut += cut < 400 ? 1 : 997) {
        walk_cut(cut, &seen);
        assert_true(seen.status == SKY_E_CORRUPT || seen.end.found == SKY_SCAN_TORN_END);
        assert_int_equal(seen.records, 0);
    }
    const size_t near_the_end = segment->size - 400;
    for (size_t cut = groups_end(); cut<segment->size; cut += cut> near_the_end ? 1 : 997) {
        walk_cut(cut, &seen);
        assert_int_equal(seen.status, SKY_OK);
        assert_int_equal(seen.records, records_of(GROUPS));
        assert_int_equal(seen.damages, 0);
        assert_int_equal(seen.end.found, SKY_SCAN_TORN_END);
        assert_true(seen.end.skipped > 0 || cut == groups_end());
    }
}

static void what_a_cut_preamble_is_said_to_be_is_true(void **state)
{
    (void)state;
    struct sky_scan scan;
    const char *reason = NULL;
    assert_int_equal(sky_scan_begin(&scan, segment->bytes, 60, &reason), SKY_E_CORRUPT);
    assert_string_equal(reason, "an MCAP file, cut before it says what made it");
    assert_int_equal(sky_scan_begin(&scan, segment->bytes, 1000, &reason), SKY_E_CORRUPT);
    assert_string_equal(reason, "the preamble is cut or does not match its checksum");
}

static void
a_segment_still_full_of_zeros_behind_its_groups_is_torn_and_nothing_is_lost(void **state)
{
    (void)state;
    struct walk seen;
    uint8_t *open_segment = calloc(1, segment->size);
    assert_non_null(open_segment);
    memcpy(open_segment, segment->bytes, groups_end());
    walk(open_segment, segment->size, &seen);
    assert_int_equal(seen.records, records_of(GROUPS));
    assert_int_equal(seen.damages, 0);
    assert_int_equal(seen.end.found, SKY_SCAN_TORN_END);
    assert_int_equal(seen.end.skipped, 0);
    assert_int_equal(seen.end.offset, groups_end());

    /* The same, with a last group of which only the first block arrived torn. */
    memset(open_segment + groups_at() + 3 * group_bytes() + 200, 0, group_bytes() - 200);
    walk(open_segment, segment->size, &seen);
    assert_int_equal(seen.records, records_of(3));
    assert_int_equal(seen.end.found, SKY_SCAN_TORN_END);
    assert_int_equal(seen.end.offset, groups_at() + 3 * group_bytes());
    assert_in_range(seen.end.skipped, 100, 200);
    free(open_segment);
}

static void any_flipped_bit_of_a_group_is_reported_and_loses_that_group_and_no_other(void **state)
{
    (void)state;
    const size_t victim = 1;
    const size_t from = groups_at() + victim * group_bytes();
    const uint32_t others = records_of(GROUPS) & ~records_of_group(victim);
    const struct sky_scan start = begun();
    for (size_t bit = from * 8; bit < (from + group_bytes()) * 8; bit++) {
        struct sky_scan scan = start;
        scan.count = groups_end(); /* the summary has a test of its own */
        struct walk seen;
        memset(&seen, 0, sizeof seen);
        segment->bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        walk_on(&scan, &seen);
        segment->bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(seen.records & others, others);
        assert_true(seen.in_order);
        assert_true(seen.damages >= 1);
        assert_in_range(seen.damage.offset, from, from + group_bytes() - 1);
        assert_true(seen.damage.offset + seen.damage.skipped <= from + group_bytes());
        assert_int_equal(seen.end.offset, groups_end());
    }
}

static void any_flipped_bit_elsewhere_is_reported_and_loses_no_record(void **state)
{
    (void)state;
    uint64_t seed = 11;
    const size_t summary_bytes = segment->size - groups_end();
    for (int i = 0; i < 1000; i++) {
        /* Around the edges every time, in the bulk of the descriptors now and then. */
        const size_t bulk = (size_t)(test_random(&seed) % (groups_at() + summary_bytes));
        const size_t near = (size_t)(test_random(&seed) % 600);
        const size_t place = i % 3 == 0 ? bulk : i % 3 == 1 ? near : groups_at() + near;
        const size_t last = segment->size - 1 - near;
        const size_t at = i % 6 == 5            ? last
                          : place < groups_at() ? place
                                                : place - groups_at() + groups_end();
        const uint8_t flip = (uint8_t)(1U << test_random(&seed) % 8);
        struct walk seen;
        segment->bytes[at] ^= flip;
        walk(segment->bytes, segment->size, &seen);
        segment->bytes[at] ^= flip;
        assert_int_equal(seen.status, SKY_OK);
        assert_int_equal(seen.records, records_of(GROUPS));
        if (seen.damages != 1) {
            fail_msg("bit %d of byte %zu: %zu damages", flip, at, seen.damages);
        }
        assert_int_equal(seen.end.found, SKY_SCAN_END);
    }
}

static void a_log_without_its_preamble_is_read_by_its_groups(void **state)
{
    (void)state;
    struct sky_scan scan;
    struct walk seen;
    const char *reason;
    uint8_t *copy = malloc(segment->size);
    assert_non_null(copy);
    memcpy(copy, segment->bytes, segment->size);
    memset(copy, 0xFF, groups_at());
    assert_int_equal(sky_scan_begin(&scan, copy, segment->size, &reason), SKY_OK);
    assert_int_equal(scan.segment.segment, 5);
    assert_string_equal(scan.segment.boot_id, "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab");
    assert_string_equal(scan.segment.software, "");
    walk(copy, segment->size, &seen);
    assert_int_equal(seen.records, records_of(GROUPS));
    assert_int_equal(seen.damages, 1);
    assert_int_equal(seen.damage.offset, 0);
    assert_int_equal(seen.damage.skipped, groups_at());
    free(copy);
}

static void groups_that_were_taken_out_or_put_elsewhere_are_noticed(void **state)
{
    (void)state;
    struct walk seen;
    const size_t size = group_bytes();
    uint8_t *copy = malloc(segment->size);
    assert_non_null(copy);

    /* The second group replaced by the first: from before. */
    memcpy(copy, segment->bytes, segment->size);
    memcpy(copy + groups_at() + size, copy + groups_at(), size);
    walk(copy, segment->size, &seen);
    assert_int_equal(seen.records, records_of(GROUPS) & ~records_of_group(1));
    assert_int_equal(seen.damages, 1);
    assert_int_equal(seen.damage.offset, groups_at() + size);
    assert_string_equal(seen.damage.reason, "a group from before");

    /* The second one cut out, and everything behind it moved up. */
    memcpy(copy, segment->bytes, segment->size);
    memmove(copy + groups_at() + size, copy + groups_at() + 2 * size,
            segment->size - groups_at() - 2 * size);
    walk(copy, segment->size - size, &seen);
    assert_int_equal(seen.records, records_of(GROUPS) & ~records_of_group(1));
    assert_true(seen.damages >= 1);
    assert_string_equal(seen.damage.reason, "groups are missing before this one");

    /* The first one cut out. */
    memcpy(copy, segment->bytes, segment->size);
    memmove(copy + groups_at(), copy + groups_at() + size, segment->size - groups_at() - size);
    walk(copy, segment->size - size, &seen);
    assert_int_equal(seen.records, records_of(GROUPS) & ~records_of_group(0));
    assert_string_equal(seen.damage.reason, "groups are missing before this one");

    /* The last one replaced by zeros, the summary still there. */
    memcpy(copy, segment->bytes, segment->size);
    memset(copy + groups_at() + 3 * size, 0, size);
    walk(copy, segment->size, &seen);
    assert_int_equal(seen.records, records_of(3));
    assert_int_equal(seen.damages, 1);
    assert_int_equal(seen.damage.skipped, size);
    assert_int_equal(seen.end.found, SKY_SCAN_END);
    free(copy);
}

/* What a recycled segment would show behind its newest group. */
static void a_group_of_another_segment_is_not_taken_for_one_of_this(void **state)
{
    (void)state;
    static struct paper_log other;
    struct sky_journal *journal;
    struct walk seen;
    paper_log_open(&other, 65536, &journal);
    for (uint64_t seq = 20; seq < 30; seq++) {
        assert_int_equal(paper_tick(journal, seq, &(struct sky_utc_estimate){.state = 1}), 0);
        assert_int_equal(sky_journal_commit(journal, false), 0);
    }
    assert_int_equal(sky_journal_skip_segment(journal), 0);
    assert_int_equal(paper_datagram(journal, 30, 50), 0);
    assert_int_equal(sky_journal_close(journal), 0);

    uint8_t *copy = calloc(1, segment->size);
    assert_non_null(copy);
    memcpy(copy, segment->bytes, groups_end());
    memcpy(copy + groups_end(), other.segment[1].bytes + other.group[10].offset,
           other.group[10].count);
    walk(copy, segment->size, &seen);
    assert_int_equal(seen.records, records_of(GROUPS));
    assert_int_equal(seen.damages, 0);
    assert_int_equal(seen.end.found, SKY_SCAN_TORN_END);
    free(copy);
    paper_log_free(&other);
}

/* ---- groups that are sound by their checksums and wrong all the same ---- */

static uint32_t crc_of(const uint8_t *bytes, size_t count)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
        }
    }
    return ~crc;
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

/* Makes the checksums of the second group fit what is in it now. */
static void seal(uint8_t *log)
{
    uint8_t *header = log + groups_at() + group_bytes() + 9;
    size_t body_bytes = 0;
    for (size_t i = 8; i > 0; i--) {
        body_bytes = body_bytes << 8 | header[80 + i - 1];
    }
    if (body_bytes < group_bytes()) {
        put_u32(header + 88, crc_of(header + 248, body_bytes));
    }
    put_u32(header + 244, crc_of(header, 244));
}

static void a_group_that_no_journal_writes_is_reported_with_its_reason(void **state)
{
    (void)state;
    enum { HEADER = 9, CHUNK = 257, CHUNK_CONTENT = CHUNK + 9, MESSAGE = CHUNK_CONTENT + 40 };
    static const struct {
        size_t at; /* in the group */
        uint8_t value;
        const char *reason;
        bool lost; /* the whole group, or else only a message of it */
    } forgery[] = {
        {HEADER + 8, 3, "version", true},
        {HEADER + 232, 77, "another segment", true},
        {HEADER + 16, 77, "another segment", true},
        {HEADER + 84, 1, "larger than any", true}, /* the length of the body */
        {HEADER + 82, 0x70, "cut", true},
        {CHUNK, 0x05, "does not hold a chunk", true},
        {CHUNK_CONTENT + 16, 1, "malformed", true}, /* uncompressed size */
        {CHUNK_CONTENT + 28, 4, "malformed", true}, /* compression longer than it says */
        {CHUNK_CONTENT + 32, 1, "malformed", true}, /* size of the records */
        {MESSAGE, 0x04, "no message", true},
        {MESSAGE + 1, 3, "no message", true}, /* shorter than a Message may be */
        {MESSAGE + 9, 99, "channel", false},
        {MESSAGE + 9, 0, "channel", false},
    };
    uint8_t *copy = malloc(segment->size);
    assert_non_null(copy);
    for (size_t i = 0; i < sizeof forgery / sizeof *forgery; i++) {
        struct walk seen;
        memcpy(copy, segment->bytes, segment->size);
        copy[groups_at() + group_bytes() + forgery[i].at] = forgery[i].value;
        seal(copy);
        walk(copy, segment->size, &seen);
        const uint32_t lost = forgery[i].lost ? records_of_group(1) : UINT32_C(1) << 4;
        assert_int_equal(seen.records, records_of(GROUPS) & ~lost);
        if (seen.damage.reason == NULL || strstr(seen.damage.reason, forgery[i].reason) == NULL) {
            fail_msg("forgery %zu: %s", i, seen.damage.reason);
        }
        assert_int_equal(seen.end.found, SKY_SCAN_END);
    }
    /* Compressed: the name of the compression is where the records began. */
    struct walk seen;
    memcpy(copy, segment->bytes, segment->size);
    uint8_t *chunk = copy + groups_at() + group_bytes() + CHUNK_CONTENT;
    const uint32_t records_bytes = (uint32_t)(chunk[32] | chunk[33] << 8);
    chunk[28] = 4;
    memcpy(chunk + 32, "zstd", 4);
    memset(chunk + 36, 0, 8);
    put_u32(chunk + 36, records_bytes - 4);
    seal(copy);
    walk(copy, segment->size, &seen);
    assert_int_equal(seen.records, records_of(GROUPS) & ~records_of_group(1));
    assert_non_null(strstr(seen.damage.reason, "compressed"));
    free(copy);
}

static void what_is_no_log_of_ours_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct sky_scan scan;
    const char *reason = NULL;
    uint8_t foreign[64] = {0x89, 'M', 'C', 'A', 'P', '0', '\r', '\n', 0x01, 8};
    assert_int_equal(sky_scan_begin(&scan, foreign, 0, &reason), SKY_E_CORRUPT);
    assert_non_null(strstr(reason, "MCAP"));
    assert_int_equal(sky_scan_begin(&scan, foreign, sizeof foreign, &reason), SKY_E_CORRUPT);
    assert_non_null(strstr(reason, "skywitness"));

    /* Another format version, in a preamble whose checksum is right. */
    uint8_t *copy = malloc(segment->size);
    assert_non_null(copy);
    memcpy(copy, segment->bytes, segment->size);
    size_t at = 8, check_at = 0;
    while (copy[at] != 0x82) {
        size_t bytes = 0;
        for (size_t i = 8; i > 0; i--) {
            bytes = bytes << 8 | copy[at + i];
        }
        if (copy[at] == 0x0C) {
            uint8_t *format = copy + at + 9 + 4 + 18 + 4 + 4 + 6 + 4;
            assert_int_equal(*format, '2');
            *format = '3';
        }
        at += 9 + bytes;
        check_at = at;
    }
    put_u32(copy + check_at + 9, crc_of(copy, check_at));
    assert_int_equal(sky_scan_begin(&scan, copy, segment->size, &reason), SKY_E_CORRUPT);
    assert_non_null(strstr(reason, "version"));
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_log_gives_every_record_and_a_clean_end),
        cmocka_unit_test(a_record_is_delivered_with_its_bytes_and_times),
        cmocka_unit_test(a_log_cut_at_any_byte_keeps_every_complete_group),
        cmocka_unit_test(a_log_cut_in_its_preamble_or_summary_never_crashes),
        cmocka_unit_test(what_a_cut_preamble_is_said_to_be_is_true),
        cmocka_unit_test(
            a_segment_still_full_of_zeros_behind_its_groups_is_torn_and_nothing_is_lost),
        cmocka_unit_test(any_flipped_bit_of_a_group_is_reported_and_loses_that_group_and_no_other),
        cmocka_unit_test(any_flipped_bit_elsewhere_is_reported_and_loses_no_record),
        cmocka_unit_test(a_log_without_its_preamble_is_read_by_its_groups),
        cmocka_unit_test(groups_that_were_taken_out_or_put_elsewhere_are_noticed),
        cmocka_unit_test(a_group_of_another_segment_is_not_taken_for_one_of_this),
        cmocka_unit_test(a_group_that_no_journal_writes_is_reported_with_its_reason),
        cmocka_unit_test(what_is_no_log_of_ours_is_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, make_log, free_log);
}
