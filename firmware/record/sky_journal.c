#include "sky_journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sky_group.h"
#include "sky_segment.h"

_Static_assert((int)SKY_JOURNAL_ALIGN == (int)SKY_MCAP_ALIGN, "one alignment");

enum {
    /* What the log says of itself in one group, above what the station was configured with. */
    OWN_MESSAGES = 3,
    OWN_BYTES = SKY_OWN_SEGMENT_MAX + SKY_OWN_EPOCH_MAX + SKY_OWN_CHECKPOINT_MAX +
                OWN_MESSAGES * (SKY_MCAP_FRAME_BYTES + SKY_MCAP_MESSAGE_HEAD_BYTES +
                                SKY_GROUP_INDEX_HEAD_BYTES + SKY_MCAP_INDEX_ENTRY_BYTES),
    LAST_BYTES = 2 * SKY_JOURNAL_ALIGN /* the group with a segment's last checkpoint */
};
_Static_assert((int)SKY_GROUP_CONTENT_AT + (int)OWN_BYTES + 64 < (int)LAST_BYTES, "it fits");

/* How far the log has come: what headers of groups say. */
struct moment {
    int64_t time_ns; /* of the newest input, as are the next three */
    int64_t realtime_ns;
    struct sky_utc_estimate utc;
    uint64_t last_seq;
    uint64_t log_time_ns; /* of the latest record */
};

struct sky_journal {
    struct sky_journal_config config;
    struct sky_journal_sink *sink;
    int failed; /* what the sink said when it ended this journal */
    uint8_t boot_id[16];
    uint64_t group_seq;
    struct moment now;
    struct moment handed; /* as it was with the latest group that was handed over */

    struct sky_group group; /* the open one */
    int64_t oldest_ns;
    uint8_t *record;       /* the message being packed */
    struct sky_group last; /* for a segment's last checkpoint */
    struct sky_group_entry last_entry[2];
    uint8_t last_bytes[LAST_BYTES];

    struct sky_own_segment own_segment; /* the log's own record being made */
    uint8_t own_bytes[SKY_OWN_SEGMENT_MAX];

    struct sky_seal seal;
    struct sky_seal_batch batch;
    bool wants_checkpoint;
    int64_t checkpoint_ns; /* when the latest was made */
    int64_t epoch_ns;      /* when the epoch began */
    bool epoch_begun;      /* in this run */

    /* The current segment. */
    struct sky_segment segment;
    bool begun;
    bool introduced; /* its own record is in a group */
    uint64_t next_segment;
    uint32_t previous_crc; /* what the next group's header holds of the one before */
};

/* ---- opening ---- */

static int hex_digit(char digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}

static int parse_boot_id(const char text[37], uint8_t ret_id[16])
{
    memset(ret_id, 0, 16);
    if (text[0] == 0) {
        return 0;
    }
    size_t digits = 0;
    for (size_t i = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-') {
                return -EINVAL;
            }
            continue;
        }
        const int digit = hex_digit(text[i]);
        if (digit < 0) {
            return -EINVAL; /* the final zero of a text that is too short, for one */
        }
        ret_id[digits / 2] = (uint8_t)(ret_id[digits / 2] << 4 | digit);
        digits++;
    }
    return text[36] == 0 ? 0 : -EINVAL;
}

static bool in_range(const struct sky_journal_config *config)
{
    return config->segment_bytes >= UINT64_C(1) << 20 &&
           config->segment_bytes <= UINT64_C(1) << 30 &&
           config->segment_bytes % SKY_JOURNAL_ALIGN == 0 &&
           config->group_bytes >= SKY_JOURNAL_ALIGN &&
           config->group_bytes <= (size_t)4 * 1024 * 1024 &&
           memchr(config->software, 0, sizeof config->software) != NULL;
}

static const struct sky_seal_config unsealed; /* a tree, and nobody's signature */

int sky_journal_open(const struct sky_journal_config *config, struct sky_journal_sink *sink,
                     struct sky_journal **ret_journal)
{
    uint8_t boot_id[16];
    if (!in_range(config) || parse_boot_id(config->boot_id, boot_id) != 0) {
        return -EINVAL;
    }
    const size_t largest =
        config->group_bytes > SKY_CODEC_RECORD_MAX ? config->group_bytes : SKY_CODEC_RECORD_MAX;
    const size_t group_bytes = SKY_GROUP_CONTENT_AT + SKY_MCAP_FRAME_BYTES +
                               SKY_MCAP_MESSAGE_HEAD_BYTES + largest + SKY_GROUP_INDEX_HEAD_BYTES +
                               SKY_MCAP_INDEX_ENTRY_BYTES + OWN_BYTES + 2 * (size_t)SKY_MCAP_ALIGN;
    const uint32_t entries = SKY_GROUP_MESSAGES_MAX + OWN_MESSAGES;
    const size_t entry_bytes = entries * sizeof(struct sky_group_entry);

    /* One block; what is never written to never becomes resident. */
    struct sky_journal *journal = calloc(1, sizeof *journal + entry_bytes + group_bytes +
                                                SKY_CODEC_RECORD_MAX + sky_segment_room(config));
    if (journal == NULL) {
        return -ENOMEM;
    }
    struct sky_group_entry *const entry = (struct sky_group_entry *)(journal + 1);
    uint8_t *const block = (uint8_t *)(entry + entries); /* what needs no alignment */
    sky_group_init(&journal->group, block, group_bytes, entry, entries);
    sky_group_init(&journal->last, journal->last_bytes, LAST_BYTES, journal->last_entry, 2);
    journal->record = block + group_bytes;
    journal->config = *config;
    journal->sink = sink;
    memcpy(journal->boot_id, boot_id, sizeof boot_id);
    journal->next_segment = config->first_segment;
    journal->now.utc.state = SKY_CLOCK_NONE;
    journal->handed = journal->now;
    sky_segment_init(&journal->segment, &journal->config, journal->record + SKY_CODEC_RECORD_MAX);
    sky_seal_init(&journal->seal, config->seal != NULL ? config->seal : &unsealed);
    journal->config.seal = NULL;
    *ret_journal = journal;
    return 0;
}

static bool is_signed(const struct sky_journal *journal)
{
    return journal->seal.config.signer != NULL;
}

/* ---- segments ---- */

static int hand_over(struct sky_journal *journal, const struct sky_journal_work *work)
{
    if (journal->failed == 0) {
        journal->failed = journal->sink->work(journal->sink, work);
    }
    return journal->failed;
}

/* Begins the next segment, large enough for a first group of group_bytes. */
static int begin_segment(struct sky_journal *journal, size_t group_bytes)
{
    const struct sky_segment *segment = &journal->segment;
    sky_segment_begin(&journal->segment, journal->next_segment++, group_bytes);
    journal->previous_crc = 0;
    journal->begun = true;
    journal->introduced = false;
    const struct sky_journal_work work = {.step = SKY_JOURNAL_BEGIN,
                                          .segment = segment->number,
                                          .segment_bytes = segment->bytes,
                                          .bytes = segment->preamble.bytes,
                                          .count = segment->preamble.used,
                                          .last_seq = journal->handed.last_seq};
    return hand_over(journal, &work);
}

static int finish_segment(struct sky_journal *journal)
{
    const struct sky_segment *segment = &journal->segment;
    sky_segment_end(&journal->segment);
    journal->begun = false;
    const struct sky_journal_work work = {.step = SKY_JOURNAL_FINISH,
                                          .segment = segment->number,
                                          .segment_bytes = segment->bytes,
                                          .offset = segment->offset,
                                          .bytes = segment->summary.bytes,
                                          .count = segment->summary.used,
                                          .last_seq = journal->handed.last_seq};
    return hand_over(journal, &work);
}

/* ---- groups ---- */

/* Gives a sealed group its place in the current segment, writes its header, and hands it over. */
static int place_group(struct sky_journal *journal, uint8_t *bytes, size_t count,
                       struct sky_mcap_group *header, struct sky_journal_work *work)
{
    struct sky_segment *segment = &journal->segment;
    struct sky_mcap_buffer front = {.bytes = bytes,
                                    .capacity = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES};
    header->segment = segment->number;
    header->previous_crc = journal->previous_crc;
    sky_mcap_put_group(&front, header);
    journal->previous_crc = header->header_crc;

    work->step = SKY_JOURNAL_GROUP;
    work->segment = segment->number;
    work->segment_bytes = segment->bytes;
    work->offset = segment->offset;
    work->bytes = bytes;
    work->count = count;
    work->last_seq = header->last_seq;
    work->urgent = (header->flags & SKY_MCAP_GROUP_URGENT) != 0;
    work->epoch = header->epoch;
    sky_segment_add(segment, bytes, count, (size_t)header->body_bytes);
    return hand_over(journal, work);
}

static void hash_leaf(struct sky_journal *journal, const struct sky_group *group, uint32_t i,
                      const uint8_t group_salt[32])
{
    uint8_t salt[SKY_SEAL_SALT_BYTES];
    size_t count;
    const uint8_t *const content = sky_group_content(group, i, &count);
    sky_seal_leaf_salt(group_salt, i, salt);
    const struct sky_hash leaf = sky_seal_leaf(salt, content, count);
    sky_merkle_append(&journal->seal.tree, &leaf);
}

/* The leaves of all messages that are in the open group. */
static void hash_group(struct sky_journal *journal, const uint8_t group_salt[32])
{
    const struct sky_group *const group = &journal->group;
    struct sky_seal_batch *const batch = &journal->batch;
    for (uint32_t first = 0; first < group->count; first += SKY_MERKLE_BATCH) {
        const uint32_t left = group->count - first;
        const uint32_t count = left < SKY_MERKLE_BATCH ? left : SKY_MERKLE_BATCH;
        for (uint32_t i = 0; i < count; i++) {
            batch->content[i].bytes = sky_group_content(group, first + i, &batch->content[i].count);
        }
        sky_seal_leaves(batch, group_salt, first, count);
        sky_merkle_append_many(&journal->seal.tree, &batch->merkle, count);
    }
}

/* A record of the log's own, at the end of a group. */
static void add_own(struct sky_group *group, enum sky_own_channel channel, uint64_t log_time_ns,
                    const uint8_t *bytes, size_t count)
{
    const struct sky_group_message message = {.channel = channel,
                                              .log_time_ns = log_time_ns,
                                              .publish_time_ns = log_time_ns,
                                              .bytes = bytes,
                                              .count = count};
    sky_group_add(group, &message);
}

static void introduce_segment(struct sky_journal *journal, struct sky_group *group,
                              uint64_t log_time_ns)
{
    struct sky_own_segment *const segment = &journal->own_segment;
    segment->number = journal->segment.number;
    segment->preamble = sky_segment_preamble_hash(&journal->segment);
    segment->tree = journal->seal.tree;
    segment->is_signed = is_signed(journal);
    segment->epoch = journal->seal.epoch;
    segment->restarted = journal->seal.config.restarted;
    const struct sky_group_message message = {
        .channel = SKY_OWN_SEGMENT,
        .log_time_ns = log_time_ns,
        .publish_time_ns = log_time_ns,
        .bytes = journal->own_bytes,
        .count = sky_own_pack_segment(segment, journal->own_bytes)};
    sky_group_add_first(group, &message);
    journal->introduced = true;
    journal->seal.config.restarted = false;
}

/* Appends the checkpoint over all that is in the tree. Sets where its note lies in the group. */
static int add_checkpoint(struct sky_journal *journal, struct sky_group *group,
                          uint64_t log_time_ns, struct sky_journal_work *work)
{
    char note[SKY_NOTE_CHECKPOINT_MAX];
    uint8_t bytes[SKY_OWN_CHECKPOINT_MAX];
    const size_t note_bytes = sky_seal_checkpoint(&journal->seal, note);
    if (note_bytes == 0) {
        return -ENOMEM;
    }
    const size_t count = sky_own_pack_checkpoint(note, bytes);
    add_own(group, SKY_OWN_CHECKPOINT, log_time_ns, bytes, count);
    work->note_at = group->out.used - note_bytes; /* the only field, so it is the message's end */
    work->note_bytes = note_bytes;
    return 0;
}

/* The header of a group whose leaves are all in the tree, but for its place. */
static int seal_group(struct sky_journal *journal, const struct sky_group *group, size_t body_bytes,
                      const struct moment *moment, struct sky_mcap_group *header)
{
    header->group_seq = ++journal->group_seq;
    header->boottime_ns = moment->time_ns;
    header->realtime_ns = moment->realtime_ns;
    header->utc_sigma_ns = moment->utc.sigma_ns;
    header->clock_state = (uint32_t)moment->utc.state;
    header->message_count = group->count;
    header->last_seq = moment->last_seq;
    header->body_bytes = body_bytes;
    header->body_crc = group->body_crc;
    header->tree_size = journal->seal.tree.size;
    header->root = sky_merkle_root(&journal->seal.tree);
    memcpy(header->boot_id, journal->boot_id, sizeof header->boot_id);
    if (!is_signed(journal)) {
        return 0;
    }
    uint8_t front[SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES];
    struct sky_mcap_buffer out = {.bytes = front, .capacity = sizeof front};
    header->epoch = journal->seal.epoch.number;
    sky_mcap_put_group(&out, header);
    return sky_seal_sign(&journal->seal, front + SKY_MCAP_FRAME_BYTES, header->signature) ? 0
                                                                                          : -ENOMEM;
}

/* A group of the log's own records alone, so that a segment ends with a checkpoint that says so. */
static int put_last_checkpoint(struct sky_journal *journal, uint32_t flags)
{
    struct sky_mcap_group header = {.flags = flags};
    struct sky_journal_work work = {.step = SKY_JOURNAL_GROUP};
    struct sky_group *const group = &journal->last;
    const uint64_t log_time_ns = journal->handed.log_time_ns;
    sky_group_clear(group);
    sky_seal_group_salt(&journal->seal, journal->boot_id, journal->group_seq + 1, header.salt);
    if (!journal->introduced) {
        introduce_segment(journal, group, log_time_ns);
        hash_leaf(journal, group, 0, header.salt);
    }
    int error = add_checkpoint(journal, group, log_time_ns, &work);
    if (error == 0) {
        hash_leaf(journal, group, group->count - 1, header.salt);
        const size_t body_bytes = sky_group_end(group);
        error = seal_group(journal, group, body_bytes, &journal->handed, &header);
    }
    return error != 0 ? error
                      : place_group(journal, group->out.bytes, group->out.used, &header, &work);
}

static int finish_signed(struct sky_journal *journal, uint32_t flags)
{
    int error = 0;
    if (is_signed(journal)) {
        error = put_last_checkpoint(journal, flags | SKY_MCAP_GROUP_ENDS_SEGMENT);
    }
    return error != 0 ? error : finish_segment(journal);
}

/* Makes sure that a group of group_bytes, padded, has its place in the current segment. */
static int make_room(struct sky_journal *journal, size_t group_bytes)
{
    int error = 0;
    if (journal->begun) {
        if (sky_segment_has_place(&journal->segment, group_bytes)) {
            return 0;
        }
        error = finish_signed(journal, 0);
    }
    return error != 0 ? error : begin_segment(journal, group_bytes);
}

static bool epoch_is_over(const struct sky_journal *journal)
{
    return is_signed(journal) &&
           (!journal->epoch_begun ||
            journal->now.time_ns - journal->epoch_ns >= journal->seal.config.epoch_ns);
}

static bool checkpoint_is_due(const struct sky_journal *journal)
{
    return is_signed(journal) &&
           (journal->wants_checkpoint ||
            journal->now.time_ns - journal->checkpoint_ns >= journal->seal.config.checkpoint_ns);
}

/* Adds the log's own records and every leaf to the tree, in their order. */
static int complete_group(struct sky_journal *journal, const uint8_t salt[32], bool *ret_epoch_ends,
                          struct sky_journal_work *work)
{
    struct sky_group *const group = &journal->group;
    int error = 0;
    if (!journal->introduced) {
        introduce_segment(journal, group, group->entry[0].log_time_ns);
    }
    hash_group(journal, salt);
    if (epoch_is_over(journal)) {
        struct sky_epoch next;
        uint8_t bytes[SKY_OWN_EPOCH_MAX];
        sky_seal_next(&journal->seal, &next);
        add_own(group, SKY_OWN_EPOCH, journal->now.log_time_ns, bytes,
                sky_own_pack_epoch(&next, bytes));
        hash_leaf(journal, group, group->count - 1, salt);
        *ret_epoch_ends = true;
    }
    if (checkpoint_is_due(journal)) {
        error = add_checkpoint(journal, group, journal->now.log_time_ns, work);
        if (error == 0) {
            hash_leaf(journal, group, group->count - 1, salt);
            journal->checkpoint_ns = journal->now.time_ns;
            journal->wants_checkpoint = false;
        }
    }
    return error;
}

static int hand_over_group(struct sky_journal *journal, bool urgent)
{
    struct sky_group *const group = &journal->group;
    struct sky_mcap_group header = {.flags = urgent ? SKY_MCAP_GROUP_URGENT : 0};
    struct sky_journal_work work = {.oldest_ns = journal->oldest_ns};
    bool epoch_ends = false;
    /* Its index records are counted in OWN_BYTES and with each channel. */
    const size_t most = sky_group_bytes_with(group, SKY_CHANNEL_CONFIG, 0) + OWN_BYTES;
    int error = make_room(journal, most + sky_mcap_pad_bytes(most));
    if (error != 0) {
        return error;
    }
    sky_seal_group_salt(&journal->seal, journal->boot_id, journal->group_seq + 1, header.salt);
    error = complete_group(journal, header.salt, &epoch_ends, &work);
    if (error == 0) {
        const size_t body_bytes = sky_group_end(group);
        error = seal_group(journal, group, body_bytes, &journal->now, &header);
    }
    if (error == 0) {
        error = place_group(journal, group->out.bytes, group->out.used, &header, &work);
    }
    if (epoch_ends) {
        sky_seal_advance(&journal->seal);
        journal->epoch_begun = true;
        journal->epoch_ns = journal->now.time_ns;
    }
    journal->handed = journal->now;
    return error;
}

int sky_journal_commit(struct sky_journal *journal, bool urgent)
{
    if (journal->failed != 0 || journal->group.count == 0) {
        return journal->failed;
    }
    const int error = hand_over_group(journal, urgent);
    journal->failed = journal->failed != 0 ? journal->failed : error;
    sky_group_clear(&journal->group);
    journal->oldest_ns = 0;
    return error;
}

int sky_journal_again(struct sky_journal *journal, uint8_t *bytes, size_t count)
{
    struct sky_mcap_group header;
    if (journal->failed != 0) {
        return journal->failed;
    }
    const size_t body_at = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES;
    if (sky_mcap_read_group(bytes, count, &header) != NULL || header.body_bytes > count - body_at ||
        body_at + header.body_bytes + sky_mcap_pad_bytes(body_at + header.body_bytes) != count ||
        sky_mcap_crc(bytes + body_at, (size_t)header.body_bytes) != header.body_crc ||
        memcmp(header.boot_id, journal->boot_id, sizeof header.boot_id) != 0 ||
        header.group_seq > journal->group_seq) {
        return -EINVAL;
    }
    const int error = make_room(journal, count);
    struct sky_journal_work work = {.oldest_ns = 0};
    return error != 0 ? error : place_group(journal, bytes, count, &header, &work);
}

/* ---- records ---- */

static int add(struct sky_journal *journal, unsigned channel, uint32_t sequence,
               uint64_t publish_time_ns, const uint8_t *bytes, size_t count)
{
    struct sky_group *const group = &journal->group;
    if (group->count > 0 &&
        (group->count == SKY_GROUP_MESSAGES_MAX ||
         sky_group_bytes_with(group, channel, count) > journal->config.group_bytes)) {
        const int error = sky_journal_commit(journal, false);
        if (error != 0) {
            return error;
        }
    }
    if (publish_time_ns > journal->now.log_time_ns) {
        journal->now.log_time_ns = publish_time_ns;
    }
    const struct sky_group_message message = {.channel = channel,
                                              .sequence = sequence,
                                              .log_time_ns = journal->now.log_time_ns,
                                              .publish_time_ns = publish_time_ns,
                                              .bytes = bytes,
                                              .count = count};
    sky_group_add(group, &message);
    return 0;
}

static uint64_t not_negative(int64_t time_ns) { return time_ns > 0 ? (uint64_t)time_ns : 0; }

static int error_of(enum sky_status status)
{
    return status == SKY_E_CAPACITY ? -EMSGSIZE : -EINVAL;
}

int sky_journal_input(struct sky_journal *journal, const struct sky_input *input,
                      const struct sky_utc_estimate *utc)
{
    enum sky_channel channel;
    size_t count;
    if (journal->failed != 0) {
        return journal->failed;
    }
    const enum sky_status status =
        sky_codec_pack_input(input, utc, journal->record, SKY_CODEC_RECORD_MAX, &channel, &count);
    if (status != SKY_OK) {
        return error_of(status);
    }
    const int64_t when_ns = utc->state != SKY_CLOCK_NONE ? utc->utc_ns : input->realtime_ns;
    const int error =
        add(journal, channel, (uint32_t)input->seq, not_negative(when_ns), journal->record, count);
    if (error != 0) {
        return error;
    }
    if (journal->oldest_ns == 0) {
        journal->oldest_ns = input->time_ns;
    }
    journal->now.time_ns = input->time_ns;
    journal->now.realtime_ns = input->realtime_ns;
    journal->now.utc = *utc;
    journal->now.last_seq = input->seq;
    return 0;
}

/* What others should be able to hold a checkpoint of soon. */
static bool opens_or_closes(const struct sky_event *event)
{
    return event->kind == SKY_EVENT_INCIDENT &&
           (event->u.incident.change == SKY_INCIDENT_OPENED ||
            event->u.incident.change == SKY_INCIDENT_NOW_CLOSED);
}

int sky_journal_event(struct sky_journal *journal, const struct sky_event *event)
{
    enum sky_channel channel;
    size_t count;
    if (journal->failed != 0) {
        return journal->failed;
    }
    const enum sky_status status =
        sky_codec_pack_event(event, journal->record, SKY_CODEC_RECORD_MAX, &channel, &count);
    if (status != SKY_OK) {
        return error_of(status);
    }
    const uint64_t when_ns = event->utc.state != SKY_CLOCK_NONE ? not_negative(event->utc.utc_ns)
                                                                : journal->now.log_time_ns;
    journal->wants_checkpoint = journal->wants_checkpoint || opens_or_closes(event);
    return add(journal, channel, (uint32_t)event->cause_seq, when_ns, journal->record, count);
}

int sky_journal_retention(struct sky_journal *journal, const uint8_t *bytes, size_t count)
{
    if (journal->failed != 0) {
        return journal->failed;
    }
    return count > SKY_CODEC_RECORD_MAX
               ? -EMSGSIZE
               : add(journal, SKY_OWN_RETENTION, 0, journal->now.log_time_ns, bytes, count);
}

uint64_t sky_journal_groups(const struct sky_journal *journal) { return journal->group_seq; }

bool sky_journal_pending(const struct sky_journal *journal) { return journal->group.count > 0; }

int sky_journal_skip_segment(struct sky_journal *journal)
{
    if (journal->failed != 0) {
        return journal->failed;
    }
    return begin_segment(journal, 0);
}

int sky_journal_close(struct sky_journal *journal)
{
    if (journal == NULL) {
        return 0;
    }
    int error = sky_journal_commit(journal, false);
    if (error == 0 && journal->begun) {
        error = finish_signed(journal, SKY_MCAP_GROUP_ENDS_RUN);
    }
    sky_seal_done(&journal->seal);
    free(journal);
    return error;
}
