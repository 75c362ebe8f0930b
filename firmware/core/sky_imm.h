/**
 * sky_imm: how one aircraft moves - several models of motion side by side, mixed by how well each
 * explains the plots (interacting multiple models: Blom and Bar-Shalom, IEEE Trans. Automatic
 * Control 33(8), 1988).
 *
 * Every model has the same state: position and velocity, east-north-up of the tracking frame. A
 * model is nearly constant velocity with white-noise acceleration, or a coordinated turn of known
 * bank with less of it: pilots and autopilots hold a bank, so the rate of a turn is g tan(bank)
 * over the speed (Bar-Shalom, Li, Kirubarajan, Estimation with Applications to Tracking and
 * Navigation, 2001, sec. 6.2 and 11.7). Measurements are linearised at each model's own prediction
 * and applied one scalar at a time with Joseph's form (sky_measure), so that the covariances stay
 * symmetric and positive.
 */
#ifndef SKY_IMM_H
#define SKY_IMM_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_measure.h"

enum { SKY_MODES_MAX = 5 };

/** One model of motion. */
struct sky_motion {
    double accel_psd_m2ps3; /* white-noise acceleration, horizontal; > 0 */
    double climb_psd_m2ps3; /* the same, vertical; > 0 */
    double turn_mps2; /* acceleration across the horizontal velocity: a coordinated turn of that
                         bank at whatever speed, at most 0.35 rad/s; positive: to the left; 0:
                         straight */
};

/**
 * The models an aircraft is followed with. More may be added at the end while it is followed:
 * models beyond count have no weight, but a state that can be gone on from.
 */
struct sky_motion_set {
    uint32_t count; /* 1 .. SKY_MODES_MAX */
    struct sky_motion motion[SKY_MODES_MAX];
    double sojourn_s; /* mean time in one model before another holds; > 0 */
};

/** All models of one aircraft at one instant. Plain data, some 1.1 kB. */
struct sky_imm {
    int64_t time_ns;
    double weight[SKY_MODES_MAX];           /* model probabilities; those of the set sum to 1 */
    double x[SKY_STATE_DIM][SKY_MODES_MAX]; /* entry by entry, the models beside each other */
    double p[SKY_PACKED_DIM][SKY_MODES_MAX];
};

/**
 * How a measurement compared with the prediction. What models made of it one by one is averaged
 * with their weights after it: E[sum of weight * distance2] over the mixture's own density is the
 * mean of a chi-square, whichever model holds, so a healthy sensor's distance2 / dimension and z^2
 * average 1 (tested: 0.9 .. 1.05); they scatter less than a chi-square where models disagree.
 */
struct sky_innovation {
    double log_likelihood; /* of the measurement, all models together; per its own units */
    double distance2;      /* squared Mahalanobis distance of the measurement as it came ... */
    uint32_t dimension;    /* ... and its degrees of freedom: components compared */
    /* Components that tell how good the sensor is, as bits: curvature, where the place is unsure,
     * adds no more than a tenth to the variance. */
    uint32_t has;
    /* Of those: residual over its own predicted sigma, given the components before it: the root
     * of the models' mean square, with the sign of their mean residual; else 0. */
    double z[SKY_COMPONENTS];
};

/**
 * Starts every model of the set from one measurement, with equal weights. See sky_measure_start.
 * Pre: as there; set->count as stated.
 */
void sky_imm_init(struct sky_imm *ret_imm, const struct sky_motion_set *set,
                  const struct sky_measurement *measurement, const struct sky_sensor_pose *sensor,
                  double speed_sigma_mps);

/**
 * Mixes the models for half the step, moves each to time_ns >= imm->time_ns and mixes them for the
 * other half: nearly what many small steps would give (Strang's splitting), and weights are exactly
 * that. A model is left at the rate 1 / sojourn_s for any other alike; so it holds after t with
 * 1/n + (1 - 1/n) exp(-n t / ((n - 1) sojourn_s)). Nothing happens at the same instant.
 * Cost: about 0.9 us for five models on a 2.5 GHz core.
 */
void sky_imm_predict(struct sky_imm *imm, const struct sky_motion_set *set, int64_t time_ns);

/**
 * Applies a measurement of imm->time_ns. Returns false, with imm and ret_innovation untouched, if
 * no model is within gate2 (squared Mahalanobis distance; HUGE_VAL-like 1e300 for no gate); if the
 * first component alone shows that, at an eighth of the cost.
 * A measurement farther than outlier2 from every model is a poor one: its variances are multiplied
 * by the smallest distance2 / outlier2 (Huber's weight; none at 1e300), and weights and likelihood
 * are of the measurement as it is then. Without gate and outlier2, garbage may drive a state out
 * of all bounds.
 * Weights never fall below 1e-4. Height never makes a state surer of its height than
 * sigma_height_m: a prior, or the pressure of the day, errs the same way in every plot.
 * Azimuth is left out overhead: see sky_measure_spread.
 * Cost: about 2.2 us for five models and four components.
 */
bool sky_imm_update(struct sky_imm *imm, const struct sky_motion_set *set,
                    const struct sky_measurement *measurement, const struct sky_sensor_pose *sensor,
                    double gate2, double outlier2, struct sky_innovation *ret_innovation);

/** The mean and covariance of the mixture at imm->time_ns (moment matching). */
void sky_imm_state(const struct sky_imm *imm, const struct sky_motion_set *set,
                   struct sky_state *ret_state);

#endif
