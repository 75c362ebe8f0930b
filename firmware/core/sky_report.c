#include "sky_report.h"

#include <string.h>

#include "sky_common.h"
#include "sky_math.h"

static const int64_t sensor_report_ns = 60 * SKY_SECOND_NS;
static const double zones_latitude_most_rad = 89.0 * SKY_PI / 180.0; /* sky_zone goes no farther */

static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }

/* Errors that filtering does not shrink, those of the clock included. */
static void find_common_error(const struct sky_engine *engine, const struct sky_track *track,
                              const struct sky_state *state, struct sky_common_error *ret)
{
    const struct sky_utc_estimate utc = sky_utc_at(&engine->utc, state->time_ns);

    sky_common_find(&engine->config, &engine->tracker, &engine->pose, track, state, ret);
    ret->time_sigma_s = utc.state > SKY_CLOCK_RTC ? (double)utc.sigma_ns * 1e-9 : 0.0;
}

/* `weight` are the model probabilities at the fixing's time. */
static void describe(const struct sky_track *track, const struct sky_fixing *fixing,
                     const double weight[SKY_MODES_MAX], struct sky_event_track *said)
{
    said->id = track->id;
    said->status = track->status;
    said->place = fixing->place;
    said->vel_east_mps = fixing->vel_east_mps;
    said->vel_north_mps = fixing->vel_north_mps;
    said->vel_up_mps = fixing->vel_up_mps;
    said->existence = fixing->existence;
    said->sensors = track->sensors;
    said->last_sensor = track->last_sensor;
    said->last_distance2 = track->innovation.distance2;
    said->last_dimension = track->innovation.dimension;
    said->icao_address = track->icao_address;
    memcpy(said->callsign, track->callsign, sizeof said->callsign);
    said->cooperative = track->cooperative;
    said->height_from_pressure = (track->heights & SKY_HEIGHT_PRESSURE) != 0;
    memcpy(said->model, weight, sizeof said->model);
    sky_assess_total(fixing, said->cov);
}

static void say_track(struct sky_engine *engine, struct sky_outbox *outbox, size_t slot,
                      const struct sky_fixing *fixing)
{
    const struct sky_track *const track = &engine->tracker.track[slot];
    struct sky_event_track *const said =
        &sky_engine_append(engine, outbox, engine->last_seq, fixing->time_ns, SKY_EVENT_TRACK)
             ->u.track;
    describe(track, fixing, track->imm.weight, said);
    said->change = engine->tracker.change[slot];
}

static struct sky_subject subject_of(const struct sky_engine *engine, size_t slot, size_t zone)
{
    const struct sky_track *const track = &engine->tracker.track[slot];
    return (struct sky_subject){.features = &track->features,
                                .stay = sky_stays_longest(&engine->stays, slot, zone),
                                .watched_ns = track->seen_ns - track->confirmed_ns,
                                .has_height = track->heights != 0,
                                .listened = engine->tracker.answers_heard,
                                .answered = track->cooperative,
                                .emitter = track->emitter};
}

static void say_classification(struct sky_engine *engine, struct sky_outbox *outbox, size_t slot,
                               size_t zone, int64_t time_ns)
{
    const struct sky_incident *const incident = &engine->incident[slot][zone];
    const struct sky_subject subject = subject_of(engine, slot, zone);
    struct sky_event_classification *const said =
        &sky_engine_append(engine, outbox, engine->last_seq, time_ns, SKY_EVENT_CLASSIFICATION)
             ->u.classification;
    said->incident_id = incident->id;
    said->features = *subject.features;
    said->emitter = subject.emitter;
    if (subject.stay != NULL) {
        said->stay = *subject.stay;
    }
    sky_classify(incident, &subject, &said->result);
}

static void say_incident(struct sky_engine *engine, struct sky_outbox *outbox, size_t slot,
                         size_t zone, enum sky_incident_change change, int64_t time_ns)
{
    const struct sky_incident *const incident = &engine->incident[slot][zone];
    if (change == SKY_INCIDENT_UNCHANGED) {
        return;
    }
    struct sky_event_incident *const said =
        &sky_engine_append(engine, outbox, engine->last_seq, time_ns, SKY_EVENT_INCIDENT)
             ->u.incident;
    said->id = incident->id;
    said->zone_id = incident->zone_id;
    said->track_id = incident->track_id;
    said->change = change;
    said->state = incident->state;
    said->end = incident->end;
    said->opened_ns = incident->opened_ns;
    said->closed_ns = incident->closed_ns;
    said->started_inside = incident->started_inside;
    said->returns = incident->returns;
    said->closest_outside_m = incident->closest_outside_m;
    for (uint32_t i = 0; i < incident->line_count; i++) {
        struct sky_event_incident_line *const line =
            &sky_engine_append(engine, outbox, engine->last_seq, time_ns, SKY_EVENT_INCIDENT_LINE)
                 ->u.incident_line;
        line->incident_id = incident->id;
        line->line = incident->line[i];
    }
    if (change == SKY_INCIDENT_NOW_CLOSED) {
        say_classification(engine, outbox, slot, zone, time_ns);
    }
}

static bool is_reported(const struct sky_engine *engine, const struct sky_assessment *assessment)
{
    return assessment->distance_m <= engine->config.incident.assess_within_m;
}

/* Assesses a slot's track against every line. */
static void assess(struct sky_engine *engine, size_t slot, const struct sky_fixing *fixing)
{
    const struct sky_zone_set *const zones = engine->zones;
    for (uint32_t line = 0; line < zones->line_count; line++) {
        const uint32_t first = zones->ring[zones->line[line].first_ring].first;
        uint16_t *const edge = &engine->alert[slot][line].edge;
        struct sky_assessment *const assessment = &engine->assessment[line];
        sky_assess(zones, line, &engine->config.incident, fixing,
                   *edge > 0 ? first + *edge - 1 : SKY_ZONE_NO_EDGE, assessment);
        const uint32_t after = assessment->edge - first;
        *edge = (uint16_t)(after < UINT16_MAX ? after + 1 : 0);
    }
}

/*
 * A track updated within one and a half scans of the quickest sensor that follows it. Nothing is
 * escalated for one that nobody has seen for longer.
 */
static bool is_fresh(const struct sky_engine *engine, const struct sky_track *track)
{
    int64_t patience_ns = INT64_MAX;
    for (uint32_t i = 0; i < engine->config.sensor_count; i++) {
        const int64_t scan_ns = engine->config.sensor[i].scan_ns;
        const int64_t wait_ns = scan_ns + scan_ns / 2 + engine->tracker.sensor[i].lag_ns;
        if ((track->sensors & 1U << i) != 0 && wait_ns < patience_ns) {
            patience_ns = wait_ns;
        }
    }
    return engine->now_ns - track->seen_ns <= patience_ns;
}

/* The first sound notice of an entry or exit, under each line. */
static void watch(struct sky_engine *engine, struct sky_outbox *outbox, size_t slot,
                  const struct sky_fixing *fixing, bool fresh)
{
    for (uint32_t line = 0; line < engine->zones->line_count; line++) {
        const struct sky_assessment *const assessment = &engine->assessment[line];
        struct sky_alert *const alert = &engine->alert[slot][line];
        const struct sky_alert_look look = {fixing->time_ns, assessment->distance_m,
                                            assessment->p_inside * assessment->p_vertical};
        const enum sky_alert_notice notice =
            sky_alert_look(alert, &engine->config.incident, &look, fixing->existence, fresh);
        if (notice == SKY_ALERT_NOTHING) {
            continue;
        }
        struct sky_event_alert *const said =
            &sky_engine_append(engine, outbox, engine->last_seq, fixing->time_ns, SKY_EVENT_ALERT)
                 ->u.alert;
        said->track_id = fixing->track_id;
        said->zone_id = assessment->zone_id;
        said->line_id = assessment->line_id;
        said->inside = notice != SKY_ALERT_LEFT;
        said->first = notice == SKY_ALERT_FOUND_INSIDE;
        said->p = look.p * fixing->existence;
        said->crossing_known = notice != SKY_ALERT_FOUND_INSIDE;
        said->crossing_ns = said->crossing_known ? alert->half_ns : 0;
    }
}

/* Says how a track stands to every line that it is near to or inside. */
static void say_assessments(struct sky_engine *engine, struct sky_outbox *outbox,
                            const struct sky_fixing *fixing)
{
    for (uint32_t line = 0; line < engine->zones->line_count; line++) {
        const struct sky_assessment *const assessment = &engine->assessment[line];
        if (is_reported(engine, assessment)) {
            sky_engine_append(engine, outbox, engine->last_seq, fixing->time_ns,
                              SKY_EVENT_ASSESSMENT)
                ->u.assessment = *assessment;
        }
    }
}

/*
 * Nothing is watched that is far outside every line of a zone: it can only come nearer by looks,
 * and the first of them that counts finds it outside. An open incident is followed anywhere.
 */
static bool is_watched(const struct sky_engine *engine, const struct sky_zone *zone,
                       const struct sky_incident *incident)
{
    bool watched = incident->state == SKY_INCIDENT_OPEN;
    for (uint32_t i = 0; i < zone->line_count; i++) {
        watched = watched || is_reported(engine, &engine->assessment[zone->first_line + i]);
    }
    return watched;
}

static void look(struct sky_engine *engine, struct sky_outbox *outbox, size_t slot,
                 const struct sky_fixing *fixing)
{
    for (uint32_t z = 0; z < engine->zones->zone_count; z++) {
        const struct sky_zone *const zone = &engine->zones->zone[z];
        struct sky_incident *const incident = &engine->incident[slot][z];
        if (!is_watched(engine, zone, incident)) {
            continue;
        }
        const enum sky_incident_change change =
            sky_incident_look(incident, &engine->config.incident, fixing,
                              &engine->assessment[zone->first_line], engine->next_incident_id);
        if (change == SKY_INCIDENT_OPENED) {
            engine->next_incident_id++;
        }
        sky_stays_look(&engine->stays, slot, z, sky_incident_is_inside(incident), fixing);
        say_incident(engine, outbox, slot, z, change, fixing->time_ns);
        if (change == SKY_INCIDENT_NOW_CLOSED) {
            sky_incident_renew(incident);
        }
        if (!sky_incident_was_inside(incident)) {
            sky_stays_end(&engine->stays, slot, z); /* over, or a dip that came to nothing */
        }
    }
}

/* Lengths of the tracking frame and along the ellipsoid differ by far less than a hundredth. */
static const double stretch = 1.01;

static bool is_clear(const struct sky_engine_clearance *clearance, const double x_m[3])
{
    const double east_m = x_m[0] - clearance->from.east_m;
    const double north_m = x_m[1] - clearance->from.north_m;
    const double up_m = x_m[2] - clearance->from.up_m;
    return stretch * sky_sqrt(east_m * east_m + north_m * north_m + up_m * up_m) <
           clearance->reach_m;
}

/*
 * After a look: how far the track may go until a line can be near enough to report. Holds for
 * whatever track has the slot next: it is about places.
 */
static void measure_clearance(struct sky_engine *engine, size_t slot)
{
    const double *const x_m = engine->tracker.track[slot].state.x;
    double reach_m = 1.0e7;
    for (uint32_t line = 0; line < engine->zones->line_count; line++) {
        const double beyond_m =
            engine->assessment[line].distance_m - engine->config.incident.assess_within_m;
        reach_m = smaller(reach_m, beyond_m);
    }
    for (uint32_t z = 0; z < engine->zones->zone_count; z++) {
        if (engine->incident[slot][z].state == SKY_INCIDENT_OPEN) {
            reach_m = 0.0; /* it is followed anywhere */
        }
    }
    engine->clearance[slot].from.east_m = x_m[0];
    engine->clearance[slot].from.north_m = x_m[1];
    engine->clearance[slot].from.up_m = x_m[2];
    engine->clearance[slot].reach_m = reach_m;
}

/*
 * After a look: until when no line can be met, were it three times as fast and 30 m/s more. P is
 * within 1e-8 of 0 or 1 beyond three times U95.
 */
static void measure_calm(struct sky_engine *engine, size_t slot, const struct sky_fixing *fixing)
{
    const double speed_mps = sky_sqrt(fixing->vel_east_mps * fixing->vel_east_mps +
                                      fixing->vel_north_mps * fixing->vel_north_mps);
    double calm_m = 1.0e7;
    for (uint32_t line = 0; line < engine->zones->line_count; line++) {
        const struct sky_assessment *const assessment = &engine->assessment[line];
        calm_m = smaller(calm_m, sky_abs(assessment->distance_m) - 3.0 * assessment->u95_m);
    }
    const double calm_s = larger(0.0, calm_m) / (3.0 * speed_mps + 30.0);
    engine->calm_until_ns[slot] = fixing->time_ns + (int64_t)(calm_s * 1e9);
}

/* Ends what a slot's track had open, and empties the slot. */
static void let_go(struct sky_engine *engine, struct sky_outbox *outbox, size_t slot,
                   enum sky_incident_change (*end)(struct sky_incident *, int64_t))
{
    for (uint32_t z = 0; z < engine->zones->zone_count; z++) {
        say_incident(engine, outbox, slot, z, end(&engine->incident[slot][z], engine->now_ns),
                     engine->now_ns);
        sky_stays_end(&engine->stays, slot, z);
    }
    engine->slot_track_id[slot] = 0;
}

static void adopt(struct sky_engine *engine, size_t slot)
{
    const uint32_t track_id = engine->tracker.track[slot].id;

    if (engine->slot_track_id[slot] != track_id) {
        engine->slot_track_id[slot] = track_id;
        memset(engine->alert[slot], 0, sizeof engine->alert[slot]);
        engine->calm_until_ns[slot] = 0;
        for (uint32_t z = 0; z < engine->zones->zone_count; z++) {
            sky_incident_init(&engine->incident[slot][z],
                              &engine->incident_line[slot][engine->zones->zone[z].first_line],
                              engine->zones, z, track_id);
        }
    }
}

static bool is_assessed(const struct sky_engine *engine, size_t slot,
                        const struct sky_fixing *fixing, const struct sky_state *state)
{
    return sky_abs(fixing->place.lat_rad) <= zones_latitude_most_rad &&
           !is_clear(&engine->clearance[slot], state->x);
}

static void fix(const struct sky_engine *engine, size_t slot, const struct sky_state *state,
                double existence, struct sky_fixing *ret_fixing)
{
    const struct sky_track *const track = &engine->tracker.track[slot];
    struct sky_common_error common;

    find_common_error(engine, track, state, &common);
    sky_assess_fix(&engine->frame, state, track->id, existence, &common, ret_fixing);
    ret_fixing->heights = track->heights;
}

static void report_track(struct sky_engine *engine, struct sky_outbox *outbox, size_t slot)
{
    const struct sky_track *const track = &engine->tracker.track[slot];
    const uint32_t change = engine->tracker.change[slot];
    struct sky_fixing fixing;

    fix(engine, slot, &track->state, sky_track_existence(track->log_odds), &fixing);
    adopt(engine, slot);
    say_track(engine, outbox, slot, &fixing);
    if ((change & SKY_TRACK_NOW_LOST) != 0) {
        let_go(engine, outbox, slot, sky_incident_lost);
    } else if ((change & SKY_TRACK_UPDATED) != 0 &&
               is_assessed(engine, slot, &fixing, &track->state)) {
        assess(engine, slot, &fixing);
        say_assessments(engine, outbox, &fixing);
        watch(engine, outbox, slot, &fixing, is_fresh(engine, track));
        look(engine, outbox, slot, &fixing);
        measure_clearance(engine, slot);
        measure_calm(engine, slot, &fixing);
    }
}

void sky_report_tracks(struct sky_engine *engine, struct sky_outbox *outbox)
{
    for (uint32_t i = 0; i < engine->tracker.touched_count; i++) {
        report_track(engine, outbox, engine->tracker.touched[i]);
    }
}

static bool is_believed(const struct sky_engine *engine, size_t slot)
{
    const enum sky_track_status status = engine->tracker.track[slot].status;
    return status == SKY_TRACK_CONFIRMED || status == SKY_TRACK_COASTING;
}

void sky_report_between_looks(struct sky_engine *engine, struct sky_outbox *outbox)
{
    for (uint32_t i = 0; i < engine->tracker.active_count; i++) {
        const uint32_t slot = engine->tracker.active[i];
        struct sky_imm imm;
        struct sky_state state;
        struct sky_fixing fixing;

        if (!is_believed(engine, slot) || engine->slot_track_id[slot] == 0 ||
            engine->tracker.change[slot] != 0 || engine->now_ns < engine->calm_until_ns[slot] ||
            !is_fresh(engine, &engine->tracker.track[slot])) {
            continue;
        }
        sky_track_predict(&engine->tracker.track[slot], &engine->tracker.rules, engine->now_ns,
                          &imm, &state);
        fix(engine, slot, &state, sky_track_existence(engine->tracker.track[slot].log_odds),
            &fixing);
        if (is_assessed(engine, slot, &fixing, &state)) {
            assess(engine, slot, &fixing);
            watch(engine, outbox, slot, &fixing, true);
        }
    }
}

static double existence_now(const struct sky_engine *engine, size_t slot)
{
    return sky_tracker_existence_at(&engine->tracker, &engine->config, (uint32_t)slot,
                                    engine->now_ns);
}

bool sky_report_track_at(const struct sky_engine *engine, size_t slot, int64_t time_ns,
                         struct sky_event_track *ret_track)
{
    struct sky_imm imm;
    struct sky_state state;
    struct sky_fixing fixing;

    if (!is_believed(engine, slot) ||
        !sky_track_at(&engine->tracker.track[slot], &engine->tracker.rules, time_ns, &imm,
                      &state)) {
        return false;
    }
    fix(engine, slot, &state, existence_now(engine, slot), &fixing);
    memset(ret_track, 0, sizeof *ret_track);
    describe(&engine->tracker.track[slot], &fixing, imm.weight, ret_track);
    return true;
}

void sky_report_assess_at(const struct sky_engine *engine, size_t slot, int64_t time_ns,
                          struct sky_assessment ret_assessment[SKY_LINES_MAX])
{
    struct sky_imm imm;
    struct sky_state state;
    struct sky_fixing fixing;

    (void)sky_track_at(&engine->tracker.track[slot], &engine->tracker.rules, time_ns, &imm, &state);
    fix(engine, slot, &state, existence_now(engine, slot), &fixing);
    for (uint32_t line = 0; line < engine->zones->line_count; line++) {
        sky_assess(engine->zones, line, &engine->config.incident, &fixing, SKY_ZONE_NO_EDGE,
                   &ret_assessment[line]);
    }
}

void sky_report_stop(struct sky_engine *engine, struct sky_outbox *outbox)
{
    for (size_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        if (engine->slot_track_id[slot] != 0) {
            let_go(engine, outbox, slot, sky_incident_stop);
        }
    }
}

/* --------------------------------------------------------------------------------- the sensors */

static void say_sensor(struct sky_engine *engine, struct sky_outbox *outbox, uint32_t index)
{
    const struct sky_watch *const sensor = &engine->tracker.sensor[index];
    const struct sky_sensor_config *const config = &engine->config.sensor[index];
    struct sky_event_sensor *const said =
        &sky_engine_append(engine, outbox, engine->last_seq, engine->now_ns, SKY_EVENT_SENSOR)
             ->u.sensor;

    said->sensor = index;
    sky_register_report(&engine->tracker.registration, index, &said->registration);
    for (int i = 0; i < SKY_COMPONENTS; i++) {
        said->nis[i] = sky_nis_mean(&sensor->nis, (enum sky_component)i);
    }
    said->nis_out = sensor->nis.out;
    said->detection_probability =
        sky_clutter_detection(&sensor->clutter, config, 0.5 * config->range_max_m, 0.0);
    said->false_plots_per_scan = sky_clutter_per_scan(&sensor->clutter, config);
    said->plots = sensor->plots;
    said->used = sensor->used;
    engine->sensor_said[index] = said->registration.state;
    engine->sensor_said_ns[index] = engine->now_ns;
}

void sky_report_sensors(struct sky_engine *engine, struct sky_outbox *outbox)
{
    for (uint32_t i = 0; i < engine->config.sensor_count; i++) {
        struct sky_registration registration;
        sky_register_report(&engine->tracker.registration, i, &registration);
        if (engine->tracker.sensor[i].plots > 0 &&
            (registration.state != engine->sensor_said[i] ||
             (engine->tracker.nis_changed & 1U << i) != 0 ||
             engine->now_ns - engine->sensor_said_ns[i] >= sensor_report_ns)) {
            say_sensor(engine, outbox, i);
        }
    }
}
