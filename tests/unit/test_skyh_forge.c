/*
 * Every rule of the audit by itself: the station's own keys make a log in which one thing is wrong
 * and everything else fits, so that only the rule against that thing can see it.
 */
#include "sky_group.h"
#include "sky_paper_forge.h"
#include "sky_resume.h"
#include "skyh_audit.h"

enum { SECONDS = 14, RECORD_BYTES = 200, MIDDLE = 5 };

static struct sky_note_signer signer;
static struct paper_log log_;
static struct paper_view view;
static struct skyh_audit audit;

static void record(struct sky_journal *journal, uint64_t first, uint64_t last, size_t bytes)
{
    const struct sky_utc_estimate utc = {.utc_ns = 5, .state = SKY_CLOCK_NTP};
    for (uint64_t seq = first; seq <= last; seq++) {
        assert_int_equal(paper_datagram(journal, seq, bytes), 0);
        assert_int_equal(paper_event(journal, seq, &utc), 0);
        assert_int_equal(sky_journal_commit(journal, false), 0);
    }
}

static void make_log(struct paper_log *log, const struct sky_note_signer *by, size_t bytes)
{
    struct sky_journal *journal;
    const struct sky_seal_config seal = paper_seal(by);
    paper_signed_open(log, &seal, 1, &journal);
    record(journal, 1, SECONDS, bytes);
    assert_int_equal(sky_journal_close(journal), 0);
}

static int make_signer(void **state)
{
    (void)state;
    signer = paper_signer("station.example/1", 1);
    return 0;
}

static int free_log(void **state)
{
    (void)state;
    paper_log_free(&log_);
    memset(&log_, 0, sizeof log_);
    return 0;
}

static void run_audit(const struct sky_note_key *key, struct skyh_held *held, size_t held_count)
{
    struct skyh_problem problem;
    const struct skyh_audit_config config = {.key = key, .held = held, .held_count = held_count};
    assert_true(skyh_audit_run(&view.log, &config, &audit, &problem));
}

static void audit_log(const struct sky_note_key *key)
{
    paper_view_of(&view, &log_);
    run_audit(key, NULL, 0);
}

static void assert_clean(void)
{
    for (size_t i = 0; i < audit.finding_count; i++) {
        fail_msg("%s", audit.finding[i].text);
    }
}

static bool says(enum skyh_finding_kind kind, const char *what)
{
    for (size_t i = 0; i < audit.finding_count; i++) {
        if (audit.finding[i].kind == kind && strstr(audit.finding[i].text, what) != NULL) {
            return true;
        }
    }
    return false;
}

static void assert_says(enum skyh_finding_kind kind, const char *what)
{
    if (!says(kind, what)) {
        fail_msg("nobody says \"%s\", but (%zu) %s", what, audit.finding_count,
                 audit.finding_count > 0 ? audit.finding[0].text : "nothing");
    }
}

static void assert_altered(const char *what) { assert_says(SKYH_FINDING_ALTERED, what); }

/* Nothing else is wrong. */
static void assert_altered_only(const char *what)
{
    assert_altered(what);
    assert_int_equal(audit.torn, 0);
    for (size_t i = 0; i < audit.finding_count; i++) {
        if (strstr(audit.finding[i].text, what) == NULL) {
            fail_msg("besides \"%s\": %s", what, audit.finding[i].text);
        }
    }
}

typedef void change(struct forge *forge, enum forge_part part, size_t group, void *thing);

static struct forge forger;

static void begin_forging(change *how, size_t at)
{
    memset(&forger, 0, sizeof forger);
    forger.log = &log_;
    forger.signer = signer;
    forger.seal = paper_seal(&signer);
    forger.change = how;
    forger.at = at;
}

/* Makes the log, with so many bytes in each record, and makes the change fit. */
static void forge_of(change *how, size_t at, size_t bytes)
{
    begin_forging(how, at);
    make_log(&log_, &signer, bytes);
    forge_log(&forger);
    audit_log(&signer.key);
}

static void forge(change *how, size_t at) { forge_of(how, at, RECORD_BYTES); }

/* The first group from `from` on that ends with a checkpoint. */
static size_t checkpoint_from(size_t from)
{
    while (log_.group[from].note_bytes == 0) {
        from++;
    }
    return from;
}

/* ---- the forger itself ---- */

static void a_log_that_is_made_to_fit_without_a_change_is_the_same(void **state)
{
    (void)state;
    static struct paper_log whole;
    make_log(&whole, &signer, 60000);
    forge_of(NULL, 0, 60000);
    assert_clean();
    assert_int_equal(log_.segment_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(log_.segment[i].size, whole.segment[i].size);
        assert_memory_equal(log_.segment[i].bytes, whole.segment[i].bytes, whole.segment[i].size);
    }
    paper_log_free(&whole);
}

/* ---- epochs ---- */

/* Every epoch behind this one is called by the number after its own. */
static void skip_a_number(struct forge *forge, enum forge_part part, size_t group, void *thing)
{
    (void)group;
    uint32_t *const number = part == FORGE_EPOCH    ? &((struct sky_epoch *)thing)->number
                             : part == FORGE_HEADER ? &((struct sky_mcap_group *)thing)->epoch
                             : part == FORGE_SEGMENT
                                 ? &((struct sky_own_segment *)thing)->epoch.number
                                 : NULL;
    if (number != NULL) {
        *number += *number > forge->at;
    }
}

static void an_epoch_whose_number_does_not_follow_is_noticed(void **state)
{
    (void)state;
    forge(skip_a_number, 4);
    assert_altered_only("epoch 6 follows epoch 4");
    assert_int_equal(audit.altered, 1);
}

static void name_another_epoch_key(struct forge *forge, enum forge_part part, size_t group,
                                   void *thing)
{
    if (part == FORGE_EPOCH && group > forge->at) {
        ((struct sky_epoch *)thing)->key[3] ^= 1;
        forge->at = SIZE_MAX;
    }
}

static void an_epoch_key_that_was_not_announced_is_noticed(void **state)
{
    (void)state;
    forge(name_another_epoch_key, 1);
    assert_altered_only("not signed by the key of epoch 5");
}

static void change_the_segments_epoch_key(struct forge *forge, enum forge_part part, size_t group,
                                          void *thing)
{
    struct sky_own_segment *const own = thing;
    if (part == FORGE_SEGMENT && group > 0) {
        own->epoch.key[0] ^= (uint8_t)(forge->at == 0);
        own->epoch.number -= forge->at == 1;
        own->epoch.number += forge->at == 2;
    }
}

static void a_segment_that_names_another_epoch_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        forge_of(change_the_segments_epoch_key, i, 60000);
        assert_altered(i < 2 ? "is not the one that was announced"
                             : "are missing: the log was cut or put back before");
        (void)free_log(state);
    }
}

static void sign_with_another_epoch(struct forge *forge, enum forge_part part, size_t group,
                                    void *thing)
{
    struct sky_mcap_group *const header = thing;
    if (part == FORGE_HEADER && group == forge->at) {
        header->epoch--;
    }
}

static void a_group_of_another_epoch_is_noticed(void **state)
{
    (void)state;
    forge(sign_with_another_epoch, MIDDLE);
    assert_altered_only("not signed by the key of epoch");
    assert_int_equal(audit.altered, 1);
    assert_int_equal(audit.signatures, audit.groups - 1);
}

static void spoil_the_signature(struct forge *forge, enum forge_part part, size_t group,
                                void *thing)
{
    if (part == FORGE_SEALED && group == forge->at) {
        ((struct sky_mcap_group *)thing)->signature[63] ^= 1;
    }
}

static void a_group_with_another_signature_is_noticed(void **state)
{
    (void)state;
    forge(spoil_the_signature, MIDDLE);
    assert_altered_only("not signed by the key of epoch");
    assert_int_equal(audit.altered, 1);
}

/* ---- segments ---- */

static void change_the_segments_tree(struct forge *forge, enum forge_part part, size_t group,
                                     void *thing)
{
    struct sky_own_segment *const own = thing;
    if (part == FORGE_SEGMENT && group > 0) {
        own->tree.frontier[0].bytes[7] ^= (uint8_t)(forge->at == 0);
        own->tree.frontier[1].bytes[7] ^= (uint8_t)(forge->at == 1);
    }
}

static void a_segment_whose_tree_is_not_that_of_the_records_before_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        forge_of(change_the_segments_tree, i, 60000);
        assert_altered("records does not go on here, but at");
        assert_altered("the group's records are not those of its tree");
        (void)free_log(state);
    }
}

static void resize_the_segments_tree(struct forge *forge, enum forge_part part, size_t group,
                                     void *thing)
{
    struct sky_own_segment *const own = thing;
    if (part == FORGE_SEGMENT && group > 0) { /* as many subtrees, of other sizes */
        const uint64_t low = own->tree.size & (~own->tree.size + 1);
        own->tree.size += forge->at == 0 ? low : 0;
        own->tree.size -= forge->at == 1 ? low / 2 : 0;
        if (sky_merkle_frontier_count(own->tree.size) !=
            sky_merkle_frontier_count(forge->tree.size)) {
            own->tree.size = forge->tree.size;
            own->tree.frontier[0].bytes[0] ^= 1;
        }
    }
}

static void a_segment_whose_tree_is_of_another_size_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        forge_of(resize_the_segments_tree, i, 60000);
        assert_true(audit.altered > 0);
        (void)free_log(state);
    }
}

static void change_the_preambles_hash(struct forge *forge, enum forge_part part, size_t group,
                                      void *thing)
{
    if (part == FORGE_SEGMENT && group >= forge->at) {
        ((struct sky_own_segment *)thing)->preamble.bytes[31] ^= 1;
    }
}

static void a_segment_with_another_beginning_than_recorded_is_noticed(void **state)
{
    (void)state;
    forge(change_the_preambles_hash, 0);
    assert_altered_only("with what each field means, is not what was recorded");
    assert_int_equal(audit.altered, 1);
}

static void change_the_segments_number(struct forge *forge, enum forge_part part, size_t group,
                                       void *thing)
{
    if (part == FORGE_SEGMENT && group == 0) {
        ((struct sky_own_segment *)thing)->number = forge->at;
    }
}

static void a_segment_that_says_it_is_another_is_noticed(void **state)
{
    (void)state;
    forge(change_the_segments_number, 2); /* one that is yet to come */
    assert_altered("a record of segment 2 stands before that segment");
    assert_altered("no record of this segment is in it");
    assert_int_equal(audit.altered, 2);
    (void)free_log(state);
    forge(change_the_segments_number, 0); /* one that is not here: it may have been given up */
    assert_altered_only("no record of this segment is in it");
}

static void name_no_epoch(struct forge *forge, enum forge_part part, size_t group, void *thing)
{
    if (part == FORGE_SEGMENT && group >= forge->at) {
        ((struct sky_own_segment *)thing)->is_signed = false;
    }
}

static void a_segment_of_a_signed_log_that_names_no_epoch_is_noticed(void **state)
{
    (void)state;
    forge_of(name_no_epoch, 1, 60000);
    assert_altered_only("the groups of a signed log are not signed");
    assert_int_equal(audit.altered, 1);
}

static void segments_that_are_not_in_their_order_are_noticed(void **state)
{
    (void)state;
    make_log(&log_, &signer, 60000);
    paper_view_clear(&view);
    for (size_t i = 0; i < 2; i++) {
        paper_view_add(&view, log_.segment[1 - i].bytes, log_.segment[1 - i].size);
    }
    run_audit(&signer.key, NULL, 0);
    assert_altered("segment 1 comes after segment 2");
}

/* ---- groups ---- */

static void resize_the_tree(struct forge *forge, enum forge_part part, size_t group, void *thing)
{
    struct sky_mcap_group *const header = thing;
    if (part == FORGE_HEADER && group == forge->at % 100) {
        header->tree_size += forge->at < 100;
        header->root.bytes[0] ^= (uint8_t)(forge->at >= 100);
    }
}

static void a_group_of_another_tree_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        forge(resize_the_tree, MIDDLE + 100 * i);
        assert_altered("the group's records are not those of its tree");
        (void)free_log(state);
    }
}

/* A checkpoint proves what was before it, even in a group whose header says something else. */
static void what_a_checkpoint_proves_stays_proven_in_a_group_of_another_tree(void **state)
{
    (void)state;
    make_log(&log_, &signer, RECORD_BYTES);
    const size_t with_note = checkpoint_from(MIDDLE);
    (void)free_log(state);
    forge(resize_the_tree, with_note + 100);
    assert_altered("the group's records are not those of its tree");
    assert_int_equal(audit.span[0].end, audit.span[0].in_notes);
    assert_int_equal(audit.span[0].in_notes, audit.latest.size);
    assert_true(audit.span_count == 1 || audit.span[1].first > audit.span[0].end);
}

static void turn_time_back(struct forge *forge, enum forge_part part, size_t group, void *thing)
{
    struct sky_mcap_group *const header = thing;
    if (part == FORGE_HEADER && group == forge->at % 100) {
        header->boottime_ns -= forge->at < 100 ? 2 * SKY_SECOND_NS : 0;
        header->last_seq -= forge->at < 100 ? 0 : 2;
    }
}

static void a_group_whose_time_or_count_goes_back_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        forge(turn_time_back, MIDDLE + 100 * i);
        assert_altered_only("the station's time or count goes back");
        assert_int_equal(audit.altered, 1);
        (void)free_log(state);
    }
}

static void leave_a_number_out(struct forge *forge, enum forge_part part, size_t group, void *thing)
{
    if (part == FORGE_HEADER && group >= forge->at) {
        ((struct sky_mcap_group *)thing)->group_seq++;
    }
}

static void a_number_that_is_left_out_is_noticed(void **state)
{
    (void)state;
    forge(leave_a_number_out, MIDDLE);
    assert_altered("groups 6 to 6 of the run are missing");
    (void)free_log(state);
    forge_of(leave_a_number_out, 11, 60000);
    assert_altered("of the run are missing");
}

/* The first record's log_time, and so its chunk's and its index's, is later than those behind. */
static void a_log_time_that_goes_back_is_noticed(void **state)
{
    (void)state;
    begin_forging(NULL, 0);
    make_log(&log_, &signer, RECORD_BYTES);
    struct paper_segment *const segment = &log_.segment[0];
    uint8_t *const chunk =
        segment->bytes + log_.group[MIDDLE].offset + 2 * 9 + SKY_MCAP_GROUP_BYTES;
    uint8_t *const record_time = chunk + SKY_MCAP_CHUNK_HEAD_BYTES + SKY_MCAP_FRAME_BYTES + 6;
    assert_memory_equal(chunk, record_time, 8);
    record_time[7] ^= 0x20;
    forge_log(&forger);
    audit_log(&signer.key);
    assert_altered("the log's time goes back between its records");
}

/* ---- the end ---- */

static void clear_flags(struct forge *forge, enum forge_part part, size_t group, void *thing)
{
    if (part == FORGE_HEADER && group + 1 == forge->log->group_count) {
        ((struct sky_mcap_group *)thing)->flags &= ~(uint32_t)forge->at;
    }
}

static void a_closed_segment_whose_last_group_does_not_say_so_is_noticed(void **state)
{
    (void)state;
    forge(clear_flags, SKY_MCAP_GROUP_ENDS_SEGMENT);
    assert_altered_only("closed, but not by the station");
    (void)free_log(state);
    forge(clear_flags, SKY_MCAP_GROUP_ENDS_RUN);
    assert_int_equal(audit.altered, 0);
    assert_int_equal(audit.torn, 1);
    assert_says(SKYH_FINDING_TORN, "the run goes on behind the last segment");
}

/* Two runs; the first was killed, the second's end is elsewhere: both are said. */
static void an_end_that_is_elsewhere_is_said_behind_a_run_that_broke_off(void **state)
{
    (void)state;
    static struct paper_log second;
    static struct sky_resume resume;
    struct sky_journal *journal;
    struct sky_journal *killed;
    struct sky_seal_config seal = paper_seal(&signer);
    paper_signed_open(&log_, &seal, 1, &killed);
    record(killed, 1, 3, RECORD_BYTES);
    sky_resume_take(&resume, log_.segment[0].bytes, log_.segment[0].size);
    seal.tree = resume.tree;
    assert_int_equal(log_.group_count, 3);
    sky_epoch_evolve(seal.epoch_seed); /* the run's first group ended one */
    seal.epoch++;
    paper_signed_open(&second, &seal, 2, &journal);
    record(journal, 4, 20, 60000);
    assert_int_equal(sky_journal_close(journal), 0);
    assert_true(second.segment_count >= 2);
    paper_view_clear(&view);
    paper_view_add(&view, log_.segment[0].bytes, log_.segment[0].size);
    paper_view_add(&view, second.segment[0].bytes, second.segment[0].size);
    run_audit(&signer.key, NULL, 0);
    assert_int_equal(audit.altered, 0);
    assert_int_equal(audit.torn, 2);
    assert_int_equal(audit.runs, 2);
    assert_says(SKYH_FINDING_TORN, "the run goes on behind the last segment");
    assert_int_equal(sky_journal_close(killed), 0);
    paper_log_free(&second);
}

/* ---- checkpoints ---- */

static void change_a_checkpoint(struct forge *forge, enum forge_part part, size_t group,
                                void *thing)
{
    struct sky_checkpoint *const checkpoint = thing;
    if (part != FORGE_CHECKPOINT || group + 1 == forge->log->group_count) {
        return;
    }
    checkpoint->size += forge->at == 0;
    checkpoint->root.bytes[5] ^= (uint8_t)(forge->at == 1);
    checkpoint->origin[0] ^= (char)(forge->at == 2);
}

static void a_checkpoint_of_other_records_or_of_another_log_is_noticed(void **state)
{
    (void)state;
    static const char *const words[] = {"a checkpoint that is not of the records before it",
                                        "a checkpoint that is not of the records before it",
                                        "a checkpoint that is of another log"};
    for (size_t i = 0; i < 3; i++) {
        forge(change_a_checkpoint, i);
        assert_altered_only(words[i]);
        assert_int_equal(audit.checkpoints, 1); /* the last one */
        (void)free_log(state);
    }
}

static void spoil_a_note(struct forge *forge, enum forge_part part, size_t group, void *thing)
{
    char *const text = thing;
    (void)group;
    if (part != FORGE_NOTE) {
        return;
    }
    const size_t used = strlen(text);
    char *const size = strchr(text, '\n') + 1;
    switch (forge->at) {
    case 0: /* the signature: 88 base64 digits, of which the last but two are full */
        text[used - 10] = text[used - 10] == 'A' ? 'B' : 'A';
        break;
    case 1:
        text[used - 1] = ' ';
        break;
    case 2:
        size[0] = '0'; /* a number with a zero in front, or none */
        size[1] = 'x';
        break;
    default: /* somebody else's name below it: nobody that is known signed */
        text[used - 100] ^= 1;
        break;
    }
}

static void a_checkpoint_that_is_malformed_or_not_signed_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        forge(spoil_a_note, i);
        assert_altered_only("a checkpoint that is");
        assert_false(audit.latest_valid);
        assert_int_equal(audit.checkpoints, 0);
        if (i == 0) {
            assert_altered_only("a checkpoint that is not signed by the log's key");
        }
        (void)free_log(state);
    }
}

/* The very sizes, one by one: whoever holds a checkpoint of any of them is answered. */
static void a_checkpoint_of_any_size_is_compared(void **state)
{
    (void)state;
    static struct paper_log other;
    make_log(&log_, &signer, RECORD_BYTES);
    audit_log(&signer.key);
    const uint64_t leaves = audit.leaves;
    make_log(&other, &signer, RECORD_BYTES - 1); /* from the first record on */
    for (uint64_t size = 0; size <= leaves + 1; size++) {
        struct skyh_held held = {.name = "a witness", .checkpoint = {.size = size}};
        paper_view_of(&view, &log_);
        run_audit(&signer.key, &held, 1);
        assert_true(held.seen == (size <= leaves));
        assert_altered(size <= leaves ? "are not those of a witness: another log"
                                      : "it was cut or put back");
        assert_int_equal(audit.altered, 1);
    }
    paper_log_free(&other);
}

/* Two held at once, and the same two held against another log afterwards. */
static void what_was_seen_in_one_log_is_looked_for_in_the_next(void **state)
{
    (void)state;
    static struct paper_log other;
    make_log(&log_, &signer, RECORD_BYTES);
    audit_log(&signer.key);
    struct skyh_held held[2] = {{.name = "nobody", .checkpoint = {.size = 0}},
                                {.name = "a witness", .checkpoint = audit.latest}};
    held[0].checkpoint.root = sky_sha(NULL, 0);
    run_audit(&signer.key, held, 2);
    assert_clean();
    assert_true(held[0].seen && held[1].seen);
    make_log(&other, &signer, RECORD_BYTES - 1);
    paper_view_of(&view, &other);
    run_audit(&signer.key, held, 2);
    assert_altered_only("are not those of a witness: another log");
    paper_log_free(&other);
}

/* ---- logs that nobody signs ---- */

static void a_signature_in_a_log_that_names_no_key_is_noticed(void **state)
{
    (void)state;
    static const size_t at[] = {92, 168, 231};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        uint32_t previous = 0;
        make_log(&log_, NULL, RECORD_BYTES);
        audit_log(NULL);
        assert_clean();
        for (size_t k = 0; k < log_.group_count; k++) {
            uint8_t *const header = log_.segment[0].bytes + log_.group[k].offset + 9;
            header[at[i]] ^= (uint8_t)(k == MIDDLE);
            paper_put_u32(header + 240, previous);
            previous = sky_mcap_crc(header, SKY_MCAP_GROUP_BYTES - 4);
            paper_put_u32(header + 244, previous);
        }
        audit_log(NULL);
        assert_altered_only("a signed group in a log that names no key");
        assert_int_equal(audit.altered, 1);
        (void)free_log(state);
    }
}

/* The chunk's own checksum, which stock readers go by; the group's fits it. */
static void a_chunk_with_another_checksum_is_noticed(void **state)
{
    (void)state;
    uint32_t previous = 0;
    make_log(&log_, NULL, RECORD_BYTES);
    for (size_t i = 0; i < log_.group_count; i++) {
        uint8_t *const header = log_.segment[0].bytes + log_.group[i].offset + 9;
        uint8_t *const body = header + SKY_MCAP_GROUP_BYTES;
        body[9 + 24] ^= (uint8_t)(i == MIDDLE);
        paper_put_u32(header + 88, sky_mcap_crc(body, (size_t)paper_take_u64(header + 80)));
        paper_put_u32(header + 240, previous);
        previous = sky_mcap_crc(header, SKY_MCAP_GROUP_BYTES - 4);
        paper_put_u32(header + 244, previous);
    }
    audit_log(NULL);
    assert_altered("the group's chunk or indexes are not those of its messages");
    assert_false(says(SKYH_FINDING_ALTERED, "tree"));
}

/* ---- runs ---- */

/* Two runs of one boot, or of two; the second continues the first's tree. */
static void make_two_runs(struct paper_log *second, uint64_t first_second, const char *boot_id)
{
    static struct sky_resume resume;
    struct sky_journal *journal;
    struct sky_seal_config seal = paper_seal(NULL);
    make_log(&log_, NULL, RECORD_BYTES);
    memset(&resume, 0, sizeof resume);
    sky_resume_take(&resume, log_.segment[0].bytes, log_.segment[0].size);
    seal.tree = resume.tree;
    memset(second, 0, sizeof *second);
    second->sink.work = paper_work;
    second->fail_after = -1;
    struct sky_journal_config config = {.segment_bytes = UINT64_C(1) << 20,
                                        .first_segment = 2,
                                        .group_bytes = 65536,
                                        .software = "paper 1",
                                        .seal = &seal};
    (void)snprintf(config.boot_id, sizeof config.boot_id, "%s", boot_id);
    assert_int_equal(sky_journal_open(&config, &second->sink, &journal), 0);
    record(journal, first_second, first_second + 2, RECORD_BYTES);
    assert_int_equal(sky_journal_close(journal), 0);
    paper_view_of(&view, &log_);
    paper_view_add(&view, second->segment[0].bytes, second->segment[0].size);
    run_audit(NULL, NULL, 0);
}

static void time_that_goes_back_between_two_runs_of_one_boot_is_noticed(void **state)
{
    (void)state;
    static struct paper_log second;
    static const char same[] = "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab";
    static const char other[] = "7f1a1d5e-0c3b-4a58-9d6e-0123456789ac";
    make_two_runs(&second, 2, same);
    assert_altered_only("the station's time goes back between two runs of one boot");
    paper_log_free(&second);
    (void)free_log(state);
    make_two_runs(&second, SECONDS, same); /* the same instant is none */
    assert_clean();
    assert_int_equal(audit.runs, 2);
    paper_log_free(&second);
    (void)free_log(state);
    make_two_runs(&second, 2, other);
    assert_clean();
    assert_int_equal(audit.runs, 2);
    paper_log_free(&second);
}

static void a_run_without_its_beginning_is_noticed(void **state)
{
    (void)state;
    static struct paper_log second;
    make_two_runs(&second, 2, "7f1a1d5e-0c3b-4a58-9d6e-0123456789ac");
    uint8_t *const group = second.segment[0].bytes + second.group[0].offset;
    group[0] ^= 1;
    run_audit(NULL, NULL, 0);
    assert_altered("a run whose beginning is missing: its group 2");
    assert_int_equal(audit.runs, 1);
    paper_log_free(&second);
}

/* ---- what is behind damage ---- */

/* Flips a bit of the group's body, or of its padding, and audits. */
static void damage(size_t group, bool in_padding)
{
    struct sky_mcap_group header;
    uint8_t *const at = log_.segment[0].bytes + log_.group[group].offset;
    assert_null(sky_mcap_read_group(at, log_.group[group].count, &header));
    const size_t body_at = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES;
    at[in_padding ? body_at + (size_t)header.body_bytes + 20 : body_at + 60] ^= 1;
    audit_log(&signer.key);
}

static void damage_that_takes_no_record_makes_none_missing(void **state)
{
    (void)state;
    make_log(&log_, &signer, RECORD_BYTES);
    damage(MIDDLE, true);
    assert_altered("padding is not what was written");
    assert_false(says(SKYH_FINDING_ALTERED, "missing"));
    assert_int_equal(audit.span_count, 2);
    assert_int_equal(audit.span[1].first, audit.span[0].end);
}

static void a_checkpoint_of_what_is_damaged_cannot_be_compared(void **state)
{
    (void)state;
    struct skyh_held held = {.name = "a witness"};
    make_log(&log_, &signer, RECORD_BYTES);
    damage(MIDDLE, false);
    held.checkpoint.size = audit.span[0].end + 1;
    run_audit(&signer.key, &held, 1);
    assert_altered("a witness cannot be compared");
    assert_false(held.seen);
}

/* The tree is not known there, so nothing can be said of a checkpoint, for or against it. */
static void checkpoints_behind_damage_are_not_judged(void **state)
{
    (void)state;
    make_log(&log_, &signer, RECORD_BYTES);
    const size_t first = checkpoint_from(0);
    assert_true(checkpoint_from(first + 2) < log_.group_count);
    damage(first + 1, false);
    assert_int_equal(audit.checkpoints, 1);
    assert_int_equal(audit.latest.size, audit.span[0].in_notes);
    assert_true(audit.latest.size < audit.span[0].end);
    for (size_t i = 0; i < audit.finding_count; i++) {
        assert_null(strstr(audit.finding[i].text, "a checkpoint that is"));
    }
}

/* Two groups behind damage that say they hold records which were seen before, or more than all. */
static void a_group_behind_damage_that_says_it_was_before_is_noticed(void **state)
{
    (void)state;
    static const uint64_t tree_size[] = {7, 1};
    for (size_t i = 0; i < 2; i++) {
        struct sky_mcap_buffer out;
        struct sky_mcap_group header;
        make_log(&log_, NULL, RECORD_BYTES);
        uint8_t *const at = log_.segment[0].bytes + log_.group[MIDDLE + 1].offset;
        assert_null(sky_mcap_read_group(at, log_.group[MIDDLE + 1].count, &header));
        header.tree_size = tree_size[i];
        out = (struct sky_mcap_buffer){.bytes = at,
                                       .capacity = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES};
        sky_mcap_put_group(&out, &header);
        damage(MIDDLE, false);
        assert_altered("the group's records are not behind those before it");
        assert_true(audit.leaves > 20); /* the groups behind it have their places */
        (void)free_log(state);
    }
}

static uint64_t leaf_next;
static uint64_t leaf_count;

static void count_leaf(void *context, const struct skyh_log_item *item, uint64_t index,
                       const uint8_t *salt)
{
    (void)context;
    (void)item;
    assert_non_null(salt);
    assert_true(index >= leaf_next);
    leaf_next = index + 1;
    leaf_count++;
}

static void leaves_are_handed_out_where_the_tree_is_known(void **state)
{
    (void)state;
    struct skyh_problem problem;
    const struct skyh_audit_config config = {
        .key = &signer.key, .keep_tree = true, .leaf = count_leaf};
    make_log(&log_, &signer, 60000);
    for (size_t damaged = 0; damaged < 2; damaged++) {
        leaf_next = leaf_count = 0;
        log_.segment[0].bytes[log_.group[2].offset + 5000] ^= (uint8_t)damaged;
        paper_view_of(&view, &log_);
        assert_true(skyh_audit_run(&view.log, &config, &audit, &problem));
        const struct skyh_span *const last = &audit.span[audit.span_count - 1];
        assert_int_equal(leaf_next, audit.leaves);
        assert_int_equal(leaf_count, (damaged ? audit.span[0].end : 0) + last->end - last->first);
        /* The tree that was kept gives the roots that the log says. */
        struct sky_hash root;
        static struct sky_merkle_proof proof;
        assert_true(sky_merkle_root_at(&audit.tree.source, audit.latest.size, &root));
        assert_true(sky_hash_equal(&root, &audit.latest.root));
        assert_true(sky_merkle_prove_growth(&audit.tree.source, last->first, last->end, &proof));
        skyh_audit_free(&audit);
    }
}

static void an_empty_file_is_no_segment_that_was_never_begun(void **state)
{
    (void)state;
    make_log(&log_, &signer, RECORD_BYTES);
    paper_view_of(&view, &log_);
    paper_view_add(&view, NULL, 0);
    run_audit(&signer.key, NULL, 0);
    assert_altered("empty file");
}

/* Nor is one with groups, however few, of which one is damaged. */
static void a_short_segment_with_damage_was_begun(void **state)
{
    (void)state;
    struct sky_journal *journal;
    const struct sky_seal_config seal = paper_seal(&signer);
    paper_signed_open(&log_, &seal, 1, &journal);
    record(journal, 1, 4, 100);
    log_.segment[0].bytes[log_.group[2].offset + 300] ^= 1;
    audit_log(&signer.key);
    assert_altered("does not match its checksum");
    assert_int_equal(sky_journal_close(journal), 0);
}

/* A group with more messages than any station puts into one. */
static void a_group_with_too_many_messages_is_noticed(void **state)
{
    (void)state;
    enum { MANY = 17000, BYTES = 2 << 20 };
    static uint8_t bytes[BYTES];
    static struct sky_group_entry entry[MANY];
    static struct sky_group group;
    struct sky_mcap_group header;
    make_log(&log_, NULL, RECORD_BYTES);
    uint8_t *const at = log_.segment[0].bytes + log_.group[1].offset;
    assert_null(sky_mcap_read_group(at, log_.group[1].count, &header));
    sky_group_init(&group, bytes, sizeof bytes, entry, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        const struct sky_group_message tick = {.channel = SKY_CHANNEL_TICK, .log_time_ns = 1};
        sky_group_add(&group, &tick);
    }
    header.body_bytes = sky_group_end(&group);
    header.body_crc = group.body_crc;
    header.message_count = MANY;
    struct sky_mcap_buffer front = {.bytes = bytes, .capacity = SKY_GROUP_BODY_AT};
    sky_mcap_put_group(&front, &header);
    const size_t before = (size_t)log_.group[1].offset;
    uint8_t *const longer = calloc(1, before + group.out.used);
    assert_non_null(longer);
    memcpy(longer, log_.segment[0].bytes, before);
    memcpy(longer + before, bytes, group.out.used);
    paper_view_clear(&view);
    paper_view_add(&view, longer, before + group.out.used);
    run_audit(NULL, NULL, 0);
    assert_altered("the group's chunk or indexes are not those of its messages");
    free(longer);
}

/* ---- more of everything than there is room for ---- */

static void more_damage_than_there_is_room_for_is_counted(void **state)
{
    (void)state;
    enum { MANY = 400 };
    struct sky_journal *journal;
    const struct sky_seal_config seal = paper_seal(NULL);
    struct sky_journal_config config = {.segment_bytes = UINT64_C(4) << 20,
                                        .first_segment = 1,
                                        .group_bytes = 65536,
                                        .software = "paper 1",
                                        .seal = &seal};
    log_.sink.work = paper_work;
    log_.fail_after = -1;
    assert_int_equal(sky_journal_open(&config, &log_.sink, &journal), 0);
    record(journal, 1, MANY, 100);
    assert_int_equal(sky_journal_close(journal), 0);
    for (size_t i = 1; i < MANY; i += 2) {
        log_.segment[0].bytes[log_.group[i].offset + 300] ^= 1;
    }
    audit_log(NULL);
    assert_int_equal(audit.finding_count, SKYH_AUDIT_FINDINGS_MAX);
    assert_true(audit.altered > SKYH_AUDIT_FINDINGS_MAX);
    assert_int_equal(audit.span_count, SKYH_AUDIT_SPANS_MAX);
    const struct skyh_span *const last = &audit.span[SKYH_AUDIT_SPANS_MAX - 1];
    assert_true(last->loose);
    assert_int_equal(last->first, 2 * (MANY - 2) + 1); /* the last sound one but its beginning */
    assert_int_equal(audit.leaves, last->end);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, free_log)
    const struct CMUnitTest tests[] = {
        TEST(a_log_that_is_made_to_fit_without_a_change_is_the_same),
        TEST(an_epoch_whose_number_does_not_follow_is_noticed),
        TEST(an_epoch_key_that_was_not_announced_is_noticed),
        TEST(a_segment_that_names_another_epoch_is_noticed),
        TEST(a_group_of_another_epoch_is_noticed),
        TEST(a_group_with_another_signature_is_noticed),
        TEST(a_segment_whose_tree_is_not_that_of_the_records_before_is_noticed),
        TEST(a_segment_whose_tree_is_of_another_size_is_noticed),
        TEST(a_segment_with_another_beginning_than_recorded_is_noticed),
        TEST(a_segment_that_says_it_is_another_is_noticed),
        TEST(a_segment_of_a_signed_log_that_names_no_epoch_is_noticed),
        TEST(segments_that_are_not_in_their_order_are_noticed),
        TEST(a_group_of_another_tree_is_noticed),
        TEST(what_a_checkpoint_proves_stays_proven_in_a_group_of_another_tree),
        TEST(a_group_whose_time_or_count_goes_back_is_noticed),
        TEST(a_number_that_is_left_out_is_noticed),
        TEST(a_log_time_that_goes_back_is_noticed),
        TEST(a_closed_segment_whose_last_group_does_not_say_so_is_noticed),
        TEST(an_end_that_is_elsewhere_is_said_behind_a_run_that_broke_off),
        TEST(a_checkpoint_of_other_records_or_of_another_log_is_noticed),
        TEST(a_checkpoint_that_is_malformed_or_not_signed_is_noticed),
        TEST(a_checkpoint_of_any_size_is_compared),
        TEST(what_was_seen_in_one_log_is_looked_for_in_the_next),
        TEST(a_signature_in_a_log_that_names_no_key_is_noticed),
        TEST(a_chunk_with_another_checksum_is_noticed),
        TEST(time_that_goes_back_between_two_runs_of_one_boot_is_noticed),
        TEST(a_run_without_its_beginning_is_noticed),
        TEST(damage_that_takes_no_record_makes_none_missing),
        TEST(a_checkpoint_of_what_is_damaged_cannot_be_compared),
        TEST(checkpoints_behind_damage_are_not_judged),
        TEST(a_group_behind_damage_that_says_it_was_before_is_noticed),
        TEST(leaves_are_handed_out_where_the_tree_is_known),
        TEST(an_empty_file_is_no_segment_that_was_never_begun),
        TEST(a_short_segment_with_damage_was_begun),
        TEST(a_group_with_too_many_messages_is_noticed),
        TEST(more_damage_than_there_is_room_for_is_counted),
    };
    return cmocka_run_group_tests(tests, make_signer, NULL);
}
