#include "sky_store_posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sky_journal.h"
#include "sky_paper_log.h"
#include "sky_scan.h"

enum { MIB = 1 << 20 };

static char directory[64];

static int make_directory(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/sky_store_XXXXXX");
    assert_non_null(mkdtemp(directory));
    return 0;
}

static void path_of(const char *name, char *ret_path, size_t size)
{
    (void)snprintf(ret_path, size, "%s/%s", directory, name);
}

/* Removes the directory and what is in it. */
static int remove_directory(void **state)
{
    (void)state;
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        char path[400];
        path_of(entry->d_name, path, sizeof path);
        (void)unlink(path);
    }
    (void)closedir(entries);
    return rmdir(directory);
}

static size_t file_count(void)
{
    size_t count = 0;
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(entries);
    return count;
}

static uint8_t *read_whole(const char *name, size_t *ret_count)
{
    char path[400];
    struct stat about;
    path_of(name, path, sizeof path);
    const int file = open(path, O_RDONLY);
    assert_true(file >= 0);
    assert_int_equal(fstat(file, &about), 0);
    uint8_t *bytes = malloc((size_t)about.st_size + 1);
    assert_non_null(bytes);
    assert_int_equal(read(file, bytes, (size_t)about.st_size), about.st_size);
    (void)close(file);
    *ret_count = (size_t)about.st_size;
    return bytes;
}

static void touch(const char *name)
{
    char path[400];
    path_of(name, path, sizeof path);
    const int file = open(path, O_WRONLY | O_CREAT, 0644);
    assert_true(file >= 0);
    (void)close(file);
}

static void a_segment_is_full_of_zeros_with_real_blocks_before_it_has_its_name(void **state)
{
    (void)state;
    struct sky_store_posix store;
    assert_int_equal(sky_store_posix_open(&store, directory), 0);
    const struct sky_store_ops *ops = store.store.ops;
    assert_int_equal(ops->begin(&store.store, 0x2A, MIB), 0);
    char path[400];
    struct stat about;
    path_of("seg-000000000000002a.mcap", path, sizeof path);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_size, MIB);
    assert_true(about.st_blocks * 512 >= MIB);
    assert_int_equal(file_count(), 1);

    assert_int_equal(ops->write(&store.store, 4096, "hello", 5), 0);
    assert_int_equal(ops->write(&store.store, 0, "first", 5), 0);
    assert_int_equal(ops->sync(&store.store), 0);
    assert_int_equal(ops->finish(&store.store, 5000), 0);
    sky_store_posix_close(&store);
    size_t count;
    uint8_t *bytes = read_whole("seg-000000000000002a.mcap", &count);
    assert_int_equal(count, 5000);
    assert_memory_equal(bytes, "first\0\0", 7);
    assert_memory_equal(bytes + 4095, "\0hello\0", 7);
    free(bytes);
}

static void a_segment_that_was_deleted_is_not_durable(void **state)
{
    (void)state;
    struct sky_store_posix store;
    char path[128];
    assert_int_equal(sky_store_posix_open(&store, directory), 0);
    const struct sky_store_ops *ops = store.store.ops;
    assert_int_equal(ops->begin(&store.store, 1, MIB), 0);
    assert_int_equal(ops->sync(&store.store), 0);
    path_of("seg-0000000000000001.mcap", path, sizeof path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(ops->write(&store.store, 0, "lost", 4), 0);
    assert_int_equal(ops->sync(&store.store), -ENOENT);
    sky_store_posix_close(&store);
}

static void a_segment_that_is_there_is_never_overwritten(void **state)
{
    (void)state;
    struct sky_store_posix store;
    assert_int_equal(sky_store_posix_open(&store, directory), 0);
    const struct sky_store_ops *ops = store.store.ops;
    assert_int_equal(ops->begin(&store.store, 1, MIB), 0);
    assert_int_equal(ops->begin(&store.store, 2, MIB), -EBUSY);
    ops->abandon(&store.store);
    assert_int_equal(ops->begin(&store.store, 1, MIB), -EEXIST);
    assert_int_equal(ops->begin(&store.store, 2, MIB), 0);
    sky_store_posix_close(&store);
    sky_store_posix_close(&store); /* again: nothing happens */
    assert_int_equal(file_count(), 2);
}

static void the_last_segment_is_the_highest_and_other_files_are_left_alone(void **state)
{
    (void)state;
    struct sky_store_posix store;
    int any = -1;
    uint64_t last = 77;
    touch("notes.txt");
    touch("seg-ffffffffffffffff.mcap.tmp");
    touch("seg-99.mcap");
    touch("seg-00000000000000AA.mcap");
    assert_int_equal(sky_store_posix_open(&store, directory), 0);
    assert_int_equal(store.store.ops->last(&store.store, &any, &last), 0);
    assert_int_equal(any, 0);
    assert_int_equal(last, 0);
    touch("seg-0000000000000003.mcap");
    touch("seg-0000000100000000.mcap");
    touch("seg-0000000000000009.mcap");
    assert_int_equal(store.store.ops->last(&store.store, &any, &last), 0);
    assert_int_equal(any, 1);
    assert_int_equal(last, UINT64_C(0x100000000));
    sky_store_posix_close(&store);
}

static void without_a_current_segment_nothing_can_be_written(void **state)
{
    (void)state;
    struct sky_store_posix store;
    assert_int_equal(sky_store_posix_open(&store, directory), 0);
    const struct sky_store_ops *ops = store.store.ops;
    assert_int_equal(ops->write(&store.store, 0, "x", 1), -EBADF);
    assert_int_equal(ops->sync(&store.store), -EBADF);
    assert_int_equal(ops->finish(&store.store, 0), -EBADF);
    ops->abandon(&store.store);
    sky_store_posix_close(&store);
}

static void a_directory_is_recorded_into_by_one_process_at_a_time(void **state)
{
    (void)state;
    struct sky_store_posix store, second;
    assert_int_equal(sky_store_posix_open(&store, directory), 0);
    assert_int_equal(sky_store_posix_open(&second, directory), -EBUSY);
    sky_store_posix_close(&store);
    assert_int_equal(sky_store_posix_open(&second, directory), 0);
    sky_store_posix_close(&second);
    assert_int_equal(sky_store_posix_open(&second, "/nonexistent/log"), -ENOENT);
    assert_int_equal(sky_store_posix_open(&second, "/dev/null"), -ENOTDIR);
}

/* In a child, since a limit cannot be taken back by everyone. Returns what `work` returned. */
static int under_file_limit(rlim_t bytes, int (*work)(void))
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit limit = {bytes, bytes};
        (void)signal(SIGXFSZ, SIG_IGN);
        _exit(setrlimit(RLIMIT_FSIZE, &limit) == 0 ? work() : 99);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int begin_too_large(void)
{
    struct sky_store_posix store;
    if (sky_store_posix_open(&store, directory) != 0) {
        return 98;
    }
    const int error = store.store.ops->begin(&store.store, 1, MIB);
    sky_store_posix_close(&store);
    return -error;
}

static void a_segment_that_finds_no_room_fails_and_leaves_nothing_behind(void **state)
{
    (void)state;
    assert_int_equal(under_file_limit(MIB / 2, begin_too_large), EFBIG);
    assert_int_equal(file_count(), 0);
}

static int write_beyond(void)
{
    struct sky_store_posix store;
    char path[400];
    path_of("one.mcap", path, sizeof path);
    if (sky_store_posix_open_file(&store, path) != 0 ||
        store.store.ops->begin(&store.store, 1, MIB) != 0) {
        return 98;
    }
    static const uint8_t bytes[8192];
    /* Half of it fits: a short write is not a success. */
    const int error = store.store.ops->write(&store.store, MIB / 2 - 4096, bytes, sizeof bytes);
    sky_store_posix_close(&store);
    return -error;
}

static void a_short_write_is_a_failure(void **state)
{
    (void)state;
    assert_int_equal(under_file_limit(MIB / 2, write_beyond), EFBIG);
    assert_int_equal(file_count(), 0);
}

static void a_single_file_appears_only_when_it_is_finished_and_replaces_the_old_one(void **state)
{
    (void)state;
    struct sky_store_posix store;
    char path[400];
    size_t count;
    path_of("out.mcap", path, sizeof path);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(sky_store_posix_open_file(&store, path), 0);
        const struct sky_store_ops *ops = store.store.ops;
        assert_int_equal(ops->begin(&store.store, 0, MIB), 0);
        assert_int_equal(access(path, F_OK), round == 0 ? -1 : 0);
        assert_int_equal(ops->write(&store.store, 0, "ab", 2), 0);
        assert_int_equal(ops->sync(&store.store), 0);
        if (round == 1) {
            assert_int_equal(ops->write(&store.store, 2, "c", 1), 0);
        }
        assert_int_equal(ops->finish(&store.store, round == 0 ? 2 : 3), 0);
        assert_int_equal(ops->begin(&store.store, 1, MIB), -EFBIG);
        sky_store_posix_close(&store);
        uint8_t *bytes = read_whole("out.mcap", &count);
        assert_int_equal(count, round == 0 ? 2 : 3);
        free(bytes);
    }
    /* One that is given up leaves the finished one as it was. */
    assert_int_equal(sky_store_posix_open_file(&store, path), 0);
    assert_int_equal(store.store.ops->begin(&store.store, 0, MIB), 0);
    sky_store_posix_close(&store);
    free(read_whole("out.mcap", &count));
    assert_int_equal(count, 3);
    assert_int_equal(file_count(), 1);
}

static void a_single_file_needs_a_name_and_a_directory(void **state)
{
    (void)state;
    struct sky_store_posix store;
    char path[400];
    assert_int_equal(sky_store_posix_open_file(&store, ""), -EISDIR);
    assert_int_equal(sky_store_posix_open_file(&store, "/tmp/"), -EISDIR);
    assert_int_equal(sky_store_posix_open_file(&store, "/nonexistent/x.mcap"), -ENOENT);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_int_equal(sky_store_posix_open_file(&store, path), -ENAMETOOLONG);
    assert_int_equal(sky_store_posix_open_file(&store, "here.mcap"), 0);
    sky_store_posix_close(&store);
}

/* ---- journal, store and scan together ---- */

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
    if (error == 0) {
        error = work->step == SKY_JOURNAL_FINISH
                    ? store->ops->finish(store, work->offset + work->count)
                    : store->ops->sync(store);
    }
    return error;
}

static void what_the_journal_writes_through_the_store_is_what_a_scan_finds(void **state)
{
    (void)state;
    struct sky_store_posix store;
    struct sky_journal *journal;
    assert_int_equal(sky_store_posix_open(&store, directory), 0);
    struct direct_sink sink = {.sink.work = work_at_once, .store = &store.store};
    const struct sky_journal_config config = {.segment_bytes = MIB, .group_bytes = 65536};
    assert_int_equal(sky_journal_open(&config, &sink.sink, &journal), 0);
    for (uint64_t seq = 1; seq <= 60; seq++) {
        assert_int_equal(paper_datagram(journal, seq, 30000), 0);
    }
    assert_int_equal(sky_journal_close(journal), 0);
    uint64_t last;
    int any;
    assert_int_equal(store.store.ops->last(&store.store, &any, &last), 0);
    sky_store_posix_close(&store);

    uint64_t expected = 0;
    for (uint64_t i = 0; i <= last; i++) {
        char name[40];
        size_t count;
        const char *reason;
        struct sky_scan scan;
        struct sky_scan_item item;
        (void)snprintf(name, sizeof name, "seg-%016llx.mcap", (unsigned long long)i);
        uint8_t *bytes = read_whole(name, &count);
        assert_int_equal(sky_scan_begin(&scan, bytes, count, &reason), SKY_OK);
        for (sky_scan_next(&scan, &item); item.found == SKY_SCAN_RECORD;
             sky_scan_next(&scan, &item)) {
            assert_int_equal(item.sequence, ++expected);
        }
        assert_int_equal(item.found, SKY_SCAN_END);
        free(bytes);
    }
    assert_int_equal(expected, 60);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_segment_is_full_of_zeros_with_real_blocks_before_it_has_its_name),
        IN_DIRECTORY(a_segment_that_was_deleted_is_not_durable),
        IN_DIRECTORY(a_segment_that_is_there_is_never_overwritten),
        IN_DIRECTORY(the_last_segment_is_the_highest_and_other_files_are_left_alone),
        IN_DIRECTORY(without_a_current_segment_nothing_can_be_written),
        IN_DIRECTORY(a_directory_is_recorded_into_by_one_process_at_a_time),
        IN_DIRECTORY(a_segment_that_finds_no_room_fails_and_leaves_nothing_behind),
        IN_DIRECTORY(a_short_write_is_a_failure),
        IN_DIRECTORY(a_single_file_appears_only_when_it_is_finished_and_replaces_the_old_one),
        IN_DIRECTORY(a_single_file_needs_a_name_and_a_directory),
        IN_DIRECTORY(what_the_journal_writes_through_the_store_is_what_a_scan_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
