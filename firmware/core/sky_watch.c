#include "sky_watch.h"

#include <string.h>

#include "sky_math.h"
#include "sky_reach.h"

static const double log_two_pi = 1.8378770664093453;
static const double log_height_span_m = 9.903487552536127; /* 20 km */

/* Elevations of false plots hardly pass 30 degrees; sky_clutter takes the same span. */
static const double elevation_most_rad = 30.0 * SKY_PI / 180.0;

/* Log-odds of biased over as stated, above which a bias not yet applied is reckoned with. */
static const double log_ratio_doubt = -3.0;

/* So far beyond the notch nothing is in it: less than one in 10^18. */
static const double clear_sigmas = 9.0;

/* Lateness is remembered for that many scans, and then for as many again. */
static const int64_t lateness_scans = 8;

static double square(double x) { return x * x; }
static double seconds(int64_t ns) { return (double)ns * 1e-9; }
static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }
static int64_t later(int64_t a_ns, int64_t b_ns) { return a_ns > b_ns ? a_ns : b_ns; }
static int64_t earlier(int64_t a_ns, int64_t b_ns) { return a_ns < b_ns ? a_ns : b_ns; }

static double elevation_span_rad(const struct sky_sensor_config *radar)
{
    return larger(0.01,
                  smaller(radar->elevation_max_rad, elevation_most_rad) - radar->elevation_min_rad);
}

void sky_watch_init(struct sky_watch *watch, const struct sky_config *config, uint32_t sensor)
{
    const struct sky_sensor_config *const stated = &config->sensor[sensor];
    memset(watch, 0, sizeof *watch);
    sky_clutter_init(&watch->clutter);
    sky_nis_init(&watch->nis);
    watch->births_per_scan = config->tracker.births_per_hour * (double)stated->scan_ns / 3600e9;
    watch->log_birth = sky_log(watch->births_per_scan) -
                       sky_log(stated->range_max_m - stated->range_min_m) - log_two_pi;
    watch->log_elevation = sky_log(elevation_span_rad(stated));
    watch->log_speed = sky_log(2.0 * stated->radial_max_mps);
    watch->sine_min = sky_sin(stated->elevation_min_rad);
    watch->sine_max = sky_sin(stated->elevation_max_rad);
}

void sky_watch_set_slack(struct sky_watch *watch, const struct sky_register *registration,
                         const struct sky_config *config, uint32_t sensor)
{
    struct sky_registration known;
    double cov[SKY_BIASES][SKY_BIASES];
    sky_register_report(registration, sensor, &known);
    sky_register_remaining(registration, config, sensor, sensor, cov);
    for (uint32_t i = 0; i < SKY_BIASES; i++) {
        watch->slack2[i] = cov[i][i];
        if (known.state != SKY_REGISTER_APPLIED && registration->log_ratio > log_ratio_doubt) {
            watch->slack2[i] += square(known.bias[i]) + square(known.bias_sigma[i]);
        }
    }
}

void sky_watch_hear(struct sky_watch *watch, const struct sky_sensor_config *sensor,
                    const struct sky_look *look, int64_t arrival_ns)
{
    const int64_t late_ns = arrival_ns - look->measurement.time_ns;
    watch->pose = look->pose;
    watch->stands = !look->measurement.is_place;
    if (arrival_ns - watch->lateness_from_ns >= lateness_scans * sensor->scan_ns) {
        watch->late_before_ns = watch->late_second_ns;
        watch->late_ns = watch->late_second_ns = 0;
        watch->lateness_from_ns = arrival_ns;
    }
    watch->late_second_ns = later(watch->late_second_ns, earlier(late_ns, watch->late_ns));
    watch->late_ns = later(watch->late_ns, late_ns);
    watch->lag_ns = watch->plots < 2 ? watch->late_ns /* so far it is all there is to go by */
                                     : later(watch->late_second_ns, watch->late_before_ns);
}

struct sky_measurement sky_watch_with_slack(const struct sky_watch *watch,
                                            const struct sky_measurement *measurement)
{
    const double *const slack2 = watch->slack2;
    struct sky_measurement m = *measurement;
    m.sigma_range_m = sky_sqrt(square(m.sigma_range_m) + slack2[SKY_BIAS_RANGE]);
    m.sigma_azimuth_rad = sky_sqrt(square(m.sigma_azimuth_rad) + slack2[SKY_BIAS_AZIMUTH]);
    m.sigma_elevation_rad = sky_sqrt(square(m.sigma_elevation_rad) + slack2[SKY_BIAS_ELEVATION]);
    return m;
}

/* --- Densities ------------------------------------------------------------------------------ */

/* Of reported places, of which there are so many in a scan: anywhere in range, at any velocity. */
static double log_place_density(const struct sky_watch *watch,
                                const struct sky_sensor_config *sensor,
                                const struct sky_measurement *measurement, double per_scan)
{
    const double log_density =
        sky_log(per_scan / (SKY_PI * square(sensor->range_max_m))) - log_height_span_m;
    return measurement->has_velocity ? log_density - 2.0 * watch->log_speed : log_density;
}

double sky_watch_log_birth(const struct sky_watch *watch, const struct sky_sensor_config *sensor,
                           const struct sky_measurement *measurement)
{
    double log_density = watch->log_birth;
    if (measurement->is_place) {
        return log_place_density(watch, sensor, measurement, watch->births_per_scan);
    }
    if (measurement->has_elevation) {
        log_density -= watch->log_elevation;
    }
    if (measurement->has_radial_speed) {
        log_density -= watch->log_speed;
    }
    if (measurement->has_height) {
        log_density -= log_height_span_m;
    }
    return log_density;
}

double sky_watch_log_clutter(const struct sky_watch *watch, const struct sky_sensor_config *sensor,
                             const struct sky_measurement *measurement)
{
    return measurement->is_place
               ? log_place_density(watch, sensor, measurement, sensor->false_plots_per_scan)
               : sky_clutter_log_density(&watch->clutter, sensor, measurement);
}

/* --- Detection ------------------------------------------------------------------------------ */

/* Whether a plot's own radial speed lies in the notch of the moving-target filter. */
static double notch_share(const struct sky_sensor_config *radar, const struct sky_measurement *m)
{
    return m->has_radial_speed && sky_abs(m->radial_speed_mps) < radar->notch_mps ? 1.0 : 0.0;
}

double sky_watch_detection(const struct sky_watch *watch, const struct sky_sensor_config *sensor,
                           const struct sky_measurement *measurement)
{
    return measurement->is_place
               ? sensor->detection_probability
               : sky_clutter_detection(&watch->clutter, sensor, measurement->slant_range_m,
                                       notch_share(sensor, measurement));
}

/* The way from the sensor to where a state will be, as a unit vector; returns the range in m. */
static double look_at(const struct sky_watch *watch, const struct sky_state *state, int64_t time_ns,
                      double ret_u[3])
{
    const double dt_s = seconds(time_ns - state->time_ns);
    const struct sky_enu *const origin = &watch->pose.origin;
    const double *const x = state->x;
    const double way_m[3] = {x[0] + dt_s * x[3] - origin->east_m,
                             x[1] + dt_s * x[4] - origin->north_m,
                             x[2] + dt_s * x[5] - origin->up_m};
    const double range_m = sky_sqrt(square(way_m[0]) + square(way_m[1]) + square(way_m[2]));
    for (int i = 0; i < 3; i++) {
        ret_u[i] = way_m[i] / larger(1.0, range_m);
    }
    return range_m;
}

static bool covers(const struct sky_watch *watch, const struct sky_sensor_config *radar,
                   double range_m, const double u[3])
{
    const double *const up = watch->pose.rot[2];
    const double sine = u[0] * up[0] + u[1] * up[1] + u[2] * up[2];
    return range_m <= radar->range_max_m && range_m >= radar->range_min_m &&
           (!radar->measures_elevation || (sine >= watch->sine_min && sine <= watch->sine_max));
}

double sky_watch_chance(const struct sky_watch *watch, const struct sky_sensor_config *sensor,
                        const struct sky_state *state, double unsteady_m2ps3, int64_t time_ns,
                        double *ret_share_in_notch)
{
    double u[3];

    *ret_share_in_notch = 0.0;
    if (!watch->stands) {
        return sensor->detection_probability;
    }
    const double range_m = larger(1.0, look_at(watch, state, time_ns, u));
    if (!covers(watch, sensor, range_m, u)) {
        return 0.0;
    }
    if (sensor->notch_mps > 0.0) {
        const struct sky_enu *const own = &watch->pose.velocity_mps;
        const double radial_mps = u[0] * (state->x[3] - own->east_m) +
                                  u[1] * (state->x[4] - own->north_m) +
                                  u[2] * (state->x[5] - own->up_m);
        const double sigma_mps =
            sky_sqrt(larger(1e-6, sky_state_along(state, 3, 3, u)) +
                     unsteady_m2ps3 * larger(seconds(time_ns - state->time_ns), 0.0));
        if (sky_abs(radial_mps) < sensor->notch_mps + clear_sigmas * sigma_mps) {
            *ret_share_in_notch = sky_normal_cdf((sensor->notch_mps - radial_mps) / sigma_mps) -
                                  sky_normal_cdf((-sensor->notch_mps - radial_mps) / sigma_mps);
        }
    }
    return sky_clutter_detection(&watch->clutter, sensor, range_m, *ret_share_in_notch);
}

void sky_watch_saw(struct sky_watch *watch, const struct sky_sensor_config *sensor,
                   const struct sky_measurement *measurement)
{
    if (!measurement->is_place) {
        sky_clutter_learn_detection(&watch->clutter, sensor, measurement->slant_range_m,
                                    notch_share(sensor, measurement), true);
    }
}

void sky_watch_missed(struct sky_watch *watch, const struct sky_sensor_config *sensor,
                      const struct sky_state *state, int64_t time_ns, double share_in_notch)
{
    double u[3];
    sky_clutter_learn_detection(&watch->clutter, sensor, look_at(watch, state, time_ns, u),
                                share_in_notch, false);
}

void sky_watch_found(struct sky_watch *watch, const struct sky_sensor_config *sensor,
                     const struct sky_state *state, int64_t time_ns, double share_in_notch)
{
    double u[3];
    sky_clutter_unlearn_miss(&watch->clutter, sensor, look_at(watch, state, time_ns, u),
                             share_in_notch);
}
