#include "skyh_commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_audit.h"
#include "skyh_rerun.h"
#include "skyh_trust.h"

static const struct skyh_option options[] = {
    {"--key", "KEY", "the log's public key, or a file with it, from a source you trust"},
    {"--policy", "FILE", "keys of logs and witnesses, and the quorum that a checkpoint needs"},
    {"--checkpoint", "FILE", "a checkpoint from elsewhere that the log must contain; repeatable"},
    {"--no-replay", NULL, "do not recompute the events"},
    {NULL, NULL, NULL},
};

/* What one log came to. */
struct outcome {
    struct skyh_audit audit;
    struct skyh_verdict replay;
    bool replayed;
    bool vouched; /* somebody who is trusted signed it, and the quorum with them */
    int exit_code;
};

/* A checkpoint vouches for a log that it was compared with. */
static void count_quorum(struct skyh_trust *trust)
{
    trust->quorum = trust->has_policy && trust->policy.none;
    for (size_t i = 0; i < trust->count; i++) {
        trust->quorum = trust->quorum || (trust->satisfied[i] && !trust->held[i].gone);
    }
}

static bool rerun(struct skyh_log *log, struct outcome *outcome)
{
    struct skyh_log_item item;
    struct skyh_rerun *const rerun = skyh_rerun_open(true, NULL);
    if (rerun == NULL) {
        return false;
    }
    skyh_log_rewind(log);
    while (skyh_log_next(log, &item)) {
        skyh_rerun_take(rerun, &item);
    }
    skyh_rerun_finish(rerun);
    outcome->replay = *skyh_rerun_verdict(rerun);
    outcome->replayed = true;
    skyh_rerun_close(rerun);
    return true;
}

static int exit_of(const struct outcome *outcome)
{
    if (outcome->audit.altered > 0 || (outcome->replayed && outcome->replay.different)) {
        return SKYH_EXIT_DIFFERENT;
    }
    if (outcome->audit.torn > 0) {
        return SKYH_EXIT_DAMAGED;
    }
    return outcome->vouched ? SKYH_EXIT_OK : SKYH_EXIT_NO_QUORUM;
}

/* ---- words ---- */

static const char *verdict_of(int exit_code)
{
    switch (exit_code) {
    case SKYH_EXIT_OK:
        return "proven";
    case SKYH_EXIT_DIFFERENT:
        return "altered";
    case SKYH_EXIT_DAMAGED:
        return "torn";
    default:
        return "not vouched for";
    }
}

static void print_findings(const struct skyh_audit *audit)
{
    for (size_t i = 0; i < audit->finding_count; i++) {
        const struct skyh_finding *const finding = &audit->finding[i];
        const char *const kind = finding->kind == SKYH_FINDING_ALTERED ? "altered" : "torn";
        if (finding->segment != NULL) {
            (void)printf("%s: %s: byte %" PRIu64 ": %s\n", kind, finding->segment->file,
                         finding->offset, finding->text);
        } else {
            (void)printf("%s: %s\n", kind, finding->text);
        }
    }
    if (audit->altered + audit->torn > audit->finding_count) {
        (void)printf("... and %zu more\n", audit->altered + audit->torn - audit->finding_count);
    }
}

static void print_range(const char *what, uint64_t first, uint64_t end)
{
    if (end > first) {
        (void)printf("%s: records %" PRIu64 " to %" PRIu64 "\n", what, first, end - 1);
    }
}

/* What is not here, between two spans: it went, or it is missing. */
static void print_absent(const struct skyh_audit *audit, uint64_t first, uint64_t end,
                         const char *otherwise)
{
    for (size_t i = 0; i < audit->removed_count; i++) {
        const struct skyh_removed *const removed = &audit->removed[i];
        if (removed->first >= first && removed->end <= end) {
            print_range(otherwise, first, removed->first);
            (void)printf(
                "removed, as record %" PRIu64 " says%s: segments %" PRIu64 " to %" PRIu64
                ", records %" PRIu64 " to %" PRIu64 "\n",
                audit->removed_by, removed->damaged ? ", after damage" : " and the tree proves",
                removed->first_segment, removed->last_segment, removed->first, removed->end - 1);
            first = removed->end;
        }
    }
    print_range(otherwise, first, end);
}

static void print_spans(const struct skyh_audit *audit, bool trusted)
{
    const char *const by_key =
        trusted ? "proven by the log's key" : "signed, by a key that nobody here vouches for";
    if (audit->span_count > 0 && audit->span[0].first > 0) {
        print_absent(audit, 0, audit->span[0].first, "before this log");
    }
    for (size_t i = 0; i < audit->span_count; i++) {
        const struct skyh_span *const span = &audit->span[i];
        if (i > 0) {
            print_absent(audit, audit->span[i - 1].end, span->first, "missing or damaged");
        }
        if (span->loose) {
            print_range("whole, but not to be held against the tree", span->first, span->end);
            continue;
        }
        const uint64_t in_groups =
            span->in_groups > span->in_notes ? span->in_groups : span->in_notes;
        print_range(by_key, span->first, span->in_notes);
        print_range("signed by the keys of its groups", span->in_notes, in_groups);
        print_range("in the tree, not signed", in_groups, span->end);
    }
}

static void print_replay(const struct outcome *outcome)
{
    const struct skyh_verdict *const replay = &outcome->replay;
    if (!outcome->replayed) {
        return;
    }
    if (replay->different) {
        (void)printf("replay: different: run %" PRIu64 ", input %" PRIu64 ": %s\n", replay->run,
                     replay->seq, replay->what);
    } else {
        (void)printf("replay: %" PRIu64 " inputs give the %" PRIu64 " recorded events%s\n",
                     replay->inputs, replay->events, replay->lost ? "; inputs are missing" : "");
    }
}

static void print_text(const char *path, const struct outcome *outcome,
                       const struct skyh_trust *trust)
{
    const struct skyh_audit *const audit = &outcome->audit;
    print_findings(audit);
    print_spans(audit, trust->has_key);
    for (size_t i = 0; i < trust->count; i++) {
        if (trust->held[i].gone) {
            (void)printf("%s: not compared: the records around %" PRIu64 " were removed\n",
                         trust->held[i].name, trust->held[i].checkpoint.size);
        }
    }
    (void)printf("%" PRIu64 " records, %" PRIu64 " groups, %" PRIu64 " of them signed, %" PRIu64
                 " checkpoint%s, %" PRIu64 " run%s%s%s\n",
                 audit->leaves, audit->groups, audit->signatures, audit->checkpoints,
                 audit->checkpoints == 1 ? "" : "s", audit->runs, audit->runs == 1 ? "" : "s",
                 audit->is_signed ? " of " : "", audit->is_signed ? audit->key.name : "");
    print_replay(outcome);
    if (trust->has_policy) {
        (void)printf("quorum: %s\n", trust->quorum ? "reached" : "not reached");
    } else if (!trust->has_key) {
        (void)printf("no key was given: the log is held against itself only\n");
    }
    (void)printf("%s: %s\n", path, verdict_of(outcome->exit_code));
}

static json_t *spans_json(const struct skyh_audit *audit)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < audit->span_count; i++) {
        const struct skyh_span *const span = &audit->span[i];
        (void)json_array_append_new(list,
                                    json_pack("{s:I, s:I, s:I, s:I}", "first",
                                              (json_int_t)span->first, "end", (json_int_t)span->end,
                                              "signed_in_groups_below", (json_int_t)span->in_groups,
                                              "in_checkpoints_below", (json_int_t)span->in_notes));
    }
    return list;
}

static json_t *removed_json(const struct skyh_audit *audit)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < audit->removed_count; i++) {
        const struct skyh_removed *const removed = &audit->removed[i];
        (void)json_array_append_new(
            list, json_pack("{s:I, s:I, s:I, s:I, s:b, s:I}", "first_segment",
                            (json_int_t)removed->first_segment, "last_segment",
                            (json_int_t)removed->last_segment, "first", (json_int_t)removed->first,
                            "end", (json_int_t)removed->end, "damaged", removed->damaged ? 1 : 0,
                            "by_record", (json_int_t)audit->removed_by));
    }
    return list;
}

static json_t *findings_json(const struct skyh_audit *audit)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < audit->finding_count; i++) {
        const struct skyh_finding *const finding = &audit->finding[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:I, s:s}", "kind",
                            finding->kind == SKYH_FINDING_ALTERED ? "altered" : "torn", "file",
                            finding->segment == NULL ? "" : finding->segment->file, "byte",
                            (json_int_t)finding->offset, "what", finding->text));
    }
    return list;
}

static void print_json(const char *path, const struct outcome *outcome,
                       const struct skyh_trust *trust)
{
    const struct skyh_audit *const audit = &outcome->audit;
    json_t *const out = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:b, s:o, s:o, s:o}", "log", path, "result",
        verdict_of(outcome->exit_code), "records", (json_int_t)audit->leaves, "groups",
        (json_int_t)audit->groups, "groups_signed", (json_int_t)audit->signatures, "checkpoints",
        (json_int_t)audit->checkpoints, "runs", (json_int_t)audit->runs, "origin",
        audit->is_signed ? audit->key.name : "", "quorum", trust->quorum ? 1 : 0, "spans",
        spans_json(audit), "removed", removed_json(audit), "findings", findings_json(audit));
    if (outcome->replayed) {
        (void)json_object_set_new(
            out, "replay",
            json_pack("{s:I, s:I, s:b, s:s}", "inputs", (json_int_t)outcome->replay.inputs,
                      "events_identical", (json_int_t)outcome->replay.events, "different",
                      outcome->replay.different ? 1 : 0, "what", outcome->replay.what));
    }
    (void)json_dumpf(out, stdout, JSON_INDENT(2));
    (void)printf("\n");
    json_decref(out);
}

/* ---- the command ---- */

static int verify(const char *path, const struct skyh_args *args, struct skyh_trust *trust,
                  struct outcome *outcome)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    const struct skyh_audit_config config = {.key = trust->has_key ? &trust->key : NULL,
                                             .held = trust->held,
                                             .held_count = trust->count};
    memset(outcome, 0, sizeof *outcome);
    bool done = skyh_log_open(&log, path, &problem) &&
                skyh_audit_run(&log, &config, &outcome->audit, &problem);
    if (done && !skyh_args_given(args, "--no-replay") && !rerun(&log, outcome)) {
        done = skyh_fail(&problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    if (done) {
        count_quorum(trust);
        outcome->vouched =
            trust->has_key && outcome->audit.latest_valid && (!trust->has_policy || trust->quorum);
        outcome->exit_code = exit_of(outcome);
        if (args->json) {
            print_json(path, outcome, trust);
        } else {
            print_text(path, outcome, trust);
        }
    }
    skyh_audit_free(&outcome->audit);
    skyh_log_close(&log);
    return done ? outcome->exit_code : skyh_report("verify", &problem);
}

/* Of several logs the worst counts: what stops the command, altered, torn, not vouched for. */
static int worse(int a, int b)
{
    static const int order[] = {SKYH_EXIT_OK, SKYH_EXIT_NO_QUORUM, SKYH_EXIT_DAMAGED,
                                SKYH_EXIT_DIFFERENT};
    size_t rank_a = sizeof order / sizeof *order, rank_b = rank_a;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        rank_a = order[i] == a ? i : rank_a;
        rank_b = order[i] == b ? i : rank_b;
    }
    return rank_b > rank_a ? b : a;
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_trust *const trust = calloc(1, sizeof *trust);
    struct outcome *const outcome = calloc(1, sizeof *outcome);
    int exit_code = SKYH_EXIT_OK;
    if (trust == NULL || outcome == NULL) {
        exit_code = SKYH_EXIT_SOFTWARE;
        skyh_note("verify", "out of memory");
    } else if (!skyh_trust_read(args, trust, &problem)) {
        exit_code = skyh_report("verify", &problem);
    } else {
        for (size_t i = 0; i < args->operand_count; i++) {
            exit_code = worse(exit_code, verify(args->operand[i], args, trust, outcome));
        }
    }
    skyh_trust_done(trust);
    free(trust);
    free(outcome);
    return exit_code;
}

const struct skyh_command skyh_verify = {
    .name = "verify",
    .operands = "LOG...",
    .operands_min = 1,
    .operands_max = SKYH_ARGS_MAX,
    .summary = "prove that a log is what the station recorded, or say where not",
    .about =
        "Goes through each LOG (a file, or a directory of segments): every checksum, the tree\n"
        "over all records, every signature, every count and time, and, unless told otherwise,\n"
        "whether the recorded inputs give the recorded events. Says which records are proven\n"
        "and by whom, and what is altered, missing or broken off, and where.\n"
        "\n"
        "A log can only be held against what you have from elsewhere: its public key, and\n"
        "checkpoints that others keep. Without --key it is held against itself.\n",
    .exits = "  0   proven by the key, and by the quorum if there is a policy\n"
             "  1   altered: by hand or by accident, or not reproduced\n"
             "  2   nothing altered, but it breaks off, as a power cut leaves it\n"
             "  3   nothing altered, but nobody who is trusted vouches for it\n"
             "  64  usage   65  not a log, key or checkpoint   66  cannot be read\n",
    .example = "  skywitness verify --key station.pub /var/lib/skywitness\n"
               "  skywitness verify --policy both-states.policy --checkpoint latest.note log/\n",
    .options = options,
    .run = run,
};
