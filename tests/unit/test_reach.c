#include "sky_test.h"

#include <math.h>
#include <string.h>

#include "sky_reach.h"
#include "test_radar.h"

static struct sky_reach_gates gates;
static struct sky_reach reach[SKY_TRACKS_MAX];
static struct sky_reach_list list;
static struct sky_track track;
static struct sky_config config;
static uint64_t seed;

static int start(void **state)
{
    (void)state;
    sky_config_default(&config);
    struct sky_motion_set set = {.count = 5, .sojourn_s = 40.0};
    set.motion[2].accel_psd_m2ps3 = 10.0;
    set.motion[3].turn_mps2 = 3.6;
    sky_reach_gates_init(&gates, 0.999, &set);
    memset(&list, 0, sizeof list);
    seed = 1;
    return 0;
}

static double some(double most) { return test_uniform(&seed, -most, most); }

/* Near each other, near where single precision gets coarse, and up to minutes apart. */
static void make_track(double wide_m, double off_m, int64_t *ret_time_ns)
{
    memset(&track, 0, sizeof track);
    *ret_time_ns = (int64_t)(test_random(&seed) % 40000000000U);
    track.status = test_random(&seed) % 2 == 0 ? SKY_TRACK_TENTATIVE : SKY_TRACK_CONFIRMED;
    track.state.time_ns = *ret_time_ns;
    for (int i = 0; i < 3; i++) {
        track.state.x[i] = off_m + some(wide_m);
        track.state.x[3 + i] = some(300.0);
        track.state.p[i][i] = test_uniform(&seed, 1.0, 400.0);
        track.state.p[3 + i][3 + i] = test_uniform(&seed, 1.0, 100.0);
        track.state.p[i][3 + i] = track.state.p[3 + i][i] = some(0.99);
    }
}

/* The box must not leave out what the sphere would take, at any place and time. */
static void no_box_leaves_out_what_its_sphere_takes(void **state)
{
    (void)state;
    uint32_t taken = 0, passed = 0, pairs = 0;
    for (uint64_t with_seed = 1; with_seed <= 60; with_seed++) {
        const double off_m = with_seed % 3 == 0 ? 3e6 : 0.0;
        start(NULL);
        seed = with_seed;
        const uint32_t count = 1 + (uint32_t)(test_random(&seed) % SKY_TRACKS_MAX);
        for (uint32_t i = 0; i < count; i++) {
            int64_t time_ns;
            make_track(8e3, off_m, &time_ns);
            sky_reach_of_track(&track, &reach[i]);
            sky_reach_insert(&list, i, i);
            sky_reach_set_box(&gates, &reach[i], &list, i);
        }
        for (int plot = 0; plot < 40; plot++) {
            uint32_t found[SKY_TRACKS_MAX];
            const int64_t time_ns = (int64_t)(test_random(&seed) % 40000000000U);
            struct sky_spot spot = {
                .place = {off_m + some(8e3), off_m + some(8e3), off_m + some(8e3)},
                .spread_m2 = test_uniform(&seed, 100.0, 1e5)};
            spot.near_m = (float)(1.000001 * sqrt(gates.cheap2[0] * spot.spread_m2));
            const uint32_t hits = sky_reach_search(&list, &spot, time_ns, found);
            uint32_t k = 0;
            for (uint32_t i = 0; i < count; i++) {
                const bool listed = k < hits && found[k] == i;
                const double dt_s = (double)(time_ns - reach[i].time_ns) * 1e-9;
                const bool takes = sky_reach_is_within(&gates, &reach[i], &spot, time_ns);
                if ((takes || fabs(dt_s) > 12.0) && !listed) {
                    fail_msg("seed %d, plot %d, track %u, %.1f s", (int)with_seed, plot, i, dt_s);
                }
                k += listed;
                taken += takes;
            }
            assert_int_equal(k, hits); /* in the list's order, each once */
            passed += hits;
            pairs += count;
        }
    }
    print_message("of %u pairs %u passed the box, %u the sphere\n", pairs, passed, taken);
    assert_true(taken > 1000);
    assert_true(passed < pairs * 9 / 10);
}

/* A track that has been followed for twelve seconds. */
static void follow(const struct sky_track_rules *rules, const struct sky_sensor_config *radar,
                   const struct sky_sensor_pose *pose, struct test_target *target)
{
    static struct sky_imm imm;
    struct sky_innovation ignored;
    for (int i = 0; i < 12; i++) {
        struct sky_look look = {.pose = *pose};
        look.measurement = test_look(radar, pose, target, i * SKY_SECOND_NS);
        if (i == 0) {
            sky_track_start(&track, rules, &look);
        } else {
            assert_int_equal(
                sky_track_try(&track, rules, &look.measurement, pose, 1e300, &imm, &ignored),
                SKY_FIT_GOOD);
            sky_track_take(&track, rules, &look, &imm);
        }
        test_fly(target, 1.0, 0.0, 0.0, &seed);
    }
    track.status = SKY_TRACK_CONFIRMED;
}

/* Late stamps, moving radars, with and without elevation: the cheap gates are the wider ones. */
static void no_cheap_gate_refuses_what_the_exact_one_takes(void **state)
{
    (void)state;
    const struct sky_geo_frame frame = test_frame();
    const struct sky_sensor_config radar = test_radar();
    const double no_slack2[SKY_BIASES] = {0.0};
    static struct sky_imm imm;
    struct sky_track_rules rules = {
        .motion = {.count = 1, .sojourn_s = 40.0, .motion = {{1.0, 0.2, 0.0}}},
        .speed_sigma_mps = 100.0,
        .outlier2 = 1e300,
        .lifetime_s = 600.0};
    rules.first = rules.motion;
    uint32_t taken = 0;
    for (int flight = 0; flight < 100; flight++) {
        struct sky_sensor_pose pose = test_pose(&frame, 0.0, 0.0, 0.0);
        struct test_target target = {
            .x = {15e3 + some(10e3), some(20e3), 4e3, some(250.0), some(250.0), some(5.0)}};
        pose.velocity_mps = (struct sky_enu){flight % 2 * 15.0, 0.0, 0.0};
        follow(&rules, &radar, &pose, &target);
        sky_reach_of_track(&track, &reach[0]);
        for (int k = -12; k <= 12; k++) {
            struct sky_look look = {.pose = pose};
            struct sky_innovation ignored;
            struct sky_spot spot;
            uint32_t found[SKY_TRACKS_MAX];
            look.measurement = test_look(&radar, &pose, &target, 12 * SKY_SECOND_NS);
            look.measurement.time_ns += k * SKY_SECOND_NS / 4;
            look.measurement.time_sigma_ns = SKY_SECOND_NS;
            if (flight % 3 == 0) {
                look.measurement.has_elevation = false;
                look.measurement.has_height = true;
                look.measurement.height_hae_m = frame.origin.alt_hae_m + 4e3;
                look.measurement.sigma_height_m = 300.0;
            }
            if (look.measurement.time_ns <= track.state.time_ns ||
                sky_track_try(&track, &rules, &look.measurement, &pose, gates.exact2[0], &imm,
                              &ignored) != SKY_FIT_GOOD) {
                continue;
            }
            memset(&list, 0, sizeof list);
            sky_reach_of_plot(&gates, &look, no_slack2, &spot);
            sky_reach_insert(&list, 0, 0);
            sky_reach_set_box(&gates, &reach[0], &list, 0);
            if (sky_reach_search(&list, &spot, look.measurement.time_ns, found) != 1 ||
                !sky_reach_is_within(&gates, &reach[0], &spot, look.measurement.time_ns) ||
                !sky_reach_is_in_line(&gates, &reach[0], &track.state, &spot, &look)) {
                fail_msg("flight %d, stamp off by %d quarters of a second", flight, k);
            }
            taken++;
        }
    }
    print_message("%u plots taken\n", taken);
    assert_true(taken > 1000);
}

static void a_list_keeps_its_order_as_tracks_come_and_go(void **state)
{
    (void)state;
    static const uint32_t after[] = {9, 4, 7};
    sky_reach_insert(&list, 0, 4);
    sky_reach_insert(&list, 1, 7);
    sky_reach_insert(&list, 0, 9);
    sky_reach_insert(&list, 1, 1);
    assert_int_equal(sky_reach_find(&list, 1), 1);
    sky_reach_remove(&list, 1);
    assert_int_equal(list.count, 3);
    assert_memory_equal(list.slot, after, sizeof after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_box_leaves_out_what_its_sphere_takes, start),
        cmocka_unit_test_setup(no_cheap_gate_refuses_what_the_exact_one_takes, start),
        cmocka_unit_test_setup(a_list_keeps_its_order_as_tracks_come_and_go, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
