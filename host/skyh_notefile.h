/**
 * skyh_notefile: keys and checkpoints as commands take them - from files, or as they are.
 */
#ifndef SKYH_NOTEFILE_H
#define SKYH_NOTEFILE_H

#include "sky_note.h"
#include "skyh_out.h"

/** A note and the text that it borrows from. Start zeroed, end with skyh_notefile_free. */
struct skyh_notefile {
    char *text;
    size_t count;
    struct sky_note note;
    struct sky_checkpoint checkpoint;
};

/** Reads a signed checkpoint. SKYH_EXIT_NO_INPUT or SKYH_EXIT_DATA. */
bool skyh_notefile_read(const char *file, struct skyh_notefile *ret_file,
                        struct skyh_problem *problem);

/** The same, from text, which is copied. */
bool skyh_notefile_parse(const char *name, const char *text, size_t count,
                         struct skyh_notefile *ret_file, struct skyh_problem *problem);

void skyh_notefile_free(struct skyh_notefile *file);

/**
 * A secret key of that kind, from a file that nobody else may read: SKYH_EXIT_NO_INPUT, or
 * SKYH_EXIT_DATA if it is another. Wipe it with sky_note_forget.
 */
bool skyh_notefile_signer(const char *file, enum sky_note_algorithm algorithm,
                          struct sky_note_signer *ret_signer, struct skyh_problem *problem);

/** A public key: the text itself, or the first line of a file. */
bool skyh_notefile_key(const char *text_or_file, struct sky_note_key *ret_key,
                       struct skyh_problem *problem);

#endif
