#include "sky_regmap.h"

#include <string.h>

#include "sky_math.h"

static const double rad_per_deg = SKY_PI / 180.0;

/* ---- the text ---- */

struct slice {
    const char *at;
    size_t count;
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static struct slice trim(struct slice text)
{
    while (text.count > 0 && is_blank(text.at[0])) {
        text.at++;
        text.count--;
    }
    while (text.count > 0 && is_blank(text.at[text.count - 1])) {
        text.count--;
    }
    return text;
}

/* Characters before the first of a kind; all, if there is none. */
static size_t count_before(struct slice text, char wanted)
{
    size_t count = 0;
    while (count < text.count && text.at[count] != wanted) {
        count++;
    }
    return count;
}

static bool is_word(struct slice text, const char *word)
{
    size_t i = 0;
    while (i < text.count && word[i] == text.at[i] && word[i] != '\0') {
        i++;
    }
    return i == text.count && word[i] == '\0';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits into *number, at most 15 of them, counting those behind the point. */
static bool take_digits(struct slice *text, int64_t *number, int *figures, int *behind)
{
    bool any = false;
    while (text->count > 0 && is_digit(text->at[0])) {
        if (++*figures > 15) {
            return false;
        }
        *number = 10 * *number + (text->at[0] - '0');
        *behind += 1;
        any = true;
        text->at++;
        text->count--;
    }
    return any;
}

static bool take_sign(struct slice *text)
{
    const bool minus = text->count > 0 && text->at[0] == '-';
    if (minus) {
        text->at++;
        text->count--;
    }
    return minus;
}

/* A whole number or a decimal fraction of 15 figures: exact before one division. */
static bool real_of(struct slice text, double *ret_value)
{
    int64_t number = 0;
    int figures = 0, behind = 0;
    const bool minus = take_sign(&text);
    if (!take_digits(&text, &number, &figures, &behind)) {
        return false;
    }
    behind = 0;
    if (text.count > 0 && text.at[0] == '.') {
        text.at++;
        text.count--;
        if (!take_digits(&text, &number, &figures, &behind)) {
            return false;
        }
    }
    if (text.count > 0) {
        return false;
    }
    double divisor = 1.0;
    for (; behind > 0; behind--) {
        divisor *= 10.0;
    }
    *ret_value = (double)(minus ? -number : number) / divisor + 0.0;
    return true;
}

static bool whole_of(struct slice text, int64_t low, int64_t high, int64_t *ret_value)
{
    int64_t number = 0;
    int figures = 0, behind = 0;
    const bool minus = take_sign(&text);
    if (!take_digits(&text, &number, &figures, &behind) || text.count > 0) {
        return false;
    }
    number = minus ? -number : number;
    if (number < low || number > high) {
        return false;
    }
    *ret_value = number;
    return true;
}

static bool count_of(struct slice text, int64_t low, int64_t high, uint32_t *ret_value)
{
    int64_t number = 0;
    if (!whole_of(text, low, high, &number)) {
        return false;
    }
    *ret_value = (uint32_t)number;
    return true;
}

static bool name_of(struct slice text, char ret_name[SKY_NAME_MAX])
{
    if (text.count == 0 || text.count >= SKY_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.count; i++) {
        if (text.at[i] <= ' ' || text.at[i] > '~') {
            return false;
        }
    }
    memset(ret_name, 0, SKY_NAME_MAX);
    memcpy(ret_name, text.at, text.count);
    return true;
}

/* Which of the words it is, from 1; 0: none. */
static uint32_t choice_of(struct slice text, const char *const *word, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (is_word(text, word[i])) {
            return i + 1;
        }
    }
    return 0;
}

/* ---- keys ---- */

enum key {
    KEY_KIND = 1,
    KEY_FUNCTION,
    KEY_FIRST,
    KEY_COUNT,
    KEY_TARGETS,
    KEY_IDENTITY,
    KEY_AT,
    KEY_STRIDE,
    KEY_TYPE,
    KEY_ORDER,
    KEY_SHIFT,
    KEY_BITS,
    KEY_UNAVAILABLE,
    KEY_SCALE,
    KEY_OFFSET
};

static const char *const key_words[] = {"kind",     "function", "first",       "count", "targets",
                                        "identity", "at",       "stride",      "type",  "order",
                                        "shift",    "bits",     "unavailable", "scale", "offset"};
static const char *const role_words[] = {
    "range_m", "azimuth_deg", "elevation_deg", "radial_speed_mps", "rcs_dbsm", "snr_db",
    "number",  "age_ms",      "valid",         "target_count",     "sequence"};
static const char *const type_words[] = {"u16", "s16", "u32", "s32", "f32", "index"};
static const char *const kind_words[] = {"radar", "instrument"};
static const char *const order_words[] = {"high", "low"};

/* A parse under way. */
struct parse {
    struct sky_regmap map;
    bool in_map; /* under [map]; else under the latest field, if there is one */
    bool map_seen;
    uint32_t set;     /* bits of enum key, under the present heading ... */
    uint32_t map_set; /* ... and under [map] */
};

static const char *take_map_key(struct parse *parse, enum key key, struct slice value)
{
    struct sky_regmap *const map = &parse->map;
    bool good = false;
    uint32_t kind = 0;
    switch (key) {
    case KEY_KIND:
        kind = choice_of(value, kind_words, 2);
        map->is_radar = kind == 1;
        return kind != 0 ? NULL : "kind is neither radar nor instrument";
    case KEY_FUNCTION:
        good = count_of(value, 3, 4, &map->function);
        return good ? NULL : "function is neither 3 nor 4";
    case KEY_FIRST:
        good = count_of(value, 0, 65535, &map->first);
        return good ? NULL : "first is no register from 0 to 65535";
    case KEY_COUNT:
        good = count_of(value, 1, SKY_REGMAP_WORDS_MAX, &map->count);
        return good ? NULL : "count is no number from 1 to 1000";
    case KEY_TARGETS:
        good = count_of(value, 1, SKY_REGMAP_TARGETS_MAX, &map->targets);
        return good ? NULL : "targets is no number from 1 to 64";
    case KEY_IDENTITY:
        return name_of(value, map->identity) ? NULL : "identity is no word of 1 to 31 characters";
    case KEY_AT:
    case KEY_STRIDE:
    case KEY_TYPE:
    case KEY_ORDER:
    case KEY_SHIFT:
    case KEY_BITS:
    case KEY_UNAVAILABLE:
    case KEY_SCALE:
    case KEY_OFFSET:
        break;
    }
    return "a key of a field stands under [map]";
}

static const char *take_field_key(struct sky_regmap_field *field, enum key key, struct slice value)
{
    bool good = false;
    uint32_t choice = 0;
    switch (key) {
    case KEY_AT:
        field->has_at = count_of(value, 0, 65535, &field->at);
        return field->has_at ? NULL : "at is no register from 0 to 65535";
    case KEY_STRIDE:
        good = count_of(value, 0, SKY_REGMAP_WORDS_MAX, &field->stride);
        return good ? NULL : "stride is no number from 0 to 1000";
    case KEY_TYPE:
        choice = choice_of(value, type_words, SKY_REGMAP_INDEX);
        field->type = (enum sky_regmap_type)choice;
        return choice != 0 ? NULL : "type is none of u16, s16, u32, s32, f32 and index";
    case KEY_ORDER:
        choice = choice_of(value, order_words, 2);
        field->low_first = choice == 2;
        return choice != 0 ? NULL : "order is neither high nor low";
    case KEY_SHIFT:
        good = count_of(value, 0, 31, &field->shift);
        return good ? NULL : "shift is no number from 0 to 31";
    case KEY_BITS:
        good = count_of(value, 1, 32, &field->bits);
        return good ? NULL : "bits is no number from 1 to 32";
    case KEY_UNAVAILABLE:
        field->has_unavailable =
            whole_of(value, INT32_MIN, (int64_t)UINT32_MAX, &field->unavailable);
        return field->has_unavailable ? NULL : "unavailable is no whole number of 32 bits";
    case KEY_SCALE:
        return real_of(value, &field->scale) ? NULL : "scale is no decimal number";
    case KEY_OFFSET:
        return real_of(value, &field->offset) ? NULL : "offset is no decimal number";
    case KEY_KIND:
    case KEY_FUNCTION:
    case KEY_FIRST:
    case KEY_COUNT:
    case KEY_TARGETS:
    case KEY_IDENTITY:
        break;
    }
    return "a key of [map] stands under a field";
}

static const char *open_heading(struct parse *parse, struct slice name, int line)
{
    struct sky_regmap *const map = &parse->map;
    struct sky_regmap_field field = {
        .line = line, .role = SKY_REGMAP_READING, .type = SKY_REGMAP_U16, .scale = 1.0};
    parse->set = 0;
    parse->in_map = is_word(name, "map");
    if (parse->in_map) {
        const bool twice = parse->map_seen;
        parse->map_seen = true;
        return twice ? "[map] stands there twice" : NULL;
    }
    if (!name_of(name, field.name)) {
        return "a heading is no word of 1 to 31 characters";
    }
    if (map->field_count == SKY_REGMAP_FIELDS_MAX) {
        return "more than 32 fields";
    }
    for (uint32_t i = 0; i < map->field_count; i++) {
        if (is_word(name, map->field[i].name)) {
            return "a field stands there twice";
        }
    }
    const uint32_t role = choice_of(name, role_words, SKY_REGMAP_SEQUENCE);
    field.role = role != 0 ? (enum sky_regmap_role)role : SKY_REGMAP_READING;
    map->field[map->field_count++] = field;
    return NULL;
}

static const char *take_pair(struct parse *parse, struct slice name, struct slice value)
{
    const enum key key = (enum key)choice_of(name, key_words, KEY_OFFSET);
    const uint32_t bit = 1U << key;
    if (key == 0) {
        return "unknown key";
    }
    if ((parse->set & bit) != 0) {
        return "a key stands there twice";
    }
    parse->set |= bit;
    if (parse->in_map) {
        parse->map_set |= bit;
        return take_map_key(parse, key, value);
    }
    if (parse->map.field_count == 0) {
        return "a key stands before any heading";
    }
    return take_field_key(&parse->map.field[parse->map.field_count - 1], key, value);
}

static struct slice without_comment(struct slice line)
{
    line.count = count_before(line, ';');
    line.count = count_before(line, '#');
    return trim(line);
}

static const char *take_line(struct parse *parse, struct slice line, int number)
{
    line = without_comment(line);
    if (line.count == 0) {
        return NULL;
    }
    if (line.at[0] == '[') {
        if (line.at[line.count - 1] != ']') {
            return "a heading does not end in ]";
        }
        return open_heading(parse, trim((struct slice){line.at + 1, line.count - 2}), number);
    }
    const size_t before = count_before(line, '=');
    if (before == line.count) {
        return "neither a heading nor key = value";
    }
    return take_pair(parse, trim((struct slice){line.at, before}),
                     trim((struct slice){line.at + before + 1, line.count - before - 1}));
}

/* ---- the whole ---- */

static bool is_per_target(const struct sky_regmap_field *field)
{
    return field->role <= SKY_REGMAP_VALID;
}

static uint32_t words_of(const struct sky_regmap_field *field)
{
    return field->type == SKY_REGMAP_U16 || field->type == SKY_REGMAP_S16 ? 1 : 2;
}

static const char *judge_field(const struct sky_regmap *map, const struct sky_regmap_field *field)
{
    if (is_per_target(field) && !map->is_radar) {
        return "an instrument has no targets";
    }
    if (field->type == SKY_REGMAP_INDEX) {
        return is_per_target(field) ? NULL : "only what each target has can be its index";
    }
    if (!field->has_at) {
        return "at is missing";
    }
    const uint32_t repeats = is_per_target(field) ? map->targets - 1 : 0;
    const uint32_t last = field->at + repeats * field->stride + words_of(field);
    if (field->at < map->first || last > map->first + map->count) {
        return "its registers lie outside the read";
    }
    return field->bits + field->shift > 16 * words_of(field) ? "more bits than there are" : NULL;
}

static enum sky_status refuse(struct sky_regmap_fault *ret_fault, int line, const char *what)
{
    *ret_fault = (struct sky_regmap_fault){.line = line, .what = what};
    return SKY_E_CORRUPT;
}

static const char *judge_map(const struct parse *parse)
{
    const struct sky_regmap *const map = &parse->map;
    const uint32_t needed = 1U << KEY_KIND | 1U << KEY_FIRST | 1U << KEY_COUNT;
    if ((parse->map_set & needed) != needed) {
        return "kind, first or count is missing in [map]";
    }
    if (map->first + map->count > 65536) {
        return "the read goes beyond register 65535";
    }
    if (map->is_radar && (sky_regmap_find(map, SKY_REGMAP_RANGE) == NULL ||
                          sky_regmap_find(map, SKY_REGMAP_AZIMUTH) == NULL)) {
        return "a radar needs range_m and azimuth_deg";
    }
    return map->field_count == 0 ? "no fields" : NULL;
}

static enum sky_status finish(const struct parse *parse, struct sky_regmap_fault *ret_fault)
{
    const char *wrong = judge_map(parse);
    if (wrong != NULL) {
        return refuse(ret_fault, 0, wrong);
    }
    for (uint32_t i = 0; i < parse->map.field_count; i++) {
        wrong = judge_field(&parse->map, &parse->map.field[i]);
        if (wrong != NULL) {
            return refuse(ret_fault, parse->map.field[i].line, wrong);
        }
    }
    return SKY_OK;
}

enum sky_status sky_regmap_parse(const char *text, size_t count, struct sky_regmap *ret_map,
                                 struct sky_regmap_fault *ret_fault)
{
    struct parse parse = {.map = {.function = 4, .targets = 1}};
    int line = 0;
    if (count > SKY_REGMAP_TEXT_MAX) {
        return refuse(ret_fault, 0, "longer than 8192 bytes");
    }
    for (size_t from = 0; from < count;) {
        const struct slice rest = {text + from, count - from};
        const size_t length = count_before(rest, '\n');
        const char *const wrong = take_line(&parse, (struct slice){rest.at, length}, ++line);
        if (wrong != NULL) {
            return refuse(ret_fault, line, wrong);
        }
        from += length + 1;
    }
    const enum sky_status status = finish(&parse, ret_fault);
    if (status == SKY_OK) {
        *ret_map = parse.map;
    }
    return status;
}

const struct sky_regmap_field *sky_regmap_find(const struct sky_regmap *map,
                                               enum sky_regmap_role role)
{
    for (uint32_t i = 0; i < map->field_count; i++) {
        if (map->field[i].role == role) {
            return &map->field[i];
        }
    }
    return NULL;
}

/* ---- values ---- */

static uint32_t word_at(const uint8_t *bytes, size_t word)
{
    return (uint32_t)bytes[2 * word] << 8 | bytes[2 * word + 1];
}

static int64_t sign_extended(uint32_t raw, uint32_t bits)
{
    const int64_t value = raw;
    const int64_t half = INT64_C(1) << (bits - 1);
    return value >= half ? value - 2 * half : value;
}

/* What the registers hold, before it is cut. */
static uint32_t raw_of(const struct sky_regmap_field *field, const uint8_t *bytes, size_t word)
{
    if (words_of(field) == 1) {
        return word_at(bytes, word);
    }
    const uint32_t first = word_at(bytes, word);
    const uint32_t second = word_at(bytes, word + 1);
    return field->low_first ? second << 16 | first : first << 16 | second;
}

static bool is_unavailable(const struct sky_regmap_field *field, uint32_t raw)
{
    const uint32_t mask = words_of(field) == 1 ? 0xFFFFU : UINT32_MAX;
    return field->has_unavailable && ((uint32_t)field->unavailable & mask) == raw;
}

static double number_of(const struct sky_regmap_field *field, uint32_t raw)
{
    float real = 0.0F;
    if (field->type == SKY_REGMAP_F32) {
        memcpy(&real, &raw, sizeof real);
        return (double)real;
    }
    const uint32_t bits = field->bits != 0 ? field->bits : 16 * words_of(field) - field->shift;
    const uint32_t cut = raw >> field->shift & (uint32_t)((UINT64_C(1) << bits) - 1);
    const bool is_signed = field->type == SKY_REGMAP_S16 || field->type == SKY_REGMAP_S32;
    return is_signed ? (double)sign_extended(cut, bits) : (double)cut;
}

bool sky_regmap_value(const struct sky_regmap *map, const struct sky_regmap_field *field,
                      const uint8_t *bytes, size_t target, double *ret_value)
{
    double number = (double)target;
    if (field->type != SKY_REGMAP_INDEX) {
        const size_t word =
            field->at - map->first + (is_per_target(field) ? target : 0) * field->stride;
        const uint32_t raw = raw_of(field, bytes, word);
        if (is_unavailable(field, raw)) {
            return false;
        }
        number = number_of(field, raw);
    }
    const double value = number * field->scale + field->offset + 0.0;
    if (!sky_is_finite(value)) {
        return false;
    }
    *ret_value = value;
    return true;
}

/* ---- plots ---- */

/* One field of a target; false if the map has none or it is not available. */
static bool has(const struct sky_regmap *map, enum sky_regmap_role role, const uint8_t *bytes,
                size_t target, double *ret_value)
{
    const struct sky_regmap_field *const field = sky_regmap_find(map, role);
    return field != NULL && sky_regmap_value(map, field, bytes, target, ret_value);
}

static bool is_between(double value, double low, double high)
{
    return value >= low && value <= high;
}

static void take_extras(const struct sky_regmap *map, const uint8_t *bytes, size_t target,
                        struct sky_plot *plot)
{
    double value = 0.0;
    if (has(map, SKY_REGMAP_RADIAL_SPEED, bytes, target, &plot->radial_speed_mps)) {
        plot->has |= SKY_PLOT_RADIAL_SPEED;
    }
    if (has(map, SKY_REGMAP_RCS, bytes, target, &plot->rcs_dbsm)) {
        plot->has |= SKY_PLOT_RCS;
    }
    if (has(map, SKY_REGMAP_SNR, bytes, target, &plot->snr_db)) {
        plot->has |= SKY_PLOT_SNR;
    }
    if (has(map, SKY_REGMAP_NUMBER, bytes, target, &value) &&
        is_between(value, 0.0, 4294967295.0)) {
        plot->has |= SKY_PLOT_SENSOR_TRACK;
        plot->sensor_track = (uint32_t)value;
    }
}

/* NULL, or what cannot be. */
static const char *place_plot(struct sky_plot *plot, double range_m, double azimuth_deg,
                              double elevation_deg, double age_ms)
{
    if (!is_between(range_m, 0.0, 1e6)) {
        return "target.range";
    }
    if (!is_between(azimuth_deg, -360.0, 360.0)) {
        return "target.azimuth";
    }
    if (!is_between(elevation_deg, -90.0, 90.0)) {
        return "target.elevation";
    }
    if (!is_between(age_ms, 0.0, 600e3)) {
        return "target.age";
    }
    const double azimuth_rad = azimuth_deg * rad_per_deg;
    const double turned_rad = azimuth_rad < 0.0 ? azimuth_rad + 2.0 * SKY_PI : azimuth_rad;
    plot->slant_range_m = range_m;
    plot->azimuth_rad = turned_rad < 2.0 * SKY_PI ? turned_rad : 0.0;
    plot->elevation_rad = elevation_deg * rad_per_deg + 0.0;
    plot->time_kind = SKY_TIME_ARRIVAL;
    plot->time_value_ns = (int64_t)(age_ms * 1e6);
    return NULL;
}

/* False if there is nothing to be said of that target. */
static bool take_target(const struct sky_regmap *map, const uint8_t *bytes, size_t target,
                        struct sky_plot *plot, const char **ret_wrong)
{
    double range_m = 0.0, azimuth_deg = 0.0, elevation_deg = 0.0, age_ms = 0.0, valid = 1.0;
    if (sky_regmap_find(map, SKY_REGMAP_VALID) != NULL &&
        (!has(map, SKY_REGMAP_VALID, bytes, target, &valid) || valid == 0.0)) {
        return false;
    }
    if (!has(map, SKY_REGMAP_RANGE, bytes, target, &range_m) ||
        !has(map, SKY_REGMAP_AZIMUTH, bytes, target, &azimuth_deg)) {
        return false;
    }
    if (has(map, SKY_REGMAP_ELEVATION, bytes, target, &elevation_deg)) {
        plot->has |= SKY_PLOT_ELEVATION;
    }
    (void)has(map, SKY_REGMAP_AGE, bytes, target, &age_ms);
    *ret_wrong = place_plot(plot, range_m, azimuth_deg, elevation_deg, age_ms);
    if (*ret_wrong == NULL) {
        take_extras(map, bytes, target, plot);
    }
    return true;
}

static enum sky_status refuse_block(const char *item, uint32_t offset, const char **ret_item,
                                    uint32_t *ret_offset)
{
    *ret_item = item;
    *ret_offset = offset;
    return SKY_E_CORRUPT;
}

enum sky_status sky_regmap_plots(const struct sky_regmap *map, const uint8_t *bytes, size_t count,
                                 uint32_t sensor, struct sky_plot ret_plot[SKY_REGMAP_TARGETS_MAX],
                                 size_t *ret_count, const char **ret_item, uint32_t *ret_offset)
{
    double targets = (double)map->targets;
    size_t plots = 0;
    if (count != 2 * (size_t)map->count) {
        return refuse_block("block.length", (uint32_t)(count / 2), ret_item, ret_offset);
    }
    (void)has(map, SKY_REGMAP_TARGET_COUNT, bytes, 0, &targets);
    if (!is_between(targets, 0.0, (double)map->targets)) {
        const struct sky_regmap_field *const field = sky_regmap_find(map, SKY_REGMAP_TARGET_COUNT);
        return refuse_block("target.count", field->at - map->first, ret_item, ret_offset);
    }
    for (size_t i = 0; i < (size_t)targets; i++) {
        struct sky_plot plot = {.sensor = sensor};
        const char *wrong = NULL;
        if (take_target(map, bytes, i, &plot, &wrong)) {
            ret_plot[plots++] = plot;
        }
        if (wrong != NULL) {
            return refuse_block(wrong, (uint32_t)i, ret_item, ret_offset);
        }
    }
    *ret_count = plots;
    return SKY_OK;
}
