#include "sky_math.h"

#include <float.h>
#include <math.h>

#include "sky_test.h"

static const uint64_t first_seed = 20250401;

/* Distance from the true value in units of its last place. */
static double ulps(double actual, long double wanted)
{
    int exponent;
    (void)frexpl(wanted, &exponent);
    const int last = exponent - DBL_MANT_DIG < -1074 ? -1074 : exponent - DBL_MANT_DIG;
    return (double)(fabsl((long double)actual - wanted) / ldexpl(1.0L, last));
}

/* Where long double is no wider than double, libm's own rounding must be allowed for. */
static const double slack = LDBL_MANT_DIG > DBL_MANT_DIG ? 0.0 : 1.0;

struct range {
    double low;
    double high;
    double ulp_max;
};

static void check_range(const char *name, double (*ours)(double), long double (*truth)(long double),
                        const struct range *range)
{
    uint64_t seed = first_seed;
    for (int i = 0; i < 20000; i++) {
        const double x = test_uniform(&seed, range->low, range->high);
        const double error = ulps(ours(x), truth((long double)x));
        if (!(error <= range->ulp_max + slack)) {
            fail_msg("%s(%a) is wrong by %g ulp, seed %llu", name, x, error,
                     (unsigned long long)first_seed);
        }
    }
}

static void sine_and_cosine_are_right_to_one_ulp(void **state)
{
    (void)state;
    static const struct range range[] = {{-4.0, 4.0, 0.8}, {-1e5, 1e5, 0.8}, {-1e-3, 1e-3, 0.8}};
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++) {
        check_range("sky_sin", sky_sin, sinl, &range[i]);
        check_range("sky_cos", sky_cos, cosl, &range[i]);
    }
}

static void sine_keeps_its_digits_next_to_multiples_of_pi(void **state)
{
    (void)state;
    for (int n = 1; n < 60000; n += 7) {
        const double x = n * (SKY_PI / 2.0);
        assert_true(fabs(sky_sin(x) - sin(x)) <= 0x1p-52 * fabs(sin(x)));
        assert_true(fabs(sky_cos(x) - cos(x)) <= 0x1p-52 * fabs(cos(x)));
    }
    assert_near(sky_sin(SKY_PI), 1.2246467991473532e-16, 1e-31);
}

static void sine_and_cosine_together_have_the_same_bits(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 1000; i++) {
        const double x = test_uniform(&seed, -10.0, 10.0);
        double sine, cosine;
        sky_sincos(x, &sine, &cosine);
        assert_true(sine == sky_sin(x) && cosine == sky_cos(x));
    }
}

static void two_sines_at_once_have_the_same_bits(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 3000; i++) {
        const double reach = i % 3 == 0 ? 10.0 : 0.7;
        const double x[2] = {test_uniform(&seed, -reach, reach), test_uniform(&seed, -0.7, 0.7)};
        const double turned[2] = {x[1], x[0]};
        double sines[2], cosines[2];
        sky_sincos2(i % 2 == 0 ? x : turned, sines, cosines);
        const int first = i % 2 == 0 ? 0 : 1;
        assert_true(sines[first] == sky_sin(x[0]) && cosines[first] == sky_cos(x[0]));
        assert_true(sines[1 - first] == sky_sin(x[1]) && cosines[1 - first] == sky_cos(x[1]));
    }
}

static void zero_never_carries_a_sign(void **state)
{
    (void)state;
    assert_false(signbit(sky_sin(0.0)));
    assert_false(signbit(sky_atan2(0.0, 1.0)));
    assert_false(signbit(sky_atan2(-0.0, 1.0)));
    assert_false(signbit(sky_atan2(-5e-324, 1e10)));
    assert_false(signbit(sky_abs(-0.0)));
}

static void arctangent_is_right_to_one_and_a_half_ulp_in_all_quadrants(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 50000; i++) {
        const double x = test_normal(&seed) * exp(test_uniform(&seed, -20.0, 20.0));
        const double y = test_normal(&seed) * exp(test_uniform(&seed, -20.0, 20.0));
        const double error = ulps(sky_atan2(y, x), atan2l((long double)y, (long double)x));
        if (!(error <= 1.5 + slack)) {
            fail_msg("sky_atan2(%a, %a) is wrong by %g ulp", y, x, error);
        }
    }
}

static void arctangent_of_the_axes_is_exact(void **state)
{
    (void)state;
    assert_true(sky_atan2(0.0, 0.0) == 0.0);
    assert_true(sky_atan2(0.0, 2.0) == 0.0);
    assert_true(sky_atan2(0.0, -2.0) == SKY_PI);
    assert_true(sky_atan2(3.0, 0.0) == SKY_PI / 2.0);
    assert_true(sky_atan2(-3.0, 0.0) == -SKY_PI / 2.0);
    assert_true(sky_atan2(1.0, 1.0) == SKY_PI / 4.0);
}

static void arcsine_is_right_and_holds_at_its_ends(void **state)
{
    (void)state;
    static const struct range range = {-1.0, 1.0, 2.5};
    check_range("sky_asin", sky_asin, asinl, &range);
    assert_true(sky_asin(1.0) == SKY_PI / 2.0);
    assert_true(sky_asin(-1.0) == -SKY_PI / 2.0);
    assert_true(sky_asin(1.5) == SKY_PI / 2.0);
    assert_true(sky_asin(-2.0) == -SKY_PI / 2.0);
}

static void exponential_is_right_to_one_ulp(void **state)
{
    (void)state;
    static const struct range range[] = {{-708.0, 709.7, 0.9}, {-1.0, 1.0, 0.9}, {-745, -708, 1.0}};
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++) {
        check_range("sky_exp", sky_exp, expl, &range[i]);
    }
}

static void exponential_ends_in_zero_and_in_infinity(void **state)
{
    (void)state;
    assert_true(sky_exp(0.0) == 1.0);
    assert_true(sky_exp(-745.2) == 0.0);
    assert_true(sky_exp(-1e300) == 0.0);
    assert_true(sky_exp(709.78) < (double)INFINITY);
    assert_true(sky_exp(709.79) == (double)INFINITY);
    assert_true(sky_exp(1e300) == (double)INFINITY);
}

static void logarithm_is_right_to_one_ulp(void **state)
{
    (void)state;
    static const struct range range[] = {{0.5, 2.0, 0.9},
                                         {1e-6, 1e6, 0.9},
                                         {1e300, 1.7e308, 0.9},
                                         {4.9e-324, 2e-308, 0.9},
                                         {0.99, 1.01, 0.9}};
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++) {
        check_range("sky_log", sky_log, logl, &range[i]);
    }
    assert_true(sky_log(1.0) == 0.0);
}

static void square_root_is_the_exact_one(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 1000; i++) {
        const double x = test_uniform(&seed, 0.0, 1e12);
        assert_true(sky_sqrt(x) == sqrt(x));
    }
}

static void normal_distribution_is_right_to_a_part_in_1e15(void **state)
{
    (void)state;
    for (int i = -4000; i <= 4000; i++) {
        const double z = i / 100.0;
        const double wanted = 0.5 * erfc(-z * 0.70710678118654752440);
        assert_near(sky_normal_cdf(z), wanted, 2e-15);
    }
}

static void normal_distribution_keeps_its_digits_in_the_lower_tail(void **state)
{
    (void)state;
    /* 40-digit values */
    assert_near(sky_normal_cdf(-6.0) / 9.865876450376981407009e-10, 1.0, 1e-13);
    assert_near(sky_normal_cdf(-20.0) / 2.753624118606233695076e-89, 1.0, 1e-12);
    assert_true(sky_normal_cdf(-50.0) == 0.0);
    assert_true(sky_normal_cdf(50.0) == 1.0);
}

static void an_angle_is_brought_to_the_half_open_turn(void **state)
{
    (void)state;
    assert_true(sky_wrap_pi(SKY_PI) == SKY_PI);
    assert_true(sky_wrap_pi(-SKY_PI) == SKY_PI);
    assert_true(sky_wrap_pi(-3.0) == -3.0);
    assert_near(sky_wrap_pi(4.0), 4.0 - 2.0 * SKY_PI, 1e-15);
    assert_near(sky_wrap_pi(-4.0), 2.0 * SKY_PI - 4.0, 1e-15);
    uint64_t seed = first_seed;
    for (int i = 0; i < 20000; i++) {
        const double x = test_uniform(&seed, -1e5, 1e5);
        const double wrapped = sky_wrap_pi(x);
        assert_true(wrapped > -SKY_PI && wrapped <= SKY_PI);
        assert_near(remainder(x, 2.0 * SKY_PI), wrapped, 1e-11); /* 2 pi rounded: 1e5 ulp */
        assert_near(sky_sin(wrapped), sky_sin(x), 1e-15);
    }
}

static void odd_half_turns_stay_in_the_half_open_turn(void **state)
{
    (void)state;
    for (int n = -31831; n <= 31831; n++) {
        const double x = n * SKY_PI;
        for (int i = -1; i <= 1; i++) {
            const double wrapped = sky_wrap_pi(nextafter(x, i * 1e9));
            assert_true(wrapped > -SKY_PI && wrapped <= SKY_PI);
        }
    }
}

static void only_numbers_are_finite(void **state)
{
    (void)state;
    assert_true(sky_is_finite(0.0));
    assert_true(sky_is_finite(DBL_MAX));
    assert_true(sky_is_finite(-DBL_MIN));
    assert_false(sky_is_finite((double)INFINITY));
    assert_false(sky_is_finite(-(double)INFINITY));
    assert_false(sky_is_finite((double)NAN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sine_and_cosine_are_right_to_one_ulp),
        cmocka_unit_test(sine_keeps_its_digits_next_to_multiples_of_pi),
        cmocka_unit_test(sine_and_cosine_together_have_the_same_bits),
        cmocka_unit_test(two_sines_at_once_have_the_same_bits),
        cmocka_unit_test(zero_never_carries_a_sign),
        cmocka_unit_test(arctangent_is_right_to_one_and_a_half_ulp_in_all_quadrants),
        cmocka_unit_test(arctangent_of_the_axes_is_exact),
        cmocka_unit_test(arcsine_is_right_and_holds_at_its_ends),
        cmocka_unit_test(exponential_is_right_to_one_ulp),
        cmocka_unit_test(exponential_ends_in_zero_and_in_infinity),
        cmocka_unit_test(logarithm_is_right_to_one_ulp),
        cmocka_unit_test(square_root_is_the_exact_one),
        cmocka_unit_test(normal_distribution_is_right_to_a_part_in_1e15),
        cmocka_unit_test(normal_distribution_keeps_its_digits_in_the_lower_tail),
        cmocka_unit_test(an_angle_is_brought_to_the_half_open_turn),
        cmocka_unit_test(odd_half_turns_stay_in_the_half_open_turn),
        cmocka_unit_test(only_numbers_are_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
