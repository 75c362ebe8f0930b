/**
 * sky_obs: one thing a sensor said, in the core's units, with what it did not say left out.
 *
 * No sentinels: a field means something only if its bit is set in `has`. Decoders never pass NaN
 * or infinity on. Time is stated the way the sensor stated it; the engine puts it on its own axis.
 */
#ifndef SKY_OBS_H
#define SKY_OBS_H

#include "sky_base.h"
#include "sky_geo.h"

enum sky_plot_has {
    SKY_PLOT_ELEVATION = 1U << 0,
    SKY_PLOT_RADIAL_SPEED = 1U << 1,
    SKY_PLOT_ALT_STD = 1U << 2,      /* pressure altitude (Mode C): never compared with HAE as is */
    SKY_PLOT_SENSOR_TRACK = 1U << 3, /* the head's own track number */
    SKY_PLOT_ICAO = 1U << 4,
    SKY_PLOT_MODE_3A = 1U << 5,
    SKY_PLOT_CALLSIGN = 1U << 6,
    SKY_PLOT_RCS = 1U << 7,
    SKY_PLOT_SNR = 1U << 8,
    SKY_PLOT_SIGMAS = 1U << 9, /* the sensor stated its own sigmas; else the configured ones hold */
    SKY_PLOT_SIGMA_RADIAL = 1U << 10,
    SKY_PLOT_PLACE = 1U << 11,      /* a reported place instead of range, azimuth and elevation */
    SKY_PLOT_COOPERATES = 1U << 12, /* the aircraft answered or reported, whatever it said */
    SKY_PLOT_EMITTER = 1U << 13,    /* it says what it is */
    SKY_PLOT_VELOCITY = 1U << 14    /* beside a place: its velocity over the ground */
};

/** How the sensor stated the time of a plot. */
enum sky_time_kind {
    SKY_TIME_ARRIVAL = 1, /* not at all: the input's own time holds, less time_value_ns of age */
    SKY_TIME_OF_DAY,      /* ns since UTC midnight, the nearest such instant to arrival */
    SKY_TIME_UTC          /* ns since 1970-01-01 UTC */
};

/**
 * One radar detection, polar about its sensor, or with SKY_PLOT_PLACE a place that was reported.
 * Azimuth from true north, clockwise.
 */
struct sky_plot {
    uint32_t sensor; /* index into sky_config.sensor */
    uint32_t has;    /* sky_plot_has */
    enum sky_time_kind time_kind;
    int64_t time_value_ns;
    int64_t time_sigma_ns;   /* of the statement itself, quantisation included; >= 0 */
    double slant_range_m;    /* 0 .. 1e6 */
    double azimuth_rad;      /* [0, 2 pi) */
    double elevation_rad;    /* [-pi/2, pi/2], apparent (not corrected for refraction) */
    double radial_speed_mps; /* positive: receding */
    double alt_std_m;
    double sigma_range_m; /* 1 sigma, > 0, if SKY_PLOT_SIGMAS */
    double sigma_azimuth_rad;
    double sigma_elevation_rad;
    double sigma_radial_mps; /* 1 sigma, > 0, if SKY_PLOT_SIGMA_RADIAL */
    struct sky_lla place;    /* if SKY_PLOT_PLACE; alt_hae_m only with sigma_height_m > 0 */
    double sigma_place_m;    /* 1 sigma per horizontal axis, 0: as configured */
    double sigma_height_m;   /* 0: no height was reported */
    double vel_east_mps;     /* if SKY_PLOT_VELOCITY, in true directions at the place */
    double vel_north_mps;
    double sigma_velocity_mps; /* 1 sigma per axis, 0: not stated */
    double rcs_dbsm;
    double snr_db;
    uint32_t sensor_track;
    uint32_t icao_address; /* 24 bits */
    uint16_t mode_3a;      /* 12 bits, as four octal digits */
    uint8_t emitter;       /* category as in I021/020: 1 light ... 10 rotorcraft, 13 unmanned */
    char callsign[9];      /* ASCII, zero-terminated */
};

enum sky_gnss_has {
    SKY_GNSS_TIME = 1U << 0,
    SKY_GNSS_POSITION = 1U << 1, /* latitude and longitude */
    SKY_GNSS_ALTITUDE = 1U << 2, /* height above the ellipsoid */
    SKY_GNSS_VELOCITY = 1U << 3, /* speed and course over ground */
    SKY_GNSS_HEADING = 1U << 4,  /* of the station's body, by a compass or two antennas */
    SKY_GNSS_PPS = 1U << 5       /* what the kernel's clock lacked at the receiver's pulse */
};

/** What the station's receiver said at one epoch, decoded and checked. */
struct sky_gnss_fix {
    uint32_t has; /* sky_gnss_has */
    int64_t utc_ns;
    int64_t utc_sigma_ns;      /* of the time stamp as it reaches us; transport delay included */
    struct sky_lla place;      /* alt_hae_m is 0 without SKY_GNSS_ALTITUDE */
    double sigma_horizontal_m; /* 1 sigma per axis, > 0 */
    double sigma_vertical_m;
    double speed_mps;
    double course_rad;     /* [0, 2 pi), true */
    double heading_rad;    /* the same */
    int64_t pps_offset_ns; /* UTC less CLOCK_REALTIME at the latest pulse; +- 2^62 at most */
    int64_t pps_sigma_ns;  /* > 0 */
    uint32_t satellites_used;
};

#endif
