#include "skyh_geojson.h"

#include <math.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_json.h"

enum { VERTICES_MAX = 500000, RINGS_MAX = 10000 };

const char skyh_geojson_about[] =
    "Checks GeoJSON files and packs them into the one file that a station loads. A ring that\n"
    "is not closed and points given twice are mended and said; a ring that crosses itself is\n"
    "an error that names the two edges.\n"
    "\n"
    "Input is GeoJSON (RFC 7946): FeatureCollections whose features are Polygons or\n"
    "MultiPolygons in WGS-84 longitude and latitude. Each feature is one line of one zone,\n"
    "and has these properties:\n"
    "  zone_id        whole number above 0; all lines of a zone share it\n"
    "  zone_name      text, the same for all lines of a zone\n"
    "  authority      text, optional: whose zone it is\n"
    "  floor, ceiling {\"height_m\": 0, \"datum\": \"HAE\"}, datum HAE, AMSL, AGL or STD; "
    "optional:\n"
    "                 without them from the surface and without end\n"
    "  line_name      text\n"
    "  party          text, optional: who claims the line; absent for a map's own line\n"
    "  source         text: where the line comes from, exactly\n"
    "  licence        text\n"
    "  edge_rule      \"planar\": edges are straight in longitude and latitude, as in RFC 7946\n"
    "  accuracy_m     a number, or \"unstated\"\n"
    "  accuracy_form  \"sigma\", \"ce90\" or \"ce95\": what the number is; required with one\n"
    "  valid_from     ISO 8601 date, optional\n"
    "  note           text, optional, for readers of the file; not kept\n"
    "A property that is not in this list is an error.\n";

struct limit_object {
    double height_m;
    char datum[8];
};

/* A feature's properties as the file has them. */
struct properties {
    uint32_t zone_id;
    char zone_name[SKYH_TEXT_MAX];
    char authority[SKYH_TEXT_MAX];
    char line_name[SKYH_TEXT_MAX];
    char party[SKYH_TEXT_MAX];
    char source[SKYH_TEXT_MAX];
    char licence[SKYH_TEXT_MAX];
    char edge_rule[16];
    char accuracy_form[8];
    char valid_from[SKYH_TEXT_MAX];
    char note[1024];
};

#define TEXT(type, key, member, optional)                                                          \
    {                                                                                              \
        key, SKYH_FIELD_TEXT, offsetof(struct type, member), sizeof((struct type *)NULL)->member,  \
            0, 0, "", optional                                                                     \
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
    {"zone_id", SKYH_FIELD_COUNT, offsetof(struct properties, zone_id), 0, 1, 4294967295.0, "",
     false},
    TEXT(properties, "zone_name", zone_name, false),
    TEXT(properties, "authority", authority, true),
    {"floor", SKYH_FIELD_NESTED, 0, 0, 0, 0, "an object", true},
    {"ceiling", SKYH_FIELD_NESTED, 0, 0, 0, 0, "an object", true},
    TEXT(properties, "line_name", line_name, false),
    TEXT(properties, "party", party, true),
    TEXT(properties, "source", source, false),
    TEXT(properties, "licence", licence, false),
    TEXT(properties, "edge_rule", edge_rule, false),
    {"accuracy_m", SKYH_FIELD_OTHER, 0, 0, 0, 0, "a number or \"unstated\"", false},
    TEXT(properties, "accuracy_form", accuracy_form, true),
    TEXT(properties, "valid_from", valid_from, true),
    TEXT(properties, "note", note, true),
    END,
};

/* One file while it is read. */
struct reading {
    struct skyh_zone_build *build;
    struct skyh_notes *notes;
    struct skyh_problem *problem;
    uint8_t sha256[32];
    uint32_t *origin; /* of each vertex of the current line: its position in the source's ring */
    uint32_t first_vertex;        /* of the current line */
    struct properties properties; /* of the current feature ... */
    struct skyh_zone_text zone;   /* ... and what it says of its zone ... */
    struct skyh_line_text line;   /* ... and line */
};

static void note(struct skyh_notes *notes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void note(struct skyh_notes *notes, const char *format, ...)
{
    if (notes->count < SKYH_NOTES_MAX) {
        va_list list;
        va_start(list, format);
        (void)vsnprintf(notes->text[notes->count], SKYH_TEXT_MAX, format, list);
        va_end(list);
    }
    notes->count++;
}

/* ------------------------------------------------------------------------------------ rings */

static bool read_position(const struct skyh_node *node, struct sky_vertex *ret_vertex,
                          struct skyh_problem *problem)
{
    json_t *const lon = json_array_get(node->value, 0);
    json_t *const lat = json_array_get(node->value, 1);
    if (!json_is_number(lon) || !json_is_number(lat)) {
        return skyh_json_fail(node, problem, "not a position; expected [longitude, latitude]");
    }
    const double lon_deg = json_number_value(lon);
    const double lat_deg = json_number_value(lat);
    if (!(lon_deg >= -180.0 && lon_deg <= 180.0) || !(lat_deg >= -89.0 && lat_deg <= 89.0)) {
        return skyh_json_fail(node, problem,
                              "[%.9g, %.9g] is out of range; expected longitude -180 to 180 and "
                              "latitude -89 to 89",
                              lon_deg, lat_deg);
    }
    ret_vertex->lon_e7 = (int32_t)lround(lon_deg * 1e7);
    ret_vertex->lat_e7 = (int32_t)lround(lat_deg * 1e7);
    return true;
}

static bool same(struct sky_vertex a, struct sky_vertex b)
{
    return a.lat_e7 == b.lat_e7 && a.lon_e7 == b.lon_e7;
}

static bool make_room(struct reading *reading, const struct skyh_node *node, size_t more)
{
    struct skyh_zone_build *const build = reading->build;
    if (more > VERTICES_MAX - build->vertex_count || build->ring_count >= RINGS_MAX) {
        return skyh_json_fail(node, reading->problem,
                              "too much; a set holds at most %d vertices in %d rings", VERTICES_MAX,
                              RINGS_MAX);
    }
    struct sky_vertex *const vertex =
        realloc(build->vertex, (build->vertex_count + more) * sizeof *vertex);
    build->vertex = vertex != NULL ? vertex : build->vertex;
    uint32_t *const origin =
        realloc(reading->origin, (build->vertex_count + more) * sizeof *origin);
    reading->origin = origin != NULL ? origin : reading->origin;
    struct sky_ring *const ring =
        realloc(build->ring, (build->ring_count + (size_t)1) * sizeof *ring);
    build->ring = ring != NULL ? ring : build->ring;
    return (vertex != NULL && origin != NULL && ring != NULL) ||
           skyh_json_fail(node, reading->problem, "out of memory");
}

/* Reads one ring, without its closing position and without positions given twice. */
static bool read_ring(struct reading *reading, const struct skyh_node *node)
{
    struct skyh_zone_build *const build = reading->build;
    size_t positions = 0;
    if (!skyh_json_array(node, 4, VERTICES_MAX, &positions, reading->problem) ||
        !make_room(reading, node, positions)) {
        return false;
    }
    const uint32_t first = build->vertex_count;
    struct sky_vertex opening = {0, 0}, before = {0, 0};
    uint32_t count = 0;
    size_t repeated = 0;
    for (size_t i = 0; i < positions; i++) {
        const struct skyh_node position = skyh_json_element(node, i);
        struct sky_vertex vertex = {0, 0};
        if (!read_position(&position, &vertex, reading->problem)) {
            return false;
        }
        if (count > 0 && same(vertex, before)) {
            repeated++;
            continue;
        }
        opening = count == 0 ? vertex : opening;
        before = vertex;
        build->vertex[first + count] = vertex;
        reading->origin[first + count] = (uint32_t)i;
        count++;
    }
    if (count > 1 && same(opening, before)) {
        count--;
    } else {
        note(reading->notes, "%s: %s: not closed; closed it", node->file, node->path);
    }
    if (repeated > 0) {
        note(reading->notes, "%s: %s: %zu positions repeated the one before; left out", node->file,
             node->path, repeated);
    }
    if (count < 3) {
        return skyh_json_fail(node, reading->problem,
                              "has %u different positions; expected 3 at least", count);
    }
    build->ring[build->ring_count++] = (struct sky_ring){.first = first, .count = count};
    build->vertex_count = first + count;
    return true;
}

/* --------------------------------------------------------------------------------- crossing */

/* An edge of the current line, ends in 1e-7 degree. */
struct edge {
    int64_t x[2];
    int64_t y[2];
    int64_t low_x;
    int64_t high_x;
    uint32_t ring;  /* in the line */
    uint32_t index; /* of its first vertex, in the ring */
    uint32_t next;  /* of its second */
};

static int by_low_x(const void *left, const void *right)
{
    const struct edge *const a = left, *const b = right;
    if (a->low_x != b->low_x) {
        return a->low_x < b->low_x ? -1 : 1;
    }
    if (a->ring != b->ring) {
        return a->ring < b->ring ? -1 : 1;
    }
    return a->index < b->index ? -1 : (a->index > b->index ? 1 : 0);
}

/* Which side of a's line a point lies on. Exact: no line is wider than 180 degrees, so each
 * product is below 3.3e18 and their difference fits. */
static int side(const struct edge *a, int64_t x, int64_t y)
{
    const int64_t cross = (a->x[1] - a->x[0]) * (y - a->y[0]) - (a->y[1] - a->y[0]) * (x - a->x[0]);
    return cross > 0 ? 1 : (cross < 0 ? -1 : 0);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static bool on(const struct edge *a, int64_t x, int64_t y)
{
    return side(a, x, y) == 0 && x >= a->low_x && x <= a->high_x && y >= least(a->y[0], a->y[1]) &&
           y <= most(a->y[0], a->y[1]);
}

static bool cross_properly(const struct edge *a, const struct edge *b)
{
    return side(a, b->x[0], b->y[0]) * side(a, b->x[1], b->y[1]) < 0 &&
           side(b, a->x[0], a->y[0]) * side(b, a->x[1], a->y[1]) < 0;
}

/* They lie on one straight line and share more than a point. */
static bool overlap(const struct edge *a, const struct edge *b)
{
    if (side(a, b->x[0], b->y[0]) != 0 || side(a, b->x[1], b->y[1]) != 0) {
        return false;
    }
    const int64_t shared_x = least(a->high_x, b->high_x) - most(a->low_x, b->low_x);
    const int64_t shared_y = least(most(a->y[0], a->y[1]), most(b->y[0], b->y[1])) -
                             most(least(a->y[0], a->y[1]), least(b->y[0], b->y[1]));
    return shared_x >= 0 && shared_y >= 0 && shared_x + shared_y > 0;
}

static bool touch(const struct edge *a, const struct edge *b)
{
    return on(a, b->x[0], b->y[0]) || on(a, b->x[1], b->y[1]) || on(b, a->x[0], a->y[0]) ||
           on(b, a->x[1], a->y[1]);
}

/* What is wrong between two edges, or NULL. Rings may touch each other, but not themselves. */
static const char *conflict(const struct edge *a, const struct edge *b)
{
    if (cross_properly(a, b)) {
        return "crosses";
    }
    if (overlap(a, b)) {
        return "runs back along";
    }
    const bool neighbours = a->ring == b->ring && (a->next == b->index || b->next == a->index);
    if (a->ring == b->ring && !neighbours && touch(a, b)) {
        return "touches";
    }
    return NULL;
}

static struct edge edge_of(const struct reading *reading, const struct skyh_line_text *line,
                           uint32_t ring, uint32_t index)
{
    const struct sky_ring *const where = &reading->build->ring[line->first_ring + ring];
    const uint32_t next = index + 1 < where->count ? index + 1 : 0;
    const struct sky_vertex a = reading->build->vertex[where->first + index];
    const struct sky_vertex b = reading->build->vertex[where->first + next];
    return (struct edge){
        .x = {a.lon_e7, b.lon_e7},
        .y = {a.lat_e7, b.lat_e7},
        .low_x = least(a.lon_e7, b.lon_e7),
        .high_x = most(a.lon_e7, b.lon_e7),
        .ring = ring,
        .index = index,
        .next = next,
    };
}

/* Positions in the file, as its author counts them. */
static uint32_t position_of(const struct reading *reading, const struct skyh_line_text *line,
                            const struct edge *edge)
{
    return reading->origin[reading->build->ring[line->first_ring + edge->ring].first + edge->index];
}

static bool report_conflict(const struct reading *reading, const struct skyh_node *geometry,
                            const struct skyh_line_text *line, const struct edge *a,
                            const struct edge *b, const char *what)
{
    const uint32_t from_a = position_of(reading, line, a), from_b = position_of(reading, line, b);
    if (a->ring == b->ring) {
        return skyh_json_fail(geometry, reading->problem,
                              "ring %u: edge %u-%u %s edge %u-%u; expected a ring that does not "
                              "cross itself",
                              a->ring, from_a, from_a + 1, what, from_b, from_b + 1);
    }
    return skyh_json_fail(geometry, reading->problem,
                          "ring %u: edge %u-%u %s edge %u-%u of ring %u; expected rings that do "
                          "not cross",
                          a->ring, from_a, from_a + 1, what, from_b, from_b + 1, b->ring);
}

/* Edges sorted by their western end: each is compared only with those that begin before it ends. */
static bool check_crossing(const struct reading *reading, const struct skyh_node *geometry,
                           const struct skyh_line_text *line, struct edge *edge, size_t count)
{
    qsort(edge, count, sizeof *edge, by_low_x);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count && edge[j].low_x <= edge[i].high_x; j++) {
            const char *const what = conflict(&edge[i], &edge[j]);
            if (what != NULL) {
                return report_conflict(reading, geometry, line, &edge[i], &edge[j], what);
            }
        }
    }
    return true;
}

static bool check_width(const struct reading *reading, const struct skyh_node *geometry)
{
    const struct skyh_zone_build *const build = reading->build;
    int64_t low = INT32_MAX, high = INT32_MIN;
    for (uint32_t i = reading->first_vertex; i < build->vertex_count; i++) {
        low = least(low, build->vertex[i].lon_e7);
        high = most(high, build->vertex[i].lon_e7);
    }
    if (high - low > INT64_C(1800000000)) {
        return skyh_json_fail(geometry, reading->problem,
                              "%.1f degrees wide; expected 180 at most: split it",
                              (double)(high - low) * 1e-7);
    }
    return true;
}

static bool check_line(const struct reading *reading, const struct skyh_node *geometry,
                       const struct skyh_line_text *line)
{
    const size_t count = reading->build->vertex_count - reading->first_vertex;
    if (!check_width(reading, geometry)) {
        return false;
    }
    struct edge *const edge = malloc(count * sizeof *edge);
    if (edge == NULL) {
        return skyh_json_fail(geometry, reading->problem, "out of memory");
    }
    size_t filled = 0;
    for (uint32_t ring = 0; ring < line->ring_count; ring++) {
        const uint32_t vertices = reading->build->ring[line->first_ring + ring].count;
        for (uint32_t i = 0; i < vertices; i++) {
            edge[filled++] = edge_of(reading, line, ring, i);
        }
    }
    const bool sound = check_crossing(reading, geometry, line, edge, filled);
    free(edge);
    return sound;
}

/* --------------------------------------------------------------------------------- features */

static bool read_polygon(struct reading *reading, const struct skyh_node *polygon)
{
    size_t rings = 0;
    if (!skyh_json_array(polygon, 1, RINGS_MAX, &rings, reading->problem)) {
        return false;
    }
    for (size_t i = 0; i < rings; i++) {
        const struct skyh_node ring = skyh_json_element(polygon, i);
        if (!read_ring(reading, &ring)) {
            return false;
        }
    }
    return true;
}

static bool read_geometry(struct reading *reading, const struct skyh_node *geometry,
                          struct skyh_line_text *line)
{
    const struct skyh_node type = skyh_json_member(geometry, "type");
    const struct skyh_node coordinates = skyh_json_member(geometry, "coordinates");
    const char *const name = json_string_value(type.value);
    line->first_ring = reading->build->ring_count;
    reading->first_vertex = reading->build->vertex_count;
    size_t polygons = 0;
    if (name != NULL && strcmp(name, "Polygon") == 0) {
        if (!read_polygon(reading, &coordinates)) {
            return false;
        }
    } else if (name != NULL && strcmp(name, "MultiPolygon") == 0) {
        if (!skyh_json_array(&coordinates, 1, RINGS_MAX, &polygons, reading->problem)) {
            return false;
        }
        for (size_t i = 0; i < polygons; i++) {
            const struct skyh_node polygon = skyh_json_element(&coordinates, i);
            if (!read_polygon(reading, &polygon)) {
                return false;
            }
        }
    } else {
        return skyh_json_fail(&type, reading->problem, "%.40s; expected Polygon or MultiPolygon",
                              name == NULL ? "missing" : name);
    }
    line->ring_count = reading->build->ring_count - line->first_ring;
    return check_line(reading, &coordinates, line);
}

static bool read_limit(const struct skyh_node *properties, const char *key,
                       struct sky_limit *ret_limit, struct skyh_problem *problem)
{
    static const char *const names[] = {"HAE", "AMSL", "AGL", "STD"};
    const struct skyh_node node = skyh_json_member(properties, key);
    *ret_limit = (struct sky_limit){.unlimited = true, .datum = SKY_DATUM_HAE};
    if (node.value == NULL) {
        return true;
    }
    struct limit_object object;
    if (!skyh_json_fields(&node, limit_fields, &object, problem)) {
        return false;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(object.datum, names[i]) == 0) {
            *ret_limit = (struct sky_limit){
                .unlimited = false, .height_m = object.height_m, .datum = (enum sky_datum)(i + 1)};
            return true;
        }
    }
    return skyh_json_fail(&node, problem, "datum %s; expected HAE, AMSL, AGL or STD", object.datum);
}

static bool read_accuracy(const struct skyh_node *node, const struct properties *properties,
                          struct skyh_line_text *line, struct skyh_problem *problem)
{
    static const char *const forms[] = {"sigma", "ce90", "ce95"};
    const struct skyh_node accuracy = skyh_json_member(node, "accuracy_m");
    const char *const text = json_string_value(accuracy.value);
    line->accuracy = SKYH_ACCURACY_UNSTATED;
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

static bool same_limit(const struct sky_limit *a, const struct sky_limit *b)
{
    return a->unlimited == b->unlimited && a->datum == b->datum &&
           !(a->height_m < b->height_m || a->height_m > b->height_m);
}

/* Enters the zone, or finds it and checks that it is described alike. */
static bool take_zone(struct reading *reading, const struct skyh_node *node,
                      const struct skyh_zone_text *zone)
{
    struct skyh_zone_build *const build = reading->build;
    for (uint32_t i = 0; i < build->zone_count; i++) {
        const struct skyh_zone_text *const known = &build->zone[i];
        if (known->id != zone->id) {
            continue;
        }
        if (strcmp(known->name, zone->name) != 0 ||
            strcmp(known->authority, zone->authority) != 0 ||
            !same_limit(&known->floor, &zone->floor) ||
            !same_limit(&known->ceiling, &zone->ceiling)) {
            return skyh_json_fail(node, reading->problem,
                                  "zone %u was described otherwise before; expected the same "
                                  "zone_name, authority, floor and ceiling for all its lines",
                                  zone->id);
        }
        return true;
    }
    if (build->zone_count >= SKY_ZONES_MAX) {
        return skyh_json_fail(node, reading->problem, "one zone too many; expected %d at most",
                              SKY_ZONES_MAX);
    }
    build->zone[build->zone_count++] = *zone;
    return true;
}

static bool read_properties(struct reading *reading, const struct skyh_node *node,
                            struct skyh_line_text *line)
{
    struct properties *const properties = &reading->properties;
    struct skyh_zone_text *const zone = &reading->zone;
    memset(properties, 0, sizeof *properties);
    memset(zone, 0, sizeof *zone);
    if (!skyh_json_fields(node, property_fields, properties, reading->problem) ||
        !read_limit(node, "floor", &zone->floor, reading->problem) ||
        !read_limit(node, "ceiling", &zone->ceiling, reading->problem) ||
        !read_accuracy(node, properties, line, reading->problem)) {
        return false;
    }
    if (!zone->floor.unlimited && !zone->ceiling.unlimited &&
        zone->floor.datum == zone->ceiling.datum &&
        zone->floor.height_m >= zone->ceiling.height_m) {
        const struct skyh_node ceiling = skyh_json_member(node, "ceiling");
        return skyh_json_fail(&ceiling, reading->problem, "%g m; expected it above the floor, %g m",
                              zone->ceiling.height_m, zone->floor.height_m);
    }
    if (strcmp(properties->edge_rule, "planar") != 0) {
        const struct skyh_node rule = skyh_json_member(node, "edge_rule");
        return skyh_json_fail(&rule, reading->problem,
                              "\"%s\" edges are not built yet; expected \"planar\": densify the "
                              "ring first",
                              properties->edge_rule);
    }
    zone->id = properties->zone_id;
    memcpy(zone->name, properties->zone_name, sizeof zone->name);
    memcpy(zone->authority, properties->authority, sizeof zone->authority);
    line->zone_id = properties->zone_id;
    line->rule = SKY_EDGE_PLANAR;
    memcpy(line->name, properties->line_name, sizeof line->name);
    memcpy(line->party, properties->party, sizeof line->party);
    memcpy(line->source, properties->source, sizeof line->source);
    memcpy(line->licence, properties->licence, sizeof line->licence);
    memcpy(line->valid_from, properties->valid_from, sizeof line->valid_from);
    memcpy(line->sha256, reading->sha256, sizeof line->sha256);
    return take_zone(reading, node, zone);
}

static bool has_room_for_line(const struct reading *reading, const struct skyh_node *node,
                              uint32_t zone_id)
{
    uint32_t of_zone = 0;
    for (uint32_t i = 0; i < reading->build->line_count; i++) {
        of_zone += reading->build->line[i].zone_id == zone_id ? 1 : 0;
    }
    if (reading->build->line_count >= SKY_LINES_MAX || of_zone >= SKY_ZONE_LINES_MAX) {
        return skyh_json_fail(node, reading->problem,
                              "one line too many; expected %d of one zone and %d in all at most",
                              SKY_ZONE_LINES_MAX, SKY_LINES_MAX);
    }
    return true;
}

static bool read_feature(struct reading *reading, const struct skyh_node *feature)
{
    const struct skyh_node type = skyh_json_member(feature, "type");
    const struct skyh_node properties = skyh_json_member(feature, "properties");
    const struct skyh_node geometry = skyh_json_member(feature, "geometry");
    const char *const name = json_string_value(type.value);
    struct skyh_line_text *const line = &reading->line;
    memset(line, 0, sizeof *line);
    if (name == NULL || strcmp(name, "Feature") != 0) {
        return skyh_json_fail(&type, reading->problem, "%s; expected \"Feature\"",
                              name == NULL ? "missing" : "something else");
    }
    if (!read_properties(reading, &properties, line) ||
        !has_room_for_line(reading, feature, line->zone_id) ||
        !read_geometry(reading, &geometry, line)) {
        return false;
    }
    reading->build->line[reading->build->line_count++] = *line;
    return true;
}

/* Older files name their reference system; only WGS-84 in longitude and latitude is understood. */
static bool check_crs(const struct skyh_node *top, struct skyh_problem *problem)
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

static bool read_document(struct reading *reading, const struct skyh_node *top)
{
    const struct skyh_node type = skyh_json_member(top, "type");
    const struct skyh_node features = skyh_json_member(top, "features");
    const char *const name = json_string_value(type.value);
    size_t count = 0;
    if (name == NULL || strcmp(name, "FeatureCollection") != 0) {
        return skyh_json_fail(&type, reading->problem, "%s; expected \"FeatureCollection\"",
                              name == NULL ? "missing" : "something else");
    }
    if (!check_crs(top, reading->problem) ||
        !skyh_json_array(&features, 1, SKY_LINES_MAX, &count, reading->problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node feature = skyh_json_element(&features, i);
        if (!read_feature(reading, &feature)) {
            return false;
        }
    }
    return true;
}

bool skyh_geojson_add(struct skyh_zone_build *build, const char *file, const char *text,
                      size_t count, struct skyh_notes *notes, struct skyh_problem *problem)
{
    json_t *json = NULL;
    if (!skyh_json_parse(file, text, count, &json, problem)) {
        return false;
    }
    bool sound = false;
    struct reading *const reading = calloc(1, sizeof *reading);
    if (reading == NULL ||
        EVP_Digest(text, count, reading->sha256, NULL, EVP_sha256(), NULL) != 1) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", file);
    } else {
        const struct skyh_node top = skyh_json_top(file, json);
        reading->build = build;
        reading->notes = notes;
        reading->problem = problem;
        sound = read_document(reading, &top);
        free(reading->origin);
    }
    free(reading);
    json_decref(json);
    return sound;
}

bool skyh_geojson_read(struct skyh_zone_build *build, const char *const files[], size_t count,
                       struct skyh_notes *notes, struct skyh_problem *problem)
{
    for (size_t i = 0; i < count; i++) {
        char *text = NULL;
        size_t bytes = 0;
        if (!skyh_json_slurp(files[i], &text, &bytes, problem)) {
            return false;
        }
        const bool sound = skyh_geojson_add(build, files[i], text, bytes, notes, problem);
        free(text);
        if (!sound) {
            return false;
        }
    }
    return true;
}
