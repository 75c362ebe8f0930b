#include "sky_stretch.h"

#include <string.h>

void sky_stretch_begin(struct sky_stretch *stretch, uint64_t first)
{
    stretch->first = first;
    stretch->end = first;
    stretch->count = 0;
}

unsigned sky_stretch_level(uint64_t at, uint64_t end)
{
    unsigned level = 0;
    while ((at >> level & 1) == 0 && UINT64_C(2) << level <= end - at) {
        level++;
    }
    return level;
}

unsigned sky_stretch_count(uint64_t first, uint64_t end)
{
    unsigned count = 0;
    for (uint64_t at = first; at < end; at += UINT64_C(1) << sky_stretch_level(at, end)) {
        count++;
    }
    return count;
}

/* A list that grows: a stretch's, or the frontier of a tree, which is a stretch from leaf 0 on. */
struct list {
    uint64_t first;
    uint64_t end;
    unsigned count;
    struct sky_hash *hash;
};

/* Appends a subtree, and joins it with what is its left half, as long as there is such a thing. */
static void push(struct list *list, unsigned level, const struct sky_hash *root)
{
    struct sky_hash hash = *root;
    uint64_t at = list->end;
    list->end += UINT64_C(1) << level;
    while ((at >> level & 1) != 0 && at - list->first >= UINT64_C(1) << level) {
        hash = sky_merkle_node(&list->hash[--list->count], &hash);
        at -= UINT64_C(1) << level++;
    }
    list->hash[list->count++] = hash;
}

static void push_all(struct list *list, const struct sky_stretch *next)
{
    uint64_t at = next->first;
    for (unsigned i = 0; i < next->count; i++) {
        const unsigned level = sky_stretch_level(at, next->end);
        push(list, level, &next->hash[i]);
        at += UINT64_C(1) << level;
    }
}

static struct list list_of(struct sky_stretch *stretch)
{
    return (struct list){.first = stretch->first,
                         .end = stretch->end,
                         .count = stretch->count,
                         .hash = stretch->hash};
}

void sky_stretch_append(struct sky_stretch *stretch, const struct sky_hash *leaf)
{
    struct list list = list_of(stretch);
    push(&list, 0, leaf);
    stretch->end = list.end;
    stretch->count = list.count;
}

void sky_stretch_join(struct sky_stretch *stretch, const struct sky_stretch *next)
{
    struct list list = list_of(stretch);
    push_all(&list, next);
    stretch->end = list.end;
    stretch->count = list.count;
}

void sky_stretch_grow(struct sky_merkle *tree, const struct sky_stretch *next)
{
    struct list list = {
        .end = tree->size, .count = sky_merkle_frontier_count(tree->size), .hash = tree->frontier};
    push_all(&list, next);
    tree->size = list.end;
}
