#include "sky_codec_parts.h"

#include <string.h>

#include "skywitness.pb-c.h"

/* Peers name themselves as they like; the log holds UTF-8. What is not becomes '?'. */
static char *cleaned(char *ret_copy, size_t size, const char *text)
{
    size_t used = 0;
    while (*text != 0) {
        const size_t bytes = sky_codec_character_bytes(text);
        const size_t step = bytes == 0 ? 1 : bytes;
        if (used + step >= size) {
            break;
        }
        memcpy(ret_copy + used, bytes == 0 ? "?" : text, step);
        used += step;
        text += step;
    }
    ret_copy[used] = 0;
    return ret_copy;
}

/* protobuf-c takes everything by pointer to non-const, and changes nothing while packing. */
static void *lend(const void *ours)
{
    const union {
        const void *ours;
        void *lent;
    } pointer = {.ours = ours};
    return pointer.lent;
}

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static ProtobufCBinaryData lend_bytes(const void *bytes, size_t count)
{
    return (ProtobufCBinaryData){.len = count, .data = lend(bytes)};
}

/* Where a packed record goes. */
struct slot {
    uint8_t *buffer;
    size_t capacity;
    enum sky_channel *ret_channel;
    size_t *ret_bytes;
};

static enum sky_status fill(const struct slot *slot, enum sky_channel channel,
                            const ProtobufCMessage *message)
{
    if (protobuf_c_message_get_packed_size(message) > slot->capacity) {
        return SKY_E_CAPACITY;
    }
    *slot->ret_bytes = protobuf_c_message_pack(message, slot->buffer);
    *slot->ret_channel = channel;
    return SKY_OK;
}

static Skywitness__V1__Place place_of(const struct sky_lla *place)
{
    Skywitness__V1__Place message = SKYWITNESS__V1__PLACE__INIT;
    message.lat_rad = place->lat_rad;
    message.lon_rad = place->lon_rad;
    message.alt_hae_m = place->alt_hae_m;
    return message;
}

/* ---- inputs ---- */

static Skywitness__V1__SensorConfig sensor_of(const struct sky_sensor_config *sensor,
                                              Skywitness__V1__Place *site)
{
    Skywitness__V1__SensorConfig message = SKYWITNESS__V1__SENSOR_CONFIG__INIT;
    *site = place_of(&sensor->site);
    message.name = lend(sensor->name);
    message.site = sensor->at_station ? NULL : site;
    message.has_sac = message.has_sic = sensor->has_sac_sic;
    message.sac = sensor->sac;
    message.sic = sensor->sic;
    message.measures_elevation = sensor->measures_elevation;
    message.azimuth_offset_rad = sensor->azimuth_offset_rad;
    message.sigma_range_m = sensor->sigma_range_m;
    message.sigma_azimuth_rad = sensor->sigma_azimuth_rad;
    message.sigma_elevation_rad = sensor->sigma_elevation_rad;
    message.sigma_radial_mps = sensor->sigma_radial_mps;
    message.bias_sigma_range_m = sensor->bias_sigma_range_m;
    message.bias_sigma_azimuth_rad = sensor->bias_sigma_azimuth_rad;
    message.bias_sigma_elevation_rad = sensor->bias_sigma_elevation_rad;
    message.range_max_m = sensor->range_max_m;
    message.detection_probability = sensor->detection_probability;
    message.false_plots_per_scan = sensor->false_plots_per_scan;
    message.scan_ns = sensor->scan_ns;
    message.latency_ns = sensor->latency_ns;
    message.kind = (Skywitness__V1__SensorKind)sensor->kind;
    message.quantum_range_m = sensor->quantum_range_m;
    message.quantum_azimuth_rad = sensor->quantum_azimuth_rad;
    message.range_min_m = sensor->range_min_m;
    message.elevation_min_rad = sensor->elevation_min_rad;
    message.elevation_max_rad = sensor->elevation_max_rad;
    message.radial_max_mps = sensor->radial_max_mps;
    message.notch_mps = sensor->notch_mps;
    message.notch_detection_probability = sensor->notch_detection_probability;
    message.sigma_place_m = sensor->sigma_place_m;
    message.has_asterix_021 = true;
    message.asterix_021 = (Skywitness__V1__Asterix021)sensor->asterix_021;
    return message;
}

static Skywitness__V1__StationConfig station_of(const struct sky_station_config *station,
                                                Skywitness__V1__Place *site)
{
    Skywitness__V1__StationConfig message = SKYWITNESS__V1__STATION_CONFIG__INIT;
    *site = place_of(&station->site);
    message.site = station->has_site ? site : NULL;
    message.moving = station->moving;
    message.site_sigma_m = station->site_sigma_m;
    message.gnss_sigma_floor_m = station->gnss_sigma_floor_m;
    message.heading_rad = station->heading_rad;
    message.heading_sigma_rad = station->heading_sigma_rad;
    return message;
}

static Skywitness__V1__TrackerConfig tracker_of(const struct sky_tracker_config *tracker)
{
    Skywitness__V1__TrackerConfig message = SKYWITNESS__V1__TRACKER_CONFIG__INIT;
    message.speed_max_mps = tracker->speed_max_mps;
    message.gate_probability = tracker->gate_probability;
    message.coast_ns = tracker->coast_ns;
    message.lose_ns = tracker->lose_ns;
    message.height_prior_m = tracker->height_prior_m;
    message.height_prior_sigma_m = tracker->height_prior_sigma_m;
    message.n_accel_psd_m2ps3 = COUNT_OF(tracker->accel_psd_m2ps3);
    message.accel_psd_m2ps3 = lend(tracker->accel_psd_m2ps3);
    message.turn_mps2 = tracker->turn_mps2;
    message.sojourn_s = tracker->sojourn_s;
    message.births_per_hour = tracker->births_per_hour;
    message.lifetime_s = tracker->lifetime_s;
    message.confirm_existence = tracker->confirm_existence;
    message.hold_ns = tracker->hold_ns;
    return message;
}

static Skywitness__V1__IncidentConfig incident_of(const struct sky_incident_config *incident)
{
    Skywitness__V1__IncidentConfig message = SKYWITNESS__V1__INCIDENT_CONFIG__INIT;
    message.p_enter = incident->p_enter;
    message.p_exit = incident->p_exit;
    message.looks_inside = incident->looks_inside;
    message.looks_of = incident->looks_of;
    message.dwell_ns = incident->dwell_ns;
    message.close_after_ns = incident->close_after_ns;
    message.existence_min = incident->existence_min;
    message.assess_within_m = incident->assess_within_m;
    message.unstated_line_sigma_m = incident->unstated_line_sigma_m;
    return message;
}

static enum sky_status pack_config(const struct sky_input *input,
                                   Skywitness__V1__Received *received, const struct slot *slot)
{
    const struct sky_config *config = input->u.config.config;
    Skywitness__V1__Place site;
    Skywitness__V1__StationConfig station = station_of(&config->station, &site);
    Skywitness__V1__TrackerConfig tracker = tracker_of(&config->tracker);
    Skywitness__V1__IncidentConfig incident = incident_of(&config->incident);
    Skywitness__V1__Place sites[SKY_SENSORS_MAX];
    Skywitness__V1__SensorConfig sensor[SKY_SENSORS_MAX];
    Skywitness__V1__SensorConfig *sensors[SKY_SENSORS_MAX];
    if (config->sensor_count > SKY_SENSORS_MAX ||
        input->u.config.zone_byte_count > SKY_CODEC_ZONES_MAX) {
        return SKY_E_CAPACITY;
    }
    for (size_t i = 0; i < config->sensor_count; i++) {
        sensor[i] = sensor_of(&config->sensor[i], &sites[i]);
        sensors[i] = &sensor[i];
    }

    Skywitness__V1__Config message = SKYWITNESS__V1__CONFIG__INIT;
    message.received = received;
    message.boot_id = lend(input->u.config.boot_id);
    message.software = lend(input->u.config.software);
    message.tick_ns = config->tick_ns;
    message.station = &station;
    message.tracker = &tracker;
    message.incident = &incident;
    message.n_sensor = config->sensor_count;
    message.sensor = sensors;
    message.zones = lend_bytes(input->u.config.zone_bytes, input->u.config.zone_byte_count);
    return fill(slot, SKY_CHANNEL_CONFIG, &message.base);
}

/* A number that gpsd did not give is NaN in the report and absent in the record. */
static void put_said(protobuf_c_boolean *ret_has, double *ret_field, double value)
{
    *ret_has = value == value;
    *ret_field = value == value ? value : 0.0;
}

/* What the receiver said beside its reports; message is storage for it. */
static Skywitness__V1__Receiver *receiver_of(const struct sky_receiver_report *receiver,
                                             Skywitness__V1__Receiver *message)
{
#define PUT(field) put_said(&message->has_##field, &message->field, receiver->field)
#define PUT_COUNT(field)                                                                           \
    message->has_##field = receiver->field != -1;                                                  \
    message->field = receiver->field
    if (!receiver->said) {
        return NULL;
    }
    skywitness__v1__receiver__init(message);
    PUT(err_place_m);
    PUT(err_speed_mps);
    PUT(err_course_deg);
    PUT(err_climb_mps);
    PUT(hdop);
    PUT(vdop);
    PUT(pdop);
    PUT(tdop);
    PUT(gst_rms_m);
    PUT(gst_major_m);
    PUT(gst_minor_m);
    PUT(gst_major_deg);
    PUT(gst_lat_m);
    PUT(gst_lon_m);
    PUT(gst_alt_m);
    PUT(heading_deg);
    PUT(pitch_deg);
    PUT(roll_deg);
    PUT_COUNT(leap_s);
    PUT_COUNT(satellites_seen);
    PUT_COUNT(jamming);
    PUT_COUNT(antenna);
    PUT_COUNT(status);
#undef PUT
#undef PUT_COUNT
    message->has_pps_real_ns = receiver->has_pps;
    message->has_pps_clock_ns = receiver->has_pps;
    message->has_pps_precision_ns = receiver->has_pps;
    message->pps_real_ns = receiver->pps_real_ns;
    message->pps_clock_ns = receiver->pps_clock_ns;
    message->pps_precision_ns = receiver->pps_precision_ns;
    message->has_toff_real_ns = receiver->has_toff;
    message->has_toff_clock_ns = receiver->has_toff;
    message->toff_real_ns = receiver->toff_real_ns;
    message->toff_clock_ns = receiver->toff_clock_ns;
    return message;
}

static enum sky_status pack_gnss(const struct sky_gnss_report *report,
                                 Skywitness__V1__Received *received, const struct slot *slot)
{
    Skywitness__V1__Gnss message = SKYWITNESS__V1__GNSS__INIT;
    Skywitness__V1__Receiver receiver;
    message.received = received;
    message.receiver = receiver_of(&report->receiver, &receiver);
    message.mode = report->mode;
    message.has_utc_ns = report->has_time;
    message.utc_ns = report->utc_ns;
    put_said(&message.has_lat_deg, &message.lat_deg, report->lat_deg);
    put_said(&message.has_lon_deg, &message.lon_deg, report->lon_deg);
    put_said(&message.has_alt_hae_m, &message.alt_hae_m, report->alt_hae_m);
    put_said(&message.has_alt_msl_m, &message.alt_msl_m, report->alt_msl_m);
    put_said(&message.has_err_lon_m, &message.err_lon_m, report->err_lon_m);
    put_said(&message.has_err_lat_m, &message.err_lat_m, report->err_lat_m);
    put_said(&message.has_err_alt_m, &message.err_alt_m, report->err_alt_m);
    put_said(&message.has_err_time_s, &message.err_time_s, report->err_time_s);
    put_said(&message.has_speed_mps, &message.speed_mps, report->speed_mps);
    put_said(&message.has_course_deg, &message.course_deg, report->course_deg);
    put_said(&message.has_climb_mps, &message.climb_mps, report->climb_mps);
    message.has_satellites_used = report->satellites_used != -1;
    message.satellites_used = report->satellites_used;
    message.has_json = report->json_bytes > 0;
    message.json = lend_bytes(report->json, report->json_bytes);
    return fill(slot, SKY_CHANNEL_GNSS, &message.base);
}

static enum sky_status pack_tick(const struct sky_input *input, Skywitness__V1__Received *received,
                                 const struct slot *slot)
{
    Skywitness__V1__Tick message = SKYWITNESS__V1__TICK__INIT;
    message.received = received;
    message.synchronised = input->u.tick.synchronised;
    message.error_ns = input->u.tick.error_ns;
    return fill(slot, SKY_CHANNEL_TICK, &message.base);
}

static enum sky_status pack_registers(const struct sky_input *input,
                                      Skywitness__V1__Received *received, const struct slot *slot)
{
    Skywitness__V1__Registers message = SKYWITNESS__V1__REGISTERS__INIT;
    message.received = received;
    message.sensor = input->u.registers.sensor;
    message.block = lend_bytes(input->u.registers.bytes, input->u.registers.count);
    message.has_map = input->u.registers.map != 0;
    message.map = input->u.registers.map;
    return fill(slot, SKY_CHANNEL_REGISTERS, &message.base);
}

static enum sky_status pack_register_map(const struct sky_input *input,
                                         Skywitness__V1__Received *received,
                                         const struct slot *slot)
{
    Skywitness__V1__RegisterMap message = SKYWITNESS__V1__REGISTER_MAP__INIT;
    message.received = received;
    message.map = input->u.register_map.map;
    message.text = lend_bytes(input->u.register_map.text, input->u.register_map.count);
    return fill(slot, SKY_CHANNEL_REGISTER_MAP, &message.base);
}

static enum sky_status pack_datagram(const struct sky_input *input,
                                     Skywitness__V1__Received *received, const struct slot *slot)
{
    Skywitness__V1__Datagram message = SKYWITNESS__V1__DATAGRAM__INIT;
    message.received = received;
    message.payload = lend_bytes(input->u.datagram.bytes, input->u.datagram.count);
    message.has_peer_ipv4 = input->u.datagram.peer_ipv4 != 0;
    message.peer_ipv4 = input->u.datagram.peer_ipv4;
    message.has_peer_port = input->u.datagram.peer_port != 0;
    message.peer_port = input->u.datagram.peer_port;
    return fill(slot, SKY_CHANNEL_DATAGRAM, &message.base);
}

static enum sky_status pack_plot_rows(const struct sky_input *input,
                                      Skywitness__V1__Received *received, const struct slot *slot)
{
    Skywitness__V1__PlotRows message = SKYWITNESS__V1__PLOT_ROWS__INIT;
    message.received = received;
    message.text = lend_bytes(input->u.plot_rows.text, input->u.plot_rows.count);
    message.epoch_utc_ns = input->u.plot_rows.epoch_utc_ns;
    return fill(slot, SKY_CHANNEL_PLOT_ROWS, &message.base);
}

static enum sky_status pack_source(const struct sky_input *input,
                                   Skywitness__V1__Received *received, const struct slot *slot)
{
    char detail[SKY_DETAIL_MAX];
    Skywitness__V1__Source message = SKYWITNESS__V1__SOURCE__INIT;
    message.received = received;
    message.event = (Skywitness__V1__SourceEvent)input->u.source_event.event;
    message.has_count = input->u.source_event.count != 0;
    message.count = input->u.source_event.count;
    if (input->u.source_event.detail[0] != 0) {
        message.detail = cleaned(detail, sizeof detail, input->u.source_event.detail);
    }
    return fill(slot, SKY_CHANNEL_SOURCE, &message.base);
}

static enum sky_status pack_clock_step(const struct sky_input *input,
                                       Skywitness__V1__Received *received, const struct slot *slot)
{
    Skywitness__V1__ClockStep message = SKYWITNESS__V1__CLOCK_STEP__INIT;
    message.received = received;
    message.step_ns = input->u.clock_step.step_ns;
    return fill(slot, SKY_CHANNEL_CLOCK_STEP, &message.base);
}

enum sky_status sky_codec_pack_input(const struct sky_input *input,
                                     const struct sky_utc_estimate *utc, uint8_t *buffer,
                                     size_t capacity, enum sky_channel *ret_channel,
                                     size_t *ret_bytes)
{
    char source[SKY_NAME_MAX];
    const struct slot slot = {buffer, capacity, ret_channel, ret_bytes};
    Skywitness__V1__Received received = SKYWITNESS__V1__RECEIVED__INIT;
    received.seq = input->seq;
    received.time_ns = input->time_ns;
    received.realtime_ns = input->realtime_ns;
    received.utc_ns = utc->utc_ns;
    received.utc_sigma_ns = utc->sigma_ns;
    received.clock = (Skywitness__V1__ClockState)utc->state;
    if (input->source[0] != 0) {
        received.source = cleaned(source, sizeof source, input->source);
    }

    switch (input->kind) {
    case SKY_INPUT_CONFIG:
        return pack_config(input, &received, &slot);
    case SKY_INPUT_TICK:
        return pack_tick(input, &received, &slot);
    case SKY_INPUT_GNSS:
        return pack_gnss(&input->u.gnss, &received, &slot);
    case SKY_INPUT_REGISTERS:
        return pack_registers(input, &received, &slot);
    case SKY_INPUT_DATAGRAM:
        return pack_datagram(input, &received, &slot);
    case SKY_INPUT_SOURCE:
        return pack_source(input, &received, &slot);
    case SKY_INPUT_CLOCK_STEP:
        return pack_clock_step(input, &received, &slot);
    case SKY_INPUT_PLOT_ROWS:
        return pack_plot_rows(input, &received, &slot);
    case SKY_INPUT_REGISTER_MAP:
        return pack_register_map(input, &received, &slot);
    }
    return SKY_E_RANGE;
}

/* ---- events ---- */

static enum sky_status pack_pose(const struct sky_event *event, Skywitness__V1__Cause *cause,
                                 const struct slot *slot)
{
    Skywitness__V1__Place place = place_of(&event->u.pose.place);
    Skywitness__V1__Pose message = SKYWITNESS__V1__POSE__INIT;
    message.cause = cause;
    message.place = &place;
    message.sigma_horizontal_m = event->u.pose.sigma_horizontal_m;
    message.sigma_vertical_m = event->u.pose.sigma_vertical_m;
    message.heading_rad = event->u.pose.heading_rad;
    message.heading_sigma_rad = event->u.pose.heading_sigma_rad;
    message.fixes_used = event->u.pose.fixes_used;
    message.has_state = event->u.pose.state != 0;
    message.state = (Skywitness__V1__PoseState)event->u.pose.state;
    return fill(slot, SKY_CHANNEL_POSE, &message.base);
}

static enum sky_status pack_clock(Skywitness__V1__Cause *cause, const struct slot *slot)
{
    Skywitness__V1__Clock message = SKYWITNESS__V1__CLOCK__INIT;
    message.cause = cause;
    return fill(slot, SKY_CHANNEL_CLOCK, &message.base);
}

static enum sky_status pack_track(const struct sky_event_track *track, Skywitness__V1__Cause *cause,
                                  const struct slot *slot)
{
    Skywitness__V1__Place place = place_of(&track->place);
    char callsign[sizeof track->callsign];

    Skywitness__V1__Track message = SKYWITNESS__V1__TRACK__INIT;
    message.cause = cause;
    message.id = track->id;
    message.change = track->change;
    message.status = (Skywitness__V1__TrackStatus)track->status;
    message.place = &place;
    message.vel_east_mps = track->vel_east_mps;
    message.vel_north_mps = track->vel_north_mps;
    message.vel_up_mps = track->vel_up_mps;
    message.n_cov = COUNT_OF(track->cov);
    message.cov = lend(track->cov);
    message.existence = track->existence;
    message.sensors = track->sensors;
    message.last_sensor = track->last_sensor;
    message.last_distance2 = track->last_distance2;
    message.last_dimension = track->last_dimension;
    message.has_icao_address = track->icao_address != 0;
    message.icao_address = track->icao_address;
    if (track->callsign[0] != 0) {
        message.callsign = cleaned(callsign, sizeof callsign, track->callsign);
    }
    message.has_cooperative = true;
    message.cooperative = track->cooperative;
    message.has_height_from_pressure = track->height_from_pressure;
    message.height_from_pressure = track->height_from_pressure;
    message.n_model = COUNT_OF(track->model);
    message.model = lend(track->model);
    return fill(slot, SKY_CHANNEL_TRACK, &message.base);
}

static enum sky_status pack_assessment(const struct sky_assessment *assessment,
                                       Skywitness__V1__Cause *cause, const struct slot *slot)
{
    Skywitness__V1__Assessment message = SKYWITNESS__V1__ASSESSMENT__INIT;
    message.cause = cause;
    message.track_id = assessment->track_id;
    message.zone_id = assessment->zone_id;
    message.line_id = assessment->line_id;
    message.time_ns = assessment->time_ns;
    message.distance_m = assessment->distance_m;
    message.u95_m = assessment->u95_m;
    message.p_inside = assessment->p_inside;
    message.vertical = (Skywitness__V1__Vertical)assessment->vertical;
    message.p_vertical = assessment->p_vertical;
    message.existence = assessment->existence;
    message.sigma_track_m = assessment->sigma_track_m;
    message.sigma_pose_m = assessment->sigma_pose_m;
    message.sigma_time_m = assessment->sigma_time_m;
    message.sigma_line_m = assessment->sigma_line_m;
    message.line_accuracy_stated = assessment->line_accuracy_stated;
    message.bearing_rad = assessment->bearing_rad;
    message.nearest_lat_rad = assessment->nearest_lat_rad;
    message.nearest_lon_rad = assessment->nearest_lon_rad;
    message.edge = assessment->edge;
    message.has_sigma_rule_m = assessment->sigma_rule_m != 0.0;
    message.sigma_rule_m = assessment->sigma_rule_m;
    message.has_line_rule_unstated = !assessment->line_rule_stated;
    message.line_rule_unstated = !assessment->line_rule_stated;
    return fill(slot, SKY_CHANNEL_ASSESSMENT, &message.base);
}

static enum sky_status pack_incident(const struct sky_event_incident *incident,
                                     Skywitness__V1__Cause *cause, const struct slot *slot)
{
    Skywitness__V1__Incident message = SKYWITNESS__V1__INCIDENT__INIT;
    message.cause = cause;
    message.id = incident->id;
    message.zone_id = incident->zone_id;
    message.track_id = incident->track_id;
    message.change = (Skywitness__V1__IncidentChange)incident->change;
    message.state = (Skywitness__V1__IncidentState)incident->state;
    message.end = (Skywitness__V1__IncidentEnd)incident->end;
    message.opened_ns = incident->opened_ns;
    message.has_closed_ns = incident->state == SKY_INCIDENT_CLOSED;
    message.closed_ns = incident->closed_ns;
    message.started_inside = incident->started_inside;
    message.returns = incident->returns;
    message.closest_outside_m = incident->closest_outside_m;
    return fill(slot, SKY_CHANNEL_INCIDENT, &message.base);
}

static Skywitness__V1__Crossing crossing_of(const struct sky_crossing *crossing)
{
    Skywitness__V1__Crossing message = SKYWITNESS__V1__CROSSING__INIT;
    message.time_ns = crossing->time_ns;
    message.earliest_ns = crossing->earliest_ns;
    message.latest_ns = crossing->latest_ns;
    return message;
}

static enum sky_status pack_incident_line(const struct sky_event_incident_line *event,
                                          Skywitness__V1__Cause *cause, const struct slot *slot)
{
    const struct sky_incident_line *line = &event->line;
    const struct sky_lla where = {line->deepest_lat_rad, line->deepest_lon_rad,
                                  line->deepest_alt_hae_m};
    Skywitness__V1__Place deepest = place_of(&where);
    Skywitness__V1__Crossing entry = crossing_of(&line->entry);
    Skywitness__V1__Crossing exit = crossing_of(&line->exit);

    Skywitness__V1__IncidentLine message = SKYWITNESS__V1__INCIDENT_LINE__INIT;
    message.cause = cause;
    message.incident_id = event->incident_id;
    message.line_id = line->line_id;
    message.side = (Skywitness__V1__LineSide)line->side;
    message.was_inside = line->was_inside;
    message.started_inside = line->started_inside;
    message.entry = line->entry.known ? &entry : NULL;
    message.exit = line->exit.known ? &exit : NULL;
    message.entries = line->entries;
    message.dwell_ns = line->dwell_ns;
    message.deepest_m = line->deepest_m;
    message.deepest_u95_m = line->deepest_u95_m;
    message.deepest_ns = line->deepest_ns;
    message.deepest = &deepest;
    message.p_inside_max = line->p_inside_max;
    message.distance_last_m = line->distance_last_m;
    message.u95_last_m = line->u95_last_m;
    message.p_inside_last = line->p_inside_last;
    return fill(slot, SKY_CHANNEL_INCIDENT_LINE, &message.base);
}

static Skywitness__V1__Features features_of(const struct sky_track_features *features)
{
    Skywitness__V1__Features message = SKYWITNESS__V1__FEATURES__INIT;
    message.samples = features->samples;
    message.speed_mean_mps = features->speed_mean_mps;
    message.speed_max_mps = features->speed_max_mps;
    message.height_mean_m = features->height_mean_m;
    message.height_min_m = features->height_min_m;
    message.height_max_m = features->height_max_m;
    message.climb_max_mps = features->climb_max_mps;
    message.turn_max_radps = features->turn_max_radps;
    message.hover_share = features->hover_share;
    message.rcs_mean_dbsm = features->rcs_mean_dbsm;
    message.rcs_samples = features->rcs_samples;
    return message;
}

static Skywitness__V1__Stay stay_of(const struct sky_stay *stay)
{
    Skywitness__V1__Stay message = SKYWITNESS__V1__STAY__INIT;
    message.from_ns = stay->from_ns;
    message.to_ns = stay->to_ns;
    message.slow_ns = stay->slow_ns;
    message.flown_m = stay->flown_m;
    message.reach_m = stay->reach_m;
    message.chord_m = stay->chord_m;
    return message;
}

static enum sky_status pack_classification(const struct sky_event_classification *event,
                                           Skywitness__V1__Cause *cause, const struct slot *slot)
{
    Skywitness__V1__Features features = features_of(&event->features);
    Skywitness__V1__Stay stay = stay_of(&event->stay);

    Skywitness__V1__Classification message = SKYWITNESS__V1__CLASSIFICATION__INIT;
    message.cause = cause;
    message.incident_id = event->incident_id;
    message.kind = (Skywitness__V1__Kind)event->result.kind;
    message.target = (Skywitness__V1__Class)event->result.target;
    message.n_probability = SKY_CLASS_COUNT;
    message.probability = lend(event->result.probability);
    message.reasons = event->result.reasons;
    message.features = &features;
    message.has_emitter = event->emitter != 0;
    message.emitter = event->emitter;
    message.stay = event->stay.to_ns != 0 ? &stay : NULL;
    return fill(slot, SKY_CHANNEL_CLASSIFICATION, &message.base);
}

static enum sky_status pack_reject(const struct sky_event_reject *reject,
                                   Skywitness__V1__Cause *cause, const struct slot *slot)
{
    char item[SKY_NAME_MAX];
    char source[SKY_NAME_MAX];
    Skywitness__V1__Reject message = SKYWITNESS__V1__REJECT__INIT;
    message.cause = cause;
    message.reason = (Skywitness__V1__RejectReason)reject->reason;
    message.count = reject->count;
    message.offset = reject->offset;
    if (reject->item[0] != 0) {
        message.item = cleaned(item, sizeof item, reject->item);
    }
    if (reject->source[0] != 0) {
        message.source = cleaned(source, sizeof source, reject->source);
    }
    return fill(slot, SKY_CHANNEL_REJECT, &message.base);
}

static enum sky_status pack_alert(const struct sky_event_alert *alert, Skywitness__V1__Cause *cause,
                                  const struct slot *slot)
{
    Skywitness__V1__Alert message = SKYWITNESS__V1__ALERT__INIT;
    message.cause = cause;
    message.track_id = alert->track_id;
    message.zone_id = alert->zone_id;
    message.line_id = alert->line_id;
    message.inside = alert->inside;
    message.first = alert->first;
    message.p = alert->p;
    message.has_crossing_ns = alert->crossing_known;
    message.crossing_ns = alert->crossing_ns;
    return fill(slot, SKY_CHANNEL_ALERT, &message.base);
}

static enum sky_status pack_sensor(const struct sky_event_sensor *sensor,
                                   Skywitness__V1__Cause *cause, const struct slot *slot)
{
    const struct sky_registration *registration = &sensor->registration;
    Skywitness__V1__Sensor message = SKYWITNESS__V1__SENSOR__INIT;
    message.cause = cause;
    message.sensor = sensor->sensor;
    message.registration = (Skywitness__V1__RegistrationState)registration->state;
    message.pairs = registration->pairs;
    message.n_bias = COUNT_OF(registration->bias);
    message.bias = lend(registration->bias);
    message.n_bias_sigma = COUNT_OF(registration->bias_sigma);
    message.bias_sigma = lend(registration->bias_sigma);
    message.n_nis = COUNT_OF(sensor->nis);
    message.nis = lend(sensor->nis);
    message.nis_out = sensor->nis_out;
    message.detection_probability = sensor->detection_probability;
    message.false_plots_per_scan = sensor->false_plots_per_scan;
    message.plots = sensor->plots;
    message.used = sensor->used;
    return fill(slot, SKY_CHANNEL_SENSOR, &message.base);
}

static enum sky_status pack_reading(const struct sky_event_reading *reading,
                                    Skywitness__V1__Cause *cause, const struct slot *slot)
{
    char source[SKY_NAME_MAX];
    char item[SKY_NAME_MAX];
    Skywitness__V1__Reading message = SKYWITNESS__V1__READING__INIT;
    message.cause = cause;
    message.source = cleaned(source, sizeof source, reading->source);
    message.item = cleaned(item, sizeof item, reading->item);
    message.value = reading->value;
    return fill(slot, SKY_CHANNEL_READING, &message.base);
}

enum sky_status sky_codec_pack_event(const struct sky_event *event, uint8_t *buffer,
                                     size_t capacity, enum sky_channel *ret_channel,
                                     size_t *ret_bytes)
{
    const struct slot slot = {buffer, capacity, ret_channel, ret_bytes};
    Skywitness__V1__Cause cause = SKYWITNESS__V1__CAUSE__INIT;
    cause.seq = event->cause_seq;
    cause.time_ns = event->time_ns;
    cause.utc_ns = event->utc.utc_ns;
    cause.utc_sigma_ns = event->utc.sigma_ns;
    cause.clock = (Skywitness__V1__ClockState)event->utc.state;

    switch (event->kind) {
    case SKY_EVENT_POSE:
        return pack_pose(event, &cause, &slot);
    case SKY_EVENT_CLOCK:
        return pack_clock(&cause, &slot);
    case SKY_EVENT_TRACK:
        return pack_track(&event->u.track, &cause, &slot);
    case SKY_EVENT_ASSESSMENT:
        return pack_assessment(&event->u.assessment, &cause, &slot);
    case SKY_EVENT_INCIDENT:
        return pack_incident(&event->u.incident, &cause, &slot);
    case SKY_EVENT_INCIDENT_LINE:
        return pack_incident_line(&event->u.incident_line, &cause, &slot);
    case SKY_EVENT_CLASSIFICATION:
        return pack_classification(&event->u.classification, &cause, &slot);
    case SKY_EVENT_REJECT:
        return pack_reject(&event->u.reject, &cause, &slot);
    case SKY_EVENT_ALERT:
        return pack_alert(&event->u.alert, &cause, &slot);
    case SKY_EVENT_SENSOR:
        return pack_sensor(&event->u.sensor, &cause, &slot);
    case SKY_EVENT_READING:
        return pack_reading(&event->u.reading, &cause, &slot);
    }
    return SKY_E_RANGE;
}
