#include "sky_resume.h"

#include <string.h>

#include "sky_mcap.h"
#include "sky_scan.h"
#include "sky_seal.h"

bool sky_resume_introduces(const uint8_t *bytes, size_t count)
{
    struct sky_scan scan;
    struct sky_scan_item item;
    const char *reason;
    if (sky_scan_begin(&scan, bytes, count, &reason) != SKY_OK) {
        return false;
    }
    do {
        sky_scan_step(&scan, &item);
    } while (item.found != SKY_SCAN_END && item.found != SKY_SCAN_TORN_END &&
             item.own != SKY_OWN_SEGMENT);
    return item.own == SKY_OWN_SEGMENT;
}

/* One walk over a segment. */
struct walk {
    struct sky_resume *resume;
    struct sky_scan scan;
    struct sky_scan_item item;
    struct sky_arena arena;
    _Alignas(16) uint8_t arena_bytes[SKY_OWN_ARENA_BYTES];
    uint64_t group_at;
    struct sky_mcap_group header;
    uint32_t leaf;
    bool in_group;
    bool repeated; /* it ended the segment before, too */
    bool announced;
    struct sky_epoch next;
};

static void begin_group(struct walk *walk)
{
    walk->in_group = true;
    walk->announced = false;
    walk->group_at = walk->item.offset;
    walk->leaf = 0;
    /* The walk has checked it. */
    (void)sky_mcap_read_group(walk->scan.bytes + walk->group_at,
                              walk->scan.count - (size_t)walk->group_at, &walk->header);
    walk->repeated = walk->header.tree_size <= walk->resume->tree.size;
}

static void end_group(struct walk *walk)
{
    struct sky_resume *const resume = walk->resume;
    if (!walk->in_group) {
        return;
    }
    walk->in_group = false;
    if (walk->repeated || !resume->found) {
        return;
    }
    const struct sky_hash root = sky_merkle_root(&resume->tree);
    resume->broken = resume->broken || resume->tree.size != walk->header.tree_size ||
                     !sky_hash_equal(&root, &walk->header.root);
    if (walk->announced) {
        resume->epoch = walk->next;
    }
}

static void take_segment(struct walk *walk)
{
    static struct sky_own_segment segment;
    struct sky_resume *const resume = walk->resume;
    if (sky_own_unpack_segment(walk->item.bytes, walk->item.count, &walk->arena, &segment) !=
        SKY_OK) {
        resume->broken = true;
        return;
    }
    resume->found = true;
    resume->broken = false;
    resume->tree = segment.tree;
    resume->is_signed = segment.is_signed;
    resume->epoch = segment.epoch;
    walk->repeated = false;
}

static void take_message(struct walk *walk)
{
    if (walk->in_group && walk->group_at != walk->item.offset) {
        end_group(walk);
    }
    if (!walk->in_group) {
        begin_group(walk);
    }
    if (walk->item.own == SKY_OWN_SEGMENT) {
        take_segment(walk);
    } else if (walk->item.own == SKY_OWN_EPOCH) {
        walk->announced = sky_own_unpack_epoch(walk->item.bytes, walk->item.count, &walk->arena,
                                               &walk->next) == SKY_OK;
    }
    uint8_t salt[SKY_SEAL_SALT_BYTES];
    sky_seal_leaf_salt(walk->header.salt, walk->leaf++, salt);
    if (walk->resume->found && !walk->repeated) {
        const struct sky_hash leaf =
            sky_seal_leaf(salt, walk->item.bytes - SKY_MCAP_MESSAGE_HEAD_BYTES,
                          walk->item.count + SKY_MCAP_MESSAGE_HEAD_BYTES);
        sky_merkle_append(&walk->resume->tree, &leaf);
    }
}

void sky_resume_take(struct sky_resume *resume, const uint8_t *bytes, size_t count)
{
    static struct walk walk;
    const char *reason;
    memset(&walk, 0, sizeof walk);
    walk.resume = resume;
    walk.arena = (struct sky_arena){.bytes = walk.arena_bytes, .capacity = SKY_OWN_ARENA_BYTES};
    if (sky_scan_begin(&walk.scan, bytes, count, &reason) != SKY_OK) {
        return;
    }
    do {
        sky_scan_step(&walk.scan, &walk.item);
        if (walk.item.found == SKY_SCAN_RECORD || walk.item.found == SKY_SCAN_OWN) {
            take_message(&walk);
        } else {
            end_group(&walk);
            resume->broken = resume->broken || walk.item.found == SKY_SCAN_DAMAGE;
        }
    } while (walk.item.found != SKY_SCAN_END && walk.item.found != SKY_SCAN_TORN_END);
}
