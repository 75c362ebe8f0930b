/**
 * sky_src_gpsd: the station's receiver, as gpsd reports it over TCP.
 *
 * libgps decodes; the socket is ours, as libgps allows (gps_unpack). That way opening never waits
 * for a connection or a name, reading never blocks on half a line, the JSON is kept as received,
 * and reconnecting allocates nothing.
 */
#ifndef SKY_SRC_GPSD_H
#define SKY_SRC_GPSD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "sky_source.h"

struct sky_src_gpsd_config {
    char name[SKY_NAME_MAX];
    char host[64]; /* an IPv4 or IPv6 address, or "localhost": a station does not depend on DNS */
    uint16_t port; /* gpsd's own is 2947 */
    int64_t silence_ns;
};

enum {
    SKY_SRC_GPSD_LINE_MAX = 16384,   /* longest message gpsd sends, SKY with every satellite */
    SKY_SRC_GPSD_STATE_BYTES = 65536 /* libgps's struct gps_data_t, whatever its version */
};

/** Fields are private but for base. */
struct sky_src_gpsd {
    struct sky_source base;
    struct sockaddr_storage address;
    socklen_t address_bytes;
    int32_t satellites_used;             /* of the latest SKY message; -1: none yet */
    struct sky_receiver_report receiver; /* said since the latest report */
    size_t filled;                       /* bytes in buffer */
    size_t taken;                        /* of them, at the front, those already handed out */
    uint64_t lost;                       /* messages longer than the buffer, not yet reported */
    bool skipping;                       /* inside such a message */
    bool up;                             /* gpsd has said who it is */
    char buffer[SKY_SRC_GPSD_LINE_MAX];
    char line[SKY_SRC_GPSD_LINE_MAX]; /* libgps may write into what it parses */
    _Alignas(max_align_t) unsigned char state[SKY_SRC_GPSD_STATE_BYTES];
};

/**
 * Makes a source that is not open yet. take brings SKY_SOURCE_UP with gpsd's release, one
 * SKY_INPUT_GNSS per TPV message with what SKY, GST, ATT, PPS and TOFF messages said since the one
 * before, and SKY_SOURCE_LOST for messages that do not fit.
 * Returns 0, -EINVAL if the host is neither an address nor "localhost", or -ELIBBAD if this libgps
 * lays out its fix in another way than the one built against.
 */
int sky_src_gpsd_init(struct sky_src_gpsd *source, const struct sky_src_gpsd_config *config);

#endif
