#include "skyh_audit.h"

#include "sky_paper_audit.h"
#include "sky_resume.h"
#include "sky_segment.h"

enum { SECONDS = 14 };

static struct sky_note_signer signer;
static struct paper_log whole; /* two segments of one run, closed in good order */
static struct paper_view view;
static struct skyh_audit audit;

static void run_audit(const struct sky_note_key *key, struct skyh_held *held)
{
    struct skyh_problem problem;
    const struct skyh_audit_config config = {
        .key = key, .held = held, .held_count = held != NULL ? 1 : 0};
    assert_true(skyh_audit_run(&view.log, &config, &audit, &problem));
}

static bool is_clean(void) { return audit.altered == 0 && audit.torn == 0; }

static void assert_clean(void)
{
    for (size_t i = 0; i < audit.finding_count; i++) {
        fail_msg("%s: %s", audit.finding[i].segment == NULL ? "" : audit.finding[i].segment->file,
                 audit.finding[i].text);
    }
}

static void assert_altered(const char *what)
{
    for (size_t i = 0; i < audit.finding_count; i++) {
        if (audit.finding[i].kind == SKYH_FINDING_ALTERED &&
            strstr(audit.finding[i].text, what) != NULL) {
            return;
        }
    }
    fail_msg("nobody says \"%s\", but (%zu) %s", what, audit.finding_count,
             audit.finding_count > 0 ? audit.finding[0].text : "nothing");
}

/* Seconds first .. last, a group each, with an event and a datagram. */
static void record(struct sky_journal *journal, uint64_t first, uint64_t last, size_t bytes)
{
    const struct sky_utc_estimate utc = {.utc_ns = 5, .state = SKY_CLOCK_NTP};
    for (uint64_t seq = first; seq <= last; seq++) {
        assert_int_equal(paper_datagram(journal, seq, bytes), 0);
        assert_int_equal(paper_event(journal, seq, &utc), 0);
        assert_int_equal(sky_journal_commit(journal, false), 0);
    }
}

static void make_log_of(struct paper_log *log, const struct sky_note_signer *by, size_t bytes,
                        uint64_t seconds)
{
    struct sky_journal *journal;
    struct sky_seal_config seal = paper_seal(by);
    paper_signed_open(log, &seal, 1, &journal);
    record(journal, 1, seconds, bytes);
    assert_int_equal(sky_journal_close(journal), 0);
}

static void make_log(struct paper_log *log, const struct sky_note_signer *by, size_t bytes)
{
    make_log_of(log, by, bytes, SECONDS);
}

static int make_whole(void **state)
{
    (void)state;
    signer = paper_signer("station.example/1", 1);
    make_log(&whole, &signer, 60000);
    return whole.segment_count == 2 ? 0 : -1;
}

static int free_whole(void **state)
{
    (void)state;
    paper_log_free(&whole);
    return 0;
}

static void a_log_in_good_order_is_proven_to_its_last_checkpoint(void **state)
{
    (void)state;
    paper_view_of(&view, &whole);
    run_audit(&signer.key, NULL);
    assert_clean();
    assert_true(audit.is_signed && audit.latest_valid);
    assert_int_equal(audit.runs, 1);
    assert_int_equal(audit.groups, whole.group_count);
    assert_int_equal(audit.signatures, whole.group_count);
    assert_int_equal(audit.span_count, 1);
    assert_int_equal(audit.span[0].first, 0);
    assert_int_equal(audit.span[0].end, audit.leaves);
    assert_int_equal(audit.span[0].in_groups, audit.leaves);
    assert_int_equal(audit.span[0].in_notes, audit.leaves - 1); /* all but the checkpoint itself */
    /* Records, epochs, checkpoints on the way, 2 segments and their last checkpoints. */
    assert_int_equal(audit.leaves, 2 * SECONDS + 4 + 4 + 2 + 2);
    skyh_audit_free(&audit);
}

static void without_a_key_from_elsewhere_the_log_vouches_for_itself(void **state)
{
    (void)state;
    paper_view_of(&view, &whole);
    run_audit(NULL, NULL);
    assert_clean();
    assert_memory_equal(&audit.key, &signer.key, sizeof audit.key);
}

static void an_unsigned_log_has_a_tree_and_nobody_to_vouch(void **state)
{
    (void)state;
    static struct paper_log log;
    make_log(&log, NULL, 100);
    paper_view_of(&view, &log);
    run_audit(NULL, NULL);
    assert_clean();
    assert_false(audit.is_signed);
    assert_int_equal(audit.span[0].end, 2 * SECONDS + 1);
    assert_int_equal(audit.span[0].in_groups, 0);
    run_audit(&signer.key, NULL);
    assert_altered("nothing in it is signed by anybody");
    paper_log_free(&log);
}

static void a_log_that_is_signed_from_a_later_run_on_is_proven_whole(void **state)
{
    (void)state;
    static struct paper_log before, after;
    static struct sky_resume resume;
    struct sky_journal *journal;
    struct sky_seal_config seal = paper_seal(&signer);
    make_log_of(&before, NULL, 100, 3);
    memset(&resume, 0, sizeof resume);
    sky_resume_take(&resume, before.segment[0].bytes, before.segment[0].size);
    seal.tree = resume.tree;
    paper_signed_open(&after, &seal, 2, &journal);
    record(journal, 4, 6, 100);
    assert_int_equal(sky_journal_close(journal), 0);
    paper_view_of(&view, &before);
    paper_view_add(&view, after.segment[0].bytes, after.segment[0].size);
    run_audit(&signer.key, NULL);
    assert_clean();
    assert_int_equal(audit.runs, 2);
    assert_int_equal(audit.span_count, 1);
    assert_int_equal(audit.span[0].in_notes, audit.leaves - 1);
    /* And the other way round it is not: signatures do not end. */
    paper_view_clear(&view);
    paper_view_add(&view, after.segment[0].bytes, after.segment[0].size);
    paper_view_add(&view, before.segment[0].bytes, before.segment[0].size);
    run_audit(&signer.key, NULL);
    assert_altered("names nothing as the log's key");
    paper_log_free(&before);
    paper_log_free(&after);
}

/* True if the log, changed as it is now, is taken for an untouched one. */
static bool passes(const struct paper_log *log)
{
    paper_view_of(&view, log);
    run_audit(&signer.key, NULL);
    return is_clean();
}

static void a_cut_in_either_of_two_segments_is_noticed(void **state)
{
    (void)state;
    paper_view_of(&view, &whole);
    const size_t count = view.segment[1].count;
    for (size_t cut = 1; cut < count; cut += cut < 600 ? 61 : 131071) {
        for (size_t i = 0; i < 2; i++) {
            paper_view_clear(&view);
            for (size_t k = 0; k < 2; k++) {
                paper_view_add(&view, whole.segment[k].bytes,
                               whole.segment[k].size - (k == i ? cut : 0));
            }
            run_audit(&signer.key, NULL);
            if (is_clean()) {
                fail_msg("%zu bytes cut off segment %zu: nothing is noticed", cut, i);
            }
        }
    }
}

static void a_power_cut_in_the_last_segment_is_no_alteration(void **state)
{
    (void)state;
    static uint8_t torn[PAPER_SEGMENT_BYTES_MAX];
    const struct paper_segment *const last = &whole.segment[1];
    for (size_t cut = 0; cut < whole.group[0].count + 8192; cut += 4999) {
        const size_t left = (size_t)whole.group[whole.group_count - 1].offset - cut;
        memset(torn, 0, sizeof torn);
        memcpy(torn, last->bytes, left);
        paper_view_clear(&view);
        paper_view_add(&view, whole.segment[0].bytes, whole.segment[0].size);
        paper_view_add(&view, torn, sizeof torn);
        run_audit(&signer.key, NULL);
        assert_int_equal(audit.altered, 0);
        assert_int_equal(audit.torn, 1);
    }
}

static void segments_that_are_swapped_doubled_or_missing_are_noticed(void **state)
{
    (void)state;
    static const int order[][4] = {{1, 0, -1}, {0, 0, 1, -1}, {0, 1, 1, -1}, {0, 1, 0, -1}};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        paper_view_clear(&view);
        for (size_t k = 0; k < 4 && order[i][k] >= 0; k++) {
            const struct paper_segment *const segment = &whole.segment[order[i][k]];
            paper_view_add(&view, segment->bytes, segment->size);
        }
        run_audit(&signer.key, NULL);
        assert_true(audit.altered > 0);
    }
    paper_view_clear(&view);
    paper_view_add(&view, whole.segment[0].bytes, whole.segment[0].size);
    run_audit(&signer.key, NULL);
    assert_int_equal(audit.altered, 0);
    assert_int_equal(audit.torn, 1); /* the station went on, and the rest is not here */
}

static void a_later_part_of_a_log_is_proven_by_itself(void **state)
{
    (void)state;
    paper_view_clear(&view);
    paper_view_add(&view, whole.segment[1].bytes, whole.segment[1].size);
    run_audit(&signer.key, NULL);
    assert_clean();
    assert_true(audit.span[0].first > 10);
    assert_int_equal(audit.span[0].in_notes, audit.leaves - 1);
}

/* ---- what a forger can do who knows the format ---- */

static void a_forged_record_with_fitting_checksums_is_noticed(void **state)
{
    (void)state;
    static struct paper_log log;
    make_log(&log, &signer, 200);
    uint8_t *const group = log.segment[0].bytes + log.group[4].offset;
    group[9 + SKY_MCAP_GROUP_BYTES + 9 + 40 + 9 + 22 + 60] ^= 1; /* in the first message */
    paper_fit_checksums(&log, 0);
    assert_false(passes(&log));
    assert_altered("the group's records are not those of its tree");
    assert_altered("not signed by the key of epoch");
    paper_log_free(&log);
}

static void groups_that_changed_places_are_noticed(void **state)
{
    (void)state;
    static struct paper_log log;
    static uint8_t other[65536];
    make_log(&log, &signer, 200);
    const struct sky_journal_work *const a = &log.group[6], *const b = &log.group[7];
    uint8_t *const bytes = log.segment[0].bytes;
    assert_true(a->count == b->count && a->count <= sizeof other);
    memcpy(other, bytes + a->offset, a->count);
    memcpy(bytes + a->offset, bytes + b->offset, a->count);
    memcpy(bytes + b->offset, other, a->count);
    paper_fit_checksums(&log, 0);
    assert_false(passes(&log));
    memcpy(bytes + b->offset, bytes + a->offset, a->count); /* one of them twice */
    paper_fit_checksums(&log, 0);
    assert_false(passes(&log));
    paper_log_free(&log);
}

static void a_forged_header_with_fitting_checksums_is_noticed(void **state)
{
    (void)state;
    static const size_t at[] = {12, 16, 32, 40, 48, 56, 64, 68, 72, 92, 96, 104, 136, 168};
    static struct paper_log log;
    make_log(&log, &signer, 200);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        uint8_t *const header = log.segment[0].bytes + log.group[4].offset + 9;
        header[at[i]] ^= 0x10;
        paper_fit_checksums(&log, 0);
        if (passes(&log)) {
            fail_msg("byte %zu of a group's header", at[i]);
        }
        header[at[i]] ^= 0x10;
    }
    paper_fit_checksums(&log, 0);
    assert_true(passes(&log));
    paper_log_free(&log);
}

static void a_forged_index_with_fitting_checksums_is_noticed(void **state)
{
    (void)state;
    static struct paper_log log;
    make_log(&log, &signer, 200);
    uint8_t *const header = log.segment[0].bytes + log.group[4].offset + 9;
    header[SKY_MCAP_GROUP_BYTES + paper_take_u64(header + 80) - 1] ^= 1; /* the last offset */
    paper_fit_checksums(&log, 0);
    assert_false(passes(&log));
    assert_altered("chunk or indexes");
    paper_log_free(&log);
}

/* Schemas are no messages: without the segment's own record nobody would see this. */
static void a_relabelled_schema_is_noticed(void **state)
{
    (void)state;
    static struct paper_log log;
    static const char word[] = "range_m";
    make_log(&log, &signer, 200);
    uint8_t *const bytes = log.segment[0].bytes;
    size_t at = 0, check_at = 8;
    while (memcmp(bytes + at, word, sizeof word - 1) != 0) {
        at++;
    }
    memcpy(bytes + at, "slant_m", sizeof word - 1);
    while (bytes[check_at] != SKY_MCAP_PREAMBLE_CHECK) {
        check_at += 9 + paper_take_u64(bytes + check_at + 1);
    }
    paper_put_u32(bytes + check_at + 9, sky_mcap_crc(bytes, check_at));
    assert_false(passes(&log));
    assert_altered("what each field means");
    paper_log_free(&log);
}

static void a_summary_that_leaves_a_group_out_is_noticed(void **state)
{
    (void)state;
    static struct paper_log log;
    make_log(&log, &signer, 200);
    struct paper_segment *const segment = &log.segment[0];
    uint8_t *const footer = segment->bytes + segment->size - 8 - 20;
    const size_t summary_at = (size_t)paper_take_u64(footer);
    uint8_t *statistics = segment->bytes + summary_at;
    while (statistics[0] != SKY_MCAP_STATISTICS) {
        statistics += 9 + paper_take_u64(statistics + 1);
    }
    statistics[9] ^= 1; /* the number of messages */
    paper_put_u32(footer + 16,
                  sky_mcap_crc(segment->bytes + summary_at, segment->size - 8 - 4 - summary_at));
    assert_false(passes(&log));
    assert_altered("the summary");
    paper_log_free(&log);
}

/* Cut behind an earlier checkpoint, and closed with the summary that a station would write. */
static void a_segment_that_was_cut_and_closed_again_is_noticed(void **state)
{
    (void)state;
    static struct paper_log log;
    static struct sky_segment cut;
    const struct sky_journal_config config = {.segment_bytes = UINT64_C(1) << 20};
    make_log_of(&log, &signer, 200, 8);
    struct paper_segment *const segment = &log.segment[0];
    uint8_t *const room = malloc(sky_segment_room(&config));
    assert_non_null(room);
    memset(&cut, 0, sizeof cut);
    sky_segment_init(&cut, &config, room);
    assert_true(sky_segment_adopt(&cut, 1, segment->bytes, (size_t)log.group[0].offset));
    size_t last = 0;
    for (size_t i = 0; i + 2 < log.group_count; i++) {
        last = log.group[i].note_bytes > 0 ? i : last;
    }
    assert_true(last > 0);
    for (size_t i = 0; i <= last; i++) {
        const uint8_t *const group = segment->bytes + log.group[i].offset;
        sky_segment_add(&cut, group, log.group[i].count, (size_t)paper_take_u64(group + 9 + 80));
    }
    sky_segment_end(&cut);
    memcpy(segment->bytes + cut.offset, cut.summary.bytes, cut.summary.used);
    segment->size = (size_t)cut.offset + cut.summary.used;
    assert_false(passes(&log));
    assert_altered("closed, but not by the station");
    assert_int_equal(audit.altered, 1);
    free(room);
    paper_log_free(&log);
}

/* The present keys sign anything; but not as the log's key, and not as an earlier epoch's. */
static void a_log_that_was_made_again_with_another_key_is_noticed(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_note_signer other = paper_signer("station.example/1", 2);
    make_log(&log, &other, 200);
    assert_false(passes(&log));
    assert_altered("as the log's key, not the one expected");
    assert_altered("not signed by the log's key");
    paper_log_free(&log);
}

static void
a_log_that_was_made_again_with_its_own_key_is_noticed_by_who_holds_a_checkpoint(void **state)
{
    (void)state;
    static struct paper_log log;
    paper_view_of(&view, &whole);
    run_audit(&signer.key, NULL);
    struct skyh_held held = {.name = "a witness", .checkpoint = audit.latest};
    run_audit(&signer.key, &held);
    assert_clean();
    assert_true(held.seen);
    make_log(&log, &signer, 59999); /* the same keys, other records */
    assert_true(passes(&log));
    held.seen = false;
    run_audit(&signer.key, &held);
    assert_altered("another log");
    paper_log_free(&log);
}

static void a_log_that_was_put_back_is_noticed_by_who_holds_a_checkpoint(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    struct sky_seal_config seal = paper_seal(&signer);
    paper_view_of(&view, &whole);
    run_audit(&signer.key, NULL);
    struct skyh_held held = {.name = "a witness", .checkpoint = audit.latest};
    paper_signed_open(&log, &seal, 1, &journal);
    record(journal, 1, 3, 60000);
    assert_int_equal(sky_journal_close(journal), 0);
    assert_true(passes(&log));
    run_audit(&signer.key, &held);
    assert_altered("it was cut or put back");
    paper_log_free(&log);
}

static void an_epoch_that_is_missing_is_noticed(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    struct sky_seal_config seal = paper_seal(&signer);
    paper_view_of(&view, &whole);
    run_audit(&signer.key, NULL);
    /* The log was put back to this; the station's own state was not. */
    seal.epoch += 7;
    seal.tree.size = 0;
    paper_signed_open(&log, &seal, 9, &journal);
    record(journal, 1, 3, 100);
    assert_int_equal(sky_journal_close(journal), 0);
    paper_view_add(&view, log.segment[0].bytes, log.segment[0].size);
    run_audit(&signer.key, NULL);
    assert_altered("are missing: the log was cut or put back before");
    paper_log_free(&log);
}

static void groups_of_a_failed_segment_keep_their_leaves_and_signatures(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    struct sky_seal_config seal = paper_seal(&signer);
    paper_signed_open(&log, &seal, 1, &journal);
    record(journal, 1, 4, 300);
    /* Groups 2 and 3 did not become durable. */
    uint8_t *lost[2];
    const struct paper_segment *const failed = &log.segment[0];
    for (size_t i = 0; i < 2; i++) {
        lost[i] = malloc(log.group[2 + i].count);
        assert_non_null(lost[i]);
        memcpy(lost[i], failed->bytes + log.group[2 + i].offset, log.group[2 + i].count);
    }
    const size_t count[] = {log.group[2].count, log.group[3].count};
    const size_t left = (size_t)log.group[2].offset;
    assert_int_equal(sky_journal_skip_segment(journal), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sky_journal_again(journal, lost[i], count[i]), 0);
        free(lost[i]);
    }
    record(journal, 5, 6, 300);
    assert_int_equal(sky_journal_close(journal), 0);
    memset(failed->bytes + left, 0, failed->size - left);
    paper_view_of(&view, &log);
    run_audit(&signer.key, NULL);
    assert_int_equal(audit.altered, 0);
    assert_int_equal(audit.torn, 1); /* the failed segment, which was not closed */
    assert_int_equal(audit.span_count, 1);
    assert_int_equal(audit.span[0].end, audit.leaves);
    paper_log_free(&log);
}

/* A segment that got nothing but groups of the one before it, and was then closed. */
static void a_segment_of_groups_written_again_says_what_it_is_before_it_ends(void **state)
{
    (void)state;
    static struct paper_log log;
    struct sky_journal *journal;
    struct sky_seal_config seal = paper_seal(&signer);
    paper_signed_open(&log, &seal, 1, &journal);
    record(journal, 1, 2, 300);
    assert_int_equal(sky_journal_skip_segment(journal), 0);
    assert_int_equal(sky_journal_close(journal), 0);
    paper_view_of(&view, &log);
    run_audit(&signer.key, NULL);
    assert_int_equal(audit.altered, 0);
    assert_int_equal(audit.torn, 1);
    paper_log_free(&log);
}

static void damage_in_one_group_leaves_the_later_segments_proven(void **state)
{
    (void)state;
    static struct paper_log log;
    make_log(&log, &signer, 60000);
    assert_int_equal(log.segment_count, 2);
    log.segment[0].bytes[log.group[2].offset + 5000] ^= 1;
    assert_false(passes(&log));
    /* Before it; behind it in its segment, where nothing hangs on the tree; the next segment. */
    struct sky_mcap_group header;
    const uint8_t *const group = log.segment[0].bytes + log.group[2].offset;
    assert_null(sky_mcap_read_group(group, log.group[2].count, &header));
    assert_int_equal(audit.span_count, 3);
    assert_int_equal(audit.span[0].first, 0);
    assert_int_equal(audit.span[0].end, header.tree_size - header.message_count);
    assert_true(audit.span[1].loose);
    assert_int_equal(audit.span[1].first, header.tree_size);
    assert_int_equal(audit.span[1].in_groups, audit.span[1].end);
    assert_int_equal(audit.span[2].first, audit.span[1].end);
    assert_int_equal(audit.span[2].in_notes, audit.leaves - 1);
    char missing[64];
    (void)snprintf(missing, sizeof missing, "records %d to %d are damaged or missing",
                   (int)audit.span[0].end, (int)audit.span[1].first - 1);
    assert_altered(missing);
    paper_log_free(&log);
}

/* The power went while it was made. The same where records were would hide them, and does not. */
static void a_segment_that_was_never_begun_is_no_alteration(void **state)
{
    (void)state;
    static uint8_t bytes[1 << 20];
    static const size_t kept[] = {0, 1, 512, 100000};
    assert_true(whole.group[0].offset <= SKY_SEGMENT_PREAMBLE_MAX);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, whole.segment[1].bytes, kept[i]);
        paper_view_clear(&view);
        paper_view_add(&view, whole.segment[0].bytes, whole.segment[0].size);
        paper_view_add(&view, bytes, sizeof bytes);
        paper_view_add(&view, whole.segment[1].bytes, whole.segment[1].size);
        run_audit(&signer.key, NULL);
        assert_int_equal(audit.altered, 0);
        assert_int_equal(audit.torn, 1);
    }
    bytes[SKY_SEGMENT_PREAMBLE_MAX] = 1; /* something was there */
    run_audit(&signer.key, NULL);
    assert_altered("");
}

static void a_segment_that_was_wiped_is_noticed(void **state)
{
    (void)state;
    static struct paper_log log;
    make_log_of(&log, &signer, 60000, 30);
    assert_true(log.segment_count > 2);
    memset(log.segment[1].bytes, 0, log.segment[1].size);
    assert_false(passes(&log));
    assert_altered("the run are missing");
    paper_log_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_in_good_order_is_proven_to_its_last_checkpoint),
        cmocka_unit_test(without_a_key_from_elsewhere_the_log_vouches_for_itself),
        cmocka_unit_test(an_unsigned_log_has_a_tree_and_nobody_to_vouch),
        cmocka_unit_test(a_log_that_is_signed_from_a_later_run_on_is_proven_whole),
        cmocka_unit_test(a_cut_in_either_of_two_segments_is_noticed),
        cmocka_unit_test(a_power_cut_in_the_last_segment_is_no_alteration),
        cmocka_unit_test(segments_that_are_swapped_doubled_or_missing_are_noticed),
        cmocka_unit_test(a_later_part_of_a_log_is_proven_by_itself),
        cmocka_unit_test(a_forged_record_with_fitting_checksums_is_noticed),
        cmocka_unit_test(groups_that_changed_places_are_noticed),
        cmocka_unit_test(a_forged_header_with_fitting_checksums_is_noticed),
        cmocka_unit_test(a_forged_index_with_fitting_checksums_is_noticed),
        cmocka_unit_test(a_relabelled_schema_is_noticed),
        cmocka_unit_test(a_summary_that_leaves_a_group_out_is_noticed),
        cmocka_unit_test(a_segment_that_was_cut_and_closed_again_is_noticed),
        cmocka_unit_test(a_log_that_was_made_again_with_another_key_is_noticed),
        cmocka_unit_test(
            a_log_that_was_made_again_with_its_own_key_is_noticed_by_who_holds_a_checkpoint),
        cmocka_unit_test(a_log_that_was_put_back_is_noticed_by_who_holds_a_checkpoint),
        cmocka_unit_test(an_epoch_that_is_missing_is_noticed),
        cmocka_unit_test(groups_of_a_failed_segment_keep_their_leaves_and_signatures),
        cmocka_unit_test(a_segment_of_groups_written_again_says_what_it_is_before_it_ends),
        cmocka_unit_test(damage_in_one_group_leaves_the_later_segments_proven),
        cmocka_unit_test(a_segment_that_was_never_begun_is_no_alteration),
        cmocka_unit_test(a_segment_that_was_wiped_is_noticed),
    };
    return cmocka_run_group_tests(tests, make_whole, free_whole);
}
