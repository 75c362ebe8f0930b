/**
 * sky_keep: what must be known of a segment before it may go - what it holds, and what its leaves
 * are for the tree.
 */
#ifndef SKY_KEEP_H
#define SKY_KEEP_H

#include "sky_codec_own.h"

/** What is in a segment. Plain data. */
struct sky_kept {
    bool any;   /* a sound group: else nothing below means anything */
    bool whole; /* not damaged: its leaves hang together, and its groups' roots are theirs */
    uint64_t first_leaf;
    uint64_t end_leaf; /* one past its last */
    uint64_t first_log_time_ns;
    uint64_t last_log_time_ns;
    bool has_inputs;
    uint64_t first_seq;
    uint64_t last_seq;
    bool has_incidents; /* messages of incidents, between the next two */
    uint64_t first_incident_ns;
    uint64_t last_incident_ns;
    bool begins_run;     /* what was open before is not open any more */
    int32_t opened_more; /* incidents opened less those closed, since the latest run began */
    size_t retention_at; /* its newest Retention record, in its bytes; 0: none */
    size_t retention_bytes;
    size_t note_at; /* the text of its last checkpoint; 0: none */
    size_t note_bytes;
};

/** Memory for a walk. Its content means nothing between two. */
struct sky_keep_room {
    struct sky_arena arena;
    _Alignas(16) uint8_t arena_bytes[64 * 1024];
    struct sky_event event;
    struct sky_own_segment segment;
    struct sky_merkle tree;
};

/** Walks a segment. Costs one checksum, but no hash: `whole` says only that nothing is damaged. */
void sky_keep_look(const uint8_t *bytes, size_t count, struct sky_keep_room *room,
                   struct sky_kept *ret_kept);

/**
 * The same, and makes the stretch of those of its leaves that no other segment has: from first_leaf
 * on, where the one before ends, up to end_leaf, where the next begins. The stretch means something
 * if the segment is whole. Costs three hashes per message.
 */
void sky_keep_stretch(const uint8_t *bytes, size_t count, uint64_t first_leaf, uint64_t end_leaf,
                      struct sky_keep_room *room, struct sky_kept *ret_kept,
                      struct sky_stretch *ret_stretch);

#endif
