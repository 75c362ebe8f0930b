#include "sky_test.h"

#include "sky_math.h"
#include "sky_pose.h"

static const struct sky_lla site = {0.35, 0.05, 400.0};

static struct sky_station_config config;
static struct sky_pose pose;
static struct sky_geo_frame frame;

static int start(void **state)
{
    (void)state;
    struct sky_config all;
    sky_config_default(&all);
    config = all.station;
    config.heading_rad = 0.3;
    assert_int_equal(sky_geo_frame_init(&frame, &site), SKY_OK);
    sky_pose_init(&pose, &config, 0);
    return 0;
}

static struct sky_gnss_fix fix_at(double east_m, double north_m, double up_m, double sigma_m)
{
    const struct sky_enu at = {east_m, north_m, up_m};
    return (struct sky_gnss_fix){
        .has = SKY_GNSS_POSITION | SKY_GNSS_ALTITUDE,
        .place = sky_geo_from_enu(&frame, &at),
        .sigma_horizontal_m = sigma_m,
        .sigma_vertical_m = 2.0 * sigma_m,
    };
}

/* It says nothing about height. */
static struct sky_gnss_fix flat_fix(double east_m, double north_m, double sigma_m)
{
    struct sky_gnss_fix fix = fix_at(east_m, north_m, 0.0, sigma_m);
    fix.has = SKY_GNSS_POSITION;
    fix.place.alt_hae_m = 0.0;
    return fix;
}

static enum sky_status take(double second, struct sky_gnss_fix fix)
{
    return sky_pose_observe(&pose, &config, (int64_t)(second * 1e9), &fix);
}

static double east_m(void) { return sky_geo_to_enu(&frame, &pose.place).east_m; }

static void a_station_is_nowhere_before_its_first_fix(void **state)
{
    (void)state;
    assert_false(pose.known);
    assert_near(pose.heading_rad, 0.3, 0.0);
    assert_int_equal(take(1.0, fix_at(0.0, 0.0, 0.0, 5.0)), SKY_OK);
    assert_true(pose.known);
    assert_near(pose.place.lat_rad, site.lat_rad, 1e-12);
    assert_near(pose.place.alt_hae_m, 400.0, 1e-6);
    assert_near(pose.sigma_horizontal_m, 5.0, 1e-9);
    assert_near(pose.sigma_vertical_m, 10.0, 1e-9);
}

static void a_fix_whose_numbers_are_none_changes_nothing(void **state)
{
    (void)state;
    const double none[] = {nan(""), HUGE_VAL, -HUGE_VAL, 1e300, -1.0};
    struct sky_gnss_fix good = fix_at(3.0, 0.0, 0.0, 5.0);
    good.has |= SKY_GNSS_VELOCITY;
    good.speed_mps = 300.0;
    good.course_rad = 2.0 * SKY_PI;
    for (int moving = 0; moving < 2; moving++) {
        config.moving = moving == 1;
        assert_int_equal(take(moving + 1.0, good), SKY_OK);
        const struct sky_pose before = pose;
        for (int i = 0; i < 5 * 7; i++) {
            struct sky_gnss_fix bad = good;
            double *const field[] = {&bad.sigma_horizontal_m, &bad.sigma_vertical_m,
                                     &bad.speed_mps,          &bad.course_rad,
                                     &bad.place.lat_rad,      &bad.place.lon_rad,
                                     &bad.place.alt_hae_m};
            *field[i % 7] = i % 7 > 3 && i / 7 == 4 ? 1e6 : none[i / 7];
            assert_int_equal(take(3.0, bad), SKY_E_RANGE);
            assert_int_equal(pose.fixes_rejected, before.fixes_rejected + (uint32_t)i + 1);
        }
        struct sky_gnss_fix exact = good;
        exact.sigma_horizontal_m = 0.0;
        assert_int_equal(take(3.0, exact), SKY_E_RANGE);
        exact = good;
        exact.sigma_vertical_m = 1e-300;
        assert_int_equal(take(3.0, exact), SKY_E_RANGE);
        pose.fixes_rejected = before.fixes_rejected;
        assert_memory_equal(&pose, &before, sizeof pose);
    }
}

static void what_a_fix_does_not_say_is_not_looked_at(void **state)
{
    (void)state;
    struct sky_gnss_fix fix = fix_at(0.0, 0.0, 0.0, 5.0);
    fix.has = SKY_GNSS_POSITION;
    fix.sigma_vertical_m = fix.speed_mps = fix.course_rad = nan("");
    assert_int_equal(take(1.0, fix), SKY_OK);
}

static void a_surveyed_site_is_known_at_once_and_stays(void **state)
{
    (void)state;
    config.has_site = true;
    config.site = site;
    sky_pose_init(&pose, &config, 7);
    assert_true(pose.known);
    assert_int_equal(pose.time_ns, 7);
    assert_near(pose.sigma_vertical_m, config.site_sigma_m, 0.0);
    assert_int_equal(take(1.0, fix_at(8.0, 0.0, 0.0, 5.0)), SKY_OK);
    assert_near(east_m(), 0.0, 1e-6);
    assert_int_equal(take(2.0, fix_at(800.0, 0.0, 0.0, 5.0)), SKY_E_RANGE);
    assert_int_equal(pose.fixes_used, 1);
    assert_int_equal(pose.fixes_rejected, 1);
}

static void a_thousand_fixes_of_a_minute_do_not_claim_centimetres(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(take(i * 0.06, fix_at(0.0, 0.0, 0.0, 10.0)), SKY_OK);
    }
    assert_near(pose.sigma_horizontal_m, 10.0 / sqrt(2.0), 0.1);
}

static void a_day_of_fixes_stops_at_the_common_error(void **state)
{
    (void)state;
    for (int i = 0; i < 1440; i++) {
        assert_int_equal(take(i * 60.0, fix_at(0.0, 0.0, 0.0, 4.0)), SKY_OK);
    }
    assert_near(pose.sigma_horizontal_m, config.gnss_sigma_floor_m, 1e-9);
    assert_near(pose.sigma_vertical_m, config.gnss_sigma_floor_m, 1e-9);
}

static void errors_that_swing_for_ten_minutes_are_averaged_but_the_common_one_stays(void **state)
{
    (void)state;
    for (int i = 0; i < 7200; i++) {
        const double swing_m = 5.0 * sin(2.0 * SKY_PI * i / 600.0);
        assert_int_equal(take(i, fix_at(swing_m, 0.0, 0.0, 4.0)), SKY_OK);
    }
    assert_near(east_m(), 0.0, 0.5);
    assert_near(pose.sigma_horizontal_m, config.gnss_sigma_floor_m, 0.0);
}

static void what_is_older_than_a_day_of_fixes_is_outweighed(void **state)
{
    (void)state;
    for (int i = 0; i < 4 * 1440; i++) {
        assert_int_equal(take(i * 60.0, fix_at(i < 2 * 1440 ? 10.0 : 0.0, 0.0, 0.0, 4.0)), SKY_OK);
    }
    assert_near(east_m(), 10.0 * exp(-2.0), 0.01);
}

static void the_mean_is_as_good_as_it_says(void **state)
{
    (void)state;
    double sum2 = 0.0;
    for (uint64_t run = 1; run <= 200; run++) {
        uint64_t seed = run;
        sky_pose_init(&pose, &config, 0);
        for (int i = 0; i < 3; i++) { /* independent: minutes apart */
            const double wrong_m = 6.0 * test_normal(&seed);
            assert_int_equal(take(i * 60.0, fix_at(wrong_m, 0.0, 0.0, 6.0)), SKY_OK);
        }
        sum2 += east_m() * east_m() / (pose.sigma_horizontal_m * pose.sigma_horizontal_m);
    }
    assert_near(sum2 / 200.0, 1.0, 0.3); /* chi-square of 200: 3 sigma */
}

static void a_jump_of_a_fixed_station_is_refused_by_its_sigmas(void **state)
{
    (void)state;
    assert_int_equal(take(0.0, fix_at(0.0, 0.0, 0.0, 3.0)), SKY_OK);
    assert_int_equal(take(1.0, fix_at(49.0, 0.0, 0.0, 3.0)), SKY_OK); /* never under 50 m */
    assert_int_equal(take(2.0, fix_at(60.0, 0.0, 0.0, 3.0)), SKY_E_RANGE);
    assert_int_equal(take(3.0, fix_at(0.0, 390.0, 0.0, 50.0)), SKY_OK);
    assert_int_equal(take(4.0, fix_at(0.0, 420.0, 0.0, 50.0)), SKY_E_RANGE);
    assert_int_equal(take(5.0, fix_at(0.0, 5100.0, 0.0, 5000.0)), SKY_E_RANGE);
    assert_int_equal(pose.fixes_rejected, 3);
    assert_int_equal(pose.time_ns, 3 * SKY_SECOND_NS);
}

/* Each second a fix; the number of the one that was taken, 0 if none. */
static int first_taken(double east_m, int count)
{
    for (int i = 1; i <= count; i++) {
        if (take(1000.0 + i, fix_at(east_m, 0.0, 0.0, 5.0)) == SKY_OK) {
            return i;
        }
    }
    return 0;
}

static void a_bad_first_fix_is_outvoted_by_sixty_that_agree(void **state)
{
    (void)state;
    assert_int_equal(take(1.0, fix_at(9000.0, 0.0, 0.0, 5.0)), SKY_OK);
    assert_int_equal(first_taken(0.0, 59), 0);
    assert_int_equal(take(1060.0, fix_at(-700.0, 0.0, 0.0, 5.0)), SKY_E_RANGE); /* a new rival */
    assert_int_equal(first_taken(0.0, 100), 60);
    assert_near(east_m(), 0.0, 1e-6);
    assert_near(pose.sigma_horizontal_m, 5.0, 1e-9);
    assert_int_equal(pose.fixes_used, 1);
}

static double up_m(void) { return sky_geo_to_enu(&frame, &pose.place).up_m; }

static void a_jump_of_a_fixed_station_in_height_alone_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(take(i, fix_at(0.0, 0.0, 0.0, 5.0)), SKY_OK);
    }
    assert_int_equal(take(100.0, fix_at(0.0, 0.0, 5000.0, 5.0)), SKY_E_RANGE);
    assert_int_equal(take(101.0, fix_at(0.0, 0.0, -5000.0, 5.0)), SKY_E_RANGE);
    assert_near(up_m(), 0.0, 1e-6);
    assert_int_equal(take(102.0, fix_at(0.0, 0.0, 60.0, 5.0)), SKY_OK); /* under 8 sigmas */
    const struct sky_gnss_fix flat = flat_fix(0.0, 0.0, 5.0);
    assert_int_equal(take(103.0, flat), SKY_OK); /* it says nothing about height */
}

static void a_bad_first_height_is_outvoted_by_sixty_that_agree_in_height(void **state)
{
    (void)state;
    assert_int_equal(take(1.0, fix_at(0.0, 0.0, 5000.0, 5.0)), SKY_OK);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(take(2.0 + i, fix_at(0.0, 0.0, i % 2 == 0 ? 0.0 : -60.0, 5.0)),
                         SKY_E_RANGE);
    }
    assert_int_equal(take(900.0, fix_at(0.0, 0.0, 900.0, 5.0)), SKY_E_RANGE); /* a new rival */
    assert_int_equal(first_taken(0.0, 100), 60);
    assert_near(up_m(), 0.0, 1e-6);
    assert_int_equal(pose.fixes_used, 1);
}

static void refused_fixes_without_a_height_agree_with_any_until_one_has_it(void **state)
{
    (void)state;
    const struct sky_gnss_fix flat = flat_fix(0.0, 0.0, 5.0);
    assert_int_equal(take(1.0, fix_at(9000.0, 0.0, 0.0, 5.0)), SKY_OK);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(take(2.0 + i, flat), SKY_E_RANGE);
    }
    for (int i = 0; i < 39; i++) {
        assert_int_equal(take(30.0 + i, i % 2 == 0 ? fix_at(0.0, 0.0, 0.0, 5.0) : flat),
                         SKY_E_RANGE);
    }
    assert_int_equal(take(90.0, fix_at(0.0, 0.0, 900.0, 5.0)), SKY_E_RANGE); /* a new rival */
    assert_int_equal(first_taken(0.0, 100), 60);
}

static void a_pose_of_many_fixes_is_not_outvoted_by_fewer(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(take(i, fix_at(0.0, 0.0, 0.0, 5.0)), SKY_OK);
    }
    assert_int_equal(first_taken(3000.0, 150), 0);
    assert_int_equal(take(1200.0, fix_at(0.0, 0.0, 0.0, 5.0)), SKY_OK); /* and forgets them */
    assert_int_equal(first_taken(3000.0, 250), 202);
}

static void a_surveyed_site_is_never_outvoted(void **state)
{
    (void)state;
    config.has_site = true;
    config.site = site;
    sky_pose_init(&pose, &config, 0);
    assert_int_equal(first_taken(3000.0, 500), 0);
    assert_near(east_m(), 0.0, 1e-9);
}

static void a_fix_without_a_place_is_only_counted(void **state)
{
    (void)state;
    struct sky_gnss_fix fix = fix_at(0.0, 0.0, 0.0, 3.0);
    fix.has = SKY_GNSS_TIME;
    assert_int_equal(take(0.0, fix), SKY_E_RANGE);
    fix.has = SKY_GNSS_POSITION;
    fix.place.lat_rad = 2.0;
    assert_int_equal(take(0.0, fix), SKY_E_RANGE);
    assert_false(pose.known);
    assert_int_equal(pose.fixes_rejected, 2);
}

static void the_height_may_come_later(void **state)
{
    (void)state;
    const struct sky_gnss_fix flat = flat_fix(0.0, 0.0, 3.0);
    assert_int_equal(take(0.0, flat), SKY_OK);
    assert_near(pose.sigma_vertical_m, 3000.0, 0.0);
    assert_near(pose.place.alt_hae_m, 0.0, 1e-6);
    assert_int_equal(take(0.0, fix_at(0.0, 0.0, 0.0, 3.0)), SKY_OK);
    assert_near(pose.place.alt_hae_m, 400.0, 1e-6);
    assert_near(pose.sigma_vertical_m, 6.0, 1e-9);
    assert_int_equal(take(1.0, flat), SKY_OK); /* and is not lost again */
    assert_near(pose.place.alt_hae_m, 400.0, 1e-6);
    assert_near(pose.place.lat_rad, site.lat_rad, 1e-12);
}

static void a_moving_station_does_not_jump(void **state)
{
    (void)state;
    config.moving = true;
    assert_int_equal(take(1.0, fix_at(0.0, 0.0, 0.0, 5.0)), SKY_OK);
    assert_int_equal(take(2.0, fix_at(5000.0, 0.0, 0.0, 5.0)), SKY_E_RANGE);
    assert_int_equal(pose.fixes_rejected, 1);
    assert_near(east_m(), 0.0, 1e-3);
    assert_int_equal(take(3.0, fix_at(60.0, 0.0, 0.0, 5.0)), SKY_OK); /* and is not held up by it */
    assert_near(east_m(), 60.0, 1e-3);
    assert_int_equal(take(4.0, fix_at(400.0, 0.0, 0.0, 5.0)), SKY_OK);   /* 300 m, and 8 sigmas */
    assert_int_equal(take(34.0, fix_at(9000.0, 0.0, 0.0, 5.0)), SKY_OK); /* half a minute later */
}

static void nor_does_its_height(void **state)
{
    (void)state;
    config.moving = true;
    assert_int_equal(take(1.0, fix_at(0.0, 0.0, 600.0, 5.0)), SKY_OK);
    assert_int_equal(take(2.0, fix_at(0.0, 0.0, 0.0, 5.0)), SKY_E_RANGE);
    assert_int_equal(take(2.0, fix_at(0.0, 0.0, 1100.0, 5.0)), SKY_E_RANGE);
    const struct sky_gnss_fix flat = flat_fix(0.0, 0.0, 5.0);
    assert_int_equal(take(2.0, flat), SKY_OK);
    assert_near(pose.place.alt_hae_m, 1000.0, 1e-3);
    assert_int_equal(take(5.0, fix_at(0.0, 0.0, 0.0, 5.0)), SKY_OK);
}

static void fixes_without_a_height_say_nothing_for_a_wrong_one(void **state)
{
    (void)state;
    const struct sky_gnss_fix flat = flat_fix(0.0, 0.0, 5.0);
    assert_int_equal(take(0.0, fix_at(0.0, 0.0, 5000.0, 5.0)), SKY_OK);
    enum sky_status status = SKY_E_RANGE;
    for (int i = 1; i <= 150 && status != SKY_OK; i++) {
        status = take(i, i % 3 == 0 ? flat : fix_at(0.0, 0.0, 0.0, 5.0));
        assert_true(i % 3 == 0 ? status == SKY_OK : i > 60 || status == SKY_E_RANGE);
        status = i % 3 == 0 ? SKY_E_RANGE : status;
    }
    assert_int_equal(status, SKY_OK);
    assert_near(up_m(), 0.0, 1e-3);
}

static void a_station_that_begins_anew_without_a_height_has_none(void **state)
{
    (void)state;
    config.moving = true;
    const struct sky_gnss_fix flat = flat_fix(0.0, 0.0, 5.0);
    assert_int_equal(take(1.0, fix_at(500e3, 0.0, 600.0, 5.0)), SKY_OK);
    for (int second = 2; second < 6; second++) {
        assert_int_equal(take(second, flat), SKY_E_RANGE);
    }
    assert_int_equal(take(6.0, flat), SKY_OK);
    assert_near(pose.place.alt_hae_m, 0.0, 0.0);
    assert_near(pose.sigma_vertical_m, 3000.0, 0.0);
}

static void a_moving_station_that_began_wrong_is_outvoted_as_it_moves(void **state)
{
    (void)state;
    config.moving = true;
    assert_int_equal(take(1.0, fix_at(500e3, 0.0, 0.0, 5.0)), SKY_OK);
    for (int second = 2; second < 6; second++) {
        assert_int_equal(take(second, fix_at(40.0 * second, 0.0, 0.0, 5.0)), SKY_E_RANGE);
    }
    assert_int_equal(take(6.0, fix_at(40.0 * 6, 0.0, 0.0, 5.0)), SKY_OK);
    assert_near(east_m(), 40.0 * 6, 1e-3);
}

static void jumps_that_do_not_agree_outvote_no_moving_station(void **state)
{
    (void)state;
    config.moving = true;
    assert_int_equal(take(1.0, fix_at(0.0, 0.0, 0.0, 5.0)), SKY_OK);
    for (int second = 2; second < 200; second++) {
        const double there_m = second % 2 == 0 ? 300e3 : -300e3;
        assert_int_equal(take(second, fix_at(there_m, 0.0, 0.0, 5.0)), SKY_E_RANGE);
    }
    assert_near(east_m(), 0.0, 1e-3);
}

static void the_site_of_a_moving_station_is_only_where_it_starts(void **state)
{
    (void)state;
    config.moving = config.has_site = true;
    config.site = site;
    sky_pose_init(&pose, &config, 0);
    assert_int_equal(take(1.0, fix_at(50e3, 0.0, 0.0, 5.0)), SKY_OK);
    assert_near(east_m(), 50e3, 1e-3);
    assert_int_equal(take(2.0, fix_at(0.0, 0.0, 0.0, 5.0)), SKY_E_RANGE);
}

static void a_moving_station_follows_its_latest_fix(void **state)
{
    (void)state;
    config.moving = true;
    struct sky_gnss_fix flat = flat_fix(0.0, 0.0, 1.0);
    assert_int_equal(take(0.0, flat), SKY_OK);
    assert_near(pose.sigma_vertical_m, 3000.0, 0.0);
    assert_near(pose.sigma_horizontal_m, config.gnss_sigma_floor_m, 0.0);

    struct sky_gnss_fix fix = fix_at(20e3, 0.0, 50.0, 4.0);
    fix.has |= SKY_GNSS_VELOCITY;
    fix.speed_mps = 22.0;
    fix.course_rad = 1.5;
    assert_int_equal(take(1000.0, fix), SKY_OK);
    assert_near(east_m(), 20e3, 1e-3);
    assert_near(pose.speed_mps, 22.0, 0.0);
    assert_near(pose.course_rad, 1.5, 0.0);
    assert_near(pose.sigma_vertical_m, 8.0, 0.0);
    assert_near(pose.heading_rad, 0.3, 0.0);

    flat.speed_mps = 99.0;
    assert_int_equal(take(2000.0, flat), SKY_OK); /* keeps the height and the velocity it had */
    assert_near(pose.sigma_vertical_m, 8.0, 0.0);
    assert_near(pose.speed_mps, 22.0, 0.0);
}

static void a_station_surveys_itself_in_and_says_so(void **state)
{
    (void)state;
    assert_int_equal(sky_pose_state(&pose, &config), SKY_POSE_UNKNOWN);
    config.gnss_sigma_floor_m = 2.5;
    int minutes = 0;
    for (; minutes < 60 && sky_pose_state(&pose, &config) != SKY_POSE_SURVEYED_IN; minutes++) {
        assert_int_equal(take(60.0 * minutes, fix_at(0.0, 0.0, 0.0, 10.0)), SKY_OK);
    }
    assert_int_equal(minutes, 16); /* (10 / 2.5)^2 fixes whose errors are their own */
    assert_near(pose.sigma_horizontal_m, 2.5, 0.0);

    sky_pose_init(&pose, &config, 0);
    assert_int_equal(take(0.0, fix_at(0.0, 0.0, 0.0, 10.0)), SKY_OK);
    assert_int_equal(sky_pose_state(&pose, &config), SKY_POSE_SURVEYING);
    config.moving = true;
    assert_int_equal(sky_pose_state(&pose, &config), SKY_POSE_FOLLOWING);
    config.moving = false;
    config.has_site = true;
    config.site = site;
    sky_pose_init(&pose, &config, 0);
    assert_int_equal(sky_pose_state(&pose, &config), SKY_POSE_SURVEYED);
}

static void a_moving_station_turns_with_its_compass_and_a_fixed_one_does_not(void **state)
{
    (void)state;
    struct sky_gnss_fix fix = fix_at(0.0, 0.0, 0.0, 5.0);
    fix.has |= SKY_GNSS_HEADING;
    fix.heading_rad = 3.0;
    assert_int_equal(take(1.0, fix), SKY_OK);
    assert_near(pose.heading_rad, 0.3, 0.0);

    config.moving = true;
    sky_pose_init(&pose, &config, 0);
    assert_int_equal(take(1.0, fix), SKY_OK);
    assert_near(pose.heading_rad, 3.3 - 2.0 * SKY_PI, 1e-12); /* and it is mounted askew */
    assert_true(pose.heading_sigma_rad > config.heading_sigma_rad);
    const double none[] = {nan(""), HUGE_VAL, -0.1, 6.3};
    for (size_t i = 0; i < 4; i++) {
        fix.heading_rad = none[i];
        assert_int_equal(take(2.0, fix), SKY_E_RANGE);
    }
    assert_near(pose.heading_rad, 3.3 - 2.0 * SKY_PI, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_station_is_nowhere_before_its_first_fix, start),
        cmocka_unit_test_setup(a_fix_whose_numbers_are_none_changes_nothing, start),
        cmocka_unit_test_setup(what_a_fix_does_not_say_is_not_looked_at, start),
        cmocka_unit_test_setup(a_surveyed_site_is_known_at_once_and_stays, start),
        cmocka_unit_test_setup(a_thousand_fixes_of_a_minute_do_not_claim_centimetres, start),
        cmocka_unit_test_setup(a_day_of_fixes_stops_at_the_common_error, start),
        cmocka_unit_test_setup(
            errors_that_swing_for_ten_minutes_are_averaged_but_the_common_one_stays, start),
        cmocka_unit_test_setup(what_is_older_than_a_day_of_fixes_is_outweighed, start),
        cmocka_unit_test_setup(the_mean_is_as_good_as_it_says, start),
        cmocka_unit_test_setup(a_jump_of_a_fixed_station_is_refused_by_its_sigmas, start),
        cmocka_unit_test_setup(a_bad_first_fix_is_outvoted_by_sixty_that_agree, start),
        cmocka_unit_test_setup(a_jump_of_a_fixed_station_in_height_alone_is_refused, start),
        cmocka_unit_test_setup(a_bad_first_height_is_outvoted_by_sixty_that_agree_in_height, start),
        cmocka_unit_test_setup(refused_fixes_without_a_height_agree_with_any_until_one_has_it,
                               start),
        cmocka_unit_test_setup(a_pose_of_many_fixes_is_not_outvoted_by_fewer, start),
        cmocka_unit_test_setup(a_surveyed_site_is_never_outvoted, start),
        cmocka_unit_test_setup(a_fix_without_a_place_is_only_counted, start),
        cmocka_unit_test_setup(the_height_may_come_later, start),
        cmocka_unit_test_setup(a_moving_station_follows_its_latest_fix, start),
        cmocka_unit_test_setup(a_moving_station_does_not_jump, start),
        cmocka_unit_test_setup(nor_does_its_height, start),
        cmocka_unit_test_setup(fixes_without_a_height_say_nothing_for_a_wrong_one, start),
        cmocka_unit_test_setup(a_station_that_begins_anew_without_a_height_has_none, start),
        cmocka_unit_test_setup(a_moving_station_that_began_wrong_is_outvoted_as_it_moves, start),
        cmocka_unit_test_setup(jumps_that_do_not_agree_outvote_no_moving_station, start),
        cmocka_unit_test_setup(the_site_of_a_moving_station_is_only_where_it_starts, start),
        cmocka_unit_test_setup(a_station_surveys_itself_in_and_says_so, start),
        cmocka_unit_test_setup(a_moving_station_turns_with_its_compass_and_a_fixed_one_does_not,
                               start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
