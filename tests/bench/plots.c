/*
 * plots LOG...: how fast the station takes radar plots, here and on one thread. A LOG is one run,
 * as `skywitness import` makes it.
 * plots --count LOG: its steps once, for a tool that counts the instructions of run_steps.
 *
 * A log is read and decoded into the engine's steps before anything is timed, so the headline
 * figure is the engine's alone: tracking, assessing every zone, events into the outbox, fixes and
 * ticks. What reading the lines costs is measured apart. Before the rounds the events are packed
 * and digested, once from these steps and once from sky_station_step on the inputs as they were
 * received: if the two differ, what is timed is not what a station does, and nothing is printed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sky_codec.h"
#include "sky_gnss.h"
#include "sky_rows.h"
#include "sky_station.h"
#include "skyh_log.h"

enum { ROUNDS = 7 };

/* One log. Lives until the program ends. */
struct flight {
    char name[32];
    struct sky_zone_set zones;
    struct sky_config config;
    struct sky_input *input; /* the first is its CONFIG */
    size_t input_count;
    struct sky_step *step; /* those of the inputs behind it */
    size_t step_count;
    size_t plot_count;
    int64_t *least_ns; /* by step: the least of all rounds */
    int64_t worst_ns;  /* in any round */
};

/* What a round took, in nanoseconds. */
struct cost {
    int64_t engine_ns[ROUNDS];  /* decoded plots, the log's own zones: of processor time */
    int64_t bare_ns[ROUNDS];    /* the same without any zone */
    int64_t station_ns[ROUNDS]; /* lines of text, the log's own zones */
    int64_t rows_ns[ROUNDS];    /* the lines alone */
};

static struct sky_station station;
static struct sky_outbox outbox;
static struct sky_plot decoded[SKY_PLOTS_MAX];

static _Noreturn void die(const char *file, const char *what)
{
    (void)fprintf(stderr, "plots: %s: %s\n", file, what);
    exit(1);
}

static void *keep(size_t bytes)
{
    void *const kept = malloc(bytes > 0 ? bytes : 1);
    if (kept == NULL) {
        die("memory", "there is no more");
    }
    return kept;
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * SKY_SECOND_NS + now.tv_nsec;
}

/* ------------------------------------------------------------------------------- reading a log */

static struct sky_step *add_step(struct flight *flight, const struct sky_input *input,
                                 enum sky_step_kind kind)
{
    struct sky_step *const grown =
        realloc(flight->step, (flight->step_count + 1) * sizeof *flight->step);
    if (grown == NULL) {
        die(flight->name, "out of memory");
    }
    flight->step = grown;
    struct sky_step *const step = &grown[flight->step_count++];
    *step = (struct sky_step){.seq = input->seq,
                              .time_ns = input->time_ns,
                              .realtime_ns = input->realtime_ns,
                              .kind = kind};
    return step;
}

/* One step per sensor, as the station makes them. */
static void add_plots(struct flight *flight, const struct sky_input *input, size_t count)
{
    for (uint32_t sensor = 0; sensor < flight->config.sensor_count; sensor++) {
        struct sky_plot *const plot = keep(count * sizeof *plot);
        size_t of_sensor = 0;
        for (size_t i = 0; i < count; i++) {
            if (decoded[i].sensor == sensor) {
                plot[of_sensor++] = decoded[i];
            }
        }
        if (of_sensor == 0) {
            free(plot);
            continue;
        }
        struct sky_step *const step = add_step(flight, input, SKY_STEP_PLOTS);
        step->plot = plot;
        step->count = of_sensor;
        flight->plot_count += of_sensor;
    }
}

/* Every whole line of text; returns how many hold a plot. */
static size_t decode_rows(const struct sky_config *config, const struct sky_input *input,
                          struct sky_plot ret_plot[SKY_PLOTS_MAX])
{
    const char *row = input->u.plot_rows.text;
    const char *const end = row + input->u.plot_rows.count;
    struct sky_row_fault fault;
    size_t count = 0;

    while (row < end && count < SKY_PLOTS_MAX) {
        const char *const feed = memchr(row, '\n', (size_t)(end - row));
        const char *const stop = feed != NULL ? feed : end;
        if (sky_rows_plot(config, input->u.plot_rows.epoch_utc_ns, row, (size_t)(stop - row),
                          &ret_plot[count], &fault) == SKY_OK) {
            count++;
        }
        row = stop + 1;
    }
    return count;
}

static void add_fix(struct flight *flight, const struct sky_input *input)
{
    struct sky_gnss_fix *const fix = keep(sizeof *fix);
    const char *item = NULL;
    if (sky_gnss_decode(&input->u.gnss, fix, &item) == SKY_OK) {
        add_step(flight, input, SKY_STEP_GNSS)->fix = fix;
    } else {
        free(fix);
    }
}

static void add_steps(struct flight *flight, const struct sky_input *input)
{
    switch (input->kind) {
    case SKY_INPUT_CONFIG:
        flight->config = *input->u.config.config;
        flight->zones = *input->u.config.zones;
        break;
    case SKY_INPUT_TICK: {
        struct sky_step *const step = add_step(flight, input, SKY_STEP_TICK);
        step->synchronised = input->u.tick.synchronised;
        step->error_ns = input->u.tick.error_ns;
        break;
    }
    case SKY_INPUT_GNSS:
        add_fix(flight, input);
        break;
    case SKY_INPUT_PLOT_ROWS:
        add_plots(flight, input, decode_rows(&flight->config, input, decoded));
        break;
    case SKY_INPUT_SOURCE:
        if (input->u.source_event.event == SKY_SOURCE_SHUTDOWN) {
            (void)add_step(flight, input, SKY_STEP_SHUTDOWN);
        }
        break;
    case SKY_INPUT_REGISTERS:
    case SKY_INPUT_DATAGRAM:
        die(flight->name, "has registers or datagrams; expected an imported log");
    case SKY_INPUT_CLOCK_STEP:
    case SKY_INPUT_REGISTER_MAP:
        break;
    }
}

/* What an input borrows must outlive the arena it was unpacked in. */
static void keep_input(struct flight *flight, struct sky_input input)
{
    if (input.kind == SKY_INPUT_GNSS) {
        input.u.gnss.json = NULL;
        input.u.gnss.json_bytes = 0;
    }
    if (input.kind == SKY_INPUT_PLOT_ROWS) {
        char *const text = keep(input.u.plot_rows.count);
        memcpy(text, input.u.plot_rows.text, input.u.plot_rows.count);
        input.u.plot_rows.text = text;
    }
    struct sky_input *const grown =
        realloc(flight->input, (flight->input_count + 1) * sizeof *flight->input);
    if (grown == NULL) {
        die(flight->name, "out of memory");
    }
    flight->input = grown;
    flight->input[flight->input_count++] = input;
}

static struct sky_arena new_arena(void)
{
    return (struct sky_arena){.bytes = keep(SKY_CODEC_ARENA_BYTES),
                              .capacity = SKY_CODEC_ARENA_BYTES};
}

static void take_record(struct flight *flight, const struct sky_scan_item *item,
                        struct sky_arena *arena)
{
    const bool begins = item->channel == SKY_CHANNEL_CONFIG;
    struct sky_arena lasting = begins ? new_arena() : *arena;
    struct sky_input input;
    struct sky_utc_estimate utc;

    if (begins != (flight->input_count == 0) ||
        sky_codec_unpack_input(item->channel, item->bytes, item->count, begins ? &lasting : arena,
                               &input, &utc) != SKY_OK) {
        die(flight->name, "cannot be read; expected one sound run");
    }
    keep_input(flight, input);
    add_steps(flight, &flight->input[flight->input_count - 1]);
}

/* ".../dense50.s1.mcap" is called "dense50.s1". */
static void name_flight(struct flight *flight, const char *file)
{
    const char *const slash = strrchr(file, '/');
    (void)snprintf(flight->name, sizeof flight->name, "%s", slash != NULL ? slash + 1 : file);
    char *const ending = strstr(flight->name, ".mcap");
    if (ending != NULL) {
        *ending = '\0';
    }
}

static void read_flight(struct flight *flight, const char *file)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct skyh_log_item item;
    struct sky_arena arena = new_arena();

    memset(flight, 0, sizeof *flight);
    name_flight(flight, file);
    if (!skyh_log_open(&log, file, &problem)) {
        die("log", problem.text);
    }
    while (skyh_log_next(&log, &item)) {
        if (item.scan.found == SKY_SCAN_RECORD && sky_codec_is_input(item.scan.channel)) {
            take_record(flight, &item.scan, &arena);
        }
    }
    skyh_log_close(&log);
    free(arena.bytes);
    if (flight->plot_count == 0) {
        die(file, "holds no plot");
    }
}

/* ------------------------------------------------------------------------------- what came out */

struct digest {
    uint64_t fnv1a;
    uint64_t events;
};

/* Rejects are left out: only the station can say which adapter brought them. */
static void add_events(struct digest *digest)
{
    uint8_t packed[3072]; /* sky_codec packs no event into more */
    enum sky_channel channel;
    size_t count = 0;

    for (size_t i = 0; i < outbox.count; i++) {
        if (outbox.event[i].kind == SKY_EVENT_REJECT) {
            continue;
        }
        if (sky_codec_pack_event(&outbox.event[i], packed, sizeof packed, &channel, &count) !=
            SKY_OK) {
            die("event", "cannot be packed");
        }
        for (size_t b = 0; b < count; b++) {
            digest->fnv1a = (digest->fnv1a ^ packed[b]) * UINT64_C(1099511628211);
        }
        digest->events++;
    }
}

static void begin_engine(const struct flight *flight, const struct sky_zone_set *zones)
{
    sky_engine_init(&station.engine, &flight->config, zones, flight->input[0].time_ns);
}

static void step(const struct sky_step *of)
{
    outbox.count = 0;
    if (sky_engine_step(&station.engine, of, &outbox) != SKY_OK) {
        die("engine", "refuses a step");
    }
}

static struct digest digest_of_engine(const struct flight *flight)
{
    struct digest digest = {.fnv1a = UINT64_C(14695981039346656037)};
    begin_engine(flight, &flight->zones);
    for (size_t i = 0; i < flight->step_count; i++) {
        step(&flight->step[i]);
        add_events(&digest);
    }
    return digest;
}

static void step_station(const struct sky_input *input)
{
    if (sky_station_step(&station, input, &outbox) != SKY_OK) {
        die("station", "refuses an input");
    }
}

static struct digest digest_of_station(const struct flight *flight)
{
    struct digest digest = {.fnv1a = UINT64_C(14695981039346656037)};
    sky_station_init(&station);
    for (size_t i = 0; i < flight->input_count; i++) {
        step_station(&flight->input[i]);
        add_events(&digest);
    }
    return digest;
}

/* ----------------------------------------------------------------------------------- the rounds */

/* The loop whose instructions are counted: all that is in it is the engine's. */
static __attribute__((noinline)) void run_steps(const struct flight *flight)
{
    for (size_t i = 0; i < flight->step_count; i++) {
        step(&flight->step[i]);
    }
}

static int64_t time_engine(const struct flight *flight, const struct sky_zone_set *zones)
{
    begin_engine(flight, zones);
    const int64_t begin_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    run_steps(flight);
    return now_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
}

static int64_t time_station(const struct flight *flight)
{
    sky_station_init(&station);
    step_station(&flight->input[0]);
    const int64_t begin_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 1; i < flight->input_count; i++) {
        step_station(&flight->input[i]);
    }
    return now_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
}

static int64_t time_rows(const struct flight *flight)
{
    size_t count = 0;
    const int64_t begin_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 1; i < flight->input_count; i++) {
        if (flight->input[i].kind == SKY_INPUT_PLOT_ROWS) {
            count += decode_rows(&flight->config, &flight->input[i], decoded);
        }
    }
    const int64_t took_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
    if (count != flight->plot_count) {
        die(flight->name, "lines decode differently the second time");
    }
    return took_ns;
}

/* By the wall: what a step waits for counts, so the least of all rounds is kept beside it. */
static void time_each_step(struct flight *flight, bool first)
{
    begin_engine(flight, &flight->zones);
    for (size_t i = 0; i < flight->step_count; i++) {
        const int64_t begin_ns = now_ns(CLOCK_MONOTONIC);
        step(&flight->step[i]);
        const int64_t took_ns = now_ns(CLOCK_MONOTONIC) - begin_ns;
        if (first || took_ns < flight->least_ns[i]) {
            flight->least_ns[i] = took_ns;
        }
        if (took_ns > flight->worst_ns) {
            flight->worst_ns = took_ns;
        }
    }
}

static struct cost measure(struct flight *flight)
{
    const struct sky_zone_set no_zones = {0};
    struct cost cost;

    memset(&cost, 0, sizeof cost);
    flight->least_ns = keep(flight->step_count * sizeof *flight->least_ns);
    for (size_t round = 0; round < ROUNDS; round++) {
        cost.engine_ns[round] = time_engine(flight, &flight->zones);
        cost.bare_ns[round] = time_engine(flight, &no_zones);
        cost.station_ns[round] = time_station(flight);
        cost.rows_ns[round] = time_rows(flight);
        time_each_step(flight, round == 0);
    }
    return cost;
}

/* ------------------------------------------------------------------------------------- printing */

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double median_s(int64_t took_ns[ROUNDS])
{
    qsort(took_ns, ROUNDS, sizeof took_ns[0], compare);
    return (double)took_ns[ROUNDS / 2] * 1e-9;
}

static double least_s(const int64_t sorted_ns[ROUNDS]) { return (double)sorted_ns[0] * 1e-9; }

static double total_us(const struct flight *flight, enum sky_step_kind kind, bool mean)
{
    double sum_ns = 0.0;
    size_t count = 0;
    for (size_t i = 0; i < flight->step_count; i++) {
        if (flight->step[i].kind == kind) {
            sum_ns += (double)flight->least_ns[i];
            count++;
        }
    }
    return sum_ns * 1e-3 / (mean && count > 0 ? (double)count : 1.0);
}

static void print_head(void)
{
    (void)printf("%-20s %6s %6s %9s %9s %9s %9s %8s %8s %8s %8s %8s %8s %9s %9s  %-16s\n", "",
                 "plots", "steps", "plots/s", "best", "no zones", "with text", "row ns", "plot us",
                 "tick us", "50 %us", "99.9 %us", "worst us", "once us", "events", "digest");
}

static void print_flight(struct flight *flight, struct cost *cost, const struct digest *digest)
{
    const double plots = (double)flight->plot_count;
    const double engine_s = median_s(cost->engine_ns);
    const double plot_us = total_us(flight, SKY_STEP_PLOTS, true);
    const double tick_us = total_us(flight, SKY_STEP_TICK, true);
    int64_t *const sorted = flight->least_ns;

    qsort(sorted, flight->step_count, sizeof sorted[0], compare);
    (void)printf("%-20s %6zu %6zu %9.0f %9.0f %9.0f %9.0f %8.0f %8.2f %8.2f %8.2f %8.1f %8.1f "
                 "%9.1f %9" PRIu64 "  %016" PRIx64 "\n",
                 flight->name, flight->plot_count, flight->step_count, plots / engine_s,
                 plots / least_s(cost->engine_ns), plots / median_s(cost->bare_ns),
                 plots / median_s(cost->station_ns), median_s(cost->rows_ns) / plots * 1e9, plot_us,
                 tick_us, (double)sorted[flight->step_count / 2] * 1e-3,
                 (double)sorted[(flight->step_count - 1) * 999 / 1000] * 1e-3,
                 (double)sorted[flight->step_count - 1] * 1e-3, (double)flight->worst_ns * 1e-3,
                 digest->events, digest->fnv1a);
}

static void print_memory(void)
{
    (void)printf(
        "\nmemory of %d tracks, %d zones with %d lines, %d radars: engine %zu bytes (limit "
        "%u), of which tracker %zu;\noutbox %zu bytes of addresses, touched as far as one "
        "step's events reach\n",
        SKY_TRACKS_MAX, SKY_ZONES_MAX, SKY_LINES_MAX, SKY_SENSORS_MAX, sizeof(struct sky_engine),
        8U << 20, sizeof(struct sky_tracker), sizeof(struct sky_outbox));
}

static void take_flight(const char *file)
{
    struct flight flight;
    read_flight(&flight, file);
    const struct digest digest = digest_of_engine(&flight), check = digest_of_station(&flight);
    if (digest.fnv1a != check.fnv1a || digest.events != check.events) {
        die(file, "these steps are not what the station makes of the log");
    }
    struct cost cost = measure(&flight);
    print_flight(&flight, &cost, &digest);
}

static int count_once(const char *file)
{
    struct flight flight;
    read_flight(&flight, file);
    const int64_t span_ns = flight.step[flight.step_count - 1].time_ns - flight.step[0].time_ns;
    begin_engine(&flight, &flight.zones);
    run_steps(&flight);
    (void)printf("%zu %.3f\n", flight.plot_count, (double)span_ns * 1e-9);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--count") == 0) {
        return count_once(argv[2]);
    }
    if (argc < 2) {
        (void)fprintf(stderr, "plots: usage: plots [--count] LOG...\n");
        return 64;
    }
    print_head();
    for (int i = 1; i < argc; i++) {
        take_flight(argv[i]);
        (void)fflush(stdout);
    }
    print_memory();
    return 0;
}
