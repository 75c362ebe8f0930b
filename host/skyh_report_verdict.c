#include "skyh_report_page.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "skyh_event.h"

/* ------------------------------------------------------------------------------------ verdicts */

/* A full circle: inside. An empty one: outside. A half one: who knows. */
static const char *glyph_of(const struct sky_incident_line *line)
{
    if (line->was_inside) {
        return "&#9679;";
    }
    return line->deepest_m > line->deepest_u95_m ? "&#9675;" : "&#9681;";
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

static void put_line_name(struct skyh_report_page *report, const struct skyh_incident *incident,
                          size_t i)
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

static void put_verdict_row(struct skyh_report_page *report, const struct skyh_incident *incident,
                            size_t i)
{
    struct skyh_svg *const page = &report->page;
    const struct sky_incident_line *const line = &incident->line[i].said;
    char depth[32], bound[32];
    skyh_svg_put(page, "<tr>");
    put_line_name(report, incident, i);
    skyh_svg_put(page, "<td class=\"verdict\">%s %s</td>", glyph_of(line),
                 skyh_incidents_verdict(line));
    put_crossing(page, incident, &line->entry);
    put_crossing(page, incident, &line->exit);
    skyh_svg_put(page,
                 "<td class=\"n\">%.0f s</td><td class=\"n\">%s &#177;%s m %s</td>"
                 "<td class=\"n\">%.3f</td></tr>\n",
                 (double)line->dwell_ns * 1e-9, skyh_page_metres(fabs(line->deepest_m), depth),
                 skyh_page_metres(line->deepest_u95_m, bound),
                 line->deepest_m < 0.0 ? "inside" : "outside", line->p_inside_max);
}

/* What analysts decided, in the order of their notes. */
static void put_reviews(struct skyh_report_page *report, const struct skyh_incident *incident)
{
    struct skyh_svg *const page = &report->page;
    for (size_t i = 0; i < report->reviews.count; i++) {
        const struct skyh_review *const review = &report->reviews.review[i];
        if (!skyh_review_is_of(review, incident)) {
            continue;
        }
        skyh_svg_put(page, "<p>Review: %s by ", skyh_review_decision(review->decision));
        skyh_svg_say(page, review->key.name);
        skyh_svg_put(page, " (whoever holds that key), ");
        skyh_svg_say(page, review->time);
        if (review->words[0] != '\0') {
            skyh_svg_put(page, ": ");
            skyh_svg_say(page, review->words);
        }
        skyh_svg_put(page, "</p>\n");
    }
}

/* Those that do not hold are named, and not shown. */
static void put_other_reviews(struct skyh_report_page *report)
{
    struct skyh_svg *const page = &report->page;
    for (size_t i = 0; i < report->reviews.count; i++) {
        const struct skyh_review *const review = &report->reviews.review[i];
        if (!review->holds) {
            const char *const slash = strrchr(review->file, '/');
            skyh_svg_put(page, "<p>Not shown: ");
            skyh_svg_say(page, slash != NULL ? slash + 1 : review->file);
            skyh_svg_put(page, ", ");
            skyh_svg_say(page, review->wrong);
            skyh_svg_put(page, "</p>\n");
        }
    }
}

static void put_verdict(struct skyh_report_page *report, const struct skyh_incident *incident)
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
    put_reviews(report, incident);
}

void skyh_page_verdicts(struct skyh_report_page *report)
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
    put_other_reviews(report);
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

void skyh_page_budget(struct skyh_report_page *report, const struct skyh_scene *scene)
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
