#include "skyh_commands.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "skyh_log.h"
#include "skyh_recovery.h"

enum { PIECE_BYTES = 1 << 20 };

static const struct skyh_option options[] = {
    {"--out", "COPY", "where to put the copy: a file or directory that is not there yet; also -o"},
    {NULL, NULL, NULL},
};

/* What the whole command came to. */
struct outcome {
    uint64_t lost_bytes;
    size_t losses;
    json_t *segments; /* NULL: text is wanted */
};

/* ---- writing ---- */

static bool put(int file, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        const ssize_t put = write(file, bytes, count);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        bytes += put > 0 ? put : 0;
        count -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

static bool put_copy(int file, const struct skyh_log_segment *segment,
                     const struct skyh_recovery *recovery)
{
    static uint8_t piece[PIECE_BYTES];
    bool good = true;
    for (size_t at = 0; good && at < recovery->kept; at += PIECE_BYTES) {
        const size_t left = recovery->kept - at;
        const size_t count = left < PIECE_BYTES ? left : PIECE_BYTES;
        memcpy(piece, segment->bytes + at, count);
        skyh_recovery_patch(recovery, at, piece, count);
        good = put(file, piece, count);
    }
    return good && put(file, recovery->end, recovery->end_count) && fsync(file) == 0;
}

/* Never over anything that is there. */
static bool write_copy(const char *path, const struct skyh_log_segment *segment,
                       const struct skyh_recovery *recovery, struct skyh_problem *problem)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", path, strerror(errno));
    }
    const bool good = put_copy(file, segment, recovery);
    const int error = errno;
    (void)close(file);
    return good || skyh_fail(problem, SKYH_EXIT_IO, "%s: %s", path, strerror(error));
}

/* ---- saying ---- */

static const char *word_of(enum skyh_recovery_kind kind)
{
    switch (kind) {
    case SKYH_RECOVERY_NONE:
        return "left out";
    case SKYH_RECOVERY_AS_IS:
        return "copied as it is";
    case SKYH_RECOVERY_CLOSED:
        return "was closed";
    case SKYH_RECOVERY_MADE:
        return "closed";
    }
    return "";
}

static void print_loss(const char *name, const struct skyh_loss *loss)
{
    (void)printf("%s: byte %" PRIu64 ": lost: %" PRIu64 " bytes: %s", name, loss->at, loss->bytes,
                 loss->reason);
    if (loss->has_leaves) {
        (void)printf("; records %" PRIu64 " to %" PRIu64, loss->first_leaf, loss->end_leaf - 1);
    }
    (void)printf("\n");
}

static void print_segment(const char *name, const struct skyh_recovery *recovery)
{
    size_t said = 0;
    for (; said < recovery->loss_count && said < SKYH_RECOVERY_LOSSES_MAX; said++) {
        print_loss(name, &recovery->loss[said]);
    }
    if (recovery->loss_count > said) {
        (void)printf("%s: ... and %zu more losses\n", name, recovery->loss_count - said);
    }
    if (recovery->kind == SKYH_RECOVERY_MADE) {
        (void)printf("%s: closed: %" PRIu64 " groups, %" PRIu64 " records\n", name,
                     recovery->groups, recovery->records);
    } else {
        (void)printf("%s: %s%s%s\n", name, word_of(recovery->kind),
                     recovery->kind == SKYH_RECOVERY_CLOSED ? "" : ": ",
                     recovery->kind == SKYH_RECOVERY_CLOSED ? "" : recovery->reason);
    }
}

static void note_segment(json_t *segments, const char *name, const struct skyh_recovery *recovery)
{
    json_t *const losses = json_array();
    for (size_t i = 0; i < recovery->loss_count && i < SKYH_RECOVERY_LOSSES_MAX; i++) {
        const struct skyh_loss *const loss = &recovery->loss[i];
        json_t *const one = json_pack("{s:I, s:I, s:s}", "byte", (json_int_t)loss->at, "bytes",
                                      (json_int_t)loss->bytes, "what", loss->reason);
        if (loss->has_leaves) {
            (void)json_object_set_new(one, "first", json_integer((json_int_t)loss->first_leaf));
            (void)json_object_set_new(one, "end", json_integer((json_int_t)loss->end_leaf));
        }
        (void)json_array_append_new(losses, one);
    }
    (void)json_array_append_new(segments, json_pack("{s:s, s:s, s:I, s:I, s:o}", "file", name,
                                                    "result", word_of(recovery->kind), "groups",
                                                    (json_int_t)recovery->groups, "records",
                                                    (json_int_t)recovery->records, "lost", losses));
}

/* ---- the command ---- */

static const char *name_of(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool recover_segment(const struct skyh_log_segment *segment, const char *folder,
                            const char *file, struct outcome *outcome, struct skyh_problem *problem)
{
    static struct skyh_recovery recovery;
    char path[SKYH_LOG_PATH_MAX];
    const char *const name = name_of(segment->file);
    if (snprintf(path, sizeof path, "%s%s%s", folder, folder[0] == '\0' ? "" : "/",
                 folder[0] == '\0' ? file : name) >= (int)sizeof path) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: the path is too long", name);
    }
    if (!skyh_recovery_make(segment->bytes, segment->count, &recovery)) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    const bool written =
        recovery.kind == SKYH_RECOVERY_NONE || write_copy(path, segment, &recovery, problem);
    if (written && outcome->segments != NULL) {
        note_segment(outcome->segments, name, &recovery);
    } else if (written) {
        print_segment(name, &recovery);
    }
    outcome->losses += recovery.loss_count + (recovery.kind == SKYH_RECOVERY_AS_IS);
    for (size_t i = 0; i < recovery.loss_count && i < SKYH_RECOVERY_LOSSES_MAX; i++) {
        outcome->lost_bytes += recovery.loss[i].bytes;
    }
    skyh_recovery_free(&recovery);
    return written;
}

/* The log's own folder is not the place for anything. */
static bool lies_within(const char *to, const char *from)
{
    char parent[SKYH_LOG_PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%s", to);
    for (size_t end = strlen(parent); end > 1 && parent[end - 1] == '/'; end--) {
        parent[end - 1] = '\0';
    }
    char *const slash = strrchr(parent, '/');
    (void)snprintf(slash == NULL ? parent : slash + 1,
                   sizeof parent - (slash == NULL ? 0 : (size_t)(slash + 1 - parent)), ".");
    char *const outer = realpath(from, NULL);
    char *const inner = realpath(parent, NULL);
    const size_t count = outer == NULL ? 0 : strlen(outer);
    const bool within = outer != NULL && inner != NULL && strncmp(inner, outer, count) == 0 &&
                        (inner[count] == '/' || inner[count] == '\0');
    free(outer);
    free(inner);
    return within;
}

static bool recover_log(const char *from, const char *to, struct outcome *outcome,
                        struct skyh_problem *problem)
{
    struct skyh_log log = {0};
    bool good = skyh_log_open(&log, from, problem);
    if (good && log.whole && lies_within(to, from)) {
        good = skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: lies within %s, which stays as it is",
                         to, from);
    }
    if (good && log.whole && mkdir(to, 0777) != 0) {
        good = skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s; expected a directory to be made",
                         to, strerror(errno));
    }
    for (size_t i = 0; good && i < log.segment_count; i++) {
        good = recover_segment(&log.segment[i], log.whole ? to : "", to, outcome, problem);
    }
    skyh_log_close(&log);
    return good;
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct outcome outcome = {.segments = args->json ? json_array() : NULL};
    const char *const to = skyh_args_value(args, "--out");
    if (to == NULL) {
        (void)skyh_fail(&problem, SKYH_EXIT_USAGE, "--out COPY is missing");
        return skyh_report("recover", &problem);
    }
    const bool good = recover_log(args->operand[0], to, &outcome, &problem);
    if (good && args->json) {
        json_t *const out = json_pack("{s:s, s:s, s:I, s:I, s:O}", "log", args->operand[0], "copy",
                                      to, "losses", (json_int_t)outcome.losses, "lost_bytes",
                                      (json_int_t)outcome.lost_bytes, "segments", outcome.segments);
        (void)json_dumpf(out, stdout, JSON_INDENT(2));
        (void)printf("\n");
        json_decref(out);
    } else if (good) {
        (void)printf("%s: %s\n", to,
                     outcome.losses == 0 ? "nothing is lost" : "all that was whole is there");
    }
    json_decref(outcome.segments);
    if (!good) {
        return skyh_report("recover", &problem);
    }
    return outcome.losses == 0 ? SKYH_EXIT_OK : SKYH_EXIT_DAMAGED;
}

const struct skyh_command skyh_recover = {
    .name = "recover",
    .operands = "LOG --out COPY",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "close a copy of a log that broke off, and say what was lost",
    .about =
        "Copies LOG (a file, or a directory of segments) and closes what was not closed, so that\n"
        "any reader of MCAP takes it: summary, index, footer. Says which bytes are left out,\n"
        "because they are no whole group, and which records they were if that can be known.\n"
        "LOG is not changed, and nothing that is there is written over.\n"
        "\n"
        "Groups stay as they are: the copy proves what the log proves, and verify still says\n"
        "where it broke off.\n",
    .exits = "  0   nothing is lost\n"
             "  2   something is; the copy has the rest\n"
             "  64  usage   65  not a log   66  cannot be read   73, 74  cannot be written\n",
    .example = "  skywitness recover /var/lib/skywitness -o copy\n",
    .options = options,
    .run = run,
};
