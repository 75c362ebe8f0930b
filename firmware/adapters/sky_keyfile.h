/**
 * sky_keyfile: secrets in files that nobody else may read.
 */
#ifndef SKY_KEYFILE_H
#define SKY_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

/**
 * Reads a regular file of at most `capacity` bytes. Returns -EACCES if its group or others have any
 * right to it, -EFBIG if it is larger, or another negative errno.
 */
int sky_keyfile_read(const char *path, void *ret_bytes, size_t capacity, size_t *ret_count);

/** Makes a file with mode 0600 that is not there yet, durable with its name. */
int sky_keyfile_make(const char *path, const void *bytes, size_t count);

/** Overwrites a piece of a file where it is, durably. */
int sky_keyfile_put(const char *path, uint64_t offset, const void *bytes, size_t count);

/** Replaces a file that others may read, at once and whole, as a reader sees it. */
int sky_keyfile_publish(const char *path, const void *bytes, size_t count);

/** The same, durable with its name before it returns. */
int sky_keyfile_remember(const char *path, const void *bytes, size_t count);

#endif
