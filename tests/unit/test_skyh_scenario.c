/* A scenario with a fault is refused in one line that names file and place. */
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "sky_test.h"
#include "skyh_flight.h"
#include "skyh_scenario.h"

static const char sound[] =
    "{\"about\": \"synthetic\", \"start_utc\": \"2026-03-31T23:00:00Z\", \"duration_s\": 60,"
    " \"seed\": 1, \"zones\": [\"zone.geojson\"],"
    " \"station\": {\"place\": {\"lat_deg\": 20, \"lon_deg\": 3, \"alt_hae_m\": 500},"
    "  \"surveyed\": true, \"heading_deg\": 0, \"heading_sigma_deg\": 0.1},"
    " \"gnss\": {\"name\": \"gps\", \"sigma_horizontal_m\": 1, \"sigma_vertical_m\": 2,"
    "  \"sigma_slow_m\": 1, \"geoid_undulation_m\": 30, \"satellites\": 8, \"live_port\": 5000},"
    " \"radars\": [{\"name\": \"head\", \"kind\": \"modbus\", \"at_station\": true,"
    "  \"sigma_range_m\": 10, \"sigma_azimuth_deg\": 0.1, \"sigma_elevation_deg\": 0.1,"
    "  \"bias_sigma_range_m\": 0, \"bias_sigma_azimuth_deg\": 0, \"range_max_m\": 30000,"
    "  \"detection_probability\": 0.9, \"false_plots_per_scan\": 0.5, \"scan_s\": 1,"
    "  \"latency_s\": 0.01, \"live_port\": 5001}],"
    " \"targets\": [{\"name\": \"drone\", \"rcs_dbsm\": 0, \"start_s\": 0,"
    "  \"start\": {\"lat_deg\": 20, \"lon_deg\": 3, \"alt_hae_m\": 5000}, \"heading_deg\": 0,"
    "  \"speed_mps\": 75, \"legs\": ["
    "   {\"kind\": \"straight\", \"duration_s\": 10, \"speed_mps\": 75},"
    "   {\"kind\": \"climb\", \"duration_s\": 10, \"speed_mps\": 75, \"rate_mps\": 5},"
    "   {\"kind\": \"turn\", \"duration_s\": 10, \"speed_mps\": 75, \"rate_degps\": 3}]}]}";

static struct skyh_scenario scenario;

/* The sound scenario with one piece replaced. */
static char *with(const char *piece, const char *instead)
{
    const char *const at = strstr(sound, piece);
    assert_non_null(at);
    const size_t before = (size_t)(at - sound);
    char *const text = malloc(sizeof sound + strlen(instead));
    (void)sprintf(text, "%.*s%s%s", (int)before, sound, instead, at + strlen(piece));
    return text;
}

static void refused(const char *piece, const char *instead, const char *wanted)
{
    char *const text = with(piece, instead);
    struct skyh_problem problem = {0};
    assert_false(skyh_scenario_parse("a/s.json", text, strlen(text), &scenario, &problem));
    assert_int_equal(problem.exit_code, SKYH_EXIT_DATA);
    assert_string_equal(problem.text, wanted);
    free(text);
}

static void a_sound_scenario_is_taken_as_written(void **state)
{
    (void)state;
    struct skyh_problem problem = {0};
    assert_true(skyh_scenario_parse("a/s.json", sound, strlen(sound), &scenario, &problem));
    assert_int_equal(scenario.start_utc_ns, INT64_C(1774998000) * SKY_SECOND_NS);
    assert_int_equal(scenario.duration_ns, 60 * SKY_SECOND_NS);
    assert_string_equal(scenario.zone_file[0], "a/zone.geojson");
    assert_int_equal(scenario.config.sensor_count, 1);
    assert_true(scenario.config.sensor[0].measures_elevation);
    assert_true(scenario.config.station.has_site);
    assert_int_equal(scenario.target[0].leg_count, 3);
    assert_near(scenario.target[0].leg[2].turn_radps, 3.0 * SKY_PI / 180.0, 1e-15);
    assert_string_equal(skyh_scenario_source(&scenario, 1), "head");
}

static void a_missing_field_is_named_with_its_unit(void **state)
{
    (void)state;
    refused("{\"kind\": \"turn\", \"duration_s\": 10, \"speed_mps\": 75,",
            "{\"kind\": \"turn\", \"duration_s\": 10,",
            "a/s.json: targets[0].legs[2].speed_mps: missing; expected a number in m/s");
    refused("\"seed\": 1, ", "", "a/s.json: seed: missing; expected a whole number");
    refused("\"surveyed\": true, ", "",
            "a/s.json: station.surveyed: missing; expected true or false");
    refused("\"name\": \"gps\", ", "",
            "a/s.json: gnss.name: missing; expected a text of 1 to 31 bytes");
}

static void a_field_that_nobody_knows_is_an_error(void **state)
{
    (void)state;
    refused("\"rate_mps\": 5", "\"rate_mps\": 5, \"rate_degps\": 5",
            "a/s.json: targets[0].legs[1].rate_degps: unknown field; expected one of kind, "
            "duration_s, speed_mps, rate_mps");
}

static void a_value_out_of_range_is_an_error(void **state)
{
    (void)state;
    refused("\"start\": {\"lat_deg\": 20", "\"start\": {\"lat_deg\": 200",
            "a/s.json: targets[0].start.lat_deg: 200 is out of range; expected a number in "
            "degrees, -89 to 89");
    refused("\"scan_s\": 1,", "\"scan_s\": \"1\",",
            "a/s.json: radars[0].scan_s: of the wrong type; expected a number in s");
    refused("2026-03-31T23:00:00Z", "last night",
            "a/s.json: start_utc: not an instant; expected one like \"2026-03-31T23:00:00Z\"");
    refused("2026-03-31T23:00:00Z", "2026-02-31T23:00:00Z",
            "a/s.json: start_utc: not an instant; expected one like \"2026-03-31T23:00:00Z\"");
}

static void a_radar_must_be_what_its_kind_can_be(void **state)
{
    (void)state;
    refused("\"kind\": \"modbus\"", "\"kind\": \"sonar\"",
            "a/s.json: radars[0].kind: none of the known ones; expected \"asterix\" or "
            "\"modbus\"");
    refused("\"kind\": \"modbus\"", "\"kind\": \"asterix\"",
            "a/s.json: radars[0].sac: missing; expected sac and sic for \"asterix\" only");
    refused("\"kind\": \"modbus\"", "\"kind\": \"asterix\", \"sac\": 1, \"sic\": 2",
            "a/s.json: radars[0].sigma_elevation_deg: not wanted; category 048 plots carry no "
            "elevation");
    refused("\"at_station\": true", "\"at_station\": false",
            "a/s.json: radars[0].site: missing; expected an object unless at_station is true");
}

static void accepted(const char *piece, const char *instead)
{
    char *const text = with(piece, instead);
    struct skyh_problem problem = {0};
    if (!skyh_scenario_parse("a/s.json", text, strlen(text), &scenario, &problem)) {
        fail_msg("%s", problem.text);
    }
    free(text);
}

static void motion_follows_the_farthest_radar_unless_told(void **state)
{
    (void)state;
    struct sky_tracker_config wanted;
    accepted("\"range_max_m\": 30000", "\"range_max_m\": 29000");
    sky_config_motion(&wanted, SKY_MOTION_MIXED);
    assert_near(scenario.config.tracker.turn_mps2, wanted.turn_mps2, 0.0);
    accepted("\"seed\": 1,", "\"seed\": 1, \"tracker\": {\"motion\": \"drones\", \"sojourn_s\": 5,"
                             " \"accel_psd_wild_m2ps3\": 50, \"hold_s\": 0.25},");
    sky_config_motion(&wanted, SKY_MOTION_DRONES);
    assert_near(scenario.config.tracker.turn_mps2, wanted.turn_mps2, 0.0);
    assert_near(scenario.config.tracker.sojourn_s, 5.0, 0.0);
    assert_near(scenario.config.tracker.accel_psd_m2ps3[2], 50.0, 0.0);
    assert_int_equal(scenario.config.tracker.hold_ns, 250000000);
    refused("\"seed\": 1,", "\"seed\": 1, \"tracker\": {\"motion\": \"birds\"},",
            "a/s.json: tracker.motion: none of the known ones; expected \"aircraft\" or \"mixed\" "
            "or \"drones\"");
}

static void an_asterix_radar_has_the_steps_of_its_format_unless_told(void **state)
{
    (void)state;
    accepted("\"sigma_azimuth_deg\": 0.1, \"sigma_elevation_deg\": 0.1,",
             "\"sigma_azimuth_deg\": 0.1, \"sigma_elevation_deg\": 0.1, \"quantum_range_m\": 3,");
    assert_near(scenario.config.sensor[0].quantum_range_m, 3.0, 0.0);
    assert_near(scenario.config.sensor[0].quantum_azimuth_rad, 0.0, 0.0);
    accepted("\"kind\": \"modbus\", \"at_station\": true,"
             "  \"sigma_range_m\": 10, \"sigma_azimuth_deg\": 0.1, \"sigma_elevation_deg\": 0.1,",
             "\"kind\": \"asterix\", \"at_station\": true, \"sac\": 1, \"sic\": 2,"
             "  \"sigma_range_m\": 10, \"sigma_azimuth_deg\": 0.1, \"notch_mps\": 4,"
             "  \"elevation_min_deg\": 1, ");
    assert_near(scenario.config.sensor[0].quantum_range_m, 1852.0 / 256.0, 0.0);
    assert_near(scenario.config.sensor[0].quantum_azimuth_rad, 2.0 * SKY_PI / 65536.0, 0.0);
    assert_near(scenario.config.sensor[0].notch_mps, 4.0, 0.0);
    assert_near(scenario.config.sensor[0].elevation_min_rad, SKY_PI / 180.0, 1e-17);
}

static void what_is_not_json_is_refused_with_line_and_column(void **state)
{
    (void)state;
    struct skyh_problem problem = {0};
    static const char text[] = "{\n \"about\": \"x\",\n}";
    assert_false(skyh_scenario_parse("s.json", text, strlen(text), &scenario, &problem));
    assert_non_null(strstr(problem.text, "s.json: line 3 column 1: "));
    assert_false(skyh_scenario_read("/nowhere/s.json", &scenario, &problem));
    assert_int_equal(problem.exit_code, SKYH_EXIT_NO_INPUT);
    assert_string_equal(problem.text, "/nowhere/s.json: No such file or directory");
}

static void faults_must_follow_each_other(void **state)
{
    (void)state;
    refused("\"seed\": 1,",
            "\"seed\": 1, \"faults\": [{\"source\": \"head\", \"from_s\": 5, \"to_s\": 9}, "
            "{\"source\": \"head\", \"from_s\": 8, \"to_s\": 12}],",
            "a/s.json: faults[1]: times out of order; expected from_s below to_s, and after the "
            "fault before of the same source");
    refused("\"seed\": 1,",
            "\"seed\": 1, \"faults\": [{\"source\": \"ghost\", \"from_s\": 5, \"to_s\": 9}],",
            "a/s.json: faults[0]: source ghost is not there; expected the name of gnss or of a "
            "radar");
}

/* ------------------------------------------------------------------------------------ flight */

static double distance_m(const struct sky_lla *a, const struct sky_lla *b)
{
    const struct sky_ecef p = sky_geo_to_ecef(a), q = sky_geo_to_ecef(b);
    return sqrt((p.x_m - q.x_m) * (p.x_m - q.x_m) + (p.y_m - q.y_m) * (p.y_m - q.y_m) +
                (p.z_m - q.z_m) * (p.z_m - q.z_m));
}

static void a_full_circle_ends_where_it_began(void **state)
{
    (void)state;
    static struct skyh_target target = {
        .start = {0.35, 0.05, 5500.0}, .heading_rad = 1.0, .speed_mps = 75.0, .leg_count = 1};
    target.leg[0] = (struct skyh_leg){.kind = SKYH_LEG_TURN,
                                      .duration_s = 48.0,
                                      .speed_mps = 75.0,
                                      .turn_radps = 7.5 * SKY_PI / 180.0};
    struct skyh_flight flight = {0};
    struct skyh_problem problem = {0};
    struct skyh_state half, end;
    assert_true(skyh_flight_make(&flight, &target, &problem));
    assert_true(skyh_flight_at(&flight, 24.0, &half));
    assert_true(skyh_flight_at(&flight, 47.999999, &end));
    /* The diameter of a turn is twice speed over rate; the earth's curvature takes centimetres. */
    assert_near(distance_m(&half.place, &target.start), 2.0 * 75.0 / target.leg[0].turn_radps, 0.2);
    assert_near(distance_m(&end.place, &target.start), 0.0, 0.2);
    assert_false(skyh_flight_at(&flight, 48.0, &end));
    assert_false(skyh_flight_at(&flight, -0.1, &end));
    skyh_flight_done(&flight);
}

static void place_speed_and_time_agree_at_every_instant(void **state)
{
    (void)state;
    struct skyh_problem problem = {0};
    assert_true(skyh_scenario_parse("s.json", sound, strlen(sound), &scenario, &problem));
    struct skyh_flight flight = {0};
    assert_true(skyh_flight_make(&flight, &scenario.target[0], &problem));
    const double step_s = 0.01;
    for (double time_s = 0.0; time_s < 29.9; time_s += 0.137) {
        struct skyh_state a, b;
        assert_true(skyh_flight_at(&flight, time_s, &a));
        assert_true(skyh_flight_at(&flight, time_s + step_s, &b));
        const double climbed_m = b.place.alt_hae_m - a.place.alt_hae_m;
        const double moved_m = distance_m(&a.place, &b.place);
        assert_near(sqrt(moved_m * moved_m - climbed_m * climbed_m), 75.0 * step_s, 1e-4);
        assert_near(climbed_m, time_s > 10.0 && time_s < 19.99 ? 5.0 * step_s : 0.0,
                    time_s > 9.98 && time_s < 20.0 ? 0.051 : 1e-9);
    }
    skyh_flight_done(&flight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_scenario_is_taken_as_written),
        cmocka_unit_test(a_missing_field_is_named_with_its_unit),
        cmocka_unit_test(a_field_that_nobody_knows_is_an_error),
        cmocka_unit_test(a_value_out_of_range_is_an_error),
        cmocka_unit_test(a_radar_must_be_what_its_kind_can_be),
        cmocka_unit_test(motion_follows_the_farthest_radar_unless_told),
        cmocka_unit_test(an_asterix_radar_has_the_steps_of_its_format_unless_told),
        cmocka_unit_test(what_is_not_json_is_refused_with_line_and_column),
        cmocka_unit_test(faults_must_follow_each_other),
        cmocka_unit_test(a_full_circle_ends_where_it_began),
        cmocka_unit_test(place_speed_and_time_agree_at_every_instant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
