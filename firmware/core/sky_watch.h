/**
 * sky_watch: what is known of one sensor - where it stands, how late it is, what it sees and
 * misses.
 *
 * Densities are those of sky_clutter, so that births, false plots and likelihoods compare: per
 * metre of range, radian of azimuth, radian of elevation (if the radar measures it), m/s of radial
 * speed (if the plot has one) and metre of height (if there is one); of a reported place, per
 * cubic metre. A sensor here is a configuration that sky_config_check accepts, the same in every
 * call.
 */
#ifndef SKY_WATCH_H
#define SKY_WATCH_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_clutter.h"
#include "sky_config.h"
#include "sky_measure.h"
#include "sky_nis.h"
#include "sky_register.h"
#include "sky_track.h"

/** Plain data, some 70 kB. */
struct sky_watch {
    uint64_t plots; /* offered ... */
    uint64_t used;  /* ... and used */
    struct sky_clutter clutter;
    struct sky_nis nis;
    bool stands;                 /* it is a radar that has been heard, and stood then at ... */
    struct sky_sensor_pose pose; /* ... this place */
    int64_t lag_ns;              /* how far its plots trail: the worst but one, of late */
    double slack2[SKY_BIASES];   /* variance that its unknown bias adds between sensors */
    /* private */
    double births_per_scan; /* new aircraft, and ... */
    double log_birth;       /* ... their density: range and azimuth only, */
    double log_elevation;   /* what elevation ... */
    double log_speed;       /* ... and radial speed take of it */
    double sine_min;        /* of the elevations that it covers */
    double sine_max;
    int64_t lateness_from_ns; /* since then: */
    int64_t late_ns;          /* the latest ... */
    int64_t late_second_ns;   /* ... and the next to it, */
    int64_t late_before_ns;   /* and the next to the latest before then */
};

/** Nothing heard yet. */
void sky_watch_init(struct sky_watch *watch, const struct sky_config *config, uint32_t sensor);

/** Sets slack2 from what registration knows by now. */
void sky_watch_set_slack(struct sky_watch *watch, const struct sky_register *registration,
                         const struct sky_config *config, uint32_t sensor);

/**
 * It has plotted something: where it stood, and how late that came. One plot that is later than all
 * others says nothing; what two were is remembered for 8 to 16 scans.
 */
void sky_watch_hear(struct sky_watch *watch, const struct sky_sensor_config *sensor,
                    const struct sky_look *look, int64_t arrival_ns);

/** A plot with the unknown bias as if it were random: for tracks that other sensors see too. */
struct sky_measurement sky_watch_with_slack(const struct sky_watch *watch,
                                            const struct sky_measurement *measurement);

/** Natural logarithm of the density of new aircraft, per scan, at a plot. */
double sky_watch_log_birth(const struct sky_watch *watch, const struct sky_sensor_config *sensor,
                           const struct sky_measurement *measurement);

/** Natural logarithm of the density of false plots, per scan, at a plot. */
double sky_watch_log_clutter(const struct sky_watch *watch, const struct sky_sensor_config *sensor,
                             const struct sky_measurement *measurement);

/** Probability that an aircraft where a plot is gives a plot. */
double sky_watch_detection(const struct sky_watch *watch, const struct sky_sensor_config *sensor,
                           const struct sky_measurement *measurement);

/**
 * Probability that a look at time_ns would have found an aircraft in this state, as it is or was
 * then on a straight line; 0 where the sensor does not see. unsteady_m2ps3 is how the velocity
 * drifts. Whoever reports places covers everything.
 */
double sky_watch_chance(const struct sky_watch *watch, const struct sky_sensor_config *sensor,
                        const struct sky_state *state, double unsteady_m2ps3, int64_t time_ns,
                        double *ret_share_in_notch);

/** A believed track was seen by this plot. */
void sky_watch_saw(struct sky_watch *watch, const struct sky_sensor_config *sensor,
                   const struct sky_measurement *measurement);

/**
 * A believed track in this state was not, at time_ns; share_in_notch as sky_watch_chance gave it.
 * Pre: it stands.
 */
void sky_watch_missed(struct sky_watch *watch, const struct sky_sensor_config *sensor,
                      const struct sky_state *state, int64_t time_ns, double share_in_notch);

/** And yet it was: the plot had only been late. Takes back what sky_watch_missed taught. */
void sky_watch_found(struct sky_watch *watch, const struct sky_sensor_config *sensor,
                     const struct sky_state *state, int64_t time_ns, double share_in_notch);

#endif
