/*
 * regs: how many targets a second the decoder of a Modbus head's table takes, checks of the block
 * and its CRC included, here and on one thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sky_regs.h"

enum { ROUNDS = 7, TABLES = 16, REPEATS = 2000 };

static uint8_t table[TABLES][2 * SKY_REGS_BLOCK_WORDS_MAX];

static double thread_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static uint32_t random_bits(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32);
}

/* A full table, of which each target measures all there is. */
static void make(uint8_t *block, uint64_t *seed)
{
    enum { HEADER = SKY_REGS_HEADER_WORDS, TARGET = SKY_REGS_TARGET_WORDS };
    static uint16_t word[SKY_REGS_BLOCK_WORDS_MAX];
    const uint16_t header[HEADER] = {SKY_REGS_MAGIC, 1 << 8, TARGET, 64, 7, 42, 64, 1000,
                                     27000,          1,      500,    5,  0, 99, 0,  42};
    memcpy(word, header, sizeof header);
    for (size_t i = 0; i < SKY_REGS_TARGETS_MAX; i++) {
        uint16_t *const target = word + HEADER + TARGET * i;
        const uint16_t angle = (uint16_t)random_bits(seed), speed = (uint16_t)random_bits(seed);
        const uint16_t said[TARGET] = {(uint16_t)i, 3,     20,  (uint16_t)(random_bits(seed) % 16),
                                       speed,       angle, 182, speed,
                                       0,           150,   150, 50,
                                       60,          1,     90,  42};
        memcpy(target, said, sizeof said);
    }
    word[14] = sky_regs_crc(word + HEADER, (size_t)TARGET * SKY_REGS_TARGETS_MAX);
    memcpy(word + HEADER + TARGET * SKY_REGS_TARGETS_MAX, word, 2 * HEADER);
    sky_regs_to_bytes(word, SKY_REGS_BLOCK_WORDS_MAX, block);
}

static size_t decode_all(double *sum)
{
    static struct sky_plot plot[SKY_REGS_TARGETS_MAX];
    struct sky_regs_header header;
    size_t targets = 0;
    for (size_t i = 0; i < TABLES; i++) {
        const char *item = "";
        uint32_t offset = 0;
        size_t count = 0;
        if (sky_regs_decode(table[i], sizeof table[i], 0, &header, plot, &count, &item, &offset) !=
            SKY_OK) {
            (void)fprintf(stderr, "regs: %s at %u\n", item, offset);
            exit(1);
        }
        *sum += plot[count - 1].slant_range_m;
        targets += count;
    }
    return targets;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    double rate[ROUNDS];
    volatile double kept = 0.0;
    uint64_t seed = 485;
    for (size_t i = 0; i < TABLES; i++) {
        make(table[i], &seed);
    }
    for (int round = 0; round < ROUNDS; round++) {
        double sum = 0.0;
        size_t targets = 0;
        const double from_s = thread_s();
        for (int i = 0; i < REPEATS; i++) {
            targets += decode_all(&sum);
        }
        rate[round] = (double)targets / (thread_s() - from_s);
        kept = kept + sum;
    }
    qsort(rate, ROUNDS, sizeof *rate, ascending);
    printf("tables of 64         32.0 octets %7.2f M/s (%.2f to %.2f)\n", rate[ROUNDS / 2] * 1e-6,
           rate[0] * 1e-6, rate[ROUNDS - 1] * 1e-6);
    return 0;
}
