/*
 * replay FILE COUNT: writes a log of COUNT small inputs, as a station has them that stands in a
 * quiet place: of twenty, ten ticks, five fixes, four reads of a head that sees nothing, and one
 * word of that head on its source. What replaying it takes is then what each input costs before any
 * plot.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sky_journal.h"
#include "sky_station.h"
#include "skyh_feed.h"

struct sink {
    struct sky_journal_sink base;
    int file;
};

static struct sky_station station;
static struct sky_outbox outbox;
static struct sky_config config;
static const int64_t utc0_ns = INT64_C(1772400000) * SKY_SECOND_NS;
static const int64_t apart_ns = 50000000;

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "replay: %s\n", what);
    exit(1);
}

static int do_work(struct sky_journal_sink *base, const struct sky_journal_work *work)
{
    const struct sink *const sink = (const struct sink *)(const void *)base;
    const ssize_t written = pwrite(sink->file, work->bytes, work->count, (off_t)work->offset);
    if (written != (ssize_t)work->count) {
        return -EIO;
    }
    return work->step == SKY_JOURNAL_FINISH
               ? ftruncate(sink->file, (off_t)(work->offset + work->count))
               : 0;
}

static void configure(void)
{
    sky_config_default(&config);
    config.sensor_count = 1;
    sky_config_sensor_default(&config.sensor[0]);
    memcpy(config.sensor[0].name, "head", 5);
}

static void fill_fix(struct sky_input *input)
{
    input->kind = SKY_INPUT_GNSS;
    memcpy(input->source, "gpsd", 5);
    input->u.gnss = (struct sky_gnss_report){.mode = 3,
                                             .has_time = true,
                                             .utc_ns = utc0_ns + input->time_ns - apart_ns,
                                             .lat_deg = 20.1,
                                             .lon_deg = 2.9,
                                             .alt_hae_m = 600.0,
                                             .alt_msl_m = 570.0,
                                             .err_lon_m = 5.0,
                                             .err_lat_m = 5.0,
                                             .err_alt_m = 9.0,
                                             .err_time_s = 0.005,
                                             .satellites_used = 9};
}

static void fill_read(struct sky_input *input, uint16_t sequence)
{
    static uint8_t bytes[2 * SKY_REGS_BLOCK_WORDS_MAX];
    static struct skyh_registers registers;
    const struct skyh_head head = {.utc_ns = utc0_ns + input->time_ns,
                                   .sequence = sequence,
                                   .scan_ms = 1000,
                                   .time_sigma_ms = 1,
                                   .uptime_s = sequence};
    skyh_feed_registers(&head, NULL, 0, &registers);
    input->kind = SKY_INPUT_REGISTERS;
    memcpy(input->source, "modbus.head", 12);
    input->u.registers.bytes = bytes;
    input->u.registers.count = skyh_feed_block(&registers, bytes);
}

static void fill(struct sky_input *input, uint64_t seq)
{
    memset(input, 0, sizeof *input);
    input->seq = seq;
    input->time_ns = (int64_t)seq * apart_ns;
    input->realtime_ns = utc0_ns + input->time_ns;
    if (seq % 20 == 7) {
        input->kind = SKY_INPUT_SOURCE;
        memcpy(input->source, "modbus.head", 12);
        input->u.source_event.event = SKY_SOURCE_TORN;
        input->u.source_event.count = 1;
    } else if (seq % 20 < 4) {
        fill_read(input, (uint16_t)(seq / 20 * 4 + seq % 20));
    } else if (seq % 4 == 1 && seq % 20 > 4) {
        fill_fix(input);
    } else {
        input->kind = SKY_INPUT_TICK;
        input->u.tick.synchronised = true;
        input->u.tick.error_ns = 1000000;
    }
}

static void record(struct sky_journal *journal, const struct sky_input *input)
{
    const struct sky_utc_estimate utc = sky_station_utc(&station, input->time_ns);
    if (sky_journal_input(journal, input, &utc) != 0 ||
        sky_station_step(&station, input, &outbox) != SKY_OK) {
        die("an input cannot be recorded");
    }
    for (size_t i = 0; i < outbox.count; i++) {
        if (sky_journal_event(journal, &outbox.event[i]) != 0) {
            die("an event cannot be recorded");
        }
    }
}

int main(int argc, char **argv)
{
    static const struct sky_zone_set no_zones;
    struct sink sink = {.base = {.work = do_work}};
    const struct sky_journal_config journal_config = {.segment_bytes = UINT64_C(1) << 30,
                                                      .group_bytes = 65536,
                                                      .software = "bench",
                                                      .commit_interval_ns = SKY_SECOND_NS};
    struct sky_journal *journal = NULL;
    struct sky_input input;
    if (argc != 3) {
        die("usage: bench_replay FILE COUNT");
    }
    sink.file = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (sink.file < 0 || sky_journal_open(&journal_config, &sink.base, &journal) != 0) {
        die("the log cannot be made");
    }
    configure();
    sky_station_init(&station);
    memset(&input, 0, sizeof input);
    input.seq = 1;
    input.realtime_ns = utc0_ns;
    input.kind = SKY_INPUT_CONFIG;
    input.u.config.config = &config;
    input.u.config.zones = &no_zones;
    memcpy(input.u.config.software, "bench", 6);
    record(journal, &input);
    const uint64_t count = strtoull(argv[2], NULL, 10);
    for (uint64_t seq = 2; seq <= count; seq++) {
        fill(&input, seq);
        record(journal, &input);
    }
    if (sky_journal_close(journal) != 0 || close(sink.file) != 0) {
        die("the log cannot be closed");
    }
    return 0;
}
