/**
 * sky_clock: the port through which time enters. Linux's clocks in the field; paper in tests.
 */
#ifndef SKY_CLOCK_H
#define SKY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct sky_clock_reading {
    int64_t boottime_ns; /* monotonic, suspend included; never goes back */
    int64_t realtime_ns; /* the kernel's idea of UTC, as it is */
};

struct sky_clock_discipline {
    bool synchronised;
    int64_t error_ns; /* adjtimex maxerror */
};

struct sky_clock {
    struct sky_clock_reading (*read)(struct sky_clock *clock);
    struct sky_clock_discipline (*discipline)(struct sky_clock *clock);
};

#endif
