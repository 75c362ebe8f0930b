#include "sky_reading.h"

#include "sky_math.h"

static const int64_t late_most_ns = 10 * SKY_SECOND_NS;
static const int64_t early_most_ns = SKY_SECOND_NS / 2;
static const int64_t time_sigma_most_ns = 3600 * SKY_SECOND_NS;
static const int64_t day_ns = 86400 * SKY_SECOND_NS;
static const double pressure_height_sigma_m = 400.0;
static const double radial_speed_most_mps = 3000.0;
static const double speed_most_mps = 3000.0; /* over the ground, per axis */
static const double velocity_sigma_mps = 5.0;
static const double velocity_sigma_least_mps = 2.0;
static const double least_sigma = 1e-9; /* a sigma of 0 is no statement */

static double larger(double a, double b) { return a > b ? a : b; }

static double joint_ns(double a_ns, double b_ns) { return sky_sqrt(a_ns * a_ns + b_ns * b_ns); }

/* Whether the station's clock may judge, and place, times that others state. */
static bool clock_is_good(const struct sky_utc_estimate *utc) { return utc->state > SKY_CLOCK_RTC; }

/* A stated time, as nanoseconds after arrival. */
static int64_t stated_after_ns(const struct sky_plot *plot, int64_t arrival_utc_ns)
{
    if (plot->time_kind == SKY_TIME_UTC) {
        return plot->time_value_ns - arrival_utc_ns;
    }
    const int64_t after_ns = plot->time_value_ns - arrival_utc_ns % day_ns;
    if (after_ns > day_ns / 2) {
        return after_ns - day_ns;
    }
    return after_ns < -day_ns / 2 ? after_ns + day_ns : after_ns;
}

bool sky_reading_time(const struct sky_plot *plot, const struct sky_sensor_config *sensor,
                      int64_t arrival_ns, const struct sky_utc_estimate *utc,
                      struct sky_measurement *ret)
{
    const double stated_sigma_ns = (double)plot->time_sigma_ns;
    const bool is_stated = plot->time_kind != SKY_TIME_ARRIVAL;
    bool believed = true;

    if (is_stated && clock_is_good(utc)) {
        const int64_t after_ns = stated_after_ns(plot, utc->utc_ns);
        believed = after_ns >= -late_most_ns && after_ns <= early_most_ns;
        if (believed) {
            ret->time_ns = arrival_ns + (after_ns < 0 ? after_ns : 0);
            ret->time_sigma_ns = (int64_t)joint_ns(stated_sigma_ns, (double)utc->sigma_ns);
            return true;
        }
    }
    const int64_t age_ns = is_stated ? 0 : plot->time_value_ns;
    ret->time_ns = arrival_ns - sensor->latency_ns - age_ns;
    ret->time_sigma_ns = (int64_t)joint_ns(stated_sigma_ns, 0.5 * (double)sensor->latency_ns);
    return believed;
}

/* Comparisons are written so that NaN fails them. */
static bool between(double value, double least, double most)
{
    return value >= least && value <= most;
}

static bool sigmas_are_sound(const struct sky_plot *plot)
{
    return (plot->has & SKY_PLOT_SIGMAS) == 0 ||
           (between(plot->sigma_range_m, least_sigma, 1e6) &&
            between(plot->sigma_azimuth_rad, least_sigma, 10.0) &&
            ((plot->has & SKY_PLOT_ELEVATION) == 0 ||
             between(plot->sigma_elevation_rad, least_sigma, 10.0)));
}

/* Not stated, or a length that can be. */
static bool is_zero_or_sigma(double sigma_m)
{
    return sigma_m == 0.0 || between(sigma_m, 1e-3, 1e5);
}

static bool velocity_is_sound(const struct sky_plot *plot)
{
    return (plot->has & SKY_PLOT_VELOCITY) == 0 ||
           (between(plot->vel_east_mps, -speed_most_mps, speed_most_mps) &&
            between(plot->vel_north_mps, -speed_most_mps, speed_most_mps) &&
            between(plot->sigma_velocity_mps, 0.0, speed_most_mps));
}

static bool place_is_sound(const struct sky_plot *plot)
{
    return velocity_is_sound(plot) && sky_geo_valid(&plot->place) &&
           is_zero_or_sigma(plot->sigma_place_m) && is_zero_or_sigma(plot->sigma_height_m);
}

static bool time_is_sound(const struct sky_plot *plot)
{
    return plot->time_value_ns >= 0 && plot->time_value_ns <= INT64_MAX / 2 &&
           plot->time_sigma_ns >= 0 && plot->time_sigma_ns <= time_sigma_most_ns;
}

bool sky_reading_is_too_old(const struct sky_plot *plot)
{
    return plot->time_kind == SKY_TIME_ARRIVAL && plot->time_value_ns > late_most_ns;
}

bool sky_reading_is_sound(const struct sky_plot *plot)
{
    if ((plot->has & SKY_PLOT_PLACE) != 0) {
        return place_is_sound(plot) && time_is_sound(plot);
    }
    return between(plot->slant_range_m, 1.0, 1e6) &&
           between(plot->azimuth_rad, -2.0 * SKY_PI, 2.0 * SKY_PI) &&
           ((plot->has & SKY_PLOT_ELEVATION) == 0 ||
            between(plot->elevation_rad, -0.5 * SKY_PI, 0.5 * SKY_PI)) &&
           ((plot->has & SKY_PLOT_RADIAL_SPEED) == 0 ||
            between(plot->radial_speed_mps, -radial_speed_most_mps, radial_speed_most_mps)) &&
           ((plot->has & SKY_PLOT_ALT_STD) == 0 || between(plot->alt_std_m, -1000.0, 100e3)) &&
           ((plot->has & SKY_PLOT_RCS) == 0 || between(plot->rcs_dbsm, -200.0, 200.0)) &&
           ((plot->has & SKY_PLOT_SNR) == 0 || between(plot->snr_db, -200.0, 1000.0)) &&
           sigmas_are_sound(plot) &&
           ((plot->has & SKY_PLOT_SIGMA_RADIAL) == 0 ||
            between(plot->sigma_radial_mps, least_sigma, 1000.0)) &&
           time_is_sound(plot);
}

static double chosen_sigma(const struct sky_plot *plot, double own, double configured)
{
    return (plot->has & SKY_PLOT_SIGMAS) != 0 ? larger(own, 0.25 * configured) : configured;
}

static void take_height(const struct sky_tracker_config *tracker, const struct sky_plot *plot,
                        struct sky_measurement *ret)
{
    ret->has_height = true;
    if ((plot->has & SKY_PLOT_ALT_STD) != 0) {
        ret->heights = SKY_HEIGHT_PRESSURE;
        ret->height_hae_m = plot->alt_std_m;
        ret->sigma_height_m = pressure_height_sigma_m;
    } else {
        ret->height_hae_m = tracker->height_prior_m;
        ret->sigma_height_m = tracker->height_prior_sigma_m;
    }
}

/* A number that comes in steps is off by up to half of one. */
static double with_quantum(double sigma, double step)
{
    return step > 0.0 ? sky_sqrt(sigma * sigma + step * step / 12.0) : sigma;
}

void sky_reading_polar(const struct sky_tracker_config *tracker,
                       const struct sky_sensor_config *sensor, const struct sky_plot *plot,
                       double zero_rad, struct sky_measurement *ret)
{
    ret->slant_range_m = plot->slant_range_m;
    ret->sigma_range_m = with_quantum(
        chosen_sigma(plot, plot->sigma_range_m, sensor->sigma_range_m), sensor->quantum_range_m);
    ret->azimuth_rad = sky_wrap_pi(plot->azimuth_rad + sensor->azimuth_offset_rad + zero_rad);
    ret->sigma_azimuth_rad =
        with_quantum(chosen_sigma(plot, plot->sigma_azimuth_rad, sensor->sigma_azimuth_rad),
                     sensor->quantum_azimuth_rad);
    ret->has_radial_speed = (plot->has & SKY_PLOT_RADIAL_SPEED) != 0;
    ret->radial_speed_mps = plot->radial_speed_mps;
    ret->sigma_radial_mps = (plot->has & SKY_PLOT_SIGMA_RADIAL) != 0
                                ? larger(plot->sigma_radial_mps, 0.25 * sensor->sigma_radial_mps)
                                : sensor->sigma_radial_mps;
    ret->has_elevation = sensor->measures_elevation && (plot->has & SKY_PLOT_ELEVATION) != 0;
    if (ret->has_elevation) {
        ret->heights = SKY_HEIGHT_GEOMETRIC;
        ret->elevation_rad =
            plot->elevation_rad - sky_geo_refraction_rad(plot->slant_range_m, plot->elevation_rad);
        ret->sigma_elevation_rad =
            chosen_sigma(plot, plot->sigma_elevation_rad, sensor->sigma_elevation_rad);
    } else {
        take_height(tracker, plot, ret);
    }
}

void sky_reading_place(const struct sky_tracker_config *tracker,
                       const struct sky_sensor_config *sensor, const struct sky_plot *plot,
                       struct sky_measurement *ret, struct sky_lla *ret_place)
{
    ret->is_place = true;
    ret->has_height = true;
    ret->sigma_place_m = plot->sigma_place_m > 0.0
                             ? larger(plot->sigma_place_m, 0.25 * sensor->sigma_place_m)
                             : sensor->sigma_place_m;
    if (plot->sigma_height_m > 0.0) {
        ret->heights = SKY_HEIGHT_GEOMETRIC;
        ret->height_hae_m = plot->place.alt_hae_m;
        ret->sigma_height_m = plot->sigma_height_m;
    } else {
        take_height(tracker, plot, ret);
    }
    ret->has_velocity = (plot->has & SKY_PLOT_VELOCITY) != 0;
    if (ret->has_velocity) {
        ret->vel_east_mps = plot->vel_east_mps;
        ret->vel_north_mps = plot->vel_north_mps;
        ret->sigma_velocity_mps = plot->sigma_velocity_mps > 0.0
                                      ? larger(plot->sigma_velocity_mps, velocity_sigma_least_mps)
                                      : velocity_sigma_mps;
    }
    *ret_place = plot->place;
    ret_place->alt_hae_m = ret->height_hae_m;
}
