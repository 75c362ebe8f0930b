/**
 * sky_note: signed notes, checkpoints and cosignatures, as C2SP has them, with Ed25519.
 *
 * A note is text, an empty line, and signature lines of anybody who vouches for it. A checkpoint is
 * a note that says how large a log's tree was and what its root. A witness adds a cosignature: that
 * it saw this tree at that time, and that it had not seen another. Parsing is strict and allocates
 * nothing; OpenSSL allocates for a while where something is signed or checked.
 */
#ifndef SKY_NOTE_H
#define SKY_NOTE_H

#include "sky_base.h"
#include "sky_merkle.h"

enum {
    SKY_NOTE_NAME_MAX = 128, /* bytes of a key's name or of an origin, final zero included */
    SKY_NOTE_KEY_TEXT_MAX = SKY_NOTE_NAME_MAX + 80,
    SKY_NOTE_LINE_MAX = SKY_NOTE_NAME_MAX + 128, /* of a signature, line feed and zero included */
    SKY_NOTE_SIGNATURES_MAX = 32,
    SKY_CHECKPOINT_TEXT_MAX = SKY_NOTE_NAME_MAX + 21 + 46,
    SKY_NOTE_CHECKPOINT_MAX = SKY_CHECKPOINT_TEXT_MAX + 1 + SKY_NOTE_LINE_MAX, /* signed once */
    SKY_ED25519_BYTES = 32, /* of a seed, and of a public key */
    SKY_SIGNATURE_BYTES = 64
};

/** What a key signs, and how: part of its id, so that a key of one kind is never taken for another.
 */
enum sky_note_algorithm {
    SKY_NOTE_ED25519 = 1,    /* the text */
    SKY_NOTE_COSIGNATURE = 4 /* a time and the text: cosignature/v1 */
};

/** A key that checks. */
struct sky_note_key {
    char name[SKY_NOTE_NAME_MAX];
    enum sky_note_algorithm algorithm;
    uint8_t id[4];
    uint8_t public_key[SKY_ED25519_BYTES];
};

/** A key that signs. Wipe it with sky_note_forget. */
struct sky_note_signer {
    struct sky_note_key key;
    uint8_t seed[SKY_ED25519_BYTES];
};

/* ---- keys ---- */

/** True if a key or origin may be called so: not empty, no space, no plus, UTF-8, not too long. */
bool sky_note_name_valid(const char *name);

/** Makes a signer of 32 random bytes. Returns SKY_E_RANGE if the name is not one. */
SKY_NODISCARD enum sky_status sky_note_make_signer(const char *name,
                                                   enum sky_note_algorithm algorithm,
                                                   const uint8_t seed[SKY_ED25519_BYTES],
                                                   struct sky_note_signer *ret_signer);

void sky_note_forget(struct sky_note_signer *signer);

/** Writes "NAME+ID+KEY", which may be public. */
void sky_note_key_text(const struct sky_note_key *key, char ret_text[SKY_NOTE_KEY_TEXT_MAX]);

/** Writes "PRIVATE+KEY+NAME+ID+SEED", which may not. */
void sky_note_signer_text(const struct sky_note_signer *signer,
                          char ret_text[SKY_NOTE_KEY_TEXT_MAX]);

/** Reads one, without anything around it. SKY_E_CORRUPT if it is none or its id is not its own. */
SKY_NODISCARD enum sky_status sky_note_read_key(const char *text, size_t count,
                                                struct sky_note_key *ret_key);
SKY_NODISCARD enum sky_status sky_note_read_signer(const char *text, size_t count,
                                                   struct sky_note_signer *ret_signer);

/* ---- bare signatures, for what is not a note ---- */

/** The public key of a seed. */
void sky_ed25519_public(const uint8_t seed[SKY_ED25519_BYTES],
                        uint8_t ret_public[SKY_ED25519_BYTES]);

/** Signs. False only if the library has no memory. */
SKY_NODISCARD bool sky_ed25519_sign(const uint8_t seed[SKY_ED25519_BYTES], const void *bytes,
                                    size_t count, uint8_t ret_signature[SKY_SIGNATURE_BYTES]);

/** A key made ready to sign often. NULL if the library has no memory. Free it with ..._close. */
struct sky_ed25519;
struct sky_ed25519 *sky_ed25519_open(const uint8_t seed[SKY_ED25519_BYTES]);
void sky_ed25519_close(struct sky_ed25519 *key);
SKY_NODISCARD bool sky_ed25519_sign_with(struct sky_ed25519 *key, const void *bytes, size_t count,
                                         uint8_t ret_signature[SKY_SIGNATURE_BYTES]);

bool sky_ed25519_check(const uint8_t public_key[SKY_ED25519_BYTES], const void *bytes, size_t count,
                       const uint8_t signature[SKY_SIGNATURE_BYTES]);

/* ---- notes ---- */

/** A parsed note. Borrows its bytes. */
struct sky_note {
    const char *text; /* with its last line feed */
    size_t text_bytes;
    unsigned count;
    struct sky_note_signature {
        const char *line; /* with its line feed */
        size_t line_bytes;
        const char *name; /* not ended by a zero */
        size_t name_bytes;
        uint8_t id[4];
        const char *base64; /* of the id and the signature; well-formed */
        size_t base64_bytes;
    } signature[SKY_NOTE_SIGNATURES_MAX];
};

/** Parses a whole note. SKY_E_CORRUPT if it is none, with *ret_reason in static storage. */
SKY_NODISCARD enum sky_status sky_note_parse(const char *bytes, size_t count,
                                             struct sky_note *ret_note, const char **ret_reason);

enum sky_note_verdict {
    SKY_NOTE_SIGNED = 1, /* by this key */
    SKY_NOTE_UNSIGNED,   /* nothing by this key */
    SKY_NOTE_FORGED      /* something in its name that it did not sign */
};

/**
 * Did this key sign the note? *ret_time_s, which may be NULL, is set to the time of a cosignature,
 * seconds since 1970, if so; of several the latest.
 */
enum sky_note_verdict sky_note_check(const struct sky_note *note, const struct sky_note_key *key,
                                     uint64_t *ret_time_s);

/**
 * Signs a text, which must end with a line feed: writes the signature's line, with its line feed.
 * time_s is that of a cosignature, and otherwise not used. False only if the library has no memory.
 */
SKY_NODISCARD bool sky_note_sign(const struct sky_note_signer *signer, const char *text,
                                 size_t text_bytes, uint64_t time_s,
                                 char ret_line[SKY_NOTE_LINE_MAX]);

/* ---- checkpoints ---- */

struct sky_checkpoint {
    char origin[SKY_NOTE_NAME_MAX];
    uint64_t size;
    struct sky_hash root;
};

/** Writes the text of a checkpoint, ended by a zero. Returns its bytes without that. */
size_t sky_checkpoint_text(const struct sky_checkpoint *checkpoint,
                           char ret_text[SKY_CHECKPOINT_TEXT_MAX]);

/** Reads one: exactly three lines. SKY_E_CORRUPT, with *ret_reason, if it is none. */
SKY_NODISCARD enum sky_status sky_checkpoint_read(const char *text, size_t count,
                                                  struct sky_checkpoint *ret_checkpoint,
                                                  const char **ret_reason);

/** Writes a signed checkpoint. Returns its bytes, or 0 if the library has no memory. */
size_t sky_checkpoint_sign(const struct sky_checkpoint *checkpoint,
                           const struct sky_note_signer *signer,
                           char ret_note[SKY_NOTE_CHECKPOINT_MAX]);

/* ---- base64, with padding, in one spelling only ---- */

/** Writes 4 characters for every 3 bytes begun, and a zero. Returns their number. */
size_t sky_base64(const void *bytes, size_t count, char *ret_text);

/** Reads it back. False, with nothing known of ret_bytes, if it is not that or too long. */
bool sky_base64_read(const char *text, size_t count, uint8_t *ret_bytes, size_t capacity,
                     size_t *ret_count);

/** Reads a decimal number without leading zeros. */
bool sky_decimal_read(const char *text, size_t count, uint64_t *ret_value);

#endif
