/**
 * sky_paper_forge: whoever has every key of a station and wants another log - all that hangs on a
 * change is made to fit again, so that nothing but the change itself can give it away.
 */
#ifndef SKY_PAPER_FORGE_H
#define SKY_PAPER_FORGE_H

#include "sky_paper_audit.h"

/** What is about to be made to fit; the forger may change it first. */
enum forge_part {
    FORGE_HEADER = 1, /* struct sky_mcap_group, of which everything is set but what seals it */
    FORGE_SEGMENT,    /* struct sky_own_segment */
    FORGE_EPOCH,      /* struct sky_epoch, the next one */
    FORGE_CHECKPOINT, /* struct sky_checkpoint */
    FORGE_NOTE,       /* char[], the signed checkpoint as text */
    FORGE_SEALED      /* struct sky_mcap_group again, sealed but for its checksums */
};

struct forge {
    /* The log, and with what it was sealed. */
    struct paper_log *log;
    struct sky_note_signer signer;
    struct sky_seal_config seal;
    /* The change: called for every part, with the number of its group in the log. */
    void (*change)(struct forge *forge, enum forge_part part, size_t group, void *thing);
    size_t at; /* for the change */
    /* As far as it has come. */
    struct sky_merkle tree;
    struct sky_epoch epoch;
    bool advances;
    uint32_t previous_crc;
};

static inline void forge_change(struct forge *forge, enum forge_part part, size_t group,
                                void *thing)
{
    if (forge->change != NULL) {
        forge->change(forge, part, group, thing);
    }
}

static inline struct paper_segment *forge_segment_of(struct forge *forge, size_t group)
{
    struct paper_segment *segment = forge->log->segment;
    while (segment->number != forge->log->group[group].segment) {
        segment++;
    }
    return segment;
}

/* One of the log's own records, made again in its place. */
static inline void forge_own(struct forge *forge, size_t group, unsigned channel, uint8_t *bytes,
                             size_t count)
{
    static _Alignas(16) uint8_t memory[SKY_OWN_ARENA_BYTES];
    static uint8_t packed[SKY_OWN_SEGMENT_MAX];
    struct sky_arena arena = {.bytes = memory, .capacity = sizeof memory};
    size_t used = count;
    if (channel == SKY_OWN_SEGMENT) {
        static struct sky_own_segment own;
        const struct paper_segment *const segment = forge_segment_of(forge, group);
        const size_t preamble_bytes = (size_t)forge->log->group[group].offset;
        assert_int_equal(sky_own_unpack_segment(bytes, count, &arena, &own), SKY_OK);
        own.tree = forge->tree;
        own.preamble = sky_sha(&(const struct sky_part){segment->bytes, preamble_bytes}, 1);
        own.epoch = forge->epoch;
        forge_change(forge, FORGE_SEGMENT, group, &own);
        used = sky_own_pack_segment(&own, packed);
    } else if (channel == SKY_OWN_EPOCH) {
        struct sky_epoch next = {.number = forge->epoch.number + 1};
        uint8_t seed[SKY_ED25519_BYTES];
        memcpy(seed, forge->seal.epoch_seed, sizeof seed);
        sky_epoch_evolve(seed);
        sky_epoch_public(seed, next.key);
        forge_change(forge, FORGE_EPOCH, group, &next);
        used = sky_own_pack_epoch(&next, packed);
        forge->advances = true;
    } else if (channel == SKY_OWN_CHECKPOINT) {
        char note[SKY_NOTE_CHECKPOINT_MAX];
        struct sky_checkpoint checkpoint = {.size = forge->tree.size,
                                            .root = sky_merkle_root(&forge->tree)};
        memcpy(checkpoint.origin, forge->signer.key.name, sizeof checkpoint.origin);
        forge_change(forge, FORGE_CHECKPOINT, group, &checkpoint);
        assert_true(sky_checkpoint_sign(&checkpoint, &forge->signer, note) > 0);
        forge_change(forge, FORGE_NOTE, group, note);
        used = sky_own_pack_checkpoint(note, packed);
    }
    if (channel >= SKY_OWN_SEGMENT) {
        /* It fits in its place: if there is too little of it, its first field stands there often.
         */
        assert_true(used <= count && (used == count || packed[1] < 128));
        for (; used < count; count -= 2, bytes += 2) {
            memcpy(bytes, packed, 2);
        }
        assert_int_equal(used, count);
        memcpy(bytes, packed, count);
    }
}

/* Records, leaves, header, signature and checksums of one group. */
static inline void forge_group(struct forge *forge, size_t number)
{
    const struct sky_journal_work *const work = &forge->log->group[number];
    uint8_t *const at = forge_segment_of(forge, number)->bytes + work->offset;
    uint8_t *const body = at + SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES;
    uint8_t *const chunk = body + SKY_MCAP_FRAME_BYTES;
    struct sky_mcap_reader size = {.bytes = chunk + 16, .left = 8};
    const size_t records_bytes = (size_t)sky_mcap_take_u64(&size);
    uint8_t *record = chunk + SKY_MCAP_CHUNK_HEAD_BYTES;
    uint8_t *const end = record + records_bytes;
    struct sky_mcap_group header;
    assert_null(sky_mcap_read_group(at, work->count, &header));
    for (uint32_t i = 0; record < end; i++) {
        struct sky_mcap_reader reader = {.bytes = record + 1, .left = 10};
        const size_t count = (size_t)sky_mcap_take_u64(&reader);
        const unsigned channel = sky_mcap_take_u16(&reader);
        uint8_t *const content = record + SKY_MCAP_FRAME_BYTES;
        uint8_t salt[SKY_SEAL_SALT_BYTES];
        forge_own(forge, number, channel, content + SKY_MCAP_MESSAGE_HEAD_BYTES,
                  count - SKY_MCAP_MESSAGE_HEAD_BYTES);
        sky_seal_leaf_salt(header.salt, i, salt);
        const struct sky_hash leaf = sky_seal_leaf(salt, content, count);
        sky_merkle_append(&forge->tree, &leaf);
        record = content + count;
    }
    paper_put_u32(chunk + 24, sky_mcap_crc(chunk + SKY_MCAP_CHUNK_HEAD_BYTES, records_bytes));
    header.body_crc = sky_mcap_crc(body, (size_t)header.body_bytes);
    header.tree_size = forge->tree.size;
    header.root = sky_merkle_root(&forge->tree);
    header.epoch = forge->epoch.number;
    forge_change(forge, FORGE_HEADER, number, &header);

    static struct sky_seal seal;
    struct sky_mcap_buffer out = {.bytes = at, .capacity = work->count};
    sky_seal_init(&seal, &forge->seal);
    sky_mcap_put_group(&out, &header);
    assert_true(sky_seal_sign(&seal, at + SKY_MCAP_FRAME_BYTES, header.signature));
    sky_seal_done(&seal);
    forge_change(forge, FORGE_SEALED, number, &header);
    header.previous_crc = forge->previous_crc;
    out.used = 0;
    sky_mcap_put_group(&out, &header);
    forge->previous_crc = header.header_crc;
}

/** Makes the whole log fit the change. Its own seal fields are those that it was made with. */
static inline void forge_log(struct forge *forge)
{
    static struct sky_seal_config kept;
    kept = forge->seal;
    forge->tree = kept.tree;
    forge->seal.signer = &forge->signer;
    forge->epoch.number = kept.epoch;
    forge->advances = false;
    sky_epoch_public(kept.epoch_seed, forge->epoch.key);
    for (size_t i = 0; i < forge->log->group_count; i++) {
        if (i == 0 || forge->log->group[i].segment != forge->log->group[i - 1].segment) {
            forge->previous_crc = 0;
        }
        forge_group(forge, i);
        if (forge->advances) {
            sky_epoch_evolve(forge->seal.epoch_seed);
            forge->epoch.number++;
            sky_epoch_public(forge->seal.epoch_seed, forge->epoch.key);
            forge->advances = false;
        }
    }
    forge->seal = kept;
}

#endif
