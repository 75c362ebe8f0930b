#include "skyh_report_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

void skyh_page_watches(struct skyh_report_page *report)
{
    struct skyh_svg *const page = &report->page;
    const struct skyh_dossier *const dossier = &report->dossier;
    skyh_svg_put(page, "<h2>On watch</h2>\n");
    for (size_t i = 0; i < dossier->run_count; i++) {
        const struct skyh_dossier_run *const run = &dossier->run[i];
        if (!run->has_span || run->from_utc_ns >= run->to_utc_ns) {
            continue;
        }
        const struct skyh_scene scene = skyh_scene_of_run(report, run);
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

void skyh_page_hashes(struct skyh_report_page *report)
{
    struct skyh_svg *const page = &report->page;
    uint8_t hash[32];
    char name[64];
    skyh_svg_put(page, "<h2>What this page rests on</h2>\n<table>\n<thead><tr><th>What</th>"
                       "<th>Name</th><th>SHA-256</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < report->log->segment_count && i < SKYH_SHOWN_MAX; i++) {
        const struct skyh_log_segment *const segment = &report->log->segment[i];
        const char *const slash = strrchr(segment->file, '/');
        if (skyh_zonefile_hash(segment->bytes, segment->count, hash)) {
            put_hash(page, "Log", slash != NULL ? slash + 1 : segment->file, hash);
        }
    }
    for (size_t i = 0; i < report->dossier.run_count && i < SKYH_SHOWN_MAX; i++) {
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

void skyh_page_how_to_check(struct skyh_svg *page)
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
