/**
 * sky_utc: what UTC it is at an instant of the station's monotonic axis, and how sure we are.
 *
 * UTC is an observation, never a clock: the receiver and the kernel each say what they believe, and
 * this keeps the better statement and lets it age. Holdover grows by drift_ppm, so the stated sigma
 * stays honest when both fall silent.
 */
#ifndef SKY_UTC_H
#define SKY_UTC_H

#include <stdbool.h>

#include "sky_base.h"

/** How well the station knew UTC. Ordered from worst to best. */
enum sky_clock_state {
    SKY_CLOCK_NONE = 1, /* nothing believable was ever heard */
    SKY_CLOCK_RTC,      /* the kernel's unsynchronised clock */
    SKY_CLOCK_HOLDOVER, /* was synchronised; the age is in the sigma */
    SKY_CLOCK_NTP,      /* the kernel says it is disciplined */
    SKY_CLOCK_GNSS,     /* time stamps of the receiver's messages */
    SKY_CLOCK_PPS       /* the receiver's pulse */
};

/** UTC at one instant. */
struct sky_utc_estimate {
    int64_t utc_ns;   /* since 1970-01-01; meaningful unless state is SKY_CLOCK_NONE */
    int64_t sigma_ns; /* 1 sigma */
    enum sky_clock_state state;
};

/** Fields are private. */
struct sky_utc {
    int64_t offset_ns; /* utc - monotonic at best_time_ns */
    int64_t sigma_ns;  /* of offset_ns, then */
    int64_t best_time_ns;
    enum sky_clock_state state;
    uint64_t rejected;        /* observations that contradicted the estimate or plain sense */
    uint32_t rejected_in_row; /* of them, the latest unbroken run that agrees with itself */
    int64_t rejected_offset_ns;
};

/** The state before anything was heard. */
void sky_utc_init(struct sky_utc *utc);

/**
 * A receiver message that says "it is utc_ns" arrived at time_ns.
 * Returns SKY_E_RANGE, and changes nothing but the count of rejections, if the date is before this
 * software was written (2026-01-01, so a 1,024-week rollback shows) or after 2106, or if it differs
 * from a GNSS, NTP or PPS estimate by more than 10 s + 8 sigma. Sixty rejections in a row that
 * agree with each other within 2 s are believed: then it was the estimate that was wrong.
 */
SKY_NODISCARD enum sky_status sky_utc_observe_gnss(struct sky_utc *utc, int64_t time_ns,
                                                   int64_t utc_ns, int64_t sigma_ns);

/**
 * The kernel's real-time clock read realtime_ns at time_ns; synchronised and error_ns as adjtimex
 * reports them. Used only where it is better than what is known.
 */
void sky_utc_observe_kernel(struct sky_utc *utc, int64_t time_ns, int64_t realtime_ns,
                            bool synchronised, int64_t error_ns);

/** UTC at time_ns, which may lie before or after the last observation. */
struct sky_utc_estimate sky_utc_at(const struct sky_utc *utc, int64_t time_ns);

#endif
