#include "sky_codec_parts.h"

#include <string.h>

#include "skywitness.pb-c.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static bool fits(char *ret_copy, size_t size, const char *text)
{
    const size_t length = text == NULL ? 0 : strlen(text);
    if (length >= size) {
        return false;
    }
    memset(ret_copy, 0, size);
    memcpy(ret_copy, length == 0 ? "" : text, length);
    return true;
}

/* A list of which version 1 always writes the same number. */
static bool take_list(double *ret_list, size_t want, const double *list, size_t count)
{
    if (count != want) {
        return false;
    }
    memcpy(ret_list, list, want * sizeof *list);
    return true;
}

static struct sky_lla place_from(const Skywitness__V1__Place *message)
{
    return (struct sky_lla){message->lat_rad, message->lon_rad, message->alt_hae_m};
}

/* Only what its channel can carry: an input, or else an event. */
static enum sky_status read_record(enum sky_channel channel, bool input, const uint8_t *bytes,
                                   size_t count, struct sky_arena *arena,
                                   const ProtobufCMessage **ret_message)
{
    arena->used = 0;
    if (channel < SKY_CHANNEL_CONFIG || channel >= SKY_CHANNEL_END ||
        sky_codec_is_input(channel) != input || count > SKY_CODEC_RECORD_MAX) {
        return SKY_E_CORRUPT;
    }
    return sky_codec_read(arena, sky_codec_descriptor(channel), bytes, count, ret_message);
}

/* ---- inputs ---- */

static void sensor_from(const Skywitness__V1__SensorConfig *message,
                        struct sky_sensor_config *ret_sensor)
{
    ret_sensor->at_station = message->site == NULL;
    if (message->site != NULL) {
        ret_sensor->site = place_from(message->site);
    }
    ret_sensor->has_sac_sic = message->has_sac;
    ret_sensor->sac = (uint8_t)message->sac;
    ret_sensor->sic = (uint8_t)message->sic;
    ret_sensor->measures_elevation = message->measures_elevation;
    ret_sensor->azimuth_offset_rad = message->azimuth_offset_rad;
    ret_sensor->sigma_range_m = message->sigma_range_m;
    ret_sensor->sigma_azimuth_rad = message->sigma_azimuth_rad;
    ret_sensor->sigma_elevation_rad = message->sigma_elevation_rad;
    ret_sensor->sigma_radial_mps = message->sigma_radial_mps;
    ret_sensor->bias_sigma_range_m = message->bias_sigma_range_m;
    ret_sensor->bias_sigma_azimuth_rad = message->bias_sigma_azimuth_rad;
    ret_sensor->bias_sigma_elevation_rad = message->bias_sigma_elevation_rad;
    ret_sensor->range_max_m = message->range_max_m;
    ret_sensor->detection_probability = message->detection_probability;
    ret_sensor->false_plots_per_scan = message->false_plots_per_scan;
    ret_sensor->scan_ns = message->scan_ns;
    ret_sensor->latency_ns = message->latency_ns;
    ret_sensor->kind = (enum sky_sensor_kind)message->kind;
    ret_sensor->quantum_range_m = message->quantum_range_m;
    ret_sensor->quantum_azimuth_rad = message->quantum_azimuth_rad;
    ret_sensor->range_min_m = message->range_min_m;
    ret_sensor->elevation_min_rad = message->elevation_min_rad;
    ret_sensor->elevation_max_rad = message->elevation_max_rad;
    ret_sensor->radial_max_mps = message->radial_max_mps;
    ret_sensor->notch_mps = message->notch_mps;
    ret_sensor->notch_detection_probability = message->notch_detection_probability;
    ret_sensor->sigma_place_m = message->sigma_place_m;
    ret_sensor->asterix_021 = (enum sky_asterix_021)message->asterix_021;
}

static void station_from(const Skywitness__V1__StationConfig *message,
                         struct sky_station_config *ret_station)
{
    ret_station->has_site = message->site != NULL;
    if (message->site != NULL) {
        ret_station->site = place_from(message->site);
    }
    ret_station->moving = message->moving;
    ret_station->site_sigma_m = message->site_sigma_m;
    ret_station->gnss_sigma_floor_m = message->gnss_sigma_floor_m;
    ret_station->heading_rad = message->heading_rad;
    ret_station->heading_sigma_rad = message->heading_sigma_rad;
}

static enum sky_status tracker_from(const Skywitness__V1__TrackerConfig *message,
                                    struct sky_tracker_config *ret_tracker)
{
    if (!take_list(ret_tracker->accel_psd_m2ps3, COUNT_OF(ret_tracker->accel_psd_m2ps3),
                   message->accel_psd_m2ps3, message->n_accel_psd_m2ps3)) {
        return SKY_E_CORRUPT;
    }
    ret_tracker->turn_mps2 = message->turn_mps2;
    ret_tracker->sojourn_s = message->sojourn_s;
    ret_tracker->speed_max_mps = message->speed_max_mps;
    ret_tracker->gate_probability = message->gate_probability;
    ret_tracker->births_per_hour = message->births_per_hour;
    ret_tracker->lifetime_s = message->lifetime_s;
    ret_tracker->confirm_existence = message->confirm_existence;
    ret_tracker->hold_ns = message->hold_ns;
    ret_tracker->coast_ns = message->coast_ns;
    ret_tracker->lose_ns = message->lose_ns;
    ret_tracker->height_prior_m = message->height_prior_m;
    ret_tracker->height_prior_sigma_m = message->height_prior_sigma_m;
    return SKY_OK;
}

static struct sky_incident_config incident_from(const Skywitness__V1__IncidentConfig *message)
{
    return (struct sky_incident_config){.p_enter = message->p_enter,
                                        .p_exit = message->p_exit,
                                        .looks_inside = message->looks_inside,
                                        .looks_of = message->looks_of,
                                        .dwell_ns = message->dwell_ns,
                                        .close_after_ns = message->close_after_ns,
                                        .existence_min = message->existence_min,
                                        .assess_within_m = message->assess_within_m,
                                        .unstated_line_sigma_m = message->unstated_line_sigma_m};
}

static enum sky_status sensors_from(const Skywitness__V1__Config *message,
                                    struct sky_config *ret_config)
{
    if (message->n_sensor > SKY_SENSORS_MAX) {
        return SKY_E_CORRUPT;
    }
    for (size_t i = 0; i < message->n_sensor; i++) {
        const Skywitness__V1__SensorConfig *sensor = message->sensor[i];
        if (sensor->has_sac != sensor->has_sic || sensor->sac > UINT8_MAX ||
            sensor->sic > UINT8_MAX ||
            !fits(ret_config->sensor[i].name, sizeof ret_config->sensor[i].name, sensor->name)) {
            return SKY_E_CORRUPT;
        }
        sensor_from(sensor, &ret_config->sensor[i]);
    }
    ret_config->sensor_count = (uint32_t)message->n_sensor;
    return SKY_OK;
}

/* The set goes behind the message, which is needed as well. */
static enum sky_status zones_from(struct sky_arena *arena, const ProtobufCBinaryData *bytes,
                                  struct sky_zone_set *ret_zones)
{
    const char *reason;
    struct sky_arena rest = {.bytes = arena->bytes + arena->used,
                             .capacity = arena->capacity - arena->used};
    const enum sky_status status =
        sky_codec_unpack_zones(bytes->data, bytes->len, &rest, ret_zones, NULL, &reason);
    arena->used += rest.used;
    return status;
}

static enum sky_status unpack_config(struct sky_arena *arena, const Skywitness__V1__Config *message,
                                     struct sky_input *input)
{
    struct sky_config *config = sky_codec_array(arena, 1, sizeof *config);
    struct sky_zone_set *zones = sky_codec_array(arena, 1, sizeof *zones);
    if (config == NULL || zones == NULL) {
        return SKY_E_CAPACITY;
    }
    memset(config, 0, sizeof *config);
    memset(zones, 0, sizeof *zones); /* no bytes: nothing is watched */
    config->tick_ns = message->tick_ns;
    station_from(message->station, &config->station);
    config->incident = incident_from(message->incident);
    enum sky_status status = tracker_from(message->tracker, &config->tracker);
    if (status == SKY_OK) {
        status = sensors_from(message, config);
    }
    if (status == SKY_OK && message->zones.len > 0) {
        status = zones_from(arena, &message->zones, zones);
    }
    input->kind = SKY_INPUT_CONFIG;
    input->u.config.config = config;
    input->u.config.zones = zones;
    input->u.config.zone_bytes = message->zones.data;
    input->u.config.zone_byte_count = message->zones.len;
    if (!fits(input->u.config.boot_id, sizeof input->u.config.boot_id, message->boot_id) ||
        !fits(input->u.config.software, sizeof input->u.config.software, message->software)) {
        return SKY_E_CORRUPT;
    }
    return status;
}

static double said(protobuf_c_boolean has, double value)
{
    static const uint64_t quiet_nan_bits = UINT64_C(0x7FF8000000000000);
    double nan;
    memcpy(&nan, &quiet_nan_bits, sizeof nan);
    return has ? value : nan;
}

static void unpack_receiver(const Skywitness__V1__Receiver *message,
                            struct sky_receiver_report *ret_receiver)
{
#define TAKE(field) ret_receiver->field = said(message->has_##field, message->field)
#define TAKE_COUNT(field) ret_receiver->field = message->has_##field ? message->field : -1
    ret_receiver->said = message != NULL;
    if (!ret_receiver->said) {
        return;
    }
    TAKE(err_place_m);
    TAKE(err_speed_mps);
    TAKE(err_course_deg);
    TAKE(err_climb_mps);
    TAKE(hdop);
    TAKE(vdop);
    TAKE(pdop);
    TAKE(tdop);
    TAKE(gst_rms_m);
    TAKE(gst_major_m);
    TAKE(gst_minor_m);
    TAKE(gst_major_deg);
    TAKE(gst_lat_m);
    TAKE(gst_lon_m);
    TAKE(gst_alt_m);
    TAKE(heading_deg);
    TAKE(pitch_deg);
    TAKE(roll_deg);
    TAKE_COUNT(leap_s);
    TAKE_COUNT(satellites_seen);
    TAKE_COUNT(jamming);
    TAKE_COUNT(antenna);
    TAKE_COUNT(status);
#undef TAKE
#undef TAKE_COUNT
    ret_receiver->has_pps =
        message->has_pps_real_ns && message->has_pps_clock_ns && message->has_pps_precision_ns;
    ret_receiver->pps_real_ns = message->pps_real_ns;
    ret_receiver->pps_clock_ns = message->pps_clock_ns;
    ret_receiver->pps_precision_ns = message->pps_precision_ns;
    ret_receiver->has_toff = message->has_toff_real_ns && message->has_toff_clock_ns;
    ret_receiver->toff_real_ns = message->toff_real_ns;
    ret_receiver->toff_clock_ns = message->toff_clock_ns;
}

static void unpack_gnss(const Skywitness__V1__Gnss *message, struct sky_input *input)
{
    struct sky_gnss_report *report = &input->u.gnss;
    input->kind = SKY_INPUT_GNSS;
    report->mode = message->mode;
    report->has_time = message->has_utc_ns;
    report->utc_ns = message->utc_ns;
    report->lat_deg = said(message->has_lat_deg, message->lat_deg);
    report->lon_deg = said(message->has_lon_deg, message->lon_deg);
    report->alt_hae_m = said(message->has_alt_hae_m, message->alt_hae_m);
    report->alt_msl_m = said(message->has_alt_msl_m, message->alt_msl_m);
    report->err_lon_m = said(message->has_err_lon_m, message->err_lon_m);
    report->err_lat_m = said(message->has_err_lat_m, message->err_lat_m);
    report->err_alt_m = said(message->has_err_alt_m, message->err_alt_m);
    report->err_time_s = said(message->has_err_time_s, message->err_time_s);
    report->speed_mps = said(message->has_speed_mps, message->speed_mps);
    report->course_deg = said(message->has_course_deg, message->course_deg);
    report->climb_mps = said(message->has_climb_mps, message->climb_mps);
    report->satellites_used = message->has_satellites_used ? message->satellites_used : -1;
    report->json = (const char *)message->json.data;
    report->json_bytes = message->json.len;
    unpack_receiver(message->receiver, &report->receiver);
}

static enum sky_status unpack_datagram(const Skywitness__V1__Datagram *message,
                                       struct sky_input *input)
{
    if (message->peer_port > UINT16_MAX) {
        return SKY_E_CORRUPT;
    }
    input->kind = SKY_INPUT_DATAGRAM;
    input->u.datagram.bytes = message->payload.data;
    input->u.datagram.count = message->payload.len;
    input->u.datagram.peer_ipv4 = message->peer_ipv4;
    input->u.datagram.peer_port = (uint16_t)message->peer_port;
    return SKY_OK;
}

static enum sky_status unpack_source(const Skywitness__V1__Source *message, struct sky_input *input)
{
    input->kind = SKY_INPUT_SOURCE;
    input->u.source_event.event = (enum sky_source_event)message->event;
    input->u.source_event.count = message->count;
    return fits(input->u.source_event.detail, sizeof input->u.source_event.detail, message->detail)
               ? SKY_OK
               : SKY_E_CORRUPT;
}

static void unpack_plot_rows(const Skywitness__V1__PlotRows *message, struct sky_input *input)
{
    input->kind = SKY_INPUT_PLOT_ROWS;
    input->u.plot_rows.text = (const char *)message->text.data;
    input->u.plot_rows.count = message->text.len;
    input->u.plot_rows.epoch_utc_ns = message->epoch_utc_ns;
}

/* Every input message, seen through the one field they share. */
union input_message {
    const ProtobufCMessage *base;
    const Skywitness__V1__Config *config;
    const Skywitness__V1__Tick *tick;
    const Skywitness__V1__Gnss *gnss;
    const Skywitness__V1__Registers *registers;
    const Skywitness__V1__Datagram *datagram;
    const Skywitness__V1__Source *source;
    const Skywitness__V1__ClockStep *clock_step;
    const Skywitness__V1__PlotRows *plot_rows;
    const Skywitness__V1__RegisterMap *register_map;
};

static enum sky_status input_from(struct sky_arena *arena, enum sky_channel channel,
                                  const union input_message *message, struct sky_input *input,
                                  const Skywitness__V1__Received **ret_received)
{
    switch (channel) {
    case SKY_CHANNEL_CONFIG:
        *ret_received = message->config->received;
        return unpack_config(arena, message->config, input);
    case SKY_CHANNEL_TICK:
        *ret_received = message->tick->received;
        input->kind = SKY_INPUT_TICK;
        input->u.tick.synchronised = message->tick->synchronised;
        input->u.tick.error_ns = message->tick->error_ns;
        return SKY_OK;
    case SKY_CHANNEL_GNSS:
        *ret_received = message->gnss->received;
        unpack_gnss(message->gnss, input);
        return SKY_OK;
    case SKY_CHANNEL_REGISTERS:
        *ret_received = message->registers->received;
        input->kind = SKY_INPUT_REGISTERS;
        input->u.registers.sensor = message->registers->sensor;
        input->u.registers.bytes = message->registers->block.data;
        input->u.registers.count = message->registers->block.len;
        input->u.registers.map = message->registers->map;
        return SKY_OK;
    case SKY_CHANNEL_DATAGRAM:
        *ret_received = message->datagram->received;
        return unpack_datagram(message->datagram, input);
    case SKY_CHANNEL_SOURCE:
        *ret_received = message->source->received;
        return unpack_source(message->source, input);
    case SKY_CHANNEL_CLOCK_STEP:
        *ret_received = message->clock_step->received;
        input->kind = SKY_INPUT_CLOCK_STEP;
        input->u.clock_step.step_ns = message->clock_step->step_ns;
        return SKY_OK;
    case SKY_CHANNEL_PLOT_ROWS:
        *ret_received = message->plot_rows->received;
        unpack_plot_rows(message->plot_rows, input);
        return SKY_OK;
    case SKY_CHANNEL_REGISTER_MAP:
        *ret_received = message->register_map->received;
        input->kind = SKY_INPUT_REGISTER_MAP;
        input->u.register_map.map = message->register_map->map;
        input->u.register_map.text = (const char *)message->register_map->text.data;
        input->u.register_map.count = message->register_map->text.len;
        return SKY_OK;
    case SKY_CHANNEL_POSE:
    case SKY_CHANNEL_CLOCK:
    case SKY_CHANNEL_TRACK:
    case SKY_CHANNEL_ASSESSMENT:
    case SKY_CHANNEL_INCIDENT:
    case SKY_CHANNEL_INCIDENT_LINE:
    case SKY_CHANNEL_CLASSIFICATION:
    case SKY_CHANNEL_REJECT:
    case SKY_CHANNEL_ALERT:
    case SKY_CHANNEL_SENSOR:
    case SKY_CHANNEL_READING:
    case SKY_CHANNEL_END:
        break;
    }
    return SKY_E_CORRUPT;
}

enum sky_status sky_codec_unpack_input(enum sky_channel channel, const uint8_t *bytes, size_t count,
                                       struct sky_arena *arena, struct sky_input *ret_input,
                                       struct sky_utc_estimate *ret_utc)
{
    union input_message message;
    enum sky_status status = read_record(channel, true, bytes, count, arena, &message.base);
    if (status != SKY_OK) {
        return status;
    }
    struct sky_input input;
    const Skywitness__V1__Received *received;
    memset(&input, 0, sizeof input);
    status = input_from(arena, channel, &message, &input, &received);
    if (status != SKY_OK) {
        return status;
    }
    if (!fits(input.source, sizeof input.source, received->source)) {
        return SKY_E_CORRUPT;
    }
    input.seq = received->seq;
    input.time_ns = received->time_ns;
    input.realtime_ns = received->realtime_ns;
    *ret_input = input;
    *ret_utc = (struct sky_utc_estimate){received->utc_ns, received->utc_sigma_ns,
                                         (enum sky_clock_state)received->clock};
    return SKY_OK;
}

/* ---- events ---- */

static void unpack_pose(const Skywitness__V1__Pose *message, struct sky_event *event)
{
    event->u.pose.place = place_from(message->place);
    event->u.pose.sigma_horizontal_m = message->sigma_horizontal_m;
    event->u.pose.sigma_vertical_m = message->sigma_vertical_m;
    event->u.pose.heading_rad = message->heading_rad;
    event->u.pose.heading_sigma_rad = message->heading_sigma_rad;
    event->u.pose.fixes_used = message->fixes_used;
    event->u.pose.state = (enum sky_pose_state)(message->has_state ? message->state : 0);
}

static enum sky_status unpack_track(const Skywitness__V1__Track *message,
                                    struct sky_event_track *track)
{
    if (!take_list(track->cov, COUNT_OF(track->cov), message->cov, message->n_cov) ||
        !take_list(track->model, COUNT_OF(track->model), message->model, message->n_model) ||
        !fits(track->callsign, sizeof track->callsign, message->callsign)) {
        return SKY_E_CORRUPT;
    }
    track->id = message->id;
    track->change = message->change;
    track->status = (enum sky_track_status)message->status;
    track->place = place_from(message->place);
    track->vel_east_mps = message->vel_east_mps;
    track->vel_north_mps = message->vel_north_mps;
    track->vel_up_mps = message->vel_up_mps;
    track->existence = message->existence;
    track->sensors = message->sensors;
    track->last_sensor = message->last_sensor;
    track->last_distance2 = message->last_distance2;
    track->last_dimension = message->last_dimension;
    track->icao_address = message->icao_address;
    track->cooperative = message->cooperative;
    track->height_from_pressure = message->height_from_pressure;
    return SKY_OK;
}

static void unpack_assessment(const Skywitness__V1__Assessment *message,
                              struct sky_assessment *assessment)
{
    assessment->track_id = message->track_id;
    assessment->zone_id = message->zone_id;
    assessment->line_id = message->line_id;
    assessment->time_ns = message->time_ns;
    assessment->distance_m = message->distance_m;
    assessment->u95_m = message->u95_m;
    assessment->p_inside = message->p_inside;
    assessment->vertical = (enum sky_vertical)message->vertical;
    assessment->p_vertical = message->p_vertical;
    assessment->existence = message->existence;
    assessment->sigma_track_m = message->sigma_track_m;
    assessment->sigma_pose_m = message->sigma_pose_m;
    assessment->sigma_time_m = message->sigma_time_m;
    assessment->sigma_line_m = message->sigma_line_m;
    assessment->line_accuracy_stated = message->line_accuracy_stated;
    assessment->bearing_rad = message->bearing_rad;
    assessment->nearest_lat_rad = message->nearest_lat_rad;
    assessment->nearest_lon_rad = message->nearest_lon_rad;
    assessment->edge = message->edge;
    assessment->sigma_rule_m = message->sigma_rule_m;
    assessment->line_rule_stated = !message->line_rule_unstated;
}

static void unpack_incident(const Skywitness__V1__Incident *message,
                            struct sky_event_incident *incident)
{
    incident->id = message->id;
    incident->zone_id = message->zone_id;
    incident->track_id = message->track_id;
    incident->change = (enum sky_incident_change)message->change;
    incident->state = (enum sky_incident_state)message->state;
    incident->end = (enum sky_incident_end)message->end;
    incident->opened_ns = message->opened_ns;
    incident->closed_ns = message->closed_ns;
    incident->started_inside = message->started_inside;
    incident->returns = message->returns;
    incident->closest_outside_m = message->closest_outside_m;
}

static struct sky_crossing crossing_from(const Skywitness__V1__Crossing *message)
{
    if (message == NULL) {
        return (struct sky_crossing){.known = false};
    }
    return (struct sky_crossing){true, message->time_ns, message->earliest_ns, message->latest_ns};
}

static void unpack_incident_line(const Skywitness__V1__IncidentLine *message,
                                 struct sky_event_incident_line *event)
{
    struct sky_incident_line *line = &event->line;
    event->incident_id = message->incident_id;
    line->line_id = message->line_id;
    line->side = (enum sky_line_side)message->side;
    line->was_inside = message->was_inside;
    line->started_inside = message->started_inside;
    line->entry = crossing_from(message->entry);
    line->exit = crossing_from(message->exit);
    line->entries = message->entries;
    line->dwell_ns = message->dwell_ns;
    line->deepest_m = message->deepest_m;
    line->deepest_u95_m = message->deepest_u95_m;
    line->deepest_ns = message->deepest_ns;
    line->deepest_lat_rad = message->deepest->lat_rad;
    line->deepest_lon_rad = message->deepest->lon_rad;
    line->deepest_alt_hae_m = message->deepest->alt_hae_m;
    line->p_inside_max = message->p_inside_max;
    line->distance_last_m = message->distance_last_m;
    line->u95_last_m = message->u95_last_m;
    line->p_inside_last = message->p_inside_last;
}

static void unpack_stay(const Skywitness__V1__Stay *message, struct sky_stay *stay)
{
    stay->from_ns = message->from_ns;
    stay->to_ns = message->to_ns;
    stay->slow_ns = message->slow_ns;
    stay->flown_m = message->flown_m;
    stay->reach_m = message->reach_m;
    stay->chord_m = message->chord_m;
}

static enum sky_status unpack_classification(const Skywitness__V1__Classification *message,
                                             struct sky_event_classification *event)
{
    const Skywitness__V1__Features *features = message->features;
    const bool before_clutter = message->n_probability == SKY_CLASS_CLUTTER;
    if (!take_list(event->result.probability,
                   before_clutter ? SKY_CLASS_CLUTTER : COUNT_OF(event->result.probability),
                   message->probability, message->n_probability) ||
        message->emitter > UINT8_MAX) {
        return SKY_E_CORRUPT;
    }
    event->emitter = (uint8_t)message->emitter;
    if (message->stay != NULL) {
        unpack_stay(message->stay, &event->stay);
    }
    event->incident_id = message->incident_id;
    event->result.kind = (enum sky_kind)message->kind;
    event->result.target = (enum sky_class)message->target;
    event->result.reasons = message->reasons;
    event->features.samples = features->samples;
    event->features.speed_mean_mps = features->speed_mean_mps;
    event->features.speed_max_mps = features->speed_max_mps;
    event->features.height_mean_m = features->height_mean_m;
    event->features.height_min_m = features->height_min_m;
    event->features.height_max_m = features->height_max_m;
    event->features.climb_max_mps = features->climb_max_mps;
    event->features.turn_max_radps = features->turn_max_radps;
    event->features.hover_share = features->hover_share;
    event->features.rcs_mean_dbsm = features->rcs_mean_dbsm;
    event->features.rcs_samples = features->rcs_samples;
    return SKY_OK;
}

static enum sky_status unpack_reject(const Skywitness__V1__Reject *message,
                                     struct sky_event_reject *reject)
{
    reject->reason = (enum sky_reject_reason)message->reason;
    reject->count = message->count;
    reject->offset = message->offset;
    return fits(reject->item, sizeof reject->item, message->item) &&
                   fits(reject->source, sizeof reject->source, message->source)
               ? SKY_OK
               : SKY_E_CORRUPT;
}

static void unpack_alert(const Skywitness__V1__Alert *message, struct sky_event_alert *alert)
{
    alert->track_id = message->track_id;
    alert->zone_id = message->zone_id;
    alert->line_id = message->line_id;
    alert->inside = message->inside;
    alert->first = message->first;
    alert->p = message->p;
    alert->crossing_known = message->has_crossing_ns;
    alert->crossing_ns = message->crossing_ns;
}

static enum sky_status unpack_sensor(const Skywitness__V1__Sensor *message,
                                     struct sky_event_sensor *sensor)
{
    struct sky_registration *registration = &sensor->registration;
    if (!take_list(registration->bias, COUNT_OF(registration->bias), message->bias,
                   message->n_bias) ||
        !take_list(registration->bias_sigma, COUNT_OF(registration->bias_sigma),
                   message->bias_sigma, message->n_bias_sigma) ||
        !take_list(sensor->nis, COUNT_OF(sensor->nis), message->nis, message->n_nis)) {
        return SKY_E_CORRUPT;
    }
    sensor->sensor = message->sensor;
    registration->state = (enum sky_register_state)message->registration;
    registration->pairs = message->pairs;
    sensor->nis_out = message->nis_out;
    sensor->detection_probability = message->detection_probability;
    sensor->false_plots_per_scan = message->false_plots_per_scan;
    sensor->plots = message->plots;
    sensor->used = message->used;
    return SKY_OK;
}

static enum sky_status unpack_reading(const Skywitness__V1__Reading *message,
                                      struct sky_event_reading *reading)
{
    reading->value = message->value;
    return fits(reading->source, sizeof reading->source, message->source) &&
                   fits(reading->item, sizeof reading->item, message->item)
               ? SKY_OK
               : SKY_E_CORRUPT;
}

union event_message {
    const ProtobufCMessage *base;
    const Skywitness__V1__Pose *pose;
    const Skywitness__V1__Clock *clock;
    const Skywitness__V1__Track *track;
    const Skywitness__V1__Assessment *assessment;
    const Skywitness__V1__Incident *incident;
    const Skywitness__V1__IncidentLine *incident_line;
    const Skywitness__V1__Classification *classification;
    const Skywitness__V1__Reject *reject;
    const Skywitness__V1__Alert *alert;
    const Skywitness__V1__Sensor *sensor;
    const Skywitness__V1__Reading *reading;
};

static enum sky_status event_from(enum sky_channel channel, const union event_message *message,
                                  struct sky_event *event, const Skywitness__V1__Cause **ret_cause)
{
    switch (channel) {
    case SKY_CHANNEL_POSE:
        *ret_cause = message->pose->cause;
        event->kind = SKY_EVENT_POSE;
        unpack_pose(message->pose, event);
        return SKY_OK;
    case SKY_CHANNEL_CLOCK:
        *ret_cause = message->clock->cause;
        event->kind = SKY_EVENT_CLOCK;
        return SKY_OK;
    case SKY_CHANNEL_TRACK:
        *ret_cause = message->track->cause;
        event->kind = SKY_EVENT_TRACK;
        return unpack_track(message->track, &event->u.track);
    case SKY_CHANNEL_ASSESSMENT:
        *ret_cause = message->assessment->cause;
        event->kind = SKY_EVENT_ASSESSMENT;
        unpack_assessment(message->assessment, &event->u.assessment);
        return SKY_OK;
    case SKY_CHANNEL_INCIDENT:
        *ret_cause = message->incident->cause;
        event->kind = SKY_EVENT_INCIDENT;
        unpack_incident(message->incident, &event->u.incident);
        return SKY_OK;
    case SKY_CHANNEL_INCIDENT_LINE:
        *ret_cause = message->incident_line->cause;
        event->kind = SKY_EVENT_INCIDENT_LINE;
        unpack_incident_line(message->incident_line, &event->u.incident_line);
        return SKY_OK;
    case SKY_CHANNEL_CLASSIFICATION:
        *ret_cause = message->classification->cause;
        event->kind = SKY_EVENT_CLASSIFICATION;
        return unpack_classification(message->classification, &event->u.classification);
    case SKY_CHANNEL_REJECT:
        *ret_cause = message->reject->cause;
        event->kind = SKY_EVENT_REJECT;
        return unpack_reject(message->reject, &event->u.reject);
    case SKY_CHANNEL_ALERT:
        *ret_cause = message->alert->cause;
        event->kind = SKY_EVENT_ALERT;
        unpack_alert(message->alert, &event->u.alert);
        return SKY_OK;
    case SKY_CHANNEL_SENSOR:
        *ret_cause = message->sensor->cause;
        event->kind = SKY_EVENT_SENSOR;
        return unpack_sensor(message->sensor, &event->u.sensor);
    case SKY_CHANNEL_READING:
        *ret_cause = message->reading->cause;
        event->kind = SKY_EVENT_READING;
        return unpack_reading(message->reading, &event->u.reading);
    case SKY_CHANNEL_CONFIG:
    case SKY_CHANNEL_TICK:
    case SKY_CHANNEL_GNSS:
    case SKY_CHANNEL_REGISTERS:
    case SKY_CHANNEL_DATAGRAM:
    case SKY_CHANNEL_SOURCE:
    case SKY_CHANNEL_CLOCK_STEP:
    case SKY_CHANNEL_PLOT_ROWS:
    case SKY_CHANNEL_REGISTER_MAP:
    case SKY_CHANNEL_END:
        break;
    }
    return SKY_E_CORRUPT;
}

enum sky_status sky_codec_unpack_event(enum sky_channel channel, const uint8_t *bytes, size_t count,
                                       struct sky_arena *arena, struct sky_event *ret_event)
{
    union event_message message;
    enum sky_status status = read_record(channel, false, bytes, count, arena, &message.base);
    if (status != SKY_OK) {
        return status;
    }
    struct sky_event event;
    const Skywitness__V1__Cause *cause;
    memset(&event, 0, sizeof event);
    status = event_from(channel, &message, &event, &cause);
    if (status != SKY_OK) {
        return status;
    }
    event.cause_seq = cause->seq;
    event.time_ns = cause->time_ns;
    event.utc = (struct sky_utc_estimate){cause->utc_ns, cause->utc_sigma_ns,
                                          (enum sky_clock_state)cause->clock};
    *ret_event = event;
    return SKY_OK;
}
