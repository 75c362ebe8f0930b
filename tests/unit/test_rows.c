#include "sky_rows.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_test.h"

static const double rad = 3.14159265358979323846 / 180.0;
static const int64_t epoch_ns = INT64_C(1775000700000000000);

static struct sky_config config;

static int two_radars(void **state)
{
    (void)state;
    sky_config_default(&config);
    config.sensor_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        sky_config_sensor_default(&config.sensor[i]);
    }
    strcpy(config.sensor[0].name, "A");
    strcpy(config.sensor[1].name, "AB");
    return 0;
}

/* ---- numbers ---- */

static double number(const char *text)
{
    double value = -77.0;
    if (!sky_rows_number(text, strlen(text), &value)) {
        fail_msg("'%s' is a number", text);
    }
    return value;
}

static void refuse_number(const char *text)
{
    double value = -77.0;
    if (sky_rows_number(text, strlen(text), &value) || value != -77.0) {
        fail_msg("'%s' is no number", text);
    }
}

static void assert_same_bits(const char *text, double value, double wanted)
{
    if (memcmp(&value, &wanted, sizeof value) != 0) {
        fail_msg("'%s' became %.17g, not %.17g", text, value, wanted);
    }
}

static void every_way_to_write_a_number_is_understood(void **state)
{
    (void)state;
    static const char *const text[] = {
        "0",
        "7",
        "-7",
        "+7",
        "007",
        "1.5",
        "-1.5",
        ".5",
        "5.",
        "+.5",
        "1e3",
        "1E3",
        "1e+3",
        "1e-3",
        "-1.25E-07",
        "0.1",
        "0.3",
        "123.456",
        "1e22",
        "1e-22",
        "9007199254740993",
        "0.000",
        "0e99999999",
        "0.00000000000000000000000000001234",
        "12340000000000000000000000000000",
        "1.7976931348623157e308",
        "5e-324",
        "2.2250738585072014e-308",
        "123456789012345000000000000000",
        "0.100000000000000000000000000000",
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        assert_near(number(text[i]), strtod(text[i], NULL), 4e-15 * fabs(strtod(text[i], NULL)));
    }
    assert_same_bits("0.1", number("0.1"), 0.1);
    assert_same_bits("1e22", number("1e22"), 1e22);
    assert_same_bits("1e-22", number("1e-22"), 1e-22);
    assert_same_bits("0.100..", number("0.10000000000000000000000000000"), 0.1);
    assert_same_bits("123456789012345.0000", number("123456789012345.0000"), 123456789012345.0);
}

static void what_is_no_number_is_refused_and_nothing_is_set(void **state)
{
    (void)state;
    static const char *const text[] = {
        "",
        "+",
        "-",
        ".",
        "-.",
        "e5",
        "1e",
        "1e+",
        "1e-",
        " 1",
        "1 ",
        "1,5",
        "1.2.3",
        "--1",
        "+-1",
        "1-",
        "0x10",
        "inf",
        "-inf",
        "Infinity",
        "nan",
        "NaN",
        "-nan",
        "1f",
        "1e1.5",
        "1ee1",
        "1e999",
        "-1e309",
        "1e99999999999999999999",
        "1\n",
        "\t1",
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        refuse_number(text[i]);
    }
    double value = -77.0;
    assert_false(sky_rows_number("1\0", 2, &value));  /* a zero byte is no end */
    assert_true(sky_rows_number("12345", 3, &value)); /* but the count is */
    assert_near(value, 123.0, 0.0);
}

static void nothing_is_ever_a_negative_zero(void **state)
{
    (void)state;
    assert_same_bits("-0", number("-0"), 0.0);
    assert_same_bits("-0.000e5", number("-0.000e5"), 0.0);
    assert_same_bits("-1e-400", number("-1e-400"), 0.0);
    assert_same_bits("-1e-999999999999999999999", number("-1e-999999999999999999999"), 0.0);
}

/* Digits with a point somewhere, and an exponent such that the power of ten is as wanted. */
static void write_number(uint64_t *seed, int digits, int power, char text[64])
{
    char digit[32];
    for (int i = 0; i < digits; i++) {
        digit[i] = (char)('0' + test_random(seed) % 10);
    }
    digit[digits] = '\0';
    const int point = (int)(test_random(seed) % (uint64_t)(digits + 1));
    snprintf(text, 64, "%s%.*s.%se%d", test_random(seed) % 2 == 0 ? "-" : "", point, digit,
             digit + point, power + digits - point);
}

static void fifteen_digits_and_a_power_up_to_22_give_the_nearest_double(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 200000; round++) {
        char text[64];
        write_number(&seed, 1 + (int)(test_random(&seed) % 15), (int)(test_random(&seed) % 45) - 22,
                     text);
        assert_same_bits(text, number(text), strtod(text, NULL) + 0.0);
    }
}

static void any_other_number_is_within_twenty_units_in_the_last_place(void **state)
{
    (void)state;
    uint64_t seed = 2;
    double worst = 0.0;
    for (int round = 0; round < 200000; round++) {
        char text[64];
        double value = 0.0;
        write_number(&seed, 1 + (int)(test_random(&seed) % 25),
                     (int)(test_random(&seed) % 700) - 350, text);
        const double wanted = strtod(text, NULL);
        if (!sky_rows_number(text, strlen(text), &value)) {
            assert_true(fabs(wanted) > 0.999 * DBL_MAX);
            continue;
        }
        const double unit = nextafter(fabs(wanted), (double)INFINITY) - fabs(wanted);
        worst = isfinite(unit) ? fmax(worst, fabs(value - wanted) / unit) : worst;
    }
    if (worst > 20.0) {
        fail_msg("%.1f units away", worst);
    }
}

/* ---- rows ---- */

static struct sky_plot plot_of(const char *row)
{
    struct sky_plot plot;
    struct sky_row_fault fault = {NULL, 0};
    const enum sky_status status =
        sky_rows_plot(&config, epoch_ns, row, strlen(row), &plot, &fault);
    if (status != SKY_OK) {
        fail_msg("'%s': column %s at %zu", row, fault.column ? fault.column : "?", fault.offset);
    }
    return plot;
}

static void assert_fault(const char *row, enum sky_status wanted, const char *column, size_t offset)
{
    struct sky_plot plot, before;
    struct sky_row_fault fault = {"untouched", 77};
    memset(&plot, 0x5A, sizeof plot);
    memcpy(&before, &plot, sizeof plot);
    assert_int_equal(sky_rows_plot(&config, epoch_ns, row, strlen(row), &plot, &fault), wanted);
    assert_memory_equal(&plot, &before, sizeof plot);
    assert_int_equal(fault.offset, offset);
    if (column == NULL) {
        assert_null(fault.column);
    } else {
        assert_string_equal(fault.column, column);
    }
}

static void a_full_row_becomes_a_plot(void **state)
{
    (void)state;
    const struct sky_plot plot =
        plot_of("12.5,12.61,AB,15046.5,271.25,4.5,-63.25,40,0.12,0.25,1.5\r");
    assert_int_equal(plot.sensor, 1);
    assert_int_equal(plot.has, SKY_PLOT_SIGMAS | SKY_PLOT_ELEVATION | SKY_PLOT_RADIAL_SPEED |
                                   SKY_PLOT_SIGMA_RADIAL);
    assert_int_equal(plot.time_kind, SKY_TIME_UTC);
    assert_int_equal(plot.time_value_ns, epoch_ns + INT64_C(12500000000));
    assert_near((double)plot.time_sigma_ns, 1e9 / 128.0 / sqrt(12.0), 1.0);
    assert_near(plot.slant_range_m, 15046.5, 0.0);
    assert_near(plot.azimuth_rad, 271.25 * rad, 1e-15);
    assert_near(plot.elevation_rad, 4.5 * rad, 1e-16);
    assert_near(plot.radial_speed_mps, -63.25, 0.0);
    assert_near(plot.sigma_range_m, 40.0, 0.0);
    assert_near(plot.sigma_azimuth_rad, 0.12 * rad, 1e-18);
    assert_near(plot.sigma_elevation_rad, 0.25 * rad, 1e-18);
    assert_near(plot.sigma_radial_mps, 1.5, 0.0);
}

static void what_was_not_measured_is_left_out(void **state)
{
    (void)state;
    struct sky_plot plot = plot_of("1,1,A,9000,10,,,40,0.1,,");
    assert_int_equal(plot.sensor, 0);
    assert_int_equal(plot.has, SKY_PLOT_SIGMAS);
    plot = plot_of("1,1,A,9000,10,,,40,0.1,0.2,1"); /* sigmas of nothing mean nothing */
    assert_int_equal(plot.has, SKY_PLOT_SIGMAS);
    plot = plot_of("1,1,A,9000,10,,-5,40,0.1,,"); /* the configured sigma holds */
    assert_int_equal(plot.has, SKY_PLOT_SIGMAS | SKY_PLOT_RADIAL_SPEED);
    plot = plot_of("1,1,A,9000,10,3,,40,0.1,0.2,");
    assert_int_equal(plot.has, SKY_PLOT_SIGMAS | SKY_PLOT_ELEVATION);
}

/* Each column of a sound row in turn gets a text that is no number. */
static void any_column_that_is_no_number_is_named_with_its_place(void **state)
{
    (void)state;
    static const char *const name[] = {"t",          "t_recv",     "sensor",   "range_m",
                                       "az_deg",     "el_deg",     "rdot_mps", "sig_r",
                                       "sig_az_deg", "sig_el_deg", "sig_rdot"};
    static const char *const sound[] = {"1", "2", "A", "3", "4", "5", "6", "7", "8", "9", "10"};
    static const char *const bad[] = {"x", "nan", "inf", "-Infinity", " 1", "1 ", "0x1p3", "1;2"};
    for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
        for (size_t column = 0; column < 11; column++) {
            char row[200] = "";
            size_t offset = 0;
            for (size_t i = 0; i < 11; i++) {
                offset = i == column ? strlen(row) + (i > 0) : offset;
                strcat(row, i > 0 ? "," : "");
                strcat(row, i == column ? bad[b] : sound[i]);
            }
            assert_fault(row, column == 2 ? SKY_E_RANGE : SKY_E_CORRUPT, name[column], offset);
        }
    }
}

static void only_what_may_be_unmeasured_may_be_empty(void **state)
{
    (void)state;
    assert_fault(",1,A,9000,10,,,40,0.1,,", SKY_E_CORRUPT, "t", 0);
    assert_fault("1,,A,9000,10,,,40,0.1,,", SKY_E_CORRUPT, "t_recv", 2);
    assert_fault("1,1,,9000,10,,,40,0.1,,", SKY_E_RANGE, "sensor", 4);
    assert_fault("1,1,A,,10,,,40,0.1,,", SKY_E_CORRUPT, "range_m", 6);
    assert_fault("1,1,A,9000,,,,40,0.1,,", SKY_E_CORRUPT, "az_deg", 11);
    assert_fault("1,1,A,9000,10,,,,0.1,,", SKY_E_CORRUPT, "sig_r", 16);
    assert_fault("1,1,A,9000,10,,,40,,,", SKY_E_CORRUPT, "sig_az_deg", 19);
    assert_fault("1,1,A,9000,10,3,,40,0.1,,", SKY_E_CORRUPT, "sig_el_deg", 24);
    assert_fault("1,1,A,9000,10,,,40,0.1,x,", SKY_E_CORRUPT, "sig_el_deg", 23);
}

static void a_row_with_another_number_of_columns_is_refused(void **state)
{
    (void)state;
    assert_fault("", SKY_E_CORRUPT, NULL, 0);
    assert_fault("\r", SKY_E_CORRUPT, NULL, 0);
    assert_fault("1,1,A,9000,10,,,40,0.1,", SKY_E_CORRUPT, NULL, 23);
    assert_fault("1,1,A,9000,10,,,40,0.1,,,", SKY_E_CORRUPT, NULL, 25);
    assert_fault("1,1,A,9000,10,,,40,0.1,,,x,y", SKY_E_CORRUPT, NULL, 25);
}

static void a_radar_is_found_by_its_whole_name_alone(void **state)
{
    (void)state;
    assert_int_equal(plot_of("1,1,A,9000,10,,,40,0.1,,").sensor, 0);
    assert_int_equal(plot_of("1,1,AB,9000,10,,,40,0.1,,").sensor, 1);
    assert_fault("1,1,ABC,9000,10,,,40,0.1,,", SKY_E_RANGE, "sensor", 4);
    assert_fault("1,1,B,9000,10,,,40,0.1,,", SKY_E_RANGE, "sensor", 4);
    assert_fault("1,1,a,9000,10,,,40,0.1,,", SKY_E_RANGE, "sensor", 4);

    static const char zero_behind[] = "1,1,A\0,9000,10,,,40,0.1,,";
    struct sky_plot plot;
    struct sky_row_fault fault;
    assert_int_equal(sky_rows_plot(&config, 0, zero_behind, sizeof zero_behind - 1, &plot, &fault),
                     SKY_E_RANGE);
}

static int64_t time_at(const char *t, int64_t epoch)
{
    char row[128];
    struct sky_plot plot;
    struct sky_row_fault fault;
    snprintf(row, sizeof row, "%s,0,A,1,2,,,3,4,,", t);
    assert_int_equal(sky_rows_plot(&config, epoch, row, strlen(row), &plot, &fault), SKY_OK);
    return plot.time_value_ns;
}

static void time_is_read_to_the_nearest_nanosecond(void **state)
{
    (void)state;
    assert_int_equal(time_at("0.007812", 0), 7812000);
    assert_int_equal(time_at("1234567.123456789", 0), INT64_C(1234567123456789));
    assert_int_equal(time_at("-0.5", epoch_ns), epoch_ns - 500000000);
    assert_int_equal(time_at("0.0000000004", 0), 0);
    assert_int_equal(time_at("0.0000000005", 0), 1);
    assert_int_equal(time_at("-0.0000000005", 0), -1);
    assert_int_equal(time_at("0.00000000049999999999999999999999999", 0), 0);
    assert_int_equal(time_at("0.0000000014999999999999999999999999", 0), 1);
    assert_int_equal(time_at("1e-30", 0), 0);
    assert_int_equal(time_at("2e3", 0), INT64_C(2000000000000));
    assert_int_equal(time_at("12.5e-3", 0), 12500000);
    /* With seconds as doubles this is 119 ns off. */
    assert_int_equal(time_at("1775000700.123456789", 0), INT64_C(1775000700123456789));
}

static void time_beyond_64_bits_stops_at_their_ends(void **state)
{
    (void)state;
    assert_int_equal(time_at("1e300", 0), INT64_MAX);
    assert_int_equal(time_at("9.3e9", 0), INT64_MAX);
    assert_int_equal(time_at("10000000000", 0), INT64_MAX);
    assert_int_equal(time_at("9999999999.999999999", 0), INT64_MAX);
    assert_int_equal(time_at("9e9", epoch_ns), INT64_MAX);
    assert_int_equal(time_at("-1e300", -1), INT64_MIN);
    assert_int_equal(time_at("-9e9", INT64_MIN + 5), INT64_MIN);
    assert_int_equal(time_at("9.2e9", -5), INT64_C(9200000000) * SKY_SECOND_NS - 5);
    assert_int_equal(time_at("0", INT64_MIN), INT64_MIN);
}

static double azimuth(const char *degrees)
{
    char row[128];
    snprintf(row, sizeof row, "0,0,A,1,%s,,,3,4,,", degrees);
    return plot_of(row).azimuth_rad;
}

static void azimuths_within_a_turn_come_to_lie_below_one(void **state)
{
    (void)state;
    assert_near(azimuth("360.00000"), 0.0, 0.0); /* as a rounded 359.999999 is written */
    assert_near(azimuth("-90"), 270.0 * rad, 1e-15);
    assert_near(azimuth("450"), 90.0 * rad, 1e-15);
    assert_near(azimuth("-1e-20"), 0.0, 0.0);
    assert_true(azimuth("359.99999999999994") < 2.0 * 3.14159265358979323846);
    assert_near(azimuth("-0"), 0.0, 0.0);
    assert_near(azimuth("1000"), 640.0 * rad, 1e-14); /* absurd: the engine says so */
}

static void absurd_numbers_are_handed_on_for_the_engine_to_judge(void **state)
{
    (void)state;
    const struct sky_plot plot = plot_of("1,1,A,-5,10,100,1e9,0,-1,1e300,0");
    assert_near(plot.slant_range_m, -5.0, 0.0);
    assert_near(plot.elevation_rad, 100.0 * rad, 1e-15);
    assert_near(plot.sigma_range_m, 0.0, 0.0);
    assert_near(plot.sigma_azimuth_rad, -rad, 1e-18);
    assert_true(plot.sigma_elevation_rad > 1e297 && isfinite(plot.sigma_elevation_rad));
    assert_near(plot.sigma_radial_mps, 0.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_a_number_is_understood),
        cmocka_unit_test(what_is_no_number_is_refused_and_nothing_is_set),
        cmocka_unit_test(nothing_is_ever_a_negative_zero),
        cmocka_unit_test(fifteen_digits_and_a_power_up_to_22_give_the_nearest_double),
        cmocka_unit_test(any_other_number_is_within_twenty_units_in_the_last_place),
        cmocka_unit_test_setup(a_full_row_becomes_a_plot, two_radars),
        cmocka_unit_test_setup(what_was_not_measured_is_left_out, two_radars),
        cmocka_unit_test_setup(any_column_that_is_no_number_is_named_with_its_place, two_radars),
        cmocka_unit_test_setup(only_what_may_be_unmeasured_may_be_empty, two_radars),
        cmocka_unit_test_setup(a_row_with_another_number_of_columns_is_refused, two_radars),
        cmocka_unit_test_setup(a_radar_is_found_by_its_whole_name_alone, two_radars),
        cmocka_unit_test_setup(time_is_read_to_the_nearest_nanosecond, two_radars),
        cmocka_unit_test_setup(time_beyond_64_bits_stops_at_their_ends, two_radars),
        cmocka_unit_test_setup(azimuths_within_a_turn_come_to_lie_below_one, two_radars),
        cmocka_unit_test_setup(absurd_numbers_are_handed_on_for_the_engine_to_judge, two_radars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
