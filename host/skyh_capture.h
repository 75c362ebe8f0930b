/**
 * skyh_capture: the datagrams that a capture file holds - classic pcap, pcapng, or ASTERIX blocks
 * one behind the other.
 *
 * The formats are read here and not by libpcap: two file structures and seven link types are less
 * than what would remain to be done around it, and a reader of bytes in memory can be fuzzed whole.
 * Ethernet (with VLAN tags), raw IP, BSD loopback and Linux cooked v1 and v2; IPv4 and IPv6. Only
 * UDP is taken. Fragments are refused and datagrams that the capture cut short are left out, both
 * counted: half a datagram is no evidence.
 */
#ifndef SKYH_CAPTURE_H
#define SKYH_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sky_asterix.h"
#include "skyh_out.h"

enum skyh_capture_kind {
    SKYH_CAPTURE_PCAP = 1,
    SKYH_CAPTURE_PCAPNG,
    SKYH_CAPTURE_BLOCKS /* no addresses, and no times until skyh_capture_date */
};

struct skyh_datagram {
    int64_t utc_ns;     /* of its reception; never goes back */
    uint32_t from_ipv4; /* host order; 0: IPv6, or unknown */
    uint32_t to_ipv4;
    uint16_t from_port;
    uint16_t to_port;
    uint32_t missing; /* datagrams before it that were fragments or cut short */
    const uint8_t *bytes;
    size_t count;
};

/** Start zeroed, end with skyh_capture_close. */
struct skyh_capture {
    enum skyh_capture_kind kind;
    char *file; /* its bytes; owned */
    size_t file_bytes;
    size_t count;
    size_t capacity;
    struct skyh_datagram *datagram; /* owned; points into file */
    uint64_t packets;               /* all that the file has */
    uint64_t fragments;
    uint64_t cut;       /* UDP, but captured without its end */
    uint64_t others;    /* not UDP, or nothing that can be read */
    uint64_t went_back; /* dated before the one before: took its time */
    uint32_t missing;   /* fragments and cut ones since the last datagram */
    bool torn;          /* the file ends within a packet; what came before is here */
};

/**
 * Reads a file. SKYH_EXIT_NO_INPUT if it cannot be read; SKYH_EXIT_DATA if it is none of the three
 * or contradicts itself, with the byte where. No datagram at all is no error here.
 */
bool skyh_capture_open(struct skyh_capture *capture, const char *file,
                       struct skyh_problem *problem);

/** The same of bytes, which it takes over (from malloc, also on failure); name is for messages. */
bool skyh_capture_take(struct skyh_capture *capture, const char *name, char *bytes, size_t count,
                       struct skyh_problem *problem);

/**
 * Dates blocks by the times of day that stand in them, on the day that begins at day_utc_ns and,
 * past midnight, those that follow: each is received at its own latest time, and none before
 * another that stands before it in the file. SKYH_EXIT_DATA if no block has a time.
 */
bool skyh_capture_date(struct skyh_capture *capture, const char *name,
                       const struct sky_asterix_dialect *dialect, size_t dialect_count,
                       int64_t day_utc_ns, struct skyh_problem *problem);

/** Moves all by so much. */
void skyh_capture_shift(struct skyh_capture *capture, int64_t by_ns);

void skyh_capture_close(struct skyh_capture *capture);

#endif
