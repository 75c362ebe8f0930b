/**
 * skyh_answer: what becomes of the recorded incidents when the same inputs meet other zones or
 * settings - which stay as they are, which are others, which are gone and which are new.
 *
 * Two incidents are held to be one if they are of one run and of zones of one name, and open at the
 * same time; those of one track first, since a track keeps its number as long as the settings do.
 */
#ifndef SKYH_ANSWER_H
#define SKYH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "skyh_incidents.h"

struct json_t;

/** An incident before and after; one of them may be NULL. */
struct skyh_answer_pair {
    const struct skyh_incident *was;
    const struct skyh_incident *is;
    bool same;
};

/** Borrows the incidents. Start zeroed, end with skyh_answer_done. */
struct skyh_answer {
    size_t same;
    size_t changed;
    size_t gone;
    size_t added;
    size_t count;
    struct skyh_answer_pair *pair; /* as they were recorded, then those that are new */
};

/** False without memory. */
bool skyh_answer_find(struct skyh_answer *answer, const struct skyh_incidents *was,
                      const struct skyh_incidents *is);

/** A line for each incident that is not the same, and below it what differs, line by line. */
void skyh_answer_print(const struct skyh_answer *answer, FILE *stream);

/** Owns: an array with an object for every pair. */
struct json_t *skyh_answer_json(const struct skyh_answer *answer);

void skyh_answer_done(struct skyh_answer *answer);

#endif
