#include "sky_group.h"

#include <string.h>

void sky_group_init(struct sky_group *group, uint8_t *bytes, size_t count,
                    struct sky_group_entry *entry, uint32_t entries)
{
    memset(group, 0, sizeof *group);
    group->out = (struct sky_mcap_buffer){.bytes = bytes, .capacity = count};
    group->entry = entry;
    group->capacity = entries;
    sky_group_clear(group);
}

void sky_group_clear(struct sky_group *group)
{
    group->out.used = SKY_GROUP_CONTENT_AT;
    group->out.full = false;
    group->count = 0;
    memset(group->channel_count, 0, sizeof group->channel_count);
    group->channels = 0;
}

size_t sky_group_bytes_with(const struct sky_group *group, unsigned channel, size_t count)
{
    const size_t channels = group->channels + (group->channel_count[channel] == 0);
    return group->out.used + SKY_MCAP_FRAME_BYTES + SKY_MCAP_MESSAGE_HEAD_BYTES + count +
           channels * SKY_GROUP_INDEX_HEAD_BYTES +
           (group->count + 1U) * (size_t)SKY_MCAP_INDEX_ENTRY_BYTES;
}

static size_t record_bytes(const struct sky_group_message *message)
{
    return SKY_MCAP_FRAME_BYTES + SKY_MCAP_MESSAGE_HEAD_BYTES + message->count;
}

static void put_message(struct sky_mcap_buffer *out, const struct sky_group_message *message)
{
    sky_mcap_put_u8(out, SKY_MCAP_MESSAGE);
    sky_mcap_put_u64(out, SKY_MCAP_MESSAGE_HEAD_BYTES + message->count);
    sky_mcap_put_u16(out, (uint16_t)message->channel);
    sky_mcap_put_u32(out, message->sequence);
    sky_mcap_put_u64(out, message->log_time_ns);
    sky_mcap_put_u64(out, message->publish_time_ns);
    sky_mcap_put(out, message->bytes, message->count);
}

static void count_message(struct sky_group *group, unsigned channel)
{
    group->count++;
    group->channels += group->channel_count[channel] == 0;
    group->channel_count[channel]++;
}

static struct sky_group_entry entry_of(const struct sky_group_message *message, size_t offset)
{
    return (struct sky_group_entry){.log_time_ns = message->log_time_ns,
                                    .offset = (uint32_t)offset,
                                    .channel = (uint16_t)message->channel};
}

void sky_group_add(struct sky_group *group, const struct sky_group_message *message)
{
    group->entry[group->count] = entry_of(message, group->out.used - SKY_GROUP_CONTENT_AT);
    count_message(group, message->channel);
    put_message(&group->out, message);
}

void sky_group_add_first(struct sky_group *group, const struct sky_group_message *message)
{
    const size_t moved = record_bytes(message);
    uint8_t *const at = group->out.bytes + SKY_GROUP_CONTENT_AT;
    memmove(at + moved, at, group->out.used - SKY_GROUP_CONTENT_AT);
    struct sky_mcap_buffer front = {.bytes = at, .capacity = moved};
    put_message(&front, message);
    group->out.used += moved;
    for (uint32_t i = group->count; i > 0; i--) {
        group->entry[i] = group->entry[i - 1];
        group->entry[i].offset += (uint32_t)moved;
    }
    group->entry[0] = entry_of(message, 0);
    count_message(group, message->channel);
}

const uint8_t *sky_group_content(const struct sky_group *group, uint32_t i, size_t *ret_count)
{
    const size_t at = SKY_GROUP_CONTENT_AT + group->entry[i].offset;
    const size_t end =
        i + 1 < group->count ? SKY_GROUP_CONTENT_AT + group->entry[i + 1].offset : group->out.used;
    *ret_count = end - at - SKY_MCAP_FRAME_BYTES;
    return group->out.bytes + at + SKY_MCAP_FRAME_BYTES;
}

/* The Chunk's head in front of the records, which are all there. Returns the CRC of both. */
static uint32_t put_chunk_head(struct sky_group *group, uint32_t crc)
{
    const size_t records_bytes = group->out.used - SKY_GROUP_CONTENT_AT;
    struct sky_mcap_buffer out = {.bytes = group->out.bytes + SKY_GROUP_BODY_AT,
                                  .capacity = SKY_GROUP_CONTENT_AT - SKY_GROUP_BODY_AT};
    sky_mcap_put_u8(&out, SKY_MCAP_CHUNK);
    sky_mcap_put_u64(&out, SKY_MCAP_CHUNK_HEAD_BYTES + records_bytes);
    sky_mcap_put_u64(&out, group->entry[0].log_time_ns);
    sky_mcap_put_u64(&out, group->entry[group->count - 1].log_time_ns);
    sky_mcap_put_u64(&out, records_bytes);
    sky_mcap_put_u32(&out, crc);
    sky_mcap_put_text(&out, ""); /* not compressed */
    sky_mcap_put_u64(&out, records_bytes);
    return sky_mcap_crc_join(sky_mcap_crc(out.bytes, out.used), crc, records_bytes);
}

static void put_message_indexes(struct sky_group *group)
{
    struct sky_mcap_buffer *const out = &group->out;
    for (unsigned i = 0; i < SKY_OWN_END; i++) {
        if (group->channel_count[i] == 0) {
            continue;
        }
        const size_t at = sky_mcap_begin_record(out, SKY_MCAP_MESSAGE_INDEX);
        sky_mcap_put_u16(out, (uint16_t)i);
        sky_mcap_put_u32(out, group->channel_count[i] * SKY_MCAP_INDEX_ENTRY_BYTES);
        for (uint32_t k = 0; k < group->count; k++) {
            if (group->entry[k].channel == i) {
                sky_mcap_put_u64(out, group->entry[k].log_time_ns);
                sky_mcap_put_u64(out, group->entry[k].offset);
            }
        }
        sky_mcap_end_record(out, at);
    }
}

size_t sky_group_end(struct sky_group *group)
{
    const uint8_t *const records = group->out.bytes + SKY_GROUP_CONTENT_AT;
    return sky_group_end_with(group, sky_mcap_crc(records, group->out.used - SKY_GROUP_CONTENT_AT));
}

size_t sky_group_end_with(struct sky_group *group, uint32_t records_crc)
{
    const size_t indexes_at = group->out.used;
    const uint32_t chunk_crc = put_chunk_head(group, records_crc);
    put_message_indexes(group);
    const size_t indexes_bytes = group->out.used - indexes_at;
    group->body_crc = sky_mcap_crc_join(
        chunk_crc, sky_mcap_crc(group->out.bytes + indexes_at, indexes_bytes), indexes_bytes);
    const size_t body_bytes = group->out.used - SKY_GROUP_BODY_AT;
    sky_mcap_put_pad(&group->out);
    return body_bytes;
}
