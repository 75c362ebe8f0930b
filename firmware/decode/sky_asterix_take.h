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

/** The same of a record of reported places (sky_asterix_take_reports.c), by its category. */
int sky_asterix_take_062(const struct sky_asterix_take *take,
                         struct sky_asterix_record *ret_record);
int sky_asterix_take_021(const struct sky_asterix_take *take,
                         struct sky_asterix_record *ret_record);
int sky_asterix_take_021_old(const struct sky_asterix_take *take,
                             struct sky_asterix_record *ret_record);

#endif
