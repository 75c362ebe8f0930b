#include "skyh_capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sky_base.h"

enum link_type {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_RAW_OLD = 12,
    LINK_RAW = 101,
    LINK_LOOP = 108,
    LINK_COOKED = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_COOKED_2 = 276
};

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86DD, PROTOCOL_UDP = 17, INTERFACES_MAX = 64 };

static const off_t file_most = (off_t)1 << 30;
static const int64_t day_ns = INT64_C(86400) * SKY_SECOND_NS;

/* Some bytes of the file that are not read yet. */
struct piece {
    const uint8_t *bytes;
    size_t count;
};

/* One interface of a pcapng section. */
struct interface {
    uint32_t link;
    uint64_t ticks_per_s;
    int64_t offset_s;
};

/* A file under way. */
struct reader {
    struct skyh_capture *capture;
    const char *name;
    struct skyh_problem *problem;
    struct piece rest;
    bool swapped; /* the file's numbers are not little-endian */
    int64_t latest_ns;
    size_t interface_count;
    struct interface interface[INTERFACES_MAX];
};

static struct piece skip(struct piece piece, size_t count)
{
    const size_t by = count < piece.count ? count : piece.count;
    return (struct piece){piece.bytes + by, piece.count - by};
}

static struct piece first(struct piece piece, size_t count)
{
    return (struct piece){piece.bytes, count < piece.count ? count : piece.count};
}

static uint32_t big_16(const uint8_t *bytes) { return (uint32_t)bytes[0] << 8 | bytes[1]; }

static uint32_t big_32(const uint8_t *bytes) { return big_16(bytes) << 16 | big_16(bytes + 2); }

static uint32_t file_16(const struct reader *reader, const uint8_t *bytes)
{
    return reader->swapped ? big_16(bytes) : (uint32_t)bytes[1] << 8 | bytes[0];
}

static uint32_t file_32(const struct reader *reader, const uint8_t *bytes)
{
    const uint32_t low = file_16(reader, bytes), high = file_16(reader, bytes + 2);
    return reader->swapped ? low << 16 | high : high << 16 | low;
}

static size_t offset_of(const struct reader *reader, const uint8_t *at)
{
    return (size_t)((const char *)at - reader->capture->file);
}

static bool fail_at(const struct reader *reader, const uint8_t *at, const char *what)
{
    return skyh_fail(reader->problem, SKYH_EXIT_DATA, "%s: byte %zu: %s", reader->name,
                     offset_of(reader, at), what);
}

/* ------------------------------------------------------------------------- out of the frames */

static bool keep(struct reader *reader, const struct skyh_datagram *datagram)
{
    struct skyh_capture *const capture = reader->capture;
    if (capture->count == capture->capacity) {
        const size_t capacity = capture->capacity > 0 ? 2 * capture->capacity : 1024;
        struct skyh_datagram *const grown =
            realloc(capture->datagram, capacity * sizeof *capture->datagram);
        if (grown == NULL) {
            return skyh_fail(reader->problem, SKYH_EXIT_SOFTWARE, "%s: out of memory",
                             reader->name);
        }
        capture->datagram = grown;
        capture->capacity = capacity;
    }
    capture->datagram[capture->count] = *datagram;
    capture->datagram[capture->count++].missing = capture->missing;
    capture->missing = 0;
    return true;
}

static bool leave_out(struct skyh_capture *capture, uint64_t *counter)
{
    (*counter)++;
    if (counter != &capture->others) {
        capture->missing++;
    }
    return true;
}

/* From the UDP header on; length is what the IP header leaves for it. */
static bool take_udp(struct reader *reader, struct piece at, size_t length,
                     struct skyh_datagram *datagram)
{
    struct skyh_capture *const capture = reader->capture;
    if (length < 8) {
        return leave_out(capture, &capture->others);
    }
    if (at.count < 8) {
        return leave_out(capture, &capture->cut);
    }
    const size_t bytes = big_16(at.bytes + 4);
    if (bytes < 8 || bytes > length) {
        return leave_out(capture, &capture->others);
    }
    if (bytes > at.count) {
        return leave_out(capture, &capture->cut);
    }
    datagram->from_port = (uint16_t)big_16(at.bytes);
    datagram->to_port = (uint16_t)big_16(at.bytes + 2);
    datagram->bytes = at.bytes + 8;
    datagram->count = bytes - 8;
    return keep(reader, datagram);
}

static bool take_ipv4(struct reader *reader, struct piece at, struct skyh_datagram *datagram)
{
    struct skyh_capture *const capture = reader->capture;
    if (at.count < 20 || at.bytes[0] >> 4 != 4 || at.bytes[9] != PROTOCOL_UDP) {
        return leave_out(capture, &capture->others);
    }
    const size_t header = (size_t)(at.bytes[0] & 15) * 4;
    size_t total = big_16(at.bytes + 2);
    total = total == 0 ? at.count : total; /* left to the network card, as captured before it */
    if (header < 20 || total < header) {
        return leave_out(capture, &capture->others);
    }
    if ((big_16(at.bytes + 6) & 0x3FFF) != 0) { /* more follow, or an offset */
        return leave_out(capture, &capture->fragments);
    }
    datagram->from_ipv4 = big_32(at.bytes + 12);
    datagram->to_ipv4 = big_32(at.bytes + 16);
    return take_udp(reader, skip(at, header), total - header, datagram);
}

static bool take_ipv6(struct reader *reader, struct piece at, struct skyh_datagram *datagram)
{
    struct skyh_capture *const capture = reader->capture;
    if (at.count < 40 || at.bytes[0] >> 4 != 6) {
        return leave_out(capture, &capture->others);
    }
    size_t left = big_16(at.bytes + 4);
    uint32_t next = at.bytes[6];
    for (at = skip(at, 40); next == 0 || next == 43 || next == 44 || next == 60;) {
        if (at.count < 8 || left < 8) {
            return leave_out(capture, &capture->others);
        }
        if (next == 44 && (big_16(at.bytes + 2) & 0xFFF9) != 0) {
            return leave_out(capture, &capture->fragments);
        }
        const size_t size = next == 44 ? 8 : ((size_t)at.bytes[1] + 1) * 8;
        if (size > left) {
            return leave_out(capture, &capture->others);
        }
        next = at.bytes[0];
        left -= size;
        at = skip(at, size);
    }
    return next == PROTOCOL_UDP ? take_udp(reader, at, left, datagram)
                                : leave_out(capture, &capture->others);
}

static bool take_ip(struct reader *reader, struct piece at, struct skyh_datagram *datagram)
{
    return at.count > 0 && at.bytes[0] >> 4 == 6 ? take_ipv6(reader, at, datagram)
                                                 : take_ipv4(reader, at, datagram);
}

/* Steps over VLAN tags; type stands in the two bytes before `at`. */
static bool take_typed(struct reader *reader, uint32_t type, struct piece at,
                       struct skyh_datagram *datagram)
{
    while ((type == 0x8100 || type == 0x88A8 || type == 0x9100) && at.count >= 4) {
        type = big_16(at.bytes + 2);
        at = skip(at, 4);
    }
    return type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6
               ? take_ip(reader, at, datagram)
               : leave_out(reader->capture, &reader->capture->others);
}

/* Where the type stands and how long the header is, of links that have a type; 0 of others. */
static size_t header_of(uint32_t link, size_t *ret_type_at)
{
    *ret_type_at = link == LINK_ETHERNET ? 12 : link == LINK_COOKED ? 14 : 0;
    return link == LINK_ETHERNET ? 14 : link == LINK_COOKED ? 16 : link == LINK_COOKED_2 ? 20 : 0;
}

static bool is_known(uint32_t link)
{
    size_t unused = 0;
    return header_of(link, &unused) > 0 || link == LINK_NULL || link == LINK_LOOP ||
           link == LINK_RAW || link == LINK_RAW_OLD || link == LINK_IPV4 || link == LINK_IPV6;
}

/* One packet as captured, dated. */
static bool take_packet(struct reader *reader, uint32_t link, int64_t utc_ns, struct piece frame)
{
    struct skyh_capture *const capture = reader->capture;
    struct skyh_datagram datagram = {.utc_ns = utc_ns};
    size_t type_at = 0;
    const size_t header = header_of(link, &type_at);
    capture->packets++;
    if (capture->packets > 1 && utc_ns < reader->latest_ns) {
        capture->went_back++;
        datagram.utc_ns = reader->latest_ns;
    }
    reader->latest_ns = datagram.utc_ns;
    if (header == 0) {
        const bool familiar = link == LINK_NULL || link == LINK_LOOP;
        return is_known(link) ? take_ip(reader, skip(frame, familiar ? 4 : 0), &datagram)
                              : leave_out(capture, &capture->others);
    }
    return frame.count < header
               ? leave_out(capture, &capture->others)
               : take_typed(reader, big_16(frame.bytes + type_at), skip(frame, header), &datagram);
}

/* ------------------------------------------------------------------------------ classic pcap */

static bool is_pcap(struct piece file, bool *ret_swapped, bool *ret_nano)
{
    static const uint8_t magic[4][4] = {{0xD4, 0xC3, 0xB2, 0xA1},
                                        {0x4D, 0x3C, 0xB2, 0xA1},
                                        {0xA1, 0xB2, 0xC3, 0xD4},
                                        {0xA1, 0xB2, 0x3C, 0x4D}};
    for (size_t i = 0; file.count >= 4 && i < 4; i++) {
        if (memcmp(file.bytes, magic[i], 4) == 0) {
            *ret_swapped = i >= 2;
            *ret_nano = i % 2 == 1;
            return true;
        }
    }
    return false;
}

static bool read_pcap(struct reader *reader, bool nano)
{
    struct piece *const rest = &reader->rest;
    const uint32_t fractions = nano ? 1000000000U : 1000000U;
    if (rest->count < 24 || file_16(reader, rest->bytes + 4) != 2) {
        return fail_at(reader, rest->bytes,
                       "a pcap header of another version or cut off; "
                       "expected 24 bytes of version 2");
    }
    const uint32_t link = file_32(reader, rest->bytes + 20) & 0xFFFF; /* above: check sums */
    if (!is_known(link)) {
        return fail_at(reader, rest->bytes + 20,
                       "another link type; expected Ethernet, raw IP or Linux cooked");
    }
    for (*rest = skip(*rest, 24); rest->count >= 16;) {
        const uint8_t *const head = rest->bytes;
        const uint32_t count = file_32(reader, head + 8);
        const uint32_t fraction = file_32(reader, head + 4);
        if (fraction >= fractions || count > 0x4000000) {
            return fail_at(reader, head,
                           "no packet header; expected a fraction below a second and "
                           "at most 64 MiB");
        }
        if (count > rest->count - 16) {
            break;
        }
        const int64_t utc_ns =
            (int64_t)file_32(reader, head) * SKY_SECOND_NS + (int64_t)fraction * (nano ? 1 : 1000);
        if (!take_packet(reader, link, utc_ns, first(skip(*rest, 16), count))) {
            return false;
        }
        *rest = skip(*rest, 16 + (size_t)count);
    }
    reader->capture->torn = rest->count > 0;
    return true;
}

/* ------------------------------------------------------------------------------------ pcapng */

static bool is_pcapng(struct piece file)
{
    static const uint8_t little[4] = {0x4D, 0x3C, 0x2B, 0x1A}, big[4] = {0x1A, 0x2B, 0x3C, 0x4D};
    return file.count >= 12 && big_32(file.bytes) == 0x0A0D0D0A &&
           (memcmp(file.bytes + 8, little, 4) == 0 || memcmp(file.bytes + 8, big, 4) == 0);
}

/* if_tsresol: a power of ten, or of two with the highest bit; what would overflow is no time. */
static uint64_t ticks_of(uint8_t resolution)
{
    const unsigned exponent = resolution & 0x7F;
    uint64_t ticks = 1;
    if ((resolution & 0x80) != 0) {
        return exponent < 60 ? UINT64_C(1) << exponent : 0;
    }
    for (unsigned i = 0; i < exponent; i++) {
        ticks *= 10;
    }
    return exponent <= 18 ? ticks : 0;
}

static bool add_interface(struct reader *reader, struct piece body)
{
    struct interface interface = {.ticks_per_s = 1000000};
    if (body.count < 8 || reader->interface_count == INTERFACES_MAX) {
        return fail_at(reader, body.bytes, "an interface cut off or one too many; expected 64");
    }
    interface.link = file_16(reader, body.bytes);
    for (struct piece option = skip(body, 8); option.count >= 4;) {
        const uint32_t code = file_16(reader, option.bytes);
        const size_t count = file_16(reader, option.bytes + 2);
        const struct piece value = first(skip(option, 4), count);
        if (code == 0 || value.count < count) {
            break;
        }
        if (code == 9 && count == 1) {
            interface.ticks_per_s = ticks_of(value.bytes[0]);
        } else if (code == 14 && count == 8) {
            const uint64_t low = file_32(reader, value.bytes + (reader->swapped ? 4 : 0));
            const uint64_t high = file_32(reader, value.bytes + (reader->swapped ? 0 : 4));
            interface.offset_s = (int64_t)(high << 32 | low);
        }
        option = skip(option, 4 + (count + 3) / 4 * 4);
    }
    if (interface.ticks_per_s == 0 || interface.offset_s > INT64_C(8000000000) ||
        interface.offset_s < -INT64_C(8000000000)) {
        return fail_at(reader, body.bytes,
                       "an interface whose clock cannot be; expected at most "
                       "1e18 ticks a second");
    }
    reader->interface[reader->interface_count++] = interface;
    return true;
}

static bool date_of(const struct interface *interface, uint64_t ticks, int64_t *ret_utc_ns)
{
    const uint64_t seconds = ticks / interface->ticks_per_s;
    const uint64_t within = ticks % interface->ticks_per_s;
    if (seconds > 8000000000U) {
        return false;
    }
    *ret_utc_ns =
        ((int64_t)seconds + interface->offset_s) * SKY_SECOND_NS +
        (int64_t)((double)within / (double)interface->ticks_per_s * (double)SKY_SECOND_NS + 0.5);
    return true;
}

/* An enhanced or, with a count of drops in place of half the interface, an old packet block. */
static bool take_dated(struct reader *reader, struct piece body, bool old)
{
    const uint32_t of = body.count < 20 ? UINT32_MAX
                        : old           ? file_16(reader, body.bytes)
                                        : file_32(reader, body.bytes);
    int64_t utc_ns = 0;
    if (of >= reader->interface_count) {
        return fail_at(reader, body.bytes,
                       "a packet of no interface; expected one described "
                       "before it");
    }
    const struct interface *const interface = &reader->interface[of];
    const uint64_t ticks =
        (uint64_t)file_32(reader, body.bytes + 4) << 32 | file_32(reader, body.bytes + 8);
    const uint32_t count = file_32(reader, body.bytes + 12);
    if (!date_of(interface, ticks, &utc_ns) || count > body.count - 20) {
        return fail_at(reader, body.bytes, "a packet longer than its block, or from no time");
    }
    return take_packet(reader, interface->link, utc_ns, first(skip(body, 20), count));
}

/* A simple packet has no time: it came when the one before did. */
static bool take_simple(struct reader *reader, struct piece body)
{
    if (body.count < 4 || reader->interface_count == 0) {
        return fail_at(reader, body.bytes,
                       "a packet of no interface; expected one described "
                       "before it");
    }
    return take_packet(reader, reader->interface[0].link, reader->latest_ns,
                       first(skip(body, 4), file_32(reader, body.bytes)));
}

static bool take_block(struct reader *reader, uint32_t type, struct piece body)
{
    switch (type) {
    case 1:
        return add_interface(reader, body);
    case 2:
        return take_dated(reader, body, true);
    case 3:
        return take_simple(reader, body);
    case 6:
        return take_dated(reader, body, false);
    default: /* names, statistics, comments */
        return true;
    }
}

/* A section header tells the order of bytes before its own length can be read. */
static bool begin_section(struct reader *reader)
{
    if (!is_pcapng(reader->rest)) {
        return fail_at(reader, reader->rest.bytes, "a section header without its mark");
    }
    reader->swapped = reader->rest.bytes[8] == 0x1A;
    reader->interface_count = 0;
    return true;
}

static bool read_pcapng(struct reader *reader)
{
    struct piece *const rest = &reader->rest;
    while (rest->count >= 12) {
        const bool section = big_32(rest->bytes) == 0x0A0D0D0A;
        if (section && !begin_section(reader)) {
            return false;
        }
        const size_t count = file_32(reader, rest->bytes + 4);
        if (count < 12 || count % 4 != 0) {
            return fail_at(reader, rest->bytes, "no block; expected a length of 12 or more bytes");
        }
        if (count > rest->count) {
            break;
        }
        if (file_32(reader, rest->bytes + count - 4) != count) {
            return fail_at(reader, rest->bytes, "a block whose two lengths differ");
        }
        const struct piece body = {rest->bytes + 8, count - 12};
        if (!section && !take_block(reader, file_32(reader, rest->bytes), body)) {
            return false;
        }
        *rest = skip(*rest, count);
    }
    reader->capture->torn = rest->count > 0;
    return true;
}

/* ------------------------------------------------------------------------------------ blocks */

/* Blocks of ASTERIX from the first byte; the last one may be cut off. */
static bool read_blocks(struct reader *reader)
{
    struct piece *const rest = &reader->rest;
    while (rest->count >= 3 && big_16(rest->bytes + 1) >= 4 &&
           big_16(rest->bytes + 1) <= rest->count) {
        const size_t count = big_16(rest->bytes + 1);
        const struct skyh_datagram datagram = {.bytes = rest->bytes, .count = count};
        reader->capture->packets++;
        if (!keep(reader, &datagram)) {
            return false;
        }
        *rest = skip(*rest, count);
    }
    const bool cut = rest->count < 3 || big_16(rest->bytes + 1) > rest->count;
    if (reader->capture->count == 0 || !cut) {
        return fail_at(reader, rest->bytes,
                       "neither a capture nor ASTERIX; expected pcap, pcapng, "
                       "or data blocks from the first byte on");
    }
    reader->capture->torn = rest->count > 0;
    return true;
}

/* The latest time of day in a block; false if it states none. */
static bool time_in(const struct skyh_datagram *datagram, const struct sky_asterix_dialect *dialect,
                    size_t dialect_count, int64_t *ret_time_of_day_ns)
{
    struct sky_asterix_walk walk = {.bytes = datagram->bytes,
                                    .count = datagram->count,
                                    .dialect = dialect,
                                    .dialect_count = dialect_count};
    struct sky_asterix_record record;
    const char *item = NULL;
    uint32_t offset = 0;
    bool found = false;
    for (size_t i = 0; i <= datagram->count; i++) {
        const enum sky_status status = sky_asterix_next(&walk, &record, &item, &offset);
        if (status == SKY_E_STALE) {
            break;
        }
        if (status != SKY_OK) {
            continue;
        }
        const bool plot =
            record.kind == SKY_ASTERIX_TARGET && record.plot.time_kind == SKY_TIME_OF_DAY;
        const bool service = record.kind == SKY_ASTERIX_SERVICE && record.service.has_time;
        if (plot || service) {
            *ret_time_of_day_ns = plot ? record.plot.time_value_ns : record.service.time_of_day_ns;
            found = true;
        }
    }
    return found;
}

bool skyh_capture_date(struct skyh_capture *capture, const char *name,
                       const struct sky_asterix_dialect *dialect, size_t dialect_count,
                       int64_t day_utc_ns, struct skyh_problem *problem)
{
    int64_t latest_ns = 0, midnight_ns = day_utc_ns;
    size_t dated = 0;
    for (size_t i = 0; i < capture->count; i++) {
        int64_t time_of_day_ns = 0;
        if (time_in(&capture->datagram[i], dialect, dialect_count, &time_of_day_ns)) {
            int64_t utc_ns = midnight_ns + time_of_day_ns;
            if (dated > 0 && utc_ns < latest_ns - day_ns / 2) {
                midnight_ns += day_ns;
                utc_ns += day_ns;
            }
            /* the blocks before the first with a time came when that one did */
            for (size_t before = 0; dated == 0 && before < i; before++) {
                capture->datagram[before].utc_ns = utc_ns;
            }
            /* and one from before midnight, behind one from after it, came late */
            const bool late = dated > 0 && utc_ns > latest_ns + day_ns / 2;
            latest_ns = dated == 0 || (utc_ns > latest_ns && !late) ? utc_ns : latest_ns;
            dated++;
        }
        capture->datagram[i].utc_ns = latest_ns;
    }
    return dated > 0 || skyh_fail(problem, SKYH_EXIT_DATA,
                                  "%s: no block states a time of day; expected one at least", name);
}

/* -------------------------------------------------------------------------------------- file */

bool skyh_capture_take(struct skyh_capture *capture, const char *name, char *bytes, size_t count,
                       struct skyh_problem *problem)
{
    struct reader *const reader = calloc(1, sizeof *reader);
    bool nano = false, read = false;
    capture->file = bytes;
    capture->file_bytes = count;
    if (reader == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", name);
    }
    reader->capture = capture;
    reader->name = name;
    reader->problem = problem;
    reader->rest = (struct piece){(const uint8_t *)bytes, count};
    if (is_pcap(reader->rest, &reader->swapped, &nano)) {
        capture->kind = SKYH_CAPTURE_PCAP;
        read = read_pcap(reader, nano);
    } else if (is_pcapng(reader->rest)) {
        capture->kind = SKYH_CAPTURE_PCAPNG;
        read = read_pcapng(reader);
    } else {
        capture->kind = SKYH_CAPTURE_BLOCKS;
        read = read_blocks(reader);
    }
    free(reader);
    return read;
}

/* Captures are larger than what people write by hand: up to 1 GiB. */
static bool slurp(const char *file, char **ret_bytes, size_t *ret_count,
                  struct skyh_problem *problem)
{
    FILE *const stream = fopen(file, "rbe");
    struct stat about;
    if (stream == NULL || fstat(fileno(stream), &about) != 0) {
        const int error = errno;
        if (stream != NULL) {
            (void)fclose(stream);
        }
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: %s", file, strerror(error));
    }
    const bool fits = S_ISREG(about.st_mode) && about.st_size <= file_most;
    const size_t count = fits ? (size_t)about.st_size : 0;
    char *const bytes = fits ? malloc(count + 1) : NULL;
    const bool read = bytes != NULL && fread(bytes, 1, count, stream) == count;
    (void)fclose(stream);
    if (!read) {
        free(bytes);
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT,
                         "%s: cannot be read; expected a regular file of at most 1 GiB", file);
    }
    *ret_bytes = bytes;
    *ret_count = count;
    return true;
}

bool skyh_capture_open(struct skyh_capture *capture, const char *file, struct skyh_problem *problem)
{
    char *bytes = NULL;
    size_t count = 0;
    return slurp(file, &bytes, &count, problem) &&
           skyh_capture_take(capture, file, bytes, count, problem);
}

void skyh_capture_shift(struct skyh_capture *capture, int64_t by_ns)
{
    for (size_t i = 0; i < capture->count; i++) {
        capture->datagram[i].utc_ns += by_ns;
    }
}

void skyh_capture_close(struct skyh_capture *capture)
{
    free(capture->file);
    free(capture->datagram);
    memset(capture, 0, sizeof *capture);
}
