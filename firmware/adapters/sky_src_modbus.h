/**
 * sky_src_modbus: a radar head that keeps its targets in Modbus registers, over TCP or a serial
 * bus.
 *
 * libmodbus blocks until the head answers or the response timeout has passed, so each bus has a
 * thread that does nothing but read it. It hands whole, consistent blocks to the loop as messages
 * of a socket pair; there is no shared state to lock. A reply that comes after its timeout would be
 * taken for the answer to the next request, for ever: after any error the connection is given up,
 * and the loop opens a new one.
 */
#ifndef SKY_SRC_MODBUS_H
#define SKY_SRC_MODBUS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "sky_regmap.h"
#include "sky_regs.h"
#include "sky_source.h"

/**
 * A serial line that several units share: who has the turn asks, alone. Init the mutex before and
 * let it outlive the sources.
 */
struct sky_src_modbus_line {
    pthread_mutex_t turn;
};

enum sky_src_modbus_mode { SKY_SRC_MODBUS_TCP = 1, SKY_SRC_MODBUS_RTU };

struct sky_src_modbus_config {
    char name[SKY_NAME_MAX];
    enum sky_src_modbus_mode mode;
    char host[64];                    /* TCP: an IPv4 address or "localhost" */
    uint16_t port;                    /* TCP: 502 is Modbus's own */
    char device[64];                  /* RTU: "/dev/ttyUSB0" */
    uint32_t baud;                    /* RTU: 1200 .. 921600 */
    char parity;                      /* RTU: 'N', 'E' or 'O' */
    uint8_t stop_bits;                /* RTU: 1 or 2 */
    struct sky_src_modbus_line *line; /* RTU: shared with other sources; NULL: alone on it */
    bool rs485;                       /* RTU: the kernel drives the transceiver (TIOCSRS485) */
    uint8_t unit;                     /* the head's address on its bus, 1 .. 247; TCP also 255 */
    uint32_t poll_ms;                 /* between reads of the table; 10 .. 60000 */
    uint32_t timeout_ms;              /* for one response; 20 .. 5000 */
    uint32_t sensor;     /* index into sky_config.sensor; of no meaning for an instrument */
    uint32_t map_number; /* 1 .. SKY_MAPS_MAX if the unit has a map of its own; else 0 */
    const struct sky_regmap *map; /* it, and its text; borrowed */
    const char *map_text;
    size_t map_bytes;
    int64_t silence_ns;
};

/** What the bus's thread says to the loop. Private. */
struct sky_src_modbus_message {
    uint32_t kind;
    int32_t error;
    uint64_t count;
    char detail[SKY_DETAIL_MAX];
    uint32_t byte_count;
    uint8_t bytes[2 * SKY_REGS_BLOCK_WORDS_MAX];
};

/** Fields are private but for base. */
struct sky_src_modbus {
    struct sky_source base;
    struct sky_src_modbus_config config;
    struct sky_src_modbus_message received; /* the loop's */
    pthread_t thread;
    bool running;
    /* Below: the thread's while it runs. */
    int thread_fd;
    void *bus; /* modbus_t */
    atomic_int bus_fd;
    struct termios settings; /* of the line, as this unit needs them */
    uint64_t unsent;         /* messages the loop was too slow to take ... */
    uint64_t unread;         /* ... and tables the head wrote over; not yet told */
    bool met;                /* the loop's: the unit has said who it is */
    bool map_said;           /* the loop's: the map is handed over before what is read by it */
    bool mute;               /* does not answer function code 17, nor refuse it */
    bool has_latest; /* the header of the latest table handed on: one that is the same is no news */
    bool follows;    /* and it came through this opening */
    struct sky_regs_header latest;
    uint16_t words[SKY_REGS_BLOCK_WORDS_MAX];
    struct sky_src_modbus_message sending;
};

/**
 * Makes a source that is not open yet. take brings SKY_SOURCE_UP with what the head says about
 * itself (function code 17) and its map version, again if the head begins anew, one
 * SKY_INPUT_REGISTERS per new table, SKY_SOURCE_TORN for a table that changed during each of three
 * reads, and SKY_SOURCE_LOST for tables that the loop did not take in time or that the head wrote
 * over before they were read, as its sequence tells. Reads 7 targets at a time (112 of at most 125
 * registers). A unit with a map of its own is read by that instead, once each poll_ms, and again if
 * its sequence changed meanwhile; SKY_INPUT_REGISTER_MAP comes first. One that does not answer
 * function code 17 with the map's identity in it is not that unit: -EPROTO. A header that is not of
 * this map is handed on as it is, so that it is recorded, and ends the source with -EPROTO. Units
 * that share a line are asked in turn; one that fails keeps the turn for another timeout_ms, so
 * that what it may say late is not taken for another's answer. close waits for the thread, and on a
 * shared line for its turn: over TCP up to timeout_ms while it connects, else not; on a serial bus
 * up to timeout_ms. Returns 0, -EINVAL if a field is outside its range, or -ENOMEM. Allocates
 * libmodbus's context, once; opening starts a thread, whose stack the C library keeps for the next
 * opening.
 */
int sky_src_modbus_init(struct sky_src_modbus *source, const struct sky_src_modbus_config *config);

/** Releases what init allocated, closing first if need be. */
void sky_src_modbus_done(struct sky_src_modbus *source);

#endif
