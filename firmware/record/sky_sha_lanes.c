#include "sky_sha_lanes.h"

#include <string.h>

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

void sky_sha_lanes_reset(struct sky_sha_state *state, size_t lane)
{
    for (size_t i = 0; i < 8; i++) {
        state->word[i][lane] = initial[i];
    }
}

#if defined(__x86_64__)

#include <cpuid.h>

/*
 * Vectors of the language's extension. The same lines are compiled for machines with wide vectors
 * and for those that also rotate them and combine three at once, which takes half as long.
 */
#define EVERYWHERE static inline __attribute__((always_inline))

typedef uint32_t lanes __attribute__((vector_size(32)));

static const uint32_t constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

bool sky_sha_lanes_can(void) { return __builtin_cpu_supports("avx2") != 0; }

bool sky_sha_lanes_can_rotate(void) { return __builtin_cpu_supports("avx512vl") != 0; }

bool sky_sha_lanes_pay(void)
{
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    const bool has_sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & 1U << 29) != 0;
    return sky_sha_lanes_can() && !has_sha;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return __builtin_bswap32(word);
}

#define ROTATED(x, n) ((x) >> (n) | (x) << (32 - (n)))

EVERYWHERE void load(const uint8_t *const block[SKY_SHA_LANES], size_t i, lanes *ret_word)
{
    *ret_word = (lanes){big_endian(block[0] + 4 * i), big_endian(block[1] + 4 * i),
                        big_endian(block[2] + 4 * i), big_endian(block[3] + 4 * i),
                        big_endian(block[4] + 4 * i), big_endian(block[5] + 4 * i),
                        big_endian(block[6] + 4 * i), big_endian(block[7] + 4 * i)};
}

/* The next word of the schedule, in the place of the oldest. */
EVERYWHERE void schedule(lanes w[16], size_t i)
{
    const lanes near = w[(i + 14) & 15];
    const lanes far = w[(i + 1) & 15];
    w[i & 15] += w[(i + 9) & 15] + (ROTATED(far, 7) ^ ROTATED(far, 18) ^ far >> 3) +
                 (ROTATED(near, 17) ^ ROTATED(near, 19) ^ near >> 10);
}

/* One round; the next one takes the letters shifted by one, so that nothing is moved. */
#define ROUND(a, b, c, d, e, f, g, h, i, word)                                                     \
    do {                                                                                           \
        (h) += (ROTATED(e, 6) ^ ROTATED(e, 11) ^ ROTATED(e, 25)) + ((g) ^ ((e) & ((f) ^ (g)))) +   \
               constant[i] + (word);                                                               \
        (d) += (h);                                                                                \
        (h) += (ROTATED(a, 2) ^ ROTATED(a, 13) ^ ROTATED(a, 22)) +                                 \
               (((a) & (b)) | ((c) & ((a) | (b))));                                                \
    } while (0)

#define EIGHT_ROUNDS(i)                                                                            \
    do {                                                                                           \
        ROUND(a, b, c, d, e, f, g, h, (i), w[(i)&15]);                                             \
        ROUND(h, a, b, c, d, e, f, g, (i) + 1, w[((i) + 1) & 15]);                                 \
        ROUND(g, h, a, b, c, d, e, f, (i) + 2, w[((i) + 2) & 15]);                                 \
        ROUND(f, g, h, a, b, c, d, e, (i) + 3, w[((i) + 3) & 15]);                                 \
        ROUND(e, f, g, h, a, b, c, d, (i) + 4, w[((i) + 4) & 15]);                                 \
        ROUND(d, e, f, g, h, a, b, c, (i) + 5, w[((i) + 5) & 15]);                                 \
        ROUND(c, d, e, f, g, h, a, b, (i) + 6, w[((i) + 6) & 15]);                                 \
        ROUND(b, c, d, e, f, g, h, a, (i) + 7, w[((i) + 7) & 15]);                                 \
    } while (0)

EVERYWHERE void take_block(struct sky_sha_state *state, const uint8_t *const block[SKY_SHA_LANES])
{
    lanes w[16];
    lanes before[8];
    memcpy(before, state->word, sizeof before);
    lanes a = before[0];
    lanes b = before[1];
    lanes c = before[2];
    lanes d = before[3];
    lanes e = before[4];
    lanes f = before[5];
    lanes g = before[6];
    lanes h = before[7];
    for (size_t i = 0; i < 16; i++) {
        load(block, i, &w[i]);
    }
    EIGHT_ROUNDS(0);
    EIGHT_ROUNDS(8);
    for (size_t i = 16; i < 64; i += 16) {
        for (size_t k = 0; k < 16; k++) {
            schedule(w, k);
        }
        EIGHT_ROUNDS(i);
        EIGHT_ROUNDS(i + 8);
    }
    const lanes after[8] = {a + before[0], b + before[1], c + before[2], d + before[3],
                            e + before[4], f + before[5], g + before[6], h + before[7]};
    memcpy(state->word, after, sizeof after);
}

__attribute__((target("avx2"))) void sky_sha_lanes_block(struct sky_sha_state *state,
                                                         const uint8_t *const block[SKY_SHA_LANES])
{
    take_block(state, block);
}

__attribute__((target("avx2,avx512f,avx512vl"))) void
sky_sha_lanes_block_rotating(struct sky_sha_state *state, const uint8_t *const block[SKY_SHA_LANES])
{
    take_block(state, block);
}

#else

bool sky_sha_lanes_can(void) { return false; }

bool sky_sha_lanes_can_rotate(void) { return false; }

bool sky_sha_lanes_pay(void) { return false; }

void sky_sha_lanes_block(struct sky_sha_state *state, const uint8_t *const block[SKY_SHA_LANES])
{
    (void)state;
    (void)block;
}

void sky_sha_lanes_block_rotating(struct sky_sha_state *state,
                                  const uint8_t *const block[SKY_SHA_LANES])
{
    (void)state;
    (void)block;
}

#endif
