/**
 * skyh_log: a log as commands read it - one file, or a directory of segments in their order.
 *
 * Files are mapped; one that was not closed is copied first, to a file that nobody else sees, since
 * its station may still cut it to its length. What was walked is let go of, so a walk takes as much
 * memory of a long log as of a short one. What cannot be read is an item of the walk like any
 * other, so every command says the same about a torn or damaged log and still uses all the rest.
 */
#ifndef SKYH_LOG_H
#define SKYH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sky_scan.h"
#include "skyh_out.h"

enum { SKYH_LOG_PATH_MAX = 512 };

struct skyh_log_segment {
    char file[SKYH_LOG_PATH_MAX];
    const uint8_t *bytes; /* NULL if the file is empty */
    size_t count;
    size_t room;        /* bytes mapped, >= count */
    int copy;           /* the file that is mapped is a copy, and this one; -1: the log's own */
    bool sound;         /* it is a segment of a log */
    const char *reason; /* why not */
    struct sky_scan_segment said;
};

/** Start zeroed, end with skyh_log_close. */
struct skyh_log {
    size_t segment_count;
    struct skyh_log_segment *segment;
    uint64_t bytes; /* of all segments */
    bool whole;     /* a folder: it should be all of it, from the beginning */
    /* the walk */
    size_t at;
    bool begun;
    struct sky_scan scan;
    uint64_t passed;                              /* bytes of the segments already walked */
    uint64_t damages;                             /* DAMAGE items so far */
    uint64_t torn;                                /* TORN_END items so far */
    const struct skyh_log_segment *group_segment; /* where the latest group is; NULL: none yet */
    uint64_t group_at;
    bool holds; /* an item for the next call */
    struct sky_scan_item held;
    uint64_t let_go; /* bytes of the current segment whose memory was given back */
    /* of a log that is followed */
    bool followed;
    char folder[SKYH_LOG_PATH_MAX]; /* "" if it is one file */
    uint64_t torn_at;               /* where the latest segment goes on */
    int64_t newer_ns;               /* since when there is a segment after it; 0: there is none */
};

/** A step of the walk, and the segment it is in. */
struct skyh_log_item {
    struct sky_scan_item scan;
    const struct skyh_log_segment *segment;
    bool gap; /* a DAMAGE that is just that there must have been another segment before */
};

/**
 * Opens a file or a directory. SKYH_EXIT_NO_INPUT if it cannot be read or the directory has no
 * segment, SKYH_EXIT_DATA if nothing in it is a skywitness log.
 */
bool skyh_log_open(struct skyh_log *log, const char *path, struct skyh_problem *problem);

/**
 * Opens the log of a station that is running: where the walk ends is only how far the station is.
 * skyh_log_more then looks how far it has come, and the walk goes on.
 */
bool skyh_log_follow(struct skyh_log *log, const char *path, struct skyh_problem *problem);

/**
 * Looks how far a log that is followed has come; what the walk delivered before is then not
 * valid any more. A segment that was not closed when the next one began is given up after 3 s: its
 * TORN_END follows. Does not wait.
 */
void skyh_log_more(struct skyh_log *log);

/** Nothing more can come: one file was followed, and its station closed it. */
bool skyh_log_is_over(const struct skyh_log *log);

void skyh_log_close(struct skyh_log *log);

/** Starts the walk again. */
void skyh_log_rewind(struct skyh_log *log);

/**
 * Takes the next step: records, damage, and one END or TORN_END per segment. False at the end.
 * A group that could not be made durable in one segment begins the next; where the first has it
 * too, it is read once. Segments that are missing between others are DAMAGE.
 */
bool skyh_log_next(struct skyh_log *log, struct skyh_log_item *ret_item);

/** The same, with what the log says of itself. */
bool skyh_log_step(struct skyh_log *log, struct skyh_log_item *ret_item);

/** How much of the log has been walked, in [0, 1]. */
double skyh_log_share(const struct skyh_log *log, const struct skyh_log_item *item);

/** Says a DAMAGE or TORN_END in one line on standard error: file, byte, what; says no other. */
void skyh_log_say(const char *command, const struct skyh_log_item *item);

/** SKYH_EXIT_DAMAGED if the walk so far met damage or a torn end, else SKYH_EXIT_OK. */
int skyh_log_exit(const struct skyh_log *log);

#endif
