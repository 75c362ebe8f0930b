/**
 * sky_engine: the pipeline. One input in, the events it causes out.
 *
 *     gnss -> utc, pose      plots -> tracker -> assess (zone x line) -> incident -> events
 *
 * What a plot measures is decided in sky_reading, what all plots share of error in sky_common, what
 * is said of tracks and sensors in sky_report. Stated times that the clock contradicts are counted
 * and reported as "plot.time", and their plots used by arrival; an age of over 10 s means that the
 * plot is not used.
 *
 * Place of a sensor. One pose per plot, at that plot's time: where the station stood or,
 * if it moves, where its last fix and velocity put it (10 s at most). Sensors with a site of their
 * own need only the tracking frame, whose origin is the surveyed site, else the first known pose.
 * Plots of sensors, and reported places, that are over 1,000 km from that origin are not used, nor
 * are places beyond their sensor's range_max_m of the station: counted as out of range.
 *
 * The engine is a function of its configuration, its zone set and the inputs it has been given, and
 * of nothing else: it allocates nothing and reads no clock. Feeding recorded inputs to a fresh
 * engine reproduces every event to the last bit; that is what replay is.
 */
#ifndef SKY_ENGINE_H
#define SKY_ENGINE_H

#include <stddef.h>

#include "sky_alert.h"
#include "sky_assess.h"
#include "sky_base.h"
#include "sky_classify.h"
#include "sky_config.h"
#include "sky_imm.h"
#include "sky_incident.h"
#include "sky_obs.h"
#include "sky_pose.h"
#include "sky_register.h"
#include "sky_stay.h"
#include "sky_tracker.h"
#include "sky_utc.h"
#include "sky_zone.h"

/** A decoded input. */
enum sky_step_kind { SKY_STEP_TICK = 1, SKY_STEP_GNSS, SKY_STEP_PLOTS, SKY_STEP_SHUTDOWN };

struct sky_step {
    uint64_t seq;    /* never less than the step before: one input may make several steps */
    int64_t time_ns; /* never less than the step before */
    int64_t realtime_ns;
    enum sky_step_kind kind;
    bool synchronised;              /* SKY_STEP_TICK */
    int64_t error_ns;               /* SKY_STEP_TICK */
    const struct sky_gnss_fix *fix; /* SKY_STEP_GNSS */
    const struct sky_plot *plot;    /* SKY_STEP_PLOTS: count plots, all of one sensor */
    size_t count;                   /* <= SKY_PLOTS_MAX */
};

enum sky_event_kind {
    SKY_EVENT_POSE = 1,       /* the station's pose became known, moved by over a sigma, turned by
                                 over one, or rests on something else */
    SKY_EVENT_CLOCK,          /* the clock state changed */
    SKY_EVENT_TRACK,          /* a confirmed track was updated, coasts, or was lost */
    SKY_EVENT_ASSESSMENT,     /* follows SKY_EVENT_TRACK, one per line within assess_within_m or
                                 around it; only while confirmed and updated */
    SKY_EVENT_INCIDENT,       /* opened, crossed, returned or closed ... */
    SKY_EVENT_INCIDENT_LINE,  /* ... followed by one of these per line ... */
    SKY_EVENT_CLASSIFICATION, /* ... and, when closed, by one of these */
    SKY_EVENT_REJECT,         /* something that was received could not be used */
    SKY_EVENT_ALERT,          /* a track is taken to have entered or left, under one line */
    SKY_EVENT_SENSOR,         /* how a sensor is doing: once a minute, and when that changes */
    SKY_EVENT_READING         /* what a unit says of itself or of the weather, when that changes */
};

struct sky_event_track {
    uint32_t id;
    uint32_t change; /* sky_track_change */
    enum sky_track_status status;
    struct sky_lla place;
    double vel_east_mps;
    double vel_north_mps;
    double vel_up_mps;
    double cov[21]; /* upper triangle by rows of the 6x6 covariance of e,n,u,ve,vn,vu at the place,
                       common errors included */
    double existence;
    uint32_t sensors;
    uint32_t last_sensor;
    double last_distance2;
    uint32_t last_dimension;
    uint32_t icao_address;
    char callsign[9];
    bool cooperative;            /* it answered or reported at least once */
    bool height_from_pressure;   /* at least in part */
    double model[SKY_MODES_MAX]; /* probabilities of the models of motion: steady, ordinary, wild,
                                    turning left, turning right */
};

/**
 * The earliest sound notice of a crossing; an incident needs more looks. Said when existence times
 * P(inside) times P(vertical) reaches p_enter, or then p_exit, at a look or a tick; never because
 * of time that passed while nobody saw the track.
 */
struct sky_event_alert {
    uint32_t track_id;
    uint32_t zone_id;
    uint32_t line_id;
    bool inside;
    bool first; /* no other side was ever known of this track */
    double p;
    bool crossing_known;
    int64_t crossing_ns; /* when p passed 1/2 */
};

/** Health and calibration of one sensor. */
struct sky_event_sensor {
    uint32_t sensor;
    struct sky_registration registration;
    double nis[SKY_COMPONENTS];   /* mean of squared normalised residuals; 1 is as it should be */
    uint32_t nis_out;             /* components out of bounds, bits of sky_component */
    double detection_probability; /* learned, at mid range */
    double false_plots_per_scan;  /* learned */
    uint64_t plots;               /* since the run began */
    uint64_t used;
};

struct sky_event_incident {
    uint32_t id;
    uint32_t zone_id;
    uint32_t track_id;
    enum sky_incident_change change;
    enum sky_incident_state state;
    enum sky_incident_end end;
    int64_t opened_ns;
    int64_t closed_ns; /* meaningful once closed */
    bool started_inside;
    uint32_t returns;
    double closest_outside_m;
};

struct sky_event_incident_line {
    uint32_t incident_id;
    struct sky_incident_line line;
};

struct sky_event_classification {
    uint32_t incident_id;
    struct sky_classification result;
    struct sky_track_features features;
    uint8_t emitter;      /* what it said it is, as in I021/020; 0: nothing */
    struct sky_stay stay; /* the longest inside; all zero if nothing is known of any */
};

enum sky_reject_reason {
    SKY_REJECT_MALFORMED = 1,  /* bytes do not decode; item and offset say where */
    SKY_REJECT_UNKNOWN_SENSOR, /* no configured radar has this SAC/SIC */
    SKY_REJECT_UNKNOWN_CATEGORY,
    SKY_REJECT_NO_POSE,     /* plots before the station knows where it is */
    SKY_REJECT_IMPLAUSIBLE, /* time, position or measurement outside what can be */
    SKY_REJECT_TOO_OLD,
    SKY_REJECT_TABLE_FULL
};

struct sky_event_reject {
    enum sky_reject_reason reason;
    uint64_t count;
    uint32_t offset;         /* byte in the datagram or word in the register block, if it applies */
    char item[SKY_NAME_MAX]; /* "I048/040", "header.magic", "gnss.time", ... */
    char source[SKY_NAME_MAX]; /* the radar if it is known, else the adapter that brought it */
};

/** A value that is no plot: health of a head, wind, where a rotator points. */
struct sky_event_reading {
    char source[SKY_NAME_MAX]; /* the adapter that brought it */
    char item[SKY_NAME_MAX]; /* with its unit, such as "wind_speed_mps"; or "head.fault": 0 or 1 */
    double value;
};

struct sky_event {
    uint64_t cause_seq;          /* the input that made it happen */
    int64_t time_ns;             /* the instant it describes */
    struct sky_utc_estimate utc; /* of time_ns, as known then */
    enum sky_event_kind kind;
    union {
        struct {
            struct sky_lla place;
            double sigma_horizontal_m;
            double sigma_vertical_m;
            double heading_rad;
            double heading_sigma_rad;
            uint32_t fixes_used;
            enum sky_pose_state state;
        } pose;
        struct sky_event_track track;
        struct sky_assessment assessment;
        struct sky_event_incident incident;
        struct sky_event_incident_line incident_line;
        struct sky_event_classification classification;
        struct sky_event_reject reject;
        struct sky_event_alert alert;
        struct sky_event_sensor sensor;
        struct sky_event_reading reading;
    } u;
};

/*
 * The worst step is a tick that loses every track while each has an open incident in every zone:
 * per track one track event, an assessment per line, and per zone an incident, its lines (all zones
 * together: SKY_LINES_MAX) and a classification; plus pose, clock and rejects.
 */
enum {
    SKY_OUTBOX_MAX = SKY_TRACKS_MAX * (1 + SKY_LINES_MAX + 2 * SKY_ZONES_MAX + SKY_LINES_MAX) + 64
};
/* One input may make several steps (a datagram of several radars), each with far fewer events. */

/** Where steps put their events, in the order they happened. Owned by the caller, who empties it.
 */
struct sky_outbox {
    size_t count;
    struct sky_event event[SKY_OUTBOX_MAX];
};

/** What the engine counted. Only ever grows. */
struct sky_stats {
    uint64_t steps;
    uint64_t plots;
    uint64_t rejected[SKY_REJECT_TABLE_FULL + 1]; /* by sky_reject_reason */
    uint64_t late_or_early;                       /* plots whose stated time was not believed */
    uint64_t outbox_full;                         /* events lost; the last place says so */
};

/** How far a track may go from a place, in the tracking frame, before lines matter again. */
struct sky_engine_clearance {
    struct sky_enu from;
    double reach_m;
};

/** The pose of a sensor that stands still, as long as that is where it stands. */
struct sky_engine_stand {
    bool sought;
    enum sky_status found; /* of the search: pose means something if it is SKY_OK */
    struct sky_lla place;
    struct sky_sensor_pose pose;
};

/**
 * The receiver's latest epoch. gpsd reports one several times, each fuller than before: the latest
 * counts instead of those before it.
 */
struct sky_engine_epoch {
    bool known;
    int64_t utc_ns;
    int64_t time_ns;          /* when it was first reported */
    enum sky_status believed; /* its time */
    struct sky_pose before;
};

/**
 * The whole state of a station. Fields are private but for reading. Borrows the zone set. Points
 * into itself: it is not to be copied or moved. Keep it static.
 */
struct sky_engine {
    struct sky_config config;
    const struct sky_zone_set *zones;
    struct sky_stats stats;
    struct sky_utc utc;
    struct sky_pose pose;
    bool anchored; /* the tracking frame has its origin */
    struct sky_geo_frame frame;
    uint64_t last_seq;
    int64_t now_ns;
    uint32_t next_incident_id;
    enum sky_clock_state clock_said; /* in the latest SKY_EVENT_CLOCK */
    struct sky_lla pose_said;        /* in the latest SKY_EVENT_POSE */
    double heading_said_rad;
    enum sky_pose_state pose_state_said;
    bool pose_was_said;
    struct sky_engine_epoch epoch;
    struct sky_event lost;                  /* what the outbox had no room for */
    uint32_t slot_track_id[SKY_TRACKS_MAX]; /* whose incidents a slot holds; 0: nobody's */
    struct sky_engine_clearance clearance[SKY_TRACKS_MAX]; /* by slot */
    int64_t calm_until_ns[SKY_TRACKS_MAX];                 /* by slot: no line can be met before */
    struct sky_assessment assessment[SKY_LINES_MAX];
    enum sky_register_state sensor_said[SKY_SENSORS_MAX]; /* in the latest SKY_EVENT_SENSOR */
    int64_t sensor_said_ns[SKY_SENSORS_MAX];
    struct sky_engine_stand stand[SKY_SENSORS_MAX];
    struct sky_claim claim; /* the plot at hand */
    struct sky_stays stays;
    /* not cleared by init, so that what is never used is never resident */
    struct sky_tracker tracker;
    struct sky_alert alert[SKY_TRACKS_MAX][SKY_LINES_MAX]; /* by slot */
    struct sky_incident incident[SKY_TRACKS_MAX][SKY_ZONES_MAX];
    struct sky_incident_line incident_line[SKY_TRACKS_MAX][SKY_LINES_MAX];
};

_Static_assert(sizeof(struct sky_engine) <= 8U << 20, "a station must fit beside others");

/**
 * Makes an engine ready for its first step. Borrows zones for as long as the engine is used.
 * Pre: sky_config_check and sky_zone_check passed.
 */
void sky_engine_init(struct sky_engine *engine, const struct sky_config *config,
                     const struct sky_zone_set *zones, int64_t time_ns);

/**
 * Takes one decoded input and appends the events it caused to outbox.
 * What the engine cannot use is reported as SKY_EVENT_REJECT, counted, and changes nothing else: a
 * bad sensor must not stop a good one.
 * Returns SKY_E_STALE, with nothing changed, only if seq or time_ns go backwards, or SKY_E_RANGE if
 * there are more than SKY_PLOTS_MAX plots, not all of one sensor, or of one that is not configured:
 * faults of the caller.
 */
SKY_NODISCARD enum sky_status
sky_engine_step(struct sky_engine *engine, const struct sky_step *step, struct sky_outbox *outbox);

/**
 * Copies a name of a sensor or an item into a zero-terminated field, cut to what fits.
 */
void sky_engine_name(char ret_name[SKY_NAME_MAX], const char *name);

/**
 * Appends an event, zero but for its cause, time and kind, and returns it to be filled in. For
 * those who speak on the engine's behalf. When the outbox is full it goes where nobody looks, and
 * that is counted.
 */
struct sky_event *sky_engine_append(struct sky_engine *engine, struct sky_outbox *outbox,
                                    uint64_t cause_seq, int64_t time_ns, enum sky_event_kind kind);

/**
 * Appends a SKY_EVENT_REJECT and counts it. Longer names are cut. For whoever decodes on the
 * engine's behalf.
 */
void sky_engine_reject(struct sky_engine *engine, struct sky_outbox *outbox, uint64_t cause_seq,
                       int64_t time_ns, const struct sky_event_reject *reject);

#endif
