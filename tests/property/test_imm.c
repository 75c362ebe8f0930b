#include "sky_test.h"

#include <stdlib.h>
#include <string.h>

#include "sky_imm.h"
#include "test_lanes.h"
#include "test_radar.h"

/* A longer run: number of sequences as the program's argument; 100 plots and five models each. */
static uint64_t sequences = 130;

static struct sky_geo_frame frame;

static int start(void **state)
{
    (void)state;
    frame = test_frame();
    return 0;
}

static const double none2 = 1e300;

/* Aircraft, drones, and the ends of what can be configured. */
static const struct sky_motion_set sets[3] = {
    {.count = 5,
     .sojourn_s = 40.0,
     .motion = {{0.02, 0.023, 0.0},
                {0.8, 0.14, 0.0},
                {10.0, 1.5, 0.0},
                {0.5, 0.1, 3.5},
                {0.5, 0.1, -3.5}}},
    {.count = 3,
     .sojourn_s = 20.0,
     .motion = {{0.05, 0.03, 0.0}, {2.0, 0.3, 0.0}, {25.0, 4.0, 0.0}}},
    {.count = 5,
     .sojourn_s = 1.0,
     .motion = {{1e-4, 1e-4, 0.0},
                {1e4, 1e4, 0.0},
                {1.0, 1e-4, 0.0},
                {1e-4, 1e-4, 50.0},
                {1e-4, 1e-4, -50.0}}}};

static double power(uint64_t *seed, double low, double high)
{
    return pow(10.0, test_uniform(seed, low, high));
}

/* --- Whatever is plotted -------------------------------------------------------------------- */

/* Any plot that the engine's checks let through, of a radar of any quality, or a place. */
static struct sky_measurement any_plot(uint64_t *seed, int64_t time_ns)
{
    const bool is_place = test_random(seed) % 5 == 0;
    const bool has_elevation = !is_place && test_random(seed) % 2 == 0;
    return (struct sky_measurement){
        .time_ns = time_ns,
        .time_sigma_ns =
            test_random(seed) % 3 == 0 ? (int64_t)test_uniform(seed, 0.0, 2e9) : INT64_C(0),
        .is_place = is_place,
        .has_elevation = has_elevation,
        .has_radial_speed = !is_place && test_random(seed) % 2 == 0,
        .has_height = !has_elevation || test_random(seed) % 2 == 0,
        .slant_range_m = power(seed, 0.0, 6.0),
        .azimuth_rad = test_uniform(seed, 0.0, 2.0 * SKY_TEST_PI),
        .elevation_rad = test_uniform(seed, -SKY_TEST_PI / 2.0, SKY_TEST_PI / 2.0),
        .radial_speed_mps = test_uniform(seed, -1000.0, 1000.0),
        .height_hae_m = test_uniform(seed, -1000.0, 100e3),
        .sigma_range_m = power(seed, -2.0, 3.7),
        .sigma_azimuth_rad = power(seed, -5.0, -0.3),
        .sigma_elevation_rad = power(seed, -5.0, -0.3),
        .sigma_radial_mps = power(seed, -2.0, 2.0),
        .sigma_height_m = power(seed, 0.0, 4.3),
        .sigma_place_m = power(seed, -1.0, 4.0),
    };
}

static bool is_sound(const struct sky_imm *imm, uint32_t count,
                     const struct sky_innovation *innovation)
{
    double sum = 0.0;
    for (uint32_t m = 0; m < count; m++) {
        const struct sky_state one = test_model(imm, m);
        sum += imm->weight[m];
        if (!test_is_positive((const double(*)[6])one.p) || !(imm->weight[m] >= 0.9e-4)) {
            return false;
        }
        for (int i = 0; i < 6; i++) {
            if (!isfinite(one.x[i])) {
                return false;
            }
        }
    }
    return fabs(sum - 1.0) < 1e-9 && isfinite(innovation->log_likelihood) &&
           isfinite(innovation->distance2) && innovation->distance2 >= 0.0;
}

/* Steps at the same instant, up to a minute apart, and all between. */
static int64_t any_step_ns(uint64_t *seed)
{
    const uint64_t kind = test_random(seed) % 4;
    return kind == 0   ? INT64_C(0)
           : kind == 1 ? (int64_t)test_uniform(seed, 0.0, 60e9)
                       : (int64_t)power(seed, 6.0, 10.7);
}

static void covariances_stay_positive_whatever_is_plotted(void **state)
{
    (void)state;
    uint64_t steps = 0, taken = 0;
    for (uint64_t with_seed = 1; with_seed <= sequences; with_seed++) {
        uint64_t seed = with_seed;
        const struct sky_motion_set *const set = &sets[with_seed % 3];
        const bool is_gated = with_seed % 2 == 0; /* as tracks take plots; else only softened */
        struct sky_sensor_pose pose =
            test_pose(&frame, test_uniform(&seed, -1e5, 1e5), test_uniform(&seed, -1e5, 1e5), 0.0);
        int64_t now_ns = 0;
        struct sky_measurement m = any_plot(&seed, now_ns);
        struct sky_innovation innovation = {.distance2 = 0.0};
        struct sky_imm imm;

        pose.velocity_mps.east_m = 20.0 * test_normal(&seed);
        sky_imm_init(&imm, set, &m, &pose, power(&seed, 0.5, 2.6));
        for (int step = 0; step < 100; step++) {
            now_ns += any_step_ns(&seed);
            sky_imm_predict(&imm, set, now_ns);
            m = any_plot(&seed, now_ns);
            taken += sky_imm_update(&imm, set, &m, &pose, is_gated ? 200.0 : none2,
                                    is_gated && step % 2 == 0 ? none2 : 30.0, &innovation);
            steps += set->count;
            if (!is_sound(&imm, set->count, &innovation)) {
                fail_msg("seed %llu step %d", (unsigned long long)with_seed, step);
            }
        }
    }
    print_message("%llu steps of models, %llu plots taken, every covariance positive\n",
                  (unsigned long long)steps, (unsigned long long)taken);
}

/* --- Against long doubles ------------------------------------------------------------------- */

/* One straight model, dense, in more digits than the filter has. */
struct reference {
    long double x[6];
    long double p[6][6];
};

static void reference_predict(struct reference *r, long double dt_s, long double q, long double qz)
{
    long double f[6][6] = {{0}}, moved[6][6];
    for (int i = 0; i < 6; i++) {
        f[i][i] = 1;
        if (i < 3) {
            f[i][3 + i] = dt_s;
            r->x[i] += dt_s * r->x[3 + i];
        }
    }
    for (int k = 0; k < 36; k++) {
        moved[k / 6][k % 6] = 0;
        for (int i = 0; i < 36; i++) {
            moved[k / 6][k % 6] += f[k / 6][i / 6] * r->p[i / 6][i % 6] * f[k % 6][i % 6];
        }
    }
    memcpy(r->p, moved, sizeof moved);
    for (int i = 0; i < 3; i++) {
        const long double w = i < 2 ? q : qz;
        r->p[i][i] += w * dt_s * dt_s * dt_s / 3;
        r->p[i][3 + i] += w * dt_s * dt_s / 2;
        r->p[3 + i][i] += w * dt_s * dt_s / 2;
        r->p[3 + i][3 + i] += w * dt_s;
    }
}

/* Kalman's equations without any rearrangement; then both triangles' mean. */
static void reference_apply(struct reference *r, const double row[6], double residual,
                            double variance)
{
    long double ph[6], s = (long double)variance, before[6][6];
    memcpy(before, r->p, sizeof before);
    for (int i = 0; i < 6; i++) {
        ph[i] = 0;
        for (int j = 0; j < 6; j++) {
            ph[i] += r->p[i][j] * (long double)row[j];
        }
        s += ph[i] * (long double)row[i];
    }
    for (int k = 0; k < 36; k++) {
        r->p[k / 6][k % 6] = before[k / 6][k % 6] - ph[k / 6] * ph[k % 6] / s;
    }
    for (int i = 0; i < 6; i++) {
        r->x[i] += ph[i] / s * (long double)residual;
    }
}

/* The reference takes each line where the filter's own state stands, so that errors add up. */
static void reference_follow(void *reference, const struct sky_lanes *at,
                             const struct sky_lane_line *line)
{
    struct reference *const r = reference;
    double row[6], behind = 0.0;
    test_row(line, 0, row);
    for (int i = 0; i < 6; i++) {
        behind += row[i] * (double)(r->x[i] - (long double)at->x[i][0]);
    }
    reference_apply(r, row, line->residual[0] - behind, line->variance[0]);
}

static double reference_distance(const struct reference *r, const struct sky_state *one,
                                 double *ret_sigmas)
{
    double worst = 0.0;
    *ret_sigmas = 0.0;
    for (int i = 0; i < 6; i++) {
        const double sigma = sqrt((double)r->p[i][i]);
        *ret_sigmas = fmax(*ret_sigmas, fabs((double)(r->x[i] - (long double)one->x[i])) / sigma);
        for (int j = 0; j < 6; j++) {
            const double unit = sigma * sqrt((double)r->p[j][j]);
            worst = fmax(worst, fabs((double)(r->p[i][j] - (long double)one->p[i][j])) / unit);
        }
    }
    return worst;
}

static void a_long_flight_agrees_with_long_doubles(void **state)
{
    (void)state;
    static const struct sky_motion_set straight = {
        .count = 1, .sojourn_s = 40.0, .motion = {{1.0, 0.2, 0.0}}};
    struct sky_sensor_config radar = test_radar();
    const struct sky_sensor_pose pose = test_pose(&frame, 1000.0, -2000.0, 100.0);
    double worst = 0.0, worst_sigmas = 0.0;
    radar.sigma_range_m = 0.5; /* as unequal as radars come: 0.5 m and 300 m across */
    radar.sigma_azimuth_rad = 0.01;
    for (uint64_t with_seed = 1; with_seed <= 3; with_seed++) {
        uint64_t seed = with_seed;
        struct test_target target = {.x = {22e3, -31e3, 4e3, 60.0, 35.0, -4.0}};
        struct sky_measurement m = test_measure(&radar, &pose, &target, 0, &seed);
        static struct sky_imm imm;
        static struct reference r;
        sky_imm_init(&imm, &straight, &m, &pose, 100.0);
        const struct sky_state began = test_model(&imm, 0);
        for (int k = 0; k < 36; k++) {
            r.x[k / 6] = (long double)began.x[k / 6];
            r.p[k / 6][k % 6] = (long double)began.p[k / 6][k % 6];
        }
        for (int step = 1; step <= 300; step++) {
            struct sky_innovation innovation;
            double sigmas;
            test_fly(&target, 1.0, 1.0, 0.2, &seed);
            m = test_measure(&radar, &pose, &target, step * SKY_SECOND_NS, &seed);
            sky_imm_predict(&imm, &straight, m.time_ns);
            reference_predict(&r, 1.0L, 1.0L, 0.2L);
            const struct sky_state predicted = test_model(&imm, 0);
            static struct sky_lanes at;
            at = test_lanes_of(&predicted);
            test_apply_watched(&at, &m, &pose, reference_follow, &r);
            assert_true(sky_imm_update(&imm, &straight, &m, &pose, none2, none2, &innovation));
            const struct sky_state after = test_model(&imm, 0);
            worst = fmax(worst, reference_distance(&r, &after, &sigmas));
            worst_sigmas = fmax(worst_sigmas, sigmas);
        }
    }
    print_message("after 300 looks: covariance within %.1e, state within %.1e sigma\n", worst,
                  worst_sigmas);
    assert_true(worst < 1e-9);
    assert_true(worst_sigmas < 1e-9);
}

/* --- Consistency ---------------------------------------------------------------------------- */

struct scene {
    struct sky_motion_set set;
    struct sky_sensor_config radar;
    double far_m;
    double speed_mps;
    double scan_s;
    uint64_t targets;
    bool is_2d;        /* Mode C instead of elevation: errs the same way all along */
    bool is_place;     /* reports of 30 m instead of plots */
    bool has_velocity; /* of 3 m/s with them */
    double sigma_height_m;
};

struct consistency {
    double nees;
    double samples;
    double nis;                /* distance2 over dimension */
    double z2[SKY_COMPONENTS]; /* of looks that tell of the sensor */
    double telling[SKY_COMPONENTS];
    double looks;
};

/* Which model holds next, given which held: exact for any step. */
static uint32_t next_model(const struct sky_motion_set *set, uint32_t now, double dt_s,
                           uint64_t *seed)
{
    const double n = set->count;
    const double kept = set->count > 1 ? exp(-n / (n - 1.0) * dt_s / set->sojourn_s) : 1.0;
    return test_uniform(seed, 0.0, 1.0) < kept ? now : (uint32_t)(test_random(seed) % set->count);
}

/* Flies as the model says, in tenths of a scan. */
static void fly(struct test_target *target, const struct scene *scene, uint32_t *mode,
                uint64_t *seed)
{
    const double dt_s = scene->scan_s / 10.0;
    for (int k = 0; k < 10; k++) {
        *mode = next_model(&scene->set, *mode, dt_s, seed);
        const struct sky_motion *const motion = &scene->set.motion[*mode];
        const double speed_mps = fmax(hypot(target->x[3], target->x[4]), 0.1);
        const double angle_rad = dt_s * motion->turn_mps2 / speed_mps;
        const double e = target->x[3], n = target->x[4];
        const double c = cos(angle_rad), s = sin(angle_rad);
        target->x[3] = 0.5 * (e + c * e - s * n); /* the chord's velocity */
        target->x[4] = 0.5 * (n + s * e + c * n);
        const double chord_e = target->x[3], chord_n = target->x[4];
        test_fly(target, dt_s, motion->accel_psd_m2ps3, motion->climb_psd_m2ps3, seed);
        target->x[3] += c * e - s * n - chord_e;
        target->x[4] += s * e + c * n - chord_n;
    }
}

static struct sky_measurement measure(const struct scene *scene, struct sky_sensor_pose *pose,
                                      const struct test_target *target, int64_t time_ns,
                                      double pressure, uint64_t *seed)
{
    struct sky_measurement m = test_measure(&scene->radar, pose, target, time_ns, seed);
    const struct sky_enu at = {target->x[0], target->x[1], target->x[2]};
    struct sky_lla place = sky_geo_from_enu(&frame, &at);
    if (scene->is_2d) {
        m.has_elevation = false;
        m.has_height = true;
        m.height_hae_m = place.alt_hae_m + scene->sigma_height_m * pressure;
        m.sigma_height_m = scene->sigma_height_m;
    }
    if (scene->is_place) {
        m = (struct sky_measurement){.time_ns = time_ns,
                                     .is_place = true,
                                     .has_height = true,
                                     .height_hae_m = place.alt_hae_m,
                                     .sigma_place_m = 30.0,
                                     .sigma_height_m = 30.0};
        if (scene->has_velocity) {
            assert_int_equal(sky_sensor_pose_at(pose, &frame, &place), SKY_OK);
            const double *const v = target->x + 3, *const e = pose->rot[0], *const n = pose->rot[1];
            m.has_velocity = true;
            m.vel_east_mps = v[0] * e[0] + v[1] * e[1] + v[2] * e[2] + 3.0 * test_normal(seed);
            m.vel_north_mps = v[0] * n[0] + v[1] * n[1] + v[2] * n[2] + 3.0 * test_normal(seed);
            m.sigma_velocity_mps = 3.0;
        }
        place.lat_rad += 30.0 * test_normal(seed) / 6.346e6;
        place.lon_rad += 30.0 * test_normal(seed) / 6.381e6 / cos(place.lat_rad);
        assert_int_equal(sky_sensor_pose_at(pose, &frame, &place), SKY_OK);
    }
    return m;
}

/* Many targets whose motion and plots are just what the filter believes. */
static struct consistency watch(const struct scene *scene)
{
    struct consistency sum = {.nees = 0.0};
    for (uint64_t with_seed = 1; with_seed <= scene->targets; with_seed++) {
        uint64_t seed = with_seed;
        struct sky_sensor_pose pose = test_pose(&frame, 0.0, 0.0, 0.0);
        const double course_rad = test_uniform(&seed, 0.0, 2.0 * SKY_TEST_PI);
        const double ground_m = test_uniform(&seed, 0.4 * scene->far_m, scene->far_m);
        const double v = scene->speed_mps;
        struct test_target target = {.x = {ground_m * sin(course_rad), ground_m * cos(course_rad),
                                           test_uniform(&seed, 0.03, 0.1) * scene->far_m,
                                           v * test_normal(&seed), v * test_normal(&seed),
                                           0.05 * v * test_normal(&seed)}};
        const double pressure = test_normal(&seed);
        uint32_t mode = (uint32_t)(test_random(&seed) % scene->set.count);
        struct sky_measurement m = measure(scene, &pose, &target, 0, pressure, &seed);
        struct sky_imm imm;

        sky_imm_init(&imm, &scene->set, &m, &pose, v);
        for (int step = 1; step <= 60; step++) {
            struct sky_innovation innovation;
            struct sky_state all;
            fly(&target, scene, &mode, &seed);
            m = measure(scene, &pose, &target, (int64_t)(step * scene->scan_s * 1e9), pressure,
                        &seed);
            sky_imm_predict(&imm, &scene->set, m.time_ns);
            if (!sky_imm_update(&imm, &scene->set, &m, &pose, none2, none2, &innovation)) {
                fail_msg("refused without a gate");
            }
            if (step > 20) {
                sum.nis += innovation.distance2 / (double)innovation.dimension;
                sum.looks += 1.0;
                for (int k = 0; k < SKY_COMPONENTS; k++) {
                    sum.z2[k] += innovation.z[k] * innovation.z[k];
                    sum.telling[k] += (innovation.has >> k & 1U) != 0 ? 1.0 : 0.0;
                }
            }
            if (step % 20 == 0) {
                sky_imm_state(&imm, &scene->set, &all);
                sum.nees += test_nees(&all, &target);
                sum.samples += 1.0;
            }
        }
    }
    sum.nees /= sum.samples;
    sum.nis /= sum.looks;
    for (int k = 0; k < SKY_COMPONENTS; k++) {
        sum.z2[k] /= fmax(sum.telling[k], 1.0);
    }
    return sum;
}

static struct scene scene_of(const struct sky_motion_set *set, double far_m, double scan_s)
{
    return (struct scene){.set = *set,
                          .radar = test_radar(),
                          .far_m = far_m,
                          .speed_mps = far_m / 800.0,
                          .scan_s = scan_s,
                          .targets = 60};
}

static struct sky_motion_set one_model(double accel_psd_m2ps3)
{
    return (struct sky_motion_set){
        .count = 1, .sojourn_s = 40.0, .motion = {{accel_psd_m2ps3, 0.1 * accel_psd_m2ps3, 0.0}}};
}

static void say(const char *what, const struct consistency *sum)
{
    print_message("%s: NEES %.3f of 6, NIS %.3f of 1; z2 %.3f %.3f %.3f %.3f %.3f %.3f %.3f\n",
                  what, sum->nees, sum->nis, sum->z2[0], sum->z2[1], sum->z2[2], sum->z2[3],
                  sum->z2[4], sum->z2[5], sum->z2[6]);
}

/* Means of chi-squares: sigma sqrt(2 n / samples); four of them. */
static double slack(double samples) { return 4.0 * sqrt(2.0 * 6.0 / samples); }

static void a_simulated_target_is_as_far_off_as_the_filter_says(void **state)
{
    (void)state;
    const double psd[3] = {0.1, 1.0, 9.0}, scan_s[3] = {1.0, 4.0, 0.5};
    for (int i = 0; i < 3; i++) {
        const struct sky_motion_set set = one_model(psd[i]);
        const struct scene scene = scene_of(&set, 50e3, scan_s[i]);
        const struct consistency sum = watch(&scene);
        say("one model", &sum);
        assert_near(sum.nees, 6.0, slack(sum.samples));
        assert_near(sum.nis, 1.0, 4.0 * sqrt(2.0 / (4.0 * sum.looks)));
        for (int k = 0; k < 4; k++) {
            assert_near(sum.z2[k], 1.0, 0.1);
        }
    }
}

static void a_target_that_changes_its_motion_is_too(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct scene scene = scene_of(&sets[i], i == 0 ? 50e3 : 8e3, i == 0 ? 4.0 : 2.0);
        scene.speed_mps = i == 0 ? 80.0 : 15.0;
        const struct consistency sum = watch(&scene);
        say(i == 0 ? "five models" : "three models", &sum);
        assert_near(sum.nees, 6.0, 1.3 * slack(sum.samples));
        assert_true(sum.nis > 0.9 && sum.nis < 1.05);
        for (int k = 0; k < 4; k++) {
            assert_true(sum.z2[k] > 0.9 && sum.z2[k] < 1.07);
        }
    }
}

/* A small drone radar: 1.5 degrees both ways and 3 m, at 4 km: r sigma^2 / sigma_r is 0.9. */
static void a_wide_beam_does_not_make_it_overconfident(void **state)
{
    (void)state;
    const struct sky_motion_set set = one_model(1.0);
    struct scene scene = scene_of(&set, 4000.0, 1.0);
    scene.radar.sigma_azimuth_rad = 0.026;
    scene.radar.sigma_elevation_rad = 0.026;
    scene.radar.sigma_range_m = 3.0;
    scene.radar.sigma_radial_mps = 0.3;
    const struct consistency sum = watch(&scene);
    say("wide beam", &sum);
    assert_near(sum.nees, 6.0, slack(sum.samples));
}

/* Mode C that errs by 300 m. */
static void a_radar_without_elevation_is_not_overconfident(void **state)
{
    (void)state;
    const struct sky_motion_set set = one_model(1.0);
    struct scene scene = scene_of(&set, 100e3, 4.0);
    scene.is_2d = true;
    scene.speed_mps = 80.0;
    scene.sigma_height_m = 300.0;
    const struct consistency sum = watch(&scene);
    say("2D", &sum);
    assert_true(sum.nees < 6.0 + slack(sum.samples));
    assert_true(sum.nees > 3.0);
    assert_true(sum.telling[SKY_COMPONENT_RANGE] > 0.8 * sum.looks);
    assert_near(sum.z2[SKY_COMPONENT_RANGE], 1.0, 0.1);
    assert_near(sum.z2[SKY_COMPONENT_AZIMUTH], 1.0, 0.1);
}

/* Neither elevation nor Mode C: a prior that errs by 3 km, the same way all along. */
static void a_radar_that_knows_no_height_does_not_learn_it(void **state)
{
    (void)state;
    const struct sky_motion_set set = one_model(1.0);
    static const double far_m[] = {20e3, 50e3, 100e3};
    for (size_t i = 0; i < sizeof far_m / sizeof far_m[0]; i++) {
        struct scene scene = scene_of(&set, far_m[i], 4.0);
        scene.is_2d = true;
        scene.speed_mps = 80.0;
        scene.sigma_height_m = 3000.0;
        const struct consistency sum = watch(&scene);
        say("no height", &sum);
        assert_true(sum.nees < 12.0); /* up to 700 when it is estimated */
    }
}

static void reported_places_are_as_good_as_they_say(void **state)
{
    (void)state;
    const struct sky_motion_set set = one_model(1.0);
    struct scene scene = scene_of(&set, 50e3, 4.0);
    scene.is_place = true;
    for (int has_velocity = 0; has_velocity <= 1; has_velocity++) {
        scene.has_velocity = has_velocity != 0;
        const struct consistency sum = watch(&scene);
        say(scene.has_velocity ? "places and velocities" : "places", &sum);
        assert_near(sum.z2[SKY_COMPONENT_EAST], 1.0, 0.1);
        assert_near(sum.z2[SKY_COMPONENT_NORTH], 1.0, 0.1);
        assert_true(sum.nees < 6.0 + slack(sum.samples) && sum.nees > 3.0);
    }
}

static void passing_overhead_does_not_lose_the_target(void **state)
{
    (void)state;
    const struct sky_motion_set set = one_model(0.1);
    const struct sky_sensor_config radar = test_radar();
    const struct sky_sensor_pose pose = test_pose(&frame, 0.0, 0.0, 0.0);
    double nees = 0.0, worst_m = 0.0;
    for (uint64_t with_seed = 1; with_seed <= 50; with_seed++) {
        uint64_t seed = with_seed;
        struct test_target target = {
            .x = {-6e3, test_uniform(&seed, -60.0, 60.0), 3e3, 100.0, 0, 0}};
        struct sky_measurement m = test_measure(&radar, &pose, &target, 0, &seed);
        struct sky_state all;
        struct sky_imm imm;
        sky_imm_init(&imm, &set, &m, &pose, 70.0);
        for (int step = 1; step <= 120; step++) {
            struct sky_innovation innovation;
            test_fly(&target, 1.0, 0.1, 0.01, &seed);
            m = test_measure(&radar, &pose, &target, step * SKY_SECOND_NS, &seed);
            if (m.elevation_rad > SKY_TEST_PI / 2.0) { /* tipped over the top */
                m.elevation_rad = SKY_TEST_PI - m.elevation_rad;
                m.azimuth_rad += SKY_TEST_PI;
            }
            sky_imm_predict(&imm, &set, m.time_ns);
            assert_true(sky_imm_update(&imm, &set, &m, &pose, none2, none2, &innovation));
            const double off_m = hypot(imm.x[0][0] - target.x[0], imm.x[1][0] - target.x[1]);
            worst_m = fmax(worst_m, off_m);
        }
        sky_imm_state(&imm, &set, &all);
        nees += test_nees(&all, &target);
    }
    print_message("overhead: worst %.0f m, NEES after it %.2f of 6\n", worst_m, nees / 50.0);
    assert_true(worst_m < 150.0);
    assert_true(nees / 50.0 < 6.0 + 4.0 * sqrt(12.0 / 50.0));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(covariances_stay_positive_whatever_is_plotted, start),
        cmocka_unit_test_setup(a_long_flight_agrees_with_long_doubles, start),
        cmocka_unit_test_setup(a_simulated_target_is_as_far_off_as_the_filter_says, start),
        cmocka_unit_test_setup(a_target_that_changes_its_motion_is_too, start),
        cmocka_unit_test_setup(a_wide_beam_does_not_make_it_overconfident, start),
        cmocka_unit_test_setup(a_radar_without_elevation_is_not_overconfident, start),
        cmocka_unit_test_setup(a_radar_that_knows_no_height_does_not_learn_it, start),
        cmocka_unit_test_setup(reported_places_are_as_good_as_they_say, start),
        cmocka_unit_test_setup(passing_overhead_does_not_lose_the_target, start),
    };
    if (argc > 1) {
        sequences = strtoull(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
