#include "skyh_plotfile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_base.h"
#include "skyh_json.h"

const char skyh_plotfile_header[] =
    "t,t_recv,sensor,range_m,az_deg,el_deg,rdot_mps,sig_r,sig_az_deg,sig_el_deg,sig_rdot";

enum column {
    COLUMN_RECV = 1,
    COLUMN_SENSOR = 2,
    COLUMN_EL = 5,
    COLUMN_RDOT,
    COLUMN_SIG_R,
    COLUMN_SIG_AZ,
    COLUMN_SIG_EL,
    COLUMN_SIG_RDOT
};

static const int64_t before_most_ns = INT64_C(86400) * SKY_SECOND_NS;
static const int64_t after_most_ns = 30 * INT64_C(86400) * SKY_SECOND_NS;

/* ----------------------------------------------------------------------------------- fields */

/* Finds a field of a line; false if there are not so many. */
static bool field_of(const struct skyh_plot_line *line, enum column column, const char **ret_text,
                     size_t *ret_count)
{
    const char *at = line->text;
    const char *const end = line->text + line->count;
    for (enum column i = 0; i < column; i++) {
        const char *const comma = memchr(at, ',', (size_t)(end - at));
        if (comma == NULL) {
            return false;
        }
        at = comma + 1;
    }
    size_t count = 0;
    while (at + count < end && strchr(",\r\n", at[count]) == NULL) {
        count++;
    }
    *ret_text = at;
    *ret_count = count;
    return true;
}

/* A field that is a finite number. */
static bool number_of(const struct skyh_plot_line *line, enum column column, double *ret_value)
{
    char copy[64];
    const char *text = NULL;
    size_t count = 0;
    if (!field_of(line, column, &text, &count) || count == 0 || count >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, count);
    copy[count] = '\0';
    char *end = NULL;
    const double value = strtod(copy, &end);
    if (*end != '\0' || !isfinite(value)) {
        return false;
    }
    *ret_value = value;
    return true;
}

static double sigma_of(const struct skyh_plot_line *line, enum column column)
{
    double sigma = 0.0;
    return number_of(line, column, &sigma) && sigma > 0.0 ? sigma : 0.0;
}

static bool is_of(const struct skyh_plot_line *line, const char *sensor)
{
    const char *text = NULL;
    size_t count = 0;
    return field_of(line, COLUMN_SENSOR, &text, &count) && count == strlen(sensor) &&
           memcmp(text, sensor, count) == 0;
}

bool skyh_plotfile_sigmas(const struct skyh_plotfile *plots, const char *sensor,
                          struct skyh_plot_sigmas *ret_sigmas)
{
    struct skyh_plot_sigmas sigmas = {0};
    for (size_t i = 0; i < plots->line_count; i++) {
        const struct skyh_plot_line *const line = &plots->line[i];
        double value = 0.0;
        const double range_m = sigma_of(line, COLUMN_SIG_R);
        const double azimuth_deg = sigma_of(line, COLUMN_SIG_AZ);
        if (range_m <= 0.0 || azimuth_deg <= 0.0 || !is_of(line, sensor)) {
            continue;
        }
        if (sigmas.range_m <= 0.0) {
            sigmas.range_m = range_m;
            sigmas.azimuth_deg = azimuth_deg;
        }
        if (sigmas.elevation_deg <= 0.0 && number_of(line, COLUMN_EL, &value)) {
            sigmas.elevation_deg = sigma_of(line, COLUMN_SIG_EL);
        }
        if (sigmas.radial_mps <= 0.0 && number_of(line, COLUMN_RDOT, &value)) {
            sigmas.radial_mps = sigma_of(line, COLUMN_SIG_RDOT);
        }
        if (sigmas.elevation_deg > 0.0 && sigmas.radial_mps > 0.0) {
            break;
        }
    }
    if (sigmas.range_m <= 0.0) {
        return false;
    }
    *ret_sigmas = sigmas;
    return true;
}

/* -------------------------------------------------------------------------- reception times */

/* Reads the lines' times; which of them can be used alone. */
static size_t read_times(struct skyh_plotfile *plots, int64_t begin_ns, bool *usable)
{
    size_t count = 0;
    for (size_t i = 0; i < plots->line_count; i++) {
        double recv_s = 0.0;
        usable[i] = number_of(&plots->line[i], COLUMN_RECV, &recv_s) && fabs(recv_s) < 1e9;
        if (usable[i]) {
            const int64_t recv_ns = llround(recv_s * 1e9);
            plots->line[i].recv_ns = recv_ns;
            usable[i] = recv_ns >= begin_ns - before_most_ns && recv_ns <= begin_ns + after_most_ns;
        }
        count += usable[i] ? 1 : 0;
    }
    return count;
}

/*
 * Of the usable times, the longest series that never goes back: last[n] is the line that ends the
 * lowest series of n + 1 lines, before[i] the one before line i in its series.
 */
static void keep_longest_series(const struct skyh_plotfile *plots, bool *usable, size_t *last,
                                size_t *before)
{
    size_t length = 0;
    for (size_t i = 0; i < plots->line_count; i++) {
        if (!usable[i]) {
            continue;
        }
        size_t low = 0;
        for (size_t high = length; low < high;) {
            const size_t middle = (low + high) / 2;
            if (plots->line[last[middle]].recv_ns <= plots->line[i].recv_ns) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        before[i] = low > 0 ? last[low - 1] : i;
        last[low] = i;
        length = low == length ? length + 1 : length;
    }
    memset(usable, 0, plots->line_count * sizeof *usable);
    for (size_t n = length, i = n > 0 ? last[n - 1] : 0; n-- > 0; i = before[i]) {
        usable[i] = true;
    }
}

/* Lines without a time of their own take that of the line before, the first ones that after. */
static void fill_times(struct skyh_plotfile *plots, const bool *usable)
{
    int64_t recv_ns = 0;
    for (size_t i = plots->line_count; i-- > 0;) {
        recv_ns = usable[i] ? plots->line[i].recv_ns : recv_ns;
    }
    for (size_t i = 0; i < plots->line_count; i++) {
        if (!usable[i]) {
            plots->first_untimed =
                plots->untimed == 0 ? plots->line[i].number : plots->first_untimed;
            plots->untimed++;
            plots->line[i].recv_ns = recv_ns;
        }
        recv_ns = plots->line[i].recv_ns;
    }
}

static bool set_times(struct skyh_plotfile *plots, const char *file, int64_t begin_ns,
                      struct skyh_problem *problem)
{
    bool *const usable = calloc(plots->line_count + 1, sizeof *usable);
    size_t *const scratch = calloc(plots->line_count + 1, 2 * sizeof *scratch);
    bool set = false;
    if (usable == NULL || scratch == NULL) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", file);
    } else if (read_times(plots, begin_ns, usable) == 0) {
        (void)skyh_fail(problem, SKYH_EXIT_DATA,
                        "%s: t_recv: no line has one; expected seconds on the axis of the pose "
                        "file, which begins at %.3f",
                        file, (double)begin_ns * 1e-9);
    } else {
        keep_longest_series(plots, usable, scratch, scratch + plots->line_count);
        fill_times(plots, usable);
        set = true;
    }
    free(usable);
    free(scratch);
    return set;
}

/* ------------------------------------------------------------------------------------ lines */

static bool is_header(const char *line, size_t count)
{
    const size_t wanted = strlen(skyh_plotfile_header);
    count -= count > wanted && line[count - 1] == '\r' ? 1 : 0;
    return count == wanted && memcmp(line, skyh_plotfile_header, wanted) == 0;
}

static bool is_empty(const char *line, size_t count)
{
    return count == 1 || (count == 2 && line[0] == '\r');
}

/* Takes the lines behind the header, each of which ends with a line feed. */
static bool take_lines(struct skyh_plotfile *plots, const char *file, const char *at,
                       struct skyh_problem *problem)
{
    const char *const end = plots->text + plots->bytes;
    for (size_t number = 2; at < end; number++) {
        const char *const feed = memchr(at, '\n', (size_t)(end - at));
        const size_t count = (size_t)(feed + 1 - at);
        if (count > SKYH_PLOT_LINE_MAX) {
            return skyh_fail(problem, SKYH_EXIT_DATA,
                             "%s:%zu: a line of %zu bytes; expected at most %d", file, number,
                             count, SKYH_PLOT_LINE_MAX);
        }
        if (!is_empty(at, count)) {
            plots->line[plots->line_count++] =
                (struct skyh_plot_line){.text = at, .count = count, .number = number};
        }
        at = feed + 1;
    }
    return plots->line_count > 0 ||
           skyh_fail(problem, SKYH_EXIT_DATA, "%s: no plot; expected lines behind the header",
                     file);
}

static bool read_lines(struct skyh_plotfile *plots, const char *file, struct skyh_problem *problem)
{
    char *const text = plots->text;
    if (plots->bytes == 0 || text[plots->bytes - 1] != '\n') {
        text[plots->bytes++] = '\n'; /* in place of the zero that follows */
    }
    const size_t mark = plots->bytes > 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    const char *const header = text + mark;
    const char *const feed = memchr(header, '\n', plots->bytes - mark);
    if (feed == NULL || !is_header(header, (size_t)(feed - header))) {
        return skyh_fail(problem, SKYH_EXIT_DATA, "%s:1: another header; expected %s", file,
                         skyh_plotfile_header);
    }
    size_t lines = 0;
    for (size_t i = 0; i < plots->bytes; i++) {
        lines += text[i] == '\n' ? 1 : 0;
    }
    plots->line = calloc(lines + 1, sizeof *plots->line);
    if (plots->line == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", file);
    }
    return take_lines(plots, file, feed + 1, problem);
}

bool skyh_plotfile_open(struct skyh_plotfile *plots, const char *file, int64_t begin_ns,
                        struct skyh_problem *problem)
{
    return skyh_json_slurp(file, &plots->text, &plots->bytes, problem) &&
           read_lines(plots, file, problem) && set_times(plots, file, begin_ns, problem);
}

void skyh_plotfile_close(struct skyh_plotfile *plots)
{
    free(plots->text);
    free(plots->line);
    memset(plots, 0, sizeof *plots);
}
