#include "skyh_recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "sky_journal.h"
#include "sky_station.h"
#include "sky_store_posix.h"
#include "skyh_notefile.h"

static const int64_t boot_ns = 100 * SKY_SECOND_NS; /* station time at time 0 */
static const int64_t commit_ns = SKY_SECOND_NS;
static const int64_t epoch_ns = 900 * SKY_SECOND_NS; /* as a station's, if not configured */
static const int64_t checkpoint_ns = 60 * SKY_SECOND_NS;

/* Groups go to the store at once: nobody waits for them. */
struct sink {
    struct sky_journal_sink base;
    struct sky_store *store;
    struct skyh_recorded *recorded;
};

struct skyh_recorder {
    struct skyh_recording recording;
    const char *out;
    struct sink sink;
    struct sky_store_posix store;
    struct sky_journal *journal;
    struct sky_note_signer signer; /* if there is a key */
    struct skyh_recorded recorded;
    uint64_t seq;
    int64_t committed_ns;
    struct sky_station station;
    struct sky_outbox outbox;
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
int skyh_recorder_take(struct skyh_recorder *recorder, struct sky_input *input, int64_t time_ns,
                       const char *source)
{
    input->seq = ++recorder->seq;
    input->time_ns = boot_ns + time_ns;
    input->realtime_ns = recorder->recording.start_utc_ns + time_ns;
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

static void boot_id_of(uint64_t boot, char boot_id[37])
{
    (void)snprintf(boot_id, 37, "00000000-0000-4000-8000-%012" PRIx64,
                   boot & UINT64_C(0xFFFFFFFFFFFF));
}

static int record_config(struct skyh_recorder *recorder)
{
    const struct skyh_recording *const recording = &recorder->recording;
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.kind = SKY_INPUT_CONFIG;
    input.u.config.config = recording->config;
    input.u.config.zones = &recording->zones->set;
    input.u.config.zone_bytes = recording->zones->bytes;
    input.u.config.zone_byte_count = recording->zones->count;
    boot_id_of(recording->boot, input.u.config.boot_id);
    (void)snprintf(input.u.config.software, sizeof input.u.config.software, "skywitness %s %s",
                   SKY_VERSION, recording->how);
    return skyh_recorder_take(recorder, &input, 0, "");
}

int skyh_recorder_tick(struct skyh_recorder *recorder, int64_t time_ns, bool synchronised,
                       int64_t error_ns)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.kind = SKY_INPUT_TICK;
    input.u.tick.synchronised = synchronised;
    input.u.tick.error_ns = error_ns;
    return skyh_recorder_take(recorder, &input, time_ns, "");
}

int skyh_recorder_source(struct skyh_recorder *recorder, int64_t time_ns, const char *source,
                         enum sky_source_event event, const char *detail)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.kind = SKY_INPUT_SOURCE;
    input.u.source_event.event = event;
    (void)snprintf(input.u.source_event.detail, SKY_DETAIL_MAX, "%s", detail);
    return skyh_recorder_take(recorder, &input, time_ns, source);
}

static bool is_file_name(const char *out)
{
    const size_t length = strlen(out);
    return length > 5 && strcmp(out + length - 5, ".mcap") == 0;
}

static bool open_store(struct skyh_recorder *recorder, const char *out,
                       struct skyh_problem *problem)
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

/* What the log is sealed with. */
static bool make_seal(struct skyh_recorder *recorder, struct sky_seal_config *ret_seal,
                      struct skyh_problem *problem)
{
    const char *const key = recorder->recording.key;
    memset(ret_seal, 0, sizeof *ret_seal);
    if (key == NULL) {
        return true;
    }
    ret_seal->signer = &recorder->signer;
    ret_seal->epoch_ns = epoch_ns;
    ret_seal->checkpoint_ns = checkpoint_ns;
    if (getrandom(ret_seal->epoch_seed, sizeof ret_seal->epoch_seed, 0) < 0 ||
        getrandom(ret_seal->salt_seed, sizeof ret_seal->salt_seed, 0) < 0) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "no random numbers: %s", strerror(errno));
    }
    return skyh_notefile_signer(key, SKY_NOTE_ED25519, &recorder->signer, problem);
}

static bool open_journal(struct skyh_recorder *recorder, const char *out,
                         struct skyh_problem *problem)
{
    struct sky_journal_config config;
    struct sky_seal_config seal;
    if (!make_seal(recorder, &seal, problem)) {
        return false;
    }
    memset(&config, 0, sizeof config);
    config.seal = &seal;
    config.segment_bytes = is_file_name(out) ? UINT64_C(1) << 30 : UINT64_C(16) << 20;
    config.first_segment = 1;
    config.group_bytes = (size_t)1 << 20;
    config.commit_interval_ns = (uint64_t)commit_ns;
    boot_id_of(recorder->recording.boot, config.boot_id);
    (void)snprintf(config.software, sizeof config.software, "skywitness %s %s", SKY_VERSION,
                   recorder->recording.how);
    recorder->sink = (struct sink){
        .base = {.work = do_work},
        .store = &recorder->store.store,
        .recorded = &recorder->recorded,
    };
    const int error = sky_journal_open(&config, &recorder->sink.base, &recorder->journal);
    explicit_bzero(&seal, sizeof seal);
    return error == 0 ||
           skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: journal: %s", out, strerror(-error));
}

bool skyh_recorder_open(const struct skyh_recording *recording, const char *out,
                        struct skyh_recorder **ret_recorder, struct skyh_problem *problem)
{
    struct skyh_recorder *const recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", out);
    }
    recorder->recording = *recording;
    recorder->out = out;
    sky_station_init(&recorder->station);
    if (!open_store(recorder, out, problem)) {
        free(recorder);
        return false;
    }
    if (!open_journal(recorder, out, problem)) {
        sky_store_posix_close(&recorder->store);
        sky_note_forget(&recorder->signer);
        free(recorder);
        return false;
    }
    const int error = record_config(recorder);
    if (error != 0) {
        struct skyh_recorded unused;
        return skyh_recorder_close(recorder, error, &unused, problem);
    }
    *ret_recorder = recorder;
    return true;
}

bool skyh_recorder_close(struct skyh_recorder *recorder, int error,
                         struct skyh_recorded *ret_recorded, struct skyh_problem *problem)
{
    const int closed = sky_journal_close(recorder->journal);
    const int first = error != 0 ? error : closed;
    const bool done =
        first == 0 || skyh_fail(problem, first == -EPROTO ? SKYH_EXIT_SOFTWARE : SKYH_EXIT_IO,
                                "%s: %s", recorder->out, strerror(-first));
    if (done) {
        *ret_recorded = recorder->recorded;
    }
    sky_store_posix_close(&recorder->store);
    sky_note_forget(&recorder->signer);
    free(recorder);
    return done;
}
