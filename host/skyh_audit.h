/**
 * skyh_audit: goes through a log as proto/FORMAT.md, section 9 says, and tells what is proven, by
 * whom, and what was altered, is missing, or just breaks off.
 *
 * It takes nothing on trust but the key it is given: the tree is computed from the records, and
 * everything else that stands in the files is computed again and compared.
 */
#ifndef SKYH_AUDIT_H
#define SKYH_AUDIT_H

#include "sky_note.h"
#include "skyh_log.h"
#include "skyh_tree.h"

enum { SKYH_AUDIT_TEXT_MAX = 256, SKYH_AUDIT_FINDINGS_MAX = 256, SKYH_AUDIT_SPANS_MAX = 64 };

enum skyh_finding_kind {
    SKYH_FINDING_ALTERED = 1, /* not as any station leaves it */
    SKYH_FINDING_TORN         /* as a power cut leaves it */
};

struct skyh_finding {
    enum skyh_finding_kind kind;
    const struct skyh_log_segment *segment; /* NULL: the log as a whole */
    uint64_t offset;
    char text[SKYH_AUDIT_TEXT_MAX];
};

/** Leaves that hang together, and how far somebody vouches for them. */
struct skyh_span {
    uint64_t first;     /* leaf */
    uint64_t end;       /* one past the last */
    uint64_t in_groups; /* below this, a group's key signed it; first if none did */
    uint64_t in_notes;  /* below this, the log's key did */
    bool continues;     /* those before it went, and the tree goes on over them */
    bool loose;         /* behind damage: where they are is their groups' word, the tree is not
                           known there; what they say is only as good as a checksum */
};

/** Leaves that went with the segments that had them, as the log says. */
struct skyh_removed {
    uint64_t first_segment;
    uint64_t last_segment;
    uint64_t first; /* leaf */
    uint64_t end;
    bool damaged; /* before they went: the tree does not go on over them */
};

/** A checkpoint that somebody else holds. */
struct skyh_held {
    const char *name; /* where it came from */
    struct sky_checkpoint checkpoint;
    bool seen;    /* out: the log has this tree at this size */
    bool differs; /* out: seen, and its root is another */
    bool gone;    /* out: the records around that size went, so that nobody can tell */
};

struct skyh_audit_config {
    const struct sky_note_key *key; /* the log's, from elsewhere; NULL: the one it names itself */
    struct skyh_held *held;
    size_t held_count;
    bool keep_tree; /* for proofs */
    /* Called with every message's leaf, in order; NULL: not. Its number is in the log's tree. */
    void (*leaf)(void *context, const struct skyh_log_item *item, uint64_t index,
                 const uint8_t *salt);
    void *context;
};

/** What came out. Start zeroed, end with skyh_audit_free. */
struct skyh_audit {
    size_t altered; /* findings of each kind, even if there was no room for more of them */
    size_t torn;
    size_t finding_count;
    struct skyh_finding finding[SKYH_AUDIT_FINDINGS_MAX];
    size_t span_count;
    struct skyh_span span[SKYH_AUDIT_SPANS_MAX];
    size_t removed_count;
    struct skyh_removed removed[SKY_OWN_GAPS_MAX];
    uint64_t removed_by;     /* the leaf that says what was removed, if anything was */
    uint64_t leaves;         /* in the tree at the log's end */
    struct sky_hash root;    /* of that tree, as far as it could be computed */
    uint64_t groups;         /* sound ones */
    uint64_t signatures;     /* of groups, that were checked and hold */
    uint64_t checkpoints;    /* in the log, that hold */
    uint64_t runs;           /* that begin in it */
    bool is_signed;          /* by the key that was given or that it names */
    struct sky_note_key key; /* which one that is, if signed */
    bool latest_valid;
    struct sky_checkpoint latest;              /* the last one that holds */
    char latest_note[SKY_NOTE_CHECKPOINT_MAX]; /* as it was signed */
    struct skyh_tree tree;                     /* if it was to be kept: of the last span */
};

/** Walks the log from its beginning. False, with problem set, only if there is no memory. */
bool skyh_audit_run(struct skyh_log *log, const struct skyh_audit_config *config,
                    struct skyh_audit *ret_audit, struct skyh_problem *problem);

/**
 * Opens a log and audits it for its last checkpoint, with the tree, to prove something to others.
 * SKYH_EXIT_DIFFERENT if it is altered or has none. Owns both, also after a failure.
 */
bool skyh_audit_checkpoint(const char *path, struct skyh_log *log, struct skyh_audit *ret_audit,
                           struct skyh_problem *problem);

void skyh_audit_free(struct skyh_audit *audit);

#endif
