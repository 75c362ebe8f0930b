#include "skyh_commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_curve.h"
#include "skyh_dossier.h"
#include "skyh_notice.h"

static const struct skyh_option options[] = {
    {"--from", "UTC", "look at the time from here (the first run's beginning) ..."},
    {"--to", "UTC", "... to here (the latest run's end)"},
    {"--line", "NAME", "only this line's border (all lines)"},
    {"--around", "LAT,LON,KM", "a disc instead of lines; with --line, what of it lies therein"},
    {"--rcs", "DBSM", "radar cross-section of what might have flown there (-10)"},
    {"--class", "NAME", "the same: the least of a class, such as multirotor; see below"},
    {"--seen-rcs", "DBSM", "cross-section of what detection was learned of (5)"},
    {"--height", "M", "its height above the ellipsoid (3000)"},
    {"--stay", "S", "it stays near the place so long (60)"},
    {"--looks", "K", "it is noticed by so many detections (3)"},
    {"--p", "P", "on watch means noticed with this probability or more (0.9)"},
    {"--max-gap", "S", "exit 1 if nobody was on watch for longer, or a radar not heard"},
    {NULL, NULL, NULL},
};

enum { PLACES_MAX = 400, SPANS_MAX = 4096, TRACKS_MAX = 1024, TEXT_MAX = 2 * SKYH_TEXT_MAX };

static const double deg_per_rad = 180.0 / SKY_PI;

/* Where something might have flown. */
struct region {
    char name[TEXT_MAX];
    char zone[SKYH_TEXT_MAX]; /* "" of a disc */
    uint32_t line_id;         /* 0 of a disc */
    uint32_t zone_id;
    double length_m; /* of the border, or 0 */
    size_t place_count;
    struct skyh_place place[PLACES_MAX];
    double gain[PLACES_MAX][SKY_SENSORS_MAX];
    bool covered[PLACES_MAX]; /* noticed with P or more while every radar is on watch */
    size_t covered_count;
    /* what came out, of covered places */
    double worst_p;
    double mean_p;
    size_t worst_place;
    int64_t worst_utc_ns;
    size_t span_count;
    struct {
        int64_t from_utc_ns;
        int64_t to_utc_ns;
        double worst_p;
    } span[SPANS_MAX]; /* when it was less than P somewhere */
    bool cut;          /* there were more spans */
    size_t recorded;   /* incidents, or tracks in a disc, no more than are kept */
    uint32_t track[TRACKS_MAX];
};

struct heard_span {
    int64_t from_utc_ns;
    int64_t to_utc_ns;
};

/* One radar of the run that is looked at. */
struct radar {
    bool placed;
    struct sky_lla site;
    double least; /* learned detection: the least of the time */
    size_t heard_count;
    struct heard_span *heard; /* in order and apart, within the time that is looked at */
    int64_t heard_ns;         /* all of them */
    size_t gaps;
    int64_t longest_ns; /* of the gaps */
    size_t at;          /* in heard, as windows move on */
    size_t health_at;   /* in the dossier's, the same */
    double learned;
};

/* Large. */
struct watcher {
    struct skyh_dossier dossier;
    struct skyh_suspect suspect;
    double p_min;
    double max_gap_s; /* < 0: not asked */
    int64_t asked_from_utc_ns;
    int64_t asked_to_utc_ns;
    int64_t from_utc_ns; /* what of that is in the run */
    int64_t to_utc_ns;
    bool has_disc;
    struct skyh_place middle;
    double disc_m;
    const char *line_name;
    const struct skyh_dossier_run *run; /* whose radars and lines these are */
    struct radar radar[SKY_SENSORS_MAX];
    size_t region_count;
    struct region *region;
};

/* ------------------------------------------------------------------------------------- question */

/* The least cross-section that sky_classify takes a class to have. */
static const struct {
    const char *name;
    double rcs_dbsm;
} classes[] = {{"male-uav", -10.0},     {"multirotor", -30.0}, {"small-fixed-wing", -25.0},
               {"light-aircraft", 0.0}, {"helicopter", 0.0},   {"jet", 0.0},
               {"airliner", 15.0}};

static bool read_class(const struct skyh_args *args, double *rcs_dbsm, struct skyh_problem *problem)
{
    const char *const name = skyh_args_value(args, "--class");
    for (size_t i = 0; name != NULL && i < sizeof classes / sizeof classes[0]; i++) {
        if (strcmp(name, classes[i].name) == 0) {
            *rcs_dbsm = classes[i].rcs_dbsm;
            return true;
        }
    }
    return name == NULL ||
           skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--class: %s; expected male-uav, multirotor, small-fixed-wing, "
                     "light-aircraft, helicopter, jet or airliner",
                     name);
}

static bool read_instant(const struct skyh_args *args, const char *name, int64_t *utc_ns,
                         struct skyh_problem *problem)
{
    const char *const text = skyh_args_value(args, name);
    return text == NULL || skyh_utc_parse(text, utc_ns) ||
           skyh_fail(problem, SKYH_EXIT_USAGE,
                     "%s: %s; expected an instant such as 2026-03-31T23:07:00Z", name, text);
}

static bool read_disc(const struct skyh_args *args, struct watcher *watcher,
                      struct skyh_problem *problem)
{
    const char *const text = skyh_args_value(args, "--around");
    double lat_deg = 0.0, lon_deg = 0.0, km = 0.0;
    int used = 0;
    if (text == NULL) {
        return true;
    }
    if (sscanf(text, "%lf,%lf,%lf%n", &lat_deg, &lon_deg, &km, &used) != 3 || text[used] != '\0' ||
        !(fabs(lat_deg) <= 89.0 && fabs(lon_deg) <= 180.0 && km > 0.0 && km <= 500.0)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--around: %s; expected latitude, longitude and kilometres up to 500, "
                         "such as 19.97,2.83,10",
                         text);
    }
    watcher->has_disc = true;
    watcher->middle = (struct skyh_place){lat_deg, lon_deg};
    watcher->disc_m = 1000.0 * km;
    return true;
}

static bool read_question(const struct skyh_args *args, struct watcher *watcher,
                          struct skyh_problem *problem)
{
    struct skyh_suspect *const suspect = &watcher->suspect;
    double looks = 3.0;
    *suspect = (struct skyh_suspect){
        .rcs_dbsm = -10.0, .seen_rcs_dbsm = 5.0, .alt_hae_m = 3000.0, .stay_s = 60.0};
    watcher->p_min = 0.9;
    watcher->max_gap_s = -1.0;
    watcher->asked_from_utc_ns = INT64_MIN;
    watcher->asked_to_utc_ns = INT64_MAX;
    watcher->line_name = skyh_args_value(args, "--line");
    if (!read_class(args, &suspect->rcs_dbsm, problem) ||
        !skyh_args_number(args, "--rcs", -60.0, 60.0, &suspect->rcs_dbsm, problem) ||
        !skyh_args_number(args, "--seen-rcs", -60.0, 60.0, &suspect->seen_rcs_dbsm, problem) ||
        !skyh_args_number(args, "--height", -1000.0, 100e3, &suspect->alt_hae_m, problem) ||
        !skyh_args_number(args, "--stay", 1.0, 3600.0, &suspect->stay_s, problem) ||
        !skyh_args_number(args, "--looks", 1.0, SKYH_NOTICE_LOOKS_MAX, &looks, problem) ||
        !skyh_args_number(args, "--p", 0.01, 0.999999, &watcher->p_min, problem) ||
        !skyh_args_number(args, "--max-gap", 0.0, 1e9, &watcher->max_gap_s, problem) ||
        !read_instant(args, "--from", &watcher->asked_from_utc_ns, problem) ||
        !read_instant(args, "--to", &watcher->asked_to_utc_ns, problem)) {
        return false;
    }
    suspect->looks_min = (uint32_t)looks;
    return watcher->asked_from_utc_ns < watcher->asked_to_utc_ns
               ? read_disc(args, watcher, problem)
               : skyh_fail(problem, SKYH_EXIT_USAGE, "--to: expected later than --from");
}

/* ---------------------------------------------------------------------------------------- radars
 */

/* A radar's looks are at hand while a source that is named after it is heard; if there is none,
 * while any is that brings plots and is named after no other. */
static bool is_source_of(const struct watcher *watcher, const struct skyh_heard_source *source,
                         uint32_t sensor)
{
    const struct sky_config *const config = &watcher->run->config;
    const uint32_t named = skyh_dossier_sensor(config, source->name);
    if (source->run != watcher->run->run || !source->has_plots) {
        return false;
    }
    if (named != UINT32_MAX) {
        return named == sensor;
    }
    for (size_t i = 0; i < watcher->dossier.source_count; i++) {
        const struct skyh_heard_source *const other = &watcher->dossier.source[i];
        if (other->run == watcher->run->run && other->has_plots &&
            skyh_dossier_sensor(config, other->name) == sensor) {
            return false;
        }
    }
    return true;
}

static int compare_spans(const void *a, const void *b)
{
    const struct heard_span *const x = a, *const y = b;
    return (x->from_utc_ns > y->from_utc_ns) - (x->from_utc_ns < y->from_utc_ns);
}

static void note_gap(struct radar *radar, int64_t gap_ns)
{
    radar->gaps++;
    radar->longest_ns = gap_ns > radar->longest_ns ? gap_ns : radar->longest_ns;
}

/* Spans of all its sources as one list in order. */
static void join_spans(const struct watcher *watcher, struct radar *radar)
{
    size_t count = 0;
    qsort(radar->heard, radar->heard_count, sizeof *radar->heard, compare_spans);
    for (size_t i = 0; i < radar->heard_count; i++) {
        const struct heard_span span = radar->heard[i];
        if (count > 0 && span.from_utc_ns <= radar->heard[count - 1].to_utc_ns) {
            struct heard_span *const last = &radar->heard[count - 1];
            last->to_utc_ns = span.to_utc_ns > last->to_utc_ns ? span.to_utc_ns : last->to_utc_ns;
        } else {
            radar->heard[count++] = span;
        }
    }
    radar->heard_count = count;
    int64_t before_ns = watcher->from_utc_ns;
    for (size_t i = 0; i <= count; i++) {
        const int64_t next_ns = i < count ? radar->heard[i].from_utc_ns : watcher->to_utc_ns;
        const bool at_end = i == 0 || i == count; /* where it may just have been between looks */
        if (next_ns - before_ns > (at_end ? 5 * SKY_SECOND_NS : 0)) {
            note_gap(radar, next_ns - before_ns);
        }
        before_ns = i < count ? radar->heard[i].to_utc_ns : before_ns;
        radar->heard_ns += i < count ? radar->heard[i].to_utc_ns - radar->heard[i].from_utc_ns : 0;
    }
}

/* A radar's place and when it was heard. False without memory. */
static bool set_radar(struct watcher *watcher, uint32_t sensor)
{
    struct radar *const radar = &watcher->radar[sensor];
    const struct skyh_dossier *const dossier = &watcher->dossier;
    const struct sky_sensor_config *const config = &watcher->run->config.sensor[sensor];
    free(radar->heard);
    *radar = (struct radar){.least = 1.0, .learned = config->detection_probability};
    radar->placed =
        config->kind == SKY_SENSOR_RADAR && (!config->at_station || watcher->run->has_place);
    radar->site = config->at_station ? watcher->run->place : config->site;
    radar->heard = calloc(dossier->heard_count + 1, sizeof *radar->heard);
    if (radar->heard == NULL) {
        return false;
    }
    for (size_t i = 0; i < dossier->heard_count; i++) {
        const struct skyh_heard *const heard = &dossier->heard[i];
        struct heard_span span = {heard->from_utc_ns, heard->to_utc_ns};
        span.from_utc_ns =
            span.from_utc_ns > watcher->from_utc_ns ? span.from_utc_ns : watcher->from_utc_ns;
        span.to_utc_ns = span.to_utc_ns < watcher->to_utc_ns ? span.to_utc_ns : watcher->to_utc_ns;
        if (span.to_utc_ns >= span.from_utc_ns &&
            is_source_of(watcher, &dossier->source[heard->source], sensor)) {
            radar->heard[radar->heard_count++] = span;
        }
    }
    join_spans(watcher, radar);
    return true;
}

/* Hundredths, downwards, so that windows are alike. */
static double in_steps(double learned)
{
    return fmin(fmax(floor(100.0 * learned) * 0.01, 0.01), 0.99);
}

/* Detection as the station had learned it by then; before, as it was configured. */
static double learned_by(const struct watcher *watcher, uint32_t sensor, struct radar *radar,
                         int64_t utc_ns)
{
    const struct skyh_dossier *const dossier = &watcher->dossier;
    for (; radar->health_at < dossier->health_count; radar->health_at++) {
        const struct skyh_health *const health = &dossier->health[radar->health_at];
        if (health->run > watcher->run->run ||
            (health->run == watcher->run->run && health->utc_ns > utc_ns)) {
            break;
        }
        if (health->run == watcher->run->run && health->sensor == sensor) {
            radar->learned = health->detection_probability;
        }
    }
    return in_steps(radar->learned);
}

/* Looks of a radar in a window. Windows move on. */
static struct skyh_notice_looks looks_in(const struct watcher *watcher, uint32_t sensor,
                                         struct radar *radar, int64_t from_ns, int64_t to_ns)
{
    int64_t sum_ns = 0;
    while (radar->at < radar->heard_count && radar->heard[radar->at].to_utc_ns <= from_ns) {
        radar->at++;
    }
    for (size_t i = radar->at; i < radar->heard_count && radar->heard[i].from_utc_ns < to_ns; i++) {
        const struct heard_span *const span = &radar->heard[i];
        sum_ns += (span->to_utc_ns < to_ns ? span->to_utc_ns : to_ns) -
                  (span->from_utc_ns > from_ns ? span->from_utc_ns : from_ns);
    }
    return (struct skyh_notice_looks){
        .count =
            radar->placed ? (uint32_t)(sum_ns / watcher->run->config.sensor[sensor].scan_ns) : 0,
        .p = learned_by(watcher, sensor, radar, from_ns)};
}

/* --------------------------------------------------------------------------------------- regions
 */

static void add_place(struct watcher *watcher, struct region *region, double lat_deg,
                      double lon_deg)
{
    const struct skyh_place place = {lat_deg, lon_deg - 360.0 * round(lon_deg / 360.0)};
    double bearing_deg = 0.0;
    if (region->place_count >= PLACES_MAX ||
        (watcher->has_disc &&
         skyh_curve_distance_m(watcher->middle, place, &bearing_deg) > watcher->disc_m)) {
        return;
    }
    double *const gain = region->gain[region->place_count];
    for (uint32_t i = 0; i < watcher->run->config.sensor_count; i++) {
        gain[i] = watcher->radar[i].placed
                      ? skyh_notice_gain(&watcher->run->config.sensor[i], &watcher->radar[i].site,
                                         &watcher->suspect, place.lat_deg / deg_per_rad,
                                         place.lon_deg / deg_per_rad)
                      : 0.0;
    }
    region->place[region->place_count++] = place;
}

/* Places on the edges of a border, so many metres apart; returns its length. */
static double walk_border(struct watcher *watcher, struct region *region,
                          const struct sky_line *line, double step_m)
{
    const struct sky_zone_set *const set = &watcher->dossier.zones[watcher->run->zones].set;
    double length_m = 0.0, next_m = 0.0;
    for (uint32_t r = 0; r < line->ring_count; r++) {
        const struct sky_ring *const ring = &set->ring[line->first_ring + r];
        for (uint32_t i = 0; i < ring->count - ring->closing; i++) {
            const struct sky_vertex *const a = &set->vertex[ring->first + i];
            const struct sky_vertex *const b = &set->vertex[ring->first + (i + 1) % ring->count];
            const struct skyh_place from = {(double)a->lat_e7 * 1e-7, (double)a->lon_e7 * 1e-7};
            const struct skyh_place to = {
                (double)b->lat_e7 * 1e-7,
                skyh_curve_near((double)b->lon_e7 * 1e-7, (double)a->lon_e7 * 1e-7)};
            double bearing_deg = 0.0;
            const double edge_m = skyh_curve_distance_m(from, to, &bearing_deg);
            for (; step_m > 0.0 && next_m < length_m + edge_m; next_m += step_m) {
                const double share = (next_m - length_m) / edge_m;
                add_place(watcher, region, from.lat_deg + share * (to.lat_deg - from.lat_deg),
                          from.lon_deg + share * (to.lon_deg - from.lon_deg));
            }
            length_m += edge_m;
        }
    }
    return length_m;
}

static void set_line(struct watcher *watcher, struct region *region, uint32_t i)
{
    const struct skyh_zonefile *const zones = &watcher->dossier.zones[watcher->run->zones];
    const struct sky_line *const line = &zones->set.line[i];
    (void)snprintf(region->name, sizeof region->name, "%s", zones->names.line[i].name);
    (void)snprintf(region->zone, sizeof region->zone, "%s", zones->names.zone[line->zone].name);
    region->line_id = line->id;
    region->zone_id = zones->set.zone[line->zone].id;
    region->length_m = walk_border(watcher, region, line, 0.0);
    (void)walk_border(watcher, region, line, region->length_m / (PLACES_MAX - 1.0));
}

static void set_disc(struct watcher *watcher, struct region *region)
{
    enum { HALF = 9 };
    const double lat_step_deg = watcher->disc_m / HALF / 111e3;
    const double lon_step_deg = lat_step_deg / cos(watcher->middle.lat_deg / deg_per_rad);
    (void)snprintf(region->name, sizeof region->name, "%.4f, %.4f, %.1f km around",
                   watcher->middle.lat_deg, watcher->middle.lon_deg, 1e-3 * watcher->disc_m);
    for (int y = -HALF; y <= HALF; y++) {
        for (int x = -HALF; x <= HALF; x++) {
            add_place(watcher, region, watcher->middle.lat_deg + y * lat_step_deg,
                      watcher->middle.lon_deg + x * lon_step_deg);
        }
    }
}

/* Regions of a run: the lines that were asked for, or the disc. */
static bool set_regions(struct watcher *watcher, struct skyh_problem *problem)
{
    const struct skyh_zonefile *const zones = &watcher->dossier.zones[watcher->run->zones];
    const bool disc = watcher->has_disc && watcher->line_name == NULL;
    free(watcher->region);
    watcher->region_count = 0;
    watcher->region = calloc(disc ? 1 : zones->set.line_count, sizeof *watcher->region);
    if (watcher->region == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    if (disc) {
        set_disc(watcher, &watcher->region[watcher->region_count++]);
        return true;
    }
    for (uint32_t i = 0; i < zones->set.line_count; i++) {
        if (watcher->line_name == NULL ||
            strcmp(watcher->line_name, zones->names.line[i].name) == 0) {
            set_line(watcher, &watcher->region[watcher->region_count++], i);
        }
    }
    return watcher->region_count > 0 ||
           skyh_fail(problem, SKYH_EXIT_USAGE,
                     "--line: %s; expected a line of the log's zones, such as %s",
                     watcher->line_name, zones->names.line[0].name);
}

/* ------------------------------------------------------------------------------------ evaluation
 */

/* P that it is noticed at a place, given each radar's looks as they were at mid range. */
static double p_at(const struct watcher *watcher, const struct region *region, size_t place,
                   const struct skyh_notice_looks *looks)
{
    struct skyh_notice_looks here[SKY_SENSORS_MAX];
    const uint32_t count = watcher->run->config.sensor_count;
    for (uint32_t i = 0; i < count; i++) {
        here[i] = looks[i];
        here[i].p = skyh_notice_detection(looks[i].p, region->gain[place][i]);
    }
    return skyh_notice_at_least(here, count, watcher->suspect.looks_min);
}

/* A window in which it may be missed somewhere. */
static void note_span(struct region *region, int64_t from_ns, int64_t to_ns, double p)
{
    if (region->span_count > 0 && region->span[region->span_count - 1].to_utc_ns >= from_ns) {
        region->span[region->span_count - 1].to_utc_ns = to_ns;
        region->span[region->span_count - 1].worst_p =
            fmin(p, region->span[region->span_count - 1].worst_p);
    } else if (region->span_count == SPANS_MAX) {
        region->cut = true;
    } else {
        region->span[region->span_count].from_utc_ns = from_ns;
        region->span[region->span_count].to_utc_ns = to_ns;
        region->span[region->span_count++].worst_p = p;
    }
}

/* One window at all covered places: the least P. */
static double take_window(const struct watcher *watcher, struct region *region,
                          const struct skyh_notice_looks *looks, int64_t from_ns, double *ret_mean)
{
    double least = 1.0, sum = 0.0;
    for (size_t i = 0; i < region->place_count; i++) {
        if (region->covered[i]) {
            const double p = p_at(watcher, region, i, looks);
            sum += p;
            if (p < least) {
                least = p;
            }
            if (p < region->worst_p) {
                region->worst_p = p;
                region->worst_place = i;
                region->worst_utc_ns = from_ns;
            }
        }
    }
    *ret_mean = sum / (double)region->covered_count;
    return least;
}

/* Which places are covered while every radar is on watch, by the least that each had learned. */
static void find_covered(struct watcher *watcher, struct region *region)
{
    struct skyh_notice_looks looks[SKY_SENSORS_MAX] = {{0, 0.0}};
    for (uint32_t i = 0; i < watcher->run->config.sensor_count; i++) {
        looks[i].p = watcher->radar[i].least;
        looks[i].count = (uint32_t)(watcher->suspect.stay_s * 1e9 /
                                    (double)watcher->run->config.sensor[i].scan_ns);
        looks[i].count = watcher->radar[i].heard_count > 0 ? looks[i].count : 0;
    }
    for (size_t i = 0; i < region->place_count; i++) {
        region->covered[i] = p_at(watcher, region, i, looks) >= watcher->p_min;
        region->covered_count += region->covered[i] ? 1 : 0;
    }
    region->worst_p = 1.0;
}

/* Before any window is looked at. */
static void least_learned(struct watcher *watcher, uint32_t sensor)
{
    struct radar *const radar = &watcher->radar[sensor];
    radar->least = learned_by(watcher, sensor, radar, watcher->from_utc_ns);
    for (size_t i = radar->health_at; i < watcher->dossier.health_count; i++) {
        const struct skyh_health *const health = &watcher->dossier.health[i];
        if (health->run == watcher->run->run && health->sensor == sensor &&
            health->utc_ns <= watcher->to_utc_ns) {
            radar->least = fmin(radar->least, in_steps(health->detection_probability));
        }
    }
}

/* All windows of a region, each half over the one before. Windows that are as the one before have
 * its result. */
static void evaluate(struct watcher *watcher, struct region *region)
{
    struct skyh_notice_looks before[SKY_SENSORS_MAX], looks[SKY_SENSORS_MAX] = {{0, 0.0}};
    const int64_t stay_ns = llround(watcher->suspect.stay_s * 1e9);
    const uint32_t sensors = watcher->run->config.sensor_count;
    double least = 1.0, mean = 0.0, sum = 0.0;
    size_t windows = 0;
    find_covered(watcher, region);
    if (region->covered_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < sensors; i++) {
        watcher->radar[i].at = 0;
        watcher->radar[i].health_at = 0;
        watcher->radar[i].learned = watcher->run->config.sensor[i].detection_probability;
    }
    for (int64_t at_ns = watcher->from_utc_ns;
         at_ns == watcher->from_utc_ns || at_ns + stay_ns <= watcher->to_utc_ns;
         at_ns += stay_ns / 2) {
        memset(before, 0, sizeof before);
        memcpy(before, looks, sizeof looks);
        bool same = windows > 0;
        for (uint32_t i = 0; i < sensors; i++) {
            looks[i] = looks_in(watcher, i, &watcher->radar[i], at_ns, at_ns + stay_ns);
            same = same && looks[i].count == before[i].count &&
                   !(fabs(looks[i].p - before[i].p) > 0.0);
        }
        if (!same) {
            least = take_window(watcher, region, looks, at_ns, &mean);
        }
        if (least < watcher->p_min) {
            note_span(region, at_ns, at_ns + stay_ns, least);
        }
        sum += mean;
        windows++;
    }
    region->mean_p = sum / (double)windows;
}

/* A look of a track that is in the disc: each track counts once. */
static void note_track(const struct watcher *watcher, struct region *region,
                       const struct skyh_look *look)
{
    const struct skyh_place place = {look->place.lat_rad * deg_per_rad,
                                     look->place.lon_rad * deg_per_rad};
    double bearing_deg = 0.0;
    if (look->run != watcher->run->run || look->utc_ns < watcher->from_utc_ns ||
        look->utc_ns > watcher->to_utc_ns ||
        skyh_curve_distance_m(watcher->middle, place, &bearing_deg) > watcher->disc_m) {
        return;
    }
    for (size_t i = 0; i < region->recorded && i < TRACKS_MAX; i++) {
        if (region->track[i] == look->track_id) {
            return;
        }
    }
    if (region->recorded < TRACKS_MAX) {
        region->track[region->recorded++] = look->track_id;
    }
}

/* What is recorded there at that time: incidents of the zone, or tracks in the disc. */
static void count_recorded(const struct watcher *watcher, struct region *region)
{
    const struct skyh_dossier *const dossier = &watcher->dossier;
    for (size_t i = 0; region->line_id != 0 && i < dossier->incidents.count; i++) {
        const struct skyh_incident *const incident = &dossier->incidents.incident[i];
        const int64_t opened_ns = incident->said.opened_ns + incident->utc_offset_ns;
        const bool closed = incident->said.state == SKY_INCIDENT_CLOSED;
        region->recorded +=
            incident->run == watcher->run->run && incident->said.zone_id == region->zone_id &&
                    opened_ns <= watcher->to_utc_ns &&
                    (!closed ||
                     incident->said.closed_ns + incident->utc_offset_ns >= watcher->from_utc_ns)
                ? 1
                : 0;
    }
    for (size_t i = 0; region->line_id == 0 && i < dossier->look_count; i++) {
        note_track(watcher, region, &dossier->look[i]);
    }
}

/* ------------------------------------------------------------------------------------------ text
 */

static void print_question(const struct watcher *watcher)
{
    const struct skyh_suspect *const suspect = &watcher->suspect;
    (void)printf(
        "for       anything of %.0f dBsm or more at %.0f m that stays for %.0f s; noticed by "
        "%" PRIu32 " detections\n"
        "          detection as learned, taken to be of %.0f dBsm; terrain is not known\n",
        suspect->rcs_dbsm, suspect->alt_hae_m, suspect->stay_s, suspect->looks_min,
        suspect->seen_rcs_dbsm);
}

static double share_heard(const struct watcher *watcher, const struct radar *radar)
{
    return (double)radar->heard_ns / (double)(watcher->to_utc_ns - watcher->from_utc_ns);
}

static void print_radars(const struct watcher *watcher)
{
    for (uint32_t i = 0; i < watcher->run->config.sensor_count; i++) {
        const struct radar *const radar = &watcher->radar[i];
        const struct sky_sensor_config *const config = &watcher->run->config.sensor[i];
        if (config->kind != SKY_SENSOR_RADAR) {
            continue;
        }
        (void)printf("radar     %s: heard %.1f %% of the time, %zu gap%s", config->name,
                     100.0 * share_heard(watcher, radar), radar->gaps, radar->gaps == 1 ? "" : "s");
        if (radar->gaps > 0) {
            (void)printf(", the longest %.1f s", (double)radar->longest_ns * 1e-9);
        }
        (void)printf("; detects %.2f or more at %.0f km%s\n", radar->least,
                     0.5e-3 * config->range_max_m,
                     radar->placed ? "" : "; where it stands is lost");
    }
}

static void print_spans(const struct watcher *watcher, const struct region *region)
{
    enum { SHOWN = 10 };
    char from[SKYH_UTC_TEXT_MAX], to[SKYH_UTC_TEXT_MAX];
    if (region->span_count > 0) {
        (void)printf("          but may have been missed with P below %.3g within\n",
                     watcher->p_min);
    }
    for (size_t i = 0; i < region->span_count && i < SHOWN; i++) {
        (void)printf("            %s to %s: P %.3f at worst\n",
                     skyh_utc_text(region->span[i].from_utc_ns, 0, from),
                     skyh_utc_text(region->span[i].to_utc_ns, 0, to) + 11, region->span[i].worst_p);
    }
    if (region->span_count > SHOWN || region->cut) {
        (void)printf("            and %zu%s more such spans\n", region->span_count - SHOWN,
                     region->cut ? " or" : "");
    }
}

static void print_region(const struct watcher *watcher, const struct region *region)
{
    const double share = (double)region->covered_count / fmax((double)region->place_count, 1.0);
    (void)printf("\n%s  %s%s%s\n", region->line_id != 0 ? "line    " : "disc    ", region->name,
                 region->zone[0] != '\0' ? ", of " : "", region->zone);
    if (region->covered_count == 0) {
        (void)printf("          not on watch: nowhere is it noticed with P %.3g or more\n",
                     watcher->p_min);
    } else {
        (void)printf("          on watch over %.0f %% of its places", 100.0 * share);
        if (region->length_m > 0.0 && !watcher->has_disc) {
            (void)printf(", some %.0f of %.0f km", 1e-3 * share * region->length_m,
                         1e-3 * region->length_m);
        }
        (void)printf("\n          noticed there with P %.4f at worst, at %.4f, %.4f; %.4f on "
                     "average\n",
                     region->worst_p, region->place[region->worst_place].lat_deg,
                     region->place[region->worst_place].lon_deg, region->mean_p);
    }
    print_spans(watcher, region);
    (void)printf("          recorded: %zu %s%s\n", region->recorded,
                 region->line_id != 0 ? "incident" : "track", region->recorded == 1 ? "" : "s");
    if (region->recorded == 0 && region->covered_count > 0) {
        (void)printf("          had one been there, it went unnoticed with P %.4f at most\n",
                     1.0 - region->worst_p);
    }
}

static void print_run(const struct watcher *watcher)
{
    char from[SKYH_UTC_TEXT_MAX], to[SKYH_UTC_TEXT_MAX];
    (void)printf("run %" PRIu64 "     %s to %s UTC, %.0f s\n", watcher->run->run,
                 skyh_utc_text(watcher->from_utc_ns, 0, from),
                 skyh_utc_text(watcher->to_utc_ns, 0, to),
                 (double)(watcher->to_utc_ns - watcher->from_utc_ns) * 1e-9);
    print_question(watcher);
    print_radars(watcher);
    for (size_t i = 0; i < watcher->region_count; i++) {
        print_region(watcher, &watcher->region[i]);
    }
}

/* ------------------------------------------------------------------------------------------ JSON
 */

static json_t *utc_json(int64_t utc_ns)
{
    char text[SKYH_UTC_TEXT_MAX];
    return json_string(skyh_utc_rfc3339(utc_ns, text));
}

static json_t *spans_json(const struct region *region)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < region->span_count; i++) {
        (void)json_array_append_new(list, json_pack("{s:o, s:o, s:f}", "from",
                                                    utc_json(region->span[i].from_utc_ns), "to",
                                                    utc_json(region->span[i].to_utc_ns), "worst_p",
                                                    region->span[i].worst_p));
    }
    return list;
}

static json_t *region_json(const struct region *region)
{
    const bool covered = region->covered_count > 0;
    const struct skyh_place *const worst = &region->place[region->worst_place];
    return json_pack("{s:s, s:s, s:I, s:f, s:I, s:I, s:o, s:o, s:o, s:o, s:b, s:I}", "name",
                     region->name, "zone", region->zone, "line_id", (json_int_t)region->line_id,
                     "length_m", region->length_m, "places", (json_int_t)region->place_count,
                     "places_covered", (json_int_t)region->covered_count, "worst_p",
                     covered ? json_real(region->worst_p) : json_null(), "mean_p",
                     covered ? json_real(region->mean_p) : json_null(), "worst",
                     covered ? json_pack("{s:f, s:f, s:o}", "lat_deg", worst->lat_deg, "lon_deg",
                                         worst->lon_deg, "from", utc_json(region->worst_utc_ns))
                             : json_null(),
                     "missed_within", spans_json(region), "missed_within_cut", region->cut,
                     "recorded", (json_int_t)region->recorded);
}

static json_t *radars_json(const struct watcher *watcher)
{
    json_t *const list = json_array();
    for (uint32_t i = 0; i < watcher->run->config.sensor_count; i++) {
        const struct radar *const radar = &watcher->radar[i];
        if (watcher->run->config.sensor[i].kind == SKY_SENSOR_RADAR) {
            (void)json_array_append_new(
                list, json_pack("{s:s, s:f, s:I, s:f, s:f, s:b}", "name",
                                watcher->run->config.sensor[i].name, "heard_share",
                                share_heard(watcher, radar), "gaps", (json_int_t)radar->gaps,
                                "longest_gap_s", (double)radar->longest_ns * 1e-9,
                                "detection_probability", radar->least, "placed", radar->placed));
        }
    }
    return list;
}

static json_t *run_json(const struct watcher *watcher)
{
    json_t *const regions = json_array();
    for (size_t i = 0; i < watcher->region_count; i++) {
        (void)json_array_append_new(regions, region_json(&watcher->region[i]));
    }
    return json_pack("{s:I, s:o, s:o, s:o, s:o}", "run", (json_int_t)watcher->run->run, "from",
                     utc_json(watcher->from_utc_ns), "to", utc_json(watcher->to_utc_ns), "radars",
                     radars_json(watcher), "regions", regions);
}

static void print_json(const struct watcher *watcher, json_t *runs, bool gap)
{
    const struct skyh_suspect *const suspect = &watcher->suspect;
    json_t *const out = json_pack("{s:{s:f, s:f, s:f, s:f, s:I}, s:f, s:o, s:b}", "suspect",
                                  "rcs_dbsm", suspect->rcs_dbsm, "seen_rcs_dbsm",
                                  suspect->seen_rcs_dbsm, "height_m", suspect->alt_hae_m, "stay_s",
                                  suspect->stay_s, "looks", (json_int_t)suspect->looks_min, "p",
                                  watcher->p_min, "runs", runs, "gap_exceeds_max", gap);
    (void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)printf("\n");
    json_decref(out);
}

/* --------------------------------------------------------------------------------------- command
 */

/* Whether nobody was on watch, or a radar was not heard, for longer than was allowed. */
static bool is_gap_too_long(const struct watcher *watcher)
{
    const int64_t most_ns = llround(watcher->max_gap_s * 1e9);
    bool any = false;
    for (uint32_t i = 0; i < watcher->run->config.sensor_count; i++) {
        any = any || (watcher->run->config.sensor[i].kind == SKY_SENSOR_RADAR &&
                      watcher->radar[i].gaps > 0 && watcher->radar[i].longest_ns > most_ns);
    }
    for (size_t i = 0; i < watcher->region_count; i++) {
        const struct region *const region = &watcher->region[i];
        any = any || region->covered_count == 0;
        for (size_t k = 0; k < region->span_count; k++) {
            any = any || region->span[k].to_utc_ns - region->span[k].from_utc_ns > most_ns;
        }
    }
    return watcher->max_gap_s >= 0.0 && any;
}

/* Sets what of a run was asked for; false if nothing of it. */
static bool take_run(struct watcher *watcher, const struct skyh_dossier_run *run)
{
    watcher->run = run;
    watcher->from_utc_ns = run->from_utc_ns > watcher->asked_from_utc_ns
                               ? run->from_utc_ns
                               : watcher->asked_from_utc_ns;
    watcher->to_utc_ns =
        run->to_utc_ns < watcher->asked_to_utc_ns ? run->to_utc_ns : watcher->asked_to_utc_ns;
    return run->has_span && watcher->from_utc_ns < watcher->to_utc_ns;
}

static bool watch_run(struct watcher *watcher, struct skyh_problem *problem)
{
    for (uint32_t i = 0; i < watcher->run->config.sensor_count; i++) {
        if (!set_radar(watcher, i)) {
            return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
        }
        least_learned(watcher, i);
    }
    if (!set_regions(watcher, problem)) {
        return false;
    }
    for (size_t i = 0; i < watcher->region_count; i++) {
        evaluate(watcher, &watcher->region[i]);
        count_recorded(watcher, &watcher->region[i]);
    }
    return true;
}

static bool watch(struct watcher *watcher, struct skyh_log *log, const struct skyh_args *args,
                  bool *ret_gap, struct skyh_problem *problem)
{
    json_t *const runs = json_array();
    bool gap = false;
    size_t looked_at = 0;
    for (size_t i = 0; i < watcher->dossier.run_count; i++) {
        if (!take_run(watcher, &watcher->dossier.run[i])) {
            continue;
        }
        if (!watch_run(watcher, problem)) {
            json_decref(runs);
            return false;
        }
        gap = gap || is_gap_too_long(watcher);
        if (args->json) {
            (void)json_array_append_new(runs, run_json(watcher));
        } else {
            (void)printf("%s", looked_at > 0 ? "\n" : "");
            print_run(watcher);
        }
        looked_at++;
    }
    if (looked_at == 0) {
        json_decref(runs);
        return skyh_fail(
            problem, SKYH_EXIT_DATA,
            "%s: no run of this log has an instant of that time; expected one with UTC",
            log->segment[0].file);
    }
    if (args->json) {
        print_json(watcher, runs, gap);
    } else {
        json_decref(runs);
    }
    *ret_gap = gap;
    return true;
}

static void release(struct watcher *watcher)
{
    for (size_t i = 0; i < SKY_SENSORS_MAX; i++) {
        free(watcher->radar[i].heard);
    }
    free(watcher->region);
    skyh_dossier_done(&watcher->dossier);
    free(watcher);
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct watcher *const watcher = calloc(1, sizeof *watcher);
    bool gap = false;
    int exit_code = SKYH_EXIT_SOFTWARE;
    if (watcher == NULL) {
        skyh_note("watch", "out of memory");
        return exit_code;
    }
    watcher->dossier.keep_all = true;
    if (!read_question(args, watcher, &problem) ||
        !skyh_log_open(&log, args->operand[0], &problem) ||
        !skyh_dossier_collect(&watcher->dossier, &log, "watch", &problem) ||
        !watch(watcher, &log, args, &gap, &problem)) {
        exit_code = skyh_report("watch", &problem);
    } else {
        exit_code = skyh_dossier_exit(&watcher->dossier, &log);
        exit_code = exit_code == SKYH_EXIT_OK && gap ? SKYH_EXIT_DIFFERENT : exit_code;
    }
    release(watcher);
    skyh_log_close(&log);
    return exit_code;
}

const struct skyh_command skyh_watch = {
    .name = "watch",
    .operands = "LOG",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "who was on watch, and how surely nothing was there: proof of absence",
    .about =
        "Tells for LOG (a file, or a directory of segments) how much of the time each radar was\n"
        "heard, and how probably it would have been noticed if something had been at a line, or\n"
        "within a disc, for --stay seconds: at each place, in every such span of time, by the\n"
        "radars that were heard then, with the detection that the station had learned by then.\n"
        "Where all radars together notice it with --p or more a place is on watch; when they did\n"
        "not, because one of them was silent, is listed.\n"
        "\n"
        "Detection is learned of what flies there, taken to have --seen-rcs at the middle of a\n"
        "radar's range. For other cross-sections and ranges it follows the radar equation, with a\n"
        "target that fluctuates from look to look (Swerling 1, false alarms 1e-6). Out of a\n"
        "radar's limits, and below its horizontal, where terrain decides, nothing is counted.\n"
        "Classes and the least cross-section that they are taken to have, in dBsm: male-uav -10,\n"
        "multirotor -30, small-fixed-wing -25, light-aircraft 0, helicopter 0, jet 0, airliner "
        "15.\n",
    .exits = "  0   told\n"
             "  1   there is a gap longer than --max-gap\n"
             "  2   the log is torn, damaged or incomplete; what is there is told\n"
             "  64  usage   65  not a log, or none of that time   66  cannot be read\n",
    .example = "  skywitness watch night.mcap --class male-uav --height 5000 --max-gap 30\n"
               "  skywitness watch night.mcap --around 19.97,2.83,10 --from 2026-03-31T23:07:00Z\n",
    .options = options,
    .run = run,
};
