/*
 * A radar's feed as someone captured it: into a log as the station would have made it, and its
 * tracks out again as ASTERIX that another decoder and we ourselves read.
 */
#include "sky_math.h"
#include "sky_tool.h"
#include "skyh_blocks.h"
#include "skyh_capture.h"
#include "skyh_feed.h"

#define CAPTURES SKY_SOURCE_DIR "/../shared/data/captures/"

enum { FLIGHT_S = 160, SCAN_S = 4, PORT = 21131 };

static const double deg = SKY_PI / 180.0;
static const double speed_mps = 80.0; /* due east, from outside into the zone */
static const struct sky_lla station = {45.0 * SKY_PI / 180.0, 25.0 * SKY_PI / 180.0, 300.0};
static const struct sky_lla start = {45.05 * SKY_PI / 180.0, 25.1 * SKY_PI / 180.0, 4000.0};
static const int64_t first_ns = INT64_C(1462433756) * SKY_SECOND_NS; /* 2016-05-05 07:35:56 */

static struct sky_lla true_place(double t_s)
{
    struct sky_geo_frame frame;
    assert_int_equal(sky_geo_frame_init(&frame, &start), SKY_OK);
    const struct sky_enu way = {speed_mps * t_s, 0.0, 0.0};
    return sky_geo_from_enu(&frame, &way);
}

static FILE *create(const char *name)
{
    char file[128];
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    FILE *const stream = fopen(file, "we");
    assert_non_null(stream);
    return stream;
}

static void write_text(const char *name, const char *text)
{
    FILE *const stream = create(name);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

/* What the radar measures at t_s, with noise. */
static struct sky_plot plot_at(double t_s, uint64_t *seed)
{
    struct sky_geo_frame radar;
    assert_int_equal(sky_geo_frame_init(&radar, &station), SKY_OK);
    const struct sky_lla place = true_place(t_s);
    const struct sky_enu at = sky_geo_to_enu(&radar, &place);
    const double azimuth_rad = atan2(at.east_m, at.north_m) + 0.002 * test_normal(seed);
    return (struct sky_plot){
        .time_kind = SKY_TIME_OF_DAY,
        .time_value_ns = (first_ns + (int64_t)(t_s * 1e9)) % (86400 * SKY_SECOND_NS),
        .slant_range_m = sqrt(at.east_m * at.east_m + at.north_m * at.north_m + at.up_m * at.up_m) +
                         30.0 * test_normal(seed),
        .azimuth_rad = azimuth_rad < 0.0 ? azimuth_rad + 2.0 * SKY_PI : azimuth_rad,
    };
}

static void put(FILE *stream, const void *bytes, size_t count)
{
    assert_int_equal(fwrite(bytes, 1, count, stream), count);
}

/* A datagram over Ethernet with a VLAN tag; more: it is a fragment. */
static void put_frame(FILE *stream, int64_t utc_ns, const uint8_t *block, size_t count, bool more)
{
    uint8_t head[46] = {[12] = 0x81, [16] = 8, [18] = 0x45, [26] = 64, 17,         [30] = 10,
                        0,           0,        1,           232,       1,          1,
                        31,          0x0F,     0xA0,        PORT >> 8, PORT & 0xFF};
    const uint32_t length = (uint32_t)(sizeof head + count);
    const uint32_t packet[4] = {(uint32_t)(utc_ns / SKY_SECOND_NS),
                                (uint32_t)(utc_ns % SKY_SECOND_NS / 1000), length, length};
    head[20] = (uint8_t)((length - 18) >> 8);
    head[21] = (uint8_t)(length - 18);
    head[24] = more ? 0x20 : 0;
    head[42] = (uint8_t)((length - 38) >> 8);
    head[43] = (uint8_t)(length - 38);
    put(stream, packet, sizeof packet);
    put(stream, head, sizeof head);
    put(stream, block, count);
}

/* The feed as a capture and as blocks alone; the third scan comes in fragments. */
static int write_feed(void **state)
{
    const uint32_t head[6] = {0xA1B2C3D4, 4U << 16 | 2, 0, 0, 65535, 1};
    uint64_t seed = 11;
    if (make_folder(state) != 0) {
        return -1;
    }
    FILE *const capture = create("night.pcap"), *const blocks = create("night.ast");
    put(capture, head, sizeof head);
    for (int i = 0; i < FLIGHT_S / SCAN_S; i++) {
        static uint8_t block[SKYH_DATAGRAM_MAX];
        const double t_s = 1.5 + i * SCAN_S;
        const struct sky_plot plot = plot_at(t_s, &seed);
        const size_t count = skyh_feed_plots(25, 201, &plot, 1, block);
        put_frame(capture, first_ns + (int64_t)((t_s + 0.25) * 1e9), block, count, i == 2);
        put(blocks, block, count);
    }
    assert_int_equal(fclose(capture), 0);
    assert_int_equal(fclose(blocks), 0);
    write_text("zone.geojson",
               "{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Polygon\","
               "\"coordinates\":[[[25.2,44.5],[26,44.5],[26,45.5],[25.2,45.5],[25.2,44.5]]]}}");
    write_text("station.ini",
               "[station]\nlatitude_deg=45\nlongitude_deg=25\naltitude_hae_m=300\n"
               "[zones]\nfile=set.zones\n[log]\ndirectory=log\n[radar.one]\nat_station=yes\n"
               "sac=25\nsic=201\nsigma_range_m=30\nsigma_azimuth_deg=0.12\nrange_max_m=100000\n"
               "scan_ms=4000\n[asterix.one]\nlisten=0.0.0.0:21131\ngroup=232.1.1.31\n");
    write_text("moving.ini", "[station]\nmoving=yes\n[zones]\nfile=set.zones\n[log]\n"
                             "directory=log\n[gpsd]\n[radar.one]\nat_station=yes\nsac=25\nsic=201\n"
                             "sigma_range_m=30\nsigma_azimuth_deg=0.12\nrange_max_m=100000\n"
                             "scan_ms=4000\n");
    return run("zones build zone.geojson --zone HOME --out set.zones");
}

/* ------------------------------------------------------------------------------------ import */

static void expect_entry(void)
{
    const char *const entry = strstr(said, ",enter,");
    assert_non_null(entry);
    assert_null(strstr(entry + 1, ",enter,"));
}

static void a_capture_becomes_the_log_that_the_station_would_have_made(void **state)
{
    (void)state;
    assert_int_equal(
        run("import --capture night.pcap --config station.ini --day 2026-02-01 -o a.mcap"), 0);
    assert_non_null(strstr(said, "a.mcap: 39 datagrams, 0 to other ports: "));
    assert_string_equal(noted, "skywitness import: night.pcap: 1 fragments; expected whole "
                               "datagrams: left out\n");
    assert_int_equal(run("replay --check a.mcap"), 0);
    assert_non_null(strstr(said, "\nidentical: "));
    assert_int_equal(run("export --format events-csv a.mcap"), 0);
    expect_entry();
    assert_int_equal(run("info a.mcap"), 0);
    assert_non_null(strstr(said, "2026-02-01 07:35:5"));
    assert_non_null(strstr(said, "asterix.one"));
    assert_non_null(strstr(said, "lost 1"));

    assert_int_equal(
        run("import --capture night.pcap --config station.ini --day 2026-02-01 -o b.mcap"), 0);
    assert_int_equal(run("--version && cmp a.mcap b.mcap"), 0);
}

static void another_tools_captures_of_the_same_give_the_same_events(void **state)
{
    (void)state;
    static const char *const formats[] = {"pcapng", "nsecpcap"};
    static char wanted[65536];
    if (system("tshark --version >/dev/null 2>&1") != 0) {
        print_message("no tshark here\n");
        skip();
    }
#define DAY "--config station.ini --day 2026-02-01 -o a.mcap"
    assert_int_equal(run("import --capture night.pcap " DAY), 0);
    assert_int_equal(run("export --format events-csv a.mcap"), 0);
    memcpy(wanted, said, sizeof wanted);
    for (size_t i = 0; i < 2; i++) {
        char command[256];
        (void)snprintf(command, sizeof command,
                       "cd %s && tshark -r night.pcap -F %s -w other >other.txt 2>&1", folder,
                       formats[i]);
        assert_int_equal(system(command), 0);
        assert_int_equal(run("import --capture other " DAY), 0);
        assert_non_null(strstr(said, "a.mcap: 39 datagrams, "));
        assert_int_equal(run("export --format events-csv a.mcap"), 0);
        assert_string_equal(said, wanted);
    }
}

/* Of six bytes, of none, and of as many as UDP can carry: all in the log, whatever they mean. */
static void datagrams_of_any_length_are_recorded_whole(void **state)
{
    (void)state;
    static uint8_t bytes[65507];
    static const size_t counts[] = {6, 0, 65507, 1473};
    const uint32_t head[6] = {0xA1B2C3D4, 4U << 16 | 2, 0, 0, 65535, 1};
    FILE *const capture = create("odd.pcap");
    put(capture, head, sizeof head);
    for (size_t i = 0; i < 4; i++) {
        for (size_t n = 0; n < counts[i]; n++) {
            bytes[n] = (uint8_t)(n * 7 + i);
        }
        put_frame(capture, first_ns, bytes, counts[i], false);
    }
    assert_int_equal(fclose(capture), 0);
    assert_int_equal(
        run("import --capture odd.pcap --config station.ini --day 2026-02-01 -o odd.mcap"), 0);
    assert_string_equal(noted, "");
    assert_int_equal(run("replay --check odd.mcap"), 0);

    char file[128];
    struct skyh_problem problem;
    struct skyh_capture read = {0};
    (void)snprintf(file, sizeof file, "%s/odd.pcap", folder);
    assert_true(skyh_capture_open(&read, file, &problem));
    assert_int_equal(read.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(read.datagram[i].count, counts[i]);
    }
    skyh_capture_close(&read);
    assert_int_equal(run("info odd.mcap"), 0);
    const char *const records = strstr(said, "/input/datagram ");
    assert_non_null(records);
    assert_int_equal(strtol(records + 16, NULL, 10), 4);
}

static void blocks_without_dates_become_a_log_by_their_own_times(void **state)
{
    (void)state;
    assert_int_equal(
        run("import --capture night.ast --config station.ini --day 2026-02-01 -o c.mcap"), 0);
    assert_non_null(strstr(said, "c.mcap: 40 datagrams, 0 to other ports: "));
    assert_int_equal(run("replay --check c.mcap"), 0);
    assert_int_equal(run("export --format events-csv c.mcap"), 0);
    expect_entry();
}

static void a_recorded_flight_becomes_a_table_of_the_truth(void **state)
{
    (void)state;
    write_text("my flight.igc", "HFDTE020911\nB0000015300000N02000000EA0000000100\n");
    assert_int_equal(run("import --igc 'my flight.igc' -o truth.csv"), 0);
    assert_string_equal(said, "1 fixes, 0 left out\n");
    char file[128], text[256];
    (void)snprintf(file, sizeof file, "%s/truth.csv", folder);
    read_text(file, text, sizeof text);
    assert_non_null(strstr(text, "\n1.000,my_flight,aircraft,53.0"));
    assert_int_equal(run("import --igc 'my flight.igc'"), 64);
    assert_int_equal(run("import --igc station.ini -o truth.csv"), 65);
    assert_int_equal(run("import --igc 'my flight.igc' -o none/truth.csv"), 73);
}

static void refuses(int exit_code, const char *arguments, const char *reason)
{
    assert_int_equal(run("import -o x.mcap %s", arguments), exit_code);
    if (strstr(noted, reason) == NULL) {
        fail_msg("%s: \"%s\", wanted \"%s\"", arguments, noted, reason);
    }
    assert_int_equal(strchr(noted, '\n') - noted + 1, strlen(noted));
}

static void what_cannot_be_imported_is_said_in_one_line(void **state)
{
    (void)state;
#define NIGHT "--capture night.pcap --config station.ini "
    write_text("torn.pcap", "\xD4\xC3\xB2\xA1");
    write_text("text.txt", "not a capture");
    write_text("bad.ini", "[station]\nlatitude=1\n");
    refuses(64, "--capture night.pcap", "--config: missing");
    refuses(64, NIGHT "--zones set.zones", "--zones: not with --capture or --nmea");
    refuses(64, NIGHT "--port 0", "--port: 0; expected a port");
    refuses(64, NIGHT "--port 9-8", "--port: 9-8; expected a port");
    refuses(64, NIGHT "--port 70000", "--port: 70000; expected a port");
    refuses(64, NIGHT "--day yesterday", "--day: yesterday; expected a date");
    refuses(64, "--capture night.ast --config station.ini", "--day: missing");
    refuses(65, NIGHT, "begins 2016-05-05 07:35:57; expected 2026");
    refuses(65, NIGHT "--day 2026-02-01 --port 8600", "here are 21131");
    refuses(65, "--capture night.pcap --config bad.ini", "bad.ini:2: ");
    refuses(65, "--capture night.pcap --config moving.ini", "no surveyed site");
    refuses(65, "--capture torn.pcap --config station.ini", "torn.pcap: byte 0: a pcap header");
    refuses(65, "--capture text.txt --config station.ini", "text.txt: byte 0: neither");
    refuses(66, "--capture none.pcap --config station.ini", "none.pcap: No such file");
    refuses(66, "--capture night.pcap --config none.ini", "none.ini");
}

static bool has_gpsfake(void)
{
    return system("command -v gpsfake >/dev/null && PATH=$PATH:/usr/sbin command -v gpsd "
                  ">/dev/null") == 0;
}

static void put_sentence(FILE *stream, const char *text)
{
    unsigned sum = 0;
    for (const char *at = text; *at != '\0'; at++) {
        sum ^= (unsigned char)*at;
    }
    (void)fprintf(stream, "$%s*%02X\r\n", text, sum);
}

/* A receiver at the station, as long as the radar's feed. */
static void write_nmea(const char *name)
{
    FILE *const stream = create(name);
    for (int i = 0; i < FLIGHT_S; i++) {
        const int s = 35 * 60 + 56 + i;
        char text[128];
        (void)snprintf(text, sizeof text,
                       "GPGGA,07%02d%02d.00,4500.0000,N,02500.0000,E,1,09,0.9,262.0,M,38.0,M,,",
                       s / 60, s % 60);
        put_sentence(stream, text);
        (void)snprintf(text, sizeof text,
                       "GPRMC,07%02d%02d.00,A,4500.0000,N,02500.0000,E,0.0,0.0,050516,,,A", s / 60,
                       s % 60);
        put_sentence(stream, text);
    }
    assert_int_equal(fclose(stream), 0);
}

static void a_receivers_log_goes_through_a_real_gpsd_beside_the_radars_feed(void **state)
{
    (void)state;
    refuses(66, "--nmea none.nmea --config moving.ini", "none.nmea: No such file");
    if (!has_gpsfake()) {
        print_message("skipped: gpsfake (gpsd-clients) is not installed\n");
        skip();
    }
    write_nmea("night.nmea");
    assert_int_equal(run("import --nmea night.nmea --capture night.pcap --config moving.ini "
                         "--port 21131 --day 2026-02-01 -o both.mcap"),
                     0);
    int fixes = 0;
    assert_int_equal(sscanf(said, "both.mcap: %d fixes, 39 datagrams", &fixes), 1);
    assert_in_range(fixes, FLIGHT_S - 10, 3 * FLIGHT_S); /* several may be of one epoch */
    assert_int_equal(run("replay --check both.mcap"), 0);
    assert_int_equal(run("export --format events-csv both.mcap"), 0);
    expect_entry();
}

static void without_gpsfake_it_is_said_what_is_missing(void **state)
{
    (void)state;
    write_text("some.nmea", "$GPGGA\n");
    char *const path = strdup(getenv("PATH"));
    (void)setenv("PATH", "/bin-of-nothing", 1);
    char command[512];
    (void)snprintf(command, sizeof command,
                   "cd %s && %s import --nmea some.nmea --config moving.ini -o n.mcap 2>err.txt",
                   folder, SKY_SKYWITNESS);
    const int status = system(command);
    (void)setenv("PATH", path, 1);
    free(path);
    (void)snprintf(command, sizeof command, "%s/err.txt", folder);
    read_text(command, noted, sizeof noted);
    assert_int_equal(WEXITSTATUS(status), 69);
    assert_non_null(strstr(noted, "skywitness import: gpsfake: not found; expected gpsd"));
}

static void real_captures_become_logs_that_replay(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int exit_code;
        const char *said;
    } real[] = {
        {"gpl/asterix/cat_034_048.pcap", 0, "r.mcap: 100 datagrams, 0 to other ports"},
        {"gpl/asterix/cat_062_065.pcap", 0, "r.mcap: 1 datagrams, 0 to other ports"},
        {"gpl/asterix/asterix.pcap", 0, "r.mcap: "},
        {"gpl/asterix/cat_001_002.pcap", 0, "r.mcap: 1 datagrams"},
        {"gpl/asterix/cat034.raw", 0, "r.mcap: 1 datagrams"},
        {"gpl/asterix/cat048.raw", 0, "r.mcap: 1 datagrams"},
        {"gpl/asterix/cat062cat065.raw", 0, "r.mcap: 2 datagrams"},
        {"gpl/asterix/cat21_re.ast", 0, "r.mcap: "},
        {"gpl/asterix/goasterix_sample.ast", 0, "r.mcap: 7 datagrams"},
        {"permissive/asterix/asterix4py_cat062.ast", 0, "r.mcap: 1 datagrams"},
        {"gpl/asterix/parsegps.gps", 65, ""},
        {"permissive/remoteid/odid_bt5_lr_sample.pcapng", 65, ""},
        {"permissive/remoteid/odid_wifi_sample.pcap", 65, ""},
        {"permissive/gpsd/nmea-rtk.log", 65, ""},
    };
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++) {
        char file[512];
        (void)snprintf(file, sizeof file, CAPTURES "%s", real[i].file);
        if (access(file, R_OK) != 0) {
            print_message("no %s here\n", file);
            skip();
        }
        const int exit_code = run("import --capture %s --config station.ini --day 2026-02-01 "
                                  "--port 1-65535 -o r.mcap",
                                  file);
        if (exit_code != real[i].exit_code || strncmp(said, real[i].said, strlen(real[i].said))) {
            fail_msg("%s: exit %d, %s%s", real[i].file, exit_code, said, noted);
        }
        if (exit_code == 0) {
            assert_int_equal(run("replay --check r.mcap"), 0);
        }
    }
}

/* ------------------------------------------------------------------------------------ export */

/* Counts lines of tracks-csv that begin with a whole second, behind the header. */
static size_t lines_of(const char *text)
{
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    return lines - 1;
}

static void tracks_are_sent_each_second_as_another_decoder_reads_them(void **state)
{
    (void)state;
    if (system("tshark --version >/dev/null 2>&1") != 0) {
        print_message("no tshark here\n");
        skip();
    }
    assert_int_equal(
        run("import --capture night.pcap --config station.ini --day 2026-02-01 -o a.mcap"), 0);
    assert_int_equal(run("export --format asterix --sender 25/7 -o t.pcap --format tracks-csv "
                         "-o t.csv --epoch 2026-02-01T00:00:00Z a.mcap"),
                     0);
    char command[1024];
    (void)snprintf(command, sizeof command,
                   "cd %s && tshark -r t.pcap -T fields -E "
                   "separator=, -e asterix.062_070_VALUE "
                   "-e asterix.062_105_LAT -e asterix.062_105_LON -e asterix.062_185_VX "
                   "-e asterix.062_185_VY -e asterix.062_010_SAC -e asterix.062_010_SIC >out.txt "
                   "2>/dev/null && tail -n +2 t.csv | cut -d, -f1,3,4,6,7 >in.txt && "
                   "tshark -r t.pcap -V 2>/dev/null | grep -c Malformed >bad.txt",
                   folder);
    (void)system(command);
    char file[128];
    static char in[65536], bad[64];
    (void)snprintf(file, sizeof file, "%s/out.txt", folder);
    read_text(file, said, sizeof said);
    (void)snprintf(file, sizeof file, "%s/in.txt", folder);
    read_text(file, in, sizeof in);
    (void)snprintf(file, sizeof file, "%s/bad.txt", folder);
    read_text(file, bad, sizeof bad);
    assert_string_equal(bad, "0\n");

    size_t compared = 0;
    const char *left = in, *right = said;
    while (*left != '\0') {
        double wanted[5], got[5];
        unsigned sac = 0, sic = 0;
        assert_int_equal(sscanf(left, "%lf,%lf,%lf,%lf,%lf", &wanted[0], &wanted[1], &wanted[2],
                                &wanted[3], &wanted[4]),
                         5);
        if (sscanf(right, "%lf,%lf,%lf,%lf,%lf,%i,%i", &got[0], &got[1], &got[2], &got[3], &got[4],
                   (int *)&sac, (int *)&sic) != 7) {
            fail_msg("tshark says: %.100s", right);
        }
        assert_near(got[0], wanted[0], 0.0040);
        assert_near(got[1], wanted[1], 3e-6);
        assert_near(got[2], wanted[2], 3e-6);
        assert_near(got[3], wanted[3], 0.126);
        assert_near(got[4], wanted[4], 0.126);
        assert_int_equal(sac, 25);
        assert_int_equal(sic, 7);
        left = strchr(left, '\n') + 1;
        right = strchr(right, '\n') + 1;
        compared++;
    }
    assert_true(compared > 100);
    assert_string_equal(right, "");
}

static void what_was_exported_is_what_a_station_of_reports_takes(void **state)
{
    (void)state;
    struct skyh_capture capture = {0};
    struct skyh_problem problem;
    char file[128];
    assert_int_equal(
        run("import --capture night.pcap --config station.ini --day 2026-02-01 -o a.mcap"), 0);
    assert_int_equal(run("export --format asterix -o t.pcap --format tracks-csv -o t.csv a.mcap"),
                     0);
    assert_int_equal(run("export --format asterix -o t.ast a.mcap"), 0);
    (void)snprintf(file, sizeof file, "%s/t.csv", folder);
    read_text(file, said, sizeof said);
    const size_t tracks = lines_of(said);
    static const char *const names[] = {"t.pcap", "t.ast"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(file, sizeof file, "%s/%s", folder, names[i]);
        assert_true(skyh_capture_open(&capture, file, &problem));
        assert_int_equal(capture.kind, i == 0 ? SKYH_CAPTURE_PCAP : SKYH_CAPTURE_BLOCKS);
        assert_int_equal(capture.count, tracks); /* there is one a second */
        assert_false(capture.torn);
        assert_int_equal(capture.datagram[0].bytes[0], 62);
        assert_int_equal(capture.datagram[0].to_port, i == 0 ? 8600 : 0);
        skyh_capture_close(&capture);
    }
    assert_int_equal(run("export --format asterix --sender 256/1 -o t.ast a.mcap"), 64);
    assert_non_null(strstr(noted, "--sender: 256/1; expected two numbers up to 255"));
}

/* A full block goes out before the next track; what cannot be stated is counted. */
static void more_tracks_than_a_datagram_holds_are_sent_in_several(void **state)
{
    (void)state;
    struct skyh_blocks blocks;
    struct skyh_capture capture = {0};
    struct skyh_problem problem;
    struct sky_event_track track;
    const struct sky_asterix_sender sender = {25, 7, 0};
    memset(&track, 0, sizeof track);
    track.place = (struct sky_lla){45.0 * deg, 25.0 * deg, 1000.0};
    char *bytes = NULL;
    size_t count = 0;
    FILE *const stream = open_memstream(&bytes, &count);
    assert_non_null(stream);
    skyh_blocks_begin(&blocks, stream, true, &sender);
    skyh_blocks_flush(&blocks, 5);
    for (uint32_t i = 0; i < 2 * SKY_ASTERIX_BLOCK_TRACKS; i++) {
        track.id = i;
        skyh_blocks_put(&blocks, &track, 1, INT64_C(1767312000000000005));
    }
    track.vel_up_mps = (double)NAN;
    skyh_blocks_put(&blocks, &track, 1, INT64_C(1767312000000000005));
    skyh_blocks_flush(&blocks, INT64_C(1767312000000000005));
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(blocks.left_out, 1);
    assert_true(skyh_capture_take(&capture, "x", bytes, count, &problem));
    assert_in_range(capture.count, 2, 3);
    assert_int_equal(capture.datagram[1].utc_ns, INT64_C(1767312000000000005));
    skyh_capture_close(&capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capture_becomes_the_log_that_the_station_would_have_made),
        cmocka_unit_test(another_tools_captures_of_the_same_give_the_same_events),
        cmocka_unit_test(datagrams_of_any_length_are_recorded_whole),
        cmocka_unit_test(blocks_without_dates_become_a_log_by_their_own_times),
        cmocka_unit_test(a_recorded_flight_becomes_a_table_of_the_truth),
        cmocka_unit_test(what_cannot_be_imported_is_said_in_one_line),
        cmocka_unit_test(a_receivers_log_goes_through_a_real_gpsd_beside_the_radars_feed),
        cmocka_unit_test(without_gpsfake_it_is_said_what_is_missing),
        cmocka_unit_test(real_captures_become_logs_that_replay),
        cmocka_unit_test(tracks_are_sent_each_second_as_another_decoder_reads_them),
        cmocka_unit_test(what_was_exported_is_what_a_station_of_reports_takes),
        cmocka_unit_test(more_tracks_than_a_datagram_holds_are_sent_in_several),
    };
    return cmocka_run_group_tests(tests, write_feed, remove_folder);
}
