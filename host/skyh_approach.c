#include "skyh_approach.h"

#include <stdlib.h>
#include <string.h>

/* A track in the air. */
struct skyh_watched {
    uint32_t track_id;
    struct sky_lla place;
    bool cooperative;
    double height_var_m2;
    int64_t confirmed_ns;
    struct sky_track *track; /* its features, as the tracker makes them; owned */
};

struct skyh_approach_open {
    struct skyh_approach approach;
    uint32_t looks;
    bool is_incident; /* it has become one */
    bool believed;    /* at its nearest */
};

static const double height_sigma_most_m = 1000.0; /* else it was only assumed */
static const uint32_t looks_least = 3;

/* The next element of a growing array, zeroed; NULL if memory ends. */
static void *grow(void *array, size_t count, size_t bytes)
{
    /* in steps of powers of two, so that growing is rare */
    if ((count & (count - 1)) != 0) {
        return array;
    }
    return realloc(array, (count == 0 ? 1 : 2 * count) * bytes);
}

static struct skyh_watched *find_watched(struct skyh_approaches *approaches, uint32_t track_id)
{
    for (size_t i = 0; i < approaches->watched_count; i++) {
        if (approaches->watched[i].track_id == track_id) {
            return &approaches->watched[i];
        }
    }
    return NULL;
}

static struct skyh_watched *add_watched(struct skyh_approaches *approaches,
                                        const struct sky_event *event)
{
    struct skyh_watched *const grown =
        grow(approaches->watched, approaches->watched_count, sizeof *grown);
    struct sky_track *const track = calloc(1, sizeof *track);
    if (grown != NULL) {
        approaches->watched = grown;
    }
    if (grown == NULL || track == NULL) {
        free(track);
        return NULL;
    }
    struct skyh_watched *const watched = &grown[approaches->watched_count++];
    *watched = (struct skyh_watched){
        .track_id = event->u.track.id, .confirmed_ns = event->time_ns, .track = track};
    return watched;
}

/* What the tracker adds to the features at an update. */
static void observe(struct skyh_watched *watched, const struct sky_event *event)
{
    const struct sky_event_track *const said = &event->u.track;
    const struct sky_remark nothing = {0};
    struct sky_state *const state = &watched->track->state;
    state->time_ns = event->time_ns;
    state->x[3] = said->vel_east_mps;
    state->x[4] = said->vel_north_mps;
    state->x[5] = said->vel_up_mps;
    state->p[3][3] = said->cov[15];
    state->p[4][4] = said->cov[18];
    state->p[5][5] = said->cov[20];
    watched->height_var_m2 = said->cov[11];
    watched->cooperative = said->cooperative;
    watched->place = said->place;
    sky_track_observe(watched->track, said->place.alt_hae_m, &nothing);
}

static struct skyh_approach_open *find_open(struct skyh_approaches *approaches, uint32_t track_id,
                                            uint32_t zone_id)
{
    for (size_t i = 0; i < approaches->open_count; i++) {
        const struct skyh_approach *const approach = &approaches->open[i].approach;
        if (approach->track_id == track_id && approach->zone_id == zone_id) {
            return &approaches->open[i];
        }
    }
    return NULL;
}

/* The zone's index; its count if the set does not have it. */
static uint32_t zone_of(const struct sky_zone_set *zones, uint32_t zone_id)
{
    uint32_t zone = 0;
    while (zone < zones->zone_count && zones->zone[zone].id != zone_id) {
        zone++;
    }
    return zone;
}

static struct skyh_approach_open *add_open(struct skyh_approaches *approaches, uint32_t track_id,
                                           uint32_t zone, int64_t time_ns)
{
    struct skyh_approach_open *const grown =
        grow(approaches->open, approaches->open_count, sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    approaches->open = grown;
    struct skyh_approach_open *const open = &grown[approaches->open_count++];
    struct skyh_approach *const approach = &open->approach;
    struct sky_incident incident;
    memset(open, 0, sizeof *open);
    sky_incident_init(&incident, approach->line, approaches->zones, zone, track_id);
    approach->zone = zone;
    approach->zone_id = incident.zone_id;
    approach->track_id = track_id;
    approach->line_count = incident.line_count;
    approach->first_ns = time_ns;
    return open;
}

static void take_look(struct skyh_approach_open *open, const struct sky_event *event,
                      const struct sky_lla *place)
{
    const struct sky_assessment *const assessment = &event->u.assessment;
    struct skyh_approach *const approach = &open->approach;
    bool nearest = true;
    for (uint32_t i = 0; i < approach->line_count; i++) {
        struct sky_incident_line *const line = &approach->line[i];
        nearest = nearest && assessment->distance_m < line->deepest_m;
        if (line->line_id != assessment->line_id) {
            continue;
        }
        const double p = assessment->p_inside * assessment->p_vertical;
        if (assessment->distance_m < line->deepest_m) {
            line->deepest_m = assessment->distance_m;
            line->deepest_u95_m = assessment->u95_m;
            line->deepest_ns = event->time_ns;
            line->deepest_lat_rad = place->lat_rad;
            line->deepest_lon_rad = place->lon_rad;
            line->deepest_alt_hae_m = place->alt_hae_m;
        }
        line->p_inside_max = p > line->p_inside_max ? p : line->p_inside_max;
        line->distance_last_m = assessment->distance_m;
        line->u95_last_m = assessment->u95_m;
        line->p_inside_last = p;
    }
    if (nearest) {
        approach->nearest_ns = event->time_ns;
        open->believed = assessment->existence >= 0.9;
    }
    open->looks += approach->last_ns != event->time_ns ? 1 : 0;
    approach->last_ns = event->time_ns;
    approach->utc_known = event->utc.state != SKY_CLOCK_NONE;
    approach->utc_offset_ns = event->utc.utc_ns - event->time_ns;
}

static bool take_assessment(struct skyh_approaches *approaches, const struct sky_event *event)
{
    const struct sky_assessment *const assessment = &event->u.assessment;
    struct skyh_watched *const watched = find_watched(approaches, assessment->track_id);
    struct skyh_approach_open *open =
        find_open(approaches, assessment->track_id, assessment->zone_id);
    const uint32_t zone = zone_of(approaches->zones, assessment->zone_id);
    if (watched == NULL || zone == approaches->zones->zone_count) {
        return true; /* the beginning is lost */
    }
    if (open == NULL) {
        open = add_open(approaches, assessment->track_id, zone, event->time_ns);
        if (open == NULL) {
            return false;
        }
    }
    if (!open->is_incident) {
        take_look(open, event, &watched->place);
    }
    return true;
}

/* Names what is over, and keeps it if it came near. */
static bool conclude(struct skyh_approaches *approaches, const struct skyh_approach_open *open,
                     const struct skyh_watched *watched, enum sky_incident_end end)
{
    struct skyh_approach approach = open->approach;
    struct sky_incident incident = {.zone_id = approach.zone_id,
                                    .track_id = approach.track_id,
                                    .state = SKY_INCIDENT_CLOSED,
                                    .end = end,
                                    .line_count = approach.line_count,
                                    .line = approach.line};
    approach.end = end;
    approach.features = watched->track->features;
    const struct sky_subject subject = {.features = &approach.features,
                                        .watched_ns = approach.last_ns - watched->confirmed_ns,
                                        .has_height = watched->height_var_m2 <
                                                      height_sigma_most_m * height_sigma_most_m,
                                        .listened = approaches->listened,
                                        .answered = watched->cooperative};
    sky_classify(&incident, &subject, &approach.result);
    const uint32_t near = SKY_REASON_NEAR | SKY_REASON_TOUCHED | SKY_REASON_LOST_ON_THE_WAY;
    if (open->is_incident || !open->believed || open->looks < looks_least ||
        (approach.result.reasons & near) == 0) {
        return true;
    }
    struct skyh_approach *const grown = grow(approaches->found, approaches->count, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    approaches->found = grown;
    grown[approaches->count++] = approach;
    return true;
}

static bool end_track(struct skyh_approaches *approaches, struct skyh_watched *watched,
                      enum sky_incident_end end)
{
    const struct skyh_watched gone = *watched;
    *watched = approaches->watched[--approaches->watched_count];
    approaches->watched[approaches->watched_count].track = NULL;
    bool sound = true;
    size_t kept = 0;
    for (size_t i = 0; i < approaches->open_count; i++) {
        const struct skyh_approach_open *const open = &approaches->open[i];
        if (open->approach.track_id == gone.track_id) {
            sound = conclude(approaches, open, &gone, end) && sound;
        } else {
            if (kept < i) {
                approaches->open[kept] = *open;
            }
            kept++;
        }
    }
    approaches->open_count = kept;
    free(gone.track);
    return sound;
}

static bool take_track(struct skyh_approaches *approaches, const struct sky_event *event)
{
    const struct sky_event_track *const said = &event->u.track;
    struct skyh_watched *watched = find_watched(approaches, said->id);
    if ((said->change & SKY_TRACK_NOW_LOST) != 0) {
        return watched == NULL || end_track(approaches, watched, SKY_END_LOST_OUTSIDE);
    }
    if (watched == NULL) {
        watched = add_watched(approaches, event);
    }
    approaches->listened = approaches->listened || said->cooperative;
    if (watched != NULL && (said->change & SKY_TRACK_UPDATED) != 0) {
        observe(watched, event);
    }
    return watched != NULL;
}

void skyh_approaches_begin(struct skyh_approaches *approaches, const struct sky_zone_set *zones)
{
    approaches->zones = zones;
    approaches->listened = false;
}

bool skyh_approaches_take(struct skyh_approaches *approaches, const struct sky_event *event)
{
    if (approaches->zones == NULL) {
        return true;
    }
    if (event->kind == SKY_EVENT_TRACK) {
        return take_track(approaches, event);
    }
    if (event->kind == SKY_EVENT_ASSESSMENT) {
        return take_assessment(approaches, event);
    }
    if (event->kind == SKY_EVENT_INCIDENT) {
        struct skyh_approach_open *const open =
            find_open(approaches, event->u.incident.track_id, event->u.incident.zone_id);
        if (open != NULL) {
            open->is_incident = true;
        }
    }
    return true;
}

bool skyh_approaches_end(struct skyh_approaches *approaches)
{
    bool sound = true;
    while (approaches->watched_count > 0) {
        sound = end_track(approaches, &approaches->watched[0], SKY_END_STOPPED) && sound;
    }
    approaches->zones = NULL;
    return sound;
}

void skyh_approaches_done(struct skyh_approaches *approaches)
{
    for (size_t i = 0; i < approaches->watched_count; i++) {
        free(approaches->watched[i].track);
    }
    free(approaches->watched);
    free(approaches->open);
    free(approaches->found);
    memset(approaches, 0, sizeof *approaches);
}
