/**
 * skyh_blocks: the station's tracks as a file of ASTERIX category 062, for other trackers' tools.
 *
 * Data blocks one behind the other, or a capture of the datagrams in which a station would have
 * sent them: classic pcap with nanoseconds, raw IPv4, from 127.0.0.1 to port 8600 there.
 */
#ifndef SKYH_BLOCKS_H
#define SKYH_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sky_asterix_write.h"

/** Fields are private but for reading left_out. */
struct skyh_blocks {
    FILE *out;
    bool capture;
    struct sky_asterix_sender sender;
    struct sky_asterix_block block;
    uint64_t left_out; /* tracks that cannot be stated */
};

/** Begins a file: a capture, or blocks alone. Borrows out. */
void skyh_blocks_begin(struct skyh_blocks *blocks, FILE *out, bool capture,
                       const struct sky_asterix_sender *sender);

/** Adds a track, whose place and velocity hold at utc_ns, to what is sent at sent_ns. */
void skyh_blocks_put(struct skyh_blocks *blocks, const struct sky_event_track *track,
                     int64_t utc_ns, int64_t sent_ns);

/** Writes the block under way, if there is a track in it. Errors are left in the stream. */
void skyh_blocks_flush(struct skyh_blocks *blocks, int64_t sent_ns);

#endif
