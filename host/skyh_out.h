/**
 * skyh_out: how every command speaks - one-line errors, exit codes, instants, a progress bar.
 *
 * Results go to standard output, everything else to standard error. Functions below the commands
 * print nothing: they fill a skyh_problem, and the command reports it.
 */
#ifndef SKYH_OUT_H
#define SKYH_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Exit codes, from 64 on as in sysexits.h. */
enum skyh_exit {
    SKYH_EXIT_OK = 0,
    SKYH_EXIT_DIFFERENT = 1,    /* the answer is no: recomputed is not recorded */
    SKYH_EXIT_DAMAGED = 2,      /* the log is torn or damaged; the answer covers what is there */
    SKYH_EXIT_NO_QUORUM = 3,    /* nothing is wrong, and nobody who is trusted vouches for it */
    SKYH_EXIT_USAGE = 64,       /* the command line is wrong */
    SKYH_EXIT_DATA = 65,        /* a file's content is wrong */
    SKYH_EXIT_NO_INPUT = 66,    /* a file cannot be read */
    SKYH_EXIT_UNAVAILABLE = 69, /* a peer did not come, or an address cannot be used */
    SKYH_EXIT_SOFTWARE = 70,    /* this program is wrong */
    SKYH_EXIT_NO_OUTPUT = 73,   /* a file cannot be made */
    SKYH_EXIT_IO = 74           /* writing failed */
};

/** Why something could not be done: one line "FILE: place: what; expected", and an exit code. */
struct skyh_problem {
    int exit_code;
    char text[1024];
};

/** Sets problem and returns false, so that a function can `return skyh_fail(...)`. */
bool skyh_fail(struct skyh_problem *problem, int exit_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Prints "skywitness COMMAND: text" to standard error and returns the exit code. */
int skyh_report(const char *command, const struct skyh_problem *problem);

/** Prints one line "skywitness COMMAND: ..." to standard error. */
void skyh_note(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum { SKYH_UTC_TEXT_MAX = 40 };

/**
 * Writes an instant as "2025-03-31 23:08:00.25" with 0 .. 9 decimals, rounded down; returns buffer.
 */
char *skyh_utc_text(int64_t utc_ns, int decimals, char buffer[SKYH_UTC_TEXT_MAX]);

/** The same as RFC 3339 has it: "2025-03-31T23:08:00.250000000Z". */
char *skyh_utc_rfc3339(int64_t utc_ns, char buffer[SKYH_UTC_TEXT_MAX]);

/** Reads "2025-03-31T23:08:00Z", with up to nine decimals of a second. False if it is not that. */
bool skyh_utc_parse(const char *text, int64_t *ret_utc_ns);

/** A bar on standard error. Silent unless that is a terminal, so logs and pipes stay clean. */
struct skyh_progress {
    const char *label;
    bool shown;
    int permille; /* last drawn */
};

void skyh_progress_begin(struct skyh_progress *progress, const char *label);

/** share in [0, 1]; note is put behind the bar and may be "". Draws only when something moved. */
void skyh_progress_update(struct skyh_progress *progress, double share, const char *note);

/** Removes the bar. */
void skyh_progress_end(struct skyh_progress *progress);

#endif
