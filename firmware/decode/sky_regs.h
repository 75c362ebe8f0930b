/**
 * sky_regs: the register table of a Modbus radar head.
 *
 * Input registers (function code 4), big-endian words, 32-bit values high word first, scaled
 * integers. A header of 16 words at 0, up to `capacity` targets of 16 words each from 256 on, and
 * an odd/even sequence that shows a read torn by the head's own writing. A block is what one read
 * brought: header, the used targets, and the header once more. The map is in proto/FORMAT.md.
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
    SKY_REGS_NORTH_VALID = 1U << 1,
    SKY_REGS_TRANSMITTING = 1U << 2,
    SKY_REGS_BLANKED = 1U << 3,
    SKY_REGS_FAULT = 1U << 4,
    SKY_REGS_TRUNCATED = 1U << 5
};

struct sky_regs_header {
    uint16_t status; /* sky_regs_status */
    uint16_t sequence;
    uint16_t target_count;
    uint16_t capacity;
    uint16_t scan_ms;
    bool has_time;
    int64_t utc_ns;
    int64_t time_sigma_ns;
    uint32_t uptime_s;
    uint16_t crc;
};

/**
 * Decodes the 16 words of a header, as the adapter has them after its first read.
 * Returns SKY_E_CORRUPT with *ret_item ("header.magic", "header.version", ...), or SKY_E_STALE with
 * "header.sequence" while the head is writing (odd); ret_header is set only on SKY_OK.
 */
SKY_NODISCARD enum sky_status sky_regs_header(const uint16_t words[SKY_REGS_HEADER_WORDS],
                                              struct sky_regs_header *ret_header,
                                              const char **ret_item);

/** CRC-16/MODBUS over the used table, high byte of each word first, as header word 14 has it. */
uint16_t sky_regs_crc(const uint16_t *words, size_t count);

/** Writes words as a block's bytes (big-endian), and back. bytes holds 2 * count. */
void sky_regs_to_bytes(const uint16_t *words, size_t count, uint8_t *ret_bytes);

/**
 * Decodes a whole block into plots of one sensor; one that is not valid is left out.
 * Returns SKY_E_STALE with *ret_item if the block is torn (sequences differ or odd, or the CRC does
 * not match), SKY_E_CORRUPT if it is not such a block; *ret_offset is then the word.
 */
SKY_NODISCARD enum sky_status sky_regs_decode(const uint8_t *bytes, size_t count, uint32_t sensor,
                                              struct sky_regs_header *ret_header,
                                              struct sky_plot ret_plot[SKY_REGS_TARGETS_MAX],
                                              size_t *ret_count, const char **ret_item,
                                              uint32_t *ret_offset);

#endif
