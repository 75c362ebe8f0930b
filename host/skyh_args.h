/**
 * skyh_args: command lines, from one table per command that is also its --help.
 *
 * Options are long, take their value as "--name VALUE" or "--name=VALUE", and may stand anywhere;
 * "--" ends them; a minus before a digit begins a number. Every command has --help and --json
 * without listing them.
 */
#ifndef SKYH_ARGS_H
#define SKYH_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "skyh_out.h"

struct skyh_option {
    const char *name;  /* "--log" */
    const char *value; /* "OUT", or NULL for a switch */
    const char *help;
};

enum { SKYH_ARGS_MAX = 64 };

/** What a command line said. Borrows argv. */
struct skyh_args {
    size_t option_count;
    struct {
        const char *name;  /* as in the command's table */
        const char *value; /* NULL for a switch */
    } option[SKYH_ARGS_MAX];
    size_t operand_count;
    const char *operand[SKYH_ARGS_MAX];
    bool help;
    bool json;
};

struct skyh_command {
    const char *name;     /* "zones build": one or two words */
    const char *operands; /* "SCENARIO", for the usage line */
    size_t operands_min;
    size_t operands_max;
    const char *summary;               /* one line, for the list of commands */
    const char *about;                 /* what it does, for --help; ends with a newline */
    const char *about_input;           /* and what its input must look like; or NULL */
    const char *exits;                 /* its exit codes; ends with a newline */
    const char *example;               /* lines that work; ends with a newline */
    const struct skyh_option *options; /* ends with a NULL name; or NULL */
    int (*run)(const struct skyh_args *args);
};

/** What every command has; ends with a NULL name. */
extern const struct skyh_option skyh_args_common[];

/**
 * Parses what follows the command's name. Returns false with SKYH_EXIT_USAGE for an unknown option,
 * a missing or unwanted value, or the wrong number of operands (not checked with --help).
 */
bool skyh_args_parse(const struct skyh_command *command, int argc, char **argv,
                     struct skyh_args *ret_args, struct skyh_problem *problem);

/** The value of the last such option, or NULL. */
const char *skyh_args_value(const struct skyh_args *args, const char *name);

/** True if the switch was given. */
bool skyh_args_given(const struct skyh_args *args, const char *name);

/** Reads a value as a number in [low, high]; *number stays as it is if the option was not given. */
bool skyh_args_number(const struct skyh_args *args, const char *name, double low, double high,
                      double *number, struct skyh_problem *problem);

/** Prints the command's help to standard output. */
void skyh_args_help(const struct skyh_command *command);

#endif
