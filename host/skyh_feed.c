#include "skyh_feed.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sky_math.h"
#include "skyh_out.h"

static const double degree_rad = SKY_PI / 180.0;
static const double nautical_mile_m = 1852.0;
static const double turn_rad = 2.0 * SKY_PI;
static const int64_t day_ns = INT64_C(86400) * SKY_SECOND_NS;

/* -------------------------------------------------------------------------------------- NMEA */

/* Appends "$body*checksum\r\n" at *used. */
static void sentence(char *text, size_t *used, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void sentence(char *text, size_t *used, const char *format, ...)
{
    char body[128];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(body, sizeof body, format, list);
    va_end(list);
    unsigned sum = 0;
    for (const char *c = body; *c != '\0'; c++) {
        sum ^= (unsigned char)*c;
    }
    *used += (size_t)snprintf(text + *used, SKYH_NMEA_MAX - *used, "$%s*%02X\r\n", body, sum);
}

enum { ANGLE_TEXT_MAX = 72 };

/* "1956.123456,N": whole degrees, then minutes, then the hemisphere. */
static char *angle_text(double angle_rad, int degree_digits, const char hemisphere[2],
                        char buffer[ANGLE_TEXT_MAX])
{
    const double degrees = fabs(angle_rad) / degree_rad;
    const int64_t micro_minutes = llround(degrees * 60e6);
    (void)snprintf(buffer, ANGLE_TEXT_MAX, "%0*" PRId64 "%02" PRId64 ".%06" PRId64 ",%c",
                   degree_digits, micro_minutes / 60000000, micro_minutes / 1000000 % 60,
                   micro_minutes % 1000000, hemisphere[angle_rad < 0.0 ? 1 : 0]);
    return buffer;
}

/* Satellites in view: a fixed sky, spread so that dilutions come out ordinary. */
static void satellites_in_view(char *text, size_t *used, uint32_t count)
{
    const uint32_t parts = (count + 3) / 4;
    for (uint32_t part = 0; part < parts; part++) {
        char list[72] = "";
        for (uint32_t i = part * 4; i < count && i < part * 4 + 4; i++) {
            const size_t at = strlen(list);
            (void)snprintf(list + at, sizeof list - at, ",%02u,%02u,%03u,%02u", i + 2,
                           15 + i * 29 % 65, i * 137 % 360, 38 + i % 9);
        }
        sentence(text, used, "GPGSV,%u,%u,%02u%s", parts, part + 1, count, list);
    }
}

size_t skyh_feed_nmea(const struct skyh_epoch *epoch, char ret_text[SKYH_NMEA_MAX])
{
    const time_t seconds = (time_t)(epoch->utc_ns / SKY_SECOND_NS);
    const int hundredths = (int)(epoch->utc_ns % SKY_SECOND_NS / 10000000);
    struct tm civil;
    (void)gmtime_r(&seconds, &civil);
    char clock[16], date[16], lat[ANGLE_TEXT_MAX], lon[ANGLE_TEXT_MAX];
    (void)strftime(clock, sizeof clock, "%H%M%S", &civil);
    (void)snprintf(clock + strlen(clock), sizeof clock - strlen(clock), ".%02d", hundredths);
    (void)snprintf(date, sizeof date, "%02u%02u%02u", (unsigned)civil.tm_mday % 100,
                   (unsigned)(civil.tm_mon + 1) % 100, (unsigned)civil.tm_year % 100);
    (void)angle_text(epoch->place.lat_rad, 2, "NS", lat);
    (void)angle_text(epoch->place.lon_rad, 3, "EW", lon);
    const double alt_msl_m = epoch->place.alt_hae_m - epoch->geoid_undulation_m;

    char used_list[48] = "";
    for (uint32_t i = 0; i < 12; i++) {
        const size_t at = strlen(used_list);
        if (i < epoch->satellites) {
            (void)snprintf(used_list + at, sizeof used_list - at, ",%02u", i + 2);
        } else {
            (void)snprintf(used_list + at, sizeof used_list - at, ",");
        }
    }

    size_t used = 0;
    sentence(ret_text, &used, "GPRMC,%s,A,%s,%s,0.0,,%s,,,A", clock, lat, lon, date);
    sentence(ret_text, &used, "GPGGA,%s,%s,%s,1,%02u,0.9,%.2f,M,%.2f,M,,", clock, lat, lon,
             epoch->satellites, alt_msl_m, epoch->geoid_undulation_m);
    sentence(ret_text, &used, "GPGSA,A,3%s,1.6,0.9,1.3", used_list);
    sentence(ret_text, &used, "GPGST,%s,%.1f,%.1f,%.1f,0.0,%.2f,%.2f,%.2f", clock,
             epoch->sigma_horizontal_m, epoch->sigma_horizontal_m, epoch->sigma_horizontal_m,
             epoch->sigma_horizontal_m, epoch->sigma_horizontal_m, epoch->sigma_vertical_m);
    satellites_in_view(ret_text, &used, epoch->satellites);
    return used;
}

/* -------------------------------------------------------------------------------------- gpsd */

static const double in_95_percent = 1.96;

size_t skyh_feed_tpv(const struct skyh_epoch *epoch, char ret_text[SKYH_TPV_MAX])
{
    char instant[SKYH_UTC_TEXT_MAX];
    (void)skyh_utc_text(epoch->utc_ns, 3, instant);
    instant[10] = 'T';
    const int written = snprintf(
        ret_text, SKYH_TPV_MAX,
        "{\"class\":\"TPV\",\"device\":\"simulated\",\"mode\":3,\"time\":\"%sZ\",\"ept\":0.005,"
        "\"lat\":%.9f,\"lon\":%.9f,\"altHAE\":%.3f,\"altMSL\":%.3f,\"epx\":%.3f,\"epy\":%.3f,"
        "\"epv\":%.3f,\"speed\":0.000}",
        instant, epoch->place.lat_rad / degree_rad, epoch->place.lon_rad / degree_rad,
        epoch->place.alt_hae_m, epoch->place.alt_hae_m - epoch->geoid_undulation_m,
        in_95_percent * epoch->sigma_horizontal_m, in_95_percent * epoch->sigma_horizontal_m,
        in_95_percent * epoch->sigma_vertical_m);
    return (size_t)written;
}

/* To the decimals that the message has: what is recorded as text and as numbers agrees. */
static double to_decimals(double value, double scale) { return round(value * scale) / scale; }

struct sky_gnss_report skyh_feed_report(const struct skyh_epoch *epoch, const char *json,
                                        size_t json_bytes)
{
    return (struct sky_gnss_report){
        .mode = 3,
        .has_time = true,
        .utc_ns = epoch->utc_ns,
        .lat_deg = to_decimals(epoch->place.lat_rad / degree_rad, 1e9),
        .lon_deg = to_decimals(epoch->place.lon_rad / degree_rad, 1e9),
        .alt_hae_m = to_decimals(epoch->place.alt_hae_m, 1e3),
        .alt_msl_m = to_decimals(epoch->place.alt_hae_m - epoch->geoid_undulation_m, 1e3),
        .err_lon_m = to_decimals(in_95_percent * epoch->sigma_horizontal_m, 1e3),
        .err_lat_m = to_decimals(in_95_percent * epoch->sigma_horizontal_m, 1e3),
        .err_alt_m = to_decimals(in_95_percent * epoch->sigma_vertical_m, 1e3),
        .err_time_s = 0.005,
        .speed_mps = 0.0,
        .course_deg = (double)NAN,
        .climb_mps = (double)NAN,
        .satellites_used = (int32_t)epoch->satellites,
        .json = json,
        .json_bytes = json_bytes,
    };
}

/* ----------------------------------------------------------------------------------- ASTERIX */

/* Big-endian bytes, appended. */
struct octets {
    uint8_t *bytes;
    size_t used;
};

static void put(struct octets *octets, uint32_t value, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        octets->bytes[octets->used++] = (uint8_t)(value >> 8 * i);
    }
}

/* A block's length is known when it is complete. */
static size_t close_block(struct octets *octets)
{
    octets->bytes[1] = (uint8_t)(octets->used >> 8);
    octets->bytes[2] = (uint8_t)octets->used;
    return octets->used;
}

static uint32_t time_of_day_128th(int64_t time_of_day_ns)
{
    const int64_t within_ns = (time_of_day_ns % day_ns + day_ns) % day_ns;
    return (uint32_t)((within_ns * 128 + SKY_SECOND_NS / 2) / SKY_SECOND_NS % (86400 * 128));
}

/* An angle in steps of a turn / 2^bits, wrapped. */
static uint32_t angle_steps(double angle_rad, unsigned bits)
{
    const int64_t steps = llround(angle_rad / turn_rad * (double)(1U << bits));
    return (uint32_t)steps & ((1U << bits) - 1U);
}

size_t skyh_feed_service(const struct skyh_service *service, uint8_t ret_bytes[64])
{
    struct octets octets = {.bytes = ret_bytes};
    const bool has_site = service->north && service->site != NULL;
    put(&octets, 34, 1);
    put(&octets, 0, 2);
    if (!service->north) {
        put(&octets, 0xF0, 1); /* 010 000 030 020 */
    } else if (!has_site) {
        put(&octets, 0xEC, 1); /* 010 000 030 041 050 */
    } else {
        put(&octets, 0xED10, 2); /* the same and 120 */
    }
    put(&octets, service->sac, 1);
    put(&octets, service->sic, 1);
    put(&octets, service->north ? 1 : 2, 1);
    put(&octets, time_of_day_128th(service->time_of_day_ns), 3);
    if (!service->north) {
        put(&octets, service->sector, 1);
        return close_block(&octets);
    }
    put(&octets, (uint32_t)(service->rotation_ns * 128 / SKY_SECOND_NS), 2);
    put(&octets, 0x8000, 2); /* 050: common part, all well */
    if (has_site) {
        const double step_rad = SKY_PI / 0x1p23;
        put(&octets, (uint32_t)lround(service->site->alt_hae_m) & 0xFFFF, 2);
        put(&octets, (uint32_t)lround(service->site->lat_rad / step_rad) & 0xFFFFFF, 3);
        put(&octets, (uint32_t)lround(service->site->lon_rad / step_rad) & 0xFFFFFF, 3);
    }
    return close_block(&octets);
}

static void put_plot(struct octets *octets, uint8_t sac, uint8_t sic, const struct sky_plot *plot)
{
    const bool doppler = (plot->has & SKY_PLOT_RADIAL_SPEED) != 0;
    if (doppler) {
        put(octets, 0xF10104, 3); /* 010 140 020 040, nothing of the second octet, 120 */
    } else {
        put(octets, 0xF0, 1);
    }
    put(octets, sac, 1);
    put(octets, sic, 1);
    put(octets, time_of_day_128th(plot->time_value_ns), 3);
    put(octets, 0x20, 1); /* 020: single primary detection */
    put(octets, (uint32_t)lround(plot->slant_range_m / (nautical_mile_m / 256.0)) & 0xFFFF, 2);
    put(octets, angle_steps(plot->azimuth_rad, 16), 2);
    if (doppler) {
        put(octets, 0x80, 1); /* 120: calculated Doppler speed */
        put(octets, (uint32_t)lround(plot->radial_speed_mps) & 0x3FF, 2);
    }
}

size_t skyh_feed_plots(uint8_t sac, uint8_t sic, const struct sky_plot *plot, size_t count,
                       uint8_t ret_bytes[SKYH_DATAGRAM_MAX])
{
    struct octets octets = {.bytes = ret_bytes};
    if (count == 0) {
        return 0;
    }
    put(&octets, 48, 1);
    put(&octets, 0, 2);
    for (size_t i = 0; i < count; i++) {
        put_plot(&octets, sac, sic, &plot[i]);
    }
    return close_block(&octets);
}

/* ------------------------------------------------------------------------------------ Modbus */

/* A scaled signed value held inside what the word can say without its "not available". */
static uint16_t signed_word(double value)
{
    const double held = value < -32767.0 ? -32767.0 : (value > 32767.0 ? 32767.0 : value);
    return (uint16_t)lround(held);
}

/* A scaled positive value; 0 would mean "not stated". */
static uint16_t sigma_word(double value)
{
    const double held = value < 1.0 ? 1.0 : (value > 65534.0 ? 65534.0 : value);
    return (uint16_t)lround(held);
}

static void put_target(const struct skyh_head *head, const struct sky_plot *plot, uint16_t index,
                       uint16_t word[SKY_REGS_TARGET_WORDS])
{
    const double angle_step_rad = SKY_PI / 32768.0;
    const int64_t age_ms = (head->utc_ns - plot->time_value_ns + 500000) / 1000000;
    const uint32_t range_dm = (uint32_t)lround(plot->slant_range_m * 10.0);
    const bool elevation = (plot->has & SKY_PLOT_ELEVATION) != 0;
    const bool radial = (plot->has & SKY_PLOT_RADIAL_SPEED) != 0;

    word[0] = index;
    word[1] = SKY_REGS_VALID;
    word[2] = (uint16_t)(age_ms < 0 ? 0 : (age_ms > 65534 ? 65534 : age_ms));
    word[3] = (uint16_t)(range_dm >> 16);
    word[4] = (uint16_t)range_dm;
    word[5] = (uint16_t)angle_steps(plot->azimuth_rad, 16);
    word[6] = elevation ? signed_word(plot->elevation_rad / angle_step_rad) : 0x8000;
    word[7] = radial ? signed_word(plot->radial_speed_mps * 100.0) : 0x8000;
    word[8] = (plot->has & SKY_PLOT_RCS) != 0 ? signed_word(plot->rcs_dbsm * 10.0) : 0x8000;
    word[9] = (plot->has & SKY_PLOT_SNR) != 0 ? signed_word(plot->snr_db * 10.0) : 0x8000;
    word[10] = sigma_word(plot->sigma_range_m * 10.0);
    word[11] = sigma_word(plot->sigma_azimuth_rad / angle_step_rad);
    word[12] = elevation ? sigma_word(plot->sigma_elevation_rad / angle_step_rad) : 0xFFFF;
    word[13] = 0; /* class: the head does not say */
    word[14] = 0;
    word[15] = head->sequence;
}

void skyh_feed_registers(const struct skyh_head *head, const struct sky_plot *plot, size_t count,
                         struct skyh_registers *ret_registers)
{
    const size_t targets = count < SKY_REGS_TARGETS_MAX ? count : SKY_REGS_TARGETS_MAX;
    uint16_t *const header = ret_registers->header;
    memset(ret_registers, 0, sizeof *ret_registers);
    for (size_t i = 0; i < targets; i++) {
        put_target(head, &plot[i], (uint16_t)(i + 1),
                   ret_registers->table + i * SKY_REGS_TARGET_WORDS);
    }
    ret_registers->targets = targets;
    const uint32_t utc_s = (uint32_t)(head->utc_ns / SKY_SECOND_NS);
    header[0] = SKY_REGS_MAGIC;
    header[1] = SKY_REGS_MAP_MAJOR << 8;
    header[2] = SKY_REGS_TARGET_WORDS;
    header[3] = SKY_REGS_TARGETS_MAX;
    header[4] = (uint16_t)(SKY_REGS_TIME_VALID | SKY_REGS_NORTH_VALID | SKY_REGS_TRANSMITTING |
                           (count > targets ? SKY_REGS_TRUNCATED : 0U));
    header[5] = head->sequence;
    header[6] = (uint16_t)targets;
    header[7] = head->scan_ms;
    header[8] = (uint16_t)(utc_s >> 16);
    header[9] = (uint16_t)utc_s;
    header[10] = (uint16_t)(head->utc_ns % SKY_SECOND_NS / 1000000);
    header[11] = head->time_sigma_ms;
    header[12] = (uint16_t)(head->uptime_s >> 16);
    header[13] = (uint16_t)head->uptime_s;
    header[14] = sky_regs_crc(ret_registers->table, targets * SKY_REGS_TARGET_WORDS);
    header[15] = head->sequence;
}

size_t skyh_feed_block(const struct skyh_registers *registers,
                       uint8_t ret_bytes[2 * SKY_REGS_BLOCK_WORDS_MAX])
{
    const size_t table = registers->targets * SKY_REGS_TARGET_WORDS;
    sky_regs_to_bytes(registers->header, SKY_REGS_HEADER_WORDS, ret_bytes);
    sky_regs_to_bytes(registers->table, table, ret_bytes + 2 * SKY_REGS_HEADER_WORDS);
    sky_regs_to_bytes(registers->header, SKY_REGS_HEADER_WORDS,
                      ret_bytes + 2 * (SKY_REGS_HEADER_WORDS + table));
    return 2 * (2 * SKY_REGS_HEADER_WORDS + table);
}
