/**
 * sky_filter: an extended Kalman filter for one aircraft, in metres of the tracking frame.
 *
 * State: position and velocity, east-north-up of the tracking frame. Motion: nearly constant
 * velocity with white-noise acceleration (Bar-Shalom, Li, Kirubarajan, Estimation with
 * Applications to Tracking and Navigation, 2001, sec. 6.2). Measurements: slant range, azimuth,
 * elevation, radial speed and height in the sensor's own frame, linearised at the prediction and
 * applied one scalar at a time with Joseph's form, so the covariance stays symmetric and positive.
 *
 * What a straight line misses of the curved measurement is added to its variance (the second-order
 * term, same book, sec. 10.3): half the squared curvature times the predicted spread across the
 * line of sight. Azimuth loses its meaning by itself that way where the aircraft passes overhead.
 * Tested: consistent up to r sigma_azimuth^2 / sigma_range = 1 (1.5 degrees and 3 m at 4 km); far
 * beyond, where errors of curvature repeat from look to look, it believes itself too much.
 */
#ifndef SKY_FILTER_H
#define SKY_FILTER_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_measure.h"
#include "sky_obs.h"

/* A plot may be this much older than the state it updates. */
#define SKY_LATE_MAX_NS (10 * SKY_SECOND_NS)

struct sky_filter {
    int64_t time_ns;
    double x[SKY_STATE_DIM];
    double p[SKY_STATE_DIM][SKY_STATE_DIM]; /* m2, m2/s, m2/s2; symmetric, positive definite */
};

/** How a measurement compares with a prediction. */
struct sky_filter_comparison {
    double distance2;   /* squared Mahalanobis distance, all components jointly */
    double log_det_s;   /* natural log of det(S) in the measurement's own units */
    uint32_t dimension; /* how many components were compared */
};

/**
 * Starts a filter from one measurement. Position covariance follows from the measurement's sigmas;
 * without an elevation the height decides it, and where no such height lies within reach of the
 * range, the elevation is +-53 degrees +- 29. Velocity is along the radial speed if known, with
 * speed_max_mps / 3 as 1 sigma across it, or in every direction if not.
 * Pre: has_elevation or has_height; slant_range_m >= 1 and all sigmas > 0.
 */
void sky_filter_init(struct sky_filter *ret_filter, const struct sky_measurement *measurement,
                     const struct sky_sensor_pose *sensor, double speed_max_mps);

/** Moves the state to time_ns >= filter->time_ns. */
void sky_filter_predict(struct sky_filter *filter, int64_t time_ns, double accel_psd_m2ps3,
                        double climb_psd_m2ps3);

/**
 * Compares a measurement with the state at filter->time_ns (gate before update).
 * Pre: measurement->time_ns is that time, or up to SKY_LATE_MAX_NS older: then the state is taken
 * back along its velocity and the noise of the way is added to each component (neglecting its
 * correlation with the state: cautious). All sigmas > 0.
 * Azimuth is left out, and dimension is one less, where its predicted sigma, curvature included,
 * passes 1 rad: overhead. Every result is finite.
 * Height above the ellipsoid is taken from the tangent plane at the sensor with the curvature of
 * both directions: within 0.2 m at 100 km and 5 m at 300 km of the exact one (tested).
 * Returns false, with ret_innovation untouched, if the range alone makes distance2 more than
 * limit2: most pairs that are gated end there, at a third of the cost.
 */
bool sky_filter_innovation(const struct sky_filter *filter,
                           const struct sky_measurement *measurement,
                           const struct sky_sensor_pose *sensor, double accel_psd_m2ps3,
                           double climb_psd_m2ps3, double limit2,
                           struct sky_filter_comparison *ret_innovation);

/**
 * Applies a measurement; same preconditions as sky_filter_innovation, and if ret_innovation is not
 * NULL it is set to what that would have said before.
 * Height never makes the state surer of its height than sigma_height_m: a prior, or the pressure
 * of the day, errs the same way in every plot, so repeating it proves nothing.
 */
void sky_filter_update(struct sky_filter *filter, const struct sky_measurement *measurement,
                       const struct sky_sensor_pose *sensor, double accel_psd_m2ps3,
                       double climb_psd_m2ps3, struct sky_filter_comparison *ret_innovation);

#endif
