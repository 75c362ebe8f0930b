#include "sky_zone.h"

#include "sky_math.h"

/* Coordinates are counted in the vertices' own unit, 1e-7 degree, until metres are needed. */
static const double rad_per_e7 = SKY_PI / 180e7;
static const double half_turn_e7 = 180e7;
static const double full_turn_e7 = 360e7;

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

/* --- walking round a ring --- */

struct spot {
    double x; /* longitude and latitude from the query, 1e-7 degree */
    double y;
};

struct edge {
    struct spot a;
    struct spot b;
};

/*
 * Where something may lie and still matter: how far east and north of the query, 1e-7 degree; and
 * within round_m, by a metric that is this many metres per unit north, and east less so much per
 * unit north. All zero: that does not count.
 */
struct window {
    double x;
    double y;
    double round_m;
    double north_m;
    double east_m;
    double less_m;
};

/*
 * Goes round a ring, edge by edge, relative to a query. Longitudes are taken as they run on from
 * the first vertex, across the antimeridian if need be: a checked ring is less than half a turn
 * wide, so less than half a turn from that vertex there is only one way to take them.
 */
struct walk {
    const struct sky_vertex *vertex;
    uint32_t count;
    uint32_t first;                 /* index of the ring's first vertex in the set */
    const struct sky_zone_run *run; /* of the ring; NULL: not prepared */
    uint32_t done;                  /* edges passed; the current one begins at vertex done - 1 */
    uint32_t end;                   /* of the run of edges it belongs to */
    struct spot query;              /* at most half a turn from the first vertex */
    double start_x;                 /* longitude of that vertex */
    struct edge edge;
    bool inside; /* once round: whether the query is inside the ring */
};

/* 0, or the whole turn that a longitude must be moved back to be within half a turn. */
static double turn_of(double x)
{
    if (sky_abs(x) <= half_turn_e7) {
        return 0.0;
    }
    return x > 0.0 ? full_turn_e7 : -full_turn_e7;
}

/* Rings lie one after the other, so that the runs of each find room before the next one's. */
static uint32_t first_run(const struct sky_zone_set *set, uint32_t ring)
{
    return set->ring[ring].first / SKY_ZONE_RUN_EDGES + ring;
}

static struct walk walk_begin(const struct sky_zone_set *set, uint32_t ring, struct spot query)
{
    const struct sky_vertex *vertex = set->vertex + set->ring[ring].first;
    const double start_x = (double)vertex->lon_e7;
    query.x += turn_of(start_x - query.x);
    return (struct walk){
        .vertex = vertex,
        .count = set->ring[ring].count,
        .first = set->ring[ring].first,
        .run = set->run == NULL ? NULL : set->run + first_run(set, ring),
        .query = query,
        .start_x = start_x,
    };
}

static struct spot relative(const struct walk *walk, const struct sky_vertex *vertex)
{
    const double x = (double)vertex->lon_e7;
    return (struct spot){(x - turn_of(x - walk->start_x)) - walk->query.x,
                         (double)vertex->lat_e7 - walk->query.y};
}

/* Twice the signed area of the triangle query, a, b; its sign says on which side the query is. */
static double cross(const struct edge *edge)
{
    return edge->a.x * edge->b.y - edge->a.y * edge->b.x;
}

/*
 * True if an edge crosses the ray that runs east from the query. A query on the edge counts as east
 * of it, and at the height of a vertex as above it: for both zones that share the edge, so that it
 * is inside exactly one.
 */
static bool crosses_ray(const struct edge *edge)
{
    if ((edge->a.y > 0.0) == (edge->b.y > 0.0)) {
        return false;
    }
    return edge->b.y > 0.0 ? cross(edge) > 0.0 : cross(edge) < 0.0;
}

static uint32_t run_end(const struct walk *walk, uint32_t first)
{
    const uint32_t left = walk->count - first;
    return first + (left < SKY_ZONE_RUN_EDGES ? left : SKY_ZONE_RUN_EDGES);
}

/* The box around the edges first .. end - 1 of a ring. Exact: differences of integers. */
static struct sky_zone_run box_of(const struct sky_vertex *ring, uint32_t count, uint32_t first,
                                  uint32_t end)
{
    struct sky_zone_run run = {
        .south_e7 = INT32_MAX, .north_e7 = INT32_MIN, .west_e7 = INT32_MAX, .east_e7 = INT32_MIN};
    const double start_x = (double)ring->lon_e7;
    for (uint32_t i = first; i <= end; i++) {
        const struct sky_vertex *const vertex = ring + (i < count ? i : 0);
        const double far_x = (double)vertex->lon_e7 - start_x;
        const int32_t x = (int32_t)(far_x - turn_of(far_x)), y = vertex->lat_e7;
        run.south_e7 = y < run.south_e7 ? y : run.south_e7;
        run.north_e7 = y > run.north_e7 ? y : run.north_e7;
        run.west_e7 = x < run.west_e7 ? x : run.west_e7;
        run.east_e7 = x > run.east_e7 ? x : run.east_e7;
    }
    return run;
}

/* The box of a run, relative to the query. */
struct box {
    double west;
    double east;
    double south;
    double north;
};

static struct box box_at(const struct walk *walk, uint32_t first, uint32_t end)
{
    const struct sky_zone_run run = walk->run == NULL
                                        ? box_of(walk->vertex, walk->count, first, end)
                                        : walk->run[first / SKY_ZONE_RUN_EDGES];
    return (struct box){(walk->start_x + run.west_e7) - walk->query.x,
                        (walk->start_x + run.east_e7) - walk->query.x, run.south_e7 - walk->query.y,
                        run.north_e7 - walk->query.y};
}

/* How far an interval is from zero. */
static double gap(double low, double high) { return low > 0.0 ? low : larger(0.0, -high); }

static bool box_matters(const struct box *box, const struct window *window)
{
    const double x = gap(box->west, box->east), y = gap(box->south, box->north);
    if (x > window->x || y > window->y) {
        return false;
    }
    const double tilt_m = window->less_m * (window->less_m > 0.0 ? box->north : box->south);
    const double x_m = x * larger(0.0, window->east_m - tilt_m), y_m = y * window->north_m;
    return x_m * x_m + y_m * y_m <= window->round_m * window->round_m;
}

/*
 * Passes a run that does not matter. Whether its edges cross the ray can be told without looking at
 * them: none does unless the run is to the east (one around the point matters), and then they do so
 * by turns.
 */
static bool pass_run(struct walk *walk, uint32_t first, uint32_t end, const struct window *window)
{
    const struct box box = box_at(walk, first, end);
    const bool beside = box.south > 0.0 || box.north <= 0.0 || box.east < 0.0;
    if (box_matters(&box, window)) {
        return false;
    }
    if (!beside) {
        const int32_t from = walk->vertex[first].lat_e7;
        const int32_t to = walk->vertex[end < walk->count ? end : 0].lat_e7;
        walk->inside ^= (from > walk->query.y) != (to > walk->query.y);
    }
    return true;
}

/* Goes on to the next run of edges that must be looked at; false once round. */
static bool next_run(struct walk *walk, const struct window *window)
{
    while (walk->end < walk->count) {
        const uint32_t first = walk->end;
        walk->end = run_end(walk, first);
        if (!pass_run(walk, first, walk->end, window)) {
            walk->done = first;
            walk->edge.b = relative(walk, walk->vertex + first);
            return true;
        }
    }
    walk->done = walk->count;
    return false;
}

/* Goes on to the next edge that may reach into the window; false once round. */
static bool walk_on(struct walk *walk, const struct window *window)
{
    while (walk->done < walk->end || next_run(walk, window)) {
        walk->done++;
        const uint32_t next = walk->done < walk->count ? walk->done : 0;
        walk->edge = (struct edge){walk->edge.b, relative(walk, walk->vertex + next)};
        walk->inside ^= crosses_ray(&walk->edge);
        const struct spot a = walk->edge.a, b = walk->edge.b;
        if (smaller(a.x, b.x) <= window->x && larger(a.x, b.x) >= -window->x &&
            smaller(a.y, b.y) <= window->y && larger(a.y, b.y) >= -window->y) {
            return true;
        }
    }
    return false;
}

static const struct window anywhere = {.x = 1e12, .y = 1e12};

static bool inside_ring(const struct sky_zone_set *set, uint32_t ring, const struct spot *query)
{
    static const struct window nowhere = {.x = 0.0};
    struct walk walk = walk_begin(set, ring, *query);
    while (walk_on(&walk, &nowhere)) {
    }
    return walk.inside;
}

/* --- nearest point --- */

/* The place asked about, and what the ellipsoid is like there. */
struct query {
    struct spot spot; /* 1e-7 degree */
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
    struct spot spot;
    double chord2_m2; /* squared straight distance from the query, through the Earth */
    double east_m;    /* the chord in the query's own axes */
    double north_m;
    uint32_t edge;
};

/* Radii of curvature across the meridian, and along it. */
static double normal_at(double sin_lat)
{
    return SKY_WGS84_A_M / sky_sqrt(1.0 - SKY_WGS84_E2 * sin_lat * sin_lat);
}

static double meridian_of(double normal_m)
{
    const double ratio = normal_m / SKY_WGS84_A_M;
    return normal_m * (1.0 - SKY_WGS84_E2) * ratio * ratio;
}

static struct query query_at(double lat_rad, double lon_rad)
{
    struct query query = {.spot = {lon_rad / rad_per_e7, lat_rad / rad_per_e7}, .lat_rad = lat_rad};
    sky_sincos(lat_rad, &query.sin_lat, &query.cos_lat);
    const double normal_m = normal_at(query.sin_lat);
    query.axis_m = normal_m * query.cos_lat;
    query.plane_m = normal_m * (1.0 - SKY_WGS84_E2) * query.sin_lat;
    query.radii = (struct sky_geo_radii){meridian_of(normal_m), query.axis_m};
    query.x_m_per_e7 = query.radii.east_m * rad_per_e7;
    query.y_m_per_e7 = query.radii.north_m * rad_per_e7;
    return query;
}

/* How far along an edge, 0 .. 1, its nearest point lies in the plane metric. */
static double plane_nearest(const struct query *query, const struct edge *edge)
{
    const double ax = edge->a.x * query->x_m_per_e7, ay = edge->a.y * query->y_m_per_e7;
    const double dx = edge->b.x * query->x_m_per_e7 - ax;
    const double dy = edge->b.y * query->y_m_per_e7 - ay;
    const double length2 = dx * dx + dy * dy;
    return length2 > 0.0 ? clamp01(-(ax * dx + ay * dy) / length2) : 0.0;
}

/* Exact at both ends, so that neighbours agree about their common vertex. */
static struct spot point_at(const struct edge *edge, double t)
{
    return (struct spot){(1.0 - t) * edge->a.x + t * edge->b.x,
                         (1.0 - t) * edge->a.y + t * edge->b.y};
}

/*
 * One step of Newton's method for the squared chord along an edge, on the ellipsoid itself. Sets
 * *touch to the point at t and returns how much farther along the nearest one seems to be; *speed2
 * is the edge's length squared. The second derivative leaves out how M changes with latitude,
 * which costs a hundredth of d / R in the rate of convergence.
 */
static double newton_step(const struct query *query, const struct edge *edge, double t,
                          struct touch *touch, double *speed2)
{
    touch->spot = point_at(edge, t);
    double sin_lat, cos_lat, sin_lon, cos_lon; /* longitude from the query's meridian */
    sky_sincos((query->spot.y + touch->spot.y) * rad_per_e7, &sin_lat, &cos_lat);
    sky_sincos(touch->spot.x * rad_per_e7, &sin_lon, &cos_lon);
    const double normal_m = normal_at(sin_lat), axis_m = normal_m * cos_lat;

    const double x_m = axis_m * cos_lon - query->axis_m;
    const double y_m = axis_m * sin_lon;
    const double z_m = normal_m * (1.0 - SKY_WGS84_E2) * sin_lat - query->plane_m;
    touch->chord2_m2 = x_m * x_m + y_m * y_m + z_m * z_m;
    touch->east_m = y_m;
    touch->north_m = query->cos_lat * z_m - query->sin_lat * x_m;

    /* The chord in the axes of the point: out from the Earth's axis, east, north, up. */
    const double out = x_m * cos_lon + y_m * sin_lon, east = y_m * cos_lon - x_m * sin_lon;
    const double north = cos_lat * z_m - sin_lat * out, up = cos_lat * out + sin_lat * z_m;
    const double meridian_m = meridian_of(normal_m);
    const double dlat = (edge->b.y - edge->a.y) * rad_per_e7;
    const double dlon = (edge->b.x - edge->a.x) * rad_per_e7;
    const double slope = north * meridian_m * dlat + east * axis_m * dlon;
    *speed2 = meridian_m * dlat * meridian_m * dlat + axis_m * dlon * axis_m * dlon;
    const double bend = -up * meridian_m * dlat * dlat -
                        2.0 * east * meridian_m * sin_lat * dlat * dlon -
                        out * axis_m * dlon * dlon;
    const double curvature = larger(*speed2 + bend, 0.25 * *speed2);
    return curvature > 0.0 ? clamp01(t - slope / curvature) - t : 0.0;
}

static bool is_same_spot(const struct spot *a, const struct spot *b)
{
    return a->x == b->x && a->y == b->y;
}

/*
 * The nearest point of an edge: from the plane metric's answer, as a rule two steps. Where it ends
 * the next edge begins, which is the one to be named.
 */
static struct touch touch_edge(const struct query *query, const struct walk *walk)
{
    static const double step2_m2 = 1e-8; /* a tenth of a millimetre along the edge */
    struct touch touch;
    double t = plane_nearest(query, &walk->edge), step, speed2;
    int left = 6;
    do {
        step = newton_step(query, &walk->edge, t, &touch, &speed2);
        t += step;
    } while (step * step * speed2 > step2_m2 && --left > 0);
    touch.edge = walk->first + walk->done - 1;
    if (is_same_spot(&touch.spot, &walk->edge.b)) {
        touch.edge = walk->first + (walk->done < walk->count ? walk->done : 0);
    }
    return touch;
}

/*
 * The geodesic that belongs to a chord: an arc of the circle that fits the ellipsoid half way in
 * that direction (Euler's formula). Within 1 mm at 100 km (property test).
 */
static double geodesic_m(const struct query *query, const struct touch *touch)
{
    const double middle_rad = query->lat_rad + 0.5 * touch->spot.y * rad_per_e7;
    const double normal_m = normal_at(sky_sin(middle_rad));
    const double along2 = touch->north_m * touch->north_m, across2 = touch->east_m * touch->east_m;
    const double along = along2 / larger(along2 + across2, 1e-30);
    const double curvature = along / meridian_of(normal_m) + (1.0 - along) / normal_m;
    return 2.0 / curvature * sky_asin(0.5 * curvature * sky_sqrt(touch->chord2_m2));
}

/* The vertex of a line that is nearest in the plane metric, so far. */
struct candidate {
    double distance_m2;
    struct spot spot;
    uint32_t vertex; /* index in the set */
};

/* A run of edges by its place, and how near its vertices may be. */
struct prospect {
    double least_m2;
    uint32_t ring;
    uint32_t first;
};

static double prospect_m2(const struct query *query, const struct walk *walk, uint32_t first)
{
    const struct box box = box_at(walk, first, run_end(walk, first));
    const double x_m = gap(box.west, box.east) * query->x_m_per_e7;
    const double y_m = gap(box.south, box.north) * query->y_m_per_e7;
    return x_m * x_m + y_m * y_m;
}

static struct prospect best_prospect(const struct sky_zone_set *set, const struct sky_line *line,
                                     const struct query *query)
{
    struct prospect best = {.least_m2 = everywhere_m * everywhere_m};
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        const struct walk walk = walk_begin(set, r, query->spot);
        for (uint32_t first = 0; first < walk.count; first += SKY_ZONE_RUN_EDGES) {
            const double least_m2 = prospect_m2(query, &walk, first);
            if (least_m2 < best.least_m2) {
                best = (struct prospect){least_m2, r, first};
            }
        }
    }
    return best;
}

static void seek_in_run(const struct query *query, const struct walk *walk, uint32_t first,
                        struct candidate *nearest)
{
    const uint32_t end = run_end(walk, first);
    for (uint32_t i = first; i < end; i++) {
        const struct spot spot = relative(walk, walk->vertex + i);
        const double x_m = spot.x * query->x_m_per_e7, y_m = spot.y * query->y_m_per_e7;
        const double distance_m2 = x_m * x_m + y_m * y_m;
        if (distance_m2 < nearest->distance_m2) {
            *nearest = (struct candidate){distance_m2, spot, walk->first + i};
        }
    }
}

/*
 * Some vertex near by: never nearer than the line itself. The run that promises most comes first,
 * which leaves few others to look through.
 */
static struct touch nearest_vertex(const struct sky_zone_set *set, const struct sky_line *line,
                                   const struct query *query)
{
    const struct prospect best = best_prospect(set, line, query);
    const struct walk start = walk_begin(set, best.ring, query->spot);
    struct candidate nearest = {.distance_m2 = everywhere_m * everywhere_m};
    seek_in_run(query, &start, best.first, &nearest);
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        const struct walk walk = walk_begin(set, r, query->spot);
        for (uint32_t first = 0; first < walk.count; first += SKY_ZONE_RUN_EDGES) {
            const bool seen = r == best.ring && first == best.first;
            if (!seen && prospect_m2(query, &walk, first) < nearest.distance_m2) {
                seek_in_run(query, &walk, first, &nearest);
            }
        }
    }
    const struct edge edge = {nearest.spot, nearest.spot};
    struct touch touch = {.edge = nearest.vertex};
    double speed2;
    (void)newton_step(query, &edge, 0.0, &touch, &speed2);
    return touch;
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
static struct window window_of(const struct query *query, double chord_m)
{
    const double half = smaller(1.0, 0.5 * chord_m / radius_min_m);
    const double distance_m = chord_m * (1.0 + 0.6 * half * half); /* asin(x) < x + 0.6 x^3 */
    const double seems_m = seems_within_m(query, distance_m);
    const double share = distance_m / query->radii.east_m;
    const double doubt = share * share + 0.01 * distance_m / SKY_WGS84_A_M;
    return (struct window){
        .x = seems_m / query->x_m_per_e7,
        .y = seems_m / query->y_m_per_e7,
        .round_m = doubt < 0.25 ? distance_m * (1.0 + doubt) + 1e-3 : everywhere_m,
        .north_m = query->y_m_per_e7,
        .east_m = query->x_m_per_e7,
        .less_m = 0.5 * query->y_m_per_e7 * query->sin_lat * rad_per_e7,
    };
}

static void shrink(struct window *window, double share)
{
    window->x *= share;
    window->y *= share;
    window->round_m *= share;
}

static bool is_round_about(const struct window *window, const struct spot *spot)
{
    const double x_m = spot->x * (window->east_m - window->less_m * spot->y);
    const double y_m = spot->y * window->north_m;
    return x_m * x_m + y_m * y_m <= window->round_m * window->round_m;
}

/* Touches the edge that was guessed; false if it is none of the line's. */
static bool touch_guess(const struct sky_zone_set *set, const struct sky_line *line,
                        const struct query *query, uint32_t guess, struct touch *ret_touch)
{
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        const struct sky_ring *const ring = &set->ring[r];
        if (guess - ring->first < ring->count) { /* no less than first: it would have wrapped */
            struct walk walk = walk_begin(set, r, query->spot);
            walk.done = guess - ring->first + 1;
            walk.edge.a = relative(&walk, walk.vertex + walk.done - 1);
            walk.edge.b = relative(&walk, walk.vertex + (walk.done < walk.count ? walk.done : 0));
            *ret_touch = touch_edge(query, &walk);
            return true;
        }
    }
    return false;
}

/*
 * The plane metric is wrong by up to tan(lat) d / R, so another edge than the one that seems
 * nearest may be. The edge that was guessed, or the nearest vertex, bounds the distance; every
 * other edge that could be nearer gets the exact answer, and they are few.
 */
static struct touch nearest_touch(const struct sky_zone_set *set, const struct sky_line *line,
                                  const struct query *query, uint32_t guess, bool *ret_inside)
{
    struct touch best;
    if (!touch_guess(set, line, query, guess, &best)) {
        best = nearest_vertex(set, line, query);
        guess = SKY_ZONE_NO_EDGE;
    }
    struct window window = window_of(query, sky_sqrt(best.chord2_m2));
    *ret_inside = false;
    for (uint32_t r = 0; r < line->ring_count; r++) {
        struct walk walk = walk_begin(set, line->first_ring + r, query->spot);
        while (walk_on(&walk, &window)) {
            const struct spot spot = point_at(&walk.edge, plane_nearest(query, &walk.edge));
            if (walk.first + walk.done - 1 == guess || !is_round_about(&window, &spot)) {
                continue;
            }
            const struct touch touch = touch_edge(query, &walk);
            if (touch.chord2_m2 < best.chord2_m2) {
                shrink(&window, sky_sqrt(touch.chord2_m2 / best.chord2_m2));
                best = touch;
            }
        }
        *ret_inside ^= walk.inside;
    }
    return best;
}

void sky_zone_nearest(const struct sky_zone_set *set, uint32_t line, double lat_rad, double lon_rad,
                      uint32_t guess, struct sky_nearest *ret_nearest)
{
    const struct query query = query_at(lat_rad, lon_rad);
    bool inside;
    const struct touch touch = nearest_touch(set, set->line + line, &query, guess, &inside);
    const double distance_m = geodesic_m(&query, &touch);
    const double bearing_rad = sky_atan2(touch.east_m, touch.north_m);
    const double turned_rad = bearing_rad < 0.0 ? bearing_rad + 2.0 * SKY_PI : bearing_rad;
    *ret_nearest = (struct sky_nearest){
        .distance_m = inside ? 0.0 - distance_m : distance_m,
        .bearing_rad = turned_rad < 2.0 * SKY_PI ? turned_rad : 0.0,
        .lat_rad = (query.spot.y + touch.spot.y) * rad_per_e7,
        .lon_rad = sky_wrap_pi((query.spot.x + touch.spot.x) * rad_per_e7),
        .edge = touch.edge,
    };
}

/* --- probability --- */

/* Beyond this many sigma there is less than 2e-16 of a Gaussian. */
static const double sigma_reach = 8.5;

/* Makes the Gaussian round: u = ux x, v = vx x + vy y have unit covariance. */
struct whitening {
    double ux;
    double vx;
    double vy;
    struct window window; /* of the ellipse at sigma_reach */
};

/*
 * A tenth of a millimetre is added to each sigma, in squares, or a millionth of the larger one: a
 * covariance without width in some direction would stretch the plane without end.
 */
static struct whitening whiten(const struct query *query, double var_east_m2, double var_north_m2,
                               double cov_m2)
{
    const double floor_m2 = larger(1e-8, 1e-12 * (var_east_m2 + var_north_m2));
    const double east_m2 = var_east_m2 + floor_m2, north_m2 = var_north_m2 + floor_m2;
    const double east_m = sky_sqrt(east_m2);
    const double rest_m2 = larger(north_m2 - cov_m2 * cov_m2 / east_m2, floor_m2);
    const double rest_m = sky_sqrt(rest_m2), slope = cov_m2 / east_m2;
    return (struct whitening){
        .ux = query->x_m_per_e7 / east_m,
        .vx = -slope * query->x_m_per_e7 / rest_m,
        .vy = query->y_m_per_e7 / rest_m,
        .window = {.x = sigma_reach * east_m / query->x_m_per_e7,
                   .y = sigma_reach * sky_sqrt(rest_m2 + slope * cov_m2) / query->y_m_per_e7},
    };
}

/* (1 - exp(-r^2 / 2)) / r^2: smooth everywhere, one half at zero. */
static double smooth(double r2) { return r2 < 1e-9 ? 0.5 : (1.0 - sky_exp(-0.5 * r2)) / r2; }

/* Its integral along a line that passes the origin at distance h, by Gauss and Legendre. */
static double smooth_integral(double h2, double from, double to)
{
    static const double node3[] = {-0.7745966692414834, 0.0, 0.7745966692414834};
    static const double weight3[] = {0.5555555555555556, 0.8888888888888888, 0.5555555555555556};
    static const double node8[] = {-0.9602898564975363, -0.7966664774136267, -0.525532409916329,
                                   -0.1834346424956498, 0.1834346424956498,  0.525532409916329,
                                   0.7966664774136267,  0.9602898564975363};
    static const double weight8[] = {0.10122853629037626, 0.22238103445337448, 0.31370664587788727,
                                     0.362683783378362,   0.362683783378362,   0.31370664587788727,
                                     0.22238103445337448, 0.10122853629037626};
    static const double panel_max = 3.5; /* error below 2e-10 each; three nodes up to 0.4 */
    const double length = to - from;
    const bool brief = length <= 0.4;
    const double *node = brief ? node3 : node8, *weight = brief ? weight3 : weight8;
    const int nodes = brief ? 3 : 8, panels = 1 + (int)(length / panel_max);
    const double half = 0.5 * length / panels;
    double sum = 0.0;
    for (int panel = 0; panel < panels; panel++) {
        const double middle = from + (2 * panel + 1) * half;
        for (int i = 0; i < nodes; i++) {
            const double s = middle + half * node[i];
            sum += weight[i] * smooth(h2 + s * s);
        }
    }
    return half * sum;
}

/*
 * The share of a round unit Gaussian that lies behind an edge as seen from its mean:
 * 1/(2 pi) times the integral of exp(-r^2 / 2) over the angle the edge covers, which is a
 * difference of two of Owen's T. Taken as the angle minus what is in front of the edge, because
 * that part is smooth even when the edge passes through the mean.
 */
static double share_behind(double au, double av, double bu, double bv)
{
    const double du = bu - au, dv = bv - av;
    const double length = sky_sqrt(du * du + dv * dv);
    if (length <= 0.0) {
        return 0.0;
    }
    const double h = sky_abs(au * bv - av * bu) / length; /* right even if an end is at the mean */
    const double half2 = sigma_reach * sigma_reach - h * h;
    if (half2 <= 0.0) {
        return 0.0;
    }
    const double half = sky_sqrt(half2); /* only the part within reach */
    const double from = larger((au * du + av * dv) / length, -half);
    const double to = smaller((bu * du + bv * dv) / length, half);
    if (from >= to) {
        return 0.0;
    }
    const double angle_rad = sky_atan2(h * (to - from), h * h + from * to);
    return (angle_rad - h * smooth_integral(h * h, from, to)) / (2.0 * SKY_PI);
}

/* On which side of an edge the query is: +1 to the left, by the same rule as crosses_ray. */
static double side(const struct edge *edge)
{
    const double area2 = cross(edge);
    if (area2 != 0.0) {
        return area2 > 0.0 ? 1.0 : -1.0;
    }
    if (edge->a.y != edge->b.y) {
        return edge->b.y < edge->a.y ? 1.0 : -1.0;
    }
    return edge->b.x > edge->a.x ? 1.0 : -1.0;
}

/* A vertex at the mean has no direction; by the rule of crosses_ray it lies to the west. */
static struct spot off_centre(const struct spot *spot)
{
    return spot->x == 0.0 && spot->y == 0.0 ? (struct spot){-1e-9, 0.0} : *spot;
}

static double edge_share(const struct whitening *white, const struct edge *edge)
{
    const struct edge moved = {off_centre(&edge->a), off_centre(&edge->b)};
    return side(&moved) *
           share_behind(white->ux * moved.a.x, white->vx * moved.a.x + white->vy * moved.a.y,
                        white->ux * moved.b.x, white->vx * moved.b.x + white->vy * moved.b.y);
}

/* True if the ring is a hole: it lies inside an odd number of the line's other rings. */
static bool is_hole(const struct sky_zone_set *set, const struct sky_line *line, uint32_t ring)
{
    struct walk walk = walk_begin(set, ring, (struct spot){0.0, 0.0});
    (void)walk_on(&walk, &anywhere);
    const struct spot on_ring = point_at(&walk.edge, 0.5);
    bool hole = false;
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        hole ^= r != ring && inside_ring(set, r, &on_ring);
    }
    return hole;
}

static bool is_clockwise(const struct sky_zone_set *set, uint32_t ring)
{
    const struct spot first = {(double)set->vertex[set->ring[ring].first].lon_e7,
                               (double)set->vertex[set->ring[ring].first].lat_e7};
    double area2 = 0.0;
    for (struct walk walk = walk_begin(set, ring, first); walk_on(&walk, &anywhere);) {
        area2 += cross(&walk.edge);
    }
    return area2 < 0.0;
}

/* +1 if what the line encloses lies to the right of this ring, else -1. */
static double sense(const struct sky_zone_set *set, const struct sky_line *line, uint32_t ring)
{
    const bool clockwise =
        set->run == NULL ? is_clockwise(set, ring) : set->run[first_run(set, ring)].clockwise;
    return clockwise != is_hole(set, line, ring) ? 1.0 : -1.0;
}

double sky_zone_inside_probability(const struct sky_zone_set *set, uint32_t line, double lat_rad,
                                   double lon_rad, double var_east_m2, double var_north_m2,
                                   double cov_east_north_m2)
{
    const struct sky_line *claim = set->line + line;
    const struct query query = query_at(lat_rad, lon_rad);
    const struct whitening white = whiten(&query, var_east_m2, var_north_m2, cov_east_north_m2);
    const double spread = var_east_m2 + var_north_m2 > 0.0 ? 1.0 : 0.0;
    bool inside = false;
    double gain = 0.0;
    for (uint32_t r = claim->first_ring; r < claim->first_ring + claim->ring_count; r++) {
        struct walk walk = walk_begin(set, r, query.spot);
        double share = 0.0; /* of the Gaussian, behind the ring's edges as if it ran clockwise */
        while (walk_on(&walk, &white.window)) {
            share += spread * edge_share(&white, &walk.edge);
        }
        inside ^= walk.inside;
        if (share != 0.0) {
            gain += sense(set, claim, r) * share;
        }
    }
    return clamp01((inside ? 1.0 : 0.0) + gain);
}

/* --- check --- */

/* next_vertex: the first vertex that no ring before this one owns. */
static const char *ring_fault(const struct sky_zone_set *set, uint32_t i, uint32_t next_vertex)
{
    const struct sky_ring *ring = set->ring + i;
    if (ring->count < 3) {
        return "ring: fewer than three vertices";
    }
    if (ring->first > set->vertex_count || ring->count > set->vertex_count - ring->first) {
        return "ring: vertices beyond the set";
    }
    if (ring->first < next_vertex) {
        return "ring: vertices are not in the order of their rings";
    }
    for (uint32_t v = 0; v < ring->count; v++) {
        const struct sky_vertex *vertex = set->vertex + ring->first + v;
        if (vertex->lat_e7 < -900000000 || vertex->lat_e7 > 900000000) {
            return "vertex: latitude beyond 90 degrees";
        }
        if (vertex->lon_e7 < -1800000000 || vertex->lon_e7 > 1800000000) {
            return "vertex: longitude beyond 180 degrees";
        }
    }
    double x = 0.0, west = 0.0, east = 0.0; /* of the first vertex */
    for (uint32_t v = 1; v < ring->count; v++) {
        const struct sky_vertex *vertex = set->vertex + ring->first + v;
        const double step = (double)vertex[0].lon_e7 - (double)vertex[-1].lon_e7;
        x += step - turn_of(step);
        west = smaller(west, x);
        east = larger(east, x);
    }
    return east - west < half_turn_e7 ? NULL : "ring: 180 degrees wide or wider";
}

static const char *line_fault(const struct sky_zone_set *set, uint32_t i)
{
    const struct sky_line *line = set->line + i;
    if (line->id == 0) {
        return "line: id is zero";
    }
    for (uint32_t before = 0; before < i; before++) {
        if (set->line[before].id == line->id) {
            return "line: id is not unique";
        }
    }
    if (line->rule < SKY_EDGE_PLANAR || line->rule > SKY_EDGE_RHUMB) {
        return "line: unknown edge rule";
    }
    if (line->accuracy_stated && !(line->sigma_m >= 0.0 && line->sigma_m <= 1e5)) {
        return "line: sigma_m outside 0 .. 1e5";
    }
    if (line->ring_count == 0) {
        return "line: no ring";
    }
    if (line->first_ring > set->ring_count ||
        line->ring_count > set->ring_count - line->first_ring) {
        return "line: rings beyond the set";
    }
    return NULL;
}

static bool limit_ok(const struct sky_limit *limit)
{
    return limit->unlimited || (limit->datum >= SKY_DATUM_HAE && limit->datum <= SKY_DATUM_STD &&
                                sky_abs(limit->height_m) <= 1e6);
}

static bool upside_down(const struct sky_zone *zone)
{
    return !zone->floor.unlimited && !zone->ceiling.unlimited &&
           zone->floor.datum == zone->ceiling.datum &&
           zone->floor.height_m >= zone->ceiling.height_m;
}

/* next_line: the first line that no zone before this one owns. */
static const char *zone_fault(const struct sky_zone_set *set, uint32_t i, uint32_t next_line)
{
    const struct sky_zone *zone = set->zone + i;
    if (zone->id == 0) {
        return "zone: id is zero";
    }
    for (uint32_t before = 0; before < i; before++) {
        if (set->zone[before].id == zone->id) {
            return "zone: id is not unique";
        }
    }
    if (!limit_ok(&zone->floor) || !limit_ok(&zone->ceiling)) {
        return "zone: limit with an unknown datum, or height outside -1e6 .. 1e6 m";
    }
    if (upside_down(zone)) {
        return "zone: floor is not below its ceiling";
    }
    if (zone->line_count == 0 || zone->line_count > SKY_ZONE_LINES_MAX) {
        return "zone: line_count outside 1 .. SKY_ZONE_LINES_MAX";
    }
    if (zone->first_line != next_line || zone->line_count > set->line_count - next_line) {
        return "zone: lines are not in the order of their zones";
    }
    for (uint32_t l = 0; l < zone->line_count; l++) {
        if (set->line[next_line + l].zone != i) {
            return "line: names another zone than the one that owns it";
        }
    }
    return NULL;
}

static const char *set_fault(const struct sky_zone_set *set)
{
    if (set->zone_count > SKY_ZONES_MAX) {
        return "set: more zones than SKY_ZONES_MAX";
    }
    if (set->line_count > SKY_LINES_MAX) {
        return "set: more lines than SKY_LINES_MAX";
    }
    if (set->has_geoid && !(sky_abs(set->geoid_undulation_m) <= 200.0)) {
        return "set: geoid_undulation_m outside -200 .. 200";
    }
    const char *fault = NULL;
    uint32_t next_line = 0;
    for (uint32_t i = 0; fault == NULL && i < set->zone_count; i++) {
        fault = zone_fault(set, i, next_line);
        next_line += set->zone[i].line_count;
    }
    if (fault == NULL && next_line != set->line_count) {
        fault = "set: a line belongs to no zone";
    }
    for (uint32_t i = 0; fault == NULL && i < set->line_count; i++) {
        fault = line_fault(set, i);
    }
    uint32_t next_vertex = 0;
    for (uint32_t i = 0; fault == NULL && i < set->ring_count; i++) {
        fault = ring_fault(set, i, next_vertex);
        next_vertex = set->ring[i].first + set->ring[i].count;
    }
    return fault;
}

enum sky_status sky_zone_check(const struct sky_zone_set *set, const char **ret_reason)
{
    const char *fault = set_fault(set);
    if (fault != NULL) {
        *ret_reason = fault;
        return SKY_E_RANGE;
    }
    return SKY_OK;
}

/* --- preparation --- */

uint32_t sky_zone_run_count(const struct sky_zone_set *set)
{
    return set->vertex_count / SKY_ZONE_RUN_EDGES + set->ring_count;
}

void sky_zone_prepare(const struct sky_zone_set *set, struct sky_zone_run *ret_run)
{
    const struct sky_zone_set plain = {.ring = set->ring, .vertex = set->vertex};
    for (uint32_t r = 0; r < set->ring_count; r++) {
        const struct walk walk = walk_begin(&plain, r, (struct spot){0.0, 0.0});
        const bool clockwise = is_clockwise(&plain, r);
        struct sky_zone_run *run = ret_run + first_run(set, r);
        for (uint32_t first = 0; first < walk.count; first += SKY_ZONE_RUN_EDGES) {
            *run = box_of(walk.vertex, walk.count, first, run_end(&walk, first));
            run->clockwise = clockwise;
            run++;
        }
    }
}
