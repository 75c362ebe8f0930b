/**
 * sky_scan: walks a log, in order, and says exactly what is missing.
 *
 * Reads what sky_journal writes - finished, still being written, or cut at any byte - from memory
 * that the caller mapped or loaded. It never trusts a summary: groups are walked from the front. A
 * damaged group is reported and stepped over; every other group is still delivered.
 */
#ifndef SKY_SCAN_H
#define SKY_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_codec.h"

/** What the next step of a walk found. */
enum sky_scan_found {
    SKY_SCAN_RECORD = 1, /* a message: channel, bytes */
    SKY_SCAN_DAMAGE,     /* `reason` at `offset`; `skipped` bytes are passed over */
    SKY_SCAN_END,        /* the segment ends as a clean close leaves it */
    SKY_SCAN_TORN_END    /* it just stops: no summary; everything before was delivered */
};

struct sky_scan_item {
    enum sky_scan_found found;
    uint64_t offset; /* in the file, of the group the record is in, or of the damage */
    enum sky_channel channel;
    uint64_t log_time_ns;
    uint64_t publish_time_ns;
    uint32_t sequence;
    const uint8_t *bytes; /* of the message, in the segment's memory */
    size_t count;
    uint64_t skipped;
    const char *reason; /* static storage */
};

/** Metadata of a segment, from its preamble. */
struct sky_scan_segment {
    uint64_t segment;
    char boot_id[37];
    char software[SKY_NAME_MAX];
    uint64_t commit_interval_ns;
};

/** Fields are private. */
struct sky_scan {
    const uint8_t *bytes;
    size_t count;
    uint64_t at;       /* next group */
    uint64_t chunk_at; /* next message in the current chunk's records, 0: between groups */
    uint64_t chunk_end;
    uint64_t group_at;
    uint64_t group_next;
    uint64_t group_seq;
    bool ended;
    struct sky_scan_segment segment;
};

/**
 * Starts a walk over one segment. Returns SKY_E_CORRUPT with *ret_reason if it is not a skywitness
 * log segment at all (magic, header, metadata), or is of another format version.
 */
SKY_NODISCARD enum sky_status sky_scan_begin(struct sky_scan *ret_scan, const uint8_t *bytes,
                                             size_t count, const char **ret_reason);

/** Takes the next step. After an END every further call says the same END. */
void sky_scan_next(struct sky_scan *scan, struct sky_scan_item *ret_item);

#endif
