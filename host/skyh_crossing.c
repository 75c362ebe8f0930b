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

/* A way from a vertex. */
struct way {
    int64_t x;
    int64_t y;
};

/* The two ways that a ring takes from a place: back to where it comes from, and on. */
struct ways {
    struct way back;
    struct way on;
};

/* 1 if b leads off to the left of a, -1 to the right, 0 along it. Exact, as above. */
static int turn(struct way a, struct way b)
{
    const int64_t cross = a.x * b.y - a.y * b.x;
    return cross > 0 ? 1 : (cross < 0 ? -1 : 0);
}

/* From the first vertex of an edge. */
static struct ways from_vertex(const struct skyh_edge *edge)
{
    const int64_t x = edge->x[0], y = edge->y[0];
    return (struct ways){{edge->before_x - x, edge->before_y - y},
                         {edge->x[1] - x, edge->y[1] - y}};
}

/* From a place on the edge that is not its end. */
static struct ways from_place(const struct skyh_edge *edge, int64_t x, int64_t y)
{
    return x == edge->x[0] && y == edge->y[0]
               ? from_vertex(edge)
               : (struct ways){{edge->x[0] - x, edge->y[0] - y}, {edge->x[1] - x, edge->y[1] - y}};
}

/* Whether a way leads off to the left of a ring. */
static bool is_left(const struct ways *ring, struct way way)
{
    const int bend = turn(ring->on, ring->back);
    const bool after = turn(ring->on, way) > 0, before = turn(way, ring->back) > 0;
    return bend > 0 ? after && before : (bend < 0 ? after || before : after);
}

static bool pass(const struct ways *a, const struct ways *b)
{
    return is_left(a, b->back) != is_left(a, b->on);
}

static bool ends_at(const struct skyh_edge *edge, int64_t x, int64_t y)
{
    return x == edge->x[1] && y == edge->y[1];
}

/* Whether two rings change sides where the first vertex of one edge lies on the other. */
static bool cross_at_vertex(const struct skyh_edge *a, const struct skyh_edge *b)
{
    const struct ways from_a = from_vertex(a), from_b = from_vertex(b);
    if (on(a, b->x[0], b->y[0]) && !ends_at(a, b->x[0], b->y[0])) {
        const struct ways from = from_place(a, b->x[0], b->y[0]);
        return pass(&from, &from_b);
    }
    if (on(b, a->x[0], a->y[0]) && !ends_at(b, a->x[0], a->y[0])) {
        const struct ways from = from_place(b, a->x[0], a->y[0]);
        return pass(&from, &from_a);
    }
    return false;
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
    if (a->ring != b->ring) {
        return cross_at_vertex(a, b) ? "crosses" : NULL;
    }
    const bool neighbours = a->next == b->index || b->next == a->index;
    return !neighbours && touch(a, b) ? "touches" : NULL;
}

static void swap(int64_t *a, int64_t *b)
{
    const int64_t kept = *a;
    *a = *b;
    *b = kept;
}

/* Turns everything over the diagonal if many more edges lie above each other than side by side. */
static void lay_flat(struct skyh_edge *edge, size_t count)
{
    int64_t low[2] = {INT64_MAX, INT64_MAX}, high[2] = {INT64_MIN, INT64_MIN};
    double sum[2] = {0.0, 0.0};
    for (size_t i = 0; i < count; i++) {
        low[0] = least(low[0], low_x(&edge[i]));
        low[1] = least(low[1], low_y(&edge[i]));
        high[0] = most(high[0], high_x(&edge[i]));
        high[1] = most(high[1], high_y(&edge[i]));
        sum[0] += (double)(high_x(&edge[i]) - low_x(&edge[i]));
        sum[1] += (double)(high_y(&edge[i]) - low_y(&edge[i]));
    }
    if (2.0 * sum[1] * (double)(high[0] - low[0]) >= sum[0] * (double)(high[1] - low[1])) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        swap(&edge[i].x[0], &edge[i].y[0]);
        swap(&edge[i].x[1], &edge[i].y[1]);
        swap(&edge[i].before_x, &edge[i].before_y);
    }
}

enum skyh_crossing skyh_crossing_find(struct skyh_edge *edge, size_t count, uint64_t comparisons,
                                      struct skyh_conflict *ret_conflict)
{
    if (count > 0) {
        lay_flat(edge, count);
        qsort(edge, count, sizeof *edge, by_low_x);
    }
    for (size_t i = 0; i < count; i++) {
        const int64_t end_x = high_x(&edge[i]);
        for (size_t j = i + 1; j < count && low_x(&edge[j]) <= end_x; j++) {
            const char *const what = conflict(&edge[i], &edge[j]);
            if (what != NULL) {
                *ret_conflict = (struct skyh_conflict){edge[i], edge[j], what};
                return SKYH_CROSSING_FOUND;
            }
            if (comparisons-- == 0) {
                return SKYH_CROSSING_TOO_MANY;
            }
        }
    }
    return SKYH_CROSSING_NONE;
}

/* A place on an edge where no vertex of another one is, as vertices have whole numbers. */
static const double anywhere = 0.41421356237309505;

/* Whether an edge lies south of a place. Its western end counts as its own, its eastern does not.
 */
static bool is_south(const struct skyh_edge *edge, double x, double y)
{
    const double x0 = (double)edge->x[0], x1 = (double)edge->x[1];
    const double y0 = (double)edge->y[0], y1 = (double)edge->y[1];
    return (x0 > x) != (x1 > x) && y0 + (x - x0) / (x1 - x0) * (y1 - y0) < y;
}

/* Whether the ring of an edge is where it is meant to be. */
static bool is_placed(const struct skyh_edge *edge, size_t count, const struct skyh_edge *of,
                      const struct skyh_part *part)
{
    const struct skyh_part own = part[of->ring];
    const double x = (double)of->x[0] + anywhere * (double)(of->x[1] - of->x[0]);
    const double y = (double)of->y[0] + anywhere * (double)(of->y[1] - of->y[0]);
    bool in_others = false, in_outer = false;
    for (size_t i = 0; i < count && (double)low_x(&edge[i]) <= x; i++) {
        const uint32_t path = part[edge[i].ring].path;
        const bool counts = path != own.path && is_south(&edge[i], x, y);
        in_others ^= counts;
        in_outer ^= counts && path == own.outer;
    }
    const bool is_hole = own.outer != own.path;
    return in_others == is_hole && in_outer == is_hole;
}

bool skyh_crossing_misplaced(const struct skyh_edge *edge, size_t count,
                             const struct skyh_part *part, uint32_t *ret_ring)
{
    for (size_t i = 0; i < count; i++) {
        if (edge[i].index == 0 && !is_placed(edge, count, &edge[i], part)) {
            *ret_ring = edge[i].ring;
            return true;
        }
    }
    return false;
}
