#include "skyh_mcapfile.h"

#include <stdlib.h>
#include <string.h>

#include "sky_mcap.h"

enum { CHUNK_BYTES = 1 << 20 };

struct entry {
    uint16_t channel;
    uint64_t log_time_ns;
    uint64_t offset; /* of its Message in the chunk's records */
};

struct skyh_mcapfile {
    FILE *out;
    uint64_t offset;                                              /* of what is written next */
    bool failed;                                                  /* memory ended */
    struct skyh_mcapfile_channel channel[SKYH_MCAPFILE_CHANNELS]; /* topic NULL: not declared */
    uint64_t channel_count[SKYH_MCAPFILE_CHANNELS];               /* messages */
    struct sky_mcap_buffer declared; /* not yet in the file: they stand before the next chunk */
    struct sky_mcap_buffer chunk;    /* Message records */
    struct sky_mcap_buffer scratch;  /* a record being built */
    struct sky_mcap_buffer indexes;  /* ChunkIndex records, for the summary */
    size_t entry_count;
    size_t entry_room;
    struct entry *entry;
    uint32_t chunks;
    uint64_t messages;
    uint64_t first_ns;
    uint64_t last_ns;
};

/* Room for so many bytes more. */
static bool make_room(struct skyh_mcapfile *file, struct sky_mcap_buffer *buffer, size_t more)
{
    if (buffer->capacity - buffer->used >= more) {
        return true;
    }
    const size_t capacity = 2 * buffer->capacity + more + 4096;
    uint8_t *const grown = realloc(buffer->bytes, capacity);
    file->failed = file->failed || grown == NULL;
    if (grown != NULL) {
        buffer->bytes = grown;
        buffer->capacity = capacity;
    }
    return grown != NULL;
}

static void write_out(struct skyh_mcapfile *file, struct sky_mcap_buffer *buffer)
{
    (void)fwrite(buffer->bytes, 1, buffer->used, file->out);
    file->offset += buffer->used;
    buffer->used = 0;
}

struct skyh_mcapfile *skyh_mcapfile_open(FILE *out)
{
    struct skyh_mcapfile *const file = calloc(1, sizeof *file);
    if (file == NULL) {
        return NULL;
    }
    file->out = out;
    if (make_room(file, &file->scratch, 64)) {
        sky_mcap_put(&file->scratch, sky_mcap_magic, sizeof sky_mcap_magic);
        const size_t at = sky_mcap_begin_record(&file->scratch, SKY_MCAP_HEADER);
        sky_mcap_put_text(&file->scratch, "");
        sky_mcap_put_text(&file->scratch, "skywitness/" SKY_VERSION);
        sky_mcap_end_record(&file->scratch, at);
        write_out(file, &file->scratch);
    }
    return file;
}

/* ------------------------------------------------------------------------------------ channels */

static void put_schema(struct skyh_mcapfile *file, struct sky_mcap_buffer *out, size_t id)
{
    const struct skyh_mcapfile_channel *const channel = &file->channel[id];
    if (!make_room(file, out, channel->descriptor_bytes + strlen(channel->type) + 64)) {
        return;
    }
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_SCHEMA);
    sky_mcap_put_u16(out, (uint16_t)id);
    sky_mcap_put_text(out, channel->type);
    sky_mcap_put_text(out, "protobuf");
    sky_mcap_put_u32(out, (uint32_t)channel->descriptor_bytes);
    sky_mcap_put(out, channel->descriptor, channel->descriptor_bytes);
    sky_mcap_end_record(out, at);
}

static void put_channel(struct skyh_mcapfile *file, struct sky_mcap_buffer *out, size_t id)
{
    const struct skyh_mcapfile_channel *const channel = &file->channel[id];
    if (!make_room(file, out, strlen(channel->topic) + 64)) {
        return;
    }
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_CHANNEL);
    sky_mcap_put_u16(out, (uint16_t)id);
    sky_mcap_put_u16(out, (uint16_t)id); /* its schema */
    sky_mcap_put_text(out, channel->topic);
    sky_mcap_put_text(out, "protobuf");
    sky_mcap_put_u32(out, 0); /* no metadata */
    sky_mcap_end_record(out, at);
}

void skyh_mcapfile_declare(struct skyh_mcapfile *file, uint16_t id,
                           const struct skyh_mcapfile_channel *channel)
{
    if (file->channel[id].topic == NULL) {
        file->channel[id] = *channel;
        put_schema(file, &file->declared, id);
        put_channel(file, &file->declared, id);
    }
}

/* -------------------------------------------------------------------------------------- chunks */

static void put_index(struct skyh_mcapfile *file, size_t channel)
{
    struct sky_mcap_buffer *const out = &file->scratch;
    if (!make_room(file, out, 64 + file->entry_count * SKY_MCAP_INDEX_ENTRY_BYTES)) {
        return;
    }
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_MESSAGE_INDEX);
    sky_mcap_put_u16(out, (uint16_t)channel);
    const size_t array = out->used;
    sky_mcap_put_u32(out, 0);
    for (size_t i = 0; i < file->entry_count; i++) {
        if (file->entry[i].channel == channel) {
            sky_mcap_put_u64(out, file->entry[i].log_time_ns);
            sky_mcap_put_u64(out, file->entry[i].offset);
        }
    }
    struct sky_mcap_buffer length = {.bytes = out->bytes + array, .capacity = 4};
    sky_mcap_put_u32(&length, (uint32_t)(out->used - array - 4));
    sky_mcap_end_record(out, at);
}

/* The chunk, with the span of its messages. */
static void put_chunk(struct skyh_mcapfile *file, uint64_t first_ns, uint64_t last_ns)
{
    struct sky_mcap_buffer *const out = &file->scratch;
    if (!make_room(file, out, 64 + file->chunk.used)) {
        return;
    }
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_CHUNK);
    sky_mcap_put_u64(out, first_ns);
    sky_mcap_put_u64(out, last_ns);
    sky_mcap_put_u64(out, file->chunk.used);
    sky_mcap_put_u32(out, sky_mcap_crc(file->chunk.bytes, file->chunk.used));
    sky_mcap_put_text(out, ""); /* not compressed */
    sky_mcap_put_u64(out, file->chunk.used);
    sky_mcap_put(out, file->chunk.bytes, file->chunk.used);
    sky_mcap_end_record(out, at);
}

static void flush(struct skyh_mcapfile *file)
{
    struct sky_mcap_buffer *const index = &file->indexes;
    uint64_t first_ns = UINT64_MAX, last_ns = 0;
    if (file->entry_count == 0 || !make_room(file, index, 128 + 10 * SKYH_MCAPFILE_CHANNELS)) {
        return;
    }
    write_out(file, &file->declared);
    for (size_t i = 0; i < file->entry_count; i++) {
        const uint64_t at_ns = file->entry[i].log_time_ns;
        first_ns = at_ns < first_ns ? at_ns : first_ns;
        last_ns = at_ns > last_ns ? at_ns : last_ns;
    }
    put_chunk(file, first_ns, last_ns);
    const size_t chunk_bytes = file->scratch.used;
    const size_t at = sky_mcap_begin_record(index, SKY_MCAP_CHUNK_INDEX);
    sky_mcap_put_u64(index, first_ns);
    sky_mcap_put_u64(index, last_ns);
    sky_mcap_put_u64(index, file->offset);
    sky_mcap_put_u64(index, chunk_bytes);
    const size_t map_at = index->used;
    sky_mcap_put_u32(index, 0);
    bool has[SKYH_MCAPFILE_CHANNELS] = {false};
    for (size_t i = 0; i < file->entry_count; i++) {
        has[file->entry[i].channel] = true;
    }
    for (size_t channel = 0; channel < SKYH_MCAPFILE_CHANNELS; channel++) {
        if (has[channel]) {
            sky_mcap_put_u16(index, (uint16_t)channel);
            sky_mcap_put_u64(index, file->offset + file->scratch.used);
            put_index(file, channel);
        }
    }
    struct sky_mcap_buffer length = {.bytes = index->bytes + map_at, .capacity = 4};
    sky_mcap_put_u32(&length, (uint32_t)(index->used - map_at - 4));
    sky_mcap_put_u64(index, file->scratch.used - chunk_bytes);
    sky_mcap_put_text(index, ""); /* not compressed */
    sky_mcap_put_u64(index, file->chunk.used);
    sky_mcap_put_u64(index, file->chunk.used);
    sky_mcap_end_record(index, at);
    write_out(file, &file->scratch);
    file->first_ns = file->chunks == 0 || first_ns < file->first_ns ? first_ns : file->first_ns;
    file->last_ns = last_ns > file->last_ns ? last_ns : file->last_ns;
    file->chunks++;
    file->entry_count = 0;
    file->chunk.used = 0;
}

static bool note_entry(struct skyh_mcapfile *file, const struct skyh_mcapfile_message *message)
{
    if (file->entry_count == file->entry_room) {
        const size_t room = 2 * file->entry_room + 1024;
        struct entry *const grown = realloc(file->entry, room * sizeof *grown);
        file->failed = file->failed || grown == NULL;
        if (grown == NULL) {
            return false;
        }
        file->entry = grown;
        file->entry_room = room;
    }
    file->entry[file->entry_count++] = (struct entry){.channel = message->channel,
                                                      .log_time_ns = message->log_time_ns,
                                                      .offset = file->chunk.used};
    return true;
}

void skyh_mcapfile_put(struct skyh_mcapfile *file, const struct skyh_mcapfile_message *message)
{
    struct sky_mcap_buffer *const out = &file->chunk;
    if (file->failed || !make_room(file, out, message->count + 64) || !note_entry(file, message)) {
        return;
    }
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_MESSAGE);
    sky_mcap_put_u16(out, message->channel);
    sky_mcap_put_u32(out, message->sequence);
    sky_mcap_put_u64(out, message->log_time_ns);
    sky_mcap_put_u64(out, message->publish_time_ns);
    sky_mcap_put(out, message->bytes, message->count);
    sky_mcap_end_record(out, at);
    file->channel_count[message->channel]++;
    file->messages++;
    if (out->used >= CHUNK_BYTES) {
        flush(file);
    }
}

/* ------------------------------------------------------------------------------------- summary */

static void put_statistics(struct skyh_mcapfile *file, struct sky_mcap_buffer *out)
{
    uint16_t declared = 0, used = 0;
    for (size_t i = 0; i < SKYH_MCAPFILE_CHANNELS; i++) {
        declared = (uint16_t)(declared + (file->channel[i].topic != NULL));
        used = (uint16_t)(used + (file->channel_count[i] > 0));
    }
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_STATISTICS);
    sky_mcap_put_u64(out, file->messages);
    sky_mcap_put_u16(out, declared); /* schemas */
    sky_mcap_put_u32(out, declared); /* channels */
    sky_mcap_put_u32(out, 0);        /* attachments */
    sky_mcap_put_u32(out, 0);        /* metadata */
    sky_mcap_put_u32(out, file->chunks);
    sky_mcap_put_u64(out, file->first_ns);
    sky_mcap_put_u64(out, file->last_ns);
    sky_mcap_put_u32(out, 10U * used);
    for (size_t i = 0; i < SKYH_MCAPFILE_CHANNELS; i++) {
        if (file->channel_count[i] > 0) {
            sky_mcap_put_u16(out, (uint16_t)i);
            sky_mcap_put_u64(out, file->channel_count[i]);
        }
    }
    sky_mcap_end_record(out, at);
}

/* The summary, and nothing behind it; its first byte is the first of the file's that the footer's
 * checksum covers. */
static void put_summary(struct skyh_mcapfile *file)
{
    struct sky_mcap_buffer *const out = &file->scratch;
    for (size_t i = 0; i < SKYH_MCAPFILE_CHANNELS; i++) {
        if (file->channel[i].topic != NULL) {
            put_schema(file, out, i);
        }
    }
    for (size_t i = 0; i < SKYH_MCAPFILE_CHANNELS; i++) {
        if (file->channel[i].topic != NULL) {
            put_channel(file, out, i);
        }
    }
    if (!make_room(file, out, file->indexes.used + 10 * SKYH_MCAPFILE_CHANNELS + 256)) {
        return;
    }
    put_statistics(file, out);
    sky_mcap_put(out, file->indexes.bytes, file->indexes.used);
    const size_t at = sky_mcap_begin_record(out, SKY_MCAP_FOOTER);
    sky_mcap_put_u64(out, file->offset);
    sky_mcap_put_u64(out, 0); /* no offsets: it is read whole */
    sky_mcap_put_u32(out, 0);
    sky_mcap_end_record(out, at); /* before the checksum, which covers the length */
    out->used -= 4;
    sky_mcap_put_u32(out, sky_mcap_crc(out->bytes, out->used));
    sky_mcap_put(out, sky_mcap_magic, sizeof sky_mcap_magic);
    write_out(file, out);
}

static void put_data_end(struct skyh_mcapfile *file)
{
    const size_t at = sky_mcap_begin_record(&file->scratch, SKY_MCAP_DATA_END);
    sky_mcap_put_u32(&file->scratch, 0); /* no checksum: each chunk has one */
    sky_mcap_end_record(&file->scratch, at);
    write_out(file, &file->scratch);
}

bool skyh_mcapfile_close(struct skyh_mcapfile *file)
{
    if (file == NULL) {
        return true;
    }
    flush(file);
    write_out(file, &file->declared);
    if (make_room(file, &file->scratch, 64)) {
        put_data_end(file);
        put_summary(file);
    }
    const bool whole = !file->failed;
    free(file->declared.bytes);
    free(file->chunk.bytes);
    free(file->scratch.bytes);
    free(file->indexes.bytes);
    free(file->entry);
    free(file);
    return whole;
}
