#include "skyd_sink.h"

#include <string.h>

#include "sky_report.h"

int skyd_sink_init(struct skyd_sink *sink, const struct skyd_sink_config *config)
{
    memset(sink, 0, sizeof *sink);
    sink->sender = config->sender;
    sink->period_ns = config->period_ns;
    return sky_sink_udp_init(&sink->udp, &config->udp);
}

static struct sky_asterix_block *next_block(struct skyd_sink_batch *batch)
{
    struct sky_asterix_block *const block = &batch->block[batch->count++];
    sky_asterix_write_begin(block);
    return block;
}

/* False if the track cannot be told. There is a block for all there can be. */
static bool put_track(const struct skyd_sink *sink, struct skyd_sink_batch *batch,
                      const struct sky_event_track *track, int64_t utc_ns)
{
    struct sky_asterix_block *block =
        batch->count > 0 ? &batch->block[batch->count - 1] : next_block(batch);
    enum sky_status status = sky_asterix_write_track(block, &sink->sender, track, utc_ns);
    if (status == SKY_E_CAPACITY && batch->count < SKYD_SINK_BLOCKS) {
        block = next_block(batch);
        status = sky_asterix_write_track(block, &sink->sender, track, utc_ns);
    }
    return status == SKY_OK;
}

/* Its last place once more, as that of a track that has ended. */
static void put_end(const struct skyd_sink *sink, struct skyd_sink_batch *batch,
                    struct skyd_sink_told *told)
{
    told->track.change = SKY_TRACK_NOW_LOST;
    (void)put_track(sink, batch, &told->track, told->utc_ns);
    told->track.id = 0;
}

static void put_slot(const struct skyd_sink *sink, const struct sky_station *station, size_t slot,
                     int64_t now_ns, int64_t utc_ns, struct skyd_sink_told *told,
                     struct skyd_sink_batch *batch)
{
    struct sky_event_track track;
    const bool there = sky_report_track_at(&station->engine, slot, now_ns, &track);
    if (told->track.id != 0 && (!there || track.id != told->track.id)) {
        put_end(sink, batch, told);
    }
    if (there) {
        track.change = told->track.id == 0 ? SKY_TRACK_NOW_CONFIRMED : SKY_TRACK_UPDATED;
        if (put_track(sink, batch, &track, utc_ns)) {
            told->track = track;
            told->utc_ns = utc_ns;
        }
    }
}

/* Where the next batch goes; if the log is too slow, in the place of the oldest that waits. */
static struct skyd_sink_batch *next_batch(struct skyd_sink *sink)
{
    if (sink->waiting == SKYD_SINK_WAITING) {
        sink->late += sink->batch[sink->first].count;
        sink->first = (sink->first + 1) % SKYD_SINK_WAITING;
        sink->waiting--;
    }
    return &sink->batch[(sink->first + sink->waiting) % SKYD_SINK_WAITING];
}

static void prepare(struct skyd_sink *sink, const struct sky_station *station, uint64_t seq,
                    int64_t now_ns)
{
    const struct sky_utc_estimate utc = sky_station_utc(station, now_ns);
    if (utc.state <= SKY_CLOCK_RTC) {
        return;
    }
    struct skyd_sink_batch *const batch = next_batch(sink);
    batch->seq = seq;
    batch->count = 0;
    for (size_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        put_slot(sink, station, slot, now_ns, utc.utc_ns, &sink->told[slot], batch);
    }
    sink->waiting += batch->count > 0;
}

/* Events follow the input that caused them: one after it proves that they are durable too. */
static void send_durable(struct skyd_sink *sink, uint64_t durable_seq)
{
    while (sink->waiting > 0 && sink->batch[sink->first].seq < durable_seq) {
        const struct skyd_sink_batch *const batch = &sink->batch[sink->first];
        for (uint32_t i = 0; i < batch->count; i++) {
            sky_sink_udp_send(&sink->udp, batch->block[i].bytes, batch->block[i].count);
        }
        sink->first = (sink->first + 1) % SKYD_SINK_WAITING;
        sink->waiting--;
    }
}

void skyd_sink_turn(struct skyd_sink *sink, const struct sky_station *station, uint64_t seq,
                    int64_t now_ns, uint64_t durable_seq)
{
    if (now_ns >= sink->next_ns) {
        sink->next_ns += sink->period_ns;
        if (sink->next_ns <= now_ns) {
            sink->next_ns = now_ns + sink->period_ns; /* what is past is not made up for */
        }
        prepare(sink, station, seq, now_ns);
    }
    send_durable(sink, durable_seq);
    if (sink->udp.failed > sink->said_failed) {
        sink->said_failed = sink->udp.failed;
        skyd_say_limited(&sink->limit, now_ns, SKYD_WARNING,
                         "sink: %llu datagrams could not be sent so far: %s",
                         (unsigned long long)sink->udp.failed, strerror(-sink->udp.error));
    }
}

void skyd_sink_close(struct skyd_sink *sink)
{
    sky_sink_udp_close(&sink->udp);
    skyd_say(SKYD_INFO, "sink: %llu datagrams sent, %llu could not be, %llu came too late",
             (unsigned long long)sink->udp.sent, (unsigned long long)sink->udp.failed,
             (unsigned long long)sink->late);
}
