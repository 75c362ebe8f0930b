/**
 * skyh_svg: text for a page in memory, and what drawings on it need - scales that people can read,
 * and labels that do not lie upon each other.
 *
 * The same calls give the same bytes. Coordinates are pixels, y downwards.
 */
#ifndef SKYH_SVG_H
#define SKYH_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Start zeroed, end with skyh_svg_done. */
struct skyh_svg {
    char *text; /* ends with a zero once anything was put */
    size_t count;
    size_t room;
    bool failed; /* memory ended; nothing is put any more */
};

/** Puts markup as printf does. */
void skyh_svg_put(struct skyh_svg *svg, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Puts text of any origin: what means something in markup is escaped, controls become spaces. */
void skyh_svg_say(struct skyh_svg *svg, const char *text);

/** Puts a coordinate with one decimal, and never "-0.0". */
void skyh_svg_number(struct skyh_svg *svg, double number);

void skyh_svg_done(struct skyh_svg *svg);

/** The step of 1, 2 or 5 times a power of ten that cuts a span into at most so many parts. */
double skyh_svg_step(double span, int parts_max);

/** The step of whole seconds, minutes or hours for the same. */
double skyh_svg_time_step(double span_s, int parts_max);

enum { SKYH_LABELS_MAX = 64 };

/** Where labels and what they must not cover already lie. Start zeroed. */
struct skyh_labels {
    double left, top, right, bottom; /* they lie within these */
    size_t count;
    struct {
        double x, y, width, height; /* of its upper left corner */
    } box[SKYH_LABELS_MAX];
};

/** Takes a place so that no label comes there. */
void skyh_labels_block(struct skyh_labels *labels, double x, double y, double width, double height);

/**
 * Finds room for a text of so many characters of 12 pixels' height near a point, and takes it. Sets
 * the beginning of its base line. False if there is none.
 */
bool skyh_labels_find(struct skyh_labels *labels, double x, double y, size_t characters,
                      double *ret_x, double *ret_y);

#endif
