#include "sky_asterix_uap.h"

/* A subfield of a compound item is so many bytes, or one of these. 0: there is none. */
enum {
    EXTENDED_SUBFIELD = 0x40, /* octets whose lowest bit says that another follows */
    REPEATED_SUBFIELD = 0x80  /* a count, then that many times the bytes in the rest */
};

enum compound {
    PLOT_048_130,
    DOPPLER_048_120,
    STATUS_034_050,
    MODE_034_060,
    MODE_5_062_110,
    AGES_062_290,
    DATA_AGES_062_295,
    MEASURED_062_340,
    AIRCRAFT_062_380,
    PLAN_062_390,
    ACCURACY_062_500,
    INTENT_021_110,
    WEATHER_021_220,
    DATA_AGES_021_295,
    SIZE_015_270,
    PLACE_015_600,
    HEIGHT_015_601,
    VELOCITY_015_602,
    ACCELERATION_015_603,
    CLIMB_015_604,
    CLIMBING_015_605,
    RANGE_015_625,
    DOPPLER_015_626,
    ANGLE_015_627, /* and 628 */
    QUALITY_015_630,
    COMPOUNDS
};

static const uint8_t subfield_sizes[COMPOUNDS][SKY_UAP_SUBFIELDS_MAX] = {
    [PLOT_048_130] = {1, 1, 1, 1, 1, 1, 1},
    [DOPPLER_048_120] = {2, REPEATED_SUBFIELD | 6},
    [STATUS_034_050] = {1, 0, 0, 1, 1, 2},
    [MODE_034_060] = {1, 0, 0, 1, 1, 1},
    [MODE_5_062_110] = {1, 4, 6, 2, 2, 1, 1},
    [AGES_062_290] = {1, 1, 1, 1, 2, 1, 1, 1, 1, 1},
    [DATA_AGES_062_295] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                           1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    [MEASURED_062_340] = {2, 4, 2, 2, 2, 1},
    [AIRCRAFT_062_380] = {3,
                          6,
                          2,
                          2,
                          2,
                          2,
                          2,
                          EXTENDED_SUBFIELD,
                          REPEATED_SUBFIELD | 15,
                          2,
                          2,
                          7,
                          2,
                          2,
                          2,
                          2,
                          2,
                          2,
                          1,
                          8,
                          1,
                          6,
                          2,
                          1,
                          REPEATED_SUBFIELD | 8,
                          2,
                          2,
                          2},
    [PLAN_062_390] = {2, 7, 4, 1, 4, 1, 4, 4, 3, 2, 2, REPEATED_SUBFIELD | 4, 6, 1, 7, 7, 2, 7},
    [ACCURACY_062_500] = {4, 2, 4, 1, 1, 2, 2, 1},
    [INTENT_021_110] = {EXTENDED_SUBFIELD, REPEATED_SUBFIELD | 15},
    [WEATHER_021_220] = {2, 2, 2, 1},
    [DATA_AGES_021_295] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    [SIZE_015_270] = {2, 2, 2, 2},
    [PLACE_015_600] = {8, 5, 5},
    [HEIGHT_015_601] = {3, 3, 3, 3, 3, 2, 2, 2},
    [VELOCITY_015_602] = {5, 5, 5, 4},
    [ACCELERATION_015_603] = {3, 4, 4, 4},
    [CLIMB_015_604] = {3, 2, 3, 2, 2, 2},
    [CLIMBING_015_605] = {2, 4, 2, 2, 2},
    [RANGE_015_625] = {3, 3, 3, 3, 3, 4, 2, 4},
    [DOPPLER_015_626] = {3, 2, 2, 3, 1, 1, 1, 1, 1, 1},
    [ANGLE_015_627] = {2, 2, 2, 2, 3, 4},
    [QUALITY_015_630] = {1, 1, 2, 1},
};

#define FIXED(bytes) SKY_UAP_FIXED, bytes
#define EXTENDED SKY_UAP_EXTENDED, 1
#define REPEATED(bytes) SKY_UAP_REPEATED, bytes
#define EXPLICIT SKY_UAP_EXPLICIT, 0
#define COMPOUND(which) SKY_UAP_COMPOUND, which

static const struct sky_uap_item uap_048[I048_COUNT] = {
    [I048_010] = {"I048/010", FIXED(2)},
    [I048_140] = {"I048/140", FIXED(3)},
    [I048_020] = {"I048/020", EXTENDED},
    [I048_040] = {"I048/040", FIXED(4)},
    [I048_070] = {"I048/070", FIXED(2)},
    [I048_090] = {"I048/090", FIXED(2)},
    [I048_130] = {"I048/130", COMPOUND(PLOT_048_130)},
    [I048_220] = {"I048/220", FIXED(3)},
    [I048_240] = {"I048/240", FIXED(6)},
    [I048_250] = {"I048/250", REPEATED(8)},
    [I048_161] = {"I048/161", FIXED(2)},
    [I048_042] = {"I048/042", FIXED(4)},
    [I048_200] = {"I048/200", FIXED(4)},
    [I048_170] = {"I048/170", EXTENDED},
    [I048_210] = {"I048/210", FIXED(4)},
    [I048_030] = {"I048/030", EXTENDED},
    [I048_080] = {"I048/080", FIXED(2)},
    [I048_100] = {"I048/100", FIXED(4)},
    [I048_110] = {"I048/110", FIXED(2)},
    [I048_120] = {"I048/120", COMPOUND(DOPPLER_048_120)},
    [I048_230] = {"I048/230", FIXED(2)},
    [I048_260] = {"I048/260", FIXED(7)},
    [I048_055] = {"I048/055", FIXED(1)},
    [I048_050] = {"I048/050", FIXED(2)},
    [I048_065] = {"I048/065", FIXED(1)},
    [I048_060] = {"I048/060", FIXED(2)},
    [I048_SP] = {"I048/SP", EXPLICIT},
    [I048_RE] = {"I048/RE", EXPLICIT},
};

static const struct sky_uap_item uap_034[I034_COUNT] = {
    [I034_010] = {"I034/010", FIXED(2)},
    [I034_000] = {"I034/000", FIXED(1)},
    [I034_030] = {"I034/030", FIXED(3)},
    [I034_020] = {"I034/020", FIXED(1)},
    [I034_041] = {"I034/041", FIXED(2)},
    [I034_050] = {"I034/050", COMPOUND(STATUS_034_050)},
    [I034_060] = {"I034/060", COMPOUND(MODE_034_060)},
    [I034_070] = {"I034/070", REPEATED(2)},
    [I034_100] = {"I034/100", FIXED(8)},
    [I034_110] = {"I034/110", FIXED(1)},
    [I034_120] = {"I034/120", FIXED(8)},
    [I034_090] = {"I034/090", FIXED(2)},
    [I034_RE] = {"I034/RE", EXPLICIT},
    [I034_SP] = {"I034/SP", EXPLICIT},
};

static const struct sky_uap_item uap_062[I062_COUNT] = {
    [I062_010] = {"I062/010", FIXED(2)},
    [I062_015] = {"I062/015", FIXED(1)},
    [I062_070] = {"I062/070", FIXED(3)},
    [I062_105] = {"I062/105", FIXED(8)},
    [I062_100] = {"I062/100", FIXED(6)},
    [I062_185] = {"I062/185", FIXED(4)},
    [I062_210] = {"I062/210", FIXED(2)},
    [I062_060] = {"I062/060", FIXED(2)},
    [I062_245] = {"I062/245", FIXED(7)},
    [I062_380] = {"I062/380", COMPOUND(AIRCRAFT_062_380)},
    [I062_040] = {"I062/040", FIXED(2)},
    [I062_080] = {"I062/080", EXTENDED},
    [I062_290] = {"I062/290", COMPOUND(AGES_062_290)},
    [I062_200] = {"I062/200", FIXED(1)},
    [I062_295] = {"I062/295", COMPOUND(DATA_AGES_062_295)},
    [I062_136] = {"I062/136", FIXED(2)},
    [I062_130] = {"I062/130", FIXED(2)},
    [I062_135] = {"I062/135", FIXED(2)},
    [I062_220] = {"I062/220", FIXED(2)},
    [I062_390] = {"I062/390", COMPOUND(PLAN_062_390)},
    [I062_270] = {"I062/270", EXTENDED},
    [I062_300] = {"I062/300", FIXED(1)},
    [I062_110] = {"I062/110", COMPOUND(MODE_5_062_110)},
    [I062_120] = {"I062/120", FIXED(2)},
    [I062_510] = {"I062/510", SKY_UAP_EXTENDED, 3},
    [I062_500] = {"I062/500", COMPOUND(ACCURACY_062_500)},
    [I062_340] = {"I062/340", COMPOUND(MEASURED_062_340)},
    [I062_RE] = {"I062/RE", EXPLICIT},
    [I062_SP] = {"I062/SP", EXPLICIT},
};

/* Edition 2, which changed the form of one item on its way. */
#define UAP_021(form_of_271)                                                                       \
    {                                                                                              \
        [I021_010] = {"I021/010", FIXED(2)}, [I021_040] = {"I021/040", EXTENDED},                  \
        [I021_161] = {"I021/161", FIXED(2)}, [I021_015] = {"I021/015", FIXED(1)},                  \
        [I021_071] = {"I021/071", FIXED(3)}, [I021_130] = {"I021/130", FIXED(6)},                  \
        [I021_131] = {"I021/131", FIXED(8)}, [I021_072] = {"I021/072", FIXED(3)},                  \
        [I021_150] = {"I021/150", FIXED(2)}, [I021_151] = {"I021/151", FIXED(2)},                  \
        [I021_080] = {"I021/080", FIXED(3)}, [I021_073] = {"I021/073", FIXED(3)},                  \
        [I021_074] = {"I021/074", FIXED(4)}, [I021_075] = {"I021/075", FIXED(3)},                  \
        [I021_076] = {"I021/076", FIXED(4)}, [I021_140] = {"I021/140", FIXED(2)},                  \
        [I021_090] = {"I021/090", EXTENDED}, [I021_210] = {"I021/210", FIXED(1)},                  \
        [I021_070] = {"I021/070", FIXED(2)}, [I021_230] = {"I021/230", FIXED(2)},                  \
        [I021_145] = {"I021/145", FIXED(2)}, [I021_152] = {"I021/152", FIXED(2)},                  \
        [I021_200] = {"I021/200", FIXED(1)}, [I021_155] = {"I021/155", FIXED(2)},                  \
        [I021_157] = {"I021/157", FIXED(2)}, [I021_160] = {"I021/160", FIXED(4)},                  \
        [I021_165] = {"I021/165", FIXED(2)}, [I021_077] = {"I021/077", FIXED(3)},                  \
        [I021_170] = {"I021/170", FIXED(6)}, [I021_020] = {"I021/020", FIXED(1)},                  \
        [I021_220] = {"I021/220", COMPOUND(WEATHER_021_220)}, [I021_146] = {"I021/146", FIXED(2)}, \
        [I021_148] = {"I021/148", FIXED(2)}, [I021_110] = {"I021/110", COMPOUND(INTENT_021_110)},  \
        [I021_016] = {"I021/016", FIXED(1)}, [I021_008] = {"I021/008", FIXED(1)},                  \
        [I021_271] = {"I021/271", form_of_271, 1}, [I021_132] = {"I021/132", FIXED(1)},            \
        [I021_250] = {"I021/250", REPEATED(8)}, [I021_260] = {"I021/260", FIXED(7)},               \
        [I021_400] = {"I021/400", FIXED(1)},                                                       \
        [I021_295] = {"I021/295", COMPOUND(DATA_AGES_021_295)}, [I021_RE] = {"I021/RE", EXPLICIT}, \
        [I021_SP] = {"I021/SP", EXPLICIT},                                                         \
    }

static const struct sky_uap_item uap_021[I021_COUNT] = UAP_021(SKY_UAP_EXTENDED);
static const struct sky_uap_item uap_021_ed_2_1[I021_COUNT] = UAP_021(SKY_UAP_ONCE_MORE);

/* Before edition 1, which made the place finer and filled two spare places on its way. */
#define UAP_021_OLD(bytes_of_130, form_of_new)                                                     \
    {                                                                                              \
        [I021_OLD_010] = {"I021/010", FIXED(2)}, [I021_OLD_040] = {"I021/040", FIXED(2)},          \
        [I021_OLD_030] = {"I021/030", FIXED(3)},                                                   \
        [I021_OLD_130] = {"I021/130", FIXED(bytes_of_130)},                                        \
        [I021_OLD_080] = {"I021/080", FIXED(3)}, [I021_OLD_140] = {"I021/140", FIXED(2)},          \
        [I021_OLD_090] = {"I021/090", FIXED(2)}, [I021_OLD_210] = {"I021/210", FIXED(1)},          \
        [I021_OLD_230] = {"I021/230", FIXED(2)}, [I021_OLD_145] = {"I021/145", FIXED(2)},          \
        [I021_OLD_150] = {"I021/150", FIXED(2)}, [I021_OLD_151] = {"I021/151", FIXED(2)},          \
        [I021_OLD_152] = {"I021/152", FIXED(2)}, [I021_OLD_155] = {"I021/155", FIXED(2)},          \
        [I021_OLD_157] = {"I021/157", FIXED(2)}, [I021_OLD_160] = {"I021/160", FIXED(4)},          \
        [I021_OLD_165] = {"I021/165", EXTENDED}, [I021_OLD_170] = {"I021/170", FIXED(6)},          \
        [I021_OLD_095] = {"I021/095", FIXED(1)}, [I021_OLD_032] = {"I021/032", FIXED(1)},          \
        [I021_OLD_200] = {"I021/200", FIXED(1)}, [I021_OLD_020] = {"I021/020", FIXED(1)},          \
        [I021_OLD_220] = {"I021/220", COMPOUND(WEATHER_021_220)},                                  \
        [I021_OLD_146] = {"I021/146", FIXED(2)}, [I021_OLD_148] = {"I021/148", FIXED(2)},          \
        [I021_OLD_110] = {"I021/110", COMPOUND(INTENT_021_110)},                                   \
        [I021_OLD_070] = {"I021/070", form_of_new, 2},                                             \
        [I021_OLD_131] = {"I021/131", form_of_new, 1}, [I021_OLD_RE] = {"I021/RE", EXPLICIT},      \
        [I021_OLD_SP] = {"I021/SP", EXPLICIT},                                                     \
    }

static const struct sky_uap_item uap_021_ed_0_26[I021_OLD_COUNT] = UAP_021_OLD(8, SKY_UAP_FIXED);
static const struct sky_uap_item uap_021_ed_0_23[I021_OLD_COUNT] = UAP_021_OLD(6, SKY_UAP_ABSENT);

static const struct sky_uap_item uap_010[I010_COUNT] = {
    [I010_010] = {"I010/010", FIXED(2)},    [I010_000] = {"I010/000", FIXED(1)},
    [I010_020] = {"I010/020", EXTENDED},    [I010_140] = {"I010/140", FIXED(3)},
    [I010_041] = {"I010/041", FIXED(8)},    [I010_040] = {"I010/040", FIXED(4)},
    [I010_042] = {"I010/042", FIXED(4)},    [I010_200] = {"I010/200", FIXED(4)},
    [I010_202] = {"I010/202", FIXED(4)},    [I010_161] = {"I010/161", FIXED(2)},
    [I010_170] = {"I010/170", EXTENDED},    [I010_060] = {"I010/060", FIXED(2)},
    [I010_220] = {"I010/220", FIXED(3)},    [I010_245] = {"I010/245", FIXED(7)},
    [I010_250] = {"I010/250", REPEATED(8)}, [I010_300] = {"I010/300", FIXED(1)},
    [I010_090] = {"I010/090", FIXED(2)},    [I010_091] = {"I010/091", FIXED(2)},
    [I010_270] = {"I010/270", EXTENDED},    [I010_550] = {"I010/550", FIXED(1)},
    [I010_310] = {"I010/310", FIXED(1)},    [I010_500] = {"I010/500", FIXED(4)},
    [I010_280] = {"I010/280", REPEATED(2)}, [I010_131] = {"I010/131", FIXED(1)},
    [I010_210] = {"I010/210", FIXED(2)},    [I010_SP] = {"I010/SP", EXPLICIT},
    [I010_RE] = {"I010/RE", EXPLICIT},
};

static const struct sky_uap_item uap_015[I015_COUNT] = {
    [I015_010] = {"I015/010", FIXED(2)},
    [I015_000] = {"I015/000", FIXED(1)},
    [I015_015] = {"I015/015", FIXED(1)},
    [I015_020] = {"I015/020", EXTENDED},
    [I015_030] = {"I015/030", EXTENDED},
    [I015_145] = {"I015/145", FIXED(3)},
    [I015_161] = {"I015/161", FIXED(2)},
    [I015_170] = {"I015/170", EXTENDED},
    [I015_050] = {"I015/050", FIXED(2)},
    [I015_270] = {"I015/270", COMPOUND(SIZE_015_270)},
    [I015_300] = {"I015/300", REPEATED(2)},
    [I015_400] = {"I015/400", FIXED(5)},
    [I015_600] = {"I015/600", COMPOUND(PLACE_015_600)},
    [I015_601] = {"I015/601", COMPOUND(HEIGHT_015_601)},
    [I015_602] = {"I015/602", COMPOUND(VELOCITY_015_602)},
    [I015_603] = {"I015/603", COMPOUND(ACCELERATION_015_603)},
    [I015_604] = {"I015/604", COMPOUND(CLIMB_015_604)},
    [I015_605] = {"I015/605", COMPOUND(CLIMBING_015_605)},
    [I015_480] = {"I015/480", REPEATED(5)},
    [I015_625] = {"I015/625", COMPOUND(RANGE_015_625)},
    [I015_626] = {"I015/626", COMPOUND(DOPPLER_015_626)},
    [I015_627] = {"I015/627", COMPOUND(ANGLE_015_627)},
    [I015_628] = {"I015/628", COMPOUND(ANGLE_015_627)},
    [I015_630] = {"I015/630", COMPOUND(QUALITY_015_630)},
    [I015_631] = {"I015/631", REPEATED(8)},
    [I015_SP] = {"I015/SP", EXPLICIT},
};

static struct sky_uap uap_of_021(enum sky_asterix_021 edition)
{
    switch (edition) {
    case SKY_ASTERIX_021_ED_2_2:
        break;
    case SKY_ASTERIX_021_ED_2_1:
        return (struct sky_uap){I021_COUNT, uap_021_ed_2_1};
    case SKY_ASTERIX_021_ED_0_26:
        return (struct sky_uap){I021_OLD_COUNT, uap_021_ed_0_26};
    case SKY_ASTERIX_021_ED_0_23:
        return (struct sky_uap){I021_OLD_COUNT, uap_021_ed_0_23};
    }
    return (struct sky_uap){I021_COUNT, uap_021};
}

struct sky_uap sky_asterix_uap(uint8_t category, enum sky_asterix_021 edition)
{
    switch (category) {
    case 10:
        return (struct sky_uap){I010_COUNT, uap_010};
    case 15:
        return (struct sky_uap){I015_COUNT, uap_015};
    case 21:
        return uap_of_021(edition);
    case 34:
        return (struct sky_uap){I034_COUNT, uap_034};
    case 48:
        return (struct sky_uap){I048_COUNT, uap_048};
    case 62:
        return (struct sky_uap){I062_COUNT, uap_062};
    default:
        return (struct sky_uap){0, NULL};
    }
}

/* Groups of so many octets up to and with the first whose lowest bit is clear; 0: no such end. */
static size_t extended_bytes(const uint8_t *bytes, size_t left, size_t group)
{
    for (size_t end = group; end <= left; end += group) {
        if ((bytes[end - 1] & 1) == 0) {
            return end;
        }
    }
    return 0;
}

/* Size of a count and what it counts; 0 if the bytes end before the count. May exceed them. */
static size_t repeated_bytes(const uint8_t *bytes, size_t left, size_t each)
{
    return left > 0 ? 1 + (size_t)bytes[0] * each : 0;
}

/* Size of a subfield that is not fixed; 0 if its end is not there. May exceed what is left. */
static size_t subfield_bytes(unsigned form, const uint8_t *bytes, size_t left)
{
    if ((form & REPEATED_SUBFIELD) != 0) {
        return repeated_bytes(bytes, left, form & 0x7F);
    }
    return extended_bytes(bytes, left, 1);
}

/* The place, 0 to 6, of the first bit that is set in an octet. Pre: one is. */
static inline unsigned first_of(unsigned octet) { return (unsigned)__builtin_clz(octet) - 24; }

/* Size of the first so many subfields and what says which there are; 0 if they do not fit. */
static size_t compound_bytes(const uint8_t *sizes, const uint8_t *bytes, size_t left, size_t first)
{
    const size_t octets = extended_bytes(bytes, left, 1);
    size_t at = octets;
    for (size_t octet = 0, base = 0; octet < octets; octet++, base += 7) {
        for (unsigned bits = bytes[octet] & 0xFEU; bits != 0;) {
            const unsigned i = first_of(bits);
            if (base + i >= first) {
                return at;
            }
            const unsigned form = base + i < SKY_UAP_SUBFIELDS_MAX ? sizes[base + i] : 0;
            const size_t size =
                form < EXTENDED_SUBFIELD ? form : subfield_bytes(form, bytes + at, left - at);
            if (size == 0 || size > left - at) {
                return 0;
            }
            at += size;
            bits &= ~(0x80U >> i);
        }
    }
    return at;
}

/* Size of an item that is not fixed and begins at bytes; 0 if its end is not there. May exceed. */
static size_t item_bytes(const struct sky_uap_item *item, const uint8_t *bytes, size_t left)
{
    switch ((enum sky_uap_form)item->form) {
    case SKY_UAP_EXTENDED:
        return extended_bytes(bytes, left, item->bytes);
    case SKY_UAP_ONCE_MORE:
        return left > 0 ? 1 + (size_t)(bytes[0] & 1) : 0;
    case SKY_UAP_REPEATED:
        return repeated_bytes(bytes, left, item->bytes);
    case SKY_UAP_EXPLICIT:
        return left > 0 ? bytes[0] : 0;
    case SKY_UAP_COMPOUND:
        return compound_bytes(subfield_sizes[item->bytes], bytes, left, SIZE_MAX);
    case SKY_UAP_ABSENT:
    case SKY_UAP_FIXED: /* never comes here */
        break;
    }
    return 0;
}

static size_t refuse(const char *item, size_t offset, const char **ret_item, size_t *ret_offset)
{
    *ret_item = item;
    *ret_offset = offset;
    return 0;
}

size_t sky_asterix_uap_find(const struct sky_uap *uap, const uint8_t *bytes, size_t left,
                            struct sky_uap_found *ret_found, const char **ret_item,
                            size_t *ret_offset)
{
    const size_t fspec_bytes = extended_bytes(bytes, left, 1);
    size_t at = fspec_bytes;

    ret_found->record = bytes;
    for (size_t octet = 0, base = 0; octet < fspec_bytes; octet++, base += 7) {
        for (unsigned bits = bytes[octet] & 0xFEU; bits != 0;) {
            const unsigned i = first_of(bits);
            const size_t index = base + i;
            if (index >= uap->count) {
                return refuse("FSPEC", 0, ret_item, ret_offset);
            }
            const struct sky_uap_item *const item = &uap->item[index];
            const size_t size =
                item->form == SKY_UAP_FIXED ? item->bytes : item_bytes(item, bytes + at, left - at);
            if (size == 0 || size > left - at) {
                const bool absent = item->form == SKY_UAP_ABSENT;
                return refuse(absent ? "FSPEC" : item->name, absent ? 0 : at, ret_item, ret_offset);
            }
            ret_found->at[index] = (uint16_t)at;
            at += size;
            bits &= ~(0x80U >> i);
        }
    }
    return at > fspec_bytes ? at : refuse("FSPEC", 0, ret_item, ret_offset);
}

const uint8_t *sky_asterix_uap_subfield(const struct sky_uap *uap,
                                        const struct sky_uap_found *found, size_t index,
                                        size_t subfield)
{
    const uint8_t *const item = sky_asterix_uap_item(found, index);
    const size_t octet = (subfield - 1) / 7;
    if (!item || extended_bytes(item, SIZE_MAX, 1) <= octet ||
        (item[octet] & (0x80U >> (subfield - 1) % 7)) == 0) {
        return NULL;
    }
    const uint8_t *const sizes = subfield_sizes[uap->item[index].bytes];
    return item + compound_bytes(sizes, item, SIZE_MAX, subfield - 1);
}
