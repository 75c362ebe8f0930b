#include "sky_math.h"
#include "sky_zone_index.h"

/* The smallest radius of curvature of the ellipsoid: north to south, at the equator ... */
static const double radius_min_m = SKY_WGS84_A_M * (1.0 - SKY_WGS84_E2);
/* ... and more than the largest, at the poles, and than the north radius changes in a radian. */
static const double radius_max_m = 6.4e6;
static const double radius_change_m = 6.5e4;

/* Everything, where a bound cannot be given. */
static const double everywhere_m = 1e9;

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }
static double clamp01(double t) { return larger(0.0, smaller(1.0, t)); }

/* The place asked about, and what the ellipsoid is like there. */
struct query {
    struct sky_zone_spot spot; /* 1e-7 degree */
    double lat_rad;
    double sin_lat;
    double cos_lat;
    double axis_m; /* distance from the Earth's axis, and height above the equator's plane */
    double plane_m;
    struct sky_geo_radii radii;
    double x_m_per_e7; /* the plane metric: the radii at the query, everywhere */
    double y_m_per_e7;
};

/* A point of an edge, exactly where it is. */
struct touch {
    struct sky_zone_spot spot;
    double chord2_m2; /* squared straight distance from the query, through the Earth */
    double east_m;    /* the chord in the query's own axes */
    double north_m;
    uint32_t edge;
};

static struct query query_at(double lat_rad, double lon_rad)
{
    struct query query = {.spot = {lon_rad / SKY_ZONE_RAD_PER_E7, lat_rad / SKY_ZONE_RAD_PER_E7},
                          .lat_rad = lat_rad};
    sky_sincos(lat_rad, &query.sin_lat, &query.cos_lat);
    const double normal_m = sky_zone_normal_m(query.sin_lat);
    query.axis_m = normal_m * query.cos_lat;
    query.plane_m = normal_m * (1.0 - SKY_WGS84_E2) * query.sin_lat;
    query.radii = (struct sky_geo_radii){sky_zone_meridian_m(normal_m), query.axis_m};
    query.x_m_per_e7 = query.radii.east_m * SKY_ZONE_RAD_PER_E7;
    query.y_m_per_e7 = query.radii.north_m * SKY_ZONE_RAD_PER_E7;
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

/*
 * One step of Newton's method for the squared chord along an edge, on the ellipsoid itself. Sets
 * *touch to the point at t and returns how much farther along the nearest one seems to be; *speed2
 * is the edge's length squared. The second derivative leaves out how M changes with latitude,
 * which costs a hundredth of d / R in the rate of convergence.
 */
static double newton_step(const struct query *query, const struct sky_zone_edge *edge, double t,
                          struct touch *touch, double *speed2)
{
    touch->spot = sky_zone_point_at(edge, t);
    double sin_lat, cos_lat, sin_lon, cos_lon; /* longitude from the query's meridian */
    sky_sincos((query->spot.y + touch->spot.y) * SKY_ZONE_RAD_PER_E7, &sin_lat, &cos_lat);
    sky_sincos(touch->spot.x * SKY_ZONE_RAD_PER_E7, &sin_lon, &cos_lon);
    const double normal_m = sky_zone_normal_m(sin_lat), axis_m = normal_m * cos_lat;

    const double x_m = axis_m * cos_lon - query->axis_m;
    const double y_m = axis_m * sin_lon;
    const double z_m = normal_m * (1.0 - SKY_WGS84_E2) * sin_lat - query->plane_m;
    touch->chord2_m2 = x_m * x_m + y_m * y_m + z_m * z_m;
    touch->east_m = y_m;
    touch->north_m = query->cos_lat * z_m - query->sin_lat * x_m;

    /* The chord in the axes of the point: out from the Earth's axis, east, north, up. */
    const double out = x_m * cos_lon + y_m * sin_lon, east = y_m * cos_lon - x_m * sin_lon;
    const double north = cos_lat * z_m - sin_lat * out, up = cos_lat * out + sin_lat * z_m;
    const double meridian_m = sky_zone_meridian_m(normal_m);
    const double dlat = (edge->b.y - edge->a.y) * SKY_ZONE_RAD_PER_E7;
    const double dlon = (edge->b.x - edge->a.x) * SKY_ZONE_RAD_PER_E7;
    const double slope = north * meridian_m * dlat + east * axis_m * dlon;
    *speed2 = meridian_m * dlat * meridian_m * dlat + axis_m * dlon * axis_m * dlon;
    const double bend = -up * meridian_m * dlat * dlat -
                        2.0 * east * meridian_m * sin_lat * dlat * dlon -
                        out * axis_m * dlon * dlon;
    const double curvature = larger(*speed2 + bend, 0.25 * *speed2);
    return curvature > 0.0 ? clamp01(t - slope / curvature) - t : 0.0;
}

static bool is_same_spot(const struct sky_zone_spot *a, const struct sky_zone_spot *b)
{
    return a->x == b->x && a->y == b->y;
}

/*
 * The nearest point of an edge: from the plane metric's answer, as a rule two steps. Where it ends
 * the next edge begins, which is the one to be named.
 */
static struct touch touch_edge(const struct query *query, const struct sky_zone_view *view,
                               uint32_t i)
{
    static const double step2_m2 = 1e-8; /* a tenth of a millimetre along the edge */
    const struct sky_zone_edge edge = sky_zone_edge_at(view, i);
    struct touch touch;
    double t = plane_nearest(query, &edge), step, speed2;
    int left = 6;
    do {
        step = newton_step(query, &edge, t, &touch, &speed2);
        t += step;
    } while (step * step * speed2 > step2_m2 && --left > 0);
    touch.edge = view->first + i;
    if (is_same_spot(&touch.spot, &edge.b)) {
        touch.edge = view->first + (i + 1 < view->count ? i + 1 : 0);
    }
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

/*
 * A point really within distance_m cannot seem farther in the plane metric than by the largest
 * ratio of the radii along the way there, and the way stays between two latitudes. Near a pole
 * there is no such bound.
 */
static double seems_within_m(const struct query *query, double distance_m)
{
    const double band_rad = distance_m / radius_min_m;
    const double steepest = smaller(1.0, sky_abs(query->sin_lat) + band_rad);
    const double east_min_m = query->radii.east_m - radius_max_m * steepest * band_rad;
    const double north_min_m =
        larger(radius_min_m, query->radii.north_m - radius_change_m * band_rad);
    if (east_min_m < 0.01 * query->radii.east_m) {
        return everywhere_m;
    }
    const double ratio =
        larger(query->radii.north_m / north_min_m, query->radii.east_m / east_min_m);
    return distance_m * ratio * (1.0 + 1e-6) + 1e-3;
}

/*
 * Where an edge must seem to be to be worth an exact look, if one at a chord's distance is known.
 * Round: by the east radius at the middle latitude, to first order. What that neglects - the second
 * order, the change of M, and that the spot is nearest in the plane metric only - is some three
 * times less than the doubt.
 */
static struct sky_zone_window window_of(const struct query *query, double chord_m)
{
    const double half = smaller(1.0, 0.5 * chord_m / radius_min_m);
    const double distance_m = chord_m * (1.0 + 0.6 * half * half); /* asin(x) < x + 0.6 x^3 */
    const double seems_m = seems_within_m(query, distance_m);
    const double share = distance_m / query->radii.east_m;
    const double doubt = share * share + 0.01 * distance_m / SKY_WGS84_A_M;
    return (struct sky_zone_window){
        .x = seems_m / query->x_m_per_e7,
        .y = seems_m / query->y_m_per_e7,
        .round_m = doubt < 0.25 ? distance_m * (1.0 + doubt) + 1e-3 : everywhere_m,
        .north_m = query->y_m_per_e7,
        .east_m = query->x_m_per_e7,
        .less_m = 0.5 * query->y_m_per_e7 * query->sin_lat * SKY_ZONE_RAD_PER_E7,
    };
}

/* What is known so far. */
struct search {
    struct query query;
    struct sky_zone_window window; /* of what may be as near as the best */
    struct touch best;
    uint32_t touched; /* an edge that needs no second look */
    bool inside;
};

static void touch_one(struct search *search, const struct sky_zone_view *view, uint32_t i)
{
    const struct touch touch = touch_edge(&search->query, view, i);
    if (touch.chord2_m2 < search->best.chord2_m2) {
        search->window = window_of(&search->query, sky_sqrt(touch.chord2_m2));
        search->best = touch;
    } else if (touch.chord2_m2 == search->best.chord2_m2 && touch.edge < search->best.edge) {
        search->best = touch;
    }
}

/* How near an edge seems to be, squared, in the window's metric; everywhere if it is outside. */
static double seems_m2(const struct search *search, const struct sky_zone_edge *edge)
{
    const struct sky_zone_window *const window = &search->window;
    const struct sky_zone_spot spot = sky_zone_point_at(edge, plane_nearest(&search->query, edge));
    if (sky_abs(spot.x) > window->x || sky_abs(spot.y) > window->y) {
        return 2.0 * everywhere_m * everywhere_m;
    }
    const double x_m = spot.x * (window->east_m - window->less_m * spot.y);
    const double y_m = spot.y * window->north_m;
    return x_m * x_m + y_m * y_m;
}

static bool is_within(const struct sky_zone_window *window, double m2)
{
    return m2 <= window->round_m * window->round_m;
}

/* Touches what may matter of some edges in a row, first the one that seems to be nearest. */
static void look_at(struct search *search, const struct sky_zone_view *view,
                    const struct sky_zone_run *run)
{
    double m2[SKY_ZONE_RUN_EDGES];
    struct sky_zone_edge edge = {.b = sky_zone_vertex_at(view, run->first)};
    uint32_t best = run->first;
    for (uint32_t i = run->first; i < run->end; i++) {
        edge = (struct sky_zone_edge){edge.b, sky_zone_vertex_at(view, i + 1)};
        search->inside ^= !run->is_beside && sky_zone_crosses_ray(&edge);
        m2[i - run->first] = seems_m2(search, &edge);
        best = m2[i - run->first] < m2[best - run->first] ? i : best;
    }
    if (!is_within(&search->window, m2[best - run->first])) {
        return;
    }
    if (view->first + best != search->touched) {
        touch_one(search, view, best);
    }
    for (uint32_t i = run->first; i < run->end; i++) {
        if (i != best && view->first + i != search->touched &&
            is_within(&search->window, m2[i - run->first])) {
            touch_one(search, view, i);
        }
    }
}

static void look_round(struct search *search, const struct sky_zone_set *set, uint32_t ring)
{
    struct sky_zone_tour tour;
    sky_zone_tour_begin(set, ring, search->query.spot, true, &tour);
    for (struct sky_zone_run run; sky_zone_tour_next(&tour, &search->window, &run);) {
        const uint32_t end = run.end;
        for (; run.first < end; run.first = run.end) { /* once, if it is prepared */
            const uint32_t left = end - run.first;
            run.end = run.first + (left < SKY_ZONE_RUN_EDGES ? left : SKY_ZONE_RUN_EDGES);
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

/*
 * The plane metric is wrong by up to tan(lat) d / R, so another edge than the one that seems
 * nearest may be. The edge that was guessed, or the best of the first run, bounds the distance;
 * every other edge that could be nearer gets the exact answer, and they are few.
 */
static void look_for_nearest(struct search *search, const struct sky_zone_set *set,
                             const struct sky_line *line, uint32_t guess)
{
    const uint32_t ring = ring_of(set, line, guess);
    search->window = window_of(&search->query, everywhere_m);
    search->best = (struct touch){.chord2_m2 = everywhere_m * everywhere_m};
    search->touched = SKY_ZONE_NO_EDGE;
    search->inside = false;
    if (guess - set->ring[ring].first < set->ring[ring].count) {
        const struct sky_zone_view view = sky_zone_view_of(set, ring, search->query.spot);
        touch_one(search, &view, guess - view.first);
        search->touched = guess;
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
        .distance_m = search.inside ? 0.0 - distance_m : distance_m,
        .bearing_rad = turned_rad < 2.0 * SKY_PI ? turned_rad : 0.0,
        .lat_rad = (query->spot.y + touch->spot.y) * SKY_ZONE_RAD_PER_E7,
        .lon_rad = sky_wrap_pi((query->spot.x + touch->spot.x) * SKY_ZONE_RAD_PER_E7),
        .edge = touch->edge,
    };
}
