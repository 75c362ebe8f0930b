/**
 * sky_merkle: the tree over a log's records, as RFC 6962 has it, over SHA-256.
 *
 * A writer appends and keeps only the roots of the perfect subtrees so far, O(log n). A reader that
 * has the log proves, from the hashes of perfect subtrees that it keeps as it likes, that a leaf is
 * in a tree and that a tree is the beginning of a later one. Anybody checks such proofs.
 */
#ifndef SKY_MERKLE_H
#define SKY_MERKLE_H

#include <stdbool.h>

#include "sky_sha.h"

enum {
    SKY_MERKLE_LEVELS = 64,
    SKY_MERKLE_PROOF_MAX = 64 /* hashes; no proof has more */
};

/** A tree that grows. Start zeroed. */
struct sky_merkle {
    uint64_t size; /* leaves */
    /* Roots of the perfect subtrees, the largest first: one per bit that is set in size. */
    struct sky_hash frontier[SKY_MERKLE_LEVELS];
};

/** Hash of a leaf that consists of the parts (at most 3). */
struct sky_hash sky_merkle_leaf(const struct sky_part *part, size_t count);

/** Hash of a node. */
struct sky_hash sky_merkle_node(const struct sky_hash *left, const struct sky_hash *right);

/** Number of hashes in the frontier of a tree of so many leaves. */
unsigned sky_merkle_frontier_count(uint64_t size);

/** Appends a leaf. Pre: fewer than 2^63 leaves. */
void sky_merkle_append(struct sky_merkle *tree, const struct sky_hash *leaf);

/** Room to hash many leaves at once. */
enum { SKY_MERKLE_BATCH = 256 };
struct sky_merkle_batch {
    struct sky_hash hash[1 + SKY_MERKLE_BATCH];   /* leaves from hash[1] on; overwritten */
    struct sky_sha_job job[SKY_MERKLE_BATCH + 1]; /* may be used to hash the leaves, too */
};

/** Appends the first count leaves of a batch, at most SKY_MERKLE_BATCH: as one by one, but faster.
 */
void sky_merkle_append_many(struct sky_merkle *tree, struct sky_merkle_batch *batch, size_t count);

/** The root; of an empty tree the hash of nothing. */
struct sky_hash sky_merkle_root(const struct sky_merkle *tree);

/** Where a reader finds hashes. */
struct sky_merkle_source {
    /**
     * The root of the perfect subtree over leaves [index << level, (index + 1) << level). Never
     * asked for beyond the size that is proved. False if it cannot be had.
     */
    bool (*node)(const struct sky_merkle_source *source, unsigned level, uint64_t index,
                 struct sky_hash *ret_hash);
};

struct sky_merkle_proof {
    unsigned count;
    struct sky_hash hash[SKY_MERKLE_PROOF_MAX];
};

/** The root that the tree had with its first `size` leaves. False if the source fails. */
bool sky_merkle_root_at(const struct sky_merkle_source *source, uint64_t size,
                        struct sky_hash *ret_root);

/** Proves that leaf `index` is in the tree of `size` leaves. False: index >= size, or the source.
 */
bool sky_merkle_prove_leaf(const struct sky_merkle_source *source, uint64_t index, uint64_t size,
                           struct sky_merkle_proof *ret_proof);

/** Proves that the tree of `size` leaves begins with that of `old_size`. False if it is smaller. */
bool sky_merkle_prove_growth(const struct sky_merkle_source *source, uint64_t old_size,
                             uint64_t size, struct sky_merkle_proof *ret_proof);

/** True if the proof shows that the leaf with this hash is leaf `index` of the tree. */
bool sky_merkle_check_leaf(const struct sky_merkle_proof *proof, const struct sky_hash *leaf,
                           uint64_t index, uint64_t size, const struct sky_hash *root);

/**
 * True if the proof shows that the tree begins with the old one. The empty tree begins every tree,
 * with an empty proof.
 */
bool sky_merkle_check_growth(const struct sky_merkle_proof *proof, uint64_t old_size,
                             const struct sky_hash *old_root, uint64_t size,
                             const struct sky_hash *root);

/** True if they are the same hash. */
bool sky_hash_equal(const struct sky_hash *a, const struct sky_hash *b);

#endif
