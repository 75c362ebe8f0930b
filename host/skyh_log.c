#include "skyh_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sky_mcap.h"

/* Does it end as a closed segment does? Then nobody will change it any more. */
static bool is_closed(int file, size_t count)
{
    uint8_t end[SKY_MCAP_MAGIC_BYTES];
    return count >= sizeof end &&
           pread(file, end, sizeof end, (off_t)(count - sizeof end)) == (ssize_t)sizeof end &&
           memcmp(end, sky_mcap_magic, sizeof end) == 0;
}

/* Sets *count to what there was to read, which may be less by then. NULL: errno says why. */
static uint8_t *copy_file(int file, size_t *count)
{
    uint8_t *const bytes = malloc(*count);
    size_t used = 0;
    ssize_t got = bytes == NULL ? -1 : 1;
    while (got > 0 && used < *count) {
        got = read(file, bytes + used, *count - used);
        used += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) {
        free(bytes);
        return NULL;
    }
    *count = used;
    return bytes;
}

/*
 * A segment that is still being recorded is cut to its length when it is closed, and to touch a
 * mapped page behind that would end this program: it is copied.
 */
static bool load_bytes(struct skyh_log_segment *segment, int file, size_t count)
{
    if (is_closed(file, count)) {
        void *const mapped = mmap(NULL, count, PROT_READ, MAP_PRIVATE, file, 0);
        segment->bytes = mapped == MAP_FAILED ? NULL : mapped;
        segment->mapped = true;
    } else if (count > 0) {
        segment->bytes = copy_file(file, &count);
    }
    segment->count = segment->bytes == NULL ? 0 : count;
    return segment->bytes != NULL || count == 0;
}

static bool load_file(struct skyh_log_segment *segment, struct skyh_problem *problem)
{
    const int file = open(segment->file, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    const bool loaded =
        file >= 0 && fstat(file, &facts) == 0 && load_bytes(segment, file, (size_t)facts.st_size);
    const int error = errno;
    if (file >= 0) {
        (void)close(file);
    }
    return loaded ||
           skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: %s", segment->file, strerror(error));
}

static bool add_segment(struct skyh_log *log, const char *folder, const char *name,
                        struct skyh_problem *problem)
{
    struct skyh_log_segment *const grown =
        realloc(log->segment, (log->segment_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", name);
    }
    log->segment = grown;
    struct skyh_log_segment *const segment = &grown[log->segment_count];
    memset(segment, 0, sizeof *segment);
    const int used = snprintf(segment->file, sizeof segment->file, "%s%s%s", folder,
                              folder[0] == '\0' ? "" : "/", name);
    if (used >= (int)sizeof segment->file) {
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: the path is too long", name);
    }
    if (!load_file(segment, problem)) {
        return false;
    }
    log->segment_count++;
    log->bytes += segment->count;
    struct sky_scan scan;
    segment->reason = "empty file";
    segment->sound = segment->count > 0 && sky_scan_begin(&scan, segment->bytes, segment->count,
                                                          &segment->reason) == SKY_OK;
    if (segment->sound) {
        segment->said = scan.segment;
    }
    return true;
}

/* Segment files carry their number in their names, so their order is that of the names. */
static int is_segment(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return strncmp(entry->d_name, "seg-", 4) == 0 && length > 9 &&
           strcmp(entry->d_name + length - 5, ".mcap") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_folder(struct skyh_log *log, const char *path, struct skyh_problem *problem)
{
    struct dirent **entry = NULL;
    const int count = scandir(path, &entry, is_segment, by_name);
    if (count < 0) {
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: %s", path, strerror(errno));
    }
    bool sound = true;
    for (int i = 0; i < count; i++) {
        sound = sound && add_segment(log, path, entry[i]->d_name, problem);
        free(entry[i]);
    }
    free(entry);
    if (sound && count == 0) {
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT,
                         "%s: no log in it; expected segments named seg-*.mcap", path);
    }
    return sound;
}

bool skyh_log_open(struct skyh_log *log, const char *path, struct skyh_problem *problem)
{
    struct stat facts;
    if (stat(path, &facts) != 0) {
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: %s", path, strerror(errno));
    }
    if (S_ISDIR(facts.st_mode) ? !add_folder(log, path, problem)
                               : !add_segment(log, "", path, problem)) {
        return false;
    }
    for (size_t i = 0; i < log->segment_count; i++) {
        if (log->segment[i].sound) {
            skyh_log_rewind(log);
            return true;
        }
    }
    return skyh_fail(problem, SKYH_EXIT_DATA, "%s: byte 0: %s; expected a skywitness log",
                     log->segment[0].file, log->segment[0].reason);
}

static void release(struct skyh_log_segment *segment)
{
    union {
        const uint8_t *in;
        void *out;
    } bytes = {.in = segment->bytes};
    if (segment->mapped && bytes.out != NULL) {
        (void)munmap(bytes.out, segment->count);
    } else {
        free(bytes.out);
    }
}

void skyh_log_close(struct skyh_log *log)
{
    for (size_t i = 0; i < log->segment_count; i++) {
        release(&log->segment[i]);
    }
    free(log->segment);
    memset(log, 0, sizeof *log);
}

void skyh_log_rewind(struct skyh_log *log)
{
    log->at = 0;
    log->begun = false;
    log->passed = 0;
    log->damages = 0;
    log->torn = 0;
    log->group_segment = NULL;
    log->holds = false;
}

static void count_item(struct skyh_log *log, const struct sky_scan_item *item)
{
    log->damages += item->found == SKY_SCAN_DAMAGE ? 1 : 0;
    log->torn += item->found == SKY_SCAN_TORN_END ? 1 : 0;
}

/* Begins the current segment, or makes an item of what is wrong with it. */
static bool begin_segment(struct skyh_log *log, struct skyh_log_item *ret_item)
{
    const struct skyh_log_segment *const segment = &log->segment[log->at];
    const char *reason = segment->reason;
    if (segment->sound &&
        sky_scan_begin(&log->scan, segment->bytes, segment->count, &reason) == SKY_OK) {
        log->begun = true;
        return true;
    }
    *ret_item = (struct skyh_log_item){
        .scan = {.found = SKY_SCAN_DAMAGE, .skipped = segment->count, .reason = reason},
        .segment = segment,
    };
    return false;
}

/* How a segment goes on from the group that was read before. */
enum link { LINK_NEXT = 1, LINK_REPEATED, LINK_MISSING };

/* Both groups are sound: they were walked. */
static enum link link_of(const struct skyh_log_segment *a, uint64_t a_at,
                         const struct skyh_log_segment *b, uint64_t b_at)
{
    enum { BODY_AT = SKY_MCAP_FRAME_BYTES + SKY_MCAP_GROUP_BYTES };
    struct sky_mcap_group before, after;
    if (sky_mcap_read_group(a->bytes + a_at, a->count - (size_t)a_at, &before) != NULL ||
        sky_mcap_read_group(b->bytes + b_at, b->count - (size_t)b_at, &after) != NULL) {
        return LINK_NEXT;
    }
    const bool same_boot = memcmp(before.boot_id, after.boot_id, sizeof before.boot_id) == 0;
    if (same_boot && before.group_seq == after.group_seq && before.body_bytes == after.body_bytes &&
        memcmp(a->bytes + a_at + BODY_AT, b->bytes + b_at + BODY_AT, (size_t)before.body_bytes) ==
            0) {
        return LINK_REPEATED;
    }
    const bool next = same_boot && after.group_seq == before.group_seq + 1;
    return next || after.group_seq == 1 /* of a new run */ ? LINK_NEXT : LINK_MISSING;
}

/* Takes the next item of the current segment, but for those of a group that was read already. */
static void scan_next(struct skyh_log *log, const struct skyh_log_segment *segment,
                      struct sky_scan_item *ret_item)
{
    if (log->holds) {
        log->holds = false;
        *ret_item = log->held;
        return;
    }
    enum link link = LINK_NEXT;
    do {
        sky_scan_step(&log->scan, ret_item);
        if (ret_item->found != SKY_SCAN_RECORD && ret_item->found != SKY_SCAN_OWN) {
            return;
        }
        if (log->group_segment != segment) {
            link = log->group_segment == NULL
                       ? LINK_NEXT
                       : link_of(log->group_segment, log->group_at, segment, ret_item->offset);
        } else if (log->group_at != ret_item->offset) {
            link = LINK_NEXT;
        }
        log->group_segment = segment;
        log->group_at = ret_item->offset;
    } while (link == LINK_REPEATED);
    if (link == LINK_MISSING) {
        log->holds = true;
        log->held = *ret_item;
        *ret_item = (struct sky_scan_item){.found = SKY_SCAN_DAMAGE,
                                           .offset = log->held.offset,
                                           .reason = "groups are missing before this one"};
    }
}

bool skyh_log_next(struct skyh_log *log, struct skyh_log_item *ret_item)
{
    bool more = skyh_log_step(log, ret_item);
    while (more && ret_item->scan.found == SKY_SCAN_OWN) {
        more = skyh_log_step(log, ret_item);
    }
    return more;
}

bool skyh_log_step(struct skyh_log *log, struct skyh_log_item *ret_item)
{
    if (log->at >= log->segment_count) {
        return false;
    }
    const struct skyh_log_segment *const segment = &log->segment[log->at];
    const bool sound = log->begun || begin_segment(log, ret_item);
    if (sound) {
        ret_item->segment = segment;
        scan_next(log, segment, &ret_item->scan);
    }
    count_item(log, &ret_item->scan);
    if (!sound || ret_item->scan.found == SKY_SCAN_END ||
        ret_item->scan.found == SKY_SCAN_TORN_END) {
        log->passed += segment->count;
        log->begun = false;
        log->at++;
    }
    return true;
}

double skyh_log_share(const struct skyh_log *log, const struct skyh_log_item *item)
{
    const double within = log->begun ? (double)item->scan.offset : 0.0;
    return log->bytes > 0 ? ((double)log->passed + within) / (double)log->bytes : 1.0;
}

void skyh_log_say(const char *command, const struct skyh_log_item *item)
{
    if (item->scan.found == SKY_SCAN_DAMAGE) {
        skyh_note(command, "%s: byte %" PRIu64 ": damaged: %s; %" PRIu64 " bytes are passed over",
                  item->segment->file, item->scan.offset, item->scan.reason, item->scan.skipped);
    } else if (item->scan.found == SKY_SCAN_TORN_END) {
        skyh_note(command,
                  "%s: byte %" PRIu64 ": torn end: %s; everything before is read, %" PRIu64
                  " bytes of what was being written are not",
                  item->segment->file, item->scan.offset, item->scan.reason, item->scan.skipped);
    }
}

int skyh_log_exit(const struct skyh_log *log)
{
    return log->damages + log->torn > 0 ? SKYH_EXIT_DAMAGED : SKYH_EXIT_OK;
}
