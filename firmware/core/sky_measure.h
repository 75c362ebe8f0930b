/**
 * sky_measure: what a sensor's numbers say about an aircraft's position and velocity.
 *
 * A measurement is either polar - slant range, azimuth, elevation, radial speed, height, in the
 * sensor's own axes - or a place that the aircraft itself reports. Each component is linearised at
 * the predicted state and becomes a line: gradient, residual, variance. What the straight line
 * misses of the curved measurement is added to its variance (the second-order term; Bar-Shalom, Li,
 * Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, sec. 10.3): half the
 * squared curvature times the predicted spread across the line of sight. Azimuth loses its meaning
 * by itself that way where the aircraft passes overhead. An error of the time stamp acts along the
 * motion and is added too.
 */
#ifndef SKY_MEASURE_H
#define SKY_MEASURE_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_geo.h"

/** Order of the state: e, n, u (m), ve, vn, vu (m/s); packed covariance: upper triangle by rows. */
enum { SKY_STATE_DIM = 6, SKY_PACKED_DIM = 21 };

/** An aircraft as one Gaussian, in the tracking frame. */
struct sky_state {
    int64_t time_ns;
    double x[SKY_STATE_DIM];
    double p[SKY_STATE_DIM][SKY_STATE_DIM]; /* m2, m2/s, m2/s2; symmetric, positive definite */
};

/**
 * A sensor as it stands at the time of a plot: v_sensor = rot * (v_frame - origin).
 * Made by sky_sensor_pose_at; whoever moves the sensor then sets velocity_mps. Of a reported place
 * it is that place, at rest.
 */
struct sky_sensor_pose {
    struct sky_enu origin;       /* in the tracking frame */
    double rot[3][3];            /* tracking frame -> east, north, up at the sensor */
    struct sky_enu velocity_mps; /* of the sensor, in the tracking frame; 0 for fixed ones */
    double height_hae_m;         /* of the sensor ... */
    double curvature_east_per_m; /* ... and 1 / radius of the ellipsoid below it, eastward */
    double curvature_north_per_m;
};

/** Components of a measurement, in the order in which they are applied. */
enum sky_component {
    SKY_COMPONENT_RANGE = 0,
    SKY_COMPONENT_AZIMUTH,
    SKY_COMPONENT_ELEVATION,
    SKY_COMPONENT_RADIAL_SPEED,
    SKY_COMPONENT_HEIGHT,
    SKY_COMPONENT_EAST, /* of a reported place */
    SKY_COMPONENT_NORTH,
    SKY_COMPONENTS
};

enum { SKY_LINES_OF_MEASUREMENT_MAX = 5 };

/**
 * A plot with its sigmas decided, its elevation freed of refraction and its biases taken off.
 * Of a reported place only time, sigma_place_m and, if has_height, height_hae_m and its sigma mean
 * something: the place itself is the pose that comes with it.
 */
struct sky_measurement {
    int64_t time_ns;
    int64_t time_sigma_ns;
    bool is_place; /* reported by the aircraft, not seen by a radar */
    bool has_elevation;
    bool has_radial_speed;
    bool has_height; /* height above the ellipsoid: Mode C or the 2D prior with a wide sigma */
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
    double sigma_place_m; /* 1 sigma per horizontal axis */
};

/** One component as a straight line through a prediction. */
struct sky_line_of_measurement {
    enum sky_component component;
    double row[SKY_STATE_DIM];
    double residual;
    double variance;
};

struct sky_lines {
    uint32_t count;
    struct sky_line_of_measurement line[SKY_LINES_OF_MEASUREMENT_MAX];
};

/**
 * Places a sensor that stands still: origin, axes, height and curvature at `place`.
 * Returns SKY_E_RANGE unless sky_geo_valid(place).
 */
SKY_NODISCARD enum sky_status sky_sensor_pose_at(struct sky_sensor_pose *ret_pose,
                                                 const struct sky_geo_frame *frame,
                                                 const struct sky_lla *place);

/**
 * Lines of a measurement at a prediction x, p (packed). Azimuth is left out where its predicted
 * sigma, curvature included, passes 1 rad: overhead. Every result is finite.
 * Height above the ellipsoid is taken from the tangent plane at the sensor with the curvature of
 * both directions: within 0.2 m at 100 km and 5 m at 300 km of the exact one (tested).
 * Pre: all sigmas of what the measurement has are > 0.
 */
void sky_measure_lines(const double x[SKY_STATE_DIM], const double p[SKY_PACKED_DIM],
                       const struct sky_measurement *measurement,
                       const struct sky_sensor_pose *sensor, struct sky_lines *ret_lines);

/** How widely a packed covariance p is spread along a row: row p row'. */
double sky_measure_variance(const double p[SKY_PACKED_DIM], const double row[SKY_STATE_DIM]);

/**
 * Applies one line, whose residual is that at x, to a state with packed covariance: Kalman's gain,
 * Joseph's form. Pre: variance > 0.
 */
void sky_measure_apply(double x[SKY_STATE_DIM], double p[SKY_PACKED_DIM],
                       const double row[SKY_STATE_DIM], double residual, double variance);

/**
 * The state one measurement alone gives. Position covariance follows from the sigmas; without an
 * elevation the height decides it, and where no such height lies within reach of the range, the
 * elevation is +-53 degrees +- 29. Velocity over the ground is any within speed_sigma_mps (1 sigma
 * per horizontal axis, vertically a third of it), and if the radial speed is known, what that
 * leaves: nearly the radial speed along the line of sight, open across it.
 * A reported place without height starts at the pose's height with sigma_height_m.
 * Pre: polar: has_elevation or has_height, slant_range_m >= 1; all sigmas > 0.
 */
void sky_measure_start(const struct sky_measurement *measurement,
                       const struct sky_sensor_pose *sensor, double speed_sigma_mps,
                       struct sky_state *ret_state);

#endif
