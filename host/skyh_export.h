/**
 * skyh_export: what one export keeps while it runs, for those who write its formats.
 */
#ifndef SKYH_EXPORT_H
#define SKYH_EXPORT_H

#include <stdio.h>

#include "skyh_blocks.h"
#include "skyh_incidents.h"
#include "skyh_mapfile.h"
#include "skyh_mcapfile.h"
#include "skyh_rerun.h"
#include "skyh_smooth.h"
#include "skyh_zonefile.h"

enum skyh_format {
    SKYH_FORMAT_TRACKS,
    SKYH_FORMAT_EVENTS,
    SKYH_FORMAT_SENSORS,
    SKYH_FORMAT_ASTERIX,
    SKYH_FORMAT_GEOJSON,
    SKYH_FORMAT_KML,
    SKYH_FORMAT_MCAP,
    SKYH_FORMATS
};

enum { SKYH_MAPS = 2 };

/** One export; large. The watch comes first. */
struct skyh_exporter {
    struct skyh_rerun_watch watch;
    struct skyh_rerun *rerun;
    FILE *out[SKYH_FORMATS]; /* by format; NULL: not asked for */
    bool capture;            /* asterix as a capture, not as blocks alone */
    struct sky_asterix_sender sender;
    struct skyh_blocks blocks;
    struct skyh_mapfile *map[SKYH_MAPS]; /* GeoJSON, KML; NULL: not asked for, or not yet begun */
    struct skyh_mcapfile *mcap;          /* NULL: not asked for */
    struct skyh_incidents incidents;     /* for maps */
    bool view_due;                       /* a run began, and its lines are yet to be shown */
    bool failed;                         /* memory ended */
    double existence_min;
    double delay_s;
    bool smooth; /* tracks by all their plots, told at the end of each run */
    struct skyh_smooth_sink sink;
    struct skyh_traces traces;
    int64_t epoch_ns;
    struct skyh_zonefile zones; /* of the first run */
    uint64_t runs;
    bool other_zones; /* a later run watched other zones: its columns would be others */
    int64_t time_ns;  /* of the latest input ... */
    int64_t utc_ns;   /* ... and as UTC */
    int64_t second;   /* the latest whole second since the epoch that was told */
    struct sky_assessment assessment[SKY_LINES_MAX];
};

/** The tables: their first lines, and one row of each. */
void skyh_export_tracks_header(FILE *out, const struct skyh_zonefile *zones);
void skyh_export_events_header(FILE *out);
void skyh_export_sensors_header(FILE *out);

/** A row of the first table: when, what, as known when; and the lines it was assessed against. */
void skyh_export_row(struct skyh_exporter *exporter, const struct sky_event_track *track,
                     int64_t utc_ns, int64_t known_utc_ns);

/** A track as it was since_ns ago, by what is known now. */
void skyh_export_track(struct skyh_exporter *exporter, size_t slot, int64_t since_ns,
                       const struct sky_event_track *track);
void skyh_export_alert(const struct skyh_exporter *exporter, const struct sky_event_alert *alert);
void skyh_export_sensor(const struct skyh_exporter *exporter,
                        const struct sky_event_sensor *sensor);

/** What a stock viewer shows on its map: the run's lines, an incident as it closed, a track. */
void skyh_export_view_lines(struct skyh_exporter *exporter, int64_t utc_ns);
void skyh_export_view_incident(struct skyh_exporter *exporter, uint32_t id, int64_t utc_ns);
void skyh_export_view_track(struct skyh_exporter *exporter, const struct sky_event_track *track,
                            int64_t utc_ns);

#endif
