#include "sky_track.h"

#include <stddef.h>
#include <string.h>

#include "sky_math.h"

static const double log_odds_max = 40.0;
static const double no_gate2 = 1e300;

static const double smoothing_s = 10.0;
static const double hover_mps = 3.0;
static const double course_sigmas = 10.0; /* of speed, that make a course worth following */
static const double climb_sigma_max_mps = 10.0;

static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }

/* --- Looks and checkpoints ------------------------------------------------------------------ */

void sky_track_keep_raw(struct sky_look *look)
{
    const struct sky_measurement *const m = &look->measurement;
    look->raw = (struct sky_raw){.time_ns = m->time_ns,
                                 .slant_range_m = m->slant_range_m,
                                 .azimuth_rad = m->azimuth_rad,
                                 .elevation_rad = m->elevation_rad,
                                 .sigma_range_m = m->sigma_range_m,
                                 .sigma_azimuth_rad = m->sigma_azimuth_rad,
                                 .sigma_elevation_rad = m->sigma_elevation_rad};
}

struct sky_measurement sky_track_raw(const struct sky_look *look)
{
    const struct sky_raw *const raw = &look->raw;
    struct sky_measurement m = look->measurement;
    m.time_ns = raw->time_ns;
    m.slant_range_m = raw->slant_range_m;
    m.azimuth_rad = raw->azimuth_rad;
    m.elevation_rad = raw->elevation_rad;
    m.sigma_range_m = raw->sigma_range_m;
    m.sigma_azimuth_rad = raw->sigma_azimuth_rad;
    m.sigma_elevation_rad = raw->sigma_elevation_rad;
    return m;
}

static struct sky_look *look_at(struct sky_track *track, uint32_t number)
{
    return &track->look[number % SKY_LOOKS_MAX];
}

static const struct sky_look *const_look_at(const struct sky_track *track, uint32_t number)
{
    return &track->look[number % SKY_LOOKS_MAX];
}

/* The number of the oldest look that is still kept. */
static uint32_t first_look(const struct sky_track *track)
{
    return track->look_count > SKY_LOOKS_MAX ? track->look_count - SKY_LOOKS_MAX + 1 : 1;
}

static void save(struct sky_track *track, uint32_t number)
{
    if (number % SKY_CHECKPOINT_STEP == 0) {
        track->checkpoint[number / SKY_CHECKPOINT_STEP % SKY_CHECKPOINTS_MAX] = track->imm;
    }
}

/* One model until a second plot tells them apart. */
static void begin_imm(const struct sky_track_rules *rules,
                      const struct sky_measurement *measurement, const struct sky_sensor_pose *pose,
                      struct sky_imm *ret_imm)
{
    sky_imm_init(ret_imm, &rules->first, measurement, pose, rules->speed_sigma_mps);
}

static void begin_with(const struct sky_track_rules *rules, const struct sky_look *look,
                       struct sky_imm *ret_imm)
{
    begin_imm(rules, &look->measurement, &look->pose, ret_imm);
}

const struct sky_motion_set *sky_track_motion(const struct sky_track_rules *rules, uint32_t number)
{
    return number == 1 ? &rules->first : &rules->motion;
}

/* Until the second look there was one model; from it on each goes its own way. */
static void spread_out(struct sky_imm *imm, const struct sky_motion_set *set)
{
    for (uint32_t m = 0; m < set->count; m++) {
        imm->weight[m] = 1.0 / (double)set->count;
        for (int i = 0; i < SKY_STATE_DIM; i++) {
            imm->x[i][m] = imm->x[i][0];
        }
        for (int k = 0; k < SKY_PACKED_DIM; k++) {
            imm->p[k][m] = imm->p[k][0];
        }
    }
}

/* Takes look `number`, not the first, into the filter as it was after the one before. */
static void apply(struct sky_imm *imm, const struct sky_track_rules *rules,
                  const struct sky_look *look, uint32_t number)
{
    const struct sky_motion_set *const set = sky_track_motion(rules, number - 1);
    struct sky_innovation ignored;
    sky_imm_predict(imm, set, look->measurement.time_ns);
    (void)sky_imm_update(imm, set, &look->measurement, &look->pose, no_gate2, rules->outlier2,
                         &ignored);
    if (number == 2) {
        spread_out(imm, &rules->motion);
    }
}

void sky_track_filter(struct sky_imm *imm, const struct sky_track_rules *rules,
                      const struct sky_look *look, uint32_t number)
{
    if (number == 1) {
        begin_with(rules, look, imm);
    } else {
        apply(imm, rules, look, number);
    }
}

/* After which look an instant comes; one less than first_look if it is before all that are kept. */
static uint32_t last_before(const struct sky_track *track, int64_t time_ns)
{
    uint32_t number = track->look_count;
    while (number >= first_look(track) &&
           const_look_at(track, number)->measurement.time_ns > time_ns) {
        number--;
    }
    return number;
}

/*
 * The filter as it was after look `number`, from the checkpoint before. Returns false if nothing is
 * kept to begin from.
 */
static bool go_back(const struct sky_track *track, const struct sky_track_rules *rules,
                    uint32_t number, struct sky_imm *ret_imm)
{
    uint32_t from = number - number % SKY_CHECKPOINT_STEP;
    if (from > 0 && track->look_count - from < SKY_LOOKS_MAX) {
        *ret_imm = track->checkpoint[from / SKY_CHECKPOINT_STEP % SKY_CHECKPOINTS_MAX];
    } else if (first_look(track) == 1) {
        from = 1;
        begin_with(rules, const_look_at(track, 1), ret_imm);
    } else {
        return false;
    }
    for (uint32_t n = from + 1; n <= number; n++) {
        apply(ret_imm, rules, const_look_at(track, n), n);
    }
    return true;
}

/* --- Filtering ------------------------------------------------------------------------------ */

void sky_track_start(struct sky_track *track, const struct sky_track_rules *rules,
                     const struct sky_look *look)
{
    memset(track, 0, offsetof(struct sky_track, imm));
    track->started_ns = look->measurement.time_ns;
    track->alive_ns = look->measurement.time_ns;
    track->heights = look->measurement.heights;
    track->look_count = 1;
    *look_at(track, 1) = *look;
    begin_with(rules, look, &track->imm);
    sky_imm_state(&track->imm, &rules->first, &track->state);
}

/*
 * A plot from before the first look is compared the other way round, that look with what the plot
 * alone foresees: the likelihood of both together is the same.
 */
static enum sky_fit try_before_first(const struct sky_track *track,
                                     const struct sky_track_rules *rules,
                                     const struct sky_measurement *measurement,
                                     const struct sky_sensor_pose *pose, double gate2,
                                     struct sky_imm *ret_imm, struct sky_innovation *ret_innovation)
{
    const struct sky_look *const first = const_look_at(track, 1);
    if (track->look_count >= SKY_LOOKS_MAX) { /* no room before it, or it is gone */
        return SKY_FIT_STALE;
    }
    begin_imm(rules, measurement, pose, ret_imm);
    sky_imm_predict(ret_imm, &rules->first, first->measurement.time_ns);
    return sky_imm_update(ret_imm, &rules->first, &first->measurement, &first->pose, gate2,
                          rules->outlier2, ret_innovation)
               ? SKY_FIT_GOOD
               : SKY_FIT_NONE;
}

enum sky_fit sky_track_try(const struct sky_track *track, const struct sky_track_rules *rules,
                           const struct sky_measurement *measurement,
                           const struct sky_sensor_pose *pose, double gate2,
                           struct sky_imm *ret_imm, struct sky_innovation *ret_innovation)
{
    const uint32_t number = last_before(track, measurement->time_ns);
    const struct sky_motion_set *const set = sky_track_motion(rules, number);
    const bool too_late = track->imm.time_ns - measurement->time_ns > SKY_LATE_MAX_NS;
    if (number == 0 && !too_late) {
        return try_before_first(track, rules, measurement, pose, gate2, ret_imm, ret_innovation);
    }
    if (number == track->look_count) {
        *ret_imm = track->imm;
    } else if (too_late || !go_back(track, rules, number, ret_imm)) {
        return SKY_FIT_STALE;
    }
    sky_imm_predict(ret_imm, set, measurement->time_ns);
    return sky_imm_update(ret_imm, set, measurement, pose, gate2, rules->outlier2, ret_innovation)
               ? SKY_FIT_GOOD
               : SKY_FIT_NONE;
}

/* Puts a late look in its place and takes every later one again. */
static void insert(struct sky_track *track, const struct sky_track_rules *rules,
                   const struct sky_look *look)
{
    const uint32_t place = last_before(track, look->measurement.time_ns) + 1;
    uint32_t next = place;

    if (place > 1) { /* before the shift: the oldest look may leave, and what to begin from */
        (void)go_back(track, rules, place - 1, &track->imm);
    } else {
        begin_with(rules, look, &track->imm);
        track->started_ns = look->measurement.time_ns;
        next = 2;
    }
    track->look_count++;
    for (uint32_t n = track->look_count; n > place; n--) {
        *look_at(track, n) = *look_at(track, n - 1);
    }
    *look_at(track, place) = *look;
    for (uint32_t n = next; n <= track->look_count; n++) {
        apply(&track->imm, rules, look_at(track, n), n);
        save(track, n);
    }
}

void sky_track_take(struct sky_track *track, const struct sky_track_rules *rules,
                    const struct sky_look *look, const struct sky_imm *fitted)
{
    track->heights |= look->measurement.heights;
    if (look->measurement.time_ns < track->imm.time_ns) {
        insert(track, rules, look);
    } else {
        track->look_count++;
        *look_at(track, track->look_count) = *look;
        track->imm = *fitted;
        if (track->look_count == 2) {
            spread_out(&track->imm, &rules->motion);
        }
        save(track, track->look_count);
    }
    sky_imm_state(&track->imm, &rules->motion, &track->state);
}

void sky_track_predict(const struct sky_track *track, const struct sky_track_rules *rules,
                       int64_t time_ns, struct sky_imm *ret_imm, struct sky_state *ret_state)
{
    const struct sky_motion_set *const set = sky_track_motion(rules, track->look_count);
    *ret_imm = track->imm;
    if (time_ns > ret_imm->time_ns) {
        sky_imm_predict(ret_imm, set, time_ns);
    }
    sky_imm_state(ret_imm, set, ret_state);
}

bool sky_track_at(const struct sky_track *track, const struct sky_track_rules *rules,
                  int64_t time_ns, struct sky_imm *ret_imm, struct sky_state *ret_state)
{
    const uint32_t number = last_before(track, time_ns);
    if (number == track->look_count) {
        sky_track_predict(track, rules, time_ns, ret_imm, ret_state);
        return true;
    }
    if (number == 0 || !go_back(track, rules, number, ret_imm)) {
        return false;
    }
    sky_imm_predict(ret_imm, sky_track_motion(rules, number), time_ns);
    sky_imm_state(ret_imm, sky_track_motion(rules, number), ret_state);
    return true;
}

/* --- Existence ------------------------------------------------------------------------------ */

double sky_track_weighed(const struct sky_track_rules *rules, double log_odds, int64_t unseen_ns,
                         double gain)
{
    if (unseen_ns > 0) { /* odds r s / (1 - r s) with s = exp(-t / lifetime) */
        const double log_stays = (double)unseen_ns * -1e-9 / rules->lifetime_s;
        log_odds = log_stays - sky_log(sky_exp(-log_odds) + (1.0 - sky_exp(log_stays)));
    }
    return larger(-log_odds_max, smaller(log_odds_max, log_odds + gain));
}

void sky_track_weigh(struct sky_track *track, const struct sky_track_rules *rules, int64_t time_ns,
                     double gain)
{
    const int64_t unseen_ns = time_ns - track->alive_ns;
    track->log_odds = sky_track_weighed(rules, track->log_odds, unseen_ns, gain);
    track->alive_ns = unseen_ns > 0 ? time_ns : track->alive_ns;
}

double sky_track_existence(double log_odds) { return 1.0 / (1.0 + sky_exp(-log_odds)); }

/* --- Features and identity ------------------------------------------------------------------ */

static double running_mean(double mean, double value, uint32_t count)
{
    return mean + (value - mean) / (double)count;
}

/* Speed, climb and course rate, each freed of the noise of the last plots. */
static void smooth(struct sky_track *track, double speed_mps)
{
    const struct sky_state *const state = &track->state;
    const double dt_s = (double)(state->time_ns - track->smoothed_ns) * 1e-9;
    const double share = dt_s / (dt_s + smoothing_s);
    const double sigma_mps = sky_sqrt(state->p[3][3] + state->p[4][4]);
    const double course_rad = sky_atan2(state->x[3], state->x[4]);
    const bool course_known = speed_mps > larger(hover_mps, course_sigmas * sigma_mps);

    if (dt_s <= 0.0) { /* a late plot */
        return;
    }
    track->smoothed_speed_mps += share * (speed_mps - track->smoothed_speed_mps);
    if (state->p[5][5] < climb_sigma_max_mps * climb_sigma_max_mps) {
        track->smoothed_climb_mps += share * (state->x[5] - track->smoothed_climb_mps);
    }
    if (course_known && track->course_known) {
        const double turn_radps = sky_wrap_pi(course_rad - track->course_rad) / dt_s;
        track->smoothed_turn_radps += share * (turn_radps - track->smoothed_turn_radps);
    }
    track->course_known = course_known;
    track->course_rad = course_rad;
    track->smoothed_ns = state->time_ns;
}

void sky_track_observe(struct sky_track *track, double height_hae_m,
                       const struct sky_remark *remark)
{
    struct sky_track_features *const features = &track->features;
    const double *const x = track->state.x;
    const double speed_mps = sky_sqrt(x[3] * x[3] + x[4] * x[4]);
    const uint32_t count = ++features->samples;

    if (count == 1) {
        features->height_min_m = height_hae_m;
        features->height_max_m = height_hae_m;
        track->smoothed_speed_mps = speed_mps;
        track->smoothed_ns = track->state.time_ns;
    }
    smooth(track, speed_mps);
    features->speed_mean_mps = running_mean(features->speed_mean_mps, speed_mps, count);
    features->speed_max_mps = larger(features->speed_max_mps, track->smoothed_speed_mps);
    features->height_mean_m = running_mean(features->height_mean_m, height_hae_m, count);
    features->height_min_m = smaller(features->height_min_m, height_hae_m);
    features->height_max_m = larger(features->height_max_m, height_hae_m);
    features->climb_max_mps = larger(features->climb_max_mps, sky_abs(track->smoothed_climb_mps));
    features->turn_max_radps =
        larger(features->turn_max_radps, sky_abs(track->smoothed_turn_radps));
    features->hover_share =
        running_mean(features->hover_share, speed_mps < hover_mps ? 1.0 : 0.0, count);
    if ((remark->has & SKY_PLOT_RCS) != 0) {
        features->rcs_mean_dbsm =
            running_mean(features->rcs_mean_dbsm, remark->rcs_dbsm, ++features->rcs_samples);
    }
}

void sky_track_identify(struct sky_track *track, const struct sky_remark *remark)
{
    if ((remark->has & SKY_PLOT_ICAO) != 0) {
        track->icao_address = remark->icao_address;
    }
    if ((remark->has & SKY_PLOT_MODE_3A) != 0) {
        track->mode_3a = remark->mode_3a;
        track->has_mode_3a = true;
    }
    if ((remark->has & SKY_PLOT_CALLSIGN) != 0) {
        memcpy(track->callsign, remark->callsign, sizeof track->callsign);
    }
    if ((remark->has & SKY_PLOT_EMITTER) != 0) {
        track->emitter = remark->emitter;
    }
    const uint32_t words =
        SKY_PLOT_ICAO | SKY_PLOT_MODE_3A | SKY_PLOT_CALLSIGN | SKY_PLOT_COOPERATES;
    track->cooperative = track->cooperative || (remark->has & words) != 0;
}

/* --- What it has taken ---------------------------------------------------------------------- */

/* Of one sensor. A radar may have been carried on meanwhile; a reported place is its own pose. */
bool sky_track_is_same_plot(const struct sky_look *a, const struct sky_look *b)
{
    const struct sky_enu *const at = &a->pose.origin;
    const struct sky_enu *const bt = &b->pose.origin;
    return a->raw.time_ns == b->raw.time_ns && a->raw.slant_range_m == b->raw.slant_range_m &&
           a->raw.azimuth_rad == b->raw.azimuth_rad &&
           a->raw.elevation_rad == b->raw.elevation_rad &&
           a->measurement.radial_speed_mps == b->measurement.radial_speed_mps &&
           a->measurement.height_hae_m == b->measurement.height_hae_m &&
           (!a->measurement.is_place ||
            (at->east_m == bt->east_m && at->north_m == bt->north_m && at->up_m == bt->up_m));
}

bool sky_track_took(const struct sky_track *track, const struct sky_look *look, int64_t span_ns,
                    bool *ret_same)
{
    for (uint32_t n = track->look_count; n >= first_look(track); n--) {
        const struct sky_look *const other = const_look_at(track, n);
        const int64_t apart_ns = look->measurement.time_ns - other->measurement.time_ns;
        if (other->sensor == look->sensor && -span_ns < apart_ns && apart_ns < span_ns) {
            *ret_same = *ret_same || sky_track_is_same_plot(other, look);
            return true;
        }
    }
    return false;
}

const struct sky_look *sky_track_first_look(const struct sky_track *track)
{
    return const_look_at(track, first_look(track));
}

/* --- Registration --------------------------------------------------------------------------- */

struct sky_look *sky_track_unpaired(struct sky_track *track, uint32_t sensor, int64_t time_ns,
                                    int64_t most_ns)
{
    for (uint32_t n = track->look_count; n >= first_look(track); n--) {
        struct sky_look *const look = look_at(track, n);
        const int64_t apart_ns = time_ns - look->measurement.time_ns;
        if (apart_ns > most_ns) {
            break;
        }
        if (!look->paired && look->sensor != sensor && apart_ns >= -most_ns) {
            return look;
        }
    }
    return NULL;
}

struct sky_look *sky_track_look_at(struct sky_track *track, uint32_t sensor, int64_t time_ns)
{
    for (uint32_t n = track->look_count; n >= first_look(track); n--) {
        struct sky_look *const look = look_at(track, n);
        if (look->sensor == sensor && look->measurement.time_ns == time_ns) {
            return look;
        }
    }
    return NULL;
}
