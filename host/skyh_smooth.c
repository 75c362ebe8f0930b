#include "skyh_smooth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sky_common.h"

enum { DIM = SKY_STATE_DIM };

/* A velocity that nobody knows yet counts once, forwards; backwards it is as good as unlimited. */
static const double backward_speed_sigmas = 20.0;

/*
 * Each filter makes one Gaussian of what several models said, again and again, and plots that lie
 * far out are only weighed less: both are a little surer than they should be.
 */
static const double doubt = 1.05;

/* ------------------------------------------------------------------------- two made into one */

/* l l' = s, of the lower triangle. False if s is not positive definite. */
static bool cholesky(double s[DIM][DIM], double ret_l[DIM][DIM])
{
    for (int i = 0; i < DIM; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = s[i][j];
            for (int k = 0; k < j; k++) {
                sum -= ret_l[i][k] * ret_l[j][k];
            }
            if (i == j && !(sum > 0.0)) {
                return false;
            }
            ret_l[i][j] = i == j ? sqrt(sum) : sum / ret_l[j][j];
        }
    }
    return true;
}

/* l y = v. */
static void solve_lower(double l[DIM][DIM], const double v[DIM], double ret_y[DIM])
{
    for (int i = 0; i < DIM; i++) {
        double sum = v[i];
        for (int k = 0; k < i; k++) {
            sum -= l[i][k] * ret_y[k];
        }
        ret_y[i] = sum / l[i][i];
    }
}

/* With S = A + B = L L', W = L^-1 A and y = L^-1 (b - a): a + W' y, A - W' W. */
bool skyh_smooth_fuse(const struct skyh_gaussian *a, const struct skyh_gaussian *b,
                      struct skyh_gaussian *ret_both, double *ret_log_density)
{
    double s[DIM][DIM], l[DIM][DIM], w[DIM][DIM], apart[DIM], y[DIM];
    for (int i = 0; i < DIM; i++) {
        apart[i] = b->x[i] - a->x[i];
        for (int j = 0; j < DIM; j++) {
            s[i][j] = a->p[i][j] + b->p[i][j];
        }
    }
    if (!cholesky(s, l)) {
        return false;
    }
    for (int j = 0; j < DIM; j++) {
        solve_lower(l, a->p[j], w[j]); /* its column j: A is symmetric */
    }
    solve_lower(l, apart, y);
    double log_density = 0.0;
    for (int i = 0; i < DIM; i++) {
        log_density -= 0.5 * y[i] * y[i] + log(l[i][i]);
    }
    struct skyh_gaussian both = *a;
    for (int i = 0; i < DIM; i++) {
        for (int k = 0; k < DIM; k++) {
            both.x[i] += w[i][k] * y[k];
        }
        for (int j = 0; j < DIM; j++) {
            for (int k = 0; k < DIM; k++) {
                both.p[i][j] -= w[i][k] * w[j][k];
            }
        }
    }
    *ret_both = both;
    *ret_log_density = log_density;
    return true;
}

/* ---------------------------------------------------------------------------------- a filter */

/* A filter, and how many looks it has taken. */
struct passed {
    struct sky_imm imm;
    uint64_t number;
};

/* The track's filter counts in 32 bits, and only tells the first two looks from the others. */
static uint32_t small(uint64_t number) { return number < 3 ? (uint32_t)number : 3; }

static void pass(struct passed *passed, const struct sky_track_rules *rules,
                 const struct sky_look *look)
{
    passed->number++;
    sky_track_filter(&passed->imm, rules, look, small(passed->number));
}

static void predict(const struct passed *passed, const struct sky_track_rules *rules,
                    int64_t time_ns, struct sky_imm *ret_imm)
{
    *ret_imm = passed->imm;
    sky_imm_predict(ret_imm, sky_track_motion(rules, small(passed->number)), time_ns);
}

/* What model m says; before a second look there is one model for all. */
static double read_model(const struct sky_imm *imm, bool alone, uint32_t count, uint32_t m,
                         struct skyh_gaussian *ret)
{
    const uint32_t lane = alone ? 0 : m;
    int k = 0;
    for (int i = 0; i < DIM; i++) {
        ret->x[i] = imm->x[i][lane];
        for (int j = i; j < DIM; j++, k++) {
            ret->p[i][j] = ret->p[j][i] = imm->p[k][lane];
        }
    }
    return alone ? 1.0 / (double)count : imm->weight[m];
}

/* ---------------------------------------------------------------------------------- backwards */

/* A look as one sees it who goes back in time. */
static struct sky_look mirrored(const struct sky_look *look)
{
    struct sky_look back = *look;
    back.measurement.time_ns = -look->measurement.time_ns;
    back.measurement.radial_speed_mps = 0.0 - look->measurement.radial_speed_mps;
    back.pose.velocity_mps.east_m = 0.0 - look->pose.velocity_mps.east_m;
    back.pose.velocity_mps.north_m = 0.0 - look->pose.velocity_mps.north_m;
    back.pose.velocity_mps.up_m = 0.0 - look->pose.velocity_mps.up_m;
    return back;
}

static void turn_round(struct skyh_gaussian *gaussian)
{
    for (int i = 3; i < DIM; i++) {
        gaussian->x[i] = 0.0 - gaussian->x[i];
        for (int j = 0; j < 3; j++) {
            gaussian->p[i][j] = gaussian->p[j][i] = 0.0 - gaussian->p[i][j];
        }
    }
}

/* Which model a model is to one who goes back in time: the one that turns the other way. */
static uint32_t counterpart(const struct sky_motion_set *set, uint32_t m)
{
    for (uint32_t k = 0; k < set->count; k++) {
        if (k != m && set->motion[m].turn_mps2 != 0.0 &&
            fabs(set->motion[k].turn_mps2 + set->motion[m].turn_mps2) <= 0.0) {
            return k;
        }
    }
    return m;
}

/* ------------------------------------------------------------------------------------ a track */

/* The smoothing of one run. Large. */
struct smoother {
    struct skyh_traces *traces;
    const struct skyh_trace *trace;
    struct sky_engine *engine;
    int64_t epoch_utc_ns;
    struct skyh_smooth_sink *sink;
    struct sky_track_rules forward;
    struct sky_track_rules backward;
    struct sky_track track; /* scratch: what sky_common asks of one */
    struct skyh_smooth_point point;
    struct sky_imm ahead; /* scratch of find_state: the filters at its instant */
    struct sky_imm behind;
    struct passed *kept; /* backwards, with the first look of each block taken */
    uint32_t count;      /* of the block at hand */
    struct skyh_trace_look look[SKYH_TRACE_BLOCK];
    struct passed back[SKYH_TRACE_BLOCK]; /* with look n and all after it taken */
};

/* The plot as it is to be taken now that the biases are known as well as they ever were. */
static void correct(const struct smoother *smoother, struct sky_look *look)
{
    const struct sky_tracker *const tracker = &smoother->engine->tracker;
    look->measurement = sky_track_raw(look);
    sky_register_correct(&tracker->registration, look->sensor, &look->measurement);
    if (smoother->trace->shared) {
        look->measurement =
            sky_watch_with_slack(&tracker->sensor[look->sensor], &look->measurement);
    }
}

static void read_block(struct smoother *smoother, uint64_t n)
{
    smoother->count = skyh_traces_read(smoother->traces, smoother->trace, n, smoother->look);
    for (uint32_t i = 0; i < smoother->count; i++) {
        correct(smoother, &smoother->look[i].look);
    }
}

/* Fills back[] for the block at hand, from what follows it. */
static void go_back(struct smoother *smoother, const struct passed *after)
{
    struct passed passed = *after;
    for (uint32_t i = smoother->count; i-- > 0;) {
        const struct sky_look look = mirrored(&smoother->look[i].look);
        pass(&passed, &smoother->backward, &look);
        smoother->back[i] = passed;
    }
}

/* What the looks up to an instant and those after it say together. False if they cannot. */
static bool fuse_models(const struct smoother *smoother, const struct sky_imm *before,
                        bool before_alone, const struct sky_imm *after, bool after_alone,
                        struct skyh_gaussian model[SKY_MODES_MAX], double weight[SKY_MODES_MAX])
{
    const struct sky_motion_set *const set = &smoother->forward.motion;
    double log_weight[SKY_MODES_MAX], most = -HUGE_VAL, sum = 0.0;
    for (uint32_t m = 0; m < set->count; m++) {
        struct skyh_gaussian a, b;
        double log_density = 0.0;
        const double weight_a = read_model(before, before_alone, set->count, m, &a);
        const double weight_b = read_model(after, after_alone, set->count, counterpart(set, m), &b);
        turn_round(&b);
        if (!skyh_smooth_fuse(&a, &b, &model[m], &log_density)) {
            return false;
        }
        log_weight[m] = log(weight_a) + log(weight_b) + log_density;
        most = log_weight[m] > most ? log_weight[m] : most;
    }
    for (uint32_t m = 0; m < set->count; m++) {
        weight[m] = exp(log_weight[m] - most);
        sum += weight[m];
    }
    for (uint32_t m = 0; m < set->count; m++) {
        weight[m] /= sum;
    }
    return true;
}

/* The mean and covariance of a mixture; covariances within it times a factor. */
static void match_moments(const struct skyh_gaussian model[SKY_MODES_MAX],
                          const double weight[SKY_MODES_MAX], uint32_t count, double factor,
                          struct sky_state *ret_state)
{
    memset(ret_state->x, 0, sizeof ret_state->x);
    memset(ret_state->p, 0, sizeof ret_state->p);
    for (uint32_t m = 0; m < count; m++) {
        for (int i = 0; i < DIM; i++) {
            ret_state->x[i] += weight[m] * model[m].x[i];
        }
    }
    for (uint32_t m = 0; m < count; m++) {
        double off[DIM];
        for (int i = 0; i < DIM; i++) {
            off[i] = model[m].x[i] - ret_state->x[i];
        }
        for (int i = 0; i < DIM; i++) {
            for (int j = 0; j < DIM; j++) {
                ret_state->p[i][j] += weight[m] * (factor * model[m].p[i][j] + off[i] * off[j]);
            }
        }
    }
}

/* The state at an instant: by looks up to it and, unless it is NULL, by those after it. */
static void find_state(struct smoother *smoother, const struct passed *before,
                       const struct passed *after, int64_t time_ns, struct sky_state *ret_state,
                       double ret_weight[SKY_MODES_MAX])
{
    const struct sky_motion_set *const set =
        sky_track_motion(&smoother->forward, small(before->number));
    struct sky_imm *const ahead = &smoother->ahead, *const behind = &smoother->behind;
    struct skyh_gaussian model[SKY_MODES_MAX];
    predict(before, &smoother->forward, time_ns, ahead);
    if (after != NULL) {
        predict(after, &smoother->backward, -time_ns, behind);
    }
    if (after != NULL && fuse_models(smoother, ahead, before->number == 1, behind,
                                     after->number == 1, model, ret_weight)) {
        match_moments(model, ret_weight, smoother->forward.motion.count,
                      smoother->trace->heights == 0 ? 2.0 : doubt, ret_state);
    } else {
        memcpy(ret_weight, ahead->weight, sizeof ahead->weight);
        sky_imm_state(ahead, set, ret_state);
    }
    ret_state->time_ns = time_ns;
}

/* Errors that all plots of the track share, as they were at a look. */
static void find_common(struct smoother *smoother, const struct skyh_trace_look *at,
                        const struct sky_state *state, struct sky_common_error *ret)
{
    struct sky_engine *const engine = smoother->engine;
    struct sky_pose pose = engine->pose;
    pose.sigma_horizontal_m = at->sigma_horizontal_m;
    pose.sigma_vertical_m = at->sigma_vertical_m;
    pose.heading_sigma_rad = at->heading_sigma_rad;
    memcpy(smoother->track.share, at->share, sizeof at->share);
    sky_common_find(&engine->config, &engine->tracker, &pose, &smoother->track, state, ret);
    ret->time_sigma_s = at->time_sigma_s;
}

static void tell(struct smoother *smoother, const struct skyh_trace_look *at,
                 const struct sky_state *state, const double weight[SKY_MODES_MAX], int64_t utc_ns)
{
    const struct skyh_trace *const trace = smoother->trace;
    struct skyh_smooth_point *const point = &smoother->point;
    struct sky_common_error common;
    find_common(smoother, at, state, &common);
    sky_assess_fix(&smoother->engine->frame, state, trace->id, trace->existence, &common,
                   &point->fixing);
    point->fixing.heights = trace->heights;
    point->engine = smoother->engine;
    point->utc_ns = utc_ns;
    point->said = trace->told;
    point->said.change = 0;
    point->said.status = SKY_TRACK_CONFIRMED;
    point->said.place = point->fixing.place;
    point->said.vel_east_mps = point->fixing.vel_east_mps;
    point->said.vel_north_mps = point->fixing.vel_north_mps;
    point->said.vel_up_mps = point->fixing.vel_up_mps;
    point->said.existence = trace->existence;
    memcpy(point->said.model, weight, sizeof point->said.model);
    sky_assess_total(&point->fixing, point->said.cov);
    smoother->sink->point(smoother->sink, point);
}

static int64_t utc_of(const struct skyh_trace_look *look)
{
    return look->look.measurement.time_ns + look->utc_offset_ns;
}

/* The first whole second since the epoch that is not before an instant. */
static int64_t second_from(int64_t utc_ns, int64_t epoch_utc_ns)
{
    const int64_t since_ns = utc_ns - epoch_utc_ns;
    const int64_t over_ns = (since_ns % SKY_SECOND_NS + SKY_SECOND_NS) % SKY_SECOND_NS;
    return over_ns == 0 ? utc_ns : utc_ns - over_ns + SKY_SECOND_NS;
}

/* Tells every second from a look to the next. */
static void tell_seconds(struct smoother *smoother, const struct skyh_trace_look *at,
                         const struct passed *before, const struct passed *after,
                         const struct skyh_trace_look *next)
{
    const int64_t end_ns = next == NULL ? utc_of(at) + 1 : utc_of(next);
    for (int64_t utc_ns = second_from(utc_of(at), smoother->epoch_utc_ns); utc_ns < end_ns;
         utc_ns += SKY_SECOND_NS) {
        struct sky_state state;
        double weight[SKY_MODES_MAX];
        find_state(smoother, before, after, utc_ns - at->utc_offset_ns, &state, weight);
        tell(smoother, at, &state, weight, utc_ns);
    }
}

/* A sensor stood then where this look says. */
static void set_pose(struct smoother *smoother, const struct sky_look *look)
{
    if (!look->measurement.is_place) {
        smoother->engine->tracker.sensor[look->sensor].pose = look->pose;
    }
}

/* From the last block to the first: what follows each. */
static void keep_back(struct smoother *smoother)
{
    struct passed passed = {.number = 0};
    for (uint64_t n = smoother->trace->block_count; n-- > 0;) {
        read_block(smoother, n);
        if (n + 1 == smoother->trace->block_count && smoother->count > 0) {
            smoother->point.end_utc_ns = utc_of(&smoother->look[smoother->count - 1]);
        }
        go_back(smoother, &passed);
        passed = smoother->count > 0 ? smoother->back[0] : passed;
        smoother->kept[n] = passed;
    }
}

static void go_forward(struct smoother *smoother)
{
    static const struct passed none = {.number = 0};
    const uint64_t blocks = smoother->trace->block_count;
    struct passed passed = none;
    struct skyh_trace_look at; /* the latest look */
    for (uint64_t n = 0; n < blocks; n++) {
        read_block(smoother, n);
        go_back(smoother, n + 1 < blocks ? &smoother->kept[n + 1] : &none);
        for (uint32_t i = 0; i < smoother->count; i++) {
            const struct skyh_trace_look *const look = &smoother->look[i];
            if (passed.number > 0) {
                tell_seconds(smoother, &at, &passed, &smoother->back[i], look);
            }
            pass(&passed, &smoother->forward, &look->look);
            set_pose(smoother, &look->look);
            at = *look;
        }
    }
    if (passed.number > 0) {
        tell_seconds(smoother, &at, &passed, NULL, NULL);
    }
}

static bool smooth(struct smoother *smoother, const struct skyh_trace *trace)
{
    smoother->trace = trace;
    smoother->kept = calloc((size_t)trace->block_count + 1, sizeof *smoother->kept);
    if (smoother->kept == NULL) {
        return false;
    }
    keep_back(smoother);
    go_forward(smoother);
    free(smoother->kept);
    return true;
}

bool skyh_smooth_run(struct skyh_traces *traces, struct sky_engine *engine, int64_t epoch_utc_ns,
                     struct skyh_smooth_sink *sink)
{
    struct smoother *const smoother = calloc(1, sizeof *smoother);
    bool done = smoother != NULL;
    skyh_traces_finish(traces);
    if (smoother != NULL) {
        smoother->traces = traces;
        smoother->engine = engine;
        smoother->epoch_utc_ns = epoch_utc_ns;
        smoother->sink = sink;
        smoother->forward = smoother->backward = engine->tracker.rules;
        smoother->backward.speed_sigma_mps *= backward_speed_sigmas;
    }
    for (size_t i = 0; i < traces->count && done; i++) {
        done = smooth(smoother, &traces->trace[i]);
    }
    free(smoother);
    return done && !traces->failed;
}
