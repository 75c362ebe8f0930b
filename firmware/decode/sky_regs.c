#include "sky_regs.h"

#include "sky_math.h"

enum {
    MILLISECOND_NS = 1000000,
    MILLISECOND_SIGMA_NS = 288675, /* a step of 1 ms / sqrt(12) */
    NO_WORD = 0xFFFF,              /* "not available", unsigned ... */
    NO_SIGNED = -0x8000            /* ... and signed */
};

static const double angle_step_rad = SKY_PI / 32768.0; /* 360/65536 = 180/32768 degrees */

static uint16_t word_at(const uint8_t *bytes, size_t word)
{
    return (uint16_t)(bytes[2 * word] << 8 | bytes[2 * word + 1]);
}

static uint32_t pair(uint16_t high, uint16_t low) { return (uint32_t)high << 16 | low; }

static int32_t signed_at(const uint8_t *bytes, size_t word)
{
    const int32_t value = word_at(bytes, word);
    return value < 0x8000 ? value : value - 0x10000;
}

/*
 * CRC-16/MODBUS of four bytes: what the polynomial makes of each value of each of their nibbles,
 * which do not wait for one another. The last four are those of the last two bytes.
 */
static const uint16_t crc_of_nibble[8][16] = {
    {0x0000, 0xFC01, 0xB801, 0x4400, 0x3001, 0xCC00, 0x8800, 0x7401, 0x6002, 0x9C03, 0xD803, 0x2402,
     0x5003, 0xAC02, 0xE802, 0x1403},
    {0x0000, 0xC004, 0xC00B, 0x000F, 0xC015, 0x0011, 0x001E, 0xC01A, 0xC029, 0x002D, 0x0022, 0xC026,
     0x003C, 0xC038, 0xC037, 0x0033},
    {0x0000, 0xC051, 0xC0A1, 0x00F0, 0xC141, 0x0110, 0x01E0, 0xC1B1, 0xC281, 0x02D0, 0x0220, 0xC271,
     0x03C0, 0xC391, 0xC361, 0x0330},
    {0x0000, 0xC501, 0xCA01, 0x0F00, 0xD401, 0x1100, 0x1E00, 0xDB01, 0xE801, 0x2D00, 0x2200, 0xE701,
     0x3C00, 0xF901, 0xF601, 0x3300},
    {0x0000, 0x9001, 0x6001, 0xF000, 0xC002, 0x5003, 0xA003, 0x3002, 0xC007, 0x5006, 0xA006, 0x3007,
     0x0005, 0x9004, 0x6004, 0xF005},
    {0x0000, 0xC00D, 0xC019, 0x0014, 0xC031, 0x003C, 0x0028, 0xC025, 0xC061, 0x006C, 0x0078, 0xC075,
     0x0050, 0xC05D, 0xC049, 0x0044},
    {0x0000, 0xC0C1, 0xC181, 0x0140, 0xC301, 0x03C0, 0x0280, 0xC241, 0xC601, 0x06C0, 0x0780, 0xC741,
     0x0500, 0xC5C1, 0xC481, 0x0440},
    {0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401, 0xA001, 0x6C00, 0x7800, 0xB401,
     0x5000, 0x9C01, 0x8801, 0x4400},
};

static uint16_t crc_two(unsigned low)
{
    return (uint16_t)(crc_of_nibble[4][low & 15] ^ crc_of_nibble[5][low >> 4 & 15] ^
                      crc_of_nibble[6][low >> 8 & 15] ^ crc_of_nibble[7][low >> 12]);
}

static uint16_t crc_four(uint16_t crc, const uint8_t bytes[4])
{
    const unsigned low = crc ^ ((unsigned)bytes[1] << 8 | bytes[0]);
    return (uint16_t)(crc_of_nibble[0][low & 15] ^ crc_of_nibble[1][low >> 4 & 15] ^
                      crc_of_nibble[2][low >> 8 & 15] ^ crc_of_nibble[3][low >> 12] ^
                      crc_two((unsigned)bytes[3] << 8 | bytes[2]));
}

/* High byte of each word first. */
uint16_t sky_regs_crc(const uint16_t *words, size_t count)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < count; i++) {
        crc = crc_two(crc ^ ((unsigned)(words[i] & 0xFF) << 8 | words[i] >> 8));
    }
    return crc;
}

void sky_regs_to_bytes(const uint16_t *words, size_t count, uint8_t *ret_bytes)
{
    for (size_t i = 0; i < count; i++) {
        ret_bytes[2 * i] = (uint8_t)(words[i] >> 8);
        ret_bytes[2 * i + 1] = (uint8_t)words[i];
    }
}

/* In the order in which a reader can rely on what it has: identity, then sequence, then content. */
static enum sky_status judge_header(const uint16_t *words, const char **ret_item, uint32_t *ret_at)
{
    const struct {
        bool wrong;
        enum sky_status status;
        uint32_t at;
        const char *item;
    } rule[] = {
        {words[0] != SKY_REGS_MAGIC, SKY_E_CORRUPT, 0, "header.magic"},
        {words[1] >> 8 != SKY_REGS_MAP_MAJOR, SKY_E_CORRUPT, 1, "header.version"},
        {words[2] != SKY_REGS_TARGET_WORDS, SKY_E_CORRUPT, 2, "header.target_words"},
        {words[5] % 2 != 0, SKY_E_STALE, 5, "header.sequence"},
        {words[5] != words[15], SKY_E_STALE, 15, "header.sequence"},
        {words[3] > SKY_REGS_TARGETS_MAX, SKY_E_CORRUPT, 3, "header.capacity"},
        {words[6] > words[3], SKY_E_CORRUPT, 6, "header.target_count"},
        {words[10] > 999 && words[10] != NO_WORD, SKY_E_CORRUPT, 10, "header.milliseconds"},
    };
    for (size_t i = 0; i < sizeof rule / sizeof rule[0]; i++) {
        if (rule[i].wrong) {
            *ret_item = rule[i].item;
            *ret_at = rule[i].at;
            return rule[i].status;
        }
    }
    return SKY_OK;
}

/* A second whose milliseconds are unknown is its middle, give or take 1 s / sqrt(12). */
static void take_time(struct sky_regs_header *header, const uint16_t *words)
{
    const bool whole_second = words[10] == NO_WORD;
    if ((words[4] & SKY_REGS_TIME_VALID) == 0 || words[11] == NO_WORD) {
        return;
    }
    header->has_time = true;
    header->utc_ns = (int64_t)pair(words[8], words[9]) * SKY_SECOND_NS +
                     (int64_t)(whole_second ? 500 : words[10]) * MILLISECOND_NS;
    header->time_sigma_ns = (int64_t)words[11] * MILLISECOND_NS + MILLISECOND_SIGMA_NS +
                            (whole_second ? (int64_t)1000 * MILLISECOND_SIGMA_NS : 0);
}

static struct sky_regs_header header_of(const uint16_t *words)
{
    struct sky_regs_header header = {
        .map_major = (uint8_t)(words[1] >> 8),
        .map_minor = (uint8_t)words[1],
        .status = words[4],
        .sequence = words[5],
        .target_count = words[6],
        .capacity = words[3],
        .scan_ms = words[7],
        .uptime_s = pair(words[12], words[13]),
        .crc = words[14],
    };
    take_time(&header, words);
    return header;
}

enum sky_status sky_regs_header(const uint16_t words[SKY_REGS_HEADER_WORDS],
                                struct sky_regs_header *ret_header, const char **ret_item)
{
    uint32_t at = 0;
    const enum sky_status status = judge_header(words, ret_item, &at);
    if (status == SKY_OK) {
        *ret_header = header_of(words);
    }
    return status;
}

static enum sky_status refuse(enum sky_status status, const char *item, size_t word,
                              const char **ret_item, uint32_t *ret_offset)
{
    *ret_item = item;
    *ret_offset = (uint32_t)word;
    return status;
}

enum sky_status sky_regs_check(const uint8_t *bytes, size_t count,
                               struct sky_regs_header *ret_header, const char **ret_item,
                               uint32_t *ret_offset)
{
    uint16_t first[SKY_REGS_HEADER_WORDS];
    if (count < 2 * SKY_REGS_HEADER_WORDS) {
        return refuse(SKY_E_CORRUPT, "block.length", 0, ret_item, ret_offset);
    }
    for (size_t i = 0; i < SKY_REGS_HEADER_WORDS; i++) {
        first[i] = word_at(bytes, i);
    }
    const enum sky_status status = judge_header(first, ret_item, ret_offset);
    if (status != SKY_OK) {
        return status;
    }

    const size_t last = SKY_REGS_HEADER_WORDS + (size_t)first[6] * SKY_REGS_TARGET_WORDS;
    if (count != 2 * (last + SKY_REGS_HEADER_WORDS)) {
        return refuse(SKY_E_CORRUPT, "block.length", count / 2, ret_item, ret_offset);
    }
    if (word_at(bytes, last + 5) != first[5] || word_at(bytes, last + 15) != first[5]) {
        return refuse(SKY_E_STALE, "header.sequence", last + 5, ret_item, ret_offset);
    }
    uint16_t crc = 0xFFFF;
    for (size_t at = SKY_REGS_HEADER_WORDS; at < last; at += SKY_REGS_TARGET_WORDS) {
        if (word_at(bytes, at + 15) != first[5]) {
            return refuse(SKY_E_STALE, "target.sequence", at + 15, ret_item, ret_offset);
        }
        for (size_t i = 2 * at; i < 2 * (at + SKY_REGS_TARGET_WORDS); i += 4) {
            crc = crc_four(crc, bytes + i);
        }
    }
    if (crc != first[14]) {
        return refuse(SKY_E_STALE, "header.crc", 14, ret_item, ret_offset);
    }
    *ret_header = header_of(first);
    return SKY_OK;
}

static void take_plot_time(struct sky_plot *plot, const struct sky_regs_header *header,
                           uint16_t age_ms)
{
    const int64_t age_ns = (int64_t)age_ms * MILLISECOND_NS;
    plot->time_kind = header->has_time ? SKY_TIME_UTC : SKY_TIME_ARRIVAL;
    plot->time_value_ns = header->has_time ? header->utc_ns - age_ns : age_ns;
    plot->time_sigma_ns =
        MILLISECOND_SIGMA_NS + (header->has_time ? header->time_sigma_ns : (int64_t)0);
}

static void take_extras(struct sky_plot *plot, const uint8_t *target)
{
    if (word_at(target, 0) != NO_WORD) {
        plot->has |= SKY_PLOT_SENSOR_TRACK;
        plot->sensor_track = word_at(target, 0);
    }
    if (signed_at(target, 6) != NO_SIGNED) {
        plot->has |= SKY_PLOT_ELEVATION;
        plot->elevation_rad = signed_at(target, 6) * angle_step_rad;
    }
    if (signed_at(target, 7) != NO_SIGNED) {
        plot->has |= SKY_PLOT_RADIAL_SPEED;
        plot->radial_speed_mps = signed_at(target, 7) * 0.01;
    }
    if (signed_at(target, 8) != NO_SIGNED) {
        plot->has |= SKY_PLOT_RCS;
        plot->rcs_dbsm = signed_at(target, 8) * 0.1;
    }
    if (signed_at(target, 9) != NO_SIGNED) {
        plot->has |= SKY_PLOT_SNR;
        plot->snr_db = signed_at(target, 9) * 0.1;
    }
}

static bool stated(uint16_t sigma) { return sigma != 0 && sigma != NO_WORD; }

/* All that the plot measures, or none: the engine takes them together. */
static void take_sigmas(struct sky_plot *plot, const uint8_t *target)
{
    const bool needs_elevation = (plot->has & SKY_PLOT_ELEVATION) != 0;
    if (!stated(word_at(target, 10)) || !stated(word_at(target, 11)) ||
        (needs_elevation && !stated(word_at(target, 12)))) {
        return;
    }
    plot->has |= SKY_PLOT_SIGMAS;
    plot->sigma_range_m = word_at(target, 10) * 0.1;
    plot->sigma_azimuth_rad = word_at(target, 11) * angle_step_rad;
    plot->sigma_elevation_rad = needs_elevation ? word_at(target, 12) * angle_step_rad : 0.0;
}

static bool is_measurement(const uint8_t *target)
{
    const uint16_t flags = word_at(target, 1);
    return (flags & SKY_REGS_VALID) != 0 && (flags & SKY_REGS_COASTED) == 0 &&
           word_at(target, 2) != NO_WORD &&
           pair(word_at(target, 3), word_at(target, 4)) != UINT32_MAX;
}

/* NULL, or the field that cannot be, with its word in *ret_word. */
static const char *impossible(const uint8_t *target, size_t *ret_word)
{
    if (pair(word_at(target, 3), word_at(target, 4)) > 10000000) {
        *ret_word = 3;
        return "target.range";
    }
    const int32_t elevation = signed_at(target, 6);
    if (elevation != NO_SIGNED && (elevation < -0x4000 || elevation > 0x4000)) {
        *ret_word = 6;
        return "target.elevation";
    }
    return NULL;
}

static void take_plot(struct sky_plot *ret_plot, const struct sky_regs_header *header,
                      const uint8_t *target, uint32_t sensor)
{
    *ret_plot = (struct sky_plot){
        .sensor = sensor,
        .slant_range_m = pair(word_at(target, 3), word_at(target, 4)) * 0.1,
        .azimuth_rad = word_at(target, 5) * angle_step_rad,
    };
    take_plot_time(ret_plot, header, word_at(target, 2));
    take_extras(ret_plot, target);
    take_sigmas(ret_plot, target);
}

enum sky_status sky_regs_decode(const uint8_t *bytes, size_t count, uint32_t sensor,
                                struct sky_regs_header *ret_header,
                                struct sky_plot ret_plot[SKY_REGS_TARGETS_MAX], size_t *ret_count,
                                const char **ret_item, uint32_t *ret_offset)
{
    struct sky_regs_header header;
    const enum sky_status status = sky_regs_check(bytes, count, &header, ret_item, ret_offset);
    if (status != SKY_OK) {
        return status;
    }
    if (header.target_count > 0 && (header.status & SKY_REGS_NORTH_VALID) == 0) {
        return refuse(SKY_E_CORRUPT, "header.status", 4, ret_item, ret_offset);
    }

    /* Judged before the first is written: on failure nothing has changed. */
    const uint8_t *const table = bytes + 2 * SKY_REGS_HEADER_WORDS;
    for (size_t i = 0; i < header.target_count; i++) {
        const uint8_t *const target = table + 2 * SKY_REGS_TARGET_WORDS * i;
        size_t word = 0;
        const char *const item = is_measurement(target) ? impossible(target, &word) : NULL;
        if (item) {
            word += SKY_REGS_HEADER_WORDS + SKY_REGS_TARGET_WORDS * i;
            return refuse(SKY_E_CORRUPT, item, word, ret_item, ret_offset);
        }
    }

    size_t plots = 0;
    for (size_t i = 0; i < header.target_count; i++) {
        const uint8_t *const target = table + 2 * SKY_REGS_TARGET_WORDS * i;
        if (is_measurement(target)) {
            take_plot(&ret_plot[plots++], &header, target, sensor);
        }
    }
    *ret_header = header;
    *ret_count = plots;
    return SKY_OK;
}
