#include "test_blocks.h"

static const double pi = 3.14159265358979323846;

/* ---- category 048 ---- */

static void a_target_report_comes_out_in_the_cores_units(void **state)
{
    (void)state;
    ONE(48, {1, "19 c9"}, {2, "35 6d 4d"}, {3, "20"}, {4, "80 00 40 00"}, {5, "02 00"},
        {6, "05 28"}, {8, "3c 66 0c"}, {9, "10 c2 36 d4 18 20"}, {11, "0d eb"}, {20, "80 03 85"});
    expect_one(SKY_ASTERIX_TARGET);
    assert_int_equal(record.category, 48);
    assert_true(record.has_source);
    assert_int_equal(record.sac, 0x19);
    assert_int_equal(record.sic, 0xC9);
    assert_false(record.simulated);
    const struct sky_plot *const plot = &record.plot;
    assert_int_equal(plot->has, SKY_PLOT_MODE_3A | SKY_PLOT_ALT_STD | SKY_PLOT_ICAO |
                                    SKY_PLOT_CALLSIGN | SKY_PLOT_SENSOR_TRACK |
                                    SKY_PLOT_RADIAL_SPEED);
    assert_int_equal(plot->sensor, 0);
    assert_int_equal(plot->time_kind, SKY_TIME_OF_DAY);
    assert_int_equal(plot->time_value_ns, INT64_C(27354601562500));
    assert_int_equal(plot->time_sigma_ns, 2255275);
    assert_near(plot->slant_range_m, 128.0 * 1852.0, 0.0);
    assert_near(plot->azimuth_rad, pi / 2.0, 1e-15);
    assert_int_equal(plot->mode_3a, 01000);
    assert_near(plot->alt_std_m, 33000.0 * 0.3048, 1e-9);
    assert_int_equal(plot->icao_address, 0x3C660C);
    assert_string_equal(plot->callsign, "DLH65A");
    assert_int_equal(plot->sensor_track, 3563);
    assert_near(plot->radial_speed_mps, -123.0, 0.0); /* 385 hexadecimal, in ten bits */
}

/* Made by hand, octet for octet, so that the builder above is not its own witness. */
static void a_plot_of_a_primary_radar_is_fourteen_bytes(void **state)
{
    (void)state;
    d.count = 0;
    put("30 00 0e"  /* category 48, 14 bytes */
        " f0"       /* 010, 140, 020, 040 */
        " 01 02"    /* SAC 1, SIC 2 */
        " 00 00 80" /* one second after midnight */
        " 20"       /* a single PSR plot */
        " 00 01 ff ff" /* 1/256 NM, as far round as it goes */);
    expect_one(SKY_ASTERIX_TARGET);
    assert_int_equal(record.plot.has, 0);
    assert_int_equal(record.plot.time_value_ns, SKY_SECOND_NS);
    assert_near(record.plot.slant_range_m, 7.234375, 0.0);
    assert_near(record.plot.azimuth_rad, 65535.0 / 65536.0 * 2.0 * pi, 1e-14);
    assert_true(record.plot.azimuth_rad < 2.0 * pi);
}

static void a_report_without_time_counts_from_arrival(void **state)
{
    (void)state;
    ONE(48, {3, "20"}, {4, "01 00 00 00"});
    expect_one(SKY_ASTERIX_TARGET);
    assert_false(record.has_source);
    assert_int_equal(record.plot.time_kind, SKY_TIME_ARRIVAL);
    assert_int_equal(record.plot.time_value_ns, 0);
    assert_int_equal(record.plot.time_sigma_ns, 0);
}

static void a_position_that_was_not_measured_is_none(void **state)
{
    (void)state;
    ONE(48, {1, "01 02"}, {3, "20"}, {11, "00 07"}); /* none at all */
    expect_one(SKY_ASTERIX_NO_POSITION);
    ONE(48, {1, "01 02"}, {3, "00"}, {4, "01 00 00 00"}); /* no detection: extrapolated */
    expect_one(SKY_ASTERIX_NO_POSITION);
    ONE(48, {1, "01 02"}, {3, "21 40"}, {4, "ff ff 00 00"}); /* beyond what the item can say */
    expect_one(SKY_ASTERIX_NO_POSITION);
    ONE(48, {1, "01 02"}, {4, "01 00 00 00"}); /* nobody said how, but there it is */
    expect_one(SKY_ASTERIX_TARGET);
}

static void targets_that_are_not_aircraft_are_marked(void **state)
{
    (void)state;
    const struct {
        const char *descriptor;
        bool simulated;
    } said[] = {
        {"20", false},    {"30", true},        /* SIM */
        {"22", true},                          /* RAB: a transponder on a mast */
        {"21 80", true},                       /* TST */
        {"21 00", false}, {"21 01 fe", false}, /* ADS-B, SCN and PAI are no matter */
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(48, {3, said[i].descriptor}, {4, "01 00 00 00"});
        expect_one(SKY_ASTERIX_TARGET);
        assert_int_equal(record.simulated, said[i].simulated);
    }
}

static void replies_that_are_not_validated_or_are_garbled_are_left_out(void **state)
{
    (void)state;
    const struct {
        const char *mode_3a;
        const char *level;
        uint32_t has;
    } said[] = {
        {"0f ff", "3f ff", SKY_PLOT_MODE_3A | SKY_PLOT_ALT_STD},
        {"8f ff", "bf ff", 0},
        {"4f ff", "7f ff", 0},
        {"2f ff", "00 00",
         SKY_PLOT_MODE_3A | SKY_PLOT_ALT_STD}, /* from an earlier scan: it holds */
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(48, {3, "40"}, {4, "01 00 00 00"}, {5, said[i].mode_3a}, {6, said[i].level});
        expect_one(SKY_ASTERIX_TARGET);
        assert_int_equal(record.plot.has, said[i].has | SKY_PLOT_COOPERATES);
        if (i == 0) {
            assert_int_equal(record.plot.mode_3a, 07777);
            assert_near(record.plot.alt_std_m, -25.0 * 0.3048, 1e-12);
        }
    }
}

static void an_answer_to_ssr_or_mode_s_makes_a_target_cooperative(void **state)
{
    (void)state;
    for (unsigned type = 1; type < 8; type++) {
        char descriptor[4];
        (void)snprintf(descriptor, sizeof descriptor, "%02x", type << 5);
        ONE(48, {3, descriptor}, {4, "01 00 00 00"});
        expect_one(SKY_ASTERIX_TARGET);
        assert_int_equal(record.plot.has, type == 1 ? 0 : SKY_PLOT_COOPERATES);
    }
}

static void a_callsign_is_whole_or_absent(void **state)
{
    (void)state;
    const struct {
        const char *hex;
        const char *callsign; /* NULL: absent */
    } said[] = {
        {"04 20 c4 c7 2c f4", "ABCD1234"}, {"82 08 20 82 08 20", NULL}, /* spaces only */
        {"04 28 20 82 08 20", "AB"},       {"06 08 20 82 00 42", "A     AB"},
        {"00 20 c4 c7 2c f4", NULL}, /* a character 0 */
        {"04 20 c4 c7 2c fa", NULL}, /* a character 58 */
        {"04 20 c4 6f 2c f4", NULL}, /* a character 27 */
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        ONE(48, {4, "01 00 00 00"}, {9, said[i].hex});
        expect_one(SKY_ASTERIX_TARGET);
        assert_int_equal((record.plot.has & SKY_PLOT_CALLSIGN) != 0, said[i].callsign != NULL);
        assert_string_equal(record.plot.callsign, said[i].callsign ? said[i].callsign : "");
    }
}

static void a_doubtful_or_raw_doppler_speed_is_left_out(void **state)
{
    (void)state;
    ONE(48, {4, "01 00 00 00"}, {20, "80 80 0a"}); /* doubtful */
    expect_one(SKY_ASTERIX_TARGET);
    assert_int_equal(record.plot.has, 0);
    ONE(48, {4, "01 00 00 00"}, {20, "40 02 00 01 00 02 00 03 00 04 00 05 00 06"}); /* raw only */
    expect_one(SKY_ASTERIX_TARGET);
    assert_int_equal(record.plot.has, 0);
    ONE(48, {4, "01 00 00 00"}, {20, "c0 01 ff 01 00 01 00 02 00 03"}); /* both */
    expect_one(SKY_ASTERIX_TARGET);
    assert_near(record.plot.radial_speed_mps, 511.0, 0.0);
    ONE(48, {4, "01 00 00 00"}, {20, "80 02 00"});
    expect_one(SKY_ASTERIX_TARGET);
    assert_near(record.plot.radial_speed_mps, -512.0, 0.0);
    ONE(48, {4, "01 00 00 00"}, {20, "81 00 00 0a"}); /* an empty second octet of subfields */
    expect_one(SKY_ASTERIX_TARGET);
    assert_near(record.plot.radial_speed_mps, 10.0, 0.0);
}

/* Every item alone, before a source identity of a second record that shows where it ended. */
static void every_item_is_stepped_over_exactly(void **state)
{
    (void)state;
    static const struct {
        uint8_t category;
        struct piece piece;
    } said[] = {
        {48, {1, "01 02"}},
        {48, {2, "00 00 00"}},
        {48, {3, "fe"}},
        {48, {3, "ff ff ff fe"}},
        {48, {4, "00 00 00 00"}},
        {48, {5, "00 00"}},
        {48, {6, "00 00"}},
        {48, {7, "fe 01 02 03 04 05 06 07"}},
        {48, {7, "24 01 02"}},
        {48, {7, "01 00"}},
        {48, {8, "00 00 00"}},
        {48, {9, "00 00 00 00 00 00"}},
        {48, {10, "00"}},
        {48, {10, "02 01 02 03 04 05 06 07 08 01 02 03 04 05 06 07 08"}},
        {48, {11, "00 00"}},
        {48, {12, "00 00 00 00"}},
        {48, {13, "00 00 00 00"}},
        {48, {14, "01 00"}},
        {48, {15, "00 00 00 00"}},
        {48, {16, "27 29 04"}},
        {48, {17, "00 00"}},
        {48, {18, "00 00 00 00"}},
        {48, {19, "00 00"}},
        {48, {20, "40 00"}},
        {48, {20, "c0 00 00 01 01 02 03 04 05 06"}},
        {48, {21, "00 00"}},
        {48, {22, "00 00 00 00 00 00 00"}},
        {48, {23, "00"}},
        {48, {24, "00 00"}},
        {48, {25, "00"}},
        {48, {26, "00 00"}},
        {48, {27, "01"}},
        {48, {27, "04 01 02 03"}},
        {48, {28, "02 00"}},
        {34, {1, "01 02"}},
        {34, {2, "01"}},
        {34, {3, "00 00 00"}},
        {34, {4, "00"}},
        {34, {5, "00 00"}},
        {34, {6, "9c 00 01 02 03 04"}},
        {34, {6, "04 01 02"}},
        {34, {7, "9c 00 01 02 03"}},
        {34, {8, "03 01 02 03 04 05 06"}},
        {34, {9, "00 00 00 00 00 00 00 00"}},
        {34, {10, "00"}},
        {34, {11, "00 00 00 00 00 00 00 00"}},
        {34, {12, "00 00"}},
        {34, {13, "03 01 02"}},
        {34, {14, "01"}},
        {62, {10, "00 00 00 00 00 00 00"}},
        {62, {11, "01 01 01 01 00"}},
        {62, {11, "c1 81 81 80 01 02 03 01 02 03 04 05 06 01 00 01 02 01 02 03 04 05 06"}},
        {62,
         {11, "3f ff ff fe 01 02 01 02 01 02 01 02 01 02 01 00 01 01 02 03 04 05 06 07 08 09 0a 0b"
              " 0c 0d 0e 0f 01 02 01 02 01 02 03 04 05 06 07 01 02 01 02 01 02 01 02 01 02 01"
              " 02 01 01 02 03 04 05 06 07 08 01 01 02 03 04 05 06 01 02 01 01 01 02 03 04 05"
              " 06 07 08 01 02 01 02 01 02"}},
        {62, {13, "01 01 01 01 01 00"}},
        {62, {14, "ff e0 01 02 03 04 05 06 07 08 09 0a 0b"}},
        {62,
         {16, "ff ff ff ff e0 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15"
              " 16 17 18 19 1a 1b 1c 1d 1e 1f"}},
        {62,
         {21, "ff ff f0 01 02 01 02 03 04 05 06 07 01 02 03 04 01 01 02 03 04 01 01 02 03 04"
              " 01 02 03 04 01 02 03 01 02 01 02 01 01 02 03 04 01 02 03 04 05 06 01 01 02 03"
              " 04 05 06 07 01 02 03 04 05 06 07 01 02 01 02 03 04 05 06 07"}},
        {62, {22, "01 01 02"}},
        {62, {24, "fe 01 01 02 03 04 01 02 03 04 05 06 01 02 01 02 01 01"}},
        {62, {26, "01 02 03 04 05 06"}},
        {62, {27, "ff 80 01 02 03 04 01 02 01 02 03 04 01 01 01 02 01 02 01"}},
        {62, {28, "fc 01 02 01 02 03 04 01 02 01 02 01 02 01"}},
        {62, {34, "03 01 02"}},
        {62, {35, "01"}},
        {21, {2, "01 01 01 00"}},
        {21, {17, "01 01 01 00"}},
        {21, {31, "f0 01 02 01 02 01 02 01"}},
        {21, {34, "c0 01 00 01 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"}},
        {21, {37, "01 01 00"}},
        {21, {39, "01 01 02 03 04 05 06 07 08"}},
        {21,
         {42, "ff ff ff c0 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16"
              " 17"}},
        {21, {48, "02 01"}},
        {21, {49, "01"}},
        {10, {3, "01 00"}},
        {10, {11, "01 01 00"}},
        {10, {15, "01 01 02 03 04 05 06 07 08"}},
        {10, {19, "01 01 02"}},
        {10, {23, "02 01 02 01 02"}},
        {10, {27, "02 01"}},
        {10, {28, "01"}},
        {15, {4, "02"}},
        {15, {5, "41 42"}},
        {15, {8, "02"}},
        {15, {10, "f0 01 02 01 02 01 02 01 02"}},
        {15, {11, "02 01 02 01 02"}},
        {15, {13, "e0 00 00 00 00 00 00 00 00 01 02 03 04 05 01 02 03 04 05"}},
        {15, {14, "ff 80 01 02 03 01 02 03 01 02 03 01 02 03 01 02 03 01 02 01 02 01 02"}},
        {15, {15, "f0 01 02 03 04 05 01 02 03 04 05 01 02 03 04 05 01 02 03 04"}},
        {15, {16, "f0 01 02 03 01 02 03 04 01 02 03 04 01 02 03 04"}},
        {15, {17, "fc 01 02 03 01 02 01 02 03 01 02 01 02 01 02"}},
        {15, {18, "f8 01 02 01 02 03 04 01 02 01 02 01 02"}},
        {15, {19, "01 01 02 03 04 05"}},
        {15,
         {20, "ff 80 01 02 03 01 02 03 01 02 03 01 02 03 01 02 03 01 02 03 04 01 02 01 02 03"
              " 04"}},
        {15, {21, "ff e0 01 02 03 01 02 01 02 01 02 03 01 01 01 01 01 01"}},
        {15, {22, "fc 01 02 01 02 01 02 01 02 01 02 03 01 02 03 04"}},
        {15, {23, "fc 01 02 01 02 01 02 01 02 01 02 03 01 02 03 04"}},
        {15, {24, "f0 01 01 01 02 01"}},
        {15, {25, "01 01 02 03 04 05 06 07 08"}},
        {15, {26, "01"}},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        d.count = 0;
        begin(said[i].category);
        put_items(&said[i].piece, 1);
        const size_t whole = d.count;
        ITEMS({1, "a5 5a"});
        end();
        start();
        if (sky_asterix_next(&walk, &record, &item, &offset) != SKY_OK) {
            fail_msg("row %zu: %s at %u", i, item, offset);
        }
        assert_int_equal(walk.at, whole);
        assert_int_equal(sky_asterix_next(&walk, &record, &item, &offset), SKY_OK);
        assert_int_equal(record.sac, 0xA5);
        assert_int_equal(record.sic, 0x5A);
        expect_end();

        /* The same, cut off at every byte: refused by its name, and nothing read beyond. */
        for (size_t cut = d.block + 3; cut < whole; cut++) {
            d.count = cut;
            end();
            start();
            if (cut == d.block + 3) {
                expect_end();
                continue;
            }
            assert_int_equal(sky_asterix_next(&walk, &record, &item, &offset), SKY_E_CORRUPT);
            expect_end();
        }
    }
}

/* ---- category 034 ---- */

static void a_service_message_tells_time_rotation_sector_status_and_site(void **state)
{
    (void)state;
    ONE(34, {1, "19 0e"}, {2, "02"}, {3, "3a 69 2b"}, {4, "40"}, {5, "02 00"},
        {6, "94 82 40 55 55"}, {11, "ff f6 20 00 00 f0 00 00"});
    expect_one(SKY_ASTERIX_SERVICE);
    const struct sky_asterix_service *const service = &record.service;
    assert_int_equal(record.category, 34);
    assert_int_equal(record.sac, 0x19);
    assert_int_equal(record.sic, 0x0E);
    assert_int_equal(service->message_type, 2);
    assert_true(service->has_time);
    assert_int_equal(service->time_of_day_ns, INT64_C(0x3A692B) * 7812500);
    assert_true(service->has_sector);
    assert_near(service->sector_rad, pi / 2.0, 1e-15);
    assert_true(service->has_rotation);
    assert_int_equal(service->rotation_ns, 4 * SKY_SECOND_NS);
    assert_true(service->no_go);
    assert_true(service->time_source_invalid);
    assert_true(service->has_site);
    assert_near(service->site.lat_rad, pi / 4.0, 1e-15);
    assert_near(service->site.lon_rad, -pi / 8.0, 1e-15);
    assert_near(service->site.alt_hae_m, -10.0, 0.0);
}

static void a_service_message_says_only_what_it_says(void **state)
{
    (void)state;
    ONE(34, {1, "19 0e"}, {6, "14 ff ff ff"}); /* no common part: its bits are other ones */
    expect_one(SKY_ASTERIX_SERVICE);
    assert_int_equal(record.service.message_type, 0);
    assert_false(record.service.has_time || record.service.has_sector ||
                 record.service.has_rotation || record.service.has_site);
    assert_false(record.service.no_go || record.service.time_source_invalid);
    ONE(34, {6, "80 00"});
    expect_one(SKY_ASTERIX_SERVICE);
    assert_false(record.service.no_go || record.service.time_source_invalid);
}

/* ---- what goes wrong ---- */

static void an_impossible_value_costs_only_its_own_record(void **state)
{
    (void)state;
    static const struct {
        uint8_t category;
        struct piece piece;
        const char *item;
    } said[] = {
        {48, {2, "a8 c0 00"}, "I048/140"}, /* 86,400 s */
        {34, {3, "ff ff ff"}, "I034/030"},
        {34, {11, "00 00 40 00 01 00 00 00"}, "I034/120"}, /* just north of the pole */
        {34, {11, "00 00 bf ff ff 00 00 00"}, "I034/120"},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        d.count = 0;
        begin(said[i].category);
        ITEMS({1, "01 02"}, said[i].piece);
        ITEMS({1, "03 04"});
        end();
        start();
        expect_bad(said[i].item, said[i].piece.frn < 8 ? 6 : 7);
        assert_int_equal(sky_asterix_next(&walk, &record, &item, &offset), SKY_OK);
        assert_int_equal(record.sac, 3);
        expect_end();
    }
    ONE(48, {2, "a8 bf ff"}); /* the last step before midnight is a time */
    expect_one(SKY_ASTERIX_NO_POSITION);
    ONE(34, {11, "00 00 40 00 00 80 00 00"}); /* the pole is a place */
    expect_one(SKY_ASTERIX_SERVICE);
    assert_near(record.service.site.lat_rad, pi / 2.0, 1e-15);
    assert_near(record.service.site.lon_rad, -pi, 1e-15);
}

static void a_block_of_another_category_is_skipped_by_its_length(void **state)
{
    (void)state;
    d.count = 0;
    begin(65);
    put("de ad be ef");
    end();
    begin(48);
    ITEMS({1, "01 02"}, {4, "01 00 00 00"});
    end();
    begin(255);
    end();
    start();
    expect_record(SKY_ASTERIX_SKIPPED);
    assert_int_equal(record.category, 65);
    expect_record(SKY_ASTERIX_TARGET);
    assert_int_equal(record.category, 48);
    expect_record(SKY_ASTERIX_SKIPPED);
    assert_int_equal(record.category, 255);
    expect_end();
}

/* Its sizes are not ours: then what seemed to fit before was chance. */
static void a_bad_item_costs_its_block_but_not_the_datagram(void **state)
{
    (void)state;
    d.count = 0;
    begin(48);
    ITEMS({1, "01 02"}, {4, "01 00 00 00"});
    ITEMS({1, "01 02"}, {10, "09 00"}); /* nine registers promised, one byte there */
    end();
    begin(34);
    ITEMS({1, "03 04"}, {2, "01"});
    end();
    start();
    expect_bad("I048/250", 14);
    assert_int_equal(walk.category, 48);
    assert_int_equal(walk.record, 2);
    expect_record(SKY_ASTERIX_SERVICE);
    assert_int_equal(walk.record, 1);
    expect_end();
}

static void zeros_behind_the_last_record_cost_only_themselves(void **state)
{
    (void)state;
    d.count = 0;
    begin(48);
    ITEMS({1, "01 02"}, {4, "01 00 00 00"});
    put("00 00 00");
    end();
    begin(34);
    ITEMS({1, "03 04"}, {2, "01"});
    end();
    start();
    expect_record(SKY_ASTERIX_TARGET);
    expect_bad("FSPEC", 10);
    assert_int_equal(walk.record, 2);
    expect_record(SKY_ASTERIX_SERVICE);
    expect_end();
    d.bytes[12] = 1;
    start();
    expect_bad("FSPEC", 10);
    expect_record(SKY_ASTERIX_SERVICE);
    expect_end();
}

static void a_block_length_that_cannot_be_ends_the_datagram(void **state)
{
    (void)state;
    static const char *const tail[] = {
        "30", "30 00", "30 00 00 01 02", "30 00 02 01 02", "30 00 06 01 02", "30 ff ff 01 02"};
    for (size_t i = 0; i < sizeof tail / sizeof tail[0]; i++) {
        ONE(34, {1, "03 04"}, {2, "01"});
        const uint32_t at = (uint32_t)d.count;
        put(tail[i]);
        start();
        expect_record(SKY_ASTERIX_SERVICE); /* the good block before it is kept */
        expect_bad("block length", at);
        expect_end();
    }
}

static void a_field_specification_must_name_items_that_exist(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *item;
    } said[] = {
        {"30 00 04 00", "FSPEC"},             /* names nothing */
        {"30 00 06 01 01 00", "FSPEC"},       /* nothing at length */
        {"30 00 06 01 01 01", "FSPEC"},       /* never ends */
        {"30 00 08 01 01 01 01 80", "FSPEC"}, /* item 29 of 28 */
        {"22 00 06 01 01 80", "FSPEC"},       /* item 15 of 14 */
        {"30 00 06 02 01 02", "I048/130"},    /* a second octet of subfields, unfinished ... */
        {"30 00 06 02 01 80", "I048/130"},    /* ... and naming one that does not exist */
        {"30 00 05 02 ff", "I048/130"},       /* never ends */
        {"22 00 07 04 40 00 00", "I034/050"}, /* its second subfield does not exist */
        {"22 00 05 04 02", "I034/050"},       /* nor does its seventh */
        {"30 00 06 01 01 02", "I048/SP"},     /* no room for even its length */
        {"30 00 07 01 01 01 40", "I048/SP"},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        d.count = 0;
        put(said[i].hex);
        start();
        assert_int_equal(sky_asterix_next(&walk, &record, &item, &offset), SKY_E_CORRUPT);
        if (strcmp(said[i].item, "I048/SP") != 0) {
            assert_string_equal(item, said[i].item);
        }
        expect_end();
    }
    d.count = 0; /* a longer specification than needed names no more than it says */
    put("30 00 0a 81 01 01 01 00 01 02");
    expect_one(SKY_ASTERIX_NO_POSITION);
}

static void an_explicit_length_of_zero_is_refused(void **state)
{
    (void)state;
    ONE(48, {27, "00"});
    start();
    expect_bad("I048/SP", 7);
    expect_end();
    ONE(48, {28, "05 01 02"});
    start();
    expect_bad("I048/RE", 7);
    expect_end();
}

static void an_empty_datagram_and_an_empty_block_hold_nothing(void **state)
{
    (void)state;
    d.count = 0;
    start();
    expect_end();
    put("30 00 03 22 00 03");
    start();
    expect_end();
}

static void the_largest_datagram_is_walked_to_its_end(void **state)
{
    (void)state;
    d.count = 0;
    begin(48);
    while (d.count + 7 <= 65507) {
        ITEMS({3, "20"}, {4, "01 00 00 00"});
    }
    end();
    start();
    size_t records = 0;
    while (sky_asterix_next(&walk, &record, &item, &offset) == SKY_OK) {
        records++;
    }
    assert_int_equal(records, (65507 - 3) / 6);
    expect_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_report_comes_out_in_the_cores_units),
        cmocka_unit_test(a_plot_of_a_primary_radar_is_fourteen_bytes),
        cmocka_unit_test(a_report_without_time_counts_from_arrival),
        cmocka_unit_test(a_position_that_was_not_measured_is_none),
        cmocka_unit_test(targets_that_are_not_aircraft_are_marked),
        cmocka_unit_test(replies_that_are_not_validated_or_are_garbled_are_left_out),
        cmocka_unit_test(an_answer_to_ssr_or_mode_s_makes_a_target_cooperative),
        cmocka_unit_test(a_callsign_is_whole_or_absent),
        cmocka_unit_test(a_doubtful_or_raw_doppler_speed_is_left_out),
        cmocka_unit_test(every_item_is_stepped_over_exactly),
        cmocka_unit_test(a_service_message_tells_time_rotation_sector_status_and_site),
        cmocka_unit_test(a_service_message_says_only_what_it_says),
        cmocka_unit_test(an_impossible_value_costs_only_its_own_record),
        cmocka_unit_test(a_block_of_another_category_is_skipped_by_its_length),
        cmocka_unit_test(a_bad_item_costs_its_block_but_not_the_datagram),
        cmocka_unit_test(zeros_behind_the_last_record_cost_only_themselves),
        cmocka_unit_test(a_block_length_that_cannot_be_ends_the_datagram),
        cmocka_unit_test(a_field_specification_must_name_items_that_exist),
        cmocka_unit_test(an_explicit_length_of_zero_is_refused),
        cmocka_unit_test(an_empty_datagram_and_an_empty_block_hold_nothing),
        cmocka_unit_test(the_largest_datagram_is_walked_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, drop_exact);
}
