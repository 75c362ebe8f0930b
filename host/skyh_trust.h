/**
 * skyh_trust: whom to believe about a log, and what others hold of it - from the options --key,
 * --policy and --checkpoint of a command.
 */
#ifndef SKYH_TRUST_H
#define SKYH_TRUST_H

#include "skyh_args.h"
#include "skyh_audit.h"
#include "skyh_notefile.h"
#include "skyh_policy.h"

enum { SKYH_HELD_MAX = 16 };

/** Large. Start zeroed, end with skyh_trust_done. */
struct skyh_trust {
    bool has_key;
    struct sky_note_key key;
    bool has_policy;
    struct skyh_policy policy;
    size_t count;
    struct skyh_notefile file[SKYH_HELD_MAX];
    struct skyh_held held[SKYH_HELD_MAX];
    bool satisfied[SKYH_HELD_MAX]; /* the policy, by this checkpoint */
    bool quorum;                   /* by one that was compared, or it needs none */
};

/**
 * Reads what the options name. A checkpoint from elsewhere binds only if the log's own key, which
 * --key or the policy has, signed it: SKYH_EXIT_DATA if not. SKYH_EXIT_USAGE without such a key,
 * else as skyh_notefile and skyh_policy.
 */
bool skyh_trust_read(const struct skyh_args *args, struct skyh_trust *trust,
                     struct skyh_problem *problem);

/** NULL is fine. */
void skyh_trust_done(struct skyh_trust *trust);

#endif
