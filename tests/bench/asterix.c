/*
 * asterix [CAPTURE]: how many records a second the decoder takes, here and on one thread; and what
 * tshark needs for the same datagrams, with its start taken off, as a curiosity. CAPTURE is written
 * for it.
 *
 * Full plots are those of a Mode S radar with every item that such a radar sends: 66 octets each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "sky_asterix.h"
#include "sky_asterix_write.h"

enum { ROUNDS = 7, DATAGRAMS = 64, RECORDS = 20, REPEATS = 500, TSHARK_REPEATS = 20 };

struct datagram {
    size_t count;
    uint8_t bytes[SKY_ASTERIX_BLOCK_MAX];
};

static struct datagram datagrams[DATAGRAMS];

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "asterix: %s\n", what);
    exit(1);
}

static uint64_t random_bits(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static double uniform(uint64_t *seed, double low, double high)
{
    return low + (high - low) * ((double)(random_bits(seed) >> 11) * 0x1p-53);
}

static double cpu_s(int who)
{
    struct rusage usage;
    (void)getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double thread_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- datagrams ---- */

static void put(struct datagram *d, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0;) {
        d->bytes[d->count++] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t time_of_day(uint64_t *seed) { return random_bits(seed) % (86400 * 128); }

static void put_full_plot(struct datagram *d, uint64_t *seed)
{
    put(d, 0xFFFF02, 3);                   /* all of 14 items, and the 21st */
    put(d, 25U << 8 | 201, 2);             /* 010 */
    put(d, time_of_day(seed), 3);          /* 140 */
    put(d, 0xA100, 2);                     /* 020: Mode S roll call, a second octet */
    put(d, random_bits(seed), 4);          /* 040 */
    put(d, random_bits(seed) & 0x0FFF, 2); /* 070 */
    put(d, random_bits(seed) & 0x0FFF, 2); /* 090 */
    put(d, 0xFE, 1);                       /* 130, all of it */
    put(d, random_bits(seed), 7);
    put(d, random_bits(seed), 3); /* 220 */
    put(d, 0x10C236D41820, 6);    /* 240 */
    put(d, 2, 1);                 /* 250: two registers */
    put(d, random_bits(seed), 8);
    put(d, random_bits(seed), 8);
    put(d, random_bits(seed) & 0x0FFF, 2); /* 161 */
    put(d, random_bits(seed), 8);          /* 042, 200 */
    put(d, 0x0100, 2);                     /* 170 in two octets */
    put(d, 0x20F5, 2);                     /* 230 */
}

static void put_primary_plot(struct datagram *d, uint64_t *seed)
{
    put(d, 0xF0, 1);
    put(d, 25U << 8 | 201, 2);
    put(d, time_of_day(seed), 3);
    put(d, 0x20, 1);
    put(d, random_bits(seed), 4);
}

static void put_report(struct datagram *d, uint64_t *seed)
{
    put(d, 0xD3197301, 4);                   /* 010 040 015 131 080 073 140 090 210 145 */
    put(d, 0x80, 1);                         /* 170 */
    put(d, 25U << 8 | 7, 2);                 /* 010 */
    put(d, 0x0100, 2);                       /* 040 */
    put(d, 1, 1);                            /* 015 */
    put(d, random_bits(seed) % 0x400000, 4); /* 131, not beyond the pole ... */
    put(d, random_bits(seed) % 0x400000, 4);
    put(d, random_bits(seed), 3);          /* 080 */
    put(d, time_of_day(seed), 3);          /* 073 */
    put(d, random_bits(seed) & 0x0FFF, 2); /* 140 */
    put(d, 0x011104, 3);                   /* 090 */
    put(d, 0x12, 1);                       /* 210 */
    put(d, random_bits(seed) & 0x0FFF, 2); /* 145 */
    put(d, 0x10C236D41820, 6);             /* 170 */
}

static void put_track(struct datagram *d, uint64_t *seed)
{
    static const struct sky_asterix_sender sender = {25, 100, 1};
    struct sky_event_track track = {.id = (uint32_t)random_bits(seed),
                                    .status = SKY_TRACK_CONFIRMED,
                                    .sensors = 3,
                                    .icao_address = 0x3C660C,
                                    .callsign = "DLH65A",
                                    .cooperative = true};
    struct sky_asterix_block block;
    track.place = (struct sky_lla){uniform(seed, -1.5, 1.5), uniform(seed, -3.1, 3.1),
                                   uniform(seed, 0.0, 1e4)};
    track.vel_east_mps = uniform(seed, -200.0, 200.0);
    sky_asterix_write_begin(&block);
    if (sky_asterix_write_track(&block, &sender, &track, (int64_t)time_of_day(seed) * 7812500) !=
        SKY_OK) {
        die("a track that cannot be");
    }
    memcpy(d->bytes + d->count, block.bytes + 3, block.count - 3);
    d->count += block.count - 3;
}

struct kind {
    const char *name;
    uint8_t category;
    void (*put)(struct datagram *d, uint64_t *seed);
};

static void make(const struct kind *kind)
{
    uint64_t seed = 48;
    for (size_t i = 0; i < DATAGRAMS; i++) {
        struct datagram *const d = &datagrams[i];
        d->count = 0;
        put(d, (uint64_t)kind->category << 16, 3);
        for (size_t n = 0; n < RECORDS; n++) {
            kind->put(d, &seed);
        }
        d->bytes[1] = (uint8_t)(d->count >> 8);
        d->bytes[2] = (uint8_t)d->count;
    }
}

/* ---- timing ---- */

/* Adds up something of every record, so that none is skipped; returns their number. */
static size_t decode_all(double *sum)
{
    size_t records = 0;
    for (size_t i = 0; i < DATAGRAMS; i++) {
        struct sky_asterix_walk walk = {.bytes = datagrams[i].bytes, .count = datagrams[i].count};
        struct sky_asterix_record record;
        const char *item = "";
        uint32_t offset = 0;
        enum sky_status status = SKY_OK;
        while ((status = sky_asterix_next(&walk, &record, &item, &offset)) != SKY_E_STALE) {
            if (status != SKY_OK || record.kind != SKY_ASTERIX_TARGET) {
                die(item);
            }
            *sum += record.plot.slant_range_m + record.plot.place.lat_rad;
            records++;
        }
    }
    return records;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double time_kind(const struct kind *kind)
{
    double rate[ROUNDS];
    volatile double kept = 0.0;
    make(kind);
    for (int round = 0; round < ROUNDS; round++) {
        double sum = 0.0;
        size_t records = 0;
        const double from_s = thread_s();
        for (int i = 0; i < REPEATS; i++) {
            records += decode_all(&sum);
        }
        rate[round] = (double)records / (thread_s() - from_s);
        kept = kept + sum;
    }
    qsort(rate, ROUNDS, sizeof *rate, ascending);
    printf("%-20s %5.1f octets %7.2f M/s (%.2f to %.2f)\n", kind->name,
           (double)(datagrams[0].count - 3) / RECORDS, rate[ROUNDS / 2] * 1e-6, rate[0] * 1e-6,
           rate[ROUNDS - 1] * 1e-6);
    return rate[ROUNDS / 2];
}

/* ---- tshark ---- */

static void put_big(uint8_t *bytes, size_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

/* The datagrams so many times, from and to the port that tshark takes for ASTERIX. */
static void write_capture(const char *path, size_t repeats)
{
    FILE *const stream = fopen(path, "wb");
    const uint32_t head[6] = {0xA1B2C3D4, 4U << 16 | 2, 0, 0, 65535, 1};
    bool good = stream != NULL && fwrite(head, sizeof head, 1, stream) == 1;
    for (size_t i = 0; good && i < repeats * DATAGRAMS; i++) {
        const struct datagram *const d = &datagrams[i % DATAGRAMS];
        uint8_t frame[42] = {[12] = 8, [14] = 0x45, [22] = 64, [23] = 17, [26] = 127, [30] = 127};
        const uint32_t length = (uint32_t)(sizeof frame + d->count);
        const uint32_t packet[4] = {0, 0, length, length};
        put_big(frame + 16, length - 14);
        put_big(frame + 34, 8600);
        put_big(frame + 36, 8600);
        put_big(frame + 38, length - 34);
        good = fwrite(packet, sizeof packet, 1, stream) == 1 &&
               fwrite(frame, sizeof frame, 1, stream) == 1 &&
               fwrite(d->bytes, d->count, 1, stream) == 1;
    }
    if (!good || fclose(stream) != 0) {
        die("cannot write the capture");
    }
}

/* What tshark takes to read all fields of a capture, of the processor. */
static double tshark_s(const char *path, size_t repeats)
{
    char command[512];
    write_capture(path, repeats);
    (void)snprintf(command, sizeof command, "tshark -r '%s' -V >/dev/null 2>&1", path);
    const double from_s = cpu_s(RUSAGE_CHILDREN);
    return system(command) == 0 ? cpu_s(RUSAGE_CHILDREN) - from_s : 0.0;
}

static void compare_tshark(const char *path, const struct kind *kind, double our_rate)
{
    make(kind);
    const double start_s = tshark_s(path, 0), all_s = tshark_s(path, TSHARK_REPEATS);
    if (all_s <= start_s) {
        printf("tshark: skipped, it is not there\n");
        return;
    }
    const double rate = TSHARK_REPEATS * DATAGRAMS * RECORDS / (all_s - start_s);
    printf("tshark -V on %s: %.4f M/s, 1/%.0f\n", kind->name, rate * 1e-6, our_rate / rate);
}

int main(int argc, char **argv)
{
    static const struct kind kinds[] = {{"048 full plots", 48, put_full_plot},
                                        {"048 primary plots", 48, put_primary_plot},
                                        {"021 reports", 21, put_report},
                                        {"062 system tracks", 62, put_track}};
    double rate[4] = {0};
    for (size_t i = 0; i < 4; i++) {
        rate[i] = time_kind(&kinds[i]);
    }
    if (argc > 1) {
        compare_tshark(argv[1], &kinds[0], rate[0]);
    }
    return 0;
}
