#include "sky_gnss.h"

#include <string.h>

#include "sky_test.h"

static const double rad = 3.14159265358979323846 / 180.0;

/* A good 3D fix, as a receiver under open sky gives it. */
static struct sky_gnss_report good(void)
{
    return (struct sky_gnss_report){
        .mode = 3,
        .has_time = true,
        .utc_ns = INT64_C(1767323045250000000),
        .lat_deg = 19.95,
        .lon_deg = 2.97,
        .alt_hae_m = 512.5,
        .alt_msl_m = 480.0,
        .err_lon_m = 3.92,
        .err_lat_m = 1.96,
        .err_alt_m = 9.8,
        .err_time_s = 0.005,
        .speed_mps = 1.5,
        .course_deg = 90.0,
        .climb_mps = 0.0,
        .satellites_used = 9,
    };
}

static struct sky_gnss_fix decoded(const struct sky_gnss_report *report)
{
    struct sky_gnss_fix fix = {0};
    const char *item = "";
    if (sky_gnss_decode(report, &fix, &item) != SKY_OK) {
        fail_msg("refused for %s", item);
    }
    return fix;
}

/* The report must be refused for that reason, and nothing else touched. */
static void assert_refused(const struct sky_gnss_report *report, const char *wanted)
{
    struct sky_gnss_fix fix, before;
    const char *item = "";
    memset(&fix, 0x5A, sizeof fix);
    memcpy(&before, &fix, sizeof fix);
    assert_int_equal(sky_gnss_decode(report, &fix, &item), SKY_E_CORRUPT);
    assert_string_equal(item, wanted);
    assert_memory_equal(&fix, &before, sizeof fix);
}

static void a_good_fix_holds_everything(void **state)
{
    (void)state;
    const struct sky_gnss_report report = good();
    const struct sky_gnss_fix fix = decoded(&report);
    assert_int_equal(fix.has,
                     SKY_GNSS_TIME | SKY_GNSS_POSITION | SKY_GNSS_ALTITUDE | SKY_GNSS_VELOCITY);
    assert_int_equal(fix.utc_ns, INT64_C(1767323045250000000));
    assert_near(fix.place.lat_rad, 19.95 * rad, 1e-15);
    assert_near(fix.place.lon_rad, 2.97 * rad, 1e-15);
    assert_near(fix.place.alt_hae_m, 512.5, 0.0);
    assert_near(fix.speed_mps, 1.5, 0.0);
    assert_near(fix.course_rad, 90.0 * rad, 1e-15);
    assert_int_equal(fix.satellites_used, 9);
}

static void stated_95_percent_errors_become_sigmas_and_the_worse_axis_counts(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    assert_near(decoded(&report).sigma_horizontal_m, 2.0, 1e-12);
    assert_near(decoded(&report).sigma_vertical_m, 5.0, 1e-12);
    report.err_lat_m = 19.6;
    assert_near(decoded(&report).sigma_horizontal_m, 10.0, 1e-12);
}

static void an_unstated_or_zero_error_is_never_taken_for_certainty(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.err_lon_m = report.err_lat_m = report.err_alt_m = report.err_time_s = (double)NAN;
    struct sky_gnss_fix fix = decoded(&report);
    assert_near(fix.sigma_horizontal_m, SKY_GNSS_SIGMA_HORIZONTAL_M, 0.0);
    assert_near(fix.sigma_vertical_m, SKY_GNSS_SIGMA_VERTICAL_M, 0.0);
    assert_int_equal(fix.utc_sigma_ns, SKY_GNSS_DELAY_SIGMA_NS);

    report.err_lon_m = report.err_lat_m = report.err_alt_m = 0.0;
    report.err_time_s = -1.0;
    fix = decoded(&report);
    assert_near(fix.sigma_horizontal_m, SKY_GNSS_SIGMA_HORIZONTAL_M, 0.0);
    assert_near(fix.sigma_vertical_m, SKY_GNSS_SIGMA_VERTICAL_M, 0.0);
    assert_int_equal(fix.utc_sigma_ns, SKY_GNSS_DELAY_SIGMA_NS);
}

static void a_stated_time_error_adds_to_the_delay_of_the_line(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.err_time_s = 1.96;
    assert_near((double)decoded(&report).utc_sigma_ns, sqrt(1.0 + 0.0625) * 1e9, 2.0);
    report.err_time_s = 1e300;
    assert_int_equal(decoded(&report).utc_sigma_ns, 3600 * SKY_SECOND_NS);
}

static void leap_seconds_that_a_receiver_lacks_are_part_of_its_error(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.err_time_s = (double)NAN;
    report.receiver.said = true;
    static const int32_t fine_s[] = {-1, 0, 18, 19};
    for (size_t i = 0; i < sizeof fine_s / sizeof *fine_s; i++) {
        report.receiver.leap_s = fine_s[i];
        assert_int_equal(decoded(&report).utc_sigma_ns, SKY_GNSS_DELAY_SIGMA_NS);
    }
    report.receiver.leap_s = 16; /* the make's own: two have been added since */
    assert_near((double)decoded(&report).utc_sigma_ns, sqrt(4.0 + 0.0625) * 1e9, 2.0);
    report.receiver.said = false;
    assert_int_equal(decoded(&report).utc_sigma_ns, SKY_GNSS_DELAY_SIGMA_NS);
}

static void a_receiver_that_simulates_is_no_witness(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.receiver.said = true;
    for (int32_t status = -1; status <= 9; status++) {
        report.receiver.status = status;
        if (status == 8) {
            assert_refused(&report, "gnss.status");
        } else {
            assert_true(decoded(&report).has & SKY_GNSS_POSITION); /* whatever it calls its fix */
        }
    }
    report.receiver.said = false;
    report.receiver.status = 8;
    assert_true(decoded(&report).has & SKY_GNSS_POSITION);
}

static void without_a_fix_nothing_is_believed_not_even_the_time(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    for (int32_t mode = -1; mode <= 5; mode++) {
        report.mode = mode;
        if (mode != 2 && mode != 3) {
            assert_refused(&report, "gnss.mode");
        }
    }
}

static void a_3d_fix_with_nan_latitude_is_still_good_for_time(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.lat_deg = (double)NAN;
    const struct sky_gnss_fix fix = decoded(&report);
    assert_int_equal(fix.has, SKY_GNSS_TIME);
    assert_near(fix.place.lon_rad, 0.0, 0.0);

    report.has_time = false;
    assert_refused(&report, "gnss.position");
    report = good();
    report.lon_deg = (double)INFINITY;
    assert_int_equal(decoded(&report).has, SKY_GNSS_TIME);
}

static void a_fix_without_time_is_still_good_for_position(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.has_time = false;
    const struct sky_gnss_fix fix = decoded(&report);
    assert_false(fix.has & SKY_GNSS_TIME);
    assert_true(fix.has & SKY_GNSS_POSITION);
    assert_int_equal(fix.utc_ns, 0);
}

static void height_above_the_sea_is_never_taken_for_height_above_the_ellipsoid(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.alt_hae_m = (double)NAN;
    assert_false(decoded(&report).has & SKY_GNSS_ALTITUDE);
    assert_near(decoded(&report).place.alt_hae_m, 0.0, 0.0);

    report = good();
    report.mode = 2;
    assert_false(decoded(&report).has & SKY_GNSS_ALTITUDE);
    assert_near(decoded(&report).place.alt_hae_m, 0.0, 0.0);
}

static void velocity_needs_both_speed_and_course(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.speed_mps = (double)NAN;
    assert_false(decoded(&report).has & SKY_GNSS_VELOCITY);
    report = good();
    report.course_deg = (double)NAN;
    assert_false(decoded(&report).has & SKY_GNSS_VELOCITY);
}

static void values_that_cannot_be_condemn_the_whole_report(void **state)
{
    (void)state;
    const struct {
        size_t at;
        double value;
        const char *item;
    } wrong[] = {
        {offsetof(struct sky_gnss_report, lat_deg), 90.01, "gnss.latitude"},
        {offsetof(struct sky_gnss_report, lat_deg), -90.01, "gnss.latitude"},
        {offsetof(struct sky_gnss_report, lon_deg), 180.01, "gnss.longitude"},
        {offsetof(struct sky_gnss_report, lon_deg), -180.01, "gnss.longitude"},
        {offsetof(struct sky_gnss_report, alt_hae_m), -1000.1, "gnss.altitude"},
        {offsetof(struct sky_gnss_report, alt_hae_m), 100000.1, "gnss.altitude"},
        {offsetof(struct sky_gnss_report, speed_mps), -0.1, "gnss.speed"},
        {offsetof(struct sky_gnss_report, speed_mps), 10000.1, "gnss.speed"},
        {offsetof(struct sky_gnss_report, course_deg), -0.1, "gnss.course"},
        {offsetof(struct sky_gnss_report, course_deg), 360.1, "gnss.course"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct sky_gnss_report report = good();
        memcpy((char *)&report + wrong[i].at, &wrong[i].value, sizeof(double));
        assert_refused(&report, wrong[i].item);
    }
}

static void the_edges_of_the_earth_are_places(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.lat_deg = -90.0;
    report.lon_deg = 180.0;
    report.course_deg = 360.0;
    const struct sky_gnss_fix fix = decoded(&report);
    assert_near(fix.place.lat_rad, -90.0 * rad, 1e-15);
    assert_near(fix.place.lon_rad, 180.0 * rad, 1e-15);
    assert_near(fix.course_rad, 0.0, 0.0); /* 360 degrees is north, and north is 0 */
}

static void null_island_has_the_same_bits_however_its_zero_is_signed(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.lat_deg = report.lon_deg = report.alt_hae_m = 0.0;
    report.speed_mps = report.course_deg = 0.0;
    const struct sky_gnss_fix plain = decoded(&report);
    report.lat_deg = report.lon_deg = report.alt_hae_m = -0.0;
    report.speed_mps = report.course_deg = -0.0;
    const struct sky_gnss_fix minus = decoded(&report);
    assert_true(plain.has & SKY_GNSS_POSITION);
    assert_false(signbit(minus.place.lat_rad) || signbit(minus.place.lon_rad) ||
                 signbit(minus.place.alt_hae_m) || signbit(minus.speed_mps) ||
                 signbit(minus.course_rad));
    assert_near(plain.place.lat_rad, 0.0, 0.0);
}

static void an_unknown_number_of_satellites_is_none(void **state)
{
    (void)state;
    struct sky_gnss_report report = good();
    report.satellites_used = -1;
    assert_int_equal(decoded(&report).satellites_used, 0);
}

/* A good report with nothing but what a receiver says beside it. */
static struct sky_gnss_report beside(void)
{
    struct sky_gnss_report report = good();
    report.receiver = (struct sky_receiver_report){.said = true};
    report.receiver.heading_deg = (double)NAN;
    return report;
}

static void without_errors_of_gpsd_those_of_the_receiver_hold_and_then_eph(void **state)
{
    (void)state;
    struct sky_gnss_report report = beside();
    report.err_lon_m = report.err_lat_m = report.err_alt_m = (double)NAN;
    report.receiver.gst_lon_m = 3.0;
    report.receiver.gst_lat_m = 4.0;
    report.receiver.gst_alt_m = 7.0;
    report.receiver.err_place_m = 189.0;
    assert_near(decoded(&report).sigma_horizontal_m, 4.0, 0.0);
    assert_near(decoded(&report).sigma_vertical_m, 7.0, 0.0);

    report.receiver.gst_lat_m = (double)NAN; /* of one axis only eph is left */
    assert_near(decoded(&report).sigma_horizontal_m, 189.0, 0.0);
    report.receiver.err_place_m = (double)INFINITY;
    report.receiver.gst_alt_m = -1.0;
    assert_near(decoded(&report).sigma_horizontal_m, SKY_GNSS_SIGMA_HORIZONTAL_M, 0.0);
    assert_near(decoded(&report).sigma_vertical_m, SKY_GNSS_SIGMA_VERTICAL_M, 0.0);

    report = good(); /* and what gpsd does say, counts */
    report.receiver.said = true;
    report.receiver.gst_lon_m = report.receiver.gst_lat_m = 50.0;
    assert_near(decoded(&report).sigma_horizontal_m, 2.0, 1e-12);
    report.err_lon_m = (double)NAN;
    report.receiver.said = false; /* then its numbers mean nothing */
    assert_near(decoded(&report).sigma_horizontal_m, SKY_GNSS_SIGMA_HORIZONTAL_M, 0.0);
}

static void a_heading_is_taken_where_one_is_given(void **state)
{
    (void)state;
    struct sky_gnss_report report = beside();
    assert_false(decoded(&report).has & SKY_GNSS_HEADING);
    report.receiver.heading_deg = 270.0;
    assert_true(decoded(&report).has & SKY_GNSS_HEADING);
    assert_near(decoded(&report).heading_rad, 270.0 * rad, 1e-15);
    report.receiver.heading_deg = 360.0;
    assert_near(decoded(&report).heading_rad, 0.0, 0.0);
    report.receiver.heading_deg = -0.5;
    assert_refused(&report, "gnss.heading");
    report.receiver.heading_deg = 360.5;
    assert_refused(&report, "gnss.heading");
    report.receiver.said = false;
    assert_false(decoded(&report).has & SKY_GNSS_HEADING);
}

static void a_pulse_says_what_the_kernels_clock_lacked(void **state)
{
    (void)state;
    struct sky_gnss_report report = beside();
    struct sky_receiver_report *const said = &report.receiver;
    said->has_pps = true;
    said->pps_real_ns = INT64_C(1767323045000000000);
    said->pps_clock_ns = INT64_C(1767323045000123000);
    said->pps_precision_ns = 953;
    assert_true(decoded(&report).has & SKY_GNSS_PPS);
    assert_int_equal(decoded(&report).pps_offset_ns, -123000);
    assert_int_equal(decoded(&report).pps_sigma_ns, 953);

    const int64_t bad[][3] = {{-1, 5, 1},        {5, -1, 1}, {INT64_MAX, 5, 1},
                              {5, INT64_MAX, 1}, {5, 5, 0},  {5, 5, 2 * SKY_SECOND_NS}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        said->pps_real_ns = bad[i][0];
        said->pps_clock_ns = bad[i][1];
        said->pps_precision_ns = bad[i][2];
        assert_false(decoded(&report).has & SKY_GNSS_PPS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_fix_holds_everything),
        cmocka_unit_test(stated_95_percent_errors_become_sigmas_and_the_worse_axis_counts),
        cmocka_unit_test(an_unstated_or_zero_error_is_never_taken_for_certainty),
        cmocka_unit_test(a_stated_time_error_adds_to_the_delay_of_the_line),
        cmocka_unit_test(leap_seconds_that_a_receiver_lacks_are_part_of_its_error),
        cmocka_unit_test(a_receiver_that_simulates_is_no_witness),
        cmocka_unit_test(without_a_fix_nothing_is_believed_not_even_the_time),
        cmocka_unit_test(a_3d_fix_with_nan_latitude_is_still_good_for_time),
        cmocka_unit_test(a_fix_without_time_is_still_good_for_position),
        cmocka_unit_test(height_above_the_sea_is_never_taken_for_height_above_the_ellipsoid),
        cmocka_unit_test(velocity_needs_both_speed_and_course),
        cmocka_unit_test(values_that_cannot_be_condemn_the_whole_report),
        cmocka_unit_test(the_edges_of_the_earth_are_places),
        cmocka_unit_test(null_island_has_the_same_bits_however_its_zero_is_signed),
        cmocka_unit_test(an_unknown_number_of_satellites_is_none),
        cmocka_unit_test(without_errors_of_gpsd_those_of_the_receiver_hold_and_then_eph),
        cmocka_unit_test(a_heading_is_taken_where_one_is_given),
        cmocka_unit_test(a_pulse_says_what_the_kernels_clock_lacked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
