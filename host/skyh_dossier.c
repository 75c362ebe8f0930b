#include "skyh_dossier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"

/* Of a log without an incident every track is kept; of an endless one, the first so many looks. */
enum { LOOKS_MAX = 400000, SPOTS_MAX = 40000 };

/* A tail on either side of an incident, for what is drawn of it. */
static const int64_t margin_ns = 120 * SKY_SECOND_NS;

/* The second walk's own memory. The watch comes first. */
struct gatherer {
    struct skyh_rerun_watch watch;
    struct skyh_dossier *dossier;
    struct skyh_rerun *rerun;
    struct sky_arena arena;
    uint64_t run;
    bool failed; /* memory ended */
    size_t look_room;
    size_t assessment_room;
    size_t spot_room;
    size_t heard_room;
    size_t health_room;
};

/* Room for one more; false if memory ended. */
static bool grow(void **array, size_t *room, size_t count, size_t size)
{
    if (count < *room) {
        return true;
    }
    const size_t wanted = 2 * *room + 256;
    void *const grown = realloc(*array, wanted * size);
    if (grown == NULL) {
        return false;
    }
    *array = grown;
    *room = wanted;
    return true;
}

const struct skyh_dossier_run *skyh_dossier_run(const struct skyh_dossier *dossier, uint64_t run)
{
    for (size_t i = dossier->run_count; i-- > 0;) {
        if (dossier->run[i].run == run) {
            return &dossier->run[i];
        }
    }
    return NULL;
}

static struct skyh_dossier_run *current(struct gatherer *gatherer)
{
    struct skyh_dossier *const dossier = gatherer->dossier;
    if (dossier->run_count == 0 || dossier->run[dossier->run_count - 1].run != gatherer->run) {
        return NULL;
    }
    return &dossier->run[dossier->run_count - 1];
}

static bool is_wanted(const struct gatherer *gatherer, uint32_t track_id)
{
    const struct skyh_incidents *const incidents = &gatherer->dossier->incidents;
    if (gatherer->dossier->keep_all) {
        return true;
    }
    for (size_t i = 0; i < incidents->count; i++) {
        if (incidents->incident[i].run == gatherer->run &&
            incidents->incident[i].said.track_id == track_id) {
            return true;
        }
    }
    return incidents->count == 0;
}

/* ----------------------------------------------------------------------------------- events */

static void take_track(struct gatherer *gatherer, const struct sky_event *event)
{
    struct skyh_dossier *const dossier = gatherer->dossier;
    const struct sky_event_track *const track = &event->u.track;
    if (event->utc.state == SKY_CLOCK_NONE || !is_wanted(gatherer, track->id)) {
        return;
    }
    if (dossier->look_count >= LOOKS_MAX) {
        dossier->cut = true;
        return;
    }
    void *array = dossier->look;
    if (!grow(&array, &gatherer->look_room, dossier->look_count, sizeof *dossier->look)) {
        gatherer->failed = true;
        return;
    }
    dossier->look = array;
    dossier->look[dossier->look_count++] = (struct skyh_look){
        .run = gatherer->run,
        .track_id = track->id,
        .change = track->change,
        .utc_ns = event->utc.utc_ns,
        .place = track->place,
        .speed_mps = sky_sqrt(track->vel_east_mps * track->vel_east_mps +
                              track->vel_north_mps * track->vel_north_mps),
        .var_east_m2 = track->cov[0],
        .cov_east_north_m2 = track->cov[1],
        .var_north_m2 = track->cov[6],
        .var_up_m2 = track->cov[11],
        .first = dossier->assessment_count,
    };
}

/* Assessments follow the track they are of; those of a track that is not kept follow none. */
static void take_assessment(struct gatherer *gatherer, const struct sky_assessment *assessment)
{
    struct skyh_dossier *const dossier = gatherer->dossier;
    struct skyh_look *const look =
        dossier->look_count > 0 ? &dossier->look[dossier->look_count - 1] : NULL;
    void *array = dossier->assessment;
    if (look == NULL || look->run != gatherer->run || look->track_id != assessment->track_id ||
        !is_wanted(gatherer, assessment->track_id)) {
        return;
    }
    if (!grow(&array, &gatherer->assessment_room, dossier->assessment_count,
              sizeof *dossier->assessment)) {
        gatherer->failed = true;
        return;
    }
    dossier->assessment = array;
    dossier->assessment[dossier->assessment_count++] = *assessment;
    look->count++;
}

static void take_health(struct gatherer *gatherer, const struct sky_event *event)
{
    struct skyh_dossier *const dossier = gatherer->dossier;
    void *array = dossier->health;
    if (!grow(&array, &gatherer->health_room, dossier->health_count, sizeof *dossier->health)) {
        gatherer->failed = true;
        return;
    }
    dossier->health = array;
    dossier->health[dossier->health_count++] = (struct skyh_health){
        .run = gatherer->run,
        .sensor = event->u.sensor.sensor,
        .utc_ns = event->utc.utc_ns,
        .detection_probability = event->u.sensor.detection_probability,
    };
}

static void take_event(struct gatherer *gatherer, const struct sky_event *event)
{
    struct skyh_dossier_run *const run = current(gatherer);
    if (event->kind == SKY_EVENT_TRACK) {
        take_track(gatherer, event);
    } else if (event->kind == SKY_EVENT_ASSESSMENT) {
        take_assessment(gatherer, &event->u.assessment);
    } else if (event->kind == SKY_EVENT_POSE && run != NULL) {
        run->has_place = true;
        run->place = event->u.pose.place;
        run->place_sigma_m = event->u.pose.sigma_horizontal_m;
    } else if (event->kind == SKY_EVENT_CLOCK && run != NULL) {
        run->clock = event->utc;
        run->clock_changes++;
    } else if (event->kind == SKY_EVENT_SENSOR && event->utc.state != SKY_CLOCK_NONE) {
        take_health(gatherer, event);
    } else if (event->kind == SKY_EVENT_REJECT && run != NULL) {
        run->refused += event->u.reject.count;
    }
}

/* ----------------------------------------------------------------------------------- inputs */

static bool take_zones(struct gatherer *gatherer, const struct sky_input *input, size_t *ret_at)
{
    struct skyh_dossier *const dossier = gatherer->dossier;
    const size_t count = input->u.config.zone_byte_count;
    for (size_t i = 0; i < dossier->zones_count; i++) {
        if (dossier->zones[i].count == count &&
            memcmp(dossier->zones[i].bytes, input->u.config.zone_bytes, count) == 0) {
            *ret_at = i;
            return true;
        }
    }
    struct skyh_zonefile *const grown =
        realloc(dossier->zones, (dossier->zones_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    dossier->zones = grown;
    struct skyh_zonefile *const zones = &grown[dossier->zones_count];
    struct skyh_problem problem;
    uint8_t *const bytes = malloc(count + 1);
    memset(zones, 0, sizeof *zones);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, input->u.config.zone_bytes, count);
    if (!skyh_zonefile_take(zones, "zones", bytes, count, &problem)) {
        skyh_zonefile_close(zones);
        return false;
    }
    *ret_at = dossier->zones_count++;
    return true;
}

static void begin_run(struct gatherer *gatherer, const struct sky_input *input)
{
    struct skyh_dossier *const dossier = gatherer->dossier;
    struct skyh_dossier_run *const grown =
        realloc(dossier->run, (dossier->run_count + 1) * sizeof *grown);
    if (grown == NULL) {
        gatherer->failed = true;
        return;
    }
    dossier->run = grown;
    struct skyh_dossier_run *const run = &grown[dossier->run_count];
    memset(run, 0, sizeof *run);
    run->run = gatherer->run;
    run->config = *input->u.config.config;
    (void)snprintf(run->software, sizeof run->software, "%s", input->u.config.software);
    (void)snprintf(run->boot_id, sizeof run->boot_id, "%s", input->u.config.boot_id);
    if (!take_zones(gatherer, input, &run->zones)) {
        gatherer->failed = true;
        return;
    }
    dossier->run_count++;
}

uint32_t skyh_dossier_sensor(const struct sky_config *config, const char *source)
{
    const char *const dot = strchr(source, '.');
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        if (strcmp(config->sensor[i].name, source) == 0 ||
            (dot != NULL && strcmp(config->sensor[i].name, dot + 1) == 0)) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* How long a source may say nothing: two of its scans and a half, or 5 s if it is no radar. */
static int64_t pause_of(const struct sky_config *config, const char *name)
{
    const uint32_t sensor = skyh_dossier_sensor(config, name);
    if (sensor == UINT32_MAX) {
        return 5 * SKY_SECOND_NS;
    }
    const int64_t pause_ns = config->sensor[sensor].scan_ns * 5 / 2;
    return pause_ns > 2 * SKY_SECOND_NS ? pause_ns : 2 * SKY_SECOND_NS;
}

static bool source_of(struct gatherer *gatherer, const char *name, uint32_t *ret_source)
{
    struct skyh_dossier *const dossier = gatherer->dossier;
    for (size_t i = dossier->source_count; i-- > 0;) {
        if (dossier->source[i].run == gatherer->run && strcmp(dossier->source[i].name, name) == 0) {
            *ret_source = (uint32_t)i;
            return true;
        }
    }
    struct skyh_heard_source *const grown =
        realloc(dossier->source, (dossier->source_count + 1) * sizeof *grown);
    if (grown == NULL) {
        gatherer->failed = true;
        return false;
    }
    dossier->source = grown;
    *ret_source = (uint32_t)dossier->source_count++;
    struct skyh_heard_source *const source = &grown[*ret_source];
    memset(source, 0, sizeof *source);
    source->run = gatherer->run;
    (void)snprintf(source->name, sizeof source->name, "%s", name);
    source->pause_ns = pause_of(&current(gatherer)->config, name);
    return true;
}

static void hear(struct gatherer *gatherer, const struct sky_input *input, int64_t utc_ns)
{
    struct skyh_dossier *const dossier = gatherer->dossier;
    uint32_t source = 0;
    if (!source_of(gatherer, input->source, &source)) {
        return;
    }
    dossier->source[source].inputs++;
    dossier->source[source].has_plots = input->kind != SKY_INPUT_GNSS;
    for (size_t i = dossier->heard_count; i-- > 0;) {
        struct skyh_heard *const heard = &dossier->heard[i];
        if (heard->source == source) {
            if (utc_ns >= heard->from_utc_ns &&
                utc_ns - heard->to_utc_ns <= dossier->source[source].pause_ns) {
                heard->to_utc_ns = utc_ns > heard->to_utc_ns ? utc_ns : heard->to_utc_ns;
                return;
            }
            break;
        }
    }
    void *array = dossier->heard;
    if (!grow(&array, &gatherer->heard_room, dossier->heard_count, sizeof *dossier->heard)) {
        gatherer->failed = true;
        return;
    }
    dossier->heard = array;
    dossier->heard[dossier->heard_count++] =
        (struct skyh_heard){.source = source, .from_utc_ns = utc_ns, .to_utc_ns = utc_ns};
}

static bool is_near_incident(const struct gatherer *gatherer, int64_t utc_ns)
{
    const struct skyh_incidents *const incidents = &gatherer->dossier->incidents;
    for (size_t i = 0; i < incidents->count; i++) {
        const struct skyh_incident *const incident = &incidents->incident[i];
        const int64_t opened_ns = incident->said.opened_ns + incident->utc_offset_ns;
        const int64_t closed_ns = incident->said.closed_ns + incident->utc_offset_ns;
        if (incident->run == gatherer->run && utc_ns > opened_ns - margin_ns &&
            (incident->said.state != SKY_INCIDENT_CLOSED || utc_ns < closed_ns + margin_ns)) {
            return true;
        }
    }
    return false;
}

/* Where the latest plot of a track puts the aircraft by itself, as the station took it. */
static bool place_plot(const struct sky_engine *engine, uint32_t track_id,
                       struct skyh_spot *ret_spot)
{
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        const struct sky_track *const track = &engine->tracker.track[slot];
        if (track->id != track_id) {
            continue;
        }
        const struct sky_look *const look = &track->look[track->look_count % SKY_LOOKS_MAX];
        const struct sky_measurement *const measured = &look->measurement;
        struct sky_state state;
        if (!measured->is_place && !measured->has_elevation && !measured->has_height) {
            return false;
        }
        sky_measure_start(measured, &look->pose, 100.0, &state);
        const struct sky_enu at = {state.x[0], state.x[1], state.x[2]};
        const struct sky_lla place = sky_geo_from_enu(&engine->frame, &at);
        ret_spot->sensor = look->sensor;
        ret_spot->lat_rad = place.lat_rad;
        ret_spot->lon_rad = place.lon_rad;
        return true;
    }
    return false;
}

static void take_plot(struct gatherer *gatherer, uint32_t track_id, int64_t utc_ns)
{
    struct skyh_dossier *const dossier = gatherer->dossier;
    struct skyh_spot spot = {.run = gatherer->run, .track_id = track_id, .utc_ns = utc_ns};
    void *array = dossier->spot;
    if (!place_plot(&skyh_rerun_station(gatherer->rerun)->engine, track_id, &spot)) {
        return;
    }
    if (dossier->spot_count >= SPOTS_MAX) {
        dossier->cut = true;
        return;
    }
    if (!grow(&array, &gatherer->spot_room, dossier->spot_count, sizeof spot)) {
        gatherer->failed = true;
        return;
    }
    dossier->spot = array;
    dossier->spot[dossier->spot_count++] = spot;
}

static void note_source(struct gatherer *gatherer, const struct sky_input *input)
{
    uint32_t source = 0;
    const enum sky_source_event event = input->u.source_event.event;
    if ((event == SKY_SOURCE_LOST || event == SKY_SOURCE_TORN) &&
        source_of(gatherer, input->source, &source)) {
        gatherer->dossier->source[source].lost += input->u.source_event.count;
    }
}

static void on_input(struct skyh_rerun_watch *watch, const struct sky_input *input)
{
    struct gatherer *const gatherer = (struct gatherer *)watch;
    if (input->kind == SKY_INPUT_CONFIG) {
        begin_run(gatherer, input);
        return;
    }
    struct skyh_dossier_run *const run = current(gatherer);
    if (run != NULL && input->kind == SKY_INPUT_CLOCK_STEP) {
        run->clock_steps++;
    }
    const struct sky_utc_estimate utc =
        sky_station_utc(skyh_rerun_station(gatherer->rerun), input->time_ns);
    if (run == NULL || utc.state == SKY_CLOCK_NONE) {
        return;
    }
    run->from_utc_ns = run->has_span ? run->from_utc_ns : utc.utc_ns;
    run->to_utc_ns = utc.utc_ns;
    run->has_span = true;
    switch (input->kind) {
    case SKY_INPUT_REGISTERS:
    case SKY_INPUT_DATAGRAM:
    case SKY_INPUT_PLOT_ROWS:
    case SKY_INPUT_GNSS:
        hear(gatherer, input, utc.utc_ns);
        break;
    case SKY_INPUT_SOURCE:
        note_source(gatherer, input);
        break;
    case SKY_INPUT_CONFIG:
    case SKY_INPUT_TICK:
    case SKY_INPUT_REGISTER_MAP:
    case SKY_INPUT_CLOCK_STEP:
        break;
    }
}

/* What the station wrote is taken from the log; only plots are not in it by themselves. */
static void on_event(struct skyh_rerun_watch *watch, const struct sky_event *event)
{
    struct gatherer *const gatherer = (struct gatherer *)watch;
    if (event->kind == SKY_EVENT_TRACK && (event->u.track.change & SKY_TRACK_UPDATED) != 0 &&
        event->utc.state != SKY_CLOCK_NONE && is_wanted(gatherer, event->u.track.id) &&
        is_near_incident(gatherer, event->utc.utc_ns)) {
        take_plot(gatherer, event->u.track.id, event->utc.utc_ns);
    }
}

/* ------------------------------------------------------------------------------------- walk */

static void take_record(struct gatherer *gatherer, const struct sky_scan_item *item)
{
    struct sky_event event;
    if (item->channel == SKY_CHANNEL_CONFIG) {
        gatherer->run++;
        return;
    }
    const bool wanted = item->channel == SKY_CHANNEL_TRACK ||
                        item->channel == SKY_CHANNEL_ASSESSMENT ||
                        item->channel == SKY_CHANNEL_POSE || item->channel == SKY_CHANNEL_CLOCK ||
                        item->channel == SKY_CHANNEL_REJECT || item->channel == SKY_CHANNEL_SENSOR;
    if (wanted && sky_codec_unpack_event(item->channel, item->bytes, item->count, &gatherer->arena,
                                         &event) == SKY_OK) {
        take_event(gatherer, &event);
    }
}

static void note_damage(struct gatherer *gatherer, const struct skyh_log_item *item)
{
    struct skyh_dossier *const dossier = gatherer->dossier;
    if (dossier->damage_count < sizeof dossier->damage / sizeof dossier->damage[0]) {
        struct skyh_dossier_damage *const damage = &dossier->damage[dossier->damage_count++];
        damage->file = item->segment->file;
        damage->offset = item->scan.offset;
        damage->reason = item->scan.reason;
        damage->torn = item->scan.found == SKY_SCAN_TORN_END;
    }
}

static void take_item(struct gatherer *gatherer, const struct skyh_log_item *item)
{
    switch (item->scan.found) {
    case SKY_SCAN_RECORD:
        take_record(gatherer, &item->scan);
        skyh_rerun_take(gatherer->rerun, item);
        if (item->scan.channel == SKY_CHANNEL_CONFIG && current(gatherer) != NULL) {
            (void)skyh_zonefile_hash(item->scan.bytes, item->scan.count,
                                     current(gatherer)->config_sha256);
        }
        break;
    case SKY_SCAN_DAMAGE:
    case SKY_SCAN_TORN_END:
        note_damage(gatherer, item);
        skyh_rerun_take(gatherer->rerun, item);
        break;
    case SKY_SCAN_OWN:
    case SKY_SCAN_END:
        break;
    }
}

static void walk(struct gatherer *gatherer, struct skyh_log *log)
{
    struct skyh_progress progress;
    struct skyh_log_item item;
    skyh_log_rewind(log);
    skyh_progress_begin(&progress, "gathering");
    while (!gatherer->failed && skyh_log_next(log, &item)) {
        take_item(gatherer, &item);
        skyh_progress_update(&progress, skyh_log_share(log, &item), "");
    }
    skyh_rerun_finish(gatherer->rerun);
    skyh_progress_end(&progress);
    gatherer->dossier->rerun = *skyh_rerun_verdict(gatherer->rerun);
}

static bool gather(struct gatherer *gatherer, struct skyh_log *log)
{
    gatherer->arena.capacity = SKY_CODEC_ARENA_BYTES;
    gatherer->arena.bytes = malloc(SKY_CODEC_ARENA_BYTES);
    gatherer->rerun = skyh_rerun_open(true, &gatherer->watch);
    gatherer->failed = gatherer->arena.bytes == NULL || gatherer->rerun == NULL;
    if (!gatherer->failed) {
        walk(gatherer, log);
    }
    skyh_rerun_close(gatherer->rerun);
    free(gatherer->arena.bytes);
    return !gatherer->failed;
}

bool skyh_dossier_collect(struct skyh_dossier *dossier, struct skyh_log *log, const char *command,
                          struct skyh_problem *problem)
{
    skyh_log_rewind(log);
    if (!skyh_incidents_collect(&dossier->incidents, log, command, problem)) {
        return false;
    }
    struct gatherer gatherer = {.watch = {.input = on_input, .event = on_event},
                                .dossier = dossier};
    return gather(&gatherer, log) || skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
}

const struct sky_assessment *skyh_dossier_under(const struct skyh_dossier *dossier,
                                                const struct skyh_look *look, uint32_t line_id)
{
    for (size_t i = look->first; i < look->first + look->count; i++) {
        if (dossier->assessment[i].line_id == line_id) {
            return &dossier->assessment[i];
        }
    }
    return NULL;
}

int skyh_dossier_exit(const struct skyh_dossier *dossier, const struct skyh_log *log)
{
    const bool whole = !dossier->rerun.different && !dossier->rerun.lost &&
                       dossier->incidents.unreadable + dossier->incidents.orphans == 0;
    return whole ? skyh_log_exit(log) : SKYH_EXIT_DAMAGED;
}

void skyh_dossier_done(struct skyh_dossier *dossier)
{
    for (size_t i = 0; i < dossier->zones_count; i++) {
        skyh_zonefile_close(&dossier->zones[i]);
    }
    skyh_incidents_done(&dossier->incidents);
    free(dossier->run);
    free(dossier->zones);
    free(dossier->look);
    free(dossier->assessment);
    free(dossier->spot);
    free(dossier->source);
    free(dossier->heard);
    free(dossier->health);
    memset(dossier, 0, sizeof *dossier);
}
