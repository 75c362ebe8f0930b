/**
 * sky_asterix: EUROCONTROL ASTERIX data blocks - target reports of category 048, service messages
 * of category 034.
 *
 * A block is category, length and records; a record is a field specification and items in its
 * order, with no length of its own: an item whose size is unknown ends the block. Item sizes follow
 * the UAPs of EUROCONTROL-SPEC-0149-4 (category 048, ed. 1.27 to 1.32) and -2b (category 034, ed.
 * 1.27 to 1.29); every item of both is stepped over exactly, used or not.
 */
#ifndef SKY_ASTERIX_H
#define SKY_ASTERIX_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_obs.h"

/* Steps of a plot's numbers, I048/040: 1/256 NM and 360/65536 degrees. */
#define SKY_ASTERIX_STEP_RANGE_M (1852.0 / 256.0)
#define SKY_ASTERIX_STEP_AZIMUTH_RAD 0x1.921fb54442d18p-14

/** What one record was. */
enum sky_asterix_kind {
    SKY_ASTERIX_TARGET = 1, /* category 048 with a measured position */
    /*
     * Category 048 without: no detection in this scan, and not an error. A position that the radar
     * extrapolated (I048/020 TYP 0) or could not express (ERR: beyond 256 NM) is not measured.
     */
    SKY_ASTERIX_NO_POSITION,
    SKY_ASTERIX_SERVICE, /* category 034 */
    SKY_ASTERIX_SKIPPED  /* a whole block of a category that is not decoded */
};

struct sky_asterix_service {
    uint8_t message_type; /* I034/000: 1 north, 2 sector, ...; 0: not stated */
    bool has_time;
    int64_t time_of_day_ns;
    bool has_rotation;
    int64_t rotation_ns; /* I034/041 */
    bool has_sector;
    double sector_rad;
    bool has_site;
    struct sky_lla site;
    bool time_source_invalid; /* I034/050 TSV */
    bool no_go;               /* I034/050 COM.NOGO */
};

struct sky_asterix_record {
    enum sky_asterix_kind kind;
    uint8_t category;
    uint8_t sac;
    uint8_t sic;
    bool has_source;
    bool simulated; /* I048/020 SIM, TST or RAB (a transponder on a mast): not an aircraft */
    /*
     * SKY_ASTERIX_TARGET; sensor is left 0 for the caller. Time is I048/140, or arrival without it.
     * Mode 3/A and flight level only if validated and not garbled. Radial speed is I048/120 CAL
     * unless doubtful; positive is receding, as the specification recommends but leaves to the
     * radar's own interface document. Sigmas are never stated.
     */
    struct sky_plot plot;
    struct sky_asterix_service service; /* SKY_ASTERIX_SERVICE */
};

/** Where a walk through a datagram stands. Start with {.bytes = b, .count = n}; rest zero. */
struct sky_asterix_walk {
    const uint8_t *bytes;
    size_t count;
    size_t at;        /* next byte */
    size_t block_end; /* 0: between blocks */
    uint8_t category; /* of the block it is in */
};

/**
 * Takes the next record. Returns SKY_OK and sets ret_record; SKY_E_STALE at the end of the
 * datagram; or SKY_E_CORRUPT with *ret_item (static storage) and *ret_offset set, the byte in the
 * datagram where that item begins:
 * - "block length" (under 3, or beyond the datagram) ends the walk;
 * - "FSPEC" (empty, cut off, or naming an item that does not exist) or an item such as "I048/250"
 *   that does not fit ends the block, and the walk goes on with the next;
 * - an item whose value cannot be, such as a time of day of 25 hours, costs only its own record.
 * Every call moves on by at least one byte, so a datagram of n bytes takes at most n + 1 calls.
 */
SKY_NODISCARD enum sky_status sky_asterix_next(struct sky_asterix_walk *walk,
                                               struct sky_asterix_record *ret_record,
                                               const char **ret_item, uint32_t *ret_offset);

#endif
