/**
 * sky_clutter: what one radar shows where nothing flies, and how often it misses what does.
 *
 * Both are learned while the station runs. False plots are of two kinds, each with a polar map of
 * cells and an exponential memory of scans (clutter maps: Skolnik, Introduction to Radar Systems,
 * 3rd ed., sec. 3.6 and 7.8). Those of the ground are slow and low, and dense in few places: road
 * traffic, wind farms, ridges. Their cells are fine and believed at once; how they spread over the
 * lowest elevations and radial speeds is learned for all cells together. All others are spread
 * thin: their cells are coarse, and only several plots raise one above the mean of the map, so that
 * the first plots of an aircraft do not hide the next.
 * What the configuration states is worth a few scans at first, fades like them, and never counts
 * less than two plots. Detections: hits and misses of believed tracks, by range and by radial speed
 * within or beyond the notch of the moving-target filter, as Beta distributions around the
 * configured values.
 *
 * Densities are per metre of range, radian of azimuth, radian of elevation (if the radar measures
 * it), m/s of radial speed (if the plot has one) and metre of height (if there is one), so that
 * they compare with the likelihood of a measurement. Reported places are not its business. A radar
 * here is a configuration that sky_config_check accepts, the same in every call.
 */
#ifndef SKY_CLUTTER_H
#define SKY_CLUTTER_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_measure.h"

enum {
    SKY_CLUTTER_GROUND_AZIMUTHS = 256, /* around the circle */
    SKY_CLUTTER_GROUND_RANGES = 128,   /* even from range_min_m to range_max_m */
    SKY_CLUTTER_OTHER_AZIMUTHS = 32,
    SKY_CLUTTER_OTHER_RANGES = 32,
    SKY_CLUTTER_BINS = 8, /* of the ground's elevations, and of its radial speeds */
    SKY_CLUTTER_DETECTION_RANGES = 4
};

/** What is known of one radar's clutter and detections. Plain data, some 70 kB. */
struct sky_clutter {
    bool started;
    int64_t scan_started_ns;
    uint32_t added;                      /* false plots since then */
    double scans;                        /* all that follows is decayed: scans behind the maps, */
    double prior;                        /* what is left of the configuration's worth, from 1, */
    double total[2];                     /* false plots of each kind: other, of the ground, */
    double profile[2][SKY_CLUTTER_BINS]; /* those of the ground by elevation, by radial speed, */
    double profiled[2];                  /* all bins of each together, */
    uint16_t
        other[SKY_CLUTTER_OTHER_RANGES * SKY_CLUTTER_OTHER_AZIMUTHS]; /* and by cell, in 1/256 */
    uint16_t ground[SKY_CLUTTER_GROUND_RANGES * SKY_CLUTTER_GROUND_AZIMUTHS];
    double hits[SKY_CLUTTER_DETECTION_RANGES][2]; /* second index: 1 in the notch */
    double misses[SKY_CLUTTER_DETECTION_RANGES][2];
};

/** Nothing learned yet. */
void sky_clutter_init(struct sky_clutter *clutter);

/** The cell of what has none, such as a reported place: sky_clutter_add does nothing with it. */
#define SKY_CLUTTER_NO_CELL UINT32_MAX

/**
 * Where a plot belongs, for sky_clutter_add: an opaque number. Azimuth as in the measurement; any
 * finite values are brought into the map.
 */
uint32_t sky_clutter_cell(const struct sky_sensor_config *radar,
                          const struct sky_measurement *measurement);

/**
 * Counts a false plot.
 * Pre: cell is from sky_clutter_cell.
 */
void sky_clutter_add(struct sky_clutter *clutter, uint32_t cell);

/**
 * Is it known, after ten scans, where the ground shows false plots? Until then every plot in a cell
 * of the ground is best counted at once, also while a track that nobody believes yet uses it: in a
 * hot spot the next plot then comes as no surprise, and an aircraft soon leaves the cell.
 */
bool sky_clutter_is_settled(const struct sky_clutter *clutter, uint32_t cell);

/**
 * Time passes; earlier instants than before change nothing. For every whole scan the memory fades
 * (15 scans to 1/e). Scans without any false plot where seven or more were to be expected are
 * taken for an interruption of the radar and change nothing. Cost: one pass over the maps per scan,
 * below 20 us on a 2.5 GHz core; long silences cost no more than one pass.
 */
void sky_clutter_age(struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                     int64_t time_ns);

/** Natural logarithm of the density of false plots per scan at a measurement. Finite. Cost: 80 ns.
 */
double sky_clutter_log_density(const struct sky_clutter *clutter,
                               const struct sky_sensor_config *radar,
                               const struct sky_measurement *measurement);

/** False plots per scan, the whole map. Always above 0. */
double sky_clutter_per_scan(const struct sky_clutter *clutter,
                            const struct sky_sensor_config *radar);

/**
 * A believed track was looked at and seen, or not; share_in_notch in [0, 1] as predicted. Of each
 * range and notch some 200 looks are remembered, and the configured value is worth 20.
 */
void sky_clutter_learn_detection(struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                                 double range_m, double share_in_notch, bool seen);

/** Takes back a miss that was learned: the plot had only been late. */
void sky_clutter_unlearn_miss(struct sky_clutter *clutter, const struct sky_sensor_config *radar,
                              double range_m, double share_in_notch);

/**
 * Probability of detection at a range, given how probable it is that the notch hides it; within
 * [0.05, 0.995].
 */
double sky_clutter_detection(const struct sky_clutter *clutter,
                             const struct sky_sensor_config *radar, double range_m,
                             double share_in_notch);

#endif
