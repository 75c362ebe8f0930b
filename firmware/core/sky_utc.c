#include "sky_utc.h"

static const int64_t software_written_ns = INT64_C(1767225600) * SKY_SECOND_NS; /* 2026-01-01 */
static const int64_t end_of_time_ns = INT64_C(4291747200) * SKY_SECOND_NS;      /* 2106-01-01 */

static const int64_t drift_divisor = 50000; /* 20 ppm */
static const int64_t silence_ns = 10 * SKY_SECOND_NS;
static const int64_t contradiction_ns = 10 * SKY_SECOND_NS;
static const int64_t agreement_ns = 2 * SKY_SECOND_NS;
static const uint32_t odd_in_row_max = 10;
static const uint32_t contradictions_in_row_max = 60;

static const int64_t rtc_sigma_ns = 3600 * SKY_SECOND_NS;
static const int64_t kernel_sigma_min_ns = 100000;

static int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

static int64_t drift_ns(const struct sky_utc *utc, int64_t time_ns)
{
    return magnitude(time_ns - utc->best_time_ns) / drift_divisor;
}

static int64_t aged_sigma_ns(const struct sky_utc *utc, int64_t time_ns)
{
    return utc->sigma_ns + drift_ns(utc, time_ns);
}

static bool is_plausible(int64_t utc_ns)
{
    return utc_ns >= software_written_ns && utc_ns < end_of_time_ns;
}

/* Farther from the estimate than `sigmas` and `more` allow? */
static bool is_off(const struct sky_utc *utc, int64_t time_ns, int64_t offset_ns, int64_t sigma_ns,
                   int64_t sigmas, int64_t more_ns)
{
    return magnitude(offset_ns - utc->offset_ns) >
           sigmas * (aged_sigma_ns(utc, time_ns) + sigma_ns) + more_ns;
}

static bool contradicts(const struct sky_utc *utc, int64_t time_ns, int64_t offset_ns,
                        int64_t sigma_ns)
{
    return is_off(utc, time_ns, offset_ns, sigma_ns, 8, contradiction_ns);
}

static void take(struct sky_utc *utc, int64_t time_ns, int64_t offset_ns, int64_t sigma_ns,
                 enum sky_clock_state state)
{
    utc->offset_ns = offset_ns;
    utc->sigma_ns = sigma_ns;
    utc->best_time_ns = time_ns;
    utc->heard_time_ns = time_ns;
    utc->state = state;
    utc->odd_in_row = 0;
}

void sky_utc_init(struct sky_utc *utc) { *utc = (struct sky_utc){.state = SKY_CLOCK_NONE}; }

/* Counts an observation that does not fit; returns how many in a row agree with each other. */
static uint32_t count_odd(struct sky_utc *utc, int64_t offset_ns)
{
    if (magnitude(offset_ns - utc->odd_offset_ns) > agreement_ns) {
        utc->odd_in_row = 0;
    }
    utc->odd_offset_ns = offset_ns;
    return ++utc->odd_in_row;
}

/*
 * Is a receiver's message better than what is known? A message is never early, so of several the
 * one that puts UTC furthest ahead was delayed least; it stays best until drift could explain the
 * difference, or has made it half as sure as the new one.
 */
static bool is_better(const struct sky_utc *utc, int64_t time_ns, int64_t offset_ns,
                      int64_t sigma_ns)
{
    const int64_t known_ns = aged_sigma_ns(utc, time_ns);
    if (utc->state == SKY_CLOCK_GNSS) {
        return offset_ns >= utc->offset_ns - drift_ns(utc, time_ns) || sigma_ns <= known_ns / 2;
    }
    return sigma_ns < known_ns;
}

/* Where the old one stays the best, a message that fits still shows that its source is alive. */
static void weigh(struct sky_utc *utc, int64_t time_ns, int64_t offset_ns, int64_t sigma_ns)
{
    utc->odd_in_row = 0;
    if (is_better(utc, time_ns, offset_ns, sigma_ns)) {
        take(utc, time_ns, offset_ns, sigma_ns, SKY_CLOCK_GNSS);
    } else if (utc->state == SKY_CLOCK_GNSS) {
        utc->heard_time_ns = time_ns;
    }
}

enum sky_status sky_utc_observe_gnss(struct sky_utc *utc, int64_t time_ns, int64_t utc_ns,
                                     int64_t sigma_ns)
{
    if (!is_plausible(utc_ns)) {
        utc->rejected++;
        return SKY_E_RANGE;
    }
    const int64_t offset_ns = utc_ns - time_ns;

    if (utc->state < SKY_CLOCK_NTP) {
        take(utc, time_ns, offset_ns, sigma_ns, SKY_CLOCK_GNSS);
        return SKY_OK;
    }
    if (!is_off(utc, time_ns, offset_ns, sigma_ns, 4, 0)) {
        weigh(utc, time_ns, offset_ns, sigma_ns);
        return SKY_OK;
    }
    const bool contradiction = contradicts(utc, time_ns, offset_ns, sigma_ns);
    const uint32_t needed = contradiction ? contradictions_in_row_max : odd_in_row_max;
    if (count_odd(utc, offset_ns) >= needed) {
        take(utc, time_ns, offset_ns, sigma_ns, SKY_CLOCK_GNSS);
        return SKY_OK;
    }
    utc->rejected += contradiction ? 1 : 0;
    return contradiction ? SKY_E_RANGE : SKY_OK;
}

enum sky_status sky_utc_observe_pps(struct sky_utc *utc, int64_t time_ns, int64_t utc_ns,
                                    int64_t sigma_ns)
{
    const int64_t offset_ns = utc_ns - time_ns;
    if (!is_plausible(utc_ns) ||
        (utc->state >= SKY_CLOCK_NTP && contradicts(utc, time_ns, offset_ns, sigma_ns))) {
        utc->rejected++;
        return SKY_E_RANGE;
    }
    if (utc->state != SKY_CLOCK_NONE && sigma_ns > aged_sigma_ns(utc, time_ns)) {
        return SKY_OK;
    }
    take(utc, time_ns, offset_ns, sigma_ns, SKY_CLOCK_PPS);
    return SKY_OK;
}

void sky_utc_observe_kernel(struct sky_utc *utc, int64_t time_ns, int64_t realtime_ns,
                            bool synchronised, int64_t error_ns)
{
    if (!is_plausible(realtime_ns)) {
        utc->rejected++;
        return;
    }
    const int64_t offset_ns = realtime_ns - time_ns;

    if (!synchronised) {
        if (utc->state <= SKY_CLOCK_RTC) {
            take(utc, time_ns, offset_ns, rtc_sigma_ns, SKY_CLOCK_RTC);
        }
        return;
    }
    const int64_t half_ns = error_ns / 2;
    const int64_t sigma_ns = half_ns > kernel_sigma_min_ns ? half_ns : kernel_sigma_min_ns;

    if (utc->state > SKY_CLOCK_NTP) {
        if (contradicts(utc, time_ns, offset_ns, sigma_ns)) {
            utc->rejected++;
            return;
        }
        if (sigma_ns >= aged_sigma_ns(utc, time_ns)) {
            return;
        }
    }
    take(utc, time_ns, offset_ns, sigma_ns, SKY_CLOCK_NTP);
}

struct sky_utc_estimate sky_utc_at(const struct sky_utc *utc, int64_t time_ns)
{
    if (utc->state == SKY_CLOCK_NONE) {
        return (struct sky_utc_estimate){.sigma_ns = INT64_MAX, .state = SKY_CLOCK_NONE};
    }
    const bool silent = utc->state >= SKY_CLOCK_NTP && time_ns - utc->heard_time_ns > silence_ns;
    return (struct sky_utc_estimate){
        .utc_ns = time_ns + utc->offset_ns,
        .sigma_ns = aged_sigma_ns(utc, time_ns),
        .state = silent ? SKY_CLOCK_HOLDOVER : utc->state,
    };
}
