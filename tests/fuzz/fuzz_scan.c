/*
 * A walk over any bytes stays inside them, comes to an end, and hands out records that the codec
 * takes or refuses but never trips over.
 *
 * The first byte chooses: 0 the rest is the log; otherwise the rest edits a sound log, three bytes
 * per edit (where, where, what), and from 128 on the checksums of its groups are made to fit again,
 * so that what is behind them is reached too.
 */
#include <stdlib.h>

#include "sky_mcap.h"
#include "sky_paper_log.h"
#include "sky_scan.h"

enum { GROUPS = 6, EDITED_BYTES = 65536 };

static uint8_t base[EDITED_BYTES]; /* the groups and the beginning of the summary of a sound log */
static _Alignas(16) uint8_t memory[1 << 20];

static void make_base(void)
{
    static struct paper_log log;
    struct sky_journal *journal;
    paper_log_open(&log, 65536, &journal);
    for (uint64_t seq = 1; seq <= GROUPS; seq++) {
        const struct sky_utc_estimate utc = {.utc_ns = 5, .state = SKY_CLOCK_NTP};
        (void)paper_tick(journal, seq, &utc);
        (void)paper_event(journal, seq, &utc);
        (void)paper_datagram(journal, seq, (size_t)seq * 400);
        (void)sky_journal_commit(journal, false);
    }
    (void)sky_journal_close(journal);
    const size_t from = (size_t)log.group[0].offset;
    const size_t left = log.segment[0].size - from;
    memcpy(base, log.segment[0].bytes + from, left < EDITED_BYTES ? left : EDITED_BYTES);
    paper_log_free(&log);
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

/* Gives every group that still claims a length inside the log the checksums it should have. */
static void seal(uint8_t *log, size_t count)
{
    for (size_t at = 0; at + 4096 <= count; at += 4096) {
        uint8_t *header = log + at + SKY_MCAP_FRAME_BYTES;
        struct sky_mcap_reader length = {.bytes = header + 80, .left = 8};
        const uint64_t body_bytes = sky_mcap_take_u64(&length);
        const size_t body_at = at + SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES;
        if (body_bytes <= count - body_at) {
            put_u32(header + 88, sky_mcap_crc(log + body_at, (size_t)body_bytes));
        }
        put_u32(header + 244, sky_mcap_crc(header, SKY_MCAP_GROUP_BYTES - 4));
    }
}

static void check_record(const struct sky_scan_item *item)
{
    struct sky_arena arena = {.bytes = memory, .capacity = sizeof memory};
    struct sky_utc_estimate utc;
    if (sky_codec_is_input(item->channel)) {
        struct sky_input input;
        (void)!sky_codec_unpack_input(item->channel, item->bytes, item->count, &arena, &input,
                                      &utc);
    } else {
        struct sky_event event;
        (void)!sky_codec_unpack_event(item->channel, item->bytes, item->count, &arena, &event);
    }
}

static void walk(const uint8_t *bytes, size_t count)
{
    struct sky_scan scan;
    struct sky_scan_item item;
    const char *reason = NULL;
    uint64_t at = 0;
    if (sky_scan_begin(&scan, bytes, count, &reason) != SKY_OK) {
        if (reason == NULL) {
            abort();
        }
        return;
    }
    for (size_t steps = 0;; steps++) {
        sky_scan_next(&scan, &item);
        if (steps > 2 * count + 2 || item.offset > count || item.skipped > count - item.offset) {
            abort();
        }
        if (item.found == SKY_SCAN_END || item.found == SKY_SCAN_TORN_END) {
            return;
        }
        if (item.found == SKY_SCAN_RECORD) {
            if (item.offset < at || item.bytes < bytes || item.bytes > bytes + count ||
                item.count > (size_t)(bytes + count - item.bytes)) {
                abort();
            }
            at = item.offset;
            check_record(&item);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static bool made;
    if (!made) {
        make_base();
        made = true;
    }
    if (bytes == 0) {
        return 0;
    }
    if (data[0] == 0) {
        walk(data + 1, bytes - 1);
        return 0;
    }
    /* How much of the log there is, in 4 KiB and some bytes; then the edits. */
    const size_t count = EDITED_BYTES - (size_t)(data[0] & 15) * 4096 - (bytes > 1 ? data[1] : 0U);
    uint8_t *edited = malloc(count);
    if (edited == NULL) {
        return 0;
    }
    memcpy(edited, base, count);
    for (size_t i = 2; i + 3 <= bytes; i += 3) {
        edited[(data[i] | (size_t)data[i + 1] << 8) % count] = data[i + 2];
    }
    if (data[0] >= 128) {
        seal(edited, count);
    }
    walk(edited, count);
    free(edited);
    return 0;
}
