#include "skyh_judge_weigh.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"

static const double z95 = 1.959963984540054;
static const double p_supported = 0.95;
static const double p_contradicted = 0.05;
static const int64_t pause_most_ns = 15 * SKY_SECOND_NS;
static const double turn_least_m = 50.0; /* as for the station, a turn counts from here on */

/* One look under one line. */
struct point {
    uint64_t run;
    uint32_t track_id;
    int64_t utc_ns;
    double distance_m; /* negative inside */
    double sigma_m;    /* of all errors */
    double sigma_track_m;
    double speed_mps;
};

/* What is judged now: one claim, read in one way. */
struct matter {
    struct skyh_judgment *judgment;
    const struct skyh_dossier *dossier;
    const struct skyh_claims *claims;
    size_t claim;
    bool has_window;
    int64_t from_utc_ns;
    int64_t to_utc_ns;
    bool has_reading;
    int64_t offset_ns;
    bool failed; /* memory ended */
};

/* One line of one zone set, and the looks that were assessed under it. */
struct bench {
    size_t zones; /* index in the dossier's */
    uint32_t line;
    const char *name;
    double sigma_m; /* of the line */
    bool covered;   /* the flight was followed without a pause */
    size_t count;
    struct point *point;
};

/* A sentence's z at either end of what is possible: how far above its opposite it lies. */
struct weight {
    bool known;
    double z_low;
    double z_high;
    size_t at; /* the point that decides */
};

const char *skyh_judgment_verdict(enum skyh_ruling_verdict verdict)
{
    switch (verdict) {
    case SKYH_UNDETERMINED:
        return "undetermined";
    case SKYH_SUPPORTED:
        return "supported";
    case SKYH_CONTRADICTED:
        return "contradicted";
    }
    return "?";
}

char *skyh_judgment_metres(double metres, char text[32])
{
    const long whole = lround(metres);
    const long size = whole < 0 ? -whole : whole;
    const char *const sign = whole < 0 ? "-" : "";
    if (size < 1000) {
        (void)snprintf(text, 32, "%s%ld", sign, size);
    } else if (size < 1000000) {
        (void)snprintf(text, 32, "%s%ld,%03ld", sign, size / 1000, size % 1000);
    } else {
        (void)snprintf(text, 32, "%s%ld,%03ld,%03ld", sign, size / 1000000, size / 1000 % 1000,
                       size % 1000);
    }
    return text;
}

/* "23:08:41.2": the day is said once, at the top. */
static const char *clock_text(int64_t utc_ns, char text[SKYH_UTC_TEXT_MAX])
{
    return skyh_utc_text(utc_ns, 1, text) + 11;
}

/* ----------------------------------------------------------------------------------- results */

static struct skyh_ruling *add(struct matter *matter, const char *line, const char *part)
{
    struct skyh_judgment *const judgment = matter->judgment;
    struct skyh_ruling *const grown =
        realloc(judgment->finding, (judgment->finding_count + 1) * sizeof *grown);
    if (grown == NULL) {
        matter->failed = true;
        return NULL;
    }
    judgment->finding = grown;
    struct skyh_ruling *const finding = &grown[judgment->finding_count++];
    memset(finding, 0, sizeof *finding);
    finding->claim = matter->claim;
    (void)snprintf(finding->line, sizeof finding->line, "%s", line);
    finding->part = part;
    finding->has_reading = matter->has_reading;
    finding->offset_ns = matter->offset_ns;
    finding->verdict = SKYH_UNDETERMINED;
    return finding;
}

/* Which sources were heard all that time, which in part, which not. */
static void say_watch(const struct skyh_dossier *dossier, int64_t from_ns, int64_t to_ns,
                      char text[SKYH_RULING_TEXT_MAX])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < dossier->source_count; i++) {
        const struct skyh_dossier_run *const run =
            skyh_dossier_run(dossier, dossier->source[i].run);
        const char *how = "silent";
        for (size_t k = 0; k < dossier->heard_count; k++) {
            const struct skyh_heard *const heard = &dossier->heard[k];
            if (heard->source != i || heard->to_utc_ns < from_ns || heard->from_utc_ns > to_ns) {
                continue;
            }
            const bool whole = heard->from_utc_ns <= from_ns && heard->to_utc_ns >= to_ns;
            how = whole ? "on watch" : (strcmp(how, "on watch") == 0 ? how : "with gaps");
        }
        if (run == NULL || !run->has_span || run->to_utc_ns < from_ns || run->from_utc_ns > to_ns ||
            used + 64 > SKYH_RULING_TEXT_MAX) {
            continue;
        }
        const int wrote = snprintf(text + used, SKYH_RULING_TEXT_MAX - used, "%s%s %s",
                                   used > 0 ? ", " : "", dossier->source[i].name, how);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    if (used == 0) {
        (void)snprintf(text, SKYH_RULING_TEXT_MAX, "nobody was on watch");
    }
}

/* exp(z^2 / 2), held to what a double and a reader can take; its inverse for negative z. */
static double ratio_of(double z)
{
    const double half = 0.5 * z * z < 690.0 ? 0.5 * z * z : 690.0;
    return z >= 0.0 ? sky_exp(half) : sky_exp(-half);
}

static void weigh(struct skyh_ruling *finding, const struct weight *weight, bool may_contradict)
{
    finding->has_p = weight->known;
    if (!weight->known) {
        return;
    }
    finding->p_low = sky_normal_cdf(weight->z_low);
    finding->p_high = sky_normal_cdf(weight->z_high);
    finding->ratio = ratio_of(weight->z_low);
    if (finding->p_low >= p_supported) {
        finding->verdict = SKYH_SUPPORTED;
    } else if (finding->p_high <= p_contradicted && may_contradict) {
        finding->verdict = SKYH_CONTRADICTED;
    }
}

/* ------------------------------------------------------------------------------------- looks */

static bool is_of_zones(const struct skyh_dossier *dossier, uint64_t run, size_t zones)
{
    const struct skyh_dossier_run *const of = skyh_dossier_run(dossier, run);
    return of != NULL && of->zones == zones;
}

/* Followed from the window's one end to the other; without a window, while it was followed. */
static bool is_covered(const struct matter *matter, const struct bench *bench)
{
    int64_t before_ns = matter->has_window ? matter->from_utc_ns : INT64_MIN;
    for (size_t i = 0; i < bench->count; i++) {
        const int64_t now_ns = bench->point[i].utc_ns;
        if (before_ns != INT64_MIN && now_ns - before_ns > pause_most_ns) {
            return false;
        }
        before_ns = now_ns > before_ns ? now_ns : before_ns;
    }
    return bench->count > 0 &&
           (!matter->has_window || matter->to_utc_ns - before_ns <= pause_most_ns);
}

static bool sit(const struct matter *matter, struct bench *bench)
{
    const struct skyh_dossier *const dossier = matter->dossier;
    const struct skyh_zonefile *const zones = &dossier->zones[bench->zones];
    const struct sky_line *const line = &zones->set.line[bench->line];
    bench->name = zones->names.line[bench->line].name;
    bench->sigma_m = line->sigma_m;
    bench->count = 0;
    bench->point = calloc(dossier->look_count + 1, sizeof *bench->point);
    if (bench->point == NULL) {
        return false;
    }
    for (size_t i = 0; !line->accuracy_stated && i < dossier->run_count; i++) {
        if (dossier->run[i].zones == bench->zones) {
            bench->sigma_m = dossier->run[i].config.incident.unstated_line_sigma_m;
        }
    }
    for (size_t i = 0; i < dossier->look_count; i++) {
        const struct skyh_look *const look = &dossier->look[i];
        const struct sky_assessment *const under = skyh_dossier_under(dossier, look, line->id);
        const bool outside_window = matter->has_window && (look->utc_ns < matter->from_utc_ns ||
                                                           look->utc_ns > matter->to_utc_ns);
        if (under == NULL || outside_window || !is_of_zones(dossier, look->run, bench->zones)) {
            continue;
        }
        bench->point[bench->count++] = (struct point){.run = look->run,
                                                      .track_id = look->track_id,
                                                      .utc_ns = look->utc_ns,
                                                      .distance_m = under->distance_m,
                                                      .sigma_m = fmax(under->u95_m / z95, 0.01),
                                                      .sigma_track_m = under->sigma_track_m,
                                                      .speed_mps = look->speed_mps};
    }
    bench->covered = is_covered(matter, bench);
    return true;
}

static bool are_one_flight(const struct point *a, const struct point *b)
{
    return a->run == b->run && a->track_id == b->track_id;
}

/*
 * The mean of five looks in a row about one, of its flight: where errors differ from look to look,
 * the deepest of many is too deep by luck, and that of their means hardly. A turn makes it a little
 * too shallow.
 */
static double mean_distance(const struct bench *bench, size_t at)
{
    double sum_m = 0.0;
    size_t count = 0;
    const size_t first = at >= 2 ? at - 2 : 0;
    for (size_t i = first; i <= at + 2 && i < bench->count; i++) {
        if (are_one_flight(&bench->point[i], &bench->point[at])) {
            sum_m += bench->point[i].distance_m;
            count++;
        }
    }
    return sum_m / (double)count;
}

/* How deep it can have been between a look and the one before it. */
static double most_depth(const struct point *then, const struct point *now)
{
    if (!are_one_flight(then, now)) {
        return -now->distance_m;
    }
    const double speed_mps = fmax(then->speed_mps, now->speed_mps);
    const double way_m = speed_mps * fabs((double)(now->utc_ns - then->utc_ns)) * 1e-9;
    return fmax(0.5 * (way_m - now->distance_m - then->distance_m), -now->distance_m);
}

/* That it was so deep at any time: by the best five looks, and at most what a pause allows. */
static struct weight weigh_depth(const struct bench *bench, double depth_m)
{
    struct weight weight = {.known = bench->count > 0, .z_low = -HUGE_VAL, .z_high = -HUGE_VAL};
    double deepest_z = -HUGE_VAL;
    for (size_t i = 0; i < bench->count; i++) {
        const struct point *const now = &bench->point[i];
        const struct point *const then = i > 0 ? &bench->point[i - 1] : now;
        const double z = (-now->distance_m - depth_m) / now->sigma_m;
        weight.at = z > deepest_z ? i : weight.at;
        deepest_z = fmax(deepest_z, z);
        weight.z_low = fmax(weight.z_low, (-mean_distance(bench, i) - depth_m) / now->sigma_m);
        weight.z_high = fmax(weight.z_high,
                             (most_depth(then, now) - depth_m) / fmax(now->sigma_m, then->sigma_m));
    }
    weight.z_high = fmax(weight.z_high, weight.z_low);
    return weight;
}

static bool is_inside(const struct point *point) { return point->distance_m < 0.0; }

/* That it was outside after it had been inside: the best such look. */
static struct weight weigh_leaving(const struct bench *bench)
{
    struct weight weight = {.z_low = -HUGE_VAL, .z_high = HUGE_VAL};
    bool was_inside = false;
    for (size_t i = 0; i < bench->count; i++) {
        const struct point *const now = &bench->point[i];
        if (i > 0 && !are_one_flight(now, &bench->point[i - 1])) {
            was_inside = false;
        }
        if (was_inside && now->distance_m / now->sigma_m > weight.z_low) {
            weight.known = true;
            weight.at = i;
            weight.z_low = now->distance_m / now->sigma_m;
        }
        was_inside = was_inside || is_inside(now);
    }
    return weight;
}

/* That it came nearer again after it had left: the best drop from the farthest look so far. */
static struct weight weigh_return(const struct bench *bench, double *ret_drop_m)
{
    struct weight weight = {.z_low = -HUGE_VAL, .z_high = HUGE_VAL};
    bool was_inside = false;
    size_t far = SIZE_MAX;
    for (size_t i = 0; i < bench->count; i++) {
        const struct point *const now = &bench->point[i];
        if (i > 0 && !are_one_flight(now, &bench->point[i - 1])) {
            was_inside = false;
            far = SIZE_MAX;
        }
        was_inside = was_inside || is_inside(now);
        if (!was_inside || is_inside(now)) {
            continue;
        }
        if (far == SIZE_MAX || now->distance_m > bench->point[far].distance_m) {
            far = i;
            continue;
        }
        const double drop_m = bench->point[far].distance_m - now->distance_m;
        const double sigma_m =
            fmax(hypot(now->sigma_track_m, bench->point[far].sigma_track_m), 0.01);
        if ((drop_m - turn_least_m) / sigma_m > weight.z_low) {
            weight.known = true;
            weight.at = i;
            weight.z_low = (drop_m - turn_least_m) / sigma_m;
            *ret_drop_m = drop_m;
        }
    }
    return weight;
}

/* --------------------------------------------------------------------------------- sentences */

static void say_no_look(const struct matter *matter, struct skyh_ruling *finding)
{
    (void)snprintf(finding->text, sizeof finding->text, "%s",
                   matter->has_window ? "the record has no look at the object then"
                                      : "the record has no look at the object near this line");
}

static void measure(struct skyh_ruling *finding, double measured_m, double bound_m)
{
    finding->has_measured = true;
    finding->measured_m = measured_m;
    finding->bound_m = bound_m;
}

static void say_depth(const struct bench *bench, const struct weight *weight,
                      struct skyh_ruling *finding)
{
    const struct point *const at = &bench->point[weight->at];
    measure(finding, -at->distance_m, z95 * at->sigma_m);
    char depth[32], bound[32], when[SKYH_UTC_TEXT_MAX];
    (void)snprintf(finding->text, sizeof finding->text, "%s +-%s m %s at %s%s",
                   skyh_judgment_metres(fabs(at->distance_m), depth),
                   skyh_judgment_metres(z95 * at->sigma_m, bound),
                   at->distance_m < 0.0 ? "inside" : "outside", clock_text(at->utc_ns, when),
                   bench->covered ? "" : "; not followed without a pause");
}

static void judge_depth(struct matter *matter, const struct bench *bench, const char *part,
                        double depth_m)
{
    struct skyh_ruling *const finding = add(matter, bench->name, part);
    const struct weight weight = weigh_depth(bench, depth_m);
    if (finding == NULL) {
        return;
    }
    weigh(finding, &weight, bench->covered);
    if (weight.known) {
        say_depth(bench, &weight, finding);
    } else {
        say_no_look(matter, finding);
    }
}

/* That it was inside at all; and so deep, less what the stated digits leave open. */
static void judge_entry(struct matter *matter, const struct bench *bench)
{
    const struct skyh_claim *const claim = &matter->claims->claim[matter->claim];
    judge_depth(matter, bench, "entered", 0.0);
    if (claim->has_depth) {
        judge_depth(matter, bench, "depth", fmax(0.0, claim->depth_m - 0.5 * claim->resolution_m));
    }
}

/* Never to have been inside is the opposite of having been there. */
static void judge_never(struct matter *matter, const struct bench *bench)
{
    struct skyh_ruling *const finding = add(matter, bench->name, "never inside");
    const struct weight inside = weigh_depth(bench, 0.0);
    const struct weight weight = {
        .known = inside.known, .z_low = -inside.z_high, .z_high = -inside.z_low};
    if (finding == NULL) {
        return;
    }
    weigh(finding, &weight, true);
    if (finding->verdict == SKYH_SUPPORTED && !bench->covered) {
        finding->verdict = SKYH_UNDETERMINED; /* nobody can say what it did in the pauses */
    }
    if (inside.known) {
        finding->ratio = ratio_of(weight.z_high); /* that of the look itself */
        say_depth(bench, &inside, finding);
    } else {
        say_no_look(matter, finding);
    }
}

/* What was never inside cannot have left. */
static bool deny(const struct bench *bench, struct skyh_ruling *finding)
{
    const struct weight inside = weigh_depth(bench, 0.0);
    if (inside.known && bench->covered && sky_normal_cdf(inside.z_high) <= p_contradicted) {
        finding->verdict = SKYH_CONTRADICTED;
        finding->has_p = true;
        finding->p_high = sky_normal_cdf(inside.z_high);
        finding->ratio = ratio_of(inside.z_high);
        (void)snprintf(finding->text, sizeof finding->text, "it never was inside");
        return true;
    }
    return false;
}

static void judge_leaving(struct matter *matter, const struct bench *bench)
{
    struct skyh_ruling *const finding = add(matter, bench->name, "left");
    const struct weight weight = weigh_leaving(bench);
    if (finding == NULL || deny(bench, finding)) {
        return;
    }
    weigh(finding, &weight, false);
    if (weight.known) {
        say_depth(bench, &weight, finding);
    } else {
        (void)snprintf(finding->text, sizeof finding->text,
                       "no look outside after one inside; what followed is not recorded");
    }
}

static void judge_return(struct matter *matter, const struct bench *bench)
{
    struct skyh_ruling *const finding = add(matter, bench->name, "returned");
    double drop_m = 0.0;
    const struct weight weight = weigh_return(bench, &drop_m);
    char drop[32], when[SKYH_UTC_TEXT_MAX];
    if (finding == NULL || deny(bench, finding)) {
        return;
    }
    weigh(finding, &weight, false);
    if (weight.known) {
        (void)snprintf(finding->text, sizeof finding->text, "came nearer again by %s m until %s",
                       skyh_judgment_metres(drop_m, drop),
                       clock_text(bench->point[weight.at].utc_ns, when));
    } else {
        (void)snprintf(finding->text, sizeof finding->text,
                       "no look nearer again after one outside; what followed is not recorded");
    }
}

/* A stated place against a line: how far from it, and on which side. No record is needed. */
static void judge_place(struct matter *matter, const struct bench *bench)
{
    const struct skyh_claim *const claim = &matter->claims->claim[matter->claim];
    struct sky_nearest nearest;
    char at[32], stated[32], bound[32];
    sky_zone_nearest(&matter->dossier->zones[bench->zones].set, bench->line, claim->lat_rad,
                     claim->lon_rad, SKY_ZONE_NO_EDGE, &nearest);
    const double sigma_m = fmax(bench->sigma_m, 0.01);
    struct skyh_ruling *finding = add(matter, bench->name, "outside");
    if (finding == NULL) {
        return;
    }
    const struct weight side = {
        .known = true,
        .z_low = (nearest.distance_m - claim->place_resolution_m) / sigma_m,
        .z_high = (nearest.distance_m + claim->place_resolution_m) / sigma_m,
    };
    weigh(finding, &side, true);
    measure(finding, -nearest.distance_m, z95 * sigma_m);
    (void)snprintf(finding->text, sizeof finding->text, "the place lies %s +-%s m %s",
                   skyh_judgment_metres(fabs(nearest.distance_m), at),
                   skyh_judgment_metres(z95 * sigma_m, bound),
                   nearest.distance_m < 0.0 ? "inside" : "outside");
    if (!claim->has_border || (finding = add(matter, bench->name, "border")) == NULL) {
        return;
    }
    const double off_m = nearest.distance_m - claim->border_m;
    const double beyond_m =
        fmax(0.0, fabs(off_m) - 0.5 * claim->resolution_m - claim->place_resolution_m);
    const double z = beyond_m / sigma_m;
    measure(finding, -nearest.distance_m, z95 * sigma_m);
    finding->has_p = true;
    finding->p_low = 2.0 * sky_normal_cdf(-z); /* that a difference is as large by chance */
    finding->p_high = finding->p_low;
    finding->ratio = ratio_of(-z);
    finding->verdict = finding->p_low <= p_contradicted ? SKYH_CONTRADICTED : SKYH_SUPPORTED;
    (void)snprintf(finding->text, sizeof finding->text, "%s +-%s m from it, %s as stated",
                   skyh_judgment_metres(nearest.distance_m, at),
                   skyh_judgment_metres(z95 * sigma_m, bound),
                   skyh_judgment_metres(claim->border_m, stated));
}

/* The latest look, or the one that is nearest to the stated time. */
static const struct skyh_look *look_for(const struct matter *matter)
{
    const struct skyh_dossier *const dossier = matter->dossier;
    const struct skyh_look *found = NULL;
    for (size_t i = 0; i < dossier->look_count; i++) {
        const struct skyh_look *const look = &dossier->look[i];
        if (look->count > 0 && (!matter->has_window || look->utc_ns <= matter->to_utc_ns)) {
            found = look;
        }
    }
    return found;
}

/* A stated place against the end of the track. That it was lost elsewhere contradicts nothing. */
static void judge_end(struct matter *matter)
{
    const struct skyh_claim *const claim = &matter->claims->claim[matter->claim];
    struct skyh_ruling *const finding = add(matter, "", "track's end");
    const struct skyh_look *const look = look_for(matter);
    char apart[32], when[SKYH_UTC_TEXT_MAX];
    if (finding == NULL) {
        return;
    }
    if (look == NULL) {
        say_no_look(matter, finding);
        return;
    }
    const struct skyh_claim end = {.lat_rad = look->place.lat_rad, .lon_rad = look->place.lon_rad};
    const double apart_m = skyh_claims_apart_m(claim, &end);
    const double half = 0.5 * (look->var_east_m2 - look->var_north_m2);
    const double worst_m2 =
        0.5 * (look->var_east_m2 + look->var_north_m2) +
        sky_sqrt(half * half + look->cov_east_north_m2 * look->cov_east_north_m2);
    const double beyond_m = fmax(0.0, apart_m - claim->place_resolution_m);
    const double m2 = beyond_m * beyond_m / fmax(worst_m2, 1e-4);
    finding->has_p = true;
    finding->p_low = m2 < 1400.0 ? sky_exp(-0.5 * m2) : 0.0;
    finding->p_high = 1.0;
    finding->ratio = ratio_of(-sky_sqrt(m2));
    if (finding->p_low > p_contradicted) {
        finding->verdict = SKYH_SUPPORTED;
    } else if (matter->has_window && look->utc_ns >= matter->from_utc_ns) {
        finding->verdict = SKYH_CONTRADICTED;
        finding->p_high = finding->p_low;
    }
    (void)snprintf(finding->text, sizeof finding->text,
                   "last seen at %s, %s m from the place: %.0f s at its %.0f m/s",
                   clock_text(look->utc_ns, when), skyh_judgment_metres(apart_m, apart),
                   apart_m / fmax(look->speed_mps, 1.0), look->speed_mps);
}

static void judge_separation(struct matter *matter)
{
    const struct skyh_claim *const claim = &matter->claims->claim[matter->claim];
    const struct skyh_claim *const a = &matter->claims->claim[claim->of[0]];
    const struct skyh_claim *const b = &matter->claims->claim[claim->of[1]];
    struct skyh_ruling *const finding = add(matter, "", "separation");
    if (finding == NULL) {
        return;
    }
    const double apart_m = skyh_claims_apart_m(a, b);
    const double slack_m =
        0.5 * claim->resolution_m + a->place_resolution_m + b->place_resolution_m;
    finding->verdict =
        fabs(apart_m - claim->distance_m) <= slack_m ? SKYH_SUPPORTED : SKYH_CONTRADICTED;
    (void)snprintf(finding->text, sizeof finding->text,
                   "the places are %.1f m apart, %.1f as stated, +-%.1f by their digits", apart_m,
                   claim->distance_m, slack_m);
}

/* ------------------------------------------------------------------------------------ claims */

static void judge_under_line(struct matter *matter, const struct bench *bench)
{
    switch (matter->claims->claim[matter->claim].says) {
    case SKYH_SAYS_ENTERED:
        judge_entry(matter, bench);
        break;
    case SKYH_SAYS_LEFT:
        judge_leaving(matter, bench);
        break;
    case SKYH_SAYS_RETURNED:
        judge_return(matter, bench);
        break;
    case SKYH_SAYS_NEVER_INSIDE:
        judge_never(matter, bench);
        break;
    case SKYH_SAYS_LAST_CONTACT:
    case SKYH_SAYS_WRECK:
        judge_place(matter, bench);
        break;
    case SKYH_SAYS_SEPARATION:
        break;
    }
}

/* What is said of places is no matter of when. */
static bool is_place(const struct skyh_claim *claim)
{
    return claim->says == SKYH_SAYS_LAST_CONTACT || claim->says == SKYH_SAYS_WRECK;
}

static void note_watch(struct matter *matter, size_t first, const struct bench *bench)
{
    int64_t from_ns = matter->from_utc_ns, to_ns = matter->to_utc_ns;
    if (!matter->has_window && bench->count > 0) {
        from_ns = bench->point[0].utc_ns;
        to_ns = bench->point[bench->count - 1].utc_ns;
    } else if (!matter->has_window) {
        return;
    }
    for (size_t i = first; i < matter->judgment->finding_count; i++) {
        say_watch(matter->dossier, from_ns, to_ns, matter->judgment->finding[i].watch);
    }
}

static void judge_lines(struct matter *matter)
{
    const struct skyh_dossier *const dossier = matter->dossier;
    const struct skyh_claim *const claim = &matter->claims->claim[matter->claim];
    for (size_t z = 0; z < dossier->zones_count; z++) {
        const struct skyh_zonefile *const zones = &dossier->zones[z];
        for (uint32_t l = 0; !matter->failed && l < zones->set.line_count; l++) {
            struct bench bench = {.zones = z, .line = l};
            if (strcmp(zones->names.zone[zones->set.line[l].zone].name, claim->zone) != 0) {
                continue;
            }
            const size_t first = matter->judgment->finding_count;
            matter->failed = !sit(matter, &bench);
            if (!matter->failed) {
                judge_under_line(matter, &bench);
            }
            if (!matter->failed && !is_place(claim)) {
                note_watch(matter, first, &bench);
            }
            free(bench.point);
        }
    }
    if (is_place(claim)) {
        judge_end(matter);
    }
}

/* In every way in which its time may be read. */
static void judge_claim(struct matter *matter)
{
    const struct skyh_claim *const claim = &matter->claims->claim[matter->claim];
    const struct skyh_claim_time *const at = &claim->at;
    const size_t readings = at->known && !at->zone_stated ? matter->claims->offset_count : 1;
    if (claim->says == SKYH_SAYS_SEPARATION) {
        judge_separation(matter);
        return;
    }
    for (size_t i = 0; i < readings && !matter->failed; i++) {
        matter->has_window = at->known;
        matter->has_reading = at->known && !at->zone_stated;
        matter->offset_ns = matter->has_reading ? matter->claims->offset_ns[i] : at->offset_ns;
        matter->from_utc_ns = at->local_ns - matter->offset_ns + matter->claims->shift_ns;
        matter->to_utc_ns = matter->from_utc_ns + at->resolution_ns;
        judge_lines(matter);
    }
}

static bool has_zone(const struct skyh_dossier *dossier, const char *name, char *known, size_t room)
{
    size_t used = 0;
    known[0] = '\0';
    for (size_t z = 0; z < dossier->zones_count; z++) {
        for (uint32_t i = 0; i < dossier->zones[z].set.zone_count; i++) {
            const char *const other = dossier->zones[z].names.zone[i].name;
            if (strcmp(other, name) == 0) {
                return true;
            }
            if (used + strlen(other) + 6 < room) {
                used += (size_t)snprintf(known + used, room - used, "%s\"%s\"",
                                         used > 0 ? ", " : "", other);
            }
        }
    }
    return false;
}

bool skyh_judgment_make(struct skyh_judgment *judgment, const struct skyh_dossier *dossier,
                        const struct skyh_claims *claims, const char *file,
                        struct skyh_problem *problem)
{
    struct matter matter = {.judgment = judgment, .dossier = dossier, .claims = claims};
    char known[600];
    if (dossier->zones_count == 0) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: no run of the log has its beginning; expected one, with its zones",
                         file);
    }
    for (size_t i = 0; i < claims->count; i++) {
        if (claims->claim[i].zone[0] != '\0' &&
            !has_zone(dossier, claims->claim[i].zone, known, sizeof known)) {
            return skyh_fail(problem, SKYH_EXIT_DATA,
                             "%s: claims[%zu].zone: \"%s\" is no zone of the record; expected %s",
                             file, i, claims->claim[i].zone, known);
        }
    }
    for (matter.claim = 0; matter.claim < claims->count && !matter.failed; matter.claim++) {
        judge_claim(&matter);
    }
    return (!matter.failed && skyh_judgment_compare(judgment, claims)) ||
           skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
}

void skyh_judgment_done(struct skyh_judgment *judgment)
{
    free(judgment->finding);
    free(judgment->comparison);
    memset(judgment, 0, sizeof *judgment);
}
