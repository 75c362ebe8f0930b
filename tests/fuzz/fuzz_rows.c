/*
 * Any bytes are rows or are refused with a place inside them; and no plot holds what is not finite.
 */
#include "sky_rows.h"

#include <math.h>
#include <string.h>

#include "sky_fuzz.h"

static bool plain(double x) { return isfinite(x) && !(x == 0.0 && signbit(x)); }

static void check_plot(const struct sky_plot *plot, const struct sky_config *config)
{
    must(plot->sensor < config->sensor_count && plot->time_kind == SKY_TIME_UTC);
    must(plain(plot->slant_range_m) && plain(plot->azimuth_rad) && plain(plot->elevation_rad));
    must(plain(plot->radial_speed_mps) && plain(plot->sigma_range_m));
    must(plain(plot->sigma_azimuth_rad) && plain(plot->sigma_elevation_rad));
    must(plain(plot->sigma_radial_mps) && plot->time_sigma_ns > 0);
}

static void check_number(const char *text, size_t count)
{
    char copy[64];
    double value = 0.0;
    if (!sky_rows_number(text, count, &value)) {
        return;
    }
    must(plain(value));
    if (count < sizeof copy) {
        memcpy(copy, text, count);
        copy[count] = '\0';
        const double wanted = strtod(copy, NULL);
        must(fabs(value - wanted) <= 1e-14 * fabs(wanted) + 1e-320);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct sky_config config;
    struct sky_plot plot;
    struct sky_row_fault fault;
    const char *const text = (const char *)data;
    int64_t epoch_ns = 0;
    if (config.sensor_count == 0) {
        sky_config_default(&config);
        config.sensor_count = 1;
        sky_config_sensor_default(&config.sensor[0]);
        strcpy(config.sensor[0].name, "A");
    }
    memcpy(&epoch_ns, data, bytes < sizeof epoch_ns ? bytes : sizeof epoch_ns);
    check_number(text, bytes);
    if (sky_rows_plot(&config, epoch_ns, text, bytes, &plot, &fault) == SKY_OK) {
        check_plot(&plot, &config);
    } else {
        must(fault.offset <= bytes);
    }
    return 0;
}
