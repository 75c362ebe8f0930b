/**
 * sky_asterix_item: what the bytes of ASTERIX items say, as far as several categories say it alike.
 * Private to this folder.
 */
#ifndef SKY_ASTERIX_ITEM_H
#define SKY_ASTERIX_ITEM_H

#include "sky_asterix_take.h"
#include "sky_math.h"

static const double sky_item_foot_m = 0.3048;
static const double sky_item_nautical_mile_m = 1852.0;
static const double sky_item_angle_step_rad = SKY_ASTERIX_STEP_AZIMUTH_RAD;

/* A radius that holds 95 % of a circular normal distribution: sqrt(-2 ln 0.05) sigma. */
static const double sky_item_radius_95 = 2.4477468306808161;

/* Taken where a height above the ellipsoid comes without a word on how good it is. */
static const double sky_item_height_sigma_m = 150.0;

enum {
    SKY_ITEM_TIME_STEP_NS = 7812500,       /* 1/128 s */
    SKY_ITEM_TIME_STEP_SIGMA_NS = 2255275, /* of it: / sqrt(12) */
    SKY_ITEM_TIME_STEPS_PER_DAY = 86400 * 128,
    SKY_ITEM_RECEPTION_SIGMA_NS = 200000000, /* how old a place may be when an aircraft sends it */
    SKY_ITEM_SOUND = -1                      /* no item is wrong */
};

static inline uint16_t sky_item_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t sky_item_u24(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
}

static inline uint32_t sky_item_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | sky_item_u24(bytes + 1);
}

/* Two's complement in the lowest bits (2 to 32) of a word. */
static inline int32_t sky_item_signed(uint32_t value, unsigned bits)
{
    const uint32_t sign = UINT32_C(1) << (bits - 1);
    const uint32_t magnitude = value & (sign - 1);
    return (value & sign) != 0 ? (int32_t)((int64_t)magnitude - (int64_t)sign) : (int32_t)magnitude;
}

static inline double sky_item_larger(double a, double b) { return a > b ? a : b; }

static inline const uint8_t *sky_item_of(const struct sky_asterix_take *take, size_t index)
{
    return sky_asterix_uap_item(&take->found, index);
}

static inline const uint8_t *sky_item_part(const struct sky_asterix_take *take, size_t index,
                                           size_t subfield)
{
    return sky_asterix_uap_subfield(&take->uap, &take->found, index, subfield);
}

/* The octet of an extended item, 0 and up; 0 if it does not go so far. */
static inline unsigned sky_item_octet(const struct sky_asterix_take *take, size_t index,
                                      size_t octet)
{
    const uint8_t *const bytes = sky_item_of(take, index);
    if (!bytes) {
        return 0;
    }
    for (size_t i = 0; i < octet; i++) {
        if ((bytes[i] & 1) == 0) {
            return 0;
        }
    }
    return bytes[octet];
}

/* ---- what several categories say alike ---- */

/* A time of day becomes that of the plot. False: it cannot be. */
static inline bool sky_item_time(struct sky_plot *plot, const uint8_t *time, int64_t sigma_ns)
{
    plot->time_kind = SKY_TIME_ARRIVAL;
    if (!time) {
        return true;
    }
    if (sky_item_u24(time) >= SKY_ITEM_TIME_STEPS_PER_DAY) {
        return false;
    }
    plot->time_kind = SKY_TIME_OF_DAY;
    plot->time_value_ns = (int64_t)sky_item_u24(time) * SKY_ITEM_TIME_STEP_NS;
    plot->time_sigma_ns = sigma_ns;
    return true;
}

/* Six-bit characters: 1 to 26 are sky_item_letters, 48 to 57 digits, 32 is a space. 0 for any
 * other. */
static const char sky_item_letters[64] = {
    0,   'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 0,   0,   0,   0,   0,
    ' ', 0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 0,   0,   0,   0,   0,   0};

/* A callsign with a character that cannot be is left out whole; so is one of spaces only. */
static inline void sky_item_callsign(struct sky_plot *plot, const uint8_t *bytes)
{
    char text[8];
    size_t end = 0;
    if (!bytes) {
        return;
    }
    const uint64_t all = (uint64_t)sky_item_u24(bytes) << 24 | sky_item_u24(bytes + 3);
    for (size_t i = 0; i < 8; i++) {
        text[i] = sky_item_letters[all >> (42 - 6 * i) & 0x3F];
        if (text[i] == '\0') {
            return;
        }
        end = text[i] == ' ' ? end : i + 1;
    }
    plot->has |= end > 0 ? SKY_PLOT_CALLSIGN : 0;
    for (size_t i = 0; i < end; i++) {
        plot->callsign[i] = text[i];
    }
}

/* Twelve bits below spare ones, or below two flags: not validated, garbled. */
static inline void sky_item_mode_3a(struct sky_plot *plot, const uint8_t *bytes, bool flagged)
{
    if (bytes && !(flagged && (bytes[0] & 0xC0) != 0)) {
        plot->has |= SKY_PLOT_MODE_3A;
        plot->mode_3a = sky_item_u16(bytes) & 0x0FFF;
    }
}

/* In quarters of a flight level, of 14 bits below two flags, or of 16. */
static inline void sky_item_level(struct sky_plot *plot, const uint8_t *bytes, unsigned bits)
{
    if (bytes && (bits == 16 || (bytes[0] & 0xC0) == 0)) { /* not validated, garbled */
        plot->has |= SKY_PLOT_ALT_STD;
        plot->alt_std_m = sky_item_signed(sky_item_u16(bytes), bits) * (25.0 * sky_item_foot_m);
    }
}

static inline void sky_item_address(struct sky_plot *plot, const uint8_t *bytes)
{
    if (bytes) {
        plot->has |= SKY_PLOT_ICAO;
        plot->icao_address = sky_item_u24(bytes);
    }
}

static inline void sky_item_sensor_track(struct sky_plot *plot, const uint8_t *bytes, unsigned mask)
{
    if (bytes) {
        plot->has |= SKY_PLOT_SENSOR_TRACK;
        plot->sensor_track = sky_item_u16(bytes) & mask;
    }
}

/* Height above the ellipsoid in steps of 6.25 feet. */
static inline void sky_item_height(struct sky_plot *plot, const uint8_t *bytes, double sigma_m)
{
    plot->place.alt_hae_m = sky_item_signed(sky_item_u16(bytes), 16) * (6.25 * sky_item_foot_m);
    plot->sigma_height_m = sigma_m;
}

/* Latitude and longitude, each of so many bits, in half turns of 2^scale steps. */
static inline bool sky_item_place(struct sky_plot *plot, const uint8_t *bytes, unsigned bits,
                                  unsigned scale)
{
    const bool is_short = bits == 24;
    const int32_t lat = sky_item_signed(is_short ? sky_item_u24(bytes) : sky_item_u32(bytes), bits);
    const int32_t lon =
        sky_item_signed(is_short ? sky_item_u24(bytes + 3) : sky_item_u32(bytes + 4), bits);
    const int64_t half_turn = INT64_C(1) << scale;
    const double step_rad = SKY_PI / (double)half_turn;

    if (lat < -(half_turn / 2) || lat > half_turn / 2 || lon < -half_turn || lon > half_turn) {
        return false;
    }
    plot->has |= SKY_PLOT_PLACE;
    plot->place.lat_rad = lat * step_rad;
    plot->place.lon_rad = lon * step_rad;
    return true;
}

static inline void sky_item_polar(struct sky_plot *plot, const uint8_t *polar, double step_m)
{
    plot->slant_range_m = sky_item_u16(polar) * step_m;
    plot->azimuth_rad = sky_item_u16(polar + 2) * sky_item_angle_step_rad;
}

/* 1 sigma per axis; 0: not stated. */
static inline void sky_item_velocity(struct sky_plot *plot, double east_mps, double north_mps,
                                     double sigma_mps)
{
    plot->has |= SKY_PLOT_VELOCITY;
    plot->vel_east_mps = east_mps;
    plot->vel_north_mps = north_mps;
    plot->sigma_velocity_mps = sigma_mps;
}

static inline void sky_item_settle(struct sky_asterix_record *record, bool measured)
{
    record->kind = measured ? SKY_ASTERIX_TARGET : SKY_ASTERIX_NO_POSITION;
}

#endif
