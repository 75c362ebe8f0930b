/**
 * sky_resume: where the tree and the keys of a log stand at its end, so that the next run goes on
 * exactly there.
 *
 * Needs only the last segment that introduces itself and what comes after it.
 */
#ifndef SKY_RESUME_H
#define SKY_RESUME_H

#include "sky_codec_own.h"

/** Start zeroed. Fields are for reading. */
struct sky_resume {
    bool found;  /* a segment's own record was met, so that the rest means something */
    bool broken; /* the tree could not be followed to the end: damage, or records that do not fit */
    struct sky_merkle tree;
    bool is_signed;
    struct sky_epoch epoch; /* that signs the next group, if signed */
};

/** True if a segment has a record of its own. bytes is the whole file. */
bool sky_resume_introduces(const uint8_t *bytes, size_t count);

/** Follows the next segment. Segments come in their order; what is no log is passed over. */
void sky_resume_take(struct sky_resume *resume, const uint8_t *bytes, size_t count);

#endif
