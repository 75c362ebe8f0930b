/**
 * skyh_incidents: the incidents that a log records, each in its latest state.
 *
 * What the station wrote is taken as it stands; nothing is computed again (replay --check tells
 * whether it could be). Events of a station that computes them now are taken the same way. An
 * incident whose closing was cut off appears as it was last recorded.
 */
#ifndef SKYH_INCIDENTS_H
#define SKYH_INCIDENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_codec.h"
#include "skyh_log.h"

enum { SKYH_NAME_TEXT_MAX = 96 };

struct skyh_incident {
    uint64_t run;
    struct sky_event_incident said;
    int64_t utc_offset_ns; /* UTC minus station time, as known at the latest event */
    bool utc_known;
    char zone[SKYH_NAME_TEXT_MAX];
    size_t line_count;
    struct {
        struct sky_incident_line said;
        char name[SKYH_NAME_TEXT_MAX];
        char party[SKYH_NAME_TEXT_MAX]; /* "" for a map's own line */
        bool accuracy_stated;
    } line[SKY_ZONE_LINES_MAX];
    bool classified;
    struct sky_event_classification classification;
};

/** Start zeroed, end with skyh_incidents_done. */
struct skyh_incidents {
    uint64_t runs;
    size_t count;
    struct skyh_incident *incident;
    bool seek_approaches;           /* set before collecting: find those below too */
    size_t approach_count;          /* tracks that came near a zone and had no incident there */
    struct skyh_incident *approach; /* id 0; opened and closed: when it was near */
    uint64_t unreadable;            /* records that do not unpack */
    uint64_t orphans; /* records before any run's beginning: that is lost, and what was in it */
};

/** Walks the whole log; says damage as command. */
bool skyh_incidents_collect(struct skyh_incidents *incidents, struct skyh_log *log,
                            const char *command, struct skyh_problem *problem);

/** "entered", "began inside", "outside" or "undecided": what it was under one line. */
const char *skyh_incidents_verdict(const struct sky_incident_line *line);

/** A run begins: incidents that follow are its own. */
void skyh_incidents_begin_run(struct skyh_incidents *incidents);

/**
 * Takes an event; those that are of no incident change nothing. zones and names are those of the
 * run, for the names of what it watched; NULL: not known. False without memory.
 */
bool skyh_incidents_take(struct skyh_incidents *incidents, const struct sky_zone_set *zones,
                         const struct sky_zone_names *names, const struct sky_event *event);

void skyh_incidents_done(struct skyh_incidents *incidents);

#endif
