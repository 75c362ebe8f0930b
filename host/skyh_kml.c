#include "skyh_kml.h"

#include <expat.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the characters between two tags are kept for. */
enum content { CONTENT_NONE = 0, CONTENT_NAME, CONTENT_COORDINATES };

/* A file while it is read. */
struct reading {
    struct skyh_drawing *drawing;
    struct skyh_problem *problem;
    XML_Parser parser;
    bool failed;
    bool in_placemark;
    uint32_t nesting; /* of elements in the Placemark */
    bool in_hole;
    bool in_path;   /* a LinearRing or LineString */
    uint32_t rings; /* of the Placemark */
    uint32_t lines;
    enum content content;
    uint32_t content_line;
    char *text; /* collected so far, ended by a zero */
    size_t count;
    size_t room;
    uint32_t left_out; /* Placemarks without anything to draw */
    bool has_altitudes;
};

/* The first error stands; the parser is stopped. */
static void fail(struct reading *reading, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void fail(struct reading *reading, uint32_t line, const char *format, ...)
{
    char text[400];
    va_list list;
    if (reading->failed) {
        return;
    }
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    (void)skyh_fail(reading->problem, SKYH_EXIT_DATA, "%s: line %u: %s", reading->drawing->file,
                    line, text);
    reading->failed = true;
    (void)XML_StopParser(reading->parser, XML_FALSE);
}

/* What a helper has said already. */
static void give_up(struct reading *reading)
{
    reading->failed = true;
    (void)XML_StopParser(reading->parser, XML_FALSE);
}

static uint32_t line_of(const struct reading *reading)
{
    return (uint32_t)XML_GetCurrentLineNumber(reading->parser);
}

/* A name without the prefix of its namespace. */
static const char *local(const char *name)
{
    const char *const colon = strrchr(name, ':');
    return colon != NULL ? colon + 1 : name;
}

/* ------------------------------------------------------------------------------- coordinates */

/* Takes a decimal number. */
static bool take_number(const char **at, double *ret_number)
{
    char digits[64];
    const size_t length = strspn(*at, "+-.0123456789eE");
    char *end = NULL;
    if (length == 0 || length >= sizeof digits) {
        return false;
    }
    memcpy(digits, *at, length);
    digits[length] = '\0';
    *ret_number = strtod(digits, &end);
    *at += length;
    return *end == '\0' && isfinite(*ret_number);
}

/* Takes "longitude,latitude" and perhaps an altitude. */
static bool take_tuple(struct reading *reading, const char **at, struct skyh_place *ret_place)
{
    double altitude = 0.0;
    if (!take_number(at, &ret_place->lon_deg) || **at != ',') {
        return false;
    }
    (*at)++;
    if (!take_number(at, &ret_place->lat_deg)) {
        return false;
    }
    if (**at == ',') {
        (*at)++;
        if (!take_number(at, &altitude)) {
            return false;
        }
    }
    reading->has_altitudes = reading->has_altitudes || fabs(altitude) > 0.0;
    return **at == '\0' || strchr(" \t\r\n", **at) != NULL;
}

/* Adds what was collected to the path that its ring or line began. */
static void draw_coordinates(struct reading *reading)
{
    const char *at = reading->text;
    uint32_t number = 0;
    if (!reading->in_path) {
        return; /* of a Point */
    }
    for (at += strspn(at, " \t\r\n"); *at != '\0'; at += strspn(at, " \t\r\n")) {
        struct skyh_place place = {0.0, 0.0};
        if (!take_tuple(reading, &at, &place)) {
            fail(reading, reading->content_line,
                 "coordinates: position %u is none; expected longitude,latitude", number);
            return;
        }
        if (!skyh_drawing_point(reading->drawing, place, number, reading->problem)) {
            give_up(reading);
            return;
        }
        number++;
    }
}

/* --------------------------------------------------------------------------------- elements */

static void begin_content(struct reading *reading, enum content content)
{
    reading->content = content;
    reading->content_line = line_of(reading);
    reading->count = 0;
}

static void begin_path(struct reading *reading, bool is_line)
{
    struct skyh_path *const path = skyh_drawing_path(reading->drawing, reading->problem);
    if (path == NULL) {
        give_up(reading);
        return;
    }
    reading->in_path = true;
    path->is_line = is_line;
    path->is_hole = reading->in_hole;
    (void)snprintf(path->where, sizeof path->where, "line %u: coordinates", line_of(reading));
    reading->lines += is_line ? 1 : 0;
    reading->rings += is_line ? 0 : 1;
    if (reading->lines > 1 || (reading->lines > 0 && reading->rings > 0)) {
        fail(reading, line_of(reading),
             "a line beside another or a ring in one Placemark; expected each line alone");
    }
}

static void begin_placemark(struct reading *reading)
{
    struct skyh_feature *const feature = skyh_drawing_feature(reading->drawing, reading->problem);
    if (feature == NULL) {
        give_up(reading);
        return;
    }
    (void)snprintf(feature->where, sizeof feature->where, "line %u", line_of(reading));
    reading->in_placemark = true;
    reading->in_hole = reading->in_path = false;
    reading->nesting = 0;
    reading->rings = reading->lines = 0;
}

static void XMLCALL begin_element(void *data, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *const reading = data;
    const char *const element = local(name);
    (void)attributes;
    if (reading->failed) {
        return;
    }
    if (!reading->in_placemark) {
        if (strcmp(element, "Placemark") == 0) {
            begin_placemark(reading);
        }
        return;
    }
    reading->nesting++;
    if (strcmp(element, "name") == 0 && reading->nesting == 1) {
        begin_content(reading, CONTENT_NAME);
    } else if (strcmp(element, "innerBoundaryIs") == 0) {
        reading->in_hole = true;
    } else if (strcmp(element, "LinearRing") == 0) {
        begin_path(reading, false);
    } else if (strcmp(element, "LineString") == 0) {
        begin_path(reading, true);
    } else if (strcmp(element, "coordinates") == 0) {
        begin_content(reading, CONTENT_COORDINATES);
    } else if (strcmp(element, "Placemark") == 0) {
        fail(reading, line_of(reading), "a Placemark in a Placemark; expected them side by side");
    }
}

static void end_placemark(struct reading *reading)
{
    struct skyh_drawing *const drawing = reading->drawing;
    reading->in_placemark = false;
    if (drawing->feature[drawing->feature_count - 1].path_count == 0) {
        drawing->feature_count--;
        reading->left_out++;
    }
}

static void XMLCALL end_element(void *data, const XML_Char *name)
{
    struct reading *const reading = data;
    const char *const element = local(name);
    if (reading->failed || !reading->in_placemark) {
        return;
    }
    if (reading->content != CONTENT_NONE && reading->count > 0) {
        struct skyh_feature *const feature =
            &reading->drawing->feature[reading->drawing->feature_count - 1];
        if (reading->content == CONTENT_COORDINATES && strcmp(element, "coordinates") == 0) {
            draw_coordinates(reading);
        } else if (reading->content == CONTENT_NAME && strcmp(element, "name") == 0) {
            skyh_drawing_text(feature->name, reading->text);
            skyh_drawing_text(feature->zone.name, reading->text);
        }
    }
    reading->content = CONTENT_NONE;
    if (strcmp(element, "innerBoundaryIs") == 0) {
        reading->in_hole = false;
    } else if (strcmp(element, "LinearRing") == 0 || strcmp(element, "LineString") == 0) {
        reading->in_path = false;
    }
    if (reading->nesting == 0) {
        end_placemark(reading);
    } else {
        reading->nesting--;
    }
}

static void XMLCALL take_characters(void *data, const XML_Char *text, int count)
{
    struct reading *const reading = data;
    if (reading->failed || reading->content == CONTENT_NONE) {
        return;
    }
    const size_t needed = reading->count + (size_t)count + 1;
    if (needed > reading->room) {
        const size_t room = needed < 4096 ? 8192 : 2 * needed;
        char *const grown = realloc(reading->text, room);
        if (grown == NULL) {
            fail(reading, line_of(reading), "out of memory");
            return;
        }
        reading->text = grown;
        reading->room = room;
    }
    memcpy(reading->text + reading->count, text, (size_t)count);
    reading->count += (size_t)count;
    reading->text[reading->count] = '\0';
}

/* ------------------------------------------------------------------------------------ files */

/* Whether the first element is kml; stops there. */
struct first_element {
    XML_Parser parser;
    bool is_kml;
};

static void XMLCALL see_first(void *data, const XML_Char *name, const XML_Char **attributes)
{
    struct first_element *const first = data;
    (void)attributes;
    first->is_kml = strcmp(local(name), "kml") == 0;
    (void)XML_StopParser(first->parser, XML_FALSE);
}

bool skyh_kml_is_it(const char *text, size_t count)
{
    struct first_element first = {.parser = XML_ParserCreate(NULL)};
    if (first.parser == NULL) {
        return false;
    }
    XML_SetUserData(first.parser, &first);
    XML_SetStartElementHandler(first.parser, see_first);
    (void)XML_Parse(first.parser, text, (int)count, XML_TRUE);
    XML_ParserFree(first.parser);
    return first.is_kml;
}

static void say_what_was_left_out(const struct reading *reading, struct skyh_notes *notes)
{
    if (reading->left_out > 0) {
        skyh_notes_add(notes, "%s: %u Placemark%s without a polygon or line; left out",
                       reading->drawing->file, reading->left_out,
                       reading->left_out == 1 ? "" : "s");
    }
    if (reading->has_altitudes) {
        skyh_notes_add(notes,
                       "%s: altitudes are not taken as limits; expected --floor and --ceiling if "
                       "there are any",
                       reading->drawing->file);
    }
}

bool skyh_kml_draw(struct skyh_drawing *drawing, const char *text, size_t count,
                   struct skyh_notes *notes, struct skyh_problem *problem)
{
    struct reading reading = {.drawing = drawing, .problem = problem};
    reading.parser = XML_ParserCreate(NULL);
    if (reading.parser == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", drawing->file);
    }
    XML_SetUserData(reading.parser, &reading);
    XML_SetElementHandler(reading.parser, begin_element, end_element);
    XML_SetCharacterDataHandler(reading.parser, take_characters);
    if (XML_Parse(reading.parser, text, (int)count, XML_TRUE) != XML_STATUS_OK && !reading.failed) {
        const char *const error = XML_ErrorString(XML_GetErrorCode(reading.parser));
        fail(&reading, line_of(&reading), "%s; expected KML", error == NULL ? "not XML" : error);
    }
    if (!reading.failed && drawing->feature_count == 0) {
        fail(&reading, 1, "no Placemark with a polygon or line; expected one");
    }
    if (!reading.failed) {
        say_what_was_left_out(&reading, notes);
    }
    XML_ParserFree(reading.parser);
    free(reading.text);
    return !reading.failed;
}
