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

/** A short head and what follows it: one message of many. */
enum { SKY_SHA_HEAD_MAX = 36 };
struct sky_sha_job {
    uint8_t head[SKY_SHA_HEAD_MAX];
    uint32_t head_count;
    const void *body; /* NULL if body_count is 0 */
    size_t body_count;
    struct sky_hash *ret_hash;
};

/**
 * Hashes each job's head and body: the same as sky_sha over both, at several times the speed where
 * the machine has vectors to do several at once. A hash may be written to where a job before it, or
 * one of the same number of bytes, has its body; nothing else may overlap.
 */
void sky_sha_many(const struct sky_sha_job *job, size_t count);

/** The ways in which sky_sha_many does it, for tests. Lanes: only if sky_sha_lanes_can[_rotate]. */
void sky_sha_many_in_turn(const struct sky_sha_job *job, size_t count);
void sky_sha_many_in_lanes(const struct sky_sha_job *job, size_t count);
void sky_sha_many_in_rotating_lanes(const struct sky_sha_job *job, size_t count);

#endif
