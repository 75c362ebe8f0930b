/*
 * Every board profile is whole, speaks in known words, and its configuration is one the daemon
 * accepts.
 */
#include <dirent.h>
#include <ini.h>

#include "sky_daemon.h"

static const char *const file[] = {"board.ini",   "skywitnessd.ini", "99-skywitness.rules",
                                   "chrony.conf", "gpsd.default",    "service.conf",
                                   "system.conf", "README.md"};

enum value {
    VALUE_TEXT = 1,
    VALUE_NAME,
    VALUE_ARCHITECTURE,
    VALUE_YES_NO,
    VALUE_NUMBER,
    VALUE_RING,
    VALUE_LINK
};

static const struct {
    const char *section;
    const char *key;
    enum value value;
    bool may_be_none;
} known[] = {
    {"board", "name", VALUE_NAME, false},
    {"board", "title", VALUE_TEXT, false},
    {"board", "architecture", VALUE_ARCHITECTURE, false},
    {"board", "proven", VALUE_YES_NO, false},
    {"gps", "device", VALUE_TEXT, true},
    {"gps", "link", VALUE_LINK, true},
    {"gps", "baud", VALUE_NUMBER, true},
    {"pps", "device", VALUE_TEXT, true},
    {"pps", "pin", VALUE_TEXT, true},
    {"radar", "device", VALUE_TEXT, true},
    {"radar", "link", VALUE_LINK, true},
    {"watchdog", "device", VALUE_TEXT, true},
    {"watchdog", "timeout_s", VALUE_NUMBER, true},
    {"rtc", "device", VALUE_TEXT, true},
    {"rtc", "chip", VALUE_TEXT, true},
    {"limits", "memory_mib", VALUE_NUMBER, false},
    {"limits", "log_mib", VALUE_RING, false},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static char board[64]; /* the one being looked at */
static char rules[16384];
static char configuration[16384];
static bool set[KNOWN];

static void read_text(const char *name, char *ret_text, size_t room)
{
    char path[512];
    snprintf(path, sizeof path, "%s/boards/%s/%s", SKY_SOURCE_DIR, board, name);
    FILE *const stream = fopen(path, "r");
    if (stream == NULL) {
        fail_msg("%s is missing", path);
    }
    const size_t got = fread(ret_text, 1, room - 1, stream);
    ret_text[got] = '\0';
    fclose(stream);
    if (got == 0) {
        fail_msg("%s is empty", path);
    }
}

static bool is_good(enum value value, const char *text)
{
    switch (value) {
    case VALUE_TEXT:
        return text[0] != '\0';
    case VALUE_NAME:
        return strcmp(text, board) == 0;
    case VALUE_ARCHITECTURE:
        return strcmp(text, "amd64") == 0 || strcmp(text, "arm64") == 0 ||
               strcmp(text, "armhf") == 0;
    case VALUE_YES_NO:
        return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0;
    case VALUE_NUMBER:
        return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
    case VALUE_RING: { /* the configuration keeps the log below it */
        char said[64];
        snprintf(said, sizeof said, "\nring_mib = %.32s\n", text);
        return strstr(configuration, said) != NULL;
    }
    case VALUE_LINK: { /* the udev rules make it */
        char made[64];
        snprintf(made, sizeof made, "SYMLINK+=\"%s\"",
                 strncmp(text, "/dev/", 5) == 0 ? text + 5 : "?");
        return strstr(rules, made) != NULL;
    }
    }
    return false;
}

static int take(void *user, const char *section, const char *key, const char *value)
{
    (void)user;
    for (size_t i = 0; i < KNOWN; i++) {
        if (strcmp(known[i].section, section) == 0 && strcmp(known[i].key, key) == 0) {
            const bool none = known[i].may_be_none && strcmp(value, "none") == 0;
            if (!none && !is_good(known[i].value, value)) {
                fail_msg("%s/board.ini: [%s] %s = %s is not a value for it", board, section, key,
                         value);
            }
            set[i] = true;
            return 1;
        }
    }
    fail_msg("%s/board.ini: [%s] %s is not a known key", board, section, key);
    return 0;
}

static void check_board_ini(void)
{
    static char text[16384];
    read_text("99-skywitness.rules", rules, sizeof rules);
    read_text("skywitnessd.ini", configuration, sizeof configuration);
    read_text("board.ini", text, sizeof text);
    memset(set, 0, sizeof set);
    assert_int_equal(ini_parse_string(text, take, NULL), 0);
    for (size_t i = 0; i < KNOWN; i++) {
        if (!set[i]) {
            fail_msg("%s/board.ini: [%s] %s is missing", board, known[i].section, known[i].key);
        }
    }
}

static void check_configuration(void)
{
    static struct daemon_run run;
    static char text[16384];
    daemon_quick_folder(&run);
    read_text("skywitnessd.ini", text, sizeof text);
    daemon_write_file(run.folder, "c.ini", text, strlen(text));
    char from[128], to[128];
    snprintf(from, sizeof from, "%s/zones.pb", run.folder);
    snprintf(to, sizeof to, "%s/border.zones", run.folder);
    assert_int_equal(rename(from, to), 0);
    const char *const argument[] = {"skywitnessd", "--config", run.config, "--check-config", NULL};
    daemon_start(&run, SKY_DAEMON, argument, NULL);
    if (daemon_exit(&run, DAEMON_PATIENCE_MS) != 0) {
        fail_msg("%s/skywitnessd.ini: %s", board, daemon_stderr(&run));
    }
    daemon_clean(&run);
}

/* Calls check for every board; returns how many there are. */
static int for_each_board(void (*check)(void))
{
    int boards = 0;
    DIR *const folder = opendir(SKY_SOURCE_DIR "/boards");
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
            strcmp(entry->d_name, "common") != 0 && strcmp(entry->d_name, "toolchain") != 0) {
            snprintf(board, sizeof board, "%.63s", entry->d_name);
            check();
            boards++;
        }
    }
    closedir(folder);
    return boards;
}

static void check_files(void)
{
    static char text[16384];
    for (size_t i = 0; i < sizeof file / sizeof file[0]; i++) {
        read_text(file[i], text, sizeof text);
    }
}

static void every_board_has_every_file(void **state)
{
    (void)state;
    assert_true(for_each_board(check_files) >= 2);
}

static void every_board_ini_holds_every_known_key_and_no_other(void **state)
{
    (void)state;
    assert_true(for_each_board(check_board_ini) >= 2);
}

static void every_configuration_is_accepted_by_the_daemon(void **state)
{
    (void)state;
    assert_true(for_each_board(check_configuration) >= 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_board_has_every_file),
        cmocka_unit_test(every_board_ini_holds_every_known_key_and_no_other),
        cmocka_unit_test(every_configuration_is_accepted_by_the_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
