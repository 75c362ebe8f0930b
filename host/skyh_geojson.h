/**
 * skyh_geojson: what GeoJSON (RFC 7946) draws.
 *
 * A Feature with properties of this project (skyh_geojson_about has them in words) says all of a
 * line itself, and nothing else may be in them. Of any other Feature only the geometry and a name
 * are taken; what is missing comes with skyh_zonesource's wishes.
 */
#ifndef SKYH_GEOJSON_H
#define SKYH_GEOJSON_H

#include <stdbool.h>

#include "skyh_drawing.h"
#include "skyh_json.h"

/** The properties in words, for --help. */
extern const char skyh_geojson_about[];

/**
 * Draws a FeatureCollection, Feature or geometry. Errors: SKYH_EXIT_DATA, one line with file and
 * place. On failure the drawing may hold a part.
 */
bool skyh_geojson_draw(struct skyh_drawing *drawing, const struct skyh_node *top,
                       struct skyh_notes *notes, struct skyh_problem *problem);

/** Adds the rings of a Polygon's coordinates to the latest feature; the first is no hole. */
bool skyh_geojson_polygon(struct skyh_drawing *drawing, const struct skyh_node *coordinates,
                          struct skyh_problem *problem);

/** Adds those of a MultiPolygon. */
bool skyh_geojson_polygons(struct skyh_drawing *drawing, const struct skyh_node *coordinates,
                           struct skyh_problem *problem);

/** Reads [longitude, latitude], and more numbers that are ignored. */
bool skyh_geojson_position(const struct skyh_node *node, struct skyh_place *ret_place,
                           struct skyh_problem *problem);

/** Refuses reference systems other than WGS-84 longitude and latitude; older files name theirs. */
bool skyh_geojson_crs(const struct skyh_node *top, struct skyh_problem *problem);

#endif
