/**
 * skyh_igc: flights as gliders' recorders keep them (IGC files), as a table of where something
 * truly was.
 *
 * B records with a valid 3D fix count, others are left out; velocities are what leads from the fix
 * before to the one after, within ten seconds. Altitudes are the recorder's GNSS altitudes, which
 * are above the ellipsoid unless it says otherwise in HFALG.
 */
#ifndef SKYH_IGC_H
#define SKYH_IGC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "skyh_args.h"

struct skyh_igc_fix {
    int64_t utc_ns;
    double lat_deg;
    double lon_deg;
    double alt_m;
    double east_mps;
    double north_mps;
    double up_mps;
};

/** Start zeroed, end with skyh_igc_close. */
struct skyh_igc {
    int64_t day_utc_ns; /* midnight before the first fix */
    size_t count;
    struct skyh_igc_fix *fix; /* in the order of time, no two at one */
    size_t left_out;          /* B records without a valid fix, or not later than the one before */
    bool above_geoid;         /* HFALG: the altitudes are not above the ellipsoid */
};

/**
 * Reads text; name is for messages. SKYH_EXIT_DATA with the line of a B record that cannot be read,
 * or if there is no date or no fix.
 */
bool skyh_igc_read(struct skyh_igc *igc, const char *name, const char *text, size_t count,
                   struct skyh_problem *problem);

/** The table "t,id,cls,lat,lon,alt,ve,vn,vu,v", t in seconds since epoch_utc_ns. */
void skyh_igc_print(const struct skyh_igc *igc, const char *id, int64_t epoch_utc_ns, FILE *out);

void skyh_igc_close(struct skyh_igc *igc);

/** `skywitness import --igc`; returns its exit code. */
int skyh_import_igc(const struct skyh_args *args);

#endif
