/**
 * skyh_survey: a station's configuration and its fixes, from a table of sensors and one of poses.
 *
 * The first sensor stands at the station: its rows of the pose table are the station's fixes, and
 * it may move. Every other one stands where the fixes of its first minute say on average, which is
 * what a survey on arrival would have found; it may not move.
 */
#ifndef SKYH_SURVEY_H
#define SKYH_SURVEY_H

#include "sky_config.h"
#include "sky_input.h"
#include "skyh_csv.h"
#include "skyh_plotfile.h"

/** A fix of the station. */
struct skyh_fix {
    int64_t time_ns; /* since t = 0 */
    double lat_deg;
    double lon_deg;
    double alt_hae_m;
    double east_mps;
    double north_mps;
    double up_mps;
    double sigma_horizontal_m; /* per axis */
    double sigma_vertical_m;
};

/** Start zeroed, end with skyh_survey_done. */
struct skyh_survey {
    struct skyh_csv pose;
    struct skyh_csv sensors;
    size_t sensor_name; /* the column of names in that table */
    size_t fix_count;
    struct skyh_fix *fix; /* the station's, in order of time; one at least */
};

/**
 * Reads the pose table: t, sensor, lat, lon, alt, ve, vn, vu, sig_h, sig_v, sig_heading_deg; and
 * the sensor table: sensor, scan_s, rotating, pd, fa_per_scan, rmin, rmax, elmin, elmax, vmax,
 * notch_mps, pd_notch, and bias_r, bias_az_deg, bias_el_deg (1 sigma; without them 0).
 * SKYH_EXIT_NO_INPUT or SKYH_EXIT_DATA. Borrows the files' names.
 */
bool skyh_survey_open(struct skyh_survey *survey, const char *pose, const char *sensors,
                      struct skyh_problem *problem);

void skyh_survey_done(struct skyh_survey *survey);

/**
 * Sets the station and its sensors; the rest of the configuration is the default. motion 0: what
 * fits the longest reach. Sigmas are those of each sensor's first plot.
 */
bool skyh_survey_config(const struct skyh_survey *survey, const struct skyh_plotfile *plots,
                        enum sky_motion_kind motion, struct sky_config *ret_config,
                        struct skyh_problem *problem);

#endif
