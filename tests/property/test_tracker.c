#include "sky_test.h"

#include <string.h>

#include "sky_tracker.h"
#include "test_radar.h"

enum { TARGETS = 12, LOOKS = 30 };

static struct sky_tracker tracker, other;
static struct sky_config config;
static struct sky_geo_frame frame;
static struct sky_sensor_pose pose[2];
static struct test_target target[TARGETS];
static struct sky_measurement measurement[SKY_PLOTS_MAX], shuffled[SKY_PLOTS_MAX];

static void raise_world(uint64_t *seed)
{
    sky_config_default(&config);
    config.sensor_count = 2;
    config.sensor[0] = config.sensor[1] = test_radar();
    config.sensor[0].false_plots_per_scan = 40.0;
    frame = test_frame();
    pose[0] = test_pose(&frame, 0.0, 0.0, 0.0);
    pose[1] = test_pose(&frame, 20e3, 5e3, 0.0);
    sky_tracker_init(&tracker, &config, 0);
    sky_tracker_init(&other, &config, 0);
    for (int i = 0; i < TARGETS; i++) { /* close enough to compete */
        target[i] = (struct test_target){
            .x = {10e3 + 400.0 * i, 20e3 + 3e3 * test_normal(seed), 3e3 + 200.0 * test_normal(seed),
                  40.0 * test_normal(seed), 40.0 * test_normal(seed), 0.0}};
    }
}

static void fly(double dt_s, uint64_t *seed)
{
    for (int i = 0; i < TARGETS; i++) {
        test_fly(&target[i], dt_s, 1.0, 0.1, seed);
    }
}

static size_t scan(uint32_t sensor, int64_t time_ns, uint64_t *seed)
{
    size_t count = 0;
    for (int i = 0; i < TARGETS; i++) {
        if (test_uniform(seed, 0.0, 1.0) < 0.9) {
            measurement[count++] =
                test_measure(&config.sensor[sensor], &pose[sensor], &target[i], time_ns, seed);
        }
    }
    for (int i = 0; i < 40; i++) {
        measurement[count++] = test_clutter(&config.sensor[sensor], 350.0, time_ns, seed);
    }
    return count;
}

static void give(struct sky_tracker *to, uint32_t sensor, size_t count, int64_t arrival_ns,
                 const struct sky_measurement *m)
{
    static struct sky_claim claim;
    for (size_t i = 0; i < count; i++) {
        memset(&claim, 0, sizeof claim);
        claim.look.sensor = sensor;
        claim.look.pose = pose[sensor];
        claim.look.measurement = m[i];
        sky_track_keep_raw(&claim.look);
        claim.arrival_ns = arrival_ns;
        (void)!sky_tracker_offer(to, &config, &claim);
    }
    sky_tracker_run(to, &config, &frame, arrival_ns);
}

/* What is said to the outside, without padding. */
static void assert_same_tracks(const struct sky_tracker *a, const struct sky_tracker *b)
{
    assert_memory_equal(a->change, b->change, sizeof a->change);
    assert_memory_equal(&a->stats, &b->stats, sizeof a->stats);
    assert_memory_equal(&a->registration, &b->registration, sizeof a->registration);
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        const struct sky_track *const ta = &a->track[slot], *const tb = &b->track[slot];
        assert_int_equal(ta->status, tb->status);
        assert_int_equal(ta->id, tb->id);
        assert_memory_equal(&ta->state, &tb->state, sizeof ta->state);
        assert_memory_equal(&ta->log_odds, &tb->log_odds, sizeof ta->log_odds);
    }
}

static void plots_in_another_order_make_the_same_tracks(void **state)
{
    (void)state;
    for (uint64_t with_seed = 1; with_seed <= 4; with_seed++) {
        uint64_t seed = with_seed;
        raise_world(&seed);
        for (int look = 0; look < LOOKS; look++) {
            const int64_t now_ns = (100 + look) * SKY_SECOND_NS;
            const uint32_t sensor = (uint32_t)look % 2;
            const size_t count = scan(sensor, now_ns, &seed);
            for (size_t i = 0; i < count; i++) { /* some with a time of their own, some shared */
                measurement[i].time_ns -= (int64_t)(test_random(&seed) % 3) * SKY_SECOND_NS / 5;
                measurement[i].slant_range_m = 500.0 * round(measurement[i].slant_range_m / 500.0);
            }
            memcpy(shuffled, measurement, sizeof shuffled);
            for (size_t i = count - 1; i > 0; i--) {
                const size_t j = test_random(&seed) % (i + 1);
                const struct sky_measurement swap = shuffled[i];
                shuffled[i] = shuffled[j];
                shuffled[j] = swap;
            }
            give(&tracker, sensor, count, now_ns, measurement);
            give(&other, sensor, count, now_ns, shuffled);
            assert_same_tracks(&tracker, &other);
            sky_tracker_tick(&tracker, &config, &frame, now_ns);
            sky_tracker_tick(&other, &config, &frame, now_ns);
            assert_same_tracks(&tracker, &other);
            fly(1.0, &seed);
        }
    }
}

static bool is_sound(const struct sky_tracker *t)
{
    uint64_t last_serial = 0;
    for (uint32_t i = 0; i < t->active_count; i++) {
        const struct sky_track *const track = &t->track[t->active[i]];
        const struct test_target nobody = {.x = {0.0}};
        const double nees = test_nees(&track->state, &nobody);
        if (!(nees >= 0.0) || !isfinite(nees) || !(fabs(track->log_odds) <= 40.0) ||
            track->serial <= last_serial || track->status == SKY_TRACK_FREE) {
            return false;
        }
        last_serial = track->serial;
    }
    uint32_t in_use = 0;
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        in_use += t->track[slot].status != SKY_TRACK_FREE;
    }
    return in_use == t->active_count && t->claims.count <= SKY_WAITING_MAX;
}

static void whatever_is_plotted_every_plot_is_accounted_for_and_the_table_stays_sound(void **state)
{
    (void)state;
    for (uint64_t with_seed = 1; with_seed <= 6; with_seed++) {
        uint64_t seed = with_seed;
        uint64_t given = 0;
        raise_world(&seed);
        int64_t now_ns = 100 * SKY_SECOND_NS;
        for (int step = 0; step < 100; step++) {
            const uint32_t sensor = (uint32_t)(test_random(&seed) % 2);
            const size_t count =
                test_random(&seed) % 3 == 0 ? scan(sensor, now_ns, &seed) : test_random(&seed) % 60;
            for (size_t i = 0; i < count; i++) {
                if (test_random(&seed) % 3 == 0) {
                    measurement[i] = test_clutter(&config.sensor[0], 350.0, now_ns, &seed);
                }
                if (i > 0 && test_random(&seed) % 20 == 0) {
                    measurement[i] = measurement[i - 1];
                    continue;
                }
                measurement[i].time_ns = now_ns - (int64_t)(test_random(&seed) % 15000000000U);
                measurement[i].slant_range_m *= test_uniform(&seed, 0.9, 1.1);
                measurement[i].has_height = test_random(&seed) % 4 == 0;
                measurement[i].sigma_height_m = 500.0;
                measurement[i].sigma_range_m = 30.0;
                measurement[i].sigma_azimuth_rad = 0.003;
                measurement[i].sigma_elevation_rad = 0.003;
                measurement[i].sigma_radial_mps = 1.0;
                measurement[i].has_elevation = !measurement[i].has_height;
            }
            give(&tracker, sensor, count, now_ns, measurement);
            given += count;
            /* clutter is what started nothing, and besides starts that came to nothing; without
             * room are starts that were refused, and those that took another's place */
            const struct sky_tracker_stats *const s = &tracker.stats;
            const uint64_t told =
                s->used + s->out_of_range + s->too_old + s->repeated + tracker.claims.count;
            if (!is_sound(&tracker) || told > given || told + s->no_room + s->clutter < given) {
                fail_msg("seed %d step %d: %d of %d, sound %d", (int)with_seed, step, (int)told,
                         (int)given, is_sound(&tracker));
            }
            now_ns += (int64_t)(test_random(&seed) % 3000000000U);
            sky_tracker_tick(&tracker, &config, &frame, now_ns);
            if (!is_sound(&tracker)) {
                fail_msg("seed %d step %d, tick", (int)with_seed, step);
            }
        }
    }
}

/* One radar in time, one from 1 to 9 s late and out of order. */
static void late_plots_help_and_never_harm(void **state)
{
    (void)state;
    double sum_m2[2] = {0.0, 0.0};
    uint64_t hits = 0, plots = 0;

    for (uint64_t with_seed = 1; with_seed <= 20; with_seed++) {
        for (int with_late = 0; with_late < 2; with_late++) {
            uint64_t seed = with_seed, luck = with_seed;
            raise_world(&seed);
            config.sensor[1].sigma_azimuth_rad = 0.0005; /* worth waiting for */
            target[0] = (struct test_target){.x = {15e3, 22e3, 4e3, 60.0, 30.0, 0.0}};
            static struct sky_measurement held[80];
            int due[80];
            for (int second = 0; second < 60; second++) {
                const int64_t now_ns = (100 + second) * SKY_SECOND_NS;
                measurement[0] =
                    test_measure(&config.sensor[0], &pose[0], &target[0], now_ns, &luck);
                held[second] = test_measure(&config.sensor[1], &pose[1], &target[0], now_ns, &luck);
                due[second] = second + 1 + (int)(test_random(&luck) % 9);
                give(&tracker, 0, 1, now_ns, measurement);
                for (int i = 2; with_late == 1 && i < second; i++) {
                    if (due[i] == second) {
                        give(&tracker, 1, 1, now_ns, &held[i]);
                        plots++;
                    }
                }
                sky_tracker_tick(&tracker, &config, &frame, now_ns);
                assert_true(second < 5 || tracker.track[0].status == SKY_TRACK_CONFIRMED);
                assert_int_equal(tracker.stats.too_old, 0);
                if (second > 20) {
                    const double *const x = tracker.track[0].state.x;
                    sum_m2[with_late] +=
                        pow(x[0] - target[0].x[0], 2.0) + pow(x[1] - target[0].x[1], 2.0);
                }
                test_fly(&target[0], 1.0, 0.1, 0.01, &luck);
            }
            hits += with_late == 1 ? tracker.track[0].hits - 60 : 0;
        }
    }
    print_message("RMSE %.1f m without, %.1f m with the late radar; %d of %d late plots used\n",
                  sqrt(sum_m2[0] / 780.0), sqrt(sum_m2[1] / 780.0), (int)hits, (int)plots);
    assert_true(sum_m2[1] < 0.7 * sum_m2[0]);
    assert_true(hits * 100 > plots * 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plots_in_another_order_make_the_same_tracks),
        cmocka_unit_test(whatever_is_plotted_every_plot_is_accounted_for_and_the_table_stays_sound),
        cmocka_unit_test(late_plots_help_and_never_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
