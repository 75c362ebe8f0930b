/*
 * An audit of any log comes to an end, and a changed log is never taken for the untouched one.
 *
 * The input edits a sound, signed log, three bytes per edit (where, where, what) from its groups
 * on. If the first byte is odd, the checksums of its groups are made to fit again, so that what is
 * behind them is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "sky_paper_audit.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct paper_view view;
    static struct skyh_audit audit;
    struct skyh_problem problem;
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
    memcpy(edited, segment->bytes, segment->size);
    for (size_t i = 1; i + 3 <= bytes; i += 3) {
        edited[from + (data[i] | (size_t)data[i + 1] << 8) % span] = data[i + 2];
    }
    if ((data[0] & 1) != 0) {
        make_checksums_fit(edited + from, span);
    }
    const bool same = memcmp(edited, segment->bytes, segment->size) == 0;
    const struct skyh_audit_config config = {.key = &signer.key, .keep_tree = true};
    paper_view_clear(&view);
    paper_view_add(&view, edited, segment->size);
    if (!skyh_audit_run(&view.log, &config, &audit, &problem) ||
        (audit.altered + audit.torn == 0) != same) {
        abort();
    }
    skyh_audit_free(&audit);
    return 0;
}
