#include "sky_test.h"

#include <time.h>

#include "sky_tracker.h"
#include "test_radar.h"

/*
 * Fifty aircraft, two radars 35 km apart, two minutes at 1 Hz, detection probability 0.9, twenty
 * false plots a scan each. Every aircraft must have exactly one confirmed track, the same one from
 * confirmation to the end, and nothing else may be confirmed.
 */
enum { TARGETS = 50, RADARS = 2, SECONDS = 120, SEEDS = 3, SETTLED = 12 };

static struct sky_tracker tracker;
static struct sky_config config;
static struct sky_geo_frame frame;
static struct sky_sensor_pose pose[RADARS];
static struct test_target target[TARGETS];
static struct sky_measurement measurement[SKY_PLOTS_MAX];
static uint64_t seed;

static int64_t spent_ns;
static uint64_t plots_given;

static void raise_world(uint64_t with_seed)
{
    seed = with_seed;
    sky_config_default(&config);
    config.sensor_count = RADARS;
    config.sensor[0] = config.sensor[1] = test_radar();
    frame = test_frame();
    pose[0] = test_pose(&frame, 0.0, 0.0, 0.0);
    pose[1] = test_pose(&frame, 35e3, 0.0, 50.0);
    sky_tracker_init(&tracker, &config, 100 * SKY_SECOND_NS);

    for (int i = 0; i < TARGETS; i++) { /* on a grid of 9 km, each somewhere in its own square */
        const double course_rad = test_uniform(&seed, 0.0, 2.0 * SKY_TEST_PI);
        const double speed_mps = test_uniform(&seed, 40.0, 120.0);
        target[i] = (struct test_target){
            .x = {-30e3 + 9e3 * (i % 8) + test_uniform(&seed, -2e3, 2e3),
                  8e3 + 9e3 * (i / 8) + test_uniform(&seed, -2e3, 2e3),
                  test_uniform(&seed, 2000.0, 7000.0), speed_mps * sin(course_rad),
                  speed_mps * cos(course_rad), 0.0}};
    }
}

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * SKY_SECOND_NS + now.tv_nsec;
}

/* One radar's whole scan; what it says comes in no order. */
static void scan(uint32_t sensor, int64_t time_ns)
{
    const struct sky_sensor_config *const radar = &config.sensor[sensor];
    static struct sky_claim claim;
    size_t count = 0;

    for (int i = 0; i < TARGETS; i++) {
        if (test_uniform(&seed, 0.0, 1.0) < radar->detection_probability) {
            measurement[count++] = test_measure(radar, &pose[sensor], &target[i], time_ns, &seed);
        }
    }
    for (int i = 0; i < (int)radar->false_plots_per_scan; i++) {
        measurement[count++] = test_clutter(radar, config.tracker.speed_max_mps, time_ns, &seed);
    }
    for (size_t i = count - 1; i > 0; i--) {
        const size_t j = test_random(&seed) % (i + 1);
        const struct sky_measurement swap = measurement[i];
        measurement[i] = measurement[j];
        measurement[j] = swap;
    }
    const int64_t begin_ns = clock_ns();
    for (size_t i = 0; i < count; i++) {
        claim.look.sensor = sensor;
        claim.look.pose = pose[sensor];
        claim.look.measurement = measurement[i];
        sky_track_keep_raw(&claim.look);
        sky_register_correct(&tracker.registration, sensor, &claim.look.measurement);
        claim.arrival_ns = time_ns;
        assert_int_equal(sky_tracker_offer(&tracker, &config, &claim), SKY_OK);
    }
    sky_tracker_run(&tracker, &config, &frame, time_ns);
    spent_ns += clock_ns() - begin_ns;
    plots_given += count;
}

/* How far a track is off: on the ground, and in space. */
static double off_m(const struct sky_track *track, const struct test_target *truth, int64_t now_ns,
                    bool in_space)
{
    const double dt_s = (double)(now_ns - track->state.time_ns) * 1e-9;
    const double *const x = track->state.x;
    const double ground_m =
        hypot(x[0] + dt_s * x[3] - truth->x[0], x[1] + dt_s * x[4] - truth->x[1]);
    return in_space ? hypot(ground_m, x[2] + dt_s * x[5] - truth->x[2]) : ground_m;
}

static bool is_confirmed(const struct sky_track *track)
{
    return track->status == SKY_TRACK_CONFIRMED || track->status == SKY_TRACK_COASTING;
}

struct score {
    double sum_m2;
    double worst_m;
    uint64_t samples;
    int late; /* target-seconds after SETTLED without a track */
    int swaps;
    int strays; /* confirmed tracks that are nobody's, or somebody's second */
    uint32_t id_of[TARGETS];
};

/* The confirmed track nearest to a target, or SKY_TRACKS_MAX if none is within a kilometre. */
static uint32_t track_of(const struct test_target *truth, int64_t now_ns)
{
    uint32_t best = SKY_TRACKS_MAX;
    double best_m = 1000.0;
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        const struct sky_track *const track = &tracker.track[slot];
        if (is_confirmed(track) && off_m(track, truth, now_ns, true) < best_m) {
            best = slot;
            best_m = off_m(track, truth, now_ns, true);
        }
    }
    return best;
}

static void judge(struct score *score, int second, int64_t now_ns)
{
    bool owned[SKY_TRACKS_MAX] = {false};

    for (int i = 0; i < TARGETS; i++) {
        const uint32_t slot = track_of(&target[i], now_ns);
        if (slot == SKY_TRACKS_MAX) {
            score->late += second > SETTLED;
            continue;
        }
        const double error_m = off_m(&tracker.track[slot], &target[i], now_ns, false);
        const uint32_t id = tracker.track[slot].id;
        owned[slot] = true;
        if (second > SETTLED) {
            score->sum_m2 += error_m * error_m;
            score->samples++;
            score->worst_m = fmax(score->worst_m, error_m);
        }
        score->swaps += score->id_of[i] != 0 && score->id_of[i] != id;
        score->id_of[i] = id;
    }
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        score->strays += is_confirmed(&tracker.track[slot]) && !owned[slot] &&
                         (tracker.change[slot] & SKY_TRACK_NOW_LOST) == 0;
    }
}

static struct score run(uint64_t with_seed)
{
    struct score score = {.sum_m2 = 0.0};
    raise_world(with_seed);
    for (int second = 1; second <= SECONDS; second++) {
        const int64_t now_ns = (100 + second) * SKY_SECOND_NS;
        for (int i = 0; i < TARGETS; i++) {
            test_fly(&target[i], 0.5, 1.0, 0.1, &seed);
        }
        scan(0, now_ns - SKY_SECOND_NS / 2);
        for (int i = 0; i < TARGETS; i++) {
            test_fly(&target[i], 0.5, 1.0, 0.1, &seed);
        }
        scan(1, now_ns);
        judge(&score, second, now_ns);
        sky_tracker_tick(&tracker, &config, &frame, now_ns + SKY_SECOND_NS / 10);
    }
    return score;
}

static void fifty_aircraft_have_fifty_tracks_that_never_swap(void **state)
{
    (void)state;
    for (uint64_t with_seed = 1; with_seed <= SEEDS; with_seed++) {
        const struct score score = run(with_seed);
        print_message("seed %d: horizontal RMSE %.1f m, worst %.1f m, late %d, swaps %d, strays "
                      "%d, duplicates dropped %d\n",
                      (int)with_seed, sqrt(score.sum_m2 / (double)score.samples), score.worst_m,
                      score.late, score.swaps, score.strays, (int)tracker.stats.duplicates);
        assert_int_equal(score.late, 0);
        assert_int_equal(score.swaps, 0);
        assert_int_equal(score.strays, 0);
        assert_true(sqrt(score.sum_m2 / (double)score.samples) < 20.0);
    }
    print_message("%.2f us per plot\n", (double)spent_ns * 1e-3 / (double)plots_given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_aircraft_have_fifty_tracks_that_never_swap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
