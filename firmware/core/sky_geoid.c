#include "sky_geoid.h"

#include <stddef.h>

#include "sky_math.h"

static const double turn_e7 = 360e7;
static const double e7_per_rad = 180e7 / SKY_PI;

const char *sky_geoid_fault(const struct sky_geoid *geoid)
{
    if (geoid->rows == 0) {
        return NULL;
    }
    if (geoid->rows < 2 || geoid->columns < 2 || geoid->step_e7 == 0) {
        return "geoid: fewer than two rows or columns, or no step";
    }
    const double step_e7 = (double)geoid->step_e7;
    const double north_e7 = (double)geoid->south_e7 + (double)(geoid->rows - 1) * step_e7;
    if (geoid->south_e7 < -900000000 || north_e7 > 90e7) {
        return "geoid: latitude beyond 90 degrees";
    }
    if (geoid->west_e7 < -1800000000 || geoid->west_e7 > 1800000000 ||
        (double)(geoid->columns - 1) * step_e7 > turn_e7) {
        return "geoid: longitude beyond 180 degrees, or wider than a turn";
    }
    for (size_t i = 0; i < (size_t)geoid->rows * geoid->columns; i++) {
        if (geoid->height_cm[i] < -20000 || geoid->height_cm[i] > 20000) {
            return "geoid: height outside -200 .. 200 m";
        }
    }
    return NULL;
}

/* Between which two crossings of a row or column a place lies, and how far on its way. */
struct between {
    uint32_t first;
    double part; /* 0 .. 1 */
};

/* False if a place so many steps from the first of `count` crossings is not between two of them. */
static bool find(double steps, uint32_t count, struct between *ret)
{
    if (!(steps >= 0.0 && steps <= (double)(count - 1))) {
        return false;
    }
    const uint32_t at = (uint32_t)steps;
    ret->first = at < count - 1 ? at : count - 2;
    ret->part = steps - (double)ret->first;
    return true;
}

/* How far east of the first column, less than a turn. */
static double eastward_e7(const struct sky_geoid *geoid, double lon_rad)
{
    const double x_e7 = lon_rad * e7_per_rad - (double)geoid->west_e7;
    if (x_e7 < 0.0) {
        return x_e7 + turn_e7;
    }
    return x_e7 < turn_e7 ? x_e7 : x_e7 - turn_e7;
}

static double mixed(double a, double b, double part) { return (1.0 - part) * a + part * b; }

static double height_cm(const struct sky_geoid *geoid, uint32_t row, const struct between *column)
{
    const int32_t *const at = geoid->height_cm + (size_t)row * geoid->columns + column->first;
    return mixed((double)at[0], (double)at[1], column->part);
}

bool sky_geoid_height(const struct sky_geoid *geoid, double lat_rad, double lon_rad,
                      double *ret_height_m)
{
    if (geoid->rows == 0) {
        return false;
    }
    const double per_e7 = 1.0 / (double)geoid->step_e7;
    struct between row, column;
    if (!find((lat_rad * e7_per_rad - (double)geoid->south_e7) * per_e7, geoid->rows, &row) ||
        !find(eastward_e7(geoid, lon_rad) * per_e7, geoid->columns, &column)) {
        return false;
    }
    *ret_height_m = 0.01 * mixed(height_cm(geoid, row.first, &column),
                                 height_cm(geoid, row.first + 1, &column), row.part);
    return true;
}
