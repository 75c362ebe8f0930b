#include "skyh_zonesource.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_geojson.h"
#include "skyh_geozone.h"
#include "skyh_json.h"
#include "skyh_kml.h"
#include "skyh_limit.h"
#include "skyh_openair.h"
#include "skyh_outline.h"
#include "skyh_zonejoin.h"

const char skyh_zonesource_about[] =
    "Checks files of zones and packs them into the one file that a station loads. The format is\n"
    "told from the content:\n"
    "  GeoJSON   RFC 7946: Polygons, MultiPolygons and LineStrings; edges are planar\n"
    "  ED-269    UAS zones: polygons and circles, in metres or feet; edge rule not stated\n"
    "  ED-318    the same as GeoJSON with circles and layers; edges are planar\n"
    "  OpenAir   version 1 and 2: points, arcs and circles; edge rule not stated\n"
    "  KML       polygons, rings and lines; edge rule not stated\n"
    "  zones     made by this command: joins lines of different sources into one set\n"
    "Convert others first, for example with\n"
    "  ogr2ogr -f GeoJSON -t_srs EPSG:4326 -lco RFC7946=YES ZONES.geojson FILE\n"
    "Where the rule is not stated, edges are taken as planar unless --edge-rule says more, and\n"
    "what that may be off goes into the bound of every distance.\n"
    "\n"
    "A ring that is not closed, points given twice and rings that wind the wrong way are mended\n"
    "and said; a ring that crosses itself is an error that names the two edges, and so is a hole\n"
    "outside its ring or a part inside another. An edge wider than 180 degrees is taken the short\n"
    "way, across the antimeridian, and arcs that do not meet are joined by an edge: that is said,\n"
    "and which lines of a zone have it on different sides. Geodesic and rhumb edges, arcs and\n"
    "circles become straight pieces (in longitude and latitude) that are nowhere more than 0.1 m\n"
    "from them; zones info prints the bound.\n"
    "\n"
    "A LineString is the border of the zone on its left and, if one is named, of that on its\n"
    "right: one line, with answers that are exact complements. It is closed on its left, 500 km\n"
    "beyond the line: both ends run on straight as the last tenth of the line led. Between its\n"
    "ends answers are those of the line; beyond, the side is that of the prolonged line and the\n"
    "distance that to the end.\n"
    "\n"
    "What a format cannot say comes from the options, for all files without it: the source (the\n"
    "file's name), the licence (\"not stated\"), the accuracy (\"unstated\"), and so on. Each "
    "feature\n"
    "is a zone of its own unless --zone says that all are lines of one. The sha256 of each file\n"
    "as read is kept. A set holds 16 zones and 32 lines: choose with --select.\n"
    "\n";

/* The first byte of a zone file: field 1, the set's name. Also a line feed, so look further. */
static const char zone_file_mark = '\n';

/* One file on its way into a set. */
struct source {
    struct skyh_zone_build *build;
    struct skyh_drawing *drawing;
    struct skyh_wishes *wishes;
    struct skyh_notes *notes;
    struct skyh_problem *problem;
    const char *text;
    size_t count;
    uint8_t sha256[32];
};

/* ---------------------------------------------------------------------------------- the file */

static bool draw_json(struct source *source)
{
    const char *const file = source->drawing->file;
    json_t *json = NULL;
    if (!skyh_json_parse(file, source->text, source->count, &json, source->problem)) {
        return false;
    }
    const struct skyh_node top = skyh_json_top(file, json);
    source->drawing->numbering = SKYH_NUMBERING_POSITIONS;
    const bool drawn =
        skyh_geozone_is_ed269(&top)
            ? skyh_geozone_draw_ed269(source->drawing, &top, source->notes, source->problem)
        : skyh_geozone_is_ed318(&top)
            ? skyh_geozone_draw_ed318(source->drawing, &top, source->notes, source->problem)
            : skyh_geojson_draw(source->drawing, &top, source->notes, source->problem);
    json_decref(json);
    return drawn;
}

static bool refuse(const struct source *source, const char *what)
{
    return skyh_fail(source->problem, SKYH_EXIT_DATA,
                     "%s: %s; expected GeoJSON, ED-269, ED-318, OpenAir or KML. Convert it first: "
                     "ogr2ogr -f GeoJSON -t_srs EPSG:4326 -lco RFC7946=YES ZONES.geojson %s",
                     source->drawing->file, what, source->drawing->file);
}

static bool draw(struct source *source)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* of byte order */
    if (source->count >= 3 && memcmp(source->text, mark, 3) == 0) {
        source->text += 3;
        source->count -= 3;
    }
    size_t blank = 0;
    while (blank < source->count && strchr(" \t\r\n", source->text[blank]) != NULL &&
           source->text[blank] != '\0') {
        blank++;
    }
    if (blank == source->count) {
        return skyh_fail(source->problem, SKYH_EXIT_DATA, "%s: empty; expected zones",
                         source->drawing->file);
    }
    if (source->text[blank] == '{' || source->text[blank] == '[') {
        return draw_json(source);
    }
    if (source->text[blank] == '<' && skyh_kml_is_it(source->text, source->count)) {
        source->drawing->numbering = SKYH_NUMBERING_POSITIONS;
        return skyh_kml_draw(source->drawing, source->text, source->count, source->notes,
                             source->problem);
    }
    if (source->text[blank] == '<') {
        return refuse(source, "XML, but not KML");
    }
    if (memchr(source->text, '\0', source->count) == NULL &&
        skyh_openair_is_it(source->text, source->count)) {
        source->drawing->numbering = SKYH_NUMBERING_LINES;
        return skyh_openair_draw(source->drawing, source->text, source->count, source->notes,
                                 source->problem);
    }
    return refuse(source, "of a format that is not known here");
}

/* ------------------------------------------------------------------------------- its features */

static bool is_selected(struct skyh_wishes *wishes, const struct skyh_feature *feature)
{
    bool selected = wishes->select_count == 0;
    for (size_t i = 0; i < wishes->select_count; i++) {
        if (strcmp(wishes->select[i], feature->name) == 0 ||
            strcmp(wishes->select[i], feature->zone.name) == 0 ||
            strcmp(wishes->select[i], feature->identifier) == 0) {
            wishes->selected[i] = true;
            selected = true;
        }
    }
    return selected;
}

/* The largest zone number so far, in the set and in what the file itself numbers. */
static uint32_t last_number(const struct source *source)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < source->build->zone_count; i++) {
        last = source->build->zone[i].id > last ? source->build->zone[i].id : last;
    }
    for (uint32_t i = 0; i < source->drawing->feature_count; i++) {
        const struct skyh_feature *const feature = &source->drawing->feature[i];
        last = feature->zone.id > last ? feature->zone.id : last;
        last = feature->right.id > last ? feature->right.id : last;
    }
    return last;
}

/* Gives a zone its number: that of the zone with this name that a wish named before, or the next.
 */
static void number_zone(const struct source *source, struct skyh_zone_text *zone, const char *wish)
{
    for (uint32_t i = 0; wish != NULL && i < source->build->zone_count; i++) {
        if (strcmp(source->build->zone[i].name, zone->name) == 0) {
            zone->id = source->build->zone[i].id;
            return;
        }
    }
    zone->id = last_number(source) + 1;
}

/* Takes the first of three that says something. */
static void take(char place[SKYH_TEXT_MAX], const char *wish, const char *otherwise)
{
    if (place[0] == '\0') {
        skyh_drawing_text(place, wish != NULL ? wish : otherwise);
    }
}

static const char *base_name(const char *file)
{
    const char *const slash = strrchr(file, '/');
    return slash != NULL ? slash + 1 : file;
}

static void settle_line(const struct source *source, struct skyh_feature *feature)
{
    const struct skyh_wishes *const wishes = source->wishes;
    struct skyh_line_text *const line = &feature->line;
    take(line->name, wishes->line,
         feature->zone.name[0] != '\0' ? feature->zone.name : base_name(source->drawing->file));
    take(line->party, wishes->party, "");
    take(line->source, wishes->source, base_name(source->drawing->file));
    take(line->licence, wishes->licence, "not stated");
    take(line->valid_from, wishes->valid_from, "");
    take(line->valid_until, wishes->valid_until, "");
    line->accuracy = wishes->accuracy;
    line->stated_m = wishes->stated_m;
    line->rule_unstated = !feature->has_rule && !wishes->has_rule;
    line->rule = wishes->has_rule ? wishes->rule : line->rule;
}

/* Says what its file does not. */
static void settle(const struct source *source, struct skyh_feature *feature)
{
    const struct skyh_wishes *const wishes = source->wishes;
    struct skyh_zone_text *const zone = &feature->zone;
    settle_line(source, feature);
    if (wishes->zone != NULL) {
        skyh_drawing_text(zone->name, wishes->zone);
    } else if (zone->name[0] == '\0') {
        char tail[SKYH_WHERE_MAX + 2];
        (void)snprintf(tail, sizeof tail, ", %s", feature->where);
        skyh_drawing_text_and(zone->name, base_name(source->drawing->file), tail);
    }
    take(zone->authority, wishes->authority, "");
    zone->floor = !feature->has_floor && wishes->has_floor ? wishes->floor : zone->floor;
    zone->ceiling = !feature->has_ceiling && wishes->has_ceiling ? wishes->ceiling : zone->ceiling;
    number_zone(source, zone, wishes->zone);
    if (wishes->right_zone != NULL) {
        feature->right = *zone;
        feature->right.authority[0] = '\0';
        skyh_drawing_text(feature->right.name, wishes->right_zone);
        number_zone(source, &feature->right, wishes->right_zone);
    }
}

/* How an open line runs from end to end, in a plane. False if it is closed. */
static bool run_of(const struct skyh_zone_build *build, const struct skyh_line_text *line,
                   double ret_way[2])
{
    const uint32_t latest = line->first_ring + line->ring_count - 1;
    const uint32_t edges = build->border_edges[latest];
    if (edges >= build->ring[latest].count) {
        return false;
    }
    const struct sky_vertex *const first = &build->vertex[build->ring[latest].first];
    const struct sky_vertex *const last = first + edges;
    const double lon_deg = ((double)last->lon_e7 - (double)first->lon_e7) * 1e-7;
    ret_way[0] = skyh_curve_near(lon_deg, 0.0) * cos(first->lat_e7 * 1e-7 * (SKY_PI / 180.0));
    ret_way[1] = ((double)last->lat_e7 - (double)first->lat_e7) * 1e-7;
    return true;
}

/* Says where the latest line runs against another one, so that they contradict each other about
 * which side a zone is on. */
static void note_opposite(const struct source *source, const char *where)
{
    const struct skyh_zone_build *const build = source->build;
    const struct skyh_line_text *const line = &build->line[build->line_count - 1];
    double way[2], other[2];
    if (!run_of(build, line, way)) {
        return;
    }
    for (const struct skyh_line_text *before = build->line; before < line; before++) {
        const bool same = before->zone_id == line->zone_id;
        const bool turned =
            before->right_zone_id == line->zone_id || line->right_zone_id == before->zone_id;
        if ((!same && !turned) || !run_of(build, before, other)) {
            continue;
        }
        const double along = way[0] * other[0] + way[1] * other[1];
        if (same ? along < 0.0 : along > 0.0) {
            skyh_notes_add(source->notes,
                           "%s: has its zone on the other side than \"%.60s\" does; turn one of "
                           "them round if they are the same border",
                           where, before->name);
        }
    }
}

static bool add_feature(struct source *source, struct skyh_feature *feature)
{
    char where[SKYH_WHERE_MAX + SKYH_TEXT_MAX];
    (void)snprintf(where, sizeof where, "%.250s: %s", source->drawing->file, feature->where);
    memcpy(feature->line.sha256, source->sha256, sizeof source->sha256);
    if (!feature->is_complete) {
        settle(source, feature);
    }
    if (skyh_limit_is_upside_down(&feature->zone.floor, &feature->zone.ceiling)) {
        return skyh_fail(source->problem, SKYH_EXIT_DATA,
                         "%s: ceiling %g m, floor %g m; expected the ceiling above the floor",
                         where, feature->zone.ceiling.height_m, feature->zone.floor.height_m);
    }
    if (feature->right.id == feature->zone.id) {
        return skyh_fail(source->problem, SKYH_EXIT_DATA,
                         "%s: the same zone on either side; expected two", where);
    }
    if (!skyh_zonefile_add_zone(source->build, &feature->zone, where, source->problem) ||
        (feature->right.id != 0 &&
         !skyh_zonefile_add_zone(source->build, &feature->right, where, source->problem)) ||
        !skyh_zonefile_has_room(source->build, feature->zone.id, feature->right.id, where,
                                source->problem) ||
        !skyh_outline_add(source->build, source->drawing, feature, source->notes,
                          source->problem)) {
        return false;
    }
    note_opposite(source, where);
    return true;
}

/* Refuses a file with more than a station can hold at once, with names to choose from. */
static bool check_count(const struct source *source, uint32_t selected, uint32_t zones)
{
    char names[400] = "";
    if (selected <= SKY_LINES_MAX && zones <= SKY_ZONES_MAX) {
        return true;
    }
    for (uint32_t i = 0; i < source->drawing->feature_count && strlen(names) < 200; i++) {
        const size_t used = strlen(names);
        (void)snprintf(names + used, sizeof names - used, "%s\"%.60s\"", i == 0 ? "" : ", ",
                       source->drawing->feature[i].zone.name);
    }
    return skyh_fail(source->problem, SKYH_EXIT_DATA,
                     "%s: %u zones; a station holds %d, with %d lines in all: choose with --select "
                     "NAME (%s, ...)",
                     source->drawing->file, selected, SKY_ZONES_MAX, SKY_LINES_MAX, names);
}

static bool add_features(struct source *source)
{
    uint32_t selected = 0, zones = 0;
    for (uint32_t i = 0; i < source->drawing->feature_count; i++) {
        struct skyh_feature *const feature = &source->drawing->feature[i];
        feature->is_left_out = !is_selected(source->wishes, feature);
        selected += feature->is_left_out ? 0 : 1;
        zones +=
            feature->is_left_out || feature->is_complete || source->wishes->zone != NULL ? 0 : 1;
    }
    if (!check_count(source, selected, zones)) {
        return false;
    }
    for (uint32_t i = 0; i < source->drawing->feature_count; i++) {
        struct skyh_feature *const feature = &source->drawing->feature[i];
        if (!feature->is_left_out && !add_feature(source, feature)) {
            return false;
        }
    }
    return true;
}

bool skyh_zonesource_add(struct skyh_zone_build *build, const char *file, const char *text,
                         size_t count, struct skyh_wishes *wishes, struct skyh_notes *notes,
                         struct skyh_problem *problem)
{
    struct skyh_drawing drawing = {.file = file};
    struct source source = {.build = build,
                            .drawing = &drawing,
                            .wishes = wishes,
                            .notes = notes,
                            .problem = problem,
                            .text = text,
                            .count = count};
    if (!skyh_zonefile_hash(text, count, source.sha256)) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: no hash", file);
    }
    if (count > 0 && text[0] == zone_file_mark && skyh_zonejoin_is_it(text, count)) {
        return skyh_zonejoin_add(build, file, text, count, wishes, problem);
    }
    const bool added = draw(&source) && add_features(&source);
    skyh_drawing_done(&drawing);
    return added;
}

bool skyh_zonesource_read(struct skyh_zone_build *build, const char *const files[], size_t count,
                          struct skyh_wishes *wishes, struct skyh_notes *notes,
                          struct skyh_problem *problem)
{
    for (size_t i = 0; i < count; i++) {
        char *text = NULL;
        size_t bytes = 0;
        if (!skyh_json_slurp(files[i], &text, &bytes, problem)) {
            return false;
        }
        const bool sound =
            skyh_zonesource_add(build, files[i], text, bytes, wishes, notes, problem);
        free(text);
        if (!sound) {
            return false;
        }
    }
    for (size_t i = 0; i < wishes->select_count; i++) {
        if (!wishes->selected[i]) {
            return skyh_fail(problem, SKYH_EXIT_DATA,
                             "--select %s: no feature is called so; expected a name or identifier",
                             wishes->select[i]);
        }
    }
    return true;
}
