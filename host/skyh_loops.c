#include "skyh_loops.h"

#include <stdlib.h>
#include <string.h>

/* A vertex while they are sorted by place. */
struct entry {
    struct skyh_loop_vertex at;
    uint32_t index;
};

static int by_place(const void *left, const void *right)
{
    const struct entry *const a = left, *const b = right;
    if (a->at.x != b->at.x) {
        return a->at.x < b->at.x ? -1 : 1;
    }
    if (a->at.y != b->at.y) {
        return a->at.y < b->at.y ? -1 : 1;
    }
    return a->index < b->index ? -1 : (a->index > b->index ? 1 : 0);
}

/* Gives vertices at the same place the same number. */
static void number_places(struct entry *entry, uint32_t count, uint32_t *place)
{
    qsort(entry, count, sizeof *entry, by_place);
    for (uint32_t i = 0; i < count; i++) {
        const bool same =
            i > 0 && entry[i].at.x == entry[i - 1].at.x && entry[i].at.y == entry[i - 1].at.y;
        place[entry[i].index] = same ? place[entry[i - 1].index] : entry[i].index;
    }
}

/* The way so far, as a stack; `height` of each place on it, 0 if it is not there. */
static void cut(struct skyh_loops *loops, const uint32_t *place, uint32_t count, uint32_t *stack,
                uint32_t *height)
{
    uint32_t top = 0, used = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t back = height[place[i]];
        if (back > 0) {
            loops->length[loops->count++] = top - back + 1;
            memcpy(loops->order + used, stack + back - 1, (top - back + 1) * sizeof *stack);
            used += top - back + 1;
            for (uint32_t k = back - 1; k < top; k++) {
                height[place[stack[k]]] = 0;
            }
            top = back - 1;
        }
        stack[top++] = i;
        height[place[i]] = top;
    }
    loops->length[loops->count++] = top;
    memcpy(loops->order + used, stack, top * sizeof *stack);
}

bool skyh_loops_cut(struct skyh_loops *loops, const struct skyh_loop_vertex *vertex, uint32_t count)
{
    struct entry *const entry = calloc(count, sizeof *entry);
    uint32_t *const memory = calloc(count, 3 * sizeof *memory);
    loops->order = calloc(count, sizeof *loops->order);
    loops->length = calloc(count, sizeof *loops->length);
    loops->count = 0;
    const bool enough =
        entry != NULL && memory != NULL && loops->order != NULL && loops->length != NULL;
    if (enough) {
        for (uint32_t i = 0; i < count; i++) {
            entry[i] = (struct entry){.at = vertex[i], .index = i};
        }
        number_places(entry, count, memory);
        cut(loops, memory, count, memory + count, memory + (size_t)2 * count);
    }
    free(entry);
    free(memory);
    return enough;
}

void skyh_loops_done(struct skyh_loops *loops)
{
    free(loops->order);
    free(loops->length);
    memset(loops, 0, sizeof *loops);
}
