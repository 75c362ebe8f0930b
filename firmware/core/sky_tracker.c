#include "sky_tracker.h"

#include <stddef.h>
#include <string.h>

#include "sky_math.h"

static const double log_odds_hopeless = -4.6; /* existence 0.01: a believed track is given up */
static const double log_odds_learn = 4.0;     /* a track surer than this teaches about sensors */
static const double wanted_penalty = 6.0;     /* odds against a birth beside a believed track */
static const double log_odds_least = -15.0;   /* in a hot spot nothing is started */
static const double tentative_patience = 4.0; /* log-odds a tentative track may lose */
static const uint32_t tentative_misses_max = 3;

static const double log_two_pi = 1.8378770664093453;
static const double log_height_span_m = 9.903487552536127; /* 20 km */
static const double identity_gain = 7.0;                   /* the same address: a thousand to one */

/*
 * A plot this many gates (of squared distance) from a believed track starts no other easily: the
 * track has turned, or the plot is a poor one, far more often than a second aircraft begins there.
 */
static const double wanted_gates = 2.0;

/* Squared sigmas within which a tentative track looks for its next plot, in each direction. */
static const double tentative_gate2 = 16.0;

static const int64_t coarse_ns = 12 * SKY_SECOND_NS;
static const double coarse_s = 12.0;

/* The cheap gates are wider than the exact one: measurements are curved, models differ. */
static const double cheap_gates = 1.5;

static const double twin_apart_max_m = 5e3; /* whenever each was seen last */
static const double twin_place2_max = 3.0;  /* of 3 degrees of freedom, both ... */
static const double twin_velocity2_max = 8.0;
static const double starved2_max = 11.3; /* ... and if the other takes all the plots */
static const uint32_t twin_updates_max = 6;

static const double share_memory_s = 20.0;
static const int64_t pair_apart_ns = 4 * SKY_SECOND_NS;

static double square(double x) { return x * x; }
static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }
static int64_t later(int64_t a_ns, int64_t b_ns) { return a_ns > b_ns ? a_ns : b_ns; }

/* --- The table ------------------------------------------------------------------------------ */

static bool is_live(const struct sky_tracker *tracker, uint32_t slot)
{
    return tracker->track[slot].status != SKY_TRACK_FREE &&
           (tracker->change[slot] & SKY_TRACK_NOW_LOST) == 0;
}

static bool is_tentative(const struct sky_tracker *tracker, uint32_t slot)
{
    return tracker->track[slot].status == SKY_TRACK_TENTATIVE;
}

static void note(struct sky_tracker *tracker, uint32_t slot, uint32_t change)
{
    if (tracker->change[slot] == 0) {
        tracker->touched[tracker->touched_count++] = slot;
    }
    tracker->change[slot] |= change;
}

/* Takes freed slots out of the list of active ones. */
static void sweep(struct sky_tracker *tracker)
{
    if (!tracker->untidy) {
        return;
    }
    tracker->untidy = false;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        const uint32_t slot = tracker->active[i];
        if (tracker->track[slot].status != SKY_TRACK_FREE) {
            tracker->active[kept++] = slot;
        }
    }
    tracker->active_count = kept;
}

/* A new call: what the last one said is over, and what it lost is gone. */
static void begin_call(struct sky_tracker *tracker)
{
    bool lost = false;
    for (uint32_t i = 0; i < tracker->touched_count; i++) {
        const uint32_t slot = tracker->touched[i];
        if (!is_live(tracker, slot)) {
            tracker->track[slot].status = SKY_TRACK_FREE;
            tracker->untidy = true;
            lost = true;
        }
        tracker->change[slot] = 0;
    }
    tracker->touched_count = 0;
    tracker->nis_changed = 0;
    if (lost) {
        sweep(tracker);
    }
}

/* A tentative track came to nothing: its plots were clutter. */
static void forget(struct sky_tracker *tracker, uint32_t slot)
{
    struct sky_track *const track = &tracker->track[slot];
    tracker->stats.clutter += track->hits;
    for (uint32_t i = 0; i < track->cell_count; i++) {
        sky_clutter_add(&tracker->sensor[track->cell_sensor[i]].clutter, track->cell[i]);
    }
    track->status = SKY_TRACK_FREE;
    tracker->untidy = true;
}

/* The tentative track with a single plot that has waited longest for its second, if any. */
static uint32_t least_promising(const struct sky_tracker *tracker)
{
    uint32_t found = SKY_TRACKS_MAX;
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        const uint32_t slot = tracker->active[i];
        const struct sky_track *const track = &tracker->track[slot];
        if (track->hits == 1 &&
            (found == SKY_TRACKS_MAX || track->seen_ns < tracker->track[found].seen_ns)) {
            found = slot;
        }
    }
    return found;
}

/* An empty slot, made if need be and possible; SKY_TRACKS_MAX if not. */
static uint32_t find_slot(struct sky_tracker *tracker)
{
    if (tracker->active_count == SKY_TRACKS_MAX) {
        const uint32_t victim = least_promising(tracker);
        if (victim == SKY_TRACKS_MAX) {
            return SKY_TRACKS_MAX;
        }
        forget(tracker, victim);
        sweep(tracker);
    }
    uint32_t slot = 0;
    while (tracker->track[slot].status != SKY_TRACK_FREE) {
        slot++;
    }
    return slot;
}

/* --- Beginning ------------------------------------------------------------------------------ */

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
static void make_gates(struct sky_tracker *tracker, double probability)
{
    for (uint32_t freedom = 1; freedom <= SKY_LINES_OF_MEASUREMENT_MAX; freedom++) {
        double low = 0.0, high = 64.0;
        for (int i = 0; i < 60; i++) {
            const double middle = 0.5 * (low + high);
            if (chi_square_cdf(freedom, middle) < probability) {
                low = middle;
            } else {
                high = middle;
            }
        }
        tracker->gate2[freedom] = high;
    }
}

/* Elevations of false plots hardly pass 30 degrees; sky_clutter takes the same span. */
static double elevation_span_rad(const struct sky_sensor_config *radar)
{
    return larger(0.01, smaller(radar->elevation_max_rad, 30.0 * SKY_PI / 180.0) -
                            radar->elevation_min_rad);
}

static double births_per_scan(const struct sky_config *config,
                              const struct sky_sensor_config *sensor)
{
    return config->tracker.births_per_hour * (double)sensor->scan_ns / 3600e9;
}

/* Density of a measurement without its elevation, radial speed or height. */
static double log_birth_density(const struct sky_config *config, uint32_t index)
{
    const struct sky_sensor_config *const radar = &config->sensor[index];
    return sky_log(births_per_scan(config, radar)) -
           sky_log(radar->range_max_m - radar->range_min_m) - log_two_pi;
}

/* Density of reported places, of which there are so many in a scan: anywhere in range. */
static double log_place_density(const struct sky_sensor_config *sensor, double per_scan)
{
    return sky_log(per_scan / (SKY_PI * square(sensor->range_max_m))) - log_height_span_m;
}

static double log_birth(const struct sky_tracker *tracker, const struct sky_config *config,
                        const struct sky_claim *claim)
{
    const struct sky_sensor_config *const radar = &config->sensor[claim->look.sensor];
    const struct sky_measurement *const m = &claim->look.measurement;
    double log_density = tracker->sensor[claim->look.sensor].log_birth;
    if (m->is_place) {
        return log_place_density(radar, births_per_scan(config, radar));
    }
    if (m->has_elevation) {
        log_density -= sky_log(elevation_span_rad(radar));
    }
    if (m->has_radial_speed) {
        log_density -= sky_log(2.0 * radar->radial_max_mps);
    }
    if (m->has_height) {
        log_density -= log_height_span_m;
    }
    return log_density;
}

static void make_motion(struct sky_motion_set *set, const struct sky_tracker_config *config)
{
    set->count = SKY_MODES_MAX;
    set->sojourn_s = config->sojourn_s;
    for (uint32_t i = 0; i < SKY_MODES_MAX; i++) {
        const double accel = i < 3 ? config->accel_psd_m2ps3[i] : 2.5 * config->accel_psd_m2ps3[1];
        set->motion[i] = (struct sky_motion){
            .accel_psd_m2ps3 = accel,
            .climb_psd_m2ps3 = 0.15 * accel + 0.02,
            .turn_mps2 = i < 3 ? 0.0 : (i == 3 ? config->turn_mps2 : -config->turn_mps2),
        };
    }
}

void sky_tracker_init(struct sky_tracker *tracker, const struct sky_config *config, int64_t time_ns)
{
    memset(tracker, 0, offsetof(struct sky_tracker, track));
    tracker->claim_count = 0;
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        tracker->track[slot].status = SKY_TRACK_FREE;
    }
    tracker->next_id = 1;
    make_motion(&tracker->rules.motion, &config->tracker);
    tracker->rules.first.count = 1;
    tracker->rules.first.sojourn_s = config->tracker.sojourn_s;
    tracker->rules.first.motion[0] = tracker->rules.motion.motion[2]; /* whatever it does */
    tracker->rules.speed_sigma_mps = config->tracker.speed_max_mps / 3.0;
    tracker->rules.outlier2 = 30.0;
    tracker->rules.lifetime_s = config->tracker.lifetime_s;
    tracker->noise_m2ps3 = 1.2 * config->tracker.accel_psd_m2ps3[2];
    make_gates(tracker, config->tracker.gate_probability);
    sky_register_init(&tracker->registration, config, time_ns);
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        sky_clutter_init(&tracker->sensor[i].clutter);
        sky_nis_init(&tracker->sensor[i].nis);
        tracker->sensor[i].log_birth = log_birth_density(config, i);
    }
}

/* --- Cheap gates ---------------------------------------------------------------------------- */

static struct sky_enu place_at(const struct sky_tracker_reach *reach, double dt_s)
{
    return (struct sky_enu){reach->place[0] + dt_s * reach->velocity_mps[0],
                            reach->place[1] + dt_s * reach->velocity_mps[1],
                            reach->place[2] + dt_s * reach->velocity_mps[2]};
}

static double distance2(const struct sky_enu *a, const struct sky_enu *b)
{
    return square(a->east_m - b->east_m) + square(a->north_m - b->north_m) +
           square(a->up_m - b->up_m);
}

/*
 * Where a track and its spread are going. The spread is the trace of the covariance of position, a
 * polynomial of time but for the process noise.
 */
static double spread_at(const struct sky_tracker *tracker, const struct sky_tracker_reach *reach,
                        double dt_s)
{
    const double age_s = dt_s < 0.0 ? -dt_s : dt_s;
    return reach->spread_m2 + dt_s * (reach->spread_m2ps + dt_s * reach->spread_m2ps2) +
           age_s * age_s * age_s * 2.0 * tracker->noise_m2ps3;
}

static double cheap_gate2(const struct sky_tracker *tracker, bool tentative)
{
    return tentative ? tentative_gate2
                     : cheap_gates * wanted_gates * tracker->gate2[SKY_LINES_OF_MEASUREMENT_MAX];
}

static void set_reach(struct sky_tracker *tracker, uint32_t slot)
{
    const struct sky_state *const state = &tracker->track[slot].state;
    struct sky_tracker_reach *const reach = &tracker->reach[slot];
    *reach = (struct sky_tracker_reach){.time_ns = state->time_ns,
                                        .tentative = is_tentative(tracker, slot)};
    for (int i = 0; i < 3; i++) {
        reach->place[i] = state->x[i];
        reach->velocity_mps[i] = state->x[3 + i];
        reach->spread_m2 += state->p[i][i];
        reach->spread_m2ps += 2.0 * state->p[i][3 + i];
        reach->spread_m2ps2 += state->p[3 + i][3 + i];
    }
    const double most_m2 = spread_at(tracker, reach, coarse_s);
    const double way_m = coarse_s * larger(sky_abs(state->x[3]), sky_abs(state->x[4]));
    reach->near_m = way_m + sky_sqrt(cheap_gate2(tracker, reach->tentative) *
                                     larger(most_m2, reach->spread_m2));
}

/*
 * Squared distance over the trace of a covariance is never more than the Mahalanobis distance.
 */
/* The coarsest gate, a box: nearly all pairs end here. */
static bool is_near(const struct sky_tracker_reach *reach, const struct sky_claim *claim)
{
    const int64_t apart_ns = claim->look.measurement.time_ns - reach->time_ns;
    const double near_m = reach->near_m + claim->near_m;
    return apart_ns > coarse_ns || apart_ns < -coarse_ns ||
           (sky_abs(claim->place.east_m - reach->place[0]) < near_m &&
            sky_abs(claim->place.north_m - reach->place[1]) < near_m);
}

static bool within_reach(const struct sky_tracker *tracker, const struct sky_tracker_reach *reach,
                         const struct sky_claim *claim)
{
    const double dt_s = (double)(claim->look.measurement.time_ns - reach->time_ns) * 1e-9;
    const double age_s = dt_s < 0.0 ? -dt_s : dt_s;
    const double spread_m2 = claim->spread_m2 + reach->spread_m2 +
                             dt_s * (reach->spread_m2ps + dt_s * reach->spread_m2ps2) +
                             age_s * age_s * age_s * 2.0 * tracker->noise_m2ps3;
    const struct sky_enu place = place_at(reach, dt_s);
    return distance2(&place, &claim->place) < cheap_gate2(tracker, reach->tentative) * spread_m2;
}

static void offset_of(const struct sky_look *look, const struct sky_enu *place, double ret_m[3])
{
    ret_m[0] = place->east_m - look->pose.origin.east_m;
    ret_m[1] = place->north_m - look->pose.origin.north_m;
    ret_m[2] = place->up_m - look->pose.origin.up_m;
}

/* The spread of a state along a direction, dt_s later; block 0: position, 3: velocity. */
static double spread_along(const struct sky_state *state, int block, const double u[3], double dt_s)
{
    double sum = 0.0;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            double p = state->p[block + i][block + j];
            if (block == 0) {
                p += dt_s *
                     (state->p[i][3 + j] + state->p[3 + i][j] + dt_s * state->p[3 + i][3 + j]);
            }
            sum += u[i] * u[j] * p;
        }
    }
    return sum;
}

/* Across the line of sight: to the side, and up. The plot's whole spread stands for either. */
static bool in_sight(const struct sky_tracker *tracker, uint32_t slot,
                     const struct sky_claim *claim, const double u[3], const struct sky_enu *place,
                     double gate2)
{
    const struct sky_state *const state = &tracker->track[slot].state;
    const double dt_s = (double)(claim->look.measurement.time_ns - state->time_ns) * 1e-9;
    const double age_s = dt_s < 0.0 ? -dt_s : dt_s;
    const double plan = larger(1e-3, sky_sqrt(u[0] * u[0] + u[1] * u[1]));
    const double side[3] = {u[1] / plan, -u[0] / plan, 0.0};
    const double up[3] = {-u[2] * u[0] / plan, -u[2] * u[1] / plan, plan};
    const double off[3] = {claim->place.east_m - place->east_m,
                           claim->place.north_m - place->north_m, claim->place.up_m - place->up_m};
    const double more_m2 = claim->spread_m2 + tracker->noise_m2ps3 * age_s * age_s * age_s;
    const double aside_m = off[0] * side[0] + off[1] * side[1];
    const double above_m = off[0] * up[0] + off[1] * up[1] + off[2] * up[2];
    return square(aside_m) < gate2 * (more_m2 + spread_along(state, 0, side, dt_s)) &&
           square(above_m) < gate2 * (more_m2 + spread_along(state, 0, up, dt_s));
}

/*
 * Range and radial speed of a radar plot are sharp: most pairs within reach end here. A tentative
 * track, of which there are many and each fits much, is not given the benefit of a turn.
 */
static bool in_line(const struct sky_tracker *tracker, uint32_t slot, const struct sky_claim *claim)
{
    const struct sky_measurement *const m = &claim->look.measurement;
    const struct sky_state *const state = &tracker->track[slot].state;
    const double dt_s = (double)(m->time_ns - state->time_ns) * 1e-9;
    const double age_s = dt_s < 0.0 ? -dt_s : dt_s;
    const bool tentative = is_tentative(tracker, slot);
    const double gate2 = cheap_gate2(tracker, tentative);
    const struct sky_enu place = place_at(&tracker->reach[slot], dt_s);
    double u[3];

    if (m->is_place) {
        return true;
    }
    offset_of(&claim->look, &place, u);
    const double range_m = larger(1.0, sky_sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]));
    for (int i = 0; i < 3; i++) {
        u[i] /= range_m;
    }
    const double spread_m2 = spread_along(state, 0, u, dt_s);
    const double all_m2 =
        tracker->reach[slot].spread_m2 +
        dt_s * (tracker->reach[slot].spread_m2ps + dt_s * tracker->reach[slot].spread_m2ps2);
    const double curve_m2 = square(larger(all_m2 - spread_m2, 0.0) / range_m);
    const double range_m2 = spread_m2 + curve_m2 + square(m->sigma_range_m) +
                            tracker->sensor[claim->look.sensor].slack2[SKY_BIAS_RANGE] +
                            tracker->noise_m2ps3 * age_s * age_s * age_s;
    if (square(m->slant_range_m - range_m) > gate2 * range_m2 ||
        !in_sight(tracker, slot, claim, u, &place, gate2)) {
        return false;
    }
    if (!m->has_radial_speed) {
        return true;
    }
    const struct sky_enu *const own = &claim->look.pose.velocity_mps;
    const double w[3] = {state->x[3] - own->east_m, state->x[4] - own->north_m,
                         state->x[5] - own->up_m};
    const double radial_mps = u[0] * w[0] + u[1] * w[1] + u[2] * w[2];
    const double across2 = w[0] * w[0] + w[1] * w[1] + w[2] * w[2] - radial_mps * radial_mps +
                           state->p[3][3] + state->p[4][4] + state->p[5][5];
    const double swing2 = larger(across2, 0.0) * larger(all_m2, 0.0) / square(range_m);
    const double speed_m2ps2 =
        spread_along(state, 3, u, dt_s) + swing2 + square(m->sigma_radial_mps) +
        tracker->noise_m2ps3 * age_s +
        (tentative ? 0.0 : square(tracker->rules.motion.motion[3].turn_mps2 * age_s));
    return square(m->radial_speed_mps - radial_mps) < gate2 * speed_m2ps2;
}

/* --- Gates ---------------------------------------------------------------------------------- */

/* The measurement with the sensor's unknown bias as if it were random. */
static struct sky_measurement with_slack(const struct sky_tracker *tracker,
                                         const struct sky_look *look)
{
    const double *const slack2 = tracker->sensor[look->sensor].slack2;
    struct sky_measurement m = look->measurement;
    m.sigma_range_m = sky_sqrt(square(m.sigma_range_m) + slack2[SKY_BIAS_RANGE]);
    m.sigma_azimuth_rad = sky_sqrt(square(m.sigma_azimuth_rad) + slack2[SKY_BIAS_AZIMUTH]);
    m.sigma_elevation_rad = sky_sqrt(square(m.sigma_elevation_rad) + slack2[SKY_BIAS_ELEVATION]);
    return m;
}

static bool is_shared(const struct sky_track *track, uint32_t sensor)
{
    return (track->sensors & ~(1U << sensor)) != 0;
}

/* Of one sensor. A radar may have been carried on meanwhile; a reported place is its own pose. */
static bool is_same_plot(const struct sky_look *a, const struct sky_look *b)
{
    const struct sky_enu *const at = &a->pose.origin;
    const struct sky_enu *const bt = &b->pose.origin;
    return a->raw.time_ns == b->raw.time_ns && a->raw.slant_range_m == b->raw.slant_range_m &&
           a->raw.azimuth_rad == b->raw.azimuth_rad &&
           a->raw.elevation_rad == b->raw.elevation_rad &&
           (!a->measurement.is_place || distance2(at, bt) == 0.0);
}

/* Has the track a plot of this sensor from the same sweep, perhaps this very one? */
static bool took_just_now(const struct sky_config *config, const struct sky_track *track,
                          const struct sky_look *look, bool *ret_same)
{
    const uint32_t sensor = look->sensor;
    const int64_t least_ns = config->sensor[sensor].scan_ns * 2 / 5;
    const int64_t time_ns = look->measurement.time_ns;

    if ((track->sensors & 1U << sensor) == 0 || time_ns - track->seen_by_ns[sensor] >= least_ns) {
        return false;
    }
    const uint32_t kept = track->look_count < SKY_LOOKS_MAX ? track->look_count : SKY_LOOKS_MAX;
    for (uint32_t i = 0; i < kept; i++) {
        const struct sky_look *const other = &track->look[(track->look_count - i) % SKY_LOOKS_MAX];
        const int64_t apart_ns = time_ns - other->measurement.time_ns;
        if (other->sensor == sensor && -least_ns < apart_ns && apart_ns < least_ns) {
            *ret_same = *ret_same || is_same_plot(other, look);
            return true;
        }
    }
    return false;
}

static void add_candidate(struct sky_claim *claim, uint32_t slot, double cost)
{
    uint32_t k = claim->candidate_count;
    if (k < SKY_CANDIDATES_MAX) {
        claim->candidate_count++;
    } else {
        k = 0;
        for (uint32_t i = 1; i < SKY_CANDIDATES_MAX; i++) {
            if (claim->candidate[i].cost > claim->candidate[k].cost) {
                k = i;
            }
        }
        if (cost >= claim->candidate[k].cost) {
            return;
        }
    }
    claim->candidate[k] = (struct sky_candidate){.slot = slot, .cost = cost};
}

/* Addresses that were heard and differ are two aircraft. */
static bool is_other(const struct sky_track *track, const struct sky_remark *remark)
{
    return (remark->has & SKY_PLOT_ICAO) != 0 && track->icao_address != 0 &&
           track->icao_address != remark->icao_address;
}

static double identity_gain_of(const struct sky_track *track, const struct sky_remark *remark)
{
    return (remark->has & SKY_PLOT_ICAO) != 0 && track->icao_address == remark->icao_address
               ? identity_gain
               : 0.0;
}

/* ln of how much likelier a plot is as this aircraft's than as clutter. */
static double log_ratio_of(const struct sky_claim *claim, const struct sky_track *track,
                           const struct sky_innovation *innovation)
{
    return sky_log(claim->detection) + innovation->log_likelihood - claim->log_clutter +
           identity_gain_of(track, &claim->remark);
}

/* Looks for tracks of one kind that a claim may belong to. */
static void find_candidates(struct sky_tracker *tracker, const struct sky_config *config,
                            struct sky_claim *claim, bool tentative, struct sky_fitted *fitted)
{
    struct sky_imm *const imm = &tracker->scratch.imm;

    claim->candidate_count = 0;
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        const uint32_t slot = tracker->active[i];
        const struct sky_tracker_reach *const reach = &tracker->reach[slot];
        if (reach->tentative != tentative || !is_near(reach, claim) ||
            !within_reach(tracker, reach, claim) || !is_live(tracker, slot) ||
            is_other(&tracker->track[slot], &claim->remark) || !in_line(tracker, slot, claim)) {
            continue;
        }
        const struct sky_track *const track = &tracker->track[slot];
        const struct sky_measurement m = is_shared(track, claim->look.sensor)
                                             ? with_slack(tracker, &claim->look)
                                             : claim->look.measurement;
        struct sky_innovation innovation;
        const double wide2 = tentative ? 1.0 : wanted_gates;
        const enum sky_fit fit =
            sky_track_try(track, &tracker->rules, &m, &claim->look.pose,
                          wide2 * tracker->gate2[SKY_LINES_OF_MEASUREMENT_MAX], imm, &innovation);
        if (fit == SKY_FIT_STALE) {
            claim->stale = true;
        }
        if (fit != SKY_FIT_GOOD) {
            continue;
        }
        if (!tentative && track->status == SKY_TRACK_CONFIRMED) {
            claim->wanted = true;
        }
        if (took_just_now(config, track, &claim->look, &claim->repeated)) {
            continue;
        }
        const double ratio = log_ratio_of(claim, track, &innovation);
        const double cost = sky_log(1.0 - claim->detection) - ratio;
        if (cost < 0.0) {
            if (claim->candidate_count == 0 && fitted != NULL) {
                fitted->imm = *imm;
                fitted->innovation = innovation;
            }
            add_candidate(claim, slot, cost);
        }
    }
    if (claim->repeated) { /* nobody else's either */
        claim->candidate_count = 0;
    }
}

/* --- Duplicates ----------------------------------------------------------------------------- */

/* d' S^-1 d for three components, by elimination. Pre: s is positive definite. */
static double mahalanobis3(double s[3][3], double d[3])
{
    double sum = 0.0;
    for (int k = 0; k < 3; k++) {
        sum += d[k] * d[k] / s[k][k];
        for (int i = k + 1; i < 3; i++) {
            const double factor = s[i][k] / s[k][k];
            d[i] -= factor * d[k];
            for (int j = k + 1; j < 3; j++) {
                s[i][j] -= factor * s[k][j];
            }
        }
    }
    return sum;
}

static double block_distance2(const struct sky_state *a, const struct sky_state *b, int block,
                              double more)
{
    double s[3][3], d[3];
    for (int i = 0; i < 3; i++) {
        d[i] = a->x[block + i] - b->x[block + i];
        for (int j = 0; j < 3; j++) {
            s[i][j] = a->p[block + i][block + j] + b->p[block + i][block + j];
        }
        s[i][i] += more;
    }
    return mahalanobis3(s, d);
}

/* What the unknown biases of sensors that see only one of the two can put between them. */
static double bias_between_m2(const struct sky_tracker *tracker, uint32_t sensors,
                              const struct sky_track *track)
{
    const struct sky_enu place = {track->state.x[0], track->state.x[1], track->state.x[2]};
    double sum_m2 = 0.0;
    for (uint32_t i = 0; i < SKY_SENSORS_MAX; i++) {
        if ((sensors & 1U << i) != 0) {
            const double *const slack2 = tracker->sensor[i].slack2;
            sum_m2 += slack2[SKY_BIAS_RANGE] +
                      larger(slack2[SKY_BIAS_AZIMUTH], slack2[SKY_BIAS_ELEVATION]) *
                          distance2(&place, &tracker->sensor[i].pose.origin);
        }
    }
    return sum_m2;
}

/* One sensor saw both in one scan: they are two. */
static bool seen_apart(const struct sky_config *config, const struct sky_track *a,
                       const struct sky_track *b)
{
    const uint32_t both = a->sensors & b->sensors;
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        const int64_t apart_ns = a->seen_by_ns[i] - b->seen_by_ns[i];
        const int64_t least_ns = config->sensor[i].scan_ns / 2;
        if ((both & 1U << i) != 0 && -least_ns < apart_ns && apart_ns < least_ns) {
            return true;
        }
    }
    return false;
}

static bool same_place(struct sky_tracker *tracker, const struct sky_config *config,
                       const struct sky_track *kept, const struct sky_track *twin)
{
    const bool starved = kept->seen_ns - twin->seen_ns > config->sensor[twin->last_sensor].scan_ns;
    const int64_t time_ns = later(kept->state.time_ns, twin->state.time_ns);
    const double bias_m2 = bias_between_m2(tracker, kept->sensors ^ twin->sensors, kept);
    struct sky_state a, b;
    if (!starved && seen_apart(config, kept, twin)) {
        return false;
    }
    sky_track_predict(kept, &tracker->rules, time_ns, &tracker->scratch.imm, &a);
    sky_track_predict(twin, &tracker->rules, time_ns, &tracker->scratch.imm, &b);
    return block_distance2(&a, &b, 0, bias_m2) < (starved ? starved2_max : twin_place2_max) &&
           block_distance2(&a, &b, 3, 0.0) < (starved ? starved2_max : twin_velocity2_max);
}

/* Which of two tracks of one aircraft goes on: the one that was believed, else the older. */
static bool outranks(const struct sky_track *a, const struct sky_track *b)
{
    const bool a_tentative = a->status == SKY_TRACK_TENTATIVE;
    const bool b_tentative = b->status == SKY_TRACK_TENTATIVE;
    return a_tentative == b_tentative ? a->id < b->id : b_tentative;
}

/* Forgets a track: at once if nobody was told of it, else with a last word. */
static void drop_duplicate(struct sky_tracker *tracker, uint32_t slot)
{
    struct sky_track *const track = &tracker->track[slot];
    tracker->stats.duplicates++;
    if (track->status == SKY_TRACK_TENTATIVE) {
        track->status = SKY_TRACK_FREE;
        tracker->untidy = true;
    } else {
        note(tracker, slot, SKY_TRACK_NOW_LOST);
        tracker->change[slot] = SKY_TRACK_NOW_LOST;
    }
}

/* Counts for how many updates of either in a row the weaker track has been where the other is. */
static void watch_twin(struct sky_tracker *tracker, const struct sky_config *config,
                       uint32_t stronger, uint32_t weaker)
{
    const struct sky_track *const kept = &tracker->track[stronger];
    struct sky_track *const twin = &tracker->track[weaker];
    const bool known = twin->twin_id == kept->id;

    if (same_place(tracker, config, kept, twin)) {
        twin->twin_updates = known ? twin->twin_updates + 1 : 1;
        twin->twin_id = kept->id;
        if (twin->twin_updates >= twin_updates_max) {
            drop_duplicate(tracker, weaker);
        }
    } else if (known) {
        twin->twin_updates = 0;
    }
}

/* They are not at one place: if they were, so many times in a row, that is over. */
static void part(struct sky_track *a, struct sky_track *b)
{
    if (a->twin_id == b->id) {
        a->twin_updates = 0;
    }
    if (b->twin_id == a->id) {
        b->twin_updates = 0;
    }
}

/* Compares an updated track with all others; nearly all are far away. */
static void watch_twins(struct sky_tracker *tracker, const struct sky_config *config, uint32_t slot)
{
    const struct sky_tracker_reach *const own = &tracker->reach[slot];
    const struct sky_enu here = place_at(own, 0.0);
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        const uint32_t other = tracker->active[i];
        const struct sky_tracker_reach *const reach = &tracker->reach[other];
        if (tracker->track[other].hits < 3 || other == slot ||
            sky_abs(reach->place[0] - own->place[0]) > twin_apart_max_m ||
            sky_abs(reach->place[1] - own->place[1]) > twin_apart_max_m) {
            continue;
        }
        const double dt_s = (double)(own->time_ns - reach->time_ns) * 1e-9;
        const struct sky_enu there = place_at(reach, dt_s);
        const double apart_m2 = distance2(&there, &here);
        if (!is_live(tracker, other) || !is_live(tracker, slot)) {
            continue;
        }
        if (apart_m2 > starved2_max * (own->spread_m2 + spread_at(tracker, reach, dt_s) +
                                       bias_between_m2(tracker,
                                                       tracker->track[slot].sensors ^
                                                           tracker->track[other].sensors,
                                                       &tracker->track[slot]))) {
            part(&tracker->track[slot], &tracker->track[other]);
            continue;
        }
        if (outranks(&tracker->track[other], &tracker->track[slot])) {
            watch_twin(tracker, config, other, slot);
        } else {
            watch_twin(tracker, config, slot, other);
        }
    }
}

/* --- Learning from updates ------------------------------------------------------------------ */

/* Which part of the track's knowledge is this sensor's: the weight of its biases. */
static void add_share(struct sky_track *track, const struct sky_claim *claim, double dt_s)
{
    const double fade = sky_exp(-(dt_s > 0.0 ? dt_s : 0.0) / share_memory_s);
    for (uint32_t i = 0; i < SKY_SENSORS_MAX; i++) {
        track->share[i] *= fade;
    }
    track->share[claim->look.sensor] += 1.0 / claim->spread_m2;
}

/* Two sensors saw it at about the same time: registration learns from that. */
static void pair_up(struct sky_tracker *tracker, const struct sky_config *config,
                    struct sky_track *track, const struct sky_claim *claim)
{
    const int64_t time_ns = claim->look.measurement.time_ns;
    struct sky_look *const mine = sky_track_look_at(track, claim->look.sensor, time_ns);
    struct sky_look *const other =
        sky_track_unpaired(track, claim->look.sensor, time_ns, pair_apart_ns);
    if (other == NULL) {
        return;
    }
    const struct sky_measurement mine_raw = sky_track_raw(mine);
    const struct sky_measurement other_raw = sky_track_raw(other);
    const struct sky_sight a = {mine->sensor, &mine_raw, &mine->pose};
    const struct sky_sight b = {other->sensor, &other_raw, &other->pose};
    const double *const x = track->state.x;
    const double velocity_mps[3] = {x[3], x[4], x[5]};
    const double *const e = track->state.p[3] + 3;
    const double *const n = track->state.p[4] + 3;
    const double *const u = track->state.p[5] + 3;
    const double cov[3][3] = {{e[0], e[1], e[2]}, {n[0], n[1], n[2]}, {u[0], u[1], u[2]}};
    mine->paired = true;
    other->paired = true;
    (void)sky_register_pair(&tracker->registration, config, &a, &b, velocity_mps, cov,
                            tracker->rules.motion.motion[1].accel_psd_m2ps3);
}

static void learn(struct sky_tracker *tracker, const struct sky_config *config,
                  struct sky_track *track, const struct sky_claim *claim)
{
    const uint32_t sensor = claim->look.sensor;
    const struct sky_sensor_config *const radar = &config->sensor[sensor];
    const struct sky_measurement *const m = &claim->look.measurement;
    struct sky_tracker_sensor *const known = &tracker->sensor[sensor];

    if (track->log_odds < log_odds_learn) {
        return;
    }
    if (!m->is_place) {
        const bool in_notch =
            m->has_radial_speed && sky_abs(m->radial_speed_mps) < radar->notch_mps;
        sky_clutter_learn_detection(&known->clutter, radar, m->slant_range_m, in_notch ? 1.0 : 0.0,
                                    true);
    }
    if (sky_nis_add(&known->nis, &track->innovation)) {
        tracker->nis_changed |= 1U << sensor;
    }
    if (is_shared(track, sensor)) {
        pair_up(tracker, config, track, claim);
    }
}

/* --- Updating ------------------------------------------------------------------------------- */

/* Remembers where a plot of a track that may be clutter lay; the oldest then was clutter. */
static void remember_cell(struct sky_tracker *tracker, struct sky_track *track,
                          const struct sky_claim *claim)
{
    if (track->cell_count == SKY_TRACK_CELLS_MAX) {
        sky_clutter_add(&tracker->sensor[track->cell_sensor[0]].clutter, track->cell[0]);
        for (uint32_t i = 1; i < SKY_TRACK_CELLS_MAX; i++) {
            track->cell[i - 1] = track->cell[i];
            track->cell_sensor[i - 1] = track->cell_sensor[i];
        }
        track->cell_count--;
    }
    track->cell[track->cell_count] = claim->cell;
    track->cell_sensor[track->cell_count++] = claim->look.sensor;
}

static void count_hit(struct sky_tracker *tracker, const struct sky_config *config,
                      struct sky_track *track, const struct sky_claim *claim)
{
    const uint32_t sensor = claim->look.sensor;
    const int64_t time_ns = claim->look.measurement.time_ns;
    const int64_t scan_ns = config->sensor[sensor].scan_ns;
    const bool known = (track->sensors & 1U << sensor) != 0;

    track->hits++;
    track->misses_in_row = 0;
    track->sensors |= 1U << sensor;
    track->last_sensor = sensor;
    track->seen_ns = later(track->seen_ns, time_ns);
    track->seen_by_ns[sensor] = known ? later(track->seen_by_ns[sensor], time_ns) : time_ns;
    track->due_ns[sensor] =
        known ? later(track->due_ns[sensor], time_ns + scan_ns) : time_ns + scan_ns;
    tracker->stats.used++;
    tracker->sensor[sensor].used++;
}

/* A look that was counted as empty was only late. */
static void take_miss_back(const struct sky_config *config, struct sky_track *track,
                           const struct sky_claim *claim)
{
    const uint32_t sensor = claim->look.sensor;
    const int64_t apart_ns = claim->look.measurement.time_ns - track->missed_ns[sensor];
    const int64_t half_ns = config->sensor[sensor].scan_ns / 2;
    if (track->missed_gain[sensor] != 0.0 && -half_ns < apart_ns && apart_ns < half_ns) {
        track->log_odds -= track->missed_gain[sensor];
        track->missed_gain[sensor] = 0.0;
    }
}

static void confirm(struct sky_tracker *tracker, const struct sky_config *config, uint32_t slot,
                    int64_t time_ns)
{
    struct sky_track *const track = &tracker->track[slot];
    if (track->status == SKY_TRACK_TENTATIVE &&
        sky_track_existence(track) >= config->tracker.confirm_existence) {
        track->status = SKY_TRACK_CONFIRMED;
        set_reach(tracker, slot);
        track->confirmed_ns = time_ns;
        track->cell_count = 0;
        note(tracker, slot, SKY_TRACK_NOW_CONFIRMED);
    }
}

/* False if the track was dropped meanwhile: another of this look showed it to be a duplicate. */
static bool update_track(struct sky_tracker *tracker, const struct sky_config *config,
                         const struct sky_geo_frame *frame, uint32_t slot,
                         const struct sky_claim *claim, const struct sky_fitted *fitted)
{
    struct sky_track *const track = &tracker->track[slot];
    const int64_t time_ns = claim->look.measurement.time_ns;
    const double dt_s = (double)(time_ns - track->seen_ns) * 1e-9;
    struct sky_look look = claim->look;

    if (!is_live(tracker, slot)) {
        return false;
    }
    if (is_shared(track, look.sensor)) {
        look.measurement = with_slack(tracker, &claim->look);
    }
    const struct sky_imm *imm = &tracker->scratch.imm;
    if (fitted != NULL) {
        imm = &fitted->imm;
        track->innovation = fitted->innovation;
    } else { /* as when it was gated: a track takes one plot of a look */
        (void)sky_track_try(track, &tracker->rules, &look.measurement, &look.pose, 1e300,
                            &tracker->scratch.imm, &track->innovation);
    }
    sky_track_take(track, &tracker->rules, &look, imm);
    set_reach(tracker, slot);
    take_miss_back(config, track, claim);
    const double ratio = log_ratio_of(claim, track, &track->innovation);
    sky_track_weigh(track, &tracker->rules, time_ns,
                    sky_log(1.0 - claim->detection + sky_exp(smaller(ratio, 60.0))));
    count_hit(tracker, config, track, claim);
    add_share(track, claim, dt_s);
    sky_track_identify(track, &claim->remark);
    confirm(tracker, config, slot, time_ns);
    if (track->status == SKY_TRACK_TENTATIVE) {
        remember_cell(tracker, track, claim);
    } else {
        const struct sky_enu place = place_at(&tracker->reach[slot], 0.0);
        track->status = SKY_TRACK_CONFIRMED;
        note(tracker, slot, SKY_TRACK_UPDATED);
        sky_track_observe(track, sky_geo_from_enu(frame, &place).alt_hae_m, &claim->remark);
        learn(tracker, config, track, claim);
    }
    watch_twins(tracker, config, slot);
    return true;
}

static void start_track(struct sky_tracker *tracker, const struct sky_config *config,
                        const struct sky_claim *claim)
{
    const double log_new = log_birth(tracker, config, claim);
    const double log_odds = log_new - claim->log_clutter - (claim->wanted ? wanted_penalty : 0.0);
    if (log_odds < log_odds_least) {
        sky_clutter_add(&tracker->sensor[claim->look.sensor].clutter, claim->cell);
        tracker->stats.clutter++;
        return;
    }
    const uint32_t slot = find_slot(tracker);
    if (slot == SKY_TRACKS_MAX) {
        tracker->stats.no_room++;
        return;
    }
    struct sky_track *const track = &tracker->track[slot];

    sky_track_start(track, &tracker->rules, &claim->look);
    track->id = tracker->next_id++;
    track->status = SKY_TRACK_TENTATIVE;
    track->log_odds = log_odds;
    track->log_odds_start = track->log_odds;
    track->seen_ns = claim->look.measurement.time_ns;
    count_hit(tracker, config, track, claim);
    add_share(track, claim, 0.0);
    sky_track_identify(track, &claim->remark);
    remember_cell(tracker, track, claim);
    tracker->change[slot] = 0;
    tracker->active[tracker->active_count++] = slot;
    set_reach(tracker, slot);
}

/* --- One look: plots of one sensor of which no two can be one aircraft ---------------------- */

static struct sky_claim *claim_at(struct sky_tracker *tracker, uint32_t position)
{
    return &tracker->claim[tracker->scratch.order[position]];
}

/* Puts claims that share a candidate into one group, named after its first. */
static void group_claims(struct sky_tracker *tracker, uint32_t first, uint32_t last)
{
    uint32_t *const wanted_by = tracker->scratch.wanted_by;
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = claim_at(tracker, k);
        claim->group = k;
        for (uint32_t i = 0; i < claim->candidate_count; i++) {
            wanted_by[claim->candidate[i].slot] = SKY_CLAIMS_MAX;
        }
    }
    for (uint32_t k = first; k < last; k++) {
        const struct sky_claim *const claim = claim_at(tracker, k);
        for (uint32_t i = 0; i < claim->candidate_count; i++) {
            uint32_t *const by = &wanted_by[claim->candidate[i].slot];
            if (*by == SKY_CLAIMS_MAX) {
                *by = k;
                continue;
            }
            const uint32_t a = claim_at(tracker, *by)->group, b = claim_at(tracker, k)->group;
            for (uint32_t j = first; j < last && a != b; j++) { /* rare */
                struct sky_claim *const member = claim_at(tracker, j);
                member->group = member->group == larger(a, b) ? (a < b ? a : b) : member->group;
            }
        }
    }
}

/* Is a group ready to be decided: its oldest plot has waited long enough? */
static bool is_ripe(struct sky_tracker *tracker, const struct sky_config *config, uint32_t first,
                    uint32_t last, uint32_t group, int64_t time_ns)
{
    for (uint32_t k = first; k < last; k++) {
        const struct sky_claim *const claim = claim_at(tracker, k);
        if (claim->group == group && time_ns - claim->arrival_ns >= config->tracker.hold_ns) {
            return true;
        }
    }
    return false;
}

static bool is_alone(struct sky_tracker *tracker, uint32_t first, uint32_t last, uint32_t k)
{
    const struct sky_claim *const claim = claim_at(tracker, k);
    if (claim->candidate_count != 1) {
        return false;
    }
    for (uint32_t j = first; j < last; j++) {
        if (j != k && claim_at(tracker, j)->group == claim->group) {
            return false;
        }
    }
    return true;
}

/* Shares out the plots of all groups that are decided now, by least total cost. */
static void solve(struct sky_tracker *tracker, const struct sky_config *config,
                  const struct sky_geo_frame *frame, uint32_t first, uint32_t last)
{
    struct sky_tracker_scratch *const scratch = &tracker->scratch;
    uint32_t rows = 0;

    for (uint32_t k = first; k < last; k++) {
        const struct sky_claim *const claim = claim_at(tracker, k);
        for (uint32_t i = 0; i < claim->candidate_count && !claim->done; i++) {
            scratch->row_of[claim->candidate[i].slot] = SKY_ASSIGN_NONE;
        }
    }
    for (uint32_t a = 0; a < tracker->active_count; a++) { /* rows by track id */
        const uint32_t slot = tracker->active[a];
        if (scratch->row_of[slot] == SKY_ASSIGN_NONE) {
            scratch->slot_of[rows] = slot;
            scratch->row_of[slot] = rows++;
        }
    }
    sky_assign_begin(&scratch->assign, rows, last - first);
    for (uint32_t k = first; k < last; k++) {
        const struct sky_claim *const claim = claim_at(tracker, k);
        for (uint32_t i = 0; i < claim->candidate_count && !claim->done; i++) {
            sky_assign_offer(&scratch->assign, scratch->row_of[claim->candidate[i].slot], k - first,
                             claim->candidate[i].cost);
        }
    }
    sky_assign_solve(&scratch->assign);
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = claim_at(tracker, k);
        const uint32_t row = scratch->assign.row_of[k - first];
        if (!claim->done && row != SKY_ASSIGN_NONE) {
            claim->done = update_track(tracker, config, frame, scratch->slot_of[row], claim, NULL);
        }
    }
}

/* Tracks that are believed choose first: else a stray plot beside one would start another. */
static void share_among_believed(struct sky_tracker *tracker, const struct sky_config *config,
                                 const struct sky_geo_frame *frame, uint32_t first, uint32_t last,
                                 int64_t time_ns)
{
    bool contested = false;

    for (uint32_t k = first; k < last; k++) {
        struct sky_fitted *const kept =
            k - first < SKY_FITTED_MAX ? &tracker->scratch.fitted[k - first] : NULL;
        struct sky_claim *const claim = claim_at(tracker, k);
        claim->candidate_count = 0;
        if (!claim->done) {
            find_candidates(tracker, config, claim, false, kept);
        }
    }
    group_claims(tracker, first, last);
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = claim_at(tracker, k);
        if (!claim->done && is_alone(tracker, first, last, k)) {
            claim->done = update_track(
                tracker, config, frame, claim->candidate[0].slot, claim,
                k - first < SKY_FITTED_MAX ? &tracker->scratch.fitted[k - first] : NULL);
        } else if (claim->candidate_count > 0) {
            contested = true;
        }
    }
    if (!contested) {
        return;
    }
    /* groups that still wait are put aside: done for now, with candidates */
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = claim_at(tracker, k);
        if (!claim->done && claim->candidate_count > 0 &&
            tracker->scratch.waiting_count < SKY_WAITING_MAX &&
            !is_ripe(tracker, config, first, last, claim->group, time_ns)) {
            claim->done = true;
            claim->group = SKY_CLAIMS_MAX; /* waits */
            tracker->scratch.waiting_count++;
        }
    }
    solve(tracker, config, frame, first, last);
}

static void share_among_tentative(struct sky_tracker *tracker, const struct sky_config *config,
                                  const struct sky_geo_frame *frame, uint32_t first, uint32_t last)
{
    bool any = false;
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = claim_at(tracker, k);
        if (!claim->done) {
            find_candidates(tracker, config, claim, true, NULL);
            any = any || claim->candidate_count > 0;
        }
    }
    if (any) {
        solve(tracker, config, frame, first, last);
    }
}

static void take_left_over(struct sky_tracker *tracker, const struct sky_config *config,
                           const struct sky_claim *claim)
{
    if (claim->repeated) {
        tracker->stats.repeated++;
    } else if (claim->stale) {
        tracker->stats.too_old++;
    } else {
        start_track(tracker, config, claim);
    }
}

static void take_look(struct sky_tracker *tracker, const struct sky_config *config,
                      const struct sky_geo_frame *frame, uint32_t first, uint32_t last,
                      int64_t time_ns)
{
    share_among_believed(tracker, config, frame, first, last, time_ns);
    share_among_tentative(tracker, config, frame, first, last);
    sweep(tracker); /* before a slot that a duplicate left is taken and listed again */
    for (uint32_t k = first; k < last; k++) {
        const struct sky_claim *const claim = claim_at(tracker, k);
        if (!claim->done) {
            take_left_over(tracker, config, claim);
        }
    }
}

/* --- Plots at hand -------------------------------------------------------------------------- */

static bool comes_before(const struct sky_claim *a, const struct sky_claim *b)
{
    const struct sky_measurement *const ma = &a->look.measurement;
    const struct sky_measurement *const mb = &b->look.measurement;
    if (a->look.sensor != b->look.sensor) {
        return a->look.sensor < b->look.sensor;
    }
    if (ma->time_ns != mb->time_ns) {
        return ma->time_ns < mb->time_ns;
    }
    const double of_a[] = {ma->slant_range_m, ma->azimuth_rad, ma->elevation_rad, a->place.east_m,
                           a->place.north_m};
    const double of_b[] = {mb->slant_range_m, mb->azimuth_rad, mb->elevation_rad, b->place.east_m,
                           b->place.north_m};
    size_t i = 0;
    while (i < 4 && of_a[i] == of_b[i]) {
        i++;
    }
    return of_a[i] < of_b[i];
}

/* What the unknown bias of a sensor can put between its plots and those of others. */
static void set_slack(struct sky_tracker *tracker, const struct sky_config *config, uint32_t index)
{
    struct sky_registration registration;
    double cov[SKY_BIASES][SKY_BIASES];
    sky_register_report(&tracker->registration, index, &registration);
    sky_register_remaining(&tracker->registration, config, index, index, cov);
    for (uint32_t i = 0; i < SKY_BIASES; i++) {
        double slack2 = cov[i][i];
        if (registration.state != SKY_REGISTER_APPLIED && tracker->registration.log_ratio > -3.0) {
            slack2 += square(registration.bias[i]) + square(registration.bias_sigma[i]);
        }
        tracker->sensor[index].slack2[i] = slack2;
    }
}

static double detection_of(const struct sky_tracker *tracker, const struct sky_config *config,
                           const struct sky_claim *claim)
{
    const struct sky_measurement *const m = &claim->look.measurement;
    const struct sky_sensor_config *const radar = &config->sensor[claim->look.sensor];
    if (m->is_place) {
        return radar->detection_probability;
    }
    const bool in_notch = m->has_radial_speed && sky_abs(m->radial_speed_mps) < radar->notch_mps;
    return sky_clutter_detection(&tracker->sensor[claim->look.sensor].clutter, radar,
                                 m->slant_range_m, in_notch ? 1.0 : 0.0);
}

/* Where a plot alone puts the aircraft, and the trace of the covariance of that. */
static void place_claim(struct sky_claim *claim)
{
    const struct sky_measurement *const m = &claim->look.measurement;
    const struct sky_sensor_pose *const pose = &claim->look.pose;

    if (m->is_place || !m->has_elevation) {
        struct sky_state alone;
        sky_measure_start(m, pose, 1.0, &alone);
        claim->place = (struct sky_enu){alone.x[0], alone.x[1], alone.x[2]};
        claim->spread_m2 = alone.p[0][0] + alone.p[1][1] + alone.p[2][2];
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
    claim->place = (struct sky_enu){pose->origin.east_m + way_m[0], pose->origin.north_m + way_m[1],
                                    pose->origin.up_m + way_m[2]};
    claim->spread_m2 =
        square(m->sigma_range_m) +
        square(m->slant_range_m) * (square(m->sigma_azimuth_rad) + square(m->sigma_elevation_rad));
}

enum sky_status sky_tracker_offer(struct sky_tracker *tracker, const struct sky_config *config,
                                  const struct sky_claim *offered)
{
    const uint32_t index = offered->look.sensor;
    const struct sky_sensor_config *const radar = &config->sensor[index];
    const struct sky_measurement *const m = &offered->look.measurement;

    tracker->sensor[index].plots++;
    if (!m->is_place && !(m->slant_range_m >= 1.0 && m->slant_range_m <= radar->range_max_m)) {
        tracker->stats.out_of_range++;
        return SKY_E_RANGE;
    }
    if (tracker->claim_count == SKY_CLAIMS_MAX) {
        return SKY_E_CAPACITY;
    }
    struct sky_claim *const claim = &tracker->claim[tracker->claim_count++];
    struct sky_tracker_sensor *const sensor = &tracker->sensor[index];

    *claim = *offered;
    claim->done = false;
    claim->wanted = false;
    claim->stale = false;
    claim->repeated = false;
    claim->group = 0;
    claim->candidate_count = 0;
    set_slack(tracker, config, index);
    place_claim(claim);
    claim->spread_m2 += sensor->slack2[SKY_BIAS_RANGE] +
                        square(m->slant_range_m) *
                            (sensor->slack2[SKY_BIAS_AZIMUTH] + sensor->slack2[SKY_BIAS_ELEVATION]);
    claim->near_m = sky_sqrt(cheap_gate2(tracker, false) * claim->spread_m2);
    claim->cell = m->is_place ? 0 : sky_clutter_cell(radar, m);
    claim->log_clutter = m->is_place ? log_place_density(radar, radar->false_plots_per_scan)
                                     : sky_clutter_log_density(&sensor->clutter, radar, m);
    claim->detection = detection_of(tracker, config, claim);
    sensor->pose = claim->look.pose;
    sensor->stands = !m->is_place;
    sensor->lag_ns = later(sensor->lag_ns - sensor->lag_ns / 64, claim->arrival_ns - m->time_ns);
    return SKY_OK;
}

/* In order of sensor and time; the same plot again comes next to itself and is done with. */
static void sort_claims(struct sky_tracker *tracker)
{
    uint32_t *const order = tracker->scratch.order;
    for (uint32_t i = 0; i < tracker->claim_count; i++) {
        uint32_t k = i;
        for (; k > 0 && comes_before(&tracker->claim[i], &tracker->claim[order[k - 1]]); k--) {
            order[k] = order[k - 1];
        }
        order[k] = i;
    }
    for (uint32_t k = 1; k < tracker->claim_count; k++) {
        struct sky_claim *const claim = claim_at(tracker, k);
        const struct sky_claim *const before = claim_at(tracker, k - 1);
        if (claim->look.sensor == before->look.sensor &&
            is_same_plot(&claim->look, &before->look)) {
            claim->done = true;
            tracker->stats.repeated++;
        }
    }
}

/* Those that wait stay; the rest is done. */
static void keep_waiting(struct sky_tracker *tracker)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tracker->claim_count; i++) {
        if (tracker->claim[i].group == SKY_CLAIMS_MAX) {
            if (kept < i) {
                tracker->claim[kept] = tracker->claim[i];
            }
            tracker->claim[kept++].done = false;
        }
    }
    tracker->claim_count = kept;
}

static void run(struct sky_tracker *tracker, const struct sky_config *config,
                const struct sky_geo_frame *frame, int64_t time_ns)
{
    begin_call(tracker);
    sort_claims(tracker);
    tracker->scratch.waiting_count = 0;
    for (uint32_t first = 0, last = 0; first < tracker->claim_count; first = last) {
        const struct sky_claim *const begin = claim_at(tracker, first);
        const int64_t half_ns = config->sensor[begin->look.sensor].scan_ns / 2;
        while (last < tracker->claim_count &&
               claim_at(tracker, last)->look.sensor == begin->look.sensor &&
               claim_at(tracker, last)->look.measurement.time_ns - begin->look.measurement.time_ns <
                   half_ns) {
            last++;
        }
        take_look(tracker, config, frame, first, last, time_ns);
    }
    keep_waiting(tracker);
}

void sky_tracker_run(struct sky_tracker *tracker, const struct sky_config *config,
                     const struct sky_geo_frame *frame, int64_t time_ns)
{
    run(tracker, config, frame, time_ns);
}

/* --- Time ----------------------------------------------------------------------------------- */

/* Probability that a sensor's look at a time would have found the track; 0 out of its coverage. */
static double chance_of_look(const struct sky_tracker *tracker, const struct sky_config *config,
                             uint32_t slot, uint32_t index, int64_t time_ns,
                             double *ret_share_in_notch)
{
    const struct sky_sensor_config *const radar = &config->sensor[index];
    const struct sky_tracker_sensor *const sensor = &tracker->sensor[index];
    const struct sky_state *const state = &tracker->track[slot].state;
    const double dt_s = (double)(time_ns - state->time_ns) * 1e-9;
    const struct sky_enu place = place_at(&tracker->reach[slot], dt_s);

    *ret_share_in_notch = 0.0;
    if (!sensor->stands) {
        return radar->detection_probability;
    }
    const struct sky_enu *const origin = &sensor->pose.origin;
    const struct sky_enu *const own = &sensor->pose.velocity_mps;
    const double *const up = sensor->pose.rot[2];
    double u[3] = {place.east_m - origin->east_m, place.north_m - origin->north_m,
                   place.up_m - origin->up_m};
    const double range_m = larger(1.0, sky_sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]));
    for (int i = 0; i < 3; i++) {
        u[i] /= range_m;
    }
    const double sine = u[0] * up[0] + u[1] * up[1] + u[2] * up[2];
    if (range_m > radar->range_max_m || range_m < radar->range_min_m ||
        (radar->measures_elevation &&
         (sine < sky_sin(radar->elevation_min_rad) || sine > sky_sin(radar->elevation_max_rad)))) {
        return 0.0;
    }
    if (radar->notch_mps > 0.0) {
        const double radial_mps = u[0] * (state->x[3] - own->east_m) +
                                  u[1] * (state->x[4] - own->north_m) +
                                  u[2] * (state->x[5] - own->up_m);
        const double sigma_mps =
            sky_sqrt(larger(1e-6, spread_along(state, 3, u, dt_s)) +
                     tracker->rules.motion.motion[1].accel_psd_m2ps3 * larger(dt_s, 0.0));
        *ret_share_in_notch = sky_normal_cdf((radar->notch_mps - radial_mps) / sigma_mps) -
                              sky_normal_cdf((-radar->notch_mps - radial_mps) / sigma_mps);
    }
    return sky_clutter_detection(&sensor->clutter, radar, range_m, *ret_share_in_notch);
}

static void count_miss(struct sky_tracker *tracker, const struct sky_config *config, uint32_t slot,
                       uint32_t index, int64_t due_ns)
{
    struct sky_track *const track = &tracker->track[slot];
    const struct sky_sensor_config *const radar = &config->sensor[index];
    double in_notch;
    const double chance = chance_of_look(tracker, config, slot, index, due_ns, &in_notch);

    track->misses_in_row++;
    if (chance == 0.0) { /* nothing is learned from that; but a tentative track does not wait */
        return;
    }
    const double gain = sky_log(1.0 - chance * config->tracker.gate_probability);
    if (track->status != SKY_TRACK_TENTATIVE && track->log_odds > log_odds_learn &&
        tracker->sensor[index].stands) {
        const struct sky_enu place = place_at(&tracker->reach[slot], 0.0);
        const double range_m = sky_sqrt(distance2(&place, &tracker->sensor[index].pose.origin));
        sky_clutter_learn_detection(&tracker->sensor[index].clutter, radar, range_m, in_notch,
                                    false);
    }
    sky_track_weigh(track, &tracker->rules, due_ns, gain);
    track->missed_ns[index] = due_ns;
    track->missed_gain[index] = gain;
}

static void count_misses(struct sky_tracker *tracker, const struct sky_config *config,
                         uint32_t slot, int64_t time_ns)
{
    struct sky_track *const track = &tracker->track[slot];
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        const int64_t scan_ns = config->sensor[i].scan_ns;
        const int64_t heard_ns = time_ns - tracker->sensor[i].lag_ns - scan_ns / 10;
        if ((track->sensors & 1U << i) == 0) {
            continue;
        }
        if (heard_ns - track->due_ns[i] > 64 * scan_ns) {
            track->due_ns[i] = heard_ns - 64 * scan_ns; /* it is long lost anyway */
        }
        for (; track->due_ns[i] <= heard_ns; track->due_ns[i] += scan_ns) {
            count_miss(tracker, config, slot, i, track->due_ns[i]);
        }
    }
}

static void age_tentative(struct sky_tracker *tracker, uint32_t slot)
{
    const struct sky_track *const track = &tracker->track[slot];
    if (track->misses_in_row >= (track->hits < 3 ? 2U : tentative_misses_max) ||
        track->log_odds < track->log_odds_start - tentative_patience) {
        forget(tracker, slot);
    }
}

/* No sensor that followed it can see where it is now. */
static bool has_left(const struct sky_tracker *tracker, const struct sky_config *config,
                     uint32_t slot, int64_t time_ns)
{
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        double in_notch;
        if ((tracker->track[slot].sensors & 1U << i) != 0 &&
            chance_of_look(tracker, config, slot, i, time_ns, &in_notch) > 0.0) {
            return false;
        }
    }
    return true;
}

static void age_believed(struct sky_tracker *tracker, const struct sky_config *config,
                         uint32_t slot, int64_t time_ns)
{
    struct sky_track *const track = &tracker->track[slot];
    const int64_t unseen_ns = time_ns - track->seen_ns;
    if (unseen_ns > config->tracker.lose_ns || track->log_odds < log_odds_hopeless ||
        (unseen_ns > config->tracker.coast_ns && has_left(tracker, config, slot, time_ns))) {
        note(tracker, slot, SKY_TRACK_NOW_LOST);
    } else if (unseen_ns > config->tracker.coast_ns && track->status == SKY_TRACK_CONFIRMED) {
        track->status = SKY_TRACK_COASTING;
        note(tracker, slot, SKY_TRACK_NOW_COASTING);
    }
}

void sky_tracker_tick(struct sky_tracker *tracker, const struct sky_config *config,
                      const struct sky_geo_frame *frame, int64_t time_ns)
{
    run(tracker, config, frame, time_ns);
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        sky_clutter_age(&tracker->sensor[i].clutter, &config->sensor[i], time_ns);
    }
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        const uint32_t slot = tracker->active[i];
        if (!is_live(tracker, slot)) {
            continue;
        }
        count_misses(tracker, config, slot, time_ns);
        if (is_tentative(tracker, slot)) {
            age_tentative(tracker, slot);
        } else {
            age_believed(tracker, config, slot, time_ns);
        }
    }
    sweep(tracker);
}
