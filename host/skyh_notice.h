/**
 * skyh_notice: how probable it is that radars notice what flies at a place - the numbers behind a
 * statement that nothing did.
 *
 * A radar's probability of detection is known for what it saw at the middle of its range: as the
 * station learned it, of aircraft of some radar cross-section. For others, and elsewhere, the
 * signal goes with the cross-section and with the fourth power of range (Skolnik, Introduction to
 * Radar Systems, 3rd ed., sec. 1.2), and fluctuates from look to look as Swerling's first case:
 * Pd = Pfa^(1/(1+S/N)) (sec. 2.8), Pfa = 1e-6. Terrain is not known: below the horizontal of a
 * radar, through 4/3-earth air, where it decides, nothing is counted.
 */
#ifndef SKYH_NOTICE_H
#define SKYH_NOTICE_H

#include <stddef.h>

#include "sky_config.h"
#include "sky_geo.h"

/** What might have flown there. */
struct skyh_suspect {
    double rcs_dbsm;      /* radar cross-section */
    double seen_rcs_dbsm; /* of the aircraft that detection was learned of */
    double alt_hae_m;
    double stay_s;      /* it is there at least so long */
    uint32_t looks_min; /* it is noticed by so many detections; 1 .. SKYH_NOTICE_LOOKS_MAX */
};

enum { SKYH_NOTICE_LOOKS_MAX = 16 };

/**
 * How much stronger the suspect's signal is at a place than that of what was seen at the middle of
 * the radar's range; 0 out of reach. Pre: valid places.
 */
double skyh_notice_gain(const struct sky_sensor_config *radar, const struct sky_lla *site,
                        const struct skyh_suspect *suspect, double lat_rad, double lon_rad);

/** Probability that a look detects it; learned: at the middle of the range, in (0, 1). */
double skyh_notice_detection(double learned, double gain);

/** Looks of several radars: how many, and how probably each one detects. */
struct skyh_notice_looks {
    uint32_t count;
    double p;
};

/** Probability of at least `least` detections, looks being independent. least <= the maximum. */
double skyh_notice_at_least(const struct skyh_notice_looks *looks, size_t radars, uint32_t least);

#endif
