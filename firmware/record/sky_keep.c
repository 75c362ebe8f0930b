#include "sky_keep.h"

#include <string.h>

#include "sky_mcap.h"
#include "sky_scan.h"
#include "sky_seal.h"

struct walk {
    struct sky_keep_room *room;
    struct sky_kept *kept;
    struct sky_stretch *stretch; /* NULL: no hashes are wanted */
    uint64_t first_leaf;         /* of the stretch, if there are leaves before */
    uint64_t end_leaf;
    struct sky_scan scan;
    struct sky_scan_item item;
    bool in_group;
    uint64_t group_at;
    struct sky_mcap_group header;
    uint32_t leaf;   /* number in the group of the next message */
    bool has_tree;   /* it is known since the segment's own record */
    bool had_inputs; /* before this group */
};

static void begin_group(struct walk *walk)
{
    struct sky_kept *const kept = walk->kept;
    walk->in_group = true;
    walk->group_at = walk->item.offset;
    walk->leaf = 0;
    walk->had_inputs = kept->has_inputs;
    /* The scan has checked it. */
    (void)sky_mcap_read_group(walk->scan.bytes + walk->group_at,
                              walk->scan.count - (size_t)walk->group_at, &walk->header);
    const uint64_t first = walk->header.tree_size - walk->header.message_count;
    if (!kept->any) {
        kept->any = true;
        kept->first_leaf = first;
        kept->end_leaf = first;
        kept->first_log_time_ns = walk->item.log_time_ns;
        if (walk->stretch != NULL) {
            sky_stretch_begin(walk->stretch, first > walk->first_leaf ? first : walk->first_leaf);
        }
    }
    kept->whole = kept->whole && walk->header.message_count <= walk->header.tree_size &&
                  first == kept->end_leaf;
    kept->end_leaf = walk->header.tree_size;
}

/* Messages say 32 bits of an input's number, the group's header all of its last. */
static uint64_t whole_seq(uint32_t low, uint64_t last_seq)
{
    const uint64_t seq = (last_seq & ~(uint64_t)UINT32_MAX) | low;
    return seq <= last_seq || seq <= UINT32_MAX ? seq : seq - UINT32_MAX - 1;
}

static void end_group(struct walk *walk)
{
    struct sky_kept *const kept = walk->kept;
    if (!walk->in_group) {
        return;
    }
    walk->in_group = false;
    kept->whole = kept->whole && walk->leaf == walk->header.message_count;
    if (kept->has_inputs) {
        kept->last_seq = walk->header.last_seq;
        if (!walk->had_inputs) {
            kept->first_seq = whole_seq((uint32_t)kept->first_seq, walk->header.last_seq);
        }
    }
    if (walk->stretch != NULL && walk->has_tree) {
        const struct sky_hash root = sky_merkle_root(&walk->room->tree);
        kept->whole = kept->whole && walk->room->tree.size == walk->header.tree_size &&
                      sky_hash_equal(&root, &walk->header.root);
    }
}

static void take_incident(struct walk *walk)
{
    struct sky_kept *const kept = walk->kept;
    struct sky_event *const event = &walk->room->event;
    if (!kept->has_incidents) {
        kept->has_incidents = true;
        kept->first_incident_ns = walk->item.log_time_ns;
    }
    kept->last_incident_ns = walk->item.log_time_ns;
    walk->room->arena.used = 0;
    if (sky_codec_unpack_event(walk->item.channel, walk->item.bytes, walk->item.count,
                               &walk->room->arena, event) == SKY_OK) {
        kept->opened_more += event->u.incident.change == SKY_INCIDENT_OPENED;
        kept->opened_more -= event->u.incident.change == SKY_INCIDENT_NOW_CLOSED;
    }
}

static void take_own(struct walk *walk)
{
    struct sky_kept *const kept = walk->kept;
    const size_t at = (size_t)(walk->item.bytes - walk->scan.bytes);
    const char *note;
    if (walk->item.own == SKY_OWN_RETENTION) {
        kept->retention_at = at;
        kept->retention_bytes = walk->item.count;
    } else if (walk->item.own == SKY_OWN_CHECKPOINT &&
               sky_own_unpack_checkpoint(walk->item.bytes, walk->item.count, &walk->room->arena,
                                         &note) == SKY_OK) {
        kept->note_bytes = strlen(note); /* the only field, so it is the message's end */
        kept->note_at = at + walk->item.count - kept->note_bytes;
    } else if (walk->item.own == SKY_OWN_SEGMENT && walk->stretch != NULL) {
        walk->has_tree = sky_own_unpack_segment(walk->item.bytes, walk->item.count,
                                                &walk->room->arena, &walk->room->segment) == SKY_OK;
        walk->room->tree = walk->room->segment.tree;
        kept->whole = kept->whole && walk->has_tree;
    }
}

static void hash_message(struct walk *walk)
{
    const uint64_t number =
        walk->header.tree_size - walk->header.message_count + (uint64_t)walk->leaf;
    uint8_t salt[SKY_SEAL_SALT_BYTES];
    sky_seal_leaf_salt(walk->header.salt, walk->leaf, salt);
    const struct sky_hash leaf = sky_seal_leaf(salt, walk->item.bytes - SKY_MCAP_MESSAGE_HEAD_BYTES,
                                               walk->item.count + SKY_MCAP_MESSAGE_HEAD_BYTES);
    if (walk->has_tree) {
        sky_merkle_append(&walk->room->tree, &leaf);
    }
    if (number == walk->stretch->end && number < walk->end_leaf) {
        sky_stretch_append(walk->stretch, &leaf);
    }
}

static void take_message(struct walk *walk)
{
    struct sky_kept *const kept = walk->kept;
    const struct sky_scan_item *const item = &walk->item;
    if (walk->in_group && walk->group_at != item->offset) {
        end_group(walk);
    }
    if (!walk->in_group) {
        begin_group(walk);
    }
    if (item->found == SKY_SCAN_OWN) {
        take_own(walk);
    } else if (sky_codec_is_input(item->channel)) {
        kept->first_seq = kept->has_inputs ? kept->first_seq : item->sequence;
        kept->has_inputs = true;
    }
    if (item->found == SKY_SCAN_RECORD && item->channel == SKY_CHANNEL_CONFIG) {
        kept->begins_run = true;
        kept->opened_more = 0;
    } else if (item->found == SKY_SCAN_RECORD && item->channel == SKY_CHANNEL_INCIDENT) {
        take_incident(walk);
    }
    kept->last_log_time_ns = item->log_time_ns;
    if (walk->stretch != NULL) {
        hash_message(walk);
    }
    walk->leaf++;
}

static void run(struct walk *walk, const uint8_t *bytes, size_t count)
{
    const char *reason;
    struct sky_kept *const kept = walk->kept;
    memset(kept, 0, sizeof *kept);
    walk->room->arena = (struct sky_arena){.bytes = walk->room->arena_bytes,
                                           .capacity = sizeof walk->room->arena_bytes};
    if (sky_scan_begin(&walk->scan, bytes, count, &reason) != SKY_OK) {
        return;
    }
    kept->whole = true;
    do {
        sky_scan_step(&walk->scan, &walk->item);
        if (walk->item.found == SKY_SCAN_RECORD || walk->item.found == SKY_SCAN_OWN) {
            take_message(walk);
        } else {
            end_group(walk);
            kept->whole = kept->whole && walk->item.found != SKY_SCAN_DAMAGE;
        }
    } while (walk->item.found != SKY_SCAN_END && walk->item.found != SKY_SCAN_TORN_END);
}

void sky_keep_look(const uint8_t *bytes, size_t count, struct sky_keep_room *room,
                   struct sky_kept *ret_kept)
{
    struct walk walk = {.room = room, .kept = ret_kept};
    run(&walk, bytes, count);
}

void sky_keep_stretch(const uint8_t *bytes, size_t count, uint64_t first_leaf, uint64_t end_leaf,
                      struct sky_keep_room *room, struct sky_kept *ret_kept,
                      struct sky_stretch *ret_stretch)
{
    struct walk walk = {.room = room,
                        .kept = ret_kept,
                        .stretch = ret_stretch,
                        .first_leaf = first_leaf,
                        .end_leaf = end_leaf};
    sky_stretch_begin(ret_stretch, 0);
    run(&walk, bytes, count);
    ret_kept->first_leaf = ret_stretch->first;
    ret_kept->end_leaf = ret_kept->end_leaf < end_leaf ? ret_kept->end_leaf : end_leaf;
    ret_kept->whole = ret_kept->whole && ret_stretch->end == ret_kept->end_leaf;
}
