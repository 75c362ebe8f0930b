/**
 * sky_source: the port through which anything that can be sensed enters the station.
 *
 * gpsd, a Modbus head, a UDP feed and a recorded log are all sources. The loop cannot tell them
 * apart, which is why the same binary is deployed, tested on a bench, and replayed.
 */
#ifndef SKY_SOURCE_H
#define SKY_SOURCE_H

#include <stdint.h>

#include "sky_input.h"

struct sky_source;

struct sky_source_ops {
    /**
     * Starts to open. Never blocks for longer than 50 ms.
     * Returns 0 and sets fd if the peer is there: the loop records SKY_SOURCE_UP with what open
     * wrote to detail, such as the peer's identity. Returns 1 and sets fd if that takes longer:
     * take then brings SKY_SOURCE_UP itself, or fails. Returns a negative errno, with the reason in
     * detail, if it cannot be opened now; the loop tries again later, with back-off.
     * ret_detail holds SKY_DETAIL_MAX bytes, zero-terminated and empty when passed in.
     */
    int (*open)(struct sky_source *source, char *ret_detail);

    /**
     * Takes the next input that is ready, without blocking. seq, time_ns, realtime_ns and source
     * are left for the loop to stamp. Bytes in ret_input stay valid until the next call.
     * Returns 1 and sets ret_input, 0 if nothing is ready, or a negative errno if the source has
     * failed, with the reason in ret_detail: the loop then closes it and opens it again later.
     * An input of kind SKY_INPUT_SOURCE (UP, TORN, LOST) is the adapter's own word on itself.
     */
    int (*take)(struct sky_source *source, struct sky_input *ret_input, char *ret_detail);

    /** Releases what open acquired and sets fd to -1. Safe to call when not open. */
    void (*close)(struct sky_source *source);
};

/** What every source begins with. Embed it first; the loop sees only this. */
struct sky_source {
    const struct sky_source_ops *ops;
    char name[SKY_NAME_MAX];
    int fd; /* readable while take may return 1, unless it has just done so; -1 when not open */
    int64_t silence_ns; /* quiet for longer than this is SKY_SOURCE_SILENT; 0: never */
};

#endif
