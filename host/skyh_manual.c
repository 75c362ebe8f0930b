#include "skyh_manual.h"

#include <errno.h>
#include <string.h>

enum { FILE_MAX = 512, NAME_MAX_BYTES = 64 };

/* "zones-build", for a command whose name is "zones build". */
static const char *hyphenated(const struct skyh_command *command, char text[NAME_MAX_BYTES])
{
    (void)snprintf(text, NAME_MAX_BYTES, "%s", command->name);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == ' ' ? '-' : *at;
    }
    return text;
}

/* ---------------------------------------------------------------------------------------- pages */

/* Text as it is: what roff would take for its own is quoted. */
static void put_roff(FILE *out, const char *text)
{
    bool at_line = true;
    for (; *text != '\0'; text++) {
        if (at_line && (*text == '.' || *text == '\'')) {
            (void)fputs("\\&", out);
        }
        at_line = *text == '\n';
        if (*text == '\\') {
            (void)fputs("\\e", out);
        } else if (*text == '-') {
            (void)fputs("\\-", out);
        } else {
            (void)fputc(*text, out);
        }
    }
}

/* Its lines are laid out already. */
static void put_laid_out(FILE *out, const char *heading, const char *text)
{
    if (heading != NULL) {
        (void)fprintf(out, ".SH %s\n", heading);
    }
    (void)fputs(".nf\n", out);
    put_roff(out, text);
    (void)fputs(".fi\n", out);
}

static void put_options(FILE *out, const struct skyh_option *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        (void)fputs(".TP\n.BI ", out);
        put_roff(out, table->name);
        if (table->value != NULL) {
            (void)fputs(" \" ", out);
            put_roff(out, table->value);
            (void)fputc('"', out);
        }
        (void)fputc('\n', out);
        put_roff(out, table->help);
        (void)fputc('\n', out);
    }
}

static void put_command_page(FILE *out, const struct skyh_command *command)
{
    char name[NAME_MAX_BYTES];
    (void)hyphenated(command, name);
    (void)fprintf(out, ".TH SKYWITNESS-%s 1 \"\" \"skywitness " SKY_VERSION "\"\n", name);
    (void)fprintf(out, ".SH NAME\nskywitness-%s \\- ", name);
    put_roff(out, command->summary);
    (void)fprintf(out, "\n.SH SYNOPSIS\n.B skywitness %s\n[OPTION]... ", command->name);
    put_roff(out, command->operands);
    (void)fputc('\n', out);
    put_laid_out(out, "DESCRIPTION", command->about);
    if (command->about_input != NULL) {
        put_laid_out(out, NULL, command->about_input);
    }
    (void)fputs(".SH OPTIONS\n", out);
    put_options(out, command->options);
    put_options(out, skyh_args_common);
    put_laid_out(out, "EXIT STATUS", command->exits);
    put_laid_out(out, "EXAMPLES", command->example);
    (void)fputs(".SH SEE ALSO\n.BR skywitness (1)\n", out);
}

static void put_program_page(FILE *out, const struct skyh_commands *commands)
{
    char name[NAME_MAX_BYTES];
    (void)fputs(".TH SKYWITNESS 1 \"\" \"skywitness " SKY_VERSION "\"\n.SH NAME\nskywitness \\- "
                "replay, judge and report the records of an airspace witness\n"
                ".SH SYNOPSIS\n.B skywitness\nCOMMAND [OPTION]... [FILE]...\n.SH COMMANDS\n",
                out);
    for (size_t i = 0; i < commands->count; i++) {
        (void)fprintf(out, ".TP\n.BR skywitness-%s (1)\n", hyphenated(commands->command[i], name));
        put_roff(out, commands->command[i]->summary);
        (void)fputc('\n', out);
    }
    (void)fputs(".SH EXIT STATUS\n.nf\n"
                "0   as asked   1   the answer is no   2   a log is torn, damaged or altered\n"
                "64 and above: as sysexits has them; each command's page lists its own\n.fi\n",
                out);
}

void skyh_manual_page(FILE *out, const struct skyh_commands *commands,
                      const struct skyh_command *command)
{
    if (command != NULL) {
        put_command_page(out, command);
    } else {
        put_program_page(out, commands);
    }
}

/* ----------------------------------------------------------------------------------- completion */

/* The first word of a command, if no command before it begins with the same; else NULL. */
static const char *new_first_word(const struct skyh_commands *commands, size_t i,
                                  char text[NAME_MAX_BYTES])
{
    const size_t length = strcspn(commands->command[i]->name, " ");
    for (size_t k = 0; k < i; k++) {
        if (strcspn(commands->command[k]->name, " ") == length &&
            strncmp(commands->command[k]->name, commands->command[i]->name, length) == 0) {
            return NULL;
        }
    }
    (void)snprintf(text, NAME_MAX_BYTES, "%.*s", (int)length, commands->command[i]->name);
    return text;
}

static void put_second_words(FILE *out, const struct skyh_commands *commands, const char *first)
{
    const size_t length = strlen(first);
    for (size_t i = 0; i < commands->count; i++) {
        const char *const name = commands->command[i]->name;
        if (strncmp(name, first, length) == 0 && name[length] == ' ') {
            (void)fprintf(out, " %s", name + length + 1);
        }
    }
}

static void put_names(FILE *out, const struct skyh_option *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        (void)fprintf(out, " %s", table->name);
    }
}

void skyh_manual_completion(FILE *out, const struct skyh_commands *commands)
{
    char first[NAME_MAX_BYTES];
    (void)fputs("# bash completion of skywitness\n_skywitness()\n{\n"
                "    local word=${COMP_WORDS[COMP_CWORD]} choices=\n"
                "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        choices=\"help --help --version",
                out);
    for (size_t i = 0; i < commands->count; i++) {
        const char *const name = new_first_word(commands, i, first);
        if (name != NULL) {
            (void)fprintf(out, " %s", name);
        }
    }
    (void)fputs("\"\n    else\n        case \"${COMP_WORDS[1]} ${COMP_WORDS[2]} $COMP_CWORD\" in\n",
                out);
    for (size_t i = 0; i < commands->count; i++) {
        const char *const name = new_first_word(commands, i, first);
        if (name != NULL && strchr(commands->command[i]->name, ' ') != NULL) {
            (void)fprintf(out, "        \"%s \"*\" 2\") choices=\"", name);
            put_second_words(out, commands, name);
            (void)fputs("\" ;;\n", out);
        }
    }
    for (size_t i = 0; i < commands->count; i++) {
        (void)fprintf(out, "        \"%s \"*) choices=\"", commands->command[i]->name);
        put_names(out, commands->command[i]->options);
        put_names(out, skyh_args_common);
        (void)fputs("\" ;;\n", out);
    }
    (void)fputs("        esac\n    fi\n"
                "    COMPREPLY=($(compgen -W \"$choices\" -- \"$word\"))\n"
                "    case $word$choices in\n"
                "    \" -\"* | [!-]*\" -\"*) COMPREPLY+=($(compgen -f -- \"$word\")) ;;\n"
                "    esac\n}\ncomplete -o filenames -F _skywitness skywitness\n",
                out);
}

/* ---------------------------------------------------------------------------------------- files */

static FILE *begin(const char *folder, const char *name, struct skyh_problem *problem)
{
    char file[FILE_MAX];
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    FILE *const out = fopen(file, "we");
    if (out == NULL) {
        (void)skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", file, strerror(errno));
    }
    return out;
}

static bool end(FILE *out, struct skyh_problem *problem)
{
    const bool wrote = ferror(out) == 0;
    return (fclose(out) == 0 && wrote) ||
           skyh_fail(problem, SKYH_EXIT_IO, "a page cannot be written: %s", strerror(errno));
}

static bool write_page(const char *folder, const struct skyh_commands *commands,
                       const struct skyh_command *command, struct skyh_problem *problem)
{
    char name[NAME_MAX_BYTES], file[NAME_MAX_BYTES + 16] = "skywitness.1";
    if (command != NULL) {
        (void)snprintf(file, sizeof file, "skywitness-%s.1", hyphenated(command, name));
    }
    FILE *const out = begin(folder, file, problem);
    if (out == NULL) {
        return false;
    }
    skyh_manual_page(out, commands, command);
    return end(out, problem);
}

bool skyh_manual_write(const char *folder, const struct skyh_commands *commands,
                       struct skyh_problem *problem)
{
    bool written = write_page(folder, commands, NULL, problem);
    for (size_t i = 0; written && i < commands->count; i++) {
        written = write_page(folder, commands, commands->command[i], problem);
    }
    FILE *const out = written ? begin(folder, "skywitness.bash", problem) : NULL;
    if (out == NULL) {
        return false;
    }
    skyh_manual_completion(out, commands);
    return end(out, problem);
}
