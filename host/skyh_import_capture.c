#include "skyh_import_capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyd_config.h"
#include "skyh_capture.h"
#include "skyh_nmea.h"
#include "skyh_recorder.h"

static const int64_t day_ns = INT64_C(86400) * SKY_SECOND_NS;
static const int64_t span_most_ns = 30 * INT64_C(86400) * SKY_SECOND_NS;
static const int64_t clock_error_ns = SKY_SECOND_NS / 100;
/* What a station takes for a date: sky_utc. */
static const int64_t utc_least_ns = INT64_C(1767225600) * SKY_SECOND_NS; /* 2026-01-01 */
static const int64_t utc_most_ns = INT64_C(4260211200) * SKY_SECOND_NS;  /* 2105-01-01 */

/* One import; large. */
struct feed {
    struct skyd_config settings;
    struct skyh_zonefile zones;
    struct skyh_capture capture; /* empty without a file */
    struct skyh_nmea nmea;       /* the same */
    size_t dialect_count;
    struct sky_asterix_dialect dialect[SKY_SENSORS_MAX];
    const char *file;      /* of the capture; NULL: none */
    const char *nmea_file; /* of the receiver's log; NULL: none */
    const char *key;       /* of the log, or NULL */
    uint16_t port_first;   /* 0: those of the settings */
    uint16_t port_last;
    uint64_t taken;  /* datagrams */
    uint64_t misses; /* lost since the last that was taken */
    int64_t begin_ns;
    struct skyh_recorded recorded;
};

/* ---------------------------------------------------------------------------------- settings */

static bool read_settings(struct feed *feed, const char *file, struct skyh_problem *problem)
{
    char said[SKYD_ERROR_MAX];
    const int error = skyd_config_read(&feed->settings, file, said);
    if (error != 0) {
        return skyh_fail(problem, error == -EINVAL ? SKYH_EXIT_DATA : SKYH_EXIT_NO_INPUT, "%s",
                         said);
    }
    const struct sky_config *const engine = &feed->settings.engine;
    if (feed->nmea_file == NULL && (!engine->station.has_site || engine->station.moving)) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: [station]: no surveyed site; expected latitude_deg, longitude_deg "
                         "and altitude_hae_m, or --nmea, since a capture has no fixes",
                         file);
    }
    for (uint32_t i = 0; i < engine->sensor_count; i++) {
        const struct sky_sensor_config *const sensor = &engine->sensor[i];
        if (sensor->has_sac_sic && sensor->asterix_021 != SKY_ASTERIX_021_ED_2_2) {
            feed->dialect[feed->dialect_count++] =
                (struct sky_asterix_dialect){sensor->sac, sensor->sic, sensor->asterix_021};
        }
    }
    return skyh_zonefile_open(&feed->zones, feed->settings.zones_file, problem);
}

static bool wants(const struct feed *feed, uint16_t port)
{
    return feed->port_first <= port && port <= feed->port_last;
}

static bool hears(const struct sky_src_asterix_config *source, const struct skyh_datagram *datagram)
{
    struct in_addr group = {0};
    const bool grouped = inet_pton(AF_INET, source->group, &group) == 1;
    return source->port == datagram->to_port &&
           (!grouped || ntohl(group.s_addr) == datagram->to_ipv4);
}

/* Who receives a datagram; NULL if nobody listens there. */
static const char *receiver_of(const struct feed *feed, const struct skyh_datagram *datagram)
{
    const struct skyd_config *const settings = &feed->settings;
    const bool ports_said = feed->port_first != 0;
    if (feed->capture.kind == SKYH_CAPTURE_BLOCKS) {
        return settings->asterix_count > 0 ? settings->asterix[0].source.name : "asterix";
    }
    if (ports_said && !wants(feed, datagram->to_port)) {
        return NULL;
    }
    for (uint32_t i = 0; i < settings->asterix_count; i++) {
        if (hears(&settings->asterix[i].source, datagram)) {
            return settings->asterix[i].source.name;
        }
    }
    return ports_said ? "asterix" : NULL;
}

/* ------------------------------------------------------------------------------------ capture */

/* By how much to move what begins at first_ns for it to begin on that day. */
static int64_t shift_to(int64_t day_utc_ns, int64_t first_ns)
{
    const int64_t within_ns = (first_ns % day_ns + day_ns) % day_ns;
    return day_utc_ns - (first_ns - within_ns);
}

static bool take_day(const char *day, int64_t *ret_utc_ns, struct skyh_problem *problem)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%.40sT00:00:00Z", day != NULL ? day : "");
    return day == NULL || skyh_utc_parse(text, ret_utc_ns) ||
           skyh_fail(problem, SKYH_EXIT_USAGE, "--day: %s; expected a date such as 2026-01-02",
                     day);
}

static bool date_capture(struct feed *feed, const char *day, int64_t day_utc_ns,
                         struct skyh_problem *problem)
{
    struct skyh_capture *const capture = &feed->capture;
    if (capture->kind == SKYH_CAPTURE_BLOCKS) {
        return day == NULL
                   ? skyh_fail(problem, SKYH_EXIT_USAGE,
                               "--day: missing; expected the date of %s, which has none itself",
                               feed->file)
                   : skyh_capture_date(capture, feed->file, feed->dialect, feed->dialect_count,
                                       day_utc_ns, problem);
    }
    if (day != NULL && capture->count > 0) {
        skyh_capture_shift(capture, shift_to(day_utc_ns, capture->datagram[0].utc_ns));
    }
    return true;
}

/* The file that an error about all of it is told of. */
static const char *name_of(const struct feed *feed)
{
    return feed->file != NULL ? feed->file : feed->nmea_file;
}

static bool check_dates(const struct feed *feed, int64_t first_ns, int64_t last_ns,
                        struct skyh_problem *problem)
{
    char from[SKYH_UTC_TEXT_MAX], to[SKYH_UTC_TEXT_MAX];
    if (last_ns - first_ns > span_most_ns) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s: from %s to %s; expected at most 30 days",
                         name_of(feed), skyh_utc_text(first_ns, 0, from),
                         skyh_utc_text(last_ns, 0, to));
    }
    return (first_ns >= utc_least_ns && last_ns <= utc_most_ns) ||
           skyh_fail(problem, SKYH_EXIT_DATA,
                     "%s: begins %s; expected 2026 to 2104, or --day, since a station refuses "
                     "other dates",
                     name_of(feed), skyh_utc_text(first_ns, 0, from));
}

/* "4001, 8600" of the ports that there are, for who named none of them. */
static bool fail_nothing(const struct feed *feed, struct skyh_problem *problem)
{
    char seen[64] = "";
    size_t used = 0;
    uint16_t before = 0;
    for (size_t i = 0; i < feed->capture.count && used + 8 < sizeof seen; i++) {
        const uint16_t port = feed->capture.datagram[i].to_port;
        char text[8];
        (void)snprintf(text, sizeof text, "%u", port);
        if (port != before && strstr(seen, text) == NULL) {
            used += (size_t)snprintf(seen + used, sizeof seen - used, "%s%s", used > 0 ? ", " : "",
                                     text);
        }
        before = port;
    }
    return skyh_fail(problem, SKYH_EXIT_DATA,
                     "%s: no datagram for the station; expected UDP to a port it listens to or "
                     "--port; here are %s",
                     feed->file, used > 0 ? seen : "none at all");
}

/* Sets ret_first and ret_last to the span of what the station hears of it. */
static bool read_capture(struct feed *feed, const char *day, int64_t day_utc_ns,
                         int64_t *ret_first_ns, int64_t *ret_last_ns, struct skyh_problem *problem)
{
    if (!skyh_capture_open(&feed->capture, feed->file, problem) ||
        !date_capture(feed, day, day_utc_ns, problem)) {
        return false;
    }
    for (size_t i = 0; i < feed->capture.count; i++) {
        const struct skyh_datagram *const datagram = &feed->capture.datagram[i];
        if (receiver_of(feed, datagram) != NULL) {
            *ret_first_ns = datagram->utc_ns < *ret_first_ns ? datagram->utc_ns : *ret_first_ns;
            *ret_last_ns = datagram->utc_ns;
            feed->taken++;
        }
    }
    return feed->taken > 0 || fail_nothing(feed, problem);
}

static bool read_nmea(struct feed *feed, const char *day, int64_t day_utc_ns, int64_t *ret_first_ns,
                      int64_t *ret_last_ns, struct skyh_problem *problem)
{
    struct skyh_nmea *const nmea = &feed->nmea;
    if (!skyh_nmea_open(nmea, feed->nmea_file, problem)) {
        return false;
    }
    if (day != NULL) {
        skyh_nmea_shift(nmea, shift_to(day_utc_ns, nmea->fix[0].utc_ns));
    }
    const int64_t first_ns = nmea->fix[0].utc_ns, last_ns = nmea->fix[nmea->count - 1].utc_ns;
    *ret_first_ns = first_ns < *ret_first_ns ? first_ns : *ret_first_ns;
    *ret_last_ns = last_ns > *ret_last_ns ? last_ns : *ret_last_ns;
    return true;
}

static bool read_feeds(struct feed *feed, const char *day, struct skyh_problem *problem)
{
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN, day_utc_ns = 0;
    if (!take_day(day, &day_utc_ns, problem) ||
        (feed->file != NULL &&
         !read_capture(feed, day, day_utc_ns, &first_ns, &last_ns, problem)) ||
        (feed->nmea_file != NULL &&
         !read_nmea(feed, day, day_utc_ns, &first_ns, &last_ns, problem)) ||
        !check_dates(feed, first_ns, last_ns, problem)) {
        return false;
    }
    feed->begin_ns = first_ns - first_ns % SKY_SECOND_NS;
    return true;
}

/* ------------------------------------------------------------------------------------- record */

static int record_loss(struct feed *feed, struct skyh_recorder *recorder, int64_t utc_ns,
                       const char *source)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.kind = SKY_INPUT_SOURCE;
    input.u.source_event.event = SKY_SOURCE_LOST;
    input.u.source_event.count = feed->misses;
    (void)snprintf(input.u.source_event.detail, SKY_DETAIL_MAX, "fragments, or captured in part");
    feed->misses = 0;
    return skyh_recorder_take(recorder, &input, utc_ns - feed->begin_ns, source);
}

static int record_datagram(struct feed *feed, struct skyh_recorder *recorder,
                           const struct skyh_datagram *datagram)
{
    const char *const source = receiver_of(feed, datagram);
    struct sky_input input;
    memset(&input, 0, sizeof input);
    feed->misses += datagram->missing;
    const int error = feed->misses > 0 ? record_loss(feed, recorder, datagram->utc_ns, source) : 0;
    input.kind = SKY_INPUT_DATAGRAM;
    input.u.datagram.bytes = datagram->bytes;
    input.u.datagram.count = datagram->count;
    input.u.datagram.peer_ipv4 = datagram->from_ipv4;
    input.u.datagram.peer_port = datagram->from_port;
    return error != 0
               ? error
               : skyh_recorder_take(recorder, &input, datagram->utc_ns - feed->begin_ns, source);
}

static int record_fix(const struct feed *feed, struct skyh_recorder *recorder,
                      const struct skyh_nmea_fix *fix)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.kind = SKY_INPUT_GNSS;
    input.u.gnss = fix->report;
    return skyh_recorder_take(recorder, &input, fix->utc_ns - feed->begin_ns, "gpsd");
}

static int record_sources(const struct feed *feed, struct skyh_recorder *recorder)
{
    const uint32_t count = feed->file != NULL ? feed->settings.asterix_count : 0;
    int error = feed->nmea_file != NULL
                    ? skyh_recorder_source(recorder, 0, "gpsd", SKY_SOURCE_UP, "imported")
                    : 0;
    if (error == 0 && feed->file != NULL && count == 0) {
        error = skyh_recorder_source(recorder, 0, "asterix", SKY_SOURCE_UP, "imported");
    }
    for (uint32_t i = 0; i < count && error == 0; i++) {
        error = skyh_recorder_source(recorder, 0, feed->settings.asterix[i].source.name,
                                     SKY_SOURCE_UP, "imported");
    }
    return error;
}

/* What of the files was recorded already, and when the latest of it was received. */
struct cursor {
    size_t datagram;
    size_t fix;
    int64_t end_ns;
};

/* Those that nobody receives are passed by. */
static bool next_datagram(struct feed *feed, struct cursor *at, int64_t *ret_ns)
{
    const struct skyh_capture *const capture = &feed->capture;
    while (at->datagram < capture->count &&
           receiver_of(feed, &capture->datagram[at->datagram]) == NULL) {
        feed->misses += capture->datagram[at->datagram++].missing;
    }
    if (at->datagram == capture->count) {
        return false;
    }
    *ret_ns = capture->datagram[at->datagram].utc_ns - feed->begin_ns;
    return true;
}

/* Records what was received next, unless a tick comes before. At one instant the fix is first. */
static int record_next(struct feed *feed, struct skyh_recorder *recorder, struct cursor *at,
                       int64_t tick_ns, bool *ret_any)
{
    int64_t datagram_ns = INT64_MAX, fix_ns = INT64_MAX;
    const bool more = next_datagram(feed, at, &datagram_ns);
    if (at->fix < feed->nmea.count) {
        fix_ns = feed->nmea.fix[at->fix].utc_ns - feed->begin_ns;
    }
    const int64_t next_ns = fix_ns <= datagram_ns ? fix_ns : datagram_ns;
    *ret_any = next_ns <= tick_ns;
    if (next_ns > tick_ns) {
        return 0;
    }
    at->end_ns = next_ns;
    return more && datagram_ns < fix_ns
               ? record_datagram(feed, recorder, &feed->capture.datagram[at->datagram++])
               : record_fix(feed, recorder, &feed->nmea.fix[at->fix++]);
}

static bool is_all(const struct feed *feed, const struct cursor *at)
{
    return at->datagram == feed->capture.count && at->fix == feed->nmea.count;
}

/* Everything in the order of its reception, with ticks between; at one instant the tick is last. */
static int record_all(struct feed *feed, struct skyh_recorder *recorder)
{
    const int64_t step_ns = feed->settings.engine.tick_ns;
    const double all = (double)(feed->capture.count + feed->nmea.count);
    struct skyh_progress progress;
    struct cursor at = {0, 0, 0};
    int64_t tick_ns = 0;
    int error = record_sources(feed, recorder);
    skyh_progress_begin(&progress, "importing");
    while (error == 0 && (!is_all(feed, &at) || tick_ns - step_ns < at.end_ns)) {
        bool any = false;
        error = record_next(feed, recorder, &at, tick_ns, &any);
        if (error == 0 && !any && (!is_all(feed, &at) || tick_ns - step_ns < at.end_ns)) {
            error = skyh_recorder_tick(recorder, tick_ns, true, clock_error_ns);
            tick_ns += step_ns;
            skyh_progress_update(&progress, (double)(at.datagram + at.fix) / all, "");
        }
    }
    feed->misses += feed->capture.missing;
    if (error == 0 && feed->misses > 0) {
        error = record_loss(feed, recorder, feed->begin_ns + tick_ns - step_ns, "asterix");
    }
    if (error == 0) {
        error = skyh_recorder_source(recorder, tick_ns - step_ns, "", SKY_SOURCE_SHUTDOWN, "");
    }
    skyh_progress_end(&progress);
    return error;
}

static uint64_t boot_of(const struct feed *feed)
{
    const bool captured = feed->file != NULL;
    uint8_t digest[32] = {0};
    uint64_t boot = 0;
    (void)skyh_zonefile_hash(captured ? feed->capture.file : feed->nmea.text,
                             captured ? feed->capture.file_bytes : feed->nmea.text_bytes, digest);
    for (size_t i = 0; i < 6; i++) {
        boot = boot << 8 | digest[i];
    }
    return boot;
}

static bool record(struct feed *feed, const char *out, struct skyh_problem *problem)
{
    const struct skyh_recording recording = {
        .config = &feed->settings.engine,
        .zones = &feed->zones,
        .how = "imported",
        .boot = boot_of(feed),
        .start_utc_ns = feed->begin_ns,
        .key = feed->key,
    };
    struct skyh_recorder *recorder = NULL;
    return skyh_recorder_open(&recording, out, &recorder, problem) &&
           skyh_recorder_close(recorder, record_all(feed, recorder), &feed->recorded, problem);
}

/* ------------------------------------------------------------------------------------ command */

static void note_losses(const struct feed *feed)
{
    const struct skyh_capture *const capture = &feed->capture;
    if (capture->fragments > 0) {
        skyh_note("import", "%s: %" PRIu64 " fragments; expected whole datagrams: left out",
                  feed->file, capture->fragments);
    }
    if (capture->cut > 0) {
        skyh_note("import",
                  "%s: %" PRIu64 " datagrams without their end; expected a longer snapshot "
                  "length: left out",
                  feed->file, capture->cut);
    }
    if (capture->went_back > 0) {
        skyh_note("import",
                  "%s: %" PRIu64 " packets are dated before the one before: took its time",
                  feed->file, capture->went_back);
    }
    if (feed->nmea.misdated > 0) {
        skyh_note("import", "%s: %" PRIu64 " reports are more than 30 days off: took them as dated",
                  feed->nmea_file, feed->nmea.misdated);
    }
    if (capture->torn) {
        skyh_note("import", "%s: ends within a packet: imported what comes before", feed->file);
    }
}

/* "8600", or "21111-22135". */
static bool take_ports(struct feed *feed, const char *text, struct skyh_problem *problem)
{
    unsigned first = 0, last = 0;
    int used = 0;
    if (text == NULL) {
        return true;
    }
    const bool range = sscanf(text, "%5u-%5u%n", &first, &last, &used) == 2;
    if (!range && sscanf(text, "%5u%n", &first, &used) == 1) {
        last = first;
    }
    if (text[0] < '0' || text[0] > '9' || text[used] != '\0' || first < 1 || last < first ||
        last > 65535) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--port: %s; expected a port such as 8600, or a range such as 8600-8610",
                         text);
    }
    feed->port_first = (uint16_t)first;
    feed->port_last = (uint16_t)last;
    return true;
}

static bool import_feed(struct feed *feed, const struct skyh_args *args,
                        struct skyh_problem *problem)
{
    static const char *const strangers[] = {"--plots",  "--pose",  "--sensors", "--zones",
                                            "--motion", "--epoch", NULL};
    const char *const config = skyh_args_value(args, "--config");
    const char *const out = skyh_args_value(args, "--out");
    for (size_t i = 0; strangers[i] != NULL; i++) {
        if (skyh_args_value(args, strangers[i]) != NULL) {
            return skyh_fail(
                problem, SKYH_EXIT_USAGE,
                "%s: not with --capture or --nmea; expected it in the file of --config",
                strangers[i]);
        }
    }
    if (config == NULL || out == NULL) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "%s: missing; see skywitness import --help",
                         config == NULL ? "--config" : "--out");
    }
    return take_ports(feed, skyh_args_value(args, "--port"), problem) &&
           read_settings(feed, config, problem) &&
           read_feeds(feed, skyh_args_value(args, "--day"), problem) && record(feed, out, problem);
}

static void print_result(const struct feed *feed, const char *log, bool as_json)
{
    const struct skyh_capture *const capture = &feed->capture;
    const uint64_t elsewhere = capture->count - feed->taken;
    if (!as_json) {
        (void)printf("%s: ", log);
        if (feed->nmea_file != NULL) {
            (void)printf("%zu fixes%s", feed->nmea.count, feed->file != NULL ? ", " : "");
        }
        if (feed->file != NULL) {
            (void)printf("%" PRIu64 " datagrams, %" PRIu64 " to other ports", feed->taken,
                         elsewhere);
        }
        (void)printf(": %" PRIu64 " inputs, %" PRIu64 " events, %.1f MB\n", feed->recorded.inputs,
                     feed->recorded.events, (double)feed->recorded.bytes * 1e-6);
        return;
    }
    json_t *const out = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "log", log, "fixes",
        (json_int_t)feed->nmea.count, "misdated", (json_int_t)feed->nmea.misdated, "datagrams",
        (json_int_t)feed->taken, "to_other_ports", (json_int_t)elsewhere, "fragments",
        (json_int_t)capture->fragments, "cut", (json_int_t)capture->cut, "went_back",
        (json_int_t)capture->went_back, "inputs", (json_int_t)feed->recorded.inputs, "events",
        (json_int_t)feed->recorded.events, "segments", (json_int_t)feed->recorded.segments, "bytes",
        (json_int_t)feed->recorded.bytes, "torn", capture->torn ? 1 : 0);
    (void)json_dumpf(out, stdout, JSON_INDENT(2));
    (void)printf("\n");
    json_decref(out);
}

int skyh_import_capture(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct feed *const feed = calloc(1, sizeof *feed);
    if (feed == NULL) {
        skyh_note("import", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    int exit_code = SKYH_EXIT_OK;
    feed->file = skyh_args_value(args, "--capture");
    feed->key = skyh_args_value(args, "--key");
    feed->nmea_file = skyh_args_value(args, "--nmea");
    if (!import_feed(feed, args, &problem)) {
        exit_code = skyh_report("import", &problem);
    } else {
        note_losses(feed);
        print_result(feed, skyh_args_value(args, "--out"), args->json);
    }
    skyh_capture_close(&feed->capture);
    skyh_nmea_close(&feed->nmea);
    skyh_zonefile_close(&feed->zones);
    free(feed);
    return exit_code;
}
