/**
 * sky_tracker: which plots belong to which aircraft, and which aircraft exist.
 *
 * Plots of one look are gated against all tracks (chi-square on the joint innovation), assigned
 * globally at least cost (log-likelihood ratio against clutter; sky_assign), first among confirmed
 * tracks, then among tentative ones, and what is left over starts new ones. M-of-N and an existence
 * of 0.99 confirm; existence is the track's log-odds (Wald's sequential test, Blackman and Popoli,
 * Design and Analysis of Modern Tracking Systems, 1999, sec. 6.2). Fixed memory. Plots are taken by
 * time, then range, then azimuth, and tracks by id, so neither their order in a batch nor in the
 * table decides anything.
 *
 * Clutter is taken as uniform over what the sensor can measure: range_max_m, the full circle,
 * elevations of 0 to 90 degrees, radial speeds up to +-speed_max_mps, heights over 20 km.
 */
#ifndef SKY_TRACKER_H
#define SKY_TRACKER_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_assign.h"
#include "sky_base.h"
#include "sky_config.h"
#include "sky_filter.h"
#include "sky_obs.h"

enum sky_track_status {
    SKY_TRACK_FREE = 0, /* the slot is empty */
    SKY_TRACK_TENTATIVE,
    SKY_TRACK_CONFIRMED,
    SKY_TRACK_COASTING /* confirmed, but unseen for longer than coast_ns */
};

/** Running kinematic features of a confirmed track, for classification. */
struct sky_track_features {
    uint32_t samples;
    double speed_mean_mps; /* horizontal */
    double speed_max_mps;  /* largest of the smoothed speeds */
    double height_mean_m;  /* above the ellipsoid */
    double height_min_m;
    double height_max_m;
    double climb_max_mps;  /* magnitude */
    double turn_max_radps; /* magnitude of the smoothed course rate */
    double hover_share;    /* share of samples below 3 m/s, [0, 1] */
    double rcs_mean_dbsm;  /* over rcs_samples */
    uint32_t rcs_samples;
};

struct sky_track {
    uint32_t id; /* 1, 2, 3, ...; never reused within one run of an engine */
    enum sky_track_status status;
    struct sky_filter filter;
    int64_t started_ns;                  /* time of the first plot */
    int64_t confirmed_ns;                /* meaningful once confirmed */
    int64_t seen_ns;                     /* time of the latest plot used */
    int64_t seen_by_ns[SKY_SENSORS_MAX]; /* 0: never seen by that sensor */
    double log_odds;                     /* of existence; natural logarithm, clamped to +-20 */
    uint32_t hits;
    uint32_t looks;       /* hits, and scans missed by sensors that have seen it */
    uint32_t hit_history; /* bit 0: the latest look */
    uint32_t sensors;     /* bit i: sensor i contributed */
    uint32_t last_sensor;
    double last_distance2;   /* normalised innovation squared of the latest update ... */
    uint32_t last_dimension; /* ... and its degrees of freedom */
    uint32_t icao_address;   /* 0: none heard */
    uint16_t mode_3a;        /* meaningful if has_mode_3a */
    bool has_mode_3a;
    char callsign[9]; /* "" if none heard */
    struct sky_track_features features;
    /* private */
    int64_t look_ns[SKY_SENSORS_MAX]; /* per sensor, the latest look that was counted */
    uint32_t twin_id;                 /* the track it may be a duplicate of ... */
    uint32_t twin_updates;            /* ... for so many updates of either in a row */
    int64_t smoothed_ns;
    double smoothed_speed_mps;
    double smoothed_climb_mps;
    double smoothed_turn_radps;
    bool course_known; /* and not lost in noise */
    double course_rad;
};

/** Why plots were not used. Only ever grows. */
struct sky_tracker_stats {
    uint64_t used;         /* updated or started a track */
    uint64_t out_of_range; /* beyond range_max_m or nearer than 1 m */
    uint64_t too_old;      /* older by more than SKY_LATE_MAX_NS than the only track it would fit */
    uint64_t no_room;      /* track table full */
    uint64_t left_over;    /* unassigned, but beside a confirmed track: no new one */
    uint64_t duplicates;   /* tracks dropped because another follows the same aircraft */
};

/**
 * What one call did to a confirmed track. Tentative ones come and go without notice; the update
 * that confirms one is the first to be told.
 */
enum sky_track_change {
    SKY_TRACK_UPDATED = 1U << 0,
    SKY_TRACK_NOW_CONFIRMED = 1U << 1,
    SKY_TRACK_NOW_COASTING = 1U << 2,
    SKY_TRACK_NOW_LOST = 1U << 3 /* unseen too long, or a duplicate; freed at the next call */
};

/** What the tracker remembers of a sensor. Private. */
struct sky_tracker_sensor {
    struct sky_enu origin; /* at its latest plots */
    int64_t lag_ns;        /* how far its plots trail the ticks: the worst, slowly forgotten */
};

/** A track as the cheap gate sees it. Private. */
struct sky_tracker_reach {
    int64_t time_ns;
    double place[3];
    double velocity_mps[3];
    double spread_m2; /* of position, and its first and second power of time */
    double spread_m2ps;
    double spread_m2ps2;
    uint32_t row; /* in active */
};

struct sky_tracker {
    struct sky_tracker_stats stats;
    uint32_t next_id;
    struct sky_track track[SKY_TRACKS_MAX];
    uint32_t change[SKY_TRACKS_MAX]; /* sky_track_change of the latest call, by slot */
    /* private */
    int64_t tick_ns;
    bool ticked;
    uint32_t active_count;
    uint32_t active[SKY_TRACKS_MAX];        /* slots in use, by track id */
    struct sky_enu seen_at[SKY_TRACKS_MAX]; /* where each slot's latest update left it */
    struct sky_tracker_sensor sensor[SKY_SENSORS_MAX];
    double gate_probability; /* that gate2 was made for; 0: none yet */
    double gate2[6];         /* chi-square quantiles by degrees of freedom */
    /* scratch of one call, kept here so that it is not on the stack */
    struct sky_tracker_scratch {
        uint32_t count;
        uint32_t order[SKY_PLOTS_MAX]; /* indices of usable plots as they are taken */
        struct sky_enu place[SKY_PLOTS_MAX];
        double spread_m2[SKY_PLOTS_MAX]; /* trace of the covariance of place */
        bool used[SKY_PLOTS_MAX];
        bool claimed[SKY_PLOTS_MAX]; /* in the gate of a confirmed track */
        bool stale[SKY_PLOTS_MAX];   /* too old for a track it may belong to */
        uint32_t reach_count;
        struct sky_tracker_reach reach[SKY_TRACKS_MAX];
        struct sky_assign assign; /* rows: active tracks; columns: plots of the look */
    } scratch;
};

/** An empty table. */
void sky_tracker_init(struct sky_tracker *tracker);

/**
 * Takes the plots of one sensor from one input, each already timed on the station's axis by the
 * engine (measurement.time_ns) and checked. plot[i] and measurement[i] belong together; sets
 * tracker->change for every slot.
 * A track takes at most one plot of a sensor per 0.4 scans. Plots may come late and out of order:
 * up to SKY_LATE_MAX_NS older than the track they update. Where several radars have seen a track,
 * their bias sigmas count as random errors; a single radar's own bias is common to all its plots
 * and left to sky_assess.
 * A plot within two gates of a confirmed track that is not coasting starts no new track.
 * Two tracks that stay at one place (chi-square below 3 in position and 8 in velocity, of 3 degrees
 * of freedom each; below 11.3 if one takes all the plots) for 6 updates of either are one aircraft:
 * the tentative, else the younger one, is dropped.
 * Pre: count <= SKY_PLOTS_MAX, sensor < config->sensor_count, the preconditions of sky_filter.
 * Cost: O(tracks x plots) distance checks, full gates only for those within reach, then
 * assignment within clusters. No allocation.
 */
void sky_tracker_plots(struct sky_tracker *tracker, const struct sky_config *config,
                       uint32_t sensor, const struct sky_sensor_pose *pose,
                       const struct sky_geo_frame *frame, size_t count, const struct sky_plot *plot,
                       const struct sky_measurement *measurement);

/**
 * Time passed: misses are counted, tracks coast and are lost. Sets tracker->change.
 * A look is missed when a sensor that has seen the track, and has it within range_max_m, should
 * have seen it again 1.5 scans ago, allowing for how late its plots have been arriving. A sensor
 * that never saw the track may be masked: its silence says nothing.
 */
void sky_tracker_tick(struct sky_tracker *tracker, const struct sky_config *config,
                      int64_t time_ns);

/** Probability that the track is an aircraft: 1 / (1 + exp(-log_odds)). */
double sky_track_existence(const struct sky_track *track);

#endif
