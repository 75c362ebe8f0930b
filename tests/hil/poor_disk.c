/*
 * poor_disk: preloaded, gives the daemon a medium of SKY_DISK_BYTES. Segments take of it what they
 * are long; what does not fit fails with ENOSPC, and what is removed makes room. Every tenth flush
 * takes SKY_STALL_MS longer. With SKY_NO_SYNC none does anything.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static atomic_llong room; /* left */
static long stall_ms;
static int no_sync;
static atomic_uint flushes;

__attribute__((constructor)) static void begin(void)
{
    const char *const bytes = getenv("SKY_DISK_BYTES");
    const char *const stall = getenv("SKY_STALL_MS");
    atomic_store(&room, bytes != NULL ? atoll(bytes) : 1LL << 50);
    no_sync = getenv("SKY_NO_SYNC") != NULL;
    stall_ms = stall != NULL ? atol(stall) : 0;
}

/* The next function of that name; a function pointer that ISO C does not let us cast. */
static void *next(const char *name)
{
    void *const found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        abort();
    }
    return found;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    void *const found = next("pwrite");
    struct stat facts;
    memcpy(&real, &found, sizeof real);
    const long long grows = fstat(file, &facts) == 0 && offset + (off_t)count > facts.st_size
                                ? (long long)(offset + (off_t)count - facts.st_size)
                                : 0;
    if (grows > 0 && atomic_fetch_sub(&room, grows) < grows) {
        atomic_fetch_add(&room, grows);
        errno = ENOSPC;
        return -1;
    }
    return real(file, bytes, count, offset);
}

int fdatasync(int file)
{
    static int (*real)(int);
    void *const found = next("fdatasync");
    const struct timespec nap = {.tv_sec = stall_ms / 1000, .tv_nsec = stall_ms % 1000 * 1000000};
    memcpy(&real, &found, sizeof real);
    if (stall_ms > 0 && atomic_fetch_add(&flushes, 1) % 10 == 9) {
        nanosleep(&nap, NULL);
    }
    return no_sync ? 0 : real(file);
}

int ftruncate(int file, off_t bytes)
{
    static int (*real)(int, off_t);
    void *const found = next("ftruncate");
    struct stat facts;
    memcpy(&real, &found, sizeof real);
    if (fstat(file, &facts) == 0) {
        atomic_fetch_add(&room, (long long)(facts.st_size - bytes));
    }
    return real(file, bytes);
}

int unlinkat(int folder, const char *name, int flags)
{
    static int (*real)(int, const char *, int);
    void *const found = next("unlinkat");
    struct stat facts;
    memcpy(&real, &found, sizeof real);
    const long long bytes = fstatat(folder, name, &facts, 0) == 0 ? (long long)facts.st_size : 0;
    const int result = real(folder, name, flags);
    atomic_fetch_add(&room, result == 0 ? bytes : 0);
    return result;
}

int fstatvfs(int file, struct statvfs *ret_facts)
{
    (void)file;
    memset(ret_facts, 0, sizeof *ret_facts);
    ret_facts->f_frsize = 1;
    ret_facts->f_bavail = (fsblkcnt_t)atomic_load(&room);
    return 0;
}
