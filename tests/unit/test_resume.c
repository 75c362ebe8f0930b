#include "sky_resume.h"

#include "sky_mcap.h"

#include "sky_paper_log.h"

static struct sky_note_signer signer;
static struct sky_seal_config seal;
static struct paper_log first, second;

static void open_signed(struct paper_log *log, uint64_t segment, struct sky_journal **ret_journal)
{
    memset(log, 0, sizeof *log);
    log->sink.work = paper_work;
    log->fail_after = -1;
    const struct sky_journal_config config = {.segment_bytes = UINT64_C(1) << 20,
                                              .first_segment = segment,
                                              .group_bytes = 65536,
                                              .boot_id = "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab",
                                              .software = "paper 1",
                                              .seal = &seal};
    assert_int_equal(sky_journal_open(&config, &log->sink, ret_journal), 0);
}

static void record(struct sky_journal *journal, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        assert_int_equal(paper_datagram(journal, seq, 100), 0);
        assert_int_equal(sky_journal_commit(journal, false), 0);
    }
}

static int make_first(void **state)
{
    (void)state;
    struct sky_journal *journal;
    const uint8_t seed[SKY_ED25519_BYTES] = {1};
    assert_int_equal(sky_note_make_signer("station.example/1", SKY_NOTE_ED25519, seed, &signer),
                     SKY_OK);
    seal = (struct sky_seal_config){.signer = &signer,
                                    .epoch = 5,
                                    .epoch_ns = 3 * SKY_SECOND_NS,
                                    .checkpoint_ns = 60 * SKY_SECOND_NS};
    open_signed(&first, 1, &journal);
    record(journal, 1, 8);
    assert_int_equal(sky_journal_close(journal), 0);
    return 0;
}

static int free_first(void **state)
{
    (void)state;
    paper_log_free(&first);
    return 0;
}

/* The tree that the header of the last group of a paper log names. */
static struct sky_mcap_group last_header(const struct paper_log *log, size_t group)
{
    struct sky_mcap_group header;
    const struct paper_segment *segment = &log->segment[0];
    while (segment->number != log->group[group].segment) {
        segment++;
    }
    const size_t at = (size_t)log->group[group].offset;
    assert_null(sky_mcap_read_group(segment->bytes + at, segment->size - at, &header));
    return header;
}

static void assert_stands_at(const struct sky_resume *resume, const struct sky_mcap_group *header)
{
    const struct sky_hash root = sky_merkle_root(&resume->tree);
    assert_true(resume->found && !resume->broken);
    assert_int_equal(resume->tree.size, header->tree_size);
    assert_true(sky_hash_equal(&root, &header->root));
}

static void a_closed_log_goes_on_behind_its_last_group(void **state)
{
    (void)state;
    static struct sky_resume resume;
    memset(&resume, 0, sizeof resume);
    assert_true(sky_resume_introduces(first.segment[0].bytes, first.segment[0].size));
    sky_resume_take(&resume, first.segment[0].bytes, first.segment[0].size);
    const struct sky_mcap_group last = last_header(&first, first.group_count - 1);
    assert_stands_at(&resume, &last);
    /* Epochs end with the first group, and every 3 s: at 1, 4 and 7. */
    uint8_t seed[SKY_ED25519_BYTES] = {0}, key[SKY_ED25519_BYTES];
    for (int i = 0; i < 3; i++) {
        sky_epoch_evolve(seed);
    }
    sky_epoch_public(seed, key);
    assert_int_equal(resume.epoch.number, 8);
    assert_memory_equal(resume.epoch.key, key, sizeof key);
}

static void a_torn_log_goes_on_behind_its_last_whole_group(void **state)
{
    (void)state;
    uint8_t *const torn = malloc(first.segment[0].size);
    assert_non_null(torn);
    for (size_t i = 1; i < first.group_count; i++) {
        static struct sky_resume resume;
        const size_t cut = (size_t)first.group[i].offset + 300;
        memset(&resume, 0, sizeof resume);
        memset(torn, 0, first.segment[0].size);
        memcpy(torn, first.segment[0].bytes, cut);
        sky_resume_take(&resume, torn, first.segment[0].size);
        const struct sky_mcap_group last = last_header(&first, i - 1);
        assert_stands_at(&resume, &last);
    }
    free(torn);
}

static void a_second_run_continues_the_first_and_can_be_resumed_alone(void **state)
{
    (void)state;
    struct sky_journal *journal;
    static struct sky_resume before, after, alone;
    memset(&before, 0, sizeof before);
    sky_resume_take(&before, first.segment[0].bytes, first.segment[0].size);
    seal.tree = before.tree;
    open_signed(&second, 2, &journal);
    record(journal, 1, 5);
    assert_int_equal(sky_journal_close(journal), 0);
    after = before;
    sky_resume_take(&after, second.segment[0].bytes, second.segment[0].size);
    memset(&alone, 0, sizeof alone);
    sky_resume_take(&alone, second.segment[0].bytes, second.segment[0].size);
    const struct sky_mcap_group last = last_header(&second, second.group_count - 1);
    assert_stands_at(&after, &last);
    assert_stands_at(&alone, &last);
    paper_log_free(&second);
}

static void groups_that_end_one_segment_and_begin_the_next_count_once(void **state)
{
    (void)state;
    struct sky_journal *journal;
    static struct sky_resume resume;
    static uint8_t copy[8192];
    memset(&seal.tree, 0, sizeof seal.tree);
    open_signed(&second, 1, &journal);
    record(journal, 1, 3);
    const struct sky_journal_work *const group = &second.group[2];
    assert_true(group->count <= sizeof copy);
    memcpy(copy, second.segment[0].bytes + group->offset, group->count);
    assert_int_equal(sky_journal_skip_segment(journal), 0);
    assert_int_equal(sky_journal_again(journal, copy, group->count), 0);
    memset(&resume, 0, sizeof resume);
    assert_false(sky_resume_introduces(second.segment[1].bytes, second.segment[1].size));
    sky_resume_take(&resume, second.segment[0].bytes, second.segment[0].size);
    sky_resume_take(&resume, second.segment[1].bytes, second.segment[1].size);
    const struct sky_mcap_group last = last_header(&second, 3);
    assert_stands_at(&resume, &last);
    assert_int_equal(sky_journal_close(journal), 0);
    paper_log_free(&second);
}

static void damage_is_not_continued_until_a_segment_says_where_it_stands(void **state)
{
    (void)state;
    static struct sky_resume resume;
    uint8_t *const damaged = malloc(first.segment[0].size);
    assert_non_null(damaged);
    memcpy(damaged, first.segment[0].bytes, first.segment[0].size);
    damaged[first.group[3].offset + 500] ^= 1;
    memset(&resume, 0, sizeof resume);
    sky_resume_take(&resume, damaged, first.segment[0].size);
    assert_true(resume.broken);
    sky_resume_take(&resume, first.segment[0].bytes, first.segment[0].size);
    assert_false(resume.broken);
    memset(&resume, 0, sizeof resume);
    sky_resume_take(&resume, damaged, 100); /* no log at all */
    assert_false(resume.found);
    assert_false(sky_resume_introduces(damaged, 100));
    free(damaged);
}

/* ---- what else a restart needs ---- */

static void an_epoch_is_kept_in_a_block_and_no_torn_block_is_taken_for_one(void **state)
{
    (void)state;
    static uint8_t block[SKY_EPOCH_BLOCK_BYTES];
    const uint8_t seed[SKY_ED25519_BYTES] = {1, 2, 3};
    uint8_t read[SKY_ED25519_BYTES];
    uint32_t number = 0;
    sky_epoch_write(0x01020304, seed, block);
    assert_int_equal(sky_epoch_read(block, &number, read), SKY_OK);
    assert_int_equal(number, 0x01020304);
    assert_memory_equal(read, seed, sizeof seed);
    for (size_t bit = 0; bit < 8 * 76; bit++) {
        block[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(sky_epoch_read(block, &number, read), SKY_E_CORRUPT);
        block[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    memset(block, 0, sizeof block);
    assert_int_equal(sky_epoch_read(block, &number, read), SKY_E_CORRUPT);
}

static void the_logs_own_records_are_read_as_they_were_written(void **state)
{
    (void)state;
    static _Alignas(16) uint8_t memory[SKY_OWN_ARENA_BYTES];
    static struct sky_own_segment segment, read;
    static uint8_t bytes[SKY_OWN_SEGMENT_MAX];
    struct sky_arena arena = {.bytes = memory, .capacity = sizeof memory};
    memset(&segment, 0, sizeof segment);
    segment.number = UINT64_MAX;
    segment.preamble.bytes[0] = 0xAB;
    segment.tree.size = (UINT64_C(1) << 62) | 0x5555;
    memset(segment.tree.frontier, 0xCD, sky_merkle_frontier_count(segment.tree.size) * 32);
    segment.is_signed = true;
    segment.epoch.number = UINT32_MAX;
    segment.epoch.key[31] = 1;
    segment.restarted = true;
    size_t count = sky_own_pack_segment(&segment, bytes);
    assert_int_equal(sky_own_unpack_segment(bytes, count, &arena, &read), SKY_OK);
    assert_memory_equal(&read, &segment, sizeof read);
    for (size_t cut = 0; cut < count; cut++) {
        (void)!sky_own_unpack_segment(bytes, cut, &arena, &read); /* no crash; mostly corrupt */
    }
    assert_int_equal(sky_own_unpack_segment(bytes, 20, &arena, &read), SKY_E_CORRUPT);
    segment.tree.size = INT64_MAX; /* the largest there can be */
    assert_true(sky_own_pack_segment(&segment, bytes) <= SKY_OWN_SEGMENT_MAX);

    struct sky_epoch epoch = {.number = 7, .key = {9}}, epoch_read;
    count = sky_own_pack_epoch(&epoch, bytes);
    assert_true(count <= SKY_OWN_EPOCH_MAX);
    assert_int_equal(sky_own_unpack_epoch(bytes, count, &arena, &epoch_read), SKY_OK);
    assert_memory_equal(&epoch_read, &epoch, sizeof epoch);

    const char *note = NULL;
    count = sky_own_pack_checkpoint("a\nb\n", bytes);
    assert_int_equal(sky_own_unpack_checkpoint(bytes, count, &arena, &note), SKY_OK);
    assert_string_equal(note, "a\nb\n");
}

/* A gap over the leaves from `from` to `end`, every hash of which is `fill`. */
static void make_gap(struct sky_own_gap *gap, uint64_t segment, uint64_t from, uint64_t end,
                     int fill)
{
    memset(gap, 0, sizeof *gap);
    gap->first_segment = segment;
    gap->last_segment = segment + 3;
    gap->known = true;
    gap->stretch.first = from;
    gap->stretch.end = end;
    gap->stretch.count = sky_stretch_count(from, end);
    memset(gap->stretch.hash, fill, gap->stretch.count * sizeof gap->stretch.hash[0]);
}

static void what_is_kept_of_a_segment_is_read_as_it_was_written(void **state)
{
    (void)state;
    static _Alignas(16) uint8_t memory[SKY_OWN_RETENTION_ARENA_BYTES];
    static struct sky_own_retention retention, read, untouched;
    static uint8_t bytes[SKY_OWN_RETENTION_MAX];
    struct sky_arena arena = {.bytes = memory, .capacity = sizeof memory};
    memset(&retention, 0, sizeof retention);
    retention.segment = 9;
    retention.file.bytes[5] = 0xEE;
    retention.first_leaf = 3;
    retention.end_leaf = 90;
    retention.gap_count = 2;
    make_gap(&retention.gap[0], 0, 3, 90, 1);
    make_gap(&retention.gap[1], 8, 200, 201, 2);
    retention.gap[1].known = false; /* then it has leaves, and no hashes */
    retention.gap[1].stretch.count = 0;
    memset(retention.gap[1].stretch.hash, 0, sizeof retention.gap[1].stretch.hash);
    for (int full = 0; full < 2; full++) {
        size_t count = sky_own_pack_retention(&retention, &arena, bytes);
        memset(&read, 0, sizeof read);
        assert_int_equal(sky_own_unpack_retention(bytes, count, &arena, &read), SKY_OK);
        assert_memory_equal(&read, &retention, sizeof read);
        retention.has_inputs = retention.has_times = true;
        retention.first_seq = 1;
        retention.last_seq = UINT64_MAX;
        retention.first_log_time_ns = 7;
        retention.last_log_time_ns = 8;
        memcpy(retention.checkpoint, "a note\n", 8);
    }
    untouched = read;
    retention.gap[1].first_segment = 3; /* which the first gap has, too */
    size_t count = sky_own_pack_retention(&retention, &arena, bytes);
    assert_int_equal(sky_own_unpack_retention(bytes, count, &arena, &read), SKY_E_CORRUPT);
    make_gap(&retention.gap[1], 8, 200, 203, 2);
    retention.gap[1].stretch.end = 201; /* for which there are too many hashes */
    count = sky_own_pack_retention(&retention, &arena, bytes);
    assert_int_equal(sky_own_unpack_retention(bytes, count, &arena, &read), SKY_E_CORRUPT);
    assert_memory_equal(&read, &untouched, sizeof read);
    retention.gap_count = SKY_OWN_GAPS_MAX; /* the largest there can be */
    for (unsigned i = 0; i < SKY_OWN_GAPS_MAX; i++) {
        make_gap(&retention.gap[i], UINT64_MAX - 8 * (SKY_OWN_GAPS_MAX - i), 1, INT64_MAX, 3);
    }
    memset(retention.checkpoint, 'x', sizeof retention.checkpoint - 1);
    count = sky_own_pack_retention(&retention, &arena, bytes);
    assert_true(count <= SKY_OWN_RETENTION_MAX);
    assert_int_equal(sky_own_unpack_retention(bytes, count, &arena, &read), SKY_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_log_goes_on_behind_its_last_group),
        cmocka_unit_test(a_torn_log_goes_on_behind_its_last_whole_group),
        cmocka_unit_test(a_second_run_continues_the_first_and_can_be_resumed_alone),
        cmocka_unit_test(groups_that_end_one_segment_and_begin_the_next_count_once),
        cmocka_unit_test(damage_is_not_continued_until_a_segment_says_where_it_stands),
        cmocka_unit_test(an_epoch_is_kept_in_a_block_and_no_torn_block_is_taken_for_one),
        cmocka_unit_test(the_logs_own_records_are_read_as_they_were_written),
        cmocka_unit_test(what_is_kept_of_a_segment_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, make_first, free_first);
}
