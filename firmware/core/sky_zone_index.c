#include "sky_zone_index.h"

enum { FOUR = SKY_ZONE_NODE_BOXES };

/* Beyond every limit. */
static const float nowhere_m2 = 1e38F;

/*
 * A float has 24 bits: what is lost of a place, of half a box, and of the way between two mids, is
 * 64, 64 and 128 units of 1e-7 degree at most. So much larger than what they hold are boxes.
 */
static const double margin_e7 = 256.0;

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }

/* In floats without a choice, so that compilers take several at once; but for a rounding error. */
static float size_of(float a) { return __builtin_fabsf(a); }
static float not_below_0(float a) { return 0.5F * (a + size_of(a)); }

static uint32_t ceil_div(uint32_t a, uint32_t b) { return a / b + (a % b != 0 ? 1 : 0); }

/* --- building --- */

static uint32_t ring_node_count(uint32_t edges)
{
    uint32_t nodes = 0;
    for (uint32_t boxes = ceil_div(edges, SKY_ZONE_RUN_EDGES); boxes > 1;) {
        boxes = ceil_div(boxes, FOUR);
        nodes += boxes;
    }
    return nodes;
}

uint32_t sky_zone_node_count(const struct sky_zone_set *set)
{
    uint32_t nodes = 0;
    for (uint32_t r = 0; r < set->ring_count; r++) {
        nodes += ring_node_count(set->ring[r].count);
    }
    return nodes;
}

struct box {
    double south;
    double north;
    double west;
    double east;
};

static const struct box nothing = {1e18, -1e18, 1e18, -1e18};

static void widen(struct box *box, const struct box *by)
{
    box->south = smaller(box->south, by->south);
    box->north = larger(box->north, by->north);
    box->west = smaller(box->west, by->west);
    box->east = larger(box->east, by->east);
}

/* Around a run of edges: that is, around each vertex of it and the one where it ends. */
static struct box box_of_run(const struct sky_zone_view *from_start, uint32_t first)
{
    const uint32_t left = from_start->count - first;
    const uint32_t end = first + (left < SKY_ZONE_RUN_EDGES ? left : SKY_ZONE_RUN_EDGES);
    struct box box = nothing;
    for (uint32_t i = first; i <= end; i++) {
        const struct sky_zone_spot at = sky_zone_vertex_at(from_start, i);
        const struct box vertex = {at.y, at.y, at.x, at.x};
        widen(&box, &vertex);
    }
    return box;
}

static struct box box_of_node(const struct sky_zone_node *node, uint32_t boxes)
{
    struct box box = nothing;
    for (uint32_t c = 0; c < boxes; c++) {
        const double y = (double)node->mid_y[c], half_y = (double)node->half_y[c];
        const double x = (double)node->mid_x[c], half_x = (double)node->half_x[c];
        const struct box child = {y - half_y, y + half_y, x - half_x, x + half_x};
        widen(&box, &child);
    }
    return box;
}

static void set_box(struct sky_zone_node *node, uint32_t c, const struct box *box)
{
    const float y = (float)(0.5 * (box->south + box->north));
    const float x = (float)(0.5 * (box->west + box->east));
    const double to_south = (double)y - box->south, to_north = box->north - (double)y;
    const double to_west = (double)x - box->west, to_east = box->east - (double)x;
    node->mid_y[c] = y;
    node->mid_x[c] = x;
    node->half_y[c] = (float)(larger(to_south, to_north) + margin_e7);
    node->half_x[c] = (float)(larger(to_west, to_east) + margin_e7);
}

/* A box that is not there, farther than any that is. */
static void set_no_box(struct sky_zone_node *node, uint32_t c)
{
    node->mid_y[c] = 1e15F;
    node->mid_x[c] = 1e15F;
    node->half_y[c] = 0.0F;
    node->half_x[c] = 0.0F;
}

/* One node of a level that has so many boxes, from the one at b on; `below` are the nodes below. */
static void fill(struct sky_zone_node *node, const struct sky_zone_view *from_start, uint32_t boxes,
                 uint32_t b, const struct sky_zone_node *below, uint32_t boxes_below)
{
    for (uint32_t c = 0; c < FOUR; c++) {
        if (b + c >= boxes) {
            set_no_box(node, c);
            continue;
        }
        const uint32_t left = boxes_below - (b + c) * FOUR; /* of no meaning above runs */
        const struct box box = below == NULL
                                   ? box_of_run(from_start, (b + c) * SKY_ZONE_RUN_EDGES)
                                   : box_of_node(&below[b + c], left < FOUR ? left : FOUR);
        set_box(node, c, &box);
    }
}

/* One level after the other, from the runs to the node above all, which is the last. */
static struct sky_zone_tree plant(const struct sky_zone_set *set, uint32_t ring,
                                  struct sky_zone_node *node, uint32_t next)
{
    const double start_x = (double)set->vertex[set->ring[ring].first].lon_e7;
    const struct sky_zone_view view =
        sky_zone_view_of(set, ring, (struct sky_zone_spot){start_x, 0.0});
    struct sky_zone_tree tree = {.is_clockwise = sky_zone_is_clockwise(set, ring)};
    uint32_t below = next, boxes_below = 0;
    for (uint32_t boxes = ceil_div(view.count, SKY_ZONE_RUN_EDGES); boxes > 1;) {
        tree.top = next;
        for (uint32_t b = 0; b < boxes; b += FOUR) {
            node[next].child = below + b;
            fill(&node[next], &view, boxes, b, tree.levels == 0 ? NULL : &node[below], boxes_below);
            next++;
        }
        below = tree.top;
        boxes_below = boxes;
        boxes = next - tree.top;
        tree.levels++;
    }
    if (tree.levels > 0) {
        const struct box all = box_of_node(&node[tree.top], boxes_below);
        tree.reach_x = (float)larger(-all.west, all.east);
    }
    return tree;
}

void sky_zone_prepare(const struct sky_zone_set *set, struct sky_zone_tree *ret_tree,
                      struct sky_zone_node *ret_node)
{
    const struct sky_zone_set plain = {.ring = set->ring, .vertex = set->vertex};
    uint32_t next = 0;
    for (uint32_t r = 0; r < set->ring_count; r++) {
        ret_tree[r] = plant(&plain, r, ret_node, next);
        next += ring_node_count(set->ring[r].count);
    }
}

/* --- touring --- */

static const float unit = (float)SKY_ZONE_RAD_PER_E7;
static const float half_turn_e7 = 1.79e9F; /* a little less */

void sky_zone_tour_begin(const struct sky_zone_set *set, uint32_t ring, struct sky_zone_spot place,
                         bool nearest_first, struct sky_zone_tour *ret_tour)
{
    const bool is_prepared = set->tree != NULL;
    ret_tour->view = sky_zone_view_of(set, ring, place);
    ret_tour->inside = false;
    ret_tour->nearest_first = nearest_first;
    ret_tour->node = set->node;
    ret_tour->run_edges = is_prepared ? SKY_ZONE_RUN_EDGES : ret_tour->view.count;
    ret_tour->x = (float)(ret_tour->view.place.x - ret_tour->view.start_x);
    ret_tour->y = (float)ret_tour->view.place.y;
    const bool is_before =
        is_prepared && size_of(ret_tour->x) + set->tree[ring].reach_x < half_turn_e7;
    ret_tour->x_unit = is_before ? unit : 0.0F;
    ret_tour->pile = 1;
    ret_tour->branch[0] =
        (struct sky_zone_branch){.node = is_prepared ? set->tree[ring].top : 0,
                                 .level = is_prepared ? set->tree[ring].levels : 0};
}

/* How far four boxes are from the place: 1e-7 degree, negative if not; and squared, in metres. */
struct glance {
    float x[FOUR];
    float y[FOUR];
    float m2[FOUR];
};

/* What the third derivative of a circle of latitude's radius adds to it at most, by Taylor. */
static const float axis_rest_m = 6.8e6F / 6.0F;
/* The same of the distance along a meridian, as a share; and what a sphere's chord leaves out. */
static const float north_rest = 0.004F;
static const float twelfth = 1.0F / 12.0F;

/* Less than the radius of a circle of latitude. */
static float axis_at(const struct sky_zone_window *window, float y)
{
    return window->axis_m[0] + y * (window->axis_m[1] + y * window->axis_m[2]) -
           axis_rest_m * y * y * size_of(y);
}

/*
 * Less than the square of the distance to any point of a box: of the nearest of its latitudes and
 * the nearest of its longitudes, on the smallest of its circles of latitude, which is the one
 * nearer to a pole.
 */
static void measure(const struct sky_zone_window *at, const struct sky_zone_node *node,
                    const struct sky_zone_tour *tour, struct glance *ret)
{
    const float place_x = tour->x, place_y = tour->y, x_unit = tour->x_unit;
    for (uint32_t c = 0; c < FOUR; c++) {
        const float mid_y = node->mid_y[c] - place_y, half_y = node->half_y[c];
        const float gap_y = size_of(mid_y) - half_y;
        const float gap_x = size_of(node->mid_x[c] - place_x) - node->half_x[c];
        const float y = __builtin_copysignf(not_below_0(gap_y) * unit, mid_y);
        const float x = not_below_0(gap_x) * x_unit;
        const float poleward = __builtin_copysignf(half_y, node->mid_y[c]);
        const float axis_m = not_below_0(axis_at(at, (mid_y + poleward) * unit));
        const float way_m = y * (at->north_m[0] + y * (at->north_m[1] + y * at->north_m[2]));
        ret->x[c] = gap_x;
        ret->y[c] = gap_y;
        ret->m2[c] = way_m * way_m * (1.0F - y * y * (twelfth + north_rest * size_of(y))) +
                     at->axis_m[0] * axis_m * x * x * (1.0F - twelfth * x * x);
    }
}

/* What is out of the window is far away. */
static void glance_at(const struct sky_zone_node *node, const struct sky_zone_tour *tour,
                      const struct sky_zone_window *window, struct glance *ret)
{
    const struct sky_zone_window at = *window;
    measure(&at, node, tour, ret);
    for (uint32_t c = 0; c < FOUR; c++) {
        ret->m2[c] = ret->x[c] <= at.x_e7 ? ret->m2[c] : nowhere_m2;
        ret->m2[c] = ret->y[c] <= at.y_e7 ? ret->m2[c] : nowhere_m2;
    }
}

/* Whether the ray crosses an odd number of edges whose box is to the east, and not above or below.
 */
static bool crosses_by_turns(const struct sky_zone_view *view, uint32_t first, uint32_t edges)
{
    const uint32_t end = view->count - first > edges ? first + edges : 0;
    return (view->vertex[first].lat_e7 > view->place.y) !=
           (view->vertex[end].lat_e7 > view->place.y);
}

/* Puts a box on the pile, among those from `bottom` on: far ones, or late ones, lie below. */
static void put(struct sky_zone_tour *tour, uint32_t bottom, const struct sky_zone_branch *branch)
{
    uint32_t at = tour->pile++;
    while (at > bottom &&
           (!tour->nearest_first || tour->branch[at - 1].least_m2 <= branch->least_m2)) {
        tour->branch[at] = tour->branch[at - 1];
        at--;
    }
    tour->branch[at] = *branch;
}

/*
 * Where on the pile the boxes of the next one may go: anywhere, so that the nearest of all comes
 * first, while there is room; after that among themselves, which the rest of the pile has room for.
 */
static uint32_t bottom_of(const struct sky_zone_tour *tour)
{
    return tour->nearest_first && tour->pile <= SKY_ZONE_BRANCHES_MAX / 2 ? 0 : tour->pile;
}

/* Counts the crossings of those of four boxes that cannot hold the place. */
static void count_beside(struct sky_zone_tour *tour, const struct sky_zone_node *node,
                         const struct glance *glance, uint32_t first, uint32_t span)
{
    for (uint32_t c = 0; c < FOUR; c++) {
        if (glance->y[c] <= 0.0F && glance->x[c] > 0.0F && node->mid_x[c] > tour->x) {
            tour->inside ^= crosses_by_turns(&tour->view, first + c * span, span);
        }
    }
}

/* Puts on the pile what of a box may matter. */
static void open_branch(struct sky_zone_tour *tour, const struct sky_zone_branch *branch,
                        const struct sky_zone_window *window)
{
    const struct sky_zone_node *const node = &tour->node[branch->node];
    const uint32_t bottom = bottom_of(tour), level = branch->level - 1U;
    const uint32_t span = (uint32_t)SKY_ZONE_RUN_EDGES << (2 * level);
    struct glance glance;
    glance_at(node, tour, window, &glance);
    if (!branch->is_beside) {
        count_beside(tour, node, &glance, branch->first, span);
    }
    for (uint32_t c = 0; c < FOUR; c++) {
        if (glance.m2[c] <= window->limit_m2) {
            const bool holds = glance.x[c] <= 0.0F && glance.y[c] <= 0.0F;
            const struct sky_zone_branch child = {.least_m2 = glance.m2[c],
                                                  .node = node->child + c,
                                                  .first = branch->first + c * span,
                                                  .level = (uint8_t)level,
                                                  .is_beside = branch->is_beside || !holds};
            put(tour, bottom, &child);
        }
    }
}

bool sky_zone_tour_next(struct sky_zone_tour *tour, const struct sky_zone_window *window,
                        struct sky_zone_run *ret_run)
{
    while (tour->pile > 0) {
        const struct sky_zone_branch branch = tour->branch[--tour->pile];
        if (branch.least_m2 > window->limit_m2) {
            continue;
        }
        if (branch.level == 0) {
            const uint32_t left = tour->view.count - branch.first;
            const uint32_t edges = left < tour->run_edges ? left : tour->run_edges;
            *ret_run = (struct sky_zone_run){branch.first, branch.first + edges, branch.is_beside};
            return true;
        }
        open_branch(tour, &branch, window);
    }
    return false;
}

/* --- whole rings --- */

bool sky_zone_is_odd(const struct sky_zone_view *view, const struct sky_zone_run *run)
{
    bool odd = false;
    struct sky_zone_edge edge = {.b = sky_zone_vertex_at(view, run->first)};
    for (uint32_t i = run->first; i < run->end; i++) {
        edge = (struct sky_zone_edge){edge.b, sky_zone_vertex_at(view, i + 1)};
        odd ^= sky_zone_crosses_ray(&edge);
    }
    return odd;
}

bool sky_zone_ring_holds(const struct sky_zone_set *set, uint32_t ring,
                         const struct sky_zone_spot *place)
{
    static const struct sky_zone_window here = {.limit_m2 = 0.0F};
    struct sky_zone_tour tour;
    sky_zone_tour_begin(set, ring, *place, false, &tour);
    bool inside = false;
    for (struct sky_zone_run run; sky_zone_tour_next(&tour, &here, &run);) {
        inside ^= sky_zone_is_odd(&tour.view, &run); /* one that is beside does not come */
    }
    return inside != tour.inside;
}

bool sky_zone_is_clockwise(const struct sky_zone_set *set, uint32_t ring)
{
    if (set->tree != NULL) {
        return set->tree[ring].is_clockwise;
    }
    const struct sky_vertex *const first = set->vertex + set->ring[ring].first;
    const struct sky_zone_view view = sky_zone_view_of(
        set, ring, (struct sky_zone_spot){(double)first->lon_e7, (double)first->lat_e7});
    double area2 = 0.0;
    for (uint32_t i = 0; i < view.count; i++) {
        const struct sky_zone_edge edge = sky_zone_edge_at(&view, i);
        area2 += sky_zone_cross(&edge);
    }
    return area2 < 0.0;
}
