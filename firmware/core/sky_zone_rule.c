#include "sky_math.h"
#include "sky_zone_index.h"

static double clamp01(double t) { return t < 0.0 ? 0.0 : (t > 1.0 ? 1.0 : t); }

/* How far along an edge, 0 .. 1, the place lies that it is seen from. `cosine` is of its middle. */
static double part_of(const struct sky_zone_edge *edge, double cosine)
{
    const double dx = (edge->b.x - edge->a.x) * cosine, dy = edge->b.y - edge->a.y;
    const double length2 = dx * dx + dy * dy;
    return length2 > 0.0 ? clamp01(-(edge->a.x * cosine * dx + edge->a.y * dy) / length2) : 0.0;
}

/*
 * A line straight in longitude and latitude bends away from the geodesic: its curvature on a sphere
 * is tan(lat) sin(az) (1 + cos(az)^2) / R. Integrated twice from end to end, a curvature that grows
 * evenly gives L^2 t (1 - t) / 2 times that a third of the way from the middle to t.
 */
double sky_zone_rule_m(const struct sky_zone_set *set, uint32_t line,
                       const struct sky_nearest *nearest)
{
    const struct sky_zone_spot place = {nearest->lon_rad / SKY_ZONE_RAD_PER_E7,
                                        nearest->lat_rad / SKY_ZONE_RAD_PER_E7};
    const uint32_t ring = sky_zone_ring_with(set, &set->line[line], nearest->edge);
    const struct sky_zone_view view = sky_zone_view_of(set, ring, place);
    const struct sky_zone_edge edge = sky_zone_edge_at(&view, nearest->edge - view.first);
    const double middle_rad = (view.place.y + 0.5 * (edge.a.y + edge.b.y)) * SKY_ZONE_RAD_PER_E7;
    const double t = part_of(&edge, sky_cos(middle_rad));

    const double dlat_rad = (edge.b.y - edge.a.y) * SKY_ZONE_RAD_PER_E7;
    const double dlon_rad = (edge.b.x - edge.a.x) * SKY_ZONE_RAD_PER_E7;
    double sin_lat, cos_lat;
    sky_sincos(middle_rad + (t - 0.5) / 3.0 * dlat_rad, &sin_lat, &cos_lat);
    const double east2 = cos_lat * cos_lat * dlon_rad * dlon_rad, north2 = dlat_rad * dlat_rad;
    const double length = sky_sqrt(east2 + north2);
    return length > 0.0 ? 0.5 * t * (1.0 - t) * SKY_WGS84_A_M * sky_abs(sin_lat * dlon_rad) *
                              (east2 + 2.0 * north2) / length
                        : 0.0;
}
