/**
 * sky_track: one aircraft - its models of motion, the plots they rest on, and whether it exists.
 *
 * The latest looks (plots that were used) are kept with checkpoints of the filter between them, so
 * that a plot that comes late is put where it belongs: the filter goes back to the checkpoint
 * before it and takes every look since again. That is the exact answer to out-of-sequence
 * measurements as long as the association stands (retrodiction only approximates it; Bar-Shalom,
 * Li, Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, sec. 10.5).
 *
 * Existence is kept as log-odds (integrated probabilistic data association: Musicki, Evans,
 * Stankovic, IEEE Trans. Automatic Control 39(6), 1994): each look multiplies the odds by how much
 * likelier it is with the aircraft than without, each look that stayed empty by the probability of
 * missing it, and between looks an aircraft may leave at a constant rate.
 */
#ifndef SKY_TRACK_H
#define SKY_TRACK_H

#include <stdbool.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_imm.h"
#include "sky_measure.h"
#include "sky_obs.h"

/* A plot may be this much older than the newest that its track has used. */
#define SKY_LATE_MAX_NS (10 * SKY_SECOND_NS)

enum {
    SKY_LOOKS_MAX = 24,      /* kept per track */
    SKY_CHECKPOINT_STEP = 4, /* looks from one checkpoint to the next */
    SKY_CHECKPOINTS_MAX = SKY_LOOKS_MAX / SKY_CHECKPOINT_STEP,
    SKY_TRACK_CELLS_MAX = 8 /* clutter cells a tentative track remembers */
};

enum sky_track_status {
    SKY_TRACK_FREE = 0, /* the slot is empty */
    SKY_TRACK_TENTATIVE,
    SKY_TRACK_CONFIRMED,
    SKY_TRACK_COASTING /* confirmed, but unseen for longer than coast_ns */
};

/** What biases and doubts about them change of a measurement, as it came. */
struct sky_raw {
    int64_t time_ns;
    double slant_range_m;
    double azimuth_rad;
    double elevation_rad;
    double sigma_range_m;
    double sigma_azimuth_rad;
    double sigma_elevation_rad;
};

/** A plot that a track used or may use. */
struct sky_look {
    uint32_t sensor;
    bool paired;                        /* has served registration */
    struct sky_measurement measurement; /* biases that are known taken off */
    struct sky_raw raw;
    struct sky_sensor_pose pose;
};

/** What a plot says besides where; as in sky_plot. */
struct sky_remark {
    uint32_t has; /* sky_plot_has */
    uint32_t icao_address;
    double rcs_dbsm;
    uint16_t mode_3a;
    uint8_t emitter;
    char callsign[9];
};

/** Running kinematic features of a confirmed track, for classification. */
struct sky_track_features {
    uint32_t samples;
    double speed_mean_mps; /* horizontal */
    double speed_max_mps;  /* largest of the smoothed speeds */
    double height_mean_m;  /* above the ellipsoid */
    double height_min_m;
    double height_max_m;
    double climb_max_mps;  /* magnitude */
    double turn_max_radps; /* magnitude of the smoothed course rate */
    double hover_share;    /* share of samples below 3 m/s, [0, 1] */
    double rcs_mean_dbsm;  /* over rcs_samples */
    uint32_t rcs_samples;
};

struct sky_track {
    uint32_t id; /* 1, 2, 3, ... as they are confirmed; 0 before; never reused within one run */
    enum sky_track_status status;
    struct sky_state state;              /* the mixture as of the latest look */
    int64_t started_ns;                  /* time of the first plot */
    int64_t confirmed_ns;                /* meaningful once confirmed */
    int64_t seen_ns;                     /* time of the latest plot used */
    int64_t seen_by_ns[SKY_SENSORS_MAX]; /* meaningful for the sensors that contributed */
    double log_odds;                     /* of existence; natural logarithm, clamped to +-40 */
    uint32_t hits;
    uint32_t misses_in_row;
    uint32_t sensors; /* bit i: sensor i contributed */
    uint32_t last_sensor;
    struct sky_innovation innovation; /* of the latest look */
    double share[SKY_SENSORS_MAX];    /* of what is known of the place, by sensor; fades, >= 0 */
    uint32_t icao_address;            /* 0: none heard */
    uint16_t mode_3a;                 /* meaningful if has_mode_3a */
    bool has_mode_3a;
    char callsign[9]; /* "" if none heard */
    uint8_t emitter;  /* what it says it is, as in I021/020; 0: nothing */
    bool cooperative; /* it answered or reported at least once; false: silent as far as heard */
    uint32_t heights; /* what its height rests on, of all looks: sky_height_basis */
    struct sky_track_features features;
    /* private */
    uint64_t serial; /* 1, 2, 3, ... as tracks are started: settles ties */
    double log_odds_start;
    int64_t alive_ns;                    /* until when leaving has been counted */
    int64_t due_ns[SKY_SENSORS_MAX];     /* when each sensor should see it next */
    int64_t missed_ns[SKY_SENSORS_MAX];  /* the latest look that stayed empty ... */
    double missed_gain[SKY_SENSORS_MAX]; /* ... and what that did to the odds; 0: none */
    uint32_t taught_misses;              /* bit i: and the radar's detection learned from it */
    uint32_t cell_count;                 /* false plots, if it comes to nothing */
    uint32_t cell[SKY_TRACK_CELLS_MAX];
    uint32_t cell_sensor[SKY_TRACK_CELLS_MAX];
    uint64_t twin_of;      /* the track it may be a duplicate of ... */
    uint32_t twin_updates; /* ... for so many updates of either in a row */
    uint32_t look_count;   /* ever; look n (1, 2, ...) lies at n % SKY_LOOKS_MAX */
    int64_t smoothed_ns;
    double smoothed_speed_mps;
    double smoothed_climb_mps;
    double smoothed_turn_radps;
    bool course_known; /* and not lost in noise */
    double course_rad;
    /* from here on not cleared when a track starts */
    struct sky_imm imm; /* as of the latest look */
    struct sky_look look[SKY_LOOKS_MAX];
    struct sky_imm checkpoint[SKY_CHECKPOINTS_MAX]; /* after look n, n % SKY_CHECKPOINT_STEP == 0 */
};

/** How the filter is run; the same for all tracks. */
struct sky_track_rules {
    struct sky_motion_set motion;
    struct sky_motion_set first; /* the one model until a second plot tells them apart */
    double speed_sigma_mps;      /* 1 sigma of a velocity nobody knows yet */
    double outlier2;             /* see sky_imm_update */
    double lifetime_s;
};

enum sky_fit {
    SKY_FIT_NONE = 0, /* outside the gate */
    SKY_FIT_STALE,    /* older than what the track can go back to */
    SKY_FIT_GOOD
};

/** What moves a track from its look `number` (1, 2, ...) to the next. */
const struct sky_motion_set *sky_track_motion(const struct sky_track_rules *rules, uint32_t number);

/**
 * Takes look `number` (1, 2, ...) into a filter as it was after the one before; the first begins
 * it. What a track does with its looks in their order, for whoever has all of them.
 */
void sky_track_filter(struct sky_imm *imm, const struct sky_track_rules *rules,
                      const struct sky_look *look, uint32_t number);

/** Keeps the measurement of a look as it is now as its raw one. */
void sky_track_keep_raw(struct sky_look *look);

/** The measurement of a look as it came. */
struct sky_measurement sky_track_raw(const struct sky_look *look);

/** Begins a track with its first plot. Leaves status, serial and existence to the caller. */
void sky_track_start(struct sky_track *track, const struct sky_track_rules *rules,
                     const struct sky_look *look);

/**
 * Compares a plot with what the track was at its time. For SKY_FIT_GOOD sets ret_innovation and,
 * if the plot is not older than the latest look, ret_imm: the filter as it would be with it.
 * A plot from before the first look is good while there is room before that; ret_innovation is then
 * of that look, given the plot. Of two looks of one kind that is as likely as the other way round.
 * Cost: a prediction and an update; of a late plot up to twenty more.
 */
enum sky_fit sky_track_try(const struct sky_track *track, const struct sky_track_rules *rules,
                           const struct sky_measurement *measurement,
                           const struct sky_sensor_pose *pose, double gate2,
                           struct sky_imm *ret_imm, struct sky_innovation *ret_innovation);

/**
 * Takes a plot that sky_track_try called good, in its place in time. `fitted` is what it returned.
 * Sets state, what its height rests on, and started_ns if the plot is older than all others; counts
 * nothing.
 */
void sky_track_take(struct sky_track *track, const struct sky_track_rules *rules,
                    const struct sky_look *look, const struct sky_imm *fitted);

/** State at any instant not before the latest look: predicted. */
void sky_track_predict(const struct sky_track *track, const struct sky_track_rules *rules,
                       int64_t time_ns, struct sky_imm *ret_imm, struct sky_state *ret_state);

/**
 * State at any instant, by the looks up to then alone, however late they came: predicted from the
 * last of them. False, with nothing set, before the first look and before what is kept.
 * Cost: a prediction; for an instant before the latest look up to twenty updates more.
 */
bool sky_track_at(const struct sky_track *track, const struct sky_track_rules *rules,
                  int64_t time_ns, struct sky_imm *ret_imm, struct sky_state *ret_state);

/** Log-odds of existence after an aircraft could leave for unseen_ns (none if < 0), plus a gain. */
double sky_track_weighed(const struct sky_track_rules *rules, double log_odds, int64_t unseen_ns,
                         double gain);

/** Adds to the log-odds after letting the aircraft leave since they were last touched. */
void sky_track_weigh(struct sky_track *track, const struct sky_track_rules *rules, int64_t time_ns,
                     double gain);

/** Probability that a track is an aircraft: 1 / (1 + exp(-log_odds)). */
double sky_track_existence(double log_odds);

/** Adds the state to the features. height_hae_m is that of the state; a remark may bring an RCS. */
void sky_track_observe(struct sky_track *track, double height_hae_m,
                       const struct sky_remark *remark);

/** Takes over what a plot says about who it is. */
void sky_track_identify(struct sky_track *track, const struct sky_remark *remark);

/** The oldest look that is kept. */
const struct sky_look *sky_track_first_look(const struct sky_track *track);

/** Whether two looks of one sensor are one plot that came twice. */
bool sky_track_is_same_plot(const struct sky_look *a, const struct sky_look *b);

/**
 * Whether the track has taken a plot of the look's sensor less than span_ns from it. Then ret_same
 * becomes true if that was this very plot.
 */
bool sky_track_took(const struct sky_track *track, const struct sky_look *look, int64_t span_ns,
                    bool *ret_same);

/** The look before the latest one backwards that has not served registration, by another sensor
 * than `sensor` and at most most_ns from time_ns; NULL if there is none. */
struct sky_look *sky_track_unpaired(struct sky_track *track, uint32_t sensor, int64_t time_ns,
                                    int64_t most_ns);

/** The look at time_ns by `sensor`, NULL if it is not kept. */
struct sky_look *sky_track_look_at(struct sky_track *track, uint32_t sensor, int64_t time_ns);

#endif
