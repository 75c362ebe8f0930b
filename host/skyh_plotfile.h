/**
 * skyh_plotfile: a file of radar plots, kept line for line, with the time each line was received.
 *
 * Lines go into the log as they are, sound or not: the station judges them. Only the reception time
 * is read here, since the log is in its order. Lines whose t_recv cannot be read, goes back, or
 * lies a day before or thirty after the recording's beginning take the time of the line before; of
 * times that contradict each other, as many as possible are kept.
 */
#ifndef SKYH_PLOTFILE_H
#define SKYH_PLOTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "skyh_out.h"

/** The header such a file must have; sky_rows.h explains the columns. */
extern const char skyh_plotfile_header[];

struct skyh_plot_line {
    const char *text; /* with its line feed */
    size_t count;     /* bytes */
    size_t number;    /* in the file, from 1 */
    int64_t recv_ns;  /* since t = 0 */
};

/** Start zeroed, end with skyh_plotfile_close. */
struct skyh_plotfile {
    char *text;
    size_t bytes;
    size_t line_count;
    struct skyh_plot_line *line;
    size_t untimed; /* lines that took the time of the one before */
    size_t first_untimed;
};

/** What the plots of a sensor say of it: of the first line that makes sense. */
struct skyh_plot_sigmas {
    double range_m;
    double azimuth_deg;
    double elevation_deg; /* 0: no line has an elevation */
    double radial_mps;    /* 0: nor a radial speed */
};

/**
 * Reads a file; the recording begins at begin_ns. SKYH_EXIT_NO_INPUT if it cannot be read,
 * SKYH_EXIT_DATA if its header is another, it has no line, a line is longer than
 * SKYH_PLOT_LINE_MAX bytes, or not one reception time can be used.
 */
bool skyh_plotfile_open(struct skyh_plotfile *plots, const char *file, int64_t begin_ns,
                        struct skyh_problem *problem);

void skyh_plotfile_close(struct skyh_plotfile *plots);

/** False if no line of that sensor has a range and an azimuth with sigmas above zero. */
bool skyh_plotfile_sigmas(const struct skyh_plotfile *plots, const char *sensor,
                          struct skyh_plot_sigmas *ret_sigmas);

enum { SKYH_PLOT_LINE_MAX = 4096 };

#endif
