#include "skyh_commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_igc.h"
#include "skyh_import_capture.h"
#include "skyh_json.h"
#include "skyh_outline.h"
#include "skyh_recorder.h"
#include "skyh_survey.h"

static const struct skyh_option options[] = {
    {"--plots", "FILE", "radar plots, in the order in which they were received"},
    {"--pose", "FILE", "the station's fixes, and those of other sensors"},
    {"--sensors", "FILE", "the sensors; the first one stands at the station"},
    {"--zones", "FILE", "the zones to watch"},
    {"--capture", "FILE", "ASTERIX as received: pcap, pcapng or raw data blocks; with --config"},
    {"--nmea", "FILE", "a receiver's log, in any protocol gpsd knows; with --config"},
    {"--config", "FILE", "the station that receives it: a configuration of skywitnessd"},
    {"--port", "N", "take what was sent to UDP port N, or N-M, not what the station listens to"},
    {"--day", "DATE", "the date of the first day of either, whatever it says itself"},
    {"--igc", "FILE", "a recorded flight: into a table of the truth, for scoring"},
    {"--out", "LOG", "write this log: LOG.mcap, or a directory of segments; also -o"},
    {"--key", "FILE", "sign the log with this key, which witness keygen made for a station"},
    {"--epoch", "UTC", "what t = 0 is (2026-01-02T00:00:00Z)"},
    {"--motion", "KIND", "what flies there: aircraft, mixed or drones (by the longest rmax)"},
    {NULL, NULL, NULL},
};

static const int64_t second_ns = SKY_SECOND_NS;
static const int64_t clock_error_ns = SKY_SECOND_NS / 1000;
static const double sigmas_in_95_percent = 1.96;
/* What a station takes for a date: sky_utc. */
static const int64_t utc_least_ns = INT64_C(1767225600) * SKY_SECOND_NS; /* 2026-01-01 */
static const int64_t utc_most_ns = INT64_C(4260211200) * SKY_SECOND_NS;  /* 2105-01-01 */

enum { TOGETHER_MAX = 32768 }; /* bytes of lines in one input */

/* One import; large. */
struct import {
    const char *key; /* of the log, or NULL */
    struct skyh_survey survey;
    struct skyh_plotfile plots;
    struct skyh_zonefile zones;
    struct sky_config config;
    int64_t epoch_utc_ns;
    int64_t begin_ns; /* the whole second, on the files' axis, that is the log's time 0 */
    struct skyh_recorded recorded;
    char text[TOGETHER_MAX]; /* lines that were received together */
};

/* ----------------------------------------------------------------------------------- zones */

/* A zone of the table. */
struct outline {
    const char *name;
    double sigma_m; /* 0: unstated */
    uint32_t count; /* of its vertices */
};

static struct outline *outline_of(struct outline outline[SKY_ZONES_MAX], size_t *count,
                                  const char *name)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(outline[i].name, name) == 0) {
            return &outline[i];
        }
    }
    if (*count == SKY_ZONES_MAX) {
        return NULL;
    }
    outline[*count] = (struct outline){.name = name};
    return &outline[(*count)++];
}

static bool take_sigma(const struct skyh_csv *csv, size_t row, size_t column,
                       struct outline *outline, struct skyh_problem *problem)
{
    double sigma_m = 0.0;
    if (skyh_csv_text(csv, row, column)[0] != '\0' &&
        !skyh_csv_number(csv, row, column, 0.0, 1e5, &sigma_m, problem)) {
        return false;
    }
    if (outline->count > 0 && fabs(sigma_m - outline->sigma_m) > 0.0) {
        return skyh_csv_fail(csv, row, column, problem,
                             "another than in the rows above of zone %.40s; expected one for the "
                             "whole line",
                             outline->name);
    }
    outline->sigma_m = sigma_m;
    return true;
}

static bool check_vertex(const struct skyh_csv *csv, size_t row, struct outline *outline,
                         struct skyh_problem *problem)
{
    size_t i = 0, sigma = 0;
    double index = 0.0;
    if (!skyh_csv_find(csv, "i", &i, problem) || !skyh_csv_find(csv, "sigma_m", &sigma, problem) ||
        !take_sigma(csv, row, sigma, outline, problem) ||
        !skyh_csv_number(csv, row, i, 0.0, 1e9, &index, problem)) {
        return false;
    }
    if (fabs(index - (double)outline->count) > 0.0) {
        return skyh_csv_fail(csv, row, i, problem,
                             "%.40s; expected %u: vertices of zone %.40s in their order",
                             skyh_csv_text(csv, row, i), outline->count, outline->name);
    }
    outline->count++;
    return true;
}

/* Adds the vertices of a zone, and the first one again: its table leaves that out. */
static bool draw_ring(const struct skyh_csv *csv, const struct outline *outline,
                      struct skyh_drawing *drawing, struct skyh_problem *problem)
{
    size_t name = 0, lat = 0, lon = 0;
    if (!skyh_csv_find(csv, "zone", &name, problem) || !skyh_csv_find(csv, "lat", &lat, problem) ||
        !skyh_csv_find(csv, "lon", &lon, problem)) {
        return false;
    }
    for (size_t row = 0; row < csv->row_count; row++) {
        struct skyh_place at = {0.0, 0.0};
        if (strcmp(skyh_csv_text(csv, row, name), outline->name) != 0) {
            continue;
        }
        if (!skyh_csv_number(csv, row, lat, -89.0, 89.0, &at.lat_deg, problem) ||
            !skyh_csv_number(csv, row, lon, -180.0, 180.0, &at.lon_deg, problem) ||
            !skyh_drawing_point(drawing, at, (uint32_t)csv->line[row], problem)) {
            return false;
        }
    }
    const uint32_t first = drawing->path[drawing->path_count - 1].first;
    return skyh_drawing_point(drawing, drawing->point[first].at, drawing->point[first].number,
                              problem);
}

/* One zone with one line. */
static bool draw_zone(const struct skyh_csv *csv, const struct outline *outline,
                      struct skyh_drawing *drawing, struct skyh_problem *problem)
{
    struct skyh_feature *const feature = skyh_drawing_feature(drawing, problem);
    struct skyh_path *const path = feature == NULL ? NULL : skyh_drawing_path(drawing, problem);
    if (path == NULL) {
        return false;
    }
    (void)snprintf(feature->where, sizeof feature->where, "zone %.100s", outline->name);
    (void)snprintf(path->where, sizeof path->where, "zone %.100s", outline->name);
    feature->zone.id = drawing->feature_count;
    skyh_drawing_text(feature->zone.name, outline->name);
    skyh_drawing_text(feature->line.name, outline->name);
    skyh_drawing_text(feature->line.source, "imported table");
    skyh_drawing_text(feature->line.licence, "not stated");
    feature->line.accuracy = outline->sigma_m > 0.0 ? SKYH_ACCURACY_SIGMA : SKYH_ACCURACY_UNSTATED;
    feature->line.stated_m = outline->sigma_m;
    return draw_ring(csv, outline, drawing, problem);
}

static bool hash_of(const char *file, uint8_t sha256[32], struct skyh_problem *problem)
{
    char *text = NULL;
    size_t count = 0;
    if (!skyh_json_slurp(file, &text, &count, problem)) {
        return false;
    }
    const bool hashed = skyh_zonefile_hash(text, count, sha256);
    free(text);
    return hashed || skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: no hash", file);
}

static bool build_zones(const struct skyh_csv *csv, const struct outline *outline, size_t count,
                        struct skyh_zone_build *build, struct skyh_notes *notes,
                        struct skyh_problem *problem)
{
    struct skyh_drawing drawing = {.file = csv->file, .numbering = SKYH_NUMBERING_LINES};
    uint8_t sha256[32];
    bool built = hash_of(csv->file, sha256, problem);
    for (size_t i = 0; i < count && built; i++) {
        built = draw_zone(csv, &outline[i], &drawing, problem);
    }
    for (size_t i = 0; i < count && built; i++) {
        struct skyh_feature *const feature = &drawing.feature[i];
        memcpy(feature->line.sha256, sha256, sizeof sha256);
        built = skyh_zonefile_add_zone(build, &feature->zone, feature->where, problem) &&
                skyh_outline_add(build, &drawing, feature, notes, problem);
    }
    skyh_drawing_done(&drawing);
    return built;
}

static bool pack_zones(struct import *import, const struct skyh_csv *csv,
                       const struct outline *outline, size_t count, struct skyh_problem *problem)
{
    struct skyh_zone_build *const build = calloc(1, sizeof *build);
    struct skyh_notes *const notes = calloc(1, sizeof *notes);
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    bool packed = false;
    if (build == NULL || notes == NULL) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", csv->file);
    } else {
        (void)snprintf(build->name, sizeof build->name, "%s", outline[0].name);
        packed = build_zones(csv, outline, count, build, notes, problem) &&
                 skyh_zonefile_pack(build, &bytes, &byte_count, problem);
        for (size_t i = 0; i < notes->count && i < SKYH_NOTES_MAX; i++) {
            skyh_note("import", "%s", notes->text[i]);
        }
        skyh_zonefile_done(build);
    }
    free(notes);
    free(build);
    return packed && skyh_zonefile_take(&import->zones, csv->file, bytes, byte_count, problem);
}

static bool read_outlines(const struct skyh_csv *csv, struct outline outline[SKY_ZONES_MAX],
                          size_t *count, struct skyh_problem *problem)
{
    size_t name = 0;
    if (!skyh_csv_find(csv, "zone", &name, problem)) {
        return false;
    }
    for (size_t row = 0; row < csv->row_count; row++) {
        const char *const zone = skyh_csv_text(csv, row, name);
        struct outline *const of = zone[0] == '\0' ? NULL : outline_of(outline, count, zone);
        if (of == NULL) {
            return skyh_csv_fail(csv, row, name, problem,
                                 "\"%.40s\"; expected a name, and at most %d zones", zone,
                                 SKY_ZONES_MAX);
        }
        if (!check_vertex(csv, row, of, problem)) {
            return false;
        }
    }
    return *count > 0 || skyh_fail(problem, SKYH_EXIT_DATA,
                                   "%s: no zone; expected rows behind the header", csv->file);
}

static bool read_zones(struct import *import, const char *file, struct skyh_problem *problem)
{
    struct skyh_csv csv = {0};
    struct outline outline[SKY_ZONES_MAX] = {{0}};
    size_t count = 0;
    const bool read = skyh_csv_open(&csv, file, problem) &&
                      read_outlines(&csv, outline, &count, problem) &&
                      pack_zones(import, &csv, outline, count, problem);
    skyh_csv_close(&csv);
    return read;
}

/* ---------------------------------------------------------------------------------- record */

/* The boot id tells imports of different plots apart, and is the same for the same ones. */
static uint64_t boot_of(const struct skyh_plotfile *plots)
{
    uint8_t digest[32] = {0};
    uint64_t boot = 0;
    (void)EVP_Digest(plots->text, plots->bytes, digest, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; i < 6; i++) {
        boot = boot << 8 | digest[i];
    }
    return boot;
}

static struct sky_gnss_report report_of(const struct skyh_fix *fix, int64_t epoch_utc_ns)
{
    const double speed_mps = hypot(fix->east_mps, fix->north_mps);
    const double course_deg = atan2(fix->east_mps, fix->north_mps) * 180.0 / SKY_PI;
    return (struct sky_gnss_report){
        .mode = 3,
        .has_time = true,
        .utc_ns = epoch_utc_ns + fix->time_ns,
        .lat_deg = fix->lat_deg,
        .lon_deg = fix->lon_deg,
        .alt_hae_m = fix->alt_hae_m,
        .alt_msl_m = (double)NAN,
        .err_lon_m = fix->sigma_horizontal_m * sigmas_in_95_percent,
        .err_lat_m = fix->sigma_horizontal_m * sigmas_in_95_percent,
        .err_alt_m = fix->sigma_vertical_m * sigmas_in_95_percent,
        .err_time_s = (double)clock_error_ns * 1e-9,
        .speed_mps = speed_mps,
        .course_deg = speed_mps > 0.0 ? course_deg + (course_deg < 0.0 ? 360.0 : 0.0) : (double)NAN,
        .climb_mps = fix->up_mps,
        .satellites_used = -1,
    };
}

static int record_fix(struct import *import, struct skyh_recorder *recorder,
                      const struct skyh_fix *fix)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.kind = SKY_INPUT_GNSS;
    input.u.gnss = report_of(fix, import->epoch_utc_ns);
    return skyh_recorder_take(recorder, &input, fix->time_ns - import->begin_ns, "gnss");
}

/*
 * Lines received at one instant are one input: their text, joined, since between them the file may
 * have had an empty line.
 */
static int record_lines(struct import *import, struct skyh_recorder *recorder, size_t *next)
{
    const struct skyh_plot_line *const first = &import->plots.line[*next];
    struct sky_input input;
    memset(&input, 0, sizeof input);
    size_t used = 0;
    while (*next < import->plots.line_count) {
        const struct skyh_plot_line *const line = &import->plots.line[*next];
        if (line->recv_ns != first->recv_ns || line->count > TOGETHER_MAX - used) {
            break;
        }
        memcpy(import->text + used, line->text, line->count);
        used += line->count;
        (*next)++;
    }
    input.kind = SKY_INPUT_PLOT_ROWS;
    input.u.plot_rows.text = import->text;
    input.u.plot_rows.count = used;
    input.u.plot_rows.epoch_utc_ns = import->epoch_utc_ns;
    return skyh_recorder_take(recorder, &input, first->recv_ns - import->begin_ns, "plots");
}

/* The files have one axis, and it is UTC: the kernel's clock could not be better. */
static int record_tick(struct import *import, struct skyh_recorder *recorder, int64_t at_ns)
{
    return skyh_recorder_tick(recorder, at_ns - import->begin_ns, true, clock_error_ns);
}

static int record_sources(struct skyh_recorder *recorder)
{
    const int error = skyh_recorder_source(recorder, 0, "gnss", SKY_SOURCE_UP, "imported");
    return error != 0 ? error
                      : skyh_recorder_source(recorder, 0, "plots", SKY_SOURCE_UP, "imported");
}

/* Everything in the order of its reception: at one instant first the fix, then plots, then tick. */
static int record_all(struct import *import, struct skyh_recorder *recorder)
{
    const struct skyh_survey *const survey = &import->survey;
    const struct skyh_plotfile *const plots = &import->plots;
    const int64_t last_plot_ns = plots->line[plots->line_count - 1].recv_ns;
    const int64_t last_fix_ns = survey->fix[survey->fix_count - 1].time_ns;
    const int64_t end_ns = last_plot_ns > last_fix_ns ? last_plot_ns : last_fix_ns;
    struct skyh_progress progress;
    int64_t tick_ns = import->begin_ns;
    size_t fix = 0, line = 0;
    int error = record_sources(recorder);
    skyh_progress_begin(&progress, "importing");
    while (error == 0 && tick_ns - second_ns < end_ns) {
        const int64_t fix_ns = fix < survey->fix_count ? survey->fix[fix].time_ns : INT64_MAX;
        const int64_t line_ns = line < plots->line_count ? plots->line[line].recv_ns : INT64_MAX;
        if (fix_ns <= line_ns && fix_ns <= tick_ns) {
            error = record_fix(import, recorder, &survey->fix[fix++]);
        } else if (line_ns <= tick_ns) {
            error = record_lines(import, recorder, &line);
        } else {
            error = record_tick(import, recorder, tick_ns);
            tick_ns += second_ns;
            skyh_progress_update(&progress, (double)line / (double)plots->line_count, "");
        }
    }
    if (error == 0) {
        error = skyh_recorder_source(recorder, tick_ns - second_ns - import->begin_ns, "",
                                     SKY_SOURCE_SHUTDOWN, "");
    }
    skyh_progress_end(&progress);
    return error;
}

static bool record(struct import *import, const char *out, struct skyh_problem *problem)
{
    const struct skyh_recording recording = {
        .config = &import->config,
        .zones = &import->zones,
        .how = "imported",
        .boot = boot_of(&import->plots),
        .start_utc_ns = import->epoch_utc_ns + import->begin_ns,
        .key = import->key,
    };
    struct skyh_recorder *recorder = NULL;
    return skyh_recorder_open(&recording, out, &recorder, problem) &&
           skyh_recorder_close(recorder, record_all(import, recorder), &import->recorded, problem);
}

/* --------------------------------------------------------------------------------- command */

static bool take_motion(const char *text, enum sky_motion_kind *ret_motion,
                        struct skyh_problem *problem)
{
    static const char *const names[] = {"aircraft", "mixed", "drones"};
    for (size_t i = 0; text != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_motion = (enum sky_motion_kind)(i + 1);
            return true;
        }
    }
    return text == NULL || skyh_fail(problem, SKYH_EXIT_USAGE,
                                     "--motion: %s; expected aircraft, mixed or drones", text);
}

static bool take_epoch(struct import *import, const char *text, struct skyh_problem *problem)
{
    const char *const said = text != NULL ? text : "2026-01-02T00:00:00Z";
    if (!skyh_utc_parse(said, &import->epoch_utc_ns)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--epoch: %s; expected an instant such as 2026-01-02T00:00:00Z", said);
    }
    return true;
}

/* Time 0 is a whole second of the files' axis, so that ticks fall on whole seconds. */
static bool begin(struct import *import, struct skyh_problem *problem)
{
    const int64_t fix_ns = import->survey.fix[0].time_ns, line_ns = import->plots.line[0].recv_ns;
    const int64_t first_ns = fix_ns < line_ns ? fix_ns : line_ns;
    const int64_t within_ns = (first_ns % second_ns + second_ns) % second_ns;
    import->begin_ns = first_ns - within_ns;
    const int64_t utc_ns = import->epoch_utc_ns + import->begin_ns;
    if (utc_ns < utc_least_ns || utc_ns > utc_most_ns) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--epoch: the first row would be at t = %.3f before 2026-01-01 or after "
                         "2105-01-01, dates that a station refuses",
                         (double)first_ns * 1e-9);
    }
    return true;
}

static bool require(const struct skyh_args *args, const char *name, const char **ret_value,
                    struct skyh_problem *problem)
{
    *ret_value = skyh_args_value(args, name);
    return *ret_value != NULL ||
           skyh_fail(problem, SKYH_EXIT_USAGE, "%s: missing; see skywitness import --help", name);
}

static bool import_all(struct import *import, const struct skyh_args *args,
                       struct skyh_problem *problem)
{
    const char *plots = NULL, *pose = NULL, *sensors = NULL, *zones = NULL, *out = NULL;
    enum sky_motion_kind motion = (enum sky_motion_kind)0;
    import->key = skyh_args_value(args, "--key");
    if (!require(args, "--plots", &plots, problem) || !require(args, "--pose", &pose, problem) ||
        !require(args, "--sensors", &sensors, problem) ||
        !require(args, "--zones", &zones, problem) || !require(args, "--out", &out, problem) ||
        !take_motion(skyh_args_value(args, "--motion"), &motion, problem) ||
        !take_epoch(import, skyh_args_value(args, "--epoch"), problem) ||
        !skyh_survey_open(&import->survey, pose, sensors, problem) ||
        !skyh_plotfile_open(&import->plots, plots, import->survey.fix[0].time_ns, problem) ||
        !skyh_survey_config(&import->survey, &import->plots, motion, &import->config, problem) ||
        !read_zones(import, zones, problem) || !begin(import, problem)) {
        return false;
    }
    if (import->plots.untimed > 0) {
        skyh_note("import",
                  "%s:%zu: t_recv cannot be used, here and in %zu more lines; expected numbers "
                  "that never go back: took the time of the line before",
                  plots, import->plots.first_untimed, import->plots.untimed - 1);
    }
    return record(import, out, problem);
}

static void print_json(const struct import *import, const char *log)
{
    const struct skyh_recorded *const recorded = &import->recorded;
    json_t *const out =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "log", log, "plots",
                  (json_int_t)import->plots.line_count, "plots_untimed",
                  (json_int_t)import->plots.untimed, "fixes", (json_int_t)import->survey.fix_count,
                  "inputs", (json_int_t)recorded->inputs, "events", (json_int_t)recorded->events,
                  "segments", (json_int_t)recorded->segments, "bytes", (json_int_t)recorded->bytes);
    (void)json_dumpf(out, stdout, JSON_INDENT(2));
    (void)printf("\n");
    json_decref(out);
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    if (skyh_args_value(args, "--capture") != NULL || skyh_args_value(args, "--nmea") != NULL) {
        return skyh_import_capture(args);
    }
    if (skyh_args_value(args, "--igc") != NULL) {
        return skyh_import_igc(args);
    }
    struct import *const import = calloc(1, sizeof *import);
    if (import == NULL) {
        skyh_note("import", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    const char *const log = skyh_args_value(args, "--out");
    int exit_code = SKYH_EXIT_OK;
    if (!import_all(import, args, &problem)) {
        exit_code = skyh_report("import", &problem);
    } else if (args->json) {
        print_json(import, log);
    } else {
        (void)printf(
            "%s: %zu plots and %zu fixes: %" PRIu64 " inputs, %" PRIu64 " events, %.1f MB\n", log,
            import->plots.line_count, import->survey.fix_count, import->recorded.inputs,
            import->recorded.events, (double)import->recorded.bytes * 1e-6);
    }
    skyh_survey_done(&import->survey);
    skyh_plotfile_close(&import->plots);
    skyh_zonefile_close(&import->zones);
    free(import);
    return exit_code;
}

const struct skyh_command skyh_import = {
    .name = "import",
    .operands = "",
    .operands_min = 0,
    .operands_max = 0,
    .summary = "make a log of tables of plots and poses, of captured ASTERIX or a receiver's log",
    .about =
        "Makes the log that a station would have recorded: what it received, its ticks, and what\n"
        "its own code concluded.\n"
        "\n"
        "Of a capture: the UDP datagrams to the ports and groups that the [asterix.NAME] sections\n"
        "of the configuration listen to, received when the capture says. Its station must stand "
        "at\n"
        "a surveyed site, unless --nmea brings fixes. Ethernet with or without VLAN, raw IP and\n"
        "Linux cooked, IPv4 and IPv6; fragments and what was captured without its end are left "
        "out\n"
        "and recorded as lost. A file of data blocks has no dates: it needs --day, and a block\n"
        "comes when its latest record was measured. --day moves by whole days, so times of day\n"
        "hold; a station refuses dates before 2026.\n"
        "\n"
        "Of a receiver's log: a real gpsd reads it, fed by gpsfake (Debian: gpsd, gpsd-clients),\n"
        "and each of its reports is received at the time that it states. With --capture both\n"
        "become one log; dates must agree, or --day gives each the same.\n"
        "\n"
        "Of an IGC file: no log but the table t,id,cls,lat,lon,alt,ve,vn,vu,v of where it truly\n"
        "was, t in seconds since its midnight or --epoch, into the file given by --out.\n"
        "\n"
        "Of tables, which are comma-separated with a header; t is in seconds on one axis, angles\n"
        "are in degrees, sigmas are 1 sigma:\n"
        "\n"
        "  plots    t,t_recv,sensor,range_m,az_deg,el_deg,rdot_mps,sig_r,sig_az_deg,sig_el_deg,\n"
        "           sig_rdot, exactly so and in order of t_recv; azimuth from true north, "
        "apparent\n"
        "           elevation, rdot positive when receding. Rows are recorded as they are: sense\n"
        "           is for the station to judge, and it says what it refused.\n"
        "  pose     t,sensor,lat,lon,alt,ve,vn,vu,sig_h,sig_v,sig_heading_deg: a receiver's "
        "fixes,\n"
        "           WGS-84; those of the first sensor are the station's, which may move. Others\n"
        "           stand where their first minute says.\n"
        "  sensors  sensor,scan_s,rotating,pd,fa_per_scan,rmin,rmax,elmin,elmax,vmax,notch_mps,\n"
        "           pd_notch, and if known bias_r,bias_az_deg,bias_el_deg. pd_notch is the share\n"
        "           of pd that is left below notch_mps of radial speed.\n"
        "  zones    zone,i,lat,lon,sigma_m: the vertices of each zone in their order; edges are\n"
        "           straight in longitude and latitude; sigma_m may be empty: unstated.\n",
    .exits = "  0   imported\n"
             "  64  usage   65  a file's content is wrong   66  a file cannot be read\n"
             "  69  gpsfake is not there or fails   73, 74  cannot write\n",
    .example =
        "  skywitness import --plots plots.csv --pose pose.csv --sensors sensors.csv \\\n"
        "      --zones zones.csv -o flight.mcap\n"
        "  skywitness import --capture night.pcapng --config skywitnessd.ini -o night.mcap\n",
    .options = options,
    .run = run,
};
