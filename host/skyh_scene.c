#include "skyh_scene.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_csv.h"
#include "skyh_json.h"

static const double axis_m = 6378137.0;
static const double eccentricity2 = (2.0 - 1.0 / 298.257223563) / 298.257223563;
static const double rad_per_deg = 3.14159265358979323846 / 180.0;

/* --------------------------------------------------------------------------------- geometry */

void skyh_scene_place(double lat_deg, double lon_deg, double alt_m, double ret_p[3])
{
    const double lat = lat_deg * rad_per_deg, lon = lon_deg * rad_per_deg;
    const double s = sin(lat), c = cos(lat);
    const double n = axis_m / sqrt(1.0 - eccentricity2 * s * s);
    ret_p[0] = (n + alt_m) * c * cos(lon);
    ret_p[1] = (n + alt_m) * c * sin(lon);
    ret_p[2] = (n * (1.0 - eccentricity2) + alt_m) * s;
}

void skyh_scene_axes(double lat_deg, double lon_deg, double ret_axes[3][3])
{
    const double sl = sin(lat_deg * rad_per_deg), cl = cos(lat_deg * rad_per_deg);
    const double so = sin(lon_deg * rad_per_deg), co = cos(lon_deg * rad_per_deg);
    const double axes[3][3] = {{-so, co, 0.0}, {-sl * co, -sl * so, cl}, {cl * co, cl * so, sl}};
    memcpy(ret_axes, axes, sizeof axes);
}

double skyh_polygon_signed(const struct skyh_polygon *polygon, double lat_deg, double lon_deg)
{
    const double x = lon_deg * polygon->east_m_per_deg, y = lat_deg * polygon->north_m_per_deg;
    double nearest = HUGE_VAL;
    bool inside = false;
    for (size_t i = 0; i < polygon->count; i++) {
        const size_t k = i + 1 < polygon->count ? i + 1 : 0;
        const double px = polygon->x_m[i], py = polygon->y_m[i];
        const double dx = polygon->x_m[k] - px, dy = polygon->y_m[k] - py;
        const double length2 = fmax(dx * dx + dy * dy, 1e-12);
        const double share = fmin(1.0, fmax(0.0, ((x - px) * dx + (y - py) * dy) / length2));
        nearest = fmin(nearest, hypot(x - px - share * dx, y - py - share * dy));
        if ((py > y) != (polygon->y_m[k] > y) && x < dx * (y - py) / (dy + 1e-12) + px) {
            inside = !inside;
        }
    }
    return inside ? nearest : -nearest;
}

/* ----------------------------------------------------------------------------------- tables */

/* Columns of a table by name, in the order asked for. */
static bool find_columns(const struct skyh_csv *csv, const char *const *name, size_t count,
                         size_t *ret_column, struct skyh_problem *problem)
{
    for (size_t i = 0; i < count; i++) {
        if (!skyh_csv_find(csv, name[i], &ret_column[i], problem)) {
            return false;
        }
    }
    return true;
}

static bool open_in(struct skyh_csv *csv, const char *folder, const char *name, char path[512],
                    struct skyh_problem *problem)
{
    (void)snprintf(path, 512, "%.400s/%s", folder, name);
    return skyh_csv_open(csv, path, problem);
}

static bool take_name(const struct skyh_csv *csv, size_t row, size_t column,
                      char ret_name[SKYH_SCENE_NAME_MAX], struct skyh_problem *problem)
{
    const char *const text = skyh_csv_text(csv, row, column);
    if (text[0] == '\0' || strlen(text) >= SKYH_SCENE_NAME_MAX) {
        return skyh_csv_fail(csv, row, column, problem, "%.40s; expected a name of 1 to %d bytes",
                             text, SKYH_SCENE_NAME_MAX - 1);
    }
    (void)snprintf(ret_name, SKYH_SCENE_NAME_MAX, "%s", text);
    return true;
}

/* The element of that name in a list, added if need be; NULL without memory. */
static void *named(void **list, size_t *count, size_t bytes, const char *name)
{
    for (size_t i = *count; i-- > 0;) {
        char *const at = (char *)*list + i * bytes;
        if (strcmp(at, name) == 0) { /* every element begins with its name */
            return at;
        }
    }
    void *const grown = realloc(*list, (*count + 1) * bytes);
    if (grown == NULL) {
        return NULL;
    }
    *list = grown;
    char *const at = (char *)grown + (*count)++ * bytes;
    memset(at, 0, bytes);
    (void)snprintf(at, SKYH_SCENE_NAME_MAX, "%s", name);
    return at;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static int by_time(const void *a, const void *b)
{
    const struct skyh_path_row *const x = a, *const y = b;
    return x->t < y->t ? -1 : (x->t > y->t ? 1 : 0);
}

static bool no_memory(struct skyh_problem *problem)
{
    return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
}

static struct skyh_path_row *add_row(struct skyh_path_row **rows, size_t *count)
{
    if ((*count & (*count - 1)) == 0) { /* room grows in powers of two */
        struct skyh_path_row *const grown =
            realloc(*rows, (*count == 0 ? 1 : 2 * *count) * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        *rows = grown;
    }
    struct skyh_path_row *const row = &(*rows)[(*count)++];
    memset(row, 0, sizeof *row);
    return row;
}

/* t, lat, lon, alt and, if there are 7 columns, the velocity. */
static bool take_row(const struct skyh_csv *csv, size_t row, const size_t *column, size_t columns,
                     struct skyh_path_row *ret, struct skyh_problem *problem)
{
    double *const to[7] = {&ret->t,    &ret->lat_deg, &ret->lon_deg, &ret->alt_m,
                           &ret->v[0], &ret->v[1],    &ret->v[2]};
    for (size_t i = 0; i < columns; i++) {
        const double most = i == 1 ? 90.0 : (i == 2 ? 360.0 : 1e9);
        if (!skyh_csv_number(csv, row, column[i], -most, most, to[i], problem)) {
            return false;
        }
    }
    skyh_scene_place(ret->lat_deg, ret->lon_deg, ret->alt_m, ret->p);
    return true;
}

static bool read_truth(struct skyh_scene *scene, const struct skyh_csv *csv,
                       struct skyh_problem *problem)
{
    static const char *const names[] = {"t", "lat", "lon", "alt", "ve", "vn", "vu", "id"};
    size_t column[8];
    if (!find_columns(csv, names, 8, column, problem)) {
        return false;
    }
    for (size_t row = 0; row < csv->row_count; row++) {
        char id[SKYH_SCENE_NAME_MAX];
        if (!take_name(csv, row, column[7], id, problem)) {
            return false;
        }
        void *list = scene->truth;
        struct skyh_flown *const flown =
            named(&list, &scene->truth_count, sizeof *scene->truth, id);
        scene->truth = list;
        struct skyh_path_row *const at = flown == NULL ? NULL : add_row(&flown->row, &flown->count);
        if (at == NULL) {
            return no_memory(problem);
        }
        if (!take_row(csv, row, column, 7, at, problem)) {
            return false;
        }
    }
    if (scene->truth_count > 0) {
        qsort(scene->truth, scene->truth_count, sizeof *scene->truth, by_name);
    }
    return true;
}

static bool add_vertex(struct skyh_polygon *polygon, double lat_deg, double lon_deg)
{
    const size_t count = polygon->count + 1;
    double *const x = realloc(polygon->x_m, count * sizeof *x);
    polygon->x_m = x != NULL ? x : polygon->x_m;
    double *const y = realloc(polygon->y_m, count * sizeof *y);
    polygon->y_m = y != NULL ? y : polygon->y_m;
    if (x == NULL || y == NULL) {
        return false;
    }
    x[count - 1] = lon_deg;
    y[count - 1] = lat_deg;
    polygon->count = count;
    return true;
}

/* From degrees to metres, as they are at the mean latitude. */
static void lay_out(struct skyh_polygon *polygon)
{
    double lat_deg = 0.0;
    for (size_t i = 0; i < polygon->count; i++) {
        lat_deg += polygon->y_m[i] / (double)polygon->count;
    }
    const double s = sin(lat_deg * rad_per_deg);
    const double w = sqrt(1.0 - eccentricity2 * s * s);
    polygon->north_m_per_deg = rad_per_deg * axis_m * (1.0 - eccentricity2) / (w * w * w);
    polygon->east_m_per_deg = rad_per_deg * axis_m / w * cos(lat_deg * rad_per_deg);
    for (size_t i = 0; i < polygon->count; i++) {
        polygon->x_m[i] *= polygon->east_m_per_deg;
        polygon->y_m[i] *= polygon->north_m_per_deg;
    }
}

static bool read_zones(struct skyh_scene *scene, const struct skyh_csv *csv, bool published,
                       struct skyh_problem *problem)
{
    static const char *const names[] = {"zone", "lat", "lon"};
    size_t column[3];
    if (!find_columns(csv, names, 3, column, problem)) {
        return false;
    }
    for (size_t row = 0; row < csv->row_count; row++) {
        char name[SKYH_SCENE_NAME_MAX];
        double lat_deg = 0.0, lon_deg = 0.0;
        if (!take_name(csv, row, column[0], name, problem) ||
            !skyh_csv_number(csv, row, column[1], -90.0, 90.0, &lat_deg, problem) ||
            !skyh_csv_number(csv, row, column[2], -360.0, 360.0, &lon_deg, problem)) {
            return false;
        }
        void *list = scene->zone;
        struct skyh_scene_zone *const zone =
            named(&list, &scene->zone_count, sizeof *scene->zone, name);
        scene->zone = list;
        if (zone == NULL ||
            !add_vertex(published ? &zone->published : &zone->true_line, lat_deg, lon_deg)) {
            return no_memory(problem);
        }
    }
    return true;
}

static bool check_zones(struct skyh_scene *scene, const char *folder, struct skyh_problem *problem)
{
    for (size_t i = 0; i < scene->zone_count; i++) {
        struct skyh_scene_zone *const zone = &scene->zone[i];
        if (zone->true_line.count < 3 || zone->published.count < 3) {
            return skyh_fail(problem, SKYH_EXIT_DATA,
                             "%.300s: zone %s: expected at least three vertices in zones.csv and "
                             "in zones_true.csv",
                             folder, zone->name);
        }
        lay_out(&zone->true_line);
        lay_out(&zone->published);
    }
    return true;
}

static bool read_sensors(struct skyh_scene *scene, const struct skyh_csv *csv,
                         struct skyh_problem *problem)
{
    static const char *const names[] = {"sensor", "rmin", "rmax", "elmin", "elmax"};
    size_t column[5];
    if (!find_columns(csv, names, 5, column, problem)) {
        return false;
    }
    for (size_t row = 0; row < csv->row_count; row++) {
        char name[SKYH_SCENE_NAME_MAX];
        if (!take_name(csv, row, column[0], name, problem)) {
            return false;
        }
        void *list = scene->sensor;
        struct skyh_scene_sensor *const sensor =
            named(&list, &scene->sensor_count, sizeof *scene->sensor, name);
        scene->sensor = list;
        if (sensor == NULL) {
            return no_memory(problem);
        }
        double *const to[4] = {&sensor->range_min_m, &sensor->range_max_m,
                               &sensor->elevation_min_deg, &sensor->elevation_max_deg};
        for (size_t i = 0; i < 4; i++) {
            if (!skyh_csv_number(csv, row, column[i + 1], -1e9, 1e9, to[i], problem)) {
                return false;
            }
        }
    }
    return true;
}

static bool read_poses(struct skyh_scene *scene, const struct skyh_csv *csv,
                       struct skyh_problem *problem)
{
    static const char *const names[] = {"t", "lat", "lon", "alt", "sensor"};
    size_t column[5];
    if (!find_columns(csv, names, 5, column, problem)) {
        return false;
    }
    for (size_t row = 0; row < csv->row_count; row++) {
        const char *const name = skyh_csv_text(csv, row, column[4]);
        size_t i = 0;
        while (i < scene->sensor_count && strcmp(scene->sensor[i].name, name) != 0) {
            i++;
        }
        if (i == scene->sensor_count) {
            return skyh_csv_fail(csv, row, column[4], problem,
                                 "%.40s; expected a sensor of sensors.csv", name);
        }
        struct skyh_path_row *const at = add_row(&scene->sensor[i].pose, &scene->sensor[i].count);
        if (at == NULL) {
            return no_memory(problem);
        }
        if (!take_row(csv, row, column, 4, at, problem)) {
            return false;
        }
    }
    for (size_t i = 0; i < scene->sensor_count; i++) {
        if (scene->sensor[i].count == 0) {
            return skyh_fail(problem, SKYH_EXIT_DATA, "%s: no row of sensor %s; expected one",
                             csv->file, scene->sensor[i].name);
        }
    }
    return true;
}

static bool read_meta(struct skyh_scene *scene, const char *folder, struct skyh_problem *problem)
{
    char path[512], *text = NULL;
    size_t count = 0;
    json_t *json = NULL;
    (void)snprintf(path, sizeof path, "%.400s/meta.json", folder);
    bool read = skyh_json_slurp(path, &text, &count, problem) &&
                skyh_json_parse(path, text, count, &json, problem);
    static const char *const key[] = {"t0", "t1", "gospa_c"};
    double *const to[] = {&scene->t0, &scene->t1, &scene->cutoff_m};
    for (size_t i = 0; i < 3 && read; i++) {
        const json_t *const value = json_object_get(json, key[i]);
        read =
            json_is_number(value) ||
            skyh_fail(problem, SKYH_EXIT_DATA, "%s: %s: missing; expected a number", path, key[i]);
        *to[i] = read ? json_number_value(value) : 0.0;
    }
    json_decref(json);
    free(text);
    return read &&
           (scene->cutoff_m > 0.0 ||
            skyh_fail(problem, SKYH_EXIT_DATA, "%s: gospa_c: expected metres above 0", path));
}

static bool read_lines(struct skyh_scene *scene, const struct skyh_csv *csv,
                       struct skyh_problem *problem)
{
    return read_zones(scene, csv, false, problem);
}

static bool read_published(struct skyh_scene *scene, const struct skyh_csv *csv,
                           struct skyh_problem *problem)
{
    return read_zones(scene, csv, true, problem);
}

bool skyh_scene_open(struct skyh_scene *scene, const char *folder, struct skyh_problem *problem)
{
    static const struct {
        const char *name;
        bool (*read)(struct skyh_scene *, const struct skyh_csv *, struct skyh_problem *);
    } table[] = {{"truth.csv", read_truth},
                 {"zones_true.csv", read_lines},
                 {"zones.csv", read_published},
                 {"sensors.csv", read_sensors},
                 {"pose.csv", read_poses}};
    bool read = read_meta(scene, folder, problem);
    for (size_t i = 0; i < sizeof table / sizeof table[0] && read; i++) {
        struct skyh_csv csv = {0};
        char path[512];
        read = open_in(&csv, folder, table[i].name, path, problem) &&
               table[i].read(scene, &csv, problem);
        skyh_csv_close(&csv);
    }
    return read && check_zones(scene, folder, problem);
}

/* ----------------------------------------------------------------------------------- tracks */

/* Where a table of tracks has what. */
struct layout {
    size_t column[7];
    size_t id;
    bool has_t_out, has_existence;
    size_t t_out, existence;
    size_t cov[21];
    bool *has_zone;
    size_t *zone;
};

static bool find_layout(struct skyh_scene *scene, const struct skyh_csv *csv, struct layout *layout,
                        struct skyh_problem *problem)
{
    static const char *const names[] = {"t", "lat", "lon", "alt", "ve", "vn", "vu"};
    if (!find_columns(csv, names, 7, layout->column, problem) ||
        !skyh_csv_find(csv, "track_id", &layout->id, problem)) {
        return false;
    }
    layout->has_t_out = skyh_csv_has(csv, "t_out", &layout->t_out);
    layout->has_existence = skyh_csv_has(csv, "p_exist", &layout->existence);
    scene->has_cov = skyh_csv_has(csv, "c00", &layout->cov[0]);
    for (int i = 0, n = 0; i < 6 && scene->has_cov; i++) {
        for (int j = i; j < 6; j++, n++) {
            char name[24];
            (void)snprintf(name, sizeof name, "c%d%d", i, j);
            if (!skyh_csv_find(csv, name, &layout->cov[n], problem)) {
                return false;
            }
        }
    }
    for (size_t z = 0; z < scene->zone_count; z++) {
        char name[SKYH_SCENE_NAME_MAX + 2];
        (void)snprintf(name, sizeof name, "p_%s", scene->zone[z].name);
        layout->has_zone[z] = skyh_csv_has(csv, name, &layout->zone[z]);
    }
    return true;
}

/* A number that may be left out. */
static bool take_maybe(const struct skyh_csv *csv, size_t row, size_t column, double *ret,
                       struct skyh_problem *problem)
{
    *ret = (double)NAN;
    return skyh_csv_text(csv, row, column)[0] == '\0' ||
           skyh_csv_number(csv, row, column, -1e18, 1e18, ret, problem);
}

static bool take_track_row(const struct skyh_scene *scene, const struct skyh_csv *csv, size_t row,
                           const struct layout *layout, struct skyh_path_row *at, double *inside,
                           struct skyh_problem *problem)
{
    if (!take_row(csv, row, layout->column, 7, at, problem)) {
        return false;
    }
    at->t_out = at->t;
    at->existence = (double)NAN;
    if ((layout->has_t_out && !take_maybe(csv, row, layout->t_out, &at->t_out, problem)) ||
        (layout->has_existence &&
         !take_maybe(csv, row, layout->existence, &at->existence, problem))) {
        return false;
    }
    for (int i = 0, n = 0; i < 6 && scene->has_cov; i++) {
        for (int j = i; j < 6; j++, n++) {
            if (!take_maybe(csv, row, layout->cov[n], &at->cov[i][j], problem)) {
                return false;
            }
            at->cov[j][i] = at->cov[i][j];
        }
    }
    for (size_t z = 0; z < scene->zone_count; z++) {
        inside[z] = (double)NAN;
        if (layout->has_zone[z] && !take_maybe(csv, row, layout->zone[z], &inside[z], problem)) {
            return false;
        }
    }
    return true;
}

static bool read_tracks(struct skyh_scene *scene, const struct skyh_csv *csv,
                        const struct layout *layout, struct skyh_problem *problem)
{
    for (size_t row = 0; row < csv->row_count; row++) {
        char id[SKYH_SCENE_NAME_MAX];
        if (!take_name(csv, row, layout->id, id, problem)) {
            return false;
        }
        void *list = scene->track;
        struct skyh_flown *const flown =
            named(&list, &scene->track_count, sizeof *scene->track, id);
        scene->track = list;
        struct skyh_path_row *const at = flown == NULL ? NULL : add_row(&flown->row, &flown->count);
        double *const grown =
            at == NULL
                ? NULL
                : realloc(flown->inside, (flown->count * scene->zone_count + 1) * sizeof *grown);
        if (grown == NULL) {
            return no_memory(problem);
        }
        flown->inside = grown;
        if (!take_track_row(scene, csv, row, layout, at,
                            grown + (flown->count - 1) * scene->zone_count, problem)) {
            return false;
        }
        if (flown->count > 1 && by_time(&at[-1], at) > 0) {
            return skyh_csv_fail(csv, row, layout->column[0], problem,
                                 "before the row above of track %s; expected rows of a track by "
                                 "time",
                                 id);
        }
    }
    if (scene->track_count > 0) {
        qsort(scene->track, scene->track_count, sizeof *scene->track, by_name);
    }
    return true;
}

static bool read_events(struct skyh_scene *scene, const struct skyh_csv *csv,
                        struct skyh_problem *problem)
{
    static const char *const names[] = {"t_decl", "zone", "kind", "track_id"};
    size_t column[4], event = 0;
    if (!find_columns(csv, names, 4, column, problem)) {
        return false;
    }
    const bool has_event = skyh_csv_has(csv, "t_event", &event);
    scene->declared = calloc(csv->row_count + 1, sizeof *scene->declared);
    if (scene->declared == NULL) {
        return no_memory(problem);
    }
    scene->has_events = true;
    for (size_t row = 0; row < csv->row_count; row++) {
        struct skyh_declared *const to = &scene->declared[scene->declared_count];
        const char *const zone = skyh_csv_text(csv, row, column[1]);
        const char *const kind = skyh_csv_text(csv, row, column[2]);
        to->zone = 0;
        while (to->zone < scene->zone_count && strcmp(scene->zone[to->zone].name, zone) != 0) {
            to->zone++;
        }
        to->enter = strcmp(kind, "enter") == 0 || strcmp(kind, "first_in") == 0;
        to->t_event = (double)NAN;
        if (!skyh_csv_number(csv, row, column[0], -1e9, 1e9, &to->t, problem) ||
            !take_name(csv, row, column[3], to->track_id, problem) ||
            (has_event && !take_maybe(csv, row, event, &to->t_event, problem))) {
            return false;
        }
        scene->declared_count += to->zone < scene->zone_count ? 1 : 0; /* others are not asked */
    }
    return true;
}

bool skyh_scene_tracks(struct skyh_scene *scene, const char *tracks, const char *events,
                       struct skyh_problem *problem)
{
    struct skyh_csv csv = {0}, events_csv = {0};
    struct layout layout = {.id = 0};
    layout.has_zone = calloc(scene->zone_count + 1, sizeof *layout.has_zone);
    layout.zone = calloc(scene->zone_count + 1, sizeof *layout.zone);
    bool read = layout.has_zone != NULL && layout.zone != NULL;
    read = read ? skyh_csv_open(&csv, tracks, problem) &&
                      find_layout(scene, &csv, &layout, problem) &&
                      read_tracks(scene, &csv, &layout, problem)
                : no_memory(problem);
    skyh_csv_close(&csv);
    if (read && events != NULL) {
        read =
            skyh_csv_open(&events_csv, events, problem) && read_events(scene, &events_csv, problem);
        skyh_csv_close(&events_csv);
    }
    free(layout.has_zone);
    free(layout.zone);
    return read;
}

static void free_flown(struct skyh_flown *flown, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(flown[i].row);
        free(flown[i].inside);
    }
    free(flown);
}

void skyh_scene_close(struct skyh_scene *scene)
{
    free_flown(scene->truth, scene->truth_count);
    free_flown(scene->track, scene->track_count);
    for (size_t i = 0; i < scene->zone_count; i++) {
        free(scene->zone[i].true_line.x_m);
        free(scene->zone[i].true_line.y_m);
        free(scene->zone[i].published.x_m);
        free(scene->zone[i].published.y_m);
    }
    for (size_t i = 0; i < scene->sensor_count; i++) {
        free(scene->sensor[i].pose);
    }
    free(scene->zone);
    free(scene->sensor);
    free(scene->declared);
    memset(scene, 0, sizeof *scene);
}
