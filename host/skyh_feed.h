/**
 * skyh_feed: what simulated sensors put on the wire - the inverse of the station's decoders.
 *
 * NMEA 0183 as a receiver talks to gpsd, gpsd's own TPV report, ASTERIX data blocks of categories
 * 048 and 034 (EUROCONTROL-SPEC-0149-4 and -2b), and the register table of a Modbus radar head
 * (proto/FORMAT.md). Every function writes whole messages and returns how many bytes or words.
 */
#ifndef SKYH_FEED_H
#define SKYH_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sky_geo.h"
#include "sky_input.h"
#include "sky_obs.h"
#include "sky_regs.h"

/** What a receiver computed at one epoch. */
struct skyh_epoch {
    int64_t utc_ns;
    struct sky_lla place;
    double geoid_undulation_m;
    double sigma_horizontal_m; /* 1 sigma per axis, as it states it */
    double sigma_vertical_m;
    uint32_t satellites; /* 4 .. 12 */
};

enum {
    SKYH_NMEA_MAX = 1024,
    SKYH_TPV_MAX = 512,
    SKYH_DATAGRAM_MAX = 4096,
    SKYH_DATAGRAM_PLOTS_MAX = 200
};

/** The sentences of one epoch: GGA, RMC, GSA, GSV, GST; each with checksum and CR LF. */
size_t skyh_feed_nmea(const struct skyh_epoch *epoch, char ret_text[SKYH_NMEA_MAX]);

/** The TPV message gpsd makes of it, without line end. */
size_t skyh_feed_tpv(const struct skyh_epoch *epoch, char ret_text[SKYH_TPV_MAX]);

/** The report libgps makes of that message; json is borrowed. */
struct sky_gnss_report skyh_feed_report(const struct skyh_epoch *epoch, const char *json,
                                        size_t json_bytes);

/** A service message of a radar. */
struct skyh_service {
    uint8_t sac;
    uint8_t sic;
    int64_t time_of_day_ns;
    bool north;          /* the antenna passed north: with rotation and site; else a sector */
    uint8_t sector;      /* 1/256 turn */
    int64_t rotation_ns; /* north only */
    const struct sky_lla *site; /* north only; NULL if it moves */
};

/** A block of category 034 with one record. */
size_t skyh_feed_service(const struct skyh_service *service, uint8_t ret_bytes[64]);

/**
 * A block of category 048 with a plot per record: source, time of day, target report descriptor
 * (primary radar), measured polar position, radial speed if known. The SIM bit stays clear: a
 * station refuses targets that have it. Returns 0 for count 0. Pre: count <=
 * SKYH_DATAGRAM_PLOTS_MAX; plots are stated in SKY_TIME_OF_DAY.
 */
size_t skyh_feed_plots(uint8_t sac, uint8_t sic, const struct sky_plot *plot, size_t count,
                       uint8_t ret_bytes[SKYH_DATAGRAM_MAX]);

/** The state of a Modbus head when it has written its table. */
struct skyh_head {
    uint16_t sequence; /* even */
    int64_t utc_ns;
    uint16_t time_sigma_ms;
    uint16_t scan_ms;
    uint32_t uptime_s;
};

/** A head's registers: input registers 0 .. 15 and 256 .. */
struct skyh_registers {
    uint16_t header[SKY_REGS_HEADER_WORDS];
    uint16_t table[SKY_REGS_TARGETS_MAX * SKY_REGS_TARGET_WORDS];
    size_t targets;
};

/**
 * Fills the registers. Plots beyond SKY_REGS_TARGETS_MAX are left out and the header says so.
 * Pre: plots are stated in SKY_TIME_UTC.
 */
void skyh_feed_registers(const struct skyh_head *head, const struct sky_plot *plot, size_t count,
                         struct skyh_registers *ret_registers);

/** The block that a reader brings: header, used table, header; as bytes. */
size_t skyh_feed_block(const struct skyh_registers *registers,
                       uint8_t ret_bytes[2 * SKY_REGS_BLOCK_WORDS_MAX]);

#endif
