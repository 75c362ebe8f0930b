/*
 * The page about a log: what must stand on it, and what it says of a log that is not as it was.
 */
#include <jansson.h>

#include "sky_tool.h"
#include "skyh_out.h"

#define EXAMPLE SKY_SOURCE_DIR "/host/examples/tinzaouatine"

enum { PAGE_MAX = 4 << 20 };

static char *page;  /* of the short flight */
static char *other; /* the latest one that a test made */

static char *read_page(const char *name, char *text)
{
    char file[128];
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    read_text(file, text, PAGE_MAX);
    return text;
}

static int make_page(void **state)
{
    page = malloc(PAGE_MAX);
    other = malloc(PAGE_MAX);
    if (page == NULL || other == NULL || make_folder(state) != 0 ||
        run("simulate " EXAMPLE "/short.json --log short.mcap") != 0 ||
        run("report short.mcap -o short.html") != 0) {
        return -1;
    }
    (void)read_page("short.html", page);
    return 0;
}

static int drop_page(void **state)
{
    free(page);
    free(other);
    return remove_folder(state);
}

static size_t count_of(const char *text, const char *piece)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, piece)) != NULL; at += strlen(piece)) {
        count++;
    }
    return count;
}

static void has(const char *text, const char *piece)
{
    if (strstr(text, piece) == NULL) {
        fail_msg("the page lacks: %s", piece);
    }
}

static void has_before(const char *text, const char *first, const char *second)
{
    has(text, first);
    has(text, second);
    if (strstr(text, first) > strstr(text, second)) {
        fail_msg("%s comes after %s", first, second);
    }
}

static void verdicts_come_first_then_pictures_then_what_they_rest_on(void **state)
{
    (void)state;
    has(page, "<b>Whole.</b>");
    has(page, "Clock: GNSS at the end, ");
    has_before(page, "Verdict under each line", "class=\"map\"");
    has_before(page, "Natural Earth 1:10m", "class=\"map\"");
    has_before(page, "&#9679; entered", "class=\"map\"");
    has_before(page, "class=\"map\"", "Distance to each line");
    has_before(page, "Distance to each line", "P(inside) under each line");
    has_before(page, "P(inside) under each line", "Height above the ellipsoid");
    has_before(page, "Height above the ellipsoid", "Speed over ground");
    has_before(page, "Speed over ground", "On watch; hatched");
    has_before(page, "Error budget at the deepest look", "What this page rests on");
    has_before(page, "What this page rests on", "How to check it");
    has(page, ">Drawing</th>");
}

static void the_map_shows_lines_bands_track_plots_north_and_scale(void **state)
{
    (void)state;
    const char *const map = strstr(page, "class=\"map\"");
    assert_non_null(map);
    has(map, "class=\"band c0\"");
    has(map, "class=\"band c1\"");
    has(map, "class=\"line c0 d0\"");
    has(map, "class=\"line c1 d1\""); /* dashed, so that it can be told without colour */
    has(map, "class=\"track\"");
    has(map, "class=\"north\"");
    has(map, "class=\"scale\"");
    has(map, "class=\"reach d0\"");
    has(map, "&#176; N</text>");
    has(map, ">deepest ");
    has(map, ">last seen ");
    assert_true(count_of(map, "<ellipse") >= 20);
    assert_true(count_of(map, "class=\"plot\"") == 2);
    assert_int_equal(count_of(map, "\">A</text>"), 4); /* two maps, two charts */
}

static void nothing_is_loaded_and_nothing_runs(void **state)
{
    (void)state;
    has(page, "default-src 'none'; style-src 'sha256-");
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "http:"));
    assert_null(strstr(page, "https:"));
    assert_null(strstr(page, "style=\""));
    assert_null(strstr(page, "src=\""));
    assert_null(strstr(page, "href=\""));
    assert_null(strstr(page, "@import"));
    assert_null(strstr(page, "nan"));
    assert_null(strstr(page, "inf\""));
}

/* The browser refuses a style whose hash is not the stated one; so it must be of these bytes. */
static void the_stated_hash_is_that_of_the_style(void **state)
{
    (void)state;
    char command[512], hash[64];
    (void)snprintf(
        command, sizeof command,
        "cd %s && sed -n '/^<style>/,/^<.style>/p' short.html | sed 's/^<style>//; $d' | "
        "openssl dgst -sha256 -binary | base64 >hash.txt",
        folder);
    if (system("which openssl >/dev/null 2>&1") != 0) {
        skip();
    }
    assert_int_equal(system(command), 0);
    (void)read_page("hash.txt", other);
    (void)snprintf(hash, sizeof hash, "sha256-%.44s'", other);
    has(page, hash);
}

static void every_element_that_is_opened_is_closed(void **state)
{
    (void)state;
    static const char *const names[] = {"svg", "g",     "figure", "table", "tbody", "tr",
                                        "td",  "text>", "div",    "p",     "h2",    "pre"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char with_space[16], with_end[16], closed[16];
        const int length = (int)strcspn(names[i], ">");
        (void)snprintf(with_space, sizeof with_space, "<%.*s ", length, names[i]);
        (void)snprintf(with_end, sizeof with_end, "<%.*s>", length, names[i]);
        (void)snprintf(closed, sizeof closed, "</%.*s>", length, names[i]);
        const size_t opened = count_of(page, with_space) + count_of(page, with_end);
        if (opened == 0 || opened != count_of(page, closed)) {
            fail_msg("%s: %zu opened, %zu closed", names[i], opened, count_of(page, closed));
        }
    }
}

static void the_same_log_gives_the_same_bytes(void **state)
{
    (void)state;
    char command[256];
    (void)snprintf(command, sizeof command, "mkdir %s/else && cp %s/short.mcap %s/else", folder,
                   folder, folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("report else/short.mcap -o again.html"), 0);
    assert_string_equal(page, read_page("again.html", other));
}

static void machines_are_told_what_was_written(void **state)
{
    (void)state;
    json_error_t error;
    assert_int_equal(run("report --json short.mcap"), SKYH_EXIT_USAGE);
    assert_int_equal(run("report --json short.mcap -o json.html"), 0);
    json_t *const told = json_loads(said, 0, &error);
    assert_non_null(told);
    assert_int_equal(json_integer_value(json_object_get(told, "bytes")), strlen(page));
    assert_int_equal(json_integer_value(json_object_get(told, "incidents")), 1);
    assert_true(json_is_false(json_object_get(told, "events_differ")));
    json_decref(told);
}

static void the_hash_of_the_log_is_that_of_its_file(void **state)
{
    (void)state;
    char command[256], hash[65];
    (void)snprintf(command, sizeof command, "cd %s && sha256sum short.mcap >sum.txt", folder);
    assert_int_equal(system(command), 0);
    (void)snprintf(hash, sizeof hash, "%.64s", read_page("sum.txt", other));
    has(page, hash);
}

static void a_log_without_incident_says_so_and_shows_who_was_on_watch(void **state)
{
    (void)state;
    json_error_t error;
    char file[128];
    json_t *const scenario = json_load_file(EXAMPLE "/short.json", 0, &error);
    assert_non_null(scenario);
    json_t *const target = json_array_get(json_object_get(scenario, "targets"), 0);
    (void)json_object_set_new(json_object_get(target, "start"), "lat_deg", json_real(19.5));
    (void)json_object_set_new(scenario, "zones", json_pack("[s]", EXAMPLE "/zones/wdb2.geojson"));
    (void)json_object_set_new(
        scenario, "faults",
        json_pack("[{s:s, s:f, s:f}]", "source", "head", "from_s", 30.0, "to_s", 50.0));
    (void)snprintf(file, sizeof file, "%s/calm.json", folder);
    assert_int_equal(json_dump_file(scenario, file, 0), 0);
    json_decref(scenario);
    assert_int_equal(run("simulate calm.json --log calm.mcap"), 0);
    assert_int_equal(run("report calm.mcap -o calm.html"), 0);
    (void)read_page("calm.html", other);
    has(other, "<b>No incident.</b>");
    has(other, "class=\"gap\"");
    has(other, "class=\"reach d0\"");
    /* The head was away for 20 s: two bars, one gap. */
    const char *const row = strstr(other, "<tr><td>head</td>");
    assert_non_null(row);
    assert_true(strstr(row, "<td class=\"n\">1</td>") != NULL &&
                strstr(row, "<td class=\"n\">1</td>") < strstr(row, "</tr>"));
}

static void a_cut_log_is_shown_as_far_as_it_goes_and_marked(void **state)
{
    (void)state;
    char command[256];
    (void)snprintf(command, sizeof command, "cd %s && head -c 400000 short.mcap >cut.mcap", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("report cut.mcap -o cut.html"), SKYH_EXIT_DAMAGED);
    (void)read_page("cut.html", other);
    has(other, "class=\"status bad\"");
    has(other, "INCOMPLETE");
    has(other, "Breaks off");
    has(other, "class=\"map\"");
    assert_null(strstr(other, "<b>Whole.</b>"));
}

static void an_altered_log_is_shown_and_marked(void **state)
{
    (void)state;
    char command[256];
    (void)snprintf(command, sizeof command,
                   "cd %s && cp short.mcap bad.mcap && printf 'XXXX' | dd of=bad.mcap bs=1 "
                   "seek=300000 conv=notrunc 2>/dev/null",
                   folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("report bad.mcap -o bad.html"), SKYH_EXIT_DAMAGED);
    (void)read_page("bad.html", other);
    has(other, "class=\"status bad\"");
    has(other, "ALTERED OR DAMAGED");
    has(other, "<b>Damage</b>: bad.mcap, byte ");
    has(other, "How to check it");
}

static void what_is_no_log_gets_one_line(void **state)
{
    (void)state;
    assert_int_equal(run("report " EXAMPLE "/short.json -o none.html"), SKYH_EXIT_DATA);
    assert_int_equal(run("report none.mcap"), SKYH_EXIT_NO_INPUT);
    assert_int_equal(run("report short.mcap -o none/none.html"), SKYH_EXIT_NO_OUTPUT);
    assert_int_equal(count_of(noted, "\n"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_come_first_then_pictures_then_what_they_rest_on),
        cmocka_unit_test(the_map_shows_lines_bands_track_plots_north_and_scale),
        cmocka_unit_test(nothing_is_loaded_and_nothing_runs),
        cmocka_unit_test(the_stated_hash_is_that_of_the_style),
        cmocka_unit_test(every_element_that_is_opened_is_closed),
        cmocka_unit_test(the_same_log_gives_the_same_bytes),
        cmocka_unit_test(machines_are_told_what_was_written),
        cmocka_unit_test(the_hash_of_the_log_is_that_of_its_file),
        cmocka_unit_test(a_log_without_incident_says_so_and_shows_who_was_on_watch),
        cmocka_unit_test(a_cut_log_is_shown_as_far_as_it_goes_and_marked),
        cmocka_unit_test(an_altered_log_is_shown_and_marked),
        cmocka_unit_test(what_is_no_log_gets_one_line),
    };
    return cmocka_run_group_tests(tests, make_page, drop_page);
}
