#include "skyh_zoneinfo.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_commands.h"
#include "zones.pb-c.h"

/* The generated types under names of a readable length. */
#define pb_set Skywitness__Zones__V1__ZoneSet
#define pb_line Skywitness__Zones__V1__Line
#define pb_limit Skywitness__Zones__V1__Limit

static const char *const rule_names[] = {"", "planar", "geodesic", "rhumb"};
static const char *const datum_names[] = {"", "HAE", "AMSL", "AGL", "STD"};
static const char *const form_names[] = {"", "sigma", "ce90", "ce95"};

/* A set as its file has it: what a station needs no more is in there too. */
struct view {
    const struct skyh_zonefile *zones;
    const char *file;
    const pb_set *set;
};

/* A line of the file, or a side of one. */
struct side {
    const pb_line *line;
    bool is_right;
    uint32_t id;
};

static struct side side_of(const struct view *view, uint32_t i)
{
    const uint32_t id = view->zones->set.line[i].id;
    struct side side = {.line = view->set->line[0], .id = id};
    for (size_t k = 0; k < view->set->n_line; k++) {
        const pb_line *const line = view->set->line[k];
        if (line->id == id || (line->has_right_line_id && line->right_line_id == id)) {
            side.line = line;
            side.is_right = line->id != id;
        }
    }
    return side;
}

static const char *text_of(const char *text) { return text == NULL ? "" : text; }

static size_t vertices_of(const pb_line *line)
{
    size_t count = 0;
    for (size_t i = 0; i < line->n_ring; i++) {
        count += line->ring[i]->n_lat_step_e7;
    }
    return count;
}

/* How many edges only close a ring. */
static size_t closing_of(const pb_line *line)
{
    size_t count = 0;
    for (size_t i = 0; i < line->n_ring; i++) {
        count += line->ring[i]->has_border_edges
                     ? line->ring[i]->n_lat_step_e7 - line->ring[i]->border_edges
                     : 0;
    }
    return count;
}

/* -------------------------------------------------------------------------------- for people */

static void print_limit(const char *what, const struct sky_limit *limit, const char *without)
{
    if (limit->unlimited) {
        (void)printf("%s %s", what, without);
    } else {
        (void)printf("%s %.0f m %s", what, limit->height_m, datum_names[limit->datum]);
    }
}

static void print_accuracy(const pb_line *line)
{
    if (line->accuracy == NULL) {
        (void)printf("    accuracy  not stated\n");
    } else if (line->accuracy->form == SKYWITNESS__ZONES__V1__ACCURACY_FORM__ACCURACY_SIGMA) {
        (void)printf("    accuracy  %.0f m (1 sigma)\n", line->accuracy->sigma_m);
    } else {
        (void)printf("    accuracy  %.0f m %s, %.0f m (1 sigma)\n", line->accuracy->stated_m,
                     form_names[line->accuracy->form], line->accuracy->sigma_m);
    }
}

static void print_edges(const pb_line *line)
{
    (void)printf("    edges     %s%s, %zu vertices in %zu ring%s", rule_names[line->edge_rule],
                 line->edge_rule_unstated ? " taken, not stated" : "", vertices_of(line),
                 line->n_ring, line->n_ring == 1 ? "" : "s");
    if (line->has_chord_m) {
        (void)printf(", at most %.3f m off", line->chord_m);
    }
    (void)printf("\n");
    if (closing_of(line) > 0) {
        (void)printf("    open      %zu more edges close it far off and are no border\n",
                     closing_of(line));
    }
}

static void print_line(const struct side *side)
{
    const pb_line *const line = side->line;
    char hex[65];
    (void)printf("  line %" PRIu32 "  %s%s%s\n", side->id, line->name,
                 line->party == NULL ? "" : ", as claimed by ", text_of(line->party));
    if (side->is_right) {
        (void)printf("    shared    the other side of line %" PRIu32 "\n", line->id);
        return;
    }
    (void)printf("    source    %s\n    licence   %s\n", line->source, line->licence);
    print_edges(line);
    if (line->has_right_zone_id) {
        (void)printf("    shared    with zone %" PRIu32 ", whose line %" PRIu32 " it is\n",
                     line->right_zone_id, line->right_line_id);
    }
    print_accuracy(line);
    if (line->valid_from != NULL || line->valid_until != NULL) {
        (void)printf("    valid     %s%s%s%s\n", line->valid_from == NULL ? "" : "from ",
                     text_of(line->valid_from),
                     line->valid_until == NULL  ? ""
                     : line->valid_from == NULL ? "until "
                                                : " until ",
                     text_of(line->valid_until));
    }
    (void)printf("    sha256    %s of the source file\n",
                 skyh_zonefile_hex(line->sha256.data, hex));
}

static void print_geoid(const pb_set *set)
{
    if (set->geoid != NULL) {
        (void)printf("  geoid   %s, %" PRIu32 " x %" PRIu32 " crossings every %.2f deg from %.2f "
                     "%.2f\n",
                     set->geoid->model, set->geoid->rows, set->geoid->columns,
                     1e-7 * set->geoid->step_e7, 1e-7 * set->geoid->south_e7,
                     1e-7 * set->geoid->west_e7);
    } else if (set->has_geoid_undulation_m) {
        (void)printf("  geoid   %.2f m above the ellipsoid in all of the area\n",
                     set->geoid_undulation_m);
    }
}

static void print_text(const struct view *view)
{
    const struct skyh_zonefile *const zones = view->zones;
    char hex[65];
    (void)printf("%s: %s\n  sha256  %s, %zu bytes\n", view->file, zones->names.set_name,
                 skyh_zonefile_hex(zones->sha256, hex), zones->count);
    print_geoid(view->set);
    for (uint32_t z = 0; z < zones->set.zone_count; z++) {
        const struct sky_zone *const zone = &zones->set.zone[z];
        (void)printf("zone %" PRIu32 "  %s%s%s\n  ", zone->id, zones->names.zone[z].name,
                     zones->names.zone[z].authority[0] == '\0' ? "" : ", authority ",
                     zones->names.zone[z].authority);
        print_limit("floor", &zone->floor, "surface");
        print_limit(", ceiling", &zone->ceiling, "unlimited");
        (void)printf("\n");
        for (uint32_t i = 0; i < zone->line_count; i++) {
            const struct side side = side_of(view, zone->first_line + i);
            print_line(&side);
        }
    }
}

/* ------------------------------------------------------------------------------ for machines */

static json_t *limit_json(const struct sky_limit *limit)
{
    return limit->unlimited ? json_null()
                            : json_pack("{s:f, s:s}", "height_m", limit->height_m, "datum",
                                        datum_names[limit->datum]);
}

static json_t *number_or_null(bool has, double number)
{
    return has ? json_real(number) : json_null();
}

static json_t *id_or_null(bool has, uint32_t id)
{
    return has ? json_integer((json_int_t)id) : json_null();
}

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *line_json(const struct side *side)
{
    const pb_line *const line = side->line;
    const bool stated = line->accuracy != NULL;
    char hex[65];
    json_t *const out = json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I}", "line_id", (json_int_t)side->id,
        "name", line->name, "party", text_of(line->party), "source", line->source, "licence",
        line->licence, "sha256", skyh_zonefile_hex(line->sha256.data, hex), "edge_rule",
        rule_names[line->edge_rule], "edge_rule_stated", !line->edge_rule_unstated, "rings",
        (json_int_t)line->n_ring, "vertices", (json_int_t)vertices_of(line), "closing_edges",
        (json_int_t)closing_of(line));
    (void)json_object_set_new(out, "chord_m", json_real(line->has_chord_m ? line->chord_m : 0.0));
    (void)json_object_set_new(out, "accuracy_sigma_m",
                              number_or_null(stated, stated ? line->accuracy->sigma_m : 0.0));
    (void)json_object_set_new(out, "accuracy_stated_m",
                              number_or_null(stated, stated ? line->accuracy->stated_m : 0.0));
    (void)json_object_set_new(out, "accuracy_form",
                              text_or_null(stated ? form_names[line->accuracy->form] : NULL));
    (void)json_object_set_new(out, "valid_from", text_or_null(line->valid_from));
    (void)json_object_set_new(out, "valid_until", text_or_null(line->valid_until));
    (void)json_object_set_new(out, "side",
                              json_string(!line->has_right_zone_id ? "both"
                                          : side->is_right         ? "right"
                                                                   : "left"));
    (void)json_object_set_new(
        out, "other_side_line_id",
        id_or_null(line->has_right_zone_id, side->is_right ? line->id : line->right_line_id));
    return out;
}

static json_t *geoid_json(const pb_set *set)
{
    if (set->geoid != NULL) {
        return json_pack("{s:s, s:f, s:f, s:f, s:I, s:I}", "model", set->geoid->model, "south_deg",
                         1e-7 * set->geoid->south_e7, "west_deg", 1e-7 * set->geoid->west_e7,
                         "step_deg", 1e-7 * set->geoid->step_e7, "rows",
                         (json_int_t)set->geoid->rows, "columns", (json_int_t)set->geoid->columns);
    }
    return set->has_geoid_undulation_m ? json_pack("{s:f}", "undulation_m", set->geoid_undulation_m)
                                       : json_null();
}

static void print_json(const struct view *view)
{
    const struct skyh_zonefile *const zones = view->zones;
    char hex[65];
    json_t *const list = json_array();
    for (uint32_t z = 0; z < zones->set.zone_count; z++) {
        const struct sky_zone *const zone = &zones->set.zone[z];
        json_t *const lines = json_array();
        for (uint32_t i = 0; i < zone->line_count; i++) {
            const struct side side = side_of(view, zone->first_line + i);
            (void)json_array_append_new(lines, line_json(&side));
        }
        (void)json_array_append_new(
            list, json_pack("{s:I, s:s, s:s, s:o, s:o, s:o}", "zone_id", (json_int_t)zone->id,
                            "name", zones->names.zone[z].name, "authority",
                            zones->names.zone[z].authority, "floor", limit_json(&zone->floor),
                            "ceiling", limit_json(&zone->ceiling), "lines", lines));
    }
    json_t *const out =
        json_pack("{s:s, s:s, s:s, s:I, s:o, s:o}", "file", view->file, "name",
                  zones->names.set_name, "sha256", skyh_zonefile_hex(zones->sha256, hex), "bytes",
                  (json_int_t)zones->count, "geoid", geoid_json(view->set), "zones", list);
    (void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)printf("\n");
    json_decref(out);
}

void skyh_zoneinfo_print(const struct skyh_zonefile *zones, bool json, const char *file)
{
    pb_set *const set = skywitness__zones__v1__zone_set__unpack(NULL, zones->count, zones->bytes);
    const struct view view = {.zones = zones, .file = file, .set = set};
    if (set == NULL) {
        return; /* it was unpacked before: only memory can be lacking */
    }
    if (json) {
        print_json(&view);
    } else {
        print_text(&view);
    }
    skywitness__zones__v1__zone_set__free_unpacked(set, NULL);
}

/* ---------------------------------------------------------------------------------- command */

static int run_info(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_zonefile *const zones = calloc(1, sizeof *zones);
    int exit_code = SKYH_EXIT_OK;
    if (zones == NULL) {
        skyh_note("zones info", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    if (skyh_zonefile_open(zones, args->operand[0], &problem)) {
        skyh_zoneinfo_print(zones, args->json, args->operand[0]);
    } else {
        exit_code = skyh_report("zones info", &problem);
    }
    skyh_zonefile_close(zones);
    free(zones);
    return exit_code;
}

const struct skyh_command skyh_zones_info = {
    .name = "zones info",
    .operands = "FILE.zones",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "what a zone file holds, with its hash",
    .about =
        "Prints the zones of FILE and under each the lines that claim to be its boundary: source,\n"
        "licence, hash of the source file, how edges run and whether the source says so, how far\n"
        "what is stored may be off (0.1 m at most), accuracy as stated, validity, and what is\n"
        "shared with another zone; and the geoid, if there is one.\n",
    .exits = "  0   printed   64  usage   65  not a zone file   66  cannot be read\n",
    .example = "  skywitness zones info border.zones\n",
    .options = NULL,
    .run = run_info,
};
