/**
 * sky_gnss: from what gpsd reported to a fix that can be believed, or a reason why not.
 *
 * gpsd's traps, as met on real receivers: `status` is 0 on a good 3D fix, so only mode decides;
 * mode may be 3 with a NaN latitude; the same epoch comes several times, each fuller than before;
 * a 1,024-week rollback dates a fix in 1999. gpsd's epx, epy and epv are 95 % figures: divided by
 * 1.96 they are sigmas.
 */
#ifndef SKY_GNSS_H
#define SKY_GNSS_H

#include "sky_input.h"
#include "sky_obs.h"

/**
 * Decodes a report. has tells what it holds; without a usable position but with a time the fix is
 * still good for time.
 * Returns SKY_E_CORRUPT, sets *ret_item (static storage) to what is wrong ("gnss.mode",
 * "gnss.latitude", ...) and leaves ret_fix alone if nothing in it can be used.
 */
SKY_NODISCARD enum sky_status sky_gnss_decode(const struct sky_gnss_report *report,
                                              struct sky_gnss_fix *ret_fix, const char **ret_item);

#endif
