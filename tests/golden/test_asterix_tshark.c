/*
 * What another decoder reads in the same bytes. tshark is the judge: of real captures, which are
 * under licences of their own and lie beside the project, not in it; and of records that are made
 * at random by our own tables of sizes, which it must cut up as we do.
 */
#include "sky_asterix.h"
#include "sky_asterix_uap.h"
#include "sky_asterix_write.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sky_test.h"

#define CAPTURES SKY_SOURCE_DIR "/../shared/data/captures/"

enum { DATAGRAMS_MAX = 2000, BYTES_MAX = 1 << 22, PORT = 8600 };

/* ---- datagrams, and a capture of them ---- */

struct datagram {
    const char *name;
    const uint8_t *bytes;
    size_t count;
};

static uint8_t bytes_of_all[BYTES_MAX];
static size_t byte_count;
static struct datagram datagram[DATAGRAMS_MAX];
static size_t datagram_count;

static void add(const char *name, const uint8_t *bytes, size_t count)
{
    assert_true(datagram_count < DATAGRAMS_MAX && byte_count + count <= BYTES_MAX);
    memmove(bytes_of_all + byte_count, bytes, count);
    datagram[datagram_count++] = (struct datagram){name, bytes_of_all + byte_count, count};
    byte_count += count;
}

static uint32_t little_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

/* The UDP payloads of a classic capture of IPv4 over Ethernet, or a whole file as one. */
static void add_file(const char *path)
{
    static uint8_t file[1 << 20];
    FILE *const stream = fopen(path, "rb");
    assert_non_null(stream);
    const size_t count = fread(file, 1, sizeof file, stream);
    fclose(stream);
    if (count < 24 || little_u32(file) != 0xA1B2C3D4) {
        add(path, file, count);
        return;
    }
    for (size_t at = 24; at + 16 <= count; at += 16 + little_u32(file + at + 8)) {
        const uint8_t *const ip = file + at + 16 + 14;
        const uint8_t *const udp = ip + (size_t)(ip[0] & 15) * 4;
        add(path, udp + 8, ((size_t)udp[4] << 8 | udp[5]) - 8);
    }
}

static void put_big(uint8_t *bytes, size_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void write_capture(FILE *stream)
{
    const uint32_t head[6] = {0xA1B2C3D4, 4U << 16 | 2, 0, 0, 65535, 1};
    assert_int_equal(fwrite(head, sizeof head, 1, stream), 1);
    for (size_t i = 0; i < datagram_count; i++) {
        uint8_t frame[42] = {[12] = 8, [14] = 0x45, [22] = 64, [23] = 17, [26] = 127, [30] = 127};
        const uint32_t length = (uint32_t)(sizeof frame + datagram[i].count);
        const uint32_t packet[4] = {(uint32_t)i, 0, length, length};
        frame[29] = frame[33] = 1;
        put_big(frame + 16, length - 14);
        put_big(frame + 34, PORT);
        put_big(frame + 36, PORT);
        put_big(frame + 38, length - 34);
        assert_int_equal(fwrite(packet, sizeof packet, 1, stream), 1);
        assert_int_equal(fwrite(frame, sizeof frame, 1, stream), 1);
        assert_int_equal(fwrite(datagram[i].bytes, datagram[i].count, 1, stream), 1);
    }
}

/* What tshark says of each datagram, in order. */
static json_t *ask_tshark(const char *preferences)
{
    char path[] = "/tmp/sky-asterix-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    FILE *const stream = fdopen(file, "wb");
    assert_non_null(stream);
    write_capture(stream);
    assert_int_equal(fclose(stream), 0);

    char command[512];
    (void)snprintf(command, sizeof command,
                   "tshark -r %s %s -T json --no-duplicate-keys 2>/dev/null", path, preferences);
    FILE *const pipe = popen(command, "r");
    assert_non_null(pipe);
    json_error_t error;
    json_t *const said = json_loadf(pipe, 0, &error);
    (void)pclose(pipe);
    (void)unlink(path);
    if (!said) {
        fail_msg("tshark: %s at line %d", error.text, error.line);
    }
    assert_int_equal(json_array_size(said), datagram_count);
    return said;
}

/* ---- reading its answer ---- */

/* A single one stands for itself, several for an array of them. */
static size_t count_of(const json_t *some)
{
    return json_is_array(some) ? json_array_size(some) : (some ? 1 : 0);
}

static const json_t *one_of(const json_t *some, size_t index)
{
    return json_is_array(some) ? json_array_get(some, index) : some;
}

static const json_t *layers_of(const json_t *said, size_t index)
{
    const json_t *const source = json_object_get(json_array_get(said, index), "_source");
    return json_object_get(source, "layers");
}

/* The first text of this name, however deep. */
static const char *text_of(const json_t *record, const char *name)
{
    char key[64];
    (void)snprintf(key, sizeof key, "asterix.%s", name);
    const json_t *const here = json_object_get(record, key);
    if (json_is_string(here)) {
        return json_string_value(here);
    }
    const char *inner;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)record, inner, value)
    {
        const char *const found = json_is_object(value) ? text_of(value, name) : NULL;
        if (found) {
            return found;
        }
    }
    return NULL;
}

static bool has(const json_t *record, const char *name) { return text_of(record, name) != NULL; }

/* Decimal or hexadecimal; 0 if it is not there. */
static double number_of(const json_t *record, const char *name)
{
    const char *const text = text_of(record, name);
    return text ? strtod(text, NULL) : 0.0;
}

/* ---- comparing ---- */

static const struct sky_asterix_record *ours;
static const json_t *theirs;
static char where[256];
static bool is_random;

static void same(double our_value, const char *name, double unit)
{
    const double their_value = number_of(theirs, name) * unit;
    if (!(fabs(our_value - their_value) <= 1e-9 * (1.0 + fabs(their_value)))) {
        fail_msg("%s: %s is %.15g, for tshark %.15g", where, name, our_value, their_value);
    }
}

static void same_bit(bool our_bit, bool their_bit, const char *name)
{
    if (our_bit != their_bit) {
        fail_msg("%s: %s is %d, for tshark %d", where, name, our_bit, their_bit);
    }
}

static const double foot_m = 0.3048;
static const double degree_rad = 3.14159265358979323846 / 180.0;

static void same_plot_bit(uint32_t bit, bool their_bit, const char *name)
{
    same_bit((ours->plot.has & bit) != 0, their_bit, name);
}

static void same_time(int64_t time_ns, bool stated, const char *name)
{
    same_bit(stated, has(theirs, name), name);
    same(stated ? (double)time_ns * 1e-9 : 0.0, name, 1.0);
}

static void same_plot_time(const char *name)
{
    same_time(ours->plot.time_value_ns, ours->plot.time_kind == SKY_TIME_OF_DAY, name);
}

static void same_mode_3a(const char *item)
{
    char name[3][32];
    (void)snprintf(name[0], sizeof name[0], "%s_MODE3A", item);
    (void)snprintf(name[1], sizeof name[1], "%s_V", item);
    (void)snprintf(name[2], sizeof name[2], "%s_G", item);
    const bool holds = has(theirs, name[0]) && number_of(theirs, name[1]) == 0.0 &&
                       number_of(theirs, name[2]) == 0.0;
    same_plot_bit(SKY_PLOT_MODE_3A, holds, item);
    if (holds) {
        same(ours->plot.mode_3a, name[0], 1.0);
    }
}

/* Where tshark reads fourteen bits without their sign, -1 is 4095. */
static void same_level(const char *name, bool holds)
{
    same_plot_bit(SKY_PLOT_ALT_STD, holds, name);
    if (holds) {
        const bool unsign = strstr(name, "_090_FL") && number_of(theirs, name) >= 2048.0;
        same(ours->plot.alt_std_m + (unsign ? 4096.0 : 0.0) * 100.0 * foot_m, name, 100.0 * foot_m);
    }
}

static void same_address(const char *name, bool holds)
{
    same_plot_bit(SKY_PLOT_ICAO, holds && has(theirs, name), name);
    if (holds) {
        same(ours->plot.icao_address, name, 1.0);
    }
}

/* tshark leaves the spaces behind, and makes something of characters that there are none of. */
static void same_callsign(const char *name)
{
    if (is_random && ours->plot.callsign[0] == '\0') {
        return;
    }
    char text[16] = "";
    (void)snprintf(text, sizeof text, "%s", has(theirs, name) ? text_of(theirs, name) : "");
    for (size_t end = strlen(text); end > 0 && text[end - 1] == ' '; end--) {
        text[end - 1] = '\0';
    }
    if (strcmp(text, ours->plot.callsign) != 0) {
        fail_msg("%s: %s is '%s', for tshark '%s'", where, name, ours->plot.callsign, text);
    }
}

static void same_kind(bool is_target)
{
    same_bit(ours->kind == SKY_ASTERIX_TARGET, is_target, "being a target");
    same_bit(ours->kind == SKY_ASTERIX_NO_POSITION, !is_target, "having no position");
}

static void same_place(const char *item)
{
    char name[2][32];
    (void)snprintf(name[0], sizeof name[0], "%s_LAT", item);
    (void)snprintf(name[1], sizeof name[1], "%s_LON", item);
    same(ours->plot.place.lat_rad, name[0], degree_rad);
    same(ours->plot.place.lon_rad, name[1], degree_rad);
}

static void same_height(const char *name, bool holds)
{
    same_bit(ours->plot.sigma_height_m > 0.0, holds, name);
    if (holds) {
        same(ours->plot.place.alt_hae_m, name, foot_m);
    }
}

static bool is(const char *name, double value)
{
    return has(theirs, name) && number_of(theirs, name) == value;
}

static void same_048(void)
{
    const bool target =
        has(theirs, "048_040_RHO") && !is("048_020_TYP", 0.0) && !is("048_020_ERR", 1.0);
    same_plot_time("048_140_VALUE");
    same_bit(ours->simulated,
             is("048_020_SIM", 1.0) || is("048_020_TST", 1.0) || is("048_020_RAB", 1.0), "SIM");
    same_mode_3a("048_070");
    same_level("048_090_FL",
               has(theirs, "048_090_FL") && is("048_090_V", 0.0) && is("048_090_G", 0.0));
    same_address("048_220_VALUE", true);
    same_callsign("048_240_VALUE");
    same_kind(target);
    if (target) {
        same(ours->plot.slant_range_m, "048_040_RHO", 1852.0);
        same(ours->plot.azimuth_rad, "048_040_THETA", degree_rad);
        same_plot_bit(SKY_PLOT_SENSOR_TRACK, has(theirs, "048_161_TRN"), "048_161");
        same(ours->plot.sensor_track, "048_161_TRN", 1.0);
        same_plot_bit(SKY_PLOT_RADIAL_SPEED, is("048_120_CAL_D", 0.0), "048_120");
        if (is("048_120_CAL_D", 0.0)) {
            same(ours->plot.radial_speed_mps, "048_120_CAL_CAL", 1.0);
        }
    }
}

static void same_034(void)
{
    const struct sky_asterix_service *const service = &ours->service;
    same_bit(ours->kind == SKY_ASTERIX_SERVICE, true, "being service");
    same(service->message_type, "034_000_VALUE", 1.0);
    same_time(service->time_of_day_ns, service->has_time, "034_030_VALUE");
    same_time(service->rotation_ns, service->has_rotation, "034_041_VALUE");
    same_bit(service->has_sector, has(theirs, "034_020_VALUE"), "034_020");
    same(service->sector_rad, "034_020_VALUE", degree_rad);
    same_bit(service->no_go, is("034_050_COM_NOGO", 1.0), "NOGO");
    same_bit(service->time_source_invalid, is("034_050_COM_TSV", 1.0), "TSV");
    same_bit(service->has_site, has(theirs, "034_120_LAT"), "034_120");
    same(service->site.lat_rad, "034_120_LAT", degree_rad);
    same(service->site.lon_rad, "034_120_LON", degree_rad);
    const bool unsign = number_of(theirs, "034_120_HGT") >= 32768.0; /* another one */
    same(service->site.alt_hae_m + (unsign ? 65536.0 : 0.0), "034_120_HGT", 1.0);
}

static void same_velocity(bool holds, double east_mps, double north_mps)
{
    same_plot_bit(SKY_PLOT_VELOCITY, holds, "velocity");
    if (holds) {
        assert_near(ours->plot.vel_east_mps, east_mps, 1e-2);
        assert_near(ours->plot.vel_north_mps, north_mps, 1e-2);
    }
}

static void same_062(void)
{
    const bool target =
        has(theirs, "062_105_LAT") && !is("062_080_CST", 1.0) && !is("062_080_TSE", 1.0);
    const double source = number_of(theirs, "062_080_SRC");
    const bool assumed = source >= 4.0 && source <= 6.0;
    const bool measured = has(theirs, "062_136_VALUE");
    same_plot_time("062_070_VALUE");
    same_bit(ours->simulated,
             is("062_080_SIM", 1.0) || is("062_340_TYP_SIM", 1.0) || is("062_340_TYP_RAB", 1.0) ||
                 is("062_340_TYP_TST", 1.0),
             "SIM");
    same_mode_3a("062_060");
    same_address("062_380_ADR_VALUE", true);
    if (has(theirs, "062_380_ID_VALUE") || !is("062_245_STI", 0.0)) {
        same_callsign("062_380_ID_VALUE");
    } else {
        same_callsign("062_245_CHR");
    }
    same_level(measured ? "062_136_VALUE" : "062_135_CTB", measured || is("062_135_QNH", 0.0));
    same_plot_bit(SKY_PLOT_SENSOR_TRACK, has(theirs, "062_040_VALUE"), "062_040");
    same(ours->plot.sensor_track, "062_040_VALUE", 1.0);
    same_kind(target);
    if (target) {
        same_place("062_105");
        same_height("062_130_VALUE", has(theirs, "062_130_VALUE") && !assumed);
        if (has(theirs, "062_500_APC_X")) {
            const bool east =
                number_of(theirs, "062_500_APC_X") > number_of(theirs, "062_500_APC_Y");
            same(ours->plot.sigma_place_m, east ? "062_500_APC_X" : "062_500_APC_Y", 1.0);
        }
        same_velocity(has(theirs, "062_185_VX"), number_of(theirs, "062_185_VX"),
                      number_of(theirs, "062_185_VY"));
        if (has(theirs, "062_500_ATV_X") && has(theirs, "062_185_VX")) {
            const bool east =
                number_of(theirs, "062_500_ATV_X") > number_of(theirs, "062_500_ATV_Y");
            same(ours->plot.sigma_velocity_mps, east ? "062_500_ATV_X" : "062_500_ATV_Y", 1.0);
        }
        if (ours->plot.sigma_height_m > 0.0 && number_of(theirs, "062_500_AGA_VALUE") > 0.0) {
            same(ours->plot.sigma_height_m, "062_500_AGA_VALUE", foot_m);
        }
    }
}

static void same_time_021(void)
{
    static const double off_s[4] = {0.0, 1.0, -1.0, 0.0};
    const unsigned indication = (unsigned)number_of(theirs, "021_074_FSI");
    if (has(theirs, "021_071_VALUE") || !has(theirs, "021_074_FSI") || indication == 3 ||
        !has(theirs, "021_073_VALUE")) {
        same_plot_time(has(theirs, "021_071_VALUE") ? "021_071_VALUE" : "021_073_VALUE");
        return;
    }
    const double whole_s = floor(number_of(theirs, "021_073_VALUE")) + off_s[indication];
    const double at_s = fmod(whole_s + number_of(theirs, "021_074_TOMRP") + 86400.0, 86400.0);
    assert_near((double)ours->plot.time_value_ns * 1e-9, at_s, 2e-9);
}

static void same_021(void)
{
    const bool fine = has(theirs, "021_131_LAT");
    const bool target = fine || has(theirs, "021_130_LAT");
    const double emitter = number_of(theirs, "021_020_VALUE");
    same_time_021();
    same_bit(ours->simulated,
             is("021_040_SIM", 1.0) || is("021_040_TST", 1.0) || is("021_040_RAB", 1.0) ||
                 (emitter >= 20.0 && emitter <= 24.0),
             "SIM");
    same_bit(ours->suspect,
             is("021_040_CL", 1.0) || is("021_040_LLC", 1.0) || is("021_040_IPC", 1.0) ||
                 is("021_040_CPR", 1.0) || is("021_040_LDPJ", 1.0) || is("021_040_RCF", 1.0),
             "CL");
    same_mode_3a("021_070");
    same_address("021_080_VALUE", number_of(theirs, "021_040_ATP") == 0.0);
    same_callsign("021_170_VALUE");
    same_level("021_145_VALUE", has(theirs, "021_145_VALUE") && !is("021_040_ARC", 3.0));
    same_plot_bit(SKY_PLOT_SENSOR_TRACK, has(theirs, "021_161_TRNUM"), "021_161");
    same(ours->plot.sensor_track, "021_161_TRNUM", 1.0);
    same_kind(target);
    if (target) {
        const double speed_mps = number_of(theirs, "021_160_GS") * 1852.0;
        const double track_rad = number_of(theirs, "021_160_TA") * degree_rad;
        same_place(fine ? "021_131" : "021_130");
        same_velocity(is("021_160_RE", 0.0), speed_mps * sin(track_rad),
                      speed_mps * cos(track_rad));
        same_height("021_140_VALUE",
                    has(theirs, "021_140_VALUE") && !is("021_140_VALUE", 32767.0 * 6.25));
    }
}

/* Edition 0.23. */
static void same_021_old(void)
{
    const bool target = has(theirs, "021_V0_23_130_LAT");
    const double emitter = number_of(theirs, "021_V0_23_020_VALUE");
    same_plot_time("021_V0_23_030_VALUE");
    same_bit(ours->simulated,
             is("021_V0_23_040_SIM", 1.0) || is("021_V0_23_040_TST", 1.0) ||
                 is("021_V0_23_040_RAB", 1.0) || (emitter >= 20.0 && emitter <= 24.0),
             "SIM");
    same_address("021_V0_23_080_VALUE", is("021_V0_23_040_ATP", 1.0));
    same_callsign("021_V0_23_170_VALUE");
    same_level("021_V0_23_145_VALUE", has(theirs, "021_V0_23_145_VALUE"));
    same_kind(target);
    if (target) {
        same_place("021_V0_23_130");
        same_height("021_V0_23_140_VALUE", has(theirs, "021_V0_23_140_VALUE"));
    }
}

static void same_010(void)
{
    const bool is_service = has(theirs, "010_000_VALUE") && !is("010_000_VALUE", 1.0);
    const bool radar = is("010_020_TYP", 3.0);
    const bool polar = has(theirs, "010_040_RHO"), cartesian = has(theirs, "010_042_X");
    const bool place = has(theirs, "010_041_LAT") && (!radar || (!polar && !cartesian));
    const bool coasted = number_of(theirs, "010_170_CST") != 0.0;
    if (is_service) {
        same_bit(ours->kind == SKY_ASTERIX_SERVICE, true, "being service");
        same(ours->service.message_type, "010_000_VALUE", 1.0);
        same_time(ours->service.time_of_day_ns, ours->service.has_time, "010_140_VALUE");
        same_bit(ours->service.no_go, is("010_550_NOGO", 2.0), "NOGO");
        same_bit(ours->service.time_source_invalid, is("010_550_TSV", 1.0), "TSV");
        return;
    }
    same_plot_time("010_140_VALUE");
    same_bit(ours->simulated,
             is("010_020_SIM", 1.0) || is("010_020_TST", 1.0) || is("010_020_RAB", 1.0) ||
                 is("010_020_TOT", 2.0),
             "SIM");
    same_mode_3a("010_060");
    same_level("010_090_FL",
               has(theirs, "010_090_FL") && is("010_090_V", 0.0) && is("010_090_G", 0.0));
    same_address("010_220_VALUE", true);
    same_callsign(is("010_245_STI", 0.0) ? "010_245_CHR" : "none");
    same_kind(!coasted && (place || polar || cartesian));
    if (coasted) {
        return;
    }
    same_plot_bit(SKY_PLOT_PLACE, place, "010_041");
    if (place) {
        same_place("010_041");
    } else if (polar) {
        same(ours->plot.slant_range_m, "010_040_RHO", 1.0);
        same(ours->plot.azimuth_rad, "010_040_TH", degree_rad);
    } else if (cartesian) {
        const double east_m = number_of(theirs, "010_042_X");
        const double north_m = number_of(theirs, "010_042_Y");
        assert_near(ours->plot.slant_range_m * sin(ours->plot.azimuth_rad), east_m, 1e-9);
        assert_near(ours->plot.slant_range_m * cos(ours->plot.azimuth_rad), north_m, 1e-9);
    }
}

static void same_015(void)
{
    const struct sky_plot *const plot = &ours->plot;
    const bool ends = is("015_000_MT", 5.0);
    const bool one_site = number_of(theirs, "015_020_MOMU") == 0.0;
    const bool polar =
        !ends && one_site && has(theirs, "015_625_R_VALUE") && has(theirs, "015_627_AZ_VALUE");
    const bool place =
        !ends && !polar && has(theirs, "015_600_P84_LATITUDE") && !is("015_170_CSTP", 1.0);
    same_plot_time("015_145_VALUE");
    same_bit(ours->simulated, number_of(theirs, "015_020_TTAX") != 0.0, "TTAX");
    same_kind(polar || place);
    same_plot_bit(SKY_PLOT_PLACE, place, "015_600");
    if (polar) {
        same(plot->slant_range_m, "015_625_R_VALUE", 1.0);
        same(plot->azimuth_rad, "015_627_AZ_VALUE", degree_rad);
        same_plot_bit(SKY_PLOT_ELEVATION, has(theirs, "015_628_EL_VALUE"), "015_628");
        same(plot->elevation_rad, "015_628_EL_VALUE", degree_rad);
        if (has(theirs, "015_626_DV_VALUE")) {
            same(plot->radial_speed_mps, "015_626_DV_VALUE", 1.0);
        } else {
            same(plot->radial_speed_mps, "015_625_RR_VALUE", 1.0);
        }
        if ((plot->has & SKY_PLOT_SIGMAS) != 0) {
            same(plot->sigma_range_m, "015_625_SDR_VALUE", 1.0);
            same(plot->sigma_azimuth_rad, "015_627_SDASZ_VALUE", degree_rad);
        }
        same(plot->snr_db, "015_630_RPS_VALUE", 1.0);
    }
    if (place) {
        same(plot->place.lat_rad, "015_600_P84_LATITUDE", degree_rad);
        same(plot->place.lon_rad, "015_600_P84_LONGITUDE", degree_rad);
        same(plot->place.alt_hae_m, "015_601_GH_VALUE", 1.0);
    }
}

static void same_record(enum sky_asterix_021 edition)
{
    char name[2][32];
    const char *const old = edition == SKY_ASTERIX_021_ED_0_23 ? "_V0_23" : "";
    (void)snprintf(name[0], sizeof name[0], "%03u%s_010_SAC", ours->category, old);
    (void)snprintf(name[1], sizeof name[1], "%03u%s_010_SIC", ours->category, old);
    same_bit(ours->has_source, has(theirs, name[0]), name[0]);
    same(ours->sac, name[0], 1.0);
    same(ours->sic, name[1], 1.0);
    switch (ours->category) {
    case 10:
        same_010();
        break;
    case 15:
        same_015();
        break;
    case 21:
        if (edition == SKY_ASTERIX_021_ED_0_23) {
            same_021_old();
        } else {
            same_021();
        }
        break;
    case 34:
        same_034();
        break;
    case 48:
        same_048();
        break;
    default:
        same_062();
        break;
    }
}

/* What became of one datagram. */
struct outcome {
    size_t records;
    size_t skipped;
    size_t refused;
    uint32_t offset; /* of the first refusal */
    char item[32];
};

/* Walks a datagram beside what tshark says of it; every record that both have must be the same. */
static struct outcome compare(const json_t *said, size_t index,
                              const struct sky_asterix_dialect *dialect)
{
    const json_t *const blocks = json_object_get(layers_of(said, index), "asterix");
    struct sky_asterix_walk walk = {.bytes = datagram[index].bytes,
                                    .count = datagram[index].count,
                                    .dialect = dialect,
                                    .dialect_count = dialect ? 1 : 0};
    struct sky_asterix_record record;
    struct outcome outcome = {0};
    const char *item = "";
    uint32_t offset = 0;
    size_t block = 0, end = 0;
    enum sky_status status = SKY_OK;
    while ((status = sky_asterix_next(&walk, &record, &item, &offset)) != SKY_E_STALE) {
        block += walk.block_end > end ? 1 : 0;
        end = walk.block_end;
        if (status != SKY_OK) {
            if (outcome.refused++ == 0) {
                outcome.offset = offset;
                (void)snprintf(outcome.item, sizeof outcome.item, "%s", item);
            }
        } else if (record.kind == SKY_ASTERIX_SKIPPED) {
            outcome.skipped++;
        } else {
            const json_t *const messages =
                json_object_get(one_of(blocks, block - 1), "asterix.message");
            const char *const slash = strrchr(datagram[index].name, '/');
            (void)snprintf(where, sizeof where, "%s, datagram %zu, block %zu, record %u",
                           slash ? slash + 1 : datagram[index].name, index, block, walk.record);
            ours = &record;
            theirs = one_of(messages, walk.record - 1);
            if (!theirs || walk.record > count_of(messages)) {
                fail_msg("%s: not there for tshark", where);
            }
            same_record(walk.edition);
            outcome.records++;
        }
    }
    return outcome;
}

static bool is_malformed(const json_t *said, size_t index)
{
    return json_object_get(layers_of(said, index), "_ws.malformed") != NULL;
}

/* ---- captures ---- */

static void every_record_of_every_capture_is_what_tshark_reads(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t records, skipped, refused;
    } file[] = {
        {CAPTURES "gpl/asterix/cat_034_048.pcap", 162, 0, 0},
        {CAPTURES "gpl/asterix/cat_062_065.pcap", 2, 1, 0},
        {CAPTURES "gpl/asterix/cat034.raw", 1, 0, 0},
        {CAPTURES "gpl/asterix/cat048.raw", 1, 0, 0},
        {CAPTURES "gpl/asterix/cat062cat065.raw", 2, 1, 0},
        {CAPTURES "gpl/asterix/cat21_re.ast", 2, 0, 0},
        {CAPTURES "gpl/asterix/goasterix_sample.ast", 12, 5, 0},
        {CAPTURES "gpl/asterix/jasterix_cat021ed2.1.bin", 1, 0, 0},
        {CAPTURES "gpl/asterix/jasterix_cat034ed1.26.bin", 1, 0, 0},
        {CAPTURES "gpl/asterix/jasterix_cat048ed1.15.bin", 1, 0, 0},
        {CAPTURES "gpl/asterix/jasterix_cat048ed1.23.bin", 1, 0, 0},
        {CAPTURES "gpl/asterix/jasterix_cat062ed1.12.bin", 1, 0, 0},
        {CAPTURES "gpl/asterix/jasterix_cat062ed1.16.bin", 1, 0, 0}, /* see is_cut_alike */
        {CAPTURES "gpl/asterix/jasterix_cat063ed1.0.bin", 0, 1, 0},
        {CAPTURES "gpl/asterix/jasterix_cat065ed1.3.bin", 0, 1, 0},
        {CAPTURES "permissive/asterix/asterix4py_cat062.ast", 7, 0, 0},
    };
    if (access(CAPTURES, R_OK) != 0) {
        print_message("skipped: the captures are not beside the source tree\n");
        skip();
    }
    for (size_t i = 0; i < sizeof file / sizeof file[0]; i++) {
        add_file(file[i].path);
    }
    json_t *const said = ask_tshark("");
    for (size_t i = 0, at = 0; i < sizeof file / sizeof file[0]; i++) {
        struct outcome sum = {0};
        for (; at < datagram_count && strcmp(datagram[at].name, file[i].path) == 0; at++) {
            const struct outcome outcome = compare(said, at, NULL);
            sum.records += outcome.records;
            sum.skipped += outcome.skipped;
            sum.refused += outcome.refused;
        }
        if (sum.records != file[i].records || sum.skipped != file[i].skipped ||
            sum.refused != file[i].refused) {
            fail_msg("%s: %zu records, %zu skipped, %zu refused", file[i].path, sum.records,
                     sum.skipped, sum.refused);
        }
    }
    json_decref(said);
}

/* Blocks of 2008, in an edition that nobody kept; and a recorder's own framing. */
static void no_record_of_a_block_that_does_not_add_up_is_taken(void **state)
{
    (void)state;
    if (access(CAPTURES, R_OK) != 0) {
        print_message("skipped: the captures are not beside the source tree\n");
        skip();
    }
    add_file(CAPTURES "gpl/asterix/asterix.pcap");
    add_file(CAPTURES "gpl/asterix/cat_001_002.pcap");
    json_t *const said = ask_tshark("");
    size_t malformed = 0;
    for (size_t i = 0; i < datagram_count; i++) {
        const struct outcome outcome = compare(said, i, NULL);
        malformed += is_malformed(said, i) ? 1 : 0;
        assert_int_equal(outcome.records, 0);
        assert_true(outcome.refused > 0);
        assert_true(outcome.offset < datagram[i].count);
        assert_true(outcome.item[0] != '\0');
    }
    assert_int_equal(datagram_count, 101);
    assert_int_equal(malformed, 64);
    json_decref(said);
}

/* ---- records made at random ---- */

enum { ROUNDS = 30, RECORDS = 3, RECORD_BYTES = 2048 };

/* Bytes that often end what they extend and count little, so that most sizes come up. */
static uint8_t random_byte(uint64_t *seed)
{
    const uint64_t bits = test_random(seed);
    const unsigned byte = (unsigned)(bits >> 8 & 0xFF);
    switch (bits & 3) {
    case 0:
        return (uint8_t)(byte & 3);
    case 1:
        return (uint8_t)byte;
    default:
        return (uint8_t)(byte & 0xFE);
    }
}

/* tshark 4.0 takes one octet more for I062/510 than its groups of three. */
static bool is_cut_alike(const struct sky_uap_item *item)
{
    return item->form != SKY_UAP_ABSENT && strcmp(item->name, "I062/510") != 0;
}

/* A record of a third of the items, which ends where our tables say that it does. */
static size_t random_record(uint64_t *seed, const struct sky_uap *uap, const uint8_t source[2],
                            uint8_t *ret_bytes)
{
    const size_t octets = (uap->count + 6) / 7;
    for (;;) {
        struct sky_uap_found found;
        const char *item = "";
        size_t offset = 0;
        for (size_t i = 0; i < RECORD_BYTES; i++) {
            ret_bytes[i] = i < octets ? (uint8_t)(i + 1 < octets) : random_byte(seed);
        }
        for (size_t i = 0; i < uap->count; i++) {
            if (i == 0 || (is_cut_alike(&uap->item[i]) && test_random(seed) % 3 == 0)) {
                ret_bytes[i / 7] |= (uint8_t)(0x80U >> i % 7);
            }
        }
        memcpy(ret_bytes + octets, source, 2);
        const size_t size =
            sky_asterix_uap_find(uap, ret_bytes, RECORD_BYTES, &found, &item, &offset);
        if (size > 0) {
            return size;
        }
    }
}

static void add_random_block(uint64_t *seed, uint8_t category, enum sky_asterix_021 edition,
                             const uint8_t source[2])
{
    static uint8_t block[3 + RECORDS * RECORD_BYTES];
    const struct sky_uap uap = sky_asterix_uap(category, edition);
    size_t count = 3;
    for (int i = 0; i < RECORDS; i++) {
        count += random_record(seed, &uap, source, block + count);
    }
    block[0] = category;
    put_big(block + 1, count);
    add("random", block, count);
}

/* Returns how many records had only values that can be, and were the same. */
static size_t compare_all(json_t *said, const struct sky_asterix_dialect *dialect)
{
    size_t records = 0;
    is_random = true;
    for (size_t i = 0; i < datagram_count; i++) {
        const json_t *const block = json_object_get(layers_of(said, i), "asterix");
        const size_t messages = count_of(json_object_get(block, "asterix.message"));
        if (is_malformed(said, i) || messages != RECORDS) {
            fail_msg("category %u, datagram %zu: %zu records for tshark", datagram[i].bytes[0], i,
                     messages);
        }
        const struct outcome outcome = compare(said, i, dialect);
        if (outcome.records + outcome.refused != RECORDS) {
            fail_msg("category %u, datagram %zu: %zu records, %zu refused, such as %s",
                     datagram[i].bytes[0], i, outcome.records, outcome.refused, outcome.item);
        }
        records += outcome.records;
    }
    json_decref(said);
    return records;
}

static void what_our_tables_cut_up_tshark_cuts_up_alike(void **state)
{
    (void)state;
    static const uint8_t category[] = {10, 15, 21, 34, 48, 62};
    static const uint8_t source[2] = {25, 7};
    uint64_t seed = 21;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < sizeof category; i++) {
        for (int round = 0; round < ROUNDS; round++) {
            add_random_block(&seed, category[i], SKY_ASTERIX_021_ED_2_2, source);
        }
    }
    const size_t records = compare_all(ask_tshark(""), NULL);
    assert_true(records > sizeof category * ROUNDS);
    print_message("%zu records\n", records);
}

static void what_our_old_tables_cut_up_tshark_cuts_up_alike(void **state)
{
    (void)state;
    static const struct sky_asterix_dialect dialect = {25, 7, SKY_ASTERIX_021_ED_0_23};
    static const uint8_t source[2] = {25, 7};
    uint64_t seed = 23;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < ROUNDS; round++) {
        add_random_block(&seed, 21, dialect.edition, source);
    }
    const size_t records =
        compare_all(ask_tshark("-o 'asterix.i021_version:Version 0.23'"), &dialect);
    print_message("%zu records\n", records);
}

/* ---- tracks that we write ---- */

enum { BLOCKS = 40 };

static struct sky_event_track written[BLOCKS * SKY_ASTERIX_BLOCK_TRACKS];

static struct sky_event_track random_track(uint64_t *seed)
{
    struct sky_event_track track = {0};
    const uint64_t bits = test_random(seed);
    track.id = (uint32_t)(bits >> 32);
    track.change = 1U << (bits & 3);
    track.status = (bits >> 2 & 3) == 0 ? SKY_TRACK_COASTING : SKY_TRACK_CONFIRMED;
    track.sensors = 1 + (bits >> 4 & 3);
    track.cooperative = (bits >> 6 & 1) != 0;
    track.icao_address = track.cooperative ? (uint32_t)(bits >> 8 & 0xFFFFFF) : 0;
    if ((bits >> 7 & 1) != 0) {
        memcpy(track.callsign, "WITNESS1", 9);
        track.callsign[4 + bits % 5] = '\0';
    }
    track.place = (struct sky_lla){test_uniform(seed, -1.5, 1.5), test_uniform(seed, -3.1, 3.1),
                                   test_uniform(seed, -400.0, 30e3)};
    track.vel_east_mps = test_uniform(seed, -400.0, 400.0);
    track.vel_north_mps = test_uniform(seed, -400.0, 400.0);
    track.vel_up_mps = test_uniform(seed, -60.0, 60.0);
    static const size_t diagonal[] = {0, 6, 11, 15, 18, 20};
    for (size_t i = 0; i < 6; i++) {
        const double most = i < 3 ? 1000.0 : 50.0;
        track.cov[diagonal[i]] = pow(test_uniform(seed, 0.0, most), 2.0);
    }
    track.cov[1] = test_uniform(seed, -1.0, 1.0) * sqrt(track.cov[0] * track.cov[6]);
    return track;
}

/* Within a share of a step of what was written; whoever rounds up is above it. */
static void near_written(const char *name, double value, double step, bool up)
{
    const double read = number_of(theirs, name);
    const bool holds = up ? read >= value - 1e-9 && read <= value + 1.000001 * step
                          : fabs(read - value) <= 0.500001 * step;
    if (!has(theirs, name) || !holds) {
        fail_msg("%s: %s is %.15g for tshark, was %.15g", where, name, read, value);
    }
}

static void same_track(const struct sky_event_track *track, size_t second)
{
    const double place_step_deg = 180.0 / 33554432.0;
    const bool has_height = has(theirs, "062_130_VALUE");
    same_bit(has_height, sqrt(track->cov[11]) <= 255.0 * 6.25 * foot_m, "height");
    near_written("062_070_VALUE", (double)second, 1e-9, false);
    near_written("062_105_LAT", track->place.lat_rad / degree_rad, place_step_deg, false);
    near_written("062_105_LON", track->place.lon_rad / degree_rad, place_step_deg, false);
    near_written("062_185_VX", track->vel_east_mps, 0.25, false);
    near_written("062_185_VY", track->vel_north_mps, 0.25, false);
    near_written("062_500_APC_X", sqrt(track->cov[0]), 0.5, true);
    near_written("062_500_APC_Y", sqrt(track->cov[6]), 0.5, true);
    const double root_m = sqrt(fabs(track->cov[1]));
    near_written("062_500_COV_VALUE", track->cov[1] < 0.0 ? -root_m : root_m, 0.5, false);
    near_written("062_500_ATV_X", sqrt(track->cov[15]), 0.25, true);
    near_written("062_500_ATV_Y", sqrt(track->cov[18]), 0.25, true);
    if (has_height) {
        near_written("062_130_VALUE", track->place.alt_hae_m / foot_m, 6.25, false);
        near_written("062_220_VALUE", track->vel_up_mps / foot_m * 60.0, 6.25, false);
        near_written("062_500_AGA_VALUE", sqrt(track->cov[11]) / foot_m, 6.25, true);
        near_written("062_500_ARC_VALUE", fmin(sqrt(track->cov[20]) / foot_m * 60.0, 255.0 * 6.25),
                     6.25, true);
    }
    assert_int_equal(number_of(theirs, "062_040_VALUE"), track->id & 0xFFFF);
    assert_int_equal(number_of(theirs, "062_380_ADR_VALUE"), track->icao_address);
    assert_int_equal(
        strncmp(has(theirs, "062_380_ID_VALUE") ? text_of(theirs, "062_380_ID_VALUE") : "        ",
                track->callsign, strlen(track->callsign)),
        0);
    assert_int_equal(is("062_080_MON", 1.0), (track->sensors & (track->sensors - 1)) == 0);
    assert_int_equal(is("062_080_TSE", 1.0), track->change == SKY_TRACK_NOW_LOST);
    assert_int_equal(is("062_080_TSB", 1.0), track->change == SKY_TRACK_NOW_CONFIRMED);
    assert_int_equal(is("062_080_CST", 1.0), track->status == SKY_TRACK_COASTING);
    assert_int_equal(number_of(theirs, "062_080_SDS"), track->cooperative ? 0 : 2);
    assert_int_equal(number_of(theirs, "062_080_SRC"), has_height ? 2 : 0);
    assert_int_equal(number_of(theirs, "062_015_VALUE"), 3);
    assert_int_equal(number_of(theirs, "062_010_SIC"), 100);
}

static void what_we_write_is_what_tshark_reads(void **state)
{
    (void)state;
    static const struct sky_asterix_sender sender = {25, 100, 3};
    uint64_t seed = 620;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < BLOCKS; i++) {
        struct sky_asterix_block block;
        sky_asterix_write_begin(&block);
        for (size_t n = 0; n < SKY_ASTERIX_BLOCK_TRACKS; n++) {
            struct sky_event_track *const track = &written[i * SKY_ASTERIX_BLOCK_TRACKS + n];
            *track = random_track(&seed);
            assert_int_equal(
                sky_asterix_write_track(&block, &sender, track, (int64_t)n * SKY_SECOND_NS),
                SKY_OK);
        }
        add("written", block.bytes, block.count);
    }
    json_t *const said = ask_tshark("");
    for (size_t i = 0; i < BLOCKS; i++) {
        const json_t *const messages =
            json_object_get(json_object_get(layers_of(said, i), "asterix"), "asterix.message");
        assert_false(is_malformed(said, i));
        assert_int_equal(count_of(messages), SKY_ASTERIX_BLOCK_TRACKS);
        for (size_t n = 0; n < SKY_ASTERIX_BLOCK_TRACKS; n++) {
            (void)snprintf(where, sizeof where, "block %zu, track %zu", i, n);
            theirs = one_of(messages, n);
            same_track(&written[i * SKY_ASTERIX_BLOCK_TRACKS + n], n);
        }
        assert_int_equal(compare(said, i, NULL).records, SKY_ASTERIX_BLOCK_TRACKS);
    }
    json_decref(said);
}

static int forget(void **state)
{
    (void)state;
    datagram_count = byte_count = 0;
    is_random = false;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_record_of_every_capture_is_what_tshark_reads, forget),
        cmocka_unit_test_setup(no_record_of_a_block_that_does_not_add_up_is_taken, forget),
        cmocka_unit_test_setup(what_our_tables_cut_up_tshark_cuts_up_alike, forget),
        cmocka_unit_test_setup(what_our_old_tables_cut_up_tshark_cuts_up_alike, forget),
        cmocka_unit_test_setup(what_we_write_is_what_tshark_reads, forget),
    };
    if (system("tshark --version >/dev/null 2>&1") != 0) {
        puts("skipped: tshark is not installed");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
