/**
 * sky_math: the transcendental functions of the core, the same bits on every machine.
 *
 * libm does not promise that: glibc picks different code on CPUs with and without FMA. These use
 * only + - * / and sqrt, which IEEE 754 rounds exactly. Error bounds, in units in the last place
 * against a correctly rounded result, are held by tests/unit/test_math.c.
 */
#ifndef SKY_MATH_H
#define SKY_MATH_H

#include <stdbool.h>

#define SKY_PI 0x1.921fb54442d18p+1

/** Sine. Pre: |angle_rad| <= 1e5. Error: below 1 ulp, also near multiples of pi. */
double sky_sin(double angle_rad);

/** Cosine. Pre: |angle_rad| <= 1e5. Error as sky_sin. */
double sky_cos(double angle_rad);

/** Both at once, for the price of little more than one; the same bits as sky_sin and sky_cos. */
void sky_sincos(double angle_rad, double *ret_sin, double *ret_cos);

/** The same of two angles, for the price of one if both are within 0.78; the same bits again. */
void sky_sincos2(const double angle_rad[2], double ret_sin[2], double ret_cos[2]);

/**
 * Angle of the vector (x, y), in [-pi, pi]; 0 for the zero vector. Error: below 2 ulp.
 * Pre: |x| and |y| <= 1e300.
 */
double sky_atan2(double y, double x);

/**
 * Arcsine in [-pi/2, pi/2]; arguments beyond +-1 are taken as +-1. Error: below 3 ulp.
 * Pre: |x| <= 1e150.
 */
double sky_asin(double x);

/** e^x: 0 below -745.2, +infinity above 709.78. Pre: not NaN. Error: below 1 ulp. */
double sky_exp(double x);

/** Natural logarithm. Pre: x > 0 and finite. Error: below 1 ulp. */
double sky_log(double x);

/** Square root, correctly rounded. Pre: square >= 0. */
static inline double sky_sqrt(double square) { return __builtin_sqrt(square); }

/**
 * Standard normal distribution function. Error: below 2e-15, and 1e-12 of the value for z <= -2.5.
 * Pre: not NaN.
 */
double sky_normal_cdf(double z);

/** The argument brought to (-pi, pi]. Pre: |angle_rad| <= 1e5. */
double sky_wrap_pi(double angle_rad);

/** Magnitude. */
static inline double sky_abs(double x) { return __builtin_fabs(x); }

/** True unless x is infinite or not a number. */
static inline bool sky_is_finite(double x) { return x - x == 0.0; }

#endif
