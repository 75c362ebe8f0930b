/**
 * sky_nis: whether a sensor is as accurate as it says, from its innovations.
 *
 * The normalised innovation squared of a consistent filter has a known mean (Bar-Shalom, Li,
 * Kirubarajan, 2001, sec. 5.4). Kept per sensor and component as an exponentially fading mean of
 * z^2, where z is the residual over its predicted sigma; 1 is as it should be. The memory is some
 * 100 samples. A component is out of bounds when its mean lies outside limits that chi-square
 * leaves only once in 10,000 looks at as many samples, widened by what mixing of models and clutter
 * do to a healthy sensor: means of 0.6 to 1.15. Twice the stated noise shows within some 30
 * samples, half of it within 200. Heights are never too good: what is stated for them covers errors
 * that all plots share, so that their residuals are small by right.
 */
#ifndef SKY_NIS_H
#define SKY_NIS_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_imm.h"
#include "sky_measure.h"

struct sky_nis {
    double weight[SKY_COMPONENTS]; /* decayed number of samples */
    double weight2[SKY_COMPONENTS];
    double mean2[SKY_COMPONENTS];
    uint32_t out; /* components out of bounds, as bits; a component comes back only when its
                     mean is a third of the way from the bound to 1 */
};

/** No samples yet. */
void sky_nis_init(struct sky_nis *nis);

/**
 * Takes one innovation of a confirmed track; returns true if `out` changed. One sample counts 25 at
 * most, and none is judged before the eighth.
 */
bool sky_nis_add(struct sky_nis *nis, const struct sky_innovation *innovation);

/** Mean of z^2 of a component; 1 while there are no samples. */
double sky_nis_mean(const struct sky_nis *nis, enum sky_component component);

/** The bounds that hold for that mean now. */
void sky_nis_bounds(const struct sky_nis *nis, enum sky_component component, double *ret_low,
                    double *ret_high);

#endif
