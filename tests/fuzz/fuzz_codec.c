/*
 * Any bytes unpack or are refused, inside the arena; and what unpacks packs to bytes that mean the
 * same: they unpack again and pack to themselves.
 *
 * The first byte is the channel, or a zone set if it is none. From 128 on the rest edits a sound
 * record, three bytes per edit (where, where, what), since few bytes at random are a record.
 */
#include <stdlib.h>

#include "sky_records.h"

enum { ARENA_BYTES = 1 << 20 };

static _Alignas(16) uint8_t memory[ARENA_BYTES];
static uint8_t sound[SKY_CODEC_RECORD_MAX];
static uint8_t once[SKY_CODEC_RECORD_MAX];
static uint8_t twice[SKY_CODEC_RECORD_MAX];

static struct sky_arena new_arena(void)
{
    return (struct sky_arena){.bytes = memory, .capacity = sizeof memory};
}

static bool unpack_and_pack(enum sky_channel channel, const uint8_t *bytes, size_t count,
                            uint8_t *ret_packed, size_t *ret_count)
{
    struct sky_arena arena = new_arena();
    struct sky_utc_estimate utc;
    enum sky_channel packed_channel = SKY_CHANNEL_END;
    enum sky_status status;
    if (sky_codec_is_input(channel)) {
        struct sky_input input;
        if (sky_codec_unpack_input(channel, bytes, count, &arena, &input, &utc) != SKY_OK) {
            return false;
        }
        status = sky_codec_pack_input(&input, &utc, ret_packed, SKY_CODEC_RECORD_MAX,
                                      &packed_channel, ret_count);
    } else {
        struct sky_event event;
        if (sky_codec_unpack_event(channel, bytes, count, &arena, &event) != SKY_OK) {
            return false;
        }
        status = sky_codec_pack_event(&event, ret_packed, SKY_CODEC_RECORD_MAX, &packed_channel,
                                      ret_count);
    }
    if (arena.used > arena.capacity || status != SKY_OK || packed_channel != channel) {
        abort();
    }
    return true;
}

static void check_record(enum sky_channel channel, const uint8_t *bytes, size_t count)
{
    size_t once_count, twice_count;
    if (unpack_and_pack(channel, bytes, count, once, &once_count) &&
        (!unpack_and_pack(channel, once, once_count, twice, &twice_count) ||
         once_count != twice_count || memcmp(once, twice, once_count) != 0)) {
        abort();
    }
}

static void check_zones(const uint8_t *bytes, size_t count)
{
    struct sky_arena arena = new_arena();
    struct sky_zone_set zones;
    struct sky_zone_names names;
    const char *reason = NULL;
    const char *untouched = NULL;
    if (sky_codec_unpack_zones(bytes, count, &arena, &zones, &names, &reason) != SKY_OK) {
        if (reason == NULL) {
            abort();
        }
        return;
    }
    if (arena.used > arena.capacity || sky_zone_check(&zones, &untouched) != SKY_OK) {
        abort();
    }
}

/* A sound record of a channel, or a zone set. */
static size_t make_sound(unsigned channel)
{
    static struct records_lent lent;
    uint64_t seed = channel;
    enum sky_channel packed_channel;
    size_t count = 0;
    enum sky_status status = SKY_OK;
    if (channel < SKY_CHANNEL_CONFIG || channel >= SKY_CHANNEL_END) {
        return records_zone_set(sound, sizeof sound);
    }
    if (sky_codec_is_input((enum sky_channel)channel)) {
        struct sky_input input;
        struct sky_utc_estimate utc;
        records_input(&seed, records_input_kind((enum sky_channel)channel), &lent, &input);
        records_utc(&seed, &utc);
        status = sky_codec_pack_input(&input, &utc, sound, sizeof sound, &packed_channel, &count);
    } else {
        struct sky_event event;
        records_event(&seed, records_event_kind((enum sky_channel)channel), &event);
        status = sky_codec_pack_event(&event, sound, sizeof sound, &packed_channel, &count);
    }
    return status == SKY_OK ? count : 0;
}

static void check(unsigned channel, const uint8_t *bytes, size_t count)
{
    if (channel < SKY_CHANNEL_CONFIG || channel >= SKY_CHANNEL_END) {
        check_zones(bytes, count);
    } else {
        check_record((enum sky_channel)channel, bytes, count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes == 0) {
        return 0;
    }
    const unsigned channel = data[0] % 32U;
    if (data[0] < 128) {
        check(channel, data + 1, bytes - 1);
        return 0;
    }
    const size_t count = make_sound(channel);
    for (size_t i = 1; count > 0 && i + 3 <= bytes; i += 3) {
        sound[(data[i] | (size_t)data[i + 1] << 8) % count] = data[i + 2];
    }
    check(channel, sound, count);
    return 0;
}
