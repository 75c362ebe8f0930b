/**
 * skyh_kml: what a KML file draws: the polygons, rings and lines of its Placemarks.
 *
 * Polygons of one Placemark are one outline; a line stands alone. Everything else is left out, as
 * are altitudes: they are no limits. The format does not say how edges run on the ground.
 */
#ifndef SKYH_KML_H
#define SKYH_KML_H

#include <stdbool.h>
#include <stddef.h>

#include "skyh_drawing.h"

/** Whether the text is XML with the root element kml. */
bool skyh_kml_is_it(const char *text, size_t count);

/**
 * Draws a file. Errors: SKYH_EXIT_DATA, "FILE: line N: what". On failure the drawing may hold a
 * part.
 */
bool skyh_kml_draw(struct skyh_drawing *drawing, const char *text, size_t count,
                   struct skyh_notes *notes, struct skyh_problem *problem);

#endif
