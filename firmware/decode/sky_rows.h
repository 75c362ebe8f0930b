/**
 * sky_rows: radar plots from the lines of a plot file.
 *
 * One plot a line, eleven columns, as such files are written for tracking benchmarks:
 *
 *     t,t_recv,sensor,range_m,az_deg,el_deg,rdot_mps,sig_r,sig_az_deg,sig_el_deg,sig_rdot
 *
 * t is seconds since the file's epoch (the importer's business: here it becomes UTC), az clockwise
 * from true north, el apparent, rdot positive when receding; sensor is the configured name. t_recv
 * must be a number and is otherwise the importer's: arrival is stamped on the input. el_deg and
 * rdot_mps may be empty: not measured. sig_el_deg may be empty then, sig_rdot always: the
 * configured sigma holds.
 */
#ifndef SKY_ROWS_H
#define SKY_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_config.h"
#include "sky_obs.h"

/* Such files keep times in steps of 1/128 s, as ASTERIX does: an even spread has this sigma. */
#define SKY_ROWS_TIME_SIGMA_NS INT64_C(2255274) /* 1/128 s / sqrt(12) */

/** What was wrong with a row. */
struct sky_row_fault {
    const char *column; /* its name, static; NULL: the number of columns */
    size_t offset;      /* of the field in the row */
};

/**
 * Reads a decimal number that fills the text: a sign, digits with or without a point, an exponent
 * of ten - the last two if need be, and no spaces. "inf", "nan" and hexadecimals are none, and what
 * is too large for a double is not either; what is too small is 0, and so is -0.
 *
 * The nearest double if it is an integer of at most 15 digits times or over a power of ten up to
 * 10^22, which is all that such files hold: one correctly rounded operation on exact numbers. Else
 * at most 20 units in the last place away: every 22 further powers of ten cost another rounding,
 * and digits beyond the 19th are left out.
 */
bool sky_rows_number(const char *text, size_t count, double *ret_value);

/**
 * Decodes one row without its line feed (a carriage return at its end is ignored).
 * epoch_ns is UTC of t = 0; t is taken to the nearest nanosecond (half of one away from zero), and
 * beyond what 64 bits hold becomes the last instant that they do. Azimuths within a turn of
 * [0, 360) are brought there. Otherwise numbers are handed on as they are, however absurd, sigmas
 * too: the engine judges them, as it does those of every other sensor.
 * Returns SKY_E_CORRUPT if the row is not one, or SKY_E_RANGE with column "sensor" if no configured
 * sensor has that name; ret_fault is then set, to the first fault from the left, and ret_plot is
 * not.
 */
SKY_NODISCARD enum sky_status sky_rows_plot(const struct sky_config *config, int64_t epoch_ns,
                                            const char *row, size_t count,
                                            struct sky_plot *ret_plot,
                                            struct sky_row_fault *ret_fault);

#endif
