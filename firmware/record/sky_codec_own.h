/**
 * sky_codec_own: the records in which a log speaks of itself - segments, epochs, checkpoints, and
 * what is kept of segments that went.
 *
 * They are no inputs and no events: replay passes over them, verification lives on them.
 */
#ifndef SKY_CODEC_OWN_H
#define SKY_CODEC_OWN_H

#include <stdbool.h>

#include "sky_codec.h"
#include "sky_note.h"
#include "sky_stretch.h"

/** Channels of their own, far behind those of inputs and events. */
enum sky_own_channel {
    SKY_OWN_SEGMENT = 64,
    SKY_OWN_EPOCH,
    SKY_OWN_CHECKPOINT,
    SKY_OWN_RETENTION,
    SKY_OWN_END /* one past the last of all channels */
};

enum {
    SKY_OWN_SEGMENT_MAX = 2560, /* bytes, packed */
    SKY_OWN_EPOCH_MAX = 64,     /* bytes, packed */
    SKY_OWN_CHECKPOINT_MAX = SKY_NOTE_CHECKPOINT_MAX + 16,
    SKY_OWN_ARENA_BYTES = 16 * 1024, /* holds any of them, unpacked */
    /* A retention, of which the last two above do not hold: */
    SKY_OWN_GAPS_MAX = 64,
    SKY_OWN_RETENTION_MAX =
        1024 + SKY_NOTE_CHECKPOINT_MAX + SKY_OWN_GAPS_MAX * (64 + SKY_STRETCH_HASHES_MAX * 34),
    SKY_OWN_RETENTION_ARENA_BYTES = 1024 * 1024
};

/** A key that signs groups, and from which the next follows. */
struct sky_epoch {
    uint32_t number;
    uint8_t key[SKY_ED25519_BYTES];
};

/** A segment begins. */
struct sky_own_segment {
    uint64_t number;
    struct sky_hash preamble;
    struct sky_merkle tree; /* as it was before this record */
    bool is_signed;
    struct sky_epoch epoch; /* if signed */
    bool restarted;
};

/** Leaves that are gone with the segments that had them. */
struct sky_own_gap {
    uint64_t first_segment;
    uint64_t last_segment;
    bool known; /* else a segment was damaged, and the stretch has no hashes */
    struct sky_stretch stretch;
};

/** A segment goes. */
struct sky_own_retention {
    uint64_t segment;
    struct sky_hash file;
    uint64_t first_leaf;
    uint64_t end_leaf;
    bool has_inputs;
    uint64_t first_seq;
    uint64_t last_seq;
    bool has_times;
    uint64_t first_log_time_ns;
    uint64_t last_log_time_ns;
    char checkpoint[SKY_NOTE_CHECKPOINT_MAX]; /* the last in it; "" if there is none */
    unsigned gap_count;
    struct sky_own_gap gap[SKY_OWN_GAPS_MAX]; /* this segment included, in their order */
};

/** True for every channel that a log declares, inputs and events included. */
bool sky_own_declared(unsigned channel);

/** As sky_codec_topic and sky_codec_type, for every declared channel. */
const char *sky_own_topic(unsigned channel);
const char *sky_own_type(unsigned channel);

/** Pack; each returns its bytes. The note is ended by a zero. */
size_t sky_own_pack_segment(const struct sky_own_segment *segment,
                            uint8_t ret_bytes[SKY_OWN_SEGMENT_MAX]);
size_t sky_own_pack_epoch(const struct sky_epoch *epoch, uint8_t ret_bytes[SKY_OWN_EPOCH_MAX]);
size_t sky_own_pack_checkpoint(const char *note, uint8_t ret_bytes[SKY_OWN_CHECKPOINT_MAX]);

/**
 * Unpack, with an arena of SKY_OWN_ARENA_BYTES or more. SKY_E_CORRUPT if the bytes are not such a
 * record. A note is borrowed from the arena, and ended by a zero.
 */
SKY_NODISCARD enum sky_status sky_own_unpack_segment(const uint8_t *bytes, size_t count,
                                                     struct sky_arena *arena,
                                                     struct sky_own_segment *ret_segment);
SKY_NODISCARD enum sky_status sky_own_unpack_epoch(const uint8_t *bytes, size_t count,
                                                   struct sky_arena *arena,
                                                   struct sky_epoch *ret_epoch);
SKY_NODISCARD enum sky_status sky_own_unpack_checkpoint(const uint8_t *bytes, size_t count,
                                                        struct sky_arena *arena,
                                                        const char **ret_note);

/** The same of a retention; both need an arena of SKY_OWN_RETENTION_ARENA_BYTES or more. */
size_t sky_own_pack_retention(const struct sky_own_retention *retention, struct sky_arena *arena,
                              uint8_t ret_bytes[SKY_OWN_RETENTION_MAX]);
SKY_NODISCARD enum sky_status sky_own_unpack_retention(const uint8_t *bytes, size_t count,
                                                       struct sky_arena *arena,
                                                       struct sky_own_retention *ret_retention);

#endif
