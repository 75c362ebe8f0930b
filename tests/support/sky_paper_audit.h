/**
 * sky_paper_audit: signed logs on paper, changed by hand, and what an audit says of them.
 */
#ifndef SKY_PAPER_AUDIT_H
#define SKY_PAPER_AUDIT_H

#include "sky_mcap.h"
#include "sky_paper_log.h"
#include "skyh_audit.h"

enum { PAPER_LOG_SEGMENTS_MAX = 8 };

/** The station's key. */
static inline struct sky_note_signer paper_signer(const char *name, int fill)
{
    struct sky_note_signer signer;
    uint8_t seed[SKY_ED25519_BYTES];
    memset(seed, fill, sizeof seed);
    assert_int_equal(sky_note_make_signer(name, SKY_NOTE_ED25519, seed, &signer), SKY_OK);
    return signer;
}

static inline struct sky_seal_config paper_seal(const struct sky_note_signer *signer)
{
    struct sky_seal_config seal = {.signer = signer,
                                   .epoch = 3,
                                   .epoch_seed = {7},
                                   .epoch_ns = 4 * SKY_SECOND_NS,
                                   .checkpoint_ns = 3 * SKY_SECOND_NS,
                                   .salt_seed = {9}};
    return seal;
}

/* What a segment declares, in front and at its end, and then room for so much more. */
enum { PAPER_GROUPS_BYTES = 560 * 1024, PAPER_SEGMENT_BYTES_MAX = 4 << 20 };
static inline uint64_t paper_segment_bytes(void)
{
    size_t descriptor_bytes;
    size_t declared = 0;
    (void)sky_codec_descriptor_set(&descriptor_bytes);
    for (unsigned i = 0; i < SKY_OWN_END; i++) {
        declared += sky_own_declared(i);
    }
    const size_t bytes = 2 * declared * (descriptor_bytes + 128) + PAPER_GROUPS_BYTES;
    assert_true(bytes < PAPER_SEGMENT_BYTES_MAX);
    return bytes + SKY_MCAP_ALIGN - bytes % SKY_MCAP_ALIGN;
}

static inline void paper_signed_open(struct paper_log *log, const struct sky_seal_config *seal,
                                     uint64_t first_segment, struct sky_journal **ret_journal)
{
    memset(log, 0, sizeof *log);
    log->sink.work = paper_work;
    log->fail_after = -1;
    struct sky_journal_config config = {.segment_bytes = paper_segment_bytes(),
                                        .first_segment = first_segment,
                                        .group_bytes = 65536,
                                        .boot_id = "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab",
                                        .software = "paper 1",
                                        .seal = seal};
    assert_int_equal(sky_journal_open(&config, &log->sink, ret_journal), 0);
}

/** A log as commands open it, over segments in memory. Nothing of it is owned. */
struct paper_view {
    struct skyh_log log;
    struct skyh_log_segment segment[PAPER_LOG_SEGMENTS_MAX];
};

static inline void paper_view_add(struct paper_view *view, const uint8_t *bytes, size_t count)
{
    struct skyh_log_segment *const segment = &view->segment[view->log.segment_count++];
    struct sky_scan scan;
    assert_true(view->log.segment_count <= PAPER_LOG_SEGMENTS_MAX);
    memset(segment, 0, sizeof *segment);
    (void)snprintf(segment->file, sizeof segment->file, "seg-%zu", view->log.segment_count);
    segment->bytes = bytes;
    segment->count = count;
    segment->reason = "empty file";
    segment->sound = count > 0 && sky_scan_begin(&scan, bytes, count, &segment->reason) == SKY_OK;
    if (segment->sound) {
        segment->said = scan.segment;
    }
    view->log.segment = view->segment;
    view->log.bytes += count;
}

static inline void paper_view_clear(struct paper_view *view) { memset(view, 0, sizeof *view); }

static inline void paper_view_of(struct paper_view *view, const struct paper_log *log)
{
    paper_view_clear(view);
    for (size_t i = 0; i < log->segment_count; i++) {
        paper_view_add(view, log->segment[i].bytes, log->segment[i].size);
    }
}

static inline void paper_put_u32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static inline uint64_t paper_take_u64(const uint8_t *bytes)
{
    struct sky_mcap_reader reader = {.bytes = bytes, .left = 8};
    return sky_mcap_take_u64(&reader);
}

/* Makes every checksum in a segment fit what is in it now: of chunks, groups and their chain. */
static inline void paper_fit_checksums(struct paper_log *log, size_t segment)
{
    uint32_t previous = 0;
    for (size_t i = 0; i < log->group_count; i++) {
        if (log->group[i].segment != log->segment[segment].number) {
            continue;
        }
        uint8_t *const header = log->segment[segment].bytes + log->group[i].offset + 9;
        uint8_t *const body = header + SKY_MCAP_GROUP_BYTES;
        uint8_t *const chunk = body + 9;
        const uint64_t records = paper_take_u64(chunk + 16);
        paper_put_u32(chunk + 24, sky_mcap_crc(chunk + 40, (size_t)records));
        paper_put_u32(header + 88, sky_mcap_crc(body, (size_t)paper_take_u64(header + 80)));
        paper_put_u32(header + 240, previous);
        previous = sky_mcap_crc(header, SKY_MCAP_GROUP_BYTES - 4);
        paper_put_u32(header + 244, previous);
    }
}

#endif
