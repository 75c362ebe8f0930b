#include "sky_gnss.h"

#include <stddef.h>

#include "sky_math.h"

static const double rad_per_deg = SKY_PI / 180.0;
static const double sigmas_in_95_percent = 1.96;
static const double utc_sigma_most_ns = 3600e9; /* one that says more knows no time at all */

/* Adding zero turns -0 into 0, so that equal places have equal bits. */
static double plain(double x) { return x + 0.0; }

static bool states(double error) { return sky_is_finite(error) && error > 0.0; }

static double sigma_of(double error_95, double unstated)
{
    return states(error_95) ? error_95 / sigmas_in_95_percent : unstated;
}

/* The worse of the two axes: one sigma stands for both. */
static double sigma_horizontal_m(const struct sky_gnss_report *report)
{
    const double lon_m = sigma_of(report->err_lon_m, SKY_GNSS_SIGMA_HORIZONTAL_M);
    const double lat_m = sigma_of(report->err_lat_m, SKY_GNSS_SIGMA_HORIZONTAL_M);
    return lon_m > lat_m ? lon_m : lat_m;
}

static int64_t utc_sigma_ns(double error_95_s)
{
    const double delay_ns = (double)SKY_GNSS_DELAY_SIGMA_NS;
    if (!states(error_95_s)) {
        return SKY_GNSS_DELAY_SIGMA_NS;
    }
    const double stated_ns = error_95_s / sigmas_in_95_percent * (double)SKY_SECOND_NS;
    const double sigma_ns = sky_sqrt(delay_ns * delay_ns + stated_ns * stated_ns);
    return sigma_ns < utc_sigma_most_ns ? (int64_t)sigma_ns : (int64_t)utc_sigma_most_ns;
}

/* A value gpsd did not give is fine; one that it gave must be possible. */
static bool possible(double value, double low, double high)
{
    return !sky_is_finite(value) || (value >= low && value <= high);
}

static const char *contradiction(const struct sky_gnss_report *report)
{
    if (report->mode < 2 || report->mode > 3) {
        return "gnss.mode";
    }
    if (!possible(report->lat_deg, -90.0, 90.0)) {
        return "gnss.latitude";
    }
    if (!possible(report->lon_deg, -180.0, 180.0)) {
        return "gnss.longitude";
    }
    if (!possible(report->alt_hae_m, -1000.0, 100.0e3)) {
        return "gnss.altitude";
    }
    if (!possible(report->speed_mps, 0.0, 10.0e3)) {
        return "gnss.speed";
    }
    if (!possible(report->course_deg, 0.0, 360.0)) {
        return "gnss.course";
    }
    return NULL;
}

static void take_position(struct sky_gnss_fix *fix, const struct sky_gnss_report *report)
{
    fix->has |= SKY_GNSS_POSITION;
    fix->place.lat_rad = plain(report->lat_deg * rad_per_deg);
    fix->place.lon_rad = plain(report->lon_deg * rad_per_deg);
    fix->sigma_horizontal_m = sigma_horizontal_m(report);
    fix->sigma_vertical_m = sigma_of(report->err_alt_m, SKY_GNSS_SIGMA_VERTICAL_M);

    if (report->mode == 3 && sky_is_finite(report->alt_hae_m)) {
        fix->has |= SKY_GNSS_ALTITUDE;
        fix->place.alt_hae_m = plain(report->alt_hae_m);
    }
    if (sky_is_finite(report->speed_mps) && sky_is_finite(report->course_deg)) {
        fix->has |= SKY_GNSS_VELOCITY;
        fix->speed_mps = plain(report->speed_mps);
        const double course_rad = plain(report->course_deg * rad_per_deg);
        fix->course_rad = course_rad < 2.0 * SKY_PI ? course_rad : 0.0;
    }
}

enum sky_status sky_gnss_decode(const struct sky_gnss_report *report, struct sky_gnss_fix *ret_fix,
                                const char **ret_item)
{
    const char *const wrong = contradiction(report);
    if (wrong) {
        *ret_item = wrong;
        return SKY_E_CORRUPT;
    }

    struct sky_gnss_fix fix = {0};
    if (report->has_time) {
        fix.has |= SKY_GNSS_TIME;
        fix.utc_ns = report->utc_ns;
        fix.utc_sigma_ns = utc_sigma_ns(report->err_time_s);
    }
    if (sky_is_finite(report->lat_deg) && sky_is_finite(report->lon_deg)) {
        take_position(&fix, report);
    }
    if (fix.has == 0) {
        *ret_item = "gnss.position";
        return SKY_E_CORRUPT;
    }
    if (report->satellites_used > 0) {
        fix.satellites_used = (uint32_t)report->satellites_used;
    }
    *ret_fix = fix;
    return SKY_OK;
}
