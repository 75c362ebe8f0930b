#include "sky_zone.h"

#include "sky_math.h"

/* Coordinates are counted in the vertices' own unit, 1e-7 degree, until metres are needed. */
static const double rad_per_e7 = SKY_PI / 180e7;
static const int64_t half_turn_e7 = 1800000000;
static const int64_t full_turn_e7 = 3600000000;

/* The smallest radius of curvature of the ellipsoid: north to south, at the equator. */
static const double radius_min_m = SKY_WGS84_A_M * (1.0 - SKY_WGS84_E2);

/* Everything, where a bound cannot be given. */
static const double everywhere_m = 1e9;

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }
static double clamp01(double t) { return larger(0.0, smaller(1.0, t)); }

/* True if an interval lies wholly beyond +-reach, so that nothing in it can be nearer. */
static bool beyond(double a, double b, double reach)
{
    return smaller(a, b) > reach || larger(a, b) < -reach;
}

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
 * Hands out the edges of a ring relative to a query. Longitudes run on across the antimeridian:
 * a step of more than half a turn means that the ring goes the other way round, and the query
 * moves along by a whole turn.
 */
struct walk {
    const struct sky_vertex *vertex;
    uint32_t count;
    uint32_t first; /* index of the ring's first vertex in the set */
    uint32_t done;  /* edges handed out; the current one begins at vertex done - 1 */
    double query_x;
    double query_y;
    struct edge edge;
};

static struct spot relative(const struct walk *walk, uint32_t i)
{
    return (struct spot){(double)walk->vertex[i].lon_e7 - walk->query_x,
                         (double)walk->vertex[i].lat_e7 - walk->query_y};
}

static struct walk walk_begin(const struct sky_zone_set *set, const struct sky_ring *ring,
                              double query_x, double query_y)
{
    struct walk walk = {.vertex = set->vertex + ring->first,
                        .count = ring->count,
                        .first = ring->first,
                        .query_x = query_x,
                        .query_y = query_y};
    const double from = (double)walk.vertex[0].lon_e7 - query_x;
    if (from > (double)half_turn_e7) {
        walk.query_x += (double)full_turn_e7;
    } else if (from < -(double)half_turn_e7) {
        walk.query_x -= (double)full_turn_e7;
    }
    walk.edge.b = relative(&walk, 0);
    return walk;
}

static inline bool walk_on(struct walk *walk)
{
    if (walk->done == walk->count) {
        return false;
    }
    const uint32_t from = walk->done++;
    const uint32_t to = walk->done < walk->count ? walk->done : 0;
    const int64_t step = (int64_t)walk->vertex[to].lon_e7 - walk->vertex[from].lon_e7;
    if (step > half_turn_e7) {
        walk->query_x += (double)full_turn_e7;
    } else if (step < -half_turn_e7) {
        walk->query_x -= (double)full_turn_e7;
    }
    walk->edge.a = walk->edge.b;
    walk->edge.b = relative(walk, to);
    return true;
}

/* Twice the signed area of the triangle query, a, b; its sign says on which side the query is. */
static double cross(const struct edge *edge)
{
    return edge->a.x * edge->b.y - edge->a.y * edge->b.x;
}

/*
 * True if the edge crosses the ray that runs east from the query. A query on the edge counts as
 * east of it, and at the height of a vertex as above it: for both zones that share the edge, so
 * that it is inside exactly one.
 */
static bool crosses_ray(const struct edge *edge)
{
    if ((edge->a.y > 0.0) == (edge->b.y > 0.0)) {
        return false;
    }
    return edge->b.y > 0.0 ? cross(edge) > 0.0 : cross(edge) < 0.0;
}

static bool inside_ring(const struct sky_zone_set *set, const struct sky_ring *ring, double query_x,
                        double query_y)
{
    bool inside = false;
    for (struct walk walk = walk_begin(set, ring, query_x, query_y); walk_on(&walk);) {
        inside ^= crosses_ray(&walk.edge);
    }
    return inside;
}

/* --- nearest point --- */

/* The place asked about, and what the ellipsoid is like there. */
struct query {
    double x; /* 1e-7 degree */
    double y;
    double lat_rad;
    double sin_lat;
    double cos_lat;
    double axis_m; /* distance from the Earth's axis, and height above the equator's plane */
    double plane_m;
    struct sky_geo_radii radii;
    double x_m_per_e7; /* the plane metric at the query */
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

/* The radius of curvature across the meridian. */
static double normal_at(double sin_lat)
{
    return SKY_WGS84_A_M / sky_sqrt(1.0 - SKY_WGS84_E2 * sin_lat * sin_lat);
}

static struct query query_at(double lat_rad, double lon_rad)
{
    const double sin_lat = sky_sin(lat_rad), cos_lat = sky_cos(lat_rad);
    const struct sky_geo_radii radii = sky_geo_radii_at(lat_rad);
    const double normal_m = normal_at(sin_lat);
    return (struct query){
        .x = lon_rad / rad_per_e7,
        .y = lat_rad / rad_per_e7,
        .lat_rad = lat_rad,
        .sin_lat = sin_lat,
        .cos_lat = cos_lat,
        .axis_m = normal_m * cos_lat,
        .plane_m = normal_m * (1.0 - SKY_WGS84_E2) * sin_lat,
        .radii = radii,
        .x_m_per_e7 = radii.east_m * rad_per_e7,
        .y_m_per_e7 = radii.north_m * rad_per_e7,
    };
}

/* How far along an edge, 0 .. 1, its nearest point lies in the plane metric at the query. */
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
 * Newton's method for the squared chord along an edge, on the ellipsoid itself. The edge is
 * straight in longitude and latitude; its second derivative leaves out how M changes, which costs
 * a hundredth of d / R in the rate of convergence. Returns the better place; *touch is at t.
 */
static double improve(const struct query *query, const struct edge *edge, double t,
                      struct touch *touch)
{
    touch->spot = point_at(edge, t);
    const double lat_rad = (query->y + touch->spot.y) * rad_per_e7;
    const double lon_rad = touch->spot.x * rad_per_e7; /* from the query's meridian */
    const double sin_lat = sky_sin(lat_rad), cos_lat = sky_cos(lat_rad);
    const double sin_lon = sky_sin(lon_rad), cos_lon = sky_cos(lon_rad);
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
    const double ratio = normal_m / SKY_WGS84_A_M;
    const double meridian_m = normal_m * (1.0 - SKY_WGS84_E2) * ratio * ratio;
    const double dlat = (edge->b.y - edge->a.y) * rad_per_e7;
    const double dlon = (edge->b.x - edge->a.x) * rad_per_e7;
    const double slope = north * meridian_m * dlat + east * axis_m * dlon;
    const double speed2 = meridian_m * dlat * meridian_m * dlat + axis_m * dlon * axis_m * dlon;
    const double bend = -up * meridian_m * dlat * dlat -
                        2.0 * east * meridian_m * sin_lat * dlat * dlon -
                        out * axis_m * dlon * dlon;
    const double curvature = larger(speed2 + bend, 0.25 * speed2);
    return curvature > 0.0 ? clamp01(t - slope / curvature) : t;
}

static struct touch touch_edge(const struct query *query, const struct walk *walk)
{
    struct touch touch;
    double t = plane_nearest(query, &walk->edge);
    for (int round = 0; round < 3; round++) {
        t = improve(query, &walk->edge, t, &touch);
    }
    (void)improve(query, &walk->edge, t, &touch);
    touch.edge = walk->first + walk->done - 1;
    return touch;
}

/*
 * The geodesic that belongs to a chord: an arc of the circle that fits the ellipsoid in that
 * direction (Euler's formula). Within 1 mm at 100 km (property test).
 */
static double geodesic_m(const struct query *query, const struct touch *touch)
{
    const double middle_rad = query->lat_rad + 0.5 * touch->spot.y * rad_per_e7;
    const double along2 = touch->north_m * touch->north_m, across2 = touch->east_m * touch->east_m;
    const double along = along2 / larger(along2 + across2, 1e-30);
    const double curvature = along / sky_geo_radii_at(middle_rad).north_m +
                             (1.0 - along) / normal_at(sky_sin(middle_rad));
    return 2.0 / curvature * sky_asin(0.5 * curvature * sky_sqrt(touch->chord2_m2));
}

/* How far east and north an edge may begin and still matter, 1e-7 degree. */
struct window {
    double x;
    double y;
};

static struct window window_of(const struct query *query, double reach_m)
{
    return (struct window){reach_m / query->x_m_per_e7, reach_m / query->y_m_per_e7};
}

static bool outside_window(const struct window *window, const struct edge *edge)
{
    return beyond(edge->a.y, edge->b.y, window->y) || beyond(edge->a.x, edge->b.x, window->x);
}

/* What the first pass finds: parity, and the nearest edge in the plane metric at the query. */
struct first_look {
    bool inside;
    struct walk walk; /* standing at that edge */
};

static struct first_look look_first(const struct sky_zone_set *set, const struct sky_line *line,
                                    const struct query *query)
{
    struct first_look look = {.inside = false};
    double nearest_m = everywhere_m;
    struct window window = window_of(query, nearest_m);
    for (uint32_t r = 0; r < line->ring_count; r++) {
        const struct sky_ring *ring = set->ring + line->first_ring + r;
        for (struct walk walk = walk_begin(set, ring, query->x, query->y); walk_on(&walk);) {
            look.inside ^= crosses_ray(&walk.edge);
            if (outside_window(&window, &walk.edge)) {
                continue;
            }
            const struct spot spot = point_at(&walk.edge, plane_nearest(query, &walk.edge));
            const double x_m = spot.x * query->x_m_per_e7, y_m = spot.y * query->y_m_per_e7;
            const double distance_m = sky_sqrt(x_m * x_m + y_m * y_m);
            if (distance_m < nearest_m) {
                nearest_m = distance_m;
                window = window_of(query, nearest_m);
                look.walk = walk;
            }
        }
    }
    return look;
}

/*
 * How far away, in the plane metric at the query, a point can seem that is really within
 * distance_m: the way there is longer in that metric by no more than the largest ratio of the radii
 * along it, and it stays between two latitudes. Near a pole there is no such bound.
 */
static double seems_within_m(const struct query *query, double distance_m)
{
    static const double polar_rad = 1.57;
    const double lat_rad = sky_abs(query->lat_rad), band_rad = distance_m / radius_min_m;
    if (lat_rad + band_rad > polar_rad) {
        return everywhere_m;
    }
    const double north_min_m = sky_geo_radii_at(larger(0.0, lat_rad - band_rad)).north_m;
    const double east_min_m = sky_geo_radii_at(lat_rad + band_rad).east_m;
    const double ratio =
        larger(query->radii.north_m / north_min_m, query->radii.east_m / east_min_m);
    return distance_m * ratio * (1.0 + 1e-6) + 1e-3;
}

/*
 * The distance by the east radius at the middle latitude, to first order. What it neglects - the
 * second order, the change of M, and that the spot is nearest in the plane metric only - is some
 * three times less than the share that doubt() allows.
 */
static double middle_m(const struct query *query, const struct spot *spot)
{
    const double lat_rad = spot->y * rad_per_e7, lon_rad = spot->x * rad_per_e7;
    const double middle_east_m =
        query->radii.east_m - 0.5 * query->radii.north_m * query->sin_lat * lat_rad;
    const double x_m = lon_rad * middle_east_m, y_m = lat_rad * query->radii.north_m;
    return sky_sqrt(x_m * x_m + y_m * y_m);
}

static double doubt(const struct query *query, double distance_m)
{
    const double share = distance_m / query->radii.east_m;
    return share * share + 0.01 * distance_m / SKY_WGS84_A_M;
}

/*
 * The plane metric is wrong by up to tan(lat) d / R, so another edge than the one that seems
 * nearest may be. Every edge that could be gets the exact answer; they are few.
 */
static struct touch look_again(const struct sky_zone_set *set, const struct sky_line *line,
                               const struct query *query, const struct first_look *look)
{
    struct touch best = touch_edge(query, &look->walk);
    const double nearest_m = geodesic_m(query, &best);
    const struct window window = window_of(query, seems_within_m(query, nearest_m));
    const double middle_max_m = nearest_m * (1.0 + doubt(query, nearest_m)) + 1e-3;
    const bool polar = doubt(query, nearest_m) > 0.25;
    for (uint32_t r = 0; r < line->ring_count; r++) {
        const struct sky_ring *ring = set->ring + line->first_ring + r;
        for (struct walk walk = walk_begin(set, ring, query->x, query->y); walk_on(&walk);) {
            if (outside_window(&window, &walk.edge)) {
                continue;
            }
            const struct spot spot = point_at(&walk.edge, plane_nearest(query, &walk.edge));
            if (!polar && middle_m(query, &spot) > middle_max_m) {
                continue;
            }
            const struct touch touch = touch_edge(query, &walk);
            if (touch.chord2_m2 < best.chord2_m2) {
                best = touch;
            }
        }
    }
    return best;
}

void sky_zone_nearest(const struct sky_zone_set *set, uint32_t line, double lat_rad, double lon_rad,
                      struct sky_nearest *ret_nearest)
{
    const struct query query = query_at(lat_rad, lon_rad);
    const struct first_look look = look_first(set, set->line + line, &query);
    const struct touch touch = look_again(set, set->line + line, &query, &look);
    const double distance_m = geodesic_m(&query, &touch);
    const double bearing_rad = sky_atan2(touch.east_m, touch.north_m);
    const double turned_rad = bearing_rad < 0.0 ? bearing_rad + 2.0 * SKY_PI : bearing_rad;
    *ret_nearest = (struct sky_nearest){
        .distance_m = look.inside ? 0.0 - distance_m : distance_m,
        .bearing_rad = turned_rad < 2.0 * SKY_PI ? turned_rad : 0.0,
        .lat_rad = (query.y + touch.spot.y) * rad_per_e7,
        .lon_rad = sky_wrap_pi((query.x + touch.spot.x) * rad_per_e7),
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
 * A millimetre is added to each sigma, or a millionth of the larger one: a covariance without
 * width in some direction would stretch the plane without end.
 */
static struct whitening whiten(const struct query *query, double var_east_m2, double var_north_m2,
                               double cov_m2)
{
    const double floor_m2 = larger(1e-6, 1e-12 * (var_east_m2 + var_north_m2));
    const double east_m2 = var_east_m2 + floor_m2, north_m2 = var_north_m2 + floor_m2;
    const double east_m = sky_sqrt(east_m2);
    const double rest_m2 = larger(north_m2 - cov_m2 * cov_m2 / east_m2, floor_m2);
    const double rest_m = sky_sqrt(rest_m2), slope = cov_m2 / east_m2;
    return (struct whitening){
        .ux = query->x_m_per_e7 / east_m,
        .vx = -slope * query->x_m_per_e7 / rest_m,
        .vy = query->y_m_per_e7 / rest_m,
        .window = {sigma_reach * east_m / query->x_m_per_e7,
                   sigma_reach * sky_sqrt(rest_m2 + slope * cov_m2) / query->y_m_per_e7},
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
    const double h = sky_abs(au * dv - av * du) / length;
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
    struct walk walk = walk_begin(set, set->ring + line->first_ring + ring, 0.0, 0.0);
    (void)walk_on(&walk);
    const struct spot on_ring = point_at(&walk.edge, 0.5);
    bool hole = false;
    for (uint32_t r = 0; r < line->ring_count; r++) {
        const struct sky_ring *other = set->ring + line->first_ring + r;
        hole ^= r != ring && inside_ring(set, other, on_ring.x, on_ring.y);
    }
    return hole;
}

double sky_zone_inside_probability(const struct sky_zone_set *set, uint32_t line, double lat_rad,
                                   double lon_rad, double var_east_m2, double var_north_m2,
                                   double cov_east_north_m2)
{
    const struct sky_line *claim = set->line + line;
    const struct query query = query_at(lat_rad, lon_rad);
    const struct whitening white = whiten(&query, var_east_m2, var_north_m2, cov_east_north_m2);
    const bool exact = var_east_m2 + var_north_m2 <= 0.0;
    bool inside = false;
    double gained = 0.0;
    for (uint32_t r = 0; r < claim->ring_count; r++) {
        const struct sky_ring *ring = set->ring + claim->first_ring + r;
        double area2 = 0.0, share = 0.0;
        for (struct walk walk = walk_begin(set, ring, query.x, query.y); walk_on(&walk);) {
            inside ^= crosses_ray(&walk.edge);
            area2 += cross(&walk.edge);
            if (!exact && !outside_window(&white.window, &walk.edge)) {
                share += edge_share(&white, &walk.edge);
            }
        }
        if (share != 0.0) {
            const bool clockwise = area2 < 0.0;
            gained += clockwise != is_hole(set, claim, r) ? share : -share;
        }
    }
    return clamp01((inside ? 1.0 : 0.0) + gained);
}

/* --- check --- */

static const char *ring_fault(const struct sky_zone_set *set, const struct sky_ring *ring)
{
    if (ring->count < 3) {
        return "ring: fewer than three vertices";
    }
    if (ring->first > set->vertex_count || ring->count > set->vertex_count - ring->first) {
        return "ring: vertices beyond the set";
    }
    for (uint32_t i = 0; i < ring->count; i++) {
        const struct sky_vertex *vertex = set->vertex + ring->first + i;
        if (vertex->lat_e7 < -900000000 || vertex->lat_e7 > 900000000) {
            return "vertex: latitude beyond 90 degrees";
        }
        if (vertex->lon_e7 < -half_turn_e7 || vertex->lon_e7 > half_turn_e7) {
            return "vertex: longitude beyond 180 degrees";
        }
    }
    double west = 0.0, east = 0.0; /* of the first vertex */
    const double start = (double)set->vertex[ring->first].lon_e7;
    for (struct walk walk = walk_begin(set, ring, start, 0.0); walk_on(&walk);) {
        west = smaller(west, walk.edge.b.x);
        east = larger(east, walk.edge.b.x);
    }
    return east - west < (double)half_turn_e7 ? NULL : "ring: 180 degrees wide or wider";
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
    for (uint32_t i = 0; fault == NULL && i < set->ring_count; i++) {
        fault = ring_fault(set, set->ring + i);
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
