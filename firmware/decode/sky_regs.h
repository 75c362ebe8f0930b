/**
 * sky_regs: the register table of a Modbus radar head, and what one read of it means.
 *
 * Input registers (function code 4), big-endian words, 32-bit values high word first, scaled
 * integers. A header of 16 words at 0, up to `capacity` targets of 16 words each from 256 on, and
 * an odd/even sequence that shows a read torn by the head's own writing. A block is what one read
 * brought: header, the used targets, and the header once more.
 *
 *      header word                          target word
 *      0   magic 0x5357                     0   number
 *      1   map version, major << 8 | minor  1   flags
 *      2   words per target: 16             2   age at the header's UTC, ms
 *      3   capacity, <= 64                  3-4 slant range, 0.1 m
 *      4   status                           5   azimuth, 360/65536 degrees
 *      5   sequence                         6   elevation, 180/32768 degrees
 *      6   target count                     7   radial speed, 1 cm/s, positive: receding
 *      7   scan period, ms                  8   radar cross section, 0.1 dBsm
 *      8-9 UTC, s since 1970                9   signal to noise, 0.1 dB
 *      10  milliseconds of it               10  sigma of range, 0.1 m
 *      11  sigma of that time, ms           11  sigma of azimuth, 360/65536 degrees
 *      12-13 uptime, s                      12  sigma of elevation, 180/32768 degrees
 *      14  CRC of the used table            13  class, 14 its confidence, 0 .. 100
 *      15  sequence again                   15  sequence again
 *
 * Target words 6 to 9 are signed: there 0x8000 means "not available". Elsewhere 0xFFFF does, and
 * 0xFFFFFFFF in words 3-4. Azimuth has no such value: every one of its 65,536 is a direction. While
 * the head writes, the sequence is odd; when it is done, even and two higher than before.
 */
#ifndef SKY_REGS_H
#define SKY_REGS_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_obs.h"

enum {
    SKY_REGS_MAGIC = 0x5357,
    SKY_REGS_MAP_MAJOR = 1,
    SKY_REGS_HEADER_AT = 0,
    SKY_REGS_HEADER_WORDS = 16,
    SKY_REGS_TABLE_AT = 256,
    SKY_REGS_TARGET_WORDS = 16,
    SKY_REGS_TARGETS_MAX = 64,
    SKY_REGS_BLOCK_WORDS_MAX =
        2 * SKY_REGS_HEADER_WORDS + SKY_REGS_TARGETS_MAX * SKY_REGS_TARGET_WORDS
};

/** Bits of header word 4. */
enum sky_regs_status {
    SKY_REGS_TIME_VALID = 1U << 0,
    SKY_REGS_NORTH_VALID = 1U << 1, /* azimuths count from true north */
    SKY_REGS_TRANSMITTING = 1U << 2,
    SKY_REGS_BLANKED = 1U << 3,
    SKY_REGS_FAULT = 1U << 4,
    SKY_REGS_TRUNCATED = 1U << 5 /* more targets than the table holds */
};

/** Bits of target word 1. */
enum sky_regs_flag {
    SKY_REGS_VALID = 1U << 0,
    SKY_REGS_CONFIRMED = 1U << 1,
    SKY_REGS_COASTED = 1U << 2, /* extrapolated by the head: not a measurement */
    SKY_REGS_NEW = 1U << 3
};

struct sky_regs_header {
    uint8_t map_major;
    uint8_t map_minor;
    uint16_t status; /* sky_regs_status */
    uint16_t sequence;
    uint16_t target_count;
    uint16_t capacity;
    uint16_t scan_ms;
    bool has_time; /* valid, and its sigma is stated */
    int64_t utc_ns;
    int64_t time_sigma_ns;
    uint32_t uptime_s;
    uint16_t crc;
};

/**
 * Decodes the 16 words of a header, as the adapter has them after its first read.
 * Returns SKY_E_CORRUPT with *ret_item "header.magic", "header.version", "header.target_words",
 * "header.capacity", "header.target_count" or "header.milliseconds"; or SKY_E_STALE with
 * "header.sequence" while the head is writing (odd, or not the same at both ends); ret_header is
 * set only on SKY_OK.
 */
SKY_NODISCARD enum sky_status sky_regs_header(const uint16_t words[SKY_REGS_HEADER_WORDS],
                                              struct sky_regs_header *ret_header,
                                              const char **ret_item);

/**
 * CRC-16/MODBUS (reflected 0x8005, from 0xFFFF, no final xor) over the used table, high byte of
 * each word first, as header word 14 has it. Of nothing: 0xFFFF.
 */
uint16_t sky_regs_crc(const uint16_t *words, size_t count);

/** Writes words as a block's bytes, big-endian. ret_bytes holds 2 * count. */
void sky_regs_to_bytes(const uint16_t *words, size_t count, uint8_t *ret_bytes);

/**
 * Tells whether a block is whole: one table, as it was between two writings of the head.
 * Returns SKY_E_STALE if it is torn, with *ret_item "header.sequence" (odd, or different at the
 * end), "target.sequence" (a target is of another table) or "header.crc"; SKY_E_CORRUPT with
 * "block.length" or as sky_regs_header if it is not such a block. *ret_offset is the word in the
 * block. ret_header is set only on SKY_OK.
 */
SKY_NODISCARD enum sky_status sky_regs_check(const uint8_t *bytes, size_t count,
                                             struct sky_regs_header *ret_header,
                                             const char **ret_item, uint32_t *ret_offset);

/**
 * Decodes a whole block into plots of one sensor. Left out are targets that are not valid, that
 * the head extrapolated, or that lack age or range. A head without valid UTC states no time: then
 * age counts back from arrival.
 *
 * Returns what sky_regs_check returns, and SKY_E_CORRUPT with "header.status" if there are targets
 * but no north: nobody can tell where they are; "target.range" beyond 1,000 km or
 * "target.elevation" beyond the vertical. Nothing is set then but *ret_item and *ret_offset.
 * Cost: one pass.
 */
SKY_NODISCARD enum sky_status sky_regs_decode(const uint8_t *bytes, size_t count, uint32_t sensor,
                                              struct sky_regs_header *ret_header,
                                              struct sky_plot ret_plot[SKY_REGS_TARGETS_MAX],
                                              size_t *ret_count, const char **ret_item,
                                              uint32_t *ret_offset);

#endif
