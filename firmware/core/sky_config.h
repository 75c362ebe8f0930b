/**
 * sky_config: everything the engine must be told before its first input. Plain data, logged whole.
 *
 * Ranges are stated per field and checked once by sky_config_check; nothing below checks again.
 */
#ifndef SKY_CONFIG_H
#define SKY_CONFIG_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_geo.h"

/** What a sensor's plots are. */
enum sky_sensor_kind {
    SKY_SENSOR_RADAR = 1,  /* polar: seen from where the radar stands */
    SKY_SENSOR_COOPERATIVE /* places that aircraft or other trackers report (ADS-B, Remote ID) */
};

/** Editions of ASTERIX category 021 that differ in more than values. */
enum sky_asterix_021 {
    SKY_ASTERIX_021_ED_2_2 = 1, /* and all that followed so far */
    SKY_ASTERIX_021_ED_2_1,     /* the second octet of I021/271 is its last */
    SKY_ASTERIX_021_ED_0_26,
    SKY_ASTERIX_021_ED_0_23
};

/**
 * One sensor. Sigmas are random errors per plot; biases are systematic and do not average out.
 * Of a cooperative one only name, kind, identity, edition, scan_ns, latency_ns, sigma_place_m,
 * probability and false plots mean something, and range_max_m: how far from the station the places
 * that it reports may lie.
 */
struct sky_sensor_config {
    char name[SKY_NAME_MAX]; /* unique, not empty, printable ASCII without spaces */
    enum sky_sensor_kind kind;
    bool at_station;     /* true: moves with the station's pose; false: stands at `site` */
    struct sky_lla site; /* meaningful unless at_station */
    bool has_sac_sic;    /* ASTERIX identity */
    uint8_t sac;
    uint8_t sic;
    enum sky_asterix_021 asterix_021; /* the edition it speaks */
    bool measures_elevation;          /* false: a 2D radar; height then comes from the prior */
    double azimuth_offset_rad;     /* added to every azimuth: true = measured + offset; (-pi, pi] */
    double sigma_range_m;          /* 0.01 .. 5000 */
    double sigma_azimuth_rad;      /* 1e-5 .. 0.5 */
    double sigma_elevation_rad;    /* 1e-5 .. 0.5 */
    double sigma_radial_mps;       /* 0.01 .. 100 */
    double bias_sigma_range_m;     /* 0 .. 5000 */
    double bias_sigma_azimuth_rad; /* 0 .. 0.2 */
    double bias_sigma_elevation_rad;    /* 0 .. 0.2 */
    double quantum_range_m;             /* step of its numbers, counted as step^2 / 12; 0: none,
                                           .. 5000 */
    double quantum_azimuth_rad;         /* the same; 0 .. 0.5 */
    double range_min_m;                 /* 0 .. below range_max_m; nearer it sees nothing */
    double range_max_m;                 /* 10 .. 1e6; plots beyond are counted and not used */
    double elevation_min_rad;           /* -pi/2 .. below elevation_max_rad, apparent */
    double elevation_max_rad;           /* .. pi/2 */
    double radial_max_mps;              /* 1 .. 3000: false plots have radial speeds up to this */
    double notch_mps;                   /* radial speeds below are mostly filtered out; 0 .. 100 */
    double notch_detection_probability; /* there; 0.01 .. 0.999 */
    double sigma_place_m;               /* cooperative: 1 sigma per axis; 0.1 .. 5000 */
    double detection_probability;       /* 0.05 .. 0.999 */
    double false_plots_per_scan;        /* 0.001 .. 1e5, over the whole coverage */
    int64_t scan_ns;                    /* time between looks at one target; 10 ms .. 60 s */
    int64_t latency_ns; /* measurement to arrival when a plot states no time; 0 .. 10 s */
};

struct sky_tracker_config {
    double accel_psd_m2ps3[3];   /* white-noise acceleration, horizontal, of the steady, the
                                    ordinary and the wild model; each 1e-4 .. 1e4, ascending */
    double turn_mps2;            /* lateral acceleration of the two turning models, to either side;
                                    0.1 .. 50 (20 degrees of bank: 3.6) */
    double sojourn_s;            /* mean time in one model of motion; 1 .. 600 */
    double speed_max_mps;        /* no target starts faster; 5 .. 1000 */
    double gate_probability;     /* share of true plots inside the gate; 0.9 .. 0.99999 */
    double births_per_hour;      /* new aircraft expected in all of the coverage; 0.01 .. 1e5 */
    double lifetime_s;           /* mean time an aircraft stays in it; 10 .. 1e5 */
    double confirm_existence;    /* believed from this probability on; 0.5 .. 0.999999999 */
    int64_t hold_ns;             /* plots that several tracks claim wait this long for their rivals
                                    of the same sweep; 0 .. 1 s */
    int64_t coast_ns;            /* unseen longer than this a track is coasting; > 0 */
    int64_t lose_ns;             /* unseen longer than this it is lost; >= coast_ns, <= 10 min */
    double height_prior_m;       /* 2D radars: height above the ellipsoid, -1e3 .. 1e5 ... */
    double height_prior_sigma_m; /* ... and its 1 sigma; 10 .. 20000 */
};

struct sky_incident_config {
    double p_enter;         /* P(inside) at or above which a look counts as inside; (0.5, 1) */
    double p_exit;          /* at or below which it counts as outside; (0, 0.5) */
    uint32_t looks_inside;  /* k of the last n looks inside ... */
    uint32_t looks_of;      /* ... n; 1 <= k <= n <= 16 */
    int64_t dwell_ns;       /* and inside at least this long before an incident opens; 0 .. 1 h */
    int64_t close_after_ns; /* outside under every line, and not coming nearer, for this long:
                               closed; 1 s .. 1 day */
    double existence_min;   /* no incident opens for a track below; [0, 1) */
    double assess_within_m; /* lines farther outside than this are not reported; 100 .. 1e6 */
    double unstated_line_sigma_m; /* taken where a line states no accuracy; 0 .. 1e5 */
};

struct sky_station_config {
    bool has_site; /* surveyed; else the first good fixes decide */
    bool moving;   /* false: the station stands still */
    struct sky_lla site;
    double site_sigma_m;       /* 1 sigma per axis, 0.001 .. 1000 */
    double gnss_sigma_floor_m; /* slow common error of any receiver; 0.1 .. 100 */
    double heading_rad;       /* zero direction of sensors at the station, true north = 0; +-2 pi */
    double heading_sigma_rad; /* 0 .. 1 */
};

struct sky_config {
    struct sky_station_config station;
    struct sky_tracker_config tracker;
    struct sky_incident_config incident;
    int64_t tick_ns; /* 10 ms .. 60 s */
    uint32_t sensor_count;
    struct sky_sensor_config sensor[SKY_SENSORS_MAX];
};

/**
 * Fills in the defaults that the example configuration documents; no sensors. A tick each second;
 * models of motion for aircraft, 20 births an hour, believed from an existence of 0.9995,
 * coasting after 15 s, lost after 45 s; inside from P 0.95, outside from 0.05, 3 of 4 looks, 2 s of
 * dwell, closed after 60 s, existence 0.9, lines reported within 50 km. A line that states no
 * accuracy gets 250 m: between the 100 m that careful public lines claim for themselves and the 2
 * km of chart-scale ones. It is not meant to cover how far lines of different origin lie apart
 * (kilometres): that shows by assessing each of them, never by widening one.
 */
void sky_config_default(struct sky_config *ret_config);

/** Sets of models of motion, by what flies there. */
enum sky_motion_kind {
    SKY_MOTION_AIRCRAFT = 1, /* seen from far: fast, turning at 20 degrees of bank */
    SKY_MOTION_MIXED,        /* both, seen from 30 km or nearer: the same, slower */
    SKY_MOTION_DRONES        /* small ones near by: slow, unsteady, turning at 4 m/s2 */
};

/**
 * Sets accel_psd_m2ps3, turn_mps2, sojourn_s, speed_max_mps and lifetime_s for what flies there;
 * sky_config_default has SKY_MOTION_AIRCRAFT.
 */
void sky_config_motion(struct sky_tracker_config *tracker, enum sky_motion_kind kind);

/** The kind that fits a sensor's reach: drones below 10 km, mixed below 30 km, else aircraft. */
enum sky_motion_kind sky_config_motion_for(double range_max_m);

/** The kind that fits the radar that sees farthest; aircraft if there is no radar. */
enum sky_motion_kind sky_config_motion_seen(const struct sky_config *config);

/**
 * A radar at the station with elevation and Doppler, without a name: 30 m, 3 mrad, 6 mrad, 1.5 m/s,
 * no biases stated, 100 km, from -5 degrees up, 4 s, 9 of 10 seen, 10 false plots a scan.
 */
void sky_config_sensor_default(struct sky_sensor_config *ret_sensor);

/**
 * Checks every field against the range stated above.
 * Returns SKY_E_RANGE and points *ret_field (static storage) at the name of the first field that is
 * out of range, such as "sensor.scan_ns"; *ret_field is untouched on SKY_OK.
 */
SKY_NODISCARD enum sky_status sky_config_check(const struct sky_config *config,
                                               const char **ret_field);

#endif
