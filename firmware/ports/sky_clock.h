/**
 * sky_clock: the port through which time enters. Linux's clocks in the field; paper in tests.
 */
#ifndef SKY_CLOCK_H
#define SKY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/** Both axes at one moment. */
struct sky_clock_reading {
    int64_t boottime_ns; /* monotonic, suspend included; never goes back */
    int64_t realtime_ns; /* the kernel's idea of UTC, as it is */
};

/** What the kernel says about its idea of UTC. */
struct sky_clock_discipline {
    bool synchronised;
    int64_t error_ns; /* adjtimex maxerror; >= 0 */
};

/** Embed it first in whatever tells the time. */
struct sky_clock {
    struct sky_clock_reading (*read)(struct sky_clock *clock);
    struct sky_clock_discipline (*discipline)(struct sky_clock *clock);
};

#endif
