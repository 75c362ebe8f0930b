#include "sky_test.h"

#include <float.h>
#include <string.h>

#include "sky_filter.h"
#include "test_radar.h"

static struct sky_geo_frame frame;
static struct sky_sensor_pose pose;
static struct sky_sensor_config radar;
static const struct test_target target = {.x = {22e3, -31e3, 4e3, 60.0, 35.0, -4.0}};

static int start(void **state)
{
    (void)state;
    frame = test_frame();
    pose = test_pose(&frame, 1000.0, -2000.0, 120.0);
    radar = test_radar();
    return 0;
}

/* A filter that knows the target as well as the sigmas say, without correlations. */
static struct sky_filter knowing(double sigma_m, double sigma_mps)
{
    struct sky_filter filter = {.time_ns = 50 * SKY_SECOND_NS};
    for (int i = 0; i < 6; i++) {
        filter.x[i] = target.x[i];
        filter.p[i][i] = i < 3 ? sigma_m * sigma_m : sigma_mps * sigma_mps;
    }
    return filter;
}

static struct sky_measurement look_now(void)
{
    return test_look(&radar, &pose, &target, 50 * SKY_SECOND_NS);
}

static double sigma_along(const struct sky_filter *filter, const double direction[3], int block)
{
    double sum = 0.0;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            sum += direction[i] * direction[j] * filter->p[block + i][block + j];
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

static void a_filter_starts_where_the_plot_is(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_filter filter;
    double axis[3][3];
    directions(axis);
    sky_filter_init(&filter, &m, &pose, 300.0);
    for (int i = 0; i < 3; i++) {
        assert_near(filter.x[i], target.x[i], 1e-6);
        assert_near(filter.x[3 + i], m.radial_speed_mps * axis[0][i], 1e-9);
    }
    const double ground_m = m.slant_range_m * cos(m.elevation_rad);
    assert_int_equal(filter.time_ns, m.time_ns);
    assert_near(sigma_along(&filter, axis[0], 0), 30.0, 0.01);
    assert_near(sigma_along(&filter, axis[1], 0), 0.0026 * ground_m, 1e-6);
    assert_near(sigma_along(&filter, axis[2], 0), 0.0035 * m.slant_range_m, 1e-6);
    const double slip_mps = 100.0 * hypot(0.0026 * cos(m.elevation_rad), 0.0035);
    assert_near(sigma_along(&filter, axis[0], 3), hypot(1.0, slip_mps), 1e-6);
    assert_near(sigma_along(&filter, axis[1], 3), 100.0, 1e-6);
    assert_near(sigma_along(&filter, axis[2], 3), 100.0, 1e-6);
}

static void without_doppler_every_direction_is_open(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_filter filter;
    double axis[3][3];
    directions(axis);
    m.has_radial_speed = false;
    pose.velocity_mps.east_m = 20.0;
    sky_filter_init(&filter, &m, &pose, 300.0);
    assert_near(filter.x[3], 20.0, 0.0);
    assert_near(sigma_along(&filter, axis[0], 3), 100.0, 0.01);
}

static void an_unsure_time_widens_the_start(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_filter filter;
    double axis[3][3];
    directions(axis);
    m.time_sigma_ns = SKY_SECOND_NS / 2;
    sky_filter_init(&filter, &m, &pose, 300.0);
    assert_near(sigma_along(&filter, axis[0], 0), sqrt(30.0 * 30.0 + 50.0 * 50.0), 0.01);
}

static void a_wide_azimuth_bends_away_from_its_tangent(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_filter filter;
    double axis[3][3];
    directions(axis);
    m.sigma_azimuth_rad = 0.1;
    sky_filter_init(&filter, &m, &pose, 300.0);
    const double arc_m = m.slant_range_m * cos(m.elevation_rad) * 0.01 / sqrt(2.0);
    assert_near(sigma_along(&filter, axis[0], 0), sqrt(900.0 + arc_m * arc_m), 0.1);
}

static void overhead_the_place_is_as_sure_as_elevation_in_every_direction(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_filter filter;
    m.elevation_rad = SKY_TEST_PI / 2.0 - 0.001;
    m.slant_range_m = 5000.0;
    sky_filter_init(&filter, &m, &pose, 300.0);
    const double east[3] = {1.0, 0.0, 0.0}, north[3] = {0.0, 1.0, 0.0};
    assert_near(sigma_along(&filter, east, 0), 0.0035 * 5000.0, 0.1);
    assert_near(sigma_along(&filter, north, 0), 0.0035 * 5000.0, 0.1);
}

static double height_of(const double x[3])
{
    const struct sky_enu at = {x[0], x[1], x[2]};
    return sky_geo_from_enu(&frame, &at).alt_hae_m;
}

static void a_2d_plot_starts_at_the_given_height(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_filter filter;
    m.has_elevation = false;
    m.has_height = true;
    m.height_hae_m = height_of(target.x);
    m.sigma_height_m = 200.0;
    sky_filter_init(&filter, &m, &pose, 300.0);
    for (int i = 0; i < 3; i++) {
        assert_near(filter.x[i], target.x[i], 1.0);
    }
    assert_near(height_of(filter.x), m.height_hae_m, 0.1);
    assert_near(sqrt(filter.p[2][2]), 200.0, 4.0);
}

static void a_height_out_of_reach_starts_somewhere_on_the_sphere_and_says_so(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_filter filter;
    m.has_elevation = false;
    m.has_height = true;
    m.slant_range_m = 900.0;
    m.sigma_height_m = 3000.0;
    for (int sign = -1; sign <= 1; sign += 2) {
        m.height_hae_m = sign * 4000.0;
        sky_filter_init(&filter, &m, &pose, 300.0);
        const double rise_m = height_of(filter.x) - pose.height_hae_m;
        assert_near(rise_m, sign * 720.0, 1.0);
        assert_near(sqrt(filter.p[2][2]), 0.5 * 900.0 * 0.6, 25.0);
        assert_true(test_nees(&filter, &target) >= 0.0);
    }
}

static void elevation_and_height_start_it_together(void **state)
{
    (void)state;
    struct sky_measurement m = look_now();
    struct sky_filter filter;
    m.sigma_elevation_rad = 0.01; /* 380 m here */
    m.elevation_rad += 0.01;
    m.has_height = true;
    m.height_hae_m = height_of(target.x);
    m.sigma_height_m = 50.0;
    sky_filter_init(&filter, &m, &pose, 300.0);
    assert_near(height_of(filter.x), m.height_hae_m, 10.0);
    assert_near(sqrt(filter.p[2][2]), 50.0, 2.0);
}

/* --- Motion --------------------------------------------------------------------------------- */

static void the_state_moves_and_spreads_as_white_noise_acceleration_says(void **state)
{
    (void)state;
    struct sky_filter filter = knowing(10.0, 2.0);
    sky_filter_predict(&filter, 53 * SKY_SECOND_NS, 4.0, 1.0);
    assert_int_equal(filter.time_ns, 53 * SKY_SECOND_NS);
    assert_near(filter.x[0], target.x[0] + 180.0, 1e-9);
    assert_near(filter.p[0][0], 100.0 + 9.0 * 4.0 + 4.0 * 27.0 / 3.0, 1e-9);
    assert_near(filter.p[0][3], 3.0 * 4.0 + 4.0 * 9.0 / 2.0, 1e-9);
    assert_near(filter.p[3][3], 4.0 + 4.0 * 3.0, 1e-9);
    assert_near(filter.p[2][2], 100.0 + 9.0 * 4.0 + 1.0 * 27.0 / 3.0, 1e-9);
    assert_near(filter.p[5][2], 3.0 * 4.0 + 1.0 * 9.0 / 2.0, 1e-9);
}

static void two_small_steps_are_one_large_step(void **state)
{
    (void)state;
    struct sky_filter once = knowing(10.0, 2.0), twice = once;
    sky_filter_predict(&once, 60 * SKY_SECOND_NS, 4.0, 1.0);
    sky_filter_predict(&twice, 53 * SKY_SECOND_NS, 4.0, 1.0);
    sky_filter_predict(&twice, 60 * SKY_SECOND_NS, 4.0, 1.0);
    for (int i = 0; i < 6; i++) {
        assert_near(twice.x[i], once.x[i], 1e-9);
        for (int j = 0; j < 6; j++) {
            assert_near(twice.p[i][j], once.p[i][j], 1e-9);
        }
    }
}

/* --- Measuring ------------------------------------------------------------------------------ */

static void components(const struct sky_measurement *m, double ret_z[4])
{
    ret_z[0] = m->slant_range_m;
    ret_z[1] = m->azimuth_rad;
    ret_z[2] = m->elevation_rad;
    ret_z[3] = m->radial_speed_mps;
}

/* Solves s * y = b for 4 unknowns and returns det(s). */
static double solve4(double s[4][4], double b[4])
{
    double det = 1.0;
    for (int k = 0; k < 4; k++) {
        det *= s[k][k];
        for (int i = k + 1; i < 4; i++) {
            const double f = s[i][k] / s[k][k];
            for (int j = k; j < 4; j++) {
                s[i][j] -= f * s[k][j];
            }
            b[i] -= f * b[k];
        }
    }
    for (int k = 3; k >= 0; k--) {
        for (int j = k + 1; j < 4; j++) {
            b[k] -= s[k][j] * b[j];
        }
        b[k] /= s[k][k];
    }
    return det;
}

static void the_distance_is_that_of_the_whole_innovation_matrix(void **state)
{
    (void)state;
    struct sky_filter filter = knowing(20.0, 3.0);
    filter.p[0][1] = filter.p[1][0] = 250.0; /* correlations that a sequential sum would miss */
    filter.p[0][3] = filter.p[3][0] = 40.0;
    filter.p[1][4] = filter.p[4][1] = -30.0;
    uint64_t seed = 3;
    const struct sky_measurement m =
        test_measure(&radar, &pose, &target, 50 * SKY_SECOND_NS, &seed);
    const struct sky_measurement exact = look_now();
    double z[4], z0[4], h[4][6], s[4][4], d[4], y[4], distance2 = 0.0;

    components(&m, z);
    components(&exact, z0);
    for (int j = 0; j < 6; j++) { /* the measurement's derivatives, by differences */
        struct test_target a = target, b = target;
        double za[4], zb[4];
        a.x[j] += 1.0;
        b.x[j] -= 1.0;
        const struct sky_measurement ma = test_look(&radar, &pose, &a, 0);
        const struct sky_measurement mb = test_look(&radar, &pose, &b, 0);
        components(&ma, za);
        components(&mb, zb);
        for (int i = 0; i < 4; i++) {
            h[i][j] = 0.5 * (za[i] - zb[i]);
        }
    }
    const double sigma[4] = {30.0, 0.0026, 0.0035, 1.0};
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            s[i][j] = i == j ? sigma[i] * sigma[i] : 0.0;
            for (int k = 0; k < 36; k++) {
                s[i][j] += h[i][k / 6] * filter.p[k / 6][k % 6] * h[j][k % 6];
            }
        }
        d[i] = y[i] = z[i] - z0[i];
    }
    const double det = solve4(s, y);
    for (int i = 0; i < 4; i++) {
        distance2 += d[i] * y[i];
    }

    struct sky_filter_comparison innovation, from_update;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &innovation));
    assert_int_equal(innovation.dimension, 4);
    assert_near(innovation.distance2, distance2, 1e-3 * distance2);
    assert_near(innovation.log_det_s, log(det), 1e-3);

    struct sky_filter silent = filter;
    sky_filter_update(&filter, &m, &pose, 4.0, 1.0, &from_update);
    assert_near(from_update.distance2, innovation.distance2, 0.0);
    sky_filter_update(&silent, &m, &pose, 4.0, 1.0, NULL);
    assert_memory_equal(filter.x, silent.x, sizeof filter.x);
}

/* Knows the target well but for its place, and its speed, along one direction. */
static struct sky_filter knowing_but_for(const double direction[3], double sigma_m,
                                         double sigma_mps)
{
    struct sky_filter filter = knowing(1.0, 0.1);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            filter.p[i][j] += sigma_m * sigma_m * direction[i] * direction[j];
            filter.p[3 + i][3 + j] += sigma_mps * sigma_mps * direction[i] * direction[j];
        }
    }
    return filter;
}

static void what_the_curve_of_a_range_hides_is_added_to_its_variance(void **state)
{
    (void)state;
    double axis[3][3];
    directions(axis);
    const struct sky_filter filter = knowing_but_for(axis[1], 3000.0, 0.0);
    struct sky_measurement m = look_now();
    struct sky_filter_comparison innovation;
    m.has_radial_speed = false;
    m.slant_range_m += 200.0;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &innovation));
    const double sag_m2 = 0.5 * pow(9e6 / m.slant_range_m, 2.0);
    assert_near(innovation.distance2, 4e4 / (901.0 + sag_m2), 0.03);
}

static void speed_across_hides_in_doppler_while_the_place_across_is_unsure(void **state)
{
    (void)state;
    double axis[3][3];
    for (int k = 1; k < 3; k++) {
        directions(axis);
        const struct sky_filter filter = knowing_but_for(axis[k], 3000.0, 100.0);
        struct sky_measurement m = look_now();
        struct sky_filter_comparison innovation;
        m.radial_speed_mps += 15.0;
        assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &innovation));
        const double hidden_m2ps2 = pow(3000.0 * 100.0 / m.slant_range_m, 2.0);
        assert_near(innovation.distance2, 225.0 / (1.0 + hidden_m2ps2), 0.1);
    }
}

static void azimuth_fades_as_the_place_nears_the_vertical(void **state)
{
    (void)state;
    struct sky_filter filter = knowing(500.0, 0.1);
    filter.x[0] = pose.origin.east_m;
    filter.x[1] = pose.origin.north_m + 1000.0;
    struct test_target near = {.x = {filter.x[0], filter.x[1], filter.x[2], 60.0, 35.0, -4.0}};
    struct sky_measurement m = test_look(&radar, &pose, &near, filter.time_ns);
    struct sky_filter_comparison innovation;
    m.has_radial_speed = false;
    m.azimuth_rad += 0.5;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &innovation));
    assert_int_equal(innovation.dimension, 3);
    assert_near(innovation.distance2, 0.25 / (0.25 + 0.0625), 0.01);

    m.azimuth_rad -= 0.5; /* and elevation, which bends with the place across, a little */
    m.elevation_rad += 0.1;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &innovation));
    const double r = m.slant_range_m;
    const double bend = 2.5e5 * sin(m.elevation_rad - 0.1) / (1000.0 * r);
    assert_near(innovation.distance2, 0.01 / (2.5e5 / (r * r) + 0.5 * bend * bend), 0.01);
}

static void a_range_beyond_the_limit_ends_the_comparison_and_only_then(void **state)
{
    (void)state;
    const struct sky_filter filter = knowing(50.0, 5.0);
    struct test_target near = {.x = {filter.x[0], filter.x[1], filter.x[2], 60.0, 35.0, -4.0}};
    struct sky_measurement m = test_look(&radar, &pose, &near, filter.time_ns);
    struct sky_filter_comparison innovation = {.dimension = 77};
    m.slant_range_m += 1000.0;
    assert_false(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 40.0, &innovation));
    assert_int_equal(innovation.dimension, 77);
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &innovation));
    const double all2 = innovation.distance2;
    assert_true(all2 > 40.0);
    assert_false(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 0.99 * all2, &innovation));
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1.01 * all2, &innovation));
    assert_near(innovation.distance2, all2, 0.0);
}

static void an_update_brings_what_bayes_says(void **state)
{
    (void)state;
    /* Along the line of sight everything is linear: range alone, prior 40 m, plot 30 m. */
    struct sky_filter filter = knowing(40.0, 0.001);
    struct sky_measurement m = look_now();
    double axis[3][3];
    directions(axis);
    m.slant_range_m += 50.0;
    sky_filter_update(&filter, &m, &pose, 4.0, 1.0, NULL);
    double moved_m = 0.0;
    for (int i = 0; i < 3; i++) {
        moved_m += axis[0][i] * (filter.x[i] - target.x[i]);
    }
    assert_near(moved_m, 50.0 * 1600.0 / 2500.0, 0.05);
    assert_near(sigma_along(&filter, axis[0], 0), 24.0, 0.02);
}

static void azimuth_does_not_jump_at_north(void **state)
{
    (void)state;
    struct sky_filter filter = knowing(50.0, 5.0);
    filter.x[0] = pose.origin.east_m;
    filter.x[1] = pose.origin.north_m + 30e3;
    struct test_target north = {.x = {filter.x[0], filter.x[1], filter.x[2], 60.0, 35.0, -4.0}};
    struct sky_measurement m = test_look(&radar, &pose, &north, filter.time_ns);
    struct sky_filter_comparison left, right;
    m.azimuth_rad = 0.004;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &right));
    m.azimuth_rad = 2.0 * SKY_TEST_PI - 0.004;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &left));
    assert_true(left.distance2 < 4.0 && right.distance2 < 4.0);
}

static void azimuth_is_left_out_overhead(void **state)
{
    (void)state;
    struct sky_filter filter = knowing(50.0, 5.0);
    filter.x[0] = pose.origin.east_m + 30.0;
    filter.x[1] = pose.origin.north_m;
    struct test_target above = {.x = {filter.x[0], filter.x[1], filter.x[2], 60.0, 35.0, -4.0}};
    struct sky_measurement m = test_look(&radar, &pose, &above, filter.time_ns);
    struct sky_filter_comparison innovation;
    m.azimuth_rad += 3.0;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &innovation));
    assert_int_equal(innovation.dimension, 3);
    assert_true(innovation.distance2 < 1.0);
    sky_filter_update(&filter, &m, &pose, 4.0, 1.0, NULL);
    assert_near(filter.x[0], above.x[0], 30.0);
}

static void at_the_sensor_itself_everything_stays_finite(void **state)
{
    (void)state;
    struct sky_filter filter = knowing(50.0, 5.0);
    struct sky_filter_comparison innovation;
    filter.x[0] = pose.origin.east_m;
    filter.x[1] = pose.origin.north_m;
    filter.x[2] = pose.origin.up_m;
    struct sky_measurement m = look_now();
    m.slant_range_m = 1.0;
    sky_filter_update(&filter, &m, &pose, 4.0, 1.0, &innovation);
    assert_true(isfinite(innovation.distance2) && isfinite(innovation.log_det_s));
    for (int i = 0; i < 6; i++) {
        assert_true(isfinite(filter.x[i]));
    }
    assert_true(test_nees(&filter, &target) >= 0.0);
}

static void an_unsure_time_widens_along_the_motion(void **state)
{
    (void)state;
    struct sky_filter filter = knowing(1.0, 0.1);
    struct sky_measurement m = look_now();
    struct sky_filter_comparison sure, unsure;
    m.slant_range_m += 60.0;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &sure));
    m.time_sigma_ns = SKY_SECOND_NS;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &unsure));
    const double moved2_m2 = m.radial_speed_mps * m.radial_speed_mps;
    assert_near(sure.distance2, 3600.0 / 901.0, 0.02);
    assert_near(unsure.distance2, 3600.0 / (901.0 + moved2_m2), 0.02);
}

/* --- Height --------------------------------------------------------------------------------- */

/* The filter's height minus the exact one at a place, by the distance it sees. */
static double height_error_m(double ground_m, double course_rad, double up_m)
{
    struct sky_filter filter = knowing(1e-3, 1e-3);
    const struct test_target there = {.x = {pose.origin.east_m + ground_m * sin(course_rad),
                                            pose.origin.north_m + ground_m * cos(course_rad), up_m,
                                            60.0, 35.0, -4.0}};
    struct sky_measurement m = test_look(&radar, &pose, &there, filter.time_ns);
    struct sky_filter_comparison innovation;
    memcpy(filter.x, there.x, sizeof filter.x);
    m.has_elevation = false;
    m.has_radial_speed = false;
    m.has_height = true;
    m.sigma_height_m = 1.0;
    m.height_hae_m = height_of(there.x) + 100.0;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 1.0, 1e300, &innovation));
    assert_int_equal(innovation.dimension, 3);
    return 100.0 - sqrt(innovation.distance2);
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
    struct sky_filter filter = knowing(1000.0, 1.0);
    struct sky_measurement m = look_now();
    m.has_elevation = false;
    m.has_height = true;
    m.height_hae_m = height_of(target.x);
    m.sigma_height_m = 300.0;
    for (int i = 0; i < 50; i++) {
        sky_filter_update(&filter, &m, &pose, 4.0, 1.0, NULL);
        assert_true(sqrt(filter.p[2][2]) > 290.0);
    }
    assert_true(sqrt(filter.p[2][2]) < 310.0);

    filter = knowing(10.0, 1.0); /* surer than the height: that is left alone */
    m.height_hae_m += 1000.0;
    sky_filter_update(&filter, &m, &pose, 4.0, 1.0, NULL);
    assert_near(filter.x[2], target.x[2], 0.1);
    assert_true(filter.p[0][0] < 100.0);
}

/* --- Late ----------------------------------------------------------------------------------- */

static void without_process_noise_order_does_not_matter(void **state)
{
    (void)state;
    uint64_t seed = 5;
    struct test_target flying = target;
    struct sky_filter in_order = knowing(60.0, 5.0), late = in_order;
    const int64_t early_ns = 52 * SKY_SECOND_NS, later_ns = 60 * SKY_SECOND_NS;

    test_fly(&flying, 2.0, 0.0, 0.0, &seed);
    const struct sky_measurement first = test_measure(&radar, &pose, &flying, early_ns, &seed);
    test_fly(&flying, 8.0, 0.0, 0.0, &seed);
    const struct sky_measurement second = test_measure(&radar, &pose, &flying, later_ns, &seed);

    sky_filter_predict(&in_order, early_ns, 0.0, 0.0);
    sky_filter_update(&in_order, &first, &pose, 0.0, 0.0, NULL);
    sky_filter_predict(&in_order, later_ns, 0.0, 0.0);
    sky_filter_update(&in_order, &second, &pose, 0.0, 0.0, NULL);

    sky_filter_predict(&late, later_ns, 0.0, 0.0);
    sky_filter_update(&late, &second, &pose, 0.0, 0.0, NULL);
    sky_filter_update(&late, &first, &pose, 0.0, 0.0, NULL);
    assert_int_equal(late.time_ns, later_ns);
    for (int i = 0; i < 6; i++) {
        assert_near(late.x[i], in_order.x[i], 0.05 * sqrt(in_order.p[i][i]));
        assert_near(sqrt(late.p[i][i]), sqrt(in_order.p[i][i]), i < 3 ? 0.3 : 0.05);
    }
}

static void a_late_plot_weighs_less_by_the_noise_of_the_way(void **state)
{
    (void)state;
    const struct sky_filter filter = knowing(1.0, 0.1);
    struct test_target before = target;
    uint64_t seed = 1;
    test_fly(&before, -6.0, 0.0, 0.0, &seed);
    struct sky_measurement m = test_look(&radar, &pose, &before, 44 * SKY_SECOND_NS);
    struct sky_filter_comparison innovation;
    m.slant_range_m += 100.0;
    m.has_radial_speed = false;
    assert_true(sky_filter_innovation(&filter, &m, &pose, 4.0, 4.0, 1e300, &innovation));
    const double noise_m2 = 4.0 * 216.0 / 3.0; /* q t^3 / 3, isotropic here */
    assert_near(innovation.distance2, 1e4 / (900.0 + 1.0 + 0.36 + noise_m2), 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_sensor_stands_where_its_site_is, start),
        cmocka_unit_test_setup(a_site_off_the_earth_is_refused, start),
        cmocka_unit_test_setup(a_filter_starts_where_the_plot_is, start),
        cmocka_unit_test_setup(without_doppler_every_direction_is_open, start),
        cmocka_unit_test_setup(an_unsure_time_widens_the_start, start),
        cmocka_unit_test_setup(a_wide_azimuth_bends_away_from_its_tangent, start),
        cmocka_unit_test_setup(overhead_the_place_is_as_sure_as_elevation_in_every_direction,
                               start),
        cmocka_unit_test_setup(a_2d_plot_starts_at_the_given_height, start),
        cmocka_unit_test_setup(a_height_out_of_reach_starts_somewhere_on_the_sphere_and_says_so,
                               start),
        cmocka_unit_test_setup(elevation_and_height_start_it_together, start),
        cmocka_unit_test_setup(the_state_moves_and_spreads_as_white_noise_acceleration_says, start),
        cmocka_unit_test_setup(two_small_steps_are_one_large_step, start),
        cmocka_unit_test_setup(the_distance_is_that_of_the_whole_innovation_matrix, start),
        cmocka_unit_test_setup(what_the_curve_of_a_range_hides_is_added_to_its_variance, start),
        cmocka_unit_test_setup(speed_across_hides_in_doppler_while_the_place_across_is_unsure,
                               start),
        cmocka_unit_test_setup(azimuth_fades_as_the_place_nears_the_vertical, start),
        cmocka_unit_test_setup(a_range_beyond_the_limit_ends_the_comparison_and_only_then, start),
        cmocka_unit_test_setup(an_update_brings_what_bayes_says, start),
        cmocka_unit_test_setup(azimuth_does_not_jump_at_north, start),
        cmocka_unit_test_setup(azimuth_is_left_out_overhead, start),
        cmocka_unit_test_setup(at_the_sensor_itself_everything_stays_finite, start),
        cmocka_unit_test_setup(an_unsure_time_widens_along_the_motion, start),
        cmocka_unit_test_setup(height_follows_the_curve_of_the_earth, start),
        cmocka_unit_test_setup(repeating_a_height_proves_nothing, start),
        cmocka_unit_test_setup(without_process_noise_order_does_not_matter, start),
        cmocka_unit_test_setup(a_late_plot_weighs_less_by_the_noise_of_the_way, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
