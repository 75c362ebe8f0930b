#include "skyh_svg.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_room(struct skyh_svg *svg, size_t more)
{
    if (!svg->failed && svg->room - svg->count <= more) {
        const size_t room = 2 * svg->room + more + 4096;
        char *const grown = realloc(svg->text, room);
        svg->failed = grown == NULL;
        svg->text = grown != NULL ? grown : svg->text;
        svg->room = grown != NULL ? room : svg->room;
    }
    return !svg->failed;
}

void skyh_svg_put(struct skyh_svg *svg, const char *format, ...)
{
    va_list list;
    char piece[1024];
    va_start(list, format);
    const int length = vsnprintf(piece, sizeof piece, format, list);
    va_end(list);
    if (length < 0 || !has_room(svg, (size_t)length + 1)) {
        svg->failed = true;
        return;
    }
    if ((size_t)length < sizeof piece) {
        memcpy(svg->text + svg->count, piece, (size_t)length + 1);
    } else {
        va_start(list, format);
        (void)vsnprintf(svg->text + svg->count, (size_t)length + 1, format, list);
        va_end(list);
    }
    svg->count += (size_t)length;
}

void skyh_svg_say(struct skyh_svg *svg, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            skyh_svg_put(svg, "&amp;");
            break;
        case '<':
            skyh_svg_put(svg, "&lt;");
            break;
        case '>':
            skyh_svg_put(svg, "&gt;");
            break;
        case '"':
            skyh_svg_put(svg, "&quot;");
            break;
        default:
            skyh_svg_put(svg, "%c", (unsigned char)*text < ' ' && *text != '\n' ? ' ' : *text);
            break;
        }
    }
}

void skyh_svg_number(struct skyh_svg *svg, double number)
{
    skyh_svg_put(svg, "%.1f", fabs(number) < 0.05 ? 0.0 : number);
}

void skyh_svg_done(struct skyh_svg *svg)
{
    free(svg->text);
    memset(svg, 0, sizeof *svg);
}

double skyh_svg_step(double span, int parts_max)
{
    static const double steps[] = {1.0, 2.0, 5.0};
    for (int power = -9; power < 12; power++) {
        for (size_t i = 0; i < 3; i++) {
            const double step = steps[i] * pow(10.0, power);
            if (span / step <= (double)parts_max) {
                return step;
            }
        }
    }
    return span;
}

double skyh_svg_time_step(double span_s, int parts_max)
{
    static const double steps_s[] = {1,   2,   5,    10,   15,   30,    60,    120,
                                     300, 600, 1800, 3600, 7200, 14400, 21600, 43200};
    for (size_t i = 0; i < sizeof steps_s / sizeof steps_s[0]; i++) {
        if (span_s / steps_s[i] <= (double)parts_max) {
            return steps_s[i];
        }
    }
    return 86400.0 * ceil(span_s / 86400.0 / (double)parts_max);
}

void skyh_labels_block(struct skyh_labels *labels, double x, double y, double width, double height)
{
    if (labels->count < SKYH_LABELS_MAX) {
        labels->box[labels->count].x = x;
        labels->box[labels->count].y = y;
        labels->box[labels->count].width = width;
        labels->box[labels->count].height = height;
        labels->count++;
    }
}

static bool is_free(const struct skyh_labels *labels, double x, double y, double width,
                    double height)
{
    if (x < labels->left || y < labels->top || x + width > labels->right ||
        y + height > labels->bottom) {
        return false;
    }
    for (size_t i = 0; i < labels->count; i++) {
        if (x < labels->box[i].x + labels->box[i].width && labels->box[i].x < x + width &&
            y < labels->box[i].y + labels->box[i].height && labels->box[i].y < y + height) {
            return false;
        }
    }
    return true;
}

bool skyh_labels_find(struct skyh_labels *labels, double x, double y, size_t characters,
                      double *ret_x, double *ret_y)
{
    /* To the right, to the left, above and below, nearest first. */
    static const double way[][2] = {{0, -0.5},  {-1, -0.5}, {0, -1.2},    {0, 0.2},
                                    {-1, -1.2}, {-1, 0.2},  {-0.5, -1.5}, {-0.5, 0.5}};
    const double width = 7.0 * (double)characters + 6.0, height = 16.0;
    for (int ring = 1; ring < 10; ring++) {
        const double away = 9.0 * (double)ring;
        for (size_t i = 0; i < sizeof way / sizeof way[0]; i++) {
            const double side = way[i][0] < -0.9 ? -away : (way[i][0] < 0.0 ? 0.0 : away);
            const double rise =
                way[i][1] < -0.9 ? 9.0 - away : (way[i][1] > 0.0 ? away - 9.0 : 0.0);
            const double left = x + side + way[i][0] * width;
            const double top = y + rise + way[i][1] * height;
            if (is_free(labels, left, top, width, height)) {
                skyh_labels_block(labels, left, top, width, height);
                *ret_x = left + 3.0;
                *ret_y = top + 12.0;
                return true;
            }
        }
    }
    return false;
}
