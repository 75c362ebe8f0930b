/**
 * sky_tracker: which plots belong to which aircraft, and which aircraft exist.
 *
 * Plots are gated against all tracks (sky_reach; chi-square on the joint innovation) and assigned
 * globally at least cost (log-likelihood ratio against clutter; sky_assign), first among tracks
 * that are believed, then among tentative ones; what is left over starts new ones. A plot that only
 * one track can want is used at once; plots that are contested wait hold_ns for their rivals of the
 * same sweep, so that two aircraft side by side are told apart by both their plots (sky_claim).
 *
 * Existence is the track's log-odds (sky_track): a track begins with the density of new aircraft
 * over that of clutter at its first plot, and is confirmed when the evidence is enough - two plots
 * in a clear sky, many in a hot spot. What sensors see and miss is learned on the way (sky_watch),
 * and their biases where two see the same aircraft (sky_register).
 *
 * Fixed memory. Tracks are taken by age, plots by what they say, so neither their order in a batch
 * nor in the table decides anything.
 */
#ifndef SKY_TRACKER_H
#define SKY_TRACKER_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_assign.h"
#include "sky_base.h"
#include "sky_claim.h"
#include "sky_config.h"
#include "sky_geo.h"
#include "sky_miss.h"
#include "sky_reach.h"
#include "sky_register.h"
#include "sky_track.h"
#include "sky_twin.h"
#include "sky_watch.h"

enum {
    SKY_FITTED_MAX = 8 /* filters kept between gating and updating */
};

/** Why plots were not used. Only ever grows. */
struct sky_tracker_stats {
    uint64_t used;         /* updated or started a track */
    uint64_t out_of_range; /* beyond range_max_m or nearer than 1 m */
    uint64_t too_old;      /* too old for the only track it would fit */
    uint64_t no_room;      /* starts that found the table full: refused, or in place of others */
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

/** Why a plot that was offered was not used; the engine reports each by sensor. */
enum sky_refusal { SKY_REFUSED_TOO_OLD, SKY_REFUSED_REPEATED, SKY_REFUSED_NO_ROOM };

struct sky_tracker {
    struct sky_tracker_stats stats;
    uint32_t refused[SKY_SENSORS_MAX][SKY_REFUSED_NO_ROOM + 1]; /* in the latest call */
    uint32_t next_id;     /* of the next track that is confirmed ... */
    uint64_t next_serial; /* ... and the next that is started */
    struct sky_track_rules rules;
    struct sky_watch sensor[SKY_SENSORS_MAX];
    struct sky_register registration;
    bool answers_heard;              /* of any aircraft: silence says something from then on */
    uint32_t nis_changed;            /* sensors whose bounds were crossed in this call, bits */
    uint32_t change[SKY_TRACKS_MAX]; /* sky_track_change of the latest call, by slot ... */
    uint32_t touched_count;          /* ... and which slots that concerns, in order */
    uint32_t touched[SKY_TRACKS_MAX];
    /* private */
    uint32_t active_count;
    uint32_t active[SKY_TRACKS_MAX]; /* slots in use, by age */
    struct sky_reach_list listed[2]; /* believed, tentative; by age */
    uint32_t free_from;              /* no slot before it is free */
    int64_t single_from_ns;          /* no start with a single plot is older */
    uint32_t freed_count;            /* slots that are still listed, though free */
    uint32_t freed[SKY_TRACKS_MAX];
    struct sky_reach reach[SKY_TRACKS_MAX]; /* by slot */
    struct sky_reach_gates gates;
    uint32_t slack_outdated; /* sensors whose slack was set before registration learned, bits */
    /* from here on not cleared by init */
    struct sky_track track[SKY_TRACKS_MAX];
    struct sky_claims claims;
    struct sky_tracker_scratch {
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
 * A track takes at most one plot of a sensor per 0.4 scans; looks of that sensor that should have
 * come until half a scan before it stayed empty. A plot that a believed track could
 * have had, but did not get, starts a new one only against odds of 400 to 1 more.
 * Of two tracks that follow one aircraft (sky_twin) the weaker is dropped.
 * Cost: O(tracks x plots) distance checks, a filter update for those within reach, assignment
 * within groups of contested plots. No allocation.
 */
void sky_tracker_run(struct sky_tracker *tracker, const struct sky_config *config,
                     const struct sky_geo_frame *frame, int64_t time_ns);

/**
 * As sky_tracker_run; besides, time passed: looks that stayed empty are counted, tracks coast and
 * are lost. A look counts as empty when a sensor that has seen the track, and covers where it is,
 * should have seen it again 0.1 scans ago, allowing for how late its plots have been arriving.
 */
void sky_tracker_tick(struct sky_tracker *tracker, const struct sky_config *config,
                      const struct sky_geo_frame *frame, int64_t time_ns);

/**
 * Probability that the track in a slot is an aircraft, by what is known at an instant after the
 * latest call: as then, less what a look that fell due since and stayed empty takes of it (of each
 * sensor one: ticks are to come at least that often).
 */
double sky_tracker_existence_at(const struct sky_tracker *tracker, const struct sky_config *config,
                                uint32_t slot, int64_t time_ns);

#endif
