/**
 * sky_common: the errors of a track that filtering does not shrink, because all its plots share
 * them - where the station stands, which way it points, and what is left of its sensors' biases.
 */
#ifndef SKY_COMMON_H
#define SKY_COMMON_H

#include "sky_assess.h"
#include "sky_base.h"
#include "sky_config.h"
#include "sky_measure.h"
#include "sky_pose.h"
#include "sky_track.h"
#include "sky_tracker.h"

/**
 * Station position, heading and the biases that remain after registration, of a track whose state
 * may be predicted; time_sigma_s is 0. Each sensor's errors count by its share in what is known of
 * the track. Pre: config->sensor_count of the tracker's own configuration.
 */
void sky_common_find(const struct sky_config *config, const struct sky_tracker *tracker,
                     const struct sky_pose *pose, const struct sky_track *track,
                     const struct sky_state *state, struct sky_common_error *ret);

#endif
