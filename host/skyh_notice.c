#include "skyh_notice.h"

#include <math.h>

#include "sky_math.h"

static const double log_false_alarm = -13.815510557964274; /* ln 1e-6 */

double skyh_notice_gain(const struct sky_sensor_config *radar, const struct sky_lla *site,
                        const struct skyh_suspect *suspect, double lat_rad, double lon_rad)
{
    struct sky_geo_frame frame;
    if (sky_geo_frame_init(&frame, site) != SKY_OK) {
        return 0.0;
    }
    const struct sky_lla place = {lat_rad, lon_rad, suspect->alt_hae_m};
    const struct sky_enu at = sky_geo_to_enu(&frame, &place);
    const double range_m =
        sqrt(at.east_m * at.east_m + at.north_m * at.north_m + at.up_m * at.up_m);
    if (range_m < fmax(radar->range_min_m, 1.0) || range_m > radar->range_max_m) {
        return 0.0;
    }
    const double geometric_rad = asin(at.up_m / range_m);
    const double apparent_rad = geometric_rad + sky_geo_refraction_rad(range_m, geometric_rad);
    if (apparent_rad < fmax(radar->elevation_min_rad, 0.0) ||
        apparent_rad > radar->elevation_max_rad) {
        return 0.0;
    }
    const double nearer = 0.5 * radar->range_max_m / range_m;
    return pow(10.0, 0.1 * (suspect->rcs_dbsm - suspect->seen_rcs_dbsm)) * nearer * nearer *
           nearer * nearer;
}

double skyh_notice_detection(double learned, double gain)
{
    if (gain <= 0.0) {
        return 0.0;
    }
    const double signal_to_noise = (log_false_alarm / log(learned) - 1.0) * gain;
    return exp(log_false_alarm / (1.0 + signal_to_noise));
}

double skyh_notice_at_least(const struct skyh_notice_looks *looks, size_t radars, uint32_t least)
{
    double few[SKYH_NOTICE_LOOKS_MAX] = {1.0}; /* probability of just so many detections */
    for (size_t r = 0; r < radars; r++) {
        for (uint32_t n = 0; n < looks[r].count && looks[r].p > 0.0; n++) {
            for (uint32_t k = least; k-- > 0;) {
                few[k] = few[k] * (1.0 - looks[r].p) + (k > 0 ? few[k - 1] * looks[r].p : 0.0);
            }
        }
    }
    double missed = 0.0;
    for (uint32_t k = 0; k < least; k++) {
        missed += few[k];
    }
    return 1.0 - fmin(missed, 1.0);
}
