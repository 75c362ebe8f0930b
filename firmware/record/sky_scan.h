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

#include "sky_codec_own.h"

/** What the next step of a walk found. */
enum sky_scan_found {
    SKY_SCAN_RECORD = 1, /* a message: channel, bytes */
    SKY_SCAN_OWN,        /* a message of the log about itself: channel is a sky_own_channel */
    SKY_SCAN_DAMAGE,     /* `reason` at `offset`; `skipped` bytes are passed over */
    SKY_SCAN_END,        /* the segment ends as a clean close leaves it */
    SKY_SCAN_TORN_END    /* it just stops: no summary; everything before was delivered */
};

struct sky_scan_item {
    enum sky_scan_found found;
    uint64_t offset; /* in the file, of the group the record is in, or of the damage or end */
    enum sky_channel channel; /* of a RECORD */
    unsigned own;             /* enum sky_own_channel, of an OWN; else 0 */
    uint64_t log_time_ns;
    uint64_t publish_time_ns;
    uint32_t sequence;
    const uint8_t *bytes; /* of the message, in the segment's memory */
    size_t count;
    uint64_t skipped;   /* TORN_END: bytes of a last group or summary that was not completed */
    bool recovered;     /* TORN_END: those bytes are not there, a tool has closed the copy */
    const char *reason; /* static storage; of DAMAGE and TORN_END */
};

/**
 * What a segment says of itself: its preamble, or, if that is damaged, its first sound group, which
 * knows no software, no interval and no key ("" and 0).
 */
struct sky_scan_segment {
    uint64_t segment;
    char boot_id[37]; /* "" if there is none */
    char software[SKY_NAME_MAX];
    uint64_t commit_interval_ns;
    char key[SKY_NOTE_KEY_TEXT_MAX]; /* that it says signs its checkpoints; "" if it says none */
};

/** Fields are private but for segment. */
struct sky_scan {
    const uint8_t *bytes;
    size_t count;
    size_t at; /* of the group that comes next */
    uint8_t boot_id[16];
    struct { /* the group being delivered */
        bool open;
        size_t at;
        size_t record; /* its next record ... */
        size_t records_end;
        size_t body_end;
    } group;
    uint64_t group_seq;    /* of the latest sound group */
    uint32_t previous_crc; /* of its header */
    bool broken;           /* something was passed over since */
    const char *pending;   /* damage at 0 that is yet to be reported */
    size_t preamble_bytes;
    bool ended;
    struct sky_scan_item end; /* what an ended walk keeps saying */
    struct sky_scan_segment segment;
};

/**
 * Starts a walk over one segment. Returns SKY_E_CORRUPT with *ret_reason if it is not a skywitness
 * log segment: no sound preamble, and no sound group either; or if it is of another format version.
 */
SKY_NODISCARD enum sky_status sky_scan_begin(struct sky_scan *ret_scan, const uint8_t *bytes,
                                             size_t count, const char **ret_reason);

/**
 * Takes the next step. After an END every further call says the same END.
 * Cost: one checksum over each group; where there is damage, a few more over what follows it.
 */
void sky_scan_step(struct sky_scan *scan, struct sky_scan_item *ret_item);

/** The same, but for what the log says of itself. */
void sky_scan_next(struct sky_scan *scan, struct sky_scan_item *ret_item);

/**
 * The same segment as its station has gone on writing it: after a TORN_END the walk goes on from
 * there. bytes and count may be others than before; what was walked is not looked at again.
 */
void sky_scan_again(struct sky_scan *scan, const uint8_t *bytes, size_t count);

/** Bytes of the preamble, padding included; 0 if it is damaged. */
size_t sky_scan_preamble_bytes(const struct sky_scan *scan);

#endif
