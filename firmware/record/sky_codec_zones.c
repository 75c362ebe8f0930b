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
};

static void add_ring(struct zone_arrays *arrays, const Skywitness__Zones__V1__Ring *message)
{
    const uint32_t count = (uint32_t)message->n_lat_step_e7;
    struct sky_vertex *vertex = &arrays->vertex[arrays->vertex_count];
    arrays->ring[arrays->ring_count++] =
        (struct sky_ring){.first = arrays->vertex_count, .count = count};
    arrays->vertex_count += count;

    uint32_t lat_e7 = 0; /* unsigned: hostile steps may wrap, and are refused by sky_zone_check */
    uint32_t lon_e7 = 0;
    for (uint32_t i = 0; i < count; i++) {
        lat_e7 += (uint32_t)message->lat_step_e7[i];
        lon_e7 += (uint32_t)message->lon_step_e7[i];
        vertex[i] = (struct sky_vertex){(int32_t)lat_e7, (int32_t)lon_e7};
    }
}

static void add_line(struct zone_arrays *arrays, uint32_t zone,
                     const Skywitness__Zones__V1__Line *message)
{
    arrays->line[arrays->line_count++] =
        (struct sky_line){.id = message->id,
                          .zone = zone,
                          .rule = (enum sky_edge_rule)message->edge_rule,
                          .accuracy_stated = message->accuracy != NULL,
                          .sigma_m = message->accuracy != NULL ? message->accuracy->sigma_m : 0.0,
                          .first_ring = arrays->ring_count,
                          .ring_count = (uint32_t)message->n_ring};
    for (size_t i = 0; i < message->n_ring; i++) {
        add_ring(arrays, message->ring[i]);
    }
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
                      const Skywitness__Zones__V1__Line *message)
{
    names->line[at].id = message->id;
    names->line[at].name = message->name;
    names->line[at].party = or_empty(message->party);
    names->line[at].source = message->source;
    names->line[at].licence = message->licence;
    memcpy(names->line[at].sha256, message->sha256.data, sizeof names->line[at].sha256);
}

/* Counts rings and vertices, and says what no set may have. NULL: nothing wrong so far. */
static const char *measure(const Skywitness__Zones__V1__ZoneSet *message, size_t *ret_rings,
                           size_t *ret_vertices)
{
    size_t rings = 0;
    size_t vertices = 0;
    if (message->n_zone > SKY_ZONES_MAX) {
        return "more zones than a station watches";
    }
    if (message->n_line > SKY_LINES_MAX) {
        return "more lines than a station watches";
    }
    for (size_t i = 0; i < message->n_line; i++) {
        const Skywitness__Zones__V1__Line *line = message->line[i];
        if (line->sha256.len != sizeof((struct sky_zone_names *)0)->line[0].sha256) {
            return "the sha256 of a line is not 32 bytes";
        }
        size_t owners = 0;
        for (size_t z = 0; z < message->n_zone; z++) {
            owners += message->zone[z]->id == line->zone_id;
        }
        if (owners != 1) {
            return "a line does not belong to exactly one zone";
        }
        rings += line->n_ring;
        for (size_t k = 0; k < line->n_ring; k++) {
            if (line->ring[k]->n_lat_step_e7 != line->ring[k]->n_lon_step_e7) {
                return "a ring has more latitudes than longitudes, or fewer";
            }
            vertices += line->ring[k]->n_lat_step_e7;
        }
    }
    *ret_rings = rings;
    *ret_vertices = vertices;
    return NULL;
}

static void build_zones(const Skywitness__Zones__V1__ZoneSet *message, struct zone_arrays *arrays,
                        struct sky_zone_names *names)
{
    names->set_name = message->name;
    for (uint32_t z = 0; z < message->n_zone; z++) {
        const Skywitness__Zones__V1__Zone *zone = message->zone[z];
        const uint32_t first = arrays->line_count;
        for (size_t i = 0; i < message->n_line; i++) {
            if (message->line[i]->zone_id == zone->id) {
                name_line(names, arrays->line_count, message->line[i]);
                add_line(arrays, z, message->line[i]);
            }
        }
        arrays->zone[z] = (struct sky_zone){.id = zone->id,
                                            .floor = limit_from(zone->floor),
                                            .ceiling = limit_from(zone->ceiling),
                                            .first_line = first,
                                            .line_count = arrays->line_count - first};
        name_zone(names, z, zone);
    }
}

/* False if there is no room. */
static bool prepare(struct sky_arena *arena, struct sky_zone_set *zones)
{
    struct sky_zone_tree *const tree = sky_codec_array(arena, zones->ring_count, sizeof *tree);
    struct sky_zone_node *const node =
        sky_codec_array(arena, sky_zone_node_count(zones), sizeof *node);
    if (tree == NULL || node == NULL) {
        return false;
    }
    sky_zone_prepare(zones, tree, node);
    zones->tree = tree;
    zones->node = node;
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
    size_t rings;
    size_t vertices;
    const char *wrong = measure(message, &rings, &vertices);
    if (wrong != NULL) {
        *ret_reason = wrong;
        return SKY_E_CORRUPT;
    }

    struct zone_arrays arrays = {
        .zone = sky_codec_array(arena, message->n_zone, sizeof *arrays.zone),
        .line = sky_codec_array(arena, message->n_line, sizeof *arrays.line),
        .ring = sky_codec_array(arena, rings, sizeof *arrays.ring),
        .vertex = sky_codec_array(arena, vertices, sizeof *arrays.vertex)};
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
