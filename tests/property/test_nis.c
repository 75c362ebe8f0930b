#include "sky_nis.h"

#include <stdbool.h>

#include "sky_test.h"

enum { POLAR = 4 };

static struct sky_nis nis;

/* One plot of a radar: range, azimuth, elevation and radial speed with these means of z^2. */
static bool add(const double mean2[POLAR], uint64_t *seed)
{
    struct sky_innovation innovation = {.has = (1U << POLAR) - 1};
    for (int i = 0; i < POLAR; i++) {
        innovation.z[i] = sqrt(mean2[i]) * test_normal(seed);
    }
    return sky_nis_add(&nis, &innovation);
}

/* Updates until a component is reported; 100,000 if it never is. */
static int updates_until_out(const double mean2[POLAR], enum sky_component component,
                             uint64_t *seed)
{
    for (int n = 1; n < 100000; n++) {
        (void)add(mean2, seed);
        if ((nis.out & 1U << component) != 0) {
            return n;
        }
    }
    return 100000;
}

static const double healthy[POLAR] = {1.0, 0.9, 1.0, 0.8};

/* Mean over 100 radars, each healthy for `before` plots; ret_slowest is the 95th of them. */
static double mean_delay(const double faulty[POLAR], int before, int *ret_slowest)
{
    int slower_than[1001] = {0};
    double sum = 0.0;
    for (uint64_t with_seed = 1; with_seed <= 100; with_seed++) {
        uint64_t seed = with_seed;
        sky_nis_init(&nis);
        for (int i = 0; i < before; i++) {
            (void)add(healthy, &seed);
        }
        const int n = updates_until_out(faulty, SKY_COMPONENT_AZIMUTH, &seed);
        sum += n;
        for (int i = 0; i <= 1000; i++) {
            slower_than[i] += n > i ? 1 : 0;
        }
    }
    *ret_slowest = 0;
    while (*ret_slowest < 1000 && slower_than[*ret_slowest] > 5) {
        (*ret_slowest)++;
    }
    return sum / 100.0;
}

static void twice_the_stated_noise_is_reported_within_some_thirty_plots(void **state)
{
    (void)state;
    static const double faulty[POLAR] = {1.0, 4.0, 1.0, 0.8};
    for (int before = 0; before <= 300; before += 300) {
        int slowest;
        const double mean = mean_delay(faulty, before, &slowest);
        if (!(mean < 30.0 && slowest < 55)) {
            fail_msg("after %d: %g plots, 95 %% within %d", before, mean, slowest);
        }
    }
}

static void half_the_stated_noise_is_reported_within_two_hundred_plots(void **state)
{
    (void)state;
    static const double faulty[POLAR] = {1.0, 0.25, 1.0, 0.8};
    for (int before = 0; before <= 300; before += 300) {
        int slowest;
        const double mean = mean_delay(faulty, before, &slowest);
        if (!(mean < 170.0 && slowest < 200)) {
            fail_msg("after %d: %g plots, 95 %% within %d", before, mean, slowest);
        }
    }
}

static void a_healthy_radar_is_reported_less_than_once_in_ten_thousand_plots(void **state)
{
    (void)state;
    static const double radar[3][POLAR] = {
        {1.0, 1.0, 1.0, 1.0}, {1.15, 1.1, 1.15, 1.1}, {0.6, 0.7, 0.6, 0.8}};
    for (int i = 0; i < 3; i++) {
        uint64_t seed = 1000 + (uint64_t)i;
        int reports = 0;
        enum { PLOTS = 100000 };
        sky_nis_init(&nis);
        for (int k = 0; k < PLOTS; k++) {
            const uint32_t before = nis.out;
            reports += add(radar[i], &seed) && (nis.out & ~before) != 0 ? 1 : 0;
        }
        if (reports > PLOTS / 10000) {
            fail_msg("radar %d, seed %d: %d reports", i, 1000 + i, reports);
        }
    }
}

/* Where the mean lies on the bound itself, reports come and go slowly. */
static void a_radar_on_the_bound_does_not_flap(void **state)
{
    (void)state;
    static const double border[POLAR] = {1.6, 1.6, 0.4, 0.4};
    uint64_t seed = 77;
    int changes = 0;
    sky_nis_init(&nis);
    for (int k = 0; k < 20000; k++) {
        changes += add(border, &seed) ? 1 : 0;
    }
    if (changes > 400) {
        fail_msg("seed 77: %d changes", changes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twice_the_stated_noise_is_reported_within_some_thirty_plots),
        cmocka_unit_test(half_the_stated_noise_is_reported_within_two_hundred_plots),
        cmocka_unit_test(a_healthy_radar_is_reported_less_than_once_in_ten_thousand_plots),
        cmocka_unit_test(a_radar_on_the_bound_does_not_flap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
