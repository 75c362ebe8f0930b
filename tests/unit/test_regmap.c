#include "sky_regmap.h"

#include <string.h>

#include "sky_test.h"

static const double rad = 3.14159265358979323846 / 180.0;

static struct sky_regmap map;
static struct sky_plot plot[SKY_REGMAP_TARGETS_MAX];
static size_t plot_count;
static const char *item;
static uint32_t offset;

static void parse(const char *text)
{
    struct sky_regmap_fault fault = {0};
    if (sky_regmap_parse(text, strlen(text), &map, &fault) != SKY_OK) {
        fail_msg("line %d: %s", fault.line, fault.what);
    }
}

static void assert_refused(const char *text, int line, const char *what)
{
    struct sky_regmap before = map;
    struct sky_regmap_fault fault = {0};
    assert_int_equal(sky_regmap_parse(text, strlen(text), &map, &fault), SKY_E_CORRUPT);
    assert_string_equal(fault.what, what);
    assert_int_equal(fault.line, line);
    assert_memory_equal(&map, &before, sizeof map);
}

static void put(uint8_t *bytes, size_t word, uint32_t value)
{
    bytes[2 * word] = (uint8_t)(value >> 8);
    bytes[2 * word + 1] = (uint8_t)value;
}

static const char fan[] = "; eight beams, as arrays of distances and amplitudes\r\n"
                          "[map]\nkind = radar\nfirst = 10\ncount = 20\ntargets = 8\n"
                          "identity = Fan # of three\n\n"
                          "[range_m]\nat = 12\nstride = 1\nscale = 0.01\nunavailable = 65535\n"
                          "[azimuth_deg]\ntype = index\nscale = 6\noffset = -21\n"
                          "[snr_db]\nat = 20\nstride = 1\nscale = 0.25\n"
                          "[valid]\nat = 11\nstride = 0\nshift = 3\nbits = 1\n"
                          "[temperature_c]\nat = 10\ntype = s16\nscale = 0.1\n";

static void targets_as_arrays_become_plots_with_the_directions_of_their_beams(void **state)
{
    (void)state;
    uint8_t bytes[40] = {0};
    parse(fan);
    assert_true(map.is_radar);
    assert_string_equal(map.identity, "Fan");
    for (size_t i = 0; i < 8; i++) {
        put(bytes, 2 + i, 1000 + 100 * (uint32_t)i);
        put(bytes, 10 + i, 40 + (uint32_t)i);
    }
    put(bytes, 2 + 5, 65535);
    put(bytes, 1, 8);
    put(bytes, 0, 0xFFFF - 54); /* -5.5 degrees */
    assert_int_equal(sky_regmap_plots(&map, bytes, 40, 2, plot, &plot_count, &item, &offset),
                     SKY_OK);
    assert_int_equal(plot_count, 7);
    assert_near(plot[0].slant_range_m, 10.0, 1e-12);
    assert_near(plot[0].azimuth_rad, 339.0 * rad, 1e-12);
    assert_near(plot[6].azimuth_rad, 21.0 * rad, 1e-12);
    assert_near(plot[6].slant_range_m, 17.0, 1e-12);
    assert_near(plot[6].snr_db, 11.75, 1e-12);
    assert_int_equal(plot[6].sensor, 2);
    assert_int_equal(plot[6].has, SKY_PLOT_SNR);
    assert_int_equal(plot[6].time_kind, SKY_TIME_ARRIVAL);
    double celsius = 0.0;
    assert_true(sky_regmap_value(&map, &map.field[4], bytes, 0, &celsius));
    assert_near(celsius, -5.5, 1e-12);

    put(bytes, 1, 0xFFF7); /* every bit but the one */
    assert_int_equal(sky_regmap_plots(&map, bytes, 40, 2, plot, &plot_count, &item, &offset),
                     SKY_OK);
    assert_int_equal(plot_count, 0);
}

static const char records[] =
    "[map]\nkind = radar\nfunction = 3\nfirst = 0\ncount = 30\ntargets = 3\n"
    "[target_count]\nat = 0\n"
    "[sequence]\nat = 1\n"
    "[range_m]\nat = 2\nstride = 9\ntype = f32\norder = low\n"
    "[azimuth_deg]\nat = 4\nstride = 9\ntype = s32\nscale = 0.001\n"
    "[elevation_deg]\nat = 6\nstride = 9\ntype = s16\nscale = 0.01\n"
    "unavailable = -32768\n"
    "[radial_speed_mps]\nat = 7\nstride = 9\ntype = s16\nscale = 0.01\n"
    "[age_ms]\nat = 8\nstride = 9\n"
    "[number]\nat = 9\nstride = 9\n"
    "[rcs_dbsm]\nat = 10\nstride = 9\ntype = s16\nshift = 4\n";

static void put_target(uint8_t *bytes, size_t i, float range_m, int32_t azimuth_mdeg)
{
    uint32_t raw;
    memcpy(&raw, &range_m, sizeof raw);
    put(bytes, 2 + 9 * i, raw & 0xFFFF);
    put(bytes, 3 + 9 * i, raw >> 16);
    put(bytes, 4 + 9 * i, (uint32_t)azimuth_mdeg >> 16);
    put(bytes, 5 + 9 * i, (uint32_t)azimuth_mdeg & 0xFFFF);
    put(bytes, 6 + 9 * i, (uint32_t)-250);
    put(bytes, 7 + 9 * i, (uint32_t)-1234);
    put(bytes, 8 + 9 * i, 40);
    put(bytes, 9 + 9 * i, 77);
    put(bytes, 10 + 9 * i, 0xFFB5); /* -5 in the upper twelve bits */
}

static void targets_as_records_become_plots_whatever_the_order_of_words(void **state)
{
    (void)state;
    uint8_t bytes[60] = {0};
    parse(records);
    assert_int_equal(map.function, 3);
    put(bytes, 0, 2);
    put_target(bytes, 0, 1234.5F, -90000);
    put_target(bytes, 1, 99.25F, 360000);
    put(bytes, 6 + 9, 0x8000);
    assert_int_equal(sky_regmap_plots(&map, bytes, 60, 0, plot, &plot_count, &item, &offset),
                     SKY_OK);
    assert_int_equal(plot_count, 2);
    assert_near(plot[0].slant_range_m, 1234.5, 0.0);
    assert_near(plot[0].azimuth_rad, 270.0 * rad, 1e-12);
    assert_near(plot[0].elevation_rad, -2.5 * rad, 1e-12);
    assert_near(plot[0].radial_speed_mps, -12.34, 1e-12);
    assert_near(plot[0].rcs_dbsm, -5.0, 0.0);
    assert_int_equal(plot[0].time_value_ns, 40000000);
    assert_int_equal(plot[0].sensor_track, 77);
    assert_near(plot[1].azimuth_rad, 0.0, 0.0); /* 360 degrees is the head's zero */
    assert_false(plot[1].has & SKY_PLOT_ELEVATION);
}

static void a_block_that_cannot_be_is_refused_by_what_and_where(void **state)
{
    (void)state;
    uint8_t bytes[60] = {0};
    parse(records);
    assert_int_equal(sky_regmap_plots(&map, bytes, 58, 0, plot, &plot_count, &item, &offset),
                     SKY_E_CORRUPT);
    assert_string_equal(item, "block.length");
    put(bytes, 0, 4);
    assert_int_equal(sky_regmap_plots(&map, bytes, 60, 0, plot, &plot_count, &item, &offset),
                     SKY_E_CORRUPT);
    assert_string_equal(item, "target.count");
    put(bytes, 0, 1);
    const struct {
        float range_m;
        int32_t azimuth_mdeg;
        const char *item;
    } wrong[] = {{-1.0F, 0, "target.range"},
                 {2e6F, 0, "target.range"},
                 {1.0F, 360001, "target.azimuth"},
                 {1.0F, -360001, "target.azimuth"}};
    for (size_t i = 0; i < 4; i++) {
        put_target(bytes, 0, wrong[i].range_m, wrong[i].azimuth_mdeg);
        assert_int_equal(sky_regmap_plots(&map, bytes, 60, 0, plot, &plot_count, &item, &offset),
                         SKY_E_CORRUPT);
        assert_string_equal(item, wrong[i].item);
    }
    put_target(bytes, 0, 1.0F, 0);
    put(bytes, 6, 9001);
    assert_int_equal(sky_regmap_plots(&map, bytes, 60, 0, plot, &plot_count, &item, &offset),
                     SKY_E_CORRUPT);
    assert_string_equal(item, "target.elevation");
}

static void what_is_no_number_is_not_available(void **state)
{
    (void)state;
    uint8_t bytes[60] = {0};
    parse(records);
    put(bytes, 0, 2);
    put_target(bytes, 0, nanf(""), 0);
    put_target(bytes, 1, HUGE_VALF, 0);
    assert_int_equal(sky_regmap_plots(&map, bytes, 60, 0, plot, &plot_count, &item, &offset),
                     SKY_OK);
    assert_int_equal(plot_count, 0);
    put_target(bytes, 0, -0.0F, 0);
    put(bytes, 0, 1);
    assert_int_equal(sky_regmap_plots(&map, bytes, 60, 0, plot, &plot_count, &item, &offset),
                     SKY_OK);
    assert_false(signbit(plot[0].slant_range_m));
}

static void a_text_that_is_no_map_is_refused_by_line_and_cause(void **state)
{
    (void)state;
#define HEAD "[map]\nkind=instrument\nfirst=0\ncount=10\n"
    static const struct {
        const char *text;
        int line;
        const char *what;
    } wrong[] = {
        {"", 0, "kind, first or count is missing in [map]"},
        {HEAD, 0, "no fields"},
        {"at = 1\n", 1, "a key stands before any heading"},
        {"[map\n", 1, "a heading does not end in ]"},
        {"nonsense\n", 1, "neither a heading nor key = value"},
        {HEAD "[map]\n", 5, "[map] stands there twice"},
        {HEAD "color = red\n", 5, "unknown key"},
        {HEAD "count = 9\n", 5, "a key stands there twice"},
        {HEAD "at = 9\n", 5, "a key of a field stands under [map]"},
        {HEAD "[a]\nfirst = 9\n", 6, "a key of [map] stands under a field"},
        {HEAD "[a]\nat = 1\n[a]\n", 7, "a field stands there twice"},
        {HEAD "[]\n", 5, "a heading is no word of 1 to 31 characters"},
        {HEAD "[a b]\n", 5, "a heading is no word of 1 to 31 characters"},
        {HEAD "[a]\n", 5, "at is missing"},
        {HEAD "[a]\nat = 10\n", 5, "its registers lie outside the read"},
        {HEAD "[a]\nat = 9\ntype = f32\n", 5, "its registers lie outside the read"},
        {HEAD "[a]\nat = 9\nbits = 17\n", 5, "more bits than there are"},
        {HEAD "[a]\nat = 9\nbits = 9\nshift = 8\n", 5, "more bits than there are"},
        {HEAD "[a]\nat = 1.5\n", 6, "at is no register from 0 to 65535"},
        {HEAD "[a]\nat = -1\n", 6, "at is no register from 0 to 65535"},
        {HEAD "[a]\ntype = u8\n", 6, "type is none of u16, s16, u32, s32, f32 and index"},
        {HEAD "[a]\norder = middle\n", 6, "order is neither high nor low"},
        {HEAD "[a]\nscale = nan\n", 6, "scale is no decimal number"},
        {HEAD "[a]\nscale = 1e9\n", 6, "scale is no decimal number"},
        {HEAD "[a]\nscale = 1.\n", 6, "scale is no decimal number"},
        {HEAD "[a]\nscale = 1234567890123456\n", 6, "scale is no decimal number"},
        {HEAD "[a]\noffset = \n", 6, "offset is no decimal number"},
        {HEAD "[a]\ntype = index\n", 5, "only what each target has can be its index"},
        {HEAD "[range_m]\nat = 1\n", 5, "an instrument has no targets"},
        {"[map]\nkind=radar\nfirst=0\ncount=1\n[range_m]\nat=0\n", 0,
         "a radar needs range_m and azimuth_deg"},
        {"[map]\nkind=instrument\nfirst=65530\ncount=10\n[a]\nat=65530\n", 0,
         "the read goes beyond register 65535"},
        {"[map]\nkind=lidar\n", 2, "kind is neither radar nor instrument"},
        {"[map]\nfunction=5\n", 2, "function is neither 3 nor 4"},
        {"[map]\ncount=1001\n", 2, "count is no number from 1 to 1000"},
        {"[map]\ntargets=65\n", 2, "targets is no number from 1 to 64"},
        {"[map]\nidentity=\n", 2, "identity is no word of 1 to 31 characters"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_refused(wrong[i].text, wrong[i].line, wrong[i].what);
    }
#undef HEAD
}

static void read_file(const char *name)
{
    static char text[SKY_REGMAP_TEXT_MAX];
    char path[512];
    snprintf(path, sizeof path, "%s/host/examples/modbus/%s", SKY_SOURCE_DIR, name);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    parse(text);
}

static void the_answer_in_the_manual_of_the_vu8_means_what_the_manual_says(void **state)
{
    (void)state;
    static const uint16_t answer[39] = {
        1,     8,     0,     0,     0,     0,  0,  0,  0,  0,  8,     100,   0,
        45303, 0,     15,    14,    12,    13, 14, 18, 22, 25, 23267, 23541, 24102,
        25129, 25490, 29971, 31787, 23398, 1,  1,  1,  1,  1,  9,     9,     1};
    static const double range_m[8] = {0.15, 0.14, 0.12, 0.13, 0.14, 0.18, 0.22, 0.25};
    uint8_t bytes[78];
    read_file("leddar-vu8.ini");
    for (size_t i = 0; i < 39; i++) {
        put(bytes, i, answer[i]);
    }
    assert_int_equal(sky_regmap_plots(&map, bytes, 78, 0, plot, &plot_count, &item, &offset),
                     SKY_OK);
    assert_int_equal(plot_count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_near(plot[i].slant_range_m, range_m[i], 1e-12);
        assert_int_equal(plot[i].sensor_track, 8 - i);
    }
    assert_near(plot[0].snr_db, 23267.0 / 64.0, 1e-9);
    const struct sky_regmap_field *const uptime = &map.field[map.field_count - 1];
    double value = 0.0;
    assert_true(sky_regmap_value(&map, uptime, bytes, 0, &value));
    assert_near(value, 45303.0, 0.0);
}

static void the_maps_that_come_along_are_maps(void **state)
{
    (void)state;
    read_file("leddar-vu8.ini");
    assert_true(map.is_radar);
    assert_int_equal(map.targets, 8);
    read_file("leddar-one.ini");
    assert_true(map.is_radar);
    read_file("anemometer.ini");
    assert_false(map.is_radar);
    read_file("rotator.ini");
    assert_false(map.is_radar);
}

static void a_rotator_says_where_it_points_and_that_its_battery_is_low(void **state)
{
    (void)state;
    static const uint16_t answer[3] = {0xFFFF, 0xFFFF, 0xDCD8}; /* -9000 */
    static const double wanted[2] = {-90.0, 65535.0};
    uint8_t bytes[6];
    read_file("rotator.ini");
    for (size_t i = 0; i < 3; i++) {
        put(bytes, i, answer[i]);
    }
    assert_int_equal(map.field_count, 2);
    for (size_t i = 0; i < 2; i++) {
        double value = 0.0;
        assert_true(sky_regmap_value(&map, &map.field[i], bytes, 0, &value));
        assert_near(value, wanted[i], 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_as_arrays_become_plots_with_the_directions_of_their_beams),
        cmocka_unit_test(targets_as_records_become_plots_whatever_the_order_of_words),
        cmocka_unit_test(a_block_that_cannot_be_is_refused_by_what_and_where),
        cmocka_unit_test(what_is_no_number_is_not_available),
        cmocka_unit_test(a_text_that_is_no_map_is_refused_by_line_and_cause),
        cmocka_unit_test(the_answer_in_the_manual_of_the_vu8_means_what_the_manual_says),
        cmocka_unit_test(the_maps_that_come_along_are_maps),
        cmocka_unit_test(a_rotator_says_where_it_points_and_that_its_battery_is_low),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
