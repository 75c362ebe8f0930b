#include "skyh_export.h"

#include <inttypes.h>
#include <string.h>

#include "sky_math.h"
#include "sky_report.h"

static const double deg_per_rad = 180.0 / SKY_PI;

/* ----------------------------------------------------------------------------------- cells */

/* A cell, quoted if it must be. */
static void put_text(FILE *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        (void)fputs(text, out);
        return;
    }
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            (void)fputc('"', out);
        }
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

static uint32_t zone_of(const struct skyh_zonefile *zones, uint32_t line)
{
    return zones->set.line[line].zone;
}

/* "ZONE" under the zone's first line, "ZONE:line" under the others. */
static void put_zone(FILE *out, const struct skyh_zonefile *zones, uint32_t line,
                     const char *before)
{
    const uint32_t zone = zone_of(zones, line);
    const bool first = line == zones->set.zone[zone].first_line;
    char text[2 * SKYH_TEXT_MAX + 8];
    (void)snprintf(text, sizeof text, "%s%.*s%s%.*s", before, SKYH_TEXT_MAX,
                   zones->names.zone[zone].name, first ? "" : ":", SKYH_TEXT_MAX,
                   first ? "" : zones->names.line[line].name);
    put_text(out, text);
}

/* An id is a run's own: those of later runs say which. */
static void put_id(FILE *out, const struct skyh_exporter *exporter, uint32_t id)
{
    if (exporter->runs > 1) {
        (void)fprintf(out, "%" PRIu64 ".", exporter->runs);
    }
    (void)fprintf(out, "%" PRIu32, id);
}

/* Seconds since the epoch. */
static void put_time(FILE *out, const struct skyh_exporter *exporter, int64_t utc_ns)
{
    (void)fprintf(out, "%.6f", (double)(utc_ns - exporter->epoch_ns) * 1e-9);
}

static int64_t utc_of(const struct skyh_exporter *exporter, int64_t time_ns)
{
    return exporter->utc_ns + (time_ns - exporter->time_ns);
}

/* ---------------------------------------------------------------------------------- tracks */

void skyh_export_tracks_header(FILE *out, const struct skyh_zonefile *zones)
{
    (void)fprintf(out, "t,track_id,lat,lon,alt,ve,vn,vu");
    for (int row = 0; row < 6; row++) {
        for (int column = row; column < 6; column++) {
            (void)fprintf(out, ",c%d%d", row, column);
        }
    }
    (void)fprintf(out, ",t_out,p_exist");
    for (uint32_t line = 0; line < zones->set.line_count; line++) {
        (void)fputc(',', out);
        put_zone(out, zones, line, "p_");
    }
    (void)fputc('\n', out);
}

void skyh_export_row(struct skyh_exporter *exporter, const struct sky_event_track *track,
                     int64_t utc_ns, int64_t known_utc_ns)
{
    FILE *const out = exporter->out[SKYH_FORMAT_TRACKS];
    put_time(out, exporter, utc_ns);
    (void)fputc(',', out);
    put_id(out, exporter, track->id);
    (void)fprintf(out, ",%.9f,%.9f,%.3f,%.4f,%.4f,%.4f", track->place.lat_rad * deg_per_rad,
                  track->place.lon_rad * deg_per_rad, track->place.alt_hae_m, track->vel_east_mps,
                  track->vel_north_mps, track->vel_up_mps);
    for (size_t i = 0; i < sizeof track->cov / sizeof track->cov[0]; i++) {
        (void)fprintf(out, ",%.9g", track->cov[i]);
    }
    (void)fputc(',', out);
    put_time(out, exporter, known_utc_ns);
    (void)fprintf(out, ",%.9g", track->existence);
    for (uint32_t line = 0; line < exporter->zones.set.line_count; line++) {
        const struct sky_assessment *const at = &exporter->assessment[line];
        (void)fprintf(out, ",%.9g", at->p_inside * at->p_vertical);
    }
    (void)fputc('\n', out);
}

void skyh_export_track(struct skyh_exporter *exporter, size_t slot, int64_t since_ns,
                       const struct sky_event_track *track)
{
    sky_report_assess_at(&skyh_rerun_station(exporter->rerun)->engine, slot,
                         exporter->time_ns - since_ns, exporter->assessment);
    skyh_export_row(exporter, track, exporter->utc_ns - since_ns, exporter->utc_ns);
}

/* ---------------------------------------------------------------------------------- events */

void skyh_export_events_header(FILE *out)
{
    (void)fprintf(out, "t_decl,zone,kind,track_id,t_event,p\n");
}

static bool line_of(const struct skyh_exporter *exporter, uint32_t line_id, uint32_t *ret_line)
{
    for (uint32_t line = 0; line < exporter->zones.set.line_count; line++) {
        if (exporter->zones.set.line[line].id == line_id) {
            *ret_line = line;
            return true;
        }
    }
    return false;
}

/* That a track was never seen inside is no event: it only says on which side it began. */
void skyh_export_alert(const struct skyh_exporter *exporter, const struct sky_event_alert *alert)
{
    FILE *const out = exporter->out[SKYH_FORMAT_EVENTS];
    uint32_t line = 0;
    if ((alert->first && !alert->inside) || !line_of(exporter, alert->line_id, &line)) {
        return;
    }
    put_time(out, exporter, exporter->utc_ns);
    (void)fputc(',', out);
    put_zone(out, &exporter->zones, line, "");
    (void)fprintf(out, ",%s,", alert->inside ? "enter" : "exit");
    put_id(out, exporter, alert->track_id);
    (void)fputc(',', out);
    if (alert->crossing_known) {
        put_time(out, exporter, utc_of(exporter, alert->crossing_ns));
    }
    (void)fprintf(out, ",%.9g\n", alert->p);
}

/* --------------------------------------------------------------------------------- sensors */

void skyh_export_sensors_header(FILE *out)
{
    (void)fprintf(out, "t,sensor,registration,pairs,bias_r,bias_az_deg,bias_el_deg,bias_t,"
                       "sig_r,sig_az_deg,sig_el_deg,sig_t,nis_r,nis_az,nis_el,nis_rdot,"
                       "nis_h,nis_e,nis_n,nis_out,pd,fa_per_scan,plots,used\n");
}

static const char *registration_name(enum sky_register_state state)
{
    switch (state) {
    case SKY_REGISTER_ALONE:
        return "alone";
    case SKY_REGISTER_LEARNING:
        return "learning";
    case SKY_REGISTER_APPLIED:
        return "applied";
    }
    return "?";
}

static void put_biases(FILE *out, const double bias[SKY_BIASES])
{
    (void)fprintf(out, ",%.9g,%.9g,%.9g,%.9g", bias[SKY_BIAS_RANGE],
                  bias[SKY_BIAS_AZIMUTH] * deg_per_rad, bias[SKY_BIAS_ELEVATION] * deg_per_rad,
                  bias[SKY_BIAS_TIME]);
}

void skyh_export_sensor(const struct skyh_exporter *exporter, const struct sky_event_sensor *sensor)
{
    const struct sky_engine *const engine = &skyh_rerun_station(exporter->rerun)->engine;
    FILE *const out = exporter->out[SKYH_FORMAT_SENSORS];
    put_time(out, exporter, exporter->utc_ns);
    (void)fputc(',', out);
    put_text(out, engine->config.sensor[sensor->sensor].name);
    (void)fprintf(out, ",%s,%" PRIu64, registration_name(sensor->registration.state),
                  sensor->registration.pairs);
    put_biases(out, sensor->registration.bias);
    put_biases(out, sensor->registration.bias_sigma);
    for (size_t i = 0; i < SKY_COMPONENTS; i++) {
        (void)fprintf(out, ",%.9g", sensor->nis[i]);
    }
    (void)fprintf(out, ",%" PRIu32 ",%.9g,%.9g,%" PRIu64 ",%" PRIu64 "\n", sensor->nis_out,
                  sensor->detection_probability, sensor->false_plots_per_scan, sensor->plots,
                  sensor->used);
}
