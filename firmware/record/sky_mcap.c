#include "sky_mcap.h"

#include <string.h>

#include <zlib.h>

const uint8_t sky_mcap_magic[SKY_MCAP_MAGIC_BYTES] = {0x89, 'M', 'C', 'A', 'P', '0', '\r', '\n'};

static const uint8_t group_magic[8] = {'S', 'K', 'Y', 'G', 'R', 'P', '1', '\n'};
static const uint32_t group_version = 2;

uint32_t sky_mcap_crc(const void *bytes, size_t count)
{
    return (uint32_t)crc32_z(0, bytes, count);
}

uint32_t sky_mcap_crc_join(uint32_t first, uint32_t second, size_t count)
{
    return (uint32_t)crc32_combine(first, second, (z_off_t)count);
}

size_t sky_mcap_pad_bytes(uint64_t offset)
{
    const size_t gap = (SKY_MCAP_ALIGN - (size_t)(offset % SKY_MCAP_ALIGN)) % SKY_MCAP_ALIGN;
    return gap > 0 && gap < SKY_MCAP_FRAME_BYTES ? gap + SKY_MCAP_ALIGN : gap;
}

/* ---- writing ---- */

void sky_mcap_put(struct sky_mcap_buffer *buffer, const void *bytes, size_t count)
{
    if (buffer->full || count > buffer->capacity - buffer->used) {
        buffer->full = true;
        return;
    }
    if (count > 0) {
        memcpy(buffer->bytes + buffer->used, bytes, count);
    }
    buffer->used += count;
}

void sky_mcap_put_u8(struct sky_mcap_buffer *buffer, uint8_t value)
{
    sky_mcap_put(buffer, &value, 1);
}

void sky_mcap_put_u16(struct sky_mcap_buffer *buffer, uint16_t value)
{
    const uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    sky_mcap_put(buffer, bytes, sizeof bytes);
}

void sky_mcap_put_u32(struct sky_mcap_buffer *buffer, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};
    sky_mcap_put(buffer, bytes, sizeof bytes);
}

void sky_mcap_put_u64(struct sky_mcap_buffer *buffer, uint64_t value)
{
    const uint8_t bytes[8] = {(uint8_t)value,         (uint8_t)(value >> 8),
                              (uint8_t)(value >> 16), (uint8_t)(value >> 24),
                              (uint8_t)(value >> 32), (uint8_t)(value >> 40),
                              (uint8_t)(value >> 48), (uint8_t)(value >> 56)};
    sky_mcap_put(buffer, bytes, sizeof bytes);
}

void sky_mcap_put_text(struct sky_mcap_buffer *buffer, const char *text)
{
    const size_t length = strlen(text);
    sky_mcap_put_u32(buffer, (uint32_t)length);
    sky_mcap_put(buffer, text, length);
}

size_t sky_mcap_begin_record(struct sky_mcap_buffer *buffer, enum sky_mcap_op op)
{
    sky_mcap_put_u8(buffer, (uint8_t)op);
    sky_mcap_put_u64(buffer, 0);
    return buffer->used;
}

void sky_mcap_end_record(struct sky_mcap_buffer *buffer, size_t content_at)
{
    if (!buffer->full) {
        struct sky_mcap_buffer length = {.bytes = buffer->bytes + content_at - 8, .capacity = 8};
        sky_mcap_put_u64(&length, buffer->used - content_at);
    }
}

void sky_mcap_put_pad(struct sky_mcap_buffer *buffer)
{
    const size_t pad = sky_mcap_pad_bytes(buffer->used);
    if (pad == 0) {
        return;
    }
    if (pad > buffer->capacity - buffer->used) {
        buffer->full = true;
        return;
    }
    sky_mcap_put_u8(buffer, SKY_MCAP_PAD);
    sky_mcap_put_u64(buffer, pad - SKY_MCAP_FRAME_BYTES);
    memset(buffer->bytes + buffer->used, 0, pad - SKY_MCAP_FRAME_BYTES);
    buffer->used += pad - SKY_MCAP_FRAME_BYTES;
}

/* ---- reading ---- */

const uint8_t *sky_mcap_take(struct sky_mcap_reader *reader, uint64_t count)
{
    if (reader->cut || count > reader->left) {
        reader->cut = true;
        return NULL;
    }
    const uint8_t *taken = reader->bytes;
    reader->bytes += count;
    reader->left -= (size_t)count;
    return taken;
}

static uint64_t take_little_endian(struct sky_mcap_reader *reader, size_t count)
{
    const uint8_t *bytes = sky_mcap_take(reader, count);
    uint64_t value = 0;
    for (size_t i = count; bytes != NULL && i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

uint8_t sky_mcap_take_u8(struct sky_mcap_reader *reader)
{
    return (uint8_t)take_little_endian(reader, 1);
}

uint16_t sky_mcap_take_u16(struct sky_mcap_reader *reader)
{
    return (uint16_t)take_little_endian(reader, 2);
}

uint32_t sky_mcap_take_u32(struct sky_mcap_reader *reader)
{
    return (uint32_t)take_little_endian(reader, 4);
}

uint64_t sky_mcap_take_u64(struct sky_mcap_reader *reader) { return take_little_endian(reader, 8); }

static struct sky_mcap_reader take_reader(struct sky_mcap_reader *reader, uint64_t count)
{
    const uint8_t *bytes = sky_mcap_take(reader, count);
    return (struct sky_mcap_reader){
        .bytes = bytes, .left = bytes == NULL ? 0 : (size_t)count, .cut = bytes == NULL};
}

struct sky_mcap_reader sky_mcap_take_block(struct sky_mcap_reader *reader)
{
    return take_reader(reader, sky_mcap_take_u32(reader));
}

uint8_t sky_mcap_take_record(struct sky_mcap_reader *reader, struct sky_mcap_reader *ret_content)
{
    const uint8_t op = sky_mcap_take_u8(reader);
    *ret_content = take_reader(reader, sky_mcap_take_u64(reader));
    return reader->cut ? 0 : op;
}

/* ---- groups ---- */

void sky_mcap_put_recovered(struct sky_mcap_buffer *buffer, uint64_t lost_bytes)
{
    const size_t at = sky_mcap_begin_record(buffer, SKY_MCAP_RECOVERED);
    sky_mcap_put_u64(buffer, lost_bytes);
    sky_mcap_put_u32(buffer, sky_mcap_crc(buffer->bytes + at, 8));
    sky_mcap_end_record(buffer, at);
    sky_mcap_put_pad(buffer);
}

bool sky_mcap_read_recovered(const uint8_t *bytes, size_t count, uint64_t *ret_lost_bytes)
{
    static const uint8_t zeros[SKY_MCAP_ALIGN];
    struct sky_mcap_reader block = {.bytes = bytes, .left = SKY_MCAP_ALIGN};
    struct sky_mcap_reader content;
    struct sky_mcap_reader pad;
    if (count < SKY_MCAP_ALIGN || sky_mcap_take_record(&block, &content) != SKY_MCAP_RECOVERED ||
        content.left != SKY_MCAP_RECOVERED_BYTES ||
        sky_mcap_take_record(&block, &pad) != SKY_MCAP_PAD || block.left != 0 ||
        memcmp(pad.bytes, zeros, pad.left) != 0) {
        return false;
    }
    const uint32_t crc = sky_mcap_crc(content.bytes, 8);
    const uint64_t lost_bytes = sky_mcap_take_u64(&content);
    if (sky_mcap_take_u32(&content) != crc) {
        return false;
    }
    *ret_lost_bytes = lost_bytes;
    return true;
}

void sky_mcap_put_group(struct sky_mcap_buffer *buffer, struct sky_mcap_group *group)
{
    const size_t at = sky_mcap_begin_record(buffer, SKY_MCAP_GROUP);
    sky_mcap_put(buffer, group_magic, sizeof group_magic);
    sky_mcap_put_u32(buffer, group_version);
    sky_mcap_put_u32(buffer, group->flags);
    sky_mcap_put(buffer, group->boot_id, sizeof group->boot_id);
    sky_mcap_put_u64(buffer, group->group_seq);
    sky_mcap_put_u64(buffer, (uint64_t)group->boottime_ns);
    sky_mcap_put_u64(buffer, (uint64_t)group->realtime_ns);
    sky_mcap_put_u64(buffer, (uint64_t)group->utc_sigma_ns);
    sky_mcap_put_u32(buffer, group->clock_state);
    sky_mcap_put_u32(buffer, group->message_count);
    sky_mcap_put_u64(buffer, group->last_seq);
    sky_mcap_put_u64(buffer, group->body_bytes);
    sky_mcap_put_u32(buffer, group->body_crc);
    sky_mcap_put_u32(buffer, group->epoch);
    sky_mcap_put_u64(buffer, group->tree_size);
    sky_mcap_put(buffer, group->root.bytes, sizeof group->root.bytes);
    sky_mcap_put(buffer, group->salt, sizeof group->salt);
    sky_mcap_put(buffer, group->signature, sizeof group->signature);
    sky_mcap_put_u64(buffer, group->segment);
    sky_mcap_put_u32(buffer, group->previous_crc);
    if (!buffer->full) {
        group->header_crc = sky_mcap_crc(buffer->bytes + at, buffer->used - at);
    }
    sky_mcap_put_u32(buffer, group->header_crc);
    sky_mcap_end_record(buffer, at);
}

const char *sky_mcap_read_group(const uint8_t *bytes, size_t count,
                                struct sky_mcap_group *ret_group)
{
    struct sky_mcap_reader reader = {.bytes = bytes, .left = count};
    struct sky_mcap_reader content;
    if (sky_mcap_take_record(&reader, &content) != SKY_MCAP_GROUP ||
        content.left != SKY_MCAP_GROUP_BYTES) {
        return "no group begins here";
    }
    const uint8_t *header = content.bytes;
    if (memcmp(header, group_magic, sizeof group_magic) != 0) {
        return "no group begins here";
    }
    sky_mcap_take(&content, sizeof group_magic);
    const uint32_t version = sky_mcap_take_u32(&content);
    struct sky_mcap_group group = {.flags = sky_mcap_take_u32(&content)};
    memcpy(group.boot_id, sky_mcap_take(&content, sizeof group.boot_id), sizeof group.boot_id);
    group.group_seq = sky_mcap_take_u64(&content);
    group.boottime_ns = (int64_t)sky_mcap_take_u64(&content);
    group.realtime_ns = (int64_t)sky_mcap_take_u64(&content);
    group.utc_sigma_ns = (int64_t)sky_mcap_take_u64(&content);
    group.clock_state = sky_mcap_take_u32(&content);
    group.message_count = sky_mcap_take_u32(&content);
    group.last_seq = sky_mcap_take_u64(&content);
    group.body_bytes = sky_mcap_take_u64(&content);
    group.body_crc = sky_mcap_take_u32(&content);
    group.epoch = sky_mcap_take_u32(&content);
    group.tree_size = sky_mcap_take_u64(&content);
    memcpy(group.root.bytes, sky_mcap_take(&content, sizeof group.root), sizeof group.root);
    memcpy(group.salt, sky_mcap_take(&content, sizeof group.salt), sizeof group.salt);
    memcpy(group.signature, sky_mcap_take(&content, sizeof group.signature),
           sizeof group.signature);
    group.segment = sky_mcap_take_u64(&content);
    group.previous_crc = sky_mcap_take_u32(&content);
    group.header_crc = sky_mcap_take_u32(&content);
    if (group.header_crc != sky_mcap_crc(header, SKY_MCAP_GROUP_BYTES - 4)) {
        return "the group's header does not match its checksum";
    }
    if (version != group_version) {
        return "the group is of a version that is not known here";
    }
    *ret_group = group;
    return NULL;
}
