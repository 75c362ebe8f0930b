#include "skyh_event.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "sky_math.h"

static const double rad_deg = 180.0 / SKY_PI;

const char *skyh_event_name(enum sky_event_kind kind)
{
    switch (kind) {
    case SKY_EVENT_POSE:
        return "pose";
    case SKY_EVENT_CLOCK:
        return "clock";
    case SKY_EVENT_TRACK:
        return "track";
    case SKY_EVENT_ASSESSMENT:
        return "assessment";
    case SKY_EVENT_INCIDENT:
        return "incident";
    case SKY_EVENT_INCIDENT_LINE:
        return "line";
    case SKY_EVENT_CLASSIFICATION:
        return "class";
    case SKY_EVENT_REJECT:
        return "reject";
    case SKY_EVENT_ALERT:
        return "alert";
    case SKY_EVENT_SENSOR:
        return "sensor";
    case SKY_EVENT_READING:
        return "reading";
    }
    return "?";
}

const char *skyh_event_change(enum sky_incident_change change)
{
    switch (change) {
    case SKY_INCIDENT_UNCHANGED:
        return "unchanged";
    case SKY_INCIDENT_OPENED:
        return "opened";
    case SKY_INCIDENT_CROSSED:
        return "crossed";
    case SKY_INCIDENT_RETURNED:
        return "turned back";
    case SKY_INCIDENT_NOW_CLOSED:
        return "closed";
    }
    return "?";
}

const char *skyh_event_end(enum sky_incident_end end)
{
    switch (end) {
    case SKY_END_NOT_YET:
        return "still open";
    case SKY_END_OUTSIDE:
        return "left";
    case SKY_END_LOST_INSIDE:
        return "lost inside";
    case SKY_END_LOST_OUTSIDE:
        return "lost outside";
    case SKY_END_STOPPED:
        return "watch ended";
    }
    return "?";
}

const char *skyh_event_clock(enum sky_clock_state state)
{
    switch (state) {
    case SKY_CLOCK_NONE:
        return "none";
    case SKY_CLOCK_RTC:
        return "RTC";
    case SKY_CLOCK_HOLDOVER:
        return "holdover";
    case SKY_CLOCK_NTP:
        return "NTP";
    case SKY_CLOCK_GNSS:
        return "GNSS";
    case SKY_CLOCK_PPS:
        return "PPS";
    }
    return "?";
}

static const char *track_change(uint32_t change)
{
    if ((change & SKY_TRACK_NOW_LOST) != 0) {
        return "lost";
    }
    if ((change & SKY_TRACK_NOW_COASTING) != 0) {
        return "coasts";
    }
    return (change & SKY_TRACK_NOW_CONFIRMED) != 0 ? "confirmed" : "updated";
}

static const char *reject_reason(enum sky_reject_reason reason)
{
    switch (reason) {
    case SKY_REJECT_MALFORMED:
        return "malformed";
    case SKY_REJECT_UNKNOWN_SENSOR:
        return "unknown sensor";
    case SKY_REJECT_UNKNOWN_CATEGORY:
        return "unknown category";
    case SKY_REJECT_NO_POSE:
        return "own place unknown";
    case SKY_REJECT_IMPLAUSIBLE:
        return "implausible";
    case SKY_REJECT_TOO_OLD:
        return "too old";
    case SKY_REJECT_TABLE_FULL:
        return "table full";
    }
    return "?";
}

static void track_text(const struct sky_event_track *track, char text[SKYH_EVENT_TEXT_MAX])
{
    const double speed_mps = sqrt(track->vel_east_mps * track->vel_east_mps +
                                  track->vel_north_mps * track->vel_north_mps);
    double course_deg = atan2(track->vel_east_mps, track->vel_north_mps) * rad_deg;
    course_deg += course_deg < 0.0 ? 360.0 : 0.0;
    (void)snprintf(text, SKYH_EVENT_TEXT_MAX,
                   "%" PRIu32 " %s at %.5f %.5f, %.0f m, %.0f m/s on %03.0f, +-%.0f m, "
                   "existence %.3f",
                   track->id, track_change(track->change), track->place.lat_rad * rad_deg,
                   track->place.lon_rad * rad_deg, track->place.alt_hae_m, speed_mps, course_deg,
                   1.96 * sqrt(track->cov[0] > track->cov[6] ? track->cov[0] : track->cov[6]),
                   track->existence);
}

static void alert_text(const struct sky_event_alert *alert, int64_t time_ns,
                       char text[SKYH_EVENT_TEXT_MAX])
{
    char crossed[48] = "";
    if (alert->crossing_known) {
        (void)snprintf(crossed, sizeof crossed, ", crossed %.1f s before",
                       1e-9 * ((double)time_ns - (double)alert->crossing_ns));
    }
    (void)snprintf(text, SKYH_EVENT_TEXT_MAX,
                   "track %" PRIu32 ", zone %" PRIu32 ", line %" PRIu32 ": %s, P %.4f%s",
                   alert->track_id, alert->zone_id, alert->line_id,
                   alert->first ? (alert->inside ? "first seen inside" : "first seen outside")
                                : (alert->inside ? "entered" : "left"),
                   alert->p, crossed);
}

static const char *registration_name(enum sky_register_state state)
{
    switch (state) {
    case SKY_REGISTER_ALONE:
        return "alone: its bias cannot be known";
    case SKY_REGISTER_LEARNING:
        return "as stated";
    case SKY_REGISTER_APPLIED:
        return "corrected";
    }
    return "?";
}

static void sensor_text(const struct sky_event_sensor *sensor, char text[SKYH_EVENT_TEXT_MAX])
{
    const double *const bias = sensor->registration.bias;
    const double *const sigma = sensor->registration.bias_sigma;
    char biases[128] = "";
    if (sensor->registration.state != SKY_REGISTER_ALONE) {
        (void)snprintf(biases, sizeof biases, ", off by %.0f+-%.0f m, %.3f+-%.3f deg, %.2f+-%.2f s",
                       bias[SKY_BIAS_RANGE], 1.96 * sigma[SKY_BIAS_RANGE],
                       bias[SKY_BIAS_AZIMUTH] * rad_deg, 1.96 * sigma[SKY_BIAS_AZIMUTH] * rad_deg,
                       bias[SKY_BIAS_TIME], 1.96 * sigma[SKY_BIAS_TIME]);
    }
    (void)snprintf(
        text, SKYH_EVENT_TEXT_MAX,
        "%" PRIu32 ": %" PRIu64 " of %" PRIu64 " plots used, %s%s, sees %.2f, %.1f false "
        "a scan, residuals %s",
        sensor->sensor, sensor->used, sensor->plots, registration_name(sensor->registration.state),
        biases, sensor->detection_probability, sensor->false_plots_per_scan,
        sensor->nis_out == 0 ? "in bounds" : "out of bounds");
}

static void incident_text(const struct sky_event_incident *incident, char text[SKYH_EVENT_TEXT_MAX])
{
    (void)snprintf(text, SKYH_EVENT_TEXT_MAX,
                   "%" PRIu32 " %s: track %" PRIu32 ", zone %" PRIu32 ", %s, returns %" PRIu32,
                   incident->id, skyh_event_change(incident->change), incident->track_id,
                   incident->zone_id, skyh_event_end(incident->end), incident->returns);
}

char *skyh_event_text(const struct sky_event *event, char text[SKYH_EVENT_TEXT_MAX])
{
    switch (event->kind) {
    case SKY_EVENT_POSE:
        (void)snprintf(text, SKYH_EVENT_TEXT_MAX, "station at %.6f %.6f, %.1f m, +-%.1f m",
                       event->u.pose.place.lat_rad * rad_deg, event->u.pose.place.lon_rad * rad_deg,
                       event->u.pose.place.alt_hae_m, 1.96 * event->u.pose.sigma_horizontal_m);
        break;
    case SKY_EVENT_CLOCK:
        (void)snprintf(text, SKYH_EVENT_TEXT_MAX, "%s, +-%.3f s",
                       skyh_event_clock(event->utc.state), 1.96e-9 * (double)event->utc.sigma_ns);
        break;
    case SKY_EVENT_TRACK:
        track_text(&event->u.track, text);
        break;
    case SKY_EVENT_ASSESSMENT:
        (void)snprintf(text, SKYH_EVENT_TEXT_MAX,
                       "track %" PRIu32 ", line %" PRIu32 ": %.0f m %s, +-%.0f m, P(inside) %.3f",
                       event->u.assessment.track_id, event->u.assessment.line_id,
                       fabs(event->u.assessment.distance_m),
                       event->u.assessment.distance_m < 0.0 ? "inside" : "outside",
                       event->u.assessment.u95_m, event->u.assessment.p_inside);
        break;
    case SKY_EVENT_INCIDENT:
        incident_text(&event->u.incident, text);
        break;
    case SKY_EVENT_INCIDENT_LINE:
        (void)snprintf(text, SKYH_EVENT_TEXT_MAX,
                       "incident %" PRIu32 ", line %" PRIu32 ": entries %" PRIu32
                       ", deepest %.0f m, +-%.0f m",
                       event->u.incident_line.incident_id, event->u.incident_line.line.line_id,
                       event->u.incident_line.line.entries, -event->u.incident_line.line.deepest_m,
                       event->u.incident_line.line.deepest_u95_m);
        break;
    case SKY_EVENT_CLASSIFICATION:
        (void)snprintf(text, SKYH_EVENT_TEXT_MAX, "incident %" PRIu32 ": %s by %s",
                       event->u.classification.incident_id,
                       sky_classify_kind_name(event->u.classification.result.kind),
                       sky_classify_class_name(event->u.classification.result.target));
        break;
    case SKY_EVENT_REJECT:
        (void)snprintf(text, SKYH_EVENT_TEXT_MAX, "%s: %s: %s, %" PRIu64 " times, at %" PRIu32,
                       event->u.reject.source, event->u.reject.item,
                       reject_reason(event->u.reject.reason), event->u.reject.count,
                       event->u.reject.offset);
        break;
    case SKY_EVENT_ALERT:
        alert_text(&event->u.alert, event->time_ns, text);
        break;
    case SKY_EVENT_SENSOR:
        sensor_text(&event->u.sensor, text);
        break;
    case SKY_EVENT_READING:
        (void)snprintf(text, SKYH_EVENT_TEXT_MAX, "%s: %s %.6g", event->u.reading.source,
                       event->u.reading.item, event->u.reading.value);
        break;
    }
    return text;
}
