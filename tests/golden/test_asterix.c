/*
 * Real feeds, decoded and compared with what another decoder wrote down about them. They are under
 * licences of their own and lie beside the project, not in it; without them these tests skip.
 */
#include "sky_asterix.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sky_test.h"

#define CAPTURES SKY_SOURCE_DIR "/../shared/data/captures/gpl/asterix/"

enum { FILE_MAX = 1 << 20, RECORDS_MAX = 1000 };

static uint8_t file[FILE_MAX];

static size_t load(const char *path)
{
    FILE *const stream = fopen(path, "rb");
    if (!stream) {
        skip();
    }
    const size_t count = fread(file, 1, sizeof file, stream);
    fclose(stream);
    return count;
}

/* What is compared of a record, in the units of the wire. -1: not there. */
struct said {
    int category;
    int sac;
    int sic;
    long time;
    long rho;
    long theta;
    long address;
};

static struct said ours[RECORDS_MAX], theirs[RECORDS_MAX];
static size_t our_count, their_count, refused;

static long steps(double value, double step) { return lround(value / step); }

static struct said said_by(const struct sky_asterix_record *record)
{
    const struct sky_plot *const plot = &record->plot;
    const bool target = record->kind == SKY_ASTERIX_TARGET;
    struct said said = {record->category, record->sac, record->sic, -1, -1, -1, -1};
    if (record->service.has_time) {
        said.time = (long)(record->service.time_of_day_ns / 7812500);
    }
    if (plot->time_kind == SKY_TIME_OF_DAY) {
        said.time = (long)(plot->time_value_ns / 7812500);
    }
    if (target) {
        said.rho = steps(plot->slant_range_m, 1852.0 / 256.0);
        said.theta = steps(plot->azimuth_rad, 3.14159265358979323846 / 32768.0);
    }
    if ((plot->has & SKY_PLOT_ICAO) != 0) {
        said.address = (long)plot->icao_address;
    }
    return said;
}

/* Records of reported places, whole. */
static struct sky_asterix_record reports[RECORDS_MAX];
static size_t report_count;

static void decode(const uint8_t *bytes, size_t count)
{
    struct sky_asterix_walk walk = {.bytes = bytes, .count = count};
    struct sky_asterix_record record;
    const char *item = "";
    uint32_t offset = 0;
    enum sky_status status = SKY_OK;
    while ((status = sky_asterix_next(&walk, &record, &item, &offset)) != SKY_E_STALE) {
        if (status != SKY_OK) {
            refused++;
        } else if (our_count < RECORDS_MAX) {
            ours[our_count++] = said_by(&record);
            if ((record.plot.has & SKY_PLOT_PLACE) != 0) {
                reports[report_count++] = record;
            }
        }
    }
}

static uint32_t little_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

/* The UDP payloads of a classic capture of IPv4 over Ethernet. */
static void decode_capture(size_t count)
{
    assert_int_equal(little_u32(file), 0xA1B2C3D4);
    for (size_t at = 24; at + 16 <= count;) {
        const size_t bytes = little_u32(file + at + 8);
        const uint8_t *const ip = file + at + 16 + 14;
        const size_t header = (size_t)(ip[0] & 15) * 4;
        const size_t payload = ((size_t)ip[header + 4] << 8 | ip[header + 5]) - 8;
        assert_int_equal(ip[9], 17);
        decode(ip + header + 8, payload);
        at += 16 + bytes;
    }
}

static size_t of_category(const struct said *said, size_t count, int category)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += said[i].category == category ? 1 : 0;
    }
    return found;
}

static bool starts(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

/* Reads the other decoder's listing: a heading per block, one per record, and a line per field. */
static void read_listing(FILE *listing)
{
    char line[512];
    int category = 0;
    struct said *said = theirs;
    while (fgets(line, sizeof line, listing)) {
        const char *const text = line + strspn(line, "\t ");
        if (starts(text, "Category:")) {
            category = (int)strtol(text + 9, NULL, 10);
        } else if (starts(text, "Data Record") && their_count < RECORDS_MAX) {
            said = &theirs[their_count++];
            *said = (struct said){category, -1, -1, -1, -1, -1, -1};
        } else if (starts(text, "System Area Code:")) {
            said->sac = (int)strtol(text + 17, NULL, 10);
        } else if (starts(text, "System Identification Code:")) {
            said->sic = (int)strtol(text + 27, NULL, 10);
        } else if (starts(text, "Time Of Day:") || starts(text, "Time of day:")) {
            said->time = strtol(text + 12, NULL, 10);
        } else if (starts(text, "RHO:")) {
            said->rho = strtol(text + 4, NULL, 10);
        } else if (starts(text, "THETA:")) {
            said->theta = strtol(text + 6, NULL, 10);
        } else if (starts(text, "AircraftAddress:")) {
            said->address = strtol(text + 16, NULL, 16);
        }
    }
}

static void assert_same(const struct said *a, const struct said *b)
{
    assert_int_equal(a->category, b->category);
    assert_int_equal(a->sac, b->sac);
    assert_int_equal(a->sic, b->sic);
    assert_int_equal(a->time, b->time);
    assert_int_equal(a->rho, b->rho);
    assert_int_equal(a->theta, b->theta);
    assert_int_equal(a->address, b->address);
}

static int forget(void **state)
{
    (void)state;
    our_count = their_count = refused = report_count = 0;
    return 0;
}

static void a_capture_of_real_radars_decodes_as_another_decoder_read_it(void **state)
{
    (void)state;
    decode_capture(load(CAPTURES "cat_034_048.pcap"));
    assert_int_equal(refused, 0);
    assert_int_equal(of_category(ours, our_count, 48), 128);
    assert_int_equal(of_category(ours, our_count, 34), 34);

    FILE *const listing = fopen(CAPTURES "cat_034_048.expected.txt", "r");
    if (!listing) {
        skip();
    }
    read_listing(listing);
    fclose(listing);
    assert_int_equal(their_count, our_count);
    size_t with_position = 0;
    for (size_t i = 0; i < our_count; i++) {
        assert_same(&ours[i], &theirs[i]);
        with_position += ours[i].rho >= 0 ? 1 : 0;
    }
    assert_int_equal(with_position, 126);
}

/* The text behind a key, anywhere in a line; what was sought must be there. */
static const char *after(const char *line, const char *key)
{
    const char *const found = strstr(line, key);
    assert_non_null(found);
    return found + strlen(key);
}

static double real_after(const char *line, const char *key)
{
    return strtod(after(line, key), NULL);
}

static void a_capture_of_system_tracks_decodes_as_another_decoder_read_it(void **state)
{
    (void)state;
    const double degree_rad = 3.14159265358979323846 / 180.0;
    decode_capture(load(CAPTURES "cat_062_065.pcap"));
    assert_int_equal(refused, 0);
    assert_int_equal(report_count, 2);
    FILE *const listing = fopen(CAPTURES "cat_062_065.expected.json", "r");
    if (!listing) {
        skip();
    }
    static char line[4096];
    for (size_t i = 0; i < report_count; i++) {
        const struct sky_plot *const plot = &reports[i].plot;
        char callsign[9] = "";
        assert_non_null(fgets(line, sizeof line, listing));
        assert_near((double)plot->time_value_ns * 1e-9, real_after(line, "\"ToT\":"), 1e-7);
        assert_near(plot->place.lat_rad, real_after(line, "\"Lat\":") * degree_rad, 1e-9);
        assert_near(plot->place.lon_rad, real_after(line, "\"Lon\":") * degree_rad, 1e-9);
        assert_near(plot->alt_std_m, real_after(line, "\"I136\":{\"MFL\":") * 0.3048, 1e-6);
        assert_int_equal(plot->sigma_height_m > 0.0, false); /* SRC: assumed */
        assert_int_equal(plot->mode_3a, strtoul(after(line, "\"Mode3A\":\""), NULL, 8));
        assert_int_equal(plot->icao_address, strtoul(after(line, "{\"ADR\":\""), NULL, 16));
        assert_int_equal(plot->sensor_track, real_after(line, "\"TrkN\":"));
        assert_int_equal(sscanf(after(line, "\"ACID\":\""), "%8[A-Z0-9]", callsign), 1);
        assert_string_equal(plot->callsign, callsign);
    }
    fclose(listing);
}

static void single_blocks_of_other_radars_decode_whole(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        struct said said;
    } block[] = {
        {CAPTURES "cat048.raw", {48, 25, 201, 3501389, 50607, 61920, 0x3C660C}},
        {CAPTURES "cat034.raw", {34, 25, 14, 0x3A692B, -1, -1, -1}},
        {CAPTURES "jasterix_cat048ed1.15.bin", {48, 0, 1, 0x416DEB, 0x49EC, 0x3FC4, 0xAB4CBD}},
        /* Beyond 256 NM: its range is in the reserved field, and not measured as far as we know. */
        {CAPTURES "jasterix_cat048ed1.23.bin", {48, 0, 1, 0x416DEB, -1, -1, 0xAB4CBD}},
        {CAPTURES "jasterix_cat034ed1.26.bin", {34, 0, 2, 0x416DEC, -1, -1, -1}},
    };
    for (size_t i = 0; i < sizeof block / sizeof block[0]; i++) {
        our_count = refused = 0;
        decode(file, load(block[i].path));
        assert_int_equal(refused, 0);
        assert_int_equal(our_count, 1);
        assert_same(&ours[0], &block[i].said);
    }
}

/* Seven blocks: 255, 032, 034, 030, 002, 001 and 048 with eleven records. */
static void categories_we_do_not_know_do_not_hide_those_we_do(void **state)
{
    (void)state;
    decode(file, load(CAPTURES "goasterix_sample.ast"));
    assert_int_equal(refused, 0);
    assert_int_equal(of_category(ours, our_count, 48), 11);
    assert_int_equal(of_category(ours, our_count, 34), 1);
    assert_int_equal(our_count, 5 + 1 + 11);
}

/* A recorder's own framing is not ASTERIX: it must end in a refusal, not in records. */
static void a_recorders_framing_is_refused(void **state)
{
    (void)state;
    decode(file, load(CAPTURES "parsegps.gps"));
    assert_true(refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_capture_of_real_radars_decodes_as_another_decoder_read_it, forget),
        cmocka_unit_test_setup(a_capture_of_system_tracks_decodes_as_another_decoder_read_it,
                               forget),
        cmocka_unit_test_setup(single_blocks_of_other_radars_decode_whole, forget),
        cmocka_unit_test_setup(categories_we_do_not_know_do_not_hide_those_we_do, forget),
        cmocka_unit_test_setup(a_recorders_framing_is_refused, forget),
    };
    if (access(CAPTURES, R_OK) != 0) {
        puts("skipped: the captures of real radars are not beside the source tree");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
