/**
 * sky_records: inputs and events of every kind, filled with extreme numbers from a seed.
 *
 * One list of fields per struct; the same list fills and compares, so neither can forget one.
 */
#ifndef SKY_RECORDS_H
#define SKY_RECORDS_H

#include <float.h>
#include <string.h>

#include "sky_codec.h"
#include "sky_test.h"
#include "zones.pb-c.h"

/* ---- numbers that break things ---- */

static inline double records_real(uint64_t *seed)
{
    static const double odd[] = {0.0,     -0.0,    1.0,       -1.0,     0x1.921fb54442d18p+1,
                                 DBL_MAX, DBL_MIN, 0x1p-1074, -DBL_MAX, 1e-300};
    const uint64_t dice = test_random(seed);
    return dice % 4 == 0 ? odd[dice / 4 % (sizeof odd / sizeof *odd)]
                         : test_uniform(seed, -1e9, 1e9);
}

static inline uint64_t records_word(uint64_t *seed)
{
    static const uint64_t odd[] = {0, 1, 127, 128, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX};
    const uint64_t dice = test_random(seed);
    return dice % 3 == 0 ? odd[dice / 3 % (sizeof odd / sizeof *odd)] : test_random(seed);
}

static inline void records_fill_double(uint64_t *seed, double *field)
{
    *field = records_real(seed);
}
static inline void records_fill_i64(uint64_t *seed, int64_t *field)
{
    *field = (int64_t)records_word(seed);
}
static inline void records_fill_u64(uint64_t *seed, uint64_t *field)
{
    *field = records_word(seed);
}
static inline void records_fill_i32(uint64_t *seed, int32_t *field)
{
    *field = (int32_t)(uint32_t)records_word(seed);
}
static inline void records_fill_u32(uint64_t *seed, uint32_t *field)
{
    *field = (uint32_t)records_word(seed);
}
static inline void records_fill_u16(uint64_t *seed, uint16_t *field)
{
    *field = (uint16_t)records_word(seed);
}
static inline void records_fill_u8(uint64_t *seed, uint8_t *field)
{
    *field = (uint8_t)records_word(seed);
}
static inline void records_fill_bool(uint64_t *seed, bool *field)
{
    *field = test_random(seed) % 2 == 1;
}

#define RECORDS_FILL(field)                                                                        \
    _Generic((field), double                                                                       \
             : records_fill_double, int64_t                                                        \
             : records_fill_i64, uint64_t                                                          \
             : records_fill_u64, int32_t                                                           \
             : records_fill_i32, uint32_t                                                          \
             : records_fill_u32, uint16_t                                                          \
             : records_fill_u16, uint8_t                                                           \
             : records_fill_u8, bool                                                               \
             : records_fill_bool)(seed, &(field));
#define RECORDS_FILL_OF(field) RECORDS_FILL(item->field)
#define RECORDS_SAME_OF(field)                                                                     \
    if (memcmp(&item->field, &other->field, sizeof item->field) != 0) {                            \
        fail_msg("%s came back with other bits", #field);                                          \
    }

/* One of first .. last. */
static inline int records_choice(uint64_t *seed, int first, int last)
{
    return first + (int)(test_random(seed) % (uint64_t)(last - first + 1));
}

/* ---- fields, but for enumerations, text and what is absent under some condition ---- */

/* The formatter never comes to rest on lists like these. */
/* clang-format off */
#define RECORDS_SENSOR(X)                                                                          \
    X(measures_elevation) X(azimuth_offset_rad) X(sigma_range_m) X(sigma_azimuth_rad)              \
    X(sigma_elevation_rad) X(sigma_radial_mps) X(bias_sigma_range_m) X(bias_sigma_azimuth_rad)     \
    X(bias_sigma_elevation_rad) X(quantum_range_m) X(quantum_azimuth_rad) X(range_min_m)           \
    X(range_max_m) X(elevation_min_rad) X(elevation_max_rad) X(radial_max_mps) X(notch_mps)        \
    X(notch_detection_probability) X(sigma_place_m) X(detection_probability)                       \
    X(false_plots_per_scan) X(scan_ns) X(latency_ns)
#define RECORDS_STATION(X)                                                                         \
    X(moving) X(site_sigma_m) X(gnss_sigma_floor_m) X(heading_rad) X(heading_sigma_rad)
#define RECORDS_CONFIG(X)                                                                          \
    X(tracker.accel_psd_m2ps3[0]) X(tracker.accel_psd_m2ps3[1]) X(tracker.accel_psd_m2ps3[2])      \
    X(tracker.turn_mps2) X(tracker.sojourn_s) X(tracker.speed_max_mps)                            \
    X(tracker.gate_probability) X(tracker.births_per_hour) X(tracker.lifetime_s)                   \
    X(tracker.confirm_existence) X(tracker.hold_ns) X(tracker.coast_ns) X(tracker.lose_ns)         \
    X(tracker.height_prior_m) X(tracker.height_prior_sigma_m) X(incident.p_enter)                  \
    X(incident.p_exit)                                                                             \
    X(incident.looks_inside) X(incident.looks_of) X(incident.dwell_ns) X(incident.close_after_ns)  \
    X(incident.existence_min) X(incident.assess_within_m) X(incident.unstated_line_sigma_m)        \
    X(tick_ns)
#define RECORDS_GNSS_REALS(X)                                                                      \
    X(lat_deg) X(lon_deg) X(alt_hae_m) X(alt_msl_m) X(err_lon_m) X(err_lat_m) X(err_alt_m)         \
    X(err_time_s) X(speed_mps) X(course_deg) X(climb_mps)
#define RECORDS_RECEIVER_REALS(X)                                                                  \
    X(receiver.err_place_m) X(receiver.err_speed_mps) X(receiver.err_course_deg)                   \
    X(receiver.err_climb_mps) X(receiver.hdop) X(receiver.vdop) X(receiver.pdop) X(receiver.tdop)  \
    X(receiver.gst_rms_m) X(receiver.gst_major_m) X(receiver.gst_minor_m)                          \
    X(receiver.gst_major_deg) X(receiver.gst_lat_m) X(receiver.gst_lon_m) X(receiver.gst_alt_m)    \
    X(receiver.heading_deg) X(receiver.pitch_deg) X(receiver.roll_deg)
#define RECORDS_RECEIVER_COUNTS(X)                                                                 \
    X(receiver.leap_s) X(receiver.satellites_seen) X(receiver.jamming) X(receiver.antenna) X(receiver.status)
#define RECORDS_RECEIVER_TIMES(X)                                                                  \
    X(receiver.pps_real_ns) X(receiver.pps_clock_ns) X(receiver.pps_precision_ns)                  \
    X(receiver.toff_real_ns) X(receiver.toff_clock_ns)
#define RECORDS_PLACE(X)                                                                           \
    X(lat_rad) X(lon_rad) X(alt_hae_m)
#define RECORDS_POSE(X)                                                                            \
    X(place.lat_rad) X(place.lon_rad) X(place.alt_hae_m) X(sigma_horizontal_m)                     \
    X(sigma_vertical_m) X(heading_rad) X(heading_sigma_rad) X(fixes_used)
#define RECORDS_TRACK(X)                                                                           \
    X(id) X(change) X(place.lat_rad) X(place.lon_rad) X(place.alt_hae_m) X(vel_east_mps)           \
    X(vel_north_mps) X(vel_up_mps) X(existence) X(sensors) X(last_sensor) X(last_distance2)        \
    X(last_dimension) X(icao_address) X(cooperative) X(height_from_pressure)
#define RECORDS_ASSESSMENT(X)                                                                      \
    X(track_id) X(zone_id) X(line_id) X(time_ns) X(distance_m) X(u95_m) X(p_inside) X(p_vertical)  \
    X(existence) X(sigma_track_m) X(sigma_pose_m) X(sigma_time_m) X(sigma_line_m)                  \
    X(line_accuracy_stated) X(line_rule_stated) X(bearing_rad) X(nearest_lat_rad)                  \
    X(nearest_lon_rad) X(edge)
#define RECORDS_INCIDENT(X)                                                                        \
    X(id) X(zone_id) X(track_id) X(opened_ns) X(started_inside) X(returns) X(closest_outside_m)
#define RECORDS_LINE(X)                                                                            \
    X(line_id) X(was_inside) X(started_inside) X(entries) X(dwell_ns) X(deepest_m)                 \
    X(deepest_u95_m) X(deepest_ns) X(deepest_lat_rad) X(deepest_lon_rad) X(deepest_alt_hae_m)      \
    X(p_inside_max) X(distance_last_m) X(u95_last_m) X(p_inside_last)
#define RECORDS_CROSSING(X)                                                                        \
    X(time_ns) X(earliest_ns) X(latest_ns)
#define RECORDS_ALERT(X)                                                                           \
    X(track_id) X(zone_id) X(line_id) X(inside) X(first) X(p)
#define RECORDS_SENSOR_EVENT(X)                                                                    \
    X(sensor) X(registration.pairs) X(nis_out) X(detection_probability) X(false_plots_per_scan)    \
    X(plots) X(used)
#define RECORDS_FEATURES(X)                                                                        \
    X(samples) X(speed_mean_mps) X(speed_max_mps) X(height_mean_m) X(height_min_m)                 \
    X(height_max_m) X(climb_max_mps) X(turn_max_radps) X(hover_share) X(rcs_mean_dbsm)             \
    X(rcs_samples)
#define RECORDS_STAY(X)                                                                            \
    X(from_ns) X(to_ns) X(slow_ns) X(flown_m) X(reach_m) X(chord_m)
/* clang-format on */

/* ---- a small zone set: two zones, three lines, one of them with a hole ---- */

static inline size_t records_zone_set(uint8_t *ret_bytes, size_t capacity)
{
    static const uint8_t hash[32] = {1, 2, 3};
    uint8_t sha256[32];
    int32_t lat[4] = {199000000, 1000000, 0, -1000000};
    int32_t lon[4] = {29000000, 0, 1000000, 0};
    int32_t hole_lat[3] = {199400000, 100000, -50000};
    int32_t hole_lon[3] = {29400000, 0, 100000};
    Skywitness__Zones__V1__Ring outer = SKYWITNESS__ZONES__V1__RING__INIT;
    Skywitness__Zones__V1__Ring hole = SKYWITNESS__ZONES__V1__RING__INIT;
    Skywitness__Zones__V1__Ring *rings[2] = {&outer, &hole};
    Skywitness__Zones__V1__Accuracy accuracy = SKYWITNESS__ZONES__V1__ACCURACY__INIT;
    Skywitness__Zones__V1__Limit ceiling = SKYWITNESS__ZONES__V1__LIMIT__INIT;
    Skywitness__Zones__V1__Line line[3];
    Skywitness__Zones__V1__Line *lines[3] = {&line[0], &line[1], &line[2]};
    Skywitness__Zones__V1__Zone zone[2];
    Skywitness__Zones__V1__Zone *zones[2] = {&zone[0], &zone[1]};
    Skywitness__Zones__V1__ZoneSet set = SKYWITNESS__ZONES__V1__ZONE_SET__INIT;
    static char name[] = "Tin Zaouatine", party[] = "a party", source[] = "a map",
                licence[] = "public domain";

    memcpy(sha256, hash, sizeof sha256);
    outer.n_lat_step_e7 = outer.n_lon_step_e7 = 4;
    outer.lat_step_e7 = lat;
    outer.lon_step_e7 = lon;
    hole.n_lat_step_e7 = hole.n_lon_step_e7 = 3;
    hole.lat_step_e7 = hole_lat;
    hole.lon_step_e7 = hole_lon;
    accuracy.sigma_m = 951.5;
    accuracy.form = SKYWITNESS__ZONES__V1__ACCURACY_FORM__ACCURACY_CE90;
    accuracy.stated_m = 2042.0;
    ceiling.height_m = 12000.0;
    ceiling.datum = SKYWITNESS__ZONES__V1__DATUM__DATUM_AMSL;
    for (uint32_t i = 0; i < 3; i++) {
        line[i] = (Skywitness__Zones__V1__Line)SKYWITNESS__ZONES__V1__LINE__INIT;
        line[i].id = 10 + i;
        line[i].zone_id = i == 1 ? 7 : 3; /* not in the order of the zones */
        line[i].name = name;
        line[i].party = i == 0 ? party : NULL;
        line[i].source = source;
        line[i].licence = licence;
        line[i].sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
        line[i].edge_rule = SKYWITNESS__ZONES__V1__EDGE_RULE__EDGE_GEODESIC;
        line[i].accuracy = i == 2 ? &accuracy : NULL;
        line[i].n_ring = i == 2 ? 2 : 1;
        line[i].ring = rings;
    }
    for (uint32_t i = 0; i < 2; i++) {
        zone[i] = (Skywitness__Zones__V1__Zone)SKYWITNESS__ZONES__V1__ZONE__INIT;
        zone[i].id = i == 0 ? 3 : 7;
        zone[i].name = name;
        zone[i].ceiling = i == 0 ? &ceiling : NULL;
    }
    set.name = name;
    set.has_geoid_undulation_m = true;
    set.geoid_undulation_m = 26.5;
    set.n_zone = 2;
    set.zone = zones;
    set.n_line = 3;
    set.line = lines;
    const size_t bytes = skywitness__zones__v1__zone_set__get_packed_size(&set);
    assert_true(bytes <= capacity);
    return skywitness__zones__v1__zone_set__pack(&set, ret_bytes);
}

/* ---- filling ---- */

/* What filled inputs borrow. */
struct records_lent {
    struct sky_config config;
    struct sky_zone_set no_zones;
    uint8_t zones[1024];
    uint8_t bytes[600];
};

static inline void records_text(uint64_t *seed, char *ret_text, size_t size)
{
    static const char piece[4][5] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x9B\xA9"};
    size_t used = 0;
    memset(ret_text, 0, size);
    for (size_t left = test_random(seed) % size; left > 0; left--) {
        const char *next = piece[test_random(seed) % 4];
        if (used + strlen(next) < size) {
            memcpy(ret_text + used, next, strlen(next));
            used += strlen(next);
        }
    }
}

static inline void records_fill_place(uint64_t *seed, struct sky_lla *item)
{
    RECORDS_PLACE(RECORDS_FILL_OF)
}

static inline void records_fill_sensor(uint64_t *seed, struct sky_sensor_config *item)
{
    RECORDS_SENSOR(RECORDS_FILL_OF)
    records_text(seed, item->name, sizeof item->name);
    item->kind =
        (enum sky_sensor_kind)records_choice(seed, SKY_SENSOR_RADAR, SKY_SENSOR_COOPERATIVE);
    item->asterix_021 =
        (enum sky_asterix_021)records_choice(seed, SKY_ASTERIX_021_ED_2_2, SKY_ASTERIX_021_ED_0_23);
    item->at_station = test_random(seed) % 2 == 0;
    if (!item->at_station) {
        records_fill_place(seed, &item->site);
    }
    item->has_sac_sic = test_random(seed) % 2 == 0;
    if (item->has_sac_sic) {
        records_fill_u8(seed, &item->sac);
        records_fill_u8(seed, &item->sic);
    }
}

static inline void records_fill_station(uint64_t *seed, struct sky_station_config *item)
{
    RECORDS_STATION(RECORDS_FILL_OF)
    item->has_site = test_random(seed) % 2 == 0;
    if (item->has_site) {
        records_fill_place(seed, &item->site);
    }
}

static inline void records_fill_config(uint64_t *seed, struct sky_config *item)
{
    memset(item, 0, sizeof *item);
    RECORDS_CONFIG(RECORDS_FILL_OF)
    records_fill_station(seed, &item->station);
    item->sensor_count = (uint32_t)(test_random(seed) % (SKY_SENSORS_MAX + 1));
    for (uint32_t i = 0; i < item->sensor_count; i++) {
        records_fill_sensor(seed, &item->sensor[i]);
    }
}

static inline void records_fill_receiver(uint64_t *seed, struct sky_gnss_report *item)
{
#define FILL_COUNT(field) item->field = records_choice(seed, -1, 300);
    RECORDS_RECEIVER_REALS(RECORDS_FILL_OF)
    RECORDS_RECEIVER_COUNTS(FILL_COUNT)
    RECORDS_RECEIVER_TIMES(RECORDS_FILL_OF)
#undef FILL_COUNT
    item->receiver.has_pps = test_random(seed) % 2 == 0;
    item->receiver.has_toff = test_random(seed) % 2 == 0;
    if (test_random(seed) % 2 == 0) {
        item->receiver.heading_deg = item->receiver.hdop = (double)NAN;
    }
    if (!item->receiver.has_pps) {
        item->receiver.pps_real_ns = item->receiver.pps_clock_ns = 0;
        item->receiver.pps_precision_ns = 0;
    }
    if (!item->receiver.has_toff) {
        item->receiver.toff_real_ns = item->receiver.toff_clock_ns = 0;
    }
}

static inline void records_fill_gnss(uint64_t *seed, struct sky_gnss_report *item,
                                     struct records_lent *lent)
{
    RECORDS_GNSS_REALS(RECORDS_FILL_OF)
    if (test_random(seed) % 2 == 0) {
        item->alt_msl_m = item->err_time_s = (double)NAN;
    }
    item->mode = records_choice(seed, -1, 4);
    item->has_time = test_random(seed) % 2 == 0;
    if (item->has_time) {
        records_fill_i64(seed, &item->utc_ns);
    }
    item->satellites_used = records_choice(seed, -1, 40);
    item->json_bytes = test_random(seed) % sizeof lent->bytes;
    item->json = item->json_bytes > 0 ? (const char *)lent->bytes : NULL;
    item->receiver.said = test_random(seed) % 2 == 0;
    if (item->receiver.said) {
        records_fill_receiver(seed, item);
    }
}

/* What a channel of inputs or events carries; the later ones follow no order. */
static inline enum sky_input_kind records_input_kind(enum sky_channel channel)
{
    if (channel == SKY_CHANNEL_REGISTER_MAP) {
        return SKY_INPUT_REGISTER_MAP;
    }
    return channel == SKY_CHANNEL_PLOT_ROWS ? SKY_INPUT_PLOT_ROWS : (enum sky_input_kind)channel;
}

static inline enum sky_event_kind records_event_kind(enum sky_channel channel)
{
    return (enum sky_event_kind)(channel >= SKY_CHANNEL_ALERT
                                     ? channel - SKY_CHANNEL_ALERT + SKY_EVENT_ALERT
                                     : channel - SKY_CHANNEL_POSE + SKY_EVENT_POSE);
}

/* Fills an input of a kind; seq and times too. What it borrows lies in lent. */
static inline void records_input(uint64_t *seed, enum sky_input_kind kind,
                                 struct records_lent *lent, struct sky_input *item)
{
    memset(item, 0, sizeof *item);
    for (size_t i = 0; i < sizeof lent->bytes; i++) {
        lent->bytes[i] = (uint8_t)test_random(seed);
    }
    records_fill_u64(seed, &item->seq);
    records_fill_i64(seed, &item->time_ns);
    records_fill_i64(seed, &item->realtime_ns);
    item->kind = kind;
    if (kind != SKY_INPUT_CONFIG && kind != SKY_INPUT_TICK && kind != SKY_INPUT_CLOCK_STEP) {
        records_text(seed, item->source, sizeof item->source);
    }
    switch (kind) {
    case SKY_INPUT_CONFIG:
        records_fill_config(seed, &lent->config);
        memset(&lent->no_zones, 0, sizeof lent->no_zones);
        item->u.config.config = &lent->config;
        item->u.config.zones = &lent->no_zones; /* not packed: the bytes are */
        item->u.config.zone_bytes = lent->zones;
        item->u.config.zone_byte_count =
            test_random(seed) % 2 == 0 ? 0 : records_zone_set(lent->zones, sizeof lent->zones);
        memcpy(item->u.config.boot_id, "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab", 37);
        records_text(seed, item->u.config.software, sizeof item->u.config.software);
        break;
    case SKY_INPUT_TICK:
        records_fill_bool(seed, &item->u.tick.synchronised);
        records_fill_i64(seed, &item->u.tick.error_ns);
        break;
    case SKY_INPUT_GNSS:
        records_fill_gnss(seed, &item->u.gnss, lent);
        break;
    case SKY_INPUT_REGISTERS:
        records_fill_u32(seed, &item->u.registers.sensor);
        item->u.registers.bytes = lent->bytes;
        item->u.registers.count = test_random(seed) % sizeof lent->bytes;
        item->u.registers.map = (uint32_t)records_choice(seed, 0, SKY_MAPS_MAX);
        break;
    case SKY_INPUT_DATAGRAM:
        item->u.datagram.bytes = lent->bytes;
        item->u.datagram.count = test_random(seed) % sizeof lent->bytes;
        records_fill_u32(seed, &item->u.datagram.peer_ipv4);
        records_fill_u16(seed, &item->u.datagram.peer_port);
        break;
    case SKY_INPUT_SOURCE:
        item->u.source_event.event =
            (enum sky_source_event)records_choice(seed, SKY_SOURCE_UP, SKY_SOURCE_SHUTDOWN);
        records_fill_u64(seed, &item->u.source_event.count);
        records_text(seed, item->u.source_event.detail, sizeof item->u.source_event.detail);
        break;
    case SKY_INPUT_CLOCK_STEP:
        records_fill_i64(seed, &item->u.clock_step.step_ns);
        break;
    case SKY_INPUT_PLOT_ROWS:
        item->u.plot_rows.text = (const char *)lent->bytes;
        item->u.plot_rows.count = test_random(seed) % sizeof lent->bytes;
        records_fill_i64(seed, &item->u.plot_rows.epoch_utc_ns);
        break;
    case SKY_INPUT_REGISTER_MAP:
        records_fill_u32(seed, &item->u.register_map.map);
        item->u.register_map.text = (const char *)lent->bytes;
        item->u.register_map.count = test_random(seed) % sizeof lent->bytes;
        break;
    }
}

static inline void records_utc(uint64_t *seed, struct sky_utc_estimate *ret_utc)
{
    records_fill_i64(seed, &ret_utc->utc_ns);
    records_fill_i64(seed, &ret_utc->sigma_ns);
    ret_utc->state = (enum sky_clock_state)records_choice(seed, SKY_CLOCK_NONE, SKY_CLOCK_PPS);
}

static inline void records_fill_list(uint64_t *seed, double *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        records_fill_double(seed, &list[i]);
    }
}

#define RECORDS_FILL_LIST(list) records_fill_list(seed, list, sizeof(list) / sizeof *(list))

static inline void records_fill_track(uint64_t *seed, struct sky_event_track *item)
{
    RECORDS_TRACK(RECORDS_FILL_OF)
    item->status = (enum sky_track_status)records_choice(seed, SKY_TRACK_FREE, SKY_TRACK_COASTING);
    RECORDS_FILL_LIST(item->cov);
    RECORDS_FILL_LIST(item->model);
    records_text(seed, item->callsign, sizeof item->callsign);
}

static inline void records_fill_assessment(uint64_t *seed, struct sky_assessment *item)
{
    RECORDS_ASSESSMENT(RECORDS_FILL_OF)
    item->vertical =
        (enum sky_vertical)records_choice(seed, SKY_VERTICAL_EVALUATED, SKY_VERTICAL_ACROSS);
    item->sigma_rule_m = test_random(seed) % 2 == 0 ? 0.0 : test_uniform(seed, 1e-300, 1e5);
}

static inline void records_fill_incident(uint64_t *seed, struct sky_event_incident *item)
{
    RECORDS_INCIDENT(RECORDS_FILL_OF)
    item->change = (enum sky_incident_change)records_choice(seed, SKY_INCIDENT_UNCHANGED,
                                                            SKY_INCIDENT_NOW_CLOSED);
    item->state =
        (enum sky_incident_state)records_choice(seed, SKY_INCIDENT_NONE, SKY_INCIDENT_CLOSED);
    item->end = (enum sky_incident_end)records_choice(seed, SKY_END_NOT_YET, SKY_END_STOPPED);
    if (item->state == SKY_INCIDENT_CLOSED) {
        records_fill_i64(seed, &item->closed_ns);
    }
}

static inline void records_fill_crossing(uint64_t *seed, struct sky_crossing *item)
{
    item->known = test_random(seed) % 2 == 0;
    if (item->known) {
        RECORDS_CROSSING(RECORDS_FILL_OF)
    }
}

static inline void records_fill_line(uint64_t *seed, struct sky_incident_line *item)
{
    RECORDS_LINE(RECORDS_FILL_OF)
    item->side = (enum sky_line_side)records_choice(seed, SKY_SIDE_UNKNOWN, SKY_SIDE_INSIDE);
    records_fill_crossing(seed, &item->entry);
    records_fill_crossing(seed, &item->exit);
}

static inline void records_fill_features(uint64_t *seed, struct sky_track_features *item)
{
    RECORDS_FEATURES(RECORDS_FILL_OF)
}

static inline void records_fill_stay(uint64_t *seed, struct sky_stay *item)
{
    RECORDS_STAY(RECORDS_FILL_OF)
    item->to_ns |= 1; /* 0: there was none */
}

static inline void records_fill_classification(uint64_t *seed,
                                               struct sky_event_classification *item)
{
    records_fill_u32(seed, &item->incident_id);
    records_fill_u32(seed, &item->result.reasons);
    item->result.kind =
        (enum sky_kind)records_choice(seed, SKY_KIND_UNDETERMINED, SKY_KIND_END - 1);
    item->result.target =
        (enum sky_class)records_choice(seed, SKY_CLASS_UNKNOWN, SKY_CLASS_COUNT - 1);
    RECORDS_FILL_LIST(item->result.probability);
    records_fill_features(seed, &item->features);
    item->emitter = (uint8_t)records_choice(seed, 0, 24);
    if (test_random(seed) % 2 == 0) {
        records_fill_stay(seed, &item->stay);
    }
}

static inline void records_fill_reject(uint64_t *seed, struct sky_event_reject *item)
{
    item->reason =
        (enum sky_reject_reason)records_choice(seed, SKY_REJECT_MALFORMED, SKY_REJECT_TABLE_FULL);
    records_fill_u64(seed, &item->count);
    records_fill_u32(seed, &item->offset);
    records_text(seed, item->item, sizeof item->item);
    records_text(seed, item->source, sizeof item->source);
}

static inline void records_fill_alert(uint64_t *seed, struct sky_event_alert *item)
{
    RECORDS_ALERT(RECORDS_FILL_OF)
    item->crossing_known = test_random(seed) % 2 == 0;
    if (item->crossing_known) {
        records_fill_i64(seed, &item->crossing_ns);
    }
}

static inline void records_fill_sensor_event(uint64_t *seed, struct sky_event_sensor *item)
{
    RECORDS_SENSOR_EVENT(RECORDS_FILL_OF)
    item->registration.state =
        (enum sky_register_state)records_choice(seed, SKY_REGISTER_ALONE, SKY_REGISTER_APPLIED);
    RECORDS_FILL_LIST(item->registration.bias);
    RECORDS_FILL_LIST(item->registration.bias_sigma);
    RECORDS_FILL_LIST(item->nis);
}

static inline void records_fill_pose(uint64_t *seed, struct sky_event *event)
{
#define FILL_POSE(field) RECORDS_FILL(event->u.pose.field)
    RECORDS_POSE(FILL_POSE)
#undef FILL_POSE
    event->u.pose.state =
        (enum sky_pose_state)records_choice(seed, SKY_POSE_UNKNOWN, SKY_POSE_FOLLOWING);
}

/* Fills an event of a kind. */
static inline void records_event(uint64_t *seed, enum sky_event_kind kind, struct sky_event *event)
{
    memset(event, 0, sizeof *event);
    records_fill_u64(seed, &event->cause_seq);
    records_fill_i64(seed, &event->time_ns);
    records_utc(seed, &event->utc);
    event->kind = kind;
    switch (kind) {
    case SKY_EVENT_POSE:
        records_fill_pose(seed, event);
        break;
    case SKY_EVENT_CLOCK:
        break;
    case SKY_EVENT_TRACK:
        records_fill_track(seed, &event->u.track);
        break;
    case SKY_EVENT_ASSESSMENT:
        records_fill_assessment(seed, &event->u.assessment);
        break;
    case SKY_EVENT_INCIDENT:
        records_fill_incident(seed, &event->u.incident);
        break;
    case SKY_EVENT_INCIDENT_LINE:
        records_fill_u32(seed, &event->u.incident_line.incident_id);
        records_fill_line(seed, &event->u.incident_line.line);
        break;
    case SKY_EVENT_CLASSIFICATION:
        records_fill_classification(seed, &event->u.classification);
        break;
    case SKY_EVENT_REJECT:
        records_fill_reject(seed, &event->u.reject);
        break;
    case SKY_EVENT_ALERT:
        records_fill_alert(seed, &event->u.alert);
        break;
    case SKY_EVENT_SENSOR:
        records_fill_sensor_event(seed, &event->u.sensor);
        break;
    case SKY_EVENT_READING:
        records_text(seed, event->u.reading.source, SKY_NAME_MAX);
        records_text(seed, event->u.reading.item, SKY_NAME_MAX);
        records_fill_double(seed, &event->u.reading.value);
        break;
    }
}

#endif
