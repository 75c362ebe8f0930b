#include "sky_journal.h"

#include <errno.h>
#include <zlib.h>

#include "sky_paper_log.h"
#include "sky_scan.h"

static const struct sky_utc_estimate unknown_utc = {.state = SKY_CLOCK_NONE};

static struct sky_utc_estimate utc_at(int64_t second)
{
    return (struct sky_utc_estimate){
        .utc_ns = second * SKY_SECOND_NS, .sigma_ns = 1000, .state = SKY_CLOCK_NTP};
}

/* ---- an MCAP reader of its own, as the format's specification has it ---- */

static uint64_t number(const uint8_t *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = count; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

struct record {
    uint8_t op;
    size_t at;
    const uint8_t *content;
    size_t bytes;
    size_t next;
};

static struct record record_at(const struct paper_segment *segment, size_t at)
{
    assert_true(at + 9 <= segment->size);
    const struct record record = {.op = segment->bytes[at],
                                  .at = at,
                                  .content = segment->bytes + at + 9,
                                  .bytes = (size_t)number(segment->bytes + at + 1, 8),
                                  .next = at + 9 + (size_t)number(segment->bytes + at + 1, 8)};
    assert_true(record.bytes <= segment->size && record.next <= segment->size);
    return record;
}

static const uint8_t magic[8] = {0x89, 'M', 'C', 'A', 'P', '0', '\r', '\n'};

/* The messages in a chunk, and that each MessageIndex after it names exactly its own. */
static size_t check_chunk(const struct paper_segment *segment, const struct record *chunk,
                          size_t *own)
{
    const uint64_t start_ns = number(chunk->content, 8);
    const uint64_t end_ns = number(chunk->content + 8, 8);
    const size_t bytes = (size_t)number(chunk->content + 16, 8);
    const uint8_t *records = chunk->content + 40;
    assert_int_equal(number(chunk->content + 28, 4), 0); /* compression "" */
    assert_int_equal(number(chunk->content + 32, 8), bytes);
    assert_int_equal(chunk->bytes, 40 + bytes);
    assert_int_equal(number(chunk->content + 24, 4), crc32(0, records, (uInt)bytes));

    size_t messages = 0, indexed = 0;
    for (size_t at = 0; at < bytes; messages++) {
        assert_int_equal(records[at], 0x05);
        const uint64_t log_time_ns = number(records + at + 9 + 6, 8);
        assert_true(log_time_ns >= start_ns && log_time_ns <= end_ns);
        *own += number(records + at + 9, 2) >= SKY_OWN_SEGMENT;
        at += 9 + (size_t)number(records + at + 1, 8);
        assert_true(at <= bytes);
    }
    struct record index = record_at(segment, chunk->next);
    for (uint64_t last = 0; index.op == 0x07; index = record_at(segment, index.next)) {
        const uint64_t channel = number(index.content, 2);
        assert_true(channel > last);
        last = channel;
        for (size_t i = 6; i < index.bytes; i += 16, indexed++) {
            const uint8_t *message = records + number(index.content + i + 8, 8);
            assert_int_equal(message[0], 0x05);
            assert_int_equal(number(message + 9, 2), channel);
            assert_int_equal(number(message + 15, 8), number(index.content + i, 8));
        }
    }
    assert_int_equal(indexed, messages);
    return messages;
}

/*
 * Walks a finished segment as a reader does that knows MCAP and nothing of us. Returns the messages
 * that are not the log's own.
 */
static size_t check_finished(const struct paper_segment *segment)
{
    assert_true(segment->finished);
    assert_memory_equal(segment->bytes, magic, 8);
    assert_memory_equal(segment->bytes + segment->size - 8, magic, 8);
    size_t seen[256] = {0};
    static size_t chunk_at[16384];
    size_t messages = 0, chunk_messages = 0, own = 0;
    struct record record = record_at(segment, 8);
    assert_int_equal(record.op, 0x01);
    for (; record.op != 0x0F; record = record_at(segment, record.next)) {
        seen[record.op]++;
        if (record.op == 0x06) {
            assert_true(seen[0x06] <= sizeof chunk_at / sizeof *chunk_at);
            chunk_at[seen[0x06] - 1] = record.at;
            chunk_messages += check_chunk(segment, &record, &own);
        }
    }
    const size_t declared = SKY_CHANNEL_END - SKY_CHANNEL_CONFIG + SKY_OWN_END - SKY_OWN_SEGMENT;
    assert_int_equal(seen[0x03], declared);
    assert_int_equal(seen[0x04], declared);
    assert_int_equal(seen[0x80], seen[0x06]);

    const size_t summary_at = record.next;
    size_t chunk_indexes = 0, offsets = 0;
    for (record = record_at(segment, summary_at); record.op != 0x02;
         record = record_at(segment, record.next)) {
        if (record.op == 0x08) {
            assert_int_equal(number(record.content + 16, 8), chunk_at[chunk_indexes++]);
            const struct record chunk = record_at(segment, (size_t)number(record.content + 16, 8));
            assert_int_equal(number(record.content + 24, 8), chunk.next - chunk.at);
            assert_int_equal(number(record.content, 8), number(chunk.content, 8));
        } else if (record.op == 0x0B) {
            messages = (size_t)number(record.content, 8);
            assert_int_equal(number(record.content + 22, 4), seen[0x06]);
        } else if (record.op == 0x0E) {
            const struct record first = record_at(segment, (size_t)number(record.content + 1, 8));
            assert_int_equal(first.op, record.content[0]);
            offsets++;
        }
    }
    assert_int_equal(chunk_indexes, seen[0x06]);
    assert_int_equal(messages, chunk_messages);
    assert_int_equal(offsets, 5);
    assert_int_equal(number(record.content, 8), summary_at);
    assert_int_equal(
        number(record.content + 16, 4),
        crc32(0, segment->bytes + summary_at, (uInt)(record.at + 9 + 16 - summary_at)));
    assert_int_equal(record.next + 8, segment->size);
    return messages - own;
}

/* ---- tests ---- */

static void a_journal_that_is_given_nothing_does_nothing(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    paper_log_open(&log, 65536, &journal);
    assert_false(sky_journal_pending(journal));
    assert_int_equal(sky_journal_commit(journal, true), 0);
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(log.segment_count, 0);
    assert_int_equal(sky_journal_close(NULL), 0);
}

static void a_finished_segment_is_what_the_mcap_specification_asks_for(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    const struct sky_utc_estimate utc = utc_at(3000);
    paper_log_open(&log, 65536, &journal);
    for (uint64_t seq = 1; seq <= 50; seq++) {
        assert_int_equal(paper_datagram(journal, seq, (size_t)seq * 17 % 900), 0);
        assert_int_equal(paper_event(journal, seq, &utc), 0);
        if (seq % 7 == 0) {
            assert_int_equal(sky_journal_commit(journal, false), 0);
        }
    }
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(log.segment_count, 1);
    assert_int_equal(check_finished(&log.segment[0]), 100);
    paper_log_free(&log);
}

static void groups_are_aligned_follow_each_other_and_say_what_they_make_durable(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    paper_log_open(&log, 65536, &journal);
    for (uint64_t seq = 1; seq <= 40; seq++) {
        assert_int_equal(paper_datagram(journal, seq, (size_t)(seq * 1789 % 9000)), 0);
        assert_true(sky_journal_pending(journal));
        if (seq % 4 == 0) {
            assert_int_equal(sky_journal_commit(journal, seq % 8 == 0), 0);
            assert_false(sky_journal_pending(journal));
        }
    }
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(log.group_count, 10);
    for (size_t i = 0; i < 10; i++) {
        const struct sky_journal_work *group = &log.group[i];
        assert_int_equal(group->offset % SKY_JOURNAL_ALIGN, 0);
        assert_int_equal(group->count % SKY_JOURNAL_ALIGN, 0);
        assert_int_equal(group->last_seq, 4 * (i + 1));
        assert_int_equal(group->oldest_ns, (int64_t)(4 * i + 1) * SKY_SECOND_NS);
        assert_int_equal(group->urgent, i % 2 == 1);
        if (i > 0) {
            assert_int_equal(group->offset, log.group[i - 1].offset + log.group[i - 1].count);
        }
    }
    paper_log_free(&log);
}

/* The padding is a record of nine bytes at least: try every remainder. */
static void a_group_of_any_length_ends_at_a_block(void **state)
{
    (void)state;
    static struct paper_log log;
    for (size_t bytes = 3400; bytes < 3700; bytes++) {
        struct sky_journal *journal;
        paper_log_open(&log, 65536, &journal);
        assert_int_equal(paper_datagram(journal, 1, bytes), 0);
        assert_int_equal(sky_journal_close(journal), 0);
        assert_int_equal(log.group[0].count % SKY_JOURNAL_ALIGN, 0);
        assert_int_equal(check_finished(&log.segment[0]), 1);
        paper_log_free(&log);
    }
}

static void log_time_never_goes_back_and_publish_time_says_what_was_estimated(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    const struct sky_utc_estimate estimate[] = {unknown_utc, utc_at(1500), utc_at(1400),
                                                utc_at(1600), utc_at(-5)};
    static const uint64_t log_time_s[] = {1001, 1001, 1500, 1500, 1500,
                                          1500, 1600, 1600, 1600, 1600};
    static const uint64_t publish_s[] = {1001, 1001, 1500, 1500, 1400, 1400, 1600, 1600, 0, 0};
    paper_log_open(&log, 65536, &journal);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(paper_tick(journal, i + 1, &estimate[i]), 0);
        assert_int_equal(paper_event(journal, i + 1, &estimate[i]), 0);
    }
    assert_int_equal(sky_journal_close(journal), 0);

    struct sky_scan scan;
    struct sky_scan_item item;
    const char *reason;
    assert_int_equal(sky_scan_begin(&scan, log.segment[0].bytes, log.segment[0].size, &reason), 0);
    for (size_t i = 0; i < 10; i++) {
        sky_scan_next(&scan, &item);
        assert_int_equal(item.found, SKY_SCAN_RECORD);
        assert_int_equal(item.channel, i % 2 == 0 ? SKY_CHANNEL_TICK : SKY_CHANNEL_CLOCK);
        assert_int_equal(item.sequence, i / 2 + 1);
        assert_int_equal(item.log_time_ns, log_time_s[i] * SKY_SECOND_NS);
        assert_int_equal(item.publish_time_ns, publish_s[i] * SKY_SECOND_NS);
    }
    paper_log_free(&log);
}

static void a_group_is_handed_over_before_it_exceeds_its_limit(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    paper_log_open(&log, 16384, &journal);
    for (uint64_t seq = 1; seq <= 100; seq++) {
        assert_int_equal(paper_datagram(journal, seq, 1000), 0);
    }
    assert_int_equal(sky_journal_close(journal), 0);
    assert_true(log.group_count >= 7 && log.group_count <= 10);
    for (size_t i = 0; i < log.group_count; i++) {
        assert_true(log.group[i].count <= 16384);
    }
    paper_log_free(&log);
}

static void a_record_larger_than_a_group_has_one_for_itself(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    paper_log_open(&log, 4096, &journal);
    assert_int_equal(paper_datagram(journal, 1, 10), 0);
    assert_int_equal(paper_datagram(journal, 2, 65507), 0);
    assert_int_equal(paper_datagram(journal, 3, 10), 0);
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(log.group_count, 3);
    assert_int_equal(log.group[1].last_seq, 2);
    assert_int_equal(check_finished(&log.segment[0]), 3);
    paper_log_free(&log);
}

static void a_record_larger_than_a_segment_gets_a_segment_that_holds_it(void **state)
{
    (void)state;
    static struct paper_log log;
    static uint8_t zones[SKY_CODEC_ZONES_MAX];
    static struct sky_config config;
    struct sky_journal *journal;
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.seq = 1;
    input.kind = SKY_INPUT_CONFIG;
    input.u.config.config = &config;
    input.u.config.zone_bytes = zones;
    input.u.config.zone_byte_count = sizeof zones;
    paper_log_open(&log, 4096, &journal);
    assert_int_equal(sky_journal_input(journal, &input, &unknown_utc), 0);
    assert_int_equal(paper_datagram(journal, 2, 65507), 0);
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(log.segment_count, 2);
    assert_int_equal(check_finished(&log.segment[0]), 1);
    assert_int_equal(check_finished(&log.segment[1]), 1);
    paper_log_free(&log);
}

static void what_cannot_be_packed_is_refused_and_the_journal_goes_on(void **state)
{
    (void)state;
    static struct paper_log log;
    static struct sky_config config;
    struct sky_journal *journal;
    struct sky_input input;
    struct sky_event event;
    memset(&input, 0, sizeof input); /* of no kind */
    memset(&event, 0, sizeof event);
    paper_log_open(&log, 4096, &journal);
    assert_int_equal(sky_journal_input(journal, &input, &unknown_utc), -EINVAL);
    assert_int_equal(sky_journal_event(journal, &event), -EINVAL);
    input.kind = SKY_INPUT_CONFIG;
    input.u.config.config = &config;
    input.u.config.zone_byte_count = SKY_CODEC_ZONES_MAX + 1;
    assert_int_equal(sky_journal_input(journal, &input, &unknown_utc), -EMSGSIZE);
    assert_int_equal(paper_tick(journal, 1, &unknown_utc), 0);
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(check_finished(&log.segment[0]), 1);
    paper_log_free(&log);
}

/* Counts what is in all segments, which must follow each other without a gap. */
static uint64_t check_all(const struct paper_log *log)
{
    uint64_t last = 0;
    for (size_t i = 0; i < log->segment_count; i++) {
        struct sky_scan scan;
        struct sky_scan_item item;
        const char *reason;
        assert_int_equal(
            sky_scan_begin(&scan, log->segment[i].bytes, log->segment[i].size, &reason), SKY_OK);
        assert_int_equal(scan.segment.segment, 5 + i);
        assert_string_equal(scan.segment.software, "paper 1");
        assert_string_equal(scan.segment.boot_id, "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab");
        assert_int_equal(scan.segment.commit_interval_ns, 1000000000);
        for (sky_scan_next(&scan, &item); item.found == SKY_SCAN_RECORD;
             sky_scan_next(&scan, &item)) {
            assert_int_equal(item.sequence, ++last);
        }
        assert_int_equal(item.found, log->segment[i].finished ? SKY_SCAN_END : SKY_SCAN_TORN_END);
    }
    return last;
}

static void a_full_segment_is_finished_and_the_next_one_goes_on(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    paper_log_open(&log, 65536, &journal);
    for (uint64_t seq = 1; seq <= 200; seq++) {
        assert_int_equal(paper_datagram(journal, seq, 20000), 0);
    }
    assert_int_equal(sky_journal_close(journal), 0);
    assert_true(log.segment_count >= 5);
    for (size_t i = 0; i < log.segment_count; i++) {
        assert_true(log.segment[i].size <= (size_t)1 << 20);
        (void)check_finished(&log.segment[i]);
    }
    assert_int_equal(check_all(&log), 200);
    paper_log_free(&log);
}

static void a_segment_of_very_many_groups_rolls_before_its_index_is_full(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    memset(&log, 0, sizeof log);
    log.sink.work = paper_work;
    log.fail_after = -1;
    const struct sky_journal_config config = {.segment_bytes = UINT64_C(128) << 20,
                                              .group_bytes = 4096};
    assert_int_equal(sky_journal_open(&config, &log.sink, &journal), 0);
    for (uint64_t seq = 1; seq <= 16400; seq++) {
        assert_int_equal(paper_tick(journal, seq, &unknown_utc), 0);
        assert_int_equal(sky_journal_commit(journal, false), 0);
    }
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(log.segment_count, 2);
    assert_int_equal(check_finished(&log.segment[0]), 16383);
    assert_int_equal(check_finished(&log.segment[1]), 17);
    paper_log_free(&log);
}

static void more_messages_than_one_group_counts_make_a_second_group(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    paper_log_open(&log, (size_t)4 * 1024 * 1024, &journal);
    for (uint64_t seq = 1; seq <= 20000; seq++) {
        assert_int_equal(paper_tick(journal, seq, &unknown_utc), 0);
    }
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(log.group_count, 2);
    assert_int_equal(check_all(&log), 20000);
    paper_log_free(&log);
}

static void a_sink_that_fails_ends_the_journal_with_its_error(void **state)
{
    (void)state;
    static struct paper_log log;
    for (int fail_after = 0; fail_after < 6; fail_after++) {
        struct sky_journal *journal;
        paper_log_open(&log, 65536, &journal);
        log.fail_after = fail_after;
        int error = 0;
        for (uint64_t seq = 1; seq <= 300 && error == 0; seq++) {
            error = paper_datagram(journal, seq, 30000);
        }
        assert_int_equal(error, -EIO);
        log.fail_after = -1; /* it stays ended, whatever the sink would say now */
        assert_int_equal(paper_tick(journal, 301, &unknown_utc), -EIO);
        assert_int_equal(paper_event(journal, 301, &unknown_utc), -EIO);
        assert_int_equal(sky_journal_commit(journal, true), -EIO);
        assert_int_equal(sky_journal_skip_segment(journal), -EIO);
        assert_int_equal(sky_journal_again(journal, NULL, 0), -EIO);
        assert_int_equal(sky_journal_close(journal), -EIO);
        paper_log_free(&log);
    }
}

static void groups_of_a_failed_segment_are_handed_over_again_to_the_next(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    paper_log_open(&log, 65536, &journal);
    for (uint64_t seq = 1; seq <= 9; seq++) {
        assert_int_equal(paper_datagram(journal, seq, 5000), 0);
        if (seq % 2 == 0) {
            assert_int_equal(sky_journal_commit(journal, seq == 6), 0);
        }
    }
    /* Groups 3 and 4 (records 5 to 8) never became durable; record 9 is still in the journal. */
    uint8_t *lost[2];
    for (size_t i = 0; i < 2; i++) {
        const struct sky_journal_work *group = &log.group[2 + i];
        lost[i] = malloc(group->count);
        assert_non_null(lost[i]);
        memcpy(lost[i], log.segment[0].bytes + group->offset, group->count);
    }
    memset(log.segment[0].bytes + log.group[2].offset, 0,
           log.segment[0].size - (size_t)log.group[2].offset);
    assert_int_equal(sky_journal_skip_segment(journal), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sky_journal_again(journal, lost[i], log.group[2 + i].count), 0);
        free(lost[i]);
    }
    assert_int_equal(log.group[4].segment, 6);
    assert_int_equal(log.group[4].last_seq, 6);
    assert_true(log.group[4].urgent);
    assert_int_equal(paper_datagram(journal, 10, 5000), 0);
    assert_int_equal(sky_journal_close(journal), 0);
    assert_int_equal(check_all(&log), 10);
    assert_int_equal(check_finished(&log.segment[1]), 6);
    paper_log_free(&log);
}

static void bytes_that_are_no_group_of_this_journal_are_not_handed_over(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    static uint8_t group[8192];
    paper_log_open(&log, 65536, &journal);
    assert_int_equal(paper_datagram(journal, 1, 5000), 0);
    assert_int_equal(sky_journal_commit(journal, false), 0);
    const size_t count = log.group[0].count;
    assert_int_equal(count, sizeof group);
    memcpy(group, log.segment[0].bytes + log.group[0].offset, count);
    assert_int_equal(sky_journal_skip_segment(journal), 0);

    assert_int_equal(sky_journal_again(journal, group, 0), -EINVAL);
    assert_int_equal(sky_journal_again(journal, group, 117), -EINVAL);
    assert_int_equal(sky_journal_again(journal, group, 4096), -EINVAL);
    group[10] ^= 1; /* in the header */
    assert_int_equal(sky_journal_again(journal, group, count), -EINVAL);
    group[10] ^= 1;
    group[200] ^= 1; /* in the body */
    assert_int_equal(sky_journal_again(journal, group, count), -EINVAL);
    group[200] ^= 1;
    assert_int_equal(sky_journal_again(journal, group, count), 0);

    /* Neither another boot's journal takes it, nor one that has made no such group yet. */
    struct sky_journal_config config = {.segment_bytes = UINT64_C(1) << 20, .group_bytes = 65536};
    for (int boot = 0; boot < 2; boot++) {
        struct sky_journal *other;
        assert_int_equal(sky_journal_open(&config, &log.sink, &other), 0);
        assert_int_equal(sky_journal_again(other, group, count), -EINVAL);
        assert_int_equal(sky_journal_close(other), 0);
        memcpy(config.boot_id, "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab", 37);
    }
    assert_int_equal(sky_journal_close(journal), 0);
    paper_log_free(&log);
}

static void a_configuration_out_of_range_is_refused(void **state)
{
    (void)state;
    struct sky_journal_sink sink = {.work = paper_work};
    const struct sky_journal_config good = {.segment_bytes = UINT64_C(1) << 20,
                                            .group_bytes = 4096,
                                            .boot_id = "7F1A1D5E-0c3b-4a58-9d6e-0123456789AB"};
    struct sky_journal *journal = NULL;
    struct sky_journal_config bad[9];
    for (size_t i = 0; i < 9; i++) {
        bad[i] = good;
    }
    bad[0].segment_bytes = (UINT64_C(1) << 20) - 4096;
    bad[1].segment_bytes = (UINT64_C(1) << 30) + 4096;
    bad[2].segment_bytes++;
    bad[3].group_bytes = 4095;
    bad[4].group_bytes = 4 * 1024 * 1024 + 1;
    memset(bad[5].software, 'x', sizeof bad[5].software);
    bad[6].boot_id[35] = 0;
    bad[7].boot_id[8] = '0';
    bad[8].boot_id[36] = 'x';
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(sky_journal_open(&bad[i], &sink, &journal), -EINVAL);
        assert_null(journal);
    }
    assert_int_equal(sky_journal_open(&good, &sink, &journal), 0);
    assert_int_equal(sky_journal_close(journal), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_journal_that_is_given_nothing_does_nothing),
        cmocka_unit_test(a_finished_segment_is_what_the_mcap_specification_asks_for),
        cmocka_unit_test(groups_are_aligned_follow_each_other_and_say_what_they_make_durable),
        cmocka_unit_test(a_group_of_any_length_ends_at_a_block),
        cmocka_unit_test(log_time_never_goes_back_and_publish_time_says_what_was_estimated),
        cmocka_unit_test(a_group_is_handed_over_before_it_exceeds_its_limit),
        cmocka_unit_test(a_record_larger_than_a_group_has_one_for_itself),
        cmocka_unit_test(a_record_larger_than_a_segment_gets_a_segment_that_holds_it),
        cmocka_unit_test(what_cannot_be_packed_is_refused_and_the_journal_goes_on),
        cmocka_unit_test(a_full_segment_is_finished_and_the_next_one_goes_on),
        cmocka_unit_test(a_segment_of_very_many_groups_rolls_before_its_index_is_full),
        cmocka_unit_test(more_messages_than_one_group_counts_make_a_second_group),
        cmocka_unit_test(a_sink_that_fails_ends_the_journal_with_its_error),
        cmocka_unit_test(groups_of_a_failed_segment_are_handed_over_again_to_the_next),
        cmocka_unit_test(bytes_that_are_no_group_of_this_journal_are_not_handed_over),
        cmocka_unit_test(a_configuration_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
