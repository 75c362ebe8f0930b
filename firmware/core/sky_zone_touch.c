#include "sky_zone_touch.h"

#include "sky_math.h"

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }
static double clamp01(double t) { return larger(0.0, smaller(1.0, t)); }

void sky_zone_ask(double lat_rad, double lon_rad, struct sky_zone_query *ret_query)
{
    static const double unit = SKY_ZONE_RAD_PER_E7;
    double s, c;
    sky_sincos(lat_rad, &s, &c);
    const double normal_m = sky_zone_normal_m(s), meridian_m = sky_zone_meridian_m(normal_m);
    const double axis_m = normal_m * c, one_over_axis = 1.0 / axis_m;
    const double e2 = SKY_WGS84_E2 * normal_m * normal_m * (1.0 / (SKY_WGS84_A_M * SKY_WGS84_A_M));
    const double bend_m = meridian_m * 3.0 * e2 * s * c;
    const double twist_m =
        meridian_m * (3.0 * e2 * (c * c - s * s) + 15.0 * e2 * e2 * s * s * c * c);
    /*
     * By Taylor: the distance from the axis falls by M sin, as 1 + a y + b y^2 + d y^3; and its
     * root, of which the circle is whose chords have the right length.
     */
    const double a = -unit * meridian_m * s * one_over_axis;
    const double b = -0.5 * unit * unit * (meridian_m * c + bend_m * s) * one_over_axis;
    const double d = unit * unit * unit * (1.0 / 6.0) *
                     (meridian_m * s - 2.0 * bend_m * c - twist_m * s) * one_over_axis;
    ret_query->spot = (struct sky_zone_spot){lon_rad / unit, lat_rad / unit};
    ret_query->sin_lat = s;
    ret_query->cos_lat = c;
    ret_query->meridian_m = meridian_m;
    ret_query->bend_m = bend_m;
    ret_query->twist_m = twist_m;
    ret_query->axis_m = axis_m;
    ret_query->one_over_axis = one_over_axis;
    ret_query->plane_m = normal_m * (1.0 - SKY_WGS84_E2) * s;
    ret_query->chord_north[0] = unit * meridian_m;
    ret_query->chord_north[1] = unit * unit * 0.5 * bend_m;
    ret_query->chord_north[2] =
        unit * unit * unit * (twist_m * (1.0 / 6.0) - meridian_m * (1.0 / 24.0));
    ret_query->chord_east[0] = unit * axis_m;
    ret_query->chord_east[1] = unit * axis_m * (0.5 * a);
    ret_query->chord_east[2] = unit * axis_m * (0.5 * b - 0.125 * a * a);
    ret_query->chord_east[3] = unit * axis_m * (0.5 * d - 0.25 * a * b + 0.0625 * a * a * a);
}

void sky_zone_lift(struct sky_zone_foot *foot)
{
    foot->touch.spot = (struct sky_zone_spot){1e12, 1e12}; /* nowhere */
}

static bool is_same_spot(const struct sky_zone_spot *a, const struct sky_zone_spot *b)
{
    return a->x == b->x && a->y == b->y;
}

void sky_zone_stand(const struct sky_zone_query *query, struct sky_zone_spot spot,
                    struct sky_zone_foot *foot)
{
    if (is_same_spot(&spot, &foot->touch.spot)) {
        return;
    }
    const double from_query_rad[2] = {spot.y * SKY_ZONE_RAD_PER_E7, spot.x * SKY_ZONE_RAD_PER_E7};
    double sines[2], cosines[2];
    sky_sincos2(from_query_rad, sines, cosines);
    const double sin_lat = query->sin_lat * cosines[0] + query->cos_lat * sines[0];
    const double cos_lat = query->cos_lat * cosines[0] - query->sin_lat * sines[0];
    const double normal_m = sky_zone_normal_m(sin_lat), axis_m = normal_m * cos_lat;
    const double x_m = axis_m * cosines[1] - query->axis_m;
    const double y_m = axis_m * sines[1];
    const double z_m = normal_m * (1.0 - SKY_WGS84_E2) * sin_lat - query->plane_m;
    foot->touch.spot = spot;
    foot->touch.chord2_m2 = x_m * x_m + y_m * y_m + z_m * z_m;
    foot->touch.east_m = y_m;
    foot->touch.north_m = query->cos_lat * z_m - query->sin_lat * x_m;
    foot->touch.sin_lat = sin_lat;
    foot->touch.cos_dlat = cosines[0];
    foot->cos_lat = cos_lat;
    foot->sin_lon = sines[1];
    foot->cos_lon = cosines[1];
    foot->normal_m = normal_m;
    foot->x_m = x_m;
    foot->y_m = y_m;
    foot->z_m = z_m;
}

/* --- where it seems to be --- */

/*
 * The chord to a point: with v, that along the meridian, and u = 2 sin(x / 2) sqrt(p q), where p
 * and q are the distances from the axis, its square is u^2 + v^2. Both here by Taylor.
 */
static struct sky_zone_spot chord_at(const struct sky_zone_query *query, double x, double y)
{
    const double *const north = query->chord_north, *const east = query->chord_east;
    const double circle = (east[0] + y * east[1]) + y * y * (east[2] + y * east[3]);
    return (struct sky_zone_spot){x * circle * (1.0 - SKY_ZONE_BEND_PER_E14 * x * x),
                                  y * (north[0] + y * (north[1] + y * north[2]))};
}

/*
 * The nearest point of the parabola through both ends of the edge and its middle, in the plane of
 * chord_at: of the straight line first, and then a step of Newton's method.
 *
 * With L the edge's length, d the distance, r = d + L and s = r over the radius of the circle of
 * latitude: the edge's third derivative is below L^3 / p^2, which bends the parabola's way to the
 * nearest point by L^2 / p^2 (0.1 d + 0.01 L); Taylor's polynomials lack less than r (0.003 s^3 +
 * 0.18 s^4), three times as much along the edge; and a step leaves three times the parabola's bow
 * times its square.
 */
static double seems_nearest(const struct sky_zone_query *query, const struct sky_zone_edge *edge,
                            double *ret_bow_m, double *ret_length2_m2)
{
    const struct sky_zone_spot a = chord_at(query, edge->a.x, edge->a.y);
    const struct sky_zone_spot b = chord_at(query, edge->b.x, edge->b.y);
    const struct sky_zone_spot m =
        chord_at(query, 0.5 * (edge->a.x + edge->b.x), 0.5 * (edge->a.y + edge->b.y));
    const double du = b.x - a.x, dv = b.y - a.y;
    const double bow_u = 4.0 * m.x - 2.0 * (a.x + b.x), bow_v = 4.0 * m.y - 2.0 * (a.y + b.y);
    const double length2 = du * du + dv * dv;
    const double t = clamp01(-(a.x * du + a.y * dv) / (length2 + 1e-30));
    const double bowed = t * (1.0 - t), turned = 1.0 - 2.0 * t;
    const double u = a.x + t * du + bowed * bow_u, v = a.y + t * dv + bowed * bow_v;
    const double way_u = du + turned * bow_u, way_v = dv + turned * bow_v;
    const double slope = u * way_u + v * way_v;
    const double curvature = way_u * way_u + way_v * way_v - 2.0 * (u * bow_u + v * bow_v) + 1e-30;
    const double better = clamp01(t - slope / larger(curvature, 0.25 * length2 + 1e-30));
    *ret_bow_m = (sky_abs(bow_u) + sky_abs(bow_v)) * (better - t) * (better - t);
    *ret_length2_m2 = length2;
    return better;
}

/* True if the point on which the foot stands may as well be the nearest: within 0.01 mm. */
static bool is_near_enough(const struct sky_zone_query *query, const struct sky_zone_foot *foot,
                           double bow_m, double length2_m2)
{
    /* 0.1 d + 0.01 L is at most 0.1 r. */
    const double r2 = 2.0 * (foot->touch.chord2_m2 + length2_m2), r = sky_sqrt(r2);
    const double per_m2 = query->one_over_axis * query->one_over_axis;
    const double share2 = r2 * per_m2;
    const double share = r * query->one_over_axis;
    const double error_m =
        r * (0.1 * length2_m2 * per_m2 + share2 * (0.01 * share + 0.6 * share2)) + 3.0 * bow_m;
    /* An error e along the edge is one of e^2 / 2 d in the distance, and no more than e. */
    const double error2_m2 = error_m * error_m;
    return error2_m2 * error2_m2 <= 4e-10 * foot->touch.chord2_m2 + 1e-20;
}

/* --- where it is --- */

/*
 * One step of Newton's method for the squared chord along an edge, on the ellipsoid itself, from
 * the foot at t. Returns how much farther along the nearest point seems to be; *speed2 is the
 * edge's length squared. The second derivative leaves out how M changes with latitude, which costs
 * a hundredth of d / R in the rate of convergence.
 */
static double newton_step(const struct sky_zone_foot *foot, const struct sky_zone_edge *edge,
                          double t, double *speed2)
{
    const double meridian_m = sky_zone_meridian_m(foot->normal_m);
    const double sin_lat = foot->touch.sin_lat, cos_lat = foot->cos_lat;
    const double axis_m = foot->normal_m * cos_lat;
    /* The chord in the axes of the point: out from the Earth's axis, east, north, up. */
    const double out = foot->x_m * foot->cos_lon + foot->y_m * foot->sin_lon;
    const double east = foot->y_m * foot->cos_lon - foot->x_m * foot->sin_lon;
    const double north = cos_lat * foot->z_m - sin_lat * out;
    const double up = cos_lat * out + sin_lat * foot->z_m;
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

/* From the foot at t, which is not near enough. */
static void follow(const struct sky_zone_query *query, const struct sky_zone_edge *edge, double t,
                   struct sky_zone_foot *foot)
{
    static const double step2_m2 = 1e-8; /* a tenth of a millimetre along the edge */
    double speed2;
    for (int left = 6; left > 0; left--) {
        const double step = newton_step(foot, edge, t, &speed2);
        if (step * step * speed2 <= step2_m2) {
            return;
        }
        t += step;
        sky_zone_stand(query, sky_zone_point_at(edge, t), foot);
    }
}

/* The edge as it is seen over the shorter way round the Earth. */
static struct sky_zone_edge near_edge(const struct sky_zone_view *view, uint32_t i)
{
    struct sky_zone_edge edge = sky_zone_edge_at(view, i);
    const double turn = sky_zone_turn_of(0.5 * (edge.a.x + edge.b.x));
    edge.a.x -= turn;
    edge.b.x -= turn;
    return edge;
}

void sky_zone_touch_edge(const struct sky_zone_query *query, const struct sky_zone_view *view,
                         uint32_t i, struct sky_zone_foot *foot)
{
    const struct sky_zone_edge edge = near_edge(view, i);
    double bow_m, length2_m2;
    const double t = seems_nearest(query, &edge, &bow_m, &length2_m2);
    sky_zone_stand(query, sky_zone_point_at(&edge, t), foot);
    if (!is_near_enough(query, foot, bow_m, length2_m2)) {
        follow(query, &edge, t, foot);
    }
    const uint32_t next = i + 1 < view->count ? i + 1 : 0;
    const bool is_next = is_same_spot(&foot->touch.spot, &edge.b) && next < view->border;
    foot->touch.edge = view->first + (is_next ? next : i);
}

/* --- how far --- */

/* The arc of a circle that has so long a chord, or the diameter's; curvature in 1/m. */
static double arc_m(double chord_m, double curvature)
{
    static const double a[] = {0x1.5555555555555p-3, 0x1.3333333333333p-4, 0x1.6db6db6db6db7p-5,
                               0x1.f1c71c71c71c7p-6, 0x1.6e8ba2e8ba2e9p-6, 0x1.1c4ec4ec4ec4fp-6};
    const double sine = 0.5 * curvature * chord_m, z = sine * sine;
    if (z > 0.01) { /* beyond 1,200 km */
        return 2.0 / curvature * sky_asin(sine);
    }
    const double series = a[0] + z * (a[1] + z * (a[2] + z * (a[3] + z * (a[4] + z * a[5]))));
    return chord_m + chord_m * (z * series);
}

/*
 * An arc of the circle that fits the ellipsoid half way in that direction (Euler's formula). The
 * sine half way, times twice the cosine of half the way, is the sum of the sines at its ends.
 */
double sky_zone_geodesic_m(const struct sky_zone_query *query, const struct sky_zone_touch *touch)
{
    const double sum = query->sin_lat + touch->sin_lat;
    const double w2 = 1.0 - SKY_WGS84_E2 * 0.5 * sum * sum / (1.0 + touch->cos_dlat);
    const double along2 = touch->north_m * touch->north_m, across2 = touch->east_m * touch->east_m;
    const double along = along2 / larger(along2 + across2, 1e-30);
    const double across_1 = sky_sqrt(w2) * (1.0 / SKY_WGS84_A_M); /* one over the radius */
    const double along_1 = across_1 * w2 * (1.0 / (1.0 - SKY_WGS84_E2));
    return arc_m(sky_sqrt(touch->chord2_m2), along_1 * along + across_1 * (1.0 - along));
}
