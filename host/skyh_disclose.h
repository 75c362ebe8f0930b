/**
 * skyh_disclose: single records of a log for people who do not have it - each with its place in the
 * tree and a checkpoint, as c2sp.org/tlog-proof@v1 has it, and nothing of any other record.
 */
#ifndef SKYH_DISCLOSE_H
#define SKYH_DISCLOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "sky_note.h"
#include "skyh_log.h"

/**
 * Writes FOLDER/INDEX.tlog-proof for every record about one incident: the incident itself, each of
 * its lines, its classification. Sets *ret_count. SKYH_EXIT_DATA if there is none or nothing
 * vouches for it, SKYH_EXIT_DIFFERENT if the log is altered, SKYH_EXIT_NO_OUTPUT.
 */
bool skyh_disclose(struct skyh_log *log, uint32_t incident, const char *folder, size_t *ret_count,
                   struct skyh_problem *problem);

/**
 * Checks such a file and prints the record. SKYH_EXIT_DIFFERENT if it is not proven, SKYH_EXIT_DATA
 * if it is malformed.
 */
bool skyh_disclosed_check(const char *file, const struct sky_note_key *key,
                          struct skyh_problem *problem);

#endif
