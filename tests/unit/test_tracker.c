#include "sky_test.h"

#include <string.h>

#include "sky_tracker.h"
#include "test_radar.h"

static struct sky_tracker tracker;
static struct sky_config config;
static struct sky_geo_frame frame;
static struct sky_sensor_pose pose[2];
static struct sky_measurement measurement[SKY_PLOTS_MAX];
static struct sky_remark remark;
static struct test_target target;
static int64_t now_ns;
static uint64_t seed;

static void begin(void) { sky_tracker_init(&tracker, &config, now_ns); }

/* Two 3D radars 35 km apart, a look per second, thin clutter, no biases stated. */
static int start(void **state)
{
    (void)state;
    sky_config_default(&config);
    config.sensor_count = 2;
    config.sensor[0] = config.sensor[1] = test_radar();
    frame = test_frame();
    pose[0] = test_pose(&frame, 0.0, 0.0, 0.0);
    pose[1] = test_pose(&frame, 35e3, 0.0, 50.0);
    memset(&remark, 0, sizeof remark);
    target = (struct test_target){.x = {12e3, 24e3, 4e3, 70.0, 30.0, 0.0}};
    now_ns = 1000 * SKY_SECOND_NS;
    seed = 1;
    begin();
    return 0;
}

/* --- What happens to the world -------------------------------------------------------------- */

static enum sky_status offer_from(uint32_t sensor, const struct sky_sensor_pose *from,
                                  const struct sky_measurement *m)
{
    static struct sky_claim claim;
    memset(&claim, 0, sizeof claim);
    claim.look.sensor = sensor;
    claim.look.pose = *from;
    claim.look.measurement = *m;
    sky_track_keep_raw(&claim.look);
    sky_register_correct(&tracker.registration, sensor, &claim.look.measurement);
    claim.remark = remark;
    claim.arrival_ns = now_ns;
    return sky_tracker_offer(&tracker, &config, &claim);
}

static void offer(uint32_t sensor, const struct sky_measurement *m)
{
    assert_int_equal(offer_from(sensor, &pose[sensor], m), SKY_OK);
}

static void run(void) { sky_tracker_run(&tracker, &config, &frame, now_ns); }

static void give(uint32_t sensor, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        offer(sensor, &measurement[i]);
    }
    run();
}

static struct sky_measurement measured(uint32_t sensor, const struct test_target *what)
{
    return test_measure(&config.sensor[sensor], &pose[sensor], what, now_ns, &seed);
}

/* Without errors. */
static struct sky_measurement exact(uint32_t sensor, const struct test_target *what)
{
    return test_look(&config.sensor[sensor], &pose[sensor], what, now_ns);
}

static void see(uint32_t sensor)
{
    measurement[0] = measured(sensor, &target);
    give(sensor, 1);
}

static void fly(double dt_s)
{
    test_fly(&target, dt_s, 0.0, 0.0, &seed);
    now_ns += (int64_t)(dt_s * 1e9);
}

static void tick(void) { sky_tracker_tick(&tracker, &config, &frame, now_ns); }

/* Seconds of the usual: the radar sees the aircraft, and time passes. */
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

static struct sky_track *only_track(void)
{
    assert_int_equal(count_of(SKY_TRACK_FREE), SKY_TRACKS_MAX - 1);
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        if (tracker.track[slot].status != SKY_TRACK_FREE) {
            return &tracker.track[slot];
        }
    }
    return NULL;
}

static double off_m(const struct sky_track *track)
{
    struct sky_imm imm;
    struct sky_state state;
    sky_track_predict(track, &tracker.rules, now_ns, &imm, &state);
    return hypot(state.x[0] - target.x[0], state.x[1] - target.x[1]);
}

/* --- Life ----------------------------------------------------------------------------------- */

static uint32_t plots_to_confirm(void)
{
    uint32_t plots = 0;
    while (plots < 40 && count_of(SKY_TRACK_CONFIRMED) == 0) {
        see(0);
        if (count_of(SKY_TRACK_CONFIRMED) == 0) {
            tick();
            fly(1.0);
        }
        plots++;
    }
    return plots;
}

static void an_aircraft_in_a_clear_sky_is_confirmed_by_few_plots(void **state)
{
    (void)state;
    see(0);
    assert_int_equal(only_track()->status, SKY_TRACK_TENTATIVE);
    assert_int_equal(tracker.touched_count, 0);
    tick();
    fly(1.0);
    const uint32_t plots = 1 + plots_to_confirm();
    assert_in_range(plots, 2, 4);
    assert_int_equal(tracker.touched_count, 1);
    assert_int_equal(tracker.touched[0], 0);
    assert_int_equal(tracker.change[0], SKY_TRACK_UPDATED | SKY_TRACK_NOW_CONFIRMED);
    assert_int_equal(only_track()->id, 1);
    assert_int_equal(only_track()->hits, plots);
    assert_int_equal(only_track()->started_ns, 1000 * SKY_SECOND_NS);
    assert_int_equal(only_track()->confirmed_ns, now_ns);
    assert_int_equal(only_track()->seen_by_ns[0], now_ns);
    assert_true(sky_track_existence(only_track()->log_odds) >= config.tracker.confirm_existence);
    assert_int_equal(tracker.stats.used, plots);
    fly(1.0);
    see(0);
    assert_int_equal(tracker.change[0], SKY_TRACK_UPDATED);
    assert_int_equal(only_track()->innovation.dimension, 4);
}

static void a_hot_spot_asks_for_more_evidence(void **state)
{
    (void)state;
    const uint32_t in_the_clear = plots_to_confirm();
    start(NULL);
    for (int scan = 0; scan < 60; scan++) { /* birds, or a ridge: slow, all over the place */
        for (int i = 0; i < 40; i++) {
            struct test_target bird = target;
            for (int axis = 0; axis < 3; axis++) {
                bird.x[axis] += test_uniform(&seed, -1500.0, 1500.0);
                bird.x[3 + axis] = test_uniform(&seed, -20.0, 20.0);
            }
            measurement[i] = exact(0, &bird);
        }
        give(0, 40);
        now_ns += SKY_SECOND_NS / 2;
        tick();
        now_ns += SKY_SECOND_NS / 2;
    }
    assert_true(count_of(SKY_TRACK_CONFIRMED) <= 10); /* of 2,400 plots, any of which may agree */
    sleep_for(60);
    assert_int_equal(count_of(SKY_TRACK_FREE), SKY_TRACKS_MAX);
    target = (struct test_target){.x = {12e3, 24e3, 4e3, 6.0, -10.0, 0.0}}; /* one that flies */
    const uint32_t in_the_crowd = plots_to_confirm();
    print_message("confirmed by %u plots in the clear, %u in the crowd\n", in_the_clear,
                  in_the_crowd);
    assert_true(in_the_crowd > in_the_clear);
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 1);
}

static void hot_spots_at_the_start_of_a_watch_are_hardly_believed(void **state)
{
    (void)state;
    uint32_t believed = 0;
    for (int watch = 0; watch < 20; watch++) {
        assert_int_equal(start(NULL), 0);
        seed = (uint64_t)watch + 1;
        for (int scan = 0; scan < 30; scan++) { /* a wood in the wind, some 25 m wide */
            struct test_target tree = {.x = {3e3, 2e3, 100.0, 0.0, 0.0, 0.0}};
            for (int axis = 0; axis < 3; axis++) {
                tree.x[axis] += 25.0 * test_normal(&seed);
                tree.x[3 + axis] = 2.5 * test_normal(&seed);
            }
            measurement[0] = measured(0, &tree);
            give(0, test_uniform(&seed, 0.0, 1.0) < 0.75 ? 1 : 0);
            believed += count_of(SKY_TRACK_CONFIRMED);
            now_ns += SKY_SECOND_NS / 2;
            tick();
            now_ns += SKY_SECOND_NS / 2;
        }
    }
    assert_true(believed <=
                20); /* of 600 s; 243 if tentative tracks keep their plots to themselves */
}

static void existence_can_be_asked_between_ticks(void **state)
{
    (void)state;
    live(10);
    const double before = sky_track_existence(only_track()->log_odds);
    assert_near(sky_tracker_existence_at(&tracker, &config, 0, now_ns), before, 0.0);
    now_ns += SKY_SECOND_NS / 5; /* two tenths of a scan late */
    const double asked = sky_tracker_existence_at(&tracker, &config, 0, now_ns);
    assert_true(1.0 - asked > 5.0 * (1.0 - before));
    assert_near(sky_track_existence(only_track()->log_odds), before, 0.0);
    tick();
    assert_near(sky_track_existence(only_track()->log_odds), asked, 0.0);
    assert_near(sky_tracker_existence_at(&tracker, &config, 0, now_ns), asked, 0.0);
}

static void a_stray_plot_is_forgotten_and_was_clutter(void **state)
{
    (void)state;
    see(0);
    const double before = sky_clutter_per_scan(&tracker.sensor[0].clutter, &config.sensor[0]);
    sleep_for(2); /* missed once at most */
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 1);
    sleep_for(5);
    assert_int_equal(count_of(SKY_TRACK_FREE), SKY_TRACKS_MAX);
    assert_int_equal(tracker.touched_count, 0);
    assert_int_equal(tracker.stats.clutter, 1);
    assert_true(before > 0.0);
    assert_int_equal(tracker.stats.used, 1);
}

static void what_is_long_followed_but_never_believed_is_clutter_by_and_by(void **state)
{
    (void)state;
    config.tracker.confirm_existence = 2.0;
    const uint32_t added = tracker.sensor[0].clutter.added;
    live(8);
    assert_int_equal(only_track()->cell_count, SKY_TRACK_CELLS_MAX);
    assert_int_equal(tracker.sensor[0].clutter.added, added);
    see(0); /* of more plots than a track remembers, the oldest is given up */
    assert_int_equal(only_track()->status, SKY_TRACK_TENTATIVE);
    assert_int_equal(only_track()->cell_count, SKY_TRACK_CELLS_MAX);
    assert_int_equal(tracker.sensor[0].clutter.added, added + 1);
}

static void a_start_is_likelier_where_a_radar_looks_at_less_sky(void **state)
{
    (void)state;
    double odds[2];
    for (int flat = 0; flat < 2; flat++) {
        start(NULL);
        config.sensor[0].elevation_max_rad = flat ? 0.3 : 1.0;
        begin();
        see(0);
        odds[flat] = sky_watch_log_birth(&tracker.sensor[0], &config.sensor[0],
                                         &tracker.track[0].look[1].measurement);
    }
    assert_near(odds[1] - odds[0],
                log((30.0 * SKY_PI / 180.0 - config.sensor[0].elevation_min_rad) /
                    (0.3 - config.sensor[0].elevation_min_rad)),
                1e-9);
}

static void three_misses_end_a_start_even_if_they_say_little(void **state)
{
    (void)state;
    config.sensor[0].detection_probability = 0.3;
    begin();
    see(0);
    sleep_for(3);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 1);
    sleep_for(2);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 0);
}

static void an_unseen_track_coasts_comes_back_and_is_lost(void **state)
{
    (void)state;
    config.sensor[0].detection_probability = 0.05; /* misses say nothing */
    begin();
    live(10);
    const uint32_t id = only_track()->id;
    sleep_for(15);
    assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);
    sleep_for(1);
    assert_int_equal(only_track()->status, SKY_TRACK_COASTING);
    assert_int_equal(tracker.change[0], SKY_TRACK_NOW_COASTING);
    sleep_for(1);
    assert_int_equal(tracker.touched_count, 0);
    live(1);
    assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);

    sleep_for(45);
    assert_int_equal(only_track()->status, SKY_TRACK_COASTING);
    tick();
    assert_int_equal(tracker.change[0], SKY_TRACK_NOW_LOST);
    assert_int_equal(tracker.track[0].id, id); /* still there to be told of */
    see(0);                                    /* the lost one is gone, not revived */
    assert_int_equal(only_track()->status, SKY_TRACK_TENTATIVE);
    assert_int_equal(only_track()->id, 0); /* nobody was told of it yet */
    live(10);
    assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);
    assert_int_equal(only_track()->id, id + 1);
}

static void one_long_silence_loses_a_track_without_coasting(void **state)
{
    (void)state;
    live(10);
    fly(300.0);
    tick();
    assert_int_equal(tracker.change[0], SKY_TRACK_NOW_LOST);
    tick();
    assert_int_equal(count_of(SKY_TRACK_FREE), SKY_TRACKS_MAX);
    assert_int_equal(tracker.touched_count, 0);
}

static void what_everybody_misses_is_given_up_before_it_is_old(void **state)
{
    (void)state;
    config.sensor[0].detection_probability = 0.99;
    begin();
    live(10);
    int seconds = 0;
    while (count_of(SKY_TRACK_FREE) < SKY_TRACKS_MAX) {
        sleep_for(1);
        seconds++;
    }
    assert_in_range(seconds, 5, 40);
}

static void a_late_plot_takes_its_miss_back(void **state)
{
    (void)state;
    double sure[2];
    for (int late = 0; late < 2; late++) {
        start(NULL);
        live(20);
        const struct sky_measurement held = exact(0, &target);
        measurement[0] = held;
        if (late == 0) {
            give(0, 1);
        }
        fly(0.3);
        tick();
        assert_int_equal(only_track()->misses_in_row, late);
        assert_true(late == 0 || only_track()->missed_gain[0] < -1.0);
        measurement[0] = held;
        if (late == 1) {
            give(0, 1);
        }
        assert_int_equal(only_track()->misses_in_row, 0);
        assert_near(only_track()->missed_gain[0], 0.0, 0.0);
        sure[late] = only_track()->log_odds;
    }
    assert_near(sure[1], sure[0], 0.2); /* as if it had come in time */
}

static void a_late_plot_of_another_sweep_takes_no_miss_back(void **state)
{
    (void)state;
    live(20);
    const struct sky_measurement held = exact(0, &target);
    fly(1.0);
    see(0);
    fly(1.3);
    tick();
    assert_int_equal(only_track()->misses_in_row, 1);
    const double gain = only_track()->missed_gain[0];
    assert_true(gain < 0.0);
    measurement[0] = held;
    give(0, 1);
    assert_int_equal(only_track()->hits, 22);
    assert_near(only_track()->missed_gain[0], gain, 0.0);
}

static void a_radar_that_never_saw_it_is_not_asked(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) { /* radar 1 is alive, but sees only something else */
        const struct test_target elsewhere = {.x = {40e3, -20e3, 3e3, 50.0, 0.0, 0.0}};
        measurement[0] = exact(1, &elsewhere);
        give(1, 1);
        live(1);
        for (uint32_t slot = 0; slot < 2; slot++) {
            assert_int_equal(tracker.track[slot].misses_in_row, 0);
        }
    }
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
}

/* The first radar is another one from now on; the tracker keeps the sines of its elevations. */
static void change_radar(const struct sky_sensor_config *radar)
{
    config.sensor[0] = *radar;
    tracker.sensor[0].sine_min = sky_sin(radar->elevation_min_rad);
    tracker.sensor[0].sine_max = sky_sin(radar->elevation_max_rad);
}

static void a_radar_is_not_asked_for_what_it_does_not_cover(void **state)
{
    (void)state;
    const struct sky_sensor_config whole = config.sensor[0];
    for (int way = 0; way < 4; way++) {
        struct sky_sensor_config radar = whole;
        begin();
        live(10);
        const double sure = only_track()->log_odds;
        assert_true(sure > 10.0);
        if (way == 0) {
            radar.range_max_m = 20e3;
        } else if (way == 1) {
            radar.range_min_m = 60e3;
        } else if (way == 2) {
            radar.elevation_max_rad = 0.05;
        } else {
            radar.elevation_min_rad = 0.5;
        }
        change_radar(&radar);
        sleep_for(5);
        assert_true(only_track()->log_odds == sure);
        const uint32_t unseen = only_track()->misses_in_row;
        change_radar(&whole);
        sleep_for(2); /* and what was not asked then is not asked for later */
        assert_int_equal(only_track()->misses_in_row, unseen + 2);
        assert_true(only_track()->log_odds < sure);
        target = (struct test_target){.x = {12e3, 24e3, 4e3, 70.0, 30.0, 0.0}};
    }
}

static void what_left_the_coverage_is_lost_instead_of_coasting(void **state)
{
    (void)state;
    live(10);
    config.sensor[0].range_max_m = 20e3;
    sleep_for(15);
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 1);
    sleep_for(1);
    assert_int_equal(tracker.change[0], SKY_TRACK_NOW_LOST);

    start(NULL); /* but not while another radar that saw it still covers it */
    for (int i = 0; i < 10; i++) {
        see(0);
        see(1);
        tick();
        fly(1.0);
    }
    config.sensor[0].range_max_m = 20e3;
    config.sensor[1].detection_probability = 0.05;
    sleep_for(17);
    assert_int_equal(count_of(SKY_TRACK_COASTING), 1);
}

static void a_radar_that_is_always_late_is_waited_for(void **state)
{
    (void)state;
    static struct sky_measurement late[40];
    for (int i = 0; i < 40; i++) {
        late[i] = measured(0, &target);
        tick();
        if (i >= 4) { /* four seconds in the post */
            measurement[0] = late[i - 4];
            give(0, 1);
        }
        fly(1.0);
        if (i > 8) {
            assert_int_equal(only_track()->misses_in_row, 0);
        }
    }
    assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);
    assert_int_equal(only_track()->hits, 36);
}

/* Seconds in which the radar sees the aircraft and says so at once, or so much later. */
static void live_late(int seconds, int late_s)
{
    static struct sky_measurement late[64];
    for (int i = 0; i < seconds + late_s; i++) {
        if (i < seconds) {
            late[i] = measured(0, &target);
        }
        if (i >= late_s) {
            measurement[0] = late[i - late_s];
            give(0, 1);
        }
        tick();
        fly(1.0);
    }
}

static void lateness_is_forgotten_with_time_however_few_plots_come(void **state)
{
    (void)state;
    live_late(20, 4);
    assert_int_equal(tracker.sensor[0].lag_ns, 4 * SKY_SECOND_NS);
    live(7);
    assert_int_equal(tracker.sensor[0].lag_ns, 4 * SKY_SECOND_NS);
    live(10);
    assert_int_equal(tracker.sensor[0].lag_ns, 0);
    measurement[0] = exact(0, &target); /* the next comes after a silence */
    now_ns += 30 * SKY_SECOND_NS;
    give(0, 1);
    give(0, 1);
    assert_int_equal(tracker.sensor[0].lag_ns, 30 * SKY_SECOND_NS);
}

static void one_plot_later_than_all_others_delays_no_miss(void **state)
{
    (void)state;
    live(10);
    measurement[0] = exact(0, &target);
    measurement[0].time_ns = now_ns - 9 * SKY_SECOND_NS;
    give(0, 1);
    assert_int_equal(tracker.sensor[0].lag_ns, 0);
    sleep_for(3);
    assert_true(tracker.track[0].misses_in_row >= 2);
}

static double missed_looks(void)
{
    double sum = 0.0;
    for (int band = 0; band < SKY_CLUTTER_DETECTION_RANGES; band++) {
        sum +=
            tracker.sensor[0].clutter.misses[band][0] + tracker.sensor[0].clutter.misses[band][1];
    }
    return sum;
}

static void a_look_that_was_only_late_teaches_nothing_of_detection(void **state)
{
    (void)state;
    live(20);
    assert_true(only_track()->log_odds > SKY_LOG_ODDS_LEARN);
    const double before = missed_looks();
    const struct sky_measurement late = measured(0, &target);
    sleep_for(2); /* the one second's plot is in the post, */
    assert_near(missed_looks(), before + 1.0, 0.01);
    measurement[0] = late;
    give(0, 1);
    assert_near(missed_looks(), before, 0.01);
    sleep_for(2); /* the next one's never comes */
    assert_true(missed_looks() > before + 0.9);
}

static void a_miss_in_the_notch_says_little(void **state)
{
    (void)state;
    double gain[2];
    for (int hidden = 0; hidden < 2; hidden++) {
        start(NULL);
        config.sensor[0].notch_mps = 15.0;
        config.sensor[0].notch_detection_probability = 0.05;
        begin();
        target = (struct test_target){.x = {0.0, 30e3, 4e3, 80.0, hidden ? 0.0 : 60.0, 0.0}};
        live(10);
        sleep_for(3);
        gain[hidden] = only_track()->missed_gain[0];
        assert_true(only_track()->misses_in_row >= 2);
    }
    assert_true(gain[1] < 0.0);
    assert_true(gain[0] < 5.0 * gain[1]);
}

static void radars_learn_how_often_they_see(void **state)
{
    (void)state;
    double chance[2];
    for (int blind = 0; blind < 2; blind++) {
        start(NULL);
        target.x[3] = -70.0;
        target.x[4] = -30.0;
        live(10);
        for (int i = 0; i < 40; i++) {
            if (blind == 0 || i % 2 == 0) {
                see(0);
            }
            fly(0.2);
            tick();
            fly(0.8);
        }
        chance[blind] =
            sky_clutter_detection(&tracker.sensor[0].clutter, &config.sensor[0], 24e3, 0.0);
    }
    assert_true(chance[0] > 0.9);
    assert_true(chance[1] < 0.85);
}

static void a_look_missed_between_two_hits_counts_without_a_tick(void **state)
{
    (void)state;
    double chance[2];
    for (int blind = 0; blind < 2; blind++) {
        start(NULL);
        target.x[3] = target.x[4] = 0.0; /* within one of the ranges that are told apart */
        live(20);
        assert_near(only_track()->missed_gain[0], 0.0, 0.0);
        for (int i = 0; i < 20; i++) { /* a plot is a whole scan late: the next; or 0.4 */
            fly(blind ? 1.0 : 0.4);
            see(0);
            assert_int_equal(only_track()->misses_in_row, 0);
            assert_true(blind ? only_track()->missed_ns[0] == now_ns - SKY_SECOND_NS
                              : only_track()->missed_gain[0] == 0.0);
            fly(1.0);
        }
        chance[blind] = sky_clutter_detection(&tracker.sensor[0].clutter, &config.sensor[0],
                                              hypot(12e3, 24e3), 0.0);
    }
    assert_true(chance[0] > 0.9);
    assert_true(chance[1] < 0.75);
}

/* --- What is done with plots ---------------------------------------------------------------- */

static void impossible_ranges_are_counted_and_not_used(void **state)
{
    (void)state;
    struct sky_measurement m = exact(0, &target);
    const double far_m[] = {0.5, 120e3 + 1.0, nan(""), HUGE_VAL, -5.0};
    for (size_t i = 0; i < 5; i++) {
        m.slant_range_m = far_m[i];
        assert_int_equal(offer_from(0, &pose[0], &m), SKY_E_RANGE);
    }
    run();
    assert_int_equal(tracker.stats.out_of_range, 5);
    assert_int_equal(tracker.sensor[0].plots, 5);
    assert_int_equal(tracker.stats.used, 0);
    assert_int_equal(count_of(SKY_TRACK_FREE), SKY_TRACKS_MAX);
}

static void more_plots_than_fit_are_refused(void **state)
{
    (void)state;
    const struct sky_measurement m = exact(0, &target);
    for (uint32_t i = 0; i < SKY_CLAIMS_MAX; i++) {
        assert_int_equal(offer_from(0, &pose[0], &m), SKY_OK);
    }
    assert_int_equal(offer_from(0, &pose[0], &m), SKY_E_CAPACITY);
    run();
    assert_int_equal(tracker.stats.used, 1);
    assert_int_equal(tracker.stats.repeated, SKY_CLAIMS_MAX - 1);
}

static void a_plot_that_comes_twice_is_used_once(void **state)
{
    (void)state;
    live(10);
    struct test_target beside = target;
    beside.x[0] += 60.0; /* within the gate of each other: the copy might be the other's */
    for (int i = 0; i < 8; i++) {
        beside.x[0] = target.x[0] + 250.0;
        beside.x[1] = target.x[1];
        measurement[0] = measured(0, &target);
        measurement[1] = measured(0, &beside);
        give(0, 2);
        fly(0.2);
        tick();
        fly(0.8);
    }
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
    const uint32_t hits[2] = {tracker.track[0].hits, tracker.track[1].hits};
    const struct sky_measurement once = exact(0, &target);
    measurement[0] = measurement[1] = measurement[2] = once; /* thrice in a batch */
    give(0, 3);
    now_ns += SKY_SECOND_NS / 5;
    run();
    assert_int_equal(tracker.stats.repeated, 2);
    assert_int_equal(tracker.track[0].hits + tracker.track[1].hits, hits[0] + hits[1] + 1);
    give(0, 1); /* again */
    assert_int_equal(tracker.stats.repeated, 3);
    for (int i = 0; i < 5; i++) {
        fly(1.0);
        see(0);
        run();
    }
    measurement[0] = once; /* and long after */
    give(0, 1);
    assert_int_equal(tracker.stats.repeated, 4);
    assert_int_equal(count_of(SKY_TRACK_FREE), SKY_TRACKS_MAX - 2);
}

static void plots_that_differ_in_elevation_only_are_two(void **state)
{
    (void)state;
    measurement[0] = exact(0, &target);
    measurement[1] = measurement[0];
    measurement[1].elevation_rad += 0.3;
    give(0, 2);
    assert_int_equal(tracker.stats.repeated, 0);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 2);
}

static void a_track_takes_one_plot_of_a_sweep(void **state)
{
    (void)state;
    live(10);
    see(0);
    static struct sky_track before;
    before = *only_track();
    measurement[0] = test_look(&config.sensor[0], &pose[0], &target, now_ns);
    measurement[0].slant_range_m += 25.0;
    measurement[0].time_ns -= SKY_SECOND_NS * 3 / 10; /* a little before */
    give(0, 1);
    assert_int_equal(tracker.track[0].hits, before.hits);
    assert_memory_equal(&tracker.track[0].state, &before.state, sizeof before.state);
    sleep_for(6); /* what began with it comes to nothing */
    assert_int_equal(only_track()->id, before.id);
}

static void a_batch_of_several_looks_updates_once_per_look(void **state)
{
    (void)state;
    live(10);
    const uint32_t hits = only_track()->hits;
    for (int i = 0; i < 4; i++) {
        measurement[3 - i] = measured(0, &target);
        fly(1.0);
    }
    give(0, 4);
    assert_int_equal(only_track()->hits, hits + 4);
    assert_int_equal(only_track()->state.time_ns, now_ns - SKY_SECOND_NS);
}

static void late_plots_are_used_up_to_ten_seconds(void **state)
{
    (void)state;
    live(10);
    const struct sky_measurement held = measured(0, &target);
    fly(1.0);
    live(9);
    see(0);
    const uint32_t hits = only_track()->hits;
    const int64_t time_ns = only_track()->state.time_ns;
    struct sky_measurement older = held;
    older.time_ns -= 1;
    measurement[0] = older; /* exactly ten seconds and a little */
    give(0, 1);
    assert_int_equal(tracker.stats.too_old, 1);
    assert_int_equal(only_track()->hits, hits);
    measurement[0] = held;
    give(0, 1);
    assert_int_equal(only_track()->hits, hits + 1);
    assert_int_equal(only_track()->state.time_ns, time_ns);
    assert_int_equal(only_track()->seen_ns, time_ns);
    assert_int_equal(tracker.stats.too_old, 1);
}

static void a_plot_from_before_the_first_joins_the_track(void **state)
{
    (void)state;
    for (int looks = 1; looks < 12; looks += 5) { /* a start, and tracks that are believed */
        start(NULL);
        measurement[2] = measured(1, &target);
        fly(1.0);
        const int64_t began_ns = now_ns;
        for (int i = 0; i < looks; i++) {
            fly(i == 0 ? 0.0 : 0.5);
            see(0);
            fly(0.3);
        }
        const uint32_t status = only_track()->status;
        const uint64_t samples = (uint64_t)only_track()->hits;
        const double sure = only_track()->log_odds;
        assert_int_equal(only_track()->started_ns, began_ns);
        offer(1, &measurement[2]);
        run();
        assert_int_equal(tracker.stats.too_old, 0);
        assert_int_equal(only_track()->hits, samples + 1);
        assert_int_equal(only_track()->sensors, 3);
        assert_int_equal(only_track()->started_ns, began_ns - SKY_SECOND_NS);
        assert_true(only_track()->log_odds > sure);
        assert_true(looks == 1 || status == SKY_TRACK_CONFIRMED);
        for (int i = 0; i < SKY_COMPONENTS; i++) { /* it tells nothing of the radar it is from */
            assert_near(tracker.sensor[1].nis.weight[i], 0.0, 0.0);
        }
        offer(1, &measurement[2]); /* and again */
        run();
        assert_int_equal(tracker.stats.repeated, 1);
    }
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
    assert_true(only_track()->share[0] > 0.0 && only_track()->share[1] > 0.0);
    assert_in_range(tracker.registration.pairs[0], 5, 20); /* a plot serves in one pair */
}

static void a_bias_between_two_radars_is_learned_and_taken_off(void **state)
{
    (void)state;
    double sum_m[2] = {0.0, 0.0};
    for (int i = 0; i < 2; i++) {
        config.sensor[i].bias_sigma_azimuth_rad = 0.001;
        config.sensor[i].bias_sigma_range_m = 10.0;
        config.sensor[i].bias_sigma_elevation_rad = 0.001;
    }
    begin();
    struct test_target flight[4];
    for (int k = 0; k < 4; k++) {
        flight[k] = target;
        flight[k].x[0] += 7e3 * k - 20e3;
        flight[k].x[1] -= 9e3 * k;
    }
    for (int second = 0; second < 200; second++) {
        for (uint32_t sensor = 0; sensor < 2; sensor++) {
            for (int k = 0; k < 4; k++) {
                measurement[k] = measured(sensor, &flight[k]);
                measurement[k].azimuth_rad += sensor == 1 ? 0.0052 : 0.0; /* 0.3 degrees, 40 m */
                measurement[k].slant_range_m += sensor == 1 ? 40.0 : 0.0;
                test_fly(&flight[k], 0.5, 0.0, 0.0, &seed);
            }
            give(sensor, 4);
            fly(0.5);
        }
        tick();
        assert_true(count_of(SKY_TRACK_CONFIRMED) <= 4);
        if (second == 30) {
            config.sensor[0].quantum_range_m = 0.0;
        }
        for (int k = 0; k < 4 && (second < 20 || second >= 180); k++) {
            double best_m = 1e9;
            for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
                if (tracker.track[slot].status == SKY_TRACK_CONFIRMED) {
                    target = flight[k];
                    best_m = fmin(best_m, off_m(&tracker.track[slot]));
                }
            }
            sum_m[second >= 180] += best_m < 1e3 ? best_m : 0.0;
        }
    }
    struct sky_registration known;
    sky_register_report(&tracker.registration, 1, &known);
    assert_int_equal(known.state, SKY_REGISTER_APPLIED);
    assert_near(known.bias[SKY_BIAS_AZIMUTH], 0.0052, 0.0015);
    assert_near(known.bias[SKY_BIAS_RANGE], 40.0, 25.0);
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 4);
    assert_int_equal(tracker.next_serial - 1 - (uint32_t)tracker.stats.duplicates, 4);
    print_message("off by %.0f m at first, %.0f m in the end\n", sum_m[0] / 80.0, sum_m[1] / 80.0);
    assert_true(sum_m[1] < 0.8 * sum_m[0]);
}

static void stray_plots_beside_a_believed_track_start_nothing_to_be_believed(void **state)
{
    (void)state;
    live(10);
    for (int i = 0; i < 9; i++) { /* some detections come split in two */
        measurement[0] = exact(0, &target);
        measurement[1] = measurement[0];
        measurement[1].slant_range_m += 20.0;
        give(0, i % 3 == 0 ? 2 : 1);
        fly(0.2);
        tick();
        fly(0.8);
    }
    sleep_for(5);
    assert_int_equal(only_track()->hits, 19);
}

static void a_start_beside_a_believed_track_has_odds_against_it(void **state)
{
    (void)state;
    live(10);
    struct test_target beside = target, elsewhere = target;
    beside.x[0] += 120.0;
    elsewhere.x[0] = -beside.x[0]; /* at the same range */
    elsewhere.x[3] = -target.x[3];
    measurement[0] = exact(0, &target);
    measurement[1] = exact(0, &beside);
    measurement[2] = exact(0, &elsewhere);
    config.tracker.hold_ns = 0;
    give(0, 3);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 2);
    const bool first_is_beside = tracker.track[1].state.x[0] > 0.0;
    const double odds[2] = {tracker.track[1].log_odds, tracker.track[2].log_odds};
    assert_true((first_is_beside ? odds[1] - odds[0] : odds[0] - odds[1]) > 3.0);
}

static void two_aircraft_180_m_apart_keep_their_ids(void **state)
{
    (void)state;
    for (uint64_t with_seed = 1; with_seed <= 5; with_seed++) {
        start(NULL);
        seed = with_seed;
        config.sensor[0].detection_probability = 0.9;
        begin();
        uint32_t id[2] = {0, 0};
        for (int i = 0; i < 90; i++) {
            struct test_target beside = target;
            beside.x[0] += 180.0 * 30.0 / 76.2; /* across their way */
            beside.x[1] -= 180.0 * 70.0 / 76.2;
            size_t count = 0;
            if (test_uniform(&seed, 0.0, 1.0) < 0.9) {
                measurement[count++] = measured(0, &beside);
            }
            if (test_uniform(&seed, 0.0, 1.0) < 0.9) {
                measurement[count++] = measured(0, &target);
            }
            give(0, count);
            fly(0.2);
            tick();
            fly(0.8);
            if (i < 25) {
                continue;
            }
            assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
            for (uint32_t a = 0; a < tracker.active_count; a++) {
                const struct sky_track *const track = &tracker.track[tracker.active[a]];
                if (track->status != SKY_TRACK_CONFIRMED) {
                    continue;
                }
                struct sky_imm imm;
                struct sky_state at;
                sky_track_predict(track, &tracker.rules, now_ns, &imm, &at);
                const double across_m =
                    ((at.x[0] - target.x[0]) * 30.0 - (at.x[1] - target.x[1]) * 70.0) / 76.2;
                const int which = across_m > 90.0;
                if (i == 25) {
                    id[which] = track->id;
                }
                assert_int_equal(track->id, id[which]);
            }
        }
        assert_true(id[0] != 0 && id[1] != 0);
    }
}

/* Seconds in which the radar sees two, one so far east of the other. */
static void fly_side_by_side(int seconds, double apart_m)
{
    for (int i = 0; i < seconds; i++) {
        struct test_target beside = target;
        beside.x[0] += apart_m;
        measurement[0] = exact(0, &target);
        measurement[1] = exact(0, &beside);
        give(0, 2);
        fly(0.2);
        tick();
        fly(0.8);
    }
}

static void contested_plots_wait_for_their_rivals(void **state)
{
    (void)state;
    /* Two tracks; one plot between them arrives first. Alone it would go to the nearer track, but
     * its rival of the same sweep fits that one better. */
    fly_side_by_side(20, 200.0);
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
    struct test_target beside = target;
    beside.x[0] += 80.0; /* a poor look at the one beside: nearer to the first */
    measurement[0] = exact(0, &beside);
    give(0, 1);
    assert_int_equal(tracker.touched_count, 0); /* it waits */
    assert_int_equal(tracker.claims.count, 1);
    now_ns += config.tracker.hold_ns / 2;
    measurement[0] = exact(0, &target);
    measurement[0].time_ns -= config.tracker.hold_ns / 2;
    give(0, 1);
    assert_int_equal(tracker.touched_count, 0); /* both do */
    assert_int_equal(tracker.claims.count, 2);
    now_ns += config.tracker.hold_ns / 2;
    tick();
    assert_int_equal(tracker.touched_count, 2);
    assert_int_equal(tracker.claims.count, 0);
    assert_true(tracker.track[0].state.x[0] < tracker.track[1].state.x[0] - 60.0);

    config.tracker.hold_ns = 0; /* nobody is waited for */
    fly(1.0);
    measurement[0] = exact(0, &beside);
    give(0, 1);
    assert_int_equal(tracker.touched_count, 1);
}

static void a_believed_track_chooses_before_a_tentative_one(void **state)
{
    (void)state;
    live(10);
    struct test_target beside = target;
    beside.x[1] += 900.0;
    measurement[0] = exact(0, &beside);
    measurement[1] = exact(0, &target);
    give(0, 2);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), 1);
    tick();
    fly(1.0);
    measurement[0] = exact(0, &target);
    give(0, 1);
    assert_int_equal(tracker.track[0].hits, 12);
    assert_int_equal(tracker.track[1].hits, 1);
}

static void clutter_takes_no_track_away_from_its_plot(void **state)
{
    (void)state;
    live(20);
    for (int i = 0; i < 20; i++) { /* a false plot at the edge of the gate, first in order */
        measurement[0] = exact(0, &target);
        measurement[0].slant_range_m -= 100.0;
        measurement[0].radial_speed_mps -= 3.0;
        measurement[1] = measured(0, &target);
        give(0, 2);
        fly(0.2);
        tick();
        fly(0.8);
    }
    assert_true(tracker.track[0].hits == 40);
    assert_true(off_m(&tracker.track[0]) < 80.0);
}

/* Several groups of contested plots at once, sharing tracks in every way. */
static void a_row_of_aircraft_is_shared_out_as_a_whole(void **state)
{
    (void)state;
    enum { ROW = 10 };
    struct test_target row[ROW];
    for (int i = 0; i < 30; i++) {
        for (int k = 0; k < ROW; k++) {
            row[k] = target;
            row[k].x[0] += 110.0 * k;
            row[k].x[1] += 1500.0 * (k >= 6);
            measurement[k] = exact(0, &row[(k * 7) % ROW]);
        }
        for (int k = 0; k < ROW; k++) {
            measurement[k] = exact(0, &row[(k * 7) % ROW]);
        }
        give(0, ROW);
        fly(0.2);
        tick();
        fly(0.8);
    }
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), ROW);
    assert_int_equal(tracker.stats.duplicates, 0);
}

static void gates_are_chi_square_quantiles(void **state)
{
    (void)state;
    static const double at_999[6] = {0.0, 10.827566, 13.815511, 16.266236, 18.466827, 20.515006};
    config.tracker.gate_probability = 0.999;
    begin();
    for (int n = 1; n < 6; n++) {
        assert_near(tracker.gates.quantile2[n], at_999[n], 1e-6);
    }
    config.tracker.gate_probability = 0.95;
    begin();
    assert_near(tracker.gates.quantile2[2], 5.991465, 1e-6);
    assert_near(tracker.gates.quantile2[5], 11.070498, 1e-6);
}

static void radars_of_every_kind_are_followed(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        start(NULL);
        for (int i = 0; i < 30; i++) {
            measurement[0] = measured(0, &target);
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
        assert_int_equal(only_track()->hits, 30);
        assert_true(off_m(only_track()) < 400.0);
    }
}

static void an_aircraft_overhead_is_not_lost(void **state)
{
    (void)state;
    target = (struct test_target){.x = {-3e3, 10.0, 2e3, 100.0, 0.0, 0.0}};
    for (int i = 0; i < 60; i++) {
        live(1);
        assert_int_equal(count_of(SKY_TRACK_CONFIRMED), i < 4 ? count_of(SKY_TRACK_CONFIRMED) : 1);
    }
    assert_int_equal(only_track()->id, 1);
    assert_true(only_track()->hits >= 58);
}

/* --- Who it is ------------------------------------------------------------------------------ */

static void remember_icao(uint32_t address)
{
    remark.has = address != 0 ? SKY_PLOT_ICAO : 0;
    remark.icao_address = address;
}

static void plots_that_say_who_they_are_go_to_nobody_else(void **state)
{
    (void)state;
    remember_icao(0xABCDEF);
    live(10);
    assert_int_equal(only_track()->icao_address, 0xABCDEF);
    remember_icao(0x123456); /* at the very place */
    see(0);
    assert_int_equal(tracker.track[0].hits, 10);
    assert_int_equal(tracker.track[1].icao_address, 0x123456);
    remember_icao(0); /* a plot that says nothing may be anyone's */
    fly(1.0);
    see(0);
    assert_int_equal(tracker.track[0].hits, 11);
}

static void the_same_address_outweighs_a_little_distance(void **state)
{
    (void)state;
    struct test_target beside;
    for (int i = 0; i < 20; i++) { /* two side by side, of which one says who it is */
        beside = target;
        beside.x[0] += 200.0;
        remember_icao(0xABCDEF);
        measurement[0] = exact(0, &target);
        offer(0, &measurement[0]);
        remember_icao(0);
        measurement[0] = exact(0, &beside);
        offer(0, &measurement[0]);
        run();
        fly(0.2);
        tick();
        fly(0.8);
    }
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
    const uint32_t named = tracker.track[0].icao_address != 0 ? 0 : 1;
    const uint32_t hits = tracker.track[named].hits;
    beside = target;
    beside.x[0] += 105.0; /* a little nearer to the silent one */
    remember_icao(0xABCDEF);
    measurement[0] = exact(0, &beside);
    give(0, 1);
    now_ns += SKY_SECOND_NS / 5;
    run();
    assert_int_equal(tracker.track[named].hits, hits + 1);
}

/* --- Reported places ------------------------------------------------------------------------ */

static void become_cooperative(uint32_t sensor)
{
    config.sensor[sensor].kind = SKY_SENSOR_COOPERATIVE;
    config.sensor[sensor].sigma_place_m = 20.0;
    begin();
}

static struct sky_measurement reported(const struct test_target *what, double sigma_m,
                                       struct sky_sensor_pose *ret_at)
{
    *ret_at = test_pose(&frame, what->x[0] + sigma_m * test_normal(&seed),
                        what->x[1] + sigma_m * test_normal(&seed), what->x[2]);
    return (struct sky_measurement){.time_ns = now_ns,
                                    .is_place = true,
                                    .has_height = true,
                                    .height_hae_m = ret_at->height_hae_m,
                                    .sigma_height_m = 50.0,
                                    .sigma_place_m = sigma_m > 1.0 ? sigma_m : 20.0};
}

static void reported_places_are_followed_and_join_the_radars(void **state)
{
    (void)state;
    become_cooperative(1);
    struct sky_sensor_pose at;
    remember_icao(0xABCDEF);
    for (int i = 0; i < 30; i++) {
        const struct sky_measurement m = reported(&target, 20.0, &at);
        assert_int_equal(offer_from(1, &at, &m), SKY_OK);
        run();
        tick();
        fly(1.0);
    }
    assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);
    assert_int_equal(only_track()->icao_address, 0xABCDEF);
    assert_true(off_m(only_track()) < 60.0);
    remember_icao(0);
    for (int i = 0; i < 10; i++) {
        see(0);
        tick();
        fly(1.0);
    }
    assert_int_equal(only_track()->sensors, 3);
    sleep_for(4); /* whoever reports places covers everything */
    assert_true(only_track()->misses_in_row > 4);
}

static void no_plot_makes_surer_than_sure(void **state)
{
    (void)state;
    struct sky_sensor_pose at;
    config.sensor[1].false_plots_per_scan = 1e-300; /* who reports a place is there */
    become_cooperative(1);
    for (int i = 0; i < 3; i++) {
        const struct sky_measurement m = reported(&target, 20.0, &at);
        assert_int_equal(offer_from(1, &at, &m), SKY_OK);
        run();
        fly(1.0);
    }
    assert_near(only_track()->log_odds, 40.0, 0.0);
}

static void two_places_of_one_instant_are_two_aircraft(void **state)
{
    (void)state;
    become_cooperative(1);
    struct sky_sensor_pose at[2];
    struct test_target beside;
    for (int i = 0; i < 20; i++) {
        beside = target;
        beside.x[1] += 5e3;
        const struct sky_measurement m[2] = {reported(&target, 0.0, &at[0]),
                                             reported(&beside, 0.0, &at[1])};
        for (int k = 0; k < 4; k++) { /* and each comes twice */
            assert_int_equal(offer_from(1, &at[(k + i) % 2], &m[(k + i) % 2]), SKY_OK);
        }
        run();
        tick();
        fly(1.0);
    }
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
    assert_int_equal(tracker.stats.repeated, 40);
    assert_int_equal(tracker.stats.used, 40);
}

/* --- Duplicates ----------------------------------------------------------------------------- */

/* Tracks that were changed by hand are entered anew where the gates look for them. */
static void relist(void)
{
    tracker.listed[0].count = tracker.listed[1].count = 0;
    for (uint32_t i = 0; i < tracker.active_count; i++) {
        const uint32_t slot = tracker.active[i];
        struct sky_reach *const reach = &tracker.reach[slot];
        sky_reach_of_track(&tracker.track[slot], reach);
        struct sky_reach_list *const list = &tracker.listed[reach->tentative];
        sky_reach_insert(list, list->count, slot);
        sky_reach_set_box(&tracker.gates, reach, list, list->count - 1);
    }
}

static void put(uint32_t slot, const struct sky_track *like, double aside_m)
{
    struct sky_track *const track = &tracker.track[slot];
    track->imm = like->imm;
    track->state = like->state;
    for (int i = 0; i < SKY_MODES_MAX; i++) {
        track->imm.x[0][i] += aside_m;
    }
    track->state.x[0] += aside_m;
    relist();
}

static void doubt(uint32_t slot, double log_odds)
{
    tracker.track[slot].status = SKY_TRACK_TENTATIVE;
    tracker.track[slot].log_odds = tracker.track[slot].log_odds_start = log_odds;
    relist();
}

/* A second track is forced on an aircraft: the first is put aside while it begins, and back. */
static void split_track(int seconds)
{
    put(0, &tracker.track[0], 3000.0);
    live(seconds);
    assert_int_equal(count_of(SKY_TRACK_FREE), SKY_TRACKS_MAX - 2);
    put(0, &tracker.track[1], 0.0);
}

static void of_two_tracks_on_one_aircraft_the_younger_goes(void **state)
{
    (void)state;
    live(10);
    split_track(5);
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
    uint32_t lost = 0;
    for (int i = 0; i < 14; i++) { /* both are kept alive, by one radar each */
        see(0);
        lost |= tracker.change[1] & SKY_TRACK_NOW_LOST;
        see(1);
        lost |= tracker.change[1] & SKY_TRACK_NOW_LOST;
        fly(0.2);
        tick();
        lost |= tracker.change[1] & SKY_TRACK_NOW_LOST;
        fly(0.8);
    }
    assert_int_equal(lost, SKY_TRACK_NOW_LOST);
    assert_int_equal(tracker.stats.duplicates, 1);
    assert_int_equal(only_track()->id, 1);
}

static void a_tentative_duplicate_goes_without_notice(void **state)
{
    (void)state;
    live(10);
    split_track(5);
    doubt(1, -30.0);
    config.tracker.confirm_existence = 0.999999999;
    for (int i = 0; i < 14; i++) {
        see(0);
        assert_int_equal(tracker.change[1], 0);
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
    split_track(5);
    doubt(0, 3.0);
    for (int i = 0; i < 14; i++) {
        see(0);
        see(1);
        tick();
        fly(1.0);
    }
    assert_int_equal(only_track()->id, 2);
    assert_int_equal(only_track()->status, SKY_TRACK_CONFIRMED);
}

static void being_together_now_and_then_is_no_reason_to_drop_one(void **state)
{
    (void)state;
    live(10);
    split_track(5);
    for (int i = 0; i < 20; i++) {
        put(1, &tracker.track[0], i % 3 == 2 ? 2000.0 : 0.0); /* two looks together, one apart */
        see(0);
        fly(1.0);
    }
    assert_int_equal(tracker.stats.duplicates, 0);
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
}

static void a_duplicate_that_is_seen_elsewhere_is_none(void **state)
{
    (void)state;
    live(10);
    split_track(5);
    tracker.track[1].twin_of = tracker.track[0].serial;
    tracker.track[1].twin_updates = 5;
    put(0, &tracker.track[0], 2000.0);
    see(0);
    assert_int_equal(tracker.change[1], SKY_TRACK_UPDATED);
    assert_int_equal(tracker.track[1].twin_updates, 0);
}

/* Two tracks that one sweep sees apart are two, however near. */
static void what_one_sweep_sees_apart_is_two_aircraft(void **state)
{
    (void)state;
    fly_side_by_side(40, 90.0);
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2);
    assert_int_equal(tracker.stats.duplicates, 0);
}

/*
 * The duplicate has a plot of its own in the look that gives it away; another aircraft five
 * kilometres off is compared with both.
 */
static void a_dropped_duplicate_takes_no_further_part_in_its_look(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) { /* believed or not; dropped before its own plot or by it */
        const bool believed = way % 2 == 1;
        struct test_target near;
        static struct sky_track like;
        start(NULL);
        live(10);
        split_track(5);
        config.tracker.hold_ns = 0;
        config.tracker.confirm_existence = 0.999999999;
        like = tracker.track[1];
        tracker.track[2] = like;
        tracker.track[2].serial = tracker.next_serial++;
        tracker.active[tracker.active_count++] = 2;
        put(0, &like, 0.0);
        put(1, &like, way < 2 ? 40.0 : -40.0);
        put(2, &like, 5000.0);
        for (uint32_t slot = 0; slot < 2; slot++) {
            tracker.track[slot].seen_ns = now_ns - SKY_SECOND_NS;
            tracker.track[slot].seen_by_ns[0] = now_ns - SKY_SECOND_NS * (1 + (int)slot);
            if (!believed) {
                doubt(slot, -20.0);
            }
        }
        tracker.track[1].twin_of = 1;
        tracker.track[1].twin_updates = 5;
        near = target;
        near.x[0] += 5000.0;
        measurement[0] = exact(0, &target);
        measurement[1] = measurement[0];
        measurement[1].slant_range_m += way < 2 ? 18.0 : -18.0;
        measurement[2] = exact(0, &near);
        measurement[3] = exact(1, &target); /* a look of another radar in the same run */
        for (uint32_t i = 0; i < 4; i++) {
            offer(i / 3, &measurement[i]);
        }
        run();
        assert_int_equal(tracker.stats.duplicates, 1);
        assert_int_equal(tracker.change[1], believed ? SKY_TRACK_NOW_LOST : 0);
        run();
        assert_int_equal(tracker.track[0].id, 1);
        assert_true(tracker.track[0].status != SKY_TRACK_FREE);
        assert_true(tracker.track[1].status != SKY_TRACK_CONFIRMED);
    }
}

/* --- Room ----------------------------------------------------------------------------------- */

/* Plots so far apart that each is its own aircraft. */
static void scatter(size_t count, double from_m, int64_t time_ns)
{
    for (size_t i = 0; i < count; i++) {
        measurement[i] = exact(0, &target);
        measurement[i].time_ns = time_ns;
        measurement[i].slant_range_m = from_m + 3000.0 * (double)(i / 32);
        measurement[i].azimuth_rad = 0.19 * (double)(i % 32);
        measurement[i].radial_speed_mps = 0.0;
    }
}

static bool is_there(uint64_t serial)
{
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        if (tracker.track[slot].status != SKY_TRACK_FREE && tracker.track[slot].serial == serial) {
            return true;
        }
    }
    return false;
}

static void a_full_table_gives_up_its_least_promising_start(void **state)
{
    (void)state;
    scatter(SKY_TRACKS_MAX, 10e3, now_ns);
    give(0, SKY_TRACKS_MAX);
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) { /* the oldest goes first */
        tracker.track[slot].seen_ns -= tracker.track[slot].serial == 77 ? 1 : 0;
        tracker.track[slot].state.time_ns -= tracker.track[slot].serial == 77 ? 1 : 0;
    }
    relist();
    assert_int_equal(tracker.stats.no_room, 0);
    now_ns += SKY_SECOND_NS;
    scatter(1, 100e3, now_ns);
    give(0, 1);
    assert_false(is_there(77));
    assert_true(is_there(SKY_TRACKS_MAX + 1));
    assert_int_equal(tracker.stats.no_room, 1); /* and that is told */
    assert_int_equal(tracker.stats.clutter, 1);
    scatter(3, 103e3, now_ns);
    give(0, 3);
    assert_int_equal(tracker.stats.no_room, 4);
    assert_int_equal(tracker.next_serial, SKY_TRACKS_MAX + 5);
    assert_int_equal(count_of(SKY_TRACK_TENTATIVE), SKY_TRACKS_MAX);
    for (uint32_t i = 1; i < SKY_TRACKS_MAX; i++) { /* still listed by age */
        assert_true(tracker.track[tracker.active[i - 1]].serial <
                    tracker.track[tracker.active[i]].serial);
    }
}

static void a_start_that_came_late_is_the_first_to_go(void **state)
{
    (void)state;
    const int64_t began_ns = now_ns;
    scatter(SKY_TRACKS_MAX, 10e3, began_ns);
    give(0, SKY_TRACKS_MAX);
    scatter(1, 100e3, began_ns + SKY_SECOND_NS / 10);
    give(0, 1);
    assert_int_equal(tracker.stats.no_room, 1); /* all are too young to go, */
    assert_int_equal(tracker.next_serial, SKY_TRACKS_MAX + 1);
    tracker.track[5].log_odds = -1000.0;
    tick();
    assert_int_equal(tracker.active_count, SKY_TRACKS_MAX - 1);
    scatter(1, 103e3, began_ns - SKY_SECOND_NS * 9 / 10); /* but for one that comes now */
    give(0, 1);
    assert_true(is_there(SKY_TRACKS_MAX + 1));
    scatter(1, 106e3, began_ns - SKY_SECOND_NS * 3 / 10);
    give(0, 1);
    assert_false(is_there(SKY_TRACKS_MAX + 1));
    assert_true(is_there(SKY_TRACKS_MAX + 2));
}

static void a_burst_of_false_plots_does_not_drive_out_the_starts_before_it(void **state)
{
    (void)state;
    see(0);
    now_ns += SKY_SECOND_NS / 10;
    for (int i = 0; i < 3; i++) {
        scatter(SKY_TRACKS_MAX, 10e3 + 1000.0 * i, now_ns);
        give(0, SKY_TRACKS_MAX);
        now_ns += SKY_SECOND_NS / 10;
    }
    assert_true(is_there(1));
    assert_int_equal(tracker.stats.no_room, 2 * SKY_TRACKS_MAX + 1);
    assert_int_equal(tracker.stats.clutter, 0);
    assert_int_equal(tracker.next_serial, SKY_TRACKS_MAX + 1);
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
    assert_int_equal(count_of(SKY_TRACK_FREE), 0);
}

static void more_than_may_wait_are_not_held(void **state)
{
    (void)state;
    enum { PAIRS = 40 };
    for (int i = 0; i < 12; i++) { /* pairs of aircraft side by side, all over the sky */
        for (int k = 0; k < 2 * PAIRS; k++) {
            struct test_target one = {.x = {-50e3 + 12e3 * (k / 2 % 8) + 150.0 * (k % 2),
                                            10e3 + 12e3 * (k / 16), 4e3, 0.0, 50.0, 0.0}};
            one.x[1] += 50.0 * i;
            measurement[k] = exact(0, &one);
        }
        give(0, 2 * PAIRS);
        if (i > 8) { /* believed by now, and contested */
            assert_int_equal(tracker.claims.count, SKY_WAITING_MAX);
        }
        now_ns += SKY_SECOND_NS / 5;
        tick();
        assert_int_equal(tracker.claims.count, 0);
        now_ns += SKY_SECOND_NS * 4 / 5;
    }
    assert_int_equal(count_of(SKY_TRACK_CONFIRMED), 2 * PAIRS);
    assert_int_equal(tracker.stats.used, 12 * 2 * PAIRS);
}

static void a_plot_is_offered_to_the_likeliest_eight(void **state)
{
    (void)state;
    enum { CROWD = 12 };
    double likelihood[CROWD];
    bool kept[CROWD] = {false};
    live(12);
    static struct sky_track like;
    like = tracker.track[0];
    for (uint32_t slot = 0; slot < CROWD; slot++) { /* nearly at one place, in no order */
        if (slot > 0) {
            tracker.track[slot] = like;
            tracker.track[slot].serial = tracker.next_serial++;
            tracker.active[tracker.active_count++] = slot;
        }
        put(slot, &like, 8.0 * (double)(11 - (slot * 5 + 11) % 12) - 40.0);
    }
    measurement[0] = exact(0, &target);
    for (uint32_t slot = 0; slot < CROWD; slot++) {
        struct sky_imm imm;
        struct sky_innovation innovation;
        assert_int_equal(sky_track_try(&tracker.track[slot], &tracker.rules, &measurement[0],
                                       &pose[0], 1e300, &imm, &innovation),
                         SKY_FIT_GOOD);
        likelihood[slot] = innovation.log_likelihood;
    }
    give(0, 1);
    assert_int_equal(tracker.claims.count, 1); /* it waits */
    assert_int_equal(tracker.claims.claim[0].candidate_count, SKY_CANDIDATES_MAX);
    double worst = 1e300;
    for (int i = 0; i < SKY_CANDIDATES_MAX; i++) {
        kept[tracker.claims.claim[0].candidate[i].slot] = true;
        worst = fmin(worst, likelihood[tracker.claims.claim[0].candidate[i].slot]);
    }
    double best = -1e300;
    for (uint32_t slot = 0; slot < CROWD; slot++) {
        assert_true(kept[slot] || likelihood[slot] <= worst);
        best = fmax(best, likelihood[slot]);
    }
    now_ns += SKY_SECOND_NS / 5;
    run();
    for (uint32_t slot = 0; slot < CROWD; slot++) {
        assert_int_equal(tracker.track[slot].hits, likelihood[slot] == best ? 13 : 12);
    }
}

static void ten_thousand_false_plots_cost_nothing_but_clutter(void **state)
{
    (void)state;
    live(20);
    for (int step = 0; step < 10; step++) { /* in one scan */
        for (int i = 0; i < SKY_PLOTS_MAX; i++) {
            measurement[i] = test_clutter(&config.sensor[0], 300.0, now_ns, &seed);
        }
        give(0, SKY_PLOTS_MAX);
        assert_true(tracker.active_count <= SKY_TRACKS_MAX);
        assert_true(tracker.claims.count <= SKY_WAITING_MAX);
        now_ns += SKY_SECOND_NS / 50;
    }
    test_fly(&target, 0.2, 0.0, 0.0, &seed);
    const uint32_t hits = tracker.track[0].hits;
    for (int i = 0; i < 10; i++) {
        live(1);
        assert_int_equal(count_of(SKY_TRACK_CONFIRMED) + count_of(SKY_TRACK_COASTING), 1);
    }
    assert_int_equal(tracker.track[0].id, 1);
    assert_true(tracker.track[0].hits >= hits + 9);
    assert_true(off_m(&tracker.track[0]) < 150.0);
    assert_true(tracker.stats.clutter + tracker.stats.no_room > 9000);
    assert_true(sky_clutter_per_scan(&tracker.sensor[0].clutter, &config.sensor[0]) > 100.0);
}

/* --- What sensors are found to be ----------------------------------------------------------- */

static void a_radar_worse_than_it_says_is_noticed(void **state)
{
    (void)state;
    uint32_t noticed = 0;
    for (int i = 0; i < 120; i++) {
        measurement[0] = exact(0, &target);
        measurement[0].slant_range_m += 90.0 * test_normal(&seed); /* 30 m, it says */
        give(0, 1);
        noticed |= tracker.nis_changed;
        tick();
        noticed |= tracker.nis_changed;
        fly(1.0);
    }
    assert_int_equal(noticed, 1);
    assert_true((tracker.sensor[0].nis.out & 1U << SKY_COMPONENT_RANGE) != 0);
    assert_int_equal(tracker.sensor[1].nis.out, 0);
}

static void a_silence_of_hours_is_not_counted_look_by_look(void **state)
{
    (void)state;
    live(10);
    config.tracker.lose_ns = 600 * SKY_SECOND_NS;
    now_ns += 500 * SKY_SECOND_NS;
    tick();
    assert_true(tracker.track[0].misses_in_row <= 66);
    assert_int_equal(tracker.change[0], SKY_TRACK_NOW_LOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_aircraft_in_a_clear_sky_is_confirmed_by_few_plots, start),
        cmocka_unit_test_setup(a_hot_spot_asks_for_more_evidence, start),
        cmocka_unit_test_setup(existence_can_be_asked_between_ticks, start),
        cmocka_unit_test_setup(hot_spots_at_the_start_of_a_watch_are_hardly_believed, start),
        cmocka_unit_test_setup(a_stray_plot_is_forgotten_and_was_clutter, start),
        cmocka_unit_test_setup(what_is_long_followed_but_never_believed_is_clutter_by_and_by,
                               start),
        cmocka_unit_test_setup(a_start_is_likelier_where_a_radar_looks_at_less_sky, start),
        cmocka_unit_test_setup(three_misses_end_a_start_even_if_they_say_little, start),
        cmocka_unit_test_setup(an_unseen_track_coasts_comes_back_and_is_lost, start),
        cmocka_unit_test_setup(one_long_silence_loses_a_track_without_coasting, start),
        cmocka_unit_test_setup(what_everybody_misses_is_given_up_before_it_is_old, start),
        cmocka_unit_test_setup(a_late_plot_takes_its_miss_back, start),
        cmocka_unit_test_setup(a_late_plot_of_another_sweep_takes_no_miss_back, start),
        cmocka_unit_test_setup(a_radar_that_never_saw_it_is_not_asked, start),
        cmocka_unit_test_setup(a_radar_is_not_asked_for_what_it_does_not_cover, start),
        cmocka_unit_test_setup(what_left_the_coverage_is_lost_instead_of_coasting, start),
        cmocka_unit_test_setup(a_radar_that_is_always_late_is_waited_for, start),
        cmocka_unit_test_setup(lateness_is_forgotten_with_time_however_few_plots_come, start),
        cmocka_unit_test_setup(one_plot_later_than_all_others_delays_no_miss, start),
        cmocka_unit_test_setup(a_look_that_was_only_late_teaches_nothing_of_detection, start),
        cmocka_unit_test_setup(a_miss_in_the_notch_says_little, start),
        cmocka_unit_test_setup(radars_learn_how_often_they_see, start),
        cmocka_unit_test_setup(a_look_missed_between_two_hits_counts_without_a_tick, start),
        cmocka_unit_test_setup(impossible_ranges_are_counted_and_not_used, start),
        cmocka_unit_test_setup(more_plots_than_fit_are_refused, start),
        cmocka_unit_test_setup(a_plot_that_comes_twice_is_used_once, start),
        cmocka_unit_test_setup(plots_that_differ_in_elevation_only_are_two, start),
        cmocka_unit_test_setup(a_track_takes_one_plot_of_a_sweep, start),
        cmocka_unit_test_setup(a_batch_of_several_looks_updates_once_per_look, start),
        cmocka_unit_test_setup(late_plots_are_used_up_to_ten_seconds, start),
        cmocka_unit_test_setup(a_plot_from_before_the_first_joins_the_track, start),
        cmocka_unit_test_setup(two_radars_make_one_track, start),
        cmocka_unit_test_setup(a_bias_between_two_radars_is_learned_and_taken_off, start),
        cmocka_unit_test_setup(stray_plots_beside_a_believed_track_start_nothing_to_be_believed,
                               start),
        cmocka_unit_test_setup(a_start_beside_a_believed_track_has_odds_against_it, start),
        cmocka_unit_test_setup(two_aircraft_180_m_apart_keep_their_ids, start),
        cmocka_unit_test_setup(contested_plots_wait_for_their_rivals, start),
        cmocka_unit_test_setup(a_believed_track_chooses_before_a_tentative_one, start),
        cmocka_unit_test_setup(clutter_takes_no_track_away_from_its_plot, start),
        cmocka_unit_test_setup(a_row_of_aircraft_is_shared_out_as_a_whole, start),
        cmocka_unit_test_setup(gates_are_chi_square_quantiles, start),
        cmocka_unit_test_setup(radars_of_every_kind_are_followed, start),
        cmocka_unit_test_setup(an_aircraft_overhead_is_not_lost, start),
        cmocka_unit_test_setup(plots_that_say_who_they_are_go_to_nobody_else, start),
        cmocka_unit_test_setup(the_same_address_outweighs_a_little_distance, start),
        cmocka_unit_test_setup(reported_places_are_followed_and_join_the_radars, start),
        cmocka_unit_test_setup(no_plot_makes_surer_than_sure, start),
        cmocka_unit_test_setup(two_places_of_one_instant_are_two_aircraft, start),
        cmocka_unit_test_setup(of_two_tracks_on_one_aircraft_the_younger_goes, start),
        cmocka_unit_test_setup(a_tentative_duplicate_goes_without_notice, start),
        cmocka_unit_test_setup(a_believed_track_is_not_dropped_for_an_older_doubtful_one, start),
        cmocka_unit_test_setup(being_together_now_and_then_is_no_reason_to_drop_one, start),
        cmocka_unit_test_setup(a_duplicate_that_is_seen_elsewhere_is_none, start),
        cmocka_unit_test_setup(what_one_sweep_sees_apart_is_two_aircraft, start),
        cmocka_unit_test_setup(a_dropped_duplicate_takes_no_further_part_in_its_look, start),
        cmocka_unit_test_setup(a_full_table_gives_up_its_least_promising_start, start),
        cmocka_unit_test_setup(a_start_that_came_late_is_the_first_to_go, start),
        cmocka_unit_test_setup(a_burst_of_false_plots_does_not_drive_out_the_starts_before_it,
                               start),
        cmocka_unit_test_setup(a_table_full_of_better_tracks_says_so, start),
        cmocka_unit_test_setup(more_than_may_wait_are_not_held, start),
        cmocka_unit_test_setup(a_plot_is_offered_to_the_likeliest_eight, start),
        cmocka_unit_test_setup(ten_thousand_false_plots_cost_nothing_but_clutter, start),
        cmocka_unit_test_setup(a_radar_worse_than_it_says_is_noticed, start),
        cmocka_unit_test_setup(a_silence_of_hours_is_not_counted_look_by_look, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
