#include "sky_alert.h"

int64_t sky_alert_half_ns(const struct sky_alert_look *before, const struct sky_alert_look *now)
{
    const bool sign_changed = (before->distance_m < 0.0) != (now->distance_m < 0.0);
    const double share = sign_changed ? before->distance_m / (before->distance_m - now->distance_m)
                                      : (0.5 - before->p) / (now->p - before->p);
    return before->time_ns + (int64_t)(share * (double)(now->time_ns - before->time_ns));
}

/* Where the track is by this look, if the look is clear. */
static enum sky_line_side side_by(const struct sky_alert *alert,
                                  const struct sky_incident_config *config, double p,
                                  double existence)
{
    if (existence * p >= config->p_enter) {
        return SKY_SIDE_INSIDE;
    }
    return p <= config->p_exit ? SKY_SIDE_OUTSIDE : alert->side;
}

enum sky_alert_notice sky_alert_look(struct sky_alert *alert,
                                     const struct sky_incident_config *config,
                                     const struct sky_alert_look *look, double existence,
                                     bool fresh)
{
    const enum sky_line_side before = alert->side;

    if (!fresh) {
        return SKY_ALERT_NOTHING;
    }
    if (alert->has_previous && (alert->previous.p < 0.5) != (look->p < 0.5)) {
        alert->half_ns = sky_alert_half_ns(&alert->previous, look);
    }
    alert->previous = *look;
    alert->has_previous = true;
    alert->side = side_by(alert, config, look->p, existence);
    if (alert->side == before) {
        return SKY_ALERT_NOTHING;
    }
    if (alert->side == SKY_SIDE_INSIDE) {
        return before == SKY_SIDE_OUTSIDE ? SKY_ALERT_ENTERED : SKY_ALERT_FOUND_INSIDE;
    }
    return before == SKY_SIDE_INSIDE ? SKY_ALERT_LEFT : SKY_ALERT_NOTHING;
}
