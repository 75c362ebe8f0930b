/**
 * skyh_geojson: zones and their lines from GeoJSON (RFC 7946), checked.
 *
 * One Feature is one line of one zone: a Polygon or MultiPolygon and the properties that say whose
 * claim it is (skyh_geojson_about has them in words). Small faults that have one obvious
 * mending - a ring that is not closed, a point given twice - are mended and said. A ring that
 * crosses itself has none, and is an error that names the two edges.
 */
#ifndef SKYH_GEOJSON_H
#define SKYH_GEOJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "skyh_out.h"
#include "skyh_zonefile.h"

enum { SKYH_NOTES_MAX = 32 };

/** What was mended, one line each. */
struct skyh_notes {
    size_t count; /* may exceed what is kept */
    char text[SKYH_NOTES_MAX][SKYH_TEXT_MAX];
};

/** What the input must look like, in words, for --help. */
extern const char skyh_geojson_about[];

/**
 * Adds all features of a document. Errors: SKYH_EXIT_DATA, one line with file, feature, ring and
 * edge. On failure build may hold a part; release it.
 */
bool skyh_geojson_add(struct skyh_zone_build *build, const char *file, const char *text,
                      size_t count, struct skyh_notes *notes, struct skyh_problem *problem);

/** Reads files, then as skyh_geojson_add. */
bool skyh_geojson_read(struct skyh_zone_build *build, const char *const files[], size_t count,
                       struct skyh_notes *notes, struct skyh_problem *problem);

#endif
