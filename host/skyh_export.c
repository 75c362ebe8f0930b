#include "skyh_commands.h"
#include "skyh_disclose.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_codec_own.h"
#include "sky_math.h"
#include "sky_report.h"
#include "skyh_export.h"

static const struct skyh_option options[] = {
    {"--format", "WHAT", "one of those above; may be repeated"},
    {"--out", "FILE", "write this file, not standard output; one for each format; also -o"},
    {"--existence", "P", "of tracks: leave out what is less probable than this (0.7)"},
    {"--smooth", NULL, "of tracks: by all their plots, those after an instant as well"},
    {"--delay", "S", "of tracks: tell each second as known so long after it, 0 to 5 (2.5)"},
    {"--sender", "SAC/SIC", "asterix: who signs the tracks (0/0)"},
    {"--proof", "ID", "records of this incident that others can check without the log"},
    {"--epoch", "UTC", "what t = 0 is (as imported, else 2026-01-02T00:00:00Z)"},
    {NULL, NULL, NULL},
};

static const int64_t gap_most_s = 60;
static const int64_t default_epoch_ns = INT64_C(1767312000) * SKY_SECOND_NS; /* 2026-01-02 */

/* --------------------------------------------------------------------------------- seconds */

/* A track, in the formats that are no tables. */
static void put_elsewhere(struct skyh_exporter *exporter, const struct sky_event_track *track,
                          int64_t utc_ns)
{
    if (exporter->out[SKYH_FORMAT_ASTERIX] != NULL) {
        skyh_blocks_put(&exporter->blocks, track, utc_ns, exporter->utc_ns);
    }
    for (size_t i = 0; i < SKYH_MAPS; i++) {
        if (exporter->map[i] != NULL) {
            skyh_mapfile_put(exporter->map[i], exporter->runs, track, utc_ns);
        }
    }
    if (exporter->mcap != NULL) {
        skyh_export_view_track(exporter, track, utc_ns);
    }
}

/* What the station believes now of how it was since_ns ago. */
static void put_tracks(struct skyh_exporter *exporter, int64_t since_ns)
{
    const struct sky_engine *const engine = &skyh_rerun_station(exporter->rerun)->engine;
    struct sky_event_track track;
    for (size_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        if (sky_report_track_at(engine, slot, exporter->time_ns - since_ns, &track) &&
            track.status == SKY_TRACK_CONFIRMED && track.existence >= exporter->existence_min) {
            if (exporter->out[SKYH_FORMAT_TRACKS] != NULL) {
                skyh_export_track(exporter, slot, since_ns, &track);
            }
            put_elsewhere(exporter, &track, exporter->utc_ns - since_ns);
        }
    }
    if (exporter->out[SKYH_FORMAT_ASTERIX] != NULL) {
        skyh_blocks_flush(&exporter->blocks, exporter->utc_ns);
    }
}

/* Maps have them, and are begun with them. */
static bool wants_incidents(const struct skyh_exporter *exporter)
{
    return exporter->out[SKYH_FORMAT_GEOJSON] != NULL || exporter->out[SKYH_FORMAT_KML] != NULL ||
           exporter->out[SKYH_FORMAT_MCAP] != NULL;
}

static bool tells_tracks(const struct skyh_exporter *exporter)
{
    return !exporter->other_zones &&
           (exporter->out[SKYH_FORMAT_TRACKS] != NULL ||
            exporter->out[SKYH_FORMAT_ASTERIX] != NULL || wants_incidents(exporter));
}

static bool tells_seconds(const struct skyh_exporter *exporter)
{
    return tells_tracks(exporter) && !exporter->smooth;
}

/*
 * Tells every whole second that is delay_ns ago or more and was not told. UTC that steps back a
 * little tells none twice; one that was far ahead was wrong, and its seconds are told again. One
 * that steps far ahead leaves out seconds that the tracks may not have kept.
 */
static void put_seconds(struct skyh_exporter *exporter, int64_t delay_ns)
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

/* A track as all its plots have it. */
static void on_point(struct skyh_smooth_sink *sink, const struct skyh_smooth_point *point)
{
    struct skyh_exporter *const exporter =
        (struct skyh_exporter *)((char *)sink - offsetof(struct skyh_exporter, sink));
    const struct sky_engine *const engine = point->engine;
    if (point->said.existence < exporter->existence_min) {
        return;
    }
    if (exporter->out[SKYH_FORMAT_TRACKS] != NULL) {
        for (uint32_t line = 0; line < engine->zones->line_count; line++) {
            sky_assess(engine->zones, line, &engine->config.incident, &point->fixing,
                       SKY_ZONE_NO_EDGE, &exporter->assessment[line]);
        }
        skyh_export_row(exporter, &point->said, point->utc_ns, point->end_utc_ns);
    }
    put_elsewhere(exporter, &point->said, point->utc_ns);
}

/* Tells what the run's tracks were, now that no plot can come any more. */
static void on_run_end(struct skyh_rerun_watch *watch)
{
    struct skyh_exporter *const exporter = (struct skyh_exporter *)watch;
    struct sky_engine *const engine = &skyh_rerun_station(exporter->rerun)->engine;
    if (exporter->smooth && tells_tracks(exporter) &&
        !skyh_smooth_run(&exporter->traces, engine, exporter->epoch_ns, &exporter->sink)) {
        exporter->failed = true;
    }
    if (exporter->smooth) {
        skyh_traces_clear(&exporter->traces);
    }
}

/* ----------------------------------------------------------------------------------- a run */

static void begin_maps(struct skyh_exporter *exporter)
{
    static const enum skyh_format format[SKYH_MAPS] = {SKYH_FORMAT_GEOJSON, SKYH_FORMAT_KML};
    static const enum skyh_mapfile_kind kind[SKYH_MAPS] = {SKYH_MAPFILE_GEOJSON, SKYH_MAPFILE_KML};
    for (size_t i = 0; i < SKYH_MAPS; i++) {
        if (exporter->out[format[i]] != NULL) {
            exporter->map[i] = skyh_mapfile_open(kind[i], exporter->out[format[i]],
                                                 &exporter->zones, &exporter->incidents);
            exporter->failed = exporter->failed || exporter->map[i] == NULL;
        }
    }
}

static void put_headers(struct skyh_exporter *exporter)
{
    begin_maps(exporter);
    if (exporter->out[SKYH_FORMAT_ASTERIX] != NULL) {
        skyh_blocks_begin(&exporter->blocks, exporter->out[SKYH_FORMAT_ASTERIX], exporter->capture,
                          &exporter->sender);
    }
    if (exporter->out[SKYH_FORMAT_TRACKS] != NULL) {
        skyh_export_tracks_header(exporter->out[SKYH_FORMAT_TRACKS], &exporter->zones);
    }
    if (exporter->out[SKYH_FORMAT_EVENTS] != NULL) {
        skyh_export_events_header(exporter->out[SKYH_FORMAT_EVENTS]);
    }
    if (exporter->out[SKYH_FORMAT_SENSORS] != NULL) {
        skyh_export_sensors_header(exporter->out[SKYH_FORMAT_SENSORS]);
    }
}

static void begin_run(struct skyh_exporter *exporter, const struct sky_input *input)
{
    const size_t count = input->u.config.zone_byte_count;
    struct skyh_problem problem;
    exporter->runs++;
    exporter->second = INT64_MIN;
    exporter->view_due = true;
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
static void set_now(struct skyh_exporter *exporter, const struct sky_input *input)
{
    const struct sky_utc_estimate utc =
        sky_station_utc(skyh_rerun_station(exporter->rerun), input->time_ns);
    exporter->time_ns = input->time_ns;
    exporter->utc_ns = utc.state > SKY_CLOCK_RTC ? utc.utc_ns : input->realtime_ns;
}

static void on_input(struct skyh_rerun_watch *watch, const struct sky_input *input)
{
    struct skyh_exporter *const exporter = (struct skyh_exporter *)watch;
    set_now(exporter, input);
    if (input->kind == SKY_INPUT_CONFIG) {
        begin_run(exporter, input);
    }
    if (exporter->mcap != NULL && exporter->view_due && !exporter->other_zones) {
        exporter->view_due = false;
        skyh_export_view_lines(exporter, exporter->utc_ns);
    }
    if (tells_seconds(exporter)) {
        put_seconds(exporter, llround(exporter->delay_s * 1e9));
    }
}

static void on_event(struct skyh_rerun_watch *watch, const struct sky_event *event)
{
    struct skyh_exporter *const exporter = (struct skyh_exporter *)watch;
    if (exporter->other_zones) {
        return;
    }
    if (exporter->smooth && event->kind == SKY_EVENT_TRACK) {
        skyh_traces_take(&exporter->traces, &skyh_rerun_station(exporter->rerun)->engine,
                         &event->u.track, exporter->utc_ns - exporter->time_ns);
    }
    if (exporter->out[SKYH_FORMAT_EVENTS] != NULL && event->kind == SKY_EVENT_ALERT) {
        skyh_export_alert(exporter, &event->u.alert);
    }
    if (exporter->out[SKYH_FORMAT_SENSORS] != NULL && event->kind == SKY_EVENT_SENSOR) {
        skyh_export_sensor(exporter, &event->u.sensor);
    }
    if (exporter->mcap != NULL && event->kind == SKY_EVENT_INCIDENT &&
        event->u.incident.state == SKY_INCIDENT_CLOSED) {
        skyh_export_view_incident(exporter, event->u.incident.id, exporter->utc_ns);
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

static bool take_format(const char *text, enum skyh_format *ret_format,
                        struct skyh_problem *problem)
{
    static const char *const names[SKYH_FORMATS] = {[SKYH_FORMAT_TRACKS] = "tracks-csv",
                                                    [SKYH_FORMAT_EVENTS] = "events-csv",
                                                    [SKYH_FORMAT_SENSORS] = "sensors-csv",
                                                    [SKYH_FORMAT_ASTERIX] = "asterix",
                                                    [SKYH_FORMAT_GEOJSON] = "geojson",
                                                    [SKYH_FORMAT_KML] = "kml",
                                                    [SKYH_FORMAT_MCAP] = "mcap"};
    for (size_t i = 0; text != NULL && i < SKYH_FORMATS; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_format = (enum skyh_format)i;
            return true;
        }
    }
    return skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--format: %s; expected tracks-csv, events-csv, sensors-csv, asterix, "
                     "geojson, kml or mcap",
                     text == NULL ? "missing" : text);
}

/* The n-th --format goes to the n-th -o; a single one to standard output without. */
static bool open_outs(struct skyh_exporter *exporter, const struct skyh_args *args,
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
        enum skyh_format which = SKYH_FORMAT_TRACKS;
        if (!take_format(format[i], &which, problem)) {
            return false;
        }
        if (exporter->out[which] != NULL) {
            return skyh_fail(problem, SKYH_EXIT_USAGE, "--format: %s twice; expected it once",
                             format[i]);
        }
        const size_t length = file[i] == NULL ? 0 : strlen(file[i]);
        exporter->capture = which == SKYH_FORMAT_ASTERIX
                                ? length > 5 && strcmp(file[i] + length - 5, ".pcap") == 0
                                : exporter->capture;
        exporter->out[which] = file[i] == NULL ? stdout : fopen(file[i], "we");
        if (exporter->smooth && (which == SKYH_FORMAT_ASTERIX || which == SKYH_FORMAT_MCAP)) {
            return skyh_fail(problem, SKYH_EXIT_USAGE,
                             "--smooth: %s tells tracks as time goes on; expected tracks-csv, "
                             "geojson or kml",
                             format[i]);
        }
        if (exporter->out[which] == NULL) {
            return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", file[i], strerror(errno));
        }
    }
    return true;
}

/* Standard output is checked at the very end. */
static bool close_outs(struct skyh_exporter *exporter, struct skyh_problem *problem)
{
    bool written = true;
    for (size_t i = 0; i < SKYH_FORMATS; i++) {
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

static bool take_options(struct skyh_exporter *exporter, const struct skyh_args *args,
                         struct skyh_log *log, struct skyh_problem *problem)
{
    const char *const epoch = skyh_args_value(args, "--epoch");
    exporter->existence_min = 0.7;
    exporter->delay_s = 2.5;
    exporter->smooth = skyh_args_given(args, "--smooth");
    if (exporter->smooth && !skyh_traces_open(&exporter->traces)) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "no temporary file: %s", strerror(errno));
    }
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

/* A message of the log, as it is. */
static void copy_message(struct skyh_exporter *exporter, const struct sky_scan_item *item)
{
    if (item->found != SKY_SCAN_RECORD && item->found != SKY_SCAN_OWN) {
        return;
    }
    const unsigned id = item->found == SKY_SCAN_OWN ? item->own : item->channel;
    struct skyh_mcapfile_channel channel = {.topic = sky_own_topic(id), .type = sky_own_type(id)};
    channel.descriptor = sky_codec_descriptor_set(&channel.descriptor_bytes);
    skyh_mcapfile_declare(exporter->mcap, (uint16_t)id, &channel);
    const struct skyh_mcapfile_message message = {.channel = (uint16_t)id,
                                                  .sequence = item->sequence,
                                                  .log_time_ns = item->log_time_ns,
                                                  .publish_time_ns = item->publish_time_ns,
                                                  .bytes = item->bytes,
                                                  .count = item->count};
    skyh_mcapfile_put(exporter->mcap, &message);
}

/* What only the formats that have a beginning and an end need. */
static bool begin_files(struct skyh_exporter *exporter, struct skyh_log *log,
                        struct skyh_problem *problem)
{
    if (exporter->out[SKYH_FORMAT_MCAP] != NULL) {
        exporter->mcap = skyh_mcapfile_open(exporter->out[SKYH_FORMAT_MCAP]);
        if (exporter->mcap == NULL) {
            return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
        }
    }
    if (!wants_incidents(exporter)) {
        return true;
    }
    const bool collected = skyh_incidents_collect(&exporter->incidents, log, "export", problem);
    skyh_log_rewind(log);
    return collected;
}

static bool end_files(struct skyh_exporter *exporter, struct skyh_problem *problem)
{
    bool whole = !exporter->failed;
    if (exporter->map[1] != NULL && !skyh_mapfile_has_geoid(exporter->map[1])) {
        skyh_note("export", "kml: PROJ has no egm96_15.gtx, so heights are above the ellipsoid; "
                            "Debian's proj-data has it");
    }
    for (size_t i = 0; i < SKYH_MAPS; i++) {
        skyh_mapfile_close(exporter->map[i]);
    }
    whole = skyh_mcapfile_close(exporter->mcap) && whole;
    skyh_incidents_done(&exporter->incidents);
    return whole || skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
}

static bool walk(struct skyh_exporter *exporter, struct skyh_log *log, struct skyh_problem *problem)
{
    struct skyh_progress progress;
    struct skyh_log_item item;
    exporter->rerun = skyh_rerun_open(false, &exporter->watch);
    if (exporter->rerun == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    skyh_progress_begin(&progress, "exporting");
    while (skyh_log_step(log, &item)) {
        if (!wants_incidents(exporter)) { /* else it was said when they were collected */
            skyh_log_say("export", &item);
        }
        if (exporter->mcap != NULL) {
            copy_message(exporter, &item.scan);
        }
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
    struct skyh_exporter *const exporter = calloc(1, sizeof *exporter);
    if (exporter == NULL) {
        skyh_note("export", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    exporter->watch =
        (struct skyh_rerun_watch){.input = on_input, .event = on_event, .run_end = on_run_end};
    exporter->sink.point = on_point;
    exporter->traces.file = -1;
    const bool ready = skyh_log_open(&log, args->operand[0], &problem) &&
                       take_options(exporter, args, &log, &problem) &&
                       open_outs(exporter, args, &problem) && begin_files(exporter, &log, &problem);
    const bool done = ready && walk(exporter, &log, &problem);
    int exit_code = done ? skyh_log_exit(&log) : skyh_report("export", &problem);
    if (!end_files(exporter, &problem)) {
        exit_code = skyh_report("export", &problem);
    }
    if (!close_outs(exporter, &problem)) {
        exit_code = skyh_report("export", &problem);
    }
    skyh_zonefile_close(&exporter->zones);
    skyh_traces_close(&exporter->traces);
    skyh_log_close(&log);
    free(exporter);
    return exit_code;
}

const struct skyh_command skyh_export = {
    .name = "export",
    .operands = "LOG",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "a log's tracks and incidents as tables, GeoJSON, KML, MCAP or ASTERIX",
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
        "  geojson     RFC 7946: every line with its source, where each incident was deepest "
        "under\n"
        "              each line, and the same tracks, with an instant (coordTimes) and a sigma "
        "for\n"
        "              each place. Heights are above the ellipsoid.\n"
        "  kml         the same for Google Earth and its like, with heights above mean sea level.\n"
        "  mcap        every message of the log, finished and indexed whatever became of the log,\n"
        "              and the same tracks, lines and incidents as foxglove.LocationFix and\n"
        "              foxglove.GeoJSON, so that a stock viewer shows the map. It is a copy to "
        "look\n"
        "              at: the log's signatures are of the log.\n"
        "\n"
        "--smooth tells tracks by all their plots, those after an instant as well, from their\n"
        "first plot to their latest; t_out is then that of the latest. Plots are corrected for\n"
        "the biases that were known at the end of the run, and the covariance is smaller.\n"
        "\n"
        "--proof writes one file per record about an incident into the folder given by --out: the\n"
        "record, where it stands in the log, and the log's latest checkpoint. Whoever has the\n"
        "log's public key can check it (witness proof) and learns nothing else of the log.\n",
    .exits = "  0   exported\n"
             "  2   the log is torn, damaged or incomplete; what is there is exported\n"
             "  64  usage   65  not a log, or runs with different zones   66  cannot be read\n"
             "  73, 74  cannot write\n",
    .example = "  skywitness export --format geojson -o flight.geojson flight.mcap\n"
               "  skywitness export --format tracks-csv -o tracks.csv --format events-csv -o "
               "events.csv \\\n"
               "      flight.mcap\n"
               "  skywitness export --format events-csv flight.mcap\n"
               "  skywitness export --proof 3 --out incident-3 log/\n",
    .options = options,
    .run = run,
};
