#include "sky_journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sky_mcap.h"
#include "sky_segment.h"

_Static_assert((int)SKY_JOURNAL_ALIGN == (int)SKY_MCAP_ALIGN, "one alignment");

enum {
    MESSAGES_MAX = 16384, /* in one group */
    INDEX_HEAD_BYTES = SKY_MCAP_FRAME_BYTES + 6,
    CONTENT_AT = 2 * SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES + SKY_MCAP_CHUNK_HEAD_BYTES
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
    struct sky_segment segment;
    bool begun;
    uint64_t next_segment;
    uint32_t previous_crc; /* what the next group's header holds of the one before */
};

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

int sky_journal_open(const struct sky_journal_config *config, struct sky_journal_sink *sink,
                     struct sky_journal **ret_journal)
{
    uint8_t boot_id[16];
    if (!in_range(config) || parse_boot_id(config->boot_id, boot_id) != 0) {
        return -EINVAL;
    }
    const size_t largest =
        config->group_bytes > SKY_CODEC_RECORD_MAX ? config->group_bytes : SKY_CODEC_RECORD_MAX;
    const size_t group_bytes = CONTENT_AT + SKY_MCAP_FRAME_BYTES + SKY_MCAP_MESSAGE_HEAD_BYTES +
                               largest + INDEX_HEAD_BYTES + SKY_MCAP_INDEX_ENTRY_BYTES +
                               2 * (size_t)SKY_MCAP_ALIGN;
    const size_t entry_bytes = MESSAGES_MAX * sizeof(struct entry);

    /* One block; what is never written to never becomes resident. */
    struct sky_journal *journal = calloc(1, sizeof *journal + entry_bytes + group_bytes +
                                                SKY_CODEC_RECORD_MAX + sky_segment_room(config));
    if (journal == NULL) {
        return -ENOMEM;
    }
    journal->entry = (struct entry *)(journal + 1); /* behind it, what needs no alignment */
    uint8_t *block = (uint8_t *)(journal->entry + MESSAGES_MAX);
    journal->group = (struct sky_mcap_buffer){.bytes = block, .capacity = group_bytes};
    journal->record = block + group_bytes;
    journal->config = *config;
    journal->sink = sink;
    memcpy(journal->boot_id, boot_id, sizeof boot_id);
    journal->next_segment = config->first_segment;
    journal->utc.state = SKY_CLOCK_NONE;
    journal->group.used = CONTENT_AT;
    sky_segment_init(&journal->segment, &journal->config, journal->record + SKY_CODEC_RECORD_MAX);
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

/* Begins the next segment, large enough for a first group of group_bytes. */
static int begin_segment(struct sky_journal *journal, size_t group_bytes)
{
    const struct sky_segment *segment = &journal->segment;
    sky_segment_begin(&journal->segment, journal->next_segment++, group_bytes);
    journal->previous_crc = 0;
    journal->begun = true;
    const struct sky_journal_work work = {.step = SKY_JOURNAL_BEGIN,
                                          .segment = segment->number,
                                          .segment_bytes = segment->bytes,
                                          .bytes = segment->preamble.bytes,
                                          .count = segment->preamble.used,
                                          .last_seq = journal->last_seq};
    return hand_over(journal, &work);
}

static int finish_segment(struct sky_journal *journal)
{
    const struct sky_segment *segment = &journal->segment;
    sky_segment_end(&journal->segment);
    journal->begun = false;
    const struct sky_journal_work work = {.step = SKY_JOURNAL_FINISH,
                                          .segment = segment->number,
                                          .segment_bytes = segment->bytes,
                                          .offset = segment->offset,
                                          .bytes = segment->summary.bytes,
                                          .count = segment->summary.used,
                                          .last_seq = journal->last_seq};
    return hand_over(journal, &work);
}

/* Makes sure that a group of group_bytes, padded, has its place in the current segment. */
static int make_room(struct sky_journal *journal, size_t group_bytes)
{
    int error = 0;
    if (journal->begun) {
        if (sky_segment_has_place(&journal->segment, group_bytes)) {
            return 0;
        }
        error = finish_segment(journal);
    }
    return error != 0 ? error : begin_segment(journal, group_bytes);
}

/* ---- groups ---- */

/* Gives a group its place: writes its header for the current segment, and hands it over. */
static int place_group(struct sky_journal *journal, uint8_t *bytes, size_t count,
                       struct sky_mcap_group *header, int64_t oldest_ns)
{
    struct sky_segment *segment = &journal->segment;
    const int error = make_room(journal, count);
    if (error != 0) {
        return error;
    }
    struct sky_mcap_buffer front = {.bytes = bytes,
                                    .capacity = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES};
    header->segment = segment->number;
    header->previous_crc = journal->previous_crc;
    sky_mcap_put_group(&front, header);
    journal->previous_crc = header->header_crc;

    const struct sky_journal_work work = {.step = SKY_JOURNAL_GROUP,
                                          .segment = segment->number,
                                          .segment_bytes = segment->bytes,
                                          .offset = segment->offset,
                                          .bytes = bytes,
                                          .count = count,
                                          .last_seq = header->last_seq,
                                          .oldest_ns = oldest_ns,
                                          .urgent = (header->flags & SKY_MCAP_GROUP_URGENT) != 0};
    sky_segment_add(segment, bytes, count, (size_t)header->body_bytes);
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
        sky_mcap_put_u32(out, journal->channel_count[i] * SKY_MCAP_INDEX_ENTRY_BYTES);
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
           channels * INDEX_HEAD_BYTES +
           (journal->entry_count + 1U) * (size_t)SKY_MCAP_INDEX_ENTRY_BYTES;
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
