#include "sky_classify.h"

#include <stdbool.h>
#include <string.h>

#include "sky_math.h"

/* ------------------------------------------------------------------------------ what happened */

/*
 * The one table of kinds: the first rule whose facts all hold names the kind. Facts that lost stay
 * among the reasons. What is no aircraft comes first, since nothing else can be said of it; then
 * how surely it was inside; then what it did there; last what never was inside.
 */
static const struct {
    uint32_t needs;
    enum sky_kind kind;
} kind_rule[] = {
    {SKY_REASON_IMPOSSIBLE, SKY_KIND_SENSOR_ARTEFACT},
    {SKY_REASON_STOOD_STILL, SKY_KIND_SENSOR_ARTEFACT},
    {SKY_REASON_CLUTTER, SKY_KIND_SENSOR_ARTEFACT},
    {SKY_REASON_MAYBE_CLUTTER, SKY_KIND_UNDETERMINED},
    {SKY_REASON_FIRST_SEEN_INSIDE, SKY_KIND_STARTED_INSIDE},
    {SKY_REASON_DEPTH_BELOW_BOUND, SKY_KIND_GRAZE},
    {SKY_REASON_INSIDE_SOME_LINES, SKY_KIND_CONTESTED_INCURSION},
    {SKY_REASON_SEVERAL_ENTRIES, SKY_KIND_REPEATED_ENTRY},
    {SKY_REASON_LOITERED, SKY_KIND_LOITER},
    {SKY_REASON_WENT_THROUGH, SKY_KIND_TRANSIT},
    {SKY_REASON_INSIDE_ALL_LINES, SKY_KIND_INCURSION},
    {SKY_REASON_LOST_ON_THE_WAY, SKY_KIND_UNDETERMINED},
    {SKY_REASON_TOUCHED, SKY_KIND_GRAZE},
    {SKY_REASON_NEAR, SKY_KIND_NEAR_MISS},
    {0, SKY_KIND_UNDETERMINED},
};

/* And its thresholds. */
static const double near_m = 1000.0;       /* about what public lines of one border differ by */
static const double arrive_s = 60.0;       /* as near as this at its speed, it may have arrived */
static const int64_t linger_s = 120;       /* half a standard holding pattern (ICAO Doc 8168) */
static const double linger_ratio = 3.0;    /* flown to reached: there and back 2, a circle 3.1 */
static const double straight_ratio = 0.95; /* chord to flown: an arc of 63 degrees */
static const int64_t still_s = 60;
static const double still_m = 150.0;        /* three sigmas of 0.12 degrees at 25 km */
static const double speed_most_mps = 450.0; /* beyond every envelope below */
static const double climb_most_mps = 250.0;
static const double load_most_mps2 =
    150.0; /* 15 g, half as much again as airframes are built for */

static const double maybe_from = 0.3; /* P that it is clutter, if no class is sure */

static uint32_t fact(bool holds, uint32_t reason) { return holds ? reason : 0; }

static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }

/* What holds under the lines of an incident. */
struct tally {
    uint32_t inside;
    bool several;
    bool shallow;
    double p_most;
    double nearest_m;
    double u95_most_m; /* of the lines under which it was inside */
};

static struct tally tally_of(const struct sky_incident *incident)
{
    struct tally tally = {.shallow = true, .nearest_m = 1e9};
    for (uint32_t i = 0; i < incident->line_count; i++) {
        const struct sky_incident_line *const line = &incident->line[i];
        if (line->was_inside) {
            tally.inside++;
            tally.shallow = tally.shallow && -line->deepest_m < line->deepest_u95_m;
            tally.u95_most_m = larger(tally.u95_most_m, line->deepest_u95_m);
        }
        tally.several = tally.several || line->entries >= 2;
        tally.p_most = larger(tally.p_most, line->p_inside_max);
        tally.nearest_m = smaller(tally.nearest_m, line->deepest_m);
    }
    return tally;
}

static bool has_loitered(const struct sky_stay *stay)
{
    const int64_t span_ns = stay->to_ns - stay->from_ns;
    return span_ns >= linger_s * SKY_SECOND_NS &&
           (stay->flown_m >= linger_ratio * stay->reach_m || stay->slow_ns >= span_ns / 2);
}

/* In the digits of its own bound it must have moved at all. */
static bool went_through(const struct sky_stay *stay, double u95_m)
{
    return stay->chord_m >= straight_ratio * stay->flown_m && stay->chord_m >= 2.0 * u95_m;
}

static uint32_t facts_inside(const struct sky_incident *incident, const struct tally *tally,
                             const struct sky_stay *stay)
{
    const bool all = tally->inside == incident->line_count;
    return fact(all, SKY_REASON_INSIDE_ALL_LINES) | fact(!all, SKY_REASON_INSIDE_SOME_LINES) |
           fact(tally->shallow, SKY_REASON_DEPTH_BELOW_BOUND) |
           fact(tally->several, SKY_REASON_SEVERAL_ENTRIES) |
           fact(stay != NULL && has_loitered(stay), SKY_REASON_LOITERED) |
           fact(stay != NULL && !sky_incident_is_inside(incident) &&
                    went_through(stay, tally->u95_most_m),
                SKY_REASON_WENT_THROUGH);
}

/* It ended on its way: nobody saw whether it arrived. */
static bool was_lost_on_the_way(const struct sky_incident *incident,
                                const struct sky_track_features *seen)
{
    bool lost = false;
    for (uint32_t i = 0; i < incident->line_count; i++) {
        const struct sky_incident_line *const line = &incident->line[i];
        lost = lost || (line->distance_last_m <= line->deepest_m + 0.25 * line->u95_last_m &&
                        line->distance_last_m <= arrive_s * seen->speed_mean_mps);
    }
    return lost && incident->end == SKY_END_LOST_OUTSIDE;
}

static uint32_t facts_outside(const struct sky_incident *incident, const struct tally *tally,
                              const struct sky_track_features *seen)
{
    return fact(was_lost_on_the_way(incident, seen), SKY_REASON_LOST_ON_THE_WAY) |
           fact(tally->p_most >= 0.5, SKY_REASON_TOUCHED) |
           fact(tally->p_most < 0.5 && tally->nearest_m <= near_m, SKY_REASON_NEAR);
}

static bool is_impossible(const struct sky_track_features *seen)
{
    return seen->speed_mean_mps > speed_most_mps || seen->climb_max_mps > climb_most_mps ||
           seen->speed_mean_mps * seen->turn_max_radps > load_most_mps2;
}

/* What was first seen inside, stayed at its place, and is not known to be something that hovers. */
static bool has_stood_still(const struct sky_incident *incident, const struct sky_stay *stay,
                            enum sky_class target)
{
    return incident->started_inside && stay != NULL &&
           stay->to_ns - stay->from_ns >= still_s * SKY_SECOND_NS && stay->reach_m <= still_m &&
           target == SKY_CLASS_UNKNOWN;
}

static uint32_t facts_of(const struct sky_incident *incident, const struct sky_subject *subject,
                         enum sky_class target, double clutter)
{
    const struct tally tally = tally_of(incident);
    return (tally.inside > 0 ? facts_inside(incident, &tally, subject->stay)
                             : facts_outside(incident, &tally, subject->features)) |
           fact(incident->started_inside, SKY_REASON_FIRST_SEEN_INSIDE) |
           fact(incident->end == SKY_END_LOST_INSIDE, SKY_REASON_LOST_INSIDE) |
           fact(incident->returns > 0, SKY_REASON_TURNED_BACK) |
           fact(is_impossible(subject->features), SKY_REASON_IMPOSSIBLE) |
           fact(has_stood_still(incident, subject->stay, target), SKY_REASON_STOOD_STILL) |
           fact(target == SKY_CLASS_CLUTTER, SKY_REASON_CLUTTER) |
           fact(target == SKY_CLASS_UNKNOWN && clutter >= maybe_from, SKY_REASON_MAYBE_CLUTTER);
}

static enum sky_kind kind_of(uint32_t facts)
{
    size_t i = 0;
    while ((facts & kind_rule[i].needs) != kind_rule[i].needs) {
        i++; /* the last rule needs nothing */
    }
    return kind_rule[i].kind;
}

/* -------------------------------------------------------------------------------- what made it */

struct range {
    double low;
    double high;
};

/*
 * What the members of a class do, as far as published: group limits of the US DoD for unmanned
 * aircraft and type data sheets; of birds Bruderer and Boldt, Ibis 143, 2001; radar cross-sections
 * by Skolnik, Introduction to Radar Systems, table 2.2 (single-engine aircraft 1 m2, helicopter 3,
 * fighter 6, airliner 20 to 100, bird 0.001 to 0.01), widened to how they change with aspect and
 * band. Heights are above the ellipsoid and the ground's own height is not known, so the low
 * flyers' range reaches to where high plains do. What drifts with the wind is no faster than 15
 * m/s.
 */
struct envelope {
    enum sky_class class;
    double share;            /* of the class */
    struct range speed_mps;  /* mean, horizontal */
    struct range height_m;   /* mean */
    struct range rcs_dbsm;   /* mean */
    double climb_most_mps;   /* magnitude */
    double turn_most_radps;  /* magnitude */
    double hover_most_share; /* 0: cannot */
    double answers;          /* share that carries a working transponder */
};

enum { ENVELOPES = 16 };

static const struct envelope envelope[ENVELOPES] = {
    {SKY_CLASS_UNKNOWN, 1, {0, 400}, {-500, 20e3}, {-50, 50}, 400, 10, 1.0, 0.5},
    {SKY_CLASS_MALE_UAV, 1, {35, 115}, {3000, 9500}, {-10, 8}, 15, 0.12, 0.0, 0.3},
    {SKY_CLASS_MULTIROTOR, 0.5, {0, 17}, {-100, 1200}, {-25, -13}, 15, 3.0, 1.0, 0.02},
    {SKY_CLASS_MULTIROTOR, 0.5, {0, 23}, {-100, 3000}, {-20, -10}, 15, 3.0, 1.0, 0.02},
    {SKY_CLASS_SMALL_FIXED_WING, 0.5, {12, 29}, {-100, 3300}, {-24, -10}, 15, 1.0, 0.0, 0.05},
    {SKY_CLASS_SMALL_FIXED_WING, 0.5, {36, 60}, {-100, 3700}, {-19, -3}, 15, 0.5, 0.0, 0.05},
    {SKY_CLASS_LIGHT_AIRCRAFT, 1, {30, 85}, {0, 4200}, {-3, 12}, 15, 0.3, 0.0, 0.8},
    {SKY_CLASS_HELICOPTER, 0.5, {0, 60}, {0, 2800}, {0, 10}, 15, 0.6, 1.0, 0.7},
    {SKY_CLASS_HELICOPTER, 0.5, {0, 80}, {0, 4000}, {4, 16}, 20, 0.6, 1.0, 0.7},
    {SKY_CLASS_JET, 1, {100, 340}, {0, 15e3}, {0, 15}, 200, 0.35, 0.0, 0.5},
    {SKY_CLASS_AIRLINER, 0.5, {85, 165}, {500, 9000}, {10, 20}, 20, 0.08, 0.0, 0.99},
    {SKY_CLASS_AIRLINER, 0.5, {110, 260}, {500, 13e3}, {12, 30}, 30, 0.08, 0.0, 0.99},
    {SKY_CLASS_BIRD, 0.5, {7, 17}, {-100, 1300}, {-39, -22}, 8, 3.0, 0.0, 0.0005},
    {SKY_CLASS_BIRD, 0.5, {8, 23}, {-100, 3000}, {-31, -16}, 8, 3.0, 0.0, 0.0005},
    {SKY_CLASS_CLUTTER, 0.5, {0, 3}, {-500, 2500}, {0, 35}, 15, 3.0, 1.0, 0.0005},
    {SKY_CLASS_CLUTTER, 0.5, {3, 15}, {0, 6500}, {-10, 30}, 15, 3.0, 1.0, 0.0005},
};

/* Which classes call themselves so, bits of 1 << class; by category of I021/020. */
static const uint16_t says_so[16] = {
    [1] = 1U << SKY_CLASS_LIGHT_AIRCRAFT,
    [2] = 1U << SKY_CLASS_LIGHT_AIRCRAFT | 1U << SKY_CLASS_JET | 1U << SKY_CLASS_AIRLINER,
    [3] = 1U << SKY_CLASS_AIRLINER,
    [4] = 1U << SKY_CLASS_AIRLINER,
    [5] = 1U << SKY_CLASS_AIRLINER,
    [6] = 1U << SKY_CLASS_JET,
    [10] = 1U << SKY_CLASS_HELICOPTER,
    [11] = 1U << SKY_CLASS_UNKNOWN, /* gliders, balloons, parachutists, spacecraft, ultralights */
    [12] = 1U << SKY_CLASS_UNKNOWN,
    [13] = 1U << SKY_CLASS_MALE_UAV | 1U << SKY_CLASS_MULTIROTOR | 1U << SKY_CLASS_SMALL_FIXED_WING,
    [14] = 1U << SKY_CLASS_UNKNOWN,
    [15] = 1U << SKY_CLASS_UNKNOWN,
};
static const double wrong_emitter = -3.4; /* log of 1 in 30: set wrongly, or to deceive */

enum { FEATURE_COUNT = 7 };

/* In the order of `features` below. */
static const uint32_t feature_reason[FEATURE_COUNT] = {
    SKY_REASON_SPEED, SKY_REASON_HEIGHT, SKY_REASON_CLIMB,  SKY_REASON_TURN,
    SKY_REASON_HOVER, SKY_REASON_RCS,    SKY_REASON_EMITTER};

/* How softly envelopes are drawn: what means err by, and what data sheets leave out. */
static const double soft = 0.015;
static const double speed_soft_mps = 0.5;
static const double height_soft_m = 50.0;
static const double rcs_soft_db = 0.7;

/* How far beyond a limit, in units of how softly the limit is drawn. */
static double beyond(double value, struct range range, double softness)
{
    return (larger(value - range.high, 0.0) + larger(range.low - value, 0.0)) / softness;
}

/* Logarithm of a density that is flat over a range and falls exponentially outside it. */
static double spread(double value, struct range range, double softness)
{
    return -sky_log(range.high - range.low + 2.0 * softness) - beyond(value, range, softness);
}

/* A limit that excludes but, being kept, says nothing: most of any flight is straight and level. */
static double limit(double value, double most, double softness)
{
    const struct range range = {0.0, most};
    return -beyond(value, range, softness);
}

static double emitter_likelihood(uint8_t emitter, size_t class)
{
    const uint32_t classes = emitter < 16 ? says_so[emitter] : 0;
    return classes != 0 && (classes & 1U << class) == 0 ? wrong_emitter : 0.0;
}

/* Log-likelihood of each feature, were the object such. */
static void likelihoods(const struct sky_subject *subject, const struct envelope *does,
                        double ret_log[FEATURE_COUNT])
{
    const struct sky_track_features *const seen = subject->features;
    ret_log[0] =
        spread(seen->speed_mean_mps, does->speed_mps, speed_soft_mps + soft * does->speed_mps.high);
    ret_log[1] = subject->has_height ? spread(seen->height_mean_m, does->height_m,
                                              height_soft_m + soft * does->height_m.high)
                                     : 0.0;
    ret_log[2] = limit(seen->climb_max_mps, does->climb_most_mps, 10.0);
    ret_log[3] = limit(seen->turn_max_radps, does->turn_most_radps, 0.15);
    ret_log[4] = limit(seen->hover_share, does->hover_most_share, 0.05);
    ret_log[5] =
        seen->rcs_samples > 0 ? spread(seen->rcs_mean_dbsm, does->rcs_dbsm, rcs_soft_db) : 0.0;
    ret_log[6] = emitter_likelihood(subject->emitter, does->class);
}

/* Looks ten seconds apart, of which there are no more than updates. */
static int64_t looks_at(const struct sky_subject *subject)
{
    const int64_t looks = subject->watched_ns / (10 * SKY_SECOND_NS) + 1;
    const int64_t samples = (int64_t)subject->features->samples;
    return looks < samples ? looks : samples;
}

/* From each envelope's likelihood to each class's share of them all. */
static void normalise(const double log_posterior[ENVELOPES], double ret[SKY_CLASS_COUNT])
{
    double most = log_posterior[0];
    for (size_t e = 1; e < ENVELOPES; e++) {
        most = larger(most, log_posterior[e]);
    }
    double sum = 0.0;
    for (size_t e = 0; e < ENVELOPES; e++) {
        const double part = envelope[e].share * sky_exp(log_posterior[e] - most);
        ret[envelope[e].class] += part;
        sum += part;
    }
    for (size_t c = 0; c < SKY_CLASS_COUNT; c++) {
        ret[c] /= sum;
    }
}

/* The features that spoke for an envelope: half a nat better at least than for the average. */
static uint32_t features_for(size_t chosen, double log[ENVELOPES][FEATURE_COUNT])
{
    uint32_t reasons = 0;
    for (size_t f = 0; f < FEATURE_COUNT; f++) {
        double sum = 0.0;
        for (size_t e = 0; e < ENVELOPES; e++) {
            sum += log[e][f];
        }
        reasons |= fact(log[chosen][f] - sum / ENVELOPES > 0.5, feature_reason[f]);
    }
    return reasons;
}

static double answer_likelihood(const struct sky_subject *subject, const struct envelope *does)
{
    if (subject->answered) {
        return sky_log(does->answers);
    }
    return subject->listened ? sky_log(1.0 - does->answers) : 0.0;
}

/* Before anything is seen: one in five that none of these fits, to one of each. */
static const double log_prior_unknown = -1.6;
static const double weight_most = 1.25;
static const int64_t looks_least = 3;
static const double decide_from = 0.7;

static void classify_target(const struct sky_subject *subject,
                            struct sky_classification *classification)
{
    double log[ENVELOPES][FEATURE_COUNT];
    double log_posterior[ENVELOPES];
    const int64_t looks = looks_at(subject);
    const double weight = smaller(0.5 * sky_sqrt((double)looks), weight_most);
    size_t best = 0, likeliest = 0; /* class, and envelope */

    for (size_t e = 0; e < ENVELOPES; e++) {
        const struct envelope *const does = &envelope[e];
        likelihoods(subject, does, log[e]);
        log_posterior[e] = answer_likelihood(subject, does) +
                           (does->class == SKY_CLASS_UNKNOWN ? log_prior_unknown : 0.0);
        for (size_t f = 0; f < FEATURE_COUNT; f++) {
            log_posterior[e] += weight * log[e][f];
        }
        likeliest = log_posterior[e] > log_posterior[likeliest] ? e : likeliest;
    }
    normalise(log_posterior, classification->probability);
    for (size_t c = 1; c < SKY_CLASS_COUNT; c++) {
        best = classification->probability[c] > classification->probability[best] ? c : best;
    }
    const bool few = looks < looks_least;
    const bool decided = !few && classification->probability[best] >= decide_from;
    classification->target = decided ? (enum sky_class)best : SKY_CLASS_UNKNOWN;
    classification->reasons |= fact(subject->answered, SKY_REASON_IDENTITY) |
                               fact(few, SKY_REASON_TOO_FEW_LOOKS) |
                               fact(best == SKY_CLASS_UNKNOWN, SKY_REASON_NO_CLASS_FITS);
    if (classification->target != SKY_CLASS_UNKNOWN) {
        classification->reasons |= features_for(likeliest, log);
    }
}

void sky_classify(const struct sky_incident *incident, const struct sky_subject *subject,
                  struct sky_classification *ret_classification)
{
    memset(ret_classification, 0, sizeof *ret_classification);
    classify_target(subject, ret_classification);
    ret_classification->reasons |= facts_of(incident, subject, ret_classification->target,
                                            ret_classification->probability[SKY_CLASS_CLUTTER]);
    ret_classification->kind = kind_of(ret_classification->reasons);
}

/* --------------------------------------------------------------------------------------- names */

/* Arrays, not pointers: they need no relocation. */
static const char kind_name[][24] = {
    [SKY_KIND_UNDETERMINED] = "undetermined",
    [SKY_KIND_INCURSION] = "incursion",
    [SKY_KIND_CONTESTED_INCURSION] = "contested-incursion",
    [SKY_KIND_REPEATED_ENTRY] = "repeated-entry",
    [SKY_KIND_STARTED_INSIDE] = "started-inside",
    [SKY_KIND_GRAZE] = "graze",
    [SKY_KIND_NEAR_MISS] = "near-miss",
    [SKY_KIND_LOITER] = "loiter",
    [SKY_KIND_TRANSIT] = "transit",
    [SKY_KIND_SENSOR_ARTEFACT] = "sensor-artefact",
};

static const char class_name[SKY_CLASS_COUNT][24] = {
    [SKY_CLASS_UNKNOWN] = "unknown",
    [SKY_CLASS_MALE_UAV] = "male-uav",
    [SKY_CLASS_MULTIROTOR] = "multirotor",
    [SKY_CLASS_SMALL_FIXED_WING] = "small-fixed-wing",
    [SKY_CLASS_LIGHT_AIRCRAFT] = "light-aircraft",
    [SKY_CLASS_HELICOPTER] = "helicopter",
    [SKY_CLASS_JET] = "jet",
    [SKY_CLASS_AIRLINER] = "airliner",
    [SKY_CLASS_BIRD] = "bird",
    [SKY_CLASS_CLUTTER] = "clutter",
};

static const char reason_name[SKY_REASON_COUNT][40] = {
    "shown inside under every line",
    "shown inside under some lines only",
    "never deeper than the bound of its depth",
    "several entries under one line",
    "first seen inside",
    "lost inside",
    "turned back after leaving",
    "speed fits",
    "height fits",
    "climb fits",
    "turn rate fits",
    "hovering fits",
    "radar cross-section fits",
    "it answered",
    "too few looks",
    "no class fits",
    "it says so itself",
    "stayed long inside without going far",
    "went through nearly straight",
    "measured inside by less than its bound",
    "came near without being inside",
    "lost on its way to a line",
    "stood still",
    "no aircraft moves so",
    "echoes of nothing that flies",
    "perhaps echoes of nothing that flies",
};

const char *sky_classify_kind_name(enum sky_kind kind) { return kind_name[kind]; }
const char *sky_classify_class_name(enum sky_class target) { return class_name[target]; }

const char *sky_classify_reason(uint32_t reason)
{
    size_t i = 0;
    while (reason >> i != 1U) {
        i++;
    }
    return reason_name[i];
}
