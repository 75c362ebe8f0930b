#include "sky_test.h"

#include <string.h>

#include "sky_math.h"
#include "sky_stay.h"

static struct sky_stays stays;
static struct sky_fixing fixing;

static int start(void **state)
{
    (void)state;
    memset(&stays, 0, sizeof stays);
    fixing = (struct sky_fixing){.place = {0.35, 3.14159, 1000.0}};
    return 0;
}

/* A second later, so many metres farther to the east, past the antimeridian. */
static void look(double east_m, bool inside)
{
    const struct sky_geo_radii radii = sky_geo_radii_at(fixing.place.lat_rad);
    fixing.time_ns += SKY_SECOND_NS;
    fixing.place.lon_rad = sky_wrap_pi(fixing.place.lon_rad + east_m / radii.east_m);
    fixing.vel_east_mps = east_m;
    sky_stays_look(&stays, 7, 2, inside, &fixing);
}

static void what_never_was_inside_has_no_stay(void **state)
{
    (void)state;
    look(50.0, false);
    assert_null(sky_stays_longest(&stays, 7, 2));
    sky_stays_end(&stays, 7, 2);
}

static void there_and_back_is_flown_twice_and_reached_once(void **state)
{
    (void)state;
    for (int i = 0; i <= 20; i++) {
        look(i == 0 || i <= 10 ? 50.0 : -50.0, true);
    }
    look(-50.0, false);
    const struct sky_stay *const stay = sky_stays_longest(&stays, 7, 2);
    assert_non_null(stay);
    assert_int_equal(stay->to_ns - stay->from_ns, 20 * SKY_SECOND_NS);
    assert_near(stay->flown_m, 1000.0, 1e-6);
    assert_near(stay->reach_m, 500.0, 1.0);
    assert_near(stay->chord_m, 0.0, 1.0);
    assert_int_equal(stay->slow_ns, 0);
}

static void slowness_is_counted_in_time(void **state)
{
    (void)state;
    look(50.0, true);
    look(2.9, true);
    look(-2.9, true);
    look(3.0, true);
    assert_int_equal(sky_stays_longest(&stays, 7, 2)->slow_ns, 2 * SKY_SECOND_NS);
}

static void of_several_stays_the_longest_counts(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        look(10.0, true);
    }
    look(10.0, false);
    for (int i = 0; i < 3; i++) {
        look(100.0, true);
    }
    assert_near(sky_stays_longest(&stays, 7, 2)->flown_m, 40.0, 1e-9);
    look(100.0, true);
    look(100.0, true); /* as long */
    assert_near(sky_stays_longest(&stays, 7, 2)->flown_m, 400.0, 1e-9);
}

static void each_track_and_zone_has_its_own_until_the_end(void **state)
{
    (void)state;
    look(10.0, true);
    look(10.0, true);
    sky_stays_look(&stays, 7, 3, true, &fixing);
    sky_stays_look(&stays, 8, 2, true, &fixing);
    assert_near(sky_stays_longest(&stays, 7, 2)->flown_m, 10.0, 1e-9);
    assert_near(sky_stays_longest(&stays, 7, 3)->flown_m, 0.0, 0.0);
    sky_stays_end(&stays, 7, 2);
    assert_null(sky_stays_longest(&stays, 7, 2));
    assert_non_null(sky_stays_longest(&stays, 7, 3));
    assert_non_null(sky_stays_longest(&stays, 8, 2));
}

static void there_is_room_for_so_many_and_again_when_some_end(void **state)
{
    (void)state;
    for (size_t slot = 0; slot <= SKY_STAYS_MAX; slot++) {
        sky_stays_look(&stays, slot, 0, true, &fixing);
        assert_int_equal(sky_stays_longest(&stays, slot, 0) != NULL, slot < SKY_STAYS_MAX);
    }
    sky_stays_end(&stays, 5, 0);
    sky_stays_look(&stays, SKY_STAYS_MAX, 0, true, &fixing);
    assert_non_null(sky_stays_longest(&stays, SKY_STAYS_MAX, 0));
    assert_null(sky_stays_longest(&stays, 5, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_never_was_inside_has_no_stay, start),
        cmocka_unit_test_setup(there_and_back_is_flown_twice_and_reached_once, start),
        cmocka_unit_test_setup(slowness_is_counted_in_time, start),
        cmocka_unit_test_setup(of_several_stays_the_longest_counts, start),
        cmocka_unit_test_setup(each_track_and_zone_has_its_own_until_the_end, start),
        cmocka_unit_test_setup(there_is_room_for_so_many_and_again_when_some_end, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
