#include "sky_note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

static const char dash[] = "\xE2\x80\x94 "; /* what every signature line begins with */
static const char private_head[] = "PRIVATE+KEY+";

enum {
    ID_BYTES = 4,
    ID_DIGITS = 2 * ID_BYTES,
    RAW_MAX = 3 * 1024, /* of a signature; those of other kinds are larger than ours */
    COSIGNED_MAX = 48 + SKY_CHECKPOINT_TEXT_MAX
};

/* ---- base64 ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t sky_base64(const void *bytes, size_t count, char *ret_text)
{
    const uint8_t *const from = bytes;
    size_t used = 0;
    for (size_t i = 0; i < count; i += 3) {
        const uint32_t left = (uint32_t)(count - i < 3 ? count - i : 3);
        const uint32_t bits = (uint32_t)from[i] << 16 |
                              (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                              (left > 2 ? (uint32_t)from[i + 2] : 0);
        for (uint32_t k = 0; k < 4; k++) {
            ret_text[used++] = k <= left ? digits[bits >> (18 - 6 * k) & 63] : '=';
        }
    }
    ret_text[used] = '\0';
    return used;
}

static uint32_t digit_value(char digit)
{
    const char *const at = digit == '\0' ? NULL : strchr(digits, digit);
    return at == NULL ? 64 : (uint32_t)(at - digits);
}

bool sky_base64_read(const char *text, size_t count, uint8_t *ret_bytes, size_t capacity,
                     size_t *ret_count)
{
    size_t used = 0;
    if (count % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < count; i += 4) {
        const bool last = i + 4 == count;
        const uint32_t padding = !last || text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
        uint32_t bits = 0;
        for (uint32_t k = 0; k < 4; k++) {
            const uint32_t value = k < 4 - padding ? digit_value(text[i + k]) : 0;
            if (value > 63) {
                return false;
            }
            bits = bits << 6 | value;
        }
        /* What a shorter ending leaves over is zero, or the same bytes had several spellings. */
        if (3 - padding > capacity - used || (bits & ((UINT32_C(1) << 8 * padding) - 1)) != 0) {
            return false;
        }
        for (uint32_t k = 0; k < 3 - padding; k++) {
            ret_bytes[used++] = (uint8_t)(bits >> (16 - 8 * k));
        }
    }
    *ret_count = used;
    return true;
}

bool sky_decimal_read(const char *text, size_t count, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (count == 0 || (text[0] == '0' && count > 1)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t digit = (uint64_t)(uint8_t)text[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

/* ---- Ed25519 ---- */

void sky_ed25519_public(const uint8_t seed[SKY_ED25519_BYTES],
                        uint8_t ret_public[SKY_ED25519_BYTES])
{
    size_t count = SKY_ED25519_BYTES;
    EVP_PKEY *const key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SKY_ED25519_BYTES);
    memset(ret_public, 0, SKY_ED25519_BYTES); /* nobody's key, if there is no memory */
    if (key != NULL) {
        (void)EVP_PKEY_get_raw_public_key(key, ret_public, &count);
    }
    EVP_PKEY_free(key);
}

/* It is the library's object, under a name that needs none of its headers. */
struct sky_ed25519 *sky_ed25519_open(const uint8_t seed[SKY_ED25519_BYTES])
{
    return (struct sky_ed25519 *)EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
                                                              SKY_ED25519_BYTES);
}

void sky_ed25519_close(struct sky_ed25519 *key) { EVP_PKEY_free((EVP_PKEY *)key); }

bool sky_ed25519_sign_with(struct sky_ed25519 *key, const void *bytes, size_t count,
                           uint8_t ret_signature[SKY_SIGNATURE_BYTES])
{
    uint8_t signature[SKY_SIGNATURE_BYTES];
    size_t used = sizeof signature;
    EVP_MD_CTX *const context = EVP_MD_CTX_new();
    const bool done = key != NULL && context != NULL &&
                      EVP_DigestSignInit(context, NULL, NULL, NULL, (EVP_PKEY *)key) == 1 &&
                      EVP_DigestSign(context, signature, &used, bytes, count) == 1 &&
                      used == sizeof signature;
    if (done) {
        memcpy(ret_signature, signature, sizeof signature);
    }
    EVP_MD_CTX_free(context);
    return done;
}

bool sky_ed25519_sign(const uint8_t seed[SKY_ED25519_BYTES], const void *bytes, size_t count,
                      uint8_t ret_signature[SKY_SIGNATURE_BYTES])
{
    struct sky_ed25519 *const key = sky_ed25519_open(seed);
    const bool done = sky_ed25519_sign_with(key, bytes, count, ret_signature);
    sky_ed25519_close(key);
    return done;
}

bool sky_ed25519_check(const uint8_t public_key[SKY_ED25519_BYTES], const void *bytes, size_t count,
                       const uint8_t signature[SKY_SIGNATURE_BYTES])
{
    EVP_PKEY *const key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, SKY_ED25519_BYTES);
    EVP_MD_CTX *const context = EVP_MD_CTX_new();
    const bool good = key != NULL && context != NULL &&
                      EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                      EVP_DigestVerify(context, signature, SKY_SIGNATURE_BYTES, bytes, count) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

/* ---- text that may be signed ---- */

/* Bytes of the UTF-8 character at the front, 0 if there is none. */
static size_t character_bytes(const uint8_t *at, size_t left, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t count = at[0] < 0x80             ? 1
                         : (at[0] & 0xE0) == 0xC0 ? 2
                         : (at[0] & 0xF0) == 0xE0 ? 3
                         : (at[0] & 0xF8) == 0xF0 ? 4
                                                  : 0;
    if (count == 0 || count > left) {
        return 0;
    }
    uint32_t code = count == 1 ? at[0] : at[0] & (0x7FU >> count);
    for (size_t i = 1; i < count; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
        code = code << 6 | (at[i] & 0x3FU);
    }
    if (code < least[count] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
        return 0;
    }
    *ret_code = code;
    return count;
}

/* UTF-8 without control characters but the line feed. */
static bool is_text(const char *text, size_t count)
{
    const uint8_t *const bytes = (const uint8_t *)text;
    for (size_t i = 0; i < count;) {
        uint32_t code;
        const size_t used = character_bytes(bytes + i, count - i, &code);
        if (used == 0 || (code < 0x20 && code != '\n')) {
            return false;
        }
        i += used;
    }
    return true;
}

/* What Unicode calls white space. */
static bool is_space(uint32_t code)
{
    return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
           code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

static bool is_name(const char *name, size_t count)
{
    const uint8_t *const bytes = (const uint8_t *)name;
    for (size_t i = 0; i < count;) {
        uint32_t code;
        const size_t used = character_bytes(bytes + i, count - i, &code);
        if (used == 0 || code == '+' || code < 0x20 || is_space(code)) {
            return false;
        }
        i += used;
    }
    return count > 0 && count < SKY_NOTE_NAME_MAX;
}

bool sky_note_name_valid(const char *name) { return is_name(name, strlen(name)); }

/* ---- keys ---- */

static void set_id(struct sky_note_key *key)
{
    const uint8_t tail[2] = {'\n', (uint8_t)key->algorithm};
    const struct sky_part part[] = {{key->name, strlen(key->name)},
                                    {tail, sizeof tail},
                                    {key->public_key, sizeof key->public_key}};
    const struct sky_hash hash = sky_sha(part, 3);
    memcpy(key->id, hash.bytes, ID_BYTES);
}

enum sky_status sky_note_make_signer(const char *name, enum sky_note_algorithm algorithm,
                                     const uint8_t seed[SKY_ED25519_BYTES],
                                     struct sky_note_signer *ret_signer)
{
    if (!sky_note_name_valid(name)) {
        return SKY_E_RANGE;
    }
    struct sky_note_signer signer = {.key = {.algorithm = algorithm}};
    memcpy(signer.key.name, name, strlen(name) + 1);
    memcpy(signer.seed, seed, sizeof signer.seed);
    sky_ed25519_public(seed, signer.key.public_key);
    set_id(&signer.key);
    *ret_signer = signer;
    sky_note_forget(&signer);
    return SKY_OK;
}

void sky_note_forget(struct sky_note_signer *signer) { OPENSSL_cleanse(signer, sizeof *signer); }

static void put_key(const struct sky_note_key *key, const char *head, const uint8_t *secret,
                    char ret_text[SKY_NOTE_KEY_TEXT_MAX])
{
    uint8_t raw[1 + SKY_ED25519_BYTES] = {(uint8_t)key->algorithm};
    char text[4 * (sizeof raw + 2) / 3 + 1];
    memcpy(raw + 1, secret, SKY_ED25519_BYTES);
    (void)sky_base64(raw, sizeof raw, text);
    (void)snprintf(ret_text, SKY_NOTE_KEY_TEXT_MAX, "%s%s+%02x%02x%02x%02x+%s", head, key->name,
                   key->id[0], key->id[1], key->id[2], key->id[3], text);
    OPENSSL_cleanse(raw, sizeof raw);
    OPENSSL_cleanse(text, sizeof text);
}

void sky_note_key_text(const struct sky_note_key *key, char ret_text[SKY_NOTE_KEY_TEXT_MAX])
{
    put_key(key, "", key->public_key, ret_text);
}

void sky_note_signer_text(const struct sky_note_signer *signer,
                          char ret_text[SKY_NOTE_KEY_TEXT_MAX])
{
    put_key(&signer->key, private_head, signer->seed, ret_text);
}

static bool read_id(const char *text, uint8_t ret_id[ID_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < ID_DIGITS; i++) {
        const char *const at = text[i] == '\0' ? NULL : strchr(hex, text[i]);
        if (at == NULL) {
            return false;
        }
        const uint8_t value = (uint8_t)(at - hex);
        ret_id[i / 2] = i % 2 == 0 ? (uint8_t)(value << 4) : (uint8_t)(ret_id[i / 2] | value);
    }
    return true;
}

/* Splits "NAME+ID+BASE64"; the base64 may have a plus of its own. */
static bool read_parts(const char *text, size_t count, struct sky_note_key *key,
                       uint8_t ret_raw[1 + SKY_ED25519_BYTES])
{
    const char *const plus = memchr(text, '+', count);
    const size_t name_bytes = plus == NULL ? 0 : (size_t)(plus - text);
    const size_t rest = count - name_bytes;
    size_t raw_bytes = 0;
    if (plus == NULL || !is_name(text, name_bytes) || rest < 1 + ID_DIGITS + 1 ||
        plus[1 + ID_DIGITS] != '+' || !read_id(plus + 1, key->id) ||
        !sky_base64_read(plus + 2 + ID_DIGITS, rest - 2 - ID_DIGITS, ret_raw, 1 + SKY_ED25519_BYTES,
                         &raw_bytes) ||
        raw_bytes != 1 + SKY_ED25519_BYTES) {
        return false;
    }
    memcpy(key->name, text, name_bytes);
    key->algorithm = (enum sky_note_algorithm)ret_raw[0];
    return ret_raw[0] == SKY_NOTE_ED25519 || ret_raw[0] == SKY_NOTE_COSIGNATURE;
}

enum sky_status sky_note_read_key(const char *text, size_t count, struct sky_note_key *ret_key)
{
    struct sky_note_key key = {.algorithm = SKY_NOTE_ED25519};
    uint8_t raw[1 + SKY_ED25519_BYTES];
    if (!read_parts(text, count, &key, raw)) {
        return SKY_E_CORRUPT;
    }
    uint8_t id[ID_BYTES];
    memcpy(id, key.id, sizeof id);
    memcpy(key.public_key, raw + 1, SKY_ED25519_BYTES);
    set_id(&key);
    if (memcmp(id, key.id, sizeof id) != 0) {
        return SKY_E_CORRUPT;
    }
    *ret_key = key;
    return SKY_OK;
}

enum sky_status sky_note_read_signer(const char *text, size_t count,
                                     struct sky_note_signer *ret_signer)
{
    const size_t head = sizeof private_head - 1;
    struct sky_note_key key = {.algorithm = SKY_NOTE_ED25519};
    struct sky_note_signer signer;
    uint8_t raw[1 + SKY_ED25519_BYTES];
    enum sky_status status = SKY_E_CORRUPT;
    if (count > head && memcmp(text, private_head, head) == 0 &&
        read_parts(text + head, count - head, &key, raw)) {
        status = sky_note_make_signer(key.name, key.algorithm, raw + 1, &signer);
        if (status == SKY_OK && memcmp(signer.key.id, key.id, ID_BYTES) != 0) {
            status = SKY_E_CORRUPT;
        }
        if (status == SKY_OK) {
            *ret_signer = signer;
        }
        sky_note_forget(&signer);
    }
    OPENSSL_cleanse(raw, sizeof raw);
    return status;
}

/* ---- notes ---- */

/* Reads "— NAME BASE64\n". The signature may be of a kind, and a length, that is not ours. */
static bool read_signature(const char *line, size_t count, struct sky_note_signature *ret)
{
    const size_t head = sizeof dash - 1;
    if (count < head + 4 || memcmp(line, dash, head) != 0) {
        return false;
    }
    const char *const name = line + head;
    const char *const space = memchr(name, ' ', count - head);
    if (space == NULL || !is_name(name, (size_t)(space - name))) {
        return false;
    }
    struct sky_note_signature signature = {.line = line,
                                           .line_bytes = count,
                                           .name = name,
                                           .name_bytes = (size_t)(space - name),
                                           .base64 = space + 1};
    signature.base64_bytes = count - 1 - (size_t)(signature.base64 - line);
    uint8_t raw[RAW_MAX];
    size_t raw_bytes = 0;
    if (!sky_base64_read(signature.base64, signature.base64_bytes, raw, sizeof raw, &raw_bytes) ||
        raw_bytes <= ID_BYTES) {
        return false;
    }
    memcpy(signature.id, raw, ID_BYTES);
    *ret = signature;
    return true;
}

/* Where the signatures begin: behind the last empty line. 0 if there is none. */
static size_t find_signatures(const char *bytes, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        if (bytes[i - 1] == '\n' && bytes[i - 2] == '\n') {
            return i;
        }
    }
    return 0;
}

enum sky_status sky_note_parse(const char *bytes, size_t count, struct sky_note *ret_note,
                               const char **ret_reason)
{
    if (count == 0 || bytes[count - 1] != '\n') {
        *ret_reason = "a note that does not end with a line feed";
        return SKY_E_CORRUPT;
    }
    if (!is_text(bytes, count)) {
        *ret_reason = "a note with control characters, or not UTF-8";
        return SKY_E_CORRUPT;
    }
    size_t at = find_signatures(bytes, count);
    if (at == 0 || at == count) {
        *ret_reason = "a note without signatures";
        return SKY_E_CORRUPT;
    }
    ret_note->text = bytes;
    ret_note->text_bytes = at - 1;
    ret_note->count = 0;
    while (at < count) {
        const char *const end = memchr(bytes + at, '\n', count - at);
        const size_t line_bytes = (size_t)(end - (bytes + at)) + 1;
        if (ret_note->count == SKY_NOTE_SIGNATURES_MAX) {
            *ret_reason = "a note with too many signatures";
            return SKY_E_CORRUPT;
        }
        if (!read_signature(bytes + at, line_bytes, &ret_note->signature[ret_note->count])) {
            *ret_reason = "a note with a malformed signature line";
            return SKY_E_CORRUPT;
        }
        ret_note->count++;
        at += line_bytes;
    }
    return SKY_OK;
}

/* What a witness signs, in one piece, as Ed25519 wants it. 0: more than a checkpoint. */
static size_t cosigned(uint64_t time_s, const char *text, size_t text_bytes,
                       char ret_bytes[COSIGNED_MAX])
{
    if (text_bytes > SKY_CHECKPOINT_TEXT_MAX) {
        return 0;
    }
    const int head =
        snprintf(ret_bytes, COSIGNED_MAX, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
    memcpy(ret_bytes + head, text, text_bytes);
    return (size_t)head + text_bytes;
}

static uint64_t big_endian(const uint8_t bytes[8])
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static bool good_signature(const struct sky_note *note, const struct sky_note_signature *signature,
                           const struct sky_note_key *key, uint64_t *ret_time_s)
{
    uint8_t raw[ID_BYTES + 8 + SKY_SIGNATURE_BYTES];
    size_t count = 0;
    if (!sky_base64_read(signature->base64, signature->base64_bytes, raw, sizeof raw, &count)) {
        return false; /* longer than any of ours */
    }
    if (key->algorithm == SKY_NOTE_ED25519) {
        return count == ID_BYTES + SKY_SIGNATURE_BYTES &&
               sky_ed25519_check(key->public_key, note->text, note->text_bytes, raw + ID_BYTES);
    }
    char bytes[COSIGNED_MAX];
    const uint64_t time_s = big_endian(raw + ID_BYTES);
    const size_t signed_bytes = cosigned(time_s, note->text, note->text_bytes, bytes);
    if (count != sizeof raw || signed_bytes == 0 ||
        !sky_ed25519_check(key->public_key, bytes, signed_bytes, raw + ID_BYTES + 8)) {
        return false;
    }
    *ret_time_s = time_s;
    return true;
}

enum sky_note_verdict sky_note_check(const struct sky_note *note, const struct sky_note_key *key,
                                     uint64_t *ret_time_s)
{
    enum sky_note_verdict verdict = SKY_NOTE_UNSIGNED;
    uint64_t latest_s = 0;
    for (unsigned i = 0; i < note->count; i++) {
        const struct sky_note_signature *const signature = &note->signature[i];
        uint64_t time_s = 0;
        if (memcmp(signature->id, key->id, ID_BYTES) != 0 ||
            signature->name_bytes != strlen(key->name) ||
            memcmp(signature->name, key->name, signature->name_bytes) != 0) {
            continue;
        }
        if (!good_signature(note, signature, key, &time_s)) {
            return SKY_NOTE_FORGED;
        }
        verdict = SKY_NOTE_SIGNED;
        latest_s = time_s > latest_s ? time_s : latest_s;
    }
    if (verdict == SKY_NOTE_SIGNED && ret_time_s != NULL) {
        *ret_time_s = latest_s;
    }
    return verdict;
}

bool sky_note_sign(const struct sky_note_signer *signer, const char *text, size_t text_bytes,
                   uint64_t time_s, char ret_line[SKY_NOTE_LINE_MAX])
{
    uint8_t raw[ID_BYTES + 8 + SKY_SIGNATURE_BYTES];
    size_t used = ID_BYTES;
    bool done = false;
    memcpy(raw, signer->key.id, ID_BYTES);
    if (signer->key.algorithm == SKY_NOTE_ED25519) {
        done = sky_ed25519_sign(signer->seed, text, text_bytes, raw + used);
    } else {
        char bytes[COSIGNED_MAX];
        const size_t count = cosigned(time_s, text, text_bytes, bytes);
        for (size_t i = 0; i < 8; i++) {
            raw[used++] = (uint8_t)(time_s >> (56 - 8 * i));
        }
        done = count > 0 && sky_ed25519_sign(signer->seed, bytes, count, raw + used);
    }
    if (done) {
        char text64[4 * (sizeof raw + 2) / 3 + 1];
        (void)sky_base64(raw, used + SKY_SIGNATURE_BYTES, text64);
        (void)snprintf(ret_line, SKY_NOTE_LINE_MAX, "%s%s %s\n", dash, signer->key.name, text64);
    }
    return done;
}

/* ---- checkpoints ---- */

size_t sky_checkpoint_text(const struct sky_checkpoint *checkpoint,
                           char ret_text[SKY_CHECKPOINT_TEXT_MAX])
{
    char root[4 * (SKY_HASH_BYTES + 2) / 3 + 1];
    (void)sky_base64(checkpoint->root.bytes, SKY_HASH_BYTES, root);
    const int used = snprintf(ret_text, SKY_CHECKPOINT_TEXT_MAX, "%s\n%" PRIu64 "\n%s\n",
                              checkpoint->origin, checkpoint->size, root);
    return (size_t)used;
}

enum sky_status sky_checkpoint_read(const char *text, size_t count,
                                    struct sky_checkpoint *ret_checkpoint, const char **ret_reason)
{
    const char *line[3];
    size_t bytes[3];
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        const char *const end = at < count ? memchr(text + at, '\n', count - at) : NULL;
        if (end == NULL) {
            *ret_reason = "a checkpoint of fewer than three lines";
            return SKY_E_CORRUPT;
        }
        line[i] = text + at;
        bytes[i] = (size_t)(end - line[i]);
        at += bytes[i] + 1;
    }
    struct sky_checkpoint checkpoint = {.size = 0};
    size_t root_bytes = 0;
    if (at != count) {
        *ret_reason = "a checkpoint of more than three lines";
        return SKY_E_CORRUPT;
    }
    if (!is_name(line[0], bytes[0])) {
        *ret_reason = "a checkpoint whose origin is empty, too long or not a name";
        return SKY_E_CORRUPT;
    }
    if (!sky_decimal_read(line[1], bytes[1], &checkpoint.size) || checkpoint.size >> 63 != 0) {
        *ret_reason = "a checkpoint whose size is not a number";
        return SKY_E_CORRUPT;
    }
    if (!sky_base64_read(line[2], bytes[2], checkpoint.root.bytes, SKY_HASH_BYTES, &root_bytes) ||
        root_bytes != SKY_HASH_BYTES) {
        *ret_reason = "a checkpoint whose root is not a hash";
        return SKY_E_CORRUPT;
    }
    memcpy(checkpoint.origin, line[0], bytes[0]);
    *ret_checkpoint = checkpoint;
    return SKY_OK;
}

size_t sky_checkpoint_sign(const struct sky_checkpoint *checkpoint,
                           const struct sky_note_signer *signer,
                           char ret_note[SKY_NOTE_CHECKPOINT_MAX])
{
    char line[SKY_NOTE_LINE_MAX];
    char text[SKY_CHECKPOINT_TEXT_MAX];
    const size_t count = sky_checkpoint_text(checkpoint, text);
    if (!sky_note_sign(signer, text, count, 0, line)) {
        return 0;
    }
    const int used = snprintf(ret_note, SKY_NOTE_CHECKPOINT_MAX, "%s\n%s", text, line);
    return (size_t)used;
}
