/*
 * skywitness: the desktop tool. Finds the command, parses its line, runs it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "skyh_commands.h"
#include "skyh_manual.h"

static const struct skyh_command *const commands[] = {
    &skyh_simulate,       &skyh_import,          &skyh_replay,         &skyh_verify,
    &skyh_classify,       &skyh_judge,           &skyh_review,         &skyh_report_command,
    &skyh_export,         &skyh_score_command,   &skyh_watch,          &skyh_info,
    &skyh_recover,        &skyh_zones_build,     &skyh_zones_info,     &skyh_zones_distance,
    &skyh_witness_keygen, &skyh_witness_request, &skyh_witness_submit, &skyh_witness_cosign,
    &skyh_witness_serve,  &skyh_witness_check,   &skyh_witness_proof,
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct skyh_commands all = {COMMANDS, commands};

static void print_help(void)
{
    (void)printf("usage: skywitness COMMAND [OPTION]... [FILE]...\n\n"
                 "Replays, classifies and makes the records of an embedded witness for borders.\n\n"
                 "commands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        (void)printf("  %-15s %s\n", commands[i]->name, commands[i]->summary);
    }
    (void)printf("\nskywitness COMMAND --help tells more; --version prints the version.\n"
                 "help --man [COMMAND] prints a manual page, help --bash-completion what bash\n"
                 "completes, help --write FOLDER all of them into files.\n");
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

/* Whether commands begin with this word and need a second one. */
static bool is_family(const char *word)
{
    const size_t length = strlen(word);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strncmp(commands[i]->name, word, length) == 0 && commands[i]->name[length] == ' ') {
            return true;
        }
    }
    return false;
}

/* Says which second words there are: "a, b and c". */
static int refuse_second_word(int argc, char **argv)
{
    char words[512] = "", last[64] = "";
    const size_t length = strlen(argv[1]);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strncmp(commands[i]->name, argv[1], length) == 0 && commands[i]->name[length] == ' ') {
            const size_t used = strlen(words);
            (void)snprintf(words + used, sizeof words - used, "%s%s", used > 0 ? ", " : "", last);
            (void)snprintf(last, sizeof last, "%s", commands[i]->name);
        }
    }
    skyh_note("", "%s%s%s: unknown command; expected one of %s and %s", argv[1],
              argc > 2 ? " " : "", argc > 2 ? argv[2] : "", words, last);
    return SKYH_EXIT_USAGE;
}

/* The command that the line names from argv[1] on; NULL if none. */
static const struct skyh_command *find(int argc, char **argv, int *ret_words)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        *ret_words = words_naming(commands[i], argc, argv);
        if (*ret_words > 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* help [--man | --bash-completion | --write FOLDER] [COMMAND] */
static int help(int argc, char **argv)
{
    struct skyh_problem problem;
    int words = 0;
    const bool man = argc > 2 && strcmp(argv[2], "--man") == 0;
    const int skip = man ? 2 : 1;
    const struct skyh_command *const command = find(argc - skip, argv + skip, &words);
    if (argc == 3 && strcmp(argv[2], "--bash-completion") == 0) {
        skyh_manual_completion(stdout, &all);
    } else if (argc == 4 && strcmp(argv[2], "--write") == 0) {
        return skyh_manual_write(argv[3], &all, &problem) ? SKYH_EXIT_OK
                                                          : skyh_report("help", &problem);
    } else if (argc - skip > 1 && (command == NULL || argc - skip - words > 1)) {
        skyh_note("help", "%s: unknown command; see skywitness --help", argv[skip + 1]);
        return SKYH_EXIT_USAGE;
    } else if (man) {
        skyh_manual_page(stdout, &all, command);
    } else if (command != NULL) {
        skyh_args_help(command);
    } else {
        print_help();
    }
    return SKYH_EXIT_OK;
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
    int words = 0;
    const struct skyh_command *const command = find(argc, argv, &words);
    if (command != NULL) {
        return run(command, argc - 1 - words, argv + 1 + words);
    }
    if (argc < 2) {
        skyh_note("", "no command; see skywitness --help");
        return SKYH_EXIT_USAGE;
    }
    if (strcmp(argv[1], "help") == 0) {
        return help(argc, argv);
    }
    if (strcmp(argv[1], "--help") == 0 ||
        (is_family(argv[1]) && argc > 2 && strcmp(argv[2], "--help") == 0)) {
        print_help();
        return SKYH_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("skywitness %s\n", SKY_VERSION);
        return SKYH_EXIT_OK;
    }
    if (is_family(argv[1])) {
        return refuse_second_word(argc, argv);
    }
    skyh_note("", "%s: unknown command; see skywitness --help", argv[1]);
    return SKYH_EXIT_USAGE;
}
