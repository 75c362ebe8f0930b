#include "skyh_zonejoin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_outline.h"
#include "zones.pb-c.h"

/* The generated types under names of a readable length. */
#define pb_set Skywitness__Zones__V1__ZoneSet
#define pb_zone Skywitness__Zones__V1__Zone
#define pb_limit Skywitness__Zones__V1__Limit
#define pb_line Skywitness__Zones__V1__Line
#define pb_ring Skywitness__Zones__V1__Ring

/* A file on its way into a set. */
struct joining {
    struct skyh_zone_build *build;
    const char *file;
    struct skyh_wishes *wishes;
    struct skyh_problem *problem;
    const pb_set *set;
    uint32_t known;             /* zones in the build before this file */
    uint32_t id[SKY_ZONES_MAX]; /* of each zone of the file, in the build; 0: not there yet */
};

bool skyh_zonejoin_is_it(const char *bytes, size_t count)
{
    struct skyh_zonefile *const zones = calloc(1, sizeof *zones);
    uint8_t *const copy = malloc(count);
    struct skyh_problem ignored;
    bool is_it = false;
    if (zones != NULL && copy != NULL) {
        memcpy(copy, bytes, count);
        is_it = skyh_zonefile_take(zones, "", copy, count, &ignored);
        skyh_zonefile_close(zones);
    } else {
        free(copy);
    }
    free(zones);
    return is_it;
}

static void copy_text(char text[SKYH_TEXT_MAX], const char *from)
{
    skyh_drawing_text(text, from == NULL ? "" : from);
}

static struct sky_limit limit_of(const pb_limit *limit)
{
    return limit == NULL ? (struct sky_limit){.unlimited = true, .datum = SKY_DATUM_HAE}
                         : (struct sky_limit){.height_m = limit->height_m,
                                              .datum = (enum sky_datum)limit->datum};
}

/* The index of a zone in the file, or how many there are. */
static size_t index_of(const struct joining *joining, uint32_t id)
{
    size_t i = 0;
    while (i < joining->set->n_zone && joining->set->zone[i]->id != id) {
        i++;
    }
    return i;
}

static bool is_taken(const struct joining *joining, uint32_t id)
{
    for (size_t i = 0; i < joining->set->n_zone; i++) {
        if (joining->id[i] == id) {
            return true;
        }
    }
    return false;
}

/* The number that a zone of the file gets: of the same zone from elsewhere, or its own, or a new
 * one. Zones of one file that are called and limited alike stay two. */
static uint32_t number_for(const struct joining *joining, const struct skyh_zone_text *zone)
{
    uint32_t last = 0;
    bool is_free = true;
    for (uint32_t i = 0; i < joining->build->zone_count; i++) {
        const struct skyh_zone_text *const known = &joining->build->zone[i];
        last = known->id > last ? known->id : last;
        is_free = is_free && known->id != zone->id;
        if (i < joining->known && !is_taken(joining, known->id) &&
            strcmp(known->name, zone->name) == 0 && skyh_zonefile_same_zone(known, zone)) {
            return known->id;
        }
    }
    return is_free ? zone->id : last + 1;
}

/* Enters a zone of the file, unless it is there. */
static bool add_zone(struct joining *joining, uint32_t id, uint32_t *ret_id)
{
    const size_t index = index_of(joining, id);
    struct skyh_zone_text zone = {.id = id};
    if (index == joining->set->n_zone) {
        return skyh_fail(joining->problem, SKYH_EXIT_DATA, "%s: a line without a zone",
                         joining->file);
    }
    if (joining->id[index] == 0) {
        const pb_zone *const from = joining->set->zone[index];
        copy_text(zone.name, from->name);
        copy_text(zone.authority, from->authority);
        zone.floor = limit_of(from->floor);
        zone.ceiling = limit_of(from->ceiling);
        zone.id = number_for(joining, &zone);
        if (!skyh_zonefile_add_zone(joining->build, &zone, joining->file, joining->problem)) {
            return false;
        }
        joining->id[index] = zone.id;
    }
    *ret_id = joining->id[index];
    return true;
}

static bool make_room(const struct joining *joining, const pb_line *line)
{
    struct skyh_zone_build *const build = joining->build;
    size_t vertices = build->vertex_count, rings = build->ring_count + line->n_ring;
    for (size_t i = 0; i < line->n_ring; i++) {
        vertices += line->ring[i]->n_lat_step_e7;
    }
    if (vertices > SKYH_OUTLINE_VERTICES_MAX || rings > SKYH_OUTLINE_RINGS_MAX) {
        return skyh_fail(joining->problem, SKYH_EXIT_DATA,
                         "%s: too long; a set holds at most %d vertices in %d rings", joining->file,
                         SKYH_OUTLINE_VERTICES_MAX, SKYH_OUTLINE_RINGS_MAX);
    }
    if (!skyh_zonefile_make_room(build, (uint32_t)vertices, (uint32_t)rings)) {
        return skyh_fail(joining->problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", joining->file);
    }
    return true;
}

static void add_ring(struct skyh_zone_build *build, const pb_ring *ring)
{
    const uint32_t count = (uint32_t)ring->n_lat_step_e7;
    uint32_t lat_e7 = 0, lon_e7 = 0; /* steps are added modulo 2^32 */
    build->ring[build->ring_count] =
        (struct sky_ring){.first = build->vertex_count, .count = count};
    build->border_edges[build->ring_count++] = ring->has_border_edges ? ring->border_edges : count;
    for (uint32_t i = 0; i < count; i++) {
        lat_e7 += (uint32_t)ring->lat_step_e7[i];
        lon_e7 += (uint32_t)ring->lon_step_e7[i];
        build->vertex[build->vertex_count++] =
            (struct sky_vertex){.lat_e7 = (int32_t)lat_e7, .lon_e7 = (int32_t)lon_e7};
    }
}

static bool add_line(struct joining *joining, const pb_line *from)
{
    struct skyh_zone_build *const build = joining->build;
    uint32_t zone_id = 0, right_zone_id = 0;
    if (!add_zone(joining, from->zone_id, &zone_id) ||
        (from->has_right_zone_id && !add_zone(joining, from->right_zone_id, &right_zone_id)) ||
        !skyh_zonefile_has_room(build, zone_id, right_zone_id, joining->file, joining->problem) ||
        !make_room(joining, from)) {
        return false;
    }
    struct skyh_line_text *const line = &build->line[build->line_count++];
    memset(line, 0, sizeof *line);
    line->zone_id = zone_id;
    line->right_zone_id = right_zone_id;
    copy_text(line->name, from->name);
    copy_text(line->party, from->party);
    copy_text(line->source, from->source);
    copy_text(line->licence, from->licence);
    copy_text(line->valid_from, from->valid_from);
    copy_text(line->valid_until, from->valid_until);
    memcpy(line->sha256, from->sha256.data, sizeof line->sha256);
    line->rule = (enum sky_edge_rule)from->edge_rule;
    line->rule_unstated = from->edge_rule_unstated != 0;
    line->chord_m = from->has_chord_m ? from->chord_m : 0.0;
    if (from->accuracy != NULL) {
        line->accuracy = (enum skyh_accuracy)from->accuracy->form;
        line->stated_m = from->accuracy->stated_m;
    }
    line->first_ring = build->ring_count;
    line->ring_count = (uint32_t)from->n_ring;
    for (size_t i = 0; i < from->n_ring; i++) {
        add_ring(build, from->ring[i]);
    }
    return true;
}

static bool is_wished(const struct joining *joining, const pb_line *line)
{
    struct skyh_wishes *const wishes = joining->wishes;
    const size_t index = index_of(joining, line->zone_id);
    bool wished = wishes->select_count == 0;
    for (size_t i = 0; i < wishes->select_count && index < joining->set->n_zone; i++) {
        if (strcmp(wishes->select[i], joining->set->zone[index]->name) == 0) {
            wishes->selected[i] = true;
            wished = true;
        }
    }
    return wished;
}

bool skyh_zonejoin_add(struct skyh_zone_build *build, const char *file, const char *bytes,
                       size_t count, struct skyh_wishes *wishes, struct skyh_problem *problem)
{
    pb_set *const set =
        skywitness__zones__v1__zone_set__unpack(NULL, count, (const uint8_t *)bytes);
    struct joining joining = {.build = build,
                              .file = file,
                              .wishes = wishes,
                              .problem = problem,
                              .set = set,
                              .known = build->zone_count};
    bool added = set != NULL;
    if (!added) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", file);
    }
    for (size_t i = 0; added && i < set->n_line; i++) {
        added = !is_wished(&joining, set->line[i]) || add_line(&joining, set->line[i]);
    }
    skywitness__zones__v1__zone_set__free_unpacked(set, NULL);
    return added;
}
