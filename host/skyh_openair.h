/**
 * skyh_openair: what an OpenAir file draws, of the first version and with the tags of the second.
 *
 * Understood: AC AN AY AI AH AL, DP, V X= and D=, DA, DB, DC; comments. Ignored: AT AF AG AX AA TP
 * SP SB, and terrain (TO, TC). Refused: airways (DY), and anything else. Angles are true bearings,
 * radii nautical miles; arcs are parts of circles on the ellipsoid. The format does not say how
 * edges run.
 */
#ifndef SKYH_OPENAIR_H
#define SKYH_OPENAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "skyh_drawing.h"

/** Whether the first line that is no comment has a record of the format. */
bool skyh_openair_is_it(const char *text, size_t count);

/**
 * Draws a file. Errors: SKYH_EXIT_DATA, "FILE: line N: what"; among them an arc (DB) whose ends are
 * not equally far from its centre, by more than 100 m and 1 %. On failure the drawing may hold a
 * part.
 */
bool skyh_openair_draw(struct skyh_drawing *drawing, const char *text, size_t count,
                       struct skyh_notes *notes, struct skyh_problem *problem);

#endif
