#include "sky_scan.h"

#include <string.h>

#include "sky_mcap.h"

enum {
    BODY_AT = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES, /* in a group */
    DATA_END_BYTES = SKY_MCAP_FRAME_BYTES + SKY_MCAP_DATA_END_BYTES,
    FOOTER_BYTES = SKY_MCAP_FRAME_BYTES + SKY_MCAP_FOOTER_BYTES,
    CLOSING_BYTES = FOOTER_BYTES + SKY_MCAP_MAGIC_BYTES
};

static size_t up_to_alignment(size_t offset)
{
    return offset + (SKY_MCAP_ALIGN - offset % SKY_MCAP_ALIGN) % SKY_MCAP_ALIGN;
}

static bool all_zero(const uint8_t *bytes, size_t count)
{
    return count == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0);
}

/* ---- the preamble ---- */

static bool block_is(struct sky_mcap_reader block, const char *text)
{
    return block.left == strlen(text) && memcmp(block.bytes, text, block.left) == 0;
}

/* The text of a block if it fits, else as much of it as does. */
static void copy_block(char *ret_text, size_t size, struct sky_mcap_reader block)
{
    const size_t count = block.left < size - 1 ? block.left : size - 1;
    memset(ret_text, 0, size);
    if (count > 0) {
        memcpy(ret_text, block.bytes, count);
    }
}

static uint64_t block_number(struct sky_mcap_reader block)
{
    uint64_t number = 0;
    for (size_t i = 0; i < block.left && block.bytes[i] >= '0' && block.bytes[i] <= '9'; i++) {
        number = number * 10 + (uint64_t)(block.bytes[i] - '0');
    }
    return number;
}

static uint8_t hex_digit(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

static void boot_id_bytes(const char text[37], uint8_t ret_id[16])
{
    size_t digits = 0;
    memset(ret_id, 0, 16);
    for (size_t i = 0; i < 36 && text[i] != 0; i++) {
        if (text[i] != '-' && digits < 32) {
            ret_id[digits / 2] = (uint8_t)(ret_id[digits / 2] << 4 | (hex_digit(text[i]) & 15));
            digits++;
        }
    }
}

static void boot_id_text(const uint8_t id[16], char ret_text[37])
{
    static const char digit[] = "0123456789abcdef";
    size_t at = 0;
    memset(ret_text, 0, 37);
    if (all_zero(id, 16)) {
        return;
    }
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            ret_text[at++] = '-';
        }
        ret_text[at++] = digit[id[i] >> 4];
        ret_text[at++] = digit[id[i] & 15];
    }
}

/* The one Metadata record of a preamble. False if it is some other program's. */
static bool read_metadata(struct sky_mcap_reader content, struct sky_scan_segment *segment,
                          bool *ret_format_known)
{
    if (!block_is(sky_mcap_take_block(&content), "skywitness.segment")) {
        return false;
    }
    struct sky_mcap_reader map = sky_mcap_take_block(&content);
    while (map.left > 0 && !map.cut) {
        const struct sky_mcap_reader key = sky_mcap_take_block(&map);
        const struct sky_mcap_reader value = sky_mcap_take_block(&map);
        if (block_is(key, "format")) {
            *ret_format_known = block_is(value, "2");
        } else if (block_is(key, "segment")) {
            segment->segment = block_number(value);
        } else if (block_is(key, "boot_id")) {
            copy_block(segment->boot_id, sizeof segment->boot_id, value);
        } else if (block_is(key, "software")) {
            copy_block(segment->software, sizeof segment->software, value);
        } else if (block_is(key, "commit_interval_ns")) {
            segment->commit_interval_ns = block_number(value);
        } else if (block_is(key, "key")) {
            copy_block(segment->key, sizeof segment->key, value);
        }
    }
    return true;
}

/* What was found at the beginning of a file. */
struct preamble {
    const char *wrong; /* NULL: sound */
    bool format_known;
    size_t end; /* and after it the padding */
    struct sky_scan_segment segment;
};

static void read_preamble(const uint8_t *bytes, size_t count, struct preamble *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->format_known = true;
    struct sky_mcap_reader reader = {.bytes = bytes, .left = count};
    struct sky_mcap_reader content;
    bool ours = false;
    const uint8_t *magic = sky_mcap_take(&reader, SKY_MCAP_MAGIC_BYTES);
    if (magic == NULL || memcmp(magic, sky_mcap_magic, SKY_MCAP_MAGIC_BYTES) != 0) {
        ret->wrong = "does not begin as an MCAP file does";
        return;
    }
    for (;;) {
        const size_t at = count - reader.left;
        const uint8_t op = sky_mcap_take_record(&reader, &content);
        if (op == SKY_MCAP_PREAMBLE_CHECK) {
            ret->end = count - reader.left;
            if (content.left != 4 || sky_mcap_take_u32(&content) != sky_mcap_crc(bytes, at)) {
                break;
            }
            ret->wrong = ours ? NULL : "an MCAP file, but not a log of skywitness";
            return;
        }
        if (op == SKY_MCAP_METADATA && !ours) {
            ours = read_metadata(content, &ret->segment, &ret->format_known);
        } else if (op != SKY_MCAP_HEADER && op != SKY_MCAP_SCHEMA && op != SKY_MCAP_CHANNEL) {
            break;
        }
    }
    if (ours) {
        ret->wrong = "the preamble is cut or does not match its checksum";
    } else {
        ret->wrong = reader.cut ? "an MCAP file, cut before it says what made it"
                                : "an MCAP file, but not a log of skywitness";
    }
}

/* ---- groups ---- */

/* Checks the group at `at` by itself: header, length, body. */
static const char *check_group(const struct sky_scan *scan, size_t at,
                               struct sky_mcap_group *ret_header)
{
    struct sky_mcap_group header;
    const char *wrong = sky_mcap_read_group(scan->bytes + at, scan->count - at, &header);
    if (wrong != NULL) {
        return wrong;
    }
    *ret_header = header;
    if (header.body_bytes > SKY_MCAP_GROUP_MAX) {
        return "the group is larger than any may be";
    }
    if (header.body_bytes > scan->count - at - BODY_AT) {
        return "the group is cut";
    }
    if (sky_mcap_crc(scan->bytes + at + BODY_AT, (size_t)header.body_bytes) != header.body_crc) {
        return "the group does not match its checksum";
    }
    return NULL;
}

/* Checks that a group, sound in itself, is one of this segment and comes after the latest. */
static const char *check_place(const struct sky_scan *scan, const struct sky_mcap_group *header)
{
    if (header->segment != scan->segment.segment ||
        memcmp(header->boot_id, scan->boot_id, sizeof header->boot_id) != 0) {
        return "a group of another segment or run";
    }
    return header->group_seq > scan->group_seq ? NULL : "a group from before";
}

/*
 * The first sound group from `from` on; scan->count if there is none. A sound header vouches for
 * the length of its damaged body, if that can be, so what is inside is not taken for a group.
 */
static size_t find_group(const struct sky_scan *scan, size_t from, bool any_place,
                         struct sky_mcap_group *ret_header)
{
    for (size_t at = up_to_alignment(from); at < scan->count;) {
        struct sky_mcap_group header = {.body_bytes = 0};
        const char *wrong = check_group(scan, at, &header);
        if (wrong == NULL && (any_place || check_place(scan, &header) == NULL)) {
            *ret_header = header;
            return at;
        }
        const bool possible =
            header.body_bytes <= SKY_MCAP_GROUP_MAX && header.body_bytes <= scan->count - at;
        at = up_to_alignment(at + BODY_AT + (possible ? (size_t)header.body_bytes : 0));
    }
    return scan->count;
}

/* ---- the summary ---- */

enum tail { TAIL_NONE, TAIL_DAMAGED, TAIL_SOUND };

/* How the file ends, looking from its end. Sets *ret_at to where the data section must end. */
static enum tail read_tail(const uint8_t *bytes, size_t count, size_t *ret_at)
{
    if (count < CLOSING_BYTES) {
        return TAIL_NONE;
    }
    const size_t footer_at = count - CLOSING_BYTES;
    struct sky_mcap_reader reader = {.bytes = bytes + footer_at, .left = FOOTER_BYTES};
    const bool magic =
        memcmp(bytes + footer_at + FOOTER_BYTES, sky_mcap_magic, SKY_MCAP_MAGIC_BYTES) == 0;
    struct sky_mcap_reader footer = {.bytes = reader.bytes + SKY_MCAP_FRAME_BYTES,
                                     .left = SKY_MCAP_FOOTER_BYTES};
    const uint64_t summary_at = sky_mcap_take_u64(&footer);
    (void)sky_mcap_take_u64(&footer);
    const uint32_t crc = sky_mcap_take_u32(&footer);
    if (summary_at < DATA_END_BYTES || summary_at > footer_at ||
        sky_mcap_crc(bytes + summary_at, count - SKY_MCAP_MAGIC_BYTES - 4 - (size_t)summary_at) !=
            crc) {
        return magic ? TAIL_DAMAGED : TAIL_NONE;
    }
    static const uint8_t data_end[DATA_END_BYTES] = {SKY_MCAP_DATA_END, SKY_MCAP_DATA_END_BYTES};
    *ret_at = (size_t)summary_at - DATA_END_BYTES;
    return magic && memcmp(bytes + *ret_at, data_end, sizeof data_end) == 0 ? TAIL_SOUND
                                                                            : TAIL_DAMAGED;
}

/* ---- the walk ---- */

static enum sky_status begin_at_first_group(struct sky_scan *scan, const char *wrong,
                                            const char **ret_reason)
{
    struct sky_mcap_group header;
    const size_t at = find_group(scan, 0, true, &header);
    if (at == scan->count) {
        *ret_reason = wrong;
        return SKY_E_CORRUPT;
    }
    memset(&scan->segment, 0, sizeof scan->segment);
    scan->segment.segment = header.segment;
    memcpy(scan->boot_id, header.boot_id, sizeof scan->boot_id);
    boot_id_text(header.boot_id, scan->segment.boot_id);
    scan->at = at;
    scan->group.open = false;
    scan->pending = wrong;
    scan->broken = true;
    return SKY_OK;
}

enum sky_status sky_scan_begin(struct sky_scan *ret_scan, const uint8_t *bytes, size_t count,
                               const char **ret_reason)
{
    struct preamble preamble;
    read_preamble(bytes, count, &preamble);
    if (preamble.wrong == NULL && !preamble.format_known) {
        *ret_reason = "a log of skywitness in a format version that is not known here";
        return SKY_E_CORRUPT;
    }

    struct sky_scan scan;
    memset(&scan, 0, sizeof scan);
    scan.bytes = bytes;
    scan.count = count;
    scan.segment = preamble.segment;
    scan.group.open = true; /* the preamble ends in padding as a group does */
    scan.group.body_end = preamble.end;
    scan.preamble_bytes =
        preamble.wrong == NULL && preamble.end + sky_mcap_pad_bytes(preamble.end) <= count
            ? preamble.end + sky_mcap_pad_bytes(preamble.end)
            : 0;
    boot_id_bytes(preamble.segment.boot_id, scan.boot_id);
    if (preamble.wrong != NULL) {
        const enum sky_status status = begin_at_first_group(&scan, preamble.wrong, ret_reason);
        if (status != SKY_OK) {
            return status;
        }
    }
    *ret_scan = scan;
    return SKY_OK;
}

static void report(struct sky_scan_item *ret_item, enum sky_scan_found found, size_t offset,
                   size_t skipped, const char *reason)
{
    memset(ret_item, 0, sizeof *ret_item);
    ret_item->found = found;
    ret_item->offset = offset;
    ret_item->skipped = skipped;
    ret_item->reason = reason;
}

static void end_walk(struct sky_scan *scan, struct sky_scan_item *ret_item,
                     enum sky_scan_found found, size_t skipped, const char *reason)
{
    report(ret_item, found, scan->at, skipped, reason);
    scan->ended = true;
    scan->end = *ret_item;
}

/* Opens the chunk of a sound group for delivery. */
static const char *open_chunk(struct sky_scan *scan, size_t at, size_t body_bytes)
{
    struct sky_mcap_reader body = {.bytes = scan->bytes + at + BODY_AT, .left = body_bytes};
    struct sky_mcap_reader chunk;
    if (sky_mcap_take_record(&body, &chunk) != SKY_MCAP_CHUNK) {
        return "the group does not hold a chunk";
    }
    (void)sky_mcap_take_u64(&chunk); /* start and end are for indexed readers */
    (void)sky_mcap_take_u64(&chunk);
    const uint64_t plain_bytes = sky_mcap_take_u64(&chunk);
    (void)sky_mcap_take_u32(&chunk); /* the group's own checksum covers the records */
    const struct sky_mcap_reader compression = sky_mcap_take_block(&chunk);
    const uint64_t records_bytes = sky_mcap_take_u64(&chunk);
    if (chunk.cut || records_bytes != chunk.left) {
        return "the group's chunk is malformed";
    }
    if (compression.left > 0) {
        return "the group is compressed, which this version does not read";
    }
    if (plain_bytes != records_bytes) {
        return "the group's chunk is malformed";
    }
    scan->group.open = true;
    scan->group.at = at;
    scan->group.record = (size_t)(chunk.bytes - scan->bytes);
    scan->group.records_end = scan->group.record + chunk.left;
    scan->group.body_end = at + BODY_AT + body_bytes;
    return NULL;
}

/* The group at scan->at is sound and in its place: walk into it. True if there is something to say.
 */
static bool enter_group(struct sky_scan *scan, const struct sky_mcap_group *header,
                        struct sky_scan_item *ret_item)
{
    const size_t at = scan->at;
    const bool follows =
        scan->broken || (header->previous_crc == scan->previous_crc &&
                         (scan->group_seq == 0 || header->group_seq == scan->group_seq + 1));
    scan->group_seq = header->group_seq;
    scan->previous_crc = header->header_crc;
    scan->broken = false;

    const char *wrong = open_chunk(scan, at, (size_t)header->body_bytes);
    if (wrong != NULL) {
        const size_t end = at + BODY_AT + (size_t)header->body_bytes;
        const size_t next = end + sky_mcap_pad_bytes(end);
        scan->at = next < scan->count ? next : scan->count;
        report(ret_item, SKY_SCAN_DAMAGE, at, scan->at - at, wrong);
        return true;
    }
    if (!follows) {
        report(ret_item, SKY_SCAN_DAMAGE, at, 0, "groups are missing before this one");
        return true;
    }
    return false;
}

/* After the last record of a group, or the preamble: its padding. True if there is something to
 * say. */
static bool leave_group(struct sky_scan *scan, struct sky_scan_item *ret_item)
{
    const size_t end = scan->group.body_end;
    const size_t pad = sky_mcap_pad_bytes(end);
    scan->group.open = false;
    if (pad > scan->count - end) {
        scan->at = scan->count; /* cut in its padding: the group is whole */
        return false;
    }
    scan->at = end + pad;
    struct sky_mcap_reader reader = {.bytes = scan->bytes + end, .left = pad};
    struct sky_mcap_reader content;
    if (pad == 0 || (sky_mcap_take_record(&reader, &content) == SKY_MCAP_PAD && reader.left == 0 &&
                     all_zero(content.bytes, content.left))) {
        return false;
    }
    report(ret_item, SKY_SCAN_DAMAGE, end, pad, "padding is not what was written");
    return true;
}

static void next_record(struct sky_scan *scan, struct sky_scan_item *ret_item)
{
    const size_t at = scan->group.record;
    const size_t left = scan->group.records_end - at;
    struct sky_mcap_reader reader = {.bytes = scan->bytes + at, .left = left};
    struct sky_mcap_reader content;
    const uint8_t op = sky_mcap_take_record(&reader, &content);
    if (op != SKY_MCAP_MESSAGE || content.left < SKY_MCAP_MESSAGE_HEAD_BYTES) {
        scan->group.record = scan->group.records_end;
        report(ret_item, SKY_SCAN_DAMAGE, at, left, "the group holds something that is no message");
        return;
    }
    scan->group.record += left - reader.left;
    const uint16_t channel = sky_mcap_take_u16(&content);
    if (!sky_own_declared(channel)) {
        report(ret_item, SKY_SCAN_DAMAGE, at, left - reader.left,
               "a message of a channel that is not known here");
        return;
    }
    const bool own = channel >= SKY_OWN_SEGMENT;
    report(ret_item, own ? SKY_SCAN_OWN : SKY_SCAN_RECORD, scan->group.at, 0, NULL);
    ret_item->own = own ? channel : 0;
    ret_item->channel = own ? SKY_CHANNEL_END : (enum sky_channel)channel;
    ret_item->sequence = sky_mcap_take_u32(&content);
    ret_item->log_time_ns = sky_mcap_take_u64(&content);
    ret_item->publish_time_ns = sky_mcap_take_u64(&content);
    ret_item->bytes = content.bytes;
    ret_item->count = content.left;
}

/* One past the last byte that is not zero; at, if there is none from there on. */
static size_t end_of_written(const struct sky_scan *scan, size_t at)
{
    static const uint8_t zeros[SKY_MCAP_ALIGN];
    size_t end = scan->count;
    while (end - at >= sizeof zeros &&
           memcmp(scan->bytes + end - sizeof zeros, zeros, sizeof zeros) == 0) {
        end -= sizeof zeros;
    }
    while (end > at && scan->bytes[end - 1] == 0) {
        end--;
    }
    return end;
}

/* There is no further group: says what is there instead. */
static void next_end(struct sky_scan *scan, const char *wrong, struct sky_scan_item *ret_item)
{
    const size_t at = scan->at;
    size_t tail_at = 0;
    const enum tail tail = read_tail(scan->bytes, scan->count, &tail_at);
    uint64_t lost_bytes = 0;
    if (tail == TAIL_SOUND && tail_at == at + SKY_MCAP_ALIGN &&
        sky_mcap_read_recovered(scan->bytes + at, tail_at - at, &lost_bytes)) {
        end_walk(scan, ret_item, SKY_SCAN_TORN_END, (size_t)lost_bytes,
                 "the segment was not closed; this is a copy, closed by a tool");
        scan->end.recovered = true;
        ret_item->recovered = true;
        return;
    }
    if (tail == TAIL_SOUND && tail_at >= at) {
        scan->at = tail_at;
        if (tail_at > at) {
            report(ret_item, SKY_SCAN_DAMAGE, at, tail_at - at, wrong);
            return;
        }
        end_walk(scan, ret_item, SKY_SCAN_END, 0, NULL);
        return;
    }
    if (tail != TAIL_NONE) {
        end_walk(scan, ret_item, SKY_SCAN_END, 0, NULL); /* what the next call says */
        report(ret_item, SKY_SCAN_DAMAGE, at, scan->count - at, "the summary is damaged");
        return;
    }
    const size_t written = end_of_written(scan, at);
    end_walk(scan, ret_item, SKY_SCAN_TORN_END, written - at,
             written > at ? "what was written last is not complete" : "the segment was not closed");
}

/* Between groups. True if there is something to say. */
static bool next_group(struct sky_scan *scan, struct sky_scan_item *ret_item)
{
    struct sky_mcap_group header;
    const size_t at = scan->at;
    const char *wrong = check_group(scan, at, &header);
    wrong = wrong == NULL ? check_place(scan, &header) : wrong;
    if (wrong == NULL) {
        return enter_group(scan, &header, ret_item);
    }
    const size_t next = find_group(scan, at, false, &header);
    if (next == scan->count) {
        next_end(scan, wrong, ret_item);
        return true;
    }
    scan->at = next;
    scan->broken = true;
    report(ret_item, SKY_SCAN_DAMAGE, at, next - at, wrong);
    return true;
}

void sky_scan_next(struct sky_scan *scan, struct sky_scan_item *ret_item)
{
    do {
        sky_scan_step(scan, ret_item);
    } while (ret_item->found == SKY_SCAN_OWN);
}

void sky_scan_again(struct sky_scan *scan, const uint8_t *bytes, size_t count)
{
    scan->bytes = bytes;
    scan->count = count;
    scan->ended = scan->ended && scan->end.found != SKY_SCAN_TORN_END;
}

size_t sky_scan_preamble_bytes(const struct sky_scan *scan) { return scan->preamble_bytes; }

void sky_scan_step(struct sky_scan *scan, struct sky_scan_item *ret_item)
{
    if (scan->pending != NULL) {
        report(ret_item, SKY_SCAN_DAMAGE, 0, scan->at, scan->pending);
        scan->pending = NULL;
        return;
    }
    for (;;) {
        if (scan->ended) {
            *ret_item = scan->end;
            return;
        }
        if (scan->group.open && scan->group.record < scan->group.records_end) {
            next_record(scan, ret_item);
            return;
        }
        if (scan->group.open ? leave_group(scan, ret_item) : next_group(scan, ret_item)) {
            return;
        }
    }
}
