/*
 * A catalogue of labelled incidents: what flew, what it did, and what the record makes of it.
 *
 * Every item is a flight of its own under two lines, of a type that is drawn from the table below,
 * seen by one radar through the station's own engine; the label is what was flown. Flights keep
 * clear of the thresholds (depths from 2.5 bounds on, grazes up to 0.8 of one, near misses from 60
 * to 900 m): what happens at them is the matter of unit.classify. Thresholds and envelopes were set
 * on seeds 1 to 3; seed 101 is the everyday sample. Arguments: the number of items, and the seed.
 * With CATALOGUE_VERBOSE in the environment every item that was not recognised is named.
 */
#include <stdlib.h>
#include <string.h>

#include "sky_engine.h"
#include "sky_math.h"
#include "sky_test.h"
#include "skyh_approach.h"

static const double deg = SKY_PI / 180.0;
static const int64_t time0_ns = 1000 * SKY_SECOND_NS;
static const int64_t utc0_ns = INT64_C(1775000700) * SKY_SECOND_NS;
static const double line_m = 15000.0; /* the southern line, north of the station */
static const double line_sigma_m = 60.0;
static const double bound_m = 135.0; /* about what the record's bounds come to */

static uint64_t seed;
static unsigned items = 600;
static unsigned long first_seed = 101;

static double draw(double low, double high) { return test_uniform(&seed, low, high); }

/* ------------------------------------------------------------------------------- what there is */

enum deed { MAY_HOVER = 1, MAY_CIRCLE = 2 };

static const struct type {
    const char *name;
    enum sky_class class;
    double speed_mps[2];
    double height_m[2];
    double rcs_dbsm[2];
    double answers; /* probability */
    uint8_t emitter;
    double load_mps2; /* sideways, in turns */
    unsigned may;
} type[] = {
    {"large drone", SKY_CLASS_MALE_UAV, {60, 110}, {4500, 9000}, {-5, 8}, 0.3, 13, 2.5, 2},
    {"medium drone", SKY_CLASS_MALE_UAV, {36, 62}, {3000, 6500}, {-9, 2}, 0.3, 13, 2.5, 2},
    {"quadcopter", SKY_CLASS_MULTIROTOR, {3, 16}, {0, 500}, {-25, -14}, 0.02, 13, 3.0, 3},
    {"heavy copter", SKY_CLASS_MULTIROTOR, {2, 22}, {100, 2300}, {-20, -10}, 0.02, 13, 3.0, 3},
    {"mapping drone", SKY_CLASS_SMALL_FIXED_WING, {13, 28}, {50, 2500}, {-24, -10}, 0.05, 13, 4, 2},
    {"one-way drone", SKY_CLASS_SMALL_FIXED_WING, {38, 58}, {100, 3000}, {-18, -4}, 0.05, 13, 4, 2},
    {"trainer", SKY_CLASS_LIGHT_AIRCRAFT, {32, 60}, {300, 2800}, {-2, 8}, 0.8, 1, 4.0, 2},
    {"tourer", SKY_CLASS_LIGHT_AIRCRAFT, {55, 84}, {600, 3500}, {0, 11}, 0.8, 1, 4.0, 2},
    {"small helicopter", SKY_CLASS_HELICOPTER, {5, 55}, {50, 1800}, {1, 9}, 0.7, 10, 4.0, 3},
    {"large helicopter", SKY_CLASS_HELICOPTER, {10, 78}, {50, 3300}, {5, 15}, 0.7, 10, 4.0, 3},
    {"trainer jet", SKY_CLASS_JET, {105, 230}, {300, 9000}, {1, 8}, 0.5, 6, 9.0, 2},
    {"fast jet", SKY_CLASS_JET, {180, 320}, {300, 14000}, {2, 14}, 0.5, 6, 9.0, 2},
    {"turboprop", SKY_CLASS_AIRLINER, {95, 160}, {1500, 8000}, {11, 20}, 0.99, 2, 5.0, 2},
    {"jet airliner", SKY_CLASS_AIRLINER, {120, 255}, {1500, 12500}, {13, 28}, 0.99, 3, 5.0, 2},
    {"gull", SKY_CLASS_BIRD, {7, 16}, {0, 600}, {-38, -22}, 0.0, 0, 3.0, 2},
    {"stork", SKY_CLASS_BIRD, {9, 22}, {200, 2300}, {-30, -17}, 0.0, 0, 3.0, 2},
    {"turbines", SKY_CLASS_CLUTTER, {0, 0.5}, {0, 600}, {8, 33}, 0.0, 0, 0, 0},
    {"rain", SKY_CLASS_CLUTTER, {4, 14}, {500, 5500}, {-5, 25}, 0.0, 0, 0, 0},
    {"balloon", SKY_CLASS_UNKNOWN, {6, 24}, {3000, 14000}, {-20, 0}, 0.4, 12, 0.5, 0},
    {"missile", SKY_CLASS_UNKNOWN, {250, 330}, {100, 1500}, {-12, -5}, 0.0, 0, 6.0, 0},
};

/* What is flown: parts of constant speed and rate of turn. */
struct part {
    double for_s;
    double turn_radps; /* to the right */
    double speed_mps;
};

enum { PARTS_MAX = 16, LINES = 2 };

static struct item {
    const struct type *type;
    enum sky_kind kind;
    double speed_mps;
    double height_m;
    double rcs_dbsm;
    bool answers;
    uint8_t emitter;
    double begin_east_m;
    double begin_north_m;
    double begin_heading_rad;
    size_t count;
    struct part part[PARTS_MAX];
    double lost_s;       /* from then on it is not seen */
    double apart_m;      /* from the southern line to the northern one */
    double zone_north_m; /* where the zone ends */
} item;

static void fly(double for_s, double turn_radps, double speed_mps)
{
    assert_true(item.count < PARTS_MAX);
    item.part[item.count++] = (struct part){for_s, turn_radps, speed_mps};
}

struct state {
    double east_m;
    double north_m;
    double heading_rad;
    double speed_mps;
};

/* Where it is; false once it has flown all its parts. */
static bool state_at(double t_s, struct state *ret)
{
    struct state now = {item.begin_east_m, item.begin_north_m, item.begin_heading_rad, 0.0};
    for (size_t i = 0; i < item.count; i++) {
        const struct part *const part = &item.part[i];
        const double for_s = t_s < part->for_s ? t_s : part->for_s;
        const double turn_rad = part->turn_radps * for_s;
        const double half = 0.5 * turn_rad;
        const double chord_m =
            part->speed_mps * for_s * (fabs(half) > 1e-9 ? sin(half) / half : 1.0);
        now.east_m += chord_m * sin(now.heading_rad + half);
        now.north_m += chord_m * cos(now.heading_rad + half);
        now.heading_rad += turn_rad;
        now.speed_mps = part->speed_mps;
        t_s -= for_s;
        if (t_s <= 0.0) {
            *ret = now;
            return true;
        }
    }
    return false;
}

/* ----------------------------------------------------------------------------- what it may do */

static double rate(void) { return item.type->load_mps2 / item.speed_mps; }

/*
 * Begins so far before a place that it gets there straight on after so long, or later if it were
 * too near to be surely outside at first. Returns how long that takes.
 */
static double begin_for(double straight_s, double north_m, double heading_rad)
{
    const double clear_m = straight_s > 0.0 ? 3.5 * bound_m : 0.0;
    const double clear_s = clear_m / (item.speed_mps * cos(heading_rad));
    straight_s = straight_s > clear_s ? straight_s : clear_s;
    item.begin_heading_rad = heading_rad;
    item.begin_north_m = north_m - item.speed_mps * straight_s * cos(heading_rad);
    item.begin_east_m = draw(-4000.0, 4000.0) - item.speed_mps * straight_s * sin(heading_rad);
    return straight_s;
}

static double turn_most(double radps) { return radps < 0.25 ? radps : 0.25; }

/* In, round by more than half a turn, and out again. */
static void plan_incursion(void)
{
    const double turn = turn_most(rate()), heading = draw(-0.4, 0.4);
    const double radius_m = item.speed_mps / turn;
    const double depth_m = 2.5 * bound_m + draw(0.0, 600.0);
    const double straight_m = depth_m > radius_m ? depth_m - radius_m : 0.0;
    const double before_s = begin_for(40.0, line_m, heading);
    fly(before_s + (straight_m + 100.0) / item.speed_mps, 0.0, item.speed_mps);
    fly((SKY_PI + 2.0 * heading) / turn, turn, item.speed_mps);
    fly((straight_m + 300.0) / item.speed_mps + 25.0, 0.0, item.speed_mps);
}

/* A long even arc whose northernmost point lies so far beyond the southern line. */
static void plan_arc(double depth_m)
{
    const double load_mps2 = item.type->load_mps2 < 0.6 ? item.type->load_mps2 : 0.6;
    const double turn = load_mps2 / item.speed_mps;
    const double span_rad = turn * 150.0 < 2.6 ? turn * 150.0 : 2.6;
    const double radius_m = item.speed_mps / turn;
    item.begin_heading_rad = 0.5 * SKY_PI - 0.5 * span_rad;
    item.begin_north_m = line_m + depth_m - radius_m * (1.0 - cos(0.5 * span_rad));
    item.begin_east_m = draw(-4000.0, 4000.0) - radius_m * sin(0.5 * span_rad);
    /* Straight on before and after, from where it surely is outside. */
    const double slope_mps = item.speed_mps * cos(item.begin_heading_rad);
    const double near_m = 3.5 * bound_m - (line_m - item.begin_north_m);
    const double shift_s = near_m > 20.0 * slope_mps ? near_m / slope_mps : 20.0;
    item.begin_north_m -= shift_s * item.speed_mps * cos(item.begin_heading_rad);
    item.begin_east_m -= shift_s * item.speed_mps * sin(item.begin_heading_rad);
    fly(shift_s, 0.0, item.speed_mps);
    fly(span_rad / turn, turn, item.speed_mps);
    fly(shift_s + 20.0, 0.0, item.speed_mps);
}

static void plan_graze(void) { plan_arc(draw(0.2, 0.8) * bound_m); }
static void plan_near_miss(void) { plan_arc(draw(-900.0, -60.0)); }

static void plan_contested(void)
{
    item.apart_m = draw(900.0, 1600.0);
    plan_arc(item.apart_m * draw(0.4, 0.65));
}

/* Along the line in waves: out, in, out, in and out. */
static void plan_repeated(void)
{
    const double turn = turn_most(rate()), radius_m = item.speed_mps / turn;
    const double heading = 1.2; /* of the slopes, from north */
    const double crest_m = radius_m * (1.0 - sin(heading));
    const double depth_m = 2.5 * bound_m + draw(0.0, 300.0);
    const double slope_m = depth_m > crest_m ? (depth_m - crest_m) / cos(heading) : 0.0;
    const double slope_s = slope_m / item.speed_mps;
    const double bend_s = (SKY_PI - 2.0 * heading) / turn;
    const double before_s = begin_for(30.0, line_m, heading);
    fly(before_s + slope_s, 0.0, item.speed_mps);
    for (int i = 0; i < 2; i++) {
        fly(bend_s, turn, item.speed_mps);
        fly(2.0 * slope_s, 0.0, item.speed_mps);
        if (i == 0) {
            fly(bend_s, -turn, item.speed_mps);
            fly(2.0 * slope_s, 0.0, item.speed_mps);
        }
    }
    fly(30.0, 0.0, item.speed_mps);
}

/* In, round and round or standing in the air, and out again. */
static void plan_loiter(void)
{
    const bool hovers = (item.type->may & MAY_HOVER) != 0 && draw(0.0, 1.0) < 0.5;
    const double turn = turn_most(rate()), radius_m = item.speed_mps / turn;
    const double in_m = 2.5 * bound_m + draw(0.0, 400.0) + (hovers ? 0.0 : 2.0 * radius_m);
    const double in_s = in_m / item.speed_mps;
    const double before_s = begin_for(35.0, line_m, 0.0);
    fly(before_s + in_s, 0.0, item.speed_mps);
    if (hovers) {
        fly(6.0, 0.0, 0.6 * item.speed_mps); /* it slows down, and stands */
        fly(6.0, 0.0, 0.25 * item.speed_mps);
        fly(2.5 * in_s + 150.0, 0.0, 0.2);
        fly(SKY_PI / 0.25, 0.25, item.speed_mps);
    } else {
        const double needs_m = 3.6 * (in_m + radius_m) - 2.0 * in_m;
        const double by_way = ceil(needs_m / (2.0 * SKY_PI * radius_m));
        const double by_time = ceil(140.0 * turn / (2.0 * SKY_PI));
        fly(2.0 * SKY_PI * (by_way > by_time ? by_way : by_time) / turn, turn, item.speed_mps);
        fly(SKY_PI / turn, turn, item.speed_mps);
    }
    fly(in_s + 45.0, 0.0, item.speed_mps);
}

/* Straight through a strip. */
static void plan_transit(void)
{
    const double heading = draw(-0.5, 0.5);
    const double through_m = draw(900.0, 2000.0) + item.apart_m + 8.0 * item.speed_mps;
    item.zone_north_m = line_m + through_m;
    const double before_s = begin_for(40.0, line_m, heading);
    fly(before_s + 30.0 + through_m / cos(heading) / item.speed_mps, 0.0, item.speed_mps);
}

static void plan_started(void)
{
    const double heading = draw(2.2, 4.0); /* southwards */
    const double depth_m = 3.0 * bound_m + 15.0 * item.speed_mps + draw(0.0, 1000.0);
    (void)begin_for(0.0, line_m + depth_m, heading);
    fly(draw(60.0, 140.0), 0.0, item.speed_mps);
}

/* Lost before it comes to the line. */
static void plan_lost(void)
{
    const double heading = draw(-0.6, 0.6);
    const double left_m = 1.2 * bound_m + item.speed_mps * draw(1.0, 20.0);
    (void)begin_for(60.0 + left_m / item.speed_mps / cos(heading), line_m, heading);
    fly(200.0, 0.0, item.speed_mps);
    item.lost_s = 60.0;
}

/* Echoes that stand or drift: first seen inside, or drifting in. */
static void plan_artefact(void)
{
    const bool inside = item.speed_mps < 1.0 || draw(0.0, 1.0) < 0.5;
    const double before_s =
        begin_for(inside ? 0.0 : 60.0, line_m + (inside ? draw(500.0, 3000.0) : 0.0),
                  inside ? draw(0.0, 6.28) : draw(-0.5, 0.5));
    fly(before_s + 120.0 + (inside ? 0.0 : 3.0 * bound_m / item.speed_mps), 0.0, item.speed_mps);
}

static const struct {
    enum sky_kind kind;
    void (*plan)(void);
    double load_least_mps2; /* of a type that can do it */
} deed[] = {
    {SKY_KIND_INCURSION, plan_incursion, 2.0},
    {SKY_KIND_CONTESTED_INCURSION, plan_contested, 0.4},
    {SKY_KIND_GRAZE, plan_graze, 0.4},
    {SKY_KIND_NEAR_MISS, plan_near_miss, 0.4},
    {SKY_KIND_REPEATED_ENTRY, plan_repeated, 2.0},
    {SKY_KIND_LOITER, plan_loiter, 2.0},
    {SKY_KIND_TRANSIT, plan_transit, 0.0},
    {SKY_KIND_STARTED_INSIDE, plan_started, 0.0},
    {SKY_KIND_UNDETERMINED, plan_lost, 0.0},
};

static double pick(const double range[2]) { return draw(range[0], range[1]); }

/* One of a class in turn - of the unknown a fifth as many -, one of its types, one of its deeds. */
static const struct type *pick_type(void)
{
    for (;;) {
        const struct type *const it = &type[test_random(&seed) % (sizeof type / sizeof *type)];
        if (it->class != SKY_CLASS_UNKNOWN || draw(0.0, 1.0) < 0.2) {
            return it;
        }
    }
}

static void plan(void)
{
    memset(&item, 0, sizeof item);
    item.type = pick_type();
    item.speed_mps = pick(item.type->speed_mps);
    item.height_m = pick(item.type->height_m) + 620.0;
    item.rcs_dbsm = pick(item.type->rcs_dbsm);
    item.answers = draw(0.0, 1.0) < item.type->answers;
    item.emitter = item.answers && draw(0.0, 1.0) < 0.5 ? item.type->emitter : 0;
    item.lost_s = 1e9;
    item.apart_m = draw(150.0, 250.0);
    item.zone_north_m = line_m + 40e3;
    if (item.type->class == SKY_CLASS_CLUTTER) {
        item.kind = SKY_KIND_SENSOR_ARTEFACT;
        plan_artefact();
        return;
    }
    size_t i = 0;
    do {
        i = test_random(&seed) % (sizeof deed / sizeof *deed);
    } while (item.type->load_mps2 < deed[i].load_least_mps2);
    item.kind = deed[i].kind;
    deed[i].plan();
    /* The nearer line is crossed first, and both by what is said to be inside under both. */
    if (item.kind == SKY_KIND_INCURSION || item.kind == SKY_KIND_REPEATED_ENTRY ||
        item.kind == SKY_KIND_LOITER || item.kind == SKY_KIND_TRANSIT) {
        item.begin_north_m += item.apart_m;
        item.zone_north_m += item.kind == SKY_KIND_TRANSIT ? item.apart_m : 0.0;
    }
}

/* --------------------------------------------------------------------------------- the station */

static struct sky_engine engine;
static struct sky_outbox outbox;
static struct sky_geo_frame frame;
static struct sky_config config;
static struct sky_vertex vertex[4 * LINES];
static struct sky_ring ring[LINES];
static struct sky_line line[LINES];
static struct sky_zone zone;
static struct sky_zone_set zones;

static void set_zone(void)
{
    for (size_t i = 0; i < LINES; i++) {
        const double south_m = line_m + (i == 0 ? 0.0 : item.apart_m);
        const double north_m = item.zone_north_m - (i == 0 ? 0.0 : item.apart_m);
        const double corner[4][2] = {
            {-60e3, south_m}, {-60e3, north_m}, {60e3, north_m}, {60e3, south_m}};
        for (size_t k = 0; k < 4; k++) {
            const double north = corner[k][1] / 6336000.0, east = corner[k][0] / 6378000.0;
            vertex[4 * i + k] =
                (struct sky_vertex){(int32_t)((19.95 + north / deg) * 1e7),
                                    (int32_t)((2.97 + east / deg / cos(19.95 * deg)) * 1e7)};
        }
        ring[i] = (struct sky_ring){.first = (uint32_t)(4 * i), .count = 4};
        line[i] = (struct sky_line){.id = (uint32_t)(11 + i),
                                    .rule = SKY_EDGE_PLANAR,
                                    .rule_stated = true,
                                    .accuracy_stated = true,
                                    .sigma_m = line_sigma_m,
                                    .first_ring = (uint32_t)i,
                                    .ring_count = 1};
    }
    zone = (struct sky_zone){.id = 1,
                             .floor = {.unlimited = true, .datum = SKY_DATUM_HAE},
                             .ceiling = {.unlimited = true, .datum = SKY_DATUM_HAE},
                             .line_count = LINES};
    zones = (struct sky_zone_set){.zone_count = 1,
                                  .line_count = LINES,
                                  .ring_count = LINES,
                                  .vertex_count = 4 * LINES,
                                  .zone = &zone,
                                  .line = line,
                                  .ring = ring,
                                  .vertex = vertex};
    const char *reason = "";
    assert_int_equal(sky_zone_check(&zones, &reason), SKY_OK);
}

static void set_station(void)
{
    const struct sky_lla site = {19.95 * deg, 2.97 * deg, 620.0};
    const char *field = "";
    sky_config_default(&config);
    sky_config_motion(&config.tracker, SKY_MOTION_MIXED);
    config.tracker.coast_ns = 10 * SKY_SECOND_NS;
    config.tracker.lose_ns = 20 * SKY_SECOND_NS;
    config.incident.close_after_ns = 300 * SKY_SECOND_NS;
    config.station.has_site = true;
    config.station.site = site;
    config.station.heading_sigma_rad = 0.0003;
    config.sensor_count = 1;
    struct sky_sensor_config *const radar = &config.sensor[0];
    sky_config_sensor_default(radar);
    memcpy(radar->name, "radar", 6);
    radar->sigma_range_m = 15.0;
    radar->sigma_azimuth_rad = 0.001;
    radar->sigma_elevation_rad = 0.002;
    radar->sigma_radial_mps = 0.7;
    radar->bias_sigma_range_m = 5.0;
    radar->bias_sigma_azimuth_rad = 0.0003;
    radar->scan_ns = 2 * SKY_SECOND_NS;
    radar->range_max_m = 60e3;
    assert_int_equal(sky_config_check(&config, &field), SKY_OK);
    assert_int_equal(sky_geo_frame_init(&frame, &site), SKY_OK);
}

/* What the radar makes of it, errors and all. */
static struct sky_plot plot_of(const struct state *state, const double bias[2])
{
    struct sky_lla place =
        sky_geo_from_enu(&frame, &(struct sky_enu){state->east_m, state->north_m, 0.0});
    place.alt_hae_m = item.height_m;
    const struct sky_enu at = sky_geo_to_enu(&frame, &place);
    const double plan_m = hypot(at.east_m, at.north_m), range_m = hypot(plan_m, at.up_m);
    const double elevation_rad = atan2(at.up_m, plan_m);
    const double radial_mps =
        state->speed_mps *
        (sin(state->heading_rad) * at.east_m + cos(state->heading_rad) * at.north_m) / range_m;
    double azimuth_rad = atan2(at.east_m, at.north_m) + bias[1] + 0.001 * test_normal(&seed);
    azimuth_rad += azimuth_rad < 0.0 ? 2.0 * SKY_PI : 0.0;
    return (struct sky_plot){
        .has = SKY_PLOT_ELEVATION | SKY_PLOT_RADIAL_SPEED | SKY_PLOT_RCS |
               (item.answers ? (uint32_t)SKY_PLOT_COOPERATES : 0U) |
               (item.emitter != 0 ? (uint32_t)SKY_PLOT_EMITTER : 0U),
        .time_kind = SKY_TIME_ARRIVAL,
        .slant_range_m = range_m + bias[0] + 15.0 * test_normal(&seed),
        .azimuth_rad = azimuth_rad,
        .elevation_rad = elevation_rad + sky_geo_refraction_rad(range_m, elevation_rad) +
                         0.002 * test_normal(&seed),
        .radial_speed_mps = radial_mps + 0.7 * test_normal(&seed),
        .rcs_dbsm = item.rcs_dbsm + 2.5 * test_normal(&seed),
        .emitter = item.emitter,
    };
}

/* ---------------------------------------------------------------------------------- the record */

/* What the record says of an item: the incident, else the approach, that lasted longest. */
static struct {
    unsigned rows;
    int64_t span_ns;
    struct sky_classification result;
    struct sky_track_features features;
} found;

static void find(const struct sky_classification *result, const struct sky_track_features *features,
                 int64_t span_ns)
{
    found.rows++;
    if (found.rows == 1 || span_ns > found.span_ns) {
        found.span_ns = span_ns;
        found.result = *result;
        found.features = *features;
    }
}

static struct skyh_approaches approaches;
static int64_t opened_ns;

static void take(struct sky_step *step)
{
    outbox.count = 0;
    assert_int_equal(sky_engine_step(&engine, step, &outbox), SKY_OK);
    for (size_t i = 0; i < outbox.count; i++) {
        const struct sky_event *const event = &outbox.event[i];
        assert_true(skyh_approaches_take(&approaches, event));
        if (event->kind == SKY_EVENT_INCIDENT) {
            opened_ns = event->u.incident.opened_ns;
        } else if (event->kind == SKY_EVENT_CLASSIFICATION) {
            find(&event->u.classification.result, &event->u.classification.features,
                 event->time_ns - opened_ns);
        }
    }
}

static void step_to(uint64_t *seq, enum sky_step_kind kind, double t_s, const struct sky_plot *plot)
{
    const int64_t time_ns = time0_ns + (int64_t)(t_s * 1e9);
    struct sky_step step = {.seq = ++*seq,
                            .time_ns = time_ns,
                            .realtime_ns = utc0_ns + (time_ns - time0_ns),
                            .kind = kind,
                            .synchronised = true,
                            .error_ns = 1000000,
                            .plot = plot,
                            .count = plot != NULL ? 1 : 0};
    take(&step);
}

/* One flight from its first plot until everything is closed. */
static void record(void)
{
    const double bias[2] = {5.0 * test_normal(&seed), 0.0003 * test_normal(&seed)};
    uint64_t seq = 0;
    struct state state;
    memset(&found, 0, sizeof found);
    set_zone();
    sky_engine_init(&engine, &config, &zones, time0_ns);
    engine.tracker.answers_heard = true; /* of somebody else before */
    skyh_approaches_begin(&approaches, &zones);
    approaches.listened = true;
    double t_s = 2.0;
    for (; t_s < item.lost_s && state_at(t_s - 2.0, &state); t_s += 2.0) {
        step_to(&seq, SKY_STEP_TICK, t_s, NULL);
        if (draw(0.0, 1.0) < 0.92) {
            const struct sky_plot plot = plot_of(&state, bias);
            step_to(&seq, SKY_STEP_PLOTS, t_s + 0.1, &plot);
        }
    }
    for (const double end_s = t_s + 30.0; t_s < end_s; t_s += 2.0) {
        step_to(&seq, SKY_STEP_TICK, t_s, NULL);
    }
    step_to(&seq, SKY_STEP_SHUTDOWN, t_s, NULL);
    assert_true(skyh_approaches_end(&approaches));
    if (found.rows == 0) {
        for (size_t i = 0; i < approaches.count; i++) {
            find(&approaches.found[i].result, &approaches.found[i].features,
                 approaches.found[i].last_ns - approaches.found[i].first_ns);
        }
    }
    skyh_approaches_done(&approaches);
}

/* ------------------------------------------------------------------------------------ the sums */

enum { NOTHING = 0, BINS = 10 }; /* kinds count from 1; 0: no row at all */

static unsigned kinds[SKY_KIND_END][SKY_KIND_END];         /* flown, recorded */
static unsigned classes[SKY_CLASS_COUNT][SKY_CLASS_COUNT]; /* flown, named */
static unsigned several;

/* Of every probability that was stated: how often it came true. */
struct reliability {
    unsigned count[BINS];
    double stated[BINS];
    double true_[BINS];
};
static struct reliability top, every;

static void count_probability(struct reliability *into, double stated, bool came_true)
{
    const int at = (int)(stated * BINS);
    const int bin = at < BINS ? at : BINS - 1;
    into->count[bin]++;
    into->stated[bin] += stated;
    into->true_[bin] += came_true ? 1.0 : 0.0;
}

static double calibration_error(const struct reliability *of)
{
    double error = 0.0, count = 0.0;
    for (int i = 0; i < BINS; i++) {
        error += fabs(of->stated[i] - of->true_[i]);
        count += of->count[i];
    }
    return error / count;
}

static void count_item(bool verbose)
{
    const enum sky_class class = item.type->class;
    const enum sky_kind kind = found.rows > 0 ? found.result.kind : (enum sky_kind)NOTHING;
    size_t best = 0;
    kinds[item.kind][kind]++;
    several += found.rows > 1 ? 1 : 0;
    if (verbose && kind != item.kind) {
        printf("  %s %s: recorded %s (%u rows), reasons %x, class %s\n", item.type->name,
               sky_classify_kind_name(item.kind),
               kind == (enum sky_kind)NOTHING ? "nothing" : sky_classify_kind_name(kind),
               found.rows, found.result.reasons, sky_classify_class_name(found.result.target));
    }
    if (found.rows == 0) {
        return;
    }
    classes[class][found.result.target]++;
    if (verbose && found.result.target != SKY_CLASS_UNKNOWN && found.result.target != class) {
        printf("  %s called %s: %.1f m/s, %.0f m, %.1f dBsm\n", item.type->name,
               sky_classify_class_name(found.result.target), found.features.speed_mean_mps,
               found.features.height_mean_m, found.features.rcs_mean_dbsm);
    }
    for (size_t c = 0; c < SKY_CLASS_COUNT; c++) {
        const double p = found.result.probability[c];
        count_probability(&every, p, c == class);
        best = p > found.result.probability[best] ? c : best;
    }
    count_probability(&top, found.result.probability[best], best == class);
}

static void print_kinds(void)
{
    printf("kinds: flown (rows), recorded (columns)\n%22s", "");
    for (int k = 0; k < SKY_KIND_END; k++) {
        printf(" %6.6s", k == NOTHING ? "none" : sky_classify_kind_name((enum sky_kind)k));
    }
    for (int i = 1; i < SKY_KIND_END; i++) {
        printf("\n%22s", sky_classify_kind_name((enum sky_kind)i));
        for (int k = 0; k < SKY_KIND_END; k++) {
            printf(" %6u", kinds[i][k]);
        }
    }
    printf("\n");
}

static void print_classes(void)
{
    printf("classes: flown (rows), named (columns; unknown: it abstained)\n%22s", "");
    for (int k = 0; k < SKY_CLASS_COUNT; k++) {
        printf(" %6.6s", sky_classify_class_name((enum sky_class)k));
    }
    for (int i = 0; i < SKY_CLASS_COUNT; i++) {
        printf("\n%22s", sky_classify_class_name((enum sky_class)i));
        for (int k = 0; k < SKY_CLASS_COUNT; k++) {
            printf(" %6u", classes[i][k]);
        }
    }
    printf("\n");
}

static void print_reliability(const char *of_what, const struct reliability *of)
{
    printf("reliability, %s: stated, came true, how many\n", of_what);
    for (int i = 0; i < BINS; i++) {
        if (of->count[i] > 0) {
            printf("  %.3f  %.3f  %6u\n", of->stated[i] / of->count[i], of->true_[i] / of->count[i],
                   of->count[i]);
        }
    }
    printf("  expected calibration error %.4f\n", calibration_error(of));
}

/* Right, wrong, and the rest, which said that it does not know; in hundredths. */
static void shares(double *ret_right, double *ret_wrong)
{
    unsigned right = 0, wrong = 0;
    for (int i = 1; i < SKY_KIND_END; i++) {
        for (int k = 0; k < SKY_KIND_END; k++) {
            right += i == k ? kinds[i][k] : 0;
            wrong += i != k && k != SKY_KIND_UNDETERMINED ? kinds[i][k] : 0;
        }
    }
    *ret_right = 100.0 * right / items;
    *ret_wrong = 100.0 * wrong / items;
}

static int fly_all(void **state)
{
    (void)state;
    seed = first_seed * 1000003;
    set_station();
    for (unsigned i = 0; i < items; i++) {
        plan();
        record();
        count_item(getenv("CATALOGUE_VERBOSE") != NULL);
    }
    print_kinds();
    print_classes();
    print_reliability("of the likeliest class", &top);
    print_reliability("of every class", &every);
    return 0;
}

static void kinds_are_right_in_95_of_100_and_wrong_in_2_at_most(void **state)
{
    (void)state;
    double right = 0.0, wrong = 0.0;
    shares(&right, &wrong);
    printf("%u items, seed %lu: kinds right %.1f %%, wrong %.1f %%; several rows for %u\n", items,
           first_seed, right, wrong, several);
    if (items >= 300) { /* fewer tell nothing */
        assert_true(right >= 95.0);
        assert_true(wrong <= 2.0);
    }
}

static void every_kind_and_class_is_in_it(void **state)
{
    (void)state;
    for (int i = 1; items >= 300 && i < SKY_KIND_END; i++) {
        unsigned count = 0;
        for (int k = 0; k < SKY_KIND_END; k++) {
            count += kinds[i][k];
        }
        assert_true(count > 0);
    }
    for (int i = 0; items >= 300 && i < SKY_CLASS_COUNT; i++) {
        unsigned count = 0;
        for (int k = 0; k < SKY_CLASS_COUNT; k++) {
            count += classes[i][k];
        }
        assert_true(count > 0);
    }
}

static void classes_come_true_as_often_as_stated(void **state)
{
    (void)state;
    if (items >= 600) {
        assert_true(calibration_error(&top) <= 0.03);
        assert_true(calibration_error(&every) <= 0.03);
    }
}

int main(int argc, char **argv)
{
    items = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : items;
    first_seed = argc > 2 ? strtoul(argv[2], NULL, 10) : first_seed;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_right_in_95_of_100_and_wrong_in_2_at_most),
        cmocka_unit_test(every_kind_and_class_is_in_it),
        cmocka_unit_test(classes_come_true_as_often_as_stated),
    };
    return cmocka_run_group_tests(tests, fly_all, NULL);
}
