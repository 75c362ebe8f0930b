#include "sky_codec.h"

#include <string.h>

#include "skywitness.pb-c.h"
#include "zones.pb-c.h"

extern const unsigned char sky_proto_descriptor_set[];
extern const unsigned long sky_proto_descriptor_set_bytes;

/* The numbers in the log are the numbers in the core. */
#define SAME(proto, core) _Static_assert((int)(proto) == (int)(core), #core)
SAME(SKYWITNESS__V1__CLOCK_STATE__CLOCK_NONE, SKY_CLOCK_NONE);
SAME(SKYWITNESS__V1__CLOCK_STATE__CLOCK_RTC, SKY_CLOCK_RTC);
SAME(SKYWITNESS__V1__CLOCK_STATE__CLOCK_HOLDOVER, SKY_CLOCK_HOLDOVER);
SAME(SKYWITNESS__V1__CLOCK_STATE__CLOCK_NTP, SKY_CLOCK_NTP);
SAME(SKYWITNESS__V1__CLOCK_STATE__CLOCK_GNSS, SKY_CLOCK_GNSS);
SAME(SKYWITNESS__V1__CLOCK_STATE__CLOCK_PPS, SKY_CLOCK_PPS);
SAME(SKYWITNESS__V1__SOURCE_EVENT__SOURCE_UP, SKY_SOURCE_UP);
SAME(SKYWITNESS__V1__SOURCE_EVENT__SOURCE_DOWN, SKY_SOURCE_DOWN);
SAME(SKYWITNESS__V1__SOURCE_EVENT__SOURCE_SILENT, SKY_SOURCE_SILENT);
SAME(SKYWITNESS__V1__SOURCE_EVENT__SOURCE_HEARD, SKY_SOURCE_HEARD);
SAME(SKYWITNESS__V1__SOURCE_EVENT__SOURCE_TORN, SKY_SOURCE_TORN);
SAME(SKYWITNESS__V1__SOURCE_EVENT__SOURCE_LOST, SKY_SOURCE_LOST);
SAME(SKYWITNESS__V1__SOURCE_EVENT__SOURCE_SHUTDOWN, SKY_SOURCE_SHUTDOWN);
SAME(SKYWITNESS__V1__TRACK_STATUS__TRACK_FREE, SKY_TRACK_FREE);
SAME(SKYWITNESS__V1__TRACK_STATUS__TRACK_TENTATIVE, SKY_TRACK_TENTATIVE);
SAME(SKYWITNESS__V1__TRACK_STATUS__TRACK_CONFIRMED, SKY_TRACK_CONFIRMED);
SAME(SKYWITNESS__V1__TRACK_STATUS__TRACK_COASTING, SKY_TRACK_COASTING);
SAME(SKYWITNESS__V1__VERTICAL__VERTICAL_EVALUATED, SKY_VERTICAL_EVALUATED);
SAME(SKYWITNESS__V1__VERTICAL__VERTICAL_NOT_EVALUATED, SKY_VERTICAL_NOT_EVALUATED);
SAME(SKYWITNESS__V1__INCIDENT_CHANGE__INCIDENT_UNCHANGED, SKY_INCIDENT_UNCHANGED);
SAME(SKYWITNESS__V1__INCIDENT_CHANGE__INCIDENT_OPENED, SKY_INCIDENT_OPENED);
SAME(SKYWITNESS__V1__INCIDENT_CHANGE__INCIDENT_CROSSED, SKY_INCIDENT_CROSSED);
SAME(SKYWITNESS__V1__INCIDENT_CHANGE__INCIDENT_RETURNED, SKY_INCIDENT_RETURNED);
SAME(SKYWITNESS__V1__INCIDENT_CHANGE__INCIDENT_NOW_CLOSED, SKY_INCIDENT_NOW_CLOSED);
SAME(SKYWITNESS__V1__INCIDENT_STATE__INCIDENT_NONE, SKY_INCIDENT_NONE);
SAME(SKYWITNESS__V1__INCIDENT_STATE__INCIDENT_OPEN, SKY_INCIDENT_OPEN);
SAME(SKYWITNESS__V1__INCIDENT_STATE__INCIDENT_CLOSED, SKY_INCIDENT_CLOSED);
SAME(SKYWITNESS__V1__INCIDENT_END__END_NOT_YET, SKY_END_NOT_YET);
SAME(SKYWITNESS__V1__INCIDENT_END__END_OUTSIDE, SKY_END_OUTSIDE);
SAME(SKYWITNESS__V1__INCIDENT_END__END_LOST_INSIDE, SKY_END_LOST_INSIDE);
SAME(SKYWITNESS__V1__INCIDENT_END__END_LOST_OUTSIDE, SKY_END_LOST_OUTSIDE);
SAME(SKYWITNESS__V1__LINE_SIDE__SIDE_UNKNOWN, SKY_SIDE_UNKNOWN);
SAME(SKYWITNESS__V1__LINE_SIDE__SIDE_OUTSIDE, SKY_SIDE_OUTSIDE);
SAME(SKYWITNESS__V1__LINE_SIDE__SIDE_INSIDE, SKY_SIDE_INSIDE);
SAME(SKYWITNESS__V1__KIND__KIND_UNDETERMINED, SKY_KIND_UNDETERMINED);
SAME(SKYWITNESS__V1__KIND__KIND_INCURSION, SKY_KIND_INCURSION);
SAME(SKYWITNESS__V1__KIND__KIND_CONTESTED_INCURSION, SKY_KIND_CONTESTED_INCURSION);
SAME(SKYWITNESS__V1__KIND__KIND_REPEATED_ENTRY, SKY_KIND_REPEATED_ENTRY);
SAME(SKYWITNESS__V1__KIND__KIND_STARTED_INSIDE, SKY_KIND_STARTED_INSIDE);
SAME(SKYWITNESS__V1__KIND__KIND_GRAZE, SKY_KIND_GRAZE);
SAME(SKYWITNESS__V1__CLASS__CLASS_UNKNOWN, SKY_CLASS_UNKNOWN);
SAME(SKYWITNESS__V1__CLASS__CLASS_MALE_UAV, SKY_CLASS_MALE_UAV);
SAME(SKYWITNESS__V1__CLASS__CLASS_MULTIROTOR, SKY_CLASS_MULTIROTOR);
SAME(SKYWITNESS__V1__CLASS__CLASS_SMALL_FIXED_WING, SKY_CLASS_SMALL_FIXED_WING);
SAME(SKYWITNESS__V1__CLASS__CLASS_LIGHT_AIRCRAFT, SKY_CLASS_LIGHT_AIRCRAFT);
SAME(SKYWITNESS__V1__CLASS__CLASS_HELICOPTER, SKY_CLASS_HELICOPTER);
SAME(SKYWITNESS__V1__CLASS__CLASS_JET, SKY_CLASS_JET);
SAME(SKYWITNESS__V1__CLASS__CLASS_AIRLINER, SKY_CLASS_AIRLINER);
SAME(SKYWITNESS__V1__CLASS__CLASS_BIRD, SKY_CLASS_BIRD);
SAME(SKYWITNESS__V1__CLASS__CLASS_BIRD + 1, SKY_CLASS_COUNT);
SAME(SKYWITNESS__V1__REJECT_REASON__REJECT_MALFORMED, SKY_REJECT_MALFORMED);
SAME(SKYWITNESS__V1__REJECT_REASON__REJECT_UNKNOWN_SENSOR, SKY_REJECT_UNKNOWN_SENSOR);
SAME(SKYWITNESS__V1__REJECT_REASON__REJECT_UNKNOWN_CATEGORY, SKY_REJECT_UNKNOWN_CATEGORY);
SAME(SKYWITNESS__V1__REJECT_REASON__REJECT_NO_POSE, SKY_REJECT_NO_POSE);
SAME(SKYWITNESS__V1__REJECT_REASON__REJECT_IMPLAUSIBLE, SKY_REJECT_IMPLAUSIBLE);
SAME(SKYWITNESS__V1__REJECT_REASON__REJECT_TOO_OLD, SKY_REJECT_TOO_OLD);
SAME(SKYWITNESS__V1__REJECT_REASON__REJECT_TABLE_FULL, SKY_REJECT_TABLE_FULL);
SAME(SKYWITNESS__ZONES__V1__DATUM__DATUM_HAE, SKY_DATUM_HAE);
SAME(SKYWITNESS__ZONES__V1__DATUM__DATUM_AMSL, SKY_DATUM_AMSL);
SAME(SKYWITNESS__ZONES__V1__DATUM__DATUM_AGL, SKY_DATUM_AGL);
SAME(SKYWITNESS__ZONES__V1__DATUM__DATUM_STD, SKY_DATUM_STD);
SAME(SKYWITNESS__ZONES__V1__EDGE_RULE__EDGE_PLANAR, SKY_EDGE_PLANAR);
SAME(SKYWITNESS__ZONES__V1__EDGE_RULE__EDGE_GEODESIC, SKY_EDGE_GEODESIC);
SAME(SKYWITNESS__ZONES__V1__EDGE_RULE__EDGE_RHUMB, SKY_EDGE_RHUMB);
#undef SAME

enum { COVARIANCE_COUNT = sizeof((struct sky_event_track *)0)->cov / sizeof(double) };

/* What a channel is called and what it carries. */
static const struct {
    const char *topic;
    const ProtobufCMessageDescriptor *type;
    bool input;
} channels[SKY_CHANNEL_END] = {
    [SKY_CHANNEL_CONFIG] = {"/input/config", &skywitness__v1__config__descriptor, true},
    [SKY_CHANNEL_TICK] = {"/input/tick", &skywitness__v1__tick__descriptor, true},
    [SKY_CHANNEL_GNSS] = {"/input/gnss", &skywitness__v1__gnss__descriptor, true},
    [SKY_CHANNEL_REGISTERS] = {"/input/registers", &skywitness__v1__registers__descriptor, true},
    [SKY_CHANNEL_DATAGRAM] = {"/input/datagram", &skywitness__v1__datagram__descriptor, true},
    [SKY_CHANNEL_SOURCE] = {"/input/source", &skywitness__v1__source__descriptor, true},
    [SKY_CHANNEL_CLOCK_STEP] = {"/input/clock_step", &skywitness__v1__clock_step__descriptor, true},
    [SKY_CHANNEL_POSE] = {"/event/pose", &skywitness__v1__pose__descriptor, false},
    [SKY_CHANNEL_CLOCK] = {"/event/clock", &skywitness__v1__clock__descriptor, false},
    [SKY_CHANNEL_TRACK] = {"/event/track", &skywitness__v1__track__descriptor, false},
    [SKY_CHANNEL_ASSESSMENT] = {"/event/assessment", &skywitness__v1__assessment__descriptor,
                                false},
    [SKY_CHANNEL_INCIDENT] = {"/event/incident", &skywitness__v1__incident__descriptor, false},
    [SKY_CHANNEL_INCIDENT_LINE] = {"/event/incident_line",
                                   &skywitness__v1__incident_line__descriptor, false},
    [SKY_CHANNEL_CLASSIFICATION] = {"/event/classification",
                                    &skywitness__v1__classification__descriptor, false},
    [SKY_CHANNEL_REJECT] = {"/event/reject", &skywitness__v1__reject__descriptor, false},
};

const char *sky_codec_topic(enum sky_channel channel) { return channels[channel].topic; }

const char *sky_codec_type(enum sky_channel channel) { return channels[channel].type->name; }

bool sky_codec_is_input(enum sky_channel channel) { return channels[channel].input; }

const uint8_t *sky_codec_descriptor_set(size_t *ret_bytes)
{
    *ret_bytes = sky_proto_descriptor_set_bytes;
    return sky_proto_descriptor_set;
}

/* ---- text ---- */

/*
 * Bytes of the character that text begins with, 0 if it is not UTF-8 (RFC 3629: no overlong forms,
 * no surrogates, nothing beyond U+10FFFF). Stops at the final zero, so it never reads past it.
 */
static size_t character_bytes(const char *text)
{
    const unsigned char lead = (unsigned char)text[0];
    if (lead < 0x80) {
        return 1;
    }
    const size_t bytes = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    for (size_t i = 1; i < bytes; i++) {
        const unsigned char next = (unsigned char)text[i];
        const unsigned char low = i > 1 ? 0x80 : lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        const unsigned char high = i > 1 ? 0xBF : lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (next < low || next > high) {
            return 0;
        }
    }
    return bytes;
}

static bool is_utf8(const char *text)
{
    while (*text != 0) {
        const size_t bytes = character_bytes(text);
        if (bytes == 0) {
            return false;
        }
        text += bytes;
    }
    return true;
}

/* Peers name themselves as they like; the log holds UTF-8. What is not becomes '?'. */
static char *cleaned(char *ret_copy, size_t size, const char *text)
{
    size_t used = 0;
    while (*text != 0) {
        const size_t bytes = character_bytes(text);
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

/* ---- packing ---- */

/* protobuf-c takes everything by pointer to non-const, and changes nothing while packing. */
static char *lend_text(const char *text) { return (char *)(uintptr_t)text; }

static ProtobufCBinaryData lend_bytes(const void *bytes, size_t count)
{
    return (ProtobufCBinaryData){.len = count, .data = (uint8_t *)(uintptr_t)bytes};
}

static enum sky_status put(const ProtobufCMessage *message, enum sky_channel channel,
                           uint8_t *buffer, size_t capacity, enum sky_channel *ret_channel,
                           size_t *ret_bytes)
{
    if (protobuf_c_message_get_packed_size(message) > capacity) {
        return SKY_E_CAPACITY;
    }
    *ret_bytes = protobuf_c_message_pack(message, buffer);
    *ret_channel = channel;
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

/* Where a packed input goes, and what its first field is. */
struct slot {
    uint8_t *buffer;
    size_t capacity;
    enum sky_channel *ret_channel;
    size_t *ret_bytes;
};

static enum sky_status fill(const struct slot *slot, enum sky_channel channel,
                            const ProtobufCMessage *message)
{
    return put(message, channel, slot->buffer, slot->capacity, slot->ret_channel, slot->ret_bytes);
}

static Skywitness__V1__SensorConfig sensor_of(const struct sky_sensor_config *sensor,
                                              Skywitness__V1__Place *site)
{
    Skywitness__V1__SensorConfig message = SKYWITNESS__V1__SENSOR_CONFIG__INIT;
    *site = place_of(&sensor->site);
    message.name = lend_text(sensor->name);
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
    message.accel_psd_m2ps3 = tracker->accel_psd_m2ps3;
    message.climb_psd_m2ps3 = tracker->climb_psd_m2ps3;
    message.speed_max_mps = tracker->speed_max_mps;
    message.gate_probability = tracker->gate_probability;
    message.confirm_hits = tracker->confirm_hits;
    message.confirm_looks = tracker->confirm_looks;
    message.coast_ns = tracker->coast_ns;
    message.lose_ns = tracker->lose_ns;
    message.height_prior_m = tracker->height_prior_m;
    message.height_prior_sigma_m = tracker->height_prior_sigma_m;
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
    message.boot_id = lend_text(input->u.config.boot_id);
    message.software = lend_text(input->u.config.software);
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

static enum sky_status pack_gnss(const struct sky_gnss_report *report,
                                 Skywitness__V1__Received *received, const struct slot *slot)
{
    Skywitness__V1__Gnss message = SKYWITNESS__V1__GNSS__INIT;
    message.received = received;
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
    return fill(slot, SKY_CHANNEL_REGISTERS, &message.base);
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
    }
    return SKY_E_RANGE;
}

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
    double cov[COVARIANCE_COUNT];
    memcpy(cov, track->cov, sizeof cov);

    Skywitness__V1__Track message = SKYWITNESS__V1__TRACK__INIT;
    message.cause = cause;
    message.id = track->id;
    message.change = track->change;
    message.status = (Skywitness__V1__TrackStatus)track->status;
    message.place = &place;
    message.vel_east_mps = track->vel_east_mps;
    message.vel_north_mps = track->vel_north_mps;
    message.vel_up_mps = track->vel_up_mps;
    message.n_cov = COVARIANCE_COUNT;
    message.cov = cov;
    message.existence = track->existence;
    message.sensors = track->sensors;
    message.last_sensor = track->last_sensor;
    message.last_distance2 = track->last_distance2;
    message.last_dimension = track->last_dimension;
    message.has_icao_address = track->icao_address != 0;
    message.icao_address = track->icao_address;
    message.callsign = track->callsign[0] != 0 ? lend_text(track->callsign) : NULL;
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

static enum sky_status pack_classification(const struct sky_event_classification *event,
                                           Skywitness__V1__Cause *cause, const struct slot *slot)
{
    Skywitness__V1__Features features = features_of(&event->features);
    double probability[SKY_CLASS_COUNT];
    memcpy(probability, event->result.probability, sizeof probability);

    Skywitness__V1__Classification message = SKYWITNESS__V1__CLASSIFICATION__INIT;
    message.cause = cause;
    message.incident_id = event->incident_id;
    message.kind = (Skywitness__V1__Kind)event->result.kind;
    message.target = (Skywitness__V1__Class)event->result.target;
    message.n_probability = SKY_CLASS_COUNT;
    message.probability = probability;
    message.reasons = event->result.reasons;
    message.features = &features;
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
    }
    return SKY_E_RANGE;
}

/* ---- unpacking ---- */

/* The arena as protobuf-c wants it. It may ask for far more than the bytes it reads. */
struct pool {
    struct sky_arena *arena;
    bool refused;
};

enum { POOL_ALIGN = 16 };

static void *pool_take(void *context, size_t count)
{
    struct pool *pool = context;
    struct sky_arena *arena = pool->arena;
    if (count > arena->capacity - arena->used) {
        pool->refused = true;
        return NULL;
    }
    uint8_t *taken = arena->bytes + arena->used;
    const size_t left = arena->capacity - arena->used - count;
    const size_t pad = (POOL_ALIGN - count % POOL_ALIGN) % POOL_ALIGN;
    arena->used += count + (pad < left ? pad : left);
    return taken;
}

static void pool_give(void *context, void *taken)
{
    (void)context;
    (void)taken; /* all at once, when the arena is reset */
}

static void *pool_array(struct pool *pool, size_t count, size_t size)
{
    return count <= SIZE_MAX / size ? pool_take(pool, count * size) : NULL;
}

static bool field_sound(const ProtobufCFieldDescriptor *field, const void *member);

/*
 * What the wire format does not promise: text is UTF-8 and enumerations have a value that exists.
 * The recursion is as deep as the schema, three messages.
 */
static bool message_sound(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const char *member = (const char *)message + field->offset;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            if (!field_sound(field, member)) {
                return false;
            }
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) { /* the only repeated ones to look at */
            const size_t count =
                *(const size_t *)((const char *)message + field->quantifier_offset);
            const ProtobufCMessage *const *item = *(const ProtobufCMessage *const *const *)member;
            for (size_t k = 0; k < count; k++) {
                if (!message_sound(item[k])) {
                    return false;
                }
            }
        }
    }
    return true;
}

static bool field_sound(const ProtobufCFieldDescriptor *field, const void *member)
{
    if (field->type == PROTOBUF_C_TYPE_ENUM) { /* every enumeration is a required field */
        return protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)member) !=
               NULL;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)member;
        return text == NULL || is_utf8(text);
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *message = *(const ProtobufCMessage *const *)member;
        return message == NULL || message_sound(message);
    }
    return true;
}

static enum sky_status get(struct pool *pool, const ProtobufCMessageDescriptor *type,
                           const uint8_t *bytes, size_t count, void *ret_message)
{
    ProtobufCAllocator allocator = {.alloc = pool_take, .free = pool_give, .allocator_data = pool};
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, count, bytes);
    if (message == NULL) {
        return pool->refused ? SKY_E_CAPACITY : SKY_E_CORRUPT;
    }
    if (!message_sound(message)) {
        return SKY_E_CORRUPT;
    }
    memcpy(ret_message, &message, sizeof message);
    return SKY_OK;
}

static struct sky_lla place_from(const Skywitness__V1__Place *message)
{
    return (struct sky_lla){message->lat_rad, message->lon_rad, message->alt_hae_m};
}

/* ---- zone sets ---- */

static struct sky_limit limit_from(const Skywitness__Zones__V1__Limit *message)
{
    if (message == NULL) {
        return (struct sky_limit){.unlimited = true, .datum = SKY_DATUM_HAE};
    }
    return (struct sky_limit){.height_m = message->height_m,
                              .datum = (enum sky_datum)message->datum};
}

/* Where the next line, ring and vertex go while a set is put together. */
struct zone_arrays {
    struct sky_zone *zone;
    struct sky_line *line;
    struct sky_ring *ring;
    struct sky_vertex *vertex;
    uint32_t line_count;
    uint32_t ring_count;
    uint32_t vertex_count;
};

static void add_ring(struct zone_arrays *arrays, const Skywitness__Zones__V1__Ring *message)
{
    const uint32_t count = (uint32_t)message->n_lat_step_e7;
    struct sky_vertex *vertex = &arrays->vertex[arrays->vertex_count];
    arrays->ring[arrays->ring_count++] =
        (struct sky_ring){.first = arrays->vertex_count, .count = count};
    arrays->vertex_count += count;

    uint32_t lat_e7 = 0; /* unsigned: hostile steps may wrap, and are refused by sky_zone_check */
    uint32_t lon_e7 = 0;
    for (uint32_t i = 0; i < count; i++) {
        lat_e7 += (uint32_t)message->lat_step_e7[i];
        lon_e7 += (uint32_t)message->lon_step_e7[i];
        vertex[i] = (struct sky_vertex){(int32_t)lat_e7, (int32_t)lon_e7};
    }
}

static void add_line(struct zone_arrays *arrays, uint32_t zone,
                     const Skywitness__Zones__V1__Line *message)
{
    arrays->line[arrays->line_count++] =
        (struct sky_line){.id = message->id,
                          .zone = zone,
                          .rule = (enum sky_edge_rule)message->edge_rule,
                          .accuracy_stated = message->accuracy != NULL,
                          .sigma_m = message->accuracy != NULL ? message->accuracy->sigma_m : 0.0,
                          .first_ring = arrays->ring_count,
                          .ring_count = (uint32_t)message->n_ring};
    for (size_t i = 0; i < message->n_ring; i++) {
        add_ring(arrays, message->ring[i]);
    }
}

static const char *or_empty(const char *text) { return text == NULL ? "" : text; }

static void name_zone(struct sky_zone_names *names, size_t at,
                      const Skywitness__Zones__V1__Zone *message)
{
    names->zone[at].id = message->id;
    names->zone[at].name = message->name;
    names->zone[at].authority = or_empty(message->authority);
}

static void name_line(struct sky_zone_names *names, size_t at,
                      const Skywitness__Zones__V1__Line *message)
{
    names->line[at].id = message->id;
    names->line[at].name = message->name;
    names->line[at].party = or_empty(message->party);
    names->line[at].source = message->source;
    names->line[at].licence = message->licence;
    memcpy(names->line[at].sha256, message->sha256.data, sizeof names->line[at].sha256);
}

/* Counts rings and vertices, and says what no set may have. NULL: nothing wrong so far. */
static const char *measure(const Skywitness__Zones__V1__ZoneSet *message, size_t *ret_rings,
                           size_t *ret_vertices)
{
    size_t rings = 0;
    size_t vertices = 0;
    if (message->n_zone > SKY_ZONES_MAX) {
        return "more zones than a station watches";
    }
    if (message->n_line > SKY_LINES_MAX) {
        return "more lines than a station watches";
    }
    for (size_t i = 0; i < message->n_line; i++) {
        const Skywitness__Zones__V1__Line *line = message->line[i];
        if (line->sha256.len != sizeof((struct sky_zone_names *)0)->line[0].sha256) {
            return "the sha256 of a line is not 32 bytes";
        }
        size_t owners = 0;
        for (size_t z = 0; z < message->n_zone; z++) {
            owners += message->zone[z]->id == line->zone_id;
        }
        if (owners != 1) {
            return "a line does not belong to exactly one zone";
        }
        rings += line->n_ring;
        for (size_t k = 0; k < line->n_ring; k++) {
            if (line->ring[k]->n_lat_step_e7 != line->ring[k]->n_lon_step_e7) {
                return "a ring has more latitudes than longitudes, or fewer";
            }
            vertices += line->ring[k]->n_lat_step_e7;
        }
    }
    *ret_rings = rings;
    *ret_vertices = vertices;
    return NULL;
}

static void build_zones(const Skywitness__Zones__V1__ZoneSet *message, struct zone_arrays *arrays,
                        struct sky_zone_names *names)
{
    for (uint32_t z = 0; z < message->n_zone; z++) {
        const Skywitness__Zones__V1__Zone *zone = message->zone[z];
        const uint32_t first = arrays->line_count;
        for (size_t i = 0; i < message->n_line; i++) {
            if (message->line[i]->zone_id == zone->id) {
                if (names != NULL) {
                    name_line(names, arrays->line_count, message->line[i]);
                }
                add_line(arrays, z, message->line[i]);
            }
        }
        arrays->zone[z] = (struct sky_zone){.id = zone->id,
                                            .floor = limit_from(zone->floor),
                                            .ceiling = limit_from(zone->ceiling),
                                            .first_line = first,
                                            .line_count = arrays->line_count - first};
        if (names != NULL) {
            name_zone(names, z, zone);
        }
    }
}

/* Does not reset the arena: a CONFIG record keeps its message there as well. */
static enum sky_status read_zones(struct pool *pool, const uint8_t *bytes, size_t count,
                                  struct sky_zone_set *ret_zones, struct sky_zone_names *ret_names,
                                  const char **ret_reason)
{
    Skywitness__Zones__V1__ZoneSet *message;
    const enum sky_status got =
        get(pool, &skywitness__zones__v1__zone_set__descriptor, bytes, count, &message);
    if (got != SKY_OK) {
        *ret_reason = got == SKY_E_CAPACITY ? "needs more memory than there is"
                                            : "not a zone set: bad wire format, missing field, "
                                              "unknown enumeration value, or text not UTF-8";
        return got;
    }
    size_t rings;
    size_t vertices;
    const char *wrong = measure(message, &rings, &vertices);
    if (wrong != NULL) {
        *ret_reason = wrong;
        return SKY_E_CORRUPT;
    }

    struct zone_arrays arrays = {.zone = pool_array(pool, message->n_zone, sizeof *arrays.zone),
                                 .line = pool_array(pool, message->n_line, sizeof *arrays.line),
                                 .ring = pool_array(pool, rings, sizeof *arrays.ring),
                                 .vertex = pool_array(pool, vertices, sizeof *arrays.vertex)};
    if (pool->refused) {
        *ret_reason = "needs more memory than there is";
        return SKY_E_CAPACITY;
    }
    struct sky_zone_names names;
    memset(&names, 0, sizeof names);
    names.set_name = message->name;
    build_zones(message, &arrays, &names);

    const struct sky_zone_set zones = {.zone_count = (uint32_t)message->n_zone,
                                       .line_count = arrays.line_count,
                                       .ring_count = arrays.ring_count,
                                       .vertex_count = arrays.vertex_count,
                                       .zone = arrays.zone,
                                       .line = arrays.line,
                                       .ring = arrays.ring,
                                       .vertex = arrays.vertex,
                                       .geoid_undulation_m = message->geoid_undulation_m,
                                       .has_geoid = message->has_geoid_undulation_m};
    if (sky_zone_check(&zones, ret_reason) != SKY_OK) {
        return SKY_E_CORRUPT;
    }
    *ret_zones = zones;
    if (ret_names != NULL) {
        *ret_names = names;
    }
    return SKY_OK;
}

enum sky_status sky_codec_unpack_zones(const uint8_t *bytes, size_t count, struct sky_arena *arena,
                                       struct sky_zone_set *ret_zones,
                                       struct sky_zone_names *ret_names, const char **ret_reason)
{
    struct pool pool = {.arena = arena};
    arena->used = 0;
    if (count > SKY_CODEC_ZONES_MAX) {
        *ret_reason = "larger than 2 MiB";
        return SKY_E_CORRUPT;
    }
    return read_zones(&pool, bytes, count, ret_zones, ret_names, ret_reason);
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

static struct sky_tracker_config tracker_from(const Skywitness__V1__TrackerConfig *message)
{
    return (struct sky_tracker_config){.accel_psd_m2ps3 = message->accel_psd_m2ps3,
                                       .climb_psd_m2ps3 = message->climb_psd_m2ps3,
                                       .speed_max_mps = message->speed_max_mps,
                                       .gate_probability = message->gate_probability,
                                       .confirm_hits = message->confirm_hits,
                                       .confirm_looks = message->confirm_looks,
                                       .coast_ns = message->coast_ns,
                                       .lose_ns = message->lose_ns,
                                       .height_prior_m = message->height_prior_m,
                                       .height_prior_sigma_m = message->height_prior_sigma_m};
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

static enum sky_status unpack_config(struct pool *pool, const Skywitness__V1__Config *message,
                                     struct sky_input *input)
{
    struct sky_config *config = pool_take(pool, sizeof *config);
    struct sky_zone_set *zones = pool_take(pool, sizeof *zones);
    if (pool->refused) {
        return SKY_E_CAPACITY;
    }
    memset(config, 0, sizeof *config);
    memset(zones, 0, sizeof *zones); /* no bytes: nothing is watched */
    config->tick_ns = message->tick_ns;
    station_from(message->station, &config->station);
    config->tracker = tracker_from(message->tracker);
    config->incident = incident_from(message->incident);
    enum sky_status status = sensors_from(message, config);
    if (status == SKY_OK && message->zones.len > 0) {
        const char *reason;
        status =
            message->zones.len > SKY_CODEC_ZONES_MAX
                ? SKY_E_CORRUPT
                : read_zones(pool, message->zones.data, message->zones.len, zones, NULL, &reason);
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
};

static enum sky_status input_from(struct pool *pool, enum sky_channel channel,
                                  const union input_message *message, struct sky_input *input,
                                  const Skywitness__V1__Received **ret_received)
{
    switch (channel) {
    case SKY_CHANNEL_CONFIG:
        *ret_received = message->config->received;
        return unpack_config(pool, message->config, input);
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
    case SKY_CHANNEL_POSE:
    case SKY_CHANNEL_CLOCK:
    case SKY_CHANNEL_TRACK:
    case SKY_CHANNEL_ASSESSMENT:
    case SKY_CHANNEL_INCIDENT:
    case SKY_CHANNEL_INCIDENT_LINE:
    case SKY_CHANNEL_CLASSIFICATION:
    case SKY_CHANNEL_REJECT:
    case SKY_CHANNEL_END:
        break;
    }
    return SKY_E_CORRUPT;
}

static bool carries(enum sky_channel channel, bool input)
{
    return channel >= SKY_CHANNEL_CONFIG && channel < SKY_CHANNEL_END &&
           channels[channel].input == input;
}

enum sky_status sky_codec_unpack_input(enum sky_channel channel, const uint8_t *bytes, size_t count,
                                       struct sky_arena *arena, struct sky_input *ret_input,
                                       struct sky_utc_estimate *ret_utc)
{
    struct pool pool = {.arena = arena};
    union input_message message;
    arena->used = 0;
    if (!carries(channel, true) || count > SKY_CODEC_RECORD_MAX) {
        return SKY_E_CORRUPT;
    }
    enum sky_status status = get(&pool, channels[channel].type, bytes, count, &message.base);
    if (status != SKY_OK) {
        return status;
    }
    struct sky_input input;
    const Skywitness__V1__Received *received;
    memset(&input, 0, sizeof input);
    status = input_from(&pool, channel, &message, &input, &received);
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
}

static enum sky_status unpack_track(const Skywitness__V1__Track *message,
                                    struct sky_event_track *track)
{
    if (message->n_cov != COVARIANCE_COUNT ||
        !fits(track->callsign, sizeof track->callsign, message->callsign)) {
        return SKY_E_CORRUPT;
    }
    memcpy(track->cov, message->cov, sizeof track->cov);
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

static enum sky_status unpack_classification(const Skywitness__V1__Classification *message,
                                             struct sky_event_classification *event)
{
    const Skywitness__V1__Features *features = message->features;
    if (message->n_probability != SKY_CLASS_COUNT) {
        return SKY_E_CORRUPT;
    }
    memcpy(event->result.probability, message->probability, sizeof event->result.probability);
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
    case SKY_CHANNEL_CONFIG:
    case SKY_CHANNEL_TICK:
    case SKY_CHANNEL_GNSS:
    case SKY_CHANNEL_REGISTERS:
    case SKY_CHANNEL_DATAGRAM:
    case SKY_CHANNEL_SOURCE:
    case SKY_CHANNEL_CLOCK_STEP:
    case SKY_CHANNEL_END:
        break;
    }
    return SKY_E_CORRUPT;
}

enum sky_status sky_codec_unpack_event(enum sky_channel channel, const uint8_t *bytes, size_t count,
                                       struct sky_arena *arena, struct sky_event *ret_event)
{
    struct pool pool = {.arena = arena};
    union event_message message;
    arena->used = 0;
    if (!carries(channel, false) || count > SKY_CODEC_RECORD_MAX) {
        return SKY_E_CORRUPT;
    }
    enum sky_status status = get(&pool, channels[channel].type, bytes, count, &message.base);
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
