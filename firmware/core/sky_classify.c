#include "sky_classify.h"

#include <stdbool.h>
#include <string.h>

#include "sky_math.h"

/* ------------------------------------------------------------------------------ what happened */

/* The first rule whose facts all hold names the kind. Facts that lost stay among the reasons. */
static const struct {
    uint32_t needs;
    enum sky_kind kind;
} kind_rule[] = {
    {SKY_REASON_FIRST_SEEN_INSIDE, SKY_KIND_STARTED_INSIDE},
    {SKY_REASON_DEPTH_BELOW_BOUND, SKY_KIND_GRAZE},
    {SKY_REASON_INSIDE_SOME_LINES, SKY_KIND_CONTESTED_INCURSION},
    {SKY_REASON_SEVERAL_ENTRIES, SKY_KIND_REPEATED_ENTRY},
    {SKY_REASON_INSIDE_ALL_LINES, SKY_KIND_INCURSION},
    {0, SKY_KIND_UNDETERMINED},
};

static uint32_t fact(bool holds, uint32_t reason) { return holds ? reason : 0; }

static uint32_t facts_of(const struct sky_incident *incident)
{
    uint32_t lines_inside = 0;
    bool several = false;
    bool shallow = true;

    for (uint32_t i = 0; i < incident->line_count; i++) {
        const struct sky_incident_line *const line = &incident->line[i];
        if (line->was_inside) {
            lines_inside++;
            shallow = shallow && -line->deepest_m < line->deepest_u95_m;
        }
        several = several || line->entries >= 2;
    }
    const bool all = lines_inside == incident->line_count;
    return fact(lines_inside > 0 && all, SKY_REASON_INSIDE_ALL_LINES) |
           fact(lines_inside > 0 && !all, SKY_REASON_INSIDE_SOME_LINES) |
           fact(lines_inside > 0 && shallow, SKY_REASON_DEPTH_BELOW_BOUND) |
           fact(several, SKY_REASON_SEVERAL_ENTRIES) |
           fact(incident->started_inside, SKY_REASON_FIRST_SEEN_INSIDE) |
           fact(incident->end == SKY_END_LOST_INSIDE, SKY_REASON_LOST_INSIDE) |
           fact(incident->returns > 0, SKY_REASON_TURNED_BACK);
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
 * aircraft, type data sheets, radar ornithology. Heights are above the ellipsoid and the ground's
 * own height is not known, so the low flyers' range reaches to where high plains do.
 */
struct envelope {
    struct range speed_mps;  /* mean, horizontal */
    struct range height_m;   /* mean */
    struct range rcs_dbsm;   /* mean */
    double climb_most_mps;   /* magnitude */
    double turn_most_radps;  /* magnitude */
    double hover_most_share; /* 0: cannot */
    double answers;          /* share that carries a working transponder */
};

static const struct envelope envelope[SKY_CLASS_COUNT] = {
    [SKY_CLASS_UNKNOWN] = {{0, 400}, {-500, 20e3}, {-50, 50}, 400, 10, 1.0, 0.5},
    [SKY_CLASS_MALE_UAV] = {{35, 125}, {3000, 9000}, {-10, 15}, 15, 0.12, 0.0, 0.3},
    [SKY_CLASS_MULTIROTOR] = {{0, 25}, {-100, 2500}, {-30, -10}, 15, 3.0, 1.0, 0.02},
    [SKY_CLASS_SMALL_FIXED_WING] = {{12, 60}, {-100, 3500}, {-25, 0}, 15, 1.0, 0.0, 0.05},
    [SKY_CLASS_LIGHT_AIRCRAFT] = {{30, 85}, {0, 3500}, {0, 15}, 15, 0.3, 0.0, 0.8},
    [SKY_CLASS_HELICOPTER] = {{0, 80}, {0, 3500}, {0, 20}, 20, 0.6, 1.0, 0.7},
    [SKY_CLASS_JET] = {{100, 400}, {0, 16e3}, {0, 20}, 200, 0.35, 0.0, 0.5},
    [SKY_CLASS_AIRLINER] = {{90, 270}, {0, 13e3}, {15, 40}, 30, 0.08, 0.0, 0.99},
    [SKY_CLASS_BIRD] = {{5, 25}, {-100, 2500}, {-45, -15}, 8, 3.0, 0.0, 0.0005},
};

enum { FEATURE_COUNT = 6 };

/* In the order of `features` below. */
static const uint32_t feature_reason[FEATURE_COUNT] = {SKY_REASON_SPEED, SKY_REASON_HEIGHT,
                                                       SKY_REASON_CLIMB, SKY_REASON_TURN,
                                                       SKY_REASON_HOVER, SKY_REASON_RCS};

/* How far beyond a limit, in units of how softly the limit is drawn. */
static double beyond(double value, struct range range, double softness)
{
    const double over = value > range.high ? value - range.high : 0.0;
    const double under = value < range.low ? range.low - value : 0.0;
    return (over + under) / softness;
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

/* Log-likelihood of each feature, were the object of the class. */
static void likelihoods(const struct sky_track_features *seen, const struct envelope *class,
                        double ret_log[FEATURE_COUNT])
{
    ret_log[0] = spread(seen->speed_mean_mps, class->speed_mps, 2.0 + 0.1 * class->speed_mps.high);
    ret_log[1] = spread(seen->height_mean_m, class->height_m, 200.0 + 0.05 * class->height_m.high);
    ret_log[2] = limit(seen->climb_max_mps, class->climb_most_mps, 10.0);
    ret_log[3] = limit(seen->turn_max_radps, class->turn_most_radps, 0.15);
    ret_log[4] = limit(seen->hover_share, class->hover_most_share, 0.05);
    ret_log[5] = seen->rcs_samples > 0 ? spread(seen->rcs_mean_dbsm, class->rcs_dbsm, 4.0) : 0.0;
}

/* Looks ten seconds apart, of which there are no more than updates. */
static int64_t looks_at(const struct sky_track_features *seen, int64_t watched_ns)
{
    const int64_t looks = watched_ns / (10 * SKY_SECOND_NS) + 1;
    return looks < (int64_t)seen->samples ? looks : (int64_t)seen->samples;
}

/*
 * Speed and height of one aircraft persist, so that n looks ten seconds apart are not n independent
 * ones: they weigh as sqrt(n) / 2, and as three at most.
 */
static double weight_of(int64_t looks)
{
    const double weight = 0.5 * sky_sqrt((double)looks);
    return weight < 3.0 ? weight : 3.0;
}

static void normalise(double log_posterior[SKY_CLASS_COUNT], double ret[SKY_CLASS_COUNT])
{
    double most = log_posterior[0];
    for (size_t c = 1; c < SKY_CLASS_COUNT; c++) {
        most = log_posterior[c] > most ? log_posterior[c] : most;
    }
    double sum = 0.0;
    for (size_t c = 0; c < SKY_CLASS_COUNT; c++) {
        ret[c] = sky_exp(log_posterior[c] - most);
        sum += ret[c];
    }
    for (size_t c = 0; c < SKY_CLASS_COUNT; c++) {
        ret[c] /= sum;
    }
}

/* The features that spoke for a class: at least half a nat better than for the average class. */
static uint32_t features_for(size_t chosen, double log[SKY_CLASS_COUNT][FEATURE_COUNT])
{
    uint32_t reasons = 0;
    for (size_t f = 0; f < FEATURE_COUNT; f++) {
        double sum = 0.0;
        for (size_t c = 0; c < SKY_CLASS_COUNT; c++) {
            sum += log[c][f];
        }
        reasons |= fact(log[chosen][f] - sum / SKY_CLASS_COUNT > 0.5, feature_reason[f]);
    }
    return reasons;
}

static const int64_t looks_least = 3;
static const double decide_from = 0.7;

static void classify_target(const struct sky_track_features *seen, int64_t looks, bool identity,
                            struct sky_classification *classification)
{
    double log[SKY_CLASS_COUNT][FEATURE_COUNT];
    double log_posterior[SKY_CLASS_COUNT];
    const double weight = weight_of(looks);

    for (size_t c = 0; c < SKY_CLASS_COUNT; c++) {
        const double answers = envelope[c].answers;
        likelihoods(seen, &envelope[c], log[c]);
        log_posterior[c] = sky_log(identity ? answers : 1.0 - answers);
        for (size_t f = 0; f < FEATURE_COUNT; f++) {
            log_posterior[c] += weight * log[c][f];
        }
    }
    normalise(log_posterior, classification->probability);

    size_t best = 0;
    for (size_t c = 1; c < SKY_CLASS_COUNT; c++) {
        best = classification->probability[c] > classification->probability[best] ? c : best;
    }
    const bool few = looks < looks_least;
    const bool decided = !few && classification->probability[best] >= decide_from;
    classification->target = decided ? (enum sky_class)best : SKY_CLASS_UNKNOWN;
    classification->reasons |= fact(identity, SKY_REASON_IDENTITY) |
                               fact(few, SKY_REASON_TOO_FEW_LOOKS) |
                               fact(best == SKY_CLASS_UNKNOWN, SKY_REASON_NO_CLASS_FITS);
    if (classification->target != SKY_CLASS_UNKNOWN) {
        classification->reasons |= features_for(best, log);
    }
}

void sky_classify(const struct sky_incident *incident, const struct sky_track_features *features,
                  int64_t watched_ns, bool identity, struct sky_classification *ret_classification)
{
    memset(ret_classification, 0, sizeof *ret_classification);
    ret_classification->reasons = facts_of(incident);
    ret_classification->kind = kind_of(ret_classification->reasons);
    classify_target(features, looks_at(features, watched_ns), identity, ret_classification);
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
