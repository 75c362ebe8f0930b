#include "sky_asterix.h"

#include <math.h>
#include <string.h>

#include "sky_fuzz.h"

/* What sky_obs.h promises of every plot. */
static void check_plot(const struct sky_plot *plot)
{
    must(plot->slant_range_m >= 0.0 && plot->slant_range_m <= 1e6);
    must(plot->azimuth_rad >= 0.0 && plot->azimuth_rad < 6.283185307179587);
    must(isfinite(plot->radial_speed_mps) && isfinite(plot->alt_std_m));
    must(plot->time_sigma_ns >= 0 && plot->mode_3a <= 07777 && plot->icao_address <= 0xFFFFFF);
    must(plot->time_value_ns >= 0 && plot->time_value_ns < 86400 * SKY_SECOND_NS);
    must(strlen(plot->callsign) <= 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct sky_asterix_walk walk = {.bytes = data, .count = bytes};
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
            must(record.kind >= SKY_ASTERIX_TARGET && record.kind <= SKY_ASTERIX_SKIPPED);
            check_plot(&record.plot);
            must(fabs(record.service.site.lat_rad) <= 1.5707963267948967);
        } else {
            must(status == SKY_E_CORRUPT && item && offset <= bytes);
        }
        item = NULL;
    }
}
