/**
 * skyh_zonejoin: the zones and lines of a zone file, added to a set that is being built - so that
 * lines with different sources, licences and accuracies come together.
 */
#ifndef SKYH_ZONEJOIN_H
#define SKYH_ZONEJOIN_H

#include <stdbool.h>
#include <stddef.h>

#include "skyh_zonesource.h"

/** Whether a station would load it as a zone file. */
bool skyh_zonejoin_is_it(const char *bytes, size_t count);

/**
 * Adds all lines, or those of the zones that are wished for, as the file has them. A zone that the
 * set has already, described alike but for its number, is that zone; another one keeps its number
 * if that is free. A geoid in the file is left to the set. SKYH_EXIT_DATA if the set has no room.
 * Pre: skyh_zonejoin_is_it.
 */
bool skyh_zonejoin_add(struct skyh_zone_build *build, const char *file, const char *bytes,
                       size_t count, struct skyh_wishes *wishes, struct skyh_problem *problem);

#endif
