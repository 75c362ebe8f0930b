#include "sky_asterix_item.h"

/* ---- category 048 ---- */

static void take_doppler_048(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const calculated = sky_item_part(take, I048_120, 1);
    if (calculated && (calculated[0] & 0x80) == 0) { /* doubtful */
        plot->has |= SKY_PLOT_RADIAL_SPEED;
        plot->radial_speed_mps = sky_item_signed(sky_item_u16(calculated), 10);
    }
}

static int take_048(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const unsigned descriptor = sky_item_octet(take, I048_020, 0);
    const unsigned extension = sky_item_octet(take, I048_020, 1);
    bool measured = sky_item_of(take, I048_040) != NULL;

    if (!sky_item_time(plot, sky_item_of(take, I048_140), SKY_ITEM_TIME_STEP_SIGMA_NS)) {
        return I048_140;
    }
    record->simulated = (descriptor & 0x12) != 0 || (extension & 0x80) != 0;
    if (sky_item_of(take, I048_020)) {
        measured = measured && descriptor >> 5 != 0 && (extension & 0x40) == 0;
    }
    if (descriptor >> 5 >= 2) { /* TYP: SSR or Mode S answered, alone or with a primary plot */
        plot->has |= SKY_PLOT_COOPERATES;
    }
    sky_item_mode_3a(plot, sky_item_of(take, I048_070), true);
    sky_item_level(plot, sky_item_of(take, I048_090), 14);
    sky_item_address(plot, sky_item_of(take, I048_220));
    sky_item_callsign(plot, sky_item_of(take, I048_240));
    sky_item_settle(record, measured);
    if (measured) {
        sky_item_polar(plot, sky_item_of(take, I048_040), SKY_ASTERIX_STEP_RANGE_M);
        take_doppler_048(plot, take);
        sky_item_sensor_track(plot, sky_item_of(take, I048_161), 0x0FFF);
    }
    return SKY_ITEM_SOUND;
}

/* ---- category 034 ---- */

/* Height in metres, then latitude and longitude in 180/2^23 degrees. */
static bool take_site(struct sky_asterix_service *service, const uint8_t *site)
{
    struct sky_plot plot = {0};
    if (!sky_item_place(&plot, site + 2, 24, 23)) {
        return false;
    }
    service->has_site = true;
    service->site = plot.place;
    service->site.alt_hae_m = sky_item_signed(sky_item_u16(site), 16);
    return true;
}

static bool take_service_time(struct sky_asterix_service *service, const uint8_t *time)
{
    struct sky_plot plot = {0};
    if (!sky_item_time(&plot, time, 0)) {
        return false;
    }
    service->has_time = time != NULL;
    service->time_of_day_ns = plot.time_value_ns;
    return true;
}

static int take_034(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_asterix_service *const service = &record->service;
    const uint8_t *const type = sky_item_of(take, I034_000);
    const uint8_t *const sector = sky_item_of(take, I034_020);
    const uint8_t *const rotation = sky_item_of(take, I034_041);
    const uint8_t *const common = sky_item_part(take, I034_050, 1);

    record->kind = SKY_ASTERIX_SERVICE;
    service->message_type = type ? type[0] : 0;
    if (!take_service_time(service, sky_item_of(take, I034_030))) {
        return I034_030;
    }
    if (sector) {
        service->has_sector = true;
        service->sector_rad = sector[0] * (SKY_PI / 128.0);
    }
    if (rotation) {
        service->has_rotation = true;
        service->rotation_ns = (int64_t)sky_item_u16(rotation) * SKY_ITEM_TIME_STEP_NS;
    }
    if (common) {
        service->no_go = (common[0] & 0x80) != 0;
        service->time_source_invalid = (common[0] & 0x02) != 0;
    }
    if (sky_item_of(take, I034_120) && !take_site(service, sky_item_of(take, I034_120))) {
        return I034_120;
    }
    return SKY_ITEM_SOUND;
}

/* ---- category 010 ---- */

/* Metres east and north of the sensor. */
static void take_cartesian(struct sky_plot *plot, const uint8_t *bytes)
{
    const double east_m = sky_item_signed(sky_item_u16(bytes), 16);
    const double north_m = sky_item_signed(sky_item_u16(bytes + 2), 16);
    const double azimuth_rad = sky_atan2(east_m, north_m);
    plot->slant_range_m = sky_sqrt(east_m * east_m + north_m * north_m);
    plot->azimuth_rad = azimuth_rad < 0.0 ? azimuth_rad + 2.0 * SKY_PI : azimuth_rad;
}

/* A radar says where it saw it; what aircraft said or several stations timed is a place. */
static int take_position_010(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const uint8_t *const polar = sky_item_of(take, I010_040);
    const uint8_t *const cartesian = sky_item_of(take, I010_042);
    const uint8_t *const place = sky_item_of(take, I010_041);
    const uint8_t *const deviation = sky_item_of(take, I010_500);
    const bool is_radar = sky_item_octet(take, I010_020, 0) >> 5 == 3;
    const bool coasted = (sky_item_octet(take, I010_170, 0) & 0x30) != 0;

    record->kind = coasted ? SKY_ASTERIX_NO_POSITION : SKY_ASTERIX_TARGET;
    if (coasted) {
        return SKY_ITEM_SOUND;
    }
    if (place && (!is_radar || (!polar && !cartesian))) {
        if (deviation) {
            plot->sigma_place_m = 0.25 * sky_item_larger(deviation[0], deviation[1]);
        }
        return sky_item_place(plot, place, 32, 31) ? SKY_ITEM_SOUND : I010_041;
    }
    if (polar) {
        sky_item_polar(plot, polar, 1.0);
    } else if (cartesian) {
        take_cartesian(plot, cartesian);
    } else {
        record->kind = SKY_ASTERIX_NO_POSITION;
    }
    return SKY_ITEM_SOUND;
}

/* I010/020 TYP: multilateration of SSR, Mode S or HF, and ADS-B hear the aircraft itself. */
static bool answers_010(unsigned type) { return type <= 2 || type == 5; }

static int take_010(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    struct sky_asterix_service *const service = &record->service;
    const uint8_t *const type = sky_item_of(take, I010_000);
    const uint8_t *const status = sky_item_of(take, I010_550);
    const uint8_t *const identification = sky_item_of(take, I010_245);

    if (!sky_item_time(plot, sky_item_of(take, I010_140), SKY_ITEM_TIME_STEP_SIGMA_NS)) {
        return I010_140;
    }
    if (type && type[0] != 1) {
        record->kind = SKY_ASTERIX_SERVICE;
        service->message_type = type[0];
        service->has_time = plot->time_kind == SKY_TIME_OF_DAY;
        service->time_of_day_ns = plot->time_value_ns;
        service->no_go = status && status[0] >> 6 == 2;
        service->time_source_invalid = status && (status[0] & 0x10) != 0;
        return SKY_ITEM_SOUND;
    }
    /* SIM, TST and RAB, and TOT: a ground vehicle */
    const unsigned extension = sky_item_octet(take, I010_020, 1);
    record->simulated = (extension & 0xE0) != 0 || (extension >> 1 & 3) == 2;
    if (answers_010(sky_item_octet(take, I010_020, 0) >> 5) && sky_item_of(take, I010_020)) {
        plot->has |= SKY_PLOT_COOPERATES;
    }
    sky_item_mode_3a(plot, sky_item_of(take, I010_060), true);
    sky_item_level(plot, sky_item_of(take, I010_090), 14);
    sky_item_address(plot, sky_item_of(take, I010_220));
    if (identification && identification[0] >> 6 == 0) { /* sent by the aircraft */
        sky_item_callsign(plot, identification + 1);
    }
    sky_item_sensor_track(plot, sky_item_of(take, I010_161), 0x0FFF);
    return take_position_010(take, record);
}

/* ---- category 015 ---- */

/* In steps of 45/65536 degrees: an eighth of the angles' own. */
static double sigma_angle(const uint8_t *bytes)
{
    return sky_item_u16(bytes) * (0.125 * sky_item_angle_step_rad);
}

static void take_sigmas_015(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const range = sky_item_part(take, I015_625, 3);
    const uint8_t *const azimuth = sky_item_part(take, I015_627, 3);
    const uint8_t *const elevation = sky_item_part(take, I015_628, 3);
    const bool climbs = (plot->has & SKY_PLOT_ELEVATION) != 0;

    if (!range || !azimuth || (climbs && !elevation) || sky_item_u24(range) == 0 ||
        sky_item_u16(azimuth) == 0 || (climbs && sky_item_u16(elevation) == 0)) {
        return;
    }
    plot->has |= SKY_PLOT_SIGMAS;
    plot->sigma_range_m = sky_item_u24(range) * 0.1;
    plot->sigma_azimuth_rad = sigma_angle(azimuth);
    plot->sigma_elevation_rad = climbs ? sigma_angle(elevation) : 0.0;
}

static void take_doppler_015(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const doppler = sky_item_part(take, I015_626, 1);
    const uint8_t *const precision = sky_item_part(take, I015_626, 2);
    const uint8_t *const rate = sky_item_part(take, I015_625, 4);
    const uint8_t *const rate_precision = sky_item_part(take, I015_625, 6);
    double sigma_mps = 0.0;

    if (doppler) {
        plot->radial_speed_mps = sky_item_signed(sky_item_u24(doppler), 24) * 0.01;
        sigma_mps = precision ? sky_item_u16(precision) * 0x1p-6 : 0.0;
    } else if (rate) {
        plot->radial_speed_mps = sky_item_signed(sky_item_u24(rate), 24) * 0.1;
        sigma_mps = rate_precision ? sky_item_u24(rate_precision) * 0.1 : 0.0;
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
    const uint8_t *const elevation = sky_item_part(take, I015_628, 1);
    const uint8_t *const noise = sky_item_part(take, I015_630, 4);

    plot->slant_range_m = sky_item_u24(sky_item_part(take, I015_625, 1)) * 0.1;
    plot->azimuth_rad = sky_item_u16(sky_item_part(take, I015_627, 1)) * sky_item_angle_step_rad;
    if (elevation) {
        plot->has |= SKY_PLOT_ELEVATION;
        plot->elevation_rad =
            sky_item_signed(sky_item_u16(elevation), 16) * (0.5 * sky_item_angle_step_rad);
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
    const uint8_t *const height = sky_item_part(take, I015_601, 1);
    const uint8_t *const precision = sky_item_part(take, I015_601, 3);
    const double sigma_m = precision ? sky_item_u24(precision) * 0.01 : 0.0;
    if (height) {
        plot->place.alt_hae_m = sky_item_signed(sky_item_u24(height), 24) * 0.01;
        plot->sigma_height_m = sigma_m > 0.0 ? sigma_m : sky_item_height_sigma_m;
    }
}

static int take_015(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const uint8_t *const type = sky_item_of(take, I015_000);
    const uint8_t *const range = sky_item_part(take, I015_625, 1);
    const uint8_t *const place = sky_item_part(take, I015_600, 1);
    const uint8_t *const precision = sky_item_part(take, I015_600, 3);
    const unsigned descriptor = sky_item_octet(take, I015_020, 0);
    const bool is_one_site = descriptor >> 6 == 0; /* MOMU; else a range is no distance */
    const bool ends = type && type[0] >> 1 == 5;
    const bool coasted = (sky_item_octet(take, I015_170, 0) & 0x08) != 0;
    const bool is_polar = !ends && is_one_site && range && sky_item_part(take, I015_627, 1);
    const bool is_place = !ends && !is_polar && place && !coasted;

    if (!sky_item_time(plot, sky_item_of(take, I015_145), SKY_ITEM_TIME_STEP_SIGMA_NS)) {
        return I015_145;
    }
    record->simulated = (descriptor >> 4 & 3) != 0; /* TTAX: reference, synthetic, simulated */
    sky_item_sensor_track(plot, sky_item_of(take, I015_161), 0xFFFF);
    sky_item_settle(record, is_polar || is_place);
    if (is_polar) {
        if ((range[0] & 0x80) != 0) { /* behind itself */
            return I015_625;
        }
        take_polar_015(plot, take);
    }
    if (is_place) {
        if (!sky_item_place(plot, place, 32, 31)) {
            return I015_600;
        }
        plot->sigma_place_m =
            precision ? 0.25 * sky_item_larger(sky_item_u16(precision), sky_item_u16(precision + 2))
                      : 0.0;
        take_height_015(plot, take);
    }
    return SKY_ITEM_SOUND;
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
                   ? sky_asterix_take_021_old(take, ret_record)
                   : sky_asterix_take_021(take, ret_record);
    case 34:
        return take_034(take, ret_record);
    case 62:
        return sky_asterix_take_062(take, ret_record);
    default:
        return take_048(take, ret_record);
    }
}
