#include "skyh_tree.h"

#include <stdlib.h>
#include <string.h>

static bool find_node(const struct sky_merkle_source *source, unsigned level, uint64_t index,
                      struct sky_hash *ret_hash)
{
    const struct skyh_tree *const tree = (const struct skyh_tree *)source;
    const struct skyh_tree_level *const at = &tree->level[level];
    if (index < at->first || index - at->first >= at->count) {
        return false;
    }
    *ret_hash = at->hash[index - at->first];
    return true;
}

static bool push(struct skyh_tree_level *level, const struct sky_hash *hash)
{
    if (level->count == level->capacity) {
        const uint64_t capacity = 2 * level->capacity + 64;
        struct sky_hash *const grown = realloc(level->hash, (size_t)capacity * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        level->hash = grown;
        level->capacity = capacity;
    }
    level->hash[level->count++] = *hash;
    return true;
}

bool skyh_tree_begin(struct skyh_tree *tree, const struct sky_merkle *before)
{
    unsigned used = sky_merkle_frontier_count(before->size);
    memset(tree, 0, sizeof *tree);
    tree->source.node = find_node;
    tree->size = before->size;
    bool good = true;
    for (unsigned i = 0; i < SKY_MERKLE_LEVELS; i++) {
        struct skyh_tree_level *const level = &tree->level[i];
        const uint64_t nodes = before->size >> i;
        level->first = nodes - (nodes & 1); /* the odd one waits for its sibling */
        if ((nodes & 1) != 0) {
            good = good && push(level, &before->frontier[--used]);
        }
    }
    return good;
}

bool skyh_tree_append(struct skyh_tree *tree, const struct sky_hash *leaf)
{
    struct sky_hash hash = *leaf;
    uint64_t index = tree->size++;
    for (unsigned i = 0;; i++, index >>= 1) {
        struct skyh_tree_level *const level = &tree->level[i];
        if (!push(level, &hash)) {
            return false;
        }
        if ((index & 1) == 0) {
            return true;
        }
        hash = sky_merkle_node(&level->hash[level->count - 2], &hash);
    }
}

void skyh_tree_free(struct skyh_tree *tree)
{
    for (unsigned i = 0; i < SKY_MERKLE_LEVELS; i++) {
        free(tree->level[i].hash);
    }
    memset(tree, 0, sizeof *tree);
}
