/*
 * What machines are told: every key that any command prints is on the page that describes them.
 */
#include <jansson.h>

#include "sky_tool.h"
#include "skyh_out.h"

#define EXAMPLE SKY_SOURCE_DIR "/host/examples/tinzaouatine"

enum { TEXT_MAX = 65536 };

static char description[TEXT_MAX];

static int make_logs(void **state)
{
    read_text(SKY_SOURCE_DIR "/host/JSON.md", description, sizeof description);
    return make_folder(state) == 0 && run("simulate " EXAMPLE "/short.json --log s.mcap") == 0 &&
                   run("simulate " EXAMPLE "/long.json --log l.mcap") == 0 &&
                   run("zones build " EXAMPLE "/zones/wdb2.geojson -o z.zones") == 0
               ? 0
               : -1;
}

/* The entry "- `path`: ..." of a section, up to the next, or NULL. */
static const char *entry_of(const char *section, const char *path, size_t *ret_bytes)
{
    char head[192];
    (void)snprintf(head, sizeof head, "\n- `%s`:", path);
    const char *const next = strstr(section + 1, "\n## ");
    const char *const at = strstr(section, head);
    if (at == NULL || (next != NULL && at > next)) {
        return NULL;
    }
    const char *end = at + 1;
    while ((end = strchr(end + 1, '\n')) != NULL && strncmp(end, "\n  ", 3) == 0) {
    }
    *ret_bytes = end != NULL ? (size_t)(end - at) : strlen(at);
    return at;
}

static bool has_key(const char *entry, size_t bytes, const char *key)
{
    char quoted[96];
    (void)snprintf(quoted, sizeof quoted, "`%s`", key);
    const char *at = strstr(entry, quoted);
    if (at == NULL || at >= entry + bytes) {
        at = strstr(entry, "`.*`");
    }
    return at != NULL && at < entry + bytes;
}

static size_t keys; /* that were found */

static void describe(const char *command, const char *section, const char *path,
                     const json_t *value)
{
    char below[192];
    const char *key = NULL;
    json_t *member = NULL;
    size_t i = 0, bytes = 0;
    if (json_is_array(value)) {
        (void)snprintf(below, sizeof below, "%s[]", path);
        json_array_foreach(value, i, member) { describe(command, section, below, member); }
        return;
    }
    if (!json_is_object(value)) {
        return;
    }
    const char *const entry = entry_of(section, path, &bytes);
    if (entry == NULL) {
        fail_msg("%s: host/JSON.md does not describe %s", command, path);
    }
    const bool any = has_key(entry, bytes, "");
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        if (!has_key(entry, bytes, key)) {
            fail_msg("%s: host/JSON.md lacks %s of %s", command, key, path);
        }
        keys++;
        (void)snprintf(below, sizeof below, "%s%s%s", strcmp(path, ".") == 0 ? "" : path,
                       strcmp(path, ".") == 0 ? "" : ".", key);
        if (!any) { /* any key: whatever is below is told with it */
            describe(command, section, below, member);
        }
    }
}

/* Runs a command with --json and holds what it says against its section. */
static void is_described(const char *heading, const char *arguments)
{
    char head[64];
    json_error_t error;
    (void)snprintf(head, sizeof head, "\n## %s\n", heading);
    const char *const section = strstr(description, head);
    if (section == NULL) {
        fail_msg("host/JSON.md has no section %s", heading);
    }
    (void)run("%s --json", arguments);
    json_t *const told = json_loads(said, 0, &error);
    if (told == NULL) {
        fail_msg("%s: not JSON: %s\n%s%s", arguments, error.text, said, noted);
    }
    keys = 0;
    describe(arguments, section, ".", told);
    assert_true(keys >= 4);
    json_decref(told);
}

static void every_key_is_described(void **state)
{
    (void)state;
    is_described("simulate", "simulate " EXAMPLE "/short.json --log again.mcap");
    is_described("replay", "replay s.mcap --check");
    is_described("replay", "replay s.mcap --zones z.zones");
    is_described("verify", "verify s.mcap");
    assert_int_equal(run("witness keygen analyst.example/1 a.key"), 0);
    is_described("review", "review l.mcap 1.1 confirm --key a.key");
    is_described("classify", "classify l.mcap");
    is_described("judge", "judge l.mcap " EXAMPLE "/claims.json");
    is_described("report", "report s.mcap -o s.html");
    is_described("watch", "watch s.mcap --height 5500 --stay 20");
    is_described("info", "info s.mcap");
    is_described("zones build, zones info",
                 "zones build " EXAMPLE "/zones/wdb2.geojson -o again.zones");
    is_described("zones build, zones info", "zones info z.zones");
    is_described("zones distance", "zones distance z.zones 19.9 2.8 3000 --sigma 30");
}

static void what_a_damaged_log_adds_is_described_too(void **state)
{
    (void)state;
    char command[256];
    (void)snprintf(
        command, sizeof command,
        "cd %s && head -c 450000 s.mcap >cut.mcap && cp s.mcap bad.mcap && printf 'XX' | "
        "dd of=bad.mcap bs=1 seek=300000 conv=notrunc 2>/dev/null",
        folder);
    assert_int_equal(system(command), 0);
    is_described("replay", "replay bad.mcap --check");
    is_described("verify", "verify bad.mcap");
    is_described("verify", "verify cut.mcap");
    is_described("info", "info cut.mcap");
    is_described("recover", "recover cut.mcap --out mended.mcap");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_described),
        cmocka_unit_test(what_a_damaged_log_adds_is_described_too),
    };
    return cmocka_run_group_tests(tests, make_logs, remove_folder);
}
