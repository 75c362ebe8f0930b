/*
 * Tables as they come: read by name, wrong ones told by line and column, plots kept as they are.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sky_math.h"
#include "sky_test.h"
#include "skyh_csv.h"
#include "skyh_survey.h"

#define HEADER                                                                                     \
    "t,t_recv,sensor,range_m,az_deg,el_deg,rdot_mps,sig_r,sig_az_deg,sig_el_deg,sig_rdot\n"
#define POSE "t,sensor,lat,lon,alt,ve,vn,vu,sig_h,sig_v,heading_deg,sig_heading_deg\n"
#define SENSORS                                                                                    \
    "sensor,scan_s,rotating,pd,fa_per_scan,rmin,rmax,elmin,elmax,vmax,notch_mps,pd_notch\n"

static const double deg = SKY_PI / 180.0;

static char folder[64];
static char file[4][96];
static struct skyh_problem problem;

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/skyh-test-XXXXXX");
    const bool made = mkdtemp(folder) != NULL;
    for (int i = 0; i < 4; i++) {
        (void)snprintf(file[i], sizeof file[i], "%s/%d.csv", folder, i);
    }
    return made ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void write_file(int which, const char *text, size_t count)
{
    FILE *const stream = fopen(file[which], "wbe");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, count, stream), count);
    assert_int_equal(fclose(stream), 0);
}

static void write_text(int which, const char *text) { write_file(which, text, strlen(text)); }

/* The problem, without the folder. */
static const char *said(void)
{
    const size_t length = strlen(folder) + 1;
    return strncmp(problem.text, folder, length - 1) == 0 ? problem.text + length : problem.text;
}

/* ------------------------------------------------------------------------------------ tables */

static void a_table_is_read_by_the_names_of_its_columns(void **state)
{
    (void)state;
    struct skyh_csv csv = {0};
    size_t a = 0, c = 0;
    double value = 0.0;
    write_text(0, "\xEF\xBB\xBF"
                  "b,a,c\r\n1,2,x y\r\n\n3,-4.5e1,\n5,6,7");
    assert_true(skyh_csv_open(&csv, file[0], &problem));
    assert_int_equal(csv.row_count, 3);
    assert_true(skyh_csv_find(&csv, "a", &a, &problem));
    assert_true(skyh_csv_has(&csv, "c", &c));
    assert_false(skyh_csv_has(&csv, "d", &c));
    assert_true(skyh_csv_number(&csv, 1, a, -100.0, 100.0, &value, &problem));
    assert_near(value, -45.0, 0.0);
    assert_string_equal(skyh_csv_text(&csv, 0, c), "x y");
    assert_string_equal(skyh_csv_text(&csv, 1, c), "");
    assert_string_equal(skyh_csv_text(&csv, 2, c), "7");
    skyh_csv_close(&csv);
}

static void refuses(const char *text, size_t count, const char *reason)
{
    struct skyh_csv csv = {0};
    write_file(0, text, count);
    assert_false(skyh_csv_open(&csv, file[0], &problem));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_string_equal(said(), reason);
    skyh_csv_close(&csv);
}

static void a_table_that_is_none_is_refused_by_its_line(void **state)
{
    (void)state;
    refuses("", 0, "0.csv:1: empty; expected the names of the columns, comma-separated");
    refuses("a,b\n1,2\n\n1,2,3\n", 15, "0.csv:4: 3 columns; expected 2");
    refuses("a,b\n1\n", 6, "0.csv:2: 1 columns; expected 2");
    refuses("a,b\n1,\"2\"\n", 10, "0.csv:2: a quote; expected plain comma-separated text");
    refuses("a,b\n1,2\n3,\0\n", 12, "0.csv:3: a zero byte; expected plain comma-separated text");
}

static void a_cell_that_is_no_number_is_told_by_line_and_column(void **state)
{
    (void)state;
    static const char *const cells[] = {"x", "", "1x", "nan", "inf", "1e999", "-1", "11"};
    struct skyh_csv csv = {0};
    size_t missing = 0;
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        char text[64], wanted[128];
        double value = 7.0;
        (void)snprintf(text, sizeof text, "a,b\n1,2\n1,%s\n", cells[i]);
        (void)snprintf(wanted, sizeof wanted, "0.csv:3: b: \"%s\"; expected a number from 0 to 10",
                       cells[i]);
        write_text(0, text);
        assert_true(skyh_csv_open(&csv, file[0], &problem));
        assert_false(skyh_csv_number(&csv, 1, 1, 0.0, 10.0, &value, &problem));
        assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
        assert_string_equal(said(), wanted);
        assert_near(value, 7.0, 0.0);
        assert_false(skyh_csv_find(&csv, "c", &missing, &problem));
        assert_string_equal(said(), "0.csv:1: c: missing; expected a column of that name");
        skyh_csv_close(&csv);
    }
}

/* ------------------------------------------------------------------------------------- plots */

static struct skyh_plotfile plots;

static void open_plots(const char *text, int64_t begin_ns)
{
    write_text(1, text);
    if (!skyh_plotfile_open(&plots, file[1], begin_ns, &problem)) {
        fail_msg("%s", problem.text);
    }
}

static void lines_of_a_plot_file_are_kept_byte_for_byte(void **state)
{
    (void)state;
    open_plots(HEADER "1,1.5,A,1,2,3,4,5,6,7,8\r\n\nrubbish\n2,2.5,A,,,,,,,,", 0);
    assert_int_equal(plots.line_count, 3);
    assert_int_equal(plots.line[0].count, 25);
    assert_memory_equal(plots.line[0].text, "1,1.5,A,1,2,3,4,5,6,7,8\r\n", 25);
    assert_memory_equal(plots.line[1].text, "rubbish\n", 8);
    assert_int_equal(plots.line[1].number, 4);
    assert_int_equal(plots.line[2].count, 16);
    assert_memory_equal(plots.line[2].text, "2,2.5,A,,,,,,,,\n", 16);
    skyh_plotfile_close(&plots);
}

static void times_are(const char *text, size_t count, const double recv_s[], size_t untimed,
                      size_t first_untimed)
{
    open_plots(text, -10 * SKY_SECOND_NS);
    assert_int_equal(plots.line_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_near((double)plots.line[i].recv_ns * 1e-9, recv_s[i], 1e-9);
    }
    assert_int_equal(plots.untimed, untimed);
    assert_int_equal(plots.first_untimed, first_untimed);
    skyh_plotfile_close(&plots);
}

static void a_time_that_cannot_be_used_is_that_of_the_line_before(void **state)
{
    (void)state;
    const double in_order[] = {1.0, 1.0, 2.125};
    times_are(HEADER "0,1,\n0,1,\n0,2.125,\n", 3, in_order, 0, 0);
    const double unreadable[] = {1.0, 1.0, 1.0, 1.0, 2.0};
    times_are(HEADER "0,1,\n0,one,\nx\n0,nan,\n0,2,\n", 5, unreadable, 3, 3);
    const double at_first[] = {3.0, 3.0, 4.0};
    times_are(HEADER "0,?,\n0,3,\n0,4,\n", 3, at_first, 1, 2);
}

static void a_wild_time_does_not_drag_others_along(void **state)
{
    (void)state;
    const double ahead[] = {1.0, 1.0, 2.0, 3.0};
    times_are(HEADER "0,1,\n0,86401,\n0,2,\n0,3,\n", 4, ahead, 1, 3);
    const double behind[] = {1.0, 2.0, 2.0, 3.0};
    times_are(HEADER "0,1,\n0,2,\n0,-5,\n0,3,\n", 4, behind, 1, 4);
    const double beyond[] = {1.0, 2.0, 2.0, 2.0};
    times_are(HEADER "0,1,\n0,2,\n0,1e300,\n0,1e8,\n", 4, beyond, 2, 4);
    const double long_ago[] = {1.0, 1.0, 2.0};
    times_are(HEADER "0,-90000,\n0,1,\n0,2,\n", 3, long_ago, 1, 2);
}

static void a_plot_file_without_use_is_refused(void **state)
{
    (void)state;
    static char text[6000];
    write_text(1, "t,t_recv,sensor\n");
    assert_false(skyh_plotfile_open(&plots, file[1], 0, &problem));
    assert_true(strncmp(said(), "1.csv:1: another header; expected t,t_recv,", 43) == 0);
    skyh_plotfile_close(&plots);
    write_text(1, HEADER "\n");
    assert_false(skyh_plotfile_open(&plots, file[1], 0, &problem));
    assert_string_equal(said(), "1.csv: no plot; expected lines behind the header");
    skyh_plotfile_close(&plots);
    write_text(1, HEADER "a,b\n");
    assert_false(skyh_plotfile_open(&plots, file[1], -10 * SKY_SECOND_NS, &problem));
    assert_string_equal(said(), "1.csv: t_recv: no line has one; expected seconds on the axis of "
                                "the pose file, which begins at -10.000");
    skyh_plotfile_close(&plots);
    (void)snprintf(text, sizeof text, "%s%05000d\n", HEADER, 1);
    write_text(1, text);
    assert_false(skyh_plotfile_open(&plots, file[1], 0, &problem));
    assert_string_equal(said(), "1.csv:2: a line of 5001 bytes; expected at most 4096");
    skyh_plotfile_close(&plots);
}

static void sigmas_are_those_of_the_first_line_that_has_them(void **state)
{
    (void)state;
    struct skyh_plot_sigmas sigmas;
    open_plots(HEADER "0,1,B,1,1,1,1,9,9,9,9\n"
                      "0,1,A,1,1,1,1,0,0.1,0.2,3\n"
                      "0,1,A,1,1,,,35,0.15,,\n"
                      "0,1,A,1,1,1,1,50,0.2,0.35,1.5\n",
               0);
    assert_true(skyh_plotfile_sigmas(&plots, "A", &sigmas));
    assert_near(sigmas.range_m, 35.0, 0.0);
    assert_near(sigmas.azimuth_deg, 0.15, 0.0);
    assert_near(sigmas.elevation_deg, 0.35, 0.0);
    assert_near(sigmas.radial_mps, 1.5, 0.0);
    assert_false(skyh_plotfile_sigmas(&plots, "C", &sigmas));
    skyh_plotfile_close(&plots);
}

/* ------------------------------------------------------------------------------------ survey */

static struct skyh_survey survey;
static struct sky_config config;

/* Reads the tables with two plots, one of A and one of B without elevation; true if all is well. */
static bool survey_of(const char *pose, const char *sensors, enum sky_motion_kind motion)
{
    memset(&problem, 0, sizeof problem);
    write_text(2, pose);
    write_text(3, sensors);
    open_plots(HEADER "0,1,A,1,1,1,1,35,0.15,0.35,1.5\n0,1,B,1,1,,1,25,0.12,,1.5\n", 0);
    const bool sound = skyh_survey_open(&survey, file[2], file[3], &problem) &&
                       skyh_survey_config(&survey, &plots, motion, &config, &problem);
    skyh_plotfile_close(&plots);
    return sound;
}

#define A_STANDS "-10,A,45,25,300,0,0,0,2.5,4.5,0,0.3\n-9,A,45.00001,25,301,0,0,0,2.5,4.5,0,0.3\n"
#define B_STANDS "-10,B,45.1,25.1,400,0,0,0,2.5,4.5,0,0\n-9,B,45.10001,25.1,402,0,0,0,2.5,4.5,0,0\n"
#define A_LOOKS "A,4.0,1,0.9,12,1500,100000,0.2,30,250,3.0,0.55\n"
#define B_LOOKS "B,3.2,1,1,0,1500,100000,-90,90,250,0,1\n"

static void a_survey_sets_the_station_and_its_sensors(void **state)
{
    (void)state;
    assert_true(
        survey_of(POSE A_STANDS B_STANDS, SENSORS A_LOOKS B_LOOKS, (enum sky_motion_kind)0));
    assert_int_equal(survey.fix_count, 2);
    assert_int_equal(survey.fix[1].time_ns, -9 * SKY_SECOND_NS);
    assert_near(survey.fix[1].lat_deg, 45.00001, 1e-12);
    assert_false(config.station.moving);
    assert_false(config.station.has_site);
    assert_near(config.station.gnss_sigma_floor_m, 2.5, 0.0);
    assert_near(config.station.heading_sigma_rad, 0.3 * deg, 1e-12);
    assert_int_equal(config.sensor_count, 2);
    const struct sky_sensor_config *const a = &config.sensor[0], *const b = &config.sensor[1];
    assert_string_equal(a->name, "A");
    assert_true(a->at_station);
    assert_true(a->measures_elevation);
    assert_int_equal(a->scan_ns, 4 * SKY_SECOND_NS);
    assert_near(a->sigma_range_m, 35.0, 0.0);
    assert_near(a->sigma_azimuth_rad, 0.15 * deg, 1e-12);
    assert_near(a->sigma_elevation_rad, 0.35 * deg, 1e-12);
    assert_near(a->sigma_radial_mps, 1.5, 0.0);
    assert_near(a->range_min_m, 1500.0, 0.0);
    assert_near(a->range_max_m, 100e3, 0.0);
    assert_near(a->elevation_min_rad, 0.2 * deg, 1e-12);
    assert_near(a->elevation_max_rad, 30.0 * deg, 1e-12);
    assert_near(a->radial_max_mps, 250.0, 0.0);
    assert_near(a->notch_mps, 3.0, 0.0);
    assert_near(a->detection_probability, 0.9, 1e-12);
    assert_near(a->notch_detection_probability, 0.9 * 0.55, 1e-12);
    assert_near(a->false_plots_per_scan, 12.0, 0.0);
    assert_near(a->bias_sigma_range_m, 0.0, 0.0);
    assert_near(a->bias_sigma_azimuth_rad, 0.0, 0.0);
    assert_false(b->at_station);
    assert_false(b->measures_elevation);
    assert_near(b->site.lat_rad, 45.100005 * deg, 1e-10);
    assert_near(b->site.lon_rad, 25.1 * deg, 1e-10);
    assert_near(b->site.alt_hae_m, 401.0, 1e-6);
    assert_near(b->detection_probability, 0.999, 1e-12);
    assert_near(b->false_plots_per_scan, 0.001, 1e-12);
    skyh_survey_done(&survey);
}

static void what_flies_follows_from_the_longest_reach_unless_it_is_said(void **state)
{
    (void)state;
    struct sky_config wanted;
    sky_config_default(&wanted);
    sky_config_motion(&wanted.tracker, SKY_MOTION_DRONES);
    assert_true(survey_of(POSE A_STANDS, SENSORS "A,1,0,0.8,15,60,6000,-2,40,30,0.4,0.6\n",
                          (enum sky_motion_kind)0));
    assert_near(config.tracker.turn_mps2, wanted.tracker.turn_mps2, 0.0);
    skyh_survey_done(&survey);
    assert_true(survey_of(POSE A_STANDS, SENSORS A_LOOKS, SKY_MOTION_DRONES));
    assert_near(config.tracker.turn_mps2, wanted.tracker.turn_mps2, 0.0);
    skyh_survey_done(&survey);
    assert_true(survey_of(POSE A_STANDS, SENSORS A_LOOKS, (enum sky_motion_kind)0));
    assert_true(config.tracker.turn_mps2 < wanted.tracker.turn_mps2);
    skyh_survey_done(&survey);
}

static void known_calibration_is_taken_from_columns_of_its_own(void **state)
{
    (void)state;
    assert_true(survey_of(POSE A_STANDS,
                          "bias_r,bias_az_deg,bias_el_deg,sensor,scan_s,rotating,pd,fa_per_scan,"
                          "rmin,rmax,elmin,elmax,vmax,notch_mps,pd_notch\n"
                          "30,0.2,0.1," A_LOOKS,
                          (enum sky_motion_kind)0));
    assert_near(config.sensor[0].bias_sigma_range_m, 30.0, 0.0);
    assert_near(config.sensor[0].bias_sigma_azimuth_rad, 0.2 * deg, 1e-12);
    assert_near(config.sensor[0].bias_sigma_elevation_rad, 0.1 * deg, 1e-12);
    skyh_survey_done(&survey);
}

static void only_the_first_sensor_may_move(void **state)
{
    (void)state;
    assert_true(survey_of(POSE "0,A,45,25,300,0,15,0,2.5,4.5,0,0.3\n"
                               "60,A,45.0081,25,300,0,15,0,2.5,4.5,0,0.3\n",
                          SENSORS A_LOOKS, (enum sky_motion_kind)0));
    assert_true(config.station.moving);
    skyh_survey_done(&survey);
    assert_false(survey_of(POSE A_STANDS B_STANDS "900,B,45.2,25.1,402,0,0,0,2.5,4.5,0,0\n",
                           SENSORS A_LOOKS B_LOOKS, (enum sky_motion_kind)0));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_string_equal(said(), "2.csv: B: 11113 m from where it stood, at t 900.000; expected one "
                                "that stands: only the first sensor may move");
    skyh_survey_done(&survey);
}

static void survey_refuses(const char *pose, const char *sensors, const char *reason)
{
    assert_false(survey_of(pose, sensors, (enum sky_motion_kind)0));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_string_equal(said(), reason);
    skyh_survey_done(&survey);
}

static void a_survey_that_is_wrong_is_told_by_line_and_column(void **state)
{
    (void)state;
    survey_refuses(POSE A_STANDS, SENSORS, "3.csv: 0 sensors; expected 1 to 8");
    survey_refuses(POSE A_STANDS, SENSORS A_LOOKS B_LOOKS,
                   "2.csv: no row of sensor B; expected its fixes");
    survey_refuses(POSE B_STANDS, SENSORS A_LOOKS, "2.csv: no row of sensor A; expected its fixes");
    survey_refuses(POSE "0,A,45,x,300,0,0,0,2.5,4.5,0,0\n", SENSORS A_LOOKS,
                   "2.csv:2: lon: \"x\"; expected a number from -1000000 to 1000000");
    survey_refuses(POSE "0,A,45,25,300,0,0,0,2.5,4.5,0,\n", SENSORS A_LOOKS,
                   "2.csv:2: sig_heading_deg: \"\"; expected a number from 0 to 57");
    survey_refuses(POSE A_STANDS "-11,A,45,25,300,0,0,0,2.5,4.5,0,0\n", SENSORS A_LOOKS,
                   "2.csv:4: t: -11 is before the row above of A; expected rows in order of time");
    survey_refuses("t,sensor,lat\n0,A,45\n", SENSORS A_LOOKS,
                   "2.csv:1: lon: missing; expected a column of that name");
    survey_refuses(POSE A_STANDS B_STANDS, SENSORS A_LOOKS A_LOOKS,
                   "3.csv:3: sensor: A was there before; expected a row for each sensor");
    survey_refuses(POSE "0,A 1,45,25,300,0,0,0,2.5,4.5,0,0\n",
                   SENSORS "A 1,4.0,1,0.9,12,1500,100000,0.2,30,250,3.0,0.55\n",
                   "3.csv:2: sensor: \"A 1\"; expected 1 to 31 printable ASCII characters without "
                   "spaces");
    survey_refuses(POSE A_STANDS, SENSORS "A,0,1,0.9,12,1500,100000,0.2,30,250,3.0,0.55\n",
                   "3.csv:2: scan_s: \"0\"; expected a number from 0.01 to 60");
    survey_refuses(POSE A_STANDS, SENSORS "A,4,1,0.9,12,1500,100000,30,0.2,250,3.0,0.55\n",
                   "3.csv: sensor.elevation_min_rad is out of its range");
    survey_refuses(POSE "0,B,95,25,300,0,0,0,2.5,4.5,0,0\n" A_STANDS, SENSORS A_LOOKS B_LOOKS,
                   "2.csv: B: lat, lon or alt of its first minute; expected a place on Earth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_read_by_the_names_of_its_columns),
        cmocka_unit_test(a_table_that_is_none_is_refused_by_its_line),
        cmocka_unit_test(a_cell_that_is_no_number_is_told_by_line_and_column),
        cmocka_unit_test(lines_of_a_plot_file_are_kept_byte_for_byte),
        cmocka_unit_test(a_time_that_cannot_be_used_is_that_of_the_line_before),
        cmocka_unit_test(a_wild_time_does_not_drag_others_along),
        cmocka_unit_test(a_plot_file_without_use_is_refused),
        cmocka_unit_test(sigmas_are_those_of_the_first_line_that_has_them),
        cmocka_unit_test(a_survey_sets_the_station_and_its_sensors),
        cmocka_unit_test(what_flies_follows_from_the_longest_reach_unless_it_is_said),
        cmocka_unit_test(known_calibration_is_taken_from_columns_of_its_own),
        cmocka_unit_test(only_the_first_sensor_may_move),
        cmocka_unit_test(a_survey_that_is_wrong_is_told_by_line_and_column),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
