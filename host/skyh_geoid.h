/**
 * skyh_geoid: a tile of the geoid for a zone set, or heights of its points, from the grid that PROJ
 * has.
 *
 * EGM96 in steps of 15 minutes (egm96_15.gtx, in Debian's proj-data, which PROJ brings along). The
 * tile covers the set and SKYH_GEOID_MARGIN_DEG around it, which is as far as a radar there sees:
 * 2 bytes a crossing, 25 kB for Algeria, 3 kB for a town.
 * Of a set so wide that there were more than SKYH_GEOID_CROSSINGS_MAX, every other one is left out.
 */
#ifndef SKYH_GEOID_H
#define SKYH_GEOID_H

#include <stdbool.h>

#include "skyh_zonefile.h"

enum { SKYH_GEOID_MARGIN_DEG = 4, SKYH_GEOID_STEP_E7 = 2500000, SKYH_GEOID_CROSSINGS_MAX = 300000 };

/** Whether a limit of the set is above mean sea level. */
bool skyh_geoid_is_needed(const struct skyh_zone_build *build);

/**
 * Adds the tile to a set that has its lines. SKYH_EXIT_NO_INPUT, with what to do, if PROJ does not
 * find the grid; SKYH_EXIT_SOFTWARE without memory.
 */
bool skyh_geoid_bake(struct skyh_zone_build *build, struct skyh_problem *problem);

struct skyh_geoid;

/** The whole geoid, point by point. Owns: skyh_geoid_close. NULL if PROJ finds no grid. */
struct skyh_geoid *skyh_geoid_open(void);

/** Its height above the ellipsoid; 0 without a geoid, or where the grid has none. */
double skyh_geoid_height_m(struct skyh_geoid *geoid, double lat_rad, double lon_rad);

void skyh_geoid_close(struct skyh_geoid *geoid);

#endif
