#include "skyd_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sky_keyfile.h"
#include "sky_paper_log.h"

static char folder[64];
static struct skyd_config config;
static struct skyd_seal seal;
static char error[SKYD_ERROR_MAX];

static const uint8_t first_seed[SKY_ED25519_BYTES] = {11, 22, 33};

static const char *path_of(const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *const here = path[next++ % 4];
    (void)snprintf(here, sizeof path[0], "%s/%s", folder, name);
    return here;
}

static void make_keys(void)
{
    static uint8_t blocks[2 * SKY_EPOCH_BLOCK_BYTES];
    const uint8_t seed[SKY_ED25519_BYTES] = {1};
    struct sky_note_signer signer;
    char text[SKY_NOTE_KEY_TEXT_MAX];
    assert_int_equal(sky_note_make_signer("station.example/1", SKY_NOTE_ED25519, seed, &signer),
                     SKY_OK);
    sky_note_signer_text(&signer, text);
    sky_epoch_write(0, first_seed, blocks);
    assert_int_equal(sky_keyfile_make(path_of("key"), text, strlen(text)), 0);
    assert_int_equal(sky_keyfile_make(path_of("key.epoch"), blocks, sizeof blocks), 0);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/skyd-seal-test-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    memset(&config, 0, sizeof config);
    (void)snprintf(config.log_directory, sizeof config.log_directory, "%s/log", folder);
    (void)snprintf(config.key_path, sizeof config.key_path, "%s", path_of("key"));
    (void)snprintf(config.offer_path, sizeof config.offer_path, "%s", path_of("latest.note"));
    config.epoch_ns = 900 * SKY_SECOND_NS;
    config.checkpoint_ns = 60 * SKY_SECOND_NS;
    make_keys();
    return mkdir(config.log_directory, 0700);
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static bool file_holds(const char *name, const void *bytes, size_t count)
{
    static uint8_t content[65536];
    FILE *const file = fopen(path_of(name), "rbe");
    assert_non_null(file);
    const size_t got = fread(content, 1, sizeof content, file);
    (void)fclose(file);
    for (size_t i = 0; i + count <= got; i++) {
        if (memcmp(content + i, bytes, count) == 0) {
            return true;
        }
    }
    return false;
}

static void a_durable_group(uint32_t epoch, const char *note)
{
    const struct sky_journal_work work = {.step = SKY_JOURNAL_GROUP,
                                          .bytes = (const uint8_t *)note,
                                          .count = strlen(note),
                                          .epoch = epoch,
                                          .note_bytes = strlen(note)};
    seal.hook.durable(&seal.hook, &work);
}

static void a_seed_is_forgotten_once_a_later_epoch_is_durable(void **state)
{
    (void)state;
    uint8_t seed[3][SKY_ED25519_BYTES];
    memcpy(seed[0], first_seed, sizeof first_seed);
    for (int i = 1; i < 3; i++) {
        memcpy(seed[i], seed[i - 1], sizeof seed[0]);
        sky_epoch_evolve(seed[i]);
    }
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    assert_int_equal(seal.config.epoch, 0);
    for (uint32_t i = 0; i < 3; i++) {
        a_durable_group(i, "");
        for (uint32_t k = 0; k < 3; k++) {
            assert_int_equal(file_holds("key.epoch", seed[k], sizeof seed[k]), k == i);
        }
    }
    skyd_seal_close(&seal);
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    assert_int_equal(seal.config.epoch, 2);
    assert_memory_equal(seal.config.epoch_seed, seed[2], sizeof seed[2]);
    skyd_seal_close(&seal);
}

static void a_torn_block_leaves_the_other(void **state)
{
    (void)state;
    static const uint8_t garbage[100] = {0xFF};
    assert_int_equal(
        sky_keyfile_put(path_of("key.epoch"), SKY_EPOCH_BLOCK_BYTES, garbage, sizeof garbage), 0);
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    assert_memory_equal(seal.config.epoch_seed, first_seed, sizeof first_seed);
    skyd_seal_close(&seal);
    assert_int_equal(sky_keyfile_put(path_of("key.epoch"), 0, garbage, sizeof garbage), 0);
    assert_int_not_equal(skyd_seal_open(&seal, &config, error), 0);
    assert_non_null(strstr(error, "key.epoch: not a key"));
}

static void checkpoints_are_offered_whole(void **state)
{
    (void)state;
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    a_durable_group(0, "a longer checkpoint\n");
    a_durable_group(0, "another\n");
    assert_true(file_holds("latest.note", "another\n", 8));
    assert_false(file_holds("latest.note", "longer", 6));
    skyd_seal_close(&seal);
}

/* A log of one run, as a station left it in the folder. */
static void leave_a_log(const uint8_t *seed, uint32_t epoch, size_t cut)
{
    static struct paper_log log;
    struct sky_journal *journal;
    struct sky_seal_config keys = seal.config;
    memcpy(keys.epoch_seed, seed, sizeof keys.epoch_seed);
    keys.epoch = epoch;
    memset(&log, 0, sizeof log);
    log.sink.work = paper_work;
    log.fail_after = -1;
    const struct sky_journal_config journal_config = {
        .segment_bytes = UINT64_C(1) << 20, .group_bytes = 65536, .seal = &keys};
    assert_int_equal(sky_journal_open(&journal_config, &log.sink, &journal), 0);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        assert_int_equal(paper_datagram(journal, seq, 100), 0);
        assert_int_equal(sky_journal_commit(journal, false), 0);
    }
    assert_int_equal(sky_journal_close(journal), 0);
    log.segment[0].bytes[log.group[1].offset + 400] ^= cut != 0;
    FILE *const file = fopen(path_of("log/seg-0000000000000000.mcap"), "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(log.segment[0].bytes, 1, log.segment[0].size, file),
                     log.segment[0].size);
    assert_int_equal(fclose(file), 0);
    paper_log_free(&log);
}

/* The power went after the log's next epoch was durable, and before the seed's file was. */
static void a_log_that_is_an_epoch_ahead_is_caught_up_with(void **state)
{
    (void)state;
    uint8_t next[SKY_ED25519_BYTES];
    memcpy(next, first_seed, sizeof next);
    sky_epoch_evolve(next);
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    leave_a_log(first_seed, 0, 0); /* announces epoch 1 with its first group */
    skyd_seal_close(&seal);
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    assert_int_equal(seal.config.epoch, 1);
    assert_memory_equal(seal.config.epoch_seed, next, sizeof next);
    assert_int_equal(seal.config.tree.size, 1 + 3 + 1 + 1); /* segment, records, epoch, the last */
    assert_false(seal.config.restarted);
    skyd_seal_close(&seal);
}

static void a_log_that_cannot_be_continued_is_said(void **state)
{
    (void)state;
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    leave_a_log(first_seed, 0, 1);
    skyd_seal_close(&seal);
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    assert_true(seal.config.restarted);
    assert_int_equal(seal.config.tree.size, 0);
    skyd_seal_close(&seal);
}

static void a_key_is_for_its_owner_alone(void **state)
{
    (void)state;
    char text[512];
    size_t count = 0;
    static const mode_t open_to_others[] = {0640, 0604, 0610, 0602};
    assert_int_equal(sky_keyfile_read(config.key_path, text, sizeof text, &count), 0);
    assert_int_equal(sky_keyfile_read(config.key_path, text, 10, &count), -EFBIG);
    assert_int_equal(sky_keyfile_read(folder, text, sizeof text, &count), -EINVAL);
    assert_int_equal(sky_keyfile_read(path_of("none"), text, sizeof text, &count), -ENOENT);
    assert_int_equal(sky_keyfile_make(config.key_path, "x", 1), -EEXIST);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(chmod(config.key_path, open_to_others[i]), 0);
        assert_int_equal(sky_keyfile_read(config.key_path, text, sizeof text, &count), -EACCES);
        assert_int_not_equal(skyd_seal_open(&seal, &config, error), 0);
        assert_non_null(strstr(error, "others may read it"));
    }
}

static void without_a_key_only_the_tree_goes_on(void **state)
{
    (void)state;
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    leave_a_log(first_seed, 0, 0);
    skyd_seal_close(&seal);
    config.key_path[0] = '\0';
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    assert_null(seal.config.signer);
    assert_int_equal(seal.config.tree.size, 6);
    skyd_seal_close(&seal);
}

enum { RING_SEGMENTS = 256, RING_SEGMENT_BYTES = 16 << 20 };

/* How much of a file was read since it was made: what is in memory of it. */
static size_t bytes_read_of(const char *name)
{
    static unsigned char in_memory[RING_SEGMENT_BYTES / 4096];
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const int file = open(path_of(name), O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0 && page >= 4096);
    void *const mapped = mmap(NULL, RING_SEGMENT_BYTES, PROT_READ, MAP_SHARED, file, 0);
    assert_ptr_not_equal(mapped, MAP_FAILED);
    assert_int_equal(mincore(mapped, RING_SEGMENT_BYTES, in_memory), 0);
    assert_int_equal(munmap(mapped, RING_SEGMENT_BYTES), 0);
    assert_int_equal(close(file), 0);
    size_t bytes = 0;
    for (size_t i = 0; i < RING_SEGMENT_BYTES / page; i++) {
        bytes += (in_memory[i] & 1) != 0 ? page : 0;
    }
    return bytes;
}

/* 4 GiB of older segments are there, and nobody looks into them. */
static void a_restart_reads_the_last_segment_and_no_other(void **state)
{
    (void)state;
    char name[64];
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    leave_a_log(first_seed, 0, 0);
    skyd_seal_close(&seal);
    (void)snprintf(name, sizeof name, "log/seg-%016x.mcap", RING_SEGMENTS);
    assert_int_equal(rename(path_of("log/seg-0000000000000000.mcap"), path_of(name)), 0);
    for (unsigned i = 0; i < RING_SEGMENTS; i++) {
        (void)snprintf(name, sizeof name, "log/seg-%016x.mcap", i);
        const int file = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(ftruncate(file, RING_SEGMENT_BYTES), 0);
        assert_int_equal(close(file), 0);
    }
    assert_int_equal(skyd_seal_open(&seal, &config, error), 0);
    assert_int_equal(seal.config.tree.size, 6);
    assert_false(seal.config.restarted);
    skyd_seal_close(&seal);
    size_t bytes = 0;
    for (unsigned i = 0; i < RING_SEGMENTS; i++) {
        (void)snprintf(name, sizeof name, "log/seg-%016x.mcap", i);
        bytes += bytes_read_of(name);
    }
    assert_int_equal(bytes, 0);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_seed_is_forgotten_once_a_later_epoch_is_durable),
        IN_A_FOLDER(a_torn_block_leaves_the_other),
        IN_A_FOLDER(checkpoints_are_offered_whole),
        IN_A_FOLDER(a_log_that_is_an_epoch_ahead_is_caught_up_with),
        IN_A_FOLDER(a_log_that_cannot_be_continued_is_said),
        IN_A_FOLDER(a_key_is_for_its_owner_alone),
        IN_A_FOLDER(without_a_key_only_the_tree_goes_on),
        IN_A_FOLDER(a_restart_reads_the_last_segment_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
