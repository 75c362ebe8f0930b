#include "sky_gnss.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "sky_fuzz.h"

static bool plain(double x) { return isfinite(x) && !(x == 0.0 && signbit(x)); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct raw {
        int64_t utc_ns;
        double value[11];
        int32_t mode;
        int32_t satellites_used;
        double beside[5];
        int64_t pulse[3];
    } raw;
    if (bytes < offsetof(struct raw, beside)) {
        return 0;
    }
    memset(&raw, 0, sizeof raw);
    memcpy(&raw, data, bytes < sizeof raw ? bytes : sizeof raw);
    const struct sky_gnss_report report = {
        .mode = raw.mode,
        .has_time = raw.utc_ns % 2 != 0,
        .utc_ns = raw.utc_ns,
        .lat_deg = raw.value[0],
        .lon_deg = raw.value[1],
        .alt_hae_m = raw.value[2],
        .alt_msl_m = raw.value[3],
        .err_lon_m = raw.value[4],
        .err_lat_m = raw.value[5],
        .err_alt_m = raw.value[6],
        .err_time_s = raw.value[7],
        .speed_mps = raw.value[8],
        .course_deg = raw.value[9],
        .climb_mps = raw.value[10],
        .satellites_used = raw.satellites_used,
        .receiver = {.said = bytes > offsetof(struct raw, beside),
                     .has_pps = bytes >= sizeof raw,
                     .heading_deg = raw.beside[0],
                     .gst_lat_m = raw.beside[1],
                     .gst_lon_m = raw.beside[2],
                     .gst_alt_m = raw.beside[3],
                     .err_place_m = raw.beside[4],
                     .pps_real_ns = raw.pulse[0],
                     .pps_clock_ns = raw.pulse[1],
                     .pps_precision_ns = raw.pulse[2]},
    };
    struct sky_gnss_fix fix;
    const char *item = NULL;
    if (sky_gnss_decode(&report, &fix, &item) != SKY_OK) {
        must(item);
        return 0;
    }
    must(fix.has != 0);
    must(plain(fix.place.lat_rad) && fabs(fix.place.lat_rad) <= 1.5707963267948967);
    must(plain(fix.place.lon_rad) && fabs(fix.place.lon_rad) <= 3.1415926535897936);
    must(plain(fix.place.alt_hae_m) && plain(fix.speed_mps));
    must(plain(fix.course_rad) && fix.course_rad >= 0.0 && fix.course_rad < 6.283185307179587);
    if ((fix.has & SKY_GNSS_POSITION) != 0) {
        must(fix.sigma_horizontal_m > 0.0 && isfinite(fix.sigma_horizontal_m));
        must(fix.sigma_vertical_m > 0.0 && isfinite(fix.sigma_vertical_m));
    }
    must(plain(fix.heading_rad) && fix.heading_rad >= 0.0 && fix.heading_rad < 6.283185307179587);
    must((fix.has & SKY_GNSS_PPS) == 0 || fix.pps_sigma_ns > 0);
    if ((fix.has & SKY_GNSS_TIME) != 0) {
        must(fix.utc_sigma_ns > 0);
    }
    return 0;
}
