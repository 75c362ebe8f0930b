/**
 * sky_assign: who gets which - the cheapest way to give each row at most one column.
 *
 * Shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987) over the offers that were
 * made, so a search never leaves the cluster of rows and columns that compete with each other. A
 * row may also stay without a column, at cost 0.
 */
#ifndef SKY_ASSIGN_H
#define SKY_ASSIGN_H

#include <stdbool.h>

#include "sky_base.h"

enum {
    SKY_ASSIGN_ROWS_MAX = SKY_TRACKS_MAX,
    SKY_ASSIGN_COLUMNS_MAX = SKY_PLOTS_MAX + 64,
    SKY_ASSIGN_OFFERS_MAX = 32 /* kept per row */
};

/** What a row or column without a partner has instead. */
#define SKY_ASSIGN_NONE UINT32_MAX

struct sky_assign {
    uint32_t rows;
    uint32_t columns;
    uint32_t column_of[SKY_ASSIGN_ROWS_MAX]; /* the result, from both sides */
    uint32_t row_of[SKY_ASSIGN_COLUMNS_MAX];
    /* private */
    uint32_t offer_count[SKY_ASSIGN_ROWS_MAX];
    struct sky_assign_offer {
        double cost;
        uint32_t column;
    } offer[SKY_ASSIGN_ROWS_MAX][SKY_ASSIGN_OFFERS_MAX];
    double row_price[SKY_ASSIGN_ROWS_MAX];
    double column_price[SKY_ASSIGN_COLUMNS_MAX];
    double distance[SKY_ASSIGN_COLUMNS_MAX];
    uint32_t via_row[SKY_ASSIGN_COLUMNS_MAX];
    bool reached[SKY_ASSIGN_COLUMNS_MAX];
    bool settled[SKY_ASSIGN_COLUMNS_MAX];
    uint32_t touched_count;
    uint32_t touched[SKY_ASSIGN_COLUMNS_MAX];
};

/** Begins a problem without offers. Pre: rows and columns within the limits. */
void sky_assign_begin(struct sky_assign *assign, uint32_t rows, uint32_t columns);

/**
 * Says that row may have column at a cost; a cost >= 0 is no better than staying alone and is
 * forgotten. A row keeps its SKY_ASSIGN_OFFERS_MAX cheapest offers (the earlier of equals), which
 * loses nothing unless more rows than that compete in one cluster.
 * Pre: at most one offer per pair; cost is finite.
 */
void sky_assign_offer(struct sky_assign *assign, uint32_t row, uint32_t column, double cost);

/**
 * Sets column_of and row_of to an assignment of least total cost. Rows are placed in their order
 * and equal ways go to the lower column.
 * Cost: O(rows x cluster^2) at worst.
 */
void sky_assign_solve(struct sky_assign *assign);

#endif
