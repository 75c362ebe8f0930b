#include "skyh_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "sky_keyfile.h"
#include "sky_seal.h"
#include "skyh_audit.h"
#include "skyh_disclose.h"
#include "skyh_json.h"
#include "skyh_witness.h"

enum { PATH_MAX_BYTES = 512 };

/* ---- keygen ---- */

static const struct skyh_option keygen_options[] = {
    {"--witness", NULL, "a key for a witness, which cosigns, and not for a station's log"},
    {NULL, NULL, NULL},
};

static bool make_file(const char *path, const void *bytes, size_t count,
                      struct skyh_problem *problem)
{
    const int error = sky_keyfile_make(path, bytes, count);
    return error == 0 || skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", path, strerror(-error));
}

static bool draw(uint8_t seed[SKY_ED25519_BYTES], struct skyh_problem *problem)
{
    return getrandom(seed, SKY_ED25519_BYTES, 0) == SKY_ED25519_BYTES ||
           skyh_fail(problem, SKYH_EXIT_SOFTWARE, "no random numbers: %s", strerror(errno));
}

static bool make_epoch_file(const char *path, struct skyh_problem *problem)
{
    static uint8_t blocks[2 * SKY_EPOCH_BLOCK_BYTES];
    uint8_t seed[SKY_ED25519_BYTES];
    char name[PATH_MAX_BYTES];
    (void)snprintf(name, sizeof name, "%s.epoch", path);
    if (!draw(seed, problem)) {
        return false;
    }
    sky_epoch_write(0, seed, blocks);
    const bool made = make_file(name, blocks, sizeof blocks, problem);
    explicit_bzero(blocks, sizeof blocks);
    return made;
}

static bool make_public_file(const char *path, const struct sky_note_key *key,
                             struct skyh_problem *problem)
{
    char name[PATH_MAX_BYTES], text[SKY_NOTE_KEY_TEXT_MAX], line[SKY_NOTE_KEY_TEXT_MAX + 1];
    (void)snprintf(name, sizeof name, "%s.pub", path);
    sky_note_key_text(key, text);
    (void)snprintf(line, sizeof line, "%s\n", text);
    (void)fputs(line, stdout);
    const int error = sky_keyfile_publish(name, line, strlen(line));
    return error == 0 || skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", name, strerror(-error));
}

static bool keygen(const struct skyh_args *args, struct skyh_problem *problem)
{
    const char *const path = args->operand[1];
    const bool witness = skyh_args_given(args, "--witness");
    uint8_t seed[SKY_ED25519_BYTES];
    struct sky_note_signer signer;
    char text[SKY_NOTE_KEY_TEXT_MAX], line[SKY_NOTE_KEY_TEXT_MAX + 1];
    if (strlen(path) + sizeof ".epoch" > PATH_MAX_BYTES) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "%s: the path is too long", path);
    }
    if (!draw(seed, problem)) {
        return false;
    }
    if (sky_note_make_signer(args->operand[0], witness ? SKY_NOTE_COSIGNATURE : SKY_NOTE_ED25519,
                             seed, &signer) != SKY_OK) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "%s: not a name; expected up to %d bytes without space or plus, such as "
                         "station.example/1",
                         args->operand[0], SKY_NOTE_NAME_MAX - 1);
    }
    sky_note_signer_text(&signer, text);
    (void)snprintf(line, sizeof line, "%s\n", text);
    const bool made = make_file(path, line, strlen(line), problem) &&
                      (witness || make_epoch_file(path, problem)) &&
                      make_public_file(path, &signer.key, problem);
    sky_note_forget(&signer);
    explicit_bzero(seed, sizeof seed);
    explicit_bzero(text, sizeof text);
    explicit_bzero(line, sizeof line);
    return made;
}

static int run_keygen(const struct skyh_args *args)
{
    struct skyh_problem problem;
    return keygen(args, &problem) ? SKYH_EXIT_OK : skyh_report("witness keygen", &problem);
}

const struct skyh_command skyh_witness_keygen = {
    .name = "witness keygen",
    .operands = "NAME FILE",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "make the key that signs a station's log, or a witness's",
    .about =
        "Makes FILE, which signs and stays secret, and FILE.pub, which checks and may go to\n"
        "everybody. For a station also FILE.epoch, from which the keys of its groups evolve. The\n"
        "secret ones are for nobody but their owner (mode 0600), and nothing is overwritten.\n"
        "NAME is that of the station or witness in every signature. Prints the public key.\n",
    .exits = "  0   made   64  usage   73  cannot be made, or is there already\n",
    .example = "  skywitness witness keygen station.example/1 /etc/skywitness/station.key\n"
               "  skywitness witness keygen --witness state-a.example/w1 w1.key\n",
    .options = keygen_options,
    .run = run_keygen,
};

/* ---- request ---- */

static const struct skyh_option request_options[] = {
    {"--old", "N", "the size that the witness saw last; 0 if it never saw the log"},
    {"--out", "FILE", "write it there instead of standard output; also -o"},
    {NULL, NULL, NULL},
};

static bool write_out(const char *path, const char *text, size_t count,
                      struct skyh_problem *problem)
{
    if (path == NULL) {
        (void)fwrite(text, 1, count, stdout);
        return true;
    }
    const int error = sky_keyfile_publish(path, text, count);
    return error == 0 || skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", path, strerror(-error));
}

static bool request(const struct skyh_args *args, struct skyh_audit *audit,
                    struct skyh_problem *problem)
{
    static char text[SKYH_REQUEST_MAX];
    static struct sky_merkle_proof proof;
    struct skyh_log log = {0};
    double old = 0.0;
    bool good = skyh_args_number(args, "--old", 0.0, 9e15, &old, problem) &&
                skyh_audit_checkpoint(args->operand[0], &log, audit, problem);
    if (good &&
        !sky_merkle_prove_growth(&audit->tree.source, (uint64_t)old, audit->latest.size, &proof)) {
        good = skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: no growth from %.0f to %" PRIu64 " can be shown with what is here",
                         args->operand[0], old, audit->latest.size);
    }
    good = good &&
           write_out(skyh_args_value(args, "--out"), text,
                     skyh_request_write((uint64_t)old, &proof, audit->latest_note, text), problem);
    skyh_audit_free(audit);
    skyh_log_close(&log);
    return good;
}

static int run_request(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_audit *const audit = calloc(1, sizeof *audit);
    const bool good = audit != NULL ? request(args, audit, &problem)
                                    : skyh_fail(&problem, SKYH_EXIT_SOFTWARE, "out of memory");
    free(audit);
    return good ? SKYH_EXIT_OK : skyh_report("witness request", &problem);
}

const struct skyh_command skyh_witness_request = {
    .name = "witness request",
    .operands = "LOG",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "ask a witness to cosign a log's latest checkpoint",
    .about =
        "Writes what c2sp.org/tlog-witness posts to add-checkpoint: the size that the witness\n"
        "saw last, the proof that the log grew from there, and the checkpoint. It is text,\n"
        "and goes by network, USB or radio.\n",
    .exits = "  0   written   1   the log is altered or unsigned   64  usage\n"
             "  65  nothing can be shown from that size   66  cannot be read   73  not written\n",
    .example = "  skywitness witness request --old 0 log/ -o first.request\n",
    .options = request_options,
    .run = run_request,
};

/* ---- cosign ---- */

static const struct skyh_option cosign_options[] = {
    {"--key", "FILE", "the witness's secret key"},
    {"--log", "KEY", "the log's public key, or a file with it"},
    {"--state", "FILE", "what this witness saw last of this log; made at the first time"},
    {"--time", "S", "sign as of this second since 1970, not of now"},
    {NULL, NULL, NULL},
};

static bool answer(const struct skyh_request *asked, enum skyh_answer said,
                   const struct skyh_seen *seen, struct skyh_problem *problem)
{
    switch (said) {
    case SKYH_ANSWER_COSIGN:
        return true;
    case SKYH_ANSWER_CONFLICT:
        (void)printf("%" PRIu64 "\n", seen->size); /* the body of a 409 */
        return skyh_fail(problem, SKYH_EXIT_DIFFERENT,
                         "refused: asked from %" PRIu64 ", but seen up to %" PRIu64,
                         asked->old_size, seen->size);
    case SKYH_ANSWER_UNKNOWN:
        return skyh_fail(problem, SKYH_EXIT_DATA, "refused: a checkpoint of %s, another log",
                         asked->note.checkpoint.origin);
    case SKYH_ANSWER_UNSIGNED:
        return skyh_fail(problem, SKYH_EXIT_DATA, "refused: not signed by the log's key");
    case SKYH_ANSWER_BACKWARDS:
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "refused: asked from %" PRIu64 ", beyond the checkpoint's own %" PRIu64,
                         asked->old_size, asked->note.checkpoint.size);
    case SKYH_ANSWER_FORK:
        return skyh_fail(problem, SKYH_EXIT_DIFFERENT,
                         "refused: the checkpoint of %" PRIu64
                         " records did not grow from the one of %" PRIu64
                         " seen before: keep both, they are the evidence",
                         asked->note.checkpoint.size, seen->size);
    }
    return false;
}

static bool cosign_request(const struct skyh_args *args, const struct sky_note_signer *signer,
                           const struct skyh_request *asked, struct skyh_problem *problem)
{
    const char *const state = skyh_args_value(args, "--state");
    struct sky_note_key log;
    const struct skyh_witness witness = {.signer = signer, .log = &log, .state = state};
    struct skyh_seen seen = {.size = 0};
    enum skyh_answer said = SKYH_ANSWER_UNSIGNED;
    double time_s = (double)time(NULL);
    char line[SKY_NOTE_LINE_MAX];
    if (!skyh_notefile_key(skyh_args_value(args, "--log"), &log, problem) ||
        !skyh_args_number(args, "--time", 1.0, 9e15, &time_s, problem) ||
        !skyh_witness_answer(&witness, asked, (uint64_t)time_s, &said, &seen, line, problem) ||
        !answer(asked, said, &seen, problem)) {
        return false;
    }
    (void)fputs(line, stdout);
    return true;
}

static int run_cosign(const struct skyh_args *args)
{
    static struct skyh_request asked;
    struct skyh_problem problem;
    struct sky_note_signer signer;
    const char *const key = skyh_args_value(args, "--key");
    char *text = NULL;
    size_t count = 0;
    if (key == NULL || skyh_args_value(args, "--log") == NULL ||
        skyh_args_value(args, "--state") == NULL) {
        skyh_note("witness cosign", "expected --key, --log and --state");
        return SKYH_EXIT_USAGE;
    }
    const bool good = skyh_notefile_signer(key, SKY_NOTE_COSIGNATURE, &signer, &problem) &&
                      skyh_json_slurp(args->operand[0], &text, &count, &problem) &&
                      skyh_request_read(args->operand[0], text, count, &asked, &problem) &&
                      cosign_request(args, &signer, &asked, &problem);
    skyh_notefile_free(&asked.note);
    sky_note_forget(&signer);
    free(text);
    return good ? SKYH_EXIT_OK : skyh_report("witness cosign", &problem);
}

const struct skyh_command skyh_witness_cosign = {
    .name = "witness cosign",
    .operands = "REQUEST",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "act as a witness: cosign a checkpoint that grew from the last one",
    .about =
        "Reads what witness request wrote, or a station posted. If the log's key signed the\n"
        "checkpoint and it is shown to contain all that was seen before, prints the line with\n"
        "the cosignature, to be put below the checkpoint, and remembers it in the state file.\n"
        "Otherwise it is refused, and remembered as it was.\n",
    .exits = "  0   cosigned\n"
             "  1   refused: it does not continue what was seen; if asked from another size, that\n"
             "      size is printed\n"
             "  64  usage   65  malformed, or not signed by the log   66  cannot be read   73  no "
             "state\n",
    .example = "  skywitness witness cosign --key w1.key --log station.pub --state w1.seen "
               "first.request >>latest.note\n",
    .options = cosign_options,
    .run = run_cosign,
};

/* ---- check ---- */

static const struct skyh_option check_options[] = {
    {"--log", "LOG", "a log that may show that one grew from the other"},
    {"--key", "KEY", "the log's public key, or a file with it"},
    {NULL, NULL, NULL},
};

/* Exit code for two checkpoints of one key: 0 consistent, 1 fork, 3 cannot be told. */
static int compare(const struct skyh_args *args, struct skyh_notefile file[2],
                   struct skyh_audit *audit, struct skyh_problem *problem)
{
    const char *const path = skyh_args_value(args, "--log");
    const struct sky_checkpoint *const a = &file[0].checkpoint;
    const struct sky_checkpoint *const b = &file[1].checkpoint;
    if (a->size == b->size) {
        const bool same = sky_hash_equal(&a->root, &b->root);
        (void)printf("%s\n", same ? "consistent: the same tree"
                                  : "fork: two trees of one size, both signed by the log's key");
        return same ? SKYH_EXIT_OK : SKYH_EXIT_DIFFERENT;
    }
    if (path == NULL) {
        (void)printf("cannot be told: of %" PRIu64 " and %" PRIu64
                     " records; a log (--log) could show it\n",
                     a->size, b->size);
        return SKYH_EXIT_NO_QUORUM;
    }
    struct skyh_log log = {0};
    struct skyh_held held[2] = {{.name = args->operand[0], .checkpoint = *a},
                                {.name = args->operand[1], .checkpoint = *b}};
    const struct skyh_audit_config config = {.held = held, .held_count = 2};
    int exit_code = SKYH_EXIT_SOFTWARE;
    if (!skyh_log_open(&log, path, problem) || !skyh_audit_run(&log, &config, audit, problem)) {
        exit_code = skyh_report("witness check", problem);
    } else if (audit->altered > 0) {
        (void)printf("fork: %s does not contain both: %s\n", path, audit->finding[0].text);
        exit_code = SKYH_EXIT_DIFFERENT;
    } else {
        (void)printf("consistent: %s contains both\n", path);
        exit_code = SKYH_EXIT_OK;
    }
    skyh_audit_free(audit);
    skyh_log_close(&log);
    return exit_code;
}

static bool check_signed(const struct skyh_args *args, const struct skyh_notefile file[2],
                         struct skyh_problem *problem)
{
    struct sky_note_key key;
    if (skyh_args_value(args, "--key") == NULL) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "expected --key");
    }
    if (!skyh_notefile_key(skyh_args_value(args, "--key"), &key, problem)) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(file[i].checkpoint.origin, key.name) != 0 ||
            sky_note_check(&file[i].note, &key, NULL) != SKY_NOTE_SIGNED) {
            return skyh_fail(problem, SKYH_EXIT_DATA, "%s: not signed by the key of %s",
                             args->operand[i], key.name);
        }
    }
    return true;
}

static int run_check(const struct skyh_args *args)
{
    static struct skyh_notefile file[2];
    struct skyh_problem problem;
    struct skyh_audit *const audit = calloc(1, sizeof *audit);
    int exit_code = SKYH_EXIT_SOFTWARE;
    if (audit == NULL) {
        skyh_note("witness check", "out of memory");
    } else if (!skyh_notefile_read(args->operand[0], &file[0], &problem) ||
               !skyh_notefile_read(args->operand[1], &file[1], &problem) ||
               !check_signed(args, file, &problem)) {
        exit_code = skyh_report("witness check", &problem);
    } else {
        exit_code = compare(args, file, audit, &problem);
    }
    skyh_notefile_free(&file[0]);
    skyh_notefile_free(&file[1]);
    free(audit);
    return exit_code;
}

const struct skyh_command skyh_witness_check = {
    .name = "witness check",
    .operands = "CHECKPOINT CHECKPOINT",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "are two checkpoints of one log consistent, or a fork?",
    .about = "Two checkpoints that one key signed and that no one log can contain prove that the\n"
             "key's owner showed different logs to different people. They are proof by themselves\n"
             "if they are of the same size; else a log shows which of the two is not its own.\n",
    .exits = "  0   consistent   1   fork   3   cannot be told from these alone\n"
             "  64  usage   65  not a checkpoint, or not signed by the key   66  cannot be read\n",
    .example = "  skywitness witness check --key station.pub ours.note theirs.note\n",
    .options = check_options,
    .run = run_check,
};

/* ---- proof ---- */

static const struct skyh_option proof_options[] = {
    {"--key", "KEY", "the log's public key, or a file with it"},
    {NULL, NULL, NULL},
};

static int run_proof(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct sky_note_key key;
    const char *const text = skyh_args_value(args, "--key");
    int exit_code = SKYH_EXIT_OK;
    if (text == NULL) {
        skyh_note("witness proof", "expected --key");
        return SKYH_EXIT_USAGE;
    }
    if (!skyh_notefile_key(text, &key, &problem)) {
        return skyh_report("witness proof", &problem);
    }
    for (size_t i = 0; i < args->operand_count; i++) {
        if (!skyh_disclosed_check(args->operand[i], &key, &problem)) {
            exit_code = skyh_report("witness proof", &problem);
        }
    }
    return exit_code;
}

const struct skyh_command skyh_witness_proof = {
    .name = "witness proof",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = SKYH_ARGS_MAX,
    .summary = "check records that export --proof disclosed, without the log",
    .about = "Each FILE (c2sp.org/tlog-proof@v1) holds one record of a log, its place, and a\n"
             "checkpoint. Prints the record if it is proven to be in the log at that place.\n",
    .exits = "  0   all are proven   1   one is not   64  usage   65  malformed   66  cannot be "
             "read\n",
    .example = "  skywitness witness proof --key station.pub incident-3/*.tlog-proof\n",
    .options = proof_options,
    .run = run_proof,
};
