#include "skyh_geozone.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "skyh_geojson.h"
#include "skyh_limit.h"

static const double radius_most_m = 2e6;

/* How one of the two formats calls what a volume has. */
struct dialect {
    const char *unit;
    const char *lower;
    const char *lower_datum;
    const char *upper;
    const char *upper_datum;
};

static const struct dialect ed269 = {"uomDimensions", "lowerLimit", "lowerVerticalReference",
                                     "upperLimit", "upperVerticalReference"};
static const struct dialect ed318 = {"uom", "lower", "lowerReference", "upper", "upperReference"};

/* What all volumes of a feature share. */
struct zone_facts {
    char identifier[SKYH_TEXT_MAX];
    char name[SKYH_TEXT_MAX];
    char authority[SKYH_TEXT_MAX];
    char source[SKYH_TEXT_MAX];
    char valid_from[SKYH_TEXT_MAX];
    char valid_until[SKYH_TEXT_MAX];
};

/* ----------------------------------------------------------------------------------- limits */

static bool read_unit(const struct skyh_node *object, const char *key, double *ret_unit_m,
                      struct skyh_problem *problem)
{
    const struct skyh_node node = skyh_json_member(object, key);
    const char *const text = json_string_value(node.value);
    if (text != NULL && strcasecmp(text, "m") == 0) {
        *ret_unit_m = 1.0;
        return true;
    }
    if (text != NULL && strcasecmp(text, "ft") == 0) {
        *ret_unit_m = SKYH_LIMIT_FOOT_M;
        return true;
    }
    return skyh_json_fail(&node, problem, "%.40s; expected m or ft",
                          text == NULL ? "missing" : text);
}

/* Reads a height and its datum, if there is one. */
static bool read_limit(const struct skyh_node *object, const char *key, const char *datum_key,
                       double unit_m, bool is_ceiling, struct sky_limit *limit,
                       struct skyh_problem *problem)
{
    const struct skyh_node value = skyh_json_member(object, key);
    const struct skyh_node reference = skyh_json_member(object, datum_key);
    const char *const text = json_string_value(reference.value);
    enum sky_datum datum = SKY_DATUM_HAE;
    if (value.value == NULL || json_is_null(value.value)) {
        return true;
    }
    const double height_m = json_number_value(value.value) * unit_m;
    if (!json_is_number(value.value) || !(height_m >= -1000.0 && height_m <= 1e5)) {
        return skyh_json_fail(&value, problem,
                              "not a height; expected a number, -1000 to 100000 m");
    }
    if (text == NULL || !skyh_limit_datum(text, &datum)) {
        return skyh_json_fail(&reference, problem, "datum %.40s; expected AGL, AMSL, WGS84 or STD",
                              text == NULL ? "missing" : text);
    }
    *limit = skyh_limit_of(height_m, datum, is_ceiling);
    return true;
}

static bool read_limits(const struct skyh_node *object, const struct dialect *dialect,
                        struct skyh_feature *feature, double *ret_unit_m,
                        struct skyh_problem *problem)
{
    struct sky_limit *const floor = &feature->zone.floor, *const ceiling = &feature->zone.ceiling;
    if (!read_unit(object, dialect->unit, ret_unit_m, problem) ||
        !read_limit(object, dialect->lower, dialect->lower_datum, *ret_unit_m, false, floor,
                    problem) ||
        !read_limit(object, dialect->upper, dialect->upper_datum, *ret_unit_m, true, ceiling,
                    problem)) {
        return false;
    }
    feature->has_floor = json_is_number(json_object_get(object->value, dialect->lower));
    feature->has_ceiling = json_is_number(json_object_get(object->value, dialect->upper));
    if (skyh_limit_is_upside_down(floor, ceiling)) {
        const struct skyh_node upper = skyh_json_member(object, dialect->upper);
        return skyh_json_fail(&upper, problem, "%g m; expected it above the lower limit, %g m",
                              ceiling->height_m, floor->height_m);
    }
    return true;
}

/* ---------------------------------------------------------------------------------- volumes */

static bool draw_circle(struct skyh_drawing *drawing, const struct skyh_node *centre,
                        const struct skyh_node *radius, double unit_m, struct skyh_problem *problem)
{
    struct skyh_place at = {0.0, 0.0};
    const double radius_m = json_number_value(radius->value) * unit_m;
    if (!skyh_geojson_position(centre, &at, problem)) {
        return false;
    }
    if (!(at.lon_deg >= -180.0 && at.lon_deg <= 180.0) ||
        !(at.lat_deg >= -89.0 && at.lat_deg <= 89.0)) {
        return skyh_json_fail(centre, problem,
                              "[%.9g, %.9g] is out of range; expected longitude -180 to 180 and "
                              "latitude -89 to 89",
                              at.lon_deg, at.lat_deg);
    }
    if (!json_is_number(radius->value) || !(radius_m > 0.0 && radius_m <= radius_most_m)) {
        return skyh_json_fail(radius, problem, "%s; expected a number above 0 and to %.0f km",
                              radius->value == NULL ? "missing" : "no radius",
                              radius_most_m * 1e-3);
    }
    struct skyh_path *const path = skyh_drawing_path(drawing, problem);
    if (path == NULL) {
        return false;
    }
    (void)snprintf(path->where, sizeof path->where, "%s", centre->path);
    return skyh_drawing_circle(drawing, at, radius_m, 0, problem);
}

/* Begins the feature of one volume of a zone. */
static struct skyh_feature *begin_volume(struct skyh_drawing *drawing, const struct skyh_node *node,
                                         const struct zone_facts *facts, size_t index, size_t count,
                                         struct skyh_problem *problem)
{
    struct skyh_feature *const feature = skyh_drawing_feature(drawing, problem);
    if (feature == NULL) {
        return NULL;
    }
    const char *const name = facts->name[0] != '\0' ? facts->name : facts->identifier;
    (void)snprintf(feature->where, sizeof feature->where, "%s", node->path);
    memcpy(feature->identifier, facts->identifier, sizeof feature->identifier);
    memcpy(feature->name, name, sizeof feature->name);
    if (count > 1) {
        char tail[64];
        (void)snprintf(tail, sizeof tail, ", volume %zu of %zu", index + 1, count);
        skyh_drawing_text_and(feature->zone.name, name, tail);
    } else {
        memcpy(feature->zone.name, name, sizeof feature->zone.name);
    }
    memcpy(feature->zone.authority, facts->authority, sizeof feature->zone.authority);
    memcpy(feature->line.source, facts->source, sizeof feature->line.source);
    memcpy(feature->line.valid_from, facts->valid_from, sizeof feature->line.valid_from);
    memcpy(feature->line.valid_until, facts->valid_until, sizeof feature->line.valid_until);
    return feature;
}

/* A text member, or the text of the first of several in their languages. */
static void take_text(char text[SKYH_TEXT_MAX], const json_t *value)
{
    const json_t *const first = json_is_array(value) ? json_array_get(value, 0) : value;
    const char *const plain = json_is_object(first)
                                  ? json_string_value(json_object_get(first, "text"))
                                  : json_string_value(first);
    if (plain != NULL) {
        skyh_drawing_text(text, plain);
    }
}

static void read_facts(const struct skyh_node *object, struct zone_facts *facts)
{
    const json_t *const authority =
        json_array_get(json_object_get(object->value, "zoneAuthority"), 0);
    take_text(facts->identifier, json_object_get(object->value, "identifier"));
    take_text(facts->name, json_object_get(object->value, "name"));
    take_text(facts->authority, json_object_get(authority, "name"));
}

/* ------------------------------------------------------------------------------------ ED-269 */

static bool draw_projection(struct skyh_drawing *drawing, const struct skyh_node *volume,
                            double unit_m, struct skyh_notes *notes, struct skyh_problem *problem)
{
    const struct skyh_node projection = skyh_json_member(volume, "horizontalProjection");
    const struct skyh_node type = skyh_json_member(&projection, "type");
    const char *const name = json_string_value(type.value);
    if (name != NULL && strcmp(name, "Circle") == 0) {
        const struct skyh_node centre = skyh_json_member(&projection, "center");
        const struct skyh_node radius = skyh_json_member(&projection, "radius");
        if (unit_m < 1.0) {
            skyh_notes_add(notes, "%s: %s: taken in feet, as its limits are", drawing->file,
                           radius.path);
        }
        return draw_circle(drawing, &centre, &radius, unit_m, problem);
    }
    if (name != NULL && strcmp(name, "Polygon") == 0) {
        const struct skyh_node coordinates = skyh_json_member(&projection, "coordinates");
        return skyh_geojson_polygon(drawing, &coordinates, problem);
    }
    return skyh_json_fail(&type, problem, "%.40s; expected Polygon or Circle",
                          name == NULL ? "missing" : name);
}

static bool applies_at_times(const json_t *zone)
{
    const json_t *const periods = json_object_get(zone, "applicability");
    const char *const permanent =
        json_string_value(json_object_get(json_array_get(periods, 0), "permanent"));
    return json_array_size(periods) > 0 && (permanent == NULL || strcmp(permanent, "YES") != 0);
}

static bool draw_ed269_zone(struct skyh_drawing *drawing, const struct skyh_node *zone,
                            struct skyh_notes *notes, struct skyh_problem *problem)
{
    const struct skyh_node volumes = skyh_json_member(zone, "geometry");
    struct zone_facts facts = {.identifier = ""};
    size_t count = 0;
    read_facts(zone, &facts);
    if (!skyh_json_array(&volumes, 1, SKYH_FEATURES_MAX, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node volume = skyh_json_element(&volumes, i);
        struct skyh_feature *const feature =
            begin_volume(drawing, &volume, &facts, i, count, problem);
        double unit_m = 1.0;
        if (feature == NULL || !read_limits(&volume, &ed269, feature, &unit_m, problem) ||
            !draw_projection(drawing, &volume, unit_m, notes, problem)) {
            return false;
        }
    }
    return true;
}

static void say_times(const struct skyh_drawing *drawing, size_t zones, struct skyh_notes *notes)
{
    if (zones > 0) {
        skyh_notes_add(notes,
                       "%s: %zu zone%s at certain times only; that is not kept, a zone is watched "
                       "at all times",
                       drawing->file, zones, zones == 1 ? " applies" : "s apply");
    }
}

bool skyh_geozone_is_ed269(const struct skyh_node *top)
{
    const json_t *const first = json_array_get(json_object_get(top->value, "features"), 0);
    return json_is_array(json_object_get(first, "geometry"));
}

bool skyh_geozone_draw_ed269(struct skyh_drawing *drawing, const struct skyh_node *top,
                             struct skyh_notes *notes, struct skyh_problem *problem)
{
    const struct skyh_node features = skyh_json_member(top, "features");
    size_t count = 0, at_times = 0;
    if (!skyh_json_array(&features, 1, SKYH_FEATURES_MAX, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node zone = skyh_json_element(&features, i);
        at_times += applies_at_times(zone.value) ? 1 : 0;
        if (!draw_ed269_zone(drawing, &zone, notes, problem)) {
            return false;
        }
    }
    say_times(drawing, at_times, notes);
    return true;
}

/* ------------------------------------------------------------------------------------ ED-318 */

static bool draw_point(struct skyh_drawing *drawing, const struct skyh_node *geometry,
                       struct skyh_problem *problem)
{
    const struct skyh_node extent = skyh_json_member(geometry, "extent");
    const struct skyh_node kind = skyh_json_member(&extent, "subType");
    const struct skyh_node radius = skyh_json_member(&extent, "radius");
    const struct skyh_node centre = skyh_json_member(geometry, "coordinates");
    const char *const name = json_string_value(kind.value);
    if (name == NULL || strcmp(name, "Circle") != 0) {
        return skyh_json_fail(&kind, problem, "%.40s; expected Circle: a point alone has no inside",
                              name == NULL ? "missing" : name);
    }
    return draw_circle(drawing, &centre, &radius, 1.0, problem);
}

static bool draw_geometry(struct skyh_drawing *drawing, const struct skyh_node *geometry,
                          struct skyh_problem *problem)
{
    const struct skyh_node type = skyh_json_member(geometry, "type");
    const struct skyh_node coordinates = skyh_json_member(geometry, "coordinates");
    const char *const name = json_string_value(type.value);
    if (name != NULL && strcmp(name, "Point") == 0) {
        return draw_point(drawing, geometry, problem);
    }
    if (name != NULL && strcmp(name, "Polygon") == 0) {
        return skyh_geojson_polygon(drawing, &coordinates, problem);
    }
    if (name != NULL && strcmp(name, "MultiPolygon") == 0) {
        return skyh_geojson_polygons(drawing, &coordinates, problem);
    }
    return skyh_json_fail(&type, problem,
                          "%.40s; expected Polygon, MultiPolygon, a Point with an extent, or a "
                          "GeometryCollection of these",
                          name == NULL ? "missing" : name);
}

static bool draw_layer(struct skyh_drawing *drawing, const struct skyh_node *geometry,
                       const struct zone_facts *facts, size_t index, size_t count,
                       struct skyh_problem *problem)
{
    const struct skyh_node layer = skyh_json_member(geometry, "layer");
    struct skyh_feature *const feature =
        begin_volume(drawing, geometry, facts, index, count, problem);
    double unit_m = 1.0;
    if (feature == NULL ||
        (layer.value != NULL && !read_limits(&layer, &ed318, feature, &unit_m, problem))) {
        return false;
    }
    feature->winds_left = feature->has_rule = true; /* as in all GeoJSON */
    return draw_geometry(drawing, geometry, problem);
}

static bool draw_ed318_zone(struct skyh_drawing *drawing, const struct skyh_node *zone,
                            const struct zone_facts *common, struct skyh_problem *problem)
{
    const struct skyh_node properties = skyh_json_member(zone, "properties");
    const struct skyh_node geometry = skyh_json_member(zone, "geometry");
    const struct skyh_node parts = skyh_json_member(&geometry, "geometries");
    struct zone_facts facts = *common;
    size_t count = 0;
    read_facts(&properties, &facts);
    if (parts.value == NULL) {
        return draw_layer(drawing, &geometry, &facts, 0, 1, problem);
    }
    if (!skyh_json_array(&parts, 1, SKYH_FEATURES_MAX, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node part = skyh_json_element(&parts, i);
        if (!draw_layer(drawing, &part, &facts, i, count, problem)) {
            return false;
        }
    }
    return true;
}

static bool has_layer(const json_t *geometry)
{
    const json_t *const parts = json_object_get(geometry, "geometries");
    for (size_t i = 0; i < json_array_size(parts); i++) {
        if (has_layer(json_array_get(parts, i))) {
            return true;
        }
    }
    return json_object_get(geometry, "layer") != NULL ||
           json_object_get(geometry, "extent") != NULL;
}

static bool is_ed318_zone(const json_t *feature)
{
    const json_t *const properties = json_object_get(feature, "properties");
    return has_layer(json_object_get(feature, "geometry")) ||
           (json_object_get(properties, "zoneAuthority") != NULL &&
            json_object_get(properties, "variant") != NULL);
}

bool skyh_geozone_is_ed318(const struct skyh_node *top)
{
    const json_t *const features = json_object_get(top->value, "features");
    for (size_t i = 0; i < json_array_size(features); i++) {
        if (is_ed318_zone(json_array_get(features, i))) {
            return true;
        }
    }
    return is_ed318_zone(top->value);
}

bool skyh_geozone_draw_ed318(struct skyh_drawing *drawing, const struct skyh_node *top,
                             struct skyh_notes *notes, struct skyh_problem *problem)
{
    const json_t *const metadata = json_object_get(top->value, "metadata");
    const struct skyh_node features = skyh_json_member(top, "features");
    struct zone_facts common = {.identifier = ""};
    size_t count = 0, at_times = 0;
    take_text(common.source, json_object_get(metadata, "provider"));
    take_text(common.valid_from, json_object_get(metadata, "validFrom"));
    take_text(common.valid_until, json_object_get(metadata, "validTo"));
    if (!skyh_geojson_crs(top, problem)) {
        return false;
    }
    if (features.value == NULL) {
        return draw_ed318_zone(drawing, top, &common, problem);
    }
    if (!skyh_json_array(&features, 1, SKYH_FEATURES_MAX, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node zone = skyh_json_element(&features, i);
        const json_t *const properties = json_object_get(zone.value, "properties");
        at_times += json_object_get(properties, "limitedApplicability") != NULL ? 1 : 0;
        if (!draw_ed318_zone(drawing, &zone, &common, problem)) {
            return false;
        }
    }
    say_times(drawing, at_times, notes);
    return true;
}
