#include "sky_common.h"

#include <string.h>

#include "sky_test.h"

static struct sky_config config;
static struct sky_tracker tracker;
static struct sky_pose pose;
static struct sky_track track;

/* One radar at a surveyed station that points 10 mrad wrong, and a track that it alone saw. */
static int start(void **state)
{
    (void)state;
    const struct sky_lla site = {0.35, 0.05, 400.0};
    struct sky_geo_frame frame;

    sky_config_default(&config);
    config.sensor_count = 1;
    sky_config_sensor_default(&config.sensor[0]);
    config.sensor[0].at_station = true;
    config.station.has_site = true;
    config.station.site = site;
    config.station.site_sigma_m = 2.0;
    config.station.heading_sigma_rad = 0.01;
    sky_pose_init(&pose, &config.station, 0);
    sky_tracker_init(&tracker, &config, 0);
    assert_int_equal(sky_geo_frame_init(&frame, &site), SKY_OK);
    assert_int_equal(sky_sensor_pose_at(&tracker.sensor[0].pose, &frame, &site), SKY_OK);
    tracker.sensor[0].stands = true;
    memset(&track, 0, sizeof track);
    track.share[0] = 1.0;
    return 0;
}

static struct sky_common_error find(const struct sky_state *at)
{
    struct sky_common_error found;
    sky_common_find(&config, &tracker, &pose, &track, at, &found);
    return found;
}

static void a_wrong_heading_turns_place_and_velocity_about_the_station(void **state)
{
    (void)state;
    const struct sky_state at = {.x = {0.0, 20000.0, 3000.0, 100.0, 0.0, 0.0}};
    const struct sky_common_error found = find(&at);
    assert_near(found.cov[0][0], 200.0 * 200.0 + 2.0 * 2.0, 1e-6);
    assert_near(found.cov[1][1], 2.0 * 2.0, 1e-6);
    assert_near(found.cov[0][4], -200.0 * 1.0, 1e-6);
    assert_near(found.cov[4][4], 1.0, 1e-9);
    assert_near(found.time_sigma_s, 0.0, 0.0);
}

static void a_wrong_elevation_lifts_a_track_across_the_line_of_sight(void **state)
{
    (void)state;
    const struct sky_state at = {.x = {30000.0, 0.0, 40000.0, 0.0, 0.0, 0.0}};
    const struct sky_common_error before = find(&at);
    config.sensor[0].bias_sigma_elevation_rad = 0.001;
    sky_register_init(&tracker.registration, &config, 0);
    const struct sky_common_error found = find(&at);
    assert_near(found.cov[0][0] - before.cov[0][0], 40.0 * 40.0, 1.0);
    assert_near(found.cov[2][2] - before.cov[2][2], 30.0 * 30.0, 1.0);
    assert_near(found.cov[0][2] - before.cov[0][2], -40.0 * 30.0, 1.0);
}

static void what_no_radar_that_stands_saw_shares_nothing(void **state)
{
    (void)state;
    const struct sky_state at = {.x = {0.0, 20000.0, 3000.0}};
    tracker.sensor[0].stands = false; /* it was a report */
    const struct sky_common_error found = find(&at), none = {0};
    assert_memory_equal(&found, &none, sizeof none);
}

static void over_the_radar_no_direction_has_no_end(void **state)
{
    (void)state;
    const struct sky_state at = {.x = {0.1, 0.0, 0.0, 3.0, 0.0, 0.0}};
    config.sensor[0].bias_sigma_range_m = 50.0;
    sky_register_init(&tracker.registration, &config, 0);
    const struct sky_common_error found = find(&at);
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
            assert_true(fabs(found.cov[i][j]) <= 50.0 * 50.0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_wrong_heading_turns_place_and_velocity_about_the_station, start),
        cmocka_unit_test_setup(a_wrong_elevation_lifts_a_track_across_the_line_of_sight, start),
        cmocka_unit_test_setup(what_no_radar_that_stands_saw_shares_nothing, start),
        cmocka_unit_test_setup(over_the_radar_no_direction_has_no_end, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
