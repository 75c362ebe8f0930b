/*
 * Tracks smoothed by all their plots: nearer the truth than filtered, and as near as they say.
 */
#include <stdlib.h>

#include "sky_test.h"
#include "skyh_smooth.h"
#include "test_radar.h"

enum { LOOKS = 150, POINTS_MAX = 400 };

static struct sky_engine engine;
static struct skyh_traces traces;
static struct sky_sensor_pose pose;
static struct sky_sensor_config radar;
static struct test_target truth[LOOKS];
static struct sky_state filtered[LOOKS];
static uint64_t seed;

/* What was told. */
static struct skyh_smooth_sink sink;
static size_t told;
static struct skyh_smooth_point point[POINTS_MAX];

static void keep_point(struct skyh_smooth_sink *to, const struct skyh_smooth_point *at)
{
    assert_ptr_equal(to, &sink);
    assert_true(told < POINTS_MAX);
    point[told++] = *at;
}

static int start(void **state)
{
    (void)state;
    memset(&engine, 0, sizeof engine);
    test_stand(&engine.frame, &pose, &radar);
    sky_config_default(&engine.config);
    radar.bias_sigma_range_m = radar.bias_sigma_azimuth_rad = radar.bias_sigma_elevation_rad = 0.0;
    engine.config.sensor[0] = radar;
    engine.config.sensor_count = 1;
    sky_tracker_init(&engine.tracker, &engine.config, 0);
    engine.tracker.sensor[0].stands = true;
    engine.tracker.sensor[0].pose = pose;
    engine.tracker.active_count = 1;
    sink.point = keep_point;
    told = 0;
    return skyh_traces_open(&traces) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    skyh_traces_close(&traces);
    return 0;
}

/* ------------------------------------------------------------------------------------ a flight */

static struct sky_look look_at(int second)
{
    struct sky_look look;
    memset(&look, 0, sizeof look);
    look.pose = pose;
    look.measurement = test_measure(&radar, &pose, &truth[second], second * SKY_SECOND_NS, &seed);
    sky_track_keep_raw(&look);
    return look;
}

static void give(const struct sky_look *look)
{
    struct sky_track *const track = &engine.tracker.track[0];
    if (track->look_count == 0) {
        sky_track_start(track, &engine.tracker.rules, look);
        track->id = 7;
        track->share[0] = 1.0;
    } else {
        struct sky_imm fitted;
        struct sky_innovation innovation;
        assert_int_equal(sky_track_try(track, &engine.tracker.rules, &look->measurement,
                                       &look->pose, 1e300, &fitted, &innovation),
                         SKY_FIT_GOOD);
        sky_track_take(track, &engine.tracker.rules, look, &fitted);
    }
    const struct sky_event_track said = {.id = 7, .existence = 0.9};
    skyh_traces_take(&traces, &engine, &said, 100 * SKY_SECOND_NS);
}

/* Straight ahead, with a turn to one side of 90 degrees or so in between. */
static void fly(uint64_t from)
{
    seed = from;
    struct test_target target = {.x = {12e3, 24e3, 4e3, 70.0, 30.0, 0.0}};
    const double turn_radps = test_uniform(&seed, 0.0, 1.0) < 0.5 ? 0.045 : -0.045;
    engine.tracker.track[0].look_count = 0;
    for (int i = 0; i < LOOKS; i++) {
        if (i > 50 && i < 90) {
            const double e = target.x[3], n = target.x[4];
            target.x[3] = e * cos(turn_radps) - n * sin(turn_radps);
            target.x[4] = e * sin(turn_radps) + n * cos(turn_radps);
        }
        test_fly(&target, 1.0, 0.05, 0.02, &seed);
        truth[i] = target;
    }
}

static void see_all(void)
{
    for (int i = 0; i < LOOKS; i++) {
        const struct sky_look look = look_at(i);
        give(&look);
        filtered[i] = engine.tracker.track[0].state;
    }
}

static void smooth_all(void)
{
    told = 0;
    assert_true(skyh_smooth_run(&traces, &engine, 0, &sink));
    skyh_traces_clear(&traces);
}

/* A point in the tracking frame; its axes are turned by a fraction of a degree. */
static struct sky_state state_of(const struct skyh_smooth_point *at)
{
    const struct sky_enu place = sky_geo_to_enu(&engine.frame, &at->said.place);
    struct sky_state state = {.x = {place.east_m, place.north_m, place.up_m, at->said.vel_east_mps,
                                    at->said.vel_north_mps, at->said.vel_up_mps}};
    for (int i = 0, k = 0; i < 6; i++) {
        for (int j = i; j < 6; j++, k++) {
            state.p[i][j] = state.p[j][i] = at->said.cov[k];
        }
    }
    return state;
}

static double off2(const struct sky_state *state, const struct test_target *at)
{
    return pow(state->x[0] - at->x[0], 2.0) + pow(state->x[1] - at->x[1], 2.0);
}

/* ------------------------------------------------------------------------------------- tests */

static void every_second_from_the_first_look_to_the_latest_is_told(void **state)
{
    (void)state;
    fly(1);
    see_all();
    smooth_all();
    assert_int_equal(told, LOOKS);
    for (int i = 0; i < LOOKS; i++) {
        assert_int_equal(point[i].utc_ns, (100 + i) * SKY_SECOND_NS);
        assert_int_equal(point[i].end_utc_ns, (100 + LOOKS - 1) * SKY_SECOND_NS);
        assert_int_equal(point[i].said.id, 7);
        assert_near(point[i].said.existence, 0.9, 0.0);
    }
}

/* At the end there is nothing after: it is what the station had. */
static void the_latest_look_is_as_it_was_filtered(void **state)
{
    (void)state;
    fly(2);
    see_all();
    smooth_all();
    const struct sky_state last = state_of(&point[told - 1]);
    assert_true(off2(&last, &(struct test_target){
                                .x = {filtered[LOOKS - 1].x[0], filtered[LOOKS - 1].x[1]}}) < 1e-6);
    assert_near(last.p[0][0] + last.p[1][1],
                filtered[LOOKS - 1].p[0][0] + filtered[LOOKS - 1].p[1][1], 2.0);
}

static void smoothed_is_much_nearer_the_truth_and_as_near_as_it_says(void **state)
{
    (void)state;
    enum { FLIGHTS = 12 };
    double of_filter = 0.0, of_smoother = 0.0, nees = 0.0, count = 0.0;
    for (uint64_t n = 1; n <= FLIGHTS; n++) {
        fly(100 * n);
        see_all();
        smooth_all();
        for (int i = 10; i < LOOKS - 5; i++) {
            const struct sky_state smoothed = state_of(&point[i]);
            of_filter += off2(&filtered[i], &truth[i]);
            of_smoother += off2(&smoothed, &truth[i]);
            nees += test_nees(&smoothed, &truth[i]) / 6.0;
            count += 1.0;
        }
    }
    print_message("seeds 100 to %d: filter %.1f m, smoother %.1f m, ANEES %.2f\n", 100 * FLIGHTS,
                  sqrt(of_filter / count), sqrt(of_smoother / count), nees / count);
    assert_true(sqrt(of_smoother) < 0.65 * sqrt(of_filter));
    assert_true(nees / count > 0.5);
    assert_true(nees / count < 1.15);
}

static void looks_that_come_late_are_smoothed_where_they_belong(void **state)
{
    (void)state;
    static struct skyh_smooth_point in_order[POINTS_MAX];
    static struct sky_look look[LOOKS];
    fly(3);
    for (int i = 0; i < LOOKS; i++) {
        look[i] = look_at(i);
    }
    for (int i = 0; i < LOOKS; i++) {
        give(&look[i]);
    }
    smooth_all();
    memcpy(in_order, point, sizeof in_order);
    engine.tracker.track[0].look_count = 0;
    for (int i = 0; i < LOOKS; i++) { /* every seventh 6 s late */
        if (i % 7 != 3) {
            give(&look[i]);
        }
        if (i >= 6 && (i - 6) % 7 == 3) {
            give(&look[i - 6]);
        }
    }
    smooth_all();
    const int until = LOOKS - 10; /* the last late ones did not come any more */
    for (int i = 0; i < until; i++) {
        const struct sky_state a = state_of(&in_order[i]), b = state_of(&point[i]);
        assert_near(a.x[0], b.x[0], i < until - 30 ? 0.01 : 30.0);
        assert_near(a.x[1], b.x[1], i < until - 30 ? 0.01 : 30.0);
    }
}

static void gaps_are_bridged_from_both_sides(void **state)
{
    (void)state;
    fly(4);
    for (int i = 0; i < LOOKS; i++) {
        const struct sky_look look = look_at(i);
        if (i < 100 || i >= 120) {
            give(&look);
        }
    }
    smooth_all();
    assert_int_equal(told, LOOKS);
    const struct sky_state before = state_of(&point[90]), middle = state_of(&point[110]),
                           after = state_of(&point[130]);
    const double sigma_m = sqrt(middle.p[0][0] + middle.p[1][1]);
    assert_true(sigma_m < 1.5 * sqrt(before.p[0][0] + before.p[1][1])); /* it flies straight on */
    assert_true(sigma_m > sqrt(after.p[0][0] + after.p[1][1]));
    assert_true(sqrt(off2(&middle, &truth[110])) < 3.0 * sigma_m);
}

static void two_equal_opinions_are_worth_twice_one(void **state)
{
    (void)state;
    struct skyh_gaussian a = {.x = {1, 2, 3, 4, 5, 6}}, b, both, other;
    double density = 0.0, other_density = 0.0;
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            a.p[i][j] = i == j ? 4.0 + i : 0.5;
        }
    }
    b = a;
    assert_true(skyh_smooth_fuse(&a, &b, &both, &density));
    for (int i = 0; i < 6; i++) {
        assert_near(both.x[i], a.x[i], 1e-12);
        for (int j = 0; j < 6; j++) {
            assert_near(both.p[i][j], 0.5 * a.p[i][j], 1e-12);
        }
    }
    b.x[0] = 9.0; /* whichever is asked first */
    b.p[2][2] = 40.0;
    assert_true(skyh_smooth_fuse(&a, &b, &both, &density));
    assert_true(skyh_smooth_fuse(&b, &a, &other, &other_density));
    assert_near(density, other_density, 1e-12);
    for (int i = 0; i < 6; i++) {
        assert_near(both.x[i], other.x[i], 1e-12);
        assert_near(both.p[i][i], other.p[i][i], 1e-12);
    }
    a.p[3][3] = -50.0;
    assert_false(skyh_smooth_fuse(&a, &b, &both, &density));
    assert_near(both.x[0], other.x[0], 1e-12);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_second_from_the_first_look_to_the_latest_is_told),
        CASE(the_latest_look_is_as_it_was_filtered),
        CASE(smoothed_is_much_nearer_the_truth_and_as_near_as_it_says),
        CASE(looks_that_come_late_are_smoothed_where_they_belong),
        CASE(gaps_are_bridged_from_both_sides),
        CASE(two_equal_opinions_are_worth_twice_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
