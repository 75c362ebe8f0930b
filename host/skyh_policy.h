/**
 * skyh_policy: whom to believe - the keys of logs and witnesses, and how many of which are enough.
 *
 * A text file as c2sp.org/tlog-policy has it: `log VKEY`, `witness NAME VKEY`,
 * `group NAME all|any|K MEMBER...`, `quorum NAME|none`; a URL behind a key is not used.
 */
#ifndef SKYH_POLICY_H
#define SKYH_POLICY_H

#include "sky_note.h"
#include "skyh_out.h"

enum {
    SKYH_POLICY_LOGS_MAX = 8,
    SKYH_POLICY_MEMBERS_MAX = 32, /* witnesses and groups, together */
    SKYH_POLICY_NAME_MAX = 64
};

struct skyh_policy {
    size_t log_count;
    struct sky_note_key log[SKYH_POLICY_LOGS_MAX];
    size_t member_count;
    struct skyh_policy_member {
        char name[SKYH_POLICY_NAME_MAX];
        bool is_group;
        struct sky_note_key key; /* of a witness */
        unsigned needed;         /* of a group's members */
        uint32_t members;        /* bit i: member i, which came before */
    } member[SKYH_POLICY_MEMBERS_MAX];
    bool none;     /* no witness is needed */
    size_t quorum; /* else this member must have signed */
};

/** Reads it. SKYH_EXIT_NO_INPUT, or SKYH_EXIT_DATA with the line. */
bool skyh_policy_read(const char *file, struct skyh_policy *ret_policy,
                      struct skyh_problem *problem);

/** The same from text. file is what errors name. */
bool skyh_policy_parse(const char *file, const char *text, struct skyh_policy *ret_policy,
                       struct skyh_problem *problem);

/** True if the quorum signed the note. A forged cosignature counts as none. */
bool skyh_policy_satisfied(const struct skyh_policy *policy, const struct sky_note *note);

/** The key of a log by its origin, or NULL. */
const struct sky_note_key *skyh_policy_log(const struct skyh_policy *policy, const char *origin);

#endif
