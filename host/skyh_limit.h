/**
 * skyh_limit: floors and ceilings as airspace files write them: "GND", "3500ft AMSL", "FL 95".
 */
#ifndef SKYH_LIMIT_H
#define SKYH_LIMIT_H

#include <stdbool.h>

#include "sky_zone.h"

/** What skyh_limit_parse takes, in words. */
extern const char skyh_limit_expected[];

/**
 * Reads GND or SFC (a floor), UNL (a ceiling), FL and a number, or a number with ft (or none) or m
 * and with AMSL, MSL, ASL (or none: above sea level), AGL, GND, SFC, HAE, WGS84 or STD behind it. A
 * floor 0 above ground is the surface. False if it is something else; *ret_limit is untouched.
 */
bool skyh_limit_parse(const char *text, bool is_ceiling, struct sky_limit *ret_limit);

/** Reads a datum's name as above. */
bool skyh_limit_datum(const char *name, enum sky_datum *ret_datum);

/** A limit of so many metres; a floor 0 above ground is the surface. */
struct sky_limit skyh_limit_of(double height_m, enum sky_datum datum, bool is_ceiling);

/** Whether a floor is not below a ceiling that is measured from the same. */
bool skyh_limit_is_upside_down(const struct sky_limit *floor, const struct sky_limit *ceiling);

#define SKYH_LIMIT_FOOT_M 0.3048

#endif
