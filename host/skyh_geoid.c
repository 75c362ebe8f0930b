#include "skyh_geoid.h"

#include <math.h>
#include <proj.h>
#include <stdlib.h>

#include "sky_math.h"

static const double degree = SKY_PI / 180.0;
static const int64_t turn_e7 = INT64_C(3600000000);

bool skyh_geoid_is_needed(const struct skyh_zone_build *build)
{
    for (uint32_t i = 0; i < build->zone_count; i++) {
        const struct skyh_zone_text *const zone = &build->zone[i];
        if ((!zone->floor.unlimited && zone->floor.datum == SKY_DATUM_AMSL) ||
            (!zone->ceiling.unlimited && zone->ceiling.datum == SKY_DATUM_AMSL)) {
            return true;
        }
    }
    return false;
}

/* Where the lines are: latitudes, and longitudes as they run on from the first vertex. */
struct extent {
    int64_t low[2]; /* latitude, longitude; 1e-7 degree */
    int64_t high[2];
};

static struct extent extent_of(const struct skyh_zone_build *build)
{
    const int64_t start_e7 = build->vertex[0].lon_e7;
    struct extent extent = {{INT64_MAX, INT64_MAX}, {INT64_MIN, INT64_MIN}};
    for (uint32_t i = 0; i < build->vertex_count; i++) {
        int64_t lon_e7 = build->vertex[i].lon_e7;
        lon_e7 += lon_e7 - start_e7 > turn_e7 / 2 ? -turn_e7 : 0;
        lon_e7 += lon_e7 - start_e7 < -turn_e7 / 2 ? turn_e7 : 0;
        const int64_t at[2] = {build->vertex[i].lat_e7, lon_e7};
        for (int k = 0; k < 2; k++) {
            extent.low[k] = at[k] < extent.low[k] ? at[k] : extent.low[k];
            extent.high[k] = at[k] > extent.high[k] ? at[k] : extent.high[k];
        }
    }
    return extent;
}

/* A number of whole steps at or below a coordinate. */
static int64_t steps_below(int64_t at_e7, int64_t step)
{
    return at_e7 >= 0 ? at_e7 / step : -((step - 1 - at_e7) / step);
}

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Lays the grid's crossings over the extent and its margin; no farther than the poles, and no wider
 * than a turn. */
static void lay(const struct extent *extent, int64_t step, struct skyh_geoid_tile *tile)
{
    const int64_t margin_e7 = SKYH_GEOID_MARGIN_DEG * INT64_C(10000000);
    const int64_t pole = turn_e7 / 4 / step;
    const int64_t south = most(steps_below(extent->low[0] - margin_e7, step), -pole);
    const int64_t north = least(-steps_below(-extent->high[0] - margin_e7, step), pole);
    const int64_t west = steps_below(extent->low[1] - margin_e7, step);
    const int64_t east =
        least(-steps_below(-extent->high[1] - margin_e7, step), west + turn_e7 / step);
    const int64_t turns = llrint((double)(west * step) / (double)turn_e7);
    tile->south_e7 = (int32_t)(south * step);
    tile->west_e7 = (int32_t)(west * step - turns * turn_e7);
    tile->step_e7 = (uint32_t)step;
    tile->rows = (uint32_t)(north - south + 1);
    tile->columns = (uint32_t)(east - west + 1);
}

/* What is wrong is said once, and by skyh_geoid_bake. */
static void say_nothing(void *data, int level, const char *message)
{
    (void)data;
    (void)level;
    (void)message;
}

struct skyh_geoid {
    PJ_CONTEXT *context;
    PJ *transform; /* from the ellipsoid to mean sea level */
};

struct skyh_geoid *skyh_geoid_open(void)
{
    struct skyh_geoid *const geoid = calloc(1, sizeof *geoid);
    if (geoid == NULL) {
        return NULL;
    }
    geoid->context = proj_context_create();
    if (geoid->context != NULL) {
        proj_log_func(geoid->context, NULL, say_nothing);
        geoid->transform =
            proj_create(geoid->context, "+proj=vgridshift +grids=egm96_15.gtx +multiplier=-1");
    }
    if (geoid->transform == NULL) {
        skyh_geoid_close(geoid);
        return NULL;
    }
    return geoid;
}

void skyh_geoid_close(struct skyh_geoid *geoid)
{
    if (geoid != NULL) {
        (void)proj_destroy(geoid->transform);
        (void)proj_context_destroy(geoid->context);
        free(geoid);
    }
}

/* Inverse: from mean sea level to the ellipsoid. Not finite where there is no grid. */
static double height_at(PJ *transform, double lat_rad, double lon_rad)
{
    return proj_trans(transform, PJ_INV, proj_coord(lon_rad, lat_rad, 0.0, 0.0)).lpz.z;
}

double skyh_geoid_height_m(struct skyh_geoid *geoid, double lat_rad, double lon_rad)
{
    const double height_m =
        geoid == NULL ? 0.0 : height_at(geoid->transform, lat_rad, sky_wrap_pi(lon_rad));
    return fabs(height_m) <= 200.0 ? height_m : 0.0;
}

/* Fills in heights. False where PROJ has none. */
static bool read_heights(PJ *transform, struct skyh_geoid_tile *tile)
{
    for (uint32_t row = 0; row < tile->rows; row++) {
        for (uint32_t column = 0; column < tile->columns; column++) {
            const double lat_deg = 1e-7 * tile->south_e7 + 1e-7 * tile->step_e7 * row;
            const double east_deg = 1e-7 * tile->west_e7 + 1e-7 * tile->step_e7 * column;
            const double lon_deg = east_deg > 180.0 ? east_deg - 360.0 : east_deg;
            const double height_m = height_at(transform, lat_deg * degree, lon_deg * degree);
            if (!(fabs(height_m) <= 200.0)) {
                return false;
            }
            tile->height_cm[(size_t)row * tile->columns + column] =
                (int32_t)lround(height_m * 100.0);
        }
    }
    return true;
}

static bool bake(struct skyh_geoid_tile *tile)
{
    struct skyh_geoid *const geoid = skyh_geoid_open();
    const bool read = geoid != NULL && read_heights(geoid->transform, tile);
    skyh_geoid_close(geoid);
    return read;
}

bool skyh_geoid_bake(struct skyh_zone_build *build, struct skyh_problem *problem)
{
    struct skyh_geoid_tile *const tile = &build->geoid;
    if (build->vertex_count == 0) {
        return true; /* which is said when the set is packed */
    }
    const struct extent extent = extent_of(build);
    int64_t step = SKYH_GEOID_STEP_E7;
    do {
        lay(&extent, step, tile);
        step *= 2;
    } while ((size_t)tile->rows * tile->columns > SKYH_GEOID_CROSSINGS_MAX);
    free(tile->height_cm);
    tile->height_cm = calloc((size_t)tile->rows * tile->columns, sizeof *tile->height_cm);
    if (tile->height_cm == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "geoid: out of memory");
    }
    return bake(tile) ||
           skyh_fail(
               problem, SKYH_EXIT_NO_INPUT,
               "egm96_15.gtx: PROJ does not find it, and limits above mean sea level need it; "
               "expected Debian's proj-data, PROJ_DATA set to its folder, or --geoid M");
}
