/*
 * OpenSSL's plain functions, by asking for its 1.1 interface: those of 3.0 allocate, and cost more
 * than hashing a record.
 */
#define OPENSSL_API_COMPAT 0x10100000L

#include "sky_sha.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/sha.h>

#include "sky_sha_lanes.h"

_Static_assert((int)SKY_HASH_BYTES == (int)SHA256_DIGEST_LENGTH, "SHA-256");

struct sky_hash sky_sha(const struct sky_part *part, size_t count)
{
    SHA256_CTX context;
    struct sky_hash hash;
    (void)SHA256_Init(&context);
    for (size_t i = 0; i < count; i++) {
        if (part[i].count > 0) {
            (void)SHA256_Update(&context, part[i].bytes, part[i].count);
        }
    }
    (void)SHA256_Final(hash.bytes, &context);
    return hash;
}

/* ---- many at once ---- */

/* A message on its way through a lane. */
struct lane {
    const struct sky_sha_job *job; /* NULL: nothing is left to do */
    size_t at;                     /* bytes taken */
    size_t end;                    /* bytes with padding */
    uint8_t built[SKY_SHA_BLOCK_BYTES];
};

static size_t message_bytes(const struct sky_sha_job *job)
{
    return job->head_count + job->body_count;
}

static void start(struct lane *lane, const struct sky_sha_job *job)
{
    lane->job = job;
    lane->at = 0;
    lane->end = (message_bytes(job) + 1 + 8 + SKY_SHA_BLOCK_BYTES - 1) / SKY_SHA_BLOCK_BYTES *
                SKY_SHA_BLOCK_BYTES;
}

/* Where the piece [from, from + count) of a message and the block at `at` meet, copies it. */
static void copy_piece(struct lane *lane, const uint8_t *piece, size_t from, size_t count)
{
    const size_t low = from > lane->at ? from : lane->at;
    const size_t block_end = lane->at + SKY_SHA_BLOCK_BYTES;
    const size_t high = from + count < block_end ? from + count : block_end;
    if (low < high) {
        memcpy(lane->built + (low - lane->at), piece + (low - from), high - low);
    }
}

/* A block with the head, the end of the message, or both in it. */
static const uint8_t *build_block(struct lane *lane)
{
    static const uint8_t end_mark = 0x80;
    const struct sky_sha_job *const job = lane->job;
    const size_t count = message_bytes(job);
    uint8_t bits[8];
    for (size_t i = 0; i < sizeof bits; i++) {
        bits[i] = (uint8_t)((uint64_t)count * 8 >> (56 - 8 * i));
    }
    memset(lane->built, 0, sizeof lane->built);
    copy_piece(lane, job->head, 0, job->head_count);
    copy_piece(lane, job->body, job->head_count, job->body_count);
    copy_piece(lane, &end_mark, count, 1);
    copy_piece(lane, bits, lane->end - sizeof bits, sizeof bits);
    return lane->built;
}

static const uint8_t *next_block(struct lane *lane)
{
    static const uint8_t nothing[SKY_SHA_BLOCK_BYTES];
    const struct sky_sha_job *const job = lane->job;
    if (job == NULL) {
        return nothing;
    }
    return lane->at >= job->head_count && lane->at + SKY_SHA_BLOCK_BYTES <= message_bytes(job)
               ? (const uint8_t *)job->body + (lane->at - job->head_count)
               : build_block(lane);
}

static void finish(const struct lane *lane, const struct sky_sha_state *state, size_t i)
{
    for (size_t k = 0; k < 8; k++) {
        const uint32_t word = state->word[k][i];
        const uint8_t bytes[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16),
                                  (uint8_t)(word >> 8), (uint8_t)word};
        memcpy(lane->job->ret_hash->bytes + 4 * k, bytes, sizeof bytes);
    }
}

/* Every lane that is free takes the next job. Returns whether any is at work. */
static size_t fill(struct lane lane[SKY_SHA_LANES], struct sky_sha_state *state,
                   const struct sky_sha_job **next, const struct sky_sha_job *end)
{
    size_t busy = 0;
    for (size_t i = 0; i < SKY_SHA_LANES; i++) {
        if (lane[i].job == NULL && *next < end) {
            start(&lane[i], (*next)++);
            sky_sha_lanes_reset(state, i);
        }
        busy += lane[i].job != NULL;
    }
    return busy;
}

void sky_sha_many_in_lanes(const struct sky_sha_job *job, size_t count)
{
    struct lane lane[SKY_SHA_LANES];
    struct sky_sha_state state;
    const uint8_t *block[SKY_SHA_LANES];
    const struct sky_sha_job *const end = job + count;
    for (size_t i = 0; i < SKY_SHA_LANES; i++) {
        lane[i].job = NULL;
        sky_sha_lanes_reset(&state, i);
    }
    while (fill(lane, &state, &job, end) > 0) {
        for (size_t i = 0; i < SKY_SHA_LANES; i++) {
            block[i] = next_block(&lane[i]);
        }
        sky_sha_lanes_block(&state, block);
        for (size_t i = 0; i < SKY_SHA_LANES; i++) {
            lane[i].at += SKY_SHA_BLOCK_BYTES;
            if (lane[i].job != NULL && lane[i].at == lane[i].end) {
                finish(&lane[i], &state, i);
                lane[i].job = NULL;
            }
        }
    }
}

void sky_sha_many_in_turn(const struct sky_sha_job *job, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sky_part part[] = {{job[i].head, job[i].head_count},
                                        {job[i].body, job[i].body_count}};
        *job[i].ret_hash = sky_sha(part, 2);
    }
}

void sky_sha_many(const struct sky_sha_job *job, size_t count)
{
    static atomic_int pays; /* 0: not asked yet, since asking the machine takes as long as a hash */
    if (atomic_load_explicit(&pays, memory_order_relaxed) == 0) {
        atomic_store_explicit(&pays, sky_sha_lanes_pay() ? 1 : -1, memory_order_relaxed);
    }
    if (count > 2 && atomic_load_explicit(&pays, memory_order_relaxed) > 0) {
        sky_sha_many_in_lanes(job, count);
    } else {
        sky_sha_many_in_turn(job, count);
    }
}
