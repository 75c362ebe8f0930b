#include "sky_codec.h"

#include <stdlib.h>

#include "sky_records.h"
#include "skywitness.pb-c.h"

enum { ROUNDS = 400, ARENA_BYTES = 256 * 1024 };

static _Alignas(16) uint8_t arena_bytes[ARENA_BYTES];
static uint8_t packed[SKY_CODEC_RECORD_MAX];
static uint8_t packed_again[SKY_CODEC_RECORD_MAX];

static struct sky_arena new_arena(void)
{
    return (struct sky_arena){.bytes = arena_bytes, .capacity = sizeof arena_bytes};
}

/* ---- round trips ---- */

#define SAME_IN(a, b, field)                                                                       \
    if (memcmp(&(a)->field, &(b)->field, sizeof(a)->field) != 0) {                                 \
        fail_msg("%s came back with other bits", #field);                                          \
    }

static void same_config(const struct sky_config *item, const struct sky_config *other)
{
    RECORDS_CONFIG(RECORDS_SAME_OF)
    assert_int_equal(item->sensor_count, other->sensor_count);
    assert_int_equal(item->station.has_site, other->station.has_site);
#define SAME_STATION(field) SAME_IN(&item->station, &other->station, field)
    RECORDS_STATION(SAME_STATION)
#define SAME_SITE(field) SAME_IN(&item->station.site, &other->station.site, field)
    RECORDS_PLACE(SAME_SITE)
    for (uint32_t i = 0; i < item->sensor_count; i++) {
        const struct sky_sensor_config *a = &item->sensor[i];
        const struct sky_sensor_config *b = &other->sensor[i];
#define SAME_SENSOR(field) SAME_IN(a, b, field)
        RECORDS_SENSOR(SAME_SENSOR)
        SAME_SENSOR(name)
        SAME_SENSOR(kind)
        SAME_SENSOR(asterix_021)
        SAME_SENSOR(at_station)
        SAME_SENSOR(site.lat_rad)
        SAME_SENSOR(site.lon_rad)
        SAME_SENSOR(site.alt_hae_m)
        SAME_SENSOR(has_sac_sic)
        SAME_SENSOR(sac)
        SAME_SENSOR(sic)
    }
}

static void same_gnss(const struct sky_gnss_report *item, const struct sky_gnss_report *other)
{
#define SAME_REAL(field)                                                                           \
    if (item->field == item->field || other->field == other->field) {                              \
        RECORDS_SAME_OF(field)                                                                     \
    }
    RECORDS_GNSS_REALS(SAME_REAL)
    RECORDS_RECEIVER_REALS(SAME_REAL)
    RECORDS_RECEIVER_COUNTS(RECORDS_SAME_OF)
    RECORDS_RECEIVER_TIMES(RECORDS_SAME_OF)
    RECORDS_SAME_OF(receiver.said)
    RECORDS_SAME_OF(receiver.has_pps)
    RECORDS_SAME_OF(receiver.has_toff)
    RECORDS_SAME_OF(mode)
    RECORDS_SAME_OF(has_time)
    RECORDS_SAME_OF(utc_ns)
    RECORDS_SAME_OF(satellites_used)
    RECORDS_SAME_OF(json_bytes)
    assert_memory_equal(item->json_bytes > 0 ? item->json : "",
                        item->json_bytes > 0 ? other->json : "", item->json_bytes);
}

static void same_bytes(const uint8_t *a, size_t a_count, const uint8_t *b, size_t b_count)
{
    assert_int_equal(a_count, b_count);
    if (a_count > 0) {
        assert_memory_equal(a, b, a_count);
    }
}

static void same_input(const struct sky_input *item, const struct sky_input *other)
{
    RECORDS_SAME_OF(seq)
    RECORDS_SAME_OF(time_ns)
    RECORDS_SAME_OF(realtime_ns)
    RECORDS_SAME_OF(source)
    assert_int_equal(item->kind, other->kind);
    switch (item->kind) {
    case SKY_INPUT_CONFIG:
        same_config(item->u.config.config, other->u.config.config);
        RECORDS_SAME_OF(u.config.boot_id)
        RECORDS_SAME_OF(u.config.software)
        same_bytes(item->u.config.zone_bytes, item->u.config.zone_byte_count,
                   other->u.config.zone_bytes, other->u.config.zone_byte_count);
        assert_int_equal(other->u.config.zones->line_count,
                         item->u.config.zone_byte_count > 0 ? 3 : 0);
        break;
    case SKY_INPUT_TICK:
        RECORDS_SAME_OF(u.tick.synchronised)
        RECORDS_SAME_OF(u.tick.error_ns)
        break;
    case SKY_INPUT_GNSS:
        same_gnss(&item->u.gnss, &other->u.gnss);
        break;
    case SKY_INPUT_REGISTERS:
        RECORDS_SAME_OF(u.registers.sensor)
        RECORDS_SAME_OF(u.registers.map)
        same_bytes(item->u.registers.bytes, item->u.registers.count, other->u.registers.bytes,
                   other->u.registers.count);
        break;
    case SKY_INPUT_DATAGRAM:
        RECORDS_SAME_OF(u.datagram.peer_ipv4)
        RECORDS_SAME_OF(u.datagram.peer_port)
        same_bytes(item->u.datagram.bytes, item->u.datagram.count, other->u.datagram.bytes,
                   other->u.datagram.count);
        break;
    case SKY_INPUT_SOURCE:
        RECORDS_SAME_OF(u.source_event.event)
        RECORDS_SAME_OF(u.source_event.count)
        RECORDS_SAME_OF(u.source_event.detail)
        break;
    case SKY_INPUT_CLOCK_STEP:
        RECORDS_SAME_OF(u.clock_step.step_ns)
        break;
    case SKY_INPUT_PLOT_ROWS:
        RECORDS_SAME_OF(u.plot_rows.epoch_utc_ns)
        same_bytes((const uint8_t *)item->u.plot_rows.text, item->u.plot_rows.count,
                   (const uint8_t *)other->u.plot_rows.text, other->u.plot_rows.count);
        break;
    case SKY_INPUT_REGISTER_MAP:
        RECORDS_SAME_OF(u.register_map.map)
        same_bytes((const uint8_t *)item->u.register_map.text, item->u.register_map.count,
                   (const uint8_t *)other->u.register_map.text, other->u.register_map.count);
        break;
    }
}

static void every_input_comes_back_with_the_same_bits(void **state)
{
    (void)state;
    static struct records_lent lent;
    uint64_t seed = 1;
    for (int round = 0; round < ROUNDS; round++) {
        for (int kind = SKY_INPUT_CONFIG; kind <= SKY_INPUT_REGISTER_MAP; kind++) {
            struct sky_input input, back;
            struct sky_utc_estimate utc, utc_back;
            struct sky_arena arena = new_arena();
            enum sky_channel channel, channel_again;
            size_t bytes, bytes_again;
            records_input(&seed, (enum sky_input_kind)kind, &lent, &input);
            records_utc(&seed, &utc);
            assert_int_equal(
                sky_codec_pack_input(&input, &utc, packed, sizeof packed, &channel, &bytes),
                SKY_OK);
            assert_true(sky_codec_is_input(channel));
            assert_int_equal(
                sky_codec_unpack_input(channel, packed, bytes, &arena, &back, &utc_back), SKY_OK);
            same_input(&input, &back);
            assert_int_equal(utc.utc_ns, utc_back.utc_ns);
            assert_int_equal(utc.sigma_ns, utc_back.sigma_ns);
            assert_int_equal(utc.state, utc_back.state);
            assert_int_equal(sky_codec_pack_input(&back, &utc_back, packed_again,
                                                  sizeof packed_again, &channel_again,
                                                  &bytes_again),
                             SKY_OK);
            same_bytes(packed, bytes, packed_again, bytes_again);
        }
    }
}

static void same_crossing(const struct sky_crossing *item, const struct sky_crossing *other)
{
    RECORDS_SAME_OF(known)
    RECORDS_CROSSING(RECORDS_SAME_OF)
}

static void same_track(const struct sky_event_track *item, const struct sky_event_track *other)
{
    RECORDS_TRACK(RECORDS_SAME_OF)
    RECORDS_SAME_OF(status)
    RECORDS_SAME_OF(cov)
    RECORDS_SAME_OF(model)
    RECORDS_SAME_OF(callsign)
}

static void same_assessment(const struct sky_assessment *item, const struct sky_assessment *other)
{
    RECORDS_ASSESSMENT(RECORDS_SAME_OF)
    RECORDS_SAME_OF(vertical)
    RECORDS_SAME_OF(sigma_rule_m)
}

static void same_incident(const struct sky_event_incident *item,
                          const struct sky_event_incident *other)
{
    RECORDS_INCIDENT(RECORDS_SAME_OF)
    RECORDS_SAME_OF(change)
    RECORDS_SAME_OF(state)
    RECORDS_SAME_OF(end)
    RECORDS_SAME_OF(closed_ns)
}

static void same_line(const struct sky_incident_line *item, const struct sky_incident_line *other)
{
    RECORDS_LINE(RECORDS_SAME_OF)
    RECORDS_SAME_OF(side)
    same_crossing(&item->entry, &other->entry);
    same_crossing(&item->exit, &other->exit);
}

static void same_stay(const struct sky_stay *item, const struct sky_stay *other)
{
    RECORDS_STAY(RECORDS_SAME_OF)
}

static void same_classification(const struct sky_event_classification *a,
                                const struct sky_event_classification *b)
{
    const struct sky_track_features *item = &a->features;
    const struct sky_track_features *other = &b->features;
    RECORDS_FEATURES(RECORDS_SAME_OF)
    SAME_IN(a, b, incident_id)
    SAME_IN(a, b, result.kind)
    SAME_IN(a, b, result.target)
    SAME_IN(a, b, result.probability)
    SAME_IN(a, b, result.reasons)
    SAME_IN(a, b, emitter)
    same_stay(&a->stay, &b->stay);
}

static void same_alert(const struct sky_event_alert *item, const struct sky_event_alert *other)
{
    RECORDS_ALERT(RECORDS_SAME_OF)
    RECORDS_SAME_OF(crossing_known)
    RECORDS_SAME_OF(crossing_ns)
}

static void same_sensor(const struct sky_event_sensor *item, const struct sky_event_sensor *other)
{
    RECORDS_SENSOR_EVENT(RECORDS_SAME_OF)
    RECORDS_SAME_OF(registration.state)
    RECORDS_SAME_OF(registration.bias)
    RECORDS_SAME_OF(registration.bias_sigma)
    RECORDS_SAME_OF(nis)
}

static void same_event(const struct sky_event *item, const struct sky_event *other)
{
    RECORDS_SAME_OF(cause_seq)
    RECORDS_SAME_OF(time_ns)
    RECORDS_SAME_OF(utc.utc_ns)
    RECORDS_SAME_OF(utc.sigma_ns)
    RECORDS_SAME_OF(utc.state)
    assert_int_equal(item->kind, other->kind);
    switch (item->kind) {
    case SKY_EVENT_POSE:
#define SAME_POSE(field) SAME_IN(item, other, u.pose.field)
        RECORDS_POSE(SAME_POSE)
        RECORDS_SAME_OF(u.pose.state)
        break;
    case SKY_EVENT_CLOCK:
        break;
    case SKY_EVENT_TRACK:
        same_track(&item->u.track, &other->u.track);
        break;
    case SKY_EVENT_ASSESSMENT:
        same_assessment(&item->u.assessment, &other->u.assessment);
        break;
    case SKY_EVENT_INCIDENT:
        same_incident(&item->u.incident, &other->u.incident);
        break;
    case SKY_EVENT_INCIDENT_LINE:
        RECORDS_SAME_OF(u.incident_line.incident_id)
        same_line(&item->u.incident_line.line, &other->u.incident_line.line);
        break;
    case SKY_EVENT_CLASSIFICATION:
        same_classification(&item->u.classification, &other->u.classification);
        break;
    case SKY_EVENT_REJECT:
        RECORDS_SAME_OF(u.reject.reason)
        RECORDS_SAME_OF(u.reject.count)
        RECORDS_SAME_OF(u.reject.offset)
        RECORDS_SAME_OF(u.reject.item)
        RECORDS_SAME_OF(u.reject.source)
        break;
    case SKY_EVENT_ALERT:
        same_alert(&item->u.alert, &other->u.alert);
        break;
    case SKY_EVENT_SENSOR:
        same_sensor(&item->u.sensor, &other->u.sensor);
        break;
    case SKY_EVENT_READING:
        RECORDS_SAME_OF(u.reading.source)
        RECORDS_SAME_OF(u.reading.item)
        RECORDS_SAME_OF(u.reading.value)
        break;
    }
}

static void every_event_comes_back_with_the_same_bits(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int round = 0; round < ROUNDS; round++) {
        for (int kind = SKY_EVENT_POSE; kind <= SKY_EVENT_READING; kind++) {
            struct sky_event event, back;
            struct sky_arena arena = new_arena();
            enum sky_channel channel, channel_again;
            size_t bytes, bytes_again;
            records_event(&seed, (enum sky_event_kind)kind, &event);
            assert_int_equal(sky_codec_pack_event(&event, packed, sizeof packed, &channel, &bytes),
                             SKY_OK);
            assert_false(sky_codec_is_input(channel));
            assert_int_equal(sky_codec_unpack_event(channel, packed, bytes, &arena, &back), SKY_OK);
            same_event(&event, &back);
            assert_int_equal(sky_codec_pack_event(&back, packed_again, sizeof packed_again,
                                                  &channel_again, &bytes_again),
                             SKY_OK);
            same_bytes(packed, bytes, packed_again, bytes_again);
        }
    }
}

static size_t bytes_of_assessment(double sigma_rule_m, bool line_rule_stated)
{
    struct sky_event event = {.kind = SKY_EVENT_ASSESSMENT};
    enum sky_channel channel;
    size_t bytes;
    event.u.assessment.vertical = SKY_VERTICAL_EVALUATED;
    event.u.assessment.sigma_rule_m = sigma_rule_m;
    event.u.assessment.line_rule_stated = line_rule_stated;
    assert_int_equal(sky_codec_pack_event(&event, packed, sizeof packed, &channel, &bytes), SKY_OK);
    return bytes;
}

static void a_line_drawn_as_it_was_meant_takes_no_byte_more_than_it_ever_did(void **state)
{
    (void)state;
    const size_t bare = bytes_of_assessment(0.0, true);
    assert_int_equal(bytes_of_assessment(0.1, true), bare + 10);
    assert_int_equal(bytes_of_assessment(0.0, false), bare + 3);
}

static void a_not_a_number_of_the_receiver_is_left_out_and_comes_back(void **state)
{
    (void)state;
    struct sky_input input = {.seq = 1, .kind = SKY_INPUT_GNSS}, back;
    struct sky_utc_estimate utc = {.state = SKY_CLOCK_NONE};
    struct sky_arena arena = new_arena();
    enum sky_channel channel;
    size_t all, some;
    assert_int_equal(sky_codec_pack_input(&input, &utc, packed, sizeof packed, &channel, &all), 0);
    input.u.gnss.lat_deg = (double)NAN;
    assert_int_equal(sky_codec_pack_input(&input, &utc, packed, sizeof packed, &channel, &some), 0);
    assert_int_equal(all - some, 9);
    assert_int_equal(sky_codec_unpack_input(channel, packed, some, &arena, &back, &utc), SKY_OK);
    assert_true(back.u.gnss.lat_deg != back.u.gnss.lat_deg);
    assert_near(back.u.gnss.lon_deg, 0.0, 0.0);
}

/* ---- names ---- */

static void every_channel_has_its_own_topic_and_a_type_that_the_descriptors_know(void **state)
{
    (void)state;
    size_t bytes;
    const uint8_t *set = sky_codec_descriptor_set(&bytes);
    assert_true(bytes > 1000 && bytes < 65536);
    for (int i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        const enum sky_channel channel = (enum sky_channel)i;
        const char *want = sky_codec_is_input(channel) ? "/input/" : "/event/";
        assert_memory_equal(sky_codec_topic(channel), want, 7);
        assert_memory_equal(sky_codec_type(channel), "skywitness.v1.", 14);
        const char *name = sky_codec_type(channel) + 14;
        bool found = false;
        for (size_t at = 0; !found && at + strlen(name) <= bytes; at++) {
            found = memcmp(set + at, name, strlen(name)) == 0;
        }
        assert_true(found);
        for (int k = SKY_CHANNEL_CONFIG; k < i; k++) {
            assert_string_not_equal(sky_codec_topic(channel), sky_codec_topic((enum sky_channel)k));
        }
    }
}

/* ---- what packing refuses ---- */

static void a_record_that_does_not_fit_is_refused_and_nothing_is_set(void **state)
{
    (void)state;
    static struct records_lent lent;
    uint64_t seed = 3;
    struct sky_input input;
    struct sky_event event;
    struct sky_utc_estimate utc;
    enum sky_channel channel = SKY_CHANNEL_END;
    size_t bytes = 77;
    records_utc(&seed, &utc);
    for (int kind = SKY_INPUT_CONFIG; kind <= SKY_INPUT_REGISTER_MAP; kind++) {
        records_input(&seed, (enum sky_input_kind)kind, &lent, &input);
        assert_int_equal(sky_codec_pack_input(&input, &utc, packed, 20, &channel, &bytes),
                         SKY_E_CAPACITY);
    }
    for (int kind = SKY_EVENT_POSE; kind <= SKY_EVENT_READING; kind++) {
        records_event(&seed, (enum sky_event_kind)kind, &event);
        assert_int_equal(sky_codec_pack_event(&event, packed, 20, &channel, &bytes),
                         SKY_E_CAPACITY);
    }
    assert_int_equal(channel, SKY_CHANNEL_END);
    assert_int_equal(bytes, 77);
}

static void a_configuration_larger_than_any_may_be_is_refused(void **state)
{
    (void)state;
    static struct records_lent lent;
    uint64_t seed = 4;
    struct sky_input input;
    struct sky_utc_estimate utc = {.state = SKY_CLOCK_NONE};
    enum sky_channel channel;
    size_t bytes;
    records_input(&seed, SKY_INPUT_CONFIG, &lent, &input);
    input.u.config.zone_byte_count = SKY_CODEC_ZONES_MAX + 1;
    assert_int_equal(sky_codec_pack_input(&input, &utc, packed, sizeof packed, &channel, &bytes),
                     SKY_E_CAPACITY);
    input.u.config.zone_byte_count = 0;
    lent.config.sensor_count = SKY_SENSORS_MAX + 1;
    assert_int_equal(sky_codec_pack_input(&input, &utc, packed, sizeof packed, &channel, &bytes),
                     SKY_E_CAPACITY);
}

static void a_kind_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    const int none = 99;
    struct sky_input input = {.kind = (enum sky_input_kind)none};
    struct sky_event event = {.kind = (enum sky_event_kind)none};
    struct sky_utc_estimate utc = {.state = SKY_CLOCK_NONE};
    enum sky_channel channel;
    size_t bytes;
    assert_int_equal(sky_codec_pack_input(&input, &utc, packed, sizeof packed, &channel, &bytes),
                     SKY_E_RANGE);
    assert_int_equal(sky_codec_pack_event(&event, packed, sizeof packed, &channel, &bytes),
                     SKY_E_RANGE);
}

static void a_callsign_that_is_not_utf8_is_recorded_with_question_marks(void **state)
{
    (void)state;
    struct sky_event event = {.kind = SKY_EVENT_TRACK, .utc = {.state = SKY_CLOCK_NONE}}, back;
    struct sky_arena arena = new_arena();
    enum sky_channel channel;
    size_t bytes;
    event.u.track.status = SKY_TRACK_CONFIRMED;
    memcpy(event.u.track.callsign,
           "AB\xFF"
           "C",
           4);
    assert_int_equal(sky_codec_pack_event(&event, packed, sizeof packed, &channel, &bytes), SKY_OK);
    assert_int_equal(sky_codec_unpack_event(channel, packed, bytes, &arena, &back), SKY_OK);
    assert_string_equal(back.u.track.callsign, "AB?C");
}

static void text_that_is_not_utf8_is_recorded_with_question_marks(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        const char *kept;
    } detail[] = {
        {"plain", "plain"},
        {"caf\xC3\xA9", "caf\xC3\xA9"},
        {"\xFF\xFE", "??"},
        {"overlong \xC0\xAF", "overlong ??"},
        {"overlong \xE0\x80\xAF", "overlong ???"},
        {"surrogate \xED\xA0\x80", "surrogate ???"},
        {"too far \xF4\x90\x80\x80", "too far ????"},
        {"overlong \xF0\x80\x80\xAF", "overlong ????"},
        {"last \xF4\x8F\xBF\xBF", "last \xF4\x8F\xBF\xBF"},
        {"cut \xE2\x82", "cut ??"},
        {"alone \x80", "alone ?"},
    };
    for (size_t i = 0; i < sizeof detail / sizeof *detail; i++) {
        struct sky_input input = {.seq = 1, .kind = SKY_INPUT_SOURCE}, back;
        struct sky_utc_estimate utc = {.state = SKY_CLOCK_NONE};
        struct sky_arena arena = new_arena();
        enum sky_channel channel;
        size_t bytes;
        input.u.source_event.event = SKY_SOURCE_UP;
        memcpy(input.u.source_event.detail, detail[i].said, strlen(detail[i].said));
        assert_int_equal(
            sky_codec_pack_input(&input, &utc, packed, sizeof packed, &channel, &bytes), SKY_OK);
        assert_int_equal(sky_codec_unpack_input(channel, packed, bytes, &arena, &back, &utc),
                         SKY_OK);
        assert_string_equal(back.u.source_event.detail, detail[i].kept);
    }
}

/* ---- what unpacking refuses ---- */

/* A sound record of a channel to break. */
static size_t sound_record(uint64_t *seed, enum sky_channel wanted)
{
    static struct records_lent lent;
    const bool is_input = sky_codec_is_input(wanted);
    enum sky_channel channel = SKY_CHANNEL_END;
    size_t bytes = 0;
    if (is_input) {
        struct sky_input input;
        struct sky_utc_estimate utc;
        records_utc(seed, &utc);
        records_input(seed, records_input_kind(wanted), &lent, &input);
        assert_int_equal(
            sky_codec_pack_input(&input, &utc, packed, sizeof packed, &channel, &bytes), SKY_OK);
    } else {
        struct sky_event event;
        records_event(seed, records_event_kind(wanted), &event);
        assert_int_equal(sky_codec_pack_event(&event, packed, sizeof packed, &channel, &bytes),
                         SKY_OK);
    }
    assert_int_equal(channel, wanted);
    return bytes;
}

static enum sky_status unpack(enum sky_channel channel, const uint8_t *bytes, size_t count,
                              struct sky_arena *arena)
{
    struct sky_input input;
    struct sky_event event;
    struct sky_utc_estimate utc;
    return sky_codec_is_input(channel)
               ? sky_codec_unpack_input(channel, bytes, count, arena, &input, &utc)
               : sky_codec_unpack_event(channel, bytes, count, arena, &event);
}

static void a_record_cut_anywhere_or_with_any_bit_flipped_never_crashes(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        const enum sky_channel channel = (enum sky_channel)i;
        const size_t bytes = sound_record(&seed, channel);
        for (size_t cut = 0; cut < bytes; cut++) {
            struct sky_arena arena = new_arena();
            uint8_t *exact = malloc(cut + 1); /* so that a sanitizer sees a read past the end */
            assert_non_null(exact);
            memcpy(exact, packed, cut);
            (void)unpack(channel, exact, cut, &arena);
            free(exact);
        }
        for (size_t bit = 0; bit < bytes * 8; bit++) {
            struct sky_arena arena = new_arena();
            packed[bit / 8] ^= (uint8_t)(1U << bit % 8);
            (void)unpack(channel, packed, bytes, &arena);
            packed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

static void an_arena_that_is_too_small_is_said_so_and_never_overrun(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (int i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        const enum sky_channel channel = (enum sky_channel)i;
        const size_t bytes = sound_record(&seed, channel);
        enum sky_status status = SKY_E_CAPACITY;
        for (size_t capacity = 0; status == SKY_E_CAPACITY; capacity += 16) {
            uint8_t *exact = malloc(capacity + 1);
            assert_non_null(exact);
            struct sky_arena arena = {.bytes = exact, .capacity = capacity};
            status = unpack(channel, packed, bytes, &arena);
            assert_true(arena.used <= capacity);
            free(exact);
        }
        assert_int_equal(status, SKY_OK);
    }
}

static void a_zone_set_asks_an_arena_for_no_more_than_it_has(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    const size_t count = records_zone_set(bytes, sizeof bytes);
    enum sky_status status = SKY_E_CAPACITY;
    for (size_t capacity = 0; status == SKY_E_CAPACITY; capacity += 16) {
        struct sky_zone_set zones;
        const char *reason = "";
        uint8_t *exact = malloc(capacity + 1);
        assert_non_null(exact);
        struct sky_arena arena = {.bytes = exact, .capacity = capacity};
        status = sky_codec_unpack_zones(bytes, count, &arena, &zones, NULL, &reason);
        assert_true(status == SKY_OK || strstr(reason, "memory") != NULL);
        free(exact);
    }
    assert_int_equal(status, SKY_OK);
}

static void a_channel_that_is_not_of_that_sort_is_corrupt(void **state)
{
    (void)state;
    struct sky_input input;
    struct sky_event event;
    struct sky_utc_estimate utc;
    struct sky_arena arena = new_arena();
    const enum sky_channel none = SKY_CHANNEL_END;
    assert_int_equal(sky_codec_unpack_input(none, packed, 0, &arena, &input, &utc), SKY_E_CORRUPT);
    assert_int_equal(sky_codec_unpack_input((enum sky_channel)0, packed, 0, &arena, &input, &utc),
                     SKY_E_CORRUPT);
    assert_int_equal(sky_codec_unpack_input(SKY_CHANNEL_POSE, packed, 0, &arena, &input, &utc),
                     SKY_E_CORRUPT);
    assert_int_equal(sky_codec_unpack_event(SKY_CHANNEL_TICK, packed, 0, &arena, &event),
                     SKY_E_CORRUPT);
    assert_int_equal(
        sky_codec_unpack_event(SKY_CHANNEL_POSE, packed, SKY_CODEC_RECORD_MAX + 1, &arena, &event),
        SKY_E_CORRUPT);
}

/* Packs a message that only a writer other than ours would write, and unpacks it. */
static enum sky_status unpack_message(enum sky_channel channel, const ProtobufCMessage *message)
{
    struct sky_arena arena = new_arena();
    const size_t bytes = protobuf_c_message_pack(message, packed);
    return unpack(channel, packed, bytes, &arena);
}

static void what_the_wire_format_allows_and_the_records_do_not_is_corrupt(void **state)
{
    (void)state;
    char bad_text[] = "\xFF", long_text[200], text[] = "x";
    const int unknown = 99;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;

    Skywitness__V1__Received received = SKYWITNESS__V1__RECEIVED__INIT;
    received.clock = SKYWITNESS__V1__CLOCK_STATE__CLOCK_PPS;
    Skywitness__V1__Tick tick = SKYWITNESS__V1__TICK__INIT;
    tick.received = &received;
    assert_int_equal(unpack_message(SKY_CHANNEL_TICK, &tick.base), SKY_OK);
    received.clock = (Skywitness__V1__ClockState)unknown;
    assert_int_equal(unpack_message(SKY_CHANNEL_TICK, &tick.base), SKY_E_CORRUPT);
    received.clock = SKYWITNESS__V1__CLOCK_STATE__CLOCK_PPS;
    received.source = bad_text;
    assert_int_equal(unpack_message(SKY_CHANNEL_TICK, &tick.base), SKY_E_CORRUPT);
    received.source = long_text;
    assert_int_equal(unpack_message(SKY_CHANNEL_TICK, &tick.base), SKY_E_CORRUPT);
    received.source = NULL;

    Skywitness__V1__Datagram datagram = SKYWITNESS__V1__DATAGRAM__INIT;
    datagram.received = &received;
    datagram.has_peer_port = true;
    datagram.peer_port = 65536;
    assert_int_equal(unpack_message(SKY_CHANNEL_DATAGRAM, &datagram.base), SKY_E_CORRUPT);

    Skywitness__V1__Source source = SKYWITNESS__V1__SOURCE__INIT;
    source.received = &received;
    source.event = SKYWITNESS__V1__SOURCE_EVENT__SOURCE_UP;
    source.detail = long_text;
    assert_int_equal(unpack_message(SKY_CHANNEL_SOURCE, &source.base), SKY_E_CORRUPT);

    Skywitness__V1__Cause cause = SKYWITNESS__V1__CAUSE__INIT;
    cause.clock = SKYWITNESS__V1__CLOCK_STATE__CLOCK_PPS;
    Skywitness__V1__Place place = SKYWITNESS__V1__PLACE__INIT;
    double number[21] = {0};
    Skywitness__V1__Track track = SKYWITNESS__V1__TRACK__INIT;
    track.cause = &cause;
    track.place = &place;
    track.cov = number;
    track.n_cov = 21;
    track.model = number;
    track.n_model = SKY_MODES_MAX;
    assert_int_equal(unpack_message(SKY_CHANNEL_TRACK, &track.base), SKY_OK);
    track.n_cov = 20;
    assert_int_equal(unpack_message(SKY_CHANNEL_TRACK, &track.base), SKY_E_CORRUPT);
    track.n_cov = 21;
    track.n_model = SKY_MODES_MAX - 1;
    assert_int_equal(unpack_message(SKY_CHANNEL_TRACK, &track.base), SKY_E_CORRUPT);
    track.n_model = SKY_MODES_MAX;
    track.callsign = long_text;
    assert_int_equal(unpack_message(SKY_CHANNEL_TRACK, &track.base), SKY_E_CORRUPT);

    Skywitness__V1__Features features = SKYWITNESS__V1__FEATURES__INIT;
    Skywitness__V1__Classification classification = SKYWITNESS__V1__CLASSIFICATION__INIT;
    classification.cause = &cause;
    classification.features = &features;
    classification.kind = SKYWITNESS__V1__KIND__KIND_GRAZE;
    classification.probability = number;
    classification.n_probability = SKY_CLASS_COUNT - 1; /* before clutter was one */
    assert_int_equal(unpack_message(SKY_CHANNEL_CLASSIFICATION, &classification.base), SKY_OK);
    classification.n_probability = SKY_CLASS_COUNT;
    classification.has_emitter = true;
    classification.emitter = 256;
    assert_int_equal(unpack_message(SKY_CHANNEL_CLASSIFICATION, &classification.base),
                     SKY_E_CORRUPT);
    classification.emitter = 255;
    assert_int_equal(unpack_message(SKY_CHANNEL_CLASSIFICATION, &classification.base), SKY_OK);
    classification.n_probability = SKY_CLASS_COUNT - 2;
    assert_int_equal(unpack_message(SKY_CHANNEL_CLASSIFICATION, &classification.base),
                     SKY_E_CORRUPT);

    Skywitness__V1__Reject reject = SKYWITNESS__V1__REJECT__INIT;
    reject.cause = &cause;
    reject.reason = SKYWITNESS__V1__REJECT_REASON__REJECT_TOO_OLD;
    reject.item = text;
    reject.source = long_text;
    assert_int_equal(unpack_message(SKY_CHANNEL_REJECT, &reject.base), SKY_E_CORRUPT);
    reject.item = long_text;
    assert_int_equal(unpack_message(SKY_CHANNEL_REJECT, &reject.base), SKY_E_CORRUPT);
}

static void a_sensor_whose_lists_are_not_of_their_length_is_corrupt(void **state)
{
    (void)state;
    double number[SKY_COMPONENTS] = {0};
    Skywitness__V1__Cause cause = SKYWITNESS__V1__CAUSE__INIT;
    Skywitness__V1__Sensor sensor = SKYWITNESS__V1__SENSOR__INIT;
    size_t *const count[] = {&sensor.n_bias, &sensor.n_bias_sigma, &sensor.n_nis};
    cause.clock = SKYWITNESS__V1__CLOCK_STATE__CLOCK_PPS;
    sensor.cause = &cause;
    sensor.bias = sensor.bias_sigma = sensor.nis = number;
    sensor.n_bias = sensor.n_bias_sigma = SKY_BIASES;
    sensor.n_nis = SKY_COMPONENTS;
    assert_int_equal(unpack_message(SKY_CHANNEL_SENSOR, &sensor.base), SKY_OK);
    for (size_t i = 0; i < sizeof count / sizeof *count; i++) {
        const size_t right = *count[i];
        *count[i] = right - 1;
        assert_int_equal(unpack_message(SKY_CHANNEL_SENSOR, &sensor.base), SKY_E_CORRUPT);
        *count[i] = 0;
        assert_int_equal(unpack_message(SKY_CHANNEL_SENSOR, &sensor.base), SKY_E_CORRUPT);
        *count[i] = right;
    }
}

/* A configuration as our writer makes it, to change one thing in. */
struct foreign_config {
    Skywitness__V1__Received received;
    Skywitness__V1__StationConfig station;
    Skywitness__V1__TrackerConfig tracker;
    double accel[3];
    Skywitness__V1__IncidentConfig incident;
    Skywitness__V1__SensorConfig sensor;
    Skywitness__V1__SensorConfig *sensors[SKY_SENSORS_MAX + 1];
    Skywitness__V1__Config config;
};

static void make_foreign_config(struct foreign_config *ret_foreign)
{
    static char text[] = "x";
    ret_foreign->received = (Skywitness__V1__Received)SKYWITNESS__V1__RECEIVED__INIT;
    ret_foreign->received.clock = SKYWITNESS__V1__CLOCK_STATE__CLOCK_PPS;
    ret_foreign->station = (Skywitness__V1__StationConfig)SKYWITNESS__V1__STATION_CONFIG__INIT;
    ret_foreign->tracker = (Skywitness__V1__TrackerConfig)SKYWITNESS__V1__TRACKER_CONFIG__INIT;
    ret_foreign->tracker.accel_psd_m2ps3 = ret_foreign->accel;
    ret_foreign->tracker.n_accel_psd_m2ps3 = 3;
    memset(ret_foreign->accel, 0, sizeof ret_foreign->accel);
    ret_foreign->incident = (Skywitness__V1__IncidentConfig)SKYWITNESS__V1__INCIDENT_CONFIG__INIT;
    ret_foreign->sensor = (Skywitness__V1__SensorConfig)SKYWITNESS__V1__SENSOR_CONFIG__INIT;
    ret_foreign->sensor.name = text;
    ret_foreign->sensor.kind = SKYWITNESS__V1__SENSOR_KIND__SENSOR_RADAR;
    for (size_t i = 0; i <= SKY_SENSORS_MAX; i++) {
        ret_foreign->sensors[i] = &ret_foreign->sensor;
    }
    ret_foreign->config = (Skywitness__V1__Config)SKYWITNESS__V1__CONFIG__INIT;
    ret_foreign->config.received = &ret_foreign->received;
    ret_foreign->config.station = &ret_foreign->station;
    ret_foreign->config.tracker = &ret_foreign->tracker;
    ret_foreign->config.incident = &ret_foreign->incident;
    ret_foreign->config.boot_id = text;
    ret_foreign->config.software = text;
    ret_foreign->config.n_sensor = 1;
    ret_foreign->config.sensor = ret_foreign->sensors;
}

static enum sky_status unpack_foreign(const struct foreign_config *foreign)
{
    return unpack_message(SKY_CHANNEL_CONFIG, &foreign->config.base);
}

static void a_configuration_that_cannot_be_one_is_corrupt(void **state)
{
    (void)state;
    static struct foreign_config foreign;
    static char long_text[64];
    static uint8_t zeros[SKY_CODEC_ZONES_MAX + 1];
    const int no_kind = 3;
    memset(long_text, 'x', sizeof long_text - 1);
    make_foreign_config(&foreign);
    assert_int_equal(unpack_foreign(&foreign), SKY_OK);
    foreign.config.n_sensor = SKY_SENSORS_MAX + 1;
    assert_int_equal(unpack_foreign(&foreign), SKY_E_CORRUPT);
    make_foreign_config(&foreign);
    foreign.tracker.n_accel_psd_m2ps3 = 2;
    assert_int_equal(unpack_foreign(&foreign), SKY_E_CORRUPT);
    make_foreign_config(&foreign);
    foreign.sensor.kind = (Skywitness__V1__SensorKind)no_kind;
    assert_int_equal(unpack_foreign(&foreign), SKY_E_CORRUPT);
    make_foreign_config(&foreign);
    foreign.sensor.has_sac = true;
    assert_int_equal(unpack_foreign(&foreign), SKY_E_CORRUPT);
    foreign.sensor.has_sic = true;
    assert_int_equal(unpack_foreign(&foreign), SKY_OK);
    foreign.sensor.sac = 256;
    assert_int_equal(unpack_foreign(&foreign), SKY_E_CORRUPT);
    foreign.sensor.sac = 255;
    foreign.sensor.sic = 256;
    assert_int_equal(unpack_foreign(&foreign), SKY_E_CORRUPT);
    make_foreign_config(&foreign);
    foreign.sensor.name = long_text;
    assert_int_equal(unpack_foreign(&foreign), SKY_E_CORRUPT);
    make_foreign_config(&foreign);
    foreign.config.boot_id = long_text;
    assert_int_equal(unpack_foreign(&foreign), SKY_E_CORRUPT);
    make_foreign_config(&foreign);
    foreign.config.software = long_text;
    assert_int_equal(unpack_foreign(&foreign), SKY_E_CORRUPT);
    make_foreign_config(&foreign);
    foreign.config.zones = (ProtobufCBinaryData){1, zeros};
    assert_int_equal(unpack_foreign(&foreign), SKY_E_CORRUPT);
}

/* ---- zone sets ---- */

static void a_zone_set_comes_back_sorted_by_zone_with_its_names(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    const size_t count = records_zone_set(bytes, sizeof bytes);
    struct sky_arena arena = new_arena();
    struct sky_zone_set zones;
    struct sky_zone_names names;
    const char *reason = NULL;
    assert_int_equal(sky_codec_unpack_zones(bytes, count, &arena, &zones, &names, &reason), SKY_OK);

    assert_int_equal(zones.zone_count, 2);
    assert_int_equal(zones.line_count, 3);
    assert_int_equal(zones.ring_count, 4);
    assert_int_equal(zones.vertex_count, 15);
    assert_true(zones.has_geoid);
    assert_near(zones.geoid_undulation_m, 26.5, 0.0);
    assert_int_equal(zones.zone[0].id, 3);
    assert_int_equal(zones.zone[0].first_line, 0);
    assert_int_equal(zones.zone[0].line_count, 2);
    assert_int_equal(zones.zone[0].ceiling.datum, SKY_DATUM_AMSL);
    assert_true(zones.zone[0].floor.unlimited);
    assert_false(zones.zone[0].ceiling.unlimited);
    assert_true(zones.zone[1].ceiling.unlimited);
    assert_int_equal(zones.zone[1].first_line, 2);
    assert_int_equal(zones.line[0].id, 10);
    assert_int_equal(zones.line[1].id, 12);
    assert_int_equal(zones.line[2].id, 11);
    assert_int_equal(zones.line[1].ring_count, 2);
    assert_true(zones.line[1].accuracy_stated);
    assert_false(zones.line[0].accuracy_stated);
    assert_near(zones.line[1].sigma_m, 951.5, 0.0);
    assert_int_equal(zones.line[2].rule, SKY_EDGE_GEODESIC);
    const struct sky_vertex *hole = &zones.vertex[zones.ring[zones.line[1].first_ring + 1].first];
    assert_int_equal(hole[1].lat_e7, 199500000);
    assert_int_equal(hole[2].lat_e7, 199450000);
    assert_int_equal(hole[2].lon_e7, 29500000);

    assert_string_equal(names.set_name, "Tin Zaouatine");
    assert_int_equal(names.zone[1].id, 7);
    assert_string_equal(names.zone[1].authority, "");
    assert_int_equal(names.line[1].id, 12);
    assert_string_equal(names.line[0].party, "a party");
    assert_string_equal(names.line[1].party, "");
    assert_string_equal(names.line[1].licence, "public domain");
    assert_int_equal(names.line[1].sha256[2], 3);
}

/* The bytes of the small set with `old` replaced by `new`, once. */
static size_t changed_set(uint8_t *ret_bytes, size_t capacity, const uint8_t *old,
                          const uint8_t *new_bytes, size_t count)
{
    const size_t bytes = records_zone_set(ret_bytes, capacity);
    for (size_t at = 0; at + count <= bytes; at++) {
        if (memcmp(ret_bytes + at, old, count) == 0) {
            memcpy(ret_bytes + at, new_bytes, count);
            return bytes;
        }
    }
    fail_msg("nothing to change");
    return 0;
}

static const char *why_not(const uint8_t *bytes, size_t count)
{
    struct sky_arena arena = new_arena();
    struct sky_zone_set zones = {.line_count = 77};
    const char *reason = NULL;
    assert_int_equal(sky_codec_unpack_zones(bytes, count, &arena, &zones, NULL, &reason),
                     SKY_E_CORRUPT);
    assert_int_equal(zones.line_count, 77);
    return reason;
}

static void a_zone_set_that_makes_no_sense_is_refused_with_a_reason(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    struct sky_arena arena = new_arena();
    struct sky_zone_set zones;
    const char *reason = NULL;

    assert_non_null(strstr(why_not(packed, 0), "not a zone set"));
    assert_non_null(strstr(why_not(packed, SKY_CODEC_ZONES_MAX + 1), "2 MiB"));

    /* Line 11 (0x0B) of zone 7 says zone 9. */
    size_t count = changed_set(bytes, sizeof bytes, (const uint8_t[]){0x08, 0x0B, 0x10, 0x07},
                               (const uint8_t[]){0x08, 0x0B, 0x10, 0x09}, 4);
    assert_non_null(strstr(why_not(bytes, count), "exactly one zone"));

    /* Zone 7 calls itself 3 as well. */
    count = changed_set(bytes, sizeof bytes, (const uint8_t[]){0x08, 0x07, 0x12},
                        (const uint8_t[]){0x08, 0x03, 0x12}, 3);
    assert_non_null(strstr(why_not(bytes, count), "exactly one zone"));

    /* Two lines with one id pass the codec and fail sky_zone_check. */
    count = changed_set(bytes, sizeof bytes, (const uint8_t[]){0x08, 0x0B, 0x10, 0x07},
                        (const uint8_t[]){0x08, 0x0A, 0x10, 0x07}, 4);
    assert_non_null(why_not(bytes, count));

    count = records_zone_set(bytes, sizeof bytes);
    arena.capacity = 600;
    assert_int_equal(sky_codec_unpack_zones(bytes, count, &arena, &zones, NULL, &reason),
                     SKY_E_CAPACITY);
    assert_non_null(strstr(reason, "memory"));
}

/* A set of `zones` zones and `lines` lines of zone 1, each with one ring, and a short hash. */
static size_t crowded_set(size_t zones, size_t lines, size_t hash_bytes, size_t longitudes)
{
    static char text[] = "x";
    static uint8_t hash[32];
    int32_t step[3] = {1, 1000, 1000};
    Skywitness__Zones__V1__Ring ring = SKYWITNESS__ZONES__V1__RING__INIT;
    Skywitness__Zones__V1__Ring *rings[1] = {&ring};
    Skywitness__Zones__V1__Line line = SKYWITNESS__ZONES__V1__LINE__INIT;
    Skywitness__Zones__V1__Line *line_list[64];
    Skywitness__Zones__V1__Zone zone = SKYWITNESS__ZONES__V1__ZONE__INIT;
    Skywitness__Zones__V1__Zone *zone_list[64];
    Skywitness__Zones__V1__ZoneSet set = SKYWITNESS__ZONES__V1__ZONE_SET__INIT;
    ring.n_lat_step_e7 = 3;
    ring.n_lon_step_e7 = longitudes;
    ring.lat_step_e7 = ring.lon_step_e7 = step;
    line.id = 1;
    line.zone_id = 1;
    line.name = line.source = line.licence = text;
    line.sha256 = (ProtobufCBinaryData){hash_bytes, hash};
    line.edge_rule = SKYWITNESS__ZONES__V1__EDGE_RULE__EDGE_PLANAR;
    line.n_ring = 1;
    line.ring = rings;
    zone.id = 1;
    zone.name = text;
    for (size_t i = 0; i < 64; i++) {
        line_list[i] = &line;
        zone_list[i] = &zone;
    }
    set.name = text;
    set.n_zone = zones;
    set.zone = zone_list;
    set.n_line = lines;
    set.line = line_list;
    return skywitness__zones__v1__zone_set__pack(&set, packed);
}

static void a_zone_set_that_is_too_large_or_malformed_is_refused_with_a_reason(void **state)
{
    (void)state;
    assert_non_null(strstr(why_not(packed, crowded_set(17, 1, 32, 3)), "more zones"));
    assert_non_null(strstr(why_not(packed, crowded_set(1, 33, 32, 3)), "more lines"));
    assert_non_null(strstr(why_not(packed, crowded_set(1, 1, 31, 3)), "sha256"));
    assert_non_null(strstr(why_not(packed, crowded_set(1, 1, 32, 2)), "latitudes"));
}

/* ---- borders that two zones share, and the geoid ---- */

/* Zones 5 and 6; line 1 is 6's alone, line 2 has 6 on its left and 5 on its right. */
struct shared_set {
    int32_t step[2][4];
    int32_t height_cm[6];
    char text[2];
    uint8_t hash[32];
    Skywitness__Zones__V1__Ring ring[2];
    Skywitness__Zones__V1__Ring *rings[2];
    Skywitness__Zones__V1__Line line[2];
    Skywitness__Zones__V1__Line *lines[SKY_LINES_MAX];
    Skywitness__Zones__V1__Zone zone[2];
    Skywitness__Zones__V1__Zone *zones[2];
    Skywitness__Zones__V1__Geoid geoid;
    Skywitness__Zones__V1__ZoneSet set;
};

static void make_shared_set(struct shared_set *ret)
{
    static const int32_t step[2][4] = {{100000000, 0, 1000000, 0},
                                       {200000000, 1000000, 0, -1000000}};
    memset(ret, 0, sizeof *ret);
    memcpy(ret->step, step, sizeof step);
    memcpy(ret->text, "x", 2);
    skywitness__zones__v1__zone_set__init(&ret->set);
    for (int i = 0; i < 2; i++) {
        skywitness__zones__v1__ring__init(&ret->ring[i]);
        ret->ring[i].n_lat_step_e7 = ret->ring[i].n_lon_step_e7 = 4;
        ret->ring[i].lat_step_e7 = ret->step[0];
        ret->ring[i].lon_step_e7 = ret->step[1];
        ret->rings[i] = &ret->ring[i];
        skywitness__zones__v1__line__init(&ret->line[i]);
        ret->line[i].id = (uint32_t)i + 1;
        ret->line[i].zone_id = 6;
        ret->line[i].name = ret->line[i].source = ret->line[i].licence = ret->text;
        ret->line[i].sha256 = (ProtobufCBinaryData){sizeof ret->hash, ret->hash};
        ret->line[i].edge_rule = SKYWITNESS__ZONES__V1__EDGE_RULE__EDGE_RHUMB;
        ret->line[i].n_ring = 1;
        ret->line[i].ring = &ret->rings[i];
        skywitness__zones__v1__zone__init(&ret->zone[i]);
        ret->zone[i].id = (uint32_t)i + 5;
        ret->zone[i].name = ret->text;
        ret->zones[i] = &ret->zone[i];
    }
    for (int i = 0; i < SKY_LINES_MAX; i++) {
        ret->lines[i] = &ret->line[i % 2];
    }
    ret->line[1].has_right_zone_id = ret->line[1].has_right_line_id = true;
    ret->line[1].right_zone_id = 5;
    ret->line[1].right_line_id = 20;
    ret->line[1].has_edge_rule_unstated = ret->line[1].edge_rule_unstated = true;
    ret->line[0].has_chord_m = true;
    ret->line[0].chord_m = 0.0625;
    ret->ring[1].has_border_edges = true;
    ret->ring[1].border_edges = 3;
    skywitness__zones__v1__geoid__init(&ret->geoid);
    ret->geoid.model = ret->text;
    ret->geoid.south_e7 = -50000000;
    ret->geoid.west_e7 = 1750000000;
    ret->geoid.step_e7 = 2500000;
    ret->geoid.rows = 2;
    ret->geoid.columns = 3;
    ret->geoid.n_height_cm = 6;
    ret->geoid.height_cm = ret->height_cm;
    ret->height_cm[5] = -1234;
    ret->set.name = ret->text;
    ret->set.n_zone = ret->set.n_line = 2;
    ret->set.zone = ret->zones;
    ret->set.line = ret->lines;
    ret->set.geoid = &ret->geoid;
}

static size_t pack_shared_set(const struct shared_set *set)
{
    return skywitness__zones__v1__zone_set__pack(&set->set, packed);
}

static void a_shared_border_becomes_two_lines_with_the_same_rings(void **state)
{
    (void)state;
    static struct shared_set made;
    make_shared_set(&made);
    struct sky_arena arena = new_arena();
    struct sky_zone_set zones;
    struct sky_zone_names names;
    const char *reason = "sound";
    const size_t count = pack_shared_set(&made);
    if (sky_codec_unpack_zones(packed, count, &arena, &zones, &names, &reason) != SKY_OK) {
        fail_msg("%s", reason);
    }
    assert_int_equal(zones.line_count, 3);
    assert_int_equal(zones.ring_count, 2);
    assert_int_equal(zones.vertex_count, 8);
    static const uint32_t id[] = {20, 1, 2}, first_ring[] = {0, 1, 0};
    for (uint32_t l = 0; l < 3; l++) {
        assert_int_equal(zones.line[l].id, id[l]);
        assert_int_equal(names.line[l].id, id[l]);
        assert_int_equal(zones.line[l].zone, l == 0 ? 0 : 1);
        assert_int_equal(zones.line[l].outside, l == 0);
        assert_int_equal(zones.line[l].first_ring, first_ring[l]);
        assert_int_equal(zones.line[l].rule_stated, l == 1);
        assert_near(zones.line[l].chord_m, l == 1 ? 0.0625 : 0.0, 0.0);
    }
    assert_int_equal(zones.zone[0].line_count, 1);
    assert_int_equal(zones.zone[1].line_count, 2);
    assert_int_equal(zones.ring[0].closing, 1);
    assert_int_equal(zones.ring[1].closing, 0);
    assert_false(zones.has_geoid);
    assert_int_equal(zones.geoid.south_e7, -50000000);
    assert_int_equal(zones.geoid.west_e7, 1750000000);
    assert_int_equal(zones.geoid.step_e7, 2500000);
    assert_int_equal(zones.geoid.rows, 2);
    assert_int_equal(zones.geoid.columns, 3);
    assert_int_equal(zones.geoid.height_cm[5], -1234);
}

static void assert_shared_set_refused(const struct shared_set *set, const char *words)
{
    const char *reason = why_not(packed, pack_shared_set(set));
    if (strstr(reason, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", reason, words);
    }
}

static void a_shared_border_without_two_zones_and_two_ids_is_refused(void **state)
{
    (void)state;
    static struct shared_set made;
    make_shared_set(&made);
    made.line[1].has_right_line_id = false;
    assert_shared_set_refused(&made, "no line id");
    make_shared_set(&made);
    made.line[1].has_right_zone_id = false;
    assert_shared_set_refused(&made, "no line id");
    make_shared_set(&made);
    made.line[1].right_zone_id = 6;
    assert_shared_set_refused(&made, "on its right");
    made.line[1].right_zone_id = 7;
    assert_shared_set_refused(&made, "on its right");
    make_shared_set(&made);
    made.line[1].right_line_id = 1;
    assert_shared_set_refused(&made, "line: id is not unique");
    make_shared_set(&made);
    made.set.n_line = 22; /* half of them have two sides */
    assert_shared_set_refused(&made, "both sides");
    make_shared_set(&made);
    made.ring[1].border_edges = 5;
    assert_shared_set_refused(&made, "more border");
    made.ring[1].border_edges = 0;
    assert_shared_set_refused(&made, "no edge is border");
}

static void a_geoid_without_a_height_for_each_crossing_is_refused(void **state)
{
    (void)state;
    static struct shared_set made;
    make_shared_set(&made);
    made.geoid.n_height_cm = 5;
    assert_shared_set_refused(&made, "heights than crossings");
    made.geoid.rows = made.geoid.columns = 65536; /* 0 in 32 bits */
    made.geoid.n_height_cm = 0;
    assert_shared_set_refused(&made, "heights than crossings");
    made.geoid.rows = 0;
    assert_shared_set_refused(&made, "without rows");
    make_shared_set(&made);
    made.geoid.rows = 1;
    made.geoid.columns = 6;
    assert_shared_set_refused(&made, "fewer than two rows");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_input_comes_back_with_the_same_bits),
        cmocka_unit_test(every_event_comes_back_with_the_same_bits),
        cmocka_unit_test(a_line_drawn_as_it_was_meant_takes_no_byte_more_than_it_ever_did),
        cmocka_unit_test(a_not_a_number_of_the_receiver_is_left_out_and_comes_back),
        cmocka_unit_test(every_channel_has_its_own_topic_and_a_type_that_the_descriptors_know),
        cmocka_unit_test(a_record_that_does_not_fit_is_refused_and_nothing_is_set),
        cmocka_unit_test(a_configuration_larger_than_any_may_be_is_refused),
        cmocka_unit_test(a_kind_that_does_not_exist_is_refused),
        cmocka_unit_test(a_callsign_that_is_not_utf8_is_recorded_with_question_marks),
        cmocka_unit_test(text_that_is_not_utf8_is_recorded_with_question_marks),
        cmocka_unit_test(a_record_cut_anywhere_or_with_any_bit_flipped_never_crashes),
        cmocka_unit_test(an_arena_that_is_too_small_is_said_so_and_never_overrun),
        cmocka_unit_test(a_zone_set_asks_an_arena_for_no_more_than_it_has),
        cmocka_unit_test(a_channel_that_is_not_of_that_sort_is_corrupt),
        cmocka_unit_test(what_the_wire_format_allows_and_the_records_do_not_is_corrupt),
        cmocka_unit_test(a_sensor_whose_lists_are_not_of_their_length_is_corrupt),
        cmocka_unit_test(a_configuration_that_cannot_be_one_is_corrupt),
        cmocka_unit_test(a_zone_set_comes_back_sorted_by_zone_with_its_names),
        cmocka_unit_test(a_zone_set_that_makes_no_sense_is_refused_with_a_reason),
        cmocka_unit_test(a_zone_set_that_is_too_large_or_malformed_is_refused_with_a_reason),
        cmocka_unit_test(a_shared_border_becomes_two_lines_with_the_same_rings),
        cmocka_unit_test(a_shared_border_without_two_zones_and_two_ids_is_refused),
        cmocka_unit_test(a_geoid_without_a_height_for_each_crossing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
