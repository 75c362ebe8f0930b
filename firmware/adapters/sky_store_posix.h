/**
 * sky_store_posix: log segments as files of a directory, durable when they say so.
 *
 * Segment n is `seg-<n as 16 hex digits>.mcap`. It is filled with zeros under another name before
 * it gets this one, so a commit later changes no metadata and costs one write and one flush. The
 * directory belongs to one process at a time, held by a lock that dies with it.
 */
#ifndef SKY_STORE_POSIX_H
#define SKY_STORE_POSIX_H

#include <stdbool.h>

#include "sky_store.h"

enum { SKY_STORE_FILE_MAX = 256 }; /* bytes of a file name, final zero included */

/** Fields are private but for store, which is the port. */
struct sky_store_posix {
    struct sky_store store;
    int directory;                 /* -1: not open */
    int segment;                   /* the current one, -1: none */
    bool single;                   /* one log in one file */
    bool begun;                    /* and it was begun */
    char file[SKY_STORE_FILE_MAX]; /* the name the current segment has or will have */
};

/**
 * Opens a directory that exists and may be written. Returns -EBUSY if another process records
 * there, or another negative errno. sky_store_posix_close undoes it.
 */
int sky_store_posix_open(struct sky_store_posix *ret_store, const char *directory);

/**
 * A store for one log in one file, for tools: the file appears, or is replaced, only when its
 * segment is finished. Not filled beforehand and not synced before then; a second begin is -EFBIG.
 * Returns a negative errno if the directory of the path cannot be opened.
 */
int sky_store_posix_open_file(struct sky_store_posix *ret_store, const char *path);

/** Closes; a current segment is abandoned as it is. Safe to call again. */
void sky_store_posix_close(struct sky_store_posix *store);

#endif
