/**
 * sky_test: what every test file includes - cmocka, and the two things it lacks.
 *
 * A test is a static function whose name is a sentence that can fail.
 */
#ifndef SKY_TEST_H
#define SKY_TEST_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/** Fails, saying what it saw, unless |actual - wanted| <= tolerance. NaN fails. */
#define assert_near(actual, wanted, tolerance)                                                     \
    do {                                                                                           \
        const double actual_ = (actual), wanted_ = (wanted), tolerance_ = (tolerance);             \
        if (!(fabs(actual_ - wanted_) <= tolerance_)) {                                            \
            fail_msg("%s is %.17g, wanted %.17g within %g", #actual, actual_, wanted_,             \
                     tolerance_);                                                                  \
        }                                                                                          \
    } while (0)

/** Repeatable pseudo-random bits for property tests (splitmix64). Print the seed on failure. */
static inline uint64_t test_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

/** Uniform in [low, high). */
static inline double test_uniform(uint64_t *seed, double low, double high)
{
    return low + (high - low) * ((double)(test_random(seed) >> 11) * 0x1p-53);
}

/** Standard normal, by Box and Muller. */
static inline double test_normal(uint64_t *seed)
{
    const double u = test_uniform(seed, 1e-300, 1.0), v = test_uniform(seed, 0.0, 1.0);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

#endif
