/**
 * sky_zone_touch: the nearest point of one edge, and how far it is over the ellipsoid.
 *
 * Straight distances through the Earth decide which point is nearest: what is nearer that way is
 * nearer along the ground. For the files sky_zone*.c alone.
 */
#ifndef SKY_ZONE_TOUCH_H
#define SKY_ZONE_TOUCH_H

#include "sky_zone_view.h"

/** The place asked about, and what the ellipsoid is like there. */
struct sky_zone_query {
    struct sky_zone_spot spot; /* 1e-7 degree */
    double sin_lat;
    double cos_lat;
    double meridian_m; /* radius of the meridian; its derivative by latitude is bend_m */
    double bend_m;     /* and that of the next */
    double twist_m;
    double axis_m;        /* distance from the Earth's axis */
    double one_over_axis; /* 1/m */
    double plane_m;       /* height above the equator's plane */
    /* Of the chord as sky_zone_chord_at gives it: by powers of 1e-7 degree to the north. */
    double chord_north[3];
    double chord_east[4];
};

/** A point near the query, exactly where it is. */
struct sky_zone_touch {
    struct sky_zone_spot spot;
    double chord2_m2; /* squared straight distance from the query, through the Earth */
    double east_m;    /* the chord in the query's own axes */
    double north_m;
    double sin_lat;
    double cos_dlat; /* of the way to its latitude */
    uint32_t edge;
};

/** Where a search stands: a point, and what an edge must know of it to be followed from there. */
struct sky_zone_foot {
    struct sky_zone_touch touch;
    double cos_lat;
    double sin_lon; /* from the query's meridian */
    double cos_lon;
    double normal_m;
    double x_m; /* the chord: away from the axis in the query's meridian, east, along the axis */
    double y_m;
    double z_m;
};

/** Pre: |lat_rad| <= 89 degrees, |lon_rad| <= pi. */
void sky_zone_ask(double lat_rad, double lon_rad, struct sky_zone_query *ret_query);

/** Goes to a point, unless the foot stands there. */
void sky_zone_stand(const struct sky_zone_query *query, struct sky_zone_spot spot,
                    struct sky_zone_foot *foot);

/** Lifts the foot: it stands nowhere. */
void sky_zone_lift(struct sky_zone_foot *foot);

/**
 * Goes to the nearest point of an edge of the view, which was seen from the query. Where it ends
 * the next edge begins, which is the one to be named if it is border.
 */
void sky_zone_touch_edge(const struct sky_zone_query *query, const struct sky_zone_view *view,
                         uint32_t i, struct sky_zone_foot *foot);

/** The geodesic to a point that was touched. Within 1 mm at 100 km (property test). */
double sky_zone_geodesic_m(const struct sky_zone_query *query, const struct sky_zone_touch *touch);

#endif
