/**
 * sky_clutter: what one radar shows where nothing flies, and how often it misses what does.
 *
 * Both are learned while the station runs. False plots: a polar map of cells, each with two kinds
 * of plot - those of the ground (slow and low: the hot spots of road traffic, wind farms, ridges)
 * and all others - and an exponential memory of scans (clutter maps: Skolnik, Introduction to Radar
 * Systems, 3rd ed., sec. 3.6 and 7.8). A cell starts with what the configuration states, spread
 * evenly, as a prior worth a few scans. Detections: hits and misses of believed tracks, by range
 * and by radial speed within or beyond the notch of the moving-target filter, as Beta distributions
 * around the configured values.
 *
 * Densities are per metre of range, radian of azimuth, radian of elevation (if the radar measures
 * it), m/s of radial speed (if the plot has one) and metre of height (if there is one), so that
 * they compare with the likelihood of a measurement; of a reported place, per square metre.
 */
#ifndef SKY_CLUTTER_H
#define SKY_CLUTTER_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_measure.h"

enum {
    SKY_CLUTTER_AZIMUTHS = 128,
    SKY_CLUTTER_RANGES = 64,
    SKY_CLUTTER_KINDS = 2, /* of the ground, and other */
    SKY_CLUTTER_CELLS = SKY_CLUTTER_AZIMUTHS * SKY_CLUTTER_RANGES * SKY_CLUTTER_KINDS,
    SKY_CLUTTER_PD_RANGES = 4
};

/** What is known of one radar's clutter and detections. Plain data, some 70 kB. */
struct sky_clutter {
    int64_t started_ns; /* of the first scan counted; scans end scan_ns apart from here */
    bool started;
    uint32_t added;                        /* false plots since then */
    double scans;                          /* decayed number of scans behind the map */
    float count[SKY_CLUTTER_CELLS];        /* decayed number of false plots */
    double hits[SKY_CLUTTER_PD_RANGES][2]; /* decayed; second index: 1 in the notch */
    double misses[SKY_CLUTTER_PD_RANGES][2];
};

/** Nothing learned yet. */
void sky_clutter_init(struct sky_clutter *clutter);

/**
 * The cell a plot lies in, for sky_clutter_add. Azimuth as in the measurement; any finite values
 * are brought into the map.
 */
uint32_t sky_clutter_cell(const struct sky_sensor_config *radar,
                          const struct sky_measurement *measurement);

/** Counts a false plot. Pre: cell is from sky_clutter_cell. */
void sky_clutter_add(struct sky_clutter *clutter, uint32_t cell);

/**
 * Time passes: for every whole scan the memory fades (15 scans to 1/e). Cost: one pass over the map
 * per scan; long silences cost no more than one pass.
 */
void sky_clutter_age(struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                     int64_t time_ns);

/** Natural logarithm of the density of false plots per scan at a measurement. Finite. */
double sky_clutter_log_density(const struct sky_clutter *clutter,
                               const struct sky_sensor_config *radar,
                               const struct sky_measurement *measurement);

/** A believed track was looked at and seen, or not; share_in_notch in [0, 1] as predicted. */
void sky_clutter_learn_detection(struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                                 double range_m, double share_in_notch, bool seen);

/** Probability of detection at a range, given how probable it is that the notch hides it. (0, 1) */
double sky_clutter_detection(const struct sky_clutter *clutter,
                             const struct sky_sensor_config *radar, double range_m,
                             double share_in_notch);

/** False plots per scan, the whole map. Cost: one pass over it. */
double sky_clutter_per_scan(const struct sky_clutter *clutter,
                            const struct sky_sensor_config *radar);

#endif
