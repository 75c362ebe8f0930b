/**
 * sky_store: the port through which the log reaches durable storage, one segment file at a time.
 *
 * Every call may fail with a negative errno. After a failed write or sync the caller must never
 * trust the segment again: it opens the next one (a retried fdatasync can report success for pages
 * that were dropped).
 */
#ifndef SKY_STORE_H
#define SKY_STORE_H

#include <stddef.h>
#include <stdint.h>

struct sky_store;

struct sky_store_ops {
    /**
     * Makes segment number `segment` of `bytes` bytes, zero-filled and durable in its directory,
     * and makes it the current one. -EEXIST if it is there already.
     */
    int (*begin)(struct sky_store *store, uint64_t segment, uint64_t bytes);

    /** Writes all of count bytes at offset of the current segment, or fails. */
    int (*write)(struct sky_store *store, uint64_t offset, const void *bytes, size_t count);

    /** Returns once everything written to the current segment is durable. */
    int (*sync)(struct sky_store *store);

    /** Cuts the current segment to `bytes`, makes that durable, and closes it. */
    int (*finish)(struct sky_store *store, uint64_t bytes);

    /** Closes the current segment as it is, after a failure. */
    void (*abandon)(struct sky_store *store);

    /** The number of the highest segment present, or 0 with *ret_any false. */
    int (*last)(struct sky_store *store, int *ret_any, uint64_t *ret_segment);

    /* Of segments that are not being written; any thread may call these. */

    /** Tells each segment that is there, in any order, and how large it is. */
    int (*list)(struct sky_store *store,
                void (*each)(void *context, uint64_t segment, uint64_t bytes), void *context);

    /** Reads all of count bytes at offset, or fails. */
    int (*read)(struct sky_store *store, uint64_t segment, uint64_t offset, void *ret_bytes,
                size_t count);

    /** Removes a segment, durably. */
    int (*remove)(struct sky_store *store, uint64_t segment);

    /** How much the medium has place for beside what is there. */
    int (*room)(struct sky_store *store, uint64_t *ret_bytes);
};

struct sky_store {
    const struct sky_store_ops *ops;
};

#endif
