/**
 * sky_asterix_uap: which items an ASTERIX record of a category may hold, and where each one ends.
 *
 * A record has no length of its own, so the size of every item must be known, used or not. Sizes
 * follow the user application profiles of EUROCONTROL-SPEC-0149: part 2b (category 034, ed. 1.27 to
 * 1.29), 4 (048, 1.27 to 1.32), 7 (010, 1.1), 9 (062, 1.16 to 1.21), 12 (021, 0.23, 0.26 and 2.1 to
 * 2.7) and 29 (015, 1.0 to 1.2). Within these ranges only category 021 differs.
 */
#ifndef SKY_ASTERIX_UAP_H
#define SKY_ASTERIX_UAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sky_config.h"

enum {
    SKY_UAP_ITEMS_MAX = 49,    /* of category 021, in seven octets of field specification */
    SKY_UAP_SUBFIELDS_MAX = 35 /* in five octets, the most that I062/295 needs */
};

/** How an item says where it ends. */
enum sky_uap_form {
    SKY_UAP_ABSENT = 0, /* a spare place of the profile: a record that names it is none of it */
    SKY_UAP_FIXED,      /* always `bytes` */
    SKY_UAP_EXTENDED,   /* groups of `bytes`; the lowest bit of each says that another follows */
    SKY_UAP_ONCE_MORE,  /* one octet whose lowest bit says that a second, last one follows */
    SKY_UAP_REPEATED,   /* a count, then that many times `bytes` */
    SKY_UAP_EXPLICIT,   /* its first octet is its length, itself included */
    SKY_UAP_COMPOUND /* an extended octet that says which subfields of `bytes`, an index, follow */
};

/* The name is kept inside: a table of pointers would be data to relocate, not constant. */
struct sky_uap_item {
    char name[9];
    uint8_t form; /* sky_uap_form */
    uint8_t bytes;
};

/** The items of one category, in the order of their field reference numbers. */
struct sky_uap {
    size_t count;
    const struct sky_uap_item *item;
};

/** Items of category 048; the value is the field reference number less one. So below. */
enum sky_uap_048 {
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

enum sky_uap_034 {
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

enum sky_uap_062 {
    I062_010,
    I062_015 = 2,
    I062_070,
    I062_105,
    I062_100,
    I062_185,
    I062_210,
    I062_060,
    I062_245,
    I062_380,
    I062_040,
    I062_080,
    I062_290,
    I062_200,
    I062_295,
    I062_136,
    I062_130,
    I062_135,
    I062_220,
    I062_390,
    I062_270,
    I062_300,
    I062_110,
    I062_120,
    I062_510,
    I062_500,
    I062_340,
    I062_RE = 33,
    I062_SP,
    I062_COUNT
};

/** Edition 2. */
enum sky_uap_021 {
    I021_010,
    I021_040,
    I021_161,
    I021_015,
    I021_071,
    I021_130,
    I021_131,
    I021_072,
    I021_150,
    I021_151,
    I021_080,
    I021_073,
    I021_074,
    I021_075,
    I021_076,
    I021_140,
    I021_090,
    I021_210,
    I021_070,
    I021_230,
    I021_145,
    I021_152,
    I021_200,
    I021_155,
    I021_157,
    I021_160,
    I021_165,
    I021_077,
    I021_170,
    I021_020,
    I021_220,
    I021_146,
    I021_148,
    I021_110,
    I021_016,
    I021_008,
    I021_271,
    I021_132,
    I021_250,
    I021_260,
    I021_400,
    I021_295,
    I021_RE = 47,
    I021_SP,
    I021_COUNT
};

/** Category 021 before edition 1: the same names, other places, sizes and meanings. */
enum sky_uap_021_old {
    I021_OLD_010,
    I021_OLD_040,
    I021_OLD_030,
    I021_OLD_130,
    I021_OLD_080,
    I021_OLD_140,
    I021_OLD_090,
    I021_OLD_210,
    I021_OLD_230,
    I021_OLD_145,
    I021_OLD_150,
    I021_OLD_151,
    I021_OLD_152,
    I021_OLD_155,
    I021_OLD_157,
    I021_OLD_160,
    I021_OLD_165,
    I021_OLD_170,
    I021_OLD_095,
    I021_OLD_032,
    I021_OLD_200,
    I021_OLD_020,
    I021_OLD_220,
    I021_OLD_146,
    I021_OLD_148,
    I021_OLD_110,
    I021_OLD_070, /* this and the next only in edition 0.26 */
    I021_OLD_131,
    I021_OLD_RE = 33,
    I021_OLD_SP,
    I021_OLD_COUNT
};

enum sky_uap_010 {
    I010_010,
    I010_000,
    I010_020,
    I010_140,
    I010_041,
    I010_040,
    I010_042,
    I010_200,
    I010_202,
    I010_161,
    I010_170,
    I010_060,
    I010_220,
    I010_245,
    I010_250,
    I010_300,
    I010_090,
    I010_091,
    I010_270,
    I010_550,
    I010_310,
    I010_500,
    I010_280,
    I010_131,
    I010_210,
    I010_SP = 26,
    I010_RE,
    I010_COUNT
};

enum sky_uap_015 {
    I015_010,
    I015_000,
    I015_015,
    I015_020,
    I015_030,
    I015_145,
    I015_161,
    I015_170,
    I015_050,
    I015_270,
    I015_300,
    I015_400,
    I015_600,
    I015_601,
    I015_602,
    I015_603,
    I015_604,
    I015_605,
    I015_480,
    I015_625,
    I015_626,
    I015_627,
    I015_628,
    I015_630,
    I015_631,
    I015_SP,
    I015_COUNT
};

/** Items of a record: where each begins, counted from the record's first byte; 0: not there. */
struct sky_uap_found {
    const uint8_t *record;
    uint16_t at[SKY_UAP_ITEMS_MAX];
};

/** The profile of a category; count 0 if it is not decoded. */
struct sky_uap sky_asterix_uap(uint8_t category, enum sky_asterix_021 edition);

/**
 * Finds the items of the record that begins at bytes, of which left (<= 65535) are in its block.
 * Returns its size and sets ret_found (zero before); or 0 with *ret_item set, "FSPEC" or the item
 * that does not fit, and *ret_offset, where that begins. At least one byte is expected.
 */
size_t sky_asterix_uap_find(const struct sky_uap *uap, const uint8_t *bytes, size_t left,
                            struct sky_uap_found *ret_found, const char **ret_item,
                            size_t *ret_offset);

/** An item of a record, or NULL if it is not there. */
static inline const uint8_t *sky_asterix_uap_item(const struct sky_uap_found *found, size_t index)
{
    return found->at[index] != 0 ? found->record + found->at[index] : NULL;
}

/** A subfield, 1 and up, of a compound item that was found; NULL if either is not there. */
const uint8_t *sky_asterix_uap_subfield(const struct sky_uap *uap,
                                        const struct sky_uap_found *found, size_t index,
                                        size_t subfield);

#endif
