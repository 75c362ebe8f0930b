#include "sky_geo.h"

#include "sky_math.h"
#include "sky_test.h"

static const double degree = SKY_PI / 180.0;

static struct sky_lla place_at(double lat_deg, double lon_deg, double alt_hae_m)
{
    return (struct sky_lla){lat_deg * degree, lon_deg * degree, alt_hae_m};
}

static struct sky_geo_frame frame_at(double lat_deg, double lon_deg, double alt_hae_m)
{
    const struct sky_lla origin = place_at(lat_deg, lon_deg, alt_hae_m);
    struct sky_geo_frame frame;
    assert_int_equal(sky_geo_frame_init(&frame, &origin), SKY_OK);
    return frame;
}

static void equator_and_pole_lie_on_the_axes(void **state)
{
    (void)state;
    const struct sky_lla equator = place_at(0.0, 0.0, 0.0), pole = place_at(90.0, 0.0, 100.0);
    const struct sky_ecef at_equator = sky_geo_to_ecef(&equator);
    assert_near(at_equator.x_m, 6378137.0, 0.0);
    assert_near(at_equator.y_m, 0.0, 0.0);
    assert_near(at_equator.z_m, 0.0, 0.0);
    const struct sky_ecef at_pole = sky_geo_to_ecef(&pole);
    assert_near(at_pole.x_m, 0.0, 1e-9);
    assert_near(at_pole.z_m, 6356752.314245179 + 100.0, 2e-9);
}

static void a_place_has_its_coordinates_from_the_definition(void **state)
{
    (void)state;
    /* 19.867983 N 2.893917 E, 1,000 m: evaluated with 40 digits */
    const struct sky_lla place = place_at(19.867983, 2.893917, 1000.0);
    const struct sky_ecef ecef = sky_geo_to_ecef(&place);
    assert_near(ecef.x_m, 5994105.6648616772, 2e-9);
    assert_near(ecef.y_m, 303010.27957346635, 2e-9);
    assert_near(ecef.z_m, 2154297.5326119597, 2e-9);
}

static void poles_and_axis_come_back_from_ecef(void **state)
{
    (void)state;
    static const double lat_deg[] = {90.0, -90.0};
    for (int i = 0; i < 2; i++) {
        const struct sky_ecef ecef = {0.0, 0.0, lat_deg[i] > 0.0 ? 6356762.0 : -6356762.0};
        const struct sky_lla back = sky_geo_from_ecef(&ecef);
        assert_near(back.lat_rad, lat_deg[i] * degree, 0.0);
        assert_near(back.lon_rad, 0.0, 0.0);
        assert_near(back.alt_hae_m, 6356762.0 - 6356752.314245179, 2e-9);
    }
}

static void only_places_near_the_surface_are_valid(void **state)
{
    (void)state;
    const struct sky_lla good[] = {place_at(0, 0, 0), place_at(90, 180, 1e5),
                                   place_at(-90, -180, -1000)};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(sky_geo_valid(&good[i]));
    }
    const struct sky_lla bad[] = {
        place_at(90.1, 0, 0),         place_at(-90.1, 0, 0),         place_at(0, 180.1, 0),
        place_at(0, -180.1, 0),       place_at(0, 0, -1000.1),       place_at(0, 0, 100000.1),
        {(double)NAN, 0.0, 0.0},      {0.0, (double)NAN, 0.0},       {0.0, 0.0, (double)NAN},
        {0.0, 0.0, (double)INFINITY}, {0.0, -(double)INFINITY, 0.0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sky_geo_frame frame = {.rot = {{7.0}}};
        assert_false(sky_geo_valid(&bad[i]));
        assert_int_equal(sky_geo_frame_init(&frame, &bad[i]), SKY_E_RANGE);
        assert_near(frame.rot[0][0], 7.0, 0.0); /* untouched */
    }
}

static void axes_point_east_north_and_up(void **state)
{
    (void)state;
    const struct sky_geo_frame frame = frame_at(20.0, 3.0, 500.0);
    struct sky_lla place = frame.origin;
    struct sky_enu enu = sky_geo_to_enu(&frame, &place);
    assert_near(enu.east_m, 0.0, 0.0);
    assert_near(enu.north_m, 0.0, 0.0);
    assert_near(enu.up_m, 0.0, 0.0);
    place.alt_hae_m += 100.0;
    enu = sky_geo_to_enu(&frame, &place);
    assert_near(enu.up_m, 100.0, 2e-9);
    place = frame.origin;
    place.lon_rad += 1e-5;
    enu = sky_geo_to_enu(&frame, &place);
    assert_near(enu.east_m,
                1e-5 * (sky_geo_radii_at(place.lat_rad).east_m + 500.0 * cos(20 * degree)), 1e-6);
    assert_near(enu.north_m, 0.0, 1e-3);
    place = frame.origin;
    place.lat_rad += 1e-5;
    enu = sky_geo_to_enu(&frame, &place);
    assert_near(enu.north_m, 1e-5 * (sky_geo_radii_at(place.lat_rad).north_m + 500.0), 1e-4);
    assert_near(enu.east_m, 0.0, 1e-9);
}

static void a_far_target_drops_below_the_horizon_plane(void **state)
{
    (void)state;
    const struct sky_geo_frame frame = frame_at(45.0, 7.0, 0.0);
    const struct sky_enu wanted = {100.0e3, 0.0, 0.0}; /* on the plane: d^2 / 2R above the ground */
    const struct sky_lla place = sky_geo_from_enu(&frame, &wanted);
    assert_near(place.alt_hae_m, 100.0e3 * 100.0e3 / (2.0 * 6388838.0), 0.1);
}

static void a_rotation_carries_vectors_between_frames(void **state)
{
    (void)state;
    const struct sky_geo_frame from = frame_at(20.0, 3.0, 0.0), to = frame_at(20.5, 4.0, 300.0);
    double rot[3][3];
    sky_geo_rotation(&from, &to, rot);
    const struct sky_lla a = place_at(20.2, 3.3, 1000.0), b = place_at(20.3, 3.1, 4000.0);
    const struct sky_enu a_from = sky_geo_to_enu(&from, &a), b_from = sky_geo_to_enu(&from, &b);
    const struct sky_enu a_to = sky_geo_to_enu(&to, &a), b_to = sky_geo_to_enu(&to, &b);
    const double v[3] = {b_from.east_m - a_from.east_m, b_from.north_m - a_from.north_m,
                         b_from.up_m - a_from.up_m};
    const double wanted[3] = {b_to.east_m - a_to.east_m, b_to.north_m - a_to.north_m,
                              b_to.up_m - a_to.up_m};
    for (int i = 0; i < 3; i++) {
        assert_near(rot[i][0] * v[0] + rot[i][1] * v[1] + rot[i][2] * v[2], wanted[i], 1e-8);
    }
}

static void radii_are_those_of_the_ellipsoid(void **state)
{
    (void)state;
    const struct sky_geo_radii equator = sky_geo_radii_at(0.0), pole = sky_geo_radii_at(SKY_PI / 2);
    assert_near(equator.north_m, 6335439.32729282, 2e-9);
    assert_near(equator.east_m, 6378137.0, 0.0);
    assert_near(pole.north_m, 6399593.6257584931, 2e-9);
    assert_near(pole.east_m, 0.0, 1e-9);
}

static void refraction_lifts_a_target_at_40_km_by_31_m(void **state)
{
    (void)state;
    const double lift_rad = sky_geo_refraction_rad(40.0e3, 7.8 * degree);
    assert_near(lift_rad * 40.0e3, 31.07, 0.05); /* r^2 cos(el) / (8 a) */
    assert_near(sky_geo_refraction_rad(0.0, 0.1), 0.0, 0.0);
    assert_near(sky_geo_refraction_rad(40.0e3, SKY_PI / 2.0), 0.0, 1e-18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equator_and_pole_lie_on_the_axes),
        cmocka_unit_test(a_place_has_its_coordinates_from_the_definition),
        cmocka_unit_test(poles_and_axis_come_back_from_ecef),
        cmocka_unit_test(only_places_near_the_surface_are_valid),
        cmocka_unit_test(axes_point_east_north_and_up),
        cmocka_unit_test(a_far_target_drops_below_the_horizon_plane),
        cmocka_unit_test(a_rotation_carries_vectors_between_frames),
        cmocka_unit_test(radii_are_those_of_the_ellipsoid),
        cmocka_unit_test(refraction_lifts_a_target_at_40_km_by_31_m),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
