#include "skyh_blocks.h"
#include "skyh_commands.h"
#include "skyh_disclose.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "sky_report.h"
#include "skyh_rerun.h"
#include "skyh_zonefile.h"

static const struct skyh_option options[] = {
    {"--format", "WHAT", "tracks-csv, events-csv, sensors-csv or asterix; may be repeated"},
    {"--out", "FILE", "write this file, not standard output; one for each format; also -o"},
    {"--existence", "P", "tracks-csv, asterix: leave out tracks less probable than this (0.7)"},
    {"--delay", "S", "the same: tell each second as known so long after it, 0 to 5 (2.5)"},
    {"--sender", "SAC/SIC", "asterix: who signs the tracks (0/0)"},
    {"--proof", "ID", "records of this incident that others can check without the log"},
    {"--epoch", "UTC", "what t = 0 is (as imported, else 2026-01-02T00:00:00Z)"},
    {NULL, NULL, NULL},
};

static const double deg_per_rad = 180.0 / SKY_PI;
static const int64_t gap_most_s = 60;
static const int64_t default_epoch_ns = INT64_C(1767312000) * SKY_SECOND_NS; /* 2026-01-02 */

enum format { FORMAT_TRACKS, FORMAT_EVENTS, FORMAT_SENSORS, FORMAT_ASTERIX, FORMATS };

/* One export; large. The watch comes first. */
struct exporter {
    struct skyh_rerun_watch watch;
    struct skyh_rerun *rerun;
    FILE *out[FORMATS]; /* by format; NULL: not asked for */
    bool capture;       /* asterix as a capture, not as blocks alone */
    struct sky_asterix_sender sender;
    struct skyh_blocks blocks;
    double existence_min;
    double delay_s;
    int64_t epoch_ns;
    struct skyh_zonefile zones; /* of the first run */
    uint64_t runs;
    bool other_zones; /* a later run watched other zones: its columns would be others */
    int64_t time_ns;  /* of the latest input ... */
    int64_t utc_ns;   /* ... and as UTC */
    int64_t second;   /* the latest whole second since the epoch that was told */
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
static void put_id(FILE *out, const struct exporter *exporter, uint32_t id)
{
    if (exporter->runs > 1) {
        (void)fprintf(out, "%" PRIu64 ".", exporter->runs);
    }
    (void)fprintf(out, "%" PRIu32, id);
}

/* Seconds since the epoch. */
static void put_time(FILE *out, const struct exporter *exporter, int64_t utc_ns)
{
    (void)fprintf(out, "%.6f", (double)(utc_ns - exporter->epoch_ns) * 1e-9);
}

static int64_t utc_of(const struct exporter *exporter, int64_t time_ns)
{
    return exporter->utc_ns + (time_ns - exporter->time_ns);
}

/* ---------------------------------------------------------------------------------- tracks */

static void put_tracks_header(FILE *out, const struct skyh_zonefile *zones)
{
    (void)fprintf(out, "t,track_id,lat,lon,alt,ve,vn,vu");
    for (int row = 0; row < 6; row++) {
        for (int column = row; column < 6; column++) {
            (void)fprintf(out, ",c%d%d", row, column);
        }
    }
    (void)fprintf(out, ",t_out,p_exist");
    for (uint32_t line = 0; line < zones->set.line_count; line++) {
        (void)fputc(',', out);
        put_zone(out, zones, line, "p_");
    }
    (void)fputc('\n', out);
}

static void put_track(struct exporter *exporter, size_t slot, int64_t since_ns,
                      const struct sky_event_track *track)
{
    struct sky_engine *const engine = &skyh_rerun_station(exporter->rerun)->engine;
    FILE *const out = exporter->out[FORMAT_TRACKS];
    put_time(out, exporter, exporter->utc_ns - since_ns);
    (void)fputc(',', out);
    put_id(out, exporter, track->id);
    (void)fprintf(out, ",%.9f,%.9f,%.3f,%.4f,%.4f,%.4f", track->place.lat_rad * deg_per_rad,
                  track->place.lon_rad * deg_per_rad, track->place.alt_hae_m, track->vel_east_mps,
                  track->vel_north_mps, track->vel_up_mps);
    for (size_t i = 0; i < sizeof track->cov / sizeof track->cov[0]; i++) {
        (void)fprintf(out, ",%.9g", track->cov[i]);
    }
    (void)fputc(',', out);
    put_time(out, exporter, exporter->utc_ns);
    (void)fprintf(out, ",%.9g", track->existence);
    sky_report_assess_at(engine, slot, exporter->time_ns - since_ns, exporter->assessment);
    for (uint32_t line = 0; line < exporter->zones.set.line_count; line++) {
        const struct sky_assessment *const at = &exporter->assessment[line];
        (void)fprintf(out, ",%.9g", at->p_inside * at->p_vertical);
    }
    (void)fputc('\n', out);
}

/* What the station believes now of how it was since_ns ago. */
static void put_tracks(struct exporter *exporter, int64_t since_ns)
{
    const struct sky_engine *const engine = &skyh_rerun_station(exporter->rerun)->engine;
    struct sky_event_track track;
    for (size_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        if (sky_report_track_at(engine, slot, exporter->time_ns - since_ns, &track) &&
            track.status == SKY_TRACK_CONFIRMED && track.existence >= exporter->existence_min) {
            if (exporter->out[FORMAT_TRACKS] != NULL) {
                put_track(exporter, slot, since_ns, &track);
            }
            if (exporter->out[FORMAT_ASTERIX] != NULL) {
                skyh_blocks_put(&exporter->blocks, &track, exporter->utc_ns - since_ns,
                                exporter->utc_ns);
            }
        }
    }
    if (exporter->out[FORMAT_ASTERIX] != NULL) {
        skyh_blocks_flush(&exporter->blocks, exporter->utc_ns);
    }
}

static bool tells_seconds(const struct exporter *exporter)
{
    return (exporter->out[FORMAT_TRACKS] != NULL || exporter->out[FORMAT_ASTERIX] != NULL) &&
           !exporter->other_zones;
}

/*
 * Tells every whole second that is delay_ns ago or more and was not told. UTC that steps back a
 * little tells none twice; one that was far ahead was wrong, and its seconds are told again. One
 * that steps far ahead leaves out seconds that the tracks may not have kept.
 */
static void put_seconds(struct exporter *exporter, int64_t delay_ns)
{
    const int64_t now_ns = exporter->utc_ns - exporter->epoch_ns;
    const int64_t due_ns = now_ns - delay_ns;
    const int64_t due = due_ns / SKY_SECOND_NS - (due_ns % SKY_SECOND_NS < 0 ? 1 : 0);
    if (exporter->second < due - gap_most_s || exporter->second > due + gap_most_s) {
        exporter->second = due - 1;
    }
    while (exporter->second < due) {
        exporter->second++;
        put_tracks(exporter, now_ns - exporter->second * SKY_SECOND_NS);
    }
}

/* ---------------------------------------------------------------------------------- events */

static void put_events_header(FILE *out)
{
    (void)fprintf(out, "t_decl,zone,kind,track_id,t_event,p\n");
}

static bool line_of(const struct exporter *exporter, uint32_t line_id, uint32_t *ret_line)
{
    for (uint32_t line = 0; line < exporter->zones.set.line_count; line++) {
        if (exporter->zones.set.line[line].id == line_id) {
            *ret_line = line;
            return true;
        }
    }
    return false;
}

/* That a track was never seen inside is no event: it only says on which side it began. */
static void put_alert(const struct exporter *exporter, const struct sky_event_alert *alert)
{
    FILE *const out = exporter->out[FORMAT_EVENTS];
    uint32_t line = 0;
    if ((alert->first && !alert->inside) || !line_of(exporter, alert->line_id, &line)) {
        return;
    }
    put_time(out, exporter, exporter->utc_ns);
    (void)fputc(',', out);
    put_zone(out, &exporter->zones, line, "");
    (void)fprintf(out, ",%s,", alert->inside ? "enter" : "exit");
    put_id(out, exporter, alert->track_id);
    (void)fputc(',', out);
    if (alert->crossing_known) {
        put_time(out, exporter, utc_of(exporter, alert->crossing_ns));
    }
    (void)fprintf(out, ",%.9g\n", alert->p);
}

/* --------------------------------------------------------------------------------- sensors */

static void put_sensors_header(FILE *out)
{
    (void)fprintf(out, "t,sensor,registration,pairs,bias_r,bias_az_deg,bias_el_deg,bias_t,"
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

static void put_sensor(const struct exporter *exporter, const struct sky_event_sensor *sensor)
{
    const struct sky_engine *const engine = &skyh_rerun_station(exporter->rerun)->engine;
    FILE *const out = exporter->out[FORMAT_SENSORS];
    put_time(out, exporter, exporter->utc_ns);
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

static void put_headers(struct exporter *exporter)
{
    if (exporter->out[FORMAT_ASTERIX] != NULL) {
        skyh_blocks_begin(&exporter->blocks, exporter->out[FORMAT_ASTERIX], exporter->capture,
                          &exporter->sender);
    }
    if (exporter->out[FORMAT_TRACKS] != NULL) {
        put_tracks_header(exporter->out[FORMAT_TRACKS], &exporter->zones);
    }
    if (exporter->out[FORMAT_EVENTS] != NULL) {
        put_events_header(exporter->out[FORMAT_EVENTS]);
    }
    if (exporter->out[FORMAT_SENSORS] != NULL) {
        put_sensors_header(exporter->out[FORMAT_SENSORS]);
    }
}

static void begin_run(struct exporter *exporter, const struct sky_input *input)
{
    const size_t count = input->u.config.zone_byte_count;
    struct skyh_problem problem;
    exporter->runs++;
    exporter->second = INT64_MIN;
    if (exporter->runs > 1) {
        exporter->other_zones =
            exporter->other_zones || count != exporter->zones.count ||
            memcmp(input->u.config.zone_bytes, exporter->zones.bytes, count) != 0;
        return;
    }
    uint8_t *const bytes = malloc(count + 1);
    if (bytes != NULL) {
        memcpy(bytes, input->u.config.zone_bytes, count);
        exporter->other_zones =
            !skyh_zonefile_take(&exporter->zones, "zones", bytes, count, &problem);
    }
    put_headers(exporter);
}

/* UTC as the station has it; before it has any, as its kernel had. */
static void set_now(struct exporter *exporter, const struct sky_input *input)
{
    const struct sky_utc_estimate utc =
        sky_station_utc(skyh_rerun_station(exporter->rerun), input->time_ns);
    exporter->time_ns = input->time_ns;
    exporter->utc_ns = utc.state > SKY_CLOCK_RTC ? utc.utc_ns : input->realtime_ns;
}

static void on_input(struct skyh_rerun_watch *watch, const struct sky_input *input)
{
    struct exporter *const exporter = (struct exporter *)watch;
    set_now(exporter, input);
    if (input->kind == SKY_INPUT_CONFIG) {
        begin_run(exporter, input);
    }
    if (tells_seconds(exporter)) {
        put_seconds(exporter, llround(exporter->delay_s * 1e9));
    }
}

static void on_event(struct skyh_rerun_watch *watch, const struct sky_event *event)
{
    const struct exporter *const exporter = (const struct exporter *)watch;
    if (exporter->other_zones) {
        return;
    }
    if (exporter->out[FORMAT_EVENTS] != NULL && event->kind == SKY_EVENT_ALERT) {
        put_alert(exporter, &event->u.alert);
    }
    if (exporter->out[FORMAT_SENSORS] != NULL && event->kind == SKY_EVENT_SENSOR) {
        put_sensor(exporter, &event->u.sensor);
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
    static const char *const names[] = {"tracks-csv", "events-csv", "sensors-csv", "asterix"};
    for (size_t i = 0; text != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_format = (enum format)i;
            return true;
        }
    }
    return skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--format: %s; expected tracks-csv, events-csv, sensors-csv or asterix",
                     text == NULL ? "missing" : text);
}

/* The n-th --format goes to the n-th -o; a single one to standard output without. */
static bool open_outs(struct exporter *exporter, const struct skyh_args *args,
                      struct skyh_problem *problem)
{
    const char *format[SKYH_ARGS_MAX] = {NULL}, *file[SKYH_ARGS_MAX] = {NULL};
    size_t formats = 0, files = 0;
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->option[i].name, "--format") == 0) {
            format[formats++] = args->option[i].value;
        } else if (strcmp(args->option[i].name, "--out") == 0) {
            file[files++] = args->option[i].value;
        }
    }
    if (files > formats || (formats > 1 && files < formats)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "-o: %zu of them, %zu times --format; expected one for each", files,
                         formats);
    }
    for (size_t i = 0; i < formats || i == 0; i++) {
        enum format which = FORMAT_TRACKS;
        if (!take_format(format[i], &which, problem)) {
            return false;
        }
        if (exporter->out[which] != NULL) {
            return skyh_fail(problem, SKYH_EXIT_USAGE, "--format: %s twice; expected it once",
                             format[i]);
        }
        const size_t length = file[i] == NULL ? 0 : strlen(file[i]);
        exporter->capture = which == FORMAT_ASTERIX
                                ? length > 5 && strcmp(file[i] + length - 5, ".pcap") == 0
                                : exporter->capture;
        exporter->out[which] = file[i] == NULL ? stdout : fopen(file[i], "we");
        if (exporter->out[which] == NULL) {
            return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", file[i], strerror(errno));
        }
    }
    return true;
}

/* Standard output is checked at the very end. */
static bool close_outs(struct exporter *exporter, struct skyh_problem *problem)
{
    bool written = true;
    for (size_t i = 0; i < FORMATS; i++) {
        FILE *const out = exporter->out[i];
        if (out != NULL && out != stdout) {
            const bool failed = ferror(out) != 0;
            written = fclose(out) == 0 && !failed && written;
        }
    }
    return written || skyh_fail(problem, SKYH_EXIT_IO, "a file cannot be written");
}

static bool take_sender(const char *text, struct sky_asterix_sender *ret_sender,
                        struct skyh_problem *problem)
{
    unsigned sac = 0, sic = 0;
    int used = 0;
    if (text == NULL) {
        return true;
    }
    if (sscanf(text, "%3u/%3u%n", &sac, &sic, &used) != 2 || text[used] != '\0' || text[0] < '0' ||
        text[0] > '9' || sac > 255 || sic > 255) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--sender: %s; expected two numbers up to 255 such as 25/201", text);
    }
    *ret_sender = (struct sky_asterix_sender){.sac = (uint8_t)sac, .sic = (uint8_t)sic};
    return true;
}

static bool take_options(struct exporter *exporter, const struct skyh_args *args,
                         struct skyh_log *log, struct skyh_problem *problem)
{
    const char *const epoch = skyh_args_value(args, "--epoch");
    exporter->existence_min = 0.7;
    exporter->delay_s = 2.5;
    if (epoch != NULL && !skyh_utc_parse(epoch, &exporter->epoch_ns)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--epoch: %s; expected an instant such as 2026-01-02T00:00:00Z", epoch);
    }
    if (epoch == NULL && !find_epoch(log, &exporter->epoch_ns)) {
        exporter->epoch_ns = default_epoch_ns;
    }
    return take_sender(skyh_args_value(args, "--sender"), &exporter->sender, problem) &&
           skyh_args_number(args, "--existence", 0.0, 1.0, &exporter->existence_min, problem) &&
           skyh_args_number(args, "--delay", 0.0, 5.0, &exporter->delay_s, problem);
}

static bool walk(struct exporter *exporter, struct skyh_log *log, struct skyh_problem *problem)
{
    struct skyh_progress progress;
    struct skyh_log_item item;
    exporter->rerun = skyh_rerun_open(false, &exporter->watch);
    if (exporter->rerun == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    skyh_progress_begin(&progress, "exporting");
    while (skyh_log_next(log, &item)) {
        skyh_log_say("export", &item);
        skyh_rerun_take(exporter->rerun, &item);
        skyh_progress_update(&progress, skyh_log_share(log, &item), "");
    }
    skyh_rerun_finish(exporter->rerun);
    if (exporter->runs > 0 && tells_seconds(exporter)) {
        put_seconds(exporter, 0); /* nothing more comes */
    }
    skyh_progress_end(&progress);
    const bool lost = skyh_rerun_verdict(exporter->rerun)->lost;
    skyh_rerun_close(exporter->rerun);
    if (exporter->runs == 0 || exporter->other_zones) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s",
                         exporter->runs == 0
                             ? "no run begins in this log; expected its configuration"
                             : "runs watch different zones; expected one zone set in all of them");
    }
    return !lost ||
           skyh_fail(problem, SKYH_EXIT_DAMAGED, "inputs of a run are lost: the rest is exported");
}

/* Proofs are of the log as it is: nothing is computed again. */
static int run_proof(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    double incident = 0.0;
    size_t count = 0;
    const char *const folder = skyh_args_value(args, "--out");
    if (folder == NULL) {
        skyh_note("export", "--proof needs --out FOLDER");
        return SKYH_EXIT_USAGE;
    }
    const bool done = skyh_args_number(args, "--proof", 1.0, 4294967295.0, &incident, &problem) &&
                      skyh_log_open(&log, args->operand[0], &problem) &&
                      skyh_disclose(&log, (uint32_t)incident, folder, &count, &problem);
    skyh_log_close(&log);
    if (!done) {
        return skyh_report("export", &problem);
    }
    (void)printf("%zu records in %s\n", count, folder);
    return SKYH_EXIT_OK;
}

static int run(const struct skyh_args *args)
{
    if (skyh_args_value(args, "--proof") != NULL) {
        return run_proof(args);
    }
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct exporter *const exporter = calloc(1, sizeof *exporter);
    if (exporter == NULL) {
        skyh_note("export", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    exporter->watch = (struct skyh_rerun_watch){.input = on_input, .event = on_event};
    const bool ready = skyh_log_open(&log, args->operand[0], &problem) &&
                       take_options(exporter, args, &log, &problem) &&
                       open_outs(exporter, args, &problem);
    const bool done = ready && walk(exporter, &log, &problem);
    int exit_code = done ? skyh_log_exit(&log) : skyh_report("export", &problem);
    if (!close_outs(exporter, &problem)) {
        exit_code = skyh_report("export", &problem);
    }
    skyh_zonefile_close(&exporter->zones);
    skyh_log_close(&log);
    free(exporter);
    return exit_code;
}

const struct skyh_command skyh_export = {
    .name = "export",
    .operands = "LOG",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "tables of a log's tracks, entries and exits, or sensors; tracks as ASTERIX",
    .about =
        "Feeds the recorded inputs of LOG through the station's own code and writes what it\n"
        "believes. t is in seconds since the epoch, the same as in tables that were imported.\n"
        "\n"
        "  tracks-csv  t,track_id,lat,lon,alt,ve,vn,vu,c00..c55,t_out,p_exist,p_ZONE...: every\n"
        "              believed track at every second t, by its plots up to t as they were known\n"
        "              at t_out: --delay later, by when plots that were late are in and looks\n"
        "              that stayed empty count. c: upper triangle of the covariance of east,\n"
        "              north, up and their speeds, at the place, common errors included.\n"
        "              p_ZONE: probability that it exists and is in the zone under its first\n"
        "              line; p_ZONE:LINE under others.\n"
        "  events-csv  t_decl,zone,kind,track_id,t_event,p: when an entry or exit was declared,\n"
        "              and when it happened, if known. zone is ZONE or ZONE:LINE as above.\n"
        "  sensors-csv once a minute and at changes: estimated biases (measured less true) and\n"
        "              their sigmas, mean squared normalised residuals (1 is as it should be;\n"
        "              nis_out: bit i for the i-th), learned probability of detection and false\n"
        "              plots a scan, plots received and used.\n"
        "  asterix     category 062, ed. 1.18: the tracks that tracks-csv would tell, each second "
        "in\n"
        "              data blocks; a capture of datagrams if the file's name ends in .pcap.\n"
        "\n"
        "--proof writes one file per record about an incident into the folder given by --out: the\n"
        "record, where it stands in the log, and the log's latest checkpoint. Whoever has the\n"
        "log's public key can check it (witness proof) and learns nothing else of the log.\n",
    .exits = "  0   exported\n"
             "  2   the log is torn, damaged or incomplete; what is there is exported\n"
             "  64  usage   65  not a log, or runs with different zones   66  cannot be read\n"
             "  73, 74  cannot write\n",
    .example = "  skywitness export --format tracks-csv -o tracks.csv --format events-csv -o "
               "events.csv \\\n"
               "      flight.mcap\n"
               "  skywitness export --format events-csv flight.mcap\n"
               "  skywitness export --proof 3 --out incident-3 log/\n",
    .options = options,
    .run = run,
};
