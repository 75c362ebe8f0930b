#include "sky_asterix_take.h"

#include "sky_math.h"

static const double foot_m = 0.3048;
static const double nautical_mile_m = 1852.0;
static const double angle_step_rad = SKY_ASTERIX_STEP_AZIMUTH_RAD;

/* A radius that holds 95 % of a circular normal distribution: sqrt(-2 ln 0.05) sigma. */
static const double radius_95 = 2.4477468306808161;

/* Taken where a height above the ellipsoid comes without a word on how good it is. */
static const double height_sigma_m = 150.0;

enum {
    TIME_STEP_NS = 7812500,       /* 1/128 s */
    TIME_STEP_SIGMA_NS = 2255275, /* of it: / sqrt(12) */
    TIME_STEPS_PER_DAY = 86400 * 128,
    RECEPTION_SIGMA_NS = 200000000, /* how old a place may be when an aircraft sends it */
    SOUND = -1                      /* no item is wrong */
};

static uint16_t u16_at(const uint8_t *bytes) { return (uint16_t)(bytes[0] << 8 | bytes[1]); }

static uint32_t u24_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
}

static uint32_t u32_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | u24_at(bytes + 1);
}

/* Two's complement in the lowest bits (2 to 32) of a word. */
static int32_t signed_of(uint32_t value, unsigned bits)
{
    const uint32_t sign = UINT32_C(1) << (bits - 1);
    const uint32_t magnitude = value & (sign - 1);
    return (value & sign) != 0 ? (int32_t)((int64_t)magnitude - (int64_t)sign) : (int32_t)magnitude;
}

static double larger(double a, double b) { return a > b ? a : b; }

static const uint8_t *item_of(const struct sky_asterix_take *take, size_t index)
{
    return sky_asterix_uap_item(&take->found, index);
}

static const uint8_t *part_of(const struct sky_asterix_take *take, size_t index, size_t subfield)
{
    return sky_asterix_uap_subfield(&take->uap, &take->found, index, subfield);
}

/* The octet of an extended item, 0 and up; 0 if it does not go so far. */
static unsigned octet_of(const struct sky_asterix_take *take, size_t index, size_t octet)
{
    const uint8_t *const bytes = item_of(take, index);
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
static bool take_time(struct sky_plot *plot, const uint8_t *time, int64_t sigma_ns)
{
    plot->time_kind = SKY_TIME_ARRIVAL;
    if (!time) {
        return true;
    }
    if (u24_at(time) >= TIME_STEPS_PER_DAY) {
        return false;
    }
    plot->time_kind = SKY_TIME_OF_DAY;
    plot->time_value_ns = (int64_t)u24_at(time) * TIME_STEP_NS;
    plot->time_sigma_ns = sigma_ns;
    return true;
}

/* Six-bit characters: 1 to 26 are letters, 48 to 57 digits, 32 is a space. 0 for any other. */
static const char letters[64] = {0,   'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L',
                                 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y',
                                 'Z', 0,   0,   0,   0,   0,   ' ', 0,   0,   0,   0,   0,   0,
                                 0,   0,   0,   0,   0,   0,   0,   0,   0,   '0', '1', '2', '3',
                                 '4', '5', '6', '7', '8', '9', 0,   0,   0,   0,   0,   0};

/* A callsign with a character that cannot be is left out whole; so is one of spaces only. */
static void take_callsign(struct sky_plot *plot, const uint8_t *bytes)
{
    char text[8];
    size_t end = 0;
    if (!bytes) {
        return;
    }
    const uint64_t all = (uint64_t)u24_at(bytes) << 24 | u24_at(bytes + 3);
    for (size_t i = 0; i < 8; i++) {
        text[i] = letters[all >> (42 - 6 * i) & 0x3F];
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
static void take_mode_3a(struct sky_plot *plot, const uint8_t *bytes, bool flagged)
{
    if (bytes && !(flagged && (bytes[0] & 0xC0) != 0)) {
        plot->has |= SKY_PLOT_MODE_3A;
        plot->mode_3a = u16_at(bytes) & 0x0FFF;
    }
}

/* In quarters of a flight level, of 14 bits below two flags, or of 16. */
static void take_level(struct sky_plot *plot, const uint8_t *bytes, unsigned bits)
{
    if (bytes && (bits == 16 || (bytes[0] & 0xC0) == 0)) { /* not validated, garbled */
        plot->has |= SKY_PLOT_ALT_STD;
        plot->alt_std_m = signed_of(u16_at(bytes), bits) * (25.0 * foot_m);
    }
}

static void take_address(struct sky_plot *plot, const uint8_t *bytes)
{
    if (bytes) {
        plot->has |= SKY_PLOT_ICAO;
        plot->icao_address = u24_at(bytes);
    }
}

static void take_sensor_track(struct sky_plot *plot, const uint8_t *bytes, unsigned mask)
{
    if (bytes) {
        plot->has |= SKY_PLOT_SENSOR_TRACK;
        plot->sensor_track = u16_at(bytes) & mask;
    }
}

/* Height above the ellipsoid in steps of 6.25 feet. */
static void take_height(struct sky_plot *plot, const uint8_t *bytes, double sigma_m)
{
    plot->place.alt_hae_m = signed_of(u16_at(bytes), 16) * (6.25 * foot_m);
    plot->sigma_height_m = sigma_m;
}

/* Latitude and longitude, each of so many bits, in half turns of 2^scale steps. */
static bool take_place(struct sky_plot *plot, const uint8_t *bytes, unsigned bits, unsigned scale)
{
    const bool is_short = bits == 24;
    const int32_t lat = signed_of(is_short ? u24_at(bytes) : u32_at(bytes), bits);
    const int32_t lon = signed_of(is_short ? u24_at(bytes + 3) : u32_at(bytes + 4), bits);
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

static void take_polar(struct sky_plot *plot, const uint8_t *polar, double step_m)
{
    plot->slant_range_m = u16_at(polar) * step_m;
    plot->azimuth_rad = u16_at(polar + 2) * angle_step_rad;
}

/* 1 sigma per axis; 0: not stated. */
static void take_velocity(struct sky_plot *plot, double east_mps, double north_mps,
                          double sigma_mps)
{
    plot->has |= SKY_PLOT_VELOCITY;
    plot->vel_east_mps = east_mps;
    plot->vel_north_mps = north_mps;
    plot->sigma_velocity_mps = sigma_mps;
}

static void settle(struct sky_asterix_record *record, bool measured)
{
    record->kind = measured ? SKY_ASTERIX_TARGET : SKY_ASTERIX_NO_POSITION;
}

/* ---- category 048 ---- */

static void take_doppler_048(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const calculated = part_of(take, I048_120, 1);
    if (calculated && (calculated[0] & 0x80) == 0) { /* doubtful */
        plot->has |= SKY_PLOT_RADIAL_SPEED;
        plot->radial_speed_mps = signed_of(u16_at(calculated), 10);
    }
}

static int take_048(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const unsigned descriptor = octet_of(take, I048_020, 0);
    const unsigned extension = octet_of(take, I048_020, 1);
    bool measured = item_of(take, I048_040) != NULL;

    if (!take_time(plot, item_of(take, I048_140), TIME_STEP_SIGMA_NS)) {
        return I048_140;
    }
    record->simulated = (descriptor & 0x12) != 0 || (extension & 0x80) != 0;
    if (item_of(take, I048_020)) {
        measured = measured && descriptor >> 5 != 0 && (extension & 0x40) == 0;
    }
    if (descriptor >> 5 >= 2) { /* TYP: SSR or Mode S answered, alone or with a primary plot */
        plot->has |= SKY_PLOT_COOPERATES;
    }
    take_mode_3a(plot, item_of(take, I048_070), true);
    take_level(plot, item_of(take, I048_090), 14);
    take_address(plot, item_of(take, I048_220));
    take_callsign(plot, item_of(take, I048_240));
    settle(record, measured);
    if (measured) {
        take_polar(plot, item_of(take, I048_040), SKY_ASTERIX_STEP_RANGE_M);
        take_doppler_048(plot, take);
        take_sensor_track(plot, item_of(take, I048_161), 0x0FFF);
    }
    return SOUND;
}

/* ---- category 034 ---- */

/* Height in metres, then latitude and longitude in 180/2^23 degrees. */
static bool take_site(struct sky_asterix_service *service, const uint8_t *site)
{
    struct sky_plot plot = {0};
    if (!take_place(&plot, site + 2, 24, 23)) {
        return false;
    }
    service->has_site = true;
    service->site = plot.place;
    service->site.alt_hae_m = signed_of(u16_at(site), 16);
    return true;
}

static bool take_service_time(struct sky_asterix_service *service, const uint8_t *time)
{
    struct sky_plot plot = {0};
    if (!take_time(&plot, time, 0)) {
        return false;
    }
    service->has_time = time != NULL;
    service->time_of_day_ns = plot.time_value_ns;
    return true;
}

static int take_034(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_asterix_service *const service = &record->service;
    const uint8_t *const type = item_of(take, I034_000);
    const uint8_t *const sector = item_of(take, I034_020);
    const uint8_t *const rotation = item_of(take, I034_041);
    const uint8_t *const common = part_of(take, I034_050, 1);

    record->kind = SKY_ASTERIX_SERVICE;
    service->message_type = type ? type[0] : 0;
    if (!take_service_time(service, item_of(take, I034_030))) {
        return I034_030;
    }
    if (sector) {
        service->has_sector = true;
        service->sector_rad = sector[0] * (SKY_PI / 128.0);
    }
    if (rotation) {
        service->has_rotation = true;
        service->rotation_ns = (int64_t)u16_at(rotation) * TIME_STEP_NS;
    }
    if (common) {
        service->no_go = (common[0] & 0x80) != 0;
        service->time_source_invalid = (common[0] & 0x02) != 0;
    }
    if (item_of(take, I034_120) && !take_site(service, item_of(take, I034_120))) {
        return I034_120;
    }
    return SOUND;
}

/* ---- category 062 ---- */

/* What the sending system knows of its own height: its source, and what it states. */
static void take_height_062(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const height = item_of(take, I062_130);
    const uint8_t *const accuracy = part_of(take, I062_500, 4);
    const unsigned source = octet_of(take, I062_080, 0) >> 2 & 7;
    const bool assumed = source >= 4 && source <= 6;

    if (height && !assumed) {
        const double sigma_m = accuracy ? accuracy[0] * (6.25 * foot_m) : 0.0;
        take_height(plot, height, sigma_m > 0.0 ? sigma_m : height_sigma_m);
    }
}

static void take_accuracy_062(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const cartesian = part_of(take, I062_500, 1);
    const uint8_t *const geodetic = part_of(take, I062_500, 3);
    double east_m = 0.0, north_m = 0.0;

    if (cartesian) {
        east_m = u16_at(cartesian) * 0.5;
        north_m = u16_at(cartesian + 2) * 0.5;
    } else if (geodetic) { /* steps of latitude; those of longitude are no longer than these */
        const double step_m = nautical_mile_m * 60.0 * 180.0 / 0x1p25;
        north_m = u16_at(geodetic) * step_m;
        east_m = u16_at(geodetic + 2) * step_m * sky_cos(plot->place.lat_rad);
    }
    plot->sigma_place_m = larger(east_m, north_m);
}

/* In true directions at the aircraft, as its place is. */
static void take_velocity_062(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const velocity = item_of(take, I062_185);
    const uint8_t *const accuracy = part_of(take, I062_500, 6);
    if (velocity) {
        take_velocity(plot, signed_of(u16_at(velocity), 16) * 0.25,
                      signed_of(u16_at(velocity + 2), 16) * 0.25,
                      accuracy ? 0.25 * larger(accuracy[0], accuracy[1]) : 0.0);
    }
}

/* Whether SSR, Mode S, ADS-B or multilateration heard the aircraft within the last minute. */
static bool answers_062(const struct sky_asterix_take *take)
{
    static const uint8_t subfield[] = {2, 3, 6, 7, 8, 10};
    for (size_t i = 0; i < sizeof subfield; i++) {
        const uint8_t *const age = part_of(take, I062_290, subfield[i]);
        if (age && age[0] < 0xFF) { /* as old as it can say, or older */
            return true;
        }
    }
    return false;
}

static void take_replies_062(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const measured = item_of(take, I062_136);
    const uint8_t *const calculated = item_of(take, I062_135);
    const uint8_t *const callsign = part_of(take, I062_380, 2);
    const uint8_t *const identification = item_of(take, I062_245);

    plot->has |= answers_062(take) ? SKY_PLOT_COOPERATES : 0;
    take_mode_3a(plot, item_of(take, I062_060), true);
    take_address(plot, part_of(take, I062_380, 1));
    if (!callsign && identification && identification[0] >> 6 == 0) { /* sent by the aircraft */
        take_callsign(plot, identification + 1);
    } else {
        take_callsign(plot, callsign);
    }
    if (measured) {
        take_level(plot, measured, 16);
    } else if (calculated && (calculated[0] & 0x80) == 0) { /* not corrected to QNH */
        plot->has |= SKY_PLOT_ALT_STD;
        plot->alt_std_m = signed_of(u16_at(calculated), 15) * (25.0 * foot_m);
    }
}

static int take_062(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const uint8_t *const place = item_of(take, I062_105);
    const uint8_t *const last = part_of(take, I062_340, 6); /* the last report in it */
    const bool ended = (octet_of(take, I062_080, 1) & 0x40) != 0;
    const bool coasted = (octet_of(take, I062_080, 3) & 0x80) != 0;
    const bool measured = place && !ended && !coasted;

    if (!take_time(plot, item_of(take, I062_070), TIME_STEP_SIGMA_NS)) {
        return I062_070;
    }
    record->simulated =
        (octet_of(take, I062_080, 1) & 0x80) != 0 || (last && (last[0] & 0x1C) != 0);
    take_replies_062(plot, take);
    take_sensor_track(plot, item_of(take, I062_040), 0xFFFF);
    settle(record, measured);
    if (measured) {
        if (!take_place(plot, place, 32, 25)) {
            return I062_105;
        }
        take_accuracy_062(plot, take);
        take_velocity_062(plot, take);
        take_height_062(plot, take);
    }
    return SOUND;
}

/* ---- category 021 ---- */

/*
 * Radii, in metres, that hold the place with 95 %: EPU of the navigation accuracy category (NACp;
 * RTCA DO-260B, 2.2.3.2.7.2.7), and of the navigation uncertainty category (NUCp; RTCA DO-260,
 * 2.2.3.2.3.1) that came before it. 0: not stated.
 */
static const double radius_of_nacp_m[16] = {0.0,   18520.0, 7408.0, 3704.0, 1852.0, 926.0,
                                            555.6, 185.2,   92.6,   30.0,   10.0,   3.0};
static const double radius_of_nucp_m[16] = {0.0,   18520.0, 9260.0, 1852.0, 926.0,
                                            463.0, 185.2,   92.6,   10.0,   3.0};

/* GVA 1 and 2 are 150 and 45 m with 95 %, twice sigma. */
static double height_sigma_of(unsigned category)
{
    static const double sigma_m[4] = {150.0, 75.0, 22.5, 150.0};
    return sigma_m[category];
}

/* I021/090 means what the version of the aircraft's equipment says; unknown is the newest. */
static void take_accuracy_021(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const version = item_of(take, I021_210);
    const bool is_first = version && (version[0] >> 3 & 7) == 0;
    const unsigned accuracy = octet_of(take, I021_090, 1) >> 1 & 0x0F;
    const unsigned uncertainty = octet_of(take, I021_090, 0) >> 1 & 0x0F;
    const double radius_m = is_first ? radius_of_nucp_m[uncertainty] : radius_of_nacp_m[accuracy];

    plot->sigma_place_m = radius_m / radius_95;
}

/*
 * Ground speed and track angle, unless beyond what can be said (RE). How good they are the
 * navigation accuracy category for velocity says (NACv; RTCA DO-260B, 2.2.3.2.7.1.3.4): a bound
 * that holds 95 %.
 */
static void take_velocity_021(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    static const double radius_of_nacv_mps[8] = {0.0, 10.0, 3.0, 1.0, 0.3};
    const uint8_t *const vector = item_of(take, I021_160);
    if (vector && (vector[0] & 0x80) == 0) {
        const double speed_mps = u16_at(vector) * (nautical_mile_m * 0x1p-14);
        double sine = 0.0, cosine = 0.0;
        sky_sincos(u16_at(vector + 2) * angle_step_rad, &sine, &cosine);
        take_velocity(plot, speed_mps * sine, speed_mps * cosine,
                      radius_of_nacv_mps[octet_of(take, I021_090, 0) >> 5] / radius_95);
    }
}

/*
 * When the place held, else when it was received, whose fraction of a second a further item may
 * give: of this second, the next or the one before. Returns the item that cannot be.
 */
static int take_time_021(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    static const int seconds_off[4] = {0, 1, -1, 0};
    const int64_t day_ns = 86400 * SKY_SECOND_NS;
    const uint8_t *const fine = item_of(take, I021_074);

    if (item_of(take, I021_071)) {
        return take_time(plot, item_of(take, I021_071), TIME_STEP_SIGMA_NS) ? SOUND : I021_071;
    }
    if (!take_time(plot, item_of(take, I021_073), RECEPTION_SIGMA_NS)) {
        return I021_073;
    }
    if (plot->time_kind == SKY_TIME_OF_DAY && fine && fine[0] >> 6 != 3) {
        const uint32_t fraction = u32_at(fine) & 0x3FFFFFFF; /* of 2^30 */
        const int64_t seconds = plot->time_value_ns / SKY_SECOND_NS + seconds_off[fine[0] >> 6];
        const int64_t at_ns =
            seconds * SKY_SECOND_NS + (int64_t)fraction * SKY_SECOND_NS / (INT64_C(1) << 30);
        plot->time_value_ns = (at_ns + day_ns) % day_ns;
    }
    return SOUND;
}

/* I021/020: what the aircraft says it is. 0 is that it says nothing. */
static void take_emitter(struct sky_plot *plot, const uint8_t *emitter)
{
    if (emitter && emitter[0] != 0) {
        plot->has |= SKY_PLOT_EMITTER;
        plot->emitter = emitter[0];
    }
}

/* What the report and its sender are. */
static void take_marks_021(struct sky_asterix_record *record, const struct sky_asterix_take *take)
{
    const uint8_t *const emitter = item_of(take, I021_020);
    const bool grounded = emitter && emitter[0] >= 20 && emitter[0] <= 24;
    const unsigned first = octet_of(take, I021_040, 1);
    const unsigned second = octet_of(take, I021_040, 2);

    /* RAB; SIM and TST; vehicles and obstacles */
    record->simulated =
        (octet_of(take, I021_040, 0) & 0x02) != 0 || (first & 0x30) != 0 || grounded;
    /* CL: suspect; and why: list, independent check, CPR, jump, range */
    record->suspect = (first >> 1 & 3) == 1 || (second & 0x6E) != 0;
}

static int take_021(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const uint8_t *const fine = item_of(take, I021_131);
    const uint8_t *const coarse = item_of(take, I021_130);
    const uint8_t *const height = item_of(take, I021_140);
    const unsigned descriptor = octet_of(take, I021_040, 0);

    const int wrong = take_time_021(plot, take);
    if (wrong != SOUND) {
        return wrong;
    }
    plot->has |= SKY_PLOT_COOPERATES;
    take_marks_021(record, take);
    take_emitter(plot, item_of(take, I021_020));
    take_mode_3a(plot, item_of(take, I021_070), false);
    take_callsign(plot, item_of(take, I021_170));
    take_sensor_track(plot, item_of(take, I021_161), 0x0FFF);
    if (descriptor >> 5 == 0) { /* ATP: an address of ICAO, and only one aircraft has it */
        take_address(plot, item_of(take, I021_080));
    }
    if ((descriptor >> 3 & 3) != 3) { /* ARC: invalid */
        take_level(plot, item_of(take, I021_145), 16);
    }
    settle(record, fine || coarse);
    if (fine && !take_place(plot, fine, 32, 30)) {
        return I021_131;
    }
    if (!fine && coarse && !take_place(plot, coarse, 24, 23)) {
        return I021_130;
    }
    if (record->kind == SKY_ASTERIX_TARGET) {
        take_accuracy_021(plot, take);
        take_velocity_021(plot, take);
        if (height && u16_at(height) != 0x7FFF) { /* higher than the item can say */
            take_height(plot, height, height_sigma_of(octet_of(take, I021_090, 2) >> 1 & 3));
        }
    }
    return SOUND;
}

/* Before edition 1. Its time is that of applicability, with its greatest error beside it. */
static int take_021_old(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const uint8_t *const place = item_of(take, I021_OLD_130);
    const uint8_t *const descriptor = item_of(take, I021_OLD_040);
    const uint8_t *const late = item_of(take, I021_OLD_032);
    const uint8_t *const merit = item_of(take, I021_OLD_090);
    const uint8_t *const emitter = item_of(take, I021_OLD_020);
    const bool is_fine = take->edition == SKY_ASTERIX_021_ED_0_26;

    if (!take_time(plot, item_of(take, I021_OLD_030), TIME_STEP_SIGMA_NS)) {
        return I021_OLD_030;
    }
    if (late && plot->time_kind == SKY_TIME_OF_DAY) { /* in 1/256 s; uniform within it */
        plot->time_sigma_ns += (int64_t)late[0] * TIME_STEP_SIGMA_NS;
    }
    record->simulated = (descriptor && (descriptor[0] & 0x38) != 0) ||
                        (emitter && emitter[0] >= 20 && emitter[0] <= 24);
    plot->has |= SKY_PLOT_COOPERATES;
    take_emitter(plot, emitter);
    take_mode_3a(plot, item_of(take, I021_OLD_070), true);
    take_level(plot, item_of(take, I021_OLD_145), 16);
    take_callsign(plot, item_of(take, I021_OLD_170));
    if (descriptor && descriptor[1] >> 5 == 1) { /* ATP: an address of ICAO */
        take_address(plot, item_of(take, I021_OLD_080));
    }
    settle(record, place);
    if (place && !take_place(plot, place, is_fine ? 32 : 24, is_fine ? 25 : 23)) {
        return I021_OLD_130;
    }
    if (place) {
        plot->sigma_place_m = merit ? radius_of_nucp_m[merit[1] & 0x0F] / radius_95 : 0.0;
        if (item_of(take, I021_OLD_140)) {
            take_height(plot, item_of(take, I021_OLD_140), height_sigma_m);
        }
    }
    return SOUND;
}

/* ---- category 010 ---- */

/* Metres east and north of the sensor. */
static void take_cartesian(struct sky_plot *plot, const uint8_t *bytes)
{
    const double east_m = signed_of(u16_at(bytes), 16);
    const double north_m = signed_of(u16_at(bytes + 2), 16);
    const double azimuth_rad = sky_atan2(east_m, north_m);
    plot->slant_range_m = sky_sqrt(east_m * east_m + north_m * north_m);
    plot->azimuth_rad = azimuth_rad < 0.0 ? azimuth_rad + 2.0 * SKY_PI : azimuth_rad;
}

/* A radar says where it saw it; what aircraft said or several stations timed is a place. */
static int take_position_010(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const uint8_t *const polar = item_of(take, I010_040);
    const uint8_t *const cartesian = item_of(take, I010_042);
    const uint8_t *const place = item_of(take, I010_041);
    const uint8_t *const deviation = item_of(take, I010_500);
    const bool is_radar = octet_of(take, I010_020, 0) >> 5 == 3;
    const bool coasted = (octet_of(take, I010_170, 0) & 0x30) != 0;

    record->kind = coasted ? SKY_ASTERIX_NO_POSITION : SKY_ASTERIX_TARGET;
    if (coasted) {
        return SOUND;
    }
    if (place && (!is_radar || (!polar && !cartesian))) {
        if (deviation) {
            plot->sigma_place_m = 0.25 * larger(deviation[0], deviation[1]);
        }
        return take_place(plot, place, 32, 31) ? SOUND : I010_041;
    }
    if (polar) {
        take_polar(plot, polar, 1.0);
    } else if (cartesian) {
        take_cartesian(plot, cartesian);
    } else {
        record->kind = SKY_ASTERIX_NO_POSITION;
    }
    return SOUND;
}

/* I010/020 TYP: multilateration of SSR, Mode S or HF, and ADS-B hear the aircraft itself. */
static bool answers_010(unsigned type) { return type <= 2 || type == 5; }

static int take_010(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    struct sky_asterix_service *const service = &record->service;
    const uint8_t *const type = item_of(take, I010_000);
    const uint8_t *const status = item_of(take, I010_550);
    const uint8_t *const identification = item_of(take, I010_245);

    if (!take_time(plot, item_of(take, I010_140), TIME_STEP_SIGMA_NS)) {
        return I010_140;
    }
    if (type && type[0] != 1) {
        record->kind = SKY_ASTERIX_SERVICE;
        service->message_type = type[0];
        service->has_time = plot->time_kind == SKY_TIME_OF_DAY;
        service->time_of_day_ns = plot->time_value_ns;
        service->no_go = status && status[0] >> 6 == 2;
        service->time_source_invalid = status && (status[0] & 0x10) != 0;
        return SOUND;
    }
    /* SIM, TST and RAB, and TOT: a ground vehicle */
    const unsigned extension = octet_of(take, I010_020, 1);
    record->simulated = (extension & 0xE0) != 0 || (extension >> 1 & 3) == 2;
    if (answers_010(octet_of(take, I010_020, 0) >> 5) && item_of(take, I010_020)) {
        plot->has |= SKY_PLOT_COOPERATES;
    }
    take_mode_3a(plot, item_of(take, I010_060), true);
    take_level(plot, item_of(take, I010_090), 14);
    take_address(plot, item_of(take, I010_220));
    if (identification && identification[0] >> 6 == 0) { /* sent by the aircraft */
        take_callsign(plot, identification + 1);
    }
    take_sensor_track(plot, item_of(take, I010_161), 0x0FFF);
    return take_position_010(take, record);
}

/* ---- category 015 ---- */

/* In steps of 45/65536 degrees: an eighth of the angles' own. */
static double sigma_angle(const uint8_t *bytes) { return u16_at(bytes) * (0.125 * angle_step_rad); }

static void take_sigmas_015(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const range = part_of(take, I015_625, 3);
    const uint8_t *const azimuth = part_of(take, I015_627, 3);
    const uint8_t *const elevation = part_of(take, I015_628, 3);
    const bool climbs = (plot->has & SKY_PLOT_ELEVATION) != 0;

    if (!range || !azimuth || (climbs && !elevation) || u24_at(range) == 0 ||
        u16_at(azimuth) == 0 || (climbs && u16_at(elevation) == 0)) {
        return;
    }
    plot->has |= SKY_PLOT_SIGMAS;
    plot->sigma_range_m = u24_at(range) * 0.1;
    plot->sigma_azimuth_rad = sigma_angle(azimuth);
    plot->sigma_elevation_rad = climbs ? sigma_angle(elevation) : 0.0;
}

static void take_doppler_015(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const doppler = part_of(take, I015_626, 1);
    const uint8_t *const precision = part_of(take, I015_626, 2);
    const uint8_t *const rate = part_of(take, I015_625, 4);
    const uint8_t *const rate_precision = part_of(take, I015_625, 6);
    double sigma_mps = 0.0;

    if (doppler) {
        plot->radial_speed_mps = signed_of(u24_at(doppler), 24) * 0.01;
        sigma_mps = precision ? u16_at(precision) * 0x1p-6 : 0.0;
    } else if (rate) {
        plot->radial_speed_mps = signed_of(u24_at(rate), 24) * 0.1;
        sigma_mps = rate_precision ? u24_at(rate_precision) * 0.1 : 0.0;
    } else {
        return;
    }
    plot->has |= SKY_PLOT_RADIAL_SPEED;
    if (sigma_mps > 0.0) {
        plot->has |= SKY_PLOT_SIGMA_RADIAL;
        plot->sigma_radial_mps = sigma_mps;
    }
}

static void take_polar_015(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const elevation = part_of(take, I015_628, 1);
    const uint8_t *const noise = part_of(take, I015_630, 4);

    plot->slant_range_m = u24_at(part_of(take, I015_625, 1)) * 0.1;
    plot->azimuth_rad = u16_at(part_of(take, I015_627, 1)) * angle_step_rad;
    if (elevation) {
        plot->has |= SKY_PLOT_ELEVATION;
        plot->elevation_rad = signed_of(u16_at(elevation), 16) * (0.5 * angle_step_rad);
    }
    take_sigmas_015(plot, take);
    take_doppler_015(plot, take);
    if (noise) {
        plot->has |= SKY_PLOT_SNR;
        plot->snr_db = (int8_t)noise[0];
    }
}

static void take_height_015(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const height = part_of(take, I015_601, 1);
    const uint8_t *const precision = part_of(take, I015_601, 3);
    const double sigma_m = precision ? u24_at(precision) * 0.01 : 0.0;
    if (height) {
        plot->place.alt_hae_m = signed_of(u24_at(height), 24) * 0.01;
        plot->sigma_height_m = sigma_m > 0.0 ? sigma_m : height_sigma_m;
    }
}

static int take_015(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const uint8_t *const type = item_of(take, I015_000);
    const uint8_t *const range = part_of(take, I015_625, 1);
    const uint8_t *const place = part_of(take, I015_600, 1);
    const uint8_t *const precision = part_of(take, I015_600, 3);
    const unsigned descriptor = octet_of(take, I015_020, 0);
    const bool is_one_site = descriptor >> 6 == 0; /* MOMU; else a range is no distance */
    const bool ends = type && type[0] >> 1 == 5;
    const bool coasted = (octet_of(take, I015_170, 0) & 0x08) != 0;
    const bool is_polar = !ends && is_one_site && range && part_of(take, I015_627, 1);
    const bool is_place = !ends && !is_polar && place && !coasted;

    if (!take_time(plot, item_of(take, I015_145), TIME_STEP_SIGMA_NS)) {
        return I015_145;
    }
    record->simulated = (descriptor >> 4 & 3) != 0; /* TTAX: reference, synthetic, simulated */
    take_sensor_track(plot, item_of(take, I015_161), 0xFFFF);
    settle(record, is_polar || is_place);
    if (is_polar) {
        if ((range[0] & 0x80) != 0) { /* behind itself */
            return I015_625;
        }
        take_polar_015(plot, take);
    }
    if (is_place) {
        if (!take_place(plot, place, 32, 31)) {
            return I015_600;
        }
        plot->sigma_place_m =
            precision ? 0.25 * larger(u16_at(precision), u16_at(precision + 2)) : 0.0;
        take_height_015(plot, take);
    }
    return SOUND;
}

int sky_asterix_take(const struct sky_asterix_take *take, struct sky_asterix_record *ret_record)
{
    switch (ret_record->category) {
    case 10:
        return take_010(take, ret_record);
    case 15:
        return take_015(take, ret_record);
    case 21:
        return take->edition == SKY_ASTERIX_021_ED_0_23 || take->edition == SKY_ASTERIX_021_ED_0_26
                   ? take_021_old(take, ret_record)
                   : take_021(take, ret_record);
    case 34:
        return take_034(take, ret_record);
    case 62:
        return take_062(take, ret_record);
    default:
        return take_048(take, ret_record);
    }
}
