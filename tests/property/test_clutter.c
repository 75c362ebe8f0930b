#include "sky_clutter.h"

#include <stdbool.h>

#include "sky_math.h"
#include "sky_test.h"

enum { SPOTS = 6 };

static struct sky_clutter clutter, turned;

/* A radar somewhere between a drone watcher and a long-range one. */
static struct sky_sensor_config some_radar(uint64_t *seed)
{
    const double size = exp(test_uniform(seed, 0.0, 4.0));
    return (struct sky_sensor_config){
        .measures_elevation = test_random(seed) % 4 != 0,
        .range_min_m = 50.0 * size,
        .range_max_m = 5000.0 * size,
        .elevation_min_rad = test_uniform(seed, -0.1, 0.05),
        .elevation_max_rad = test_uniform(seed, 0.3, 1.5),
        .radial_max_mps = test_uniform(seed, 30.0, 300.0),
        .notch_mps = test_uniform(seed, 0.0, 4.0),
        .notch_detection_probability = 0.5,
        .detection_probability = 0.9,
        .false_plots_per_scan = test_uniform(seed, 10.0, 60.0),
        .scan_ns = 1 + (int64_t)test_uniform(seed, 1e7, 6e9),
    };
}

/* Where in a radar's coverage a plot may be, evenly. */
static struct sky_measurement anywhere(const struct sky_sensor_config *radar, uint64_t *seed)
{
    const double top_rad = fmin(radar->elevation_max_rad, SKY_PI / 6.0);
    return (struct sky_measurement){
        .has_elevation = radar->measures_elevation,
        .has_radial_speed = true,
        .slant_range_m = test_uniform(seed, radar->range_min_m, radar->range_max_m),
        .azimuth_rad = test_uniform(seed, 0.0, 2.0 * SKY_PI),
        .elevation_rad = test_uniform(seed, radar->elevation_min_rad, top_rad),
        .radial_speed_mps = test_uniform(seed, -radar->radial_max_mps, radar->radial_max_mps),
    };
}

static double volume(const struct sky_sensor_config *radar)
{
    const double top_rad = fmin(radar->elevation_max_rad, SKY_PI / 6.0);
    return (radar->range_max_m - radar->range_min_m) * 2.0 * SKY_PI * 2.0 * radar->radial_max_mps *
           (radar->measures_elevation ? top_rad - radar->elevation_min_rad : 1.0);
}

struct spots {
    double share;
    double range_m[SPOTS];
    double azimuth_rad[SPOTS];
};

static struct spots some_spots(const struct sky_sensor_config *radar, double share, uint64_t *seed)
{
    struct spots spots = {.share = share};
    for (int i = 0; i < SPOTS; i++) {
        spots.range_m[i] = test_uniform(seed, radar->range_min_m, 0.7 * radar->range_max_m);
        spots.azimuth_rad[i] = test_uniform(seed, 0.0, 2.0 * SKY_PI);
    }
    return spots;
}

/* A false plot: from one of the hot spots, or from anywhere. */
static struct sky_measurement false_plot(const struct sky_sensor_config *radar,
                                         const struct spots *spots, uint64_t *seed)
{
    struct sky_measurement m = anywhere(radar, seed);
    if (test_uniform(seed, 0.0, 1.0) < spots->share) {
        const uint64_t i = test_random(seed) % SPOTS;
        m.slant_range_m = spots->range_m[i] + 0.005 * radar->range_max_m * test_normal(seed);
        m.azimuth_rad = spots->azimuth_rad[i] + 0.015 * test_normal(seed);
        m.elevation_rad = test_uniform(seed, fmax(0.0, radar->elevation_min_rad), 0.03);
        m.radial_speed_mps = 2.0 * test_normal(seed);
    }
    return m;
}

/* Plays scans of false plots; returns how much better than an even spread they were foreseen. */
static double play(const struct sky_sensor_config *radar, const struct spots *spots, int scans,
                   int known_from, uint64_t *seed)
{
    const double even = log(radar->false_plots_per_scan / volume(radar));
    double gain = 0.0, plots = 0.0;
    sky_clutter_init(&clutter);
    for (int k = 0; k < scans; k++) {
        sky_clutter_age(&clutter, radar, k * radar->scan_ns);
        for (int i = 0; i < (int)radar->false_plots_per_scan; i++) {
            const struct sky_measurement m = false_plot(radar, spots, seed);
            if (k >= known_from) {
                gain += sky_clutter_log_density(&clutter, radar, &m) - even;
                plots += 1.0;
            }
            sky_clutter_add(&clutter, sky_clutter_cell(radar, &m));
        }
    }
    return gain / plots;
}

static void hot_spots_are_foreseen_and_thin_clutter_costs_little(void **state)
{
    (void)state;
    for (uint64_t with_seed = 1; with_seed <= 15; with_seed++) {
        uint64_t seed = with_seed;
        struct sky_sensor_config radar = some_radar(&seed);
        const struct spots spots = some_spots(&radar, 0.4, &seed), none = {0};
        const double hot = play(&radar, &spots, 40, 10, &seed);
        const double thin = play(&radar, &none, 40, 10, &seed);
        if (!(hot > 1.0 && thin > -0.3)) {
            fail_msg("seed %d: %g with hot spots, %g without", (int)with_seed, hot, thin);
        }
    }
}

/* However the map is filled, what it foresees is as much as what comes. */
static void the_density_over_all_the_coverage_adds_up_to_the_plots_per_scan(void **state)
{
    (void)state;
    for (uint64_t with_seed = 1; with_seed <= 6; with_seed++) {
        uint64_t seed = with_seed;
        struct sky_sensor_config radar = some_radar(&seed);
        const double come = floor(radar.false_plots_per_scan);
        const struct spots spots = some_spots(&radar, test_uniform(&seed, 0.0, 0.5), &seed);
        (void)play(&radar, &spots, 60, 0, &seed);
        sky_clutter_age(&clutter, &radar, 60 * radar.scan_ns);

        assert_near(sky_clutter_per_scan(&clutter, &radar), come, 0.05 * come);

        /* half of the samples where the ground's plots are, lest their peaks are missed */
        const struct spots everywhere = {.share = 0.0};
        double sum = 0.0;
        enum { SAMPLES = 30000 };
        for (int i = 0; i < SAMPLES; i++) {
            struct sky_measurement m = false_plot(&radar, &everywhere, &seed);
            double weight = 2.0;
            const bool low = i % 2 == 0;
            const double slow_mps = fmin(fmax(7.5, 3.0 * radar.notch_mps), 15.0);
            const double low_rad = fmin(fmax(0.0524, radar.elevation_min_rad + 0.0524), 0.2);
            if (low) {
                m.radial_speed_mps = test_uniform(&seed, -slow_mps, slow_mps);
                weight *= slow_mps / radar.radial_max_mps;
                if (radar.measures_elevation) {
                    const double top_rad = fmin(radar.elevation_max_rad, SKY_PI / 6.0);
                    m.elevation_rad = test_uniform(&seed, radar.elevation_min_rad, low_rad);
                    weight *=
                        (low_rad - radar.elevation_min_rad) / (top_rad - radar.elevation_min_rad);
                }
            } else if (sky_abs(m.radial_speed_mps) <= slow_mps &&
                       (!radar.measures_elevation || m.elevation_rad <= low_rad)) {
                continue;
            }
            sum += weight * exp(sky_clutter_log_density(&clutter, &radar, &m));
        }
        const double foreseen = sum / SAMPLES * volume(&radar);
        if (!(foreseen > 0.7 * come && foreseen < 1.15 * come)) {
            fail_msg("seed %d: %g foreseen, %g come", (int)with_seed, foreseen, come);
        }
    }
}

static void where_north_lies_does_not_matter(void **state)
{
    (void)state;
    uint64_t seed = 31;
    const struct sky_sensor_config radar = some_radar(&seed);
    const double turn_rad = 2.0 * SKY_PI / SKY_CLUTTER_OTHER_AZIMUTHS * 5.0;
    sky_clutter_init(&clutter);
    sky_clutter_init(&turned);
    for (int i = 0; i < 8000; i++) {
        struct sky_measurement m = anywhere(&radar, &seed);
        m.radial_speed_mps *= i % 3 == 0 ? 0.05 : 1.0;
        struct sky_measurement other = m;
        other.azimuth_rad += turn_rad - (i % 2 == 0 ? 2.0 * SKY_PI : 0.0);
        assert_near(sky_clutter_log_density(&turned, &radar, &other),
                    sky_clutter_log_density(&clutter, &radar, &m), 0.0);
        sky_clutter_add(&clutter, sky_clutter_cell(&radar, &m));
        sky_clutter_add(&turned, sky_clutter_cell(&radar, &other));
        sky_clutter_age(&clutter, &radar, i * radar.scan_ns / 40);
        sky_clutter_age(&turned, &radar, i * radar.scan_ns / 40);
    }
}

static double wild(uint64_t *seed)
{
    const double size = test_uniform(seed, 0.0, 1.0) < 0.8 ? 5.0 : 300.0;
    return (test_random(seed) % 2 == 0 ? 1.0 : -1.0) * pow(10.0, test_uniform(seed, -size, size));
}

static void nothing_that_is_finite_leads_to_anything_that_is_not(void **state)
{
    (void)state;
    for (uint64_t with_seed = 1; with_seed <= 8; with_seed++) {
        uint64_t seed = with_seed;
        struct sky_sensor_config radar = some_radar(&seed);
        radar.false_plots_per_scan = pow(10.0, test_uniform(&seed, -3.0, 5.0));
        int64_t time_ns = -1000;
        sky_clutter_init(&clutter);
        for (int i = 0; i < 1500; i++) {
            const struct sky_measurement m = {
                .has_elevation = test_random(&seed) % 2 == 0,
                .has_radial_speed = test_random(&seed) % 2 == 0,
                .has_height = test_random(&seed) % 2 == 0,
                .slant_range_m = wild(&seed),
                .azimuth_rad = wild(&seed),
                .elevation_rad = wild(&seed),
                .radial_speed_mps = wild(&seed),
                .sigma_height_m = pow(10.0, test_uniform(&seed, 0.0, 4.0)),
            };
            const double log_density = sky_clutter_log_density(&clutter, &radar, &m);
            sky_clutter_add(&clutter, sky_clutter_cell(&radar, &m));
            sky_clutter_learn_detection(&clutter, &radar, m.slant_range_m,
                                        test_uniform(&seed, 0.0, 1.0), test_random(&seed) % 2 == 0);
            time_ns += (int64_t)(pow(10.0, test_uniform(&seed, 0.0, 14.0)));
            sky_clutter_age(&clutter, &radar, time_ns);
            const double per_scan = sky_clutter_per_scan(&clutter, &radar);
            const double detection = sky_clutter_detection(&clutter, &radar, wild(&seed), 0.3);
            if (!sky_is_finite(log_density) || !(per_scan > 0.0 && per_scan < 1e6) ||
                !(detection >= 0.05 && detection <= 0.995)) {
                fail_msg("seed %d, plot %d: density %g, %g per scan, detection %g", (int)with_seed,
                         i, log_density, per_scan, detection);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hot_spots_are_foreseen_and_thin_clutter_costs_little),
        cmocka_unit_test(the_density_over_all_the_coverage_adds_up_to_the_plots_per_scan),
        cmocka_unit_test(where_north_lies_does_not_matter),
        cmocka_unit_test(nothing_that_is_finite_leads_to_anything_that_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
