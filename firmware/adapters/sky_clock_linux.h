/**
 * sky_clock_linux: Linux's clocks - CLOCK_BOOTTIME, CLOCK_REALTIME and what adjtimex knows.
 */
#ifndef SKY_CLOCK_LINUX_H
#define SKY_CLOCK_LINUX_H

#include "sky_clock.h"

/** No state of its own: the kernel has it. */
struct sky_clock_linux {
    struct sky_clock base;
};

/**
 * Makes a clock. read takes both clocks within 20 us of each other if it is let (of three tries
 * the closest): an interruption in between must not look like a clock step.
 */
void sky_clock_linux_init(struct sky_clock_linux *clock);

#endif
