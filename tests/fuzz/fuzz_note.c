/*
 * Any bytes are a note or are refused with a reason; what a parsed note borrows lies inside them;
 * and a checkpoint or key that was read is written again with the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "sky_note.h"

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

static void try_note(const char *bytes, size_t count)
{
    static struct sky_note note;
    static struct sky_note_key nobody = {.name = "n", .algorithm = SKY_NOTE_COSIGNATURE};
    const char *reason = NULL;
    struct sky_checkpoint checkpoint;
    char text[SKY_CHECKPOINT_TEXT_MAX];
    if (sky_note_parse(bytes, count, &note, &reason) != SKY_OK) {
        check(reason != NULL);
        return;
    }
    check(note.text == bytes && note.text_bytes < count && note.count > 0);
    for (unsigned i = 0; i < note.count; i++) {
        const struct sky_note_signature *const signature = &note.signature[i];
        check(signature->line > bytes && signature->line + signature->line_bytes <= bytes + count);
        check(signature->base64 + signature->base64_bytes + 1 ==
              signature->line + signature->line_bytes);
    }
    (void)sky_note_check(&note, &nobody, NULL);
    if (sky_checkpoint_read(note.text, note.text_bytes, &checkpoint, &reason) == SKY_OK) {
        check(sky_checkpoint_text(&checkpoint, text) == note.text_bytes);
        check(memcmp(text, note.text, note.text_bytes) == 0);
    }
}

static void try_key(const char *bytes, size_t count)
{
    struct sky_note_key key;
    struct sky_note_signer signer;
    char text[SKY_NOTE_KEY_TEXT_MAX];
    if (sky_note_read_key(bytes, count, &key) == SKY_OK) {
        sky_note_key_text(&key, text);
        check(strlen(text) == count && memcmp(text, bytes, count) == 0);
    }
    (void)!sky_note_read_signer(bytes, count, &signer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *const text = malloc(bytes + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, bytes);
    try_note(text, bytes);
    try_key(text, bytes);
    free(text);
    return 0;
}
