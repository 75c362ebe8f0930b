#include "sky_miss.h"

#include "sky_math.h"

static const int64_t looks_most = 64; /* counted at once: it is long lost by then */

static int64_t later(int64_t a_ns, int64_t b_ns) { return a_ns > b_ns ? a_ns : b_ns; }

/* Probability that a sensor's look at a time would have found the track; 0 out of its coverage. */
static double chance_of_look(const struct sky_miss_rules *rules, const struct sky_track *track,
                             uint32_t sensor, int64_t time_ns, double *ret_share_in_notch)
{
    return sky_watch_chance(&rules->watch[sensor], &rules->config->sensor[sensor], &track->state,
                            rules->track->motion.motion[1].accel_psd_m2ps3, time_ns,
                            ret_share_in_notch);
}

/* What a look that stayed empty does to the odds. */
static double gain_of_miss(const struct sky_miss_rules *rules, double chance)
{
    return sky_log(1.0 - chance * rules->config->tracker.gate_probability);
}

/* Of those who report themselves there is nothing to learn. */
static bool may_teach(const struct sky_track *track, const struct sky_watch *watch)
{
    return watch->stands && track->status != SKY_TRACK_TENTATIVE &&
           track->log_odds > SKY_LOG_ODDS_LEARN;
}

int64_t sky_miss_heard_until(const struct sky_miss_rules *rules, uint32_t sensor, int64_t time_ns)
{
    return time_ns - rules->watch[sensor].lag_ns - rules->config->sensor[sensor].scan_ns / 10;
}

static void count_one(const struct sky_miss_rules *rules, struct sky_track *track, uint32_t sensor,
                      struct sky_watch *learner)
{
    const int64_t due_ns = track->due_ns[sensor];
    double in_notch;
    const double chance = chance_of_look(rules, track, sensor, due_ns, &in_notch);

    track->misses_in_row++;
    if (chance == 0.0) { /* nothing is learned from that; but a tentative track does not wait */
        return;
    }
    const double gain = gain_of_miss(rules, chance);
    track->taught_misses &= ~(1U << sensor);
    if (may_teach(track, learner)) {
        sky_watch_missed(learner, &rules->config->sensor[sensor], &track->state, due_ns, in_notch);
        track->taught_misses |= 1U << sensor;
    }
    sky_track_weigh(track, rules->track, due_ns, gain);
    track->missed_ns[sensor] = due_ns;
    track->missed_gain[sensor] = gain;
}

void sky_miss_count(const struct sky_miss_rules *rules, struct sky_track *track, uint32_t sensor,
                    int64_t until_ns, struct sky_watch *learner)
{
    const int64_t scan_ns = rules->config->sensor[sensor].scan_ns;
    track->due_ns[sensor] = later(track->due_ns[sensor], until_ns - looks_most * scan_ns);
    for (; track->due_ns[sensor] <= until_ns; track->due_ns[sensor] += scan_ns) {
        count_one(rules, track, sensor, learner);
    }
}

void sky_miss_take_back(const struct sky_miss_rules *rules, struct sky_track *track,
                        uint32_t sensor, int64_t time_ns, struct sky_watch *learner)
{
    const int64_t missed_ns = track->missed_ns[sensor];
    const int64_t half_ns = rules->config->sensor[sensor].scan_ns / 2;
    if (track->missed_gain[sensor] == 0.0 || time_ns <= missed_ns - half_ns ||
        time_ns >= missed_ns + half_ns) {
        return;
    }
    track->log_odds -= track->missed_gain[sensor];
    track->missed_gain[sensor] = 0.0;
    if ((track->taught_misses & 1U << sensor) != 0) {
        double in_notch;
        (void)chance_of_look(rules, track, sensor, missed_ns, &in_notch);
        sky_watch_found(learner, &rules->config->sensor[sensor], &track->state, missed_ns,
                        in_notch);
    }
}

bool sky_miss_has_left(const struct sky_miss_rules *rules, const struct sky_track *track,
                       int64_t time_ns)
{
    for (uint32_t i = 0; i < rules->config->sensor_count; i++) {
        double in_notch;
        if ((track->sensors & 1U << i) != 0 &&
            chance_of_look(rules, track, i, time_ns, &in_notch) > 0.0) {
            return false;
        }
    }
    return true;
}

double sky_miss_log_odds_at(const struct sky_miss_rules *rules, const struct sky_track *track,
                            int64_t time_ns)
{
    double log_odds = track->log_odds;
    int64_t alive_ns = track->alive_ns;
    for (uint32_t i = 0; i < rules->config->sensor_count; i++) {
        double in_notch, chance = 0.0;
        if (sky_miss_is_due(track, i, sky_miss_heard_until(rules, i, time_ns))) {
            chance = chance_of_look(rules, track, i, track->due_ns[i], &in_notch);
        }
        if (chance == 0.0) {
            continue;
        }
        log_odds = sky_track_weighed(rules->track, log_odds, track->due_ns[i] - alive_ns,
                                     gain_of_miss(rules, chance));
        alive_ns = later(alive_ns, track->due_ns[i]);
    }
    return log_odds;
}
