#include "skyh_judge_weigh.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *skyh_judgment_relation(enum skyh_relation relation)
{
    switch (relation) {
    case SKYH_EXCLUDE:
        return "exclude each other";
    case SKYH_EXCLUDE_LINE:
        return "exclude each other under one line";
    case SKYH_AGREE:
        return "agree";
    case SKYH_COMPATIBLE:
        return "do not exclude each other";
    }
    return "?";
}

static struct skyh_comparison *compare(struct skyh_judgment *judgment, size_t a, size_t b,
                                       enum skyh_relation relation)
{
    struct skyh_comparison *const comparison = &judgment->comparison[judgment->comparison_count++];
    *comparison = (struct skyh_comparison){.a = a, .b = b, .relation = relation};
    return comparison;
}

/*
 * Two places cannot differ more in their distance to a line than they are apart: the way to the
 * line from the one leads over the other.
 */
static void compare_borders(struct skyh_judgment *judgment, const struct skyh_claims *claims,
                            size_t i, size_t k)
{
    const struct skyh_claim *const a = &claims->claim[i], *const b = &claims->claim[k];
    const double apart_m =
        skyh_claims_apart_m(a, b) + a->place_resolution_m + b->place_resolution_m;
    const double rounding_m = 0.5 * (a->resolution_m + b->resolution_m);
    const double least_m = fmax(0.0, fabs(a->border_m - b->border_m) - rounding_m);
    const bool possible = least_m <= apart_m;
    struct skyh_comparison *const comparison =
        compare(judgment, i, k, possible ? SKYH_COMPATIBLE : SKYH_EXCLUDE_LINE);
    (void)snprintf(comparison->text, sizeof comparison->text,
                   "as nearest distances to one line they differ by %.0f m, rounding taken off; "
                   "places %.0f m apart can differ by no more than that",
                   least_m, apart_m);
}

static void compare_entry_and_place(struct skyh_judgment *judgment,
                                    const struct skyh_claims *claims, size_t entry, size_t place)
{
    const struct skyh_claim *const a = &claims->claim[entry], *const b = &claims->claim[place];
    const double way_m = a->depth_m + (b->has_border ? b->border_m : 0.0);
    const double way_s = way_m / claims->speed_max_mps;
    char way[32];
    enum skyh_relation relation = SKYH_COMPATIBLE;
    double most_s = HUGE_VAL; /* between the two, as they may be read */
    if (a->at.known && b->at.known) {
        const double zones_s = a->at.zone_stated && b->at.zone_stated ? 0.0 : 14.0 * 3600.0;
        const int64_t a_ns = a->at.local_ns - a->at.offset_ns;
        const int64_t b_ns = b->at.local_ns - b->at.offset_ns;
        most_s = fmax(fabs((double)(b_ns + b->at.resolution_ns - a_ns)),
                      fabs((double)(a_ns + a->at.resolution_ns - b_ns))) *
                     1e-9 +
                 zones_s;
        relation = most_s < way_s ? SKYH_EXCLUDE : SKYH_COMPATIBLE;
    }
    struct skyh_comparison *const comparison = compare(judgment, entry, place, relation);
    (void)snprintf(comparison->text, sizeof comparison->text,
                   "%s m or more lie between the two, %.0f s at %.0f m/s; %s",
                   skyh_judgment_metres(way_m, way), way_s, claims->speed_max_mps,
                   a->at.known && b->at.known
                       ? (relation == SKYH_EXCLUDE ? "the stated times leave less"
                                                   : "the stated times leave that")
                       : "no two times are stated that would leave less");
}

static void compare_depths(struct skyh_judgment *judgment, const struct skyh_claims *claims,
                           size_t i, size_t k)
{
    const struct skyh_claim *const a = &claims->claim[i], *const b = &claims->claim[k];
    const double off_m = fabs(a->depth_m - b->depth_m);
    const bool rounding = off_m <= 0.5 * (a->resolution_m + b->resolution_m);
    struct skyh_comparison *const comparison =
        compare(judgment, i, k, rounding ? SKYH_AGREE : SKYH_COMPATIBLE);
    (void)snprintf(comparison->text, sizeof comparison->text,
                   "at least %.0f and at least %.0f m: %s", a->depth_m, b->depth_m,
                   rounding ? "the same within their digits"
                            : "the larger implies the smaller; as exact depths they differ");
}

/* Where either may be read in several zones, they mean one instant in some readings only. */
static void compare_times(struct skyh_judgment *judgment, const struct skyh_claims *claims,
                          size_t i, size_t k)
{
    const struct skyh_claim_time *const a = &claims->claim[i].at, *const b = &claims->claim[k].at;
    size_t readings = 0, meeting = 0;
    const size_t a_count = a->zone_stated ? 1 : claims->offset_count;
    const size_t b_count = b->zone_stated ? 1 : claims->offset_count;
    for (size_t m = 0; m < a_count; m++) {
        for (size_t n = 0; n < b_count; n++) {
            const int64_t a_ns =
                a->local_ns - (a->zone_stated ? a->offset_ns : claims->offset_ns[m]);
            const int64_t b_ns =
                b->local_ns - (b->zone_stated ? b->offset_ns : claims->offset_ns[n]);
            readings++;
            meeting += a_ns < b_ns + b->resolution_ns && b_ns < a_ns + a->resolution_ns ? 1 : 0;
        }
    }
    const enum skyh_relation relation =
        meeting == 0 ? SKYH_EXCLUDE : (meeting == readings ? SKYH_AGREE : SKYH_COMPATIBLE);
    const bool same_event = claims->claim[i].says == claims->claim[k].says;
    struct skyh_comparison *const comparison = compare(
        judgment, i, k, relation == SKYH_EXCLUDE && !same_event ? SKYH_COMPATIBLE : relation);
    (void)snprintf(comparison->text, sizeof comparison->text,
                   "%s and %s can be one instant in %zu of %zu readings of their time zones",
                   a->text, b->text, meeting, readings);
}

static void compare_two(struct skyh_judgment *judgment, const struct skyh_claims *claims, size_t i,
                        size_t k)
{
    const struct skyh_claim *const a = &claims->claim[i], *const b = &claims->claim[k];
    const bool one_zone = strcmp(a->zone, b->zone) == 0 && a->zone[0] != '\0';
    const bool a_enters = a->says == SKYH_SAYS_ENTERED, b_enters = b->says == SKYH_SAYS_ENTERED;
    if (a->has_border && b->has_border && one_zone) {
        compare_borders(judgment, claims, i, k);
    }
    if (one_zone && a_enters && b->has_place) {
        compare_entry_and_place(judgment, claims, i, k);
    } else if (one_zone && b_enters && a->has_place) {
        compare_entry_and_place(judgment, claims, k, i);
    }
    if (one_zone && a_enters && b_enters && a->has_depth && b->has_depth) {
        compare_depths(judgment, claims, i, k);
    }
    if (one_zone && ((a_enters && b->says == SKYH_SAYS_NEVER_INSIDE) ||
                     (b_enters && a->says == SKYH_SAYS_NEVER_INSIDE))) {
        struct skyh_comparison *const comparison = compare(judgment, i, k, SKYH_EXCLUDE_LINE);
        (void)snprintf(comparison->text, sizeof comparison->text,
                       "inside and never inside; under different lines both can be meant");
    }
    if (a->at.known && b->at.known) {
        compare_times(judgment, claims, i, k);
    }
}

bool skyh_judgment_compare(struct skyh_judgment *judgment, const struct skyh_claims *claims)
{
    const size_t pairs = claims->count * (claims->count + 1) / 2;
    judgment->comparison = calloc(3 * pairs + 1, sizeof *judgment->comparison);
    if (judgment->comparison == NULL) {
        return false;
    }
    for (size_t i = 0; i < claims->count; i++) {
        for (size_t k = i + 1; k < claims->count; k++) {
            compare_two(judgment, claims, i, k);
        }
    }
    return true;
}
