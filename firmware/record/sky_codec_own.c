#include "sky_codec_own.h"

#include <string.h>

#include "sky_codec_parts.h"
#include "skywitness.pb-c.h"

static const struct {
    const char *topic;
    const ProtobufCMessageDescriptor *type;
} own[] = {
    {"/log/segment", &skywitness__v1__segment__descriptor},
    {"/log/epoch", &skywitness__v1__epoch__descriptor},
    {"/log/checkpoint", &skywitness__v1__checkpoint__descriptor},
    {"/log/retention", &skywitness__v1__retention__descriptor},
};

_Static_assert(sizeof own / sizeof *own == SKY_OWN_END - SKY_OWN_SEGMENT, "a type per channel");
_Static_assert((int)SKY_CHANNEL_END <= (int)SKY_OWN_SEGMENT, "inputs and events stay below");

bool sky_own_declared(unsigned channel)
{
    return (channel >= SKY_CHANNEL_CONFIG && channel < SKY_CHANNEL_END) ||
           (channel >= SKY_OWN_SEGMENT && channel < SKY_OWN_END);
}

const char *sky_own_topic(unsigned channel)
{
    return channel < SKY_OWN_SEGMENT ? sky_codec_topic((enum sky_channel)channel)
                                     : own[channel - SKY_OWN_SEGMENT].topic;
}

const char *sky_own_type(unsigned channel)
{
    return channel < SKY_OWN_SEGMENT ? sky_codec_type((enum sky_channel)channel)
                                     : own[channel - SKY_OWN_SEGMENT].type->name;
}

/* ---- packing ---- */

/* protobuf-c takes everything by pointer to non-const, and changes nothing while packing. */
static void *lend(const void *ours)
{
    const union {
        const void *ours;
        void *lent;
    } pointer = {.ours = ours};
    return pointer.lent;
}

static ProtobufCBinaryData lend_bytes(const void *bytes, size_t count)
{
    return (ProtobufCBinaryData){.len = count, .data = lend(bytes)};
}

size_t sky_own_pack_segment(const struct sky_own_segment *segment,
                            uint8_t ret_bytes[SKY_OWN_SEGMENT_MAX])
{
    Skywitness__V1__Segment message = SKYWITNESS__V1__SEGMENT__INIT;
    ProtobufCBinaryData frontier[SKY_MERKLE_LEVELS];
    message.number = segment->number;
    message.preamble_sha256 = lend_bytes(segment->preamble.bytes, SKY_HASH_BYTES);
    message.tree_size = segment->tree.size;
    message.n_frontier = sky_merkle_frontier_count(segment->tree.size);
    message.frontier = frontier;
    for (size_t i = 0; i < message.n_frontier; i++) {
        frontier[i] = lend_bytes(segment->tree.frontier[i].bytes, SKY_HASH_BYTES);
    }
    message.has_epoch = segment->is_signed;
    message.epoch = segment->epoch.number;
    message.has_epoch_key = segment->is_signed;
    message.epoch_key = lend_bytes(segment->epoch.key, SKY_ED25519_BYTES);
    message.has_restarted = segment->restarted;
    message.restarted = segment->restarted;
    return skywitness__v1__segment__pack(&message, ret_bytes);
}

size_t sky_own_pack_epoch(const struct sky_epoch *epoch, uint8_t ret_bytes[SKY_OWN_EPOCH_MAX])
{
    Skywitness__V1__Epoch message = SKYWITNESS__V1__EPOCH__INIT;
    message.number = epoch->number;
    message.key = lend_bytes(epoch->key, SKY_ED25519_BYTES);
    return skywitness__v1__epoch__pack(&message, ret_bytes);
}

size_t sky_own_pack_checkpoint(const char *note, uint8_t ret_bytes[SKY_OWN_CHECKPOINT_MAX])
{
    Skywitness__V1__Checkpoint message = SKYWITNESS__V1__CHECKPOINT__INIT;
    message.note = lend(note);
    return skywitness__v1__checkpoint__pack(&message, ret_bytes);
}

static Skywitness__V1__Gap *pack_gap(const struct sky_own_gap *gap, struct sky_arena *arena)
{
    const unsigned count = gap->known ? gap->stretch.count : 0;
    Skywitness__V1__Gap *const message = sky_codec_array(arena, 1, sizeof *message);
    skywitness__v1__gap__init(message);
    message->first_segment = gap->first_segment;
    message->last_segment = gap->last_segment;
    message->first_leaf = gap->stretch.first;
    message->end_leaf = gap->stretch.end;
    message->n_hash = count;
    message->hash = sky_codec_array(arena, count + 1U, sizeof *message->hash);
    for (unsigned i = 0; i < count; i++) {
        message->hash[i] = lend_bytes(gap->stretch.hash[i].bytes, SKY_HASH_BYTES);
    }
    return message;
}

size_t sky_own_pack_retention(const struct sky_own_retention *retention, struct sky_arena *arena,
                              uint8_t ret_bytes[SKY_OWN_RETENTION_MAX])
{
    Skywitness__V1__Retention message = SKYWITNESS__V1__RETENTION__INIT;
    arena->used = 0;
    message.segment = retention->segment;
    message.sha256 = lend_bytes(retention->file.bytes, SKY_HASH_BYTES);
    message.first_leaf = retention->first_leaf;
    message.end_leaf = retention->end_leaf;
    message.has_first_seq = message.has_last_seq = retention->has_inputs;
    message.first_seq = retention->first_seq;
    message.last_seq = retention->last_seq;
    message.has_first_log_time_ns = message.has_last_log_time_ns = retention->has_times;
    message.first_log_time_ns = retention->first_log_time_ns;
    message.last_log_time_ns = retention->last_log_time_ns;
    message.checkpoint = retention->checkpoint[0] != '\0' ? lend(retention->checkpoint) : NULL;
    message.n_gap = retention->gap_count;
    message.gap = sky_codec_array(arena, retention->gap_count + 1U, sizeof(void *));
    for (unsigned i = 0; i < retention->gap_count; i++) {
        message.gap[i] = pack_gap(&retention->gap[i], arena);
    }
    return skywitness__v1__retention__pack(&message, ret_bytes);
}

/* ---- unpacking ---- */

static bool take_bytes(ProtobufCBinaryData from, void *ret_bytes, size_t count)
{
    if (from.len != count) {
        return false;
    }
    memcpy(ret_bytes, from.data, count);
    return true;
}

static bool segment_from(const Skywitness__V1__Segment *message,
                         struct sky_own_segment *ret_segment)
{
    if (message->tree_size >> 63 != 0 ||
        message->n_frontier != sky_merkle_frontier_count(message->tree_size) ||
        message->has_epoch != message->has_epoch_key) {
        return false;
    }
    ret_segment->number = message->number;
    ret_segment->tree.size = message->tree_size;
    ret_segment->is_signed = message->has_epoch;
    ret_segment->epoch.number = message->epoch;
    ret_segment->restarted = message->has_restarted && message->restarted;
    bool good = take_bytes(message->preamble_sha256, ret_segment->preamble.bytes, SKY_HASH_BYTES);
    for (size_t i = 0; good && i < message->n_frontier; i++) {
        good =
            take_bytes(message->frontier[i], ret_segment->tree.frontier[i].bytes, SKY_HASH_BYTES);
    }
    return good && (!message->has_epoch ||
                    take_bytes(message->epoch_key, ret_segment->epoch.key, SKY_ED25519_BYTES));
}

enum sky_status sky_own_unpack_segment(const uint8_t *bytes, size_t count, struct sky_arena *arena,
                                       struct sky_own_segment *ret_segment)
{
    const ProtobufCMessage *message;
    struct sky_own_segment segment;
    memset(&segment, 0, sizeof segment);
    arena->used = 0;
    const enum sky_status status =
        sky_codec_read(arena, &skywitness__v1__segment__descriptor, bytes, count, &message);
    if (status != SKY_OK) {
        return status;
    }
    if (!segment_from((const Skywitness__V1__Segment *)message, &segment)) {
        return SKY_E_CORRUPT;
    }
    *ret_segment = segment;
    return SKY_OK;
}

enum sky_status sky_own_unpack_epoch(const uint8_t *bytes, size_t count, struct sky_arena *arena,
                                     struct sky_epoch *ret_epoch)
{
    const ProtobufCMessage *message;
    arena->used = 0;
    const enum sky_status status =
        sky_codec_read(arena, &skywitness__v1__epoch__descriptor, bytes, count, &message);
    if (status != SKY_OK) {
        return status;
    }
    const Skywitness__V1__Epoch *const epoch = (const Skywitness__V1__Epoch *)message;
    if (!take_bytes(epoch->key, ret_epoch->key, SKY_ED25519_BYTES)) {
        return SKY_E_CORRUPT;
    }
    ret_epoch->number = epoch->number;
    return SKY_OK;
}

enum sky_status sky_own_unpack_checkpoint(const uint8_t *bytes, size_t count,
                                          struct sky_arena *arena, const char **ret_note)
{
    const ProtobufCMessage *message;
    arena->used = 0;
    const enum sky_status status =
        sky_codec_read(arena, &skywitness__v1__checkpoint__descriptor, bytes, count, &message);
    if (status == SKY_OK) {
        *ret_note = ((const Skywitness__V1__Checkpoint *)message)->note;
    }
    return status;
}

static bool gap_is_sound(const Skywitness__V1__Gap *gap)
{
    if (gap->end_leaf >> 63 != 0 || gap->first_leaf > gap->end_leaf ||
        gap->first_segment > gap->last_segment ||
        (gap->n_hash != 0 && gap->n_hash != sky_stretch_count(gap->first_leaf, gap->end_leaf))) {
        return false;
    }
    bool sound = true;
    for (size_t i = 0; i < gap->n_hash; i++) {
        sound = sound && gap->hash[i].len == SKY_HASH_BYTES;
    }
    return sound;
}

/* Gaps stand in the order of their segments, and do not overlap. */
static bool retention_is_sound(const Skywitness__V1__Retention *message)
{
    bool sound =
        message->n_gap <= SKY_OWN_GAPS_MAX && message->sha256.len == SKY_HASH_BYTES &&
        (message->checkpoint == NULL || strlen(message->checkpoint) < SKY_NOTE_CHECKPOINT_MAX) &&
        message->has_first_seq == message->has_last_seq &&
        message->has_first_log_time_ns == message->has_last_log_time_ns;
    for (size_t i = 0; sound && i < message->n_gap; i++) {
        sound = gap_is_sound(message->gap[i]) &&
                (i == 0 || message->gap[i - 1]->last_segment < message->gap[i]->first_segment);
    }
    return sound;
}

static void gap_from(const Skywitness__V1__Gap *message, struct sky_own_gap *ret_gap)
{
    struct sky_stretch *const stretch = &ret_gap->stretch;
    ret_gap->first_segment = message->first_segment;
    ret_gap->last_segment = message->last_segment;
    ret_gap->known = message->n_hash != 0 || message->first_leaf == message->end_leaf;
    stretch->first = message->first_leaf;
    stretch->end = message->end_leaf;
    stretch->count = (unsigned)message->n_hash;
    for (unsigned i = 0; i < stretch->count; i++) {
        memcpy(stretch->hash[i].bytes, message->hash[i].data, SKY_HASH_BYTES);
    }
}

static void retention_from(const Skywitness__V1__Retention *message,
                           struct sky_own_retention *ret_retention)
{
    ret_retention->segment = message->segment;
    memcpy(ret_retention->file.bytes, message->sha256.data, SKY_HASH_BYTES);
    ret_retention->first_leaf = message->first_leaf;
    ret_retention->end_leaf = message->end_leaf;
    ret_retention->has_inputs = message->has_first_seq;
    ret_retention->first_seq = message->first_seq;
    ret_retention->last_seq = message->last_seq;
    ret_retention->has_times = message->has_first_log_time_ns;
    ret_retention->first_log_time_ns = message->first_log_time_ns;
    ret_retention->last_log_time_ns = message->last_log_time_ns;
    memset(ret_retention->checkpoint, 0, sizeof ret_retention->checkpoint);
    if (message->checkpoint != NULL) {
        memcpy(ret_retention->checkpoint, message->checkpoint, strlen(message->checkpoint));
    }
    ret_retention->gap_count = (unsigned)message->n_gap;
    for (unsigned i = 0; i < ret_retention->gap_count; i++) {
        gap_from(message->gap[i], &ret_retention->gap[i]);
    }
}

enum sky_status sky_own_unpack_retention(const uint8_t *bytes, size_t count,
                                         struct sky_arena *arena,
                                         struct sky_own_retention *ret_retention)
{
    const ProtobufCMessage *read;
    arena->used = 0;
    const enum sky_status status =
        sky_codec_read(arena, &skywitness__v1__retention__descriptor, bytes, count, &read);
    if (status != SKY_OK) {
        return status;
    }
    const Skywitness__V1__Retention *const message = (const Skywitness__V1__Retention *)read;
    if (!retention_is_sound(message)) {
        return SKY_E_CORRUPT;
    }
    retention_from(message, ret_retention);
    return SKY_OK;
}
