#include "skyh_limit.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char skyh_limit_expected[] =
    "GND (a floor), UNL (a ceiling), FL95, or a height such as 3500ft AMSL, 150m AGL, 900m HAE";

/* Skips spaces and takes a word without regard to case, if it is there and no letter follows. */
static bool take_word(const char **at, const char *word)
{
    const size_t length = strlen(word);
    const char *const from = *at + strspn(*at, " \t");
    if (strncasecmp(from, word, length) != 0 || isalpha((unsigned char)from[length]) != 0) {
        return false;
    }
    *at = from + length;
    return true;
}

static bool take_one(const char **at, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (take_word(at, words[i])) {
            return true;
        }
    }
    return false;
}

static bool ends(const char *at) { return at[strspn(at, " \t\r\n")] == '\0'; }

static bool take_datum(const char **at, enum sky_datum *ret_datum)
{
    static const char *const amsl[] = {"AMSL", "MSL", "ASL"};
    static const char *const agl[] = {"AGL", "GND", "SFC", "ASFC"};
    static const char *const hae[] = {"HAE", "WGS84"};
    if (take_one(at, amsl, 3)) {
        *ret_datum = SKY_DATUM_AMSL;
    } else if (take_one(at, agl, 4)) {
        *ret_datum = SKY_DATUM_AGL;
    } else if (take_one(at, hae, 2)) {
        *ret_datum = SKY_DATUM_HAE;
    } else if (take_word(at, "STD")) {
        *ret_datum = SKY_DATUM_STD;
    } else {
        return false;
    }
    return true;
}

bool skyh_limit_datum(const char *name, enum sky_datum *ret_datum)
{
    enum sky_datum datum = SKY_DATUM_HAE;
    const char *at = name;
    if (!take_datum(&at, &datum) || !ends(at)) {
        return false;
    }
    *ret_datum = datum;
    return true;
}

/* A number as people write heights: digits, perhaps with a fraction or a sign; no exponent. */
static bool take_number(const char **at, double *ret_number)
{
    const char *const from = *at + strspn(*at, " \t");
    const size_t length = strspn(from, "+-.0123456789");
    char digits[32];
    char *end = NULL;
    if (length == 0 || length >= sizeof digits) {
        return false;
    }
    memcpy(digits, from, length);
    digits[length] = '\0';
    const double number = strtod(digits, &end);
    if (*end != '\0' || fabs(number) > 1e6) {
        return false;
    }
    *at = from + length;
    *ret_number = number;
    return true;
}

struct sky_limit skyh_limit_of(double height_m, enum sky_datum datum, bool is_ceiling)
{
    const bool is_surface = !is_ceiling && datum == SKY_DATUM_AGL && !(height_m > 0.0);
    return is_surface ? (struct sky_limit){.unlimited = true, .datum = SKY_DATUM_HAE}
                      : (struct sky_limit){.height_m = height_m, .datum = datum};
}

bool skyh_limit_is_upside_down(const struct sky_limit *floor, const struct sky_limit *ceiling)
{
    return !floor->unlimited && !ceiling->unlimited && floor->datum == ceiling->datum &&
           floor->height_m >= ceiling->height_m;
}

bool skyh_limit_parse(const char *text, bool is_ceiling, struct sky_limit *ret_limit)
{
    static const char *const ground[] = {"GND", "SFC"};
    static const char *const without_end[] = {"UNLIMITED", "UNLIM", "UNLTD", "UNL"};
    static const char *const feet[] = {"ft", "feet", "f"};
    static const char *const metres[] = {"m", "meters", "metres"};
    const char *at = text;
    double number = 0.0, unit_m = SKYH_LIMIT_FOOT_M;
    enum sky_datum datum = SKY_DATUM_AMSL;
    if (is_ceiling ? take_one(&at, without_end, 4) : take_one(&at, ground, 2)) {
        if (ends(at)) {
            *ret_limit = (struct sky_limit){.unlimited = true, .datum = SKY_DATUM_HAE};
        }
        return ends(at);
    }
    const char *const from = at + strspn(at, " \t");
    if (strncasecmp(from, "FL", 2) == 0) {
        at = from + 2;
        if (!take_number(&at, &number) || !ends(at)) {
            return false;
        }
        *ret_limit = skyh_limit_of(number * 100.0 * SKYH_LIMIT_FOOT_M, SKY_DATUM_STD, is_ceiling);
        return true;
    }
    if (!take_number(&at, &number)) {
        return false;
    }
    if (take_one(&at, metres, 3)) {
        unit_m = 1.0;
    } else {
        (void)take_one(&at, feet, 3);
    }
    if ((!take_datum(&at, &datum) && !ends(at)) || !ends(at)) {
        return false;
    }
    *ret_limit = skyh_limit_of(number * unit_m, datum, is_ceiling);
    return true;
}
