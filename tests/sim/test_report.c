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

static void nothing_is_loaded_and_only_the_one_script_may_run(void **state)
{
    (void)state;
    has(page, "default-src 'none'; style-src 'sha256-");
    assert_int_equal(count_of(page, "<script"), 1);
    /* The name of a kind of document, not an address that is asked. */
    assert_int_equal(count_of(page, "http:"), count_of(page, "\"http://www.w3.org/2000/svg\""));
    assert_null(strstr(page, "https:"));
    assert_null(strstr(page, "fetch"));
    assert_null(strstr(page, " onload="));
    assert_null(strstr(page, "style=\""));
    assert_null(strstr(page, "src=\""));
    assert_null(strstr(page, "href=\""));
    assert_null(strstr(page, "@import"));
    assert_null(strstr(page, "nan"));
    assert_null(strstr(page, "inf\""));
}

/* The browser refuses a style or script whose hash is not the stated one: it must be of these
 * bytes. */
static void stated_hash_is_of(const char *element, const char *directive)
{
    char command[512], hash[96];
    (void)snprintf(command, sizeof command,
                   "cd %s && sed -n '/^<%s>/,/^<.%s>/p' short.html | sed 's/^<%s>//; $d' | "
                   "openssl dgst -sha256 -binary | base64 >hash.txt",
                   folder, element, element, element);
    assert_int_equal(system(command), 0);
    (void)read_page("hash.txt", other);
    (void)snprintf(hash, sizeof hash, "%s 'sha256-%.44s'", directive, other);
    has(page, hash);
}

static void the_stated_hashes_are_those_of_the_style_and_the_script(void **state)
{
    (void)state;
    if (system("which openssl >/dev/null 2>&1") != 0) {
        skip();
    }
    stated_hash_is_of("style", "style-src");
    stated_hash_is_of("script", "script-src");
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

/* ------------------------------------------------------------------------------------- labels */

enum { BOXES_MAX = 200 };

struct box {
    double left, top, right, bottom;
    char text[64];
};

/* About the room that a text takes: the fonts are 10.5 to 12 px. */
static struct box box_of(const char *element)
{
    struct box box = {0};
    double x = 0.0, y = 0.0;
    size_t length = 0;
    const char *const x_at = strstr(element, " x=\""), *const y_at = strstr(element, " y=\"");
    const char *const from = strchr(element, '>');
    assert_non_null(x_at);
    assert_non_null(y_at);
    x = strtod(x_at + 4, NULL);
    y = strtod(y_at + 4, NULL);
    for (const char *at = from + 1; *at != '<'; at++) {
        if (length < sizeof box.text - 1) {
            box.text[length] = *at;
        }
        length++;
        at += *at == '&' ? strcspn(at, ";") : 0; /* one character */
    }
    const bool is_title = strncmp(element, "<text class=\"title", 18) == 0;
    const char *const class_end = strchr(element + 13, '"');
    const bool mid = class_end[-1] == 'd' && class_end[-2] == 'i';
    const bool end = class_end[-1] == 'd' && class_end[-2] == 'n';
    const double width = (is_title ? 7.4 : 6.4) * (double)length;
    box.left = x - (mid ? 0.5 * width : (end ? width : 0.0));
    box.right = box.left + width;
    box.top = y - 8.5;
    box.bottom = y + 1.5;
    return box;
}

/* Fails if two texts of one drawing lie upon each other, or one is cut at its side. */
static void no_texts_overlap(const char *html)
{
    static struct box box[BOXES_MAX];
    size_t drawings = 0;
    for (const char *svg = html; (svg = strstr(svg, " viewBox=\"0 0 ")) != NULL; svg++) {
        const double width = strtod(svg + 14, NULL);
        const char *const end = strstr(svg, "</svg>");
        size_t count = 0;
        for (const char *at = svg; (at = strstr(at, "<text class=\"")) != NULL && at < end; at++) {
            assert_true(count < BOXES_MAX);
            box[count++] = box_of(at);
            if (box[count - 1].left < -1.0 || box[count - 1].right > width + 1.0) {
                fail_msg("%s is cut at the side", box[count - 1].text);
            }
        }
        for (size_t a = 0; a < count; a++) {
            for (size_t b = 0; b < a; b++) {
                if (box[a].left < box[b].right && box[b].left < box[a].right &&
                    box[a].top < box[b].bottom && box[b].top < box[a].bottom) {
                    fail_msg("%s and %s lie upon each other", box[a].text, box[b].text);
                }
            }
        }
        drawings += count > 0 ? 1 : 0;
    }
    assert_true(drawings >= 2);
}

static void no_two_labels_lie_upon_each_other(void **state)
{
    (void)state;
    no_texts_overlap(page);
    for (int seed = 2; seed < 5; seed++) {
        assert_int_equal(run("simulate " EXAMPLE "/short.json --seed %d --log label.mcap", seed),
                         0);
        assert_int_equal(run("report label.mcap -o label.html"), 0);
        no_texts_overlap(read_page("label.html", other));
    }
}

static void a_validator_finds_nothing_to_say(void **state)
{
    (void)state;
    char command[256];
    (void)snprintf(command, sizeof command, "cd %s && tidy -q -e short.html >tidy.txt 2>&1",
                   folder);
    if (system("command -v tidy >/dev/null 2>&1") != 0) {
        print_message("skipped: no tidy here; Debian's package is tidy\n");
        skip();
    }
    const int status = system(command);
    if (status != 0) {
        fail_msg("%s", read_page("tidy.txt", other));
    }
}

static void checkpoints_of_others_are_shown_with_who_signed_them(void **state)
{
    (void)state;
    char command[512];
    assert_int_equal(run("witness keygen station.example/1 station.key"), 0);
    assert_int_equal(run("witness keygen --witness a.example/w a.key"), 0);
    assert_int_equal(run("witness keygen --witness b.example/w b.key"), 0);
    assert_int_equal(run("simulate " EXAMPLE "/short.json --key station.key --log signed.mcap"), 0);
    assert_int_equal(run("witness request --old 0 signed.mcap -o first.request"), 0);
    assert_int_equal(
        run("witness cosign --key a.key --log station.key.pub --state a.seen --time 1775000000 "
            "first.request"),
        0);
    (void)snprintf(
        command, sizeof command,
        "cd %s && { sed '1,/^$/d' first.request; cat out.txt; sed 's/a.example/b.example/' "
        "out.txt; } >held.note && { echo log $(cat station.key.pub); echo witness a $(cat "
        "a.key.pub); echo witness b $(cat b.key.pub); echo group any any a b; echo quorum "
        "any; } >both.policy",
        folder);
    assert_int_equal(system(command), 0);
    if (run("report signed.mcap --policy both.policy --checkpoint held.note -o held.html") != 0) {
        fail_msg("%s", noted);
    }
    (void)read_page("held.html", other);
    has(other, "Checkpoint from elsewhere, held.note");
    has(other, "<b>This log has it</b>");
    has(other, "<td>Cosigned by a.example/w</td><td>holds</td><td>2026-03-31 23:33:20 UTC</td>");
    has(other, "<td>Cosigned by b.example/w</td><td><b>DOES NOT HOLD</b></td>");
    /* Another flight by the same station: whoever holds the checkpoint was shown another log. */
    assert_int_equal(
        run("report short.mcap --policy both.policy --checkpoint held.note -o no.html"),
        SKYH_EXIT_DAMAGED);
    has(read_page("no.html", other), "THIS LOG DOES NOT HAVE IT");
    has(other, "class=\"status bad\"");
    assert_int_equal(run("report signed.mcap --checkpoint held.note"), SKYH_EXIT_USAGE);
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
        cmocka_unit_test(nothing_is_loaded_and_only_the_one_script_may_run),
        cmocka_unit_test(the_stated_hashes_are_those_of_the_style_and_the_script),
        cmocka_unit_test(every_element_that_is_opened_is_closed),
        cmocka_unit_test(the_same_log_gives_the_same_bytes),
        cmocka_unit_test(machines_are_told_what_was_written),
        cmocka_unit_test(the_hash_of_the_log_is_that_of_its_file),
        cmocka_unit_test(no_two_labels_lie_upon_each_other),
        cmocka_unit_test(a_validator_finds_nothing_to_say),
        cmocka_unit_test(checkpoints_of_others_are_shown_with_who_signed_them),
        cmocka_unit_test(a_log_without_incident_says_so_and_shows_who_was_on_watch),
        cmocka_unit_test(a_cut_log_is_shown_as_far_as_it_goes_and_marked),
        cmocka_unit_test(an_altered_log_is_shown_and_marked),
        cmocka_unit_test(what_is_no_log_gets_one_line),
    };
    return cmocka_run_group_tests(tests, make_page, drop_page);
}
