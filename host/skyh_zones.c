#include "skyh_commands.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "skyh_geoid.h"
#include "skyh_geojson.h"
#include "skyh_limit.h"
#include "skyh_zoneinfo.h"
#include "skyh_zonesource.h"

/* ------------------------------------------------------------------------------------ build */

static const struct skyh_option build_options[] = {
    {"--out", "FILE", "the zone file to write; also -o FILE"},
    {"--name", "TEXT", "the set's name (the first zone's)"},
    {"--select", "NAME", "only features with this name or identifier; may be repeated"},
    {"--zone", "NAME", "all features are lines of one zone, which is called so"},
    {"--right-zone", "NAME", "the zone right of lines and outside rings"},
    {"--authority", "TEXT", "whose zone it is"},
    {"--line", "NAME", "what the line is called (as the feature)"},
    {"--party", "TEXT", "who claims the line"},
    {"--source", "TEXT", "where it comes from (the file's name)"},
    {"--licence", "TEXT", "what may be done with it (\"not stated\")"},
    {"--accuracy", "SPEC", "sigma:M, ce90:M or ce95:M, in metres, or unstated"},
    {"--edge-rule", "RULE", "how edges run: planar, geodesic or rhumb (as the format says)"},
    {"--floor", "LIMIT", "where the format has none: GND, FL95, 3500ft AMSL, 900m HAE, ..."},
    {"--ceiling", "LIMIT", "the same; UNL is without end"},
    {"--valid-from", "DATE", "ISO 8601, as the source states it"},
    {"--valid-until", "DATE", "the same"},
    {"--geoid", "M",
     "height of sea level above the ellipsoid in the area, for AMSL limits; or\n"
     "                         egm96: the geoid there (where a limit is AMSL), or none"},
    {NULL, NULL, NULL},
};

/* Written beside its place and renamed: a station never loads half a file. */
static bool write_file(const char *file, const uint8_t *bytes, size_t count,
                       struct skyh_problem *problem)
{
    char beside[512];
    struct stat facts;
    if (stat(file, &facts) == 0 && !S_ISREG(facts.st_mode)) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: is there and is no regular file", file);
    }
    if (snprintf(beside, sizeof beside, "%s.part", file) >= (int)sizeof beside) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: the path is too long", file);
    }
    FILE *const out = fopen(beside, "wbe");
    if (out == NULL) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", file, strerror(errno));
    }
    const bool written =
        fwrite(bytes, 1, count, out) == count && fflush(out) == 0 && fsync(fileno(out)) == 0;
    const int error = errno;
    if (fclose(out) != 0 || !written) {
        (void)unlink(beside);
        return skyh_fail(problem, SKYH_EXIT_IO, "%s: %s", file, strerror(error));
    }
    if (rename(beside, file) != 0) {
        const int why = errno;
        (void)unlink(beside);
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", file, strerror(why));
    }
    return true;
}

static void say_notes(const struct skyh_notes *notes)
{
    const size_t kept = notes->count < SKYH_NOTES_MAX ? notes->count : SKYH_NOTES_MAX;
    for (size_t i = 0; i < kept; i++) {
        skyh_note("zones build", "%s", notes->text[i]);
    }
    if (notes->count > kept) {
        skyh_note("zones build", "and %zu more such repairs", notes->count - kept);
    }
}

/* Brings mean sea level to the ellipsoid, as asked or where a limit needs it. */
static bool add_geoid(struct skyh_zone_build *build, const struct skyh_args *args,
                      struct skyh_problem *problem)
{
    const char *const wish = skyh_args_value(args, "--geoid");
    if (wish == NULL ? skyh_geoid_is_needed(build) : strcmp(wish, "egm96") == 0) {
        return skyh_geoid_bake(build, problem);
    }
    build->has_geoid = wish != NULL && strcmp(wish, "none") != 0;
    return !build->has_geoid ||
           skyh_args_number(args, "--geoid", -120.0, 100.0, &build->geoid_undulation_m, problem);
}

static bool describe_build(struct skyh_zone_build *build, const struct skyh_args *args,
                           struct skyh_problem *problem)
{
    const char *const name = skyh_args_value(args, "--name");
    if (name != NULL && (name[0] == '\0' || strlen(name) >= sizeof build->name)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--name: %zu bytes; expected 1 to %zu",
                         strlen(name), sizeof build->name - 1);
    }
    skyh_drawing_text(build->name, name != NULL ? name : build->zone[0].name);
    return add_geoid(build, args, problem);
}

/* ----------------------------------------------------------------------------------- wishes */

/* Takes the text of an option, which must fit. */
static bool wish_text(const struct skyh_args *args, const char *name, const char **wish,
                      struct skyh_problem *problem)
{
    *wish = skyh_args_value(args, name);
    if (*wish != NULL && ((*wish)[0] == '\0' || strlen(*wish) >= SKYH_TEXT_MAX)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "%s: %zu bytes; expected 1 to %d", name,
                         strlen(*wish), SKYH_TEXT_MAX - 1);
    }
    return true;
}

static bool wish_accuracy(const struct skyh_args *args, struct skyh_wishes *wishes,
                          struct skyh_problem *problem)
{
    static const char *const forms[] = {"sigma:", "ce90:", "ce95:"};
    const char *const text = skyh_args_value(args, "--accuracy");
    if (text == NULL || strcmp(text, "unstated") == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const size_t length = strlen(forms[i]);
        char *end = NULL;
        if (strncmp(text, forms[i], length) != 0) {
            continue;
        }
        wishes->accuracy = (enum skyh_accuracy)(i + 1);
        wishes->stated_m = strtod(text + length, &end);
        if (end != text + length && *end == '\0' && wishes->stated_m > 0.0 &&
            wishes->stated_m <= 1e5) {
            return true;
        }
    }
    return skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--accuracy: %s; expected sigma:M, ce90:M or ce95:M with M above 0 and to "
                     "100000 m, or unstated",
                     text);
}

static bool wish_rule(const struct skyh_args *args, struct skyh_wishes *wishes,
                      struct skyh_problem *problem)
{
    static const char *const rules[] = {"planar", "geodesic", "rhumb"};
    const char *const text = skyh_args_value(args, "--edge-rule");
    for (size_t i = 0; text != NULL && i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(text, rules[i]) == 0) {
            wishes->has_rule = true;
            wishes->rule = (enum sky_edge_rule)(i + 1);
        }
    }
    return text == NULL || wishes->has_rule ||
           skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--edge-rule: %s; expected planar, geodesic or rhumb", text);
}

static bool wish_limit(const struct skyh_args *args, const char *name, bool is_ceiling, bool *has,
                       struct sky_limit *limit, struct skyh_problem *problem)
{
    const char *const text = skyh_args_value(args, name);
    *has = text != NULL;
    return text == NULL || skyh_limit_parse(text, is_ceiling, limit) ||
           skyh_fail(problem, SKYH_EXIT_USAGE, "%s: %s; expected %s", name, text,
                     skyh_limit_expected);
}

static bool read_wishes(const struct skyh_args *args, struct skyh_wishes *wishes,
                        struct skyh_problem *problem)
{
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->option[i].name, "--select") == 0) {
            wishes->select[wishes->select_count++] = args->option[i].value;
        }
    }
    return wish_text(args, "--zone", &wishes->zone, problem) &&
           wish_text(args, "--right-zone", &wishes->right_zone, problem) &&
           wish_text(args, "--authority", &wishes->authority, problem) &&
           wish_text(args, "--line", &wishes->line, problem) &&
           wish_text(args, "--party", &wishes->party, problem) &&
           wish_text(args, "--source", &wishes->source, problem) &&
           wish_text(args, "--licence", &wishes->licence, problem) &&
           wish_text(args, "--valid-from", &wishes->valid_from, problem) &&
           wish_text(args, "--valid-until", &wishes->valid_until, problem) &&
           wish_accuracy(args, wishes, problem) && wish_rule(args, wishes, problem) &&
           wish_limit(args, "--floor", false, &wishes->has_floor, &wishes->floor, problem) &&
           wish_limit(args, "--ceiling", true, &wishes->has_ceiling, &wishes->ceiling, problem);
}

static bool build_file(const struct skyh_args *args, struct skyh_zone_build *build,
                       struct skyh_notes *notes, struct skyh_zonefile *zones,
                       struct skyh_problem *problem)
{
    const char *const out = skyh_args_value(args, "--out");
    struct skyh_wishes wishes = {0};
    uint8_t *bytes = NULL;
    size_t count = 0;
    if (out == NULL) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "no output; expected --out FILE");
    }
    if (!read_wishes(args, &wishes, problem) ||
        !skyh_zonesource_read(build, args->operand, args->operand_count, &wishes, notes, problem)) {
        return false;
    }
    say_notes(notes);
    return describe_build(build, args, problem) &&
           skyh_zonefile_pack(build, &bytes, &count, problem) &&
           skyh_zonefile_take(zones, out, bytes, count, problem) &&
           write_file(out, zones->bytes, zones->count, problem);
}

/* ---------------------------------------------------------------------------------- command */

static int run_build(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_zone_build *const build = calloc(1, sizeof *build);
    struct skyh_notes *const notes = calloc(1, sizeof *notes);
    struct skyh_zonefile *const zones = calloc(1, sizeof *zones);
    int exit_code = SKYH_EXIT_SOFTWARE;
    if (build == NULL || notes == NULL || zones == NULL) {
        skyh_note("zones build", "out of memory");
    } else {
        exit_code = build_file(args, build, notes, zones, &problem)
                        ? SKYH_EXIT_OK
                        : skyh_report("zones build", &problem);
        if (exit_code == SKYH_EXIT_OK) {
            skyh_zoneinfo_print(zones, args->json, skyh_args_value(args, "--out"));
        }
        skyh_zonefile_done(build);
        skyh_zonefile_close(zones);
    }
    free(build);
    free(notes);
    free(zones);
    return exit_code;
}

const struct skyh_command skyh_zones_build = {
    .name = "zones build",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = SKYH_ARGS_MAX,
    .summary = "make a zone file for a station from files of zones",
    .about = skyh_zonesource_about,
    .about_input = skyh_geojson_about,
    .exits = "  0   written; what was mended is said on standard error\n"
             "  64  usage   65  a file is wrong   66  cannot be read   73, 74  cannot be written\n",
    .example = "  skywitness zones build natural-earth.geojson wdb2.geojson -o border.zones\n",
    .options = build_options,
    .run = run_build,
};
