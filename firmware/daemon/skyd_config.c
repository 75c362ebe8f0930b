#include "skyd_config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>

#include "skyd_config_parse.h"

void skyd_parse_fail(struct skyd_parse *parse, int line, const char *format, ...)
{
    if (parse->failed) {
        return; /* the first error is the one that counts */
    }
    parse->failed = true;
    const int used =
        line > 0 ? snprintf(parse->error, SKYD_ERROR_MAX, "%s:%d: ", parse->config->path, line)
                 : snprintf(parse->error, SKYD_ERROR_MAX, "%s: ", parse->config->path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(parse->error + used, SKYD_ERROR_MAX - (size_t)used, format, arguments);
    va_end(arguments);
}

static struct skyd_setting *setting_of(struct skyd_section *section, const struct skyd_key *key)
{
    return &section->setting[key - skyd_kinds[section->kind].key];
}

bool skyd_section_is_set(const struct skyd_section *section, const char *name)
{
    const struct skyd_key *const key = skyd_key_find(section->kind, name);
    return section->setting[key - skyd_kinds[section->kind].key].line != 0;
}

bool skyd_section_counts(const struct skyd_section *section)
{
    return section->line != 0 || (section->kind != SKYD_GPSD && section->kind != SKYD_SINK);
}

int skyd_section_line(const struct skyd_section *section, const char *name)
{
    const struct skyd_key *const key = skyd_key_find(section->kind, name);
    const int line = section->setting[key - skyd_kinds[section->kind].key].line;
    return line != 0 ? line : section->line;
}

const char *skyd_section_value(const struct skyd_config *config, const struct skyd_section *section,
                               const struct skyd_key *key)
{
    const struct skyd_setting *const setting =
        &section->setting[key - skyd_kinds[section->kind].key];
    return setting->line != 0 ? config->text + setting->text_at : key->fallback;
}

/* The struct that a section's keys are offsets into. */
static void *target_of(struct skyd_config *config, const struct skyd_section *section)
{
    if (section->kind == SKYD_RADAR) {
        return &config->engine.sensor[section->index];
    }
    if (section->kind == SKYD_MODBUS) {
        return &config->modbus[section->index];
    }
    if (section->kind == SKYD_ASTERIX) {
        return &config->asterix[section->index];
    }
    return config;
}

void skyd_parse_refuse(struct skyd_parse *parse, const struct skyd_key *key, int line,
                       const char *text, const char *wrong)
{
    char buffer[128];
    skyd_parse_fail(parse, line, "key '%s': '%s' %s; expected %s", key->name, text, wrong,
                    skyd_key_expected(key, buffer));
}

void skyd_parse_value(struct skyd_parse *parse, const struct skyd_section *section,
                      const struct skyd_key *key, int line, const char *text)
{
    /* inih takes ';' for the start of a comment only after a blank: printed, it would be one */
    const char *const wrong = text[0] == ';' ? "begins like a comment"
                                             : skyd_key_take(key, text, parse->config->path,
                                                             target_of(parse->config, section));
    if (wrong != NULL) {
        skyd_parse_refuse(parse, key, line, text, wrong);
    }
}

/* Makes a section with every default in place. */
static struct skyd_section *add_section(struct skyd_parse *parse, enum skyd_kind_id kind,
                                        uint32_t index, const char *name)
{
    struct skyd_section *const section = &parse->config->section[parse->config->section_count++];
    section->kind = kind;
    section->index = index;
    snprintf(section->name, sizeof section->name, "%s", name);
    if (kind == SKYD_RADAR) {
        sky_config_sensor_default(&parse->config->engine.sensor[index]);
    }
    for (size_t i = 0; i < skyd_kinds[kind].count; i++) {
        const struct skyd_key *const key = &skyd_kinds[kind].key[i];
        if (key->need == SKYD_NEED_DEFAULT) {
            skyd_parse_value(parse, section, key, 0, key->fallback);
        }
    }
    return section;
}

static bool good_name(const char *name)
{
    const size_t bytes = strlen(name);
    for (size_t i = 0; i < bytes; i++) {
        if (name[i] <= ' ' || name[i] > '~') {
            return false;
        }
    }
    return bytes > 0 && bytes < SKYD_NAME_MAX;
}

static void name_section(struct skyd_config *config, const struct skyd_section *section)
{
    if (section->kind == SKYD_RADAR) {
        struct sky_sensor_config *const sensor = &config->engine.sensor[section->index];
        snprintf(sensor->name, sizeof sensor->name, "%s", section->name);
        config->engine.sensor_count = section->index + 1;
    } else if (section->kind == SKYD_MODBUS) {
        struct skyd_modbus_config *const modbus = &config->modbus[section->index];
        snprintf(modbus->source.name, sizeof modbus->source.name, "modbus.%s", section->name);
        config->modbus_count = section->index + 1;
    } else {
        struct skyd_asterix_config *const asterix = &config->asterix[section->index];
        snprintf(asterix->source.name, sizeof asterix->source.name, "asterix.%s", section->name);
        config->asterix_count = section->index + 1;
    }
}

static void open_named(struct skyd_parse *parse, enum skyd_kind_id kind, const char *name)
{
    uint32_t index = 0;
    for (uint32_t i = 0; i < parse->config->section_count; i++) {
        struct skyd_section *const section = &parse->config->section[i];
        if (section->kind == kind && strcmp(section->name, name) == 0) {
            parse->section = section;
            return;
        }
        index += section->kind == kind;
    }
    if (!good_name(name)) {
        skyd_parse_fail(
            parse, parse->line,
            "section [%s.%s]: bad name; expected 1 to %d printable characters without spaces",
            skyd_kinds[kind].name, name, SKYD_NAME_MAX - 1);
    } else if (index == skyd_kinds[kind].max) {
        skyd_parse_fail(parse, parse->line,
                        "section [%s.%s]: one too many; expected at most %u [%s.NAME]",
                        skyd_kinds[kind].name, name, skyd_kinds[kind].max, skyd_kinds[kind].name);
    } else {
        parse->section = add_section(parse, kind, index, name);
        parse->section->line = parse->line;
        name_section(parse->config, parse->section);
    }
}

static void open_section(struct skyd_parse *parse, const char *name)
{
    for (enum skyd_kind_id kind = 0; kind < SKYD_KIND_COUNT; kind++) {
        const size_t bytes = strlen(skyd_kinds[kind].name);
        if (skyd_kinds[kind].named && strncmp(name, skyd_kinds[kind].name, bytes) == 0 &&
            name[bytes] == '.') {
            open_named(parse, kind, name + bytes + 1);
            return;
        }
        if (!skyd_kinds[kind].named && strcmp(name, skyd_kinds[kind].name) == 0) {
            parse->section = &parse->config->section[kind];
            parse->section->line = parse->section->line ? parse->section->line : parse->line;
            return;
        }
    }
    skyd_parse_fail(
        parse, parse->line,
        "section [%s]: unknown; expected [station], [tracker], [incident], [zones], [log], [gpsd], "
        "[sink], [radar.NAME], [modbus.NAME] or [asterix.NAME]",
        name);
}

/*
 * Hands inih one line at a time, counting. Headings are looked at here as well, since inih does not
 * report a section without keys and a misspelt one must not pass.
 */
static char *next_line(char *buffer, int room, void *stream)
{
    struct skyd_parse *const parse = stream;
    if (parse->at >= parse->count || parse->failed) {
        return NULL;
    }
    const char *const from = parse->bytes + parse->at;
    const char *const newline = memchr(from, '\n', parse->count - parse->at);
    const size_t bytes = newline ? (size_t)(newline - from) : parse->count - parse->at;
    parse->at += bytes + (newline != NULL);
    parse->line++;

    if (bytes > (size_t)room - 2) {
        skyd_parse_fail(parse, parse->line, "line of %zu bytes; expected at most %d", bytes,
                        room - 2);
        return NULL;
    }
    if (memchr(from, '\0', bytes) != NULL) {
        skyd_parse_fail(parse, parse->line, "a zero byte; expected text");
        return NULL;
    }
    memcpy(buffer, from, bytes);
    buffer[bytes] = '\0';
    const char first = buffer[strspn(buffer, " \t\r")];
    if ((buffer[0] == ' ' || buffer[0] == '\t') && strchr(";#", first) == NULL) {
        skyd_parse_fail(parse, parse->line,
                        "begins with a space; expected keys and headings without");
        return NULL; /* inih would take it for more of the value before */
    }
    const char *const bracket = buffer[0] == '[' ? strchr(buffer, ']') : NULL;
    if (bracket != NULL) {
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)(bracket - buffer) - 1, buffer + 1);
        open_section(parse, name);
    }
    return buffer;
}

static int take_line(void *user, const char *section_name, const char *name, const char *value)
{
    struct skyd_parse *const parse = user;
    (void)section_name; /* next_line has seen its heading */
    if (parse->failed) {
        return 0;
    }
    if (parse->section == NULL) {
        skyd_parse_fail(parse, parse->line,
                        "key '%s': stands before any section; expected a [section] first", name);
        return 0;
    }
    struct skyd_section *const section = parse->section;
    const struct skyd_kind *const kind = &skyd_kinds[section->kind];
    const struct skyd_key *const key = skyd_key_find(section->kind, name);
    if (key == NULL) {
        skyd_parse_fail(parse, parse->line,
                        "key '%s': unknown in [%s%s]; expected one of the keys that "
                        "--print-config lists there",
                        name, kind->name, kind->named ? ".NAME" : "");
        return 0;
    }
    struct skyd_setting *const setting = setting_of(section, key);
    if (setting->line != 0) {
        skyd_parse_fail(parse, parse->line, "key '%s': set before in line %d; expected once", name,
                        setting->line);
        return 0;
    }
    struct skyd_config *const config = parse->config;
    const size_t bytes = strlen(value) + 1;
    if (bytes > sizeof config->text - config->text_bytes) {
        skyd_parse_fail(parse, parse->line, "key '%s': too much text in this file", name);
        return 0;
    }
    memcpy(config->text + config->text_bytes, value, bytes);
    *setting = (struct skyd_setting){parse->line, (uint32_t)config->text_bytes};
    config->text_bytes += bytes;
    skyd_parse_value(parse, section, key, parse->line, value);
    return parse->failed ? 0 : 1;
}

int skyd_config_parse(struct skyd_config *ret_config, const char *path, const char *bytes,
                      size_t count, char ret_error[SKYD_ERROR_MAX])
{
    struct skyd_parse parse = {
        .config = ret_config, .bytes = bytes, .count = count, .error = ret_error};
    memset(ret_config, 0, sizeof *ret_config);
    snprintf(ret_config->path, sizeof ret_config->path, "%s", path);
    snprintf(ret_config->gpsd.name, sizeof ret_config->gpsd.name, "gpsd");
    sky_config_default(&ret_config->engine);
    for (enum skyd_kind_id kind = 0; kind < SKYD_RADAR; kind++) {
        add_section(&parse, kind, 0, "");
    }
    const int line = ini_parse_stream(next_line, &parse, take_line, &parse);
    if (line > 0) {
        skyd_parse_fail(&parse, line, "cannot be read; expected '[section]' or 'key = value'");
    }
    if (!parse.failed) {
        skyd_config_check(&parse);
    }
    return parse.failed ? -EINVAL : 0;
}

static void print_key(const struct skyd_config *config, const struct skyd_section *section,
                      const struct skyd_key *key, FILE *stream)
{
    const struct skyd_setting *const setting =
        &section->setting[key - skyd_kinds[section->kind].key];
    const char *const value = skyd_section_value(config, section, key);
    char origin[SKYD_PATH_MAX + 16] = "default";
    if (setting->line != 0) {
        snprintf(origin, sizeof origin, "%s:%d", config->path, setting->line);
    }
    if (setting->line == 0 && key->need != SKYD_NEED_DEFAULT) {
        fprintf(stream, "; %s is not set\n", key->name);
    } else if (strlen(value) + strlen(origin) > 140) { /* inih reads lines of up to 198 bytes */
        fprintf(stream, "; %s\n%s=%s\n", origin, key->name, value);
    } else {
        fprintf(stream, "%s = %-*s ; %s\n", key->name, (int)(32 - strlen(key->name)), value,
                origin);
    }
}

void skyd_config_print(const struct skyd_config *config, FILE *stream)
{
    for (uint32_t i = 0; i < config->section_count; i++) {
        const struct skyd_section *const section = &config->section[i];
        const struct skyd_kind *const kind = &skyd_kinds[section->kind];
        if (!skyd_section_counts(section)) {
            fprintf(stream, "\n; [%s] is not set\n", kind->name);
            continue;
        }
        fprintf(stream, "%s[%s%s%s]\n", i > 0 ? "\n" : "", kind->name, kind->named ? "." : "",
                section->name);
        for (size_t k = 0; k < kind->count; k++) {
            print_key(config, section, &kind->key[k], stream);
        }
    }
}

void skyd_config_place(const struct skyd_config *config, const char *section, const char *key,
                       char ret_place[SKYD_PATH_MAX + 16])
{
    for (enum skyd_kind_id kind = 0; kind < SKYD_RADAR; kind++) {
        if (strcmp(skyd_kinds[kind].name, section) == 0) {
            snprintf(ret_place, SKYD_PATH_MAX + 16, "%s:%d", config->path,
                     skyd_section_line(&config->section[kind], key));
        }
    }
}
