#include "sky_journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_mcap.h"

_Static_assert((int)SKY_JOURNAL_ALIGN == (int)SKY_MCAP_ALIGN, "one alignment");

enum {
    MESSAGES_MAX = 16384,   /* in one group */
    GROUPS_MAX = 16384,     /* in one segment */
    INDEX_ENTRY_BYTES = 16, /* of a MessageIndex */
    INDEX_HEAD_BYTES = SKY_MCAP_FRAME_BYTES + 6,
    CHUNK_INDEX_MAX = SKY_MCAP_FRAME_BYTES + 64 + 10 * SKY_CHANNEL_END, /* one ChunkIndex */
    SUMMARY_END_MAX = 1024, /* Statistics, MetadataIndex, SummaryOffsets, Footer, magic */
    CONTENT_AT = 2 * SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES + SKY_MCAP_CHUNK_HEAD_BYTES,
    METADATA_MAX = 512
};

/* Where a message of the open group lies. */
struct entry {
    uint64_t log_time_ns;
    uint32_t offset; /* in the chunk's records */
    uint16_t channel;
};

struct sky_journal {
    struct sky_journal_config config;
    struct sky_journal_sink *sink;
    int failed; /* what the sink said when it ended this journal */
    uint8_t boot_id[16];
    uint64_t group_seq;
    uint64_t log_time_ns; /* of the latest record */

    /* The newest input so far, for the headers of groups. */
    int64_t time_ns;
    int64_t realtime_ns;
    struct sky_utc_estimate utc;
    uint64_t last_seq;

    /* The open group. */
    struct sky_mcap_buffer group; /* CONTENT_AT bytes left free for what is known at the end */
    struct entry *entry;
    uint32_t entry_count;
    uint32_t channel_count[SKY_CHANNEL_END];
    uint64_t first_log_time_ns;
    int64_t oldest_ns;
    uint8_t *record; /* the message being packed */

    /* The current segment. */
    bool begun;
    uint64_t next_segment;
    uint64_t segment;
    uint64_t segment_bytes;
    uint64_t offset; /* of the next group */
    uint32_t previous_crc;
    uint32_t chunk_count;
    uint64_t message_count;
    uint64_t segment_channel_count[SKY_CHANNEL_END];
    uint64_t start_log_time_ns;
    uint64_t end_log_time_ns;
    uint64_t metadata_at;
    uint64_t metadata_bytes;

    struct sky_mcap_buffer preamble;
    struct sky_mcap_buffer summary; /* DataEnd, declarations, then a ChunkIndex per group */
    size_t schemas_bytes;
    size_t channels_bytes;
};

enum { DECLARATIONS_AT = SKY_MCAP_FRAME_BYTES + SKY_MCAP_DATA_END_BYTES }; /* in the summary */

static size_t declarations_bytes(const struct sky_journal *journal)
{
    return journal->schemas_bytes + journal->channels_bytes;
}

/* ---- opening ---- */

static int hex_digit(char digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}

static int parse_boot_id(const char text[37], uint8_t ret_id[16])
{
    memset(ret_id, 0, 16);
    if (text[0] == 0) {
        return 0;
    }
    size_t digits = 0;
    for (size_t i = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-') {
                return -EINVAL;
            }
            continue;
        }
        const int digit = hex_digit(text[i]);
        if (digit < 0) {
            return -EINVAL; /* the final zero of a text that is too short, for one */
        }
        ret_id[digits / 2] = (uint8_t)(ret_id[digits / 2] << 4 | digit);
        digits++;
    }
    return text[36] == 0 ? 0 : -EINVAL;
}

static bool in_range(const struct sky_journal_config *config)
{
    return config->segment_bytes >= UINT64_C(1) << 20 &&
           config->segment_bytes <= UINT64_C(1) << 30 &&
           config->segment_bytes % SKY_JOURNAL_ALIGN == 0 &&
           config->group_bytes >= SKY_JOURNAL_ALIGN &&
           config->group_bytes <= (size_t)4 * 1024 * 1024 &&
           memchr(config->software, 0, sizeof config->software) != NULL;
}

/* Schemas and channels: the same in every preamble and summary. */
static void declare(struct sky_journal *journal)
{
    struct sky_mcap_buffer *out = &journal->summary;
    size_t descriptor_bytes;
    const uint8_t *descriptor = sky_codec_descriptor_set(&descriptor_bytes);

    size_t at = sky_mcap_begin_record(out, SKY_MCAP_DATA_END);
    sky_mcap_put_u32(out, 0); /* not computed: a log that crashed has none either */
    sky_mcap_end_record(out, at);
    for (unsigned i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        at = sky_mcap_begin_record(out, SKY_MCAP_SCHEMA);
        sky_mcap_put_u16(out, (uint16_t)i);
        sky_mcap_put_text(out, sky_codec_type((enum sky_channel)i));
        sky_mcap_put_text(out, "protobuf");
        sky_mcap_put_u32(out, (uint32_t)descriptor_bytes);
        sky_mcap_put(out, descriptor, descriptor_bytes);
        sky_mcap_end_record(out, at);
    }
    journal->schemas_bytes = out->used - DECLARATIONS_AT;
    for (unsigned i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        at = sky_mcap_begin_record(out, SKY_MCAP_CHANNEL);
        sky_mcap_put_u16(out, (uint16_t)i);
        sky_mcap_put_u16(out, (uint16_t)i); /* its schema */
        sky_mcap_put_text(out, sky_codec_topic((enum sky_channel)i));
        sky_mcap_put_text(out, "protobuf");
        sky_mcap_put_u32(out, 0); /* no metadata */
        sky_mcap_end_record(out, at);
    }
    journal->channels_bytes = out->used - DECLARATIONS_AT - journal->schemas_bytes;
}

static size_t declarations_bound(void)
{
    size_t descriptor_bytes;
    (void)sky_codec_descriptor_set(&descriptor_bytes);
    return (size_t)SKY_CHANNEL_END * (descriptor_bytes + 256);
}

static size_t aligned(size_t count) { return (count + 15) / 16 * 16; }

static uint32_t groups_max(const struct sky_journal_config *config)
{
    const uint64_t blocks = config->segment_bytes / SKY_JOURNAL_ALIGN;
    return blocks < GROUPS_MAX ? (uint32_t)blocks : GROUPS_MAX;
}

int sky_journal_open(const struct sky_journal_config *config, struct sky_journal_sink *sink,
                     struct sky_journal **ret_journal)
{
    uint8_t boot_id[16];
    if (!in_range(config) || parse_boot_id(config->boot_id, boot_id) != 0) {
        return -EINVAL;
    }
    const size_t largest =
        config->group_bytes > SKY_CODEC_RECORD_MAX ? config->group_bytes : SKY_CODEC_RECORD_MAX;
    const size_t group_bytes =
        aligned(CONTENT_AT + SKY_MCAP_FRAME_BYTES + SKY_MCAP_MESSAGE_HEAD_BYTES + largest +
                INDEX_HEAD_BYTES + INDEX_ENTRY_BYTES + 2 * (size_t)SKY_MCAP_ALIGN);
    const size_t entry_bytes = MESSAGES_MAX * sizeof(struct entry);
    const size_t record_bytes = aligned(SKY_CODEC_RECORD_MAX);
    const size_t preamble_bytes =
        aligned(declarations_bound() + METADATA_MAX + 2 * (size_t)SKY_MCAP_ALIGN);
    const size_t summary_bytes = aligned(declarations_bound() + SUMMARY_END_MAX +
                                         (size_t)groups_max(config) * CHUNK_INDEX_MAX);
    const size_t own_bytes = aligned(sizeof(struct sky_journal));

    /* One block; what is never written to never becomes resident. */
    uint8_t *block = calloc(1, own_bytes + group_bytes + entry_bytes + record_bytes +
                                   preamble_bytes + summary_bytes);
    if (block == NULL) {
        return -ENOMEM;
    }
    struct sky_journal *journal = (void *)block;
    block += own_bytes;
    journal->entry = (void *)block;
    block += entry_bytes;
    journal->group = (struct sky_mcap_buffer){.bytes = block, .capacity = group_bytes};
    block += group_bytes;
    journal->record = block;
    block += record_bytes;
    journal->preamble = (struct sky_mcap_buffer){.bytes = block, .capacity = preamble_bytes};
    block += preamble_bytes;
    journal->summary = (struct sky_mcap_buffer){.bytes = block, .capacity = summary_bytes};

    journal->config = *config;
    journal->sink = sink;
    memcpy(journal->boot_id, boot_id, sizeof boot_id);
    journal->next_segment = config->first_segment;
    journal->utc.state = SKY_CLOCK_NONE;
    journal->group.used = CONTENT_AT;
    declare(journal);
    *ret_journal = journal;
    return 0;
}

/* ---- segments ---- */

static int hand_over(struct sky_journal *journal, const struct sky_journal_work *work)
{
    if (journal->failed == 0) {
        journal->failed = journal->sink->work(journal->sink, work);
    }
    return journal->failed;
}

static void put_metadata(struct sky_journal *journal)
{
    struct sky_mcap_buffer *out = &journal->preamble;
    char segment[24];
    char interval[24];
    (void)snprintf(segment, sizeof segment, "%" PRIu64, journal->segment);
    (void)snprintf(interval, sizeof interval, "%" PRIu64, journal->config.commit_interval_ns);
    const char *const pair[][2] = {{"format", "1"},
                                   {"segment", segment},
                                   {"boot_id", journal->config.boot_id},
                                   {"software", journal->config.software},
                                   {"commit_interval_ns", interval}};

    journal->metadata_at = out->used;
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
    journal->metadata_bytes = out->used - journal->metadata_at;
}

static void build_preamble(struct sky_journal *journal)
{
    struct sky_mcap_buffer *out = &journal->preamble;
    out->used = 0;
    sky_mcap_put(out, sky_mcap_magic, sizeof sky_mcap_magic);
    size_t at = sky_mcap_begin_record(out, SKY_MCAP_HEADER);
    sky_mcap_put_text(out, "");
    sky_mcap_put_text(out, "skywitness/" SKY_VERSION);
    sky_mcap_end_record(out, at);
    put_metadata(journal);
    sky_mcap_put(out, journal->summary.bytes + DECLARATIONS_AT, declarations_bytes(journal));
    const uint32_t crc = sky_mcap_crc(out->bytes, out->used);
    at = sky_mcap_begin_record(out, SKY_MCAP_PREAMBLE_CHECK);
    sky_mcap_put_u32(out, crc);
    sky_mcap_end_record(out, at);
    sky_mcap_put_pad(out);
}

/* Begins the next segment, large enough for a first group of group_bytes. */
static int begin_segment(struct sky_journal *journal, size_t group_bytes)
{
    journal->segment = journal->next_segment++;
    journal->summary.used = DECLARATIONS_AT + declarations_bytes(journal);
    journal->chunk_count = 0;
    journal->message_count = 0;
    journal->previous_crc = 0;
    memset(journal->segment_channel_count, 0, sizeof journal->segment_channel_count);
    build_preamble(journal);

    const uint64_t least = journal->preamble.used + group_bytes + journal->summary.used +
                           CHUNK_INDEX_MAX + SUMMARY_END_MAX;
    const uint64_t wanted = journal->config.segment_bytes;
    journal->segment_bytes =
        least <= wanted ? wanted
                        : (least + SKY_JOURNAL_ALIGN - 1) / SKY_JOURNAL_ALIGN * SKY_JOURNAL_ALIGN;
    journal->offset = journal->preamble.used;
    journal->begun = true;
    const struct sky_journal_work work = {.step = SKY_JOURNAL_BEGIN,
                                          .segment = journal->segment,
                                          .segment_bytes = journal->segment_bytes,
                                          .bytes = journal->preamble.bytes,
                                          .count = journal->preamble.used,
                                          .last_seq = journal->last_seq};
    return hand_over(journal, &work);
}

static void put_statistics(struct sky_journal *journal)
{
    struct sky_mcap_buffer *out = &journal->summary;
    uint32_t used = 0;
    for (unsigned i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        used += journal->segment_channel_count[i] > 0;
    }
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_STATISTICS);
    sky_mcap_put_u64(out, journal->message_count);
    sky_mcap_put_u16(out, SKY_CHANNEL_END - SKY_CHANNEL_CONFIG); /* schemas */
    sky_mcap_put_u32(out, SKY_CHANNEL_END - SKY_CHANNEL_CONFIG); /* channels */
    sky_mcap_put_u32(out, 0);                                    /* attachments */
    sky_mcap_put_u32(out, 1);                                    /* metadata */
    sky_mcap_put_u32(out, journal->chunk_count);
    sky_mcap_put_u64(out, journal->chunk_count > 0 ? journal->start_log_time_ns : 0);
    sky_mcap_put_u64(out, journal->chunk_count > 0 ? journal->end_log_time_ns : 0);
    sky_mcap_put_u32(out, used * 10);
    for (unsigned i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        if (journal->segment_channel_count[i] > 0) {
            sky_mcap_put_u16(out, (uint16_t)i);
            sky_mcap_put_u64(out, journal->segment_channel_count[i]);
        }
    }
    sky_mcap_end_record(out, at);
}

static void put_metadata_index(struct sky_journal *journal)
{
    struct sky_mcap_buffer *out = &journal->summary;
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_METADATA_INDEX);
    sky_mcap_put_u64(out, journal->metadata_at);
    sky_mcap_put_u64(out, journal->metadata_bytes);
    sky_mcap_put_text(out, "skywitness.segment");
    sky_mcap_end_record(out, at);
}

/* Says that the summary holds records of one kind from `from` to `to`, offsets in its buffer. */
static void put_summary_offset(struct sky_journal *journal, enum sky_mcap_op op, size_t from,
                               size_t to)
{
    if (from < to) {
        struct sky_mcap_buffer *out = &journal->summary;
        const size_t at = sky_mcap_begin_record(out, SKY_MCAP_SUMMARY_OFFSET);
        sky_mcap_put_u8(out, (uint8_t)op);
        sky_mcap_put_u64(out, journal->offset + from);
        sky_mcap_put_u64(out, to - from);
        sky_mcap_end_record(out, at);
    }
}

static void put_footer(struct sky_journal *journal, size_t offsets_at)
{
    struct sky_mcap_buffer *out = &journal->summary;
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_FOOTER);
    sky_mcap_put_u64(out, journal->offset + DECLARATIONS_AT);
    sky_mcap_put_u64(out, journal->offset + offsets_at);
    sky_mcap_put_u32(out, 0);
    sky_mcap_end_record(out, at); /* before the checksum, which covers the length */
    out->used -= 4;
    sky_mcap_put_u32(out, sky_mcap_crc(out->bytes + DECLARATIONS_AT, out->used - DECLARATIONS_AT));
    sky_mcap_put(out, sky_mcap_magic, sizeof sky_mcap_magic);
}

static int finish_segment(struct sky_journal *journal)
{
    const size_t channels_at = DECLARATIONS_AT + journal->schemas_bytes;
    const size_t chunks_at = channels_at + journal->channels_bytes;
    const size_t statistics_at = journal->summary.used;
    put_statistics(journal);
    const size_t metadata_at = journal->summary.used;
    put_metadata_index(journal);
    const size_t offsets_at = journal->summary.used;
    put_summary_offset(journal, SKY_MCAP_SCHEMA, DECLARATIONS_AT, channels_at);
    put_summary_offset(journal, SKY_MCAP_CHANNEL, channels_at, chunks_at);
    put_summary_offset(journal, SKY_MCAP_CHUNK_INDEX, chunks_at, statistics_at);
    put_summary_offset(journal, SKY_MCAP_STATISTICS, statistics_at, metadata_at);
    put_summary_offset(journal, SKY_MCAP_METADATA_INDEX, metadata_at, offsets_at);
    put_footer(journal, offsets_at);
    journal->begun = false;
    const struct sky_journal_work work = {.step = SKY_JOURNAL_FINISH,
                                          .segment = journal->segment,
                                          .segment_bytes = journal->segment_bytes,
                                          .offset = journal->offset,
                                          .bytes = journal->summary.bytes,
                                          .count = journal->summary.used,
                                          .last_seq = journal->last_seq};
    return hand_over(journal, &work);
}

/* Makes sure that a group of group_bytes, padded, has its place in the current segment. */
static int make_room(struct sky_journal *journal, size_t group_bytes)
{
    int error = 0;
    if (journal->begun) {
        const uint64_t end = journal->offset + group_bytes + journal->summary.used +
                             CHUNK_INDEX_MAX + SUMMARY_END_MAX;
        if (end <= journal->segment_bytes && journal->chunk_count < groups_max(&journal->config)) {
            return 0;
        }
        error = finish_segment(journal);
    }
    return error != 0 ? error : begin_segment(journal, group_bytes);
}

/* ---- groups ---- */

/* Writes the ChunkIndex of a whole group that is about to be handed over, and counts it. */
static void index_group(struct sky_journal *journal, const uint8_t *group, size_t body_bytes)
{
    struct sky_mcap_reader body = {.bytes = group + SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES,
                                   .left = body_bytes};
    const size_t chunk_at = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES;
    struct sky_mcap_reader chunk;
    struct sky_mcap_reader index;
    (void)sky_mcap_take_record(&body, &chunk);
    const size_t chunk_bytes = body_bytes - body.left;
    const size_t indexes_bytes = body.left;
    const uint64_t start_ns = sky_mcap_take_u64(&chunk);
    const uint64_t end_ns = sky_mcap_take_u64(&chunk);

    struct sky_mcap_buffer *out = &journal->summary;
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_CHUNK_INDEX);
    sky_mcap_put_u64(out, start_ns);
    sky_mcap_put_u64(out, end_ns);
    sky_mcap_put_u64(out, journal->offset + chunk_at);
    sky_mcap_put_u64(out, chunk_bytes);
    const size_t map_at = out->used;
    sky_mcap_put_u32(out, 0);
    while (body.left > 0) {
        const uint64_t index_at = journal->offset + chunk_at + body_bytes - body.left;
        (void)sky_mcap_take_record(&body, &index);
        const uint16_t channel = sky_mcap_take_u16(&index);
        const uint32_t count = sky_mcap_take_u32(&index) / INDEX_ENTRY_BYTES;
        sky_mcap_put_u16(out, channel);
        sky_mcap_put_u64(out, index_at);
        journal->segment_channel_count[channel] += count;
        journal->message_count += count;
    }
    struct sky_mcap_buffer map = {.bytes = out->bytes + map_at, .capacity = 4};
    sky_mcap_put_u32(&map, (uint32_t)(out->used - map_at - 4));
    sky_mcap_put_u64(out, indexes_bytes);
    sky_mcap_put_text(out, ""); /* not compressed */
    const uint64_t records_bytes = chunk_bytes - SKY_MCAP_FRAME_BYTES - SKY_MCAP_CHUNK_HEAD_BYTES;
    sky_mcap_put_u64(out, records_bytes);
    sky_mcap_put_u64(out, records_bytes);
    sky_mcap_end_record(out, at);

    if (journal->chunk_count == 0) {
        journal->start_log_time_ns = start_ns;
    }
    journal->end_log_time_ns = end_ns;
    journal->chunk_count++;
}

/* Gives a group its place: writes its header for the current segment, and hands it over. */
static int place_group(struct sky_journal *journal, uint8_t *bytes, size_t count,
                       struct sky_mcap_group *header, int64_t oldest_ns)
{
    const int error = make_room(journal, count);
    if (error != 0) {
        return error;
    }
    struct sky_mcap_buffer front = {.bytes = bytes,
                                    .capacity = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES};
    header->segment = journal->segment;
    header->previous_crc = journal->previous_crc;
    sky_mcap_put_group(&front, header);
    index_group(journal, bytes, (size_t)header->body_bytes);
    journal->previous_crc = header->header_crc;

    const struct sky_journal_work work = {.step = SKY_JOURNAL_GROUP,
                                          .segment = journal->segment,
                                          .segment_bytes = journal->segment_bytes,
                                          .offset = journal->offset,
                                          .bytes = bytes,
                                          .count = count,
                                          .last_seq = header->last_seq,
                                          .oldest_ns = oldest_ns,
                                          .urgent = (header->flags & SKY_MCAP_GROUP_URGENT) != 0};
    journal->offset += count;
    return hand_over(journal, &work);
}

static void put_message_indexes(struct sky_journal *journal)
{
    struct sky_mcap_buffer *out = &journal->group;
    for (unsigned i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        if (journal->channel_count[i] == 0) {
            continue;
        }
        const size_t at = sky_mcap_begin_record(out, SKY_MCAP_MESSAGE_INDEX);
        sky_mcap_put_u16(out, (uint16_t)i);
        sky_mcap_put_u32(out, journal->channel_count[i] * INDEX_ENTRY_BYTES);
        for (uint32_t k = 0; k < journal->entry_count; k++) {
            if (journal->entry[k].channel == i) {
                sky_mcap_put_u64(out, journal->entry[k].log_time_ns);
                sky_mcap_put_u64(out, journal->entry[k].offset);
            }
        }
        sky_mcap_end_record(out, at);
    }
}

/* Writes the Chunk's head in front of the records, which are all there. */
static void put_chunk_head(struct sky_journal *journal)
{
    const uint8_t *records = journal->group.bytes + CONTENT_AT;
    const size_t records_bytes = journal->group.used - CONTENT_AT;
    const size_t at = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES;
    struct sky_mcap_buffer out = {.bytes = journal->group.bytes + at, .capacity = CONTENT_AT - at};
    sky_mcap_put_u8(&out, SKY_MCAP_CHUNK);
    sky_mcap_put_u64(&out, SKY_MCAP_CHUNK_HEAD_BYTES + records_bytes);
    sky_mcap_put_u64(&out, journal->first_log_time_ns);
    sky_mcap_put_u64(&out, journal->log_time_ns);
    sky_mcap_put_u64(&out, records_bytes);
    sky_mcap_put_u32(&out, sky_mcap_crc(records, records_bytes));
    sky_mcap_put_text(&out, ""); /* not compressed */
    sky_mcap_put_u64(&out, records_bytes);
}

static void empty_group(struct sky_journal *journal)
{
    journal->group.used = CONTENT_AT;
    journal->entry_count = 0;
    journal->oldest_ns = 0;
    memset(journal->channel_count, 0, sizeof journal->channel_count);
}

int sky_journal_commit(struct sky_journal *journal, bool urgent)
{
    if (journal->failed != 0 || journal->entry_count == 0) {
        return journal->failed;
    }
    put_chunk_head(journal);
    put_message_indexes(journal);
    const size_t body_at = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES;
    const size_t body_bytes = journal->group.used - body_at;
    sky_mcap_put_pad(&journal->group);

    struct sky_mcap_group header = {.flags = urgent ? SKY_MCAP_GROUP_URGENT : 0,
                                    .group_seq = ++journal->group_seq,
                                    .boottime_ns = journal->time_ns,
                                    .realtime_ns = journal->realtime_ns,
                                    .utc_sigma_ns = journal->utc.sigma_ns,
                                    .clock_state = (uint32_t)journal->utc.state,
                                    .message_count = journal->entry_count,
                                    .last_seq = journal->last_seq,
                                    .body_bytes = body_bytes,
                                    .body_crc =
                                        sky_mcap_crc(journal->group.bytes + body_at, body_bytes)};
    memcpy(header.boot_id, journal->boot_id, sizeof header.boot_id);
    const int error = place_group(journal, journal->group.bytes, journal->group.used, &header,
                                  journal->oldest_ns);
    empty_group(journal);
    return error;
}

int sky_journal_again(struct sky_journal *journal, uint8_t *bytes, size_t count)
{
    struct sky_mcap_group header;
    if (journal->failed != 0) {
        return journal->failed;
    }
    const size_t body_at = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES;
    if (sky_mcap_read_group(bytes, count, &header) != NULL || header.body_bytes > count - body_at ||
        body_at + header.body_bytes + sky_mcap_pad_bytes(body_at + header.body_bytes) != count ||
        sky_mcap_crc(bytes + body_at, (size_t)header.body_bytes) != header.body_crc ||
        memcmp(header.boot_id, journal->boot_id, sizeof header.boot_id) != 0 ||
        header.group_seq > journal->group_seq) {
        return -EINVAL;
    }
    return place_group(journal, bytes, count, &header, 0);
}

/* ---- records ---- */

/* What the open group would take on disk with one more message of `count` bytes, before padding. */
static size_t group_bytes_with(const struct sky_journal *journal, enum sky_channel channel,
                               size_t count)
{
    size_t channels = journal->channel_count[channel] == 0;
    for (unsigned i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        channels += journal->channel_count[i] > 0;
    }
    return journal->group.used + SKY_MCAP_FRAME_BYTES + SKY_MCAP_MESSAGE_HEAD_BYTES + count +
           channels * INDEX_HEAD_BYTES + (journal->entry_count + 1U) * (size_t)INDEX_ENTRY_BYTES;
}

static int add(struct sky_journal *journal, enum sky_channel channel, uint32_t sequence,
               uint64_t publish_time_ns, size_t count)
{
    if (journal->entry_count > 0 &&
        (journal->entry_count == MESSAGES_MAX ||
         group_bytes_with(journal, channel, count) > journal->config.group_bytes)) {
        const int error = sky_journal_commit(journal, false);
        if (error != 0) {
            return error;
        }
    }
    if (publish_time_ns > journal->log_time_ns) {
        journal->log_time_ns = publish_time_ns;
    }
    if (journal->entry_count == 0) {
        journal->first_log_time_ns = journal->log_time_ns;
    }
    journal->entry[journal->entry_count++] =
        (struct entry){.log_time_ns = journal->log_time_ns,
                       .offset = (uint32_t)(journal->group.used - CONTENT_AT),
                       .channel = (uint16_t)channel};
    journal->channel_count[channel]++;

    struct sky_mcap_buffer *out = &journal->group;
    sky_mcap_put_u8(out, SKY_MCAP_MESSAGE);
    sky_mcap_put_u64(out, SKY_MCAP_MESSAGE_HEAD_BYTES + count);
    sky_mcap_put_u16(out, (uint16_t)channel);
    sky_mcap_put_u32(out, sequence);
    sky_mcap_put_u64(out, journal->log_time_ns);
    sky_mcap_put_u64(out, publish_time_ns);
    sky_mcap_put(out, journal->record, count);
    return 0;
}

static uint64_t not_negative(int64_t time_ns) { return time_ns > 0 ? (uint64_t)time_ns : 0; }

static int error_of(enum sky_status status)
{
    return status == SKY_E_CAPACITY ? -EMSGSIZE : -EINVAL;
}

int sky_journal_input(struct sky_journal *journal, const struct sky_input *input,
                      const struct sky_utc_estimate *utc)
{
    enum sky_channel channel;
    size_t count;
    if (journal->failed != 0) {
        return journal->failed;
    }
    const enum sky_status status =
        sky_codec_pack_input(input, utc, journal->record, SKY_CODEC_RECORD_MAX, &channel, &count);
    if (status != SKY_OK) {
        return error_of(status);
    }
    const int64_t when_ns = utc->state != SKY_CLOCK_NONE ? utc->utc_ns : input->realtime_ns;
    const int error = add(journal, channel, (uint32_t)input->seq, not_negative(when_ns), count);
    if (error != 0) {
        return error;
    }
    if (journal->oldest_ns == 0) {
        journal->oldest_ns = input->time_ns;
    }
    journal->time_ns = input->time_ns;
    journal->realtime_ns = input->realtime_ns;
    journal->utc = *utc;
    journal->last_seq = input->seq;
    return 0;
}

int sky_journal_event(struct sky_journal *journal, const struct sky_event *event)
{
    enum sky_channel channel;
    size_t count;
    if (journal->failed != 0) {
        return journal->failed;
    }
    const enum sky_status status =
        sky_codec_pack_event(event, journal->record, SKY_CODEC_RECORD_MAX, &channel, &count);
    if (status != SKY_OK) {
        return error_of(status);
    }
    const uint64_t when_ns =
        event->utc.state != SKY_CLOCK_NONE ? not_negative(event->utc.utc_ns) : journal->log_time_ns;
    return add(journal, channel, (uint32_t)event->cause_seq, when_ns, count);
}

bool sky_journal_pending(const struct sky_journal *journal) { return journal->entry_count > 0; }

int sky_journal_skip_segment(struct sky_journal *journal)
{
    if (journal->failed != 0) {
        return journal->failed;
    }
    return begin_segment(journal, 0);
}

int sky_journal_close(struct sky_journal *journal)
{
    if (journal == NULL) {
        return 0;
    }
    int error = sky_journal_commit(journal, false);
    if (error == 0 && journal->begun) {
        error = finish_segment(journal);
    }
    free(journal);
    return error;
}
