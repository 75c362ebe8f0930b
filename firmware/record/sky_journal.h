/**
 * sky_journal: records in, 4 KiB-aligned groups out, each group a valid piece of MCAP.
 *
 * A group is built in memory and handed to a sink whole: the daemon's sink is its writer thread,
 * the host's writes at once. Nothing is acknowledged here; the sink's owner knows when a group is
 * durable. Bytes, in order and with reasons: proto/FORMAT.md. Nothing is allocated after open.
 */
#ifndef SKY_JOURNAL_H
#define SKY_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_seal.h"

enum { SKY_JOURNAL_ALIGN = 4096 };

enum sky_journal_step {
    SKY_JOURNAL_BEGIN =
        1,             /* start segment `segment`, then write bytes (the preamble) at offset 0 */
    SKY_JOURNAL_GROUP, /* write bytes at offset and make them durable */
    SKY_JOURNAL_FINISH /* write bytes (the summary) at offset, cut the file there, close it */
};

/** One thing for the sink to do. bytes are valid only during the call. */
struct sky_journal_work {
    enum sky_journal_step step;
    uint64_t segment;
    uint64_t segment_bytes; /* for BEGIN: the size to make it with; larger for a larger record */
    uint64_t offset;
    const uint8_t *bytes;
    size_t count;
    uint64_t last_seq; /* highest input seq that is in the log once this is durable */
    int64_t oldest_ns; /* reception time of the oldest input in this group; 0 if none */
    bool urgent;
    uint32_t epoch;    /* of a GROUP: earlier seeds may be forgotten once this is durable */
    size_t note_at;    /* in bytes: a signed checkpoint that may be offered once this is durable */
    size_t note_bytes; /* 0: none */
};

struct sky_journal_sink {
    /** Takes one piece of work, in order. Returns 0 or a negative errno, which ends the journal. */
    int (*work)(struct sky_journal_sink *sink, const struct sky_journal_work *work);
};

struct sky_journal_config {
    uint64_t segment_bytes; /* multiple of 4096, 1 MiB .. 1 GiB */
    uint64_t first_segment; /* number of the first one to begin */
    size_t group_bytes;     /* a group is handed over when it would exceed this; 4 KiB .. 4 MiB */
    char boot_id[37];       /* as Linux writes it: 8-4-4-4-12 hex digits; "" if there is none */
    char software[SKY_NAME_MAX];
    uint64_t commit_interval_ns;        /* stated in the segment's metadata; the caller keeps it */
    const struct sky_seal_config *seal; /* NULL: as if all zero. Borrowed until the journal is open,
                                           its signer until it is closed */
};

struct sky_journal;

/**
 * Makes a journal. The only allocation; sky_journal_close frees it. Returns -EINVAL if the
 * configuration is out of range, -ENOMEM, or 0. Begins no segment before the first record.
 */
int sky_journal_open(const struct sky_journal_config *config, struct sky_journal_sink *sink,
                     struct sky_journal **ret_journal);

/**
 * Adds a record to the open group. log_time never goes back: an earlier UTC takes the latest one.
 * May hand over groups and roll segments. Returns 0 or the sink's error.
 */
int sky_journal_input(struct sky_journal *journal, const struct sky_input *input,
                      const struct sky_utc_estimate *utc);
int sky_journal_event(struct sky_journal *journal, const struct sky_event *event);

/**
 * Adds the record, packed, of a segment that is to go. It may go once the group that has it is
 * durable: the one that the next commit hands over.
 */
int sky_journal_retention(struct sky_journal *journal, const uint8_t *bytes, size_t count);

/** How many groups were handed over so far; the number of the latest. */
uint64_t sky_journal_groups(const struct sky_journal *journal);

/** True if the open group holds anything. */
bool sky_journal_pending(const struct sky_journal *journal);

/**
 * Hands the open group over, if it holds anything, sealed: with the segment's own record if it is
 * the segment's first, the next epoch's if that is due, and a checkpoint at its end - after
 * checkpoint_ns, when an incident opened or closed, and as the last thing in a segment.
 */
int sky_journal_commit(struct sky_journal *journal, bool urgent);

/**
 * The current segment failed: begins the next one and hands groups over there from now on. What was
 * handed over but not made durable is given back with sky_journal_again, in its old order, before
 * anything else is recorded.
 */
int sky_journal_skip_segment(struct sky_journal *journal);

/**
 * Hands over a group once more, after sky_journal_skip_segment. bytes are those of the earlier
 * SKY_JOURNAL_GROUP; the places in them that name the segment are changed to the new one.
 * Returns 0, the sink's error, or -EINVAL if they are not such a group.
 */
int sky_journal_again(struct sky_journal *journal, uint8_t *bytes, size_t count);

/** Commits, writes the summary, finishes the segment, and frees. journal may be NULL. */
int sky_journal_close(struct sky_journal *journal);

#endif
