/**
 * sky_sha_lanes: SHA-256 of eight messages at once, in the lanes of a vector. Private to sky_sha.
 */
#ifndef SKY_SHA_LANES_H
#define SKY_SHA_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SKY_SHA_LANES = 8, SKY_SHA_BLOCK_BYTES = 64 };

/** State of eight messages: word[i][lane]. */
struct sky_sha_state {
    _Alignas(32) uint32_t word[8][SKY_SHA_LANES];
};

/** True if this machine gains by it: wide vectors, and no instructions for SHA-256 itself. */
bool sky_sha_lanes_pay(void);

/** Puts one message's lane into the initial state. */
void sky_sha_lanes_reset(struct sky_sha_state *state, size_t lane);

/** Takes a block of each message. Pre: sky_sha_lanes_can. */
void sky_sha_lanes_block(struct sky_sha_state *state, const uint8_t *const block[SKY_SHA_LANES]);

/** The same, faster. Pre: sky_sha_lanes_can_rotate. */
void sky_sha_lanes_block_rotating(struct sky_sha_state *state,
                                  const uint8_t *const block[SKY_SHA_LANES]);

/** True if they may be called here at all. */
bool sky_sha_lanes_can(void);
bool sky_sha_lanes_can_rotate(void);

#endif
