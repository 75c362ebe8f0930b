#include "sky_tracker.h"

#include <string.h>

#include "sky_math.h"

static const double log_odds_max = 20.0;
static const double log_odds_start = -3.0;    /* one left-over plot in 20 is a new aircraft */
static const double log_odds_confirm = 4.6;   /* existence 0.99 */
static const double log_odds_hopeless = -4.6; /* existence 0.01 */

static const double log_two_pi = 1.8378770664093453;
static const double log_half_pi = 0.45158270528945486;
static const double log_height_span_m = 9.903487552536127; /* 20 km */

/*
 * A plot this many gates (of squared distance) from a believed track starts no other: the track has
 * turned, or the plot is a poor one, far more often than a second aircraft begins just there.
 */
static const double claim_gates = 2.0;

static const double twin_apart_max_m = 10e3; /* whenever each was seen last */
static const double twin_place2_max = 3.0;   /* of 3 degrees of freedom, both ... */
static const double twin_velocity2_max = 8.0;
static const double starved2_max = 11.3; /* ... and if the other takes all the plots */
static const uint32_t twin_updates_max = 6;

static const double smoothing_s = 10.0;
static const double hover_mps = 3.0;
static const double course_sigmas = 10.0; /* of speed, that make a course worth following */
static const double climb_sigma_max_mps = 10.0;

/* One call of sky_tracker_plots. */
struct batch {
    struct sky_tracker *tracker;
    const struct sky_config *config;
    uint32_t sensor;
    const struct sky_sensor_config *radar;
    const struct sky_sensor_pose *pose;
    const struct sky_geo_frame *frame;
    const struct sky_plot *plot;
    const struct sky_measurement *measurement;
    double noise_m2ps3;
    double log_clutter; /* density of false plots per metre of range, over P(detection) */
    double log_speed_span;
};

static double square(double x) { return x * x; }
static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }
static int64_t later(int64_t a_ns, int64_t b_ns) { return a_ns > b_ns ? a_ns : b_ns; }

void sky_tracker_init(struct sky_tracker *tracker)
{
    memset(tracker, 0, sizeof *tracker);
    tracker->next_id = 1;
}

double sky_track_existence(const struct sky_track *track)
{
    return 1.0 / (1.0 + sky_exp(-track->log_odds));
}

/* --- The table ------------------------------------------------------------------------------ */

static bool is_live(const struct sky_tracker *tracker, uint32_t slot)
{
    return tracker->track[slot].status != SKY_TRACK_FREE &&
           (tracker->change[slot] & SKY_TRACK_NOW_LOST) == 0;
}

/* Takes freed slots out of the list of active ones. */
static void sweep(struct sky_tracker *tracker)
{
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
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        const uint32_t slot = tracker->active[i];
        if (!is_live(tracker, slot)) {
            tracker->track[slot].status = SKY_TRACK_FREE;
        }
        tracker->change[slot] = 0;
    }
    sweep(tracker);
}

/* The tentative track with a single plot that has waited longest for its second, if any. */
static struct sky_track *least_promising(struct sky_tracker *tracker)
{
    struct sky_track *found = NULL;
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        struct sky_track *const track = &tracker->track[tracker->active[i]];
        if (track->hits == 1 && (found == NULL || track->seen_ns < found->seen_ns)) {
            found = track;
        }
    }
    return found;
}

/* An empty slot, made if need be and possible; SKY_TRACKS_MAX if not. */
static uint32_t find_slot(struct sky_tracker *tracker)
{
    if (tracker->active_count == SKY_TRACKS_MAX) {
        struct sky_track *const victim = least_promising(tracker);
        if (victim == NULL) {
            return SKY_TRACKS_MAX;
        }
        victim->status = SKY_TRACK_FREE;
        sweep(tracker);
    }
    uint32_t slot = 0;
    while (tracker->track[slot].status != SKY_TRACK_FREE) {
        slot++;
    }
    return slot;
}

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
static void make_gates(struct sky_tracker *tracker, double probability)
{
    if (tracker->gate_probability == probability) {
        return;
    }
    for (uint32_t freedom = 1; freedom < 6; freedom++) {
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
    tracker->gate_probability = probability;
}

static void predict_to(const struct batch *batch, struct sky_filter *filter, int64_t time_ns)
{
    const struct sky_tracker_config *const config = &batch->config->tracker;
    if (time_ns > filter->time_ns) {
        sky_filter_predict(filter, time_ns, config->accel_psd_m2ps3[1],
                           0.15 * config->accel_psd_m2ps3[1]);
    }
}

static struct sky_enu place_at(const struct sky_filter *filter, double dt_s)
{
    const double *const x = filter->x;
    return (struct sky_enu){x[0] + dt_s * x[3], x[1] + dt_s * x[4], x[2] + dt_s * x[5]};
}

static double distance2(const struct sky_enu *a, const struct sky_enu *b)
{
    return square(a->east_m - b->east_m) + square(a->north_m - b->north_m) +
           square(a->up_m - b->up_m);
}

/*
 * Where a track and its spread are going, for the cheap gate. The spread is the trace of the
 * covariance of position, a polynomial of time but for the process noise.
 */
static struct sky_tracker_reach reach_of(const struct sky_track *track, uint32_t row)
{
    const struct sky_filter *const filter = &track->filter;
    struct sky_tracker_reach reach = {.row = row, .time_ns = filter->time_ns};
    for (int i = 0; i < 3; i++) {
        reach.place[i] = filter->x[i];
        reach.velocity_mps[i] = filter->x[3 + i];
        reach.spread_m2 += filter->p[i][i];
        reach.spread_m2ps += 2.0 * filter->p[i][3 + i];
        reach.spread_m2ps2 += filter->p[3 + i][3 + i];
    }
    return reach;
}

static double spread_at(const struct sky_tracker_reach *reach, double dt_s, double noise_m2ps3)
{
    const double age_s = dt_s < 0.0 ? -dt_s : dt_s;
    return reach->spread_m2 + dt_s * (reach->spread_m2ps + dt_s * reach->spread_m2ps2) +
           age_s * age_s * age_s * noise_m2ps3;
}

static double distance2_at(const struct sky_tracker_reach *reach, double dt_s,
                           const struct sky_enu *place)
{
    return square(reach->place[0] + dt_s * reach->velocity_mps[0] - place->east_m) +
           square(reach->place[1] + dt_s * reach->velocity_mps[1] - place->north_m) +
           square(reach->place[2] + dt_s * reach->velocity_mps[2] - place->up_m);
}

/*
 * Cheap and generous: squared distance over the trace of a covariance is never more than the
 * Mahalanobis distance; the wider gate also pays for the measurement being curved.
 */
static bool within_reach(const struct batch *batch, const struct sky_tracker_reach *reach,
                         size_t index)
{
    const struct sky_tracker_scratch *const scratch = &batch->tracker->scratch;
    const double dt_s = (double)(batch->measurement[index].time_ns - reach->time_ns) * 1e-9;
    const double spread_m2 = scratch->spread_m2[index] + spread_at(reach, dt_s, batch->noise_m2ps3);
    return distance2_at(reach, dt_s, &scratch->place[index]) <
           claim_gates * batch->tracker->gate2[5] * spread_m2;
}

/* The measurement with the sensor's bias as if it were random. */
static struct sky_measurement with_bias(const struct batch *batch, size_t index)
{
    const struct sky_sensor_config *const radar = batch->radar;
    struct sky_measurement m = batch->measurement[index];
    m.sigma_range_m = sky_sqrt(square(m.sigma_range_m) + square(radar->bias_sigma_range_m));
    m.sigma_azimuth_rad =
        sky_sqrt(square(m.sigma_azimuth_rad) + square(radar->bias_sigma_azimuth_rad));
    m.sigma_elevation_rad =
        sky_sqrt(square(m.sigma_elevation_rad) + square(radar->bias_sigma_elevation_rad));
    return m;
}

/* The measurement as one track takes it. */
static struct sky_measurement for_track(const struct batch *batch, const struct sky_track *track,
                                        size_t index)
{
    const bool shared = (track->sensors & ~(1U << batch->sensor)) != 0;
    return shared ? with_bias(batch, index) : batch->measurement[index];
}

/* False if the measurement is beyond every gate. */
static bool compare(const struct batch *batch, const struct sky_filter *filter,
                    const struct sky_measurement *m, struct sky_filter_comparison *ret_innovation)
{
    const struct sky_tracker_config *const config = &batch->config->tracker;
    return sky_filter_innovation(filter, m, batch->pose, config->accel_psd_m2ps3[1],
                                 0.15 * config->accel_psd_m2ps3[1],
                                 claim_gates * batch->tracker->gate2[5], ret_innovation);
}

/* -ln of: how much likelier the plot is as this aircraft's than as clutter. */
static double cost_of(const struct batch *batch, const struct sky_measurement *m,
                      const struct sky_filter_comparison *innovation)
{
    uint32_t full = 2;
    double log_clutter = batch->log_clutter - log_two_pi;
    if (m->has_elevation) {
        log_clutter -= log_half_pi;
        full++;
    }
    if (m->has_radial_speed) {
        log_clutter -= batch->log_speed_span;
        full++;
    }
    if (m->has_height) {
        log_clutter -= log_height_span_m;
        full++;
    }
    if (innovation->dimension < full) { /* azimuth was left out */
        log_clutter += log_two_pi;
    }
    return 0.5 * (innovation->distance2 + innovation->log_det_s +
                  (double)innovation->dimension * log_two_pi) +
           log_clutter;
}

static bool took_just_now(const struct batch *batch, const struct sky_track *track, int64_t time_ns)
{
    const int64_t apart_ns = time_ns - track->seen_by_ns[batch->sensor];
    const int64_t least_ns = batch->radar->scan_ns * 2 / 5;
    return (track->sensors & 1U << batch->sensor) != 0 && -least_ns < apart_ns &&
           apart_ns < least_ns;
}

/* Offers one plot, as a column, to every track within reach that it may belong to. */
static void gate_plot(const struct batch *batch, uint32_t column, size_t index)
{
    struct sky_tracker *const tracker = batch->tracker;
    struct sky_tracker_scratch *const scratch = &tracker->scratch;
    const int64_t time_ns = batch->measurement[index].time_ns;

    for (uint32_t i = 0; i < scratch->reach_count; i++) {
        if (!within_reach(batch, &scratch->reach[i], index)) {
            continue;
        }
        const uint32_t row = scratch->reach[i].row;
        const struct sky_track *const track = &tracker->track[tracker->active[row]];
        if (track->filter.time_ns - time_ns > SKY_LATE_MAX_NS) {
            scratch->stale[index] = true;
            continue;
        }
        const struct sky_measurement m = for_track(batch, track, index);
        struct sky_filter filter = track->filter;
        predict_to(batch, &filter, time_ns);
        struct sky_filter_comparison innovation;
        if (!compare(batch, &filter, &m, &innovation)) {
            continue;
        }
        const double gate2 = tracker->gate2[innovation.dimension];
        if (track->status == SKY_TRACK_CONFIRMED && innovation.distance2 < claim_gates * gate2) {
            scratch->claimed[index] = true;
        }
        if (innovation.distance2 < gate2 && !took_just_now(batch, track, time_ns)) {
            sky_assign_offer(&scratch->assign, row, column, cost_of(batch, &m, &innovation));
        }
    }
}

/* --- Existence ------------------------------------------------------------------------------ */

static void add_log_odds(struct sky_track *track, double gain)
{
    track->log_odds = larger(-log_odds_max, smaller(log_odds_max, track->log_odds + gain));
}

static uint32_t hits_of_window(const struct sky_track *track,
                               const struct sky_tracker_config *config)
{
    uint32_t bits = track->hit_history & UINT32_MAX >> (32 - 5U);
    uint32_t hits = 0;
    for (; bits != 0; bits &= bits - 1) {
        hits++;
    }
    return hits;
}

static bool is_proven(const struct sky_track *track, const struct sky_tracker_config *config)
{
    return track->log_odds >= log_odds_confirm && hits_of_window(track, config) >= 3;
}

static bool is_hopeless(const struct sky_track *track, const struct sky_tracker_config *config)
{
    const uint32_t to_come = track->looks < 5U ? 5U - track->looks : 0;
    return track->log_odds < log_odds_hopeless || hits_of_window(track, config) + to_come < 3;
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

static double block_distance2(const struct sky_filter *a, const struct sky_filter *b, int block,
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
static double bias_between_m2(const struct batch *batch, uint32_t sensors,
                              const struct sky_track *track)
{
    const struct sky_enu place = place_at(&track->filter, 0.0);
    double sum_m2 = 0.0;
    for (uint32_t i = 0; i < batch->config->sensor_count; i++) {
        if ((sensors & 1U << i) == 0) {
            continue;
        }
        const struct sky_sensor_config *const radar = &batch->config->sensor[i];
        const double angle_rad =
            larger(radar->bias_sigma_azimuth_rad, radar->bias_sigma_elevation_rad);
        sum_m2 += square(radar->bias_sigma_range_m) +
                  square(angle_rad) * distance2(&place, &batch->tracker->sensor[i].origin);
    }
    return sum_m2;
}

static bool same_place(const struct batch *batch, const struct sky_track *kept,
                       const struct sky_track *twin)
{
    const bool starved =
        kept->seen_ns - twin->seen_ns > batch->config->sensor[twin->last_sensor].scan_ns;
    const int64_t time_ns = later(kept->filter.time_ns, twin->filter.time_ns);
    const double bias_m2 = bias_between_m2(batch, kept->sensors ^ twin->sensors, kept);
    struct sky_filter a = kept->filter, b = twin->filter;
    predict_to(batch, &a, time_ns);
    predict_to(batch, &b, time_ns);
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
    tracker->change[slot] = 0;
    if (track->status == SKY_TRACK_TENTATIVE) {
        track->status = SKY_TRACK_FREE;
    } else {
        tracker->change[slot] = SKY_TRACK_NOW_LOST;
    }
}

/* Counts for how many updates of either in a row the weaker track has been where the other is. */
static void watch_twin(const struct batch *batch, uint32_t stronger, uint32_t weaker)
{
    struct sky_tracker *const tracker = batch->tracker;
    const struct sky_track *const kept = &tracker->track[stronger];
    struct sky_track *const twin = &tracker->track[weaker];
    const bool known = twin->twin_id == kept->id;

    if (same_place(batch, kept, twin)) {
        twin->twin_updates = known ? twin->twin_updates + 1 : 1;
        twin->twin_id = kept->id;
        if (twin->twin_updates >= twin_updates_max) {
            drop_duplicate(tracker, weaker);
        }
    } else if (known) {
        twin->twin_updates = 0;
    }
}

/* Compares an updated track with all others; nearly all are far away. */
static void watch_twins(const struct batch *batch, uint32_t slot)
{
    struct sky_tracker *const tracker = batch->tracker;
    tracker->seen_at[slot] = place_at(&tracker->track[slot].filter, 0.0);
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        const uint32_t other = tracker->active[i];
        if (distance2(&tracker->seen_at[other], &tracker->seen_at[slot]) >
                square(twin_apart_max_m) ||
            other == slot || !is_live(tracker, other) || !is_live(tracker, slot)) {
            continue;
        }
        if (outranks(&tracker->track[other], &tracker->track[slot])) {
            watch_twin(batch, other, slot);
        } else {
            watch_twin(batch, slot, other);
        }
    }
}

/* --- Updating ------------------------------------------------------------------------------- */

static double running_mean(double mean, double value, uint32_t count)
{
    return mean + (value - mean) / (double)count;
}

/* Speed, climb and course rate, each freed of the noise of the last plots. */
static void smooth(struct sky_track *track, double speed_mps)
{
    const struct sky_filter *const filter = &track->filter;
    const double dt_s = (double)(filter->time_ns - track->smoothed_ns) * 1e-9;
    const double share = dt_s / (dt_s + smoothing_s);
    const double sigma_mps = sky_sqrt(filter->p[3][3] + filter->p[4][4]);
    const double course_rad = sky_atan2(filter->x[3], filter->x[4]);
    const bool course_known = speed_mps > larger(hover_mps, course_sigmas * sigma_mps);

    if (dt_s <= 0.0) { /* a late plot */
        return;
    }
    track->smoothed_speed_mps += share * (speed_mps - track->smoothed_speed_mps);
    if (filter->p[5][5] < square(climb_sigma_max_mps)) {
        track->smoothed_climb_mps += share * (filter->x[5] - track->smoothed_climb_mps);
    }
    if (course_known && track->course_known) {
        const double turn_radps = sky_wrap_pi(course_rad - track->course_rad) / dt_s;
        track->smoothed_turn_radps += share * (turn_radps - track->smoothed_turn_radps);
    }
    track->course_known = course_known;
    track->course_rad = course_rad;
    track->smoothed_ns = filter->time_ns;
}

static void add_features(struct sky_track *track, const struct sky_geo_frame *frame,
                         const struct sky_plot *plot)
{
    struct sky_track_features *const features = &track->features;
    const double *const x = track->filter.x;
    const struct sky_enu place = {x[0], x[1], x[2]};
    const double height_m = sky_geo_from_enu(frame, &place).alt_hae_m;
    const double speed_mps = sky_sqrt(x[3] * x[3] + x[4] * x[4]);
    const uint32_t count = ++features->samples;

    if (count == 1) {
        features->height_min_m = height_m;
        features->height_max_m = height_m;
        track->smoothed_speed_mps = speed_mps;
        track->smoothed_ns = track->filter.time_ns;
    }
    smooth(track, speed_mps);
    features->speed_mean_mps = running_mean(features->speed_mean_mps, speed_mps, count);
    features->speed_max_mps = larger(features->speed_max_mps, track->smoothed_speed_mps);
    features->height_mean_m = running_mean(features->height_mean_m, height_m, count);
    features->height_min_m = smaller(features->height_min_m, height_m);
    features->height_max_m = larger(features->height_max_m, height_m);
    features->climb_max_mps = larger(features->climb_max_mps, sky_abs(track->smoothed_climb_mps));
    features->turn_max_radps =
        larger(features->turn_max_radps, sky_abs(track->smoothed_turn_radps));
    features->hover_share =
        running_mean(features->hover_share, speed_mps < hover_mps ? 1.0 : 0.0, count);
    if ((plot->has & SKY_PLOT_RCS) != 0) {
        features->rcs_mean_dbsm =
            running_mean(features->rcs_mean_dbsm, plot->rcs_dbsm, ++features->rcs_samples);
    }
}

static void take_identity(struct sky_track *track, const struct sky_plot *plot)
{
    if ((plot->has & SKY_PLOT_ICAO) != 0) {
        track->icao_address = plot->icao_address;
    }
    if ((plot->has & SKY_PLOT_MODE_3A) != 0) {
        track->mode_3a = plot->mode_3a;
        track->has_mode_3a = true;
    }
    if ((plot->has & SKY_PLOT_CALLSIGN) != 0) {
        memcpy(track->callsign, plot->callsign, sizeof track->callsign);
    }
}

static void count_hit(const struct batch *batch, struct sky_track *track, int64_t time_ns)
{
    const uint32_t sensor = batch->sensor;
    track->hits++;
    track->looks++;
    track->hit_history = track->hit_history << 1 | 1U;
    track->sensors |= 1U << sensor;
    track->last_sensor = sensor;
    track->seen_ns = later(track->seen_ns, time_ns);
    track->seen_by_ns[sensor] = later(track->seen_by_ns[sensor], time_ns);
    track->look_ns[sensor] = later(track->look_ns[sensor], time_ns);
}

static void update_track(const struct batch *batch, uint32_t slot, size_t index)
{
    struct sky_tracker *const tracker = batch->tracker;
    const struct sky_tracker_config *const config = &batch->config->tracker;
    struct sky_track *const track = &tracker->track[slot];
    const struct sky_measurement m = for_track(batch, track, index);

    predict_to(batch, &track->filter, m.time_ns);
    struct sky_filter_comparison innovation;
    sky_filter_update(&track->filter, &m, batch->pose, config->accel_psd_m2ps3[1],
                      0.15 * config->accel_psd_m2ps3[1], &innovation);
    add_log_odds(track, -cost_of(batch, &m, &innovation));
    track->last_distance2 = innovation.distance2;
    track->last_dimension = innovation.dimension;
    count_hit(batch, track, m.time_ns);
    take_identity(track, &batch->plot[index]);
    tracker->stats.used++;

    if (track->status == SKY_TRACK_TENTATIVE && is_proven(track, config)) {
        track->status = SKY_TRACK_CONFIRMED;
        track->confirmed_ns = m.time_ns;
        tracker->change[slot] |= SKY_TRACK_NOW_CONFIRMED;
    }
    if (track->status != SKY_TRACK_TENTATIVE) {
        track->status = SKY_TRACK_CONFIRMED;
        tracker->change[slot] |= SKY_TRACK_UPDATED;
        add_features(track, batch->frame, &batch->plot[index]);
    }
    watch_twins(batch, slot);
}

static void start_track(const struct batch *batch, size_t index)
{
    struct sky_tracker *const tracker = batch->tracker;
    const struct sky_measurement *const m = &batch->measurement[index];
    const uint32_t slot = find_slot(tracker);
    if (slot == SKY_TRACKS_MAX) {
        tracker->stats.no_room++;
        return;
    }
    struct sky_track *const track = &tracker->track[slot];

    memset(track, 0, sizeof *track);
    track->id = tracker->next_id++;
    track->status = SKY_TRACK_TENTATIVE;
    track->started_ns = m->time_ns;
    track->seen_ns = m->time_ns;
    track->log_odds = log_odds_start;
    sky_filter_init(&track->filter, m, batch->pose, batch->config->tracker.speed_max_mps);
    count_hit(batch, track, m->time_ns);
    take_identity(track, &batch->plot[index]);
    tracker->change[slot] = 0;
    tracker->seen_at[slot] = place_at(&track->filter, 0.0);
    tracker->active[tracker->active_count++] = slot;
    tracker->stats.used++;
}

/* --- One look ------------------------------------------------------------------------------- */

static void take_left_over(const struct batch *batch, size_t index)
{
    struct sky_tracker *const tracker = batch->tracker;
    if (tracker->scratch.claimed[index]) {
        tracker->stats.left_over++;
    } else if (tracker->scratch.stale[index]) {
        tracker->stats.too_old++;
    } else {
        start_track(batch, index);
    }
}

/* Shares out the plots that are still free among the tracks of one kind. */
static void share_out(const struct batch *batch, const uint32_t *order, uint32_t count,
                      bool tentative)
{
    struct sky_tracker *const tracker = batch->tracker;
    struct sky_tracker_scratch *const scratch = &tracker->scratch;
    struct sky_assign *const assign = &scratch->assign;

    sky_assign_begin(assign, tracker->active_count, count);
    scratch->reach_count = 0;
    for (uint32_t row = 0; row < tracker->active_count; row++) {
        const uint32_t slot = tracker->active[row];
        const struct sky_track *const track = &tracker->track[slot];
        if (is_live(tracker, slot) && (track->status == SKY_TRACK_TENTATIVE) == tentative) {
            scratch->reach[scratch->reach_count++] = reach_of(track, row);
        }
    }
    for (uint32_t column = 0; column < count; column++) {
        if (!scratch->used[order[column]]) {
            gate_plot(batch, column, order[column]);
        }
    }
    sky_assign_solve(assign);
    for (uint32_t column = 0; column < count; column++) {
        if (assign->row_of[column] != SKY_ASSIGN_NONE) {
            update_track(batch, tracker->active[assign->row_of[column]], order[column]);
            scratch->used[order[column]] = true;
        }
    }
    sweep(tracker);
}

/*
 * Plots order[first .. last): no two of them can be one aircraft. Tracks that are believed choose
 * first: else a stray plot beside one would start a track that lives on its plots.
 */
static void take_look(const struct batch *batch, uint32_t first, uint32_t last)
{
    const uint32_t *const order = batch->tracker->scratch.order + first;

    share_out(batch, order, last - first, false);
    share_out(batch, order, last - first, true);
    for (uint32_t column = 0; column < last - first; column++) {
        if (!batch->tracker->scratch.used[order[column]]) {
            take_left_over(batch, order[column]);
        }
    }
}

static bool comes_before(const struct sky_measurement *a, const struct sky_measurement *b)
{
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns;
    }
    if (a->slant_range_m != b->slant_range_m) {
        return a->slant_range_m < b->slant_range_m;
    }
    return a->azimuth_rad < b->azimuth_rad;
}

/* Where a plot is, and how uncertain that is, biases included. */
static void place_plot(const struct batch *batch, size_t index)
{
    struct sky_tracker_scratch *const scratch = &batch->tracker->scratch;
    const struct sky_measurement wide = with_bias(batch, index);
    struct sky_filter filter;

    sky_filter_init(&filter, &wide, batch->pose, batch->config->tracker.speed_max_mps);
    scratch->place[index] = place_at(&filter, 0.0);
    scratch->spread_m2[index] = filter.p[0][0] + filter.p[1][1] + filter.p[2][2];
}

/* Puts the usable plots in order and says where each of them is. */
static void sort_plots(const struct batch *batch, size_t count)
{
    struct sky_tracker_scratch *const scratch = &batch->tracker->scratch;

    scratch->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct sky_measurement *const m = &batch->measurement[i];
        if (!(m->slant_range_m >= 1.0 && m->slant_range_m <= batch->radar->range_max_m)) {
            batch->tracker->stats.out_of_range++;
            continue;
        }
        uint32_t k = scratch->count++;
        for (; k > 0 && comes_before(m, &batch->measurement[scratch->order[k - 1]]); k--) {
            scratch->order[k] = scratch->order[k - 1];
        }
        scratch->order[k] = i;

        scratch->used[i] = false;
        scratch->claimed[i] = false;
        scratch->stale[i] = false;
        place_plot(batch, i);
    }
}

/* How late a sensor's plots come, so that a look is not called missed before it can be heard. */
static void learn_lag(const struct batch *batch)
{
    const struct sky_tracker *const tracker = batch->tracker;
    struct sky_tracker_sensor *const sensor = &batch->tracker->sensor[batch->sensor];
    const struct sky_tracker_scratch *const scratch = &tracker->scratch;

    sensor->origin = batch->pose->origin;
    if (tracker->ticked && scratch->count > 0) {
        const int64_t oldest_ns = batch->measurement[scratch->order[0]].time_ns;
        const int64_t lag_ns = tracker->tick_ns + batch->config->tick_ns - oldest_ns;
        sensor->lag_ns = later(sensor->lag_ns - sensor->lag_ns / 8, lag_ns);
    }
}

void sky_tracker_plots(struct sky_tracker *tracker, const struct sky_config *config,
                       uint32_t sensor, const struct sky_sensor_pose *pose,
                       const struct sky_geo_frame *frame, size_t count, const struct sky_plot *plot,
                       const struct sky_measurement *measurement)
{
    const struct sky_sensor_config *const radar = &config->sensor[sensor];
    const struct batch batch = {
        .tracker = tracker,
        .config = config,
        .sensor = sensor,
        .radar = radar,
        .pose = pose,
        .frame = frame,
        .plot = plot,
        .measurement = measurement,
        .noise_m2ps3 = 1.15 * config->tracker.accel_psd_m2ps3[1],
        .log_clutter = sky_log(radar->false_plots_per_scan /
                               (radar->range_max_m * radar->detection_probability)),
        .log_speed_span = sky_log(2.0 * config->tracker.speed_max_mps),
    };
    const struct sky_tracker_scratch *const scratch = &tracker->scratch;

    begin_call(tracker);
    make_gates(tracker, config->tracker.gate_probability);
    sort_plots(&batch, count);
    learn_lag(&batch);
    for (uint32_t first = 0, last = 0; first < scratch->count; first = last) {
        const int64_t begin_ns = measurement[scratch->order[first]].time_ns;
        while (last < scratch->count &&
               measurement[scratch->order[last]].time_ns - begin_ns < radar->scan_ns / 2) {
            last++;
        }
        take_look(&batch, first, last);
    }
}

/* --- Time ----------------------------------------------------------------------------------- */

static void count_misses_of(struct sky_tracker *tracker, const struct sky_config *config,
                            struct sky_track *track, uint32_t sensor, int64_t time_ns)
{
    const struct sky_sensor_config *const radar = &config->sensor[sensor];
    const int64_t overdue_ns =
        time_ns - tracker->sensor[sensor].lag_ns - radar->scan_ns / 2 - track->look_ns[sensor];
    const int64_t looks = overdue_ns / radar->scan_ns;
    if (looks <= 0) {
        return;
    }
    track->look_ns[sensor] += looks * radar->scan_ns;

    const struct sky_enu place =
        place_at(&track->filter, (double)(time_ns - track->filter.time_ns) * 1e-9);
    if (distance2(&place, &tracker->sensor[sensor].origin) > square(radar->range_max_m)) {
        return;
    }
    const double missed =
        sky_log(1.0 - radar->detection_probability * config->tracker.gate_probability);
    track->looks += (uint32_t)looks;
    track->hit_history = looks < 32 ? track->hit_history << looks : 0;
    add_log_odds(track, (double)looks * missed);
}

static void age_tentative(const struct sky_config *config, struct sky_track *track,
                          int64_t unseen_ns)
{
    const int64_t scan_ns = config->sensor[track->last_sensor].scan_ns;
    if (is_hopeless(track, &config->tracker) ||
        unseen_ns > (int64_t)5 * scan_ns + SKY_LATE_MAX_NS) {
        track->status = SKY_TRACK_FREE;
    }
}

static void age_confirmed(const struct sky_config *config, struct sky_track *track,
                          int64_t unseen_ns, uint32_t *change)
{
    if (unseen_ns > config->tracker.lose_ns) {
        *change = SKY_TRACK_NOW_LOST;
    } else if (unseen_ns > config->tracker.coast_ns && track->status == SKY_TRACK_CONFIRMED) {
        track->status = SKY_TRACK_COASTING;
        *change = SKY_TRACK_NOW_COASTING;
    }
}

void sky_tracker_tick(struct sky_tracker *tracker, const struct sky_config *config, int64_t time_ns)
{
    begin_call(tracker);
    tracker->tick_ns = time_ns;
    tracker->ticked = true;
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        const uint32_t slot = tracker->active[i];
        struct sky_track *const track = &tracker->track[slot];

        for (uint32_t sensor = 0; sensor < config->sensor_count; sensor++) {
            if ((track->sensors & 1U << sensor) != 0) {
                count_misses_of(tracker, config, track, sensor, time_ns);
            }
        }
        const int64_t unseen_ns = time_ns - track->seen_ns;
        if (track->status == SKY_TRACK_TENTATIVE) {
            age_tentative(config, track, unseen_ns);
        } else {
            age_confirmed(config, track, unseen_ns, &tracker->change[slot]);
        }
    }
    sweep(tracker);
}
