#include "sky_asterix.h"

#include <math.h>
#include <string.h>

#include "sky_fuzz.h"

/* What sky_obs.h promises of every plot. */
static void check_plot(const struct sky_plot *plot)
{
    must(plot->slant_range_m >= 0.0 && plot->slant_range_m <= 1e6);
    must(plot->azimuth_rad >= 0.0 && plot->azimuth_rad < 6.283185307179587);
    must(fabs(plot->elevation_rad) <= 1.5707963267948967);
    must(isfinite(plot->radial_speed_mps) && isfinite(plot->alt_std_m) && isfinite(plot->snr_db));
    must(plot->time_sigma_ns >= 0 && plot->mode_3a <= 07777 && plot->icao_address <= 0xFFFFFF);
    must(plot->time_value_ns >= 0 && plot->time_value_ns < 86400 * SKY_SECOND_NS);
    must(strlen(plot->callsign) <= 8);
    must((plot->has & SKY_PLOT_SIGMAS) == 0 ||
         (plot->sigma_range_m > 0.0 && plot->sigma_azimuth_rad > 0.0 &&
          ((plot->has & SKY_PLOT_ELEVATION) == 0 || plot->sigma_elevation_rad > 0.0)));
    must((plot->has & SKY_PLOT_SIGMA_RADIAL) == 0 || plot->sigma_radial_mps > 0.0);
}

static void check_place(const struct sky_plot *plot)
{
    must(fabs(plot->place.lat_rad) <= 1.5707963267948967);
    must(fabs(plot->place.lon_rad) <= 3.1415926535897933);
    must(fabs(plot->place.alt_hae_m) < 1e5);
    must(plot->sigma_place_m >= 0.0 && plot->sigma_place_m <= 1e5);
    must(plot->sigma_height_m >= 0.0 && plot->sigma_height_m <= 2e5);
    must(fabs(plot->vel_east_mps) <= 8192.0 && fabs(plot->vel_north_mps) <= 8192.0);
    must(plot->sigma_velocity_mps >= 0.0 && plot->sigma_velocity_mps <= 64.0);
    must((plot->has & SKY_PLOT_VELOCITY) == 0 || (plot->has & SKY_PLOT_PLACE) != 0);
    must((plot->has & SKY_PLOT_PLACE) != 0 ||
         (plot->place.lat_rad == 0.0 && plot->sigma_place_m == 0.0 && plot->sigma_height_m == 0.0));
}

static void check_record(const struct sky_asterix_walk *walk,
                         const struct sky_asterix_record *record)
{
    must(record->kind >= SKY_ASTERIX_TARGET && record->kind <= SKY_ASTERIX_SKIPPED);
    must(record->category == walk->category);
    must((record->kind == SKY_ASTERIX_SKIPPED) == (walk->record == 0));
    check_plot(&record->plot);
    check_place(&record->plot);
    must(fabs(record->service.site.lat_rad) <= 1.5707963267948967);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const struct sky_asterix_dialect dialect[] = {{0, 2, SKY_ASTERIX_021_ED_2_1},
                                                         {0, 3, SKY_ASTERIX_021_ED_0_26},
                                                         {0, 4, SKY_ASTERIX_021_ED_0_23}};
    struct sky_asterix_walk walk = {
        .bytes = data, .count = bytes, .dialect = dialect, .dialect_count = 3};
    struct sky_asterix_record record;
    const char *item = NULL;
    uint32_t offset = 0;
    size_t calls = 0;
    for (;;) {
        const size_t before = walk.at;
        const enum sky_status status = sky_asterix_next(&walk, &record, &item, &offset);
        must(walk.at <= bytes);
        if (status == SKY_E_STALE) {
            return 0;
        }
        must(walk.at > before && ++calls <= bytes);
        if (status == SKY_OK) {
            check_record(&walk, &record);
        } else {
            must(status == SKY_E_CORRUPT && item && offset <= bytes);
        }
        item = NULL;
    }
}
