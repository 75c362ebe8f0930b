#include "sky_asterix_write.h"

#include "sky_math.h"

enum { HEADER_BYTES = 3 };

/* Places of the diagonal, and of east and north, in the upper triangle by rows. */
enum {
    COV_EE = 0,
    COV_EN = 1,
    COV_NN = 6,
    COV_UU = 11,
    COV_VEVE = 15,
    COV_VNVN = 18,
    COV_VUVU = 20
};

static const double foot_m = 0.3048;

/* The geometric height's accuracy at its limit: worse is no height. */
static const double height_sigma_most_m = 255.0 * 6.25 * 0.3048;

static void put(struct sky_asterix_block *block, uint32_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0;) {
        block->bytes[block->count++] = (uint8_t)(value >> (8 * i));
    }
}

/* Nearest whole number of steps within limits. Pre: finite. */
static int32_t steps_of(double value, double step, double least, double most)
{
    const double steps = value / step;
    if (steps <= least) {
        return (int32_t)least;
    }
    if (steps >= most) {
        return (int32_t)most;
    }
    return (int32_t)(steps + (steps < 0.0 ? -0.5 : 0.5));
}

/* Two's complement in so many bytes, at its limits if it does not fit. */
static void put_signed(struct sky_asterix_block *block, double value, double step, size_t bytes)
{
    const double limit = (double)(INT64_C(1) << (8 * bytes - 1));
    put(block, (uint32_t)steps_of(value, step, -limit, limit - 1.0), bytes);
}

/* A standard deviation, rounded up; never 0. */
static void put_sigma(struct sky_asterix_block *block, double variance, double step, size_t bytes)
{
    const double most = (double)((INT64_C(1) << (8 * bytes)) - 1);
    const double steps = sky_sqrt(variance > 0.0 ? variance : 0.0) / step;
    uint32_t whole = steps >= most ? (uint32_t)most : (uint32_t)steps;
    if (whole == 0 || (steps < most && (double)whole < steps)) {
        whole++;
    }
    put(block, whole, bytes);
}

/* I062/500 COV: the root of the covariance, with its sign. */
static void put_covariance(struct sky_asterix_block *block, double covariance_m2)
{
    const double root_m = sky_sqrt(sky_abs(covariance_m2));
    put_signed(block, covariance_m2 < 0.0 ? -root_m : root_m, 0.5, 2);
}

/* In 1/128 s since midnight; the last half step of a day is the first of the next. */
static void put_time(struct sky_asterix_block *block, int64_t utc_ns)
{
    const int64_t step_ns = 7812500;
    const int64_t steps_per_day = 86400 * 128;
    put(block, (uint32_t)((utc_ns + step_ns / 2) / step_ns % steps_per_day), 3);
}

/* In 180/2^25 degrees; half a turn east is half a turn west. */
static void put_place(struct sky_asterix_block *block, const struct sky_lla *place)
{
    const double half_turn = 0x1p25;
    const int32_t lat = steps_of(place->lat_rad, SKY_PI / half_turn, -half_turn, half_turn);
    const int32_t lon = steps_of(place->lon_rad, SKY_PI / half_turn, -half_turn, half_turn);
    put(block, (uint32_t)lat, 4);
    put(block, (uint32_t)(lon == (int32_t)half_turn ? -lon : lon), 4);
}

/* Six bits a character; what there is no code for is a space. */
static void put_callsign(struct sky_asterix_block *block, const char *callsign)
{
    uint64_t bits = 0;
    bool ended = false;
    for (size_t i = 0; i < 8; i++) {
        const char c = ended ? '\0' : callsign[i];
        ended = c == '\0';
        unsigned code = 32;
        if (c >= 'A' && c <= 'Z') {
            code = (unsigned)(c - 'A') + 1;
        } else if (c >= '0' && c <= '9') {
            code = (unsigned)c;
        }
        bits = bits << 6 | code;
    }
    put(block, (uint32_t)(bits >> 24), 3);
    put(block, (uint32_t)bits & 0xFFFFFF, 3);
}

/* I062/380: the address and the callsign, of what there is. */
static void put_identity(struct sky_asterix_block *block, const struct sky_event_track *track)
{
    const bool has_address = track->icao_address != 0, has_callsign = track->callsign[0] != '\0';
    put(block, (has_address ? 0x80U : 0U) | (has_callsign ? 0x40U : 0U), 1);
    if (has_address) {
        put(block, track->icao_address & 0xFFFFFF, 3);
    }
    if (has_callsign) {
        put_callsign(block, track->callsign);
    }
}

/*
 * I062/080, five octets: one sensor or several, the height's reliability and source, tentative;
 * ended, begun; nothing; coasting, and what did not contribute; only non-cooperative sensors, if
 * so.
 */
static void put_status(struct sky_asterix_block *block, const struct sky_event_track *track,
                       bool has_height)
{
    const bool single = (track->sensors & (track->sensors - 1)) == 0;
    const bool ends = (track->change & SKY_TRACK_NOW_LOST) != 0;
    const bool begins = (track->change & SKY_TRACK_NOW_CONFIRMED) != 0;
    const bool coasts = track->status == SKY_TRACK_COASTING;
    put(block,
        (single ? 0x80U : 0U) | (has_height ? 0x20U | 2U << 2 : 0U) |
            (track->status == SKY_TRACK_TENTATIVE ? 0x02U : 0U) | 1,
        1);
    put(block, (ends ? 0x40U : 0U) | (begins ? 0x20U : 0U) | 1, 1);
    put(block, 1, 1);
    put(block, (coasts ? 0x80U : 0U) | (track->cooperative ? 0U : 0x38U) | 1, 1);
    put(block, track->cooperative ? 0U : 2U << 6, 1);
}

/* I062/500: place, how its axes go together, height, velocity, climb. */
static void put_accuracies(struct sky_asterix_block *block, const double cov[21], bool has_height)
{
    put(block, has_height ? 0xD5 : 0xC4, 1);
    if (has_height) {
        put(block, 0x80, 1);
    }
    put_sigma(block, cov[COV_EE], 0.5, 2);
    put_sigma(block, cov[COV_NN], 0.5, 2);
    put_covariance(block, cov[COV_EN]);
    if (has_height) {
        put_sigma(block, cov[COV_UU], 6.25 * foot_m, 1);
    }
    put_sigma(block, cov[COV_VEVE], 0.25, 1);
    put_sigma(block, cov[COV_VNVN], 0.25, 1);
    if (has_height) {
        put_sigma(block, cov[COV_VUVU], 6.25 * foot_m / 60.0, 1);
    }
}

static bool is_sound(const struct sky_event_track *track)
{
    double sum = track->vel_east_mps + track->vel_north_mps + track->vel_up_mps;
    for (size_t i = 0; i < 21; i++) {
        sum += track->cov[i];
    }
    return sky_geo_valid(&track->place) && sky_is_finite(sum);
}

void sky_asterix_write_begin(struct sky_asterix_block *ret_block)
{
    ret_block->bytes[0] = 62;
    ret_block->bytes[1] = 0;
    ret_block->bytes[2] = HEADER_BYTES;
    ret_block->count = HEADER_BYTES;
}

enum sky_status sky_asterix_write_track(struct sky_asterix_block *block,
                                        const struct sky_asterix_sender *sender,
                                        const struct sky_event_track *track, int64_t utc_ns)
{
    if (!is_sound(track) || utc_ns < 0) {
        return SKY_E_RANGE;
    }
    if (block->count + SKY_ASTERIX_TRACK_BYTES_MAX > sizeof block->bytes) {
        return SKY_E_CAPACITY;
    }
    const bool has_height = track->cov[COV_UU] <= height_sigma_most_m * height_sigma_most_m;
    const bool has_identity = track->icao_address != 0 || track->callsign[0] != '\0';

    /* 010, 015, 070, 105, 185 | 380, 040, 080 | 130, 220 | 500 */
    put(block, 0xBB, 1);
    put(block, (has_identity ? 0x10U : 0U) | 0x0C | 1, 1);
    put(block, (has_height ? 0x14U : 0U) | 1, 1);
    put(block, 0x04, 1);
    put(block, sender->sac, 1);
    put(block, sender->sic, 1);
    put(block, sender->service, 1);
    put_time(block, utc_ns);
    put_place(block, &track->place);
    put_signed(block, track->vel_east_mps, 0.25, 2);
    put_signed(block, track->vel_north_mps, 0.25, 2);
    if (has_identity) {
        put_identity(block, track);
    }
    put(block, track->id & 0xFFFF, 2);
    put_status(block, track, has_height);
    if (has_height) {
        put_signed(block, track->place.alt_hae_m, 6.25 * foot_m, 2);
        put_signed(block, track->vel_up_mps, 6.25 * foot_m / 60.0, 2);
    }
    put_accuracies(block, track->cov, has_height);
    block->bytes[1] = (uint8_t)(block->count >> 8);
    block->bytes[2] = (uint8_t)block->count;
    return SKY_OK;
}
