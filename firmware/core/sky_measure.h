/**
 * sky_measure: what a sensor's numbers say about an aircraft's position and velocity.
 *
 * A measurement is either polar - slant range, azimuth, elevation, radial speed, height, in the
 * sensor's own axes - or a place, perhaps with its velocity over the ground, that the aircraft
 * itself reports. Each component is linearised at the predicted state and becomes a line: gradient,
 * residual, variance. What the straight line misses of the curved measurement is added to its
 * variance (the second-order term; Bar-Shalom, Li, Kirubarajan, Estimation with Applications to
 * Tracking and Navigation, 2001, sec. 10.3): half the squared curvature times the predicted spread
 * across the line of sight. Azimuth loses its meaning by itself that way where the aircraft passes
 * overhead. An error of the time stamp acts along the motion and is added too.
 *
 * Tested: consistent up to r sigma_azimuth^2 / sigma_range = 1 (1.5 degrees and 3 m at 4 km); far
 * beyond, where errors of curvature repeat from look to look, it believes itself too much. Without
 * an elevation, plots move neither height nor climb (consider states: Schmidt, Advances in Control
 * Systems 3, 1966); with a height unknown by a tenth of the range and more, NEES is 7 to 9 of 6.
 */
#ifndef SKY_MEASURE_H
#define SKY_MEASURE_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_geo.h"

/** Order of the state: e, n, u (m), ve, vn, vu (m/s); packed covariance: upper triangle by rows. */
enum { SKY_STATE_DIM = 6, SKY_PACKED_DIM = 21 };

/* Nothing is surer than this part of what is unsure besides, a millionth in sigmas: a double cannot
 * tell a covariance beyond that from its rounding. */
#define SKY_VARIANCE_PER_UNSURE 1e-12

/** An aircraft as one Gaussian, in the tracking frame. */
struct sky_state {
    int64_t time_ns;
    double x[SKY_STATE_DIM];
    double p[SKY_STATE_DIM][SKY_STATE_DIM]; /* m2, m2/s, m2/s2; symmetric, positive definite */
};

/**
 * Of the components along u: the variance of place (0, 0), of velocity (3, 3), or the covariance of
 * place and velocity (0, 3).
 */
static inline double sky_state_along(const struct sky_state *state, int row, int column,
                                     const double u[3])
{
    double sum = 0.0;
    for (int i = 0; i < 3; i++) {
        const double *const p = state->p[row + i] + column;
        sum += u[i] * (p[0] * u[0] + p[1] * u[1] + p[2] * u[2]);
    }
    return sum;
}

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
    SKY_COMPONENTS, /* those that say how good a sensor is; not its velocities, whose sigmas are
                       never less than a floor */
    SKY_COMPONENT_EAST_SPEED = SKY_COMPONENTS, /* of a reported place */
    SKY_COMPONENT_NORTH_SPEED,
    SKY_COMPONENTS_ALL
};

/** What a height rests on, as bits. None: on what is taken where nothing is measured. */
enum sky_height_basis {
    SKY_HEIGHT_GEOMETRIC = 1U << 0, /* an elevation, or a reported height above the ellipsoid */
    SKY_HEIGHT_PRESSURE = 1U << 1   /* pressure altitude, taken as height above the ellipsoid */
};

enum { SKY_LINES_OF_MEASUREMENT_MAX = 5 }; /* components one measurement has at most */

/**
 * A plot with its sigmas decided, its elevation freed of refraction and its biases taken off.
 * Of a reported place only time, sigma_place_m and, if has_height, height_hae_m and its sigma, if
 * has_velocity, that and its sigma mean something: the place itself is the pose that comes with it.
 * What cannot be at once shares its memory: thousands of these are kept.
 */
struct sky_measurement {
    int64_t time_ns;
    int64_t time_sigma_ns;
    bool is_place; /* reported by the aircraft, not seen by a radar */
    bool has_elevation;
    union {
        bool has_radial_speed;
        bool has_velocity; /* of a place */
    };
    bool has_height;  /* height above the ellipsoid: Mode C or the 2D prior with a wide sigma */
    uint32_t heights; /* what it says of height rests on: sky_height_basis */
    union {
        double slant_range_m;
        double vel_east_mps; /* of a place, in true directions there */
    };
    union {
        double azimuth_rad;
        double vel_north_mps;
    };
    double elevation_rad; /* geometric */
    double radial_speed_mps;
    double height_hae_m;
    union {
        double sigma_range_m;
        double sigma_velocity_mps; /* 1 sigma per horizontal axis */
    };
    double sigma_azimuth_rad;
    double sigma_elevation_rad;
    double sigma_radial_mps;
    double sigma_height_m;
    double sigma_place_m; /* 1 sigma per horizontal axis */
};

/**
 * Lanes: predictions of one aircraft by several models, compared with a measurement side by side.
 * Lane n is entry n of every row. Their number is fixed, even and unrolled by the compiler; it is
 * one more than there are models, to fill the vector registers. Unused lanes hold a copy of a used
 * one. Rows lie at multiples of SKY_LANE_ALIGNMENT bytes, where those registers load fastest.
 */
enum { SKY_LANES = 6, SKY_LANE_ALIGNMENT = 16 };

struct sky_lanes {
    _Alignas(SKY_LANE_ALIGNMENT) double x[SKY_STATE_DIM][SKY_LANES];
    _Alignas(SKY_LANE_ALIGNMENT) double p[SKY_PACKED_DIM][SKY_LANES];
};

struct sky_lane_vector {
    _Alignas(SKY_LANE_ALIGNMENT) double v[3][SKY_LANES];
};

/** The predictions as the sensor sees them; vectors in the tracking frame. */
struct sky_views {
    const struct sky_measurement *measurement; /* both borrowed */
    const struct sky_sensor_pose *sensor;
    uint32_t has;                    /* components that can be compared, as bits */
    struct sky_lane_vector place;    /* from the sensor */
    struct sky_lane_vector velocity; /* relative to it */
    /* What follows is of polar measurements only. */
    struct sky_lane_vector sight;   /* unit vectors: from the sensor to the aircraft, */
    struct sky_lane_vector across;  /* horizontal, clockwise, */
    struct sky_lane_vector outward; /* horizontal, away, */
    struct sky_lane_vector upward;  /* the way of growing elevation */
    _Alignas(SKY_LANE_ALIGNMENT) double up_m[SKY_LANES];
    double ground_m[SKY_LANES];
    double range_m[SKY_LANES];
    double per_ground[SKY_LANES];
    double per_range[SKY_LANES];
    double across_m2[SKY_LANES];    /* variance of the place along across, */
    double upward_m2[SKY_LANES];    /* and along upward */
    double sag_m2[SKY_LANES];       /* of a range: what its curvature adds */
    double azimuth_rad2[SKY_LANES]; /* of the measurement, curvature included */
    double radial_m2ps2[SKY_LANES];
};

/** One component as a straight line through each prediction. */
struct sky_lane_line {
    enum sky_component component;
    bool has_velocity; /* else by_velocity means nothing */
    bool level;        /* moves neither height nor climb, which are considered, not estimated */
    struct sky_lane_vector by_place;
    struct sky_lane_vector by_velocity;
    _Alignas(SKY_LANE_ALIGNMENT) double residual[SKY_LANES];
    double variance[SKY_LANES]; /* with the error of the time stamp and curvature; ... */
    double stated;              /* ... and without curvature: what is claimed of the sensor */
};

/** A line beside the covariance of the predictions, h the line's row. */
struct sky_lane_fit {
    _Alignas(SKY_LANE_ALIGNMENT) double ph[SKY_STATE_DIM][SKY_LANES]; /* P h' */
    double known[SKY_LANES];                                          /* h P h' */
    double per_s[SKY_LANES];                                          /* 1 / (h P h' + variance) */
};

/**
 * Places a sensor that stands still: origin, axes, height and curvature at `place`.
 * Returns SKY_E_RANGE unless sky_geo_valid(place).
 */
SKY_NODISCARD enum sky_status sky_sensor_pose_at(struct sky_sensor_pose *ret_pose,
                                                 const struct sky_geo_frame *frame,
                                                 const struct sky_lla *place);

/**
 * Looks at a measurement's aircraft from its sensor; the first line may then be drawn (range, or
 * east of a reported place). Borrows measurement and sensor.
 */
void sky_measure_look(const struct sky_lanes *at, const struct sky_measurement *measurement,
                      const struct sky_sensor_pose *sensor, struct sky_views *ret_views);

/**
 * What the other lines of a polar measurement need of the covariance, before anything is applied.
 * Takes azimuth from views->has where the predicted sigma of a lane, curvature included, passes
 * 1 rad: overhead.
 */
void sky_measure_spread(const struct sky_lanes *at, struct sky_views *views);

/**
 * The line of one component through the predictions of sky_measure_look; its residual takes account
 * of what other lines have moved the lanes by since. Every result is finite. The variance is never
 * less than 1e-12 of what the state is unsure of in the coordinates that the line depends on.
 * Angles are within 1e-15 rad of the exact ones.
 * Height above the ellipsoid is taken from the tangent plane at the sensor with the curvature of
 * both directions: within 0.2 m at 100 km and 5 m at 300 km of the exact one (tested).
 * Pre: views->has has the component; but for the first line sky_measure_spread was called; all
 * sigmas of what the measurement has are > 0.
 */
void sky_measure_line(const struct sky_lanes *at, const struct sky_views *views,
                      enum sky_component component, struct sky_lane_line *ret_line);

/** How a line compares with the lanes as they are. */
void sky_measure_compare(const struct sky_lanes *at, const struct sky_lane_line *line,
                         struct sky_lane_fit *ret_fit);

/**
 * Applies a line that was compared and not changed since: Kalman's gain, Joseph's form. line and
 * fit are used up. Height never makes a state surer of its height than sigma_height_m.
 */
void sky_measure_apply(struct sky_lanes *at, struct sky_lane_line *line, struct sky_lane_fit *fit);

/**
 * The state one measurement alone gives. Position covariance follows from the sigmas; without an
 * elevation the height decides it, and where no such height lies within reach of the range, the
 * elevation is +-53 degrees +- 29. Velocity over the ground is any within speed_sigma_mps (1 sigma
 * per horizontal axis, vertically a third of it), and if the radial speed is known, what that
 * leaves: nearly the radial speed along the line of sight, open across it. A height beside an
 * elevation waits for the next measurement.
 * A reported place without height starts at the pose's height with sigma_height_m; one with a
 * velocity has that over the ground, and climbs as any other.
 * Pre: polar: has_elevation or has_height, slant_range_m >= 1; all sigmas > 0.
 */
void sky_measure_start(const struct sky_measurement *measurement,
                       const struct sky_sensor_pose *sensor, double speed_sigma_mps,
                       struct sky_state *ret_state);

#endif
