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
#include "sky_geo.h"
#include "sky_obs.h"

/** Order of the state: e, n, u (m), ve, vn, vu (m/s). */
enum { SKY_STATE_DIM = 6 };

/* A plot may be this much older than the state it updates. */
#define SKY_LATE_MAX_NS (10 * SKY_SECOND_NS)

struct sky_filter {
    int64_t time_ns;
    double x[SKY_STATE_DIM];
    double p[SKY_STATE_DIM][SKY_STATE_DIM]; /* m2, m2/s, m2/s2; symmetric, positive definite */
};

/**
 * A sensor as it stands at the time of a plot: v_sensor = rot * (v_frame - origin).
 * Made by sky_sensor_pose_at; whoever moves the sensor then sets velocity_mps.
 */
struct sky_sensor_pose {
    struct sky_enu origin;       /* in the tracking frame */
    double rot[3][3];            /* tracking frame -> east, north, up at the sensor */
    struct sky_enu velocity_mps; /* of the sensor, in the tracking frame; 0 for fixed ones */
    double height_hae_m;         /* of the sensor ... */
    double curvature_east_per_m; /* ... and 1 / radius of the ellipsoid below it, eastward */
    double curvature_north_per_m;
};

/** A plot with its sigmas decided and its elevation freed of refraction. */
struct sky_measurement {
    int64_t time_ns;
    int64_t time_sigma_ns;
    bool has_elevation;
    bool has_radial_speed;
    bool has_height; /* height above the ellipsoid with a wide sigma: Mode C or the 2D prior */
    double slant_range_m;
    double azimuth_rad;
    double elevation_rad; /* geometric */
    double radial_speed_mps;
    double height_hae_m;
    double sigma_range_m;
    double sigma_azimuth_rad;
    double sigma_elevation_rad;
    double sigma_radial_mps;
    double sigma_height_m;
};

/** How a measurement compares with a prediction. */
struct sky_innovation {
    double distance2;   /* squared Mahalanobis distance, all components jointly */
    double log_det_s;   /* natural log of det(S) in the measurement's own units */
    uint32_t dimension; /* how many components were compared */
};

/**
 * Places a sensor that stands still: origin, axes, height and curvature at `place`.
 * Returns SKY_E_RANGE unless sky_geo_valid(place).
 */
SKY_NODISCARD enum sky_status sky_sensor_pose_at(struct sky_sensor_pose *ret_pose,
                                                 const struct sky_geo_frame *frame,
                                                 const struct sky_lla *place);

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
                           struct sky_innovation *ret_innovation);

/**
 * Applies a measurement; same preconditions as sky_filter_innovation, and if ret_innovation is not
 * NULL it is set to what that would have said before.
 * Height never makes the state surer of its height than sigma_height_m: a prior, or the pressure
 * of the day, errs the same way in every plot, so repeating it proves nothing.
 */
void sky_filter_update(struct sky_filter *filter, const struct sky_measurement *measurement,
                       const struct sky_sensor_pose *sensor, double accel_psd_m2ps3,
                       double climb_psd_m2ps3, struct sky_innovation *ret_innovation);

#endif
