#include "sky_register.h"

#include <string.h>

#include "sky_math.h"

enum {
    AXES = 3,
    OF_PAIR = 2 * SKY_BIASES, /* biases that one pair bears on: those of a, then those of b */
    PAIRS_TO_APPLY = 20,      /* a newcomer's prior would only widen the others' tracks */
    REFUSED_TO_REOPEN = 30    /* in a row: not association, the sensor has changed */
};

/* 1 sigma before the first pair, as found in the field: a heading 1.8 degrees off is its third. */
static const double prior_sigma[SKY_BIASES] = {
    [SKY_BIAS_RANGE] = 80.0,                     /* m: delay of the receiver, and of the air */
    [SKY_BIAS_AZIMUTH] = 0.6 * SKY_PI / 180.0,   /* aligned by compass or by hand */
    [SKY_BIAS_ELEVATION] = 0.5 * SKY_PI / 180.0, /* levelling; air that bends other than 4/3 */
    [SKY_BIAS_TIME] = 0.1                        /* s: clocks kept by network time */
};

/* 1 sigma of a radar that is as well kept as the configuration says, however well it says. */
static const double kept_sigma[SKY_BIASES] = {
    [SKY_BIAS_RANGE] = 5.0,
    [SKY_BIAS_AZIMUTH] = 0.02 * SKY_PI / 180.0,
    [SKY_BIAS_ELEVATION] = 0.05 * SKY_PI / 180.0,
    [SKY_BIAS_TIME] = 0.01,
};

/* Random walk: per second, so that an hour makes 7 m, 0.03 degrees and 20 ms. */
static const double drift_per_s[SKY_BIASES] = {
    [SKY_BIAS_RANGE] = 50.0 / 3600.0,
    [SKY_BIAS_AZIMUTH] = 2.7e-7 / 3600.0,
    [SKY_BIAS_ELEVATION] = 2.7e-7 / 3600.0,
    [SKY_BIAS_TIME] = 4e-4 / 3600.0,
};

static const double gate_distance2 = 30.0;
static const double log_ratio_on = 10.0;
static const double log_ratio_off = 0.0;
static const double log_ratio_max = 30.0; /* either way: what was once sure can be unlearned */
static const double vote_max = 4.0;       /* no single pair decides */
static const double evidence_max = 200.0; /* either way: exponents stay finite */
static const int64_t mix_every_ns = SKY_SECOND_NS;

static const double nearest_m = 1.0;
static const double sine_elevation_max = 0.9;
static const double floor_m2 = 1e-4; /* rounding of the numbers themselves */

/* A sight as a place in the tracking frame, its random errors, and how biases move it. */
struct fix {
    double at[AXES];
    double cov[AXES][AXES];
    double slope[AXES][SKY_BIASES];
};

/* The difference of two sights at one instant: linear in the biases of both. */
struct difference {
    double d[AXES];
    double cov[AXES][AXES]; /* random errors of both, of the velocity and of the motion */
    double slope[AXES][OF_PAIR];
};

/* Where a sight looks up to: measured, or made from range and height. */
struct upward {
    double angle_rad;
    double sigma_rad;
    double per_m; /* the angle's change with range */
};

/* The track that carries one sight to the time of the other. */
struct carrier {
    const double *velocity_mps;
    const double (*velocity_cov)[AXES];
    double accel_psd_m2ps3;
};

static const double no_bias[SKY_BIASES];

static double square(double x) { return x * x; }
static double larger(double a, double b) { return a > b ? a : b; }
static double clamp(double x, double limit) { return x > limit ? limit : x < -limit ? -limit : x; }

/* --- what a sight says ----------------------------------------------------------------------- */

/* On a sphere that fits the ellipsoid along the line of sight: 1 / its radius at the sensor. */
static double bend_per_m(const struct sky_sight *sight)
{
    const struct sky_sensor_pose *pose = sight->pose;
    const double sine = sky_sin(sight->measurement->azimuth_rad);
    const double bend = pose->curvature_north_per_m +
                        (pose->curvature_east_per_m - pose->curvature_north_per_m) * sine * sine;
    return bend / (1.0 + bend * pose->height_hae_m);
}

/* Of the height as seen at a range, by the law of cosines about the centre of that sphere. */
static double sine_of_height(const struct sky_sight *sight, double range_m)
{
    const double bend = bend_per_m(sight);
    const double above_m = sight->measurement->height_hae_m - sight->pose->height_hae_m;
    return above_m / range_m * (1.0 + 0.5 * above_m * bend) - 0.5 * range_m * bend;
}

static struct upward look_up(const struct sky_sight *sight, double range_m, double bias_rad)
{
    const struct sky_measurement *m = sight->measurement;
    if (m->has_elevation) {
        return (struct upward){m->elevation_rad - bias_rad, m->sigma_elevation_rad, 0.0};
    }
    const double bend = bend_per_m(sight);
    const double above_m = m->height_hae_m - sight->pose->height_hae_m;
    const double sine = clamp(sine_of_height(sight, range_m), sine_elevation_max);
    const double cosine = sky_sqrt(1.0 - sine * sine);
    return (struct upward){
        .angle_rad = sky_asin(sine),
        .sigma_rad = m->sigma_height_m * (1.0 + above_m * bend) / (range_m * cosine),
        .per_m = -(sine / range_m + bend) / cosine,
    };
}

/* Elevation of a place as seen from a sensor. */
static double elevation_of(const struct sky_sensor_pose *pose, const double at[AXES])
{
    const double away[AXES] = {at[0] - pose->origin.east_m, at[1] - pose->origin.north_m,
                               at[2] - pose->origin.up_m};
    double s[AXES];
    for (int i = 0; i < AXES; i++) {
        s[i] = pose->rot[i][0] * away[0] + pose->rot[i][1] * away[1] + pose->rot[i][2] * away[2];
    }
    return sky_atan2(s[2], sky_sqrt(s[0] * s[0] + s[1] * s[1]));
}

static void from_sensor(const struct sky_sensor_pose *pose, const double s[AXES],
                        double ret_v[AXES])
{
    for (int i = 0; i < AXES; i++) {
        ret_v[i] = pose->rot[0][i] * s[0] + pose->rot[1][i] * s[1] + pose->rot[2][i] * s[2];
    }
}

static void add_square(double cov[AXES][AXES], const double v[AXES], double variance)
{
    for (int i = 0; i < AXES; i++) {
        for (int j = 0; j < AXES; j++) {
            cov[i][j] += variance * v[i] * v[j];
        }
    }
}

static struct fix fix_of_place(const struct sky_sight *sight)
{
    const struct sky_sensor_pose *pose = sight->pose;
    struct fix fix = {.at = {pose->origin.east_m, pose->origin.north_m, pose->origin.up_m}};
    for (int axis = 0; axis < AXES; axis++) {
        const double sigma_m =
            axis < 2 ? sight->measurement->sigma_place_m : sight->measurement->sigma_height_m;
        add_square(fix.cov, pose->rot[axis], square(sigma_m));
    }
    return fix;
}

/*
 * A polar sight freed of a bias. It is a straight line through the elevation `near_rad`, on which
 * the sight's own elevation is one measurement. The places from which it may have come lie on an
 * arc, the mean of which is nearer by half the variance of the angles (1.5 m at 80 km and 0.35
 * degrees).
 */
static struct fix fix_of_polar(const struct sky_sight *sight, const double bias[SKY_BIASES],
                               const struct upward *up, double near_rad, double sigma_azimuth_rad)
{
    const struct sky_measurement *m = sight->measurement;
    const double range_m = larger(m->slant_range_m - bias[SKY_BIAS_RANGE], nearest_m);
    double sine_az, cosine_az, sine_el, cosine_el, sightward[AXES], across[AXES], upward[AXES];
    sky_sincos(m->azimuth_rad - bias[SKY_BIAS_AZIMUTH], &sine_az, &cosine_az);
    sky_sincos(near_rad, &sine_el, &cosine_el);
    const double scatter =
        square(cosine_el * sigma_azimuth_rad) + (m->has_elevation ? square(up->sigma_rad) : 0.0);
    const double shown_m = range_m * (1.0 - 0.5 * scatter);

    from_sensor(sight->pose, (double[]){cosine_el * sine_az, cosine_el * cosine_az, sine_el},
                sightward);
    from_sensor(sight->pose,
                (double[]){range_m * cosine_el * cosine_az, -range_m * cosine_el * sine_az, 0.0},
                across);
    from_sensor(sight->pose,
                (double[]){-range_m * sine_el * sine_az, -range_m * sine_el * cosine_az,
                           range_m * cosine_el},
                upward);

    const double origin[AXES] = {sight->pose->origin.east_m, sight->pose->origin.north_m,
                                 sight->pose->origin.up_m};
    struct fix fix = {.at = {0.0}};
    for (int i = 0; i < AXES; i++) {
        fix.at[i] = origin[i] + shown_m * sightward[i] + (up->angle_rad - near_rad) * upward[i];
        sightward[i] += up->per_m * upward[i];
        fix.slope[i][SKY_BIAS_RANGE] = sightward[i];
        fix.slope[i][SKY_BIAS_AZIMUTH] = across[i];
        fix.slope[i][SKY_BIAS_ELEVATION] = m->has_elevation ? upward[i] : 0.0;
    }
    add_square(fix.cov, sightward, square(m->sigma_range_m));
    add_square(fix.cov, across, square(sigma_azimuth_rad));
    add_square(fix.cov, upward, square(up->sigma_rad));
    return fix;
}

/*
 * A sight that sees no elevation is taken at the one under which its partner stands, if that knows:
 * a height known to kilometres is no small error about its own mean.
 */
static struct fix fix_of(const struct sky_sight *sight, const double bias[SKY_BIASES],
                         const struct fix *partner, double heading_sigma_rad)
{
    const struct sky_measurement *m = sight->measurement;
    if (m->is_place) {
        return fix_of_place(sight);
    }
    const double range_m = larger(m->slant_range_m - bias[SKY_BIAS_RANGE], nearest_m);
    const struct upward up = look_up(sight, range_m, bias[SKY_BIAS_ELEVATION]);
    const double near_rad = partner != NULL ? elevation_of(sight->pose, partner->at) : up.angle_rad;
    return fix_of_polar(sight, bias, &up, near_rad,
                        sky_sqrt(square(m->sigma_azimuth_rad) + square(heading_sigma_rad)));
}

static bool knows_height(const struct sky_sight *sight)
{
    return sight->measurement->is_place || sight->measurement->has_elevation;
}

/*
 * Without elevation a height must do. It must lie within reach of the range and, unless the partner
 * knows better, bend the distance over ground by less than the range is uncertain.
 */
static bool is_usable(const struct sky_sight *sight, const struct sky_sight *partner)
{
    const struct sky_measurement *m = sight->measurement;
    if (m->has_elevation && !m->is_place) {
        return true;
    }
    if (!m->has_height) {
        return false;
    }
    if (m->is_place) {
        return true;
    }
    const double range_m = larger(m->slant_range_m, nearest_m);
    return sky_abs(sine_of_height(sight, range_m)) < sine_elevation_max &&
           (knows_height(partner) || square(m->sigma_height_m) < 2.0 * range_m * m->sigma_range_m);
}

/* --- two sights ------------------------------------------------------------------------------ */

static double heading_sigma_rad(const struct sky_config *config, const struct sky_sight *sight)
{
    return config->sensor[sight->sensor].at_station ? config->station.heading_sigma_rad : 0.0;
}

static struct difference compare(const struct sky_config *config, const struct sky_sight *a,
                                 const struct sky_sight *b, const double bias_a[SKY_BIASES],
                                 const double bias_b[SKY_BIASES], const struct carrier *carrier)
{
    const double heading_a_rad = heading_sigma_rad(config, a);
    const double heading_b_rad = heading_sigma_rad(config, b);
    struct fix fix_a = fix_of(a, bias_a, NULL, heading_a_rad);
    struct fix fix_b = fix_of(b, bias_b, NULL, heading_b_rad);
    if (!knows_height(a) && knows_height(b)) {
        fix_a = fix_of(a, bias_a, &fix_b, heading_a_rad);
    } else if (!knows_height(b) && knows_height(a)) {
        fix_b = fix_of(b, bias_b, &fix_a, heading_b_rad);
    }

    const double lag_s = (double)(b->measurement->time_ns - a->measurement->time_ns) / 1e9 -
                         bias_b[SKY_BIAS_TIME] + bias_a[SKY_BIAS_TIME];
    const double stamp_s2 = square((double)a->measurement->time_sigma_ns / 1e9) +
                            square((double)b->measurement->time_sigma_ns / 1e9);
    const double wander_m2 = carrier->accel_psd_m2ps3 * sky_abs(lag_s * lag_s * lag_s) / 3.0;

    struct difference diff;
    for (int i = 0; i < AXES; i++) {
        const double v_mps = carrier->velocity_mps[i];
        diff.d[i] = fix_a.at[i] + v_mps * lag_s - fix_b.at[i];
        for (int j = 0; j < AXES; j++) {
            diff.cov[i][j] = fix_a.cov[i][j] + fix_b.cov[i][j] +
                             carrier->velocity_cov[i][j] * lag_s * lag_s +
                             (i == j ? wander_m2 + floor_m2 : 0.0);
        }
        for (int k = 0; k < SKY_BIAS_TIME; k++) {
            diff.slope[i][k] = fix_a.slope[i][k];
            diff.slope[i][SKY_BIASES + k] = -fix_b.slope[i][k];
        }
        diff.slope[i][SKY_BIAS_TIME] = a->measurement->is_place ? 0.0 : -v_mps;
        diff.slope[i][SKY_BIASES + SKY_BIAS_TIME] = b->measurement->is_place ? 0.0 : v_mps;
    }
    add_square(diff.cov, carrier->velocity_mps, stamp_s2);
    return diff;
}

/* --- the two accounts ------------------------------------------------------------------------ */

/* A Gaussian of three dimensions about zero, as its root, seen at one point. */
struct density {
    double root[AXES][AXES]; /* lower triangle */
    double white[AXES];      /* the point in units of sigma */
    double distance2;
    double log_det;
};

/* Solves root * x = v. */
static void whiten(const struct density *density, const double v[AXES], double ret_x[AXES])
{
    for (int i = 0; i < AXES; i++) {
        double sum = v[i];
        for (int k = 0; k < i; k++) {
            sum -= density->root[i][k] * ret_x[k];
        }
        ret_x[i] = sum / density->root[i][i];
    }
}

/* By Cholesky. */
static struct density density_at(const double d[AXES], double cov[AXES][AXES])
{
    struct density density = {.distance2 = 0.0};
    double det = 1.0;
    for (int i = 0; i < AXES; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = cov[i][j];
            for (int k = 0; k < j; k++) {
                sum -= density.root[i][k] * density.root[j][k];
            }
            density.root[i][j] = j < i ? sum / density.root[j][j] : sky_sqrt(larger(sum, floor_m2));
        }
        det *= square(density.root[i][i]);
    }
    whiten(&density, d, density.white);
    for (int i = 0; i < AXES; i++) {
        density.distance2 += square(density.white[i]);
    }
    density.log_det = sky_log(det);
    return density;
}

static double stated_sigma(const struct sky_config *config, uint32_t sensor, uint32_t bias)
{
    const struct sky_sensor_config *s = &config->sensor[sensor];
    const double sigma[SKY_BIASES] = {
        [SKY_BIAS_RANGE] = s->bias_sigma_range_m,
        [SKY_BIAS_AZIMUTH] = s->bias_sigma_azimuth_rad,
        [SKY_BIAS_ELEVATION] = s->bias_sigma_elevation_rad,
    };
    return s->kind == SKY_SENSOR_COOPERATIVE ? 0.0 : sigma[bias];
}

/* As wide as the field's, and as the configuration's own if that admits to more. */
static double prior_variance(const struct sky_config *config, uint32_t sensor, uint32_t bias)
{
    return config->sensor[sensor].kind == SKY_SENSOR_COOPERATIVE
               ? 0.0
               : square(larger(prior_sigma[bias], stated_sigma(config, sensor, bias)));
}

static struct density density_as_stated(const struct sky_config *config, const struct sky_sight *a,
                                        const struct sky_sight *b, const struct difference *raw)
{
    double cov[AXES][AXES];
    memcpy(cov, raw->cov, sizeof(cov));
    for (uint32_t k = 0; k < OF_PAIR; k++) {
        const uint32_t sensor = k < SKY_BIASES ? a->sensor : b->sensor;
        const double way[AXES] = {raw->slope[0][k], raw->slope[1][k], raw->slope[2][k]};
        add_square(cov, way, square(stated_sigma(config, sensor, k % SKY_BIASES)));
    }
    return density_at(raw->d, cov);
}

/* --- the filter ------------------------------------------------------------------------------ */

/* The biases a pair can say something about. Others have no correlation with any yet. */
struct active {
    uint32_t count;
    uint32_t index[SKY_REGISTER_DIM];
    double gain[SKY_REGISTER_DIM][AXES]; /* P H', then divided by the root of S */
};

static uint32_t bias_of_pair(const struct sky_sight *a, const struct sky_sight *b, uint32_t k)
{
    return k < SKY_BIASES ? a->sensor * SKY_BIASES + k : b->sensor * SKY_BIASES + k - SKY_BIASES;
}

static void drift(struct sky_register *reg, int64_t time_ns)
{
    if (time_ns <= reg->time_ns) {
        return;
    }
    const double dt_s = (double)(time_ns - reg->time_ns) / 1e9;
    for (uint32_t i = 0; i < SKY_REGISTER_DIM; i++) {
        if (reg->pairs[i / SKY_BIASES] > 0 && reg->free.p[i][i] > 0.0) {
            reg->free.p[i][i] += drift_per_s[i % SKY_BIASES] * dt_s;
        }
    }
    reg->time_ns = time_ns;
}

/* P H' over the active biases, and S = H P H' + R. */
static void project(const struct sky_register *reg, const struct sky_sight *a,
                    const struct sky_sight *b, const struct difference *diff,
                    struct active *ret_active, double ret_cov[AXES][AXES])
{
    ret_active->count = 0;
    memcpy(ret_cov, diff->cov, sizeof(diff->cov));
    for (uint32_t i = 0; i < SKY_REGISTER_DIM; i++) {
        const uint32_t sensor = i / SKY_BIASES;
        if (reg->pairs[sensor] == 0 && sensor != a->sensor && sensor != b->sensor) {
            continue;
        }
        double *gain = ret_active->gain[ret_active->count];
        memset(gain, 0, sizeof(ret_active->gain[0]));
        for (uint32_t k = 0; k < OF_PAIR; k++) {
            const double p = reg->free.p[i][bias_of_pair(a, b, k)];
            for (int axis = 0; axis < AXES; axis++) {
                gain[axis] += p * diff->slope[axis][k];
            }
        }
        if (sensor == a->sensor || sensor == b->sensor) {
            const uint32_t k = i % SKY_BIASES + (sensor == a->sensor ? 0 : SKY_BIASES);
            for (int x = 0; x < AXES; x++) {
                for (int y = 0; y < AXES; y++) {
                    ret_cov[x][y] += diff->slope[x][k] * gain[y];
                }
            }
        }
        ret_active->index[ret_active->count++] = i;
    }
}

/* With W = P H' / root(S): b += W white, P -= W W'. */
static void update(struct sky_register *reg, struct active *active, const struct density *density)
{
    for (uint32_t n = 0; n < active->count; n++) {
        const uint32_t i = active->index[n];
        double w[AXES];
        whiten(density, active->gain[n], w);
        memcpy(active->gain[n], w, sizeof(w));
        reg->free.b[i] +=
            w[0] * density->white[0] + w[1] * density->white[1] + w[2] * density->white[2];
        for (uint32_t o = 0; o <= n; o++) {
            const uint32_t j = active->index[o];
            const double *v = active->gain[o];
            reg->free.p[i][j] -= w[0] * v[0] + w[1] * v[1] + w[2] * v[2];
            reg->free.p[j][i] = reg->free.p[i][j];
        }
    }
}

/*
 * Replaces one sensor's wide prior in an account by a narrow one: that is to measure each
 * of its biases once more, as 0. Returns by how much that changes the log of the evidence: a
 * posterior and a prior suffice to compare nested priors (Dickey, The Annals of Mathematical
 * Statistics 42, 1971, pp. 204-223). Of p, only the lower triangle is used.
 */
static double keep(struct sky_bias_estimate *account, const struct sky_config *config,
                   uint32_t sensor, double looseness)
{
    const uint32_t dimension = config->sensor_count * SKY_BIASES;
    double evidence = 0.0;
    for (uint32_t bias = 0; bias < SKY_BIASES; bias++) {
        const uint32_t i = sensor * SKY_BIASES + bias;
        const double wide = prior_variance(config, sensor, bias);
        const double narrow =
            square(larger(looseness * kept_sigma[bias], stated_sigma(config, sensor, bias)));
        if (narrow >= wide) {
            continue;
        }
        const double variance = narrow * wide / (wide - narrow);
        const double s = account->p[i][i] + variance, b = account->b[i];
        evidence += 0.5 * (sky_log((wide + variance) / s) - b * b / s);
        const double root = sky_sqrt(s);
        double w[SKY_REGISTER_DIM];
        for (uint32_t j = 0; j < dimension; j++) {
            w[j] = (j < i ? account->p[i][j] : account->p[j][i]) / root;
        }
        for (uint32_t j = 0; j < dimension; j++) {
            if (w[j] == 0.0) { /* a stranger */
                continue;
            }
            double *row = account->p[j];
            const double w_j = w[j];
            account->b[j] -= w_j * b / root;
            for (uint32_t k = 0; k <= j; k++) {
                row[k] -= w_j * w[k];
            }
        }
    }
    return evidence;
}

static void copy(struct sky_bias_estimate *to, const struct sky_bias_estimate *from,
                 uint32_t dimension)
{
    memcpy(to->b, from->b, sizeof(to->b));
    for (uint32_t i = 0; i < dimension; i++) {
        memcpy(to->p[i], from->p[i], (i + 1) * sizeof(to->p[i][0]));
    }
}

/* Adds the difference of an account from the free estimate to the mixture, weighted. */
static void mix_in(struct sky_register *reg, const struct sky_bias_estimate *account,
                   uint32_t dimension, double weight)
{
    double by[SKY_REGISTER_DIM];
    for (uint32_t i = 0; i < dimension; i++) {
        by[i] = account->b[i] - reg->free.b[i];
        reg->mixed.b[i] += weight * by[i];
        for (uint32_t j = 0; j <= i; j++) {
            reg->mixed.p[i][j] += weight * (account->p[i][j] + by[i] * by[j]);
        }
    }
}

/* The radars that share aircraft with others. */
struct radars {
    uint32_t count;
    uint32_t sensor[SKY_SENSORS_MAX];
};

/*
 * Mixes in the accounts that all radars are kept, with `looseness` times the sigmas that should be,
 * and that all but one are. Returns their weight, against 1 for the free estimate.
 */
static double mix_kept(struct sky_register *reg, const struct sky_config *config,
                       const struct radars *radars, double looseness)
{
    const uint32_t dimension = config->sensor_count * SKY_BIASES;
    double before = 0.0, sum = 0.0;
    copy(&reg->kept, &reg->free, dimension); /* as far as the one that is off */
    for (uint32_t off = 0; off < radars->count; off++) {
        double evidence = before;
        copy(&reg->work, &reg->kept, dimension);
        for (uint32_t n = off + 1; n < radars->count; n++) {
            evidence += keep(&reg->work, config, radars->sensor[n], looseness);
        }
        const double weight = sky_exp(clamp(evidence, evidence_max)) / (double)radars->count;
        mix_in(reg, &reg->work, dimension, weight);
        sum += weight;
        before += keep(&reg->kept, config, radars->sensor[off], looseness);
    }
    const double nobody = 0.5 * sky_exp(clamp(before, evidence_max));
    mix_in(reg, &reg->kept, dimension, nobody);
    return sum + nobody;
}

/*
 * Who is off: nobody, one of them, or who knows; and the others are as well kept as they should be,
 * or a third as well. Each account is believed by its evidence. All together have their mean, and a
 * covariance that counts how far they lie apart.
 */
static void mix(struct sky_register *reg, const struct sky_config *config)
{
    const uint32_t dimension = config->sensor_count * SKY_BIASES;
    struct radars radars = {.count = 0};
    for (uint32_t sensor = 0; sensor < config->sensor_count; sensor++) {
        if (reg->pairs[sensor] > 0 && config->sensor[sensor].kind == SKY_SENSOR_RADAR) {
            radars.sensor[radars.count++] = sensor;
        }
    }
    memset(&reg->mixed, 0, sizeof(reg->mixed));
    mix_in(reg, &reg->free, dimension, 1.0);
    double sum = 1.0;
    sum += mix_kept(reg, config, &radars, 1.0);
    sum += mix_kept(reg, config, &radars, 3.0);
    for (uint32_t i = 0; i < dimension; i++) {
        reg->mixed.b[i] /= sum;
    }
    for (uint32_t i = 0; i < dimension; i++) {
        for (uint32_t j = 0; j <= i; j++) {
            reg->mixed.p[i][j] = reg->mixed.p[i][j] / sum - reg->mixed.b[i] * reg->mixed.b[j];
            reg->mixed.p[j][i] = reg->mixed.p[i][j];
        }
    }
    for (uint32_t i = 0; i < dimension; i++) {
        reg->mixed.b[i] += reg->free.b[i];
    }
    reg->mixed_ns = reg->time_ns;
}

/* A sensor that contradicts everything again and again was moved: what was known of it is void. */
static void refuse(struct sky_register *reg, const struct sky_config *config, uint32_t sensor)
{
    if (++reg->refused[sensor] < REFUSED_TO_REOPEN) {
        return;
    }
    reg->refused[sensor] = 0;
    for (uint32_t bias = 0; bias < SKY_BIASES; bias++) {
        const uint32_t i = sensor * SKY_BIASES + bias;
        reg->free.p[i][i] += prior_variance(config, sensor, bias);
    }
}

static void weigh(struct sky_register *reg, const struct density *biased,
                  const struct density *stated)
{
    const double vote =
        0.5 * (stated->distance2 + stated->log_det) - 0.5 * (biased->distance2 + biased->log_det);
    reg->log_ratio = clamp(reg->log_ratio + clamp(vote, vote_max), log_ratio_max);
    reg->applied = reg->log_ratio > (reg->applied ? log_ratio_off : log_ratio_on);
}

/* --- the interface --------------------------------------------------------------------------- */

static bool is_corrected(const struct sky_register *reg, uint32_t sensor)
{
    return reg->applied && reg->pairs[sensor] >= PAIRS_TO_APPLY;
}

void sky_register_init(struct sky_register *reg, const struct sky_config *config, int64_t time_ns)
{
    memset(reg, 0, sizeof(*reg));
    reg->time_ns = time_ns;
    reg->mixed_ns = time_ns;
    for (uint32_t sensor = 0; sensor < config->sensor_count; sensor++) {
        for (uint32_t bias = 0; bias < SKY_BIASES; bias++) {
            const uint32_t i = sensor * SKY_BIASES + bias;
            reg->free.p[i][i] = prior_variance(config, sensor, bias);
        }
    }
    reg->mixed = reg->free;
}

bool sky_register_pair(struct sky_register *reg, const struct sky_config *config,
                       const struct sky_sight *a, const struct sky_sight *b,
                       const double velocity_mps[3], const double velocity_cov[3][3],
                       double accel_psd_m2ps3)
{
    if (!is_usable(a, b) || !is_usable(b, a)) {
        return false;
    }
    const int64_t a_ns = a->measurement->time_ns, b_ns = b->measurement->time_ns;
    drift(reg, a_ns > b_ns ? a_ns : b_ns);

    const struct carrier carrier = {velocity_mps, velocity_cov, accel_psd_m2ps3};
    const struct difference raw = compare(config, a, b, no_bias, no_bias, &carrier);
    const struct density stated = density_as_stated(config, a, b, &raw);

    /* About the estimate: a degree and more at 80 km is no longer a straight line from zero. */
    const struct difference mended = compare(config, a, b, &reg->free.b[a->sensor * SKY_BIASES],
                                             &reg->free.b[b->sensor * SKY_BIASES], &carrier);
    struct active active;
    double cov[AXES][AXES];
    project(reg, a, b, &mended, &active, cov);
    const struct density biased = density_at(mended.d, cov);

    if (biased.distance2 > gate_distance2 && stated.distance2 > gate_distance2) {
        refuse(reg, config, a->sensor);
        refuse(reg, config, b->sensor);
        return false;
    }
    update(reg, &active, &biased);
    weigh(reg, &biased, &stated);
    reg->pairs[a->sensor]++;
    reg->pairs[b->sensor]++;
    reg->refused[a->sensor] = 0;
    reg->refused[b->sensor] = 0;
    if (reg->time_ns - reg->mixed_ns >= mix_every_ns) {
        mix(reg, config);
    }
    return true;
}

void sky_register_correct(const struct sky_register *reg, uint32_t sensor,
                          struct sky_measurement *measurement)
{
    if (!is_corrected(reg, sensor) || measurement->is_place) {
        return;
    }
    const double *b = &reg->mixed.b[sensor * SKY_BIASES];
    measurement->slant_range_m = larger(measurement->slant_range_m - b[SKY_BIAS_RANGE], nearest_m);
    measurement->azimuth_rad -= b[SKY_BIAS_AZIMUTH];
    measurement->elevation_rad -= b[SKY_BIAS_ELEVATION];
    measurement->time_ns -= (int64_t)(b[SKY_BIAS_TIME] * 1e9);
}

void sky_register_remaining(const struct sky_register *reg, const struct sky_config *config,
                            uint32_t sensor_a, uint32_t sensor_b,
                            double ret_cov[SKY_BIASES][SKY_BIASES])
{
    const bool estimated = is_corrected(reg, sensor_a) && is_corrected(reg, sensor_b);
    const bool stated = sensor_a == sensor_b && !estimated;
    for (uint32_t i = 0; i < SKY_BIASES; i++) {
        for (uint32_t j = 0; j < SKY_BIASES; j++) {
            const double as_stated =
                stated && i == j ? square(stated_sigma(config, sensor_a, i)) : 0.0;
            ret_cov[i][j] = estimated
                                ? reg->mixed.p[sensor_a * SKY_BIASES + i][sensor_b * SKY_BIASES + j]
                                : as_stated;
        }
    }
}

void sky_register_report(const struct sky_register *reg, uint32_t sensor,
                         struct sky_registration *ret_registration)
{
    ret_registration->state = reg->pairs[sensor] == 0     ? SKY_REGISTER_ALONE
                              : is_corrected(reg, sensor) ? SKY_REGISTER_APPLIED
                                                          : SKY_REGISTER_LEARNING;
    ret_registration->pairs = reg->pairs[sensor];
    for (uint32_t bias = 0; bias < SKY_BIASES; bias++) {
        const uint32_t i = sensor * SKY_BIASES + bias;
        ret_registration->bias[bias] = reg->mixed.b[i];
        ret_registration->bias_sigma[bias] = sky_sqrt(reg->mixed.p[i][i]);
    }
}
