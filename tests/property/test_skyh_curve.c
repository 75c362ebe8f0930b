/*
 * Edges that are cut into straight pieces stay within 0.1 m of what they were, and within what the
 * line says: every place of every piece against geodesics by brute force, rhumb lines by numerical
 * integration, circles by the geodesic from their centre.
 */
#include <string.h>

#include "sky_math.h"
#include "sky_test.h"
#include "skyh_outline.h"

static const uint64_t first_seed = 4401;
static const double degree = SKY_PI / 180.0;

static struct skyh_zone_build build;
static struct skyh_drawing drawing;
static struct skyh_notes notes;
static struct skyh_problem problem;
static struct geod_geodesic earth;

static int fresh(void **state)
{
    (void)state;
    skyh_zonefile_done(&build);
    skyh_drawing_done(&drawing);
    memset(&build, 0, sizeof build);
    memset(&notes, 0, sizeof notes);
    drawing.file = "z";
    drawing.numbering = SKYH_NUMBERING_POSITIONS;
    geod_init(&earth, 6378137.0, 1.0 / 298.257223563);
    return 0;
}

static struct skyh_feature *begin(enum sky_edge_rule rule)
{
    struct skyh_feature *const feature = skyh_drawing_feature(&drawing, &problem);
    assert_non_null(feature);
    feature->line.rule = rule;
    feature->zone.id = 1;
    assert_non_null(skyh_drawing_path(&drawing, &problem));
    return feature;
}

static void point(double lat_deg, double lon_deg)
{
    assert_true(skyh_drawing_point(&drawing, (struct skyh_place){lat_deg, lon_deg}, 0, &problem));
}

static double distance_m(double lat_deg, double lon_deg, double to_lat_deg, double to_lon_deg)
{
    double metres;
    geod_inverse(&earth, lat_deg, lon_deg, to_lat_deg, to_lon_deg, &metres, NULL, NULL);
    return metres;
}

/* A place of a stored piece. */
static struct skyh_place on_piece(uint32_t i, double share)
{
    const struct sky_vertex a = build.vertex[i];
    const struct sky_vertex b = build.vertex[i + 1 < build.vertex_count ? i + 1 : 0];
    const double turn = a.lon_e7 - b.lon_e7 > 1800000000.0   ? 3.6e9
                        : b.lon_e7 - a.lon_e7 > 1800000000.0 ? -3.6e9
                                                             : 0.0;
    return (struct skyh_place){1e-7 * (a.lat_e7 + share * ((double)b.lat_e7 - a.lat_e7)),
                               1e-7 * (a.lon_e7 + share * (b.lon_e7 + turn - a.lon_e7))};
}

/* From a place to a geodesic, by golden sections. */
static double to_geodesic_m(struct skyh_place place, const struct geod_geodesicline *line)
{
    static const double golden = 0.61803398874989485;
    double low = 0.0, high = line->s13;
    while (high - low > 2e-3) {
        const double at[2] = {high - golden * (high - low), low + golden * (high - low)};
        double off[2];
        for (int i = 0; i < 2; i++) {
            double lat, lon;
            geod_position(line, at[i], &lat, &lon, NULL);
            off[i] = distance_m(place.lat_deg, place.lon_deg, lat, lon);
        }
        low = off[0] < off[1] ? low : at[0];
        high = off[0] < off[1] ? at[1] : high;
    }
    double lat, lon;
    geod_position(line, 0.5 * (low + high), &lat, &lon, NULL);
    return distance_m(place.lat_deg, place.lon_deg, lat, lon);
}

/* Builds the one feature there is and says its bound. */
static double built_chord_m(const struct skyh_feature *feature)
{
    if (!skyh_outline_add(&build, &drawing, feature, &notes, &problem)) {
        fail_msg("%s", problem.text);
    }
    assert_true(build.line[0].chord_m <= SKYH_OUTLINE_CHORD_M);
    return build.line[0].chord_m;
}

/* Vertices from one corner to the next are the pieces of one edge. */
static bool is_at(uint32_t i, struct skyh_place place)
{
    return build.vertex[i].lat_e7 == lround(place.lat_deg * 1e7) &&
           build.vertex[i].lon_e7 == lround(place.lon_deg * 1e7);
}

static void triangle(uint64_t *seed, double size_deg, struct skyh_place corner[3])
{
    const double lat = test_uniform(seed, -78.0, 78.0), lon = test_uniform(seed, -179.0, 179.0);
    for (int i = 0; i < 3; i++) {
        const double bearing = 2.1 * i + test_uniform(seed, 0.0, 1.0);
        const double east = lon + size_deg * sin(bearing) / cos(lat * degree);
        corner[i] = (struct skyh_place){lat + size_deg * cos(bearing),
                                        east > 180.0 ? east - 360.0
                                                     : (east < -180.0 ? east + 360.0 : east)};
        point(corner[i].lat_deg, corner[i].lon_deg);
    }
}

static void pieces_of_geodesics_stay_with_them(void **state)
{
    (void)state;
    double worst_m = 0.0;
    uint32_t vertices = 0;
    for (uint64_t turn = 0; turn < 12; turn++) {
        uint64_t seed = first_seed + turn;
        struct skyh_place corner[3];
        (void)fresh(NULL);
        struct skyh_feature *const feature = begin(SKY_EDGE_GEODESIC);
        triangle(&seed, turn % 3 == 0 ? 0.05 : (turn % 3 == 1 ? 0.7 : 4.0), corner);
        const double chord_m = built_chord_m(feature);
        uint32_t i = 0;
        for (int edge = 0; edge < 3; edge++) {
            const struct skyh_place a = corner[edge], b = corner[(edge + 1) % 3];
            struct geod_geodesicline line;
            geod_inverseline(&line, &earth, a.lat_deg, a.lon_deg, b.lat_deg, b.lon_deg, 0);
            assert_true(is_at(i, a));
            do {
                for (int k = 1; k < 4; k++) {
                    const double off_m = to_geodesic_m(on_piece(i, 0.25 * k), &line);
                    worst_m = fmax(worst_m, off_m);
                    if (off_m > chord_m + 1e-4) {
                        fail_msg("seed %llu: piece %u is %.4f m off, said %.4f m",
                                 (unsigned long long)(first_seed + turn), i, off_m, chord_m);
                    }
                }
                i++;
            } while (i < build.vertex_count && !is_at(i, b));
        }
        assert_int_equal(i, build.vertex_count);
        vertices += i;
    }
    print_message("%u pieces, worst %.4f m\n", vertices, worst_m);
    assert_true(worst_m > 0.02); /* and there are not many more than needed */
}

/* Degrees of longitude that a rhumb line at 45 degrees makes between two latitudes, by Simpson. */
static double drift_deg(double from_deg, double to_deg)
{
    const int steps = 200;
    double sum = 0.0;
    for (int i = 0; i <= steps; i++) {
        const double lat = (from_deg + (to_deg - from_deg) * i / steps) * degree;
        const double e2 = 1.0 / 298.257223563 * (2.0 - 1.0 / 298.257223563);
        const double rate = (1.0 - e2) / ((1.0 - e2 * sin(lat) * sin(lat)) * cos(lat));
        sum += rate * (i == 0 || i == steps ? 1.0 : (i % 2 == 1 ? 4.0 : 2.0));
    }
    return sum * (to_deg - from_deg) / (3.0 * steps);
}

static void pieces_of_rhumb_lines_stay_with_them(void **state)
{
    (void)state;
    double worst_m = 0.0;
    for (uint64_t turn = 0; turn < 12; turn++) {
        uint64_t seed = first_seed + 100 + turn;
        const double lat = test_uniform(&seed, -70.0, 70.0);
        const double lon = test_uniform(&seed, -90.0, 90.0);
        const struct skyh_place a = {lat, lon};
        const struct skyh_place b = {lat + test_uniform(&seed, 0.5, 4.0),
                                     lon + test_uniform(&seed, -5.0, 5.0)};
        (void)fresh(NULL);
        struct skyh_feature *const feature = begin(SKY_EDGE_RHUMB);
        drawing.path[0].is_line = true;
        point(a.lat_deg, a.lon_deg);
        point(b.lat_deg, b.lon_deg);
        const double chord_m = built_chord_m(feature);
        const double slope = (b.lon_deg - a.lon_deg) / drift_deg(a.lat_deg, b.lat_deg);
        for (uint32_t i = 0; i < build.border_edges[0]; i++) {
            for (int k = 0; k < 4; k++) {
                const struct skyh_place place = on_piece(i, 0.25 * k);
                const double wanted = a.lon_deg + slope * drift_deg(a.lat_deg, place.lat_deg);
                const double east_m =
                    distance_m(place.lat_deg, place.lon_deg, place.lat_deg, wanted);
                const double off_m = east_m / hypot(1.0, slope); /* across the line */
                worst_m = fmax(worst_m, off_m);
                if (off_m > chord_m + 1e-3) {
                    fail_msg("seed %llu: piece %u is %.4f m off, said %.4f m",
                             (unsigned long long)(first_seed + 100 + turn), i, off_m, chord_m);
                }
            }
        }
    }
    print_message("worst %.4f m\n", worst_m);
    assert_true(worst_m > 0.02);
}

static void pieces_of_circles_are_as_far_from_the_centre_as_the_radius_says(void **state)
{
    (void)state;
    static const double radii_m[] = {5.0, 250.0, 3500.0, 92600.0, 400e3};
    double worst_m = 0.0;
    for (uint64_t turn = 0; turn < 15; turn++) {
        uint64_t seed = first_seed + 200 + turn;
        const struct skyh_place centre = {test_uniform(&seed, -83.0, 83.0),
                                          test_uniform(&seed, -180.0, 180.0)};
        const double radius_m = radii_m[turn % 5];
        (void)fresh(NULL);
        struct skyh_feature *const feature = begin(SKY_EDGE_PLANAR);
        assert_true(skyh_drawing_circle(&drawing, centre, radius_m, 0, &problem));
        const double chord_m = built_chord_m(feature);
        for (uint32_t i = 0; i < build.vertex_count; i++) {
            for (int k = 0; k < 4; k++) {
                const struct skyh_place place = on_piece(i, 0.25 * k);
                const double off_m =
                    fabs(distance_m(centre.lat_deg, centre.lon_deg, place.lat_deg, place.lon_deg) -
                         radius_m);
                worst_m = fmax(worst_m, off_m);
                if (off_m > chord_m + 1e-4) {
                    fail_msg("seed %llu: piece %u is %.4f m off, said %.4f m",
                             (unsigned long long)(first_seed + 200 + turn), i, off_m, chord_m);
                }
            }
        }
        assert_int_equal(notes.count, 0);
    }
    print_message("worst %.4f m\n", worst_m);
    assert_true(worst_m > 0.02);
}

static void the_longest_leg_of_the_sahara_takes_some_hundred_pieces(void **state)
{
    (void)state;
    struct skyh_feature *const feature = begin(SKY_EDGE_GEODESIC);
    drawing.path[0].is_line = true;
    point(21.1164, 1.1666);
    point(25.0, -4.8333);
    assert_true(built_chord_m(feature) > 0.05);
    print_message("%u pieces\n", build.border_edges[0]);
    assert_in_range(build.border_edges[0], 200, 300);
    /* Half way it is 5,139 m from the line that is straight in longitude and latitude. */
    const struct sky_vertex middle = build.vertex[build.border_edges[0] / 2];
    double least_m = 1e9;
    for (int i = 0; i <= 20000; i++) {
        const double share = i / 20000.0;
        least_m = fmin(least_m, distance_m(middle.lat_e7 * 1e-7, middle.lon_e7 * 1e-7,
                                           21.1164 + share * (25.0 - 21.1164),
                                           1.1666 + share * (-4.8333 - 1.1666)));
    }
    assert_near(least_m, 5139.0, 5.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pieces_of_geodesics_stay_with_them, fresh, fresh),
        cmocka_unit_test_setup_teardown(pieces_of_rhumb_lines_stay_with_them, fresh, fresh),
        cmocka_unit_test_setup_teardown(
            pieces_of_circles_are_as_far_from_the_centre_as_the_radius_says, fresh, fresh),
        cmocka_unit_test_setup_teardown(the_longest_leg_of_the_sahara_takes_some_hundred_pieces,
                                        fresh, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
