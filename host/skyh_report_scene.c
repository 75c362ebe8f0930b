#include "skyh_report_page.h"

#include <math.h>
#include <stdio.h>

static const int64_t margin_ns = 60 * SKY_SECOND_NS;

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

/* The scene of an incident: what led to it and what came after, as far as the track goes. */
bool skyh_scene_of(const struct skyh_report_page *report, const struct skyh_incident *incident,
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

struct skyh_scene skyh_scene_of_run(const struct skyh_report_page *report,
                                    const struct skyh_dossier_run *run)
{
    return (struct skyh_scene){.dossier = &report->dossier,
                               .run = run,
                               .zones = &report->dossier.zones[run->zones],
                               .from_utc_ns = run->from_utc_ns,
                               .to_utc_ns = run->to_utc_ns};
}
