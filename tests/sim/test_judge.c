/*
 * The published accounts against a synthetic flight whose truth is known, as people would do it.
 */
#include <jansson.h>

#include "sky_math.h"
#include "sky_tool.h"
#include "skyh_out.h"

#define EXAMPLE SKY_SOURCE_DIR "/host/examples/tinzaouatine"

static json_t *judgment; /* of the long flight */

static int make_record(void **state)
{
    json_error_t error;
    if (make_folder(state) != 0 ||
        run("simulate " EXAMPLE "/long.json --log long.mcap --truth long.csv") != 0 ||
        run("judge --json long.mcap " EXAMPLE "/claims.json") != 0) {
        return -1;
    }
    judgment = json_loads(said, 0, &error);
    return judgment == NULL ? -1 : 0;
}

static int drop_record(void **state)
{
    json_decref(judgment);
    return remove_folder(state);
}

static const json_t *claim_of(const char *id)
{
    size_t i = 0;
    json_t *claim = NULL;
    json_array_foreach(json_object_get(judgment, "claims"), i, claim)
    {
        if (strcmp(json_string_value(json_object_get(claim, "id")), id) == 0) {
            return claim;
        }
    }
    fail_msg("no claim %s", id);
    return NULL;
}

/* What was found of a claim's part under a line, read with an offset or without one (-99). */
static const json_t *finding_of(const char *id, const char *line, const char *part, double offset_h)
{
    size_t i = 0;
    json_t *finding = NULL;
    json_array_foreach(json_object_get(claim_of(id), "findings"), i, finding)
    {
        const json_t *const offset = json_object_get(finding, "read_as_utc_offset_h");
        const double read = json_is_real(offset) ? json_real_value(offset) : -99.0;
        if (strstr(json_string_value(json_object_get(finding, "line")), line) != NULL &&
            strcmp(json_string_value(json_object_get(finding, "tested")), part) == 0 &&
            fabs(read - offset_h) < 1e-9) {
            return finding;
        }
    }
    fail_msg("%s: no %s under %s", id, part, line);
    return NULL;
}

static void is_found(const char *id, const char *line, const char *part, double offset_h,
                     const char *verdict)
{
    const json_t *const finding = finding_of(id, line, part, offset_h);
    const char *const found = json_string_value(json_object_get(finding, "verdict"));
    if (strcmp(found, verdict) != 0) {
        fail_msg("%s, %s, %s: %s, wanted %s", id, line, part, found, verdict);
    }
}

static double p_of(const json_t *finding, size_t end)
{
    return json_real_value(json_array_get(json_object_get(finding, "p"), end));
}

static void the_account_that_the_flight_follows_is_never_contradicted(void **state)
{
    (void)state;
    is_found("A2", "Natural Earth", "entered", 1, "supported");
    is_found("A2", "Natural Earth", "depth", 1, "supported");
    is_found("A2", "World Data", "entered", 1, "supported");
    is_found("A2", "World Data", "depth", 1, "undetermined"); /* it is 1,600 m to a few metres */
    is_found("A2", "Digital Chart", "entered", 1, "undetermined");
    is_found("A3", "Natural Earth", "left", -99, "supported");
    is_found("A3", "World Data", "left", -99, "supported");
    is_found("A4", "Natural Earth", "returned", -99, "supported");
    is_found("A4", "World Data", "returned", -99, "supported");
}

static void the_other_account_is_contradicted_where_the_line_is_sure_enough(void **state)
{
    (void)state;
    is_found("M1", "Natural Earth", "never inside", -99, "contradicted");
    is_found("M1", "World Data", "never inside", -99, "contradicted");
    is_found("M1", "Digital Chart", "never inside", -99, "undetermined");
}

static void a_time_is_read_in_every_zone_that_it_may_mean(void **state)
{
    (void)state;
    const json_t *const other = finding_of("A2", "Natural Earth", "entered", 0);
    is_found("A2", "Natural Earth", "entered", 0, "undetermined");
    assert_true(json_is_null(json_object_get(other, "p")));
    assert_string_equal(json_string_value(json_object_get(other, "on_watch")),
                        "nobody was on watch");
    assert_string_equal(json_string_value(json_object_get(
                            finding_of("A2", "Natural Earth", "entered", 1), "on_watch")),
                        "gpsd on watch, ridge on watch, head on watch");
}

static void both_places_lie_outside_under_every_line_and_fit_only_the_vaguest(void **state)
{
    (void)state;
    static const char *const lines[] = {"Natural Earth", "World Data", "Digital Chart"};
    for (size_t i = 0; i < 3; i++) {
        is_found("M2", lines[i], "outside", -99, "supported");
        is_found("M3", lines[i], "outside", -99, "supported");
        is_found("M2", lines[i], "border", -99, i == 2 ? "supported" : "contradicted");
        is_found("M3", lines[i], "border", -99, i == 2 ? "supported" : "contradicted");
    }
    is_found("M4", "", "separation", -99, "supported");
    is_found("M3", "", "track's end", -99, "undetermined");
}

/* P of one shift of everything is what the station integrated over the plane. */
static void p_of_having_entered_is_the_stations_own(void **state)
{
    (void)state;
    assert_int_equal(run("classify --json long.mcap"), 0);
    json_error_t error;
    json_t *const classified = json_loads(said, 0, &error);
    assert_non_null(classified);
    const json_t *const incident = json_array_get(json_object_get(classified, "incidents"), 0);
    const json_t *const line = json_array_get(json_object_get(incident, "lines"), 2);
    const json_t *const finding = finding_of("A2", "Digital Chart", "entered", 1);
    assert_near(p_of(finding, 0), json_real_value(json_object_get(line, "p_inside_max")), 0.01);
    const json_t *const never = finding_of("M1", "Digital Chart", "never inside", -99);
    assert_near(p_of(never, 1), 1.0 - p_of(finding, 0), 1e-6);
    assert_true(p_of(never, 0) < p_of(never, 1)); /* what lies between two looks */
    const double z_squared =
        2.0 * sky_log(json_real_value(json_object_get(finding, "likelihood_ratio")));
    assert_near(sky_normal_cdf(sky_sqrt(z_squared)), p_of(finding, 0), 1e-6);
    json_decref(classified);
}

/* How deep the drone truly was under each line, by what the simulation wrote of its truth. */
static void read_truth(double ret_depth_m[3])
{
    char file[128], row[512], name[32];
    double lat, lon, alt, heading, speed, time_s, distance_m[3];
    (void)snprintf(file, sizeof file, "%s/long.csv", folder);
    FILE *const stream = fopen(file, "re");
    assert_non_null(stream);
    size_t rows = 0;
    while (fgets(row, sizeof row, stream) != NULL) {
        if (sscanf(row, "%lf,%*[^,],%31[^,],%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf", &time_s, name, &lat,
                   &lon, &alt, &heading, &speed, &distance_m[0], &distance_m[1],
                   &distance_m[2]) != 10 ||
            strcmp(name, "drone") != 0) {
            continue;
        }
        for (size_t i = 0; i < 3; i++) {
            ret_depth_m[i] =
                rows == 0 || -distance_m[i] > ret_depth_m[i] ? -distance_m[i] : ret_depth_m[i];
        }
        rows++;
    }
    (void)fclose(stream);
    assert_true(rows > 1000);
}

static void every_interval_of_the_depth_holds_the_truth(void **state)
{
    (void)state;
    static const char *const lines[] = {"Natural Earth", "World Data", "Digital Chart"};
    double depth_m[3] = {0};
    read_truth(depth_m);
    assert_near(depth_m[1], 1600.0, 60.0); /* as the example says of itself */
    for (size_t i = 0; i < 3; i++) {
        const json_t *const of[] = {finding_of("A2", lines[i], "entered", 1),
                                    finding_of("A2", lines[i], "depth", 1),
                                    finding_of("M1", lines[i], "never inside", -99)};
        for (size_t k = 0; k < 3; k++) {
            const json_t *const interval = json_object_get(of[k], "depth_interval_m");
            assert_true(json_real_value(json_array_get(interval, 0)) < depth_m[i]);
            assert_true(json_real_value(json_array_get(interval, 1)) > depth_m[i]);
        }
        const json_t *const wreck =
            json_object_get(finding_of("M3", lines[i], "outside", -99), "depth_interval_m");
        assert_true(json_real_value(json_array_get(wreck, 1)) < -6000.0);
    }
}

static bool are_related(const char *a, const char *b, const char *relation, const char *why)
{
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach(json_object_get(judgment, "comparisons"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "a")), a) == 0 &&
            strcmp(json_string_value(json_object_get(one, "b")), b) == 0 &&
            strcmp(json_string_value(json_object_get(one, "relation")), relation) == 0 &&
            strstr(json_string_value(json_object_get(one, "why")), why) != NULL) {
            return true;
        }
    }
    return false;
}

static void the_two_stated_distances_cannot_both_be_to_one_line(void **state)
{
    (void)state;
    assert_true(are_related("M2", "M3", "exclude each other under one line", "differ by 600 m"));
}

static void entry_and_wreck_do_not_exclude_each_other(void **state)
{
    (void)state;
    assert_true(are_related("A2", "M3", "do not exclude each other", "11,100 m"));
    assert_true(are_related("A2", "M2", "do not exclude each other", "11,800 m"));
    assert_true(are_related("A2", "M1", "exclude each other under one line", "never inside"));
}

/* Cut to so many bytes, as cut.mcap. */
static void cut_record(size_t bytes)
{
    char command[256];
    (void)snprintf(command, sizeof command, "cd %s && head -c %zu long.mcap >cut.mcap", folder,
                   bytes);
    assert_int_equal(system(command), 0);
}

static void a_cut_log_is_judged_as_far_as_it_goes_and_people_read_the_same(void **state)
{
    (void)state;
    cut_record(4000000);
    assert_int_equal(run("judge cut.mcap " EXAMPLE "/claims.json"), SKYH_EXIT_DAMAGED);
    assert_non_null(strstr(said, "synthetic"));
    assert_non_null(strstr(said, "moved by 31536000 s"));
    assert_non_null(strstr(said, "integrated"));
    assert_non_null(strstr(said, "M2, M3: exclude each other under one line"));
}

static void a_zone_that_the_record_lacks_is_named_in_one_line(void **state)
{
    (void)state;
    char file[128];
    (void)snprintf(file, sizeof file, "%s/other.json", folder);
    FILE *const stream = fopen(file, "we");
    assert_non_null(stream);
    (void)fputs("{\"about\": \"a\", \"claims\": [{\"id\": \"a\", \"party\": \"P\", \"source\": "
                "\"S\", \"says\": \"left\", \"zone\": \"Elsewhere\"}]}",
                stream);
    (void)fclose(stream);
    cut_record(400000);
    assert_int_equal(run("judge cut.mcap other.json"), SKYH_EXIT_DATA);
    assert_non_null(strstr(noted, "other.json: claims[0].zone: \"Elsewhere\" is no zone of the "
                                  "record; expected \"Algerian airspace near Tin Zaouatine\""));
    assert_int_equal(run("judge cut.mcap none.json"), SKYH_EXIT_NO_INPUT);
    assert_int_equal(run("judge cut.mcap"), SKYH_EXIT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_account_that_the_flight_follows_is_never_contradicted),
        cmocka_unit_test(the_other_account_is_contradicted_where_the_line_is_sure_enough),
        cmocka_unit_test(a_time_is_read_in_every_zone_that_it_may_mean),
        cmocka_unit_test(both_places_lie_outside_under_every_line_and_fit_only_the_vaguest),
        cmocka_unit_test(p_of_having_entered_is_the_stations_own),
        cmocka_unit_test(every_interval_of_the_depth_holds_the_truth),
        cmocka_unit_test(the_two_stated_distances_cannot_both_be_to_one_line),
        cmocka_unit_test(entry_and_wreck_do_not_exclude_each_other),
        cmocka_unit_test(a_cut_log_is_judged_as_far_as_it_goes_and_people_read_the_same),
        cmocka_unit_test(a_zone_that_the_record_lacks_is_named_in_one_line),
    };
    return cmocka_run_group_tests(tests, make_record, drop_record);
}
