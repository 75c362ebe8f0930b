#include "sky_nis.h"

#include <stdbool.h>

#include "sky_test.h"

static struct sky_nis nis;

static int start(void **state)
{
    (void)state;
    sky_nis_init(&nis);
    return 0;
}

/* An innovation that says the same of range and azimuth. */
static bool add(double range_z, double azimuth_z)
{
    struct sky_innovation innovation = {.has = 1U << SKY_COMPONENT_RANGE |
                                               1U << SKY_COMPONENT_AZIMUTH};
    innovation.z[SKY_COMPONENT_RANGE] = range_z;
    innovation.z[SKY_COMPONENT_AZIMUTH] = azimuth_z;
    return sky_nis_add(&nis, &innovation);
}

static bool add_one(enum sky_component component, double z)
{
    struct sky_innovation innovation = {.has = 1U << component};
    innovation.z[component] = z;
    return sky_nis_add(&nis, &innovation);
}

static void bounds(double *ret_low, double *ret_high)
{
    sky_nis_bounds(&nis, SKY_COMPONENT_RANGE, ret_low, ret_high);
}

static void without_samples_everything_is_as_it_should_be(void **state)
{
    (void)state;
    double low, high;
    for (int i = 0; i < SKY_COMPONENTS; i++) {
        assert_near(sky_nis_mean(&nis, (enum sky_component)i), 1.0, 0.0);
    }
    bounds(&low, &high);
    assert_near(low, 0.0, 0.0);
    assert_true(high > 10.0);
    assert_int_equal(nis.out, 0);
}

static void the_mean_is_the_mean_of_squares_and_fades(void **state)
{
    (void)state;
    add_one(SKY_COMPONENT_RANGE, 2.0);
    assert_near(sky_nis_mean(&nis, SKY_COMPONENT_RANGE), 4.0, 1e-12);
    add_one(SKY_COMPONENT_RANGE, 1.0);
    assert_near(sky_nis_mean(&nis, SKY_COMPONENT_RANGE), (0.99 * 4.0 + 1.0) / 1.99, 1e-12);
    assert_near(sky_nis_mean(&nis, SKY_COMPONENT_AZIMUTH), 1.0, 0.0);
    for (int i = 0; i < 2000; i++) {
        add_one(SKY_COMPONENT_RANGE, -0.9);
    }
    assert_near(sky_nis_mean(&nis, SKY_COMPONENT_RANGE), 0.81, 1e-6);
}

/* The 0.9999 quantile of chi-square is 35.564 with 10 degrees of freedom and 161.32 with 100; of
 * those the 0.0001 quantile is 55.72. */
static void the_bounds_are_quantiles_of_chi_square_widened(void **state)
{
    (void)state;
    double low, high;
    nis.weight[SKY_COMPONENT_RANGE] = nis.weight2[SKY_COMPONENT_RANGE] = 10.0;
    bounds(&low, &high);
    assert_near(high, 1.15 * 3.5564, 0.05);
    nis.weight[SKY_COMPONENT_RANGE] = nis.weight2[SKY_COMPONENT_RANGE] = 100.0;
    bounds(&low, &high);
    assert_near(high, 1.15 * 1.6132, 0.005);
    assert_near(low, 0.6 * 0.5572, 0.005);
}

static void one_plot_decides_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_false(add(1e9, 0.0)); /* nor do a few */
    }
    start(NULL);
    for (int i = 0; i < 60; i++) {
        assert_false(add(1.0, 1.0));
    }
    assert_false(add(1e9, 1.0));
    assert_int_equal(nis.out, 0);
}

static void each_component_is_judged_alone(void **state)
{
    (void)state;
    int changes = 0;
    for (int i = 0; i < 60; i++) {
        changes += add(1.0, 2.0) ? 1 : 0;
    }
    assert_int_equal(changes, 1);
    assert_int_equal(nis.out, 1U << SKY_COMPONENT_AZIMUTH);
    for (int i = 0; i < 200; i++) {
        changes += add(0.3, 2.0) ? 1 : 0;
    }
    assert_int_equal(changes, 2);
    assert_int_equal(nis.out, 1U << SKY_COMPONENT_AZIMUTH | 1U << SKY_COMPONENT_RANGE);
}

static void what_is_out_comes_back_only_well_inside(void **state)
{
    (void)state;
    double low, high;
    for (int i = 0; i < 500; i++) {
        (void)add(1.0, 2.0);
    }
    sky_nis_bounds(&nis, SKY_COMPONENT_AZIMUTH, &low, &high);
    bool back = false;
    int late = 0;
    for (int i = 0; i < 500 && !back; i++) {
        late += sky_nis_mean(&nis, SKY_COMPONENT_AZIMUTH) < high ? 1 : 0;
        back = add(1.0, 1.0);
    }
    assert_true(back);
    assert_int_equal(nis.out, 0);
    assert_true(late > 10);
    assert_near(sky_nis_mean(&nis, SKY_COMPONENT_AZIMUTH), high - (high - 1.0) / 3.0, 0.02);

    for (int i = 0; i < 500; i++) {
        (void)add(0.3, 1.0);
    }
    assert_int_equal(nis.out, 1U << SKY_COMPONENT_RANGE);
    bounds(&low, &high);
    while (!add(1.0, 1.0)) {
        assert_true(sky_nis_mean(&nis, SKY_COMPONENT_RANGE) < 1.0);
    }
    assert_near(sky_nis_mean(&nis, SKY_COMPONENT_RANGE), low + (1.0 - low) / 3.0, 0.02);
}

static void heights_are_never_too_good(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++) {
        assert_false(add_one(SKY_COMPONENT_HEIGHT, 0.0));
    }
    while (!add_one(SKY_COMPONENT_HEIGHT, 2.0)) {
        assert_true(sky_nis_mean(&nis, SKY_COMPONENT_HEIGHT) < 3.0);
    }
    assert_int_equal(nis.out, 1U << SKY_COMPONENT_HEIGHT);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_samples_everything_is_as_it_should_be),
        TEST(the_mean_is_the_mean_of_squares_and_fades),
        TEST(the_bounds_are_quantiles_of_chi_square_widened),
        TEST(one_plot_decides_nothing),
        TEST(each_component_is_judged_alone),
        TEST(what_is_out_comes_back_only_well_inside),
        TEST(heights_are_never_too_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
