/*
 * skywitness: the desktop tool. Finds the command, parses its line, runs it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "skyh_commands.h"

static const struct skyh_command *const commands[] = {
    &skyh_simulate,       &skyh_import,         &skyh_replay,         &skyh_verify,
    &skyh_classify,       &skyh_judge,          &skyh_report_command, &skyh_export,
    &skyh_watch,          &skyh_info,           &skyh_recover,        &skyh_zones_build,
    &skyh_zones_info,     &skyh_zones_distance, &skyh_witness_keygen, &skyh_witness_request,
    &skyh_witness_submit, &skyh_witness_cosign, &skyh_witness_serve,  &skyh_witness_check,
    &skyh_witness_proof,
};

static void print_help(void)
{
    (void)printf("usage: skywitness COMMAND [OPTION]... [FILE]...\n\n"
                 "Replays, classifies and makes the records of an embedded witness for borders.\n\n"
                 "commands:\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        (void)printf("  %-15s %s\n", commands[i]->name, commands[i]->summary);
    }
    (void)printf("\nskywitness COMMAND --help tells more; --version prints the version.\n");
}

/* How many words of the line name this command; 0 if it is another. */
static int words_naming(const struct skyh_command *command, int argc, char **argv)
{
    const char *const space = strchr(command->name, ' ');
    const size_t first = space == NULL ? strlen(command->name) : (size_t)(space - command->name);
    if (argc < 2 || strlen(argv[1]) != first || strncmp(argv[1], command->name, first) != 0) {
        return 0;
    }
    if (space == NULL) {
        return 1;
    }
    return argc > 2 && strcmp(argv[2], space + 1) == 0 ? 2 : 0;
}

/* The commands that begin with this word, if it needs a second one. */
static const char *family_of(const char *word)
{
    return strcmp(word, "zones") == 0 ? "zones build, zones info and zones distance"
           : strcmp(word, "witness") == 0
               ? "witness keygen, request, submit, cosign, serve, check and proof"
               : NULL;
}

static int run(const struct skyh_command *command, int argc, char **argv)
{
    struct skyh_args args;
    struct skyh_problem problem;
    if (!skyh_args_parse(command, argc, argv, &args, &problem)) {
        return skyh_report(command->name, &problem);
    }
    if (args.help) {
        skyh_args_help(command);
        return SKYH_EXIT_OK;
    }
    const int exit_code = command->run(&args);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        skyh_note(command->name, "standard output: cannot be written");
        return SKYH_EXIT_IO;
    }
    return exit_code;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const int words = words_naming(commands[i], argc, argv);
        if (words > 0) {
            return run(commands[i], argc - 1 - words, argv + 1 + words);
        }
    }
    const char *const family = argc > 1 ? family_of(argv[1]) : NULL;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 ||
                     (family != NULL && argc > 2 && strcmp(argv[2], "--help") == 0))) {
        print_help();
        return SKYH_EXIT_OK;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        (void)printf("skywitness %s\n", SKY_VERSION);
        return SKYH_EXIT_OK;
    }
    if (family != NULL) {
        skyh_note("", "%s%s%s: unknown command; expected one of %s", argv[1], argc > 2 ? " " : "",
                  argc > 2 ? argv[2] : "", family);
    } else if (argc > 1) {
        skyh_note("", "%s: unknown command; see skywitness --help", argv[1]);
    } else {
        skyh_note("", "no command; see skywitness --help");
    }
    return SKYH_EXIT_USAGE;
}
