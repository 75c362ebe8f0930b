/**
 * sky_sink_udp: datagrams to one address or multicast group, which never make their sender wait.
 *
 * What cannot be sent at once is counted and gone: a listener is served, never waited for. A socket
 * that fails is made anew for the next datagram, on the interface that has the name by then.
 */
#ifndef SKY_SINK_UDP_H
#define SKY_SINK_UDP_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct sky_sink_udp_config {
    char address[16]; /* IPv4, one machine's or a multicast group's */
    uint16_t port;
    char interface[16]; /* to send multicast on, such as "eth0"; "" lets the kernel choose */
    uint8_t ttl;        /* multicast: routers it may pass, and one more; 1 .. 255 */
};

/** Fields are private but for reading the counts. */
struct sky_sink_udp {
    struct sockaddr_in to;
    char interface[16];
    uint8_t ttl;
    int socket;      /* -1: to be made */
    uint64_t sent;   /* handed to the network; whether anyone listens it does not tell */
    uint64_t failed; /* datagrams that were not */
    int error;       /* the negative errno of the latest that was not; 0: none yet */
};

/**
 * Makes a sink; nothing is opened yet, and nothing allocated ever. Returns 0, or -EINVAL if the
 * address cannot be read or is 0.0.0.0, or port or ttl is 0.
 */
int sky_sink_udp_init(struct sky_sink_udp *sink, const struct sky_sink_udp_config *config);

/** Sends a datagram or counts it as failed. */
void sky_sink_udp_send(struct sky_sink_udp *sink, const void *bytes, size_t count);

/** Closes the socket; counts stay. */
void sky_sink_udp_close(struct sky_sink_udp *sink);

#endif
