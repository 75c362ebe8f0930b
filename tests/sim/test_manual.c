/*
 * What the tool says of itself: one table makes --help, manual pages and completion.
 */
#include "sky_tool.h"
#include "skyh_out.h"

enum { COMMANDS_MAX = 64, TEXT_MAX = 65536 };

static char command[COMMANDS_MAX][40];
static size_t commands;
static char page[TEXT_MAX];

/* The names in the list of commands. */
static int list_commands(void **state)
{
    if (make_folder(state) != 0 || run("help") != 0) {
        return -1;
    }
    const char *row = strstr(said, "\ncommands:\n");
    for (row += strlen("\ncommands:\n"); strncmp(row, "  ", 2) == 0; row = strchr(row, '\n') + 1) {
        const char *const end = strstr(row + 2, "  ") != NULL && strstr(row + 2, "  ") < row + 18
                                    ? strstr(row + 2, "  ")
                                    : row + 17;
        int length = (int)(end - row - 2);
        (void)snprintf(command[commands], sizeof command[0], "%.*s", length, row + 2);
        for (length = (int)strlen(command[commands]);
             length > 0 && command[commands][length - 1] == ' '; length--) {
            command[commands][length - 1] = '\0';
        }
        commands++;
    }
    return commands >= 18 && run("help --write .") == 0 ? 0 : -1;
}

/* The page's file; in it "-" is as people read it. */
static void read_manual(const char *name)
{
    char file[160];
    (void)snprintf(file, sizeof file, "%s/skywitness-%s.1", folder, name);
    for (char *at = file + strlen(folder); *at != '\0'; at++) {
        *at = *at == ' ' ? '-' : *at;
    }
    read_text(file, page, sizeof page);
    char *to = page;
    for (const char *from = page; *from != '\0'; from++) {
        if (from[0] != '\\' || from[1] != '-') {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static void every_option_of_help_is_in_the_manual_page_and_completed(void **state)
{
    (void)state;
    static char completion[TEXT_MAX];
    char file[128];
    (void)snprintf(file, sizeof file, "%s/skywitness.bash", folder);
    read_text(file, completion, sizeof completion);
    for (size_t i = 0; i < commands; i++) {
        char entry[64];
        size_t options = 0;
        assert_int_equal(run("%s --help", command[i]), 0);
        read_manual(command[i]);
        (void)snprintf(entry, sizeof entry, "\"%s \"*) choices=\"", command[i]);
        const char *const completed = strstr(completion, entry);
        if (completed == NULL) {
            fail_msg("%s is not completed", command[i]);
        }
        for (const char *at = strstr(said, "\noptions:\n"); (at = strstr(at, "\n  --")) != NULL;
             at++) {
            char option[40];
            (void)snprintf(option, sizeof option, "%.*s", (int)strcspn(at + 3, " \n"), at + 3);
            const char *const found = strstr(completed, option);
            if (strstr(page, option) == NULL || found == NULL || found > strchr(completed, '\n')) {
                fail_msg("%s %s is not everywhere", command[i], option);
            }
            options++;
        }
        assert_true(options >= 2); /* --help and --json */
    }
}

static void pages_are_sound_and_say_what_help_says(void **state)
{
    (void)state;
    char shell[256];
    if (system("command -v man >/dev/null 2>&1 && command -v groff >/dev/null 2>&1") != 0) {
        print_message("skipped: no man here; Debian's packages are man-db and groff-base\n");
        skip();
    }
    for (size_t i = 0; i < commands; i += 5) {
        (void)snprintf(shell, sizeof shell,
                       "cd %s && man --warnings -l skywitness-$(echo '%s' | tr ' ' -).1 >page.txt "
                       "2>page.err && ! test -s page.err && grep -q 'EXIT STATUS' page.txt",
                       folder, command[i]);
        if (system(shell) != 0) {
            fail_msg("the page of %s is not sound", command[i]);
        }
    }
}

static void bash_completes_commands_words_options_and_files(void **state)
{
    (void)state;
    static const struct {
        const char *words, *expected;
        int at;
    } cases[] = {{"skywitness zo", "zones", 1},
                 {"skywitness zones b", "build", 2},
                 {"skywitness export --fo", "--format", 2},
                 {"skywitness info skywitness.ba", "skywitness.bash", 2},
                 {"skywitness zones build --out skywitness.ba", "skywitness.bash", 4}};
    if (system("command -v bash >/dev/null 2>&1") != 0) {
        skip();
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char shell[512];
        (void)snprintf(shell, sizeof shell,
                       "cd %s && bash -c '. ./skywitness.bash; COMP_WORDS=(%s); COMP_CWORD=%d; "
                       "_skywitness; [ \"${COMPREPLY[*]}\" = %s ]'",
                       folder, cases[i].words, cases[i].at, cases[i].expected);
        if (system(shell) != 0) {
            fail_msg("%s does not become %s", cases[i].words, cases[i].expected);
        }
    }
}

static void what_cannot_be_explained_gets_one_line(void **state)
{
    (void)state;
    assert_int_equal(run("help nothing"), SKYH_EXIT_USAGE);
    assert_int_equal(run("help --man zones"), SKYH_EXIT_USAGE);
    assert_int_equal(run("help --write none/none"), SKYH_EXIT_NO_OUTPUT);
    assert_int_equal(run("zones"), SKYH_EXIT_USAGE);
    assert_non_null(strstr(noted, "zones build, zones info and zones distance"));
    assert_int_equal(run("help zones build"), 0);
    assert_non_null(strstr(said, "usage: skywitness zones build"));
    assert_int_equal(run("help --man"), 0);
    assert_non_null(strstr(said, ".BR skywitness-export (1)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_of_help_is_in_the_manual_page_and_completed),
        cmocka_unit_test(pages_are_sound_and_say_what_help_says),
        cmocka_unit_test(bash_completes_commands_words_options_and_files),
        cmocka_unit_test(what_cannot_be_explained_gets_one_line),
    };
    return cmocka_run_group_tests(tests, list_commands, remove_folder);
}
