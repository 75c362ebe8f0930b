#include "sky_merkle.h"

#include <string.h>

bool sky_hash_equal(const struct sky_hash *a, const struct sky_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

struct sky_hash sky_merkle_leaf(const struct sky_part *part, size_t count)
{
    static const uint8_t prefix = 0;
    struct sky_part whole[4] = {{&prefix, 1}};
    for (size_t i = 0; i < count && i < 3; i++) {
        whole[1 + i] = part[i];
    }
    return sky_sha(whole, 1 + count);
}

struct sky_hash sky_merkle_node(const struct sky_hash *left, const struct sky_hash *right)
{
    uint8_t bytes[1 + 2 * SKY_HASH_BYTES] = {1};
    memcpy(bytes + 1, left->bytes, SKY_HASH_BYTES);
    memcpy(bytes + 1 + SKY_HASH_BYTES, right->bytes, SKY_HASH_BYTES);
    return sky_sha(&(const struct sky_part){bytes, sizeof bytes}, 1);
}

unsigned sky_merkle_frontier_count(uint64_t size)
{
    unsigned count = 0;
    for (; size > 0; size &= size - 1) {
        count++;
    }
    return count;
}

/* ---- growing ---- */

void sky_merkle_append(struct sky_merkle *tree, const struct sky_hash *leaf)
{
    unsigned count = sky_merkle_frontier_count(tree->size);
    struct sky_hash hash = *leaf;
    for (uint64_t left = tree->size; (left & 1) != 0; left >>= 1) {
        hash = sky_merkle_node(&tree->frontier[--count], &hash);
    }
    tree->frontier[count] = hash;
    tree->size++;
}

/* Parents of 2 count nodes from hash[first] on, to hash[1] and behind. */
static void join(struct sky_merkle_batch *batch, size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        batch->job[i] = (struct sky_sha_job){.head = {1},
                                             .head_count = 1,
                                             .body = &batch->hash[first + 2 * i],
                                             .body_count = 2 * sizeof batch->hash[0],
                                             .ret_hash = &batch->hash[1 + i]};
    }
    sky_sha_many(batch->job, count);
}

void sky_merkle_append_many(struct sky_merkle *tree, struct sky_merkle_batch *batch, size_t count)
{
    struct sky_hash single[SKY_MERKLE_LEVELS]; /* what found no partner, from the leaves up */
    unsigned singles = 0;
    unsigned kept = sky_merkle_frontier_count(tree->size);
    uint64_t left = tree->size;
    tree->size += count;
    /* Level by level: what the tree has there comes first, and stands in hash[0]. */
    for (; count > 0; left >>= 1) {
        const size_t first = (left & 1) != 0 ? 0 : 1;
        if (first == 0) {
            batch->hash[0] = tree->frontier[--kept];
            count++;
        }
        if (count % 2 != 0) {
            single[singles++] = batch->hash[first + count - 1];
        }
        count /= 2;
        join(batch, first, count);
    }
    while (singles > 0) {
        tree->frontier[kept++] = single[--singles];
    }
}

/* From the smallest subtree up: the root over a frontier of `count` hashes. */
static struct sky_hash fold(const struct sky_hash *frontier, unsigned count)
{
    if (count == 0) {
        return sky_sha(NULL, 0);
    }
    struct sky_hash hash = frontier[count - 1];
    for (unsigned i = count - 1; i > 0; i--) {
        hash = sky_merkle_node(&frontier[i - 1], &hash);
    }
    return hash;
}

struct sky_hash sky_merkle_root(const struct sky_merkle *tree)
{
    return fold(tree->frontier, sky_merkle_frontier_count(tree->size));
}

/* ---- proving ---- */

/* The highest bit that is set. Pre: value > 0. */
static unsigned high_bit(uint64_t value)
{
    unsigned bit = 0;
    while ((value >>= 1) != 0) {
        bit++;
    }
    return bit;
}

/* Where the tree over `count` > 1 leaves divides: the largest power of two below count. */
static uint64_t split(uint64_t count) { return UINT64_C(1) << high_bit(count - 1); }

/*
 * The root over leaves [first, first + count), where first is a multiple of the power of two that
 * is count or follows it, as it is for every node of a tree: its perfect subtrees are the source's.
 */
static bool root_over(const struct sky_merkle_source *source, uint64_t first, uint64_t count,
                      struct sky_hash *ret_hash)
{
    struct sky_hash frontier[SKY_MERKLE_LEVELS];
    unsigned used = 0;
    while (count > 0) {
        const unsigned level = high_bit(count);
        if (!source->node(source, level, first >> level, &frontier[used++])) {
            return false;
        }
        first += UINT64_C(1) << level;
        count -= UINT64_C(1) << level;
    }
    *ret_hash = fold(frontier, used);
    return true;
}

bool sky_merkle_root_at(const struct sky_merkle_source *source, uint64_t size,
                        struct sky_hash *ret_root)
{
    return root_over(source, 0, size, ret_root);
}

/* A proof is found from the root down and written from the leaf up. */
static void reverse(struct sky_merkle_proof *proof)
{
    for (unsigned i = 0; i < proof->count / 2; i++) {
        const struct sky_hash hash = proof->hash[i];
        proof->hash[i] = proof->hash[proof->count - 1 - i];
        proof->hash[proof->count - 1 - i] = hash;
    }
}

bool sky_merkle_prove_leaf(const struct sky_merkle_source *source, uint64_t index, uint64_t size,
                           struct sky_merkle_proof *ret_proof)
{
    struct sky_merkle_proof proof = {.count = 0};
    uint64_t first = 0;
    uint64_t count = size;
    if (index >= size) {
        return false;
    }
    while (count > 1) {
        const uint64_t left = split(count);
        const bool goes_left = index - first < left;
        if (!root_over(source, goes_left ? first + left : first, goes_left ? count - left : left,
                       &proof.hash[proof.count++])) {
            return false;
        }
        first += goes_left ? 0 : left;
        count = goes_left ? left : count - left;
    }
    reverse(&proof);
    *ret_proof = proof;
    return true;
}

bool sky_merkle_prove_growth(const struct sky_merkle_source *source, uint64_t old_size,
                             uint64_t size, struct sky_merkle_proof *ret_proof)
{
    struct sky_merkle_proof proof = {.count = 0};
    uint64_t first = 0;
    uint64_t count = size;
    if (old_size > size) {
        return false;
    }
    if (old_size == 0 || old_size == size) {
        *ret_proof = proof;
        return true;
    }
    /* Down to the node that ends where the old tree did. */
    while (first + count != old_size) {
        const uint64_t left = split(count);
        const bool goes_left = old_size - first <= left;
        if (!root_over(source, goes_left ? first + left : first, goes_left ? count - left : left,
                       &proof.hash[proof.count++])) {
            return false;
        }
        first += goes_left ? 0 : left;
        count = goes_left ? left : count - left;
    }
    if (first > 0 && !root_over(source, first, count, &proof.hash[proof.count++])) {
        return false;
    }
    reverse(&proof);
    *ret_proof = proof;
    return true;
}

/* ---- checking ---- */

/* What is left of a proof. Taking more than there is sets cut. */
struct taker {
    const struct sky_merkle_proof *proof;
    unsigned used;
    bool cut;
};

static const struct sky_hash *take(struct taker *taker)
{
    static const struct sky_hash nothing;
    if (taker->used >= taker->proof->count) {
        taker->cut = true;
        return &nothing;
    }
    return &taker->proof->hash[taker->used++];
}

static bool taken_whole(const struct taker *taker)
{
    return !taker->cut && taker->used == taker->proof->count;
}

bool sky_merkle_check_leaf(const struct sky_merkle_proof *proof, const struct sky_hash *leaf,
                           uint64_t index, uint64_t size, const struct sky_hash *root)
{
    if (index >= size || proof->count > SKY_MERKLE_PROOF_MAX) {
        return false;
    }
    struct taker taker = {.proof = proof};
    struct sky_hash hash = *leaf;
    /* node: the number of ours on its level; last: that of the level's rightmost. */
    for (uint64_t node = index, last = size - 1; last > 0; node >>= 1, last >>= 1) {
        if ((node & 1) != 0) {
            hash = sky_merkle_node(take(&taker), &hash);
        } else if (node < last) {
            hash = sky_merkle_node(&hash, take(&taker));
        }
    }
    return taken_whole(&taker) && sky_hash_equal(&hash, root);
}

bool sky_merkle_check_growth(const struct sky_merkle_proof *proof, uint64_t old_size,
                             const struct sky_hash *old_root, uint64_t size,
                             const struct sky_hash *root)
{
    if (old_size > size || proof->count > SKY_MERKLE_PROOF_MAX) {
        return false;
    }
    if (old_size == 0) {
        const struct sky_hash empty = sky_sha(NULL, 0);
        return proof->count == 0 && sky_hash_equal(old_root, &empty);
    }
    if (old_size == size) {
        return proof->count == 0 && sky_hash_equal(old_root, root);
    }
    /* Begin with the node that ends where the old tree did: all of it, or a hash of the proof. */
    struct taker taker = {.proof = proof};
    uint64_t node = old_size - 1;
    uint64_t last = size - 1;
    while ((node & 1) != 0) {
        node >>= 1;
        last >>= 1;
    }
    struct sky_hash old = node == 0 ? *old_root : *take(&taker);
    struct sky_hash hash = old;
    for (; last > 0; node >>= 1, last >>= 1) {
        if ((node & 1) != 0) {
            const struct sky_hash *const left = take(&taker);
            old = sky_merkle_node(left, &old);
            hash = sky_merkle_node(left, &hash);
        } else if (node < last) {
            hash = sky_merkle_node(&hash, take(&taker));
        }
    }
    return taken_whole(&taker) && sky_hash_equal(&old, old_root) && sky_hash_equal(&hash, root);
}
