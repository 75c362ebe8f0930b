/*
 * Any segment can be recovered; the copy has exactly the records that can be read of the segment,
 * is found altered only if that is, and never needs recovering again.
 *
 * The input edits a sound, signed log, three bytes per edit (where, where, what) from its groups
 * on. If bit 0 of the first byte is set, the checksums of its groups are made to fit again, so that
 * what is behind them is reached; if bit 1 is, everything from the second edit on is zeros instead,
 * as a power cut leaves it; if bit 2 is, the file ends there.
 */
#include <stdlib.h>
#include <string.h>

#include "sky_paper_audit.h"
#include "skyh_recovery.h"

enum { GROUPS = 5, EDITED_BYTES = 65536 };

static struct paper_log log_;
static struct sky_note_signer signer;
static uint8_t *edited;

static void make_log(void)
{
    struct sky_journal *journal;
    signer = paper_signer("station.example/1", 1);
    const struct sky_seal_config seal = paper_seal(&signer);
    paper_signed_open(&log_, &seal, 1, &journal);
    for (uint64_t seq = 1; seq <= GROUPS; seq++) {
        (void)paper_datagram(journal, seq, (size_t)seq * 300);
        (void)sky_journal_commit(journal, false);
    }
    (void)sky_journal_close(journal);
    edited = malloc(log_.segment[0].size);
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static void make_checksums_fit(uint8_t *bytes, size_t count)
{
    uint32_t previous = 0;
    for (size_t at = 0; at + 4096 <= count; at += 4096) {
        uint8_t *const header = bytes + at + SKY_MCAP_FRAME_BYTES;
        struct sky_mcap_reader length = {.bytes = header + 80, .left = 8};
        const uint64_t body_bytes = sky_mcap_take_u64(&length);
        const size_t body_at = at + SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES;
        if (bytes[at] != SKY_MCAP_GROUP || body_bytes > count - body_at) {
            continue;
        }
        put_u32(header + 88, sky_mcap_crc(bytes + body_at, (size_t)body_bytes));
        put_u32(header + 240, previous);
        previous = sky_mcap_crc(header, SKY_MCAP_GROUP_BYTES - 4);
        put_u32(header + 244, previous);
    }
}

/* Of everything that a reader gets: how many, and a checksum. */
struct tally {
    uint64_t records;
    uint32_t crc;
};

static struct tally read_all(const uint8_t *bytes, size_t count)
{
    struct tally tally = {.records = 0};
    struct sky_scan scan;
    struct sky_scan_item item;
    const char *reason;
    if (count == 0 || sky_scan_begin(&scan, bytes, count, &reason) != SKY_OK) {
        return tally;
    }
    do {
        sky_scan_step(&scan, &item);
        if (item.found == SKY_SCAN_RECORD || item.found == SKY_SCAN_OWN) {
            tally.records++;
            tally.crc =
                sky_mcap_crc_join(tally.crc, sky_mcap_crc(item.bytes, item.count), item.count);
        }
    } while (item.found != SKY_SCAN_END && item.found != SKY_SCAN_TORN_END);
    return tally;
}

static size_t altered(const uint8_t *bytes, size_t count)
{
    static struct paper_view view;
    static struct skyh_audit audit;
    struct skyh_problem problem;
    const struct skyh_audit_config config = {.key = &signer.key};
    paper_view_clear(&view);
    paper_view_add(&view, bytes, count);
    if (!skyh_audit_run(&view.log, &config, &audit, &problem)) {
        abort();
    }
    skyh_audit_free(&audit);
    return audit.altered;
}

static uint8_t *copy_of(const struct skyh_recovery *recovery, const uint8_t *bytes)
{
    uint8_t *const copy = malloc(recovery->kept + recovery->end_count + 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes, recovery->kept);
    skyh_recovery_patch(recovery, 0, copy, recovery->kept);
    if (recovery->end_count > 0) {
        memcpy(copy + recovery->kept, recovery->end, recovery->end_count);
    }
    return copy;
}

static void check(const uint8_t *bytes, size_t count)
{
    static struct skyh_recovery recovery, again;
    if (!skyh_recovery_make(bytes, count, &recovery)) {
        abort();
    }
    if (recovery.kind != SKYH_RECOVERY_NONE) {
        const size_t copied = recovery.kept + recovery.end_count;
        uint8_t *const copy = copy_of(&recovery, bytes);
        const struct tally before = read_all(bytes, count);
        const struct tally after = read_all(copy, copied);
        if (before.records != after.records || before.crc != after.crc ||
            (altered(copy, copied) > 0 && altered(bytes, count) == 0)) {
            abort();
        }
        const bool damaged = recovery.kind == SKYH_RECOVERY_AS_IS || altered(bytes, count) > 0;
        if (!skyh_recovery_make(copy, copied, &again) ||
            (!damaged && again.kind != SKYH_RECOVERY_CLOSED)) {
            abort();
        }
        skyh_recovery_free(&again);
        free(copy);
    }
    skyh_recovery_free(&recovery);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (edited == NULL) {
        make_log();
    }
    if (edited == NULL || bytes == 0) {
        return 0;
    }
    const struct paper_segment *const segment = &log_.segment[0];
    const size_t from = (size_t)log_.group[0].offset;
    const size_t left = segment->size - from;
    const size_t span = left < EDITED_BYTES ? left : EDITED_BYTES;
    size_t count = segment->size;
    memcpy(edited, segment->bytes, segment->size);
    for (size_t i = 1; i + 3 <= bytes; i += 3) {
        const size_t at = from + (data[i] | (size_t)data[i + 1] << 8) % span;
        edited[at] = data[i + 2];
        if (i == 4 && (data[0] & 2) != 0) {
            memset(edited + at, 0, segment->size - at);
        }
        if (i == 4 && (data[0] & 4) != 0) {
            count = at;
        }
    }
    if ((data[0] & 1) != 0 && count > from) {
        make_checksums_fit(edited + from, span < count - from ? span : count - from);
    }
    check(edited, count);
    return 0;
}
