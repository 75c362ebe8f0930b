#include "sky_imm.h"

#include <string.h>

#include "sky_math.h"

_Static_assert((int)SKY_MODES_MAX <= (int)SKY_LANES, "every model has a lane");

static const double weight_min = 1e-4;
static const double turn_max_radps = 0.35; /* nothing turns faster for long */
/* Curvature may raise a variance this much while the residual still tells of the sensor. */
static const double blurred = 1.1;

static const double log_two_pi = 0x1.d67f1c864beb5p+0;

static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }
static double square(double x) { return x * x; }

/* Where each row of the packed covariance begins, less its own number: i, j is at row[i] + j. */
static const int row[SKY_STATE_DIM] = {0, 5, 9, 12, 14, 15};

/* --- Lanes ---------------------------------------------------------------------------------- */

/* The models' lanes; the last ones repeat the first model. */
static void load(const struct sky_imm *imm, struct sky_lanes *ret_at)
{
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        memcpy(ret_at->x[i], imm->x[i], sizeof imm->x[i]);
        for (int m = SKY_MODES_MAX; m < SKY_LANES; m++) {
            ret_at->x[i][m] = imm->x[i][0];
        }
    }
    for (int k = 0; k < SKY_PACKED_DIM; k++) {
        memcpy(ret_at->p[k], imm->p[k], sizeof imm->p[k]);
        for (int m = SKY_MODES_MAX; m < SKY_LANES; m++) {
            ret_at->p[k][m] = imm->p[k][0];
        }
    }
}

static void save(const struct sky_lanes *at, struct sky_imm *imm)
{
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        memcpy(imm->x[i], at->x[i], sizeof imm->x[i]);
    }
    for (int k = 0; k < SKY_PACKED_DIM; k++) {
        memcpy(imm->p[k], at->p[k], sizeof imm->p[k]);
    }
}

/* Weights of the lanes: 0 where a lane is no model. */
static void load_weights(const struct sky_imm *imm, uint32_t count, double ret_weight[SKY_LANES])
{
    for (uint32_t m = 0; m < SKY_LANES; m++) {
        ret_weight[m] = m < count ? imm->weight[m] : 0.0;
    }
}

void sky_imm_init(struct sky_imm *ret_imm, const struct sky_motion_set *set,
                  const struct sky_measurement *measurement, const struct sky_sensor_pose *sensor,
                  double speed_sigma_mps)
{
    struct sky_state state;

    sky_measure_start(measurement, sensor, speed_sigma_mps, &state);
    ret_imm->time_ns = state.time_ns;
    for (uint32_t m = 0; m < SKY_MODES_MAX; m++) {
        ret_imm->weight[m] = m < set->count ? 1.0 / (double)set->count : 0.0;
        for (int i = 0; i < SKY_STATE_DIM; i++) {
            ret_imm->x[i][m] = state.x[i];
            for (int j = i; j < SKY_STATE_DIM; j++) {
                ret_imm->p[row[i] + j][m] = state.p[i][j];
            }
        }
    }
}

/* --- The mixture ---------------------------------------------------------------------------- */

/* One Gaussian for all models: mean, packed covariance, and each model's distance from the mean. */
struct mixture {
    double x[SKY_STATE_DIM];
    double p[SKY_PACKED_DIM];
    _Alignas(SKY_LANE_ALIGNMENT) double off[SKY_STATE_DIM][SKY_LANES];
};

_Static_assert((int)SKY_LANES == 6, "the sums below have six terms");

/*
 * Sums over lanes are taken over the even and the odd ones, then of both: the order that suits
 * registers of two.
 */
struct pair {
    double of[2];
};

static double both(const struct pair *pair) { return pair->of[0] + pair->of[1]; }

/* The pair of a b. */
static struct pair pair_of(const double a[SKY_LANES], const double b[SKY_LANES])
{
    struct pair pair;
    for (int h = 0; h < 2; h++) {
        pair.of[h] = (a[h] * b[h] + a[h + 2] * b[h + 2]) + a[h + 4] * b[h + 4];
    }
    return pair;
}

static double sum_of(const double a[SKY_LANES], const double b[SKY_LANES])
{
    const struct pair pair = pair_of(a, b);
    return both(&pair);
}

/* The pairs of weight p + weighed off along a row of the packed covariance. */
static void pair_row(const double (*p)[SKY_LANES], const double weight[SKY_LANES],
                     const double weighed[SKY_LANES], double (*off)[SKY_LANES], int count,
                     struct pair *restrict ret_pair)
{
    for (int j = 0; j < count; j++) {
        for (int h = 0; h < 2; h++) {
            const double first = weight[h] * p[j][h] + weighed[h] * off[j][h];
            const double next = weight[h + 2] * p[j][h + 2] + weighed[h + 2] * off[j][h + 2];
            const double last = weight[h + 4] * p[j][h + 4] + weighed[h + 4] * off[j][h + 4];
            ret_pair[j].of[h] = (first + next) + last;
        }
    }
}

static void mean_of(const struct sky_lanes *at, const double weight[SKY_LANES],
                    struct mixture *restrict ret_all)
{
    double weighed[SKY_STATE_DIM][SKY_LANES];
    struct pair pair[SKY_PACKED_DIM];

    for (int i = 0; i < SKY_STATE_DIM; i++) {
        pair[i] = pair_of(weight, at->x[i]);
    }
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        ret_all->x[i] = both(&pair[i]);
    }
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            ret_all->off[i][m] = at->x[i][m] - ret_all->x[i];
            weighed[i][m] = weight[m] * ret_all->off[i][m];
        }
    }
    /* row by row, so that every length is known */
    pair_row(at->p, weight, weighed[0], ret_all->off, 6, pair);
    pair_row(at->p + 6, weight, weighed[1], ret_all->off + 1, 5, pair + 6);
    pair_row(at->p + 11, weight, weighed[2], ret_all->off + 2, 4, pair + 11);
    pair_row(at->p + 15, weight, weighed[3], ret_all->off + 3, 3, pair + 15);
    pair_row(at->p + 18, weight, weighed[4], ret_all->off + 4, 2, pair + 18);
    pair_row(at->p + 20, weight, weighed[5], ret_all->off + 5, 1, pair + 20);
    for (int k = 0; k < SKY_PACKED_DIM; k++) {
        ret_all->p[k] = both(&pair[k]);
    }
}

/* The state of the only model. */
static void first_state(const struct sky_imm *imm, struct sky_state *ret_state)
{
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        ret_state->x[i] = imm->x[i][0];
        for (int j = i; j < SKY_STATE_DIM; j++) {
            ret_state->p[i][j] = ret_state->p[j][i] = imm->p[row[i] + j][0];
        }
    }
}

void sky_imm_state(const struct sky_imm *imm, const struct sky_motion_set *set,
                   struct sky_state *ret_state)
{
    struct sky_lanes at;
    struct mixture all;
    double weight[SKY_LANES];

    ret_state->time_ns = imm->time_ns;
    if (set->count == 1) {
        first_state(imm, ret_state);
        return;
    }
    load(imm, &at);
    load_weights(imm, set->count, weight);
    mean_of(&at, weight, &all);
    memcpy(ret_state->x, all.x, sizeof all.x);
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int j = i; j < SKY_STATE_DIM; j++) {
            ret_state->p[i][j] = ret_state->p[j][i] = all.p[row[i] + j];
        }
    }
}

/* --- Motion --------------------------------------------------------------------------------- */

/* How the models are left for each other in a step. */
struct change {
    double kept;   /* of a model's weight, beside what comes back */
    double shared; /* what each model gets, whichever held before */
};

/* Any change is as likely as any other; a model may be left and returned to within the step. */
static struct change change_in(const struct sky_motion_set *set, double dt_s)
{
    const double n = (double)set->count;
    const double kept = sky_exp(0.0 - n * dt_s / ((n - 1.0) * set->sojourn_s));
    return (struct change){.kept = kept, .shared = (1.0 - kept) / n};
}

/*
 * Since all changes are equally likely, what a model receives is a part of the whole mixture and
 * the rest of itself: as cheap for five models as for two, and without a subtraction.
 */
static void mix(struct sky_lanes *at, double weight[SKY_LANES], uint32_t count,
                const struct change *change)
{
    double common[SKY_LANES], own[SKY_LANES], apart[SKY_LANES];
    struct mixture all;

    mean_of(at, weight, &all);
    for (uint32_t m = 0; m < SKY_LANES; m++) {
        const double mixed = change->shared + change->kept * weight[m];
        common[m] = change->shared / mixed;
        own[m] = 1.0 - common[m];
        apart[m] = common[m] * own[m];
        weight[m] = m < count ? mixed : 0.0;
    }
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        double scaled[SKY_LANES];
        for (int m = 0; m < SKY_LANES; m++) {
            at->x[i][m] = all.x[i] + own[m] * all.off[i][m];
            scaled[m] = apart[m] * all.off[i][m];
        }
        for (int j = i; j < SKY_STATE_DIM; j++) {
            double *const p = at->p[row[i] + j];
            const double whole = all.p[row[i] + j];
            for (int m = 0; m < SKY_LANES; m++) {
                p[m] = (own[m] * p[m] + common[m] * whole) + scaled[m] * all.off[j][m];
            }
        }
    }
}

/* How horizontal velocity turns in a step, and where a speed of 1 leads meanwhile. */
struct turns {
    double dt_s;
    _Alignas(SKY_LANE_ALIGNMENT) double sine[SKY_LANES];
    double cosine[SKY_LANES];
    double ahead_s[SKY_LANES];
    double aside_s[SKY_LANES]; /* to the left */
};

/* The rate of a turn of that bank at the state's speed. */
static double turn_radps_of(double turn_mps2, double east_mps, double north_mps)
{
    const double slowest_mps = turn_mps2 / turn_max_radps; /* below it turns no faster */
    const double speed2 = square(east_mps) + square(north_mps);
    return turn_mps2 / sky_sqrt(larger(speed2, square(slowest_mps)));
}

static void turn_lane(double turn_radps, uint32_t lane, struct turns *turns)
{
    double half_sine, half_cosine; /* of half the angle: small ones lose no digits that way */
    sky_sincos(0.5 * turn_radps * turns->dt_s, &half_sine, &half_cosine);
    const double chord_s = 2.0 * half_sine / turn_radps;
    turns->sine[lane] = 2.0 * half_sine * half_cosine;
    turns->cosine[lane] = 1.0 - 2.0 * half_sine * half_sine;
    turns->ahead_s[lane] = chord_s * half_cosine;
    turns->aside_s[lane] = chord_s * half_sine;
}

static void find_turns(const struct sky_lanes *at, const struct sky_motion_set *set, double dt_s,
                       struct turns *ret_turns)
{
    ret_turns->dt_s = dt_s;
    for (int m = 0; m < SKY_LANES; m++) {
        ret_turns->sine[m] = ret_turns->aside_s[m] = 0.0;
        ret_turns->cosine[m] = 1.0;
        ret_turns->ahead_s[m] = dt_s;
    }
    for (uint32_t m = 0; m < set->count; m++) {
        const double turn_mps2 = set->motion[m].turn_mps2;
        if (turn_mps2 != 0.0) {
            turn_lane(turn_radps_of(turn_mps2, at->x[3][m], at->x[4][m]), m, ret_turns);
        }
    }
}

/* Where a velocity leads in a step: G v. */
static void lead(const struct turns *turns, const double east[SKY_LANES],
                 const double north[SKY_LANES], const double up[SKY_LANES],
                 struct sky_lane_vector *restrict ret_way)
{
    const double dt_s = turns->dt_s;
    for (int m = 0; m < SKY_LANES; m++) {
        ret_way->v[0][m] = turns->ahead_s[m] * east[m] - turns->aside_s[m] * north[m];
        ret_way->v[1][m] = turns->aside_s[m] * east[m] + turns->ahead_s[m] * north[m];
        ret_way->v[2][m] = dt_s * up[m];
    }
}

static void turn(const struct turns *turns, double *restrict east, double *restrict north)
{
    for (int m = 0; m < SKY_LANES; m++) {
        const double e = east[m], n = north[m];
        east[m] = turns->cosine[m] * e - turns->sine[m] * n;
        north[m] = turns->sine[m] * e + turns->cosine[m] * n;
    }
}

/* a += b + c. */
static void add_both(double *restrict a, const double *restrict b, const double *restrict c)
{
    for (int m = 0; m < SKY_LANES; m++) {
        a[m] += b[m] + c[m];
    }
}

/* Place and both, of F P F' with F = (1 G; 0 R): A + B G' + G E' and E = (B + G D). */
static void carry_place(struct sky_lanes *at, const struct turns *turns)
{
    double(*const p)[SKY_LANES] = at->p;
    struct sky_lane_vector bg[3], ge[3]; /* rows of B G', columns of G D, then of G E' */

    lead(turns, p[3], p[4], p[5], &bg[0]);
    lead(turns, p[8], p[9], p[10], &bg[1]);
    lead(turns, p[12], p[13], p[14], &bg[2]);
    lead(turns, p[15], p[16], p[17], &ge[0]);
    lead(turns, p[16], p[18], p[19], &ge[1]);
    lead(turns, p[17], p[19], p[20], &ge[2]);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            double *const both = p[row[i] + 3 + j];
            for (int m = 0; m < SKY_LANES; m++) {
                both[m] += ge[j].v[i][m];
            }
        }
    }
    lead(turns, p[3], p[4], p[5], &ge[0]);
    lead(turns, p[8], p[9], p[10], &ge[1]);
    lead(turns, p[12], p[13], p[14], &ge[2]);
    for (int i = 0; i < 3; i++) {
        for (int j = i; j < 3; j++) {
            add_both(p[row[i] + j], bg[i].v[j], ge[j].v[i]);
        }
    }
}

/* E R' and R D R': the velocity's variances differ, and covary, as a vector that turns twice. */
static void carry_velocity(struct sky_lanes *at, const struct turns *turns)
{
    double(*const p)[SKY_LANES] = at->p;

    turn(turns, p[3], p[4]);
    turn(turns, p[8], p[9]);
    turn(turns, p[12], p[13]);
    turn(turns, p[17], p[19]);
    for (int m = 0; m < SKY_LANES; m++) {
        const double s = turns->sine[m], c = turns->cosine[m];
        const double mean = 0.5 * (p[15][m] + p[18][m]), half = 0.5 * (p[15][m] - p[18][m]);
        const double sine2 = 2.0 * s * c, cosine2 = (c - s) * (c + s);
        const double differ = cosine2 * half - sine2 * p[16][m];
        p[16][m] = sine2 * half + cosine2 * p[16][m];
        p[15][m] = mean + differ;
        p[18][m] = mean - differ;
    }
}

static void add_noise(struct sky_lanes *at, const struct sky_motion_set *set, double dt_s)
{
    static const int place[3] = {0, 6, 11}, both[3] = {3, 9, 14}, speed[3] = {15, 18, 20};
    const double dt2 = dt_s * dt_s, dt3 = dt2 * dt_s;
    double psd[2][SKY_LANES]; /* horizontal, vertical */

    for (uint32_t m = 0; m < SKY_LANES; m++) {
        const struct sky_motion *const motion = &set->motion[m < set->count ? m : 0];
        psd[0][m] = motion->accel_psd_m2ps3;
        psd[1][m] = motion->climb_psd_m2ps3;
    }
    for (int i = 0; i < 3; i++) {
        const double *const q = psd[i / 2];
        for (int m = 0; m < SKY_LANES; m++) {
            at->p[place[i]][m] += q[m] * (dt3 / 3.0);
            at->p[both[i]][m] += q[m] * (dt2 / 2.0);
            at->p[speed[i]][m] += q[m] * dt_s;
        }
    }
}

static void move(struct sky_lanes *at, const struct sky_motion_set *set, double dt_s)
{
    struct turns turns;
    struct sky_lane_vector way;

    find_turns(at, set, dt_s, &turns);
    lead(&turns, at->x[3], at->x[4], at->x[5], &way);
    for (int i = 0; i < 3; i++) {
        for (int m = 0; m < SKY_LANES; m++) {
            at->x[i][m] += way.v[i][m];
        }
    }
    turn(&turns, at->x[3], at->x[4]);
    carry_place(at, &turns);
    carry_velocity(at, &turns);
    add_noise(at, set, dt_s);
}

void sky_imm_predict(struct sky_imm *imm, const struct sky_motion_set *set, int64_t time_ns)
{
    struct sky_lanes at;

    if (time_ns <= imm->time_ns) {
        return;
    }
    const double dt_s = (double)(time_ns - imm->time_ns) * 1e-9;

    load(imm, &at);
    if (set->count > 1) {
        const struct change change = change_in(set, 0.5 * dt_s);
        double weight[SKY_LANES];
        load_weights(imm, set->count, weight);
        mix(&at, weight, set->count, &change);
        move(&at, set, dt_s);
        mix(&at, weight, set->count, &change);
        memcpy(imm->weight, weight, sizeof imm->weight);
    } else {
        move(&at, set, dt_s);
    }
    save(&at, imm);
    imm->time_ns = time_ns;
}

/* --- Measuring ------------------------------------------------------------------------------ */

/* What the models make of a measurement. */
struct trial {
    uint32_t count;     /* of models */
    uint32_t dimension; /* components compared */
    uint32_t has;       /* those of them that tell of the sensor, as bits */
    _Alignas(SKY_LANE_ALIGNMENT) double distance2[SKY_LANES];
    double det_s[SKY_LANES];
    double residual[SKY_COMPONENTS_ALL][SKY_LANES]; /* of those that are there, after the ones */
    double part2[SKY_COMPONENTS_ALL][SKY_LANES];    /* before; and squared, over their variance */
};

static double nearest2(const struct trial *trial)
{
    double nearest = trial->distance2[0];
    for (uint32_t m = 1; m < trial->count; m++) {
        nearest = smaller(nearest, trial->distance2[m]);
    }
    return nearest;
}

/* Whether a residual says how good the sensor is, not only how unsure the place. */
static bool is_telling(const struct sky_lane_line *line, uint32_t count)
{
    double most = 0.0;
    for (uint32_t m = 0; m < count; m++) {
        most = larger(most, line->variance[m]);
    }
    return line->component < SKY_COMPONENTS && most <= blurred * line->stated;
}

static void count_in(struct trial *trial, const struct sky_lane_line *line,
                     const struct sky_lane_fit *fit)
{
    double *const part2 = trial->part2[line->component];

    trial->dimension++;
    if (is_telling(line, trial->count)) {
        trial->has |= 1U << line->component;
    }

    memcpy(trial->residual[line->component], line->residual, sizeof line->residual);
    for (int m = 0; m < SKY_LANES; m++) {
        part2[m] = square(line->residual[m]) * fit->per_s[m];
        trial->distance2[m] += part2[m];
        trial->det_s[m] *= fit->known[m] + line->variance[m];
    }
}

/* Draws a line and compares it; variances are raised by a factor. */
static void try_line(const struct sky_lanes *at, const struct sky_views *views,
                     enum sky_component component, double raise, struct trial *trial,
                     struct sky_lane_line *ret_line, struct sky_lane_fit *ret_fit)
{
    sky_measure_line(at, views, component, ret_line);
    for (int m = 0; m < SKY_LANES; m++) {
        ret_line->variance[m] *= raise;
    }
    sky_measure_compare(at, ret_line, ret_fit);
    count_in(trial, ret_line, ret_fit);
}

/*
 * Applies a measurement to the lanes one component after the other. Returns false, with the lanes
 * as they were, if the first alone is farther from every model than gate2 allows.
 */
static bool try_lines(struct sky_lanes *at, struct sky_views *views, double raise, double gate2,
                      struct trial *ret_trial)
{
    const enum sky_component first =
        views->measurement->is_place ? SKY_COMPONENT_EAST : SKY_COMPONENT_RANGE;
    struct sky_lane_line line;
    struct sky_lane_fit fit;

    ret_trial->dimension = 0;
    ret_trial->has = 0;
    for (int m = 0; m < SKY_LANES; m++) {
        ret_trial->distance2[m] = 0.0;
        ret_trial->det_s[m] = 1.0;
    }
    try_line(at, views, first, raise, ret_trial, &line, &fit);
    if (nearest2(ret_trial) > gate2) {
        return false;
    }
    sky_measure_spread(at, views);
    sky_measure_apply(at, &line, &fit);
    for (uint32_t k = 0; k < SKY_COMPONENTS_ALL; k++) {
        if ((views->has >> k & 1U) != 0 && k != first) {
            try_line(at, views, (enum sky_component)k, raise, ret_trial, &line, &fit);
            sky_measure_apply(at, &line, &fit);
        }
    }
    return true;
}

/* Weights by Bayes' rule; returns the log of the mixture's likelihood. */
static double weigh(const struct trial *trial, double weight[SKY_LANES])
{
    const double nearest = nearest2(trial);
    double sum = 0.0;

    for (uint32_t m = 0; m < trial->count; m++) {
        weight[m] *= sky_exp(-0.5 * (trial->distance2[m] - nearest)) / sky_sqrt(trial->det_s[m]);
        sum += weight[m];
    }
    for (uint32_t m = 0; m < trial->count; m++) {
        weight[m] /= sum;
    }
    return sky_log(sum) - 0.5 * nearest;
}

/* Averages what the models made of it by their weights after it. */
static void average(const struct trial *trial, const double weight[SKY_LANES],
                    struct sky_innovation *ret_innovation)
{
    ret_innovation->distance2 = sum_of(trial->distance2, weight);
    ret_innovation->dimension = trial->dimension;
    ret_innovation->has = trial->has;
    for (uint32_t k = 0; k < SKY_COMPONENTS; k++) {
        ret_innovation->z[k] = 0.0;
        if ((trial->has >> k & 1U) != 0) {
            const double size = sky_sqrt(sum_of(trial->part2[k], weight));
            ret_innovation->z[k] = sum_of(trial->residual[k], weight) < 0.0 ? 0.0 - size : size;
        }
    }
}

static void save_weights(const double weight[SKY_LANES], uint32_t count, struct sky_imm *imm)
{
    for (uint32_t m = 0; m < count; m++) {
        imm->weight[m] = weight_min + (1.0 - (double)count * weight_min) * weight[m];
    }
}

bool sky_imm_update(struct sky_imm *imm, const struct sky_motion_set *set,
                    const struct sky_measurement *measurement, const struct sky_sensor_pose *sensor,
                    double gate2, double outlier2, struct sky_innovation *ret_innovation)
{
    struct trial trial;
    struct sky_lanes at;
    struct sky_views views;
    double weight[SKY_LANES];

    trial.count = set->count;
    load(imm, &at);
    sky_measure_look(&at, measurement, sensor, &views);
    if (!try_lines(&at, &views, 1.0, gate2, &trial) || nearest2(&trial) > gate2) {
        return false;
    }
    load_weights(imm, set->count, weight);
    double log_density = weigh(&trial, weight);
    average(&trial, weight, ret_innovation);
    const double beyond = nearest2(&trial) / outlier2;
    if (beyond > 1.0) {
        load(imm, &at);
        load_weights(imm, set->count, weight);
        (void)try_lines(&at, &views, beyond, 1e300, &trial);
        log_density = weigh(&trial, weight);
    }
    ret_innovation->log_likelihood =
        log_density - 0.5 * log_two_pi * (double)ret_innovation->dimension;
    save(&at, imm);
    save_weights(weight, set->count, imm);
    return true;
}
