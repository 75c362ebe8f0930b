#include "skyh_nmea.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sky_test.h"

static struct skyh_nmea nmea;
static struct skyh_problem problem;

static bool take(const char *text)
{
    skyh_nmea_close(&nmea);
    return skyh_nmea_take(&nmea, "log", strdup(text), strlen(text), &problem);
}

static int stop(void **state)
{
    (void)state;
    skyh_nmea_close(&nmea);
    return 0;
}

static int64_t utc(const char *text)
{
    int64_t utc_ns = 0;
    assert_true(skyh_utc_parse(text, &utc_ns));
    return utc_ns;
}

#define TPV(time, more) "{\"class\":\"TPV\",\"time\":\"" time "\",\"mode\":3" more "}\n"

static void a_report_has_all_that_gpsd_said_of_it(void **state)
{
    (void)state;
    assert_true(take("$GPRMC,1,2\n{\"class\":\"VERSION\"}\n"
                     "{\"class\":\"SKY\",\"hdop\":1.1,\"satellites\":"
                     "[{\"PRN\":3,\"used\":true},{\"PRN\":7,\"used\":false}]}\r\n"
                     "{\"class\":\"GST\",\"rms\":2.2,\"lat\":1.0}\n"
                     "{\"class\":\"ATT\",\"heading\":271.5}\n" TPV(
                         "2026-05-05T07:35:57.250Z",
                         ",\"ept\":0.005,\"lat\":45.5,\"lon\":-25.5,\"altHAE\":300.5,"
                         "\"altMSL\":262,\"epx\":4,\"epy\":5,\"epv\":9,\"track\":90,\"speed\":1.5,"
                         "\"climb\":0.25,\"eph\":7,\"leapseconds\":18,\"jam\":17")
                         TPV("2026-05-05T07:35:58.000Z", "")));
    assert_int_equal(nmea.count, 2);
    const struct sky_gnss_report *const report = &nmea.fix[0].report;
    assert_int_equal(report->mode, 3);
    assert_true(report->has_time);
    assert_int_equal(report->utc_ns, utc("2026-05-05T07:35:57.25Z"));
    assert_int_equal(nmea.fix[0].utc_ns, report->utc_ns);
    const double said[] = {report->lat_deg,
                           report->lon_deg,
                           report->alt_hae_m,
                           report->alt_msl_m,
                           report->err_lon_m,
                           report->err_lat_m,
                           report->err_alt_m,
                           report->err_time_s,
                           report->speed_mps,
                           report->course_deg,
                           report->climb_mps,
                           report->receiver.hdop,
                           report->receiver.gst_rms_m,
                           report->receiver.gst_lat_m,
                           report->receiver.heading_deg,
                           report->receiver.err_place_m};
    const double wanted[] = {45.5, -25.5, 300.5, 262, 4,   5,   9,     0.005,
                             1.5,  90,    0.25,  1.1, 2.2, 1.0, 271.5, 7};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        assert_true(fabs(said[i] - wanted[i]) < 1e-12);
    }
    assert_int_equal(report->satellites_used, 1);
    assert_int_equal(report->receiver.satellites_seen, 2);
    assert_int_equal(report->receiver.leap_s, 18);
    assert_int_equal(report->receiver.jamming, 17);
    assert_memory_equal(report->json, "{\"class\":\"TPV\",\"time\"", 20);
    assert_true(report->receiver.said);
    /* what was said beside a report is not said of the next again */
    assert_false(nmea.fix[1].report.receiver.said);
    assert_true(isnan(nmea.fix[1].report.lat_deg) && isnan(nmea.fix[1].report.receiver.hdop));
    assert_int_equal(nmea.fix[1].report.satellites_used, 1);
}

static void reception_never_goes_back_and_follows_no_date_of_another_year(void **state)
{
    (void)state;
    assert_true(take("{\"class\":\"TPV\",\"mode\":1}\n" TPV("1999-09-08T00:00:00.000Z", "")
                         TPV("2026-05-05T07:00:01.000Z", "") TPV("2026-05-05T07:00:03.000Z", "")
                             TPV("2026-05-05T07:00:02.000Z", "") TPV("2046-01-01T00:00:00.000Z", "")
                                 TPV("2026-05-05T07:00:04.000Z", "")));
    static const char *const received[] = {"2026-05-05T07:00:01Z", "2026-05-05T07:00:01Z",
                                           "2026-05-05T07:00:01Z", "2026-05-05T07:00:03Z",
                                           "2026-05-05T07:00:03Z", "2026-05-05T07:00:03Z",
                                           "2026-05-05T07:00:04Z"};
    assert_int_equal(nmea.count, 7);
    assert_int_equal(nmea.misdated, 2);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(nmea.fix[i].utc_ns, utc(received[i]));
    }
    assert_int_equal(nmea.fix[1].report.utc_ns, utc("1999-09-08T00:00:00Z"));
    skyh_nmea_shift(&nmea, 5 * SKY_SECOND_NS);
    assert_false(nmea.fix[0].report.has_time);
    assert_int_equal(nmea.fix[0].report.utc_ns, 0);
    assert_int_equal(nmea.fix[1].report.utc_ns, utc("1999-09-08T00:00:05Z"));
    assert_int_equal(nmea.fix[6].utc_ns, utc("2026-05-05T07:00:09Z"));
}

static void what_is_no_report_costs_only_itself(void **state)
{
    (void)state;
    assert_true(take("{\"class\":\n{\"class\":7}\n[]\n{}\n{\"class\":\"TPV\",\"time\":7,"
                     "\"mode\":\"x\",\"lat\":\"north\",\"leapseconds\":99999999999}\n" TPV(
                         "2026-05-05T07:00:01.000Z", "")));
    assert_int_equal(nmea.count, 2);
    assert_false(nmea.fix[0].report.has_time);
    assert_int_equal(nmea.fix[0].report.mode, 0);
    assert_true(isnan(nmea.fix[0].report.lat_deg));
    assert_int_equal(nmea.fix[0].report.receiver.leap_s, -1);
}

static void a_log_in_which_nothing_says_when_is_refused(void **state)
{
    (void)state;
    assert_false(take("{\"class\":\"TPV\",\"mode\":1}\n{\"class\":\"TPV\",\"mode\":3,"
                      "\"time\":\"yesterday\"}\n"));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_string_equal(problem.text, "log: gpsd finds 2 reports in it, none with a time; expected "
                                      "the log of a receiver");
    assert_false(take(""));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_report_has_all_that_gpsd_said_of_it, stop),
        cmocka_unit_test_teardown(reception_never_goes_back_and_follows_no_date_of_another_year,
                                  stop),
        cmocka_unit_test_teardown(what_is_no_report_costs_only_itself, stop),
        cmocka_unit_test_teardown(a_log_in_which_nothing_says_when_is_refused, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
