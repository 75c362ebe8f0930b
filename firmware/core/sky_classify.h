/**
 * sky_classify: what kind of incident a closed incident was, what kind of object made it, and why.
 *
 * The kind follows from the record under every line, by the rules in sky_classify.c's one table.
 * The class follows from Bayes' rule over published kinematic envelopes, with a flat "unknown" that
 * wins whenever nothing fits; below 0.7 it abstains, and with fewer than three looks ten seconds
 * apart. A flight's means are one draw of what its class does, however long it is watched: n looks
 * weigh as sqrt(n) / 2, 1.25 at most, which makes probabilities come true as often as they say
 * (sim.catalogue). Silence counts only where others have been heard to answer, a
 * height only if it was measured, and what an aircraft says it is counts thirty to one.
 * Motion alone never names a type, a nation or an intent.
 */
#ifndef SKY_CLASSIFY_H
#define SKY_CLASSIFY_H

#include "sky_base.h"
#include "sky_incident.h"
#include "sky_stay.h"
#include "sky_tracker.h"

enum sky_kind {
    SKY_KIND_UNDETERMINED = 1,
    SKY_KIND_INCURSION,           /* inside under every line */
    SKY_KIND_CONTESTED_INCURSION, /* inside under some lines only */
    SKY_KIND_REPEATED_ENTRY,      /* inside under every line, two or more entries under some */
    SKY_KIND_STARTED_INSIDE,
    SKY_KIND_GRAZE,           /* deepest point shallower than its own bound, wherever inside */
    SKY_KIND_NEAR_MISS,       /* came near, never inside under any line */
    SKY_KIND_LOITER,          /* stayed inside about one place */
    SKY_KIND_TRANSIT,         /* went through, nearly straight */
    SKY_KIND_SENSOR_ARTEFACT, /* nothing that flies: clutter, interference */
    SKY_KIND_END              /* one more than the last */
};

enum sky_class {
    SKY_CLASS_UNKNOWN = 0,
    SKY_CLASS_MALE_UAV, /* consistent with medium-altitude long-endurance */
    SKY_CLASS_MULTIROTOR,
    SKY_CLASS_SMALL_FIXED_WING,
    SKY_CLASS_LIGHT_AIRCRAFT,
    SKY_CLASS_HELICOPTER,
    SKY_CLASS_JET,
    SKY_CLASS_AIRLINER,
    SKY_CLASS_BIRD,
    SKY_CLASS_CLUTTER, /* echoes of what does not fly: ground, sea, rain, turbines */
    SKY_CLASS_COUNT
};

/** Facts that decided, as bits; sky_classify_reason turns each into words. */
enum sky_reason {
    SKY_REASON_INSIDE_ALL_LINES = 1U << 0,
    SKY_REASON_INSIDE_SOME_LINES = 1U << 1,
    SKY_REASON_DEPTH_BELOW_BOUND = 1U << 2,
    SKY_REASON_SEVERAL_ENTRIES = 1U << 3,
    SKY_REASON_FIRST_SEEN_INSIDE = 1U << 4,
    SKY_REASON_LOST_INSIDE = 1U << 5,
    SKY_REASON_TURNED_BACK = 1U << 6,
    SKY_REASON_SPEED = 1U << 7,
    SKY_REASON_HEIGHT = 1U << 8,
    SKY_REASON_CLIMB = 1U << 9,
    SKY_REASON_TURN = 1U << 10,
    SKY_REASON_HOVER = 1U << 11,
    SKY_REASON_RCS = 1U << 12,
    SKY_REASON_IDENTITY = 1U << 13, /* it answered: ICAO address or callsign */
    SKY_REASON_TOO_FEW_LOOKS = 1U << 14,
    SKY_REASON_NO_CLASS_FITS = 1U << 15,
    SKY_REASON_EMITTER = 1U << 16,      /* what it said it is */
    SKY_REASON_LOITERED = 1U << 17,     /* inside for long, and not far */
    SKY_REASON_WENT_THROUGH = 1U << 18, /* in and out nearly straight */
    SKY_REASON_TOUCHED = 1U << 19,      /* measured inside, but not shown to be */
    SKY_REASON_NEAR = 1U << 20,
    SKY_REASON_LOST_ON_THE_WAY = 1U << 21, /* to a line, near enough to have reached it */
    SKY_REASON_STOOD_STILL = 1U << 22,
    SKY_REASON_IMPOSSIBLE = 1U << 23, /* no aircraft moves so */
    SKY_REASON_CLUTTER = 1U << 24,
    SKY_REASON_MAYBE_CLUTTER = 1U << 25,
    SKY_REASON_COUNT = 26
};

/** Who did it, as far as is known. */
struct sky_subject {
    const struct sky_track_features *features;
    const struct sky_stay *stay; /* its longest inside; NULL: nothing is known of any */
    int64_t watched_ns;          /* from its confirmation to its latest plot, >= 0 */
    bool has_height;             /* measured at least once, by whatever means */
    bool listened; /* somebody's answer has been heard, so that silence says something */
    bool answered;
    uint8_t emitter; /* what it says it is, as in I021/020; 0: nothing */
};

struct sky_classification {
    enum sky_kind kind;
    enum sky_class target;               /* SKY_CLASS_UNKNOWN when abstaining */
    double probability[SKY_CLASS_COUNT]; /* sums to 1; [SKY_CLASS_UNKNOWN] is "none of these" */
    uint32_t reasons;                    /* sky_reason bits */
};

/**
 * Classifies what has ended: a closed incident, or an approach that never became one.
 */
void sky_classify(const struct sky_incident *incident, const struct sky_subject *subject,
                  struct sky_classification *ret_classification);

/** Names for people and files, static storage: "incursion", "male-uav". Pre: an enumerator. */
const char *sky_classify_kind_name(enum sky_kind kind);
const char *sky_classify_class_name(enum sky_class target);
/** Words such as "speed fits", static storage. Pre: reason is exactly one bit of sky_reason. */
const char *sky_classify_reason(uint32_t reason);

#endif
