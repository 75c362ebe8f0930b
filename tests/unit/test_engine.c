#include "sky_test.h"

#include "sky_paper.h"
#include "sky_report.h"

static struct sky_engine engine;
static struct sky_outbox outbox;
static struct sky_config config;
static uint64_t seq;
static int64_t now_ns;

static void begin(void)
{
    sky_engine_init(&engine, &config, &paper_zones, PAPER_TIME0_NS);
    seq = 0;
    now_ns = PAPER_TIME0_NS;
    outbox.count = 0;
}

/* A surveyed station with the three radars of paper, no biases, exact clocks to come. */
static int start(void **state)
{
    (void)state;
    paper_config(&config);
    config.station.has_site = true;
    config.station.site = paper_site();
    begin();
    return 0;
}

static struct sky_step step_of(enum sky_step_kind kind)
{
    const struct sky_step step = {.seq = ++seq,
                                  .time_ns = now_ns,
                                  .realtime_ns = PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS),
                                  .kind = kind};
    return step;
}

static void take(const struct sky_step *step)
{
    outbox.count = 0;
    assert_int_equal(sky_engine_step(&engine, step, &outbox), SKY_OK);
}

static void wait_s(double seconds) { now_ns += (int64_t)(seconds * 1e9); }

static void tick(bool synchronised)
{
    struct sky_step step = step_of(SKY_STEP_TICK);
    step.synchronised = synchronised;
    step.error_ns = 2000000;
    take(&step);
}

static void give_fix(const struct sky_gnss_fix *fix)
{
    struct sky_step step = step_of(SKY_STEP_GNSS);
    step.fix = fix;
    take(&step);
}

static struct sky_gnss_fix good_fix(void)
{
    const struct sky_gnss_fix fix = {.has = SKY_GNSS_TIME | SKY_GNSS_POSITION | SKY_GNSS_ALTITUDE,
                                     .utc_ns = PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS),
                                     .utc_sigma_ns = 250000000,
                                     .place = paper_site(),
                                     .sigma_horizontal_m = 2.5,
                                     .sigma_vertical_m = 5.0};
    return fix;
}

static void give_plots(const struct sky_plot *plot, size_t count)
{
    struct sky_step step = step_of(SKY_STEP_PLOTS);
    step.plot = plot;
    step.count = count;
    take(&step);
}

/* What the head at the station would say about a point, exactly. */
static struct sky_plot head_plot(const struct sky_enu *at)
{
    const struct sky_lla site = paper_site();
    const struct paper_sight sight = paper_look(&site, at);
    const struct sky_plot plot = {.sensor = PAPER_HEAD,
                                  .has = SKY_PLOT_ELEVATION,
                                  .time_kind = SKY_TIME_ARRIVAL,
                                  .slant_range_m = sight.range_m,
                                  .azimuth_rad = sight.azimuth_rad,
                                  .elevation_rad = sight.elevation_rad};
    return plot;
}

static const struct sky_enu north_20km = {0.0, 20000.0, 3000.0};

static size_t count_of(enum sky_event_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < outbox.count; i++) {
        count += outbox.event[i].kind == kind ? 1 : 0;
    }
    return count;
}

static const struct sky_event *first(enum sky_event_kind kind)
{
    for (size_t i = 0; i < outbox.count; i++) {
        if (outbox.event[i].kind == kind) {
            return &outbox.event[i];
        }
    }
    fail_msg("no event of kind %d among %zu", (int)kind, outbox.count);
    return &outbox.event[0];
}

static void assert_reject(enum sky_reject_reason reason, uint64_t count, const char *item,
                          const char *source)
{
    const struct sky_event_reject *const said = &first(SKY_EVENT_REJECT)->u.reject;
    assert_int_equal(said->reason, reason);
    assert_int_equal(said->count, count);
    assert_string_equal(said->item, item);
    assert_string_equal(said->source, source);
}

/* Once a second: a tick, and the head sees a point. */
static void watch(const struct sky_enu *at)
{
    wait_s(0.5);
    tick(true);
    wait_s(0.5);
    const struct sky_plot plot = head_plot(at);
    give_plots(&plot, 1);
}

/* --- the caller's faults */

static void steps_that_go_back_are_refused(void **state)
{
    (void)state;
    seq = 9;
    wait_s(5.0);
    tick(false);
    struct sky_step step = step_of(SKY_STEP_TICK);
    step.seq = 9;
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_E_STALE);
    step.seq = 11;
    step.time_ns--;
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_E_STALE);
    assert_int_equal(engine.stats.steps, 1);
    step.seq = 10;
    step.time_ns = now_ns; /* the same input, in another step */
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_OK);
}

static void plots_are_of_one_known_radar(void **state)
{
    (void)state;
    static struct sky_plot plot[SKY_PLOTS_MAX + 1];
    plot[0] = head_plot(&north_20km);
    plot[1] = plot[0];
    struct sky_step step = step_of(SKY_STEP_PLOTS);
    step.plot = plot;
    step.count = 2;
    plot[1].sensor = 1;
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_E_RANGE);
    plot[0].sensor = plot[1].sensor = config.sensor_count;
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_E_RANGE);
    step.count = SKY_PLOTS_MAX + 1;
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_E_RANGE);
    assert_int_equal(engine.stats.steps, 0);
    step.count = 0;
    assert_int_equal(sky_engine_step(&engine, &step, &outbox), SKY_OK);
    assert_int_equal(outbox.count, 0);
}

static void a_step_of_no_known_kind_does_nothing(void **state)
{
    (void)state;
    const struct sky_step step = step_of((enum sky_step_kind)99);
    take(&step);
    assert_int_equal(outbox.count, 0);
}

/* --- clock and pose */

static void a_change_of_clock_state_is_said_once(void **state)
{
    (void)state;
    tick(false);
    assert_int_equal(count_of(SKY_EVENT_CLOCK), 1);
    assert_int_equal(first(SKY_EVENT_CLOCK)->utc.state, SKY_CLOCK_RTC);
    wait_s(1.0);
    tick(true);
    assert_int_equal(first(SKY_EVENT_CLOCK)->utc.state, SKY_CLOCK_NTP);
    wait_s(1.0);
    tick(true);
    assert_int_equal(count_of(SKY_EVENT_CLOCK), 0);
}

static void a_surveyed_pose_is_said_with_the_first_tick(void **state)
{
    (void)state;
    tick(false);
    assert_int_equal(count_of(SKY_EVENT_POSE), 1);
    assert_near(first(SKY_EVENT_POSE)->u.pose.place.lat_rad, paper_site().lat_rad, 0.0);
    tick(false);
    assert_int_equal(count_of(SKY_EVENT_POSE), 0);
}

static void the_first_fix_makes_the_pose(void **state)
{
    (void)state;
    config.station.has_site = false;
    begin();
    tick(false);
    assert_int_equal(count_of(SKY_EVENT_POSE), 0);
    struct sky_gnss_fix fix = good_fix();
    fix.has = SKY_GNSS_TIME;
    give_fix(&fix);
    assert_int_equal(count_of(SKY_EVENT_POSE), 0);
    assert_int_equal(count_of(SKY_EVENT_CLOCK), 1);
    fix = good_fix();
    fix.has = SKY_GNSS_POSITION | SKY_GNSS_ALTITUDE;
    give_fix(&fix);
    assert_int_equal(count_of(SKY_EVENT_POSE), 1);
    assert_true(engine.anchored);
    wait_s(1.0);
    give_fix(&fix);
    assert_int_equal(count_of(SKY_EVENT_POSE), 0);
}

static void a_pose_that_moved_by_a_sigma_is_said_again(void **state)
{
    (void)state;
    config.station.has_site = false;
    config.station.moving = true;
    begin();
    struct sky_gnss_fix fix = good_fix();
    give_fix(&fix);
    assert_int_equal(count_of(SKY_EVENT_POSE), 1);
    fix.place.lat_rad += 1.0 / 6.4e6;
    wait_s(1.0);
    give_fix(&fix);
    assert_int_equal(count_of(SKY_EVENT_POSE), 0);
    fix.place.lon_rad += 9.0 / 6.0e6;
    wait_s(1.0);
    give_fix(&fix);
    assert_int_equal(count_of(SKY_EVENT_POSE), 1);
    fix.place.alt_hae_m += 20.0; /* up, not sideways */
    wait_s(1.0);
    give_fix(&fix);
    assert_int_equal(count_of(SKY_EVENT_POSE), 1);
}

static void a_fix_that_cannot_be_is_reported_and_not_used(void **state)
{
    (void)state;
    struct sky_gnss_fix fix = good_fix();
    fix.utc_ns = SKY_SECOND_NS; /* 1970 */
    give_fix(&fix);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "gnss.time", "");
    assert_int_equal(sky_utc_at(&engine.utc, now_ns).state, SKY_CLOCK_NONE);
    fix = good_fix();
    fix.place.lat_rad += 0.01;
    give_fix(&fix);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "gnss.position", "");
    assert_near(engine.pose.place.lat_rad, paper_site().lat_rad, 0.0);
    assert_int_equal(engine.stats.rejected[SKY_REJECT_IMPLAUSIBLE], 2);
}

static void who_is_wrong_about_the_time_is_not_believed_about_the_place(void **state)
{
    (void)state;
    config.station.has_site = false;
    begin();
    struct sky_gnss_fix fix = good_fix();
    fix.utc_ns -= INT64_C(1024) * 604800 * SKY_SECOND_NS;
    for (int i = 0; i < 100; i++) {
        give_fix(&fix);
        assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "gnss.time", "");
        assert_false(engine.pose.known);
        wait_s(1.0);
    }
    fix = good_fix();
    give_fix(&fix);
    assert_true(engine.pose.known);
    fix.utc_ns += 3600 * SKY_SECOND_NS; /* an hour, against the monotonic clock */
    fix.place.lat_rad += 5.0 / 6.4e6;
    wait_s(1.0);
    give_fix(&fix);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "gnss.time", "");
    assert_int_equal(engine.pose.fixes_used, 1);
}

static void of_several_reports_of_an_epoch_the_latest_counts(void **state)
{
    (void)state;
    config.station.has_site = false;
    begin();
    struct sky_gnss_fix fix = good_fix();
    fix.place.lat_rad += 40.0 / 6.4e6;
    fix.sigma_horizontal_m = 10.0; /* as gpsd has it before it knows the errors */
    give_fix(&fix);
    fix = good_fix();
    wait_s(0.1);
    fix.has &= ~(uint32_t)SKY_GNSS_POSITION; /* says nothing about the place */
    give_fix(&fix);
    assert_int_equal(engine.pose.fixes_used, 1);
    fix.has |= SKY_GNSS_POSITION;
    fix.sigma_horizontal_m = 3.0;
    for (int i = 0; i < 5; i++) {
        wait_s(0.1);
        give_fix(&fix);
    }
    assert_int_equal(engine.pose.fixes_used, 1);
    assert_near(engine.pose.place.lat_rad, fix.place.lat_rad, 1e-12);
    assert_near(engine.pose.sigma_horizontal_m, 3.0, 1e-9);

    wait_s(2.0); /* a receiver whose clock stands still has no epochs */
    give_fix(&fix);
    assert_int_equal(engine.pose.fixes_used, 2);
    fix = good_fix(); /* the next epoch */
    give_fix(&fix);
    assert_int_equal(engine.pose.fixes_used, 3);
}

static void a_pulse_disciplines_the_clock_until_it_stops(void **state)
{
    (void)state;
    struct sky_gnss_fix fix = good_fix();
    fix.has |= SKY_GNSS_PPS;
    fix.pps_offset_ns = -250;
    fix.pps_sigma_ns = 1000;
    give_fix(&fix);
    assert_int_equal(first(SKY_EVENT_CLOCK)->utc.state, SKY_CLOCK_PPS);
    const int64_t true_ns = PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS);
    assert_int_equal(sky_utc_at(&engine.utc, now_ns).utc_ns, true_ns - 250);

    wait_s(1.0);
    fix = good_fix();
    fix.has |= SKY_GNSS_PPS;
    fix.pps_offset_ns = 3600 * SKY_SECOND_NS;
    fix.pps_sigma_ns = 1000;
    give_fix(&fix);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "gnss.pps", "");

    const int64_t realtime_ns[] = {-1, INT64_MAX};
    for (size_t i = 0; i < 2; i++) { /* nobody knows what this clock read at the pulse */
        struct sky_step step = step_of(SKY_STEP_GNSS);
        step.fix = &fix;
        step.realtime_ns = realtime_ns[i];
        take(&step);
        assert_int_equal(count_of(SKY_EVENT_REJECT), 0);
    }
    wait_s(60.0);
    fix = good_fix();
    give_fix(&fix);
    assert_int_equal(first(SKY_EVENT_CLOCK)->utc.state, SKY_CLOCK_HOLDOVER);
}

static void a_pose_that_turned_or_was_surveyed_in_is_said_again(void **state)
{
    (void)state;
    config.station.has_site = false;
    begin();
    struct sky_gnss_fix fix = good_fix();
    fix.sigma_horizontal_m = 3.0;
    give_fix(&fix);
    assert_int_equal(first(SKY_EVENT_POSE)->u.pose.state, SKY_POSE_SURVEYING);
    wait_s(60.0);
    fix.utc_ns = good_fix().utc_ns;
    give_fix(&fix);
    assert_int_equal(first(SKY_EVENT_POSE)->u.pose.state, SKY_POSE_SURVEYED_IN);

    config.station.moving = true;
    begin();
    fix = good_fix();
    fix.has |= SKY_GNSS_HEADING;
    give_fix(&fix);
    assert_int_equal(first(SKY_EVENT_POSE)->u.pose.state, SKY_POSE_FOLLOWING);
    wait_s(1.0);
    fix.utc_ns = good_fix().utc_ns;
    fix.heading_rad = 0.01;
    give_fix(&fix);
    assert_int_equal(count_of(SKY_EVENT_POSE), 0);
    wait_s(1.0);
    fix.utc_ns = good_fix().utc_ns;
    fix.heading_rad = 0.2;
    give_fix(&fix);
    assert_int_equal(count_of(SKY_EVENT_POSE), 1);
}

static void plots_before_the_pose_are_counted_and_not_used(void **state)
{
    (void)state;
    config.station.has_site = false;
    begin();
    struct sky_plot plot = head_plot(&north_20km);
    give_plots(&plot, 1);
    assert_reject(SKY_REJECT_NO_POSE, 1, "plot", "head");
    plot.sensor = PAPER_HILL; /* it stands firm, but the frame has no origin yet */
    give_plots(&plot, 1);
    assert_reject(SKY_REJECT_NO_POSE, 1, "plot", "hill");
    assert_int_equal(engine.tracker.stats.used, 0);
    const struct sky_gnss_fix fix = good_fix();
    give_fix(&fix);
    give_plots(&plot, 1);
    assert_int_equal(outbox.count, 0);
    assert_int_equal(engine.tracker.stats.used, 1);
}

/* --- plots */

static void a_plot_that_cannot_be_is_counted_and_not_used(void **state)
{
    (void)state;
    enum { CASES = 35 };
    static struct sky_plot plot[CASES + 1];
    for (size_t i = 0; i <= CASES; i++) {
        plot[i] = head_plot(&north_20km);
        plot[i].has = SKY_PLOT_ELEVATION | SKY_PLOT_RADIAL_SPEED | SKY_PLOT_ALT_STD | SKY_PLOT_RCS |
                      SKY_PLOT_SNR | SKY_PLOT_SIGMAS | SKY_PLOT_SIGMA_RADIAL;
        plot[i].sigma_range_m = 10.0;
        plot[i].sigma_azimuth_rad = 0.01;
        plot[i].sigma_elevation_rad = 0.01;
        plot[i].sigma_radial_mps = 1.0;
    }
    size_t i = 0;
    plot[i++].slant_range_m = nan("");
    plot[i++].slant_range_m = 0.5;
    plot[i++].slant_range_m = 1.1e6;
    plot[i++].slant_range_m = HUGE_VAL;
    plot[i++].azimuth_rad = nan("");
    plot[i++].azimuth_rad = 7.0;
    plot[i++].elevation_rad = nan("");
    plot[i++].elevation_rad = 1.6;
    plot[i++].radial_speed_mps = nan("");
    plot[i++].radial_speed_mps = -3001.0;
    plot[i++].alt_std_m = nan("");
    plot[i++].alt_std_m = -1001.0;
    plot[i++].rcs_dbsm = nan("");
    plot[i++].rcs_dbsm = 201.0;
    plot[i++].snr_db = nan("");
    plot[i++].snr_db = -201.0;
    plot[i++].sigma_range_m = nan("");
    plot[i++].sigma_range_m = -1.0;
    plot[i++].sigma_range_m = 0.0;
    plot[i++].sigma_range_m = HUGE_VAL;
    plot[i++].sigma_azimuth_rad = nan("");
    plot[i++].sigma_azimuth_rad = 11.0;
    plot[i++].sigma_azimuth_rad = 0.0;
    plot[i++].sigma_azimuth_rad = HUGE_VAL;
    plot[i++].sigma_elevation_rad = nan("");
    plot[i++].sigma_elevation_rad = -0.1;
    plot[i++].sigma_elevation_rad = HUGE_VAL;
    plot[i++].sigma_radial_mps = nan("");
    plot[i++].sigma_radial_mps = 0.0;
    plot[i++].sigma_radial_mps = -1.0;
    plot[i++].sigma_radial_mps = HUGE_VAL;
    plot[i++].time_value_ns = -1;
    plot[i++].time_value_ns = INT64_MAX;
    plot[i++].time_sigma_ns = -1;
    plot[i++].time_sigma_ns = 3601 * SKY_SECOND_NS;
    assert_int_equal(i, CASES);

    give_plots(plot, CASES);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, CASES, "plot", "head");
    assert_int_equal(engine.stats.rejected[SKY_REJECT_IMPLAUSIBLE], CASES);
    assert_int_equal(engine.tracker.stats.used, 0);
    give_plots(plot, CASES + 1); /* the last one is sound */
    assert_int_equal(engine.tracker.stats.used, 1);
}

static void what_a_plot_does_not_have_is_not_looked_at(void **state)
{
    (void)state;
    struct sky_plot plot = head_plot(&north_20km);
    plot.has = 0;
    plot.elevation_rad = plot.radial_speed_mps = plot.alt_std_m = plot.rcs_dbsm = nan("");
    plot.snr_db = plot.sigma_range_m = nan("");
    give_plots(&plot, 1);
    assert_int_equal(outbox.count, 0);
    assert_false(engine.claim.look.measurement.has_elevation);
    assert_false(engine.claim.look.measurement.has_radial_speed);
    assert_near(engine.claim.look.measurement.height_hae_m, config.tracker.height_prior_m, 0.0);
    assert_near(engine.claim.look.measurement.sigma_height_m, config.tracker.height_prior_sigma_m,
                0.0);
}

static void geometry_is_freed_of_refraction_offset_and_heading(void **state)
{
    (void)state;
    config.sensor[PAPER_HEAD].azimuth_offset_rad = 0.1;
    config.station.heading_rad = 0.2;
    begin();
    struct sky_plot plot = head_plot(&north_20km);
    plot.has |= SKY_PLOT_RADIAL_SPEED;
    plot.radial_speed_mps = -12.0;
    plot.azimuth_rad = 6.2;
    give_plots(&plot, 1);
    const struct sky_measurement *const measured = &engine.claim.look.measurement;
    assert_near(measured->azimuth_rad, 6.2 + 0.3 - 2.0 * SKY_PI, 1e-12);
    assert_true(measured->has_elevation);
    assert_int_equal(measured->heights, SKY_HEIGHT_GEOMETRIC);
    assert_near(plot.elevation_rad - measured->elevation_rad,
                sky_geo_refraction_rad(plot.slant_range_m, plot.elevation_rad), 1e-15);
    assert_true(measured->has_radial_speed);
    assert_near(measured->radial_speed_mps, -12.0, 0.0);
    assert_near(measured->sigma_radial_mps, 1.0, 0.0);

    plot.sensor = PAPER_SECOND; /* two-dimensional, with its own offset */
    plot.azimuth_rad = 1.0;
    plot.has |= SKY_PLOT_ALT_STD;
    plot.alt_std_m = 3100.0;
    give_plots(&plot, 1);
    assert_near(measured->azimuth_rad, 1.21, 1e-12);
    assert_false(measured->has_elevation);
    assert_int_equal(measured->heights, SKY_HEIGHT_PRESSURE);
    assert_near(measured->height_hae_m, 3100.0, 0.0);
    assert_near(measured->sigma_height_m, 400.0, 0.0);

    plot.sensor = PAPER_HILL; /* the station's heading is not its own */
    give_plots(&plot, 1);
    assert_near(measured->azimuth_rad, 1.0, 1e-12);
}

static void a_plots_own_sigmas_count_but_not_below_a_quarter(void **state)
{
    (void)state;
    struct sky_plot plot = head_plot(&north_20km);
    give_plots(&plot, 1);
    const struct sky_measurement *const measured = &engine.claim.look.measurement;
    assert_near(measured->sigma_range_m, 15.0, 0.0);
    assert_near(measured->sigma_azimuth_rad, 0.0025, 0.0);
    assert_near(measured->sigma_elevation_rad, 0.003, 0.0);
    plot.has |= SKY_PLOT_SIGMAS;
    plot.sigma_range_m = 90.0;
    plot.sigma_azimuth_rad = 1e-9;
    plot.sigma_elevation_rad = 0.001;
    give_plots(&plot, 1);
    assert_near(measured->sigma_range_m, 90.0, 0.0);
    assert_near(measured->sigma_azimuth_rad, 0.000625, 0.0);
    assert_near(measured->sigma_elevation_rad, 0.001, 0.0);
    plot.has |= SKY_PLOT_RADIAL_SPEED | SKY_PLOT_SIGMA_RADIAL;
    plot.has &= ~(uint32_t)SKY_PLOT_ELEVATION; /* and then its sigma is not looked at */
    plot.sigma_elevation_rad = -1.0;
    plot.sigma_radial_mps = 0.1;
    give_plots(&plot, 1);
    assert_near(measured->sigma_radial_mps, 0.25, 0.0);
    assert_false(measured->has_elevation);
}

static void numbers_that_come_in_steps_are_off_by_half_of_one(void **state)
{
    (void)state;
    config.sensor[PAPER_HEAD].quantum_range_m = 60.0;
    config.sensor[PAPER_HEAD].quantum_azimuth_rad = 0.012;
    begin();
    const struct sky_plot plot = head_plot(&north_20km);
    give_plots(&plot, 1);
    const struct sky_measurement *const measured = &engine.claim.look.measurement;
    assert_near(measured->sigma_range_m, sqrt(15.0 * 15.0 + 300.0), 1e-12);
    assert_near(measured->sigma_azimuth_rad, sqrt(0.0025 * 0.0025 + 1.2e-5), 1e-15);
    assert_near(measured->sigma_elevation_rad, 0.003, 0.0);
}

/* --- time of a plot */

static int64_t arrival_utc_ns(void) { return sky_utc_at(&engine.utc, now_ns).utc_ns; }

/* How long before arrival a plot with this statement is placed, in ms. */
static int64_t placed_ms(enum sky_time_kind kind, int64_t value_ns)
{
    struct sky_plot plot = head_plot(&north_20km);
    plot.time_kind = kind;
    plot.time_value_ns = value_ns;
    plot.time_sigma_ns = 30000000;
    give_plots(&plot, 1);
    return (now_ns - engine.claim.look.measurement.time_ns) / 1000000;
}

static const int64_t ms = 1000000;
static const int64_t latency_ms = 100; /* of the head */

static void a_stated_time_is_believed_while_the_clock_agrees(void **state)
{
    (void)state;
    tick(true);
    const int64_t utc_ns = arrival_utc_ns();
    assert_int_equal(placed_ms(SKY_TIME_UTC, utc_ns - 700 * ms), 700);
    const double utc_sigma_ns = (double)sky_utc_at(&engine.utc, now_ns).sigma_ns;
    assert_near((double)engine.claim.look.measurement.time_sigma_ns, hypot(30e6, utc_sigma_ns),
                2.0);
    assert_int_equal(placed_ms(SKY_TIME_UTC, utc_ns - 10000 * ms), 10000);
    assert_int_equal(placed_ms(SKY_TIME_UTC, utc_ns + 500 * ms), 0); /* never after arrival */
    assert_int_equal(engine.stats.late_or_early, 0);
    assert_int_equal(count_of(SKY_EVENT_REJECT), 0);
}

static void a_stated_time_that_cannot_be_falls_back_to_arrival(void **state)
{
    (void)state;
    tick(true);
    const int64_t utc_ns = arrival_utc_ns();
    assert_int_equal(placed_ms(SKY_TIME_UTC, utc_ns - 10001 * ms), latency_ms);
    assert_near((double)engine.claim.look.measurement.time_sigma_ns, hypot(30e6, 50e6), 1.0);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "plot.time", "head");
    assert_int_equal(placed_ms(SKY_TIME_UTC, utc_ns + 501 * ms), latency_ms);
    assert_int_equal(
        placed_ms(SKY_TIME_OF_DAY, utc_ns % (86400 * SKY_SECOND_NS) - 3600 * SKY_SECOND_NS),
        latency_ms);
    assert_int_equal(engine.stats.late_or_early, 3);
}

static void a_time_of_day_is_the_nearest_such_instant(void **state)
{
    (void)state;
    const int64_t day_ns = 86400 * SKY_SECOND_NS;
    tick(true);
    assert_int_equal(placed_ms(SKY_TIME_OF_DAY, (arrival_utc_ns() - 300 * ms) % day_ns), 300);
    wait_s(15.0 * 60.0 + 0.2); /* just after midnight: the plot was just before */
    tick(true);
    assert_int_equal(placed_ms(SKY_TIME_OF_DAY, (arrival_utc_ns() - 900 * ms) % day_ns), 900);
    begin();
    wait_s(15.0 * 60.0 - 0.2); /* just before midnight, and a fast clock puts the plot after */
    tick(true);
    assert_int_equal(placed_ms(SKY_TIME_OF_DAY, (arrival_utc_ns() + 400 * ms) % day_ns), 0);
    assert_int_equal(engine.stats.late_or_early, 0);
}

static void without_a_good_clock_no_stated_time_counts(void **state)
{
    (void)state;
    assert_int_equal(placed_ms(SKY_TIME_UTC, PAPER_UTC0_NS), latency_ms);
    tick(false); /* the kernel's clock, undisciplined */
    assert_int_equal(placed_ms(SKY_TIME_UTC, arrival_utc_ns() - 700 * ms), latency_ms);
    assert_int_equal(engine.stats.late_or_early, 0); /* nor is it called wrong */
}

static void an_age_counts_back_from_arrival(void **state)
{
    (void)state;
    tick(true);
    assert_int_equal(placed_ms(SKY_TIME_ARRIVAL, 250 * ms), latency_ms + 250);
    assert_int_equal(placed_ms(SKY_TIME_ARRIVAL, 10000 * ms), latency_ms + 10000);
    struct sky_plot plot = head_plot(&north_20km);
    plot.time_kind = SKY_TIME_ARRIVAL;
    plot.time_value_ns = 10001 * ms;
    const uint64_t used = engine.tracker.stats.used;
    give_plots(&plot, 1);
    assert_reject(SKY_REJECT_TOO_OLD, 1, "plot.age", "head");
    assert_int_equal(engine.tracker.stats.used, used);
}

/* --- the moving station */

/* The station drives east at 20 m/s and has just had a fix. */
static void begin_driving(void)
{
    config.station.has_site = false;
    config.station.moving = true;
    begin();
    struct sky_gnss_fix fix = good_fix();
    fix.has |= SKY_GNSS_VELOCITY;
    fix.speed_mps = 20.0;
    fix.course_rad = SKY_PI / 2.0;
    give_fix(&fix);
}

static void a_moving_station_is_carried_on_by_its_velocity(void **state)
{
    (void)state;
    begin_driving();
    config.sensor[PAPER_HEAD].latency_ns = 0;
    wait_s(1.1);
    struct sky_plot plot = head_plot(&north_20km);
    give_plots(&plot, 1);
    /* The radar stood 20 m farther east a second after the fix, less the latency of 0.1 s. */
    assert_near(engine.tracker.track[0].state.x[0], 20.0, 0.05);
    wait_s(100.0); /* but nobody knows where it is after so long */
    const struct sky_enu elsewhere = {0.0, -20000.0, 3000.0};
    plot = head_plot(&elsewhere);
    give_plots(&plot, 1);
    assert_near(engine.tracker.track[1].state.x[0], 200.0, 0.5);
}

static void before_its_fix_a_moving_station_is_carried_back_ten_seconds_at_most(void **state)
{
    (void)state;
    config.sensor[PAPER_HEAD].latency_ns = 10 * SKY_SECOND_NS;
    begin_driving();
    struct sky_plot plot = head_plot(&north_20km);
    plot.time_value_ns = 5 * SKY_SECOND_NS; /* fifteen seconds ago, then */
    give_plots(&plot, 1);
    assert_near(engine.claim.look.pose.origin.east_m, -200.0, 0.05);
}

static void over_the_pole_nothing_is_known_but_nothing_breaks(void **state)
{
    (void)state;
    config.station.has_site = false;
    config.station.moving = true;
    begin();
    struct sky_gnss_fix fix = good_fix();
    fix.has |= SKY_GNSS_VELOCITY;
    fix.place.lat_rad = SKY_PI / 2.0 - 1e-9;
    fix.speed_mps = 100.0;
    fix.course_rad = 0.0;
    give_fix(&fix);
    wait_s(1.0);
    struct sky_plot plot = head_plot(&north_20km);
    give_plots(&plot, 1);
    assert_reject(SKY_REJECT_NO_POSE, 1, "plot", "head");

    fix = good_fix();
    fix.place.lat_rad = 89.5 * paper_rad; /* tracks, but farther north than lines are measured */
    config.station.moving = false;
    begin();
    give_fix(&fix);
    for (int i = 0; i < 10; i++) {
        watch(&north_20km);
    }
    assert_int_equal(count_of(SKY_EVENT_TRACK), 1);
    assert_int_equal(count_of(SKY_EVENT_ASSESSMENT), 0);
}

/* --- tracks, lines, incidents */

/* A circle of 40 km around the station, beginning 20 degrees east of north; clockwise. */
static void a_line_of_very_many_edges_is_assessed_like_any_other(void **state)
{
    (void)state;
    enum { EDGES = 70000 };
    static struct sky_vertex vertex[EDGES];
    const struct sky_lla site = paper_site();
    const struct sky_geo_radii radii = sky_geo_radii_at(site.lat_rad);
    for (int i = 0; i < EDGES; i++) {
        const double azimuth_rad = (20.0 + 360.0 * i / EDGES) * paper_rad;
        const double lat_rad = site.lat_rad + 40e3 * cos(azimuth_rad) / radii.north_m;
        const double lon_rad = site.lon_rad + 40e3 * sin(azimuth_rad) / radii.east_m;
        vertex[i] = (struct sky_vertex){(int32_t)(lat_rad / paper_rad * 1e7),
                                        (int32_t)(lon_rad / paper_rad * 1e7)};
    }
    const struct sky_ring ring = {0, EDGES, 0};
    const struct sky_line line = {
        .id = 1, .rule = SKY_EDGE_PLANAR, .rule_stated = true, .ring_count = 1};
    const struct sky_zone zone = {
        .id = 1, .floor = {.unlimited = true}, .ceiling = {.unlimited = true}, .line_count = 1};
    const struct sky_zone_set set = {.zone_count = 1,
                                     .line_count = 1,
                                     .ring_count = 1,
                                     .vertex_count = EDGES,
                                     .zone = &zone,
                                     .line = &line,
                                     .ring = &ring,
                                     .vertex = vertex};
    const char *reason = "sound";
    if (sky_zone_check(&set, &reason) != SKY_OK) {
        fail_msg("%s", reason);
    }
    sky_engine_init(&engine, &config, &set, PAPER_TIME0_NS);
    for (int i = 0; i < 8; i++) {
        watch(&north_20km);
    }
    const struct sky_assessment *const said = &first(SKY_EVENT_ASSESSMENT)->u.assessment;
    assert_near(said->distance_m, -20e3, 150.0);
    assert_true(said->edge > UINT16_MAX); /* 66,111 is north */
}

/* Seen by the second radar, which knows no height but the one the aircraft tells. */
static void watch_by_mode_c(bool has_mode_c)
{
    struct sky_plot plot = head_plot(&north_20km);
    plot.sensor = PAPER_SECOND;
    plot.has = has_mode_c ? SKY_PLOT_ALT_STD : 0U;
    plot.alt_std_m = 3100.0;
    wait_s(0.5);
    tick(true);
    wait_s(0.5);
    give_plots(&plot, 1);
}

static const struct sky_assessment *assessment_of(uint32_t line_id)
{
    for (size_t i = 0; i < outbox.count; i++) {
        const struct sky_event *const event = &outbox.event[i];
        if (event->kind == SKY_EVENT_ASSESSMENT && event->u.assessment.line_id == line_id) {
            return &event->u.assessment;
        }
    }
    fail_msg("no assessment under line %u", line_id);
    return NULL;
}

static void a_height_from_pressure_is_said_of_track_and_verdict(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        watch_by_mode_c(true);
    }
    assert_true(first(SKY_EVENT_TRACK)->u.track.height_from_pressure);
    assert_int_equal(assessment_of(11)->vertical, SKY_VERTICAL_EVALUATED); /* no limits */
    assert_int_equal(assessment_of(21)->vertical, SKY_VERTICAL_ACROSS);
    assert_int_equal(assessment_of(31)->vertical, SKY_VERTICAL_NOT_EVALUATED);
    watch_by_mode_c(false); /* what was taken in stays in */
    assert_true(first(SKY_EVENT_TRACK)->u.track.height_from_pressure);
    begin();
    for (int i = 0; i < 10; i++) {
        watch_by_mode_c(false);
    }
    assert_false(first(SKY_EVENT_TRACK)->u.track.height_from_pressure);
    assert_int_equal(assessment_of(21)->vertical, SKY_VERTICAL_EVALUATED);
}

/* What the told covariance of the first track has beyond its filter's: 1 sigma east, north, up. */
static double common_m(size_t axis)
{
    static const size_t diagonal[3] = {0, 6, 11};
    const double told_m2 = first(SKY_EVENT_TRACK)->u.track.cov[diagonal[axis]];
    return sqrt(told_m2 - engine.tracker.track[0].state.p[axis][axis]);
}

static void errors_common_to_all_plots_join_the_covariance(void **state)
{
    (void)state;
    config.station.site_sigma_m = 3.0;
    config.station.heading_sigma_rad = 0.004;
    struct sky_sensor_config *const head = &config.sensor[PAPER_HEAD];
    head->bias_sigma_range_m = 50.0;
    head->bias_sigma_azimuth_rad = 0.003;
    head->bias_sigma_elevation_rad = 0.002;
    begin();
    for (int i = 0; i < 10; i++) {
        watch(&north_20km);
    }
    /* Due north: azimuth acts east, range north, elevation up. */
    const double plan_m = 20000.0, range_m = hypot(20000.0, 3000.0);
    assert_near(common_m(0), hypot(plan_m * 0.005, 3.0), 1.0);
    assert_near(common_m(1), hypot(hypot(50.0 * plan_m / range_m, 3.0), 6.0), 1.0);
    assert_near(common_m(2), hypot(hypot(plan_m * 0.002, 3.0), 50.0 * 0.148), 1.0);
}

static void a_radar_on_its_own_site_shares_no_pose_error(void **state)
{
    (void)state;
    config.station.site_sigma_m = 500.0;
    config.station.heading_sigma_rad = 0.5;
    config.sensor[PAPER_HEAD].at_station = false;
    config.sensor[PAPER_HEAD].site = paper_site();
    begin();
    for (int i = 0; i < 10; i++) {
        watch(&north_20km);
    }
    assert_near(common_m(0), 20.0, 1.0);
    assert_near(common_m(1), 5.7, 1.0);
}

static void utc_joins_the_budget_once_it_is_worth_something(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) { /* the kernel's own clock: no part of the budget */
        wait_s(0.5);
        tick(false);
        wait_s(0.5);
        const struct sky_plot plot = head_plot(&north_20km);
        give_plots(&plot, 1);
    }
    assert_int_equal(count_of(SKY_EVENT_TRACK), 1);
    assert_near(first(SKY_EVENT_ASSESSMENT)->u.assessment.sigma_time_m, 0.0, 0.0);
    const struct sky_gnss_fix fix = good_fix();
    give_fix(&fix);
    watch(&north_20km);
    assert_true(first(SKY_EVENT_ASSESSMENT)->u.assessment.sigma_time_m > 0.0);
}

static void lines_are_reported_while_near_or_inside(void **state)
{
    (void)state;
    config.incident.assess_within_m = 12000.0;
    begin();
    const struct sky_enu inside = {0.0, 40000.0, 3000.0}; /* 34 km inside zone 1, far from others */
    for (int i = 0; i < 10; i++) {
        watch(&inside);
    }
    assert_int_equal(count_of(SKY_EVENT_TRACK), 1);
    assert_int_equal(count_of(SKY_EVENT_ASSESSMENT), 2);
    assert_int_equal(first(SKY_EVENT_ASSESSMENT)->u.assessment.line_id, 11);
    assert_true(first(SKY_EVENT_ASSESSMENT)->u.assessment.distance_m < -30000.0);

    start(NULL);
    config.incident.assess_within_m = 14000.0;
    begin();
    const struct sky_enu outside = {-4000.0, -15000.0, 3000.0};
    for (int i = 0; i < 10; i++) {
        watch(&outside);
    }
    assert_int_equal(count_of(SKY_EVENT_TRACK), 1);
    /* 10 km from the box (21), 13 from the triangle (31), 20 from the border (11, 12) */
    assert_int_equal(count_of(SKY_EVENT_ASSESSMENT), 2);
    assert_int_equal(first(SKY_EVENT_ASSESSMENT)->u.assessment.line_id, 21);
}

static void a_line_is_reported_the_moment_it_is_near_enough(void **state)
{
    (void)state;
    config.incident.assess_within_m = 9000.0;
    begin();
    size_t reported = 0;
    double last_m = 0.0;
    for (double north_m = -25000.0; north_m < 0.0; north_m += 150.0) {
        const struct sky_enu at = {-40000.0, north_m, 3000.0}; /* far from all but zone 1 */
        watch(&at);
        const double distance_m = engine.assessment[0].distance_m;
        if (count_of(SKY_EVENT_ASSESSMENT) > 0) {
            assert_true(reported > 0 || distance_m > 8700.0);
            reported++;
        } else {
            assert_int_equal(reported, 0);
            last_m = distance_m; /* as of the latest assessment: not every look needs one */
        }
    }
    assert_true(reported > 10);
    assert_true(last_m > 9000.0);
    assert_true(engine.clearance[0].reach_m <= 0.0);
}

/* Flies north at 75 m/s across the border, counting what comes of it. */
static size_t opened, closed, classified, last_end;
static void count_incidents(void)
{
    for (size_t i = 0; i < outbox.count; i++) {
        const struct sky_event *const event = &outbox.event[i];
        if (event->kind == SKY_EVENT_INCIDENT) {
            opened += event->u.incident.change == SKY_INCIDENT_OPENED ? 1 : 0;
            if (event->u.incident.change == SKY_INCIDENT_NOW_CLOSED) {
                closed++;
                last_end = event->u.incident.end;
            }
        }
        classified += event->kind == SKY_EVENT_CLASSIFICATION ? 1 : 0;
    }
}

static double fly_north(double from_m, double to_m)
{
    struct sky_enu at = {5000.0, from_m, 5000.0};
    const double step_m = from_m < to_m ? 75.0 : -75.0;
    while ((to_m - at.north_m) * step_m > 0.0) {
        watch(&at);
        count_incidents();
        at.north_m += step_m;
    }
    return at.north_m;
}

static void let_be_lost(void)
{
    for (int i = 0; i < 50; i++) {
        wait_s(1.0);
        tick(true);
        count_incidents();
    }
}

static int start_flight(void **state)
{
    opened = closed = classified = last_end = 0;
    start(state);
    config.tracker.accel_psd_m2ps3[2] = 400.0; /* it turns on the spot */
    begin();
    return 0;
}

static void an_incident_runs_from_entry_to_loss(void **state)
{
    (void)state;
    const double at_m = fly_north(4000.0, 7500.0);
    assert_true(at_m > 7000.0);
    assert_int_equal(opened, 1);
    assert_int_equal(closed, 0);
    size_t coasting = 0, lost = 0;
    for (int i = 0; i < 50; i++) {
        wait_s(1.0);
        tick(true);
        count_incidents();
        for (size_t k = 0; k < outbox.count; k++) {
            const struct sky_event *const event = &outbox.event[k];
            if (event->kind == SKY_EVENT_TRACK) {
                coasting += (event->u.track.change & SKY_TRACK_NOW_COASTING) != 0 ? 1 : 0;
                lost += (event->u.track.change & SKY_TRACK_NOW_LOST) != 0 ? 1 : 0;
            }
            assert_int_not_equal(event->kind, SKY_EVENT_ASSESSMENT); /* unseen: no looks */
        }
    }
    assert_true(coasting <= 1);
    assert_int_equal(lost, 1);
    assert_int_equal(closed, 1);
    assert_int_equal(classified, 1);
    assert_int_equal(last_end, SKY_END_LOST_INSIDE);
}

static void what_comes_back_opens_an_incident_of_its_own(void **state)
{
    (void)state;
    double at_m = fly_north(4500.0, 7000.0);
    at_m = fly_north(at_m, 500.0); /* a minute and more outside */
    assert_int_equal(opened, 1);
    assert_int_equal(closed, 1);
    assert_int_equal(last_end, SKY_END_OUTSIDE);
    at_m = fly_north(at_m, 7000.0);
    assert_int_equal(opened, 2);
    let_be_lost();
    assert_int_equal(closed, 2);
    assert_int_equal(classified, 2);
    assert_int_equal(engine.next_incident_id, 3);
}

static void an_open_incident_is_followed_beyond_what_is_reported(void **state)
{
    (void)state;
    config.incident.assess_within_m = 1000.0;
    begin();
    const double at_m = fly_north(4500.0, 7000.0);
    assert_int_equal(opened, 1);
    fly_north(at_m, 500.0); /* the last minute of it more than a kilometre outside */
    assert_int_equal(closed, 1);
    assert_int_equal(last_end, SKY_END_OUTSIDE);
    assert_int_equal(count_of(SKY_EVENT_ASSESSMENT), 0);
}

static void a_reused_slot_inherits_nothing(void **state)
{
    (void)state;
    fly_north(4500.0, 7000.0);
    const uint32_t first_track = engine.tracker.track[0].id;
    let_be_lost();
    assert_int_equal(engine.slot_track_id[0], 0);
    fly_north(4500.0, 7000.0);
    assert_int_not_equal(engine.tracker.track[0].id, first_track);
    assert_int_equal(engine.slot_track_id[0], engine.tracker.track[0].id);
    assert_int_equal(opened, 2);
    assert_int_equal(engine.incident[0][0].line[0].entries, 1);
}

static void a_shutdown_ends_what_is_open_once(void **state)
{
    (void)state;
    fly_north(4500.0, 7000.0);
    struct sky_step step = step_of(SKY_STEP_SHUTDOWN);
    take(&step);
    count_incidents();
    assert_int_equal(closed, 1);
    assert_int_equal(last_end, SKY_END_STOPPED);
    assert_int_equal(classified, 1);
    step = step_of(SKY_STEP_SHUTDOWN);
    take(&step);
    assert_int_equal(outbox.count, 0);
}

static void identity_reaches_the_classification(void **state)
{
    (void)state;
    for (int with = 0; with < 3; with++) {
        start_flight(NULL);
        fly_north(4500.0, 7000.0);
        engine.tracker.track[0].cooperative = with > 0;
        engine.tracker.track[0].emitter = with == 2 ? 13 : 0;
        const struct sky_step step = step_of(SKY_STEP_SHUTDOWN);
        take(&step);
        const struct sky_event_classification *const said =
            &first(SKY_EVENT_CLASSIFICATION)->u.classification;
        assert_int_equal((said->result.reasons & SKY_REASON_IDENTITY) != 0, with > 0);
        assert_int_equal(said->emitter, with == 2 ? 13 : 0);
        assert_true(said->stay.flown_m > 1000.0);
        assert_true(said->stay.flown_m < 2000.0);
    }
}

static void a_stay_that_there_was_no_room_for_is_not_made_up(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < SKY_STAYS_MAX; i++) {
        engine.stays.kept[i].kept = true;
        engine.stays.kept[i].slot = (uint16_t)(SKY_TRACKS_MAX + i);
    }
    engine.stays.count = SKY_STAYS_MAX;
    fly_north(4500.0, 7000.0);
    const struct sky_step step = step_of(SKY_STEP_SHUTDOWN);
    take(&step);
    const struct sky_event_classification *const said =
        &first(SKY_EVENT_CLASSIFICATION)->u.classification;
    assert_int_equal(said->stay.to_ns, 0);
    assert_true(said->stay.flown_m <= 0.0);
}

/* --- alerts */

static struct {
    size_t entered, left, first, at_ticks;
    int64_t crossing_ns;
} alerts;

static void count_alerts(bool is_tick)
{
    for (size_t i = 0; i < outbox.count; i++) {
        const struct sky_event_alert *const said = &outbox.event[i].u.alert;
        if (outbox.event[i].kind == SKY_EVENT_ALERT && said->line_id == 11) {
            assert_int_equal(said->zone_id, 1);
            assert_int_equal(said->track_id, engine.tracker.track[0].id);
            assert_int_equal(said->crossing_known, !said->first);
            assert_true(said->p >= 0.0 && said->p <= 1.0);
            alerts.entered += said->inside ? 1 : 0;
            alerts.left += said->inside ? 0 : 1;
            alerts.first += said->first ? 1 : 0;
            alerts.at_ticks += is_tick ? 1 : 0;
            alerts.crossing_ns = said->crossing_ns;
        }
    }
}

/* Northwards at 150 m/s, a look each four seconds, a tick each half. */
static double fly_watched(double from_m, double to_m, bool seen)
{
    struct sky_enu at = {5000.0, from_m, 5000.0};
    for (int half = 0; at.north_m < to_m; half++) {
        wait_s(0.5);
        at.north_m += 75.0;
        if (half % 8 == 0 && seen) {
            struct sky_plot plot = head_plot(&at);
            plot.time_kind = SKY_TIME_UTC;
            plot.time_value_ns = PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS);
            give_plots(&plot, 1);
            count_alerts(false);
        } else {
            tick(true);
            count_alerts(true);
        }
    }
    return at.north_m;
}

static int start_alert(void **state)
{
    start(state);
    memset(&alerts, 0, sizeof alerts);
    config.sensor[PAPER_HEAD].scan_ns = 4 * SKY_SECOND_NS;
    begin();
    return 0;
}

static void an_entry_is_told_once_and_between_looks_if_need_be(void **state)
{
    (void)state;
    size_t at_ticks = 0;
    for (int shift = 0; shift < 8; shift++) { /* wherever the looks fall */
        start_alert(NULL);
        fly_watched(-4000.0 + 75.0 * shift, 8500.0, true);
        assert_int_equal(alerts.entered, 1);
        assert_int_equal(alerts.left, 0);
        assert_int_equal(alerts.first, 0);
        const double at_m =
            -4000.0 + 75.0 * shift + 150.0e-9 * (double)(alerts.crossing_ns - PAPER_TIME0_NS);
        assert_near(at_m, 5600.0, 200.0);
        at_ticks += alerts.at_ticks;
    }
    assert_true(at_ticks >= 2);
}

static void nobody_enters_by_being_unseen(void **state)
{
    (void)state;
    config.sensor[PAPER_HEAD].detection_probability = 0.3; /* being missed says little */
    begin();
    const double at_m = fly_watched(-4000.0, 4600.0, true);
    fly_watched(at_m, 12000.0, false);
    assert_int_equal(alerts.entered, 0);
}

static void what_is_found_inside_is_told_as_such(void **state)
{
    (void)state;
    fly_watched(9000.0, 14000.0, true);
    assert_int_equal(alerts.entered, 1);
    assert_int_equal(alerts.first, 1);
}

/* --- sensors */

static size_t sensor_events(uint32_t sensor, struct sky_event_sensor *ret_last)
{
    size_t count = 0;
    for (size_t i = 0; i < outbox.count; i++) {
        if (outbox.event[i].kind == SKY_EVENT_SENSOR && outbox.event[i].u.sensor.sensor == sensor) {
            *ret_last = outbox.event[i].u.sensor;
            count++;
        }
    }
    return count;
}

static void a_radar_alone_says_each_minute_that_it_cannot_know_its_bias(void **state)
{
    (void)state;
    struct sky_event_sensor said = {.sensor = 99};
    size_t count = 0;
    for (int second = 0; second < 190; second++) {
        wait_s(0.5);
        tick(true);
        count += sensor_events(PAPER_HEAD, &said);
        assert_int_equal(sensor_events(PAPER_HILL, &said), 0); /* never heard */
        wait_s(0.5);
        struct sky_plot plot = head_plot(&north_20km);
        plot.azimuth_rad += 0.01; /* and it is far off */
        plot.slant_range_m += 100.0;
        give_plots(&plot, 1);
    }
    assert_in_range(count, 3, 5);
    assert_int_equal(said.registration.state, SKY_REGISTER_ALONE);
    assert_int_equal(said.registration.pairs, 0);
    assert_true(said.registration.bias_sigma[SKY_BIAS_AZIMUTH] > 0.005);
    assert_true(said.plots > 100 && said.used <= said.plots && said.used > 100);
    assert_true(said.detection_probability > 0.5 && said.detection_probability < 1.0);
    assert_true(said.false_plots_per_scan > 0.0);
}

static void a_radar_that_errs_more_than_it_says_is_told_at_once(void **state)
{
    (void)state;
    struct sky_event_sensor said = {.nis_out = 0};
    uint64_t luck = 3;
    size_t between = 0;
    for (int second = 0; second < 100; second++) {
        wait_s(0.5);
        tick(true);
        wait_s(0.5);
        struct sky_plot plot = head_plot(&north_20km);
        plot.slant_range_m += 45.0 * test_normal(&luck); /* 15 m, it says */
        give_plots(&plot, 1);
        between += sensor_events(PAPER_HEAD, &said);
    }
    assert_true(between > 0); /* not only when a minute is over */
    assert_int_equal(said.nis_out & 1U << SKY_COMPONENT_RANGE, 1U << SKY_COMPONENT_RANGE);
    assert_true(said.nis[SKY_COMPONENT_RANGE] > 1.5);
    assert_near(said.nis[SKY_COMPONENT_NORTH], 1.0, 0.0);
}

/* Two 3D radars 24 km apart, of which one is off by 0.3 degrees and 40 m, and six aircraft. */
static void
a_bias_that_two_radars_disagree_about_is_found_applied_and_shrinks_the_error(void **state)
{
    (void)state;
    enum { AIRCRAFT = 6, SECONDS = 240 };
    struct sky_sensor_config *const hill = &config.sensor[PAPER_HILL];
    hill->measures_elevation = true;
    hill->sigma_range_m = 15.0;
    hill->scan_ns = SKY_SECOND_NS;
    hill->latency_ns = SKY_SECOND_NS / 10;
    hill->false_plots_per_scan = 1.0;
    for (uint32_t i = 0; i < 2; i++) {
        config.sensor[i].bias_sigma_range_m = 40.0;
        config.sensor[i].bias_sigma_azimuth_rad = 0.0052;
        config.sensor[i].bias_sigma_elevation_rad = 0.002;
    }
    begin();
    struct sky_event_sensor said = {.sensor = 99};
    bool applied = false, learned = false;
    double sigma_m[2] = {0.0, 0.0}, off_m[2] = {0.0, 0.0};
    uint64_t luck = 1;
    struct sky_geo_frame frame;
    const struct sky_lla site = paper_site();
    assert_int_equal(sky_geo_frame_init(&frame, &site), SKY_OK);
    for (int second = 0; second < SECONDS; second++) {
        for (uint32_t sensor = 0; sensor < 2; sensor++) {
            struct sky_plot plot[AIRCRAFT];
            wait_s(0.4);
            for (int k = 0; k < AIRCRAFT; k++) {
                const double t_s = (double)(now_ns - PAPER_TIME0_NS) * 1e-9 - 0.1;
                const double turn = 1.1 * k;
                const struct sky_enu at = {15e3 * sin(turn) + 60.0 * cos(turn) * t_s,
                                           15e3 * cos(turn) + 60.0 * sin(turn) * t_s,
                                           3000.0 + 500.0 * k};
                const struct sky_lla from = sensor == 0 ? site : hill->site;
                const struct paper_sight sight = paper_look(&from, &at);
                plot[k] = head_plot(&at);
                plot[k].sensor = sensor;
                plot[k].slant_range_m =
                    sight.range_m + 15.0 * test_normal(&luck) + (sensor == 1 ? 40.0 : 0.0);
                plot[k].azimuth_rad = sky_wrap_pi(sight.azimuth_rad + 0.0025 * test_normal(&luck) +
                                                  (sensor == 1 ? 0.0052 : 0.0));
                plot[k].elevation_rad = sight.elevation_rad + 0.003 * test_normal(&luck);
            }
            give_plots(plot, AIRCRAFT);
            for (size_t i = 0; i < outbox.count; i++) {
                const struct sky_event *const event = &outbox.event[i];
                if (event->kind != SKY_EVENT_TRACK || (second >= 20 && second < SECONDS - 20)) {
                    continue;
                }
                const struct sky_enu told = sky_geo_to_enu(&frame, &event->u.track.place);
                const double t_s = (double)(event->time_ns - PAPER_TIME0_NS) * 1e-9;
                double best_m = 1e9;
                for (int k = 0; k < AIRCRAFT; k++) {
                    const double turn = 1.1 * k;
                    best_m = fmin(best_m,
                                  hypot(told.east_m - 15e3 * sin(turn) - 60.0 * cos(turn) * t_s,
                                        told.north_m - 15e3 * cos(turn) - 60.0 * sin(turn) * t_s));
                }
                const int late = second >= 20;
                off_m[late] = fmax(off_m[late], best_m);
                sigma_m[late] =
                    fmax(sigma_m[late], sqrt(event->u.track.cov[0] + event->u.track.cov[6]));
            }
        }
        wait_s(0.2);
        tick(true);
        if (sensor_events(PAPER_HILL, &said) > 0) {
            learned = learned || said.registration.state == SKY_REGISTER_LEARNING;
            applied = applied || said.registration.state == SKY_REGISTER_APPLIED;
        }
    }
    assert_true(learned);
    assert_true(applied);
    assert_int_equal(said.registration.state, SKY_REGISTER_APPLIED);
    assert_near(said.registration.bias[SKY_BIAS_AZIMUTH], 0.0052,
                2.5 * said.registration.bias_sigma[SKY_BIAS_AZIMUTH]);
    assert_near(said.registration.bias[SKY_BIAS_RANGE], 40.0,
                2.5 * said.registration.bias_sigma[SKY_BIAS_RANGE]);
    print_message("sigma %.0f to %.0f m, worst error %.0f to %.0f m\n", sigma_m[0], sigma_m[1],
                  off_m[0], off_m[1]);
    assert_true(sigma_m[1] < 0.7 * sigma_m[0]);
    assert_true(off_m[1] < 0.7 * off_m[0]);
    assert_int_equal(engine.tracker.next_serial - 1, AIRCRAFT);
}

/* --- reported places */

static int start_places(void **state)
{
    start(state);
    struct sky_sensor_config *const beacons = &config.sensor[PAPER_SECOND];
    beacons->kind = SKY_SENSOR_COOPERATIVE;
    beacons->sigma_place_m = 40.0;
    beacons->scan_ns = SKY_SECOND_NS;
    begin();
    return 0;
}

static struct sky_plot place_plot(const struct sky_enu *at)
{
    struct sky_geo_frame frame;
    const struct sky_lla site = paper_site();
    assert_int_equal(sky_geo_frame_init(&frame, &site), SKY_OK);
    struct sky_plot plot = {.sensor = PAPER_SECOND,
                            .has = SKY_PLOT_PLACE | SKY_PLOT_ICAO,
                            .time_kind = SKY_TIME_ARRIVAL,
                            .place = sky_geo_from_enu(&frame, at),
                            .sigma_place_m = 25.0,
                            .sigma_height_m = 20.0,
                            .icao_address = 0x4CA123};
    return plot;
}

static void a_reported_place_that_cannot_be_is_counted_and_not_used(void **state)
{
    (void)state;
    enum { CASES = 16 };
    struct sky_plot plot[CASES + 1];
    for (size_t i = 0; i <= CASES; i++) {
        plot[i] = place_plot(&north_20km);
        plot[i].has |= SKY_PLOT_VELOCITY;
    }
    size_t i = 0;
    plot[i++].place.lat_rad = nan("");
    plot[i++].place.lat_rad = 2.0;
    plot[i++].place.lon_rad = HUGE_VAL;
    plot[i++].place.alt_hae_m = nan("");
    plot[i++].sigma_place_m = nan("");
    plot[i++].sigma_place_m = -1.0;
    plot[i++].sigma_place_m = HUGE_VAL;
    plot[i++].sigma_height_m = nan("");
    plot[i++].sigma_height_m = -1.0;
    plot[i++].sigma_height_m = HUGE_VAL;
    plot[i++].time_value_ns = -1;
    plot[i++].vel_east_mps = nan("");
    plot[i++].vel_north_mps = HUGE_VAL;
    plot[i++].vel_north_mps = -3001.0;
    plot[i++].sigma_velocity_mps = -1.0;
    plot[i++].sigma_velocity_mps = nan("");
    assert_int_equal(i, CASES);
    give_plots(plot, CASES + 1); /* the last one is sound */
    assert_reject(SKY_REJECT_IMPLAUSIBLE, CASES, "plot", "second");
    assert_int_equal(engine.tracker.stats.used, 1);
}

static void a_place_beyond_its_sensors_range_is_counted_and_not_used(void **state)
{
    (void)state;
    const struct sky_enu at[] = {{0.0, 99e3, -800.0}, {0.0, -101e3, 0.0}};
    const struct sky_lla antipode = {-paper_site().lat_rad, paper_site().lon_rad - SKY_PI, 0.0};
    struct sky_plot plot[] = {place_plot(&at[0]), place_plot(&at[1]), place_plot(&north_20km)};
    config.sensor[PAPER_SECOND].range_max_m = 100e3;
    begin();
    plot[2].place = antipode;
    give_plots(plot, 3);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 2, "plot.range", "second");
    assert_int_equal(engine.tracker.stats.used, 1);
}

static void the_range_of_places_moves_with_the_station(void **state)
{
    (void)state;
    const struct sky_enu away = {0.0, 990e3, -77e3}, farther = {0.0, 1010e3, -80e3};
    struct sky_plot plot[] = {place_plot(&away), place_plot(&farther)};
    config.sensor[PAPER_SECOND].range_max_m = 100e3;
    begin();
    engine.pose.place = plot[0].place; /* it came there in days */
    give_plots(plot, 2);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "plot.range", "second"); /* out of the frame */
    assert_int_equal(engine.tracker.stats.used, 1);
}

static void a_radar_out_of_the_tracking_frame_is_counted_and_not_used(void **state)
{
    (void)state;
    struct sky_sensor_config *const second = &config.sensor[PAPER_SECOND];
    second->kind = SKY_SENSOR_RADAR;
    second->at_station = false;
    second->site = paper_site();
    second->site.lat_rad += 0.2; /* 1,270 km */
    begin();
    struct sky_plot plot = head_plot(&north_20km);
    plot.sensor = PAPER_SECOND;
    give_plots(&plot, 1);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "plot.range", "second");
    assert_int_equal(engine.tracker.stats.used, 0);
}

static void a_reported_place_is_measured_by_what_it_says_of_itself(void **state)
{
    (void)state;
    const struct sky_measurement *const measured = &engine.claim.look.measurement;
    struct sky_plot plot = place_plot(&north_20km);
    give_plots(&plot, 1);
    assert_true(measured->is_place);
    assert_near(measured->sigma_place_m, 25.0, 0.0);
    assert_near(measured->sigma_height_m, 20.0, 0.0);
    assert_near(measured->height_hae_m, plot.place.alt_hae_m, 0.0);
    assert_int_equal(measured->heights, SKY_HEIGHT_GEOMETRIC);
    assert_near(engine.claim.look.pose.origin.north_m, 20000.0, 1e-3);
    plot.sigma_place_m = 1.0; /* too good to be true */
    plot.sigma_height_m = 0.0;
    wait_s(1.0);
    give_plots(&plot, 1);
    assert_near(measured->sigma_place_m, 10.0, 0.0);
    assert_near(measured->height_hae_m, config.tracker.height_prior_m, 0.0);
    assert_int_equal(measured->heights, 0);
    assert_near(measured->sigma_height_m, config.tracker.height_prior_sigma_m, 0.0);
    plot.sigma_place_m = 0.0;
    plot.has |= SKY_PLOT_ALT_STD;
    plot.alt_std_m = 3100.0;
    wait_s(1.0);
    give_plots(&plot, 1);
    assert_near(measured->sigma_place_m, 40.0, 0.0);
    assert_near(measured->height_hae_m, 3100.0, 0.0);
    assert_int_equal(measured->heights, SKY_HEIGHT_PRESSURE);
}

static void a_reported_velocity_is_as_good_as_it_says_but_for_a_floor(void **state)
{
    (void)state;
    const struct sky_measurement *const measured = &engine.claim.look.measurement;
    static const struct {
        double stated_mps;
        double taken_mps;
    } sigma[] = {{8.0, 8.0}, {0.1, 2.0}, {0.0, 5.0}};
    for (size_t i = 0; i < sizeof sigma / sizeof sigma[0]; i++) {
        struct sky_plot plot = place_plot(&north_20km);
        plot.has |= SKY_PLOT_VELOCITY;
        plot.vel_east_mps = 60.0;
        plot.vel_north_mps = -30.0;
        plot.sigma_velocity_mps = sigma[i].stated_mps;
        give_plots(&plot, 1);
        assert_true(measured->has_velocity);
        assert_near(measured->vel_east_mps, 60.0, 0.0);
        assert_near(measured->vel_north_mps, -30.0, 0.0);
        assert_near(measured->sigma_velocity_mps, sigma[i].taken_mps, 0.0);
        wait_s(1.0);
    }
}

/* How far off the velocity is after so many reports of an aircraft that then turns. */
static double speed_error_mps(bool with_velocity, int reports)
{
    struct sky_event_track track;
    double east_m = -3000.0, ve_mps = 120.0, vn_mps = 0.0, north_m = 20e3;
    begin();
    for (int i = 0; i < reports; i++) {
        const struct sky_enu at = {east_m, north_m, 2000.0};
        struct sky_plot plot = place_plot(&at);
        plot.has |= with_velocity ? (uint32_t)SKY_PLOT_VELOCITY : 0U;
        plot.vel_east_mps = ve_mps;
        plot.vel_north_mps = vn_mps;
        wait_s(1.0);
        give_plots(&plot, 1);
        east_m += ve_mps;
        north_m += vn_mps;
        if (i >= reports - 5) { /* at 3.6 m/s2 */
            const double e = ve_mps, n = vn_mps;
            ve_mps = e * cos(0.03) + n * sin(0.03);
            vn_mps = n * cos(0.03) - e * sin(0.03);
        }
    }
    size_t slot = 0;
    while (slot < SKY_TRACKS_MAX && !sky_report_track_at(&engine, slot, engine.now_ns, &track)) {
        slot++;
    }
    assert_true(slot < SKY_TRACKS_MAX);
    return hypot(track.vel_east_mps - ve_mps, track.vel_north_mps - vn_mps);
}

static void a_reported_velocity_makes_the_track_know_its_own_better(void **state)
{
    (void)state;
    const double without_mps = speed_error_mps(false, 20);
    const double with_mps = speed_error_mps(true, 20);
    print_message("in a turn: %.1f m/s off without reported velocities, %.1f with\n", without_mps,
                  with_mps);
    assert_true(with_mps < 0.5 * without_mps);
}

static void an_aircraft_that_says_where_it_is_is_followed_without_the_stations_errors(void **state)
{
    (void)state;
    config.station.site_sigma_m = 300.0;
    config.station.heading_sigma_rad = 0.1;
    begin();
    for (int i = 0; i < 30; i++) {
        wait_s(0.5);
        tick(true);
        wait_s(0.5);
        const struct sky_plot plot = place_plot(&north_20km);
        give_plots(&plot, 1);
    }
    const struct sky_event_track *const track = &first(SKY_EVENT_TRACK)->u.track;
    assert_int_equal(track->icao_address, 0x4CA123);
    assert_int_equal(track->sensors, 1U << PAPER_SECOND);
    assert_true(track->cov[0] < 30.0 * 30.0);
    assert_true(count_of(SKY_EVENT_ASSESSMENT) > 0);
}

static void places_need_the_tracking_frame_only(void **state)
{
    (void)state;
    config.station.has_site = false;
    begin();
    const struct sky_plot plot = place_plot(&north_20km);
    give_plots(&plot, 1);
    assert_reject(SKY_REJECT_NO_POSE, 1, "plot", "second");
    const struct sky_gnss_fix fix = good_fix();
    give_fix(&fix);
    give_plots(&plot, 1);
    assert_int_equal(engine.tracker.stats.used, 1);
}

/* --- heading */

static void a_station_unsure_of_its_heading_says_so_of_every_track(void **state)
{
    (void)state;
    config.station.has_site = false;
    config.station.moving = true;
    config.station.heading_sigma_rad = 0.02;
    begin();
    for (int i = 0; i < 20; i++) { /* it drives north at 10 m/s, and is turned by a sigma */
        struct sky_gnss_fix fix = good_fix();
        fix.has |= SKY_GNSS_VELOCITY;
        fix.place.lat_rad += 10.0 * i / 6.37e6;
        fix.speed_mps = 10.0;
        give_fix(&fix);
        wait_s(0.5);
        tick(true);
        wait_s(0.5);
        const struct sky_enu relative = {0.0, 20000.0 - 10.0 * (i + 1), 3000.0};
        struct sky_plot plot = head_plot(&relative);
        plot.azimuth_rad -= 0.02;
        give_plots(&plot, 1);
    }
    const struct sky_event_track *const track = &first(SKY_EVENT_TRACK)->u.track;
    struct sky_geo_frame frame;
    const struct sky_lla site = paper_site();
    assert_int_equal(sky_geo_frame_init(&frame, &site), SKY_OK);
    const double off_m = sky_geo_to_enu(&frame, &track->place).east_m;
    assert_near(off_m, -400.0, 60.0);
    assert_near(sqrt(track->cov[0]), 400.0, 40.0);
    assert_true(sqrt(track->cov[6]) < 60.0); /* along the line of sight it acts not at all */
}

/* --- reading a running engine */

static void a_track_can_be_asked_where_it_is_at_any_time(void **state)
{
    (void)state;
    struct sky_event_track track;
    static struct sky_assessment assessment[SKY_LINES_MAX];
    memset(&track, 0x5A, sizeof track);
    watch(&north_20km);
    assert_false(sky_report_track_at(&engine, 0, now_ns, &track)); /* nobody is believed yet */
    assert_false(sky_report_track_at(&engine, 1, now_ns, &track));
    assert_int_equal(track.id, 0x5A5A5A5A);
    for (int i = 0; i < 20; i++) {
        watch(&north_20km);
    }
    const struct sky_event *const event = first(SKY_EVENT_TRACK);
    struct sky_event_track said = event->u.track;
    assert_true(sky_report_track_at(&engine, 0, event->time_ns, &track));
    said.change = 0;
    struct paper_reader told = paper_digest(), asked = paper_digest();
    paper_read_track(&told, &said);
    paper_read_track(&asked, &track);
    assert_int_equal(asked.hash, told.hash);
    sky_report_assess_at(&engine, 0, event->time_ns, assessment);
    size_t line = 0;
    for (size_t i = 0; i < outbox.count; i++) {
        if (outbox.event[i].kind == SKY_EVENT_ASSESSMENT) {
            while (assessment[line].line_id != outbox.event[i].u.assessment.line_id) {
                line++;
            }
            assert_near(assessment[line].distance_m, outbox.event[i].u.assessment.distance_m, 0.0);
            assert_near(assessment[line].p_inside, outbox.event[i].u.assessment.p_inside, 0.0);
        }
    }
    struct sky_event_track later;
    assert_true(sky_report_track_at(&engine, 0, event->time_ns + 30 * SKY_SECOND_NS, &later));
    assert_true(later.cov[0] > track.cov[0]);
    assert_near(later.existence, track.existence, 0.0);
    struct sky_event_track earlier = track;
    assert_true(sky_report_track_at(&engine, 0, event->time_ns - 5 * SKY_SECOND_NS, &earlier));
    assert_true(earlier.cov[0] != track.cov[0]); /* by fewer looks */
    assert_false(sky_report_track_at(&engine, 0, event->time_ns - 60 * SKY_SECOND_NS, &earlier));
    double all = 0.0;
    for (int i = 0; i < SKY_MODES_MAX; i++) {
        all += later.model[i];
    }
    assert_near(all, 1.0, 1e-9);
    engine.tracker.track[0].status = SKY_TRACK_COASTING;
    assert_true(sky_report_track_at(&engine, 0, now_ns, &track));
}

/* --- late and repeated plots */

static void plots_some_seconds_late_and_out_of_order_are_used(void **state)
{
    (void)state;
    static struct sky_plot late[40];
    tick(true);
    for (int i = 0; i < 40; i++) {
        wait_s(0.7);
        tick(true);
        wait_s(0.3);
        late[i] = head_plot(&north_20km);
        late[i].time_kind = SKY_TIME_UTC;
        late[i].time_value_ns = PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS);
        if (i % 4 == 3) { /* four at a time, the newest first, 3 to 6 s late */
            for (int k = 0; k < 4 && i >= 7; k++) {
                give_plots(&late[i < 12 ? i - 6 + k : i - 3 - k], 1); /* at first in order */
                assert_int_equal(count_of(SKY_EVENT_REJECT), 0);
            }
        }
    }
    assert_int_equal(engine.tracker.track[0].hits, 36);
    assert_int_equal(engine.tracker.track[0].id, 1);
    assert_int_equal(engine.tracker.track[0].status, SKY_TRACK_CONFIRMED);
    assert_int_equal(engine.stats.late_or_early, 0);
}

static void a_plot_that_comes_twice_is_reported(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        watch(&north_20km);
    }
    struct sky_plot plot[3] = {head_plot(&north_20km), head_plot(&north_20km),
                               head_plot(&north_20km)};
    wait_s(1.0);
    give_plots(plot, 3);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 2, "plot.repeated", "head");
    give_plots(plot, 1);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "plot.repeated", "head");
    assert_int_equal(engine.tracker.track[0].hits, 11);
}

static void plots_beyond_the_radar_are_reported(void **state)
{
    (void)state;
    struct sky_plot plot = head_plot(&north_20km);
    plot.slant_range_m = config.sensor[PAPER_HEAD].range_max_m + 1.0;
    give_plots(&plot, 1);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, 1, "plot.range", "head");
    assert_int_equal(engine.tracker.stats.used, 0);
}

/* --- what does not fit */

static void a_full_track_table_is_reported(void **state)
{
    (void)state;
    static struct sky_plot plot[SKY_TRACKS_MAX + 1];
    for (int look = 0; look < 3; look++) {
        for (size_t i = 0; i <= SKY_TRACKS_MAX; i++) {
            const double turn_rad = (double)(i % 32) * 2.0 * SKY_PI / 32.0;
            const double radius_m = 8000.0 + 5000.0 * (double)(i / 32);
            const struct sky_enu at = {radius_m * sin(turn_rad), radius_m * cos(turn_rad), 2000.0};
            plot[i] = head_plot(&at);
        }
        wait_s(1.0);
        give_plots(plot, look < 2 ? SKY_TRACKS_MAX : SKY_TRACKS_MAX + 1);
    }
    assert_reject(SKY_REJECT_TABLE_FULL, 1, "tracks", "head");
}

/* Two aircraft so near each other that their plots wait for one another. */
static void keep_plots_waiting(size_t last_count)
{
    const struct sky_enu beside = {250.0, 20000.0, 3000.0}, between = {125.0, 20000.0, 3000.0};
    for (int i = 0; i < 20; i++) {
        const struct sky_plot plot[] = {head_plot(&north_20km), head_plot(&beside),
                                        head_plot(&between)};
        wait_s(0.7);
        give_plots(plot, i < 19 ? 2 : last_count);
        if (i < 19) {
            wait_s(0.3);
            tick(true);
        }
    }
    assert_int_equal(engine.tracker.claims.count, last_count);
}

static void a_whole_batch_finds_room_beside_plots_that_wait(void **state)
{
    (void)state;
    static struct sky_plot plot[SKY_PLOTS_MAX];
    keep_plots_waiting(2);
    for (size_t i = 0; i < SKY_PLOTS_MAX; i++) {
        plot[i] = head_plot(&north_20km); /* which is one of the two, again */
    }
    const uint64_t used = engine.tracker.stats.used;
    give_plots(plot, SKY_PLOTS_MAX);
    assert_reject(SKY_REJECT_IMPLAUSIBLE, SKY_PLOTS_MAX, "plot.repeated", "head");
    assert_int_equal(count_of(SKY_EVENT_REJECT), 1);
    wait_s(0.7);
    tick(true);
    assert_int_equal(engine.tracker.stats.used, used + 2);
}

/* One of three plots beside two aircraft is nobody's, and the radar on the hill filled the table.
 */
static void a_plot_refused_after_it_waited_is_reported_under_its_own_radar(void **state)
{
    (void)state;
    static struct sky_plot plot[SKY_TRACKS_MAX];
    keep_plots_waiting(3);
    for (size_t i = 0; i < SKY_TRACKS_MAX; i++) {
        plot[i] = head_plot(&north_20km);
        plot[i].sensor = PAPER_HILL;
        plot[i].slant_range_m = 30e3 + 100.0 * (double)i;
        plot[i].azimuth_rad = 3.0;
    }
    give_plots(plot, SKY_TRACKS_MAX);
    assert_reject(SKY_REJECT_TABLE_FULL, 2, "tracks", "hill");
    wait_s(0.7);
    tick(true);
    assert_reject(SKY_REJECT_TABLE_FULL, 1, "tracks", "head");
    assert_int_equal(count_of(SKY_EVENT_REJECT), 1);
}

static void a_plot_older_than_its_track_is_reported(void **state)
{
    (void)state;
    config.sensor[PAPER_HILL] = config.sensor[PAPER_HEAD];
    config.sensor[PAPER_HILL].latency_ns = 10 * SKY_SECOND_NS;
    begin();
    for (int i = 0; i < 20; i++) {
        watch(&north_20km);
    }
    struct sky_plot plot = head_plot(&north_20km);
    plot.sensor = PAPER_HILL;
    plot.time_value_ns = 8 * SKY_SECOND_NS;
    give_plots(&plot, 1);
    assert_reject(SKY_REJECT_TOO_OLD, 1, "plot.time", "head");
}

static void a_full_outbox_says_what_it_lost(void **state)
{
    (void)state;
    fly_north(4500.0, 7000.0);
    const struct sky_step stop = step_of(SKY_STEP_SHUTDOWN); /* an incident, 2 lines, a class */
    outbox.count = SKY_OUTBOX_MAX - 2;
    assert_int_equal(sky_engine_step(&engine, &stop, &outbox), SKY_OK);
    assert_int_equal(outbox.count, SKY_OUTBOX_MAX);
    const struct sky_event *const last = &outbox.event[SKY_OUTBOX_MAX - 1];
    assert_int_equal(outbox.event[SKY_OUTBOX_MAX - 2].kind, SKY_EVENT_INCIDENT);
    assert_int_equal(last->kind, SKY_EVENT_REJECT);
    assert_int_equal(last->u.reject.reason, SKY_REJECT_TABLE_FULL);
    assert_int_equal(last->u.reject.count, 3);
    assert_string_equal(last->u.reject.item, "outbox");
    assert_int_equal(engine.stats.outbox_full, 3);

    struct sky_step next = step_of(SKY_STEP_GNSS);
    struct sky_gnss_fix fix = good_fix();
    fix.utc_ns = 0;
    next.fix = &fix;
    assert_int_equal(sky_engine_step(&engine, &next, &outbox), SKY_OK);
    assert_int_equal(last->u.reject.count, 4);
}

static void long_names_are_cut(void **state)
{
    (void)state;
    char name[SKY_NAME_MAX];
    sky_engine_name(name, "0123456789012345678901234567890123456789");
    assert_string_equal(name, "0123456789012345678901234567890");
    sky_engine_name(name, "");
    assert_string_equal(name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(steps_that_go_back_are_refused, start),
        cmocka_unit_test_setup(plots_are_of_one_known_radar, start),
        cmocka_unit_test_setup(a_step_of_no_known_kind_does_nothing, start),
        cmocka_unit_test_setup(a_change_of_clock_state_is_said_once, start),
        cmocka_unit_test_setup(a_surveyed_pose_is_said_with_the_first_tick, start),
        cmocka_unit_test_setup(the_first_fix_makes_the_pose, start),
        cmocka_unit_test_setup(a_pose_that_moved_by_a_sigma_is_said_again, start),
        cmocka_unit_test_setup(a_fix_that_cannot_be_is_reported_and_not_used, start),
        cmocka_unit_test_setup(plots_before_the_pose_are_counted_and_not_used, start),
        cmocka_unit_test_setup(a_plot_that_cannot_be_is_counted_and_not_used, start),
        cmocka_unit_test_setup(what_a_plot_does_not_have_is_not_looked_at, start),
        cmocka_unit_test_setup(geometry_is_freed_of_refraction_offset_and_heading, start),
        cmocka_unit_test_setup(a_plots_own_sigmas_count_but_not_below_a_quarter, start),
        cmocka_unit_test_setup(numbers_that_come_in_steps_are_off_by_half_of_one, start),
        cmocka_unit_test_setup(a_stated_time_is_believed_while_the_clock_agrees, start),
        cmocka_unit_test_setup(a_stated_time_that_cannot_be_falls_back_to_arrival, start),
        cmocka_unit_test_setup(a_time_of_day_is_the_nearest_such_instant, start),
        cmocka_unit_test_setup(without_a_good_clock_no_stated_time_counts, start),
        cmocka_unit_test_setup(an_age_counts_back_from_arrival, start),
        cmocka_unit_test_setup(a_moving_station_is_carried_on_by_its_velocity, start),
        cmocka_unit_test_setup(before_its_fix_a_moving_station_is_carried_back_ten_seconds_at_most,
                               start),
        cmocka_unit_test_setup(over_the_pole_nothing_is_known_but_nothing_breaks, start),
        cmocka_unit_test_setup(a_line_of_very_many_edges_is_assessed_like_any_other, start),
        cmocka_unit_test_setup(a_height_from_pressure_is_said_of_track_and_verdict, start),
        cmocka_unit_test_setup(errors_common_to_all_plots_join_the_covariance, start),
        cmocka_unit_test_setup(a_radar_on_its_own_site_shares_no_pose_error, start),
        cmocka_unit_test_setup(utc_joins_the_budget_once_it_is_worth_something, start),
        cmocka_unit_test_setup(lines_are_reported_while_near_or_inside, start),
        cmocka_unit_test_setup(a_line_is_reported_the_moment_it_is_near_enough, start),
        cmocka_unit_test_setup(an_incident_runs_from_entry_to_loss, start_flight),
        cmocka_unit_test_setup(what_comes_back_opens_an_incident_of_its_own, start_flight),
        cmocka_unit_test_setup(an_open_incident_is_followed_beyond_what_is_reported, start_flight),
        cmocka_unit_test_setup(a_reused_slot_inherits_nothing, start_flight),
        cmocka_unit_test_setup(a_shutdown_ends_what_is_open_once, start_flight),
        cmocka_unit_test_setup(identity_reaches_the_classification, start_flight),
        cmocka_unit_test_setup(a_stay_that_there_was_no_room_for_is_not_made_up, start_flight),
        cmocka_unit_test_setup(an_entry_is_told_once_and_between_looks_if_need_be, start_alert),
        cmocka_unit_test_setup(nobody_enters_by_being_unseen, start_alert),
        cmocka_unit_test_setup(what_is_found_inside_is_told_as_such, start_alert),
        cmocka_unit_test_setup(a_radar_alone_says_each_minute_that_it_cannot_know_its_bias, start),
        cmocka_unit_test_setup(a_radar_that_errs_more_than_it_says_is_told_at_once, start),
        cmocka_unit_test_setup(
            a_bias_that_two_radars_disagree_about_is_found_applied_and_shrinks_the_error, start),
        cmocka_unit_test_setup(a_reported_place_that_cannot_be_is_counted_and_not_used,
                               start_places),
        cmocka_unit_test_setup(a_place_beyond_its_sensors_range_is_counted_and_not_used,
                               start_places),
        cmocka_unit_test_setup(the_range_of_places_moves_with_the_station, start_places),
        cmocka_unit_test_setup(a_radar_out_of_the_tracking_frame_is_counted_and_not_used,
                               start_places),
        cmocka_unit_test_setup(a_reported_place_is_measured_by_what_it_says_of_itself,
                               start_places),
        cmocka_unit_test_setup(a_reported_velocity_is_as_good_as_it_says_but_for_a_floor,
                               start_places),
        cmocka_unit_test_setup(a_reported_velocity_makes_the_track_know_its_own_better,
                               start_places),
        cmocka_unit_test_setup(
            an_aircraft_that_says_where_it_is_is_followed_without_the_stations_errors,
            start_places),
        cmocka_unit_test_setup(places_need_the_tracking_frame_only, start_places),
        cmocka_unit_test_setup(a_station_unsure_of_its_heading_says_so_of_every_track, start),
        cmocka_unit_test_setup(a_track_can_be_asked_where_it_is_at_any_time, start),
        cmocka_unit_test_setup(plots_some_seconds_late_and_out_of_order_are_used, start),
        cmocka_unit_test_setup(a_plot_that_comes_twice_is_reported, start),
        cmocka_unit_test_setup(plots_beyond_the_radar_are_reported, start),
        cmocka_unit_test_setup(a_full_track_table_is_reported, start),
        cmocka_unit_test_setup(a_whole_batch_finds_room_beside_plots_that_wait, start),
        cmocka_unit_test_setup(a_plot_refused_after_it_waited_is_reported_under_its_own_radar,
                               start),
        cmocka_unit_test_setup(a_plot_older_than_its_track_is_reported, start),
        cmocka_unit_test_setup(a_full_outbox_says_what_it_lost, start_flight),
        cmocka_unit_test_setup(long_names_are_cut, start),
        cmocka_unit_test_setup(who_is_wrong_about_the_time_is_not_believed_about_the_place, start),
        cmocka_unit_test_setup(of_several_reports_of_an_epoch_the_latest_counts, start),
        cmocka_unit_test_setup(a_pulse_disciplines_the_clock_until_it_stops, start),
        cmocka_unit_test_setup(a_pose_that_turned_or_was_surveyed_in_is_said_again, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
