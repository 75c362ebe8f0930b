/**
 * sky_rows: radar plots from the lines of a plot file.
 *
 * One plot a line, eleven columns, as such files are written for tracking benchmarks:
 *
 *     t,t_recv,sensor,range_m,az_deg,el_deg,rdot_mps,sig_r,sig_az_deg,sig_el_deg,sig_rdot
 *
 * t is seconds since the file's epoch (the importer's business: here it becomes a time of day), az
 * clockwise from true north, el apparent, rdot positive when receding; sensor is the configured
 * name. el_deg, rdot_mps and their sigmas may be empty: not measured. Numbers are plain decimals,
 * with an exponent if need be, and read to the nearest double (up to 15 digits) without libm.
 */
#ifndef SKY_ROWS_H
#define SKY_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_config.h"
#include "sky_obs.h"

/** What was wrong with a row. */
struct sky_row_fault {
    const char *column; /* its name, static; NULL: the number of columns */
    size_t offset;      /* of the field in the row */
};

/** Reads a decimal number that fills the text. Returns false unless it is one, and finite. */
bool sky_rows_number(const char *text, size_t count, double *ret_value);

/**
 * Decodes one row without its line feed (a carriage return at its end is ignored).
 * epoch_ns is UTC of t = 0. Returns SKY_E_CORRUPT and sets ret_fault if the row is not one, or
 * SKY_E_RANGE if no configured sensor has that name.
 */
SKY_NODISCARD enum sky_status sky_rows_plot(const struct sky_config *config, int64_t epoch_ns,
                                            const char *row, size_t count,
                                            struct sky_plot *ret_plot,
                                            struct sky_row_fault *ret_fault);

#endif
