#include "sky_test.h"

#include <string.h>

#include "sky_incident.h"

/* Two zones: the first with two lines, the second with one. Geometry is played by hand. */
static const struct sky_zone zone[2] = {
    {.id = 10, .first_line = 0, .line_count = 2},
    {.id = 20, .first_line = 2, .line_count = 1},
};
static const struct sky_line line[3] = {
    {.id = 101, .zone = 0}, {.id = 102}, {.id = 201, .zone = 1}};
static const struct sky_zone_set zones = {
    .zone_count = 2, .line_count = 3, .zone = zone, .line = line};

static struct sky_incident incident;
static struct sky_incident_line incident_line[SKY_ZONE_LINES_MAX];
static struct sky_incident_config config;
static int64_t now_ns;
static double existence;

static int start(void **state)
{
    (void)state;
    struct sky_config all;
    sky_config_default(&all);
    config = all.incident;
    sky_incident_init(&incident, incident_line, &zones, 1, 7);
    now_ns = 1000 * SKY_SECOND_NS;
    existence = 0.99;
    return 0;
}

static struct sky_assessment view(double distance_m, double p)
{
    const struct sky_assessment assessment = {.distance_m = distance_m,
                                              .u95_m = 20.0,
                                              .p_inside = p,
                                              .p_vertical = 1.0,
                                              .sigma_track_m = 10.0,
                                              .time_ns = now_ns};
    return assessment;
}

static struct sky_fixing fixing(void)
{
    const struct sky_fixing here = {
        .track_id = 7, .time_ns = now_ns, .existence = existence, .place = {0.1, 0.2, 5000.0}};
    return here;
}

/* P of a position with a 10 m sigma, near enough. */
static double p_of(double distance_m)
{
    const double p = 0.5 - distance_m / 40.0;
    return p < 0.0 ? 0.0 : (p > 1.0 ? 1.0 : p);
}

/* One second later, the object is seen at this distance from the only line. */
static enum sky_incident_change see(double distance_m)
{
    now_ns += SKY_SECOND_NS;
    const struct sky_fixing here = fixing();
    const struct sky_assessment assessment = view(distance_m, p_of(distance_m));
    return sky_incident_look(&incident, &config, &here, &assessment, 1);
}

static enum sky_incident_change see_both(double a_m, double a_p, double b_m, double b_p)
{
    now_ns += SKY_SECOND_NS;
    const struct sky_fixing here = fixing();
    const struct sky_assessment assessment[2] = {view(a_m, a_p), view(b_m, b_p)};
    return sky_incident_look(&incident, &config, &here, assessment, 5);
}

/* Flies straight between two distances at 75 m/s, counting what was announced. */
static uint32_t seen[SKY_INCIDENT_NOW_CLOSED + 1];
static double fly(double from_m, double to_m)
{
    const double step_m = from_m < to_m ? 75.0 : -75.0;
    double at_m = from_m;
    while (incident.state != SKY_INCIDENT_CLOSED && (step_m > 0.0 ? at_m < to_m : at_m > to_m)) {
        seen[see(at_m)]++;
        at_m += step_m;
    }
    return at_m;
}

static void an_incident_opens_after_k_of_n_looks_and_dwell(void **state)
{
    (void)state;
    assert_int_equal(see(100.0), SKY_INCIDENT_UNCHANGED);
    assert_int_equal(see(-100.0), SKY_INCIDENT_UNCHANGED);
    assert_int_equal(see(-150.0), SKY_INCIDENT_UNCHANGED);
    assert_int_equal(see(-200.0), SKY_INCIDENT_OPENED);
    assert_int_equal(incident.state, SKY_INCIDENT_OPEN);
    assert_int_equal(incident.id, 1);
    assert_int_equal(incident.zone_id, 20);
    assert_int_equal(incident.track_id, 7);
    assert_int_equal(incident.opened_ns, now_ns);
    assert_false(incident.started_inside);
}

static void dwell_alone_or_looks_alone_open_nothing(void **state)
{
    (void)state;
    config.dwell_ns = 10 * SKY_SECOND_NS;
    see(100.0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(see(-100.0), SKY_INCIDENT_UNCHANGED);
    }
    assert_int_equal(see(-100.0), SKY_INCIDENT_OPENED);

    start(NULL);
    see(100.0);
    see(-100.0); /* inside, then unclear: still inside, but not by three looks of four */
    for (int i = 0; i < 10; i++) {
        assert_int_equal(see(0.0), SKY_INCIDENT_UNCHANGED);
    }
    assert_int_equal(incident.line[0].side, SKY_SIDE_INSIDE);
}

static void a_doubtful_track_opens_nothing(void **state)
{
    (void)state;
    existence = 0.89;
    see(100.0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(see(-100.0), SKY_INCIDENT_UNCHANGED);
    }
    existence = 0.9;
    assert_int_equal(see(-100.0), SKY_INCIDENT_OPENED);
}

static void a_crossing_is_placed_where_the_distance_changes_sign(void **state)
{
    (void)state;
    see(300.0);
    see(60.0);
    const int64_t before_ns = now_ns;
    see(-180.0);
    const struct sky_crossing entry = incident.line[0].entry;
    assert_true(entry.known);
    assert_int_equal(entry.time_ns, before_ns + SKY_SECOND_NS / 4);
    assert_int_equal(entry.earliest_ns, before_ns);
    assert_int_equal(entry.latest_ns, now_ns);
    assert_int_equal(incident.line[0].entries, 1);
}

static void a_crossing_without_a_change_of_sign_follows_the_probability(void **state)
{
    (void)state;
    see_both(0, 0, 0, 0); /* zone 1 has one line: only the first is looked at */
    now_ns += SKY_SECOND_NS;
    struct sky_fixing here = fixing();
    struct sky_assessment assessment = view(-5.0, 0.1);
    sky_incident_look(&incident, &config, &here, &assessment, 1);
    const int64_t before_ns = now_ns;
    now_ns += SKY_SECOND_NS;
    here = fixing();
    assessment = view(-5.0, 0.9);
    sky_incident_look(&incident, &config, &here, &assessment, 1);
    now_ns += SKY_SECOND_NS;
    here = fixing();
    assessment = view(-5.0, 0.99);
    sky_incident_look(&incident, &config, &here, &assessment, 1);
    assert_int_equal(incident.line[0].entry.time_ns, before_ns + SKY_SECOND_NS / 2);
    assert_int_equal(incident.line[0].entry.earliest_ns, before_ns - SKY_SECOND_NS);
    assert_int_equal(incident.line[0].entry.latest_ns, now_ns);
}

static void height_outside_the_limits_is_outside(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        now_ns += SKY_SECOND_NS;
        const struct sky_fixing here = fixing();
        struct sky_assessment assessment = view(-1000.0, 1.0);
        assessment.p_vertical = 0.01;
        assert_int_equal(sky_incident_look(&incident, &config, &here, &assessment, 1),
                         SKY_INCIDENT_UNCHANGED);
    }
    assert_int_equal(incident.line[0].side, SKY_SIDE_OUTSIDE);
    assert_near(incident.line[0].p_inside_max, 0.01, 1e-12);
}

static void what_is_first_seen_inside_has_no_entry(void **state)
{
    (void)state;
    see(-100.0);
    see(-100.0);
    assert_int_equal(see(-100.0), SKY_INCIDENT_OPENED);
    assert_true(incident.started_inside);
    assert_true(incident.line[0].started_inside);
    assert_false(incident.line[0].entry.known);
    assert_int_equal(incident.line[0].entries, 0);
    assert_int_equal(incident.line[0].dwell_ns, 2 * SKY_SECOND_NS);
    assert_int_equal(see(100.0), SKY_INCIDENT_CROSSED);
    assert_true(incident.line[0].exit.known);
}

static void the_deepest_point_carries_its_bound_and_place(void **state)
{
    (void)state;
    fly(200.0, -1600.0);
    const int64_t deepest_ns = now_ns;
    const double deepest_m = incident.line[0].distance_last_m;
    fly(-1500.0, 300.0);
    assert_near(incident.line[0].deepest_m, deepest_m, 0.0);
    assert_near(incident.line[0].deepest_u95_m, 20.0, 0.0);
    assert_int_equal(incident.line[0].deepest_ns, deepest_ns);
    assert_near(incident.line[0].deepest_lat_rad, 0.1, 0.0);
    assert_near(incident.line[0].deepest_lon_rad, 0.2, 0.0);
    assert_near(incident.line[0].deepest_alt_hae_m, 5000.0, 0.0);
}

static void dwell_is_the_sum_of_the_stays(void **state)
{
    (void)state;
    see(100.0);
    see(-100.0);
    see(-100.0);
    see(-100.0); /* entered half a second before the first look inside */
    assert_int_equal(incident.line[0].dwell_ns, 5 * SKY_SECOND_NS / 2);
    see(100.0);
    assert_int_equal(incident.line[0].dwell_ns, 3 * SKY_SECOND_NS);
    see(-100.0);
    assert_int_equal(incident.line[0].entries, 2);
    assert_int_equal(incident.line[0].dwell_ns, 7 * SKY_SECOND_NS / 2);
    see(100.0);
    assert_int_equal(incident.line[0].dwell_ns, 4 * SKY_SECOND_NS);
}

static void leaving_turning_back_and_dying_outside_is_one_incident(void **state)
{
    (void)state;
    memset(seen, 0, sizeof seen);
    double at_m = fly(4000.0, -1600.0);
    at_m = fly(at_m, 3500.0);
    at_m = fly(at_m, 650.0);
    assert_int_equal(seen[SKY_INCIDENT_OPENED], 1);
    assert_int_equal(seen[SKY_INCIDENT_CROSSED], 1);
    assert_int_equal(seen[SKY_INCIDENT_RETURNED], 1);
    assert_int_equal(seen[SKY_INCIDENT_NOW_CLOSED], 0);
    assert_int_equal(incident.returns, 1);
    assert_near(incident.closest_outside_m, incident.line[0].distance_last_m, 0.0);
    assert_int_equal(sky_incident_lost(&incident, now_ns + 45 * SKY_SECOND_NS),
                     SKY_INCIDENT_NOW_CLOSED);
    assert_int_equal(incident.end, SKY_END_LOST_OUTSIDE);
    assert_int_equal(incident.closed_ns, now_ns + 45 * SKY_SECOND_NS);
    assert_int_equal(incident.line[0].entries, 1);
}

static void leaving_for_good_closes_it(void **state)
{
    (void)state;
    memset(seen, 0, sizeof seen);
    const double at_m = fly(500.0, -600.0);
    fly(at_m, 60.0 * 75.0 + 150.0);
    assert_int_equal(seen[SKY_INCIDENT_NOW_CLOSED], 1);
    assert_int_equal(incident.end, SKY_END_OUTSIDE);
    assert_int_equal(incident.closed_ns - incident.outside_since_ns, config.close_after_ns);
    assert_int_equal(incident.returns, 0);
}

static void loitering_outside_closes_it(void **state)
{
    (void)state;
    fly(500.0, -600.0);
    fly(-600.0, 900.0);
    fly(900.0, 500.0); /* turned back ... */
    int looks = 0;
    while (see(500.0 + 30.0 * (double)(looks % 2)) != SKY_INCIDENT_NOW_CLOSED) {
        looks++;
        assert_true(looks < 61); /* ... but came no nearer */
    }
    assert_int_equal(incident.end, SKY_END_OUTSIDE);
    assert_int_equal(incident.returns, 1);
}

static void every_turn_back_counts_once(void **state)
{
    (void)state;
    memset(seen, 0, sizeof seen);
    fly(500.0, -600.0);
    double at_m = fly(-600.0, 2000.0);
    for (int i = 0; i < 3; i++) {
        at_m = fly(at_m, 800.0 - 100.0 * i);
        at_m = fly(at_m, 2000.0);
    }
    at_m = fly(at_m, 700.0);
    assert_int_equal(seen[SKY_INCIDENT_RETURNED], 4);
    assert_int_equal(incident.returns, 4);
    assert_true(incident.closest_outside_m >= 525.0 && incident.closest_outside_m <= 600.0);
}

static void a_wobble_below_the_noise_is_no_return(void **state)
{
    (void)state;
    fly(500.0, -600.0);
    fly(-600.0, 500.0);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(see(500.0 + 45.0 * (double)(i % 2)), SKY_INCIDENT_UNCHANGED);
    }
    assert_int_equal(incident.returns, 0);
}

static void what_is_lost_inside_says_so(void **state)
{
    (void)state;
    assert_int_equal(sky_incident_lost(&incident, now_ns), SKY_INCIDENT_UNCHANGED);
    assert_int_equal(sky_incident_stop(&incident, now_ns), SKY_INCIDENT_UNCHANGED);
    fly(100.0, -600.0);
    assert_int_equal(sky_incident_lost(&incident, now_ns), SKY_INCIDENT_NOW_CLOSED);
    assert_int_equal(incident.end, SKY_END_LOST_INSIDE);
    assert_int_equal(incident.state, SKY_INCIDENT_CLOSED);
    assert_int_equal(sky_incident_lost(&incident, now_ns), SKY_INCIDENT_UNCHANGED);
}

static void a_station_that_stops_does_not_claim_a_loss(void **state)
{
    (void)state;
    fly(100.0, -600.0);
    assert_int_equal(sky_incident_stop(&incident, now_ns), SKY_INCIDENT_NOW_CLOSED);
    assert_int_equal(incident.end, SKY_END_STOPPED);
}

static void a_renewed_incident_remembers_only_the_sides(void **state)
{
    (void)state;
    const double at_m = fly(500.0, -600.0);
    fly(at_m, 5000.0);
    assert_int_equal(incident.state, SKY_INCIDENT_CLOSED);
    sky_incident_renew(&incident);
    assert_int_equal(incident.state, SKY_INCIDENT_NONE);
    assert_int_equal(incident.id, 0);
    assert_int_equal(incident.line[0].side, SKY_SIDE_OUTSIDE);
    assert_int_equal(incident.line[0].line_id, 201);
    assert_int_equal(incident.line[0].entries, 0);
    assert_false(incident.line[0].was_inside);
    const int64_t clear_ns = now_ns;
    see(2.0); /* the first look after is unclear */
    see(-100.0);
    assert_int_equal(incident.line[0].entry.earliest_ns, clear_ns);
    see(-100.0);
    assert_int_equal(see(-100.0), SKY_INCIDENT_OPENED);
    assert_false(incident.started_inside); /* it is known to have been outside */
    assert_int_equal(incident.line[0].entries, 1);
}

static void a_dip_that_opened_nothing_is_forgotten_in_time(void **state)
{
    (void)state;
    see(100.0);
    see(-100.0);
    see(100.0);
    assert_int_equal(incident.line[0].entries, 1);
    for (int i = 0; i < 59; i++) {
        see(100.0);
    }
    assert_int_equal(incident.line[0].entries, 1);
    see(100.0);
    assert_int_equal(incident.line[0].entries, 0);
    assert_false(incident.line[0].was_inside);
}

static void a_dip_shortly_before_belongs_to_the_incident(void **state)
{
    (void)state;
    see(100.0);
    see(-100.0);
    see(100.0);
    for (int i = 0; i < 20; i++) {
        see(100.0);
    }
    see(-100.0);
    see(-100.0);
    assert_int_equal(see(-100.0), SKY_INCIDENT_OPENED);
    assert_int_equal(incident.line[0].entries, 2);
}

static void lines_are_kept_apart(void **state)
{
    (void)state;
    sky_incident_init(&incident, incident_line, &zones, 0, 7);
    assert_int_equal(incident.line_count, 2);
    assert_int_equal(incident.line[0].line_id, 101);
    assert_int_equal(incident.line[1].line_id, 102);
    see_both(500.0, 0.0, 900.0, 0.0);
    see_both(-300.0, 1.0, 100.0, 0.01);
    see_both(-300.0, 1.0, 100.0, 0.01);
    assert_int_equal(see_both(-300.0, 1.0, 100.0, 0.01), SKY_INCIDENT_OPENED);
    assert_int_equal(incident.id, 5);
    assert_true(incident.line[0].was_inside);
    assert_false(incident.line[1].was_inside);
    assert_near(incident.line[1].deepest_m, 100.0, 0.0); /* the nearest approach */
    assert_int_equal(see_both(-700.0, 1.0, -300.0, 1.0), SKY_INCIDENT_CROSSED);
    assert_int_equal(see_both(-300.0, 1.0, 100.0, 0.01), SKY_INCIDENT_CROSSED);
    for (int i = 0; i < 100; i++) { /* outside under one line only: it stays open */
        assert_int_equal(see_both(-300.0, 1.0, 100.0, 0.01), SKY_INCIDENT_UNCHANGED);
    }
    assert_int_equal(see_both(200.0, 0.0, 100.0, 0.0), SKY_INCIDENT_CROSSED);
    for (int i = 0; i < 59; i++) {
        assert_int_equal(see_both(200.0, 0.0, 100.0, 0.0), SKY_INCIDENT_UNCHANGED);
    }
    assert_int_equal(see_both(200.0, 0.0, 100.0, 0.0), SKY_INCIDENT_NOW_CLOSED);
}

static void the_second_line_can_open_it_too(void **state)
{
    (void)state;
    sky_incident_init(&incident, incident_line, &zones, 0, 7);
    see_both(500.0, 0.0, -100.0, 1.0);
    see_both(500.0, 0.0, -100.0, 1.0);
    assert_int_equal(see_both(500.0, 0.0, -100.0, 1.0), SKY_INCIDENT_OPENED);
    assert_true(incident.started_inside);
    assert_int_equal(sky_incident_lost(&incident, now_ns), SKY_INCIDENT_NOW_CLOSED);
    assert_int_equal(incident.end, SKY_END_LOST_INSIDE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_incident_opens_after_k_of_n_looks_and_dwell, start),
        cmocka_unit_test_setup(dwell_alone_or_looks_alone_open_nothing, start),
        cmocka_unit_test_setup(a_doubtful_track_opens_nothing, start),
        cmocka_unit_test_setup(a_crossing_is_placed_where_the_distance_changes_sign, start),
        cmocka_unit_test_setup(a_crossing_without_a_change_of_sign_follows_the_probability, start),
        cmocka_unit_test_setup(height_outside_the_limits_is_outside, start),
        cmocka_unit_test_setup(what_is_first_seen_inside_has_no_entry, start),
        cmocka_unit_test_setup(the_deepest_point_carries_its_bound_and_place, start),
        cmocka_unit_test_setup(dwell_is_the_sum_of_the_stays, start),
        cmocka_unit_test_setup(leaving_turning_back_and_dying_outside_is_one_incident, start),
        cmocka_unit_test_setup(leaving_for_good_closes_it, start),
        cmocka_unit_test_setup(loitering_outside_closes_it, start),
        cmocka_unit_test_setup(every_turn_back_counts_once, start),
        cmocka_unit_test_setup(a_wobble_below_the_noise_is_no_return, start),
        cmocka_unit_test_setup(what_is_lost_inside_says_so, start),
        cmocka_unit_test_setup(a_station_that_stops_does_not_claim_a_loss, start),
        cmocka_unit_test_setup(a_renewed_incident_remembers_only_the_sides, start),
        cmocka_unit_test_setup(a_dip_that_opened_nothing_is_forgotten_in_time, start),
        cmocka_unit_test_setup(a_dip_shortly_before_belongs_to_the_incident, start),
        cmocka_unit_test_setup(lines_are_kept_apart, start),
        cmocka_unit_test_setup(the_second_line_can_open_it_too, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
