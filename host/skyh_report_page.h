/**
 * skyh_report_page: the parts of a report - maps, curves and tables as HTML and SVG, whole
 * without script.
 *
 * Everything is drawn twice as it were: in colour, and by dashes, letters and hatching, so that a
 * black and white print loses nothing. Line n of a zone has letter 'A' + n, class c<n>, everywhere.
 */
#ifndef SKYH_REPORT_PAGE_H
#define SKYH_REPORT_PAGE_H

#include "skyh_audit.h"
#include "skyh_dossier.h"
#include "skyh_reviews.h"
#include "skyh_svg.h"
#include "skyh_trust.h"

/** What a page is made of. Large. */
struct skyh_report_page {
    struct skyh_svg page;
    struct skyh_dossier dossier;
    struct skyh_audit audit;
    struct skyh_reviews reviews; /* beside the log; without a list of whose key is known */
    const struct skyh_log *log;
    struct skyh_trust *trust; /* NULL: nobody is asked */
};

enum { SKYH_SHOWN_MAX = 40 }; /* incidents that are drawn; all are in the table */

/** What is shown: one incident, or, with incident NULL, a run and everything that flew in it. */
struct skyh_scene {
    const struct skyh_dossier *dossier;
    const struct skyh_dossier_run *run;
    const struct skyh_incident *incident;
    const struct skyh_zonefile *zones;
    uint32_t zone; /* index in the zone set */
    int64_t from_utc_ns;
    int64_t to_utc_ns;
};

/** The scene of an incident: what led to it and what came after, as far as the track goes. False if
 * its track or run is not in the log. */
bool skyh_scene_of(const struct skyh_report_page *report, const struct skyh_incident *incident,
                   struct skyh_scene *ret_scene);

/** The scene of a whole run. */
struct skyh_scene skyh_scene_of_run(const struct skyh_report_page *report,
                                    const struct skyh_dossier_run *run);

/** Metres in threes, "12,345"; returns text. */
char *skyh_page_metres(double metres, char text[32]);

/** "23:08:41.2"; returns what it wrote into text. */
const char *skyh_page_clock(int64_t utc_ns, int decimals, char text[SKYH_UTC_TEXT_MAX]);

/** True if a look belongs to the scene. */
bool skyh_scene_has(const struct skyh_scene *scene, const struct skyh_look *look);

/** 1 sigma of a line of the set: as stated, or as the station was told to take. */
double skyh_scene_line_sigma_m(const struct skyh_scene *scene, uint32_t line);

/** The map: lines with their bands, track, plots; and a smaller one of where the sensors see. */
void skyh_page_map(struct skyh_svg *page, const struct skyh_scene *scene);
void skyh_page_coverage(struct skyh_svg *page, const struct skyh_scene *scene);

/** Distance, P(inside), height and speed against time; and who was on watch. */
void skyh_page_charts(struct skyh_svg *page, const struct skyh_scene *scene);

/** Who was on watch in all of a run. */
void skyh_page_watch(struct skyh_svg *page, const struct skyh_scene *scene);

/** All up to the body: the style, and that nothing else may be loaded or run. */
void skyh_page_head(struct skyh_svg *page);

/** The script, and the end. */
void skyh_page_tail(struct skyh_svg *page);

/** The verdict under each line, of all incidents. */
void skyh_page_verdicts(struct skyh_report_page *report);

/** The error budget at the deepest look of an incident. */
void skyh_page_budget(struct skyh_report_page *report, const struct skyh_scene *scene);

/** Who was on watch in every run, and what of the log cannot be read. */
void skyh_page_watches(struct skyh_report_page *report);

/** Hashes of everything the page rests on, and how to check them. */
void skyh_page_hashes(struct skyh_report_page *report);
void skyh_page_how_to_check(struct skyh_svg *page);

#endif
