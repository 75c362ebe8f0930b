#include "sky_test.h"

#include "sky_assign.h"

static struct sky_assign assign;

enum { SMALL = 6 };

/* The least total over every way to give the rows from `row` on at most one free column each. */
static double least(double cost[SMALL][SMALL], uint32_t rows, uint32_t columns, uint32_t row,
                    uint32_t taken)
{
    if (row == rows) {
        return 0.0;
    }
    double best = least(cost, rows, columns, row + 1, taken);
    for (uint32_t j = 0; j < columns; j++) {
        if ((taken & 1U << j) == 0 && cost[row][j] < 0.0) {
            best = fmin(best, cost[row][j] + least(cost, rows, columns, row + 1, taken | 1U << j));
        }
    }
    return best;
}

static void the_total_is_the_least_there_is(void **state)
{
    (void)state;
    for (uint64_t with_seed = 1; with_seed <= 3000; with_seed++) {
        uint64_t seed = with_seed;
        const uint32_t rows = (uint32_t)(test_random(&seed) % (SMALL + 1));
        const uint32_t columns = (uint32_t)(test_random(&seed) % (SMALL + 1));
        const bool coarse = test_random(&seed) % 2 == 0; /* many equal costs */
        double cost[SMALL][SMALL];

        sky_assign_begin(&assign, rows, columns);
        for (uint32_t i = 0; i < rows; i++) {
            for (uint32_t j = 0; j < columns; j++) {
                cost[i][j] = test_uniform(&seed, -10.0, 4.0);
                cost[i][j] = coarse ? floor(cost[i][j] / 3.0) : cost[i][j];
                sky_assign_offer(&assign, i, j, cost[i][j]);
            }
        }
        sky_assign_solve(&assign);

        double total = 0.0;
        for (uint32_t i = 0; i < rows; i++) {
            const uint32_t j = assign.column_of[i];
            if (j != SKY_ASSIGN_NONE) {
                assert_int_equal(assign.row_of[j], i);
                total += cost[i][j];
            }
        }
        for (uint32_t j = 0; j < columns; j++) {
            assert_true(assign.row_of[j] == SKY_ASSIGN_NONE ||
                        assign.column_of[assign.row_of[j]] == j);
        }
        const double wanted = least(cost, rows, columns, 0, 0);
        if (fabs(total - wanted) > 1e-9) {
            fail_msg("seed %d: total %g, least %g", (int)with_seed, total, wanted);
        }
    }
}

static void nobody_takes_what_costs_more_than_nothing(void **state)
{
    (void)state;
    sky_assign_begin(&assign, 1, 1);
    sky_assign_offer(&assign, 0, 0, 0.0);
    sky_assign_solve(&assign);
    assert_true(assign.column_of[0] == SKY_ASSIGN_NONE);
}

static void of_equals_the_lower_row_and_column_win(void **state)
{
    (void)state;
    sky_assign_begin(&assign, 2, 2);
    sky_assign_offer(&assign, 0, 1, -1.0);
    sky_assign_offer(&assign, 0, 0, -1.0);
    sky_assign_offer(&assign, 1, 0, -1.0);
    sky_assign_offer(&assign, 1, 1, -1.0);
    sky_assign_solve(&assign);
    assert_int_equal(assign.column_of[0], 0);
    assert_int_equal(assign.column_of[1], 1);

    sky_assign_begin(&assign, 2, 1);
    sky_assign_offer(&assign, 0, 0, -1.0);
    sky_assign_offer(&assign, 1, 0, -1.0);
    sky_assign_solve(&assign);
    assert_int_equal(assign.row_of[0], 0);
}

static void of_too_many_offers_the_cheapest_are_kept(void **state)
{
    (void)state;
    uint64_t seed = 9;
    double cheapest = 0.0;
    sky_assign_begin(&assign, 1, 200);
    for (uint32_t j = 0; j < 200; j++) {
        const double cost = test_uniform(&seed, -100.0, -1.0);
        cheapest = fmin(cheapest, cost);
        sky_assign_offer(&assign, 0, j, cost);
    }
    assert_int_equal(assign.offer_count[0], SKY_ASSIGN_OFFERS_MAX);
    sky_assign_solve(&assign);
    double found = 0.0;
    for (uint32_t k = 0; k < SKY_ASSIGN_OFFERS_MAX; k++) {
        found = assign.offer[0][k].column == assign.column_of[0] ? assign.offer[0][k].cost : found;
    }
    assert_near(found, cheapest, 0.0);
}

static void a_full_table_is_solved_in_good_time(void **state)
{
    (void)state;
    uint64_t seed = 4;
    sky_assign_begin(&assign, SKY_ASSIGN_ROWS_MAX, SKY_ASSIGN_COLUMNS_MAX);
    for (uint32_t i = 0; i < SKY_ASSIGN_ROWS_MAX; i++) {
        for (uint32_t j = 0; j < SKY_ASSIGN_OFFERS_MAX; j++) { /* all after the same few plots */
            sky_assign_offer(&assign, i, 7 * j, test_uniform(&seed, -10.0, -9.0));
        }
    }
    sky_assign_solve(&assign);
    uint32_t given = 0;
    for (uint32_t i = 0; i < SKY_ASSIGN_ROWS_MAX; i++) {
        given += assign.column_of[i] != SKY_ASSIGN_NONE;
    }
    assert_int_equal(given, SKY_ASSIGN_OFFERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_total_is_the_least_there_is),
        cmocka_unit_test(nobody_takes_what_costs_more_than_nothing),
        cmocka_unit_test(of_equals_the_lower_row_and_column_win),
        cmocka_unit_test(of_too_many_offers_the_cheapest_are_kept),
        cmocka_unit_test(a_full_table_is_solved_in_good_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
