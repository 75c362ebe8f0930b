#include "sky_zone_index.h"

enum { FOUR = SKY_ZONE_NODE_BOXES };

/*
 * What is beyond a float's 24 bits is below 128 units of 1e-7 degree, 1.4 m: half of that may be
 * lost from a box and half from the place, so boxes are so much wider than what they hold.
 */
static const double margin_e7 = 128.0;

/* A bound on what is lost in calculating with floats, as a share. */
static const float doubt = 1e-5F;

static float smaller(float a, float b) { return a < b ? a : b; }
static float larger(float a, float b) { return a > b ? a : b; }

static uint32_t ceil_div(uint32_t a, uint32_t b) { return a / b + (a % b != 0 ? 1 : 0); }

/* How many edges a box at a level holds; the last one of a ring perhaps fewer. */
static uint32_t span_at(uint32_t run_edges, uint32_t level) { return run_edges << (2 * level); }

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
    float south;
    float north;
    float west;
    float east;
};

static const struct box nowhere = {1e18F, -1e18F, 1e18F, -1e18F};

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
    struct box box = nowhere;
    for (uint32_t i = first; i <= end; i++) {
        const struct sky_zone_spot at = sky_zone_vertex_at(from_start, i);
        const struct box vertex = {(float)(at.y - margin_e7), (float)(at.y + margin_e7),
                                   (float)(at.x - margin_e7), (float)(at.x + margin_e7)};
        widen(&box, &vertex);
    }
    return box;
}

static struct box box_of_node(const struct sky_zone_node *node)
{
    struct box box = nowhere;
    for (uint32_t c = 0; c < FOUR; c++) {
        const struct box child = {node->south[c], node->north[c], node->west[c], node->east[c]};
        widen(&box, &child);
    }
    return box;
}

static void set_box(struct sky_zone_node *node, uint32_t c, const struct box *box)
{
    node->south[c] = box->south;
    node->north[c] = box->north;
    node->west[c] = box->west;
    node->east[c] = box->east;
}

/* One level after the other, from the runs to the node above all, which is the last. */
static struct sky_zone_tree plant(const struct sky_zone_set *set, uint32_t ring,
                                  struct sky_zone_node *node, uint32_t next)
{
    const double start_x = (double)set->vertex[set->ring[ring].first].lon_e7;
    const struct sky_zone_view view =
        sky_zone_view_of(set, ring, (struct sky_zone_spot){start_x, 0.0});
    struct sky_zone_tree tree = {.is_clockwise = sky_zone_is_clockwise(set, ring)};
    uint32_t below = next; /* the first node of the level below; none below the first level */
    for (uint32_t boxes = ceil_div(view.count, SKY_ZONE_RUN_EDGES); boxes > 1;) {
        const uint32_t first = next;
        for (uint32_t b = 0; b < boxes; b += FOUR) {
            struct sky_zone_node *const at = &node[next++];
            at->child = below + b;
            for (uint32_t c = 0; c < FOUR; c++) {
                const struct box box = b + c >= boxes ? nowhere
                                       : tree.levels == 0
                                           ? box_of_run(&view, (b + c) * SKY_ZONE_RUN_EDGES)
                                           : box_of_node(&node[below + b + c]);
                set_box(at, c, &box);
            }
        }
        below = first;
        boxes = next - first;
        tree.top = first;
        tree.levels++;
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
    ret_tour->pile = 1;
    ret_tour->branch[0] =
        (struct sky_zone_branch){.node = is_prepared ? set->tree[ring].top : 0,
                                 .level = is_prepared ? set->tree[ring].levels : 0};
}

/* A window in floats, not smaller. */
struct pane {
    float x;
    float y;
    float round_m2;
    float north_m;
    float east_m;
    float less_m;
};

static struct pane pane_of(const struct sky_zone_window *window)
{
    const float more = 1.0F + doubt;
    const float round_m = (float)window->round_m * more;
    return (struct pane){.x = (float)window->x * more,
                         .y = (float)window->y * more,
                         .round_m2 = round_m * round_m,
                         .north_m = (float)window->north_m,
                         .east_m = (float)window->east_m * (1.0F - 0.1F * doubt),
                         .less_m = (float)window->less_m};
}

/* How far four boxes are from the place. */
struct glance {
    float x[FOUR];
    float y[FOUR];
    float m2[FOUR];
};

/* One line for each step, and no branch: compilers do all four at once. */
static void glance_at(const struct sky_zone_node *node, const struct sky_zone_tour *tour,
                      const struct pane *pane, struct glance *ret)
{
    const float place_x = tour->x, place_y = tour->y;
    const float *const far_y = pane->less_m > 0.0F ? node->north : node->south;
    for (uint32_t c = 0; c < FOUR; c++) {
        const float x = larger(node->west[c] - place_x, place_x - node->east[c]);
        const float y = larger(node->south[c] - place_y, place_y - node->north[c]);
        const float east_m = pane->east_m - pane->less_m * (far_y[c] - place_y);
        ret->x[c] = larger(x, 0.0F);
        ret->y[c] = larger(y, 0.0F);
        const float x_m = ret->x[c] * larger(east_m, 0.0F), y_m = ret->y[c] * pane->north_m;
        ret->m2[c] = x_m * x_m + y_m * y_m;
    }
}

/* Whether the ray crosses an odd number of edges whose box is to the east, and not above or below.
 */
static bool crosses_by_turns(const struct sky_zone_view *view, uint32_t first, uint32_t edges)
{
    const uint32_t end = first + edges < view->count ? first + edges : 0;
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

/* Puts on the pile what of a box may matter, and counts the crossings of what cannot hold the
 * place. */
static void open_branch(struct sky_zone_tour *tour, const struct sky_zone_branch *branch,
                        const struct pane *pane)
{
    const struct sky_zone_node *const node = &tour->node[branch->node];
    const uint32_t bottom = tour->pile, level = branch->level - 1U;
    const uint32_t span = span_at(tour->run_edges, level);
    struct glance glance;
    glance_at(node, tour, pane, &glance);
    uint32_t first = branch->first, left = tour->view.count - first;
    for (uint32_t c = 0; c < FOUR && left > 0; c++) {
        const uint32_t edges = left < span ? left : span;
        const bool holds = glance.x[c] <= 0.0F && glance.y[c] <= 0.0F;
        if (!branch->is_beside && glance.y[c] <= 0.0F && node->west[c] > tour->x) {
            tour->inside ^= crosses_by_turns(&tour->view, first, edges);
        }
        if (glance.m2[c] <= pane->round_m2 && glance.x[c] <= pane->x && glance.y[c] <= pane->y) {
            const struct sky_zone_branch child = {.least_m2 = glance.m2[c],
                                                  .node = node->child + c,
                                                  .first = first,
                                                  .level = (uint8_t)level,
                                                  .is_beside = branch->is_beside || !holds};
            put(tour, bottom, &child);
        }
        first += edges;
        left -= edges;
    }
}

bool sky_zone_tour_next(struct sky_zone_tour *tour, const struct sky_zone_window *window,
                        struct sky_zone_run *ret_run)
{
    const struct pane pane = pane_of(window);
    while (tour->pile > 0) {
        const struct sky_zone_branch branch = tour->branch[--tour->pile];
        if (branch.least_m2 > pane.round_m2) {
            continue;
        }
        if (branch.level == 0) {
            const uint32_t left = tour->view.count - branch.first;
            const uint32_t edges = left < tour->run_edges ? left : tour->run_edges;
            *ret_run = (struct sky_zone_run){branch.first, branch.first + edges, branch.is_beside};
            return true;
        }
        open_branch(tour, &branch, &pane);
    }
    return false;
}

/* --- whole rings --- */

bool sky_zone_ring_holds(const struct sky_zone_set *set, uint32_t ring,
                         const struct sky_zone_spot *place)
{
    static const struct sky_zone_window here = {.x = 0.0};
    struct sky_zone_tour tour;
    sky_zone_tour_begin(set, ring, *place, false, &tour);
    bool inside = false;
    for (struct sky_zone_run run; sky_zone_tour_next(&tour, &here, &run);) {
        for (uint32_t i = run.first; i < run.end; i++) { /* one that is beside does not come */
            const struct sky_zone_edge edge = sky_zone_edge_at(&tour.view, i);
            inside ^= sky_zone_crosses_ray(&edge);
        }
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
