#include "sky_incident.h"

#include <string.h>

static const double unseen_m =
    1.0e9; /* farther than any place on Earth: the first look is nearer */
static const double turn_sigmas = 4.0;
static const double turn_floor_m = 50.0;

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }

/* Forgets what happened under a line, but not where the object is. */
static void forget(struct sky_incident_line *line)
{
    const struct sky_incident_line kept = *line;

    memset(line, 0, sizeof *line);
    line->line_id = kept.line_id;
    line->side = kept.side;
    line->clear_ns = kept.clear_ns;
    line->half_ns = kept.half_ns;
    line->previous = kept.previous;
    line->has_previous = kept.has_previous;
    line->deepest_m = unseen_m;
}

void sky_incident_init(struct sky_incident *incident, struct sky_incident_line *line,
                       const struct sky_zone_set *zones, uint32_t zone, uint32_t track_id)
{
    memset(incident, 0, sizeof *incident);
    incident->zone_id = zones->zone[zone].id;
    incident->track_id = track_id;
    incident->line_count = zones->zone[zone].line_count;
    incident->line = line;
    for (uint32_t i = 0; i < incident->line_count; i++) {
        memset(&line[i], 0, sizeof line[i]);
        line[i].line_id = zones->line[zones->zone[zone].first_line + i].id;
        line[i].deepest_m = unseen_m;
    }
}

void sky_incident_renew(struct sky_incident *incident)
{
    incident->id = 0;
    incident->state = SKY_INCIDENT_NONE;
    incident->end = SKY_END_NOT_YET;
    incident->opened_ns = 0;
    incident->closed_ns = 0;
    incident->started_inside = false;
    incident->returns = 0;
    incident->closest_outside_m = 0.0;
    incident->outside = false;
    for (uint32_t i = 0; i < incident->line_count; i++) {
        forget(&incident->line[i]);
    }
}

static struct sky_crossing crossing_of(const struct sky_incident_line *line, int64_t now_ns)
{
    const struct sky_crossing crossing = {.known = true,
                                          .time_ns = line->half_ns,
                                          .earliest_ns = line->clear_ns,
                                          .latest_ns = now_ns};
    return crossing;
}

static void go_inside(struct sky_incident_line *line, int64_t now_ns)
{
    if (line->side == SKY_SIDE_OUTSIDE) {
        if (line->entries == 0) {
            line->entry = crossing_of(line, now_ns);
        }
        line->entries++;
        line->stay_from_ns = line->half_ns;
    } else {
        line->started_inside = true;
        line->stay_from_ns = now_ns;
    }
    line->side = SKY_SIDE_INSIDE;
    line->was_inside = true;
    line->inside_since_ns = now_ns;
}

static void go_outside(struct sky_incident_line *line, int64_t now_ns)
{
    if (line->side == SKY_SIDE_INSIDE) {
        line->exit = crossing_of(line, now_ns);
        line->dwell_before_ns += line->half_ns - line->stay_from_ns;
        line->dwell_ns = line->dwell_before_ns;
    }
    line->side = SKY_SIDE_OUTSIDE;
}

static void remember_extremes(struct sky_incident_line *line, const struct sky_fixing *fixing,
                              const struct sky_assessment *assessment, double p)
{
    if (assessment->distance_m < line->deepest_m) {
        line->deepest_m = assessment->distance_m;
        line->deepest_u95_m = assessment->u95_m;
        line->deepest_ns = fixing->time_ns;
        line->deepest_lat_rad = fixing->place.lat_rad;
        line->deepest_lon_rad = fixing->place.lon_rad;
        line->deepest_alt_hae_m = fixing->place.alt_hae_m;
    }
    line->p_inside_max = larger(line->p_inside_max, p);
    line->distance_last_m = assessment->distance_m;
    line->u95_last_m = assessment->u95_m;
    line->p_inside_last = p;
}

/* Takes one look under one line; true if the object crossed that line. */
static bool look_under(struct sky_incident_line *line, const struct sky_incident_config *config,
                       const struct sky_fixing *fixing, const struct sky_assessment *assessment)
{
    const int64_t now_ns = fixing->time_ns;
    const double p = assessment->p_inside * assessment->p_vertical;
    const struct sky_alert_look look = {now_ns, assessment->distance_m, p};
    const enum sky_line_side before = line->side;

    if (line->has_previous && (line->previous.p < 0.5) != (p < 0.5)) {
        line->half_ns = sky_alert_half_ns(&line->previous, &look);
    }
    line->history <<= 1;
    if (p >= config->p_enter) {
        line->history |= 1U;
        if (line->side != SKY_SIDE_INSIDE) {
            go_inside(line, now_ns);
        }
        line->clear_ns = now_ns;
    } else if (p <= config->p_exit) {
        go_outside(line, now_ns);
        line->clear_ns = now_ns;
    }
    if (line->side == SKY_SIDE_INSIDE) {
        line->dwell_ns = line->dwell_before_ns + (now_ns - line->stay_from_ns);
    }
    remember_extremes(line, fixing, assessment, p);
    line->previous = look;
    line->has_previous = true;
    return before != SKY_SIDE_UNKNOWN && line->side != before;
}

static bool opens_under(const struct sky_incident_line *line,
                        const struct sky_incident_config *config, int64_t now_ns)
{
    uint32_t inside = 0;
    for (uint32_t i = 0; i < config->looks_of; i++) {
        inside += line->history >> i & 1U;
    }
    return line->side == SKY_SIDE_INSIDE && inside >= config->looks_inside &&
           now_ns - line->inside_since_ns >= config->dwell_ns;
}

static enum sky_incident_change try_to_open(struct sky_incident *incident,
                                            const struct sky_incident_config *config,
                                            const struct sky_fixing *fixing, uint32_t next_id)
{
    for (uint32_t i = 0; i < incident->line_count; i++) {
        if (opens_under(&incident->line[i], config, fixing->time_ns) &&
            fixing->existence >= config->existence_min) {
            incident->id = next_id;
            incident->state = SKY_INCIDENT_OPEN;
            incident->opened_ns = fixing->time_ns;
            incident->started_inside = incident->line[i].started_inside;
            return SKY_INCIDENT_OPENED;
        }
    }
    return SKY_INCIDENT_UNCHANGED;
}

/* Keeps the clock that runs while the object is outside; true if it turned back at this look. */
static bool follow_outside(struct sky_incident *incident, const struct sky_assessment *nearest)
{
    const double distance_m = nearest->distance_m;
    const double step_m = larger(turn_floor_m, turn_sigmas * nearest->sigma_track_m);
    const bool nearer = distance_m < incident->turn_m - step_m;
    const bool farther = distance_m > incident->turn_m + step_m;

    if (nearer) {
        incident->outside_since_ns = nearest->time_ns;
    }
    if (incident->receding && !nearer) {
        incident->turn_m = larger(incident->turn_m, distance_m);
        return false;
    }
    if (nearer || farther) {
        incident->turn_m = distance_m;
    }
    if (incident->returns > 0) {
        incident->closest_outside_m = smaller(incident->closest_outside_m, distance_m);
    }
    const bool turned_back = incident->receding;
    incident->receding = farther;
    return turned_back;
}

static const struct sky_assessment *nearest_of(const struct sky_incident *incident,
                                               const struct sky_assessment *assessment)
{
    const struct sky_assessment *nearest = assessment;
    for (uint32_t i = 1; i < incident->line_count; i++) {
        if (assessment[i].distance_m < nearest->distance_m) {
            nearest = &assessment[i];
        }
    }
    return nearest;
}

static bool is_outside(const struct sky_incident *incident)
{
    for (uint32_t i = 0; i < incident->line_count; i++) {
        if (incident->line[i].side != SKY_SIDE_OUTSIDE) {
            return false;
        }
    }
    return true;
}

static enum sky_incident_change close_with(struct sky_incident *incident, enum sky_incident_end end,
                                           int64_t time_ns)
{
    incident->state = SKY_INCIDENT_CLOSED;
    incident->end = end;
    incident->closed_ns = time_ns;
    return SKY_INCIDENT_NOW_CLOSED;
}

/* What being outside everywhere, or not, means for the incident as a whole. */
static enum sky_incident_change judge_outside(struct sky_incident *incident,
                                              const struct sky_incident_config *config,
                                              const struct sky_assessment *nearest)
{
    const int64_t now_ns = nearest->time_ns;

    if (!is_outside(incident)) {
        incident->outside = false;
        return SKY_INCIDENT_UNCHANGED;
    }
    if (!incident->outside) {
        incident->outside = true;
        incident->receding = true;
        incident->turn_m = nearest->distance_m;
        incident->outside_since_ns = now_ns;
        return SKY_INCIDENT_UNCHANGED;
    }
    const bool turned_back = follow_outside(incident, nearest);
    if (incident->state == SKY_INCIDENT_NONE) {
        if (now_ns - incident->outside_since_ns >= config->close_after_ns) {
            sky_incident_renew(incident); /* a dip that came to nothing */
        }
        return SKY_INCIDENT_UNCHANGED;
    }
    if (turned_back) {
        if (incident->returns == 0) {
            incident->closest_outside_m = nearest->distance_m;
        }
        incident->returns++;
        return SKY_INCIDENT_RETURNED;
    }
    if (now_ns - incident->outside_since_ns >= config->close_after_ns) {
        return close_with(incident, SKY_END_OUTSIDE, now_ns);
    }
    return SKY_INCIDENT_UNCHANGED;
}

enum sky_incident_change sky_incident_look(struct sky_incident *incident,
                                           const struct sky_incident_config *config,
                                           const struct sky_fixing *fixing,
                                           const struct sky_assessment *assessment,
                                           uint32_t next_id)
{
    bool crossed = false;
    for (uint32_t i = 0; i < incident->line_count; i++) {
        crossed |= look_under(&incident->line[i], config, fixing, &assessment[i]);
    }
    const enum sky_incident_change change =
        judge_outside(incident, config, nearest_of(incident, assessment));
    if (incident->state == SKY_INCIDENT_NONE) {
        return try_to_open(incident, config, fixing, next_id);
    }
    return change == SKY_INCIDENT_UNCHANGED && crossed ? SKY_INCIDENT_CROSSED : change;
}

bool sky_incident_is_inside(const struct sky_incident *incident)
{
    for (uint32_t i = 0; i < incident->line_count; i++) {
        if (incident->line[i].side == SKY_SIDE_INSIDE) {
            return true;
        }
    }
    return false;
}

bool sky_incident_was_inside(const struct sky_incident *incident)
{
    bool was = false;
    for (uint32_t i = 0; i < incident->line_count; i++) {
        was = was || incident->line[i].was_inside;
    }
    return was;
}

enum sky_incident_change sky_incident_lost(struct sky_incident *incident, int64_t time_ns)
{
    if (incident->state != SKY_INCIDENT_OPEN) {
        return SKY_INCIDENT_UNCHANGED;
    }
    return close_with(incident,
                      sky_incident_is_inside(incident) ? SKY_END_LOST_INSIDE : SKY_END_LOST_OUTSIDE,
                      time_ns);
}

enum sky_incident_change sky_incident_stop(struct sky_incident *incident, int64_t time_ns)
{
    return incident->state == SKY_INCIDENT_OPEN ? close_with(incident, SKY_END_STOPPED, time_ns)
                                                : SKY_INCIDENT_UNCHANGED;
}
