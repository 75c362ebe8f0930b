#include "sky_zone_index.h"

enum { EDGES = SKY_ZONE_RUN_EDGES, BOXES = SKY_ZONE_NODE_BOXES, LOG2_BOXES = 3 };
_Static_assert(BOXES == 1 << LOG2_BOXES, "a node's runs are counted by shifting");

/*
 * A float has 24 bits: what is lost of a place, of half a box, and of the way between two mids, is
 * 64, 64 and 128 units of 1e-7 degree at most. So much larger than what they hold are boxes.
 */
static const double margin_e7 = 256.0;

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }

static uint32_t ceil_div(uint32_t a, uint32_t b) { return a / b + (a % b != 0 ? 1 : 0); }

/* --- runs --- */

/* The first edge from i on that has a length, or the number of edges. */
static uint32_t next_edge(const struct sky_zone_view *view, uint32_t i)
{
    for (; i < view->count; i++) {
        const struct sky_vertex *const a = view->vertex + i;
        const struct sky_vertex *const b = view->vertex + (i + 1 < view->count ? i + 1 : 0);
        if (a->lat_e7 != b->lat_e7 || a->lon_e7 != b->lon_e7) {
            break;
        }
    }
    return i;
}

/* Which edges the run has that begins with this one; returns the edge that comes after them. */
static uint32_t choose_edges(const struct sky_zone_view *view, uint32_t first,
                             struct sky_zone_run *run)
{
    uint32_t i = first;
    run->edge = first;
    run->count = 0;
    do {
        run->step[run->count++] = (uint8_t)(i - first);
        i = next_edge(view, i + 1);
    } while (run->count < EDGES && i < view->count && i - first <= UINT8_MAX);
    return i;
}

/* Of a run that has its edges: where they are, as seen from the ring's first vertex. */
static void place_edges(const struct sky_zone_view *seen, struct sky_zone_run *run)
{
    struct sky_zone_view view = *seen;
    view.place = (struct sky_zone_spot){seen->start_x, 0.0};
    const struct sky_zone_spot start = sky_zone_vertex_at(&view, run->edge);
    struct sky_zone_spot at = start;
    double south = start.y, north = start.y, dx = 0.0, dy = 0.0;
    for (uint32_t k = 0; k <= EDGES; k++) {
        if (k > 0 && k <= run->count) {
            const struct sky_zone_spot from = at;
            at = sky_zone_vertex_at(&view, sky_zone_run_edge(run, k - 1) + 1);
            dx = larger(dx, sky_abs(at.x - from.x));
            dy = larger(dy, sky_abs(at.y - from.y));
            south = smaller(south, at.y);
            north = larger(north, at.y);
        }
        run->y[k] = (float)(at.y - start.y);
        run->x[k] = (float)(at.x - start.x);
    }
    dx *= sky_cos(larger(larger(south, -north), 0.0) * SKY_ZONE_RAD_PER_E7);
    run->longest_m = (float)(SKY_ZONE_M_PER_E7_MAX * sky_sqrt(dx * dx + dy * dy));
    run->lat_e7 = (int32_t)start.y;
    run->x_e7 = (int32_t)start.x;
}

static struct sky_zone_view view_from_start(const struct sky_zone_set *set, uint32_t ring)
{
    const double start_x = (double)set->vertex[set->ring[ring].first].lon_e7;
    return sky_zone_view_of(set, ring, (struct sky_zone_spot){start_x, 0.0});
}

static uint32_t ring_run_count(const struct sky_zone_set *set, uint32_t ring)
{
    const struct sky_zone_view view = view_from_start(set, ring);
    struct sky_zone_run run;
    uint32_t runs = 0;
    for (uint32_t i = 0; i < view.count; i = choose_edges(&view, i, &run)) {
        runs++;
    }
    return runs;
}

uint32_t sky_zone_run_count(const struct sky_zone_set *set)
{
    uint32_t runs = 0;
    for (uint32_t r = 0; r < set->ring_count; r++) {
        const uint32_t own = ring_run_count(set, r);
        runs += own > 1 ? own : 0;
    }
    return runs;
}

/* --- trees --- */

uint32_t sky_zone_node_count(const struct sky_zone_set *set)
{
    uint32_t nodes = 0;
    for (uint32_t r = 0; r < set->ring_count; r++) {
        for (uint32_t boxes = ring_run_count(set, r); boxes > 1;) {
            boxes = ceil_div(boxes, BOXES);
            nodes += boxes;
        }
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

/* Around each vertex of a run. */
static struct box box_of_run(const struct sky_zone_view *view, const struct sky_zone_run *run)
{
    struct box box = nothing;
    for (uint32_t k = 0; k <= run->count; k++) {
        const struct sky_zone_spot at =
            sky_zone_vertex_at(view, k == 0 ? run->edge : sky_zone_run_edge(run, k - 1) + 1);
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

/* What there is to put boxes around: the runs of a ring, or the nodes of a level. */
struct below {
    const struct sky_zone_view *from_start;
    const struct sky_zone_run *run;
    const struct sky_zone_node *node; /* NULL: runs */
    uint32_t count;
    uint32_t boxes; /* in all those nodes */
};

/* One node, whose first box is around the one below at b. */
static void fill(struct sky_zone_node *node, const struct below *below, uint32_t b)
{
    for (uint32_t c = 0; c < BOXES; c++) {
        if (b + c >= below->count) {
            set_no_box(node, c);
            continue;
        }
        const uint32_t left = below->boxes - (b + c) * BOXES; /* of no meaning above runs */
        const struct box box = below->node == NULL
                                   ? box_of_run(below->from_start, &below->run[b + c])
                                   : box_of_node(&below->node[b + c], left < BOXES ? left : BOXES);
        set_box(node, c, &box);
    }
}

/* One level after the other, from two runs or more to the node above all, which is the last. */
static void plant(struct sky_zone_tree *tree, const struct sky_zone_view *from_start,
                  const struct sky_zone_run *run, struct sky_zone_node *node, uint32_t next)
{
    struct below below = {from_start, run, NULL, tree->run_count, 0};
    uint32_t first_below = tree->first_run;
    while (below.count > 1) {
        tree->top = next;
        for (uint32_t b = 0; b < below.count; b += BOXES) {
            node[next].child = first_below + b;
            fill(&node[next], &below, b);
            next++;
        }
        first_below = tree->top;
        below.node = &node[tree->top];
        below.boxes = below.count;
        below.count = next - tree->top;
        tree->levels++;
    }
    const struct box all = box_of_node(&node[tree->top], below.boxes);
    tree->reach_x = (float)larger(-all.west, all.east);
}

void sky_zone_prepare(const struct sky_zone_set *set, struct sky_zone_tree *ret_tree,
                      struct sky_zone_node *ret_node, struct sky_zone_run *ret_run)
{
    const struct sky_zone_set plain = {.ring = set->ring, .vertex = set->vertex};
    uint32_t next_run = 0, next_node = 0;
    for (uint32_t r = 0; r < set->ring_count; r++) {
        const struct sky_zone_view view = view_from_start(set, r);
        struct sky_zone_tree tree = {.first_run = next_run,
                                     .run_count = ring_run_count(set, r),
                                     .is_clockwise = sky_zone_is_clockwise(&plain, r)};
        if (tree.run_count > 1) {
            for (uint32_t i = 0; i < view.count;) {
                i = choose_edges(&view, i, &ret_run[next_run]);
                place_edges(&view, &ret_run[next_run]);
                next_run++;
            }
            plant(&tree, &view, ret_run + tree.first_run, ret_node, next_node);
            next_node = tree.top + 1;
        }
        ret_tree[r] = tree;
    }
}

/* --- touring --- */

static const double half_turn_e7 = 1.79e9; /* a little less */

void sky_zone_tour_begin(const struct sky_zone_set *set, uint32_t ring, struct sky_zone_spot place,
                         struct sky_zone_tour *ret_tour)
{
    ret_tour->view = sky_zone_view_of(set, ring, place);
    ret_tour->x = ret_tour->view.place.x - ret_tour->view.start_x;
    ret_tour->y = ret_tour->view.place.y;
    ret_tour->inside = false;
    ret_tour->is_beside = false;
    ret_tour->next = 0;
    ret_tour->pile = 0;
    ret_tour->is_prepared = set->tree != NULL && set->tree[ring].levels > 0;
    if (ret_tour->is_prepared) {
        const struct sky_zone_tree *const tree = &set->tree[ring];
        ret_tour->node = set->node;
        ret_tour->run = set->run + tree->first_run;
        ret_tour->run_count = tree->run_count;
        ret_tour->is_before = sky_abs(ret_tour->x) + (double)tree->reach_x < half_turn_e7;
        ret_tour->pile = 1;
        ret_tour->branch[0] = (struct sky_zone_branch){.index = tree->top, .level = tree->levels};
    }
}

/* The next run of a ring that is not prepared; where its edges are only if that matters. */
static const struct sky_zone_run *make_next(struct sky_zone_tour *tour, bool is_placed)
{
    if (tour->next >= tour->view.count) {
        return NULL;
    }
    tour->next = choose_edges(&tour->view, tour->next, &tour->latest);
    if (is_placed) {
        place_edges(&tour->view, &tour->latest);
    }
    return &tour->latest;
}

/* How far four boxes are from the place, north or south and east or west; negative: it is there. */
struct gaps {
    sky_zone_four y;
    sky_zone_four x;
};

static struct gaps gaps_at(const struct sky_zone_node *node, uint32_t c, float x, float y)
{
    return (struct gaps){
        sky_zone_four_size(sky_zone_four_of(node->mid_y + c) - y) -
            sky_zone_four_of(node->half_y + c),
        sky_zone_four_size(sky_zone_four_of(node->mid_x + c) - x) -
            sky_zone_four_of(node->half_x + c),
    };
}

/* What a look at the boxes of a node tells. */
struct glance {
    float least_m2[BOXES]; /* how near each may be, squared */
    uint32_t which;        /* a bit of each box from MATTERS, HOLDS and EAST on */
};

/* It may be near enough; the place may be in it; it is not, but the ray to the east meets the box.
 */
enum { MATTERS = 0, HOLDS = BOXES, EAST = 2 * BOXES };

/* The bits of four boxes from c on, one after the other in each. */
static sky_zone_four_bits see_four(const struct sky_zone_node *node, uint32_t c, float x,
                                   const struct gaps *gaps, sky_zone_four_bits matters)
{
    const sky_zone_four_bits bit = {1, 2, 4, 8};
    const sky_zone_four_bits level = gaps->y <= 0.0F, above = gaps->x <= 0.0F;
    const sky_zone_four_bits east = ~above & (sky_zone_four_of(node->mid_x + c) > x);
    return (matters & bit << (int32_t)(MATTERS + c)) |
           (level & ((above & bit << (int32_t)(HOLDS + c)) | (east & bit << (int32_t)(EAST + c))));
}

/* Sees how near boxes may be: the squared distance to any point of one is not less. */
static void see_near(const struct sky_zone_node *node, float x, float y,
                     const struct sky_zone_reach *reach, struct glance *ret)
{
    const struct sky_zone_reach at = *reach;
    sky_zone_four_bits which = {0, 0, 0, 0};
    for (uint32_t c = 0; c < BOXES; c += 4) {
        const struct gaps gaps = gaps_at(node, c, x, y);
        const sky_zone_four edge_y =
            sky_zone_four_of(node->mid_y + c) - y + at.lean * sky_zone_four_of(node->half_y + c);
        const sky_zone_four gap_y = sky_zone_four_not_below_0(gaps.y);
        const sky_zone_four gap_x = sky_zone_four_not_below_0(gaps.x);
        const sky_zone_four east_m2 =
            sky_zone_four_not_below_0(at.east_m2[0] + at.east_m2[1] * edge_y);
        const sky_zone_four m2 = at.north_m2 * gap_y * gap_y + east_m2 * gap_x * gap_x;
        memcpy(ret->least_m2 + c, &m2, sizeof m2);
        which |= see_four(node, c, x, &gaps, m2 <= at.limit_m2);
    }
    ret->which = sky_zone_four_join(which);
}

/* Sees which boxes reach into a window. */
static void see_window(const struct sky_zone_node *node, float x, float y,
                       const struct sky_zone_window *window, struct glance *ret)
{
    const float x_e7 = window->x_e7, y_e7 = window->y_e7;
    sky_zone_four_bits which = {0, 0, 0, 0};
    for (uint32_t c = 0; c < BOXES; c += 4) {
        const struct gaps gaps = gaps_at(node, c, x, y);
        which |= see_four(node, c, x, &gaps, (gaps.x <= x_e7) & (gaps.y <= y_e7));
    }
    memset(ret->least_m2, 0, sizeof ret->least_m2);
    ret->which = sky_zone_four_join(which);
}

/*
 * Whether the ray crosses an odd number of the edges of some runs whose box is to the east, and not
 * above or below.
 */
static bool crosses_by_turns(const struct sky_zone_tour *tour, uint32_t first, uint32_t runs)
{
    const uint32_t end = tour->run_count - first > runs ? first + runs : 0;
    return (tour->run[first].lat_e7 > tour->y) != (tour->run[end].lat_e7 > tour->y);
}

static uint32_t lowest_bit(uint32_t mask) { return (uint32_t)__builtin_ctz(mask); }

/* Puts a box on the pile, among those from `bottom` on: far ones lie below. */
static void put(struct sky_zone_tour *tour, uint32_t bottom, const struct sky_zone_branch *branch)
{
    uint32_t at = tour->pile++;
    while (at > bottom && tour->branch[at - 1].least_m2 <= branch->least_m2) {
        tour->branch[at] = tour->branch[at - 1];
        at--;
    }
    tour->branch[at] = *branch;
}

/*
 * Counts the crossings of those boxes of a node that cannot hold the place, unless all of them were
 * counted already, and puts on the pile what may matter. The order among equals is the ring's.
 */
static void open_branch(struct sky_zone_tour *tour, uint32_t bottom,
                        const struct sky_zone_branch *branch, const struct glance *glance)
{
    const uint32_t all = (1U << BOXES) - 1, child = tour->node[branch->index].child;
    const uint32_t level = branch->level - 1U, span = 1U << (LOG2_BOXES * level);
    const uint32_t seen = branch->is_beside ? glance->which & all << MATTERS : glance->which;
    for (uint32_t left = seen >> EAST; left != 0; left &= left - 1) {
        tour->inside ^= crosses_by_turns(tour, branch->first + lowest_bit(left) * span, span);
    }
    for (uint32_t left = seen >> MATTERS & all; left != 0; left &= left - 1) {
        const uint32_t c = lowest_bit(left);
        const struct sky_zone_branch next = {.least_m2 = glance->least_m2[c],
                                             .index = child + c,
                                             .first = branch->first + c * span,
                                             .level = (uint8_t)level,
                                             .is_beside = (seen >> (HOLDS + c) & 1U) == 0};
        put(tour, bottom, &next);
    }
}

/*
 * Where on the pile the boxes of the next one may go: anywhere, so that the nearest of all comes
 * first, while there is room; after that among themselves, which the rest of the pile has room for.
 */
static uint32_t bottom_of(const struct sky_zone_tour *tour)
{
    return tour->pile <= SKY_ZONE_BRANCHES_SORTED ? 0 : tour->pile;
}

static const struct sky_zone_run *arrive(struct sky_zone_tour *tour,
                                         const struct sky_zone_branch *branch)
{
    tour->is_beside = branch->is_beside;
    return &tour->run[branch->first];
}

const struct sky_zone_run *sky_zone_tour_next(struct sky_zone_tour *tour,
                                              const struct sky_zone_window *window)
{
    if (!tour->is_prepared) {
        return make_next(tour, false);
    }
    const float x = (float)tour->x, y = (float)tour->y;
    while (tour->pile > 0) {
        const struct sky_zone_branch branch = tour->branch[--tour->pile];
        if (branch.level == 0) {
            return arrive(tour, &branch);
        }
        struct glance glance;
        see_window(&tour->node[branch.index], x, y, window, &glance);
        open_branch(tour, tour->pile, &branch, &glance);
    }
    return NULL;
}

const struct sky_zone_run *sky_zone_tour_next_near(struct sky_zone_tour *tour,
                                                   const struct sky_zone_reach *reach)
{
    if (!tour->is_prepared) {
        return make_next(tour, true);
    }
    const float x = (float)tour->x, y = (float)tour->y;
    struct sky_zone_reach here = *reach;
    if (!tour->is_before) {
        here.east_m2[0] = here.east_m2[1] = 0.0F;
    }
    while (tour->pile > 0) {
        const struct sky_zone_branch branch = tour->branch[--tour->pile];
        if (branch.least_m2 > here.limit_m2) {
            continue;
        }
        if (branch.level == 0) {
            return arrive(tour, &branch);
        }
        struct glance glance;
        see_near(&tour->node[branch.index], x, y, &here, &glance);
        open_branch(tour, bottom_of(tour), &branch, &glance);
    }
    return NULL;
}

const struct sky_zone_run *sky_zone_tour_run_of(const struct sky_zone_tour *tour, uint32_t edge)
{
    if (!tour->is_prepared) {
        return NULL;
    }
    const struct sky_zone_run *run = tour->run;
    for (uint32_t count = tour->run_count; count > 1;) { /* among so many from `run` on */
        const uint32_t half = count / 2;
        run = run[half].edge <= edge ? run + half : run;
        count -= half;
    }
    return run;
}

/* Which of a node's boxes is nearest, side and middle taken together, on a plain map. */
static uint32_t choose_box(const struct sky_zone_node *node, float x, float y, float north_m2,
                           float east_m2)
{
    static const float middle = 0.05F;
    float m2[BOXES];
    for (uint32_t c = 0; c < BOXES; c += 4) {
        const struct gaps gaps = gaps_at(node, c, x, y);
        const sky_zone_four gap_y = sky_zone_four_not_below_0(gaps.y);
        const sky_zone_four gap_x = sky_zone_four_not_below_0(gaps.x);
        const sky_zone_four mid_y = sky_zone_four_of(node->mid_y + c) - y;
        const sky_zone_four mid_x = sky_zone_four_of(node->mid_x + c) - x;
        const sky_zone_four score = north_m2 * (gap_y * gap_y + middle * mid_y * mid_y) +
                                    east_m2 * (gap_x * gap_x + middle * mid_x * mid_x);
        memcpy(m2 + c, &score, sizeof score);
    }
    uint32_t best = 0;
    for (uint32_t c = 1; c < BOXES; c++) {
        best = m2[c] < m2[best] ? c : best;
    }
    return best;
}

const struct sky_zone_run *sky_zone_tour_guess(const struct sky_zone_tour *tour, float north_m2,
                                               float east_m2)
{
    if (!tour->is_prepared) {
        return NULL;
    }
    struct sky_zone_branch branch = tour->branch[0];
    while (branch.level > 0) {
        const struct sky_zone_node *const node = &tour->node[branch.index];
        const uint32_t best = choose_box(node, (float)tour->x, (float)tour->y, north_m2, east_m2);
        branch.level--;
        branch.first += best << (LOG2_BOXES * branch.level);
        branch.index = node->child + best;
    }
    return &tour->run[branch.first];
}

/* --- whole rings --- */

bool sky_zone_is_odd(const struct sky_zone_view *view, const struct sky_zone_run *run)
{
    bool odd = false;
    struct sky_zone_edge edge = {.b = sky_zone_vertex_at(view, run->edge)};
    for (uint32_t k = 0; k < run->count; k++) {
        edge =
            (struct sky_zone_edge){edge.b, sky_zone_vertex_at(view, sky_zone_run_edge(run, k) + 1)};
        odd ^= sky_zone_crosses_ray(&edge);
    }
    return odd;
}

uint32_t sky_zone_ring_with(const struct sky_zone_set *set, const struct sky_line *line,
                            uint32_t edge)
{
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        if (edge - set->ring[r].first < set->ring[r].count) { /* wraps if it is less than first */
            return r;
        }
    }
    return line->first_ring;
}

bool sky_zone_ring_holds(const struct sky_zone_set *set, uint32_t ring,
                         const struct sky_zone_spot *place)
{
    static const struct sky_zone_window here = {0.0F, 0.0F};
    struct sky_zone_tour tour;
    sky_zone_tour_begin(set, ring, *place, &tour);
    bool inside = false;
    const struct sky_zone_run *run;
    while ((run = sky_zone_tour_next(&tour, &here)) != NULL) {
        inside ^= sky_zone_is_odd(&tour.view, run); /* one that is beside does not come */
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
