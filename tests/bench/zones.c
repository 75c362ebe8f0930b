/*
 * zones FILE...: how fast the core answers where a place is from a border line, here and on one
 * thread, beside GEOS' prepared geometry on the same polygon, points and thread. A FILE is GeoJSON
 * with one Polygon or MultiPolygon feature.
 *
 * Both answer the same question: inside or not, the nearest point of the line, and the metres to
 * it. GEOS knows no metres: its nearest point is nearest in degrees, and PROJ's geodesic says how
 * far that is. What it is farther than the core's is printed, as is where the two do not agree on
 * which side a place is.
 */
#include <geodesic.h>
#include <geos_c.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sky_math.h"
#include "sky_zone.h"
#include "skyh_zonefile.h"

enum { ROUNDS = 9, POINTS = 10000, VERTICES_MAX = 1000000, RINGS_MAX = 4096 };

static const double degree = SKY_PI / 180.0;

struct point {
    double lat_deg;
    double lon_deg;
};

/* The same border twice. */
struct border {
    char name[24];
    struct skyh_zonefile zones;
    double load_ms; /* from the bytes of a zone file: unpacked, checked, prepared */
    GEOSGeometry *polygon;
    GEOSGeometry *line;
    const GEOSPreparedGeometry *prepared_polygon;
    const GEOSPreparedGeometry *prepared_line;
    double prepare_ms;
};

/* What one place got. */
struct answer {
    bool inside;
    double distance_m;
};

static struct geod_geodesic earth;
static struct answer ours[POINTS], theirs[POINTS];

static _Noreturn void die(const char *file, const char *what)
{
    (void)fprintf(stderr, "zones: %s: %s\n", file, what);
    exit(1);
}

static void geos_says(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
}

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double uniform(uint64_t *seed, double low, double high)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return low + (high - low) * (double)(*seed >> 11) * 0x1p-53;
}

/* ---------------------------------------------------------------------------------- reading it */

static void add_ring(struct skyh_zone_build *build, const char *file, const json_t *ring)
{
    const size_t count = json_array_size(ring) - 1; /* the last point is the first */
    if (build->ring_count == RINGS_MAX || build->vertex_count + count > VERTICES_MAX) {
        die(file, "too long");
    }
    build->ring[build->ring_count++] = (struct sky_ring){build->vertex_count, (uint32_t)count, 0};
    for (size_t i = 0; i < count; i++) {
        const json_t *const at = json_array_get(ring, i);
        build->vertex[build->vertex_count++] =
            (struct sky_vertex){(int32_t)lround(1e7 * json_number_value(json_array_get(at, 1))),
                                (int32_t)lround(1e7 * json_number_value(json_array_get(at, 0)))};
    }
}

static void add_polygon(struct skyh_zone_build *build, const char *file, const json_t *polygon)
{
    for (size_t r = 0; r < json_array_size(polygon); r++) {
        add_ring(build, file, json_array_get(polygon, r));
    }
}

/* As the file has it, repeated vertices and all. */
static void read_rings(struct skyh_zone_build *build, const char *file)
{
    json_t *const root = json_load_file(file, 0, NULL);
    const json_t *const feature = json_array_get(json_object_get(root, "features"), 0);
    const json_t *const geometry = json_object_get(feature, "geometry");
    const json_t *const coordinates = json_object_get(geometry, "coordinates");
    const char *const type = json_string_value(json_object_get(geometry, "type"));
    build->ring = calloc(RINGS_MAX, sizeof *build->ring);
    build->vertex = calloc(VERTICES_MAX, sizeof *build->vertex);
    if (type == NULL || coordinates == NULL || build->ring == NULL || build->vertex == NULL) {
        die(file, "no polygon");
    }
    if (strcmp(type, "Polygon") == 0) {
        add_polygon(build, file, coordinates);
    }
    for (size_t i = 0; strcmp(type, "MultiPolygon") == 0 && i < json_array_size(coordinates); i++) {
        add_polygon(build, file, json_array_get(coordinates, i));
    }
    json_decref(root);
}

static void load_ours(struct border *border, const char *file)
{
    static struct skyh_zone_build build;
    memset(&build, 0, sizeof build);
    read_rings(&build, file);
    build.zone_count = build.line_count = 1;
    build.zone[0] = (struct skyh_zone_text){
        .id = 1, .floor = {.unlimited = true}, .ceiling = {.unlimited = true}};
    build.line[0] = (struct skyh_line_text){
        .zone_id = 1, .rule = SKY_EDGE_PLANAR, .ring_count = build.ring_count};
    struct skyh_problem problem = {0};
    uint8_t *bytes = NULL;
    size_t count = 0;
    if (!skyh_zonefile_pack(&build, &bytes, &count, &problem)) {
        die(file, problem.text);
    }
    const double begin_s = now_s();
    if (!skyh_zonefile_take(&border->zones, file, bytes, count, &problem)) {
        die(file, problem.text);
    }
    border->load_ms = 1e3 * (now_s() - begin_s);
    skyh_zonefile_done(&build);
}

static GEOSCoordSequence *sequence_of(const struct sky_zone_set *set, const struct sky_ring *ring)
{
    GEOSCoordSequence *const sequence = GEOSCoordSeq_create(ring->count + 1, 2);
    for (uint32_t i = 0; i <= ring->count; i++) {
        const struct sky_vertex *const at = set->vertex + ring->first + i % ring->count;
        (void)GEOSCoordSeq_setXY(sequence, i, at->lon_e7 * 1e-7, at->lat_e7 * 1e-7);
    }
    return sequence;
}

/* Rings are taken as one polygon each, whose inside is that of an odd number of them. */
static void load_theirs(struct border *border)
{
    const struct sky_zone_set *const set = &border->zones.set;
    static GEOSGeometry *line[RINGS_MAX];
    for (uint32_t r = 0; r < set->ring_count; r++) {
        GEOSGeometry *const polygon = GEOSGeom_createPolygon(
            GEOSGeom_createLinearRing(sequence_of(set, &set->ring[r])), NULL, 0);
        border->polygon = r == 0 ? polygon : GEOSSymDifference(border->polygon, polygon);
        line[r] = GEOSGeom_createLineString(sequence_of(set, &set->ring[r]));
    }
    border->line = GEOSGeom_createCollection(GEOS_MULTILINESTRING, line, set->ring_count);
    const double begin_s = now_s();
    border->prepared_polygon = GEOSPrepare(border->polygon);
    border->prepared_line = GEOSPrepare(border->line);
    GEOSGeometry *const somewhere =
        GEOSGeom_createPointFromXY(0.0, 0.0); /* it prepares when asked */
    (void)GEOSPreparedContains(border->prepared_polygon, somewhere);
    GEOSCoordSeq_destroy(GEOSPreparedNearestPoints(border->prepared_line, somewhere));
    border->prepare_ms = 1e3 * (now_s() - begin_s);
    GEOSGeom_destroy(somewhere);
}

/* -------------------------------------------------------------------------------------- points */

/* Within 50 km of some vertex, more or less; over everything and a degree more; along a flight. */
enum where { NEAR, WIDE, TRACK };
static const char *const where_text[] = {"within 50 km", "all over it", "250 m steps"};

static struct point near_border(const struct sky_zone_set *set, uint64_t *seed)
{
    const struct sky_vertex *const by =
        set->vertex + (size_t)uniform(seed, 0.0, (double)set->vertex_count);
    return (struct point){by->lat_e7 * 1e-7 + uniform(seed, -0.45, 0.45),
                          by->lon_e7 * 1e-7 + uniform(seed, -0.45, 0.45)};
}

static struct point all_over(const struct sky_zone_set *set, uint64_t *seed)
{
    double south = 90.0, north = -90.0, west = 180.0, east = -180.0;
    for (uint32_t i = 0; i < set->vertex_count; i++) {
        south = fmin(south, set->vertex[i].lat_e7 * 1e-7);
        north = fmax(north, set->vertex[i].lat_e7 * 1e-7);
        west = fmin(west, set->vertex[i].lon_e7 * 1e-7);
        east = fmax(east, set->vertex[i].lon_e7 * 1e-7);
    }
    return (struct point){uniform(seed, south - 1.0, north + 1.0),
                          uniform(seed, west - 1.0, east + 1.0)};
}

/* An aircraft at 250 m/s, once a second, that turns slowly and begins anew every ten minutes. */
static struct point fly(const struct sky_zone_set *set, uint64_t *seed, size_t i,
                        const struct point *from)
{
    static double course_rad;
    if (i % 600 == 0) {
        course_rad = uniform(seed, 0.0, 2.0 * SKY_PI);
        return near_border(set, seed);
    }
    course_rad += uniform(seed, -0.02, 0.02);
    return (struct point){from->lat_deg + 250.0 / 111.2e3 * cos(course_rad),
                          from->lon_deg +
                              250.0 / 111.2e3 * sin(course_rad) / cos(from->lat_deg * degree)};
}

static void make_points(const struct border *border, enum where where, struct point *point)
{
    uint64_t seed = 20250401;
    for (size_t i = 0; i < POINTS; i++) {
        const struct sky_zone_set *const set = &border->zones.set;
        point[i] = where == NEAR   ? near_border(set, &seed)
                   : where == WIDE ? all_over(set, &seed)
                                   : fly(set, &seed, i, &point[i > 0 ? i - 1 : 0]);
    }
}

/* -------------------------------------------------------------------------------------- asking */

static double time_ours(const struct border *border, const struct point *point, bool hint)
{
    const double begin_s = now_s();
    uint32_t guess = SKY_ZONE_NO_EDGE;
    for (size_t i = 0; i < POINTS; i++) {
        struct sky_nearest nearest;
        sky_zone_nearest(&border->zones.set, 0, point[i].lat_deg * degree,
                         point[i].lon_deg * degree, guess, &nearest);
        guess = hint ? nearest.edge : SKY_ZONE_NO_EDGE;
        ours[i] = (struct answer){nearest.distance_m < 0.0, fabs(nearest.distance_m)};
    }
    return now_s() - begin_s;
}

static double time_theirs(const struct border *border, const struct point *point)
{
    const double begin_s = now_s();
    for (size_t i = 0; i < POINTS; i++) {
        GEOSGeometry *const place = GEOSGeom_createPointFromXY(point[i].lon_deg, point[i].lat_deg);
        theirs[i].inside = GEOSPreparedContains(border->prepared_polygon, place) == 1;
        GEOSCoordSequence *const nearest = GEOSPreparedNearestPoints(border->prepared_line, place);
        double x = 0.0, y = 0.0;
        (void)GEOSCoordSeq_getXY(nearest, 0, &x, &y);
        geod_inverse(&earth, point[i].lat_deg, point[i].lon_deg, y, x, &theirs[i].distance_m, NULL,
                     NULL);
        GEOSCoordSeq_destroy(nearest);
        GEOSGeom_destroy(place);
    }
    return now_s() - begin_s;
}

static double time_probability(const struct border *border, const struct point *point,
                               double sigma_m)
{
    const double begin_s = now_s();
    double sum = 0.0;
    for (size_t i = 0; i < POINTS; i++) {
        sum += sky_zone_inside_probability(&border->zones.set, 0, point[i].lat_deg * degree,
                                           point[i].lon_deg * degree, 4.0 * sigma_m * sigma_m,
                                           sigma_m * sigma_m, sigma_m * sigma_m);
    }
    const double took_s = now_s() - begin_s;
    if (!(sum >= 0.0)) {
        die(border->name, "not a probability");
    }
    return took_s;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double took_s[ROUNDS])
{
    qsort(took_s, ROUNDS, sizeof took_s[0], compare);
    return took_s[ROUNDS / 2];
}

static void print_where(const struct border *border, enum where where)
{
    static struct point point[POINTS];
    make_points(border, where, point);
    double ours_s[ROUNDS], theirs_s[ROUNDS], ratio[ROUNDS]; /* of one round: side by side */
    for (size_t round = 0; round < ROUNDS; round++) {
        ours_s[round] = time_ours(border, point, where == TRACK);
        theirs_s[round] = time_theirs(border, point);
        ratio[round] = theirs_s[round] / ours_s[round];
    }
    size_t apart = 0;
    double farther_m = 0.0;
    for (size_t i = 0; i < POINTS; i++) {
        apart += ours[i].inside != theirs[i].inside;
        farther_m = fmax(farther_m, theirs[i].distance_m - ours[i].distance_m);
    }
    const double ours_median_s = median(ours_s), theirs_median_s = median(theirs_s);
    (void)printf("%-24s %-13s %10.0f %10.0f %10.0f %10.0f %6.1f x  %4.0f x %9.0f m %6zu\n",
                 border->name, where_text[where], POINTS / ours_median_s, POINTS / ours_s[0],
                 POINTS / theirs_median_s, POINTS / theirs_s[0], median(ratio),
                 where == TRACK ? 10.0 : 3.0, farther_m, apart);
}

static void print_probability(const struct border *border, enum where where, double sigma_m)
{
    static const double goal_per_s = 200e3;
    static struct point point[POINTS];
    make_points(border, where, point);
    double took_s[ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        took_s[round] = time_probability(border, point, sigma_m);
    }
    const double median_s = median(took_s);
    (void)printf("%-24s %-13s %5.0f x %-5.0f %10.0f %10.0f %10.0f %6.1f x\n", border->name,
                 where_text[where], 2.0 * sigma_m, sigma_m, POINTS / median_s, POINTS / took_s[0],
                 goal_per_s, POINTS / median_s / goal_per_s);
}

static void print_memory(const struct border *border)
{
    const struct sky_zone_set *const set = &border->zones.set;
    const size_t vertices = set->vertex_count * sizeof *set->vertex;
    const size_t index = set->ring_count * (sizeof *set->ring + sizeof *set->tree) +
                         sky_zone_node_count(set) * sizeof *set->node +
                         sky_zone_run_count(set) * sizeof *set->run;
    (void)printf("%-24s %8" PRIu32 " %8.2f ms %5.0f ms %9zu %9zu %9zu %9u %8.2f ms\n", border->name,
                 set->vertex_count, border->load_ms, 20.0, vertices, index, vertices + index,
                 4U << 20, border->prepare_ms);
}

int main(int argc, char *argv[])
{
    static struct border border[8];
    initGEOS(geos_says, geos_says);
    geod_init(&earth, 6378137.0, 1.0 / 298.257223563);
    const int count = argc - 1 < 8 ? argc - 1 : 8;
    for (int i = 0; i < count; i++) {
        const char *const slash = strrchr(argv[i + 1], '/');
        (void)sscanf(slash == NULL ? argv[i + 1] : slash + 1, "%23[^.]", border[i].name);
        load_ours(&border[i], argv[i + 1]);
        load_theirs(&border[i]);
    }
    (void)printf("%-24s %-13s %10s %10s %10s %10s %8s %6s %11s %6s\n", "", "points", "per s",
                 "best", "GEOS", "best", "ratio", "goal", "farther", "apart");
    for (int i = 0; i < count; i++) {
        print_where(&border[i], NEAR);
        print_where(&border[i], WIDE);
        print_where(&border[i], TRACK);
    }
    (void)printf("\n%-24s %-13s %13s %10s %10s %10s %8s\n", "P(inside)", "points", "sigmas, m",
                 "per s", "best", "goal", "ratio");
    for (int i = 0; i < count; i++) {
        print_probability(&border[i], NEAR, 30.0);
        print_probability(&border[i], NEAR, 100.0);
        print_probability(&border[i], NEAR, 300.0);
        print_probability(&border[i], WIDE, 300.0);
    }
    (void)printf("\n%-24s %8s %11s %8s %9s %9s %9s %9s %11s\n", "", "vertices", "load", "goal",
                 "of them B", "index B", "both", "goal", "GEOS");
    for (int i = 0; i < count; i++) {
        print_memory(&border[i]);
    }
    return 0;
}
