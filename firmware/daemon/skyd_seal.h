/**
 * skyd_seal: the station's keys and where its log stands - read at the start, and kept up to date
 * by the writer thread as groups become durable.
 *
 * The log's key and the evolving seed are two files that nobody else may read: `KEY`, and
 * `KEY.epoch` with two blocks that are written in turn, so that a power cut leaves one of them.
 */
#ifndef SKYD_SEAL_H
#define SKYD_SEAL_H

#include "sky_seal.h"
#include "skyd_config.h"
#include "skyd_writer.h"

/** Fields are private but for hook, which the writer is given, and config, the journal. */
struct skyd_seal {
    struct skyd_writer_hook hook;
    struct sky_seal_config config;
    struct sky_note_signer signer;
    char epoch_path[SKYD_PATH_MAX + 8];
    const char *offer_path;               /* "": nowhere */
    uint32_t kept;                        /* the epoch that the file holds ... */
    uint8_t kept_seed[SKY_ED25519_BYTES]; /* ... and its seed */
    unsigned block;                       /* in which of the two it is */
    bool offer_failed;                    /* said already */
    bool keep_failed;
};

/**
 * Reads the keys, follows the log to its end, and draws the salts' seed. Without a key only the
 * tree goes on. Returns 0, or a negative errno with a sentence in ret_error: a key that is missing,
 * malformed, or readable by others is an error, since the station would record unsigned.
 */
int skyd_seal_open(struct skyd_seal *seal, const struct skyd_config *config,
                   char ret_error[SKYD_ERROR_MAX]);

/** Forgets the keys. */
void skyd_seal_close(struct skyd_seal *seal);

#endif
