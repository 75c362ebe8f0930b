/**
 * skyh_nmea: a receiver's log - NMEA, or any protocol that gpsd knows - as reports, read by a real
 * gpsd that gpsfake feeds.
 *
 * What a receiver's sentences mean is gpsd's business, on the station as here. Its log has dates at
 * most, no times of reception: a report counts as received at the time it states. One whose date
 * lies far from those of the others - a receiver that counts its weeks wrongly - keeps its date
 * and is received with the one before.
 */
#ifndef SKYH_NMEA_H
#define SKYH_NMEA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sky_input.h"
#include "skyh_out.h"

struct skyh_nmea_fix {
    int64_t utc_ns; /* of its reception; never goes back */
    struct sky_gnss_report report;
};

/** Start zeroed, end with skyh_nmea_close. */
struct skyh_nmea {
    char *text; /* what gpsd said; owned, reports point into it */
    size_t text_bytes;
    size_t count;
    size_t capacity;
    struct skyh_nmea_fix *fix; /* owned */
    uint64_t misdated;         /* more than 30 days off */
};

/**
 * Runs gpsfake on a file; takes as long as gpsd needs to believe its receiver, some seconds.
 * SKYH_EXIT_NO_INPUT if the file cannot be read, SKYH_EXIT_UNAVAILABLE if there is no gpsfake or
 * it fails, SKYH_EXIT_DATA if gpsd finds no report with a time in it.
 */
bool skyh_nmea_open(struct skyh_nmea *nmea, const char *file, struct skyh_problem *problem);

/**
 * Takes lines as gpsd says them, JSON or not, over (from malloc, also on failure); name is for
 * messages. SKYH_EXIT_DATA as above.
 */
bool skyh_nmea_take(struct skyh_nmea *nmea, const char *name, char *text, size_t count,
                    struct skyh_problem *problem);

/** Moves all dates by so much, wrong ones too. */
void skyh_nmea_shift(struct skyh_nmea *nmea, int64_t by_ns);

void skyh_nmea_close(struct skyh_nmea *nmea);

#endif
