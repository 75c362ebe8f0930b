#include "sky_test.h"

#include <string.h>

#include "sky_config.h"

static struct sky_config config;

/* The defaults with two radars: one at the station, one on a site of its own. */
static void two_radars(void)
{
    sky_config_default(&config);
    config.sensor_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        struct sky_sensor_config *const sensor = &config.sensor[i];
        sky_config_sensor_default(sensor);
        sensor->has_sac_sic = true;
        sensor->sac = 1;
        sensor->sic = (uint8_t)i;
    }
    strcpy(config.sensor[0].name, "mast");
    strcpy(config.sensor[1].name, "hill");
    config.sensor[1].at_station = false;
}

/* The field complained of, or "" if the configuration passes. */
static const char *complaint(void)
{
    const char *field = "";
    const enum sky_status status = sky_config_check(&config, &field);
    assert_int_equal(status, field[0] == '\0' ? SKY_OK : SKY_E_RANGE);
    return field;
}

static void the_defaults_pass(void **state)
{
    (void)state;
    sky_config_default(&config);
    assert_string_equal(complaint(), "");
    two_radars();
    assert_string_equal(complaint(), "");
}

static void a_default_sensor_lacks_only_its_name(void **state)
{
    (void)state;
    sky_config_default(&config);
    config.sensor_count = 1;
    sky_config_sensor_default(&config.sensor[0]);
    assert_string_equal(complaint(), "sensor.name");
    strcpy(config.sensor[0].name, "mast");
    assert_string_equal(complaint(), "");
    assert_int_equal(config.sensor[0].kind, SKY_SENSOR_RADAR);
}

static void every_kind_of_motion_passes_and_turns_no_wider_than_the_one_before(void **state)
{
    (void)state;
    double turn_mps2 = 0.0;
    for (int kind = SKY_MOTION_AIRCRAFT; kind <= SKY_MOTION_DRONES; kind++) {
        two_radars();
        sky_config_motion(&config.tracker, (enum sky_motion_kind)kind);
        assert_string_equal(complaint(), "");
        assert_true(config.tracker.turn_mps2 >= turn_mps2);
        turn_mps2 = config.tracker.turn_mps2;
    }
}

static void motion_follows_the_radar_that_sees_farthest(void **state)
{
    (void)state;
    assert_int_equal(sky_config_motion_for(9999.0), SKY_MOTION_DRONES);
    assert_int_equal(sky_config_motion_for(10e3), SKY_MOTION_MIXED);
    assert_int_equal(sky_config_motion_for(29999.0), SKY_MOTION_MIXED);
    assert_int_equal(sky_config_motion_for(30e3), SKY_MOTION_AIRCRAFT);

    two_radars();
    config.sensor[0].range_max_m = 20e3;
    config.sensor[1].range_max_m = 5e3;
    assert_int_equal(sky_config_motion_seen(&config), SKY_MOTION_MIXED);
    config.sensor[0].kind = SKY_SENSOR_COOPERATIVE; /* reports come from anywhere */
    assert_int_equal(sky_config_motion_seen(&config), SKY_MOTION_DRONES);
    config.sensor[1].kind = SKY_SENSOR_COOPERATIVE;
    assert_int_equal(sky_config_motion_seen(&config), SKY_MOTION_AIRCRAFT);
    config.sensor_count = 0;
    assert_int_equal(sky_config_motion_seen(&config), SKY_MOTION_AIRCRAFT);
}

#define REFUSES(change, field)                                                                     \
    do {                                                                                           \
        two_radars();                                                                              \
        change;                                                                                    \
        assert_string_equal(complaint(), field);                                                   \
    } while (0)

static void a_number_outside_its_range_is_named(void **state)
{
    (void)state;
    REFUSES(config.station.site_sigma_m = 0.0, "station.site_sigma_m");
    REFUSES(config.station.gnss_sigma_floor_m = 101.0, "station.gnss_sigma_floor_m");
    REFUSES(config.station.heading_rad = 7.0, "station.heading_rad");
    REFUSES(config.station.heading_sigma_rad = -0.1, "station.heading_sigma_rad");
    REFUSES(config.tracker.accel_psd_m2ps3[0] = 0.0, "tracker.accel_psd_m2ps3[0]");
    REFUSES(config.tracker.accel_psd_m2ps3[1] = 0.0, "tracker.accel_psd_m2ps3[1]");
    REFUSES(config.tracker.accel_psd_m2ps3[2] = 2e4, "tracker.accel_psd_m2ps3[2]");
    REFUSES(config.tracker.turn_mps2 = 0.0, "tracker.turn_mps2");
    REFUSES(config.tracker.sojourn_s = 601.0, "tracker.sojourn_s");
    REFUSES(config.tracker.speed_max_mps = 1001.0, "tracker.speed_max_mps");
    REFUSES(config.tracker.gate_probability = 1.0, "tracker.gate_probability");
    REFUSES(config.tracker.births_per_hour = 0.0, "tracker.births_per_hour");
    REFUSES(config.tracker.lifetime_s = 9.0, "tracker.lifetime_s");
    REFUSES(config.tracker.confirm_existence = 1.0, "tracker.confirm_existence");
    REFUSES(config.tracker.hold_ns = SKY_SECOND_NS + 1, "tracker.hold_ns");
    REFUSES(config.tracker.coast_ns = 0, "tracker.coast_ns");
    REFUSES(config.tracker.lose_ns = 601 * SKY_SECOND_NS, "tracker.lose_ns");
    REFUSES(config.tracker.height_prior_m = -2000.0, "tracker.height_prior_m");
    REFUSES(config.tracker.height_prior_sigma_m = 9.0, "tracker.height_prior_sigma_m");
    REFUSES(config.incident.p_enter = 0.5, "incident.p_enter");
    REFUSES(config.incident.p_exit = 0.5, "incident.p_exit");
    REFUSES(config.incident.looks_inside = 0, "incident.looks_inside");
    REFUSES(config.incident.looks_of = 17, "incident.looks_of");
    REFUSES(config.incident.dwell_ns = -1, "incident.dwell_ns");
    REFUSES(config.incident.close_after_ns = 0, "incident.close_after_ns");
    REFUSES(config.incident.existence_min = 1.0, "incident.existence_min");
    REFUSES(config.incident.assess_within_m = 99.0, "incident.assess_within_m");
    REFUSES(config.incident.unstated_line_sigma_m = 2e5, "incident.unstated_line_sigma_m");
    REFUSES(config.tick_ns = 0, "tick_ns");
    REFUSES(config.sensor_count = SKY_SENSORS_MAX + 1, "sensor_count");
    REFUSES(config.sensor[0].kind = (enum sky_sensor_kind)0, "sensor.kind");
    REFUSES(config.sensor[0].kind = (enum sky_sensor_kind)3, "sensor.kind");
    REFUSES(config.sensor[0].azimuth_offset_rad = 3.2, "sensor.azimuth_offset_rad");
    REFUSES(config.sensor[0].sigma_range_m = 0.0, "sensor.sigma_range_m");
    REFUSES(config.sensor[0].sigma_azimuth_rad = 0.0, "sensor.sigma_azimuth_rad");
    REFUSES(config.sensor[0].sigma_elevation_rad = 1.0, "sensor.sigma_elevation_rad");
    REFUSES(config.sensor[0].sigma_radial_mps = 0.0, "sensor.sigma_radial_mps");
    REFUSES(config.sensor[0].bias_sigma_range_m = -1.0, "sensor.bias_sigma_range_m");
    REFUSES(config.sensor[0].bias_sigma_azimuth_rad = 0.3, "sensor.bias_sigma_azimuth_rad");
    REFUSES(config.sensor[0].bias_sigma_elevation_rad = 0.3, "sensor.bias_sigma_elevation_rad");
    REFUSES(config.sensor[0].quantum_range_m = -1.0, "sensor.quantum_range_m");
    REFUSES(config.sensor[0].quantum_azimuth_rad = 0.6, "sensor.quantum_azimuth_rad");
    REFUSES(config.sensor[0].range_min_m = -1.0, "sensor.range_min_m");
    REFUSES(config.sensor[0].elevation_min_rad = -1.6, "sensor.elevation_min_rad");
    REFUSES(config.sensor[0].elevation_max_rad = 1.6, "sensor.elevation_max_rad");
    REFUSES(config.sensor[0].radial_max_mps = 0.0, "sensor.radial_max_mps");
    REFUSES(config.sensor[0].notch_mps = 101.0, "sensor.notch_mps");
    REFUSES(config.sensor[0].notch_detection_probability = 0.0,
            "sensor.notch_detection_probability");
    REFUSES(config.sensor[0].sigma_place_m = 0.0, "sensor.sigma_place_m");
    const unsigned no_edition[] = {0, SKY_ASTERIX_021_ED_0_23 + 1};
    REFUSES(config.sensor[0].asterix_021 = (enum sky_asterix_021)no_edition[0],
            "sensor.asterix_021");
    REFUSES(config.sensor[0].asterix_021 = (enum sky_asterix_021)no_edition[1],
            "sensor.asterix_021");
    REFUSES(config.sensor[0].range_max_m = 2e6, "sensor.range_max_m");
    REFUSES(config.sensor[0].detection_probability = 1.0, "sensor.detection_probability");
    REFUSES(config.sensor[0].false_plots_per_scan = 0.0, "sensor.false_plots_per_scan");
    REFUSES(config.sensor[1].scan_ns = 0, "sensor.scan_ns");
    REFUSES(config.sensor[1].latency_ns = 11 * SKY_SECOND_NS, "sensor.latency_ns");
}

static void nan_is_outside_every_range(void **state)
{
    (void)state;
    REFUSES(config.tracker.speed_max_mps = nan(""), "tracker.speed_max_mps");
    REFUSES(config.sensor[1].sigma_range_m = nan(""), "sensor.sigma_range_m");
    REFUSES(config.sensor[1].site.lat_rad = nan(""), "sensor.site");
}

static void fields_that_contradict_each_other_are_named(void **state)
{
    (void)state;
    REFUSES(config.tracker.accel_psd_m2ps3[0] = 1.0, "tracker.accel_psd_m2ps3");
    REFUSES(config.tracker.accel_psd_m2ps3[2] = 0.5, "tracker.accel_psd_m2ps3");
    REFUSES(config.sensor[1].range_min_m = config.sensor[1].range_max_m, "sensor.range_min_m");
    REFUSES(config.sensor[1].elevation_min_rad = config.sensor[1].elevation_max_rad,
            "sensor.elevation_min_rad");
    REFUSES(config.tracker.lose_ns = config.tracker.coast_ns - 1, "tracker.lose_ns");
    REFUSES(config.incident.looks_of = 2, "incident.looks_of");
}

static void a_place_that_is_none_is_refused_only_where_it_is_used(void **state)
{
    (void)state;
    REFUSES(config.station.site.lat_rad = 9.0, "");
    REFUSES((config.station.has_site = true, config.station.site.lat_rad = 9.0), "station.site");
    REFUSES((config.station.has_site = true, config.station.site.lat_rad = 0.9), "");
    REFUSES(config.sensor[0].site.lat_rad = 9.0, "");
    REFUSES(config.sensor[1].site.lat_rad = 9.0, "sensor.site");
}

static void names_are_printable_and_unique(void **state)
{
    (void)state;
    REFUSES(config.sensor[0].name[0] = '\0', "sensor.name");
    REFUSES(config.sensor[0].name[1] = ' ', "sensor.name");
    REFUSES(config.sensor[0].name[1] = '\x7f', "sensor.name");
    REFUSES(memset(config.sensor[0].name, 'x', SKY_NAME_MAX), "sensor.name");
    REFUSES(strcpy(config.sensor[1].name, "mast"), "sensor.name");
    REFUSES(strcpy(config.sensor[1].name, "mas"), "");
    REFUSES(strcpy(config.sensor[1].name, "masts"), "");
}

static void two_radars_never_share_a_sac_and_sic(void **state)
{
    (void)state;
    REFUSES(config.sensor[1].sic = 0, "sensor.sac_sic");
    REFUSES((config.sensor[1].sic = 0, config.sensor[1].sac = 2), "");
    REFUSES((config.sensor[1].sic = 0, config.sensor[1].has_sac_sic = false), "");
    REFUSES((config.sensor[1].sic = 0, config.sensor[0].has_sac_sic = false), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_pass),
        cmocka_unit_test(a_default_sensor_lacks_only_its_name),
        cmocka_unit_test(every_kind_of_motion_passes_and_turns_no_wider_than_the_one_before),
        cmocka_unit_test(motion_follows_the_radar_that_sees_farthest),
        cmocka_unit_test(a_number_outside_its_range_is_named),
        cmocka_unit_test(nan_is_outside_every_range),
        cmocka_unit_test(fields_that_contradict_each_other_are_named),
        cmocka_unit_test(a_place_that_is_none_is_refused_only_where_it_is_used),
        cmocka_unit_test(names_are_printable_and_unique),
        cmocka_unit_test(two_radars_never_share_a_sac_and_sic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
