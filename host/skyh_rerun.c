#include "skyh_rerun.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An event the station has just computed and the log has yet to show. */
struct expected {
    enum sky_channel channel;
    size_t at; /* in packed */
    size_t count;
};

struct skyh_rerun {
    bool compare;
    struct skyh_rerun_watch *watch;
    struct skyh_verdict verdict;
    const struct skyh_settings *settings; /* NULL: as recorded */
    struct sky_config config;             /* with them */
    bool refused;
    struct skyh_problem problem;
    bool running;    /* a CONFIG was taken and every input since */
    bool comparable; /* no input of this run was lost */
    bool torn;       /* the walk's latest end was torn */
    uint64_t seq;    /* of the latest input */
    int64_t time_ns;
    struct sky_station station;
    struct sky_outbox outbox;
    size_t expected_count;
    size_t expected_next;
    struct expected expected[SKY_OUTBOX_MAX];
    uint8_t *packed;
    size_t packed_bytes;
    size_t packed_capacity;
    struct sky_arena config_arena; /* the station borrows zones from it for a whole run */
    struct sky_arena arena;
};

struct skyh_rerun *skyh_rerun_open(bool compare, struct skyh_rerun_watch *watch)
{
    struct skyh_rerun *const rerun = calloc(1, sizeof *rerun);
    if (rerun == NULL) {
        return NULL;
    }
    rerun->compare = compare;
    rerun->watch = watch;
    rerun->config_arena.capacity = SKY_CODEC_ARENA_BYTES;
    rerun->config_arena.bytes = malloc(SKY_CODEC_ARENA_BYTES);
    rerun->arena.capacity = SKY_CODEC_ARENA_BYTES;
    rerun->arena.bytes = malloc(SKY_CODEC_ARENA_BYTES);
    if (rerun->config_arena.bytes == NULL || rerun->arena.bytes == NULL) {
        skyh_rerun_close(rerun);
        return NULL;
    }
    sky_station_init(&rerun->station);
    return rerun;
}

void skyh_rerun_close(struct skyh_rerun *rerun)
{
    if (rerun != NULL) {
        free(rerun->config_arena.bytes);
        free(rerun->arena.bytes);
        free(rerun->packed);
        free(rerun);
    }
}

struct sky_station *skyh_rerun_station(struct skyh_rerun *rerun) { return &rerun->station; }

const struct skyh_verdict *skyh_rerun_verdict(const struct skyh_rerun *rerun)
{
    return &rerun->verdict;
}

void skyh_rerun_change(struct skyh_rerun *rerun, const struct skyh_settings *settings)
{
    rerun->settings = settings;
}

const struct skyh_problem *skyh_rerun_refused(const struct skyh_rerun *rerun)
{
    return rerun->refused ? &rerun->problem : NULL;
}

static void differ(struct skyh_rerun *rerun, const char *what)
{
    struct skyh_verdict *const verdict = &rerun->verdict;
    if (!verdict->different) {
        verdict->different = true;
        verdict->run = verdict->runs;
        verdict->seq = rerun->seq;
        (void)snprintf(verdict->what, sizeof verdict->what, "%s", what);
    }
    rerun->comparable = false;
}

/* Inputs were lost: from here to the end of the run nothing can be compared. */
static void lose(struct skyh_rerun *rerun)
{
    rerun->verdict.lost = true;
    rerun->comparable = false;
    rerun->expected_count = 0;
    rerun->expected_next = 0;
}

static bool make_room(struct skyh_rerun *rerun)
{
    enum { EVENT_BYTES_MAX = 4096 };
    if (rerun->packed_capacity - rerun->packed_bytes >= EVENT_BYTES_MAX) {
        return true;
    }
    const size_t capacity = 2 * rerun->packed_capacity + 16 * (size_t)EVENT_BYTES_MAX;
    uint8_t *const grown = realloc(rerun->packed, capacity);
    if (grown == NULL) {
        return false;
    }
    rerun->packed = grown;
    rerun->packed_capacity = capacity;
    return true;
}

static void expect(struct skyh_rerun *rerun, const struct sky_event *event)
{
    struct expected *const expected = &rerun->expected[rerun->expected_count];
    if (!make_room(rerun) || sky_codec_pack_event(event, rerun->packed + rerun->packed_bytes,
                                                  rerun->packed_capacity - rerun->packed_bytes,
                                                  &expected->channel, &expected->count) != SKY_OK) {
        differ(rerun, "a recomputed event cannot be packed");
        return;
    }
    expected->at = rerun->packed_bytes;
    rerun->packed_bytes += expected->count;
    rerun->expected_count++;
}

static void note_event(struct skyh_rerun *rerun, const struct sky_event *event)
{
    if (event->kind == SKY_EVENT_INCIDENT && event->u.incident.change == SKY_INCIDENT_OPENED) {
        rerun->verdict.incidents++;
    }
    if (event->kind == SKY_EVENT_TRACK && (event->u.track.change & SKY_TRACK_NOW_CONFIRMED) != 0) {
        rerun->verdict.tracks++;
    }
    if (rerun->watch != NULL) {
        rerun->watch->event(rerun->watch, event);
    }
}

static void note_time(struct skyh_rerun *rerun, const struct sky_input *input)
{
    if (input->kind != SKY_INPUT_CONFIG && input->time_ns > rerun->time_ns) {
        rerun->verdict.span_ns += input->time_ns - rerun->time_ns;
    }
    rerun->time_ns = input->time_ns;
    rerun->seq = input->seq;
    if (rerun->watch != NULL) {
        rerun->watch->input(rerun->watch, input);
    }
}

/* The last that can be asked of the station as it is. */
static void end_run(struct skyh_rerun *rerun)
{
    if (rerun->running && rerun->watch != NULL && rerun->watch->run_end != NULL) {
        rerun->watch->run_end(rerun->watch);
    }
}

/* Lets a run begin with other zones and settings than it did. False if it cannot. */
static bool change(struct skyh_rerun *rerun, struct sky_input *input)
{
    struct skyh_problem problem;
    if (rerun->settings == NULL) {
        return true;
    }
    rerun->config = *input->u.config.config;
    input->u.config.config = &rerun->config;
    if (rerun->settings->has_zones) {
        input->u.config.zones = &rerun->settings->zones.set;
        input->u.config.zone_bytes = rerun->settings->zones.bytes;
        input->u.config.zone_byte_count = rerun->settings->zones.count;
    }
    if (skyh_settings_apply(rerun->settings, &rerun->config, &problem)) {
        return true;
    }
    rerun->problem = rerun->refused ? rerun->problem : problem;
    rerun->refused = true;
    return false;
}

static void take_input(struct skyh_rerun *rerun, const struct sky_scan_item *item)
{
    const bool config = item->channel == SKY_CHANNEL_CONFIG;
    struct sky_input input;
    struct sky_utc_estimate utc;
    if (rerun->comparable && rerun->expected_next < rerun->expected_count) {
        char what[96];
        (void)snprintf(what, sizeof what, "%zu events are recomputed, %zu were recorded",
                       rerun->expected_count, rerun->expected_next);
        differ(rerun, what);
    }
    if (config) {
        end_run(rerun);
        rerun->running = false; /* it borrows from the arena that is now overwritten */
    }
    if (sky_codec_unpack_input(item->channel, item->bytes, item->count,
                               config ? &rerun->config_arena : &rerun->arena, &input,
                               &utc) != SKY_OK) {
        rerun->verdict.skipped_inputs++;
        lose(rerun);
        return;
    }
    if (config) {
        rerun->verdict.runs++;
        sky_station_init(&rerun->station);
        rerun->running = change(rerun, &input);
        rerun->comparable = true;
    } else if (input.seq != rerun->seq + 1) {
        lose(rerun);
    }
    rerun->expected_count = 0;
    rerun->expected_next = 0;
    rerun->packed_bytes = 0;
    if (!rerun->running || sky_station_step(&rerun->station, &input, &rerun->outbox) != SKY_OK) {
        rerun->verdict.skipped_inputs++;
        lose(rerun);
        return;
    }
    rerun->verdict.inputs++;
    note_time(rerun, &input);
    for (size_t i = 0; i < rerun->outbox.count; i++) {
        note_event(rerun, &rerun->outbox.event[i]);
        if (rerun->compare && rerun->comparable) {
            expect(rerun, &rerun->outbox.event[i]);
        }
    }
}

static bool is_expected(const struct skyh_rerun *rerun, const struct sky_scan_item *item)
{
    const struct expected *const expected = &rerun->expected[rerun->expected_next];
    return expected->channel == item->channel && expected->count == item->count &&
           memcmp(rerun->packed + expected->at, item->bytes, item->count) == 0;
}

static void take_event(struct skyh_rerun *rerun, const struct sky_scan_item *item)
{
    if (!rerun->compare) {
        return;
    }
    if (!rerun->comparable) {
        rerun->verdict.not_comparable++;
        return;
    }
    if (rerun->expected_next >= rerun->expected_count) {
        char what[96];
        (void)snprintf(what, sizeof what, "%s: recorded, but not recomputed",
                       sky_codec_topic(item->channel));
        differ(rerun, what);
        return;
    }
    const struct expected *const expected = &rerun->expected[rerun->expected_next++];
    const uint8_t *const packed = rerun->packed + expected->at;
    char what[SKYH_DIFF_MAX], field[SKYH_DIFF_MAX];
    if (expected->channel != item->channel) {
        (void)snprintf(what, sizeof what, "event %zu: recorded %s, recomputed %s",
                       rerun->expected_next, sky_codec_topic(item->channel),
                       sky_codec_topic(expected->channel));
        differ(rerun, what);
    } else if (expected->count != item->count || memcmp(packed, item->bytes, item->count) != 0) {
        (void)skyh_diff(item->channel, item->bytes, item->count, packed, expected->count, field);
        (void)snprintf(what, sizeof what, "event %zu (%s): %.200s", rerun->expected_next,
                       sky_codec_topic(item->channel), field);
        if (!rerun->verdict.different && strstr(field, ": recorded") != NULL) {
            rerun->verdict.topic = sky_codec_topic(item->channel);
            (void)snprintf(rerun->verdict.field, sizeof rerun->verdict.field, "%.*s",
                           (int)strcspn(field, ":"), field);
        }
        differ(rerun, what);
    } else {
        rerun->verdict.events++;
    }
}

void skyh_rerun_take(struct skyh_rerun *rerun, const struct skyh_log_item *item)
{
    switch (item->scan.found) {
    case SKY_SCAN_RECORD:
        /* After a torn end another segment goes on: what was cut off is a gap, not the tail. */
        if (rerun->torn && rerun->expected_next < rerun->expected_count &&
            !is_expected(rerun, &item->scan)) {
            rerun->verdict.torn_events += rerun->expected_count - rerun->expected_next;
            lose(rerun);
        }
        rerun->torn = false;
        if (sky_codec_is_input(item->scan.channel)) {
            take_input(rerun, &item->scan);
        } else {
            take_event(rerun, &item->scan);
        }
        break;
    case SKY_SCAN_DAMAGE:
        lose(rerun);
        break;
    case SKY_SCAN_TORN_END:
        rerun->torn = true;
        break;
    case SKY_SCAN_OWN:
    case SKY_SCAN_END:
        break;
    }
}

void skyh_rerun_finish(struct skyh_rerun *rerun)
{
    const size_t missing = rerun->expected_count - rerun->expected_next;
    end_run(rerun);
    if (!rerun->compare || !rerun->comparable || missing == 0) {
        return;
    }
    if (rerun->torn) {
        rerun->verdict.torn_events += missing;
        return;
    }
    char what[96];
    (void)snprintf(what, sizeof what, "%zu events are recomputed, %zu were recorded",
                   rerun->expected_count, rerun->expected_next);
    differ(rerun, what);
}
