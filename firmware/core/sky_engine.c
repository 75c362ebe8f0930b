#include "sky_engine.h"

#include <string.h>

#include "sky_math.h"

static const int64_t late_most_ns = 10 * SKY_SECOND_NS;
static const int64_t early_most_ns = SKY_SECOND_NS / 2;
static const int64_t time_sigma_most_ns = 3600 * SKY_SECOND_NS;
static const int64_t day_ns = 86400 * SKY_SECOND_NS;
static const int64_t sensor_report_ns = 60 * SKY_SECOND_NS;
static const double carry_most_s = 10.0; /* how far a moving station's last fix is carried on */
static const double pressure_height_sigma_m = 400.0;
static const double radial_speed_most_mps = 3000.0;
static const double least_sigma = 1e-9;  /* a sigma of 0 is no statement */
static const double frame_reach_m = 1e6; /* a radar there that sees 1,000 km is still within it */
static const double zones_latitude_most_rad = 89.0 * SKY_PI / 180.0; /* sky_zone goes no farther */

static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }

/* ------------------------------------------------------------------------------------- events */

/*
 * Where the next event goes. The last place of the outbox is kept for saying that it was full; what
 * comes then goes where nobody looks, so that no caller has to care.
 */
static struct sky_event *append(struct sky_engine *engine, struct sky_outbox *outbox,
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
    append(engine, outbox, cause_seq, time_ns, SKY_EVENT_REJECT)->u.reject = *reject;
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
        append(engine, outbox, engine->last_seq, engine->now_ns, SKY_EVENT_CLOCK);
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

    return east_m * east_m + north_m * north_m > sigma_m * sigma_m ||
           sky_abs(now.up_m - said.up_m) > engine->pose.sigma_vertical_m;
}

static void say_pose(struct sky_engine *engine, struct sky_outbox *outbox)
{
    const struct sky_pose *const pose = &engine->pose;

    if (!pose->known || (engine->pose_was_said && !pose_moved(engine))) {
        return;
    }
    engine->pose_was_said = true;
    engine->pose_said = pose->place;
    struct sky_event *const event =
        append(engine, outbox, engine->last_seq, engine->now_ns, SKY_EVENT_POSE);
    event->u.pose.place = pose->place;
    event->u.pose.sigma_horizontal_m = pose->sigma_horizontal_m;
    event->u.pose.sigma_vertical_m = pose->sigma_vertical_m;
    event->u.pose.heading_rad = pose->heading_rad;
    event->u.pose.heading_sigma_rad = pose->heading_sigma_rad;
    event->u.pose.fixes_used = pose->fixes_used;
}

static void take_fix(struct sky_engine *engine, const struct sky_gnss_fix *fix,
                     struct sky_outbox *outbox)
{
    if ((fix->has & SKY_GNSS_TIME) != 0 &&
        sky_utc_observe_gnss(&engine->utc, engine->now_ns, fix->utc_ns, fix->utc_sigma_ns) !=
            SKY_OK) {
        reject(engine, outbox, SKY_REJECT_IMPLAUSIBLE, 1, "gnss.time", "");
    }
    if ((fix->has & SKY_GNSS_POSITION) != 0) {
        if (sky_pose_observe(&engine->pose, &engine->config.station, engine->now_ns, fix) !=
            SKY_OK) {
            reject(engine, outbox, SKY_REJECT_IMPLAUSIBLE, 1, "gnss.position", "");
        }
    }
    if (engine->pose.known) {
        anchor(engine, &engine->pose.place);
    }
    say_clock(engine, outbox);
    say_pose(engine, outbox);
}

/* ------------------------------------------------------------------- from plots to measurements */

static double joint_ns(double a_ns, double b_ns) { return sky_sqrt(a_ns * a_ns + b_ns * b_ns); }

/* Whether the station's clock may judge, and place, times that others state. */
static bool clock_is_good(const struct sky_utc_estimate *utc) { return utc->state > SKY_CLOCK_RTC; }

/* A stated time, as nanoseconds after arrival. */
static int64_t stated_after_ns(const struct sky_plot *plot, int64_t arrival_utc_ns)
{
    if (plot->time_kind == SKY_TIME_UTC) {
        return plot->time_value_ns - arrival_utc_ns;
    }
    const int64_t after_ns = plot->time_value_ns - arrival_utc_ns % day_ns;
    if (after_ns > day_ns / 2) {
        return after_ns - day_ns;
    }
    return after_ns < -day_ns / 2 ? after_ns + day_ns : after_ns;
}

/* Puts a plot on the station's axis. False if its stated time was not believed. */
static bool time_plot(const struct sky_plot *plot, const struct sky_sensor_config *sensor,
                      int64_t arrival_ns, const struct sky_utc_estimate *utc,
                      struct sky_measurement *ret)
{
    const double stated_sigma_ns = (double)plot->time_sigma_ns;
    const bool is_stated = plot->time_kind != SKY_TIME_ARRIVAL;
    bool believed = true;

    if (is_stated && clock_is_good(utc)) {
        const int64_t after_ns = stated_after_ns(plot, utc->utc_ns);
        believed = after_ns >= -late_most_ns && after_ns <= early_most_ns;
        if (believed) {
            ret->time_ns = arrival_ns + (after_ns < 0 ? after_ns : 0);
            ret->time_sigma_ns = (int64_t)joint_ns(stated_sigma_ns, (double)utc->sigma_ns);
            return true;
        }
    }
    const int64_t age_ns = is_stated ? 0 : plot->time_value_ns;
    ret->time_ns = arrival_ns - sensor->latency_ns - age_ns;
    ret->time_sigma_ns = (int64_t)joint_ns(stated_sigma_ns, 0.5 * (double)sensor->latency_ns);
    return believed;
}

/* Comparisons are written so that NaN fails them. */
static bool between(double value, double least, double most)
{
    return value >= least && value <= most;
}

static bool sigmas_are_sound(const struct sky_plot *plot)
{
    return (plot->has & SKY_PLOT_SIGMAS) == 0 ||
           (between(plot->sigma_range_m, least_sigma, 1e6) &&
            between(plot->sigma_azimuth_rad, least_sigma, 10.0) &&
            ((plot->has & SKY_PLOT_ELEVATION) == 0 ||
             between(plot->sigma_elevation_rad, least_sigma, 10.0)));
}

/* Not stated, or a length that can be. */
static bool is_zero_or_sigma(double sigma_m)
{
    return sigma_m == 0.0 || between(sigma_m, 1e-3, 1e5);
}

static bool place_is_sound(const struct sky_plot *plot)
{
    return sky_geo_valid(&plot->place) && is_zero_or_sigma(plot->sigma_place_m) &&
           is_zero_or_sigma(plot->sigma_height_m);
}

static bool time_is_sound(const struct sky_plot *plot)
{
    return plot->time_value_ns >= 0 && plot->time_value_ns <= INT64_MAX / 2 &&
           plot->time_sigma_ns >= 0 && plot->time_sigma_ns <= time_sigma_most_ns;
}

static bool is_sound(const struct sky_plot *plot)
{
    if ((plot->has & SKY_PLOT_PLACE) != 0) {
        return place_is_sound(plot) && time_is_sound(plot);
    }
    return between(plot->slant_range_m, 1.0, 1e6) &&
           between(plot->azimuth_rad, -2.0 * SKY_PI, 2.0 * SKY_PI) &&
           ((plot->has & SKY_PLOT_ELEVATION) == 0 ||
            between(plot->elevation_rad, -0.5 * SKY_PI, 0.5 * SKY_PI)) &&
           ((plot->has & SKY_PLOT_RADIAL_SPEED) == 0 ||
            between(plot->radial_speed_mps, -radial_speed_most_mps, radial_speed_most_mps)) &&
           ((plot->has & SKY_PLOT_ALT_STD) == 0 || between(plot->alt_std_m, -1000.0, 100e3)) &&
           ((plot->has & SKY_PLOT_RCS) == 0 || between(plot->rcs_dbsm, -200.0, 200.0)) &&
           ((plot->has & SKY_PLOT_SNR) == 0 || between(plot->snr_db, -200.0, 1000.0)) &&
           sigmas_are_sound(plot) &&
           ((plot->has & SKY_PLOT_SIGMA_RADIAL) == 0 ||
            between(plot->sigma_radial_mps, least_sigma, 1000.0)) &&
           time_is_sound(plot);
}

static double chosen_sigma(const struct sky_plot *plot, double own, double configured)
{
    return (plot->has & SKY_PLOT_SIGMAS) != 0 ? larger(own, 0.25 * configured) : configured;
}

static void take_height(const struct sky_tracker_config *tracker, const struct sky_plot *plot,
                        struct sky_measurement *ret)
{
    ret->has_height = true;
    if ((plot->has & SKY_PLOT_ALT_STD) != 0) {
        ret->height_hae_m = plot->alt_std_m;
        ret->sigma_height_m = pressure_height_sigma_m;
    } else {
        ret->height_hae_m = tracker->height_prior_m;
        ret->sigma_height_m = tracker->height_prior_sigma_m;
    }
}

/* A number that comes in steps is off by up to half of one. */
static double with_quantum(double sigma, double step)
{
    return step > 0.0 ? sky_sqrt(sigma * sigma + step * step / 12.0) : sigma;
}

/* The geometry of a radar plot that is sound; its time is set already. */
static void measure(const struct sky_engine *engine, const struct sky_sensor_config *sensor,
                    const struct sky_plot *plot, struct sky_measurement *ret)
{
    const double zero_rad = sensor->at_station ? engine->pose.heading_rad : 0.0;

    ret->slant_range_m = plot->slant_range_m;
    ret->sigma_range_m = with_quantum(
        chosen_sigma(plot, plot->sigma_range_m, sensor->sigma_range_m), sensor->quantum_range_m);
    ret->azimuth_rad = sky_wrap_pi(plot->azimuth_rad + sensor->azimuth_offset_rad + zero_rad);
    ret->sigma_azimuth_rad =
        with_quantum(chosen_sigma(plot, plot->sigma_azimuth_rad, sensor->sigma_azimuth_rad),
                     sensor->quantum_azimuth_rad);
    ret->has_radial_speed = (plot->has & SKY_PLOT_RADIAL_SPEED) != 0;
    ret->radial_speed_mps = plot->radial_speed_mps;
    ret->sigma_radial_mps = (plot->has & SKY_PLOT_SIGMA_RADIAL) != 0
                                ? larger(plot->sigma_radial_mps, 0.25 * sensor->sigma_radial_mps)
                                : sensor->sigma_radial_mps;
    ret->has_elevation = sensor->measures_elevation && (plot->has & SKY_PLOT_ELEVATION) != 0;
    if (ret->has_elevation) {
        ret->elevation_rad =
            plot->elevation_rad - sky_geo_refraction_rad(plot->slant_range_m, plot->elevation_rad);
        ret->sigma_elevation_rad =
            chosen_sigma(plot, plot->sigma_elevation_rad, sensor->sigma_elevation_rad);
    } else {
        take_height(&engine->config.tracker, plot, ret);
    }
}

/* A reported place: the pose that comes with it is where it says the aircraft is. */
static void measure_place(const struct sky_tracker_config *tracker,
                          const struct sky_sensor_config *sensor, const struct sky_plot *plot,
                          struct sky_measurement *ret, struct sky_lla *ret_place)
{
    ret->is_place = true;
    ret->has_height = true;
    ret->sigma_place_m = plot->sigma_place_m > 0.0
                             ? larger(plot->sigma_place_m, 0.25 * sensor->sigma_place_m)
                             : sensor->sigma_place_m;
    if (plot->sigma_height_m > 0.0) {
        ret->height_hae_m = plot->place.alt_hae_m;
        ret->sigma_height_m = plot->sigma_height_m;
    } else {
        take_height(tracker, plot, ret);
    }
    *ret_place = plot->place;
    ret_place->alt_hae_m = ret->height_hae_m;
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
    return a->lat_rad == b->lat_rad && a->lon_rad == b->lon_rad && a->alt_hae_m == b->alt_hae_m;
}

/* The pose of a sensor that stands still; what was found for its latest plot is kept. */
static enum sky_status stand_still(struct sky_engine_stand *stand,
                                   const struct sky_geo_frame *frame, const struct sky_lla *place,
                                   struct sky_sensor_pose *ret_pose)
{
    if (!stand->known || !is_same_place(&stand->place, place)) {
        if (sky_sensor_pose_at(&stand->pose, frame, place) != SKY_OK) {
            return SKY_E_RANGE;
        }
        stand->known = true;
        stand->place = *place;
    }
    *ret_pose = stand->pose;
    return SKY_OK;
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

/* --------------------------------------------------------- errors that filtering does not shrink
 */

/* What an error of 1 of each kind does to the state: biases of a radar, and what shifts it. */
struct sway {
    double bias[SKY_BIASES][SKY_STATE_DIM];
    double turn[SKY_STATE_DIM]; /* heading, per radian */
    double axis[3][SKY_STATE_DIM];
};

/* A vector in the sensor's axes, as one of the tracking frame. */
static void to_frame(const struct sky_sensor_pose *sensor, const double v[3], double ret_v[3])
{
    for (size_t i = 0; i < 3; i++) {
        ret_v[i] = sensor->rot[0][i] * v[0] + sensor->rot[1][i] * v[1] + sensor->rot[2][i] * v[2];
    }
}

/*
 * A wrong range moves the target along the line of sight; wrong directions turn place and velocity
 * about the sensor; time stamps that are late put it back along its way.
 */
static void find_sway(const struct sky_sensor_pose *sensor, const struct sky_state *state,
                      struct sway *ret)
{
    static const double unit[3][3] = {{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}};
    const double from_m[3] = {state->x[0] - sensor->origin.east_m,
                              state->x[1] - sensor->origin.north_m,
                              state->x[2] - sensor->origin.up_m};
    const double from_mps[3] = {state->x[3] - sensor->velocity_mps.east_m,
                                state->x[4] - sensor->velocity_mps.north_m,
                                state->x[5] - sensor->velocity_mps.up_m};
    double see_m[3]; /* line of sight, and how it moves, in the sensor's axes */
    double see_mps[3];
    for (size_t i = 0; i < 3; i++) {
        const double *const row = sensor->rot[i];
        see_m[i] = row[0] * from_m[0] + row[1] * from_m[1] + row[2] * from_m[2];
        see_mps[i] = row[0] * from_mps[0] + row[1] * from_mps[1] + row[2] * from_mps[2];
    }
    const double plan_m = larger(1.0, sky_sqrt(see_m[0] * see_m[0] + see_m[1] * see_m[1]));
    const double range_m = larger(1.0, sky_sqrt(plan_m * plan_m + see_m[2] * see_m[2]));
    const double east = see_m[0] / plan_m;
    const double north = see_m[1] / plan_m;
    const double along[3] = {see_m[0] / range_m, see_m[1] / range_m, see_m[2] / range_m};
    const double turned_m[3] = {see_m[1], -see_m[0], 0.0};
    const double turned_mps[3] = {see_mps[1], -see_mps[0], 0.0};
    const double lifted_m[3] = {-see_m[2] * east, -see_m[2] * north, plan_m};
    const double lifted_mps[3] = {-see_mps[2] * east, -see_mps[2] * north,
                                  see_mps[0] * east + see_mps[1] * north};

    memset(ret, 0, sizeof *ret);
    to_frame(sensor, along, ret->bias[SKY_BIAS_RANGE]);
    to_frame(sensor, turned_m, ret->bias[SKY_BIAS_AZIMUTH]);
    to_frame(sensor, turned_mps, ret->bias[SKY_BIAS_AZIMUTH] + 3);
    to_frame(sensor, lifted_m, ret->bias[SKY_BIAS_ELEVATION]);
    to_frame(sensor, lifted_mps, ret->bias[SKY_BIAS_ELEVATION] + 3);
    for (size_t i = 0; i < 3; i++) {
        ret->bias[SKY_BIAS_TIME][i] = -state->x[3 + i];
        to_frame(sensor, unit[i], ret->axis[i]);
    }
    memcpy(ret->turn, ret->bias[SKY_BIAS_AZIMUTH], sizeof ret->turn);
}

static void add_weighted(double ret_way[SKY_STATE_DIM], double weight,
                         const double way[SKY_STATE_DIM])
{
    for (size_t i = 0; i < SKY_STATE_DIM; i++) {
        ret_way[i] += weight * way[i];
    }
}

static void add_scaled(struct sky_common_error *common, double sigma,
                       const double way[SKY_STATE_DIM])
{
    double scaled[SKY_STATE_DIM] = {0.0};
    add_weighted(scaled, sigma, way);
    sky_assess_add_error(common, scaled);
}

/* What is left of the biases of two sensors that share a track by these weights. */
static void add_biases(const struct sky_engine *engine, uint32_t a, double weight_a,
                       const struct sway *sway_a, uint32_t b, double weight_b,
                       const struct sway *sway_b, struct sky_common_error *common)
{
    double left[SKY_BIASES][SKY_BIASES];
    sky_register_remaining(&engine->tracker.registration, &engine->config, a, b, left);
    for (size_t k = 0; k < SKY_BIASES; k++) {
        double sum[SKY_STATE_DIM] = {0.0};
        for (size_t l = 0; l < SKY_BIASES; l++) {
            add_weighted(sum, left[k][l] * weight_a * weight_b, sway_b->bias[l]);
        }
        for (size_t i = 0; i < SKY_STATE_DIM; i++) {
            for (size_t j = 0; j < SKY_STATE_DIM; j++) {
                common->cov[i][j] += sway_a->bias[k][i] * sum[j];
            }
        }
    }
}

/*
 * Station position, heading and the biases that remain after registration. Each sensor's errors
 * count by its share in what is known of the track.
 */
static void find_common_error(const struct sky_engine *engine, const struct sky_track *track,
                              const struct sky_state *state, struct sky_common_error *ret)
{
    struct sway sway[SKY_SENSORS_MAX];
    const struct sway *station = NULL; /* of any sensor there: the axes are the same */
    double weight[SKY_SENSORS_MAX] = {0.0};
    double all = 0.0;
    double moved = 0.0;
    double turn[SKY_STATE_DIM] = {0.0};

    memset(ret, 0, sizeof *ret);
    for (uint32_t i = 0; i < engine->config.sensor_count; i++) {
        all += track->share[i];
    }
    for (uint32_t i = 0; i < engine->config.sensor_count; i++) {
        const struct sky_watch *const sensor = &engine->tracker.sensor[i];
        if (!sensor->stands || track->share[i] < 0.01 * all) {
            continue;
        }
        weight[i] = track->share[i] / all;
        find_sway(&sensor->pose, state, &sway[i]);
        for (uint32_t k = 0; k <= i; k++) {
            if (weight[k] > 0.0) {
                add_biases(engine, i, weight[i], &sway[i], k, weight[k], &sway[k], ret);
            }
            if (weight[k] > 0.0 && k < i) {
                add_biases(engine, k, weight[k], &sway[k], i, weight[i], &sway[i], ret);
            }
        }
        if (engine->config.sensor[i].at_station) {
            station = &sway[i];
            moved += weight[i];
            add_weighted(turn, weight[i], sway[i].turn);
        }
    }
    if (station != NULL) {
        add_scaled(ret, moved * engine->pose.sigma_horizontal_m, station->axis[0]);
        add_scaled(ret, moved * engine->pose.sigma_horizontal_m, station->axis[1]);
        add_scaled(ret, moved * engine->pose.sigma_vertical_m, station->axis[2]);
        add_scaled(ret, engine->pose.heading_sigma_rad, turn);
    }
    const struct sky_utc_estimate utc = sky_utc_at(&engine->utc, state->time_ns);
    ret->time_sigma_s = utc.state > SKY_CLOCK_RTC ? (double)utc.sigma_ns * 1e-9 : 0.0;
}

/* ------------------------------------------------------------------------ what tracks bring about
 */

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
    memcpy(said->model, weight, sizeof said->model);
    sky_assess_total(fixing, said->cov);
}

static void say_track(struct sky_engine *engine, struct sky_outbox *outbox, size_t slot,
                      const struct sky_fixing *fixing)
{
    const struct sky_track *const track = &engine->tracker.track[slot];
    struct sky_event_track *const said =
        &append(engine, outbox, engine->last_seq, fixing->time_ns, SKY_EVENT_TRACK)->u.track;
    describe(track, fixing, track->imm.weight, said);
    said->change = engine->tracker.change[slot];
}

static bool has_identity(const struct sky_track *track)
{
    return track->icao_address != 0 || track->callsign[0] != '\0';
}

static void say_classification(struct sky_engine *engine, struct sky_outbox *outbox,
                               const struct sky_incident *incident, const struct sky_track *track,
                               int64_t time_ns)
{
    struct sky_event_classification *const said =
        &append(engine, outbox, engine->last_seq, time_ns, SKY_EVENT_CLASSIFICATION)
             ->u.classification;
    said->incident_id = incident->id;
    said->features = track->features;
    sky_classify(incident, &track->features, track->seen_ns - track->confirmed_ns,
                 has_identity(track), &said->result);
}

static void say_incident(struct sky_engine *engine, struct sky_outbox *outbox,
                         const struct sky_incident *incident, enum sky_incident_change change,
                         const struct sky_track *track, int64_t time_ns)
{
    if (change == SKY_INCIDENT_UNCHANGED) {
        return;
    }
    struct sky_event_incident *const said =
        &append(engine, outbox, engine->last_seq, time_ns, SKY_EVENT_INCIDENT)->u.incident;
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
            &append(engine, outbox, engine->last_seq, time_ns, SKY_EVENT_INCIDENT_LINE)
                 ->u.incident_line;
        line->incident_id = incident->id;
        line->line = incident->line[i];
    }
    if (change == SKY_INCIDENT_NOW_CLOSED) {
        say_classification(engine, outbox, incident, track, time_ns);
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
            &append(engine, outbox, engine->last_seq, fixing->time_ns, SKY_EVENT_ALERT)->u.alert;
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
            append(engine, outbox, engine->last_seq, fixing->time_ns, SKY_EVENT_ASSESSMENT)
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
        say_incident(engine, outbox, incident, change, &engine->tracker.track[slot],
                     fixing->time_ns);
        if (change == SKY_INCIDENT_NOW_CLOSED) {
            sky_incident_renew(incident);
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
        struct sky_incident *const incident = &engine->incident[slot][z];
        say_incident(engine, outbox, incident, end(incident, engine->now_ns),
                     &engine->tracker.track[slot], engine->now_ns);
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

static void report_track(struct sky_engine *engine, struct sky_outbox *outbox, size_t slot)
{
    const struct sky_track *const track = &engine->tracker.track[slot];
    const uint32_t change = engine->tracker.change[slot];
    struct sky_common_error common;
    struct sky_fixing fixing;

    find_common_error(engine, track, &track->state, &common);
    sky_assess_fix(&engine->frame, &track->state, track->id, sky_track_existence(track), &common,
                   &fixing);
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

static void report_tracks(struct sky_engine *engine, struct sky_outbox *outbox)
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

/* A believed track at an instant not before its latest look. */
static void predict(const struct sky_engine *engine, size_t slot, int64_t time_ns,
                    struct sky_imm *ret_imm, struct sky_state *ret_state,
                    struct sky_fixing *ret_fixing)
{
    const struct sky_track *const track = &engine->tracker.track[slot];
    struct sky_common_error common;

    sky_track_predict(track, &engine->tracker.rules, time_ns, ret_imm, ret_state);
    find_common_error(engine, track, ret_state, &common);
    sky_assess_fix(&engine->frame, ret_state, track->id, sky_track_existence(track), &common,
                   ret_fixing);
}

/* Between looks a track that was seen a moment ago may pass a line. */
static void watch_between_looks(struct sky_engine *engine, struct sky_outbox *outbox)
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
        predict(engine, slot, engine->now_ns, &imm, &state, &fixing);
        if (is_assessed(engine, slot, &fixing, &state)) {
            assess(engine, slot, &fixing);
            watch(engine, outbox, slot, &fixing, true);
        }
    }
}

bool sky_engine_track_at(const struct sky_engine *engine, size_t slot, int64_t time_ns,
                         struct sky_event_track *ret_track)
{
    struct sky_imm imm;
    struct sky_state state;
    struct sky_fixing fixing;

    if (!is_believed(engine, slot)) {
        return false;
    }
    predict(engine, slot, time_ns, &imm, &state, &fixing);
    memset(ret_track, 0, sizeof *ret_track);
    describe(&engine->tracker.track[slot], &fixing, imm.weight, ret_track);
    return true;
}

void sky_engine_assess_at(const struct sky_engine *engine, size_t slot, int64_t time_ns,
                          struct sky_assessment ret_assessment[SKY_LINES_MAX])
{
    struct sky_imm imm;
    struct sky_state state;
    struct sky_fixing fixing;

    predict(engine, slot, time_ns, &imm, &state, &fixing);
    for (uint32_t line = 0; line < engine->zones->line_count; line++) {
        sky_assess(engine->zones, line, &engine->config.incident, &fixing, SKY_ZONE_NO_EDGE,
                   &ret_assessment[line]);
    }
}

/* --------------------------------------------------------------------------------- the sensors */

static void say_sensor(struct sky_engine *engine, struct sky_outbox *outbox, uint32_t index)
{
    const struct sky_watch *const sensor = &engine->tracker.sensor[index];
    const struct sky_sensor_config *const config = &engine->config.sensor[index];
    struct sky_event_sensor *const said =
        &append(engine, outbox, engine->last_seq, engine->now_ns, SKY_EVENT_SENSOR)->u.sensor;

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

/* Once a minute, and when calibration or consistency changes. */
static void report_sensors(struct sky_engine *engine, struct sky_outbox *outbox)
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

/* --------------------------------------------------------------------------------------- steps */

/* What one step of plots came to. */
struct tally {
    uint64_t used;
    uint64_t implausible;
    uint64_t no_pose;
    uint64_t too_old;
    uint64_t time_not_believed;
    uint64_t out_of_range;
    uint64_t no_room;
};

static void take_tick(struct sky_engine *engine, const struct sky_step *step,
                      struct sky_outbox *outbox)
{
    sky_utc_observe_kernel(&engine->utc, step->time_ns, step->realtime_ns, step->synchronised,
                           step->error_ns);
    say_clock(engine, outbox);
    say_pose(engine, outbox);
    sky_tracker_tick(&engine->tracker, &engine->config, &engine->frame, step->time_ns);
    report_tracks(engine, outbox);
    watch_between_looks(engine, outbox);
    report_sensors(engine, outbox);
}

static void take_plot(struct sky_engine *engine, const struct sky_plot *plot,
                      const struct sky_utc_estimate *utc, struct sky_claim *claim,
                      struct tally *tally)
{
    const struct sky_sensor_config *const sensor = &engine->config.sensor[plot->sensor];
    struct sky_measurement *const raw = &claim->look.measurement;
    struct sky_lla place;
    enum sky_status stands;

    if (!is_sound(plot)) {
        tally->implausible++;
        return;
    }
    if (plot->time_kind == SKY_TIME_ARRIVAL && plot->time_value_ns > late_most_ns) {
        tally->too_old++;
        return;
    }
    memset(raw, 0, sizeof *raw);
    if (!time_plot(plot, sensor, engine->now_ns, utc, raw)) {
        tally->time_not_believed++;
    }
    if ((plot->has & SKY_PLOT_PLACE) != 0) {
        measure_place(&engine->config.tracker, sensor, plot, raw, &place);
        stands = engine->anchored ? sky_sensor_pose_at(&claim->look.pose, &engine->frame, &place)
                                  : SKY_E_RANGE;
    } else {
        measure(engine, sensor, plot, raw);
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
                                        .mode_3a = plot->mode_3a};
    memcpy(claim->remark.callsign, plot->callsign, sizeof claim->remark.callsign);
    const enum sky_status status = sky_tracker_offer(&engine->tracker, &engine->config, claim);
    tally->out_of_range += status == SKY_E_RANGE ? 1 : 0;
    tally->no_room += status == SKY_E_CAPACITY ? 1 : 0;
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
    const struct sky_tracker_stats before = engine->tracker.stats;
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
    reject(engine, outbox, SKY_REJECT_TABLE_FULL, tally.no_room, "plots", sensor->name);
    engine->stats.late_or_early += tally.time_not_believed;
    if (tally.used == 0) {
        return;
    }
    sky_tracker_run(&engine->tracker, &engine->config, &engine->frame, engine->now_ns);
    report_tracks(engine, outbox);
    if (engine->tracker.nis_changed != 0) {
        report_sensors(engine, outbox);
    }
    const struct sky_tracker_stats *const after = &engine->tracker.stats;
    reject(engine, outbox, SKY_REJECT_TOO_OLD, after->too_old - before.too_old, "plot.time",
           sensor->name);
    reject(engine, outbox, SKY_REJECT_IMPLAUSIBLE, after->repeated - before.repeated,
           "plot.repeated", sensor->name);
    reject(engine, outbox, SKY_REJECT_TABLE_FULL, after->no_room - before.no_room, "tracks",
           sensor->name);
}

static void take_shutdown(struct sky_engine *engine, struct sky_outbox *outbox)
{
    for (size_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        if (engine->slot_track_id[slot] != 0) {
            let_go(engine, outbox, slot, sky_incident_stop);
        }
    }
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
        take_fix(engine, step->fix, outbox);
        break;
    case SKY_STEP_PLOTS:
        take_plots(engine, step, outbox);
        break;
    case SKY_STEP_SHUTDOWN:
        take_shutdown(engine, outbox);
        break;
    }
    if (engine->stats.outbox_full > full_before) {
        say_loss(engine, outbox, engine->stats.outbox_full - full_before);
    }
    return SKY_OK;
}
