#include "skyh_survey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"

static const double rad_per_deg = SKY_PI / 180.0;
static const double moving_above_mps = 0.5;
static const double stray_most_m = 50.0;
static const int64_t survey_ns = 60 * SKY_SECOND_NS;
static const double time_most_s = 1e9;

static double hold(double value, double least, double most)
{
    return value < least ? least : (value > most ? most : value);
}

/* ---------------------------------------------------------------------------- the pose table */

/* A column, what it may hold, and where it goes. */
struct pose_column {
    const char *name;
    size_t offset; /* in struct skyh_fix */
    double least;
    double most;
};

static const struct pose_column pose_columns[] = {
    /* Places beyond the poles and the like are the station's to refuse: it must be seen to. */
    {"lat", offsetof(struct skyh_fix, lat_deg), -1e6, 1e6},
    {"lon", offsetof(struct skyh_fix, lon_deg), -1e6, 1e6},
    {"alt", offsetof(struct skyh_fix, alt_hae_m), -1e9, 1e9},
    {"ve", offsetof(struct skyh_fix, east_mps), -1e6, 1e6},
    {"vn", offsetof(struct skyh_fix, north_mps), -1e6, 1e6},
    {"vu", offsetof(struct skyh_fix, up_mps), -1e6, 1e6},
    {"sig_h", offsetof(struct skyh_fix, sigma_horizontal_m), 0.0, 1e6},
    {"sig_v", offsetof(struct skyh_fix, sigma_vertical_m), 0.0, 1e6},
};

static bool read_fix(const struct skyh_csv *pose, size_t row, struct skyh_fix *ret_fix,
                     struct skyh_problem *problem)
{
    size_t column = 0;
    double t_s = 0.0;
    for (size_t i = 0; i < sizeof pose_columns / sizeof pose_columns[0]; i++) {
        const struct pose_column *const field = &pose_columns[i];
        double value = 0.0;
        if (!skyh_csv_find(pose, field->name, &column, problem) ||
            !skyh_csv_number(pose, row, column, field->least, field->most, &value, problem)) {
            return false;
        }
        memcpy((char *)ret_fix + field->offset, &value, sizeof value);
    }
    if (!skyh_csv_find(pose, "t", &column, problem) ||
        !skyh_csv_number(pose, row, column, -time_most_s, time_most_s, &t_s, problem)) {
        return false;
    }
    ret_fix->time_ns = llround(t_s * 1e9);
    return true;
}

/* Reads the fixes of one sensor, which must be in order of time. Owns: the caller frees them. */
static bool read_fixes(const struct skyh_csv *pose, const char *sensor, struct skyh_fix **ret_fix,
                       size_t *ret_count, struct skyh_problem *problem)
{
    size_t count = 0, name = 0, time = 0;
    if (!skyh_csv_find(pose, "sensor", &name, problem) ||
        !skyh_csv_find(pose, "t", &time, problem)) {
        return false;
    }
    struct skyh_fix *const fix = calloc(pose->row_count + 1, sizeof *fix);
    if (fix == NULL) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", pose->file);
        return false;
    }
    bool read = true;
    for (size_t row = 0; read && row < pose->row_count; row++) {
        if (strcmp(skyh_csv_text(pose, row, name), sensor) != 0) {
            continue;
        }
        read = read_fix(pose, row, &fix[count], problem);
        if (read && count > 0 && fix[count].time_ns < fix[count - 1].time_ns) {
            read = skyh_csv_fail(pose, row, time, problem,
                                 "%s is before the row above of %s; "
                                 "expected rows in order of time",
                                 skyh_csv_text(pose, row, time), sensor);
        }
        count++;
    }
    if (read && count == 0) {
        read = skyh_fail(problem, SKYH_EXIT_DATA, "%s: no row of sensor %s; expected its fixes",
                         pose->file, sensor);
    }
    if (!read) {
        free(fix);
        return false;
    }
    *ret_fix = fix;
    *ret_count = count;
    return true;
}

/* ------------------------------------------------------------------------- where sensors stand */

static double metres_between(const struct sky_lla *a, double lat_deg, double lon_deg)
{
    const struct sky_geo_radii radii = sky_geo_radii_at(a->lat_rad);
    const double north_m = (lat_deg * rad_per_deg - a->lat_rad) * radii.north_m;
    const double east_m = sky_wrap_pi(lon_deg * rad_per_deg - a->lon_rad) * radii.east_m;
    return hypot(north_m, east_m);
}

/* The mean of the first minute. False if there is a place no sensor can stand at. */
static bool mean_place(const struct skyh_fix *fix, size_t count, struct sky_lla *ret_place)
{
    const double lat_rad = fix[0].lat_deg * rad_per_deg, lon_rad = fix[0].lon_deg * rad_per_deg;
    struct sky_lla sum = {0.0, 0.0, 0.0};
    size_t used = 0;
    for (; used < count && fix[used].time_ns <= fix[0].time_ns + survey_ns; used++) {
        sum.lat_rad += fix[used].lat_deg * rad_per_deg - lat_rad;
        sum.lon_rad += sky_wrap_pi(fix[used].lon_deg * rad_per_deg - lon_rad);
        sum.alt_hae_m += fix[used].alt_hae_m;
    }
    const double share = 1.0 / (double)used;
    const struct sky_lla place = {lat_rad + sum.lat_rad * share,
                                  sky_wrap_pi(lon_rad + sum.lon_rad * share),
                                  sum.alt_hae_m * share};
    if (!sky_geo_valid(&place)) {
        return false;
    }
    *ret_place = place;
    return true;
}

static bool survey_site(const struct skyh_survey *survey, struct sky_sensor_config *sensor,
                        struct skyh_problem *problem)
{
    const char *const file = survey->pose.file;
    struct skyh_fix *fix = NULL;
    size_t count = 0;
    if (!read_fixes(&survey->pose, sensor->name, &fix, &count, problem)) {
        return false;
    }
    bool stands = mean_place(fix, count, &sensor->site) ||
                  skyh_fail(problem, SKYH_EXIT_DATA,
                            "%s: %s: lat, lon or alt of its first minute; expected a place on "
                            "Earth",
                            file, sensor->name);
    for (size_t i = 0; stands && i < count; i++) {
        const double stray_m = metres_between(&sensor->site, fix[i].lat_deg, fix[i].lon_deg);
        stands = stray_m <= stray_most_m ||
                 skyh_fail(problem, SKYH_EXIT_DATA,
                           "%s: %s: %.0f m from where it stood, at t %.3f; expected one that "
                           "stands: only the first sensor may move",
                           file, sensor->name, stray_m, (double)fix[i].time_ns * 1e-9);
    }
    free(fix);
    return stands;
}

static bool set_station(const struct skyh_survey *survey, struct sky_station_config *station,
                        struct skyh_problem *problem)
{
    size_t name = 0, heading = 0;
    double sigma_deg = 0.0;
    for (size_t i = 0; i < survey->fix_count; i++) {
        const struct skyh_fix *const fix = &survey->fix[i];
        const double speed2 = fix->east_mps * fix->east_mps + fix->north_mps * fix->north_mps +
                              fix->up_mps * fix->up_mps;
        station->moving = station->moving || speed2 > moving_above_mps * moving_above_mps;
    }
    /* Fixes of one receiver err alike for minutes: their own sigma is the floor of the mean's. */
    station->gnss_sigma_floor_m = hold(survey->fix[0].sigma_horizontal_m, 0.1, 100.0);
    station->site_sigma_m = station->gnss_sigma_floor_m;
    if (!skyh_csv_find(&survey->pose, "sensor", &name, problem) ||
        !skyh_csv_find(&survey->pose, "sig_heading_deg", &heading, problem)) {
        return false;
    }
    const char *const first = skyh_csv_text(&survey->sensors, 0, survey->sensor_name);
    size_t row = 0;
    while (strcmp(skyh_csv_text(&survey->pose, row, name), first) != 0) {
        row++;
    }
    if (!skyh_csv_number(&survey->pose, row, heading, 0.0, 57.0, &sigma_deg, problem)) {
        return false;
    }
    station->heading_sigma_rad = sigma_deg * rad_per_deg;
    return true;
}

/* -------------------------------------------------------------------------- the sensor table */

/* A column, its range in the file's unit, and how it becomes the configuration's. */
struct sensor_column {
    const char *name;
    size_t offset; /* in struct sky_sensor_config */
    double least;
    double most;
    double factor;
    bool optional;
};

#define MEMBER(member) offsetof(struct sky_sensor_config, member)

static const struct sensor_column sensor_columns[] = {
    {"pd", MEMBER(detection_probability), 0.0, 1.0, 1.0, false},
    {"fa_per_scan", MEMBER(false_plots_per_scan), 0.0, 1e5, 1.0, false},
    {"rmin", MEMBER(range_min_m), 0.0, 1e6, 1.0, false},
    {"rmax", MEMBER(range_max_m), 10.0, 1e6, 1.0, false},
    {"elmin", MEMBER(elevation_min_rad), -90.0, 90.0, SKY_PI / 180.0, false},
    {"elmax", MEMBER(elevation_max_rad), -90.0, 90.0, SKY_PI / 180.0, false},
    {"vmax", MEMBER(radial_max_mps), 1.0, 3000.0, 1.0, false},
    {"notch_mps", MEMBER(notch_mps), 0.0, 100.0, 1.0, false},
    {"pd_notch", MEMBER(notch_detection_probability), 0.0, 1.0, 1.0, false},
    {"bias_r", MEMBER(bias_sigma_range_m), 0.0, 5000.0, 1.0, true},
    {"bias_az_deg", MEMBER(bias_sigma_azimuth_rad), 0.0, 11.0, SKY_PI / 180.0, true},
    {"bias_el_deg", MEMBER(bias_sigma_elevation_rad), 0.0, 11.0, SKY_PI / 180.0, true},
};

static bool read_columns(const struct skyh_csv *sensors, size_t row,
                         struct sky_sensor_config *sensor, struct skyh_problem *problem)
{
    size_t column = 0;
    double scan_s = 0.0, value = 0.0;
    for (size_t i = 0; i < sizeof sensor_columns / sizeof sensor_columns[0]; i++) {
        const struct sensor_column *const field = &sensor_columns[i];
        if (!skyh_csv_has(sensors, field->name, &column)) {
            if (field->optional) {
                continue;
            }
            return skyh_csv_find(sensors, field->name, &column, problem);
        }
        if (!skyh_csv_number(sensors, row, column, field->least, field->most, &value, problem)) {
            return false;
        }
        value *= field->factor;
        memcpy((char *)sensor + field->offset, &value, sizeof value);
    }
    if (!skyh_csv_find(sensors, "scan_s", &column, problem) ||
        !skyh_csv_number(sensors, row, column, 0.01, 60.0, &scan_s, problem)) {
        return false;
    }
    sensor->scan_ns = llround(scan_s * 1e9);
    return true;
}

/* pd_notch says which share of pd is left in the notch; neither is ever quite 0 or 1. */
static void set_probabilities(struct sky_sensor_config *sensor)
{
    sensor->notch_detection_probability =
        hold(sensor->detection_probability * sensor->notch_detection_probability, 0.01, 0.999);
    sensor->detection_probability = hold(sensor->detection_probability, 0.05, 0.999);
    sensor->false_plots_per_scan = hold(sensor->false_plots_per_scan, 0.001, 1e5);
}

static void set_sigmas(struct sky_sensor_config *sensor, const struct skyh_plotfile *plots)
{
    struct skyh_plot_sigmas said;
    if (!skyh_plotfile_sigmas(plots, sensor->name, &said)) {
        return;
    }
    sensor->measures_elevation = said.elevation_deg > 0.0;
    sensor->sigma_range_m = hold(said.range_m, 0.01, 5000.0);
    sensor->sigma_azimuth_rad = hold(said.azimuth_deg * rad_per_deg, 1e-5, 0.5);
    if (said.elevation_deg > 0.0) {
        sensor->sigma_elevation_rad = hold(said.elevation_deg * rad_per_deg, 1e-5, 0.5);
    }
    if (said.radial_mps > 0.0) {
        sensor->sigma_radial_mps = hold(said.radial_mps, 0.01, 100.0);
    }
}

static bool is_name(const char *text)
{
    const size_t length = strlen(text);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            return false;
        }
    }
    return length > 0 && length < SKY_NAME_MAX;
}

static bool take_name(const struct skyh_survey *survey, size_t row, struct sky_config *config,
                      struct skyh_problem *problem)
{
    const struct skyh_csv *const sensors = &survey->sensors;
    const size_t column = survey->sensor_name;
    const char *const name = skyh_csv_text(sensors, row, column);
    if (!is_name(name)) {
        return skyh_csv_fail(sensors, row, column, problem,
                             "\"%.40s\"; expected 1 to %d printable ASCII characters without "
                             "spaces",
                             name, SKY_NAME_MAX - 1);
    }
    for (size_t i = 0; i < row; i++) {
        if (strcmp(config->sensor[i].name, name) == 0) {
            return skyh_csv_fail(sensors, row, column, problem,
                                 "%s was there before; expected a row "
                                 "for each sensor",
                                 name);
        }
    }
    (void)snprintf(config->sensor[row].name, SKY_NAME_MAX, "%s", name);
    return true;
}

static bool take_sensor(const struct skyh_survey *survey, size_t row,
                        const struct skyh_plotfile *plots, struct sky_config *config,
                        struct skyh_problem *problem)
{
    struct sky_sensor_config *const sensor = &config->sensor[row];
    sky_config_sensor_default(sensor);
    sensor->bias_sigma_range_m = 0.0;
    sensor->bias_sigma_azimuth_rad = 0.0;
    sensor->bias_sigma_elevation_rad = 0.0;
    if (!take_name(survey, row, config, problem) ||
        !read_columns(&survey->sensors, row, sensor, problem)) {
        return false;
    }
    set_probabilities(sensor);
    set_sigmas(sensor, plots);
    sensor->at_station = row == 0;
    return row == 0 || survey_site(survey, sensor, problem);
}

bool skyh_survey_open(struct skyh_survey *survey, const char *pose, const char *sensors,
                      struct skyh_problem *problem)
{
    if (!skyh_csv_open(&survey->pose, pose, problem) ||
        !skyh_csv_open(&survey->sensors, sensors, problem) ||
        !skyh_csv_find(&survey->sensors, "sensor", &survey->sensor_name, problem)) {
        return false;
    }
    const size_t count = survey->sensors.row_count;
    if (count < 1 || count > SKY_SENSORS_MAX) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s: %zu sensors; expected 1 to %d", sensors,
                         count, SKY_SENSORS_MAX);
    }
    return read_fixes(&survey->pose, skyh_csv_text(&survey->sensors, 0, survey->sensor_name),
                      &survey->fix, &survey->fix_count, problem);
}

void skyh_survey_done(struct skyh_survey *survey)
{
    skyh_csv_close(&survey->pose);
    skyh_csv_close(&survey->sensors);
    free(survey->fix);
    survey->fix = NULL;
}

bool skyh_survey_config(const struct skyh_survey *survey, const struct skyh_plotfile *plots,
                        enum sky_motion_kind motion, struct sky_config *ret_config,
                        struct skyh_problem *problem)
{
    double reach_m = 0.0;
    const char *field = "";
    sky_config_default(ret_config);
    if (!set_station(survey, &ret_config->station, problem)) {
        return false;
    }
    for (size_t row = 0; row < survey->sensors.row_count; row++) {
        if (!take_sensor(survey, row, plots, ret_config, problem)) {
            return false;
        }
        reach_m = fmax(reach_m, ret_config->sensor[row].range_max_m);
        ret_config->sensor_count++;
    }
    sky_config_motion(&ret_config->tracker, motion != 0 ? motion : sky_config_motion_for(reach_m));
    return sky_config_check(ret_config, &field) == SKY_OK ||
           skyh_fail(problem, SKYH_EXIT_DATA, "%s: %s is out of its range", survey->sensors.file,
                     field);
}
