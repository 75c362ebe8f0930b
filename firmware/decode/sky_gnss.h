/**
 * sky_gnss: from what gpsd reported to a fix that can be believed, or a reason why not.
 *
 * gpsd's traps, as met on real receivers: `status` is 0 on a good 3D fix, so only mode decides;
 * mode may be 3 with a NaN latitude; the same epoch comes several times, each fuller than before;
 * a 1,024-week rollback dates a fix in 1999 (sky_utc refuses such dates). gpsd's epx, epy and epv
 * are 95 % figures: divided by 1.96 they are sigmas. Where it gives none, those of the receiver's
 * own GST hold, and else eph, of which nobody says what share of errors it covers, as one sigma.
 * A receiver that has not heard the leap seconds yet uses those of its make: its UTC is off by what
 * it lacks.
 */
#ifndef SKY_GNSS_H
#define SKY_GNSS_H

#include "sky_input.h"
#include "sky_obs.h"

/* What holds where gpsd states no error, as 1 sigma. A code receiver under open sky does better. */
#define SKY_GNSS_SIGMA_HORIZONTAL_M 10.0
#define SKY_GNSS_SIGMA_VERTICAL_M 20.0

/*
 * A report follows its epoch by the receiver's computation and the serial line: 0.1 to 0.9 s at
 * 9,600 baud, and nobody says how much. Part of every utc_sigma_ns.
 */
#define SKY_GNSS_DELAY_SIGMA_NS INT64_C(250000000)

/**
 * Decodes a report. has tells what it holds; a 2D or 3D report without a usable position but with a
 * time is still good for time. Altitude needs a 3D fix and gpsd's own height above the ellipsoid:
 * one above mean sea level is never taken for it. Errors that gpsd does not state, or states as
 * zero, are replaced by the sigmas above.
 *
 * Returns SKY_E_CORRUPT, sets *ret_item (static storage) and leaves ret_fix alone if nothing in it
 * can be used: "gnss.mode" without a fix (what time there is, is then the receiver's own unsteered
 * clock) or with a mode that does not exist, "gnss.position" with neither position nor time; or if
 * it contradicts itself, so that none of it is believed: "gnss.latitude", "gnss.longitude",
 * "gnss.altitude" (outside -1,000 .. 100,000 m), "gnss.speed" (outside 0 .. 10,000 m/s),
 * "gnss.course" or "gnss.heading" (outside 0 .. 360 degrees); or "gnss.status" if the receiver says
 * that it simulates.
 */
SKY_NODISCARD enum sky_status sky_gnss_decode(const struct sky_gnss_report *report,
                                              struct sky_gnss_fix *ret_fix, const char **ret_item);

#endif
