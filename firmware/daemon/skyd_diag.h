/**
 * skyd_diag: what the daemon tells the people who run it, on standard error.
 *
 * Under systemd a line begins with the journal's priority prefix; elsewhere with the program's
 * name. A message that could come again and again has a limit of its own: what it holds back is
 * counted and said, never silent. Nothing here allocates.
 */
#ifndef SKYD_DIAG_H
#define SKYD_DIAG_H

#include <stdint.h>

/** The journal's priorities, of which four suffice. */
enum skyd_level { SKYD_ERROR = 3, SKYD_WARNING = 4, SKYD_INFO = 6, SKYD_DEBUG = 7 };

/** How often one kind of message may come: 5 times in 10 seconds. Zero to begin with. */
struct skyd_limit {
    int64_t since_ns;
    uint32_t said;
    uint64_t held; /* since the latest one that was said */
};

/** Says one line. A line longer than 1,000 bytes is cut. */
__attribute__((format(printf, 2, 3))) void skyd_say(enum skyd_level level, const char *format, ...);

/** Says one line unless it would exceed the limit at now_ns; tells how many were held back. */
__attribute__((format(printf, 4, 5))) void skyd_say_limited(struct skyd_limit *limit,
                                                            int64_t now_ns, enum skyd_level level,
                                                            const char *format, ...);

#endif
