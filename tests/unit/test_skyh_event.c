/* Events in words, and the first field in which two records of any channel differ. */
#include <string.h>

#include "sky_records.h"
#include "skyh_diff.h"
#include "skyh_event.h"

static uint8_t recorded[SKY_CODEC_RECORD_MAX];
static uint8_t recomputed[SKY_CODEC_RECORD_MAX];

static const char *text_of(const struct sky_event *event)
{
    static char text[SKYH_EVENT_TEXT_MAX];
    return skyh_event_text(event, text);
}

static void every_kind_of_event_has_a_name_and_says_something(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int kind = SKY_EVENT_POSE; kind <= SKY_EVENT_READING; kind++) {
        struct sky_event event;
        records_event(&seed, (enum sky_event_kind)kind, &event);
        assert_string_not_equal(skyh_event_name((enum sky_event_kind)kind), "?");
        assert_true(strlen(text_of(&event)) > 0);
        assert_true(strlen(text_of(&event)) < SKYH_EVENT_TEXT_MAX);
    }
}

static void an_alert_says_who_went_where_and_when(void **state)
{
    (void)state;
    struct sky_event event = {.kind = SKY_EVENT_ALERT, .time_ns = 12500000000};
    event.u.alert = (struct sky_event_alert){.track_id = 7,
                                             .zone_id = 3,
                                             .line_id = 12,
                                             .inside = true,
                                             .p = 0.9712,
                                             .crossing_known = true,
                                             .crossing_ns = 11000000000};
    assert_string_equal(text_of(&event),
                        "track 7, zone 3, line 12: entered, P 0.9712, crossed 1.5 s before");
    event.u.alert.inside = false;
    event.u.alert.crossing_known = false;
    assert_string_equal(text_of(&event), "track 7, zone 3, line 12: left, P 0.9712");
    event.u.alert.first = true;
    assert_string_equal(text_of(&event), "track 7, zone 3, line 12: first seen outside, P 0.9712");
    event.u.alert.inside = true;
    assert_string_equal(text_of(&event), "track 7, zone 3, line 12: first seen inside, P 0.9712");
}

static void a_radar_alone_says_that_it_cannot_know_its_bias(void **state)
{
    (void)state;
    struct sky_event event = {.kind = SKY_EVENT_SENSOR};
    struct sky_event_sensor *const sensor = &event.u.sensor;
    sensor->sensor = 1;
    sensor->plots = 900;
    sensor->used = 850;
    sensor->detection_probability = 0.87;
    sensor->false_plots_per_scan = 12.34;
    assert_string_equal(text_of(&event), "1: 850 of 900 plots used, alone: its bias cannot be "
                                         "known, sees 0.87, 12.3 false a scan, residuals in "
                                         "bounds");
    sensor->nis_out = 1U << SKY_COMPONENT_AZIMUTH;
    sensor->registration.state = SKY_REGISTER_APPLIED;
    sensor->registration.bias[SKY_BIAS_RANGE] = -42.0;
    sensor->registration.bias_sigma[SKY_BIAS_RANGE] = 5.0;
    sensor->registration.bias[SKY_BIAS_AZIMUTH] = 0.005;
    sensor->registration.bias_sigma[SKY_BIAS_AZIMUTH] = 0.0002;
    sensor->registration.bias[SKY_BIAS_TIME] = 0.25;
    sensor->registration.bias_sigma[SKY_BIAS_TIME] = 0.05;
    assert_string_equal(text_of(&event),
                        "1: 850 of 900 plots used, corrected, off by -42+-10 m, 0.286+-0.022 deg, "
                        "0.25+-0.10 s, sees 0.87, 12.3 false a scan, residuals out of bounds");
    sensor->registration.state = SKY_REGISTER_LEARNING;
    assert_non_null(strstr(text_of(&event), "as stated, off by -42+-10 m"));
}

static size_t pack(enum sky_channel channel, uint64_t seed, uint8_t *ret_bytes)
{
    static struct records_lent lent;
    struct sky_utc_estimate utc;
    enum sky_channel packed = SKY_CHANNEL_END;
    size_t count = 0;
    if (sky_codec_is_input(channel)) {
        struct sky_input input;
        records_utc(&seed, &utc);
        records_input(&seed, records_input_kind(channel), &lent, &input);
        assert_int_equal(
            sky_codec_pack_input(&input, &utc, ret_bytes, SKY_CODEC_RECORD_MAX, &packed, &count),
            SKY_OK);
    } else {
        struct sky_event event;
        records_event(&seed, records_event_kind(channel), &event);
        assert_int_equal(
            sky_codec_pack_event(&event, ret_bytes, SKY_CODEC_RECORD_MAX, &packed, &count), SKY_OK);
    }
    assert_int_equal(packed, channel);
    return count;
}

static void records_of_every_channel_are_compared_field_by_field(void **state)
{
    (void)state;
    for (int i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        const enum sky_channel channel = (enum sky_channel)i;
        char text[SKYH_DIFF_MAX];
        const size_t was = pack(channel, 5, recorded);
        const size_t is = pack(channel, 5, recomputed);
        skyh_diff(channel, recorded, was, recomputed, is, text);
        assert_string_equal(text, "all fields are equal, their encoding is not");
        const size_t other = pack(channel, 6, recomputed);
        skyh_diff(channel, recorded, was, recomputed, other, text);
        assert_non_null(strstr(text, ": recorded "));
        assert_non_null(strstr(text, ", recomputed "));
    }
}

static void expect_difference(const struct sky_event *was, const struct sky_event *is,
                              const char *wanted)
{
    char text[SKYH_DIFF_MAX];
    enum sky_channel channel = SKY_CHANNEL_END;
    size_t was_bytes = 0, is_bytes = 0;
    assert_int_equal(sky_codec_pack_event(was, recorded, sizeof recorded, &channel, &was_bytes),
                     SKY_OK);
    assert_int_equal(sky_codec_pack_event(is, recomputed, sizeof recomputed, &channel, &is_bytes),
                     SKY_OK);
    assert_string_equal(skyh_diff(channel, recorded, was_bytes, recomputed, is_bytes, text),
                        wanted);
}

static void a_difference_in_what_is_new_is_named(void **state)
{
    (void)state;
    struct sky_event was = {.kind = SKY_EVENT_ALERT, .utc.state = SKY_CLOCK_NONE}, is = was;
    is.u.alert.p = 0.5;
    expect_difference(&was, &is, "p: recorded 0, recomputed 0.5");
    is = was;
    is.u.alert.crossing_known = true;
    expect_difference(&was, &is, "crossing_ns: recorded 0 of them, recomputed 1");

    was.kind = SKY_EVENT_SENSOR;
    is = was;
    is.u.sensor.registration.bias[3] = 0.25;
    expect_difference(&was, &is, "bias: recorded 0, recomputed 0.25");
    is = was;
    is.u.sensor.registration.state = SKY_REGISTER_APPLIED;
    expect_difference(&was, &is,
                      "registration: recorded REGISTRATION_ALONE, recomputed REGISTRATION_APPLIED");
    is = was;
    is.u.sensor.nis[6] = 2.0;
    expect_difference(&was, &is, "nis: recorded 0, recomputed 2");

    was.kind = SKY_EVENT_TRACK;
    is = was;
    is.u.track.model[4] = 1.0;
    expect_difference(&was, &is, "model: recorded 0, recomputed 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_event_has_a_name_and_says_something),
        cmocka_unit_test(an_alert_says_who_went_where_and_when),
        cmocka_unit_test(a_radar_alone_says_that_it_cannot_know_its_bias),
        cmocka_unit_test(records_of_every_channel_are_compared_field_by_field),
        cmocka_unit_test(a_difference_in_what_is_new_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
