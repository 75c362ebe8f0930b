/**
 * skyh_smooth: where an aircraft was, by all plots of its track - those after an instant as well.
 *
 * A fixed-interval smoother of two filters (Fraser, Potter, IEEE Trans. Automatic Control 14(4),
 * 1969; for models that switch: Helmick, Blair, Hoffman, IEEE Trans. Information Theory 41(6),
 * 1995). The station's own filter goes through the track forwards, and once more backwards: with
 * time and velocity turned round its models of motion are the same again, but that a left turn is a
 * right one. At an instant each model has what the looks up to it say and what those after it say;
 * both are put together by their covariances, models are weighed by how well the two agree, and the
 * mixture is told by its mean and covariance.
 *
 * What is known in the end holds for all of the run: every plot is corrected for the biases that
 * registration found by its end. Errors that all plots share are added as the station adds them.
 * Where no plot tells of height both filters rest on one guess, so what they say counts half.
 *
 * Memory: looks are in a file; of a track that is smoothed one filter in 32 looks is kept.
 */
#ifndef SKYH_SMOOTH_H
#define SKYH_SMOOTH_H

#include "sky_assess.h"
#include "skyh_traces.h"

/** A track at an instant. */
struct skyh_smooth_point {
    const struct sky_engine *engine;
    int64_t utc_ns;
    int64_t end_utc_ns;          /* of the track's latest look */
    struct sky_event_track said; /* `existence` is the most that the track reached */
    struct sky_fixing fixing;    /* for sky_assess */
};

/** Called with every point, track by track, each in the order of time. */
struct skyh_smooth_sink {
    void (*point)(struct skyh_smooth_sink *sink, const struct skyh_smooth_point *point);
};

/**
 * Smooths every track of a run and tells it at each whole second since epoch_utc_ns from its first
 * look to its latest. To be called at the end of the run, while its station is still there;
 * sensors' poses in it are others afterwards. False without memory or disk.
 */
bool skyh_smooth_run(struct skyh_traces *traces, struct sky_engine *engine, int64_t epoch_utc_ns,
                     struct skyh_smooth_sink *sink);

/** An opinion of a state. */
struct skyh_gaussian {
    double x[SKY_STATE_DIM];
    double p[SKY_STATE_DIM][SKY_STATE_DIM];
};

/**
 * What two independent opinions make together. ret_log_density is the logarithm of how likely it is
 * that they are of one state. False, with nothing set, if a covariance is none.
 */
bool skyh_smooth_fuse(const struct skyh_gaussian *a, const struct skyh_gaussian *b,
                      struct skyh_gaussian *ret_both, double *ret_log_density);

#endif
