/**
 * skyh_csv: tables with a header line, read whole and checked as they are asked for.
 *
 * Comma-separated, one row a line, without quotes; a carriage return at a line's end, a byte order
 * mark and empty lines are ignored. Columns are found by name and may stand in any order; others
 * are ignored. Every error is one line: "FILE:12: column: what; expected what".
 */
#ifndef SKYH_CSV_H
#define SKYH_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "skyh_out.h"

enum { SKYH_CSV_COLUMNS_MAX = 64 };

/** Start zeroed, end with skyh_csv_close. */
struct skyh_csv {
    const char *file;
    char *text; /* fields, each ended by a zero */
    size_t column_count;
    const char *column[SKYH_CSV_COLUMNS_MAX];
    size_t row_count;
    const char **field; /* row_count * column_count */
    size_t *line;       /* of each row in the file, from 1 */
};

/**
 * Reads a file. SKYH_EXIT_NO_INPUT if it cannot be read, SKYH_EXIT_DATA if it has no header, a row
 * has another number of columns, or there is a quote or a zero byte in it. Borrows the file's name.
 */
bool skyh_csv_open(struct skyh_csv *csv, const char *file, struct skyh_problem *problem);

void skyh_csv_close(struct skyh_csv *csv);

/** True, and which, if there is such a column. */
bool skyh_csv_has(const struct skyh_csv *csv, const char *name, size_t *ret_column);

/** The same, where there must be one. */
bool skyh_csv_find(const struct skyh_csv *csv, const char *name, size_t *ret_column,
                   struct skyh_problem *problem);

/** A field as text. */
const char *skyh_csv_text(const struct skyh_csv *csv, size_t row, size_t column);

/** A field as a finite number in [low, high]. */
bool skyh_csv_number(const struct skyh_csv *csv, size_t row, size_t column, double low, double high,
                     double *ret_value, struct skyh_problem *problem);

/** Fails with "FILE:LINE: column: what". */
bool skyh_csv_fail(const struct skyh_csv *csv, size_t row, size_t column,
                   struct skyh_problem *problem, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
