/**
 * sky_geoid: how high mean sea level lies above the ellipsoid, from a grid that a zone set brings.
 */
#ifndef SKY_GEOID_H
#define SKY_GEOID_H

#include <stdbool.h>
#include <stdint.h>

#include "sky_base.h"

/**
 * Heights at the crossings of a grid, by rows from south to north and in each from west to east. It
 * may cross the antimeridian. No rows: there is none. Borrows the heights.
 */
struct sky_geoid {
    int32_t south_e7;         /* of the first crossing; -900000000 .. 900000000, as of the last */
    int32_t west_e7;          /* -1800000000 .. 1800000000 */
    uint32_t step_e7;         /* > 0 */
    uint32_t rows;            /* >= 2 */
    uint32_t columns;         /* >= 2; a whole turn at most */
    const int32_t *height_cm; /* -20000 .. 20000 */
};

/** What is wrong with a grid, if there is one (static storage); NULL: nothing. */
const char *sky_geoid_fault(const struct sky_geoid *geoid);

/**
 * Height above the ellipsoid at a place, bilinear between four crossings, in metres. False, with
 * ret_height_m untouched, outside the grid and without one. What bilinear leaves out of a grid of
 * 15 minutes is a few decimetres, more in high mountains. Pre: sky_geoid_fault found nothing;
 * |lat_rad| <= pi / 2, |lon_rad| <= pi.
 */
bool sky_geoid_height(const struct sky_geoid *geoid, double lat_rad, double lon_rad,
                      double *ret_height_m);

#endif
