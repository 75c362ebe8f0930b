#include "skyd_sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sky_asterix.h"
#include "sky_paper.h"
#include "sky_report.h"
#include "sky_test.h"

static struct skyd_sink sink;
static struct skyd_sink_config config;
static struct sky_station station;
static struct sky_outbox outbox;
static struct paper_wire wire;
static int64_t now_ns;
static int listener;
static struct sky_asterix_record record[16]; /* heard last */
static uint8_t bytes[2048];                  /* and as it came */

/* ---- a listener, and a station with an aircraft 3 km to the north, flying east ---- */

static uint16_t listen_at(const char *address, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof at;
    assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
    listener = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    return ntohs(at.sin_port);
}

static void take(struct sky_input input)
{
    assert_int_equal(sky_station_step(&station, &input, &outbox), SKY_OK);
}

static void second(bool synchronised, bool seen)
{
    const double since_s = (double)(now_ns - PAPER_TIME0_NS) * 1e-9;
    const struct sky_enu at = {-2000.0 + 40.0 * since_s, 3000.0, 800.0};
    now_ns += SKY_SECOND_NS;
    take(paper_tick(&wire, now_ns, synchronised));
    if (seen) {
        paper_table(&wire);
        const double range_m =
            sqrt(at.east_m * at.east_m + at.north_m * at.north_m + at.up_m * at.up_m);
        paper_target(&wire, &at, 40.0 * at.east_m / range_m, 0.0);
        take(paper_registers(&wire, now_ns, PAPER_UTC0_NS + now_ns - PAPER_TIME0_NS));
    }
}

static void fly(int seconds, bool synchronised)
{
    for (int i = 0; i < seconds; i++) {
        second(synchronised, true);
    }
}

static int start(void **state)
{
    (void)state;
    memset(&wire, 0, sizeof wire);
    memset(&config, 0, sizeof config);
    now_ns = PAPER_TIME0_NS;
    paper_config(&wire.config);
    wire.config.station.has_site = true;
    wire.config.station.site = paper_site();
    sky_station_init(&station);
    take(paper_begin(&wire, now_ns));
    config.udp.port = listen_at("127.0.0.1", 0);
    config.udp.ttl = 1;
    memcpy(config.udp.address, "127.0.0.1", 10);
    config.sender = (struct sky_asterix_sender){25, 240, 7};
    config.period_ns = SKY_SECOND_NS;
    assert_int_equal(skyd_sink_init(&sink, &config), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    skyd_sink_close(&sink);
    close(listener);
    return 0;
}

static void turn(uint64_t durable_seq)
{
    skyd_sink_turn(&sink, &station, wire.seq, now_ns, durable_seq);
}

/* All of it is durable. */
static void turn_freely(void) { turn(wire.seq + 1); }

/* The records of what is there to be received. */
static uint32_t hear(void)
{
    uint32_t heard = 0;
    ssize_t count = 0;
    while ((count = recv(listener, bytes, sizeof bytes, 0)) > 0) {
        struct sky_asterix_walk walk = {.bytes = bytes, .count = (size_t)count};
        const char *item = "";
        uint32_t offset = 0;
        while (heard < 16 && sky_asterix_next(&walk, &record[heard], &item, &offset) == SKY_OK) {
            heard++;
        }
    }
    return heard;
}

/* I062/080's second octet in a block of one track that says nothing of itself. */
enum { STATUS_AT = 28, ENDS = 0x40, BEGINS = 0x20 };

/* ---- */

static void a_track_is_told_each_second_under_its_own_number_where_the_engine_has_it(void **state)
{
    (void)state;
    struct sky_event_track track;
    fly(10, true);
    turn_freely();
    assert_int_equal(hear(), 1);
    size_t slot = 0;
    while (!sky_report_track_at(&station.engine, slot, now_ns, &track)) {
        slot++;
    }
    assert_int_equal(record[0].kind, SKY_ASTERIX_TARGET);
    assert_int_equal(record[0].sac, 25);
    assert_int_equal(record[0].sic, 240);
    assert_int_equal(record[0].plot.sensor_track, track.id);
    assert_true(fabs(record[0].plot.place.lat_rad - track.place.lat_rad) < 1e-7);
    assert_true(fabs(record[0].plot.place.lon_rad - track.place.lon_rad) < 1e-7);
    const int64_t utc_ns = sky_station_utc(&station, now_ns).utc_ns;
    assert_true(llabs(record[0].plot.time_value_ns - utc_ns % (86400 * SKY_SECOND_NS)) < 4000000);
    assert_int_equal(bytes[STATUS_AT] & (BEGINS | ENDS), BEGINS);
    turn_freely();
    assert_int_equal(hear(), 0);
    fly(1, true);
    turn_freely();
    assert_int_equal(hear(), 1);
    assert_int_equal(bytes[STATUS_AT] & (BEGINS | ENDS), 0);
}

static void nothing_leaves_before_all_that_it_rests_on_is_durable(void **state)
{
    (void)state;
    fly(10, true);
    turn(wire.seq - 1);
    turn(wire.seq); /* its events may still be on their way */
    assert_int_equal(hear(), 0);
    turn(wire.seq + 1);
    assert_int_equal(hear(), 1);
}

static void without_utc_nothing_is_told(void **state)
{
    (void)state;
    fly(10, false);
    assert_true(sky_station_utc(&station, now_ns).state <= SKY_CLOCK_RTC);
    turn_freely();
    assert_int_equal(hear(), 0);
    fly(1, true);
    turn_freely();
    assert_int_equal(hear(), 1);
}

static void a_track_that_ended_is_told_once_more_as_ended(void **state)
{
    (void)state;
    fly(10, true);
    turn_freely();
    assert_int_equal(hear(), 1);
    const uint32_t id = record[0].plot.sensor_track;
    uint32_t ended = 0;
    for (int i = 0; i < 90; i++) {
        second(true, false);
        turn_freely();
        const uint32_t heard = hear();
        for (uint32_t k = 0; k < heard; k++) {
            assert_int_equal(record[k].plot.sensor_track, id);
        }
        if (heard == 0) {
            break;
        }
        ended++;
    }
    assert_in_range(ended, 2, 60);
    assert_int_equal(bytes[STATUS_AT] & (BEGINS | ENDS), ENDS);
    second(true, false);
    turn_freely();
    assert_int_equal(hear(), 0);
}

static void a_log_that_is_slow_costs_the_oldest_seconds_and_they_are_counted(void **state)
{
    (void)state;
    fly(10, true);
    for (int i = 0; i < SKYD_SINK_WAITING + 3; i++) {
        fly(1, true);
        turn(1);
    }
    assert_int_equal(sink.late, 3);
    assert_int_equal(hear(), 0);
    turn_freely();
    assert_int_equal(hear(), SKYD_SINK_WAITING);
}

static void a_listener_that_is_away_is_counted_and_told_again_when_it_is_back(void **state)
{
    (void)state;
    fly(10, true);
    close(listener);
    for (int i = 0; i < 4; i++) {
        fly(1, true);
        turn_freely();
    }
    assert_in_range(sink.udp.failed, 1, 4);
    assert_int_equal(sink.udp.error, -ECONNREFUSED);
    (void)listen_at("127.0.0.1", config.udp.port);
    const uint64_t failed = sink.udp.failed;
    for (int i = 0; i < 4; i++) {
        fly(1, true);
        turn_freely();
    }
    assert_in_range(sink.udp.failed, failed, failed + 1); /* the last word of before */
    assert_in_range(hear(), 3, 4);
}

static void a_group_is_told_on_the_interface_that_is_named(void **state)
{
    (void)state;
    const struct ip_mreqn join = {.imr_multiaddr.s_addr = inet_addr("239.1.1.62"),
                                  .imr_ifindex = (int)if_nametoindex("lo")};
    close(listener);
    config.udp.port = listen_at("239.1.1.62", 0);
    assert_int_equal(setsockopt(listener, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join), 0);
    memcpy(config.udp.address, "239.1.1.62", 11);
    memcpy(config.udp.interface, "lo", 3);
    assert_int_equal(skyd_sink_init(&sink, &config), 0);
    fly(10, true);
    turn_freely();
    assert_int_equal(hear(), 1);
    skyd_sink_close(&sink);
    memcpy(config.udp.interface, "none0", 6);
    assert_int_equal(skyd_sink_init(&sink, &config), 0);
    fly(1, true);
    turn_freely();
    assert_int_equal(hear(), 0);
    assert_int_equal(sink.udp.failed, 1);
    assert_int_equal(sink.udp.error, -ENODEV);
}

static void an_address_that_is_none_is_refused(void **state)
{
    (void)state;
    struct sky_sink_udp udp;
    struct sky_sink_udp_config to = {.address = "0.0.0.0", .port = 1, .ttl = 1};
    assert_int_equal(sky_sink_udp_init(&udp, &to), -EINVAL);
    memcpy(to.address, "nowhere", 8);
    assert_int_equal(sky_sink_udp_init(&udp, &to), -EINVAL);
    memcpy(to.address, "127.0.0.1", 10);
    assert_int_equal(sky_sink_udp_init(&udp, &to), 0);
    to.port = 0;
    assert_int_equal(sky_sink_udp_init(&udp, &to), -EINVAL);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    static const struct CMUnitTest tests[] = {
        CASE(a_track_is_told_each_second_under_its_own_number_where_the_engine_has_it),
        CASE(nothing_leaves_before_all_that_it_rests_on_is_durable),
        CASE(without_utc_nothing_is_told),
        CASE(a_track_that_ended_is_told_once_more_as_ended),
        CASE(a_log_that_is_slow_costs_the_oldest_seconds_and_they_are_counted),
        CASE(a_listener_that_is_away_is_counted_and_told_again_when_it_is_back),
        CASE(a_group_is_told_on_the_interface_that_is_named),
        CASE(an_address_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
