#include "sky_config.h"

#include <stddef.h>
#include <string.h>

#include "sky_math.h"

enum field_type { FIELD_DOUBLE = 1, FIELD_UINT32, FIELD_INT64 };

/* Names are arrays, not pointers, so that the tables need no relocation. */
struct field {
    char name[48];
    size_t offset;
    enum field_type type;
    double least;
    double most;
};

#define STATION(member, type, least, most)                                                         \
    {                                                                                              \
        "station." #member, offsetof(struct sky_config, station.member), FIELD_##type, least, most \
    }
#define TRACKER(member, type, least, most)                                                         \
    {                                                                                              \
        "tracker." #member, offsetof(struct sky_config, tracker.member), FIELD_##type, least, most \
    }
#define INCIDENT(member, type, least, most)                                                        \
    {                                                                                              \
        "incident." #member, offsetof(struct sky_config, incident.member), FIELD_##type, least,    \
            most                                                                                   \
    }
#define SENSOR(member, type, least, most)                                                          \
    {                                                                                              \
        "sensor." #member, offsetof(struct sky_sensor_config, member), FIELD_##type, least, most   \
    }

static const struct field config_field[] = {
    STATION(site_sigma_m, DOUBLE, 0.001, 1000.0),
    STATION(gnss_sigma_floor_m, DOUBLE, 0.1, 100.0),
    STATION(heading_rad, DOUBLE, -2.0 * SKY_PI, 2.0 * SKY_PI),
    STATION(heading_sigma_rad, DOUBLE, 0.0, 1.0),
    TRACKER(accel_psd_m2ps3[0], DOUBLE, 1e-4, 1e4),
    TRACKER(accel_psd_m2ps3[1], DOUBLE, 1e-4, 1e4),
    TRACKER(accel_psd_m2ps3[2], DOUBLE, 1e-4, 1e4),
    TRACKER(turn_mps2, DOUBLE, 0.1, 50.0),
    TRACKER(sojourn_s, DOUBLE, 1.0, 600.0),
    TRACKER(speed_max_mps, DOUBLE, 5.0, 1000.0),
    TRACKER(gate_probability, DOUBLE, 0.9, 0.99999),
    TRACKER(births_per_hour, DOUBLE, 0.01, 1e5),
    TRACKER(lifetime_s, DOUBLE, 10.0, 1e5),
    TRACKER(confirm_existence, DOUBLE, 0.5, 0.999999999),
    TRACKER(hold_ns, INT64, 0.0, 1e9),
    TRACKER(coast_ns, INT64, 1.0, 600e9),
    TRACKER(lose_ns, INT64, 1.0, 600e9),
    TRACKER(height_prior_m, DOUBLE, -1000.0, 100e3),
    TRACKER(height_prior_sigma_m, DOUBLE, 10.0, 20e3),
    INCIDENT(p_enter, DOUBLE, 0.500001, 0.999999),
    INCIDENT(p_exit, DOUBLE, 0.000001, 0.499999),
    INCIDENT(looks_inside, UINT32, 1.0, 16.0),
    INCIDENT(looks_of, UINT32, 1.0, 16.0),
    INCIDENT(dwell_ns, INT64, 0.0, 3600e9),
    INCIDENT(close_after_ns, INT64, 1e9, 86400e9),
    INCIDENT(existence_min, DOUBLE, 0.0, 0.999999),
    INCIDENT(assess_within_m, DOUBLE, 100.0, 1e6),
    INCIDENT(unstated_line_sigma_m, DOUBLE, 0.0, 1e5),
    {"tick_ns", offsetof(struct sky_config, tick_ns), FIELD_INT64, 10e6, 60e9},
    {"sensor_count", offsetof(struct sky_config, sensor_count), FIELD_UINT32, 0.0, SKY_SENSORS_MAX},
};

_Static_assert(sizeof(enum sky_sensor_kind) == sizeof(uint32_t), "read as one");
_Static_assert(sizeof(enum sky_asterix_021) == sizeof(uint32_t), "read as one");

static const struct field sensor_field[] = {
    SENSOR(kind, UINT32, SKY_SENSOR_RADAR, SKY_SENSOR_COOPERATIVE),
    SENSOR(asterix_021, UINT32, SKY_ASTERIX_021_ED_2_2, SKY_ASTERIX_021_ED_0_23),
    SENSOR(azimuth_offset_rad, DOUBLE, -SKY_PI, SKY_PI),
    SENSOR(sigma_range_m, DOUBLE, 0.01, 5000.0),
    SENSOR(sigma_azimuth_rad, DOUBLE, 1e-5, 0.5),
    SENSOR(sigma_elevation_rad, DOUBLE, 1e-5, 0.5),
    SENSOR(sigma_radial_mps, DOUBLE, 0.01, 100.0),
    SENSOR(bias_sigma_range_m, DOUBLE, 0.0, 5000.0),
    SENSOR(bias_sigma_azimuth_rad, DOUBLE, 0.0, 0.2),
    SENSOR(bias_sigma_elevation_rad, DOUBLE, 0.0, 0.2),
    SENSOR(quantum_range_m, DOUBLE, 0.0, 5000.0),
    SENSOR(quantum_azimuth_rad, DOUBLE, 0.0, 0.5),
    SENSOR(range_min_m, DOUBLE, 0.0, 1e6),
    SENSOR(range_max_m, DOUBLE, 10.0, 1e6),
    SENSOR(elevation_min_rad, DOUBLE, -0.5 * SKY_PI, 0.5 * SKY_PI),
    SENSOR(elevation_max_rad, DOUBLE, -0.5 * SKY_PI, 0.5 * SKY_PI),
    SENSOR(radial_max_mps, DOUBLE, 1.0, 3000.0),
    SENSOR(notch_mps, DOUBLE, 0.0, 100.0),
    SENSOR(notch_detection_probability, DOUBLE, 0.01, 0.999),
    SENSOR(sigma_place_m, DOUBLE, 0.1, 5000.0),
    SENSOR(detection_probability, DOUBLE, 0.05, 0.999),
    SENSOR(false_plots_per_scan, DOUBLE, 0.001, 1e5),
    SENSOR(scan_ns, INT64, 10e6, 60e9),
    SENSOR(latency_ns, INT64, 0.0, 10e9),
};

static double value_of(const void *base, const struct field *field)
{
    const unsigned char *const at = (const unsigned char *)base + field->offset;
    double real = 0.0;
    uint32_t count = 0;
    int64_t span = 0;

    if (field->type == FIELD_DOUBLE) {
        memcpy(&real, at, sizeof real);
    } else if (field->type == FIELD_UINT32) {
        memcpy(&count, at, sizeof count);
        real = (double)count;
    } else {
        memcpy(&span, at, sizeof span);
        real = (double)span;
    }
    return real;
}

/* The name of the first field outside its range, or NULL. NaN is outside every range. */
static const char *first_outside(const void *base, const struct field *field, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const double value = value_of(base, &field[i]);
        if (!(value >= field[i].least && value <= field[i].most)) {
            return field[i].name;
        }
    }
    return NULL;
}

static bool name_is_sound(const char name[SKY_NAME_MAX])
{
    size_t length = 0;
    while (length < SKY_NAME_MAX && name[length] > ' ' && name[length] <= '~') {
        length++;
    }
    return length > 0 && length < SKY_NAME_MAX && name[length] == '\0';
}

static bool names_are_equal(const char *a, const char *b)
{
    size_t i = 0;
    while (a[i] != '\0' && a[i] == b[i]) {
        i++;
    }
    return a[i] == b[i];
}

static bool clashes(const struct sky_config *config, uint32_t index, const char **ret_field)
{
    const struct sky_sensor_config *const sensor = &config->sensor[index];

    for (uint32_t i = 0; i < index; i++) {
        const struct sky_sensor_config *const other = &config->sensor[i];
        if (names_are_equal(other->name, sensor->name)) {
            *ret_field = "sensor.name";
            return true;
        }
        if (other->has_sac_sic && sensor->has_sac_sic && other->sac == sensor->sac &&
            other->sic == sensor->sic) {
            *ret_field = "sensor.sac_sic";
            return true;
        }
    }
    return false;
}

static enum sky_status check_sensor(const struct sky_config *config, uint32_t index,
                                    const char **ret_field)
{
    const struct sky_sensor_config *const sensor = &config->sensor[index];
    const char *const outside =
        first_outside(sensor, sensor_field, sizeof sensor_field / sizeof sensor_field[0]);

    if (outside != NULL) {
        *ret_field = outside;
        return SKY_E_RANGE;
    }
    if (sensor->range_min_m >= sensor->range_max_m) {
        *ret_field = "sensor.range_min_m";
        return SKY_E_RANGE;
    }
    if (sensor->elevation_min_rad >= sensor->elevation_max_rad) {
        *ret_field = "sensor.elevation_min_rad";
        return SKY_E_RANGE;
    }
    if (!name_is_sound(sensor->name)) {
        *ret_field = "sensor.name";
        return SKY_E_RANGE;
    }
    if (!sensor->at_station && !sky_geo_valid(&sensor->site)) {
        *ret_field = "sensor.site";
        return SKY_E_RANGE;
    }
    return clashes(config, index, ret_field) ? SKY_E_RANGE : SKY_OK;
}

enum sky_status sky_config_check(const struct sky_config *config, const char **ret_field)
{
    const char *const outside =
        first_outside(config, config_field, sizeof config_field / sizeof config_field[0]);

    if (outside != NULL) {
        *ret_field = outside;
        return SKY_E_RANGE;
    }
    if (config->station.has_site && !sky_geo_valid(&config->station.site)) {
        *ret_field = "station.site";
        return SKY_E_RANGE;
    }
    const double *const accel = config->tracker.accel_psd_m2ps3;
    if (accel[0] > accel[1] || accel[1] > accel[2]) {
        *ret_field = "tracker.accel_psd_m2ps3";
        return SKY_E_RANGE;
    }
    if (config->tracker.coast_ns > config->tracker.lose_ns) {
        *ret_field = "tracker.lose_ns";
        return SKY_E_RANGE;
    }
    if (config->incident.looks_inside > config->incident.looks_of) {
        *ret_field = "incident.looks_of";
        return SKY_E_RANGE;
    }
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        if (check_sensor(config, i, ret_field) != SKY_OK) {
            return SKY_E_RANGE;
        }
    }
    return SKY_OK;
}

void sky_config_motion(struct sky_tracker_config *tracker, enum sky_motion_kind kind)
{
    static const struct {
        double accel_psd_m2ps3[3];
        double turn_mps2;
        double sojourn_s;
        double speed_max_mps;
        double lifetime_s;
    } table[] = {
        [SKY_MOTION_AIRCRAFT] = {{0.02, 0.8, 10.0}, 3.57, 40.0, 350.0, 600.0},
        [SKY_MOTION_MIXED] = {{0.02, 0.8, 10.0}, 3.57, 40.0, 200.0, 300.0},
        [SKY_MOTION_DRONES] = {{0.05, 2.0, 25.0}, 4.0, 20.0, 60.0, 300.0},
    };
    for (int i = 0; i < 3; i++) {
        tracker->accel_psd_m2ps3[i] = table[kind].accel_psd_m2ps3[i];
    }
    tracker->turn_mps2 = table[kind].turn_mps2;
    tracker->sojourn_s = table[kind].sojourn_s;
    tracker->speed_max_mps = table[kind].speed_max_mps;
    tracker->lifetime_s = table[kind].lifetime_s;
}

enum sky_motion_kind sky_config_motion_for(double range_max_m)
{
    if (range_max_m < 10e3) {
        return SKY_MOTION_DRONES;
    }
    return range_max_m < 30e3 ? SKY_MOTION_MIXED : SKY_MOTION_AIRCRAFT;
}

enum sky_motion_kind sky_config_motion_seen(const struct sky_config *config)
{
    double reach_m = 0.0;
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        const struct sky_sensor_config *const sensor = &config->sensor[i];
        if (sensor->kind == SKY_SENSOR_RADAR && sensor->range_max_m > reach_m) {
            reach_m = sensor->range_max_m;
        }
    }
    return reach_m > 0.0 ? sky_config_motion_for(reach_m) : SKY_MOTION_AIRCRAFT;
}

void sky_config_sensor_default(struct sky_sensor_config *ret_sensor)
{
    memset(ret_sensor, 0, sizeof *ret_sensor);
    ret_sensor->kind = SKY_SENSOR_RADAR;
    ret_sensor->asterix_021 = SKY_ASTERIX_021_ED_2_2;
    ret_sensor->at_station = true;
    ret_sensor->measures_elevation = true;
    ret_sensor->sigma_range_m = 30.0;
    ret_sensor->sigma_azimuth_rad = 0.003;
    ret_sensor->sigma_elevation_rad = 0.006;
    ret_sensor->sigma_radial_mps = 1.5;
    ret_sensor->range_max_m = 100e3;
    ret_sensor->elevation_min_rad = -5.0 * SKY_PI / 180.0;
    ret_sensor->elevation_max_rad = 0.5 * SKY_PI;
    ret_sensor->radial_max_mps = 350.0;
    ret_sensor->detection_probability = 0.9;
    ret_sensor->notch_detection_probability = 0.5;
    ret_sensor->false_plots_per_scan = 10.0;
    ret_sensor->sigma_place_m = 30.0;
    ret_sensor->scan_ns = 4 * SKY_SECOND_NS;
}

void sky_config_default(struct sky_config *ret_config)
{
    memset(ret_config, 0, sizeof *ret_config);
    ret_config->tick_ns = SKY_SECOND_NS;

    struct sky_station_config *const station = &ret_config->station;
    station->site_sigma_m = 1.0;
    station->gnss_sigma_floor_m = 2.5;
    station->heading_sigma_rad = 0.005;

    struct sky_tracker_config *const tracker = &ret_config->tracker;
    sky_config_motion(tracker, SKY_MOTION_AIRCRAFT);
    tracker->gate_probability = 0.99999;
    tracker->births_per_hour = 20.0;
    tracker->confirm_existence = 0.9995;
    tracker->hold_ns = SKY_SECOND_NS / 8;
    tracker->coast_ns = 15 * SKY_SECOND_NS;
    tracker->lose_ns = 45 * SKY_SECOND_NS;
    tracker->height_prior_m = 4000.0;
    tracker->height_prior_sigma_m = 3000.0;

    struct sky_incident_config *const incident = &ret_config->incident;
    incident->p_enter = 0.95;
    incident->p_exit = 0.05;
    incident->looks_inside = 3;
    incident->looks_of = 4;
    incident->dwell_ns = 2 * SKY_SECOND_NS;
    incident->close_after_ns = 60 * SKY_SECOND_NS;
    incident->existence_min = 0.9;
    incident->assess_within_m = 50e3;
    incident->unstated_line_sigma_m = 250.0;
}
