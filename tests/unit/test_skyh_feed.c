/* Simulated sensors speak so that the station's own decoders give back what was meant. */
#include <stdlib.h>
#include <string.h>

#include "sky_asterix.h"
#include "sky_gnss.h"
#include "sky_math.h"
#include "sky_test.h"
#include "skyh_feed.h"

static const double degree_rad = SKY_PI / 180.0;

static struct sky_plot any_plot(uint64_t *seed, enum sky_time_kind kind)
{
    return (struct sky_plot){
        .has = SKY_PLOT_RADIAL_SPEED | SKY_PLOT_ELEVATION | SKY_PLOT_RCS | SKY_PLOT_SNR |
               SKY_PLOT_SIGMAS,
        .time_kind = kind,
        .slant_range_m = test_uniform(seed, 0.0, 400e3),
        .azimuth_rad = test_uniform(seed, 0.0, 2.0 * SKY_PI),
        .elevation_rad = test_uniform(seed, -1.5, 1.5),
        .radial_speed_mps = test_uniform(seed, -300.0, 300.0),
        .sigma_range_m = test_uniform(seed, 0.2, 500.0),
        .sigma_azimuth_rad = test_uniform(seed, 1e-3, 0.1),
        .sigma_elevation_rad = test_uniform(seed, 1e-3, 0.1),
        .rcs_dbsm = test_uniform(seed, -40.0, 40.0),
        .snr_db = test_uniform(seed, -10.0, 60.0),
    };
}

static double angle_between(double a_rad, double b_rad)
{
    return fabs(remainder(a_rad - b_rad, 2.0 * SKY_PI));
}

static void a_category_48_plot_comes_back_within_its_least_significant_bits(void **state)
{
    (void)state;
    uint64_t seed = 48;
    for (int round = 0; round < 2000; round++) {
        struct sky_plot sent = any_plot(&seed, SKY_TIME_OF_DAY);
        sent.time_value_ns = (int64_t)test_uniform(&seed, 0.0, 86400e9);
        static uint8_t bytes[SKYH_DATAGRAM_MAX];
        struct sky_asterix_walk walk = {.bytes = bytes};
        walk.count = skyh_feed_plots(7, 9, &sent, 1, bytes);
        struct sky_asterix_record got;
        const char *item = NULL;
        uint32_t offset = 0;
        assert_int_equal(sky_asterix_next(&walk, &got, &item, &offset), SKY_OK);
        assert_int_equal(got.kind, SKY_ASTERIX_TARGET);
        assert_false(got.simulated);
        assert_int_equal(got.sac, 7);
        assert_int_equal(got.sic, 9);
        assert_near(got.plot.slant_range_m, sent.slant_range_m, 0.5 * 1852.0 / 256.0 + 1e-9);
        assert_true(angle_between(got.plot.azimuth_rad, sent.azimuth_rad) <= SKY_PI / 65536.0);
        assert_near(got.plot.radial_speed_mps, sent.radial_speed_mps, 0.5 + 1e-9);
        const double late_s = (double)(got.plot.time_value_ns - sent.time_value_ns) * 1e-9;
        assert_near(remainder(late_s, 86400.0), 0.0, 0.5 / 128.0 + 1e-9);
        assert_int_equal(sky_asterix_next(&walk, &got, &item, &offset), SKY_E_STALE);
    }
}

static void a_plot_without_doppler_has_none_when_it_comes_back(void **state)
{
    (void)state;
    const struct sky_plot sent = {.slant_range_m = 1000.0, .time_kind = SKY_TIME_OF_DAY};
    static uint8_t bytes[SKYH_DATAGRAM_MAX];
    struct sky_asterix_walk walk = {.bytes = bytes};
    walk.count = skyh_feed_plots(1, 2, &sent, 1, bytes);
    struct sky_asterix_record got;
    const char *item = NULL;
    uint32_t offset = 0;
    assert_int_equal(sky_asterix_next(&walk, &got, &item, &offset), SKY_OK);
    assert_int_equal(got.plot.has & SKY_PLOT_RADIAL_SPEED, 0);
    assert_int_equal(skyh_feed_plots(1, 2, &sent, 0, bytes), 0);
}

static void a_service_message_and_plots_share_a_datagram(void **state)
{
    (void)state;
    const struct sky_lla site = {20.25 * degree_rad, -3.15 * degree_rad, 720.0};
    const struct skyh_service north = {.sac = 25,
                                       .sic = 201,
                                       .time_of_day_ns = 82800 * SKY_SECOND_NS,
                                       .north = true,
                                       .rotation_ns = 4 * SKY_SECOND_NS,
                                       .site = &site};
    uint64_t seed = 34;
    static struct sky_plot sent[SKYH_DATAGRAM_PLOTS_MAX];
    for (size_t i = 0; i < SKYH_DATAGRAM_PLOTS_MAX; i++) {
        sent[i] = any_plot(&seed, SKY_TIME_OF_DAY);
    }
    static uint8_t bytes[64 + SKYH_DATAGRAM_MAX];
    struct sky_asterix_walk walk = {.bytes = bytes};
    walk.count = skyh_feed_service(&north, bytes);
    walk.count += skyh_feed_plots(25, 201, sent, SKYH_DATAGRAM_PLOTS_MAX, bytes + walk.count);
    struct sky_asterix_record got;
    const char *item = NULL;
    uint32_t offset = 0;
    assert_int_equal(sky_asterix_next(&walk, &got, &item, &offset), SKY_OK);
    assert_int_equal(got.kind, SKY_ASTERIX_SERVICE);
    assert_int_equal(got.service.message_type, 1);
    assert_true(got.service.has_time);
    assert_int_equal(got.service.time_of_day_ns, 82800 * SKY_SECOND_NS);
    assert_int_equal(got.service.rotation_ns, 4 * SKY_SECOND_NS);
    assert_false(got.service.no_go);
    assert_true(got.service.has_site);
    assert_near(got.service.site.lat_rad, site.lat_rad, SKY_PI / 0x1p24);
    assert_near(got.service.site.lon_rad, site.lon_rad, SKY_PI / 0x1p24);
    assert_near(got.service.site.alt_hae_m, 720.0, 0.5);
    for (size_t i = 0; i < SKYH_DATAGRAM_PLOTS_MAX; i++) {
        assert_int_equal(sky_asterix_next(&walk, &got, &item, &offset), SKY_OK);
        assert_int_equal(got.kind, SKY_ASTERIX_TARGET);
    }
    assert_int_equal(sky_asterix_next(&walk, &got, &item, &offset), SKY_E_STALE);
}

static void a_sector_message_names_its_sector(void **state)
{
    (void)state;
    const struct skyh_service sector = {.sector = 96, .time_of_day_ns = SKY_SECOND_NS};
    uint8_t bytes[64];
    struct sky_asterix_walk walk = {.bytes = bytes};
    walk.count = skyh_feed_service(&sector, bytes);
    struct sky_asterix_record got;
    const char *item = NULL;
    uint32_t offset = 0;
    assert_int_equal(sky_asterix_next(&walk, &got, &item, &offset), SKY_OK);
    assert_int_equal(got.service.message_type, 2);
    assert_true(got.service.has_sector);
    assert_near(got.service.sector_rad, 96.0 / 256.0 * 2.0 * SKY_PI, 1e-12);
}

static void a_table_of_registers_comes_back_within_its_steps(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (int round = 0; round < 200; round++) {
        const struct skyh_head head = {.sequence = (uint16_t)(2 * round),
                                       .utc_ns = INT64_C(1774998420123456789),
                                       .time_sigma_ms = 2,
                                       .scan_ms = 1000,
                                       .uptime_s = 123456};
        const size_t count = (size_t)test_uniform(&seed, 0.0, 70.0);
        static struct sky_plot sent[70], got[SKY_REGS_TARGETS_MAX];
        for (size_t i = 0; i < count; i++) {
            sent[i] = any_plot(&seed, SKY_TIME_UTC);
            sent[i].time_value_ns = head.utc_ns - (int64_t)test_uniform(&seed, 0.0, 1e9);
        }
        static struct skyh_registers registers;
        static uint8_t block[2 * SKY_REGS_BLOCK_WORDS_MAX];
        skyh_feed_registers(&head, sent, count, &registers);
        const size_t bytes = skyh_feed_block(&registers, block);
        struct sky_regs_header header;
        const char *item = NULL;
        uint32_t offset = 0;
        size_t plots = 0;
        assert_int_equal(sky_regs_decode(block, bytes, 3, &header, got, &plots, &item, &offset),
                         SKY_OK);
        const size_t wanted = count < SKY_REGS_TARGETS_MAX ? count : SKY_REGS_TARGETS_MAX;
        assert_int_equal(plots, wanted);
        assert_int_equal((header.status & SKY_REGS_TRUNCATED) != 0, count > wanted);
        assert_int_equal(header.uptime_s, 123456);
        for (size_t i = 0; i < wanted; i++) {
            assert_int_equal(got[i].sensor, 3);
            assert_near(got[i].slant_range_m, sent[i].slant_range_m, 0.05 + 1e-6);
            assert_true(angle_between(got[i].azimuth_rad, sent[i].azimuth_rad) <=
                        SKY_PI / 65536.0 + 1e-12);
            assert_near(got[i].elevation_rad, sent[i].elevation_rad, SKY_PI / 65536.0 + 1e-12);
            assert_near(got[i].radial_speed_mps, sent[i].radial_speed_mps, 0.005 + 1e-9);
            assert_near(got[i].rcs_dbsm, sent[i].rcs_dbsm, 0.05 + 1e-9);
            assert_near(got[i].sigma_range_m, sent[i].sigma_range_m, 0.05 + 1e-9);
            assert_near((double)(got[i].time_value_ns - sent[i].time_value_ns), 0.0, 1.5e6);
        }
    }
}

static const struct skyh_epoch epoch = {
    .utc_ns = INT64_C(1774998420000000000),
    .place = {20.1 * SKY_PI / 180.0, -2.9 * SKY_PI / 180.0, 600.25},
    .geoid_undulation_m = 29.9,
    .sigma_horizontal_m = 1.5,
    .sigma_vertical_m = 3.0,
    .satellites = 10,
};

static void a_report_decodes_to_the_fix_that_was_meant(void **state)
{
    (void)state;
    char text[SKYH_TPV_MAX];
    const size_t bytes = skyh_feed_tpv(&epoch, text);
    assert_int_equal(strlen(text), bytes);
    assert_non_null(strstr(text, "\"time\":\"2026-03-31T23:07:00.000Z\""));
    assert_non_null(strstr(text, "\"lon\":-2.900000000"));
    const struct sky_gnss_report report = skyh_feed_report(&epoch, text, bytes);
    struct sky_gnss_fix fix;
    const char *item = NULL;
    assert_int_equal(sky_gnss_decode(&report, &fix, &item), SKY_OK);
    assert_int_equal(fix.utc_ns, epoch.utc_ns);
    assert_near(fix.place.lat_rad, epoch.place.lat_rad, 2e-11);
    assert_near(fix.place.lon_rad, epoch.place.lon_rad, 2e-11);
    assert_near(fix.place.alt_hae_m, 600.25, 1e-9);
    assert_near(fix.sigma_horizontal_m, 1.5, 1e-3);
    assert_near(fix.sigma_vertical_m, 3.0, 1e-3);
}

static void every_sentence_ends_with_its_own_checksum(void **state)
{
    (void)state;
    char text[SKYH_NMEA_MAX];
    const size_t bytes = skyh_feed_nmea(&epoch, text);
    int sentences = 0;
    assert_int_equal(text[bytes - 1], '\n');
    for (char *at = text; at < text + bytes; sentences++) {
        char *const end = strstr(at, "\r\n");
        char *const star = strchr(at, '*');
        assert_int_equal(*at, '$');
        assert_non_null(end);
        assert_true(star != NULL && star + 3 == end);
        assert_true(end - at <= 80); /* NMEA 0183 allows 82 characters with CR LF */
        unsigned sum = 0;
        for (const char *c = at + 1; c < star; c++) {
            sum ^= (unsigned char)*c;
        }
        assert_int_equal(strtoul(star + 1, NULL, 16), sum);
        at = end + 2;
    }
    assert_int_equal(sentences, 7);
}

static void a_receiver_south_and_west_says_so(void **state)
{
    (void)state;
    struct skyh_epoch south = epoch;
    south.place.lat_rad = -0.5 * degree_rad / 60.0;
    char text[SKYH_NMEA_MAX];
    (void)skyh_feed_nmea(&south, text);
    assert_non_null(strstr(text, "GPGGA,230700.00,0000.500000,S,00254.000000,W,1,10,"));
    assert_non_null(strstr(text, ",570.35,M,29.90,M,"));
    assert_non_null(strstr(text, ",310326,"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_category_48_plot_comes_back_within_its_least_significant_bits),
        cmocka_unit_test(a_plot_without_doppler_has_none_when_it_comes_back),
        cmocka_unit_test(a_service_message_and_plots_share_a_datagram),
        cmocka_unit_test(a_sector_message_names_its_sector),
        cmocka_unit_test(a_table_of_registers_comes_back_within_its_steps),
        cmocka_unit_test(a_report_decodes_to_the_fix_that_was_meant),
        cmocka_unit_test(every_sentence_ends_with_its_own_checksum),
        cmocka_unit_test(a_receiver_south_and_west_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
