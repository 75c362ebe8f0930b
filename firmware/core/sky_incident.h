/**
 * sky_incident: from assessments of one track and one zone to an incident with a beginning, a
 * deepest point and an end, kept separately under every line.
 *
 * A look is one measured update of the track (never a coasted one: nothing escalates unseen). Its P
 * under a line is P(inside) times P(between floor and ceiling), as if the two were independent.
 * From p_enter up the look is inside, from p_exit down outside; between the two it is unclear and
 * changes nothing. An incident opens when k of the last n looks were inside under one line and it
 * has been inside there for dwell_ns, if the track exists with existence_min.
 *
 * Crossings are placed where P passes 1/2, as sky_alert_half_ns says. The interval runs from the
 * latest look that was clear before to the first that is clear after.
 *
 * It closes after close_after_ns outside under every line without coming nearer. That clock starts
 * with the first look that is outside everywhere, and again when the object turns back and at every
 * further step towards the zone; so leaving, turning back and dying short of the line is one
 * incident, and loitering outside is not. A turn counts once the distance to the nearest line has
 * changed by four sigmas of the track, at least 50 m. Only looks close it: while nobody sees the
 * object nobody can say that it stayed out. A dip that never opened an incident is remembered
 * equally long, and belongs to the incident that follows within that time.
 */
#ifndef SKY_INCIDENT_H
#define SKY_INCIDENT_H

#include <stdbool.h>

#include "sky_alert.h"
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

/** What happened under one line. */
struct sky_incident_line {
    uint32_t line_id;
    enum sky_line_side side; /* after the latest clear look */
    bool was_inside;         /* at any clear look of this incident */
    bool started_inside;     /* the first clear look of the track was inside */
    bool has_previous;       /* private, as below */
    uint32_t history;        /* private; bit 0: the latest look was inside */
    uint32_t entries;
    struct sky_crossing entry; /* first */
    struct sky_crossing exit;  /* latest */
    int64_t dwell_ns;     /* total time inside: from crossing to crossing, or to the latest look */
    double deepest_m;     /* smallest signed distance of all looks: depth, or nearest approach */
    double deepest_u95_m; /* its bound; of one look, so the least of many is a little too deep */
    int64_t deepest_ns;
    double deepest_lat_rad; /* where the aircraft was then */
    double deepest_lon_rad;
    double deepest_alt_hae_m;
    double p_inside_max;    /* of P as above, floor and ceiling included */
    double distance_last_m; /* at the latest look */
    double u95_last_m;
    double p_inside_last;
    /* private */
    int64_t inside_since_ns;        /* first clear look of this stay */
    int64_t stay_from_ns;           /* what its dwell counts from: the crossing, else that look */
    int64_t dwell_before_ns;        /* of the stays before */
    int64_t half_ns;                /* when P last passed 1/2 */
    int64_t clear_ns;               /* latest clear look */
    struct sky_alert_look previous; /* latest look, for interpolation */
};

enum sky_incident_state { SKY_INCIDENT_NONE = 0, SKY_INCIDENT_OPEN, SKY_INCIDENT_CLOSED };

enum sky_incident_end {
    SKY_END_NOT_YET = 0,
    SKY_END_OUTSIDE = 1,  /* left and stayed out */
    SKY_END_LOST_INSIDE,  /* the track ended while inside under at least one line */
    SKY_END_LOST_OUTSIDE, /* the track ended while inside under none */
    SKY_END_STOPPED       /* the station stopped in good order and watched no further */
};

/** One track against one zone. Plain data but for the lines, which whoever keeps it keeps too. */
struct sky_incident {
    uint32_t id; /* 0 until it opens; then 1, 2, 3, ... in one run */
    uint32_t zone_id;
    uint32_t track_id;
    enum sky_incident_state state;
    enum sky_incident_end end;
    uint32_t returns;    /* times it turned back towards the zone after an exit */
    bool started_inside; /* under the line that opened it */
    bool outside;        /* private: under every line, by the latest clear looks */
    bool receding;       /* private */
    uint32_t line_count;
    int64_t opened_ns;
    int64_t closed_ns;
    double closest_outside_m; /* how near it came again since the first return; 0 without one */
    struct sky_incident_line *line; /* as many, in the order of the zone's lines; borrowed */
    /* private */
    int64_t outside_since_ns; /* since then it neither turned back nor came nearer */
    double turn_m;            /* distance against which the next turn or step is measured */
};

/** What a call did. */
enum sky_incident_change {
    SKY_INCIDENT_UNCHANGED = 0,
    SKY_INCIDENT_OPENED,
    SKY_INCIDENT_CROSSED,  /* an entry or exit under some line of an open incident */
    SKY_INCIDENT_RETURNED, /* turned back towards the zone */
    SKY_INCIDENT_NOW_CLOSED
};

/**
 * Before the first look. `line` is the place for what happens under each line of the zone, for as
 * long as the incident is used; line ids come from the set. Pre: zone < zones->zone_count.
 */
void sky_incident_init(struct sky_incident *incident, struct sky_incident_line *line,
                       const struct sky_zone_set *zones, uint32_t zone, uint32_t track_id);

/**
 * Makes a closed incident ready for the next one of the same track and zone: what happened is
 * forgotten, but not on which side of each line the object is.
 */
void sky_incident_renew(struct sky_incident *incident);

/**
 * Takes the assessments of one look, in the order of the zone's lines.
 * next_id is used if the incident opens now. Pre: not closed; times do not go back.
 */
enum sky_incident_change sky_incident_look(struct sky_incident *incident,
                                           const struct sky_incident_config *config,
                                           const struct sky_fixing *fixing,
                                           const struct sky_assessment *assessment,
                                           uint32_t next_id);

/** Is it inside under any line, by the latest clear looks? */
bool sky_incident_is_inside(const struct sky_incident *incident);

/** Was it at any clear look of this incident, or of what may become one? */
bool sky_incident_was_inside(const struct sky_incident *incident);

/** The track is lost: an open incident closes. */
enum sky_incident_change sky_incident_lost(struct sky_incident *incident, int64_t time_ns);

/** The station stops: an open incident closes. */
enum sky_incident_change sky_incident_stop(struct sky_incident *incident, int64_t time_ns);

#endif
