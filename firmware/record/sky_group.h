/**
 * sky_group: one group while it is built in memory - messages, then their chunk and indexes around
 * them. Private to this folder.
 */
#ifndef SKY_GROUP_H
#define SKY_GROUP_H

#include "sky_codec_own.h"
#include "sky_mcap.h"

enum {
    SKY_GROUP_MESSAGES_MAX = 16384,
    SKY_GROUP_BODY_AT = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES,
    SKY_GROUP_CONTENT_AT = SKY_GROUP_BODY_AT + SKY_MCAP_FRAME_BYTES + SKY_MCAP_CHUNK_HEAD_BYTES,
    SKY_GROUP_INDEX_HEAD_BYTES = SKY_MCAP_FRAME_BYTES + 6
};

/** A message, not yet in a group. */
struct sky_group_message {
    unsigned channel;
    uint32_t sequence;
    uint64_t log_time_ns;
    uint64_t publish_time_ns;
    const uint8_t *bytes;
    size_t count;
};

/** Fields are for reading. */
struct sky_group {
    struct sky_mcap_buffer out; /* SKY_GROUP_BODY_AT bytes are left free for the header */
    uint32_t count;             /* messages */
    uint32_t capacity;
    struct sky_group_entry { /* where each lies */
        uint64_t log_time_ns;
        uint32_t offset; /* in the chunk's records */
        uint16_t channel;
    } * entry;
    uint32_t channel_count[SKY_OWN_END];
    uint32_t channels; /* that have a message */
    uint32_t body_crc; /* once it was ended */
};

/** Borrows the memory; an empty group. */
void sky_group_init(struct sky_group *group, uint8_t *bytes, size_t count,
                    struct sky_group_entry *entry, uint32_t entries);

void sky_group_clear(struct sky_group *group);

/** Bytes on disk with one more message of `count` bytes, before padding. */
size_t sky_group_bytes_with(const struct sky_group *group, unsigned channel, size_t count);

/** Appends. Pre: it has its place, and its log_time is not before the latest message's. */
void sky_group_add(struct sky_group *group, const struct sky_group_message *message);

/** Puts a message before all others. Pre: its log_time is not behind theirs. */
void sky_group_add_first(struct sky_group *group, const struct sky_group_message *message);

/** The content of message i's record, which is its leaf. */
const uint8_t *sky_group_content(const struct sky_group *group, uint32_t i, size_t *ret_count);

/** Completes the body: chunk head, message indexes; then padding. Returns the body's bytes. */
size_t sky_group_end(struct sky_group *group);

/**
 * The same, with a CRC of the records that somebody says they have: body_crc is right if that is,
 * and only then.
 */
size_t sky_group_end_with(struct sky_group *group, uint32_t records_crc);

#endif
