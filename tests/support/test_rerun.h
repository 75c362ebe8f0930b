/**
 * test_rerun: the end of a rerun of a log.
 */
#ifndef TEST_RERUN_H
#define TEST_RERUN_H

#include "skyh_log.h"
#include "skyh_rerun.h"

/** Closes both, and returns what the rerun found. */
static inline struct skyh_verdict test_rerun_end(struct skyh_rerun *rerun, struct skyh_log *log)
{
    skyh_rerun_finish(rerun);
    const struct skyh_verdict verdict = *skyh_rerun_verdict(rerun);
    skyh_rerun_close(rerun);
    skyh_log_close(log);
    return verdict;
}

#endif
