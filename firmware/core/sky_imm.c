#include "sky_imm.h"

#include <string.h>

#include "sky_math.h"

static const double weight_min = 1e-4;
static const double turn_max_radps = 0.35; /* nothing turns faster for long */
static const double log_two_pi = 0x1.d67f1c864beb5p+0;

static double smaller(double a, double b) { return a < b ? a : b; }
static double square(double x) { return x * x; }

/* --- Starting and the mixture --------------------------------------------------------------- */

static void pack(const struct sky_state *state, double ret_packed[SKY_PACKED_DIM])
{
    double *next = ret_packed;
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int j = i; j < SKY_STATE_DIM; j++) {
            *next++ = state->p[i][j];
        }
    }
}

void sky_imm_init(struct sky_imm *ret_imm, const struct sky_motion_set *set,
                  const struct sky_measurement *measurement, const struct sky_sensor_pose *sensor,
                  double speed_sigma_mps)
{
    struct sky_state state;

    sky_measure_start(measurement, sensor, speed_sigma_mps, &state);
    memset(ret_imm, 0, sizeof *ret_imm);
    ret_imm->time_ns = state.time_ns;
    for (uint32_t m = 0; m < set->count; m++) {
        ret_imm->weight[m] = 1.0 / (double)set->count;
        memcpy(ret_imm->x[m], state.x, sizeof state.x);
        pack(&state, ret_imm->p[m]);
    }
}

/* One Gaussian. */
struct gaussian {
    double x[SKY_STATE_DIM];
    double p[SKY_PACKED_DIM];
};

/* p += factor * d d'. */
static void add_square(double p[SKY_PACKED_DIM], double factor, const double d[SKY_STATE_DIM])
{
    double *next = p;
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        const double scaled = factor * d[i];
        for (int j = i; j < SKY_STATE_DIM; j++) {
            *next++ += scaled * d[j];
        }
    }
}

static void differ(const double a[SKY_STATE_DIM], const double b[SKY_STATE_DIM],
                   double ret_d[SKY_STATE_DIM])
{
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        ret_d[i] = a[i] - b[i];
    }
}

/* Mean and covariance of all models together. */
static void mean_of(const struct sky_imm *imm, uint32_t count, struct gaussian *ret_mean)
{
    memset(ret_mean, 0, sizeof *ret_mean);
    for (uint32_t m = 0; m < count; m++) {
        for (int i = 0; i < SKY_STATE_DIM; i++) {
            ret_mean->x[i] += imm->weight[m] * imm->x[m][i];
        }
    }
    for (uint32_t m = 0; m < count; m++) {
        double d[SKY_STATE_DIM];
        differ(imm->x[m], ret_mean->x, d);
        for (int k = 0; k < SKY_PACKED_DIM; k++) {
            ret_mean->p[k] += imm->weight[m] * imm->p[m][k];
        }
        add_square(ret_mean->p, imm->weight[m], d);
    }
}

void sky_imm_state(const struct sky_imm *imm, const struct sky_motion_set *set,
                   struct sky_state *ret_state)
{
    struct gaussian mean;
    const double *next = mean.p;

    mean_of(imm, set->count, &mean);
    ret_state->time_ns = imm->time_ns;
    memcpy(ret_state->x, mean.x, sizeof mean.x);
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int j = i; j < SKY_STATE_DIM; j++) {
            ret_state->p[i][j] = ret_state->p[j][i] = *next++;
        }
    }
}

/* --- Motion --------------------------------------------------------------------------------- */

/*
 * Mixes the models for a step. Changes from one model to any other are equally likely, so what a
 * model receives is a part `common` of the whole mixture and the rest of itself; the step is as
 * cheap for five models as for two. A model that is left and returned to within the step counts:
 * two small steps are one large step, and no weight ever becomes negative.
 */
static void mix(struct sky_imm *imm, const struct sky_motion_set *set, double dt_s)
{
    const double n = (double)set->count;
    const double kept = sky_exp(0.0 - n * dt_s / ((n - 1.0) * set->sojourn_s));
    const double shared = (1.0 - kept) / n;
    struct gaussian all;

    mean_of(imm, set->count, &all);
    for (uint32_t m = 0; m < set->count; m++) {
        const double weight = shared + kept * imm->weight[m];
        const double common = shared / weight, own = 1.0 - common;
        double d[SKY_STATE_DIM];
        differ(imm->x[m], all.x, d);
        for (int k = 0; k < SKY_PACKED_DIM; k++) {
            imm->p[m][k] = own * imm->p[m][k] + common * all.p[k];
        }
        add_square(imm->p[m], own * common, d);
        for (int i = 0; i < SKY_STATE_DIM; i++) {
            imm->x[m][i] = all.x[i] + own * d[i];
        }
        imm->weight[m] = weight;
    }
}

/* The rate of a turn of that bank at the state's speed. */
static double turn_radps_of(double turn_mps2, const double x[SKY_STATE_DIM])
{
    const double slowest_mps = turn_mps2 / turn_max_radps; /* below it turns no faster */
    const double speed2 = square(x[3]) + square(x[4]), least2 = square(slowest_mps);
    return turn_mps2 == 0.0 ? 0.0 : turn_mps2 / sky_sqrt(speed2 > least2 ? speed2 : least2);
}

/* How horizontal velocity turns in a step, and what it moves the place by meanwhile. */
struct turn {
    double sine;
    double cosine;
    double ahead_s; /* place ahead and to the left of the first velocity, per speed */
    double aside_s;
};

static struct turn turn_of(double turn_radps, double dt_s)
{
    if (turn_radps == 0.0) {
        return (struct turn){.cosine = 1.0, .ahead_s = dt_s};
    }
    double half_sine, half_cosine; /* of half the angle: small ones lose no digits that way */
    sky_sincos(0.5 * turn_radps * dt_s, &half_sine, &half_cosine);
    const double chord = 2.0 * half_sine / turn_radps;
    return (struct turn){.sine = 2.0 * half_sine * half_cosine,
                         .cosine = 1.0 - 2.0 * half_sine * half_sine,
                         .ahead_s = chord * half_cosine,
                         .aside_s = chord * half_sine};
}

/* Where a velocity leads in a step. */
static void lead(const struct turn *t, double dt_s, const double v[3], double ret_way[3])
{
    ret_way[0] = t->ahead_s * v[0] - t->aside_s * v[1];
    ret_way[1] = t->aside_s * v[0] + t->ahead_s * v[1];
    ret_way[2] = dt_s * v[2];
}

static void turn_by(const struct turn *t, double *v0, double *v1)
{
    const double east = *v0, north = *v1;
    *v0 = t->cosine * east - t->sine * north;
    *v1 = t->sine * east + t->cosine * north;
}

/* F P F' of the packed covariance, F = (1 G; 0 R): blocks A (place), B (both), D (velocity). */
static void carry(double p[SKY_PACKED_DIM], const struct turn *t, double dt_s)
{
    double *const a = p; /* 0 1 2, 6 7, 11 */
    const double b[3][3] = {{p[3], p[4], p[5]}, {p[8], p[9], p[10]}, {p[12], p[13], p[14]}};
    const double d[3][3] = {{p[15], p[16], p[17]}, {p[16], p[18], p[19]}, {p[17], p[19], p[20]}};
    double bg[3][3], dg[3][3], e[3][3], ge[3][3];

    for (int i = 0; i < 3; i++) {
        lead(t, dt_s, b[i], bg[i]); /* row i of B G' */
        lead(t, dt_s, d[i], dg[i]); /* row i of D G', column i of G D */
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            e[i][j] = b[i][j] + dg[j][i]; /* B + G D */
        }
        lead(t, dt_s, e[i], ge[i]); /* column i of G E' */
    }
    a[0] += bg[0][0] + ge[0][0];
    a[1] += bg[0][1] + ge[1][0];
    a[2] += bg[0][2] + ge[2][0];
    a[6] += bg[1][1] + ge[1][1];
    a[7] += bg[1][2] + ge[2][1];
    a[11] += bg[2][2] + ge[2][2];
    for (int i = 0; i < 3; i++) {
        turn_by(t, &e[i][0], &e[i][1]);
    }
    memcpy(p + 3, e[0], sizeof e[0]);
    memcpy(p + 8, e[1], sizeof e[1]);
    memcpy(p + 12, e[2], sizeof e[2]);
    /* R D R': the difference of the variances and their covariance turn by twice the angle */
    const double sum = 0.5 * (d[0][0] + d[1][1]), half = 0.5 * (d[0][0] - d[1][1]);
    const double sine2 = 2.0 * t->sine * t->cosine;
    const double cosine2 = (t->cosine - t->sine) * (t->cosine + t->sine);
    const double turned = cosine2 * half - sine2 * d[0][1];
    p[15] = sum + turned;
    p[18] = sum - turned;
    p[16] = sine2 * half + cosine2 * d[0][1];
    turn_by(t, &p[17], &p[19]);
}

static void add_noise(double p[SKY_PACKED_DIM], const struct sky_motion *motion, double dt_s)
{
    static const int place[3] = {0, 6, 11}, both[3] = {3, 9, 14}, speed[3] = {15, 18, 20};
    const double dt2 = dt_s * dt_s;

    for (int i = 0; i < 3; i++) {
        const double q = i < 2 ? motion->accel_psd_m2ps3 : motion->climb_psd_m2ps3;
        p[place[i]] += q * (dt2 * dt_s / 3.0);
        p[both[i]] += q * (dt2 / 2.0);
        p[speed[i]] += q * dt_s;
    }
}

void sky_imm_predict(struct sky_imm *imm, const struct sky_motion_set *set, int64_t time_ns)
{
    if (time_ns <= imm->time_ns) {
        return;
    }
    const double dt_s = (double)(time_ns - imm->time_ns) * 1e-9;

    if (set->count > 1) {
        mix(imm, set, dt_s);
    }
    for (uint32_t m = 0; m < set->count; m++) {
        double *const x = imm->x[m];
        const struct turn turn = turn_of(turn_radps_of(set->motion[m].turn_mps2, x), dt_s);
        double way[3];

        lead(&turn, dt_s, x + 3, way);
        for (int i = 0; i < 3; i++) {
            x[i] += way[i];
        }
        turn_by(&turn, &x[3], &x[4]);
        carry(imm->p[m], &turn, dt_s);
        add_noise(imm->p[m], &set->motion[m], dt_s);
    }
    imm->time_ns = time_ns;
}

/* --- Measuring ------------------------------------------------------------------------------ */

/* What one model made of a measurement. */
struct fit {
    double distance2;
    double det_s;
    double z[SKY_COMPONENTS];
};

/* Just so much weight that the state ends no surer than the height itself is; 0: none at all. */
static double height_variance(double known, double variance)
{
    return known > variance ? variance * known / (known - variance) : 0.0;
}

/* Applies the lines of a measurement to one model, variances raised by a factor. */
static void fit_model(double x[SKY_STATE_DIM], double p[SKY_PACKED_DIM],
                      const struct sky_lines *lines, double raise, struct fit *ret_fit)
{
    double before[SKY_STATE_DIM];

    memcpy(before, x, sizeof before);
    memset(ret_fit, 0, sizeof *ret_fit);
    ret_fit->det_s = 1.0;
    for (uint32_t k = 0; k < lines->count; k++) {
        const struct sky_line_of_measurement *const line = &lines->line[k];
        const double s0 = sky_measure_variance(p, line->row);
        const double variance = raise * line->variance;
        double residual = line->residual;
        for (int i = 0; i < SKY_STATE_DIM; i++) {
            residual -= line->row[i] * (x[i] - before[i]);
        }
        ret_fit->distance2 += square(residual) / (s0 + variance);
        ret_fit->det_s *= s0 + variance;
        double applied = variance;
        if (line->component == SKY_COMPONENT_HEIGHT) {
            applied = height_variance(s0, variance);
        }
        if (applied > 0.0) {
            sky_measure_apply(x, p, line->row, residual, applied);
        }
    }
}

/* All models' lines, and what came of them. */
struct trial {
    struct sky_lines lines[SKY_MODES_MAX];
    struct fit fit[SKY_MODES_MAX];
    double nearest2; /* the smallest distance2 */
};

/* Each residual over its own predicted sigma, before anything is applied. */
static void score(const struct sky_imm *imm, uint32_t count, struct trial *trial)
{
    for (uint32_t m = 0; m < count; m++) {
        for (uint32_t k = 0; k < trial->lines[m].count; k++) {
            const struct sky_line_of_measurement *const line = &trial->lines[m].line[k];
            const double s = sky_measure_variance(imm->p[m], line->row) + line->variance;
            trial->fit[m].z[line->component] = line->residual / sky_sqrt(s);
        }
    }
}

static bool is_in_range(const struct sky_imm *imm, uint32_t count, const struct trial *trial,
                        double gate2)
{
    for (uint32_t m = 0; m < count; m++) {
        const struct sky_line_of_measurement *const first = &trial->lines[m].line[0];
        const double s = sky_measure_variance(imm->p[m], first->row) + first->variance;
        if (square(first->residual) <= gate2 * s) {
            return true;
        }
    }
    return false;
}

static void fit_models(struct sky_imm *imm, uint32_t count, double raise, struct trial *trial)
{
    trial->nearest2 = 1e300;
    for (uint32_t m = 0; m < count; m++) {
        fit_model(imm->x[m], imm->p[m], &trial->lines[m], raise, &trial->fit[m]);
        trial->nearest2 = smaller(trial->nearest2, trial->fit[m].distance2);
    }
}

/* Weights by Bayes' rule; returns the log of the mixture's likelihood. */
static double weigh(const double weight[SKY_MODES_MAX], uint32_t count, const struct trial *trial,
                    double ret_weight[SKY_MODES_MAX])
{
    double sum = 0.0;

    for (uint32_t m = 0; m < count; m++) {
        const struct fit *const fit = &trial->fit[m];
        ret_weight[m] =
            weight[m] * sky_exp(-0.5 * (fit->distance2 - trial->nearest2)) / sky_sqrt(fit->det_s);
        sum += ret_weight[m];
    }
    for (uint32_t m = 0; m < count; m++) {
        ret_weight[m] /= sum;
    }
    return sky_log(sum) - 0.5 * (trial->nearest2 + (double)trial->lines[0].count * log_two_pi);
}

/* Averages what the models made of it by their weights after it. */
static void average(const double weight[SKY_MODES_MAX], uint32_t count, const struct trial *trial,
                    struct sky_innovation *ret_innovation)
{
    double mean[SKY_COMPONENTS] = {0.0}, mean2[SKY_COMPONENTS] = {0.0};

    ret_innovation->distance2 = 0.0;
    ret_innovation->has = 0;
    ret_innovation->dimension = trial->lines[0].count;
    for (uint32_t m = 0; m < count; m++) {
        ret_innovation->distance2 += weight[m] * trial->fit[m].distance2;
        for (int k = 0; k < SKY_COMPONENTS; k++) {
            mean[k] += weight[m] * trial->fit[m].z[k];
            mean2[k] += weight[m] * square(trial->fit[m].z[k]);
        }
    }
    for (uint32_t k = 0; k < ret_innovation->dimension; k++) {
        ret_innovation->has |= 1U << trial->lines[0].line[k].component;
    }
    for (int k = 0; k < SKY_COMPONENTS; k++) {
        const double size = sky_sqrt(mean2[k]);
        ret_innovation->z[k] = mean[k] < 0.0 ? 0.0 - size : size;
    }
}

/* Leaves azimuth out of every model if one of them cannot use it: all must say the same. */
static void agree_on_azimuth(struct trial *trial, uint32_t count, uint32_t components)
{
    for (uint32_t m = 0; m < count; m++) {
        struct sky_lines *const lines = &trial->lines[m];
        if (lines->count > components) {
            lines->count--;
            memmove(&lines->line[1], &lines->line[2], (lines->count - 1) * sizeof lines->line[0]);
        }
    }
}

bool sky_imm_update(struct sky_imm *imm, const struct sky_motion_set *set,
                    const struct sky_measurement *measurement, const struct sky_sensor_pose *sensor,
                    double gate2, double outlier2, struct sky_innovation *ret_innovation)
{
    const uint32_t count = set->count;
    uint32_t components = SKY_LINES_OF_MEASUREMENT_MAX;
    double weight[SKY_MODES_MAX];
    struct trial trial;
    struct sky_imm after;

    for (uint32_t m = 0; m < count; m++) {
        sky_measure_lines(imm->x[m], imm->p[m], measurement, sensor, &trial.lines[m]);
        components = trial.lines[m].count < components ? trial.lines[m].count : components;
    }
    agree_on_azimuth(&trial, count, components);
    if (!is_in_range(imm, count, &trial, gate2)) {
        return false;
    }
    after = *imm;
    fit_models(&after, count, 1.0, &trial);
    if (trial.nearest2 > gate2) {
        return false;
    }
    score(imm, count, &trial);
    ret_innovation->log_likelihood = weigh(imm->weight, count, &trial, weight);
    average(weight, count, &trial, ret_innovation);
    if (trial.nearest2 > outlier2) {
        const double raise = trial.nearest2 / outlier2;
        after = *imm;
        fit_models(&after, count, raise, &trial);
        ret_innovation->log_likelihood = weigh(imm->weight, count, &trial, weight);
    }
    for (uint32_t m = 0; m < count; m++) {
        after.weight[m] = weight_min + (1.0 - (double)count * weight_min) * weight[m];
    }
    *imm = after;
    return true;
}
