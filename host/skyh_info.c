#include "skyh_commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_event.h"
#include "skyh_log.h"
#include "skyh_zonefile.h"

enum { SOURCES_MAX = 32 };

/* What became of one source in a run. */
struct source_facts {
    char name[SKY_NAME_MAX];
    uint64_t inputs;
    uint64_t ups;
    uint64_t downs;
    uint64_t silences;
    uint64_t torn;
    uint64_t lost;
    char detail[SKY_DETAIL_MAX]; /* the latest that said something */
};

/* One run: from a CONFIG to the next. */
struct run_facts {
    char boot_id[37];
    char software[SKY_NAME_MAX];
    bool has_config;
    struct sky_config config;
    struct skyh_zonefile zones;
    uint64_t inputs;
    uint64_t events;
    uint64_t inputs_missing; /* by gaps in their sequence */
    uint64_t last_seq;
    int64_t begin_ns; /* station time */
    int64_t end_ns;
    bool utc_known;
    int64_t begin_utc_ns; /* of the first record whose UTC was known */
    int64_t end_utc_ns;
    enum sky_clock_state clock;
    bool shut_down;
    size_t source_count;
    struct source_facts source[SOURCES_MAX];
    bool has_health[SKY_SENSORS_MAX];
    struct sky_event health[SKY_SENSORS_MAX]; /* what each sensor was said to do at last */
};

struct facts {
    uint64_t records;
    uint64_t by_channel[SKY_CHANNEL_END];
    uint64_t unreadable;
    size_t run_count;
    struct run_facts *run;
    struct sky_arena arena;
};

static struct source_facts *source_of(struct run_facts *run, const char *name)
{
    for (size_t i = 0; i < run->source_count; i++) {
        if (strcmp(run->source[i].name, name) == 0) {
            return &run->source[i];
        }
    }
    if (run->source_count == SOURCES_MAX || name[0] == '\0') {
        return NULL;
    }
    struct source_facts *const source = &run->source[run->source_count++];
    (void)snprintf(source->name, sizeof source->name, "%s", name);
    return source;
}

static void take_source(struct run_facts *run, const struct sky_input *input)
{
    const enum sky_source_event event = input->u.source_event.event;
    struct source_facts *const source = source_of(run, input->source);
    run->shut_down = run->shut_down || event == SKY_SOURCE_SHUTDOWN;
    if (source == NULL) {
        return;
    }
    const uint64_t count = input->u.source_event.count > 0 ? input->u.source_event.count : 1;
    switch (event) {
    case SKY_SOURCE_UP:
        source->ups++;
        break;
    case SKY_SOURCE_DOWN:
        source->downs++;
        break;
    case SKY_SOURCE_SILENT:
        source->silences++;
        break;
    case SKY_SOURCE_TORN:
        source->torn += count;
        break;
    case SKY_SOURCE_LOST:
        source->lost += count;
        break;
    case SKY_SOURCE_HEARD:
    case SKY_SOURCE_SHUTDOWN:
        break;
    }
    if (input->u.source_event.detail[0] != '\0') {
        memcpy(source->detail, input->u.source_event.detail, sizeof source->detail);
    }
}

static struct run_facts *begin_run(struct facts *facts)
{
    struct run_facts *const grown = realloc(facts->run, (facts->run_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    facts->run = grown;
    memset(&grown[facts->run_count], 0, sizeof *grown);
    return &grown[facts->run_count++];
}

static bool take_config(struct run_facts *run, const struct sky_input *input)
{
    struct skyh_problem ignored;
    const size_t count = input->u.config.zone_byte_count;
    uint8_t *const bytes = malloc(count > 0 ? count : 1);
    run->has_config = true;
    run->config = *input->u.config.config;
    run->begin_ns = input->time_ns;
    run->end_ns = input->time_ns;
    memcpy(run->boot_id, input->u.config.boot_id, sizeof run->boot_id);
    memcpy(run->software, input->u.config.software, sizeof run->software);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, input->u.config.zone_bytes, count);
    return skyh_zonefile_take(&run->zones, "zones", bytes, count, &ignored);
}

static void take_time(struct run_facts *run, const struct sky_input *input,
                      const struct sky_utc_estimate *utc)
{
    if (run->last_seq > 0 && input->seq > run->last_seq + 1) {
        run->inputs_missing += input->seq - run->last_seq - 1;
    }
    run->last_seq = input->seq;
    run->begin_ns = run->inputs == 0 ? input->time_ns : run->begin_ns;
    run->end_ns = input->time_ns;
    run->inputs++;
    if (utc->state == SKY_CLOCK_NONE) {
        return;
    }
    if (!run->utc_known) {
        run->utc_known = true;
        run->begin_utc_ns = utc->utc_ns;
    }
    run->end_utc_ns = utc->utc_ns;
    run->clock = utc->state;
}

static bool take_input(struct facts *facts, const struct sky_scan_item *item)
{
    struct sky_input input;
    struct sky_utc_estimate utc;
    if (sky_codec_unpack_input(item->channel, item->bytes, item->count, &facts->arena, &input,
                               &utc) != SKY_OK) {
        facts->unreadable++;
        return true;
    }
    const bool begins = input.kind == SKY_INPUT_CONFIG || facts->run_count == 0;
    struct run_facts *const run = begins ? begin_run(facts) : &facts->run[facts->run_count - 1];
    if (run == NULL || (input.kind == SKY_INPUT_CONFIG && !take_config(run, &input))) {
        return false;
    }
    take_time(run, &input, &utc);
    if (input.kind == SKY_INPUT_SOURCE) {
        take_source(run, &input);
    } else {
        struct source_facts *const source = source_of(run, input.source);
        if (source != NULL) {
            source->inputs++;
        }
    }
    return true;
}

/* Of events only what a sensor was said to do is looked into. */
static void take_event(struct facts *facts, const struct sky_scan_item *item)
{
    struct sky_event event;
    struct run_facts *const run = &facts->run[facts->run_count - 1];
    run->events++;
    if (item->channel != SKY_CHANNEL_SENSOR) {
        return;
    }
    if (sky_codec_unpack_event(item->channel, item->bytes, item->count, &facts->arena, &event) !=
        SKY_OK) {
        facts->unreadable++;
    } else if (event.u.sensor.sensor < SKY_SENSORS_MAX) {
        run->has_health[event.u.sensor.sensor] = true;
        run->health[event.u.sensor.sensor] = event;
    }
}

static bool take_record(struct facts *facts, const struct sky_scan_item *item)
{
    facts->records++;
    facts->by_channel[item->channel]++;
    if (sky_codec_is_input(item->channel)) {
        return take_input(facts, item);
    }
    if (facts->run_count > 0) {
        take_event(facts, item);
    }
    return true;
}

/* ------------------------------------------------------------------------------------- text */

static void print_segments(const struct skyh_log *log)
{
    for (size_t i = 0; i < log->segment_count; i++) {
        const struct skyh_log_segment *const segment = &log->segment[i];
        (void)printf("segment   %s, %.1f MB%s%s\n", segment->file, (double)segment->count * 1e-6,
                     segment->sound ? "" : ": ", segment->sound ? "" : segment->reason);
    }
}

static void print_sensor(const struct sky_sensor_config *sensor)
{
    const double rad_deg = 180.0 / SKY_PI;
    if (sensor->kind == SKY_SENSOR_COOPERATIVE) {
        (void)printf("  reports %-12s of places, +-%.0f m, every %.1f s\n", sensor->name,
                     sensor->sigma_place_m, (double)sensor->scan_ns * 1e-9);
        return;
    }
    (void)printf("  radar   %-12s %s, %s, range +-%.0f m to %.0f km, azimuth +-%.2f deg, every "
                 "%.1f s\n",
                 sensor->name, sensor->at_station ? "at the station" : "on its own site",
                 sensor->measures_elevation ? "3D" : "2D", sensor->sigma_range_m,
                 sensor->range_max_m * 1e-3, sensor->sigma_azimuth_rad * rad_deg,
                 (double)sensor->scan_ns * 1e-9);
}

static void print_sensors(const struct run_facts *run)
{
    char text[SKYH_EVENT_TEXT_MAX];
    for (uint32_t i = 0; i < run->config.sensor_count; i++) {
        print_sensor(&run->config.sensor[i]);
        if (run->has_health[i]) {
            (void)printf("    at last %s\n", skyh_event_text(&run->health[i], text));
        }
    }
}

static void print_sources(const struct run_facts *run)
{
    for (size_t i = 0; i < run->source_count; i++) {
        const struct source_facts *const source = &run->source[i];
        (void)printf("  source  %-12s %8" PRIu64 " inputs, up %" PRIu64 ", down %" PRIu64
                     ", silent %" PRIu64 ", torn %" PRIu64 ", lost %" PRIu64 "%s%s\n",
                     source->name, source->inputs, source->ups, source->downs, source->silences,
                     source->torn, source->lost, source->detail[0] == '\0' ? "" : ": ",
                     source->detail);
    }
}

static void print_zones(const struct skyh_zonefile *zones)
{
    char hex[65];
    (void)printf("  zones   %s, sha256 %.16s...\n", zones->names.set_name,
                 skyh_zonefile_hex(zones->sha256, hex));
    for (uint32_t i = 0; i < zones->set.line_count; i++) {
        const struct sky_line *const line = &zones->set.line[i];
        char accuracy[40] = "accuracy unstated";
        if (line->accuracy_stated) {
            (void)snprintf(accuracy, sizeof accuracy, "+-%.0f m (1 sigma)", line->sigma_m);
        }
        (void)printf("    line  %" PRIu32 " %s, %s, %s, sha256 %.16s...\n", line->id,
                     zones->names.line[i].name, zones->names.line[i].licence, accuracy,
                     skyh_zonefile_hex(zones->names.line[i].sha256, hex));
    }
}

static void print_run(const struct run_facts *run, size_t index)
{
    char from[SKYH_UTC_TEXT_MAX] = "UTC unknown", to[SKYH_UTC_TEXT_MAX] = "";
    if (run->utc_known) {
        (void)skyh_utc_text(run->begin_utc_ns, 1, from);
        (void)skyh_utc_text(run->end_utc_ns, 1, to);
    }
    (void)printf("run %zu     %s to %s UTC, %.0f s, clock %s at the end, %s\n", index + 1, from, to,
                 (double)(run->end_ns - run->begin_ns) * 1e-9,
                 run->utc_known ? skyh_event_clock(run->clock) : "unknown",
                 run->shut_down ? "stopped in good order" : "not stopped in good order");
    (void)printf("  made by %s, boot %s\n", run->software, run->boot_id);
    (void)printf("  holds   %" PRIu64 " inputs, %" PRIu64 " events", run->inputs, run->events);
    if (run->inputs_missing > 0) {
        (void)printf("; %" PRIu64 " inputs are missing", run->inputs_missing);
    }
    (void)printf("\n");
    if (run->has_config) {
        print_sensors(run);
    }
    print_sources(run);
    if (run->zones.bytes != NULL) {
        print_zones(&run->zones);
    }
}

/* Runs that lack their beginning, or inputs in between. */
static uint64_t incomplete_runs(const struct facts *facts)
{
    uint64_t count = 0;
    for (size_t i = 0; i < facts->run_count; i++) {
        count += !facts->run[i].has_config || facts->run[i].inputs_missing > 0 ? 1 : 0;
    }
    return count;
}

static int condition(const struct facts *facts, const struct skyh_log *log)
{
    return facts->unreadable > 0 || incomplete_runs(facts) > 0 ? SKYH_EXIT_DAMAGED
                                                               : skyh_log_exit(log);
}

static void print_text(const struct facts *facts, const struct skyh_log *log)
{
    print_segments(log);
    for (size_t i = 0; i < facts->run_count; i++) {
        print_run(&facts->run[i], i);
    }
    (void)printf("records   %" PRIu64, facts->records);
    for (int channel = 1; channel < SKY_CHANNEL_END; channel++) {
        if (facts->by_channel[channel] > 0) {
            (void)printf("\n  %-24s %8" PRIu64, sky_codec_topic((enum sky_channel)channel),
                         facts->by_channel[channel]);
        }
    }
    (void)printf("\ncondition %s: %" PRIu64 " damaged places, %" PRIu64 " torn ends, %" PRIu64
                 " incomplete runs\n",
                 condition(facts, log) == SKYH_EXIT_OK ? "whole" : "not whole", log->damages,
                 log->torn, incomplete_runs(facts));
}

/* ------------------------------------------------------------------------------------- JSON */

static json_t *utc_json(bool known, int64_t utc_ns)
{
    char utc[SKYH_UTC_TEXT_MAX];
    return known ? json_string(skyh_utc_rfc3339(utc_ns, utc)) : json_null();
}

static json_t *sources_json(const struct run_facts *run)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < run->source_count; i++) {
        const struct source_facts *const source = &run->source[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "name", source->name,
                            "inputs", (json_int_t)source->inputs, "up", (json_int_t)source->ups,
                            "down", (json_int_t)source->downs, "silent",
                            (json_int_t)source->silences, "torn", (json_int_t)source->torn, "lost",
                            (json_int_t)source->lost, "detail", source->detail));
    }
    return list;
}

static json_t *numbers_json(const double *number, size_t count)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_real(number[i]));
    }
    return list;
}

/* Range (m), azimuth and elevation (rad), time (s); null: nothing was said of it. */
static json_t *health_json(const struct sky_event_sensor *health)
{
    static const char *const state[] = {"alone", "learning", "applied"};
    const struct sky_registration *const registration = &health->registration;
    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:I, s:f, s:f, s:I, s:I}", "registration",
                     state[registration->state], "pairs", (json_int_t)registration->pairs, "bias",
                     numbers_json(registration->bias, SKY_BIASES), "bias_sigma",
                     numbers_json(registration->bias_sigma, SKY_BIASES), "nis",
                     numbers_json(health->nis, SKY_COMPONENTS), "nis_out",
                     (json_int_t)health->nis_out, "detection_probability",
                     health->detection_probability, "false_plots_per_scan",
                     health->false_plots_per_scan, "plots", (json_int_t)health->plots, "used",
                     (json_int_t)health->used);
}

static json_t *sensors_json(const struct run_facts *run)
{
    json_t *const list = json_array();
    for (uint32_t i = 0; i < run->config.sensor_count; i++) {
        json_t *const health =
            run->has_health[i] ? health_json(&run->health[i].u.sensor) : json_null();
        (void)json_array_append_new(
            list, json_pack("{s:s, s:o}", "name", run->config.sensor[i].name, "health", health));
    }
    return list;
}

static json_t *lines_json(const struct skyh_zonefile *zones)
{
    json_t *const list = json_array();
    char hex[65];
    for (uint32_t i = 0; i < zones->set.line_count; i++) {
        const struct sky_line *const line = &zones->set.line[i];
        (void)json_array_append_new(
            list, json_pack("{s:I, s:s, s:s, s:s, s:b}", "line_id", (json_int_t)line->id, "name",
                            zones->names.line[i].name, "licence", zones->names.line[i].licence,
                            "sha256", skyh_zonefile_hex(zones->names.line[i].sha256, hex),
                            "accuracy_stated", line->accuracy_stated));
    }
    return list;
}

static json_t *run_json(const struct run_facts *run)
{
    char hex[65];
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:f, s:o, s:o, s:b, s:o, s:o, s:s, s:o}", "boot_id",
                     run->boot_id, "software", run->software, "inputs", (json_int_t)run->inputs,
                     "events", (json_int_t)run->events, "inputs_missing",
                     (json_int_t)run->inputs_missing, "span_s",
                     (double)(run->end_ns - run->begin_ns) * 1e-9, "begin_utc",
                     utc_json(run->utc_known, run->begin_utc_ns), "end_utc",
                     utc_json(run->utc_known, run->end_utc_ns), "shut_down", run->shut_down,
                     "sources", sources_json(run), "sensors", sensors_json(run), "zones_sha256",
                     skyh_zonefile_hex(run->zones.sha256, hex), "lines", lines_json(&run->zones));
}

static void print_json(const struct facts *facts, const struct skyh_log *log)
{
    json_t *const segments = json_array(), *const runs = json_array(),
                  *const channels = json_object();
    for (size_t i = 0; i < log->segment_count; i++) {
        const struct skyh_log_segment *const segment = &log->segment[i];
        (void)json_array_append_new(segments,
                                    json_pack("{s:s, s:I, s:b}", "file", segment->file, "bytes",
                                              (json_int_t)segment->count, "sound", segment->sound));
    }
    for (size_t i = 0; i < facts->run_count; i++) {
        (void)json_array_append_new(runs, run_json(&facts->run[i]));
    }
    for (int channel = 1; channel < SKY_CHANNEL_END; channel++) {
        (void)json_object_set_new(channels, sky_codec_topic((enum sky_channel)channel),
                                  json_integer((json_int_t)facts->by_channel[channel]));
    }
    json_t *const out = json_pack(
        "{s:o, s:o, s:I, s:o, s:I, s:I, s:I}", "segments", segments, "runs", runs, "records",
        (json_int_t)facts->records, "channels", channels, "damages", (json_int_t)log->damages,
        "torn_ends", (json_int_t)log->torn, "unreadable", (json_int_t)facts->unreadable);
    (void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)printf("\n");
    json_decref(out);
}

/* ---------------------------------------------------------------------------------- command */

static bool gather(struct facts *facts, struct skyh_log *log, struct skyh_problem *problem)
{
    struct skyh_progress progress;
    struct skyh_log_item item;
    bool sound = true;
    facts->arena.capacity = SKY_CODEC_ARENA_BYTES;
    facts->arena.bytes = malloc(SKY_CODEC_ARENA_BYTES);
    skyh_progress_begin(&progress, "reading");
    sound = facts->arena.bytes != NULL;
    while (sound && skyh_log_next(log, &item)) {
        skyh_log_say("info", &item);
        if (item.scan.found == SKY_SCAN_RECORD) {
            sound = take_record(facts, &item.scan);
        }
        skyh_progress_update(&progress, skyh_log_share(log, &item), "");
    }
    skyh_progress_end(&progress);
    return sound || skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
}

static void release(struct facts *facts)
{
    for (size_t i = 0; i < facts->run_count; i++) {
        skyh_zonefile_close(&facts->run[i].zones);
    }
    free(facts->run);
    free(facts->arena.bytes);
}

static int info(struct skyh_log *log, const struct skyh_args *args, struct skyh_problem *problem)
{
    struct facts *const facts = calloc(1, sizeof *facts);
    int exit_code = SKYH_EXIT_SOFTWARE;
    if (facts == NULL) {
        skyh_note("info", "out of memory");
        return exit_code;
    }
    if (!gather(facts, log, problem)) {
        exit_code = skyh_report("info", problem);
    } else {
        if (args->json) {
            print_json(facts, log);
        } else {
            print_text(facts, log);
        }
        exit_code = condition(facts, log);
    }
    release(facts);
    free(facts);
    return exit_code;
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log *const log = calloc(1, sizeof *log);
    int exit_code = SKYH_EXIT_SOFTWARE;
    if (log == NULL) {
        skyh_note("info", "out of memory");
        return exit_code;
    }
    exit_code = skyh_log_open(log, args->operand[0], &problem) ? info(log, args, &problem)
                                                               : skyh_report("info", &problem);
    skyh_log_close(log);
    free(log);
    return exit_code;
}

const struct skyh_command skyh_info = {
    .name = "info",
    .operands = "LOG",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "what a log holds: segments, runs, sources, zones, gaps",
    .about =
        "Prints what LOG (a file, or a directory of segments) holds: its segments, each run with\n"
        "boot, software, radars and zones, what became of every source, how many records of\n"
        "each kind there are, and whether anything is torn, damaged or missing.\n",
    .exits = "  0   whole\n"
             "  2   torn, damaged or incomplete; what is there is told\n"
             "  64  usage   65  not a log   66  cannot be read\n",
    .example = "  skywitness info /var/lib/skywitness\n",
    .options = NULL,
    .run = run,
};
