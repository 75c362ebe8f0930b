/**
 * skyh_approach: who came near a zone and never had an incident there, from a station's events.
 *
 * A station opens an incident only for what it can show to have been inside. What came close, or
 * touched a line by less than its bound, or was lost on its way to one, is found here afterwards,
 * by the same rules that name incidents (sky_classify). Memory grows with what is in the air at
 * once and with what is found, not with the log.
 */
#ifndef SKYH_APPROACH_H
#define SKYH_APPROACH_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_engine.h"

/** One track and one zone. What is known of lines is what an incident would know. */
struct skyh_approach {
    uint32_t zone; /* index in the set */
    uint32_t zone_id;
    uint32_t track_id;
    int64_t first_ns; /* looks within assess_within_m of a line */
    int64_t last_ns;
    int64_t nearest_ns;
    int64_t utc_offset_ns; /* UTC minus station time, as known at the latest look */
    bool utc_known;
    enum sky_incident_end end;
    uint32_t line_count;
    struct sky_incident_line line[SKY_ZONE_LINES_MAX];
    struct sky_track_features features; /* without a radar cross-section, which no track tells */
    struct sky_classification result;
};

/** Start zeroed, end with skyh_approaches_done. */
struct skyh_approaches {
    size_t count;
    struct skyh_approach *found; /* in the order in which they ended */
    bool listened;               /* somebody has answered in this run: silence says something */
    /* private */
    const struct sky_zone_set *zones;
    struct skyh_watched *watched; /* what is in the air */
    size_t watched_count;
    size_t open_count;
    struct skyh_approach_open *open; /* a track near a zone each */
};

/** A run begins. Borrows the zones until it ends; NULL: they are not known, nothing is found. */
void skyh_approaches_begin(struct skyh_approaches *approaches, const struct sky_zone_set *zones);

/** Takes an event of the run. False if memory ends. */
bool skyh_approaches_take(struct skyh_approaches *approaches, const struct sky_event *event);

/** The run ends, and with it whatever is in the air. False if memory ends. */
bool skyh_approaches_end(struct skyh_approaches *approaches);

void skyh_approaches_done(struct skyh_approaches *approaches);

#endif
