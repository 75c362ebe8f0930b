#include "skyh_report_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sky_math.h"

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

/* What the station had learned of a radar by the end of the run; as configured if nothing. */
static double learned_of(const struct skyh_dossier *dossier, const struct skyh_dossier_run *run,
                         uint32_t sensor)
{
    double learned = run->config.sensor[sensor].detection_probability;
    for (size_t i = 0; i < dossier->health_count; i++) {
        if (dossier->health[i].run == run->run && dossier->health[i].sensor == sensor) {
            learned = dossier->health[i].detection_probability;
        }
    }
    return learned;
}

static void put_sensor_row(struct skyh_svg *page, const struct skyh_dossier *dossier,
                           const struct skyh_dossier_run *run, uint32_t sensor)
{
    static const double z95 = 1.959963984540054, deg_per_rad = 180.0 / SKY_PI;
    const struct sky_sensor_config *const config = &run->config.sensor[sensor];
    skyh_svg_put(page, "<tr><td>");
    skyh_svg_say(page, config->name);
    if (config->kind == SKY_SENSOR_COOPERATIVE) {
        skyh_svg_put(page, "</td><td colspan=\"3\">reported places &#177;%.0f m</td>",
                     z95 * config->sigma_place_m);
    } else {
        skyh_svg_put(page,
                     "</td><td class=\"n\">%.0f m</td><td class=\"n\">%.2f&#176;</td>"
                     "<td class=\"n\">",
                     z95 * config->sigma_range_m, z95 * config->sigma_azimuth_rad * deg_per_rad);
        if (config->measures_elevation) {
            skyh_svg_put(page, "%.2f&#176;</td>", z95 * config->sigma_elevation_rad * deg_per_rad);
        } else {
            skyh_svg_put(page, "none</td>");
        }
    }
    skyh_svg_put(page,
                 "<td class=\"n\">%.1f s</td><td class=\"n\">%.0f km</td><td class=\"n\">%.2f</td>"
                 "<td class=\"n\">%.2f</td></tr>\n",
                 (double)config->scan_ns * 1e-9, 1e-3 * config->range_max_m,
                 config->detection_probability, learned_of(dossier, run, sensor));
}

/* What was required of the sensors, and what they did. */
static void put_sensors(struct skyh_svg *page, const struct skyh_dossier *dossier,
                        const struct skyh_dossier_run *run)
{
    skyh_svg_put(page, "<table>\n<thead><tr><th>Sensor, 95 %% of its errors</th>"
                       "<th class=\"n\">Range</th><th class=\"n\">Azimuth</th>"
                       "<th class=\"n\">Elevation</th><th class=\"n\">A look every</th>"
                       "<th class=\"n\">Used to</th><th class=\"n\">Detection, stated</th>"
                       "<th class=\"n\">learned</th></tr></thead>\n<tbody>\n");
    for (uint32_t i = 0; i < run->config.sensor_count; i++) {
        put_sensor_row(page, dossier, run, i);
    }
    skyh_svg_put(page, "</tbody>\n</table>\n");
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
        put_sensors(page, dossier, run);
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

/* The checkpoint in the log itself. */
static void put_latest(struct skyh_report_page *report)
{
    struct skyh_svg *const page = &report->page;
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

/* Who signed it beside the log, as far as the policy knows them. */
static void put_cosigner(struct skyh_svg *page, const struct skyh_trust *trust, size_t held,
                         unsigned signature)
{
    const struct sky_note *const note = &trust->file[held].note;
    const struct sky_note_signature *const line = &note->signature[signature];
    const char *word = "its key is not at hand";
    char name[SKY_NOTE_NAME_MAX], utc[SKYH_UTC_TEXT_MAX] = "";
    (void)snprintf(name, sizeof name, "%.*s", (int)line->name_bytes, line->name);
    for (size_t i = 0; trust->has_policy && i < trust->policy.member_count; i++) {
        uint64_t time_s = 0;
        const struct skyh_policy_member *const member = &trust->policy.member[i];
        if (!member->is_group && strcmp(member->key.name, name) == 0) {
            const bool holds = sky_note_check(note, &member->key, &time_s) == SKY_NOTE_SIGNED;
            word = holds ? "holds" : "<b>DOES NOT HOLD</b>";
            if (holds && time_s > 0 && time_s < 9000000000U) {
                (void)skyh_utc_text((int64_t)time_s * SKY_SECOND_NS, 0, utc);
            }
        }
    }
    skyh_svg_put(page, "<tr><td>Cosigned by ");
    skyh_svg_say(page, name);
    skyh_svg_put(page, "</td><td>%s</td><td>%s%s</td></tr>\n", word, utc,
                 utc[0] != '\0' ? " UTC" : "");
}

static const char *told_of(const struct skyh_held *held)
{
    if (held->seen) {
        return "<b>This log has it</b>: its first so many records are what they were then.";
    }
    if (held->gone) {
        return "The records around its end are gone from this log, so it cannot be compared.";
    }
    return "<b>THIS LOG DOES NOT HAVE IT.</b> Another log was shown to whoever holds it, or this "
           "one is cut before its end.";
}

/* A checkpoint that somebody else holds, and who else signed it. */
static void put_held(struct skyh_report_page *report, size_t held)
{
    struct skyh_svg *const page = &report->page;
    const struct skyh_trust *const trust = report->trust;
    const struct skyh_notefile *const file = &trust->file[held];
    const char *const slash = strrchr(trust->held[held].name, '/');
    skyh_svg_put(page, "<h3>Checkpoint from elsewhere, ");
    skyh_svg_say(page, slash != NULL ? slash + 1 : trust->held[held].name);
    skyh_svg_put(page,
                 "</h3>\n<p>Over %" PRIu64 " records, signed by the log's key. %s</p>\n"
                 "<table>\n<tbody>\n",
                 file->checkpoint.size, told_of(&trust->held[held]));
    for (unsigned i = 0; i < file->note.count; i++) {
        if (file->note.signature[i].name_bytes != strlen(file->checkpoint.origin) ||
            memcmp(file->note.signature[i].name, file->checkpoint.origin,
                   file->note.signature[i].name_bytes) != 0) {
            put_cosigner(page, trust, held, i);
        }
    }
    skyh_svg_put(page, "</tbody>\n</table>\n<pre>");
    skyh_svg_say(page, file->text);
    skyh_svg_put(page, "</pre>\n");
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
    put_latest(report);
    for (size_t i = 0; report->trust != NULL && i < report->trust->count; i++) {
        put_held(report, i);
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
        "<p class=\"soft\">This page asks for nothing from anywhere, and is whole without its "
        "script, "
        "which only moves a mark. Tamper evidence is not truth: the record says what the sensors "
        "said.</p>\n");
}
