#include "skyh_disclose.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sky_keyfile.h"
#include "sky_mcap.h"
#include "sky_seal.h"
#include "skyh_audit.h"
#include "skyh_event.h"
#include "skyh_json.h"
#include "skyh_notefile.h"

static const char first_line[] = "c2sp.org/tlog-proof@v1\n";

enum {
    RECORDS_MAX = 4096,
    HEAD_BYTES = SKY_SEAL_SALT_BYTES + SKY_MCAP_MESSAGE_HEAD_BYTES, /* of an entry */
    ENTRY_MAX = 4096,                                               /* no event is larger */
    FILE_MAX = 4 * ENTRY_MAX / 3 + 64 * 48 + SKY_NOTE_CHECKPOINT_MAX + 256
};

/* ---- which records ---- */

struct chosen {
    uint64_t index;
    const uint8_t *content; /* in the log's memory */
    size_t count;
    uint8_t salt[SKY_SEAL_SALT_BYTES];
};

struct chooser {
    uint32_t incident;
    size_t count;
    struct chosen chosen[RECORDS_MAX];
    _Alignas(16) uint8_t arena_bytes[65536];
};

/* The incident that an event is about; 0: none. */
static uint32_t incident_of(const struct sky_event *event)
{
    if (event->kind == SKY_EVENT_INCIDENT) {
        return event->u.incident.id;
    }
    if (event->kind == SKY_EVENT_INCIDENT_LINE) {
        return event->u.incident_line.incident_id;
    }
    return event->kind == SKY_EVENT_CLASSIFICATION ? event->u.classification.incident_id : 0;
}

static void choose(void *context, const struct skyh_log_item *item, uint64_t index,
                   const uint8_t *salt)
{
    struct chooser *const chooser = context;
    struct sky_arena arena = {.bytes = chooser->arena_bytes,
                              .capacity = sizeof chooser->arena_bytes};
    struct sky_event event;
    if (item->scan.found != SKY_SCAN_RECORD || sky_codec_is_input(item->scan.channel) ||
        chooser->count == RECORDS_MAX ||
        sky_codec_unpack_event(item->scan.channel, item->scan.bytes, item->scan.count, &arena,
                               &event) != SKY_OK ||
        incident_of(&event) != chooser->incident) {
        return;
    }
    struct chosen *const chosen = &chooser->chosen[chooser->count++];
    chosen->index = index;
    chosen->content = item->scan.bytes - SKY_MCAP_MESSAGE_HEAD_BYTES;
    chosen->count = item->scan.count + SKY_MCAP_MESSAGE_HEAD_BYTES;
    memcpy(chosen->salt, salt, sizeof chosen->salt);
}

/* ---- writing ---- */

static bool write_proof(const struct chosen *chosen, const struct skyh_audit *audit,
                        const char *folder, struct skyh_problem *problem)
{
    static struct sky_merkle_proof proof;
    static uint8_t entry[ENTRY_MAX];
    static char text[FILE_MAX];
    static char base64[4 * ENTRY_MAX / 3 + 8];
    char path[SKYH_LOG_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%" PRIu64 ".tlog-proof", folder, chosen->index);
    if (chosen->count + SKY_SEAL_SALT_BYTES > ENTRY_MAX ||
        !sky_merkle_prove_leaf(&audit->tree.source, chosen->index, audit->latest.size, &proof)) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "record %" PRIu64 " cannot be proved",
                         chosen->index);
    }
    memcpy(entry, chosen->salt, SKY_SEAL_SALT_BYTES);
    memcpy(entry + SKY_SEAL_SALT_BYTES, chosen->content, chosen->count);
    (void)sky_base64(entry, SKY_SEAL_SALT_BYTES + chosen->count, base64);
    int used = snprintf(text, sizeof text, "%sextra %s\nindex %" PRIu64 "\n", first_line, base64,
                        chosen->index);
    for (unsigned i = 0; i < proof.count; i++) {
        (void)sky_base64(proof.hash[i].bytes, SKY_HASH_BYTES, base64);
        used += snprintf(text + used, sizeof text - (size_t)used, "%s\n", base64);
    }
    used += snprintf(text + used, sizeof text - (size_t)used, "\n%s", audit->latest_note);
    const int error = sky_keyfile_publish(path, text, (size_t)used);
    return error == 0 || skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", path, strerror(-error));
}

static bool write_all(const struct chooser *chooser, const struct skyh_audit *audit,
                      const char *folder, size_t *ret_count, struct skyh_problem *problem)
{
    *ret_count = 0;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", folder, strerror(errno));
    }
    for (size_t i = 0; i < chooser->count; i++) {
        if (chooser->chosen[i].index >= audit->latest.size) {
            continue; /* behind the last checkpoint: nobody vouches for it yet */
        }
        if (!write_proof(&chooser->chosen[i], audit, folder, problem)) {
            return false;
        }
        ++*ret_count;
    }
    return *ret_count > 0 || skyh_fail(problem, SKYH_EXIT_DATA,
                                       "incident %" PRIu32 ": no record of it before a checkpoint",
                                       chooser->incident);
}

static bool choose_and_write(struct skyh_log *log, struct chooser *chooser,
                             struct skyh_audit *audit, const char *folder, size_t *ret_count,
                             struct skyh_problem *problem)
{
    const struct skyh_audit_config config = {.keep_tree = true, .leaf = choose, .context = chooser};
    if (!skyh_audit_run(log, &config, audit, problem)) {
        return false;
    }
    if (audit->altered > 0) {
        return skyh_fail(problem, SKYH_EXIT_DIFFERENT, "the log is altered; see skywitness verify");
    }
    if (!audit->latest_valid) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "the log is not signed: nothing can be proved");
    }
    return write_all(chooser, audit, folder, ret_count, problem);
}

bool skyh_disclose(struct skyh_log *log, uint32_t incident, const char *folder, size_t *ret_count,
                   struct skyh_problem *problem)
{
    struct chooser *const chooser = calloc(1, sizeof *chooser);
    struct skyh_audit *const audit = calloc(1, sizeof *audit);
    bool good = false;
    if (chooser == NULL || audit == NULL) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    } else {
        chooser->incident = incident;
        good = choose_and_write(log, chooser, audit, folder, ret_count, problem);
        skyh_audit_free(audit);
    }
    free(audit);
    free(chooser);
    return good;
}

/* ---- checking ---- */

/* What a proof file holds. */
struct disclosed {
    uint8_t entry[ENTRY_MAX];
    size_t entry_bytes;
    uint64_t index;
    struct sky_merkle_proof proof;
    struct skyh_notefile note;
    _Alignas(16) uint8_t arena_bytes[65536];
};

/* Takes "PREFIX...\n" from *text; the rest of the line is ret_line. */
static bool take_line(const char **text, const char *prefix, const char **ret_line,
                      size_t *ret_bytes)
{
    const size_t skip = strlen(prefix);
    const char *const end = strchr(*text, '\n');
    if (end == NULL || strncmp(*text, prefix, skip) != 0) {
        return false;
    }
    *ret_line = *text + skip;
    *ret_bytes = (size_t)(end - *ret_line);
    *text = end + 1;
    return true;
}

static bool parse(const char *text, struct disclosed *disclosed)
{
    const char *line = NULL;
    size_t bytes = 0, used = 0;
    struct sky_merkle_proof *const proof = &disclosed->proof;
    if (strncmp(text, first_line, sizeof first_line - 1) != 0) {
        return false;
    }
    text += sizeof first_line - 1;
    if (!take_line(&text, "extra ", &line, &bytes) ||
        !sky_base64_read(line, bytes, disclosed->entry, ENTRY_MAX, &disclosed->entry_bytes) ||
        disclosed->entry_bytes < HEAD_BYTES || !take_line(&text, "index ", &line, &bytes) ||
        !sky_decimal_read(line, bytes, &disclosed->index)) {
        return false;
    }
    while (take_line(&text, "", &line, &bytes) && bytes > 0) {
        if (proof->count == SKY_MERKLE_PROOF_MAX ||
            !sky_base64_read(line, bytes, proof->hash[proof->count].bytes, SKY_HASH_BYTES, &used) ||
            used != SKY_HASH_BYTES) {
            return false;
        }
        proof->count++;
    }
    struct skyh_problem unused;
    return skyh_notefile_parse("", text, strlen(text), &disclosed->note, &unused);
}

static void print_entry(struct disclosed *disclosed, const char *file)
{
    const uint8_t *const content = disclosed->entry + SKY_SEAL_SALT_BYTES;
    const unsigned channel = (unsigned)content[0] | (unsigned)content[1] << 8;
    struct sky_arena arena = {.bytes = disclosed->arena_bytes,
                              .capacity = sizeof disclosed->arena_bytes};
    struct sky_event event;
    char text[SKYH_EVENT_TEXT_MAX], when[SKYH_UTC_TEXT_MAX] = "(UTC unknown)";
    if (sky_own_declared(channel) && channel < SKY_OWN_SEGMENT &&
        !sky_codec_is_input((enum sky_channel)channel) &&
        sky_codec_unpack_event((enum sky_channel)channel, disclosed->entry + HEAD_BYTES,
                               disclosed->entry_bytes - HEAD_BYTES, &arena, &event) == SKY_OK) {
        if (event.utc.state != SKY_CLOCK_NONE) {
            (void)skyh_utc_text(event.utc.utc_ns, 3, when);
        }
        (void)printf("%s: proven: record %" PRIu64 " of %s: %s %s: %s\n", file, disclosed->index,
                     disclosed->note.checkpoint.origin, when, skyh_event_name(event.kind),
                     skyh_event_text(&event, text));
    } else {
        (void)printf("%s: proven: record %" PRIu64 " of %s, on channel %u\n", file,
                     disclosed->index, disclosed->note.checkpoint.origin, channel);
    }
}

static bool check(const char *file, struct disclosed *disclosed, const struct sky_note_key *key,
                  struct skyh_problem *problem)
{
    const struct sky_checkpoint *const checkpoint = &disclosed->note.checkpoint;
    const struct sky_part part = {disclosed->entry, disclosed->entry_bytes};
    const struct sky_hash leaf = sky_merkle_leaf(&part, 1);
    if (strcmp(checkpoint->origin, key->name) != 0 ||
        sky_note_check(&disclosed->note.note, key, NULL) != SKY_NOTE_SIGNED) {
        return skyh_fail(problem, SKYH_EXIT_DIFFERENT,
                         "%s: not proven: not signed by the key of %s", file, key->name);
    }
    if (!sky_merkle_check_leaf(&disclosed->proof, &leaf, disclosed->index, checkpoint->size,
                               &checkpoint->root)) {
        return skyh_fail(problem, SKYH_EXIT_DIFFERENT,
                         "%s: not proven: the record is not at this place of the log", file);
    }
    print_entry(disclosed, file);
    return true;
}

bool skyh_disclosed_check(const char *file, const struct sky_note_key *key,
                          struct skyh_problem *problem)
{
    struct disclosed *const disclosed = calloc(1, sizeof *disclosed);
    char *text = NULL;
    size_t count = 0;
    if (disclosed == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    bool good = skyh_json_slurp(file, &text, &count, problem);
    if (good && (strlen(text) != count || !parse(text, disclosed))) {
        good = skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: not a proof; expected c2sp.org/tlog-proof@v1", file);
    }
    good = good && check(file, disclosed, key, problem);
    skyh_notefile_free(&disclosed->note);
    free(disclosed);
    free(text);
    return good;
}
