#include "sky_asterix_item.h"

/* ---- category 062 ---- */

/* What the sending system knows of its own height: its source, and what it states. */
static void take_height_062(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const height = sky_item_of(take, I062_130);
    const uint8_t *const accuracy = sky_item_part(take, I062_500, 4);
    const unsigned source = sky_item_octet(take, I062_080, 0) >> 2 & 7;
    const bool assumed = source >= 4 && source <= 6;

    if (height && !assumed) {
        const double sigma_m = accuracy ? accuracy[0] * (6.25 * sky_item_foot_m) : 0.0;
        sky_item_height(plot, height, sigma_m > 0.0 ? sigma_m : sky_item_height_sigma_m);
    }
}

static void take_accuracy_062(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const cartesian = sky_item_part(take, I062_500, 1);
    const uint8_t *const geodetic = sky_item_part(take, I062_500, 3);
    double east_m = 0.0, north_m = 0.0;

    if (cartesian) {
        east_m = sky_item_u16(cartesian) * 0.5;
        north_m = sky_item_u16(cartesian + 2) * 0.5;
    } else if (geodetic) { /* steps of latitude; those of longitude are no longer than these */
        const double step_m = sky_item_nautical_mile_m * 60.0 * 180.0 / 0x1p25;
        north_m = sky_item_u16(geodetic) * step_m;
        east_m = sky_item_u16(geodetic + 2) * step_m * sky_cos(plot->place.lat_rad);
    }
    plot->sigma_place_m = sky_item_larger(east_m, north_m);
}

/* In true directions at the aircraft, as its place is. */
static void take_velocity_062(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const velocity = sky_item_of(take, I062_185);
    const uint8_t *const accuracy = sky_item_part(take, I062_500, 6);
    if (velocity) {
        sky_item_velocity(plot, sky_item_signed(sky_item_u16(velocity), 16) * 0.25,
                          sky_item_signed(sky_item_u16(velocity + 2), 16) * 0.25,
                          accuracy ? 0.25 * sky_item_larger(accuracy[0], accuracy[1]) : 0.0);
    }
}

/* Whether SSR, Mode S, ADS-B or multilateration heard the aircraft within the last minute. */
static bool answers_062(const struct sky_asterix_take *take)
{
    static const uint8_t subfield[] = {2, 3, 6, 7, 8, 10};
    for (size_t i = 0; i < sizeof subfield; i++) {
        const uint8_t *const age = sky_item_part(take, I062_290, subfield[i]);
        if (age && age[0] < 0xFF) { /* as old as it can say, or older */
            return true;
        }
    }
    return false;
}

static void take_replies_062(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    const uint8_t *const measured = sky_item_of(take, I062_136);
    const uint8_t *const calculated = sky_item_of(take, I062_135);
    const uint8_t *const callsign = sky_item_part(take, I062_380, 2);
    const uint8_t *const identification = sky_item_of(take, I062_245);

    plot->has |= answers_062(take) ? SKY_PLOT_COOPERATES : 0;
    sky_item_mode_3a(plot, sky_item_of(take, I062_060), true);
    sky_item_address(plot, sky_item_part(take, I062_380, 1));
    if (!callsign && identification && identification[0] >> 6 == 0) { /* sent by the aircraft */
        sky_item_callsign(plot, identification + 1);
    } else {
        sky_item_callsign(plot, callsign);
    }
    if (measured) {
        sky_item_level(plot, measured, 16);
    } else if (calculated && (calculated[0] & 0x80) == 0) { /* not corrected to QNH */
        plot->has |= SKY_PLOT_ALT_STD;
        plot->alt_std_m = sky_item_signed(sky_item_u16(calculated), 15) * (25.0 * sky_item_foot_m);
    }
}

int sky_asterix_take_062(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const uint8_t *const place = sky_item_of(take, I062_105);
    const uint8_t *const last = sky_item_part(take, I062_340, 6); /* the last report in it */
    const bool ended = (sky_item_octet(take, I062_080, 1) & 0x40) != 0;
    const bool coasted = (sky_item_octet(take, I062_080, 3) & 0x80) != 0;
    const bool measured = place && !ended && !coasted;

    if (!sky_item_time(plot, sky_item_of(take, I062_070), SKY_ITEM_TIME_STEP_SIGMA_NS)) {
        return I062_070;
    }
    record->simulated =
        (sky_item_octet(take, I062_080, 1) & 0x80) != 0 || (last && (last[0] & 0x1C) != 0);
    take_replies_062(plot, take);
    sky_item_sensor_track(plot, sky_item_of(take, I062_040), 0xFFFF);
    sky_item_settle(record, measured);
    if (measured) {
        if (!sky_item_place(plot, place, 32, 25)) {
            return I062_105;
        }
        take_accuracy_062(plot, take);
        take_velocity_062(plot, take);
        take_height_062(plot, take);
    }
    return SKY_ITEM_SOUND;
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
    const uint8_t *const version = sky_item_of(take, I021_210);
    const bool is_first = version && (version[0] >> 3 & 7) == 0;
    const unsigned accuracy = sky_item_octet(take, I021_090, 1) >> 1 & 0x0F;
    const unsigned uncertainty = sky_item_octet(take, I021_090, 0) >> 1 & 0x0F;
    const double radius_m = is_first ? radius_of_nucp_m[uncertainty] : radius_of_nacp_m[accuracy];

    plot->sigma_place_m = radius_m / sky_item_radius_95;
}

/*
 * Ground speed and track angle, unless beyond what can be said (RE). How good they are the
 * navigation accuracy category for velocity says (NACv; RTCA DO-260B, 2.2.3.2.7.1.3.4): a bound
 * that holds 95 %.
 */
static void take_velocity_021(struct sky_plot *plot, const struct sky_asterix_take *take)
{
    static const double radius_of_nacv_mps[8] = {0.0, 10.0, 3.0, 1.0, 0.3};
    const uint8_t *const vector = sky_item_of(take, I021_160);
    if (vector && (vector[0] & 0x80) == 0) {
        const double speed_mps = sky_item_u16(vector) * (sky_item_nautical_mile_m * 0x1p-14);
        double sine = 0.0, cosine = 0.0;
        sky_sincos(sky_item_u16(vector + 2) * sky_item_angle_step_rad, &sine, &cosine);
        sky_item_velocity(plot, speed_mps * sine, speed_mps * cosine,
                          radius_of_nacv_mps[sky_item_octet(take, I021_090, 0) >> 5] /
                              sky_item_radius_95);
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
    const uint8_t *const fine = sky_item_of(take, I021_074);

    if (sky_item_of(take, I021_071)) {
        return sky_item_time(plot, sky_item_of(take, I021_071), SKY_ITEM_TIME_STEP_SIGMA_NS)
                   ? SKY_ITEM_SOUND
                   : I021_071;
    }
    if (!sky_item_time(plot, sky_item_of(take, I021_073), SKY_ITEM_RECEPTION_SIGMA_NS)) {
        return I021_073;
    }
    if (plot->time_kind == SKY_TIME_OF_DAY && fine && fine[0] >> 6 != 3) {
        const uint32_t fraction = sky_item_u32(fine) & 0x3FFFFFFF; /* of 2^30 */
        const int64_t seconds = plot->time_value_ns / SKY_SECOND_NS + seconds_off[fine[0] >> 6];
        const int64_t at_ns =
            seconds * SKY_SECOND_NS + (int64_t)fraction * SKY_SECOND_NS / (INT64_C(1) << 30);
        plot->time_value_ns = (at_ns + day_ns) % day_ns;
    }
    return SKY_ITEM_SOUND;
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
    const uint8_t *const emitter = sky_item_of(take, I021_020);
    const bool grounded = emitter && emitter[0] >= 20 && emitter[0] <= 24;
    const unsigned first = sky_item_octet(take, I021_040, 1);
    const unsigned second = sky_item_octet(take, I021_040, 2);

    /* RAB; SIM and TST; vehicles and obstacles */
    record->simulated =
        (sky_item_octet(take, I021_040, 0) & 0x02) != 0 || (first & 0x30) != 0 || grounded;
    /* CL: suspect; and why: list, independent check, CPR, jump, range */
    record->suspect = (first >> 1 & 3) == 1 || (second & 0x6E) != 0;
}

int sky_asterix_take_021(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const uint8_t *const fine = sky_item_of(take, I021_131);
    const uint8_t *const coarse = sky_item_of(take, I021_130);
    const uint8_t *const height = sky_item_of(take, I021_140);
    const unsigned descriptor = sky_item_octet(take, I021_040, 0);

    const int wrong = take_time_021(plot, take);
    if (wrong != SKY_ITEM_SOUND) {
        return wrong;
    }
    plot->has |= SKY_PLOT_COOPERATES;
    take_marks_021(record, take);
    take_emitter(plot, sky_item_of(take, I021_020));
    sky_item_mode_3a(plot, sky_item_of(take, I021_070), false);
    sky_item_callsign(plot, sky_item_of(take, I021_170));
    sky_item_sensor_track(plot, sky_item_of(take, I021_161), 0x0FFF);
    if (descriptor >> 5 == 0) { /* ATP: an address of ICAO, and only one aircraft has it */
        sky_item_address(plot, sky_item_of(take, I021_080));
    }
    if ((descriptor >> 3 & 3) != 3) { /* ARC: invalid */
        sky_item_level(plot, sky_item_of(take, I021_145), 16);
    }
    sky_item_settle(record, fine || coarse);
    if (fine && !sky_item_place(plot, fine, 32, 30)) {
        return I021_131;
    }
    if (!fine && coarse && !sky_item_place(plot, coarse, 24, 23)) {
        return I021_130;
    }
    if (record->kind == SKY_ASTERIX_TARGET) {
        take_accuracy_021(plot, take);
        take_velocity_021(plot, take);
        if (height && sky_item_u16(height) != 0x7FFF) { /* higher than the item can say */
            sky_item_height(plot, height,
                            height_sigma_of(sky_item_octet(take, I021_090, 2) >> 1 & 3));
        }
    }
    return SKY_ITEM_SOUND;
}

/* Before edition 1. Its time is that of applicability, with its greatest error beside it. */
int sky_asterix_take_021_old(const struct sky_asterix_take *take, struct sky_asterix_record *record)
{
    struct sky_plot *const plot = &record->plot;
    const uint8_t *const place = sky_item_of(take, I021_OLD_130);
    const uint8_t *const descriptor = sky_item_of(take, I021_OLD_040);
    const uint8_t *const late = sky_item_of(take, I021_OLD_032);
    const uint8_t *const merit = sky_item_of(take, I021_OLD_090);
    const uint8_t *const emitter = sky_item_of(take, I021_OLD_020);
    const bool is_fine = take->edition == SKY_ASTERIX_021_ED_0_26;

    if (!sky_item_time(plot, sky_item_of(take, I021_OLD_030), SKY_ITEM_TIME_STEP_SIGMA_NS)) {
        return I021_OLD_030;
    }
    if (late && plot->time_kind == SKY_TIME_OF_DAY) { /* in 1/256 s; uniform within it */
        plot->time_sigma_ns += (int64_t)late[0] * SKY_ITEM_TIME_STEP_SIGMA_NS;
    }
    record->simulated = (descriptor && (descriptor[0] & 0x38) != 0) ||
                        (emitter && emitter[0] >= 20 && emitter[0] <= 24);
    plot->has |= SKY_PLOT_COOPERATES;
    take_emitter(plot, emitter);
    sky_item_mode_3a(plot, sky_item_of(take, I021_OLD_070), true);
    sky_item_level(plot, sky_item_of(take, I021_OLD_145), 16);
    sky_item_callsign(plot, sky_item_of(take, I021_OLD_170));
    if (descriptor && descriptor[1] >> 5 == 1) { /* ATP: an address of ICAO */
        sky_item_address(plot, sky_item_of(take, I021_OLD_080));
    }
    sky_item_settle(record, place);
    if (place && !sky_item_place(plot, place, is_fine ? 32 : 24, is_fine ? 25 : 23)) {
        return I021_OLD_130;
    }
    if (place) {
        plot->sigma_place_m = merit ? radius_of_nucp_m[merit[1] & 0x0F] / sky_item_radius_95 : 0.0;
        if (sky_item_of(take, I021_OLD_140)) {
            sky_item_height(plot, sky_item_of(take, I021_OLD_140), sky_item_height_sigma_m);
        }
    }
    return SKY_ITEM_SOUND;
}
