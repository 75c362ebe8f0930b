/**
 * sky_tracker: which plots belong to which aircraft, and which aircraft exist.
 *
 * Plots of one look are gated against all tracks (chi-square on the joint innovation), assigned
 * globally at least cost (log-likelihood ratio against clutter; shortest augmenting paths, Jonker
 * and Volgenant 1987), and what is left over starts tentative tracks. M-of-N confirms; existence is
 * the track's log-odds (Wald's sequential test, Blackman and Popoli 1999, sec. 6.2). Ties break by
 * lower track id, then lower plot index. Fixed memory; nothing depends on table order.
 */
#ifndef SKY_TRACKER_H
#define SKY_TRACKER_H

#include <stdbool.h>
#include <stddef.h>

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
    uint32_t looks;       /* scans since the start */
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
};

/** Why plots were not used. Only ever grows. */
struct sky_tracker_stats {
    uint64_t used;         /* updated or started a track */
    uint64_t out_of_range; /* beyond range_max_m or impossible */
    uint64_t too_old;      /* more than 10 s older than the track they would update */
    uint64_t no_room;      /* track table full */
    uint64_t left_over;    /* unassigned and not fit to start a track */
};

/** What one call did to a track. */
enum sky_track_change {
    SKY_TRACK_UPDATED = 1U << 0,
    SKY_TRACK_NOW_CONFIRMED = 1U << 1,
    SKY_TRACK_NOW_COASTING = 1U << 2,
    SKY_TRACK_NOW_LOST = 1U << 3 /* the slot is freed at the next call */
};

struct sky_tracker {
    struct sky_tracker_stats stats;
    uint32_t next_id;
    struct sky_track track[SKY_TRACKS_MAX];
    uint32_t change[SKY_TRACKS_MAX]; /* sky_track_change of the latest call, by slot */
    /* private: scratch for gating and assignment, kept here so that nothing is on the stack */
    struct sky_tracker_scratch {
        double cost[SKY_TRACKS_MAX];
        struct sky_measurement measurement[SKY_PLOTS_MAX];
        uint32_t owner[SKY_PLOTS_MAX];
    } scratch;
};

/** An empty table. */
void sky_tracker_init(struct sky_tracker *tracker);

/**
 * Takes the plots of one sensor from one input, each already timed on the station's axis by the
 * engine (measurement.time_ns) and checked. plot[i] and measurement[i] belong together; sets
 * tracker->change for every slot.
 * Cost: O(tracks x plots) gates, then assignment within clusters. No allocation.
 */
void sky_tracker_plots(struct sky_tracker *tracker, const struct sky_config *config,
                       uint32_t sensor, const struct sky_sensor_pose *pose,
                       const struct sky_geo_frame *frame, size_t count, const struct sky_plot *plot,
                       const struct sky_measurement *measurement);

/** Time passed: misses are counted, tracks coast and are lost. Sets tracker->change. */
void sky_tracker_tick(struct sky_tracker *tracker, const struct sky_config *config,
                      int64_t time_ns);

/** Probability that the track is an aircraft: 1 / (1 + exp(-log_odds)). */
double sky_track_existence(const struct sky_track *track);

#endif
