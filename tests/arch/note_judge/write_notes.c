/*
 * Writes keys, notes and proofs for a judge that is not ours: key lines, a checkpoint of a tree of
 * 1,000 leaves ("leaf 0" ...), cosigned by two, then every proof of leaf 123 and of the growth from
 * 700, and the same with one bit changed.
 */
#include <stdio.h>
#include <string.h>

#include "sky_note.h"

enum { LEAVES = 1000, OLD = 700, LEAF = 123 };

static struct sky_hash leaf[LEAVES];

static bool node(const struct sky_merkle_source *source, unsigned level, uint64_t index,
                 struct sky_hash *ret_hash)
{
    if (level == 0) {
        *ret_hash = leaf[index];
        return true;
    }
    struct sky_hash left, right;
    if (!node(source, level - 1, 2 * index, &left) ||
        !node(source, level - 1, 2 * index + 1, &right)) {
        return false;
    }
    *ret_hash = sky_merkle_node(&left, &right);
    return true;
}

static const struct sky_merkle_source source = {.node = node};

static bool write_text(const char *folder, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *const file = fopen(path, "wbe");
    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

static void append_proof(char *text, size_t capacity, const struct sky_merkle_proof *proof)
{
    for (unsigned i = 0; i < proof->count; i++) {
        char hash[64];
        (void)sky_base64(proof->hash[i].bytes, SKY_HASH_BYTES, hash);
        const size_t used = strlen(text);
        (void)snprintf(text + used, capacity - used, "%s\n", hash);
    }
}

static struct sky_note_signer signer_of(const char *name, enum sky_note_algorithm algorithm,
                                        int fill)
{
    struct sky_note_signer signer;
    uint8_t seed[SKY_ED25519_BYTES];
    memset(seed, fill, sizeof seed);
    if (sky_note_make_signer(name, algorithm, seed, &signer) != SKY_OK) {
        memset(&signer, 0, sizeof signer);
    }
    return signer;
}

static bool write_notes(const char *folder)
{
    static char note[4096], keys[1024], proof_text[8192];
    static struct sky_merkle_proof proof;
    const struct sky_note_signer signer[] = {
        signer_of("station.example/1", SKY_NOTE_ED25519, 1),
        signer_of("state-a.example/w", SKY_NOTE_COSIGNATURE, 2),
        signer_of("state-b.example/w", SKY_NOTE_COSIGNATURE, 3),
    };
    struct sky_checkpoint checkpoint = {.size = LEAVES};
    char text[SKY_CHECKPOINT_TEXT_MAX];
    memcpy(checkpoint.origin, signer[0].key.name, sizeof checkpoint.origin);
    bool good = sky_merkle_root_at(&source, LEAVES, &checkpoint.root);
    const size_t text_bytes = sky_checkpoint_text(&checkpoint, text);
    (void)snprintf(note, sizeof note, "%s\n", text);
    for (size_t i = 0; i < 3; i++) {
        char line[SKY_NOTE_LINE_MAX], key[SKY_NOTE_KEY_TEXT_MAX];
        good = good && sky_note_sign(&signer[i], text, text_bytes, 1758000000 + i, line);
        (void)strncat(note, line, sizeof note - strlen(note) - 1);
        sky_note_key_text(&signer[i].key, key);
        (void)snprintf(keys + strlen(keys), sizeof keys - strlen(keys), "%s\n", key);
    }
    good = good && sky_merkle_prove_leaf(&source, LEAF, LEAVES, &proof);
    (void)snprintf(proof_text, sizeof proof_text, "%d %d\n", LEAF, LEAVES);
    append_proof(proof_text, sizeof proof_text, &proof);
    good = good && write_text(folder, "leaf.txt", proof_text);
    struct sky_hash old_root;
    good = good && sky_merkle_root_at(&source, OLD, &old_root) &&
           sky_merkle_prove_growth(&source, OLD, LEAVES, &proof);
    char old[64];
    (void)sky_base64(old_root.bytes, SKY_HASH_BYTES, old);
    (void)snprintf(proof_text, sizeof proof_text, "%d %s\n", OLD, old);
    append_proof(proof_text, sizeof proof_text, &proof);
    return good && write_text(folder, "growth.txt", proof_text) &&
           write_text(folder, "keys.txt", keys) && write_text(folder, "note.txt", note);
}

int main(int count, char **argument)
{
    if (count != 2) {
        return 64;
    }
    for (int i = 0; i < LEAVES; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "leaf %d", i);
        leaf[i] = sky_merkle_leaf(&(const struct sky_part){text, strlen(text)}, 1);
    }
    return write_notes(argument[1]) ? 0 : 1;
}
