#include "sky_test.h"

#include <string.h>

#include "sky_claim.h"
#include "test_radar.h"

static struct sky_claims claims;
static uint64_t seed;

static int start(void **state)
{
    (void)state;
    memset(&claims, 0, sizeof claims);
    seed = 1;
    return 0;
}

static struct sky_claim *add(uint32_t sensor, int64_t time_ns, double range_m)
{
    static struct sky_claim offered;
    memset(&offered, 0, sizeof offered);
    offered.look.sensor = sensor;
    offered.look.measurement.time_ns = time_ns;
    offered.look.measurement.slant_range_m = range_m;
    sky_track_keep_raw(&offered.look);
    return sky_claim_add(&claims, &offered);
}

static uint32_t random_below(uint32_t limit) { return (uint32_t)(test_random(&seed) % limit); }

/* --- Order ---------------------------------------------------------------------------------- */

static bool is_in_order(const struct sky_claim *a, const struct sky_claim *b)
{
    const struct sky_measurement *const ma = &a->look.measurement;
    const struct sky_measurement *const mb = &b->look.measurement;
    if (a->look.sensor != b->look.sensor) {
        return a->look.sensor < b->look.sensor;
    }
    return ma->time_ns != mb->time_ns ? ma->time_ns < mb->time_ns
                                      : ma->slant_range_m <= mb->slant_range_m;
}

static void any_number_of_plots_is_brought_in_order_and_equals_stay_as_they_came(void **state)
{
    (void)state;
    for (uint32_t count = 0; count <= SKY_CLAIMS_MAX; count += count < 40 ? 1 : 123) {
        bool there[SKY_CLAIMS_MAX] = {false};
        start(NULL);
        seed = count + 1;
        for (uint32_t i = 0; i < count; i++) {
            assert_non_null(add(random_below(2), random_below(5), random_below(30)));
        }
        sky_claim_sort(&claims);
        for (uint32_t k = 0; k < count; k++) {
            const struct sky_claim *const claim = sky_claim_at(&claims, k);
            assert_false(there[claims.order[k]]);
            there[claims.order[k]] = true;
            assert_int_equal(claim->repeated, claim->done);
            if (k > 0) {
                const struct sky_claim *const before = sky_claim_at(&claims, k - 1);
                assert_true(is_in_order(before, claim));
                assert_int_equal(claim->done, is_in_order(claim, before));
                assert_true(!claim->done || claims.order[k - 1] < claims.order[k]);
            }
        }
    }
    while (claims.count < SKY_CLAIMS_MAX) {
        assert_non_null(add(0, 0, 1.0));
    }
    assert_null(add(0, 0, 1.0));
}

/* Two plots of one cell of the radar at one instant, told apart by one thing they say besides. */
static void make_two(struct sky_claim two[2], int by)
{
    memset(two, 0, 2 * sizeof *two);
    for (int i = 0; i < 2; i++) {
        two[i].look.measurement.slant_range_m = 20e3;
        two[i].look.measurement.has_radial_speed = true;
        two[i].look.measurement.has_height = true;
    }
    switch (by) {
    case 0:
        two[1].look.measurement.elevation_rad = 0.1;
        break;
    case 1:
        two[1].look.measurement.height_hae_m = 100.0;
        break;
    case 2:
        two[1].look.measurement.radial_speed_mps = 3.0;
        break;
    case 3:
        two[1].remark.icao_address = 0x340001;
        break;
    default:
        two[1].remark.mode_3a = 01234;
        break;
    }
    sky_track_keep_raw(&two[0].look);
    sky_track_keep_raw(&two[1].look);
}

static void plots_that_differ_in_one_thing_are_two_in_the_same_order_however_they_came(void **state)
{
    (void)state;
    for (int by = 0; by < 5; by++) {
        for (uint32_t turned = 0; turned < 2; turned++) {
            struct sky_claim two[2];
            make_two(two, by);
            start(NULL);
            for (uint32_t i = 0; i < 2; i++) {
                assert_non_null(sky_claim_add(&claims, &two[i ^ turned]));
                assert_non_null(sky_claim_add(&claims, &two[i ^ turned])); /* each comes twice */
            }
            sky_claim_sort(&claims);
            for (uint32_t k = 0; k < 4; k++) {
                if (claims.order[k] / 2 != (k / 2 ^ turned) ||
                    sky_claim_at(&claims, k)->repeated != (k % 2 == 1)) {
                    fail_msg("by %d, turned %u, position %u", by, turned, k);
                }
            }
        }
    }
}

static void a_look_is_of_one_sensor_and_shorter_than_its_span(void **state)
{
    (void)state;
    assert_non_null(add(0, 100, 1.0));
    assert_non_null(add(0, 199, 2.0));
    assert_non_null(add(0, 200, 3.0));
    assert_non_null(add(1, 200, 4.0));
    sky_claim_sort(&claims);
    assert_int_equal(sky_claim_look_end(&claims, 0, 100), 2);
    assert_int_equal(sky_claim_look_end(&claims, 2, 100), 3);
    assert_int_equal(sky_claim_look_end(&claims, 3, 100), 4);
}

/* --- Rivals --------------------------------------------------------------------------------- */

static void the_likeliest_tracks_are_kept_whatever_their_order(void **state)
{
    (void)state;
    for (uint32_t turn = 0; turn < 12; turn++) {
        struct sky_claim *const claim = add(0, 0, 1.0);
        for (uint32_t i = 0; i < 12; i++) {
            const uint32_t slot = (5 * i + turn) % 12;
            sky_claim_offer(claim, slot, (double)slot);
        }
        assert_int_equal(claim->candidate_count, SKY_CANDIDATES_MAX);
        for (uint32_t i = 0; i < SKY_CANDIDATES_MAX; i++) {
            assert_true(claim->candidate[i].slot < SKY_CANDIDATES_MAX);
        }
    }
}

static bool share_a_track(const struct sky_claim *a, const struct sky_claim *b)
{
    for (uint32_t i = 0; i < a->candidate_count; i++) {
        for (uint32_t k = 0; k < b->candidate_count; k++) {
            if (a->candidate[i].slot == b->candidate[k].slot) {
                return true;
            }
        }
    }
    return false;
}

/* Against the plain way: names spread from neighbour to neighbour until nothing changes. */
static void claims_that_share_tracks_however_far_round_are_one_group(void **state)
{
    (void)state;
    enum { COUNT = 60 };
    for (uint64_t with_seed = 1; with_seed <= 40; with_seed++) {
        uint32_t name[COUNT], size[COUNT] = {0};
        start(NULL);
        seed = with_seed;
        for (uint32_t i = 0; i < COUNT; i++) {
            struct sky_claim *const claim = add(0, i, 1.0);
            claim->arrival_ns = random_below(1000);
            for (uint32_t n = random_below(4); n > 0; n--) {
                sky_claim_offer(claim, random_below(4 * (uint32_t)with_seed), -1.0);
            }
            name[i] = i;
        }
        sky_claim_sort(&claims);
        bool changed = true;
        while (changed) {
            changed = false;
            for (uint32_t i = 0; i < COUNT; i++) {
                for (uint32_t k = 0; k < COUNT; k++) {
                    if (name[k] < name[i] && share_a_track(&claims.claim[i], &claims.claim[k])) {
                        name[i] = name[k];
                        changed = true;
                    }
                }
            }
        }
        sky_claim_group(&claims, 0, COUNT);
        int64_t earliest_ns[COUNT];
        for (uint32_t i = 0; i < COUNT; i++) {
            const int64_t arrival_ns = claims.claim[i].arrival_ns;
            if (size[name[i]]++ == 0 || arrival_ns < earliest_ns[name[i]]) {
                earliest_ns[name[i]] = arrival_ns;
            }
        }
        for (uint32_t i = 0; i < COUNT; i++) {
            const struct sky_claim *const leader = &claims.claim[name[i]];
            if (claims.claim[i].group != name[i] || leader->group_size != size[name[i]] ||
                leader->group_arrival_ns != earliest_ns[name[i]]) {
                fail_msg("seed %d, claim %u", (int)with_seed, i);
            }
            assert_int_equal(sky_claim_is_alone(&claims, i),
                             size[name[i]] == 1 && claims.claim[i].candidate_count == 1);
        }
    }
}

static void a_group_waits_until_its_earliest_plot_has_waited_long_enough(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct sky_claim *const claim = add(0, i, 1.0);
        claim->arrival_ns = i == 1 ? 40 : 50;
        if (i < 3) {
            sky_claim_offer(claim, i == 2 ? 7 : 3, -1.0); /* two want one track, one another */
        }
    }
    sky_claim_sort(&claims);
    sky_claim_group(&claims, 0, 4);
    sky_claim_hold(&claims, 0, 4, 140, 100);
    assert_false(claims.claim[0].waits || claims.claim[1].waits || claims.claim[3].waits);
    assert_true(claims.claim[2].waits && claims.claim[2].done);
    sky_claim_keep_waiting(&claims);
    assert_int_equal(claims.count, 1);
    assert_int_equal(claims.claim[0].look.measurement.time_ns, 2);
    assert_false(claims.claim[0].waits || claims.claim[0].done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(any_number_of_plots_is_brought_in_order_and_equals_stay_as_they_came,
                               start),
        cmocka_unit_test_setup(
            plots_that_differ_in_one_thing_are_two_in_the_same_order_however_they_came, start),
        cmocka_unit_test_setup(a_look_is_of_one_sensor_and_shorter_than_its_span, start),
        cmocka_unit_test_setup(the_likeliest_tracks_are_kept_whatever_their_order, start),
        cmocka_unit_test_setup(claims_that_share_tracks_however_far_round_are_one_group, start),
        cmocka_unit_test_setup(a_group_waits_until_its_earliest_plot_has_waited_long_enough, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
