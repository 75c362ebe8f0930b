#include "sky_regmap.h"

#include <math.h>
#include <string.h>

#include "sky_fuzz.h"

static bool plain(double x) { return isfinite(x) && !(x == 0.0 && signbit(x)); }

static void judge(const struct sky_plot *plot)
{
    must(plain(plot->slant_range_m) && plot->slant_range_m >= 0.0 && plot->slant_range_m <= 1e6);
    must(plain(plot->azimuth_rad) && plot->azimuth_rad >= 0.0 &&
         plot->azimuth_rad < 6.283185307179587);
    must(plain(plot->elevation_rad) && fabs(plot->elevation_rad) <= 1.5707963267948967);
    must(plain(plot->radial_speed_mps) && plain(plot->rcs_dbsm) && plain(plot->snr_db));
    must(plot->time_value_ns >= 0);
}

/* The text of a map up to the first zero byte; the rest is what its unit answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static uint8_t block[2 * SKY_REGMAP_WORDS_MAX];
    static struct sky_plot plot[SKY_REGMAP_TARGETS_MAX];
    static struct sky_regmap map;
    struct sky_regmap_fault fault = {0};
    const uint8_t *const zero = bytes > 0 ? memchr(data, 0, bytes) : NULL;
    const size_t text_bytes = zero != NULL ? (size_t)(zero - data) : bytes;
    if (sky_regmap_parse((const char *)data, text_bytes, &map, &fault) != SKY_OK) {
        must(fault.what != NULL);
        return 0;
    }
    const size_t left = zero != NULL ? bytes - text_bytes - 1 : 0;
    memset(block, 0xA5, sizeof block);
    if (left > 0) {
        memcpy(block, zero + 1, left < sizeof block ? left : sizeof block);
    }
    size_t count = 0;
    const char *item = NULL;
    uint32_t offset = 0;
    if (map.is_radar && sky_regmap_plots(&map, block, 2 * (size_t)map.count, 3, plot, &count, &item,
                                         &offset) != SKY_OK) {
        must(item != NULL);
        return 0;
    }
    must(count <= map.targets);
    for (size_t i = 0; i < count; i++) {
        judge(&plot[i]);
    }
    for (uint32_t i = 0; i < map.field_count; i++) {
        double value = 0.0;
        (void)sky_regmap_value(&map, &map.field[i], block, 0, &value);
        must(plain(value));
    }
    return 0;
}
