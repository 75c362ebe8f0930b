#include "skyh_zonefile.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_json.h"
#include "zones.pb-c.h"

/* The generated types under names of a readable length. */
#define pb_set Skywitness__Zones__V1__ZoneSet
#define pb_geoid Skywitness__Zones__V1__Geoid
#define pb_zone Skywitness__Zones__V1__Zone
#define pb_limit Skywitness__Zones__V1__Limit
#define pb_line Skywitness__Zones__V1__Line
#define pb_accuracy Skywitness__Zones__V1__Accuracy
#define pb_ring Skywitness__Zones__V1__Ring

/* One set in the generated types, with everything it points to. */
struct packing {
    pb_set set;
    pb_geoid geoid;
    pb_zone zone[SKY_ZONES_MAX];
    pb_limit limit[SKY_ZONES_MAX][2];
    pb_zone *zones[SKY_ZONES_MAX];
    pb_line line[SKY_LINES_MAX];
    pb_accuracy accuracy[SKY_LINES_MAX];
    pb_line *lines[SKY_LINES_MAX];
    pb_ring *ring;   /* as many as the build has ... */
    pb_ring **rings; /* ... pointers to them ... */
    int32_t *steps;  /* ... and two steps per vertex */
};

/* How many sigmas of one axis a circular error is: sqrt(-2 ln(1 - p)). */
static double sigmas_in(enum skyh_accuracy accuracy)
{
    switch (accuracy) {
    case SKYH_ACCURACY_CE90:
        return 2.1459660262893472;
    case SKYH_ACCURACY_CE95:
        return 2.4477468306808161;
    case SKYH_ACCURACY_SIGMA:
    case SKYH_ACCURACY_UNSTATED:
        return 1.0;
    }
    return 1.0;
}

/* protobuf-c wants pointers it may write to, and writes to none when packing. */
static char *lend(const char *text)
{
    union {
        const char *in;
        char *out;
    } lent = {.in = text};
    return lent.out;
}

static char *lend_if_any(const char *text) { return text[0] == '\0' ? NULL : lend(text); }

static pb_limit *pack_limit(pb_limit *place, const struct sky_limit *limit)
{
    skywitness__zones__v1__limit__init(place);
    place->height_m = limit->height_m;
    place->datum = (Skywitness__Zones__V1__Datum)limit->datum;
    return limit->unlimited ? NULL : place;
}

static void pack_zone(struct packing *packing, uint32_t i, const struct skyh_zone_text *zone)
{
    pb_zone *const place = &packing->zone[i];
    skywitness__zones__v1__zone__init(place);
    place->id = zone->id;
    place->name = lend(zone->name);
    place->authority = lend_if_any(zone->authority);
    place->floor = pack_limit(&packing->limit[i][0], &zone->floor);
    place->ceiling = pack_limit(&packing->limit[i][1], &zone->ceiling);
    packing->zones[i] = place;
}

static void pack_rings(struct packing *packing, const struct skyh_zone_build *build,
                       const struct skyh_line_text *line)
{
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        const struct sky_ring where = build->ring[r];
        int32_t *const lat = packing->steps + (size_t)2 * where.first;
        int32_t *const lon = lat + where.count;
        struct sky_vertex before = {0, 0};
        for (uint32_t i = 0; i < where.count; i++) {
            const struct sky_vertex vertex = build->vertex[where.first + i];
            lat[i] = vertex.lat_e7 - before.lat_e7;
            /* May wrap, across the antimeridian, and wraps back when it is read. */
            lon[i] = (int32_t)((uint32_t)vertex.lon_e7 - (uint32_t)before.lon_e7);
            before = vertex;
        }
        skywitness__zones__v1__ring__init(&packing->ring[r]);
        packing->ring[r].n_lat_step_e7 = where.count;
        packing->ring[r].lat_step_e7 = lat;
        packing->ring[r].n_lon_step_e7 = where.count;
        packing->ring[r].lon_step_e7 = lon;
        if (build->border_edges != NULL && build->border_edges[r] < where.count) {
            packing->ring[r].has_border_edges = 1;
            packing->ring[r].border_edges = build->border_edges[r];
        }
        packing->rings[r] = &packing->ring[r];
    }
}

static void pack_line(struct packing *packing, uint32_t i, const struct skyh_zone_build *build,
                      const struct skyh_line_text *line)
{
    pb_line *const place = &packing->line[i];
    skywitness__zones__v1__line__init(place);
    place->id = i + 1;
    place->zone_id = line->zone_id;
    place->name = lend(line->name);
    place->party = lend_if_any(line->party);
    place->source = lend(line->source);
    place->licence = lend(line->licence);
    place->valid_from = lend_if_any(line->valid_from);
    place->sha256.len = sizeof line->sha256;
    place->sha256.data = (uint8_t *)lend((const char *)line->sha256);
    place->valid_until = lend_if_any(line->valid_until);
    place->edge_rule = (Skywitness__Zones__V1__EdgeRule)line->rule;
    place->has_edge_rule_unstated = place->edge_rule_unstated = line->rule_unstated ? 1 : 0;
    place->has_chord_m = line->chord_m > 0.0 ? 1 : 0;
    place->chord_m = line->chord_m;
    place->has_right_zone_id = line->right_zone_id != 0 ? 1 : 0;
    place->right_zone_id = line->right_zone_id;
    if (line->accuracy != SKYH_ACCURACY_UNSTATED) {
        pb_accuracy *const accuracy = &packing->accuracy[i];
        skywitness__zones__v1__accuracy__init(accuracy);
        accuracy->form = (Skywitness__Zones__V1__AccuracyForm)line->accuracy;
        accuracy->stated_m = line->stated_m;
        accuracy->sigma_m = line->stated_m / sigmas_in(line->accuracy);
        place->accuracy = accuracy;
    }
    pack_rings(packing, build, line);
    place->n_ring = line->ring_count;
    place->ring = packing->rings + line->first_ring;
    packing->lines[i] = place;
}

static void pack_geoid(struct packing *packing, const struct skyh_geoid_tile *tile)
{
    static const char model[] = "EGM96";
    skywitness__zones__v1__geoid__init(&packing->geoid);
    packing->geoid.model = lend(model);
    packing->geoid.south_e7 = tile->south_e7;
    packing->geoid.west_e7 = tile->west_e7;
    packing->geoid.step_e7 = tile->step_e7;
    packing->geoid.rows = tile->rows;
    packing->geoid.columns = tile->columns;
    packing->geoid.n_height_cm = (size_t)tile->rows * tile->columns;
    packing->geoid.height_cm = tile->height_cm;
    packing->set.geoid = &packing->geoid;
}

/* Lines come zone by zone, in the order they were read within a zone. */
static void pack_set(struct packing *packing, const struct skyh_zone_build *build)
{
    uint32_t lines = 0;
    skywitness__zones__v1__zone_set__init(&packing->set);
    packing->set.name = lend(build->name);
    packing->set.has_geoid_undulation_m = build->has_geoid ? 1 : 0;
    packing->set.geoid_undulation_m = build->geoid_undulation_m;
    if (build->geoid.rows > 0) {
        pack_geoid(packing, &build->geoid);
    }
    for (uint32_t z = 0; z < build->zone_count; z++) {
        pack_zone(packing, z, &build->zone[z]);
        for (uint32_t i = 0; i < build->line_count; i++) {
            if (build->line[i].zone_id == build->zone[z].id) {
                pack_line(packing, lines++, build, &build->line[i]);
            }
        }
    }
    uint32_t id = lines;
    for (uint32_t i = 0; i < lines; i++) {
        packing->line[i].has_right_line_id = packing->line[i].has_right_zone_id;
        packing->line[i].right_line_id = packing->line[i].has_right_zone_id ? ++id : 0;
    }
    packing->set.n_zone = build->zone_count;
    packing->set.zone = packing->zones;
    packing->set.n_line = lines;
    packing->set.line = packing->lines;
}

static bool write_set(const struct packing *packing, uint8_t **ret_bytes, size_t *ret_count,
                      struct skyh_problem *problem)
{
    const size_t count = skywitness__zones__v1__zone_set__get_packed_size(&packing->set);
    if (count > SKY_CODEC_ZONES_MAX) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "zone set: %zu bytes; expected %d at most: fewer or simpler lines", count,
                         SKY_CODEC_ZONES_MAX);
    }
    uint8_t *const bytes = malloc(count);
    if (bytes == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "zone set: out of memory");
    }
    *ret_count = skywitness__zones__v1__zone_set__pack(&packing->set, bytes);
    *ret_bytes = bytes;
    return true;
}

/* -------------------------------------------------------------------------- zones and lines */

static bool same_limit(const struct sky_limit *a, const struct sky_limit *b)
{
    return a->unlimited == b->unlimited && a->datum == b->datum &&
           !(a->height_m < b->height_m || a->height_m > b->height_m);
}

bool skyh_zonefile_same_zone(const struct skyh_zone_text *a, const struct skyh_zone_text *b)
{
    return strcmp(a->authority, b->authority) == 0 && same_limit(&a->floor, &b->floor) &&
           same_limit(&a->ceiling, &b->ceiling);
}

static uint32_t twice(uint32_t room, uint32_t needed)
{
    return needed > 2 * room ? needed + 64 : 2 * room;
}

bool skyh_zonefile_make_room(struct skyh_zone_build *build, uint32_t vertices, uint32_t rings)
{
    if (vertices > build->vertex_room) {
        const uint32_t room = twice(build->vertex_room, vertices);
        struct sky_vertex *const vertex = realloc(build->vertex, room * sizeof *vertex);
        if (vertex == NULL) {
            return false;
        }
        build->vertex = vertex;
        build->vertex_room = room;
    }
    if (rings > build->ring_room) {
        const uint32_t room = twice(build->ring_room, rings);
        struct sky_ring *const ring = realloc(build->ring, room * sizeof *ring);
        uint32_t *const border_edges = realloc(build->border_edges, room * sizeof *border_edges);
        build->ring = ring != NULL ? ring : build->ring;
        build->border_edges = border_edges != NULL ? border_edges : build->border_edges;
        if (ring == NULL || border_edges == NULL) {
            return false;
        }
        build->ring_room = room;
    }
    return true;
}

bool skyh_zonefile_add_zone(struct skyh_zone_build *build, const struct skyh_zone_text *zone,
                            const char *where, struct skyh_problem *problem)
{
    for (uint32_t i = 0; i < build->zone_count; i++) {
        const struct skyh_zone_text *const known = &build->zone[i];
        if (known->id != zone->id) {
            continue;
        }
        if (strcmp(known->name, zone->name) != 0 || !skyh_zonefile_same_zone(known, zone)) {
            return skyh_fail(problem, SKYH_EXIT_DATA,
                             "%s: zone %u was described otherwise before; expected the same name, "
                             "authority, floor and ceiling for all its lines",
                             where, zone->id);
        }
        return true;
    }
    if (build->zone_count >= SKY_ZONES_MAX) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: one zone too many; expected %d at most: choose with --select NAME",
                         where, SKY_ZONES_MAX);
    }
    build->zone[build->zone_count++] = *zone;
    return true;
}

static uint32_t lines_of(const struct skyh_zone_build *build, uint32_t zone_id)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < build->line_count; i++) {
        count += build->line[i].zone_id == zone_id ? 1 : 0;
        count += build->line[i].right_zone_id == zone_id ? 1 : 0;
    }
    return count;
}

bool skyh_zonefile_has_room(const struct skyh_zone_build *build, uint32_t zone_id,
                            uint32_t right_zone_id, const char *where, struct skyh_problem *problem)
{
    uint32_t all = right_zone_id != 0 ? 2 : 1; /* either side counts */
    for (uint32_t i = 0; i < build->line_count; i++) {
        all += build->line[i].right_zone_id != 0 ? 2 : 1;
    }
    if (all > SKY_LINES_MAX || lines_of(build, zone_id) >= SKY_ZONE_LINES_MAX ||
        (right_zone_id != 0 && lines_of(build, right_zone_id) >= SKY_ZONE_LINES_MAX)) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: one line too many; expected %d of one zone and %d in all at most: "
                         "choose with --select NAME",
                         where, SKY_ZONE_LINES_MAX, SKY_LINES_MAX);
    }
    return true;
}

/* ----------------------------------------------------------------------------------- packing */

bool skyh_zonefile_pack(const struct skyh_zone_build *build, uint8_t **ret_bytes, size_t *ret_count,
                        struct skyh_problem *problem)
{
    if (build->line_count == 0) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "zone set: no line; expected one at least");
    }
    struct packing *const packing = calloc(1, sizeof *packing);
    bool packed = false;
    if (packing != NULL) {
        packing->ring = calloc(build->ring_count, sizeof *packing->ring);
        packing->rings = calloc(build->ring_count, sizeof(void *));
        packing->steps = calloc(build->vertex_count, 2 * sizeof *packing->steps);
    }
    if (packing != NULL && packing->ring != NULL && packing->rings != NULL &&
        packing->steps != NULL) {
        pack_set(packing, build);
        packed = write_set(packing, ret_bytes, ret_count, problem);
    } else {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "zone set: out of memory");
    }
    if (packing != NULL) {
        free(packing->ring);
        free(packing->rings);
        free(packing->steps);
    }
    free(packing);
    return packed;
}

void skyh_zonefile_done(struct skyh_zone_build *build)
{
    free(build->ring);
    free(build->border_edges);
    free(build->vertex);
    free(build->geoid.height_cm);
    memset(&build->geoid, 0, sizeof build->geoid);
    build->ring = NULL;
    build->border_edges = NULL;
    build->vertex = NULL;
    build->ring_count = build->ring_room = 0;
    build->vertex_count = build->vertex_room = 0;
}

bool skyh_zonefile_take(struct skyh_zonefile *zones, const char *name, uint8_t *bytes, size_t count,
                        struct skyh_problem *problem)
{
    zones->bytes = bytes;
    zones->count = count;
    if (count > SKY_CODEC_ZONES_MAX) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: %zu bytes; expected a zone set of %d at most", name, count,
                         SKY_CODEC_ZONES_MAX);
    }
    /* Unpacked, a byte of steps becomes at most a vertex, and messages a pointer and a struct. */
    zones->arena.capacity = 65536 + 48 * count;
    zones->arena.bytes = malloc(zones->arena.capacity);
    if (zones->arena.bytes == NULL || !skyh_zonefile_hash(bytes, count, zones->sha256)) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", name);
    }
    const char *reason = "not a zone set";
    if (sky_codec_unpack_zones(bytes, count, &zones->arena, &zones->set, &zones->names, &reason) !=
        SKY_OK) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: %s; expected a zone set made by skywitness zones build", name,
                         reason);
    }
    return true;
}

bool skyh_zonefile_open(struct skyh_zonefile *zones, const char *file, struct skyh_problem *problem)
{
    char *bytes = NULL;
    size_t count = 0;
    return skyh_json_slurp(file, &bytes, &count, problem) &&
           skyh_zonefile_take(zones, file, (uint8_t *)bytes, count, problem);
}

void skyh_zonefile_close(struct skyh_zonefile *zones)
{
    free(zones->bytes);
    free(zones->arena.bytes);
    memset(zones, 0, sizeof *zones);
}

bool skyh_zonefile_hash(const void *bytes, size_t count, uint8_t ret_sha256[32])
{
    return EVP_Digest(bytes, count, ret_sha256, NULL, EVP_sha256(), NULL) == 1;
}

char *skyh_zonefile_hex(const uint8_t sha256[32], char text[65])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        text[2 * i] = digits[sha256[i] >> 4];
        text[2 * i + 1] = digits[sha256[i] & 15];
    }
    text[64] = '\0';
    return text;
}
