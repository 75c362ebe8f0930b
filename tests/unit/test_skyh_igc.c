/*
 * Flights as recorders keep them: dates, midnight, what is no fix, and how fast it went.
 */
#include <stdlib.h>
#include <string.h>

#include "sky_test.h"
#include "skyh_igc.h"
#include "skyh_json.h"

#define FLIGHTS SKY_SOURCE_DIR "/../shared/data/captures/permissive/flight/"
#define DATE "HFDTE020911\n"

static struct skyh_igc igc;
static struct skyh_problem problem;

static bool reads(const char *text)
{
    skyh_igc_close(&igc);
    return skyh_igc_read(&igc, "f.igc", text, strlen(text), &problem);
}

static void fixes_are_dated_over_midnight_and_have_velocities(void **state)
{
    (void)state;
    assert_true(reads("AXXX\r\n" DATE "B2359585300000N02000000EA0012200100more\r\n"
                      "B0000005300060N02000000EA0012200110\r\n"
                      "B0000015300060S02000000WV0012200110\r\n"
                      "B0000005300060N02000000EA0012200110\r\n"
                      "B0000025300120N02000000EA00122-0020\r\n"
                      "B0100005300120S02000000WA0012200120"));
    assert_int_equal(igc.count, 4);
    assert_int_equal(igc.left_out, 2);
    assert_int_equal(igc.day_utc_ns, INT64_C(1314921600000000000)); /* 2011-09-02 */
    assert_int_equal(igc.fix[0].utc_ns - igc.day_utc_ns, INT64_C(86398000000000));
    assert_int_equal(igc.fix[1].utc_ns - igc.day_utc_ns, INT64_C(86400000000000));
    assert_near(igc.fix[1].lat_deg, 53.001, 1e-12);
    /* 0.002 degrees of latitude in 4 s; a degree there has 111.29 km */
    assert_near(igc.fix[1].north_mps, 0.002 * 111290.0 / 4.0, 0.05);
    assert_near(igc.fix[1].east_mps, 0.0, 1e-6);
    assert_near(igc.fix[1].up_mps, -120.0 / 4.0, 1e-9);
    assert_near(igc.fix[2].alt_m, -20.0, 0.0);
    assert_near(igc.fix[3].lat_deg, -53.002, 1e-12);
    assert_near(igc.fix[3].lon_deg, -20.0, 1e-12);
    assert_near(igc.fix[3].north_mps, 0.0, 0.0); /* nobody near */
    assert_false(igc.above_geoid);
    assert_true(
        reads("HFDTEDATE:311299,01\nHFALGALTGPS:GEO\nB0000005300000N02000000EA0000000000\n"));
    assert_int_equal(igc.day_utc_ns, INT64_C(946598400000000000)); /* 1999-12-31 */
    assert_true(igc.above_geoid);
    skyh_igc_close(&igc);
}

static void refuses(const char *text, const char *reason)
{
    assert_false(reads(text));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_non_null(strstr(problem.text, reason));
}

static void what_is_no_flight_is_refused_by_its_line(void **state)
{
    (void)state;
    refuses("", "f.igc: no fix");
    refuses(DATE "LXXX\n", "f.igc: no fix");
    refuses("B0000005300000N02000000EA0000000000\n", "f.igc:1: a fix without a date");
    refuses("HFDTE3202\n", "f.igc:1: no date");
    refuses("HFDTE320211\n", "f.igc:1: no date");
    refuses(DATE "B0000005300000N02000000EA000000000\n", "f.igc:2: no B record");
    refuses(DATE "B2400005300000N02000000EA0000000000\n", "f.igc:2: no B record");
    refuses(DATE "B0000005360000N02000000EA0000000000\n", "f.igc:2: no B record");
    refuses(DATE "B0000005300000X02000000EA0000000000\n", "f.igc:2: no B record");
    refuses(DATE "B0000009100000N02000000EA0000000000\n", "f.igc:2: no B record");
    refuses(DATE "B0000005300000N02000000EX0000000000\n", "f.igc:2: no B record");
    refuses(DATE "B0000005300000N02000000EA00000-0-00\n", "f.igc:2: no B record");
    skyh_igc_close(&igc);
}

static void a_table_has_a_row_for_each_fix(void **state)
{
    (void)state;
    char *text = NULL;
    size_t count = 0;
    assert_true(reads(DATE "B0000015300000N02000000EA0000000100\n"));
    FILE *const out = open_memstream(&text, &count);
    assert_non_null(out);
    skyh_igc_print(&igc, "a", igc.day_utc_ns, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "t,id,cls,lat,lon,alt,ve,vn,vu,v\n1.000,a,aircraft,53.000000000,"
                              "20.000000000,100.00,0.000,0.000,0.000,0.000\n");
    free(text);
    skyh_igc_close(&igc);
}

static void recorded_flights_are_read_whole(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t fixes;
    } flight[] = {{"new_zealand.igc", 5367}, {"napret.igc", 5380}, {"olsztyn.igc", 2469}};
    for (size_t i = 0; i < 3; i++) {
        char file[512], *text = NULL;
        size_t count = 0;
        (void)snprintf(file, sizeof file, FLIGHTS "%s", flight[i].file);
        if (!skyh_json_slurp(file, &text, &count, &problem)) {
            print_message("no %s here\n", file);
            skip();
        }
        assert_true(skyh_igc_read(&igc, file, text, count, &problem));
        assert_int_equal(igc.count + igc.left_out, flight[i].fixes);
        for (size_t n = 0; n < igc.count; n++) {
            assert_true(hypot(igc.fix[n].east_mps, igc.fix[n].north_mps) < 120.0);
        }
        free(text);
        skyh_igc_close(&igc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixes_are_dated_over_midnight_and_have_velocities),
        cmocka_unit_test(what_is_no_flight_is_refused_by_its_line),
        cmocka_unit_test(a_table_has_a_row_for_each_fix),
        cmocka_unit_test(recorded_flights_are_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
