/**
 * skyh_zoneinfo: what a zone file holds, for people and for machines.
 */
#ifndef SKYH_ZONEINFO_H
#define SKYH_ZONEINFO_H

#include <stdbool.h>

#include "skyh_zonefile.h"

/** Prints all of a set to standard output; file is its name for the reader. */
void skyh_zoneinfo_print(const struct skyh_zonefile *zones, bool json, const char *file);

#endif
