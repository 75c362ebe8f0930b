/**
 * sky_geo: places on the WGS-84 ellipsoid, and metres around a station.
 *
 * Three ways to say where: geodetic (radians, metres above the ellipsoid), Earth-centred
 * Earth-fixed, and east-north-up about an origin. Conversions are exact: no flat earth, no sphere.
 * Ellipsoid: a = 6378137 m, 1/f = 298.257223563 (NIMA TR8350.2).
 */
#ifndef SKY_GEO_H
#define SKY_GEO_H

#include <stdbool.h>

#include "sky_base.h"

#define SKY_WGS84_A_M 6378137.0
#define SKY_WGS84_F (1.0 / 298.257223563)
#define SKY_WGS84_E2 (SKY_WGS84_F * (2.0 - SKY_WGS84_F))

/** Geodetic position, WGS-84. lat in [-pi/2, pi/2], lon in [-pi, pi], height above ellipsoid. */
struct sky_lla {
    double lat_rad;
    double lon_rad;
    double alt_hae_m;
};

/** Earth-centred, Earth-fixed Cartesian, WGS-84. */
struct sky_ecef {
    double x_m;
    double y_m;
    double z_m;
};

/** Cartesian about some origin: east, north, up along the geodetic vertical there. */
struct sky_enu {
    double east_m;
    double north_m;
    double up_m;
};

/** An origin and its axes. rot rows are east, north, up in ECEF: enu = rot * (ecef - origin). */
struct sky_geo_frame {
    struct sky_lla origin;
    struct sky_ecef origin_ecef;
    double rot[3][3];
};

/** Radii of curvature of the ellipsoid at a latitude: metres per radian north, and east. */
struct sky_geo_radii {
    double north_m; /* M(lat) */
    double east_m;  /* N(lat) cos(lat) */
};

/**
 * True if a position is one the core accepts: finite, |lat| <= pi/2, |lon| <= pi,
 * -1,000 m <= alt_hae_m <= 100,000 m.
 */
bool sky_geo_valid(const struct sky_lla *place);

/** Geodetic to ECEF, exact. Pre: sky_geo_valid(place). */
struct sky_ecef sky_geo_to_ecef(const struct sky_lla *place);

/**
 * ECEF to geodetic. Error below 5 nm, some four units in the last place of a coordinate, for
 * heights -1 km .. 100 km; below 10 nm for -350 km .. 2,000 km (property test).
 * Pre: finite and farther than 6,000 km from the Earth's centre.
 */
struct sky_lla sky_geo_from_ecef(const struct sky_ecef *place);

/** The axes at a place, as rows in ECEF: east, north, up. Pre: |lat_rad| <= pi/2. */
void sky_geo_axes_at(double lat_rad, double lon_rad, double ret_rot[3][3]);

/** Makes the frame with its origin at a place. Returns SKY_E_RANGE unless sky_geo_valid(origin). */
SKY_NODISCARD enum sky_status sky_geo_frame_init(struct sky_geo_frame *ret_frame,
                                                 const struct sky_lla *origin);

/** Geodetic to metres in a frame, exact. Pre: sky_geo_valid(place). */
struct sky_enu sky_geo_to_enu(const struct sky_geo_frame *frame, const struct sky_lla *place);

/** Metres in a frame to geodetic, exact. Pre: |place| <= 2,000 km. */
struct sky_lla sky_geo_from_enu(const struct sky_geo_frame *frame, const struct sky_enu *place);

/**
 * The rotation that turns vectors of frame `from` into vectors of frame `to`:
 * v_to = ret_rot * v_from. Pure rotation; add the origin's offset for positions.
 */
void sky_geo_rotation(const struct sky_geo_frame *from, const struct sky_geo_frame *to,
                      double ret_rot[3][3]);

/** Radii of curvature at a latitude. Pre: |lat_rad| <= pi/2. */
struct sky_geo_radii sky_geo_radii_at(double lat_rad);

/**
 * How much the atmosphere lifts a radar target: apparent minus geometric elevation, by the
 * effective-earth-radius model with k = 4/3 (Skolnik, Introduction to Radar Systems, 3rd ed.,
 * sec. 8.5): r cos(el) / (8 a). Within 5 m of height of a ray trace at 40 km and 5.5 km height.
 * Pre: 0 <= slant_range_m <= 1e6.
 */
double sky_geo_refraction_rad(double slant_range_m, double elevation_rad);

#endif
