#include "skyh_args.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct skyh_option skyh_args_common[] = {
    {"--help", NULL, "print this and do nothing"},
    {"--json", NULL, "print the result as JSON, for machines; keys stay as host/JSON.md has them"},
    {NULL, NULL, NULL},
};

/* Finds "--name" or "--name=..." in a table. */
static const struct skyh_option *find(const struct skyh_option *table, const char *text)
{
    for (; table != NULL && table->name != NULL; table++) {
        const size_t length = strlen(table->name);
        if (strncmp(text, table->name, length) == 0 &&
            (text[length] == '\0' || text[length] == '=')) {
            return table;
        }
    }
    return NULL;
}

/* Takes the option at argv[*at], and its value if it has one. */
static bool take_option(const struct skyh_command *command, int argc, char **argv, int *at,
                        struct skyh_args *args, struct skyh_problem *problem)
{
    const char *const text = argv[*at];
    const struct skyh_option *option = find(command->options, text);
    option = option != NULL ? option : find(skyh_args_common, text);
    if (option == NULL) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "%s: unknown option; see skywitness %s --help",
                         text, command->name);
    }
    const char *value = strchr(text, '=');
    value = value != NULL ? value + 1 : NULL;
    if (option->value == NULL && value != NULL) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "%s: takes no value", option->name);
    }
    if (option->value != NULL && value == NULL) {
        if (*at + 1 >= argc) {
            return skyh_fail(problem, SKYH_EXIT_USAGE, "%s: its value is missing; expected %s %s",
                             option->name, option->name, option->value);
        }
        value = argv[++*at];
    }
    args->help = args->help || strcmp(option->name, "--help") == 0;
    args->json = args->json || strcmp(option->name, "--json") == 0;
    args->option[args->option_count].name = option->name;
    args->option[args->option_count].value = value;
    args->option_count++;
    return true;
}

bool skyh_args_parse(const struct skyh_command *command, int argc, char **argv,
                     struct skyh_args *ret_args, struct skyh_problem *problem)
{
    struct skyh_args args;
    memset(&args, 0, sizeof args);
    bool options_ended = false;
    char out_name[] = "--out";
    char *const out_option = find(command->options, out_name) != NULL ? out_name : NULL;
    if (argc > SKYH_ARGS_MAX) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "too many arguments; expected at most %d",
                         SKYH_ARGS_MAX);
    }
    for (int i = 0; i < argc; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0) {
            options_ended = true;
        } else if (!options_ended && strncmp(argv[i], "--", 2) == 0) {
            if (!take_option(command, argc, argv, &i, &args, problem)) {
                return false;
            }
        } else if (!options_ended && strcmp(argv[i], "-o") == 0 && out_option != NULL) {
            /* The one short option that people's fingers know. */
            argv[i] = out_option;
            if (!take_option(command, argc, argv, &i, &args, problem)) {
                return false;
            }
        } else if (!options_ended && argv[i][0] == '-' && argv[i][1] != '\0' &&
                   strchr(".0123456789", argv[i][1]) == NULL) {
            return skyh_fail(problem, SKYH_EXIT_USAGE,
                             "%s: unknown option; see skywitness %s --help", argv[i],
                             command->name);
        } else {
            args.operand[args.operand_count++] = argv[i];
        }
    }
    if (!args.help && args.operand_count < command->operands_min) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "something is missing; expected: skywitness %s %s", command->name,
                         command->operands);
    }
    if (!args.help && args.operand_count > command->operands_max) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "%s: one too many; expected: skywitness %s %s",
                         args.operand[command->operands_max], command->name, command->operands);
    }
    *ret_args = args;
    return true;
}

const char *skyh_args_value(const struct skyh_args *args, const char *name)
{
    for (size_t i = args->option_count; i-- > 0;) {
        if (strcmp(args->option[i].name, name) == 0) {
            return args->option[i].value;
        }
    }
    return NULL;
}

bool skyh_args_given(const struct skyh_args *args, const char *name)
{
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->option[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool skyh_args_number(const struct skyh_args *args, const char *name, double low, double high,
                      double *number, struct skyh_problem *problem)
{
    const char *const text = skyh_args_value(args, name);
    if (text == NULL) {
        return true;
    }
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= low && value <= high)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "%s: %s; expected a number from %.10g to %.10g",
                         name, text, low, high);
    }
    *number = value;
    return true;
}

static void print_options(const struct skyh_option *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        char head[40];
        (void)snprintf(head, sizeof head, "%s%s%s", table->name, table->value != NULL ? " " : "",
                       table->value != NULL ? table->value : "");
        (void)printf("  %-22s %s\n", head, table->help);
    }
}

void skyh_args_help(const struct skyh_command *command)
{
    (void)printf("usage: skywitness %s [OPTION]... %s\n\n%s%s\noptions:\n", command->name,
                 command->operands, command->about,
                 command->about_input != NULL ? command->about_input : "");
    print_options(command->options);
    print_options(skyh_args_common);
    (void)printf("\nexit codes:\n%s\nexample:\n%s", command->exits, command->example);
}
