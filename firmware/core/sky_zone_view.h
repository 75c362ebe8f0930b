/**
 * sky_zone_view: a ring as seen from a place: its vertices and edges from there, which of them the
 * ray to the east crosses, and how many metres a unit is. For the files sky_zone*.c alone.
 */
#ifndef SKY_ZONE_VIEW_H
#define SKY_ZONE_VIEW_H

#include "sky_math.h"
#include "sky_zone.h"

/* Coordinates are counted in the vertices' own unit, 1e-7 degree, until metres are needed. */
#define SKY_ZONE_RAD_PER_E7 (SKY_PI / 180e7)

/* How much less than its arc a chord is on a circle, by the square of the arc in 1e-7 degree. */
#define SKY_ZONE_BEND_PER_E14 (SKY_ZONE_RAD_PER_E7 * SKY_ZONE_RAD_PER_E7 / 24.0)

/* No way is longer on the ellipsoid: the radius of curvature at the poles, and a little. */
#define SKY_ZONE_M_PER_E7_MAX (6.3996e6 * SKY_ZONE_RAD_PER_E7)

/** A place from another one, east and north, 1e-7 degree. */
struct sky_zone_spot {
    double x;
    double y;
};

struct sky_zone_edge {
    struct sky_zone_spot a;
    struct sky_zone_spot b;
};

/**
 * A ring as seen from a place. Longitudes are taken as they run on from the first vertex, across
 * the antimeridian if need be: a checked ring is less than half a turn wide, so less than half a
 * turn from that vertex there is only one way to take them.
 */
struct sky_zone_view {
    const struct sky_vertex *vertex;
    uint32_t count;
    uint32_t border;            /* the first so many edges; the others only close the ring */
    uint32_t first;             /* index of the ring's first vertex in the set */
    double start_x;             /* longitude of that vertex */
    struct sky_zone_spot place; /* at most half a turn from it */
};

/** 0, or the whole turn that a longitude must be moved back to be within half a turn. */
static inline double sky_zone_turn_of(double x)
{
    if (sky_abs(x) <= 180e7) {
        return 0.0;
    }
    return x > 0.0 ? 360e7 : -360e7;
}

static inline struct sky_zone_view sky_zone_view_of(const struct sky_zone_set *set, uint32_t ring,
                                                    struct sky_zone_spot place)
{
    const struct sky_vertex *vertex = set->vertex + set->ring[ring].first;
    const double start_x = (double)vertex->lon_e7;
    place.x += sky_zone_turn_of(start_x - place.x);
    return (struct sky_zone_view){.vertex = vertex,
                                  .count = set->ring[ring].count,
                                  .border = set->ring[ring].count - set->ring[ring].closing,
                                  .first = set->ring[ring].first,
                                  .start_x = start_x,
                                  .place = place};
}

/** A vertex of the ring, from the place; the one after the last is the first. */
static inline struct sky_zone_spot sky_zone_vertex_at(const struct sky_zone_view *view, uint32_t i)
{
    const struct sky_vertex *const vertex = view->vertex + (i < view->count ? i : 0);
    const double x = (double)vertex->lon_e7;
    return (struct sky_zone_spot){(x - sky_zone_turn_of(x - view->start_x)) - view->place.x,
                                  (double)vertex->lat_e7 - view->place.y};
}

static inline struct sky_zone_edge sky_zone_edge_at(const struct sky_zone_view *view, uint32_t i)
{
    return (struct sky_zone_edge){sky_zone_vertex_at(view, i), sky_zone_vertex_at(view, i + 1)};
}

/** Exact at both ends, so that neighbours agree about their common vertex. */
static inline struct sky_zone_spot sky_zone_point_at(const struct sky_zone_edge *edge, double t)
{
    return (struct sky_zone_spot){(1.0 - t) * edge->a.x + t * edge->b.x,
                                  (1.0 - t) * edge->a.y + t * edge->b.y};
}

/** Twice the signed area of the triangle place, a, b; its sign says on which side the place is. */
static inline double sky_zone_cross(const struct sky_zone_edge *edge)
{
    return edge->a.x * edge->b.y - edge->a.y * edge->b.x;
}

/**
 * True if an edge crosses the ray that runs east from the place. A place on the edge counts as east
 * of it, and at the height of a vertex as above it: for both zones that share the edge, so that it
 * is inside exactly one.
 */
static inline bool sky_zone_crosses_ray(const struct sky_zone_edge *edge)
{
    if ((edge->a.y > 0.0) == (edge->b.y > 0.0)) {
        return false;
    }
    return edge->b.y > 0.0 ? sky_zone_cross(edge) > 0.0 : sky_zone_cross(edge) < 0.0;
}

/** Radius of curvature across the meridian. */
static inline double sky_zone_normal_m(double sin_lat)
{
    return SKY_WGS84_A_M / sky_sqrt(1.0 - SKY_WGS84_E2 * sin_lat * sin_lat);
}

/** And along it. */
static inline double sky_zone_meridian_m(double normal_m)
{
    static const double factor = (1.0 - SKY_WGS84_E2) / (SKY_WGS84_A_M * SKY_WGS84_A_M);
    return normal_m * normal_m * normal_m * factor;
}

#endif
