#include "sky_twin.h"

static const double place2_max = 3.0; /* of 3 degrees of freedom, both ... */
static const double velocity2_max = 8.0;
static const double starved2_max = 11.3; /* ... and if the other takes all the plots */
static const uint32_t updates_max = 6;

static double larger(double a, double b) { return a > b ? a : b; }
static int64_t later(int64_t a_ns, int64_t b_ns) { return a_ns > b_ns ? a_ns : b_ns; }

/* d' S^-1 d for three components, by elimination. Pre: s is positive definite. */
static double mahalanobis3(double s[3][3], double d[3])
{
    double sum = 0.0;
    for (int k = 0; k < 3; k++) {
        sum += d[k] * d[k] / s[k][k];
        for (int i = k + 1; i < 3; i++) {
            const double factor = s[i][k] / s[k][k];
            d[i] -= factor * d[k];
            for (int j = k + 1; j < 3; j++) {
                s[i][j] -= factor * s[k][j];
            }
        }
    }
    return sum;
}

/* Of place (block 0) or velocity (block 3), with `more` variance in each direction. */
static double block_distance2(const struct sky_state *a, const struct sky_state *b, int block,
                              double more)
{
    double s[3][3], d[3];
    for (int i = 0; i < 3; i++) {
        d[i] = a->x[block + i] - b->x[block + i];
        for (int j = 0; j < 3; j++) {
            s[i][j] = a->p[block + i][block + j] + b->p[block + i][block + j];
        }
        s[i][i] += more;
    }
    return mahalanobis3(s, d);
}

/* What the unknown biases of sensors that see only one of the two can put between them. */
static double bias_between_m2(const struct sky_twin_rules *rules, const struct sky_track *at,
                              const struct sky_track *other)
{
    const uint32_t sensors = at->sensors ^ other->sensors;
    const struct sky_enu place = {at->state.x[0], at->state.x[1], at->state.x[2]};
    double sum_m2 = 0.0;
    for (uint32_t i = 0; i < SKY_SENSORS_MAX; i++) {
        if ((sensors & 1U << i) != 0) {
            const double *const slack2 = rules->watch[i].slack2;
            sum_m2 += slack2[SKY_BIAS_RANGE] +
                      larger(slack2[SKY_BIAS_AZIMUTH], slack2[SKY_BIAS_ELEVATION]) *
                          sky_reach_distance2(&place, &rules->watch[i].pose.origin);
        }
    }
    return sum_m2;
}

/* One sensor saw both in one scan: they are two. */
static bool seen_apart(const struct sky_config *config, const struct sky_track *a,
                       const struct sky_track *b)
{
    const uint32_t both = a->sensors & b->sensors;
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        const int64_t apart_ns = a->seen_by_ns[i] - b->seen_by_ns[i];
        const int64_t least_ns = config->sensor[i].scan_ns / 2;
        if ((both & 1U << i) != 0 && -least_ns < apart_ns && apart_ns < least_ns) {
            return true;
        }
    }
    return false;
}

static bool same_place(const struct sky_twin_rules *rules, const struct sky_track *kept,
                       const struct sky_track *twin)
{
    const bool starved =
        kept->seen_ns - twin->seen_ns > rules->config->sensor[twin->last_sensor].scan_ns;
    const int64_t time_ns = later(kept->state.time_ns, twin->state.time_ns);
    struct sky_imm imm;
    struct sky_state a, b;
    if (!starved && seen_apart(rules->config, kept, twin)) {
        return false;
    }
    sky_track_predict(kept, rules->track, time_ns, &imm, &a);
    sky_track_predict(twin, rules->track, time_ns, &imm, &b);
    return block_distance2(&a, &b, 0, bias_between_m2(rules, kept, twin)) <
               (starved ? starved2_max : place2_max) &&
           block_distance2(&a, &b, 3, 0.0) < (starved ? starved2_max : velocity2_max);
}

/* Counts for how many updates of either in a row the weaker track has been where the other is. */
static bool watch_twin(const struct sky_twin_rules *rules, const struct sky_track *kept,
                       struct sky_track *twin)
{
    const bool known = twin->twin_of == kept->serial;
    if (same_place(rules, kept, twin)) {
        twin->twin_updates = known ? twin->twin_updates + 1 : 1;
        twin->twin_of = kept->serial;
        return twin->twin_updates >= updates_max;
    }
    if (known) {
        twin->twin_updates = 0;
    }
    return false;
}

/* They are not at one place: if they were, so many times in a row, that is over. */
static void part(struct sky_track *a, struct sky_track *b)
{
    if (a->twin_of == b->serial) {
        a->twin_updates = 0;
    }
    if (b->twin_of == a->serial) {
        b->twin_updates = 0;
    }
}

bool sky_twin_outranks(const struct sky_track *a, const struct sky_track *b)
{
    const bool a_tentative = a->status == SKY_TRACK_TENTATIVE;
    const bool b_tentative = b->status == SKY_TRACK_TENTATIVE;
    return a_tentative == b_tentative ? a->serial < b->serial : b_tentative;
}

bool sky_twin_compare(const struct sky_twin_rules *rules, struct sky_track *updated,
                      const struct sky_reach *updated_reach, struct sky_track *other,
                      const struct sky_reach *other_reach)
{
    const int64_t time_ns = updated_reach->time_ns;
    const struct sky_enu here = sky_reach_place(updated_reach, time_ns);
    const struct sky_enu there = sky_reach_place(other_reach, time_ns);
    if (sky_reach_distance2(&there, &here) >
        starved2_max *
            (updated_reach->spread_m2 + sky_reach_spread_m2(rules->gates, other_reach, time_ns) +
             bias_between_m2(rules, updated, other))) {
        part(updated, other);
        return false;
    }
    return sky_twin_outranks(other, updated) ? watch_twin(rules, other, updated)
                                             : watch_twin(rules, updated, other);
}
