#include "skyd_loop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static const int64_t backoff_first_ns = SKY_SECOND_NS / 2;
static const int64_t backoff_most_ns = 30 * SKY_SECOND_NS;
static const int64_t rest_most_ns = 2 * SKY_SECOND_NS;
static const int64_t step_least_ns = SKY_SECOND_NS / 2;

static int64_t earlier(int64_t a_ns, int64_t b_ns) { return a_ns < b_ns ? a_ns : b_ns; }

/* What a zone sees must be durable at once; everything else may wait for the group to fill. */
static bool is_urgent(const struct sky_event *event)
{
    const enum sky_incident_change change = event->u.incident.change;
    return event->kind == SKY_EVENT_ALERT ||
           (event->kind == SKY_EVENT_INCIDENT &&
            (change == SKY_INCIDENT_OPENED || change == SKY_INCIDENT_CROSSED ||
             change == SKY_INCIDENT_NOW_CLOSED));
}

static void count_incident(struct skyd_loop *loop, const struct sky_event *event)
{
    if (event->kind == SKY_EVENT_INCIDENT && event->u.incident.change == SKY_INCIDENT_OPENED) {
        loop->incidents_open++;
    } else if (event->kind == SKY_EVENT_INCIDENT &&
               event->u.incident.change == SKY_INCIDENT_NOW_CLOSED && loop->incidents_open > 0) {
        loop->incidents_open--;
    }
}

/* The whole path of one input. It is in the log before it can do anything. */
static int process_at(struct skyd_loop *loop, struct sky_input *input, const char *source,
                      const struct sky_clock_reading *now)
{
    input->seq = ++loop->seq;
    input->time_ns = now->boottime_ns > loop->last_ns ? now->boottime_ns : loop->last_ns;
    input->realtime_ns = now->realtime_ns;
    snprintf(input->source, sizeof input->source, "%s", source);
    loop->last_ns = input->time_ns;
    if (!sky_journal_pending(loop->journal)) {
        loop->pending_since_ns = input->time_ns;
    }
    skyd_writer_newest(loop->writer, input->time_ns);

    const struct sky_utc_estimate utc = sky_station_utc(loop->station, input->time_ns);
    int error = sky_journal_input(loop->journal, input, &utc);
    if (error == 0 && sky_station_step(loop->station, input, loop->outbox) != SKY_OK) {
        error = -EPROTO; /* the clock port or the configuration broke its promise */
    }
    bool urgent = false;
    for (size_t i = 0; error == 0 && i < loop->outbox->count; i++) {
        error = sky_journal_event(loop->journal, &loop->outbox->event[i]);
        urgent = urgent || is_urgent(&loop->outbox->event[i]);
        count_incident(loop, &loop->outbox->event[i]);
    }
    return error == 0 && urgent ? sky_journal_commit(loop->journal, true) : error;
}

static int recover(struct skyd_loop *loop)
{
    return skyd_writer_failed(loop->writer) ? skyd_writer_recover(loop->writer, loop->journal) : 0;
}

/* Room in the writer's ring for all that one input can cause, if need be after a fault. */
static int make_room(struct skyd_loop *loop)
{
    int error = recover(loop);
    if (error == 0) {
        error = skyd_writer_room(loop->writer);
    }
    return error == 0 ? recover(loop) : error;
}

/* Stamps an input. A jump of the kernel's clock comes before what was received after it. */
static int process(struct skyd_loop *loop, struct sky_input *input, const char *source)
{
    const int error = make_room(loop);
    if (error != 0) {
        return error;
    }
    const struct sky_clock_reading now = loop->clock->read(loop->clock);
    const int64_t offset_ns = now.realtime_ns - now.boottime_ns;
    const int64_t step_ns = offset_ns - loop->clock_offset_ns;
    const bool stepped =
        loop->has_clock_offset && (step_ns > step_least_ns || step_ns < -step_least_ns);
    loop->clock_offset_ns = offset_ns;
    loop->has_clock_offset = true;
    if (stepped) {
        struct sky_input step = {.kind = SKY_INPUT_CLOCK_STEP};
        step.u.clock_step.step_ns = step_ns;
        skyd_say(SKYD_WARNING, "the clock stepped by %.3f s", (double)step_ns / 1e9);
        const int step_error = process_at(loop, &step, "", &now);
        if (step_error != 0) {
            return step_error;
        }
    }
    return process_at(loop, input, source, &now);
}

/* Text from outside goes into a record that must be valid UTF-8. */
static void make_printable(char detail[SKY_DETAIL_MAX])
{
    detail[SKY_DETAIL_MAX - 1] = '\0';
    for (char *at = detail; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~') {
            *at = '?';
        }
    }
}

static int record_source(struct skyd_loop *loop, const char *source, enum sky_source_event event,
                         const char *detail)
{
    struct sky_input input = {.kind = SKY_INPUT_SOURCE};
    input.u.source_event.event = event;
    snprintf(input.u.source_event.detail, SKY_DETAIL_MAX, "%s", detail);
    make_printable(input.u.source_event.detail);
    return process(loop, &input, source);
}

static void note_up(struct skyd_loop_source *slot, int64_t now_ns, const char *detail)
{
    slot->is_up = true;
    slot->down_said = false;
    skyd_say_limited(&slot->limit, now_ns, SKYD_INFO, "%s: up%s%s", slot->source->name,
                     detail[0] != '\0' ? ": " : "", detail);
}

/* Closes a source that failed. The log says so once per outage, however often it is retried. */
static int retire_source(struct skyd_loop *loop, struct skyd_loop_source *slot, int error,
                         char detail[SKY_DETAIL_MAX])
{
    slot->source->ops->close(slot->source);
    slot->open = false;
    slot->busy = false;
    slot->silent = false;
    slot->is_up = false;
    slot->retry_ns = loop->last_ns + slot->backoff_ns;
    slot->backoff_ns = earlier(2 * slot->backoff_ns, backoff_most_ns);
    if (slot->down_said) {
        return 0;
    }
    slot->down_said = true;
    if (detail[0] == '\0') {
        snprintf(detail, SKY_DETAIL_MAX, "%s", strerror(-error));
    }
    make_printable(detail);
    skyd_say_limited(&slot->limit, loop->last_ns, SKYD_WARNING, "%s: down: %s", slot->source->name,
                     detail);
    return record_source(loop, slot->source->name, SKY_SOURCE_DOWN, detail);
}

static int open_source(struct skyd_loop *loop, struct skyd_loop_source *slot)
{
    char detail[SKY_DETAIL_MAX] = {0};
    loop->last_ns = loop->clock->read(loop->clock).boottime_ns;
    const int opened = slot->source->ops->open(slot->source, detail);
    if (opened < 0) {
        return retire_source(loop, slot, opened, detail);
    }
    slot->open = true;
    slot->busy = true; /* look once: it may have been readable before we knew its fd */
    slot->heard_ns = loop->last_ns;
    slot->opened_ns = loop->last_ns;
    if (opened > 0) {
        return 0; /* take will tell */
    }
    make_printable(detail);
    note_up(slot, loop->last_ns, detail);
    return record_source(loop, slot->source->name, SKY_SOURCE_UP, detail);
}

/* What an input says about the source that brought it. */
static int note_input(struct skyd_loop *loop, struct skyd_loop_source *slot,
                      struct sky_input *input)
{
    if (input->kind == SKY_INPUT_SOURCE) {
        make_printable(input->u.source_event.detail);
        if (input->u.source_event.event == SKY_SOURCE_UP) {
            note_up(slot, loop->last_ns, input->u.source_event.detail);
        }
        return 0;
    }
    slot->heard_ns = loop->clock->read(loop->clock).boottime_ns;
    if (slot->heard_ns - slot->opened_ns > slot->backoff_ns) {
        slot->backoff_ns = backoff_first_ns; /* not for one that says a word and fails again */
    }
    if (!slot->silent) {
        return 0;
    }
    slot->silent = false;
    skyd_say_limited(&slot->limit, loop->last_ns, SKYD_INFO, "%s: heard again", slot->source->name);
    return record_source(loop, slot->source->name, SKY_SOURCE_HEARD, "");
}

static int take_one(struct skyd_loop *loop, struct skyd_loop_source *slot)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    char detail[SKY_DETAIL_MAX] = {0};
    const int taken = slot->source->ops->take(slot->source, &input, detail);
    slot->busy = taken > 0;
    if (taken < 0) {
        return retire_source(loop, slot, taken, detail);
    }
    if (taken == 0) {
        return 0;
    }
    const int error = note_input(loop, slot, &input);
    return error != 0 ? error : process(loop, &input, slot->source->name);
}

/* A segment failed. What was in it and not durable moves on; that it happened is a record. */
static int mind_writer(struct skyd_loop *loop)
{
    int error = recover(loop);
    skyd_writer_status(loop->writer, &loop->written);
    if (error != 0 || loop->written.faults == loop->faults_said) {
        return error;
    }
    loop->faults_said = loop->written.faults;
    char detail[SKY_DETAIL_MAX];
    snprintf(detail, sizeof detail, "segment %llu failed: %s",
             (unsigned long long)loop->written.fault_segment, strerror(-loop->written.error));
    skyd_say(SKYD_ERROR, "log: %s", detail);
    error = record_source(loop, "log", SKY_SOURCE_DOWN, detail);
    return error != 0 ? error
                      : record_source(loop, "log", SKY_SOURCE_UP, "continued in the next segment");
}

/* Segments that make room; what they were is a record before they go. */
static int mind_ring(struct skyd_loop *loop)
{
    int error = loop->ring != NULL && skyd_ring_has_record(loop->ring) ? make_room(loop) : 0;
    if (loop->ring == NULL || error != 0) {
        return error;
    }
    struct skyd_ring_status now;
    skyd_ring_status(loop->ring, &now);
    if (now.full && !loop->ring_said.full) {
        skyd_say(SKYD_WARNING, "log: it is full, and incidents hold all of it");
    }
    if (now.error != 0 && now.error != loop->ring_said.error) {
        skyd_say(SKYD_WARNING, "log: no room can be made: %s", strerror(-now.error));
    }
    loop->ring_said = now;
    return skyd_ring_turn(loop->ring, loop->journal, &loop->written);
}

/* One input from each source in turn: a source that babbles cannot starve the others. */
static int take_all(struct skyd_loop *loop)
{
    int error = 0;
    for (uint32_t i = 0; error == 0 && i < loop->source_count; i++) {
        struct skyd_loop_source *const slot = &loop->source[i];
        if (slot->open && (slot->busy || loop->pollfd[2 + i].revents != 0)) {
            error = take_one(loop, slot);
        }
    }
    return error;
}

static int tick(struct skyd_loop *loop)
{
    const struct sky_clock_discipline discipline = loop->clock->discipline(loop->clock);
    struct sky_input input = {.kind = SKY_INPUT_TICK};
    input.u.tick.synchronised = discipline.synchronised;
    input.u.tick.error_ns = discipline.error_ns;
    return process(loop, &input, "");
}

static int tick_if_due(struct skyd_loop *loop, int64_t now_ns)
{
    if (now_ns < loop->next_tick_ns) {
        return 0;
    }
    loop->next_tick_ns += loop->tick_ns;
    if (loop->next_tick_ns <= now_ns) {
        loop->next_tick_ns = now_ns + loop->tick_ns; /* too late for some: they are not made up */
    }
    return tick(loop);
}

static bool may_fall_silent(const struct skyd_loop_source *slot)
{
    return slot->open && !slot->silent && slot->source->silence_ns > 0;
}

static int mind_source(struct skyd_loop *loop, struct skyd_loop_source *slot, int64_t now_ns)
{
    if (!slot->open && now_ns >= slot->retry_ns) {
        return open_source(loop, slot);
    }
    if (may_fall_silent(slot) && now_ns - slot->heard_ns > slot->source->silence_ns) {
        slot->silent = true;
        skyd_say_limited(&slot->limit, now_ns, SKYD_WARNING, "%s: silent for %.1f s",
                         slot->source->name, (double)slot->source->silence_ns / 1e9);
        return record_source(loop, slot->source->name, SKY_SOURCE_SILENT, "");
    }
    return 0;
}

/* Recording what a source still has would take too long: its number must do. */
static int count_rest(struct skyd_loop *loop, struct skyd_loop_source *slot)
{
    const int64_t until_ns = loop->clock->read(loop->clock).boottime_ns + rest_most_ns;
    struct sky_input lost = {.kind = SKY_INPUT_SOURCE};
    struct sky_input input;
    char ignored[SKY_DETAIL_MAX] = {0};
    while (slot->busy && loop->clock->read(loop->clock).boottime_ns < until_ns) {
        memset(&input, 0, sizeof input);
        slot->busy = slot->source->ops->take(slot->source, &input, ignored) > 0;
        const bool says_lost = input.kind == SKY_INPUT_SOURCE;
        lost.u.source_event.count +=
            slot->busy ? (says_lost ? input.u.source_event.count : 1) : UINT64_C(0);
    }
    lost.u.source_event.event = SKY_SOURCE_LOST;
    snprintf(lost.u.source_event.detail, SKY_DETAIL_MAX,
             "came, and was not taken before it was closed");
    return lost.u.source_event.count > 0 ? process(loop, &lost, slot->source->name) : 0;
}

/* What came before the sources are closed belongs into the log. */
static int take_rest(struct skyd_loop *loop)
{
    const int64_t until_ns = loop->clock->read(loop->clock).boottime_ns + rest_most_ns;
    bool more = true;
    int error = 0;
    while (error == 0 && more && loop->clock->read(loop->clock).boottime_ns < until_ns) {
        more = false;
        for (uint32_t i = 0; error == 0 && i < loop->source_count; i++) {
            struct skyd_loop_source *const slot = &loop->source[i];
            error = slot->open ? take_one(loop, slot) : 0;
            more = more || slot->busy;
        }
    }
    for (uint32_t i = 0; error == 0 && i < loop->source_count; i++) {
        error = loop->source[i].busy ? count_rest(loop, &loop->source[i]) : 0;
    }
    return error;
}

static int reopen_all(struct skyd_loop *loop)
{
    skyd_say(SKYD_INFO, "reopening every source");
    int error = take_rest(loop);
    for (uint32_t i = 0; error == 0 && i < loop->source_count; i++) {
        struct skyd_loop_source *const slot = &loop->source[i];
        char detail[SKY_DETAIL_MAX] = "reopening was asked for";
        if (slot->open) {
            error = retire_source(loop, slot, 0, detail);
        }
        slot->retry_ns = 0;
        slot->backoff_ns = backoff_first_ns;
    }
    loop->reopen = false;
    return error;
}

static void take_signals(struct skyd_loop *loop)
{
    struct signalfd_siginfo signal_info;
    while (loop->signal_fd >= 0 &&
           read(loop->signal_fd, &signal_info, sizeof signal_info) == sizeof signal_info) {
        if (signal_info.ssi_signo == SIGHUP) {
            loop->reopen = true;
        } else {
            loop->stop = true;
        }
    }
}

static int commit_if_due(struct skyd_loop *loop, int64_t now_ns)
{
    const bool due =
        sky_journal_pending(loop->journal) && now_ns - loop->pending_since_ns >= loop->commit_ns;
    return due ? sky_journal_commit(loop->journal, false) : 0;
}

/*
 * What may be shown is what was true when everything it rests on had become durable. That the input
 * after it is durable proves that all events before are.
 */
static void look_at_vitals(struct skyd_loop *loop, int64_t now_ns)
{
    if (loop->written.durable_seq > loop->coming.inputs) {
        loop->shown = loop->coming;
        loop->coming.inputs = loop->seq;
        loop->coming.incidents_open = loop->incidents_open;
        loop->coming.tracks = 0;
        for (uint32_t i = 0; i < SKY_TRACKS_MAX; i++) {
            const enum sky_track_status status = loop->station->engine.tracker.track[i].status;
            loop->coming.tracks += status == SKY_TRACK_CONFIRMED || status == SKY_TRACK_COASTING;
        }
    }
    loop->shown.sources = loop->source_count;
    loop->shown.sources_up = 0;
    for (uint32_t i = 0; i < loop->source_count; i++) {
        loop->shown.sources_up += loop->source[i].is_up && !loop->source[i].silent;
    }
    loop->shown.faults = loop->written.faults;
    loop->shown.error = loop->written.error;
    loop->shown.fault_segment = loop->written.fault_segment;
    loop->shown.ring_full = loop->ring_said.full;
    int64_t oldest_ns = loop->written.oldest_ns;
    if (oldest_ns == 0 && sky_journal_pending(loop->journal)) {
        oldest_ns = loop->pending_since_ns;
    }
    loop->shown.lag_ns = oldest_ns != 0 && now_ns > oldest_ns ? now_ns - oldest_ns : 0;
}

static void mind_health(struct skyd_loop *loop, int64_t now_ns)
{
    if (!loop->ready && loop->written.durable_seq > 0) {
        loop->ready = true; /* sources were tried before the first turn */
        skyd_health_notify(loop->health, "READY=1");
        skyd_say(SKYD_INFO, "ready: recording");
    }
    if (now_ns >= skyd_health_next_ns(loop->health)) {
        skyd_writer_status(loop->writer, &loop->written);
        look_at_vitals(loop, now_ns);
        skyd_health_turn(loop->health, now_ns, &loop->shown);
    }
}

static int wait_with_ppoll(struct pollfd *fd, nfds_t count, int64_t timeout_ns)
{
    const struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / SKY_SECOND_NS),
                                     .tv_nsec = (long)(timeout_ns % SKY_SECOND_NS)};
    return ppoll(fd, count, &timeout, NULL);
}

static int64_t next_due_ns(const struct skyd_loop *loop)
{
    int64_t due_ns = earlier(loop->next_tick_ns, skyd_health_next_ns(loop->health));
    if (sky_journal_pending(loop->journal)) {
        due_ns = earlier(due_ns, loop->pending_since_ns + loop->commit_ns);
    }
    for (uint32_t i = 0; i < loop->source_count; i++) {
        const struct skyd_loop_source *const slot = &loop->source[i];
        if (slot->busy) {
            return 0;
        }
        if (!slot->open) {
            due_ns = earlier(due_ns, slot->retry_ns);
        } else if (may_fall_silent(slot)) {
            due_ns = earlier(due_ns, slot->heard_ns + slot->source->silence_ns);
        }
    }
    return due_ns;
}

static int wait_for_input(struct skyd_loop *loop)
{
    loop->pollfd[0] = (struct pollfd){.fd = loop->signal_fd, .events = POLLIN};
    loop->pollfd[1] = (struct pollfd){.fd = skyd_writer_fd(loop->writer), .events = POLLIN};
    for (uint32_t i = 0; i < loop->source_count; i++) {
        const struct skyd_loop_source *const slot = &loop->source[i];
        loop->pollfd[2 + i] =
            (struct pollfd){.fd = slot->open ? slot->source->fd : -1, .events = POLLIN};
    }
    const int64_t left_ns = next_due_ns(loop) - loop->clock->read(loop->clock).boottime_ns;
    const nfds_t count = 2 + loop->source_count;
    const int64_t timeout_ns = left_ns > 0 ? left_ns : 0;
    const int ready = loop->wait != NULL ? loop->wait(loop->pollfd, count, timeout_ns)
                                         : wait_with_ppoll(loop->pollfd, count, timeout_ns);
    return ready < 0 && errno != EINTR ? -errno : 0;
}

static int turn(struct skyd_loop *loop)
{
    int error = wait_for_input(loop);
    take_signals(loop);
    if (error == 0 && loop->pollfd[1].revents != 0) {
        error = mind_writer(loop);
    }
    if (error == 0) {
        error = take_all(loop);
    }
    const int64_t now_ns = loop->clock->read(loop->clock).boottime_ns;
    if (error == 0) {
        error = tick_if_due(loop, now_ns);
    }
    if (error == 0 && loop->reopen) {
        error = reopen_all(loop);
    }
    for (uint32_t i = 0; error == 0 && i < loop->source_count; i++) {
        error = mind_source(loop, &loop->source[i], now_ns);
    }
    if (error == 0) {
        error = mind_ring(loop);
    }
    if (error == 0) {
        error = commit_if_due(loop, now_ns);
    }
    if (error == 0 && loop->sink != NULL) {
        skyd_sink_turn(loop->sink, loop->station, loop->seq, loop->last_ns,
                       loop->written.durable_seq);
    }
    mind_health(loop, now_ns);
    return error;
}

/* The run's first input, durable at once; then every source is tried. */
static int start(struct skyd_loop *loop, const struct sky_input *config)
{
    struct sky_input first = *config;
    loop->next_tick_ns = loop->clock->read(loop->clock).boottime_ns;
    int error = process(loop, &first, "");
    if (error == 0) {
        error = sky_journal_commit(loop->journal, false);
    }
    for (uint32_t i = 0; error == 0 && i < loop->source_count; i++) {
        loop->source[i].backoff_ns = backoff_first_ns;
        error = open_source(loop, &loop->source[i]);
    }
    return error;
}

/* Everything handed over becomes durable, through a failing segment if need be. */
static int drain(struct skyd_loop *loop)
{
    int error = sky_journal_commit(loop->journal, false);
    while (error == 0 && !skyd_writer_drain(loop->writer, loop->drain_ns)) {
        error = skyd_writer_failed(loop->writer) ? recover(loop) : -ETIMEDOUT;
    }
    return error;
}

/* What failed up to here is a record too, so that the shutdown is the last one. */
static int shut_down(struct skyd_loop *loop)
{
    int error = drain(loop);
    if (error == 0) {
        error = mind_writer(loop);
    }
    if (error == 0) {
        error = record_source(loop, "", SKY_SOURCE_SHUTDOWN, "");
    }
    return error == 0 ? drain(loop) : error;
}

/* The summary is all that can still fail. Without it the log is whole, but was not closed. */
static int close_journal(struct skyd_loop *loop)
{
    const uint64_t faults = loop->written.faults;
    int error = sky_journal_close(loop->journal);
    loop->journal = NULL;
    if (error == 0 && !skyd_writer_drain(loop->writer, loop->drain_ns)) {
        error = -ETIMEDOUT;
    }
    skyd_writer_status(loop->writer, &loop->written);
    return error == 0 && loop->written.faults > faults ? loop->written.error : error;
}

int skyd_loop_run(struct skyd_loop *loop, const struct sky_input *config)
{
    int error = start(loop, config);
    while (error == 0 && !loop->stop) {
        error = turn(loop);
    }
    skyd_health_notify(loop->health, "STOPPING=1");
    error = error == 0 ? take_rest(loop) : error;
    for (uint32_t i = 0; i < loop->source_count; i++) {
        loop->source[i].source->ops->close(loop->source[i].source);
        loop->source[i].open = false;
    }
    if (error == 0) {
        error = shut_down(loop);
    }
    const int closed = close_journal(loop);
    return error != 0 ? error : closed;
}
