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
