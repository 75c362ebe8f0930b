/*
 * A file of claims: what is wrong in it is named; and what its sentences say of each other.
 */
#include <stdlib.h>
#include <string.h>

#include "sky_test.h"
#include "skyh_judge_weigh.h"

static struct skyh_claims claims;
static struct skyh_problem problem;

/* A file with these claims. */
static bool parse(const char *list)
{
    static char text[4096];
    (void)snprintf(text, sizeof text,
                   "{\"about\": \"paper\", \"utc_offsets_h\": [1, 0], "
                   "\"claims\": [%s]}",
                   list);
    problem = (struct skyh_problem){0};
    return skyh_claims_parse("paper.json", text, strlen(text), &claims, &problem);
}

static void refused(const char *list, const char *place, const char *expectation)
{
    if (parse(list) || problem.exit_code != SKYH_EXIT_DATA || strstr(problem.text, place) == NULL ||
        strstr(problem.text, expectation) == NULL || strchr(problem.text, '\n') != NULL) {
        fail_msg("wanted \"%s\" and \"%s\", got %d: %s", place, expectation, problem.exit_code,
                 problem.text);
    }
}

#define CLAIM(id, rest) "{\"id\": \"" id "\", \"party\": \"P\", \"source\": \"S\", " rest "}"
#define IN "\"zone\": \"Z\", "
#define PLACE(lat, border)                                                                         \
    "\"says\": \"wreck\", " IN "\"lat_deg\": " lat                                                 \
    ", \"lon_deg\": 2.0, \"place_resolution_m\": 0.1, \"border_m\": " border                       \
    ", \"resolution_m\": 100"
#define AT(local, more) "\"at\": {\"local\": \"" local "\", \"resolution_s\": 60" more "}"

static void a_mistake_is_named_with_its_place_and_what_was_expected(void **state)
{
    (void)state;
    refused(CLAIM("a", "\"says\": \"crossed\", \"zone\": \"Z\""), "claims[0].says",
            "expected entered, left");
    refused(CLAIM("a", "\"says\": \"entered\", \"zone\": \"Z\", \"depth_m\": 9"),
            "claims[0].resolution_m", "missing; expected a number in m");
    refused(CLAIM("a", "\"says\": \"entered\", \"zone\": \"Z\", \"depth\": 9"), "claims[0].depth",
            "unknown field");
    refused(CLAIM("a", "\"says\": \"entered\""), "claims[0].zone", "missing; expected the name");
    refused(CLAIM("a", "\"says\": \"left\", \"zone\": \"Z\", " AT("2025-02-30T00:08", "")),
            "claims[0].at.local", "is no time");
    refused(CLAIM("a", "\"says\": \"left\", \"zone\": \"Z\", " AT("00:08", "")),
            "claims[0].at.local", "is no time");
    refused(CLAIM("a", "\"says\": \"left\", \"zone\": \"Z\", \"lat_deg\": 1"), "claims[0].lat_deg",
            "not expected");
    refused(CLAIM("a", "\"says\": \"left\", " IN AT("2025-02-03T00:08", ", \"utc_offset_h\": 20")),
            "claims[0].at.utc_offset_h", "out of range");
    refused(CLAIM("a", "\"says\": \"left\", \"zone\": \"Z\"") "," CLAIM(
                "a", "\"says\": \"left\", \"zone\": \"Z\""),
            "claims[1].id", "taken");
    refused(CLAIM("a", "\"says\": \"separation\", \"of\": [\"a\", \"b\"], \"distance_m\": 1, "
                       "\"resolution_m\": 1"),
            "claims[0].of[0]", "earlier claim with a place");
    refused("", "claims", "expected 1 to");
}

static void a_time_without_any_zone_to_read_it_in_is_refused(void **state)
{
    (void)state;
    const char text[] = "{\"about\": \"paper\", \"claims\": [" CLAIM(
        "a", "\"says\": \"left\", \"zone\": \"Z\", " AT("2025-02-03T00:08", "")) "]}";
    assert_false(skyh_claims_parse("paper.json", text, strlen(text), &claims, &problem));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_non_null(strstr(problem.text, "claims[0].at.utc_offset_h: missing"));
}

static void a_time_is_kept_as_it_was_stated(void **state)
{
    (void)state;
    assert_true(parse(
        CLAIM("a", "\"says\": \"left\", \"zone\": \"Z\", " AT("1970-01-02T00:01", "")) "," CLAIM(
            "b", "\"says\": \"left\", \"zone\": \"Z\", " AT("1970-01-02T00:01:30",
                                                            ", \"utc_offset_h\": -3.5"))));
    assert_int_equal(claims.claim[0].at.local_ns, (86400 + 60) * INT64_C(1000000000));
    assert_int_equal(claims.claim[0].at.resolution_ns, 60 * INT64_C(1000000000));
    assert_false(claims.claim[0].at.zone_stated);
    assert_int_equal(claims.claim[1].at.local_ns, (86400 + 90) * INT64_C(1000000000));
    assert_true(claims.claim[1].at.zone_stated);
    assert_int_equal(claims.claim[1].at.offset_ns, -12600 * INT64_C(1000000000));
}

/* The relation of the only comparison of two claims. */
static enum skyh_relation relation_of(const char *list)
{
    struct skyh_judgment judgment = {0};
    if (!parse(list)) {
        fail_msg("%s", problem.text);
    }
    assert_true(skyh_judgment_compare(&judgment, &claims));
    assert_int_equal(judgment.comparison_count, 1);
    const enum skyh_relation relation = judgment.comparison[0].relation;
    skyh_judgment_done(&judgment);
    return relation;
}

static void distances_that_differ_by_more_than_the_places_exclude_each_other(void **state)
{
    (void)state;
    /* 0.004 degrees of latitude are 442.7 m at 20 N, and the two roundings are 100 m. */
    assert_int_equal(
        relation_of(CLAIM("a", PLACE("20.0", "9500")) "," CLAIM("b", PLACE("20.004", "10200"))),
        SKYH_EXCLUDE_LINE);
    assert_int_equal(
        relation_of(CLAIM("a", PLACE("20.0", "9500")) "," CLAIM("b", PLACE("20.004", "10044"))),
        SKYH_EXCLUDE_LINE);
    assert_int_equal(
        relation_of(CLAIM("a", PLACE("20.0", "9500")) "," CLAIM("b", PLACE("20.004", "10042"))),
        SKYH_COMPATIBLE);
}

static void entry_and_a_place_exclude_each_other_only_if_the_times_leave_too_little(void **state)
{
    (void)state;
#define ENTRY(time) CLAIM("a", "\"says\": \"entered\", " IN AT(time, ", \"utc_offset_h\": 0"))
#define THERE(time) CLAIM("b", PLACE("20.0", "45000") ", " AT(time, ", \"utc_offset_h\": 1"))
    struct skyh_judgment judgment = {0};
    assert_int_equal(relation_of(CLAIM("a", "\"says\": \"entered\", \"zone\": \"Z\"") "," CLAIM(
                         "b", PLACE("20.0", "45000"))),
                     SKYH_COMPATIBLE);
    /* 45 km at 150 m/s take 300 s; three minutes and the minute's own length leave 240. */
    assert_true(parse(ENTRY("2025-04-01T00:08") "," THERE("2025-04-01T01:11")));
    assert_true(skyh_judgment_compare(&judgment, &claims));
    assert_int_equal(judgment.comparison[0].relation, SKYH_EXCLUDE);
    skyh_judgment_done(&judgment);
    assert_true(parse(ENTRY("2025-04-01T00:08") "," THERE("2025-04-01T01:12")));
    assert_true(skyh_judgment_compare(&judgment, &claims));
    assert_int_equal(judgment.comparison[0].relation, SKYH_COMPATIBLE);
    skyh_judgment_done(&judgment);
}

static void inside_and_never_inside_exclude_each_other_under_one_line(void **state)
{
    (void)state;
    assert_int_equal(relation_of(CLAIM("a", "\"says\": \"entered\", \"zone\": \"Z\"") "," CLAIM(
                         "b", "\"says\": \"never inside\", \"zone\": \"Z\"")),
                     SKYH_EXCLUDE_LINE);
}

static void one_clock_time_in_two_zones_is_two_instants(void **state)
{
    (void)state;
#define LEFT(id, more) CLAIM(id, "\"says\": \"left\", " IN AT("2025-04-01T00:08", more))
    assert_int_equal(
        relation_of(LEFT("a", ", \"utc_offset_h\": 1") "," LEFT("b", ", \"utc_offset_h\": 0")),
        SKYH_EXCLUDE);
    assert_int_equal(relation_of(LEFT("a", ", \"utc_offset_h\": 1") "," LEFT("b", "")),
                     SKYH_COMPATIBLE);
    assert_int_equal(
        relation_of(LEFT("a", ", \"utc_offset_h\": 1") "," LEFT("b", ", \"utc_offset_h\": 1")),
        SKYH_AGREE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_is_named_with_its_place_and_what_was_expected),
        cmocka_unit_test(a_time_without_any_zone_to_read_it_in_is_refused),
        cmocka_unit_test(a_time_is_kept_as_it_was_stated),
        cmocka_unit_test(distances_that_differ_by_more_than_the_places_exclude_each_other),
        cmocka_unit_test(entry_and_a_place_exclude_each_other_only_if_the_times_leave_too_little),
        cmocka_unit_test(inside_and_never_inside_exclude_each_other_under_one_line),
        cmocka_unit_test(one_clock_time_in_two_zones_is_two_instants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
