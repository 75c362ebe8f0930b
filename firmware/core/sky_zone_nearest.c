#include "sky_math.h"
#include "sky_zone_index.h"
#include "sky_zone_touch.h"

/* The square of more than any distance. */
static const double everywhere_m2 = 1e18;

enum { EDGES = SKY_ZONE_RUN_EDGES };

static double larger(double a, double b) { return a > b ? a : b; }

/* What is known so far. */
struct search {
    struct sky_zone_query query;
    float east[4]; /* of the query, for glance_at */
    float north[3];
    struct sky_zone_foot foot;   /* where the latest edge was touched */
    struct sky_zone_touch best;  /* the nearest of all */
    double limit_m2;             /* a little more than its chord's square */
    double limit_m;              /* and that one's root */
    struct sky_zone_reach reach; /* of what may be as near */
    double reach_m2;             /* the limit that it was made for */
    bool inside;
};

static void begin(double lat_rad, double lon_rad, struct search *search)
{
    sky_zone_ask(lat_rad, lon_rad, &search->query);
    for (int i = 0; i < 4; i++) {
        search->east[i] = (float)search->query.chord_east[i];
    }
    for (int i = 0; i < 3; i++) {
        search->north[i] = (float)search->query.chord_north[i];
    }
    sky_zone_lift(&search->foot);
    search->best.chord2_m2 = everywhere_m2;
    search->limit_m2 = everywhere_m2;
    search->limit_m = 1e9;
    search->reach_m2 = everywhere_m2;
    search->inside = false;
}

static void set_limit(struct search *search, double chord2_m2)
{
    search->limit_m2 = chord2_m2 * (1.0 + 1e-9) + 1e-6;
    search->limit_m = sky_sqrt(search->limit_m2);
}

/* --- edges --- */

static void touch_one(struct search *search, const struct sky_zone_view *view, uint32_t i)
{
    const struct sky_zone_touch *const touch = &search->foot.touch;
    sky_zone_touch_edge(&search->query, view, i, &search->foot);
    if (touch->chord2_m2 < search->best.chord2_m2) {
        search->best = *touch;
        set_limit(search, touch->chord2_m2);
    } else if (touch->chord2_m2 == search->best.chord2_m2 && touch->edge < search->best.edge) {
        search->best = *touch;
    }
}

/* What a glance at a run tells. */
struct glance {
    float m2[EDGES + 1]; /* the squared chords to its edges, more or less */
    bool is_far;         /* they may be nearer from behind, and nothing is known */
};

/* Four places in the plane of which sky_zone_touch speaks, in float. */
struct four_spots {
    sky_zone_four u;
    sky_zone_four v;
};

static struct four_spots chords_at(const struct search *search, sky_zone_four x, sky_zone_four y)
{
    const float *const east = search->east, *const north = search->north;
    const float bend = (float)SKY_ZONE_BEND_PER_E14;
    const sky_zone_four circle = (east[0] + y * east[1]) + y * y * (east[2] + y * east[3]);
    return (struct four_spots){
        x * circle * (1.0F - bend * x * x),
        y * (north[0] + y * (north[1] + y * north[2])),
    };
}

/* From the origin to four straight edges, squared. */
static sky_zone_four straight_m2(const struct four_spots *a, const struct four_spots *b)
{
    const sky_zone_four du = b->u - a->u, dv = b->v - a->v;
    const sky_zone_four left = 1.0F + (a->u * du + a->v * dv) / (du * du + dv * dv + 1e-12F);
    const sky_zone_four t = sky_zone_four_not_below_0(1.0F - sky_zone_four_not_below_0(left));
    const sky_zone_four u = a->u + t * du, v = a->v + t * dv;
    return u * u + v * v;
}

/* Each edge taken as straight in that plane. */
static void glance_at(const struct search *search, const struct sky_zone_view *view,
                      const struct sky_zone_run *run, struct glance *ret)
{
    const double way_x = view->place.x - view->start_x - (double)run->x_e7;
    const float x = (float)way_x, y = (float)(view->place.y - (double)run->lat_e7);
    const struct four_spots low =
        chords_at(search, sky_zone_four_of(run->x) - x, sky_zone_four_of(run->y) - y);
    const struct four_spots high =
        chords_at(search, sky_zone_four_of(run->x + 4) - x, sky_zone_four_of(run->y + 4) - y);
    const struct four_spots after_low = {sky_zone_four_next(low.u, high.u),
                                         sky_zone_four_next(low.v, high.v)};
    const struct four_spots after_high = {sky_zone_four_next(high.u, low.u),
                                          sky_zone_four_next(high.v, low.v)};
    const sky_zone_four low_m2 = straight_m2(&low, &after_low);
    const sky_zone_four high_m2 = straight_m2(&high, &after_high);
    memcpy(ret->m2, &low_m2, sizeof low_m2);
    memcpy(ret->m2 + 4, &high_m2, sizeof high_m2);
    ret->is_far = sky_abs(way_x) > 90e7;
}

/*
 * What glance_at says at most of an edge that reaches within a limit. Of such an edge no place is
 * farther than r, the limit and the edge's length. With s = r over the radius of the query's circle
 * of latitude, Taylor's polynomials lack less than r (0.003 s^3 + 0.18 s^4) there and floats a few
 * millionths of r, and the edge bends away from the straight line by L^2 times its second
 * derivative's bound / 8.
 */
static double slack_m(const struct search *search, const struct sky_zone_run *run, double limit_m)
{
    const double longest_m = (double)run->longest_m, r = limit_m + longest_m;
    const double one_over_axis = search->query.one_over_axis, share = r * one_over_axis;
    const double bend = 0.0625 * sky_abs(search->query.sin_lat) + 0.0014 + 0.5 * share;
    const double slack = longest_m * longest_m * one_over_axis * bend +
                         r * (share * share * share * (0.003 + 0.18 * share) + 4e-6) + 0.02;
    return share > 0.25 ? 1e18 : slack;
}

static float glance_limit_m2(const struct search *search, const struct sky_zone_run *run,
                             const struct glance *glance, double limit_m)
{
    const double most_m = limit_m + slack_m(search, run, limit_m);
    return glance->is_far ? 1e37F : (float)(most_m * most_m * (1.0 + 1e-6));
}

/* Which edges of a run are not above that: a bit each. */
static uint32_t which_reach(const struct sky_zone_run *run, const struct glance *glance,
                            float limit_m2)
{
    const sky_zone_four_bits low = {1, 2, 4, 8}, high = {16, 32, 64, 128};
    const uint32_t edges = (1U << run->count) - 1;
    return edges & sky_zone_four_join(((sky_zone_four_of(glance->m2) <= limit_m2) & low) |
                                      ((sky_zone_four_of(glance->m2 + 4) <= limit_m2) & high));
}

/* The first of the least of some of them. */
static uint32_t least_of(const struct glance *glance, uint32_t which)
{
    uint32_t best = (uint32_t)__builtin_ctz(which);
    for (uint32_t left = which & (which - 1); left != 0; left &= left - 1) {
        const uint32_t k = (uint32_t)__builtin_ctz(left);
        best = glance->m2[k] < glance->m2[best] ? k : best;
    }
    return best;
}

/*
 * Touches what may matter of a run, first the edge that promises most. What only closes the ring
 * is not touched.
 */
static void look_at(struct search *search, const struct sky_zone_view *view,
                    const struct sky_zone_run *run)
{
    struct glance glance;
    glance_at(search, view, run, &glance);
    uint32_t left =
        which_reach(run, &glance, glance_limit_m2(search, run, &glance, search->limit_m));
    while (left != 0) {
        const uint32_t best = least_of(&glance, left);
        const uint32_t edge = sky_zone_run_edge(run, best);
        left &= ~(1U << best);
        if (edge < view->border) {
            touch_one(search, view, edge);
        }
        if (left != 0) {
            left &=
                which_reach(run, &glance, glance_limit_m2(search, run, &glance, search->limit_m));
        }
    }
}

/* --- boxes --- */

/* What the fourth derivative adds to the distance from the axis at most. */
static const double axis_rest_m = 3.0e5;

/*
 * What boxes may be within a distance. In latitude none is farther away than along a meridian as
 * round as anywhere near; so much does the meridian's radius change at most there. Within that band
 * a circle of latitude is at least as wide as on the straight line between the band's two edges,
 * because its radius is concave. A chord c spans 2 asin(c / 2 r) on a circle.
 */
static struct sky_zone_reach reach_of(const struct sky_zone_query *query, double limit_m2)
{
    static const double meridian_least_m = 6335439.0;
    static const double less = 1.0 - 1e-6; /* than floats lose */
    static const double unit = SKY_ZONE_RAD_PER_E7;
    struct sky_zone_reach reach = {0.0F, 0.0F, {0.0F, 0.0F}, 1.0F};
    const double half = sky_sqrt(limit_m2) * (0.5 / meridian_least_m);
    if (half > 0.5) { /* far away: a chord is more than 2 / pi of its arc */
        const double least_m = 0.6366 * meridian_least_m * unit;
        reach.north_m2 = (float)(least_m * least_m);
        return reach;
    }
    const double y = 2.0 * half * (1.0 + 0.25 * half * half);
    const double change_m = sky_abs(query->bend_m) + 7e4 * y;
    const double meridian_m = larger(query->meridian_m - change_m * y, meridian_least_m) * unit;
    reach.north_m2 = (float)(less * meridian_m * meridian_m * (1.0 - y * y * (1.0 / 12.0)));

    /* By Taylor, on the band's two edges: middle_m - y slope_m and + y slope_m. */
    const double sin_lat = query->sin_lat, cos_lat = query->cos_lat, y2 = y * y;
    const double second_m = query->meridian_m * cos_lat + query->bend_m * sin_lat;
    const double third_m =
        query->meridian_m * sin_lat - 2.0 * query->bend_m * cos_lat - query->twist_m * sin_lat;
    const double middle_m = query->axis_m - y2 * (0.5 * second_m + axis_rest_m * y2);
    const double slope_m = y2 * third_m * (1.0 / 6.0) - query->meridian_m * sin_lat;
    const double least_m2 = query->axis_m * larger(middle_m - y * sky_abs(slope_m), 0.0);
    if (least_m2 <= 0.5 * limit_m2) {
        return reach;
    }
    const double sine2 = 0.25 * limit_m2 / least_m2;
    const double x2 = 4.0 * sine2 * (1.0 + 0.5 * sine2);
    const double factor_m = less * query->axis_m * unit * unit * (1.0 - x2 * (1.0 / 12.0));
    reach.east_m2[0] = (float)(factor_m * middle_m);
    reach.east_m2[1] = (float)(factor_m * unit * slope_m);
    reach.lean = slope_m < 0.0 ? 1.0F : -1.0F;
    return reach;
}

/* What may be as near as the limit; made anew when that has become much less. */
static const struct sky_zone_reach *reach_now(struct search *search)
{
    static const double more = 1.0 + 1e-5; /* than floats lose */
    if (search->limit_m2 < 0.5 * search->reach_m2) {
        search->reach_m2 = search->limit_m2;
        search->reach = reach_of(&search->query, search->limit_m2);
    }
    search->reach.limit_m2 = (float)(search->limit_m2 * more);
    return &search->reach;
}

/* --- rings --- */

/* A first limit: the way to a vertex of the border that a quick descent finds. */
static void take_vertex(struct search *search, const struct sky_zone_tour *tour)
{
    const double *const north = search->query.chord_north, *const east = search->query.chord_east;
    const struct sky_zone_run *const run =
        sky_zone_tour_guess(tour, (float)(north[0] * north[0]), (float)(east[0] * east[0]));
    const uint32_t edge = run != NULL && run->edge < tour->view.border ? run->edge : 0;
    sky_zone_stand(&search->query, sky_zone_vertex_at(&tour->view, edge), &search->foot);
    set_limit(search, search->foot.touch.chord2_m2);
}

/*
 * A first limit from an edge that may be near: that of what is nearest in its run, which is
 * returned, or else of some vertex.
 */
static const struct sky_zone_run *take_guess(struct search *search,
                                             const struct sky_zone_tour *tour, uint32_t edge)
{
    const struct sky_zone_run *const run =
        edge < tour->view.border ? sky_zone_tour_run_of(tour, edge) : NULL;
    if (run != NULL) {
        look_at(search, &tour->view, run);
    } else {
        take_vertex(search, tour);
    }
    return run;
}

static void look_round(struct search *search, const struct sky_zone_set *set, uint32_t ring,
                       uint32_t guess)
{
    struct sky_zone_tour tour;
    const struct sky_zone_run *run, *known = NULL;
    sky_zone_tour_begin(set, ring, search->query.spot, &tour);
    if (search->limit_m2 >= everywhere_m2) {
        known = take_guess(search, &tour, guess - set->ring[ring].first);
    }
    while ((run = sky_zone_tour_next_near(&tour, reach_now(search))) != NULL) {
        search->inside ^= !tour.is_beside && sky_zone_is_odd(&tour.view, run);
        if (run != known) {
            look_at(search, &tour.view, run);
        }
    }
    search->inside ^= tour.inside;
}

/*
 * The guess, and then each point that is found, bounds the distance. Every edge that could be
 * nearer gets the exact answer, and they are few.
 */
static void look_for_nearest(struct search *search, const struct sky_zone_set *set,
                             const struct sky_line *line, uint32_t guess)
{
    const uint32_t ring = sky_zone_ring_with(set, line, guess);
    look_round(search, set, ring, guess);
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        if (r != ring) {
            look_round(search, set, r, guess);
        }
    }
}

static void answer(const struct search *search, const struct sky_line *line,
                   struct sky_nearest *ret_nearest)
{
    const struct sky_zone_query *const query = &search->query;
    const struct sky_zone_touch *const touch = &search->best;
    const double distance_m = sky_zone_geodesic_m(query, touch);
    const double bearing_rad = sky_atan2(touch->east_m, touch->north_m);
    const double turned_rad = bearing_rad < 0.0 ? bearing_rad + 2.0 * SKY_PI : bearing_rad;
    *ret_nearest = (struct sky_nearest){
        .distance_m = search->inside != line->outside ? 0.0 - distance_m : distance_m,
        .bearing_rad = turned_rad < 2.0 * SKY_PI ? turned_rad : 0.0,
        .lat_rad = (query->spot.y + touch->spot.y) * SKY_ZONE_RAD_PER_E7,
        .lon_rad = sky_wrap_pi((query->spot.x + touch->spot.x) * SKY_ZONE_RAD_PER_E7),
        .edge = touch->edge,
    };
}

void sky_zone_nearest(const struct sky_zone_set *set, uint32_t line, double lat_rad, double lon_rad,
                      uint32_t guess, struct sky_nearest *ret_nearest)
{
    struct search search;
    begin(lat_rad, lon_rad, &search);
    look_for_nearest(&search, set, set->line + line, guess);
    answer(&search, set->line + line, ret_nearest);
}
