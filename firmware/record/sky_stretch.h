/**
 * sky_stretch: consecutive leaves of a log's tree, kept as the roots of the perfect subtrees that
 * make them up - all that is needed of records that are gone, to prove those before and behind.
 *
 * There is one such list for each stretch: from the left always the largest subtree that begins
 * there and does not reach beyond the end. Two that meet make one.
 */
#ifndef SKY_STRETCH_H
#define SKY_STRETCH_H

#include "sky_merkle.h"

enum { SKY_STRETCH_HASHES_MAX = 2 * (SKY_MERKLE_LEVELS - 1) };

/** Fields are for reading. */
struct sky_stretch {
    uint64_t first; /* leaf */
    uint64_t end;   /* one past the last */
    unsigned count;
    struct sky_hash hash[SKY_STRETCH_HASHES_MAX];
};

/** An empty stretch before leaf `first`. */
void sky_stretch_begin(struct sky_stretch *stretch, uint64_t first);

/** Number of hashes over leaves [first, end). Pre: first <= end < 2^63. */
unsigned sky_stretch_count(uint64_t first, uint64_t end);

/** The level of the subtree that such a list has at leaf `at`; it is 1 << level leaves wide. */
unsigned sky_stretch_level(uint64_t at, uint64_t end);

/** Appends a leaf. Pre: fewer than 2^63 leaves before it. */
void sky_stretch_append(struct sky_stretch *stretch, const struct sky_hash *leaf);

/** Appends the stretch that begins where this one ends. */
void sky_stretch_join(struct sky_stretch *stretch, const struct sky_stretch *next);

/** Lets a tree grow by the stretch that begins where the tree ends. */
void sky_stretch_grow(struct sky_merkle *tree, const struct sky_stretch *next);

#endif
