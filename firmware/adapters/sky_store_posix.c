#include "sky_store_posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char unfinished[] = ".tmp"; /* after the name, until the file has earned it */

static struct sky_store_posix *self_of(struct sky_store *store)
{
    return (struct sky_store_posix *)(void *)store; /* its first field */
}

static int failure(void) { return errno > 0 ? -errno : -EIO; }

static int write_all(int file, uint64_t offset, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        const ssize_t written = pwrite(file, bytes, count, (off_t)offset);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? failure() : -ENOSPC;
        }
        bytes += written;
        count -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

/*
 * Real zeros, not a promise of space: converting promised extents costs a journal commit per write
 * later, and a file that is full of written blocks cannot meet a full disk.
 */
static int fill(int file, uint64_t bytes)
{
    static const uint8_t zeros[65536];
    for (uint64_t at = 0; at < bytes;) {
        const uint64_t left = bytes - at;
        const size_t count = left < sizeof zeros ? (size_t)left : sizeof zeros;
        const int error = write_all(file, at, zeros, count);
        if (error != 0) {
            return error;
        }
        at += count;
    }
    return fdatasync(file) == 0 ? 0 : failure();
}

static void segment_name(uint64_t segment, char ret_name[SKY_STORE_FILE_MAX])
{
    (void)snprintf(ret_name, SKY_STORE_FILE_MAX, "seg-%016" PRIx64 ".mcap", segment);
}

static void temporary_name(const struct sky_store_posix *self, char *ret_name, size_t size)
{
    (void)snprintf(ret_name, size, "%s%s", self->file, unfinished);
}

/* Gives the finished temporary file its name, durably. */
static int publish(const struct sky_store_posix *self)
{
    char temporary[SKY_STORE_FILE_MAX + sizeof unfinished];
    temporary_name(self, temporary, sizeof temporary);
    if (renameat(self->directory, temporary, self->directory, self->file) != 0 ||
        fsync(self->directory) != 0) {
        return failure();
    }
    return 0;
}

/* The new file, or a negative errno. */
static int make_temporary(const struct sky_store_posix *self)
{
    char temporary[SKY_STORE_FILE_MAX + sizeof unfinished];
    temporary_name(self, temporary, sizeof temporary);
    /* Never O_APPEND: pwrite would then ignore its offset. */
    const int file =
        openat(self->directory, temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return file >= 0 ? file : failure();
}

static void remove_temporary(const struct sky_store_posix *self)
{
    char temporary[SKY_STORE_FILE_MAX + sizeof unfinished];
    temporary_name(self, temporary, sizeof temporary);
    (void)unlinkat(self->directory, temporary, 0);
}

/* ---- the port ---- */

static int begin_segment(struct sky_store_posix *self, uint64_t segment, uint64_t bytes)
{
    segment_name(segment, self->file);
    if (faccessat(self->directory, self->file, F_OK, 0) == 0) {
        return -EEXIST; /* nobody else makes one meanwhile: the directory is locked */
    }
    const int file = make_temporary(self);
    if (file < 0) {
        return file;
    }
    int error = fill(file, bytes);
    if (error == 0) {
        error = publish(self);
    }
    if (error != 0) {
        (void)close(file);
        remove_temporary(self);
        return error;
    }
    self->segment = file;
    return 0;
}

static int begin(struct sky_store *store, uint64_t segment, uint64_t bytes)
{
    struct sky_store_posix *self = self_of(store);
    if (self->segment >= 0) {
        return -EBUSY;
    }
    if (!self->single) {
        return begin_segment(self, segment, bytes);
    }
    if (self->begun) {
        return -EFBIG;
    }
    const int file = make_temporary(self);
    if (file < 0) {
        return file;
    }
    self->segment = file;
    self->begun = true;
    return 0;
}

static int write_bytes(struct sky_store *store, uint64_t offset, const void *bytes, size_t count)
{
    const struct sky_store_posix *self = self_of(store);
    return self->segment < 0 ? -EBADF : write_all(self->segment, offset, bytes, count);
}

static int sync_segment(struct sky_store *store)
{
    const struct sky_store_posix *self = self_of(store);
    if (self->segment < 0) {
        return -EBADF;
    }
    struct stat facts;
    if (self->single) {
        return 0;
    }
    if (fdatasync(self->segment) != 0 || fstat(self->segment, &facts) != 0) {
        return failure();
    }
    return facts.st_nlink > 0 ? 0 : -ENOENT; /* deleted under us: nobody will ever read it */
}

static void abandon(struct sky_store *store)
{
    struct sky_store_posix *self = self_of(store);
    if (self->segment >= 0) {
        (void)close(self->segment);
        self->segment = -1;
        if (self->single) {
            remove_temporary(self);
        }
    }
}

static int finish(struct sky_store *store, uint64_t bytes)
{
    struct sky_store_posix *self = self_of(store);
    if (self->segment < 0) {
        return -EBADF;
    }
    if (ftruncate(self->segment, (off_t)bytes) != 0 || fsync(self->segment) != 0) {
        const int error = failure();
        abandon(store);
        return error;
    }
    const int error = self->single ? publish(self) : 0;
    (void)close(self->segment); /* all of it is durable: close has nothing left to report */
    self->segment = -1;
    return error;
}

static bool segment_number(const char *name, uint64_t *ret_segment)
{
    char same[SKY_STORE_FILE_MAX];
    uint64_t segment;
    if (sscanf(name, "seg-%16" SCNx64 ".mcap", &segment) != 1) {
        return false;
    }
    segment_name(segment, same);
    if (strcmp(name, same) != 0) {
        return false; /* someone's own file: leave it alone */
    }
    *ret_segment = segment;
    return true;
}

/* ---- the segments that are there ---- */

/* One look at the folder, that takes its memory from nowhere. */
static int list(struct sky_store *store,
                void (*each)(void *context, uint64_t segment, uint64_t bytes), void *context)
{
    const struct sky_store_posix *self = self_of(store);
    _Alignas(struct dirent64) char entries[2048];
    /* Through ".", not a duplicate: that would share its place in the directory with us. */
    const int folder = openat(self->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return failure();
    }
    ssize_t got = 0;
    int error = 0;
    while (error == 0 && (got = getdents64(folder, entries, sizeof entries)) > 0) {
        for (ssize_t at = 0; error == 0 && at < got;) {
            const struct dirent64 *const entry = (const void *)(entries + at);
            struct stat facts;
            uint64_t segment;
            at += entry->d_reclen;
            if (!segment_number(entry->d_name, &segment)) {
                continue;
            }
            if (fstatat(folder, entry->d_name, &facts, 0) == 0) {
                each(context, segment, (uint64_t)facts.st_size);
            } else if (errno != ENOENT) { /* removed since: not there */
                error = failure();
            }
        }
    }
    error = got < 0 ? failure() : error;
    (void)close(folder);
    return error;
}

struct highest {
    int any;
    uint64_t segment;
};

static void note_highest(void *context, uint64_t segment, uint64_t bytes)
{
    struct highest *const highest = context;
    (void)bytes;
    highest->segment = segment > highest->segment ? segment : highest->segment;
    highest->any = 1;
}

static int last(struct sky_store *store, int *ret_any, uint64_t *ret_segment)
{
    struct highest highest = {.any = 0};
    const int error = list(store, note_highest, &highest);
    if (error == 0) {
        *ret_any = highest.any;
        *ret_segment = highest.segment;
    }
    return error;
}

static int read_segment(struct sky_store *store, uint64_t segment, uint64_t offset, void *ret_bytes,
                        size_t count)
{
    const struct sky_store_posix *self = self_of(store);
    char name[SKY_STORE_FILE_MAX];
    segment_name(segment, name);
    const int file = openat(self->directory, name, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return failure();
    }
    uint8_t *at = ret_bytes;
    int error = 0;
    while (error == 0 && count > 0) {
        const ssize_t got = pread(file, at, count, (off_t)offset);
        if (got > 0) {
            at += got;
            offset += (uint64_t)got;
            count -= (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            error = got == 0 ? -ENODATA : failure();
        }
    }
    (void)close(file);
    return error;
}

static int remove_segment(struct sky_store *store, uint64_t segment)
{
    const struct sky_store_posix *self = self_of(store);
    char name[SKY_STORE_FILE_MAX];
    segment_name(segment, name);
    return unlinkat(self->directory, name, 0) == 0 && fsync(self->directory) == 0 ? 0 : failure();
}

static int room(struct sky_store *store, uint64_t *ret_bytes)
{
    const struct sky_store_posix *self = self_of(store);
    struct statvfs facts;
    if (fstatvfs(self->directory, &facts) != 0) {
        return failure();
    }
    *ret_bytes = (uint64_t)facts.f_bavail * facts.f_frsize;
    return 0;
}

static const struct sky_store_ops ops = {.begin = begin,
                                         .write = write_bytes,
                                         .sync = sync_segment,
                                         .finish = finish,
                                         .abandon = abandon,
                                         .last = last,
                                         .list = list,
                                         .read = read_segment,
                                         .remove = remove_segment,
                                         .room = room};

/* ---- opening ---- */

static void reset(struct sky_store_posix *self, int directory, bool single)
{
    memset(self, 0, sizeof *self);
    self->store.ops = &ops;
    self->directory = directory;
    self->segment = -1;
    self->single = single;
}

int sky_store_posix_open(struct sky_store_posix *ret_store, const char *directory)
{
    const int opened = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) {
        return failure();
    }
    if (flock(opened, LOCK_EX | LOCK_NB) != 0 || faccessat(opened, ".", W_OK | X_OK, 0) != 0) {
        const int error = errno == EWOULDBLOCK ? -EBUSY : failure();
        (void)close(opened);
        return error;
    }
    reset(ret_store, opened, false);
    return 0;
}

int sky_store_posix_open_file(struct sky_store_posix *ret_store, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash == NULL ? path : slash + 1;
    if (strlen(file) == 0 || strlen(file) >= SKY_STORE_FILE_MAX - sizeof unfinished) {
        return strlen(file) == 0 ? -EISDIR : -ENAMETOOLONG;
    }
    char *parent = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    if (parent == NULL) {
        return -ENOMEM;
    }
    const int opened = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int error = opened < 0 ? failure() : 0;
    free(parent);
    if (error == 0) {
        reset(ret_store, opened, true);
        memcpy(ret_store->file, file, strlen(file));
    }
    return error;
}

void sky_store_posix_close(struct sky_store_posix *store)
{
    abandon(&store->store);
    if (store->directory >= 0) {
        (void)close(store->directory);
        store->directory = -1;
    }
}
