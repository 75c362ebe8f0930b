/*
 * Preloaded into skywitnessd: adds to its clocks what the file that SKY_SHIFT names holds, two
 * numbers of 64 bits that the test changes while it runs - nanoseconds of CLOCK_REALTIME, then of
 * CLOCK_BOOTTIME. The clocks of the machine stay as they are.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t *shift_ns;

__attribute__((constructor)) static void open_shift(void)
{
    const char *const path = getenv("SKY_SHIFT");
    const int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *const shared =
        fd >= 0 ? mmap(NULL, 2 * sizeof *shift_ns, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    shift_ns = shared != MAP_FAILED ? shared : NULL;
    if (fd >= 0) {
        close(fd);
    }
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    const long result = syscall(SYS_clock_gettime, clock, ret_time);
    if (result == 0 && shift_ns != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME)) {
        const int64_t ns = (int64_t)ret_time->tv_sec * 1000000000 + ret_time->tv_nsec +
                           atomic_load(&shift_ns[clock == CLOCK_BOOTTIME]);
        ret_time->tv_sec = (time_t)(ns / 1000000000);
        ret_time->tv_nsec = (long)(ns % 1000000000);
    }
    return (int)result;
}
