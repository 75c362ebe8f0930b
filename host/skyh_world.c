#include "skyh_world.h"

#include <string.h>

#include "sky_math.h"

static const double turn_rad = 2.0 * SKY_PI;
static const int64_t epoch_span_ns = SKY_SECOND_NS;      /* between fixes */
static const int64_t epoch_delay_ns = INT64_C(90000000); /* a receiver's computing and talking */
static const double slow_time_s = 120.0;                 /* of the receiver's wandering error */

/* ------------------------------------------------------------------------------------ chance */

/* splitmix64 (Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, 2014). */
static uint64_t random_bits(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* In (0, 1): the middle of one of 2^53 equal parts. */
static double uniform(uint64_t *state)
{
    return ((double)(random_bits(state) >> 11) + 0.5) * 0x1p-53;
}

static double between(uint64_t *state, double low, double high)
{
    return low + (high - low) * uniform(state);
}

/* Standard normal (Box and Muller, 1958). */
static double normal(uint64_t *state)
{
    const double radius = sky_sqrt(-2.0 * sky_log(uniform(state)));
    return radius * sky_cos(turn_rad * uniform(state));
}

/* Poisson, by counting exponential waiting times. Pre: mean <= 50. */
static uint32_t poisson(uint64_t *state, double mean)
{
    uint32_t count = 0;
    for (double left = mean + sky_log(uniform(state)); left > 0.0; count++) {
        left += sky_log(uniform(state));
    }
    return count;
}

/* ----------------------------------------------------------------------------------- windows */

static const struct skyh_radar *radar_of(const struct skyh_world *world, uint32_t source)
{
    return source == 0 ? NULL : &world->scenario->radar[source - 1];
}

/* How long a window of a source is: between fixes, one sector, or one scan. */
static int64_t window_span_ns(const struct skyh_world *world, uint32_t source)
{
    const struct skyh_radar *const radar = radar_of(world, source);
    if (radar == NULL) {
        return epoch_span_ns;
    }
    return radar->kind == SKYH_SENSOR_ASTERIX ? radar->config.scan_ns / SKYH_SECTORS
                                              : radar->config.scan_ns;
}

/* A window's content arrives when it is over, after the sensor's delay and a little chance. */
static void schedule(struct skyh_world *world, uint32_t source)
{
    struct skyh_sensor *const sensor = &world->sensor[source];
    const struct skyh_radar *const radar = radar_of(world, source);
    const int64_t span_ns = window_span_ns(world, source);
    const int64_t over_ns = (int64_t)(sensor->window + (radar == NULL ? 0U : 1U)) * span_ns;
    const int64_t delay_ns = radar == NULL ? epoch_delay_ns : radar->config.latency_ns;
    const int64_t chance_ns = (int64_t)(2e6 * uniform(&sensor->random));
    sensor->arrival_ns = over_ns + delay_ns + chance_ns;
}

static void plan_changes(struct skyh_sensor *sensor, const struct skyh_scenario *scenario,
                         uint32_t source)
{
    const struct skyh_radar *const radar = source == 0 ? NULL : &scenario->radar[source - 1];
    const bool silent = radar != NULL && radar->kind == SKYH_SENSOR_ASTERIX;
    const int64_t noticed_ns = silent ? 3 * radar->config.scan_ns : 0;
    sensor->change[sensor->change_count++] =
        (struct skyh_change){.time_ns = 0, .event = SKY_SOURCE_UP};
    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        const struct skyh_fault *const fault = &scenario->fault[i];
        if (fault->source != source || fault->from_ns + noticed_ns >= fault->to_ns) {
            continue;
        }
        sensor->change[sensor->change_count++] = (struct skyh_change){
            .time_ns = fault->from_ns + noticed_ns,
            .event = silent ? SKY_SOURCE_SILENT : SKY_SOURCE_DOWN,
        };
        sensor->change[sensor->change_count++] = (struct skyh_change){
            .time_ns = fault->to_ns,
            .event = silent ? SKY_SOURCE_HEARD : SKY_SOURCE_UP,
        };
    }
}

bool skyh_world_away(const struct skyh_world *world, uint32_t source, int64_t time_ns)
{
    const int64_t flight_ns = time_ns - world->flight_begin_ns;
    for (uint32_t i = 0; i < world->scenario->fault_count; i++) {
        const struct skyh_fault *const fault = &world->scenario->fault[i];
        if (fault->source == source && flight_ns >= fault->from_ns && flight_ns < fault->to_ns) {
            return true;
        }
    }
    return false;
}

static bool place_radar(struct skyh_world *world, uint32_t source, double heading_error_rad,
                        struct skyh_problem *problem)
{
    struct skyh_sensor *const sensor = &world->sensor[source];
    const struct sky_sensor_config *const config = &radar_of(world, source)->config;
    const struct sky_lla *const site =
        config->at_station ? &world->scenario->station : &config->site;
    if (sky_geo_frame_init(&sensor->frame, site) != SKY_OK) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "radar %s: its site is not on Earth",
                         config->name);
    }
    sensor->bias_range_m = config->bias_sigma_range_m * normal(&sensor->random);
    sensor->bias_azimuth_rad =
        config->bias_sigma_azimuth_rad * normal(&sensor->random) - config->azimuth_offset_rad;
    sensor->bias_elevation_rad = config->bias_sigma_elevation_rad * normal(&sensor->random);
    if (config->at_station) {
        sensor->bias_azimuth_rad -= world->scenario->config.station.heading_rad + heading_error_rad;
    }
    return true;
}

bool skyh_world_make(struct skyh_world *world, const struct skyh_scenario *scenario,
                     int64_t start_utc_ns, struct skyh_problem *problem)
{
    world->scenario = scenario;
    world->start_utc_ns = start_utc_ns;
    world->source_count = 1 + scenario->radar_count;
    uint64_t seed = scenario->seed;
    const double heading_error_rad = scenario->config.station.heading_sigma_rad * normal(&seed);
    for (uint32_t source = 0; source < world->source_count; source++) {
        world->sensor[source].random = random_bits(&seed);
        if (source > 0 && !place_radar(world, source, heading_error_rad, problem)) {
            return false;
        }
        plan_changes(&world->sensor[source], scenario, source);
        schedule(world, source);
    }
    for (uint32_t i = 0; i < scenario->target_count; i++) {
        if (!skyh_flight_make(&world->flight[i], &scenario->target[i], problem)) {
            return false;
        }
    }
    return true;
}

void skyh_world_done(struct skyh_world *world)
{
    for (uint32_t i = 0; i < SKYH_TARGETS_MAX; i++) {
        skyh_flight_done(&world->flight[i]);
    }
}

/* ---------------------------------------------------------------------------------- receiver */

static void make_epoch(struct skyh_world *world, int64_t time_ns)
{
    const struct skyh_receiver *const receiver = &world->scenario->receiver;
    struct skyh_sensor *const sensor = &world->sensor[0];
    uint64_t *const random = &sensor->random;

    /* The slow error: first-order Gauss-Markov, one step per epoch. */
    const double keep = sky_exp(-1.0 / slow_time_s);
    const double renew_m = receiver->sigma_slow_m * sky_sqrt(1.0 - keep * keep);
    sensor->slow_m.east_m = keep * sensor->slow_m.east_m + renew_m * normal(random);
    sensor->slow_m.north_m = keep * sensor->slow_m.north_m + renew_m * normal(random);
    sensor->slow_m.up_m = keep * sensor->slow_m.up_m + 1.5 * renew_m * normal(random);

    const struct sky_lla *const truth = &world->scenario->station;
    const struct sky_geo_radii radii = sky_geo_radii_at(truth->lat_rad);
    const double east_m = sensor->slow_m.east_m + receiver->sigma_horizontal_m * normal(random);
    const double north_m = sensor->slow_m.north_m + receiver->sigma_horizontal_m * normal(random);
    const double up_m = sensor->slow_m.up_m + receiver->sigma_vertical_m * normal(random);
    const double slow2_m2 = receiver->sigma_slow_m * receiver->sigma_slow_m;
    const double fast2_m2 = receiver->sigma_horizontal_m * receiver->sigma_horizontal_m;
    const double up2_m2 = receiver->sigma_vertical_m * receiver->sigma_vertical_m;
    world->epoch = (struct skyh_epoch){
        .utc_ns = world->start_utc_ns + time_ns,
        .place = {truth->lat_rad + north_m / radii.north_m, truth->lon_rad + east_m / radii.east_m,
                  truth->alt_hae_m + up_m},
        .geoid_undulation_m = receiver->geoid_undulation_m,
        .sigma_horizontal_m = sky_sqrt(fast2_m2 + slow2_m2),
        .sigma_vertical_m = sky_sqrt(up2_m2 + 2.25 * slow2_m2),
        .satellites = receiver->satellites,
    };
}

/* ------------------------------------------------------------------------------------ radars */

/* What an ideal radar at a place would measure of a target. */
struct view {
    double slant_range_m;
    double azimuth_rad;   /* true, [0, 2 pi) */
    double elevation_rad; /* apparent */
    double radial_speed_mps;
};

static double turned(double angle_rad)
{
    const double wrapped = sky_wrap_pi(angle_rad);
    return wrapped < 0.0 ? wrapped + turn_rad : wrapped;
}

static struct view view_of(const struct sky_geo_frame *frame, const struct skyh_state *state)
{
    const struct sky_enu to = sky_geo_to_enu(frame, &state->place);
    const double ground2_m2 = to.east_m * to.east_m + to.north_m * to.north_m;
    const double range_m = sky_sqrt(ground2_m2 + to.up_m * to.up_m);
    const double elevation = sky_atan2(to.up_m, sky_sqrt(ground2_m2));
    struct view view = {
        .slant_range_m = range_m,
        .azimuth_rad = turned(sky_atan2(to.east_m, to.north_m)),
        .elevation_rad = elevation + sky_geo_refraction_rad(range_m, elevation),
    };

    struct sky_geo_frame there;
    if (range_m > 0.0 && sky_geo_frame_init(&there, &state->place) == SKY_OK) {
        double rot[3][3];
        sky_geo_rotation(&there, frame, rot);
        const double local[3] = {state->speed_mps * sky_sin(state->heading_rad),
                                 state->speed_mps * sky_cos(state->heading_rad), state->climb_mps};
        const double line[3] = {to.east_m / range_m, to.north_m / range_m, to.up_m / range_m};
        for (size_t i = 0; i < 3; i++) {
            for (size_t j = 0; j < 3; j++) {
                view.radial_speed_mps += line[i] * rot[i][j] * local[j];
            }
        }
    }
    return view;
}

static void add_plot(struct skyh_world *world, uint32_t source, double time_s,
                     const struct view *view, double rcs_dbsm)
{
    const struct skyh_radar *const radar = radar_of(world, source);
    const struct sky_sensor_config *const config = &radar->config;
    struct skyh_sensor *const sensor = &world->sensor[source];
    uint64_t *const random = &sensor->random;
    if (world->plot_count >= SKYH_DATAGRAM_PLOTS_MAX) {
        return;
    }
    const double range_m =
        view->slant_range_m + sensor->bias_range_m + config->sigma_range_m * normal(random);
    const double azimuth_rad =
        view->azimuth_rad + sensor->bias_azimuth_rad + config->sigma_azimuth_rad * normal(random);
    const double elevation_rad = view->elevation_rad + sensor->bias_elevation_rad +
                                 config->sigma_elevation_rad * normal(random);
    const double radial_mps = view->radial_speed_mps + config->sigma_radial_mps * normal(random);
    /* Decibels above detection: the range law, and fluctuation. */
    const double ratio_db =
        10.0 / 2.302585092994046 * sky_log(config->range_max_m / (range_m > 1.0 ? range_m : 1.0));
    const double rcs_seen_dbsm = rcs_dbsm + 2.0 * normal(random);
    const int64_t utc_ns = world->start_utc_ns + (int64_t)(time_s * 1e9);
    const int64_t day_ns = 86400 * SKY_SECOND_NS;
    const bool asterix = radar->kind == SKYH_SENSOR_ASTERIX;
    world->plot[world->plot_count++] = (struct sky_plot){
        .has = SKY_PLOT_RADIAL_SPEED | SKY_PLOT_RCS | SKY_PLOT_SNR | SKY_PLOT_SIGMAS |
               (config->measures_elevation ? (uint32_t)SKY_PLOT_ELEVATION : 0U),
        .time_kind = asterix ? SKY_TIME_OF_DAY : SKY_TIME_UTC,
        .time_value_ns = asterix ? utc_ns % day_ns : utc_ns,
        .slant_range_m = range_m > 0.0 ? range_m : 0.0,
        .azimuth_rad = turned(azimuth_rad),
        .elevation_rad = elevation_rad,
        .radial_speed_mps = radial_mps,
        .sigma_range_m = config->sigma_range_m,
        .sigma_azimuth_rad = config->sigma_azimuth_rad,
        .sigma_elevation_rad = config->sigma_elevation_rad,
        .rcs_dbsm = rcs_seen_dbsm,
        .snr_db = 12.0 + 4.0 * ratio_db + rcs_seen_dbsm,
    };
}

/*
 * When the beam passes a target within a scan: the azimuth at that time decides the time, and the
 * time the azimuth. A target moves little in a scan, so three rounds settle it.
 */
static bool beam_hit(const struct skyh_world *world, uint32_t source,
                     const struct skyh_flight *flight, double scan_begin_s, double scan_s,
                     double *ret_time_s, struct view *ret_view)
{
    double time_s = scan_begin_s + 0.5 * scan_s;
    for (int round = 0; round < 3; round++) {
        struct skyh_state state;
        if (!skyh_flight_at(flight, time_s - (double)world->flight_begin_ns * 1e-9, &state)) {
            return false;
        }
        *ret_view = view_of(&world->sensor[source].frame, &state);
        if (round < 2) {
            time_s = scan_begin_s + scan_s * ret_view->azimuth_rad / turn_rad;
        }
    }
    *ret_time_s = time_s;
    return true;
}

static void see_targets(struct skyh_world *world, uint32_t source, double scan_begin_s,
                        double from_s, double to_s)
{
    const struct sky_sensor_config *const config = &radar_of(world, source)->config;
    const double scan_s = (double)config->scan_ns * 1e-9;
    uint64_t *const random = &world->sensor[source].random;
    for (uint32_t i = 0; i < world->scenario->target_count; i++) {
        double time_s = 0.0;
        struct view view;
        if (!beam_hit(world, source, &world->flight[i], scan_begin_s, scan_s, &time_s, &view) ||
            !(time_s >= from_s && time_s < to_s)) {
            continue;
        }
        const bool visible = view.slant_range_m <= config->range_max_m && view.elevation_rad > 0.0;
        if (visible && uniform(random) < config->detection_probability) {
            add_plot(world, source, time_s, &view, world->scenario->target[i].rcs_dbsm);
        }
    }
}

/* False plots: evenly over the ground that the window covers. */
static void see_nothing(struct skyh_world *world, uint32_t source, double scan_begin_s,
                        double from_s, double to_s)
{
    const struct sky_sensor_config *const config = &radar_of(world, source)->config;
    const double scan_s = (double)config->scan_ns * 1e-9;
    uint64_t *const random = &world->sensor[source].random;
    const uint32_t count = poisson(random, config->false_plots_per_scan * (to_s - from_s) / scan_s);
    for (uint32_t i = 0; i < count; i++) {
        const double time_s = between(random, from_s, to_s);
        const struct view view = {
            .slant_range_m = config->range_max_m * sky_sqrt(uniform(random)),
            .azimuth_rad = turned(turn_rad * (time_s - scan_begin_s) / scan_s),
            .elevation_rad = between(random, 0.0, 0.5),
            .radial_speed_mps = between(random, -60.0, 60.0),
        };
        add_plot(world, source, time_s, &view, between(random, -25.0, 0.0));
    }
}

static void make_datagram(struct skyh_world *world, uint32_t source, uint64_t window,
                          struct skyh_emission *emission)
{
    const struct sky_sensor_config *const config = &radar_of(world, source)->config;
    const int64_t day_ns = 86400 * SKY_SECOND_NS;
    const uint64_t sector = window % SKYH_SECTORS;
    const int64_t begin_ns = (int64_t)window * window_span_ns(world, source);
    const struct skyh_service service = {
        .sac = config->sac,
        .sic = config->sic,
        .time_of_day_ns = (world->start_utc_ns + begin_ns) % day_ns,
        .north = sector == 0,
        .sector = (uint8_t)(sector * 256 / SKYH_SECTORS),
        .rotation_ns = config->scan_ns,
        .site = config->at_station ? NULL : &config->site,
    };
    size_t bytes = skyh_feed_service(&service, world->datagram);
    bytes += skyh_feed_plots(config->sac, config->sic, world->plot, world->plot_count,
                             world->datagram + bytes);
    emission->kind = SKYH_EMIT_DATAGRAM;
    emission->datagram = world->datagram;
    emission->datagram_bytes = bytes;
}

static void make_registers(struct skyh_world *world, uint32_t source, uint64_t window,
                           struct skyh_emission *emission)
{
    struct skyh_sensor *const sensor = &world->sensor[source];
    const int64_t scan_ns = radar_of(world, source)->config.scan_ns;
    const int64_t over_ns = (int64_t)(window + 1) * scan_ns;
    sensor->sequence = (uint16_t)(sensor->sequence + 2U);
    const struct skyh_head head = {
        .sequence = sensor->sequence,
        .utc_ns = world->start_utc_ns + over_ns,
        .time_sigma_ms = 2,
        .scan_ms = (uint16_t)(scan_ns / 1000000),
        .uptime_s = (uint32_t)(over_ns / SKY_SECOND_NS),
    };
    skyh_feed_registers(&head, world->plot, world->plot_count, &world->registers);
    emission->kind = SKYH_EMIT_REGISTERS;
    emission->registers = &world->registers;
}

static void look(struct skyh_world *world, uint32_t source, uint64_t window,
                 struct skyh_emission *emission)
{
    const struct skyh_radar *const radar = radar_of(world, source);
    const double span_s = (double)window_span_ns(world, source) * 1e-9;
    const bool asterix = radar->kind == SKYH_SENSOR_ASTERIX;
    const uint64_t first = asterix ? window - window % SKYH_SECTORS : window;
    const double from_s = (double)window * span_s, scan_begin_s = (double)first * span_s;
    world->plot_count = 0;
    see_targets(world, source, scan_begin_s, from_s, from_s + span_s);
    see_nothing(world, source, scan_begin_s, from_s, from_s + span_s);
    if (asterix) {
        make_datagram(world, source, window, emission);
    } else {
        make_registers(world, source, window, emission);
    }
}

/* --------------------------------------------------------------------------------- the order */

static int64_t next_of(const struct skyh_sensor *sensor)
{
    const int64_t change_ns = sensor->change_next < sensor->change_count
                                  ? sensor->change[sensor->change_next].time_ns
                                  : INT64_MAX;
    return change_ns <= sensor->arrival_ns ? change_ns : sensor->arrival_ns;
}

/* Takes what a source has next. False if it was away then and nothing came. */
static bool take(struct skyh_world *world, uint32_t source, struct skyh_emission *emission)
{
    struct skyh_sensor *const sensor = &world->sensor[source];
    const int64_t time_ns = next_of(sensor);
    memset(emission, 0, sizeof *emission);
    emission->source = source;
    emission->time_ns = time_ns;
    if (sensor->change_next < sensor->change_count &&
        sensor->change[sensor->change_next].time_ns == time_ns) {
        emission->kind = SKYH_EMIT_SOURCE;
        emission->event = sensor->change[sensor->change_next++].event;
        return true;
    }
    const uint64_t window = sensor->window++;
    schedule(world, source);
    if (source == 0) {
        make_epoch(world, (int64_t)window * epoch_span_ns);
        emission->kind = SKYH_EMIT_EPOCH;
        emission->epoch = &world->epoch;
    } else {
        look(world, source, window, emission);
    }
    return !skyh_world_away(world, source, time_ns);
}

/* Whose turn it is; a tie goes to the lower source. */
static uint32_t first_of(const struct skyh_world *world)
{
    uint32_t first = 0;
    for (uint32_t source = 1; source < world->source_count; source++) {
        if (next_of(&world->sensor[source]) < next_of(&world->sensor[first])) {
            first = source;
        }
    }
    return first;
}

int64_t skyh_world_due(const struct skyh_world *world)
{
    return next_of(&world->sensor[first_of(world)]);
}

bool skyh_world_next(struct skyh_world *world, struct skyh_emission *ret_emission)
{
    for (;;) {
        const uint32_t first = first_of(world);
        if (next_of(&world->sensor[first]) - world->flight_begin_ns >=
            world->scenario->duration_ns) {
            return false;
        }
        if (take(world, first, ret_emission)) {
            return true;
        }
    }
}
