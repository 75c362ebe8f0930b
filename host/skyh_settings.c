#include "skyh_settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyd_config.h"

/* A setting in its parts. */
struct setting {
    enum skyd_kind_id kind;
    char sensor[SKYD_NAME_MAX]; /* of a radar */
    const struct skyd_key *key;
    const char *value;
};

static bool fail_shape(const char *text, struct skyh_problem *problem)
{
    return skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--set: %.100s; expected SECTION.KEY=VALUE such as tracker.turn_mps2=5, with "
                     "the section station, tracker, incident or radar.NAME",
                     text);
}

/* The section that a name begins with; what follows is set to where its key begins. */
static bool find_kind(const char *name, enum skyd_kind_id *ret_kind, size_t *ret_at)
{
    static const enum skyd_kind_id kinds[] = {SKYD_STATION, SKYD_TRACKER, SKYD_INCIDENT,
                                              SKYD_RADAR};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t bytes = strlen(skyd_kinds[kinds[i]].name);
        if (strncmp(name, skyd_kinds[kinds[i]].name, bytes) == 0 && name[bytes] == '.') {
            *ret_kind = kinds[i];
            *ret_at = bytes + 1;
            return true;
        }
    }
    return false;
}

static bool take_apart(const char *text, struct setting *ret, struct skyh_problem *problem)
{
    char name[128];
    const char *const equals = strchr(text, '=');
    size_t at = 0;
    const size_t bytes = equals == NULL ? 0 : (size_t)(equals - text);
    if (bytes == 0 || bytes >= sizeof name) {
        return fail_shape(text, problem);
    }
    memcpy(name, text, bytes);
    name[bytes] = '\0';
    memset(ret, 0, sizeof *ret);
    ret->value = equals + 1;
    if (!find_kind(name, &ret->kind, &at)) {
        return fail_shape(text, problem);
    }
    const char *key = name + at;
    if (ret->kind == SKYD_RADAR) {
        const char *const dot = strrchr(key, '.');
        if (dot == NULL || dot == key || dot - key >= SKYD_NAME_MAX) {
            return fail_shape(text, problem);
        }
        memcpy(ret->sensor, key, (size_t)(dot - key));
        key = dot + 1;
    }
    ret->key = skyd_key_find(ret->kind, key);
    return ret->key != NULL ||
           skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--set: %s: unknown key in [%s]; expected one that skywitnessd --print-config "
                     "lists there",
                     name, skyd_kinds[ret->kind].name);
}

/* The struct that the key's offset is in; NULL: this station has no such sensor. */
static void *target_of(const struct setting *setting, struct skyd_config *config)
{
    if (setting->kind != SKYD_RADAR) {
        return config;
    }
    for (uint32_t i = 0; i < config->engine.sensor_count; i++) {
        if (strcmp(config->engine.sensor[i].name, setting->sensor) == 0) {
            return &config->engine.sensor[i];
        }
    }
    return NULL;
}

static bool put(const char *text, struct skyd_config *config, struct skyh_problem *problem)
{
    struct setting setting = {.key = NULL};
    if (!take_apart(text, &setting, problem) || setting.key == NULL) {
        return false;
    }
    void *const target = target_of(&setting, config);
    if (target == NULL) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--set: %.100s: the log has no sensor %s; expected %s%s", text,
                         setting.sensor, config->engine.sensor_count > 0 ? "one such as " : "none",
                         config->engine.sensor_count > 0 ? config->engine.sensor[0].name : "");
    }
    char buffer[128];
    const char *const wrong = skyd_key_take(setting.key, setting.value, "", target);
    if (wrong != NULL) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--set: %.100s: '%.60s' %s; expected %s", text,
                         setting.value, wrong, skyd_key_expected(setting.key, buffer));
    }
    if (setting.kind == SKYD_TRACKER && strcmp(setting.key->name, "motion") == 0) {
        sky_config_motion(&config->engine.tracker, config->motion);
    }
    return true;
}

/* A sensor is known only once a log is read; the rest of a setting can be judged before. */
static bool check_text(struct skyh_settings *settings, const char *text,
                       struct skyh_problem *problem)
{
    struct setting setting = {.key = NULL};
    if (!take_apart(text, &setting, problem)) {
        return false;
    }
    sky_config_default(&settings->scratch->engine);
    if (setting.kind == SKYD_RADAR) {
        sky_config_sensor_default(&settings->scratch->engine.sensor[0]);
        memcpy(settings->scratch->engine.sensor[0].name, setting.sensor, sizeof setting.sensor);
        settings->scratch->engine.sensor_count = 1;
    }
    return put(text, settings->scratch, problem);
}

static bool read_file(struct skyh_settings *settings, struct skyh_problem *problem)
{
    char said[SKYD_ERROR_MAX];
    const int error = skyd_config_read(settings->read, settings->file, said);
    return error == 0 ||
           skyh_fail(problem, error == -EINVAL ? SKYH_EXIT_DATA : SKYH_EXIT_NO_INPUT, "%s", said);
}

bool skyh_settings_take(struct skyh_settings *settings, const struct skyh_args *args,
                        struct skyh_problem *problem)
{
    const char *const zones = skyh_args_value(args, "--zones");
    settings->file = skyh_args_value(args, "--config");
    settings->scratch = calloc(1, sizeof *settings->scratch);
    settings->read = calloc(1, sizeof *settings->read);
    if (settings->scratch == NULL || settings->read == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->option[i].name, "--set") == 0) {
            settings->text[settings->count++] = args->option[i].value;
            if (!check_text(settings, args->option[i].value, problem)) {
                return false;
            }
        }
    }
    if (settings->file != NULL && !read_file(settings, problem)) {
        return false;
    }
    settings->has_zones = zones != NULL;
    return zones == NULL || skyh_zonefile_open(&settings->zones, zones, problem);
}

bool skyh_settings_any(const struct skyh_settings *settings)
{
    return settings->has_zones || settings->file != NULL || settings->count > 0;
}

bool skyh_settings_apply(const struct skyh_settings *settings, struct sky_config *config,
                         struct skyh_problem *problem)
{
    struct skyd_config *const scratch = settings->scratch;
    const char *field = NULL;
    scratch->engine = *config;
    if (settings->file != NULL) {
        scratch->engine.tracker = settings->read->engine.tracker;
        scratch->engine.incident = settings->read->engine.incident;
    }
    for (size_t i = 0; i < settings->count; i++) {
        if (!put(settings->text[i], scratch, problem)) {
            return false;
        }
    }
    if (sky_config_check(&scratch->engine, &field) != SKY_OK) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "with these settings %s is out of range; expected values that a station "
                         "could start with",
                         field);
    }
    *config = scratch->engine;
    return true;
}

void skyh_settings_close(struct skyh_settings *settings)
{
    skyh_zonefile_close(&settings->zones);
    free(settings->read);
    free(settings->scratch);
    memset(settings, 0, sizeof *settings);
}
