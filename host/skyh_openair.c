#include "skyh_openair.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "skyh_limit.h"

enum { LINE_BYTES_MAX = 512 };

static const double mile_m = 1852.0;
static const double radius_most_miles = 1000.0;
static const double uneven_most_m =
    100.0; /* what ends in whole seconds of arc may be off, and more */
static const double uneven_most_share = 0.01;

/* Records that say nothing of a zone's place. */
static const char *const ignored[] = {"AT", "AF", "AG", "AX", "AA", "TP", "SP", "SB"};

/* A file while it is read. */
struct reading {
    struct skyh_drawing *drawing;
    struct skyh_notes *notes;
    struct skyh_problem *problem;
    uint32_t line;
    uint32_t begun; /* line of the latest AC */
    bool in_airspace;
    bool in_terrain;
    bool has_circle;
    bool has_centre;
    bool is_left; /* arcs run counter-clockwise */
    struct skyh_place centre;
    bool after_arc;            /* the latest record of geometry was an arc, which ... */
    struct skyh_place arc_end; /* ... ends here */
    uint32_t apart;            /* arcs that begin elsewhere than the arc before them ends */
    double apart_m;            /* by at most so much */
    uint32_t uneven;           /* arcs with ends at two distances */
    double uneven_m;
    uint32_t at_times;
};

static bool fail(const struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool fail(const struct reading *reading, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return skyh_fail(reading->problem, SKYH_EXIT_DATA, "%s: line %u: %s", reading->drawing->file,
                     reading->line, text);
}

/* ------------------------------------------------------------------------------- coordinates */

static const char *skip(const char *at) { return at + strspn(at, " \t"); }

/* Takes an unsigned decimal number without exponent. */
static bool take_number(const char **at, double *ret_number)
{
    char digits[32];
    const char *const from = skip(*at);
    const size_t length = strspn(from, ".0123456789");
    char *end = NULL;
    if (length == 0 || length >= sizeof digits) {
        return false;
    }
    memcpy(digits, from, length);
    digits[length] = '\0';
    const double number = strtod(digits, &end);
    if (*end != '\0') {
        return false;
    }
    *at = from + length;
    *ret_number = number;
    return true;
}

/* Takes D:M:S, D:M or D, and one of the two letters, the second of which is negative. */
static bool take_angle(const char **at, const char letters[2], double *ret_deg)
{
    const char *from = *at;
    double part[3] = {0.0, 0.0, 0.0};
    for (int i = 0; i < 3; i++) {
        if (!take_number(&from, &part[i])) {
            return false;
        }
        if (*from != ':') {
            break;
        }
        from++;
    }
    from = skip(from);
    const char letter = (char)toupper((unsigned char)*from);
    if ((letter != letters[0] && letter != letters[1]) || part[1] >= 60.0 || part[2] >= 60.0) {
        return false;
    }
    const double degrees = part[0] + part[1] / 60.0 + part[2] / 3600.0;
    *ret_deg = letter == letters[0] ? degrees : -degrees;
    *at = from + 1;
    return true;
}

static bool take_place(const char **at, struct skyh_place *ret_place)
{
    struct skyh_place place = {0.0, 0.0};
    const char *from = *at;
    if (!take_angle(&from, "NS", &place.lat_deg)) {
        return false;
    }
    from = skip(from);
    from += *from == ',' ? 1 : 0;
    if (!take_angle(&from, "EW", &place.lon_deg)) {
        return false;
    }
    if (!(fabs(place.lat_deg) <= 90.0) || !(fabs(place.lon_deg) <= 180.0)) {
        return false;
    }
    *ret_place = place;
    *at = from;
    return true;
}

static bool ends(const char *at) { return *skip(at) == '\0'; }

static const char *skip_comma(const char *at)
{
    at = skip(at);
    return at + (*at == ',' ? 1 : 0);
}

/* ---------------------------------------------------------------------------------- geometry */

static struct skyh_feature *current(const struct reading *reading)
{
    return &reading->drawing->feature[reading->drawing->feature_count - 1];
}

/* The path of the airspace, begun when its first record of geometry comes. */
static bool begin_path(struct reading *reading)
{
    if (reading->has_circle) {
        return fail(reading, "a circle (DC) and other geometry in one airspace; expected one of "
                             "them");
    }
    if (current(reading)->path_count > 0) {
        return true;
    }
    struct skyh_path *const path = skyh_drawing_path(reading->drawing, reading->problem);
    if (path == NULL) {
        return false;
    }
    (void)snprintf(path->where, sizeof path->where, "%s", current(reading)->where);
    return true;
}

static bool draw_point(struct reading *reading, const char *at)
{
    struct skyh_place place = {0.0, 0.0};
    const char *rest = at;
    if (!take_place(&rest, &place) || !ends(rest)) {
        return fail(reading, "DP %.60s; expected a place such as 45:05:35 N 009:39:41 E", skip(at));
    }
    reading->after_arc = false;
    return begin_path(reading) &&
           skyh_drawing_point(reading->drawing, place, reading->line, reading->problem);
}

/* Keeps count of arcs that leave a gap behind the arc before them. */
static void note_gap(struct reading *reading, struct skyh_place from, struct skyh_place to)
{
    double bearing_deg = 0.0;
    const double gap_m = skyh_curve_distance_m(reading->arc_end, from, &bearing_deg);
    if (reading->after_arc && gap_m > 1.0) {
        reading->apart++;
        reading->apart_m = fmax(reading->apart_m, gap_m);
    }
    reading->after_arc = true;
    reading->arc_end = to;
}

/* Adds an arc; more than half a circle in two parts, so that its ends may be the same. */
static bool add_arc(struct reading *reading, const struct skyh_arc *arc, struct skyh_place from,
                    struct skyh_place to)
{
    if (!begin_path(reading)) {
        return false;
    }
    note_gap(reading, from, to);
    if (fabs(arc->sweep_deg) <= 180.0) {
        return skyh_drawing_arc(reading->drawing, arc, from, to, reading->line, reading->problem);
    }
    struct skyh_arc first = *arc, second = *arc;
    first.sweep_deg = second.sweep_deg = 0.5 * arc->sweep_deg;
    first.to_m = second.from_m = 0.5 * (arc->from_m + arc->to_m);
    second.from_deg = arc->from_deg + first.sweep_deg;
    const struct skyh_place middle = skyh_curve_go(arc->centre, second.from_deg, second.from_m);
    return skyh_drawing_arc(reading->drawing, &first, from, middle, reading->line,
                            reading->problem) &&
           skyh_drawing_arc(reading->drawing, &second, middle, to, reading->line, reading->problem);
}

static bool need_centre(const struct reading *reading)
{
    return reading->has_centre || fail(reading, "no centre; expected V X=PLACE before");
}

/* From one bearing to another in the direction that holds; a whole turn if they are the same. */
static double sweep_of(const struct reading *reading, double from_deg, double to_deg)
{
    const double clockwise = fmod(fmod(to_deg - from_deg, 360.0) + 360.0, 360.0);
    if (reading->is_left) {
        return clockwise - 360.0;
    }
    return clockwise > 0.0 ? clockwise : 360.0;
}

static bool draw_arc_by_bearings(struct reading *reading, const char *at)
{
    double miles = 0.0, from_deg = 0.0, to_deg = 0.0;
    bool taken = take_number(&at, &miles);
    at = skip_comma(at);
    taken = taken && take_number(&at, &from_deg);
    at = skip_comma(at);
    taken = taken && take_number(&at, &to_deg) && ends(at);
    if (!taken || !(miles > 0.0 && miles <= radius_most_miles) || from_deg > 360.0 ||
        to_deg > 360.0) {
        return fail(reading,
                    "DA; expected a radius above 0 and to %.0f nautical miles and two true "
                    "bearings, such as DA 2.5,303,123",
                    radius_most_miles);
    }
    if (!need_centre(reading)) {
        return false;
    }
    const struct skyh_arc arc = {.centre = reading->centre,
                                 .from_deg = from_deg,
                                 .sweep_deg = sweep_of(reading, from_deg, to_deg),
                                 .from_m = miles * mile_m,
                                 .to_m = miles * mile_m};
    return add_arc(reading, &arc, skyh_curve_go(arc.centre, from_deg, arc.from_m),
                   skyh_curve_go(arc.centre, to_deg, arc.to_m));
}

static bool draw_arc_by_ends(struct reading *reading, const char *at)
{
    struct skyh_place from = {0.0, 0.0}, to = {0.0, 0.0};
    double to_deg = 0.0;
    bool taken = take_place(&at, &from);
    at = skip_comma(at);
    taken = taken && take_place(&at, &to) && ends(at);
    if (!taken) {
        return fail(reading, "DB; expected two places such as 45:05:35 N 009:39:41 E, 45:05:19 N "
                             "009:40:17 E");
    }
    if (!need_centre(reading)) {
        return false;
    }
    struct skyh_arc arc = {.centre = reading->centre};
    arc.from_m = skyh_curve_distance_m(arc.centre, from, &arc.from_deg);
    arc.to_m = skyh_curve_distance_m(arc.centre, to, &to_deg);
    arc.sweep_deg = sweep_of(reading, arc.from_deg, to_deg);
    const double apart = fabs(arc.from_m - arc.to_m), radius_m = fmax(arc.from_m, arc.to_m);
    if (!(radius_m <= radius_most_miles * mile_m) || arc.from_m <= 0.0 || arc.to_m <= 0.0) {
        return fail(reading,
                    "DB: an end at the centre, or %.0f km from it; expected at most %.0f "
                    "nautical miles",
                    radius_m * 1e-3, radius_most_miles);
    }
    if (apart > uneven_most_m && apart > uneven_most_share * radius_m) {
        return fail(
            reading,
            "DB: its ends are %.0f m and %.0f m from the centre; expected an arc whose ends "
            "meet one circle",
            arc.from_m, arc.to_m);
    }
    reading->uneven += apart > 1.0 ? 1 : 0;
    reading->uneven_m = fmax(reading->uneven_m, apart);
    return add_arc(reading, &arc, from, to);
}

static bool draw_circle(struct reading *reading, const char *at)
{
    double miles = 0.0;
    if (!take_number(&at, &miles) || !ends(at) || !(miles > 0.0 && miles <= radius_most_miles)) {
        return fail(reading, "DC; expected a radius above 0 and to %.0f nautical miles",
                    radius_most_miles);
    }
    if (current(reading)->path_count > 0) {
        return fail(reading, "a circle (DC) and other geometry in one airspace; expected one of "
                             "them");
    }
    if (!need_centre(reading) || !begin_path(reading)) {
        return false;
    }
    reading->has_circle = true;
    return skyh_drawing_circle(reading->drawing, reading->centre, miles * mile_m, reading->line,
                               reading->problem);
}

static bool set_variable(struct reading *reading, const char *at)
{
    const char *value = skip(at);
    const char name = (char)toupper((unsigned char)*value);
    value = name != '\0' ? skip(value + 1) : value;
    if (*value != '=') {
        return fail(reading, "V %.60s; expected X=PLACE, D=+ or D=-", at);
    }
    value = skip(value + 1);
    if (name == 'X') {
        reading->has_centre = take_place(&value, &reading->centre) && ends(value);
        if (reading->has_centre) {
            return true;
        }
    } else if (name == 'D' && (*value == '+' || *value == '-') && ends(value + 1)) {
        reading->is_left = *value == '-';
        return true;
    } else if (name == 'W' || name == 'Z') { /* of airways and of the map */
        return true;
    }
    return fail(reading, "V %.60s; expected X=45:06:41 N 009:41:06 E, D=+ or D=-", at);
}

/* --------------------------------------------------------------------------------- airspaces */

/* Says which limits the latest airspace lacks. */
static void end_airspace(struct reading *reading)
{
    if (!reading->in_airspace) {
        return;
    }
    const struct skyh_feature *const feature = current(reading);
    if (!feature->has_floor || !feature->has_ceiling) {
        skyh_notes_add(reading->notes, "%s: %s: no %s; taken as %s", reading->drawing->file,
                       feature->where,
                       feature->has_ceiling ? "AL"
                       : feature->has_floor ? "AH"
                                            : "AL and AH",
                       feature->has_ceiling ? "the surface, or --floor"
                       : feature->has_floor ? "without end, or --ceiling"
                                            : "the surface, and without end, or --floor and "
                                              "--ceiling");
    }
    reading->in_airspace = false;
}

static bool begin_airspace(struct reading *reading)
{
    end_airspace(reading);
    struct skyh_feature *const feature = skyh_drawing_feature(reading->drawing, reading->problem);
    if (feature == NULL) {
        return false;
    }
    (void)snprintf(feature->where, sizeof feature->where, "line %u", reading->line);
    reading->begun = reading->line;
    reading->in_airspace = true;
    reading->in_terrain = false;
    reading->has_circle = reading->is_left = reading->after_arc = false;
    return true;
}

static void name_airspace(const struct reading *reading, const char *at)
{
    struct skyh_feature *const feature = current(reading);
    skyh_drawing_text(feature->name, at);
    skyh_drawing_text(feature->zone.name, at);
    (void)snprintf(feature->where, sizeof feature->where, "line %u (%.100s)", reading->begun,
                   feature->name);
}

static bool limit_airspace(struct reading *reading, const char *at, bool is_ceiling)
{
    struct skyh_feature *const feature = current(reading);
    struct skyh_zone_text *const zone = &feature->zone;
    if (!skyh_limit_parse(at, is_ceiling, is_ceiling ? &zone->ceiling : &zone->floor)) {
        return fail(reading, "%s %.60s; expected %s", is_ceiling ? "AH" : "AL", at,
                    skyh_limit_expected);
    }
    feature->has_ceiling = feature->has_ceiling || is_ceiling;
    feature->has_floor = feature->has_floor || !is_ceiling;
    if (skyh_limit_is_upside_down(&zone->floor, &zone->ceiling)) {
        return fail(reading, "ceiling %.0f m, floor %.0f m; expected the ceiling above the floor",
                    zone->ceiling.height_m, zone->floor.height_m);
    }
    return true;
}

/* ----------------------------------------------------------------------------------- records */

static bool is_record(const char *line, const char *name)
{
    const size_t length = strlen(name);
    return strncasecmp(line, name, length) == 0 &&
           (line[length] == '\0' || line[length] == ' ' || line[length] == '\t');
}

static bool is_ignored(const char *line)
{
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        if (is_record(line, ignored[i])) {
            return true;
        }
    }
    return false;
}

static bool is_terrain(const char *line) { return is_record(line, "TO") || is_record(line, "TC"); }

/* A record of geometry. */
static bool draw(struct reading *reading, const char *line)
{
    const char *const rest = line + 2;
    switch (toupper((unsigned char)line[1])) {
    case 'P':
        return draw_point(reading, rest);
    case 'A':
        return draw_arc_by_bearings(reading, rest);
    case 'B':
        return draw_arc_by_ends(reading, rest);
    case 'C':
        return draw_circle(reading, rest);
    default:
        return fail(reading, "an airway (DY) has no outline of its own; expected DP, DA, DB or DC");
    }
}

static bool is_drawn(const char *line)
{
    return is_record(line, "DP") || is_record(line, "DA") || is_record(line, "DB") ||
           is_record(line, "DC") || is_record(line, "DY");
}

static bool is_known(const char *line)
{
    static const char *const names[] = {"AC", "AN", "AY", "AI", "AH", "AL"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is_record(line, names[i])) {
            return true;
        }
    }
    return is_drawn(line) || is_record(line, "V") || is_ignored(line) || is_terrain(line);
}

/* A record of the airspace that was begun. */
static bool take_record(struct reading *reading, const char *line)
{
    if (is_record(line, "AN")) {
        name_airspace(reading, line + 2);
        return true;
    }
    if (is_record(line, "AI")) {
        skyh_drawing_text(current(reading)->identifier, line + 2);
        return true;
    }
    if (is_record(line, "AH") || is_record(line, "AL")) {
        return limit_airspace(reading, skip(line + 2), toupper((unsigned char)line[1]) == 'H');
    }
    return is_record(line, "AY") || draw(reading, line);
}

static bool read_line(struct reading *reading, char *line)
{
    if (!is_record(line, "AN") && !is_record(line, "AG")) {
        line[strcspn(line, ";*")] = '\0'; /* a comment behind a record */
    }
    if (is_record(line, "AC")) {
        return begin_airspace(reading);
    }
    if (is_record(line, "V")) {
        return set_variable(reading, line + 1);
    }
    if (is_terrain(line)) {
        end_airspace(reading);
        reading->in_terrain = true;
        skyh_notes_add(reading->notes, "%s: line %u: terrain; left out", reading->drawing->file,
                       reading->line);
        return true;
    }
    reading->at_times += is_record(line, "AA") ? 1 : 0;
    if (is_ignored(line)) {
        return true;
    }
    if (!is_known(line)) {
        return fail(reading, "%.40s; expected a record of OpenAir: AC AN AY AI AH AL DP DA DB DC V",
                    line);
    }
    if (!reading->in_airspace) {
        return reading->in_terrain ||
               fail(reading, "%.2s before any AC; expected each airspace to begin with AC", line);
    }
    return take_record(reading, line);
}

/* Copies the next line without blanks around it; moves *text behind it. Long ones are cut. */
static void next_line(const char **text, const char *end, char line[LINE_BYTES_MAX])
{
    const char *from = *text;
    const char *const stop = memchr(from, '\n', (size_t)(end - from));
    const char *to = stop != NULL ? stop : end;
    *text = stop != NULL ? stop + 1 : end;
    while (from < to && isspace((unsigned char)*from) != 0) {
        from++;
    }
    while (to > from && isspace((unsigned char)to[-1]) != 0) {
        to--;
    }
    const size_t length =
        (size_t)(to - from) < LINE_BYTES_MAX - 1 ? (size_t)(to - from) : LINE_BYTES_MAX - 1;
    memcpy(line, from, length);
    line[length] = '\0';
}

static bool is_comment(const char *line) { return line[0] == '\0' || line[0] == '*'; }

bool skyh_openair_is_it(const char *text, size_t count)
{
    const char *const end = text + count;
    char line[LINE_BYTES_MAX];
    while (text < end) {
        next_line(&text, end, line);
        if (!is_comment(line)) {
            return is_known(line);
        }
    }
    return false;
}

bool skyh_openair_draw(struct skyh_drawing *drawing, const char *text, size_t count,
                       struct skyh_notes *notes, struct skyh_problem *problem)
{
    struct reading reading = {.drawing = drawing, .notes = notes, .problem = problem};
    const char *const end = text + count;
    char line[LINE_BYTES_MAX];
    while (text < end) {
        reading.line++;
        next_line(&text, end, line);
        if (!is_comment(line) && !read_line(&reading, line)) {
            return false;
        }
    }
    end_airspace(&reading);
    if (reading.uneven > 0) {
        skyh_notes_add(
            notes,
            "%s: arcs: %u of which the ends are not equally far from the centre, by %.0f m "
            "at most; drawn from one to the other",
            drawing->file, reading.uneven, reading.uneven_m);
    }
    if (reading.apart > 0) {
        skyh_notes_add(notes,
                       "%s: arcs: %u of which begin elsewhere than the arc before them ends, by "
                       "%.0f m at most; an edge joins them",
                       drawing->file, reading.apart, reading.apart_m);
    }
    if (reading.at_times > 0) {
        skyh_notes_add(notes,
                       "%s: %u times of activation (AA) are not kept; zones are watched at all "
                       "times",
                       drawing->file, reading.at_times);
    }
    return true;
}
