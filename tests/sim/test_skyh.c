/*
 * The desktop tool as people run it: a flight into a log, replayed, classified, cut and damaged.
 */
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <time.h>

#include "sky_tool.h"
#include "skyh_incidents.h"
#include "skyh_out.h"
#include "skyh_rerun.h"
#include "test_rerun.h"

#define EXAMPLE SKY_SOURCE_DIR "/host/examples/tinzaouatine"

static json_t *said_json(void)
{
    json_error_t error;
    json_t *const json = json_loads(said, 0, &error);
    if (json == NULL) {
        fail_msg("not JSON at line %d: %s\n%s", error.line, error.text, said);
    }
    return json;
}

static double number_at(const json_t *object, const char *key)
{
    const json_t *const value = json_object_get(object, key);
    if (!json_is_number(value)) {
        fail_msg("%s is not a number", key);
    }
    return json_number_value(value);
}

/* ------------------------------------------------------------------------------------- truth */

enum { TRUTH_MAX = 4000, LINES_MAX = 3 };

static struct {
    size_t count;
    double time_s[TRUTH_MAX];
    double distance_m[TRUTH_MAX][LINES_MAX];
} truth;

/* The drone's rows of a truth file. */
static void read_truth(const char *name)
{
    char file[128], row[512];
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    FILE *const stream = fopen(file, "re");
    assert_non_null(stream);
    truth.count = 0;
    while (fgets(row, sizeof row, stream) != NULL) {
        if (strstr(row, ",drone,") == NULL) {
            continue;
        }
        int column = 0;
        for (const char *cell = row; cell != NULL && column < 8 + LINES_MAX; column++) {
            if (column == 0) {
                truth.time_s[truth.count] = strtod(cell, NULL);
            } else if (column >= 8) {
                truth.distance_m[truth.count][column - 8] = strtod(cell, NULL);
            }
            cell = strchr(cell, ',');
            cell = cell != NULL ? cell + 1 : NULL;
        }
        truth.count++;
    }
    (void)fclose(stream);
    assert_true(truth.count > 100);
}

/* When the drone truly went from one side of a line to the other, first or last, by interpolation.
 */
static double true_crossing_s(size_t line, bool inwards)
{
    double found_s = -1.0;
    for (size_t i = 1; i < truth.count; i++) {
        const double a_m = truth.distance_m[i - 1][line], b_m = truth.distance_m[i][line];
        if ((inwards ? a_m > 0.0 && b_m <= 0.0 : a_m <= 0.0 && b_m > 0.0) &&
            (!inwards || found_s < 0.0)) {
            found_s =
                truth.time_s[i - 1] + (truth.time_s[i] - truth.time_s[i - 1]) * a_m / (a_m - b_m);
        }
    }
    assert_true(found_s >= 0.0);
    return found_s;
}

static double true_depth_m(size_t line)
{
    double depth_m = 0.0;
    for (size_t i = 0; i < truth.count; i++) {
        depth_m = -truth.distance_m[i][line] > depth_m ? -truth.distance_m[i][line] : depth_m;
    }
    return depth_m;
}

static int64_t instant_of(const json_t *crossing, const char *key)
{
    int64_t utc_ns = 0;
    assert_true(skyh_utc_parse(json_string_value(json_object_get(crossing, key)), &utc_ns));
    return utc_ns;
}

static void interval_holds(const json_t *crossing, double true_s, int64_t start_utc_ns)
{
    const int64_t true_ns = start_utc_ns + (int64_t)(true_s * 1e9);
    if (!(instant_of(crossing, "earliest_utc") <= true_ns &&
          true_ns <= instant_of(crossing, "latest_utc"))) {
        fail_msg("true crossing %.2f s, stated %.2f s", true_s,
                 (double)(instant_of(crossing, "utc") - start_utc_ns) * 1e-9);
    }
}

/* -------------------------------------------------------------------------------- whole logs */

static void the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    assert_int_equal(run("simulate %s/short.json --log a.mcap", EXAMPLE), 0);
    assert_int_equal(run("simulate %s/short.json --log b.mcap", EXAMPLE), 0);
    char command[256];
    (void)snprintf(command, sizeof command, "cmp %s/a.mcap %s/b.mcap", folder, folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("simulate %s/short.json --seed 2 --log b.mcap", EXAMPLE), 0);
    (void)snprintf(command, sizeof command, "cmp -s %s/a.mcap %s/b.mcap", folder, folder);
    assert_int_not_equal(system(command), 0);
}

static void replay_reproduces_every_event(void **state)
{
    (void)state;
    assert_int_equal(run("replay --check --json a.mcap"), 0);
    json_t *const json = said_json();
    assert_string_equal(json_string_value(json_object_get(json, "result")), "identical");
    assert_true(number_at(json, "inputs") > 400);
    assert_true(number_at(json, "events_identical") > 200);
    assert_int_equal((int)number_at(json, "incidents"), 1);
    json_decref(json);
    assert_int_equal(run("replay --check a.mcap"), 0);
    assert_non_null(strstr(said, "\nidentical: "));
    assert_string_equal(noted, "");
}

/* The record against the truth: one incident, its times and depth within what it states. */
static void record_agrees_with_truth(const char *scenario, unsigned seed, size_t lines)
{
    assert_int_equal(
        run("simulate %s/%s --seed %u --log s.mcap --truth s.csv --json", EXAMPLE, scenario, seed),
        0);
    json_t *const flown = said_json();
    const int64_t start_utc_ns = instant_of(flown, "start_utc");
    json_decref(flown);
    read_truth("s.csv");
    assert_int_equal(run("classify --json s.mcap"), 0);
    json_t *const json = said_json();
    json_t *const incidents = json_object_get(json, "incidents");
    assert_int_equal(json_array_size(incidents), 1);
    json_t *const incident = json_array_get(incidents, 0);
    assert_string_equal(json_string_value(json_object_get(incident, "end")), "lost outside");
    json_t *const list = json_object_get(incident, "lines");
    assert_true(json_array_size(list) >= lines);
    for (size_t i = 0; i < lines; i++) {
        const json_t *const line = json_array_get(list, i);
        const json_t *const deepest = json_object_get(line, "deepest");
        assert_string_equal(json_string_value(json_object_get(line, "verdict")), "entered");
        assert_int_equal((int)number_at(line, "entries"), 1);
        interval_holds(json_object_get(line, "entry"), true_crossing_s(i, true), start_utc_ns);
        interval_holds(json_object_get(line, "exit"), true_crossing_s(i, false), start_utc_ns);
        assert_near(number_at(deepest, "depth_m"), true_depth_m(i), number_at(deepest, "u95_m"));
        /* Most of the bound is the line's; the track itself is much better than that. */
        assert_near(number_at(deepest, "depth_m"), true_depth_m(i), 80.0);
    }
    json_decref(json);
}

static void the_short_flight_is_one_incident_as_it_truly_was(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 5; seed++) {
        record_agrees_with_truth("short.json", seed, 2);
        assert_near(true_depth_m(1), 1600.0, 50.0);
    }
}

/* The same flight 2.4 km farther south. */
static void what_came_near_without_an_incident_is_named_too(void **state)
{
    (void)state;
    char command[512];
    (void)snprintf(command, sizeof command,
                   "cd %s && sed 's/\"lat_deg\": 19.95934/\"lat_deg\": 19.9375/; "
                   "s#\"zones/#\"" EXAMPLE "/zones/#g' " EXAMPLE "/short.json >near.json",
                   folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("simulate near.json --log near.mcap"), 0);
    assert_int_equal(run("classify near.mcap"), 0);
    assert_non_null(strstr(said, "no incident   Algerian airspace near Tin Zaouatine  near-miss"));
    assert_non_null(strstr(said, "came near without being inside"));
    assert_non_null(strstr(said, "no incident in 1 run"));
    assert_int_equal(run("classify --json near.mcap"), 0);
    assert_non_null(strstr(said, "\"kind\": \"near-miss\""));
}

static void the_long_flight_is_one_incident_contested_by_a_coarse_map(void **state)
{
    (void)state;
    record_agrees_with_truth("long.json", 1, 2);
    assert_near(true_depth_m(1), 1600.0, 50.0);
    assert_true(truth.distance_m[truth.count - 1][0] > 9000.0);
    json_t *const json = said_json();
    const json_t *const incident = json_array_get(json_object_get(json, "incidents"), 0);
    assert_int_equal((int)number_at(incident, "returns"), 1);
    const json_t *const kind = json_object_get(json_object_get(incident, "classification"), "kind");
    assert_string_equal(json_string_value(kind), "contested-incursion");
    json_decref(json);
    assert_int_equal(run("replay --check s.mcap"), 0);
}

static void sources_that_come_and_go_are_in_the_record(void **state)
{
    (void)state;
    char command[640];
    (void)snprintf(command, sizeof command,
                   "sed -e 's|\"seed\": 1,|\"seed\": 1, \"faults\": [{\"source\": \"head\", "
                   "\"from_s\": 30, \"to_s\": 35}, {\"source\": \"ridge\", \"from_s\": 20, "
                   "\"to_s\": 50}, {\"source\": \"gpsd\", \"from_s\": 60, \"to_s\": 70}],|' "
                   "-e 's|zones/|%s/zones/|g' %s/short.json >%s/faulty.json",
                   EXAMPLE, EXAMPLE, folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("simulate faulty.json --log f.mcap"), 0);
    assert_int_equal(run("replay --check f.mcap"), 0);
    assert_int_equal(run("info --json f.mcap"), 0);
    json_t *const json = said_json();
    const json_t *const sources =
        json_object_get(json_array_get(json_object_get(json, "runs"), 0), "sources");
    static const struct {
        const char *name;
        int up, down, silent;
    } wanted[] = {{"gpsd", 2, 1, 0}, {"head", 2, 1, 0}, {"ridge", 1, 0, 1}};
    assert_int_equal(json_array_size(sources), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *const source = json_array_get(sources, i);
        assert_string_equal(json_string_value(json_object_get(source, "name")), wanted[i].name);
        assert_int_equal((int)number_at(source, "up"), wanted[i].up);
        assert_int_equal((int)number_at(source, "down"), wanted[i].down);
        assert_int_equal((int)number_at(source, "silent"), wanted[i].silent);
    }
    json_decref(json);
}

static void a_directory_of_segments_reads_like_a_file(void **state)
{
    (void)state;
    assert_int_equal(run("simulate %s/short.json --log log", EXAMPLE), 0);
    assert_int_equal(run("replay --check log"), 0);
    assert_non_null(strstr(said, "identical: "));
    assert_int_equal(run("simulate %s/short.json --log log", EXAMPLE), 73);
    assert_string_equal(noted, "skywitness simulate: log: holds a log already; expected a new or "
                               "empty directory\n");
}

/* ---------------------------------------------------------------------------- damaged copies */

static size_t copy_of(const char *from, const char *to, size_t keep)
{
    static char bytes[4 << 20];
    char file[128];
    (void)snprintf(file, sizeof file, "%s/%s", folder, from);
    FILE *const in = fopen(file, "rbe");
    assert_non_null(in);
    const size_t count = fread(bytes, 1, sizeof bytes, in);
    (void)fclose(in);
    (void)snprintf(file, sizeof file, "%s/%s", folder, to);
    FILE *const out = fopen(file, "wbe");
    assert_non_null(out);
    const size_t kept = keep < count ? keep : count;
    assert_int_equal(fwrite(bytes, 1, kept, out), kept);
    assert_int_equal(fclose(out), 0);
    return count;
}

static void a_log_cut_anywhere_replays_up_to_the_cut(void **state)
{
    (void)state;
    const size_t whole = copy_of("a.mcap", "cut.mcap", SIZE_MAX);
    double before = -1.0;
    for (size_t i = 5; i < 16; i++) {
        const size_t cut = whole * i / 16 + 37 * i;
        (void)copy_of("a.mcap", "cut.mcap", cut);
        assert_int_equal(run("replay --check --json cut.mcap"), 2);
        assert_non_null(strstr(noted, "skywitness replay: cut.mcap: byte "));
        assert_non_null(strstr(noted, ": torn end: "));
        assert_ptr_equal(strchr(noted, '\n'), noted + strlen(noted) - 1);
        json_t *const json = said_json();
        assert_string_equal(json_string_value(json_object_get(json, "result")), "damaged");
        assert_true(number_at(json, "inputs") >= before);
        before = number_at(json, "inputs");
        json_decref(json);
    }
    assert_true(before > 300.0);
    assert_int_equal(run("classify cut.mcap"), 2);
    assert_non_null(strstr(said, "World Data Bank II"));
    assert_int_equal(run("info cut.mcap"), 2);
    assert_non_null(strstr(said, "condition not whole: 0 damaged places, 1 torn ends"));
}

static void a_log_cut_before_its_first_record_is_none(void **state)
{
    (void)state;
    (void)copy_of("a.mcap", "cut.mcap", 4000);
    assert_int_equal(run("replay cut.mcap"), 65);
    assert_non_null(strstr(noted, "skywitness replay: cut.mcap: byte 0: "));
    (void)copy_of("a.mcap", "cut.mcap", 0);
    assert_int_equal(run("replay cut.mcap"), 65);
    assert_string_equal(noted, "skywitness replay: cut.mcap: byte 0: empty file; expected a "
                               "skywitness log\n");
}

static void a_damaged_group_costs_itself_and_is_said(void **state)
{
    (void)state;
    const size_t whole = copy_of("a.mcap", "bad.mcap", SIZE_MAX);
    char file[128];
    (void)snprintf(file, sizeof file, "%s/bad.mcap", folder);
    const int bad = open(file, O_WRONLY | O_CLOEXEC);
    assert_true(bad >= 0);
    assert_int_equal(pwrite(bad, "damage", 6, (off_t)(whole / 2)), 6);
    (void)close(bad);
    assert_int_equal(run("replay --check bad.mcap"), 2);
    assert_non_null(strstr(noted, ": damaged: "));
    assert_non_null(strstr(said, "not comparable: "));
    assert_null(strstr(said, "different"));
}

/* --------------------------------------------------------------------------- the comparison */

/* Which recorded event to tamper with, and how. */
enum tamper { TAMPER_NOTHING, TAMPER_VALUE, TAMPER_DROP, TAMPER_REPEAT, TAMPER_DROP_INPUT };

static struct skyh_verdict rerun_tampered(enum tamper how, unsigned which)
{
    char file[128];
    struct skyh_log log = {0};
    struct skyh_problem problem;
    struct skyh_log_item item;
    static uint8_t packed[4096], arena_bytes[1 << 20] __attribute__((aligned(16)));
    struct sky_arena arena = {.bytes = arena_bytes, .capacity = sizeof arena_bytes};
    (void)snprintf(file, sizeof file, "%s/a.mcap", folder);
    assert_true(skyh_log_open(&log, file, &problem));
    struct skyh_rerun *const rerun = skyh_rerun_open(true, NULL);
    unsigned tracks = 0, ticks = 0;
    while (skyh_log_next(&log, &item)) {
        const bool track =
            item.scan.found == SKY_SCAN_RECORD && item.scan.channel == SKY_CHANNEL_TRACK;
        const bool tick =
            item.scan.found == SKY_SCAN_RECORD && item.scan.channel == SKY_CHANNEL_TICK;
        tracks += track ? 1 : 0;
        ticks += tick ? 1 : 0;
        if (track && tracks == which && how == TAMPER_VALUE) {
            struct sky_event event;
            enum sky_channel channel;
            assert_int_equal(sky_codec_unpack_event(item.scan.channel, item.scan.bytes,
                                                    item.scan.count, &arena, &event),
                             SKY_OK);
            event.u.track.place.lat_rad = nextafter(event.u.track.place.lat_rad, 1.0);
            assert_int_equal(
                sky_codec_pack_event(&event, packed, sizeof packed, &channel, &item.scan.count),
                SKY_OK);
            item.scan.bytes = packed;
        }
        if ((track && tracks == which && how == TAMPER_DROP) ||
            (tick && ticks == which && how == TAMPER_DROP_INPUT)) {
            continue;
        }
        skyh_rerun_take(rerun, &item);
        if (track && tracks == which && how == TAMPER_REPEAT) {
            skyh_rerun_take(rerun, &item);
        }
    }
    return test_rerun_end(rerun, &log);
}

static void one_bit_of_one_event_is_a_difference_by_name(void **state)
{
    (void)state;
    const struct skyh_verdict verdict = rerun_tampered(TAMPER_VALUE, 20);
    assert_true(verdict.different);
    assert_int_equal(verdict.run, 1);
    assert_true(verdict.seq > 1);
    assert_non_null(strstr(verdict.what, "(/event/track): place.lat_rad: recorded 0.348"));
    assert_non_null(strstr(verdict.what, ", recomputed 0.348"));
}

static void an_event_too_few_or_too_many_is_a_difference(void **state)
{
    (void)state;
    assert_false(rerun_tampered(TAMPER_NOTHING, 0).different);
    assert_true(rerun_tampered(TAMPER_DROP, 20).different);
    assert_true(rerun_tampered(TAMPER_REPEAT, 20).different);
    assert_true(rerun_tampered(TAMPER_DROP, 1).different);
}

static void after_a_lost_input_nothing_is_compared_any_more(void **state)
{
    (void)state;
    const struct skyh_verdict whole = rerun_tampered(TAMPER_NOTHING, 0);
    const struct skyh_verdict verdict = rerun_tampered(TAMPER_DROP_INPUT, 40);
    assert_false(verdict.different);
    assert_true(verdict.not_comparable > 0);
    assert_int_equal(verdict.events + verdict.not_comparable, whole.events);
}

/* ------------------------------------------------------------------------------ command line */

static void every_command_explains_itself(void **state)
{
    (void)state;
    static const char *const commands[] = {"simulate",   "replay",        "classify",
                                           "info",       "score",         "zones build",
                                           "zones info", "zones distance"};
    assert_int_equal(run("--help"), 0);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        assert_int_equal(run("--help"), 0);
        assert_non_null(strstr(said, commands[i]));
        assert_int_equal(run("%s --help", commands[i]), 0);
        assert_non_null(strstr(said, "usage: skywitness "));
        assert_non_null(strstr(said, "--json"));
        assert_non_null(strstr(said, "exit codes:"));
        assert_non_null(strstr(said, "example:"));
        assert_int_equal(run("%s --nonsense", commands[i]), 64);
        char wanted[160];
        (void)snprintf(wanted, sizeof wanted,
                       "skywitness %s: --nonsense: unknown option; see skywitness %s --help\n",
                       commands[i], commands[i]);
        assert_string_equal(noted, wanted);
    }
    assert_int_equal(run("--version"), 0);
    assert_int_equal(run("frobnicate"), 64);
    assert_int_equal(run("zones --help"), 0);
    assert_non_null(strstr(said, "zones build"));
    assert_int_equal(run("zones"), 64);
    assert_string_equal(noted, "skywitness: zones: unknown command; expected one of zones build, "
                               "zones info and zones distance\n");
    assert_int_equal(run("%s", ""), 64);
}

static void what_cannot_be_read_has_its_own_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(run("replay nowhere.mcap"), 66);
    assert_string_equal(noted, "skywitness replay: nowhere.mcap: No such file or directory\n");
    assert_int_equal(run("classify %s/short.json", EXAMPLE), 65);
    assert_non_null(strstr(noted, "short.json: byte 0: "));
    assert_int_equal(run("info %s/zones", EXAMPLE), 66);
    assert_non_null(strstr(noted, "zones: no log in it; expected segments named seg-*.mcap\n"));
    char pipe_file[128];
    (void)snprintf(pipe_file, sizeof pipe_file, "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe_file, 0600), 0);
    assert_int_equal(run("zones build %s/zones/wdb2.geojson -o pipe", EXAMPLE), 73);
    assert_string_equal(noted, "skywitness zones build: pipe: is there and is no regular file\n");
    assert_int_equal(run("replay --speed fast a.mcap"), 64);
    assert_int_equal(run("simulate %s/short.json --seed 1.5 --log x.mcap", EXAMPLE), 64);
    assert_string_equal(noted, "skywitness simulate: --seed: 1.5; expected a whole number\n");
    assert_int_equal(run("replay"), 64);
    assert_int_equal(run("replay a.mcap b.mcap"), 64);
    assert_int_equal(run("simulate %s/short.json", EXAMPLE), 64);
    assert_int_equal(run("simulate %s/short.json --log nowhere/x.mcap", EXAMPLE), 73);
    assert_int_equal(run("zones info a.mcap"), 65);
    assert_non_null(strstr(noted, "expected a zone set made by skywitness zones build\n"));
}

static void a_zone_file_tells_where_its_lines_come_from(void **state)
{
    (void)state;
    assert_int_equal(run("zones build %s/zones/natural-earth.geojson %s/zones/wdb2.geojson "
                         "%s/zones/dcw.geojson -o t.zones",
                         EXAMPLE, EXAMPLE, EXAMPLE),
                     0);
    assert_string_equal(noted, "");
    assert_int_equal(run("zones info --json t.zones"), 0);
    json_t *const json = said_json();
    const json_t *const lines =
        json_object_get(json_array_get(json_object_get(json, "zones"), 0), "lines");
    assert_int_equal(json_array_size(lines), 3);
    assert_true(json_is_null(json_object_get(json_array_get(lines, 0), "accuracy_sigma_m")));
    assert_near(number_at(json_array_get(lines, 2), "accuracy_sigma_m"), 951.6, 0.1);
    char sum[256], wanted[80] = "";
    (void)snprintf(sum, sizeof sum, "sha256sum %s/zones/wdb2.geojson | cut -c1-64 >%s/sum.txt",
                   EXAMPLE, folder);
    assert_int_equal(system(sum), 0);
    (void)snprintf(sum, sizeof sum, "%s/sum.txt", folder);
    read_text(sum, wanted, sizeof wanted);
    wanted[64] = '\0';
    assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 1), "sha256")),
                        wanted);
    json_decref(json);
    /* The same zones give the same log as the scenario's own list of them. */
    assert_int_equal(run("zones build %s/zones/natural-earth.geojson %s/zones/wdb2.geojson "
                         "--out two.zones",
                         EXAMPLE, EXAMPLE),
                     0);
    assert_int_equal(run("simulate %s/short.json --zones two.zones --log z.mcap", EXAMPLE), 0);
    (void)snprintf(sum, sizeof sum, "cmp %s/a.mcap %s/z.mcap", folder, folder);
    assert_int_equal(system(sum), 0);
}

/* A line of an answer in JSON. */
static const json_t *line_of(const json_t *json, size_t zone, size_t line)
{
    const json_t *const zones = json_object_get(json, "zones");
    return json_array_get(json_object_get(json_array_get(zones, zone), "lines"), line);
}

static void a_place_is_told_how_far_it_is_from_every_line(void **state)
{
    (void)state;
    assert_int_equal(run("zones build %s/zones/natural-earth.geojson %s/zones/dcw.geojson "
                         "-o d.zones",
                         EXAMPLE, EXAMPLE),
                     0);
    assert_int_equal(run("zones distance d.zones 19.8679828 2.8939169 3000 --sigma 30"), 0);
    assert_non_null(strstr(said, "    outside       9103.6 m away, +-493.5 m (95 %)\n"));
    assert_non_null(strstr(said, "    P(inside)     0.000000\n"));
    assert_non_null(strstr(said, "  height    3000 m HAE: between its limits with P 1.000000, "
                                 "evaluated\n"));
    assert_int_equal(run("zones distance --json d.zones 19.970786 2.945 --unstated 100"), 0);
    json_t *const json = said_json();
    assert_near(number_at(line_of(json, 0, 0), "distance_m"), -3134.5, 0.1);
    assert_near(number_at(line_of(json, 0, 0), "depth_m"), 3134.5, 0.1);
    assert_near(number_at(line_of(json, 0, 0), "u95_m"), 196.0, 0.1);
    assert_true(json_is_true(json_object_get(line_of(json, 0, 1), "inside")));
    assert_true(json_is_null(json_object_get(line_of(json, 0, 1), "p_inside")));
    json_decref(json);
}

static void south_and_west_are_negative_operands(void **state)
{
    (void)state;
    assert_int_equal(run("zones distance --json d.zones -19.5 -68.25"), 0);
    json_t *const json = said_json();
    assert_near(number_at(json, "lat_deg"), -19.5, 0.0);
    assert_near(number_at(json, "lon_deg"), -68.25, 0.0);
    json_decref(json);
    assert_int_equal(run("zones distance d.zones -91 2"), 64);
    assert_string_equal(noted,
                        "skywitness zones distance: LAT: -91; expected a number from -89 to 89\n");
    assert_int_equal(run("zones distance d.zones -x 2"), 64);
    assert_int_equal(run("zones distance d.zones 2 2 100 --datum AGL"), 64);
    assert_int_equal(run("zones distance d.zones 2 2 100 --datum AMSL"), 65);
    assert_non_null(strstr(noted, "no geoid there"));
}

static void what_files_do_not_say_comes_from_options(void **state)
{
    (void)state;
    char file[256];
    (void)snprintf(file, sizeof file, "%s/b.kml", folder);
    FILE *const out = fopen(file, "we");
    assert_non_null(out);
    (void)fputs("<kml><Placemark><name>B</name><LineString><coordinates>4,20 0,20</coordinates>"
                "</LineString></Placemark></kml>",
                out);
    (void)fclose(out);
    assert_int_equal(
        run("zones build b.kml -o b.zones --zone South --right-zone North --party Us "
            "--source 'a map' --licence CC0-1.0 --accuracy ce90:2042 --edge-rule rhumb "
            "--valid-from 1983-05-08 --ceiling '3500ft AMSL'"),
        0);
    assert_string_equal(noted, "");
    assert_non_null(strstr(said, "  geoid   EGM96, "));
    assert_non_null(strstr(said, "  line 1  B, as claimed by Us\n"));
    assert_non_null(strstr(said, "    shared    with zone 2, whose line 2 it is\n"));
    assert_non_null(strstr(said, "    accuracy  2042 m ce90, 952 m (1 sigma)\n"));
    assert_non_null(strstr(said, "    valid     from 1983-05-08\n"));
    assert_int_equal(run("zones distance --json b.zones 19.9 2 900 --datum AMSL"), 0);
    json_t *const json = said_json();
    assert_near(number_at(line_of(json, 0, 0), "distance_m") +
                    number_at(line_of(json, 1, 0), "distance_m"),
                0.0, 0.0);
    assert_near(number_at(json_array_get(json_object_get(json, "zones"), 1), "p_vertical"), 1.0,
                1e-9);
    json_decref(json);
    assert_int_equal(run("zones build b.kml -o x.zones --accuracy 30"), 64);
    assert_int_equal(run("zones build b.kml -o x.zones --edge-rule curved"), 64);
    assert_int_equal(run("zones build b.kml -o x.zones --floor high"), 64);
    assert_int_equal(run("zones build b.kml -o x.zones --geoid wavy"), 64);
    assert_int_equal(run("zones build b.kml -o x.zones --select C"), 65);
    assert_string_equal(noted, "skywitness zones build: --select C: no feature is called so; "
                               "expected a name or identifier\n");
}

static void events_are_told_one_per_line(void **state)
{
    (void)state;
    assert_int_equal(run("replay --events a.mcap"), 0);
    assert_non_null(strstr(said, "  incident    1 opened: track "));
    assert_non_null(strstr(said, "  clock       GNSS, +-"));
    assert_non_null(strstr(said, "  class       incident 1: incursion by male-uav\n"));
}

/* --------------------------------------------------------------------------- another station */

/* a.mcap replayed with options; its JSON. */
static json_t *replay_json(const char *arguments, int exit_code)
{
    assert_int_equal(run("replay a.mcap --json %s", arguments), exit_code);
    assert_string_equal(noted, "");
    return said_json();
}

static void the_same_zones_and_settings_are_the_same_answer(void **state)
{
    (void)state;
    assert_int_equal(run("zones build %s/zones/natural-earth.geojson %s/zones/wdb2.geojson -o "
                         "same.zones",
                         EXAMPLE, EXAMPLE),
                     0);
    json_t *const json = replay_json("--zones same.zones --set incident.p_enter=0.95", 0);
    const json_t *const other = json_object_get(json, "other");
    assert_string_equal(json_string_value(json_object_get(json, "result")), "identical");
    assert_int_equal((int)number_at(other, "recorded"), 1);
    assert_int_equal((int)number_at(other, "same"), 1);
    json_decref(json);
}

static void with_other_lines_the_difference_is_the_answer(void **state)
{
    (void)state;
    assert_int_equal(run("zones build %s/zones/wdb2.geojson -o one.zones", EXAMPLE), 0);
    json_t *json = replay_json("--zones one.zones", 1);
    const json_t *other = json_object_get(json, "other");
    assert_string_equal(json_string_value(json_object_get(json, "result")), "different");
    assert_int_equal((int)number_at(other, "changed"), 1);
    const json_t *const pair = json_array_get(json_object_get(other, "incidents"), 0);
    const json_t *const was = json_object_get(json_object_get(pair, "recorded"), "lines");
    const json_t *const is = json_object_get(json_object_get(pair, "recomputed"), "lines");
    assert_int_equal(json_array_size(was), 2);
    assert_int_equal(json_array_size(is), 1);
    /* the line that both know tells the same depth: the track is the same */
    assert_near(number_at(json_array_get(is, 0), "depth_m"),
                number_at(json_array_get(was, 1), "depth_m"), 1e-6);
    json_decref(json);
    assert_int_equal(run("replay a.mcap --zones one.zones"), 1);
    assert_non_null(strstr(said,
                           "\nwith other zones: 1 incident recorded, 1 recomputed; 0 the same, "
                           "1 changed, 0 gone, 0 new\n"));
    assert_non_null(strstr(said, "    Natural Earth 1:10m\n      recorded    entered "));
    assert_non_null(strstr(said, "\n      recomputed  not watched\n"));

    char command[512];
    (void)snprintf(command, sizeof command,
                   "sed 's/Algerian airspace/Elsewhere/g' %s/zones/wdb2.geojson >%s/else.geojson",
                   EXAMPLE, folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("zones build else.geojson -o else.zones"), 0);
    json = replay_json("--zones else.zones", 1);
    other = json_object_get(json, "other");
    assert_int_equal((int)number_at(other, "gone"), 1);
    assert_int_equal((int)number_at(other, "new"), 1);
    json_decref(json);
}

static void with_other_settings_the_difference_is_the_answer(void **state)
{
    (void)state;
    json_t *json = replay_json("--set incident.dwell_s=3600", 1);
    const json_t *other = json_object_get(json, "other");
    assert_int_equal((int)number_at(other, "recomputed"), 0);
    assert_int_equal((int)number_at(other, "gone"), 1);
    json_decref(json);
    json = replay_json("--set tracker.accel_psd_wild_m2ps3=50", 1);
    other = json_object_get(json, "other");
    assert_int_equal((int)number_at(other, "changed"), 1);
    json_decref(json);
    /* of a file, only what concerns tracker and incidents */
    json = replay_json("--config " EXAMPLE "/skywitnessd.ini --set incident.dwell_s=3600", 1);
    assert_int_equal((int)number_at(json_object_get(json, "other"), "gone"), 1);
    json_decref(json);
}

static void a_setting_that_cannot_be_says_which_and_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        const char *set, *says;
    } wrong[] = {
        {"turn_mps2", "--set: turn_mps2; expected SECTION.KEY=VALUE such as tracker.turn_mps2=5, "},
        {"log.stall_s=5", "--set: log.stall_s=5; expected SECTION.KEY=VALUE such as "},
        {"tracker.turn=5", "--set: tracker.turn: unknown key in [tracker]; expected one that "},
        {"tracker.turn_mps2=x",
         "--set: tracker.turn_mps2=x: 'x' is not a number; expected a number "
         "from 0.1 to 50\n"},
        {"tracker.turn_mps2=99", "'99' is out of range; expected a number from 0.1 to 50\n"},
        {"radar.nobody.scan_ms=900", "the log has no sensor nobody; expected one such as head\n"},
        {"tracker.lose_s=1", "with these settings tracker.lose_ns is out of range; expected "},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(run("replay a.mcap --set %s", wrong[i].set), 64);
        if (strstr(noted, wrong[i].says) == NULL) {
            fail_msg("%s: %s", wrong[i].set, noted);
        }
        assert_string_equal(said, "");
    }
    assert_int_equal(run("replay a.mcap --config nowhere.ini"), 66);
    assert_int_equal(run("replay a.mcap --zones nowhere.zones"), 66);
    assert_int_equal(run("replay a.mcap --zones a.mcap"), 65);
    assert_int_equal(run("replay a.mcap --check --set tracker.turn_mps2=5"), 64);
}

/* ---------------------------------------------------------------------------------- smoothing */

static void smoothed_tracks_are_a_table_like_any_other(void **state)
{
    (void)state;
    static char plain[sizeof said];
    assert_int_equal(run("export --format tracks-csv a.mcap"), 0);
    memcpy(plain, said, sizeof plain);
    assert_int_equal(run("export --smooth --format tracks-csv a.mcap"), 0);
    const size_t header = strcspn(said, "\n");
    assert_int_equal(strncmp(said, plain, header + 1), 0);
    assert_true(strlen(said) > header + 1);
    assert_int_not_equal(strncmp(said, plain, strlen(plain)), 0);
    assert_int_equal(run("export --smooth --format geojson a.mcap"), 0);
    assert_int_equal(run("export --smooth --format asterix a.mcap"), 64);
    assert_string_equal(noted, "skywitness export: --smooth: asterix tells tracks as time goes on; "
                               "expected tracks-csv, geojson or kml\n");
}

/* ------------------------------------------------------------------------------------ any time */

static size_t lines_said(void)
{
    size_t count = 0;
    for (const char *at = said; (at = strchr(at, '\n')) != NULL; at++) {
        count++;
    }
    return count;
}

static void a_part_of_a_log_is_told_as_it_is_in_the_whole(void **state)
{
    (void)state;
    static char whole[sizeof said];
    assert_int_equal(run("replay --events a.mcap"), 0);
    memcpy(whole, said, sizeof whole);
    const size_t all = lines_said();
    assert_int_equal(run("replay --events a.mcap --from 2026-03-31T23:07:40Z --until "
                         "2026-03-31T23:07:50Z"),
                     0);
    char *const first = said, *const end = strstr(said, "replayed: ");
    assert_non_null(end);
    *end = '\0';
    assert_true(strlen(first) > 1000);
    assert_true(lines_said() < all / 4);
    assert_non_null(strstr(whole, first));
    assert_int_equal(strncmp(first, "2026-03-31 23:07:4", 18), 0);
    assert_null(strstr(first, "23:07:50."));
    assert_int_equal(run("replay --check a.mcap --until 2026-03-31T23:07:50Z"), 0);
    assert_non_null(strstr(said, "\nidentical: "));
}

static void times_outside_a_log_say_what_it_holds(void **state)
{
    (void)state;
    assert_int_equal(run("replay a.mcap --from 2027-01-01T00:00:00Z"), 65);
    assert_non_null(
        strstr(noted, "--from: after the log's end; expected an instant from 2026-03-31T"));
    assert_int_equal(run("replay a.mcap --until 2026-01-01T00:00:00Z"), 65);
    assert_non_null(
        strstr(noted, "--until: before the log begins; expected an instant after 2026-"));
    assert_int_equal(run("replay a.mcap --from 2026-01-02T00:00:00Z --until 2026-01-01T00:00:00Z"),
                     64);
    assert_int_equal(run("replay a.mcap --from yesterday"), 64);
    assert_string_equal(noted, "skywitness replay: --from: yesterday; expected an instant such as "
                               "2026-01-02T00:00:00Z\n");
}

static void speed_is_that_of_the_station_from_where_it_is_told(void **state)
{
    (void)state;
    struct timespec begin, end;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    assert_int_equal(run("replay a.mcap --speed 10 --from 2026-03-31T23:08:20Z --until "
                         "2026-03-31T23:08:25Z"),
                     0);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    const double took_s =
        (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    assert_true(took_s > 0.45); /* 5 s at 10 x, and what was before at once */
    assert_true(took_s < 5.0);
}

static void a_log_that_is_closed_ends_what_follows_it(void **state)
{
    (void)state;
    assert_int_equal(run("replay --follow --check a.mcap"), 0);
    assert_non_null(strstr(said, "\nidentical: "));
}

static void a_running_log_is_followed_until_interrupted(void **state)
{
    (void)state;
    assert_int_equal(run("simulate %s/short.json --log following", EXAMPLE), 0);
    char command[512];
    (void)snprintf(command, sizeof command,
                   "cd %s && { timeout -s INT 1 %s replay --follow --check "
                   "following >follow.txt; true; }",
                   folder, SKY_SKYWITNESS);
    assert_int_equal(system(command), 0);
    char file[128];
    (void)snprintf(file, sizeof file, "%s/follow.txt", folder);
    read_text(file, said, sizeof said);
    assert_non_null(strstr(said, "\nidentical: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(replay_reproduces_every_event),
        cmocka_unit_test(the_short_flight_is_one_incident_as_it_truly_was),
        cmocka_unit_test(what_came_near_without_an_incident_is_named_too),
        cmocka_unit_test(the_long_flight_is_one_incident_contested_by_a_coarse_map),
        cmocka_unit_test(sources_that_come_and_go_are_in_the_record),
        cmocka_unit_test(a_directory_of_segments_reads_like_a_file),
        cmocka_unit_test(a_log_cut_anywhere_replays_up_to_the_cut),
        cmocka_unit_test(a_log_cut_before_its_first_record_is_none),
        cmocka_unit_test(a_damaged_group_costs_itself_and_is_said),
        cmocka_unit_test(one_bit_of_one_event_is_a_difference_by_name),
        cmocka_unit_test(an_event_too_few_or_too_many_is_a_difference),
        cmocka_unit_test(after_a_lost_input_nothing_is_compared_any_more),
        cmocka_unit_test(every_command_explains_itself),
        cmocka_unit_test(what_cannot_be_read_has_its_own_exit_codes),
        cmocka_unit_test(a_zone_file_tells_where_its_lines_come_from),
        cmocka_unit_test(a_place_is_told_how_far_it_is_from_every_line),
        cmocka_unit_test(south_and_west_are_negative_operands),
        cmocka_unit_test(what_files_do_not_say_comes_from_options),
        cmocka_unit_test(events_are_told_one_per_line),
        cmocka_unit_test(the_same_zones_and_settings_are_the_same_answer),
        cmocka_unit_test(with_other_lines_the_difference_is_the_answer),
        cmocka_unit_test(with_other_settings_the_difference_is_the_answer),
        cmocka_unit_test(a_setting_that_cannot_be_says_which_and_what_was_expected),
        cmocka_unit_test(smoothed_tracks_are_a_table_like_any_other),
        cmocka_unit_test(a_part_of_a_log_is_told_as_it_is_in_the_whole),
        cmocka_unit_test(times_outside_a_log_say_what_it_holds),
        cmocka_unit_test(speed_is_that_of_the_station_from_where_it_is_told),
        cmocka_unit_test(a_log_that_is_closed_ends_what_follows_it),
        cmocka_unit_test(a_running_log_is_followed_until_interrupted),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
