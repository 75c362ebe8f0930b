#include "sky_reach.h"

#include <string.h>

/*
 * A plot this many gates (of squared distance) from a believed track starts no other easily: the
 * track has turned, or the plot is a poor one, far more often than a second aircraft begins there.
 */
static const double believed_gates = 2.0;

/* Squared sigmas within which a tentative track looks for its next plot, in each direction. */
static const double tentative_cheap2 = 16.0;

/* The cheap gates are wider than the exact one: measurements are curved, models differ. */
static const double cheap_gates = 1.5;

/* An error of the time stamp acts along a motion that the box does not ask for: the most it is. */
static const double speed_most_mps = 1000.0;

static const double near_s = SKY_REACH_NEAR_NS * 1e-9;

static double square(double x) { return x * x; }
static double larger(double a, double b) { return a > b ? a : b; }
static double age_of(double dt_s) { return dt_s < 0.0 ? -dt_s : dt_s; }

/* --- Gates ---------------------------------------------------------------------------------- */

/* Chi-square distribution: closed for 1 and 2 degrees of freedom, and upwards by recurrence. */
static double chi_square_cdf(uint32_t freedom, double x)
{
    const double half = 0.5 * x;
    const double decay = sky_exp(-half);
    const bool odd = freedom % 2 == 1;
    double p = odd ? 2.0 * sky_normal_cdf(sky_sqrt(x)) - 1.0 : 1.0 - decay;
    double term = odd ? 2.0 * sky_sqrt(half / SKY_PI) * decay : half * decay;

    for (uint32_t n = odd ? 1 : 2; n < freedom; n += 2) {
        p -= term;
        term *= half / (0.5 * (double)n + 1.0);
    }
    return p;
}

/* Quantiles by halving: 60 steps leave nothing of 64. */
static double chi_square_quantile(uint32_t freedom, double probability)
{
    double low = 0.0, high = 64.0;
    for (int i = 0; i < 60; i++) {
        const double middle = 0.5 * (low + high);
        if (chi_square_cdf(freedom, middle) < probability) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

void sky_reach_gates_init(struct sky_reach_gates *ret_gates, double probability,
                          const struct sky_motion_set *set)
{
    *ret_gates = (struct sky_reach_gates){.noise_m2ps3 = 1.2 * set->motion[2].accel_psd_m2ps3,
                                          .turn_mps2 = set->motion[3].turn_mps2};
    for (uint32_t freedom = 1; freedom <= SKY_LINES_OF_MEASUREMENT_MAX; freedom++) {
        ret_gates->quantile2[freedom] = chi_square_quantile(freedom, probability);
    }
    const double widest2 = ret_gates->quantile2[SKY_LINES_OF_MEASUREMENT_MAX];
    ret_gates->exact2[false] = believed_gates * widest2;
    ret_gates->exact2[true] = widest2;
    ret_gates->cheap2[false] = cheap_gates * believed_gates * widest2;
    ret_gates->cheap2[true] = tentative_cheap2;
}

/* --- Tracks --------------------------------------------------------------------------------- */

static double since_s(const struct sky_reach *reach, int64_t time_ns)
{
    return (double)(time_ns - reach->time_ns) * 1e-9;
}

/* Of the covariance alone, without the noise that comes on the way. */
static double calm_spread(const struct sky_reach *reach, double dt_s)
{
    return reach->spread_m2 + dt_s * (reach->spread_m2ps + dt_s * reach->spread_m2ps2);
}

static double spread(const struct sky_reach_gates *gates, const struct sky_reach *reach,
                     double dt_s)
{
    const double age_s = age_of(dt_s);
    return calm_spread(reach, dt_s) + age_s * age_s * age_s * 2.0 * gates->noise_m2ps3;
}

void sky_reach_of_track(const struct sky_track *track, struct sky_reach *ret_reach)
{
    const struct sky_state *const state = &track->state;
    *ret_reach = (struct sky_reach){.time_ns = state->time_ns,
                                    .tentative = track->status == SKY_TRACK_TENTATIVE,
                                    .single = track->look_count == 1};
    for (int i = 0; i < 3; i++) {
        ret_reach->place_m[i] = state->x[i];
        ret_reach->velocity_mps[i] = state->x[3 + i];
        ret_reach->spread_m2 += state->p[i][i];
        ret_reach->spread_m2ps += 2.0 * state->p[i][3 + i];
        ret_reach->spread_m2ps2 += state->p[3 + i][3 + i];
    }
}

struct sky_enu sky_reach_place(const struct sky_reach *reach, int64_t time_ns)
{
    const double dt_s = since_s(reach, time_ns);
    return (struct sky_enu){reach->place_m[0] + dt_s * reach->velocity_mps[0],
                            reach->place_m[1] + dt_s * reach->velocity_mps[1],
                            reach->place_m[2] + dt_s * reach->velocity_mps[2]};
}

double sky_reach_spread_m2(const struct sky_reach_gates *gates, const struct sky_reach *reach,
                           int64_t time_ns)
{
    return spread(gates, reach, since_s(reach, time_ns));
}

/* --- Plots ---------------------------------------------------------------------------------- */

/* Where a plot alone puts the aircraft, and the trace of the covariance of that. */
static void place_plot(const struct sky_look *look, struct sky_spot *spot)
{
    const struct sky_measurement *const m = &look->measurement;
    const struct sky_sensor_pose *const pose = &look->pose;

    if (m->is_place || !m->has_elevation) {
        struct sky_measurement still = *m;
        struct sky_state alone;
        still.has_radial_speed = false; /* it is not to pull at the place */
        sky_measure_start(&still, pose, 1.0, &alone);
        spot->place = (struct sky_enu){alone.x[0], alone.x[1], alone.x[2]};
        spot->spread_m2 = alone.p[0][0] + alone.p[1][1] + alone.p[2][2];
        return;
    }
    double sine_az, cosine_az, sine_el, cosine_el, way_m[3];
    sky_sincos(m->azimuth_rad, &sine_az, &cosine_az);
    sky_sincos(m->elevation_rad, &sine_el, &cosine_el);
    const double sight_m[3] = {m->slant_range_m * cosine_el * sine_az,
                               m->slant_range_m * cosine_el * cosine_az,
                               m->slant_range_m * sine_el};
    for (int i = 0; i < 3; i++) {
        way_m[i] = pose->rot[0][i] * sight_m[0] + pose->rot[1][i] * sight_m[1] +
                   pose->rot[2][i] * sight_m[2];
    }
    spot->place = (struct sky_enu){pose->origin.east_m + way_m[0], pose->origin.north_m + way_m[1],
                                   pose->origin.up_m + way_m[2]};
    spot->spread_m2 =
        square(m->sigma_range_m) +
        square(m->slant_range_m) * (square(m->sigma_azimuth_rad) + square(m->sigma_elevation_rad));
}

void sky_reach_of_plot(const struct sky_reach_gates *gates, const struct sky_look *look,
                       const double slack2[SKY_BIASES], struct sky_spot *ret_spot)
{
    const struct sky_measurement *const m = &look->measurement;
    place_plot(look, ret_spot);
    ret_spot->spread_m2 +=
        slack2[SKY_BIAS_RANGE] +
        square(m->slant_range_m) * (slack2[SKY_BIAS_AZIMUTH] + slack2[SKY_BIAS_ELEVATION]);
    ret_spot->range_m2 = square(m->sigma_range_m) + slack2[SKY_BIAS_RANGE];
    const double late_s2 = square((double)m->time_sigma_ns * 1e-9);
    ret_spot->late_s2 = (float)late_s2;
    ret_spot->near_m =
        (float)(1.000001 * sky_sqrt(gates->cheap2[false] *
                                    (ret_spot->spread_m2 + late_s2 * square(speed_most_mps))));
}

/* --- Boxes ---------------------------------------------------------------------------------- */

enum { BLOCK = 8 }; /* boxes that are looked at together; divides SKY_TRACKS_MAX */

/* A tick less than it would be: both instants are rounded. */
static const uint32_t near_ticks = (uint32_t)(SKY_REACH_NEAR_NS >> 24) - 1;

static uint32_t tick_of(int64_t time_ns) { return (uint32_t)((uint64_t)time_ns >> 24); }

/* Wide enough for what rounding to single precision does to a place and a width. */
static float rounded_up(double near_m, double east_m, double north_m)
{
    return (float)(near_m + 0.5 + 1e-6 * (near_m + sky_abs(east_m) + sky_abs(north_m)));
}

static void move(struct sky_reach_list *list, uint32_t to, uint32_t from)
{
    list->slot[to] = list->slot[from];
    list->east_m[to] = list->east_m[from];
    list->north_m[to] = list->north_m[from];
    list->near_m[to] = list->near_m[from];
    list->tick[to] = list->tick[from];
}

void sky_reach_insert(struct sky_reach_list *list, uint32_t position, uint32_t slot)
{
    for (uint32_t i = list->count++; i > position; i--) {
        move(list, i, i - 1);
    }
    list->slot[position] = slot;
}

void sky_reach_remove(struct sky_reach_list *list, uint32_t position)
{
    list->count--;
    for (uint32_t i = position; i < list->count; i++) {
        move(list, i, i + 1);
    }
}

uint32_t sky_reach_find(const struct sky_reach_list *list, uint32_t slot)
{
    uint32_t position = 0;
    while (list->slot[position] != slot) {
        position++;
    }
    return position;
}

void sky_reach_set_box(const struct sky_reach_gates *gates, const struct sky_reach *reach,
                       struct sky_reach_list *list, uint32_t position)
{
    const double east_m = reach->place_m[0], north_m = reach->place_m[1];
    const double way_m =
        near_s * larger(sky_abs(reach->velocity_mps[0]), sky_abs(reach->velocity_mps[1]));
    const double most_m2 = larger(spread(gates, reach, near_s), spread(gates, reach, -near_s));
    const double near_m = way_m + sky_sqrt(gates->cheap2[reach->tentative] * most_m2);
    list->east_m[position] = (float)east_m;
    list->north_m[position] = (float)north_m;
    list->near_m[position] = rounded_up(near_m, east_m, north_m);
    list->tick[position] = tick_of(reach->time_ns);
}

/* A plot as the boxes see it. */
struct needle {
    float east_m;
    float north_m;
    float near_m;
    uint32_t tick;
};

/*
 * Whether each of a block's boxes reaches a plot, 1 or 0: without a branch, and nothing but a store
 * at the end, so that compilers look at several boxes at once.
 */
static void look_at_block(const struct sky_reach_list *list, uint32_t first,
                          const struct needle *plot, int32_t ret_passes[restrict BLOCK])
{
    const float east_m = plot->east_m, north_m = plot->north_m, near_m = plot->near_m;
    const uint32_t tick = plot->tick;
    for (uint32_t k = 0; k < BLOCK; k++) {
        const uint32_t i = first + k;
        const float reach_m = list->near_m[i] + near_m;
        const int32_t near_east = __builtin_fabsf(list->east_m[i] - east_m) < reach_m;
        const int32_t near_north = __builtin_fabsf(list->north_m[i] - north_m) < reach_m;
        const int32_t long_ago = tick - list->tick[i] + near_ticks > 2 * near_ticks;
        ret_passes[k] = (near_east & near_north) | long_ago;
    }
}

static bool is_any(const int32_t passes[BLOCK])
{
    int32_t half[BLOCK / 2];
    uint64_t quarter[BLOCK / 4], any = 0;
    for (uint32_t k = 0; k < BLOCK / 2; k++) {
        half[k] = passes[k] | passes[k + BLOCK / 2];
    }
    memcpy(quarter, half, sizeof quarter);
    for (uint32_t k = 0; k < BLOCK / 4; k++) {
        any |= quarter[k];
    }
    return any != 0;
}

uint32_t sky_reach_search(const struct sky_reach_list *list, const struct sky_spot *spot,
                          int64_t time_ns, uint32_t ret_slot[SKY_TRACKS_MAX])
{
    const struct needle plot = {
        .east_m = (float)spot->place.east_m,
        .north_m = (float)spot->place.north_m,
        .near_m = rounded_up((double)spot->near_m, spot->place.east_m, spot->place.north_m),
        .tick = tick_of(time_ns)};
    uint32_t found = 0;

    for (uint32_t first = 0; first < list->count; first += BLOCK) {
        const uint32_t rest = list->count - first;
        int32_t passes[BLOCK];
        look_at_block(list, first, &plot, passes);
        if (!is_any(passes)) { /* nearly all */
            continue;
        }
        for (uint32_t k = 0; k < (rest < BLOCK ? rest : BLOCK); k++) {
            ret_slot[found] = list->slot[first + k];
            found += (uint32_t)passes[k];
        }
    }
    return found;
}

/* --- The one and the other ------------------------------------------------------------------ */

double sky_reach_distance2(const struct sky_enu *a, const struct sky_enu *b)
{
    return square(a->east_m - b->east_m) + square(a->north_m - b->north_m) +
           square(a->up_m - b->up_m);
}

/* What an error of the time stamp does to a place, m2: at most, whichever way the aircraft flies.
 */
static double lateness(const struct sky_reach *reach, const struct sky_spot *spot)
{
    const double *const v = reach->velocity_mps;
    return (double)spot->late_s2 * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2] + reach->spread_m2ps2);
}

bool sky_reach_is_within(const struct sky_reach_gates *gates, const struct sky_reach *reach,
                         const struct sky_spot *spot, int64_t time_ns)
{
    const struct sky_enu place = sky_reach_place(reach, time_ns);
    return sky_reach_distance2(&place, &spot->place) <
           gates->cheap2[reach->tentative] *
               (spot->spread_m2 + sky_reach_spread_m2(gates, reach, time_ns) +
                lateness(reach, spot));
}

/* The variance of position along a unit vector, dt_s later. */
static double spread_along(const struct sky_state *state, const double u[3], double dt_s)
{
    return sky_state_along(state, 0, 0, u) +
           dt_s * (2.0 * sky_state_along(state, 0, 3, u) + dt_s * sky_state_along(state, 3, 3, u));
}

/* A pair on the line of sight from the sensor to where the track is. */
struct sighting {
    double dt_s;
    double age_s;
    double gate2;
    double range_m;
    double u[3];      /* to the track */
    double off_m[3];  /* from the track to the plot */
    double spread_m2; /* of the track along u, ... */
    double all_m2;    /* ... and in all directions */
    double noise_m2;  /* in each, that of the time stamp included */
    double late_s2;
};

static bool fits_range(const struct sighting *sight, const struct sky_spot *spot,
                       const struct sky_measurement *m)
{
    const double curve_m2 = square(larger(sight->all_m2 - sight->spread_m2, 0.0) / sight->range_m);
    return square(m->slant_range_m - sight->range_m) <=
           sight->gate2 * (sight->spread_m2 + curve_m2 + spot->range_m2 + sight->noise_m2);
}

/* Across the line of sight: to the side, and up. The plot's whole spread stands for either. */
static bool fits_sight(const struct sighting *sight, const struct sky_state *state,
                       const struct sky_spot *spot)
{
    const double *const u = sight->u;
    const double *const off_m = sight->off_m;
    const double plan = larger(1e-3, sky_sqrt(u[0] * u[0] + u[1] * u[1]));
    const double side[3] = {u[1] / plan, -u[0] / plan, 0.0};
    const double up[3] = {-u[2] * u[0] / plan, -u[2] * u[1] / plan, plan};
    const double more_m2 = spot->spread_m2 + sight->noise_m2;
    const double aside_m = off_m[0] * side[0] + off_m[1] * side[1];
    const double above_m = off_m[0] * up[0] + off_m[1] * up[1] + off_m[2] * up[2];
    return square(aside_m) < sight->gate2 * (more_m2 + spread_along(state, side, sight->dt_s)) &&
           square(above_m) < sight->gate2 * (more_m2 + spread_along(state, up, sight->dt_s));
}

static bool fits_radial_speed(const struct sky_reach_gates *gates, const struct sighting *sight,
                              const struct sky_state *state, const struct sky_look *look,
                              bool tentative)
{
    const struct sky_measurement *const m = &look->measurement;
    const struct sky_enu *const own = &look->pose.velocity_mps;
    const double *const u = sight->u;
    const double w[3] = {state->x[3] - own->east_m, state->x[4] - own->north_m,
                         state->x[5] - own->up_m};
    const double radial_mps = u[0] * w[0] + u[1] * w[1] + u[2] * w[2];
    const double across2 = w[0] * w[0] + w[1] * w[1] + w[2] * w[2] - radial_mps * radial_mps +
                           state->p[3][3] + state->p[4][4] + state->p[5][5];
    const double swing2 =
        larger(across2, 0.0) * larger(sight->all_m2, 0.0) / square(sight->range_m);
    const double swerve2 = sight->late_s2 * square(across2 / sight->range_m);
    const double speed_m2ps2 = sky_state_along(state, 3, 3, u) + swing2 + swerve2 +
                               square(m->sigma_radial_mps) + gates->noise_m2ps3 * sight->age_s +
                               (tentative ? 0.0 : square(gates->turn_mps2 * sight->age_s));
    return square(m->radial_speed_mps - radial_mps) < sight->gate2 * speed_m2ps2;
}

bool sky_reach_is_in_line(const struct sky_reach_gates *gates, const struct sky_reach *reach,
                          const struct sky_state *state, const struct sky_spot *spot,
                          const struct sky_look *look)
{
    const struct sky_measurement *const m = &look->measurement;
    const struct sky_enu *const origin = &look->pose.origin;
    if (m->is_place) {
        return true;
    }
    const struct sky_enu place = sky_reach_place(reach, m->time_ns);
    const double dt_s = since_s(reach, m->time_ns);
    const double age_s = age_of(dt_s);
    struct sighting sight = {
        .dt_s = dt_s,
        .age_s = age_s,
        .gate2 = gates->cheap2[reach->tentative],
        .u = {place.east_m - origin->east_m, place.north_m - origin->north_m,
              place.up_m - origin->up_m},
        .off_m = {spot->place.east_m - place.east_m, spot->place.north_m - place.north_m,
                  spot->place.up_m - place.up_m},
        .all_m2 = calm_spread(reach, dt_s),
        .noise_m2 = gates->noise_m2ps3 * age_s * age_s * age_s + lateness(reach, spot),
        .late_s2 = (double)spot->late_s2};
    double *const u = sight.u;
    sight.range_m = larger(1.0, sky_sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]));
    for (int i = 0; i < 3; i++) {
        u[i] /= sight.range_m;
    }
    sight.spread_m2 = spread_along(state, u, dt_s);
    return fits_range(&sight, spot, m) && fits_sight(&sight, state, spot) &&
           (!m->has_radial_speed ||
            fits_radial_speed(gates, &sight, state, look, reach->tentative));
}
