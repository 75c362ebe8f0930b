#include "skyh_geojson.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_limit.h"

const char skyh_geojson_about[] =
    "GeoJSON features with these properties say all of one line of one zone themselves:\n"
    "  zone_id        whole number above 0; all lines of a zone share it\n"
    "  zone_name      text, the same for all lines of a zone\n"
    "  authority      text, optional: whose zone it is\n"
    "  floor, ceiling {\"height_m\": 0, \"datum\": \"HAE\"}, datum HAE, AMSL, AGL or STD; "
    "optional:\n"
    "                 without them from the surface and without end\n"
    "  right_zone_id, right_zone_name, right_authority\n"
    "                 optional: the zone on the other side, with the same floor and ceiling: "
    "right\n"
    "                 of a LineString, outside a Polygon\n"
    "  line_name      text\n"
    "  party          text, optional: who claims the line; absent for a map's own line\n"
    "  source         text: where the line comes from, exactly\n"
    "  licence        text\n"
    "  edge_rule      \"planar\": straight in longitude and latitude, as in RFC 7946;\n"
    "                 \"geodesic\", \"rhumb\", or \"unstated\": the source does not say\n"
    "  accuracy_m     a number, or \"unstated\"\n"
    "  accuracy_form  \"sigma\", \"ce90\" or \"ce95\": what the number is; required with one\n"
    "  valid_from, valid_until   ISO 8601 dates, optional\n"
    "  note           text, optional, for readers of the file; not kept\n"
    "Another property beside one of these is an error. Of other features the geometry and the\n"
    "name are taken, and the rest from the options.\n";

struct limit_object {
    double height_m;
    char datum[8];
};

/* A feature's properties as the file has them. */
struct properties {
    uint32_t zone_id;
    uint32_t right_zone_id;
    char zone_name[SKYH_TEXT_MAX];
    char authority[SKYH_TEXT_MAX];
    char right_zone_name[SKYH_TEXT_MAX];
    char right_authority[SKYH_TEXT_MAX];
    char line_name[SKYH_TEXT_MAX];
    char party[SKYH_TEXT_MAX];
    char source[SKYH_TEXT_MAX];
    char licence[SKYH_TEXT_MAX];
    char edge_rule[16];
    char accuracy_form[8];
    char valid_from[SKYH_TEXT_MAX];
    char valid_until[SKYH_TEXT_MAX];
    char note[1024];
};

#define TEXT(type, key, member, optional)                                                          \
    {                                                                                              \
        key, SKYH_FIELD_TEXT, offsetof(struct type, member), sizeof((struct type *)NULL)->member,  \
            0, 0, "", optional                                                                     \
    }
#define COUNT(type, key, member, optional)                                                         \
    {                                                                                              \
        key, SKYH_FIELD_COUNT, offsetof(struct type, member), 0, 1, 4294967295.0, "", optional     \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, SKYH_FIELD_NESTED, 0, 0, 0, 0, "", true                                              \
    }

static const struct skyh_field limit_fields[] = {
    {"height_m", SKYH_FIELD_NUMBER, offsetof(struct limit_object, height_m), 0, -1000, 1e5, "m",
     false},
    TEXT(limit_object, "datum", datum, false),
    END,
};

static const struct skyh_field property_fields[] = {
    COUNT(properties, "zone_id", zone_id, false),
    TEXT(properties, "zone_name", zone_name, false),
    TEXT(properties, "authority", authority, true),
    {"floor", SKYH_FIELD_NESTED, 0, 0, 0, 0, "an object", true},
    {"ceiling", SKYH_FIELD_NESTED, 0, 0, 0, 0, "an object", true},
    COUNT(properties, "right_zone_id", right_zone_id, true),
    TEXT(properties, "right_zone_name", right_zone_name, true),
    TEXT(properties, "right_authority", right_authority, true),
    TEXT(properties, "line_name", line_name, false),
    TEXT(properties, "party", party, true),
    TEXT(properties, "source", source, false),
    TEXT(properties, "licence", licence, false),
    TEXT(properties, "edge_rule", edge_rule, false),
    {"accuracy_m", SKYH_FIELD_OTHER, 0, 0, 0, 0, "a number or \"unstated\"", false},
    TEXT(properties, "accuracy_form", accuracy_form, true),
    TEXT(properties, "valid_from", valid_from, true),
    TEXT(properties, "valid_until", valid_until, true),
    TEXT(properties, "note", note, true),
    END,
};

/* --------------------------------------------------------------------------------- geometry */

bool skyh_geojson_position(const struct skyh_node *node, struct skyh_place *ret_place,
                           struct skyh_problem *problem)
{
    json_t *const lon = json_array_get(node->value, 0);
    json_t *const lat = json_array_get(node->value, 1);
    if (!json_is_number(lon) || !json_is_number(lat)) {
        return skyh_json_fail(node, problem, "not a position; expected [longitude, latitude]");
    }
    *ret_place = (struct skyh_place){json_number_value(lat), json_number_value(lon)};
    return true;
}

static bool draw_path(struct skyh_drawing *drawing, const struct skyh_node *positions, bool is_line,
                      bool is_hole, struct skyh_problem *problem)
{
    size_t count = 0;
    if (!skyh_json_array(positions, 1, SKYH_POINTS_MAX, &count, problem)) {
        return false;
    }
    struct skyh_path *const path = skyh_drawing_path(drawing, problem);
    if (path == NULL) {
        return false;
    }
    path->is_line = is_line;
    path->is_hole = is_hole;
    (void)snprintf(path->where, sizeof path->where, "%s", positions->path);
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node position = skyh_json_element(positions, i);
        struct skyh_place at = {0.0, 0.0};
        if (!skyh_geojson_position(&position, &at, problem) ||
            !skyh_drawing_point(drawing, at, (uint32_t)i, problem)) {
            return false;
        }
    }
    return true;
}

bool skyh_geojson_polygon(struct skyh_drawing *drawing, const struct skyh_node *coordinates,
                          struct skyh_problem *problem)
{
    size_t rings = 0;
    if (!skyh_json_array(coordinates, 1, SKYH_PATHS_MAX, &rings, problem)) {
        return false;
    }
    for (size_t i = 0; i < rings; i++) {
        const struct skyh_node ring = skyh_json_element(coordinates, i);
        if (!draw_path(drawing, &ring, false, i > 0, problem)) {
            return false;
        }
    }
    return true;
}

bool skyh_geojson_polygons(struct skyh_drawing *drawing, const struct skyh_node *coordinates,
                           struct skyh_problem *problem)
{
    size_t polygons = 0;
    if (!skyh_json_array(coordinates, 1, SKYH_PATHS_MAX, &polygons, problem)) {
        return false;
    }
    for (size_t i = 0; i < polygons; i++) {
        const struct skyh_node polygon = skyh_json_element(coordinates, i);
        if (!skyh_geojson_polygon(drawing, &polygon, problem)) {
            return false;
        }
    }
    return true;
}

/* A border in one part, as some programs write it. */
static bool draw_only_line(struct skyh_drawing *drawing, const struct skyh_node *coordinates,
                           struct skyh_problem *problem)
{
    if (json_array_size(coordinates->value) != 1) {
        return skyh_json_fail(coordinates, problem,
                              "%zu parts; expected one: join them in their order, or give each as "
                              "a LineString",
                              json_array_size(coordinates->value));
    }
    const struct skyh_node part = skyh_json_element(coordinates, 0);
    return draw_path(drawing, &part, true, false, problem);
}

static const char *type_of(const struct skyh_node *object)
{
    const char *const name = json_string_value(json_object_get(object->value, "type"));
    return name == NULL ? "" : name;
}

static bool draw_geometry(struct skyh_drawing *drawing, const struct skyh_node *geometry,
                          struct skyh_problem *problem)
{
    const struct skyh_node type = skyh_json_member(geometry, "type");
    const struct skyh_node coordinates = skyh_json_member(geometry, "coordinates");
    const char *const name = type_of(geometry);
    if (strcmp(name, "Polygon") == 0) {
        return skyh_geojson_polygon(drawing, &coordinates, problem);
    }
    if (strcmp(name, "MultiPolygon") == 0) {
        return skyh_geojson_polygons(drawing, &coordinates, problem);
    }
    if (strcmp(name, "LineString") == 0) {
        return draw_path(drawing, &coordinates, true, false, problem);
    }
    if (strcmp(name, "MultiLineString") == 0) {
        return draw_only_line(drawing, &coordinates, problem);
    }
    return skyh_json_fail(&type, problem, "%.40s; expected Polygon, MultiPolygon or LineString",
                          name[0] == '\0' ? "missing" : name);
}

/* ------------------------------------------------------------------------------- properties */

static bool read_limit(const struct skyh_node *properties, const char *key, struct sky_limit *limit,
                       struct skyh_problem *problem)
{
    static const char *const names[] = {"HAE", "AMSL", "AGL", "STD"};
    const struct skyh_node node = skyh_json_member(properties, key);
    if (node.value == NULL) {
        return true;
    }
    struct limit_object object;
    if (!skyh_json_fields(&node, limit_fields, &object, problem)) {
        return false;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(object.datum, names[i]) == 0) {
            *limit = (struct sky_limit){
                .unlimited = false, .height_m = object.height_m, .datum = (enum sky_datum)(i + 1)};
            return true;
        }
    }
    return skyh_json_fail(&node, problem, "datum %s; expected HAE, AMSL, AGL or STD", object.datum);
}

static bool read_limits(const struct skyh_node *properties, struct skyh_zone_text *zone,
                        struct skyh_problem *problem)
{
    if (!read_limit(properties, "floor", &zone->floor, problem) ||
        !read_limit(properties, "ceiling", &zone->ceiling, problem)) {
        return false;
    }
    if (skyh_limit_is_upside_down(&zone->floor, &zone->ceiling)) {
        const struct skyh_node ceiling = skyh_json_member(properties, "ceiling");
        return skyh_json_fail(&ceiling, problem, "%g m; expected it above the floor, %g m",
                              zone->ceiling.height_m, zone->floor.height_m);
    }
    return true;
}

static bool read_accuracy(const struct skyh_node *node, const struct properties *properties,
                          struct skyh_line_text *line, struct skyh_problem *problem)
{
    static const char *const forms[] = {"sigma", "ce90", "ce95"};
    const struct skyh_node accuracy = skyh_json_member(node, "accuracy_m");
    const char *const text = json_string_value(accuracy.value);
    if (text != NULL && strcmp(text, "unstated") == 0) {
        return true;
    }
    line->stated_m = json_number_value(accuracy.value);
    if (!json_is_number(accuracy.value) || !(line->stated_m > 0.0 && line->stated_m <= 1e5)) {
        return skyh_json_fail(&accuracy, problem,
                              "%s; expected a number above 0 and to 100000 in m, or \"unstated\"",
                              accuracy.value == NULL ? "missing" : "something else");
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(properties->accuracy_form, forms[i]) == 0) {
            line->accuracy = (enum skyh_accuracy)(i + 1);
            return true;
        }
    }
    const struct skyh_node form = skyh_json_member(node, "accuracy_form");
    return skyh_json_fail(&form, problem, "%s; expected \"sigma\", \"ce90\" or \"ce95\"",
                          form.value == NULL ? "missing" : "none of the known ones");
}

static bool read_rule(const struct skyh_node *node, const struct properties *properties,
                      struct skyh_line_text *line, struct skyh_problem *problem)
{
    static const char *const rules[] = {"planar", "geodesic", "rhumb"};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(properties->edge_rule, rules[i]) == 0) {
            line->rule = (enum sky_edge_rule)(i + 1);
            return true;
        }
    }
    line->rule_unstated = strcmp(properties->edge_rule, "unstated") == 0;
    const struct skyh_node rule = skyh_json_member(node, "edge_rule");
    return line->rule_unstated ||
           skyh_json_fail(&rule, problem,
                          "\"%s\"; expected \"planar\", \"geodesic\", \"rhumb\" or \"unstated\"",
                          properties->edge_rule);
}

static bool read_right(const struct skyh_node *node, const struct properties *properties,
                       struct skyh_feature *feature, struct skyh_problem *problem)
{
    if ((properties->right_zone_id != 0) != (properties->right_zone_name[0] != '\0')) {
        return skyh_json_fail(node, problem,
                              "right_zone_id without right_zone_name, or the other way round; "
                              "expected both or none");
    }
    feature->right = feature->zone;
    feature->right.id = properties->right_zone_id;
    memcpy(feature->right.name, properties->right_zone_name, sizeof feature->right.name);
    memcpy(feature->right.authority, properties->right_authority, sizeof feature->right.authority);
    return true;
}

/* A feature of this project: everything is said, and nothing else may be. */
static bool read_ours(const struct skyh_node *node, struct properties *properties,
                      struct skyh_feature *feature, struct skyh_problem *problem)
{
    struct skyh_zone_text *const zone = &feature->zone;
    struct skyh_line_text *const line = &feature->line;
    memset(properties, 0, sizeof *properties);
    if (!skyh_json_fields(node, property_fields, properties, problem) ||
        !read_limits(node, zone, problem) || !read_accuracy(node, properties, line, problem) ||
        !read_rule(node, properties, line, problem)) {
        return false;
    }
    feature->is_complete = feature->has_rule = true;
    zone->id = properties->zone_id;
    memcpy(zone->name, properties->zone_name, sizeof zone->name);
    memcpy(zone->authority, properties->authority, sizeof zone->authority);
    memcpy(line->name, properties->line_name, sizeof line->name);
    memcpy(line->party, properties->party, sizeof line->party);
    memcpy(line->source, properties->source, sizeof line->source);
    memcpy(line->licence, properties->licence, sizeof line->licence);
    memcpy(line->valid_from, properties->valid_from, sizeof line->valid_from);
    memcpy(line->valid_until, properties->valid_until, sizeof line->valid_until);
    return read_right(node, properties, feature, problem);
}

static bool is_ours(const struct skyh_node *properties)
{
    static const char *const keys[] = {"zone_id",   "zone_name",  "right_zone_id",
                                       "line_name", "accuracy_m", "edge_rule"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (json_object_get(properties->value, keys[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* A feature of somebody else: what it is called, if it has a name. */
static void read_name(const struct skyh_node *object, const struct skyh_node *properties,
                      struct skyh_feature *feature)
{
    static const char *const keys[] = {"name", "Name", "NAME", "title"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *const name = json_string_value(json_object_get(properties->value, keys[i]));
        if (name != NULL && feature->zone.name[0] == '\0') {
            skyh_drawing_text(feature->zone.name, name);
        }
    }
    const char *const id = json_string_value(json_object_get(object->value, "id"));
    if (id != NULL) {
        skyh_drawing_text(feature->identifier, id);
    }
}

/* --------------------------------------------------------------------------------- features */

static bool is_drawable(const char *type)
{
    return strcmp(type, "Polygon") == 0 || strcmp(type, "MultiPolygon") == 0 ||
           strcmp(type, "LineString") == 0 || strcmp(type, "MultiLineString") == 0;
}

static bool draw_feature(struct skyh_drawing *drawing, const struct skyh_node *object,
                         struct properties *memory, struct skyh_notes *notes,
                         struct skyh_problem *problem)
{
    const struct skyh_node properties = skyh_json_member(object, "properties");
    const struct skyh_node geometry = skyh_json_member(object, "geometry");
    const bool ours = is_ours(&properties);
    if (strcmp(type_of(object), "Feature") != 0) {
        const struct skyh_node type = skyh_json_member(object, "type");
        return skyh_json_fail(&type, problem, "%s; expected \"Feature\"",
                              type.value == NULL ? "missing" : "something else");
    }
    if (!ours && json_is_object(object->value) && !is_drawable(type_of(&geometry))) {
        skyh_notes_add(notes, "%s: %s: no Polygon, MultiPolygon or LineString; left out",
                       drawing->file, geometry.path);
        return true;
    }
    struct skyh_feature *const feature = skyh_drawing_feature(drawing, problem);
    if (feature == NULL) {
        return false;
    }
    feature->winds_left = true;
    feature->has_rule = true;
    (void)snprintf(feature->where, sizeof feature->where, "%s",
                   object->path[0] == '\0' ? "top level" : object->path);
    if (ours) {
        if (!read_ours(&properties, memory, feature, problem)) {
            return false;
        }
    } else {
        read_name(object, &properties, feature);
    }
    return draw_geometry(drawing, &geometry, problem);
}

static bool draw_features(struct skyh_drawing *drawing, const struct skyh_node *top,
                          struct properties *memory, struct skyh_notes *notes,
                          struct skyh_problem *problem)
{
    const struct skyh_node features = skyh_json_member(top, "features");
    size_t count = 0;
    if (!skyh_json_array(&features, 1, SKYH_FEATURES_MAX, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node feature = skyh_json_element(&features, i);
        if (!draw_feature(drawing, &feature, memory, notes, problem)) {
            return false;
        }
    }
    return true;
}

bool skyh_geojson_crs(const struct skyh_node *top, struct skyh_problem *problem)
{
    const struct skyh_node crs = skyh_json_member(top, "crs");
    const struct skyh_node properties = skyh_json_member(&crs, "properties");
    const struct skyh_node name = skyh_json_member(&properties, "name");
    const char *const text = json_string_value(name.value);
    if (crs.value == NULL || (text != NULL && strstr(text, "CRS84") != NULL)) {
        return true;
    }
    return skyh_json_fail(&crs, problem,
                          "another reference system; expected urn:ogc:def:crs:OGC:1.3:CRS84 "
                          "(WGS-84 longitude, latitude) or none");
}

static bool draw_bare_geometry(struct skyh_drawing *drawing, const struct skyh_node *top,
                               struct skyh_problem *problem)
{
    struct skyh_feature *const feature = skyh_drawing_feature(drawing, problem);
    if (feature == NULL) {
        return false;
    }
    feature->winds_left = feature->has_rule = true;
    (void)snprintf(feature->where, sizeof feature->where, "top level");
    return draw_geometry(drawing, top, problem);
}

bool skyh_geojson_draw(struct skyh_drawing *drawing, const struct skyh_node *top,
                       struct skyh_notes *notes, struct skyh_problem *problem)
{
    const char *const name = type_of(top);
    if (!skyh_geojson_crs(top, problem)) {
        return false;
    }
    if (is_drawable(name)) {
        return draw_bare_geometry(drawing, top, problem);
    }
    if (strcmp(name, "Feature") != 0 && strcmp(name, "FeatureCollection") != 0) {
        const struct skyh_node type = skyh_json_member(top, "type");
        return skyh_json_fail(&type, problem,
                              "%s; expected \"FeatureCollection\", \"Feature\" or a geometry",
                              type.value == NULL ? "missing" : "something else");
    }
    struct properties *const memory = malloc(sizeof *memory);
    if (memory == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", drawing->file);
    }
    const bool drawn = strcmp(name, "Feature") == 0
                           ? draw_feature(drawing, top, memory, notes, problem)
                           : draw_features(drawing, top, memory, notes, problem);
    free(memory);
    return drawn;
}
