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
#include <time.h>
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

static bool is_zero(const uint8_t *bytes, size_t count)
{
    return count == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0);
}

/*
 * Copies bytes of a file to the same place of its copy, up to `end` or as many as there are by now;
 * what was never written stays a hole. Returns where it stopped, or -1: errno says why.
 */
static off_t copy_bytes(int from, int to, off_t at, off_t end)
{
    static uint8_t bytes[1 << 18];
    ssize_t got = 1;
    while (at < end && got > 0) {
        const size_t wanted = end - at < (off_t)sizeof bytes ? (size_t)(end - at) : sizeof bytes;
        got = pread(from, bytes, wanted, at);
        if (got > 0 && !is_zero(bytes, (size_t)got) && pwrite(to, bytes, (size_t)got, at) != got) {
            return -1;
        }
        at += got > 0 ? got : 0;
    }
    return got < 0 ? -1 : at;
}

/* A file without a name; -1: errno says why. */
static int open_copy(void)
{
    FILE *const stream = tmpfile();
    const int file = stream == NULL ? -1 : fcntl(fileno(stream), F_DUPFD_CLOEXEC, 0);
    if (stream != NULL) {
        (void)fclose(stream);
    }
    return file;
}

static bool map_bytes(struct skyh_log_segment *segment, int file, size_t count)
{
    void *const mapped = mmap(NULL, count, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) {
        return false;
    }
    segment->bytes = mapped;
    segment->count = count;
    segment->room = count;
    return true;
}

static bool copy_and_map(struct skyh_log_segment *segment, int file, size_t count)
{
    segment->copy = open_copy();
    if (segment->copy < 0) {
        return false;
    }
    const off_t copied = copy_bytes(file, segment->copy, 0, (off_t)count);
    return copied >= 0 && ftruncate(segment->copy, copied) == 0 &&
           (copied == 0 || map_bytes(segment, segment->copy, (size_t)copied));
}

/*
 * A segment that is still being recorded is cut to its length when it is closed, and to touch a
 * mapped page behind that would end this program: it is copied.
 */
static bool load_bytes(struct skyh_log_segment *segment, int file, size_t count)
{
    return count == 0 || (is_closed(file, count) ? map_bytes(segment, file, count)
                                                 : copy_and_map(segment, file, count));
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

static void judge(struct skyh_log_segment *segment)
{
    struct sky_scan scan;
    segment->reason = "empty file";
    segment->sound = segment->count > 0 && sky_scan_begin(&scan, segment->bytes, segment->count,
                                                          &segment->reason) == SKY_OK;
    if (segment->sound) {
        segment->said = scan.segment;
    }
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
    segment->copy = -1;
    segment->reason = "cannot be read";
    const int used = snprintf(segment->file, sizeof segment->file, "%s%s%s", folder,
                              folder[0] == '\0' ? "" : "/", name);
    if (used >= (int)sizeof segment->file) {
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: the path is too long", name);
    }
    log->segment_count++; /* what it holds, if anything, is released from now on */
    if (!load_file(segment, problem)) {
        return false;
    }
    log->bytes += segment->count;
    judge(segment);
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

/* Whether the log is past this segment already. */
static bool is_known(const struct skyh_log *log, const char *name)
{
    const char *const last =
        log->segment_count == 0 ? NULL : strrchr(log->segment[log->segment_count - 1].file, '/');
    return last != NULL && strcmp(name, last + 1) <= 0;
}

/* Adds those that come after the ones it has. */
static bool add_folder(struct skyh_log *log, const char *path, struct skyh_problem *problem)
{
    struct dirent **entry = NULL;
    const int count = scandir(path, &entry, is_segment, by_name);
    if (count < 0) {
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: %s", path, strerror(errno));
    }
    bool sound = true;
    for (int i = 0; i < count; i++) {
        sound = sound && (is_known(log, entry[i]->d_name) ||
                          add_segment(log, path, entry[i]->d_name, problem));
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
    log->whole = S_ISDIR(facts.st_mode);
    if (log->whole) {
        (void)snprintf(log->folder, sizeof log->folder, "%s", path);
    }
    if (log->whole ? !add_folder(log, path, problem) : !add_segment(log, "", path, problem)) {
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
    if (bytes.out != NULL) {
        (void)munmap(bytes.out, segment->room);
    }
    if (segment->copy >= 0) {
        (void)close(segment->copy);
    }
    segment->bytes = NULL;
    segment->count = segment->room = 0;
    segment->copy = -1;
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
    log->let_go = 0;
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
                      struct sky_scan_item *ret_item, bool *ret_gap)
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
        *ret_gap = true;
        log->holds = true;
        log->held = *ret_item;
        *ret_item = (struct sky_scan_item){.found = SKY_SCAN_DAMAGE,
                                           .offset = log->held.offset,
                                           .reason = "groups are missing before this one"};
    }
}

/* Gives back the memory of what lies well before the group that is walked. */
static void let_go_of(struct skyh_log *log, const struct skyh_log_segment *segment, uint64_t offset)
{
    enum { AT_ONCE = 4 << 20 };
    if (offset < log->let_go + 2 * (uint64_t)AT_ONCE) {
        return;
    }
    union {
        const uint8_t *in;
        void *out;
    } bytes = {.in = segment->bytes + log->let_go};
    (void)madvise(bytes.out, AT_ONCE,
                  MADV_DONTNEED); /* it is the file's, and read again if need be */
    log->let_go += AT_ONCE;
}

/* The same of all of a segment. */
static void let_go_of_all(struct skyh_log *log, const struct skyh_log_segment *segment)
{
    union {
        const uint8_t *in;
        void *out;
    } bytes = {.in = segment->bytes};
    if (bytes.out != NULL) {
        (void)madvise(bytes.out, segment->room, MADV_DONTNEED);
    }
    log->let_go = 0;
}

/* It just stops, but its station may only not be farther yet. */
static bool may_go_on(const struct skyh_log *log, const struct skyh_log_item *item)
{
    enum { GIVEN_UP_S = 3 };
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    const bool last = log->at + 1 == log->segment_count;
    return log->followed && (item->scan.found == SKY_SCAN_TORN_END || (!log->begun && last)) &&
           (last || (int64_t)now.tv_sec * SKY_SECOND_NS + now.tv_nsec - log->newer_ns <
                        GIVEN_UP_S * SKY_SECOND_NS);
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
    ret_item->gap = false;
    if (sound) {
        ret_item->segment = segment;
        scan_next(log, segment, &ret_item->scan, &ret_item->gap);
        let_go_of(log, segment, ret_item->scan.offset);
    }
    if (may_go_on(log, ret_item)) {
        log->torn_at = log->begun ? ret_item->scan.offset : 0;
        return false;
    }
    count_item(log, &ret_item->scan);
    if (!sound || ret_item->scan.found == SKY_SCAN_END ||
        ret_item->scan.found == SKY_SCAN_TORN_END) {
        let_go_of_all(log, segment);
        log->passed += segment->count;
        log->begun = false;
        log->newer_ns = 0;
        log->at++;
    }
    return true;
}

/* --- Following ------------------------------------------------------------------------------ */

bool skyh_log_follow(struct skyh_log *log, const char *path, struct skyh_problem *problem)
{
    if (!skyh_log_open(log, path, problem)) {
        return false;
    }
    log->followed = true;
    return true;
}

bool skyh_log_is_over(const struct skyh_log *log)
{
    return log->folder[0] == '\0' && log->at == log->segment_count;
}

/* A segment that did not go on where its walk stands. */
static bool is_as_it_was(const struct skyh_log_segment *segment, int file, size_t count, off_t at)
{
    uint8_t next[512]; /* a group begins with more than zeros */
    const ssize_t got = pread(file, next, sizeof next, at);
    return count == segment->count && got >= 0 && is_zero(next, (size_t)got);
}

/* Reads on from where the walk stands. True if there may be more now. */
static bool read_on(struct skyh_log_segment *segment, off_t at)
{
    struct stat facts;
    const int file = open(segment->file, O_RDONLY | O_CLOEXEC);
    bool more = file >= 0 && fstat(file, &facts) == 0 && facts.st_size > 0 &&
                !is_as_it_was(segment, file, (size_t)facts.st_size, at);
    if (more && segment->copy < 0) {
        segment->copy = open_copy();
        at = 0;
    }
    if (more) {
        const off_t copied = copy_bytes(file, segment->copy, at, facts.st_size);
        more = copied >= 0 && ftruncate(segment->copy, copied) == 0;
        if (more && (size_t)copied > segment->room) {
            const int copy = segment->copy;
            segment->copy = -1;
            release(segment);
            segment->copy = copy;
            more = map_bytes(segment, copy, (size_t)copied);
        }
        segment->count = more ? (size_t)copied : segment->count;
    }
    if (file >= 0) {
        (void)close(file);
    }
    return more;
}

/* New segments, with the pointers into their list set right. */
static void add_newer(struct skyh_log *log)
{
    struct skyh_problem ignored;
    const size_t count = log->segment_count;
    const size_t group =
        log->group_segment == NULL ? 0 : (size_t)(log->group_segment - log->segment);
    (void)add_folder(log, log->folder, &ignored);
    if (log->group_segment != NULL) {
        log->group_segment = &log->segment[group];
    }
    if (log->segment_count > count && log->newer_ns == 0) {
        struct timespec now;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        log->newer_ns = (int64_t)now.tv_sec * SKY_SECOND_NS + now.tv_nsec;
    }
}

void skyh_log_more(struct skyh_log *log)
{
    if (log->folder[0] != '\0') {
        add_newer(log);
    }
    if (log->at == log->segment_count) {
        return;
    }
    struct skyh_log_segment *const segment = &log->segment[log->at];
    const bool more = read_on(segment, (off_t)log->torn_at);
    if (more && log->begun) {
        sky_scan_again(&log->scan, segment->bytes, segment->count);
    } else if (more) {
        judge(segment);
    }
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
