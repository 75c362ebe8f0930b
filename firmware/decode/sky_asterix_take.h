/**
 * sky_asterix_take: what the items of one ASTERIX record say, in the core's units.
 */
#ifndef SKY_ASTERIX_TAKE_H
#define SKY_ASTERIX_TAKE_H

#include "sky_asterix.h"
#include "sky_asterix_uap.h"

/** A record whose items were found, on its way to the core. */
struct sky_asterix_take {
    struct sky_uap uap;
    struct sky_uap_found found;
    enum sky_asterix_021 edition;
};

/**
 * Fills in kind, plot, service and marks of ret_record, whose category is set and the rest zero.
 * Returns the index of an item whose value cannot be, or -1.
 */
int sky_asterix_take(const struct sky_asterix_take *take, struct sky_asterix_record *ret_record);

#endif
