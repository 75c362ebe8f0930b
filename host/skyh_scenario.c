#include "skyh_scenario.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_asterix.h"
#include "sky_math.h"
#include "skyh_json.h"

/* Rows of field tables: key, member, range in the file's unit, that unit. OPT_: may be absent. */
#define ROW(type, key, kind, member, low, high, unit, optional)                                    \
    {                                                                                              \
        key, kind, offsetof(struct type, member), sizeof((struct type *)NULL)->member, low, high,  \
            unit, optional                                                                         \
    }
#define NUMBER(type, key, member, low, high, unit)                                                 \
    ROW(type, key, SKYH_FIELD_NUMBER, member, low, high, unit, false)
#define OPT_NUMBER(type, key, member, low, high, unit)                                             \
    ROW(type, key, SKYH_FIELD_NUMBER, member, low, high, unit, true)
#define COUNT(type, key, member, low, high)                                                        \
    ROW(type, key, SKYH_FIELD_COUNT, member, low, high, "", false)
#define OPT_COUNT(type, key, member, low, high)                                                    \
    ROW(type, key, SKYH_FIELD_COUNT, member, low, high, "", true)
#define SECONDS(type, key, member, low, high)                                                      \
    ROW(type, key, SKYH_FIELD_SECONDS, member, low, high, "s", false)
#define OPT_SECONDS(type, key, member, low, high)                                                  \
    ROW(type, key, SKYH_FIELD_SECONDS, member, low, high, "s", true)
#define DEGREES(type, key, member, low, high)                                                      \
    ROW(type, key, SKYH_FIELD_DEGREES, member, low, high, "degrees", false)
#define OPT_DEGREES(type, key, member, low, high)                                                  \
    ROW(type, key, SKYH_FIELD_DEGREES, member, low, high, "degrees", true)
#define BOOL(type, key, member) ROW(type, key, SKYH_FIELD_BOOL, member, 0, 0, "", false)
#define TEXT(type, key, member) ROW(type, key, SKYH_FIELD_TEXT, member, 0, 0, "", false)
#define NESTED(key, what)                                                                          \
    {                                                                                              \
        key, SKYH_FIELD_NESTED, 0, 0, 0, 0, what, false                                            \
    }
#define OPT_NESTED(key, what)                                                                      \
    {                                                                                              \
        key, SKYH_FIELD_NESTED, 0, 0, 0, 0, what, true                                             \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, SKYH_FIELD_NESTED, 0, 0, 0, 0, "", true                                              \
    }

static const struct skyh_field place_fields[] = {
    DEGREES(sky_lla, "lat_deg", lat_rad, -89, 89),
    DEGREES(sky_lla, "lon_deg", lon_rad, -180, 180),
    NUMBER(sky_lla, "alt_hae_m", alt_hae_m, -1000, 60000, "m above the ellipsoid"),
    END,
};

static const struct skyh_field top_fields[] = {
    TEXT(skyh_scenario, "about", about),
    TEXT(skyh_scenario, "start_utc", start_utc),
    SECONDS(skyh_scenario, "duration_s", duration_ns, 1, 86400),
    COUNT(skyh_scenario, "seed", seed, 0, 4294967295.0),
    NESTED("zones", "an array of file names"),
    NESTED("station", "an object"),
    NESTED("gnss", "an object"),
    NESTED("radars", "an array of objects"),
    NESTED("targets", "an array of objects"),
    OPT_NESTED("faults", "an array of objects"),
    OPT_NESTED("tracker", "an object"),
    OPT_NESTED("incident", "an object"),
    END,
};

static const struct skyh_field station_fields[] = {
    NESTED("place", "an object"),
    BOOL(skyh_scenario, "surveyed", surveyed),
    DEGREES(skyh_scenario, "heading_deg", config.station.heading_rad, -180, 360),
    DEGREES(skyh_scenario, "heading_sigma_deg", config.station.heading_sigma_rad, 0, 57),
    OPT_NUMBER(skyh_scenario, "site_sigma_m", config.station.site_sigma_m, 0.001, 1000, "m"),
    OPT_NUMBER(skyh_scenario, "gnss_sigma_floor_m", config.station.gnss_sigma_floor_m, 0.1, 100,
               "m"),
    OPT_SECONDS(skyh_scenario, "tick_s", config.tick_ns, 0.01, 60),
    END,
};

static const struct skyh_field receiver_fields[] = {
    TEXT(skyh_receiver, "name", name),
    NUMBER(skyh_receiver, "sigma_horizontal_m", sigma_horizontal_m, 0.01, 1000, "m"),
    NUMBER(skyh_receiver, "sigma_vertical_m", sigma_vertical_m, 0.01, 1000, "m"),
    NUMBER(skyh_receiver, "sigma_slow_m", sigma_slow_m, 0, 1000, "m"),
    NUMBER(skyh_receiver, "geoid_undulation_m", geoid_undulation_m, -120, 100, "m"),
    COUNT(skyh_receiver, "satellites", satellites, 4, 12),
    COUNT(skyh_receiver, "live_port", live_port, 1, 65535),
    END,
};

static const struct skyh_field tracker_fields[] = {
    {"motion", SKYH_FIELD_OTHER, 0, 0, 0, 0, "", true},
    OPT_NUMBER(sky_tracker_config, "accel_psd_steady_m2ps3", accel_psd_m2ps3[0], 1e-4, 1e4,
               "m2/s3"),
    OPT_NUMBER(sky_tracker_config, "accel_psd_ordinary_m2ps3", accel_psd_m2ps3[1], 1e-4, 1e4,
               "m2/s3"),
    OPT_NUMBER(sky_tracker_config, "accel_psd_wild_m2ps3", accel_psd_m2ps3[2], 1e-4, 1e4, "m2/s3"),
    OPT_NUMBER(sky_tracker_config, "turn_mps2", turn_mps2, 0.1, 50, "m/s2"),
    OPT_NUMBER(sky_tracker_config, "sojourn_s", sojourn_s, 1, 600, "s"),
    OPT_NUMBER(sky_tracker_config, "speed_max_mps", speed_max_mps, 5, 1000, "m/s"),
    OPT_NUMBER(sky_tracker_config, "gate_probability", gate_probability, 0.9, 0.99999, ""),
    OPT_NUMBER(sky_tracker_config, "births_per_hour", births_per_hour, 0.01, 1e5, ""),
    OPT_NUMBER(sky_tracker_config, "lifetime_s", lifetime_s, 10, 1e5, "s"),
    OPT_NUMBER(sky_tracker_config, "confirm_existence", confirm_existence, 0.5, 0.999999999, ""),
    OPT_SECONDS(sky_tracker_config, "hold_s", hold_ns, 0, 1),
    OPT_SECONDS(sky_tracker_config, "coast_s", coast_ns, 0.001, 600),
    OPT_SECONDS(sky_tracker_config, "lose_s", lose_ns, 0.001, 600),
    OPT_NUMBER(sky_tracker_config, "height_prior_m", height_prior_m, -1000, 60000, "m"),
    OPT_NUMBER(sky_tracker_config, "height_prior_sigma_m", height_prior_sigma_m, 10, 20000, "m"),
    END,
};

static const struct skyh_field incident_fields[] = {
    OPT_NUMBER(sky_incident_config, "p_enter", p_enter, 0.5, 1, ""),
    OPT_NUMBER(sky_incident_config, "p_exit", p_exit, 0, 0.5, ""),
    OPT_COUNT(sky_incident_config, "looks_inside", looks_inside, 1, 16),
    OPT_COUNT(sky_incident_config, "looks_of", looks_of, 1, 16),
    OPT_SECONDS(sky_incident_config, "dwell_s", dwell_ns, 0, 3600),
    OPT_SECONDS(sky_incident_config, "close_after_s", close_after_ns, 0, 3600),
    OPT_NUMBER(sky_incident_config, "existence_min", existence_min, 0, 0.999999, ""),
    OPT_NUMBER(sky_incident_config, "assess_within_m", assess_within_m, 100, 1e6, "m"),
    OPT_NUMBER(sky_incident_config, "unstated_line_sigma_m", unstated_line_sigma_m, 0, 1e5, "m"),
    END,
};

/* A radar as its object has it, before the pieces find their places. */
struct radar_object {
    char kind[16];
    uint32_t sac;
    uint32_t sic;
    uint32_t live_port;
    struct sky_sensor_config config;
};

static const struct skyh_field radar_fields[] = {
    TEXT(radar_object, "name", config.name),
    TEXT(radar_object, "kind", kind),
    BOOL(radar_object, "at_station", config.at_station),
    OPT_NESTED("site", "an object"),
    {"sac", SKYH_FIELD_COUNT, offsetof(struct radar_object, sac), 0, 0, 255, "", true},
    {"sic", SKYH_FIELD_COUNT, offsetof(struct radar_object, sic), 0, 0, 255, "", true},
    OPT_DEGREES(radar_object, "azimuth_offset_deg", config.azimuth_offset_rad, -179.9, 180),
    NUMBER(radar_object, "sigma_range_m", config.sigma_range_m, 0.01, 5000, "m"),
    DEGREES(radar_object, "sigma_azimuth_deg", config.sigma_azimuth_rad, 0.001, 28),
    OPT_DEGREES(radar_object, "sigma_elevation_deg", config.sigma_elevation_rad, 0.001, 28),
    OPT_NUMBER(radar_object, "sigma_radial_mps", config.sigma_radial_mps, 0.01, 100, "m/s"),
    NUMBER(radar_object, "bias_sigma_range_m", config.bias_sigma_range_m, 0, 5000, "m"),
    DEGREES(radar_object, "bias_sigma_azimuth_deg", config.bias_sigma_azimuth_rad, 0, 11),
    OPT_DEGREES(radar_object, "bias_sigma_elevation_deg", config.bias_sigma_elevation_rad, 0, 11),
    OPT_NUMBER(radar_object, "quantum_range_m", config.quantum_range_m, 0, 5000, "m"),
    OPT_DEGREES(radar_object, "quantum_azimuth_deg", config.quantum_azimuth_rad, 0, 28),
    OPT_NUMBER(radar_object, "range_min_m", config.range_min_m, 0, 1e6, "m"),
    NUMBER(radar_object, "range_max_m", config.range_max_m, 10, 1e6, "m"),
    OPT_DEGREES(radar_object, "elevation_min_deg", config.elevation_min_rad, -90, 90),
    OPT_DEGREES(radar_object, "elevation_max_deg", config.elevation_max_rad, -90, 90),
    OPT_NUMBER(radar_object, "radial_max_mps", config.radial_max_mps, 1, 3000, "m/s"),
    OPT_NUMBER(radar_object, "notch_mps", config.notch_mps, 0, 100, "m/s"),
    OPT_NUMBER(radar_object, "notch_detection_probability", config.notch_detection_probability,
               0.01, 0.999, ""),
    NUMBER(radar_object, "detection_probability", config.detection_probability, 0.05, 0.999, ""),
    NUMBER(radar_object, "false_plots_per_scan", config.false_plots_per_scan, 0.001, 50, ""),
    SECONDS(radar_object, "scan_s", config.scan_ns, 0.05, 60),
    SECONDS(radar_object, "latency_s", config.latency_ns, 0, 10),
    COUNT(radar_object, "live_port", live_port, 1, 65535),
    END,
};

static const struct skyh_field target_fields[] = {
    TEXT(skyh_target, "name", name),
    NUMBER(skyh_target, "rcs_dbsm", rcs_dbsm, -60, 60, "dBsm"),
    NUMBER(skyh_target, "start_s", start_s, 0, 86400, "s after the start"),
    NESTED("start", "an object"),
    DEGREES(skyh_target, "heading_deg", heading_rad, -180, 360),
    NUMBER(skyh_target, "speed_mps", speed_mps, 0, 1000, "m/s"),
    NESTED("legs", "an array of objects"),
    END,
};

/* A leg as its object has it. */
struct leg_object {
    char kind[16];
    struct skyh_leg leg;
};

#define LEG_COMMON                                                                                 \
    TEXT(leg_object, "kind", kind),                                                                \
        NUMBER(leg_object, "duration_s", leg.duration_s, 0, 86400, "s"),                           \
        NUMBER(leg_object, "speed_mps", leg.speed_mps, 0, 1000, "m/s")

static const struct skyh_field straight_fields[] = {LEG_COMMON, END};
static const struct skyh_field turn_fields[] = {
    LEG_COMMON,
    {"rate_degps", SKYH_FIELD_DEGREES, offsetof(struct leg_object, leg.turn_radps), 0, -90, 90,
     "degrees/s, to the right positive", false},
    END,
};
static const struct skyh_field climb_fields[] = {
    LEG_COMMON,
    NUMBER(leg_object, "rate_mps", leg.climb_mps, -200, 200, "m/s, up positive"),
    END,
};

/* A fault as its object has it. */
struct fault_object {
    char source[SKY_NAME_MAX];
    struct skyh_fault fault;
};

static const struct skyh_field fault_fields[] = {
    TEXT(fault_object, "source", source),
    SECONDS(fault_object, "from_s", fault.from_ns, 0, 86400),
    SECONDS(fault_object, "to_s", fault.to_ns, 0, 86400),
    END,
};

const char *skyh_scenario_source(const struct skyh_scenario *scenario, uint32_t source)
{
    return source == 0 ? scenario->receiver.name : scenario->radar[source - 1].config.name;
}

/* Kinds of legs and radars are words: find which, or say which there are. */
static bool choose(const struct skyh_node *object, const char *key, const char *const words[],
                   size_t count, size_t *ret_index, struct skyh_problem *problem)
{
    const struct skyh_node node = skyh_json_member(object, key);
    const char *const text = json_string_value(node.value);
    char wanted[80] = "";
    for (size_t i = 0; i < count; i++) {
        if (text != NULL && strcmp(text, words[i]) == 0) {
            *ret_index = i;
            return true;
        }
        const size_t used = strlen(wanted);
        (void)snprintf(wanted + used, sizeof wanted - used, "%s\"%s\"", i > 0 ? " or " : "",
                       words[i]);
    }
    return skyh_json_fail(&node, problem, "%s; expected %s",
                          text == NULL ? "missing" : "none of the known ones", wanted);
}

static bool read_zones(const struct skyh_node *top, const char *file,
                       struct skyh_scenario *scenario, struct skyh_problem *problem)
{
    const struct skyh_node zones = skyh_json_member(top, "zones");
    size_t count = 0;
    if (!skyh_json_array(&zones, 1, SKYH_ZONE_FILES_MAX, &count, problem)) {
        return false;
    }
    const char *const slash = strrchr(file, '/');
    const int folder = slash == NULL ? 0 : (int)(slash - file) + 1;
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node node = skyh_json_element(&zones, i);
        const char *const name = json_string_value(node.value);
        if (name == NULL || name[0] == '\0') {
            return skyh_json_fail(&node, problem, "not a file name; expected a text");
        }
        const int used = snprintf(scenario->zone_file[i], SKYH_PATH_MAX, "%.*s%s",
                                  name[0] == '/' ? 0 : folder, file, name);
        if (used >= SKYH_PATH_MAX) {
            return skyh_json_fail(&node, problem, "too long; expected a path under %d bytes",
                                  SKYH_PATH_MAX);
        }
    }
    scenario->zone_file_count = (uint32_t)count;
    return true;
}

static bool read_station(const struct skyh_node *top, struct skyh_scenario *scenario,
                         struct skyh_problem *problem)
{
    const struct skyh_node station = skyh_json_member(top, "station");
    const struct skyh_node place = skyh_json_member(&station, "place");
    if (!skyh_json_fields(&station, station_fields, scenario, problem) ||
        !skyh_json_fields(&place, place_fields, &scenario->station, problem)) {
        return false;
    }
    scenario->config.station.has_site = scenario->surveyed;
    scenario->config.station.site = scenario->station;
    return true;
}

static bool read_receiver(const struct skyh_node *top, struct skyh_scenario *scenario,
                          struct skyh_problem *problem)
{
    const struct skyh_node receiver = skyh_json_member(top, "gnss");
    return skyh_json_fields(&receiver, receiver_fields, &scenario->receiver, problem);
}

/* Unless the file says otherwise, an ASTERIX radar's numbers have the steps of its format. */
static void take_steps(const struct skyh_node *node, enum skyh_sensor_kind kind,
                       struct sky_sensor_config *config)
{
    if (kind == SKYH_SENSOR_ASTERIX && skyh_json_member(node, "quantum_range_m").value == NULL) {
        config->quantum_range_m = SKY_ASTERIX_STEP_RANGE_M;
    }
    if (kind == SKYH_SENSOR_ASTERIX &&
        skyh_json_member(node, "quantum_azimuth_deg").value == NULL) {
        config->quantum_azimuth_rad = SKY_ASTERIX_STEP_AZIMUTH_RAD;
    }
}

static bool read_radar(const struct skyh_node *node, struct skyh_radar *radar,
                       struct skyh_problem *problem)
{
    static const char *const kinds[] = {"asterix", "modbus"};
    struct radar_object object;
    memset(&object, 0, sizeof object);
    sky_config_sensor_default(&object.config);
    size_t kind = 0;
    if (!skyh_json_fields(node, radar_fields, &object, problem) ||
        !choose(node, "kind", kinds, 2, &kind, problem)) {
        return false;
    }
    const struct skyh_node site = skyh_json_member(node, "site");
    if (object.config.at_station != (site.value == NULL)) {
        return skyh_json_fail(&site, problem, "%s; expected an object unless at_station is true",
                              site.value == NULL ? "missing" : "not wanted at the station");
    }
    if (site.value != NULL &&
        !skyh_json_fields(&site, place_fields, &object.config.site, problem)) {
        return false;
    }
    radar->kind = kind == 0 ? SKYH_SENSOR_ASTERIX : SKYH_SENSOR_MODBUS;
    radar->live_port = (uint16_t)object.live_port;
    const struct skyh_node sac = skyh_json_member(node, "sac");
    const struct skyh_node sic = skyh_json_member(node, "sic");
    object.config.has_sac_sic = sac.value != NULL && sic.value != NULL;
    if (object.config.has_sac_sic != (radar->kind == SKYH_SENSOR_ASTERIX)) {
        return skyh_json_fail(&sac, problem, "%s; expected sac and sic for \"asterix\" only",
                              sac.value == NULL ? "missing" : "not wanted");
    }
    const struct skyh_node elevation = skyh_json_member(node, "sigma_elevation_deg");
    object.config.measures_elevation = elevation.value != NULL;
    if (object.config.measures_elevation && radar->kind == SKYH_SENSOR_ASTERIX) {
        return skyh_json_fail(&elevation, problem,
                              "not wanted; category 048 plots carry no elevation");
    }
    object.config.sac = (uint8_t)object.sac;
    object.config.sic = (uint8_t)object.sic;
    take_steps(node, radar->kind, &object.config);
    radar->config = object.config;
    return true;
}

static bool read_radars(const struct skyh_node *top, struct skyh_scenario *scenario,
                        struct skyh_problem *problem)
{
    const struct skyh_node radars = skyh_json_member(top, "radars");
    size_t count = 0;
    if (!skyh_json_array(&radars, 1, SKY_SENSORS_MAX, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node node = skyh_json_element(&radars, i);
        if (!read_radar(&node, &scenario->radar[i], problem)) {
            return false;
        }
        for (size_t before = 0; before < i; before++) {
            if (strcmp(scenario->radar[i].config.name, scenario->config.sensor[before].name) == 0) {
                const struct skyh_node name = skyh_json_member(&node, "name");
                return skyh_json_fail(&name, problem, "%s again; expected a name of its own",
                                      scenario->radar[i].config.name);
            }
        }
        scenario->config.sensor[i] = scenario->radar[i].config;
    }
    scenario->radar_count = (uint32_t)count;
    scenario->config.sensor_count = (uint32_t)count;
    return true;
}

static bool read_leg(const struct skyh_node *node, struct skyh_leg *leg,
                     struct skyh_problem *problem)
{
    static const char *const kinds[] = {"straight", "turn", "climb"};
    static const struct skyh_field *const fields[] = {straight_fields, turn_fields, climb_fields};
    struct leg_object object;
    memset(&object, 0, sizeof object);
    size_t kind = 0;
    if (!json_is_object(node->value)) {
        return skyh_json_fail(node, problem, "not an object; expected a leg");
    }
    if (!choose(node, "kind", kinds, 3, &kind, problem) ||
        !skyh_json_fields(node, fields[kind], &object, problem)) {
        return false;
    }
    object.leg.kind = (enum skyh_leg_kind)(kind + 1);
    *leg = object.leg;
    return true;
}

static bool read_target(const struct skyh_node *node, struct skyh_target *target,
                        struct skyh_problem *problem)
{
    const struct skyh_node start = skyh_json_member(node, "start");
    const struct skyh_node legs = skyh_json_member(node, "legs");
    size_t count = 0;
    if (!skyh_json_fields(node, target_fields, target, problem) ||
        !skyh_json_fields(&start, place_fields, &target->start, problem) ||
        !skyh_json_array(&legs, 1, SKYH_LEGS_MAX, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node leg = skyh_json_element(&legs, i);
        if (!read_leg(&leg, &target->leg[i], problem)) {
            return false;
        }
    }
    target->leg_count = (uint32_t)count;
    return true;
}

static bool read_targets(const struct skyh_node *top, struct skyh_scenario *scenario,
                         struct skyh_problem *problem)
{
    const struct skyh_node targets = skyh_json_member(top, "targets");
    size_t count = 0;
    if (!skyh_json_array(&targets, 0, SKYH_TARGETS_MAX, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node node = skyh_json_element(&targets, i);
        if (!read_target(&node, &scenario->target[i], problem)) {
            return false;
        }
    }
    scenario->target_count = (uint32_t)count;
    return true;
}

static bool read_faults(const struct skyh_node *top, struct skyh_scenario *scenario,
                        struct skyh_problem *problem)
{
    const struct skyh_node faults = skyh_json_member(top, "faults");
    size_t count = 0;
    if (faults.value == NULL) {
        return true;
    }
    if (!skyh_json_array(&faults, 0, SKYH_FAULTS_MAX, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node node = skyh_json_element(&faults, i);
        struct fault_object object;
        memset(&object, 0, sizeof object);
        if (!skyh_json_fields(&node, fault_fields, &object, problem)) {
            return false;
        }
        uint32_t source = 0;
        while (source <= scenario->radar_count &&
               strcmp(skyh_scenario_source(scenario, source), object.source) != 0) {
            source++;
        }
        int64_t before_ns = 0; /* end of this source's previous fault */
        for (size_t k = 0; k < i; k++) {
            before_ns = scenario->fault[k].source == source ? scenario->fault[k].to_ns : before_ns;
        }
        if (source > scenario->radar_count) {
            return skyh_json_fail(&node, problem,
                                  "source %s is not there; expected the name of gnss or of a radar",
                                  object.source);
        }
        if (object.fault.to_ns <= object.fault.from_ns || object.fault.from_ns < before_ns) {
            return skyh_json_fail(&node, problem,
                                  "times out of order; expected from_s below to_s, and after the "
                                  "fault before of the same source");
        }
        object.fault.source = source;
        scenario->fault[i] = object.fault;
    }
    scenario->fault_count = (uint32_t)count;
    return true;
}

/* What flies there, if nobody says it, follows from how far the radars see. */
static bool read_tracker(const struct skyh_node *tracker, struct sky_config *config,
                         struct skyh_problem *problem)
{
    static const char *const kinds[] = {"aircraft", "mixed", "drones"};
    enum sky_motion_kind motion = sky_config_motion_seen(config);
    if (tracker->value != NULL && json_object_get(tracker->value, "motion") != NULL) {
        size_t kind = 0;
        if (!choose(tracker, "motion", kinds, 3, &kind, problem)) {
            return false;
        }
        motion = (enum sky_motion_kind)(kind + SKY_MOTION_AIRCRAFT);
    }
    sky_config_motion(&config->tracker, motion);
    return tracker->value == NULL ||
           skyh_json_fields(tracker, tracker_fields, &config->tracker, problem);
}

static bool read_engine(const struct skyh_node *top, struct skyh_scenario *scenario,
                        struct skyh_problem *problem)
{
    const struct skyh_node tracker = skyh_json_member(top, "tracker");
    const struct skyh_node incident = skyh_json_member(top, "incident");
    if (!read_tracker(&tracker, &scenario->config, problem)) {
        return false;
    }
    if (incident.value != NULL &&
        !skyh_json_fields(&incident, incident_fields, &scenario->config.incident, problem)) {
        return false;
    }
    return true;
}

static bool read_top(const struct skyh_node *top, const char *file, struct skyh_scenario *scenario,
                     struct skyh_problem *problem)
{
    if (!skyh_json_fields(top, top_fields, scenario, problem)) {
        return false;
    }
    if (!skyh_utc_parse(scenario->start_utc, &scenario->start_utc_ns)) {
        const struct skyh_node node = skyh_json_member(top, "start_utc");
        return skyh_json_fail(&node, problem,
                              "not an instant; expected one like "
                              "\"2026-03-31T23:00:00Z\"");
    }
    if (!read_zones(top, file, scenario, problem) || !read_station(top, scenario, problem) ||
        !read_receiver(top, scenario, problem) || !read_radars(top, scenario, problem) ||
        !read_targets(top, scenario, problem) || !read_faults(top, scenario, problem) ||
        !read_engine(top, scenario, problem)) {
        return false;
    }
    const char *field = NULL;
    if (sky_config_check(&scenario->config, &field) != SKY_OK) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: %s: the station refuses it; expected a configuration that passes "
                         "its checks",
                         file, field);
    }
    return true;
}

bool skyh_scenario_parse(const char *file, const char *text, size_t count,
                         struct skyh_scenario *ret_scenario, struct skyh_problem *problem)
{
    json_t *json = NULL;
    if (!skyh_json_parse(file, text, count, &json, problem)) {
        return false;
    }
    struct skyh_scenario *const scenario = calloc(1, sizeof *scenario);
    bool sound = false;
    if (scenario == NULL) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", file);
    } else {
        sky_config_default(&scenario->config);
        const struct skyh_node top = skyh_json_top(file, json);
        sound = read_top(&top, file, scenario, problem);
    }
    if (sound) {
        *ret_scenario = *scenario;
    }
    free(scenario);
    json_decref(json);
    return sound;
}

bool skyh_scenario_read(const char *file, struct skyh_scenario *ret_scenario,
                        struct skyh_problem *problem)
{
    char *text = NULL;
    size_t count = 0;
    if (!skyh_json_slurp(file, &text, &count, problem)) {
        return false;
    }
    const bool sound = skyh_scenario_parse(file, text, count, ret_scenario, problem);
    free(text);
    return sound;
}
