/**
 * sky_assess: one track against one claimed line - how far, how sure, and why no surer.
 *
 * The error budget is kept apart: the track's own covariance, the station's position and heading
 * and the radars' unknown biases (common to all plots, so filtering does not shrink them), the time
 * stamps, the line's stated accuracy, and how its edges are drawn. U95 is 1.96 times the root sum
 * of squares along the direction to the nearest point. P(inside) integrates the sum of all of them
 * over the polygon.
 *
 * The two errors of a line are independent of the track, of each other and of the errors of other
 * lines. The accuracy is taken as one shift of the whole line, the same everywhere and at every
 * look: what maps get wrong, they get wrong for long stretches. Looks that follow each other do not
 * average it out, and whether several tracks or looks crossed it is not that many times in doubt.
 * The drawing of an edge is off in one piece between its two vertices, most in the middle; what it
 * is off at the nearest point is taken as a shift of all that lies near. If the rule is stated,
 * that is at most chord_m, evenly spread: 1 sigma is chord_m / sqrt(3). If it is not, 1 sigma is
 * how far apart the planar and the geodesic drawing of the nearest edge lie there
 * (sky_zone_rule_m).
 *
 * Height. Limits are compared as heights above the ellipsoid, where the aircraft is. Mean sea level
 * is brought there by the set's geoid (1 sigma of EGM96: 1 m, NIMA TR8350.2), or by its one number
 * for the area, which counts as exact; outside the geoid's grid and above ground nothing is
 * evaluated. Pressure altitude and geometric height are different things:
 * - A track whose height comes from pressure alone has pressure altitude for its height, with a
 *   sigma of 400 m against the true one (sky_reading). Against pressure limits that is like with
 *   like, and surer than the sigma says; against any other the 400 m are what widens it.
 * - A track with any other height is compared with a pressure limit as if the atmosphere were the
 *   standard one, but for 1 sigma of 4 % of the limit's height (10 degrees from standard), of 80 m
 *   (the day's pressure at sea level 9.6 hPa from standard) and, without a geoid, of 30 m.
 * Whatever compares the one kind of height with the other says so (SKY_VERTICAL_ACROSS).
 */
#ifndef SKY_ASSESS_H
#define SKY_ASSESS_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_measure.h"
#include "sky_zone.h"

/**
 * Errors that do not average out. A wrong heading turns the velocity with the position: 1 degree
 * makes 4 m/s of 250 m/s, several times what a track claims; so the covariance is of both.
 */
struct sky_common_error {
    double cov[SKY_STATE_DIM][SKY_STATE_DIM]; /* station, heading and sensor bias together */
    double time_sigma_s; /* of UTC against the truth, acting through the track's velocity */
};

enum sky_vertical {
    SKY_VERTICAL_EVALUATED = 1,
    SKY_VERTICAL_NOT_EVALUATED, /* AGL limits, or AMSL without a geoid */
    SKY_VERTICAL_ACROSS         /* evaluated across pressure and geometric height: widened */
};

struct sky_assessment {
    uint32_t track_id;
    uint32_t zone_id;
    uint32_t line_id;
    int64_t time_ns;   /* the instant it holds for */
    double distance_m; /* signed: negative inside */
    double u95_m;      /* |true distance - distance_m| < u95_m, 95 times out of 100 */
    double p_inside;   /* horizontally, given that the aircraft exists; [0, 1] */
    enum sky_vertical vertical;
    double p_vertical;    /* between floor and ceiling; 1 if not evaluated */
    double existence;     /* of the track; [0, 1] */
    double sigma_track_m; /* budget, 1 sigma along the direction to the line */
    double sigma_pose_m;
    double sigma_time_m;
    double sigma_line_m;
    bool line_accuracy_stated; /* false: sigma_line_m is the configured default */
    bool line_rule_stated;     /* false: sigma_rule_m is how far two rules lie apart */
    double sigma_rule_m;       /* of the budget too: how the edge is drawn */
    double bearing_rad;        /* towards the nearest point of the line */
    double nearest_lat_rad;
    double nearest_lon_rad;
    uint32_t edge;
};

/** The place of a track and its horizontal covariance there, shared by all lines. */
struct sky_fixing {
    uint32_t track_id;
    uint32_t heights; /* what the height rests on: sky_height_basis */
    int64_t time_ns;
    double existence;
    struct sky_lla place;
    double vel_east_mps; /* at the place, not at the frame's origin */
    double vel_north_mps;
    double vel_up_mps;
    double cov[SKY_STATE_DIM][SKY_STATE_DIM]; /* e, n, u, ve, vn, vu at the place, track only */
    struct sky_common_error common;
};

/**
 * Adds one more independent error: what 1 sigma of it does to position and velocity (m, m/s).
 * A sum of such is positive semi-definite.
 */
void sky_assess_add_error(struct sky_common_error *common, const double way[SKY_STATE_DIM]);

/**
 * Brings a state to geodetic position with axes at that place. `common` is given in the axes of
 * the frame and turned with the rest. A state does not tell what its height rests on: heights
 * becomes 0, and whoever knows it sets it.
 */
void sky_assess_fix(const struct sky_geo_frame *frame, const struct sky_state *state,
                    uint32_t track_id, double existence, const struct sky_common_error *common,
                    struct sky_fixing *ret_fixing);

/**
 * Covariance of all errors of a fixing together - track, common, time - but no line's: upper
 * triangle by rows.
 */
void sky_assess_total(const struct sky_fixing *fixing, double ret_packed[SKY_PACKED_DIM]);

/**
 * Assesses a fixing against one line. For `guess` see sky_zone_nearest.
 * Pre: the set was checked, line < line_count.
 * Cost: that of sky_zone_nearest, plus sky_zone_inside_probability where the line is within 9 sigma
 * or has edges that are no border.
 */
void sky_assess(const struct sky_zone_set *zones, uint32_t line,
                const struct sky_incident_config *config, const struct sky_fixing *fixing,
                uint32_t guess, struct sky_assessment *ret_assessment);

#endif
