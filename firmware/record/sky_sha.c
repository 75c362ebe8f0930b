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

/* A block with the head, the end of the message, or both in it. */
static const uint8_t *build_block(struct lane *lane)
{
    const struct sky_sha_job *const job = lane->job;
    const size_t count = message_bytes(job);
    size_t used = 0;
    size_t from = lane->at - job->head_count; /* in the body */
    if (lane->at == 0) {
        memcpy(lane->built, job->head, sizeof job->head);
        used = job->head_count;
        from = 0;
    }
    if (from < job->body_count) {
        const size_t left = job->body_count - from;
        const size_t room = sizeof lane->built - used;
        const size_t taken = left < room ? left : room;
        memcpy(lane->built + used, (const uint8_t *)job->body + from, taken);
        used += taken;
    }
    memset(lane->built + used, 0, sizeof lane->built - used);
    if (used < sizeof lane->built && lane->at + used == count) {
        lane->built[used] = 0x80;
    }
    if (lane->at + SKY_SHA_BLOCK_BYTES == lane->end) {
        for (size_t i = 0; i < 8; i++) {
            lane->built[SKY_SHA_BLOCK_BYTES - 1 - i] = (uint8_t)((uint64_t)count * 8 >> 8 * i);
        }
    }
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

static void run_lanes(const struct sky_sha_job *job, size_t count,
                      void (*take)(struct sky_sha_state *state,
                                   const uint8_t *const block[SKY_SHA_LANES]))
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
        take(&state, block);
        for (size_t i = 0; i < SKY_SHA_LANES; i++) {
            lane[i].at += SKY_SHA_BLOCK_BYTES;
            if (lane[i].job != NULL && lane[i].at == lane[i].end) {
                finish(&lane[i], &state, i);
                lane[i].job = NULL;
            }
        }
    }
}

void sky_sha_many_in_lanes(const struct sky_sha_job *job, size_t count)
{
    run_lanes(job, count, sky_sha_lanes_block);
}

void sky_sha_many_in_rotating_lanes(const struct sky_sha_job *job, size_t count)
{
    run_lanes(job, count, sky_sha_lanes_block_rotating);
}

void sky_sha_many_in_turn(const struct sky_sha_job *job, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sky_part part[] = {{job[i].head, job[i].head_count},
                                        {job[i].body, job[i].body_count}};
        *job[i].ret_hash = sky_sha(part, 2);
    }
}

/* How this machine does it fastest. */
enum way { WAY_UNKNOWN = 0, WAY_IN_TURN, WAY_IN_LANES, WAY_IN_ROTATING_LANES };

static enum way fastest_way(void)
{
    if (!sky_sha_lanes_pay()) {
        return WAY_IN_TURN;
    }
    return sky_sha_lanes_can_rotate() ? WAY_IN_ROTATING_LANES : WAY_IN_LANES;
}

void sky_sha_many(const struct sky_sha_job *job, size_t count)
{
    static atomic_int known; /* asking the machine takes as long as a hash */
    enum way way = (enum way)atomic_load_explicit(&known, memory_order_relaxed);
    if (way == WAY_UNKNOWN) {
        way = fastest_way();
        atomic_store_explicit(&known, (int)way, memory_order_relaxed);
    }
    if (count <= 2 || way == WAY_IN_TURN) {
        sky_sha_many_in_turn(job, count);
    } else if (way == WAY_IN_ROTATING_LANES) {
        sky_sha_many_in_rotating_lanes(job, count);
    } else {
        sky_sha_many_in_lanes(job, count);
    }
}
