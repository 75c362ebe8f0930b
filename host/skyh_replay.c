#include "skyh_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "skyh_event.h"
#include "skyh_log.h"
#include "skyh_rerun.h"

static const struct skyh_option options[] = {
    {"--check", NULL, "compare every recomputed event with the recorded one"},
    {"--events", NULL, "print the recomputed events, one per line"},
    {"--speed", "N", "go at N times real time; without it as fast as possible"},
    {NULL, NULL, NULL},
};

/* What to do with what is recomputed, as it is. */
struct player {
    struct skyh_rerun_watch watch;
    bool print;
    double speed; /* 0: as fast as possible */
    bool paced;
    int64_t first_ns;        /* station time ... */
    struct timespec started; /* ... and ours, when the run began */
};

static int64_t monotonic_ns(const struct timespec *at)
{
    return (int64_t)at->tv_sec * SKY_SECOND_NS + at->tv_nsec;
}

static void pace(struct skyh_rerun_watch *watch, const struct sky_input *input)
{
    const int64_t time_ns = input->time_ns;
    struct player *const player = (struct player *)watch;
    if (player->speed <= 0.0) {
        return;
    }
    /* A run that begins earlier than the one before restarts the pace. */
    if (!player->paced || time_ns < player->first_ns) {
        player->paced = true;
        player->first_ns = time_ns;
        (void)clock_gettime(CLOCK_MONOTONIC, &player->started);
    }
    const double after_ns = (double)(time_ns - player->first_ns) / player->speed;
    const int64_t due_ns = monotonic_ns(&player->started) + (int64_t)after_ns;
    const struct timespec due = {.tv_sec = (time_t)(due_ns / SKY_SECOND_NS),
                                 .tv_nsec = (long)(due_ns % SKY_SECOND_NS)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) {
    }
}

static void print_event(struct skyh_rerun_watch *watch, const struct sky_event *event)
{
    const struct player *const player = (const struct player *)watch;
    if (!player->print) {
        return;
    }
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

static const char *result_name(const struct skyh_verdict *verdict, const struct skyh_log *log,
                               bool check)
{
    if (verdict->different) {
        return "different";
    }
    if (verdict->lost || skyh_log_exit(log) != SKYH_EXIT_OK) {
        return "damaged";
    }
    return check ? "identical" : "replayed";
}

static void print_json(const struct skyh_verdict *verdict, const struct skyh_log *log, bool check,
                       double seconds)
{
    json_t *const out = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "result",
        result_name(verdict, log, check), "runs", (json_int_t)verdict->runs, "inputs",
        (json_int_t)verdict->inputs, "events_identical", (json_int_t)verdict->events,
        "events_not_comparable", (json_int_t)verdict->not_comparable, "inputs_skipped",
        (json_int_t)verdict->skipped_inputs, "events_torn", (json_int_t)verdict->torn_events,
        "incidents", (json_int_t)verdict->incidents, "tracks", (json_int_t)verdict->tracks,
        "damages", (json_int_t)log->damages, "torn_ends", (json_int_t)log->torn, "span_s",
        (double)verdict->span_ns * 1e-9, "seconds", seconds);
    if (verdict->different) {
        (void)json_object_set_new(out, "first_difference",
                                  json_pack("{s:I, s:I, s:s}", "run", (json_int_t)verdict->run,
                                            "seq", (json_int_t)verdict->seq, "what",
                                            verdict->what));
    }
    (void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)printf("\n");
    json_decref(out);
}

static void print_text(const struct skyh_verdict *verdict, const struct skyh_log *log, bool check,
                       double seconds)
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
    if (!check) {
        return;
    }
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
    (void)log;
}

static void walk(struct skyh_log *log, struct skyh_rerun *rerun, bool stop_at_difference)
{
    struct skyh_progress progress;
    struct skyh_log_item item;
    skyh_progress_begin(&progress, "replaying");
    while (skyh_log_next(log, &item)) {
        skyh_log_say("replay", &item);
        skyh_rerun_take(rerun, &item);
        skyh_progress_update(&progress, skyh_log_share(log, &item), "");
        if (stop_at_difference && skyh_rerun_verdict(rerun)->different) {
            break;
        }
    }
    skyh_rerun_finish(rerun);
    skyh_progress_end(&progress);
}

static int replay(struct skyh_log *log, const struct skyh_args *args, struct player *player)
{
    const bool check = skyh_args_given(args, "--check");
    struct skyh_rerun *const rerun = skyh_rerun_open(check, &player->watch);
    if (rerun == NULL) {
        skyh_note("replay", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    struct timespec begin, end;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    walk(log, rerun, check);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    const double seconds = (double)(monotonic_ns(&end) - monotonic_ns(&begin)) * 1e-9;

    const struct skyh_verdict *const verdict = skyh_rerun_verdict(rerun);
    if (args->json) {
        print_json(verdict, log, check, seconds);
    } else {
        print_text(verdict, log, check, seconds);
    }
    const int whole_or_not = verdict->lost ? SKYH_EXIT_DAMAGED : skyh_log_exit(log);
    const int exit_code = verdict->different ? SKYH_EXIT_DIFFERENT : whole_or_not;
    skyh_rerun_close(rerun);
    return exit_code;
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct player player = {.watch = {.input = pace, .event = print_event},
                            .print = skyh_args_given(args, "--events") && !args->json};
    struct skyh_log log = {0};
    if (!skyh_args_number(args, "--speed", 0.001, 1e6, &player.speed, &problem)) {
        return skyh_report("replay", &problem);
    }
    if (!skyh_log_open(&log, args->operand[0], &problem)) {
        skyh_log_close(&log);
        return skyh_report("replay", &problem);
    }
    const int exit_code = replay(&log, args, &player);
    skyh_log_close(&log);
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
        "and field. What a torn or damaged log lost is said; the rest is still replayed.\n",
    .exits = "  0   replayed; with --check: identical\n"
             "  1   --check: different\n"
             "  2   the log is torn, damaged or incomplete; all that is there is replayed, and "
             "identical\n"
             "  64  usage   65  not a log   66  cannot be read\n",
    .example = "  skywitness replay --check /var/lib/skywitness\n"
               "  skywitness replay --events flight.mcap | grep incident\n",
    .options = options,
    .run = run,
};
