#include "sky_rows.h"

#include <string.h>

#include "sky_math.h"

/* ---- numbers ---- */

/* (-1)^negative * mantissa * 10^exponent, the digits beyond 19 left out. */
struct decimal {
    bool negative;
    uint64_t mantissa;
    int64_t exponent;
};

static const double power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}; /* all exact */
enum { EXACT_MAX = sizeof power_of_ten / sizeof *power_of_ten - 1 };

/* Text that is being read. */
struct cursor {
    const char *at;
    const char *end;
};

static bool takes(struct cursor *cursor, char wanted)
{
    if (cursor->at == cursor->end || *cursor->at != wanted) {
        return false;
    }
    cursor->at++;
    return true;
}

static bool take_sign(struct cursor *cursor)
{
    const bool negative = takes(cursor, '-');
    if (!negative) {
        (void)takes(cursor, '+');
    }
    return negative;
}

static bool take_digit(struct cursor *cursor, uint64_t *ret_digit)
{
    if (cursor->at == cursor->end || *cursor->at < '0' || *cursor->at > '9') {
        return false;
    }
    *ret_digit = (uint64_t)(*cursor->at++ - '0');
    return true;
}

/* Digits of the mantissa, before or behind the point. Returns whether there were any. */
static bool take_digits(struct cursor *cursor, bool behind_point, struct decimal *decimal)
{
    const char *const from = cursor->at;
    uint64_t digit = 0;

    while (take_digit(cursor, &digit)) {
        const bool room = decimal->mantissa < UINT64_C(1000000000000000000); /* 10^18 */
        decimal->mantissa = room ? 10 * decimal->mantissa + digit : decimal->mantissa;
        decimal->exponent += (room ? 0 : 1) - (behind_point ? 1 : 0);
    }
    return cursor->at != from;
}

static bool take_exponent(struct cursor *cursor, struct decimal *decimal)
{
    static const int64_t beyond_all = INT64_C(1000000000000000); /* any text is shorter */
    const bool negative = take_sign(cursor);
    const char *const from = cursor->at;
    int64_t exponent = 0;
    uint64_t digit = 0;

    while (take_digit(cursor, &digit)) {
        exponent = exponent < beyond_all ? 10 * exponent + (int64_t)digit : exponent;
    }
    decimal->exponent += negative ? -exponent : exponent;
    return cursor->at != from;
}

static bool take_decimal(const char *text, size_t count, struct decimal *ret_decimal)
{
    struct cursor cursor = {text, text + count};
    struct decimal decimal = {.negative = take_sign(&cursor)};

    bool any = take_digits(&cursor, false, &decimal);
    if (takes(&cursor, '.')) {
        any = take_digits(&cursor, true, &decimal) || any;
    }
    if (!any) {
        return false;
    }
    if ((takes(&cursor, 'e') || takes(&cursor, 'E')) && !take_exponent(&cursor, &decimal)) {
        return false;
    }
    /* Zeros at the end are no digits that count. */
    while (decimal.mantissa != 0 && decimal.mantissa % 10 == 0) {
        decimal.mantissa /= 10;
        decimal.exponent++;
    }
    *ret_decimal = decimal;
    return cursor.at == cursor.end;
}

/* One correctly rounded operation where mantissa and power are exact; see the header. */
static double to_double(const struct decimal *decimal)
{
    enum { NOTHING_LEFT = 400 }; /* 10^19 / 10^400 is 0, 1 * 10^400 is infinite */
    uint64_t mantissa = decimal->mantissa;
    int64_t left = decimal->exponent;

    while (left > EXACT_MAX && mantissa != 0 && mantissa < UINT64_C(100000000000000)) {
        mantissa *= 10; /* stays below 2^53 */
        left--;
    }
    double value = (double)mantissa;
    left = left > NOTHING_LEFT ? NOTHING_LEFT : left;
    left = left < -NOTHING_LEFT ? -NOTHING_LEFT : left;
    for (; left > EXACT_MAX; left -= EXACT_MAX) {
        value *= power_of_ten[EXACT_MAX];
    }
    for (; left < -EXACT_MAX; left += EXACT_MAX) {
        value /= power_of_ten[EXACT_MAX];
    }
    value = left < 0 ? value / power_of_ten[-left] : value * power_of_ten[left];
    return decimal->negative ? 0.0 - value : value; /* never -0 */
}

bool sky_rows_number(const char *text, size_t count, double *ret_value)
{
    struct decimal decimal;
    if (!take_decimal(text, count, &decimal)) {
        return false;
    }
    const double value = to_double(&decimal);
    if (!sky_is_finite(value)) {
        return false;
    }
    *ret_value = value;
    return true;
}

/* Seconds to nanoseconds, to the nearest; what is beyond them stops at the last. */
static int64_t to_ns(const struct decimal *decimal)
{
    uint64_t ns = decimal->mantissa;
    int64_t left = decimal->exponent + 9;

    for (; left > 0 && ns != 0; left--) {
        if (ns > (uint64_t)INT64_MAX / 10) {
            ns = INT64_MAX;
            break;
        }
        ns *= 10;
    }
    if (left < 0) {
        for (; left < -1 && ns != 0; left++) {
            ns /= 10; /* what goes cannot reach the half */
        }
        ns = (ns + 5) / 10;
    }
    ns = ns < INT64_MAX ? ns : INT64_MAX;
    return decimal->negative ? -(int64_t)ns : (int64_t)ns;
}

static int64_t sum_ns(int64_t a_ns, int64_t b_ns)
{
    if (b_ns > 0 && a_ns > INT64_MAX - b_ns) {
        return INT64_MAX;
    }
    if (b_ns < 0 && a_ns < INT64_MIN - b_ns) {
        return INT64_MIN;
    }
    return a_ns + b_ns;
}

/* ---- rows ---- */

enum column {
    COLUMN_T = 0,
    COLUMN_T_RECV,
    COLUMN_SENSOR,
    COLUMN_RANGE,
    COLUMN_AZIMUTH,
    COLUMN_ELEVATION,
    COLUMN_RADIAL,
    COLUMN_SIGMA_RANGE,
    COLUMN_SIGMA_AZIMUTH,
    COLUMN_SIGMA_ELEVATION,
    COLUMN_SIGMA_RADIAL,
    COLUMNS
};

static const char column_name[COLUMNS][16] = {
    "t",        "t_recv", "sensor",     "range_m",    "az_deg",   "el_deg",
    "rdot_mps", "sig_r",  "sig_az_deg", "sig_el_deg", "sig_rdot",
};

struct field {
    const char *text;
    size_t count;
};

/* A row taken apart; values of columns that are empty are 0. */
struct row {
    struct field field[COLUMNS];
    double value[COLUMNS];
    uint32_t sensor;
};

/* Returns whether there are as many fields as columns; else *ret_offset is where they differ. */
static bool split(const char *text, size_t count, struct row *ret_row, size_t *ret_offset)
{
    size_t fields = 0;
    size_t from = 0;

    for (size_t i = 0; i <= count; i++) {
        if (i < count && text[i] != ',') {
            continue;
        }
        if (fields == COLUMNS) {
            *ret_offset = from;
            return false;
        }
        ret_row->field[fields++] = (struct field){text + from, i - from};
        from = i + 1;
    }
    *ret_offset = count;
    return fields == COLUMNS;
}

static bool is_empty(const struct row *row, enum column column)
{
    return row->field[column].count == 0;
}

static bool may_be_empty(const struct row *row, enum column column)
{
    return column == COLUMN_ELEVATION || column == COLUMN_RADIAL || column == COLUMN_SIGMA_RADIAL ||
           (column == COLUMN_SIGMA_ELEVATION && is_empty(row, COLUMN_ELEVATION));
}

static bool is_named(const struct sky_sensor_config *sensor, const struct field *field)
{
    size_t i = 0;
    while (i < field->count && sensor->name[i] != '\0' && sensor->name[i] == field->text[i]) {
        i++;
    }
    return i == field->count && sensor->name[i] == '\0';
}

/* Returns whether there is one of that name. */
static bool find_sensor(const struct sky_config *config, struct row *row)
{
    for (row->sensor = 0; row->sensor < config->sensor_count; row->sensor++) {
        if (is_named(&config->sensor[row->sensor], &row->field[COLUMN_SENSOR])) {
            return true;
        }
    }
    return false;
}

static enum sky_status read_columns(const struct sky_config *config, struct row *row,
                                    enum column *ret_column)
{
    for (enum column column = COLUMN_T; column < COLUMNS; column++) {
        const struct field *const field = &row->field[column];
        *ret_column = column;
        row->value[column] = 0.0;
        if (column == COLUMN_SENSOR) {
            if (!find_sensor(config, row)) {
                return SKY_E_RANGE;
            }
        } else if (!(is_empty(row, column) && may_be_empty(row, column)) &&
                   !sky_rows_number(field->text, field->count, &row->value[column])) {
            return SKY_E_CORRUPT;
        }
    }
    return SKY_OK;
}

static double radians(double degrees) { return degrees * (SKY_PI / 180.0); }

static double azimuth_of(double degrees)
{
    const double up = degrees < 0.0 ? degrees + 360.0 : degrees;
    return radians(up >= 360.0 ? up - 360.0 : up); /* the last below 360 stays below a turn */
}

static int64_t time_of(const struct field *field, int64_t epoch_ns)
{
    struct decimal t = {0};
    (void)take_decimal(field->text, field->count, &t); /* it was read as a number already */
    return sum_ns(epoch_ns, to_ns(&t));
}

static struct sky_plot plot_of(const struct row *row, int64_t epoch_ns)
{
    struct sky_plot plot = {
        .sensor = row->sensor,
        .has = SKY_PLOT_SIGMAS,
        .time_kind = SKY_TIME_UTC,
        .time_value_ns = time_of(&row->field[COLUMN_T], epoch_ns),
        .time_sigma_ns = SKY_ROWS_TIME_SIGMA_NS,
        .slant_range_m = row->value[COLUMN_RANGE],
        .azimuth_rad = azimuth_of(row->value[COLUMN_AZIMUTH]),
        .sigma_range_m = row->value[COLUMN_SIGMA_RANGE],
        .sigma_azimuth_rad = radians(row->value[COLUMN_SIGMA_AZIMUTH]),
    };
    if (!is_empty(row, COLUMN_ELEVATION)) {
        plot.has |= SKY_PLOT_ELEVATION;
        plot.elevation_rad = radians(row->value[COLUMN_ELEVATION]);
        plot.sigma_elevation_rad = radians(row->value[COLUMN_SIGMA_ELEVATION]);
    }
    if (!is_empty(row, COLUMN_RADIAL)) {
        plot.has |= SKY_PLOT_RADIAL_SPEED;
        plot.radial_speed_mps = row->value[COLUMN_RADIAL];
    }
    if (!is_empty(row, COLUMN_RADIAL) && !is_empty(row, COLUMN_SIGMA_RADIAL)) {
        plot.has |= SKY_PLOT_SIGMA_RADIAL;
        plot.sigma_radial_mps = row->value[COLUMN_SIGMA_RADIAL];
    }
    return plot;
}

enum sky_status sky_rows_plot(const struct sky_config *config, int64_t epoch_ns, const char *row,
                              size_t count, struct sky_plot *ret_plot,
                              struct sky_row_fault *ret_fault)
{
    const size_t bytes = count > 0 && row[count - 1] == '\r' ? count - 1 : count;
    struct row parts;
    size_t offset = 0;
    enum column column = COLUMN_T;

    if (!split(row, bytes, &parts, &offset)) {
        *ret_fault = (struct sky_row_fault){NULL, offset};
        return SKY_E_CORRUPT;
    }
    const enum sky_status status = read_columns(config, &parts, &column);
    if (status != SKY_OK) {
        const size_t at = (size_t)(parts.field[column].text - row);
        *ret_fault = (struct sky_row_fault){column_name[column], at};
        return status;
    }
    *ret_plot = plot_of(&parts, epoch_ns);
    return SKY_OK;
}
