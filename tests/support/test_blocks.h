/**
 * test_blocks: ASTERIX datagrams made item by item, and walked record by record.
 */
#ifndef TEST_BLOCKS_H
#define TEST_BLOCKS_H

#include "sky_asterix.h"

#include <stdlib.h>
#include <string.h>

#include "sky_test.h"

/* ---- making datagrams ---- */

struct datagram {
    size_t count;
    size_t block; /* where the block being made begins */
    uint8_t bytes[65536];
};

static struct datagram d;

/* An item: its field reference number, and its bytes as text. */
struct piece {
    unsigned frn;
    const char *hex;
};

static inline void put(const char *hex)
{
    char *end = NULL;
    for (const char *text = hex;; text = end) {
        const unsigned long value = strtoul(text, &end, 16);
        if (end == text) {
            return;
        }
        d.bytes[d.count++] = (uint8_t)value;
    }
}

static inline void begin(uint8_t category)
{
    d.block = d.count;
    d.bytes[d.count++] = category;
    d.count += 2;
}

static inline void end(void)
{
    const size_t bytes = d.count - d.block;
    d.bytes[d.block + 1] = (uint8_t)(bytes >> 8);
    d.bytes[d.block + 2] = (uint8_t)bytes;
}

static inline void put_items(const struct piece *piece, size_t count)
{
    uint8_t fspec[7] = {0};
    size_t octets = 1;
    for (size_t i = 0; i < count; i++) {
        const unsigned index = piece[i].frn - 1;
        fspec[index / 7] |= (uint8_t)(0x80U >> index % 7);
        octets = index / 7 + 1;
    }
    for (size_t i = 0; i < octets; i++) {
        d.bytes[d.count++] = (uint8_t)(fspec[i] | (i + 1 < octets ? 1 : 0));
    }
    for (size_t i = 0; i < count; i++) {
        put(piece[i].hex);
    }
}

#define ITEMS(...)                                                                                 \
    put_items((const struct piece[]){__VA_ARGS__},                                                 \
              sizeof((const struct piece[]){__VA_ARGS__}) / sizeof(struct piece))

/* A whole datagram of one block of one record. */
#define ONE(category, ...)                                                                         \
    do {                                                                                           \
        d.count = 0;                                                                               \
        begin(category);                                                                           \
        ITEMS(__VA_ARGS__);                                                                        \
        end();                                                                                     \
    } while (0)

/* ---- walking them ---- */

static struct sky_asterix_walk walk;
static struct sky_asterix_record record;
static const char *item;
static uint32_t offset;
static struct sky_asterix_dialect dialect[4];
static size_t dialect_count;
static uint8_t *exact; /* as many bytes as the datagram has, so that a sanitizer sees any beyond */

static inline void start(void)
{
    free(exact);
    exact = malloc(d.count > 0 ? d.count : 1);
    memcpy(exact, d.bytes, d.count);
    walk = (struct sky_asterix_walk){
        .bytes = exact, .count = d.count, .dialect = dialect, .dialect_count = dialect_count};
}

static inline int drop_exact(void **state)
{
    (void)state;
    free(exact);
    exact = NULL;
    return 0;
}

static inline void expect_record(enum sky_asterix_kind kind)
{
    if (sky_asterix_next(&walk, &record, &item, &offset) != SKY_OK) {
        fail_msg("refused for %s at %u", item, offset);
    }
    assert_int_equal(record.kind, kind);
}

static inline void expect_bad(const char *wanted, uint32_t at)
{
    struct sky_asterix_record before;
    memset(&record, 0x5A, sizeof record);
    memcpy(&before, &record, sizeof record);
    item = "nothing";
    assert_int_equal(sky_asterix_next(&walk, &record, &item, &offset), SKY_E_CORRUPT);
    assert_string_equal(item, wanted);
    assert_int_equal(offset, at);
    assert_memory_equal(&record, &before, sizeof record);
}

static inline void expect_end(void)
{
    for (int i = 0; i < 3; i++) { /* and it stays the end */
        assert_int_equal(sky_asterix_next(&walk, &record, &item, &offset), SKY_E_STALE);
    }
}

static inline void expect_one(enum sky_asterix_kind kind)
{
    start();
    expect_record(kind);
    struct sky_asterix_record ignored;
    assert_int_equal(sky_asterix_next(&walk, &ignored, &item, &offset), SKY_E_STALE);
}

#endif
