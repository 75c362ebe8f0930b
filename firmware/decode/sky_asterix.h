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

/** What one record was. */
enum sky_asterix_kind {
    SKY_ASTERIX_TARGET = 1,  /* category 048 with a position */
    SKY_ASTERIX_NO_POSITION, /* category 048 without: no detection in this scan; not an error */
    SKY_ASTERIX_SERVICE,     /* category 034 */
    SKY_ASTERIX_SKIPPED      /* a whole block of a category that is not decoded */
};

struct sky_asterix_service {
    uint8_t message_type; /* I034/000: 1 north, 2 sector, ... */
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
    bool simulated;       /* I048/020 SIM or TST */
    struct sky_plot plot; /* SKY_ASTERIX_TARGET; sensor is left 0 for the caller */
    struct sky_asterix_service service;
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
 * datagram; or SKY_E_CORRUPT with *ret_item ("I048/040", "block length", ...) and *ret_offset set:
 * the rest of that block is skipped and the walk can go on (a bad block length ends it).
 */
SKY_NODISCARD enum sky_status sky_asterix_next(struct sky_asterix_walk *walk,
                                               struct sky_asterix_record *ret_record,
                                               const char **ret_item, uint32_t *ret_offset);

#endif
