/**
 * skyd_sink: the fused tracks for whoever listens, each second as ASTERIX category 062.
 *
 * What was told is in the log: a second's blocks leave only when the log's records up to an input
 * after it are durable. Without UTC nothing is told, since a track at a wrong time is a wrong
 * track. Tracks have their own numbers, modulo 65536; one that ends is told once more, as ended.
 */
#ifndef SKYD_SINK_H
#define SKYD_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "sky_asterix_write.h"
#include "sky_sink_udp.h"
#include "sky_station.h"
#include "skyd_config.h"
#include "skyd_diag.h"

enum {
    SKYD_SINK_WAITING = 4, /* seconds that may wait for the log */
    /* each track there is, and as many that ended */
    SKYD_SINK_BLOCKS = 2 * SKY_TRACKS_MAX / SKY_ASTERIX_BLOCK_TRACKS + 1
};

/** The track of a slot as the listeners know it. */
struct skyd_sink_told {
    int64_t utc_ns;
    struct sky_event_track track; /* id 0: none */
};

/** The blocks of one second. */
struct skyd_sink_batch {
    uint64_t seq; /* the latest input they rest on */
    uint32_t count;
    struct sky_asterix_block block[SKYD_SINK_BLOCKS];
};

/** Fields are private but for reading udp's counts. About 200 kB: keep it static. */
struct skyd_sink {
    struct sky_sink_udp udp;
    struct sky_asterix_sender sender;
    int64_t period_ns;
    int64_t next_ns;
    uint64_t late;        /* blocks that waited too long for the log, and were not sent */
    uint64_t said_failed; /* in the latest message */
    struct skyd_limit limit;
    struct skyd_sink_told told[SKY_TRACKS_MAX]; /* by slot */
    uint32_t first;                             /* of those that wait */
    uint32_t waiting;
    struct skyd_sink_batch batch[SKYD_SINK_WAITING];
};

/** Makes a sink. Returns 0, or -EINVAL as sky_sink_udp_init. */
int skyd_sink_init(struct skyd_sink *sink, const struct skyd_sink_config *config);

/**
 * Once a turn: prepares the blocks of now_ns, if they are due, from a station that has taken every
 * input up to seq, and sends those that rest on what is durable: inputs up to durable_seq.
 */
void skyd_sink_turn(struct skyd_sink *sink, const struct sky_station *station, uint64_t seq,
                    int64_t now_ns, uint64_t durable_seq);

/** Closes the socket and says what was sent and what was not. */
void skyd_sink_close(struct skyd_sink *sink);

#endif
