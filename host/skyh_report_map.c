#include "skyh_report_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sky_math.h"

static const double deg_per_rad = 180.0 / SKY_PI;
static const double width_px = 720.0;
static const double height_px = 500.0;

/* A flat picture of the ground about a place. */
struct map {
    const struct skyh_scene *scene;
    struct skyh_svg *page;
    double lat_rad; /* of the middle */
    double lon_rad;
    struct sky_geo_radii radii;
    double px_per_m;
    double left, top; /* of the frame */
    double width, height;
    struct skyh_labels labels;
};

struct spot_px {
    double x;
    double y;
};

static struct spot_px to_px(const struct map *map, double lat_rad, double lon_rad)
{
    const double east_m = sky_wrap_pi(lon_rad - map->lon_rad) * map->radii.east_m;
    const double north_m = (lat_rad - map->lat_rad) * map->radii.north_m;
    return (struct spot_px){map->left + 0.5 * map->width + east_m * map->px_per_m,
                            map->top + 0.5 * map->height - north_m * map->px_per_m};
}

static bool is_in_frame(const struct map *map, struct spot_px at, double margin)
{
    return at.x >= map->left - margin && at.x <= map->left + map->width + margin &&
           at.y >= map->top - margin && at.y <= map->top + map->height + margin;
}

static void put_point(struct skyh_svg *page, const char *before, struct spot_px at)
{
    skyh_svg_put(page, "%s", before);
    skyh_svg_number(page, at.x);
    skyh_svg_put(page, " ");
    skyh_svg_number(page, at.y);
}

/* A text where there is room for it near a point. */
static void label(struct map *map, struct spot_px at, const char *class, const char *text)
{
    double x = 0.0, y = 0.0;
    if (skyh_labels_find(&map->labels, at.x, at.y, strlen(text), &x, &y)) {
        skyh_svg_put(map->page, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
        skyh_svg_say(map->page, text);
        skyh_svg_put(map->page, "</text>\n");
    }
}

/* ------------------------------------------------------------------------------------- frame */

struct extent {
    bool any;
    double south, north; /* radians */
    double west, east;   /* relative to the first place */
    double lon_rad;
};

static void extend(struct extent *extent, double lat_rad, double lon_rad)
{
    if (!extent->any) {
        *extent = (struct extent){true, lat_rad, lat_rad, 0.0, 0.0, lon_rad};
    }
    const double east_rad = sky_wrap_pi(lon_rad - extent->lon_rad);
    extent->south = fmin(extent->south, lat_rad);
    extent->north = fmax(extent->north, lat_rad);
    extent->west = fmin(extent->west, east_rad);
    extent->east = fmax(extent->east, east_rad);
}

/* Lays the extent into the frame, with room around it. */
static void frame(struct map *map, const struct extent *extent, double least_m)
{
    map->lat_rad = 0.5 * (extent->south + extent->north);
    map->lon_rad = sky_wrap_pi(extent->lon_rad + 0.5 * (extent->west + extent->east));
    map->radii = sky_geo_radii_at(map->lat_rad);
    const double wide_m = fmax(least_m, 1.2 * (extent->east - extent->west) * map->radii.east_m);
    const double high_m = fmax(least_m, 1.2 * (extent->north - extent->south) * map->radii.north_m);
    map->px_per_m = fmin(map->width / wide_m, map->height / high_m);
    map->labels = (struct skyh_labels){.left = map->left + 2.0,
                                       .top = map->top + 2.0,
                                       .right = map->left + map->width - 2.0,
                                       .bottom = map->top + map->height - 2.0};
}

static void begin(struct map *map, const char *id, const char *title)
{
    const double foot_px = 24.0;
    skyh_svg_put(map->page,
                 "<svg class=\"map\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
                 map->left + map->width + 4.0, map->top + map->height + foot_px);
    skyh_svg_say(map->page, title);
    skyh_svg_put(map->page,
                 "\">\n<defs><clipPath id=\"%s\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                 "height=\"%.1f\"/></clipPath></defs>\n",
                 id, map->left, map->top, map->width, map->height);
    skyh_svg_put(map->page,
                 "<rect class=\"ground\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
                 map->left, map->top, map->width, map->height);
}

static void put_degrees(struct map *map, double degrees, double step, char positive, char negative)
{
    const int decimals = step < 0.0095 ? 3 : (step < 0.095 ? 2 : (step < 0.95 ? 1 : 0));
    skyh_svg_put(map->page, "%.*f&#176; %c</text>\n", decimals, fabs(degrees),
                 degrees < 0.0 ? negative : positive);
}

/* Meridians and parallels, named at the left and below. */
static void graticule(struct map *map)
{
    const double high_deg = map->height / map->px_per_m / map->radii.north_m * deg_per_rad;
    const double wide_deg = map->width / map->px_per_m / map->radii.east_m * deg_per_rad;
    const double step = skyh_svg_step(high_deg, 6);
    const double wide_step = skyh_svg_step(wide_deg, 7);
    const double lat0 = map->lat_rad * deg_per_rad, lon0 = map->lon_rad * deg_per_rad;
    for (double k = ceil((lat0 - 0.5 * high_deg) / step); k * step < lat0 + 0.5 * high_deg; k++) {
        const struct spot_px at = to_px(map, k * step / deg_per_rad, map->lon_rad);
        skyh_svg_put(map->page, "<path class=\"grid\" d=\"M%.1f %.1fh%.1f\"/>\n", map->left, at.y,
                     map->width);
        skyh_svg_put(map->page, "<text class=\"tick end\" x=\"%.1f\" y=\"%.1f\">", map->left - 5.0,
                     at.y + 4.0);
        put_degrees(map, k * step, step, 'N', 'S');
    }
    for (double k = ceil((lon0 - 0.5 * wide_deg) / wide_step);
         k * wide_step < lon0 + 0.5 * wide_deg; k++) {
        const struct spot_px at = to_px(map, map->lat_rad, k * wide_step / deg_per_rad);
        skyh_svg_put(map->page, "<path class=\"grid\" d=\"M%.1f %.1fv%.1f\"/>\n", at.x, map->top,
                     map->height);
        skyh_svg_put(map->page, "<text class=\"tick mid\" x=\"%.1f\" y=\"%.1f\">", at.x,
                     map->top + map->height + 16.0);
        put_degrees(map, sky_wrap_pi(k * wide_step / deg_per_rad) * deg_per_rad, wide_step, 'E',
                    'W');
    }
}

/* North is up in the middle of the map, and nearly so elsewhere. */
static void north_and_scale(struct map *map)
{
    const double length_m = skyh_svg_step(120.0 / map->px_per_m, 1);
    const double length_px = length_m * map->px_per_m;
    const double x = map->left + 14.0, y = map->top + map->height - 14.0;
    char text[32];
    (void)snprintf(text, sizeof text, length_m >= 1000.0 ? "%.0f km" : "%.0f m",
                   length_m >= 1000.0 ? length_m / 1000.0 : length_m);
    skyh_svg_put(map->page,
                 "<rect class=\"key\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"34\"/>\n"
                 "<path class=\"scale\" d=\"M%.1f %.1fv5h%.1fv-5\"/>\n"
                 "<text class=\"tick mid\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                 x - 8.0, y - 24.0, fmax(length_px, 40.0) + 16.0, x, y - 3.0, length_px,
                 x + 0.5 * length_px, y - 8.0, text);
    const double north_x = map->left + map->width - 22.0, north_y = map->top + 14.0;
    skyh_svg_put(map->page,
                 "<path class=\"north\" d=\"M%.1f %.1fl8 24l-8 -6l-8 6z\"/>\n"
                 "<text class=\"tick mid\" x=\"%.1f\" y=\"%.1f\">N</text>\n",
                 north_x, north_y, north_x, north_y + 38.0);
}

static void block_furniture(struct map *map)
{
    skyh_labels_block(&map->labels, map->left, map->top + map->height - 44.0, 160.0, 44.0);
    skyh_labels_block(&map->labels, map->left + map->width - 40.0, map->top, 40.0, 60.0);
}

/* ------------------------------------------------------------------------------------- lines */

/* Whether any part of an edge may be in the frame, or in a band that reaches into it. */
static bool is_edge_near(const struct map *map, struct spot_px a, struct spot_px b, double margin)
{
    return fmax(a.x, b.x) >= map->left - margin &&
           fmin(a.x, b.x) <= map->left + map->width + margin &&
           fmax(a.y, b.y) >= map->top - margin && fmin(a.y, b.y) <= map->top + map->height + margin;
}

static struct spot_px vertex_px(const struct map *map, const struct sky_ring *ring, uint32_t i)
{
    const struct sky_vertex *const vertex =
        &map->scene->zones->set.vertex[ring->first + i % ring->count];
    return to_px(map, (double)vertex->lat_e7 * 1e-7 / deg_per_rad,
                 (double)vertex->lon_e7 * 1e-7 / deg_per_rad);
}

/* The border of a ring, cut to what is near the frame. False if nothing is. */
static bool put_ring(const struct map *map, const struct sky_ring *ring, double margin)
{
    struct spot_px last = {-1e9, -1e9};
    bool drawing = false, any = false;
    for (uint32_t i = 0; i < ring->count - ring->closing; i++) {
        const struct spot_px a = vertex_px(map, ring, i), b = vertex_px(map, ring, i + 1);
        if (!is_edge_near(map, a, b, margin)) {
            drawing = false;
            continue;
        }
        if (!drawing) {
            put_point(map->page, "M", a);
            last = a;
        }
        drawing = true;
        any = true;
        if (fabs(b.x - last.x) + fabs(b.y - last.y) > 0.5) {
            put_point(map->page, "L", b);
            last = b;
        }
    }
    return any;
}

static void put_line_path(const struct map *map, uint32_t line, const char *class, double width,
                          double margin)
{
    const struct sky_zone_set *const set = &map->scene->zones->set;
    skyh_svg_put(map->page, "<path class=\"%s\"", class);
    if (width > 0.0) {
        skyh_svg_put(map->page, " stroke-width=\"%.1f\"", width);
    }
    skyh_svg_put(map->page, " d=\"M0 0");
    for (uint32_t r = 0; r < set->line[line].ring_count; r++) {
        (void)put_ring(map, &set->ring[set->line[line].first_ring + r], margin);
    }
    skyh_svg_put(map->page, "\"/>\n");
}

/* A letter upon its line, where no other label is: the frame is searched from a share of it. */
static void put_letter(struct map *map, uint32_t line, uint32_t n)
{
    const struct sky_zone_set *const set = &map->scene->zones->set;
    for (int attempt = 0; attempt < 12; attempt++) {
        const double share = fmod(0.12 + 0.17 * (double)n + 0.23 * (double)attempt, 0.9) + 0.05;
        const double x = map->left + share * map->width;
        for (uint32_t r = 0; r < set->line[line].ring_count; r++) {
            const struct sky_ring *const ring = &set->ring[set->line[line].first_ring + r];
            for (uint32_t i = 0; i < ring->count - ring->closing; i++) {
                const struct spot_px a = vertex_px(map, ring, i), b = vertex_px(map, ring, i + 1);
                if ((a.x - x) * (b.x - x) > 0.0 || fabs(a.x - b.x) < 1e-9) {
                    continue;
                }
                const struct spot_px at = {x, a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x)};
                double left = 0.0, base = 0.0;
                struct skyh_labels trial = map->labels;
                if (!is_in_frame(map, at, -12.0) ||
                    !skyh_labels_find(&trial, at.x - 13.0, at.y, 1, &left, &base) ||
                    fabs(left + 3.5 - at.x) > 12.0 || fabs(base - 4.0 - at.y) > 6.0) {
                    continue;
                }
                skyh_labels_block(&map->labels, at.x - 10.0, at.y - 10.0, 20.0, 20.0);
                skyh_svg_put(map->page,
                             "<circle class=\"badge\" cx=\"%.1f\" cy=\"%.1f\" r=\"9\"/>"
                             "<text class=\"letter mid\" x=\"%.1f\" y=\"%.1f\">%c</text>\n",
                             at.x, at.y, at.x, at.y + 4.5, (int)('A' + n));
                return;
            }
        }
    }
}

static void put_lines(struct map *map, bool with_bands)
{
    const struct sky_zone *const zone = &map->scene->zones->set.zone[map->scene->zone];
    char class[32];
    for (uint32_t n = 0; with_bands && n < zone->line_count; n++) {
        const double band_px =
            4.0 * skyh_scene_line_sigma_m(map->scene, zone->first_line + n) * map->px_per_m;
        (void)snprintf(class, sizeof class, "band c%u", n);
        put_line_path(map, zone->first_line + n, class, band_px, band_px);
    }
    for (uint32_t n = 0; n < zone->line_count; n++) {
        (void)snprintf(class, sizeof class, "line c%u d%u", n, n);
        put_line_path(map, zone->first_line + n, class, 0.0, 4.0);
    }
}

static void put_letters(struct map *map)
{
    const struct sky_zone *const zone = &map->scene->zones->set.zone[map->scene->zone];
    for (uint32_t n = 0; n < zone->line_count; n++) {
        put_letter(map, zone->first_line + n, n);
    }
}

/* ------------------------------------------------------------------------------------ flights */

static size_t count_looks(const struct skyh_scene *scene)
{
    size_t count = 0;
    for (size_t i = 0; i < scene->dossier->look_count; i++) {
        count += skyh_scene_has(scene, &scene->dossier->look[i]) ? 1 : 0;
    }
    return count;
}

/* Every so many looks, so that a page stays small; their instants too, for the slider. */
static void put_track(struct map *map, bool with_times)
{
    const struct skyh_dossier *const dossier = map->scene->dossier;
    const size_t stride = count_looks(map->scene) / 800 + 1;
    struct skyh_svg times = {0};
    uint32_t track_id = 0;
    size_t n = 0;
    skyh_svg_put(map->page, "<path class=\"track\" d=\"M0 0");
    for (size_t i = 0; i < dossier->look_count; i++) {
        const struct skyh_look *const look = &dossier->look[i];
        if (!skyh_scene_has(map->scene, look) ||
            (n++ % stride != 0 && look->track_id == track_id)) {
            continue;
        }
        put_point(map->page, look->track_id == track_id ? "L" : "M",
                  to_px(map, look->place.lat_rad, look->place.lon_rad));
        skyh_svg_put(&times, "%s%.1f", times.count > 0 ? " " : "",
                     (double)(look->utc_ns - map->scene->from_utc_ns) * 1e-9);
        track_id = look->track_id;
    }
    if (with_times && times.count > 0) {
        skyh_svg_put(map->page, "\" data-times=\"%s", times.text);
    }
    skyh_svg_put(map->page, "\"/>\n");
    skyh_svg_done(&times);
}

/* 2 sigma of everything but the lines. */
static void put_ellipse(struct map *map, const struct skyh_look *look)
{
    const struct spot_px at = to_px(map, look->place.lat_rad, look->place.lon_rad);
    const double half = 0.5 * (look->var_east_m2 - look->var_north_m2);
    const double mean = 0.5 * (look->var_east_m2 + look->var_north_m2);
    const double root = sky_sqrt(half * half + look->cov_east_north_m2 * look->cov_east_north_m2);
    const double turn_deg =
        -0.5 * sky_atan2(2.0 * look->cov_east_north_m2, 2.0 * half) * deg_per_rad;
    skyh_svg_put(map->page,
                 "<ellipse class=\"ellipse\" rx=\"%.1f\" ry=\"%.1f\" "
                 "transform=\"translate(%.1f %.1f) rotate(%.1f)\"/>\n",
                 2.0 * sky_sqrt(mean + root) * map->px_per_m,
                 2.0 * sky_sqrt(fmax(mean - root, 0.0)) * map->px_per_m, at.x, at.y,
                 fabs(turn_deg) < 0.05 ? 0.0 : turn_deg);
}

static void put_ellipses(struct map *map)
{
    const struct skyh_dossier *const dossier = map->scene->dossier;
    const size_t stride = count_looks(map->scene) / 40 + 1;
    size_t n = 0;
    for (size_t i = 0; i < dossier->look_count; i++) {
        if (skyh_scene_has(map->scene, &dossier->look[i]) && n++ % stride == 0) {
            put_ellipse(map, &dossier->look[i]);
        }
    }
}

static bool is_spot_shown(const struct skyh_scene *scene, const struct skyh_spot *spot)
{
    return scene->incident != NULL && spot->run == scene->run->run &&
           spot->track_id == scene->incident->said.track_id && spot->utc_ns >= scene->from_utc_ns &&
           spot->utc_ns <= scene->to_utc_ns;
}

/* One mark for each sensor: a cross, a plus, a dash, ... */
static void put_spots(struct map *map)
{
    static const char *const marks[] = {
        "m-3-3l6 6m0-6l-6 6", "m-3 0h6m-3-3v6", "m-3 0h6",   "m0-3v6",
        "m-3-3h6v6h-6z",      "m0-3l3 6h-6z",   "m-3 3l6-6", "m-3-3l6 6"};
    const struct skyh_dossier *const dossier = map->scene->dossier;
    size_t count = 0, n = 0;
    for (size_t i = 0; i < dossier->spot_count; i++) {
        count += is_spot_shown(map->scene, &dossier->spot[i]) ? 1 : 0;
    }
    const size_t stride = count / 1200 + 1;
    for (uint32_t sensor = 0; sensor < map->scene->run->config.sensor_count; sensor++) {
        skyh_svg_put(map->page, "<path class=\"plot\" d=\"M0 0");
        for (size_t i = 0; i < dossier->spot_count; i++) {
            const struct skyh_spot *const spot = &dossier->spot[i];
            if (!is_spot_shown(map->scene, spot) || n++ % stride != 0 || spot->sensor != sensor) {
                continue;
            }
            const struct spot_px at = to_px(map, spot->lat_rad, spot->lon_rad);
            if (is_in_frame(map, at, 3.0)) {
                put_point(map->page, "M", at);
                skyh_svg_put(map->page, "%s", marks[sensor % 8]);
            }
        }
        skyh_svg_put(map->page, "\"/>\n");
    }
}

static void put_mark(struct map *map, const struct skyh_look *look, const char *shape,
                     const char *what)
{
    char text[64], clock[SKYH_UTC_TEXT_MAX];
    const struct spot_px at = to_px(map, look->place.lat_rad, look->place.lon_rad);
    (void)snprintf(text, sizeof text, "%s %s", what, skyh_page_clock(look->utc_ns, 0, clock));
    skyh_svg_put(map->page, "<path class=\"mark\" d=\"");
    put_point(map->page, "M", at);
    skyh_svg_put(map->page, "%s\"/>\n", shape);
    skyh_labels_block(&map->labels, at.x - 6.0, at.y - 6.0, 12.0, 12.0);
    label(map, at, "note", text);
}

/* Where it was first and last seen, and deepest under any line. */
static void put_marks(struct map *map)
{
    const struct skyh_dossier *const dossier = map->scene->dossier;
    const struct skyh_look *first = NULL, *last = NULL, *deepest = NULL;
    double least_m = HUGE_VAL;
    for (size_t i = 0; i < dossier->look_count; i++) {
        const struct skyh_look *const look = &dossier->look[i];
        if (!skyh_scene_has(map->scene, look)) {
            continue;
        }
        first = first == NULL ? look : first;
        last = look;
        for (size_t k = look->first; k < look->first + look->count; k++) {
            if (dossier->assessment[k].distance_m < least_m) {
                least_m = dossier->assessment[k].distance_m;
                deepest = look;
            }
        }
    }
    if (first != NULL) {
        put_mark(map, first, "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", "seen from");
    }
    if (deepest != NULL && least_m < 0.0) {
        put_mark(map, deepest, "m0-6l6 10h-12z", "deepest");
    }
    if (last != NULL) {
        put_mark(map, last, "m-4-4h8v8h-8z", "last seen");
    }
}

/* The track keeps other labels off it. */
static void block_track(struct map *map)
{
    const struct skyh_dossier *const dossier = map->scene->dossier;
    const size_t stride = count_looks(map->scene) / 30 + 1;
    size_t n = 0;
    for (size_t i = 0; i < dossier->look_count; i++) {
        const struct skyh_look *const look = &dossier->look[i];
        if (skyh_scene_has(map->scene, look) && n++ % stride == 0) {
            const struct spot_px at = to_px(map, look->place.lat_rad, look->place.lon_rad);
            skyh_labels_block(&map->labels, at.x - 5.0, at.y - 5.0, 10.0, 10.0);
        }
    }
}

static bool extent_of(const struct skyh_scene *scene, struct extent *extent)
{
    for (size_t i = 0; i < scene->dossier->look_count; i++) {
        const struct skyh_look *const look = &scene->dossier->look[i];
        if (skyh_scene_has(scene, look)) {
            extend(extent, look->place.lat_rad, look->place.lon_rad);
        }
    }
    return extent->any;
}

/* Begins a map of an extent: its frame, graticule, and the group that is cut at the frame. */
static struct map open_map(struct skyh_svg *page, const struct skyh_scene *scene,
                           const struct extent *extent, double height, const char *name,
                           const char *title)
{
    struct map map = {.scene = scene,
                      .page = page,
                      .left = 62.0,
                      .top = 4.0,
                      .width = width_px,
                      .height = height};
    char id[40];
    (void)snprintf(id, sizeof id, "%s%llu-%u", name, (unsigned long long)scene->run->run,
                   scene->incident != NULL ? scene->incident->said.id : 0U);
    frame(&map, extent, 4000.0);
    begin(&map, id, title);
    graticule(&map);
    skyh_svg_put(page, "<g clip-path=\"url(#%s)\">\n", id);
    return map;
}

/* Ends what is cut at the frame; labels come now, and not where anything else is. */
static void begin_labels(struct map *map)
{
    skyh_svg_put(map->page, "</g>\n");
    block_furniture(map);
    block_track(map);
}

static void close_map(struct map *map)
{
    north_and_scale(map);
    skyh_svg_put(map->page, "</svg>\n");
}

void skyh_page_map(struct skyh_svg *page, const struct skyh_scene *scene)
{
    struct extent extent = {0};
    if (!extent_of(scene, &extent)) {
        return;
    }
    struct map map =
        open_map(page, scene, &extent, height_px, "map", "map of the lines and the track");
    put_lines(&map, true);
    put_spots(&map);
    put_ellipses(&map);
    put_track(&map, true);
    begin_labels(&map);
    put_letters(&map);
    put_marks(&map);
    close_map(&map);
}

/* ----------------------------------------------------------------------------------- coverage */

static bool sensor_place(const struct skyh_scene *scene, uint32_t sensor, struct sky_lla *ret_place)
{
    const struct sky_sensor_config *const config = &scene->run->config.sensor[sensor];
    if (config->kind != SKY_SENSOR_RADAR || (config->at_station && !scene->run->has_place)) {
        return false;
    }
    *ret_place = config->at_station ? scene->run->place : config->site;
    return true;
}

static void put_sensor(struct map *map, uint32_t sensor)
{
    const struct sky_sensor_config *const config = &map->scene->run->config.sensor[sensor];
    struct sky_lla place;
    if (!sensor_place(map->scene, sensor, &place)) {
        return;
    }
    const struct spot_px at = to_px(map, place.lat_rad, place.lon_rad);
    skyh_svg_put(map->page, "<circle class=\"reach d%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n",
                 sensor, at.x, at.y, config->range_max_m * map->px_per_m);
    skyh_svg_put(map->page, "<path class=\"mark\" d=\"");
    put_point(map->page, "M", at);
    skyh_svg_put(map->page, "m-5 4h10l-5-10z\"/>\n");
    skyh_labels_block(&map->labels, at.x - 7.0, at.y - 7.0, 14.0, 14.0);
}

static void name_sensor(struct map *map, uint32_t sensor)
{
    const struct sky_sensor_config *const config = &map->scene->run->config.sensor[sensor];
    struct sky_lla place;
    char text[64];
    if (sensor_place(map->scene, sensor, &place)) {
        (void)snprintf(text, sizeof text, "%s, %.0f km", config->name, config->range_max_m * 1e-3);
        label(map, to_px(map, place.lat_rad, place.lon_rad), "note", text);
    }
}

void skyh_page_coverage(struct skyh_svg *page, const struct skyh_scene *scene)
{
    struct extent extent = {0};
    (void)extent_of(scene, &extent);
    for (uint32_t i = 0; i < scene->run->config.sensor_count; i++) {
        struct sky_lla place;
        if (sensor_place(scene, i, &place)) {
            const struct sky_geo_radii radii = sky_geo_radii_at(place.lat_rad);
            const double range_m = scene->run->config.sensor[i].range_max_m;
            extend(&extent, place.lat_rad + range_m / radii.north_m, place.lon_rad);
            extend(&extent, place.lat_rad - range_m / radii.north_m, place.lon_rad);
            extend(&extent, place.lat_rad, sky_wrap_pi(place.lon_rad + range_m / radii.east_m));
            extend(&extent, place.lat_rad, sky_wrap_pi(place.lon_rad - range_m / radii.east_m));
        }
    }
    if (!extent.any) {
        return;
    }
    struct map map =
        open_map(page, scene, &extent, 0.72 * height_px, "reach", "map of where the sensors see");
    put_lines(&map, false);
    for (uint32_t i = 0; i < scene->run->config.sensor_count; i++) {
        put_sensor(&map, i);
    }
    put_track(&map, false);
    begin_labels(&map);
    for (uint32_t i = 0; i < scene->run->config.sensor_count; i++) {
        name_sensor(&map, i);
    }
    put_letters(&map);
    close_map(&map);
}
