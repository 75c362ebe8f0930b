#include "sky_zone.h"

#include "sky_math.h"
#include "sky_test.h"

static const uint64_t first_seed = 441;
static const double degree = SKY_PI / 180.0;

enum { VERTICES_MAX = 64, SAMPLES = 8 };

struct shape {
    struct sky_vertex vertex[VERTICES_MAX];
    struct sky_ring ring;
    struct sky_line line;
    struct sky_zone zone;
};

static struct sky_zone_set set_of(const struct shape *shape)
{
    return (struct sky_zone_set){.zone_count = 1,
                                 .line_count = 1,
                                 .ring_count = 1,
                                 .vertex_count = shape->ring.count,
                                 .zone = &shape->zone,
                                 .line = &shape->line,
                                 .ring = &shape->ring,
                                 .vertex = shape->vertex};
}

/* A star-shaped ring about a place, counter-clockwise, up to radius_deg of latitude. */
static struct shape random_shape(uint64_t *seed, double lat_deg, double lon_deg, double radius_deg)
{
    const uint32_t count = 3 + (uint32_t)(test_random(seed) % (VERTICES_MAX - 2));
    struct shape shape = {
        .ring = {0, count, 0},
        .line = {.id = 1, .rule = SKY_EDGE_PLANAR, .ring_count = 1},
        .zone = {.id = 1,
                 .floor = {.unlimited = true},
                 .ceiling = {.unlimited = true},
                 .line_count = 1},
    };
    const double widen = 1.0 / cos(lat_deg * degree);
    for (uint32_t i = 0; i < count; i++) {
        const double angle_rad = (i + test_uniform(seed, 0.0, 0.9)) * 2.0 * SKY_PI / count;
        const double size_deg = radius_deg * test_uniform(seed, 0.3, 1.0);
        double lon = lon_deg + size_deg * cos(angle_rad) * widen;
        lon -= lon > 180.0 ? 360.0 : (lon < -180.0 ? -360.0 : 0.0);
        shape.vertex[i] =
            (struct sky_vertex){(int32_t)lround((lat_deg + size_deg * sin(angle_rad)) * 1e7),
                                (int32_t)lround(lon * 1e7)};
    }
    const struct sky_zone_set set = set_of(&shape);
    const char *reason = "sound";
    if (sky_zone_check(&set, &reason) != SKY_OK) {
        fail_msg("%s", reason);
    }
    return shape;
}

/*
 * The length of the geodesic between two places, by Vincenty's inverse series (Survey Review 176,
 * 1975): an independent method, within 0.1 mm for places that are not nearly antipodal.
 */
static double vincenty_m(double lat1, double lon1, double lat2, double lon2)
{
    const double f = SKY_WGS84_F, a = SKY_WGS84_A_M, b = a * (1.0 - f);
    const double u1 = atan((1.0 - f) * tan(lat1)), u2 = atan((1.0 - f) * tan(lat2));
    const double dlon = remainder(lon2 - lon1, 2.0 * SKY_PI);
    double lambda = dlon, previous, sin_sigma, cos_sigma, sigma, cos2_alpha, cos_2m;
    int left = 50;
    do {
        const double x = cos(u2) * sin(lambda);
        const double y = cos(u1) * sin(u2) - sin(u1) * cos(u2) * cos(lambda);
        sin_sigma = hypot(x, y);
        if (sin_sigma == 0.0) {
            return 0.0;
        }
        cos_sigma = sin(u1) * sin(u2) + cos(u1) * cos(u2) * cos(lambda);
        sigma = atan2(sin_sigma, cos_sigma);
        const double sin_alpha = cos(u1) * cos(u2) * sin(lambda) / sin_sigma;
        cos2_alpha = 1.0 - sin_alpha * sin_alpha;
        cos_2m = cos2_alpha > 1e-15 ? cos_sigma - 2.0 * sin(u1) * sin(u2) / cos2_alpha : 0.0;
        const double c = f / 16.0 * cos2_alpha * (4.0 + f * (4.0 - 3.0 * cos2_alpha));
        previous = lambda;
        lambda = dlon + (1.0 - c) * f * sin_alpha *
                            (sigma + c * sin_sigma *
                                         (cos_2m + c * cos_sigma * (2.0 * cos_2m * cos_2m - 1.0)));
    } while (fabs(lambda - previous) > 1e-14 && --left > 0);
    const double square = cos2_alpha * (a * a - b * b) / (b * b);
    const double big_a =
        1.0 + square / 16384.0 * (4096.0 + square * (-768.0 + square * (320.0 - 175.0 * square)));
    const double big_b =
        square / 1024.0 * (256.0 + square * (-128.0 + square * (74.0 - 47.0 * square)));
    const double delta = big_b * sin_sigma *
                         (cos_2m + big_b / 4.0 *
                                       (cos_sigma * (2.0 * cos_2m * cos_2m - 1.0) -
                                        big_b / 6.0 * cos_2m * (4.0 * sin_sigma * sin_sigma - 3.0) *
                                            (4.0 * cos_2m * cos_2m - 3.0)));
    return b * big_a * (sigma - delta);
}

struct line_of_sight {
    double lat_rad; /* the query */
    double lon_rad;
    const struct sky_vertex *a;
    const struct sky_vertex *b;
};

static double distance_at(const struct line_of_sight *sight, double t)
{
    const double step_e7 = remainder((double)sight->b->lon_e7 - (double)sight->a->lon_e7, 360e7);
    const double lat_e7 = sight->a->lat_e7 + t * (sight->b->lat_e7 - sight->a->lat_e7);
    const double lon_e7 = sight->a->lon_e7 + t * step_e7;
    return vincenty_m(sight->lat_rad, sight->lon_rad, lat_e7 * 1e-7 * degree,
                      lon_e7 * 1e-7 * degree);
}

/* The least distance to an edge: samples along it, then golden sections about the best. */
static double edge_distance_m(const struct line_of_sight *sight, double give_up_m)
{
    static const double golden = 0.61803398874989485;
    int best = 0;
    double best_m = 1e12;
    for (int i = 0; i <= SAMPLES; i++) {
        const double sample_m = distance_at(sight, i / (double)SAMPLES);
        if (sample_m < best_m) {
            best_m = sample_m;
            best = i;
        }
    }
    const double length_m =
        vincenty_m(sight->a->lat_e7 * 1e-7 * degree, sight->a->lon_e7 * 1e-7 * degree,
                   sight->b->lat_e7 * 1e-7 * degree, sight->b->lon_e7 * 1e-7 * degree);
    if (best_m - length_m / SAMPLES > give_up_m) {
        return best_m;
    }
    double low = fmax(0.0, (best - 1.0) / SAMPLES), high = fmin(1.0, (best + 1.0) / SAMPLES);
    while ((high - low) * length_m > 1e-2) {
        const double left = high - golden * (high - low), right = low + golden * (high - low);
        if (distance_at(sight, left) < distance_at(sight, right)) {
            high = right;
        } else {
            low = left;
        }
    }
    return fmin(best_m, distance_at(sight, 0.5 * (low + high)));
}

static double true_distance_m(const struct shape *shape, double lat_rad, double lon_rad)
{
    double nearest_m = 1e12;
    for (uint32_t i = 0; i < shape->ring.count; i++) {
        const struct line_of_sight sight = {lat_rad, lon_rad, &shape->vertex[i],
                                            &shape->vertex[(i + 1) % shape->ring.count]};
        nearest_m = fmin(nearest_m, edge_distance_m(&sight, nearest_m));
    }
    return nearest_m;
}

static struct sky_nearest nearest(const struct shape *shape, double lat_rad, double lon_rad)
{
    const struct sky_zone_set set = set_of(shape);
    struct sky_nearest result;
    sky_zone_nearest(&set, 0, lat_rad, lon_rad, SKY_ZONE_NO_EDGE, &result);
    return result;
}

/* Compares random queries about random shapes with the truth; returns the worst error. */
static double worst_error_m(uint64_t seed, int rounds, double lat_max_deg, double radius_max_deg,
                            double within_m)
{
    double worst_m = 0.0;
    for (int i = 0; i < rounds; i++) {
        const uint64_t before = seed;
        const double lat_deg = test_uniform(&seed, -lat_max_deg, lat_max_deg);
        const double lon_deg = test_uniform(&seed, -180.0, 180.0);
        const double radius_deg = fmin(radius_max_deg, (89.9 - fabs(lat_deg)) * 0.9) *
                                  exp(test_uniform(&seed, -5.0, 0.0));
        const struct shape shape = random_shape(&seed, lat_deg, lon_deg, radius_deg);
        /* About a point of the line, so that many are near it. */
        const struct sky_vertex *on_line = &shape.vertex[test_random(&seed) % shape.ring.count];
        const double offset_m = within_m * exp(test_uniform(&seed, -6.0, 0.0));
        const double bearing_rad = test_uniform(&seed, 0.0, 2.0 * SKY_PI);
        const double lat_rad = fmax(-1.553, fmin(1.553, on_line->lat_e7 * 1e-7 * degree +
                                                            offset_m * cos(bearing_rad) / 6.37e6));
        const double lon_rad = sky_wrap_pi(on_line->lon_e7 * 1e-7 * degree +
                                           offset_m * sin(bearing_rad) / (6.37e6 * cos(lat_rad)));
        const double wanted_m = true_distance_m(&shape, lat_rad, lon_rad);
        if (wanted_m > within_m) {
            continue;
        }
        const double error_m = fabs(fabs(nearest(&shape, lat_rad, lon_rad).distance_m) - wanted_m);
        if (error_m > worst_m) {
            worst_m = error_m;
            print_message("%g m at seed %llu (latitude %.2f, %.0f m away)\n", error_m,
                          (unsigned long long)before, lat_rad / degree, wanted_m);
        }
    }
    return worst_m;
}

static void distances_within_100_km_are_right_to_1_mm(void **state)
{
    (void)state;
    assert_true(worst_error_m(first_seed, 200, 88.9, 2.0, 20.0e3) < 1e-3);
    assert_true(worst_error_m(first_seed + 1, 200, 88.9, 5.0, 100.0e3) < 1e-3);
}

static void distances_within_1000_km_are_right_to_half_a_metre(void **state)
{
    (void)state;
    assert_true(worst_error_m(first_seed + 2, 200, 88.9, 10.0, 1000.0e3) < 0.5);
}

static void the_nearest_point_lies_where_distance_and_bearing_say(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 2000; i++) {
        const double lat_deg = test_uniform(&seed, -70.0, 70.0);
        const struct shape shape =
            random_shape(&seed, lat_deg, test_uniform(&seed, -180.0, 180.0), 0.5);
        const double lat_rad = (lat_deg + test_uniform(&seed, -1.0, 1.0)) * degree;
        const double lon_rad = sky_wrap_pi(shape.vertex[0].lon_e7 * 1e-7 * degree +
                                           test_uniform(&seed, -1.0, 1.0) * degree);
        const struct sky_nearest result = nearest(&shape, lat_rad, lon_rad);
        const double distance_m = fabs(result.distance_m);
        assert_near(vincenty_m(lat_rad, lon_rad, result.lat_rad, result.lon_rad), distance_m, 1e-3);
        const struct sky_lla here = {lat_rad, lon_rad, 0.0};
        const struct sky_lla there = {result.lat_rad, result.lon_rad, 0.0};
        struct sky_geo_frame frame;
        assert_int_equal(sky_geo_frame_init(&frame, &here), SKY_OK);
        const struct sky_enu enu = sky_geo_to_enu(&frame, &there);
        assert_near(enu.east_m, hypot(enu.east_m, enu.north_m) * sin(result.bearing_rad), 1e-6);
        assert_near(enu.north_m, hypot(enu.east_m, enu.north_m) * cos(result.bearing_rad), 1e-6);
        assert_true(result.edge < shape.ring.count);
    }
}

static void distance_never_changes_faster_than_the_point_moves(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 300; i++) {
        const double lat_deg = test_uniform(&seed, -75.0, 75.0);
        const struct shape shape =
            random_shape(&seed, lat_deg, test_uniform(&seed, -180.0, 180.0), 0.5);
        double lat_rad = lat_deg * degree, lon_rad = shape.vertex[0].lon_e7 * 1e-7 * degree;
        double before_m = nearest(&shape, lat_rad, lon_rad).distance_m;
        for (int step = 0; step < 40; step++) {
            const double size_m = exp(test_uniform(&seed, 0.0, 8.0));
            const double to_lat = lat_rad + size_m * test_uniform(&seed, -1.0, 1.0) / 6.37e6;
            const double to_lon = sky_wrap_pi(lon_rad + size_m * test_uniform(&seed, -1.0, 1.0) /
                                                            (6.37e6 * cos(lat_rad)));
            const double moved_m = vincenty_m(lat_rad, lon_rad, to_lat, to_lon);
            const double after_m = nearest(&shape, to_lat, to_lon).distance_m;
            assert_true(fabs(after_m - before_m) <= moved_m + 1e-3);
            lat_rad = to_lat;
            lon_rad = to_lon;
            before_m = after_m;
        }
    }
}

/* The same ring, begun at another vertex and perhaps run the other way. */
static struct shape turned(const struct shape *shape, uint32_t begin, bool mirror)
{
    struct shape result = *shape;
    for (uint32_t i = 0; i < shape->ring.count; i++) {
        const uint32_t from = mirror ? shape->ring.count - 1 - i : i;
        result.vertex[i] = shape->vertex[(from + begin) % shape->ring.count];
    }
    return result;
}

static void the_order_of_vertices_is_irrelevant(void **state)
{
    (void)state;
    uint64_t seed = first_seed;
    for (int i = 0; i < 2000; i++) {
        const double lat_deg = test_uniform(&seed, -80.0, 80.0);
        const struct shape shape =
            random_shape(&seed, lat_deg, test_uniform(&seed, -180.0, 180.0), 0.3);
        const struct shape other = turned(&shape, (uint32_t)(test_random(&seed) % shape.ring.count),
                                          test_random(&seed) % 2 == 0);
        const double lat_rad = (lat_deg + test_uniform(&seed, -0.5, 0.5)) * degree;
        const double lon_rad = sky_wrap_pi(
            (shape.vertex[0].lon_e7 * 1e-7 - 0.3 + test_uniform(&seed, -0.5, 0.5)) * degree);
        assert_near(nearest(&shape, lat_rad, lon_rad).distance_m,
                    nearest(&other, lat_rad, lon_rad).distance_m, 1e-5);
        const struct sky_zone_set set = set_of(&shape), other_set = set_of(&other);
        const double var_m2 = exp(test_uniform(&seed, 5.0, 20.0));
        assert_near(sky_zone_inside_probability(&set, 0, lat_rad, lon_rad, var_m2, 0.5 * var_m2,
                                                0.2 * var_m2),
                    sky_zone_inside_probability(&other_set, 0, lat_rad, lon_rad, var_m2,
                                                0.5 * var_m2, 0.2 * var_m2),
                    1e-11);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_within_100_km_are_right_to_1_mm),
        cmocka_unit_test(distances_within_1000_km_are_right_to_half_a_metre),
        cmocka_unit_test(the_nearest_point_lies_where_distance_and_bearing_say),
        cmocka_unit_test(distance_never_changes_faster_than_the_point_moves),
        cmocka_unit_test(the_order_of_vertices_is_irrelevant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
