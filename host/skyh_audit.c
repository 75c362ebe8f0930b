#include "skyh_audit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_group.h"
#include "sky_segment.h"
#include "skyh_gaps.h"

enum { GROUP_CAPACITY = SKY_MCAP_GROUP_MAX + 3 * SKY_MCAP_ALIGN, ENTRIES = 16384 + 3 };

/* What a segment said of itself, to be held against the log's own record. */
struct preamble {
    uint64_t number;
    struct sky_hash hash;
    bool sound;
    bool introduced;
};

struct auditor {
    const struct skyh_audit_config *config;
    struct skyh_log *log;
    struct skyh_audit *audit;
    bool no_memory;
    uint8_t *memory; /* for group, summary and arena */
    _Alignas(16) uint8_t arena_bytes[SKY_OWN_ARENA_BYTES];
    struct sky_arena arena;

    /* The tree, as far as it hangs together. */
    bool has_tree;
    struct sky_merkle tree;
    struct sky_seal_batch batch; /* leaves that are not in it yet, all of one group ... */
    uint32_t pending;            /* ... so many ... */
    uint32_t pending_first;      /* ... from this one of the group on */
    bool lost;                   /* records are missing since: wait for a segment's record */
    uint64_t reached;            /* one past the last record that was seen in its place */
    bool keyed;                  /* the epoch is known */
    bool announced;              /* of the next one */
    struct sky_epoch epoch;
    struct sky_epoch next;
    struct sky_own_segment own; /* the one just read */

    /* The segment. */
    const struct skyh_log_segment *segment;
    size_t segment_at; /* in preamble */
    struct preamble *preamble;
    size_t preamble_count;
    struct sky_journal_config journal;
    struct sky_segment summary;
    uint8_t *summary_room;
    bool summary_whole; /* every group so far is in it */
    uint32_t last_flags;
    bool breaks_off; /* the latest segment was not closed, or never begun */

    /* What went. */
    struct skyh_gaps *gaps;
    unsigned gaps_passed;                    /* so many were met or passed by */
    bool confirmed;                          /* their record is a leaf in its place */
    bool over_gap;                           /* the segment begins behind one */
    const struct skyh_log_segment *leftover; /* it went, and is here all the same */

    /* The group. */
    bool in_group;
    uint64_t group_at;
    struct sky_mcap_group header;
    struct sky_mcap_group before; /* the header of the group before it, wherever that was */
    bool has_before;
    uint64_t log_time_ns;   /* of the latest record of the run */
    bool went_back;         /* it did in this group */
    struct sky_group group; /* as it must be */
    struct sky_group_entry entry[ENTRIES];
    bool overfull;
};

static void find(struct auditor *auditor, enum skyh_finding_kind kind,
                 const struct skyh_log_segment *segment, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void find(struct auditor *auditor, enum skyh_finding_kind kind,
                 const struct skyh_log_segment *segment, uint64_t offset, const char *format, ...)
{
    struct skyh_audit *const audit = auditor->audit;
    audit->altered += kind == SKYH_FINDING_ALTERED;
    audit->torn += kind == SKYH_FINDING_TORN;
    if (audit->finding_count == SKYH_AUDIT_FINDINGS_MAX) {
        return;
    }
    struct skyh_finding *const finding = &audit->finding[audit->finding_count++];
    *finding = (struct skyh_finding){.kind = kind, .segment = segment, .offset = offset};
    va_list list;
    va_start(list, format);
    (void)vsnprintf(finding->text, sizeof finding->text, format, list);
    va_end(list);
}

/* Something about the group being read. */
#define ALTERED(auditor, ...)                                                                      \
    find((auditor), SKYH_FINDING_ALTERED, (auditor)->segment, (auditor)->group_at, __VA_ARGS__)

/* ---- spans ---- */

static struct skyh_span *span_now(struct auditor *auditor)
{
    return auditor->audit->span_count == 0 ? NULL
                                           : &auditor->audit->span[auditor->audit->span_count - 1];
}

static void add_span(struct auditor *auditor, uint64_t first, bool loose)
{
    struct skyh_audit *const audit = auditor->audit;
    if (audit->span_count == SKYH_AUDIT_SPANS_MAX) {
        audit->span_count--; /* the last one stands for all that follow */
    }
    audit->span[audit->span_count++] = (struct skyh_span){
        .first = first, .end = first, .in_groups = first, .in_notes = first, .loose = loose};
}

static void begin_span(struct auditor *auditor)
{
    struct skyh_audit *const audit = auditor->audit;
    add_span(auditor, auditor->tree.size, false);
    if (auditor->config->keep_tree) {
        skyh_tree_free(&audit->tree);
        auditor->no_memory = !skyh_tree_begin(&audit->tree, &auditor->tree) || auditor->no_memory;
    }
}

/* Records up to here were seen before; the next ones are from `first` on. */
static void say_missing(struct auditor *auditor, uint64_t first)
{
    if (first > auditor->reached) {
        find(auditor, SKYH_FINDING_ALTERED, auditor->segment, auditor->group_at,
             "records %" PRIu64 " to %" PRIu64 " are damaged or missing", auditor->reached,
             first - 1);
    }
}

/* A sound group behind damage: its header says which records it holds. */
static void place_loose_group(struct auditor *auditor)
{
    const uint64_t end = auditor->header.tree_size;
    const uint64_t first = end - auditor->header.message_count;
    struct skyh_span *span = span_now(auditor);
    if (auditor->header.message_count > end || first < auditor->reached) {
        ALTERED(auditor, "the group's records are not behind those before it");
        return;
    }
    say_missing(auditor, first);
    if (span == NULL || !span->loose || span->end != first) {
        add_span(auditor, first, true);
        span = span_now(auditor);
    }
    span->end = end;
    auditor->reached = end;
}

/* ---- held checkpoints ---- */

/* The tree has this size now: whoever holds a checkpoint of it must hold this root. */
static void compare_held(struct auditor *auditor)
{
    for (size_t i = 0; i < auditor->config->held_count; i++) {
        struct skyh_held *const held = &auditor->config->held[i];
        if (held->checkpoint.size != auditor->tree.size || held->seen) {
            continue;
        }
        const struct sky_hash root = sky_merkle_root(&auditor->tree);
        held->seen = true;
        held->differs = !sky_hash_equal(&root, &held->checkpoint.root);
        if (held->differs) {
            ALTERED(auditor, "the first %" PRIu64 " records are not those of %s: another log",
                    auditor->tree.size, held->name);
        }
    }
}

/* Was it about a tree whose last records went? */
static bool is_gone(const struct auditor *auditor, uint64_t size)
{
    for (size_t i = 0; i < auditor->audit->removed_count; i++) {
        const struct skyh_removed *const removed = &auditor->audit->removed[i];
        if (size > removed->first && size < removed->end) {
            return true;
        }
    }
    return false;
}

static void compare_held_at_end(struct auditor *auditor)
{
    for (size_t i = 0; i < auditor->config->held_count; i++) {
        struct skyh_held *const held = &auditor->config->held[i];
        held->gone = !held->seen && is_gone(auditor, held->checkpoint.size);
        if (held->gone) {
            continue;
        }
        if (held->checkpoint.size > auditor->reached) {
            find(auditor, SKYH_FINDING_ALTERED, NULL, 0,
                 "the log ends after %" PRIu64 " records, %s has seen %" PRIu64
                 ": it was cut or put back",
                 auditor->reached, held->name, held->checkpoint.size);
        } else if (!held->seen) {
            find(auditor, SKYH_FINDING_ALTERED, NULL, 0,
                 "%s cannot be compared: record %" PRIu64 " is not here", held->name,
                 held->checkpoint.size);
        }
    }
}

/* ---- leaves ---- */

/* Leaves wait until there are many, or until somebody looks at the tree. */
static void flush_leaves(struct auditor *auditor)
{
    const uint32_t count = auditor->pending;
    auditor->pending = 0;
    sky_seal_leaves(&auditor->batch, auditor->header.salt, auditor->pending_first, count);
    for (uint32_t i = 0; auditor->config->keep_tree && i < count; i++) {
        auditor->no_memory =
            !skyh_tree_append(&auditor->audit->tree, &auditor->batch.merkle.hash[1 + i]) ||
            auditor->no_memory;
    }
    sky_merkle_append_many(&auditor->tree, &auditor->batch.merkle, count);
}

static uint64_t size_with_pending(const struct auditor *auditor)
{
    return auditor->tree.size + auditor->pending;
}

/* True if somebody holds a checkpoint of as many leaves as there are now. */
static bool holds_here(const struct auditor *auditor)
{
    bool holds = false;
    for (size_t i = 0; i < auditor->config->held_count; i++) {
        holds = holds || auditor->config->held[i].checkpoint.size == size_with_pending(auditor);
    }
    return holds;
}

static void take_leaf(struct auditor *auditor, const struct skyh_log_item *item)
{
    uint8_t salt[SKY_SEAL_SALT_BYTES];
    const uint32_t number = auditor->group.count; /* in the group */
    auditor->went_back = auditor->went_back || item->scan.log_time_ns < auditor->log_time_ns;
    auditor->log_time_ns = item->scan.log_time_ns;
    if (auditor->group.count < ENTRIES && !auditor->overfull) {
        const struct sky_group_message message = {
            .channel = item->scan.found == SKY_SCAN_OWN ? item->scan.own : item->scan.channel,
            .sequence = item->scan.sequence,
            .log_time_ns = item->scan.log_time_ns,
            .publish_time_ns = item->scan.publish_time_ns,
            .bytes = item->scan.bytes,
            .count = item->scan.count};
        sky_group_add(&auditor->group, &message);
    } else {
        auditor->overfull = true;
    }
    if (!auditor->has_tree || auditor->lost) {
        return;
    }
    if (holds_here(auditor)) {
        flush_leaves(auditor);
        compare_held(auditor);
    }
    if (auditor->config->leaf != NULL) {
        sky_seal_leaf_salt(auditor->header.salt, number, salt);
        auditor->config->leaf(auditor->config->context, item, size_with_pending(auditor), salt);
    }
    if (auditor->pending == 0) {
        auditor->pending_first = number;
    }
    auditor->batch.content[auditor->pending++] =
        (struct sky_part){item->scan.bytes - SKY_MCAP_MESSAGE_HEAD_BYTES,
                          item->scan.count + SKY_MCAP_MESSAGE_HEAD_BYTES};
    if (auditor->pending == SKY_MERKLE_BATCH) {
        flush_leaves(auditor);
    }
}

/* ---- what the log says of itself ---- */

static bool same_tree(const struct sky_merkle *a, const struct sky_merkle *b)
{
    return a->size == b->size &&
           memcmp(a->frontier, b->frontier,
                  sky_merkle_frontier_count(a->size) * sizeof a->frontier[0]) == 0;
}

static void check_preamble(struct auditor *auditor)
{
    for (size_t i = auditor->preamble_count; i > 0; i--) {
        struct preamble *const preamble = &auditor->preamble[i - 1];
        if (preamble->number != auditor->own.number) {
            continue;
        }
        if (!preamble->sound || !sky_hash_equal(&preamble->hash, &auditor->own.preamble)) {
            ALTERED(auditor,
                    "the beginning of segment %" PRIu64
                    ", with what each field means, is not what was recorded",
                    preamble->number);
        }
        preamble->introduced = true;
        return;
    }
    if (auditor->own.number > auditor->segment->said.segment) {
        ALTERED(auditor, "a record of segment %" PRIu64 " stands before that segment",
                auditor->own.number);
    }
}

static void check_epoch(struct auditor *auditor)
{
    const struct sky_own_segment *const own = &auditor->own;
    if (auditor->audit->is_signed != own->is_signed) {
        ALTERED(auditor, own->is_signed ? "signed groups in a log that names no key"
                                        : "the groups of a signed log are not signed");
    }
    if (!auditor->keyed && own->is_signed && own->epoch.number < auditor->epoch.number) {
        ALTERED(auditor, "epoch %" PRIu32 " comes after epoch %" PRIu32, own->epoch.number,
                auditor->epoch.number);
    }
    if (auditor->keyed && own->is_signed &&
        (own->epoch.number != auditor->epoch.number ||
         memcmp(own->epoch.key, auditor->epoch.key, sizeof own->epoch.key) != 0)) {
        if (own->epoch.number > auditor->epoch.number) {
            ALTERED(auditor,
                    "the keys of epochs %" PRIu32 " to %" PRIu32
                    " are missing: the log was cut or put back before",
                    auditor->epoch.number, own->epoch.number);
        } else {
            ALTERED(auditor, "the key of epoch %" PRIu32 " is not the one that was announced",
                    own->epoch.number);
        }
    }
    if (own->is_signed) {
        auditor->epoch = own->epoch;
        auditor->keyed = true;
    }
}

/* Before the record itself is a leaf: the tree goes on as it says, or begins with it. */
static void take_segment(struct auditor *auditor, const struct skyh_log_item *item)
{
    if (sky_own_unpack_segment(item->scan.bytes, item->scan.count, &auditor->arena,
                               &auditor->own) != SKY_OK) {
        ALTERED(auditor, "a malformed record of the segment");
        return;
    }
    const struct sky_merkle *const said = &auditor->own.tree;
    if (auditor->has_tree && !auditor->lost && !same_tree(said, &auditor->tree)) {
        if (said->size <= auditor->tree.size) {
            ALTERED(auditor, "the tree of %" PRIu64 " records does not go on here, but at %" PRIu64,
                    auditor->tree.size, said->size);
        }
        auditor->lost = true;
    }
    if (auditor->lost ? auditor->has_tree : !auditor->has_tree && auditor->log->whole) {
        say_missing(auditor, said->size);
    }
    if (auditor->own.restarted) {
        ALTERED(auditor, "the station could not continue the log that it found, and began another");
    }
    if (!auditor->has_tree || auditor->lost) {
        auditor->tree = *said;
        auditor->has_tree = true;
        auditor->lost = false;
        auditor->reached = said->size;
        begin_span(auditor);
    }
    check_preamble(auditor);
    check_epoch(auditor);
}

static void take_epoch(struct auditor *auditor, const struct skyh_log_item *item)
{
    if (sky_own_unpack_epoch(item->scan.bytes, item->scan.count, &auditor->arena, &auditor->next) !=
        SKY_OK) {
        ALTERED(auditor, "a malformed record of an epoch");
        return;
    }
    if (auditor->keyed && auditor->next.number != auditor->epoch.number + 1) {
        ALTERED(auditor, "epoch %" PRIu32 " follows epoch %" PRIu32, auditor->next.number,
                auditor->epoch.number);
    }
    auditor->announced = true;
}

/* Why a checkpoint in the log does not hold; NULL: it does. */
static const char *check_note(struct auditor *auditor, const char *text,
                              struct sky_checkpoint *ret_checkpoint)
{
    static struct sky_note note;
    const char *reason = NULL;
    if (sky_note_parse(text, strlen(text), &note, &reason) != SKY_OK ||
        sky_checkpoint_read(note.text, note.text_bytes, ret_checkpoint, &reason) != SKY_OK) {
        return reason;
    }
    if (!auditor->audit->is_signed) {
        return "in a log that names no key";
    }
    if (strcmp(ret_checkpoint->origin, auditor->audit->key.name) != 0) {
        return "of another log";
    }
    if (sky_note_check(&note, &auditor->audit->key, NULL) != SKY_NOTE_SIGNED) {
        return "not signed by the log's key";
    }
    return NULL;
}

static void take_checkpoint(struct auditor *auditor, const struct skyh_log_item *item)
{
    const char *text = NULL;
    struct sky_checkpoint checkpoint = {.size = 0};
    const char *wrong = "malformed";
    if (sky_own_unpack_checkpoint(item->scan.bytes, item->scan.count, &auditor->arena, &text) ==
        SKY_OK) {
        wrong = check_note(auditor, text, &checkpoint);
    }
    if (wrong == NULL && (!auditor->has_tree || auditor->lost)) {
        return; /* nothing to compare it with */
    }
    if (wrong == NULL) {
        const struct sky_hash root = sky_merkle_root(&auditor->tree);
        if (checkpoint.size != auditor->tree.size || !sky_hash_equal(&checkpoint.root, &root)) {
            wrong = "not of the records before it";
        }
    }
    if (wrong != NULL) {
        ALTERED(auditor, "a checkpoint that is %s", wrong);
        return;
    }
    auditor->audit->checkpoints++;
    auditor->audit->latest_valid = true;
    auditor->audit->latest = checkpoint;
    (void)snprintf(auditor->audit->latest_note, sizeof auditor->audit->latest_note, "%s", text);
    span_now(auditor)->in_notes = checkpoint.size;
}

/* ---- groups ---- */

static bool same_run(const struct sky_mcap_group *a, const struct sky_mcap_group *b)
{
    return memcmp(a->boot_id, b->boot_id, sizeof a->boot_id) == 0 && b->group_seq > a->group_seq;
}

static void check_order(struct auditor *auditor)
{
    const struct sky_mcap_group *const now = &auditor->header;
    const struct sky_mcap_group *const before = &auditor->before;
    if (!auditor->has_before || !same_run(before, now)) {
        auditor->audit->runs += now->group_seq == 1;
        auditor->log_time_ns = 0;
        if (now->group_seq != 1) {
            if (auditor->has_before) {
                ALTERED(auditor, "a run whose beginning is missing: its group %" PRIu64,
                        now->group_seq);
            }
        } else if (auditor->has_before &&
                   memcmp(before->boot_id, now->boot_id, sizeof now->boot_id) == 0 &&
                   now->boottime_ns < before->boottime_ns) {
            ALTERED(auditor, "the station's time goes back between two runs of one boot");
        }
        return;
    }
    if (now->group_seq != before->group_seq + 1) {
        ALTERED(auditor, "groups %" PRIu64 " to %" PRIu64 " of the run are missing",
                before->group_seq + 1, now->group_seq - 1);
    }
    if (now->boottime_ns < before->boottime_ns || now->last_seq < before->last_seq) {
        ALTERED(auditor, "the station's time or count goes back");
    }
}

static void begin_group(struct auditor *auditor, const struct skyh_log_item *item)
{
    const struct skyh_log_segment *const segment = auditor->segment;
    auditor->in_group = true;
    auditor->group_at = item->scan.offset;
    auditor->overfull = false;
    auditor->went_back = false;
    sky_group_clear(&auditor->group);
    /* The walk has checked it. */
    (void)sky_mcap_read_group(segment->bytes + item->scan.offset,
                              segment->count - (size_t)item->scan.offset, &auditor->header);
    check_order(auditor);
}

static void check_signature(struct auditor *auditor)
{
    static const uint8_t nothing[SKY_SIGNATURE_BYTES];
    const uint8_t *const at = auditor->segment->bytes + auditor->group_at + SKY_MCAP_FRAME_BYTES;
    if (!auditor->audit->is_signed) {
        if (auditor->header.epoch != 0 ||
            memcmp(auditor->header.signature, nothing, sizeof nothing) != 0) {
            ALTERED(auditor, "a signed group in a log that names no key");
        }
        return;
    }
    if (!auditor->keyed) {
        return; /* not before the first segment's record */
    }
    if (auditor->lost && auditor->header.epoch > auditor->epoch.number) {
        return; /* the record that announced its key is among what is lost */
    }
    if (auditor->header.epoch != auditor->epoch.number ||
        !sky_epoch_check(auditor->epoch.key, auditor->audit->key.name, at,
                         auditor->header.signature)) {
        ALTERED(auditor, "the group is not signed by the key of epoch %" PRIu32,
                auditor->epoch.number);
        return;
    }
    auditor->audit->signatures++;
    struct skyh_span *const span = span_now(auditor);
    if (span != NULL && span->end == auditor->header.tree_size) {
        span->in_groups = span->end;
    }
}

/* What a chunk says its records' checksum is. */
static uint32_t said_crc(const uint8_t *group, size_t left)
{
    const size_t at = SKY_GROUP_BODY_AT + SKY_MCAP_FRAME_BYTES + 24;
    struct sky_mcap_reader reader = {.bytes = group + at, .left = left > at ? left - at : 0};
    return sky_mcap_take_u32(&reader);
}

/*
 * Its chunk and indexes hold nothing but what its messages imply. The walk has held the body
 * against the header's checksum; that of the records in it is right if the two together give it.
 */
static void check_body(struct auditor *auditor)
{
    struct sky_group *const group = &auditor->group;
    const size_t at = (size_t)auditor->group_at;
    const uint8_t *const bytes = auditor->segment->bytes + at;
    const size_t left = auditor->segment->count - at;
    const size_t body_bytes =
        auditor->overfull ? 0 : sky_group_end_with(group, said_crc(bytes, left));
    const bool good =
        !auditor->overfull && !group->out.full && body_bytes == auditor->header.body_bytes &&
        group->body_crc == auditor->header.body_crc &&
        group->count == auditor->header.message_count && SKY_GROUP_BODY_AT + body_bytes <= left &&
        memcmp(group->out.bytes + SKY_GROUP_BODY_AT, bytes + SKY_GROUP_BODY_AT, body_bytes) == 0;
    if (!good) {
        ALTERED(auditor, "the group's chunk or indexes are not those of its messages");
        auditor->summary_whole = false;
        return;
    }
    const size_t place =
        SKY_GROUP_BODY_AT + body_bytes + sky_mcap_pad_bytes(SKY_GROUP_BODY_AT + body_bytes);
    auditor->summary_whole = auditor->summary_whole && auditor->summary.offset == at &&
                             auditor->summary.chunk_count < SKY_SEGMENT_GROUPS_MAX;
    if (auditor->summary_whole) {
        sky_segment_add(&auditor->summary, bytes, place, body_bytes);
    }
}

/* What a checkpoint in the group proves stays proven, whatever the group's header says. */
static void keep_noted(struct auditor *auditor)
{
    struct skyh_span *const span = span_now(auditor);
    if (span->in_notes > span->end) {
        span->end = span->in_notes;
        auditor->reached = span->in_notes;
    }
}

static void end_group(struct auditor *auditor)
{
    if (!auditor->in_group || auditor->segment == NULL) {
        return;
    }
    auditor->in_group = false;
    auditor->over_gap = false;
    auditor->audit->groups++;
    flush_leaves(auditor);
    check_body(auditor);
    if (auditor->went_back) {
        ALTERED(auditor, "the log's time goes back between its records");
    }
    if (auditor->has_tree && !auditor->lost) {
        const struct sky_hash root = sky_merkle_root(&auditor->tree);
        if (auditor->header.tree_size != auditor->tree.size ||
            !sky_hash_equal(&auditor->header.root, &root)) {
            ALTERED(auditor, "the group's records are not those of its tree");
            auditor->lost = true;
            keep_noted(auditor);
        } else {
            span_now(auditor)->end = auditor->tree.size;
            auditor->reached = auditor->tree.size;
            compare_held(auditor);
        }
    } else {
        place_loose_group(auditor);
    }
    check_signature(auditor);
    if (auditor->announced) {
        auditor->epoch = auditor->next;
        auditor->announced = false;
    }
    auditor->before = auditor->header;
    auditor->has_before = true;
    auditor->last_flags = auditor->header.flags;
}

/* ---- what went ---- */

/* The tree goes on over a gap as if its leaves were here. */
static void pass_gap(struct auditor *auditor, const struct sky_own_gap *gap)
{
    struct skyh_audit *const audit = auditor->audit;
    const bool fresh = !auditor->has_tree && gap->stretch.first == 0;
    say_missing(auditor, gap->stretch.first);
    audit->removed[audit->removed_count++] =
        (struct skyh_removed){.first_segment = gap->first_segment,
                              .last_segment = gap->last_segment,
                              .first = gap->stretch.first,
                              .end = gap->stretch.end,
                              .damaged = !gap->known};
    auditor->over_gap = true;
    auditor->keyed = false; /* epochs may be among what went */
    auditor->has_before = false;
    auditor->reached = gap->stretch.end;
    if (gap->known && (fresh || (auditor->has_tree && !auditor->lost &&
                                 auditor->tree.size == gap->stretch.first))) {
        sky_stretch_grow(&auditor->tree, &gap->stretch);
        auditor->has_tree = true;
        auditor->lost = false;
        begin_span(auditor);
        span_now(auditor)->continues = true;
    } else {
        auditor->lost = auditor->has_tree;
    }
}

/* The gaps between the segment before and this one. */
static void pass_gaps(struct auditor *auditor, uint64_t segment)
{
    const struct sky_own_retention *const retention = &auditor->gaps->retention;
    while (auditor->gaps->record != NULL && auditor->gaps_passed < retention->gap_count &&
           retention->gap[auditor->gaps_passed].first_segment < segment) {
        pass_gap(auditor, &retention->gap[auditor->gaps_passed++]);
    }
}

/* Of a segment that went nothing counts any more. True if this is one that has anything. */
static bool is_leftover(struct auditor *auditor, const struct skyh_log_item *item)
{
    const struct skyh_log_segment *const segment = item->segment;
    const struct sky_own_retention *const retention = &auditor->gaps->retention;
    if (auditor->leftover == segment) {
        return true;
    }
    if (!segment->sound || skyh_gaps_find(auditor->gaps, segment->said.segment) == NULL ||
        item->scan.found == SKY_SCAN_TORN_END) {
        return false;
    }
    auditor->leftover = segment;
    const struct sky_hash file =
        sky_sha(&(const struct sky_part){segment->bytes, segment->count}, 1);
    const bool as_said =
        segment->said.segment == retention->segment && sky_hash_equal(&file, &retention->file);
    find(auditor, as_said ? SKYH_FINDING_TORN : SKYH_FINDING_ALTERED, segment, 0,
         as_said ? "recorded as removed, and still here: the power went before it was"
                 : "recorded as removed, and here all the same, but not as it was");
    return true;
}

static void take_retention(struct auditor *auditor, const struct skyh_log_item *item)
{
    if (item->scan.bytes == auditor->gaps->record && auditor->has_tree && !auditor->lost) {
        auditor->confirmed = true;
        auditor->audit->removed_by = size_with_pending(auditor);
    }
}

/* What went does not make what was before it any less proven: the tree has gone on over it. */
static void prove_before_gaps(struct skyh_audit *audit)
{
    for (size_t i = audit->span_count; i > 1; i--) {
        const struct skyh_span *const span = &audit->span[i - 1];
        struct skyh_span *const before = &audit->span[i - 2];
        if (span->continues && span->in_notes > span->first) {
            before->in_notes = before->end;
        }
        if (span->continues && span->in_groups > span->first) {
            before->in_groups = before->end;
        }
    }
}

static void judge_gaps(struct auditor *auditor)
{
    if (auditor->audit->removed_count > 0 && !auditor->confirmed) {
        find(auditor, SKYH_FINDING_ALTERED, NULL, 0,
             "the record that says which segments went is not in its place in the tree");
    }
    prove_before_gaps(auditor->audit);
}

/* ---- segments ---- */

/* A log may begin unsigned: what is signed later covers it too. It may not end so. */
static void learn_key(struct auditor *auditor)
{
    const char *const text = auditor->segment->said.key;
    struct skyh_audit *const audit = auditor->audit;
    struct sky_note_key named;
    const bool names = sky_note_read_key(text, strlen(text), &named) == SKY_OK;
    if (names && !audit->is_signed) {
        audit->is_signed = true;
        audit->key = auditor->config->key != NULL ? *auditor->config->key : named;
    }
    if (audit->is_signed && (!names || memcmp(&named, &audit->key, sizeof named) != 0)) {
        ALTERED(auditor, "segment %" PRIu64 " names %s as the log's key, not the one expected",
                auditor->segment->said.segment, text[0] == '\0' ? "nothing" : text);
    }
}

static void begin_segment(struct auditor *auditor, const struct skyh_log_segment *segment)
{
    const size_t preamble_bytes = sky_scan_preamble_bytes(&auditor->log->scan);
    struct preamble *const preamble = &auditor->preamble[auditor->preamble_count++];
    auditor->segment = segment;
    auditor->group_at = 0;
    auditor->last_flags = 0;
    pass_gaps(auditor, segment->said.segment);
    *preamble = (struct preamble){.number = segment->said.segment, .sound = preamble_bytes > 0};
    if (auditor->preamble_count > 1 &&
        preamble->number <= auditor->preamble[auditor->preamble_count - 2].number) {
        ALTERED(auditor, "segment %" PRIu64 " comes after segment %" PRIu64, preamble->number,
                auditor->preamble[auditor->preamble_count - 2].number);
    }
    auditor->summary_whole = preamble->sound;
    if (!preamble->sound) {
        return; /* the walk says so */
    }
    learn_key(auditor);
    preamble->hash = sky_sha(&(const struct sky_part){segment->bytes, preamble_bytes}, 1);
    memset(&auditor->summary, 0, sizeof auditor->summary);
    sky_segment_init(&auditor->summary, &auditor->journal, auditor->summary_room);
    auditor->summary_whole =
        sky_segment_adopt(&auditor->summary, segment->said.segment, segment->bytes, preamble_bytes);
}

static void check_summary(struct auditor *auditor, uint64_t at)
{
    const struct skyh_log_segment *const segment = auditor->segment;
    if (auditor->summary_whole) {
        sky_segment_end(&auditor->summary);
    }
    if (!auditor->summary_whole || auditor->summary.offset != at ||
        auditor->summary.summary.used != segment->count - at ||
        memcmp(auditor->summary.summary.bytes, segment->bytes + at, segment->count - (size_t)at) !=
            0) {
        find(auditor, SKYH_FINDING_ALTERED, segment, at,
             "the summary is not that of the segment's groups");
    }
}

static void end_segment(struct auditor *auditor, const struct sky_scan_item *end)
{
    struct preamble *const preamble = &auditor->preamble[auditor->preamble_count - 1];
    const bool closed = end->found == SKY_SCAN_END;
    end_group(auditor);
    auditor->breaks_off = !closed;
    if (closed) {
        check_summary(auditor, end->offset);
        if (!preamble->introduced) {
            find(auditor, SKYH_FINDING_ALTERED, auditor->segment, 0,
                 "no record of this segment is in it: it may mean anything");
        }
        if (auditor->audit->is_signed && (auditor->last_flags & SKY_MCAP_GROUP_ENDS_SEGMENT) == 0) {
            find(auditor, SKYH_FINDING_ALTERED, auditor->segment, end->offset,
                 "closed, but not by the station: its last group is missing");
        }
    } else {
        if (end->recovered) {
            auditor->summary_whole =
                auditor->summary_whole && auditor->summary.offset == end->offset;
            auditor->summary.offset += SKY_MCAP_ALIGN; /* over what says so */
            check_summary(auditor, end->offset + SKY_MCAP_ALIGN);
        }
        find(auditor, SKYH_FINDING_TORN, auditor->segment, end->offset,
             "%s; %" PRIu64 " bytes of it are not complete", end->reason, end->skipped);
    }
    auditor->segment = NULL;
}

/* ---- the walk ---- */

static void take_message(struct auditor *auditor, const struct skyh_log_item *item)
{
    if (auditor->in_group && auditor->group_at != item->scan.offset) {
        end_group(auditor);
    }
    if (!auditor->in_group) {
        begin_group(auditor, item);
    }
    if (item->scan.own != 0) {
        flush_leaves(auditor);
    }
    if (item->scan.own == SKY_OWN_SEGMENT) {
        take_segment(auditor, item);
    } else if (item->scan.own == SKY_OWN_EPOCH) {
        take_epoch(auditor, item);
    } else if (item->scan.own == SKY_OWN_CHECKPOINT) {
        take_checkpoint(auditor, item);
    } else if (item->scan.own == SKY_OWN_RETENTION) {
        take_retention(auditor, item);
    }
    take_leaf(auditor, item);
}

/*
 * A segment that is no more than the beginning of a preamble: the power went while it was made. If
 * there was more in it, the segment after it, or who holds a checkpoint, misses the records.
 */
static bool was_never_begun(const struct skyh_log_segment *segment)
{
    if (segment->sound || segment->count == 0) {
        return false;
    }
    for (size_t i = SKY_SEGMENT_PREAMBLE_MAX; i < segment->count; i++) {
        if (segment->bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void take_item(struct auditor *auditor, const struct skyh_log_item *item)
{
    if (item->scan.found == SKY_SCAN_DAMAGE && was_never_begun(item->segment)) {
        end_group(auditor);
        auditor->breaks_off = true;
        find(auditor, SKYH_FINDING_TORN, item->segment, 0, "no group of it was written: %s",
             item->scan.reason);
        return;
    }
    if (is_leftover(auditor, item)) {
        return;
    }
    if (auditor->segment != item->segment && item->segment->sound) {
        begin_segment(auditor, item->segment);
    }
    if (item->gap && auditor->over_gap) {
        return; /* the log says why */
    }
    if (auditor->segment == NULL && item->scan.found != SKY_SCAN_DAMAGE) {
        return; /* nothing else comes from what is no segment */
    }
    switch (item->scan.found) {
    case SKY_SCAN_RECORD:
    case SKY_SCAN_OWN:
        take_message(auditor, item);
        break;
    case SKY_SCAN_DAMAGE:
        end_group(auditor);
        find(auditor, SKYH_FINDING_ALTERED, item->segment, item->scan.offset,
             "%s; %" PRIu64 " bytes", item->scan.reason, item->scan.skipped);
        auditor->summary_whole = false;
        auditor->lost = true;
        break;
    case SKY_SCAN_END:
    case SKY_SCAN_TORN_END:
        end_segment(auditor, &item->scan);
        break;
    }
}

static void finish(struct auditor *auditor)
{
    struct skyh_audit *const audit = auditor->audit;
    audit->leaves = auditor->reached;
    audit->root = sky_merkle_root(&auditor->tree);
    if (!auditor->breaks_off && audit->is_signed && auditor->has_before &&
        (auditor->before.flags & SKY_MCAP_GROUP_ENDS_RUN) == 0) {
        find(auditor, SKYH_FINDING_TORN, NULL, 0,
             "the run goes on behind the last segment, which is not here");
    }
    if (auditor->config->key != NULL && !audit->is_signed) {
        find(auditor, SKYH_FINDING_ALTERED, NULL, 0,
             "nothing in it is signed by anybody, not by %s", auditor->config->key->name);
    }
    judge_gaps(auditor);
    compare_held_at_end(auditor);
}

static bool open_auditor(struct auditor *auditor)
{
    uint64_t largest = 0;
    for (size_t i = 0; i < auditor->log->segment_count; i++) {
        const uint64_t count = auditor->log->segment[i].count;
        largest = count > largest ? count : largest;
    }
    auditor->journal.segment_bytes = largest;
    const size_t room = sky_segment_room(&auditor->journal) + (size_t)largest;
    auditor->memory = malloc(GROUP_CAPACITY + room);
    auditor->preamble = calloc(auditor->log->segment_count, sizeof *auditor->preamble);
    auditor->gaps = skyh_gaps_read(auditor->log);
    if (auditor->memory == NULL || auditor->preamble == NULL || auditor->gaps == NULL) {
        return false;
    }
    auditor->summary_room = auditor->memory + GROUP_CAPACITY;
    sky_group_init(&auditor->group, auditor->memory, GROUP_CAPACITY, auditor->entry, ENTRIES);
    auditor->arena =
        (struct sky_arena){.bytes = auditor->arena_bytes, .capacity = SKY_OWN_ARENA_BYTES};
    return true;
}

bool skyh_audit_run(struct skyh_log *log, const struct skyh_audit_config *config,
                    struct skyh_audit *ret_audit, struct skyh_problem *problem)
{
    struct auditor *const auditor = calloc(1, sizeof *auditor);
    bool good = auditor != NULL;
    memset(ret_audit, 0, sizeof *ret_audit);
    for (size_t i = 0; i < config->held_count; i++) {
        config->held[i].seen = false;
        config->held[i].differs = false;
    }
    if (good) {
        auditor->config = config;
        auditor->log = log;
        auditor->audit = ret_audit;
        good = open_auditor(auditor);
    }
    if (good) {
        struct skyh_progress progress;
        struct skyh_log_item item;
        skyh_progress_begin(&progress, "verifying");
        skyh_log_rewind(log);
        while (skyh_log_step(log, &item)) {
            take_item(auditor, &item);
            skyh_progress_update(&progress, skyh_log_share(log, &item), "");
        }
        finish(auditor);
        skyh_progress_end(&progress);
        good = !auditor->no_memory;
    }
    if (auditor != NULL) {
        skyh_gaps_free(auditor->gaps);
        free(auditor->memory);
        free(auditor->preamble);
    }
    free(auditor);
    return good || skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
}

bool skyh_audit_checkpoint(const char *path, struct skyh_log *log, struct skyh_audit *ret_audit,
                           struct skyh_problem *problem)
{
    const struct skyh_audit_config config = {.keep_tree = true};
    if (!skyh_log_open(log, path, problem) || !skyh_audit_run(log, &config, ret_audit, problem)) {
        return false;
    }
    if (ret_audit->altered > 0 || !ret_audit->latest_valid) {
        return skyh_fail(problem, SKYH_EXIT_DIFFERENT, "%s: %s", path,
                         ret_audit->altered > 0 ? "altered; see skywitness verify"
                                                : "no checkpoint in it");
    }
    return true;
}

void skyh_audit_free(struct skyh_audit *audit) { skyh_tree_free(&audit->tree); }
