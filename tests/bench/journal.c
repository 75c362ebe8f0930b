/*
 * The log's figures: sealing, reading and verifying in memory, and what a durable commit costs,
 * counted and not timed, with SQLite beside it under the same counters.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "sky_journal.h"
#include "sky_mcap.h"
#include "sky_store_posix.h"
#include "skyh_audit.h"

enum {
    ROUNDS = 7,
    GROUPS = 200,
    GROUP_MESSAGES = 500,
    MESSAGE_BYTES = 200,
    COMMITS = 100,
    TRACKS = 50,
    SEGMENTS_MAX = 8
};

static const uint64_t segment_bytes = UINT64_C(16) << 20;

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "journal: %s\n", what);
    exit(1);
}

/* ---- what goes to the disk, whoever writes it ---- */

static struct {
    uint64_t writes;
    uint64_t flushes;
    uint64_t bytes;
} counted;

/* The program's own functions come before the library's, for SQLite as for the store. */
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    counted.writes++;
    counted.bytes += count;
    return syscall(SYS_pwrite64, fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
    return pwrite(fd, bytes, count, offset);
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    counted.writes++;
    counted.bytes += count;
    return syscall(SYS_write, fd, bytes, count);
}

int fdatasync(int fd)
{
    counted.flushes++;
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    counted.flushes++;
    return (int)syscall(SYS_fsync, fd);
}

static void print_counted(const char *name, size_t payload)
{
    (void)printf("  %-34s %5.2f writes, %5.2f flushes, %8.0f bytes (%.2f x the payload)\n", name,
                 (double)counted.writes / COMMITS, (double)counted.flushes / COMMITS,
                 (double)counted.bytes / COMMITS, (double)counted.bytes / (double)payload);
}

/* ---- a log in memory ---- */

struct memory {
    struct sky_journal_sink sink;
    size_t count;
    struct skyh_log_segment segment[SEGMENTS_MAX];
    uint8_t *bytes[SEGMENTS_MAX];
};

static int take(struct sky_journal_sink *sink, const struct sky_journal_work *work)
{
    struct memory *const memory = (struct memory *)(void *)sink;
    if (work->step == SKY_JOURNAL_BEGIN) {
        if (memory->count == SEGMENTS_MAX) {
            die("too many segments");
        }
        memory->segment[memory->count++].count = (size_t)work->segment_bytes;
    }
    struct skyh_log_segment *const segment = &memory->segment[memory->count - 1];
    memcpy(memory->bytes[memory->count - 1] + work->offset, work->bytes, work->count);
    if (work->step == SKY_JOURNAL_FINISH) {
        segment->count = (size_t)work->offset + work->count;
    }
    return 0;
}

static double cpu_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct sky_note_signer signer;

static struct sky_journal *open_journal(struct sky_journal_sink *sink, bool is_signed)
{
    const struct sky_seal_config seal = {.signer = is_signed ? &signer : NULL,
                                         .epoch = 1,
                                         .epoch_seed = {7},
                                         .epoch_ns = 900 * SKY_SECOND_NS,
                                         .checkpoint_ns = 60 * SKY_SECOND_NS,
                                         .salt_seed = {9}};
    const struct sky_journal_config config = {.segment_bytes = segment_bytes,
                                              .first_segment = 1,
                                              .group_bytes = (size_t)1 << 20,
                                              .commit_interval_ns = 1000000000,
                                              .software = "bench",
                                              .boot_id = "7f1a1d5e-0c3b-4a58-9d6e-0123456789ab",
                                              .seal = &seal};
    struct sky_journal *journal;
    if (sky_journal_open(&config, sink, &journal) != 0) {
        die("cannot open a journal");
    }
    return journal;
}

/* A datagram whose record has about so many bytes. */
static void put_datagram(struct sky_journal *journal, uint64_t seq, size_t record_bytes)
{
    static uint8_t payload[MESSAGE_BYTES];
    const struct sky_utc_estimate utc = {
        .utc_ns = (int64_t)seq * 1000000, .sigma_ns = 1000, .state = SKY_CLOCK_GNSS};
    struct sky_input input = {.seq = seq, .kind = SKY_INPUT_DATAGRAM, .source = "asterix.a"};
    input.time_ns = input.realtime_ns = (int64_t)seq * 1000000;
    memcpy(payload, &seq, sizeof seq);
    input.u.datagram.bytes = payload;
    input.u.datagram.count = record_bytes - 54;
    if (sky_journal_input(journal, &input, &utc) != 0) {
        die("cannot record");
    }
}

static void seal(struct memory *memory, bool is_signed)
{
    memory->count = 0;
    struct sky_journal *const journal = open_journal(&memory->sink, is_signed);
    for (uint64_t seq = 1; seq <= (uint64_t)GROUPS * GROUP_MESSAGES; seq++) {
        put_datagram(journal, seq, MESSAGE_BYTES);
        if (seq % GROUP_MESSAGES == 0 && sky_journal_commit(journal, false) != 0) {
            die("cannot commit");
        }
    }
    if (sky_journal_close(journal) != 0) {
        die("cannot close");
    }
}

static void open_segments(struct memory *memory, struct skyh_log *log)
{
    memset(log, 0, sizeof *log);
    for (size_t i = 0; i < memory->count; i++) {
        struct skyh_log_segment *const segment = &memory->segment[i];
        struct sky_scan scan;
        segment->bytes = memory->bytes[i];
        segment->sound =
            sky_scan_begin(&scan, segment->bytes, segment->count, &segment->reason) == SKY_OK;
        segment->said = scan.segment;
        log->bytes += segment->count;
    }
    log->segment = memory->segment;
    log->segment_count = memory->count;
}

static uint64_t message_bytes;

static void read_all(struct memory *memory)
{
    uint64_t count = 0;
    message_bytes = 0;
    for (size_t i = 0; i < memory->count; i++) {
        struct sky_scan scan;
        struct sky_scan_item item;
        const char *reason;
        if (sky_scan_begin(&scan, memory->segment[i].bytes, memory->segment[i].count, &reason) !=
            SKY_OK) {
            die(reason);
        }
        for (sky_scan_next(&scan, &item); item.found == SKY_SCAN_RECORD;
             sky_scan_next(&scan, &item)) {
            count++;
            message_bytes += item.count;
        }
    }
    if (count != (uint64_t)GROUPS * GROUP_MESSAGES) {
        die("not every message was read");
    }
}

static void verify(struct memory *memory)
{
    static struct skyh_audit audit;
    struct skyh_log log;
    struct skyh_problem problem;
    const struct skyh_audit_config config = {.key = &signer.key};
    open_segments(memory, &log);
    memset(&audit, 0, sizeof audit);
    if (!skyh_audit_run(&log, &config, &audit, &problem) || audit.altered + audit.torn > 0 ||
        audit.signatures < GROUPS) {
        die(audit.finding_count > 0 ? audit.finding[0].text : "the audit finds fault");
    }
    skyh_audit_free(&audit);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void time_memory(void)
{
    static struct memory memory = {.sink = {.work = take}};
    double s[4][ROUNDS];
    for (size_t i = 0; i < SEGMENTS_MAX; i++) {
        memory.bytes[i] = malloc(segment_bytes);
        if (memory.bytes[i] == NULL) {
            die("no memory");
        }
        memset(memory.bytes[i], 0, segment_bytes);
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        const double t0 = cpu_s();
        seal(&memory, false);
        const double t1 = cpu_s();
        seal(&memory, true);
        const double t2 = cpu_s();
        open_segments(&memory, &(struct skyh_log){0});
        const double t3 = cpu_s();
        read_all(&memory);
        const double t4 = cpu_s();
        verify(&memory);
        s[0][round] = t1 - t0;
        s[1][round] = t2 - t1;
        s[2][round] = t4 - t3;
        s[3][round] = cpu_s() - t4;
    }
    static const char *const name[] = {"sealed, tree alone", "sealed and signed  (goal: 1 M/s)",
                                       "read               (goal: 4 M/s)",
                                       "verified           (goal: 1 M/s)"};
    (void)printf("groups of %d messages of %.0f bytes, in memory, one thread, CPU time, median of "
                 "%d rounds\n",
                 GROUP_MESSAGES, (double)message_bytes / GROUPS / GROUP_MESSAGES, ROUNDS);
    for (size_t i = 0; i < 4; i++) {
        qsort(s[i], ROUNDS, sizeof s[i][0], by_size);
        (void)printf("  %-34s %6.2f M messages/s\n", name[i],
                     1e-6 * GROUPS * GROUP_MESSAGES / s[i][ROUNDS / 2]);
    }
}

/* ---- durable commits ---- */

/* A group straight to a store, as the daemon's writer does. */
struct disk {
    struct sky_journal_sink sink;
    struct sky_store *store;
};

static int take_to_disk(struct sky_journal_sink *sink, const struct sky_journal_work *work)
{
    struct sky_store *const store = ((struct disk *)(void *)sink)->store;
    int error = 0;
    if (work->step == SKY_JOURNAL_BEGIN) {
        error = store->ops->begin(store, work->segment, work->segment_bytes);
    }
    if (error == 0) {
        error = store->ops->write(store, work->offset, work->bytes, work->count);
    }
    if (error == 0 && work->step == SKY_JOURNAL_GROUP) {
        error = store->ops->sync(store);
    }
    return error != 0 || work->step != SKY_JOURNAL_FINISH
               ? error
               : store->ops->finish(store, work->offset + work->count);
}

static void make_track(struct sky_event *event, uint64_t seq, uint32_t id)
{
    memset(event, 0, sizeof *event);
    event->cause_seq = seq;
    event->time_ns = (int64_t)seq * SKY_SECOND_NS;
    event->utc = (struct sky_utc_estimate){
        .utc_ns = event->time_ns, .sigma_ns = 1000, .state = SKY_CLOCK_GNSS};
    event->kind = SKY_EVENT_TRACK;
    event->u.track.id = id;
    event->u.track.change = SKY_TRACK_UPDATED;
    event->u.track.status = SKY_TRACK_CONFIRMED;
}

/* Returns the bytes of all tracks, packed. */
static size_t commit_tracks(struct sky_journal *journal)
{
    static uint8_t packed[SKY_CODEC_RECORD_MAX];
    size_t payload = 0;
    put_datagram(journal, 1, MESSAGE_BYTES); /* the run's first group begins the segment */
    if (sky_journal_commit(journal, false) != 0) {
        die("cannot commit");
    }
    memset(&counted, 0, sizeof counted);
    for (uint64_t i = 0; i < (uint64_t)COMMITS * TRACKS; i++) {
        struct sky_event event;
        enum sky_channel channel;
        size_t count = 0;
        make_track(&event, 2 + i / TRACKS, (uint32_t)(1 + i % TRACKS));
        if (sky_codec_pack_event(&event, packed, sizeof packed, &channel, &count) != SKY_OK ||
            sky_journal_event(journal, &event) != 0 ||
            (i % TRACKS == TRACKS - 1 && sky_journal_commit(journal, false) != 0)) {
            die("cannot record a track");
        }
        payload += count;
    }
    return payload;
}

static size_t count_journal(const char *folder)
{
    struct sky_store_posix store;
    struct disk disk = {.sink = {.work = take_to_disk}, .store = &store.store};
    if (sky_store_posix_open(&store, folder) != 0) {
        die("cannot open the folder");
    }
    struct sky_journal *const journal = open_journal(&disk.sink, true);
    const size_t payload = commit_tracks(journal);
    print_counted("skywitness, signed (goal: 1, 1, 1.5)", payload);
    if (sky_journal_close(journal) != 0) {
        die("cannot close");
    }
    sky_store_posix_close(&store);
    return payload;
}

static void sql(sqlite3 *database, const char *text)
{
    if (sqlite3_exec(database, text, NULL, NULL, NULL) != SQLITE_OK) {
        die(sqlite3_errmsg(database));
    }
}

/* The same tracks as rows, a transaction for each 50; checkpoints as the library makes them. */
static void count_sqlite(const char *folder, size_t payload)
{
    static const uint8_t row[SKY_CODEC_RECORD_MAX];
    const int row_bytes = (int)(payload / COMMITS / TRACKS);
    char path[512];
    sqlite3 *database = NULL;
    sqlite3_stmt *insert = NULL;
    (void)snprintf(path, sizeof path, "%s/peer.db", folder);
    if (sqlite3_open(path, &database) != SQLITE_OK) {
        die("cannot open the peer's file");
    }
    sql(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                  "CREATE TABLE track (seq INTEGER PRIMARY KEY, bytes BLOB)");
    if (sqlite3_prepare_v2(database, "INSERT INTO track (bytes) VALUES (?)", -1, &insert, NULL) !=
        SQLITE_OK) {
        die(sqlite3_errmsg(database));
    }
    memset(&counted, 0, sizeof counted);
    for (int i = 0; i < COMMITS * TRACKS; i++) {
        if (i % TRACKS == 0) {
            sql(database, "BEGIN");
        }
        (void)sqlite3_bind_blob(insert, 1, row, row_bytes, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK) {
            die(sqlite3_errmsg(database));
        }
        if (i % TRACKS == TRACKS - 1) {
            sql(database, "COMMIT");
        }
    }
    print_counted("SQLite " SQLITE_VERSION ", WAL, FULL, unsigned", payload);
    (void)sqlite3_finalize(insert);
    (void)sqlite3_close(database);
}

int main(int argc, char **argv)
{
    const uint8_t seed[SKY_ED25519_BYTES] = {5};
    if (argc != 2) {
        die("usage: bench_journal EMPTY-FOLDER");
    }
    if (sky_note_make_signer("bench.example/1", SKY_NOTE_ED25519, seed, &signer) != SKY_OK) {
        die("no key");
    }
    time_memory();
    (void)printf("\nper durable commit of %d tracks, counted over %d of them\n", TRACKS, COMMITS);
    const size_t payload = count_journal(argv[1]);
    count_sqlite(argv[1], payload);
    return 0;
}
