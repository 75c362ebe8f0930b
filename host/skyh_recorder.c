#include "skyh_recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sky_journal.h"
#include "sky_station.h"
#include "sky_store_posix.h"

static const int64_t boot_ns = 100 * SKY_SECOND_NS; /* station time at the scenario's start */
static const int64_t commit_ns = SKY_SECOND_NS;
static const int64_t unsynchronised_ns = 16 * SKY_SECOND_NS; /* what Linux says then */

/* Groups go to the store at once: nobody waits for them, and nothing is evidence. */
struct sink {
    struct sky_journal_sink base;
    struct sky_store *store;
    struct skyh_recorded *recorded;
};

struct recorder {
    struct skyh_world *world;
    const struct skyh_zonefile *zones;
    struct sink sink;
    struct sky_store_posix store;
    struct sky_journal *journal;
    struct skyh_recorded recorded;
    uint64_t seq;
    int64_t committed_ns;
    struct sky_station station;
    struct sky_outbox outbox;
    char tpv[SKYH_TPV_MAX];
    uint8_t block[2 * SKY_REGS_BLOCK_WORDS_MAX];
};

static int do_work(struct sky_journal_sink *base, const struct sky_journal_work *work)
{
    const struct sink *const sink = (const struct sink *)base;
    struct sky_store *const store = sink->store;
    int error = 0;
    sink->recorded->bytes += work->count;
    switch (work->step) {
    case SKY_JOURNAL_BEGIN:
        sink->recorded->segments++;
        error = store->ops->begin(store, work->segment, work->segment_bytes);
        return error != 0 ? error
                          : store->ops->write(store, work->offset, work->bytes, work->count);
    case SKY_JOURNAL_GROUP:
        return store->ops->write(store, work->offset, work->bytes, work->count);
    case SKY_JOURNAL_FINISH:
        error = store->ops->write(store, work->offset, work->bytes, work->count);
        return error != 0 ? error : store->ops->finish(store, work->offset + work->count);
    }
    return -EINVAL;
}

/* Record before act, as skyd_loop does. */
static int process(struct recorder *recorder, struct sky_input *input, int64_t time_ns,
                   const char *source)
{
    input->seq = ++recorder->seq;
    input->time_ns = boot_ns + time_ns;
    input->realtime_ns = recorder->world->start_utc_ns + time_ns;
    (void)snprintf(input->source, sizeof input->source, "%s", source);
    const struct sky_utc_estimate utc = sky_station_utc(&recorder->station, input->time_ns);
    int error = sky_journal_input(recorder->journal, input, &utc);
    if (error == 0 && sky_station_step(&recorder->station, input, &recorder->outbox) != SKY_OK) {
        error = -EPROTO;
    }
    for (size_t i = 0; error == 0 && i < recorder->outbox.count; i++) {
        error = sky_journal_event(recorder->journal, &recorder->outbox.event[i]);
    }
    recorder->recorded.inputs++;
    recorder->recorded.events += recorder->outbox.count;
    if (error == 0 && time_ns - recorder->committed_ns >= commit_ns) {
        recorder->committed_ns = time_ns;
        error = sky_journal_commit(recorder->journal, false);
    }
    return error;
}

static void boot_id_of(uint32_t seed, char boot_id[37])
{
    (void)snprintf(boot_id, 37, "00000000-0000-4000-8000-%012x", seed);
}

static int record_config(struct recorder *recorder)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.kind = SKY_INPUT_CONFIG;
    input.u.config.config = &recorder->world->scenario->config;
    input.u.config.zones = &recorder->zones->set;
    input.u.config.zone_bytes = recorder->zones->bytes;
    input.u.config.zone_byte_count = recorder->zones->count;
    boot_id_of(recorder->world->scenario->seed, input.u.config.boot_id);
    (void)snprintf(input.u.config.software, sizeof input.u.config.software,
                   "skywitness %s simulated", SKY_VERSION);
    return process(recorder, &input, 0, "");
}

static int record_tick(struct recorder *recorder, int64_t time_ns)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.kind = SKY_INPUT_TICK;
    input.u.tick.error_ns = unsynchronised_ns;
    return process(recorder, &input, time_ns, "");
}

static int record_source(struct recorder *recorder, int64_t time_ns, const char *source,
                         enum sky_source_event event, const char *detail)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.kind = SKY_INPUT_SOURCE;
    input.u.source_event.event = event;
    (void)snprintf(input.u.source_event.detail, SKY_DETAIL_MAX, "%s", detail);
    return process(recorder, &input, time_ns, source);
}

static int record_emission(struct recorder *recorder, const struct skyh_emission *emission)
{
    const char *const source = skyh_scenario_source(recorder->world->scenario, emission->source);
    struct sky_input input;
    memset(&input, 0, sizeof input);
    switch (emission->kind) {
    case SKYH_EMIT_SOURCE:
        return record_source(recorder, emission->time_ns, source, emission->event,
                             emission->event == SKY_SOURCE_UP ? "simulated" : "fault in scenario");
    case SKYH_EMIT_EPOCH:
        input.kind = SKY_INPUT_GNSS;
        input.u.gnss = skyh_feed_report(emission->epoch, recorder->tpv,
                                        skyh_feed_tpv(emission->epoch, recorder->tpv));
        break;
    case SKYH_EMIT_DATAGRAM:
        input.kind = SKY_INPUT_DATAGRAM;
        input.u.datagram.bytes = emission->datagram;
        input.u.datagram.count = emission->datagram_bytes;
        break;
    case SKYH_EMIT_REGISTERS:
        input.kind = SKY_INPUT_REGISTERS;
        input.u.registers.sensor = emission->source - 1;
        input.u.registers.bytes = recorder->block;
        input.u.registers.count = skyh_feed_block(emission->registers, recorder->block);
        break;
    }
    return process(recorder, &input, emission->time_ns, source);
}

/* Emissions and ticks, in order of time; then the station stops in good order. */
static int record_world(struct recorder *recorder)
{
    const struct skyh_scenario *const scenario = recorder->world->scenario;
    const int64_t tick_ns = scenario->config.tick_ns;
    struct skyh_progress progress;
    struct skyh_emission emission;
    int64_t next_tick_ns = tick_ns;
    int error = record_config(recorder);
    skyh_progress_begin(&progress, "simulating");
    while (error == 0 && skyh_world_next(recorder->world, &emission)) {
        for (; error == 0 && next_tick_ns <= emission.time_ns; next_tick_ns += tick_ns) {
            error = record_tick(recorder, next_tick_ns);
        }
        if (error == 0) {
            error = record_emission(recorder, &emission);
        }
        skyh_progress_update(&progress, (double)emission.time_ns / (double)scenario->duration_ns,
                             "");
    }
    for (; error == 0 && next_tick_ns <= scenario->duration_ns; next_tick_ns += tick_ns) {
        error = record_tick(recorder, next_tick_ns);
    }
    if (error == 0) {
        error = record_source(recorder, scenario->duration_ns, "", SKY_SOURCE_SHUTDOWN, "");
    }
    skyh_progress_end(&progress);
    return error;
}

static bool is_file_name(const char *out)
{
    const size_t length = strlen(out);
    return length > 5 && strcmp(out + length - 5, ".mcap") == 0;
}

static bool open_store(struct recorder *recorder, const char *out, struct skyh_problem *problem)
{
    int any = 0;
    uint64_t last = 0;
    if (is_file_name(out)) {
        const int error = sky_store_posix_open_file(&recorder->store, out);
        return error == 0 ||
               skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", out, strerror(-error));
    }
    if (mkdir(out, 0777) != 0 && errno != EEXIST) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", out, strerror(errno));
    }
    int error = sky_store_posix_open(&recorder->store, out);
    if (error != 0) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", out,
                         error == -EBUSY ? "another process records there" : strerror(-error));
    }
    error = recorder->store.store.ops->last(&recorder->store.store, &any, &last);
    if (error != 0 || any != 0) {
        sky_store_posix_close(&recorder->store);
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s; expected a new or empty directory",
                         out, error != 0 ? strerror(-error) : "holds a log already");
    }
    return true;
}

static bool open_journal(struct recorder *recorder, const char *out, struct skyh_problem *problem)
{
    struct sky_journal_config config;
    memset(&config, 0, sizeof config);
    config.segment_bytes = is_file_name(out) ? UINT64_C(1) << 30 : UINT64_C(16) << 20;
    config.first_segment = 1;
    config.group_bytes = (size_t)1 << 20;
    config.commit_interval_ns = (uint64_t)commit_ns;
    boot_id_of(recorder->world->scenario->seed, config.boot_id);
    (void)snprintf(config.software, sizeof config.software, "skywitness %s simulated", SKY_VERSION);
    recorder->sink = (struct sink){
        .base = {.work = do_work},
        .store = &recorder->store.store,
        .recorded = &recorder->recorded,
    };
    const int error = sky_journal_open(&config, &recorder->sink.base, &recorder->journal);
    return error == 0 ||
           skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: journal: %s", out, strerror(-error));
}

bool skyh_recorder_run(struct skyh_world *world, const struct skyh_zonefile *zones, const char *out,
                       struct skyh_recorded *ret_recorded, struct skyh_problem *problem)
{
    struct recorder *const recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", out);
    }
    recorder->world = world;
    recorder->zones = zones;
    sky_station_init(&recorder->station);
    bool done = open_store(recorder, out, problem);
    if (done) {
        done = open_journal(recorder, out, problem);
        if (done) {
            int error = record_world(recorder);
            const int closed = sky_journal_close(recorder->journal);
            error = error != 0 ? error : closed;
            done = error == 0 || skyh_fail(problem, SKYH_EXIT_IO, "%s: %s", out, strerror(-error));
        }
        sky_store_posix_close(&recorder->store);
    }
    if (done) {
        *ret_recorded = recorder->recorded;
    }
    free(recorder);
    return done;
}
