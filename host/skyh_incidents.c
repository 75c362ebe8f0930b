#include "skyh_incidents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_approach.h"

/* The walk's own memory. */
struct collector {
    struct skyh_incidents *incidents;
    struct sky_arena arena;       /* of one record */
    struct sky_arena zones_arena; /* of the run's zone set */
    bool has_zones;
    struct sky_zone_set zones;
    struct sky_zone_names names;
    struct skyh_approaches approaches; /* of the run */
};

static struct skyh_incident *find(struct skyh_incidents *incidents, uint32_t id)
{
    for (size_t i = incidents->count; i-- > 0;) {
        struct skyh_incident *const incident = &incidents->incident[i];
        if (incident->run == incidents->runs && incident->said.id == id) {
            return incident;
        }
    }
    return NULL;
}

static struct skyh_incident *add(struct skyh_incidents *incidents)
{
    struct skyh_incident *const grown =
        realloc(incidents->incident, (incidents->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    incidents->incident = grown;
    struct skyh_incident *const incident = &grown[incidents->count++];
    memset(incident, 0, sizeof *incident);
    incident->run = incidents->runs;
    return incident;
}

static void name_zone(const struct sky_zone_set *zones, const struct sky_zone_names *names,
                      struct skyh_incident *incident)
{
    (void)snprintf(incident->zone, sizeof incident->zone, "zone %u", incident->said.zone_id);
    for (uint32_t i = 0; zones != NULL && i < zones->zone_count; i++) {
        if (names->zone[i].id == incident->said.zone_id) {
            (void)snprintf(incident->zone, sizeof incident->zone, "%s", names->zone[i].name);
        }
    }
}

static void take_line(const struct sky_zone_set *zones, const struct sky_zone_names *names,
                      struct skyh_incident *incident, const struct sky_incident_line *line)
{
    size_t at = 0;
    while (at < incident->line_count && incident->line[at].said.line_id != line->line_id) {
        at++;
    }
    if (at == SKY_ZONE_LINES_MAX) {
        return;
    }
    if (at == incident->line_count) {
        incident->line_count++;
        (void)snprintf(incident->line[at].name, SKYH_NAME_TEXT_MAX, "line %u", line->line_id);
        for (uint32_t i = 0; zones != NULL && i < zones->line_count; i++) {
            if (names->line[i].id == line->line_id) {
                (void)snprintf(incident->line[at].name, SKYH_NAME_TEXT_MAX, "%s",
                               names->line[i].name);
                (void)snprintf(incident->line[at].party, SKYH_NAME_TEXT_MAX, "%s",
                               names->line[i].party);
                incident->line[at].accuracy_stated = zones->line[i].accuracy_stated;
            }
        }
    }
    incident->line[at].said = *line;
}

void skyh_incidents_begin_run(struct skyh_incidents *incidents) { incidents->runs++; }

bool skyh_incidents_take(struct skyh_incidents *incidents, const struct sky_zone_set *zones,
                         const struct sky_zone_names *names, const struct sky_event *event)
{
    struct skyh_incident *incident = NULL;
    if (event->kind == SKY_EVENT_INCIDENT) {
        incident = find(incidents, event->u.incident.id);
        incident = incident != NULL ? incident : add(incidents);
        if (incident == NULL) {
            return false;
        }
        incident->said = event->u.incident;
        incident->utc_known = event->utc.state != SKY_CLOCK_NONE;
        incident->utc_offset_ns = event->utc.utc_ns - event->time_ns;
        name_zone(zones, names, incident);
    } else if (event->kind == SKY_EVENT_INCIDENT_LINE) {
        incident = find(incidents, event->u.incident_line.incident_id);
        if (incident != NULL) {
            take_line(zones, names, incident, &event->u.incident_line.line);
        }
    } else if (event->kind == SKY_EVENT_CLASSIFICATION) {
        incident = find(incidents, event->u.classification.incident_id);
        if (incident != NULL) {
            incident->classified = true;
            incident->classification = event->u.classification;
        }
    }
    return true;
}

/* What came near in the run that ends here, under the names that its zones have. */
static bool end_run(struct collector *collector)
{
    struct skyh_incidents *const incidents = collector->incidents;
    struct skyh_approaches *const approaches = &collector->approaches;
    bool sound = skyh_approaches_end(approaches);
    const size_t count = incidents->approach_count + approaches->count;
    struct skyh_incident *const grown =
        approaches->count > 0 ? realloc(incidents->approach, count * sizeof *grown) : NULL;
    sound = sound && (approaches->count == 0 || grown != NULL);
    incidents->approach = grown != NULL ? grown : incidents->approach;
    for (size_t i = 0; sound && i < approaches->count; i++) {
        const struct skyh_approach *const near = &approaches->found[i];
        struct skyh_incident *const incident = &incidents->approach[incidents->approach_count++];
        memset(incident, 0, sizeof *incident);
        incident->run = incidents->runs;
        incident->said = (struct sky_event_incident){.zone_id = near->zone_id,
                                                     .track_id = near->track_id,
                                                     .state = SKY_INCIDENT_CLOSED,
                                                     .end = near->end,
                                                     .opened_ns = near->first_ns,
                                                     .closed_ns = near->last_ns};
        incident->utc_known = near->utc_known;
        incident->utc_offset_ns = near->utc_offset_ns;
        incident->classified = true;
        incident->classification.result = near->result;
        incident->classification.features = near->features;
        name_zone(&collector->zones, &collector->names, incident);
        for (uint32_t k = 0; k < near->line_count; k++) {
            take_line(&collector->zones, &collector->names, incident, &near->line[k]);
        }
    }
    skyh_approaches_done(approaches);
    return sound;
}

static bool take_config(struct collector *collector, const struct sky_scan_item *item)
{
    struct sky_input input;
    struct sky_utc_estimate utc;
    const char *reason = NULL;
    const bool sound = end_run(collector);
    skyh_incidents_begin_run(collector->incidents);
    collector->has_zones =
        sky_codec_unpack_input(item->channel, item->bytes, item->count, &collector->arena, &input,
                               &utc) == SKY_OK &&
        sky_codec_unpack_zones(input.u.config.zone_bytes, input.u.config.zone_byte_count,
                               &collector->zones_arena, &collector->zones, &collector->names,
                               &reason) == SKY_OK;
    collector->incidents->unreadable += collector->has_zones ? 0 : 1;
    skyh_approaches_begin(&collector->approaches, collector->has_zones ? &collector->zones : NULL);
    return sound;
}

static bool is_wanted(const struct collector *collector, enum sky_channel channel)
{
    const bool of_incident = channel == SKY_CHANNEL_INCIDENT ||
                             channel == SKY_CHANNEL_INCIDENT_LINE ||
                             channel == SKY_CHANNEL_CLASSIFICATION;
    return of_incident || (collector->incidents->seek_approaches &&
                           (channel == SKY_CHANNEL_TRACK || channel == SKY_CHANNEL_ASSESSMENT));
}

static bool take_record(struct collector *collector, const struct sky_scan_item *item)
{
    struct sky_event event;
    if (item->channel == SKY_CHANNEL_CONFIG) {
        return take_config(collector, item);
    }
    collector->incidents->orphans += collector->incidents->runs == 0 ? 1 : 0;
    if (!is_wanted(collector, item->channel)) {
        return true;
    }
    if (sky_codec_unpack_event(item->channel, item->bytes, item->count, &collector->arena,
                               &event) != SKY_OK) {
        collector->incidents->unreadable++;
        return true;
    }
    return (!collector->incidents->seek_approaches ||
            skyh_approaches_take(&collector->approaches, &event)) &&
           skyh_incidents_take(collector->incidents,
                               collector->has_zones ? &collector->zones : NULL, &collector->names,
                               &event);
}

static bool walk(struct collector *collector, struct skyh_log *log, const char *command)
{
    struct skyh_progress progress;
    struct skyh_log_item item;
    bool sound = true;
    skyh_progress_begin(&progress, "reading");
    while (sound && skyh_log_next(log, &item)) {
        skyh_log_say(command, &item);
        if (item.scan.found == SKY_SCAN_RECORD) {
            sound = take_record(collector, &item.scan);
        }
        skyh_progress_update(&progress, skyh_log_share(log, &item), "");
    }
    skyh_progress_end(&progress);
    return sound;
}

bool skyh_incidents_collect(struct skyh_incidents *incidents, struct skyh_log *log,
                            const char *command, struct skyh_problem *problem)
{
    struct collector *const collector = calloc(1, sizeof *collector);
    bool sound = collector != NULL;
    if (sound) {
        collector->incidents = incidents;
        collector->arena.capacity = SKY_CODEC_ARENA_BYTES;
        collector->arena.bytes = malloc(SKY_CODEC_ARENA_BYTES);
        collector->zones_arena.capacity = SKY_CODEC_ARENA_BYTES;
        collector->zones_arena.bytes = malloc(SKY_CODEC_ARENA_BYTES);
        sound = collector->arena.bytes != NULL && collector->zones_arena.bytes != NULL &&
                walk(collector, log, command) && end_run(collector);
        skyh_approaches_done(&collector->approaches);
        free(collector->arena.bytes);
        free(collector->zones_arena.bytes);
    }
    free(collector);
    return sound || skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
}

const char *skyh_incidents_verdict(const struct sky_incident_line *line)
{
    if (line->was_inside) {
        return line->started_inside ? "began inside" : "entered";
    }
    return line->deepest_m > line->deepest_u95_m ? "outside" : "undecided";
}

void skyh_incidents_done(struct skyh_incidents *incidents)
{
    free(incidents->incident);
    free(incidents->approach);
    memset(incidents, 0, sizeof *incidents);
}
