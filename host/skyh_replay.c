#include "skyh_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "skyh_answer.h"
#include "skyh_event.h"
#include "skyh_log.h"
#include "skyh_rerun.h"
#include "skyh_settings.h"

static const struct skyh_option options[] = {
    {"--check", NULL, "compare every recomputed event with the recorded one"},
    {"--events", NULL, "print the recomputed events, one per line"},
    {"--from", "UTC", "begin there: what was before is computed at once and not told"},
    {"--until", "UTC", "end before the first input of that instant"},
    {"--speed", "N", "go at N times real time; without it as fast as possible"},
    {"--follow", NULL, "go on as the station does, until interrupted or --until"},
    {"--zones", "FILE", "watch these zones, and tell what becomes of the recorded incidents"},
    {"--config", "FILE", "the same with [tracker] and [incident] of a station's configuration"},
    {"--set", "S.KEY=V", "the same with one setting, such as tracker.turn_mps2=5; repeatable"},
    {NULL, NULL, NULL},
};

/* Incidents, and the names in the zones of the run at hand. */
struct side {
    struct skyh_incidents incidents;
    struct sky_arena arena;
    bool named;
    struct sky_zone_set zones;
    struct sky_zone_names names;
};

/* What to do with what is recomputed, as it is. Large. */
struct player {
    struct skyh_rerun_watch watch;
    struct skyh_rerun *rerun;
    bool print;
    bool check;
    bool follow;
    double speed; /* 0: as fast as possible */
    bool paced;
    int64_t first_ns;        /* station time ... */
    struct timespec started; /* ... and ours, when the run began */
    int64_t from_utc_ns;     /* INT64_MIN: from the beginning */
    int64_t until_utc_ns;    /* INT64_MAX: to the end */
    bool shown;              /* from_utc_ns is reached */
    bool ended;              /* until_utc_ns is reached */
    uint64_t lead_in;        /* inputs before from_utc_ns */
    int64_t log_from_utc_ns; /* of the first input that was met ... */
    int64_t log_last_utc_ns; /* ... and the latest; 0: none */
    struct skyh_settings settings;
    bool other; /* zones or settings: incidents are gathered */
    bool out_of_memory;
    struct side was; /* as recorded */
    struct side is;  /* as recomputed */
    struct sky_arena arena;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static int64_t monotonic_ns(const struct timespec *at)
{
    return (int64_t)at->tv_sec * SKY_SECOND_NS + at->tv_nsec;
}

/* ------------------------------------------------------------------------------- what is said */

static void sleep_until(int64_t due_ns)
{
    const struct timespec due = {.tv_sec = (time_t)(due_ns / SKY_SECOND_NS),
                                 .tv_nsec = (long)(due_ns % SKY_SECOND_NS)};
    while (interrupted == 0 &&
           clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) {
    }
}

static void pace(struct player *player, int64_t time_ns)
{
    if (player->speed <= 0.0 || !player->shown) {
        return;
    }
    /* A run that begins earlier than the one before restarts the pace. */
    if (!player->paced || time_ns < player->first_ns) {
        player->paced = true;
        player->first_ns = time_ns;
        (void)clock_gettime(CLOCK_MONOTONIC, &player->started);
    }
    const double after_ns = (double)(time_ns - player->first_ns) / player->speed;
    sleep_until(monotonic_ns(&player->started) + (int64_t)after_ns);
}

/* A run begins, with these zones. */
static void begin_run(struct side *side, const uint8_t *zone_bytes, size_t count)
{
    const char *reason = NULL;
    skyh_incidents_begin_run(&side->incidents);
    side->named = sky_codec_unpack_zones(zone_bytes, count, &side->arena, &side->zones,
                                         &side->names, &reason) == SKY_OK;
}

static void gather(struct player *player, struct side *side, const struct sky_event *event)
{
    if (!skyh_incidents_take(&side->incidents, side->named ? &side->zones : NULL, &side->names,
                             event)) {
        player->out_of_memory = true;
    }
}

static void on_input(struct skyh_rerun_watch *watch, const struct sky_input *input)
{
    struct player *const player = (struct player *)watch;
    if (player->other && input->kind == SKY_INPUT_CONFIG) {
        begin_run(&player->is, input->u.config.zone_bytes, input->u.config.zone_byte_count);
    }
    pace(player, input->time_ns);
}

static void print_event(const struct player *player, const struct sky_event *event)
{
    char when[SKYH_UTC_TEXT_MAX] = "(UTC unknown)", text[SKYH_EVENT_TEXT_MAX];
    if (event->utc.state != SKY_CLOCK_NONE) {
        (void)skyh_utc_text(event->utc.utc_ns, 3, when);
    }
    (void)printf("%-23s  %8" PRIu64 "  %-10s  %s\n", when, event->cause_seq,
                 skyh_event_name(event->kind), skyh_event_text(event, text));
    if (player->speed > 0.0) {
        (void)fflush(stdout);
    }
}

static void on_event(struct skyh_rerun_watch *watch, const struct sky_event *event)
{
    struct player *const player = (struct player *)watch;
    if (player->print && player->shown) {
        print_event(player, event);
    }
    if (player->other) {
        gather(player, &player->is, event);
    }
}

/* ---------------------------------------------------------------------------------- the record */

static void take_recorded(struct player *player, const struct sky_scan_item *item)
{
    struct sky_input input;
    struct sky_utc_estimate utc;
    struct sky_event event;
    if (item->channel == SKY_CHANNEL_CONFIG &&
        sky_codec_unpack_input(item->channel, item->bytes, item->count, &player->arena, &input,
                               &utc) == SKY_OK) {
        begin_run(&player->was, input.u.config.zone_bytes, input.u.config.zone_byte_count);
    } else if ((item->channel == SKY_CHANNEL_INCIDENT ||
                item->channel == SKY_CHANNEL_INCIDENT_LINE ||
                item->channel == SKY_CHANNEL_CLASSIFICATION) &&
               sky_codec_unpack_event(item->channel, item->bytes, item->count, &player->arena,
                                      &event) == SKY_OK) {
        gather(player, &player->was, &event);
    }
}

/* Where an input lies between --from and --until, by UTC as the station had it. */
static void take_time(struct player *player, int64_t utc_ns)
{
    player->log_from_utc_ns = player->log_last_utc_ns == 0 ? utc_ns : player->log_from_utc_ns;
    player->log_last_utc_ns = utc_ns;
    player->shown = player->shown || utc_ns >= player->from_utc_ns;
    player->ended = player->ended || utc_ns >= player->until_utc_ns;
    player->lead_in += player->shown || player->ended ? 0 : 1;
}

/* False: the walk ends here. */
static bool take_item(struct player *player, const struct skyh_log_item *item)
{
    if (item->scan.found == SKY_SCAN_RECORD && sky_codec_is_input(item->scan.channel)) {
        take_time(player, (int64_t)item->scan.publish_time_ns);
        if (player->ended) {
            return false;
        }
    }
    skyh_log_say("replay", item);
    skyh_rerun_take(player->rerun, item);
    if (player->other && item->scan.found == SKY_SCAN_RECORD) {
        take_recorded(player, &item->scan);
    }
    return skyh_rerun_refused(player->rerun) == NULL && !player->out_of_memory &&
           !(player->check && skyh_rerun_verdict(player->rerun)->different);
}

static bool walk_on(struct player *player, struct skyh_log *log, struct skyh_progress *progress)
{
    struct skyh_log_item item;
    while (interrupted == 0 && skyh_log_next(log, &item)) {
        if (!take_item(player, &item)) {
            return false;
        }
        if (!player->follow) {
            skyh_progress_update(progress, skyh_log_share(log, &item), "");
        }
    }
    return true;
}

static void follow(struct player *player, struct skyh_log *log, struct skyh_progress *progress)
{
    const struct sigaction action = {.sa_handler = interrupt};
    const struct timespec a_moment = {.tv_nsec = 100000000};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    while (walk_on(player, log, progress) && interrupted == 0 && !skyh_log_is_over(log)) {
        (void)fflush(stdout);
        (void)nanosleep(&a_moment, NULL);
        skyh_log_more(log);
    }
}

static void walk(struct player *player, struct skyh_log *log)
{
    struct skyh_progress progress;
    skyh_progress_begin(&progress, "replaying");
    if (player->follow) {
        follow(player, log, &progress);
    } else {
        (void)walk_on(player, log, &progress);
    }
    if (!player->follow || skyh_log_is_over(log)) { /* else what is missing may yet come */
        skyh_rerun_finish(player->rerun);
    }
    skyh_progress_end(&progress);
}

/* ------------------------------------------------------------------------------------- results */

static bool is_other_answer(const struct skyh_answer *answer)
{
    return answer->changed + answer->gone + answer->added > 0;
}

static const char *result_name(const struct skyh_verdict *verdict, const struct skyh_log *log,
                               const struct player *player, const struct skyh_answer *answer)
{
    if (verdict->different || is_other_answer(answer)) {
        return "different";
    }
    if (verdict->lost || skyh_log_exit(log) != SKYH_EXIT_OK) {
        return "damaged";
    }
    return player->check || player->other ? "identical" : "replayed";
}

static json_t *difference_json(const struct skyh_verdict *verdict)
{
    json_t *const out = json_pack("{s:I, s:I, s:s}", "run", (json_int_t)verdict->run, "seq",
                                  (json_int_t)verdict->seq, "what", verdict->what);
    if (verdict->topic != NULL) {
        (void)json_object_set_new(out, "topic", json_string(verdict->topic));
        (void)json_object_set_new(out, "field", json_string(verdict->field));
    }
    return out;
}

static json_t *other_json(const struct player *player, const struct skyh_answer *answer)
{
    const struct skyh_settings *const settings = &player->settings;
    char hex[65];
    json_t *const set = json_array();
    for (size_t i = 0; i < settings->count; i++) {
        (void)json_array_append_new(set, json_string(settings->text[i]));
    }
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "zones_sha256",
                     settings->has_zones
                         ? json_string(skyh_zonefile_hex(settings->zones.sha256, hex))
                         : json_null(),
                     "config", settings->file != NULL ? json_string(settings->file) : json_null(),
                     "set", set, "recorded", (json_int_t)player->was.incidents.count, "recomputed",
                     (json_int_t)player->is.incidents.count, "same", (json_int_t)answer->same,
                     "changed", (json_int_t)answer->changed, "gone", (json_int_t)answer->gone,
                     "new", (json_int_t)answer->added, "incidents", skyh_answer_json(answer));
}

static void print_json(const struct skyh_verdict *verdict, const struct skyh_log *log,
                       const struct player *player, const struct skyh_answer *answer,
                       double seconds)
{
    json_t *const out = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "result",
        result_name(verdict, log, player, answer), "runs", (json_int_t)verdict->runs, "inputs",
        (json_int_t)verdict->inputs, "inputs_before_from", (json_int_t)player->lead_in,
        "events_identical", (json_int_t)verdict->events, "events_not_comparable",
        (json_int_t)verdict->not_comparable, "inputs_skipped", (json_int_t)verdict->skipped_inputs,
        "events_torn", (json_int_t)verdict->torn_events, "incidents",
        (json_int_t)verdict->incidents, "tracks", (json_int_t)verdict->tracks, "damages",
        (json_int_t)log->damages, "torn_ends", (json_int_t)log->torn, "span_s",
        (double)verdict->span_ns * 1e-9, "seconds", seconds);
    if (verdict->different) {
        (void)json_object_set_new(out, "first_difference", difference_json(verdict));
    }
    if (player->other) {
        (void)json_object_set_new(out, "other", other_json(player, answer));
    }
    (void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)printf("\n");
    json_decref(out);
}

static void print_check(const struct skyh_verdict *verdict)
{
    if (verdict->different) {
        (void)printf("different: run %" PRIu64 ", input %" PRIu64 ": %s\n", verdict->run,
                     verdict->seq, verdict->what);
        return;
    }
    if (verdict->inputs == 0) {
        (void)printf("nothing compared: no input is left that a run began with\n");
        return;
    }
    (void)printf("identical: %" PRIu64 " inputs, %" PRIu64 " events: every recomputed event equals "
                 "the recorded one, byte for byte\n",
                 verdict->inputs, verdict->events);
    if (verdict->torn_events > 0) {
        (void)printf("torn tail: %" PRIu64 " events of the last input were cut off\n",
                     verdict->torn_events);
    }
    if (verdict->not_comparable > 0) {
        (void)printf("not comparable: %" PRIu64 " events after inputs that are lost\n",
                     verdict->not_comparable);
    }
}

static void print_other(const struct player *player, const struct skyh_answer *answer)
{
    const bool settings = player->settings.count > 0 || player->settings.file != NULL;
    (void)printf("with other %s%s%s: %zu incident%s recorded, %zu recomputed; %zu the same, %zu "
                 "changed, %zu gone, %zu new\n",
                 player->settings.has_zones ? "zones" : "",
                 player->settings.has_zones && settings ? " and " : "", settings ? "settings" : "",
                 player->was.incidents.count, player->was.incidents.count == 1 ? "" : "s",
                 player->is.incidents.count, answer->same, answer->changed, answer->gone,
                 answer->added);
    skyh_answer_print(answer, stdout);
}

static void print_text(const struct skyh_verdict *verdict, const struct player *player,
                       const struct skyh_answer *answer, double seconds)
{
    const double span_s = (double)verdict->span_ns * 1e-9;
    (void)printf("replayed: %" PRIu64 " run%s, %" PRIu64 " inputs, %" PRIu64 " track%s, %" PRIu64
                 " incident%s; %.0f s in %.2f s, %.0f x real time\n",
                 verdict->runs, verdict->runs == 1 ? "" : "s", verdict->inputs, verdict->tracks,
                 verdict->tracks == 1 ? "" : "s", verdict->incidents,
                 verdict->incidents == 1 ? "" : "s", span_s, seconds,
                 seconds > 0.0 ? span_s / seconds : 0.0);
    if (verdict->skipped_inputs > 0) {
        (void)printf("skipped: %" PRIu64 " inputs that belong to a run whose beginning is lost\n",
                     verdict->skipped_inputs);
    }
    if (verdict->lost) {
        (void)printf("incomplete: inputs of a run are lost\n");
    }
    if (player->check) {
        print_check(verdict);
    }
    if (player->other) {
        print_other(player, answer);
    }
}

/* --from and --until against what the log holds. */
static bool check_span(const struct player *player, struct skyh_problem *problem)
{
    char first[SKYH_UTC_TEXT_MAX], last[SKYH_UTC_TEXT_MAX];
    if (player->log_last_utc_ns == 0 ||
        (player->shown && skyh_rerun_verdict(player->rerun)->inputs > 0) || player->follow ||
        skyh_rerun_verdict(player->rerun)->skipped_inputs > 0) {
        return true;
    }
    if (player->ended) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "--until: before the log begins; expected an "
                         "instant after %s, and after --from",
                         skyh_utc_rfc3339(player->log_from_utc_ns, first));
    }
    return skyh_fail(problem, SKYH_EXIT_DATA,
                     "--from: after the log's end; expected an instant from %s to %s",
                     skyh_utc_rfc3339(player->log_from_utc_ns, first),
                     skyh_utc_rfc3339(player->log_last_utc_ns, last));
}

static bool find_problem(const struct player *player, struct skyh_problem *problem)
{
    const struct skyh_problem *const refused = skyh_rerun_refused(player->rerun);
    if (refused != NULL) {
        *problem = *refused;
        return true;
    }
    if (player->out_of_memory) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
        return true;
    }
    return !check_span(player, problem);
}

static int tell(const struct player *player, const struct skyh_log *log, bool json, double seconds)
{
    const struct skyh_verdict *const verdict = skyh_rerun_verdict(player->rerun);
    struct skyh_answer answer = {0};
    if (player->other &&
        !skyh_answer_find(&answer, &player->was.incidents, &player->is.incidents)) {
        skyh_note("replay", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    if (json) {
        print_json(verdict, log, player, &answer, seconds);
    } else {
        print_text(verdict, player, &answer, seconds);
    }
    const int whole_or_not = verdict->lost ? SKYH_EXIT_DAMAGED : skyh_log_exit(log);
    const bool different = verdict->different || is_other_answer(&answer);
    skyh_answer_done(&answer);
    return different ? SKYH_EXIT_DIFFERENT : whole_or_not;
}

static int replay(struct skyh_log *log, bool json, struct player *player)
{
    player->rerun = skyh_rerun_open(player->check, &player->watch);
    if (player->rerun == NULL) {
        skyh_note("replay", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    if (player->other) {
        skyh_rerun_change(player->rerun, &player->settings);
    }
    struct timespec begin, end;
    struct skyh_problem problem;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    walk(player, log);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    const double seconds = (double)(monotonic_ns(&end) - monotonic_ns(&begin)) * 1e-9;
    const int exit_code = find_problem(player, &problem) ? skyh_report("replay", &problem)
                                                         : tell(player, log, json, seconds);
    skyh_rerun_close(player->rerun);
    return exit_code;
}

/* ------------------------------------------------------------------------------------- command */

static bool take_instant(const struct skyh_args *args, const char *name, int64_t *instant_ns,
                         struct skyh_problem *problem)
{
    const char *const text = skyh_args_value(args, name);
    return text == NULL || skyh_utc_parse(text, instant_ns) ||
           skyh_fail(problem, SKYH_EXIT_USAGE,
                     "%s: %s; expected an instant such as 2026-01-02T00:00:00Z", name, text);
}

static bool take_options(struct player *player, const struct skyh_args *args,
                         struct skyh_problem *problem)
{
    player->print = skyh_args_given(args, "--events") && !args->json;
    player->check = skyh_args_given(args, "--check");
    player->follow = skyh_args_given(args, "--follow");
    player->from_utc_ns = INT64_MIN;
    player->until_utc_ns = INT64_MAX;
    if (!skyh_args_number(args, "--speed", 0.001, 1e6, &player->speed, problem) ||
        !take_instant(args, "--from", &player->from_utc_ns, problem) ||
        !take_instant(args, "--until", &player->until_utc_ns, problem) ||
        !skyh_settings_take(&player->settings, args, problem)) {
        return false;
    }
    player->other = skyh_settings_any(&player->settings);
    if (player->until_utc_ns <= player->from_utc_ns) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--until: not after --from; expected a later instant");
    }
    return !player->check || !player->other ||
           skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--check: compares with what was recorded; expected it without --zones, "
                     "--config and --set");
}

static bool make_room(struct player *player, struct skyh_problem *problem)
{
    struct sky_arena *const arenas[] = {&player->arena, &player->was.arena, &player->is.arena};
    bool made = true;
    for (size_t i = 0; i < 3 && player->other; i++) {
        arenas[i]->capacity = SKY_CODEC_ARENA_BYTES;
        arenas[i]->bytes = malloc(SKY_CODEC_ARENA_BYTES);
        made = made && arenas[i]->bytes != NULL;
    }
    return made || skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
}

static void let_go(struct player *player)
{
    skyh_incidents_done(&player->was.incidents);
    skyh_incidents_done(&player->is.incidents);
    free(player->arena.bytes);
    free(player->was.arena.bytes);
    free(player->is.arena.bytes);
    skyh_settings_close(&player->settings);
    free(player);
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct player *const player = calloc(1, sizeof *player);
    if (player == NULL) {
        skyh_note("replay", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    player->watch = (struct skyh_rerun_watch){.input = on_input, .event = on_event};
    const bool ready = take_options(player, args, &problem) && make_room(player, &problem) &&
                       (player->follow ? skyh_log_follow(&log, args->operand[0], &problem)
                                       : skyh_log_open(&log, args->operand[0], &problem));
    const int exit_code =
        ready ? replay(&log, args->json, player) : skyh_report("replay", &problem);
    skyh_log_close(&log);
    let_go(player);
    return exit_code;
}

const struct skyh_command skyh_replay = {
    .name = "replay",
    .operands = "LOG",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "run a log's inputs through the station's own code again",
    .about =
        "Feeds the recorded inputs of LOG (a file, or a directory of segments) to a fresh\n"
        "station, run by run. With --check every recomputed event is compared with the\n"
        "recorded one, byte for byte and in order; the first difference is told by run, input\n"
        "and field. What a torn or damaged log lost is said; the rest is still replayed.\n"
        "\n"
        "With other zones or settings the same inputs meet another station. What becomes of\n"
        "each recorded incident is then told, line by line: the same, changed, gone or new.\n"
        "A setting is named and scaled as in the station's configuration file, with the\n"
        "section station, tracker, incident or radar.NAME; what is not named stays as it was\n"
        "recorded. --from and --until are UTC as the station had it at the time.\n",
    .exits = "  0   replayed; with --check, other zones or other settings: nothing differs\n"
             "  1   something differs\n"
             "  2   the log is torn, damaged or incomplete; all that is there is replayed, and "
             "identical\n"
             "  64  usage   65  not a log, or nothing of it is between --from and --until\n"
             "  66  cannot be read\n",
    .example = "  skywitness replay --check /var/lib/skywitness\n"
               "  skywitness replay --events flight.mcap | grep incident\n"
               "  skywitness replay --zones claimed.zones --set incident.p_enter=0.99 flight.mcap\n"
               "  skywitness replay --follow --events /var/lib/skywitness\n",
    .options = options,
    .run = run,
};
