#include "skyh_zoneinfo.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "skyh_commands.h"

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

void skyh_zoneinfo_print(const struct skyh_zonefile *zones, bool json, const char *file)
{
    if (json) {
        print_json(zones, file);
    } else {
        print_text(zones, file);
    }
}

/* ---------------------------------------------------------------------------------- command */

static int run_info(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_zonefile zones;
    memset(&zones, 0, sizeof zones);
    int exit_code = SKYH_EXIT_OK;
    if (skyh_zonefile_open(&zones, args->operand[0], &problem)) {
        skyh_zoneinfo_print(&zones, args->json, args->operand[0]);
    } else {
        exit_code = skyh_report("zones info", &problem);
    }
    skyh_zonefile_close(&zones);
    return exit_code;
}

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
