#include "sky_codec_parts.h"

#include <string.h>

#include "zones.pb-c.h"

static const char no_memory[] = "needs more memory than there is";

static enum sky_status read_set(struct sky_arena *arena, const uint8_t *bytes, size_t count,
                                const Skywitness__Zones__V1__ZoneSet **ret_set,
                                const char **ret_reason)
{
    union {
        const ProtobufCMessage *base;
        const Skywitness__Zones__V1__ZoneSet *set;
    } message;
    if (count > SKY_CODEC_ZONES_MAX) {
        *ret_reason = "larger than 2 MiB";
        return SKY_E_CORRUPT;
    }
    const enum sky_status status = sky_codec_read(
        arena, &skywitness__zones__v1__zone_set__descriptor, bytes, count, &message.base);
    if (status != SKY_OK) {
        *ret_reason = status == SKY_E_CAPACITY ? no_memory
                                               : "not a zone set: bad wire format, missing field, "
                                                 "unknown enumeration value, or text not UTF-8";
        return status;
    }
    *ret_set = message.set;
    return SKY_OK;
}

static struct sky_limit limit_from(const Skywitness__Zones__V1__Limit *message)
{
    if (message == NULL) {
        return (struct sky_limit){.unlimited = true, .datum = SKY_DATUM_HAE};
    }
    return (struct sky_limit){.height_m = message->height_m,
                              .datum = (enum sky_datum)message->datum};
}

/* Where the next line, ring and vertex go while a set is put together. */
struct zone_arrays {
    struct sky_zone *zone;
    struct sky_line *line;
    struct sky_ring *ring;
    struct sky_vertex *vertex;
    uint32_t line_count;
    uint32_t ring_count;
    uint32_t vertex_count;
    uint32_t first_ring[SKY_LINES_MAX]; /* of each line of the message, once it is there */
};

static const uint32_t not_there = UINT32_MAX;

static void add_ring(struct zone_arrays *arrays, const Skywitness__Zones__V1__Ring *message)
{
    const uint32_t count = (uint32_t)message->n_lat_step_e7;
    struct sky_vertex *vertex = &arrays->vertex[arrays->vertex_count];
    arrays->ring[arrays->ring_count++] =
        (struct sky_ring){.first = arrays->vertex_count,
                          .count = count,
                          .closing = message->has_border_edges ? count - message->border_edges : 0};
    arrays->vertex_count += count;

    uint32_t lat_e7 = 0; /* unsigned: hostile steps may wrap, and are refused by sky_zone_check */
    uint32_t lon_e7 = 0;
    for (uint32_t i = 0; i < count; i++) {
        lat_e7 += (uint32_t)message->lat_step_e7[i];
        lon_e7 += (uint32_t)message->lon_step_e7[i];
        vertex[i] = (struct sky_vertex){(int32_t)lat_e7, (int32_t)lon_e7};
    }
}

/* The rings of a line of the message: put where its first side comes, used by the second again. */
static uint32_t rings_of(struct zone_arrays *arrays, size_t at,
                         const Skywitness__Zones__V1__Line *message)
{
    if (arrays->first_ring[at] == not_there) {
        arrays->first_ring[at] = arrays->ring_count;
        for (size_t i = 0; i < message->n_ring; i++) {
            add_ring(arrays, message->ring[i]);
        }
    }
    return arrays->first_ring[at];
}

/* `right`: the side of it that is outside its rings. */
static void add_line(struct zone_arrays *arrays, uint32_t zone, size_t at,
                     const Skywitness__Zones__V1__Line *message, bool right)
{
    arrays->line[arrays->line_count++] =
        (struct sky_line){.id = right ? message->right_line_id : message->id,
                          .zone = zone,
                          .outside = right,
                          .rule = (enum sky_edge_rule)message->edge_rule,
                          .rule_stated = !message->edge_rule_unstated,
                          .accuracy_stated = message->accuracy != NULL,
                          .sigma_m = message->accuracy != NULL ? message->accuracy->sigma_m : 0.0,
                          .chord_m = message->chord_m,
                          .first_ring = rings_of(arrays, at, message),
                          .ring_count = (uint32_t)message->n_ring};
}

static const char *or_empty(const char *text) { return text == NULL ? "" : text; }

static void name_zone(struct sky_zone_names *names, size_t at,
                      const Skywitness__Zones__V1__Zone *message)
{
    names->zone[at].id = message->id;
    names->zone[at].name = message->name;
    names->zone[at].authority = or_empty(message->authority);
}

static void name_line(struct sky_zone_names *names, size_t at,
                      const Skywitness__Zones__V1__Line *message, bool right)
{
    names->line[at].id = right ? message->right_line_id : message->id;
    names->line[at].name = message->name;
    names->line[at].party = or_empty(message->party);
    names->line[at].source = message->source;
    names->line[at].licence = message->licence;
    memcpy(names->line[at].sha256, message->sha256.data, sizeof names->line[at].sha256);
}

static size_t zones_called(const Skywitness__Zones__V1__ZoneSet *message, uint32_t id)
{
    size_t count = 0;
    for (size_t z = 0; z < message->n_zone; z++) {
        count += message->zone[z]->id == id;
    }
    return count;
}

/* What is wrong with whose a line is. NULL: nothing. */
static const char *sides_fault(const Skywitness__Zones__V1__ZoneSet *message,
                               const Skywitness__Zones__V1__Line *line)
{
    if (zones_called(message, line->zone_id) != 1) {
        return "a line does not belong to exactly one zone";
    }
    if (line->has_right_zone_id != line->has_right_line_id) {
        return "a border with a zone on its right but no line id there, or the other way round";
    }
    if (line->has_right_zone_id &&
        (line->right_zone_id == line->zone_id || zones_called(message, line->right_zone_id) != 1)) {
        return "a border does not have exactly one zone on its right, another than on its left";
    }
    return NULL;
}

static const char *ring_fault(const Skywitness__Zones__V1__Ring *ring)
{
    if (ring->n_lat_step_e7 != ring->n_lon_step_e7) {
        return "a ring has more latitudes than longitudes, or fewer";
    }
    if (ring->has_border_edges && ring->border_edges > ring->n_lat_step_e7) {
        return "a ring has more border than edges";
    }
    return NULL;
}

static const char *geoid_fault(const Skywitness__Zones__V1__Geoid *geoid)
{
    if (geoid != NULL &&
        (geoid->rows == 0 || (uint64_t)geoid->rows * geoid->columns != geoid->n_height_cm)) {
        return "a geoid without rows, or with more heights than crossings or fewer";
    }
    return NULL;
}

/* How much room a set takes. */
struct extent {
    size_t lines; /* both sides of a shared border */
    size_t rings;
    size_t vertices;
};

/* Adds up a line, and says what no line may have. NULL: nothing wrong so far. */
static const char *measure_line(const Skywitness__Zones__V1__ZoneSet *message,
                                const Skywitness__Zones__V1__Line *line, struct extent *extent)
{
    if (line->sha256.len != sizeof((struct sky_zone_names *)0)->line[0].sha256) {
        return "the sha256 of a line is not 32 bytes";
    }
    const char *fault = sides_fault(message, line);
    for (size_t k = 0; fault == NULL && k < line->n_ring; k++) {
        fault = ring_fault(line->ring[k]);
        extent->vertices += line->ring[k]->n_lat_step_e7;
    }
    extent->lines += line->has_right_zone_id ? 2 : 1;
    extent->rings += line->n_ring;
    return fault;
}

/* Says how large a set is and what no set may have. NULL: nothing wrong so far. */
static const char *measure(const Skywitness__Zones__V1__ZoneSet *message, struct extent *ret_extent)
{
    struct extent extent = {0, 0, 0};
    if (message->n_zone > SKY_ZONES_MAX) {
        return "more zones than a station watches";
    }
    if (message->n_line > SKY_LINES_MAX) {
        return "more lines than a station watches";
    }
    const char *fault = geoid_fault(message->geoid);
    for (size_t i = 0; fault == NULL && i < message->n_line; i++) {
        fault = measure_line(message, message->line[i], &extent);
    }
    if (fault == NULL && extent.lines > SKY_LINES_MAX) {
        fault = "more lines than a station watches, both sides of shared borders counted";
    }
    if (fault == NULL) {
        *ret_extent = extent;
    }
    return fault;
}

/* The lines of one zone, in the order of the message. */
static void build_lines(const Skywitness__Zones__V1__ZoneSet *message, uint32_t zone,
                        struct zone_arrays *arrays, struct sky_zone_names *names)
{
    const uint32_t id = message->zone[zone]->id;
    for (size_t i = 0; i < message->n_line; i++) {
        const Skywitness__Zones__V1__Line *const line = message->line[i];
        const bool right = line->has_right_zone_id && line->right_zone_id == id;
        if (right || line->zone_id == id) {
            name_line(names, arrays->line_count, line, right);
            add_line(arrays, zone, i, line, right);
        }
    }
}

static void build_zones(const Skywitness__Zones__V1__ZoneSet *message, struct zone_arrays *arrays,
                        struct sky_zone_names *names)
{
    names->set_name = message->name;
    for (size_t i = 0; i < message->n_line; i++) {
        arrays->first_ring[i] = not_there;
    }
    for (uint32_t z = 0; z < message->n_zone; z++) {
        const Skywitness__Zones__V1__Zone *zone = message->zone[z];
        const uint32_t first = arrays->line_count;
        build_lines(message, z, arrays, names);
        arrays->zone[z] = (struct sky_zone){.id = zone->id,
                                            .floor = limit_from(zone->floor),
                                            .ceiling = limit_from(zone->ceiling),
                                            .first_line = first,
                                            .line_count = arrays->line_count - first};
        name_zone(names, z, zone);
    }
}

/* Its heights lie in the arena, as the message does. */
static struct sky_geoid geoid_from(const Skywitness__Zones__V1__Geoid *message)
{
    if (message == NULL) {
        return (struct sky_geoid){.rows = 0};
    }
    return (struct sky_geoid){.south_e7 = message->south_e7,
                              .west_e7 = message->west_e7,
                              .step_e7 = message->step_e7,
                              .rows = message->rows,
                              .columns = message->columns,
                              .height_cm = message->height_cm};
}

/* False if there is no room. */
static bool prepare(struct sky_arena *arena, struct sky_zone_set *zones)
{
    struct sky_zone_tree *const tree = sky_codec_array(arena, zones->ring_count, sizeof *tree);
    struct sky_zone_node *const node =
        sky_codec_array(arena, sky_zone_node_count(zones), sizeof *node);
    struct sky_zone_run *const run = sky_codec_array(arena, sky_zone_run_count(zones), sizeof *run);
    if (tree == NULL || node == NULL || run == NULL) {
        return false;
    }
    sky_zone_prepare(zones, tree, node, run);
    zones->tree = tree;
    zones->node = node;
    zones->run = run;
    return true;
}

enum sky_status sky_codec_unpack_zones(const uint8_t *bytes, size_t count, struct sky_arena *arena,
                                       struct sky_zone_set *ret_zones,
                                       struct sky_zone_names *ret_names, const char **ret_reason)
{
    arena->used = 0;
    const Skywitness__Zones__V1__ZoneSet *message;
    const enum sky_status status = read_set(arena, bytes, count, &message, ret_reason);
    if (status != SKY_OK) {
        return status;
    }
    struct extent extent;
    const char *wrong = measure(message, &extent);
    if (wrong != NULL) {
        *ret_reason = wrong;
        return SKY_E_CORRUPT;
    }

    struct zone_arrays arrays = {
        .zone = sky_codec_array(arena, message->n_zone, sizeof *arrays.zone),
        .line = sky_codec_array(arena, extent.lines, sizeof *arrays.line),
        .ring = sky_codec_array(arena, extent.rings, sizeof *arrays.ring),
        .vertex = sky_codec_array(arena, extent.vertices, sizeof *arrays.vertex)};
    if (arrays.zone == NULL || arrays.line == NULL || arrays.ring == NULL ||
        arrays.vertex == NULL) {
        *ret_reason = no_memory;
        return SKY_E_CAPACITY;
    }
    struct sky_zone_names names;
    memset(&names, 0, sizeof names);
    build_zones(message, &arrays, &names);

    struct sky_zone_set zones = {.zone_count = (uint32_t)message->n_zone,
                                 .line_count = arrays.line_count,
                                 .ring_count = arrays.ring_count,
                                 .vertex_count = arrays.vertex_count,
                                 .zone = arrays.zone,
                                 .line = arrays.line,
                                 .ring = arrays.ring,
                                 .vertex = arrays.vertex,
                                 .geoid = geoid_from(message->geoid),
                                 .geoid_undulation_m = message->geoid_undulation_m,
                                 .has_geoid = message->has_geoid_undulation_m};
    if (sky_zone_check(&zones, ret_reason) != SKY_OK) {
        return SKY_E_CORRUPT;
    }
    if (!prepare(arena, &zones)) {
        *ret_reason = no_memory;
        return SKY_E_CAPACITY;
    }
    *ret_zones = zones;
    if (ret_names != NULL) {
        *ret_names = names;
    }
    return SKY_OK;
}
