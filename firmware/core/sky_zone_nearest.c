#include "sky_math.h"
#include "sky_zone_index.h"

/* The square of more than any distance, and of more than any place of a box. */
static const double everywhere_m2 = 1e18;
static const float everywhere_e7 = 1e12F;

enum { RUN = SKY_ZONE_RUN_EDGES };

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }
static double clamp01(double t) { return larger(0.0, smaller(1.0, t)); }

/* The place asked about, and what the ellipsoid is like there. */
struct query {
    struct sky_zone_spot spot; /* 1e-7 degree */
    double lat_rad;
    double sin_lat;
    double cos_lat;
    double plane_m; /* height above the equator's plane */
    /* By how many radians farther north, Taylor's coefficients: */
    double north_m[3]; /* of the way there along the meridian, but for one factor of them */
    double axis_m[4];  /* of the distance from the Earth's axis */
    double x_m_per_e7; /* the plane metric: the radii at the query, everywhere */
    double y_m_per_e7;
};

/* A point near the query, exactly where it is. */
struct touch {
    struct sky_zone_spot spot;
    double chord2_m2; /* squared straight distance from the query, through the Earth */
    double east_m;    /* the chord in the query's own axes */
    double north_m;
    uint32_t edge;
};

/* And what an edge must know of it to be followed from there. */
struct foot {
    struct touch touch;
    double sin_lat;
    double axis_m;
    double meridian_m;
    double out; /* the chord in the axes of the point: out from the Earth's axis, east, north, up */
    double east;
    double north;
    double up;
};

static struct query query_at(double lat_rad, double lon_rad)
{
    struct query query = {.spot = {lon_rad / SKY_ZONE_RAD_PER_E7, lat_rad / SKY_ZONE_RAD_PER_E7},
                          .lat_rad = lat_rad};
    sky_sincos(lat_rad, &query.sin_lat, &query.cos_lat);
    const double s = query.sin_lat, c = query.cos_lat;
    const double normal_m = sky_zone_normal_m(s), meridian_m = sky_zone_meridian_m(normal_m);
    query.plane_m = normal_m * (1.0 - SKY_WGS84_E2) * s;
    query.x_m_per_e7 = normal_m * c * SKY_ZONE_RAD_PER_E7;
    query.y_m_per_e7 = meridian_m * SKY_ZONE_RAD_PER_E7;

    /* Derivatives of the radius of the meridian; that of the distance from the axis is -M sin. */
    const double ratio = normal_m / SKY_WGS84_A_M, e2 = SKY_WGS84_E2 * ratio * ratio;
    const double first_m = meridian_m * 3.0 * e2 * s * c;
    const double second_m =
        meridian_m * (3.0 * e2 * (c * c - s * s) + 15.0 * e2 * e2 * s * s * c * c);
    query.north_m[0] = meridian_m;
    query.north_m[1] = first_m * 0.5;
    query.north_m[2] = second_m * (1.0 / 6.0);
    query.axis_m[0] = normal_m * c;
    query.axis_m[1] = -meridian_m * s;
    query.axis_m[2] = (meridian_m * c + first_m * s) * -0.5;
    query.axis_m[3] = (meridian_m * s - 2.0 * first_m * c - second_m * s) * (1.0 / 6.0);
    return query;
}

/* How far along an edge, 0 .. 1, its nearest point lies in the plane metric. */
static double plane_nearest(const struct query *query, const struct sky_zone_edge *edge)
{
    const double ax = edge->a.x * query->x_m_per_e7, ay = edge->a.y * query->y_m_per_e7;
    const double dx = edge->b.x * query->x_m_per_e7 - ax;
    const double dy = edge->b.y * query->y_m_per_e7 - ay;
    const double length2 = dx * dx + dy * dy;
    return length2 > 0.0 ? clamp01(-(ax * dx + ay * dy) / length2) : 0.0;
}

static struct foot foot_at(const struct query *query, struct sky_zone_spot spot)
{
    double sin_lat, cos_lat, sin_lon, cos_lon; /* longitude from the query's meridian */
    sky_sincos((query->spot.y + spot.y) * SKY_ZONE_RAD_PER_E7, &sin_lat, &cos_lat);
    sky_sincos(spot.x * SKY_ZONE_RAD_PER_E7, &sin_lon, &cos_lon);
    const double normal_m = sky_zone_normal_m(sin_lat), axis_m = normal_m * cos_lat;

    const double x_m = axis_m * cos_lon - query->axis_m[0];
    const double y_m = axis_m * sin_lon;
    const double z_m = normal_m * (1.0 - SKY_WGS84_E2) * sin_lat - query->plane_m;
    const double out = x_m * cos_lon + y_m * sin_lon;
    return (struct foot){
        .touch = {.spot = spot,
                  .chord2_m2 = x_m * x_m + y_m * y_m + z_m * z_m,
                  .east_m = y_m,
                  .north_m = query->cos_lat * z_m - query->sin_lat * x_m},
        .sin_lat = sin_lat,
        .axis_m = axis_m,
        .meridian_m = sky_zone_meridian_m(normal_m),
        .out = out,
        .east = y_m * cos_lon - x_m * sin_lon,
        .north = cos_lat * z_m - sin_lat * out,
        .up = cos_lat * out + sin_lat * z_m,
    };
}

/*
 * One step of Newton's method for the squared chord along an edge, on the ellipsoid itself, from
 * the foot at t. Returns how much farther along the nearest point seems to be; *speed2 is the
 * edge's length squared. The second derivative leaves out how M changes with latitude, which costs
 * a hundredth of d / R in the rate of convergence.
 */
static double newton_step(const struct foot *foot, const struct sky_zone_edge *edge, double t,
                          double *speed2)
{
    const double meridian_m = foot->meridian_m, axis_m = foot->axis_m;
    const double dlat = (edge->b.y - edge->a.y) * SKY_ZONE_RAD_PER_E7;
    const double dlon = (edge->b.x - edge->a.x) * SKY_ZONE_RAD_PER_E7;
    const double slope = foot->north * meridian_m * dlat + foot->east * axis_m * dlon;
    *speed2 = meridian_m * dlat * meridian_m * dlat + axis_m * dlon * axis_m * dlon;
    const double bend = -foot->up * meridian_m * dlat * dlat -
                        2.0 * foot->east * meridian_m * foot->sin_lat * dlat * dlon -
                        foot->out * axis_m * dlon * dlon;
    const double curvature = larger(*speed2 + bend, 0.25 * *speed2);
    return curvature > 0.0 ? clamp01(t - slope / curvature) - t : 0.0;
}

static bool is_same_spot(const struct sky_zone_spot *a, const struct sky_zone_spot *b)
{
    return a->x == b->x && a->y == b->y;
}

/*
 * The nearest point of an edge: from the plane metric's answer, as a rule two steps. Where it ends
 * the next edge begins, which is the one to be named if it is border. *foot is where the search
 * stood, so that edges that meet there need not go again.
 */
static struct touch touch_edge(const struct query *query, const struct sky_zone_view *view,
                               uint32_t i, struct foot *foot)
{
    static const double step2_m2 = 1e-8; /* a tenth of a millimetre along the edge */
    const struct sky_zone_edge edge = sky_zone_edge_at(view, i);
    double t = plane_nearest(query, &edge), step, speed2;
    int left = 6;
    do {
        const struct sky_zone_spot spot = sky_zone_point_at(&edge, t);
        if (!is_same_spot(&spot, &foot->touch.spot)) {
            *foot = foot_at(query, spot);
        }
        step = newton_step(foot, &edge, t, &speed2);
        t += step;
    } while (step * step * speed2 > step2_m2 && --left > 0);
    struct touch touch = foot->touch;
    const uint32_t next = i + 1 < view->count ? i + 1 : 0;
    const bool is_next = is_same_spot(&touch.spot, &edge.b) && next < view->border;
    touch.edge = view->first + (is_next ? next : i);
    return touch;
}

/*
 * The geodesic that belongs to a chord: an arc of the circle that fits the ellipsoid half way in
 * that direction (Euler's formula). Within 1 mm at 100 km (property test).
 */
static double geodesic_m(const struct query *query, const struct touch *touch)
{
    const double middle_rad = query->lat_rad + 0.5 * touch->spot.y * SKY_ZONE_RAD_PER_E7;
    const double normal_m = sky_zone_normal_m(sky_sin(middle_rad));
    const double along2 = touch->north_m * touch->north_m, across2 = touch->east_m * touch->east_m;
    const double along = along2 / larger(along2 + across2, 1e-30);
    const double curvature = along / sky_zone_meridian_m(normal_m) + (1.0 - along) / normal_m;
    return 2.0 / curvature * sky_asin(0.5 * curvature * sky_sqrt(touch->chord2_m2));
}

/* --- bounds: which edges cannot be nearer than a point that is known --- */

/* What the fourth derivative adds to the distance from the axis at most. */
static const double axis_rest_m = 3.0e5;
/* As in sky_zone_index: what the third adds along the meridian, and what a sphere's chord lacks. */
static const double north_rest = 0.004;

/*
 * The squared chord from the query to a point y radians north and x east of it, or less: by a
 * millionth at 200 km, and 19 m at 640 km.
 */
static double chord2_least(const struct query *query, double x, double y)
{
    const double *const north = query->north_m, *const axis = query->axis_m;
    const double y2 = y * y, x2 = x * x;
    const double north_m = y * (north[0] + y * (north[1] + y * north[2]));
    const double axis_m =
        axis[0] + y * (axis[1] + y * (axis[2] + y * axis[3])) - axis_rest_m * y2 * y2;
    return north_m * north_m * (1.0 - y2 * (1.0 / 12.0 + north_rest * sky_abs(y))) +
           axis[0] * larger(axis_m, 0.0) * x2 * (1.0 - x2 * (1.0 / 12.0));
}

/* An end of an edge, radians from the query, and what chord2_least says of it. */
struct end {
    double x;
    double y;
    double chord2_m2;
};

static struct end end_at(const struct query *query, const struct sky_zone_view *view, uint32_t i)
{
    const struct sky_zone_spot spot = sky_zone_vertex_at(view, i);
    const double x = spot.x * SKY_ZONE_RAD_PER_E7, y = spot.y * SKY_ZONE_RAD_PER_E7;
    return (struct end){x, y, chord2_least(query, x, y)};
}

/*
 * The squared chord from the query to any point of an edge, or less. Along an edge it is a function
 * whose second derivative is at most 2 q, so that it sags below the straight line between its ends
 * by q t (1 - t) at most. Of what q consists: the meridian, whose chord's square bends by at most
 * M^2 (1 + 0.035 y); the circle of latitude, which only its tangent in y can widen; and what turns
 * with both, where 2 dx dy <= dx^2 + dy^2. All at the farther end.
 */
static double edge_least_m2(const struct query *query, const struct end *a, const struct end *b)
{
    const double axis_m = query->axis_m[0], north_m = query->north_m[0];
    const double fall_m = sky_abs(query->axis_m[1]);
    const double dx = b->x - a->x, dy = b->y - a->y;
    const double x = larger(sky_abs(a->x), sky_abs(b->x)), y = larger(sky_abs(a->y), sky_abs(b->y));
    const double turn_m2 = axis_m * x * (fall_m + 1.02 * north_m * y);
    const double q = (north_m * north_m * (1.0 + 0.035 * y) + turn_m2) * (dy * dy) +
                     (axis_m * (axis_m + fall_m * y) + turn_m2) * (dx * dx);
    const double fall_m2 = a->chord2_m2 - b->chord2_m2 + q;
    const double t = clamp01(fall_m2 / (2.0 * q + 1e-30));
    return a->chord2_m2 - t * (fall_m2 - q * t) - 1e-12 * (a->chord2_m2 + q);
}

/* --- search --- */

/* What is known so far. */
struct search {
    struct query query;
    struct sky_zone_window window; /* of what may be as near as the best */
    struct touch best;
    struct foot foot; /* the latest */
    double limit_m2;  /* a little more than the best chord's square */
    bool inside;
};

static void set_limit(struct search *search, double chord2_m2)
{
    search->limit_m2 = chord2_m2 * (1.0 + 1e-9) + 1e-6;
    search->window.limit_m2 = (float)(search->limit_m2 * (1.0 + 1e-5)); /* more than floats lose */
}

static void touch_one(struct search *search, const struct sky_zone_view *view, uint32_t i)
{
    const struct touch touch = touch_edge(&search->query, view, i, &search->foot);
    if (touch.chord2_m2 < search->best.chord2_m2) {
        search->best = touch;
        set_limit(search, touch.chord2_m2);
    } else if (touch.chord2_m2 == search->best.chord2_m2 && touch.edge < search->best.edge) {
        search->best = touch;
    }
}

/* Touches what may matter of some edges in a row, first the one that promises most. */
static void look_at(struct search *search, const struct sky_zone_view *view,
                    const struct sky_zone_run *run)
{
    double least_m2[RUN] = {0.0};
    uint32_t best = 0;
    const uint32_t count = run->end - run->first;
    struct end from = end_at(&search->query, view, run->first);
    for (uint32_t k = 0; k < count; k++) {
        const struct end to = end_at(&search->query, view, run->first + k + 1);
        least_m2[k] = edge_least_m2(&search->query, &from, &to);
        best = least_m2[k] < least_m2[best] ? k : best;
        from = to;
    }
    if (least_m2[best] > search->limit_m2) {
        return;
    }
    touch_one(search, view, run->first + best);
    for (uint32_t k = 0; k < count; k++) {
        if (least_m2[k] <= search->limit_m2 && k != best) {
            touch_one(search, view, run->first + k);
        }
    }
}

/* What only closes the ring counts for who is inside, but is not looked at. */
static void look_round(struct search *search, const struct sky_zone_set *set, uint32_t ring)
{
    struct sky_zone_tour tour;
    sky_zone_tour_begin(set, ring, search->query.spot, true, &tour);
    for (struct sky_zone_run run; sky_zone_tour_next(&tour, &search->window, &run);) {
        search->inside ^= !run.is_beside && sky_zone_is_odd(&tour.view, &run);
        const uint32_t end = run.end < tour.view.border ? run.end : tour.view.border;
        for (; run.first < end; run.first = run.end) { /* once, if it is prepared */
            const uint32_t left = end - run.first;
            run.end = run.first + (left < RUN ? left : RUN);
            look_at(search, &tour.view, &run);
        }
    }
    search->inside ^= tour.inside;
}

/* The ring that an edge belongs to; the line's first if to none. */
static uint32_t ring_of(const struct sky_zone_set *set, const struct sky_line *line, uint32_t edge)
{
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        if (edge - set->ring[r].first <
            set->ring[r].count) { /* it wraps if it is less than first */
            return r;
        }
    }
    return line->first_ring;
}

/* Nothing is farther than a point of the edge that was guessed. */
static void take_guess(struct search *search, const struct sky_zone_set *set, uint32_t ring,
                       uint32_t edge)
{
    const struct sky_zone_view view = sky_zone_view_of(set, ring, search->query.spot);
    const struct sky_zone_edge guess = sky_zone_edge_at(&view, edge);
    const double t = plane_nearest(&search->query, &guess);
    search->foot = foot_at(&search->query, sky_zone_point_at(&guess, t));
    set_limit(search, search->foot.touch.chord2_m2);
}

/*
 * The guess, and then each point that is found, bounds the distance. Every edge that could be
 * nearer gets the exact answer, and they are few.
 */
static void look_for_nearest(struct search *search, const struct sky_zone_set *set,
                             const struct sky_line *line, uint32_t guess)
{
    static const double less = 1.0 - 1e-6; /* than the true radius, by more than floats lose */
    const struct query *const query = &search->query;
    const uint32_t ring = ring_of(set, line, guess);
    search->window = (struct sky_zone_window){
        .x_e7 = everywhere_e7,
        .y_e7 = everywhere_e7,
        .north_m = {(float)query->north_m[0], (float)query->north_m[1], (float)query->north_m[2]},
        .axis_m = {(float)(less * query->axis_m[0]), (float)query->axis_m[1],
                   (float)query->axis_m[2]}};
    search->best = (struct touch){.chord2_m2 = everywhere_m2};
    search->foot.touch.spot = (struct sky_zone_spot){1e12, 1e12}; /* nowhere */
    search->inside = false;
    set_limit(search, everywhere_m2);
    if (guess - set->ring[ring].first < set->ring[ring].count - set->ring[ring].closing) {
        take_guess(search, set, ring, guess - set->ring[ring].first);
    }
    look_round(search, set, ring);
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        if (r != ring) {
            look_round(search, set, r);
        }
    }
}

void sky_zone_nearest(const struct sky_zone_set *set, uint32_t line, double lat_rad, double lon_rad,
                      uint32_t guess, struct sky_nearest *ret_nearest)
{
    struct search search;
    search.query = query_at(lat_rad, lon_rad);
    look_for_nearest(&search, set, set->line + line, guess);
    const struct query *const query = &search.query;
    const struct touch *const touch = &search.best;
    const double distance_m = geodesic_m(query, touch);
    const double bearing_rad = sky_atan2(touch->east_m, touch->north_m);
    const double turned_rad = bearing_rad < 0.0 ? bearing_rad + 2.0 * SKY_PI : bearing_rad;
    *ret_nearest = (struct sky_nearest){
        .distance_m = search.inside != set->line[line].outside ? 0.0 - distance_m : distance_m,
        .bearing_rad = turned_rad < 2.0 * SKY_PI ? turned_rad : 0.0,
        .lat_rad = (query->spot.y + touch->spot.y) * SKY_ZONE_RAD_PER_E7,
        .lon_rad = sky_wrap_pi((query->spot.x + touch->spot.x) * SKY_ZONE_RAD_PER_E7),
        .edge = touch->edge,
    };
}
