#include "skyh_commands.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "skyh_scene.h"
#include "skyh_score.h"

static const struct skyh_option options[] = {
    {"--tracks", "FILE", "score this table of tracks, not a log"},
    {"--events", "FILE", "with --tracks: the entries that were declared (by the p_ZONE columns)"},
    {"--smooth", NULL, "of a log: its tracks by all their plots"},
    {NULL, NULL, NULL},
};

/* Tables of a log, in a folder of their own. */
struct tables {
    char folder[64];
    char tracks[96];
    char events[96];
};

static bool make_folder(struct tables *tables, struct skyh_problem *problem)
{
    (void)snprintf(tables->folder, sizeof tables->folder, "/tmp/skywitness-score-XXXXXX");
    if (mkdtemp(tables->folder) == NULL) {
        tables->folder[0] = '\0';
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "no temporary folder: %s", strerror(errno));
    }
    (void)snprintf(tables->tracks, sizeof tables->tracks, "%s/tracks.csv", tables->folder);
    (void)snprintf(tables->events, sizeof tables->events, "%s/events.csv", tables->folder);
    return true;
}

static void remove_folder(const struct tables *tables)
{
    if (tables->folder[0] != '\0') {
        (void)unlink(tables->tracks);
        (void)unlink(tables->events);
        (void)rmdir(tables->folder);
    }
}

/* What export would write of the log; returns its exit code. */
static int export_tables(const char *log, bool smooth, const struct tables *tables)
{
    struct skyh_args args = {.operand_count = 1, .operand = {log}};
    args.option[args.option_count].name = "--format";
    args.option[args.option_count++].value = "tracks-csv";
    args.option[args.option_count].name = "--out";
    args.option[args.option_count++].value = tables->tracks;
    args.option[args.option_count].name = "--format";
    args.option[args.option_count++].value = "events-csv";
    args.option[args.option_count].name = "--out";
    args.option[args.option_count++].value = tables->events;
    if (smooth) {
        args.option[args.option_count++].name = "--smooth";
    }
    return skyh_export.run(&args);
}

/* --------------------------------------------------------------------------------------- words */

static double value_of(const json_t *figures, const char *key)
{
    const json_t *const value = json_object_get(figures, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void print_value(const char *label, double value, int digits, const char *unit)
{
    if (isfinite(value)) {
        (void)printf("  %-34s %10.*f %s\n", label, digits, value, unit);
    } else {
        (void)printf("  %-34s %10s\n", label, "-");
    }
}

static void print_whole(const json_t *out)
{
    static const struct {
        const char *key, *label, *unit;
        int digits;
    } row[] = {{"gospa_rms", "GOSPA, rms", "m", 1},
               {"loc_err_rms", "  localisation, rms", "m", 1},
               {"missed_per_frame", "  missed, each second", "", 3},
               {"false_per_frame", "  false, each second", "", 3},
               {"siap_completeness", "SIAP completeness", "", 4},
               {"siap_ambiguity", "SIAP ambiguity", "", 4},
               {"siap_spurious", "SIAP spurious", "", 4},
               {"siap_pos_acc", "SIAP position accuracy", "m", 1},
               {"id_switches", "identity switches", "", 0},
               {"false_track_min_per_h", "false track minutes", "an hour", 2},
               {"rmse_h", "horizontal error, rms", "m", 1},
               {"p95_h", "  95 of 100 within", "m", 1},
               {"rmse_v", "vertical error, rms", "m", 1},
               {"rmse_vel", "velocity error, rms", "m/s", 2},
               {"exist_brier", "existence, Brier score", "", 5},
               {"anees2", "ANEES, horizontal", "", 3},
               {"cover2_95", "  within the 95 % ellipse", "", 4}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        print_value(row[i].label, value_of(out, row[i].key), row[i].digits, row[i].unit);
    }
    const json_t *const bounds = json_object_get(out, "anees2_bounds");
    if (bounds != NULL) {
        print_value("  its bounds, 95 %: from", json_number_value(json_array_get(bounds, 0)), 3,
                    "");
        print_value("  to", json_number_value(json_array_get(bounds, 1)), 3, "");
    }
}

static void print_reliability(const json_t *zone)
{
    const json_t *const bins = json_object_get(zone, "reliability");
    for (size_t i = 0; i < json_array_size(bins); i++) {
        const json_t *const bin = json_array_get(bins, i);
        const double low = json_number_value(json_array_get(bin, 0));
        const double share = json_number_value(json_array_get(bin, 3));
        (void)printf("    %.1f to %.1f  %8.0f  %6.3f  %6.3f  %.*s\n", low, low + 0.1,
                     json_number_value(json_array_get(bin, 1)),
                     json_number_value(json_array_get(bin, 2)), share, (int)lround(40.0 * share),
                     "########################################");
    }
}

static void print_zone(const char *name, const json_t *zone)
{
    (void)printf("\nzone %s\n", name);
    (void)printf("  %-34s %10.0f of %.0f\n", "entries that were declared",
                 value_of(zone, "detected"), value_of(zone, "episodes"));
    print_value("  after, median", value_of(zone, "lat_median"), 2, "s");
    print_value("  their times, rms error", value_of(zone, "t_event_rmse"), 2, "s");
    print_value("declared wrongly", value_of(zone, "false_enter_per_h"), 2, "an hour");
    print_value("P(inside), Brier score", value_of(zone, "brier"), 5, "");
    print_value("  of a plain yes or no", value_of(zone, "brier_hard"), 5, "");
    print_value("  expected calibration error", value_of(zone, "ece"), 5, "");
    if (json_array_size(json_object_get(zone, "reliability")) > 0) {
        (void)printf("    P              seconds  stated    true\n");
        print_reliability(zone);
    }
}

static void print_text(const struct skyh_scene *scene, const json_t *out)
{
    (void)printf("%zu truths, %zu tracks, %.0f s; cut-off %.0f m\n", scene->truth_count,
                 scene->track_count, scene->t1 - scene->t0, scene->cutoff_m);
    print_whole(out);
    for (size_t z = 0; z < scene->zone_count; z++) {
        char key[SKYH_SCENE_NAME_MAX + 8];
        (void)snprintf(key, sizeof key, "zone_%s", scene->zone[z].name);
        print_zone(scene->zone[z].name, json_object_get(out, key));
    }
}

/* ------------------------------------------------------------------------------------- command */

static bool score(const char *truth, const char *tracks, const char *events, bool json,
                  struct skyh_problem *problem)
{
    struct skyh_scene scene = {0};
    bool done = skyh_scene_open(&scene, truth, problem) &&
                skyh_scene_tracks(&scene, tracks, events, problem);
    json_t *const out = done ? skyh_score(&scene) : NULL;
    if (done && out == NULL) {
        done = skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    } else if (done && json) {
        (void)json_dumpf(out, stdout, JSON_INDENT(2));
        (void)printf("\n");
    } else if (done) {
        print_text(&scene, out);
    }
    json_decref(out);
    skyh_scene_close(&scene);
    return done;
}

static int run_log(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct tables tables;
    if (!make_folder(&tables, &problem)) {
        return skyh_report("score", &problem);
    }
    int exit_code = export_tables(args->operand[0], skyh_args_given(args, "--smooth"), &tables);
    if ((exit_code == SKYH_EXIT_OK || exit_code == SKYH_EXIT_DAMAGED) &&
        !score(args->operand[1], tables.tracks, tables.events, args->json, &problem)) {
        exit_code = skyh_report("score", &problem);
    }
    remove_folder(&tables);
    return exit_code;
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    const char *const tracks = skyh_args_value(args, "--tracks");
    const char *const events = skyh_args_value(args, "--events");
    if (tracks == NULL && args->operand_count == 2 && events == NULL) {
        return run_log(args);
    }
    if (tracks == NULL || args->operand_count != 1 || skyh_args_given(args, "--smooth")) {
        (void)skyh_fail(&problem, SKYH_EXIT_USAGE,
                        "expected a log and the folder of its truth, or --tracks FILE and that "
                        "folder alone");
        return skyh_report("score", &problem);
    }
    return score(args->operand[0], tracks, events, args->json, &problem)
               ? SKYH_EXIT_OK
               : skyh_report("score", &problem);
}

const struct skyh_command skyh_score_command = {
    .name = "score",
    .operands = "[LOG] TRUTH",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "hold a log's tracks against what truly flew",
    .about =
        "Replays LOG, or reads a table of tracks as export writes it, and holds it against TRUTH,\n"
        "a folder with truth.csv, zones_true.csv, zones.csv, sensors.csv, pose.csv and meta.json:\n"
        "\n"
        "  GOSPA with its parts, SIAP figures, errors of place and velocity, identity switches;\n"
        "  ANEES and the shares within 50, 95 and 99 % ellipses: is the covariance as it should;\n"
        "  per zone the entries that were declared, how late and how many wrongly, and whether\n"
        "  P(inside) is what it says: Brier score, reliability, expected calibration error.\n"
        "\n"
        "t = 0 of the tables is the epoch of the log, as import had it.\n",
    .exits = "  0   scored\n"
             "  2   the log is torn, damaged or incomplete; what is there is scored\n"
             "  64  usage   65  a table is wrong   66  cannot be read   73, 74  cannot write\n",
    .example = "  skywitness score flight.mcap male_skirt/s1\n"
               "  skywitness score --tracks tracks.csv --events events.csv --json male_skirt/s1\n",
    .options = options,
    .run = run,
};
