#include "skyh_notefile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sky_keyfile.h"
#include "skyh_json.h"

static bool parse(const char *name, struct skyh_notefile *file, struct skyh_problem *problem)
{
    const char *reason = NULL;
    if (sky_note_parse(file->text, file->count, &file->note, &reason) != SKY_OK ||
        sky_checkpoint_read(file->note.text, file->note.text_bytes, &file->checkpoint, &reason) !=
            SKY_OK) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s: %s; expected a signed checkpoint", name,
                         reason);
    }
    return true;
}

bool skyh_notefile_parse(const char *name, const char *text, size_t count,
                         struct skyh_notefile *ret_file, struct skyh_problem *problem)
{
    ret_file->text = malloc(count + 1);
    if (ret_file->text == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", name);
    }
    memcpy(ret_file->text, text, count);
    ret_file->text[count] = '\0';
    ret_file->count = count;
    return parse(name, ret_file, problem);
}

bool skyh_notefile_read(const char *file, struct skyh_notefile *ret_file,
                        struct skyh_problem *problem)
{
    return skyh_json_slurp(file, &ret_file->text, &ret_file->count, problem) &&
           parse(file, ret_file, problem);
}

void skyh_notefile_free(struct skyh_notefile *file)
{
    free(file->text);
    file->text = NULL;
}

bool skyh_notefile_key(const char *text_or_file, struct sky_note_key *ret_key,
                       struct skyh_problem *problem)
{
    char *text = NULL;
    size_t count = 0;
    if (sky_note_read_key(text_or_file, strlen(text_or_file), ret_key) == SKY_OK) {
        return true;
    }
    if (!skyh_json_slurp(text_or_file, &text, &count, problem)) {
        return false;
    }
    const bool good = sky_note_read_key(text, strcspn(text, "\r\n"), ret_key) == SKY_OK ||
                      skyh_fail(problem, SKYH_EXIT_DATA,
                                "%s: not a public key; expected NAME+ID+BASE64", text_or_file);
    free(text);
    return good;
}

bool skyh_notefile_signer(const char *file, enum sky_note_algorithm algorithm,
                          struct sky_note_signer *ret_signer, struct skyh_problem *problem)
{
    char text[SKY_NOTE_KEY_TEXT_MAX + 2];
    size_t count = 0;
    const int error = sky_keyfile_read(file, text, sizeof text, &count);
    if (error != 0) {
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: %s", file,
                         error == -EACCES ? "others may read it; expected mode 0600"
                                          : strerror(-error));
    }
    while (count > 0 && (text[count - 1] == '\n' || text[count - 1] == '\r')) {
        count--;
    }
    const bool good = sky_note_read_signer(text, count, ret_signer) == SKY_OK &&
                      ret_signer->key.algorithm == algorithm;
    explicit_bzero(text, sizeof text);
    return good || skyh_fail(problem, SKYH_EXIT_DATA,
                             "%s: not a %s's key; skywitness witness "
                             "keygen makes one",
                             file, algorithm == SKY_NOTE_COSIGNATURE ? "witness" : "station");
}
