#include "skyh_recovery.h"

#include "sky_paper_audit.h"

enum { GROUPS = 9 };

static struct paper_log station;
static struct sky_note_signer signer;

static int make_station(void **state)
{
    (void)state;
    struct sky_journal *journal;
    signer = paper_signer("station.example/1", 1);
    const struct sky_seal_config seal = paper_seal(&signer);
    paper_signed_open(&station, &seal, 1, &journal);
    for (uint64_t seq = 1; seq <= GROUPS; seq++) {
        (void)paper_datagram(journal, seq, (size_t)seq * 700);
        (void)sky_journal_commit(journal, false);
    }
    return sky_journal_close(journal);
}

static int free_station(void **state)
{
    (void)state;
    paper_log_free(&station);
    return 0;
}

/* The copy, as a file has it. */
static uint8_t *copy_of(const struct skyh_recovery *recovery, const uint8_t *bytes,
                        size_t *ret_count)
{
    enum { PIECE = 8192 };
    uint8_t *const copy = malloc(recovery->kept + recovery->end_count + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, recovery->kept);
    for (size_t at = 0; at < recovery->kept; at += PIECE) {
        const size_t left = recovery->kept - at;
        skyh_recovery_patch(recovery, at, copy + at, left < PIECE ? left : PIECE);
    }
    if (recovery->end_count > 0) {
        memcpy(copy + recovery->kept, recovery->end, recovery->end_count);
    }
    *ret_count = recovery->kept + recovery->end_count;
    return copy;
}

static struct skyh_audit audit;

static void run_audit(const uint8_t *bytes, size_t count)
{
    static struct paper_view view;
    struct skyh_problem problem;
    const struct skyh_audit_config config = {.key = &signer.key};
    paper_view_clear(&view);
    paper_view_add(&view, bytes, count);
    skyh_audit_free(&audit);
    assert_true(skyh_audit_run(&view.log, &config, &audit, &problem));
}

/* Whatever was cut off, the copy is closed, proves as many records, and says that it broke off. */
static void expect_copy_of_torn(const uint8_t *bytes, size_t count, size_t groups, size_t flips)
{
    static struct skyh_recovery recovery, again;
    size_t copied = 0;
    run_audit(bytes, count);
    assert_int_equal(audit.altered, 0);
    assert_int_equal(audit.torn, 1);
    const uint64_t leaves = audit.leaves, checkpoints = audit.checkpoints;
    assert_true(skyh_recovery_make(bytes, count, &recovery));
    assert_int_equal(recovery.kind, SKYH_RECOVERY_MADE);
    assert_int_equal(recovery.groups, groups);
    uint8_t *const copy = copy_of(&recovery, bytes, &copied);
    run_audit(copy, copied);
    if (audit.altered > 0 || audit.torn == 0) {
        fail_msg("%s", audit.finding_count > 0 ? audit.finding[0].text : "nothing is said");
    }
    assert_int_equal(audit.leaves, leaves);
    assert_int_equal(audit.checkpoints, checkpoints);
    /* Every bit of what was added is held against the groups. */
    for (size_t k = 0; k < flips; k++) {
        const size_t i = recovery.kept + k * k * recovery.end_count / (flips * flips);
        copy[i] ^= 1;
        run_audit(copy, copied);
        assert_true(audit.altered > 0);
        copy[i] ^= 1;
    }
    /* There is nothing more to do. */
    assert_true(skyh_recovery_make(copy, copied, &again));
    assert_int_equal(again.kind, SKYH_RECOVERY_CLOSED);
    skyh_recovery_free(&again);
    skyh_recovery_free(&recovery);
    free(copy);
}

static size_t group_end(size_t i)
{
    return (size_t)(station.group[i].offset) + station.group[i].count;
}

static void a_cut_segment_is_closed_behind_its_last_whole_group(void **state)
{
    (void)state;
    const struct paper_segment *const segment = &station.segment[0];
    uint8_t *const torn = calloc(1, segment->size);
    assert_non_null(torn);
    for (size_t i = 0; i + 2 < station.group_count; i += 3) {
        const size_t cuts[] = {group_end(i), group_end(i) + 1, group_end(i) + 300,
                               group_end(i + 1) - 4000};
        for (size_t k = 0; k < sizeof cuts / sizeof cuts[0]; k++) {
            memset(torn, 0, segment->size); /* its file was filled before */
            memcpy(torn, segment->bytes, cuts[k]);
            expect_copy_of_torn(torn, segment->size, i + 1, i == 0 && k == 2 ? 25 : 0);
        }
        expect_copy_of_torn(torn, cuts[2], i + 1, 0); /* its file was cut */
    }
    /* In the padding of a group, which is whole. */
    expect_copy_of_torn(segment->bytes, group_end(2) - 20, 3, 0);
    free(torn);
}

static void what_was_being_written_is_named(void **state)
{
    (void)state;
    static struct skyh_recovery recovery;
    const struct paper_segment *const segment = &station.segment[0];
    const size_t cut = group_end(3) + 1000; /* the header of the next group, and some of it */
    uint8_t *const torn = calloc(1, segment->size);
    assert_non_null(torn);
    memcpy(torn, segment->bytes, cut);
    assert_true(skyh_recovery_make(torn, segment->size, &recovery));
    assert_int_equal(recovery.loss_count, 1);
    const struct skyh_loss *const loss = &recovery.loss[0];
    struct sky_mcap_group header;
    assert_null(sky_mcap_read_group(segment->bytes + group_end(3), segment->size, &header));
    assert_int_equal(loss->at, group_end(3));
    assert_in_range(loss->bytes, 700, 1000); /* up to the last that is not zero */
    assert_true(loss->has_leaves);
    assert_int_equal(loss->end_leaf, header.tree_size);
    assert_int_equal(loss->end_leaf - loss->first_leaf, header.message_count);
    skyh_recovery_free(&recovery);
    free(torn);
}

/* All groups are there: then the summary can only be the station's own, to the last byte. */
static void a_segment_that_lacks_only_its_summary_becomes_what_it_was_to_be(void **state)
{
    (void)state;
    static struct skyh_recovery recovery;
    const struct paper_segment *const segment = &station.segment[0];
    const size_t end = group_end(station.group_count - 1);
    uint8_t *const torn = calloc(1, 1U << 20);
    size_t copied = 0;
    assert_non_null(torn);
    for (size_t more = 0; more < 3; more++) {
        memset(torn, 0, 1U << 20);
        memcpy(torn, segment->bytes, end + more * 1000);
        assert_true(skyh_recovery_make(torn, 1U << 20, &recovery));
        uint8_t *const copy = copy_of(&recovery, torn, &copied);
        assert_int_equal(copied, segment->size);
        assert_memory_equal(copy, segment->bytes, copied);
        skyh_recovery_free(&recovery);
        free(copy);
    }
    free(torn);
}

static void damage_becomes_padding_and_is_named(void **state)
{
    (void)state;
    static struct skyh_recovery recovery;
    const struct paper_segment *const segment = &station.segment[0];
    uint8_t *const damaged = malloc(segment->size);
    size_t copied = 0;
    assert_non_null(damaged);
    memcpy(damaged, segment->bytes, segment->size);
    damaged[station.group[4].offset + 600] ^= 1;
    assert_true(skyh_recovery_make(damaged, segment->size, &recovery));
    assert_int_equal(recovery.kind, SKYH_RECOVERY_MADE);
    assert_int_equal(recovery.loss_count, 1);
    assert_int_equal(recovery.loss[0].at, station.group[4].offset);
    assert_int_equal(recovery.loss[0].bytes, station.group[4].count);
    assert_true(recovery.loss[0].has_leaves);
    assert_int_equal(recovery.groups, station.group_count - 1);
    uint8_t *const copy = copy_of(&recovery, damaged, &copied);
    struct sky_mcap_reader pad = {.bytes = copy + station.group[4].offset, .left = copied};
    struct sky_mcap_reader content;
    assert_int_equal(sky_mcap_take_record(&pad, &content), SKY_MCAP_PAD);
    assert_int_equal(content.left + SKY_MCAP_FRAME_BYTES, station.group[4].count);
    run_audit(copy, copied);
    assert_true(audit.altered > 0); /* as the original is */
    skyh_recovery_free(&recovery);
    free(copy);
    free(damaged);
}

static void what_is_closed_stays_and_what_is_nothing_is_left_out(void **state)
{
    (void)state;
    static struct skyh_recovery recovery;
    const struct paper_segment *const segment = &station.segment[0];
    assert_true(skyh_recovery_make(segment->bytes, segment->size, &recovery));
    assert_int_equal(recovery.kind, SKYH_RECOVERY_CLOSED);
    assert_int_equal(recovery.kept, segment->size);
    assert_int_equal(recovery.loss_count, 0);
    assert_true(skyh_recovery_make(segment->bytes, 5000, &recovery));
    assert_int_equal(recovery.kind, SKYH_RECOVERY_NONE);
    assert_true(skyh_recovery_make(NULL, 0, &recovery));
    assert_int_equal(recovery.kind, SKYH_RECOVERY_NONE);
    segment->bytes[300] ^= 1; /* in its preamble */
    assert_true(skyh_recovery_make(segment->bytes, segment->size, &recovery));
    assert_int_equal(recovery.kind, SKYH_RECOVERY_AS_IS);
    assert_int_equal(recovery.kept, segment->size);
    segment->bytes[300] ^= 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_segment_is_closed_behind_its_last_whole_group),
        cmocka_unit_test(what_was_being_written_is_named),
        cmocka_unit_test(a_segment_that_lacks_only_its_summary_becomes_what_it_was_to_be),
        cmocka_unit_test(damage_becomes_padding_and_is_named),
        cmocka_unit_test(what_is_closed_stays_and_what_is_nothing_is_left_out),
    };
    return cmocka_run_group_tests(tests, make_station, free_station);
}
