#include "skyh_curve.h"

#include <math.h>

#include "sky_math.h"

static const double degree = SKY_PI / 180.0;

/* How long a piece may be before its three samples could miss what happens between them. */
static const double piece_most_m = 100e3;
static const double piece_most_deg = 15.0; /* of an arc */

/* Between samples at the quarters a piece may be this much further off: a cubic is by 2.7 %. */
static const double between_samples = 1.05;

static struct geod_geodesic earth(void)
{
    struct geod_geodesic ellipsoid;
    geod_init(&ellipsoid, SKY_WGS84_A_M, 1.0 / 298.257223563);
    return ellipsoid;
}

/* Latitude on a map on which every rhumb line is straight. */
static double isometric(double lat_deg)
{
    const double e = sqrt(SKY_WGS84_E2), sin_lat = sin(lat_deg * degree);
    return atanh(sin_lat) - e * atanh(e * sin_lat);
}

double skyh_curve_near(double lon_deg, double other_deg)
{
    return lon_deg - 360.0 * round((lon_deg - other_deg) / 360.0);
}

struct skyh_place skyh_curve_go(struct skyh_place from, double bearing_deg, double distance_m)
{
    const struct geod_geodesic ellipsoid = earth();
    struct skyh_place to = {0.0, 0.0};
    geod_direct(&ellipsoid, from.lat_deg, from.lon_deg, bearing_deg, distance_m, &to.lat_deg,
                &to.lon_deg, NULL);
    to.lon_deg = skyh_curve_near(to.lon_deg, from.lon_deg);
    return to;
}

double skyh_curve_distance_m(struct skyh_place from, struct skyh_place to, double *ret_bearing_deg)
{
    const struct geod_geodesic ellipsoid = earth();
    double distance_m = 0.0;
    geod_inverse(&ellipsoid, from.lat_deg, from.lon_deg, to.lat_deg, to.lon_deg, &distance_m,
                 ret_bearing_deg, NULL);
    return distance_m;
}

struct skyh_curve skyh_curve_edge(enum sky_edge_rule rule, struct skyh_place from,
                                  struct skyh_place to)
{
    const struct geod_geodesic ellipsoid = earth();
    struct skyh_curve curve = {.kind = (enum skyh_curve_kind)rule, .from = from, .to = to};
    if (rule == SKY_EDGE_PLANAR) {
        return curve;
    }
    geod_inverseline(&curve.line, &ellipsoid, from.lat_deg, from.lon_deg, to.lat_deg, to.lon_deg,
                     GEOD_LATITUDE | GEOD_LONGITUDE | GEOD_DISTANCE_IN);
    curve.length_m = curve.line.s13;
    curve.from_isometric = isometric(from.lat_deg);
    curve.to_isometric = isometric(to.lat_deg);
    return curve;
}

struct skyh_curve skyh_curve_arc(const struct skyh_arc *arc, struct skyh_place from,
                                 struct skyh_place to)
{
    return (struct skyh_curve){.kind = SKYH_CURVE_ARC,
                               .from = from,
                               .to = to,
                               .length_m =
                                   fmax(arc->from_m, arc->to_m) * degree * fabs(arc->sweep_deg),
                               .arc = *arc};
}

static struct skyh_place on_straight(const struct skyh_curve *curve, double share)
{
    return (struct skyh_place){
        curve->from.lat_deg + share * (curve->to.lat_deg - curve->from.lat_deg),
        curve->from.lon_deg + share * (curve->to.lon_deg - curve->from.lon_deg)};
}

static struct skyh_place on_geodesic(const struct skyh_curve *curve, double share)
{
    struct skyh_place place = {0.0, 0.0};
    geod_position(&curve->line, share * curve->length_m, &place.lat_deg, &place.lon_deg, NULL);
    place.lon_deg = skyh_curve_near(place.lon_deg, on_straight(curve, share).lon_deg);
    return place;
}

/* Shares are of latitude. Where there is next to none, what divides them is too small to trust,
 * and the line is straight. */
static struct skyh_place on_rhumb(const struct skyh_curve *curve, double share)
{
    struct skyh_place place = on_straight(curve, share);
    const double rise = curve->to_isometric - curve->from_isometric;
    if (fabs(rise) > 1e-6) {
        place.lon_deg =
            curve->from.lon_deg + (curve->to.lon_deg - curve->from.lon_deg) *
                                      (isometric(place.lat_deg) - curve->from_isometric) / rise;
    }
    return place;
}

static struct skyh_place on_arc(const struct skyh_curve *curve, double share)
{
    const struct skyh_arc *const arc = &curve->arc;
    struct skyh_place place = skyh_curve_go(arc->centre, arc->from_deg + share * arc->sweep_deg,
                                            arc->from_m + share * (arc->to_m - arc->from_m));
    place.lon_deg = skyh_curve_near(place.lon_deg, curve->from.lon_deg);
    return place;
}

struct skyh_place skyh_curve_at(const struct skyh_curve *curve, double share)
{
    if (share <= 0.0) {
        return curve->from;
    }
    if (share >= 1.0) {
        return curve->to;
    }
    switch (curve->kind) {
    case SKYH_CURVE_PLANAR:
        break;
    case SKYH_CURVE_GEODESIC:
        return on_geodesic(curve, share);
    case SKYH_CURVE_RHUMB:
        return on_rhumb(curve, share);
    case SKYH_CURVE_ARC:
        return on_arc(curve, share);
    }
    return on_straight(curve, share);
}

/* How far a place is from the straight piece from a to b, in the metres of that place. */
static double off_m(struct skyh_place place, struct skyh_place a, struct skyh_place b)
{
    const double sin_lat = sin(place.lat_deg * degree), cos_lat = cos(place.lat_deg * degree);
    const double w = sqrt(1.0 - SKY_WGS84_E2 * sin_lat * sin_lat);
    const double x_m = degree * cos_lat * SKY_WGS84_A_M / w; /* of a degree */
    const double y_m = degree * SKY_WGS84_A_M * (1.0 - SKY_WGS84_E2) / (w * w * w);
    const double bx = (b.lon_deg - a.lon_deg) * x_m, by = (b.lat_deg - a.lat_deg) * y_m;
    const double px = (place.lon_deg - a.lon_deg) * x_m, py = (place.lat_deg - a.lat_deg) * y_m;
    const double squared = bx * bx + by * by;
    const double foot = squared > 0.0 ? (px * bx + py * by) / squared : 0.0;
    const double t = fmin(fmax(foot, 0.0), 1.0);
    return hypot(px - t * bx, py - t * by);
}

static double sag_m(const struct skyh_curve *curve, double from, double to)
{
    const struct skyh_place a = skyh_curve_at(curve, from), b = skyh_curve_at(curve, to);
    double worst_m = 0.0;
    for (int quarter = 1; quarter <= 3; quarter++) {
        const double share = from + 0.25 * quarter * (to - from);
        worst_m = fmax(worst_m, off_m(skyh_curve_at(curve, share), a, b));
    }
    return between_samples * worst_m;
}

/* The longest piece whose samples tell. */
static double longest(const struct skyh_curve *curve)
{
    double most = piece_most_m / fmax(curve->length_m, 1e-3);
    if (curve->kind == SKYH_CURVE_ARC) {
        most = fmin(most, piece_most_deg / fmax(fabs(curve->arc.sweep_deg), 1e-9));
    }
    return fmin(most, 1.0);
}

double skyh_curve_next(const struct skyh_curve *curve, double share, double chord_m, double *step,
                       double *worst_m)
{
    double reach = fmin(*step, 1.0 - share);
    if (curve->kind == SKYH_CURVE_PLANAR) {
        return 1.0;
    }
    reach = fmin(reach, longest(curve));
    for (;;) {
        /* Even pieces to the end, rather than a last one that is too short to be one. */
        reach = (1.0 - share) / ceil((1.0 - share) / reach - 1e-9);
        const double off = sag_m(curve, share, share + reach);
        if (off <= chord_m || reach < 1e-9) {
            *worst_m = fmax(*worst_m, off);
            *step = reach * fmin(2.0, 0.98 * sqrt(chord_m / fmax(off, 1e-3 * chord_m)));
            return 1.0 - share - reach < 1e-9 ? 1.0 : share + reach;
        }
        reach *= fmin(0.9, 0.98 * sqrt(chord_m / off));
    }
}
