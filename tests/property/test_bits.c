#include <string.h>

#include "sky_assess.h"
#include "sky_math.h"
#include "sky_test.h"

/*
 * The same bits on every machine, compiler and optimisation level: a digest of many results of the
 * core's arithmetic and geometry. A change of these values is a change of what a replay computes;
 * it is made on purpose, or not at all.
 */
static const uint64_t wanted_math = UINT64_C(0x6e83f8786d7b6853);
static const uint64_t wanted_geo = UINT64_C(0x198f37d601da4840);
static const uint64_t wanted_zone = UINT64_C(0x07d411f6e102811c);
static const uint64_t wanted_rule = UINT64_C(0x194b91d17e927954);

static const uint64_t first_seed = 2025;

/* FNV-1a over the bits of a double. */
static void digest(uint64_t *hash, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (size_t i = 0; i < sizeof bits; i++) {
        *hash = (*hash ^ (bits >> (8 * i) & 0xffU)) * UINT64_C(0x100000001b3);
    }
}

static const uint64_t empty_digest = UINT64_C(0xcbf29ce484222325);

static void assert_digest(uint64_t actual, uint64_t wanted)
{
    if (actual != wanted) {
        fail_msg("digest is 0x%016llx, wanted 0x%016llx", (unsigned long long)actual,
                 (unsigned long long)wanted);
    }
}

static void arithmetic_gives_the_pinned_bits(void **state)
{
    (void)state;
    uint64_t seed = first_seed, hash = empty_digest;
    for (int i = 0; i < 50000; i++) {
        const double x = test_uniform(&seed, -10.0, 10.0), y = test_uniform(&seed, -10.0, 10.0);
        digest(&hash, sky_sin(x));
        digest(&hash, sky_cos(x * 1000.0));
        digest(&hash, sky_atan2(y, x));
        digest(&hash, sky_asin(0.1 * x));
        digest(&hash, sky_exp(30.0 * x));
        digest(&hash, sky_log(sky_abs(y) + 1e-9));
        digest(&hash, sky_sqrt(sky_abs(y)));
        digest(&hash, sky_normal_cdf(x));
        digest(&hash, sky_wrap_pi(100.0 * y));
    }
    assert_digest(hash, wanted_math);
}

static void places_have_the_pinned_bits(void **state)
{
    (void)state;
    uint64_t seed = first_seed, hash = empty_digest;
    for (int i = 0; i < 10000; i++) {
        const struct sky_lla origin = {test_uniform(&seed, -1.5, 1.5),
                                       test_uniform(&seed, -3.1, 3.1),
                                       test_uniform(&seed, -500.0, 9000.0)};
        struct sky_geo_frame frame;
        assert_int_equal(sky_geo_frame_init(&frame, &origin), SKY_OK);
        const struct sky_enu enu = {test_uniform(&seed, -1e5, 1e5), test_uniform(&seed, -1e5, 1e5),
                                    test_uniform(&seed, 0.0, 1e4)};
        const struct sky_lla place = sky_geo_from_enu(&frame, &enu);
        digest(&hash, place.lat_rad);
        digest(&hash, place.lon_rad);
        digest(&hash, place.alt_hae_m);
        const struct sky_enu back = sky_geo_to_enu(&frame, &place);
        digest(&hash, back.east_m);
        digest(&hash, back.north_m);
        digest(&hash, back.up_m);
        digest(&hash, sky_geo_refraction_rad(enu.up_m, 0.1));
    }
    assert_digest(hash, wanted_geo);
}

static struct sky_state random_state(uint64_t *seed)
{
    struct sky_state at = {.x = {0}};
    double root[6][6];
    for (int i = 0; i < 6; i++) {
        at.x[i] = test_uniform(seed, -1.0, 1.0) * (i < 3 ? 4e4 : 200.0);
        for (int j = 0; j < 6; j++) {
            root[i][j] = test_uniform(seed, -1.0, 1.0) * (i < 3 ? 300.0 : 10.0);
        }
    }
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            for (int k = 0; k < 6; k++) {
                at.p[i][j] += root[i][k] * root[j][k];
            }
        }
    }
    return at;
}

static void assessments_have_the_pinned_bits(void **state)
{
    (void)state;
    enum { VERTICES = 300, HOLE = 40 };
    static struct sky_vertex vertex[VERTICES + HOLE];
    uint64_t seed = first_seed, hash = empty_digest;
    for (int i = 0; i < VERTICES + HOLE; i++) { /* no libm here: its bits differ */
        const double turn = i < VERTICES ? i / (double)VERTICES : (i - VERTICES) / (double)HOLE;
        const double size_e7 = (i < VERTICES ? 2e6 : 4e5) * test_uniform(&seed, 0.9, 1.1);
        vertex[i].lat_e7 = 200000000 + (int32_t)(size_e7 * sky_sin(2.0 * SKY_PI * turn));
        vertex[i].lon_e7 = 30000000 + (int32_t)(size_e7 * sky_cos(2.0 * SKY_PI * turn));
    }
    const struct sky_ring ring[] = {{0, VERTICES, 0}, {VERTICES, HOLE, 0}};
    const struct sky_line line = {.id = 1,
                                  .rule = SKY_EDGE_PLANAR,
                                  .rule_stated = true,
                                  .accuracy_stated = true,
                                  .sigma_m = 100.0,
                                  .ring_count = 2};
    const struct sky_zone zone = {.id = 1,
                                  .floor = {false, 100.0, SKY_DATUM_HAE},
                                  .ceiling = {false, 9000.0, SKY_DATUM_AMSL},
                                  .line_count = 1};
    const struct sky_zone_set set = {.zone_count = 1,
                                     .line_count = 1,
                                     .ring_count = 2,
                                     .vertex_count = VERTICES + HOLE,
                                     .zone = &zone,
                                     .line = &line,
                                     .ring = ring,
                                     .vertex = vertex,
                                     .geoid_undulation_m = 29.93,
                                     .has_geoid = true};
    const char *reason;
    assert_int_equal(sky_zone_check(&set, &reason), SKY_OK);
    const struct sky_incident_config config = {.unstated_line_sigma_m = 500.0};
    const struct sky_common_error common = {{{100.0, 50.0}, {50.0, 200.0}, {0.0, 0.0, 300.0}}, 0.1};
    const struct sky_lla origin = {0.35, 0.0525, 400.0};
    struct sky_geo_frame frame;
    assert_int_equal(sky_geo_frame_init(&frame, &origin), SKY_OK);
    for (int i = 0; i < 1500; i++) {
        const struct sky_state at = random_state(&seed);
        struct sky_fixing fixing;
        sky_assess_fix(&frame, &at, 1, 1.0, &common, &fixing);
        struct sky_assessment assessment;
        sky_assess(&set, 0, &config, &fixing, SKY_ZONE_NO_EDGE, &assessment);
        digest(&hash, fixing.cov[0][1]);
        digest(&hash, fixing.cov[2][5]);
        digest(&hash, assessment.distance_m);
        digest(&hash, assessment.u95_m);
        digest(&hash, assessment.p_inside);
        digest(&hash, assessment.p_vertical);
        digest(&hash, assessment.bearing_rad);
        digest(&hash, assessment.nearest_lat_rad);
        digest(&hash, assessment.nearest_lon_rad);
    }
    assert_digest(hash, wanted_zone);
}

static void what_an_unstated_rule_adds_has_the_pinned_bits(void **state)
{
    (void)state;
    uint64_t seed = first_seed, hash = empty_digest;
    static const struct sky_ring ring = {0, 3, 0};
    static const struct sky_line line = {.id = 1, .rule = SKY_EDGE_PLANAR, .ring_count = 1};
    for (int i = 0; i < 3000; i++) {
        struct sky_vertex vertex[3];
        const struct sky_zone_set set = {
            .ring_count = 1, .vertex_count = 3, .line = &line, .ring = &ring, .vertex = vertex};
        for (int k = 0; k < 3; k++) {
            vertex[k].lat_e7 = (int32_t)test_uniform(&seed, -8e8, 8e8);
            vertex[k].lon_e7 = (int32_t)test_uniform(&seed, 0.0, 1.2e9);
        }
        const struct sky_nearest nearest = {.lat_rad = test_uniform(&seed, -1.4, 1.4),
                                            .lon_rad = test_uniform(&seed, -3.1, 3.1),
                                            .edge = (uint32_t)i % 3};
        digest(&hash, sky_zone_rule_m(&set, 0, &nearest));
    }
    assert_digest(hash, wanted_rule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_gives_the_pinned_bits),
        cmocka_unit_test(places_have_the_pinned_bits),
        cmocka_unit_test(assessments_have_the_pinned_bits),
        cmocka_unit_test(what_an_unstated_rule_adds_has_the_pinned_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
