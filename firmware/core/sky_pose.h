/**
 * sky_pose: where the station stands and which way it looks, with covariance.
 *
 * A fixed station averages its fixes, but no further than the slow common error of a receiver
 * (sky_station_config.gnss_sigma_floor_m) allows: errors minutes apart are not independent, so
 * averaging must not claim centimetres. A moving one keeps the latest fix and its velocity.
 */
#ifndef SKY_POSE_H
#define SKY_POSE_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_geo.h"
#include "sky_obs.h"

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
    /* private: running weighted sums in the frame of the first fix */
    struct sky_geo_frame anchor;
    struct sky_enu sum_weighted;
    double weight;
    double weight_up;
};

/** Known at once if the configuration has a surveyed site; else from the first good fix on. */
void sky_pose_init(struct sky_pose *pose, const struct sky_station_config *config, int64_t time_ns);

/**
 * Takes a fix. Returns SKY_E_RANGE, and only counts it, if it has no position or contradicts the
 * pose of a fixed station by more than 5 km or 8 combined sigmas (whichever is smaller, but never
 * under 50 m) - a jump is more likely a bad receiver than a flying mast.
 */
SKY_NODISCARD enum sky_status sky_pose_observe(struct sky_pose *pose,
                                               const struct sky_station_config *config,
                                               int64_t time_ns, const struct sky_gnss_fix *fix);

#endif
