/**
 * sky_miss: looks that should have seen a track and stayed empty.
 *
 * A sensor that has seen a track is due to see it again a scan later. Once it is clear that its
 * plots up to then have come (sky_watch knows how late they are), a look without one speaks against
 * the track by as much as it was likely to be seen, and against the sensor if the track is sure.
 * Where the sensor does not reach, nothing is learned from its silence.
 */
#ifndef SKY_MISS_H
#define SKY_MISS_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_track.h"
#include "sky_watch.h"

/* Log-odds of existence above which a track teaches about sensors: 98 % sure. */
#define SKY_LOG_ODDS_LEARN 4.0

/** What misses are judged by; all borrowed. */
struct sky_miss_rules {
    const struct sky_config *config;
    const struct sky_track_rules *track;
    const struct sky_watch *watch; /* of all sensors */
};

/** Until when all that a sensor saw has come by time_ns: a tenth of a scan more than its lag ago.
 */
int64_t sky_miss_heard_until(const struct sky_miss_rules *rules, uint32_t sensor, int64_t time_ns);

/** Whether a sensor that has seen the track was due to see it again until then. */
static inline bool sky_miss_is_due(const struct sky_track *track, uint32_t sensor, int64_t until_ns)
{
    return (track->sensors & 1U << sensor) != 0 && track->due_ns[sensor] <= until_ns;
}

/**
 * Counts the looks that were due until then, one at least, and stayed empty. learner is the
 * sensor's watch. Pre: sky_miss_is_due. Cost: 150 ns for each, 64 at most.
 */
void sky_miss_count(const struct sky_miss_rules *rules, struct sky_track *track, uint32_t sensor,
                    int64_t until_ns, struct sky_watch *learner);

/** The track has just taken a plot of that time: if its look was counted as empty, it is not. */
void sky_miss_take_back(const struct sky_miss_rules *rules, struct sky_track *track,
                        uint32_t sensor, int64_t time_ns, struct sky_watch *learner);

/** Whether no sensor that followed it can see where it is by now. */
bool sky_miss_has_left(const struct sky_miss_rules *rules, const struct sky_track *track,
                       int64_t time_ns);

/**
 * Log-odds of existence by what is known at an instant: those of the track, less what a look that
 * fell due since and stayed empty takes of them (of each sensor one: sky_miss_count counts all).
 */
double sky_miss_log_odds_at(const struct sky_miss_rules *rules, const struct sky_track *track,
                            int64_t time_ns);

#endif
