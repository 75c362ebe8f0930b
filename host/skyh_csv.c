#include "skyh_csv.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_json.h"

/* Ends the line at `text` with a zero and returns the next one. */
static char *cut_line(char *text)
{
    char *const end = text + strcspn(text, "\n");
    char *const next = *end == '\n' ? end + 1 : end;
    *end = '\0';
    if (end > text && end[-1] == '\r') {
        end[-1] = '\0';
    }
    return next;
}

/* Cuts a line into fields; returns how many there are, which may be more than fit. */
static size_t cut_fields(char *line, const char **field, size_t capacity)
{
    size_t count = 0;
    for (char *at = line; at != NULL;) {
        char *const comma = strchr(at, ',');
        if (count < capacity) {
            field[count] = at;
        }
        count++;
        at = NULL;
        if (comma != NULL) {
            *comma = '\0';
            at = comma + 1;
        }
    }
    return count;
}

static bool check_bytes(const char *file, const char *text, size_t bytes,
                        struct skyh_problem *problem)
{
    const char *const zero = memchr(text, '\0', bytes);
    const char *const quote = memchr(text, '"', bytes);
    if (zero == NULL && quote == NULL) {
        return true;
    }
    size_t line = 1;
    for (const char *at = text; at < (zero != NULL ? zero : quote); at++) {
        line += *at == '\n' ? 1 : 0;
    }
    return skyh_fail(problem, SKYH_EXIT_DATA, "%s:%zu: a %s; expected plain comma-separated text",
                     file, line, zero != NULL ? "zero byte" : "quote");
}

static bool read_header(struct skyh_csv *csv, char *line, struct skyh_problem *problem)
{
    csv->column_count = cut_fields(line, csv->column, SKYH_CSV_COLUMNS_MAX);
    if (line[0] == '\0') {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s:1: empty; expected the names of the columns, comma-separated",
                         csv->file);
    }
    if (csv->column_count > SKYH_CSV_COLUMNS_MAX) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s:1: %zu columns; expected at most %d",
                         csv->file, csv->column_count, SKYH_CSV_COLUMNS_MAX);
    }
    return true;
}

static bool read_rows(struct skyh_csv *csv, char *text, size_t lines, struct skyh_problem *problem)
{
    csv->field = calloc(lines * csv->column_count + 1, sizeof *csv->field);
    csv->line = calloc(lines + 1, sizeof *csv->line);
    if (csv->field == NULL || csv->line == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", csv->file);
    }
    size_t number = 1;
    for (char *line = text; *line != '\0';) {
        char *const next = cut_line(line);
        number++;
        if (line[0] != '\0') {
            const size_t count = cut_fields(line, csv->field + csv->row_count * csv->column_count,
                                            csv->column_count);
            if (count != csv->column_count) {
                return skyh_fail(problem, SKYH_EXIT_DATA, "%s:%zu: %zu columns; expected %zu",
                                 csv->file, number, count, csv->column_count);
            }
            csv->line[csv->row_count++] = number;
        }
        line = next;
    }
    return true;
}

bool skyh_csv_open(struct skyh_csv *csv, const char *file, struct skyh_problem *problem)
{
    size_t bytes = 0, lines = 0;
    csv->file = file;
    if (!skyh_json_slurp(file, &csv->text, &bytes, problem) ||
        !check_bytes(file, csv->text, bytes, problem)) {
        return false;
    }
    for (const char *at = csv->text; *at != '\0'; at++) {
        lines += *at == '\n' ? 1 : 0;
    }
    char *const header = csv->text + (strncmp(csv->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0);
    char *const rows = cut_line(header);
    return read_header(csv, header, problem) && read_rows(csv, rows, lines + 1, problem);
}

void skyh_csv_close(struct skyh_csv *csv)
{
    free(csv->text);
    free(csv->field);
    free(csv->line);
    memset(csv, 0, sizeof *csv);
}

bool skyh_csv_has(const struct skyh_csv *csv, const char *name, size_t *ret_column)
{
    for (size_t i = 0; i < csv->column_count; i++) {
        if (strcmp(csv->column[i], name) == 0) {
            *ret_column = i;
            return true;
        }
    }
    return false;
}

bool skyh_csv_find(const struct skyh_csv *csv, const char *name, size_t *ret_column,
                   struct skyh_problem *problem)
{
    return skyh_csv_has(csv, name, ret_column) ||
           skyh_fail(problem, SKYH_EXIT_DATA, "%s:1: %s: missing; expected a column of that name",
                     csv->file, name);
}

const char *skyh_csv_text(const struct skyh_csv *csv, size_t row, size_t column)
{
    return csv->field[row * csv->column_count + column];
}

bool skyh_csv_number(const struct skyh_csv *csv, size_t row, size_t column, double low, double high,
                     double *ret_value, struct skyh_problem *problem)
{
    const char *const text = skyh_csv_text(csv, row, column);
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || !(value >= low && value <= high)) {
        return skyh_csv_fail(csv, row, column, problem,
                             "\"%.40s\"; expected a number from %.10g to %.10g", text, low, high);
    }
    *ret_value = value;
    return true;
}

bool skyh_csv_fail(const struct skyh_csv *csv, size_t row, size_t column,
                   struct skyh_problem *problem, const char *format, ...)
{
    char what[512];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(what, sizeof what, format, list);
    va_end(list);
    return skyh_fail(problem, SKYH_EXIT_DATA, "%s:%zu: %s: %s", csv->file, csv->line[row],
                     csv->column[column], what);
}
