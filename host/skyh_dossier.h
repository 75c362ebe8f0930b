/**
 * skyh_dossier: all that a log says about a few aircraft, at hand at once, for those who judge it.
 *
 * Two walks: the first finds the incidents, the second keeps what the station wrote of their tracks
 * - of every track, if there is no incident -, runs the inputs again to see that the events follow
 * from them, and notes when each source was heard. Memory grows with the flights of these tracks,
 * not with the log.
 */
#ifndef SKYH_DOSSIER_H
#define SKYH_DOSSIER_H

#include "skyh_incidents.h"
#include "skyh_rerun.h"
#include "skyh_zonefile.h"

/** A confirmed track at one instant, as recorded. */
struct skyh_look {
    uint64_t run;
    uint32_t track_id;
    uint32_t change; /* sky_track_change */
    int64_t utc_ns;
    struct sky_lla place;
    double speed_mps; /* over ground */
    double var_east_m2;
    double var_north_m2;
    double cov_east_north_m2;
    double var_up_m2;
    size_t first; /* of its assessments, one for each line that was near; none while it coasts */
    size_t count;
};

/** A plot that a track used near the time of an incident, where it alone puts the aircraft. */
struct skyh_spot {
    uint64_t run;
    uint32_t track_id;
    uint32_t sensor;
    int64_t utc_ns;
    double lat_rad;
    double lon_rad;
};

/** A source was heard from one instant to the other without a longer pause than it may make. */
struct skyh_heard {
    uint32_t source; /* index in the dossier's */
    int64_t from_utc_ns;
    int64_t to_utc_ns;
};

struct skyh_heard_source {
    uint64_t run;
    char name[SKY_NAME_MAX];
    int64_t pause_ns; /* a longer one is a gap */
    uint64_t inputs;
    uint64_t lost;  /* datagrams, reads and reports that it lost or tore, as recorded */
    bool has_plots; /* it brings what radars see, not the station's own place */
};

/** How well a radar detects, as the station had learned it by then. */
struct skyh_health {
    uint64_t run;
    uint32_t sensor;
    int64_t utc_ns;
    double detection_probability; /* at the middle of its range */
};

/** One start of the station. */
struct skyh_dossier_run {
    uint64_t run;
    struct sky_config config;
    char software[SKY_NAME_MAX];
    char boot_id[37];
    uint8_t config_sha256[32]; /* of the CONFIG record as the log has it, zone set included */
    size_t zones;              /* index in the dossier's */
    bool has_span;
    int64_t from_utc_ns;
    int64_t to_utc_ns;
    bool has_place;
    struct sky_lla place; /* the station's, as latest said */
    double place_sigma_m;
    uint64_t refused;              /* things that were received and not used */
    uint64_t clock_changes;        /* of its state ... */
    struct sky_utc_estimate clock; /* ... and as the latest such event has it; zero if none */
    uint64_t clock_steps;          /* the kernel's clock jumped */
};

/** What cannot be read. */
struct skyh_dossier_damage {
    const char *file; /* borrowed from the log, which stays open */
    uint64_t offset;
    const char *reason; /* static storage */
    bool torn;
};

/** Start zeroed but for keep_all, end with skyh_dossier_done. Everything is in the order of the
 * log.
 */
struct skyh_dossier {
    bool keep_all; /* the tracks of a log with incidents too that have none */
    struct skyh_incidents incidents;
    size_t run_count;
    struct skyh_dossier_run *run;
    size_t zones_count;
    struct skyh_zonefile *zones; /* each different one once */
    size_t look_count;
    struct skyh_look *look;
    size_t assessment_count;
    struct sky_assessment *assessment;
    size_t spot_count;
    struct skyh_spot *spot;
    size_t source_count;
    struct skyh_heard_source *source;
    size_t heard_count;
    struct skyh_heard *heard;
    size_t health_count;
    struct skyh_health *health;
    size_t damage_count; /* the first of them; the log counts all */
    struct skyh_dossier_damage damage[16];
    struct skyh_verdict rerun;
    bool cut; /* more was there than is kept */
};

/** Says damage as command. SKYH_EXIT_SOFTWARE if memory ends, else true. */
bool skyh_dossier_collect(struct skyh_dossier *dossier, struct skyh_log *log, const char *command,
                          struct skyh_problem *problem);

/** The run, or NULL if its beginning is lost. */
const struct skyh_dossier_run *skyh_dossier_run(const struct skyh_dossier *dossier, uint64_t run);

/**
 * The sensor of a configuration that a source is named after: as the sensor, or "modbus.",
 * "asterix." and so before that. UINT32_MAX if it is none, as a network that several radars share.
 */
uint32_t skyh_dossier_sensor(const struct sky_config *config, const char *source);

/** What a look says under a line of its run; NULL if it was not near or not measured. */
const struct sky_assessment *skyh_dossier_under(const struct skyh_dossier *dossier,
                                                const struct skyh_look *look, uint32_t line_id);

/**
 * SKYH_EXIT_DAMAGED if anything is torn, damaged, lost or different from what its inputs give.
 */
int skyh_dossier_exit(const struct skyh_dossier *dossier, const struct skyh_log *log);

void skyh_dossier_done(struct skyh_dossier *dossier);

#endif
