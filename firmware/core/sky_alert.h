/**
 * sky_alert: on which side of one line a track is, and the first moment at which that can be said.
 *
 * One look is enough: an incident asks for more of them, a notice does not. A track is inside from
 * the look on at which its existence times P reaches p_enter, P being P(inside) times P(between
 * floor and ceiling); it is outside from the look on at which P is down to p_exit. Between the two
 * it stays where it was. Existence counts for the way in alone: an aircraft that is hardly believed
 * in has entered nothing, but one that ceases to be believed in has not left.
 *
 * Looks are updates and, between them, predictions, as long as the track was seen a moment ago
 * (fresh). Any other look is passed over, whatever it says: unseen, a track neither enters nor
 * leaves. One that flies out while nobody looks is inside until it is seen outside, or is lost
 * inside; its crossing is then placed between the two looks that were fresh.
 */
#ifndef SKY_ALERT_H
#define SKY_ALERT_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"

enum sky_line_side {
    SKY_SIDE_UNKNOWN = 0, /* no look was clear yet */
    SKY_SIDE_OUTSIDE,
    SKY_SIDE_INSIDE
};

/** A track against a line at one instant. */
struct sky_alert_look {
    int64_t time_ns;
    double distance_m; /* signed: negative inside */
    double p;          /* of being inside and between the heights, if it exists; [0, 1] */
};

/** One track under one line. Plain data; all zero before the first look. */
struct sky_alert {
    int64_t half_ns; /* when P last passed 1/2; meaningful once that happened */
    struct sky_alert_look previous;
    enum sky_line_side side;
    bool has_previous;
    uint16_t edge; /* for whoever assesses: 1 + how many edges after the line's first the track was
                      nearest to lately; 0: not known */
};

/** What a look made known. */
enum sky_alert_notice {
    SKY_ALERT_NOTHING = 0,
    SKY_ALERT_ENTERED,      /* from outside; half_ns says when */
    SKY_ALERT_FOUND_INSIDE, /* and never known outside */
    SKY_ALERT_LEFT          /* from inside; half_ns says when */
};

/**
 * When P passed 1/2 between two looks: where the signed distance changes sign if it does (it moves
 * evenly, P saturates), else in proportion to P.
 * Pre: (before->p < 0.5) != (now->p < 0.5).
 */
int64_t sky_alert_half_ns(const struct sky_alert_look *before, const struct sky_alert_look *now);

/**
 * Takes a look; existence in [0, 1]. Looks come in the order in which they are made: the time of an
 * update may lie before that of a prediction made earlier.
 */
enum sky_alert_notice sky_alert_look(struct sky_alert *alert,
                                     const struct sky_incident_config *config,
                                     const struct sky_alert_look *look, double existence,
                                     bool fresh);

#endif
