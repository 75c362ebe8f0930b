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

/** Fields are private but for reading. */
struct sky_utc {
    int64_t offset_ns; /* utc - monotonic at best_time_ns */
    int64_t sigma_ns;  /* of offset_ns, then */
    int64_t best_time_ns;
    int64_t heard_time_ns; /* of the latest observation that fits, better or not */
    enum sky_clock_state state;
    uint64_t rejected;     /* observations that contradicted the estimate or plain sense */
    uint32_t odd_in_row;   /* the latest unbroken run of receiver messages that do not fit, ... */
    int64_t odd_offset_ns; /* ... but each agree with the one before */
};

/** The state before anything was heard. */
void sky_utc_init(struct sky_utc *utc);

/**
 * A receiver message that says "it is utc_ns" arrived at time_ns.
 *
 * Messages come over a serial line or a socket and are never early: of those that agree within
 * 4 sigma, the one that puts UTC furthest ahead was delayed least and is kept, until a drift of
 * 20 ppm since then could explain the difference or has doubled its sigma. The delay that all
 * messages share stays in sigma_ns, which therefore does not shrink by averaging.
 * A message off by more is not used, unless ten in a row agree with each other within 2 s.
 *
 * Returns SKY_E_RANGE, and changes nothing but counts, if the date is before this software was
 * written (2026-01-01, so a 1,024-week rollback shows) or after 2105, or if it differs from a GNSS,
 * NTP or PPS estimate by more than 10 s + 8 sigma. Sixty of the latter in a row that agree are
 * believed: then it was the estimate that was wrong.
 * Pre: 0 < sigma_ns <= 1 h.
 */
SKY_NODISCARD enum sky_status sky_utc_observe_gnss(struct sky_utc *utc, int64_t time_ns,
                                                   int64_t utc_ns, int64_t sigma_ns);

/**
 * The receiver's pulse says that it was utc_ns at time_ns. Better than any message or discipline
 * while it lasts; then it ages like them.
 * Returns SKY_E_RANGE, and changes nothing but counts, if the date cannot be, or if it differs from
 * a GNSS, NTP or PPS estimate by more than 10 s + 8 sigma: the pulse has no date of its own.
 * Pre: 0 < sigma_ns <= 1 h.
 */
SKY_NODISCARD enum sky_status sky_utc_observe_pps(struct sky_utc *utc, int64_t time_ns,
                                                  int64_t utc_ns, int64_t sigma_ns);

/**
 * The kernel's real-time clock read realtime_ns at time_ns; synchronised and error_ns (at most
 * 1 h) as adjtimex reports them. Used only where it is better than what is known: disciplined, its
 * sigma is half the kernel's maximum error and at least 0.1 ms, against the receiver's aged one;
 * undisciplined, only while nothing else was ever heard, and then +- 1 h, for want of a bound.
 * A disciplined clock that contradicts the receiver as above, or an implausible date, is counted
 * and not used.
 */
void sky_utc_observe_kernel(struct sky_utc *utc, int64_t time_ns, int64_t realtime_ns,
                            bool synchronised, int64_t error_ns);

/**
 * UTC at time_ns, which may lie before or after the last observation. sigma_ns grows by 20 ppm of
 * the time since; after 10 s without an observation of the same kind that fits, the state is
 * SKY_CLOCK_HOLDOVER.
 * Before anything was heard: utc_ns 0, sigma_ns INT64_MAX.
 */
struct sky_utc_estimate sky_utc_at(const struct sky_utc *utc, int64_t time_ns);

#endif
