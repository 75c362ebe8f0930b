#include "sky_tracker.h"

#include <stddef.h>
#include <string.h>

#include "sky_math.h"

static const double log_odds_hopeless = -4.6; /* existence 0.01: a believed track is given up */
static const double wanted_penalty = 6.0;     /* odds against a birth beside a believed track */
static const double log_odds_least = -15.0;   /* in a hot spot nothing is started */
static const double tentative_patience = 4.0; /* log-odds a tentative track may lose */
static const uint32_t tentative_misses_max = 3;
static const double identity_gain = 7.0; /* the same address: a thousand to one */

static const double no_gate2 = 1e300;

static const double share_memory_s = 20.0;
static const int64_t pair_apart_ns = 4 * SKY_SECOND_NS;

static double smaller(double a, double b) { return a < b ? a : b; }
static int64_t later(int64_t a_ns, int64_t b_ns) { return a_ns > b_ns ? a_ns : b_ns; }
static int64_t earlier(int64_t a_ns, int64_t b_ns) { return a_ns < b_ns ? a_ns : b_ns; }

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

/* Enters a track as it is where the gates look for it: believed and tentative apart, by age. */
static void list_track(struct sky_tracker *tracker, uint32_t slot)
{
    struct sky_reach *const reach = &tracker->reach[slot];
    sky_reach_of_track(&tracker->track[slot], reach);
    struct sky_reach_list *const list = &tracker->listed[reach->tentative];
    uint32_t position = list->count;
    while (position > 0 &&
           tracker->track[list->slot[position - 1]].serial > tracker->track[slot].serial) {
        position--;
    }
    sky_reach_insert(list, position, slot);
    sky_reach_set_box(&tracker->gates, reach, list, position);
}

static void unlist_track(struct sky_tracker *tracker, uint32_t slot)
{
    struct sky_reach_list *const list = &tracker->listed[tracker->reach[slot].tentative];
    sky_reach_remove(list, sky_reach_find(list, slot));
}

/* It has moved. */
static void relist_track(struct sky_tracker *tracker, uint32_t slot)
{
    struct sky_reach *const reach = &tracker->reach[slot];
    struct sky_reach_list *const list = &tracker->listed[reach->tentative];
    sky_reach_of_track(&tracker->track[slot], reach);
    sky_reach_set_box(&tracker->gates, reach, list, sky_reach_find(list, slot));
}

/* Ends a track; its slot is listed until the next sweep. */
static void set_free(struct sky_tracker *tracker, uint32_t slot)
{
    tracker->track[slot].status = SKY_TRACK_FREE;
    tracker->freed[tracker->freed_count++] = slot;
    if (slot < tracker->free_from) {
        tracker->free_from = slot;
    }
}

/* Takes freed slots out of all lists. */
static void sweep(struct sky_tracker *tracker)
{
    while (tracker->freed_count > 0) {
        const uint32_t slot = tracker->freed[--tracker->freed_count];
        uint32_t i = 0;
        unlist_track(tracker, slot);
        while (tracker->active[i] != slot) {
            i++;
        }
        for (tracker->active_count--; i < tracker->active_count; i++) {
            tracker->active[i] = tracker->active[i + 1];
        }
    }
}

/* A new call: what the last one said is over, and what it lost is gone. */
static void begin_call(struct sky_tracker *tracker)
{
    for (uint32_t i = 0; i < tracker->touched_count; i++) {
        const uint32_t slot = tracker->touched[i];
        if (!is_live(tracker, slot)) {
            set_free(tracker, slot);
        }
        tracker->change[slot] = 0;
    }
    tracker->touched_count = 0;
    tracker->nis_changed = 0;
    memset(tracker->refused, 0, sizeof tracker->refused);
    sweep(tracker);
}

static void refuse(struct sky_tracker *tracker, uint32_t sensor, enum sky_refusal why)
{
    uint64_t *const count[] = {[SKY_REFUSED_TOO_OLD] = &tracker->stats.too_old,
                               [SKY_REFUSED_REPEATED] = &tracker->stats.repeated,
                               [SKY_REFUSED_NO_ROOM] = &tracker->stats.no_room};
    ++*count[why];
    tracker->refused[sensor][why]++;
}

/* A tentative track came to nothing: its plots were clutter. */
static void forget(struct sky_tracker *tracker, uint32_t slot)
{
    const struct sky_track *const track = &tracker->track[slot];
    tracker->stats.clutter += track->hits;
    for (uint32_t i = 0; i < track->cell_count; i++) {
        sky_clutter_add(&tracker->sensor[track->cell_sensor[i]].clutter, track->cell[i]);
    }
    set_free(tracker, slot);
}

/*
 * The start with a single plot that has waited longest for its second, if any: one that came before
 * now_ns, else a burst of false plots would drive out all starts before they can be seen again.
 */
static uint32_t least_promising(struct sky_tracker *tracker, int64_t now_ns)
{
    const struct sky_reach_list *const starts = &tracker->listed[true];
    uint32_t found = SKY_TRACKS_MAX;
    int64_t oldest_ns = now_ns;
    if (now_ns <= tracker->single_from_ns) { /* a burst of plots asks again and again */
        return found;
    }
    for (uint32_t i = 0; i < starts->count; i++) {
        const struct sky_reach *const reach = &tracker->reach[starts->slot[i]];
        if (reach->single && reach->time_ns < oldest_ns) {
            found = starts->slot[i];
            oldest_ns = reach->time_ns;
        }
    }
    tracker->single_from_ns = oldest_ns;
    return found;
}

/*
 * An empty slot for a start, made if need be and possible; SKY_TRACKS_MAX if not. A start from
 * before earlier_ns may have to go for it.
 */
static uint32_t find_slot(struct sky_tracker *tracker, uint32_t sensor, int64_t earlier_ns)
{
    if (tracker->active_count == SKY_TRACKS_MAX) {
        refuse(tracker, sensor, SKY_REFUSED_NO_ROOM);
        const uint32_t slot = least_promising(tracker, earlier_ns);
        if (slot < SKY_TRACKS_MAX) {
            forget(tracker, slot);
            sweep(tracker);
        }
        return slot;
    }
    while (tracker->track[tracker->free_from].status != SKY_TRACK_FREE) {
        tracker->free_from++;
    }
    return tracker->free_from;
}

/* --- Beginning ------------------------------------------------------------------------------ */

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
    tracker->claims.count = 0;
    for (uint32_t slot = 0; slot < SKY_TRACKS_MAX; slot++) {
        tracker->track[slot].status = SKY_TRACK_FREE;
    }
    tracker->next_id = 1;
    tracker->next_serial = 1;
    make_motion(&tracker->rules.motion, &config->tracker);
    tracker->rules.first.count = 1;
    tracker->rules.first.sojourn_s = config->tracker.sojourn_s;
    tracker->rules.first.motion[0] = tracker->rules.motion.motion[2]; /* whatever it does */
    tracker->rules.speed_sigma_mps = config->tracker.speed_max_mps / 3.0;
    tracker->rules.outlier2 = 20.0;
    tracker->rules.lifetime_s = config->tracker.lifetime_s;
    sky_reach_gates_init(&tracker->gates, config->tracker.gate_probability, &tracker->rules.motion);
    sky_register_init(&tracker->registration, config, time_ns);
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        sky_watch_init(&tracker->sensor[i], config, i);
        tracker->slack_outdated |= 1U << i;
    }
}

/* --- Gates ---------------------------------------------------------------------------------- */

static bool is_shared(const struct sky_track *track, uint32_t sensor)
{
    return (track->sensors & ~(1U << sensor)) != 0;
}

/* The plot as a track should take it: what another sensor sees too bears this one's unknown bias.
 */
static struct sky_measurement measurement_for(const struct sky_tracker *tracker,
                                              const struct sky_track *track,
                                              const struct sky_look *look)
{
    return is_shared(track, look->sensor)
               ? sky_watch_with_slack(&tracker->sensor[look->sensor], &look->measurement)
               : look->measurement;
}

/* Has the track a plot of this sensor from the same sweep, perhaps this very one? */
static bool took_just_now(const struct sky_config *config, const struct sky_track *track,
                          const struct sky_look *look, bool *ret_same)
{
    const uint32_t sensor = look->sensor;
    const int64_t least_ns = config->sensor[sensor].scan_ns * 2 / 5;
    return (track->sensors & 1U << sensor) != 0 &&
           look->measurement.time_ns - track->seen_by_ns[sensor] < least_ns &&
           sky_track_took(track, look, least_ns, ret_same);
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

static double log_birth_of(const struct sky_tracker *tracker, const struct sky_config *config,
                           const struct sky_look *look)
{
    return sky_watch_log_birth(&tracker->sensor[look->sensor], &config->sensor[look->sensor],
                               &look->measurement);
}

/*
 * ln of how much likelier a plot is as this aircraft's than as clutter. One from before all others
 * is where the aircraft appeared; the innovation is of the look that was taken for that.
 */
static double log_ratio_of(const struct sky_tracker *tracker, const struct sky_config *config,
                           const struct sky_claim *claim, const struct sky_track *track,
                           const struct sky_innovation *innovation)
{
    const double log_ratio = sky_log(claim->detection) + innovation->log_likelihood -
                             claim->log_clutter + identity_gain_of(track, &claim->remark);
    return claim->look.measurement.time_ns < track->started_ns
               ? log_ratio + log_birth_of(tracker, config, &claim->look) -
                     log_birth_of(tracker, config, sky_track_first_look(track))
               : log_ratio;
}

/* The gates between the box and the exact one, and what a plot says of who it is. */
static bool may_have(const struct sky_tracker *tracker, uint32_t slot,
                     const struct sky_claim *claim)
{
    const struct sky_reach *const reach = &tracker->reach[slot];
    return sky_reach_is_within(&tracker->gates, reach, &claim->spot,
                               claim->look.measurement.time_ns) &&
           is_live(tracker, slot) && !is_other(&tracker->track[slot], &claim->remark) &&
           sky_reach_is_in_line(&tracker->gates, reach, &tracker->track[slot].state, &claim->spot,
                                &claim->look);
}

/* Looks for tracks of one kind that a claim may belong to. */
static void find_candidates(struct sky_tracker *tracker, const struct sky_config *config,
                            struct sky_claim *claim, bool tentative, struct sky_fitted *fitted)
{
    struct sky_imm *const imm = &tracker->scratch.imm;
    uint32_t near[SKY_TRACKS_MAX];
    const uint32_t count = sky_reach_search(&tracker->listed[tentative], &claim->spot,
                                            claim->look.measurement.time_ns, near);

    claim->candidate_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t slot = near[i];
        if (!may_have(tracker, slot, claim)) {
            continue;
        }
        const struct sky_track *const track = &tracker->track[slot];
        const struct sky_measurement m = measurement_for(tracker, track, &claim->look);
        struct sky_innovation innovation;
        const enum sky_fit fit = sky_track_try(track, &tracker->rules, &m, &claim->look.pose,
                                               tracker->gates.exact2[tentative], imm, &innovation);
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
        const double ratio = log_ratio_of(tracker, config, claim, track, &innovation);
        const double cost = sky_log(1.0 - claim->detection) - ratio;
        if (cost < 0.0) {
            if (claim->candidate_count == 0 && fitted != NULL) {
                fitted->imm = *imm;
                fitted->innovation = innovation;
            }
            sky_claim_offer(claim, slot, cost);
        }
    }
    if (claim->repeated) { /* nobody else's either */
        claim->candidate_count = 0;
    }
}

/* --- Duplicates ----------------------------------------------------------------------------- */

/* Forgets a track: at once if nobody was told of it, else with a last word. */
static void drop_duplicate(struct sky_tracker *tracker, uint32_t slot)
{
    struct sky_track *const track = &tracker->track[slot];
    tracker->stats.duplicates++;
    if (track->status == SKY_TRACK_TENTATIVE) {
        set_free(tracker, slot);
    } else {
        note(tracker, slot, SKY_TRACK_NOW_LOST);
        tracker->change[slot] = SKY_TRACK_NOW_LOST;
    }
}

/* All tracks near an updated one, itself among them, by age; returns how many. */
static uint32_t find_near(const struct sky_tracker *tracker, uint32_t slot,
                          uint32_t ret_slot[SKY_TRACKS_MAX])
{
    const struct sky_reach *const own = &tracker->reach[slot];
    const struct sky_spot here = {.place = {own->place_m[0], own->place_m[1], own->place_m[2]},
                                  .near_m = SKY_TWIN_APART_MAX_M};
    uint32_t near[2][SKY_TRACKS_MAX], count[2], taken[2] = {0, 0};

    for (int kind = 0; kind < 2; kind++) {
        count[kind] = sky_reach_search(&tracker->listed[kind], &here, own->time_ns, near[kind]);
    }
    const uint32_t all = count[0] + count[1];
    for (uint32_t i = 0; i < all; i++) {
        const bool second = taken[0] == count[0] ||
                            (taken[1] < count[1] && tracker->track[near[1][taken[1]]].serial <
                                                        tracker->track[near[0][taken[0]]].serial);
        ret_slot[i] = near[second][taken[second]++];
    }
    return all;
}

/* Compares an updated track with those around it. */
static void watch_twins(struct sky_tracker *tracker, const struct sky_config *config, uint32_t slot)
{
    struct sky_track *const own = &tracker->track[slot];
    const struct sky_twin_rules rules = {.config = config,
                                         .track = &tracker->rules,
                                         .gates = &tracker->gates,
                                         .watch = tracker->sensor};
    uint32_t near[SKY_TRACKS_MAX];
    const uint32_t count = find_near(tracker, slot, near);
    for (uint32_t i = 0; i < count && is_live(tracker, slot); i++) {
        const uint32_t other = near[i];
        struct sky_track *const track = &tracker->track[other];
        if (other == slot || track->hits < 3 || !is_live(tracker, other) ||
            !sky_twin_is_near(&tracker->reach[slot], &tracker->reach[other])) {
            continue;
        }
        if (sky_twin_compare(&rules, own, &tracker->reach[slot], track, &tracker->reach[other])) {
            drop_duplicate(tracker, sky_twin_outranks(own, track) ? other : slot);
        }
    }
}

/* --- Learning from updates ------------------------------------------------------------------ */

/* Which part of the track's knowledge is this sensor's: the weight of its biases. */
static void add_share(struct sky_track *track, const struct sky_claim *claim, double dt_s)
{
    const double fade = dt_s > 0.0 ? sky_exp(-dt_s / share_memory_s) : 1.0;
    for (uint32_t i = 0; i < SKY_SENSORS_MAX; i++) {
        track->share[i] *= fade;
    }
    track->share[claim->look.sensor] += 1.0 / claim->spot.spread_m2;
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
    tracker->slack_outdated = UINT32_MAX;
    (void)sky_register_pair(&tracker->registration, config, &a, &b, velocity_mps, cov,
                            tracker->rules.motion.motion[1].accel_psd_m2ps3);
}

static void learn(struct sky_tracker *tracker, const struct sky_config *config,
                  struct sky_track *track, const struct sky_claim *claim)
{
    const uint32_t sensor = claim->look.sensor;
    struct sky_watch *const watch = &tracker->sensor[sensor];

    if (track->log_odds < SKY_LOG_ODDS_LEARN) {
        return;
    }
    sky_watch_saw(watch, &config->sensor[sensor], &claim->look.measurement);
    if (claim->look.measurement.time_ns > track->started_ns && /* else it is of another plot */
        sky_nis_add(&watch->nis, &track->innovation)) {
        tracker->nis_changed |= 1U << sensor;
    }
    if (is_shared(track, sensor)) {
        pair_up(tracker, config, track, claim);
    }
}

/* --- Updating ------------------------------------------------------------------------------- */

static struct sky_miss_rules rules_of_misses(const struct sky_tracker *tracker,
                                             const struct sky_config *config)
{
    return (struct sky_miss_rules){
        .config = config, .track = &tracker->rules, .watch = tracker->sensor};
}

/* Remembers where a plot of a track that may be clutter lay; the oldest then was clutter. */
static void remember_cell(struct sky_tracker *tracker, struct sky_track *track,
                          const struct sky_claim *claim)
{
    struct sky_clutter *const clutter = &tracker->sensor[claim->look.sensor].clutter;
    if (!sky_clutter_is_settled(clutter, claim->cell)) {
        sky_clutter_add(clutter, claim->cell);
        return;
    }
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

static void confirm(struct sky_tracker *tracker, const struct sky_config *config, uint32_t slot,
                    int64_t time_ns)
{
    struct sky_track *const track = &tracker->track[slot];
    if (track->status == SKY_TRACK_TENTATIVE &&
        sky_track_existence(track->log_odds) >= config->tracker.confirm_existence) {
        unlist_track(tracker, slot);
        track->status = SKY_TRACK_CONFIRMED;
        track->id = tracker->next_id++;
        list_track(tracker, slot);
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
    struct sky_watch *const watch = &tracker->sensor[look.sensor];

    if (!is_live(tracker, slot)) {
        return false;
    }
    look.measurement = measurement_for(tracker, track, &claim->look);
    const int64_t until_ns = time_ns - config->sensor[look.sensor].scan_ns / 2;
    const struct sky_miss_rules missing = rules_of_misses(tracker, config);
    if (sky_miss_is_due(track, look.sensor, until_ns)) { /* since its last hit */
        sky_miss_count(&missing, track, look.sensor, until_ns, watch);
    }
    const struct sky_imm *imm = &tracker->scratch.imm;
    if (fitted != NULL) {
        imm = &fitted->imm;
        track->innovation = fitted->innovation;
    } else { /* as when it was gated: a track takes one plot of a look */
        (void)sky_track_try(track, &tracker->rules, &look.measurement, &look.pose, no_gate2,
                            &tracker->scratch.imm, &track->innovation);
    }
    const double ratio = log_ratio_of(tracker, config, claim, track, &track->innovation);
    sky_track_take(track, &tracker->rules, &look, imm);
    relist_track(tracker, slot);
    sky_miss_take_back(&missing, track, look.sensor, time_ns, watch);
    sky_track_weigh(track, &tracker->rules, time_ns,
                    sky_log(1.0 - claim->detection + sky_exp(smaller(ratio, 60.0))));
    count_hit(tracker, config, track, claim);
    add_share(track, claim, dt_s);
    sky_track_identify(track, &claim->remark);
    tracker->answers_heard = tracker->answers_heard || track->cooperative;
    confirm(tracker, config, slot, time_ns);
    if (track->status == SKY_TRACK_TENTATIVE) {
        remember_cell(tracker, track, claim);
    } else {
        const struct sky_enu place = {track->state.x[0], track->state.x[1], track->state.x[2]};
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
    const uint32_t sensor = claim->look.sensor;
    const double log_new = log_birth_of(tracker, config, &claim->look);
    const double log_odds = log_new - claim->log_clutter - (claim->wanted ? wanted_penalty : 0.0);
    if (log_odds < log_odds_least) {
        sky_clutter_add(&tracker->sensor[sensor].clutter, claim->cell);
        tracker->stats.clutter++;
        return;
    }
    const uint32_t slot = find_slot(
        tracker, sensor, claim->look.measurement.time_ns - config->sensor[sensor].scan_ns / 2);
    if (slot == SKY_TRACKS_MAX) { /* as likely as not false, like those that make the crowd */
        sky_clutter_add(&tracker->sensor[sensor].clutter, claim->cell);
        return;
    }
    struct sky_track *const track = &tracker->track[slot];

    sky_track_start(track, &tracker->rules, &claim->look);
    track->serial = tracker->next_serial++;
    track->status = SKY_TRACK_TENTATIVE;
    track->log_odds = log_odds;
    track->log_odds_start = track->log_odds;
    track->seen_ns = claim->look.measurement.time_ns;
    tracker->single_from_ns = earlier(tracker->single_from_ns, track->seen_ns);
    count_hit(tracker, config, track, claim);
    add_share(track, claim, 0.0);
    sky_track_identify(track, &claim->remark);
    remember_cell(tracker, track, claim);
    tracker->change[slot] = 0;
    tracker->active[tracker->active_count++] = slot;
    list_track(tracker, slot);
}

/* --- One look: plots of one sensor of which no two can be one aircraft ---------------------- */

/* Shares out the plots of all groups that are decided now, by least total cost. */
static void solve(struct sky_tracker *tracker, const struct sky_config *config,
                  const struct sky_geo_frame *frame, uint32_t first, uint32_t last)
{
    struct sky_tracker_scratch *const scratch = &tracker->scratch;
    uint32_t rows = 0;

    for (uint32_t k = first; k < last; k++) {
        const struct sky_claim *const claim = sky_claim_at(&tracker->claims, k);
        for (uint32_t i = 0; i < claim->candidate_count && !claim->done; i++) {
            scratch->row_of[claim->candidate[i].slot] = SKY_ASSIGN_NONE;
        }
    }
    for (uint32_t a = 0; a < tracker->active_count; a++) { /* rows by age */
        const uint32_t slot = tracker->active[a];
        if (scratch->row_of[slot] == SKY_ASSIGN_NONE) {
            scratch->slot_of[rows] = slot;
            scratch->row_of[slot] = rows++;
        }
    }
    sky_assign_begin(&scratch->assign, rows, last - first);
    for (uint32_t k = first; k < last; k++) {
        const struct sky_claim *const claim = sky_claim_at(&tracker->claims, k);
        for (uint32_t i = 0; i < claim->candidate_count && !claim->done; i++) {
            sky_assign_offer(&scratch->assign, scratch->row_of[claim->candidate[i].slot], k - first,
                             claim->candidate[i].cost);
        }
    }
    sky_assign_solve(&scratch->assign);
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = sky_claim_at(&tracker->claims, k);
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
    struct sky_claims *const claims = &tracker->claims;
    bool contested = false;

    for (uint32_t k = first; k < last; k++) {
        struct sky_fitted *const kept =
            k - first < SKY_FITTED_MAX ? &tracker->scratch.fitted[k - first] : NULL;
        struct sky_claim *const claim = sky_claim_at(claims, k);
        claim->candidate_count = 0;
        if (!claim->done) {
            claim->wanted = claim->stale = false; /* if it waited: not any more */
            find_candidates(tracker, config, claim, false, kept);
        }
    }
    sky_claim_group(claims, first, last);
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = sky_claim_at(claims, k);
        if (!claim->done && sky_claim_is_alone(claims, k)) {
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
    sky_claim_hold(claims, first, last, time_ns, config->tracker.hold_ns);
    solve(tracker, config, frame, first, last);
}

static void share_among_tentative(struct sky_tracker *tracker, const struct sky_config *config,
                                  const struct sky_geo_frame *frame, uint32_t first, uint32_t last)
{
    bool any = false;
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = sky_claim_at(&tracker->claims, k);
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
        refuse(tracker, claim->look.sensor, SKY_REFUSED_REPEATED);
    } else if (claim->stale) {
        refuse(tracker, claim->look.sensor, SKY_REFUSED_TOO_OLD);
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
        const struct sky_claim *const claim = sky_claim_at(&tracker->claims, k);
        if (!claim->done) {
            take_left_over(tracker, config, claim);
        }
    }
}

/* --- Plots at hand -------------------------------------------------------------------------- */

enum sky_status sky_tracker_offer(struct sky_tracker *tracker, const struct sky_config *config,
                                  const struct sky_claim *offered)
{
    const uint32_t sensor = offered->look.sensor;
    const struct sky_sensor_config *const stated = &config->sensor[sensor];
    const struct sky_measurement *const m = &offered->look.measurement;
    struct sky_watch *const watch = &tracker->sensor[sensor];

    watch->plots++;
    if (!m->is_place && !(m->slant_range_m >= 1.0 && m->slant_range_m <= stated->range_max_m)) {
        tracker->stats.out_of_range++;
        return SKY_E_RANGE;
    }
    struct sky_claim *const claim = sky_claim_add(&tracker->claims, offered);
    if (claim == NULL) {
        return SKY_E_CAPACITY;
    }
    if ((tracker->slack_outdated & 1U << sensor) != 0) {
        tracker->slack_outdated &= ~(1U << sensor);
        sky_watch_set_slack(watch, &tracker->registration, config, sensor);
    }
    sky_watch_hear(watch, stated, &claim->look, claim->arrival_ns);
    sky_reach_of_plot(&tracker->gates, &claim->look, watch->slack2, &claim->spot);
    claim->cell = m->is_place ? SKY_CLUTTER_NO_CELL : sky_clutter_cell(stated, m);
    claim->log_clutter = sky_watch_log_clutter(watch, stated, m);
    claim->detection = sky_watch_detection(watch, stated, m);
    return SKY_OK;
}

void sky_tracker_run(struct sky_tracker *tracker, const struct sky_config *config,
                     const struct sky_geo_frame *frame, int64_t time_ns)
{
    struct sky_claims *const claims = &tracker->claims;

    begin_call(tracker);
    sky_claim_sort(claims);
    for (uint32_t i = 0; i < claims->count; i++) {
        if (claims->claim[i].repeated) {
            refuse(tracker, claims->claim[i].look.sensor, SKY_REFUSED_REPEATED);
        }
    }
    for (uint32_t first = 0, last = 0; first < claims->count; first = last) {
        const uint32_t sensor = sky_claim_at(claims, first)->look.sensor;
        last = sky_claim_look_end(claims, first, config->sensor[sensor].scan_ns / 2);
        take_look(tracker, config, frame, first, last, time_ns);
    }
    sky_claim_keep_waiting(claims);
}

/* --- Time ----------------------------------------------------------------------------------- */

static void age_tentative(struct sky_tracker *tracker, uint32_t slot)
{
    const struct sky_track *const track = &tracker->track[slot];
    if (track->misses_in_row >= (track->hits < 3 ? 2U : tentative_misses_max) ||
        track->log_odds < track->log_odds_start - tentative_patience) {
        forget(tracker, slot);
    }
}

static void age_believed(struct sky_tracker *tracker, const struct sky_miss_rules *missing,
                         uint32_t slot, int64_t time_ns)
{
    struct sky_track *const track = &tracker->track[slot];
    const struct sky_tracker_config *const config = &missing->config->tracker;
    const int64_t unseen_ns = time_ns - track->seen_ns;
    if (unseen_ns > config->lose_ns || track->log_odds < log_odds_hopeless ||
        (unseen_ns > config->coast_ns && sky_miss_has_left(missing, track, time_ns))) {
        note(tracker, slot, SKY_TRACK_NOW_LOST);
    } else if (unseen_ns > config->coast_ns && track->status == SKY_TRACK_CONFIRMED) {
        track->status = SKY_TRACK_COASTING;
        note(tracker, slot, SKY_TRACK_NOW_COASTING);
    }
}

double sky_tracker_existence_at(const struct sky_tracker *tracker, const struct sky_config *config,
                                uint32_t slot, int64_t time_ns)
{
    const struct sky_miss_rules missing = rules_of_misses(tracker, config);
    return sky_track_existence(sky_miss_log_odds_at(&missing, &tracker->track[slot], time_ns));
}

void sky_tracker_tick(struct sky_tracker *tracker, const struct sky_config *config,
                      const struct sky_geo_frame *frame, int64_t time_ns)
{
    const struct sky_miss_rules missing = rules_of_misses(tracker, config);
    int64_t heard_ns[SKY_SENSORS_MAX] = {0}; /* until when what each saw has come */

    sky_tracker_run(tracker, config, frame, time_ns);
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        sky_clutter_age(&tracker->sensor[i].clutter, &config->sensor[i], time_ns);
        heard_ns[i] = sky_miss_heard_until(&missing, i, time_ns);
    }
    for (uint32_t i = 0; i < tracker->active_count; i++) {
        const uint32_t slot = tracker->active[i];
        if (!is_live(tracker, slot)) {
            continue;
        }
        for (uint32_t k = 0; k < config->sensor_count; k++) {
            if (sky_miss_is_due(&tracker->track[slot], k, heard_ns[k])) {
                sky_miss_count(&missing, &tracker->track[slot], k, heard_ns[k],
                               &tracker->sensor[k]);
            }
        }
        if (is_tentative(tracker, slot)) {
            age_tentative(tracker, slot);
        } else {
            age_believed(tracker, &missing, slot, time_ns);
        }
    }
    sweep(tracker);
}
