#include "sky_gnss.h"

#include <stddef.h>

#include "sky_math.h"

static const double rad_per_deg = SKY_PI / 180.0;
static const double sigmas_in_95_percent = 1.96;
static const int32_t status_simulated = 8;
static const int32_t leap_least_s = 18;         /* since 2017 */
static const double utc_sigma_most_ns = 3600e9; /* one that says more knows no time at all */

/* Adding zero turns -0 into 0, so that equal places have equal bits. */
static double plain(double x) { return x + 0.0; }

static bool states(double error) { return sky_is_finite(error) && error > 0.0; }

static double sigma_of(double error_95, double unstated)
{
    return states(error_95) ? error_95 / sigmas_in_95_percent : unstated;
}

/* What holds where gpsd states no error: the receiver's own sigma, or one for want of any. */
static double unstated(const struct sky_receiver_report *receiver, double gst_m, double most_m,
                       double none_m)
{
    if (receiver->said && states(gst_m)) {
        return gst_m;
    }
    return receiver->said && states(most_m) ? most_m : none_m;
}

/* The worse of the two axes: one sigma stands for both. */
static double sigma_horizontal_m(const struct sky_gnss_report *report)
{
    const struct sky_receiver_report *const receiver = &report->receiver;
    const double most_m = receiver->err_place_m;
    const double lon_m = sigma_of(report->err_lon_m, unstated(receiver, receiver->gst_lon_m, most_m,
                                                              SKY_GNSS_SIGMA_HORIZONTAL_M));
    const double lat_m = sigma_of(report->err_lat_m, unstated(receiver, receiver->gst_lat_m, most_m,
                                                              SKY_GNSS_SIGMA_HORIZONTAL_M));
    return lon_m > lat_m ? lon_m : lat_m;
}

static double sigma_vertical_m(const struct sky_gnss_report *report)
{
    const struct sky_receiver_report *const receiver = &report->receiver;
    return sigma_of(report->err_alt_m,
                    unstated(receiver, receiver->gst_alt_m, 0.0, SKY_GNSS_SIGMA_VERTICAL_M));
}

/* What is lacking in the leap seconds that it uses; 0 if it does not say which. */
static double leap_error_s(const struct sky_receiver_report *receiver)
{
    const bool lacks = receiver->said && receiver->leap_s > 0 && receiver->leap_s < leap_least_s;
    return lacks ? (double)(leap_least_s - receiver->leap_s) : 0.0;
}

static int64_t utc_sigma_ns(const struct sky_gnss_report *report)
{
    const double delay_ns = (double)SKY_GNSS_DELAY_SIGMA_NS;
    const double leap_ns = leap_error_s(&report->receiver) * (double)SKY_SECOND_NS;
    const double stated_ns = sigma_of(report->err_time_s, 0.0) * (double)SKY_SECOND_NS;
    if (stated_ns + leap_ns <= 0.0) {
        return SKY_GNSS_DELAY_SIGMA_NS;
    }
    const double sigma_ns =
        sky_sqrt(delay_ns * delay_ns + stated_ns * stated_ns + leap_ns * leap_ns);
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
    if (report->receiver.said && report->receiver.status == status_simulated) {
        return "gnss.status";
    }
    if (report->receiver.said && !possible(report->receiver.heading_deg, 0.0, 360.0)) {
        return "gnss.heading";
    }
    return NULL;
}

/* [0, 2 pi): 360 degrees is north, and north is 0. */
static double direction_rad(double direction_deg)
{
    const double rad = plain(direction_deg * rad_per_deg);
    return rad < 2.0 * SKY_PI ? rad : 0.0;
}

static void take_position(struct sky_gnss_fix *fix, const struct sky_gnss_report *report)
{
    fix->has |= SKY_GNSS_POSITION;
    fix->place.lat_rad = plain(report->lat_deg * rad_per_deg);
    fix->place.lon_rad = plain(report->lon_deg * rad_per_deg);
    fix->sigma_horizontal_m = sigma_horizontal_m(report);
    fix->sigma_vertical_m = sigma_vertical_m(report);

    if (report->mode == 3 && sky_is_finite(report->alt_hae_m)) {
        fix->has |= SKY_GNSS_ALTITUDE;
        fix->place.alt_hae_m = plain(report->alt_hae_m);
    }
    if (sky_is_finite(report->speed_mps) && sky_is_finite(report->course_deg)) {
        fix->has |= SKY_GNSS_VELOCITY;
        fix->speed_mps = plain(report->speed_mps);
        fix->course_rad = direction_rad(report->course_deg);
    }
}

/* Sums and differences of such instants do not overflow. */
static bool is_instant(int64_t time_ns) { return time_ns >= 0 && time_ns <= INT64_MAX / 2; }

/* A heading, and what the pulse says of the kernel's clock. */
static void take_receiver(struct sky_gnss_fix *fix, const struct sky_receiver_report *receiver)
{
    if (!receiver->said) {
        return;
    }
    if (sky_is_finite(receiver->heading_deg)) {
        fix->has |= SKY_GNSS_HEADING;
        fix->heading_rad = direction_rad(receiver->heading_deg);
    }
    if (receiver->has_pps && is_instant(receiver->pps_real_ns) &&
        is_instant(receiver->pps_clock_ns) && receiver->pps_precision_ns > 0 &&
        receiver->pps_precision_ns <= SKY_SECOND_NS) {
        fix->has |= SKY_GNSS_PPS;
        fix->pps_offset_ns = receiver->pps_real_ns - receiver->pps_clock_ns;
        fix->pps_sigma_ns = receiver->pps_precision_ns;
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
        fix.utc_sigma_ns = utc_sigma_ns(report);
    }
    if (sky_is_finite(report->lat_deg) && sky_is_finite(report->lon_deg)) {
        take_position(&fix, report);
    }
    if (fix.has == 0) {
        *ret_item = "gnss.position";
        return SKY_E_CORRUPT;
    }
    take_receiver(&fix, &report->receiver);
    if (report->satellites_used > 0) {
        fix.satellites_used = (uint32_t)report->satellites_used;
    }
    *ret_fix = fix;
    return SKY_OK;
}
