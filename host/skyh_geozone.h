/**
 * skyh_geozone: what files of UAS geographical zones draw - EUROCAE ED-269, and ED-318, which is
 * GeoJSON with circles and layers.
 *
 * Each volume is a zone of its own: volumes of one feature overlap, and have their own limits. When
 * a zone applies is not kept; that it does so at some times only is said.
 */
#ifndef SKYH_GEOZONE_H
#define SKYH_GEOZONE_H

#include <stdbool.h>

#include "skyh_drawing.h"
#include "skyh_json.h"

/** Whether a document looks like one of either kind. */
bool skyh_geozone_is_ed269(const struct skyh_node *top);
bool skyh_geozone_is_ed318(const struct skyh_node *top);

/**
 * Draw a document. Errors: SKYH_EXIT_DATA, one line with file and place; among them a unit that is
 * neither metres nor feet and a datum that is none of AGL, AMSL, WGS84 and STD. On failure the
 * drawing may hold a part.
 */
bool skyh_geozone_draw_ed269(struct skyh_drawing *drawing, const struct skyh_node *top,
                             struct skyh_notes *notes, struct skyh_problem *problem);
bool skyh_geozone_draw_ed318(struct skyh_drawing *drawing, const struct skyh_node *top,
                             struct skyh_notes *notes, struct skyh_problem *problem);

#endif
