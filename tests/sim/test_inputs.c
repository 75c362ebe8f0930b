/*
 * Every command that reads a log, against every kind of log that is not as it should be: one line
 * with the place, the right exit code, and what can still be shown is shown.
 */
#include <jansson.h>

#include "sky_mcap.h"
#include "sky_tool.h"
#include "skyh_out.h"

#define EXAMPLE SKY_SOURCE_DIR "/host/examples/tinzaouatine"

/* %s: the log. */
static const struct {
    const char *name, *line;
    const char *output; /* the file it writes; NULL: standard output */
} commands[] = {
    {"replay", "replay --check %s", NULL},
    {"verify", "verify %s", NULL},
    {"classify", "classify %s", NULL},
    {"judge", "judge %s " EXAMPLE "/claims.json", NULL},
    {"report", "report %s -o out.html", "out.html"},
    {"watch", "watch %s --height 5500 --stay 20", NULL},
    {"info", "info %s", NULL},
    {"export", "export %s --format geojson -o out.geojson", "out.geojson"},
    {"export", "export %s --format kml -o out.kml", "out.kml"},
    {"export", "export %s --format mcap -o out.mcap", "out.mcap"},
    {"export", "export %s --format tracks-csv", NULL},
};

static const size_t count = sizeof commands / sizeof commands[0];

static const char *in_folder(const char *name)
{
    static char file[128];
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    return file;
}

static void write_file(const char *name, const uint8_t *bytes, size_t bytes_count)
{
    FILE *const file = fopen(in_folder(name), "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, bytes_count, file), bytes_count);
    assert_int_equal(fclose(file), 0);
}

/* The log as a later version might begin it, sound in itself. */
static void make_later(uint8_t *bytes, size_t bytes_count)
{
    struct sky_mcap_reader reader = {.bytes = bytes + SKY_MCAP_MAGIC_BYTES,
                                     .left = bytes_count - SKY_MCAP_MAGIC_BYTES};
    static const char format[] = "\x06\0\0\0format\x01\0\0\0";
    struct sky_mcap_reader content;
    for (size_t i = 0; i < 200; i++) {
        if (memcmp(bytes + i, format, sizeof format - 1) == 0) {
            bytes[i + sizeof format - 1] = '9';
        }
    }
    for (;;) {
        const uint8_t *const at = reader.bytes;
        const uint8_t op = sky_mcap_take_record(&reader, &content);
        assert_int_not_equal(op, 0);
        if (op == SKY_MCAP_PREAMBLE_CHECK) {
            struct sky_mcap_buffer check = {.bytes = bytes + (content.bytes - bytes),
                                            .capacity = 4};
            sky_mcap_put_u32(&check, sky_mcap_crc(bytes, (size_t)(at - bytes)));
            break;
        }
    }
    write_file("later.mcap", bytes, bytes_count);
}

static int make_logs(void **state)
{
    json_error_t error;
    char command[512];
    static uint8_t bytes[4 << 20];
    if (make_folder(state) != 0 || run("simulate " EXAMPLE "/short.json --log s.mcap") != 0) {
        return -1;
    }
    json_t *const scenario = json_load_file(EXAMPLE "/short.json", 0, &error);
    json_t *const target = json_array_get(json_object_get(scenario, "targets"), 0);
    (void)json_object_set_new(json_object_get(target, "start"), "lat_deg", json_real(19.5));
    (void)json_object_set_new(scenario, "zones", json_pack("[s]", EXAMPLE "/zones/wdb2.geojson"));
    const bool written = json_dump_file(scenario, in_folder("calm.json"), 0) == 0;
    json_decref(scenario);
    (void)snprintf(command, sizeof command,
                   "cd %s && : >empty.mcap && head -c 5 s.mcap >five.mcap && mkdir nothing && "
                   "head -c 450000 s.mcap >cut.mcap && cp s.mcap bad.mcap && printf 'XXXX' | "
                   "dd of=bad.mcap bs=1 seek=420000 conv=notrunc 2>/dev/null",
                   folder);
    if (!written || system(command) != 0 || run("simulate calm.json --log calm.mcap") != 0) {
        return -1;
    }
    FILE *const file = fopen(in_folder("s.mcap"), "rbe");
    const size_t bytes_count = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    make_later(bytes, bytes_count);
    return 0;
}

/* Runs one command over one log; what it said on standard error names command and log. */
static int try_one(size_t i, const char *log)
{
    char line[256], head[128];
    if (commands[i].output != NULL) {
        (void)remove(in_folder(commands[i].output));
    }
    (void)snprintf(line, sizeof line, "%.*s%s%s",
                   (int)(strstr(commands[i].line, "%s") - commands[i].line), commands[i].line, log,
                   strstr(commands[i].line, "%s") + 2);
    const int exit_code = run("%s", line);
    (void)snprintf(head, sizeof head, "skywitness %s: %s", commands[i].name, log);
    if (noted[0] != '\0' && strncmp(noted, head, strlen(head)) != 0) {
        fail_msg("%s: %s", line, noted);
    }
    return exit_code;
}

static size_t lines_of(const char *text)
{
    size_t lines = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++) {
        lines++;
    }
    return lines;
}

static void what_is_no_log_gets_one_line_and_makes_no_file(void **state)
{
    (void)state;
    static const struct {
        const char *log, *expected;
        int exit_code;
    } cases[] = {{"empty.mcap", "expected a skywitness log", SKYH_EXIT_DATA},
                 {"five.mcap", "expected a skywitness log", SKYH_EXIT_DATA},
                 {"calm.json", "expected a skywitness log", SKYH_EXIT_DATA},
                 {"later.mcap", "version", SKYH_EXIT_DATA},
                 {"nothing", "expected segments", SKYH_EXIT_NO_INPUT},
                 {"none.mcap", "No such file", SKYH_EXIT_NO_INPUT}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        for (size_t i = 0; i < count; i++) {
            const int exit_code = try_one(i, cases[k].log);
            if (exit_code != cases[k].exit_code || said[0] != '\0' || lines_of(noted) != 1 ||
                strstr(noted, cases[k].expected) == NULL ||
                (commands[i].output != NULL && access(in_folder(commands[i].output), F_OK) == 0)) {
                fail_msg("%s of %s: exit %d, %s", commands[i].line, cases[k].log, exit_code, noted);
            }
        }
    }
}

/* Something is told of a log that is there in part. */
static void is_shown(size_t i, const char *log)
{
    if (commands[i].output == NULL ? said[0] == '\0'
                                   : access(in_folder(commands[i].output), F_OK) != 0) {
        fail_msg("%s of %s shows nothing", commands[i].line, log);
    }
}

static void of_a_cut_log_what_is_there_is_shown_and_the_rest_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        const int exit_code = try_one(i, "cut.mcap");
        const char *const words = commands[i].output == NULL && noted[0] == '\0' ? said : noted;
        if (exit_code != SKYH_EXIT_DAMAGED || strstr(words, "450000") == NULL) {
            fail_msg("%s: exit %d, %s%s", commands[i].line, exit_code, said, noted);
        }
        is_shown(i, "cut.mcap");
    }
}

static void of_an_altered_log_what_is_sound_is_shown_and_the_rest_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        const bool verify = strcmp(commands[i].name, "verify") == 0;
        const int exit_code = try_one(i, "bad.mcap");
        if (exit_code != (verify ? SKYH_EXIT_DIFFERENT : SKYH_EXIT_DAMAGED) ||
            strstr(verify ? said : noted, "byte 4") == NULL) {
            fail_msg("%s: exit %d, %s%s", commands[i].line, exit_code, said, noted);
        }
        is_shown(i, "bad.mcap");
    }
}

static void a_log_without_incidents_is_no_trouble(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        const bool verify = strcmp(commands[i].name, "verify") == 0;
        const int exit_code = try_one(i, "calm.mcap");
        if (exit_code != (verify ? SKYH_EXIT_NO_QUORUM : SKYH_EXIT_OK) || noted[0] != '\0') {
            fail_msg("%s: exit %d, %s", commands[i].line, exit_code, noted);
        }
        is_shown(i, "calm.mcap");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_log_gets_one_line_and_makes_no_file),
        cmocka_unit_test(of_a_cut_log_what_is_there_is_shown_and_the_rest_is_said),
        cmocka_unit_test(of_an_altered_log_what_is_sound_is_shown_and_the_rest_is_said),
        cmocka_unit_test(a_log_without_incidents_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, make_logs, remove_folder);
}
