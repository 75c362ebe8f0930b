#include "sky_test.h"

#include <string.h>

#include "sky_tracker.h"
#include "test_radar.h"

static struct sky_tracker tracker;
static struct sky_config config;
static struct sky_geo_frame frame;
static struct sky_sensor_pose pose[2];
static struct sky_measurement measurement[SKY_PLOTS_MAX];
static struct sky_plot plot[SKY_PLOTS_MAX];
static struct test_target target;
static int64_t now_ns;
static uint64_t seed;

static int start(void **state)
{
    (void)state;
    sky_config_default(&config);
    config.sensor_count = 2;
    config.sensor[0] = config.sensor[1] = test_radar();
    frame = test_frame();
    pose[0] = test_pose(&frame, 0.0, 0.0, 0.0);
    pose[1] = test_pose(&frame, 35e3, 0.0, 50.0);
    memset(plot, 0, sizeof plot);
    sky_tracker_init(&tracker);
    target = (struct test_target){.x = {12e3, 24e3, 4e3, 70.0, 30.0, 0.0}};
    now_ns = 1000 * SKY_SECOND_NS;
    seed = 1;
    return 0;
}

/* --- What happens to the world -------------------------------------------------------------- */

static void give(uint32_t sensor, size_t count)
{
    sky_tracker_plots(&tracker, &config, sensor, &pose[sensor], &frame, count, plot, measurement);
}

static void see(uint32_t sensor)
{
    measurement[0] = test_measure(&config.sensor[sensor], &pose[sensor], &target, now_ns, &seed);
    give(sensor, 1);
}

static void fly(double dt_s)
{
    test_fly(&target, dt_s, 0.0, 0.0, &seed);
    now_ns += (int64_t)(dt_s * 1e9);
}

static void tick(void) { sky_tracker_tick(&tracker, &config, now_ns); }

/* One second of the usual: the radar sees the aircraft, and time passes. */
static void live(int seconds)
{
    for (int i = 0; i < seconds; i++) {
        see(0);
        tick();
        fly(1.0);
    }
}

static void sleep_for(int seconds)
{
    for (int i = 0; i < seconds; i++) {
        tick();
        fly(1.0);
    }
}

static uint32_t count_of(enum sky_track_status status)
{
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        count += tracker.track[slot].status == status;
    }
    return count;
}

static const struct sky_track *only_track(void)
{
    assert_int_equal(count_of(SKY_TRACK_FREE), SKY_TRACKS_MAX - 1);
    return &tracker.track[0];
}

static double off_m(const struct sky_track *track)
{
    struct sky_filter filter = track->filter;
    sky_filter_predict(&filter, now_ns, 0.0, 0.0);
    return hypot(filter.x[0] - target.x[0], filter.x[1] - target.x[1]);
}

/* --- Life ----------------------------------------------------------------------------------- */

static void an_aircraft_is_confirmed_at_its_third_plot(void **state)
{
    (void)state;
    see(0);
    assert_int_equal(only_track()->status, SKY_TRACK_TENTATIVE);
    assert_int_equal(tracker.change[0], 0);
    fly(1.0);
    see(0);
    assert_int_equal(only_track()->status, SKY_TRACK_TENTATIVE);
    fly(1.0);
    see(0);
    assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);
    assert_int_equal(tracker.change[0], SKY_TRACK_UPDATED | SKY_TRACK_NOW_CONFIRMED);
    assert_int_equal(only_track()->id, 1);
    assert_int_equal(only_track()->hits, 3);
    assert_int_equal(only_track()->looks, 3);
    assert_int_equal(only_track()->hit_history, 7);
    assert_int_equal(only_track()->started_ns, 1000 * SKY_SECOND_NS);
    assert_int_equal(only_track()->confirmed_ns, now_ns);
    assert_int_equal(only_track()->seen_by_ns[0], now_ns);
    assert_true(sky_track_existence(only_track()) > 0.99);
    fly(1.0);
    see(0);
    assert_int_equal(tracker.change[0], SKY_TRACK_UPDATED);
    assert_int_equal(only_track()->last_dimension, 4);
    assert_int_equal(tracker.stats.used, 4);
}

static void hits_that_clutter_explains_as_well_do_not_confirm_yet(void **state)
{
    (void)state;
    config.tracker.confirm_hits = 2;
    config.sensor[0].false_plots_per_scan = 1e5;
    config.sensor[0].sigma_range_m = 110.0;
    config.sensor[0].sigma_azimuth_rad = 0.01;
    config.sensor[0].sigma_elevation_rad = 0.013;
    config.sensor[0].sigma_radial_mps = 4.0;
    live(2);
    assert_int_equal(only_track()->hits, 2);
    assert_int_equal(only_track()->status, SKY_TRACK_TENTATIVE);
    live(1);
    assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);
}

static void a_stray_plot_is_forgotten_when_it_is_missed(void **state)
{
    (void)state;
    see(0);
    fly(1.4);
    tick();
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 1);
    fly(1.2);
    tick();
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 0);
    assert_int_equal(tracker.change[0], 0);
}

static void too_many_misses_end_a_promising_start(void **state)
{
    (void)state;
    config.sensor[0].detection_probability = 0.3; /* a miss says little about existence */
    live(2);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 1);
    sleep_for(3);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 1);
    sleep_for(2);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 0);
}

static void a_start_nobody_could_see_again_is_forgotten_in_time(void **state)
{
    (void)state;
    target.x[1] = 119.9e3;
    target.x[0] = 0.0;
    target.x[4] = 340.0; /* leaves the coverage at once */
    see(0);
    sleep_for(14);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 1);
    sleep_for(3);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 0);
}

static void an_unseen_track_coasts_comes_back_and_is_lost(void **state)
{
    (void)state;
    live(10);
    sleep_for(15);
    assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);
    sleep_for(1);
    assert_int_equal(only_track()->status, SKY_TRACK_COASTING);
    assert_int_equal(tracker.change[0], SKY_TRACK_NOW_COASTING);
    sleep_for(1);
    assert_int_equal(tracker.change[0], 0);
    live(1);
    assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);

    sleep_for(45);
    assert_int_equal(only_track()->status, SKY_TRACK_COASTING);
    tick();
    assert_int_equal(tracker.change[0], SKY_TRACK_NOW_LOST);
    assert_int_equal(tracker.track[0].id, 1);
    see(0); /* the lost one is gone, not revived */
    assert_int_equal(only_track()->id, 2);
    assert_int_equal(only_track()->status, SKY_TRACK_TENTATIVE);
}

static void one_long_silence_loses_a_track_without_coasting(void **state)
{
    (void)state;
    live(10);
    fly(100.0);
    tick();
    assert_int_equal(tracker.change[0], SKY_TRACK_NOW_LOST);
    assert_int_equal(only_track()->hit_history, 0);
    tick();
    assert_int_equal(count_of(SKY_TRACK_FREE), SKY_TRACKS_MAX);
    assert_int_equal(tracker.change[0], 0);
}

static void misses_lower_the_odds_and_hits_raise_them(void **state)
{
    (void)state;
    live(10);
    assert_near(only_track()->log_odds, 20.0, 0.0);
    sleep_for(2);
    assert_near(only_track()->log_odds, 20.0 + log(1.0 - 0.9 * 0.999), 1e-9);
    assert_int_equal(only_track()->hit_history & 3U, 2);
    sleep_for(20);
    assert_near(only_track()->log_odds, -20.0, 1e-9);
    assert_near(sky_track_existence(only_track()), 2.061153618190204e-9, 1e-15);
    live(3);
    assert_true(only_track()->log_odds > 10.0);
}

static void a_radar_that_never_saw_it_is_not_asked(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) { /* radar 1 is alive, but sees only something else */
        struct test_target other = {.x = {40e3, -20e3, 3e3, 50.0, 0.0, 0.0}};
        measurement[0] = test_look(&config.sensor[1], &pose[1], &other, now_ns);
        give(1, 1);
        live(1);
    }
    for (uint32_t slot = 0; slot < 2; slot++) {
        assert_int_equal(tracker.track[slot].looks, tracker.track[slot].hits);
    }
}

static void out_of_range_is_not_missed(void **state)
{
    (void)state;
    live(10);
    config.sensor[0].range_max_m = 20e3;
    sleep_for(5);
    assert_near(only_track()->log_odds, 20.0, 0.0);
    assert_int_equal(only_track()->looks, 10);
    config.sensor[0].range_max_m = 120e3; /* and what was not asked then is not asked for later */
    sleep_for(2);
    assert_int_equal(only_track()->looks, 12);
}

static void a_radar_that_is_always_late_is_waited_for(void **state)
{
    (void)state;
    static struct sky_measurement late[30];
    for (int i = 0; i < 30; i++) {
        late[i] = test_measure(&config.sensor[0], &pose[0], &target, now_ns, &seed);
        tick();
        if (i >= 4) { /* four seconds in the post */
            measurement[0] = late[i - 4];
            give(0, 1);
        }
        fly(1.0);
    }
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 1);
    assert_int_equal(only_track()->looks, only_track()->hits);
    assert_int_equal(only_track()->hits, 26);
}

/* --- What is done with plots ---------------------------------------------------------------- */

static void impossible_ranges_are_counted_and_not_used(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        measurement[i] = test_look(&config.sensor[0], &pose[0], &target, now_ns);
    }
    measurement[0].slant_range_m = 0.5;
    measurement[2].slant_range_m = 120e3 + 1.0;
    give(0, 3);
    assert_int_equal(tracker.stats.out_of_range, 2);
    assert_int_equal(tracker.stats.used, 1);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 1);
}

static void a_plot_is_not_used_twice(void **state)
{
    (void)state;
    live(10);
    see(0);
    const uint32_t hits = only_track()->hits;
    give(0, 1);
    assert_int_equal(only_track()->hits, hits);
    assert_int_equal(tracker.stats.left_over, 1);
    measurement[0].time_ns -= SKY_SECOND_NS * 3 / 10; /* nor a little before */
    give(0, 1);
    assert_int_equal(only_track()->hits, hits);
}

static void a_batch_of_several_looks_updates_once_per_look(void **state)
{
    (void)state;
    live(10);
    const uint32_t hits = only_track()->hits;
    for (int i = 0; i < 4; i++) {
        measurement[3 - i] = test_measure(&config.sensor[0], &pose[0], &target, now_ns, &seed);
        fly(1.0);
    }
    give(0, 4);
    assert_int_equal(only_track()->hits, hits + 4);
    assert_int_equal(only_track()->filter.time_ns, now_ns - SKY_SECOND_NS);
}

static void late_plots_are_used_up_to_ten_seconds(void **state)
{
    (void)state;
    live(10);
    const struct sky_measurement held =
        test_measure(&config.sensor[0], &pose[0], &target, now_ns, &seed);
    fly(1.0);
    for (int i = 0; i < 9; i++) {
        live(1);
    }
    see(0);
    const struct sky_track before = *only_track();
    measurement[0] = held; /* exactly ten seconds old now */
    give(0, 1);
    assert_int_equal(only_track()->hits, before.hits + 1);
    assert_int_equal(only_track()->filter.time_ns, before.filter.time_ns);
    assert_int_equal(only_track()->seen_ns, before.seen_ns);
    assert_int_equal(tracker.stats.too_old, 0);
    measurement[0].time_ns -= 1;
    give(0, 1);
    assert_int_equal(tracker.stats.too_old, 1);
    assert_int_equal(only_track()->hits, before.hits + 1);
}

static void two_radars_make_one_track(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        see(0);
        fly(0.5);
        see(1);
        tick();
        fly(0.5);
    }
    assert_int_equal(only_track()->sensors, 3);
    assert_int_equal(only_track()->last_sensor, 1);
    assert_int_equal(only_track()->hits, 40);
}

static void two_radars_with_biases_make_one_track(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        config.sensor[i].bias_sigma_azimuth_rad = 0.005;
        config.sensor[i].bias_sigma_range_m = 40.0;
        config.sensor[i].bias_sigma_elevation_rad = 0.002;
    }
    for (int i = 0; i < 60; i++) {
        see(0);
        fly(0.5);
        measurement[0] = test_measure(&config.sensor[1], &pose[1], &target, now_ns, &seed);
        measurement[0].azimuth_rad += 0.0052; /* 0.3 degrees, 40 m */
        measurement[0].slant_range_m += 40.0;
        give(1, 1);
        tick();
        fly(0.5);
        assert_true(count_of(SKY_TRACK_CONFIRMED) <= 1);
    }
    assert_int_equal(only_track()->sensors, 3);
    assert_int_equal(only_track()->hits, 120);
    assert_true(off_m(only_track()) < 200.0);
}

static void plots_beside_a_believed_track_start_nothing(void **state)
{
    (void)state;
    live(10);
    for (int i = 0; i < 5; i++) { /* each detection comes split in two */
        measurement[0] = test_look(&config.sensor[0], &pose[0], &target, now_ns);
        measurement[1] = measurement[0];
        measurement[1].slant_range_m += 20.0;
        give(0, 2);
        tick();
        fly(1.0);
    }
    assert_int_equal(only_track()->hits, 15);
    assert_int_equal(tracker.stats.left_over, 5);
}

static void two_aircraft_side_by_side_keep_their_tracks(void **state)
{
    (void)state;
    struct test_target other = target;
    for (int i = 0; i < 60; i++) {
        other = target;
        other.x[0] -= 600.0;
        measurement[0] = test_measure(&config.sensor[0], &pose[0], &other, now_ns, &seed);
        measurement[1] = test_measure(&config.sensor[0], &pose[0], &target, now_ns, &seed);
        give(0, 2);
        tick();
        fly(1.0);
    }
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
    assert_int_equal(tracker.stats.duplicates, 0);
    assert_int_equal(tracker.track[0].hits + tracker.track[1].hits, 120);
}

static void a_believed_track_chooses_before_a_tentative_one(void **state)
{
    (void)state;
    live(10);
    struct test_target far = {.x = {-40e3, 30e3, 5e3, 0.0, 0.0, 0.0}};
    measurement[0] = test_look(&config.sensor[0], &pose[0], &far, now_ns);
    give(0, 1);
    fly(1.0);
    measurement[0] = test_look(&config.sensor[0], &pose[0], &target, now_ns);
    measurement[0].slant_range_m += 60.0;
    tracker.track[1].filter = tracker.track[0].filter; /* the plot is just where the start is */
    for (int i = 0; i < 3; i++) {
        tracker.track[1].filter.x[i] += 60.0 * target.x[i] / measurement[0].slant_range_m;
    }
    give(0, 1);
    assert_int_equal(tracker.track[0].hits, 11);
    assert_int_equal(tracker.track[1].hits, 1);
}

static void clutter_takes_no_track_away_from_its_plot(void **state)
{
    (void)state;
    live(20);
    for (int i = 0; i < 20; i++) { /* a false plot at the edge of the gate, first in order */
        measurement[0] = test_look(&config.sensor[0], &pose[0], &target, now_ns);
        measurement[0].slant_range_m -= 90.0;
        measurement[1] = test_measure(&config.sensor[0], &pose[0], &target, now_ns, &seed);
        give(0, 2);
        tick();
        fly(1.0);
    }
    assert_int_equal(only_track()->hits, 40);
    assert_true(off_m(only_track()) < 60.0);
}

static void gates_are_chi_square_quantiles(void **state)
{
    (void)state;
    static const double at_999[6] = {0.0, 10.827566, 13.815511, 16.266236, 18.466827, 20.515006};
    see(0);
    for (int n = 1; n < 6; n++) {
        assert_near(tracker.gate2[n], at_999[n], 1e-6);
    }
    config.tracker.gate_probability = 0.95;
    see(0);
    assert_near(tracker.gate2[2], 5.991465, 1e-6);
    assert_near(tracker.gate2[5], 11.070498, 1e-6);
}

static void radars_of_every_kind_are_followed(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        start(NULL);
        for (int i = 0; i < 20; i++) {
            measurement[0] = test_measure(&config.sensor[0], &pose[0], &target, now_ns, &seed);
            measurement[0].has_radial_speed = (kind & 1) != 0;
            if ((kind & 2) == 0) {
                measurement[0].has_elevation = false;
                measurement[0].has_height = true;
                measurement[0].height_hae_m = 4400.0;
                measurement[0].sigma_height_m = 3000.0;
            }
            give(0, 1);
            tick();
            fly(1.0);
        }
        assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);
        assert_int_equal(only_track()->hits, 20);
        assert_true(off_m(only_track()) < 300.0);
    }
}

static void an_aircraft_overhead_is_not_lost(void **state)
{
    (void)state;
    target = (struct test_target){.x = {-3e3, 10.0, 2e3, 100.0, 0.0, 0.0}};
    for (int i = 0; i < 60; i++) {
        live(1);
        assert_true(count_of(SKY_TRACK_CONFIRMED) == (i < 2 ? 0 : 1));
    }
    assert_int_equal(only_track()->id, 1);
    assert_true(only_track()->hits >= 58);
}

/* --- Duplicates ----------------------------------------------------------------------------- */

/* A second track is forced on an aircraft: the first is shifted aside, and brought back later. */
static void split_track(double aside_m)
{
    tracker.track[0].filter.x[0] += aside_m;
    live(4);
}

static void of_two_tracks_on_one_aircraft_the_younger_goes(void **state)
{
    (void)state;
    live(10);
    split_track(3000.0);
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
    tracker.track[0].filter = tracker.track[1].filter;
    uint32_t lost = 0;
    for (int i = 0; i < 12; i++) { /* both are kept alive, by one radar each */
        see(0);
        lost |= tracker.change[1] & SKY_TRACK_NOW_LOST;
        see(1);
        lost |= tracker.change[1] & SKY_TRACK_NOW_LOST;
        tick();
        fly(1.0);
    }
    assert_int_equal(lost, SKY_TRACK_NOW_LOST);
    assert_int_equal(tracker.stats.duplicates, 1);
    assert_int_equal(only_track()->id, 1);
}

static void a_tentative_duplicate_goes_without_notice(void **state)
{
    (void)state;
    config.tracker.confirm_hits = 12;
    config.tracker.confirm_looks = 16;
    live(14);
    split_track(3000.0);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 1);
    tracker.track[0].filter = tracker.track[1].filter;
    for (int i = 0; i < 12; i++) {
        see(0);
        see(1);
        assert_int_equal(tracker.change[1], 0);
        tick();
        fly(1.0);
    }
    assert_int_equal(tracker.stats.duplicates, 1);
    assert_int_equal(only_track()->id, 1);
}

static void a_believed_track_is_not_dropped_for_an_older_doubtful_one(void **state)
{
    (void)state;
    live(10);
    split_track(3000.0);
    tracker.track[0].filter = tracker.track[1].filter;
    tracker.track[0].status = SKY_TRACK_TENTATIVE;
    tracker.track[0].log_odds = 0.0;
    for (int i = 0; i < 12; i++) {
        see(0);
        see(1);
        tick();
        fly(1.0);
    }
    assert_int_equal(count_of(SKY_TRACK_FREE), SKY_TRACKS_MAX - 1);
    assert_int_equal(tracker.track[1].id, 2);
    assert_int_equal(tracker.track[1].status, SKY_TRACK_CONFIRMED);
}

static void a_dropped_duplicate_takes_no_further_part_in_its_look(void **state)
{
    (void)state;
    for (uint32_t hits = 3; hits <= 12; hits += 9) { /* the duplicate is confirmed, or not yet */
        start(NULL);
        config.tracker.confirm_hits = hits;
        config.tracker.confirm_looks = 16;
        live(14);
        split_track(3000.0);
        tracker.track[0].filter = tracker.track[1].filter;
        for (int i = 0; i < 6; i++) {
            struct test_target near = target; /* another aircraft, compared with both */
            near.x[0] += 5000.0;
            measurement[0] = test_measure(&config.sensor[0], &pose[0], &target, now_ns, &seed);
            measurement[1] = measurement[0]; /* split in two: one for each track */
            measurement[1].slant_range_m += 1.0;
            measurement[2] = test_measure(&config.sensor[0], &pose[0], &near, now_ns, &seed);
            give(0, 3);
            fly(1.0);
        }
        assert_int_equal(tracker.stats.duplicates, 1);
        assert_int_equal(tracker.track[0].id, 1);
        assert_int_equal(tracker.track[2].id, 3);
        assert_int_equal(tracker.track[2].hits, 6);
    }
}

static void being_together_now_and_then_is_no_reason_to_drop_one(void **state)
{
    (void)state;
    live(10);
    split_track(3000.0);
    for (int i = 0; i < 20; i++) {
        const double aside_m = i % 3 == 2 ? 2000.0 : 0.0; /* two looks together, one apart */
        struct test_target beside = target;
        beside.x[0] += aside_m;
        tracker.track[0].filter = tracker.track[1].filter;
        tracker.track[1].filter.x[0] += aside_m;
        measurement[0] = test_look(&config.sensor[0], &pose[0], &target, now_ns);
        measurement[1] = test_look(&config.sensor[0], &pose[0], &beside, now_ns);
        measurement[1].slant_range_m += 1.0;
        give(0, 2);
        tracker.track[1].filter = tracker.track[0].filter;
        fly(1.0);
    }
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
    assert_int_equal(tracker.stats.duplicates, 0);
}

/* --- Room ----------------------------------------------------------------------------------- */

/* Plots so far apart that each is its own aircraft. */
static void scatter(size_t count, double from_m, int64_t time_ns)
{
    for (size_t i = 0; i < count; i++) {
        measurement[i] = test_look(&config.sensor[0], &pose[0], &target, time_ns);
        measurement[i].slant_range_m = from_m + 3000.0 * (double)(i / 32);
        measurement[i].azimuth_rad = 0.19 * (double)(i % 32);
        measurement[i].radial_speed_mps = 0.0;
    }
}

static void a_full_table_gives_up_its_least_promising_start(void **state)
{
    (void)state;
    scatter(SKY_TRACKS_MAX + 3, 10e3, now_ns);
    give(0, SKY_TRACKS_MAX + 3);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), SKY_TRACKS_MAX);
    assert_int_equal(tracker.stats.no_room, 0);
    assert_int_equal(tracker.next_id, SKY_TRACKS_MAX + 4);
    for (uint32_t i = 1; i < SKY_TRACKS_MAX; i++) { /* still listed by id */
        assert_true(tracker.track[tracker.active[i - 1]].id < tracker.track[tracker.active[i]].id);
    }
}

static void a_table_full_of_better_tracks_says_so(void **state)
{
    (void)state;
    scatter(SKY_TRACKS_MAX, 10e3, now_ns);
    give(0, SKY_TRACKS_MAX);
    scatter(SKY_TRACKS_MAX, 10e3, now_ns + SKY_SECOND_NS);
    give(0, SKY_TRACKS_MAX);
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        assert_int_equal(tracker.track[slot].hits, 2);
    }
    scatter(1, 100e3, now_ns + SKY_SECOND_NS);
    give(0, 1);
    assert_int_equal(tracker.stats.no_room, 1);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), SKY_TRACKS_MAX);
}

/* --- What a track remembers ----------------------------------------------------------------- */

static void identity_is_kept_once_heard(void **state)
{
    (void)state;
    live(5);
    plot[0].has = SKY_PLOT_ICAO | SKY_PLOT_MODE_3A | SKY_PLOT_CALLSIGN;
    plot[0].icao_address = 0x4CA123;
    plot[0].mode_3a = 01234;
    memcpy(plot[0].callsign, "WITNESS1", 9);
    live(1);
    plot[0].has = 0;
    plot[0].icao_address = 0;
    live(1);
    assert_int_equal(only_track()->icao_address, 0x4CA123);
    assert_true(only_track()->has_mode_3a);
    assert_int_equal(only_track()->mode_3a, 01234);
    assert_string_equal(only_track()->callsign, "WITNESS1");
}

static void straight_flight_shows_its_speed_and_no_turn(void **state)
{
    (void)state;
    plot[0].has = SKY_PLOT_RCS;
    plot[0].rcs_dbsm = 5.0;
    live(60);
    plot[0].rcs_dbsm = -5.0;
    live(58);
    const struct sky_track_features *const f = &only_track()->features;
    assert_int_equal(f->samples, 116);
    assert_int_equal(f->rcs_samples, 116);
    assert_near(f->rcs_mean_dbsm, 0.0, 1e-9);
    assert_near(f->speed_mean_mps, hypot(70.0, 30.0), 2.0);
    assert_near(f->speed_max_mps, hypot(70.0, 30.0), 10.0);
    assert_near(f->height_mean_m, 4450.0, 60.0);
    assert_true(f->height_min_m < f->height_mean_m && f->height_mean_m < f->height_max_m);
    assert_true(f->turn_max_radps < 0.02);
    assert_true(f->climb_max_mps < 6.0);
    assert_near(f->hover_share, 0.0, 0.0);
}

static void a_turn_and_a_climb_show(void **state)
{
    (void)state;
    for (int i = 0; i < 90; i++) { /* 2.6 degrees a second, climbing 8 m/s */
        const double course_rad = 0.045 * i;
        target.x[3] = 75.0 * sin(course_rad);
        target.x[4] = 75.0 * cos(course_rad);
        target.x[5] = 8.0;
        live(1);
    }
    const struct sky_track_features *const f = &only_track()->features;
    assert_near(f->turn_max_radps, 0.045, 0.015);
    assert_near(f->climb_max_mps, 8.0, 3.0);
}

static void a_hovering_aircraft_is_seen_to_hover(void **state)
{
    (void)state;
    target = (struct test_target){.x = {1e3, 1e3, 300.0, 0.0, 0.0, 0.0}};
    config.tracker.accel_psd_m2ps3 = 0.1;
    config.tracker.climb_psd_m2ps3 = 0.1;
    config.tracker.speed_max_mps = 40.0;
    config.sensor[0].sigma_range_m = 3.0;
    live(100);
    assert_true(only_track()->features.hover_share > 0.8);
    assert_true(only_track()->features.turn_max_radps < 0.1);
}

static void a_late_plot_does_not_shake_the_features(void **state)
{
    (void)state;
    live(20);
    const struct sky_measurement held = test_look(&config.sensor[0], &pose[0], &target, now_ns);
    fly(1.0);
    live(2);
    const struct sky_track before = *only_track();
    measurement[0] = held;
    give(0, 1);
    assert_int_equal(only_track()->features.samples, before.features.samples + 1);
    assert_near(only_track()->smoothed_speed_mps, before.smoothed_speed_mps, 0.0);
    assert_int_equal(only_track()->smoothed_ns, before.smoothed_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_aircraft_is_confirmed_at_its_third_plot, start),
        cmocka_unit_test_setup(hits_that_clutter_explains_as_well_do_not_confirm_yet, start),
        cmocka_unit_test_setup(a_stray_plot_is_forgotten_when_it_is_missed, start),
        cmocka_unit_test_setup(too_many_misses_end_a_promising_start, start),
        cmocka_unit_test_setup(a_start_nobody_could_see_again_is_forgotten_in_time, start),
        cmocka_unit_test_setup(an_unseen_track_coasts_comes_back_and_is_lost, start),
        cmocka_unit_test_setup(one_long_silence_loses_a_track_without_coasting, start),
        cmocka_unit_test_setup(misses_lower_the_odds_and_hits_raise_them, start),
        cmocka_unit_test_setup(a_radar_that_never_saw_it_is_not_asked, start),
        cmocka_unit_test_setup(out_of_range_is_not_missed, start),
        cmocka_unit_test_setup(a_radar_that_is_always_late_is_waited_for, start),
        cmocka_unit_test_setup(impossible_ranges_are_counted_and_not_used, start),
        cmocka_unit_test_setup(a_plot_is_not_used_twice, start),
        cmocka_unit_test_setup(a_batch_of_several_looks_updates_once_per_look, start),
        cmocka_unit_test_setup(late_plots_are_used_up_to_ten_seconds, start),
        cmocka_unit_test_setup(two_radars_make_one_track, start),
        cmocka_unit_test_setup(two_radars_with_biases_make_one_track, start),
        cmocka_unit_test_setup(plots_beside_a_believed_track_start_nothing, start),
        cmocka_unit_test_setup(two_aircraft_side_by_side_keep_their_tracks, start),
        cmocka_unit_test_setup(a_believed_track_chooses_before_a_tentative_one, start),
        cmocka_unit_test_setup(clutter_takes_no_track_away_from_its_plot, start),
        cmocka_unit_test_setup(gates_are_chi_square_quantiles, start),
        cmocka_unit_test_setup(radars_of_every_kind_are_followed, start),
        cmocka_unit_test_setup(an_aircraft_overhead_is_not_lost, start),
        cmocka_unit_test_setup(of_two_tracks_on_one_aircraft_the_younger_goes, start),
        cmocka_unit_test_setup(a_tentative_duplicate_goes_without_notice, start),
        cmocka_unit_test_setup(a_believed_track_is_not_dropped_for_an_older_doubtful_one, start),
        cmocka_unit_test_setup(a_dropped_duplicate_takes_no_further_part_in_its_look, start),
        cmocka_unit_test_setup(being_together_now_and_then_is_no_reason_to_drop_one, start),
        cmocka_unit_test_setup(a_full_table_gives_up_its_least_promising_start, start),
        cmocka_unit_test_setup(a_table_full_of_better_tracks_says_so, start),
        cmocka_unit_test_setup(identity_is_kept_once_heard, start),
        cmocka_unit_test_setup(straight_flight_shows_its_speed_and_no_turn, start),
        cmocka_unit_test_setup(a_turn_and_a_climb_show, start),
        cmocka_unit_test_setup(a_hovering_aircraft_is_seen_to_hover, start),
        cmocka_unit_test_setup(a_late_plot_does_not_shake_the_features, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
