/**
 * skyh_judge_weigh: each sentence of each party against the record, and against each other.
 *
 * The model. What was measured is Gaussian about the truth, and before measuring every distance was
 * as likely as any other. Of a distance to one line the errors of the track, of the station, of
 * time, of the line and of its drawing are integrated, 1 sigma being the recorded u95 / 1.96. All
 * of them are common to the looks: none averages out, and the best look decides. Of the difference
 * of two distances of one flight the track's errors alone are taken: the others are shifts of both.
 * Between two looks the object may have been anywhere that its speed allows.
 *
 * P of a sentence is an interval: from what the looks show to what the pauses between them leave
 * open. Its two ends are the p-values of the one-sided tests, 1 - P that of the sentence's
 * opposite. The ratio is that of the largest likelihoods with and without the sentence, exp(+-z^2 /
 * 2). Supported: P is 0.95 or more at its lower end. Contradicted: 0.05 or less at its upper one,
 * and the flight was followed without a pause of 15 s then.
 */
#ifndef SKYH_JUDGE_WEIGH_H
#define SKYH_JUDGE_WEIGH_H

#include "skyh_dossier.h"
#include "skyh_judge_claims.h"

enum skyh_ruling_verdict { SKYH_UNDETERMINED = 1, SKYH_SUPPORTED, SKYH_CONTRADICTED };

enum { SKYH_RULING_TEXT_MAX = 256 };

/** One sentence, or a part of it, under one line. */
struct skyh_ruling {
    size_t claim;
    char line[SKYH_NAME_TEXT_MAX]; /* "" if it is no matter of lines */
    const char *part;              /* what was tested: "depth", "border", ...; static storage */
    bool has_reading;              /* the time's zone was not stated; read as offset_ns */
    int64_t offset_ns;
    enum skyh_ruling_verdict verdict;
    bool has_p;
    double p_low;
    double p_high;
    double ratio; /* meaningful if has_p; up to 1e300 */
    bool has_measured;
    double measured_m;                /* depth inside the line, negative outside, ... */
    double bound_m;                   /* ... and what it may be off by, 95 times in 100 */
    char text[SKYH_RULING_TEXT_MAX];  /* what was measured, with its interval */
    char watch[SKYH_RULING_TEXT_MAX]; /* which sensors were on watch then; "" if no time is meant */
};

enum skyh_relation {
    SKYH_EXCLUDE = 1,  /* at most one of the two is true */
    SKYH_EXCLUDE_LINE, /* not both under one line */
    SKYH_AGREE,        /* either says what the other does, within rounding */
    SKYH_COMPATIBLE    /* both can be true */
};

struct skyh_comparison {
    size_t a;
    size_t b;
    enum skyh_relation relation;
    char text[SKYH_RULING_TEXT_MAX];
};

/** Start zeroed, end with skyh_judgment_done. */
struct skyh_judgment {
    size_t finding_count;
    struct skyh_ruling *finding; /* in the order of the claims */
    size_t comparison_count;
    struct skyh_comparison *comparison;
};

/**
 * Judges all claims. SKYH_EXIT_DATA, with file in front, if a claim names a zone that the record
 * does not have.
 */
bool skyh_judgment_make(struct skyh_judgment *judgment, const struct skyh_dossier *dossier,
                        const struct skyh_claims *claims, const char *file,
                        struct skyh_problem *problem);

/** Compares the claims alone; needs no record. False if memory ends. */
bool skyh_judgment_compare(struct skyh_judgment *judgment, const struct skyh_claims *claims);

void skyh_judgment_done(struct skyh_judgment *judgment);

/** "supported", ... and "exclude each other", ...; static storage. */
const char *skyh_judgment_verdict(enum skyh_ruling_verdict verdict);
const char *skyh_judgment_relation(enum skyh_relation relation);

/** "12,345": metres are easier to read in threes; returns text. */
char *skyh_judgment_metres(double metres, char text[32]);

#endif
