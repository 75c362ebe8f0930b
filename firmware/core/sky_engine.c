#include "sky_engine.h"

#include <string.h>

#include "sky_math.h"
#include "sky_reading.h"
#include "sky_report.h"

static const double carry_most_s = 10.0; /* how far a moving station's last fix is carried on */
static const double frame_reach_m = 1e6; /* a radar there that sees 1,000 km is still within it */

static const int64_t epoch_most_ns = 2 * SKY_SECOND_NS; /* all its reports come within */

static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }

/* ------------------------------------------------------------------------------------- events */

/*
 * Where the next event goes. The last place of the outbox is kept for saying that it was full; what
 * comes then goes where nobody looks, so that no caller has to care.
 */
struct sky_event *sky_engine_append(struct sky_engine *engine, struct sky_outbox *outbox,
                                    uint64_t cause_seq, int64_t time_ns, enum sky_event_kind kind)
{
    struct sky_event *event = &engine->lost;
    if (outbox->count < SKY_OUTBOX_MAX - 1) {
        event = &outbox->event[outbox->count++];
    } else {
        engine->stats.outbox_full++;
    }
    memset(event, 0, sizeof *event);
    event->cause_seq = cause_seq;
    event->time_ns = time_ns;
    event->utc = sky_utc_at(&engine->utc, time_ns);
    event->kind = kind;
    return event;
}

void sky_engine_name(char ret_name[SKY_NAME_MAX], const char *name)
{
    const char *const end = ret_name + SKY_NAME_MAX - 1;
    memset(ret_name, 0, SKY_NAME_MAX);
    for (char *to = ret_name; to < end && *name != '\0'; to++, name++) {
        *to = *name;
    }
}

void sky_engine_reject(struct sky_engine *engine, struct sky_outbox *outbox, uint64_t cause_seq,
                       int64_t time_ns, const struct sky_event_reject *reject)
{
    engine->stats.rejected[reject->reason] += reject->count;
    sky_engine_append(engine, outbox, cause_seq, time_ns, SKY_EVENT_REJECT)->u.reject = *reject;
}

static void reject(struct sky_engine *engine, struct sky_outbox *outbox,
                   enum sky_reject_reason reason, uint64_t count, const char *item,
                   const char *source)
{
    if (count > 0) {
        struct sky_event_reject said = {.reason = reason, .count = count};
        sky_engine_name(said.item, item);
        sky_engine_name(said.source, source);
        sky_engine_reject(engine, outbox, engine->last_seq, engine->now_ns, &said);
    }
}

static void say_loss(struct sky_engine *engine, struct sky_outbox *outbox, uint64_t lost)
{
    struct sky_event *const event = &outbox->event[SKY_OUTBOX_MAX - 1];

    if (outbox->count < SKY_OUTBOX_MAX) {
        memset(event, 0, sizeof *event);
        event->cause_seq = engine->last_seq;
        event->time_ns = engine->now_ns;
        event->utc = sky_utc_at(&engine->utc, engine->now_ns);
        event->kind = SKY_EVENT_REJECT;
        event->u.reject.reason = SKY_REJECT_TABLE_FULL;
        sky_engine_name(event->u.reject.item, "outbox");
        outbox->count = SKY_OUTBOX_MAX;
    }
    event->u.reject.count += lost;
    engine->stats.rejected[SKY_REJECT_TABLE_FULL] += lost;
}

/* ------------------------------------------------------------------------- the station's state */

static void say_clock(struct sky_engine *engine, struct sky_outbox *outbox)
{
    const enum sky_clock_state state = sky_utc_at(&engine->utc, engine->now_ns).state;

    if (state != engine->clock_said) {
        engine->clock_said = state;
        sky_engine_append(engine, outbox, engine->last_seq, engine->now_ns, SKY_EVENT_CLOCK);
    }
}

/* The frame's origin never moves again: tracks would jump with it. */
static void anchor(struct sky_engine *engine, const struct sky_lla *place)
{
    if (!engine->anchored) {
        engine->anchored = sky_geo_frame_init(&engine->frame, place) == SKY_OK;
    }
}

static bool pose_moved(const struct sky_engine *engine)
{
    const struct sky_enu now = sky_geo_to_enu(&engine->frame, &engine->pose.place);
    const struct sky_enu said = sky_geo_to_enu(&engine->frame, &engine->pose_said);
    const double east_m = now.east_m - said.east_m;
    const double north_m = now.north_m - said.north_m;
    const double sigma_m = engine->pose.sigma_horizontal_m;
    const double turn_rad = sky_wrap_pi(engine->pose.heading_rad - engine->heading_said_rad);

    return sky_abs(turn_rad) > engine->pose.heading_sigma_rad ||
           east_m * east_m + north_m * north_m > sigma_m * sigma_m ||
           sky_abs(now.up_m - said.up_m) > engine->pose.sigma_vertical_m;
}

static void say_pose(struct sky_engine *engine, struct sky_outbox *outbox)
{
    const struct sky_pose *const pose = &engine->pose;

    const enum sky_pose_state state = sky_pose_state(pose, &engine->config.station);

    if (!pose->known ||
        (engine->pose_was_said && state == engine->pose_state_said && !pose_moved(engine))) {
        return;
    }
    engine->pose_was_said = true;
    engine->pose_state_said = state;
    engine->heading_said_rad = pose->heading_rad;
    engine->pose_said = pose->place;
    struct sky_event *const event =
        sky_engine_append(engine, outbox, engine->last_seq, engine->now_ns, SKY_EVENT_POSE);
    event->u.pose.place = pose->place;
    event->u.pose.sigma_horizontal_m = pose->sigma_horizontal_m;
    event->u.pose.sigma_vertical_m = pose->sigma_vertical_m;
    event->u.pose.heading_rad = pose->heading_rad;
    event->u.pose.heading_sigma_rad = pose->heading_sigma_rad;
    event->u.pose.fixes_used = pose->fixes_used;
    event->u.pose.state = state;
}

/* Another report of the epoch that the one before was of? */
static bool is_of_epoch(const struct sky_engine *engine, const struct sky_gnss_fix *fix)
{
    const struct sky_engine_epoch *const epoch = &engine->epoch;
    return epoch->known && (fix->has & SKY_GNSS_TIME) != 0 && fix->utc_ns == epoch->utc_ns &&
           engine->now_ns - epoch->time_ns <= epoch_most_ns;
}

/* Takes the fix's time, and keeps the pose as it was before this epoch, or brings it back. */
static enum sky_status begin_epoch(struct sky_engine *engine, const struct sky_gnss_fix *fix)
{
    struct sky_engine_epoch *const epoch = &engine->epoch;

    if (is_of_epoch(engine, fix)) {
        return epoch->believed;
    }
    epoch->known = (fix->has & SKY_GNSS_TIME) != 0;
    epoch->utc_ns = fix->utc_ns;
    epoch->time_ns = engine->now_ns;
    epoch->before = engine->pose;
    epoch->believed = epoch->known ? sky_utc_observe_gnss(&engine->utc, engine->now_ns, fix->utc_ns,
                                                          fix->utc_sigma_ns)
                                   : SKY_OK;
    return epoch->believed;
}

/* The pulse was told on the kernel's clock, which tells UTC here and now by what it lacked then. */
static void take_pulse(struct sky_engine *engine, const struct sky_step *step,
                       struct sky_outbox *outbox)
{
    const struct sky_gnss_fix *const fix = step->fix;
    const bool is_real = step->realtime_ns >= 0 && step->realtime_ns <= INT64_MAX / 2;

    if ((fix->has & SKY_GNSS_PPS) != 0 && is_real &&
        sky_utc_observe_pps(&engine->utc, engine->now_ns, step->realtime_ns + fix->pps_offset_ns,
                            fix->pps_sigma_ns) != SKY_OK) {
        reject(engine, outbox, SKY_REJECT_IMPLAUSIBLE, 1, "gnss.pps", "");
    }
}

/* Who is wrong about the time is not believed about the place either. */
static void take_fix(struct sky_engine *engine, const struct sky_step *step,
                     struct sky_outbox *outbox)
{
    const struct sky_gnss_fix *const fix = step->fix;
    const bool again = is_of_epoch(engine, fix);

    if (begin_epoch(engine, fix) != SKY_OK) {
        reject(engine, outbox, SKY_REJECT_IMPLAUSIBLE, 1, "gnss.time", "");
    } else {
        take_pulse(engine, step, outbox);
        if ((fix->has & SKY_GNSS_POSITION) != 0) {
            if (again) {
                engine->pose = engine->epoch.before;
            }
            if (sky_pose_observe(&engine->pose, &engine->config.station, engine->now_ns, fix) !=
                SKY_OK) {
                reject(engine, outbox, SKY_REJECT_IMPLAUSIBLE, 1, "gnss.position", "");
            }
        }
    }
    if (engine->pose.known) {
        anchor(engine, &engine->pose.place);
    }
    say_clock(engine, outbox);
    say_pose(engine, outbox);
}

/* ----------------------------------------------------------------------- where a sensor stands */

static struct sky_lla carried_place(const struct sky_pose *pose, double for_s)
{
    const struct sky_geo_radii radii = sky_geo_radii_at(pose->place.lat_rad);
    const double way_m = pose->speed_mps * for_s;
    const struct sky_lla place = {
        pose->place.lat_rad + way_m * sky_cos(pose->course_rad) / radii.north_m,
        sky_wrap_pi(pose->place.lon_rad + way_m * sky_sin(pose->course_rad) / radii.east_m),
        pose->place.alt_hae_m};
    return place;
}

static void set_velocity(const struct sky_pose *pose, struct sky_sensor_pose *sensor)
{
    const double east_mps = pose->speed_mps * sky_sin(pose->course_rad);
    const double north_mps = pose->speed_mps * sky_cos(pose->course_rad);

    sensor->velocity_mps.east_m = sensor->rot[0][0] * east_mps + sensor->rot[1][0] * north_mps;
    sensor->velocity_mps.north_m = sensor->rot[0][1] * east_mps + sensor->rot[1][1] * north_mps;
    sensor->velocity_mps.up_m = sensor->rot[0][2] * east_mps + sensor->rot[1][2] * north_mps;
}

static bool is_same_place(const struct sky_lla *a, const struct sky_lla *b)
{
    return sky_abs(a->lat_rad - b->lat_rad) + sky_abs(a->lon_rad - b->lon_rad) +
               sky_abs(a->alt_hae_m - b->alt_hae_m) ==
           0.0;
}

/* The pose of a sensor that stands still; what was found for its latest plot is kept. */
static enum sky_status stand_still(struct sky_engine_stand *stand,
                                   const struct sky_geo_frame *frame, const struct sky_lla *place,
                                   struct sky_sensor_pose *ret_pose)
{
    if (!stand->sought || !is_same_place(&stand->place, place)) {
        stand->sought = true;
        stand->place = *place;
        stand->found = sky_sensor_pose_at(&stand->pose, frame, place);
    }
    *ret_pose = stand->pose;
    return stand->found;
}

/* SKY_E_RANGE if it is not known where the sensor stands. */
static enum sky_status stand(struct sky_engine *engine, uint32_t index, int64_t time_ns,
                             struct sky_sensor_pose *ret_pose)
{
    const struct sky_sensor_config *const sensor = &engine->config.sensor[index];
    const struct sky_pose *const pose = &engine->pose;

    if (!engine->anchored) {
        return SKY_E_RANGE;
    }
    if (!sensor->at_station) {
        return stand_still(&engine->stand[index], &engine->frame, &sensor->site, ret_pose);
    }
    if (!engine->config.station.moving) {
        return stand_still(&engine->stand[index], &engine->frame, &pose->place, ret_pose);
    }
    const double for_s = (double)(time_ns - pose->time_ns) * 1e-9;
    const struct sky_lla place =
        carried_place(pose, larger(-carry_most_s, smaller(carry_most_s, for_s)));
    const enum sky_status status = sky_sensor_pose_at(ret_pose, &engine->frame, &place);
    if (status == SKY_OK) {
        set_velocity(pose, ret_pose);
    }
    return status;
}

static bool is_within(const struct sky_enu *a, const struct sky_enu *b, double most_m)
{
    const double east_m = a->east_m - b->east_m;
    const double north_m = a->north_m - b->north_m;
    const double up_m = a->up_m - b->up_m;
    return east_m * east_m + north_m * north_m + up_m * up_m <= most_m * most_m;
}

/* Whether the tracking frame reaches there, and whether a place is one that can be reported. */
static bool is_in_range(const struct sky_engine *engine, const struct sky_sensor_config *sensor,
                        const struct sky_look *look)
{
    const struct sky_enu centre = {0.0, 0.0, 0.0};
    if (!is_within(&look->pose.origin, &centre, frame_reach_m)) {
        return false;
    }
    if (!look->measurement.is_place) {
        return true; /* the tracker knows the plot's own range */
    }
    const struct sky_enu station = sky_geo_to_enu(&engine->frame, &engine->pose.place);
    return is_within(&look->pose.origin, &station, sensor->range_max_m);
}

/* --------------------------------------------------------------------------------------- steps */

/* What one step of plots came to. */
struct tally {
    uint64_t used;
    uint64_t implausible;
    uint64_t no_pose;
    uint64_t too_old;
    uint64_t time_not_believed;
    uint64_t out_of_range;
};

/* Plots that the tracker refused in its latest call, some of which may have waited till then. */
static void say_refused(struct sky_engine *engine, struct sky_outbox *outbox)
{
    for (uint32_t i = 0; i < engine->config.sensor_count; i++) {
        const uint32_t *const refused = engine->tracker.refused[i];
        const char *const name = engine->config.sensor[i].name;
        reject(engine, outbox, SKY_REJECT_TOO_OLD, refused[SKY_REFUSED_TOO_OLD], "plot.time", name);
        reject(engine, outbox, SKY_REJECT_IMPLAUSIBLE, refused[SKY_REFUSED_REPEATED],
               "plot.repeated", name);
        reject(engine, outbox, SKY_REJECT_TABLE_FULL, refused[SKY_REFUSED_NO_ROOM], "tracks", name);
    }
}

static void take_tick(struct sky_engine *engine, const struct sky_step *step,
                      struct sky_outbox *outbox)
{
    sky_utc_observe_kernel(&engine->utc, step->time_ns, step->realtime_ns, step->synchronised,
                           step->error_ns);
    say_clock(engine, outbox);
    say_pose(engine, outbox);
    sky_tracker_tick(&engine->tracker, &engine->config, &engine->frame, step->time_ns);
    sky_report_tracks(engine, outbox);
    sky_report_between_looks(engine, outbox);
    sky_report_sensors(engine, outbox);
    say_refused(engine, outbox);
}

static void take_plot(struct sky_engine *engine, const struct sky_plot *plot,
                      const struct sky_utc_estimate *utc, struct sky_claim *claim,
                      struct tally *tally)
{
    const struct sky_sensor_config *const sensor = &engine->config.sensor[plot->sensor];
    struct sky_measurement *const raw = &claim->look.measurement;
    struct sky_lla place;
    enum sky_status stands;

    if (!sky_reading_is_sound(plot)) {
        tally->implausible++;
        return;
    }
    if (sky_reading_is_too_old(plot)) {
        tally->too_old++;
        return;
    }
    memset(raw, 0, sizeof *raw);
    if (!sky_reading_time(plot, sensor, engine->now_ns, utc, raw)) {
        tally->time_not_believed++;
    }
    if ((plot->has & SKY_PLOT_PLACE) != 0) {
        sky_reading_place(&engine->config.tracker, sensor, plot, raw, &place);
        stands = engine->anchored ? sky_sensor_pose_at(&claim->look.pose, &engine->frame, &place)
                                  : SKY_E_RANGE;
    } else {
        sky_reading_polar(&engine->config.tracker, sensor, plot,
                          sensor->at_station ? engine->pose.heading_rad : 0.0, raw);
        stands = stand(engine, plot->sensor, raw->time_ns, &claim->look.pose);
    }
    if (stands != SKY_OK) {
        tally->no_pose++;
        return;
    }
    if (!is_in_range(engine, sensor, &claim->look)) {
        tally->out_of_range++;
        return;
    }
    sky_track_keep_raw(&claim->look);
    sky_register_correct(&engine->tracker.registration, plot->sensor, &claim->look.measurement);
    claim->remark = (struct sky_remark){.has = plot->has,
                                        .icao_address = plot->icao_address,
                                        .rcs_dbsm = plot->rcs_dbsm,
                                        .mode_3a = plot->mode_3a,
                                        .emitter = plot->emitter};
    memcpy(claim->remark.callsign, plot->callsign, sizeof claim->remark.callsign);
    const enum sky_status status = sky_tracker_offer(&engine->tracker, &engine->config, claim);
    tally->out_of_range += status == SKY_E_RANGE ? 1 : 0;
    tally->used += status == SKY_OK ? 1 : 0;
}

static void take_plots(struct sky_engine *engine, const struct sky_step *step,
                       struct sky_outbox *outbox)
{
    if (step->count == 0) {
        return;
    }
    const uint32_t index = step->plot[0].sensor;
    const struct sky_sensor_config *const sensor = &engine->config.sensor[index];
    const struct sky_utc_estimate utc = sky_utc_at(&engine->utc, step->time_ns);
    struct sky_claim *const claim = &engine->claim;
    struct tally tally = {0};

    engine->stats.plots += step->count;
    if (!engine->pose.known && sensor->at_station && sensor->kind == SKY_SENSOR_RADAR) {
        reject(engine, outbox, SKY_REJECT_NO_POSE, step->count, "plot", sensor->name);
        return;
    }
    memset(claim, 0, sizeof *claim);
    claim->look.sensor = index;
    claim->arrival_ns = engine->now_ns;
    for (size_t i = 0; i < step->count; i++) {
        take_plot(engine, &step->plot[i], &utc, claim, &tally);
    }
    reject(engine, outbox, SKY_REJECT_IMPLAUSIBLE, tally.implausible, "plot", sensor->name);
    reject(engine, outbox, SKY_REJECT_IMPLAUSIBLE, tally.out_of_range, "plot.range", sensor->name);
    reject(engine, outbox, SKY_REJECT_TOO_OLD, tally.too_old, "plot.age", sensor->name);
    reject(engine, outbox, SKY_REJECT_IMPLAUSIBLE, tally.time_not_believed, "plot.time",
           sensor->name);
    reject(engine, outbox, SKY_REJECT_NO_POSE, tally.no_pose, "plot", sensor->name);
    engine->stats.late_or_early += tally.time_not_believed;
    if (tally.used == 0) {
        return;
    }
    sky_tracker_run(&engine->tracker, &engine->config, &engine->frame, engine->now_ns);
    sky_report_tracks(engine, outbox);
    if (engine->tracker.nis_changed != 0) {
        sky_report_sensors(engine, outbox);
    }
    say_refused(engine, outbox);
}

static bool plots_are_of_one_sensor(const struct sky_engine *engine, const struct sky_step *step)
{
    if (step->count > SKY_PLOTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < step->count; i++) {
        if (step->plot[i].sensor >= engine->config.sensor_count ||
            step->plot[i].sensor != step->plot[0].sensor) {
            return false;
        }
    }
    return true;
}

void sky_engine_init(struct sky_engine *engine, const struct sky_config *config,
                     const struct sky_zone_set *zones, int64_t time_ns)
{
    memset(engine, 0, offsetof(struct sky_engine, tracker));
    engine->config = *config;
    engine->zones = zones;
    engine->now_ns = time_ns;
    engine->next_incident_id = 1;
    engine->clock_said = SKY_CLOCK_NONE;
    sky_utc_init(&engine->utc);
    sky_pose_init(&engine->pose, &config->station, time_ns);
    sky_tracker_init(&engine->tracker, &engine->config, time_ns);
    if (engine->pose.known) {
        anchor(engine, &engine->pose.place);
    }
}

enum sky_status sky_engine_step(struct sky_engine *engine, const struct sky_step *step,
                                struct sky_outbox *outbox)
{
    if (step->seq < engine->last_seq || step->time_ns < engine->now_ns) {
        return SKY_E_STALE;
    }
    if (step->kind == SKY_STEP_PLOTS && !plots_are_of_one_sensor(engine, step)) {
        return SKY_E_RANGE;
    }
    engine->last_seq = step->seq;
    engine->now_ns = step->time_ns;
    engine->stats.steps++;
    const uint64_t full_before = engine->stats.outbox_full;

    switch (step->kind) {
    case SKY_STEP_TICK:
        take_tick(engine, step, outbox);
        break;
    case SKY_STEP_GNSS:
        take_fix(engine, step, outbox);
        break;
    case SKY_STEP_PLOTS:
        take_plots(engine, step, outbox);
        break;
    case SKY_STEP_SHUTDOWN:
        sky_report_stop(engine, outbox);
        break;
    }
    if (engine->stats.outbox_full > full_before) {
        say_loss(engine, outbox, engine->stats.outbox_full - full_before);
    }
    return SKY_OK;
}
