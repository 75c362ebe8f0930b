#include "skyd_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sky_test.h"

static struct skyd_config config;
static char error[SKYD_ERROR_MAX];

/* The least that a station needs. Tests put their own lines behind it: they begin in line 10. */
#define LEAST                                                                                      \
    "[zones]\n"                                                                                    \
    "file = zones.pb\n"                                                                            \
    "[log]\n"                                                                                      \
    "directory = /var/lib/skywitness\n"                                                            \
    "[station]\n"                                                                                  \
    "latitude_deg = 19.95\n"                                                                       \
    "longitude_deg = 2.97\n"                                                                       \
    "altitude_hae_m = 640\n"                                                                       \
    "\n"
#define RADAR                                                                                      \
    "[radar.north]\n"                                                                              \
    "at_station = yes\n"                                                                           \
    "sigma_range_m = 15\n"                                                                         \
    "sigma_azimuth_deg = 0.2\n"                                                                    \
    "range_max_m = 30000\n"                                                                        \
    "scan_ms = 1000\n"

static int parse(const char *text)
{
    memset(error, 0, sizeof error);
    return skyd_config_parse(&config, "etc/test.ini", text, strlen(text), error);
}

static void expect_error(const char *text, const char *wanted)
{
    if (parse(text) == 0) {
        fail_msg("accepted, wanted: %s", wanted);
    }
    assert_string_equal(error, wanted);
}

static void expect_good(const char *text)
{
    if (parse(text) != 0) {
        fail_msg("refused: %s", error);
    }
}

static void the_least_configuration_is_accepted(void **state)
{
    (void)state;
    expect_good(LEAST);
    assert_string_equal(config.zones_file, "etc/zones.pb");
    assert_string_equal(config.log_directory, "/var/lib/skywitness");
    assert_true(config.engine.station.has_site);
    assert_false(config.has_gpsd);
    assert_int_equal(config.engine.sensor_count, 0);
}

static void every_kind_of_value_arrives_in_the_units_of_the_core(void **state)
{
    (void)state;
    expect_good(LEAST RADAR "azimuth_offset_deg = -90\n"
                            "latency_ms = 12.5\n"
                            "sac = 25\n"
                            "sic = 201\n"
                            "[modbus.north]\n"
                            "radar = north\n"
                            "rtu = /dev/sky-radar\n"
                            "parity = even\n"
                            "unit = 17\n"
                            "silence_s = 2.5\n"
                            "[asterix.feed]\n"
                            "listen = 0.0.0.0:8600\n"
                            "group = 232.1.1.25\n"
                            "rcvbuf_kib = 512\n"
                            "[log]\n"
                            "segment_mib = 32\n"
                            "[gpsd]\n"
                            "port = 29247\n");
    const struct sky_sensor_config *const radar = &config.engine.sensor[0];
    assert_string_equal(radar->name, "north");
    assert_near(radar->azimuth_offset_rad, -1.5707963267948966, 1e-15);
    assert_int_equal(radar->latency_ns, 12500000);
    assert_true(radar->has_sac_sic);
    assert_int_equal(radar->sac, 25);
    assert_int_equal(radar->sic, 201);
    assert_int_equal(config.modbus[0].source.mode, SKY_SRC_MODBUS_RTU);
    assert_int_equal(config.modbus[0].source.parity, 'E');
    assert_int_equal(config.modbus[0].source.unit, 17);
    assert_int_equal(config.modbus[0].source.sensor, 0);
    assert_int_equal(config.modbus[0].source.silence_ns, 2500000000);
    assert_string_equal(config.modbus[0].source.name, "modbus.north");
    assert_int_equal(config.asterix[0].source.port, 8600);
    assert_int_equal(config.asterix[0].source.rcvbuf_bytes, 524288);
    assert_string_equal(config.asterix[0].source.group, "232.1.1.25");
    assert_int_equal(config.segment_bytes, 33554432);
    assert_true(config.has_gpsd);
    assert_int_equal(config.gpsd.port, 29247);
}

static void everything_about_a_radar_arrives_in_the_units_of_the_core(void **state)
{
    (void)state;
    expect_good(LEAST RADAR "quantum_range_m = 2.5\nquantum_azimuth_deg = 0.18\n"
                            "range_min_m = 150\nelevation_min_deg = -1\nelevation_max_deg = 45\n"
                            "radial_max_mps = 120\nnotch_mps = 3\n"
                            "notch_detection_probability = 0.25\nsac = 1\nsic = 2\n");
    const struct sky_sensor_config *const radar = &config.engine.sensor[0];
    assert_int_equal(radar->kind, SKY_SENSOR_RADAR);
    assert_int_equal(radar->asterix_021, SKY_ASTERIX_021_ED_2_2);
    assert_near(radar->quantum_range_m, 2.5, 0.0);
    assert_near(radar->quantum_azimuth_rad, 0.0031415926535897933, 1e-17);
    assert_near(radar->range_min_m, 150.0, 0.0);
    assert_near(radar->elevation_min_rad, -0.017453292519943295, 1e-17);
    assert_near(radar->elevation_max_rad, 0.78539816339744828, 1e-15);
    assert_near(radar->radial_max_mps, 120.0, 0.0);
    assert_near(radar->notch_mps, 3.0, 0.0);
    assert_near(radar->notch_detection_probability, 0.25, 0.0);
}

static void each_edition_of_category_021_has_its_word(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum sky_asterix_021 edition;
    } said[] = {{"2.2", SKY_ASTERIX_021_ED_2_2},
                {"2.1", SKY_ASTERIX_021_ED_2_1},
                {"0.26", SKY_ASTERIX_021_ED_0_26},
                {"0.23", SKY_ASTERIX_021_ED_0_23}};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text,
                       LEAST "[radar.beacons]\nkind = cooperative\nscan_ms = 1000\nsac = 1\n"
                             "sic = 2\nasterix_021 = %s\n",
                       said[i].word);
        expect_good(text);
        assert_int_equal(config.engine.sensor[0].asterix_021, said[i].edition);
    }
    expect_error(LEAST "[radar.a]\nasterix_021 = 2.6\n",
                 "etc/test.ini:11: key 'asterix_021': '2.6' is none of them; expected 2.2 (and "
                 "later), 2.1, 0.26 or 0.23");
}

static void a_radar_known_by_sac_and_sic_has_the_steps_of_asterix_unless_told(void **state)
{
    (void)state;
    expect_good(LEAST RADAR "sac = 1\nsic = 2\nquantum_azimuth_deg = 0\n");
    assert_near(config.engine.sensor[0].quantum_range_m, 1852.0 / 256.0, 0.0);
    assert_near(config.engine.sensor[0].quantum_azimuth_rad, 0.0, 0.0);
    expect_good(LEAST RADAR "sac = 1\nsic = 2\nquantum_range_m = 1\n");
    assert_near(config.engine.sensor[0].quantum_range_m, 1.0, 0.0);
    assert_near(config.engine.sensor[0].quantum_azimuth_rad, 6.283185307179586 / 65536.0, 0.0);
    expect_good(LEAST RADAR);
    assert_near(config.engine.sensor[0].quantum_range_m, 0.0, 0.0);
}

static void a_cooperative_sensor_needs_only_its_pace(void **state)
{
    (void)state;
    expect_good(LEAST "[radar.beacons]\nkind = cooperative\nscan_ms = 1000\n");
    assert_int_equal(config.engine.sensor[0].kind, SKY_SENSOR_COOPERATIVE);
    assert_near(config.engine.sensor[0].sigma_place_m, 30.0, 0.0);
    expect_good(LEAST "[radar.beacons]\nscan_ms = 1000\nsigma_place_m = 5\nkind = cooperative\n"
                      "latitude_deg = 1\nlongitude_deg = 2\naltitude_hae_m = 3\n");
    assert_near(config.engine.sensor[0].sigma_place_m, 5.0, 0.0);
    expect_error(LEAST "[radar.beacons]\nkind = cooperative\n",
                 "etc/test.ini:10: key 'scan_ms': missing in [radar.beacons]; expected a number "
                 "from 10 to 60000");
}

static void motion_follows_the_farthest_radar_unless_told_and_details_come_last(void **state)
{
    (void)state;
    static struct sky_tracker_config wanted;
    const struct sky_tracker_config *const ours = &config.engine.tracker;
    expect_good(LEAST RADAR); /* 30 km */
    sky_config_motion(&wanted, SKY_MOTION_AIRCRAFT);
    assert_near(ours->turn_mps2, wanted.turn_mps2, 0.0);
    expect_good(LEAST "[tracker]\nturn_mps2 = 5\nspeed_max_mps = 90\n" RADAR
                      "[tracker]\nmotion = drones\n");
    sky_config_motion(&wanted, SKY_MOTION_DRONES);
    assert_memory_equal(ours->accel_psd_m2ps3, wanted.accel_psd_m2ps3,
                        sizeof wanted.accel_psd_m2ps3);
    assert_near(ours->sojourn_s, wanted.sojourn_s, 0.0);
    assert_near(ours->lifetime_s, wanted.lifetime_s, 0.0);
    assert_near(ours->turn_mps2, 5.0, 0.0);
    assert_near(ours->speed_max_mps, 90.0, 0.0);
    expect_good(LEAST "[tracker]\naccel_psd_steady_m2ps3 = 1\naccel_psd_ordinary_m2ps3 = 2\n"
                      "accel_psd_wild_m2ps3 = 3\nsojourn_s = 4\nlifetime_s = 50\n"
                      "births_per_hour = 6\nconfirm_existence = 0.7\nhold_ms = 80\n");
    assert_near(ours->accel_psd_m2ps3[0], 1.0, 0.0);
    assert_near(ours->accel_psd_m2ps3[1], 2.0, 0.0);
    assert_near(ours->accel_psd_m2ps3[2], 3.0, 0.0);
    assert_near(ours->sojourn_s, 4.0, 0.0);
    assert_near(ours->lifetime_s, 50.0, 0.0);
    assert_near(ours->births_per_hour, 6.0, 0.0);
    assert_near(ours->confirm_existence, 0.7, 0.0);
    assert_int_equal(ours->hold_ns, 80000000);
}

/* A default that differs here would make the example configuration lie. */
static void the_defaults_of_the_table_are_those_of_the_core(void **state)
{
    (void)state;
    static struct sky_config core;
    sky_config_default(&core);
    expect_good(LEAST);
    const struct sky_config *const ours = &config.engine;
    assert_int_equal(ours->tick_ns, core.tick_ns);
    assert_near(ours->station.site_sigma_m, core.station.site_sigma_m, 0.0);
    assert_near(ours->station.gnss_sigma_floor_m, core.station.gnss_sigma_floor_m, 0.0);
    assert_near(ours->station.heading_rad, core.station.heading_rad, 0.0);
    assert_near(ours->station.heading_sigma_rad, core.station.heading_sigma_rad, 1e-6);
    assert_memory_equal(&ours->tracker, &core.tracker, sizeof core.tracker);
    assert_memory_equal(&ours->incident, &core.incident, sizeof core.incident);

    struct sky_sensor_config sensor;
    sky_config_sensor_default(&sensor);
    expect_good(LEAST RADAR);
    const struct sky_sensor_config *const radar = &ours->sensor[0];
    assert_near(radar->elevation_min_rad, sensor.elevation_min_rad, 1e-16);
    assert_near(radar->elevation_max_rad, sensor.elevation_max_rad, 1e-15);
    assert_near(radar->radial_max_mps, sensor.radial_max_mps, 0.0);
    assert_near(radar->notch_mps, sensor.notch_mps, 0.0);
    assert_near(radar->notch_detection_probability, sensor.notch_detection_probability, 0.0);
    assert_near(radar->range_min_m, sensor.range_min_m, 0.0);
    assert_near(radar->sigma_place_m, sensor.sigma_place_m, 0.0);
    assert_near(radar->detection_probability, sensor.detection_probability, 0.0);
}

static void what_is_printed_reads_back_as_the_same_configuration(void **state)
{
    (void)state;
    static struct sky_config before;
    expect_good(LEAST RADAR "sac = 1\nsic = 2\n[modbus.north]\nradar = north\n"
                            "[tracker]\nmotion = drones\nturn_mps2 = 7.5\n"
                            "[radar.beacons]\nkind = cooperative\nscan_ms = 1000\n"
                            "[modbus.north]\n"
                            "tcp = 127.0.0.1:29201\n[asterix.a]\nlisten = 127.0.0.1:29202\n");
    memcpy(&before, &config.engine, sizeof before);
    char *text = NULL;
    size_t bytes = 0;
    FILE *const stream = open_memstream(&text, &bytes);
    assert_non_null(stream);
    skyd_config_print(&config, stream);
    fclose(stream);
    assert_non_null(strstr(text, "sigma_range_m = 15                  ; etc/test.ini:12\n"));
    assert_non_null(strstr(text, "commit_ms = 1000                    ; default\n"));
    assert_non_null(strstr(text, "; [gpsd] is not set\n"));
    assert_non_null(strstr(text, "; [sink] is not set\n"));
    expect_good(text);
    assert_memory_equal(&before, &config.engine, sizeof before);
    assert_string_equal(config.modbus[0].source.host, "127.0.0.1");
    free(text);
}

static void a_value_that_begins_like_a_comment_is_refused(void **state)
{
    (void)state;
    expect_error(
        "[zones]\nfile = z\n[log]\ndirectory =;x\n[gpsd]\n",
        "etc/test.ini:4: key 'directory': ';x' begins like a comment; expected the path of "
        "the folder that holds the log");
}

#define SINK "[sink]\nsac = 25\nsic = 240\n"

static void a_sink_says_where_to_and_signs_with_a_name_of_its_own(void **state)
{
    (void)state;
    expect_good(LEAST);
    assert_false(config.has_sink);
    expect_good(LEAST SINK "to = 239.1.1.62:8600\ninterface = eth0\nttl = 4\nservice = 3\n");
    assert_true(config.has_sink);
    assert_string_equal(config.sink.udp.address, "239.1.1.62");
    assert_int_equal(config.sink.udp.port, 8600);
    assert_string_equal(config.sink.udp.interface, "eth0");
    assert_int_equal(config.sink.udp.ttl, 4);
    assert_int_equal(config.sink.sender.sac, 25);
    assert_int_equal(config.sink.sender.sic, 240);
    assert_int_equal(config.sink.sender.service, 3);
    assert_int_equal(config.sink.period_ns, 1000000000);
    expect_error(LEAST SINK, "etc/test.ini:10: key 'to': missing in [sink]; expected ADDRESS:PORT "
                             "of a machine or a multicast group, such as 239.1.1.62:8600");
    expect_error(LEAST SINK "to = 0.0.0.0:8600\n",
                 "etc/test.ini:13: key 'to': '0.0.0.0:8600' is no IPv4 address and port; expected "
                 "ADDRESS:PORT of a machine or a multicast group, such as 239.1.1.62:8600");
    expect_error(LEAST RADAR "sac = 25\nsic = 240\n" SINK "to = 127.0.0.1:8600\n",
                 "etc/test.ini:20: key 'sic': 25/240 is [radar.north]'s already; expected another");
}

static void an_unknown_section_is_named(void **state)
{
    (void)state;
    expect_error(LEAST "[gspd]\n",
                 "etc/test.ini:10: section [gspd]: unknown; expected [station], [tracker], "
                 "[incident], [zones], [log], [gpsd], [sink], [radar.NAME], [modbus.NAME] or "
                 "[asterix.NAME]");
    expect_error(LEAST "[radar.a b]\n",
                 "etc/test.ini:10: section [radar.a b]: bad name; expected 1 to 23 printable "
                 "characters without spaces");
    expect_error(LEAST "[radar.]\n",
                 "etc/test.ini:10: section [radar.]: bad name; expected 1 to 23 printable "
                 "characters without spaces");
}

static void one_section_too_many_is_refused(void **state)
{
    (void)state;
    expect_error(LEAST "[asterix.a]\nlisten=1.1.1.1:1\n[asterix.b]\nlisten=1.1.1.1:2\n"
                       "[asterix.c]\nlisten=1.1.1.1:3\n[asterix.d]\nlisten=1.1.1.1:4\n"
                       "[asterix.e]\n",
                 "etc/test.ini:18: section [asterix.e]: one too many; expected at most 4 "
                 "[asterix.NAME]");
}

static void an_unknown_key_is_named(void **state)
{
    (void)state;
    expect_error(LEAST "[log]\ncommit = 5\n",
                 "etc/test.ini:11: key 'commit': unknown in [log]; expected one of the keys that "
                 "--print-config lists there");
    expect_error(LEAST RADAR "range = 5\n",
                 "etc/test.ini:16: key 'range': unknown in [radar.NAME]; expected one of the keys "
                 "that --print-config lists there");
}

static void a_key_that_is_set_twice_is_refused(void **state)
{
    (void)state;
    expect_error(LEAST "[log]\ncommit_ms = 500\ncommit_ms = 600\n",
                 "etc/test.ini:12: key 'commit_ms': set before in line 11; expected once");
    expect_error(LEAST RADAR "[radar.north]\nscan_ms = 500\n",
                 "etc/test.ini:17: key 'scan_ms': set before in line 15; expected once");
}

static void a_bad_number_is_refused(void **state)
{
    (void)state;
    expect_error(LEAST "[log]\ncommit_ms = 1 s\n",
                 "etc/test.ini:11: key 'commit_ms': '1 s' is not a number; expected a number from "
                 "1 to 60000");
    expect_error(LEAST "[log]\ncommit_ms = nan\n",
                 "etc/test.ini:11: key 'commit_ms': 'nan' is not a number; expected a number from "
                 "1 to 60000");
    expect_error(LEAST "[log]\ncommit_ms = 0x10\n",
                 "etc/test.ini:11: key 'commit_ms': '0x10' is not a number; expected a number from "
                 "1 to 60000");
    expect_error(LEAST "[log]\ncommit_ms =\n",
                 "etc/test.ini:11: key 'commit_ms': '' is not a number; expected a number from 1 "
                 "to 60000");
    expect_error(LEAST "[log]\ncommit_ms = 1e999\n",
                 "etc/test.ini:11: key 'commit_ms': '1e999' is not a number; expected a number "
                 "from 1 to 60000");
    expect_error(LEAST "[log]\nring_mib = 63\n",
                 "etc/test.ini:11: key 'ring_mib': 63 is out of range; expected 0, for no limit, "
                 "or at least 4 segments, 64");
    expect_good(LEAST "[log]\nring_mib = 64\n");
    assert_int_equal(config.ring_bytes, 64 << 20);
    assert_int_equal(config.pin_ns, 600 * SKY_SECOND_NS);
    expect_good(LEAST "[log]\nring_mib = 0\npin_s = 30\n");
    assert_int_equal(config.ring_bytes, 0);
    assert_int_equal(config.pin_ns, 30 * SKY_SECOND_NS);
    expect_error(LEAST "[log]\nsegment_mib = 16.5\n",
                 "etc/test.ini:11: key 'segment_mib': '16.5' is not a whole number; expected a "
                 "whole number from 8 to 1024");
}

static void a_number_out_of_range_is_refused(void **state)
{
    (void)state;
    expect_error(LEAST "[log]\ncommit_ms = 0\n",
                 "etc/test.ini:11: key 'commit_ms': '0' is out of range; expected a number from 1 "
                 "to 60000");
    expect_error(LEAST "[incident]\np_enter = 0.5\n",
                 "etc/test.ini:11: key 'p_enter': '0.5' is out of range; expected a number above "
                 "0.5 and below 1");
    expect_error(LEAST "[gpsd]\nport = 65536\n",
                 "etc/test.ini:11: key 'port': '65536' is out of range; expected a whole number "
                 "from 1 to 65535");
}

static void a_word_that_is_not_one_of_those_expected_is_refused(void **state)
{
    (void)state;
    expect_error(LEAST "[radar.a]\nat_station = true\n",
                 "etc/test.ini:11: key 'at_station': 'true' is neither; expected yes or no");
    expect_error(LEAST "[tracker]\nmotion = birds\n",
                 "etc/test.ini:11: key 'motion': 'birds' is none of them; expected aircraft, mixed "
                 "or drones");
    expect_error(LEAST "[radar.a]\nkind = lidar\n",
                 "etc/test.ini:11: key 'kind': 'lidar' is none of them; expected radar or "
                 "cooperative");
    expect_error(LEAST "[modbus.a]\nparity = mark\n",
                 "etc/test.ini:11: key 'parity': 'mark' is none of them; expected none, even or "
                 "odd");
    expect_error(LEAST "[gpsd]\nhost = gps.example\n",
                 "etc/test.ini:11: key 'host': 'gps.example' is no address; expected an IPv4 or "
                 "IPv6 address, or localhost");
    expect_error(LEAST "[gpsd]\nhost =\n",
                 "etc/test.ini:11: key 'host': '' is empty; expected an IPv4 or IPv6 address, or "
                 "localhost");
}

static void text_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    expect_error(LEAST "[asterix.a]\ninterface = eth0123456789012345\n",
                 "etc/test.ini:11: key 'interface': 'eth0123456789012345' is too long; expected a "
                 "network interface, such as eth0");
    char text[512] = LEAST "[gpsd]\n; ";
    memset(text + strlen(text), 'x', 300);
    expect_error(text, "etc/test.ini:11: line of 302 bytes; expected at most 198");
}

static void a_missing_key_is_named_with_its_section(void **state)
{
    (void)state;
    expect_error("[zones]\nfile = z\n[station]\n",
                 "etc/test.ini: key 'directory': missing in [log]; expected the path of the folder "
                 "that holds the log");
    expect_error("[log]\ndirectory = x\n[zones]\n",
                 "etc/test.ini:3: key 'file': missing in [zones]; expected the path of a zone set "
                 "made by 'skywitness zones build'");
    expect_error(LEAST "[radar.a]\nat_station = yes\nsigma_range_m = 3\n",
                 "etc/test.ini:10: key 'sigma_azimuth_deg': missing in [radar.a]; expected a "
                 "number from 0.001 to 28");
    expect_error("[log]\ndirectory = x\n[zones]\nfile = z\n",
                 "etc/test.ini: key 'latitude_deg': missing; expected the site of the station, or "
                 "a [gpsd] section");
}

static void a_line_that_is_no_setting_is_refused(void **state)
{
    (void)state;
    expect_error(LEAST "[log]\nnonsense\n",
                 "etc/test.ini:11: cannot be read; expected '[section]' or 'key = value'");
    expect_error(LEAST "[log\n",
                 "etc/test.ini:10: cannot be read; expected '[section]' or 'key = value'");
    expect_error("x = 1\n",
                 "etc/test.ini:1: key 'x': stands before any section; expected a [section] first");
    expect_error(LEAST "[log]\ncommit_ms = 5\n 00\n",
                 "etc/test.ini:12: begins with a space; expected keys and headings without");
    assert_int_not_equal(skyd_config_parse(&config, "f", "[log]\nx\0y = 1\n", 14, error), 0);
    assert_string_equal(error, "f:2: a zero byte; expected text");
}

static void comments_blank_lines_and_carriage_returns_are_no_trouble(void **state)
{
    (void)state;
    expect_good("\xEF\xBB\xBF# first\r\n[log]\r\n   ; indented remark\r\n\r\n"
                "directory = /x ; behind\r\n[zones]\r\nfile = z\r\n[gpsd]");
    assert_string_equal(config.log_directory, "/x");
    assert_true(config.has_gpsd);
}

static void a_site_is_three_numbers_or_none(void **state)
{
    (void)state;
    expect_error("[log]\ndirectory=x\n[zones]\nfile=z\n[station]\nlatitude_deg = 1\n"
                 "longitude_deg = 2\n",
                 "etc/test.ini:5: key 'altitude_hae_m': missing; expected latitude_deg, "
                 "longitude_deg and altitude_hae_m together");
    expect_error(LEAST RADAR "latitude_deg = 1\nlongitude_deg = 2\naltitude_hae_m = 3\n",
                 "etc/test.ini:11: key 'at_station': yes, but a site is given too; expected either "
                 "yes or a site of its own");
    expect_error(LEAST "[radar.a]\nsigma_range_m=5\nsigma_azimuth_deg=1\nrange_max_m=500\n"
                       "scan_ms=1000\n",
                 "etc/test.ini:10: key 'at_station': no, but no site is given; expected either yes "
                 "or a site of its own");
    expect_error(LEAST "[station]\nmoving = yes\n",
                 "etc/test.ini:11: key 'moving': a station with a surveyed site stands still; "
                 "expected no");
}

static void limits_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    expect_error(LEAST "[tracker]\naccel_psd_steady_m2ps3 = 1\n",
                 "etc/test.ini:10: key 'accel_psd_ordinary_m2ps3': steady, ordinary and wild are "
                 "1, 0.8 and 10; expected them ascending");
    expect_error(LEAST "[tracker]\naccel_psd_wild_m2ps3 = 0.5\n",
                 "etc/test.ini:11: key 'accel_psd_wild_m2ps3': steady, ordinary and wild are "
                 "0.02, 0.8 and 0.5; expected them ascending");
    expect_error(LEAST RADAR "range_min_m = 30000\n",
                 "etc/test.ini:16: key 'range_min_m': 30000 is out of range; expected less than "
                 "range_max_m, 30000");
    expect_error(LEAST RADAR "elevation_max_deg = -5\n",
                 "etc/test.ini:10: key 'elevation_min_deg': not below elevation_max_deg; expected "
                 "less than that");
    expect_error(LEAST "[tracker]\nlose_s = 3\n",
                 "etc/test.ini:11: key 'lose_s': shorter than coast_s; expected at least that");
    expect_error(LEAST "[incident]\nlooks_of = 2\n",
                 "etc/test.ini:11: key 'looks_of': 2 is out of range; expected at least "
                 "looks_inside, 3");
}

static void a_radar_has_one_identity(void **state)
{
    (void)state;
    expect_error(LEAST RADAR "sac = 1\n",
                 "etc/test.ini:10: key 'sic': missing; expected sac and sic together");
    expect_error(LEAST RADAR "sac = 256\n",
                 "etc/test.ini:16: key 'sac': '256' is out of range; expected a whole number from "
                 "0 to 255");
    expect_error(LEAST RADAR "sac = 1\nsic = 2\n[radar.south]\nat_station = yes\n"
                             "sigma_range_m = 15\nsigma_azimuth_deg = 0.2\nrange_max_m = 30000\n"
                             "scan_ms = 1000\nsac = 1\nsic = 2\n",
                 "etc/test.ini:25: key 'sic': 1/2 is [radar.north]'s already; expected another");
}

static void a_bus_has_one_way_and_one_radar(void **state)
{
    (void)state;
    expect_error(LEAST RADAR "[modbus.a]\nradar = north\n",
                 "etc/test.ini:16: key 'tcp': missing, and rtu as well; expected either tcp or "
                 "rtu");
    expect_error(LEAST RADAR "[modbus.a]\nradar = north\ntcp = 1.1.1.1:502\nrtu = /dev/x\n",
                 "etc/test.ini:16: key 'tcp': stands beside rtu; expected either tcp or rtu");
    expect_error(LEAST RADAR "[modbus.a]\nradar = north\ntcp = head:502\n",
                 "etc/test.ini:18: key 'tcp': 'head:502' is no IPv4 address (or localhost) and "
                 "port; expected HOST:PORT, such as 192.168.1.20:502");
    expect_error(LEAST RADAR "[modbus.a]\nradar = south\ntcp = 1.1.1.1:502\n",
                 "etc/test.ini:17: key 'radar': 'south' is not in this file; expected NAME of a "
                 "[radar.NAME] section");
    expect_error(LEAST RADAR "[modbus.a]\nradar = north\ntcp = 1.1.1.1:502\n"
                             "[modbus.b]\nradar = north\ntcp = 1.1.1.2:502\n",
                 "etc/test.ini:20: key 'radar': 'north' has another [modbus.NAME] already; "
                 "expected NAME of a [radar.NAME] section");
}

static void a_unit_without_a_radar_needs_the_map_of_an_instrument(void **state)
{
    (void)state;
    expect_error(LEAST "[modbus.a]\ntcp = 1.1.1.1:502\n",
                 "etc/test.ini:10: key 'radar': missing, and map as well; expected the NAME of a "
                 "[radar.NAME] section, or the map of an instrument");
    expect_good(LEAST "[modbus.a]\nmap = wind.ini\ntcp = 1.1.1.1:502\n");
    assert_string_equal(config.modbus[0].map_file, "etc/wind.ini");
    expect_error(LEAST RADAR "[modbus.a]\nradar = north\nrtu = /dev/x\n"
                             "[modbus.b]\nmap = wind.ini\nrtu = /dev/x\n",
                 "etc/test.ini:21: key 'rtu': /dev/x is [modbus.a]'s as well; expected another "
                 "unit, and the same baud, parity, stop_bits and rs485");
    expect_good(LEAST RADAR "[modbus.a]\nradar = north\nrtu = /dev/x\n"
                            "[modbus.b]\nmap = wind.ini\nrtu = /dev/x\nunit = 2\n");
}

static void a_map_that_cannot_be_used_is_refused_by_file_and_line(void **state)
{
    (void)state;
    static struct skyd_maps maps;
    static const char *const name[] = {"leddar-vu8.ini", "anemometer.ini"};
    for (size_t i = 0; i < 2; i++) {
        expect_good(LEAST RADAR "[modbus.a]\nradar = north\nmap = x\ntcp = 1.1.1.1:502\n");
        snprintf(config.modbus[0].map_file, SKYD_PATH_MAX, "%s/host/examples/modbus/%s",
                 SKY_SOURCE_DIR, name[i]);
        assert_int_equal(skyd_config_maps(&config, &maps, error), i == 0 ? 0 : -EINVAL);
    }
    assert_non_null(strstr(error, "the map of an instrument, but [modbus.a] has a radar"));
    expect_good(LEAST "[modbus.a]\nmap = x\ntcp = 1.1.1.1:502\n");
    assert_int_equal(skyd_config_maps(&config, &maps, error), -EINVAL);
    assert_string_equal(error, "etc/x: No such file or directory; expected the register map of "
                               "[modbus.a]");
    snprintf(config.modbus[0].map_file, SKYD_PATH_MAX, "%s/README.md", SKY_SOURCE_DIR);
    assert_int_equal(skyd_config_maps(&config, &maps, error), -EINVAL);
    snprintf(config.modbus[0].map_file, SKYD_PATH_MAX, "%s/.gitignore", SKY_SOURCE_DIR);
    assert_int_equal(skyd_config_maps(&config, &maps, error), -EINVAL);
    assert_non_null(strstr(error, ".gitignore:1: neither a heading nor key = value"));
    expect_good(LEAST "[modbus.a]\nmap = x\ntcp = 1.1.1.1:502\n");
    snprintf(config.modbus[0].map_file, SKYD_PATH_MAX, "%s/host/examples/modbus/anemometer.ini",
             SKY_SOURCE_DIR);
    assert_int_equal(skyd_config_maps(&config, &maps, error), 0);
    assert_int_equal(config.modbus[0].source.map_number, 1);
    assert_false(config.modbus[0].source.map->is_radar);
}

static void a_feed_listens_at_an_address(void **state)
{
    (void)state;
    expect_error(LEAST "[asterix.a]\nlisten = 8600\n",
                 "etc/test.ini:11: key 'listen': '8600' is no IPv4 address and port; expected "
                 "ADDRESS:PORT, such as 0.0.0.0:8600");
    expect_error(LEAST "[asterix.a]\nlisten = 0.0.0.0:0\n",
                 "etc/test.ini:11: key 'listen': '0.0.0.0:0' is no IPv4 address and port; expected "
                 "ADDRESS:PORT, such as 0.0.0.0:8600");
    expect_error(LEAST "[asterix.a]\nlisten = 0.0.0.0:8600\ngroup = 10.0.0.1\n",
                 "etc/test.ini:12: key 'group': '10.0.0.1' is no multicast address; expected an "
                 "IPv4 multicast group, 224.0.0.0 to 239.255.255.255");
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    assert_int_not_equal(skyd_config_read(&config, "/nowhere/x.ini", error), 0);
    assert_string_equal(error, "/nowhere/x.ini: cannot be read: No such file or directory");
}

static void a_zone_set_that_cannot_be_used_is_refused_at_its_key(void **state)
{
    (void)state;
    static struct skyd_zones zones;
    char folder[] = "/tmp/sky-config-XXXXXX", path[64], wanted[256];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/c.ini", folder);
    assert_int_equal(skyd_config_parse(&config, path, LEAST, strlen(LEAST), error), 0);
    assert_int_not_equal(skyd_config_zones(&config, &zones, error), 0);
    snprintf(wanted, sizeof wanted,
             "%s:2: key 'file': %s/zones.pb: No such file or directory; expected a built zone set",
             path, folder);
    assert_string_equal(error, wanted);

    FILE *const file = fopen(config.zones_file, "w");
    assert_non_null(file);
    fputs("{\"type\": \"FeatureCollection\"}", file);
    fclose(file);
    assert_int_not_equal(skyd_config_zones(&config, &zones, error), 0);
    assert_non_null(strstr(error, "expected a zone set made by 'skywitness zones build'"));
    unlink(config.zones_file);
    rmdir(folder);
}

static void a_log_whose_folder_cannot_be_made_is_refused_at_its_key(void **state)
{
    (void)state;
    static const char text[] = "[zones]\nfile = z\n[gpsd]\n[log]\ndirectory = /nowhere/log\n";
    expect_good(text);
    assert_int_not_equal(skyd_config_log_place(&config, error), 0);
    assert_string_equal(error, "etc/test.ini:5: key 'directory': /nowhere is not there, and it "
                               "should hold the log's folder; expected a folder");
    expect_good("[zones]\nfile = z\n[gpsd]\n[log]\ndirectory = /dev/null\n");
    assert_int_not_equal(skyd_config_log_place(&config, error), 0);
    assert_string_equal(error, "etc/test.ini:5: key 'directory': /dev/null is not a folder; "
                               "expected a folder");
    expect_good("[zones]\nfile = z\n[gpsd]\n[log]\ndirectory = /sky-not-there-yet\n");
    assert_int_equal(skyd_config_log_place(&config, error), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_configuration_is_accepted),
        cmocka_unit_test(every_kind_of_value_arrives_in_the_units_of_the_core),
        cmocka_unit_test(everything_about_a_radar_arrives_in_the_units_of_the_core),
        cmocka_unit_test(each_edition_of_category_021_has_its_word),
        cmocka_unit_test(a_radar_known_by_sac_and_sic_has_the_steps_of_asterix_unless_told),
        cmocka_unit_test(a_cooperative_sensor_needs_only_its_pace),
        cmocka_unit_test(motion_follows_the_farthest_radar_unless_told_and_details_come_last),
        cmocka_unit_test(the_defaults_of_the_table_are_those_of_the_core),
        cmocka_unit_test(what_is_printed_reads_back_as_the_same_configuration),
        cmocka_unit_test(a_value_that_begins_like_a_comment_is_refused),
        cmocka_unit_test(a_sink_says_where_to_and_signs_with_a_name_of_its_own),
        cmocka_unit_test(an_unknown_section_is_named),
        cmocka_unit_test(one_section_too_many_is_refused),
        cmocka_unit_test(an_unknown_key_is_named),
        cmocka_unit_test(a_key_that_is_set_twice_is_refused),
        cmocka_unit_test(a_bad_number_is_refused),
        cmocka_unit_test(a_number_out_of_range_is_refused),
        cmocka_unit_test(a_word_that_is_not_one_of_those_expected_is_refused),
        cmocka_unit_test(text_that_does_not_fit_is_refused),
        cmocka_unit_test(a_missing_key_is_named_with_its_section),
        cmocka_unit_test(a_line_that_is_no_setting_is_refused),
        cmocka_unit_test(comments_blank_lines_and_carriage_returns_are_no_trouble),
        cmocka_unit_test(a_site_is_three_numbers_or_none),
        cmocka_unit_test(limits_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_radar_has_one_identity),
        cmocka_unit_test(a_bus_has_one_way_and_one_radar),
        cmocka_unit_test(a_unit_without_a_radar_needs_the_map_of_an_instrument),
        cmocka_unit_test(a_map_that_cannot_be_used_is_refused_by_file_and_line),
        cmocka_unit_test(a_feed_listens_at_an_address),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(a_zone_set_that_cannot_be_used_is_refused_at_its_key),
        cmocka_unit_test(a_log_whose_folder_cannot_be_made_is_refused_at_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
