/**
 * skyh_mcapfile: a finished MCAP file of messages that come one by one - chunks with their indexes,
 * a summary with statistics, so that any reader finds its way in it.
 *
 * It is a copy for viewers, not a log: no groups, no signatures. Memory grows by a few bytes for
 * each mebibyte written.
 */
#ifndef SKYH_MCAPFILE_H
#define SKYH_MCAPFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SKYH_MCAPFILE_CHANNELS = 128 };

struct skyh_mcapfile;

/** A channel, with its own schema of the same number. Borrows all of it. */
struct skyh_mcapfile_channel {
    const char *topic;
    const char *type;          /* fully qualified, as the descriptors have it */
    const uint8_t *descriptor; /* serialised FileDescriptorSet */
    size_t descriptor_bytes;
};

/** Begins a file. Owns: skyh_mcapfile_close frees it. Borrows out. NULL without memory. */
struct skyh_mcapfile *skyh_mcapfile_open(FILE *out);

/** Declares a channel, 1 .. SKYH_MCAPFILE_CHANNELS - 1; the first time counts. */
void skyh_mcapfile_declare(struct skyh_mcapfile *file, uint16_t id,
                           const struct skyh_mcapfile_channel *channel);

struct skyh_mcapfile_message {
    uint16_t channel; /* declared */
    uint32_t sequence;
    uint64_t log_time_ns;
    uint64_t publish_time_ns;
    const uint8_t *bytes;
    size_t count;
};

void skyh_mcapfile_put(struct skyh_mcapfile *file, const struct skyh_mcapfile_message *message);

/** Ends the file; errors of writing are left in its stream. False if memory ended. NULL is fine. */
bool skyh_mcapfile_close(struct skyh_mcapfile *file);

#endif
