#include "sky_clutter.h"

#include <stdbool.h>
#include <string.h>

#include "sky_math.h"
#include "sky_test.h"

static const double degree = SKY_PI / 180.0;

static struct sky_clutter clutter;
static struct sky_sensor_config radar;
static int64_t now_ns;

/* 40 false plots per scan of 4 s, to 70 km, 0 .. 45 degrees, 250 m/s. */
static int start(void **state)
{
    (void)state;
    radar = (struct sky_sensor_config){
        .measures_elevation = true,
        .range_max_m = 70e3,
        .elevation_max_rad = 45.0 * degree,
        .radial_max_mps = 250.0,
        .notch_mps = 3.0,
        .notch_detection_probability = 0.5,
        .detection_probability = 0.9,
        .false_plots_per_scan = 40.0,
        .scan_ns = 4 * SKY_SECOND_NS,
    };
    now_ns = -7;
    sky_clutter_init(&clutter);
    return 0;
}

static struct sky_measurement plot(double range_m, double azimuth_deg, double elevation_deg,
                                   double radial_mps)
{
    return (struct sky_measurement){
        .has_elevation = true,
        .has_radial_speed = true,
        .slant_range_m = range_m,
        .azimuth_rad = azimuth_deg * degree,
        .elevation_rad = elevation_deg * degree,
        .radial_speed_mps = radial_mps,
    };
}

static double log_density(struct sky_measurement m)
{
    return sky_clutter_log_density(&clutter, &radar, &m);
}

static void show(struct sky_measurement m)
{
    sky_clutter_add(&clutter, sky_clutter_cell(&radar, &m));
}

static void age(int64_t scans)
{
    sky_clutter_age(&clutter, &radar, now_ns);
    now_ns += scans * radar.scan_ns;
    sky_clutter_age(&clutter, &radar, now_ns);
}

/* A scan with thin clutter all over the map, and `hot` plots of the ground at one place. */
static void scan(uint64_t *seed, int thin, int hot, double range_m, double azimuth_deg)
{
    for (int i = 0; i < thin; i++) { /* one draw after another: the same on every compiler */
        const double at_m = test_uniform(seed, 0.0, 70e3);
        const double at_deg = test_uniform(seed, 0.0, 360.0);
        const double up_deg = test_uniform(seed, 5.0, 30.0);
        show(plot(at_m, at_deg, up_deg, test_uniform(seed, -250.0, 250.0)));
    }
    for (int i = 0; i < hot; i++) {
        const double at_m = range_m + test_uniform(seed, -150.0, 150.0);
        const double at_deg = azimuth_deg + test_uniform(seed, -0.5, 0.5);
        const double up_deg = test_uniform(seed, 0.0, 1.0);
        show(plot(at_m, at_deg, up_deg, test_uniform(seed, -3.0, 3.0)));
    }
    age(1);
}

/* Spans of the radar above: 30 degrees, 500 m/s; the ground's corner: 3 degrees, 18 m/s. */
static const double all = 30.0 * SKY_PI / 180.0 * 500.0;
static const double corner = 3.0 * SKY_PI / 180.0 * 18.0;
static const double map_area = 2.0 * SKY_PI * 70e3;

static void before_anything_is_learned_clutter_is_what_the_configuration_says(void **state)
{
    (void)state;
    const double other = 40.0 * 0.7 * (1.0 - corner / all);
    const double ground = 40.0 * (0.3 + 0.7 * corner / all);
    assert_near(log_density(plot(20e3, 50.0, 10.0, 100.0)),
                log(other / (map_area * (all - corner))), 1e-9);
    assert_near(log_density(plot(20e3, 50.0, 1.0, 100.0)), log(other / (map_area * (all - corner))),
                1e-9);
    assert_near(log_density(plot(20e3, 50.0, 10.0, 1.0)), log(other / (map_area * (all - corner))),
                1e-9);
    assert_near(log_density(plot(20e3, 50.0, 1.0, 1.0)), log(ground / (map_area * corner)), 1e-9);
    assert_near(sky_clutter_per_scan(&clutter, &radar), 40.0, 1e-9);
}

static void what_a_plot_does_not_say_is_no_part_of_its_density(void **state)
{
    (void)state;
    struct sky_measurement m = plot(20e3, 50.0, 10.0, 1.0);
    m.has_elevation = false;
    assert_near(log_density(m), log(40.0 * (0.3 + 0.7 * 18.0 / 500.0) / (map_area * 18.0)), 1e-9);
    m.radial_speed_mps = -9.1;
    assert_near(log_density(m), log(40.0 * 0.7 * (482.0 / 500.0) / (map_area * 482.0)), 1e-9);

    m.has_radial_speed = false;
    assert_near(log_density(m), log(40.0 / map_area), 1e-9);

    m.has_elevation = true;
    m.elevation_rad = 0.02;
    assert_near(log_density(m), log(40.0 * (0.3 + 0.7 * 0.1) / (map_area * 3.0 * degree)), 1e-9);
    m.elevation_rad = 0.2;
    assert_near(log_density(m), log(40.0 * 0.7 * 0.9 / (map_area * 27.0 * degree)), 1e-9);
}

static void a_height_counts_by_the_metre(void **state)
{
    (void)state;
    struct sky_measurement m = plot(20e3, 50.0, 10.0, 100.0);
    const double without = log_density(m);
    m.has_height = true;
    m.sigma_height_m = 100.0;
    assert_near(log_density(m), without - log(15e3), 1e-9);
    /* a mere prior is as likely of clutter as of a track that knows no more */
    m.sigma_height_m = 1e4;
    assert_near(log_density(m), without - log(2.0 * sqrt(SKY_PI) * 1e4), 1e-9);
}

static void what_has_no_cell_leaves_no_trace(void **state)
{
    (void)state;
    static struct sky_clutter before;
    before = clutter;
    sky_clutter_add(&clutter, SKY_CLUTTER_NO_CELL);
    assert_memory_equal(&clutter, &before, sizeof before);
}

static void a_hot_spot_is_known_after_three_scans(void **state)
{
    (void)state;
    uint64_t seed = 1;
    const double before = log_density(plot(30e3, 77.0, 0.5, 1.0));
    for (int i = 0; i < 3; i++) {
        scan(&seed, 20, 2, 30e3, 77.0);
    }
    assert_true(log_density(plot(30e3, 77.0, 0.5, 1.0)) > before + log(100.0));
    assert_true(log_density(plot(30e3, 82.0, 0.5, 1.0)) < before);
    assert_true(log_density(plot(31.2e3, 77.0, 0.5, 1.0)) < before);
    /* what flies above it, or fast through it, is not hidden by it */
    assert_true(log_density(plot(30e3, 77.0, 8.0, 1.0)) < before - log(50.0));
    assert_true(log_density(plot(30e3, 77.0, 0.5, 80.0)) < before - log(50.0));
}

static void a_hot_spot_is_seen_from_the_next_cell_also_across_north(void **state)
{
    (void)state;
    const double step_deg = 360.0 / SKY_CLUTTER_GROUND_AZIMUTHS;
    const double step_m = 70e3 / SKY_CLUTTER_GROUND_RANGES;
    for (int i = 0; i < 2; i++) {
        const double azimuth_deg = i * 90.0 + 0.01;
        const double range_m = 20.0 * step_m + 0.01;
        start(NULL);
        for (int k = 0; k < 4; k++) {
            show(plot(range_m, azimuth_deg, 1.0, 0.0));
        }
        const double quiet = log_density(plot(60e3, 180.0, 1.0, 0.0));
        const double there = log_density(plot(range_m, azimuth_deg, 1.0, 0.0));
        const double beside = log_density(plot(range_m, azimuth_deg - 0.02, 1.0, 0.0));
        const double nearer = log_density(plot(range_m - 0.02, azimuth_deg, 1.0, 0.0));
        assert_true(there > quiet + log(100.0));
        assert_true(beside < there - 1.0 && beside > quiet + log(20.0));
        assert_near(nearer, beside, 1e-12);
        assert_near(log_density(plot(range_m, azimuth_deg + 1.5 * step_deg, 1.0, 0.0)), beside,
                    1e-12);
        assert_near(log_density(plot(range_m + 1.5 * step_m, azimuth_deg, 1.0, 0.0)), beside,
                    1e-12);
        assert_near(log_density(plot(range_m, azimuth_deg + 2.5 * step_deg, 1.0, 0.0)), quiet,
                    1e-12);
    }
}

static void the_nearest_and_the_farthest_ring_have_neighbours_too(void **state)
{
    (void)state;
    radar.range_min_m = 1000.0;
    for (int i = 0; i < 2; i++) {
        const double range_m = i == 0 ? 0.0 : 90e3; /* outside of the coverage: brought into it */
        show(plot(range_m, 45.0, 1.0, 0.0));
        show(plot(range_m, 45.0, 1.0, 0.0));
    }
    const double quiet = log_density(plot(30e3, 45.0, 1.0, 0.0));
    assert_true(log_density(plot(1001.0, 45.0, 1.0, 0.0)) > quiet + 3.0);
    assert_true(log_density(plot(69.9e3, 45.0, 1.0, 0.0)) > quiet + 3.0);
}

static void the_ground_is_settled_after_some_scans_and_the_rest_always(void **state)
{
    (void)state;
    uint64_t seed = 3;
    const struct sky_measurement ground = plot(30e3, 200.0, 0.5, 1.0);
    const struct sky_measurement other = plot(30e3, 200.0, 0.5, 90.0);
    assert_true(sky_clutter_is_settled(&clutter, sky_clutter_cell(&radar, &other)));
    int scans = 0;
    while (!sky_clutter_is_settled(&clutter, sky_clutter_cell(&radar, &ground))) {
        scan(&seed, 20, 8, 30e3, 77.0);
        scans++;
    }
    assert_in_range(scans, 10, 25);
    for (int i = 0; i < 100; i++) {
        scan(&seed, 20, 8, 30e3, 77.0);
        assert_true(sky_clutter_is_settled(&clutter, sky_clutter_cell(&radar, &ground)));
    }
}

static void the_first_plots_of_an_aircraft_hardly_hide_the_next(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (int i = 0; i < 30; i++) {
        scan(&seed, 40, 0, 0.0, 0.0);
    }
    const double before = log_density(plot(30e3, 77.0, 6.0, 70.0));
    for (int i = 0; i < 3; i++) {
        show(plot(30e3 - 280.0 * i, 77.0, 6.0, 70.0));
        scan(&seed, 40, 0, 0.0, 0.0);
    }
    assert_true(log_density(plot(29.16e3, 77.0, 6.0, 70.0)) < before + 1.7);

    for (int i = 0; i < 45; i++) { /* but a rain cell shows */
        show(plot(30e3, 77.0, 6.0, 20.0));
    }
    assert_true(log_density(plot(30e3, 77.0, 6.0, 70.0)) > before + 2.2);
}

static void a_hot_spot_that_cools_is_forgotten_by_the_factor_e_in_15_scans(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = 0; i < 60; i++) {
        scan(&seed, 20, 4, 30e3, 77.0);
    }
    const double hot = log_density(plot(30e3, 77.0, 0.5, 1.0));
    for (int i = 0; i < 15; i++) {
        scan(&seed, 20, 4, 50e3, 200.0);
    }
    assert_near(log_density(plot(30e3, 77.0, 0.5, 1.0)), hot - 1.0, 0.15);
    for (int i = 0; i < 200; i++) {
        scan(&seed, 20, 4, 50e3, 200.0);
    }
    const double cold = log_density(plot(20e3, 300.0, 0.5, 1.0));
    assert_near(log_density(plot(30e3, 77.0, 0.5, 1.0)), cold, 1e-12);
}

static void the_level_follows_the_plots_however_wrong_the_configuration_is(void **state)
{
    (void)state;
    static const double stated[] = {0.001, 1.0, 40.0, 1000.0};
    for (int i = 0; i < 4; i++) {
        uint64_t seed = 6;
        start(NULL);
        radar.false_plots_per_scan = stated[i];
        for (int k = 0; k < 90; k++) {
            scan(&seed, 30, 10, 30e3, 77.0);
        }
        assert_near(sky_clutter_per_scan(&clutter, &radar), 40.0, 2.0);
        double mean = 0.0;
        for (int k = 0; k < 360; k++) {
            mean += exp(log_density(plot(35e3, k, 15.0, 100.0))) / 360.0;
        }
        assert_near(mean * map_area * (all - corner), 30.0, 5.0);
    }
}

static void a_radar_without_false_plots_keeps_some_doubt(void **state)
{
    (void)state;
    radar.false_plots_per_scan = 0.1;
    for (int i = 0; i < 300; i++) {
        age(1);
    }
    assert_true(sky_clutter_per_scan(&clutter, &radar) > 0.02);
    assert_true(sky_clutter_per_scan(&clutter, &radar) < 0.1);
}

static void a_radar_that_is_off_forgets_nothing(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 20; i++) {
        scan(&seed, 20, 4, 30e3, 77.0);
    }
    const double hot = log_density(plot(30e3, 77.0, 0.5, 1.0));
    for (int i = 0; i < 500; i++) {
        age(1);
    }
    assert_near(log_density(plot(30e3, 77.0, 0.5, 1.0)), hot, 0.0);

    radar.false_plots_per_scan = 0.5; /* of one with so few, silence tells */
    start(NULL);
    radar.false_plots_per_scan = 0.5;
    show(plot(30e3, 77.0, 0.5, 1.0));
    age(1);
    const double once = log_density(plot(30e3, 77.0, 0.5, 1.0));
    for (int i = 0; i < 100; i++) {
        age(1);
    }
    assert_true(log_density(plot(30e3, 77.0, 0.5, 1.0)) < once - 4.0);
}

static void a_gap_of_any_length_costs_one_pass(void **state)
{
    (void)state;
    show(plot(30e3, 77.0, 0.5, 1.0));
    sky_clutter_age(&clutter, &radar, 0);
    sky_clutter_age(&clutter, &radar, INT64_MAX / 2);
    assert_near(clutter.scans, 15.0, 0.6);
    assert_near(clutter.total[1], 0.0, 1e-8);
    assert_near(log_density(plot(30e3, 77.0, 0.5, 1.0)), log_density(plot(9e3, 7.0, 0.5, 1.0)),
                1e-6);
}

static void nothing_fades_before_a_scan_is_over_or_when_time_goes_back(void **state)
{
    (void)state;
    show(plot(30e3, 77.0, 0.5, 1.0));
    static struct sky_clutter before;
    before = clutter;
    sky_clutter_age(&clutter, &radar, 1000);
    sky_clutter_age(&clutter, &radar, 999 + radar.scan_ns);
    sky_clutter_age(&clutter, &radar, -radar.scan_ns);
    assert_near(clutter.total[1], before.total[1], 0.0);
    assert_memory_equal(clutter.ground, before.ground, sizeof before.ground);
    sky_clutter_age(&clutter, &radar, 1000 + radar.scan_ns);
    assert_near(clutter.total[1], exp(-1.0 / 15.0), 1e-15);
    assert_near(clutter.scans, exp(-1.0 / 15.0), 1e-15);
}

static void more_plots_than_a_cell_can_count_do_no_harm(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        show(plot(30e3, 77.0, 0.5, 1.0));
        show(plot(30e3, 77.0, 10.0, 1.0));
    }
    const double full = log_density(plot(30e3, 77.0, 0.5, 1.0));
    show(plot(30e3, 77.0, 0.5, 1.0));
    assert_near(log_density(plot(30e3, 77.0, 0.5, 1.0)), full, 1e-3);
    assert_true(full > log_density(plot(30e3, 99.0, 0.5, 1.0)) + 5.0);
}

static void where_the_ground_is_low_and_still_is_learned_for_all_cells(void **state)
{
    (void)state;
    uint64_t seed = 8;
    for (int i = 0; i < 20; i++) {
        scan(&seed, 20, 4, 30e3, 77.0);
    }
    const double there = log_density(plot(50e3, 200.0, 0.5, 1.0));
    assert_true(log_density(plot(50e3, 200.0, 2.0, 1.0)) < there - 1.5);
    assert_true(log_density(plot(50e3, 200.0, 0.5, 8.0)) < there - 1.5);

    struct sky_measurement m = plot(50e3, 200.0, 0.5, 1.0);
    m.has_elevation = false; /* says nothing of elevations: neither learns from it nor reads them */
    const double low = clutter.profiled[0], still = clutter.profiled[1];
    show(m);
    assert_near(clutter.profiled[0], low, 0.0);
    assert_near(clutter.profiled[1], still + 1.0, 1e-12);
}

static void odd_coverages_have_finite_densities_inside_and_out(void **state)
{
    (void)state;
    static const double bottom_deg[] = {-90.0, -10.0, 0.0, 20.0, 50.0, 89.9};
    static const double top_deg[] = {90.0, -9.99, 0.001, 90.0, 60.0, 90.0};
    for (int i = 0; i < 6; i++) {
        radar.elevation_min_rad = bottom_deg[i] * degree;
        radar.elevation_max_rad = top_deg[i] * degree;
        radar.radial_max_mps = i % 2 == 0 ? 1.0 : 3000.0;
        radar.notch_mps = i % 3 == 0 ? 0.0 : 100.0;
        for (int k = 0; k < 36; k++) {
            const double density = log_density(
                plot(k * 1e5, 1000.0 * k - 17e3, 5.0 * k - 90.0, k % 2 == 0 ? 0.0 : 100.0 * k));
            assert_true(density > -60.0 && density < 20.0);
        }
    }
    struct sky_measurement extreme = plot(1e308, 1e300, 0.0, -1e308);
    extreme.elevation_rad = -1e308;
    assert_true(sky_is_finite(log_density(extreme)));
    show(extreme);
    extreme.azimuth_rad = -1e300;
    extreme.slant_range_m = -1e308;
    extreme.elevation_rad = 1e308;
    show(extreme);
    assert_true(sky_is_finite(log_density(extreme)));
}

static void low_ground_around_a_high_radar_is_ground(void **state)
{
    (void)state;
    radar.elevation_min_rad = -10.0 * degree;
    assert_true(log_density(plot(20e3, 50.0, 2.0, 1.0)) >
                log_density(plot(20e3, 50.0, 4.0, 1.0)) + 3.0);
    radar.elevation_min_rad = 4.0 * degree; /* and the lowest three degrees of any coverage */
    assert_true(log_density(plot(20e3, 50.0, 6.9, 1.0)) >
                log_density(plot(20e3, 50.0, 7.1, 1.0)) + 3.0);
}

static void look(double range_m, double share_in_notch, bool seen)
{
    sky_clutter_learn_detection(&clutter, &radar, range_m, share_in_notch, seen);
}

static double detection(double range_m, double share_in_notch)
{
    return sky_clutter_detection(&clutter, &radar, range_m, share_in_notch);
}

static void detection_starts_as_configured(void **state)
{
    (void)state;
    assert_near(detection(10e3, 0.0), 0.9, 1e-12);
    assert_near(detection(10e3, 1.0), 0.5, 1e-12);
    assert_near(detection(90e3, 0.25), 0.8, 1e-12);
}

static void misses_at_one_range_do_not_count_at_another(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        look(60e3, 0.0, false);
    }
    assert_near(detection(60e3, 0.0), 0.45, 0.03);
    assert_near(detection(30e3, 0.0), 0.9, 1e-12);
    assert_near(detection(60e3, 1.0), 0.5, 1e-12);
}

static void detection_is_learned_in_two_hundred_looks_and_never_certain(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        look(10e3, 0.0, i % 5 < 3);
        look(10e3, 1.0, i % 5 < 1);
    }
    assert_near(detection(10e3, 0.0), 0.6 + 0.3 * 20.0 / 220.0, 0.01);
    assert_near(detection(10e3, 1.0), 0.2 + 0.3 * 20.0 / 220.0, 0.01);

    radar.detection_probability = 0.999;
    radar.notch_detection_probability = 0.01;
    for (int i = 0; i < 3000; i++) {
        look(10e3, 0.0, true);
        look(10e3, 1.0, false);
    }
    assert_near(detection(10e3, 0.0), 0.995, 1e-12);
    assert_near(detection(10e3, 1.0), 0.05, 1e-12);
}

static void the_outcome_tells_whether_it_was_the_notch(void **state)
{
    (void)state;
    uint64_t seed = 9;
    radar.notch_detection_probability = 0.2;
    for (int i = 0; i < 2000; i++) {
        const bool in_notch = test_uniform(&seed, 0.0, 1.0) < 0.5;
        look(10e3, 0.5, test_uniform(&seed, 0.0, 1.0) < (in_notch ? 0.2 : 0.9));
    }
    assert_near(detection(10e3, 0.0), 0.9, 0.06);
    assert_near(detection(10e3, 1.0), 0.2, 0.06);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(before_anything_is_learned_clutter_is_what_the_configuration_says),
        TEST(what_a_plot_does_not_say_is_no_part_of_its_density),
        TEST(a_height_counts_by_the_metre),
        TEST(what_has_no_cell_leaves_no_trace),
        TEST(a_hot_spot_is_known_after_three_scans),
        TEST(a_hot_spot_is_seen_from_the_next_cell_also_across_north),
        TEST(the_nearest_and_the_farthest_ring_have_neighbours_too),
        TEST(the_ground_is_settled_after_some_scans_and_the_rest_always),
        TEST(the_first_plots_of_an_aircraft_hardly_hide_the_next),
        TEST(a_hot_spot_that_cools_is_forgotten_by_the_factor_e_in_15_scans),
        TEST(the_level_follows_the_plots_however_wrong_the_configuration_is),
        TEST(a_radar_without_false_plots_keeps_some_doubt),
        TEST(a_radar_that_is_off_forgets_nothing),
        TEST(a_gap_of_any_length_costs_one_pass),
        TEST(nothing_fades_before_a_scan_is_over_or_when_time_goes_back),
        TEST(more_plots_than_a_cell_can_count_do_no_harm),
        TEST(where_the_ground_is_low_and_still_is_learned_for_all_cells),
        TEST(odd_coverages_have_finite_densities_inside_and_out),
        TEST(low_ground_around_a_high_radar_is_ground),
        TEST(detection_starts_as_configured),
        TEST(misses_at_one_range_do_not_count_at_another),
        TEST(detection_is_learned_in_two_hundred_looks_and_never_certain),
        TEST(the_outcome_tells_whether_it_was_the_notch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
