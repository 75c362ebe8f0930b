#include "skyh_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_json.h"

enum { WORDS_MAX = 2 + SKYH_POLICY_MEMBERS_MAX };

/* One line, cut into words. */
struct line {
    const char *file;
    unsigned number;
    size_t count;
    char *word[WORDS_MAX];
};

static bool fail(const struct line *line, struct skyh_problem *problem, const char *what)
{
    return skyh_fail(problem, SKYH_EXIT_DATA, "%s:%u: %s", line->file, line->number, what);
}

static size_t find_member(const struct skyh_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->member_count; i++) {
        if (strcmp(policy->member[i].name, name) == 0) {
            return i;
        }
    }
    return SKYH_POLICY_MEMBERS_MAX;
}

/* The next member, named; NULL: problem is set. */
static struct skyh_policy_member *add_member(struct skyh_policy *policy, const struct line *line,
                                             struct skyh_problem *problem)
{
    const char *const name = line->count > 1 ? line->word[1] : "";
    if (policy->member_count == SKYH_POLICY_MEMBERS_MAX ||
        find_member(policy, name) != SKYH_POLICY_MEMBERS_MAX || name[0] == '\0' ||
        strlen(name) >= SKYH_POLICY_NAME_MAX || strcmp(name, "none") == 0) {
        (void)fail(line, problem, "expected a new name, and at most 32 of them");
        return NULL;
    }
    struct skyh_policy_member *const member = &policy->member[policy->member_count];
    memset(member, 0, sizeof *member);
    (void)snprintf(member->name, sizeof member->name, "%s", name);
    return member;
}

static bool take_log(struct skyh_policy *policy, const struct line *line,
                     struct skyh_problem *problem)
{
    const char *const text = line->count > 1 ? line->word[1] : "";
    if (policy->log_count == SKYH_POLICY_LOGS_MAX || line->count > 3 ||
        sky_note_read_key(text, strlen(text), &policy->log[policy->log_count]) != SKY_OK ||
        policy->log[policy->log_count].algorithm != SKY_NOTE_ED25519) {
        return fail(line, problem, "expected log and an Ed25519 key, at most 8 times");
    }
    policy->log_count++;
    return true;
}

static bool take_witness(struct skyh_policy *policy, const struct line *line,
                         struct skyh_problem *problem)
{
    struct skyh_policy_member *const member = add_member(policy, line, problem);
    if (member == NULL) {
        return false;
    }
    const char *const text = line->count > 2 ? line->word[2] : "";
    if (line->count > 4 || sky_note_read_key(text, strlen(text), &member->key) != SKY_OK ||
        member->key.algorithm != SKY_NOTE_COSIGNATURE) {
        return fail(line, problem, "expected witness, a name and a cosignature/v1 key");
    }
    policy->member_count++;
    return true;
}

static bool take_group(struct skyh_policy *policy, const struct line *line,
                       struct skyh_problem *problem)
{
    struct skyh_policy_member *const member = add_member(policy, line, problem);
    if (member == NULL) {
        return false;
    }
    const unsigned count = line->count > 3 ? (unsigned)(line->count - 3) : 0;
    uint64_t needed = 0;
    const char *const how = line->count > 2 ? line->word[2] : "";
    if (strcmp(how, "all") == 0) {
        needed = count;
    } else if (strcmp(how, "any") == 0) {
        needed = 1;
    } else if (!sky_decimal_read(how, strlen(how), &needed)) {
        needed = 0;
    }
    if (needed == 0 || needed > count) {
        return fail(line, problem, "expected group, a name, all, any or a number, and members");
    }
    for (size_t i = 3; i < line->count; i++) {
        const size_t at = find_member(policy, line->word[i]);
        if (at == SKYH_POLICY_MEMBERS_MAX || (member->members >> at & 1) != 0) {
            return fail(line, problem, "a member that is not known here, or twice");
        }
        member->members |= UINT32_C(1) << at;
    }
    member->is_group = true;
    member->needed = (unsigned)needed;
    policy->member_count++;
    return true;
}

static bool take_quorum(struct skyh_policy *policy, const struct line *line, bool *quorum,
                        struct skyh_problem *problem)
{
    const char *const name = line->count == 2 ? line->word[1] : "";
    policy->none = strcmp(name, "none") == 0;
    policy->quorum = find_member(policy, name);
    if (*quorum || (!policy->none && policy->quorum == SKYH_POLICY_MEMBERS_MAX)) {
        return fail(line, problem, "expected quorum and a name, or none, once");
    }
    *quorum = true;
    return true;
}

static bool take_line(struct skyh_policy *policy, const struct line *line, bool *quorum,
                      struct skyh_problem *problem)
{
    const char *const what = line->word[0];
    if (strcmp(what, "log") == 0) {
        return take_log(policy, line, problem);
    }
    if (strcmp(what, "witness") == 0) {
        return take_witness(policy, line, problem);
    }
    if (strcmp(what, "group") == 0) {
        return take_group(policy, line, problem);
    }
    if (strcmp(what, "quorum") == 0) {
        return take_quorum(policy, line, quorum, problem);
    }
    return fail(line, problem, "expected log, witness, group or quorum");
}

static bool split(char *text, struct line *line, struct skyh_problem *problem)
{
    char *rest = NULL;
    line->count = 0;
    for (char *word = strtok_r(text, " \t\r", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r", &rest)) {
        if (line->count == 0 && word[0] == '#') {
            return true;
        }
        if (line->count == WORDS_MAX) {
            return fail(line, problem, "too many words");
        }
        line->word[line->count++] = word;
    }
    return true;
}

bool skyh_policy_parse(const char *file, const char *text, struct skyh_policy *ret_policy,
                       struct skyh_problem *problem)
{
    struct line line = {.file = file};
    char *const copy = strdup(text);
    bool quorum = false;
    bool good = copy != NULL || skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", file);
    memset(ret_policy, 0, sizeof *ret_policy);
    char *next = copy;
    while (good && next != NULL) {
        char *const at = next;
        char *const end = strchr(at, '\n');
        next = end == NULL ? NULL : end + 1;
        if (end != NULL) {
            *end = '\0';
        }
        line.number++;
        good = split(at, &line, problem) &&
               (line.count == 0 || take_line(ret_policy, &line, &quorum, problem));
    }
    free(copy);
    return good &&
           (quorum || skyh_fail(problem, SKYH_EXIT_DATA,
                                "%s: no quorum line; expected quorum and a name, or none", file));
}

bool skyh_policy_read(const char *file, struct skyh_policy *ret_policy,
                      struct skyh_problem *problem)
{
    char *text = NULL;
    size_t count = 0;
    if (!skyh_json_slurp(file, &text, &count, problem)) {
        return false;
    }
    const bool good = skyh_policy_parse(file, text, ret_policy, problem);
    free(text);
    return good;
}

bool skyh_policy_satisfied(const struct skyh_policy *policy, const struct sky_note *note)
{
    uint32_t signed_by = 0;
    for (size_t i = 0; i < policy->member_count; i++) {
        const struct skyh_policy_member *const member = &policy->member[i];
        bool good = false;
        if (member->is_group) {
            unsigned count = 0;
            for (uint32_t left = member->members & signed_by; left != 0; left &= left - 1) {
                count++;
            }
            good = count >= member->needed;
        } else {
            good = sky_note_check(note, &member->key, NULL) == SKY_NOTE_SIGNED;
        }
        signed_by |= (uint32_t)good << i;
    }
    return policy->none || (signed_by >> policy->quorum & 1) != 0;
}

const struct sky_note_key *skyh_policy_log(const struct skyh_policy *policy, const char *origin)
{
    for (size_t i = 0; i < policy->log_count; i++) {
        if (strcmp(policy->log[i].name, origin) == 0) {
            return &policy->log[i];
        }
    }
    return NULL;
}
