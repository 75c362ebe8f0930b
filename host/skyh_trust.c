#include "skyh_trust.h"

#include <string.h>

static bool read_files(const struct skyh_args *args, struct skyh_trust *trust,
                       struct skyh_problem *problem)
{
    const char *const key = skyh_args_value(args, "--key");
    const char *const policy = skyh_args_value(args, "--policy");
    if (policy != NULL) {
        trust->has_policy = true;
        if (!skyh_policy_read(policy, &trust->policy, problem)) {
            return false;
        }
        trust->has_key = trust->policy.log_count == 1;
        trust->key = trust->policy.log[0];
    }
    if (key != NULL) {
        trust->has_key = true;
        if (!skyh_notefile_key(key, &trust->key, problem)) {
            return false;
        }
    }
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->option[i].name, "--checkpoint") != 0) {
            continue;
        }
        if (trust->count == SKYH_HELD_MAX) {
            return skyh_fail(problem, SKYH_EXIT_USAGE, "--checkpoint: more than %d of them",
                             SKYH_HELD_MAX);
        }
        struct skyh_notefile *const file = &trust->file[trust->count];
        if (!skyh_notefile_read(args->option[i].value, file, problem)) {
            return false;
        }
        trust->held[trust->count++] =
            (struct skyh_held){.name = args->option[i].value, .checkpoint = file->checkpoint};
    }
    return true;
}

/* A checkpoint from elsewhere binds only if the log's own key signed it. */
static bool check_held(struct skyh_trust *trust, struct skyh_problem *problem)
{
    for (size_t i = 0; i < trust->count; i++) {
        const char *const origin = trust->file[i].checkpoint.origin;
        const struct sky_note_key *const key =
            trust->has_key ? &trust->key : skyh_policy_log(&trust->policy, origin);
        if (key == NULL) {
            return skyh_fail(problem, SKYH_EXIT_USAGE,
                             "--checkpoint needs --key, or a policy with the key of %s", origin);
        }
        if (strcmp(key->name, origin) != 0 ||
            sky_note_check(&trust->file[i].note, key, NULL) != SKY_NOTE_SIGNED) {
            return skyh_fail(problem, SKYH_EXIT_DATA, "%s: not signed by the key of %s",
                             trust->held[i].name, key->name);
        }
        trust->satisfied[i] =
            trust->has_policy && skyh_policy_satisfied(&trust->policy, &trust->file[i].note);
    }
    return true;
}

bool skyh_trust_read(const struct skyh_args *args, struct skyh_trust *trust,
                     struct skyh_problem *problem)
{
    return read_files(args, trust, problem) && check_held(trust, problem);
}

void skyh_trust_done(struct skyh_trust *trust)
{
    for (size_t i = 0; trust != NULL && i < SKYH_HELD_MAX; i++) {
        skyh_notefile_free(&trust->file[i]);
    }
}
