/* Places that aircraft and other systems report (021, 062), and the plots of 010 and 015. */
#include "test_blocks.h"

static const double pi = 3.14159265358979323846;
static const double foot_m = 0.3048;
static const double radius_95 = 2.4477468306808161;

static int forget_dialects(void **state)
{
    (void)state;
    dialect_count = 0;
    return 0;
}

static void speak(uint8_t sac, uint8_t sic, enum sky_asterix_021 edition)
{
    dialect[dialect_count++] = (struct sky_asterix_dialect){sac, sic, edition};
}

static const struct sky_plot *target(void)
{
    expect_one(SKY_ASTERIX_TARGET);
    return &record.plot;
}

/* ---- sizes ---- */

/* Every item of fixed size alone, and what else the profile leaves out. */
static void every_fixed_item_of_a_report_is_stepped_over_exactly(void **state)
{
    (void)state;
    static const struct {
        uint8_t category;
        enum sky_asterix_021 edition;
        uint8_t bytes[49]; /* by field reference number less one; 0: not of fixed size */
    } profile[] = {
        {62, 0, {2, 0, 1, 3, 8, 6, 4, 2, 2, 7, 0, 2, 0, 0, 1, 0, 2, 2,
                 2, 2, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
        {21, SKY_ASTERIX_021_ED_2_2, {2, 0, 2, 1, 3, 6, 8, 3, 2, 2, 3, 3, 4, 3,
                                      4, 2, 0, 1, 2, 2, 2, 2, 1, 2, 2, 4, 2, 3,
                                      6, 1, 0, 2, 2, 0, 1, 1, 0, 1, 0, 7, 1, 0}},
        {21, SKY_ASTERIX_021_ED_2_1, {2, 0, 2, 1, 3, 6, 8, 3, 2, 2, 3, 3, 4, 3,
                                      4, 2, 0, 1, 2, 2, 2, 2, 1, 2, 2, 4, 2, 3,
                                      6, 1, 0, 2, 2, 0, 1, 1, 0, 1, 0, 7, 1, 0}},
        {21, SKY_ASTERIX_021_ED_0_26, {2, 2, 3, 8, 3, 2, 2, 1, 2, 2, 2, 2, 2, 2,
                                       2, 4, 0, 6, 1, 1, 1, 1, 0, 2, 2, 0, 2, 1}},
        {21, SKY_ASTERIX_021_ED_0_23, {2, 2, 3, 6, 3, 2, 2, 1, 2, 2, 2, 2, 2,
                                       2, 2, 4, 0, 6, 1, 1, 1, 1, 0, 2, 2, 0}},
        {10, 0, {2, 1, 0, 3, 8, 4, 4, 4, 4, 2, 0, 2, 3, 7, 0, 1, 2, 2, 0, 1, 1, 4, 0, 1, 2}},
        {15, 0, {2, 1, 1, 0, 0, 3, 2, 0, 2, 0, 0, 5}},
    };
    speak(1, 2, SKY_ASTERIX_021_ED_2_1);
    speak(1, 3, SKY_ASTERIX_021_ED_0_26);
    speak(1, 4, SKY_ASTERIX_021_ED_0_23);
    for (size_t i = 0; i < sizeof profile / sizeof profile[0]; i++) {
        char source[8];
        (void)snprintf(source, sizeof source, "01 %02x", (unsigned)profile[i].edition);
        for (unsigned frn = 2; frn <= 49; frn++) {
            if (profile[i].bytes[frn - 1] == 0) {
                continue;
            }
            char zeros[3 * 49] = "";
            for (size_t n = 0; n < profile[i].bytes[frn - 1]; n++) {
                memcpy(zeros + 3 * n, "00 ", 4);
            }
            d.count = 0;
            begin(profile[i].category);
            ITEMS({1, source}, {frn, zeros});
            const size_t whole = d.count;
            ITEMS({1, "a5 5a"});
            end();
            start();
            if (sky_asterix_next(&walk, &record, &item, &offset) != SKY_OK) {
                fail_msg("category %u, number %u: %s", profile[i].category, frn, item);
            }
            assert_int_equal(walk.at, whole);
            assert_int_equal(sky_asterix_next(&walk, &record, &item, &offset), SKY_OK);
            assert_int_equal(record.sac, 0xA5);
            expect_end();
        }
    }
}

static void the_spare_places_of_a_profile_hold_no_item(void **state)
{
    (void)state;
    static const struct {
        uint8_t category;
        const char *sic;
        unsigned frn;
    } spare[] = {
        {62, "00", 2},  {62, "00", 29}, {62, "00", 33}, {62, "00", 36},
        {21, "00", 43}, {21, "00", 47}, {21, "04", 27}, {21, "04", 28},
        {21, "03", 29}, {10, "00", 26}, {15, "00", 27}, {10, "00", 29},
    };
    speak(1, 3, SKY_ASTERIX_021_ED_0_26);
    speak(1, 4, SKY_ASTERIX_021_ED_0_23);
    for (size_t i = 0; i < sizeof spare / sizeof spare[0]; i++) {
        char source[8];
        (void)snprintf(source, sizeof source, "01 %s", spare[i].sic);
        ONE(spare[i].category, {1, source}, {spare[i].frn, "00 00 00 00"});
        start();
        expect_bad("FSPEC", 3);
        expect_end();
    }
}

static void a_compound_item_has_no_more_subfields_than_its_profile_says(void **state)
{
    (void)state;
    static const struct {
        uint8_t category;
        struct piece piece;
        const char *item;
    } said[] = {
        {62, {16, "01 01 01 01 10 01"}, "I062/295"},    /* the 32nd of 31 */
        {62, {16, "01 01 01 01 01 80 01"}, "I062/295"}, /* the 36th of anything */
        {62, {16, "01 01 01 01 01 01 01 01 80 01"}, "I062/295"},
        {62, {27, "01 40 01"}, "I062/500"},
        {21, {31, "08 01"}, "I021/220"},
        {15, {14, "01 40 01"}, "I015/601"},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(said[i].category, said[i].piece);
        start();
        assert_int_equal(sky_asterix_next(&walk, &record, &item, &offset), SKY_E_CORRUPT);
        assert_string_equal(item, said[i].item);
        expect_end();
    }
}

/* ---- category 062 ---- */

#define PLACE_062                                                                                  \
    {                                                                                              \
        5, "00 80 00 00 ff 00 00 00"                                                               \
    } /* a quarter of a half turn, and minus a half of one */

static void a_system_track_is_a_place_with_its_accuracy(void **state)
{
    (void)state;
    ONE(62, {1, "19 64"}, {4, "00 00 80"}, PLACE_062, {9, "0f ff"},
        {11, "c0 3c 66 0c 10 c2 36 d4 18 20"}, {12, "be 13"}, {13, "04"}, {17, "05 28"},
        {18, "10 00"}, {27, "90 00 0a 00 14 10"});
    const struct sky_plot *const plot = target();
    assert_int_equal(record.category, 62);
    assert_int_equal(record.sac, 0x19);
    assert_int_equal(record.sic, 0x64);
    assert_false(record.simulated || record.suspect);
    assert_int_equal(plot->has, SKY_PLOT_PLACE | SKY_PLOT_MODE_3A | SKY_PLOT_ICAO |
                                    SKY_PLOT_CALLSIGN | SKY_PLOT_ALT_STD | SKY_PLOT_SENSOR_TRACK);
    assert_int_equal(plot->time_kind, SKY_TIME_OF_DAY);
    assert_int_equal(plot->time_value_ns, SKY_SECOND_NS);
    assert_int_equal(plot->time_sigma_ns, 2255275);
    assert_near(plot->place.lat_rad, pi / 4.0, 1e-15);
    assert_near(plot->place.lon_rad, -pi / 2.0, 1e-15);
    assert_near(plot->sigma_place_m, 10.0, 0.0); /* the larger axis */
    assert_near(plot->place.alt_hae_m, 25600.0 * foot_m, 1e-9);
    assert_near(plot->sigma_height_m, 100.0 * foot_m, 1e-9);
    assert_near(plot->alt_std_m, 33000.0 * foot_m, 1e-9);
    assert_int_equal(plot->mode_3a, 07777);
    assert_int_equal(plot->icao_address, 0x3C660C);
    assert_string_equal(plot->callsign, "DLH65A");
    assert_int_equal(plot->sensor_track, 0xBE13);
}

static void a_system_track_says_only_what_it_says(void **state)
{
    (void)state;
    ONE(62, PLACE_062);
    const struct sky_plot *plot = target();
    assert_int_equal(plot->has, SKY_PLOT_PLACE);
    assert_int_equal(plot->time_kind, SKY_TIME_ARRIVAL);
    assert_near(plot->sigma_place_m, 0.0, 0.0);
    assert_near(plot->sigma_height_m, 0.0, 0.0);
    ONE(62, PLACE_062, {18, "10 00"}, {27, "10 00"}); /* an accuracy of 0 is none */
    plot = target();
    assert_near(plot->sigma_height_m, 150.0, 0.0);
    ONE(62, PLACE_062, {27, "20 00 02 00 04"}); /* of latitude and longitude */
    plot = target();
    assert_near(plot->sigma_place_m, 2.0 * 180.0 / 33554432.0 * 111120.0 * sqrt(2.0), 1e-9);
    ONE(62, PLACE_062, {27, "20 00 04 00 04"});
    plot = target();
    assert_near(plot->sigma_place_m, 4.0 * 180.0 / 33554432.0 * 111120.0, 1e-9);
    ONE(62, {1, "19 64"}, {6, "00 00 00 00 00 00"}); /* on a plane that nobody named */
    expect_one(SKY_ASTERIX_NO_POSITION);
}

static void the_velocity_of_a_system_track_comes_with_its_accuracy(void **state)
{
    (void)state;
    ONE(62, PLACE_062, {7, "00 c8 ff 9b"});
    const struct sky_plot *const plot = target();
    assert_int_equal(plot->has, SKY_PLOT_PLACE | SKY_PLOT_VELOCITY);
    assert_near(plot->vel_east_mps, 50.0, 0.0);
    assert_near(plot->vel_north_mps, -25.25, 0.0);
    assert_near(plot->sigma_velocity_mps, 0.0, 0.0);
    ONE(62, PLACE_062, {7, "00 c8 ff 9b"}, {27, "04 08 0c"});
    assert_near(target()->sigma_velocity_mps, 3.0, 0.0); /* the larger axis */
    ONE(62, {7, "00 c8 ff 9b"});                         /* without a place it is of no use */
    expect_one(SKY_ASTERIX_NO_POSITION);
    assert_int_equal(record.plot.has, 0);
}

static void a_height_that_another_system_assumed_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        bool holds;
    } said[] = {{"00", true},  {"04", true},  {"08", true},  {"0c", true},
                {"10", false}, {"14", false}, {"18", false}, {"1c", true}};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(62, PLACE_062, {13, said[i].status}, {18, "10 00"});
        assert_int_equal(target()->sigma_height_m > 0.0, said[i].holds);
    }
}

static void a_pressure_altitude_is_measured_or_else_calculated_without_qnh(void **state)
{
    (void)state;
    ONE(62, PLACE_062, {17, "ff ff"}, {19, "05 28"});
    assert_near(target()->alt_std_m, -25.0 * foot_m, 1e-12);
    ONE(62, PLACE_062, {19, "05 28"});
    assert_near(target()->alt_std_m, 33000.0 * foot_m, 1e-9);
    ONE(62, PLACE_062, {19, "7f ff"});
    assert_near(target()->alt_std_m, -25.0 * foot_m, 1e-12);
    ONE(62, PLACE_062, {19, "85 28"});
    assert_int_equal(target()->has, SKY_PLOT_PLACE);
}

static void a_callsign_counts_only_if_the_aircraft_sent_it(void **state)
{
    (void)state;
    ONE(62, PLACE_062, {10, "00 10 c2 36 d4 18 20"});
    assert_string_equal(target()->callsign, "DLH65A");
    ONE(62, PLACE_062, {10, "40 10 c2 36 d4 18 20"});
    assert_string_equal(target()->callsign, "");
    ONE(62, PLACE_062, {10, "00 10 c2 36 d4 18 20"}, {11, "40 04 20 c4 c7 2c f4"});
    assert_string_equal(target()->callsign, "ABCD1234");
    ONE(10, {3, "20"}, {5, "00 00 00 00 00 00 00 00"}, {14, "00 10 c2 36 d4 18 20"});
    assert_string_equal(target()->callsign, "DLH65A");
    ONE(10, {3, "20"}, {5, "00 00 00 00 00 00 00 00"}, {14, "80 10 c2 36 d4 18 20"});
    assert_string_equal(target()->callsign, "");
}

static void a_coasted_track_is_no_position_and_a_simulated_one_is_marked(void **state)
{
    (void)state;
    ONE(62, PLACE_062, {13, "01 01 01 80"});
    expect_one(SKY_ASTERIX_NO_POSITION);
    assert_int_equal(record.plot.has & SKY_PLOT_PLACE, 0);
    ONE(62, PLACE_062, {13, "01 40"}); /* its last message */
    expect_one(SKY_ASTERIX_NO_POSITION);
    ONE(62, PLACE_062, {13, "01 3f 01 7e"});
    expect_one(SKY_ASTERIX_TARGET);
    assert_false(record.simulated);
    ONE(62, PLACE_062, {13, "01 80"});
    expect_one(SKY_ASTERIX_TARGET);
    assert_true(record.simulated);
    static const char *const last[] = {"04 10", "04 08", "04 04"};
    for (size_t i = 0; i < 3; i++) {
        ONE(62, PLACE_062, {28, last[i]});
        expect_one(SKY_ASTERIX_TARGET);
        assert_true(record.simulated);
    }
    ONE(62, PLACE_062, {28, "04 e3"});
    expect_one(SKY_ASTERIX_TARGET);
    assert_false(record.simulated);
}

static void a_track_that_ssr_mode_s_or_adsb_hears_is_cooperative(void **state)
{
    (void)state;
    static const struct {
        const char *ages;
        bool heard;
    } said[] = {{"40 08", true},     {"20 00", true},     {"04 fe", true},     {"02 08", true},
                {"01 80 08", true},  {"01 20 08", true},  {"c0 08 ff", false}, {"80 08", false},
                {"08 00 08", false}, {"01 40 08", false}, {"60 ff 08", true}};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(62, PLACE_062, {14, said[i].ages});
        assert_int_equal(target()->has, SKY_PLOT_PLACE | (said[i].heard ? SKY_PLOT_COOPERATES : 0));
    }
}

/* ---- category 021 ---- */

#define PLACE_021                                                                                  \
    {                                                                                              \
        6, "20 00 00 c0 00 00"                                                                     \
    } /* pi/4, -pi/2 */

static void a_report_of_an_aircraft_is_a_place_with_its_accuracy(void **state)
{
    (void)state;
    ONE(21, {1, "00 03"}, {2, "00"}, {3, "f5 5f"}, {5, "00 00 80"}, PLACE_021,
        {7, "08 00 00 00 c0 00 00 00"}, {11, "1a 4b 65"}, {16, "15 b8"}, {17, "01 11 04"},
        {18, "12"}, {19, "fe 46"}, {21, "05 78"}, {29, "10 c2 36 d4 18 20"});
    const struct sky_plot *const plot = target();
    assert_int_equal(record.category, 21);
    assert_false(record.simulated || record.suspect);
    assert_int_equal(plot->has, SKY_PLOT_PLACE | SKY_PLOT_MODE_3A | SKY_PLOT_ICAO |
                                    SKY_PLOT_CALLSIGN | SKY_PLOT_ALT_STD | SKY_PLOT_SENSOR_TRACK |
                                    SKY_PLOT_COOPERATES);
    assert_int_equal(plot->time_value_ns, SKY_SECOND_NS);
    assert_int_equal(plot->time_sigma_ns, 2255275);
    assert_near(plot->place.lat_rad, pi / 8.0, 1e-15); /* the finer item */
    assert_near(plot->place.lon_rad, -pi, 1e-15);
    assert_near(plot->sigma_place_m, 92.6 / radius_95, 1e-9); /* NACp 8 */
    assert_near(plot->place.alt_hae_m, 34750.0 * foot_m, 1e-9);
    assert_near(plot->sigma_height_m, 22.5, 0.0); /* GVA 2 */
    assert_near(plot->alt_std_m, 35000.0 * foot_m, 1e-9);
    assert_int_equal(plot->mode_3a, 07106);
    assert_int_equal(plot->icao_address, 0x1A4B65);
    assert_string_equal(plot->callsign, "DLH65A");
    assert_int_equal(plot->sensor_track, 0x55F);
    ONE(21, PLACE_021);
    assert_near(target()->place.lat_rad, pi / 4.0, 1e-15);
    assert_near(record.plot.place.lon_rad, -pi / 2.0, 1e-15);
    assert_int_equal(record.plot.time_kind, SKY_TIME_ARRIVAL);
    assert_near(record.plot.sigma_place_m, 0.0, 0.0);
    ONE(21, {1, "00 03"}, {5, "00 00 80"});
    expect_one(SKY_ASTERIX_NO_POSITION);
}

static void what_an_accuracy_category_means_depends_on_the_equipment(void **state)
{
    (void)state;
    static const struct {
        const char *quality;
        const char *version; /* NULL: not stated */
        double radius_m;     /* 0: not stated */
    } said[] = {
        {"0e", "02", 92.6},       {"12", "02", 3.0},    {"02", "02", 18520.0},
        {"00", "02", 0.0},        {"14", "02", 0.0},    {"0f 00", "0a", 0.0},
        {"0f 16", "0a", 3.0},     {"0e", "0a", 0.0},    {"01 16", "12", 3.0},
        {"01 02", "12", 18520.0}, {"01 18", "12", 0.0}, {"01 12", NULL, 30.0},
        {"0e", NULL, 0.0},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        if (said[i].version) {
            ONE(21, PLACE_021, {17, said[i].quality}, {18, said[i].version});
        } else {
            ONE(21, PLACE_021, {17, said[i].quality});
        }
        assert_near(target()->sigma_place_m * radius_95, said[i].radius_m, 1e-9);
    }
}

static void an_aircraft_says_how_fast_it_flies_and_how_well_it_knows(void **state)
{
    (void)state;
    static const struct {
        const char *quality;
        double radius_mps;
    } said[] = {{"00", 0.0}, {"20", 10.0}, {"40", 3.0}, {"60", 1.0}, {"80", 0.3}, {"a0", 0.0}};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(21, PLACE_021, {17, said[i].quality}, {26, "04 00 15 55"}); /* 30 degrees */
        const struct sky_plot *const plot = target();
        assert_true((plot->has & SKY_PLOT_VELOCITY) != 0);
        assert_near(plot->vel_east_mps, 115.75 * 0.5, 0.01);
        assert_near(plot->vel_north_mps, 115.75 * sqrt(0.75), 0.01);
        assert_near(plot->sigma_velocity_mps * radius_95, said[i].radius_mps, 1e-9);
    }
    ONE(21, PLACE_021, {26, "84 00 15 55"}); /* faster than the item can say */
    assert_int_equal(target()->has & SKY_PLOT_VELOCITY, 0);
}

static void a_height_is_as_good_as_its_category_says(void **state)
{
    (void)state;
    static const struct {
        const char *quality;
        double sigma_m;
    } said[] = {{"00", 150.0},
                {"01 01 00", 150.0},
                {"01 01 02", 75.0},
                {"01 01 04", 22.5},
                {"01 01 06", 150.0}};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(21, PLACE_021, {16, "15 b8"}, {17, said[i].quality});
        assert_near(target()->sigma_height_m, said[i].sigma_m, 0.0);
    }
    ONE(21, PLACE_021, {16, "7f ff"}); /* higher than it can say */
    assert_near(target()->sigma_height_m, 0.0, 0.0);
    assert_near(record.plot.place.alt_hae_m, 0.0, 0.0);
    ONE(21, PLACE_021, {16, "ff ff"});
    assert_near(target()->place.alt_hae_m, -6.25 * foot_m, 1e-12);
}

static void a_time_of_reception_stands_in_for_that_of_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *received;
        const char *fine; /* NULL: none */
        int64_t time_ns;
    } said[] = {
        {"00 00 80", NULL, SKY_SECOND_NS},
        {"00 00 ff", "20 00 00 00", SKY_SECOND_NS + SKY_SECOND_NS / 2},
        {"00 00 ff", "60 00 00 00", 2 * SKY_SECOND_NS + SKY_SECOND_NS / 2},
        {"00 00 ff", "a0 00 00 00", SKY_SECOND_NS / 2},
        {"00 00 80", "e0 00 00 00", SKY_SECOND_NS},             /* reserved */
        {"a8 bf ff", "40 00 00 00", 0},                         /* midnight */
        {"00 00 00", "bf ff ff ff", 86400 * SKY_SECOND_NS - 1}, /* and back */
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        if (said[i].fine) {
            ONE(21, PLACE_021, {12, said[i].received}, {13, said[i].fine});
        } else {
            ONE(21, PLACE_021, {12, said[i].received});
        }
        const struct sky_plot *const plot = target();
        assert_int_equal(plot->time_kind, SKY_TIME_OF_DAY);
        assert_int_equal(plot->time_sigma_ns, 200000000);
        assert_near((double)(plot->time_value_ns - said[i].time_ns), 0.0, 1.0);
    }
    ONE(21, {5, "00 00 80"}, PLACE_021, {12, "00 01 00"}); /* that of the place comes first */
    assert_int_equal(target()->time_value_ns, SKY_SECOND_NS);
    ONE(21, PLACE_021, {13, "20 00 00 00"}); /* a fraction of nothing */
    assert_int_equal(target()->time_kind, SKY_TIME_ARRIVAL);
}

static void reports_that_are_no_aircraft_or_are_doubted_are_marked(void **state)
{
    (void)state;
    static const struct {
        const char *descriptor;
        const char *emitter;
        bool simulated, suspect;
    } said[] = {
        {"00", "00", false, false},       {"fc", "13", false, false},   /* all that is no matter */
        {"02", "00", true, false},                                      /* RAB */
        {"01 20", "00", true, false},     {"01 10", "00", true, false}, /* SIM, TST */
        {"01 c8", "0d", false, false},    {"01 02", "00", false, true}, /* CL: suspect */
        {"01 04", "00", false, false},    {"01 01 40", "00", false, true}, /* LLC */
        {"01 01 20", "00", false, true},                                   /* IPC */
        {"01 01 10", "00", false, false}, {"01 01 08", "00", false, true}, /* NOGO, CPR */
        {"01 01 04", "00", false, true},  {"01 01 02", "00", false, true}, /* LDPJ, RCF */
        {"00", "14", true, false},        {"00", "18", true, false},       /* vehicle, line */
        {"00", "19", false, false},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(21, {2, said[i].descriptor}, PLACE_021, {30, said[i].emitter});
        expect_one(SKY_ASTERIX_TARGET);
        assert_int_equal(record.simulated, said[i].simulated);
        assert_int_equal(record.suspect, said[i].suspect);
        const unsigned long emitter = strtoul(said[i].emitter, NULL, 16);
        assert_int_equal((record.plot.has & SKY_PLOT_EMITTER) != 0, emitter != 0);
        assert_int_equal(record.plot.emitter, emitter);
    }
}

static void an_address_that_is_not_of_icao_and_a_level_that_is_not_valid_are_left_out(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 8; type++) {
        char descriptor[4];
        (void)snprintf(descriptor, sizeof descriptor, "%02x", type << 5);
        ONE(21, {2, descriptor}, PLACE_021, {11, "1a 4b 65"});
        assert_int_equal((target()->has & SKY_PLOT_ICAO) != 0, type == 0);
    }
    ONE(21, {2, "18"}, PLACE_021, {21, "05 78"});
    assert_int_equal(target()->has & SKY_PLOT_ALT_STD, 0);
    ONE(21, {2, "10"}, PLACE_021, {21, "05 78"});
    assert_int_equal(target()->has & SKY_PLOT_ALT_STD, SKY_PLOT_ALT_STD);
}

static void editions_before_the_first_have_places_and_meanings_of_their_own(void **state)
{
    (void)state;
    speak(9, 9, SKY_ASTERIX_021_ED_2_1);
    speak(1, 3, SKY_ASTERIX_021_ED_0_26);
    speak(1, 4, SKY_ASTERIX_021_ED_0_23);
    ONE(21, {1, "01 03"}, {2, "00 20"}, {3, "00 00 80"}, {4, "00 80 00 00 ff 00 00 00"},
        {5, "1a 4b 65"}, {6, "15 b8"}, {7, "00 07"}, {10, "05 78"}, {18, "10 c2 36 d4 18 20"},
        {20, "02"}, {27, "0e 46"});
    const struct sky_plot *plot = target();
    assert_int_equal(plot->has, SKY_PLOT_PLACE | SKY_PLOT_MODE_3A | SKY_PLOT_ICAO |
                                    SKY_PLOT_CALLSIGN | SKY_PLOT_ALT_STD | SKY_PLOT_COOPERATES);
    assert_int_equal(plot->time_value_ns, SKY_SECOND_NS);
    assert_int_equal(plot->time_sigma_ns, 3 * 2255275);
    assert_near(plot->place.lat_rad, pi / 4.0, 1e-15);
    assert_near(plot->place.lon_rad, -pi / 2.0, 1e-15);
    assert_near(plot->sigma_place_m, 92.6 / radius_95, 1e-9);
    assert_near(plot->sigma_height_m, 150.0, 0.0);
    assert_near(plot->place.alt_hae_m, 34750.0 * foot_m, 1e-9);
    ONE(21, {1, "01 04"}, {2, "00 00"}, {4, "20 00 00 c0 00 00"}, {5, "1a 4b 65"}, {20, "02"});
    plot = target();
    assert_near(plot->place.lat_rad, pi / 4.0, 1e-15);
    assert_int_equal(plot->has,
                     SKY_PLOT_PLACE | SKY_PLOT_COOPERATES); /* the address is of another kind */
    assert_int_equal(plot->time_sigma_ns, 0);
    assert_near(plot->sigma_place_m, 0.0, 0.0);
    ONE(21, {1, "01 04"}, {3, "00 00 80"});
    expect_one(SKY_ASTERIX_NO_POSITION);
    static const struct {
        const char *descriptor;
        const char *emitter;
    } no_aircraft[] = {{"20 00", "00"}, {"10 00", "00"}, {"08 00", "00"}, {"00 00", "18"}};
    for (size_t i = 0; i < sizeof no_aircraft / sizeof no_aircraft[0]; i++) {
        ONE(21, {1, "01 04"}, {2, no_aircraft[i].descriptor}, {4, "20 00 00 c0 00 00"},
            {22, no_aircraft[i].emitter});
        (void)target();
        assert_true(record.simulated);
    }
    ONE(21, {1, "01 04"}, {2, "c7 1f"}, {4, "20 00 00 c0 00 00"}, {22, "19"});
    (void)target();
    assert_false(record.simulated);
}

/* I021/271 of edition 2.1 has no extension bit in its second octet. */
static void the_edition_belongs_to_who_signs_the_first_record(void **state)
{
    (void)state;
    speak(1, 2, SKY_ASTERIX_021_ED_2_1);
    for (unsigned sic = 2; sic <= 3; sic++) {
        char source[8];
        (void)snprintf(source, sizeof source, "01 %02x", sic);
        d.count = 0;
        begin(21);
        ITEMS({1, source}, {37, "01 01"});
        ITEMS({1, "01 05"});
        end();
        start();
        if (sic == 2) {
            expect_record(SKY_ASTERIX_NO_POSITION);
            expect_record(SKY_ASTERIX_NO_POSITION);
        } else {
            expect_bad("FSPEC", 14);
            assert_int_equal(walk.record, 2);
        }
        expect_end();
    }
    ONE(21, {2, "00"}, {37, "01 01 00"}); /* of nobody: the newest */
    expect_one(SKY_ASTERIX_NO_POSITION);
    d.count = 0;
    put("15 00 05 81 00"); /* too short to be signed */
    start();
    expect_bad("I021/010", 5);
    expect_end();
}

/* ---- category 010 ---- */

static void a_surface_radar_says_where_it_saw_it(void **state)
{
    (void)state;
    ONE(10, {1, "00 01"}, {2, "01"}, {3, "60"}, {4, "00 00 80"}, {5, "40 00 00 00 00 00 00 00"},
        {6, "06 34 40 00"}, {7, "fe f5 f9 e2"}, {10, "00 04"}, {12, "0f ff"}, {13, "1a 4b 65"},
        {17, "05 28"});
    const struct sky_plot *plot = target();
    assert_int_equal(plot->has,
                     SKY_PLOT_SENSOR_TRACK | SKY_PLOT_MODE_3A | SKY_PLOT_ICAO | SKY_PLOT_ALT_STD);
    assert_near(plot->slant_range_m, 1588.0, 0.0);
    assert_near(plot->azimuth_rad, pi / 2.0, 1e-15);
    assert_int_equal(plot->time_value_ns, SKY_SECOND_NS);
    assert_int_equal(plot->sensor_track, 4);
    assert_int_equal(plot->mode_3a, 07777);
    assert_int_equal(plot->icao_address, 0x1A4B65);
    assert_near(plot->alt_std_m, 33000.0 * foot_m, 1e-9);
    ONE(10, {3, "60"}, {7, "ff fd 00 04"}); /* 3 m west, 4 m north */
    plot = target();
    assert_near(plot->slant_range_m, 5.0, 1e-12);
    assert_near(plot->azimuth_rad, 2.0 * pi - atan2(3.0, 4.0), 1e-12);
    assert_int_equal(plot->has, 0);
    ONE(10, {3, "60"}, {5, "20 00 00 00 c0 00 00 00"}); /* better than nothing */
    assert_int_equal(target()->has, SKY_PLOT_PLACE);
    ONE(10, {3, "60"}, {4, "00 00 80"});
    expect_one(SKY_ASTERIX_NO_POSITION);
}

static void what_several_stations_timed_is_a_place(void **state)
{
    (void)state;
    ONE(10, {3, "20"}, {5, "20 00 00 00 c0 00 00 00"}, {6, "06 34 40 00"}, {22, "0c 10 00 00"});
    const struct sky_plot *const plot = target();
    assert_int_equal(plot->has, SKY_PLOT_PLACE | SKY_PLOT_COOPERATES);
    assert_near(plot->place.lat_rad, pi / 4.0, 1e-15);
    assert_near(plot->place.lon_rad, -pi / 2.0, 1e-15);
    assert_near(plot->sigma_place_m, 4.0, 0.0);
    ONE(10, {3, "20"}, {6, "06 34 40 00"}); /* but it may say it its own way */
    assert_int_equal(target()->has, SKY_PLOT_COOPERATES);
    for (unsigned type = 0; type < 8; type++) {
        char descriptor[4];
        (void)snprintf(descriptor, sizeof descriptor, "%02x", type << 5);
        ONE(10, {3, descriptor}, {6, "06 34 40 00"});
        assert_int_equal(target()->has, type <= 2 || type == 5 ? SKY_PLOT_COOPERATES : 0);
    }
    ONE(10, {1, "00 01"}, {6, "06 34 40 00"});
    assert_int_equal(target()->has, 0);
}

static void
surface_targets_that_are_not_aircraft_are_marked_and_coasted_ones_no_position(void **state)
{
    (void)state;
    static const struct {
        const char *descriptor;
        bool simulated;
    } said[] = {{"60", false},   {"61 80", true},  {"61 40", true},  {"61 20", true},
                {"61 04", true}, {"61 02", false}, {"61 06", false}, {"61 18", false}};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(10, {3, said[i].descriptor}, {6, "06 34 40 00"});
        expect_one(SKY_ASTERIX_TARGET);
        assert_int_equal(record.simulated, said[i].simulated);
    }
    static const char *const coasted[] = {"10", "20", "30"};
    for (size_t i = 0; i < 3; i++) {
        ONE(10, {3, "60"}, {6, "06 34 40 00"}, {11, coasted[i]});
        expect_one(SKY_ASTERIX_NO_POSITION);
    }
    ONE(10, {3, "60"}, {6, "06 34 40 00"}, {11, "ce"});
    expect_one(SKY_ASTERIX_TARGET);
}

static void a_status_message_of_a_surface_system_is_service(void **state)
{
    (void)state;
    ONE(10, {1, "00 01"}, {2, "03"}, {4, "00 00 80"}, {20, "90"});
    expect_one(SKY_ASTERIX_SERVICE);
    assert_int_equal(record.service.message_type, 3);
    assert_true(record.service.has_time);
    assert_int_equal(record.service.time_of_day_ns, SKY_SECOND_NS);
    assert_true(record.service.no_go);
    assert_true(record.service.time_source_invalid);
    ONE(10, {2, "02"});
    expect_one(SKY_ASTERIX_SERVICE);
    assert_false(record.service.has_time || record.service.no_go ||
                 record.service.time_source_invalid);
    ONE(10, {2, "04"}, {20, "6c"});
    expect_one(SKY_ASTERIX_SERVICE);
    assert_false(record.service.no_go || record.service.time_source_invalid);
}

/* ---- category 015 ---- */

static void a_plot_of_one_site_is_polar_with_its_sigmas(void **state)
{
    (void)state;
    ONE(15, {1, "19 c9"}, {2, "02"}, {4, "00"}, {6, "00 00 80"}, {7, "be 13"},
        {13, "80 20 00 00 00 c0 00 00 00"}, {20, "a0 01 86 a0 00 00 64"}, {21, "c0 ff ec 78 00 40"},
        {22, "a0 40 00 00 80"}, {23, "a0 20 00 01 00"}, {24, "10 f6"});
    const struct sky_plot *const plot = target();
    assert_int_equal(plot->has, SKY_PLOT_SENSOR_TRACK | SKY_PLOT_ELEVATION | SKY_PLOT_RADIAL_SPEED |
                                    SKY_PLOT_SIGMA_RADIAL | SKY_PLOT_SIGMAS | SKY_PLOT_SNR);
    assert_int_equal(plot->time_value_ns, SKY_SECOND_NS);
    assert_int_equal(plot->sensor_track, 0xBE13);
    assert_near(plot->slant_range_m, 10000.0, 1e-9);
    assert_near(plot->sigma_range_m, 10.0, 1e-12);
    assert_near(plot->radial_speed_mps, -50.0, 1e-12);
    assert_near(plot->sigma_radial_mps, 1.0, 0.0);
    assert_near(plot->azimuth_rad, pi / 2.0, 1e-15);
    assert_near(plot->sigma_azimuth_rad, 128.0 * 45.0 / 65536.0 * pi / 180.0, 1e-15);
    assert_near(plot->elevation_rad, pi / 8.0, 1e-15);
    assert_near(plot->sigma_elevation_rad, 256.0 * 45.0 / 65536.0 * pi / 180.0, 1e-15);
    assert_near(plot->snr_db, -10.0, 0.0);
}

static void sigmas_are_whole_or_absent(void **state)
{
    (void)state;
    static const struct {
        const char *range, *azimuth, *elevation;
        bool stated;
    } said[] = {
        {"a0 01 86 a0 00 00 64", "a0 40 00 00 80", "a0 20 00 01 00", true},
        {"80 01 86 a0", "a0 40 00 00 80", "a0 20 00 01 00", false},
        {"a0 01 86 a0 00 00 00", "a0 40 00 00 80", "a0 20 00 01 00", false},
        {"a0 01 86 a0 00 00 64", "80 40 00", "a0 20 00 01 00", false},
        {"a0 01 86 a0 00 00 64", "a0 40 00 00 00", "a0 20 00 01 00", false},
        {"a0 01 86 a0 00 00 64", "a0 40 00 00 80", "80 20 00", false},
        {"a0 01 86 a0 00 00 64", "a0 40 00 00 80", "a0 20 00 00 00", false},
        {"a0 01 86 a0 00 00 64", "a0 40 00 00 80", "40 00 01", true}, /* no elevation at all */
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(15, {20, said[i].range}, {22, said[i].azimuth}, {23, said[i].elevation});
        assert_int_equal((target()->has & SKY_PLOT_SIGMAS) != 0, said[i].stated);
        assert_int_equal(record.plot.sigma_range_m > 0.0, said[i].stated);
    }
}

static void a_rate_of_range_stands_in_for_doppler(void **state)
{
    (void)state;
    ONE(15, {20, "94 01 86 a0 ff ff 9c 00 00 0f 7f"}, {22, "80 40 00"});
    assert_near(target()->radial_speed_mps, -10.0, 1e-12);
    assert_near(record.plot.sigma_radial_mps, 1.5, 1e-12);
    ONE(15, {20, "90 01 86 a0 ff ff 9c"}, {22, "80 40 00"});
    assert_int_equal(target()->has, SKY_PLOT_RADIAL_SPEED);
    ONE(15, {20, "90 01 86 a0 ff ff 9c"}, {21, "80 00 01 f4"}, {22, "80 40 00"});
    assert_near(target()->radial_speed_mps, 5.0, 1e-12);
    assert_int_equal(record.plot.has, SKY_PLOT_RADIAL_SPEED);
    ONE(15, {20, "80 01 86 a0"}, {22, "80 40 00"});
    assert_int_equal(target()->has, 0);
}

static void a_range_between_several_sites_is_no_distance(void **state)
{
    (void)state;
    static const char *const sites[] = {"40", "80", "c0"};
    for (size_t i = 0; i < 3; i++) {
        ONE(15, {4, sites[i]}, {20, "80 01 86 a0"}, {22, "80 40 00"});
        expect_one(SKY_ASTERIX_NO_POSITION);
        ONE(15, {4, sites[i]}, {13, "a0 20 00 00 00 c0 00 00 00 00 08 00 10 00"},
            {14, "a0 01 86 a0 00 01 f4"}, {20, "80 80 00 01"}, {22, "80 40 00"});
        const struct sky_plot *const plot = target();
        assert_int_equal(plot->has, SKY_PLOT_PLACE);
        assert_near(plot->place.lat_rad, pi / 4.0, 1e-15);
        assert_near(plot->place.lon_rad, -pi / 2.0, 1e-15);
        assert_near(plot->sigma_place_m, 4.0, 0.0);
        assert_near(plot->place.alt_hae_m, 1000.0, 1e-9);
        assert_near(plot->sigma_height_m, 5.0, 1e-12);
    }
    ONE(15, {13, "80 20 00 00 00 c0 00 00 00"}, {14, "80 01 86 a0"}); /* only a place */
    assert_near(target()->sigma_place_m, 0.0, 0.0);
    assert_near(record.plot.sigma_height_m, 150.0, 0.0);
    ONE(15, {13, "80 20 00 00 00 c0 00 00 00"}, {20, "80 01 86 a0"}); /* a range, no azimuth */
    assert_int_equal(target()->has, SKY_PLOT_PLACE);
    assert_near(record.plot.sigma_height_m, 0.0, 0.0);
}

static void
plots_that_are_no_aircraft_are_marked_and_ends_and_extrapolations_no_position(void **state)
{
    (void)state;
    static const struct {
        const char *descriptor;
        bool simulated;
    } said[] = {{"00", false}, {"10", true}, {"20", true}, {"30", true}, {"0c", false}};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(15, {4, said[i].descriptor}, {20, "80 01 86 a0"}, {22, "80 40 00"});
        expect_one(SKY_ASTERIX_TARGET);
        assert_int_equal(record.simulated, said[i].simulated);
    }
    ONE(15, {2, "0a"}, {13, "80 20 00 00 00 c0 00 00 00"}, {20, "80 01 86 a0"}, {22, "80 40 00"});
    expect_one(SKY_ASTERIX_NO_POSITION);
    ONE(15, {2, "0b"}, {13, "80 20 00 00 00 c0 00 00 00"});
    expect_one(SKY_ASTERIX_NO_POSITION);
    ONE(15, {8, "08"}, {13, "80 20 00 00 00 c0 00 00 00"});
    expect_one(SKY_ASTERIX_NO_POSITION);
    ONE(15, {8, "f6"}, {13, "80 20 00 00 00 c0 00 00 00"});
    expect_one(SKY_ASTERIX_TARGET);
}

static void of_two_stated_sigmas_the_larger_counts(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        ONE(10, {3, "20"}, {5, "20 00 00 00 c0 00 00 00"},
            {22, i == 0 ? "08 10 00 00" : "10 08 00 00"});
        assert_near(target()->sigma_place_m, 4.0, 0.0);
        ONE(15, {13, i == 0 ? "a0 20 00 00 00 c0 00 00 00 00 08 00 10 00"
                            : "a0 20 00 00 00 c0 00 00 00 00 10 00 08 00"});
        assert_near(target()->sigma_place_m, 4.0, 0.0);
        ONE(62, PLACE_062, {27, i == 0 ? "80 00 04 00 08" : "80 00 08 00 04"});
        assert_near(target()->sigma_place_m, 4.0, 0.0);
    }
}

/* ---- values that cannot be ---- */

static void an_impossible_value_of_a_report_costs_only_its_own_record(void **state)
{
    (void)state;
    static const struct {
        uint8_t category;
        const char *sic;
        struct piece piece;
        const char *item;
    } said[] = {
        {62, "00", {4, "a8 c0 00"}, "I062/070"},
        {62, "00", {5, "01 00 00 01 00 00 00 00"}, "I062/105"}, /* just north of the pole */
        {62, "00", {5, "fe ff ff ff 00 00 00 00"}, "I062/105"},
        {62, "00", {5, "00 00 00 00 02 00 00 01"}, "I062/105"}, /* farther round than half */
        {62, "00", {5, "00 00 00 00 fd ff ff ff"}, "I062/105"},
        {21, "00", {5, "a8 c0 00"}, "I021/071"},
        {21, "00", {6, "40 00 01 00 00 00"}, "I021/130"},
        {21, "00", {7, "20 00 00 01 00 00 00 00"}, "I021/131"},
        {21, "00", {12, "ff ff ff"}, "I021/073"},
        {21, "04", {3, "ff ff ff"}, "I021/030"},
        {21, "04", {4, "40 00 01 00 00 00"}, "I021/130"},
        {10, "00", {4, "ff ff ff"}, "I010/140"},
        {10, "00", {5, "40 00 00 01 00 00 00 00"}, "I010/041"},
        {15, "00", {6, "ff ff ff"}, "I015/145"},
        {15, "00", {13, "80 40 00 00 01 00 00 00 00"}, "I015/600"},
    };
    speak(1, 4, SKY_ASTERIX_021_ED_0_23);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        char source[8];
        (void)snprintf(source, sizeof source, "01 %s", said[i].sic);
        d.count = 0;
        begin(said[i].category);
        ITEMS({1, source}, said[i].piece);
        ITEMS({1, "03 04"});
        end();
        start();
        expect_bad(said[i].item, said[i].piece.frn < 8 ? 6 : 7);
        assert_int_equal(walk.record, 1);
        assert_int_equal(sky_asterix_next(&walk, &record, &item, &offset), SKY_OK);
        assert_int_equal(record.sac, 3);
        expect_end();
    }
    ONE(15, {20, "80 80 00 00"}, {22, "80 40 00"}); /* behind itself */
    start();
    expect_bad("I015/625", 7);
    ONE(62, {5, "01 00 00 00 02 00 00 00"}); /* the pole, and as far round as it goes */
    assert_near(target()->place.lat_rad, pi / 2.0, 0.0);
    assert_near(record.plot.place.lon_rad, pi, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_fixed_item_of_a_report_is_stepped_over_exactly,
                               forget_dialects),
        cmocka_unit_test_setup(the_spare_places_of_a_profile_hold_no_item, forget_dialects),
        cmocka_unit_test(a_compound_item_has_no_more_subfields_than_its_profile_says),
        cmocka_unit_test(a_system_track_is_a_place_with_its_accuracy),
        cmocka_unit_test(a_system_track_says_only_what_it_says),
        cmocka_unit_test(a_height_that_another_system_assumed_is_none),
        cmocka_unit_test(a_pressure_altitude_is_measured_or_else_calculated_without_qnh),
        cmocka_unit_test(a_callsign_counts_only_if_the_aircraft_sent_it),
        cmocka_unit_test(a_coasted_track_is_no_position_and_a_simulated_one_is_marked),
        cmocka_unit_test(a_track_that_ssr_mode_s_or_adsb_hears_is_cooperative),
        cmocka_unit_test(a_report_of_an_aircraft_is_a_place_with_its_accuracy),
        cmocka_unit_test(what_an_accuracy_category_means_depends_on_the_equipment),
        cmocka_unit_test(the_velocity_of_a_system_track_comes_with_its_accuracy),
        cmocka_unit_test(an_aircraft_says_how_fast_it_flies_and_how_well_it_knows),
        cmocka_unit_test(a_height_is_as_good_as_its_category_says),
        cmocka_unit_test(a_time_of_reception_stands_in_for_that_of_the_place),
        cmocka_unit_test(reports_that_are_no_aircraft_or_are_doubted_are_marked),
        cmocka_unit_test(an_address_that_is_not_of_icao_and_a_level_that_is_not_valid_are_left_out),
        cmocka_unit_test_setup(editions_before_the_first_have_places_and_meanings_of_their_own,
                               forget_dialects),
        cmocka_unit_test_setup(the_edition_belongs_to_who_signs_the_first_record, forget_dialects),
        cmocka_unit_test(a_surface_radar_says_where_it_saw_it),
        cmocka_unit_test(what_several_stations_timed_is_a_place),
        cmocka_unit_test(
            surface_targets_that_are_not_aircraft_are_marked_and_coasted_ones_no_position),
        cmocka_unit_test(a_status_message_of_a_surface_system_is_service),
        cmocka_unit_test(a_plot_of_one_site_is_polar_with_its_sigmas),
        cmocka_unit_test(sigmas_are_whole_or_absent),
        cmocka_unit_test(a_rate_of_range_stands_in_for_doppler),
        cmocka_unit_test(a_range_between_several_sites_is_no_distance),
        cmocka_unit_test(
            plots_that_are_no_aircraft_are_marked_and_ends_and_extrapolations_no_position),
        cmocka_unit_test(of_two_stated_sigmas_the_larger_counts),
        cmocka_unit_test_setup(an_impossible_value_of_a_report_costs_only_its_own_record,
                               forget_dialects),
    };
    return cmocka_run_group_tests(tests, NULL, drop_exact);
}
