#include "skyh_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_audit.h"
#include "skyh_event.h"
#include "skyh_report_page.h"

static const struct skyh_option options[] = {
    {"--out", "FILE", "write this file, not standard output; also -o"},
    {NULL, NULL, NULL},
};

enum { SHOWN_MAX = 40 }; /* incidents that are drawn; all are in the table */

static const int64_t margin_ns = 60 * SKY_SECOND_NS;

/* Colours that colour-blind readers tell apart; on paper dashes and letters do. */
static const char style[] =
    ":root{--paper:#fff;--ink:#1b1b1b;--soft:#5c5c5c;--rule:#d3d3d3;--ground:#fafaf7;--bad:#a30000;"
    "--c0:#0060a8;--c1:#c04a00;--c2:#007a55;--c3:#a8418a;--c4:#8a6a00;--c5:#2f8fc4;--c6:#6b4fbb;"
    "--c7:#666}"
    "@media screen and "
    "(prefers-color-scheme:dark){:root{--paper:#15171a;--ink:#ececec;--soft:#a9a9a9;"
    "--rule:#3c4046;--ground:#1d2024;--bad:#ff8a80;--c0:#6db7ff;--c1:#ff9d5c;--c2:#4fd0a4;--c3:#"
    "f09bd4;"
    "--c4:#e0c04d;--c5:#8fd3ff;--c6:#b9a4ff;--c7:#bbb}}"
    "body{background:var(--paper);color:var(--ink);font:15px/1.45 \"DejaVu "
    "Sans\",Verdana,sans-serif;"
    "max-width:62em;margin:1.5em auto;padding:0 1em}"
    "h1{font-size:1.5em;margin:0 0 .2em}h2{font-size:1.2em;margin:1.6em 0 .4em;border-bottom:1px "
    "solid "
    "var(--rule)}h3{font-size:1em;margin:1.2em 0 .3em}p{margin:.4em 0}"
    "table{border-collapse:collapse;width:100%;font-size:.87em;margin:.4em 0}"
    "th,td{text-align:left;vertical-align:top;padding:.2em .6em .2em 0;border-bottom:1px solid "
    "var(--rule)}"
    "td.n,th.n{text-align:right;white-space:nowrap}"
    ".verdict{font-weight:bold;white-space:nowrap}.soft{color:var(--soft)}"
    ".status{border:2px solid var(--ink);padding:.4em .8em;margin:.8em 0}"
    ".status.bad{border:4px double var(--bad)}.status.bad b{color:var(--bad)}"
    "pre,code{font:12px/1.4 \"DejaVu Sans "
    "Mono\",monospace;overflow-wrap:anywhere;white-space:pre-wrap}"
    "figure{margin:.8em 0}figcaption{font-size:.85em;color:var(--soft)}"
    "svg{display:block;width:100%;height:auto;margin:.3em "
    "0}svg.defs{position:absolute;width:0;height:0}"
    "svg.swatch{display:inline;width:44px;height:12px;vertical-align:middle;margin:0}"
    "svg text{font:11px \"DejaVu Sans\",Verdana,sans-serif;fill:var(--ink)}"
    "text.tick{fill:var(--soft);font-size:10.5px}text.end{text-anchor:end}text.mid{text-anchor:"
    "middle}"
    "text.title{font-size:12px;font-weight:bold}text.letter{font-size:12px;font-weight:bold}"
    "text.note{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}"
    ".ground{fill:var(--ground);stroke:var(--soft);stroke-width:1}"
    ".grid{stroke:var(--rule);stroke-width:.7;fill:none}.axis{stroke:var(--ink);stroke-width:1.4;"
    "fill:none}"
    ".limit{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 4;fill:none}"
    ".c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}"
    ".c4{stroke:var(--c4)}.c5{stroke:var(--c5)}.c6{stroke:var(--c6)}.c7{stroke:var(--c7)}"
    ".d1{stroke-dasharray:9 4}.d2{stroke-dasharray:2 3}.d3{stroke-dasharray:10 3 2 3}"
    ".d4{stroke-dasharray:5 3}.d5{stroke-dasharray:14 4}.d6{stroke-dasharray:8 3 2 3 2 3}"
    ".d7{stroke-dasharray:1 5}"
    ".line{fill:none;stroke-width:1.9;stroke-linejoin:round}"
    ".band{fill:none;opacity:.13;stroke-linejoin:round}"
    ".area{stroke:none;opacity:.16}.area.c0{fill:var(--c0)}.area.c1{fill:var(--c1)}"
    ".area.c2{fill:var(--c2)}.area.c3{fill:var(--c3)}.area.c4{fill:var(--c4)}.area.c5{fill:var(--"
    "c5)}"
    ".area.c6{fill:var(--c6)}.area.c7{fill:var(--c7)}.area.c9{fill:var(--ink)}"
    ".track{fill:none;stroke:var(--ink);stroke-width:1.7;stroke-linejoin:round}"
    ".ellipse{fill:none;stroke:var(--ink);stroke-width:.7;opacity:.75}"
    ".plot{fill:none;stroke:var(--soft);stroke-width:.6;opacity:.7}"
    ".mark{fill:var(--ink);stroke:var(--paper);stroke-width:1}"
    ".reach{fill:none;stroke:var(--ink);stroke-width:1.1}"
    ".badge{fill:var(--paper);stroke:var(--ink);stroke-width:1}"
    ".key{fill:var(--paper);opacity:.8}.scale{fill:none;stroke:var(--ink);stroke-width:1.5}"
    ".north{fill:var(--ink)}.inside{fill:var(--ink);opacity:.06}"
    ".heard{fill:var(--soft)}.gap{fill:url(#hatch);stroke:var(--soft);stroke-width:.7}"
    ".hatch{stroke:var(--ink);stroke-width:1.2}"
    "@media screen and (max-width:700px){td.n,th.n,.verdict{white-space:normal}}"
    "@page{size:A4;margin:14mm}@media "
    "print{body{max-width:none;margin:0;padding:0;font-size:9.5pt}"
    "svg.map{max-height:104mm}h2{margin-top:1em}"
    "figure,svg,tr,.status{break-inside:avoid}h2,h3{break-after:avoid}}";

/* What a page is made of. Large. */
struct report {
    struct skyh_svg page;
    struct skyh_dossier dossier;
    struct skyh_audit audit;
    const struct skyh_log *log;
};

/* ------------------------------------------------------------------------------------ helpers */

char *skyh_page_metres(double metres, char text[32])
{
    const long whole = lround(metres);
    const long size = whole < 0 ? -whole : whole;
    if (size < 1000) {
        (void)snprintf(text, 32, "%ld", whole);
    } else {
        (void)snprintf(text, 32, "%s%ld,%03ld", whole < 0 ? "-" : "", size / 1000, size % 1000);
    }
    return text;
}

const char *skyh_page_clock(int64_t utc_ns, int decimals, char text[SKYH_UTC_TEXT_MAX])
{
    return skyh_utc_text(utc_ns, decimals, text) + 11;
}

bool skyh_scene_has(const struct skyh_scene *scene, const struct skyh_look *look)
{
    return look->run == scene->run->run && look->utc_ns >= scene->from_utc_ns &&
           look->utc_ns <= scene->to_utc_ns &&
           (scene->incident == NULL || look->track_id == scene->incident->said.track_id);
}

double skyh_scene_line_sigma_m(const struct skyh_scene *scene, uint32_t line)
{
    const struct sky_line *const claim = &scene->zones->set.line[line];
    return claim->accuracy_stated ? claim->sigma_m
                                  : scene->run->config.incident.unstated_line_sigma_m;
}

/* Base64, as a Content-Security-Policy has hashes. */
static void base64(const uint8_t hash[32], char text[48])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t at = 0;
    for (size_t i = 0; i < 33; i += 3) {
        const uint32_t third = i + 2 < 32 ? hash[i + 2] : 0U;
        const uint32_t bits = (uint32_t)hash[i] << 16 | (uint32_t)hash[i + 1] << 8 | third;
        for (int k = 3; k >= 0; k--) {
            text[at++] = digits[bits >> (6 * k) & 63U];
        }
    }
    text[43] = '=';
    text[44] = '\0';
}

/* The scene of an incident: what led to it and what came after, as far as the track goes. */
static bool scene_of(const struct report *report, const struct skyh_incident *incident,
                     struct skyh_scene *ret_scene)
{
    const struct skyh_dossier *const dossier = &report->dossier;
    const struct skyh_dossier_run *const run = skyh_dossier_run(dossier, incident->run);
    if (run == NULL || !incident->utc_known) {
        return false;
    }
    struct skyh_scene scene = {.dossier = dossier,
                               .run = run,
                               .incident = incident,
                               .zones = &dossier->zones[run->zones],
                               .zone = UINT32_MAX,
                               .from_utc_ns = incident->said.opened_ns + incident->utc_offset_ns -
                                              2 * margin_ns,
                               .to_utc_ns = INT64_MAX};
    for (uint32_t i = 0; i < scene.zones->set.zone_count; i++) {
        scene.zone = scene.zones->set.zone[i].id == incident->said.zone_id ? i : scene.zone;
    }
    if (incident->said.state == SKY_INCIDENT_CLOSED) {
        scene.to_utc_ns = incident->said.closed_ns + incident->utc_offset_ns + margin_ns;
    }
    /* No further than the track goes. */
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
    for (size_t i = 0; i < dossier->look_count; i++) {
        if (skyh_scene_has(&scene, &dossier->look[i])) {
            const int64_t utc_ns = dossier->look[i].utc_ns;
            first_ns = utc_ns < first_ns ? utc_ns : first_ns;
            last_ns = utc_ns > last_ns ? utc_ns : last_ns;
        }
    }
    if (scene.zone == UINT32_MAX || first_ns >= last_ns) {
        return false;
    }
    scene.from_utc_ns = first_ns - 5 * SKY_SECOND_NS;
    scene.to_utc_ns = last_ns + 5 * SKY_SECOND_NS;
    *ret_scene = scene;
    return true;
}

static struct skyh_scene scene_of_run(const struct report *report,
                                      const struct skyh_dossier_run *run)
{
    return (struct skyh_scene){.dossier = &report->dossier,
                               .run = run,
                               .zones = &report->dossier.zones[run->zones],
                               .from_utc_ns = run->from_utc_ns,
                               .to_utc_ns = run->to_utc_ns};
}

/* ------------------------------------------------------------------------------------- header */

static void put_head(struct skyh_svg *page)
{
    uint8_t hash[32] = {0};
    char text[48];
    (void)skyh_zonefile_hash(style, sizeof style - 1, hash);
    base64(hash, text);
    skyh_svg_put(page,
                 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "style-src 'sha256-%s'\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<title>Skywitness: record of an airspace</title>\n<style>",
                 text);
    skyh_svg_put(page, "%s", style);
    skyh_svg_put(page,
                 "</style>\n</head>\n<body>\n<svg class=\"defs\" aria-hidden=\"true\"><defs>"
                 "<pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
                 "patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0v6\"/></pattern>"
                 "</defs></svg>\n");
}

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

static void put_title(struct report *report)
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
static void put_status(struct report *report)
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

/* ------------------------------------------------------------------------------------ verdicts */

static const char *verdict_of(const struct sky_incident_line *line)
{
    if (line->was_inside) {
        return line->started_inside ? "&#9679; began inside" : "&#9679; entered";
    }
    return line->deepest_m > line->deepest_u95_m ? "&#9675; outside" : "&#9681; undecided";
}

static void put_crossing(struct skyh_svg *page, const struct skyh_incident *incident,
                         const struct sky_crossing *crossing)
{
    char text[SKYH_UTC_TEXT_MAX];
    if (!crossing->known || !incident->utc_known) {
        skyh_svg_put(page, "<td>&#8211;</td>");
        return;
    }
    const double before_s = (double)(crossing->time_ns - crossing->earliest_ns) * 1e-9;
    const double after_s = (double)(crossing->latest_ns - crossing->time_ns) * 1e-9;
    skyh_svg_put(page, "<td>%s &#8722;%.1f +%.1f s</td>",
                 skyh_page_clock(crossing->time_ns + incident->utc_offset_ns, 1, text), before_s,
                 after_s);
}

/* Which line of its zone it is: that decides its letter. Without the zone, which of those seen. */
static size_t letter_of(const struct skyh_dossier *dossier, const struct skyh_incident *incident,
                        size_t i)
{
    const struct skyh_dossier_run *const run = skyh_dossier_run(dossier, incident->run);
    const struct sky_zone_set *const set = run != NULL ? &dossier->zones[run->zones].set : NULL;
    for (uint32_t line = 0; set != NULL && line < set->line_count; line++) {
        if (set->line[line].id == incident->line[i].said.line_id) {
            return line - set->zone[set->line[line].zone].first_line;
        }
    }
    return i;
}

static void put_line_name(struct report *report, const struct skyh_incident *incident, size_t i)
{
    struct skyh_svg *const page = &report->page;
    const size_t n = letter_of(&report->dossier, incident, i);
    skyh_svg_put(page,
                 "<td><b>%c</b> <svg class=\"swatch\" viewBox=\"0 0 44 12\" aria-hidden=\"true\">"
                 "<path class=\"line c%zu d%zu\" d=\"M1 6h42\"/></svg> ",
                 (int)('A' + (int)n), n, n);
    skyh_svg_say(page, incident->line[i].name);
    if (incident->line[i].party[0] != '\0') {
        skyh_svg_put(page, " <span class=\"soft\">(");
        skyh_svg_say(page, incident->line[i].party);
        skyh_svg_put(page, ")</span>");
    }
    skyh_svg_put(page, "</td>");
}

static void put_verdict_row(struct report *report, const struct skyh_incident *incident, size_t i)
{
    struct skyh_svg *const page = &report->page;
    const struct sky_incident_line *const line = &incident->line[i].said;
    char depth[32], bound[32];
    skyh_svg_put(page, "<tr>");
    put_line_name(report, incident, i);
    skyh_svg_put(page, "<td class=\"verdict\">%s</td>", verdict_of(line));
    put_crossing(page, incident, &line->entry);
    put_crossing(page, incident, &line->exit);
    skyh_svg_put(page,
                 "<td class=\"n\">%.0f s</td><td class=\"n\">%s &#177;%s m %s</td>"
                 "<td class=\"n\">%.3f</td></tr>\n",
                 (double)line->dwell_ns * 1e-9, skyh_page_metres(fabs(line->deepest_m), depth),
                 skyh_page_metres(line->deepest_u95_m, bound),
                 line->deepest_m < 0.0 ? "inside" : "outside", line->p_inside_max);
}

static void put_verdict(struct report *report, const struct skyh_incident *incident)
{
    struct skyh_svg *const page = &report->page;
    size_t inside = 0;
    char opened[SKYH_UTC_TEXT_MAX] = "at an unknown time";
    for (size_t i = 0; i < incident->line_count; i++) {
        inside += incident->line[i].said.was_inside ? 1 : 0;
    }
    if (incident->utc_known) {
        (void)skyh_utc_text(incident->said.opened_ns + incident->utc_offset_ns, 0, opened);
    }
    skyh_svg_put(page, "<h3 id=\"v%" PRIu64 "-%u\">Incident %" PRIu64 ".%u, ", incident->run,
                 incident->said.id, incident->run, incident->said.id);
    skyh_svg_say(page, incident->zone);
    skyh_svg_put(page, "</h3>\n<p>%s UTC. Inside under %s of %zu lines%s. ", opened,
                 inside == 0 ? "none" : (inside == incident->line_count ? "all" : "some"),
                 incident->line_count,
                 inside > 0 && inside < incident->line_count ? ": it depends on the line" : "");
    if (incident->classified) {
        const struct sky_classification *const result = &incident->classification.result;
        skyh_svg_put(page, "Kind: %s. ", sky_classify_kind_name(result->kind));
        if (result->target == SKY_CLASS_UNKNOWN) {
            skyh_svg_put(page, "What it was is not decided. ");
        } else {
            skyh_svg_put(page, "Consistent with %s (P %.2f). ",
                         sky_classify_class_name(result->target),
                         result->probability[result->target]);
        }
    }
    skyh_svg_put(page, "Track %u, %s.</p>\n", incident->said.track_id,
                 incident->said.state == SKY_INCIDENT_CLOSED ? skyh_event_end(incident->said.end)
                                                             : "not closed: the record ends");
    skyh_svg_put(page,
                 "<table>\n<thead><tr><th>Under the line</th><th>Verdict</th>"
                 "<th>Entered, UTC</th><th>Left, UTC</th><th class=\"n\">Inside for</th>"
                 "<th class=\"n\">Deepest, 95 %%</th><th class=\"n\">P max</th></tr></thead>\n"
                 "<tbody>\n");
    for (size_t i = 0; i < incident->line_count; i++) {
        put_verdict_row(report, incident, i);
    }
    skyh_svg_put(page, "</tbody>\n</table>\n");
}

static void put_verdicts(struct report *report)
{
    const struct skyh_incidents *const incidents = &report->dossier.incidents;
    struct skyh_svg *const page = &report->page;
    skyh_svg_put(page, "<h2>Verdict under each line</h2>\n");
    for (size_t i = 0; i < incidents->count; i++) {
        put_verdict(report, &incidents->incident[i]);
    }
    if (incidents->count == 0) {
        skyh_svg_put(page,
                     "<p><b>No incident.</b> While the sensors were on watch, as drawn below, "
                     "nothing was found inside any zone under any line for long enough to "
                     "be sure.</p>\n");
    } else {
        skyh_svg_put(page, "<p class=\"soft\">Deepest: the look furthest inside, or nearest to the "
                           "line. Times: the instant at which P(inside) passed one half, and how "
                           "much earlier or later it may have been.</p>\n");
    }
}

/* ------------------------------------------------------------------------------------- budget */

/* The look that was deepest under a line. */
static const struct sky_assessment *deepest_of(const struct skyh_scene *scene, uint32_t line_id)
{
    const struct sky_assessment *found = NULL;
    for (size_t i = 0; i < scene->dossier->look_count; i++) {
        const struct skyh_look *const look = &scene->dossier->look[i];
        const struct sky_assessment *const under =
            skyh_scene_has(scene, look) ? skyh_dossier_under(scene->dossier, look, line_id) : NULL;
        found = under != NULL && (found == NULL || under->distance_m < found->distance_m) ? under
                                                                                          : found;
    }
    return found;
}

static void put_budget(struct report *report, const struct skyh_scene *scene)
{
    struct skyh_svg *const page = &report->page;
    const struct skyh_incident *const incident = scene->incident;
    skyh_svg_put(page, "<h3>Error budget at the deepest look, 1 sigma towards the line, m</h3>\n"
                       "<table>\n<thead><tr><th>Under the line</th><th class=\"n\">Track</th>"
                       "<th class=\"n\">Station</th><th class=\"n\">Time</th>"
                       "<th class=\"n\">Line</th><th class=\"n\">Drawing</th>"
                       "<th class=\"n\">95 %% bound</th><th>Accuracy, edges</th></tr></thead>\n"
                       "<tbody>\n");
    for (size_t i = 0; i < incident->line_count; i++) {
        const struct sky_assessment *const at = deepest_of(scene, incident->line[i].said.line_id);
        if (at == NULL) {
            continue;
        }
        skyh_svg_put(page, "<tr>");
        put_line_name(report, incident, i);
        skyh_svg_put(page,
                     "<td class=\"n\">%.1f</td><td class=\"n\">%.1f</td><td class=\"n\">%.1f</td>"
                     "<td class=\"n\">%.1f</td><td class=\"n\">%.1f</td><td class=\"n\">%.1f</td>"
                     "<td>%s, %s</td></tr>\n",
                     at->sigma_track_m, at->sigma_pose_m, at->sigma_time_m, at->sigma_line_m,
                     at->sigma_rule_m, at->u95_m,
                     at->line_accuracy_stated ? "as stated" : "not stated: as configured",
                     at->line_rule_stated ? "rule stated" : "rule not stated");
    }
    skyh_svg_put(page, "</tbody>\n</table>\n");
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

static void put_scene(struct report *report, const struct skyh_incident *incident)
{
    struct skyh_svg *const page = &report->page;
    struct skyh_scene scene;
    skyh_svg_put(page, "<h2 id=\"i%" PRIu64 "-%u\">Incident %" PRIu64 ".%u</h2>\n", incident->run,
                 incident->said.id, incident->run, incident->said.id);
    if (!scene_of(report, incident, &scene)) {
        skyh_svg_put(page, "<p>Its track or the beginning of its run is not in this log.</p>\n");
        return;
    }
    skyh_svg_put(page, "<figure>\n");
    skyh_page_map(page, &scene);
    skyh_svg_put(page, "<figcaption>Lines by letter, each with its band of 2 sigma; the track with "
                       "ellipses of 2 sigma.");
    put_sensors(page, &scene);
    skyh_svg_put(page,
                 " North is up; WGS-84. Lines are claims as their sources draw them, endorsed "
                 "by nobody here.</figcaption>\n</figure>\n<figure>\n");
    skyh_page_charts(page, &scene);
    skyh_svg_put(page, "</figure>\n");
    put_budget(report, &scene);
    skyh_svg_put(page, "<figure>\n");
    skyh_page_coverage(page, &scene);
    skyh_svg_put(page,
                 "<figcaption>Where the sensors stand, and how far each is used.</figcaption>\n"
                 "</figure>\n");
}

static void put_scenes(struct report *report)
{
    const struct skyh_incidents *const incidents = &report->dossier.incidents;
    for (size_t i = 0; i < incidents->count && i < SHOWN_MAX; i++) {
        put_scene(report, &incidents->incident[i]);
    }
    if (incidents->count > SHOWN_MAX) {
        skyh_svg_put(&report->page, "<p>%zu more incidents are in the table above only.</p>\n",
                     incidents->count - SHOWN_MAX);
    }
}

/* --------------------------------------------------------------------------------------- watch */

static void put_source_row(struct skyh_svg *page, const struct skyh_dossier *dossier, size_t source,
                           const struct skyh_dossier_run *run)
{
    int64_t before_ns = run->from_utc_ns, longest_ns = 0;
    const struct skyh_heard_source *const said = &dossier->source[source];
    size_t gaps = 0;
    for (size_t k = 0; k <= dossier->heard_count; k++) {
        const bool end = k == dossier->heard_count;
        if (!end && dossier->heard[k].source != source) {
            continue;
        }
        const int64_t next_ns = end ? run->to_utc_ns : dossier->heard[k].from_utc_ns;
        gaps += next_ns - before_ns > said->pause_ns ? 1 : 0;
        longest_ns = next_ns - before_ns > longest_ns ? next_ns - before_ns : longest_ns;
        before_ns = end ? before_ns : dossier->heard[k].to_utc_ns;
    }
    skyh_svg_put(page, "<tr><td>");
    skyh_svg_say(page, said->name);
    skyh_svg_put(page,
                 "</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%.1f s</td>"
                 "<td class=\"n\">%zu</td>",
                 said->inputs, (double)said->pause_ns * 1e-9, gaps);
    if (gaps > 0) {
        skyh_svg_put(page, "<td class=\"n\">%.1f s</td>", (double)longest_ns * 1e-9);
    } else {
        skyh_svg_put(page, "<td class=\"n\">none</td>");
    }
    skyh_svg_put(page, "<td class=\"n\">%" PRIu64 "</td></tr>\n", said->lost);
}

static void put_watch(struct report *report)
{
    struct skyh_svg *const page = &report->page;
    const struct skyh_dossier *const dossier = &report->dossier;
    skyh_svg_put(page, "<h2>On watch</h2>\n");
    for (size_t i = 0; i < dossier->run_count; i++) {
        const struct skyh_dossier_run *const run = &dossier->run[i];
        if (!run->has_span || run->from_utc_ns >= run->to_utc_ns) {
            continue;
        }
        const struct skyh_scene scene = scene_of_run(report, run);
        skyh_svg_put(page, "<figure>\n");
        skyh_page_watch(page, &scene);
        skyh_svg_put(page,
                     "<figcaption>All of run %" PRIu64 ".</figcaption>\n</figure>\n"
                     "<table>\n<thead><tr><th>Source</th><th class=\"n\">Inputs</th>"
                     "<th class=\"n\">May pause</th><th class=\"n\">Gaps</th>"
                     "<th class=\"n\">Longest</th><th class=\"n\">Lost or torn</th></tr>"
                     "</thead>\n<tbody>\n",
                     run->run);
        for (size_t k = 0; k < dossier->source_count; k++) {
            if (dossier->source[k].run == run->run) {
                put_source_row(page, dossier, k, run);
            }
        }
        skyh_svg_put(page,
                     "</tbody>\n</table>\n<p>%" PRIu64 " things were received and not used; "
                     "the log says why of each.</p>\n",
                     run->refused);
        if (dossier->incidents.count == 0) {
            skyh_svg_put(page, "<figure>\n");
            skyh_page_coverage(page, &scene);
            skyh_svg_put(page,
                         "<figcaption>Where the sensors stand, how far each is used, and what "
                         "flew there.</figcaption>\n</figure>\n");
        }
    }
    for (size_t i = 0; i < dossier->damage_count; i++) {
        const char *const slash = strrchr(dossier->damage[i].file, '/');
        skyh_svg_put(page, "<p><b>%s</b>: ", dossier->damage[i].torn ? "Breaks off" : "Damage");
        skyh_svg_say(page, slash != NULL ? slash + 1 : dossier->damage[i].file);
        skyh_svg_put(page, ", byte %" PRIu64 ": ", dossier->damage[i].offset);
        skyh_svg_say(page, dossier->damage[i].reason);
        skyh_svg_put(page, "</p>\n");
    }
}

/* -------------------------------------------------------------------------------------- hashes */

static void put_hash(struct skyh_svg *page, const char *what, const char *name,
                     const uint8_t hash[32])
{
    char hex[65];
    skyh_svg_put(page, "<tr><td>%s</td><td>", what);
    skyh_svg_say(page, name);
    skyh_svg_put(page, "</td><td><code>%s</code></td></tr>\n", skyh_zonefile_hex(hash, hex));
}

static void put_zone_hashes(struct skyh_svg *page, const struct skyh_zonefile *zones)
{
    put_hash(page, "Zone set", zones->names.set_name, zones->sha256);
    for (uint32_t i = 0; i < zones->set.line_count; i++) {
        char name[2 * SKYH_NAME_TEXT_MAX];
        (void)snprintf(name, sizeof name, "%.90s (%.90s)", zones->names.line[i].name,
                       zones->names.line[i].licence);
        put_hash(page, "Line's source", name, zones->names.line[i].sha256);
    }
}

static void put_hashes(struct report *report)
{
    struct skyh_svg *const page = &report->page;
    uint8_t hash[32];
    char name[64];
    skyh_svg_put(page, "<h2>What this page rests on</h2>\n<table>\n<thead><tr><th>What</th>"
                       "<th>Name</th><th>SHA-256</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->log->segment_count && i < SHOWN_MAX; i++) {
        const struct skyh_log_segment *const segment = &report->log->segment[i];
        const char *const slash = strrchr(segment->file, '/');
        if (skyh_zonefile_hash(segment->bytes, segment->count, hash)) {
            put_hash(page, "Log", slash != NULL ? slash + 1 : segment->file, hash);
        }
    }
    for (size_t i = 0; i < report->dossier.run_count && i < SHOWN_MAX; i++) {
        (void)snprintf(name, sizeof name, "record that run %" PRIu64 " begins with",
                       report->dossier.run[i].run);
        put_hash(page, "Configuration", name, report->dossier.run[i].config_sha256);
    }
    for (size_t i = 0; i < report->dossier.zones_count; i++) {
        put_zone_hashes(page, &report->dossier.zones[i]);
    }
    skyh_svg_put(page, "</tbody>\n</table>\n");
    if (report->audit.latest_valid) {
        skyh_svg_put(page,
                     "<p>The latest checkpoint in the log, over %" PRIu64 " records, by the "
                     "key that the log names. Whoever holds the same, cosigned by a witness, "
                     "can prove that nothing before it was changed since:</p>\n<pre>",
                     report->audit.latest.size);
        skyh_svg_say(page, report->audit.latest_note);
        skyh_svg_put(page, "</pre>\n");
    } else {
        skyh_svg_put(page,
                     "<p>The log holds no checkpoint that is signed: nothing but these hashes, "
                     "held elsewhere, tells whether all of it was made anew.</p>\n");
    }
}

static void put_how_to_check(struct skyh_svg *page)
{
    skyh_svg_put(
        page,
        "<h2>How to check it</h2>\n<p>With the log beside you:</p>\n<pre>"
        "sha256sum LOG              the hashes above\n"
        "skywitness verify LOG      chain, tree, signatures, gaps; --checkpoint compares one that "
        "others hold\n"
        "skywitness replay LOG --check\n"
        "                           the station's own code over its own inputs gives its events\n"
        "skywitness report LOG      this page again, byte for byte</pre>\n"
        "<p class=\"soft\">This page has no script and asks for nothing from anywhere. Tamper "
        "evidence is not truth: the record says what the sensors said.</p>\n</body>\n</html>\n");
}

/* ------------------------------------------------------------------------------------- command */

static bool make(struct report *report, struct skyh_log *log, struct skyh_problem *problem)
{
    const struct skyh_audit_config config = {0};
    report->log = log;
    if (!skyh_audit_run(log, &config, &report->audit, problem) ||
        !skyh_dossier_collect(&report->dossier, log, "report", problem)) {
        return false;
    }
    put_head(&report->page);
    put_title(report);
    put_status(report);
    put_verdicts(report);
    put_scenes(report);
    put_watch(report);
    put_hashes(report);
    put_how_to_check(&report->page);
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

static void print_json(const struct report *report, const char *file)
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

static int report_exit(const struct report *report)
{
    return report->audit.altered > 0 || report->audit.torn > 0
               ? SKYH_EXIT_DAMAGED
               : skyh_dossier_exit(&report->dossier, report->log);
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct report *const report = calloc(1, sizeof *report);
    int exit_code = SKYH_EXIT_SOFTWARE;
    const char *const file = skyh_args_value(args, "--out");
    if (report == NULL) {
        skyh_note("report", "out of memory");
    } else if (args->json && file == NULL) {
        (void)skyh_fail(&problem, SKYH_EXIT_USAGE, "--json: expected --out FILE with it");
        exit_code = skyh_report("report", &problem);
    } else if (!skyh_log_open(&log, args->operand[0], &problem) || !make(report, &log, &problem) ||
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
        skyh_svg_done(&report->page);
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
        "hashes of the log, its zone set and configuration, its latest checkpoint, and how to\n"
        "check all that. The page holds no script and no reference to anything outside of it;\n"
        "the same log gives the same bytes. What is missing or altered in the log is marked.\n",
    .exits = "  0   written\n"
             "  2   written; the log is torn, damaged or altered, and the page says where\n"
             "  64  usage   65  not a log   66  cannot be read   73, 74  cannot be written\n",
    .example = "  skywitness report flight.mcap -o flight.html\n",
    .options = options,
    .run = run,
};
