/**
 * sky_register: registration - how far each radar is off in range, azimuth, elevation and time,
 * from aircraft that two sensors see.
 *
 * Where two sensors see one aircraft within a few seconds, their plots, brought to one instant with
 * the track's velocity, should lie at one place. The difference is linear in the biases of both; a
 * Kalman filter over all biases of all sensors, with their correlations, takes it (Bar-Shalom, Li,
 * Kirubarajan, 2001, sec. 5.2; on radar registration: Dana, in Bar-Shalom (ed.), Multitarget-
 * Multisensor Tracking, 1990, ch. 5). Each pair is compared about the present estimate, so that
 * degrees at 80 km do no harm. A sensor whose reports are places (ADS-B) has no biases and ties the
 * others to the ground.
 *
 * Its prior is how far off radars are found to be in the field (80 m; 0.6 degrees, of which the 1.8
 * that have been seen are three; 0.5 degrees of elevation; 0.1 s), or what the configuration states
 * if that is more. Biases drift: an hour adds 7 m, 0.03 degrees, 20 ms. With that prior alone, what
 * turns or stretches two radars alike stays loose for many minutes. So the estimate is a mixture of
 * accounts who is off: nobody, one radar, or who knows, where those that are not off are kept
 * within 5 m, 0.02 degrees, 0.05 degrees of elevation and 10 ms (or what is stated, if more), or
 * within three times that. Once a second each account is weighed by its evidence.
 *
 * Whether to correct at all is a question apart. Two rival accounts run side by side: that every
 * sensor is as good as the configuration states (bias sigmas as given, mean 0, anew in each pair),
 * and that any may be off. Each pair shifts the log of the ratio of their predictive densities (a
 * Bayes factor), by 4 at most. Corrections apply from 10 on until it is back at 0, and then with
 * the estimate's own covariance; otherwise the stated sigmas hold. A sensor that nobody else shares
 * an aircraft with stays SKY_REGISTER_ALONE: its bias cannot be known.
 *
 * What cannot be told apart: air that bends other than 4/3-earth looks like an elevation bias
 * (0.03 degrees at 80 km for k = 1.2) and is estimated as one; of two clocks only the difference is
 * seen; of two radars that stand close together, only the difference of all biases. The sigmas and
 * correlations say so. An error of the station's heading is part of the azimuth bias; its stated
 * sigma is counted as random in each pair, because it may waver.
 */
#ifndef SKY_REGISTER_H
#define SKY_REGISTER_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_measure.h"

/** What is estimated of each sensor, in this order. */
enum sky_bias {
    SKY_BIAS_RANGE = 0, /* m; measured minus true */
    SKY_BIAS_AZIMUTH,   /* rad, clockwise */
    SKY_BIAS_ELEVATION, /* rad */
    SKY_BIAS_TIME,      /* s; stated minus true: positive if stamps are late */
    SKY_BIASES
};

enum { SKY_REGISTER_DIM = SKY_SENSORS_MAX * SKY_BIASES };

enum sky_register_state {
    SKY_REGISTER_ALONE = 0, /* shares no aircraft with another sensor: cannot know */
    SKY_REGISTER_LEARNING,  /* has pairs; they do not contradict the stated calibration */
    SKY_REGISTER_APPLIED    /* the evidence for a bias is decisive; plots are corrected */
};

/** All biases of all sensors, with what is known of one through another. */
struct sky_bias_estimate {
    double b[SKY_REGISTER_DIM];
    double p[SKY_REGISTER_DIM][SKY_REGISTER_DIM];
};

struct sky_register {
    int64_t time_ns;  /* of the latest pair */
    int64_t mixed_ns; /* of the latest mixture */
    uint64_t pairs[SKY_SENSORS_MAX];
    uint32_t refused[SKY_SENSORS_MAX]; /* pairs in a row that contradicted both accounts */
    double log_ratio;                  /* of biased over as stated; clamped to +-30 */
    bool applied;
    struct sky_bias_estimate free;  /* any sensor may be off */
    struct sky_bias_estimate mixed; /* of the accounts who is off; what is reported and applied */
    struct sky_bias_estimate kept;  /* private: accounts while they are mixed in */
    struct sky_bias_estimate work;
};

/** One sensor's sight of an aircraft: the plot as it came, no bias taken off. */
struct sky_sight {
    uint32_t sensor;
    const struct sky_measurement *measurement;
    const struct sky_sensor_pose *pose;
};

/** One sensor's registration, for the record and for correcting. */
struct sky_registration {
    enum sky_register_state state;
    uint64_t pairs;
    double bias[SKY_BIASES];       /* estimated, whether applied or not */
    double bias_sigma[SKY_BIASES]; /* of the estimate */
};

/** Prior only. */
void sky_register_init(struct sky_register *reg, const struct sky_config *config, int64_t time_ns);

/**
 * Takes two sights of one aircraft by different sensors. velocity_mps and its covariance are the
 * track's, in the tracking frame, its error independent of both plots'; accel_psd_m2ps3 is how
 * unsteady it is. Give each plot in one pair at most: pairs are taken as independent.
 *
 * A sight without elevation needs a height. One so unsure that it bends its distance over ground by
 * more than sigma_range_m (sigma_height_m^2 / 2 range) serves only beside a sight that knows its
 * own. Pairs without are left out, and so are those that contradict both accounts (chi-square
 * beyond 30: wrong association); but a sensor of which thirty in a row do was moved, and is learned
 * anew.
 *
 * Returns whether the pair was used.
 * Pre: at most 10 s apart; all sigmas > 0.
 * Cost: about 2 us with two sensors, 5 us with eight (one x86-64 core); once a second, as long as
 * there are pairs, 3 us and 250 us more.
 */
bool sky_register_pair(struct sky_register *reg, const struct sky_config *config,
                       const struct sky_sight *a, const struct sky_sight *b,
                       const double velocity_mps[3], const double velocity_cov[3][3],
                       double accel_psd_m2ps3);

/**
 * Takes off a sensor's plot what it is off by, if corrections apply and the sensor has had twenty
 * pairs: range, azimuth, elevation and time change in place. A reported place stays as it is.
 */
void sky_register_correct(const struct sky_register *reg, uint32_t sensor,
                          struct sky_measurement *measurement);

/**
 * Covariance between the biases that remain in two sensors' plots after correction (range, azimuth,
 * elevation, time): of the estimate if both are corrected; else as stated (time: 0), and none
 * between different sensors.
 */
void sky_register_remaining(const struct sky_register *reg, const struct sky_config *config,
                            uint32_t sensor_a, uint32_t sensor_b,
                            double ret_cov[SKY_BIASES][SKY_BIASES]);

/** The state of one sensor's registration. */
void sky_register_report(const struct sky_register *reg, uint32_t sensor,
                         struct sky_registration *ret_registration);

#endif
