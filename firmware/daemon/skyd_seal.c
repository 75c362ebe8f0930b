#include "skyd_seal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "sky_keyfile.h"
#include "sky_resume.h"
#include "skyd_diag.h"

enum { EPOCHS_SKIPPED_MAX = 1 << 20 }; /* how far the log may be ahead of the seed's file */

/* ---- keys ---- */

static int key_error(const char *path, int error, char ret_error[SKYD_ERROR_MAX])
{
    snprintf(ret_error, SKYD_ERROR_MAX, "%s: %s", path,
             error == -EACCES   ? "others may read it; expected mode 0600"
             : error == -EINVAL ? "not a key made by skywitness witness keygen"
                                : strerror(-error));
    return error;
}

static int read_key(struct skyd_seal *seal, const char *path, char ret_error[SKYD_ERROR_MAX])
{
    char text[SKY_NOTE_KEY_TEXT_MAX + 2];
    size_t count = 0;
    int error = sky_keyfile_read(path, text, sizeof text, &count);
    while (count > 0 && (text[count - 1] == '\n' || text[count - 1] == '\r')) {
        count--;
    }
    if (error == 0 && (sky_note_read_signer(text, count, &seal->signer) != SKY_OK ||
                       seal->signer.key.algorithm != SKY_NOTE_ED25519)) {
        error = -EINVAL;
    }
    OPENSSL_cleanse(text, sizeof text);
    return error == 0 ? 0 : key_error(path, error, ret_error);
}

/* The newer of two blocks; one of them may be torn or not yet written. */
static int read_epoch(struct skyd_seal *seal, char ret_error[SKYD_ERROR_MAX])
{
    static uint8_t blocks[2 * SKY_EPOCH_BLOCK_BYTES];
    size_t count = 0;
    bool any = false;
    memset(blocks, 0, sizeof blocks);
    const int error = sky_keyfile_read(seal->epoch_path, blocks, sizeof blocks, &count);
    for (unsigned i = 0; error == 0 && i < 2; i++) {
        uint32_t number = 0;
        uint8_t seed[SKY_ED25519_BYTES];
        if (sky_epoch_read(blocks + i * SKY_EPOCH_BLOCK_BYTES, &number, seed) == SKY_OK &&
            (!any || number > seal->kept)) {
            any = true;
            seal->kept = number;
            seal->block = i;
            memcpy(seal->kept_seed, seed, sizeof seed);
        }
        OPENSSL_cleanse(seed, sizeof seed);
    }
    OPENSSL_cleanse(blocks, sizeof blocks);
    return error == 0 && any ? 0
                             : key_error(seal->epoch_path, error == 0 ? -EINVAL : error, ret_error);
}

/* ---- the log that is there ---- */

struct file {
    const uint8_t *bytes;
    size_t count;
    void *mapped;
};

static bool map_file(const char *folder, const char *name, struct file *ret_file)
{
    char path[SKYD_PATH_MAX + 256];
    struct stat facts;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    memset(ret_file, 0, sizeof *ret_file);
    if (file >= 0 && fstat(file, &facts) == 0 && facts.st_size > 0) {
        void *const mapped = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        ret_file->mapped = mapped == MAP_FAILED ? NULL : mapped;
        ret_file->bytes = ret_file->mapped;
        ret_file->count = ret_file->mapped == NULL ? 0 : (size_t)facts.st_size;
    }
    if (file >= 0) {
        close(file);
    }
    return ret_file->bytes != NULL;
}

static void unmap_file(struct file *file)
{
    if (file->mapped != NULL) {
        munmap(file->mapped, file->count);
    }
}

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

/* From the last segment that introduces itself to the end. */
static void follow(const char *folder, struct sky_resume *resume)
{
    struct dirent **entry = NULL;
    struct file file;
    const int count = scandir(folder, &entry, is_segment, by_name);
    int from = count - 1;
    for (bool found = false; from > 0 && !found; from -= !found) {
        if (map_file(folder, entry[from]->d_name, &file)) {
            found = sky_resume_introduces(file.bytes, file.count);
        }
        unmap_file(&file);
    }
    for (int i = 0; i < count; i++) {
        if (i >= from && map_file(folder, entry[i]->d_name, &file)) {
            sky_resume_take(resume, file.bytes, file.count);
            unmap_file(&file);
        }
        free(entry[i]);
    }
    if (count > 0 && !resume->found) {
        resume->broken = true;
    }
    free(entry);
}

/* The log may be one epoch ahead of the file, if the power went between the two. */
static void catch_up(struct skyd_seal *seal, const struct sky_resume *resume)
{
    uint8_t key[SKY_ED25519_BYTES];
    seal->config.epoch = seal->kept;
    memcpy(seal->config.epoch_seed, seal->kept_seed, sizeof seal->kept_seed);
    if (!resume->found || !resume->is_signed) {
        return;
    }
    if (resume->epoch.number < seal->kept) {
        skyd_say(SKYD_WARNING,
                 "log: its last epoch is %u, the station's is %u: it was cut or put back",
                 resume->epoch.number, seal->kept);
    }
    for (uint32_t i = 0; i < EPOCHS_SKIPPED_MAX && seal->config.epoch < resume->epoch.number; i++) {
        sky_epoch_evolve(seal->config.epoch_seed);
        seal->config.epoch++;
    }
    sky_epoch_public(seal->config.epoch_seed, key);
    if (seal->config.epoch == resume->epoch.number &&
        memcmp(key, resume->epoch.key, sizeof key) != 0) {
        skyd_say(SKYD_WARNING, "log: its last epoch is not of this station's keys");
    }
}

static void resume_log(struct skyd_seal *seal, const struct skyd_config *config)
{
    static struct sky_resume resume;
    memset(&resume, 0, sizeof resume);
    follow(config->log_directory, &resume);
    if (resume.broken) {
        skyd_say(SKYD_WARNING, "log: what is there cannot be continued; its tree begins anew");
        seal->config.restarted = true;
    } else {
        seal->config.tree = resume.tree;
    }
    if (seal->config.signer != NULL) {
        catch_up(seal, &resume);
    }
}

/* ---- while the station runs ---- */

/* Writes the present epoch's seed into the other block, and then nothing over the old one. */
static void keep_epoch(struct skyd_seal *seal, uint32_t epoch)
{
    static uint8_t block[SKY_EPOCH_BLOCK_BYTES];
    while (seal->kept < epoch) {
        sky_epoch_evolve(seal->kept_seed);
        seal->kept++;
    }
    const unsigned next = 1 - seal->block;
    sky_epoch_write(seal->kept, seal->kept_seed, block);
    int error =
        sky_keyfile_put(seal->epoch_path, next * (uint64_t)sizeof block, block, sizeof block);
    OPENSSL_cleanse(block, sizeof block);
    if (error == 0) {
        error = sky_keyfile_put(seal->epoch_path, seal->block * (uint64_t)sizeof block, block,
                                sizeof block);
        seal->block = next;
    }
    if (error != 0 && !seal->keep_failed) {
        skyd_say(SKYD_WARNING, "%s: %s; seeds of past epochs cannot be forgotten", seal->epoch_path,
                 strerror(-error));
    }
    seal->keep_failed = error != 0;
}

static void offer(struct skyd_seal *seal, const struct sky_journal_work *work)
{
    const int error =
        sky_keyfile_publish(seal->offer_path, work->bytes + work->note_at, work->note_bytes);
    if (error != 0 && !seal->offer_failed) {
        skyd_say(SKYD_WARNING, "%s: %s; checkpoints are not offered", seal->offer_path,
                 strerror(-error));
    }
    seal->offer_failed = error != 0;
}

/* Called by the writer thread, and by nobody else from then on. */
static void group_is_durable(struct skyd_writer_hook *hook, const struct sky_journal_work *work)
{
    struct skyd_seal *const seal = (struct skyd_seal *)hook;
    if (seal->config.signer != NULL && work->epoch > seal->kept) {
        keep_epoch(seal, work->epoch);
    }
    if (work->note_bytes > 0 && seal->offer_path[0] != '\0') {
        offer(seal, work);
    }
}

/* ---- */

int skyd_seal_open(struct skyd_seal *seal, const struct skyd_config *config,
                   char ret_error[SKYD_ERROR_MAX])
{
    int error = 0;
    memset(seal, 0, sizeof *seal);
    seal->hook.durable = group_is_durable;
    seal->offer_path = config->offer_path;
    seal->config.epoch_ns = config->epoch_ns;
    seal->config.checkpoint_ns = config->checkpoint_ns;
    if (getrandom(seal->config.salt_seed, sizeof seal->config.salt_seed, 0) !=
        (ssize_t)sizeof seal->config.salt_seed) {
        snprintf(ret_error, SKYD_ERROR_MAX, "no random numbers: %s", strerror(errno));
        return -EIO;
    }
    if (config->key_path[0] != '\0') {
        snprintf(seal->epoch_path, sizeof seal->epoch_path, "%s.epoch", config->key_path);
        error = read_key(seal, config->key_path, ret_error);
        error = error == 0 ? read_epoch(seal, ret_error) : error;
        seal->config.signer = &seal->signer;
    }
    if (error == 0) {
        resume_log(seal, config);
    }
    if (error == 0 && seal->config.signer != NULL) {
        /* The first signature makes the library find its parts, for which it allocates. */
        uint8_t unused[SKY_SIGNATURE_BYTES];
        if (!sky_ed25519_sign(seal->signer.seed, "", 0, unused)) {
            snprintf(ret_error, SKYD_ERROR_MAX, "the crypto library cannot sign");
            return -EIO;
        }
    }
    return error;
}

void skyd_seal_close(struct skyd_seal *seal) { OPENSSL_cleanse(seal, sizeof *seal); }
