#include "skyh_recovery.h"

#include <stdlib.h>
#include <string.h>

#include "sky_group.h"
#include "sky_scan.h"
#include "sky_segment.h"

enum {
    GROUP_CAPACITY = SKY_MCAP_GROUP_MAX + 3 * SKY_MCAP_ALIGN,
    ENTRIES = SKY_GROUP_MESSAGES_MAX + 8
};

struct walk {
    struct skyh_recovery *recovery;
    const uint8_t *bytes;
    size_t count;
    struct sky_scan scan;
    struct sky_scan_item item;
    struct sky_journal_config config;
    struct sky_segment segment; /* what the summary must be */
    uint8_t *memory;            /* for it and for group */
    bool in_group;
    uint64_t group_at;
    struct sky_mcap_group header;
    bool any;
    uint64_t end_leaf; /* of the groups so far */
    bool damaged;      /* there is something between or in groups that the station did not write */
    struct sky_group group; /* as it must be */
    struct sky_group_entry entry[ENTRIES];
    bool overfull;
};

static struct skyh_loss *add_loss(struct walk *walk, uint64_t at, uint64_t bytes,
                                  const char *reason)
{
    static struct skyh_loss none;
    struct skyh_recovery *const recovery = walk->recovery;
    struct skyh_loss *const loss = recovery->loss_count < SKYH_RECOVERY_LOSSES_MAX
                                       ? &recovery->loss[recovery->loss_count]
                                       : &none;
    recovery->loss_count++;
    *loss = (struct skyh_loss){.at = at, .bytes = bytes, .reason = reason};
    return loss;
}

static void begin_group(struct walk *walk)
{
    struct skyh_recovery *const recovery = walk->recovery;
    walk->in_group = true;
    walk->group_at = walk->item.offset;
    walk->overfull = false;
    sky_group_clear(&walk->group);
    /* The scan has checked it. */
    (void)sky_mcap_read_group(walk->bytes + walk->group_at, walk->count - (size_t)walk->group_at,
                              &walk->header);
    const uint64_t first = walk->header.tree_size - walk->header.message_count;
    const size_t losses = recovery->loss_count;
    if (walk->damaged && walk->any && losses > 0 && losses <= SKYH_RECOVERY_LOSSES_MAX &&
        !recovery->loss[losses - 1].has_leaves && first > walk->end_leaf) {
        struct skyh_loss *const loss = &recovery->loss[losses - 1];
        loss->has_leaves = true;
        loss->first_leaf = walk->end_leaf;
        loss->end_leaf = first;
    }
    walk->any = true;
    walk->end_leaf = walk->header.tree_size;
}

/* Indexes a group, if its body is what its messages imply: else nothing in it is to be trusted. */
static void end_group(struct walk *walk)
{
    struct sky_group *const group = &walk->group;
    if (!walk->in_group) {
        return;
    }
    walk->in_group = false;
    const uint8_t *const bytes = walk->bytes + walk->group_at;
    const size_t body_bytes = walk->overfull ? 0 : sky_group_end(group);
    const size_t place =
        SKY_GROUP_BODY_AT + body_bytes + sky_mcap_pad_bytes(SKY_GROUP_BODY_AT + body_bytes);
    if (walk->overfull || group->out.full || body_bytes != walk->header.body_bytes ||
        memcmp(group->out.bytes + SKY_GROUP_BODY_AT, bytes + SKY_GROUP_BODY_AT, body_bytes) != 0 ||
        walk->segment.chunk_count == SKY_SEGMENT_GROUPS_MAX) {
        walk->damaged = true;
        (void)add_loss(walk, walk->group_at, 0,
                       "the group's chunk or indexes are not those of its messages: not indexed");
        return;
    }
    walk->segment.offset = walk->group_at;
    sky_segment_add(&walk->segment, bytes, place, body_bytes);
    walk->recovery->groups++;
    walk->recovery->records += group->count;
}

static void take_message(struct walk *walk)
{
    const struct sky_scan_item *const item = &walk->item;
    if (walk->in_group && walk->group_at != item->offset) {
        end_group(walk);
    }
    if (!walk->in_group) {
        begin_group(walk);
    }
    const struct sky_group_message message = {
        .channel = item->found == SKY_SCAN_OWN ? item->own : item->channel,
        .sequence = item->sequence,
        .log_time_ns = item->log_time_ns,
        .publish_time_ns = item->publish_time_ns,
        .bytes = item->bytes,
        .count = item->count};
    walk->overfull = walk->overfull || walk->group.count == ENTRIES;
    if (!walk->overfull) {
        sky_group_add(&walk->group, &message);
    }
}

/* What was being written when it stopped, if as much of it is there. */
static void lose_tail(struct walk *walk, uint64_t at, uint64_t bytes)
{
    struct sky_mcap_group header;
    struct skyh_loss *const loss = add_loss(walk, at, bytes, walk->item.reason);
    if (sky_mcap_read_group(walk->bytes + at, walk->count - (size_t)at, &header) == NULL &&
        header.segment == walk->scan.segment.segment && header.tree_size >= header.message_count &&
        (!walk->any || header.tree_size - header.message_count == walk->end_leaf)) {
        loss->has_leaves = true;
        loss->first_leaf = header.tree_size - header.message_count;
        loss->end_leaf = header.tree_size;
    }
}

/* The summary, behind a block that says that it is ours, if the station did not come so far. */
static bool close_copy(struct walk *walk, uint64_t at, uint64_t lost_bytes)
{
    struct skyh_recovery *const recovery = walk->recovery;
    const bool ended =
        !walk->damaged && walk->any && (walk->header.flags & SKY_MCAP_GROUP_ENDS_SEGMENT) != 0;
    const size_t block = ended ? 0 : SKY_MCAP_ALIGN;
    /* A file that was cut may lack padding of its last group: then that is made anew. */
    const uint64_t body_end = at % SKY_MCAP_ALIGN == 0
                                  ? at
                                  : walk->group_at + SKY_GROUP_BODY_AT + walk->header.body_bytes;
    const size_t pad = at % SKY_MCAP_ALIGN == 0 ? 0 : sky_mcap_pad_bytes(body_end);
    recovery->kind = SKYH_RECOVERY_MADE;
    recovery->kept = (size_t)body_end;
    walk->segment.offset = body_end + pad + block;
    sky_segment_end(&walk->segment);
    recovery->end_count = pad + block + walk->segment.summary.used;
    recovery->end = calloc(1, recovery->end_count);
    if (recovery->end == NULL) {
        return false;
    }
    struct sky_mcap_buffer out = {.bytes = recovery->end, .capacity = recovery->end_count};
    if (pad > 0) {
        sky_mcap_put_u8(&out, SKY_MCAP_PAD);
        sky_mcap_put_u64(&out, pad - SKY_MCAP_FRAME_BYTES);
        out.used = pad;
    }
    if (!ended) {
        struct sky_mcap_buffer mark = {.bytes = recovery->end + pad, .capacity = block};
        sky_mcap_put_recovered(&mark, lost_bytes);
    }
    memcpy(recovery->end + pad + block, walk->segment.summary.bytes, walk->segment.summary.used);
    return true;
}

/* Everything between the beginning and the end. Returns where the end is. */
static uint64_t walk_groups(struct walk *walk)
{
    uint64_t end = 0;
    bool cut = false; /* what is damaged is the summary */
    do {
        sky_scan_step(&walk->scan, &walk->item);
        if (walk->item.found == SKY_SCAN_RECORD || walk->item.found == SKY_SCAN_OWN) {
            take_message(walk);
            continue;
        }
        end_group(walk);
        if (walk->item.found == SKY_SCAN_DAMAGE) {
            cut = walk->item.skipped > 0 && walk->item.offset + walk->item.skipped == walk->count;
            end = cut ? walk->item.offset : end;
            walk->damaged = walk->damaged || !cut;
            (void)add_loss(walk, walk->item.offset, walk->item.skipped, walk->item.reason);
        }
    } while (walk->item.found != SKY_SCAN_END && walk->item.found != SKY_SCAN_TORN_END);
    return cut ? end : walk->item.offset;
}

static bool recover(struct walk *walk, size_t preamble_bytes)
{
    struct skyh_recovery *const recovery = walk->recovery;
    sky_group_init(&walk->group, walk->memory, GROUP_CAPACITY, walk->entry, ENTRIES);
    sky_segment_init(&walk->segment, &walk->config, walk->memory + GROUP_CAPACITY);
    if (!sky_segment_adopt(&walk->segment, walk->scan.segment.segment, walk->bytes,
                           preamble_bytes)) {
        recovery->kind = SKYH_RECOVERY_AS_IS;
        recovery->reason = "it declares more than any segment does";
        recovery->kept = walk->count;
        return true;
    }
    const uint64_t end = walk_groups(walk);
    const bool is_closed = walk->item.found == SKY_SCAN_END || walk->item.recovered;
    if (is_closed && recovery->loss_count == 0) {
        recovery->kind = SKYH_RECOVERY_CLOSED;
        recovery->kept = walk->count;
        return true;
    }
    uint64_t lost_bytes = 0;
    if (walk->item.found == SKY_SCAN_TORN_END) {
        lost_bytes = walk->item.skipped;
    }
    if (lost_bytes > 0 && !walk->item.recovered) {
        lose_tail(walk, end, lost_bytes);
    }
    return close_copy(walk, end, lost_bytes);
}

bool skyh_recovery_make(const uint8_t *bytes, size_t count, struct skyh_recovery *ret_recovery)
{
    struct walk *const walk = calloc(1, sizeof *walk);
    bool good = walk != NULL;
    memset(ret_recovery, 0, sizeof *ret_recovery);
    ret_recovery->kind = SKYH_RECOVERY_NONE;
    ret_recovery->reason = "it is empty";
    if (good && count > 0 &&
        sky_scan_begin(&walk->scan, bytes, count, &ret_recovery->reason) == SKY_OK) {
        const size_t preamble_bytes = sky_scan_preamble_bytes(&walk->scan);
        ret_recovery->segment = walk->scan.segment.segment;
        walk->recovery = ret_recovery;
        walk->bytes = bytes;
        walk->count = count;
        walk->config.segment_bytes = count;
        if (preamble_bytes == 0) {
            ret_recovery->kind = SKYH_RECOVERY_AS_IS;
            ret_recovery->reason = "its beginning, with what each field means, is damaged";
            ret_recovery->kept = count;
        } else {
            walk->memory = malloc(GROUP_CAPACITY + sky_segment_room(&walk->config));
            good = walk->memory != NULL && recover(walk, preamble_bytes);
            free(walk->memory);
        }
    }
    free(walk);
    return good;
}

void skyh_recovery_patch(const struct skyh_recovery *recovery, uint64_t at, uint8_t *piece,
                         size_t count)
{
    const size_t losses = recovery->loss_count < SKYH_RECOVERY_LOSSES_MAX
                              ? recovery->loss_count
                              : SKYH_RECOVERY_LOSSES_MAX;
    for (size_t i = 0; recovery->kind == SKYH_RECOVERY_MADE && i < losses; i++) {
        const struct skyh_loss *const loss = &recovery->loss[i];
        const uint64_t end = loss->at + loss->bytes;
        if (loss->at % SKY_MCAP_ALIGN != 0 || loss->bytes == 0 || end % SKY_MCAP_ALIGN != 0 ||
            end > recovery->kept) {
            continue; /* in a group, or behind the end */
        }
        const uint64_t low = loss->at > at ? loss->at : at;
        const uint64_t high = end < at + count ? end : at + count;
        if (low < high) {
            memset(piece + (low - at), 0, (size_t)(high - low));
        }
        if (low == loss->at && low < high) {
            struct sky_mcap_buffer out = {.bytes = piece + (low - at),
                                          .capacity = SKY_MCAP_FRAME_BYTES};
            sky_mcap_put_u8(&out, SKY_MCAP_PAD);
            sky_mcap_put_u64(&out, loss->bytes - SKY_MCAP_FRAME_BYTES);
        }
    }
}

void skyh_recovery_free(struct skyh_recovery *recovery)
{
    free(recovery->end);
    memset(recovery, 0, sizeof *recovery);
}
