/**
 * sky_claim: plots that ask for a track - in their order, in groups of rivals, waiting for more.
 *
 * Plots are taken by sensor, time and then by everything they measure and say of who it is, so that
 * their order in a batch decides nothing. Those of one sensor within half a scan are one look, of
 * which no two can be one aircraft; plots of a look that share a candidate are one group and are
 * decided together.
 */
#ifndef SKY_CLAIM_H
#define SKY_CLAIM_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_reach.h"
#include "sky_track.h"

enum {
    SKY_WAITING_MAX = 64, /* plots that wait for their rivals; more are not held */
    SKY_CLAIMS_MAX = SKY_PLOTS_MAX + SKY_WAITING_MAX, /* plots at hand at once */
    SKY_CANDIDATES_MAX = 8 /* tracks a plot is offered to: the likeliest */
};

/** A plot that asks for a track. */
struct sky_claim {
    struct sky_look look;
    struct sky_remark remark;
    int64_t arrival_ns;
    /* private */
    struct sky_spot spot;
    double log_clutter;
    double detection;
    uint32_t cell;
    bool wanted;   /* in the gate of a believed track */
    bool stale;    /* too old for a track it may belong to */
    bool repeated; /* the same came before: it is at hand, or a track has it */
    bool waits;    /* for its rivals: put aside until the next call */
    bool done;
    uint32_t candidate_count;
    uint32_t group;           /* position of the first of its group; of that one: ... */
    uint32_t group_size;      /* ... how many they are, */
    int64_t group_arrival_ns; /* and when the earliest of them came */
    struct sky_candidate {
        uint32_t slot;
        double cost;
    } candidate[SKY_CANDIDATES_MAX];
};

/** The plots at hand. */
struct sky_claims {
    uint32_t count;
    uint32_t waiting_count;
    struct sky_claim claim[SKY_CLAIMS_MAX]; /* those that wait come first */
    uint32_t order[SKY_CLAIMS_MAX];         /* indices of claims by position */
    /* private */
    uint32_t merged[SKY_CLAIMS_MAX];
    uint32_t first_for[SKY_TRACKS_MAX]; /* by slot: position of the first of a look to want it */
};

/** Another plot; NULL if SKY_CLAIMS_MAX are at hand. Look, remark and arrival_ns are copied. */
struct sky_claim *sky_claim_add(struct sky_claims *claims, const struct sky_claim *offered);

/**
 * Puts all claims in order. The same plot again comes next to itself: repeated and done with.
 * Nobody waits any more. Cost: O(n log n), O(n) if they are in order.
 */
void sky_claim_sort(struct sky_claims *claims);

/** The claim at a position of that order. */
static inline struct sky_claim *sky_claim_at(struct sky_claims *claims, uint32_t position)
{
    return &claims->claim[claims->order[position]];
}

/** The position after the look that begins at `first`: one sensor, less than span_ns. */
uint32_t sky_claim_look_end(struct sky_claims *claims, uint32_t first, int64_t span_ns);

/** Offers a claim a track; the SKY_CANDIDATES_MAX of least cost are kept. */
void sky_claim_offer(struct sky_claim *claim, uint32_t slot, double cost);

/** Puts claims of a look that share a candidate into one group. Cost: O(claims x candidates). */
void sky_claim_group(struct sky_claims *claims, uint32_t first, uint32_t last);

/** Does nobody else want the only track that this claim may have? */
bool sky_claim_is_alone(struct sky_claims *claims, uint32_t position);

/**
 * Lets undecided claims wait, done for now, whose group has not been at hand for hold_ns: at most
 * SKY_WAITING_MAX at once.
 */
void sky_claim_hold(struct sky_claims *claims, uint32_t first, uint32_t last, int64_t time_ns,
                    int64_t hold_ns);

/** Those that wait stay at hand; the others are over. */
void sky_claim_keep_waiting(struct sky_claims *claims);

#endif
