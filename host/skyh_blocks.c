#include "skyh_blocks.h"

#include <string.h>

enum { BLOCK_EMPTY = 3, IP_HEADER = 20, UDP_HEADER = 8, LINK_RAW = 101, PORT = 8600 };

static void put_little(FILE *out, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        (void)fputc((int)(value >> 8 * i & 0xFF), out);
    }
}

static void set_big(uint8_t *bytes, size_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

/* The header's own check sum, over the header with zeros in its place. */
static uint16_t sum_of(const uint8_t header[IP_HEADER])
{
    uint32_t sum = 0;
    for (size_t i = 0; i < IP_HEADER; i += 2) {
        sum += (uint32_t)header[i] << 8 | header[i + 1];
    }
    sum = (sum & 0xFFFF) + (sum >> 16);
    sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

/* What stands before a block in a capture. A UDP check sum of 0 is none. */
static void put_packet(FILE *out, size_t count, int64_t sent_ns)
{
    uint8_t headers[IP_HEADER + UDP_HEADER] = {0x45, [8] = 64, 17, [12] = 127, 0, 0,
                                               1,    127,      0,  0,          1};
    const size_t total = sizeof headers + count;
    const int64_t second = sent_ns / SKY_SECOND_NS;
    set_big(headers + 2, total);
    set_big(headers + 10, sum_of(headers));
    set_big(headers + IP_HEADER, PORT);
    set_big(headers + IP_HEADER + 2, PORT);
    set_big(headers + IP_HEADER + 4, UDP_HEADER + count);
    put_little(out, (uint32_t)second, 4);
    put_little(out, (uint32_t)(sent_ns % SKY_SECOND_NS), 4);
    put_little(out, (uint32_t)total, 4);
    put_little(out, (uint32_t)total, 4);
    (void)fwrite(headers, 1, sizeof headers, out);
}

void skyh_blocks_begin(struct skyh_blocks *blocks, FILE *out, bool capture,
                       const struct sky_asterix_sender *sender)
{
    memset(blocks, 0, sizeof *blocks);
    blocks->out = out;
    blocks->capture = capture;
    blocks->sender = *sender;
    sky_asterix_write_begin(&blocks->block);
    if (capture) {
        put_little(out, 0xA1B23C4D, 4);
        put_little(out, 2, 2);
        put_little(out, 4, 2);
        put_little(out, 0, 4);
        put_little(out, 0, 4);
        put_little(out, 65535, 4);
        put_little(out, LINK_RAW, 4);
    }
}

void skyh_blocks_put(struct skyh_blocks *blocks, const struct sky_event_track *track,
                     int64_t utc_ns, int64_t sent_ns)
{
    enum sky_status status =
        sky_asterix_write_track(&blocks->block, &blocks->sender, track, utc_ns);
    if (status == SKY_E_CAPACITY) {
        skyh_blocks_flush(blocks, sent_ns);
        status = sky_asterix_write_track(&blocks->block, &blocks->sender, track, utc_ns);
    }
    blocks->left_out += status != SKY_OK ? 1 : 0;
}

void skyh_blocks_flush(struct skyh_blocks *blocks, int64_t sent_ns)
{
    if (blocks->block.count == BLOCK_EMPTY) {
        return;
    }
    if (blocks->capture) {
        put_packet(blocks->out, blocks->block.count, sent_ns);
    }
    (void)fwrite(blocks->block.bytes, 1, blocks->block.count, blocks->out);
    sky_asterix_write_begin(&blocks->block);
}
