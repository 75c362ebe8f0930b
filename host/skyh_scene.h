/**
 * skyh_scene: what truly flew, and a table of tracks to hold against it.
 *
 * A scene is a folder of tables: truth.csv (t, id, lat, lon, alt, ve, vn, vu), zones_true.csv and
 * zones.csv (zone, lat, lon: where zones truly are, and as they were published), sensors.csv
 * (sensor, rmin, rmax, elmin, elmax), pose.csv (t, sensor, lat, lon, alt: where sensors stood) and
 * meta.json (t0, t1, gospa_c). Times are seconds of one axis, angles degrees, heights above the
 * ellipsoid. Tracks and events are as export writes them.
 */
#ifndef SKYH_SCENE_H
#define SKYH_SCENE_H

#include <stdbool.h>
#include <stddef.h>

#include "skyh_out.h"

enum { SKYH_SCENE_NAME_MAX = 64 };

/** A truth or a track: its rows by time. Arrays are owned. */
struct skyh_path_row {
    double t;
    double lat_deg;
    double lon_deg;
    double alt_m;
    double v[3]; /* east, north, up */
    double p[3]; /* earth-centred, m */
    /* of a track */
    double cov[6][6];
    double t_out;
    double existence; /* NaN: not said */
};

struct skyh_flown {
    char id[SKYH_SCENE_NAME_MAX];
    size_t count;
    struct skyh_path_row *row;
    double *inside; /* of a track: P(inside), zone by zone of each row; NaN: not said */
};

/** A polygon with straight edges in longitude and latitude, laid out in metres. */
struct skyh_polygon {
    size_t count;
    double *x_m;
    double *y_m;
    double east_m_per_deg;
    double north_m_per_deg;
};

struct skyh_scene_zone {
    char name[SKYH_SCENE_NAME_MAX];
    struct skyh_polygon true_line;
    struct skyh_polygon published;
};

struct skyh_scene_sensor {
    char name[SKYH_SCENE_NAME_MAX];
    double range_min_m, range_max_m, elevation_min_deg, elevation_max_deg;
    size_t count;
    struct skyh_path_row *pose;
};

/** An entry or exit that was declared. */
struct skyh_declared {
    double t;
    double t_event; /* NaN: not said */
    size_t zone;
    bool enter;
    char track_id[SKYH_SCENE_NAME_MAX];
};

/** Start zeroed, end with skyh_scene_close. Truths, tracks and zones are in the order of names. */
struct skyh_scene {
    double t0, t1, cutoff_m;
    size_t truth_count;
    struct skyh_flown *truth;
    size_t track_count;
    struct skyh_flown *track;
    bool has_cov;
    size_t zone_count;
    struct skyh_scene_zone *zone;
    size_t sensor_count;
    struct skyh_scene_sensor *sensor;
    bool has_events;
    size_t declared_count;
    struct skyh_declared *declared;
};

/** Reads the folder. SKYH_EXIT_NO_INPUT or SKYH_EXIT_DATA with file, line and column. */
bool skyh_scene_open(struct skyh_scene *scene, const char *folder, struct skyh_problem *problem);

/** Reads tracks to be scored, and entries and exits if events is not NULL. */
bool skyh_scene_tracks(struct skyh_scene *scene, const char *tracks, const char *events,
                       struct skyh_problem *problem);

void skyh_scene_close(struct skyh_scene *scene);

/** Signed distance of a place from the polygon's edge, > 0 inside. */
double skyh_polygon_signed(const struct skyh_polygon *polygon, double lat_deg, double lon_deg);

/** Earth-centred place. */
void skyh_scene_place(double lat_deg, double lon_deg, double alt_m, double ret_p[3]);

/** East, north and up there, as rows. */
void skyh_scene_axes(double lat_deg, double lon_deg, double ret_axes[3][3]);

#endif
