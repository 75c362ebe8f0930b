#include "sky_claim.h"

#include <stddef.h>
#include <string.h>

struct sky_claim *sky_claim_add(struct sky_claims *claims, const struct sky_claim *offered)
{
    if (claims->count == SKY_CLAIMS_MAX) {
        return NULL;
    }
    struct sky_claim *const claim = &claims->claim[claims->count++];
    memset(claim, 0, sizeof *claim);
    claim->look = offered->look;
    claim->remark = offered->remark;
    claim->arrival_ns = offered->arrival_ns;
    return claim;
}

/* --- Order ---------------------------------------------------------------------------------- */

enum { KEYS = 10 };

/* What tells two plots of one instant apart. */
static void list_keys(const struct sky_claim *claim, double ret_key[KEYS])
{
    const struct sky_measurement *const m = &claim->look.measurement;
    const struct sky_enu *const place = &claim->spot.place;
    const double key[KEYS] = {m->slant_range_m,
                              m->azimuth_rad,
                              m->elevation_rad,
                              place->east_m,
                              place->north_m,
                              place->up_m,
                              m->has_height ? m->height_hae_m : 0.0,
                              m->has_radial_speed ? m->radial_speed_mps : 0.0,
                              (double)claim->remark.icao_address,
                              (double)claim->remark.mode_3a};
    memcpy(ret_key, key, sizeof key);
}

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
    double of_a[KEYS], of_b[KEYS];
    list_keys(a, of_a);
    list_keys(b, of_b);
    size_t i = 0;
    while (i < KEYS - 1 && of_a[i] == of_b[i]) {
        i++;
    }
    return of_a[i] < of_b[i];
}

/* Merges two neighbouring runs that are in order; of equals, those of the first come first. */
static void merge(struct sky_claims *claims, uint32_t begin, uint32_t middle, uint32_t end)
{
    uint32_t *const order = claims->order;
    if (!comes_before(&claims->claim[order[middle]], &claims->claim[order[middle - 1]])) {
        return; /* they are already */
    }
    memcpy(claims->merged + begin, order + begin, (middle - begin) * sizeof *order);
    uint32_t left = begin, right = middle;
    for (uint32_t to = begin; left < middle; to++) {
        if (right < end &&
            comes_before(&claims->claim[order[right]], &claims->claim[claims->merged[left]])) {
            order[to] = order[right++];
        } else {
            order[to] = claims->merged[left++];
        }
    }
}

/* The same numbers from two aircraft that say who they are are two plots. */
static bool is_same(const struct sky_claim *a, const struct sky_claim *b)
{
    return a->look.sensor == b->look.sensor && sky_track_is_same_plot(&a->look, &b->look) &&
           a->remark.icao_address == b->remark.icao_address &&
           a->remark.mode_3a == b->remark.mode_3a;
}

void sky_claim_sort(struct sky_claims *claims)
{
    claims->waiting_count = 0;
    for (uint32_t i = 0; i < claims->count; i++) {
        claims->order[i] = i;
    }
    for (uint32_t run = 1; run < claims->count; run *= 2) {
        for (uint32_t begin = 0; begin + run < claims->count; begin += 2 * run) {
            const uint32_t rest = claims->count - begin;
            merge(claims, begin, begin + run, begin + (rest < 2 * run ? rest : 2 * run));
        }
    }
    for (uint32_t k = 1; k < claims->count; k++) {
        struct sky_claim *const claim = sky_claim_at(claims, k);
        claim->repeated = is_same(claim, sky_claim_at(claims, k - 1));
        claim->done = claim->repeated;
    }
}

uint32_t sky_claim_look_end(struct sky_claims *claims, uint32_t first, int64_t span_ns)
{
    const struct sky_look *const begin = &sky_claim_at(claims, first)->look;
    uint32_t last = first + 1;
    while (last < claims->count && sky_claim_at(claims, last)->look.sensor == begin->sensor &&
           sky_claim_at(claims, last)->look.measurement.time_ns - begin->measurement.time_ns <
               span_ns) {
        last++;
    }
    return last;
}

/* --- Rivals --------------------------------------------------------------------------------- */

void sky_claim_offer(struct sky_claim *claim, uint32_t slot, double cost)
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

/* The first of a group, however many were joined; shortens the way there. */
static uint32_t find_first(struct sky_claims *claims, uint32_t position)
{
    struct sky_claim *claim = sky_claim_at(claims, position);
    while (claim->group != position) {
        claim->group = sky_claim_at(claims, claim->group)->group;
        position = claim->group;
        claim = sky_claim_at(claims, position);
    }
    return position;
}

static void join(struct sky_claims *claims, uint32_t a, uint32_t b)
{
    const uint32_t of_a = find_first(claims, a), of_b = find_first(claims, b);
    if (of_a < of_b) {
        sky_claim_at(claims, of_b)->group = of_a;
    } else {
        sky_claim_at(claims, of_a)->group = of_b;
    }
}

void sky_claim_group(struct sky_claims *claims, uint32_t first, uint32_t last)
{
    uint32_t *const first_for = claims->first_for;
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = sky_claim_at(claims, k);
        claim->group = k;
        claim->group_size = 0;
        claim->group_arrival_ns = claim->arrival_ns;
        for (uint32_t i = 0; i < claim->candidate_count; i++) {
            first_for[claim->candidate[i].slot] = SKY_CLAIMS_MAX;
        }
    }
    for (uint32_t k = first; k < last; k++) {
        const struct sky_claim *const claim = sky_claim_at(claims, k);
        for (uint32_t i = 0; i < claim->candidate_count; i++) {
            uint32_t *const by = &first_for[claim->candidate[i].slot];
            if (*by == SKY_CLAIMS_MAX) {
                *by = k;
            } else {
                join(claims, *by, k);
            }
        }
    }
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = sky_claim_at(claims, k);
        claim->group = find_first(claims, k);
        struct sky_claim *const leader = sky_claim_at(claims, claim->group);
        leader->group_size++;
        if (claim->arrival_ns < leader->group_arrival_ns) {
            leader->group_arrival_ns = claim->arrival_ns;
        }
    }
}

bool sky_claim_is_alone(struct sky_claims *claims, uint32_t position)
{
    const struct sky_claim *const claim = sky_claim_at(claims, position);
    return claim->candidate_count == 1 && sky_claim_at(claims, claim->group)->group_size == 1;
}

/* --- Waiting -------------------------------------------------------------------------------- */

void sky_claim_hold(struct sky_claims *claims, uint32_t first, uint32_t last, int64_t time_ns,
                    int64_t hold_ns)
{
    for (uint32_t k = first; k < last; k++) {
        struct sky_claim *const claim = sky_claim_at(claims, k);
        const struct sky_claim *const leader = sky_claim_at(claims, claim->group);
        if (!claim->done && claim->candidate_count > 0 && claims->waiting_count < SKY_WAITING_MAX &&
            time_ns - leader->group_arrival_ns < hold_ns) {
            claim->done = true;
            claim->waits = true;
            claims->waiting_count++;
        }
    }
}

void sky_claim_keep_waiting(struct sky_claims *claims)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < claims->count; i++) {
        if (claims->claim[i].waits) {
            if (kept < i) {
                claims->claim[kept] = claims->claim[i];
            }
            claims->claim[kept].waits = false;
            claims->claim[kept++].done = false;
        }
    }
    claims->count = kept;
}
