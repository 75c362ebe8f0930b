#include "skyh_drawing.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void skyh_notes_add(struct skyh_notes *notes, const char *format, ...)
{
    if (notes->count < SKYH_NOTES_MAX) {
        va_list list;
        va_start(list, format);
        (void)vsnprintf(notes->text[notes->count], SKYH_TEXT_MAX, format, list);
        va_end(list);
    }
    notes->count++;
}

/* Room for one more of `count` elements. Returns where they are now, or NULL. */
static void *grow(const struct skyh_drawing *drawing, void *elements, uint32_t count,
                  uint32_t *room, uint32_t most, size_t bytes, struct skyh_problem *problem)
{
    if (count < *room) {
        return elements;
    }
    if (count >= most) {
        (void)skyh_fail(problem, SKYH_EXIT_DATA,
                        "%s: too much in one file; expected at most %d features, %d rings or lines "
                        "and %d positions",
                        drawing->file, SKYH_FEATURES_MAX, SKYH_PATHS_MAX, SKYH_POINTS_MAX);
        return NULL;
    }
    const uint32_t wanted = count < 16 ? 32 : 2 * count;
    void *const grown = realloc(elements, wanted * bytes);
    if (grown == NULL) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", drawing->file);
        return NULL;
    }
    *room = wanted;
    return grown;
}

struct skyh_feature *skyh_drawing_feature(struct skyh_drawing *drawing,
                                          struct skyh_problem *problem)
{
    struct skyh_feature *const all =
        grow(drawing, drawing->feature, drawing->feature_count, &drawing->feature_room,
             SKYH_FEATURES_MAX, sizeof *all, problem);
    if (all == NULL) {
        return NULL;
    }
    struct skyh_feature *const feature = &all[drawing->feature_count++];
    memset(feature, 0, sizeof *feature);
    feature->first_path = drawing->path_count;
    feature->zone.floor.unlimited = feature->zone.ceiling.unlimited = true;
    feature->zone.floor.datum = feature->zone.ceiling.datum = SKY_DATUM_HAE;
    feature->line.rule = SKY_EDGE_PLANAR;
    drawing->feature = all;
    return feature;
}

struct skyh_path *skyh_drawing_path(struct skyh_drawing *drawing, struct skyh_problem *problem)
{
    struct skyh_path *const all = grow(drawing, drawing->path, drawing->path_count,
                                       &drawing->path_room, SKYH_PATHS_MAX, sizeof *all, problem);
    if (all == NULL) {
        return NULL;
    }
    struct skyh_path *const path = &all[drawing->path_count++];
    memset(path, 0, sizeof *path);
    path->first = drawing->point_count;
    drawing->path = all;
    drawing->feature[drawing->feature_count - 1].path_count++;
    return path;
}

bool skyh_drawing_point(struct skyh_drawing *drawing, struct skyh_place at, uint32_t number,
                        struct skyh_problem *problem)
{
    struct skyh_point *const all =
        grow(drawing, drawing->point, drawing->point_count, &drawing->point_room, SKYH_POINTS_MAX,
             sizeof *all, problem);
    if (all == NULL) {
        return false;
    }
    all[drawing->point_count++] = (struct skyh_point){.at = at, .number = number};
    drawing->point = all;
    drawing->path[drawing->path_count - 1].count++;
    return true;
}

bool skyh_drawing_arc(struct skyh_drawing *drawing, const struct skyh_arc *arc,
                      struct skyh_place from, struct skyh_place to, uint32_t number,
                      struct skyh_problem *problem)
{
    struct skyh_arc *const all = grow(drawing, drawing->arc, drawing->arc_count, &drawing->arc_room,
                                      SKYH_POINTS_MAX, sizeof *all, problem);
    if (all == NULL) {
        return false;
    }
    all[drawing->arc_count++] = *arc;
    drawing->arc = all;
    if (!skyh_drawing_point(drawing, from, number, problem)) {
        return false;
    }
    drawing->point[drawing->point_count - 1].arc = drawing->arc_count;
    return skyh_drawing_point(drawing, to, number, problem);
}

bool skyh_drawing_circle(struct skyh_drawing *drawing, struct skyh_place centre, double radius_m,
                         uint32_t number, struct skyh_problem *problem)
{
    const struct skyh_place north = skyh_curve_go(centre, 0.0, radius_m);
    const struct skyh_place south = skyh_curve_go(centre, 180.0, radius_m);
    const struct skyh_arc west = {centre, 0.0, -180.0, radius_m, radius_m};
    const struct skyh_arc east = {centre, 180.0, -180.0, radius_m, radius_m};
    return skyh_drawing_arc(drawing, &west, north, south, number, problem) &&
           skyh_drawing_arc(drawing, &east, south, north, number, problem);
}

void skyh_drawing_done(struct skyh_drawing *drawing)
{
    free(drawing->feature);
    free(drawing->path);
    free(drawing->point);
    free(drawing->arc);
    memset(drawing, 0, sizeof *drawing);
}

/* Bytes of the UTF-8 character at `at`, 0 if it is none: no continuation is a zero. */
static size_t character_bytes(const unsigned char *at)
{
    const size_t bytes = at[0] < 0x80 ? 1 : (at[0] >= 0xF0 ? 4 : (at[0] >= 0xE0 ? 3 : 2));
    if (at[0] >= 0x80 && (at[0] < 0xC2 || at[0] > 0xF4)) {
        return 0;
    }
    for (size_t i = 1; i < bytes; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    const unsigned int second = bytes > 2 ? at[1] : 0x90;
    const bool overlong = (at[0] == 0xE0 && second < 0xA0) || (at[0] == 0xF0 && second < 0x90);
    const bool beyond = (at[0] == 0xED && second > 0x9F) || (at[0] == 0xF4 && second > 0x8F);
    return overlong || beyond ? 0 : bytes;
}

void skyh_drawing_text(char text[SKYH_TEXT_MAX], const char *name)
{
    const unsigned char *at = (const unsigned char *)name;
    size_t used = 0;
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    while (*at != '\0') {
        const size_t bytes = character_bytes(at);
        if (used + (bytes == 0 ? 2 : bytes) >= SKYH_TEXT_MAX) {
            break;
        }
        if (bytes == 0) {
            text[used++] = (char)(0xC0 | (*at >> 6));
            text[used++] = (char)(0x80 | (*at & 0x3F));
            at++;
        } else {
            memcpy(text + used, at, bytes);
            used += bytes;
            at += bytes;
        }
    }
    while (used > 0 && strchr(" \t\r\n", text[used - 1]) != NULL) {
        used--;
    }
    text[used] = '\0';
}

void skyh_drawing_text_and(char text[SKYH_TEXT_MAX], const char *name, const char *tail)
{
    skyh_drawing_text(text, name);
    const size_t room = SKYH_TEXT_MAX - 1 - strlen(tail);
    size_t cut = strlen(text) < room ? strlen(text) : room;
    while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80) {
        cut--;
    }
    memcpy(text + cut, tail, strlen(tail) + 1);
}

char *skyh_drawing_where(const struct skyh_drawing *drawing, const struct skyh_path *path,
                         uint32_t number, char text[SKYH_WHERE_MAX])
{
    switch (drawing->numbering) {
    case SKYH_NUMBERING_POSITIONS:
        (void)snprintf(text, SKYH_WHERE_MAX, "%.*s[%u]", SKYH_WHERE_MAX - 16, path->where, number);
        return text;
    case SKYH_NUMBERING_LINES:
        break;
    }
    (void)snprintf(text, SKYH_WHERE_MAX, "line %u", number);
    return text;
}
