#include "skyh_outline.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_crossing.h"
#include "skyh_loops.h"

static const double degree = SKY_PI / 180.0;
static const double unit_m = 0.0111319491; /* 1e-7 degree of the equator */
static const int64_t turn_e7 = INT64_C(3600000000), half_turn_e7 = INT64_C(1800000000);

/* What the pieces of a curve may be off, so that rounding their ends keeps it within the limit. */
static const double cut_m = 0.085;

/* A position of a ring or line: checked, in the range that runs on from the first of the line. */
struct corner {
    struct skyh_place at;
    uint32_t number;
    uint32_t arc;
};

/* Of a stored vertex: where it is without wrapping, and what its edge comes from. */
struct trace {
    int64_t lon_e7;
    uint32_t number;
};

enum { TRACE_ROOM = 128 };

static const uint32_t closing_number = UINT32_MAX;

/* One feature on its way. */
struct outline {
    struct skyh_zone_build *build;
    const struct skyh_drawing *drawing;
    const struct skyh_feature *feature;
    struct skyh_notes *notes;
    struct skyh_problem *problem;
    struct corner *corner; /* of the current path */
    uint32_t corner_count;
    struct trace *trace; /* of the line's vertices */
    uint32_t trace_room;
    uint32_t first_vertex;
    uint32_t first_ring;
    uint32_t path[SKYH_OUTLINE_RINGS_MAX]; /* of each ring of the line: index in drawing->path */
    bool has_edges;                        /* not only arcs */
    double chord_m;
    double rounding_m;
    uint32_t turned;
};

/* "FILE: where: what". */
static bool fail_at(const struct outline *outline, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail_at(const struct outline *outline, const char *where, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return skyh_fail(outline->problem, SKYH_EXIT_DATA, "%s: %s: %s", outline->drawing->file, where,
                     text);
}

static bool no_memory(const struct outline *outline)
{
    return skyh_fail(outline->problem, SKYH_EXIT_SOFTWARE, "%s: out of memory",
                     outline->drawing->file);
}

/* ---------------------------------------------------------------------------------- corners */

static bool check_place(const struct outline *outline, const struct skyh_path *path,
                        const struct skyh_point *point)
{
    const struct skyh_place at = point->at;
    if (at.lon_deg >= -180.0 && at.lon_deg <= 180.0 && at.lat_deg >= -89.0 && at.lat_deg <= 89.0) {
        return true;
    }
    char where[SKYH_WHERE_MAX];
    return fail_at(outline, skyh_drawing_where(outline->drawing, path, point->number, where),
                   "[%.9g, %.9g] is out of range; expected longitude -180 to 180 and latitude -89 "
                   "to 89",
                   at.lon_deg, at.lat_deg);
}

static bool same(struct skyh_place a, struct skyh_place b)
{
    return llround(a.lat_deg * 1e7) == llround(b.lat_deg * 1e7) &&
           llround(a.lon_deg * 1e7) == llround(b.lon_deg * 1e7);
}

/* Takes the points of a path without those that repeat the one before. Of arcs that is how they
 * are joined, else a fault. */
static bool take_corners(struct outline *outline, const struct skyh_path *path)
{
    uint32_t repeated = 0, across = 0;
    outline->corner_count = 0;
    if (path->count == 0) {
        return true;
    }
    const struct skyh_point *const point = outline->drawing->point + path->first;
    for (uint32_t i = 0; i < path->count; i++) {
        if (!check_place(outline, path, &point[i])) {
            return false;
        }
        struct corner *const last =
            outline->corner_count > 0 ? &outline->corner[outline->corner_count - 1] : NULL;
        const double before_deg =
            last != NULL ? last->at.lon_deg
                         : outline->drawing
                               ->point[outline->drawing->path[outline->feature->first_path].first]
                               .at.lon_deg;
        across += i > 0 && point[i - 1].arc == 0 &&
                          fabs(point[i].at.lon_deg - point[i - 1].at.lon_deg) > 180.0
                      ? 1
                      : 0;
        const struct skyh_place at = {point[i].at.lat_deg,
                                      skyh_curve_near(point[i].at.lon_deg, before_deg)};
        if (last != NULL && last->arc == 0 && same(last->at, at)) {
            const bool joins_arcs = point[i].arc != 0 || (i > 1 && point[i - 2].arc != 0);
            repeated += joins_arcs ? 0 : 1;
            last->arc = point[i].arc;
            continue;
        }
        outline->corner[outline->corner_count++] =
            (struct corner){.at = at, .number = point[i].number, .arc = point[i].arc};
    }
    if (repeated > 0) {
        skyh_notes_add(outline->notes, "%s: %s: %u position%s repeated the one before; left out",
                       outline->drawing->file, path->where, repeated, repeated == 1 ? "" : "s");
    }
    if (across > 0) {
        skyh_notes_add(outline->notes,
                       "%s: %s: %u edge%s wider than 180 degrees; taken the short way, across the "
                       "antimeridian",
                       outline->drawing->file, path->where, across, across == 1 ? "" : "s");
    }
    return true;
}

/* A ring's last position is its first again; that one is left out. */
static bool close_ring(struct outline *outline, const struct skyh_path *path)
{
    const struct corner *const first = &outline->corner[0];
    const struct corner *const last = &outline->corner[outline->corner_count - 1];
    if (outline->corner_count > 1 && same(first->at, last->at)) {
        outline->corner_count--;
        return true;
    }
    const double first_deg = skyh_curve_near(first->at.lon_deg, last->at.lon_deg);
    if (fabs(first_deg - first->at.lon_deg) > 180.0) {
        return fail_at(outline, path->where,
                       "runs round a pole; expected a ring that does not: split it");
    }
    skyh_notes_add(outline->notes, "%s: %s: not closed; closed it", outline->drawing->file,
                   path->where);
    return true;
}

/* ----------------------------------------------------------------------------------- pieces */

static bool make_room(struct outline *outline, const struct skyh_path *path)
{
    struct skyh_zone_build *const build = outline->build;
    const uint32_t used = build->vertex_count - outline->first_vertex;
    if (build->vertex_count >= SKYH_OUTLINE_VERTICES_MAX) {
        return fail_at(outline, path->where,
                       "too long; a set holds at most %d vertices in %d rings, those that make up "
                       "arcs and edges that are not planar included",
                       SKYH_OUTLINE_VERTICES_MAX, SKYH_OUTLINE_RINGS_MAX);
    }
    if (!skyh_zonefile_make_room(build, build->vertex_count + 1, 0)) {
        return no_memory(outline);
    }
    if (used >= outline->trace_room) {
        const uint32_t room = 2 * outline->trace_room;
        struct trace *const trace = realloc(outline->trace, room * sizeof *trace);
        if (trace == NULL) {
            return no_memory(outline);
        }
        outline->trace = trace;
        outline->trace_room = room;
    }
    return true;
}

/* How far rounding moves a place, if it does at all. */
static double rounding_of(struct skyh_place at, int64_t lat_e7, int64_t lon_e7)
{
    const double y = at.lat_deg * 1e7 - (double)lat_e7;
    const double x = (at.lon_deg * 1e7 - (double)lon_e7) * cos(at.lat_deg * degree);
    const double moved = hypot(x, y);
    return moved > 1e-3 ? moved * unit_m : 0.0; /* a decimal fraction is not exact in binary */
}

/* Adds a vertex to the ring that begins at `first`, unless it is the one before. */
static bool put(struct outline *outline, const struct skyh_path *path, uint32_t first,
                struct skyh_place at, uint32_t number)
{
    struct skyh_zone_build *const build = outline->build;
    const int64_t lat_e7 = llround(at.lat_deg * 1e7), lon_e7 = llround(at.lon_deg * 1e7);
    if (!make_room(outline, path)) {
        return false;
    }
    struct trace *const trace = outline->trace + (build->vertex_count - outline->first_vertex);
    struct sky_vertex *const vertex = build->vertex + build->vertex_count;
    if (build->vertex_count > first && vertex[-1].lat_e7 == lat_e7 && trace[-1].lon_e7 == lon_e7) {
        return true;
    }
    if (!(at.lat_deg >= -89.0 && at.lat_deg <= 89.0)) {
        return fail_at(outline, path->where,
                       "comes nearer to a pole than 1 degree between its positions; expected "
                       "latitudes from -89 to 89");
    }
    outline->rounding_m = fmax(outline->rounding_m, rounding_of(at, lat_e7, lon_e7));
    *trace = (struct trace){.lon_e7 = lon_e7, .number = number};
    const int64_t turns = llrint((double)lon_e7 / (double)turn_e7);
    *vertex = (struct sky_vertex){.lat_e7 = (int32_t)lat_e7,
                                  .lon_e7 = (int32_t)(lon_e7 - turns * turn_e7)};
    build->vertex_count++;
    return true;
}

/* Adds the pieces from a corner up to, but without, the next one. */
static bool cut(struct outline *outline, const struct skyh_path *path, uint32_t first,
                const struct corner *from, struct skyh_place to)
{
    const struct skyh_curve curve =
        from->arc == 0 ? skyh_curve_edge(outline->feature->line.rule, from->at, to)
                       : skyh_curve_arc(&outline->drawing->arc[from->arc - 1], from->at, to);
    double share = 0.0, step = 1.0;
    outline->has_edges = outline->has_edges || from->arc == 0;
    while (share < 1.0) {
        if (!put(outline, path, first, skyh_curve_at(&curve, share), from->number)) {
            return false;
        }
        share = skyh_curve_next(&curve, share, cut_m, &step, &outline->chord_m);
    }
    return true;
}

/* ---------------------------------------------------------------------------- far-off closing */

/* The plane in which a line is closed: degrees, longitudes shrunk as at the middle's latitude. */
struct plane {
    double lat_deg;
    double lon_deg;
    double shrink;
    double reach_deg; /* of the circle round the line */
};

struct spot {
    double x;
    double y;
};

static struct spot spot_of(const struct outline *outline, const struct plane *plane, uint32_t at)
{
    const struct trace *const trace = outline->trace + (at - outline->first_vertex);
    return (struct spot){((double)trace->lon_e7 * 1e-7 - plane->lon_deg) * plane->shrink,
                         outline->build->vertex[at].lat_e7 * 1e-7 - plane->lat_deg};
}

static bool lay_plane(const struct outline *outline, const struct skyh_path *path, uint32_t first,
                      struct plane *ret_plane)
{
    double low[2] = {HUGE_VAL, HUGE_VAL}, high[2] = {-HUGE_VAL, -HUGE_VAL}, far_deg = 0.0;
    const struct plane none = {.shrink = 1.0};
    for (uint32_t i = first; i < outline->build->vertex_count; i++) {
        const struct spot spot = spot_of(outline, &none, i);
        low[0] = fmin(low[0], spot.x);
        low[1] = fmin(low[1], spot.y);
        high[0] = fmax(high[0], spot.x);
        high[1] = fmax(high[1], spot.y);
    }
    struct plane plane = {.lat_deg = 0.5 * (low[1] + high[1]), .lon_deg = 0.5 * (low[0] + high[0])};
    plane.shrink = cos(plane.lat_deg * degree);
    for (uint32_t i = first; i < outline->build->vertex_count; i++) {
        const struct spot spot = spot_of(outline, &plane, i);
        far_deg = fmax(far_deg, hypot(spot.x, spot.y));
    }
    plane.reach_deg = far_deg + SKYH_OUTLINE_REACH_KM / 111.0;
    if (fabs(plane.lat_deg) + plane.reach_deg > 89.0 || plane.reach_deg > 89.0 * plane.shrink) {
        return fail_at(outline, path->where,
                       "too long or too near a pole to be closed %d km beyond its ends; expected a "
                       "Polygon that closes it",
                       SKYH_OUTLINE_REACH_KM);
    }
    *ret_plane = plane;
    return true;
}

/* Bearing in the plane, from the middle, of where one end meets the circle. `step` leads from the
 * end into the line. */
static double bearing_of_end(const struct outline *outline, const struct plane *plane, uint32_t end,
                             int step, uint32_t count)
{
    double whole = 0.0, along = 0.0;
    uint32_t at = end;
    for (uint32_t i = 1; i < count; i++) {
        const struct spot a = spot_of(outline, plane, at);
        at = step > 0 ? at + 1 : at - 1;
        const struct spot b = spot_of(outline, plane, at);
        whole += hypot(b.x - a.x, b.y - a.y);
    }
    const struct spot from = spot_of(outline, plane, end);
    struct spot back = from;
    at = end;
    do {
        at = step > 0 ? at + 1 : at - 1;
        const struct spot next = spot_of(outline, plane, at);
        along += hypot(next.x - back.x, next.y - back.y);
        back = next;
    } while (along < 0.1 * whole);
    const double dx = from.x - back.x, dy = from.y - back.y;
    const double length = fmax(hypot(dx, dy), 1e-12), ux = dx / length, uy = dy / length;
    const double middle = from.x * ux + from.y * uy;
    const double reach = -middle + sqrt(middle * middle - from.x * from.x - from.y * from.y +
                                        plane->reach_deg * plane->reach_deg);
    return atan2(from.y + reach * uy, from.x + reach * ux);
}

/* Closes the line whose vertices begin at `first`: on to the circle, round its left, and back. */
static bool close_far_off(struct outline *outline, const struct skyh_path *path, uint32_t first)
{
    const uint32_t count = outline->build->vertex_count - first;
    struct plane plane;
    if (!lay_plane(outline, path, first, &plane)) {
        return false;
    }
    const double leave = bearing_of_end(outline, &plane, first + count - 1, -1, count);
    const double enter = bearing_of_end(outline, &plane, first, 1, count);
    const double sweep = enter > leave ? enter - leave : enter - leave + 2.0 * SKY_PI;
    const int pieces = (int)ceil(sweep / (15.0 * degree));
    outline->trace[count - 1 + first - outline->first_vertex].number = closing_number;
    for (int i = 0; i <= pieces; i++) {
        const double bearing = leave + sweep * i / pieces;
        const struct skyh_place at = {plane.lat_deg + plane.reach_deg * sin(bearing),
                                      plane.lon_deg +
                                          plane.reach_deg * cos(bearing) / plane.shrink};
        const double before_m = outline->rounding_m;
        if (!put(outline, path, first, at, closing_number)) {
            return false;
        }
        outline->rounding_m = before_m;
    }
    return true;
}

/* ----------------------------------------------------------------------------------- winding */

/* Twice the area in the lon/lat plane, positive if counter-clockwise. */
static double area_of(const struct outline *outline, uint32_t first, uint32_t count)
{
    const struct plane plane = {
        .shrink = 1.0,
        .lat_deg = outline->build->vertex[first].lat_e7 * 1e-7,
        .lon_deg = (double)outline->trace[first - outline->first_vertex].lon_e7 * 1e-7};
    double area = 0.0;
    for (uint32_t i = 2; i < count; i++) {
        const struct spot a = spot_of(outline, &plane, first + i - 1);
        const struct spot b = spot_of(outline, &plane, first + i);
        area += a.x * b.y - a.y * b.x;
    }
    return area;
}

/* The same ring the other way round, from the same vertex. An edge keeps what it comes from. */
static void turn(struct outline *outline, uint32_t first, uint32_t count)
{
    struct sky_vertex *const vertex = outline->build->vertex + first;
    struct trace *const trace = outline->trace + (first - outline->first_vertex);
    for (uint32_t i = 1, j = count - 1; i < j; i++, j--) {
        const struct sky_vertex v = vertex[i];
        vertex[i] = vertex[j];
        vertex[j] = v;
        const int64_t lon_e7 = trace[i].lon_e7;
        trace[i].lon_e7 = trace[j].lon_e7;
        trace[j].lon_e7 = lon_e7;
    }
    for (uint32_t i = 0, j = count - 1; i < j; i++, j--) {
        const uint32_t number = trace[i].number;
        trace[i].number = trace[j].number;
        trace[j].number = number;
    }
    outline->turned++;
}

/* ------------------------------------------------------------------------------------- rings */

static bool make_ring_room(const struct outline *outline, const struct skyh_path *path)
{
    struct skyh_zone_build *const build = outline->build;
    if (build->ring_count >= SKYH_OUTLINE_RINGS_MAX) {
        return fail_at(outline, path->where, "one ring too many; a set holds %d at most",
                       SKYH_OUTLINE_RINGS_MAX);
    }
    return skyh_zonefile_make_room(build, 0, build->ring_count + 1) || no_memory(outline);
}

/* Makes vertices a ring of which the last edges only close it. */
static bool add_ring(struct outline *outline, uint32_t path, uint32_t first, uint32_t count,
                     uint32_t closing)
{
    struct skyh_zone_build *const build = outline->build;
    if (!make_ring_room(outline, &outline->drawing->path[path])) {
        return false;
    }
    outline->path[build->ring_count - outline->first_ring] = path;
    build->border_edges[build->ring_count] = count - closing;
    build->ring[build->ring_count++] = (struct sky_ring){.first = first, .count = count};
    return true;
}

/* Puts the vertices from `first` on in the order of their loops, and makes rings of all loops but
 * the last. Leaves those of the last one as the last vertices there are. */
static bool add_loops(struct outline *outline, uint32_t path, uint32_t first,
                      const struct skyh_loops *loops, const struct sky_vertex *vertex,
                      const struct trace *trace)
{
    struct skyh_zone_build *const build = outline->build;
    const uint32_t *order = loops->order;
    uint32_t spurs = 0;
    build->vertex_count = first;
    for (uint32_t i = 0; i < loops->count; i++) {
        const bool is_last = i + 1 == loops->count;
        const uint32_t length = loops->length[i], begin = build->vertex_count;
        if (length < 3 && !is_last) {
            spurs++;
            order += length;
            continue;
        }
        for (uint32_t k = 0; k < length; k++) {
            build->vertex[begin + k] = vertex[order[k]];
            outline->trace[begin + k - outline->first_vertex] = trace[order[k]];
        }
        order += length;
        build->vertex_count += length;
        if (!is_last && !add_ring(outline, path, begin, length, 0)) {
            return false;
        }
    }
    const char *const where = outline->drawing->path[path].where;
    if (spurs > 0) {
        skyh_notes_add(outline->notes,
                       "%s: %s: runs %u time%s out and back on the same way; left out, as it "
                       "encloses nothing",
                       outline->drawing->file, where, spurs, spurs == 1 ? "" : "s");
    }
    if (loops->count - 1 > spurs) {
        skyh_notes_add(outline->notes, "%s: %s: meets itself in %u vert%s; cut there",
                       outline->drawing->file, where, loops->count - 1 - spurs,
                       loops->count - 1 - spurs == 1 ? "ex" : "ices");
    }
    return true;
}

/* Cuts what comes back to one of its own vertices there. */
static bool cut_loops(struct outline *outline, uint32_t path, uint32_t first)
{
    const uint32_t count = outline->build->vertex_count - first;
    struct trace *const trace = malloc(count * sizeof *trace);
    struct sky_vertex *const vertex = malloc(count * sizeof *vertex);
    struct skyh_loop_vertex *const at = malloc(count * sizeof *at);
    struct skyh_loops loops = {0};
    bool cut_them = trace != NULL && vertex != NULL && at != NULL;
    for (uint32_t i = 0; i < count && cut_them; i++) {
        vertex[i] = outline->build->vertex[first + i];
        trace[i] = outline->trace[first + i - outline->first_vertex];
        at[i] = (struct skyh_loop_vertex){trace[i].lon_e7, vertex[i].lat_e7};
    }
    cut_them = cut_them && skyh_loops_cut(&loops, at, count);
    if (!cut_them) {
        (void)no_memory(outline);
    } else if (loops.count > 1) {
        cut_them = add_loops(outline, path, first, &loops, vertex, trace);
    }
    skyh_loops_done(&loops);
    free(at);
    free(vertex);
    free(trace);
    return cut_them;
}

/* Makes the vertices from `first` on, and those of loops cut out of them before, a closed ring. */
static bool finish_ring(struct outline *outline, uint32_t path, uint32_t first)
{
    struct skyh_zone_build *const build = outline->build;
    const struct skyh_path *const from = &outline->drawing->path[path];
    const uint32_t rings = build->ring_count, count = build->vertex_count - first;
    if (count < 3) {
        return fail_at(outline, from->where, "has %u different positions; expected 3 at least",
                       count);
    }
    const double area = area_of(outline, first, count);
    if (outline->feature->winds_left && (from->is_hole ? area > 0.0 : area < 0.0)) {
        turn(outline, first, count);
    }
    if (!cut_loops(outline, path, first)) {
        return false;
    }
    uint32_t begin = first;
    for (uint32_t i = rings; i < build->ring_count; i++) {
        begin += build->ring[i].count;
    }
    const uint32_t left = build->vertex_count - begin;
    if (left >= 3) {
        return add_ring(outline, path, begin, left, 0);
    }
    build->vertex_count = begin; /* the last loop is a spur */
    return build->ring_count > rings ||
           fail_at(outline, from->where, "encloses nothing; expected a ring that does");
}

/* The same of a line, which is closed far off. */
static bool finish_line(struct outline *outline, uint32_t path, uint32_t first)
{
    struct skyh_zone_build *const build = outline->build;
    const uint32_t rings = build->ring_count;
    uint32_t begin = first;
    if (!cut_loops(outline, path, first)) {
        return false;
    }
    for (uint32_t i = rings; i < build->ring_count; i++) {
        begin += build->ring[i].count;
    }
    const uint32_t border = build->vertex_count - begin;
    if (border < 2) {
        return fail_at(outline, outline->drawing->path[path].where,
                       "has %u different positions; expected 2 at least", border);
    }
    return close_far_off(outline, &outline->drawing->path[path], begin) &&
           add_ring(outline, path, begin, build->vertex_count - begin,
                    build->vertex_count - begin - (border - 1));
}

static bool take_path(struct outline *outline, uint32_t index)
{
    const struct skyh_path *const path = &outline->drawing->path[index];
    const uint32_t first = outline->build->vertex_count;
    bool is_line = path->is_line;
    if (!take_corners(outline, path)) {
        return false;
    }
    if (outline->corner_count < 2) {
        return fail_at(outline, path->where, "has %u different positions; expected %d at least",
                       outline->corner_count, is_line ? 2 : 3);
    }
    const struct corner *const last = &outline->corner[outline->corner_count - 1];
    if (is_line && same(outline->corner[0].at, last->at)) {
        skyh_notes_add(outline->notes, "%s: %s: ends where it begins; taken as a ring",
                       outline->drawing->file, path->where);
        is_line = false;
    }
    if (!is_line && !close_ring(outline, path)) {
        return false;
    }
    const uint32_t count = outline->corner_count;
    for (uint32_t i = 0; i < (is_line ? count - 1 : count); i++) {
        const struct skyh_place next = outline->corner[i + 1 < count ? i + 1 : 0].at;
        if (!cut(outline, path, first, &outline->corner[i], next)) {
            return false;
        }
    }
    if (!is_line) {
        return finish_ring(outline, index, first);
    }
    return put(outline, path, first, last->at, last->number) && finish_line(outline, index, first);
}

/* ------------------------------------------------------------------------------------ checks */

static bool check_width(const struct outline *outline)
{
    int64_t low = INT64_MAX, high = INT64_MIN;
    const uint32_t count = outline->build->vertex_count - outline->first_vertex;
    for (uint32_t i = 0; i < count; i++) {
        low = outline->trace[i].lon_e7 < low ? outline->trace[i].lon_e7 : low;
        high = outline->trace[i].lon_e7 > high ? outline->trace[i].lon_e7 : high;
    }
    if (high - low >= half_turn_e7) {
        return fail_at(outline, outline->feature->where,
                       "%.1f degrees wide; expected less than 180: split it",
                       (double)(high - low) * 1e-7);
    }
    return true;
}

static char *name_edge(const struct outline *outline, const struct skyh_edge *edge, char text[64])
{
    const uint32_t at = outline->build->ring[outline->first_ring + edge->ring].first + edge->index;
    const uint32_t number = outline->trace[at - outline->first_vertex].number;
    if (number == closing_number) {
        (void)snprintf(text, 64, "what closes it far off");
    } else if (outline->drawing->numbering == SKYH_NUMBERING_LINES) {
        (void)snprintf(text, 64, "what leads on from line %u", number);
    } else {
        (void)snprintf(text, 64, "edge %u-%u", number, number + 1);
    }
    return text;
}

static bool report(const struct outline *outline, const struct skyh_conflict *conflict)
{
    const struct skyh_path *const a = &outline->drawing->path[outline->path[conflict->a.ring]];
    const struct skyh_path *const b = &outline->drawing->path[outline->path[conflict->b.ring]];
    char edge_a[64], edge_b[64];
    (void)name_edge(outline, &conflict->a, edge_a);
    (void)name_edge(outline, &conflict->b, edge_b);
    if (a == b) {
        return fail_at(outline, a->where, "%s %s %s; expected a %s that does not cross itself",
                       edge_a, conflict->what, edge_b, a->is_line ? "line" : "ring");
    }
    return fail_at(outline, a->where, "%s %s %s of %s; expected rings that do not cross", edge_a,
                   conflict->what, edge_b, b->where);
}

static struct skyh_edge edge_of(const struct outline *outline, uint32_t ring, uint32_t index)
{
    const struct sky_ring *const where = &outline->build->ring[outline->first_ring + ring];
    const uint32_t next = index + 1 < where->count ? index + 1 : 0;
    const uint32_t before = (index > 0 ? index : where->count) - 1;
    const uint32_t a = where->first + index, b = where->first + next, c = where->first + before;
    return (struct skyh_edge){
        .x = {outline->trace[a - outline->first_vertex].lon_e7,
              outline->trace[b - outline->first_vertex].lon_e7},
        .y = {outline->build->vertex[a].lat_e7, outline->build->vertex[b].lat_e7},
        .before_x = outline->trace[c - outline->first_vertex].lon_e7,
        .before_y = outline->build->vertex[c].lat_e7,
        .ring = ring,
        .index = index,
        .next = next};
}

/* The path in which another one is a hole: the latest before it that is none. Itself, if it is no
 * hole. */
static uint32_t outer_of(const struct outline *outline, uint32_t path)
{
    uint32_t outer = path;
    while (outer > outline->feature->first_path && outline->drawing->path[outer].is_hole) {
        outer--;
    }
    return outer;
}

static bool report_misplaced(const struct outline *outline, const struct skyh_part *part)
{
    const struct skyh_path *const path = &outline->drawing->path[part->path];
    if (part->outer == part->path) {
        return fail_at(outline, path->where,
                       "lies inside another part; expected parts beside each other");
    }
    return fail_at(outline, path->where, "a hole that is not in %s alone; expected it there",
                   outline->drawing->path[part->outer].where);
}

static bool check_nesting(const struct outline *outline, const struct skyh_edge *edge,
                          uint32_t count)
{
    const uint32_t rings = outline->build->ring_count - outline->first_ring;
    struct skyh_part *const part = calloc((size_t)rings + 1, sizeof *part);
    uint32_t misplaced = 0;
    if (part == NULL) {
        return no_memory(outline);
    }
    for (uint32_t ring = 0; ring < rings; ring++) {
        const uint32_t path = outline->path[ring];
        part[ring] = (struct skyh_part){.path = path, .outer = outer_of(outline, path)};
    }
    const bool sound = !skyh_crossing_misplaced(edge, count, part, &misplaced) ||
                       report_misplaced(outline, &part[misplaced]);
    free(part);
    return sound;
}

static bool check_filled(const struct outline *outline, struct skyh_edge *edge, uint32_t count)
{
    struct skyh_conflict conflict;
    switch (skyh_crossing_find(edge, count, SKYH_CROSSING_COMPARISONS_MAX, &conflict)) {
    case SKYH_CROSSING_FOUND:
        return report(outline, &conflict);
    case SKYH_CROSSING_TOO_MANY:
        return fail_at(outline, outline->feature->where,
                       "too many long edges beside each other to see whether any two cross; "
                       "expected fewer");
    case SKYH_CROSSING_NONE:
        break;
    }
    return check_nesting(outline, edge, count);
}

static bool check_edges(const struct outline *outline)
{
    const uint32_t count = outline->build->vertex_count - outline->first_vertex;
    struct skyh_edge *const edge = malloc(count * sizeof *edge);
    uint32_t filled = 0;
    if (edge == NULL) {
        return no_memory(outline);
    }
    for (uint32_t ring = 0; ring < outline->build->ring_count - outline->first_ring; ring++) {
        const uint32_t vertices = outline->build->ring[outline->first_ring + ring].count;
        for (uint32_t i = 0; i < vertices; i++) {
            edge[filled++] = edge_of(outline, ring, i);
        }
    }
    const bool sound = check_filled(outline, edge, filled);
    free(edge);
    return sound;
}

/* ----------------------------------------------------------------------------------- features */

static bool take_paths(struct outline *outline)
{
    const struct skyh_feature *const feature = outline->feature;
    for (uint32_t i = 0; i < feature->path_count; i++) {
        if (!take_path(outline, feature->first_path + i)) {
            return false;
        }
    }
    if (feature->path_count == 0) {
        return fail_at(outline, feature->where, "draws nothing; expected a ring or a line");
    }
    if (outline->turned > 0) {
        skyh_notes_add(outline->notes,
                       "%s: %s: %u ring%s ran the wrong way round; turned, outer ones "
                       "counter-clockwise and holes clockwise",
                       outline->drawing->file, feature->where, outline->turned,
                       outline->turned == 1 ? "" : "s");
    }
    return check_width(outline) && check_edges(outline);
}

static void add_line(const struct outline *outline)
{
    struct skyh_zone_build *const build = outline->build;
    struct skyh_line_text *const line = &build->line[build->line_count++];
    *line = outline->feature->line;
    line->zone_id = outline->feature->zone.id;
    line->right_zone_id = outline->feature->right.id;
    line->first_ring = outline->first_ring;
    line->ring_count = build->ring_count - outline->first_ring;
    line->rule_unstated = line->rule_unstated && outline->has_edges;
    line->chord_m = outline->chord_m + outline->rounding_m;
}

/* The most points of a path, one more than none. */
static uint32_t longest_path(const struct skyh_drawing *drawing, const struct skyh_feature *feature)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < feature->path_count; i++) {
        const uint32_t count = drawing->path[feature->first_path + i].count;
        most = count > most ? count : most;
    }
    return most;
}

bool skyh_outline_add(struct skyh_zone_build *build, const struct skyh_drawing *drawing,
                      const struct skyh_feature *feature, struct skyh_notes *notes,
                      struct skyh_problem *problem)
{
    struct outline *const outline = calloc(1, sizeof *outline);
    struct corner *const corner = calloc(longest_path(drawing, feature), sizeof *corner);
    struct trace *const trace = malloc(TRACE_ROOM * sizeof *trace);
    bool sound = false;
    if (outline == NULL || corner == NULL || trace == NULL) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", drawing->file);
        free(trace);
    } else {
        outline->trace = trace;
        outline->trace_room = TRACE_ROOM;
        outline->build = build;
        outline->drawing = drawing;
        outline->feature = feature;
        outline->notes = notes;
        outline->problem = problem;
        outline->corner = corner;
        outline->first_vertex = build->vertex_count;
        outline->first_ring = build->ring_count;
        sound = take_paths(outline);
        if (sound) {
            add_line(outline);
        }
        free(outline->trace);
    }
    free(corner);
    free(outline);
    return sound;
}
