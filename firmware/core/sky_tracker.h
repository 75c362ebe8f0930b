/**
 * sky_tracker: which plots belong to which aircraft, and which aircraft exist.
 *
 * Plots are gated against all tracks (chi-square on the joint innovation) and assigned globally at
 * least cost (log-likelihood ratio against clutter; sky_assign), first among tracks that are
 * believed, then among tentative ones; what is left over starts new ones. A plot that only one
 * track can want is used at once; plots that are contested wait hold_ns for their rivals of the
 * same sweep, so that two aircraft side by side are told apart by both their plots.
 *
 * Existence is the track's log-odds (sky_track): a track begins with the density of new aircraft
 * over that of clutter at its first plot, and is confirmed when the evidence is enough - two plots
 * in a clear sky, many in a hot spot. Density of clutter and probability of detection are learned
 * per sensor and region (sky_clutter). Biases of sensors are learned where two see the same
 * aircraft (sky_register), innovations are watched per sensor (sky_nis).
 *
 * Fixed memory. Plots are taken by sensor, time, range, azimuth, elevation and place, and tracks by
 * id, so neither their order in a batch nor in the table decides anything.
 */
#ifndef SKY_TRACKER_H
#define SKY_TRACKER_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_assign.h"
#include "sky_base.h"
#include "sky_clutter.h"
#include "sky_config.h"
#include "sky_nis.h"
#include "sky_obs.h"
#include "sky_register.h"
#include "sky_track.h"

enum {
    SKY_CLAIMS_MAX = SKY_PLOTS_MAX, /* plots at hand at once, waiting ones included */
    SKY_WAITING_MAX = 64,           /* plots that wait for their rivals; more are not held */
    SKY_CANDIDATES_MAX = 8,         /* tracks a plot is offered to: the likeliest */
    SKY_FITTED_MAX = 48             /* filters kept between gating and updating */
};

/** Why plots were not used. Only ever grows. */
struct sky_tracker_stats {
    uint64_t used;         /* updated or started a track */
    uint64_t out_of_range; /* beyond range_max_m or nearer than 1 m */
    uint64_t too_old;      /* too old for the only track it would fit */
    uint64_t no_room;      /* track table full */
    uint64_t repeated;     /* the same plot again */
    uint64_t clutter;      /* started or prolonged a track that came to nothing */
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
    SKY_TRACK_NOW_LOST = 1U << 3 /* gone, or a duplicate; freed at the next call */
};

/** A plot that asks for a track. */
struct sky_claim {
    struct sky_look look;
    struct sky_remark remark;
    int64_t arrival_ns;
    /* private */
    struct sky_enu place;
    double spread_m2; /* trace of the covariance of place */
    double near_m;    /* its part in the coarsest gate */
    double log_clutter;
    double detection;
    uint32_t cell;
    bool wanted;   /* in the gate of a believed track */
    bool stale;    /* too old for a track it may belong to */
    bool repeated; /* a track has this very plot already */
    bool done;
    uint32_t group; /* of claims that share candidates: index of its first */
    uint32_t candidate_count;
    struct sky_candidate {
        uint32_t slot;
        double cost;
    } candidate[SKY_CANDIDATES_MAX];
};

/** What the tracker knows of a sensor. */
struct sky_tracker_sensor {
    uint64_t plots; /* offered ... */
    uint64_t used;  /* ... and used */
    struct sky_clutter clutter;
    struct sky_nis nis;
    /* private */
    bool stands;                 /* it is a radar that has been heard, and stood then at ... */
    struct sky_sensor_pose pose; /* ... this place */
    int64_t lag_ns;              /* how far its plots trail: the worst, slowly forgotten */
    double log_birth;            /* density of new aircraft per scan; polar, with Doppler */
    double slack2[SKY_BIASES];   /* variance that its unknown bias adds between sensors */
};

/** A track as the cheap gate sees it. Private. */
struct sky_tracker_reach {
    int64_t time_ns;
    double place[3];
    double velocity_mps[3];
    bool tentative;
    double near_m;    /* east or north, beyond which nothing can be its plot within coarse_ns */
    double spread_m2; /* of position, and its first and second power of time */
    double spread_m2ps;
    double spread_m2ps2;
};

struct sky_tracker {
    struct sky_tracker_stats stats;
    uint32_t next_id;
    struct sky_track_rules rules;
    struct sky_tracker_sensor sensor[SKY_SENSORS_MAX];
    struct sky_register registration;
    uint32_t nis_changed;            /* sensors whose bounds were crossed in this call, bits */
    uint32_t change[SKY_TRACKS_MAX]; /* sky_track_change of the latest call, by slot ... */
    uint32_t touched_count;          /* ... and which slots that concerns, in order */
    uint32_t touched[SKY_TRACKS_MAX];
    /* private */
    bool untidy; /* active lists freed slots */
    uint32_t active_count;
    uint32_t active[SKY_TRACKS_MAX];                /* slots in use, by track id */
    struct sky_tracker_reach reach[SKY_TRACKS_MAX]; /* by slot */
    double gate2[SKY_LINES_OF_MEASUREMENT_MAX + 1]; /* chi-square quantiles by degrees of freedom */
    double noise_m2ps3;
    /* from here on not cleared by init */
    struct sky_track track[SKY_TRACKS_MAX];
    uint32_t claim_count;
    struct sky_claim claim[SKY_CLAIMS_MAX]; /* those that wait come first */
    struct sky_tracker_scratch {
        uint32_t waiting_count;
        uint32_t order[SKY_CLAIMS_MAX];     /* indices of claims as they are taken */
        uint32_t wanted_by[SKY_TRACKS_MAX]; /* by slot: first claim of this look that may have it */
        uint32_t row_of[SKY_TRACKS_MAX];
        uint32_t slot_of[SKY_TRACKS_MAX];
        struct sky_fitted {
            struct sky_imm imm;
            struct sky_innovation innovation;
        } fitted[SKY_FITTED_MAX]; /* of a claim against its first candidate */
        struct sky_imm imm;
        struct sky_assign assign; /* rows: tracks of contested plots; columns: those plots */
    } scratch;
};

/** An empty table, with rules and priors from the configuration. Pre: sky_config_check passed. */
void sky_tracker_init(struct sky_tracker *tracker, const struct sky_config *config,
                      int64_t time_ns);

/**
 * Offers a plot. look (with raw, and sensor < config->sensor_count), remark and arrival_ns are set;
 * the rest is the tracker's. Returns SKY_E_RANGE, only counted, if the plot is beyond the sensor's
 * range or nearer than 1 m; SKY_E_CAPACITY if there are SKY_CLAIMS_MAX plots at hand already.
 */
SKY_NODISCARD enum sky_status sky_tracker_offer(struct sky_tracker *tracker,
                                                const struct sky_config *config,
                                                const struct sky_claim *claim);

/**
 * Uses the plots offered. Sets change, touched and nis_changed.
 * A track takes at most one plot of a sensor per 0.4 scans. A plot that a believed track could
 * have had, but did not get, starts a new one only against odds of 400 to 1 more.
 * Two tracks that stay at one place (chi-square below 3 in position and 8 in velocity, of 3 degrees
 * of freedom each; below 11.3 if one takes all the plots) for 6 updates of either are one aircraft
 * unless one sensor saw both in one scan: the tentative, else the younger one, is dropped.
 * Cost: O(tracks x plots) distance checks, a filter update for those within reach, assignment
 * within groups of contested plots. No allocation.
 */
void sky_tracker_run(struct sky_tracker *tracker, const struct sky_config *config,
                     const struct sky_geo_frame *frame, int64_t time_ns);

/**
 * As sky_tracker_run; besides, time passed: looks that stayed empty are counted, tracks coast and
 * are lost. A look counts as empty when a sensor that has seen the track, and covers where it is,
 * should have seen it again 0.3 scans ago, allowing for how late its plots have been arriving.
 */
void sky_tracker_tick(struct sky_tracker *tracker, const struct sky_config *config,
                      const struct sky_geo_frame *frame, int64_t time_ns);

#endif
