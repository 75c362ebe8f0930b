/**
 * sky_segment: what stands around the groups of one file - the preamble before them, and the
 * summary after them, which grows with every group. Private to this folder.
 *
 * Nothing here reaches a file: sky_journal hands the preamble, the groups and the summary over.
 */
#ifndef SKY_SEGMENT_H
#define SKY_SEGMENT_H

#include "sky_journal.h"
#include "sky_mcap.h"
#include "sky_seal.h"

enum {
    SKY_SEGMENT_GROUPS_MAX = 16384,
    SKY_SEGMENT_PREAMBLE_MAX = 512 * 1024 /* bytes; a test holds the present one against it */
};

/** One segment at a time. Fields are for reading. */
struct sky_segment {
    const struct sky_journal_config *config;
    char key[SKY_NOTE_KEY_TEXT_MAX]; /* that signs the log's checkpoints; "" if none does */
    uint64_t number;
    uint64_t bytes;  /* the size to make its file with */
    uint64_t offset; /* of the next group */
    struct sky_mcap_buffer preamble;
    struct sky_mcap_buffer summary; /* DataEnd, declarations, then a ChunkIndex per group */

    /* private */
    size_t schemas_bytes;
    size_t channels_bytes;
    uint16_t schema_count;
    uint32_t declared_count; /* channels */
    uint64_t metadata_at;
    uint64_t metadata_bytes;
    uint32_t chunk_count;
    uint64_t message_count;
    uint64_t channel_count[SKY_OWN_END];
    uint64_t start_log_time_ns;
    uint64_t end_log_time_ns;
};

/** Bytes of memory that the preamble and the largest summary take. */
size_t sky_segment_room(const struct sky_journal_config *config);

/** Makes ready to begin. Borrows config, and room of the size above. */
void sky_segment_init(struct sky_segment *segment, const struct sky_journal_config *config,
                      uint8_t *room);

/** Begins a segment and builds its preamble. It has place for a first group of group_bytes. */
void sky_segment_begin(struct sky_segment *segment, uint64_t number, size_t group_bytes);

/**
 * Begins with a preamble that somebody wrote, to learn what its summary must be. Its records are
 * sound. False if they are more than there is room for.
 */
bool sky_segment_adopt(struct sky_segment *segment, uint64_t number, const uint8_t *preamble,
                       size_t bytes);

/** Hash of the preamble, which a log's own record repeats. */
struct sky_hash sky_segment_preamble_hash(const struct sky_segment *segment);

/**
 * True if a group of group_bytes, and what then comes before the end, has its place: a block with
 * a last checkpoint, and the summary.
 */
bool sky_segment_has_place(const struct sky_segment *segment, size_t group_bytes);

/**
 * Indexes a whole group that goes to segment->offset, which moves behind it. Its header may still
 * be missing: only its body of body_bytes is read, which must be sound.
 */
void sky_segment_add(struct sky_segment *segment, const uint8_t *group, size_t group_bytes,
                     size_t body_bytes);

/** Completes the summary. Nothing but sky_segment_begin may follow. */
void sky_segment_end(struct sky_segment *segment);

#endif
