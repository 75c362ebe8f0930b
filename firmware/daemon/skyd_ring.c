#include "skyd_ring.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- what is there ---- */

static void note_segment(void *context, uint64_t number, uint64_t bytes)
{
    struct skyd_ring *const ring = context;
    uint32_t at = ring->listed_count;
    if (at == SKYD_RING_SEGMENTS_MAX) {
        ring->overfull = true;
        if (number > ring->listed[at - 1].number) {
            return;
        }
        at--;
    } else {
        ring->listed_count++;
    }
    /* A folder tells its files in any order, but mostly in theirs. */
    for (; at > 0 && ring->listed[at - 1].number > number; at--) {
        ring->listed[at] = ring->listed[at - 1];
    }
    ring->listed[at] = (struct skyd_ring_segment){.number = number, .bytes = bytes};
}

/* Lists the segments anew, and keeps what is known of them. */
static int list_segments(struct skyd_ring *ring)
{
    ring->listed_count = 0;
    ring->overfull = false;
    const int error = ring->store->ops->list(ring->store, note_segment, ring);
    if (error != 0) {
        return error;
    }
    uint32_t before = 0;
    for (uint32_t i = 0; i < ring->listed_count; i++) {
        struct skyd_ring_segment *const segment = &ring->listed[i];
        while (before < ring->count && ring->segment[before].number < segment->number) {
            before++;
        }
        if (before < ring->count && ring->segment[before].number == segment->number) {
            segment->known = ring->segment[before].known;
            segment->kept = ring->segment[before].kept;
        }
    }
    struct skyd_ring_segment *const swap = ring->segment;
    ring->segment = ring->listed;
    ring->count = ring->listed_count;
    ring->listed = swap;
    return 0;
}

/* A segment in memory of its own: what a dying medium does to a mapped file ends the program. */
static int load(const struct skyd_ring *ring, const struct skyd_ring_segment *segment,
                uint8_t **ret_bytes)
{
    const size_t count = (size_t)segment->bytes;
    void *const bytes =
        count == 0 ? MAP_FAILED
                   : mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
        return count == 0 ? -ENODATA : -errno;
    }
    const int error = ring->store->ops->read(ring->store, segment->number, 0, bytes, count);
    if (error != 0) {
        munmap(bytes, count);
        return error;
    }
    *ret_bytes = bytes;
    return 0;
}

/* Looks into a segment, once. What cannot be read holds nothing. */
static const struct sky_kept *learn(struct skyd_ring *ring, uint32_t i)
{
    struct skyd_ring_segment *const segment = &ring->segment[i];
    uint8_t *bytes = NULL;
    if (segment->known) {
        return &segment->kept;
    }
    memset(&segment->kept, 0, sizeof segment->kept);
    if (load(ring, segment, &bytes) == 0) {
        sky_keep_look(bytes, (size_t)segment->bytes, &ring->room, &segment->kept);
        munmap(bytes, (size_t)segment->bytes);
    }
    segment->known = segment->number < ring->current;
    return &segment->kept;
}

/* ---- what earlier runs let go ---- */

/* Nothing is gone, if all is there from the first leaf on. */
static bool is_complete(struct skyd_ring *ring)
{
    for (uint32_t i = 1; i < ring->count; i++) {
        if (ring->segment[i].number != ring->segment[i - 1].number + 1) {
            return false;
        }
    }
    return ring->count == 0 || (learn(ring, 0)->any && ring->segment[0].kept.first_leaf == 0);
}

static bool read_retention(struct skyd_ring *ring, uint32_t i)
{
    const struct sky_kept *const kept = learn(ring, i);
    uint8_t *bytes = NULL;
    if (kept->retention_bytes == 0 || load(ring, &ring->segment[i], &bytes) != 0) {
        return false;
    }
    const bool read = sky_own_unpack_retention(bytes + kept->retention_at, kept->retention_bytes,
                                               &ring->arena, &ring->retention) == SKY_OK;
    munmap(bytes, (size_t)ring->segment[i].bytes);
    ring->stated = read;
    return read;
}

/* The newest record has everything. It is in one of the last segments, if there is one. */
static void resume(struct skyd_ring *ring)
{
    bool found = is_complete(ring);
    for (uint32_t i = ring->count; !found && i > 0; i--) {
        found = read_retention(ring, i - 1);
    }
    ring->resumed = true;
}

/* ---- which one may go ---- */

/* The nearest segment behind that has groups; count if there is none. */
static uint32_t next_with_groups(struct skyd_ring *ring, uint32_t i)
{
    do {
        i++;
    } while (i < ring->count && !learn(ring, i)->any);
    return i;
}

/* Does an incident behind it reach back to it? */
static bool is_held_from_behind(struct skyd_ring *ring, uint32_t i)
{
    const uint64_t pin_ns = (uint64_t)ring->config.pin_ns;
    const uint64_t last_ns = ring->segment[i].kept.last_log_time_ns;
    for (uint32_t k = i + 1; k < ring->count; k++) {
        const struct sky_kept *const kept = learn(ring, k);
        if (kept->any && kept->first_log_time_ns > last_ns + pin_ns) {
            return false;
        }
        if (kept->any && kept->has_incidents && kept->first_incident_ns <= last_ns + pin_ns) {
            return true;
        }
    }
    return false;
}

/* What the segments before say of one: whether an incident is open, and when the latest was. */
struct held {
    int32_t open;
    bool any;
    uint64_t latest_ns;
};

/* Takes the next segment in. True if an incident in it or before holds it. */
static bool is_held(const struct skyd_ring *ring, const struct sky_kept *kept, struct held *held)
{
    const uint64_t pin_ns = (uint64_t)ring->config.pin_ns;
    const bool was_open = held->open > 0;
    const int32_t open = (kept->begins_run ? 0 : held->open) + kept->opened_more;
    const bool near = held->any && kept->any && kept->first_log_time_ns <= held->latest_ns + pin_ns;
    held->open = open > 0 ? open : 0;
    if (held->open > 0 || was_open || kept->has_incidents) {
        const uint64_t latest_ns = held->open > 0 || !kept->has_incidents ? kept->last_log_time_ns
                                                                          : kept->last_incident_ns;
        held->latest_ns = held->any && held->latest_ns > latest_ns ? held->latest_ns : latest_ns;
        held->any = true;
    }
    return kept->has_incidents || was_open || near;
}

static uint64_t total_bytes(const struct skyd_ring *ring)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < ring->count; i++) {
        total += ring->segment[i].bytes;
    }
    return total;
}

static bool needs_room(const struct skyd_ring *ring)
{
    uint64_t room = UINT64_MAX;
    (void)ring->store->ops->room(ring->store, &room); /* else only the limit counts */
    return ring->overfull || room < 2 * ring->config.segment_bytes ||
           total_bytes(ring) + ring->config.segment_bytes > ring->config.limit_bytes;
}

/* ---- what is recorded of it ---- */

/* No segment of the folder lies between two numbers, but for those in which there is nothing. */
static bool nothing_between(struct skyd_ring *ring, uint64_t a, uint64_t b)
{
    for (uint32_t i = 0; i < ring->count && ring->segment[i].number < b; i++) {
        if (ring->segment[i].number > a && learn(ring, i)->any) {
            return false;
        }
    }
    return true;
}

static bool meet(struct skyd_ring *ring, const struct sky_own_gap *a, const struct sky_own_gap *b)
{
    return a->stretch.end == b->stretch.first &&
           nothing_between(ring, a->last_segment, b->first_segment);
}

/* Makes one of gap i and the one behind it. */
static void join(struct sky_own_retention *retention, unsigned i)
{
    struct sky_own_gap *const gap = &retention->gap[i];
    const struct sky_own_gap *const next = &gap[1];
    gap->last_segment = next->last_segment;
    gap->known = gap->known && next->known;
    if (gap->known) {
        sky_stretch_join(&gap->stretch, &next->stretch);
    } else {
        gap->stretch.end = next->stretch.end;
        gap->stretch.count = 0;
    }
    retention->gap_count--;
    memmove(&gap[1], &gap[2], (retention->gap_count - i - 1) * sizeof *gap);
}

/* Where the gap of a segment belongs among the others. */
static unsigned place_of(const struct sky_own_retention *retention, uint64_t segment)
{
    unsigned at = 0;
    while (at < retention->gap_count && retention->gap[at].first_segment < segment) {
        at++;
    }
    return at;
}

/* Adds the gap of a segment to the others, and joins it with those that it meets. */
static void add_gap(struct skyd_ring *ring, uint64_t number, bool known)
{
    struct sky_own_retention *const retention = &ring->retention;
    const unsigned at = place_of(retention, number);
    struct sky_own_gap *const gap = &retention->gap[at];
    memmove(&gap[1], gap, (retention->gap_count - at) * sizeof *gap);
    retention->gap_count++;
    gap->first_segment = number;
    gap->last_segment = number;
    gap->known = known;
    gap->stretch = ring->stretch;
    if (at + 1 < retention->gap_count && meet(ring, gap, &gap[1])) {
        join(retention, at);
    }
    if (at > 0 && meet(ring, &gap[-1], gap)) {
        join(retention, at - 1);
    }
}

/* One place stays free, so that a gap can be added before it is joined with its neighbour. */
static bool has_place_for_gap(struct skyd_ring *ring, uint32_t i, uint64_t end_leaf)
{
    const struct sky_own_retention *const retention = &ring->retention;
    const uint64_t number = ring->segment[i].number;
    const unsigned at = place_of(retention, number);
    const struct sky_own_gap *const gap = &retention->gap[at];
    return retention->gap_count < SKY_OWN_GAPS_MAX - 1 ||
           (at > 0 && gap[-1].stretch.end == ring->segment[i].kept.first_leaf &&
            nothing_between(ring, gap[-1].last_segment, number)) ||
           (at < retention->gap_count && gap->stretch.first == end_leaf &&
            nothing_between(ring, number, gap->first_segment));
}

/* Where the leaves of what was or is before a segment end; 0 if there is nothing. */
static uint64_t end_before(struct skyd_ring *ring, uint64_t number)
{
    const unsigned at = place_of(&ring->retention, number);
    const struct sky_own_gap *const gap = at > 0 ? &ring->retention.gap[at - 1] : NULL;
    uint64_t end = gap != NULL ? gap->stretch.end : 0;
    for (uint32_t i = 0; i < ring->count && ring->segment[i].number < number; i++) {
        if ((gap == NULL || ring->segment[i].number > gap->last_segment) && learn(ring, i)->any) {
            end = ring->segment[i].kept.end_leaf;
        }
    }
    return end;
}

static void describe(struct sky_own_retention *retention, const struct skyd_ring_segment *segment,
                     const uint8_t *bytes, const struct sky_kept *kept)
{
    retention->segment = segment->number;
    retention->file = sky_sha(&(const struct sky_part){bytes, (size_t)segment->bytes}, 1);
    retention->first_leaf = kept->first_leaf;
    retention->end_leaf = kept->end_leaf;
    retention->has_inputs = kept->has_inputs;
    retention->first_seq = kept->first_seq;
    retention->last_seq = kept->last_seq;
    retention->has_times = kept->any;
    retention->first_log_time_ns = kept->first_log_time_ns;
    retention->last_log_time_ns = kept->last_log_time_ns;
    memset(retention->checkpoint, 0, sizeof retention->checkpoint);
    if (kept->note_bytes > 0 && kept->note_bytes < sizeof retention->checkpoint) {
        memcpy(retention->checkpoint, bytes + kept->note_at, kept->note_bytes);
    }
}

/* Makes the record of segment i. It may be unreadable: then that it was there is all there is. */
static void state(struct skyd_ring *ring, uint32_t i, uint64_t end_leaf)
{
    static const uint8_t nothing[1];
    struct skyd_ring_segment *const segment = &ring->segment[i];
    struct sky_kept *const kept = &segment->kept;
    uint8_t *bytes = NULL; /* stays so if it cannot be loaded */
    const uint64_t before = end_before(ring, segment->number);
    const uint64_t first_leaf = before <= end_leaf ? before : 0; /* else it is another tree's */
    (void)load(ring, segment, &bytes);
    if (bytes != NULL) {
        sky_keep_stretch(bytes, (size_t)segment->bytes, first_leaf, end_leaf, &ring->room, kept,
                         &ring->stretch);
        describe(&ring->retention, segment, bytes, kept);
        munmap(bytes, (size_t)segment->bytes);
    } else {
        memset(kept, 0, sizeof *kept);
        const struct skyd_ring_segment unread = {.number = segment->number};
        describe(&ring->retention, &unread, nothing, kept);
    }
    if (!kept->any || !kept->whole) { /* nobody can hash its leaves any more */
        sky_stretch_begin(&ring->stretch, first_leaf);
        ring->stretch.end = end_leaf;
        ring->retention.first_leaf = first_leaf;
        ring->retention.end_leaf = end_leaf;
    }
    if (ring->stretch.first < ring->stretch.end) {
        add_gap(ring, segment->number, kept->any && kept->whole);
    }
    ring->stated = true;
    ring->record_bytes = sky_own_pack_retention(&ring->retention, &ring->arena, ring->record);
}

/* The oldest that nothing holds. False: there is none. */
static bool choose(struct skyd_ring *ring)
{
    struct held held = {.open = 0};
    for (uint32_t i = 0; i < ring->count && ring->segment[i].number < ring->current; i++) {
        const struct sky_kept *const kept = learn(ring, i);
        const bool is_free = !is_held(ring, kept, &held) && !is_held_from_behind(ring, i);
        const uint32_t next = is_free ? next_with_groups(ring, i) : ring->count;
        if (next == ring->count || (kept->begins_run && !ring->segment[next].kept.begins_run)) {
            continue; /* it is not known yet where its leaves end, or its run's beginning is it */
        }
        /* Where the next segment begins; if its tree is another, where this one itself ends. */
        const uint64_t next_leaf = ring->segment[next].kept.first_leaf;
        const uint64_t end_leaf =
            kept->any && next_leaf < kept->first_leaf ? kept->end_leaf : next_leaf;
        if (has_place_for_gap(ring, i, end_leaf)) {
            state(ring, i, end_leaf);
            return true;
        }
    }
    return false;
}

/* ---- the thread ---- */

/* What was recorded as gone, and could not be removed, or not before the power went. */
static int remove_stated(struct skyd_ring *ring)
{
    const uint64_t number = ring->retention.segment;
    for (uint32_t i = 0; ring->stated && i < ring->count; i++) {
        if (ring->segment[i].number == number && number < ring->current) {
            const int error = ring->store->ops->remove(ring->store, number);
            return error != 0 ? error : list_segments(ring);
        }
    }
    return 0;
}

/* Returns what comes next. */
static enum skyd_ring_phase look(struct skyd_ring *ring, struct skyd_ring_status *status)
{
    status->full = false;
    status->error = list_segments(ring);
    if (status->error == 0 && !ring->resumed) {
        resume(ring);
    }
    if (status->error == 0) {
        status->error = remove_stated(ring);
    }
    if (status->error != 0 || !needs_room(ring)) {
        return SKYD_RING_IDLE;
    }
    if (choose(ring)) {
        return SKYD_RING_CHOSEN;
    }
    status->full = true;
    return SKYD_RING_IDLE;
}

static enum skyd_ring_phase remove_chosen(struct skyd_ring *ring, struct skyd_ring_status *status)
{
    status->error = ring->store->ops->remove(ring->store, ring->retention.segment);
    status->removed += status->error == 0;
    return status->error == 0 ? SKYD_RING_LOOKING : SKYD_RING_IDLE;
}

static void *run(void *argument)
{
    struct skyd_ring *const ring = argument;
    pthread_mutex_lock(&ring->lock);
    while (!ring->closing || ring->phase == SKYD_RING_REMOVING) {
        const enum skyd_ring_phase phase = ring->phase;
        if (phase != SKYD_RING_LOOKING && phase != SKYD_RING_REMOVING) {
            pthread_cond_wait(&ring->changed, &ring->lock);
            continue;
        }
        struct skyd_ring_status status = ring->status;
        pthread_mutex_unlock(&ring->lock);
        const enum skyd_ring_phase next =
            phase == SKYD_RING_LOOKING ? look(ring, &status) : remove_chosen(ring, &status);
        pthread_mutex_lock(&ring->lock);
        ring->status = status;
        ring->phase = next;
    }
    pthread_mutex_unlock(&ring->lock);
    return NULL;
}

/* ---- the loop's side ---- */

/* Signals are the loop's affair: the thread is born with all of them blocked. */
static int start_thread(struct skyd_ring *ring)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&ring->thread, NULL, run, ring);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

int skyd_ring_open(struct skyd_ring *ring, struct sky_store *store,
                   const struct skyd_ring_config *config)
{
    memset(ring, 0, sizeof *ring);
    ring->store = store;
    ring->config = *config;
    if (config->limit_bytes == 0) {
        return 0;
    }
    ring->arena =
        (struct sky_arena){.bytes = ring->arena_bytes, .capacity = sizeof ring->arena_bytes};
    ring->segment = calloc(SKYD_RING_SEGMENTS_MAX, sizeof *ring->segment);
    ring->listed = calloc(SKYD_RING_SEGMENTS_MAX, sizeof *ring->listed);
    int error = ring->segment == NULL || ring->listed == NULL ? -ENOMEM : 0;
    pthread_mutex_init(&ring->lock, NULL);
    pthread_cond_init(&ring->changed, NULL);
    if (error == 0) {
        error = start_thread(ring);
    }
    ring->started = error == 0;
    if (error != 0) {
        free(ring->segment);
        free(ring->listed);
    }
    return error;
}

static void go_on(struct skyd_ring *ring, enum skyd_ring_phase phase)
{
    ring->phase = phase;
    pthread_cond_signal(&ring->changed);
}

bool skyd_ring_has_record(struct skyd_ring *ring)
{
    if (!ring->started) {
        return false;
    }
    pthread_mutex_lock(&ring->lock);
    const bool has = ring->phase == SKYD_RING_CHOSEN;
    pthread_mutex_unlock(&ring->lock);
    return has;
}

int skyd_ring_turn(struct skyd_ring *ring, struct sky_journal *journal,
                   const struct skyd_writer_status *written)
{
    int error = 0;
    if (!ring->started) {
        return 0;
    }
    pthread_mutex_lock(&ring->lock);
    if (ring->phase == SKYD_RING_IDLE && written->groups > 0 &&
        (!ring->looked || ring->current != written->segment)) {
        ring->looked = true;
        ring->current = written->segment;
        go_on(ring, SKYD_RING_LOOKING);
    } else if (ring->phase == SKYD_RING_CHOSEN) {
        error = sky_journal_retention(journal, ring->record, ring->record_bytes);
        error = error != 0 ? error : sky_journal_commit(journal, false);
        ring->group = sky_journal_groups(journal);
        ring->phase = SKYD_RING_STATED;
    } else if (ring->phase == SKYD_RING_STATED && written->groups >= ring->group) {
        go_on(ring, SKYD_RING_REMOVING);
    }
    pthread_mutex_unlock(&ring->lock);
    return error;
}

void skyd_ring_status(struct skyd_ring *ring, struct skyd_ring_status *ret_status)
{
    if (!ring->started) {
        memset(ret_status, 0, sizeof *ret_status);
        return;
    }
    pthread_mutex_lock(&ring->lock);
    *ret_status = ring->status;
    pthread_mutex_unlock(&ring->lock);
}

void skyd_ring_close(struct skyd_ring *ring, uint64_t durable_groups)
{
    if (!ring->started) {
        return;
    }
    pthread_mutex_lock(&ring->lock);
    ring->closing = true;
    if (ring->phase == SKYD_RING_STATED && durable_groups >= ring->group) {
        ring->phase = SKYD_RING_REMOVING;
    }
    pthread_cond_signal(&ring->changed);
    pthread_mutex_unlock(&ring->lock);
    pthread_join(ring->thread, NULL);
    pthread_cond_destroy(&ring->changed);
    pthread_mutex_destroy(&ring->lock);
    free(ring->segment);
    free(ring->listed);
    ring->started = false;
}
