#include "sky_assign.h"

/* Where a search from one row ended: at a free column, or at a row that gives up its own. */
struct path_end {
    double distance;
    uint32_t column; /* SKY_ASSIGN_NONE: the row below stays alone */
    uint32_t row;
};

void sky_assign_begin(struct sky_assign *assign, uint32_t rows, uint32_t columns)
{
    assign->rows = rows;
    assign->columns = columns;
    assign->touched_count = 0;
    for (uint32_t i = 0; i < rows; i++) {
        assign->offer_count[i] = 0;
        assign->column_of[i] = SKY_ASSIGN_NONE;
    }
    for (uint32_t j = 0; j < columns; j++) {
        assign->row_of[j] = SKY_ASSIGN_NONE;
        assign->column_price[j] = 0.0;
        assign->reached[j] = false;
        assign->settled[j] = false;
    }
}

void sky_assign_offer(struct sky_assign *assign, uint32_t row, uint32_t column, double cost)
{
    struct sky_assign_offer *const offer = assign->offer[row];
    const uint32_t count = assign->offer_count[row];

    if (cost >= 0.0) {
        return;
    }
    if (count < SKY_ASSIGN_OFFERS_MAX) {
        offer[count] = (struct sky_assign_offer){.cost = cost, .column = column};
        assign->offer_count[row] = count + 1;
        return;
    }
    uint32_t worst = 0;
    for (uint32_t k = 1; k < count; k++) {
        if (offer[k].cost >= offer[worst].cost) {
            worst = k;
        }
    }
    if (cost < offer[worst].cost) {
        offer[worst] = (struct sky_assign_offer){.cost = cost, .column = column};
    }
}

/* The row's price when it enters: nothing it may have is cheaper than this. */
static double cheapest(const struct sky_assign *assign, uint32_t row)
{
    double price = 0.0;
    for (uint32_t k = 0; k < assign->offer_count[row]; k++) {
        const struct sky_assign_offer *const offer = &assign->offer[row][k];
        const double reduced = offer->cost - assign->column_price[offer->column];
        if (reduced < price) {
            price = reduced;
        }
    }
    return price;
}

/* Shortens the way to every column that row offers, row itself being `base` away. */
static void reach_from(struct sky_assign *assign, uint32_t row, double base)
{
    for (uint32_t k = 0; k < assign->offer_count[row]; k++) {
        const struct sky_assign_offer *const offer = &assign->offer[row][k];
        const uint32_t column = offer->column;
        const double distance =
            base + (offer->cost - assign->row_price[row] - assign->column_price[column]);

        if (!assign->reached[column]) {
            assign->reached[column] = true;
            assign->touched[assign->touched_count++] = column;
        } else if (assign->settled[column] || distance >= assign->distance[column]) {
            continue;
        }
        assign->distance[column] = distance;
        assign->via_row[column] = row;
    }
}

/* The nearest column reached but not settled; the lower of equals. */
static uint32_t nearest(const struct sky_assign *assign)
{
    uint32_t best = SKY_ASSIGN_NONE;
    for (uint32_t t = 0; t < assign->touched_count; t++) {
        const uint32_t column = assign->touched[t];
        if (assign->settled[column]) {
            continue;
        }
        if (best == SKY_ASSIGN_NONE || assign->distance[column] < assign->distance[best] ||
            (assign->distance[column] == assign->distance[best] && column < best)) {
            best = column;
        }
    }
    return best;
}

static struct path_end search(struct sky_assign *assign, uint32_t root)
{
    struct path_end end = {
        .distance = -assign->row_price[root], .column = SKY_ASSIGN_NONE, .row = root};
    uint32_t row = root;
    double base = 0.0;

    for (;;) {
        reach_from(assign, row, base);
        const uint32_t column = nearest(assign);
        if (column == SKY_ASSIGN_NONE || assign->distance[column] >= end.distance) {
            return end;
        }
        base = assign->distance[column];
        if (assign->row_of[column] == SKY_ASSIGN_NONE) {
            return (struct path_end){.distance = base, .column = column};
        }
        assign->settled[column] = true;
        row = assign->row_of[column];
        const double alone = base - assign->row_price[row];
        if (alone < end.distance) {
            end = (struct path_end){.distance = alone, .column = SKY_ASSIGN_NONE, .row = row};
        }
    }
}

/* Keeps every reduced cost >= 0 and those along the tree = 0; forgets the search. */
static void reprice(struct sky_assign *assign, uint32_t root, double distance)
{
    assign->row_price[root] += distance;
    for (uint32_t t = 0; t < assign->touched_count; t++) {
        const uint32_t column = assign->touched[t];
        if (assign->settled[column]) {
            const double gain = distance - assign->distance[column];
            assign->row_price[assign->row_of[column]] += gain;
            assign->column_price[column] -= gain;
        }
        assign->reached[column] = false;
        assign->settled[column] = false;
    }
    assign->touched_count = 0;
}

/* Hands the columns along the path on, from its end back to the root. */
static void augment(struct sky_assign *assign, uint32_t root, const struct path_end *end)
{
    uint32_t column = end->column;
    if (column == SKY_ASSIGN_NONE) {
        column = assign->column_of[end->row];
        assign->column_of[end->row] = SKY_ASSIGN_NONE;
        if (end->row == root) {
            return;
        }
    }
    for (;;) {
        const uint32_t row = assign->via_row[column];
        const uint32_t released = assign->column_of[row];
        assign->column_of[row] = column;
        assign->row_of[column] = row;
        if (row == root) {
            return;
        }
        column = released;
    }
}

void sky_assign_solve(struct sky_assign *assign)
{
    for (uint32_t row = 0; row < assign->rows; row++) {
        assign->row_price[row] = cheapest(assign, row);
        const struct path_end end = search(assign, row);
        reprice(assign, row, end.distance);
        augment(assign, row, &end);
    }
}
