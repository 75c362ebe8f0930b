/*
 * One aircraft is seen honestly, and everything else that reaches the engine is garbage: numbers
 * that are none, sigmas of nothing, other days, repetitions, receivers that jump. What leaves the
 * engine is finite, what it refuses is counted by reason, and the aircraft keeps its track.
 */
#include "sky_engine.h"

#include "sky_paper.h"
#include "sky_test.h"

enum { SEEDS = 16, SECONDS = 60, SETTLED = 10, GARBAGE_MAX = 40 };

static struct sky_config config;
static struct sky_engine engine;
static struct sky_outbox outbox;
static struct paper_reader reader;
static uint64_t seed;
static uint64_t step_seq;
static int64_t now_ns;
static struct sky_enu aircraft; /* in metres about paper_site */

/* What has been given and said so far in this run. */
static struct {
    uint64_t plots;
    uint64_t rejected[SKY_REJECT_TABLE_FULL + 1];
    uint32_t track_id; /* of the aircraft: the first that was there */
    uint64_t looks_at_it;
} seen;

static bool chance(double p) { return paper_uniform(&seed, 0.0, 1.0) < p; }

static uint64_t rejected_of(const uint64_t rejected[SKY_REJECT_TABLE_FULL + 1])
{
    uint64_t sum = 0;
    for (size_t i = 0; i <= SKY_REJECT_TABLE_FULL; i++) {
        sum += rejected[i];
    }
    return sum;
}

/* --------------------------------------------------------------------------------- what comes out
 */

static struct sky_geo_frame site_frame(void)
{
    const struct sky_lla site = paper_site();
    struct sky_geo_frame frame;
    assert_int_equal(sky_geo_frame_init(&frame, &site), SKY_OK);
    return frame;
}

static void check_track(const struct sky_event_track *track)
{
    assert_true(track->existence >= 0.0 && track->existence <= 1.0);
    for (size_t i = 0, diagonal = 0; i < 6; diagonal += 6 - i, i++) {
        assert_true(track->cov[diagonal] > 0.0);
    }
    const struct sky_geo_frame frame = site_frame();
    const struct sky_enu at = sky_geo_to_enu(&frame, &track->place);
    const double off_m = hypot(at.east_m - aircraft.east_m, at.north_m - aircraft.north_m);
    if (seen.track_id == 0 && off_m < 300.0) {
        seen.track_id = track->id;
    }
    if (track->id == seen.track_id) { /* spoilt plots of it may make others for a while */
        assert_false((track->change & SKY_TRACK_NOW_LOST) != 0);
        assert_true(off_m < 500.0);
        seen.looks_at_it++;
    }
}

static void check_event(const struct sky_event *event)
{
    assert_int_equal(event->cause_seq, step_seq);
    switch (event->kind) {
    case SKY_EVENT_TRACK:
        check_track(&event->u.track);
        break;
    case SKY_EVENT_ASSESSMENT:
        assert_true(event->u.assessment.p_inside >= 0.0 && event->u.assessment.p_inside <= 1.0);
        assert_true(event->u.assessment.u95_m > 0.0);
        break;
    case SKY_EVENT_ALERT:
        assert_true(event->u.alert.p >= 0.0 && event->u.alert.p <= 1.0);
        break;
    case SKY_EVENT_REJECT:
        assert_true(event->u.reject.count > 0 && event->u.reject.item[0] != '\0');
        seen.rejected[event->u.reject.reason] += event->u.reject.count;
        break;
    case SKY_EVENT_POSE:
        assert_true(event->u.pose.sigma_horizontal_m > 0.0);
        break;
    case SKY_EVENT_CLOCK:
    case SKY_EVENT_INCIDENT:
    case SKY_EVENT_INCIDENT_LINE:
    case SKY_EVENT_CLASSIFICATION:
    case SKY_EVENT_SENSOR:
    case SKY_EVENT_READING:
        break;
    }
}

static void take(struct sky_step step)
{
    step.seq = ++step_seq;
    step.time_ns = now_ns;
    outbox.count = 0;
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_OK);
    seen.plots += step.count;
    for (size_t i = 0; i < outbox.count; i++) {
        check_event(&outbox.event[i]);
    }
    paper_read_all(&reader, &outbox);
    if (reader.not_finite != 0) {
        fail_msg("step %llu of kind %d: not finite", (unsigned long long)step.seq, step.kind);
    }
    assert_int_equal(engine.stats.plots, seen.plots);
    assert_int_equal(engine.stats.outbox_full, 0);
    for (size_t i = 0; i <= SKY_REJECT_TABLE_FULL; i++) {
        assert_int_equal(engine.stats.rejected[i], seen.rejected[i]);
    }
    assert_int_equal(seen.rejected[SKY_REJECT_TABLE_FULL], engine.tracker.stats.no_room);
}

/* ----------------------------------------------------------------------------------- what goes in
 */

/* Anything at all, most of it not a number that could be meant. */
static double any_number(void)
{
    static const double odd[] = {0.0,   -0.0,   -1.0, 1e-320, -1e-320, 1e9,   -1e9,  1e160, -1e160,
                                 1e300, -1e300, 1.0,  SKY_PI, -1e-12,  1e-12, 6.4e6, 1e18,  0.5};
    switch (paper_random(&seed) % 6) {
    case 0:
        return nan("");
    case 1:
        return chance(0.5) ? HUGE_VAL : -HUGE_VAL;
    case 2: { /* any bits */
        const uint64_t bits = paper_random(&seed);
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    default:
        return odd[paper_random(&seed) % (sizeof odd / sizeof odd[0])];
    }
}

static int64_t any_time(void)
{
    static const int64_t odd[] = {0,
                                  -1,
                                  1,
                                  INT64_MAX,
                                  INT64_MIN,
                                  INT64_MAX / 2,
                                  INT64_C(86400000000000),
                                  PAPER_UTC0_NS,
                                  -PAPER_UTC0_NS,
                                  INT64_C(4000000000) * SKY_SECOND_NS};
    return chance(0.5) ? odd[paper_random(&seed) % (sizeof odd / sizeof odd[0])]
                       : (int64_t)paper_random(&seed);
}

static int64_t utc_ns(void) { return PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS); }

static struct sky_plot plot_at(const struct sky_enu *at, uint32_t sensor)
{
    const struct sky_sensor_config *const radar = &config.sensor[sensor];
    const struct sky_lla site = radar->at_station ? paper_site() : radar->site;
    const struct paper_sight sight = paper_look(&site, at);
    const double azimuth_rad = sight.azimuth_rad - radar->azimuth_offset_rad +
                               radar->sigma_azimuth_rad * paper_normal(&seed);
    struct sky_plot plot;
    memset(&plot, 0, sizeof plot);
    plot.sensor = sensor;
    plot.has = SKY_PLOT_ALT_STD | (radar->measures_elevation ? SKY_PLOT_ELEVATION : 0U);
    plot.time_kind = SKY_TIME_UTC;
    plot.time_value_ns = utc_ns() - SKY_SECOND_NS / 20;
    plot.time_sigma_ns = 1000000;
    plot.slant_range_m = sight.range_m + radar->sigma_range_m * paper_normal(&seed);
    plot.azimuth_rad = sky_wrap_pi(azimuth_rad);
    plot.elevation_rad = sight.elevation_rad + radar->sigma_elevation_rad * paper_normal(&seed);
    plot.alt_std_m = sight.height_hae_m + 50.0;
    return plot;
}

/* A false plot somewhere in the coverage: sound, but of nothing. */
static struct sky_plot false_plot(uint32_t sensor)
{
    const struct sky_enu at = {paper_uniform(&seed, -40e3, 40e3), paper_uniform(&seed, -40e3, 40e3),
                               paper_uniform(&seed, 500.0, 9000.0)};
    return plot_at(&at, sensor);
}

/* What happens to a plot on its way. True if no engine could use it. */
static bool spoil(struct sky_plot *plot)
{
    double *const needed[] = {&plot->slant_range_m, &plot->azimuth_rad};
    double *const sigma[] = {&plot->sigma_range_m, &plot->sigma_azimuth_rad};
    double *const any[] = {&plot->slant_range_m,     &plot->azimuth_rad,
                           &plot->elevation_rad,     &plot->radial_speed_mps,
                           &plot->alt_std_m,         &plot->sigma_range_m,
                           &plot->sigma_azimuth_rad, &plot->sigma_elevation_rad,
                           &plot->sigma_radial_mps,  &plot->place.lat_rad,
                           &plot->place.lon_rad,     &plot->place.alt_hae_m,
                           &plot->sigma_place_m,     &plot->sigma_height_m,
                           &plot->rcs_dbsm,          &plot->snr_db};
    switch (paper_random(&seed) % 6) {
    case 0: /* no number */
        *needed[paper_random(&seed) % 2] = chance(0.5) ? nan("") : -HUGE_VAL;
        return true;
    case 1: { /* sigmas of nothing */
        static const double none[] = {0.0, -5.0, HUGE_VAL};
        plot->has |= SKY_PLOT_SIGMAS;
        plot->sigma_range_m = 20.0;
        plot->sigma_azimuth_rad = plot->sigma_elevation_rad = 0.002;
        *sigma[paper_random(&seed) % 2] = none[paper_random(&seed) % 3];
        return true;
    }
    case 2: /* out of sight */
        plot->slant_range_m = paper_uniform(&seed, 1.01e6, 1e7);
        return true;
    case 3: /* another day, or age */
        plot->time_kind = (enum sky_time_kind)(1 + paper_random(&seed) % 3);
        plot->time_value_ns = any_time();
        plot->time_sigma_ns = chance(0.5) ? any_time() : 0;
        return false;
    case 4: /* fields that were never set say they were */
        plot->has = (uint32_t)paper_random(&seed) & 0xFFF;
        return false;
    default:
        for (int i = 0; i < 4; i++) {
            *any[paper_random(&seed) % (sizeof any / sizeof any[0])] = any_number();
        }
        plot->has |= (uint32_t)paper_random(&seed) & 0xFFF;
        plot->sensor_track = (uint32_t)paper_random(&seed);
        plot->icao_address = (uint32_t)paper_random(&seed);
        memset(plot->callsign, (int)(paper_random(&seed) % 256), sizeof plot->callsign - 1);
        return false;
    }
}

static void give_garbage(void)
{
    static struct sky_plot plot[GARBAGE_MAX];
    const uint32_t sensor = (uint32_t)(paper_random(&seed) % config.sensor_count);
    const size_t count = paper_random(&seed) % GARBAGE_MAX;
    uint64_t hopeless = 0;
    for (size_t i = 0; i < count; i++) {
        const bool near = i == 0 && sensor != PAPER_HEAD && chance(0.3);
        plot[i] = near ? plot_at(&aircraft, sensor) : false_plot(sensor);
        hopeless += spoil(&plot[i]) ? 1 : 0;
    }
    const uint64_t before = rejected_of(engine.stats.rejected);
    take((struct sky_step){.kind = SKY_STEP_PLOTS, .plot = plot, .count = count});
    assert_true(rejected_of(engine.stats.rejected) - before >= hopeless);
}

static void give_aircraft(void)
{
    struct sky_plot plot[6];
    plot[0] = plot_at(&aircraft, PAPER_HEAD);
    const size_t count = chance(0.3) ? 1 + paper_random(&seed) % 6 : 1; /* it comes several times */
    for (size_t i = 1; i < count; i++) {
        plot[i] = plot[0];
    }
    const uint64_t before = engine.stats.rejected[SKY_REJECT_IMPLAUSIBLE];
    take((struct sky_step){.kind = SKY_STEP_PLOTS, .plot = plot, .count = count});
    assert_true(engine.stats.rejected[SKY_REJECT_IMPLAUSIBLE] - before >= count - 1);
    if (chance(0.2)) { /* and once more */
        take((struct sky_step){.kind = SKY_STEP_PLOTS, .plot = plot, .count = 1});
    }
}

static struct sky_gnss_fix good_fix(void)
{
    struct sky_gnss_fix fix;
    memset(&fix, 0, sizeof fix);
    fix.has = SKY_GNSS_TIME | SKY_GNSS_POSITION | SKY_GNSS_ALTITUDE;
    fix.utc_ns = utc_ns() - SKY_SECOND_NS / 10;
    fix.utc_sigma_ns = SKY_SECOND_NS / 10;
    fix.place = paper_site();
    fix.sigma_horizontal_m = 2.5;
    fix.sigma_vertical_m = 5.0;
    fix.satellites_used = 9;
    return fix;
}

static void give_fix(void)
{
    const struct sky_gnss_fix fix = good_fix();
    take((struct sky_step){.kind = SKY_STEP_GNSS, .fix = &fix});
}

/* Between good fixes a receiver jumps by 5 km, or across the world, or says what is none. */
static void give_bad_fix(void)
{
    struct sky_gnss_fix fix = good_fix();
    double *const any[] = {&fix.place.lat_rad,      &fix.place.lon_rad,    &fix.place.alt_hae_m,
                           &fix.sigma_horizontal_m, &fix.sigma_vertical_m, &fix.speed_mps,
                           &fix.course_rad};
    static const double none[] = {0.0, 1e-300, -1.0, HUGE_VAL, 1e300};
    switch (paper_random(&seed) % 4) {
    case 0:
        fix.place.lat_rad += (chance(0.5) ? 5000.0 : -5000.0) / 6.37e6;
        break;
    case 1:
        fix.utc_ns = any_time();
        fix.has = (uint32_t)paper_random(&seed) & 0xF;
        break;
    case 2:
        *(chance(0.5) ? &fix.sigma_horizontal_m : &fix.sigma_vertical_m) =
            none[paper_random(&seed) % 5];
        break;
    default:
        fix.has |= SKY_GNSS_VELOCITY;
        *any[paper_random(&seed) % (sizeof any / sizeof any[0])] = any_number();
        break;
    }
    take((struct sky_step){.kind = SKY_STEP_GNSS, .fix = &fix});
}

/* The station lets no error of over an hour through. */
static void give_tick(bool honest)
{
    const int64_t error_ns = honest ? 2000000 : any_time();
    const int64_t hour_ns = 3600 * SKY_SECOND_NS;
    take((struct sky_step){.kind = SKY_STEP_TICK,
                           .realtime_ns = honest ? utc_ns() : any_time(),
                           .synchronised = chance(0.5),
                           .error_ns = error_ns < hour_ns ? error_ns : hour_ns});
}

enum standing { SURVEYED, AVERAGED, MOVING, STANDINGS };

static void begin(uint64_t of_seed, enum standing standing)
{
    seed = of_seed;
    memset(&seen, 0, sizeof seen);
    step_seq = 0;
    now_ns = PAPER_TIME0_NS;
    reader = paper_digest();
    paper_config(&config);
    config.station.has_site = standing == SURVEYED;
    config.station.moving = standing == MOVING;
    config.station.site = paper_site();
    const char *field = "sound";
    if (sky_config_check(&config, &field) != SKY_OK) {
        fail_msg("%s", field);
    }
    sky_engine_init(&engine, &config, &paper_zones, now_ns);
    for (int i = 0; i < 20; i++) { /* it knows where it is, and when */
        now_ns += SKY_SECOND_NS / 10;
        give_fix();
    }
    aircraft = (struct sky_enu){-9000.0, 4000.0, 5000.0};
}

static void fly(void)
{
    now_ns += SKY_SECOND_NS / 4;
    aircraft.east_m += 0.25 * 75.0;
    aircraft.north_m += 0.25 * 12.0;
}

static void whatever_comes_the_aircraft_keeps_its_track(void **state)
{
    (void)state;
    uint64_t refused[SKY_REJECT_TABLE_FULL + 1] = {0};
    for (uint64_t of_seed = 1; of_seed <= SEEDS; of_seed++) {
        print_message("\rseed %llu ", (unsigned long long)of_seed);
        begin(of_seed, (enum standing)(of_seed % STANDINGS));
        for (int second = 0; second < SECONDS; second++) {
            fly();
            give_aircraft();
            const bool trouble = second >= SETTLED; /* by then the aircraft is known */
            fly();
            if (trouble) {
                give_garbage();
                give_garbage();
            }
            fly();
            give_tick(!trouble || chance(0.7));
            give_fix();
            fly();
            if (trouble && chance(0.5)) {
                give_bad_fix();
            }
        }
        assert_true(seen.looks_at_it >= SECONDS - SETTLED);
        for (size_t i = 0; i <= SKY_REJECT_TABLE_FULL; i++) {
            refused[i] += seen.rejected[i];
        }
    }
    print_message("\r%d engines: %llu implausible, %llu too old\n", SEEDS,
                  (unsigned long long)refused[SKY_REJECT_IMPLAUSIBLE],
                  (unsigned long long)refused[SKY_REJECT_TOO_OLD]);
    assert_true(refused[SKY_REJECT_IMPLAUSIBLE] > 100 * SEEDS);
    assert_true(refused[SKY_REJECT_TOO_OLD] > SEEDS);
}

/* Ten thousand false plots within a second, SKY_PLOTS_MAX at a time, and one in three is spoilt. */
static void ten_thousand_plots_in_one_scan_drown_nobody(void **state)
{
    (void)state;
    static struct sky_plot flood[SKY_PLOTS_MAX];
    uint64_t hopeless = 0;
    begin(77, SURVEYED);
    for (int second = 0; second < 40; second++) {
        fly();
        fly();
        fly();
        fly();
        give_aircraft();
        if (second == 25) {
            for (int left = 10000; left > 0; left -= SKY_PLOTS_MAX) {
                const size_t count = left < SKY_PLOTS_MAX ? (size_t)left : SKY_PLOTS_MAX;
                for (size_t i = 0; i < count; i++) {
                    flood[i] = false_plot(PAPER_HEAD);
                    hopeless += i % 3 == 0 && spoil(&flood[i]) ? 1 : 0;
                }
                take((struct sky_step){.kind = SKY_STEP_PLOTS, .plot = flood, .count = count});
            }
        }
        give_tick(true);
    }
    assert_true(seen.looks_at_it >= 40 - SETTLED);
    assert_true(hopeless > 1000 && seen.rejected[SKY_REJECT_IMPLAUSIBLE] >= hopeless);
    assert_true(seen.rejected[SKY_REJECT_TABLE_FULL] > 1000);
}

static void steps_that_no_caller_may_make_change_nothing(void **state)
{
    (void)state;
    begin(5, SURVEYED);
    struct sky_plot plot[2] = {plot_at(&aircraft, PAPER_HEAD), plot_at(&aircraft, PAPER_HILL)};
    const struct sky_stats before = engine.stats;
    struct sky_step step = {
        .kind = SKY_STEP_PLOTS, .seq = step_seq + 1, .time_ns = now_ns, .plot = plot, .count = 2};
    outbox.count = 0;
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_E_RANGE); /* of two sensors */
    plot[0].sensor = UINT32_MAX;
    step.count = 1;
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_E_RANGE);
    plot[0].sensor = PAPER_HEAD;
    step.time_ns = now_ns - 1;
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_E_STALE);
    assert_int_equal(outbox.count, 0);
    assert_memory_equal(&engine.stats, &before, sizeof before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_comes_the_aircraft_keeps_its_track),
        cmocka_unit_test(ten_thousand_plots_in_one_scan_drown_nobody),
        cmocka_unit_test(steps_that_no_caller_may_make_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
