#include "sky_zone.h"

#include "sky_math.h"
#include "sky_zone_view.h"

/* next_vertex: the first vertex that no ring before this one owns. */
static const char *ring_fault(const struct sky_zone_set *set, uint32_t i, uint32_t next_vertex)
{
    const struct sky_ring *ring = set->ring + i;
    if (ring->count < 3) {
        return "ring: fewer than three vertices";
    }
    if (ring->first > set->vertex_count || ring->count > set->vertex_count - ring->first) {
        return "ring: vertices beyond the set";
    }
    if (ring->closing >= ring->count) {
        return "ring: no edge is border";
    }
    if (ring->first < next_vertex) {
        return "ring: vertices are not in the order of their rings";
    }
    for (uint32_t v = 0; v < ring->count; v++) {
        const struct sky_vertex *vertex = set->vertex + ring->first + v;
        if (vertex->lat_e7 < -900000000 || vertex->lat_e7 > 900000000) {
            return "vertex: latitude beyond 90 degrees";
        }
        if (vertex->lon_e7 < -1800000000 || vertex->lon_e7 > 1800000000) {
            return "vertex: longitude beyond 180 degrees";
        }
    }
    double x = 0.0, west = 0.0, east = 0.0; /* of the first vertex */
    for (uint32_t v = 1; v < ring->count; v++) {
        const struct sky_vertex *vertex = set->vertex + ring->first + v;
        const double step = (double)vertex[0].lon_e7 - (double)vertex[-1].lon_e7;
        x += step - sky_zone_turn_of(step);
        west = x < west ? x : west;
        east = x > east ? x : east;
    }
    return east - west < 180e7 ? NULL : "ring: 180 degrees wide or wider";
}

static const char *line_fault(const struct sky_zone_set *set, uint32_t i)
{
    const struct sky_line *line = set->line + i;
    if (line->id == 0) {
        return "line: id is zero";
    }
    for (uint32_t before = 0; before < i; before++) {
        if (set->line[before].id == line->id) {
            return "line: id is not unique";
        }
    }
    if (line->rule < SKY_EDGE_PLANAR || line->rule > SKY_EDGE_RHUMB) {
        return "line: unknown edge rule";
    }
    if (line->accuracy_stated && !(line->sigma_m >= 0.0 && line->sigma_m <= 1e5)) {
        return "line: sigma_m outside 0 .. 1e5";
    }
    if (!(line->chord_m >= 0.0 && line->chord_m <= 1e5)) {
        return "line: chord_m outside 0 .. 1e5";
    }
    if (line->ring_count == 0) {
        return "line: no ring";
    }
    if (line->first_ring > set->ring_count ||
        line->ring_count > set->ring_count - line->first_ring) {
        return "line: rings beyond the set";
    }
    return NULL;
}

static bool limit_ok(const struct sky_limit *limit)
{
    return limit->unlimited || (limit->datum >= SKY_DATUM_HAE && limit->datum <= SKY_DATUM_STD &&
                                sky_abs(limit->height_m) <= 1e6);
}

static bool upside_down(const struct sky_zone *zone)
{
    return !zone->floor.unlimited && !zone->ceiling.unlimited &&
           zone->floor.datum == zone->ceiling.datum &&
           zone->floor.height_m >= zone->ceiling.height_m;
}

/* next_line: the first line that no zone before this one owns. */
static const char *zone_fault(const struct sky_zone_set *set, uint32_t i, uint32_t next_line)
{
    const struct sky_zone *zone = set->zone + i;
    if (zone->id == 0) {
        return "zone: id is zero";
    }
    for (uint32_t before = 0; before < i; before++) {
        if (set->zone[before].id == zone->id) {
            return "zone: id is not unique";
        }
    }
    if (!limit_ok(&zone->floor) || !limit_ok(&zone->ceiling)) {
        return "zone: limit with an unknown datum, or height outside -1e6 .. 1e6 m";
    }
    if (upside_down(zone)) {
        return "zone: floor is not below its ceiling";
    }
    if (zone->line_count == 0 || zone->line_count > SKY_ZONE_LINES_MAX) {
        return "zone: line_count outside 1 .. SKY_ZONE_LINES_MAX";
    }
    if (zone->first_line != next_line || zone->line_count > set->line_count - next_line) {
        return "zone: lines are not in the order of their zones";
    }
    for (uint32_t l = 0; l < zone->line_count; l++) {
        if (set->line[next_line + l].zone != i) {
            return "line: names another zone than the one that owns it";
        }
    }
    return NULL;
}

static const char *set_fault(const struct sky_zone_set *set)
{
    if (set->zone_count > SKY_ZONES_MAX) {
        return "set: more zones than SKY_ZONES_MAX";
    }
    if (set->line_count > SKY_LINES_MAX) {
        return "set: more lines than SKY_LINES_MAX";
    }
    if (set->has_geoid && !(sky_abs(set->geoid_undulation_m) <= 200.0)) {
        return "set: geoid_undulation_m outside -200 .. 200";
    }
    const char *fault = sky_geoid_fault(&set->geoid);
    uint32_t next_line = 0;
    for (uint32_t i = 0; fault == NULL && i < set->zone_count; i++) {
        fault = zone_fault(set, i, next_line);
        next_line += set->zone[i].line_count;
    }
    if (fault == NULL && next_line != set->line_count) {
        fault = "set: a line belongs to no zone";
    }
    for (uint32_t i = 0; fault == NULL && i < set->line_count; i++) {
        fault = line_fault(set, i);
    }
    uint32_t next_vertex = 0;
    for (uint32_t i = 0; fault == NULL && i < set->ring_count; i++) {
        fault = ring_fault(set, i, next_vertex);
        next_vertex = set->ring[i].first + set->ring[i].count;
    }
    return fault;
}

enum sky_status sky_zone_check(const struct sky_zone_set *set, const char **ret_reason)
{
    const char *fault = set_fault(set);
    if (fault != NULL) {
        *ret_reason = fault;
        return SKY_E_RANGE;
    }
    return SKY_OK;
}
