/**
 * sky_asterix: EUROCONTROL ASTERIX data blocks - plots of categories 048, 010 and 015, reported
 * places of 021 and 062, service messages of 034.
 *
 * A block is category, length and records; a record is a field specification and items in its
 * order, with no length of its own. Every item of every profile (sky_asterix_uap) is stepped over
 * exactly, used or not. A block whose records do not add up to its length was written by other
 * rules than ours, another edition say, and nothing in it is believed.
 */
#ifndef SKY_ASTERIX_H
#define SKY_ASTERIX_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_config.h"
#include "sky_obs.h"

/* Steps of a plot's numbers, I048/040: 1/256 NM and 360/65536 degrees. */
#define SKY_ASTERIX_STEP_RANGE_M (1852.0 / 256.0)
#define SKY_ASTERIX_STEP_AZIMUTH_RAD 0x1.921fb54442d18p-14

/** What one record was. */
enum sky_asterix_kind {
    SKY_ASTERIX_TARGET = 1, /* a measured or reported position, in plot */
    /*
     * A target report without: no detection in this scan, the end of a track; not an error. Neither
     * is a position measured that the sender extrapolated (I048/020 TYP 0, I010/170 CST, I015/170
     * CSTP, I062/080 CST or TSE) or could not express (I048/020 ERR: beyond 256 NM).
     */
    SKY_ASTERIX_NO_POSITION,
    SKY_ASTERIX_SERVICE, /* categories 034 and 010: the sensor speaks of itself */
    SKY_ASTERIX_SKIPPED  /* a whole block of a category that is not decoded */
};

struct sky_asterix_service {
    uint8_t message_type; /* I034/000: 1 north, 2 sector, ...; I010/000; 0: not stated */
    bool has_time;
    int64_t time_of_day_ns;
    bool has_rotation;
    int64_t rotation_ns; /* I034/041 */
    bool has_sector;
    double sector_rad;
    bool has_site;
    struct sky_lla site;
    bool time_source_invalid; /* I034/050 TSV, I010/550 TSV */
    bool no_go;               /* I034/050 COM.NOGO, I010/550 NOGO */
};

struct sky_asterix_record {
    enum sky_asterix_kind kind;
    uint8_t category;
    uint8_t sac;
    uint8_t sic;
    bool has_source;
    /*
     * Not an aircraft: simulated, test, reference or synthetic target, or a transponder on a mast
     * (SIM, TST, RAB, TTAX), or by I021/020 a vehicle or an obstacle.
     */
    bool simulated;
    bool suspect; /* I021/040: the receiving station itself doubts the place */
    /*
     * SKY_ASTERIX_TARGET; sensor is left 0 for the caller. Items that were not validated, or are
     * garbled or doubtful, are left out; so are addresses that are not of ICAO.
     *
     * 048, 010, 015: polar, unless a category 010 report was not of a primary radar, or one of
     * category 015 has no range and azimuth of a single-site radar; then a place. Radial speed is
     * I048/120 CAL, I015/626 or I015/625 RR; positive is receding, as the specification recommends
     * but leaves to the radar's own interface document.
     *
     * 021, 062: SKY_PLOT_PLACE. Horizontal sigma as stated: NACp or NUCp are taken as radii that
     * hold 95 % (2.45 sigma); I062/500 and I010/500 are sigmas, of which the larger counts; 0:
     * nothing was stated. Geometric height (HAE) and pressure altitude (ALT_STD) are kept apart. A
     * geometric height without stated accuracy has a sigma of 150 m; one that another system
     * assumed (I062/080 SRC: coverage, speed tables, default) is none.
     *
     * SKY_PLOT_VELOCITY over the ground: I021/160 with NACv as a radius that holds 95 %, I062/185
     * with the larger sigma of I062/500 ATV.
     *
     * SKY_PLOT_COOPERATES: SSR, Mode S, ADS-B or multilateration heard it, by I048/020, I010/020,
     * I062/290, or being category 021.
     *
     * Time is that of applicability, or arrival without it. A time of reception of I021 is that of
     * the place but for how old the place was when it was sent: 0.2 s.
     */
    struct sky_plot plot;
    struct sky_asterix_service service; /* SKY_ASTERIX_SERVICE */
};

/** Which edition of category 021 a sender uses, unless 2.2 or later. */
struct sky_asterix_dialect {
    uint8_t sac;
    uint8_t sic;
    enum sky_asterix_021 edition;
};

/**
 * Where a walk through a datagram stands. Start with {.bytes = b, .count = n}, and dialects if
 * there are any; rest zero.
 */
struct sky_asterix_walk {
    const uint8_t *bytes;
    size_t count;
    const struct sky_asterix_dialect *dialect;
    size_t dialect_count;
    size_t at;                    /* next byte */
    size_t block_end;             /* 0: between blocks */
    uint8_t category;             /* of the block it is in */
    uint32_t record;              /* the number in its block of what was taken or refused last */
    enum sky_asterix_021 edition; /* of the block it is in */
};

/**
 * Takes the next record. Returns SKY_OK and sets ret_record; SKY_E_STALE at the end of the
 * datagram; or SKY_E_CORRUPT with *ret_item (static storage) and *ret_offset set, the byte in the
 * datagram where that item begins; walk tells category and record (0: the block itself):
 * - "block length" (under 3, or beyond the datagram) ends the walk;
 * - "FSPEC" (cut off, or naming an item that does not exist) or an item such as "I048/250" that
 *   does not fit costs the block: none of its records is given, and the walk goes on with the next;
 * - "FSPEC" that begins zeros up to the end of the block costs those;
 * - an item whose value cannot be, such as a time of day of 25 hours, costs only its own record.
 * Every call moves on by at least one byte, so a datagram of n bytes takes at most n + 1 calls.
 */
SKY_NODISCARD enum sky_status sky_asterix_next(struct sky_asterix_walk *walk,
                                               struct sky_asterix_record *ret_record,
                                               const char **ret_item, uint32_t *ret_offset);

#endif
