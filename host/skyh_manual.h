/**
 * skyh_manual: manual pages and shell completion, from the tables that parse the commands.
 */
#ifndef SKYH_MANUAL_H
#define SKYH_MANUAL_H

#include <stdio.h>

#include "skyh_args.h"

/** All commands, in the order of the list. */
struct skyh_commands {
    size_t count;
    const struct skyh_command *const *command;
};

/** One command's page of section 1, as man has it; or that of the program, if command is NULL. */
void skyh_manual_page(FILE *out, const struct skyh_commands *commands,
                      const struct skyh_command *command);

/** What bash completes: commands, second words, options, files. */
void skyh_manual_completion(FILE *out, const struct skyh_commands *commands);

/**
 * Writes skywitness.1, skywitness-COMMAND.1 of all and skywitness.bash into a folder, which is
 * there. SKYH_EXIT_NO_OUTPUT or SKYH_EXIT_IO.
 */
bool skyh_manual_write(const char *folder, const struct skyh_commands *commands,
                       struct skyh_problem *problem);

#endif
