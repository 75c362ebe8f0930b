/**
 * sky_asterix_write: tracks of ours as a block of ASTERIX category 062, for whoever listens.
 *
 * EUROCONTROL-SPEC-0149-9, ed. 1.18 and later. Items: 010, 015, 070, 105, 185, 380 (address,
 * callsign), 040 (the track's number modulo 65536), 080, 130 and 220 unless the height is known
 * worse than AGA can say, and 500 (APC, COV, AGA, ATV, ARC). Accuracies are rounded up and never 0,
 * so that nobody believes more than we do; what does not fit its field is the field's limit.
 */
#ifndef SKY_ASTERIX_WRITE_H
#define SKY_ASTERIX_WRITE_H

#include <stddef.h>

#include "sky_engine.h"

enum {
    SKY_ASTERIX_BLOCK_MAX = 1472,     /* one datagram on Ethernet */
    SKY_ASTERIX_TRACK_BYTES_MAX = 55, /* a record at its longest */
    SKY_ASTERIX_BLOCK_TRACKS = (SKY_ASTERIX_BLOCK_MAX - 3) / SKY_ASTERIX_TRACK_BYTES_MAX
};

/** Who signs the tracks. */
struct sky_asterix_sender {
    uint8_t sac;
    uint8_t sic;
    uint8_t service; /* I062/015 */
};

/** A block being made; what is in it is whole at any time. */
struct sky_asterix_block {
    size_t count;
    uint8_t bytes[SKY_ASTERIX_BLOCK_MAX];
};

/** An empty block of category 062. */
void sky_asterix_write_begin(struct sky_asterix_block *ret_block);

/**
 * Adds a track, whose place and velocity hold at utc_ns. Returns SKY_E_CAPACITY if the block has no
 * room for the longest record, or SKY_E_RANGE if the place is none or a number is not finite, or
 * utc_ns is negative; the block is unchanged then.
 */
SKY_NODISCARD enum sky_status sky_asterix_write_track(struct sky_asterix_block *block,
                                                      const struct sky_asterix_sender *sender,
                                                      const struct sky_event_track *track,
                                                      int64_t utc_ns);

#endif
