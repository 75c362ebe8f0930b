/**
 * sky_seal: what makes a change to a log visible - the tree over its records, the salts that let
 * one record be shown without the others, and the keys that sign groups and checkpoints.
 *
 * The log's own key signs checkpoints and never changes. Groups are signed with a key that evolves:
 * each epoch's seed is the hash of the one before, which is then forgotten, so that whoever takes
 * the station today cannot sign what it recorded yesterday. How, byte by byte: proto/FORMAT.md.
 */
#ifndef SKY_SEAL_H
#define SKY_SEAL_H

#include "sky_codec_own.h"

/** What a log is sealed with. All zero: a tree, and nobody's signature. */
struct sky_seal_config {
    const struct sky_note_signer *signer;  /* the log's own key; its name is the origin. Borrowed */
    struct sky_merkle tree;                /* of what the log holds already */
    bool restarted;                        /* it holds something that could not be continued */
    uint32_t epoch;                        /* to begin with ... */
    uint8_t epoch_seed[SKY_ED25519_BYTES]; /* ... and its seed */
    int64_t epoch_ns;                      /* an epoch lasts so long */
    int64_t checkpoint_ns;                 /* between checkpoints, if nothing asks for one before */
    uint8_t salt_seed[32];                 /* random, kept nowhere */
};

/** Fields are for reading. */
struct sky_seal {
    struct sky_seal_config config;
    struct sky_merkle tree;
    struct sky_epoch epoch;
    uint8_t epoch_seed[SKY_ED25519_BYTES];
    struct sky_ed25519 *epoch_key; /* NULL: not made yet */
};

void sky_seal_init(struct sky_seal *seal, const struct sky_seal_config *config);

/** Forgets the keys. */
void sky_seal_done(struct sky_seal *seal);

/** The salt of a group, from the seed, the run and the group's number. */
void sky_seal_group_salt(const struct sky_seal *seal, const uint8_t boot_id[16], uint64_t group_seq,
                         uint8_t ret_salt[32]);

/** The salt of leaf number `i` of a group, from the group's. */
enum { SKY_SEAL_SALT_BYTES = 16 };
void sky_seal_leaf_salt(const uint8_t group_salt[32], uint32_t i,
                        uint8_t ret_salt[SKY_SEAL_SALT_BYTES]);

/** Hash of a leaf: the salt and the content of its Message record. */
struct sky_hash sky_seal_leaf(const uint8_t salt[SKY_SEAL_SALT_BYTES], const void *content,
                              size_t count);

/** Messages of one group whose leaves are made together: the content of each Message record. */
struct sky_seal_batch {
    struct sky_part content[SKY_MERKLE_BATCH];
    struct sky_hash salt[SKY_MERKLE_BATCH / 2 + 1];
    struct sky_merkle_batch merkle;
};

/** Makes the leaves, for sky_merkle_append_many; the first is number `first` of its group. */
void sky_seal_leaves(struct sky_seal_batch *batch, const uint8_t group_salt[32], uint32_t first,
                     uint32_t count);

/** The epoch after this one, from its seed, which becomes the next one's. */
void sky_epoch_evolve(uint8_t seed[SKY_ED25519_BYTES]);

/** The epoch and its seed as they stand in a file, one block of two that are written in turn. */
enum { SKY_EPOCH_BLOCK_BYTES = 4096 };
void sky_epoch_write(uint32_t number, const uint8_t seed[SKY_ED25519_BYTES],
                     uint8_t ret_block[SKY_EPOCH_BLOCK_BYTES]);

/** Reads it back. SKY_E_CORRUPT if the block is torn or was never written. */
SKY_NODISCARD enum sky_status sky_epoch_read(const uint8_t block[SKY_EPOCH_BLOCK_BYTES],
                                             uint32_t *ret_number,
                                             uint8_t ret_seed[SKY_ED25519_BYTES]);

/** The public key of an epoch. */
void sky_epoch_public(const uint8_t seed[SKY_ED25519_BYTES], uint8_t ret_key[SKY_ED25519_BYTES]);

/** Signs with the epoch's key what a group's header says. Pre: there is a signer. */
SKY_NODISCARD bool sky_seal_sign(struct sky_seal *seal, const uint8_t *header,
                                 uint8_t ret_signature[SKY_SIGNATURE_BYTES]);

/** Did this key sign a group's header, in the log of that origin? */
bool sky_epoch_check(const uint8_t key[SKY_ED25519_BYTES], const char *origin,
                     const uint8_t *header, const uint8_t signature[SKY_SIGNATURE_BYTES]);

/** A signed checkpoint over the tree as it is. Returns its bytes, 0 if it cannot be signed. */
size_t sky_seal_checkpoint(struct sky_seal *seal, char ret_note[SKY_NOTE_CHECKPOINT_MAX]);

/** The epoch after the present one. */
void sky_seal_next(const struct sky_seal *seal, struct sky_epoch *ret_epoch);

/** Goes on to it. */
void sky_seal_advance(struct sky_seal *seal);

#endif
