#include "skyh_igc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sky_geo.h"
#include "sky_math.h"
#include "skyh_json.h"

enum { RECORD_BYTES = 35 };

static const int64_t day_ns = INT64_C(86400) * SKY_SECOND_NS;
static const double near_s = 10.0;

/* One line, without its end. */
struct line {
    const char *text;
    size_t count;
    size_t number;
};

/* Digits as a number; false if one is none. */
static bool digits(const char *text, size_t count, int *ret_number)
{
    int number = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = 10 * number + (text[i] - '0');
    }
    *ret_number = number;
    return true;
}

/* Degrees, minutes, and thousandths of a minute, then the hemisphere. */
static bool angle(const char *text, size_t degree_digits, const char *sides, int most,
                  double *ret_deg)
{
    int degrees = 0, minutes = 0;
    const char side = text[degree_digits + 5];
    if (!digits(text, degree_digits, &degrees) || !digits(text + degree_digits, 5, &minutes) ||
        minutes >= 60000 || (side != sides[0] && side != sides[1])) {
        return false;
    }
    const double value_deg = degrees + minutes / 60000.0;
    *ret_deg = side == sides[0] ? value_deg : -value_deg;
    return value_deg <= most;
}

static bool altitude(const char *text, double *ret_m)
{
    const bool below = text[0] == '-';
    int metres = 0;
    if (!digits(text + (below ? 1 : 0), below ? 4 : 5, &metres)) {
        return false;
    }
    *ret_m = below ? -metres : metres;
    return true;
}

/* HFDTEDDMMYY or HFDTEDATE:DDMMYY; of the years 1980 to 2079. */
static bool take_date(struct skyh_igc *igc, const struct line *line)
{
    const size_t at = line->count > 10 && memcmp(line->text + 5, "DATE:", 5) == 0 ? 10 : 5;
    char text[32];
    int day = 0, month = 0, year = 0;
    int64_t utc_ns = 0;
    if (line->count < at + 6 || !digits(line->text + at, 2, &day) ||
        !digits(line->text + at + 2, 2, &month) || !digits(line->text + at + 4, 2, &year)) {
        return false;
    }
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", year + (year < 80 ? 2000 : 1900),
                   month, day);
    if (!skyh_utc_parse(text, &utc_ns)) {
        return false;
    }
    igc->day_utc_ns = utc_ns;
    return true;
}

/* A B record: time, place, validity, pressure altitude, GNSS altitude. */
static bool take_fix(struct skyh_igc *igc, const struct line *line)
{
    int hours = 0, minutes = 0, seconds = 0;
    double pressure_m = 0.0;
    struct skyh_igc_fix fix = {0};
    const char *const text = line->text;
    if (line->count < RECORD_BYTES || !digits(text + 1, 2, &hours) ||
        !digits(text + 3, 2, &minutes) || !digits(text + 5, 2, &seconds) || hours > 23 ||
        minutes > 59 || seconds > 59 || !angle(text + 7, 2, "NS", 90, &fix.lat_deg) ||
        !angle(text + 15, 3, "EW", 180, &fix.lon_deg) || (text[24] != 'A' && text[24] != 'V') ||
        !altitude(text + 25, &pressure_m) || !altitude(text + 30, &fix.alt_m)) {
        return false;
    }
    const struct skyh_igc_fix *const before = igc->count > 0 ? &igc->fix[igc->count - 1] : NULL;
    const int64_t at_ns = (int64_t)((hours * 60 + minutes) * 60 + seconds) * SKY_SECOND_NS;
    fix.utc_ns = igc->day_utc_ns + at_ns;
    while (before != NULL && fix.utc_ns < before->utc_ns - day_ns / 2) {
        fix.utc_ns += day_ns; /* past midnight the date is not said again */
    }
    if (text[24] == 'V' || (before != NULL && fix.utc_ns <= before->utc_ns)) {
        igc->left_out++;
    } else {
        igc->fix[igc->count++] = fix;
    }
    return true;
}

static bool take_line(struct skyh_igc *igc, const char *name, const struct line *line,
                      bool *has_date, struct skyh_problem *problem)
{
    const char *const text = line->text;
    if (line->count >= 8 && memcmp(text, "HFALG", 5) == 0) {
        igc->above_geoid = memmem(text, line->count, "GEO", 3) != NULL;
    } else if (line->count >= 5 && memcmp(text, "HFDTE", 5) == 0 && igc->count == 0) {
        *has_date = take_date(igc, line);
        return *has_date ||
               skyh_fail(problem, SKYH_EXIT_DATA, "%s:%zu: no date; expected HFDTE and DDMMYY",
                         name, line->number);
    } else if (line->count > 0 && text[0] == 'B') {
        if (!*has_date) {
            return skyh_fail(problem, SKYH_EXIT_DATA,
                             "%s:%zu: a fix without a date; expected "
                             "HFDTE above it",
                             name, line->number);
        }
        return take_fix(igc, line) ||
               skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s:%zu: no B record; expected time, place, validity and altitudes", name,
                         line->number);
    }
    return true;
}

/* What leads from the fix before to the one after, of those that are near. */
static void set_velocity(struct skyh_igc *igc, size_t i)
{
    struct skyh_igc_fix *const fix = &igc->fix[i];
    const int64_t near_ns = (int64_t)near_s * SKY_SECOND_NS;
    const size_t before = i > 0 && fix->utc_ns - fix[-1].utc_ns <= near_ns ? i - 1 : i;
    const size_t after = i + 1 < igc->count && fix[1].utc_ns - fix->utc_ns <= near_ns ? i + 1 : i;
    const struct skyh_igc_fix *const from = &igc->fix[before], *const to = &igc->fix[after];
    const double rad = SKY_PI / 180.0;
    const struct sky_lla here = {fix->lat_deg * rad, fix->lon_deg * rad, fix->alt_m};
    const struct sky_lla start = {from->lat_deg * rad, from->lon_deg * rad, from->alt_m};
    const struct sky_lla end = {to->lat_deg * rad, to->lon_deg * rad, to->alt_m};
    struct sky_geo_frame frame;
    if (before == after || sky_geo_frame_init(&frame, &here) != SKY_OK) {
        return;
    }
    const double span_s = (double)(to->utc_ns - from->utc_ns) * 1e-9;
    const struct sky_enu a = sky_geo_to_enu(&frame, &start), b = sky_geo_to_enu(&frame, &end);
    fix->east_mps = (b.east_m - a.east_m) / span_s;
    fix->north_mps = (b.north_m - a.north_m) / span_s;
    fix->up_mps = (to->alt_m - from->alt_m) / span_s;
}

bool skyh_igc_read(struct skyh_igc *igc, const char *name, const char *text, size_t count,
                   struct skyh_problem *problem)
{
    bool has_date = false;
    igc->fix = calloc(count / RECORD_BYTES + 1, sizeof *igc->fix);
    if (igc->fix == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", name);
    }
    for (size_t at = 0, number = 1; at < count; number++) {
        const char *const feed = memchr(text + at, '\n', count - at);
        const size_t bytes = feed == NULL ? count - at : (size_t)(feed - (text + at));
        const struct line line = {text + at, bytes, number};
        if (!take_line(igc, name, &line, &has_date, problem)) {
            return false;
        }
        at += bytes + 1;
    }
    for (size_t i = 0; i < igc->count; i++) {
        set_velocity(igc, i);
    }
    return igc->count > 0 || skyh_fail(problem, SKYH_EXIT_DATA,
                                       "%s: no fix; expected B records of an IGC file", name);
}

void skyh_igc_print(const struct skyh_igc *igc, const char *id, int64_t epoch_utc_ns, FILE *out)
{
    (void)fprintf(out, "t,id,cls,lat,lon,alt,ve,vn,vu,v\n");
    for (size_t i = 0; i < igc->count; i++) {
        const struct skyh_igc_fix *const fix = &igc->fix[i];
        const double speed_mps = sqrt(fix->east_mps * fix->east_mps +
                                      fix->north_mps * fix->north_mps + fix->up_mps * fix->up_mps);
        (void)fprintf(out, "%.3f,%s,aircraft,%.9f,%.9f,%.2f,%.3f,%.3f,%.3f,%.3f\n",
                      (double)(fix->utc_ns - epoch_utc_ns) * 1e-9, id, fix->lat_deg, fix->lon_deg,
                      fix->alt_m, fix->east_mps, fix->north_mps, fix->up_mps, speed_mps);
    }
}

void skyh_igc_close(struct skyh_igc *igc)
{
    free(igc->fix);
    memset(igc, 0, sizeof *igc);
}

/* ------------------------------------------------------------------------------------ command */

/* The file's name without folder and ending, with what would break a table replaced. */
static void name_flight(const char *file, char id[64])
{
    const char *const slash = strrchr(file, '/');
    (void)snprintf(id, 64, "%s", slash != NULL ? slash + 1 : file);
    char *const dot = strrchr(id, '.');
    if (dot != NULL && dot != id) {
        *dot = '\0';
    }
    for (char *at = id; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~' || strchr(",\"", *at) != NULL) {
            *at = '_';
        }
    }
}

static bool print_flight(const struct skyh_igc *igc, const char *file, const char *out,
                         int64_t epoch_utc_ns, struct skyh_problem *problem)
{
    char id[64];
    FILE *const stream = fopen(out, "we");
    if (stream == NULL) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", out, strerror(errno));
    }
    name_flight(file, id);
    skyh_igc_print(igc, id, epoch_utc_ns, stream);
    const bool failed = ferror(stream) != 0;
    return (fclose(stream) == 0 && !failed) ||
           skyh_fail(problem, SKYH_EXIT_IO, "%s: cannot be written", out);
}

static bool import_flight(struct skyh_igc *igc, const struct skyh_args *args, char **text,
                          struct skyh_problem *problem)
{
    const char *const file = skyh_args_value(args, "--igc");
    const char *const epoch = skyh_args_value(args, "--epoch");
    const char *const out = skyh_args_value(args, "--out");
    int64_t epoch_utc_ns = 0;
    size_t count = 0;
    if (out == NULL) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--out: missing; see skywitness import --help");
    }
    if (epoch != NULL && !skyh_utc_parse(epoch, &epoch_utc_ns)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--epoch: %s; expected an instant such as 2026-01-02T00:00:00Z", epoch);
    }
    return skyh_json_slurp(file, text, &count, problem) &&
           skyh_igc_read(igc, file, *text, count, problem) &&
           print_flight(igc, file, out, epoch != NULL ? epoch_utc_ns : igc->day_utc_ns, problem);
}

int skyh_import_igc(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_igc igc = {0};
    char *text = NULL;
    int exit_code = SKYH_EXIT_OK;
    if (!import_flight(&igc, args, &text, &problem)) {
        exit_code = skyh_report("import", &problem);
    } else {
        if (igc.above_geoid) {
            skyh_note("import", "altitudes are above the geoid, as the recorder says");
        }
        if (args->json) {
            (void)printf("{\"fixes\": %zu, \"left_out\": %zu}\n", igc.count, igc.left_out);
        } else {
            (void)printf("%zu fixes, %zu left out\n", igc.count, igc.left_out);
        }
    }
    free(text);
    skyh_igc_close(&igc);
    return exit_code;
}
