#include "sky_clock_linux.h"

#include <sys/timex.h>
#include <time.h>

#include "sky_base.h"

enum { CLOSE_ENOUGH_NS = 20000, TRIES = 3 };

static int64_t now_ns(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now); /* cannot fail for these two clocks */
    return (int64_t)now.tv_sec * SKY_SECOND_NS + now.tv_nsec;
}

static struct sky_clock_reading read_clocks(struct sky_clock *clock)
{
    (void)clock;
    struct sky_clock_reading best = {0};
    int64_t best_gap_ns = INT64_MAX;
    for (int i = 0; i < TRIES && best_gap_ns > CLOSE_ENOUGH_NS; i++) {
        const int64_t before_ns = now_ns(CLOCK_BOOTTIME);
        const int64_t realtime_ns = now_ns(CLOCK_REALTIME);
        const int64_t gap_ns = now_ns(CLOCK_BOOTTIME) - before_ns;
        if (gap_ns < best_gap_ns) {
            best_gap_ns = gap_ns;
            best = (struct sky_clock_reading){before_ns + gap_ns / 2, realtime_ns};
        }
    }
    return best;
}

static struct sky_clock_discipline ask_kernel(struct sky_clock *clock)
{
    (void)clock;
    struct timex kernel = {.modes = 0};
    const int state = adjtimex(&kernel);
    return (struct sky_clock_discipline){
        .synchronised = state >= 0 && state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0,
        .error_ns = state >= 0 ? (int64_t)kernel.maxerror * 1000 : 0,
    };
}

void sky_clock_linux_init(struct sky_clock_linux *clock)
{
    *clock = (struct sky_clock_linux){.base = {.read = read_clocks, .discipline = ask_kernel}};
}
