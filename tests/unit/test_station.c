#include "sky_test.h"

#include <stdlib.h>

#include "sky_paper.h"

static struct sky_station station;
static struct sky_outbox outbox;
static struct paper_wire wire;
static int64_t now_ns;

static const struct sky_enu nowhere = {0.0, 0.0, 0.0};
static const struct sky_enu target = {3000.0, -12000.0, 2500.0};

static void take(const struct sky_input *input)
{
    assert_int_equal(sky_station_step(&station, input, &outbox), SKY_OK);
}

/* A running station that knows where it is and what time it is. */
static int start(void **state)
{
    (void)state;
    memset(&wire, 0, sizeof wire);
    paper_config(&wire.config);
    sky_station_init(&station);
    now_ns = PAPER_TIME0_NS;
    struct sky_input input = paper_begin(&wire, now_ns);
    take(&input);
    input = paper_gnss(&wire, now_ns, &nowhere);
    take(&input);
    return 0;
}

static const struct sky_event_reject *only_reject(void)
{
    assert_int_equal(outbox.count, 1);
    assert_int_equal(outbox.event[0].kind, SKY_EVENT_REJECT);
    return &outbox.event[0].u.reject;
}

static void assert_reject(enum sky_reject_reason reason, uint64_t count, const char *item,
                          const char *source)
{
    const struct sky_event_reject *const said = only_reject();
    assert_int_equal(said->reason, reason);
    assert_int_equal(said->count, count);
    assert_string_equal(said->item, item);
    assert_string_equal(said->source, source);
}

static int64_t utc_ns(void) { return PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS); }

static void nothing_is_taken_before_the_configuration(void **state)
{
    (void)state;
    sky_station_init(&station);
    assert_int_equal(sky_station_utc(&station, now_ns).state, SKY_CLOCK_NONE);
    const struct sky_input input = paper_tick(&wire, now_ns, true);
    outbox.count = 77;
    assert_int_equal(sky_station_step(&station, &input, &outbox), SKY_E_RANGE);
    assert_int_equal(outbox.count, 77);
}

static void a_configuration_that_fails_its_check_changes_nothing(void **state)
{
    (void)state;
    wire.config.tick_ns = 0;
    struct sky_input input = paper_begin(&wire, now_ns);
    outbox.count = 77;
    assert_int_equal(sky_station_step(&station, &input, &outbox), SKY_E_RANGE);
    assert_int_equal(outbox.count, 77);

    struct sky_zone_set bad = paper_zones;
    bad.zone_count = SKY_ZONES_MAX + 1;
    paper_config(&wire.config);
    input = paper_begin(&wire, now_ns);
    input.u.config.zones = &bad;
    assert_int_equal(sky_station_step(&station, &input, &outbox), SKY_E_RANGE);
    assert_true(station.engine.pose.known); /* it still runs as before */
    input = paper_tick(&wire, now_ns, true);
    take(&input);
}

static void a_new_configuration_begins_anew(void **state)
{
    (void)state;
    wire.seq = 0; /* of another boot: seq and time begin anew */
    const struct sky_input input = paper_begin(&wire, 5);
    take(&input);
    assert_int_equal(outbox.count, 0);
    assert_false(station.engine.pose.known);
    assert_int_equal(sky_station_utc(&station, 5).state, SKY_CLOCK_NONE);
}

static void inputs_that_do_not_follow_are_refused(void **state)
{
    (void)state;
    struct sky_input input = paper_tick(&wire, now_ns, true);
    take(&input);
    outbox.count = 77;
    assert_int_equal(sky_station_step(&station, &input, &outbox), SKY_E_STALE); /* again */
    input = paper_tick(&wire, now_ns - 1, true);
    assert_int_equal(sky_station_step(&station, &input, &outbox), SKY_E_STALE);
    assert_int_equal(outbox.count, 77);
    input.time_ns = now_ns;
    take(&input);
}

/* A log may hold what no kernel and no receiver says; the sanitizers watch the arithmetic. */
static void impossible_times_are_refused_before_anyone_computes_with_them(void **state)
{
    (void)state;
    static const int64_t extreme_ns[] = {INT64_MIN, -1, INT64_MAX / 4 + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof extreme_ns / sizeof *extreme_ns; i++) {
        struct sky_input input = paper_begin(&wire, now_ns);
        input.time_ns = extreme_ns[i];
        assert_int_equal(sky_station_step(&station, &input, &outbox), SKY_E_RANGE);
        input = paper_tick(&wire, now_ns, true);
        input.time_ns = extreme_ns[i];
        assert_int_equal(sky_station_step(&station, &input, &outbox), SKY_E_RANGE);
        input = paper_tick(&wire, now_ns, true);
        input.realtime_ns = extreme_ns[i];
        take(&input);
        input = paper_gnss(&wire, now_ns, &nowhere);
        input.u.gnss.utc_ns = extreme_ns[i];
        take(&input);
        input = paper_tick(&wire, now_ns, true);
        input.u.tick.error_ns = extreme_ns[i];
        take(&input);
    }
    assert_near((double)(sky_station_utc(&station, now_ns).utc_ns - utc_ns()), 0.0, 1e9);
    struct sky_input last = paper_tick(&wire, now_ns, true);
    last.time_ns = INT64_MAX / 4;
    take(&last);
}

static void a_report_of_the_receiver_sets_place_and_time(void **state)
{
    (void)state;
    assert_true(station.engine.pose.known);
    const struct sky_utc_estimate utc = sky_station_utc(&station, now_ns);
    assert_int_equal(utc.state, SKY_CLOCK_GNSS);
    assert_near((double)(utc.utc_ns - utc_ns()), -2e8, 1.0);

    struct sky_input input = paper_gnss(&wire, now_ns, &nowhere);
    input.u.gnss.mode = 7;
    take(&input);
    assert_reject(SKY_REJECT_MALFORMED, 1, "gnss.mode", "gps0");
    input = paper_gnss(&wire, now_ns, &nowhere);
    input.u.gnss.utc_ns = 1;
    take(&input);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "gnss.time", "gps0"); /* signed by the adapter */
}

static void a_register_block_becomes_plots(void **state)
{
    (void)state;
    paper_table(&wire);
    paper_target(&wire, &target, 0.0, 3.0);
    struct sky_input input = paper_registers(&wire, now_ns, utc_ns());
    take(&input);
    assert_int_equal(station.engine.stats.plots, 1);
    assert_int_equal(station.engine.tracker.stats.used, 1);
    assert_near(station.engine.tracker.track[0].state.x[1], target.north_m, 100.0);
}

static void a_bad_register_block_is_named(void **state)
{
    (void)state;
    paper_table(&wire);
    paper_target(&wire, &target, 0.0, 3.0);
    struct sky_input input = paper_registers(&wire, now_ns, utc_ns());
    wire.bytes[40] ^= 1;
    take(&input);
    assert_reject(SKY_REJECT_MALFORMED, 1, "header.crc", "bus0");
    assert_int_equal(only_reject()->offset, 14);
    input = paper_registers(&wire, now_ns, utc_ns());
    input.u.registers.sensor = 3;
    take(&input);
    assert_reject(SKY_REJECT_UNKNOWN_SENSOR, 1, "sensor", "bus0");
    assert_int_equal(station.engine.stats.plots, 0);
}

static void targets_go_to_the_radar_that_signed_them(void **state)
{
    (void)state;
    paper_block(&wire);
    paper_record(&wire, 2, &target, utc_ns(), false, 0);
    paper_record(&wire, 1, &target, utc_ns(), true, 0x4CA123);
    paper_record(&wire, 2, &target, utc_ns(), false, 0);
    const struct sky_input input = paper_datagram(&wire, now_ns);
    const uint64_t steps = station.engine.stats.steps;
    take(&input);
    assert_int_equal(station.engine.stats.steps, steps + 2); /* the first radar first */
    assert_int_equal(station.engine.stats.plots, 3);
    assert_int_equal(station.engine.claim.look.sensor, PAPER_SECOND);
    assert_int_equal(station.engine.tracker.track[0].sensors,
                     1U << PAPER_HILL | 1U << PAPER_SECOND);
    assert_int_equal(station.engine.tracker.track[0].icao_address, 0x4CA123);
}

static void targets_of_nobody_are_counted(void **state)
{
    (void)state;
    paper_block(&wire);
    paper_record(&wire, 9, &target, utc_ns(), false, 0);
    const size_t second = wire.count;
    paper_record(&wire, 1, &target, utc_ns(), false, 0);
    wire.bytes[second + 1] = 26;
    const size_t third = wire.count; /* and one that is not signed at all */
    paper_record(&wire, 1, &target, utc_ns(), false, 0);
    wire.bytes[third] &= 0x7F;
    memmove(wire.bytes + third + 1, wire.bytes + third + 3, wire.count - third - 3);
    wire.count -= 2;
    const struct sky_input input = paper_datagram(&wire, now_ns);
    take(&input);
    assert_reject(SKY_REJECT_UNKNOWN_SENSOR, 3, "I048/010", "udp0");
    assert_int_equal(station.engine.stats.plots, 0);
    assert_int_equal(station.engine.stats.rejected[SKY_REJECT_UNKNOWN_SENSOR], 3);
}

static void simulated_targets_are_no_testimony(void **state)
{
    (void)state;
    paper_block(&wire);
    paper_record(&wire, 1, &target, utc_ns(), false, 0);
    wire.bytes[3 + 1 + 2 + 3] |= 0x10; /* I048/020 SIM */
    const struct sky_input input = paper_datagram(&wire, now_ns);
    take(&input);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "I048/020 simulated", "udp0");
    assert_int_equal(station.engine.stats.plots, 0);
}

/* A sensor of reported places beside the radars of paper. */
static void listen_to_reports(uint8_t sic, enum sky_asterix_021 edition)
{
    struct sky_sensor_config *const beacons = &wire.config.sensor[wire.config.sensor_count++];
    sky_config_sensor_default(beacons);
    (void)snprintf(beacons->name, sizeof beacons->name, "beacons%u", sic);
    beacons->kind = SKY_SENSOR_COOPERATIVE;
    beacons->at_station = false;
    beacons->has_sac_sic = true;
    beacons->sac = 25;
    beacons->sic = sic;
    beacons->asterix_021 = edition;
    beacons->scan_ns = SKY_SECOND_NS;
    struct sky_input input = paper_begin(&wire, now_ns);
    take(&input);
    input = paper_gnss(&wire, now_ns, &nowhere);
    take(&input);
}

static struct sky_input datagram_of(const uint8_t *bytes, size_t count)
{
    struct sky_input input = paper_input(&wire, now_ns, SKY_INPUT_DATAGRAM, "udp0");
    memcpy(wire.bytes, bytes, count);
    input.u.datagram.bytes = wire.bytes;
    input.u.datagram.count = count;
    return input;
}

static void put_u32(uint8_t *bytes, int32_t value)
{
    for (size_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)((uint32_t)value >> (24 - 8 * i));
    }
}

/* Category 062: source, place, and its accuracy of 20 m per axis. */
static size_t put_track(uint8_t *bytes, const struct sky_enu *at)
{
    static const uint8_t head[] = {62, 0, 21, 0x89, 0x01, 0x01, 0x04, 25, 7};
    static const uint8_t tail[] = {0x80, 0, 40, 0, 40};
    struct sky_geo_frame frame;
    const struct sky_lla site = paper_site();
    assert_int_equal(sky_geo_frame_init(&frame, &site), SKY_OK);
    const struct sky_lla place = sky_geo_from_enu(&frame, at);
    memcpy(bytes, head, sizeof head);
    bytes[2] = sizeof head + 8 + sizeof tail;
    put_u32(bytes + 9, (int32_t)lround(place.lat_rad / SKY_PI * 0x1p25));
    put_u32(bytes + 13, (int32_t)lround(place.lon_rad / SKY_PI * 0x1p25));
    memcpy(bytes + 17, tail, sizeof tail);
    return bytes[2];
}

static void a_place_that_another_system_reports_becomes_a_track(void **state)
{
    (void)state;
    uint8_t bytes[64];
    listen_to_reports(7, SKY_ASTERIX_021_ED_2_2);
    const struct sky_input input = datagram_of(bytes, put_track(bytes, &target));
    take(&input);
    assert_int_equal(station.engine.stats.plots, 1);
    assert_int_equal(station.engine.tracker.stats.used, 1);
    assert_near(station.engine.claim.look.pose.origin.east_m, target.east_m, 5.0);
    assert_near(station.engine.claim.look.pose.origin.north_m, target.north_m, 5.0);
    assert_near(station.engine.claim.look.measurement.sigma_place_m, 20.0, 0.0);
    assert_true(station.engine.claim.look.measurement.is_place);
}

/* The latest record of a track in what one input caused. */
static const struct sky_event_track *told_track(void)
{
    const struct sky_event_track *said = NULL;
    for (size_t i = 0; i < outbox.count; i++) {
        said = outbox.event[i].kind == SKY_EVENT_TRACK ? &outbox.event[i].u.track : said;
    }
    return said;
}

/* Category 021: source, place, address, time of reception, geometric height and NACp 9. */
static size_t put_report(uint8_t *bytes, const struct sky_enu *at, int64_t time_ns)
{
    static const uint8_t head[] = {21, 0, 0, 0x83, 0x19, 0x60, 25, 7};
    struct sky_geo_frame frame;
    const struct sky_lla site = paper_site();
    assert_int_equal(sky_geo_frame_init(&frame, &site), SKY_OK);
    const struct sky_lla place = sky_geo_from_enu(&frame, at);
    const int64_t steps = time_ns % (86400 * SKY_SECOND_NS) / 7812500;
    memcpy(bytes, head, sizeof head);
    put_u32(bytes + 8, (int32_t)lround(place.lat_rad / SKY_PI * 0x1p30));
    put_u32(bytes + 12, (int32_t)lround(place.lon_rad / SKY_PI * 0x1p30));
    memcpy(bytes + 16, ((const uint8_t[]){0x4C, 0xA1, 0x23}), 3);
    put_u32(bytes + 18, (int32_t)steps); /* its first byte is 0 and covered by the address */
    bytes[18] = 0x23;
    const int32_t height = (int32_t)lround(place.alt_hae_m / (6.25 * 0.3048));
    memcpy(bytes + 22, ((const uint8_t[]){(uint8_t)(height >> 8), (uint8_t)height, 1, 0x12}), 4);
    bytes[2] = 26;
    return 26;
}

static void an_aircraft_that_is_seen_and_reports_is_one_cooperative_track(void **state)
{
    (void)state;
    uint8_t bytes[64];
    listen_to_reports(7, SKY_ASTERIX_021_ED_2_2);
    const uint32_t beacons = wire.config.sensor_count - 1;
    bool told_silent = false;
    for (int i = 0; i < 12; i++) {
        now_ns += 2 * SKY_SECOND_NS;
        struct sky_input input = paper_gnss(&wire, now_ns, &nowhere);
        take(&input);
        paper_block(&wire);
        paper_record(&wire, 2, &target, utc_ns(), false, 0);
        input = paper_datagram(&wire, now_ns);
        take(&input);
        if (i < 6) { /* only seen */
            told_silent = told_silent || (told_track() && !told_track()->cooperative);
            continue;
        }
        now_ns += SKY_SECOND_NS / 4;
        input = datagram_of(bytes, put_report(bytes, &target, utc_ns()));
        take(&input);
    }
    assert_true(told_silent);
    now_ns += 2 * SKY_SECOND_NS;
    const struct sky_input input = paper_tick(&wire, now_ns, true);
    take(&input);
    const struct sky_track *fused = NULL;
    for (size_t i = 0; i < SKY_TRACKS_MAX; i++) {
        const struct sky_track *const track = &station.engine.tracker.track[i];
        if (track->status != SKY_TRACK_FREE) {
            assert_null(fused);
            fused = track;
        }
    }
    assert_non_null(fused);
    assert_int_equal(fused->sensors, 1U << PAPER_SECOND | 1U << beacons);
    assert_int_equal(fused->icao_address, 0x4CA123);
    assert_true(fused->cooperative);
}

static void a_place_signed_by_a_radar_and_a_plot_signed_by_none_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[64];
    const size_t count = put_track(bytes, &target);
    listen_to_reports(7, SKY_ASTERIX_021_ED_2_2);
    bytes[8] = 1; /* the hill */
    struct sky_input input = datagram_of(bytes, count);
    take(&input);
    assert_reject(SKY_REJECT_UNKNOWN_SENSOR, 1, "I062/010 kind of sensor", "udp0");
    paper_block(&wire);
    paper_record(&wire, 7, &target, utc_ns(), false, 0);
    input = paper_datagram(&wire, now_ns);
    take(&input);
    assert_reject(SKY_REJECT_UNKNOWN_SENSOR, 1, "I048/010 kind of sensor", "udp0");
    assert_int_equal(station.engine.stats.plots, 0);
}

static void reports_that_are_drawn_or_doubted_are_no_testimony(void **state)
{
    (void)state;
    static const struct {
        uint8_t count;
        uint8_t bytes[20];
        const char *item;
    } said[] = {
        {14, {21, 0, 14, 0xC4, 25, 7, 0x01, 0x20, 0, 0, 0, 0, 0, 0}, "I021/040 simulated"},
        {14, {21, 0, 14, 0xC4, 25, 7, 0x01, 0x02, 0, 0, 0, 0, 0, 0}, "I021/040 suspect"},
        {17,
         {62, 0, 17, 0x89, 0x04, 25, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x80},
         "I062/080 simulated"},
        {12, {10, 0, 12, 0xA4, 25, 7, 0x61, 0x80, 0, 1, 0, 0}, "I010/020 simulated"},
    };
    listen_to_reports(7, SKY_ASTERIX_021_ED_2_2);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        const struct sky_input input = datagram_of(said[i].bytes, said[i].count);
        take(&input);
        assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, said[i].item, "udp0");
    }
    assert_int_equal(station.engine.stats.plots, 0);
}

/* In edition 0.23 a place is six bytes after a time; in 2.2 these bytes are too few. */
static void each_sender_is_read_by_its_own_edition(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {21, 0, 15, 0xB0, 25, 7, 0, 0, 0x80, 0x20, 0, 0, 0xC0, 0, 0};
    uint8_t other[sizeof bytes];
    memcpy(other, bytes, sizeof bytes);
    other[5] = 8;
    listen_to_reports(7, SKY_ASTERIX_021_ED_0_23);
    listen_to_reports(8, SKY_ASTERIX_021_ED_2_2);
    struct sky_input input = datagram_of(bytes, sizeof bytes);
    take(&input);
    assert_int_equal(station.engine.stats.plots, 1);
    input = datagram_of(other, sizeof other);
    take(&input);
    assert_reject(SKY_REJECT_MALFORMED, 1, "CAT021 record 3 I021/040", "udp0");
    assert_int_equal(station.engine.stats.plots, 1);
}

static void a_bad_block_is_named_by_category_record_item_and_byte(void **state)
{
    (void)state;
    paper_block(&wire);
    paper_record(&wire, 1, &target, utc_ns(), false, 0);
    paper_record(&wire, 1, &target, utc_ns(), false, 0);
    const size_t second = wire.count;
    paper_record(&wire, 1, &target, utc_ns(), false, 0);
    wire.bytes[second + 3] = 0xFF; /* a time of day of 50 hours */
    struct sky_input input = paper_datagram(&wire, now_ns);
    take(&input);
    const struct sky_event_reject *said = NULL;
    for (size_t i = 0; i < outbox.count; i++) {
        said = outbox.event[i].kind == SKY_EVENT_REJECT ? &outbox.event[i].u.reject : said;
    }
    assert_non_null(said);
    assert_string_equal(said->item, "CAT048 record 3 I048/140");
    assert_int_equal(said->offset, second + 3);
    assert_int_equal(station.engine.stats.plots, 2);
}

static void what_is_no_target_is_stepped_over(void **state)
{
    (void)state;
    static const uint8_t blocks[] = {
        34, 0, 7, 0xC0, 25, 1, 1,       /* a north marker */
        65, 0, 5, 1,    2,              /* a category nobody asked for */
        48, 0, 9, 0xC0, 25, 1, 0, 0, 0, /* no position: which is no error */
    };
    struct sky_input input = paper_input(&wire, now_ns, SKY_INPUT_DATAGRAM, "udp0");
    memcpy(wire.bytes, blocks, sizeof blocks);
    input.u.datagram.bytes = wire.bytes;
    input.u.datagram.count = sizeof blocks;
    take(&input);
    assert_reject(SKY_REJECT_UNKNOWN_CATEGORY, 1, "category", "udp0");
}

static void a_cut_datagram_keeps_what_was_whole(void **state)
{
    (void)state;
    paper_block(&wire);
    paper_record(&wire, 1, &target, utc_ns(), false, 0);
    struct sky_input input = paper_datagram(&wire, now_ns);
    const size_t whole = wire.count;
    memcpy(wire.bytes + whole, wire.bytes, whole);
    input.u.datagram.count = 2 * whole - 2;
    take(&input);
    assert_reject(SKY_REJECT_MALFORMED, 1, "CAT048 block length", "udp0");
    assert_int_equal(only_reject()->offset, whole);
    assert_int_equal(station.engine.stats.plots, 1);
}

static void a_flood_of_bad_blocks_is_counted_and_not_a_flood_of_events(void **state)
{
    (void)state;
    static const uint8_t bad_block[4] = {48, 0, 4, 0}; /* an empty field specification */
    struct sky_input input = paper_datagram(&wire, now_ns);
    for (size_t i = 0; i < 100; i++) {
        memcpy(wire.bytes + 4 * i, bad_block, sizeof bad_block);
    }
    input.u.datagram.bytes = wire.bytes;
    input.u.datagram.count = 400;
    take(&input);
    assert_int_equal(outbox.count, 17);
    assert_string_equal(outbox.event[15].u.reject.item, "CAT048 record 1 FSPEC");
    assert_int_equal(outbox.event[15].u.reject.offset, 63);
    assert_string_equal(outbox.event[16].u.reject.item, "further blocks");
    assert_int_equal(outbox.event[16].u.reject.count, 84);
}

static void more_targets_than_one_step_holds_make_several(void **state)
{
    (void)state;
    const size_t targets = SKY_PLOTS_MAX + 500;
    paper_block(&wire);
    for (size_t i = 0; i < targets; i++) {
        paper_record(&wire, 1, &target, utc_ns(), false, 0);
    }
    const struct sky_input input = paper_datagram(&wire, now_ns);
    const uint64_t steps = station.engine.stats.steps;
    take(&input);
    assert_int_equal(station.engine.stats.plots, targets);
    assert_int_equal(station.engine.stats.steps, steps + 2);
}

static struct sky_input rows_of(const char *text)
{
    struct sky_input input = paper_input(&wire, now_ns, SKY_INPUT_PLOT_ROWS, "import");
    input.u.plot_rows.text = text;
    input.u.plot_rows.count = strlen(text);
    input.u.plot_rows.epoch_utc_ns = utc_ns();
    return input;
}

#define ROW_AT(sensor, range_m) "0,0," sensor "," range_m ",170,11,-3,40,0.1,0.2,1\n"
#define ROW(sensor) ROW_AT(sensor, "12000")

static void lines_of_a_plot_file_go_to_their_radars(void **state)
{
    (void)state;
    const struct sky_input input = rows_of(ROW("second") ROW("head") ROW_AT("second", "18000"));
    const uint64_t steps = station.engine.stats.steps;
    take(&input);
    assert_int_equal(station.engine.stats.steps, steps + 2); /* the first radar first */
    assert_int_equal(station.engine.stats.plots, 3);
    assert_int_equal(station.engine.claim.look.sensor, PAPER_SECOND);
    assert_int_equal(station.engine.claim.look.raw.time_ns, now_ns);
    for (size_t i = 0; i < outbox.count; i++) {
        assert_int_not_equal(outbox.event[i].kind, SKY_EVENT_REJECT);
    }
}

static void nothing_is_taken_from_no_lines_and_all_from_one_that_lacks_its_end(void **state)
{
    (void)state;
    struct sky_input input = rows_of("");
    const uint64_t steps = station.engine.stats.steps;
    take(&input);
    assert_int_equal(outbox.count, 0);
    assert_int_equal(station.engine.stats.steps, steps);
    input = rows_of(ROW("head"));
    input.u.plot_rows.count--;
    take(&input);
    assert_int_equal(station.engine.stats.plots, 1);
}

static void a_bad_line_costs_only_itself_and_is_named_by_column_and_byte(void **state)
{
    (void)state;
    static const char text[] =
        ROW("head") "0,0,head,1200x,170,11,-3,40,0.1,0.2,1\n" ROW_AT("head", "18000");
    struct sky_input input = rows_of(text);
    take(&input);
    assert_reject(SKY_REJECT_MALFORMED, 1, "range_m", "import");
    assert_int_equal(only_reject()->offset, strlen(ROW("head")) + strlen("0,0,head,"));
    assert_int_equal(station.engine.stats.plots, 2);
    input = rows_of(ROW_AT("head", "24000") "\n");
    take(&input);
    assert_reject(SKY_REJECT_MALFORMED, 1, "columns", "import");
    assert_int_equal(only_reject()->offset, strlen(ROW_AT("head", "24000")));
}

static void lines_of_nobody_are_counted(void **state)
{
    (void)state;
    const struct sky_input input = rows_of(ROW("nobody") ROW("Head") ROW("head"));
    take(&input);
    assert_reject(SKY_REJECT_UNKNOWN_SENSOR, 2, "sensor", "import");
    assert_int_equal(station.engine.stats.plots, 1);
}

static void a_flood_of_bad_lines_is_counted_and_not_a_flood_of_events(void **state)
{
    (void)state;
    char text[201];
    for (size_t i = 0; i < 100; i++) {
        memcpy(text + 2 * i, "x\n", 2);
    }
    text[200] = '\0';
    const struct sky_input input = rows_of(text);
    take(&input);
    assert_int_equal(outbox.count, 17);
    assert_string_equal(outbox.event[15].u.reject.item, "columns");
    assert_int_equal(outbox.event[15].u.reject.offset, 31); /* where the 16th line ends */
    assert_string_equal(outbox.event[16].u.reject.item, "further rows");
    assert_int_equal(outbox.event[16].u.reject.count, 84);
}

static void more_lines_than_one_step_holds_make_several(void **state)
{
    (void)state;
    const size_t lines = SKY_PLOTS_MAX + 500;
    const size_t bytes = strlen(ROW("hill"));
    char *const text = malloc(lines * bytes + 1);
    assert_non_null(text);
    for (size_t i = 0; i <= lines * bytes; i++) {
        text[i] = i == lines * bytes ? '\0' : ROW("hill")[i % bytes];
    }
    const struct sky_input input = rows_of(text);
    const uint64_t steps = station.engine.stats.steps;
    take(&input);
    free(text);
    assert_int_equal(station.engine.stats.plots, lines);
    assert_int_equal(station.engine.stats.steps, steps + 2);
}

static void only_a_shutdown_among_source_events_does_anything(void **state)
{
    (void)state;
    static const enum sky_source_event quiet[] = {SKY_SOURCE_UP,    SKY_SOURCE_DOWN,
                                                  SKY_SOURCE_HEARD, SKY_SOURCE_SILENT,
                                                  SKY_SOURCE_TORN,  SKY_SOURCE_LOST};
    const uint64_t steps = station.engine.stats.steps;
    struct sky_input input;
    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++) {
        input = paper_source(&wire, now_ns, quiet[i]);
        take(&input);
        assert_int_equal(outbox.count, 0);
    }
    input = paper_input(&wire, now_ns, SKY_INPUT_CLOCK_STEP, "");
    input.u.clock_step.step_ns = 12345;
    take(&input);
    assert_int_equal(outbox.count, 0);
    assert_int_equal(station.engine.stats.steps, steps);
    input = paper_input(&wire, now_ns, (enum sky_input_kind)99, "");
    take(&input);
    assert_int_equal(station.engine.stats.steps, steps);
    input = paper_source(&wire, now_ns, SKY_SOURCE_SHUTDOWN);
    take(&input);
    assert_int_equal(station.engine.stats.steps, steps + 1);
}

/* --- heads of other maps, instruments, health */

static struct sky_input map_input(uint32_t number, const char *text)
{
    struct sky_input input = paper_input(&wire, now_ns, SKY_INPUT_REGISTER_MAP, "modbus.wind");
    input.u.register_map.map = number;
    input.u.register_map.text = text;
    input.u.register_map.count = strlen(text);
    return input;
}

static void give_words(uint32_t number, uint32_t sensor, const uint8_t *bytes, size_t count)
{
    struct sky_input input = paper_input(&wire, now_ns, SKY_INPUT_REGISTERS, "modbus.wind");
    input.u.registers.map = number;
    input.u.registers.sensor = sensor;
    input.u.registers.bytes = bytes;
    input.u.registers.count = count;
    take(&input);
}

static void assert_reading(size_t i, const char *item, double value)
{
    assert_true(i < outbox.count);
    assert_int_equal(outbox.event[i].kind, SKY_EVENT_READING);
    assert_string_equal(outbox.event[i].u.reading.item, item);
    assert_near(outbox.event[i].u.reading.value, value, 1e-12);
}

static const char wind[] = "[map]\nkind=instrument\nfirst=0\ncount=2\n"
                           "[wind_speed_mps]\nat=0\nscale=0.01\nunavailable=65535\n"
                           "[wind_direction_deg]\nat=1\nscale=0.1\n";

static void an_instruments_values_become_readings_when_they_change(void **state)
{
    (void)state;
    struct sky_input input = map_input(2, wind);
    take(&input);
    assert_int_equal(outbox.count, 0);
    uint8_t bytes[4] = {0x01, 0xF4, 0x0A, 0x8C};
    give_words(2, 99, bytes, 4);
    assert_int_equal(outbox.count, 2);
    assert_reading(0, "wind_speed_mps", 5.0);
    assert_reading(1, "wind_direction_deg", 270.0);
    assert_string_equal(outbox.event[0].u.reading.source, "modbus.wind");
    give_words(2, 99, bytes, 4);
    assert_int_equal(outbox.count, 0);
    bytes[0] = bytes[1] = 0xFF; /* it does not know */
    bytes[3] = 0x8D;
    give_words(2, 99, bytes, 4);
    assert_int_equal(outbox.count, 1);
    assert_reading(0, "wind_direction_deg", 270.1);
    give_words(2, 99, bytes, 3);
    assert_reject(SKY_REJECT_MALFORMED, 1, "block.length", "modbus.wind");
    input = map_input(2, wind);
    take(&input); /* as after a reconnect: everything is news again */
    give_words(2, 99, bytes, 4);
    assert_int_equal(outbox.count, 1);
}

static void a_map_that_is_none_is_refused_and_so_is_what_comes_by_it(void **state)
{
    (void)state;
    struct sky_input input = map_input(1, "[map]\nkind = abacus\n");
    take(&input);
    assert_reject(SKY_REJECT_MALFORMED, 1, "map", "modbus.wind");
    assert_int_equal(only_reject()->offset, 2);
    uint8_t bytes[4] = {0};
    give_words(1, 0, bytes, 4);
    assert_reject(SKY_REJECT_UNKNOWN_SENSOR, 1, "map", "modbus.wind");
    give_words(SKY_MAPS_MAX + 1, 0, bytes, 4);
    assert_reject(SKY_REJECT_UNKNOWN_SENSOR, 1, "map", "modbus.wind");
    const uint32_t numbers[] = {0, SKY_MAPS_MAX + 1};
    for (size_t i = 0; i < 2; i++) {
        input = map_input(numbers[i], wind);
        take(&input);
        assert_reject(SKY_REJECT_UNKNOWN_SENSOR, 1, "map", "modbus.wind");
    }
}

static void a_head_of_another_map_is_a_radar_as_any(void **state)
{
    (void)state;
    static const char text[] = "[map]\nkind=radar\nfirst=0\ncount=3\n"
                               "[range_m]\nat=0\n[azimuth_deg]\nat=1\nscale=0.1\n"
                               "[fault]\nat=2\nbits=1\n";
    struct sky_input input = map_input(SKY_MAPS_MAX, text);
    take(&input);
    uint8_t bytes[6] = {0x13, 0x88, 0x03, 0x84, 0, 1};
    const uint64_t plots = station.engine.stats.plots;
    give_words(SKY_MAPS_MAX, PAPER_HEAD, bytes, 6);
    assert_int_equal(station.engine.stats.plots, plots + 1);
    assert_reading(0, "fault", 1.0);
    give_words(SKY_MAPS_MAX, 99, bytes, 6);
    assert_reject(SKY_REJECT_UNKNOWN_SENSOR, 1, "sensor", "modbus.wind");
    bytes[2] = 0x7F; /* 3,264 degrees */
    give_words(SKY_MAPS_MAX, PAPER_HEAD, bytes, 6);
    assert_reject(SKY_REJECT_MALFORMED, 1, "target.azimuth", "modbus.wind");
}

static void a_heads_health_is_said_when_it_changes(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0x53, 0x57, 1, 0, 0, 16, 0, 64, 0, 0x07};
    bytes[25] = 0;
    bytes[27] = 200; /* uptime */
    bytes[28] = bytes[29] = 0xFF;
    memcpy(bytes + 32, bytes, 32);
    give_words(0, PAPER_HEAD, bytes, 64);
    assert_int_equal(outbox.count, 6);
    assert_reading(0, "head.time_valid", 1.0);
    assert_reading(3, "head.blanked", 0.0);
    assert_reading(4, "head.fault", 0.0);
    give_words(0, PAPER_HEAD, bytes, 64);
    assert_int_equal(outbox.count, 0);
    bytes[9] = bytes[41] = 0x1E; /* no time any more; blanked and at fault */
    give_words(0, PAPER_HEAD, bytes, 64);
    assert_int_equal(outbox.count, 3);
    assert_reading(0, "head.time_valid", 0.0);
    assert_reading(1, "head.blanked", 1.0);
    assert_reading(2, "head.fault", 1.0);
    bytes[27] = bytes[59] = 3;
    give_words(0, PAPER_HEAD, bytes, 64);
    assert_int_equal(outbox.count, 1);
    assert_reading(0, "head.restarted_s_ago", 3.0);
}

static void give_receiver(int32_t jamming, int32_t antenna)
{
    struct sky_input input = paper_gnss(&wire, now_ns, &nowhere);
    input.u.gnss.receiver.said = true;
    input.u.gnss.receiver.heading_deg = (double)NAN;
    input.u.gnss.receiver.jamming = jamming;
    input.u.gnss.receiver.antenna = antenna;
    input.u.gnss.mode = 1; /* jammed so that it has no fix */
    take(&input);
}

static void jamming_and_the_antenna_are_said_when_they_change(void **state)
{
    (void)state;
    give_receiver(-1, -1);
    assert_int_equal(outbox.count, 1); /* that it has no fix */
    give_receiver(10, 1);
    assert_int_equal(outbox.count, 3);
    assert_reading(0, "gnss.jamming", 10.0);
    assert_reading(1, "gnss.antenna", 1.0);
    assert_string_equal(outbox.event[0].u.reading.source, "gps0");
    give_receiver(41, 1);
    assert_int_equal(outbox.count, 1);
    give_receiver(42, 1);
    assert_int_equal(outbox.count, 2);
    assert_reading(0, "gnss.jamming", 42.0);
    give_receiver(INT32_MAX, 3);
    assert_int_equal(outbox.count, 3);
    assert_reading(1, "gnss.antenna", 3.0);
    give_receiver(20, -1);
    assert_reading(0, "gnss.jamming", 20.0);
    give_receiver(0, -1);
    assert_reading(0, "gnss.jamming", 0.0);
    give_receiver(0, -1);
    assert_int_equal(outbox.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_taken_before_the_configuration, start),
        cmocka_unit_test_setup(a_configuration_that_fails_its_check_changes_nothing, start),
        cmocka_unit_test_setup(a_new_configuration_begins_anew, start),
        cmocka_unit_test_setup(inputs_that_do_not_follow_are_refused, start),
        cmocka_unit_test_setup(impossible_times_are_refused_before_anyone_computes_with_them,
                               start),
        cmocka_unit_test_setup(a_report_of_the_receiver_sets_place_and_time, start),
        cmocka_unit_test_setup(a_register_block_becomes_plots, start),
        cmocka_unit_test_setup(a_bad_register_block_is_named, start),
        cmocka_unit_test_setup(targets_go_to_the_radar_that_signed_them, start),
        cmocka_unit_test_setup(targets_of_nobody_are_counted, start),
        cmocka_unit_test_setup(simulated_targets_are_no_testimony, start),
        cmocka_unit_test_setup(a_place_that_another_system_reports_becomes_a_track, start),
        cmocka_unit_test_setup(an_aircraft_that_is_seen_and_reports_is_one_cooperative_track,
                               start),
        cmocka_unit_test_setup(a_place_signed_by_a_radar_and_a_plot_signed_by_none_are_refused,
                               start),
        cmocka_unit_test_setup(reports_that_are_drawn_or_doubted_are_no_testimony, start),
        cmocka_unit_test_setup(each_sender_is_read_by_its_own_edition, start),
        cmocka_unit_test_setup(a_bad_block_is_named_by_category_record_item_and_byte, start),
        cmocka_unit_test_setup(what_is_no_target_is_stepped_over, start),
        cmocka_unit_test_setup(a_cut_datagram_keeps_what_was_whole, start),
        cmocka_unit_test_setup(a_flood_of_bad_blocks_is_counted_and_not_a_flood_of_events, start),
        cmocka_unit_test_setup(more_targets_than_one_step_holds_make_several, start),
        cmocka_unit_test_setup(lines_of_a_plot_file_go_to_their_radars, start),
        cmocka_unit_test_setup(nothing_is_taken_from_no_lines_and_all_from_one_that_lacks_its_end,
                               start),
        cmocka_unit_test_setup(a_bad_line_costs_only_itself_and_is_named_by_column_and_byte, start),
        cmocka_unit_test_setup(lines_of_nobody_are_counted, start),
        cmocka_unit_test_setup(a_flood_of_bad_lines_is_counted_and_not_a_flood_of_events, start),
        cmocka_unit_test_setup(more_lines_than_one_step_holds_make_several, start),
        cmocka_unit_test_setup(only_a_shutdown_among_source_events_does_anything, start),
        cmocka_unit_test_setup(an_instruments_values_become_readings_when_they_change, start),
        cmocka_unit_test_setup(a_map_that_is_none_is_refused_and_so_is_what_comes_by_it, start),
        cmocka_unit_test_setup(a_head_of_another_map_is_a_radar_as_any, start),
        cmocka_unit_test_setup(a_heads_health_is_said_when_it_changes, start),
        cmocka_unit_test_setup(jamming_and_the_antenna_are_said_when_they_change, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
