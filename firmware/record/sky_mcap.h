/**
 * sky_mcap: the framing that sky_journal writes and sky_scan reads - MCAP records, and the header
 * of a group. For this folder, and for tools that take files of this kind apart or make them.
 *
 * A record is `opcode: u8 | length: u64 | content`; integers are little-endian, text is a u32
 * length and UTF-8. Groups and their reasons: proto/FORMAT.md.
 */
#ifndef SKY_MCAP_H
#define SKY_MCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sky_sha.h"

enum sky_mcap_op {
    SKY_MCAP_HEADER = 0x01,
    SKY_MCAP_FOOTER = 0x02,
    SKY_MCAP_SCHEMA = 0x03,
    SKY_MCAP_CHANNEL = 0x04,
    SKY_MCAP_MESSAGE = 0x05,
    SKY_MCAP_CHUNK = 0x06,
    SKY_MCAP_MESSAGE_INDEX = 0x07,
    SKY_MCAP_CHUNK_INDEX = 0x08,
    SKY_MCAP_STATISTICS = 0x0B,
    SKY_MCAP_METADATA = 0x0C,
    SKY_MCAP_METADATA_INDEX = 0x0D,
    SKY_MCAP_SUMMARY_OFFSET = 0x0E,
    SKY_MCAP_DATA_END = 0x0F,
    SKY_MCAP_GROUP = 0x80, /* ours, as are the three below: readers skip what they do not know */
    SKY_MCAP_PAD = 0x81,
    SKY_MCAP_PREAMBLE_CHECK = 0x82,
    SKY_MCAP_RECOVERED = 0x83
};

enum {
    SKY_MCAP_ALIGN = 4096,
    SKY_MCAP_MAGIC_BYTES = 8,
    SKY_MCAP_FRAME_BYTES = 9,          /* opcode and length of any record */
    SKY_MCAP_MESSAGE_HEAD_BYTES = 22,  /* of a Message's content, before its data */
    SKY_MCAP_CHUNK_HEAD_BYTES = 40,    /* of a Chunk's content, uncompressed, before its records */
    SKY_MCAP_INDEX_ENTRY_BYTES = 16,   /* one message in a MessageIndex */
    SKY_MCAP_GROUP_BYTES = 248,        /* content of a group header */
    SKY_MCAP_GROUP_SIGNED_BYTES = 168, /* of it, what the signature covers */
    SKY_MCAP_FOOTER_BYTES = 20,        /* content of a Footer */
    SKY_MCAP_DATA_END_BYTES = 4,       /* content of a DataEnd */
    SKY_MCAP_RECOVERED_BYTES = 12,     /* content of a Recovered */
    SKY_MCAP_GROUP_MAX = 8 * 1024 * 1024 /* no group is larger on disk */
};

extern const uint8_t sky_mcap_magic[SKY_MCAP_MAGIC_BYTES];

/** CRC-32/ISO-HDLC, as MCAP has it. */
uint32_t sky_mcap_crc(const void *bytes, size_t count);

/** The CRC of bytes that have the CRC `first`, followed by count bytes that have the CRC `second`.
 */
uint32_t sky_mcap_crc_join(uint32_t first, uint32_t second, size_t count);

/** How many bytes lead from offset to the next multiple of 4096 if a pad record fills them. */
size_t sky_mcap_pad_bytes(uint64_t offset);

/* ---- writing ---- */

/** Bytes to append to. What does not fit sets full, and nothing more is appended. */
struct sky_mcap_buffer {
    uint8_t *bytes;
    size_t capacity;
    size_t used;
    bool full;
};

void sky_mcap_put(struct sky_mcap_buffer *buffer, const void *bytes, size_t count);
void sky_mcap_put_u8(struct sky_mcap_buffer *buffer, uint8_t value);
void sky_mcap_put_u16(struct sky_mcap_buffer *buffer, uint16_t value);
void sky_mcap_put_u32(struct sky_mcap_buffer *buffer, uint32_t value);
void sky_mcap_put_u64(struct sky_mcap_buffer *buffer, uint64_t value);
void sky_mcap_put_text(struct sky_mcap_buffer *buffer, const char *text);

/** Begins a record and returns where its content begins; sky_mcap_end_record sets its length. */
size_t sky_mcap_begin_record(struct sky_mcap_buffer *buffer, enum sky_mcap_op op);
void sky_mcap_end_record(struct sky_mcap_buffer *buffer, size_t content_at);

/** Appends a pad record that ends at a multiple of 4096, counted from the buffer's own start. */
void sky_mcap_put_pad(struct sky_mcap_buffer *buffer);

/* ---- reading ---- */

/** Bytes to take from. Taking more than is left yields zeros and sets cut, for good. */
struct sky_mcap_reader {
    const uint8_t *bytes;
    size_t left;
    bool cut;
};

/** The next count bytes, or NULL if there are not as many. */
const uint8_t *sky_mcap_take(struct sky_mcap_reader *reader, uint64_t count);
uint8_t sky_mcap_take_u8(struct sky_mcap_reader *reader);
uint16_t sky_mcap_take_u16(struct sky_mcap_reader *reader);
uint32_t sky_mcap_take_u32(struct sky_mcap_reader *reader);
uint64_t sky_mcap_take_u64(struct sky_mcap_reader *reader);

/** Text or any other run of bytes with a u32 length before it: a reader over its content. */
struct sky_mcap_reader sky_mcap_take_block(struct sky_mcap_reader *reader);

/** The next record: sets ret_content and returns its opcode, or 0 if it is not whole. */
uint8_t sky_mcap_take_record(struct sky_mcap_reader *reader, struct sky_mcap_reader *ret_content);

/* ---- groups ---- */

/** Flags of a group. */
enum {
    SKY_MCAP_GROUP_URGENT = 1,       /* committed at once, because of what it holds */
    SKY_MCAP_GROUP_ENDS_SEGMENT = 2, /* only the summary follows */
    SKY_MCAP_GROUP_ENDS_RUN = 4      /* and no other segment of this run */
};

/** The header of a group. */
struct sky_mcap_group {
    uint32_t flags;
    uint8_t boot_id[16];
    uint64_t group_seq;  /* 1, 2, 3, ... through all segments of a run */
    int64_t boottime_ns; /* of the newest input in the log so far, as are the next four */
    int64_t realtime_ns;
    int64_t utc_sigma_ns;
    uint32_t clock_state;
    uint32_t message_count;
    uint64_t last_seq;
    uint64_t body_bytes; /* from the Chunk to the end of the last MessageIndex */
    uint32_t body_crc;   /* of those bytes */
    uint32_t epoch;      /* of the key that signed it */
    uint64_t tree_size;  /* leaves of the log's tree with this group */
    struct sky_hash root;
    uint8_t salt[32];      /* from which the salts of its leaves follow */
    uint8_t signature[64]; /* of everything up to here; zeros: nobody signed */
    /* Where it happens to lie. This changes when a group is written again behind a fault. */
    uint64_t segment;
    uint32_t previous_crc; /* header_crc of the group before in this segment; 0: it is the first */
    uint32_t header_crc;   /* of this header up to here */
};

/**
 * Appends the block that a tool puts behind a segment that was not closed, before it closes a copy:
 * how many bytes of what was written last were not complete, and are not there.
 */
void sky_mcap_put_recovered(struct sky_mcap_buffer *buffer, uint64_t lost_bytes);

/** True if such a block lies at the front of bytes. */
bool sky_mcap_read_recovered(const uint8_t *bytes, size_t count, uint64_t *ret_lost_bytes);

/** Appends the record; header_crc is computed, and set in group. */
void sky_mcap_put_group(struct sky_mcap_buffer *buffer, struct sky_mcap_group *group);

/**
 * Reads a group's header record from the front of bytes and checks its own CRC, not its body.
 * Returns NULL and sets ret_group, or a reason (static storage).
 */
const char *sky_mcap_read_group(const uint8_t *bytes, size_t count,
                                struct sky_mcap_group *ret_group);

#endif
