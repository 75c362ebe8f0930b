#include "sky_test.h"

#include <string.h>

#include "test_lanes.h"
#include "test_radar.h"

static struct sky_geo_frame frame;
static struct sky_sensor_pose pose;
static struct sky_sensor_config radar;
static const struct test_target target = {.x = {22e3, -31e3, 4e3, 60.0, 35.0, -4.0}};

static int start(void **state)
{
    (void)state;
    test_stand(&frame, &pose, &radar);
    return 0;
}

static struct sky_measurement look_now(void)
{
    return test_look(&radar, &pose, &target, 50 * SKY_SECOND_NS);
}

static double sigma_along(const struct sky_state *of, const double direction[3], int block)
{
    double sum = 0.0;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            sum += direction[i] * direction[j] * of->p[block + i][block + j];
        }
    }
    return sqrt(sum);
}

/* Unit vectors at the radar, in the tracking frame: to the target, across, upward. */
static void directions(double ret_axis[3][3])
{
    const struct sky_measurement m = look_now();
    const double sa = sin(m.azimuth_rad), ca = cos(m.azimuth_rad);
    const double se = sin(m.elevation_rad), ce = cos(m.elevation_rad);
    const double at_sensor[3][3] = {
        {sa * ce, ca * ce, se}, {ca, -sa, 0.0}, {-sa * se, -ca * se, ce}};
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 3; i++) {
            ret_axis[k][i] = 0.0;
            for (int j = 0; j < 3; j++) {
                ret_axis[k][i] += pose.rot[j][i] * at_sensor[k][j];
            }
        }
    }
}

static double height_of(const double x[3])
{
    const struct sky_enu at = {x[0], x[1], x[2]};
    return sky_geo_from_enu(&frame, &at).alt_hae_m;
}

static struct sky_lane_line line_of(const struct sky_state *known, const struct sky_measurement *m,
                                    enum sky_component component)
{
    uint32_t has;
    const struct sky_lanes at = test_lanes_of(known);
    return test_line(&at, m, &pose, component, &has);
}

static uint32_t components_of(const struct sky_state *known, const struct sky_measurement *m)
{
    const struct sky_lanes at = test_lanes_of(known);
    struct sky_views views;
    sky_measure_look(&at, m, &pose, &views);
    sky_measure_spread(&at, &views);
    return views.has;
}

static uint32_t bit(enum sky_component component) { return 1U << component; }

/* --- The sensor's pose ---------------------------------------------------------------------- */

static void a_sensor_stands_where_its_site_is(void **state)
{
    (void)state;
    const struct sky_lla place = {0.351, 0.049, 555.0};
    struct sky_sensor_pose at;
    assert_int_equal(sky_sensor_pose_at(&at, &frame, &place), SKY_OK);
    const struct sky_enu origin = sky_geo_to_enu(&frame, &place);
    assert_near(at.origin.east_m, origin.east_m, 0.0);
    assert_near(at.height_hae_m, 555.0, 0.0);
    assert_near(at.velocity_mps.up_m, 0.0, 0.0);
    assert_near(1.0 / at.curvature_east_per_m, 6380648.0, 100.0); /* N and M at 20 degrees */
    assert_near(1.0 / at.curvature_north_per_m, 6343056.0, 900.0);
}

static void a_site_off_the_earth_is_refused(void **state)
{
    (void)state;
    const struct sky_lla place = {2.0, 0.0, 0.0};
    struct sky_sensor_pose at = {.height_hae_m = 77.0};
    assert_int_equal(sky_sensor_pose_at(&at, &frame, &place), SKY_E_RANGE);
    assert_near(at.height_hae_m, 77.0, 0.0);
}

/* --- Starting ------------------------------------------------------------------------------- */

static void a_state_starts_where_the_plot_is(void **state)
{
    (void)state;
    const struct sky_measurement m = look_now();
    struct sky_state began;
    double axis[3][3], radial_mps = 0.0;
    directions(axis);
    sky_measure_start(&m, &pose, 100.0, &began);
    for (int i = 0; i < 3; i++) {
        assert_near(began.x[i], target.x[i], 1e-6);
        radial_mps += axis[0][i] * began.x[3 + i];
    }
    assert_near(radial_mps, m.radial_speed_mps, 0.01);
    const double ground_m = m.slant_range_m * cos(m.elevation_rad);
    assert_int_equal(began.time_ns, m.time_ns);
    assert_near(sigma_along(&began, axis[0], 0), 30.0, 0.02);
    assert_near(sigma_along(&began, axis[1], 0), 0.0026 * ground_m, 0.01);
    assert_near(sigma_along(&began, axis[2], 0), 0.0035 * m.slant_range_m, 0.01);
    const double slip_mps = hypot(100.0 * 0.0026 * cos(m.elevation_rad), 100.0 / 3.0 * 0.0035);
    assert_near(sigma_along(&began, axis[0], 3), hypot(1.0, slip_mps), 2e-3);
    assert_near(sigma_along(&began, axis[1], 3), 100.0, 0.01);
    assert_near(sigma_along(&began, axis[2], 3), 100.0 / 3.0, 0.4);
}

static void without_doppler_every_direction_is_open(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_state began;
    double axis[3][3];
    directions(axis);
    m.has_radial_speed = false;
    pose.velocity_mps.east_m = 20.0;
    sky_measure_start(&m, &pose, 100.0, &began);
    assert_near(began.x[3], 0.0, 0.0); /* over the ground, whatever the sensor does */
    assert_near(sigma_along(&began, axis[0], 3), 100.0, 0.6);
    assert_near(sigma_along(&began, axis[1], 3), 100.0, 0.01);
    assert_near(sigma_along(&began, pose.rot[2], 3), 100.0 / 3.0, 1e-9);
}

static void a_moving_sensor_sees_speed_relative_to_itself(void **state)
{
    (void)state;
    double axis[3][3], radial_mps = 0.0, own_mps = 0.0;
    directions(axis);
    pose.velocity_mps = (struct sky_enu){-200.0, 100.0, 5.0};
    const double moving[3] = {-200.0, 100.0, 5.0};
    const struct sky_measurement m = look_now();
    struct sky_state began;
    sky_measure_start(&m, &pose, 100.0, &began);
    for (int i = 0; i < 3; i++) {
        radial_mps += axis[0][i] * began.x[3 + i];
        own_mps += axis[0][i] * moving[i];
    }
    assert_near(radial_mps, m.radial_speed_mps + own_mps, 0.1);
    assert_true(sigma_along(&began, axis[0], 3) < 2.0);
}

static void an_unsure_time_widens_the_start(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_state began;
    double axis[3][3];
    directions(axis);
    m.time_sigma_ns = SKY_SECOND_NS / 2;
    sky_measure_start(&m, &pose, 100.0, &began);
    assert_near(sigma_along(&began, axis[0], 0), sqrt(30.0 * 30.0 + 50.0 * 50.0), 0.02);
}

static void a_wide_beam_bends_away_from_its_tangent(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct sky_measurement m = look_now();
        struct sky_state began;
        double axis[3][3];
        directions(axis);
        *(k == 0 ? &m.sigma_azimuth_rad : &m.sigma_elevation_rad) = 0.1;
        m.has_radial_speed = false;
        sky_measure_start(&m, &pose, 100.0, &began);
        const double run = k == 0 ? cos(m.elevation_rad) : 1.0;
        const double arc_m = m.slant_range_m * run * 0.01 / sqrt(2.0);
        assert_near(sigma_along(&began, axis[0], 0), sqrt(900.0 + arc_m * arc_m), 0.1);
    }
}

static void overhead_the_place_is_as_sure_as_elevation_in_every_direction(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_state began;
    m.elevation_rad = SKY_TEST_PI / 2.0 - 0.001;
    m.slant_range_m = 5000.0;
    sky_measure_start(&m, &pose, 100.0, &began);
    const double east[3] = {1.0, 0.0, 0.0}, north[3] = {0.0, 1.0, 0.0};
    assert_near(sigma_along(&began, east, 0), 0.0035 * 5000.0, 0.1);
    assert_near(sigma_along(&began, north, 0), 0.0035 * 5000.0, 0.1);
}

static struct sky_measurement without_elevation(double height_hae_m, double sigma_m)
{
    struct sky_measurement m = look_now();
    m.has_elevation = false;
    m.has_height = true;
    m.height_hae_m = height_hae_m;
    m.sigma_height_m = sigma_m;
    return m;
}

static void a_2d_plot_starts_at_the_given_height(void **state)
{
    (void)state;
    const struct sky_measurement m = without_elevation(height_of(target.x), 200.0);
    struct sky_state began;
    sky_measure_start(&m, &pose, 100.0, &began);
    for (int i = 0; i < 3; i++) {
        assert_near(began.x[i], target.x[i], 1.0);
    }
    assert_near(height_of(began.x), m.height_hae_m, 0.1);
    assert_near(sqrt(began.p[2][2]), 200.0, 4.0);
}

static void a_height_out_of_reach_starts_somewhere_on_the_sphere_and_says_so(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct sky_measurement m = without_elevation(sign * 4000.0, 3000.0);
        struct sky_state began;
        m.slant_range_m = 900.0;
        m.has_radial_speed = false;
        sky_measure_start(&m, &pose, 100.0, &began);
        const double rise_m = height_of(began.x) - pose.height_hae_m;
        assert_near(rise_m, sign * 720.0, 1.0);
        const double up_m = hypot(0.5 * 900.0 * 0.6, 900.0 * 0.25 / sqrt(2.0) * 0.8);
        assert_near(sqrt(began.p[2][2]), up_m, 25.0);
        assert_true(test_is_positive((const double(*)[6])began.p));
    }
}

static void beside_an_elevation_a_height_waits_for_the_next_plot(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_state began, without;
    sky_measure_start(&m, &pose, 100.0, &without);
    m.has_height = true;
    m.height_hae_m = 1000.0;
    m.sigma_height_m = 50.0;
    sky_measure_start(&m, &pose, 100.0, &began);
    assert_memory_equal(&began, &without, sizeof began);
}

/* A start is written for one state; any other plot is taken by all lanes. */
static void a_start_takes_the_radial_speed_as_lanes_would(void **state)
{
    (void)state;
    pose.velocity_mps = (struct sky_enu){-200.0, 100.0, 5.0};
    struct sky_measurement m = look_now();
    m.time_sigma_ns = SKY_SECOND_NS / 5;
    struct sky_measurement open = m;
    struct sky_state began, without;
    struct sky_lane_fit fit;
    uint32_t has;

    open.has_radial_speed = false;
    sky_measure_start(&open, &pose, 100.0, &without);
    sky_measure_start(&m, &pose, 100.0, &began);
    struct sky_lanes at = test_lanes_of(&without);
    struct sky_lane_line line = test_line(&at, &m, &pose, SKY_COMPONENT_RADIAL_SPEED, &has);
    sky_measure_compare(&at, &line, &fit);
    sky_measure_apply(&at, &line, &fit);
    const struct sky_state same = test_lane(&at, 0);
    for (int i = 0; i < 6; i++) {
        assert_near(began.x[i], same.x[i], 1e-9);
        for (int j = 0; j < 6; j++) {
            assert_near(began.p[i][j], same.p[i][j], 1e-9 * sqrt(same.p[i][i] * same.p[j][j]));
        }
    }
}

/* From a station that moves, a radial speed says where; one that cannot be, must not. */
static void an_impossible_radial_speed_does_not_move_the_place(void **state)
{
    (void)state;
    pose.velocity_mps = (struct sky_enu){-200.0, 100.0, 5.0};
    struct sky_measurement m = look_now();
    const double to_be_mps = m.radial_speed_mps;
    m.sigma_azimuth_rad = m.sigma_elevation_rad = 0.02;
    for (double off_mps = 0.0; off_mps < 3000.0; off_mps += 100.0) {
        struct sky_state began, without;
        m.has_radial_speed = false;
        sky_measure_start(&m, &pose, 100.0, &without);
        m.has_radial_speed = true;
        m.radial_speed_mps = to_be_mps + off_mps;
        sky_measure_start(&m, &pose, 100.0, &began);
        const double moved_m = hypot(began.x[0] - without.x[0], began.x[1] - without.x[1]);
        const double sigma_m = sqrt(without.p[0][0] + without.p[1][1]);
        assert_true(moved_m < 0.2 * sigma_m);
        assert_true(test_is_positive((const double(*)[6])began.p));
        struct sky_enu along = {began.x[0] - pose.origin.east_m, began.x[1] - pose.origin.north_m,
                                began.x[2] - pose.origin.up_m};
        const double range_m = sqrt(along.east_m * along.east_m + along.north_m * along.north_m +
                                    along.up_m * along.up_m);
        const double radial_mps =
            ((began.x[3] + 200.0) * along.east_m + (began.x[4] - 100.0) * along.north_m +
             (began.x[5] - 5.0) * along.up_m) /
            range_m;
        assert_near(radial_mps, m.radial_speed_mps, 5.0 + 0.01 * fabs(m.radial_speed_mps));
    }
}

/* What an aircraft over a place says of itself. */
static struct sky_measurement reported(const struct sky_lla *at, bool has_height, double sigma_m)
{
    assert_int_equal(sky_sensor_pose_at(&pose, &frame, at), SKY_OK);
    return (struct sky_measurement){.time_ns = 50 * SKY_SECOND_NS,
                                    .is_place = true,
                                    .has_height = has_height,
                                    .height_hae_m = at->alt_hae_m + 300.0,
                                    .sigma_place_m = sigma_m,
                                    .sigma_height_m = 80.0};
}

static void a_reported_place_starts_there(void **state)
{
    (void)state;
    const struct sky_lla at = {0.352, 0.051, 3000.0};
    for (int has_height = 0; has_height <= 1; has_height++) {
        const struct sky_measurement m = reported(&at, has_height != 0, 10.0);
        struct sky_state began;
        sky_measure_start(&m, &pose, 100.0, &began);
        const struct sky_enu place = {began.x[0], began.x[1], began.x[2]};
        const struct sky_lla lla = sky_geo_from_enu(&frame, &place);
        assert_near(lla.lat_rad, at.lat_rad, 1e-12);
        assert_near(lla.lon_rad, at.lon_rad, 1e-12);
        assert_near(lla.alt_hae_m, has_height != 0 ? 3300.0 : 3000.0, 1e-6);
        assert_near(sigma_along(&began, pose.rot[0], 0), 10.0, 1e-9);
        assert_near(sigma_along(&began, pose.rot[1], 0), 10.0, 1e-9);
        assert_near(sigma_along(&began, pose.rot[2], 0), 80.0, 1e-9);
        assert_near(sigma_along(&began, pose.rot[0], 3), 100.0, 1e-9);
    }
}

/* --- Lines ---------------------------------------------------------------------------------- */

static double component_of(const struct sky_measurement *m, int k)
{
    const double z[4] = {m->slant_range_m, m->azimuth_rad, m->elevation_rad, m->radial_speed_mps};
    return z[k];
}

static double turned_to_pi(double angle_rad) { return remainder(angle_rad, 2.0 * SKY_TEST_PI); }

/* Every component, of a well-known target, against differences of the exact measurement. */
static void a_line_is_the_tangent_of_its_measurement(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int round = 0; round < 500; round++) {
        struct test_target there, moved;
        for (int i = 0; i < 6; i++) {
            there.x[i] = (i < 3 ? 2e4 : 200.0) * test_normal(&seed);
        }
        pose = test_pose(&frame, 3e4 * test_normal(&seed), 3e4 * test_normal(&seed), 100.0);
        pose.velocity_mps.north_m = 10.0 * test_normal(&seed);
        const struct sky_state known = test_knowing(&there, 1e-3, 1e-3);
        const struct sky_measurement exact = test_look(&radar, &pose, &there, 0);
        const double ground_m = exact.slant_range_m * cos(exact.elevation_rad);
        struct sky_measurement m = test_look(&radar, &pose, &there, 0);
        m.slant_range_m += 100.0 * test_normal(&seed);
        m.azimuth_rad = test_uniform(&seed, 0.0, 2.0 * SKY_TEST_PI);
        m.elevation_rad = test_uniform(&seed, -SKY_TEST_PI / 2.0, SKY_TEST_PI / 2.0);
        m.radial_speed_mps -= 3.0;
        for (int k = 0; k < 4; k++) {
            const struct sky_lane_line line = line_of(&known, &m, (enum sky_component)k);
            double row[6];
            test_row(&line, 0, row);
            const double off = component_of(&m, k) - component_of(&exact, k);
            const double tolerance = k == 0 || k == 3 ? 1e-9 : 1e-9 * (1.0 + 1e4 / ground_m);
            assert_near(line.residual[0], k == 1 ? turned_to_pi(off) : off, tolerance);
            for (int i = 0; i < 6; i++) {
                const double step = 0.01 * (i < 3 ? ground_m * 0.01 : 1.0);
                moved = there;
                moved.x[i] += step;
                const struct sky_measurement a = test_look(&radar, &pose, &moved, 0);
                moved.x[i] -= 2.0 * step;
                const struct sky_measurement b = test_look(&radar, &pose, &moved, 0);
                const double ab = component_of(&a, k) - component_of(&b, k);
                const double slope = (k == 1 ? turned_to_pi(ab) : ab) / (2.0 * step);
                const double scale = k == 0 ? 1.0 : 1.0 / ground_m;
                assert_near(row[i], slope, k == 3 ? 1e-4 : 1e-4 * scale);
            }
        }
    }
}

/* The residuals of both angles, all the way round, against libm's. */
static void angles_are_exact_wherever_the_prediction_lies(void **state)
{
    (void)state;
    uint64_t seed = 3;
    double worst_rad = 0.0;
    for (int round = 0; round < 2000; round++) {
        const double off_rad =
            pow(10.0, test_uniform(&seed, -9.0, 0.49)) * (test_random(&seed) % 2 == 0 ? 1.0 : -1.0);
        struct test_target there = target;
        there.x[0] += 1e4 * test_normal(&seed);
        there.x[1] += 1e5 * test_normal(&seed);
        const struct sky_state known = test_knowing(&there, 1e-3, 1e-3);
        const struct sky_measurement exact = test_look(&radar, &pose, &there, 0);
        struct sky_measurement m = exact;
        m.azimuth_rad = exact.azimuth_rad + off_rad;
        m.elevation_rad = off_rad / 2.0;
        const struct sky_lane_line azimuth = line_of(&known, &m, SKY_COMPONENT_AZIMUTH);
        const struct sky_lane_line elevation = line_of(&known, &m, SKY_COMPONENT_ELEVATION);
        const double wanted_rad = m.elevation_rad - exact.elevation_rad;
        worst_rad = fmax(worst_rad, fabs(azimuth.residual[0] - turned_to_pi(off_rad)));
        worst_rad = fmax(worst_rad, fabs(elevation.residual[0] - wanted_rad));
    }
    print_message("angles: within %.1e rad\n", worst_rad);
    assert_true(worst_rad < 1e-14);
}

/* Knows the target well but for its place, and its speed, along one direction. */
static struct sky_state knowing_but_for(const double direction[3], double sigma_m, double sigma_mps)
{
    struct sky_state known = test_knowing(&target, 1.0, 0.1);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            known.p[i][j] += sigma_m * sigma_m * direction[i] * direction[j];
            known.p[3 + i][3 + j] += sigma_mps * sigma_mps * direction[i] * direction[j];
        }
    }
    return known;
}

static void what_the_curve_of_a_range_hides_is_added_to_its_variance(void **state)
{
    (void)state;
    double axis[3][3], aslant[3];
    directions(axis);
    for (int i = 0; i < 3; i++) {
        aslant[i] = 0.6 * axis[1][i] + 0.8 * axis[2][i];
    }
    const double *const direction[3] = {axis[1], axis[2], aslant};
    for (int k = 0; k < 3; k++) {
        const struct sky_state known = knowing_but_for(direction[k], 3000.0, 0.0);
        const struct sky_measurement m = look_now();
        const struct sky_lane_line line = line_of(&known, &m, SKY_COMPONENT_RANGE);
        const double sag_m2 = 0.5 * pow(9e6 / m.slant_range_m, 2.0);
        assert_near(line.variance[0], 900.0 + sag_m2, 1.0);
    }
}

static void speed_across_hides_in_doppler_while_the_place_across_is_unsure(void **state)
{
    (void)state;
    double axis[3][3];
    for (int k = 1; k < 3; k++) {
        directions(axis);
        const struct sky_state known = knowing_but_for(axis[k], 3000.0, 100.0);
        const struct sky_measurement m = look_now();
        const struct sky_lane_line line = line_of(&known, &m, SKY_COMPONENT_RADIAL_SPEED);
        const double hidden_m2ps2 = pow(3000.0 * 100.0 / m.slant_range_m, 2.0);
        assert_near(line.variance[0], 1.0 + hidden_m2ps2, 0.01);
    }
}

static void azimuth_fades_as_the_place_nears_the_vertical(void **state)
{
    (void)state;
    const struct test_target near = {
        .x = {pose.origin.east_m, pose.origin.north_m + 1000.0, 4e3, 60.0, 35.0, -4.0}};
    const struct sky_state known = test_knowing(&near, 500.0, 0.1);
    const struct sky_measurement m = test_look(&radar, &pose, &near, known.time_ns);
    const struct sky_lane_line azimuth = line_of(&known, &m, SKY_COMPONENT_AZIMUTH);
    const double half = 0.25; /* of a radian, squared: 500 m at 1 km */
    assert_near(azimuth.variance[0], 0.0026 * 0.0026 + half * half, 1e-3);

    const struct sky_lane_line elevation = line_of(&known, &m, SKY_COMPONENT_ELEVATION);
    const double bend = 2.5e5 * sin(m.elevation_rad) / (1000.0 * m.slant_range_m);
    assert_near(elevation.variance[0], 0.0035 * 0.0035 + 0.5 * bend * bend, 2e-4);
}

static void azimuth_does_not_jump_at_north(void **state)
{
    (void)state;
    const struct test_target north = {
        .x = {pose.origin.east_m, pose.origin.north_m + 30e3, 4e3, 60.0, 35.0, -4.0}};
    const struct sky_state known = test_knowing(&north, 50.0, 5.0);
    struct sky_measurement m = test_look(&radar, &pose, &north, known.time_ns);
    m.azimuth_rad = 0.004;
    const struct sky_lane_line right = line_of(&known, &m, SKY_COMPONENT_AZIMUTH);
    m.azimuth_rad = 2.0 * SKY_TEST_PI - 0.004;
    const struct sky_lane_line left = line_of(&known, &m, SKY_COMPONENT_AZIMUTH);
    assert_near(right.residual[0] - left.residual[0], 0.008, 1e-12);
    assert_near(right.residual[0], 0.004, 1e-3);
}

static void azimuth_is_left_out_overhead(void **state)
{
    (void)state;
    const struct test_target above = {
        .x = {pose.origin.east_m + 30.0, pose.origin.north_m, 4e3, 60.0, 35.0, -4.0}};
    const struct sky_state known = test_knowing(&above, 50.0, 5.0);
    struct sky_measurement m = test_look(&radar, &pose, &above, known.time_ns);
    m.azimuth_rad += 3.0;
    assert_int_equal(components_of(&known, &m), bit(SKY_COMPONENT_RANGE) |
                                                    bit(SKY_COMPONENT_ELEVATION) |
                                                    bit(SKY_COMPONENT_RADIAL_SPEED));
    struct sky_lanes at = test_lanes_of(&known);
    test_apply(&at, &m, &pose);
    assert_near(at.x[0][0], above.x[0], 30.0);
}

static void azimuth_is_left_out_if_one_lane_cannot_use_it(void **state)
{
    (void)state;
    const struct test_target beside = {
        .x = {pose.origin.east_m + 100.0, pose.origin.north_m, 4e3, 60.0, 35.0, -4.0}};
    const struct sky_measurement m = test_look(&radar, &pose, &beside, 0);
    const struct sky_state sure = test_knowing(&beside, 5.0, 5.0);
    const struct sky_state unsure = test_knowing(&beside, 150.0, 5.0);
    struct sky_lanes at = test_lanes_of(&sure);
    struct sky_views views;
    sky_measure_look(&at, &m, &pose, &views);
    sky_measure_spread(&at, &views);
    assert_true((views.has & bit(SKY_COMPONENT_AZIMUTH)) != 0);
    test_set_lane(&at, 4, &unsure);
    sky_measure_look(&at, &m, &pose, &views);
    sky_measure_spread(&at, &views);
    assert_false((views.has & bit(SKY_COMPONENT_AZIMUTH)) != 0);
}

static void at_the_sensor_itself_everything_stays_finite(void **state)
{
    (void)state;
    const struct test_target here = {
        .x = {pose.origin.east_m, pose.origin.north_m, pose.origin.up_m, 60.0, 35.0, -4.0}};
    const struct sky_state known = test_knowing(&here, 50.0, 5.0),
                           sure = test_knowing(&here, 0.1, 5.0);
    struct sky_measurement m = look_now();
    m.slant_range_m = 1.0;
    const struct sky_state *const both[2] = {&known, &sure}; /* azimuth is left out, and used */
    for (int k = 0; k < 2; k++) {
        struct sky_lanes at = test_lanes_of(both[k]);
        test_apply(&at, &m, &pose);
        const struct sky_state after = test_lane(&at, 0);
        assert_true(test_is_positive((const double(*)[6])after.p));
        for (int i = 0; i < 6; i++) {
            assert_true(isfinite(after.x[i]));
        }
    }
}

static void an_unsure_time_widens_along_the_motion(void **state)
{
    (void)state;
    const struct sky_state known = test_knowing(&target, 1.0, 0.1);
    struct sky_measurement m = look_now();
    m.time_sigma_ns = SKY_SECOND_NS;
    double axis[3][3], across_mps = 0.0;
    directions(axis);
    for (int i = 0; i < 3; i++) {
        across_mps += axis[1][i] * target.x[3 + i];
    }
    const double ground_m = m.slant_range_m * cos(m.elevation_rad);
    const struct sky_lane_line range = line_of(&known, &m, SKY_COMPONENT_RANGE);
    const struct sky_lane_line azimuth = line_of(&known, &m, SKY_COMPONENT_AZIMUTH);
    assert_near(range.variance[0], 900.0 + pow(m.radial_speed_mps, 2.0), 0.1);
    assert_near(azimuth.variance[0], pow(0.0026, 2.0) + pow(across_mps / ground_m, 2.0), 1e-8);
}

static void a_reported_place_is_compared_along_its_own_axes(void **state)
{
    (void)state;
    const struct sky_lla at = {0.352, 0.051, 3000.0};
    struct sky_measurement m = reported(&at, true, 10.0);
    m.has_elevation = true; /* means nothing here */
    const struct sky_lla off = {0.352 + 50.0 / 6.345e6, 0.051, 3250.0};
    const struct sky_enu place = sky_geo_to_enu(&frame, &off);
    const struct test_target there = {.x = {place.east_m, place.north_m, place.up_m, 60.0, 0, 0}};
    const struct sky_state known = test_knowing(&there, 20.0, 5.0);
    assert_int_equal(components_of(&known, &m), bit(SKY_COMPONENT_EAST) | bit(SKY_COMPONENT_NORTH) |
                                                    bit(SKY_COMPONENT_HEIGHT));
    const struct sky_lane_line east = line_of(&known, &m, SKY_COMPONENT_EAST);
    const struct sky_lane_line north = line_of(&known, &m, SKY_COMPONENT_NORTH);
    const struct sky_lane_line height = line_of(&known, &m, SKY_COMPONENT_HEIGHT);
    assert_near(east.residual[0], 0.0, 0.01);
    assert_near(north.residual[0], -50.0, 0.1);
    assert_near(height.residual[0], 50.0, 0.01);
    assert_near(east.variance[0], 100.0, 1e-9);
    assert_near(height.variance[0], 6400.0, 1e-9);
    assert_near(east.by_place.v[0][0], pose.rot[0][0], 0.0);
}

static void a_reported_velocity_is_compared_along_the_axes_of_its_place(void **state)
{
    (void)state;
    const struct sky_lla at = {0.352, 0.051, 3000.0};
    struct sky_measurement m = reported(&at, true, 10.0);
    m.has_velocity = true;
    m.vel_east_mps = 70.0;
    m.vel_north_mps = -20.0;
    m.sigma_velocity_mps = 3.0;
    double flies_mps[3]; /* 65 east, -24 north, in the tracking frame */
    for (int i = 0; i < 3; i++) {
        flies_mps[i] = 65.0 * pose.rot[0][i] - 24.0 * pose.rot[1][i];
    }
    const struct sky_enu place = sky_geo_to_enu(&frame, &at);
    const struct test_target there = {
        .x = {place.east_m, place.north_m, place.up_m, flies_mps[0], flies_mps[1], flies_mps[2]}};
    const struct sky_state known = test_knowing(&there, 20.0, 5.0);
    assert_int_equal(components_of(&known, &m), bit(SKY_COMPONENT_EAST) | bit(SKY_COMPONENT_NORTH) |
                                                    bit(SKY_COMPONENT_HEIGHT) |
                                                    bit(SKY_COMPONENT_EAST_SPEED) |
                                                    bit(SKY_COMPONENT_NORTH_SPEED));
    const struct sky_lane_line east = line_of(&known, &m, SKY_COMPONENT_EAST_SPEED);
    const struct sky_lane_line north = line_of(&known, &m, SKY_COMPONENT_NORTH_SPEED);
    assert_near(east.residual[0], 5.0, 1e-9);
    assert_near(north.residual[0], 4.0, 1e-9);
    assert_near(east.variance[0], 9.0, 1e-9);
    assert_true(east.has_velocity);
    assert_near(east.by_place.v[0][0], 0.0, 0.0);
    assert_near(north.by_velocity.v[2][0], pose.rot[1][2], 0.0);
}

static void a_reported_velocity_is_known_from_the_first_report(void **state)
{
    (void)state;
    const struct sky_lla at = {0.352, 0.051, 3000.0};
    struct sky_measurement m = reported(&at, true, 10.0);
    struct sky_state began;
    m.has_velocity = true;
    m.vel_east_mps = 70.0;
    m.vel_north_mps = -20.0;
    m.sigma_velocity_mps = 3.0;
    sky_measure_start(&m, &pose, 100.0, &began);
    for (int i = 0; i < 3; i++) {
        assert_near(began.x[3 + i], 70.0 * pose.rot[0][i] - 20.0 * pose.rot[1][i], 1e-12);
    }
    assert_near(sqrt(sky_state_along(&began, 3, 3, pose.rot[0])), 3.0, 1e-9);
    assert_near(sqrt(sky_state_along(&began, 3, 3, pose.rot[1])), 3.0, 1e-9);
    assert_near(sqrt(sky_state_along(&began, 3, 3, pose.rot[2])), 100.0 / 3.0, 1e-9);
    assert_true(test_is_positive((const double(*)[6])began.p));
    m.sigma_velocity_mps = 500.0; /* worse than what is known of any */
    sky_measure_start(&m, &pose, 100.0, &began);
    assert_near(sqrt(sky_state_along(&began, 3, 3, pose.rot[0])), 100.0, 1e-9);
}

/* --- Height --------------------------------------------------------------------------------- */

/* The line's height minus the exact one at a place. */
static double height_error_m(double ground_m, double course_rad, double up_m)
{
    const struct test_target there = {.x = {pose.origin.east_m + ground_m * sin(course_rad),
                                            pose.origin.north_m + ground_m * cos(course_rad), up_m,
                                            60.0, 35.0, -4.0}};
    const struct sky_state known = test_knowing(&there, 1e-3, 1e-3);
    struct sky_measurement m = test_look(&radar, &pose, &there, 0);
    m.has_height = true;
    m.sigma_height_m = 1.0;
    m.height_hae_m = height_of(there.x) + 100.0;
    const struct sky_lane_line line = line_of(&known, &m, SKY_COMPONENT_HEIGHT);

    /* Its gradient, against the exact height's. */
    double row[6];
    test_row(&line, 0, row);
    for (int i = 0; i < 3; i++) {
        struct test_target moved = there;
        moved.x[i] += 10.0;
        const double slope = (height_of(moved.x) - height_of(there.x)) / 10.0;
        assert_near(row[i], slope, 2e-3 * ground_m / 300e3 + 2e-6);
    }
    return 100.0 - line.residual[0];
}

static void height_follows_the_curve_of_the_earth(void **state)
{
    (void)state;
    double worst_100_km = 0.0, worst_300_km = 0.0;
    for (double lat_rad = -1.5; lat_rad < 1.51; lat_rad += 0.25) {
        const struct sky_lla origin = {lat_rad, 2.0, 800.0};
        assert_int_equal(sky_geo_frame_init(&frame, &origin), SKY_OK);
        pose = test_pose(&frame, 3000.0, 4000.0, 100.0);
        for (double course_rad = 0.0; course_rad < 6.28; course_rad += 0.4) {
            worst_100_km = fmax(worst_100_km, fabs(height_error_m(100e3, course_rad, 5e3)));
            worst_300_km = fmax(worst_300_km, fabs(height_error_m(300e3, course_rad, 5e3)));
        }
    }
    print_message("height error: %.3f m at 100 km, %.3f m at 300 km\n", worst_100_km, worst_300_km);
    assert_true(worst_100_km < 0.2);
    assert_true(worst_300_km < 5.0);
}

static void repeating_a_height_proves_nothing(void **state)
{
    (void)state;
    const struct sky_state vague = test_knowing(&target, 1000.0, 1.0),
                           sure = test_knowing(&target, 10.0, 1.0);
    struct sky_measurement m = without_elevation(height_of(target.x), 300.0);
    struct sky_lanes at = test_lanes_of(&vague);
    for (int i = 0; i < 50; i++) {
        test_apply(&at, &m, &pose);
        assert_true(sqrt(at.p[11][0]) > 290.0);
    }
    assert_true(sqrt(at.p[11][0]) < 310.0);

    at = test_lanes_of(&sure); /* surer than the height: that is left alone */
    m.height_hae_m += 1000.0;
    test_apply(&at, &m, &pose);
    assert_near(at.x[2][0], target.x[2], 0.1);
    assert_true(at.p[0][0] < 100.0);
}

/* --- Applying ------------------------------------------------------------------------------- */

static void an_update_brings_what_bayes_says(void **state)
{
    (void)state;
    /* Along the line of sight everything is linear: range alone, prior 40 m, plot 30 m. */
    const struct sky_state known = test_knowing(&target, 40.0, 0.001);
    struct sky_lanes at = test_lanes_of(&known);
    struct sky_measurement m = look_now();
    double axis[3][3], moved_m = 0.0;
    directions(axis);
    m.slant_range_m += 50.0;
    test_apply(&at, &m, &pose);
    for (int i = 0; i < 3; i++) {
        moved_m += axis[0][i] * (at.x[i][0] - target.x[i]);
    }
    const struct sky_state after = test_lane(&at, 0);
    assert_near(moved_m, 50.0 * 1600.0 / 2500.0, 0.05);
    assert_near(sigma_along(&after, axis[0], 0), 24.0, 0.02);
}

static void no_lane_knows_of_another(void **state)
{
    (void)state;
    uint64_t seed = 5;
    const struct sky_measurement m = test_measure(&radar, &pose, &target, 0, &seed);
    static struct sky_state apart[SKY_LANES];
    static struct sky_lanes all;
    for (int k = 0; k < SKY_LANES; k++) {
        apart[k] = test_knowing(&target, 20.0 + 30.0 * k, 1.0 + k);
        apart[k].x[k] += 10.0;
        test_set_lane(&all, k, &apart[k]);
    }
    test_apply(&all, &m, &pose);
    for (int k = 0; k < SKY_LANES; k++) {
        struct sky_lanes alone = test_lanes_of(&apart[k]);
        test_apply(&alone, &m, &pose);
        for (int i = 0; i < 6; i++) {
            assert_true(all.x[i][k] == alone.x[i][(k + 1) % SKY_LANES]);
        }
        for (int i = 0; i < 21; i++) {
            assert_true(all.p[i][k] == alone.p[i][(k + 1) % SKY_LANES]);
        }
    }
}

static void no_line_is_surer_than_a_millionth_of_what_is_unknown(void **state)
{
    (void)state;
    double axis[3][3];
    directions(axis);
    const struct sky_state vague = knowing_but_for(axis[0], 1e6, 1e3);
    struct sky_measurement m = look_now();
    m.sigma_range_m = 1e-6;
    m.sigma_radial_mps = 1e-9;
    struct sky_lanes at = test_lanes_of(&vague);
    const struct sky_lane_line range = line_of(&vague, &m, SKY_COMPONENT_RANGE);
    assert_true(range.variance[0] > 0.3 && range.variance[0] < 1.0);
    for (int i = 0; i < 20; i++) {
        test_apply(&at, &m, &pose);
        const struct sky_state after = test_lane(&at, 0);
        assert_true(test_is_positive((const double(*)[6])after.p));
    }
    const struct sky_state after = test_lane(&at, 0);
    assert_true(sigma_along(&after, axis[0], 0) < 1.0);
}

static void a_start_is_positive_however_unequal_its_sigmas(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct sky_measurement m = look_now();
        struct sky_state began;
        m.slant_range_m = 1.4;
        m.sigma_range_m = k == 0 ? 1e4 : 0.01;
        m.sigma_azimuth_rad = k == 1 ? 1.0 : 1e-6;
        m.sigma_elevation_rad = k == 2 ? 1.0 : 1e-6;
        sky_measure_start(&m, &pose, 100.0, &began);
        assert_true(test_is_positive((const double(*)[6])began.p));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_sensor_stands_where_its_site_is, start),
        cmocka_unit_test_setup(a_site_off_the_earth_is_refused, start),
        cmocka_unit_test_setup(a_state_starts_where_the_plot_is, start),
        cmocka_unit_test_setup(without_doppler_every_direction_is_open, start),
        cmocka_unit_test_setup(a_moving_sensor_sees_speed_relative_to_itself, start),
        cmocka_unit_test_setup(an_unsure_time_widens_the_start, start),
        cmocka_unit_test_setup(a_wide_beam_bends_away_from_its_tangent, start),
        cmocka_unit_test_setup(overhead_the_place_is_as_sure_as_elevation_in_every_direction,
                               start),
        cmocka_unit_test_setup(a_2d_plot_starts_at_the_given_height, start),
        cmocka_unit_test_setup(a_height_out_of_reach_starts_somewhere_on_the_sphere_and_says_so,
                               start),
        cmocka_unit_test_setup(beside_an_elevation_a_height_waits_for_the_next_plot, start),
        cmocka_unit_test_setup(an_impossible_radial_speed_does_not_move_the_place, start),
        cmocka_unit_test_setup(a_start_takes_the_radial_speed_as_lanes_would, start),
        cmocka_unit_test_setup(a_start_is_positive_however_unequal_its_sigmas, start),
        cmocka_unit_test_setup(a_reported_place_starts_there, start),
        cmocka_unit_test_setup(a_line_is_the_tangent_of_its_measurement, start),
        cmocka_unit_test_setup(angles_are_exact_wherever_the_prediction_lies, start),
        cmocka_unit_test_setup(what_the_curve_of_a_range_hides_is_added_to_its_variance, start),
        cmocka_unit_test_setup(speed_across_hides_in_doppler_while_the_place_across_is_unsure,
                               start),
        cmocka_unit_test_setup(azimuth_fades_as_the_place_nears_the_vertical, start),
        cmocka_unit_test_setup(azimuth_does_not_jump_at_north, start),
        cmocka_unit_test_setup(azimuth_is_left_out_overhead, start),
        cmocka_unit_test_setup(azimuth_is_left_out_if_one_lane_cannot_use_it, start),
        cmocka_unit_test_setup(at_the_sensor_itself_everything_stays_finite, start),
        cmocka_unit_test_setup(an_unsure_time_widens_along_the_motion, start),
        cmocka_unit_test_setup(a_reported_place_is_compared_along_its_own_axes, start),
        cmocka_unit_test_setup(a_reported_velocity_is_compared_along_the_axes_of_its_place, start),
        cmocka_unit_test_setup(a_reported_velocity_is_known_from_the_first_report, start),
        cmocka_unit_test_setup(height_follows_the_curve_of_the_earth, start),
        cmocka_unit_test_setup(repeating_a_height_proves_nothing, start),
        cmocka_unit_test_setup(an_update_brings_what_bayes_says, start),
        cmocka_unit_test_setup(no_lane_knows_of_another, start),
        cmocka_unit_test_setup(no_line_is_surer_than_a_millionth_of_what_is_unknown, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
