#include "sky_asterix_write.h"

#include <string.h>

#include "sky_asterix.h"
#include "sky_test.h"

static const double pi = 3.14159265358979323846;
static const double foot_m = 0.3048;
static const struct sky_asterix_sender sender = {25, 100, 3};

static struct sky_asterix_block block;
static struct sky_event_track track;

/* A silent track over a quarter of the turn, as sure as a good radar can be. */
static int start(void **state)
{
    (void)state;
    memset(&track, 0, sizeof track);
    track.id = 0x1BE13;
    track.change = SKY_TRACK_UPDATED;
    track.status = SKY_TRACK_CONFIRMED;
    track.place = (struct sky_lla){pi / 4.0, -pi / 2.0, 1000.0 * 6.25 * foot_m};
    track.vel_east_mps = 50.0;
    track.vel_north_mps = -25.25;
    track.vel_up_mps = -10.0 * 6.25 * foot_m / 60.0;
    track.cov[0] = 100.0;  /* 10 m east */
    track.cov[1] = -25.0;  /* together with north */
    track.cov[6] = 410.0;  /* 20.2 m north */
    track.cov[11] = 900.0; /* 30 m up */
    track.cov[15] = 1.0;
    track.cov[18] = 4.0;
    track.cov[20] = 0.25;
    track.sensors = 3;
    sky_asterix_write_begin(&block);
    return 0;
}

static void write_track(int64_t utc_ns)
{
    assert_int_equal(sky_asterix_write_track(&block, &sender, &track, utc_ns), SKY_OK);
}

static struct sky_asterix_record read_only_record(void)
{
    struct sky_asterix_walk walk = {.bytes = block.bytes, .count = block.count};
    struct sky_asterix_record record, ignored;
    const char *item = "";
    uint32_t offset = 0;
    if (sky_asterix_next(&walk, &record, &item, &offset) != SKY_OK) {
        fail_msg("%s at %u", item, offset);
    }
    assert_int_equal(sky_asterix_next(&walk, &ignored, &item, &offset), SKY_E_STALE);
    return record;
}

static void assert_bytes(const uint8_t *wanted, size_t count)
{
    assert_int_equal(block.count, count);
    assert_memory_equal(block.bytes, wanted, count);
}

static void a_track_is_what_the_specification_says_octet_for_octet(void **state)
{
    (void)state;
    static const uint8_t wanted[] = {
        62,   0,    48,   0xBB, 0x0D, 0x15, 0x04,                     /* which items */
        25,   100,  3,    0x00, 0x00, 0x80,                           /* 010, 015, 070 */
        0x00, 0x80, 0x00, 0x00, 0xFF, 0x00, 0x00, 0x00,               /* 105 */
        0x00, 0xC8, 0xFF, 0x9B,                                       /* 185 */
        0xBE, 0x13,                                                   /* 040 */
        0x29, 0x01, 0x01, 0x39, 0x80,                                 /* 080 */
        0x03, 0xE8, 0xFF, 0xF6,                                       /* 130, 220 */
        0xD5, 0x80, 0,    20,   0,    41,   0xFF, 0xF6, 16, 4, 8, 16, /* 500 */
    };
    write_track(3 * 86400 * SKY_SECOND_NS + SKY_SECOND_NS);
    assert_bytes(wanted, sizeof wanted);
}

static void an_empty_block_is_three_octets(void **state)
{
    (void)state;
    assert_bytes((const uint8_t[]){62, 0, 3}, 3);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    track.icao_address = 0x3C660C;
    strcpy(track.callsign, "DLH65A");
    track.cooperative = true;
    write_track(5 * SKY_SECOND_NS);
    const struct sky_asterix_record record = read_only_record();
    const struct sky_plot *const plot = &record.plot;
    assert_int_equal(record.kind, SKY_ASTERIX_TARGET);
    assert_int_equal(record.sac, 25);
    assert_int_equal(record.sic, 100);
    assert_false(record.simulated);
    assert_int_equal(plot->has, SKY_PLOT_PLACE | SKY_PLOT_SENSOR_TRACK | SKY_PLOT_ICAO |
                                    SKY_PLOT_CALLSIGN | SKY_PLOT_VELOCITY);
    assert_near(plot->vel_east_mps, 50.0, 0.0);
    assert_near(plot->vel_north_mps, -25.25, 0.0);
    assert_near(plot->sigma_velocity_mps, 2.0, 0.0);
    assert_int_equal(plot->time_value_ns, 5 * SKY_SECOND_NS);
    assert_near(plot->place.lat_rad, pi / 4.0, 1e-15);
    assert_near(plot->place.lon_rad, -pi / 2.0, 1e-15);
    assert_near(plot->place.alt_hae_m, track.place.alt_hae_m, 1e-9);
    assert_near(plot->sigma_place_m, 20.5, 0.0);
    assert_near(plot->sigma_height_m, 16.0 * 6.25 * foot_m, 1e-9);
    assert_int_equal(plot->icao_address, 0x3C660C);
    assert_string_equal(plot->callsign, "DLH65A");
    assert_int_equal(plot->sensor_track, 0xBE13);
}

/* Which bits of I062/080 are set, where nothing else is in the way: no identity. */
static void assert_status(const uint8_t wanted[5])
{
    sky_asterix_write_begin(&block);
    write_track(0);
    assert_memory_equal(block.bytes + 27, wanted, 5);
}

static void the_state_of_a_track_is_told(void **state)
{
    (void)state;
    assert_status((const uint8_t[]){0x29, 0x01, 0x01, 0x39, 0x80});
    track.sensors = 4;
    assert_status((const uint8_t[]){0xA9, 0x01, 0x01, 0x39, 0x80});
    track.cooperative = true;
    assert_status((const uint8_t[]){0xA9, 0x01, 0x01, 0x01, 0x00});
    track.status = SKY_TRACK_TENTATIVE;
    assert_status((const uint8_t[]){0xAB, 0x01, 0x01, 0x01, 0x00});
    track.status = SKY_TRACK_COASTING;
    assert_status((const uint8_t[]){0xA9, 0x01, 0x01, 0x81, 0x00});
    track.change = SKY_TRACK_NOW_CONFIRMED;
    assert_status((const uint8_t[]){0xA9, 0x21, 0x01, 0x81, 0x00});
    track.change = SKY_TRACK_NOW_LOST;
    assert_status((const uint8_t[]){0xA9, 0x41, 0x01, 0x81, 0x00});
}

static void a_height_that_is_not_known_is_left_out(void **state)
{
    (void)state;
    track.cov[11] = 486.0 * 486.0; /* 255 steps of 6.25 ft are 485.775 m */
    write_track(0);
    struct sky_asterix_record record = read_only_record();
    assert_near(record.plot.sigma_height_m, 0.0, 0.0);
    assert_int_equal(block.bytes[5], 0x01);
    assert_int_equal(block.bytes[27], 0x01); /* neither reliable nor of any source */
    start(NULL);
    track.cov[11] = 485.0 * 485.0;
    write_track(0);
    record = read_only_record();
    assert_near(record.plot.sigma_height_m, 255.0 * 6.25 * foot_m, 1e-9);
}

static void accuracies_are_rounded_up_and_never_nothing(void **state)
{
    (void)state;
    static const struct {
        double variance_m2;
        double sigma_m;
    } said[] = {{0.0, 0.5},
                {-1.0, 0.5},
                {0.25, 0.5},
                {0.2501, 1.0},
                {1.0, 1.0},
                {1.01, 1.5},
                {32767.5 * 32767.5, 32767.5},
                {1e12, 32767.5}};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        start(NULL);
        track.cov[0] = said[i].variance_m2;
        track.cov[1] = track.cov[6] = 0.0;
        write_track(0);
        assert_near(read_only_record().plot.sigma_place_m, said[i].sigma_m, 0.0);
    }
}

static void what_does_not_fit_is_the_limit(void **state)
{
    (void)state;
    track.vel_east_mps = 1e9;
    track.vel_north_mps = -1e9;
    track.vel_up_mps = 1e9;
    track.place.alt_hae_m = 100e3; /* more than 204,793 feet */
    track.cov[1] = -1e12;
    track.cov[15] = track.cov[20] = 1e12;
    write_track(0);
    assert_memory_equal(block.bytes + 21, ((const uint8_t[]){0x7F, 0xFF, 0x80, 0x00}), 4);
    assert_memory_equal(block.bytes + 32, ((const uint8_t[]){0x7F, 0xFF, 0x7F, 0xFF}), 4);
    assert_memory_equal(block.bytes + 42, ((const uint8_t[]){0x80, 0x00, 16, 255, 8, 255}), 6);
}

static void the_antimeridian_is_west_and_a_day_begins_at_midnight(void **state)
{
    (void)state;
    track.place.lon_rad = pi;
    write_track(86400 * SKY_SECOND_NS - 1);
    struct sky_asterix_record record = read_only_record();
    assert_near(record.plot.place.lon_rad, -pi, 0.0);
    assert_int_equal(record.plot.time_value_ns, 0);
    start(NULL);
    track.place.lat_rad = -pi / 2.0;
    write_track(86400 * SKY_SECOND_NS - 3906251);
    record = read_only_record();
    assert_near(record.plot.place.lat_rad, -pi / 2.0, 0.0);
    assert_int_equal(record.plot.time_value_ns, INT64_C(86399992187500));
}

static void a_callsign_that_asterix_cannot_spell_has_spaces_instead(void **state)
{
    (void)state;
    strcpy(track.callsign, "a-AZ0 9");
    write_track(0);
    assert_string_equal(read_only_record().plot.callsign, "  AZ0 9");
    start(NULL);
    strcpy(track.callsign, "WITNESS1");
    write_track(0);
    assert_string_equal(read_only_record().plot.callsign, "WITNESS1");
}

static void an_address_alone_is_told_alone(void **state)
{
    (void)state;
    track.icao_address = 0x3C660C;
    write_track(0);
    assert_int_equal(read_only_record().plot.has,
                     SKY_PLOT_PLACE | SKY_PLOT_SENSOR_TRACK | SKY_PLOT_ICAO | SKY_PLOT_VELOCITY);
}

static void what_is_no_track_changes_nothing(void **state)
{
    (void)state;
    write_track(0);
    const struct sky_asterix_block before = block;
    const struct sky_event_track good = track;
    for (int i = 0; i < 7; i++) {
        track = good;
        double *const wrong[] = {&track.place.lat_rad, &track.place.lon_rad, &track.place.alt_hae_m,
                                 &track.vel_east_mps,  &track.vel_north_mps, &track.vel_up_mps,
                                 &track.cov[20]};
        *wrong[i] = i % 2 == 0 ? nan("") : HUGE_VAL;
        assert_int_equal(sky_asterix_write_track(&block, &sender, &track, 0), SKY_E_RANGE);
    }
    assert_int_equal(sky_asterix_write_track(&block, &sender, &good, -1), SKY_E_RANGE);
    assert_memory_equal(&block, &before, sizeof block);
}

static void a_block_holds_as_many_tracks_as_it_says_and_no_more(void **state)
{
    (void)state;
    track.icao_address = 1;
    strcpy(track.callsign, "WITNESS1");
    for (size_t i = 0; i < SKY_ASTERIX_BLOCK_TRACKS; i++) {
        write_track(0);
        assert_int_equal(block.count, 3 + (i + 1) * SKY_ASTERIX_TRACK_BYTES_MAX);
        assert_int_equal(block.bytes[1] << 8 | block.bytes[2], block.count);
    }
    const struct sky_asterix_block before = block;
    assert_int_equal(sky_asterix_write_track(&block, &sender, &track, 0), SKY_E_CAPACITY);
    assert_memory_equal(&block, &before, sizeof block);
}

static void any_track_reads_back_within_half_a_step(void **state)
{
    (void)state;
    uint64_t seed = 62;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 5000; round++) {
        start(NULL);
        track.place.lat_rad = test_uniform(&seed, -pi / 2.0, pi / 2.0);
        track.place.lon_rad = test_uniform(&seed, -pi, pi);
        track.place.alt_hae_m = test_uniform(&seed, -1000.0, 60e3);
        const double sigma_m = pow(10.0, test_uniform(&seed, -2.0, 3.0));
        track.cov[0] = sigma_m * sigma_m;
        track.cov[6] = 0.25 * track.cov[0];
        const int64_t utc_ns = (int64_t)test_uniform(&seed, 0.0, 4e18);
        write_track(utc_ns);
        const struct sky_plot plot = read_only_record().plot;
        assert_near(plot.place.lat_rad, track.place.lat_rad, 0.500001 * pi / 33554432.0);
        assert_near(remainder(plot.place.lon_rad - track.place.lon_rad, 2.0 * pi), 0.0,
                    0.500001 * pi / 33554432.0);
        assert_near(plot.place.alt_hae_m, track.place.alt_hae_m, 0.500001 * 6.25 * foot_m);
        assert_true(plot.sigma_place_m >= sigma_m && plot.sigma_place_m <= sigma_m + 0.5);
        const double off_s = (double)(plot.time_value_ns - utc_ns % (86400 * SKY_SECOND_NS)) * 1e-9;
        assert_near(remainder(off_s, 86400.0), 0.0, 0.500001 / 128.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_track_is_what_the_specification_says_octet_for_octet, start),
        cmocka_unit_test_setup(an_empty_block_is_three_octets, start),
        cmocka_unit_test_setup(what_is_written_reads_back, start),
        cmocka_unit_test_setup(the_state_of_a_track_is_told, start),
        cmocka_unit_test_setup(a_height_that_is_not_known_is_left_out, start),
        cmocka_unit_test_setup(accuracies_are_rounded_up_and_never_nothing, start),
        cmocka_unit_test_setup(what_does_not_fit_is_the_limit, start),
        cmocka_unit_test_setup(the_antimeridian_is_west_and_a_day_begins_at_midnight, start),
        cmocka_unit_test_setup(a_callsign_that_asterix_cannot_spell_has_spaces_instead, start),
        cmocka_unit_test_setup(an_address_alone_is_told_alone, start),
        cmocka_unit_test_setup(what_is_no_track_changes_nothing, start),
        cmocka_unit_test_setup(a_block_holds_as_many_tracks_as_it_says_and_no_more, start),
        cmocka_unit_test_setup(any_track_reads_back_within_half_a_step, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
