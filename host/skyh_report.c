#include "skyh_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_event.h"
#include "skyh_report_page.h"

static const struct skyh_option options[] = {
    {"--out", "FILE", "write this file, not standard output; also -o"},
    {"--checkpoint", "FILE",
     "a checkpoint from elsewhere, to be shown with its cosignatures; needs"},
    {"--key", "KEY", "... the log's public key, or a file with it, or ..."},
    {"--policy", "FILE", "... keys of logs and witnesses, by which cosignatures are checked"},
    {NULL, NULL, NULL},
};

/* Where its time comes from. */
static void put_clock(struct skyh_svg *page, const struct skyh_dossier_run *run)
{
    if (run->clock_changes == 0) {
        skyh_svg_put(page, "Its clock said nothing of where its time comes from.");
        return;
    }
    skyh_svg_put(page, "Clock: %s at the end, %" PRIu64 " change%s of state, %" PRIu64 " jump%s.",
                 skyh_event_clock(run->clock.state), run->clock_changes,
                 run->clock_changes == 1 ? "" : "s", run->clock_steps,
                 run->clock_steps == 1 ? "" : "s");
}

static void put_title(struct skyh_report_page *report)
{
    struct skyh_svg *const page = &report->page;
    const struct skyh_dossier *const dossier = &report->dossier;
    skyh_svg_put(page, "<h1>Record of an airspace</h1>\n");
    for (size_t i = 0; i < dossier->run_count; i++) {
        const struct skyh_dossier_run *const run = &dossier->run[i];
        char from[SKYH_UTC_TEXT_MAX] = "unknown", to[SKYH_UTC_TEXT_MAX] = "unknown";
        if (run->has_span) {
            (void)skyh_utc_text(run->from_utc_ns, 0, from);
            (void)skyh_utc_text(run->to_utc_ns, 0, to);
        }
        skyh_svg_put(page, "<p>Run %" PRIu64 ": %s to %s UTC, made by ", run->run, from, to);
        skyh_svg_say(page, run->software);
        if (run->has_place) {
            skyh_svg_put(page, "; the station at %.5f&#176; %c, %.5f&#176; %c &#177;%.0f m",
                         fabs(run->place.lat_rad) * (180.0 / SKY_PI),
                         run->place.lat_rad < 0.0 ? 'S' : 'N',
                         fabs(run->place.lon_rad) * (180.0 / SKY_PI),
                         run->place.lon_rad < 0.0 ? 'W' : 'E', 1.96 * run->place_sigma_m);
        }
        skyh_svg_put(page, ". ");
        put_clock(page, run);
        skyh_svg_put(page, "</p>\n");
    }
}

/* Whether the record can be believed, first of all. */
static void put_status(struct skyh_report_page *report)
{
    struct skyh_svg *const page = &report->page;
    const struct skyh_dossier *const dossier = &report->dossier;
    const struct skyh_verdict *const rerun = &dossier->rerun;
    const bool altered = report->audit.altered > 0;
    const bool damaged = report->log->damages > 0 || report->log->torn > 0 || rerun->lost ||
                         dossier->incidents.orphans + dossier->incidents.unreadable > 0;
    skyh_svg_put(page, "<div class=\"status%s\">\n",
                 altered || damaged || rerun->different ? " bad" : "");
    if (altered) {
        skyh_svg_put(page, "<p><b>ALTERED OR DAMAGED. What follows is what the files now say, not "
                           "what a station wrote.</b></p>\n");
    } else if (rerun->different) {
        skyh_svg_put(page,
                     "<p><b>THE EVENTS DO NOT FOLLOW FROM THE INPUTS. The record was altered, "
                     "or another version of the software made it than read it (%s).</b></p>\n",
                     SKY_VERSION);
    } else if (damaged) {
        skyh_svg_put(page, "<p><b>INCOMPLETE. Part of this record is missing; what follows covers "
                           "what is there.</b></p>\n");
    } else {
        skyh_svg_put(page, "<p><b>Whole.</b> No record is missing between the first and the last, "
                           "and none does not fit the others.</p>\n");
    }
    if (rerun->different) {
        skyh_svg_put(page,
                     "<p>Recomputed events differ from the recorded ones, first in run "
                     "%" PRIu64 " at input %" PRIu64 ": ",
                     rerun->run, rerun->seq);
        skyh_svg_say(page, rerun->what);
        skyh_svg_put(page, ".</p>\n");
    } else {
        skyh_svg_put(page,
                     "<p>%" PRIu64 " inputs give again, byte for byte, the %" PRIu64
                     " events that follow from them%s.</p>\n",
                     rerun->inputs, rerun->events,
                     rerun->not_comparable > 0 ? "; those after a loss cannot be compared" : "");
    }
    for (size_t i = 0; i < report->audit.finding_count && i < 8; i++) {
        skyh_svg_put(page, "<p>%s: ",
                     report->audit.finding[i].kind == SKYH_FINDING_ALTERED ? "Altered"
                                                                           : "Breaks off");
        skyh_svg_say(page, report->audit.finding[i].text);
        skyh_svg_put(page, " (byte %" PRIu64 ")</p>\n", report->audit.finding[i].offset);
    }
    if (dossier->cut) {
        skyh_svg_put(page, "<p>There is more than a page can hold: the first part is drawn.</p>\n");
    }
    skyh_svg_put(page, "</div>\n");
}

/* -------------------------------------------------------------------------------------- scenes */

static void put_sensors(struct skyh_svg *page, const struct skyh_scene *scene)
{
    static const char *const marks[] = {"&#215;",  "+",       "&#8211;", "|",
                                        "&#9633;", "&#9651;", "/",       "&#215;"};
    skyh_svg_put(page, " Plots:");
    for (uint32_t i = 0; i < scene->run->config.sensor_count; i++) {
        skyh_svg_put(page, "%s %s ", i > 0 ? "," : "", marks[i % 8]);
        skyh_svg_say(page, scene->run->config.sensor[i].name);
    }
    skyh_svg_put(page, ".");
}

static void put_scene(struct skyh_report_page *report, const struct skyh_incident *incident)
{
    struct skyh_svg *const page = &report->page;
    struct skyh_scene scene;
    skyh_svg_put(page, "<h2 id=\"i%" PRIu64 "-%u\">Incident %" PRIu64 ".%u</h2>\n", incident->run,
                 incident->said.id, incident->run, incident->said.id);
    if (!skyh_scene_of(report, incident, &scene)) {
        skyh_svg_put(page, "<p>Its track or the beginning of its run is not in this log.</p>\n");
        return;
    }
    skyh_svg_put(
        page, "<section class=\"scene\" data-from=\"%.3f\" data-span=\"%.3f\">\n<figure>\n",
        (double)scene.from_utc_ns * 1e-9, (double)(scene.to_utc_ns - scene.from_utc_ns) * 1e-9);
    skyh_page_map(page, &scene);
    skyh_svg_put(page, "<figcaption>Lines by letter, each with its band of 2 sigma; the track with "
                       "ellipses of 2 sigma.");
    put_sensors(page, &scene);
    skyh_svg_put(page,
                 " North is up; WGS-84. Lines are claims as their sources draw them, endorsed "
                 "by nobody here.</figcaption>\n</figure>\n<figure>\n");
    skyh_page_charts(page, &scene);
    skyh_svg_put(page, "</figure>\n</section>\n");
    skyh_page_budget(report, &scene);
    skyh_svg_put(page, "<figure>\n");
    skyh_page_coverage(page, &scene);
    skyh_svg_put(page,
                 "<figcaption>Where the sensors stand, and how far each is used.</figcaption>\n"
                 "</figure>\n");
}

static void put_scenes(struct skyh_report_page *report)
{
    const struct skyh_incidents *const incidents = &report->dossier.incidents;
    for (size_t i = 0; i < incidents->count && i < SKYH_SHOWN_MAX; i++) {
        put_scene(report, &incidents->incident[i]);
    }
    if (incidents->count > SKYH_SHOWN_MAX) {
        skyh_svg_put(&report->page, "<p>%zu more incidents are in the table above only.</p>\n",
                     incidents->count - SKYH_SHOWN_MAX);
    }
}

/* ------------------------------------------------------------------------------------- command */

static bool make(struct skyh_report_page *report, struct skyh_log *log, const char *path,
                 struct skyh_problem *problem)
{
    struct skyh_trust *const trust = report->trust;
    const struct skyh_audit_config config = {.key = trust->has_key ? &trust->key : NULL,
                                             .held = trust->held,
                                             .held_count = trust->count};
    report->log = log;
    if (!skyh_reviews_read(&report->reviews, path, log, NULL, 0, problem) ||
        !skyh_audit_run(log, &config, &report->audit, problem) ||
        !skyh_dossier_collect(&report->dossier, log, "report", problem)) {
        return false;
    }
    skyh_page_head(&report->page);
    put_title(report);
    put_status(report);
    skyh_page_verdicts(report);
    put_scenes(report);
    skyh_page_watches(report);
    skyh_page_hashes(report);
    skyh_page_how_to_check(&report->page);
    skyh_page_tail(&report->page);
    return !report->page.failed || skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
}

static bool write_page(const struct skyh_svg *page, const char *file, struct skyh_problem *problem)
{
    if (file == NULL) {
        (void)fwrite(page->text, 1, page->count, stdout);
        return true;
    }
    FILE *const out = fopen(file, "wbe");
    if (out == NULL) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", file, strerror(errno));
    }
    const bool wrote = fwrite(page->text, 1, page->count, out) == page->count;
    return (fclose(out) == 0 && wrote) ||
           skyh_fail(problem, SKYH_EXIT_IO, "%s: %s", file, strerror(errno));
}

static void print_json(const struct skyh_report_page *report, const char *file)
{
    json_t *const out =
        json_pack("{s:s, s:I, s:I, s:I, s:b, s:I, s:I}", "file", file, "bytes",
                  (json_int_t)report->page.count, "runs", (json_int_t)report->dossier.run_count,
                  "incidents", (json_int_t)report->dossier.incidents.count, "events_differ",
                  report->dossier.rerun.different, "altered", (json_int_t)report->audit.altered,
                  "torn", (json_int_t)report->audit.torn);
    (void)json_dumpf(out, stdout, JSON_INDENT(2));
    (void)printf("\n");
    json_decref(out);
}

static int report_exit(const struct skyh_report_page *report)
{
    return report->audit.altered > 0 || report->audit.torn > 0
               ? SKYH_EXIT_DAMAGED
               : skyh_dossier_exit(&report->dossier, report->log);
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct skyh_report_page *const report = calloc(1, sizeof *report);
    int exit_code = SKYH_EXIT_SOFTWARE;
    const char *const file = skyh_args_value(args, "--out");
    if (report != NULL) {
        report->trust = calloc(1, sizeof *report->trust);
    }
    if (report == NULL || report->trust == NULL) {
        skyh_note("report", "out of memory");
    } else if (args->json && file == NULL) {
        (void)skyh_fail(&problem, SKYH_EXIT_USAGE, "--json: expected --out FILE with it");
        exit_code = skyh_report("report", &problem);
    } else if (!skyh_trust_read(args, report->trust, &problem) ||
               !skyh_log_open(&log, args->operand[0], &problem) ||
               !make(report, &log, args->operand[0], &problem) ||
               !write_page(&report->page, file, &problem)) {
        exit_code = skyh_report("report", &problem);
    } else {
        exit_code = report_exit(report);
        if (args->json) {
            print_json(report, file);
        }
    }
    if (report != NULL) {
        skyh_audit_free(&report->audit);
        skyh_dossier_done(&report->dossier);
        skyh_reviews_done(&report->reviews);
        skyh_svg_done(&report->page);
        skyh_trust_done(report->trust);
        free(report->trust);
    }
    skyh_log_close(&log);
    free(report);
    return exit_code;
}

const struct skyh_command skyh_report_command = {
    .name = "report",
    .operands = "LOG",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "one page that shows it all: verdicts, map, curves, budget, hashes",
    .about =
        "Writes one HTML page about LOG (a file, or a directory of segments): the verdict under\n"
        "every line, for each incident a map with the lines, their bands and the track, distance\n"
        "and P(inside) against time, height, speed, who was on watch, the error budget; then\n"
        "hashes of the log, its zone set and configuration, its latest checkpoint and those that\n"
        "others hold, and how to check all that. The page refers to nothing outside of it; it is\n"
        "whole without its script, which moves a mark along track and curves. The same log gives\n"
        "the same bytes. What is missing or altered in the log is marked.\n",
    .exits = "  0   written\n"
             "  2   written; the log is torn, damaged or altered, and the page says where\n"
             "  64  usage   65  not a log   66  cannot be read   73, 74  cannot be written\n",
    .example = "  skywitness report flight.mcap -o flight.html\n",
    .options = options,
    .run = run,
};
