#include "skyh_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_rerun.h"
#include "skyh_zonefile.h"

static const struct skyh_option options[] = {
    {"--format", "WHAT", "tracks-csv, events-csv or sensors-csv"},
    {"--out", "FILE", "write this file, not standard output; also -o"},
    {"--existence", "P", "tracks-csv: leave out tracks less probable than this (0.5)"},
    {"--epoch", "UTC", "what t = 0 is (as imported, else 2026-01-02T00:00:00Z)"},
    {NULL, NULL, NULL},
};

static const double deg_per_rad = 180.0 / SKY_PI;
static const int64_t default_epoch_ns = INT64_C(1767312000) * SKY_SECOND_NS; /* 2026-01-02 */

enum format { FORMAT_TRACKS = 1, FORMAT_EVENTS, FORMAT_SENSORS };

/* One export; large. The watch comes first. */
struct export
{
    struct skyh_rerun_watch watch;
    struct skyh_rerun *rerun;
    FILE *out;
    enum format format;
    double existence_min;
    int64_t epoch_ns;
    struct skyh_zonefile zones; /* of the first run */
    uint64_t runs;
    bool other_zones; /* a later run watched other zones: its columns would be others */
    int64_t time_ns;  /* of the latest input ... */
    int64_t utc_ns;   /* ... and as UTC */
    int64_t second;   /* the latest whole second that was written */
    struct sky_assessment assessment[SKY_LINES_MAX];
};

/* ----------------------------------------------------------------------------------- cells */

/* A cell, quoted if it must be. */
static void put_text(FILE *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        (void)fputs(text, out);
        return;
    }
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            (void)fputc('"', out);
        }
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

static uint32_t zone_of(const struct skyh_zonefile *zones, uint32_t line)
{
    return zones->set.line[line].zone;
}

/* "ZONE" under the zone's first line, "ZONE:line" under the others. */
static void put_zone(FILE *out, const struct skyh_zonefile *zones, uint32_t line,
                     const char *before)
{
    const uint32_t zone = zone_of(zones, line);
    const bool first = line == zones->set.zone[zone].first_line;
    char text[2 * SKYH_TEXT_MAX + 8];
    (void)snprintf(text, sizeof text, "%s%.*s%s%.*s", before, SKYH_TEXT_MAX,
                   zones->names.zone[zone].name, first ? "" : ":", SKYH_TEXT_MAX,
                   first ? "" : zones->names.line[line].name);
    put_text(out, text);
}

/* An id is a run's own: those of later runs say which. */
static void put_id(const struct export *export, uint32_t id)
{
    if (export->runs > 1) {
        (void)fprintf(export->out, "%" PRIu64 ".", export->runs);
    }
    (void)fprintf(export->out, "%" PRIu32, id);
}

/* Seconds since the epoch. */
static void put_time(const struct export *export, int64_t utc_ns)
{
    (void)fprintf(export->out, "%.6f", (double)(utc_ns - export->epoch_ns) * 1e-9);
}

static int64_t utc_of(const struct export *export, int64_t time_ns)
{
    return export->utc_ns + (time_ns - export->time_ns);
}

/* ---------------------------------------------------------------------------------- tracks */

static void put_tracks_header(const struct export *export)
{
    (void)fprintf(export->out, "t,track_id,lat,lon,alt,ve,vn,vu");
    for (int row = 0; row < 6; row++) {
        for (int column = row; column < 6; column++) {
            (void)fprintf(export->out, ",c%d%d", row, column);
        }
    }
    (void)fprintf(export->out, ",t_out,p_exist");
    for (uint32_t line = 0; line < export->zones.set.line_count; line++) {
        (void)fputc(',', export->out);
        put_zone(export->out, &export->zones, line, "p_");
    }
    (void)fputc('\n', export->out);
}

static void put_track(struct export *export, size_t slot, const struct sky_event_track *track)
{
    struct sky_engine *const engine = &skyh_rerun_station(export->rerun)->engine;
    FILE *const out = export->out;
    put_time(export, export->utc_ns);
    (void)fputc(',', out);
    put_id(export, track->id);
    (void)fprintf(out, ",%.9f,%.9f,%.3f,%.4f,%.4f,%.4f", track->place.lat_rad * deg_per_rad,
                  track->place.lon_rad * deg_per_rad, track->place.alt_hae_m, track->vel_east_mps,
                  track->vel_north_mps, track->vel_up_mps);
    for (size_t i = 0; i < sizeof track->cov / sizeof track->cov[0]; i++) {
        (void)fprintf(out, ",%.9g", track->cov[i]);
    }
    (void)fputc(',', out);
    put_time(export, export->utc_ns);
    (void)fprintf(out, ",%.9g", track->existence);
    sky_engine_assess_at(engine, slot, export->time_ns, export->assessment);
    for (uint32_t line = 0; line < export->zones.set.line_count; line++) {
        const struct sky_assessment *const at = &export->assessment[line];
        (void)fprintf(out, ",%.9g", at->p_inside * at->p_vertical * track->existence);
    }
    (void)fputc('\n', out);
}

/* After the first tick of every second: what the station believes then. */
static void put_tracks(struct export *export)
{
    const struct sky_engine *const engine = &skyh_rerun_station(export->rerun)->engine;
    struct sky_event_track track;
    for (size_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        if (sky_engine_track_at(engine, slot, export->time_ns, &track) &&
            track.existence >= export->existence_min) {
            put_track(export, slot, &track);
        }
    }
}

/* ---------------------------------------------------------------------------------- events */

static void put_events_header(const struct export *export)
{
    (void)fprintf(export->out, "t_decl,zone,kind,track_id,t_event,p\n");
}

static bool line_of(const struct export *export, uint32_t line_id, uint32_t *ret_line)
{
    for (uint32_t line = 0; line < export->zones.set.line_count; line++) {
        if (export->zones.set.line[line].id == line_id) {
            *ret_line = line;
            return true;
        }
    }
    return false;
}

/* That a track was never seen inside is no event: it only says on which side it began. */
static void put_alert(const struct export *export, const struct sky_event_alert *alert)
{
    uint32_t line = 0;
    if ((alert->first && !alert->inside) || !line_of(export, alert->line_id, &line)) {
        return;
    }
    put_time(export, export->utc_ns);
    (void)fputc(',', export->out);
    put_zone(export->out, &export->zones, line, "");
    (void)fprintf(export->out, ",%s,", alert->inside ? "enter" : "exit");
    put_id(export, alert->track_id);
    (void)fputc(',', export->out);
    if (alert->crossing_known) {
        put_time(export, utc_of(export, alert->crossing_ns));
    }
    (void)fprintf(export->out, ",%.9g\n", alert->p);
}

/* --------------------------------------------------------------------------------- sensors */

static void put_sensors_header(const struct export *export)
{
    (void)fprintf(export->out, "t,sensor,registration,pairs,bias_r,bias_az_deg,bias_el_deg,bias_t,"
                               "sig_r,sig_az_deg,sig_el_deg,sig_t,nis_r,nis_az,nis_el,nis_rdot,"
                               "nis_h,nis_e,nis_n,nis_out,pd,fa_per_scan,plots,used\n");
}

static const char *registration_name(enum sky_register_state state)
{
    switch (state) {
    case SKY_REGISTER_ALONE:
        return "alone";
    case SKY_REGISTER_LEARNING:
        return "learning";
    case SKY_REGISTER_APPLIED:
        return "applied";
    }
    return "?";
}

static void put_biases(FILE *out, const double bias[SKY_BIASES])
{
    (void)fprintf(out, ",%.9g,%.9g,%.9g,%.9g", bias[SKY_BIAS_RANGE],
                  bias[SKY_BIAS_AZIMUTH] * deg_per_rad, bias[SKY_BIAS_ELEVATION] * deg_per_rad,
                  bias[SKY_BIAS_TIME]);
}

static void put_sensor(const struct export *export, const struct sky_event_sensor *sensor)
{
    const struct sky_engine *const engine = &skyh_rerun_station(export->rerun)->engine;
    FILE *const out = export->out;
    put_time(export, export->utc_ns);
    (void)fputc(',', out);
    put_text(out, engine->config.sensor[sensor->sensor].name);
    (void)fprintf(out, ",%s,%" PRIu64, registration_name(sensor->registration.state),
                  sensor->registration.pairs);
    put_biases(out, sensor->registration.bias);
    put_biases(out, sensor->registration.bias_sigma);
    for (size_t i = 0; i < SKY_COMPONENTS; i++) {
        (void)fprintf(out, ",%.9g", sensor->nis[i]);
    }
    (void)fprintf(out, ",%" PRIu32 ",%.9g,%.9g,%" PRIu64 ",%" PRIu64 "\n", sensor->nis_out,
                  sensor->detection_probability, sensor->false_plots_per_scan, sensor->plots,
                  sensor->used);
}

/* ----------------------------------------------------------------------------------- a run */

static void put_header(const struct export *export)
{
    switch (export->format) {
    case FORMAT_TRACKS:
        put_tracks_header(export);
        break;
    case FORMAT_EVENTS:
        put_events_header(export);
        break;
    case FORMAT_SENSORS:
        put_sensors_header(export);
        break;
    }
}

static void begin_run(struct export *export, const struct sky_input *input)
{
    const size_t count = input->u.config.zone_byte_count;
    struct skyh_problem problem;
    export->runs++;
    export->second = INT64_MIN;
    if (export->runs > 1) {
        export->other_zones = export->other_zones || count != export->zones.count ||
                              memcmp(input->u.config.zone_bytes, export->zones.bytes, count) != 0;
        return;
    }
    uint8_t *const bytes = malloc(count + 1);
    if (bytes != NULL) {
        memcpy(bytes, input->u.config.zone_bytes, count);
        export->other_zones = !skyh_zonefile_take(&export->zones, "zones", bytes, count, &problem);
    }
    put_header(export);
}

/* UTC as the station has it; before it has any, as its kernel had. */
static void set_now(struct export *export, const struct sky_input *input)
{
    const struct sky_utc_estimate utc =
        sky_station_utc(skyh_rerun_station(export->rerun), input->time_ns);
    export->time_ns = input->time_ns;
    export->utc_ns = utc.state > SKY_CLOCK_RTC ? utc.utc_ns : input->realtime_ns;
}

static void on_input(struct skyh_rerun_watch *watch, const struct sky_input *input)
{
    struct export *const export = (struct export *)watch;
    set_now(export, input);
    if (input->kind == SKY_INPUT_CONFIG) {
        begin_run(export, input);
    }
    const int64_t since_ns = export->utc_ns - export->epoch_ns;
    const int64_t second = since_ns / SKY_SECOND_NS - (since_ns % SKY_SECOND_NS < 0 ? 1 : 0);
    if (input->kind == SKY_INPUT_TICK && second != export->second && !export->other_zones) {
        export->second = second;
        if (export->format == FORMAT_TRACKS) {
            put_tracks(export);
        }
    }
}

static void on_event(struct skyh_rerun_watch *watch, const struct sky_event *event)
{
    const struct export *const export = (const struct export *)watch;
    if (export->other_zones) {
        return;
    }
    if (export->format == FORMAT_EVENTS && event->kind == SKY_EVENT_ALERT) {
        put_alert(export, &event->u.alert);
    }
    if (export->format == FORMAT_SENSORS && event->kind == SKY_EVENT_SENSOR) {
        put_sensor(export, &event->u.sensor);
    }
}

/* --------------------------------------------------------------------------------- command */

/* What t = 0 was in the tables that the log was made of; false if it was made of none. */
static bool find_epoch(struct skyh_log *log, int64_t *ret_epoch_ns)
{
    struct sky_arena arena = {.bytes = malloc(SKY_CODEC_ARENA_BYTES),
                              .capacity = SKY_CODEC_ARENA_BYTES};
    struct skyh_log_item item;
    bool found = false;
    while (arena.bytes != NULL && !found && skyh_log_next(log, &item)) {
        struct sky_input input;
        struct sky_utc_estimate utc;
        if (item.scan.found == SKY_SCAN_RECORD && item.scan.channel == SKY_CHANNEL_PLOT_ROWS &&
            sky_codec_unpack_input(item.scan.channel, item.scan.bytes, item.scan.count, &arena,
                                   &input, &utc) == SKY_OK) {
            *ret_epoch_ns = input.u.plot_rows.epoch_utc_ns;
            found = true;
        }
    }
    free(arena.bytes);
    skyh_log_rewind(log);
    return found;
}

static bool take_format(const char *text, enum format *ret_format, struct skyh_problem *problem)
{
    static const char *const names[] = {"tracks-csv", "events-csv", "sensors-csv"};
    for (size_t i = 0; text != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_format = (enum format)(i + 1);
            return true;
        }
    }
    return skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--format: %s; expected tracks-csv, events-csv or sensors-csv",
                     text == NULL ? "missing" : text);
}

static bool take_options(struct export *export, const struct skyh_args *args, struct skyh_log *log,
                         struct skyh_problem *problem)
{
    const char *const format = skyh_args_value(args, "--format");
    const char *const epoch = skyh_args_value(args, "--epoch");
    export->existence_min = 0.5;
    if (!take_format(format, &export->format, problem)) {
        return false;
    }
    if (epoch != NULL && !skyh_utc_parse(epoch, &export->epoch_ns)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--epoch: %s; expected an instant such as 2026-01-02T00:00:00Z", epoch);
    }
    if (epoch == NULL && !find_epoch(log, &export->epoch_ns)) {
        export->epoch_ns = default_epoch_ns;
    }
    return skyh_args_number(args, "--existence", 0.0, 1.0, &export->existence_min, problem);
}

static bool open_out(struct export *export, const char *file, struct skyh_problem *problem)
{
    export->out = file == NULL ? stdout : fopen(file, "we");
    return export->out != NULL ||
           skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", file, strerror(errno));
}

static bool close_out(struct export *export, const char *file, struct skyh_problem *problem)
{
    if (file == NULL) {
        return true; /* standard output is checked at the very end */
    }
    const bool failed = ferror(export->out) != 0;
    return (fclose(export->out) == 0 && !failed) ||
           skyh_fail(problem, SKYH_EXIT_IO, "%s: cannot be written", file);
}

static bool walk(struct export *export, struct skyh_log *log, struct skyh_problem *problem)
{
    struct skyh_progress progress;
    struct skyh_log_item item;
    export->rerun = skyh_rerun_open(false, &export->watch);
    if (export->rerun == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    skyh_progress_begin(&progress, "exporting");
    while (skyh_log_next(log, &item)) {
        skyh_log_say("export", &item);
        skyh_rerun_take(export->rerun, &item);
        skyh_progress_update(&progress, skyh_log_share(log, &item), "");
    }
    skyh_rerun_finish(export->rerun);
    skyh_progress_end(&progress);
    const bool lost = skyh_rerun_verdict(export->rerun)->lost;
    skyh_rerun_close(export->rerun);
    if (export->runs == 0 || export->other_zones) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s",
                         export->runs == 0
                             ? "no run begins in this log; expected its configuration"
                             : "runs watch different zones; expected one zone set in all of them");
    }
    return !lost ||
           skyh_fail(problem, SKYH_EXIT_DAMAGED, "inputs of a run are lost: the rest is exported");
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct export *const export = calloc(1, sizeof *export);
    const char *const file = skyh_args_value(args, "--out");
    if (export == NULL) {
        skyh_note("export", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    export->watch = (struct skyh_rerun_watch){.input = on_input, .event = on_event};
    int exit_code = SKYH_EXIT_OK;
    if (!skyh_log_open(&log, args->operand[0], &problem) ||
        !take_options(export, args, &log, &problem) || !open_out(export, file, &problem)) {
        exit_code = skyh_report("export", &problem);
    } else {
        exit_code =
            walk(export, &log, &problem) ? skyh_log_exit(&log) : skyh_report("export", &problem);
        if (!close_out(export, file, &problem)) {
            exit_code = skyh_report("export", &problem);
        }
    }
    skyh_zonefile_close(&export->zones);
    skyh_log_close(&log);
    free(export);
    return exit_code;
}

const struct skyh_command skyh_export = {
    .name = "export",
    .operands = "LOG",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "tables of a log's tracks, entries and exits, or sensors",
    .about =
        "Feeds the recorded inputs of LOG through the station's own code and writes what it\n"
        "believes. t is in seconds since the epoch, the same as in tables that were imported.\n"
        "\n"
        "  tracks-csv  t,track_id,lat,lon,alt,ve,vn,vu,c00..c55,t_out,p_exist,p_ZONE...: every\n"
        "              believed track once a second, after the tick. c: upper triangle of the\n"
        "              covariance of east, north, up and their speeds, at the place, common "
        "errors\n"
        "              included. p_ZONE: probability that it exists and is in the zone under its\n"
        "              first line; p_ZONE:LINE under others.\n"
        "  events-csv  t_decl,zone,kind,track_id,t_event,p: when an entry or exit was declared,\n"
        "              and when it happened, if known. zone is ZONE or ZONE:LINE as above.\n"
        "  sensors-csv once a minute and at changes: estimated biases (measured less true) and\n"
        "              their sigmas, mean squared normalised residuals (1 is as it should be;\n"
        "              nis_out: bit i for the i-th), learned probability of detection and false\n"
        "              plots a scan, plots received and used.\n",
    .exits = "  0   exported\n"
             "  2   the log is torn, damaged or incomplete; what is there is exported\n"
             "  64  usage   65  not a log, or runs with different zones   66  cannot be read\n"
             "  73, 74  cannot write\n",
    .example = "  skywitness export --format tracks-csv -o tracks.csv flight.mcap\n"
               "  skywitness export --format events-csv flight.mcap\n",
    .options = options,
    .run = run,
};
