/**
 * sky_incident: from assessments of one track and one zone to an incident with a beginning, a
 * deepest point and an end, kept separately under every line.
 *
 * A look is one measured update of the track (never a coasted one: nothing escalates unseen). Under
 * a line a look counts as inside from p_enter up, as outside from p_exit down; between the two it
 * counts as neither. An incident opens when k of the last n looks were inside under at least one
 * line for dwell_ns; it closes when the track has been outside under every line for close_after_ns,
 * or is lost. Crossing times are interpolated where P(inside) passes 1/2, with the interval in
 * which it went from p_exit to p_enter (or back).
 */
#ifndef SKY_INCIDENT_H
#define SKY_INCIDENT_H

#include <stdbool.h>

#include "sky_assess.h"
#include "sky_base.h"
#include "sky_config.h"

/** An instant with the interval it surely lies in. */
struct sky_crossing {
    bool known;
    int64_t time_ns;
    int64_t earliest_ns;
    int64_t latest_ns;
};

enum sky_line_side {
    SKY_SIDE_UNKNOWN = 0, /* no look was clear yet */
    SKY_SIDE_OUTSIDE,
    SKY_SIDE_INSIDE
};

/** What happened under one line. */
struct sky_incident_line {
    uint32_t line_id;
    enum sky_line_side side;   /* after the latest clear look */
    bool was_inside;           /* at any clear look of this incident */
    bool started_inside;       /* the first clear look of the track was inside */
    struct sky_crossing entry; /* first */
    struct sky_crossing exit;  /* latest */
    uint32_t entries;
    int64_t dwell_ns; /* total time inside, by clear looks */
    double deepest_m; /* most negative signed distance seen while inside or unclear */
    double deepest_u95_m;
    int64_t deepest_ns;
    double deepest_lat_rad; /* where the aircraft was then */
    double deepest_lon_rad;
    double deepest_alt_hae_m;
    double p_inside_max;
    double distance_last_m; /* at the latest look */
    double u95_last_m;
    double p_inside_last;
    /* private */
    uint32_t history; /* bit 0: the latest look was inside */
    int64_t inside_since_ns;
    int64_t previous_ns; /* latest look, for interpolation */
    int64_t clear_ns;    /* latest clear look */
    double previous_p;
    bool has_previous;
    struct sky_crossing pending; /* a crossing that has begun but is not yet clear */
};

enum sky_incident_state { SKY_INCIDENT_NONE = 0, SKY_INCIDENT_OPEN, SKY_INCIDENT_CLOSED };

enum sky_incident_end {
    SKY_END_NOT_YET = 0,
    SKY_END_OUTSIDE = 1, /* left and stayed out */
    SKY_END_LOST_INSIDE, /* the track ended inside under at least one line */
    SKY_END_LOST_OUTSIDE /* the track ended outside under every line */
};

/** One track against one zone. Plain data. */
struct sky_incident {
    uint32_t id; /* 0 until it opens; then 1, 2, 3, ... in one run */
    uint32_t zone_id;
    uint32_t track_id;
    enum sky_incident_state state;
    enum sky_incident_end end;
    int64_t opened_ns;
    int64_t closed_ns;
    bool started_inside;      /* under the line that opened it */
    uint32_t returns;         /* times it turned back towards the zone after an exit */
    double closest_outside_m; /* after the latest exit: how near it came again, smallest distance */
    uint32_t line_count;
    struct sky_incident_line line[SKY_ZONE_LINES_MAX];
    /* private */
    int64_t outside_since_ns;
    double receded_m; /* farthest from the zone since the latest exit */
    bool receding;
};

/** What a call did. */
enum sky_incident_change {
    SKY_INCIDENT_UNCHANGED = 0,
    SKY_INCIDENT_OPENED,
    SKY_INCIDENT_CROSSED,  /* an entry or exit under some line of an open incident */
    SKY_INCIDENT_RETURNED, /* turned back towards the zone */
    SKY_INCIDENT_NOW_CLOSED
};

/** Before the first look. line ids come from the set. Pre: zone < zones->zone_count. */
void sky_incident_init(struct sky_incident *incident, const struct sky_zone_set *zones,
                       uint32_t zone, uint32_t track_id);

/**
 * Takes the assessments of one look, in the order of the zone's lines.
 * next_id is used if the incident opens now. Pre: not closed; times do not go back.
 */
enum sky_incident_change sky_incident_look(struct sky_incident *incident,
                                           const struct sky_incident_config *config,
                                           const struct sky_fixing *fixing,
                                           const struct sky_assessment *assessment,
                                           uint32_t next_id);

/** Time passed without a look; closes an open incident whose object has stayed outside. */
enum sky_incident_change sky_incident_tick(struct sky_incident *incident,
                                           const struct sky_incident_config *config,
                                           int64_t time_ns);

/** The track is lost: an open incident closes. */
enum sky_incident_change sky_incident_lost(struct sky_incident *incident, int64_t time_ns);

#endif
