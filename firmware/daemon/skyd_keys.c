#include "skyd_keys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyd_config.h"

#define NUMBER(key, group, field, text, low, high)                                                 \
    {                                                                                              \
        .name = key, .type = SKYD_NUMBER,                                                          \
        .need = (text)[0] ? SKYD_NEED_DEFAULT : SKYD_NEED_ALWAYS, .fallback = text, .min = low,    \
        .max = high, .offset = offsetof(struct group, field)                                       \
    }
#define VALUE(kind_of, key, group, field, text, low, high)                                         \
    {                                                                                              \
        .name = key, .type = kind_of, .need = (text)[0] ? SKYD_NEED_DEFAULT : SKYD_NEED_ALWAYS,    \
        .fallback = text, .min = low, .max = high, .offset = offsetof(struct group, field)         \
    }
#define OPTION(kind_of, key, group, field, low, high)                                              \
    {                                                                                              \
        .name = key, .type = kind_of, .need = SKYD_NEED_NOT, .fallback = "", .min = low,           \
        .max = high, .offset = offsetof(struct group, field)                                       \
    }
#define STRING(kind_of, key, how, group, field, text, phrase)                                      \
    {                                                                                              \
        .name = key, .type = kind_of, .need = how, .fallback = text,                               \
        .offset = offsetof(struct group, field), .size = sizeof(((struct group *)NULL)->field),    \
        .expected = phrase                                                                         \
    }

#define CHOICE(key, how, group, field, text, words, phrase)                                        \
    {                                                                                              \
        .name = key, .type = SKYD_CHOICE, .need = how, .fallback = text,                           \
        .offset = offsetof(struct group, field), .expected = phrase, .word = words                 \
    }

static const char *const motion_words[] = {"aircraft", "mixed", "drones", NULL};
static const char *const sensor_words[] = {"radar", "cooperative", NULL};
static const char *const edition_words[] = {"2.2", "2.1", "0.26", "0.23", NULL};
_Static_assert(SKY_MOTION_AIRCRAFT == 1 && SKY_MOTION_MIXED == 2 && SKY_MOTION_DRONES == 3,
               "the words are in order");
_Static_assert(SKY_SENSOR_RADAR == 1 && SKY_SENSOR_COOPERATIVE == 2, "the words are in order");
_Static_assert(SKY_ASTERIX_021_ED_2_2 == 1 && SKY_ASTERIX_021_ED_2_1 == 2 &&
                   SKY_ASTERIX_021_ED_0_26 == 3 && SKY_ASTERIX_021_ED_0_23 == 4,
               "the words are in order");
_Static_assert(sizeof(enum sky_asterix_021) == 4, "uint32_t");
_Static_assert(sizeof(enum sky_motion_kind) == 4 && sizeof(enum sky_sensor_kind) == 4, "uint32_t");

static const struct skyd_key station_keys[] = {
    VALUE(SKYD_YES_NO, "moving", skyd_config, engine.station.moving, "no", 0, 1),
    OPTION(SKYD_DEGREES, "latitude_deg", skyd_config, engine.station.site.lat_rad, -89, 89),
    OPTION(SKYD_DEGREES, "longitude_deg", skyd_config, engine.station.site.lon_rad, -180, 180),
    OPTION(SKYD_NUMBER, "altitude_hae_m", skyd_config, engine.station.site.alt_hae_m, -1000, 9000),
    NUMBER("site_sigma_m", skyd_config, engine.station.site_sigma_m, "1", 0.001, 1000),
    NUMBER("gnss_sigma_floor_m", skyd_config, engine.station.gnss_sigma_floor_m, "2.5", 0.1, 100),
    VALUE(SKYD_DEGREES, "heading_deg", skyd_config, engine.station.heading_rad, "0", -360, 360),
    VALUE(SKYD_DEGREES, "heading_sigma_deg", skyd_config, engine.station.heading_sigma_rad,
          "0.2865", 0, 57),
    VALUE(SKYD_MILLISECONDS, "tick_ms", skyd_config, engine.tick_ns, "1000", 10, 60000),
};

static const struct skyd_key tracker_keys[] = {
    /* The seven below motion follow from it, and it from the radar that sees farthest. */
    CHOICE("motion", SKYD_NEED_NOT, skyd_config, motion, "", motion_words,
           "aircraft, mixed or drones"),
    OPTION(SKYD_NUMBER, "accel_psd_steady_m2ps3", skyd_config, engine.tracker.accel_psd_m2ps3[0],
           1e-4, 1e4),
    OPTION(SKYD_NUMBER, "accel_psd_ordinary_m2ps3", skyd_config, engine.tracker.accel_psd_m2ps3[1],
           1e-4, 1e4),
    OPTION(SKYD_NUMBER, "accel_psd_wild_m2ps3", skyd_config, engine.tracker.accel_psd_m2ps3[2],
           1e-4, 1e4),
    OPTION(SKYD_NUMBER, "turn_mps2", skyd_config, engine.tracker.turn_mps2, 0.1, 50),
    OPTION(SKYD_NUMBER, "sojourn_s", skyd_config, engine.tracker.sojourn_s, 1, 600),
    OPTION(SKYD_NUMBER, "speed_max_mps", skyd_config, engine.tracker.speed_max_mps, 5, 1000),
    OPTION(SKYD_NUMBER, "lifetime_s", skyd_config, engine.tracker.lifetime_s, 10, 1e5),
    NUMBER("gate_probability", skyd_config, engine.tracker.gate_probability, "0.99999", 0.9,
           0.99999),
    NUMBER("births_per_hour", skyd_config, engine.tracker.births_per_hour, "20", 0.01, 1e5),
    NUMBER("confirm_existence", skyd_config, engine.tracker.confirm_existence, "0.9995", 0.5,
           0.999999999),
    VALUE(SKYD_MILLISECONDS, "hold_ms", skyd_config, engine.tracker.hold_ns, "125", 0, 1000),
    VALUE(SKYD_SECONDS, "coast_s", skyd_config, engine.tracker.coast_ns, "15", 0.01, 600),
    VALUE(SKYD_SECONDS, "lose_s", skyd_config, engine.tracker.lose_ns, "45", 0.01, 600),
    NUMBER("height_prior_m", skyd_config, engine.tracker.height_prior_m, "4000", -1000, 100000),
    NUMBER("height_prior_sigma_m", skyd_config, engine.tracker.height_prior_sigma_m, "3000", 10,
           20000),
};

static const struct skyd_key incident_keys[] = {
    {"p_enter", SKYD_NUMBER, SKYD_NEED_DEFAULT, "0.95", 0.500001, 0.999999,
     offsetof(struct skyd_config, engine.incident.p_enter), 0, "a number above 0.5 and below 1",
     NULL},
    {"p_exit", SKYD_NUMBER, SKYD_NEED_DEFAULT, "0.05", 0.000001, 0.499999,
     offsetof(struct skyd_config, engine.incident.p_exit), 0, "a number above 0 and below 0.5",
     NULL},
    VALUE(SKYD_COUNT, "looks_inside", skyd_config, engine.incident.looks_inside, "3", 1, 16),
    VALUE(SKYD_COUNT, "looks_of", skyd_config, engine.incident.looks_of, "4", 1, 16),
    VALUE(SKYD_SECONDS, "dwell_s", skyd_config, engine.incident.dwell_ns, "2", 0, 3600),
    VALUE(SKYD_SECONDS, "close_after_s", skyd_config, engine.incident.close_after_ns, "60", 1,
          86400),
    NUMBER("existence_min", skyd_config, engine.incident.existence_min, "0.9", 0, 0.999999),
    NUMBER("assess_within_m", skyd_config, engine.incident.assess_within_m, "50000", 100, 1e6),
    NUMBER("unstated_line_sigma_m", skyd_config, engine.incident.unstated_line_sigma_m, "250", 0,
           1e5),
};

static const struct skyd_key zones_keys[] = {
    STRING(SKYD_PATH, "file", SKYD_NEED_ALWAYS, skyd_config, zones_file, "",
           "the path of a zone set made by 'skywitness zones build'"),
};

static const struct skyd_key log_keys[] = {
    STRING(SKYD_PATH, "directory", SKYD_NEED_ALWAYS, skyd_config, log_directory, "",
           "the path of the folder that holds the log"),
    VALUE(SKYD_MIB, "segment_mib", skyd_config, segment_bytes, "16", 8, 1024),
    VALUE(SKYD_MIB, "ring_mib", skyd_config, ring_bytes, "4096", 0, 16777216),
    VALUE(SKYD_SECONDS, "pin_s", skyd_config, pin_ns, "600", 0, 86400),
    VALUE(SKYD_MILLISECONDS, "commit_ms", skyd_config, commit_ns, "1000", 1, 60000),
    VALUE(SKYD_SECONDS, "stall_s", skyd_config, stall_ns, "10", 1, 600),
    STRING(SKYD_PATH, "key", SKYD_NEED_NOT, skyd_config, key_path, "",
           "the path of a key made by skywitness witness keygen"),
    STRING(SKYD_PATH, "offer", SKYD_NEED_NOT, skyd_config, offer_path, "",
           "the path of a file to write checkpoints to"),
    VALUE(SKYD_SECONDS, "checkpoint_s", skyd_config, checkpoint_ns, "60", 1, 86400),
    VALUE(SKYD_SECONDS, "epoch_s", skyd_config, epoch_ns, "900", 1, 86400),
};

static const struct skyd_key gpsd_keys[] = {
    STRING(SKYD_TEXT, "host", SKYD_NEED_DEFAULT, skyd_config, gpsd.host, "127.0.0.1",
           "an IPv4 or IPv6 address, or localhost"),
    VALUE(SKYD_COUNT, "port", skyd_config, gpsd.port, "2947", 1, 65535),
    VALUE(SKYD_SECONDS, "silence_s", skyd_config, gpsd.silence_ns, "5", 0, 3600),
};

static const struct skyd_key sink_keys[] = {
    STRING(SKYD_TEXT, "to", SKYD_NEED_ALWAYS, skyd_config, sink.to, "",
           "ADDRESS:PORT of a machine or a multicast group, such as 239.1.1.62:8600"),
    STRING(SKYD_TEXT, "interface", SKYD_NEED_NOT, skyd_config, sink.udp.interface, "",
           "a network interface, such as eth0"),
    VALUE(SKYD_BYTE, "ttl", skyd_config, sink.udp.ttl, "1", 1, 255),
    VALUE(SKYD_BYTE, "sac", skyd_config, sink.sender.sac, "", 0, 255),
    VALUE(SKYD_BYTE, "sic", skyd_config, sink.sender.sic, "", 0, 255),
    VALUE(SKYD_BYTE, "service", skyd_config, sink.sender.service, "0", 0, 255),
    VALUE(SKYD_MILLISECONDS, "period_ms", skyd_config, sink.period_ns, "1000", 100, 60000),
};

static const struct skyd_key radar_keys[] = {
    CHOICE("kind", SKYD_NEED_DEFAULT, sky_sensor_config, kind, "radar", sensor_words,
           "radar or cooperative"),
    VALUE(SKYD_YES_NO, "at_station", sky_sensor_config, at_station, "no", 0, 1),
    OPTION(SKYD_DEGREES, "latitude_deg", sky_sensor_config, site.lat_rad, -89, 89),
    OPTION(SKYD_DEGREES, "longitude_deg", sky_sensor_config, site.lon_rad, -180, 180),
    OPTION(SKYD_NUMBER, "altitude_hae_m", sky_sensor_config, site.alt_hae_m, -1000, 9000),
    OPTION(SKYD_BYTE, "sac", sky_sensor_config, sac, 0, 255),
    OPTION(SKYD_BYTE, "sic", sky_sensor_config, sic, 0, 255),
    CHOICE("asterix_021", SKYD_NEED_DEFAULT, sky_sensor_config, asterix_021, "2.2", edition_words,
           "2.2 (and later), 2.1, 0.26 or 0.23"),
    VALUE(SKYD_YES_NO, "measures_elevation", sky_sensor_config, measures_elevation, "no", 0, 1),
    VALUE(SKYD_DEGREES, "azimuth_offset_deg", sky_sensor_config, azimuth_offset_rad, "0",
          -179.999999, 180),
    NUMBER("sigma_range_m", sky_sensor_config, sigma_range_m, "", 0.01, 5000),
    VALUE(SKYD_DEGREES, "sigma_azimuth_deg", sky_sensor_config, sigma_azimuth_rad, "", 0.001, 28),
    VALUE(SKYD_DEGREES, "sigma_elevation_deg", sky_sensor_config, sigma_elevation_rad, "1", 0.001,
          28),
    NUMBER("sigma_radial_mps", sky_sensor_config, sigma_radial_mps, "1", 0.01, 100),
    NUMBER("bias_sigma_range_m", sky_sensor_config, bias_sigma_range_m, "5", 0, 5000),
    VALUE(SKYD_DEGREES, "bias_sigma_azimuth_deg", sky_sensor_config, bias_sigma_azimuth_rad, "0.1",
          0, 11),
    VALUE(SKYD_DEGREES, "bias_sigma_elevation_deg", sky_sensor_config, bias_sigma_elevation_rad,
          "0.1", 0, 11),
    OPTION(SKYD_NUMBER, "quantum_range_m", sky_sensor_config, quantum_range_m, 0, 5000),
    OPTION(SKYD_DEGREES, "quantum_azimuth_deg", sky_sensor_config, quantum_azimuth_rad, 0, 28),
    NUMBER("range_min_m", sky_sensor_config, range_min_m, "0", 0, 1e6),
    NUMBER("range_max_m", sky_sensor_config, range_max_m, "", 10, 1e6),
    VALUE(SKYD_DEGREES, "elevation_min_deg", sky_sensor_config, elevation_min_rad, "-5", -90, 90),
    VALUE(SKYD_DEGREES, "elevation_max_deg", sky_sensor_config, elevation_max_rad, "90", -90, 90),
    NUMBER("radial_max_mps", sky_sensor_config, radial_max_mps, "350", 1, 3000),
    NUMBER("notch_mps", sky_sensor_config, notch_mps, "0", 0, 100),
    NUMBER("notch_detection_probability", sky_sensor_config, notch_detection_probability, "0.5",
           0.01, 0.999),
    NUMBER("sigma_place_m", sky_sensor_config, sigma_place_m, "30", 0.1, 5000),
    NUMBER("detection_probability", sky_sensor_config, detection_probability, "0.9", 0.05, 0.999),
    NUMBER("false_plots_per_scan", sky_sensor_config, false_plots_per_scan, "1", 0.001, 1e5),
    VALUE(SKYD_MILLISECONDS, "scan_ms", sky_sensor_config, scan_ns, "", 10, 60000),
    VALUE(SKYD_MILLISECONDS, "latency_ms", sky_sensor_config, latency_ns, "0", 0, 10000),
};

static const struct skyd_key modbus_keys[] = {
    STRING(SKYD_TEXT, "radar", SKYD_NEED_NOT, skyd_modbus_config, radar, "",
           "NAME of a [radar.NAME] section"),
    STRING(SKYD_PATH, "map", SKYD_NEED_NOT, skyd_modbus_config, map_file, "",
           "the path of a register map, if the unit has one of its own"),
    STRING(SKYD_TEXT, "tcp", SKYD_NEED_NOT, skyd_modbus_config, tcp, "",
           "HOST:PORT, such as 192.168.1.20:502"),
    STRING(SKYD_TEXT, "rtu", SKYD_NEED_NOT, skyd_modbus_config, source.device, "",
           "a serial device, such as /dev/sky-radar"),
    VALUE(SKYD_COUNT, "baud", skyd_modbus_config, source.baud, "115200", 1200, 921600),
    VALUE(SKYD_PARITY, "parity", skyd_modbus_config, source.parity, "none", 0, 0),
    VALUE(SKYD_BYTE, "stop_bits", skyd_modbus_config, source.stop_bits, "1", 1, 2),
    VALUE(SKYD_YES_NO, "rs485", skyd_modbus_config, source.rs485, "no", 0, 1),
    VALUE(SKYD_BYTE, "unit", skyd_modbus_config, source.unit, "1", 1, 247),
    VALUE(SKYD_COUNT, "poll_ms", skyd_modbus_config, source.poll_ms, "200", 10, 60000),
    VALUE(SKYD_COUNT, "timeout_ms", skyd_modbus_config, source.timeout_ms, "500", 20, 5000),
    VALUE(SKYD_SECONDS, "silence_s", skyd_modbus_config, source.silence_ns, "5", 0, 3600),
};

static const struct skyd_key asterix_keys[] = {
    STRING(SKYD_TEXT, "listen", SKYD_NEED_ALWAYS, skyd_asterix_config, listen, "",
           "ADDRESS:PORT, such as 0.0.0.0:8600"),
    STRING(SKYD_TEXT, "group", SKYD_NEED_NOT, skyd_asterix_config, source.group, "",
           "an IPv4 multicast group, 224.0.0.0 to 239.255.255.255"),
    STRING(SKYD_TEXT, "interface", SKYD_NEED_NOT, skyd_asterix_config, source.interface, "",
           "a network interface, such as eth0"),
    VALUE(SKYD_KIB, "rcvbuf_kib", skyd_asterix_config, source.rcvbuf_bytes, "1024", 16, 65536),
    VALUE(SKYD_SECONDS, "silence_s", skyd_asterix_config, source.silence_ns, "15", 0, 3600),
};

#define KIND(text, is_named, table, most)                                                          \
    {                                                                                              \
        .name = text, .named = is_named, .key = table, .count = sizeof(table) / sizeof(table)[0],  \
        .max = most                                                                                \
    }

const struct skyd_kind skyd_kinds[SKYD_KIND_COUNT] = {
    [SKYD_STATION] = KIND("station", false, station_keys, 1),
    [SKYD_TRACKER] = KIND("tracker", false, tracker_keys, 1),
    [SKYD_INCIDENT] = KIND("incident", false, incident_keys, 1),
    [SKYD_ZONES] = KIND("zones", false, zones_keys, 1),
    [SKYD_LOG] = KIND("log", false, log_keys, 1),
    [SKYD_GPSD] = KIND("gpsd", false, gpsd_keys, 1),
    [SKYD_SINK] = KIND("sink", false, sink_keys, 1),
    [SKYD_RADAR] = KIND("radar", true, radar_keys, SKY_SENSORS_MAX),
    [SKYD_MODBUS] = KIND("modbus", true, modbus_keys, SKYD_MODBUS_MAX),
    [SKYD_ASTERIX] = KIND("asterix", true, asterix_keys, SKYD_ASTERIX_MAX),
};

_Static_assert(sizeof(tracker_keys) / sizeof(tracker_keys)[0] <= SKYD_KEYS_MAX, "room for all");
_Static_assert(sizeof(radar_keys) / sizeof(radar_keys)[0] <= SKYD_KEYS_MAX, "room for every key");

const struct skyd_key *skyd_key_find(enum skyd_kind_id kind, const char *name)
{
    for (size_t i = 0; i < skyd_kinds[kind].count; i++) {
        if (strcmp(skyd_kinds[kind].key[i].name, name) == 0) {
            return &skyd_kinds[kind].key[i];
        }
    }
    return NULL;
}

static bool is_whole(enum skyd_key_type type)
{
    return type == SKYD_COUNT || type == SKYD_BYTE || type == SKYD_MIB || type == SKYD_KIB;
}

const char *skyd_key_expected(const struct skyd_key *key, char buffer[128])
{
    if (key->expected != NULL) {
        return key->expected;
    }
    if (key->type == SKYD_YES_NO) {
        return "yes or no";
    }
    if (key->type == SKYD_PARITY) {
        return "none, even or odd";
    }
    snprintf(buffer, 128, "%s from %.9g to %.9g",
             is_whole(key->type) ? "a whole number" : "a number", key->min, key->max);
    return buffer;
}

/* Decimal only: no hexadecimal, no infinity, nothing after the number. */
bool skyd_key_number(const char *text, double *ret_number)
{
    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0') {
        return false;
    }
    char *end = NULL;
    const double number = strtod(text, &end);
    if (*end != '\0' || !isfinite(number)) {
        return false;
    }
    *ret_number = number;
    return true;
}

static void put_number(enum skyd_key_type type, double number, unsigned char *target)
{
    const double radians = number * 0.017453292519943295;
    const int64_t ns = llround(number * (type == SKYD_SECONDS ? 1e9 : 1e6));

    if (type == SKYD_NUMBER) {
        memcpy(target, &number, sizeof number);
    } else if (type == SKYD_DEGREES) {
        memcpy(target, &radians, sizeof radians);
    } else if (type == SKYD_SECONDS || type == SKYD_MILLISECONDS) {
        memcpy(target, &ns, sizeof ns);
    } else if (type == SKYD_COUNT || type == SKYD_KIB) {
        const uint32_t count = (uint32_t)number * (type == SKYD_KIB ? 1024U : 1U);
        memcpy(target, &count, sizeof count);
    } else if (type == SKYD_MIB) {
        const uint64_t bytes = (uint64_t)number * 1024 * 1024;
        memcpy(target, &bytes, sizeof bytes);
    } else {
        const uint8_t byte = (uint8_t)number;
        memcpy(target, &byte, sizeof byte);
    }
}

static const char *take_number(const struct skyd_key *key, const char *text, unsigned char *target)
{
    double number = 0.0;
    if (!skyd_key_number(text, &number)) {
        return "is not a number";
    }
    if (is_whole(key->type) && number != floor(number)) {
        return "is not a whole number";
    }
    if (!(number >= key->min && number <= key->max)) {
        return "is out of range";
    }
    put_number(key->type, number + 0.0, target); /* -0 + 0 is 0 */
    return NULL;
}

static const char *take_text(const struct skyd_key *key, const char *text, const char *config_path,
                             unsigned char *target)
{
    const char *const slash = strrchr(config_path, '/');
    const bool relative = key->type == SKYD_PATH && text[0] != '/' && slash != NULL;
    const size_t folder = relative ? (size_t)(slash - config_path) + 1 : 0;
    const size_t bytes = strlen(text);
    if (bytes == 0) {
        return "is empty";
    }
    if (folder + bytes >= key->size) {
        return "is too long";
    }
    memcpy(target, config_path, folder);
    memcpy(target + folder, text, bytes + 1);
    return NULL;
}

static const char *take_yes_no(const char *text, unsigned char *target)
{
    const bool yes = strcmp(text, "yes") == 0;
    if (!yes && strcmp(text, "no") != 0) {
        return "is neither";
    }
    memcpy(target, &yes, sizeof yes);
    return NULL;
}

static const char *take_parity(const char *text, unsigned char *target)
{
    static const char *const word[] = {"none", "even", "odd"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text, word[i]) == 0) {
            *target = (unsigned char)"NEO"[i];
            return NULL;
        }
    }
    return "is none of them";
}

static const char *take_choice(const struct skyd_key *key, const char *text, unsigned char *target)
{
    for (uint32_t i = 0; key->word[i] != NULL; i++) {
        if (strcmp(text, key->word[i]) == 0) {
            const uint32_t choice = i + 1;
            memcpy(target, &choice, sizeof choice);
            return NULL;
        }
    }
    return "is none of them";
}

const char *skyd_key_take(const struct skyd_key *key, const char *text, const char *config_path,
                          void *section)
{
    unsigned char *const target = (unsigned char *)section + key->offset;
    switch (key->type) {
    case SKYD_NUMBER:
    case SKYD_DEGREES:
    case SKYD_SECONDS:
    case SKYD_MILLISECONDS:
    case SKYD_COUNT:
    case SKYD_BYTE:
    case SKYD_MIB:
    case SKYD_KIB:
        return take_number(key, text, target);
    case SKYD_YES_NO:
        return take_yes_no(text, target);
    case SKYD_PARITY:
        return take_parity(text, target);
    case SKYD_CHOICE:
        return take_choice(key, text, target);
    case SKYD_TEXT:
    case SKYD_PATH:
        break;
    }
    return take_text(key, text, config_path, target);
}
