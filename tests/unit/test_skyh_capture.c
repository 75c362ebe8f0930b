/*
 * Captures in every structure and over every link that we read hold the same datagrams; what is no
 * whole datagram is counted, and what is no capture is refused with its byte.
 */
#include <stdlib.h>
#include <string.h>

#include "sky_test.h"
#include "skyh_capture.h"

static uint8_t bytes[4096];
static size_t count;
static struct skyh_capture capture;
static struct skyh_problem problem;

static void begin(void)
{
    skyh_capture_close(&capture);
    count = 0;
}

static void put(const void *from, size_t size)
{
    assert_true(count + size <= sizeof bytes);
    memcpy(bytes + count, from, size);
    count += size;
}

static bool big;

/* A number of the file, in its order of bytes. */
static void put_file(uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const uint8_t byte = (uint8_t)(value >> 8 * (big ? size - 1 - i : i));
        put(&byte, 1);
    }
}

static bool read_all(void)
{
    char *const copy = malloc(count + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, count);
    return skyh_capture_take(&capture, "x", copy, count, &problem);
}

/* ------------------------------------------------------------------------------------ frames */

static const uint8_t payload[5] = {34, 0, 5, 0x80, 7};

/* 10.0.0.1:4000 to 232.1.1.31:8600 */
static const uint8_t ipv4[33] = {0x45, 0,    0, 33, 0, 0,   0x40, 0, 9,  17,   0,
                                 0,    10,   0, 0,  1, 232, 1,    1, 31, 0x0F, 0xA0,
                                 0x21, 0x98, 0, 13, 0, 0,   34,   0, 5,  0x80, 7};
static const uint8_t ethernet[14] = {[12] = 8};
static const uint8_t tagged[22] = {[12] = 0x88, [13] = 0xA8, [16] = 0x81, [20] = 8};
static const uint8_t cooked[16] = {[14] = 8};
static const uint8_t cooked_2[20] = {[0] = 8};
static const uint8_t family[4] = {2};

struct link {
    uint32_t type;
    const uint8_t *header;
    size_t size;
};
static const struct link links[] = {{1, ethernet, sizeof ethernet},
                                    {1, tagged, sizeof tagged},
                                    {113, cooked, sizeof cooked},
                                    {276, cooked_2, sizeof cooked_2},
                                    {0, family, sizeof family},
                                    {108, family, sizeof family},
                                    {101, NULL, 0},
                                    {12, NULL, 0},
                                    {228, NULL, 0}};

static void put_pcap(uint32_t magic, uint32_t link)
{
    put_file(magic, 4);
    put_file(2, 2);
    put_file(4, 2);
    put_file(0, 4);
    put_file(0, 4);
    put_file(65535, 4);
    put_file(link, 4);
}

static void put_packet(uint32_t second, uint32_t fraction, const struct link *link,
                       const uint8_t *ip, size_t size)
{
    put_file(second, 4);
    put_file(fraction, 4);
    put_file((uint32_t)(link->size + size), 4);
    put_file((uint32_t)(link->size + size), 4);
    if (link->size > 0) {
        put(link->header, link->size);
    }
    put(ip, size);
}

static void expect_one(int64_t utc_ns)
{
    assert_int_equal(capture.count, 1);
    const struct skyh_datagram *const datagram = &capture.datagram[0];
    assert_int_equal(datagram->utc_ns, utc_ns);
    assert_int_equal(datagram->from_ipv4, 0x0A000001);
    assert_int_equal(datagram->to_ipv4, 0xE801011F);
    assert_int_equal(datagram->from_port, 4000);
    assert_int_equal(datagram->to_port, 8600);
    assert_int_equal(datagram->count, sizeof payload);
    assert_memory_equal(datagram->bytes, payload, sizeof payload);
    assert_int_equal(datagram->missing, 0);
}

static void a_datagram_comes_out_of_every_link_and_order_of_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4 * sizeof links / sizeof links[0]; i++) {
        const struct link *const link = &links[i / 4];
        const bool nano = i % 2 == 1;
        big = i % 4 >= 2;
        begin();
        put_pcap(nano ? 0xA1B23C4D : 0xA1B2C3D4, link->type);
        put_packet(1767312000, 123456, link, ipv4, sizeof ipv4);
        assert_true(read_all());
        assert_int_equal(capture.kind, SKYH_CAPTURE_PCAP);
        expect_one(INT64_C(1767312000000000000) + (nano ? 123456 : 123456000));
        assert_false(capture.torn);
    }
    big = false;
}

/* ------------------------------------------------------------------------------------ pcapng */

static void put_block(uint32_t type, const uint8_t *body, size_t size)
{
    const size_t padded = (size + 3) / 4 * 4;
    static const uint8_t zeros[4];
    put_file(type, 4);
    put_file((uint32_t)padded + 12, 4);
    put(body, size);
    put(zeros, padded - size);
    put_file((uint32_t)padded + 12, 4);
}

/* Puts numbers where they can be taken as a block's body. */
static size_t body_of(uint8_t *body, const uint32_t *number, const uint8_t *size, size_t numbers)
{
    const size_t before = count;
    for (size_t i = 0; i < numbers; i++) {
        put_file(number[i], size[i]);
    }
    const size_t used = count - before;
    memcpy(body, bytes + before, used);
    count = before;
    return used;
}

static void put_section(void)
{
    uint8_t body[16];
    const uint32_t number[5] = {0x1A2B3C4D, 1, 0, UINT32_MAX, UINT32_MAX};
    const uint8_t size[5] = {4, 2, 2, 4, 4};
    put_block(0x0A0D0D0A, body, body_of(body, number, size, 5));
}

/* An interface whose clock ticks as if_tsresol says and is an hour slow. */
static void put_interface(uint32_t link, uint8_t resolution)
{
    uint8_t body[32];
    const uint32_t hour[2] = {big ? 0 : 3600, big ? 3600 : 0};
    const uint32_t number[12] = {link, 0, 65535, 9, 1, 0, 14, 8, hour[0], hour[1], 0, 0};
    const uint8_t size[12] = {2, 2, 4, 2, 2, 4, 2, 2, 4, 4, 2, 2};
    const size_t used = body_of(body, number, size, 12);
    body[12] = resolution;
    put_block(1, body, used);
}

static void put_enhanced(uint32_t interface, uint64_t ticks, uint32_t type)
{
    uint8_t body[128];
    const uint32_t captured = sizeof ethernet + sizeof ipv4;
    const uint32_t number[5] = {type == 2 && big ? interface << 16 : interface,
                                (uint32_t)(ticks >> 32), (uint32_t)ticks, captured, captured};
    const uint8_t size[5] = {4, 4, 4, 4, 4};
    const size_t head = body_of(body, number, size, 5);
    memcpy(body + head, ethernet, sizeof ethernet);
    memcpy(body + head + sizeof ethernet, ipv4, sizeof ipv4);
    put_block(type, body, head + captured);
}

static void pcapng_is_read_with_the_clock_of_each_interface(void **state)
{
    (void)state;
    const uint64_t second = 1767312000 - 3600;
    for (int i = 0; i < 2; i++) {
        static const uint8_t name[6] = "unused";
        big = i == 1;
        begin();
        put_section();
        put_interface(1, 9);
        put_interface(1, 0x80 | 10);
        put_block(4, name, sizeof name);
        put_enhanced(0, second * 1000000000 + 7, 6);
        put_enhanced(1, second * 1024 + 512, 6);
        put_enhanced(1, second * 1024 + 1024, 2);
        put_section();
        put_interface(1, 6);
        put_enhanced(0, (second + 2) * 1000000, 6);
        assert_true(read_all());
        assert_int_equal(capture.kind, SKYH_CAPTURE_PCAPNG);
        assert_int_equal(capture.count, 4);
        const int64_t base = INT64_C(1767312000000000000);
        assert_int_equal(capture.datagram[0].utc_ns, base + 7);
        assert_int_equal(capture.datagram[1].utc_ns, base + 500000000);
        assert_int_equal(capture.datagram[2].utc_ns, base + 1000000000);
        assert_int_equal(capture.datagram[3].utc_ns, base + 2000000000);
    }
    big = false;
}

static void a_simple_packet_came_when_the_one_before_did(void **state)
{
    (void)state;
    uint8_t body[64] = {sizeof ethernet + sizeof ipv4};
    memcpy(body + 4, ethernet, sizeof ethernet);
    memcpy(body + 4 + sizeof ethernet, ipv4, sizeof ipv4);
    begin();
    put_section();
    put_interface(1, 6);
    put_enhanced(0, UINT64_C(1767312000) * 1000000, 6);
    put_block(3, body, 4 + sizeof ethernet + sizeof ipv4);
    assert_true(read_all());
    assert_int_equal(capture.count, 2);
    assert_int_equal(capture.datagram[1].utc_ns, capture.datagram[0].utc_ns);
    assert_memory_equal(capture.datagram[1].bytes, payload, sizeof payload);
}

/* --------------------------------------------------------------------------------- not whole */

static void ipv6_is_read_behind_its_extension_headers(void **state)
{
    (void)state;
    uint8_t ip[40 + 8 + 8 + 13] = {0x60};
    const uint8_t udp[8] = {0x0F, 0xA0, 0x21, 0x98, 0, 13};
    ip[5] = 29;  /* what follows the header */
    ip[6] = 0;   /* hop by hop, then */
    ip[40] = 44; /* a fragment header ... */
    ip[48] = 17; /* ... of the only one */
    memcpy(ip + 56, udp, sizeof udp);
    memcpy(ip + 64, payload, sizeof payload);
    begin();
    put_pcap(0xA1B2C3D4, 229);
    put_packet(1767312000, 0, &links[8], ip, sizeof ip);
    ip[51] = 1; /* more follow */
    put_packet(1767312000, 0, &links[8], ip, sizeof ip);
    assert_true(read_all());
    assert_int_equal(capture.count, 1);
    assert_int_equal(capture.datagram[0].to_ipv4, 0);
    assert_int_equal(capture.datagram[0].to_port, 8600);
    assert_memory_equal(capture.datagram[0].bytes, payload, sizeof payload);
    assert_int_equal(capture.fragments, 1);
}

static void fragments_and_datagrams_without_their_end_are_counted_before_the_next(void **state)
{
    (void)state;
    uint8_t changed[sizeof ipv4];
    const struct link *const raw = &links[6];
    begin();
    put_pcap(0xA1B2C3D4, 101);
    memcpy(changed, ipv4, sizeof ipv4);
    changed[6] = 0x20; /* more fragments */
    put_packet(1, 0, raw, changed, sizeof changed);
    changed[6] = 0;
    changed[7] = 3; /* an offset */
    put_packet(2, 0, raw, changed, sizeof changed);
    put_packet(3, 0, raw, ipv4, sizeof ipv4 - 1);
    put_packet(4, 0, raw, ipv4, 24);
    memcpy(changed, ipv4, sizeof ipv4);
    changed[9] = 6; /* TCP */
    put_packet(5, 0, raw, changed, sizeof changed);
    put_packet(5, 0, raw, ipv4, 10);
    memcpy(changed, ipv4, sizeof ipv4);
    changed[25] = 7; /* shorter than its header */
    put_packet(6, 0, raw, changed, sizeof changed);
    changed[25] = 14; /* longer than the packet */
    put_packet(6, 0, raw, changed, sizeof changed);
    put_packet(7, 0, raw, ipv4, sizeof ipv4);
    put_packet(6, 0, raw, ipv4, sizeof ipv4); /* dated before */
    put_packet(8, 0, raw, ipv4, sizeof ipv4 - 1);
    assert_true(read_all());
    assert_int_equal(capture.packets, 11);
    assert_int_equal(capture.fragments, 2);
    assert_int_equal(capture.cut, 3);
    assert_int_equal(capture.others, 4);
    assert_int_equal(capture.count, 2);
    assert_int_equal(capture.datagram[0].missing, 4);
    assert_int_equal(capture.datagram[1].missing, 0);
    assert_int_equal(capture.missing, 1);
    assert_int_equal(capture.went_back, 1);
    assert_int_equal(capture.datagram[1].utc_ns, 7 * INT64_C(1000000000));
}

static void a_file_that_ends_within_a_packet_keeps_those_before(void **state)
{
    (void)state;
    begin();
    put_pcap(0xA1B2C3D4, 101);
    put_packet(1, 0, &links[6], ipv4, sizeof ipv4);
    const size_t whole = count;
    put_packet(2, 0, &links[6], ipv4, sizeof ipv4);
    const size_t all = count;
    for (count = whole + 1; count < all; count++) {
        const size_t now = count;
        assert_true(read_all());
        assert_int_equal(capture.count, 1);
        assert_true(capture.torn);
        skyh_capture_close(&capture);
        count = now;
    }
}

static void refuses(const char *reason)
{
    assert_false(read_all());
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_non_null(strstr(problem.text, reason));
    assert_null(strchr(problem.text, '\n'));
}

static void what_is_no_capture_is_refused_with_the_byte_where(void **state)
{
    (void)state;
    begin();
    put("GIF89a and more of it", 21);
    refuses("x: byte 0: neither a capture nor ASTERIX");
    begin();
    refuses("x: byte 0: neither");
    begin();
    put_pcap(0xA1B2C3D4, 127); /* radiotap */
    refuses("x: byte 20: another link type");
    begin();
    put_pcap(0xA1B2C3D4, 1);
    count = 23;
    refuses("x: byte 0: a pcap header");
    begin();
    put_pcap(0xA1B2C3D4, 101);
    put_packet(1, 1000000, &links[6], ipv4, sizeof ipv4);
    refuses("x: byte 24: no packet header");
    begin();
    put_section();
    put_enhanced(0, 0, 6);
    refuses("x: byte 36: a packet of no interface");
    begin();
    put_section();
    put_interface(1, 19);
    refuses("an interface whose clock cannot be");
    begin();
    put_section();
    put_interface(1, 6);
    bytes[count - 4] ^= 4;
    refuses("x: byte 28: a block whose two lengths differ");
}

/* ------------------------------------------------------------------------------------ blocks */

/* A sector message at a time of day. */
static void put_sector(uint32_t seconds)
{
    const uint32_t steps = seconds * 128;
    const uint8_t block[] = {
        34, 0, 11, 0xE0, 25, 1, 2, (uint8_t)(steps >> 16), (uint8_t)(steps >> 8), (uint8_t)steps,
        0};
    put(block, 10);
    bytes[count - 8] = 10;
}

static void blocks_are_dated_by_their_own_times_over_midnight(void **state)
{
    (void)state;
    static const uint8_t unknown[4] = {200, 0, 4, 0};
    static const uint32_t seconds[] = {86390, 86395, 86393, 3, 86399, 5};
    static const int64_t wanted[] = {86390, 86395, 86395, 86403, 86403, 86405};
    begin();
    put(unknown, sizeof unknown);
    for (size_t i = 0; i < 6; i++) {
        put_sector(seconds[i]);
    }
    put(unknown, 2);
    assert_true(read_all());
    assert_int_equal(capture.kind, SKYH_CAPTURE_BLOCKS);
    assert_int_equal(capture.count, 7);
    assert_true(capture.torn);
    assert_true(skyh_capture_date(&capture, "x", NULL, 0, INT64_C(86400000000000), &problem));
    assert_int_equal(capture.datagram[0].utc_ns, (86400 + 86390) * INT64_C(1000000000));
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(capture.datagram[i + 1].utc_ns, (86400 + wanted[i]) * INT64_C(1000000000));
    }
    skyh_capture_shift(&capture, 5);
    assert_int_equal(capture.datagram[0].utc_ns, (86400 + 86390) * INT64_C(1000000000) + 5);

    begin();
    put(unknown, sizeof unknown);
    assert_true(read_all());
    assert_false(skyh_capture_date(&capture, "x", NULL, 0, 0, &problem));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    begin();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_comes_out_of_every_link_and_order_of_bytes),
        cmocka_unit_test(pcapng_is_read_with_the_clock_of_each_interface),
        cmocka_unit_test(a_simple_packet_came_when_the_one_before_did),
        cmocka_unit_test(ipv6_is_read_behind_its_extension_headers),
        cmocka_unit_test(fragments_and_datagrams_without_their_end_are_counted_before_the_next),
        cmocka_unit_test(a_file_that_ends_within_a_packet_keeps_those_before),
        cmocka_unit_test(what_is_no_capture_is_refused_with_the_byte_where),
        cmocka_unit_test(blocks_are_dated_by_their_own_times_over_midnight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
