/*
 * Stations in trouble, by the seed: duplicates, lateness, silence, nonsense, receivers that jump.
 * Whatever comes in, what goes out keeps its promises, and the same inputs give the same bits.
 */
#include "sky_test.h"

#include "sky_paper.h"

enum { SEEDS = 40, SECONDS = 90, TARGETS = 4, INCIDENTS_MAX = 512 };

static struct sky_station station;
static struct sky_outbox outbox;
static struct paper_wire wire;
static struct paper_reader reader;
static uint64_t seed;

/* What has been promised so far in this run. */
static struct {
    uint64_t inputs;
    uint64_t events;
    uint64_t track_events;
    uint64_t malformed;
    uint64_t implausible;
    bool open[INCIDENTS_MAX];
    bool closed[INCIDENTS_MAX];
    uint32_t last_incident;
    uint32_t lines_due;
    uint32_t classification_due;
} seen;

static bool chance(double p) { return paper_uniform(&seed, 0.0, 1.0) < p; }

static void check_incident(const struct sky_event_incident *said)
{
    assert_true(said->id > 0 && said->id < INCIDENTS_MAX);
    assert_false(seen.closed[said->id]); /* nothing happens to what is over */
    if (said->change == SKY_INCIDENT_OPENED) {
        assert_int_equal(said->id, seen.last_incident + 1);
        seen.last_incident = said->id;
        seen.open[said->id] = true;
    }
    assert_true(seen.open[said->id]);
    if (said->change == SKY_INCIDENT_NOW_CLOSED) {
        assert_int_not_equal(said->end, SKY_END_NOT_YET);
        assert_true(said->closed_ns >= said->opened_ns);
        seen.open[said->id] = false;
        seen.closed[said->id] = true;
        seen.classification_due = said->id;
    }
    seen.lines_due = said->zone_id == 1 ? 2 : 1;
}

static void check_line(const struct sky_incident_line *line)
{
    assert_true(seen.lines_due > 0);
    seen.lines_due--;
    assert_true(line->dwell_ns >= 0);
    assert_true(line->p_inside_max >= 0.0 && line->p_inside_max <= 1.0 + 1e-9);
    assert_true(line->deepest_m <= line->distance_last_m);
    assert_int_equal(line->entry.known, line->entries > 0);
    if (line->entry.known) {
        assert_true(line->entry.earliest_ns <= line->entry.time_ns);
        assert_true(line->entry.time_ns <= line->entry.latest_ns);
    }
    if (line->exit.known) {
        assert_true(line->exit.earliest_ns <= line->exit.time_ns);
        assert_true(line->exit.time_ns <= line->exit.latest_ns);
    }
}

static void check_event(const struct sky_event *event, uint64_t cause_seq)
{
    assert_int_equal(event->cause_seq, cause_seq);
    if (seen.lines_due > 0) {
        assert_int_equal(event->kind, SKY_EVENT_INCIDENT_LINE);
    } else if (seen.classification_due > 0) {
        assert_int_equal(event->kind, SKY_EVENT_CLASSIFICATION);
    }
    if (event->kind == SKY_EVENT_INCIDENT) {
        check_incident(&event->u.incident);
    } else if (event->kind == SKY_EVENT_INCIDENT_LINE) {
        check_line(&event->u.incident_line.line);
    } else if (event->kind == SKY_EVENT_CLASSIFICATION) {
        assert_int_equal(event->u.classification.incident_id, seen.classification_due);
        seen.classification_due = 0;
    } else if (event->kind == SKY_EVENT_TRACK) {
        seen.track_events++;
        for (size_t i = 0, diagonal = 0; i < 6; diagonal += 6 - i, i++) {
            assert_true(event->u.track.cov[diagonal] > 0.0);
        }
        assert_true(event->u.track.existence >= 0.0 && event->u.track.existence <= 1.0);
    } else if (event->kind == SKY_EVENT_ASSESSMENT) {
        assert_true(event->u.assessment.p_inside >= -1e-9);
        assert_true(event->u.assessment.p_inside <= 1.0 + 1e-9);
        assert_true(event->u.assessment.u95_m > 0.0);
    } else if (event->kind == SKY_EVENT_REJECT) {
        assert_true(event->u.reject.count > 0 && event->u.reject.item[0] != '\0');
        seen.malformed += event->u.reject.reason == SKY_REJECT_MALFORMED ? 1 : 0;
        seen.implausible += event->u.reject.reason == SKY_REJECT_IMPLAUSIBLE ? 1 : 0;
    }
}

static void take(const struct sky_input *input)
{
    assert_int_equal(sky_station_step(&station, input, &outbox), SKY_OK);
    seen.inputs++;
    seen.events += outbox.count;
    for (size_t i = 0; i < outbox.count; i++) {
        check_event(&outbox.event[i], input->seq);
    }
    assert_int_equal(seen.lines_due, 0);
    assert_int_equal(seen.classification_due, 0);
    paper_read_all(&reader, &outbox);
}

/* Sometimes comes twice, or too late, or as if it had been sent twice. */
static void take_somehow(struct sky_input *input)
{
    if (chance(0.02)) {
        return; /* lost on the way */
    }
    take(input);
    if (chance(0.05)) {
        const struct sky_input before = *input;
        assert_int_equal(sky_station_step(&station, &before, &outbox), SKY_E_STALE);
        input->seq = ++wire.seq;
        take(input);
    }
}

static struct sky_enu place_of(size_t i, double t_s)
{
    const struct sky_enu place[TARGETS] = {
        {-6000.0 + 20.0 * t_s, 2600.0 + 72.0 * t_s, 5000.0}, /* across the border */
        {6000.0, 9500.0 - 70.0 * t_s, 3000.0},               /* and back over it */
        {5000.0 + 10.0 * t_s, -5000.0, 1500.0},              /* in the box */
        {-15500.0, -3500.0 + 5.0 * t_s, 700.0},              /* in the triangle */
    };
    return place[i];
}

static void nonsense(uint8_t *bytes, size_t count)
{
    for (size_t flips = paper_random(&seed) % 8; flips > 0; flips--) {
        bytes[paper_random(&seed) % count] ^= (uint8_t)(1U << paper_random(&seed) % 8);
    }
}

static void give_registers(int64_t now_ns, double t_s)
{
    paper_table(&wire);
    for (size_t i = 0; i < TARGETS; i++) {
        if (chance(0.9)) {
            const struct sky_enu at = place_of(i, t_s);
            paper_target(&wire, &at, paper_uniform(&seed, -300.0, 300.0) * (chance(0.1) ? 1 : 0),
                         2.0);
        }
    }
    const int64_t late_ns = chance(0.05) ? (int64_t)paper_uniform(&seed, -2e9, 30e9) : 50000000;
    struct sky_input input =
        paper_registers(&wire, now_ns, PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS) - late_ns);
    if (chance(0.05)) {
        nonsense(wire.bytes, wire.count);
    }
    take_somehow(&input);
}

static void give_datagram(int64_t now_ns, double t_s)
{
    paper_block(&wire);
    for (size_t i = 0; i < TARGETS; i++) {
        const struct sky_enu at = place_of(i, t_s);
        const int64_t late_ns = chance(0.05) ? (int64_t)paper_uniform(&seed, -2e9, 30e9) : 50000000;
        paper_record(&wire, chance(0.5) ? 1 : 2, &at,
                     chance(0.9) ? PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS) - late_ns : 0,
                     chance(0.5), chance(0.1) ? 0x123456 : 0);
    }
    struct sky_input input = paper_datagram(&wire, now_ns);
    if (chance(0.05)) {
        nonsense(wire.bytes, wire.count);
    }
    if (chance(0.05)) {
        input.u.datagram.count = paper_random(&seed) % wire.count;
    }
    take_somehow(&input);
}

static void give_fix(int64_t now_ns)
{
    const struct sky_enu at = {3.0 * paper_normal(&seed), 3.0 * paper_normal(&seed), 0.0};
    struct sky_input input = paper_gnss(&wire, now_ns, &at);
    if (chance(0.05)) { /* the receiver jumps, or babbles */
        double *const field[] = {&input.u.gnss.lat_deg,   &input.u.gnss.lon_deg,
                                 &input.u.gnss.alt_hae_m, &input.u.gnss.err_lat_m,
                                 &input.u.gnss.speed_mps, &input.u.gnss.err_time_s};
        const double value[] = {nan(""), HUGE_VAL, -1e300, 0.0, 89.9999, 21.0};
        *field[paper_random(&seed) % 6] = value[paper_random(&seed) % 6];
    }
    if (chance(0.05)) {
        input.u.gnss.utc_ns += (int64_t)paper_uniform(&seed, -4e17, 4e17);
    }
    take_somehow(&input);
}

/* One run; the digest of all its events. */
static uint64_t run(uint64_t of_seed)
{
    seed = of_seed;
    memset(&seen, 0, sizeof seen);
    memset(&wire, 0, sizeof wire);
    wire.seed = of_seed ^ 0xABCDEF;
    reader = paper_digest();
    sky_station_init(&station);
    paper_config(&wire.config);
    wire.config.station.moving = chance(0.2);
    wire.config.tracker.lose_ns = 20 * SKY_SECOND_NS;

    struct sky_input input = paper_begin(&wire, PAPER_TIME0_NS);
    take(&input);
    const int silent_from = (int)(paper_random(&seed) % SECONDS);
    for (int second = 1; second <= SECONDS; second++) {
        const int64_t now_ns = PAPER_TIME0_NS + second * SKY_SECOND_NS;
        const bool silent = second > silent_from && second < silent_from + 25;
        input = paper_tick(&wire, now_ns, second > 20);
        take(&input);
        if (chance(0.95)) {
            give_fix(now_ns + 100000000);
        }
        if (!silent) {
            give_registers(now_ns + 200000000, second);
            if (second % 2 == 0) {
                give_datagram(now_ns + 300000000, second + 0.3);
            }
        }
    }
    input =
        paper_source(&wire, PAPER_TIME0_NS + (SECONDS + 1) * SKY_SECOND_NS, SKY_SOURCE_SHUTDOWN);
    take(&input);
    return reader.hash;
}

static void whatever_comes_in_what_goes_out_keeps_its_promises(void **state)
{
    (void)state;
    uint64_t tracks = 0, incidents = 0, malformed = 0, implausible = 0;
    for (uint64_t of_seed = 1; of_seed <= SEEDS; of_seed++) {
        print_message("\rseed %llu ", (unsigned long long)of_seed);
        run(of_seed);
        assert_int_equal(reader.not_finite, 0);
        for (uint32_t id = 1; id <= seen.last_incident; id++) {
            assert_true(seen.closed[id]); /* once, as check_incident saw to */
        }
        assert_int_equal(station.engine.stats.outbox_full, 0);
        tracks += seen.track_events;
        incidents += seen.last_incident;
        malformed += seen.malformed;
        implausible += seen.implausible;
    }
    print_message("\r%d stations: %llu track events, %llu incidents\n", SEEDS,
                  (unsigned long long)tracks, (unsigned long long)incidents);
    assert_true(tracks > 100 * SEEDS); /* the trouble did not drown the signal ... */
    assert_true(incidents > SEEDS);
    assert_true(malformed > SEEDS); /* ... and there was trouble */
    assert_true(implausible > SEEDS);
}

static void the_same_inputs_give_the_same_bits(void **state)
{
    (void)state;
    for (uint64_t of_seed = 1; of_seed <= SEEDS / 4; of_seed++) {
        const uint64_t first = run(of_seed);
        assert_true(run(of_seed) == first);
        assert_true(run(of_seed + 1000) != first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_comes_in_what_goes_out_keeps_its_promises),
        cmocka_unit_test(the_same_inputs_give_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
