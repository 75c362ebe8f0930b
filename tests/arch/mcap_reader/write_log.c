/*
 * Writes a finished log with every kind of record, through the journal and the store, and prints
 * `topic messages last-seq` for each topic.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sky_journal.h"
#include "sky_records.h"
#include "sky_store_posix.h"

enum { ROUNDS = 200 };

struct direct_sink {
    struct sky_journal_sink sink;
    struct sky_store *store;
};

static int work_at_once(struct sky_journal_sink *sink, const struct sky_journal_work *work)
{
    struct sky_store *store = ((struct direct_sink *)(void *)sink)->store;
    int error = 0;
    if (work->step == SKY_JOURNAL_BEGIN) {
        error = store->ops->begin(store, work->segment, work->segment_bytes);
    }
    if (error == 0) {
        error = store->ops->write(store, work->offset, work->bytes, work->count);
    }
    if (error == 0 && work->step == SKY_JOURNAL_FINISH) {
        error = store->ops->finish(store, work->offset + work->count);
    }
    return error;
}

static int write_record(struct sky_journal *journal, uint64_t *seed, enum sky_channel channel,
                        uint64_t *ret_seq)
{
    static struct records_lent lent;
    if (sky_codec_is_input(channel)) {
        struct sky_input input;
        struct sky_utc_estimate utc;
        records_input(seed, records_input_kind(channel), &lent, &input);
        records_utc(seed, &utc);
        *ret_seq = input.seq;
        return sky_journal_input(journal, &input, &utc);
    }
    struct sky_event event;
    records_event(seed, records_event_kind(channel), &event);
    *ret_seq = event.cause_seq;
    return sky_journal_event(journal, &event);
}

/* A round: every input and every event once. seq[channel] is set to what was written last. */
static int write_round(struct sky_journal *journal, uint64_t *seed, uint64_t seq[SKY_CHANNEL_END])
{
    int error = 0;
    for (int i = SKY_CHANNEL_CONFIG; error == 0 && i < SKY_CHANNEL_END; i++) {
        error = write_record(journal, seed, (enum sky_channel)i, &seq[i]);
    }
    return error;
}

static int write_log(struct sky_store *store, uint64_t seq[SKY_CHANNEL_END])
{
    struct direct_sink sink = {.sink.work = work_at_once, .store = store};
    static const uint8_t key_seed[SKY_ED25519_BYTES] = {1};
    struct sky_note_signer signer;
    if (sky_note_make_signer("station.example/1", SKY_NOTE_ED25519, key_seed, &signer) != SKY_OK) {
        return -EINVAL;
    }
    const struct sky_seal_config seal = {.signer = &signer, .checkpoint_ns = SKY_SECOND_NS};
    const struct sky_journal_config config = {.segment_bytes = 64 << 20,
                                              .seal = &seal,
                                              .group_bytes = 65536,
                                              .boot_id = "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab",
                                              .software = "write_log"};
    struct sky_journal *journal;
    uint64_t seed = 1;
    int error = sky_journal_open(&config, &sink.sink, &journal);
    if (error != 0) {
        return error;
    }
    for (int round = 0; round < ROUNDS && error == 0; round++) {
        error = write_round(journal, &seed, seq);
        if (error == 0 && round % 7 == 0) {
            error = sky_journal_commit(journal, false);
        }
    }
    const int closed = sky_journal_close(journal);
    return error != 0 ? error : closed;
}

int main(int count, char **arguments)
{
    struct sky_store_posix store;
    uint64_t seq[SKY_CHANNEL_END] = {0};
    if (count != 2) {
        (void)fprintf(stderr, "usage: write_log FILE\n");
        return 64;
    }
    int error = sky_store_posix_open_file(&store, arguments[1]);
    if (error == 0) {
        error = write_log(&store.store, seq);
        sky_store_posix_close(&store);
    }
    if (error != 0) {
        (void)fprintf(stderr, "%s: %s\n", arguments[1], strerror(-error));
        return 74;
    }
    for (unsigned i = SKY_CHANNEL_CONFIG; i < SKY_CHANNEL_END; i++) {
        (void)printf("%s %d %" PRIu64 "\n", sky_codec_topic((enum sky_channel)i), ROUNDS, seq[i]);
    }
    return 0;
}
