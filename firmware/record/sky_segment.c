#include "sky_segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    CHANNELS = SKY_CHANNEL_END - SKY_CHANNEL_CONFIG + SKY_OWN_END - SKY_OWN_SEGMENT,
    CHUNK_INDEX_MAX = SKY_MCAP_FRAME_BYTES + 64 + 10 * CHANNELS, /* one ChunkIndex */
    SUMMARY_END_MAX = 1024, /* Statistics, MetadataIndex, SummaryOffsets, Footer, magic */
    METADATA_MAX = 1024,
    LAST_GROUP_BYTES = 2 * SKY_JOURNAL_ALIGN,                        /* with the last checkpoint */
    DECLARATIONS_AT = SKY_MCAP_FRAME_BYTES + SKY_MCAP_DATA_END_BYTES /* in the summary */
};

static size_t declarations_bytes(const struct sky_segment *segment)
{
    return segment->schemas_bytes + segment->channels_bytes;
}

static const unsigned first_channel = SKY_CHANNEL_CONFIG;

static unsigned next_channel(unsigned channel)
{
    do {
        channel++;
    } while (channel < SKY_OWN_END && !sky_own_declared(channel));
    return channel;
}

/* Schemas and channels: the same in every preamble and summary. */
static void declare(struct sky_segment *segment)
{
    struct sky_mcap_buffer *out = &segment->summary;
    size_t descriptor_bytes;
    const uint8_t *descriptor = sky_codec_descriptor_set(&descriptor_bytes);

    size_t at = sky_mcap_begin_record(out, SKY_MCAP_DATA_END);
    sky_mcap_put_u32(out, 0); /* not computed: a log that crashed has none either */
    sky_mcap_end_record(out, at);
    for (unsigned i = first_channel; i < SKY_OWN_END; i = next_channel(i)) {
        at = sky_mcap_begin_record(out, SKY_MCAP_SCHEMA);
        sky_mcap_put_u16(out, (uint16_t)i);
        sky_mcap_put_text(out, sky_own_type(i));
        sky_mcap_put_text(out, "protobuf");
        sky_mcap_put_u32(out, (uint32_t)descriptor_bytes);
        sky_mcap_put(out, descriptor, descriptor_bytes);
        sky_mcap_end_record(out, at);
    }
    segment->schemas_bytes = out->used - DECLARATIONS_AT;
    for (unsigned i = first_channel; i < SKY_OWN_END; i = next_channel(i)) {
        at = sky_mcap_begin_record(out, SKY_MCAP_CHANNEL);
        sky_mcap_put_u16(out, (uint16_t)i);
        sky_mcap_put_u16(out, (uint16_t)i); /* its schema */
        sky_mcap_put_text(out, sky_own_topic(i));
        sky_mcap_put_text(out, "protobuf");
        sky_mcap_put_u32(out, 0); /* no metadata */
        sky_mcap_end_record(out, at);
    }
    segment->schema_count = CHANNELS;
    segment->declared_count = CHANNELS;
    segment->channels_bytes = out->used - DECLARATIONS_AT - segment->schemas_bytes;
}

static size_t declarations_bound(void)
{
    size_t descriptor_bytes;
    (void)sky_codec_descriptor_set(&descriptor_bytes);
    return (size_t)CHANNELS * (descriptor_bytes + 256);
}

static uint32_t groups_max(const struct sky_journal_config *config)
{
    const uint64_t blocks = config->segment_bytes / SKY_JOURNAL_ALIGN;
    return blocks < SKY_SEGMENT_GROUPS_MAX ? (uint32_t)blocks : SKY_SEGMENT_GROUPS_MAX;
}

static size_t preamble_room(void)
{
    return declarations_bound() + METADATA_MAX + 2 * (size_t)SKY_MCAP_ALIGN;
}

static size_t summary_room(const struct sky_journal_config *config)
{
    return declarations_bound() + SUMMARY_END_MAX + (size_t)groups_max(config) * CHUNK_INDEX_MAX;
}

size_t sky_segment_room(const struct sky_journal_config *config)
{
    return preamble_room() + summary_room(config);
}

void sky_segment_init(struct sky_segment *segment, const struct sky_journal_config *config,
                      uint8_t *room)
{
    memset(segment, 0, sizeof *segment);
    segment->config = config;
    if (config->seal != NULL && config->seal->signer != NULL) {
        sky_note_key_text(&config->seal->signer->key, segment->key);
    }
    segment->preamble = (struct sky_mcap_buffer){.bytes = room, .capacity = preamble_room()};
    segment->summary =
        (struct sky_mcap_buffer){.bytes = room + preamble_room(), .capacity = summary_room(config)};
    declare(segment);
}

/* ---- the preamble ---- */

static void put_metadata(struct sky_segment *segment)
{
    struct sky_mcap_buffer *out = &segment->preamble;
    char number[24];
    char interval[24];
    (void)snprintf(number, sizeof number, "%" PRIu64, segment->number);
    (void)snprintf(interval, sizeof interval, "%" PRIu64, segment->config->commit_interval_ns);
    const char *const pair[][2] = {{"format", "2"},
                                   {"segment", number},
                                   {"boot_id", segment->config->boot_id},
                                   {"software", segment->config->software},
                                   {"commit_interval_ns", interval},
                                   {"key", segment->key}};

    segment->metadata_at = out->used;
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_METADATA);
    sky_mcap_put_text(out, "skywitness.segment");
    size_t map_bytes = 0;
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
        map_bytes += 8 + strlen(pair[i][0]) + strlen(pair[i][1]);
    }
    sky_mcap_put_u32(out, (uint32_t)map_bytes);
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
        sky_mcap_put_text(out, pair[i][0]);
        sky_mcap_put_text(out, pair[i][1]);
    }
    sky_mcap_end_record(out, at);
    segment->metadata_bytes = out->used - segment->metadata_at;
}

static void build_preamble(struct sky_segment *segment)
{
    struct sky_mcap_buffer *out = &segment->preamble;
    out->used = 0;
    sky_mcap_put(out, sky_mcap_magic, sizeof sky_mcap_magic);
    size_t at = sky_mcap_begin_record(out, SKY_MCAP_HEADER);
    sky_mcap_put_text(out, "");
    sky_mcap_put_text(out, "skywitness/" SKY_VERSION);
    sky_mcap_end_record(out, at);
    put_metadata(segment);
    sky_mcap_put(out, segment->summary.bytes + DECLARATIONS_AT, declarations_bytes(segment));
    const uint32_t crc = sky_mcap_crc(out->bytes, out->used);
    at = sky_mcap_begin_record(out, SKY_MCAP_PREAMBLE_CHECK);
    sky_mcap_put_u32(out, crc);
    sky_mcap_end_record(out, at);
    sky_mcap_put_pad(out);
}

struct sky_hash sky_segment_preamble_hash(const struct sky_segment *segment)
{
    return sky_sha(&(const struct sky_part){segment->preamble.bytes, segment->preamble.used}, 1);
}

/* Where the file would end if a group of group_bytes came next, and then a block and the summary.
 */
static uint64_t end_with(const struct sky_segment *segment, size_t group_bytes)
{
    return segment->offset + group_bytes + LAST_GROUP_BYTES + segment->summary.used +
           2 * (size_t)CHUNK_INDEX_MAX + SUMMARY_END_MAX;
}

static void restart(struct sky_segment *segment, uint64_t number)
{
    segment->number = number;
    segment->chunk_count = 0;
    segment->message_count = 0;
    memset(segment->channel_count, 0, sizeof segment->channel_count);
}

void sky_segment_begin(struct sky_segment *segment, uint64_t number, size_t group_bytes)
{
    restart(segment, number);
    segment->summary.used = DECLARATIONS_AT + declarations_bytes(segment);
    build_preamble(segment);
    segment->offset = segment->preamble.used;

    const uint64_t least = end_with(segment, group_bytes);
    const uint64_t wanted = segment->config->segment_bytes;
    segment->bytes = least <= wanted
                         ? wanted
                         : (least + SKY_JOURNAL_ALIGN - 1) / SKY_JOURNAL_ALIGN * SKY_JOURNAL_ALIGN;
}

bool sky_segment_has_place(const struct sky_segment *segment, size_t group_bytes)
{
    return end_with(segment, group_bytes) <= segment->bytes &&
           segment->chunk_count + 1 < groups_max(segment->config);
}

/* ---- a segment that is there already ---- */

bool sky_segment_adopt(struct sky_segment *segment, uint64_t number, const uint8_t *preamble,
                       size_t bytes)
{
    struct sky_mcap_reader reader = {.bytes = preamble, .left = bytes};
    struct sky_mcap_reader content;
    struct sky_mcap_buffer *const out = &segment->summary;
    segment->schemas_bytes = 0;
    segment->channels_bytes = 0;
    segment->schema_count = 0;
    segment->declared_count = 0;
    restart(segment, number);
    out->used = DECLARATIONS_AT;
    (void)sky_mcap_take(&reader, SKY_MCAP_MAGIC_BYTES);
    while (!reader.cut && reader.left > 0) {
        const uint8_t *const at = reader.bytes;
        const uint8_t op = sky_mcap_take_record(&reader, &content);
        const size_t record_bytes = (size_t)(reader.bytes - at);
        if (op == SKY_MCAP_METADATA) {
            segment->metadata_at = (uint64_t)(at - preamble);
            segment->metadata_bytes = record_bytes;
        } else if (op == SKY_MCAP_SCHEMA) {
            segment->schemas_bytes += record_bytes;
            segment->schema_count++;
            sky_mcap_put(out, at, record_bytes);
        } else if (op == SKY_MCAP_CHANNEL) {
            segment->channels_bytes += record_bytes;
            segment->declared_count++;
            sky_mcap_put(out, at, record_bytes);
        }
    }
    segment->offset = bytes;
    return !reader.cut && !out->full && declarations_bytes(segment) <= declarations_bound();
}

/* ---- the summary ---- */

void sky_segment_add(struct sky_segment *segment, const uint8_t *group, size_t group_bytes,
                     size_t body_bytes)
{
    const size_t chunk_at = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES;
    struct sky_mcap_reader body = {.bytes = group + chunk_at, .left = body_bytes};
    struct sky_mcap_reader chunk;
    struct sky_mcap_reader index;
    (void)sky_mcap_take_record(&body, &chunk);
    const size_t chunk_bytes = body_bytes - body.left;
    const size_t indexes_bytes = body.left;
    const uint64_t start_ns = sky_mcap_take_u64(&chunk);
    const uint64_t end_ns = sky_mcap_take_u64(&chunk);

    struct sky_mcap_buffer *out = &segment->summary;
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_CHUNK_INDEX);
    sky_mcap_put_u64(out, start_ns);
    sky_mcap_put_u64(out, end_ns);
    sky_mcap_put_u64(out, segment->offset + chunk_at);
    sky_mcap_put_u64(out, chunk_bytes);
    const size_t map_at = out->used;
    sky_mcap_put_u32(out, 0);
    while (body.left > 0) {
        const uint64_t index_at = segment->offset + chunk_at + body_bytes - body.left;
        (void)sky_mcap_take_record(&body, &index);
        const uint16_t channel = sky_mcap_take_u16(&index);
        const uint32_t count = sky_mcap_take_u32(&index) / SKY_MCAP_INDEX_ENTRY_BYTES;
        sky_mcap_put_u16(out, channel);
        sky_mcap_put_u64(out, index_at);
        segment->channel_count[channel] += count;
        segment->message_count += count;
    }
    struct sky_mcap_buffer map = {.bytes = out->bytes + map_at, .capacity = 4};
    sky_mcap_put_u32(&map, (uint32_t)(out->used - map_at - 4));
    sky_mcap_put_u64(out, indexes_bytes);
    sky_mcap_put_text(out, ""); /* not compressed */
    const uint64_t records_bytes = chunk_bytes - SKY_MCAP_FRAME_BYTES - SKY_MCAP_CHUNK_HEAD_BYTES;
    sky_mcap_put_u64(out, records_bytes);
    sky_mcap_put_u64(out, records_bytes);
    sky_mcap_end_record(out, at);

    if (segment->chunk_count == 0) {
        segment->start_log_time_ns = start_ns;
    }
    segment->end_log_time_ns = end_ns;
    segment->chunk_count++;
    segment->offset += group_bytes;
}

static void put_statistics(struct sky_segment *segment)
{
    struct sky_mcap_buffer *out = &segment->summary;
    uint32_t used = 0;
    for (unsigned i = first_channel; i < SKY_OWN_END; i = next_channel(i)) {
        used += segment->channel_count[i] > 0;
    }
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_STATISTICS);
    sky_mcap_put_u64(out, segment->message_count);
    sky_mcap_put_u16(out, segment->schema_count);
    sky_mcap_put_u32(out, segment->declared_count);
    sky_mcap_put_u32(out, 0); /* attachments */
    sky_mcap_put_u32(out, 1); /* metadata */
    sky_mcap_put_u32(out, segment->chunk_count);
    sky_mcap_put_u64(out, segment->chunk_count > 0 ? segment->start_log_time_ns : 0);
    sky_mcap_put_u64(out, segment->chunk_count > 0 ? segment->end_log_time_ns : 0);
    sky_mcap_put_u32(out, used * 10);
    for (unsigned i = first_channel; i < SKY_OWN_END; i = next_channel(i)) {
        if (segment->channel_count[i] > 0) {
            sky_mcap_put_u16(out, (uint16_t)i);
            sky_mcap_put_u64(out, segment->channel_count[i]);
        }
    }
    sky_mcap_end_record(out, at);
}

static void put_metadata_index(struct sky_segment *segment)
{
    struct sky_mcap_buffer *out = &segment->summary;
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_METADATA_INDEX);
    sky_mcap_put_u64(out, segment->metadata_at);
    sky_mcap_put_u64(out, segment->metadata_bytes);
    sky_mcap_put_text(out, "skywitness.segment");
    sky_mcap_end_record(out, at);
}

/* Says that the summary holds records of one kind from `from` to `to`, offsets in its buffer. */
static void put_summary_offset(struct sky_segment *segment, enum sky_mcap_op op, size_t from,
                               size_t to)
{
    if (from < to) {
        struct sky_mcap_buffer *out = &segment->summary;
        const size_t at = sky_mcap_begin_record(out, SKY_MCAP_SUMMARY_OFFSET);
        sky_mcap_put_u8(out, (uint8_t)op);
        sky_mcap_put_u64(out, segment->offset + from);
        sky_mcap_put_u64(out, to - from);
        sky_mcap_end_record(out, at);
    }
}

static void put_footer(struct sky_segment *segment, size_t offsets_at)
{
    struct sky_mcap_buffer *out = &segment->summary;
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_FOOTER);
    sky_mcap_put_u64(out, segment->offset + DECLARATIONS_AT);
    sky_mcap_put_u64(out, segment->offset + offsets_at);
    sky_mcap_put_u32(out, 0);
    sky_mcap_end_record(out, at); /* before the checksum, which covers the length */
    out->used -= 4;
    sky_mcap_put_u32(out, sky_mcap_crc(out->bytes + DECLARATIONS_AT, out->used - DECLARATIONS_AT));
    sky_mcap_put(out, sky_mcap_magic, sizeof sky_mcap_magic);
}

void sky_segment_end(struct sky_segment *segment)
{
    const size_t channels_at = DECLARATIONS_AT + segment->schemas_bytes;
    const size_t chunks_at = channels_at + segment->channels_bytes;
    const size_t statistics_at = segment->summary.used;
    put_statistics(segment);
    const size_t metadata_at = segment->summary.used;
    put_metadata_index(segment);
    const size_t offsets_at = segment->summary.used;
    put_summary_offset(segment, SKY_MCAP_SCHEMA, DECLARATIONS_AT, channels_at);
    put_summary_offset(segment, SKY_MCAP_CHANNEL, channels_at, chunks_at);
    put_summary_offset(segment, SKY_MCAP_CHUNK_INDEX, chunks_at, statistics_at);
    put_summary_offset(segment, SKY_MCAP_STATISTICS, statistics_at, metadata_at);
    put_summary_offset(segment, SKY_MCAP_METADATA_INDEX, metadata_at, offsets_at);
    put_footer(segment, offsets_at);
}
