/**
 * skyh_mapfile: lines, incidents and tracks of a log for programs that draw maps - as GeoJSON
 * (RFC 7946), with heights above the ellipsoid, or as KML 2.3, with heights above mean sea level.
 *
 * Tracks are written while they fly, in pieces that go on where the one before ended, so that
 * memory does not grow with the log. A place has nine decimals of a degree and millimetres of
 * height, as the tables have it.
 */
#ifndef SKYH_MAPFILE_H
#define SKYH_MAPFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "sky_engine.h"
#include "skyh_incidents.h"
#include "skyh_zonefile.h"

enum skyh_mapfile_kind { SKYH_MAPFILE_GEOJSON = 1, SKYH_MAPFILE_KML };

struct skyh_mapfile;

/**
 * Begins a file with the lines of a zone set, and the incidents. Owns: skyh_mapfile_close ends and
 * frees it. Borrows out, in which errors of writing are left. NULL without memory.
 */
struct skyh_mapfile *skyh_mapfile_open(enum skyh_mapfile_kind kind, FILE *out,
                                       const struct skyh_zonefile *zones,
                                       const struct skyh_incidents *incidents);

/** Adds where a track of a run was. Seconds of one track come in order. */
void skyh_mapfile_put(struct skyh_mapfile *map, uint64_t run, const struct sky_event_track *track,
                      int64_t utc_ns);

/** True if heights are above mean sea level; without PROJ's geoid those of KML are not. */
bool skyh_mapfile_has_geoid(const struct skyh_mapfile *map);

/** Writes what is left, and the end. NULL is fine. */
void skyh_mapfile_close(struct skyh_mapfile *map);

/** The lines of a set, or what an incident was under each line, as one GeoJSON document. */
void skyh_mapfile_lines(FILE *out, const struct skyh_zonefile *zones);
void skyh_mapfile_incident(FILE *out, const struct skyh_incident *incident);

#endif
