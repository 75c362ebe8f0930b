/**
 * sky_src_asterix: datagrams of an ASTERIX feed, as they come, from a UDP port or a multicast
 * group.
 *
 * Nothing is decoded here. What the kernel had to drop because its buffer was full is counted by
 * the kernel (SO_RXQ_OVFL) and reported before the datagram that came next, or once none is left.
 */
#ifndef SKY_SRC_ASTERIX_H
#define SKY_SRC_ASTERIX_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "sky_source.h"

struct sky_src_asterix_config {
    char name[SKY_NAME_MAX];
    /* IPv4 to bind to: "0.0.0.0" is any, "127.0.0.1" only this machine. With a group the socket is
       bound to that instead, so that nothing else comes in. */
    char address[16];
    uint16_t port;         /* 8600 is customary */
    char group[16];        /* IPv4 multicast group to join; "" is none */
    char interface[16];    /* to join it on, such as "eth0"; "" lets the kernel choose */
    uint32_t rcvbuf_bytes; /* wanted in the kernel; 0 leaves its default, which a burst overruns */
    int64_t silence_ns;
};

enum { SKY_SRC_ASTERIX_DATAGRAM_MAX = 65536 };

/** Fields are private but for base. */
struct sky_src_asterix {
    struct sky_source base;
    struct sockaddr_in bind_to;
    struct in_addr group; /* 0.0.0.0: none */
    char interface[16];
    uint32_t rcvbuf_bytes;
    int socket;
    int links;        /* tells of interfaces that come and go; -1: nobody need */
    unsigned index;   /* of the interface that the group was joined on; 0: the kernel's choice */
    uint32_t dropped; /* as the kernel counts, since the socket was made; it wraps */
    bool waiting;     /* a datagram was received and stands behind a SKY_SOURCE_LOST */
    size_t count;
    struct sockaddr_in peer;
    uint8_t bytes[SKY_SRC_ASTERIX_DATAGRAM_MAX];
};

/**
 * Makes a source that is not open yet. take brings one SKY_INPUT_DATAGRAM per datagram and
 * SKY_SOURCE_LOST before one that follows a loss, or when all that was not lost has been taken.
 * open writes the buffer the kernel granted to its detail; an interface that is not there yet makes
 * it fail, to be tried again. take fails when the interface that a group was joined on goes away or
 * comes back as another one. Allocates nothing. Returns 0, or -EINVAL if an address cannot be read,
 * the group is not a multicast address, or rcvbuf_bytes exceeds 1 GiB.
 */
int sky_src_asterix_init(struct sky_src_asterix *source,
                         const struct sky_src_asterix_config *config);

#endif
