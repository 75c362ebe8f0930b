#include "sky_zone.h"

#include "sky_math.h"
#include "sky_test.h"

static const double degree = SKY_PI / 180.0;

enum { VERTICES_MAX = 64 };

/* A set with one zone and one line, filled ring by ring. */
struct fixture {
    struct sky_vertex vertex[VERTICES_MAX];
    struct sky_ring ring[4];
    struct sky_line line[2];
    struct sky_zone zone[2];
    struct sky_zone_set set;
};

static struct fixture empty_fixture(void)
{
    return (struct fixture){
        .line = {{.id = 1, .rule = SKY_EDGE_PLANAR, .accuracy_stated = true, .sigma_m = 100.0}},
        .zone = {{.id = 1,
                  .floor = {.unlimited = true},
                  .ceiling = {.unlimited = true},
                  .line_count = 1}},
        .set = {.zone_count = 1, .line_count = 1},
    };
}

/* Adds a ring of vertices given as latitude, longitude in degrees. */
static void add_ring(struct fixture *fixture, uint32_t count, const double place_deg[][2])
{
    struct sky_zone_set *set = &fixture->set;
    fixture->ring[set->ring_count++] = (struct sky_ring){set->vertex_count, count, 0};
    for (uint32_t i = 0; i < count; i++) {
        fixture->vertex[set->vertex_count++] = (struct sky_vertex){
            (int32_t)lround(place_deg[i][0] * 1e7), (int32_t)lround(place_deg[i][1] * 1e7)};
    }
    fixture->line[0].ring_count = set->ring_count;
}

/* Fixtures are copied freely; the set borrows from the copy at hand. */
static struct sky_zone_set set_of(const struct fixture *fixture)
{
    struct sky_zone_set set = fixture->set;
    set.zone = fixture->zone;
    set.line = fixture->line;
    set.ring = fixture->ring;
    set.vertex = fixture->vertex;
    return set;
}

static struct sky_nearest nearest(const struct fixture *fixture, double lat_deg, double lon_deg)
{
    const struct sky_zone_set set = set_of(fixture);
    struct sky_nearest result;
    sky_zone_nearest(&set, 0, lat_deg * degree, lon_deg * degree, SKY_ZONE_NO_EDGE, &result);
    return result;
}

static bool inside(const struct fixture *fixture, double lat_deg, double lon_deg)
{
    const struct sky_zone_set set = set_of(fixture);
    const double p =
        sky_zone_inside_probability(&set, 0, lat_deg * degree, lon_deg * degree, 0.0, 0.0, 0.0);
    assert_true(p == 0.0 || p == 1.0);
    const double distance_m = nearest(fixture, lat_deg, lon_deg).distance_m;
    assert_true(distance_m == 0.0 || (distance_m < 0.0) == (p == 1.0));
    return p == 1.0;
}

static double probability(const struct fixture *fixture, double lat_deg, double lon_deg,
                          double var_east_m2, double var_north_m2, double cov_m2)
{
    const struct sky_zone_set set = set_of(fixture);
    return sky_zone_inside_probability(&set, 0, lat_deg * degree, lon_deg * degree, var_east_m2,
                                       var_north_m2, cov_m2);
}

/* One degree square, counter-clockwise from its south-west corner. */
static const double square_deg[4][2] = {{20.0, 3.0}, {20.0, 4.0}, {21.0, 4.0}, {21.0, 3.0}};

static struct fixture square(void)
{
    struct fixture fixture = empty_fixture();
    add_ring(&fixture, 4, square_deg);
    return fixture;
}

static void assert_fault(const struct fixture *fixture, const char *wanted)
{
    const struct sky_zone_set set = set_of(fixture);
    const char *reason = NULL;
    assert_int_equal(sky_zone_check(&set, &reason), SKY_E_RANGE);
    assert_string_equal(reason, wanted);
}

static void assert_sound(const struct fixture *fixture)
{
    const struct sky_zone_set set = set_of(fixture);
    const char *reason = "untouched";
    assert_int_equal(sky_zone_check(&set, &reason), SKY_OK);
    assert_string_equal(reason, "untouched");
}

/* --- distance --- */

static void a_point_north_of_an_edge_is_as_far_as_the_meridian_is_long(void **state)
{
    (void)state;
    const struct fixture fixture = square();
    const struct sky_nearest result = nearest(&fixture, 21.1, 3.5);
    /* Meridian arc from 21.0 to 21.1 degrees, by quadrature of M */
    assert_near(result.distance_m, 11071.934, 0.5);
    assert_near(result.bearing_rad, SKY_PI, 1e-3);
    assert_near(result.lat_rad, 21.0 * degree, 1e-12);
    assert_near(result.lon_rad, 3.5 * degree, 1e-6);
    assert_int_equal(result.edge, 2);
}

static void a_point_inside_is_negative_by_its_depth(void **state)
{
    (void)state;
    const struct fixture fixture = square();
    const struct sky_nearest result = nearest(&fixture, 20.5, 3.01);
    assert_near(result.distance_m, -1043.4, 1.0);
    assert_near(result.bearing_rad, 1.5 * SKY_PI, 1e-4);
    assert_int_equal(result.edge, 3);
}

static void the_nearest_point_may_be_a_vertex(void **state)
{
    (void)state;
    const struct fixture fixture = square();
    const struct sky_nearest result = nearest(&fixture, 19.9, 2.9);
    assert_near(result.lat_rad, 20.0 * degree, 0.0);
    assert_near(result.lon_rad, 3.0 * degree, 1e-16);
    assert_near(result.bearing_rad, 43.3 * degree, 0.1 * degree);
    assert_int_equal(result.edge, 0);
}

static void a_point_on_a_vertex_is_at_no_distance(void **state)
{
    (void)state;
    const struct fixture fixture = square();
    const struct sky_nearest result = nearest(&fixture, 20.0, 3.0);
    assert_near(result.distance_m, 0.0, 2e-9);
}

static void a_bearing_just_west_of_north_is_below_a_turn(void **state)
{
    (void)state;
    struct fixture fixture = empty_fixture();
    add_ring(&fixture, 3, (const double[][2]){{1.0, 0.0}, {2.0, 1.0}, {2.0, -1.0}});
    struct sky_nearest result = nearest(&fixture, 0.0, 1e-30);
    assert_true(result.bearing_rad == 0.0);
    result = nearest(&fixture, 0.0, 1e-2);
    assert_true(result.bearing_rad > 6.2 && result.bearing_rad < 2.0 * SKY_PI);
}

static void a_hole_is_outside_and_its_island_inside(void **state)
{
    (void)state;
    struct fixture fixture = square();
    add_ring(&fixture, 4, (const double[][2]){{20.2, 3.2}, {20.2, 3.8}, {20.8, 3.8}, {20.8, 3.2}});
    add_ring(&fixture, 4, (const double[][2]){{20.4, 3.4}, {20.6, 3.4}, {20.6, 3.6}, {20.4, 3.6}});
    assert_true(inside(&fixture, 20.1, 3.5));
    assert_false(inside(&fixture, 20.3, 3.5));
    assert_true(inside(&fixture, 20.5, 3.5));
    assert_false(inside(&fixture, 19.5, 3.5));
    assert_near(nearest(&fixture, 20.3, 3.5).distance_m, 10436.0, 700.0);
    assert_int_equal(nearest(&fixture, 20.5, 3.5).edge, 8); /* tied with 10: the first */
}

static void a_zone_reaches_across_the_antimeridian(void **state)
{
    (void)state;
    struct fixture fixture = empty_fixture();
    add_ring(&fixture, 4,
             (const double[][2]){{10.0, 179.0}, {10.0, -179.0}, {11.0, -179.0}, {11.0, 179.0}});
    assert_sound(&fixture);
    assert_true(inside(&fixture, 10.5, 179.5));
    assert_true(inside(&fixture, 10.5, -179.5));
    assert_true(inside(&fixture, 10.5, 180.0));
    assert_true(inside(&fixture, 10.5, -180.0));
    assert_false(inside(&fixture, 10.5, 178.5));
    assert_false(inside(&fixture, 10.5, -178.5));
    assert_false(inside(&fixture, 10.5, 0.0));
    const struct sky_nearest west = nearest(&fixture, 10.5, 178.9);
    const struct sky_nearest east = nearest(&fixture, 10.5, -178.9);
    assert_near(west.distance_m, east.distance_m, 1e-6);
    assert_near(west.lon_rad, 179.0 * degree, 1e-12);
    assert_near(east.lon_rad, -179.0 * degree, 1e-12);
    const struct sky_nearest across = nearest(&fixture, 11.01, 180.0);
    assert_near(across.distance_m, 1106.0, 1.0);
    /* The same zone begun on the other side of the antimeridian. */
    struct fixture turned = empty_fixture();
    add_ring(&turned, 4,
             (const double[][2]){{10.0, -179.0}, {11.0, -179.0}, {11.0, 179.0}, {10.0, 179.0}});
    assert_true(inside(&turned, 10.5, 179.5));
    assert_near(nearest(&turned, 10.5, 178.9).distance_m, west.distance_m, 1e-6);
}

static void a_zone_near_the_pole_is_reached_across_it(void **state)
{
    (void)state;
    struct fixture fixture = empty_fixture();
    add_ring(&fixture, 4,
             (const double[][2]){{89.0, 170.0}, {89.5, 170.0}, {89.5, -170.0}, {89.0, -170.0}});
    /* From 89 degrees on the other side: 1.5 degrees of meridian across the pole. */
    assert_near(nearest(&fixture, 89.0, 0.0).distance_m, 1.5 * degree * 6399540.0, 700.0);
    assert_true(inside(&fixture, 89.2, 180.0));
}

static void a_long_edge_past_the_pole_still_gives_one_of_its_points(void **state)
{
    (void)state;
    struct fixture fixture = empty_fixture();
    add_ring(&fixture, 3,
             (const double[][2]){
                 {89.9, -109.7737751}, {67.7008128, -39.2407505}, {57.9901979, -29.9062527}});
    const struct sky_nearest result = nearest(&fixture, 74.7789835, -0.6256209);
    const struct sky_vertex *a = &fixture.vertex[result.edge];
    const struct sky_vertex *b = &fixture.vertex[(result.edge + 1) % 3];
    const double lat = result.lat_rad / degree - a->lat_e7 * 1e-7;
    const double lon = result.lon_rad / degree - a->lon_e7 * 1e-7;
    assert_near(lat * (b->lon_e7 - a->lon_e7) * 1e-7, lon * (b->lat_e7 - a->lat_e7) * 1e-7, 1e-9);
    assert_near(result.distance_m, 1554871.0, 1.0);
}

static void repeated_vertices_change_nothing(void **state)
{
    (void)state;
    const struct fixture plain = square();
    struct fixture doubled = empty_fixture();
    add_ring(&doubled, 6,
             (const double[][2]){{20, 3}, {20, 3}, {20, 4}, {21, 4}, {21, 4}, {21, 3}});
    static const double query_deg[][2] = {
        {20.5, 3.3}, {19.9, 2.9}, {21.2, 4.1}, {20.0, 3.0}, {-10.0, -20.0}};
    for (size_t i = 0; i < sizeof query_deg / sizeof query_deg[0]; i++) {
        assert_near(nearest(&doubled, query_deg[i][0], query_deg[i][1]).distance_m,
                    nearest(&plain, query_deg[i][0], query_deg[i][1]).distance_m, 1e-9);
        assert_near(probability(&doubled, query_deg[i][0], query_deg[i][1], 1e8, 1e8, 0.0),
                    probability(&plain, query_deg[i][0], query_deg[i][1], 1e8, 1e8, 0.0), 1e-12);
    }
}

static void a_point_on_a_shared_border_is_inside_exactly_one_side(void **state)
{
    (void)state;
    /* West, east, north of both: every point of their common edges belongs to one of them. */
    struct fixture side[3] = {empty_fixture(), empty_fixture(), empty_fixture()};
    add_ring(&side[0], 4, (const double[][2]){{20, 3}, {20, 4}, {21, 4.25}, {21, 3}});
    add_ring(&side[1], 4, (const double[][2]){{20, 5}, {21, 5}, {21, 4.25}, {20, 4}});
    add_ring(&side[2], 5, (const double[][2]){{21, 3}, {21, 4.25}, {21, 5}, {22, 5}, {22, 3}});
    for (int i = 0; i <= 64; i++) {
        static const double from[2][2] = {{20, 4}, {21, 3}}, to[2][2] = {{21, 4.25}, {21, 5}};
        for (int border = 0; border < 2; border++) {
            const double share = i / 64.0;
            const double lat_deg = from[border][0] + share * (to[border][0] - from[border][0]);
            const double lon_deg = from[border][1] + share * (to[border][1] - from[border][1]);
            if ((border == 0 && i == 0) || (border == 1 && (i == 0 || i == 64))) {
                continue; /* where the three end, there is a fourth side: outside all */
            }
            assert_int_equal(inside(&side[0], lat_deg, lon_deg) +
                                 inside(&side[1], lat_deg, lon_deg) +
                                 inside(&side[2], lat_deg, lon_deg),
                             1);
        }
    }
}

/* --- probability --- */

static void the_end_of_an_open_border_belongs_to_its_last_edge(void **state)
{
    (void)state;
    struct fixture fixture =
        square(); /* the edge in the south is border, then the one in the east */
    fixture.ring[0].closing = 2;
    struct sky_nearest result = nearest(&fixture, 21.1, 3.9);
    assert_int_equal(result.edge, 1);
    assert_near(result.lat_rad, 21.0 * degree, 1e-12);
    assert_near(result.lon_rad, 4.0 * degree, 1e-12);
    result = nearest(&fixture, 19.9, 4.1); /* of its vertices, the edge that begins there */
    assert_int_equal(result.edge, 1);
    result = nearest(&fixture, 20.9, 3.01); /* inside, and next to what only closes it */
    assert_int_equal(result.edge, 0);
    assert_true(result.distance_m < -99e3);
    result = nearest(&fixture, 20.9, 2.99);
    assert_true(result.distance_m > 99e3);
}

static void far_from_the_line_the_answer_is_certain(void **state)
{
    (void)state;
    const struct fixture fixture = square();
    assert_true(probability(&fixture, 20.5, 3.5, 1e4, 1e4, 0.0) == 1.0);
    assert_true(probability(&fixture, 19.5, 3.5, 1e4, 1e4, 0.0) == 0.0);
}

static void across_a_straight_edge_it_is_the_normal_distribution(void **state)
{
    (void)state;
    const struct fixture fixture = square();
    const double metre_deg = 1.0 / (sky_geo_radii_at(20.5 * degree).east_m * degree);
    for (int i = -40; i <= 40; i++) {
        const double depth_m = 10.0 * i; /* east of the western edge */
        assert_near(probability(&fixture, 20.5, 3.0 + depth_m * metre_deg, 1e4, 1e4, 0.0),
                    sky_normal_cdf(depth_m / 100.0), 1e-9);
        assert_near(probability(&fixture, 20.5, 3.0 + depth_m * metre_deg, 1e4, 4e4, 1.5e4),
                    sky_normal_cdf(depth_m / 100.0), 1e-9);
    }
}

static void on_an_edge_it_is_one_half_and_on_a_corner_one_quarter(void **state)
{
    (void)state;
    const struct fixture fixture = square();
    assert_near(probability(&fixture, 20.0, 3.5, 100.0, 100.0, 0.0), 0.5, 1e-9);
    assert_near(probability(&fixture, 21.0, 3.5, 100.0, 100.0, 0.0), 0.5, 1e-9);
    assert_near(probability(&fixture, 20.5, 3.0, 100.0, 100.0, 0.0), 0.5, 1e-9);
    assert_near(probability(&fixture, 20.5, 4.0, 100.0, 100.0, 0.0), 0.5, 1e-9);
    for (int i = 0; i < 4; i++) {
        /* The query is the corner to the last bit, or one rounding away. */
        assert_near(probability(&fixture, square_deg[i][0], square_deg[i][1], 1e4, 1e4, 0.0), 0.25,
                    1e-9);
    }
}

static void exactly_at_any_vertex_it_is_the_angle_there(void **state)
{
    (void)state;
    /* Vertices at 0 are exactly representable: the mean coincides with each in turn. */
    static const double corner_deg[][2] = {{0, 0}, {0, 1}, {1, 1}, {1, 0}};
    for (int begin = 0; begin < 4; begin++) {
        for (int mirror = 0; mirror < 2; mirror++) {
            for (int corner = 0; corner < 4; corner++) {
                struct fixture fixture = empty_fixture();
                double moved_deg[4][2];
                for (int i = 0; i < 4; i++) {
                    const int from = (mirror ? 8 - i + begin : i + begin) % 4;
                    moved_deg[i][0] = corner_deg[from][0] - corner_deg[corner][0];
                    moved_deg[i][1] = corner_deg[from][1] - corner_deg[corner][1];
                }
                add_ring(&fixture, 4, (const double(*)[2])moved_deg);
                assert_near(probability(&fixture, 0.0, 0.0, 1e6, 1e6, 0.0), 0.25, 1e-12);
                assert_near(probability(&fixture, 0.0, 0.0, 1e6, 1e6, 1e6), 0.5, 0.51);
            }
        }
    }
}

static void exactly_on_an_edge_the_answer_does_not_depend_on_its_direction(void **state)
{
    (void)state;
    static const double tip_deg[][2] = {{0, 1},  {1, 1},   {1, 0},  {1, -1},
                                        {0, -1}, {-1, -1}, {-1, 0}, {-1, 1}};
    for (int i = 0; i < 8; i++) {
        const double lat = tip_deg[i][0], lon = tip_deg[i][1];
        struct fixture fixture = empty_fixture();
        add_ring(&fixture, 4,
                 (const double[][2]){
                     {-lat, -lon}, {lat, lon}, {lat + lon, lon - lat}, {lon - lat, -lat - lon}});
        assert_near(probability(&fixture, 0.0, 0.0, 1e6, 1e6, 0.0), 0.5, 1e-12);
        struct fixture turned = empty_fixture();
        add_ring(&turned, 4,
                 (const double[][2]){
                     {lat, lon}, {-lat, -lon}, {lon - lat, -lat - lon}, {lat + lon, lon - lat}});
        assert_near(probability(&turned, 0.0, 0.0, 1e6, 1e6, 0.0), 0.5, 1e-12);
    }
}

static void holes_take_away_and_islands_give_back(void **state)
{
    (void)state;
    const struct fixture outer = square();
    struct fixture hole = empty_fixture(), island = empty_fixture(), all = square();
    static const double hole_deg[][2] = {{20.2, 3.2}, {20.2, 3.8}, {20.8, 3.8}, {20.8, 3.2}};
    static const double island_deg[][2] = {{20.4, 3.4}, {20.6, 3.4}, {20.6, 3.6}, {20.4, 3.6}};
    add_ring(&hole, 4, hole_deg);
    add_ring(&island, 4, island_deg);
    add_ring(&all, 4, hole_deg);
    add_ring(&all, 4, island_deg);
    for (int i = 0; i < 12; i++) {
        const double lat_deg = 19.9 + 0.1 * i, lon_deg = 3.3, var_m2 = 3e7;
        assert_near(probability(&all, lat_deg, lon_deg, var_m2, var_m2, 1e7),
                    probability(&outer, lat_deg, lon_deg, var_m2, var_m2, 1e7) -
                        probability(&hole, lat_deg, lon_deg, var_m2, var_m2, 1e7) +
                        probability(&island, lat_deg, lon_deg, var_m2, var_m2, 1e7),
                    1e-12);
    }
}

static void a_hole_is_known_by_a_point_of_its_ring(void **state)
{
    (void)state;
    /* The middle of the hole's first edge lies in the box round an edge of the outer ring. */
    struct fixture fixture = empty_fixture();
    add_ring(&fixture, 3, (const double[][2]){{0, 0}, {0, 10}, {10, 10}});
    add_ring(&fixture, 3, (const double[][2]){{2, 4}, {2, 6}, {3, 5}});
    assert_near(probability(&fixture, 2.0, 5.0, 1e6, 1e6, 0.0), 0.5, 1e-9);
    assert_near(probability(&fixture, 2.2, 5.0, 1e4, 1e4, 0.0), 0.0, 1e-9);
    assert_near(probability(&fixture, 1.0, 5.0, 1e4, 1e4, 0.0), 1.0, 1e-9);
}

static void a_sliver_through_the_mean_weighs_next_to_nothing(void **state)
{
    (void)state;
    struct fixture fixture = empty_fixture();
    add_ring(&fixture, 3, (const double[][2]){{0, -1e-6}, {0, 1e-6}, {1e-7, 0}});
    const double area_m2 = 0.5 * 0.2226 * 0.01106;
    assert_near(probability(&fixture, 0.0, 0.0, 1.0, 1.0, 0.0), area_m2 / (2.0 * SKY_PI), 1e-5);
}

static void a_covariance_without_width_still_gives_the_share_of_its_length(void **state)
{
    (void)state;
    const struct fixture fixture = square();
    const double metre_deg = 1.0 / (sky_geo_radii_at(20.5 * degree).east_m * degree);
    /* All the error lies east to west: 50 m inside the western edge with 100 m. */
    assert_near(probability(&fixture, 20.5, 3.0 + 50.0 * metre_deg, 1e4, 0.0, 0.0),
                sky_normal_cdf(0.5), 1e-7);
    /* Diagonal: the same error in the east, tied to the north. */
    assert_near(probability(&fixture, 20.5, 3.0 + 50.0 * metre_deg, 1e4, 1e4, 1e4),
                sky_normal_cdf(0.5), 1e-7);
    /* All of it along the edge: certain. */
    assert_near(probability(&fixture, 20.5, 3.0 + 50.0 * metre_deg, 0.0, 1e4, 0.0), 1.0, 0.0);
}

static void a_covariance_as_wide_as_a_country_leaves_little_inside(void **state)
{
    (void)state;
    const struct fixture fixture = square();
    const struct sky_geo_radii radii = sky_geo_radii_at(20.5 * degree);
    const double area_m2 = radii.east_m * radii.north_m * degree * degree;
    const double sigma_m = 1e7;
    assert_near(probability(&fixture, 20.5, 3.5, sigma_m * sigma_m, sigma_m * sigma_m, 0.0) /
                    (area_m2 / (2.0 * SKY_PI * sigma_m * sigma_m)),
                1.0, 1e-3);
}

/* --- check --- */

static void a_sound_set_passes_and_leaves_the_reason_alone(void **state)
{
    (void)state;
    struct fixture fixture = square();
    assert_sound(&fixture);
    fixture.line[0].accuracy_stated = false;
    fixture.line[0].sigma_m = -1.0; /* not stated: not looked at */
    fixture.zone[0].floor = (struct sky_limit){false, 100.0, SKY_DATUM_AGL};
    fixture.zone[0].ceiling = (struct sky_limit){false, 50.0, SKY_DATUM_HAE}; /* not comparable */
    assert_sound(&fixture);
    fixture.zone[0].ceiling = (struct sky_limit){.unlimited = true};
    fixture.set.has_geoid = true;
    fixture.set.geoid_undulation_m = 29.93;
    assert_sound(&fixture);
    const struct sky_zone_set nothing = {0};
    const char *reason;
    assert_int_equal(sky_zone_check(&nothing, &reason), SKY_OK);
}

static void each_fault_of_a_set_has_its_own_words(void **state)
{
    (void)state;
    struct fixture fixture = square();
    fixture.set.zone_count = SKY_ZONES_MAX + 1;
    assert_fault(&fixture, "set: more zones than SKY_ZONES_MAX");

    fixture = square();
    fixture.set.line_count = SKY_LINES_MAX + 1;
    assert_fault(&fixture, "set: more lines than SKY_LINES_MAX");

    fixture = square();
    fixture.set.has_geoid = true;
    fixture.set.geoid_undulation_m = (double)NAN;
    assert_fault(&fixture, "set: geoid_undulation_m outside -200 .. 200");

    fixture = square();
    fixture.set.line_count = 2;
    assert_fault(&fixture, "set: a line belongs to no zone");
}

static void each_fault_of_a_zone_has_its_own_words(void **state)
{
    (void)state;
    static const char *const limit_fault =
        "zone: limit with an unknown datum, or height outside -1e6 .. 1e6 m";
    struct fixture fixture = square();
    fixture.zone[0].id = 0;
    assert_fault(&fixture, "zone: id is zero");
    fixture.zone[0].id = 1;
    fixture.zone[1] = fixture.zone[0];
    fixture.set.zone_count = 2;
    assert_fault(&fixture, "zone: id is not unique");
    fixture.zone[1].id = 2;
    assert_fault(&fixture, "zone: lines are not in the order of their zones");
    fixture.zone[1].first_line = 1;
    assert_fault(&fixture, "zone: lines are not in the order of their zones");
    fixture.set.zone_count = 1;

    const struct sky_limit bad[] = {{false, 0.0, (enum sky_datum)0},
                                    {false, 0.0, (enum sky_datum)5},
                                    {false, (double)NAN, SKY_DATUM_HAE},
                                    {false, 2e6, SKY_DATUM_HAE}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fixture.zone[0].floor = bad[i];
        assert_fault(&fixture, limit_fault);
        fixture.zone[0].floor = (struct sky_limit){.unlimited = true};
        fixture.zone[0].ceiling = bad[i];
        assert_fault(&fixture, limit_fault);
        fixture.zone[0].ceiling = (struct sky_limit){.unlimited = true};
    }
    fixture.zone[0].floor = (struct sky_limit){false, 100.0, SKY_DATUM_HAE};
    fixture.zone[0].ceiling = (struct sky_limit){false, 100.0, SKY_DATUM_HAE};
    assert_fault(&fixture, "zone: floor is not below its ceiling");
    fixture.zone[0].ceiling.height_m = 101.0;
    assert_sound(&fixture);

    fixture.zone[0].line_count = 0;
    assert_fault(&fixture, "zone: line_count outside 1 .. SKY_ZONE_LINES_MAX");
    fixture.zone[0].line_count = SKY_ZONE_LINES_MAX + 1;
    assert_fault(&fixture, "zone: line_count outside 1 .. SKY_ZONE_LINES_MAX");
    fixture.zone[0].line_count = 1;
    fixture.line[0].zone = 1;
    assert_fault(&fixture, "line: names another zone than the one that owns it");
}

static void each_fault_of_a_line_has_its_own_words(void **state)
{
    (void)state;
    struct fixture fixture = square();
    const struct sky_line good = fixture.line[0];
    fixture.line[0].id = 0;
    assert_fault(&fixture, "line: id is zero");
    fixture.line[0] = good;
    fixture.line[1] = good;
    fixture.set.line_count = 2;
    fixture.zone[0].line_count = 2;
    assert_fault(&fixture, "line: id is not unique");
    fixture.line[1].id = 2;
    assert_sound(&fixture);

    fixture.line[1].rule = (enum sky_edge_rule)0;
    assert_fault(&fixture, "line: unknown edge rule");
    fixture.line[1].rule = (enum sky_edge_rule)4;
    assert_fault(&fixture, "line: unknown edge rule");
    fixture.line[1].rule = SKY_EDGE_RHUMB;
    fixture.line[1].sigma_m = -1.0;
    assert_fault(&fixture, "line: sigma_m outside 0 .. 1e5");
    fixture.line[1].sigma_m = 1.1e5;
    assert_fault(&fixture, "line: sigma_m outside 0 .. 1e5");
    fixture.line[1].sigma_m = 0.0;
    static const double bad_chord_m[] = {-0.1, 1.1e5, (double)NAN};
    for (int i = 0; i < 3; i++) {
        fixture.line[1].chord_m = bad_chord_m[i];
        assert_fault(&fixture, "line: chord_m outside 0 .. 1e5");
    }
    fixture.line[1].chord_m = 0.1;
    assert_sound(&fixture);
    fixture.line[1].ring_count = 0;
    assert_fault(&fixture, "line: no ring");
    fixture.line[1].ring_count = 2;
    assert_fault(&fixture, "line: rings beyond the set");
    fixture.line[1].ring_count = 1;
    fixture.line[1].first_ring = 2;
    assert_fault(&fixture, "line: rings beyond the set");
}

static void each_fault_of_a_ring_has_its_own_words(void **state)
{
    (void)state;
    struct fixture fixture = square();
    fixture.ring[0].count = 2;
    assert_fault(&fixture, "ring: fewer than three vertices");
    fixture.ring[0].count = 5;
    assert_fault(&fixture, "ring: vertices beyond the set");
    fixture.ring[0] = (struct sky_ring){5, 3, 0};
    assert_fault(&fixture, "ring: vertices beyond the set");
    fixture.ring[0] = (struct sky_ring){0, 4, 4};
    assert_fault(&fixture, "ring: no edge is border");
    fixture.ring[0] = (struct sky_ring){0, 4, 5};
    assert_fault(&fixture, "ring: no edge is border");
    fixture.ring[0] = (struct sky_ring){0, 4, 3};
    assert_sound(&fixture);
    fixture.ring[0] = (struct sky_ring){0, 4, 0};
    struct fixture holed = square();
    add_ring(&holed, 3, (const double[][2]){{0.2, 0.2}, {0.2, 0.4}, {0.4, 0.2}});
    assert_sound(&holed);
    holed.ring[1].first = 3;
    assert_fault(&holed, "ring: vertices are not in the order of their rings");
    static const int32_t too_far[] = {900000001, -900000001, 1800000001, -1800000001};
    for (int i = 0; i < 4; i++) {
        struct sky_vertex *vertex = &fixture.vertex[3];
        const struct sky_vertex good = *vertex;
        *(i < 2 ? &vertex->lat_e7 : &vertex->lon_e7) = too_far[i];
        assert_fault(&fixture, i < 2 ? "vertex: latitude beyond 90 degrees"
                                     : "vertex: longitude beyond 180 degrees");
        *vertex = good;
    }
}

/* Two by three crossings, ten degrees apart, across the date line. */
static struct sky_geoid small_geoid(const int32_t height_cm[6])
{
    return (struct sky_geoid){.south_e7 = 100000000,
                              .west_e7 = 1750000000,
                              .step_e7 = 100000000,
                              .rows = 2,
                              .columns = 3,
                              .height_cm = height_cm};
}

static void each_fault_of_a_geoid_has_its_own_words(void **state)
{
    (void)state;
    static const char *const few = "geoid: fewer than two rows or columns, or no step";
    static const char *const north = "geoid: latitude beyond 90 degrees";
    static const char *const wide = "geoid: longitude beyond 180 degrees, or wider than a turn";
    int32_t height_cm[6] = {20000, -20000, 0, 0, 0, 0};
    struct fixture fixture = square();
    struct sky_geoid *const geoid = &fixture.set.geoid;
    const struct sky_geoid good = small_geoid(height_cm);
    *geoid = good;
    assert_sound(&fixture);
    geoid->rows = 1;
    assert_fault(&fixture, few);
    *geoid = good;
    geoid->columns = 1;
    assert_fault(&fixture, few);
    *geoid = good;
    geoid->step_e7 = 0;
    assert_fault(&fixture, few);
    *geoid = good;
    geoid->south_e7 = 800000001;
    assert_fault(&fixture, north);
    geoid->south_e7 = -900000001;
    assert_fault(&fixture, north);
    geoid->south_e7 = 800000000;
    assert_sound(&fixture);
    geoid->rows = UINT32_MAX;
    assert_fault(&fixture, north);
    *geoid = good;
    geoid->west_e7 = 1800000001;
    assert_fault(&fixture, wide);
    geoid->west_e7 = -1800000001;
    assert_fault(&fixture, wide);
    *geoid = good;
    geoid->columns = UINT32_MAX;
    assert_fault(&fixture, wide);
    *geoid = good;
    height_cm[5] = 20001;
    assert_fault(&fixture, "geoid: height outside -200 .. 200 m");
    height_cm[5] = -20001;
    assert_fault(&fixture, "geoid: height outside -200 .. 200 m");
}

static void a_ring_half_round_the_earth_is_refused(void **state)
{
    (void)state;
    static const char *const wide = "ring: 180 degrees wide or wider";
    struct fixture polar = empty_fixture();
    add_ring(&polar, 3, (const double[][2]){{80, 0}, {80, 120}, {80, -120}});
    assert_fault(&polar, wide);
    struct fixture turned = empty_fixture();
    add_ring(&turned, 3, (const double[][2]){{80, -120}, {80, 120}, {80, 0}});
    assert_fault(&turned, wide);
    struct fixture half = empty_fixture();
    add_ring(&half, 3, (const double[][2]){{0, 0}, {10, 180}, {20, 90}});
    assert_fault(&half, wide);
    struct fixture less = empty_fixture();
    add_ring(&less, 3, (const double[][2]){{0, 0}, {10, 179.9}, {20, 90}});
    assert_sound(&less);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_north_of_an_edge_is_as_far_as_the_meridian_is_long),
        cmocka_unit_test(a_point_inside_is_negative_by_its_depth),
        cmocka_unit_test(the_nearest_point_may_be_a_vertex),
        cmocka_unit_test(a_point_on_a_vertex_is_at_no_distance),
        cmocka_unit_test(a_bearing_just_west_of_north_is_below_a_turn),
        cmocka_unit_test(a_hole_is_outside_and_its_island_inside),
        cmocka_unit_test(a_zone_reaches_across_the_antimeridian),
        cmocka_unit_test(a_zone_near_the_pole_is_reached_across_it),
        cmocka_unit_test(a_long_edge_past_the_pole_still_gives_one_of_its_points),
        cmocka_unit_test(repeated_vertices_change_nothing),
        cmocka_unit_test(a_point_on_a_shared_border_is_inside_exactly_one_side),
        cmocka_unit_test(the_end_of_an_open_border_belongs_to_its_last_edge),
        cmocka_unit_test(far_from_the_line_the_answer_is_certain),
        cmocka_unit_test(across_a_straight_edge_it_is_the_normal_distribution),
        cmocka_unit_test(on_an_edge_it_is_one_half_and_on_a_corner_one_quarter),
        cmocka_unit_test(exactly_at_any_vertex_it_is_the_angle_there),
        cmocka_unit_test(exactly_on_an_edge_the_answer_does_not_depend_on_its_direction),
        cmocka_unit_test(holes_take_away_and_islands_give_back),
        cmocka_unit_test(a_hole_is_known_by_a_point_of_its_ring),
        cmocka_unit_test(a_sliver_through_the_mean_weighs_next_to_nothing),
        cmocka_unit_test(a_covariance_without_width_still_gives_the_share_of_its_length),
        cmocka_unit_test(a_covariance_as_wide_as_a_country_leaves_little_inside),
        cmocka_unit_test(a_sound_set_passes_and_leaves_the_reason_alone),
        cmocka_unit_test(each_fault_of_a_set_has_its_own_words),
        cmocka_unit_test(each_fault_of_a_zone_has_its_own_words),
        cmocka_unit_test(each_fault_of_a_line_has_its_own_words),
        cmocka_unit_test(each_fault_of_a_ring_has_its_own_words),
        cmocka_unit_test(each_fault_of_a_geoid_has_its_own_words),
        cmocka_unit_test(a_ring_half_round_the_earth_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
