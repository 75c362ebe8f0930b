#include "sky_keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 512 };

static int failure(void) { return errno > 0 ? -errno : -EIO; }

static int read_all(int file, uint8_t *bytes, size_t capacity, size_t *ret_count)
{
    size_t used = 0;
    ssize_t got = 1;
    while (got > 0 && used < capacity) {
        got = read(file, bytes + used, capacity - used);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        used += got > 0 ? (size_t)got : 0;
    }
    *ret_count = used;
    return got < 0 ? failure() : 0;
}

int sky_keyfile_read(const char *path, void *ret_bytes, size_t capacity, size_t *ret_count)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return failure();
    }
    struct stat facts;
    int error = fstat(file, &facts) == 0 ? 0 : failure();
    if (error == 0 && !S_ISREG(facts.st_mode)) {
        error = -EINVAL;
    }
    if (error == 0 && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        error = -EACCES;
    }
    if (error == 0 && (size_t)facts.st_size > capacity) {
        error = -EFBIG;
    }
    if (error == 0) {
        error = read_all(file, ret_bytes, capacity, ret_count);
    }
    close(file);
    return error;
}

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

/* A name is durable once its folder is. */
static int sync_folder(const char *path)
{
    char copy[PATH_BYTES];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy) {
        return -ENAMETOOLONG;
    }
    const int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return failure();
    }
    const int error = fsync(folder) == 0 ? 0 : failure();
    close(folder);
    return error;
}

int sky_keyfile_make(const char *path, const void *bytes, size_t count)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return failure();
    }
    int error = fchmod(file, 0600) == 0 ? 0 : failure();
    if (error == 0) {
        error = write_all(file, 0, bytes, count);
    }
    if (error == 0 && fsync(file) != 0) {
        error = failure();
    }
    close(file);
    if (error == 0) {
        error = sync_folder(path);
    }
    if (error != 0) {
        unlink(path);
    }
    return error;
}

int sky_keyfile_put(const char *path, uint64_t offset, const void *bytes, size_t count)
{
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        return failure();
    }
    int error = write_all(file, offset, bytes, count);
    if (error == 0 && fdatasync(file) != 0) {
        error = failure();
    }
    close(file);
    return error;
}

static int replace(const char *path, const void *bytes, size_t count, bool durable)
{
    char temporary[PATH_BYTES];
    if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary) {
        return -ENAMETOOLONG;
    }
    const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) {
        return failure();
    }
    int error = write_all(file, 0, bytes, count);
    if (error == 0 && durable && fsync(file) != 0) {
        error = failure();
    }
    close(file);
    if (error == 0 && rename(temporary, path) != 0) {
        error = failure();
    }
    if (error != 0) {
        unlink(temporary);
        return error;
    }
    return durable ? sync_folder(path) : 0;
}

int sky_keyfile_publish(const char *path, const void *bytes, size_t count)
{
    return replace(path, bytes, count, false);
}

int sky_keyfile_remember(const char *path, const void *bytes, size_t count)
{
    return replace(path, bytes, count, true);
}
