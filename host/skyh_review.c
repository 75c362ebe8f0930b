#include "skyh_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "sky_keyfile.h"
#include "skyh_audit.h"
#include "skyh_notefile.h"
#include "skyh_reviews.h"

static const struct skyh_option options[] = {
    {"--key", "FILE", "what signs the decision; skywitness witness keygen NAME FILE makes one"},
    {"--text", "WORDS", "why, in one line"},
    {NULL, NULL, NULL},
};

static bool take_decision(const char *word, enum skyh_decision *ret_decision,
                          struct skyh_problem *problem)
{
    for (int i = SKYH_CONFIRM; i <= SKYH_ANNOTATE; i++) {
        if (strcmp(word, skyh_review_decision((enum skyh_decision)i)) == 0) {
            *ret_decision = (enum skyh_decision)i;
            return true;
        }
    }
    return skyh_fail(problem, SKYH_EXIT_USAGE, "%s; expected confirm, dismiss or annotate", word);
}

static bool take_words(const struct skyh_args *args, struct skyh_review *review,
                       struct skyh_problem *problem)
{
    const char *const words = skyh_args_value(args, "--text");
    if (words == NULL) {
        return review->decision != SKYH_ANNOTATE ||
               skyh_fail(problem, SKYH_EXIT_USAGE, "annotate: expected --text WORDS");
    }
    for (const char *at = words; *at != '\0'; at++) {
        if ((unsigned char)*at < 32 || *at == 127) {
            return skyh_fail(problem, SKYH_EXIT_USAGE, "--text: expected one line of text");
        }
    }
    const size_t count = strlen(words);
    if (count >= SKYH_REVIEW_WORDS_MAX) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--text: expected at most %d bytes",
                         SKYH_REVIEW_WORDS_MAX - 1);
    }
    memcpy(review->words, words, count + 1);
    return true;
}

/* The incident "RUN.ID" as the log has it. */
static bool find_incident(struct skyh_log *log, const char *name, struct skyh_review *review,
                          struct skyh_problem *problem)
{
    struct skyh_incidents incidents = {0};
    char own[48];
    bool found = false;
    bool good = skyh_incidents_collect(&incidents, log, "review", problem);
    for (size_t i = 0; good && !found && i < incidents.count; i++) {
        const struct skyh_incident *const incident = &incidents.incident[i];
        (void)snprintf(own, sizeof own, "%" PRIu64 ".%" PRIu32, incident->run, incident->said.id);
        found = strcmp(own, name) == 0;
        if (found) {
            skyh_review_name(review, incident);
        }
    }
    good = good && (found || skyh_fail(problem, SKYH_EXIT_DATA,
                                       "%s: no such incident; expected RUN.ID of one of %zu that "
                                       "skywitness classify lists",
                                       name, incidents.count));
    skyh_incidents_done(&incidents);
    return good;
}

/* What the log is now: what others can compare. */
static bool bind_to(struct skyh_log *log, struct skyh_review *review, struct skyh_problem *problem)
{
    const struct skyh_audit_config config = {.key = NULL};
    struct skyh_audit *const audit = calloc(1, sizeof *audit);
    if (audit == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    skyh_log_rewind(log);
    bool good = skyh_audit_run(log, &config, audit, problem);
    if (good) {
        review->log.size = audit->latest_valid ? audit->latest.size : audit->leaves;
        review->log.root = audit->latest_valid ? audit->latest.root : audit->root;
        good = audit->altered == 0 ||
               skyh_fail(problem, SKYH_EXIT_DIFFERENT, "the log is altered; see skywitness verify");
        skyh_audit_free(audit);
    }
    free(audit);
    return good;
}

/* Signs it, and keeps it under the first number that is free. */
static bool keep(const char *path, struct skyh_review *review, const struct sky_note_signer *signer,
                 struct skyh_problem *problem)
{
    char note[SKYH_REVIEW_TEXT_MAX + 1 + SKY_NOTE_LINE_MAX], line[SKY_NOTE_LINE_MAX];
    const size_t count = skyh_review_text(review, note);
    if (!sky_note_sign(signer, note, count, 0, line)) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    (void)snprintf(note + count, sizeof note - count, "\n%s", line);
    int error = -EEXIST;
    for (unsigned number = 1; error == -EEXIST && number <= SKYH_REVIEWS_MAX; number++) {
        skyh_review_file(path, number, review->file);
        error = sky_keyfile_make(review->file, note, strlen(note));
    }
    if (error == 0 && chmod(review->file, 0644) != 0) { /* no secret */
        error = -errno;
    }
    return error == 0 ||
           skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", review->file, strerror(-error));
}

static bool review(const struct skyh_args *args, struct skyh_log *log, struct skyh_review *review,
                   struct skyh_problem *problem)
{
    const char *const key = skyh_args_value(args, "--key");
    struct sky_note_signer signer;
    if (key == NULL) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "expected --key FILE: a review is signed");
    }
    if (!take_decision(args->operand[2], &review->decision, problem) ||
        !take_words(args, review, problem) ||
        !skyh_notefile_signer(key, SKY_NOTE_ED25519, &signer, problem)) {
        return false;
    }
    review->key = signer.key;
    (void)skyh_utc_rfc3339((int64_t)time(NULL) * SKY_SECOND_NS, review->time);
    const bool good = skyh_log_open(log, args->operand[0], problem) &&
                      find_incident(log, args->operand[1], review, problem) &&
                      bind_to(log, review, problem) &&
                      keep(args->operand[0], review, &signer, problem);
    sky_note_forget(&signer);
    return good;
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct skyh_review made = {0};
    int exit_code = SKYH_EXIT_OK;
    if (!review(args, &log, &made, &problem)) {
        exit_code = skyh_report("review", &problem);
    } else if (args->json) {
        json_t *const out =
            json_pack("{s:s, s:I, s:I, s:s, s:s}", "file", made.file, "run", (json_int_t)made.run,
                      "incident", (json_int_t)made.incident, "decision",
                      skyh_review_decision(made.decision), "reviewer", made.key.name);
        (void)json_dumpf(out, stdout, JSON_INDENT(2));
        (void)printf("\n");
        json_decref(out);
    } else {
        (void)printf("%s: incident %" PRIu64 ".%" PRIu32 ", %s by %s\n", made.file, made.run,
                     made.incident, skyh_review_decision(made.decision), made.key.name);
    }
    skyh_log_close(&log);
    return exit_code;
}

const struct skyh_command skyh_review = {
    .name = "review",
    .operands = "LOG INCIDENT DECISION",
    .operands_min = 3,
    .operands_max = 3,
    .summary = "an analyst's signed decision on an incident, beside the log",
    .about =
        "Signs that INCIDENT (RUN.ID, as classify lists it) is to be taken as DECISION says:\n"
        "confirm, dismiss, or annotate, which only adds words. The note is the file LOG.review-N;\n"
        "the log is not touched. It names the log's latest checkpoint (or, "
        "unsigned,\n"
        "what the log is now) and the reviewer's public key, so that nobody can take it for a\n"
        "review of another log or incident. classify shows the reviews that hold.\n",
    .exits = "  0   signed and kept   1   the log is altered: nothing is signed\n"
             "  64  usage   65  not a log or no such incident   66  cannot be read\n"
             "  73  the note cannot be made\n",
    .example =
        "  skywitness witness keygen analyst.example/1 analyst.key\n"
        "  skywitness review long.mcap 1.1 confirm --key analyst.key --text \"seen on video\"\n",
    .options = options,
    .run = run,
};
