/**
 * skyh_tree: the whole tree over a log's leaves, kept so that anything in it can be proved.
 *
 * Takes 64 bytes a leaf. May begin with the frontier of leaves that are elsewhere; then everything
 * can be proved that does not lie among those.
 */
#ifndef SKYH_TREE_H
#define SKYH_TREE_H

#include <stddef.h>

#include "sky_merkle.h"

/** Start with skyh_tree_begin, end with skyh_tree_free. */
struct skyh_tree {
    struct sky_merkle_source source; /* for sky_merkle's proofs */
    uint64_t size;
    struct skyh_tree_level {
        uint64_t first; /* index of hash[0] on this level */
        uint64_t count;
        uint64_t capacity;
        struct sky_hash *hash;
    } level[SKY_MERKLE_LEVELS];
};

/** Begins behind leaves of which only the frontier is known. False: no memory. */
bool skyh_tree_begin(struct skyh_tree *tree, const struct sky_merkle *before);

/** Appends a leaf. False: no memory. */
bool skyh_tree_append(struct skyh_tree *tree, const struct sky_hash *leaf);

void skyh_tree_free(struct skyh_tree *tree);

#endif
