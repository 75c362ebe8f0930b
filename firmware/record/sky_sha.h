/**
 * sky_sha: SHA-256 as everything in the log's tree uses it, without allocating.
 */
#ifndef SKY_SHA_H
#define SKY_SHA_H

#include <stddef.h>
#include <stdint.h>

enum { SKY_HASH_BYTES = 32 };

struct sky_hash {
    uint8_t bytes[SKY_HASH_BYTES];
};

/** One run of bytes to be hashed after another. */
struct sky_part {
    const void *bytes;
    size_t count;
};

/** The hash of the parts, one behind the other. */
struct sky_hash sky_sha(const struct sky_part *part, size_t count);

#endif
