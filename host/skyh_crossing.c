#include "skyh_crossing.h"

#include <stdlib.h>

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t low_x(const struct skyh_edge *edge) { return least(edge->x[0], edge->x[1]); }
static int64_t high_x(const struct skyh_edge *edge) { return most(edge->x[0], edge->x[1]); }
static int64_t low_y(const struct skyh_edge *edge) { return least(edge->y[0], edge->y[1]); }
static int64_t high_y(const struct skyh_edge *edge) { return most(edge->y[0], edge->y[1]); }

static int by_low_x(const void *left, const void *right)
{
    const struct skyh_edge *const a = left, *const b = right;
    if (low_x(a) != low_x(b)) {
        return low_x(a) < low_x(b) ? -1 : 1;
    }
    if (a->ring != b->ring) {
        return a->ring < b->ring ? -1 : 1;
    }
    return a->index < b->index ? -1 : (a->index > b->index ? 1 : 0);
}

/* Which side of a's line a point lies on. Exact: no difference is wider than 180 degrees, so each
 * product is below 3.3e18 and their difference fits. */
static int side(const struct skyh_edge *a, int64_t x, int64_t y)
{
    const int64_t cross = (a->x[1] - a->x[0]) * (y - a->y[0]) - (a->y[1] - a->y[0]) * (x - a->x[0]);
    return cross > 0 ? 1 : (cross < 0 ? -1 : 0);
}

static bool on(const struct skyh_edge *a, int64_t x, int64_t y)
{
    return side(a, x, y) == 0 && x >= low_x(a) && x <= high_x(a) && y >= low_y(a) && y <= high_y(a);
}

static bool cross_properly(const struct skyh_edge *a, const struct skyh_edge *b)
{
    return side(a, b->x[0], b->y[0]) * side(a, b->x[1], b->y[1]) < 0 &&
           side(b, a->x[0], a->y[0]) * side(b, a->x[1], a->y[1]) < 0;
}

/* They lie on one straight line and share more than a point. */
static bool overlap(const struct skyh_edge *a, const struct skyh_edge *b)
{
    if (side(a, b->x[0], b->y[0]) != 0 || side(a, b->x[1], b->y[1]) != 0) {
        return false;
    }
    const int64_t shared_x = least(high_x(a), high_x(b)) - most(low_x(a), low_x(b));
    const int64_t shared_y = least(high_y(a), high_y(b)) - most(low_y(a), low_y(b));
    return shared_x >= 0 && shared_y >= 0 && shared_x + shared_y > 0;
}

static bool touch(const struct skyh_edge *a, const struct skyh_edge *b)
{
    return on(a, b->x[0], b->y[0]) || on(a, b->x[1], b->y[1]) || on(b, a->x[0], a->y[0]) ||
           on(b, a->x[1], a->y[1]);
}

/* What is wrong between two edges, or NULL. */
static const char *conflict(const struct skyh_edge *a, const struct skyh_edge *b)
{
    if (low_y(a) > high_y(b) || low_y(b) > high_y(a)) {
        return NULL;
    }
    if (cross_properly(a, b)) {
        return "crosses";
    }
    if (overlap(a, b)) {
        return "runs back along";
    }
    const bool neighbours = a->ring == b->ring && (a->next == b->index || b->next == a->index);
    return a->ring == b->ring && !neighbours && touch(a, b) ? "touches" : NULL;
}

bool skyh_crossing_find(struct skyh_edge *edge, size_t count, struct skyh_conflict *ret_conflict)
{
    qsort(edge, count, sizeof *edge, by_low_x);
    for (size_t i = 0; i < count; i++) {
        const int64_t end_x = high_x(&edge[i]);
        for (size_t j = i + 1; j < count && low_x(&edge[j]) <= end_x; j++) {
            const char *const what = conflict(&edge[i], &edge[j]);
            if (what != NULL) {
                *ret_conflict = (struct skyh_conflict){edge[i], edge[j], what};
                return true;
            }
        }
    }
    return false;
}
