#include "skyh_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sky_math.h"
#include "skyh_geojson.h"

/* ------------------------------------------------------------------------------------ build */

static const struct skyh_option build_options[] = {
    {"--out", "FILE", "the zone file to write; also -o FILE"},
    {"--name", "TEXT", "the set's name (the first zone's)"},
    {"--geoid", "M", "ellipsoid minus sea level in the area, for AMSL limits"},
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

static bool describe_build(struct skyh_zone_build *build, const struct skyh_args *args,
                           struct skyh_problem *problem)
{
    const char *const name = skyh_args_value(args, "--name");
    build->has_geoid = skyh_args_given(args, "--geoid");
    if (name != NULL && (name[0] == '\0' || strlen(name) >= sizeof build->name)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--name: %zu bytes; expected 1 to %zu",
                         strlen(name), sizeof build->name - 1);
    }
    (void)snprintf(build->name, sizeof build->name, "%s",
                   name != NULL ? name : build->zone[0].name);
    return skyh_args_number(args, "--geoid", -120.0, 100.0, &build->geoid_undulation_m, problem);
}

static bool build_file(const struct skyh_args *args, struct skyh_zone_build *build,
                       struct skyh_notes *notes, struct skyh_zonefile *zones,
                       struct skyh_problem *problem)
{
    const char *const out = skyh_args_value(args, "--out");
    uint8_t *bytes = NULL;
    size_t count = 0;
    if (out == NULL) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "no output; expected --out FILE");
    }
    if (!skyh_geojson_read(build, args->operand, args->operand_count, notes, problem)) {
        return false;
    }
    say_notes(notes);
    return describe_build(build, args, problem) &&
           skyh_zonefile_pack(build, &bytes, &count, problem) &&
           skyh_zonefile_take(zones, out, bytes, count, problem) &&
           write_file(out, zones->bytes, zones->count, problem);
}

/* ------------------------------------------------------------------------------------- info */

static const char *const rule_names[] = {"", "planar", "geodesic", "rhumb"};
static const char *const datum_names[] = {"", "HAE", "AMSL", "AGL", "STD"};

static uint32_t vertices_of(const struct sky_zone_set *set, const struct sky_line *line)
{
    uint32_t count = 0;
    for (uint32_t r = 0; r < line->ring_count; r++) {
        count += set->ring[line->first_ring + r].count;
    }
    return count;
}

static void print_limit(const char *what, const struct sky_limit *limit, const char *without)
{
    if (limit->unlimited) {
        (void)printf("%s %s", what, without);
    } else {
        (void)printf("%s %.0f m %s", what, limit->height_m, datum_names[limit->datum]);
    }
}

static void print_line(const struct skyh_zonefile *zones, uint32_t i)
{
    const struct sky_line *const line = &zones->set.line[i];
    char hex[65], accuracy[40] = "unstated";
    if (line->accuracy_stated) {
        (void)snprintf(accuracy, sizeof accuracy, "%.0f m (1 sigma)", line->sigma_m);
    }
    (void)printf("  line %" PRIu32 "  %s%s%s\n", line->id, zones->names.line[i].name,
                 zones->names.line[i].party[0] == '\0' ? "" : ", as claimed by ",
                 zones->names.line[i].party);
    (void)printf("    source    %s\n    licence   %s\n", zones->names.line[i].source,
                 zones->names.line[i].licence);
    (void)printf("    edges     %s, %" PRIu32 " vertices in %" PRIu32 " ring%s\n",
                 rule_names[line->rule], vertices_of(&zones->set, line), line->ring_count,
                 line->ring_count == 1 ? "" : "s");
    (void)printf("    accuracy  %s\n    sha256    %s of the source file\n", accuracy,
                 skyh_zonefile_hex(zones->names.line[i].sha256, hex));
}

static void print_text(const struct skyh_zonefile *zones, const char *file)
{
    char hex[65];
    (void)printf("%s: %s\n  sha256  %s, %zu bytes\n", file, zones->names.set_name,
                 skyh_zonefile_hex(zones->sha256, hex), zones->count);
    for (uint32_t z = 0; z < zones->set.zone_count; z++) {
        const struct sky_zone *const zone = &zones->set.zone[z];
        (void)printf("zone %" PRIu32 "  %s%s%s\n  ", zone->id, zones->names.zone[z].name,
                     zones->names.zone[z].authority[0] == '\0' ? "" : ", authority ",
                     zones->names.zone[z].authority);
        print_limit("floor", &zone->floor, "surface");
        print_limit(", ceiling", &zone->ceiling, "unlimited");
        (void)printf("\n");
        for (uint32_t i = 0; i < zone->line_count; i++) {
            print_line(zones, zone->first_line + i);
        }
    }
}

static json_t *limit_json(const struct sky_limit *limit)
{
    return limit->unlimited ? json_null()
                            : json_pack("{s:f, s:s}", "height_m", limit->height_m, "datum",
                                        datum_names[limit->datum]);
}

static json_t *line_json(const struct skyh_zonefile *zones, uint32_t i)
{
    const struct sky_line *const line = &zones->set.line[i];
    char hex[65];
    json_t *const out =
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "line_id", (json_int_t)line->id,
                  "name", zones->names.line[i].name, "party", zones->names.line[i].party, "source",
                  zones->names.line[i].source, "licence", zones->names.line[i].licence, "sha256",
                  skyh_zonefile_hex(zones->names.line[i].sha256, hex), "edge_rule",
                  rule_names[line->rule], "rings", (json_int_t)line->ring_count, "vertices",
                  (json_int_t)vertices_of(&zones->set, line));
    (void)json_object_set_new(out, "accuracy_sigma_m",
                              line->accuracy_stated ? json_real(line->sigma_m) : json_null());
    return out;
}

static void print_json(const struct skyh_zonefile *zones, const char *file)
{
    char hex[65];
    json_t *const list = json_array();
    for (uint32_t z = 0; z < zones->set.zone_count; z++) {
        const struct sky_zone *const zone = &zones->set.zone[z];
        json_t *const lines = json_array();
        for (uint32_t i = 0; i < zone->line_count; i++) {
            (void)json_array_append_new(lines, line_json(zones, zone->first_line + i));
        }
        (void)json_array_append_new(
            list, json_pack("{s:I, s:s, s:s, s:o, s:o, s:o}", "zone_id", (json_int_t)zone->id,
                            "name", zones->names.zone[z].name, "authority",
                            zones->names.zone[z].authority, "floor", limit_json(&zone->floor),
                            "ceiling", limit_json(&zone->ceiling), "lines", lines));
    }
    json_t *const out = json_pack(
        "{s:s, s:s, s:s, s:I, s:o}", "file", file, "name", zones->names.set_name, "sha256",
        skyh_zonefile_hex(zones->sha256, hex), "bytes", (json_int_t)zones->count, "zones", list);
    (void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)printf("\n");
    json_decref(out);
}

static void print_zones(const struct skyh_zonefile *zones, const struct skyh_args *args,
                        const char *file)
{
    if (args->json) {
        print_json(zones, file);
    } else {
        print_text(zones, file);
    }
}

/* --------------------------------------------------------------------------------- commands */

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
            print_zones(zones, args, skyh_args_value(args, "--out"));
        }
        skyh_zonefile_done(build);
        skyh_zonefile_close(zones);
    }
    free(build);
    free(notes);
    free(zones);
    return exit_code;
}

static int run_info(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_zonefile zones;
    memset(&zones, 0, sizeof zones);
    int exit_code = SKYH_EXIT_OK;
    if (skyh_zonefile_open(&zones, args->operand[0], &problem)) {
        print_zones(&zones, args, args->operand[0]);
    } else {
        exit_code = skyh_report("zones info", &problem);
    }
    skyh_zonefile_close(&zones);
    return exit_code;
}

const struct skyh_command skyh_zones_build = {
    .name = "zones build",
    .operands = "FILE.geojson...",
    .operands_min = 1,
    .operands_max = SKYH_ARGS_MAX,
    .summary = "make a zone file for a station from GeoJSON",
    .about = skyh_geojson_about,
    .exits = "  0   written; what was mended is said on standard error\n"
             "  64  usage   65  a file is wrong   66  cannot be read   73, 74  cannot be written\n",
    .example = "  skywitness zones build natural-earth.geojson wdb2.geojson -o border.zones\n",
    .options = build_options,
    .run = run_build,
};

const struct skyh_command skyh_zones_info = {
    .name = "zones info",
    .operands = "FILE.zones",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "what a zone file holds, with its hash",
    .about =
        "Prints the zones of FILE and under each the lines that claim to be its boundary, with\n"
        "source, licence, hash of the source file, edge rule and stated accuracy.\n",
    .exits = "  0   printed   64  usage   65  not a zone file   66  cannot be read\n",
    .example = "  skywitness zones info border.zones\n",
    .options = NULL,
    .run = run_info,
};
