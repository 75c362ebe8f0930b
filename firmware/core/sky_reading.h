/**
 * sky_reading: what a plot measures - whether it can be, when it was, and how sure its numbers are.
 *
 * Time of a plot. A stated time (UTC or time of day) is taken if the station's clock is better than
 * RTC, and if it lies between 10 s before and 0.5 s after arrival; later than arrival becomes
 * arrival. Its sigma joins the statement's own and that of UTC. Otherwise arrival less the sensor's
 * latency (and less the age, if it is one) holds, with half the latency as sigma: a delay that
 * nobody states lies between none and twice the usual.
 *
 * Height. Elevation if the sensor measures it, freed of refraction. Else a pressure altitude, taken
 * as height above the ellipsoid with a sigma of 400 m (ten degrees from standard at 25,000 ft make
 * 300 m, the geoid and the day's pressure the rest), else the configured prior. The error of a
 * pressure altitude is the same in every plot: no number of them makes a track surer of its height
 * than 400 m (sky_imm_update), and the track says that its height rests on pressure.
 *
 * Sigmas of a plot are its own, but no less than a quarter of the configured ones. Those of a
 * reported velocity are its own, but no less than 2 m/s per axis: it was true a moment before the
 * place was, and if a tracker made it, it errs alike in report after report. Not stated: 5 m/s.
 */
#ifndef SKY_READING_H
#define SKY_READING_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_geo.h"
#include "sky_measure.h"
#include "sky_obs.h"
#include "sky_utc.h"

/** Whether every number of a plot is one that can be. NaN never is. */
bool sky_reading_is_sound(const struct sky_plot *plot);

/** Whether a plot says that it is more than 10 s old. Pre: sky_reading_is_sound. */
bool sky_reading_is_too_old(const struct sky_plot *plot);

/**
 * Puts a plot on the station's axis: sets time_ns and time_sigma_ns. Returns false if its stated
 * time was not believed, and that of its arrival was taken. `utc` is that of arrival_ns.
 * Pre: sky_reading_is_sound.
 */
bool sky_reading_time(const struct sky_plot *plot, const struct sky_sensor_config *sensor,
                      int64_t arrival_ns, const struct sky_utc_estimate *utc,
                      struct sky_measurement *ret);

/**
 * The geometry of a radar's plot, biases left on. zero_rad is where the sensor's zero points, true.
 * Pre: sky_reading_is_sound; ret is zero but for its time.
 */
void sky_reading_polar(const struct sky_tracker_config *tracker,
                       const struct sky_sensor_config *sensor, const struct sky_plot *plot,
                       double zero_rad, struct sky_measurement *ret);

/**
 * A reported place, and where that is: the pose that goes with the measurement belongs there.
 * Pre: as sky_reading_polar.
 */
void sky_reading_place(const struct sky_tracker_config *tracker,
                       const struct sky_sensor_config *sensor, const struct sky_plot *plot,
                       struct sky_measurement *ret, struct sky_lla *ret_place);

#endif
