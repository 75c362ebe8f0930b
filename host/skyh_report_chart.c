#include "skyh_report_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sky_math.h"

static const double left_px = 88.0;
static const double width_px = 694.0;
static const double z95 = 1.959963984540054;

/* What one curve is of. */
enum quantity { DISTANCE = 1, PROBABILITY, HEIGHT, SPEED };

struct chart {
    struct skyh_svg *page;
    const struct skyh_scene *scene;
    enum quantity of;
    double top;
    double height;
    double low; /* values at the lower and the upper edge */
    double high;
};

static double x_of(const struct skyh_scene *scene, int64_t utc_ns)
{
    const double span_ns = (double)(scene->to_utc_ns - scene->from_utc_ns);
    return left_px + width_px * (double)(utc_ns - scene->from_utc_ns) / fmax(span_ns, 1.0);
}

static double y_of(const struct chart *chart, double value)
{
    return chart->top + chart->height * (chart->high - value) / (chart->high - chart->low);
}

/* ------------------------------------------------------------------------------------- frame */

/* Upright lines at round times, named below. */
static void time_axis(struct skyh_svg *page, const struct skyh_scene *scene, double top,
                      double height)
{
    const double span_s = (double)(scene->to_utc_ns - scene->from_utc_ns) * 1e-9;
    const int64_t step_ns = llround(skyh_svg_time_step(span_s, 8) * 1e9);
    char text[SKYH_UTC_TEXT_MAX];
    for (int64_t at = (scene->from_utc_ns / step_ns + 1) * step_ns; at < scene->to_utc_ns;
         at += step_ns) {
        const double x = x_of(scene, at);
        skyh_svg_put(page, "<path class=\"grid\" d=\"M%.1f %.1fv%.1f\"/>\n", x, top, height);
        skyh_svg_put(page, "<text class=\"tick mid\" x=\"%.1f\" y=\"%.1f\">%.*s</text>\n", x,
                     top + height + 15.0, step_ns % (60 * SKY_SECOND_NS) == 0 ? 5 : 8,
                     skyh_page_clock(at, 0, text));
    }
}

static void value_axis(const struct chart *chart)
{
    const double step = skyh_svg_step(chart->high - chart->low, 5);
    for (double k = ceil(chart->low / step); k * step <= chart->high + 1e-9; k++) {
        const double y = y_of(chart, k * step);
        char text[32];
        if (chart->of == PROBABILITY) {
            (void)snprintf(text, sizeof text, "%.2g", fabs(k) < 0.5 ? 0.0 : k * step);
        } else {
            (void)skyh_page_metres(k * step, text);
        }
        skyh_svg_put(chart->page, "<path class=\"grid\" d=\"M%.1f %.1fh%.1f\"/>\n", left_px, y,
                     width_px);
        skyh_svg_put(chart->page, "<text class=\"tick end\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                     left_px - 5.0, y + 4.0, text);
    }
}

static void begin(const struct chart *chart, const char *title)
{
    skyh_svg_put(chart->page,
                 "<svg class=\"chart\" data-plot=\"%.0f %.0f %.0f %.0f\" viewBox=\"0 0 %.0f %.0f\" "
                 "role=\"img\" aria-label=\"%s\">\n",
                 left_px, chart->top, width_px, chart->height, left_px + width_px + 24.0,
                 chart->top + chart->height + 20.0, title);
    skyh_svg_put(chart->page, "<text class=\"title\" x=\"%.1f\" y=\"13\">%s</text>\n", left_px,
                 title);
    skyh_svg_put(chart->page,
                 "<rect class=\"ground\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
                 left_px, chart->top, width_px, chart->height);
    value_axis(chart);
    time_axis(chart->page, chart->scene, chart->top, chart->height);
}

/* ------------------------------------------------------------------------------------ curves */

/* A look's value and its 95 % bound; false if it says nothing of that. */
static bool value_of(const struct chart *chart, const struct skyh_look *look, uint32_t line_id,
                     double *ret_value, double *ret_u95)
{
    const struct sky_assessment *under = NULL;
    if (chart->of == DISTANCE || chart->of == PROBABILITY) {
        under = skyh_dossier_under(chart->scene->dossier, look, line_id);
        if (under == NULL) {
            return false;
        }
    }
    switch (chart->of) {
    case DISTANCE:
        *ret_value = under->distance_m;
        *ret_u95 = under->u95_m;
        return true;
    case PROBABILITY:
        *ret_value = under->p_inside * under->p_vertical;
        *ret_u95 = 0.0;
        return true;
    case HEIGHT:
        *ret_value = look->place.alt_hae_m;
        *ret_u95 = z95 * sky_sqrt(fmax(look->var_up_m2, 0.0));
        return true;
    case SPEED:
        *ret_value = look->speed_mps;
        *ret_u95 = 0.0;
        return true;
    }
    return false;
}

static size_t stride_of(const struct skyh_scene *scene)
{
    size_t count = 0;
    for (size_t i = 0; i < scene->dossier->look_count; i++) {
        count += skyh_scene_has(scene, &scene->dossier->look[i]) ? 1 : 0;
    }
    return count / 500 + 1;
}

/* One edge of a band, or a curve; `side` times the bound is added. Returns how many points. */
static size_t put_curve(const struct chart *chart, uint32_t line_id, double side, bool backwards,
                        bool begun, double *ret_last_y)
{
    const struct skyh_dossier *const dossier = chart->scene->dossier;
    const size_t stride = stride_of(chart->scene);
    size_t put = 0, seen = 0;
    for (size_t n = 0; n < dossier->look_count; n++) {
        const struct skyh_look *const look =
            &dossier->look[backwards ? dossier->look_count - 1 - n : n];
        double value = 0.0, u95 = 0.0;
        if (!skyh_scene_has(chart->scene, look) || seen++ % stride != 0 ||
            !value_of(chart, look, line_id, &value, &u95)) {
            continue;
        }
        const double y = y_of(chart, fmin(fmax(value + side * u95, chart->low), chart->high));
        skyh_svg_put(chart->page, "%s%.1f %.1f", put == 0 && !begun ? "M" : "L",
                     x_of(chart->scene, look->utc_ns), y);
        *ret_last_y = y;
        put++;
    }
    return put;
}

static void put_band(const struct chart *chart, uint32_t line_id, uint32_t n)
{
    double y = 0.0;
    skyh_svg_put(chart->page, "<path class=\"area c%u\" d=\"", n);
    if (put_curve(chart, line_id, 1.0, false, false, &y) > 0) {
        (void)put_curve(chart, line_id, -1.0, true, true, &y);
        skyh_svg_put(chart->page, "Z");
    } else {
        skyh_svg_put(chart->page, "M0 0");
    }
    skyh_svg_put(chart->page, "\"/>\n");
}

/* Letters at the right end, in the order of the curves, moved apart where these end together. */
static void put_ends(const struct chart *chart, const double *y, uint32_t count)
{
    static const double pitch_px = 12.0;
    uint32_t order[SKY_ZONE_LINES_MAX] = {0};
    double at[SKY_ZONE_LINES_MAX] = {0};
    for (uint32_t n = 0; n < count; n++) {
        uint32_t place = n;
        for (; place > 0 && y[order[place - 1]] > y[n]; place--) {
            order[place] = order[place - 1];
        }
        order[place] = n;
    }
    for (uint32_t k = 0; k < count; k++) {
        at[k] = k > 0 ? fmax(y[order[k]], at[k - 1] + pitch_px) : y[order[k]];
    }
    double most = chart->top + chart->height;
    for (uint32_t k = count; k-- > 0; most = at[k] - pitch_px) {
        at[k] = fmin(at[k], most);
        skyh_svg_put(chart->page, "<text class=\"letter\" x=\"%.1f\" y=\"%.1f\">%c</text>\n",
                     left_px + width_px + 6.0, at[k] + 4.0, (int)('A' + order[k]));
    }
}

static void put_lines(const struct chart *chart)
{
    const struct sky_zone *const zone = &chart->scene->zones->set.zone[chart->scene->zone];
    double y[SKY_ZONE_LINES_MAX] = {0};
    for (uint32_t n = 0; chart->of == DISTANCE && n < zone->line_count; n++) {
        put_band(chart, chart->scene->zones->set.line[zone->first_line + n].id, n);
    }
    for (uint32_t n = 0; n < zone->line_count; n++) {
        skyh_svg_put(chart->page, "<path class=\"line c%u d%u\" d=\"M0 0", n, n);
        y[n] = chart->top + chart->height;
        (void)put_curve(chart, chart->scene->zones->set.line[zone->first_line + n].id, 0.0, false,
                        false, &y[n]);
        skyh_svg_put(chart->page, "\"/>\n");
    }
    put_ends(chart, y, zone->line_count);
}

/* The span of values that all looks and their bounds need, with room. */
static bool fit(struct chart *chart, double least_span)
{
    const struct skyh_dossier *const dossier = chart->scene->dossier;
    const struct sky_zone *const zone = &chart->scene->zones->set.zone[chart->scene->zone];
    const uint32_t lines = chart->of == DISTANCE ? zone->line_count : 1;
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (size_t i = 0; i < dossier->look_count; i++) {
        for (uint32_t n = 0; skyh_scene_has(chart->scene, &dossier->look[i]) && n < lines; n++) {
            double value = 0.0, u95 = 0.0;
            if (value_of(chart, &dossier->look[i],
                         chart->scene->zones->set.line[zone->first_line + n].id, &value, &u95)) {
                low = fmin(low, value - u95);
                high = fmax(high, value + u95);
            }
        }
    }
    if (!(high >= low)) {
        return false;
    }
    const double room = fmax(0.04 * (high - low), 0.5 * (least_span - (high - low)));
    chart->low = low - room;
    chart->high = high + room;
    return true;
}

static void put_distance(struct chart *chart)
{
    chart->of = DISTANCE;
    if (!fit(chart, 1000.0)) {
        return;
    }
    chart->low = fmin(chart->low, -200.0);
    chart->high = fmax(chart->high, 200.0);
    begin(chart, "Distance to each line, m (below 0: inside), with 95 % bounds");
    const double y = y_of(chart, 0.0);
    skyh_svg_put(chart->page,
                 "<rect class=\"inside\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
                 left_px, y, width_px, chart->top + chart->height - y);
    put_lines(chart);
    skyh_svg_put(chart->page, "<path class=\"axis\" d=\"M%.1f %.1fh%.1f\"/>\n</svg>\n", left_px, y,
                 width_px);
}

static void put_probability(struct chart *chart)
{
    const struct sky_incident_config *const config = &chart->scene->run->config.incident;
    chart->of = PROBABILITY;
    chart->low = -0.03;
    chart->high = 1.03;
    begin(chart,
          "P(inside) under each line; dashed: from where a look counts as inside, as outside");
    skyh_svg_put(chart->page, "<path class=\"limit\" d=\"M%.1f %.1fh%.1fM%.1f %.1fh%.1f\"/>\n",
                 left_px, y_of(chart, config->p_enter), width_px, left_px,
                 y_of(chart, config->p_exit), width_px);
    put_lines(chart);
    skyh_svg_put(chart->page, "</svg>\n");
}

static void put_flight(struct chart *chart, enum quantity of, double least_span, const char *title)
{
    double y = 0.0;
    chart->of = of;
    if (!fit(chart, least_span)) {
        return;
    }
    chart->low = of == SPEED ? fmax(chart->low, 0.0) : chart->low;
    begin(chart, title);
    if (of == HEIGHT) {
        put_band(chart, 0, 9);
    }
    skyh_svg_put(chart->page, "<path class=\"track\" d=\"");
    (void)put_curve(chart, 0, 0.0, false, false, &y);
    skyh_svg_put(chart->page, "\"/>\n</svg>\n");
}

/* ------------------------------------------------------------------------------------- watch */

/* A bar for each source: full while it was heard, hatched where it was not. */
void skyh_page_watch(struct skyh_svg *page, const struct skyh_scene *scene)
{
    const struct skyh_dossier *const dossier = scene->dossier;
    size_t rows = 0, row = 0;
    for (size_t i = 0; i < dossier->source_count; i++) {
        rows += dossier->source[i].run == scene->run->run ? 1 : 0;
    }
    const double top = 20.0, pitch = 22.0, height = pitch * (double)rows;
    if (rows == 0) {
        return;
    }
    skyh_svg_put(page,
                 "<svg class=\"chart\" data-plot=\"%.0f %.0f %.0f %.0f\" viewBox=\"0 0 %.0f %.0f\" "
                 "role=\"img\" aria-label=\"who was on watch\">\n",
                 left_px, top, width_px, height, left_px + width_px + 24.0, top + height + 20.0);
    skyh_svg_put(page,
                 "<text class=\"title\" x=\"%.1f\" y=\"13\">On watch; hatched: not heard"
                 "</text>\n",
                 left_px);
    time_axis(page, scene, top, height);
    for (size_t i = 0; i < dossier->source_count; i++) {
        if (dossier->source[i].run != scene->run->run) {
            continue;
        }
        const double y = top + pitch * (double)row++;
        skyh_svg_put(page, "<text class=\"tick end\" x=\"%.1f\" y=\"%.1f\">", left_px - 5.0,
                     y + 15.0);
        char name[15];
        (void)snprintf(name, sizeof name, "%.14s", dossier->source[i].name);
        skyh_svg_say(page, name);
        skyh_svg_put(page,
                     "</text>\n<rect class=\"gap\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                     "height=\"14\"/>\n",
                     left_px, y + 4.0, width_px);
        for (size_t k = 0; k < dossier->heard_count; k++) {
            const struct skyh_heard *const heard = &dossier->heard[k];
            if (heard->source != i || heard->to_utc_ns < scene->from_utc_ns ||
                heard->from_utc_ns > scene->to_utc_ns) {
                continue;
            }
            const double from = fmax(x_of(scene, heard->from_utc_ns), left_px);
            const double to = fmin(x_of(scene, heard->to_utc_ns), left_px + width_px);
            skyh_svg_put(page,
                         "<rect class=\"heard\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                         "height=\"14\"/>\n",
                         from, y + 4.0, fmax(to - from, 0.8));
        }
    }
    skyh_svg_put(page, "</svg>\n");
}

void skyh_page_charts(struct skyh_svg *page, const struct skyh_scene *scene)
{
    struct chart chart = {.page = page, .scene = scene, .top = 20.0, .height = 210.0};
    put_distance(&chart);
    chart.height = 110.0;
    put_probability(&chart);
    put_flight(&chart, HEIGHT, 400.0, "Height above the ellipsoid, m, with 95 % bounds");
    put_flight(&chart, SPEED, 40.0, "Speed over ground, m/s");
    skyh_page_watch(page, scene);
}
