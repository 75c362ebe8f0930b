/**
 * sky_regmap: the register map of a Modbus unit that has one of its own - a radar head of another
 * make, an anemometer, a rotator - as a text says it, and what a read by it means.
 *
 * The text is lines of "key = value" under [headings], with comments from ';' or '#' on:
 *
 *      [map]
 *      kind = radar           ; radar: targets; instrument: readings alone
 *      function = 4           ; 4: input registers, 3: holding registers
 *      first = 0              ; one read takes `count` registers from here on ...
 *      count = 40             ; ... 1 .. 1000, in requests of 125 at most
 *      targets = 8            ; of a radar: 1 .. 64
 *      identity = Vu8         ; must be part of what it answers to function code 17; optional
 *
 *      [range_m]
 *      at = 16                ; the register's number on the wire, from 0
 *      stride = 1             ; registers from one target's to the next one's
 *      type = u16             ; u16 s16 u32 s32 f32; index: no register, which target it is
 *      order = high           ; of 32 bits, which word comes first: high or low
 *      shift = 0              ; bits below that are not part of it, and ...
 *      bits = 16              ; ... how many are
 *      unavailable = 65535    ; the value, before shift and bits, that says there is none
 *      scale = 0.01           ; value = raw * scale + offset
 *      offset = 0
 *
 * Headings that a radar's plots are made of: range_m, azimuth_deg (clockwise from the head's zero),
 * elevation_deg, radial_speed_mps, rcs_dbsm, snr_db, number, age_ms, valid (not 0). Headings of any
 * unit: target_count, sequence (other at the end of a read than at its begin: the read is torn).
 * Every other heading is a reading, known by that name.
 */
#ifndef SKY_REGMAP_H
#define SKY_REGMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_obs.h"

enum {
    SKY_REGMAP_TEXT_MAX = 8192,
    SKY_REGMAP_FIELDS_MAX = 32,
    SKY_REGMAP_WORDS_MAX = 1000,
    SKY_REGMAP_TARGETS_MAX = 64
};

enum sky_regmap_type {
    SKY_REGMAP_U16 = 1,
    SKY_REGMAP_S16,
    SKY_REGMAP_U32,
    SKY_REGMAP_S32,
    SKY_REGMAP_F32,
    SKY_REGMAP_INDEX
};

enum sky_regmap_role {
    SKY_REGMAP_RANGE = 1,
    SKY_REGMAP_AZIMUTH,
    SKY_REGMAP_ELEVATION,
    SKY_REGMAP_RADIAL_SPEED,
    SKY_REGMAP_RCS,
    SKY_REGMAP_SNR,
    SKY_REGMAP_NUMBER,
    SKY_REGMAP_AGE,
    SKY_REGMAP_VALID,
    SKY_REGMAP_TARGET_COUNT,
    SKY_REGMAP_SEQUENCE,
    SKY_REGMAP_READING
};

struct sky_regmap_field {
    char name[SKY_NAME_MAX];
    int line; /* of its heading */
    enum sky_regmap_role role;
    enum sky_regmap_type type;
    bool low_first;
    bool has_at;
    bool has_unavailable;
    uint32_t at;
    uint32_t stride;
    uint32_t shift;
    uint32_t bits; /* 0: all */
    int64_t unavailable;
    double scale;
    double offset;
};

struct sky_regmap {
    bool is_radar;
    uint32_t function;
    uint32_t first;
    uint32_t count;
    uint32_t targets;
    char identity[SKY_NAME_MAX]; /* "": any */
    uint32_t field_count;
    struct sky_regmap_field field[SKY_REGMAP_FIELDS_MAX];
};

/** What is wrong with a text. */
struct sky_regmap_fault {
    int line;         /* from 1; 0: of the whole */
    const char *what; /* static storage */
};

/**
 * Reads a map. Returns SKY_E_CORRUPT with *ret_fault set, and ret_map untouched, if the text is
 * not one: unknown or repeated keys, values out of range, registers outside the read, a radar
 * without range and azimuth.
 */
SKY_NODISCARD enum sky_status sky_regmap_parse(const char *text, size_t count,
                                               struct sky_regmap *ret_map,
                                               struct sky_regmap_fault *ret_fault);

/** The field of a role that a map has one of, or NULL. */
const struct sky_regmap_field *sky_regmap_find(const struct sky_regmap *map,
                                               enum sky_regmap_role role);

/**
 * The value of a field, of the target-th target where there are several, in a read's bytes
 * (big-endian words). False, with ret_value untouched, if it is not available or not finite.
 * Pre: count is 2 * map->count, target < SKY_REGMAP_TARGETS_MAX.
 */
bool sky_regmap_value(const struct sky_regmap *map, const struct sky_regmap_field *field,
                      const uint8_t *bytes, size_t target, double *ret_value);

/**
 * Decodes a read by a radar's map into plots of one sensor; targets that are not valid or lack
 * range or azimuth are left out. Times are by arrival, less the age.
 * Returns SKY_E_CORRUPT, sets *ret_item and *ret_offset (a word, or which target) and not
 * *ret_count, for "block.length", "target.count", "target.range" beyond 0 .. 1,000 km,
 * "target.azimuth" beyond
 * +-360 degrees, "target.elevation" beyond the vertical, "target.age" beyond 0 .. 10 min.
 */
SKY_NODISCARD enum sky_status sky_regmap_plots(const struct sky_regmap *map, const uint8_t *bytes,
                                               size_t count, uint32_t sensor,
                                               struct sky_plot ret_plot[SKY_REGMAP_TARGETS_MAX],
                                               size_t *ret_count, const char **ret_item,
                                               uint32_t *ret_offset);

#endif
