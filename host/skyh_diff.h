/**
 * skyh_diff: the first field in which two records of one channel differ, in words.
 */
#ifndef SKYH_DIFF_H
#define SKYH_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include "sky_codec.h"

enum { SKYH_DIFF_MAX = 256 };

/**
 * Writes such as "place.lat_rad: recorded 0.34871, recomputed 0.34872"; returns ret_text. Says so
 * if a record cannot be decoded, or if all fields are equal and only their encoding is not.
 */
const char *skyh_diff(enum sky_channel channel, const uint8_t *recorded, size_t recorded_bytes,
                      const uint8_t *recomputed, size_t recomputed_bytes,
                      char ret_text[SKYH_DIFF_MAX]);

#endif
