#include "sky_assess.h"

#include "sky_math.h"
#include "sky_test.h"

static const double degree = SKY_PI / 180.0;

/* One degree square; line 1 states 100 m, line 2 states nothing. */
static const struct sky_vertex corner[] = {
    {200000000, 30000000}, {200000000, 40000000}, {210000000, 40000000}, {210000000, 30000000}};
static const struct sky_ring ring = {0, 4, 0};
static const struct sky_line line[] = {
    {.id = 11,
     .zone = 0,
     .rule = SKY_EDGE_PLANAR,
     .rule_stated = true,
     .accuracy_stated = true,
     .sigma_m = 100.0,
     .first_ring = 0,
     .ring_count = 1},
    {.id = 12,
     .zone = 0,
     .rule = SKY_EDGE_PLANAR,
     .rule_stated = true,
     .first_ring = 0,
     .ring_count = 1},
};

static struct sky_zone zone_between(struct sky_limit floor, struct sky_limit ceiling)
{
    return (struct sky_zone){.id = 7, .floor = floor, .ceiling = ceiling, .line_count = 2};
}

static const struct sky_limit unlimited = {.unlimited = true};

static const struct sky_incident_config config = {.unstated_line_sigma_m = 700.0};

static struct sky_assessment assess_in(const struct sky_zone *zone, bool has_geoid, uint32_t index,
                                       const struct sky_fixing *fixing)
{
    const struct sky_zone_set set = {.zone_count = 1,
                                     .line_count = 2,
                                     .ring_count = 1,
                                     .vertex_count = 4,
                                     .zone = zone,
                                     .line = line,
                                     .ring = &ring,
                                     .vertex = corner,
                                     .geoid_undulation_m = 30.0,
                                     .has_geoid = has_geoid};
    const char *reason = "sound";
    if (sky_zone_check(&set, &reason) != SKY_OK) {
        fail_msg("%s", reason);
    }
    struct sky_assessment assessment;
    sky_assess(&set, index, &config, fixing, SKY_ZONE_NO_EDGE, &assessment);
    return assessment;
}

static struct sky_assessment assess(uint32_t index, const struct sky_fixing *fixing)
{
    const struct sky_zone zone = zone_between(unlimited, unlimited);
    return assess_in(&zone, false, index, fixing);
}

/* A track west of the western edge, half way up it; sigma 30 m east, 40 m north, 50 m up. */
static struct sky_fixing fixing_west(double west_m)
{
    const double lat_rad = 20.5 * degree;
    return (struct sky_fixing){
        .track_id = 5,
        .time_ns = 123456789,
        .existence = 0.75,
        .place = {lat_rad, 3.0 * degree - west_m / sky_geo_radii_at(lat_rad).east_m, 5000.0},
        .cov = {{900.0}, {0.0, 1600.0}, {0.0, 0.0, 2500.0}},
    };
}

static void an_assessment_says_whose_it_is(void **state)
{
    (void)state;
    const struct sky_fixing fixing = fixing_west(1000.0);
    const struct sky_assessment assessment = assess(0, &fixing);
    assert_int_equal(assessment.track_id, 5);
    assert_int_equal(assessment.zone_id, 7);
    assert_int_equal(assessment.line_id, 11);
    assert_int_equal(assessment.time_ns, 123456789);
    assert_near(assessment.existence, 0.75, 0.0);
    assert_int_equal(assessment.edge, 3);
}

static void distance_and_bearing_lead_to_the_nearest_point(void **state)
{
    (void)state;
    struct sky_fixing fixing = fixing_west(1000.0);
    struct sky_assessment assessment = assess(0, &fixing);
    assert_near(assessment.distance_m, 1000.0, 0.1);
    assert_near(assessment.bearing_rad, SKY_PI / 2.0, 1e-3);
    assert_near(assessment.nearest_lon_rad, 3.0 * degree, 1e-12);
    assert_near(assessment.nearest_lat_rad, 20.5 * degree, 1e-7);
    fixing = fixing_west(-1000.0);
    assessment = assess(0, &fixing);
    assert_near(assessment.distance_m, -1000.0, 0.1);
    assert_near(assessment.bearing_rad, 1.5 * SKY_PI, 1e-3);
}

static void the_budget_is_kept_apart_and_adds_up_to_u95(void **state)
{
    (void)state;
    struct sky_fixing fixing = fixing_west(1000.0);
    fixing.common = (struct sky_common_error){.cov = {{400.0}, {0.0, 10000.0}}};
    fixing.common.time_sigma_s = 0.2;
    fixing.vel_east_mps = 75.0;
    fixing.vel_north_mps = -200.0; /* along the edge: does not matter */
    const struct sky_assessment assessment = assess(0, &fixing);
    assert_near(assessment.sigma_track_m, 30.0, 0.01);
    assert_near(assessment.sigma_pose_m, 20.0, 0.1);
    assert_near(assessment.sigma_time_m, 15.0, 0.1);
    assert_near(assessment.sigma_line_m, 100.0, 0.0);
    assert_true(assessment.line_accuracy_stated);
    assert_near(assessment.u95_m, 1.959963984540054 * sqrt(900.0 + 400.0 + 225.0 + 10000.0), 0.2);
}

static void an_unstated_line_takes_the_configured_sigma_and_says_so(void **state)
{
    (void)state;
    const struct sky_fixing fixing = fixing_west(1000.0);
    const struct sky_assessment assessment = assess(1, &fixing);
    assert_near(assessment.sigma_line_m, 700.0, 0.0);
    assert_false(assessment.line_accuracy_stated);
    assert_near(assessment.u95_m, 1.959963984540054 * sqrt(900.0 + 490000.0), 0.01);
}

/* The same, of a line made by hand. */
static struct sky_assessment assess_line(const struct sky_line *claim,
                                         const struct sky_vertex vertex[4],
                                         const struct sky_fixing *fixing)
{
    struct sky_zone zone = zone_between(unlimited, unlimited);
    zone.line_count = 1;
    const struct sky_zone_set set = {.zone_count = 1,
                                     .line_count = 1,
                                     .ring_count = 1,
                                     .vertex_count = 4,
                                     .zone = &zone,
                                     .line = claim,
                                     .ring = &ring,
                                     .vertex = vertex};
    const char *reason = "sound";
    if (sky_zone_check(&set, &reason) != SKY_OK) {
        fail_msg("%s", reason);
    }
    struct sky_assessment assessment;
    sky_assess(&set, 0, &config, fixing, SKY_ZONE_NO_EDGE, &assessment);
    return assessment;
}

static void a_stated_rule_adds_the_even_spread_of_its_chord(void **state)
{
    (void)state;
    const struct sky_fixing fixing = fixing_west(100.0);
    struct sky_line claim = line[0];
    const struct sky_assessment bare = assess_line(&claim, corner, &fixing);
    assert_near(bare.sigma_rule_m, 0.0, 0.0);
    assert_true(bare.line_rule_stated);
    claim.chord_m = 300.0;
    const struct sky_assessment drawn = assess_line(&claim, corner, &fixing);
    assert_near(drawn.sigma_rule_m, 300.0 / sqrt(3.0), 1e-12);
    assert_true(drawn.line_rule_stated);
    const double sigma_m = sqrt(900.0 + 10000.0 + 30000.0);
    assert_near(drawn.u95_m, 1.959963984540054 * sigma_m, 0.1);
    assert_near(drawn.p_inside, sky_normal_cdf(-100.0 / sigma_m), 1e-6);
    assert_near(bare.p_inside, sky_normal_cdf(-100.0 / sqrt(10900.0)), 1e-6);
}

static void an_unstated_rule_adds_how_far_two_drawings_lie_apart(void **state)
{
    (void)state;
    /* South of 5 degrees of longitude at 60 degrees north: the geodesic bulges by 2.6 km. */
    static const struct sky_vertex wide[] = {
        {600000000, 30000000}, {600000000, 80000000}, {610000000, 80000000}, {610000000, 30000000}};
    struct sky_fixing fixing = fixing_west(0.0);
    fixing.place.lat_rad = 60.0 * degree - 1000.0 / sky_geo_radii_at(60.0 * degree).north_m;
    fixing.place.lon_rad = 5.5 * degree;
    struct sky_line claim = line[0];
    claim.rule_stated = false;
    claim.chord_m = 50e3; /* says nothing now */
    const struct sky_assessment assessment = assess_line(&claim, wide, &fixing);
    const double bulge_m =
        6378137.0 * (atan(tan(60.0 * degree) / cos(2.5 * degree)) - 60.0 * degree);
    assert_false(assessment.line_rule_stated);
    assert_near(assessment.sigma_rule_m, bulge_m, 0.005 * bulge_m);
    const double sigma_m = sqrt(1600.0 + 10000.0 + bulge_m * bulge_m);
    assert_near(assessment.u95_m, 1.959963984540054 * sigma_m, 0.005 * 1.96 * sigma_m);
    assert_near(assessment.p_inside, sky_normal_cdf(-1000.0 / sigma_m), 2e-3);
    fixing.place.lon_rad = 3.0 * degree; /* at the corner they meet */
    assert_near(assess_line(&claim, wide, &fixing).sigma_rule_m, 0.0, 1.0);
}

static void near_an_edge_that_is_no_border_the_probability_does_not_jump(void **state)
{
    (void)state;
    /* The edges in the north and the west only close the square. */
    const struct sky_ring open = {0, 4, 2};
    const struct sky_zone zone = {
        .id = 7, .floor = unlimited, .ceiling = unlimited, .line_count = 1};
    const struct sky_zone_set set = {.zone_count = 1,
                                     .line_count = 1,
                                     .ring_count = 1,
                                     .vertex_count = 4,
                                     .zone = &zone,
                                     .line = line,
                                     .ring = &open,
                                     .vertex = corner};
    const double sigma_m = sqrt(900.0 + 10000.0);
    for (int i = -300; i <= 300; i += 100) {
        const struct sky_fixing fixing = fixing_west(i);
        struct sky_assessment assessment;
        sky_assess(&set, 0, &config, &fixing, SKY_ZONE_NO_EDGE, &assessment);
        assert_true(fabs(assessment.distance_m) > 55e3);
        assert_near(assessment.p_inside, sky_normal_cdf(-i / sigma_m), 1e-6);
    }
}

static void probability_takes_in_every_error(void **state)
{
    (void)state;
    struct sky_fixing fixing = fixing_west(100.0);
    fixing.common = (struct sky_common_error){.cov = {{400.0}}, .time_sigma_s = 0.2};
    fixing.vel_east_mps = 75.0;
    fixing.vel_north_mps = 40.0;
    const double sigma_m = sqrt(900.0 + 400.0 + 225.0 + 10000.0);
    assert_near(assess(0, &fixing).p_inside, sky_normal_cdf(-100.0 / sigma_m), 1e-6);
}

static void correlation_between_east_and_north_counts(void **state)
{
    (void)state;
    /* 200 m from the southern and the western edge, the error along the diagonal between them. */
    struct sky_fixing fixing = fixing_west(0.0);
    const struct sky_geo_radii radii = sky_geo_radii_at(20.0 * degree);
    fixing.place.lat_rad = 20.0 * degree + 200.0 / radii.north_m;
    fixing.place.lon_rad = 3.0 * degree + 200.0 / radii.east_m;
    fixing.cov[0][0] = fixing.cov[1][1] = 40000.0;
    fixing.cov[0][1] = fixing.cov[1][0] = 39990.0;
    const double together = assess(0, &fixing).p_inside;
    fixing.cov[0][1] = fixing.cov[1][0] = -39990.0;
    const double against = assess(0, &fixing).p_inside;
    assert_true(together > against + 0.05);
}

static void an_error_in_time_lies_along_the_flight(void **state)
{
    (void)state;
    /* Before the same corner: flying across it, or along its diagonal. */
    struct sky_fixing fixing = fixing_west(0.0);
    const struct sky_geo_radii radii = sky_geo_radii_at(20.0 * degree);
    fixing.place.lat_rad = 20.0 * degree + 200.0 / radii.north_m;
    fixing.place.lon_rad = 3.0 * degree + 200.0 / radii.east_m;
    fixing.common.time_sigma_s = 1.0;
    fixing.vel_east_mps = fixing.vel_north_mps = 200.0;
    const double along = assess(0, &fixing).p_inside;
    fixing.vel_east_mps = -200.0;
    const double across = assess(0, &fixing).p_inside;
    assert_true(along > across + 0.05);
}

static void far_from_the_line_probability_is_certain(void **state)
{
    (void)state;
    struct sky_fixing fixing = fixing_west(5000.0);
    assert_true(assess(0, &fixing).p_inside == 0.0);
    fixing = fixing_west(-5000.0);
    assert_true(assess(0, &fixing).p_inside == 1.0);
}

static void probability_does_not_jump_where_the_integral_is_left_out(void **state)
{
    (void)state;
    const double sigma_m = sqrt(900.0 + 10000.0);
    for (int i = 300; i < 1000; i++) {
        const struct sky_fixing outside = fixing_west(i), within = fixing_west(-i);
        assert_near(assess(0, &outside).p_inside, sky_normal_cdf(-i / sigma_m), 1e-7);
        assert_near(assess(0, &within).p_inside, sky_normal_cdf(i / sigma_m), 1e-7);
    }
}

static void without_limits_the_height_is_certainly_inside(void **state)
{
    (void)state;
    const struct sky_fixing fixing = fixing_west(0.0);
    const struct sky_assessment assessment = assess(0, &fixing);
    assert_int_equal(assessment.vertical, SKY_VERTICAL_EVALUATED);
    assert_true(assessment.p_vertical == 1.0);
}

static void between_two_heights_it_is_the_normal_distribution(void **state)
{
    (void)state;
    struct sky_fixing fixing = fixing_west(0.0); /* at 5,000 m, sigma 50 m */
    const struct sky_limit floor = {false, 4950.0, SKY_DATUM_HAE};
    const struct sky_limit ceiling = {false, 5100.0, SKY_DATUM_HAE};
    struct sky_zone zone = zone_between(floor, ceiling);
    struct sky_assessment assessment = assess_in(&zone, false, 0, &fixing);
    assert_int_equal(assessment.vertical, SKY_VERTICAL_EVALUATED);
    assert_near(assessment.p_vertical, sky_normal_cdf(2.0) - sky_normal_cdf(-1.0), 1e-12);

    fixing.common.cov[2][2] = 1100.0; /* with climb in doubtful time: 80 m in all */
    fixing.common.time_sigma_s = 2.0;
    fixing.vel_up_mps = sqrt(6400.0 - 3600.0) / 2.0;
    assessment = assess_in(&zone, false, 0, &fixing);
    assert_near(assessment.p_vertical, sky_normal_cdf(1.25) - sky_normal_cdf(-0.625), 1e-12);

    zone.ceiling = unlimited;
    assessment = assess_in(&zone, false, 0, &fixing);
    assert_near(assessment.p_vertical, 1.0 - sky_normal_cdf(-0.625), 1e-12);
}

static void a_height_known_exactly_is_in_or_out(void **state)
{
    (void)state;
    struct sky_fixing fixing = fixing_west(0.0);
    fixing.cov[2][2] = 0.0;
    const struct sky_limit ceiling = {false, 5000.1, SKY_DATUM_HAE};
    const struct sky_zone zone = zone_between(unlimited, ceiling);
    assert_near(assess_in(&zone, false, 0, &fixing).p_vertical, 1.0, 1e-12);
    fixing.place.alt_hae_m = 5000.2;
    assert_near(assess_in(&zone, false, 0, &fixing).p_vertical, 0.0, 1e-12);
}

static void mean_sea_level_needs_a_geoid(void **state)
{
    (void)state;
    const struct sky_fixing fixing = fixing_west(0.0);
    const struct sky_limit ceiling = {false, 4970.0, SKY_DATUM_AMSL}; /* 30 m lower than HAE */
    const struct sky_zone zone = zone_between(unlimited, ceiling);
    const struct sky_assessment with = assess_in(&zone, true, 0, &fixing);
    assert_int_equal(with.vertical, SKY_VERTICAL_EVALUATED);
    assert_near(with.p_vertical, 0.5, 1e-12);
    const struct sky_assessment without = assess_in(&zone, false, 0, &fixing);
    assert_int_equal(without.vertical, SKY_VERTICAL_NOT_EVALUATED);
    assert_near(without.p_vertical, 1.0, 0.0);
}

static void heights_above_ground_are_not_evaluated(void **state)
{
    (void)state;
    const struct sky_fixing fixing = fixing_west(0.0);
    const struct sky_limit limit = {false, 100.0, SKY_DATUM_AGL};
    const struct sky_zone above = zone_between(limit, unlimited);
    const struct sky_zone below = zone_between(unlimited, limit);
    assert_int_equal(assess_in(&above, true, 0, &fixing).vertical, SKY_VERTICAL_NOT_EVALUATED);
    assert_int_equal(assess_in(&below, true, 0, &fixing).vertical, SKY_VERTICAL_NOT_EVALUATED);
    assert_near(assess_in(&below, true, 0, &fixing).p_vertical, 1.0, 0.0);
}

/* Over a zone up to `ceiling`, with a geoid of these four heights around 20.5 N 3 E. */
static struct sky_assessment assess_over(const struct sky_limit *ceiling, const int32_t cm[4],
                                         const struct sky_fixing *fixing)
{
    const struct sky_zone zone = zone_between(unlimited, *ceiling);
    const struct sky_zone_set set = {.zone_count = 1,
                                     .line_count = 2,
                                     .ring_count = 1,
                                     .vertex_count = 4,
                                     .zone = &zone,
                                     .line = line,
                                     .ring = &ring,
                                     .vertex = corner,
                                     .geoid = {.south_e7 = 200000000,
                                               .west_e7 = 25000000,
                                               .step_e7 = 10000000,
                                               .rows = 2,
                                               .columns = 2,
                                               .height_cm = cm},
                                     .geoid_undulation_m = 150.0,
                                     .has_geoid = true};
    const char *reason = "sound";
    if (sky_zone_check(&set, &reason) != SKY_OK) {
        fail_msg("%s", reason);
    }
    struct sky_assessment assessment;
    sky_assess(&set, 0, &config, fixing, SKY_ZONE_NO_EDGE, &assessment);
    return assessment;
}

static void a_geoid_goes_before_the_one_number_and_is_a_metre_unsure(void **state)
{
    (void)state;
    static const int32_t cm[4] = {2000, 3000, 4000, 3000}; /* 30 m in the middle */
    const struct sky_limit ceiling = {false, 4972.0, SKY_DATUM_AMSL};
    struct sky_fixing fixing = fixing_west(0.0);
    fixing.cov[2][2] = 3.0; /* and the geoid's square metre make 2 m, as far as the ceiling is */
    struct sky_assessment assessment = assess_over(&ceiling, cm, &fixing);
    assert_int_equal(assessment.vertical, SKY_VERTICAL_EVALUATED);
    assert_near(assessment.p_vertical, sky_normal_cdf(1.0), 1e-6);
    fixing.place.lon_rad = 3.6 * degree; /* outside the grid the one number does not stand in */
    assessment = assess_over(&ceiling, cm, &fixing);
    assert_int_equal(assessment.vertical, SKY_VERTICAL_NOT_EVALUATED);
    assert_near(assessment.p_vertical, 1.0, 0.0);
}

static void heights_from_pressure_are_compared_with_others_only_with_a_word(void **state)
{
    (void)state;
    struct sky_fixing fixing = fixing_west(0.0);
    fixing.cov[2][2] = 400.0 * 400.0; /* what sky_reading makes of a pressure altitude */
    const struct sky_limit hae = {false, 5400.0, SKY_DATUM_HAE};
    const struct sky_limit amsl = {false, 5370.0, SKY_DATUM_AMSL};
    const struct sky_zone below_hae = zone_between(unlimited, hae);
    const struct sky_zone above_amsl = zone_between(amsl, unlimited);
    static const uint32_t heights[] = {0, SKY_HEIGHT_GEOMETRIC, SKY_HEIGHT_PRESSURE,
                                       SKY_HEIGHT_GEOMETRIC | SKY_HEIGHT_PRESSURE};
    for (int i = 0; i < 4; i++) {
        const enum sky_vertical wanted = i < 2 ? SKY_VERTICAL_EVALUATED : SKY_VERTICAL_ACROSS;
        fixing.heights = heights[i];
        const struct sky_assessment low = assess_in(&below_hae, true, 0, &fixing);
        const struct sky_assessment high = assess_in(&above_amsl, true, 0, &fixing);
        assert_int_equal(low.vertical, wanted);
        assert_int_equal(high.vertical, wanted);
        assert_near(low.p_vertical, sky_normal_cdf(1.0), 1e-12);
        assert_near(high.p_vertical, sky_normal_cdf(-1.0), 1e-12);
        const struct sky_zone open = zone_between(unlimited, unlimited);
        assert_int_equal(assess_in(&open, true, 0, &fixing).vertical, SKY_VERTICAL_EVALUATED);
    }
}

static void pressure_is_compared_with_pressure_as_it_is(void **state)
{
    (void)state;
    struct sky_fixing fixing = fixing_west(0.0); /* 5,000 m, sigma 50 m */
    fixing.heights = SKY_HEIGHT_PRESSURE;
    const struct sky_limit level = {false, 5050.0, SKY_DATUM_STD};
    const struct sky_zone zone = zone_between(unlimited, level);
    const struct sky_assessment assessment = assess_in(&zone, true, 0, &fixing);
    assert_int_equal(assessment.vertical, SKY_VERTICAL_EVALUATED);
    assert_near(assessment.p_vertical, sky_normal_cdf(1.0), 1e-12);
}

static void a_flight_level_meets_a_geometric_height_only_widened(void **state)
{
    (void)state;
    struct sky_fixing fixing = fixing_west(0.0);
    const struct sky_limit level = {false, 5250.0, SKY_DATUM_STD};
    const struct sky_zone above = zone_between(level, unlimited);
    static const uint32_t heights[] = {0, SKY_HEIGHT_GEOMETRIC,
                                       SKY_HEIGHT_GEOMETRIC | SKY_HEIGHT_PRESSURE};
    const double atmosphere_m2 = 210.0 * 210.0 + 80.0 * 80.0;
    for (int i = 0; i < 3; i++) {
        fixing.heights = heights[i];
        const struct sky_assessment with = assess_in(&above, true, 0, &fixing);
        assert_int_equal(with.vertical, SKY_VERTICAL_ACROSS); /* geoid: 30 m higher */
        assert_near(with.p_vertical, sky_normal_cdf(-280.0 / sqrt(2500.0 + atmosphere_m2)), 1e-12);
        const struct sky_assessment without = assess_in(&above, false, 0, &fixing);
        assert_int_equal(without.vertical, SKY_VERTICAL_ACROSS);
        assert_near(without.p_vertical,
                    sky_normal_cdf(-250.0 / sqrt(2500.0 + 900.0 + atmosphere_m2)), 1e-12);
    }
    const int32_t cm[4] = {3000, 3000, 3000, 3000};
    const struct sky_assessment under = assess_over(&level, cm, &fixing);
    assert_near(under.p_vertical, sky_normal_cdf(280.0 / sqrt(2501.0 + atmosphere_m2)), 1e-6);
    fixing.place.lon_rad = 3.6 * degree; /* outside the grid */
    assert_near(assess_over(&level, cm, &fixing).p_vertical,
                sky_normal_cdf(250.0 / sqrt(2500.0 + 900.0 + atmosphere_m2)), 1e-12);
}

static void between_two_kinds_of_limits_the_probability_is_never_negative(void **state)
{
    (void)state;
    struct sky_fixing fixing = fixing_west(0.0);
    fixing.place.alt_hae_m = 4900.0; /* surely below the floor, and perhaps above the ceiling */
    const struct sky_zone zone = zone_between((struct sky_limit){false, 5000.0, SKY_DATUM_HAE},
                                              (struct sky_limit){false, 5000.0, SKY_DATUM_STD});
    assert_near(assess_in(&zone, true, 0, &fixing).p_vertical, 0.0, 0.0);
}

/* --- fixing --- */

static struct sky_geo_frame frame_at(double lat_deg, double lon_deg)
{
    const struct sky_lla origin = {lat_deg * degree, lon_deg * degree, 0.0};
    struct sky_geo_frame frame;
    assert_int_equal(sky_geo_frame_init(&frame, &origin), SKY_OK);
    return frame;
}

static void at_the_origin_a_fixing_is_the_filter_itself(void **state)
{
    (void)state;
    const struct sky_geo_frame frame = frame_at(20.0, 3.0);
    struct sky_state one = {.time_ns = 42, .x = {0.0, 0.0, 1000.0, 10.0, -20.0, 3.0}};
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            one.p[i][j] = i == j ? 100.0 + i : 1.0 / (1.0 + i + j);
        }
    }
    const struct sky_common_error common = {{{9.0, 1.0}, {1.0, 4.0}, {0.0, 0.0, 16.0}}, 0.5};
    struct sky_fixing fixing;
    sky_assess_fix(&frame, &one, 3, 0.9, &common, &fixing);
    assert_int_equal(fixing.track_id, 3);
    assert_int_equal(fixing.time_ns, 42);
    assert_near(fixing.existence, 0.9, 0.0);
    assert_near(fixing.place.lat_rad, 20.0 * degree, 1e-15);
    assert_near(fixing.place.lon_rad, 3.0 * degree, 1e-15);
    assert_near(fixing.place.alt_hae_m, 1000.0, 5e-9);
    assert_near(fixing.vel_east_mps, 10.0, 1e-12);
    assert_near(fixing.vel_north_mps, -20.0, 1e-12);
    assert_near(fixing.vel_up_mps, 3.0, 1e-12);
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            assert_near(fixing.cov[i][j], one.p[i][j], 1e-11);
        }
    }
    assert_near(fixing.common.cov[0][0], 9.0, 1e-12);
    assert_near(fixing.common.cov[1][1], 4.0, 1e-12);
    assert_near(fixing.common.cov[0][1], 1.0, 1e-12);
    assert_near(fixing.common.cov[2][2], 16.0, 1e-12);
    assert_near(fixing.common.time_sigma_s, 0.5, 0.0);
}

static void far_from_the_origin_the_axes_turn_with_the_place(void **state)
{
    (void)state;
    /* 300 km east at 60 degrees north: the meridians have turned by some 4.65 degrees. */
    const struct sky_geo_frame frame = frame_at(60.0, 10.0);
    struct sky_state one = {.x = {300.0e3, 0.0, 0.0, 100.0, 0.0, 0.0}};
    one.p[0][0] = one.p[3][3] = 100.0;
    one.p[0][3] = one.p[3][0] = 50.0;
    const struct sky_common_error common = {.cov = {{25.0}}};
    struct sky_fixing fixing;
    sky_assess_fix(&frame, &one, 1, 1.0, &common, &fixing);
    const double speed_mps =
        sqrt(fixing.vel_east_mps * fixing.vel_east_mps +
             fixing.vel_north_mps * fixing.vel_north_mps + fixing.vel_up_mps * fixing.vel_up_mps);
    assert_near(speed_mps, 100.0, 1e-10);
    const double turn_rad = sky_atan2(-fixing.vel_north_mps, fixing.vel_east_mps);
    assert_near(turn_rad, (fixing.place.lon_rad - 10.0 * degree) * sin(60.0 * degree), 2e-3);
    assert_true(fixing.vel_up_mps > 4.0); /* straight on is away from the ground */
    for (int block = 0; block < 4; block++) {
        const int row = block / 2 * 3, col = block % 2 * 3;
        const double trace =
            fixing.cov[row][col] + fixing.cov[row + 1][col + 1] + fixing.cov[row + 2][col + 2];
        assert_near(trace, row == col ? 100.0 : 50.0, 1e-10);
        assert_near(fixing.cov[row][col + 1],
                    trace * 1e-4 * fixing.vel_east_mps * fixing.vel_north_mps, 1e-10);
    }
    assert_near(fixing.common.cov[0][1], 25.0e-4 * fixing.vel_east_mps * fixing.vel_north_mps,
                1e-10);
    assert_near(fixing.common.cov[2][2], 25.0e-4 * fixing.vel_up_mps * fixing.vel_up_mps, 1e-10);
}

static void an_error_adds_its_square_in_every_component(void **state)
{
    (void)state;
    struct sky_common_error common = {.cov = {{100.0}}, .time_sigma_s = 0.5};
    const double way[6] = {1.0, 2.0, 3.0, 0.4, 0.5, 0.6};
    sky_assess_add_error(&common, way);
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            assert_near(common.cov[i][j], way[i] * way[j] + (i + j == 0 ? 100.0 : 0.0), 1e-12);
        }
    }
    assert_near(common.time_sigma_s, 0.5, 0.0);
}

static void the_total_is_the_sum_of_track_common_and_time(void **state)
{
    (void)state;
    struct sky_fixing fixing = {.vel_east_mps = 100.0, .vel_north_mps = -50.0, .vel_up_mps = 10.0};
    fixing.common.time_sigma_s = 0.1;
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            fixing.cov[i][j] = 1000.0 + i * j;
            fixing.common.cov[i][j] = 300.0 - i * j;
        }
    }
    const double late_m[6] = {10.0, -5.0, 1.0, 0.0, 0.0, 0.0};
    double total[SKY_PACKED_DIM];
    sky_assess_total(&fixing, total);
    for (int i = 0, at = 0; i < 6; i++) {
        for (int j = i; j < 6; j++) {
            assert_near(total[at++], 1300.0 + late_m[i] * late_m[j], 1e-9);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assessment_says_whose_it_is),
        cmocka_unit_test(distance_and_bearing_lead_to_the_nearest_point),
        cmocka_unit_test(the_budget_is_kept_apart_and_adds_up_to_u95),
        cmocka_unit_test(an_unstated_line_takes_the_configured_sigma_and_says_so),
        cmocka_unit_test(a_stated_rule_adds_the_even_spread_of_its_chord),
        cmocka_unit_test(an_unstated_rule_adds_how_far_two_drawings_lie_apart),
        cmocka_unit_test(near_an_edge_that_is_no_border_the_probability_does_not_jump),
        cmocka_unit_test(probability_takes_in_every_error),
        cmocka_unit_test(correlation_between_east_and_north_counts),
        cmocka_unit_test(an_error_in_time_lies_along_the_flight),
        cmocka_unit_test(far_from_the_line_probability_is_certain),
        cmocka_unit_test(probability_does_not_jump_where_the_integral_is_left_out),
        cmocka_unit_test(without_limits_the_height_is_certainly_inside),
        cmocka_unit_test(between_two_heights_it_is_the_normal_distribution),
        cmocka_unit_test(a_height_known_exactly_is_in_or_out),
        cmocka_unit_test(mean_sea_level_needs_a_geoid),
        cmocka_unit_test(heights_above_ground_are_not_evaluated),
        cmocka_unit_test(a_geoid_goes_before_the_one_number_and_is_a_metre_unsure),
        cmocka_unit_test(heights_from_pressure_are_compared_with_others_only_with_a_word),
        cmocka_unit_test(pressure_is_compared_with_pressure_as_it_is),
        cmocka_unit_test(a_flight_level_meets_a_geometric_height_only_widened),
        cmocka_unit_test(between_two_kinds_of_limits_the_probability_is_never_negative),
        cmocka_unit_test(at_the_origin_a_fixing_is_the_filter_itself),
        cmocka_unit_test(far_from_the_origin_the_axes_turn_with_the_place),
        cmocka_unit_test(an_error_adds_its_square_in_every_component),
        cmocka_unit_test(the_total_is_the_sum_of_track_common_and_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
