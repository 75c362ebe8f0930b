#include "sky_seal.h"

#include <string.h>

#include <openssl/crypto.h>

#include "sky_mcap.h"

static const char salt_label[] = "skywitness/salt/v1";
static const char evolve_label[] = "skywitness/evolve/v1";
static const char epoch_label[] = "skywitness/epoch/v1";
static const char group_label[] = "skywitness/group/v2\n";

void sky_seal_init(struct sky_seal *seal, const struct sky_seal_config *config)
{
    memset(seal, 0, sizeof *seal);
    seal->config = *config;
    seal->tree = config->tree;
    seal->epoch.number = config->epoch;
    memcpy(seal->epoch_seed, config->epoch_seed, sizeof seal->epoch_seed);
    OPENSSL_cleanse(seal->config.epoch_seed, sizeof seal->config.epoch_seed);
    if (config->signer != NULL) {
        sky_epoch_public(seal->epoch_seed, seal->epoch.key);
    }
}

static void forget_key(struct sky_seal *seal)
{
    sky_ed25519_close(seal->epoch_key);
    seal->epoch_key = NULL;
}

void sky_seal_done(struct sky_seal *seal)
{
    forget_key(seal);
    OPENSSL_cleanse(seal, sizeof *seal);
}

/* ---- leaves ---- */

static void put_little_endian(uint8_t *bytes, uint64_t value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

void sky_seal_group_salt(const struct sky_seal *seal, const uint8_t boot_id[16], uint64_t group_seq,
                         uint8_t ret_salt[32])
{
    uint8_t number[8];
    put_little_endian(number, group_seq, sizeof number);
    const struct sky_part part[] = {{salt_label, sizeof salt_label - 1},
                                    {seal->config.salt_seed, sizeof seal->config.salt_seed},
                                    {boot_id, 16},
                                    {number, sizeof number}};
    const struct sky_hash salt = sky_sha(part, 4);
    memcpy(ret_salt, salt.bytes, sizeof salt.bytes);
}

void sky_seal_leaf_salt(const uint8_t group_salt[32], uint32_t i,
                        uint8_t ret_salt[SKY_SEAL_SALT_BYTES])
{
    uint8_t number[4];
    put_little_endian(number, i / 2, sizeof number);
    const struct sky_part part[] = {{group_salt, 32}, {number, sizeof number}};
    const struct sky_hash two = sky_sha(part, 2);
    memcpy(ret_salt, two.bytes + SKY_SEAL_SALT_BYTES * (i % 2), SKY_SEAL_SALT_BYTES);
}

struct sky_hash sky_seal_leaf(const uint8_t salt[SKY_SEAL_SALT_BYTES], const void *content,
                              size_t count)
{
    const struct sky_part part[] = {{salt, SKY_SEAL_SALT_BYTES}, {content, count}};
    return sky_merkle_leaf(part, 2);
}

static void make_salts(struct sky_seal_batch *batch, const uint8_t group_salt[32], uint32_t first,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct sky_sha_job *const job = &batch->merkle.job[i];
        *job = (struct sky_sha_job){.head_count = 36, .ret_hash = &batch->salt[i]};
        memcpy(job->head, group_salt, 32);
        put_little_endian(job->head + 32, first / 2 + i, 4);
    }
    sky_sha_many(batch->merkle.job, count);
}

void sky_seal_leaves(struct sky_seal_batch *batch, const uint8_t group_salt[32], uint32_t first,
                     uint32_t count)
{
    const uint32_t odd = first % 2; /* two leaves share a hash */
    make_salts(batch, group_salt, first, (odd + count + 1) / 2);
    for (uint32_t i = 0; i < count; i++) {
        struct sky_sha_job *const job = &batch->merkle.job[i];
        *job = (struct sky_sha_job){.head_count = 1 + SKY_SEAL_SALT_BYTES,
                                    .body = batch->content[i].bytes,
                                    .body_count = batch->content[i].count,
                                    .ret_hash = &batch->merkle.hash[1 + i]};
        const uint8_t *const two = batch->salt[(odd + i) / 2].bytes;
        memcpy(job->head + 1, two + (odd + i) % 2 * (size_t)SKY_SEAL_SALT_BYTES,
               SKY_SEAL_SALT_BYTES);
    }
    sky_sha_many(batch->merkle.job, count);
}

/* ---- keys ---- */

static struct sky_hash labelled(const char *label, const uint8_t seed[SKY_ED25519_BYTES])
{
    const struct sky_part part[] = {{label, strlen(label)}, {seed, SKY_ED25519_BYTES}};
    return sky_sha(part, 2);
}

void sky_epoch_evolve(uint8_t seed[SKY_ED25519_BYTES])
{
    const struct sky_hash next = labelled(evolve_label, seed);
    memcpy(seed, next.bytes, SKY_ED25519_BYTES);
}

void sky_epoch_public(const uint8_t seed[SKY_ED25519_BYTES], uint8_t ret_key[SKY_ED25519_BYTES])
{
    struct sky_hash secret = labelled(epoch_label, seed);
    sky_ed25519_public(secret.bytes, ret_key);
    OPENSSL_cleanse(&secret, sizeof secret);
}

/* ---- in a file: magic, number, seed, and their hash ---- */

static const uint8_t block_magic[8] = "SKYEPO1\n";

enum { BLOCK_USED = 8 + 4 + SKY_ED25519_BYTES };

void sky_epoch_write(uint32_t number, const uint8_t seed[SKY_ED25519_BYTES],
                     uint8_t ret_block[SKY_EPOCH_BLOCK_BYTES])
{
    memset(ret_block, 0, SKY_EPOCH_BLOCK_BYTES);
    memcpy(ret_block, block_magic, sizeof block_magic);
    put_little_endian(ret_block + 8, number, 4);
    memcpy(ret_block + 12, seed, SKY_ED25519_BYTES);
    const struct sky_hash hash = sky_sha(&(const struct sky_part){ret_block, BLOCK_USED}, 1);
    memcpy(ret_block + BLOCK_USED, hash.bytes, SKY_HASH_BYTES);
}

enum sky_status sky_epoch_read(const uint8_t block[SKY_EPOCH_BLOCK_BYTES], uint32_t *ret_number,
                               uint8_t ret_seed[SKY_ED25519_BYTES])
{
    const struct sky_hash hash = sky_sha(&(const struct sky_part){block, BLOCK_USED}, 1);
    if (memcmp(block, block_magic, sizeof block_magic) != 0 ||
        memcmp(block + BLOCK_USED, hash.bytes, SKY_HASH_BYTES) != 0) {
        return SKY_E_CORRUPT;
    }
    uint32_t number = 0;
    for (size_t i = 4; i > 0; i--) {
        number = number << 8 | block[8 + i - 1];
    }
    *ret_number = number;
    memcpy(ret_seed, block + 12, SKY_ED25519_BYTES);
    return SKY_OK;
}

/* ---- groups ---- */

enum { SIGNED_MAX = sizeof group_label + SKY_NOTE_NAME_MAX + SKY_MCAP_GROUP_SIGNED_BYTES };

static size_t signed_bytes(const char *origin, const uint8_t *header, uint8_t ret[SIGNED_MAX])
{
    struct sky_mcap_buffer out = {.bytes = ret, .capacity = SIGNED_MAX};
    sky_mcap_put(&out, group_label, sizeof group_label - 1);
    sky_mcap_put(&out, origin, strlen(origin));
    sky_mcap_put_u8(&out, '\n');
    sky_mcap_put(&out, header, SKY_MCAP_GROUP_SIGNED_BYTES);
    return out.used;
}

bool sky_seal_sign(struct sky_seal *seal, const uint8_t *header,
                   uint8_t ret_signature[SKY_SIGNATURE_BYTES])
{
    uint8_t bytes[SIGNED_MAX];
    const size_t count = signed_bytes(seal->config.signer->key.name, header, bytes);
    if (seal->epoch_key == NULL) {
        struct sky_hash secret = labelled(epoch_label, seal->epoch_seed);
        seal->epoch_key = sky_ed25519_open(secret.bytes);
        OPENSSL_cleanse(&secret, sizeof secret);
    }
    return sky_ed25519_sign_with(seal->epoch_key, bytes, count, ret_signature);
}

bool sky_epoch_check(const uint8_t key[SKY_ED25519_BYTES], const char *origin,
                     const uint8_t *header, const uint8_t signature[SKY_SIGNATURE_BYTES])
{
    uint8_t bytes[SIGNED_MAX];
    const size_t count = signed_bytes(origin, header, bytes);
    return sky_ed25519_check(key, bytes, count, signature);
}

size_t sky_seal_checkpoint(struct sky_seal *seal, char ret_note[SKY_NOTE_CHECKPOINT_MAX])
{
    const struct sky_note_signer *const signer = seal->config.signer;
    struct sky_checkpoint checkpoint = {.size = seal->tree.size,
                                        .root = sky_merkle_root(&seal->tree)};
    memcpy(checkpoint.origin, signer->key.name, sizeof checkpoint.origin);
    return sky_checkpoint_sign(&checkpoint, signer, ret_note);
}

void sky_seal_next(const struct sky_seal *seal, struct sky_epoch *ret_epoch)
{
    uint8_t seed[SKY_ED25519_BYTES];
    memcpy(seed, seal->epoch_seed, sizeof seed);
    sky_epoch_evolve(seed);
    ret_epoch->number = seal->epoch.number + 1;
    sky_epoch_public(seed, ret_epoch->key);
    OPENSSL_cleanse(seed, sizeof seed);
}

void sky_seal_advance(struct sky_seal *seal)
{
    forget_key(seal);
    sky_epoch_evolve(seal->epoch_seed);
    seal->epoch.number++;
    sky_epoch_public(seal->epoch_seed, seal->epoch.key);
}
