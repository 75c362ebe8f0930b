#include "sky_math.h"
#include "sky_zone_index.h"

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }
static double clamp01(double t) { return larger(0.0, smaller(1.0, t)); }

/* Beyond this many sigma there is less than 2e-16 of a Gaussian. */
static const double sigma_reach = 8.5;

/* Makes the Gaussian round: u = ux x, v = vx x + vy y have unit covariance. */
struct whitening {
    double ux;
    double vx;
    double vy;
    double x_e7; /* how far the ellipse at sigma_reach reaches */
    double y_e7;
};

/*
 * A tenth of a millimetre is added to each sigma, in squares, or a millionth of the larger one: a
 * covariance without width in some direction would stretch the plane without end.
 */
static struct whitening whiten(double lat_rad, double var_east_m2, double var_north_m2,
                               double cov_m2)
{
    double sin_lat, cos_lat;
    sky_sincos(lat_rad, &sin_lat, &cos_lat);
    const double normal_m = sky_zone_normal_m(sin_lat);
    const double x_m_per_e7 = normal_m * cos_lat * SKY_ZONE_RAD_PER_E7;
    const double y_m_per_e7 = sky_zone_meridian_m(normal_m) * SKY_ZONE_RAD_PER_E7;
    const double floor_m2 = larger(1e-8, 1e-12 * (var_east_m2 + var_north_m2));
    const double east_m2 = var_east_m2 + floor_m2, north_m2 = var_north_m2 + floor_m2;
    const double east_m = sky_sqrt(east_m2);
    const double rest_m2 = larger(north_m2 - cov_m2 * cov_m2 / east_m2, floor_m2);
    const double rest_m = sky_sqrt(rest_m2), slope = cov_m2 / east_m2;
    return (struct whitening){
        .ux = x_m_per_e7 / east_m,
        .vx = -slope * x_m_per_e7 / rest_m,
        .vy = y_m_per_e7 / rest_m,
        .x_e7 = sigma_reach * east_m / x_m_per_e7,
        .y_e7 = sigma_reach * sky_sqrt(rest_m2 + slope * cov_m2) / y_m_per_e7,
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

/* On which side of an edge the place is: +1 to the left, by the same rule as sky_zone_crosses_ray.
 */
static double side(const struct sky_zone_edge *edge)
{
    const double area2 = sky_zone_cross(edge);
    if (area2 != 0.0) {
        return area2 > 0.0 ? 1.0 : -1.0;
    }
    if (edge->a.y != edge->b.y) {
        return edge->b.y < edge->a.y ? 1.0 : -1.0;
    }
    return edge->b.x > edge->a.x ? 1.0 : -1.0;
}

/* A vertex at the mean has no direction; by the rule of sky_zone_crosses_ray it lies to the west.
 */
static struct sky_zone_spot off_centre(const struct sky_zone_spot *spot)
{
    return spot->x == 0.0 && spot->y == 0.0 ? (struct sky_zone_spot){-1e-9, 0.0} : *spot;
}

static double edge_share(const struct whitening *white, const struct sky_zone_edge *edge)
{
    const struct sky_zone_edge moved = {off_centre(&edge->a), off_centre(&edge->b)};
    return side(&moved) *
           share_behind(white->ux * moved.a.x, white->vx * moved.a.x + white->vy * moved.a.y,
                        white->ux * moved.b.x, white->vx * moved.b.x + white->vy * moved.b.y);
}

/* Its share, if it may reach into the window. */
static double share_of(const struct whitening *white, const struct sky_zone_edge *edge)
{
    const struct sky_zone_spot a = edge->a, b = edge->b;
    const double x = white->x_e7, y = white->y_e7;
    return smaller(a.x, b.x) <= x && larger(a.x, b.x) >= -x && smaller(a.y, b.y) <= y &&
                   larger(a.y, b.y) >= -y
               ? edge_share(white, edge)
               : 0.0;
}

/* True if the ring is a hole: it lies inside an odd number of the line's other rings. */
static bool is_hole(const struct sky_zone_set *set, const struct sky_line *line, uint32_t ring)
{
    const struct sky_zone_view view = sky_zone_view_of(set, ring, (struct sky_zone_spot){0.0, 0.0});
    const struct sky_zone_edge edge = sky_zone_edge_at(&view, 0);
    const struct sky_zone_spot on_ring = sky_zone_point_at(&edge, 0.5);
    bool hole = false;
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        hole ^= r != ring && sky_zone_ring_holds(set, r, &on_ring);
    }
    return hole;
}

/* +1 if what the line encloses lies to the right of this ring, else -1. */
static double sense(const struct sky_zone_set *set, const struct sky_line *line, uint32_t ring)
{
    return sky_zone_is_clockwise(set, ring) != is_hole(set, line, ring) ? 1.0 : -1.0;
}

/* The part of the Gaussian behind the edges of a ring, as if that ran clockwise. */
static double ring_share(const struct sky_zone_set *set, uint32_t ring, struct sky_zone_spot mean,
                         const struct whitening *white, bool *inside)
{
    static const double more = 1.0 + 1e-6; /* than floats lose */
    const struct sky_zone_window window = {.x_e7 = (float)(more * white->x_e7),
                                           .y_e7 = (float)(more * white->y_e7)};
    struct sky_zone_tour tour;
    sky_zone_tour_begin(set, ring, mean, &tour);
    double share = 0.0;
    const struct sky_zone_run *run;
    while ((run = sky_zone_tour_next(&tour, &window)) != NULL) {
        *inside ^= !tour.is_beside && sky_zone_is_odd(&tour.view, run);
        struct sky_zone_edge edge = {.b = sky_zone_vertex_at(&tour.view, run->edge)};
        for (uint32_t k = 0; k < run->count; k++) {
            const uint32_t end = sky_zone_run_edge(run, k) + 1;
            edge = (struct sky_zone_edge){edge.b, sky_zone_vertex_at(&tour.view, end)};
            share += share_of(white, &edge);
        }
    }
    *inside ^= tour.inside;
    return share;
}

double sky_zone_inside_probability(const struct sky_zone_set *set, uint32_t line, double lat_rad,
                                   double lon_rad, double var_east_m2, double var_north_m2,
                                   double cov_east_north_m2)
{
    const struct sky_line *const claim = set->line + line;
    const struct sky_zone_spot mean = {lon_rad / SKY_ZONE_RAD_PER_E7,
                                       lat_rad / SKY_ZONE_RAD_PER_E7};
    const struct whitening white = whiten(lat_rad, var_east_m2, var_north_m2, cov_east_north_m2);
    const bool is_spread = var_east_m2 + var_north_m2 > 0.0;
    bool inside = false;
    double gain = 0.0;
    for (uint32_t r = claim->first_ring; r < claim->first_ring + claim->ring_count; r++) {
        const double share = ring_share(set, r, mean, &white, &inside);
        if (is_spread && share != 0.0) {
            gain += sense(set, claim, r) * share;
        }
    }
    const double p = clamp01((inside ? 1.0 : 0.0) + gain);
    return claim->outside ? 1.0 - p : p;
}
