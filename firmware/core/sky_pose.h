/**
 * sky_pose: where the station stands and which way it looks, with covariance.
 *
 * A fixed station averages its fixes, but must not claim centimetres: errors a second apart are
 * nearly the same error. Each fix therefore counts for as much new knowledge as the time since the
 * one before allows (all of it after a minute), and the sum never passes the slow common error of a
 * receiver (sky_station_config.gnss_sigma_floor_m). A surveyed fixed station does not move at all:
 * its fixes are only checked against the survey. A moving one keeps the latest fix and its
 * velocity. Its heading is that of its compass, if it has one, turned by the configured one; all
 * others have the configured one alone: course over ground is not heading.
 */
#ifndef SKY_POSE_H
#define SKY_POSE_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_geo.h"
#include "sky_obs.h"

/** What the pose rests on. */
enum sky_pose_state {
    SKY_POSE_UNKNOWN = 1,
    SKY_POSE_SURVEYED,    /* the configuration's site */
    SKY_POSE_SURVEYING,   /* the mean of fixes so far, which still gets better */
    SKY_POSE_SURVEYED_IN, /* the mean of enough fixes: only the receivers' common error is left */
    SKY_POSE_FOLLOWING    /* the latest fix of a moving station */
};

struct sky_pose {
    bool known;
    int64_t time_ns; /* of the latest fix used, or of init for a surveyed site */
    struct sky_lla place;
    double sigma_horizontal_m; /* 1 sigma per axis, common to every plot taken from here */
    double sigma_vertical_m;
    double heading_rad;
    double heading_sigma_rad;
    double speed_mps;
    double course_rad;
    uint32_t fixes_used;
    uint32_t fixes_rejected;
    /* private: means in the frame of the first fix, and the information behind them */
    struct sky_geo_frame anchor;
    struct sky_enu mean;
    double weight_per_m2;
    double weight_up_per_m2;
    struct sky_geo_frame rival; /* where the first of the latest run of refused fixes was ... */
    bool rival_high;            /* ... whether it had a height (else: the first that had) ... */
    uint32_t rival_fixes;       /* ... and how many in a row agree with it; of a moving station: */
    int64_t rival_ns;           /* the latest of them, and when */
};

/** Known at once if the configuration has a surveyed site; else from the first good fix on. */
void sky_pose_init(struct sky_pose *pose, const struct sky_station_config *config, int64_t time_ns);

/**
 * Takes a fix. Returns SKY_E_RANGE, and only counts it, if it has no position; if its numbers are
 * none (a sigma outside 0.1 mm .. 1,000 km, a speed outside 0 .. 300 m/s, a course outside 0 .. 2
 * pi, an impossible place); or if it contradicts the pose, in the horizontal or in height, by more
 * than 5 km or 8 combined sigmas (whichever is smaller, but never under 50 m): a jump is more
 * likely a bad receiver than a flying mast. A moving station may besides have gone on at 300 m/s
 * since its latest fix, up as well. The height of a surveyed one is not compared, nor is that of a
 * fixed one until it has had a fix with a height.
 *
 * A station without a survey may have begun with a bad fix: when at least sixty refused fixes in a
 * row agree within 50 m, in height too, and are more than all that made the pose, the pose begins
 * anew with them.
 * So does that of a moving one when five in a row agree, each with the one before: it must not be
 * lost for a minute. Its site, if it has one, is where it starts, and its first fix is not held
 * against that.
 *
 * Until a fix brings a height, that of the pose is 0 with a sigma of 3 km.
 */
SKY_NODISCARD enum sky_status sky_pose_observe(struct sky_pose *pose,
                                               const struct sky_station_config *config,
                                               int64_t time_ns, const struct sky_gnss_fix *fix);

/** What the pose rests on now. */
enum sky_pose_state sky_pose_state(const struct sky_pose *pose,
                                   const struct sky_station_config *config);

#endif
