#include "sky_asterix.h"

#include "sky_math.h"

enum { BLOCK_HEADER_BYTES = 3, ITEMS_MAX = 28, SUBFIELDS_MAX = 7 };

/* How an item says where it ends. */
enum form {
    FIXED = 1, /* always `bytes` */
    EXTENDED,  /* octets whose lowest bit says that another follows */
    REPEATED,  /* a count, then that many times `bytes` */
    EXPLICIT,  /* its first octet is its length, itself included */
    COMPOUND   /* an extended octet that says which subfields follow */
};

/* A subfield of a compound item: fixed, or repeated if so marked. 0 bytes: there is none. */
enum { REPEATED_SUBFIELD = 0x80 };

/* The name is kept inside: a table of pointers would be data to relocate, not constant. */
struct item {
    char name[9];
    enum form form;
    uint8_t bytes;
    uint8_t subfield[SUBFIELDS_MAX];
};

/* Index in the table is the field reference number less one. */
enum item_048 {
    I048_010,
    I048_140,
    I048_020,
    I048_040,
    I048_070,
    I048_090,
    I048_130,
    I048_220,
    I048_240,
    I048_250,
    I048_161,
    I048_042,
    I048_200,
    I048_170,
    I048_210,
    I048_030,
    I048_080,
    I048_100,
    I048_110,
    I048_120,
    I048_230,
    I048_260,
    I048_055,
    I048_050,
    I048_065,
    I048_060,
    I048_SP,
    I048_RE,
    I048_COUNT
};

static const struct item uap_048[I048_COUNT] = {
    [I048_010] = {"I048/010", FIXED, 2, {0}},
    [I048_140] = {"I048/140", FIXED, 3, {0}},
    [I048_020] = {"I048/020", EXTENDED, 1, {0}},
    [I048_040] = {"I048/040", FIXED, 4, {0}},
    [I048_070] = {"I048/070", FIXED, 2, {0}},
    [I048_090] = {"I048/090", FIXED, 2, {0}},
    [I048_130] = {"I048/130", COMPOUND, 0, {1, 1, 1, 1, 1, 1, 1}},
    [I048_220] = {"I048/220", FIXED, 3, {0}},
    [I048_240] = {"I048/240", FIXED, 6, {0}},
    [I048_250] = {"I048/250", REPEATED, 8, {0}},
    [I048_161] = {"I048/161", FIXED, 2, {0}},
    [I048_042] = {"I048/042", FIXED, 4, {0}},
    [I048_200] = {"I048/200", FIXED, 4, {0}},
    [I048_170] = {"I048/170", EXTENDED, 1, {0}},
    [I048_210] = {"I048/210", FIXED, 4, {0}},
    [I048_030] = {"I048/030", EXTENDED, 1, {0}},
    [I048_080] = {"I048/080", FIXED, 2, {0}},
    [I048_100] = {"I048/100", FIXED, 4, {0}},
    [I048_110] = {"I048/110", FIXED, 2, {0}},
    [I048_120] = {"I048/120", COMPOUND, 0, {2, REPEATED_SUBFIELD | 6}},
    [I048_230] = {"I048/230", FIXED, 2, {0}},
    [I048_260] = {"I048/260", FIXED, 7, {0}},
    [I048_055] = {"I048/055", FIXED, 1, {0}},
    [I048_050] = {"I048/050", FIXED, 2, {0}},
    [I048_065] = {"I048/065", FIXED, 1, {0}},
    [I048_060] = {"I048/060", FIXED, 2, {0}},
    [I048_SP] = {"I048/SP", EXPLICIT, 0, {0}},
    [I048_RE] = {"I048/RE", EXPLICIT, 0, {0}},
};

enum item_034 {
    I034_010,
    I034_000,
    I034_030,
    I034_020,
    I034_041,
    I034_050,
    I034_060,
    I034_070,
    I034_100,
    I034_110,
    I034_120,
    I034_090,
    I034_RE,
    I034_SP,
    I034_COUNT
};

static const struct item uap_034[I034_COUNT] = {
    [I034_010] = {"I034/010", FIXED, 2, {0}},
    [I034_000] = {"I034/000", FIXED, 1, {0}},
    [I034_030] = {"I034/030", FIXED, 3, {0}},
    [I034_020] = {"I034/020", FIXED, 1, {0}},
    [I034_041] = {"I034/041", FIXED, 2, {0}},
    [I034_050] = {"I034/050", COMPOUND, 0, {1, 0, 0, 1, 1, 2}},
    [I034_060] = {"I034/060", COMPOUND, 0, {1, 0, 0, 1, 1, 1}},
    [I034_070] = {"I034/070", REPEATED, 2, {0}},
    [I034_100] = {"I034/100", FIXED, 8, {0}},
    [I034_110] = {"I034/110", FIXED, 1, {0}},
    [I034_120] = {"I034/120", FIXED, 8, {0}},
    [I034_090] = {"I034/090", FIXED, 2, {0}},
    [I034_RE] = {"I034/RE", EXPLICIT, 0, {0}},
    [I034_SP] = {"I034/SP", EXPLICIT, 0, {0}},
};

static const double angle_step_rad = SKY_ASTERIX_STEP_AZIMUTH_RAD;
static const double foot_m = 0.3048;

enum {
    TIME_STEP_NS = 7812500,       /* 1/128 s */
    TIME_STEP_SIGMA_NS = 2255275, /* of it: / sqrt(12) */
    TIME_STEPS_PER_DAY = 86400 * 128
};

static uint16_t u16_at(const uint8_t *bytes) { return (uint16_t)(bytes[0] << 8 | bytes[1]); }

static uint32_t u24_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
}

/* Two's complement in the lowest bits of a word. */
static int32_t signed_of(uint32_t value, unsigned bits)
{
    const uint32_t sign = UINT32_C(1) << (bits - 1);
    const uint32_t magnitude = value & (sign - 1);
    return (value & sign) != 0 ? (int32_t)magnitude - (int32_t)sign : (int32_t)magnitude;
}

/* Octets up to and with the first whose lowest bit is clear; 0 if the bytes end before. */
static size_t extended_bytes(const uint8_t *bytes, size_t left)
{
    for (size_t i = 0; i < left; i++) {
        if ((bytes[i] & 1) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* Size of a count and what it counts; 0 if the bytes end before the count. May exceed them. */
static size_t repeated_bytes(const uint8_t *bytes, size_t left, size_t each)
{
    return left > 0 ? 1 + (size_t)bytes[0] * each : 0;
}

/* Size of a compound item; 0 if it names a subfield that does not exist, or does not fit. */
static size_t compound_bytes(const struct item *item, const uint8_t *bytes, size_t left)
{
    size_t at = extended_bytes(bytes, left);
    for (size_t octet = 0, octets = at; octet < octets; octet++) {
        for (size_t i = 0; i < SUBFIELDS_MAX; i++) {
            if ((bytes[octet] & (0x80U >> i)) == 0) {
                continue;
            }
            const unsigned subfield = octet == 0 ? item->subfield[i] : 0;
            if (subfield == 0 || at > left) {
                return 0;
            }
            const size_t size = (subfield & REPEATED_SUBFIELD) != 0
                                    ? repeated_bytes(bytes + at, left - at, subfield & 0x7F)
                                    : subfield;
            if (size == 0) {
                return 0;
            }
            at += size;
        }
    }
    return at;
}

/* Size of an item that begins at bytes, of which left are in the block; 0 if it does not fit. */
static size_t item_bytes(const struct item *item, const uint8_t *bytes, size_t left)
{
    size_t size = 0;
    switch (item->form) {
    case FIXED:
        size = item->bytes;
        break;
    case EXTENDED:
        size = extended_bytes(bytes, left);
        break;
    case REPEATED:
        size = repeated_bytes(bytes, left, item->bytes);
        break;
    case EXPLICIT:
        size = left > 0 ? bytes[0] : 0;
        break;
    case COMPOUND:
        size = compound_bytes(item, bytes, left);
        break;
    }
    return size <= left ? size : 0;
}

/* Where each item of a record begins; NULL if it is not there. */
struct items {
    const uint8_t *at[ITEMS_MAX];
};

static enum sky_status refuse(const char *item, size_t offset, const char **ret_item,
                              uint32_t *ret_offset)
{
    *ret_item = item;
    *ret_offset = (uint32_t)offset;
    return SKY_E_CORRUPT;
}

/* Finds the items of the record at walk->at and moves behind it. On failure nothing moves. */
static enum sky_status find_items(struct sky_asterix_walk *walk, const struct item *uap,
                                  size_t uap_count, struct items *ret_items, const char **ret_item,
                                  uint32_t *ret_offset)
{
    const uint8_t *const fspec = walk->bytes + walk->at;
    const size_t fspec_bytes = extended_bytes(fspec, walk->block_end - walk->at);
    size_t at = walk->at + fspec_bytes;
    bool any = false;

    for (size_t bit = 0; bit < 8 * fspec_bytes; bit++) {
        const size_t index = bit / 8 * 7 + bit % 8;
        if (bit % 8 == 7 || (fspec[bit / 8] & (0x80U >> bit % 8)) == 0) {
            continue;
        }
        if (index >= uap_count) {
            return refuse("FSPEC", walk->at, ret_item, ret_offset);
        }
        const size_t size = item_bytes(&uap[index], walk->bytes + at, walk->block_end - at);
        if (size == 0) {
            return refuse(uap[index].name, at, ret_item, ret_offset);
        }
        ret_items->at[index] = walk->bytes + at;
        at += size;
        any = true;
    }
    if (!any) {
        return refuse("FSPEC", walk->at, ret_item, ret_offset);
    }
    walk->at = at;
    return SKY_OK;
}

static void take_source(struct sky_asterix_record *record, const uint8_t *source)
{
    if (source) {
        record->has_source = true;
        record->sac = source[0];
        record->sic = source[1];
    }
}

/* Six-bit characters: 1 to 26 are letters, 48 to 57 digits, 32 is a space. 0 for any other. */
static char letter_of(unsigned code)
{
    if (code >= 1 && code <= 26) {
        return (char)('A' + (int)code - 1);
    }
    return code == 32 || (code >= 48 && code <= 57) ? (char)code : '\0';
}

/* A callsign with a character that cannot be is left out whole; so is one of spaces only. */
static void take_callsign(struct sky_plot *plot, const uint8_t *bytes)
{
    char text[9] = {0};
    size_t end = 0;
    for (size_t i = 0; i < 8; i++) {
        const uint32_t four = u24_at(bytes + i / 4 * 3);
        text[i] = letter_of(four >> (18 - 6 * (i % 4)) & 0x3F);
        if (text[i] == '\0') {
            return;
        }
        end = text[i] == ' ' ? end : i + 1;
    }
    if (end == 0) {
        return;
    }
    plot->has |= SKY_PLOT_CALLSIGN;
    for (size_t i = 0; i < end; i++) {
        plot->callsign[i] = text[i];
    }
}

static void take_replies(struct sky_plot *plot, const struct items *items)
{
    const uint8_t *const mode_3a = items->at[I048_070];
    const uint8_t *const level = items->at[I048_090];
    if (mode_3a && (mode_3a[0] & 0xC0) == 0) { /* V and G clear */
        plot->has |= SKY_PLOT_MODE_3A;
        plot->mode_3a = u16_at(mode_3a) & 0x0FFF;
    }
    if (level && (level[0] & 0xC0) == 0) {
        plot->has |= SKY_PLOT_ALT_STD;
        plot->alt_std_m = signed_of(u16_at(level), 14) * (25.0 * foot_m); /* 1/4 flight level */
    }
    if (items->at[I048_220]) {
        plot->has |= SKY_PLOT_ICAO;
        plot->icao_address = u24_at(items->at[I048_220]);
    }
    if (items->at[I048_240]) {
        take_callsign(plot, items->at[I048_240]);
    }
}

static void take_measurement(struct sky_plot *plot, const struct items *items)
{
    const uint8_t *const polar = items->at[I048_040];
    plot->slant_range_m = u16_at(polar) * SKY_ASTERIX_STEP_RANGE_M;
    plot->azimuth_rad = u16_at(polar + 2) * angle_step_rad;

    /* The first subfield of I048/120, and its first bit: doubtful. */
    const uint8_t *const doppler = items->at[I048_120];
    if (doppler && (doppler[0] & 0x80) != 0) {
        const uint8_t *const calculated = doppler + extended_bytes(doppler, SIZE_MAX);
        if ((calculated[0] & 0x80) == 0) {
            plot->has |= SKY_PLOT_RADIAL_SPEED;
            plot->radial_speed_mps = signed_of(u16_at(calculated), 10);
        }
    }
    if (items->at[I048_161]) {
        plot->has |= SKY_PLOT_SENSOR_TRACK;
        plot->sensor_track = u16_at(items->at[I048_161]) & 0x0FFF;
    }
}

/* Returns the item whose value cannot be, or NULL. */
static const uint8_t *take_target(struct sky_asterix_record *record, const struct items *items)
{
    const uint8_t *const time = items->at[I048_140];
    const uint8_t *const descriptor = items->at[I048_020];
    struct sky_plot *const plot = &record->plot;
    bool measured = items->at[I048_040] != NULL;

    plot->time_kind = SKY_TIME_ARRIVAL;
    if (time) {
        if (u24_at(time) >= TIME_STEPS_PER_DAY) {
            return time;
        }
        plot->time_kind = SKY_TIME_OF_DAY;
        plot->time_value_ns = (int64_t)u24_at(time) * TIME_STEP_NS;
        plot->time_sigma_ns = TIME_STEP_SIGMA_NS;
    }
    if (descriptor) {
        const unsigned extension = (descriptor[0] & 1) != 0 ? descriptor[1] : 0;
        record->simulated = (descriptor[0] & 0x12) != 0 || (extension & 0x80) != 0;
        measured = measured && descriptor[0] >> 5 != 0 && (extension & 0x40) == 0;
    }
    take_replies(plot, items);
    record->kind = measured ? SKY_ASTERIX_TARGET : SKY_ASTERIX_NO_POSITION;
    if (measured) {
        take_measurement(plot, items);
    }
    return NULL;
}

/* Height in metres, then latitude and longitude in 180/2^23 degrees. */
static bool take_site(struct sky_asterix_service *service, const uint8_t *site)
{
    const int32_t quarter_turn = INT32_C(1) << 22;
    const int32_t latitude = signed_of(u24_at(site + 2), 24);
    if (latitude < -quarter_turn || latitude > quarter_turn) {
        return false;
    }
    service->has_site = true;
    service->site.lat_rad = latitude * (SKY_PI / 0x1p23);
    service->site.lon_rad = signed_of(u24_at(site + 5), 24) * (SKY_PI / 0x1p23);
    service->site.alt_hae_m = signed_of(u16_at(site), 16);
    return true;
}

/* Returns the item whose value cannot be, or NULL. */
static const uint8_t *take_service(struct sky_asterix_record *record, const struct items *items)
{
    struct sky_asterix_service *const service = &record->service;
    const uint8_t *const time = items->at[I034_030];
    const uint8_t *const status = items->at[I034_050];

    record->kind = SKY_ASTERIX_SERVICE;
    if (items->at[I034_000]) {
        service->message_type = items->at[I034_000][0];
    }
    if (time) {
        if (u24_at(time) >= TIME_STEPS_PER_DAY) {
            return time;
        }
        service->has_time = true;
        service->time_of_day_ns = (int64_t)u24_at(time) * TIME_STEP_NS;
    }
    if (items->at[I034_020]) {
        service->has_sector = true;
        service->sector_rad = items->at[I034_020][0] * (SKY_PI / 128.0);
    }
    if (items->at[I034_041]) {
        service->has_rotation = true;
        service->rotation_ns = (int64_t)u16_at(items->at[I034_041]) * TIME_STEP_NS;
    }
    if (status && (status[0] & 0x80) != 0) {
        const uint8_t common = status[extended_bytes(status, SIZE_MAX)];
        service->no_go = (common & 0x80) != 0;
        service->time_source_invalid = (common & 0x02) != 0;
    }
    if (items->at[I034_120] && !take_site(service, items->at[I034_120])) {
        return items->at[I034_120];
    }
    return NULL;
}

/* Which item of the table a found one is. */
static const char *name_of(const struct items *items, const struct item *uap, const uint8_t *at)
{
    size_t index = 0;
    while (items->at[index] != at) {
        index++;
    }
    return uap[index].name;
}

static enum sky_status next_record(struct sky_asterix_walk *walk,
                                   struct sky_asterix_record *ret_record, const char **ret_item,
                                   uint32_t *ret_offset)
{
    const bool is_target = walk->category == 48;
    const struct item *const uap = is_target ? uap_048 : uap_034;
    struct items items = {{NULL}};
    const enum sky_status status =
        find_items(walk, uap, is_target ? (size_t)I048_COUNT : (size_t)I034_COUNT, &items, ret_item,
                   ret_offset);
    if (status != SKY_OK) {
        walk->at = walk->block_end;
        return status;
    }

    struct sky_asterix_record record = {.category = walk->category};
    take_source(&record, items.at[is_target ? (size_t)I048_010 : (size_t)I034_010]);
    const uint8_t *const wrong =
        is_target ? take_target(&record, &items) : take_service(&record, &items);
    if (wrong) {
        return refuse(name_of(&items, uap, wrong), (size_t)(wrong - walk->bytes), ret_item,
                      ret_offset);
    }
    *ret_record = record;
    return SKY_OK;
}

enum sky_status sky_asterix_next(struct sky_asterix_walk *walk,
                                 struct sky_asterix_record *ret_record, const char **ret_item,
                                 uint32_t *ret_offset)
{
    while (walk->at >= walk->block_end) {
        const size_t left = walk->count - walk->at;
        if (left == 0) {
            return SKY_E_STALE;
        }
        const uint8_t *const block = walk->bytes + walk->at;
        const size_t bytes = left < BLOCK_HEADER_BYTES ? 0 : u16_at(block + 1);
        if (bytes < BLOCK_HEADER_BYTES || bytes > left) {
            const size_t offset = walk->at;
            walk->at = walk->block_end = walk->count;
            return refuse("block length", offset, ret_item, ret_offset);
        }
        walk->category = block[0];
        walk->block_end = walk->at + bytes;
        if (walk->category != 48 && walk->category != 34) {
            walk->at = walk->block_end;
            *ret_record = (struct sky_asterix_record){.kind = SKY_ASTERIX_SKIPPED,
                                                      .category = walk->category};
            return SKY_OK;
        }
        walk->at += BLOCK_HEADER_BYTES;
    }
    return next_record(walk, ret_record, ret_item, ret_offset);
}
