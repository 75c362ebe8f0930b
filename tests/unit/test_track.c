#include "sky_test.h"

#include <string.h>

#include "sky_track.h"
#include "test_radar.h"

static const struct sky_track_rules rules = {
    .motion = {.count = 5,
               .motion = {{0.02, 0.02, 0.0},
                          {0.8, 0.1, 0.0},
                          {10.0, 1.5, 0.0},
                          {0.5, 0.1, 3.6},
                          {0.5, 0.1, -3.6}},
               .sojourn_s = 40.0},
    .first = {.count = 1, .motion = {{10.0, 1.5, 0.0}}, .sojourn_s = 40.0},
    .speed_sigma_mps = 100.0,
    .outlier2 = 30.0,
    .lifetime_s = 300.0,
};
static double gate2;

static struct sky_sensor_config radar;
static struct sky_geo_frame frame;
static struct sky_sensor_pose pose[2];
static struct test_target target;
static struct sky_track track, other;
static int64_t now_ns;
static uint64_t seed;

static int start(void **state)
{
    (void)state;
    radar = test_radar();
    frame = test_frame();
    pose[0] = test_pose(&frame, 0.0, 0.0, 0.0);
    pose[1] = test_pose(&frame, 35e3, 0.0, 50.0);
    target = (struct test_target){.x = {12e3, 24e3, 4e3, 70.0, 30.0, 0.0}};
    now_ns = 1000 * SKY_SECOND_NS;
    seed = 1;
    gate2 = 30.0;
    memset(&track, 0xA5, sizeof track);
    memset(&other, 0x5A, sizeof other);
    return 0;
}

static void fly(double dt_s)
{
    test_fly(&target, dt_s, 0.0, 0.0, &seed);
    now_ns += (int64_t)(dt_s * 1e9);
}

static struct sky_look look_by(uint32_t sensor)
{
    struct sky_look look;
    memset(&look, 0, sizeof look);
    look.sensor = sensor;
    look.pose = pose[sensor];
    look.measurement = test_measure(&radar, &pose[sensor], &target, now_ns, &seed);
    sky_track_keep_raw(&look);
    return look;
}

static enum sky_fit give(struct sky_track *to, const struct sky_look *look)
{
    struct sky_imm fitted;
    struct sky_innovation innovation;
    const enum sky_fit fit =
        sky_track_try(to, &rules, &look->measurement, &look->pose, gate2, &fitted, &innovation);
    if (fit == SKY_FIT_GOOD) {
        sky_track_take(to, &rules, look, &fitted);
    }
    return fit;
}

/* --- Late plots ----------------------------------------------------------------------------- */

enum { FLIGHT = 60 };

static struct sky_look flight[FLIGHT];

/* A look each 0.7 s, two radars in turn; half way it turns hard, so that models and weights move.
 */
static void make_flight(void)
{
    for (uint32_t i = 0; i < FLIGHT; i++) {
        flight[i] = look_by(i % 2);
        if (i > FLIGHT / 2) {
            const double east_mps = target.x[3];
            target.x[3] = 0.9975 * east_mps - 0.07 * target.x[4];
            target.x[4] = 0.9975 * target.x[4] + 0.07 * east_mps;
        }
        fly(0.7);
    }
}

static void assert_same_filter(uint32_t upto)
{
    assert_memory_equal(&track.imm, &other.imm, sizeof track.imm);
    assert_memory_equal(&track.state, &other.state, sizeof track.state);
    assert_int_equal(track.look_count, upto);
}

static void one_late_plot_gives_the_filter_that_order_would_give(void **state)
{
    (void)state;
    make_flight();
    for (uint32_t count = 2; count <= 40; count += 2) {
        for (uint32_t late = 1; late < count && late <= 14; late++) { /* 9.8 s */
            const uint32_t held = count - 1 - late;
            const uint32_t begin = held == 0 ? 1 : 0; /* the very first may come late, too */
            sky_track_start(&track, &rules, &flight[begin]);
            sky_track_start(&other, &rules, &flight[0]);
            for (uint32_t i = 1; i < count; i++) {
                assert_int_equal(give(&other, &flight[i]), SKY_FIT_GOOD);
                if (i != held && i != begin) {
                    assert_int_equal(give(&track, &flight[i]), SKY_FIT_GOOD);
                }
            }
            assert_int_equal(give(&track, &flight[held]), SKY_FIT_GOOD);
            assert_same_filter(count);
        }
    }
}

static void a_filter_given_all_looks_in_order_is_the_tracks_own(void **state)
{
    (void)state;
    static struct sky_imm imm;
    make_flight();
    for (uint32_t i = 0; i < FLIGHT; i++) {
        if (i == 0) {
            sky_track_start(&track, &rules, &flight[0]);
        } else {
            assert_int_equal(give(&track, &flight[i]), SKY_FIT_GOOD);
        }
        sky_track_filter(&imm, &rules, &flight[i], i + 1);
        assert_memory_equal(imm.x, track.imm.x, sizeof imm.x);
        assert_memory_equal(imm.weight, track.imm.weight, sizeof imm.weight);
        assert_ptr_equal(sky_track_motion(&rules, i + 1), i == 0 ? &rules.first : &rules.motion);
    }
}

/* Each plot is late by up to so many others, for a whole flight. */
static void plots_in_any_order_give_the_filter_that_order_would_give(void **state)
{
    (void)state;
    make_flight();
    gate2 = 1e300; /* with what has come so far, the turn is a surprise */
    for (uint64_t with_seed = 1; with_seed <= 30; with_seed++) {
        uint32_t order[FLIGHT];
        double due[FLIGHT];
        uint64_t luck = with_seed;
        sky_track_start(&other, &rules, &flight[0]);
        for (uint32_t i = 0; i < FLIGHT; i++) {
            uint32_t k = i;
            due[i] = (double)i + test_uniform(&luck, 0.0, 12.0);
            for (; k > 0 && due[order[k - 1]] > due[i]; k--) {
                order[k] = order[k - 1];
            }
            order[k] = i;
            if (i > 0) {
                assert_int_equal(give(&other, &flight[i]), SKY_FIT_GOOD);
            }
        }
        sky_track_start(&track, &rules, &flight[order[0]]);
        for (uint32_t i = 1; i < FLIGHT; i++) {
            if (give(&track, &flight[order[i]]) != SKY_FIT_GOOD) {
                fail_msg("seed %d, plot %u", (int)with_seed, order[i]);
            }
        }
        assert_same_filter(FLIGHT);
        assert_int_equal(track.started_ns, flight[0].measurement.time_ns);
    }
}

static void a_late_plot_is_compared_with_what_the_track_was_then(void **state)
{
    (void)state;
    make_flight();
    for (uint32_t held = 2; held < 9; held++) {
        struct sky_imm fitted;
        struct sky_innovation in_order, late;
        sky_track_start(&track, &rules, &flight[0]);
        for (uint32_t i = 1; i < 10; i++) {
            if (i != held) {
                assert_int_equal(give(&track, &flight[i]), SKY_FIT_GOOD);
            }
            if (i == held - 1) {
                const struct sky_look *const next = &flight[held];
                assert_int_equal(sky_track_try(&track, &rules, &next->measurement, &next->pose,
                                               gate2, &fitted, &in_order),
                                 SKY_FIT_GOOD);
            }
        }
        assert_int_equal(sky_track_try(&track, &rules, &flight[held].measurement,
                                       &flight[held].pose, gate2, &fitted, &late),
                         SKY_FIT_GOOD);
        assert_memory_equal(&in_order, &late, sizeof late);
    }
}

static void what_is_older_than_ten_seconds_is_stale(void **state)
{
    (void)state;
    const struct sky_look first = look_by(0);
    sky_track_start(&track, &rules, &first);
    fly(0.5);
    const struct sky_look held = look_by(1);
    for (int i = 0; i < 4; i++) {
        fly(2.5);
        const struct sky_look next = look_by(0);
        assert_int_equal(give(&track, &next), SKY_FIT_GOOD);
    }
    other = track;
    assert_int_equal(give(&track, &held), SKY_FIT_GOOD); /* exactly ten seconds */
    fly(1e-9);
    const struct sky_look last = look_by(1);
    assert_int_equal(give(&other, &last), SKY_FIT_GOOD);
    assert_int_equal(give(&other, &held), SKY_FIT_STALE);
}

/* Of two plots of one radar the first is as likely given the second as the other way round. */
static void a_plot_from_before_the_first_look_is_compared_with_that(void **state)
{
    (void)state;
    struct sky_imm fitted;
    struct sky_innovation forward, backward;
    struct sky_look look[2];
    look[0] = look_by(0);
    fly(2.0);
    look[1] = look_by(0);
    sky_track_start(&track, &rules, &look[0]);
    sky_track_start(&other, &rules, &look[1]);
    assert_int_equal(sky_track_try(&track, &rules, &look[1].measurement, &look[1].pose, gate2,
                                   &fitted, &forward),
                     SKY_FIT_GOOD);
    assert_int_equal(sky_track_try(&other, &rules, &look[0].measurement, &look[0].pose, gate2,
                                   &fitted, &backward),
                     SKY_FIT_GOOD);
    assert_memory_equal(&forward, &backward, sizeof forward);
    look[0].measurement.slant_range_m += 5000.0;
    assert_int_equal(give(&other, &look[0]), SKY_FIT_NONE);
    assert_int_equal(other.started_ns, look[1].measurement.time_ns);
}

static void a_track_whose_looks_are_full_begins_no_earlier(void **state)
{
    (void)state;
    const struct sky_look before = look_by(1);
    for (uint32_t i = 0; i < SKY_LOOKS_MAX; i++) {
        fly(0.1);
        const struct sky_look look = look_by(0);
        if (i == 0) {
            sky_track_start(&track, &rules, &look);
        } else {
            other = track;
            assert_int_equal(give(&track, &look), SKY_FIT_GOOD);
        }
    }
    assert_int_equal(give(&other, &before), SKY_FIT_GOOD); /* the last place but one */
    assert_int_equal(give(&track, &before), SKY_FIT_STALE);
}

static void no_plot_goes_back_behind_the_looks_that_are_kept(void **state)
{
    (void)state;
    static struct sky_look held[40];
    for (uint32_t count = SKY_LOOKS_MAX; count < SKY_LOOKS_MAX + 9; count++) {
        for (uint32_t i = 0; i < count; i++) {
            held[i] = look_by(1);
            fly(0.1);
            const struct sky_look look = look_by(0);
            if (i == 0) {
                sky_track_start(&track, &rules, &look);
            } else {
                assert_int_equal(give(&track, &look), SKY_FIT_GOOD);
            }
            fly(0.1);
        }
        uint32_t deepest = 0;
        for (uint32_t back = 1; back <= count; back++) { /* behind so many looks */
            struct sky_imm fitted;
            struct sky_innovation innovation;
            const struct sky_look *const late = &held[count - back];
            if (sky_track_try(&track, &rules, &late->measurement, &late->pose, gate2, &fitted,
                              &innovation) == SKY_FIT_GOOD) {
                assert_int_equal(deepest, back - 1);
                deepest = back;
            }
        }
        assert_true(deepest >= SKY_LOOKS_MAX - SKY_CHECKPOINT_STEP);
        assert_true(deepest < SKY_LOOKS_MAX);
    }
}

static void plots_outside_the_gate_do_not_fit(void **state)
{
    (void)state;
    make_flight();
    sky_track_start(&track, &rules, &flight[0]);
    for (uint32_t i = 1; i < 10; i++) {
        assert_int_equal(give(&track, &flight[i]), SKY_FIT_GOOD);
    }
    static struct sky_track before;
    before = track;
    struct sky_look wrong = flight[10];
    wrong.measurement.slant_range_m += 2000.0;
    assert_int_equal(give(&track, &wrong), SKY_FIT_NONE);
    wrong = flight[7];
    wrong.measurement.slant_range_m += 2000.0;
    assert_int_equal(give(&track, &wrong), SKY_FIT_NONE);
    assert_memory_equal(&track, &before, sizeof track);
}

static void prediction_goes_forward_only(void **state)
{
    (void)state;
    make_flight();
    sky_track_start(&track, &rules, &flight[0]);
    for (uint32_t i = 1; i < 20; i++) {
        assert_int_equal(give(&track, &flight[i]), SKY_FIT_GOOD);
    }
    struct sky_imm imm;
    struct sky_state state_then;
    const int64_t time_ns = track.state.time_ns;
    sky_track_predict(&track, &rules, time_ns - SKY_SECOND_NS, &imm, &state_then);
    assert_memory_equal(&imm, &track.imm, sizeof imm);
    assert_memory_equal(&state_then, &track.state, sizeof state_then);
    sky_track_predict(&track, &rules, time_ns + 10 * SKY_SECOND_NS, &imm, &state_then);
    assert_int_equal(state_then.time_ns, time_ns + 10 * SKY_SECOND_NS);
    assert_near(state_then.x[0], track.state.x[0] + 10.0 * track.state.x[3], 5.0);
    assert_true(state_then.p[0][0] > track.state.p[0][0]);
}

static void a_past_instant_is_answered_by_the_looks_before_it(void **state)
{
    (void)state;
    static struct sky_state then[40];
    struct sky_state asked, next;
    struct sky_imm imm;
    make_flight();
    sky_track_start(&track, &rules, &flight[0]);
    for (uint32_t i = 1; i < 40; i++) {
        const int64_t time_ns = flight[i].measurement.time_ns - SKY_SECOND_NS / 4;
        sky_track_predict(&track, &rules, time_ns, &imm, &then[i]);
        assert_int_equal(give(&track, &flight[i]), SKY_FIT_GOOD);
    }
    for (uint32_t i = 1; i < 40; i++) {
        const int64_t time_ns = flight[i].measurement.time_ns - SKY_SECOND_NS / 4;
        const bool kept = sky_track_at(&track, &rules, time_ns, &imm, &asked);
        assert_true(kept == (i >= 40 - SKY_LOOKS_MAX + SKY_CHECKPOINT_STEP));
        if (kept) {
            assert_memory_equal(&asked, &then[i], sizeof asked);
        }
    }
    sky_track_start(&track, &rules, &flight[0]);
    assert_int_equal(give(&track, &flight[1]), SKY_FIT_GOOD);
    assert_false(sky_track_at(&track, &rules, flight[0].measurement.time_ns - 1, &imm, &asked));
    const int64_t later_ns = flight[1].measurement.time_ns + SKY_SECOND_NS;
    assert_true(sky_track_at(&track, &rules, later_ns, &imm, &asked));
    sky_track_predict(&track, &rules, later_ns, &imm, &next);
    assert_memory_equal(&asked, &next, sizeof asked);
}

static void what_came_is_kept_beside_what_was_made_of_it(void **state)
{
    (void)state;
    struct sky_look look = look_by(0);
    look.measurement.has_height = true;
    look.measurement.height_hae_m = 4000.0;
    look.measurement.sigma_height_m = 300.0;
    const struct sky_measurement came = look.measurement;
    sky_track_keep_raw(&look);
    look.measurement.time_ns -= 5;
    look.measurement.slant_range_m -= 40.0;
    look.measurement.azimuth_rad += 0.01;
    look.measurement.elevation_rad += 0.01;
    look.measurement.sigma_range_m *= 2.0;
    look.measurement.sigma_azimuth_rad *= 2.0;
    look.measurement.sigma_elevation_rad *= 2.0;
    const struct sky_measurement raw = sky_track_raw(&look);
    assert_int_equal(raw.time_ns, came.time_ns);
    assert_near(raw.slant_range_m, came.slant_range_m, 0.0);
    assert_near(raw.azimuth_rad, came.azimuth_rad, 0.0);
    assert_near(raw.elevation_rad, came.elevation_rad, 0.0);
    assert_near(raw.sigma_range_m, came.sigma_range_m, 0.0);
    assert_near(raw.sigma_azimuth_rad, came.sigma_azimuth_rad, 0.0);
    assert_near(raw.sigma_elevation_rad, came.sigma_elevation_rad, 0.0);
    assert_true(raw.has_height && raw.has_elevation && raw.has_radial_speed);
    assert_near(raw.height_hae_m, 4000.0, 0.0);
    assert_near(raw.radial_speed_mps, came.radial_speed_mps, 0.0);
}

static void a_track_knows_what_all_its_heights_rest_on(void **state)
{
    (void)state;
    make_flight();
    for (int late = 0; late < 2; late++) {
        flight[0].measurement.heights = 0;
        flight[1].measurement.heights = SKY_HEIGHT_PRESSURE;
        flight[2].measurement.heights = SKY_HEIGHT_GEOMETRIC;
        sky_track_start(&track, &rules, &flight[late == 1 ? 1 : 0]);
        assert_int_equal(track.heights, late == 1 ? SKY_HEIGHT_PRESSURE : 0U);
        assert_int_equal(give(&track, &flight[late == 1 ? 0 : 1]), SKY_FIT_GOOD);
        assert_int_equal(track.heights, SKY_HEIGHT_PRESSURE);
        assert_int_equal(give(&track, &flight[2]), SKY_FIT_GOOD);
        assert_int_equal(track.heights, SKY_HEIGHT_PRESSURE | SKY_HEIGHT_GEOMETRIC);
    }
}

/* --- Existence ------------------------------------------------------------------------------ */

static void between_looks_an_aircraft_may_leave(void **state)
{
    (void)state;
    const struct sky_look look = look_by(0);
    sky_track_start(&track, &rules, &look);
    assert_near(sky_track_existence(track.log_odds), 0.5, 0.0);
    sky_track_weigh(&track, &rules, now_ns, log(9.0));
    assert_near(sky_track_existence(track.log_odds), 0.9, 1e-15);
    sky_track_weigh(&track, &rules, now_ns + 300 * SKY_SECOND_NS, 0.0); /* a mean life later */
    assert_near(sky_track_existence(track.log_odds), 0.9 * exp(-1.0), 1e-15);
    const double odds = track.log_odds;
    sky_track_weigh(&track, &rules, now_ns, 2.0); /* late: it has been counted already */
    assert_near(track.log_odds, odds + 2.0, 1e-12);
    assert_int_equal(track.alive_ns, now_ns + 300 * SKY_SECOND_NS);
}

static void nothing_is_ever_certain(void **state)
{
    (void)state;
    const struct sky_look look = look_by(0);
    sky_track_start(&track, &rules, &look);
    sky_track_weigh(&track, &rules, now_ns, 1000.0);
    assert_near(track.log_odds, 40.0, 0.0);
    sky_track_weigh(&track, &rules, now_ns, -1000.0);
    assert_near(track.log_odds, -40.0, 0.0);
    sky_track_weigh(&track, &rules, now_ns + INT64_C(100000000) * SKY_SECOND_NS, 0.0);
    assert_near(track.log_odds, -40.0, 0.0);
}

/* --- Identity and features ------------------------------------------------------------------ */

static void whoever_answers_in_any_way_is_not_silent(void **state)
{
    (void)state;
    static const uint32_t says[] = {SKY_PLOT_ICAO, SKY_PLOT_MODE_3A, SKY_PLOT_CALLSIGN,
                                    SKY_PLOT_COOPERATES};
    static const uint32_t silent = SKY_PLOT_ELEVATION | SKY_PLOT_RADIAL_SPEED | SKY_PLOT_ALT_STD |
                                   SKY_PLOT_SENSOR_TRACK | SKY_PLOT_PLACE;
    const struct sky_look look = look_by(0);
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) {
        sky_track_start(&track, &rules, &look);
        struct sky_remark remark = {.has = silent};
        sky_track_identify(&track, &remark);
        assert_false(track.cooperative);
        remark.has |= says[i];
        sky_track_identify(&track, &remark);
        remark.has = silent;
        sky_track_identify(&track, &remark);
        assert_true(track.cooperative);
    }
}

static void identity_is_kept_once_heard(void **state)
{
    (void)state;
    const struct sky_look look = look_by(0);
    sky_track_start(&track, &rules, &look);
    assert_int_equal(track.icao_address, 0);
    assert_false(track.has_mode_3a || track.cooperative);
    struct sky_remark remark = {.has = SKY_PLOT_ICAO | SKY_PLOT_MODE_3A | SKY_PLOT_CALLSIGN,
                                .icao_address = 0x4CA123,
                                .mode_3a = 01234,
                                .callsign = "WITNESS1"};
    sky_track_identify(&track, &remark);
    remark = (struct sky_remark){.has = 0, .icao_address = 1};
    sky_track_identify(&track, &remark);
    assert_int_equal(track.icao_address, 0x4CA123);
    assert_true(track.has_mode_3a);
    assert_int_equal(track.mode_3a, 01234);
    assert_true(track.cooperative);
    assert_string_equal(track.callsign, "WITNESS1");
}

static void what_an_aircraft_says_it_is_is_kept_too(void **state)
{
    (void)state;
    const struct sky_look look = look_by(0);
    sky_track_start(&track, &rules, &look);
    struct sky_remark remark = {.has = SKY_PLOT_EMITTER, .emitter = 13};
    sky_track_identify(&track, &remark);
    remark = (struct sky_remark){.has = SKY_PLOT_ICAO, .emitter = 2};
    sky_track_identify(&track, &remark);
    assert_int_equal(track.emitter, 13);
}

static const struct sky_remark silent;

/* A second of flight as the tracker lives it: a look, and its features. */
static void live(const struct sky_remark *remark)
{
    const struct sky_look look = look_by(0);
    if (track.look_count == 0) {
        sky_track_start(&track, &rules, &look);
    } else {
        assert_int_equal(give(&track, &look), SKY_FIT_GOOD);
    }
    const struct sky_enu at = {track.state.x[0], track.state.x[1], track.state.x[2]};
    sky_track_observe(&track, sky_geo_from_enu(&frame, &at).alt_hae_m, remark);
    fly(1.0);
}

static int start_track(void **state)
{
    start(state);
    track.look_count = 0;
    return 0;
}

static void straight_flight_shows_its_speed_and_no_turn(void **state)
{
    (void)state;
    struct sky_remark remark = {.has = SKY_PLOT_RCS, .rcs_dbsm = 5.0};
    for (int i = 0; i < 100; i++) {
        live(&remark);
    }
    remark.rcs_dbsm = -5.0;
    for (int i = 0; i < 100; i++) {
        live(&remark);
    }
    live(&silent);
    const struct sky_track_features *const f = &track.features;
    assert_int_equal(f->samples, 201);
    assert_int_equal(f->rcs_samples, 200);
    assert_near(f->rcs_mean_dbsm, 0.0, 1e-9);
    assert_near(f->speed_mean_mps, hypot(70.0, 30.0), 2.0);
    assert_near(f->speed_max_mps, hypot(70.0, 30.0), 12.0);
    assert_near(f->height_mean_m, 4450.0, 60.0);
    assert_true(f->height_min_m < f->height_mean_m && f->height_mean_m < f->height_max_m);
    assert_true(f->turn_max_radps < 0.02);
    assert_true(f->climb_max_mps < 6.0);
    assert_near(f->hover_share, 0.0, 0.02);
}

static void a_turn_and_a_climb_show(void **state)
{
    (void)state;
    for (int i = 0; i < 90; i++) { /* 2.6 degrees a second, climbing 8 m/s */
        const double course_rad = 0.045 * i;
        target.x[3] = 75.0 * sin(course_rad);
        target.x[4] = 75.0 * cos(course_rad);
        target.x[5] = 8.0;
        live(&silent);
    }
    assert_near(track.features.turn_max_radps, 0.045, 0.015);
    assert_near(track.features.climb_max_mps, 8.0, 3.0);
}

static void a_hovering_aircraft_is_seen_to_hover(void **state)
{
    (void)state;
    target = (struct test_target){.x = {1e3, 1e3, 300.0, 0.0, 0.0, 0.0}};
    radar.sigma_range_m = 3.0;
    for (int i = 0; i < 100; i++) {
        live(&silent);
    }
    assert_true(track.features.hover_share > 0.8);
    assert_true(track.features.turn_max_radps < 0.1);
}

static void a_late_plot_does_not_shake_the_features(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        live(&silent);
    }
    const struct sky_look held = look_by(1);
    fly(0.5);
    live(&silent);
    static struct sky_track before;
    before = track;
    assert_int_equal(give(&track, &held), SKY_FIT_GOOD);
    sky_track_observe(&track, 4450.0, &silent);
    assert_int_equal(track.features.samples, before.features.samples + 1);
    assert_near(track.smoothed_speed_mps, before.smoothed_speed_mps, 0.0);
    assert_near(track.smoothed_turn_radps, before.smoothed_turn_radps, 0.0);
    assert_int_equal(track.smoothed_ns, before.smoothed_ns);
}

static void a_height_that_is_hardly_known_shows_no_climb(void **state)
{
    (void)state;
    target.x[5] = 30.0;
    for (int i = 0; i < 60; i++) {
        struct sky_look look = look_by(0);
        look.measurement.has_elevation = false;
        look.measurement.has_height = true;
        look.measurement.height_hae_m = 4400.0;
        look.measurement.sigma_height_m = 5000.0;
        if (i == 0) {
            sky_track_start(&track, &rules, &look);
        } else {
            assert_int_equal(give(&track, &look), SKY_FIT_GOOD);
        }
        track.state.p[5][5] = 101.0; /* 10 m/s and a little */
        sky_track_observe(&track, 4400.0, &silent);
        fly(1.0);
    }
    assert_near(track.features.climb_max_mps, 0.0, 0.0);
}

/* --- Registration --------------------------------------------------------------------------- */

static void a_pair_is_with_the_latest_plot_of_another_radar_that_has_none(void **state)
{
    (void)state;
    const int64_t most_ns = 4 * SKY_SECOND_NS;
    const struct sky_look first = look_by(1);
    sky_track_start(&track, &rules, &first);
    assert_null(sky_track_unpaired(&track, 1, now_ns, most_ns)); /* not with itself */
    for (int i = 0; i < 8; i++) {
        fly(1.0);
        const struct sky_look look = look_by(i % 2 == 0 ? 0 : 1);
        assert_int_equal(give(&track, &look), SKY_FIT_GOOD);
    } /* radar 0 at 1, 3, 5, 7 s; radar 1 at 0, 2, 4, 6, 8 s */
    struct sky_look *found = sky_track_unpaired(&track, 0, now_ns, most_ns);
    assert_non_null(found);
    assert_int_equal(found->measurement.time_ns, now_ns);
    found->paired = true;
    found = sky_track_unpaired(&track, 0, now_ns, most_ns);
    assert_int_equal(found->measurement.time_ns, now_ns - 2 * SKY_SECOND_NS);
    found->paired = true;
    found = sky_track_unpaired(&track, 0, now_ns, most_ns);
    assert_int_equal(found->measurement.time_ns, now_ns - most_ns);
    found->paired = true;
    assert_null(sky_track_unpaired(&track, 0, now_ns, most_ns));

    /* of a late plot: what came after it counts as well, unless it is too far ahead */
    found = sky_track_unpaired(&track, 1, now_ns - 6 * SKY_SECOND_NS, most_ns);
    assert_int_equal(found->measurement.time_ns, now_ns - 3 * SKY_SECOND_NS);
    assert_null(sky_track_unpaired(&track, 1, now_ns - 60 * SKY_SECOND_NS, most_ns));
}

static void a_plot_that_came_twice_is_known_by_what_it_said(void **state)
{
    (void)state;
    const struct sky_look radar_look = look_by(0);
    struct sky_look place = radar_look;
    place.measurement.is_place = true;
    for (int i = 0; i < 3; i++) {
        struct sky_look moved = radar_look, elsewhere = place;
        double *const of_moved[] = {&moved.pose.origin.east_m, &moved.pose.origin.north_m,
                                    &moved.pose.origin.up_m};
        double *const of_elsewhere[] = {&elsewhere.pose.origin.east_m,
                                        &elsewhere.pose.origin.north_m,
                                        &elsewhere.pose.origin.up_m};
        *of_moved[i] += 1.0; /* the radar was carried on; the place is another */
        *of_elsewhere[i] += 1.0;
        assert_true(sky_track_is_same_plot(&moved, &radar_look));
        assert_false(sky_track_is_same_plot(&elsewhere, &place));
    }
    assert_true(sky_track_is_same_plot(&place, &place));
}

static void a_look_is_found_by_its_time_and_radar(void **state)
{
    (void)state;
    make_flight();
    sky_track_start(&track, &rules, &flight[0]);
    for (uint32_t i = 1; i < 40; i++) {
        assert_int_equal(give(&track, &flight[i]), SKY_FIT_GOOD);
    }
    for (uint32_t i = 0; i < 40; i++) {
        const int64_t time_ns = flight[i].measurement.time_ns;
        const struct sky_look *const found = sky_track_look_at(&track, i % 2, time_ns);
        assert_int_equal(found != NULL, i >= 40 - SKY_LOOKS_MAX);
        assert_null(sky_track_look_at(&track, 1 - i % 2, time_ns));
        if (found != NULL) {
            assert_memory_equal(&found->measurement, &flight[i].measurement,
                                sizeof found->measurement);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_late_plot_gives_the_filter_that_order_would_give, start),
        cmocka_unit_test_setup(a_filter_given_all_looks_in_order_is_the_tracks_own, start),
        cmocka_unit_test_setup(plots_in_any_order_give_the_filter_that_order_would_give, start),
        cmocka_unit_test_setup(a_late_plot_is_compared_with_what_the_track_was_then, start),
        cmocka_unit_test_setup(what_is_older_than_ten_seconds_is_stale, start),
        cmocka_unit_test_setup(a_plot_from_before_the_first_look_is_compared_with_that, start),
        cmocka_unit_test_setup(a_track_whose_looks_are_full_begins_no_earlier, start),
        cmocka_unit_test_setup(no_plot_goes_back_behind_the_looks_that_are_kept, start),
        cmocka_unit_test_setup(plots_outside_the_gate_do_not_fit, start),
        cmocka_unit_test_setup(prediction_goes_forward_only, start),
        cmocka_unit_test_setup(a_past_instant_is_answered_by_the_looks_before_it, start),
        cmocka_unit_test_setup(what_came_is_kept_beside_what_was_made_of_it, start),
        cmocka_unit_test_setup(a_track_knows_what_all_its_heights_rest_on, start),
        cmocka_unit_test_setup(between_looks_an_aircraft_may_leave, start),
        cmocka_unit_test_setup(nothing_is_ever_certain, start),
        cmocka_unit_test_setup(whoever_answers_in_any_way_is_not_silent, start_track),
        cmocka_unit_test_setup(identity_is_kept_once_heard, start_track),
        cmocka_unit_test_setup(what_an_aircraft_says_it_is_is_kept_too, start_track),
        cmocka_unit_test_setup(straight_flight_shows_its_speed_and_no_turn, start_track),
        cmocka_unit_test_setup(a_turn_and_a_climb_show, start_track),
        cmocka_unit_test_setup(a_hovering_aircraft_is_seen_to_hover, start_track),
        cmocka_unit_test_setup(a_late_plot_does_not_shake_the_features, start_track),
        cmocka_unit_test_setup(a_height_that_is_hardly_known_shows_no_climb, start_track),
        cmocka_unit_test_setup(a_pair_is_with_the_latest_plot_of_another_radar_that_has_none,
                               start),
        cmocka_unit_test_setup(a_plot_that_came_twice_is_known_by_what_it_said, start),
        cmocka_unit_test_setup(a_look_is_found_by_its_time_and_radar, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
