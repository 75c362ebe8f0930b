/*
 * Proof of absence: what is said of a calm time, of a silent radar, of the wrong question.
 */
#include <jansson.h>
#include <math.h>

#include "sky_tool.h"
#include "skyh_out.h"

#define EXAMPLE SKY_SOURCE_DIR "/host/examples/tinzaouatine"

/* The example's flight as far as it goes inside, and one that stays away while a radar fails. */
static int make_logs(void **state)
{
    json_error_t error;
    char file[128];
    if (make_folder(state) != 0) {
        return -1;
    }
    json_t *const scenario = json_load_file(EXAMPLE "/short.json", 0, &error);
    json_t *const target = json_array_get(json_object_get(scenario, "targets"), 0);
    (void)json_object_set_new(json_object_get(target, "start"), "lat_deg", json_real(19.5));
    (void)json_object_set_new(scenario, "zones", json_pack("[s]", EXAMPLE "/zones/wdb2.geojson"));
    (void)json_object_set_new(
        scenario, "faults",
        json_pack("[{s:s, s:f, s:f}]", "source", "head", "from_s", 30.0, "to_s", 50.0));
    (void)snprintf(file, sizeof file, "%s/calm.json", folder);
    const bool written = json_dump_file(scenario, file, 0) == 0;
    json_decref(scenario);
    return written && run("simulate calm.json --log calm.mcap") == 0 &&
                   run("simulate " EXAMPLE "/short.json --log short.mcap") == 0
               ? 0
               : -1;
}

static json_t *told;

/* The only run of what --json said; told is to be released. */
static json_t *only_run(void)
{
    json_error_t error;
    told = json_loads(said, 0, &error);
    if (told == NULL) {
        fail_msg("%s\n%s", error.text, said);
    }
    assert_int_equal(json_array_size(json_object_get(told, "runs")), 1);
    return json_array_get(json_object_get(told, "runs"), 0);
}

static double number(const json_t *object, const char *key)
{
    assert_true(json_is_number(json_object_get(object, key)));
    return json_number_value(json_object_get(object, key));
}

static void a_calm_time_has_a_number_for_nothing_was_there(void **state)
{
    (void)state;
    assert_int_equal(run("watch calm.mcap --class male-uav --height 5500 --stay 20"), 0);
    assert_non_null(strstr(said, "recorded: 0 incidents"));
    assert_non_null(strstr(said, "it went unnoticed with P 0."));
    assert_int_equal(run("watch calm.mcap --class male-uav --height 5500 --stay 20 --json"), 0);
    const json_t *const region = json_array_get(json_object_get(only_run(), "regions"), 0);
    assert_int_equal((int)number(region, "recorded"), 0);
    assert_true(number(region, "places_covered") > 30.0);
    assert_true(number(region, "places_covered") < number(region, "places"));
    assert_true(number(region, "worst_p") > 0.0 && number(region, "worst_p") <= 1.0);
    assert_true(number(region, "mean_p") >= number(region, "worst_p"));
    json_decref(told);
}

static void a_silent_radar_is_a_gap_and_lets_less_be_noticed(void **state)
{
    (void)state;
    assert_int_equal(run("watch calm.mcap --rcs -5 --height 5500 --stay 10 --json"), 0);
    json_t *const all = only_run();
    const json_t *const head = json_array_get(json_object_get(all, "radars"), 0);
    assert_string_equal(json_string_value(json_object_get(head, "name")), "head");
    assert_int_equal((int)number(head, "gaps"), 1);
    assert_near(number(head, "longest_gap_s"), 21.0, 1.5);
    assert_near(number(head, "heard_share"), 1.0 - 21.0 / 90.0, 0.03);
    const json_t *const region = json_array_get(json_object_get(all, "regions"), 0);
    const json_t *const spans = json_object_get(region, "missed_within");
    assert_int_equal(json_array_size(spans), 1);
    const char *const from = json_string_value(json_object_get(json_array_get(spans, 0), "from"));
    assert_true(strncmp(from, "2026-03-31T23:07:2", 18) == 0); /* 5 s before, or 10 */
    json_decref(told);
    assert_int_equal(run("watch calm.mcap --height 5500 --stay 10 --max-gap 15"),
                     SKYH_EXIT_DIFFERENT);
    assert_int_equal(run("watch calm.mcap --rcs 10 --height 5500 --stay 10 --max-gap 60"), 0);
}

static void what_is_harder_to_see_is_noticed_less(void **state)
{
    (void)state;
    static const double rcs[] = {10.0, 0.0, -10.0, -20.0, -30.0};
    double before = HUGE_VAL;
    for (size_t i = 0; i < sizeof rcs / sizeof rcs[0]; i++) {
        assert_int_equal(run("watch calm.mcap --rcs %.0f --height 5500 --stay 20 --json", rcs[i]),
                         0);
        const json_t *const region = json_array_get(json_object_get(only_run(), "regions"), 0);
        assert_true(number(region, "places_covered") <= before);
        before = number(region, "places_covered");
        json_decref(told);
    }
    assert_near(before, 0.0, 10.0);
}

static void a_disc_counts_the_tracks_in_it(void **state)
{
    (void)state;
    assert_int_equal(run("watch short.mcap --around 19.97,2.83,10 --height 5500 --stay 20"), 0);
    assert_non_null(strstr(said, "recorded: 1 track\n"));
    assert_null(strstr(said, "went unnoticed"));
    assert_int_equal(run("watch short.mcap --around 20.2,3.2,5 --height 5500 --stay 20"), 0);
    assert_non_null(strstr(said, "recorded: 0 tracks\n"));
    assert_int_equal(run("watch short.mcap --height 5500 --line \"World Data Bank II\""), 0);
    assert_non_null(strstr(said, "recorded: 1 incident\n"));
    assert_null(strstr(said, "Natural Earth"));
}

static void wrong_questions_get_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *expected;
        int exit_code;
    } wrong[] = {
        {"--class zeppelin", "expected male-uav", SKYH_EXIT_USAGE},
        {"--around 19,2", "expected latitude", SKYH_EXIT_USAGE},
        {"--around 19,2,900", "expected latitude", SKYH_EXIT_USAGE},
        {"--from yesterday", "expected an instant", SKYH_EXIT_USAGE},
        {"--from 2026-03-31T23:08:00Z --to 2026-03-31T23:08:00Z", "expected later",
         SKYH_EXIT_USAGE},
        {"--line Atlantis", "expected a line", SKYH_EXIT_USAGE},
        {"--looks 99", "expected a number from 1 to 16", SKYH_EXIT_USAGE},
        {"--from 2027-01-01T00:00:00Z", "no run of this log", SKYH_EXIT_DATA},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(run("watch short.mcap %s", wrong[i].arguments), wrong[i].exit_code);
        if (strstr(noted, wrong[i].expected) == NULL) {
            fail_msg("%s: %s", wrong[i].arguments, noted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calm_time_has_a_number_for_nothing_was_there),
        cmocka_unit_test(a_silent_radar_is_a_gap_and_lets_less_be_noticed),
        cmocka_unit_test(what_is_harder_to_see_is_noticed_less),
        cmocka_unit_test(a_disc_counts_the_tracks_in_it),
        cmocka_unit_test(wrong_questions_get_one_line),
    };
    return cmocka_run_group_tests(tests, make_logs, remove_folder);
}
