#include "skyh_out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const int64_t second_ns = INT64_C(1000000000);

bool skyh_fail(struct skyh_problem *problem, int exit_code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, list);
    va_end(list);
    problem->exit_code = exit_code;
    return false;
}

int skyh_report(const char *command, const struct skyh_problem *problem)
{
    skyh_note(command, "%s", problem->text);
    return problem->exit_code;
}

void skyh_note(const char *command, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    /* One line whatever a file name or a peer's text contains. */
    for (char *c = text; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' || *c == 0x7F ? '?' : *c;
    }
    (void)fprintf(stderr, "skywitness%s%s: %s\n", *command == '\0' ? "" : " ", command, text);
}

/* Whole seconds, rounded down for instants before 1970 too. */
static int64_t floor_seconds(int64_t utc_ns)
{
    return utc_ns / second_ns - (utc_ns % second_ns < 0 ? 1 : 0);
}

char *skyh_utc_text(int64_t utc_ns, int decimals, char buffer[SKYH_UTC_TEXT_MAX])
{
    const time_t seconds = (time_t)floor_seconds(utc_ns);
    int64_t fraction = utc_ns - (int64_t)seconds * second_ns;
    struct tm civil;
    (void)gmtime_r(&seconds, &civil);
    const size_t used = strftime(buffer, SKYH_UTC_TEXT_MAX, "%Y-%m-%d %H:%M:%S", &civil);
    for (int digit = decimals; digit < 9; digit++) {
        fraction /= 10;
    }
    if (decimals > 0) {
        (void)snprintf(buffer + used, SKYH_UTC_TEXT_MAX - used, ".%0*" PRId64, decimals, fraction);
    }
    return buffer;
}

char *skyh_utc_rfc3339(int64_t utc_ns, char buffer[SKYH_UTC_TEXT_MAX])
{
    (void)skyh_utc_text(utc_ns, 9, buffer);
    char *const space = strchr(buffer, ' ');
    if (space != NULL) {
        *space = 'T';
    }
    (void)strncat(buffer, "Z", SKYH_UTC_TEXT_MAX - strlen(buffer) - 1);
    return buffer;
}

bool skyh_utc_parse(const char *text, int64_t *ret_utc_ns)
{
    struct tm civil;
    memset(&civil, 0, sizeof civil);
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &civil);
    if (rest == NULL || civil.tm_year < 70 || civil.tm_year > 200) {
        return false;
    }
    int64_t fraction_ns = 0;
    if (*rest == '.') {
        int64_t unit_ns = second_ns / 10;
        for (rest++; *rest >= '0' && *rest <= '9' && unit_ns > 0; rest++, unit_ns /= 10) {
            fraction_ns += (*rest - '0') * unit_ns;
        }
    }
    if (strcmp(rest, "Z") != 0) {
        return false;
    }
    const struct tm said = civil;
    const time_t seconds = timegm(&civil); /* makes March of the 31st of February */
    if (civil.tm_mday != said.tm_mday || civil.tm_min != said.tm_min) {
        return false;
    }
    *ret_utc_ns = (int64_t)seconds * second_ns + fraction_ns;
    return true;
}

void skyh_progress_begin(struct skyh_progress *progress, const char *label)
{
    progress->label = label;
    progress->shown = isatty(STDERR_FILENO) == 1;
    progress->permille = -1;
}

void skyh_progress_update(struct skyh_progress *progress, double share, const char *note)
{
    static const char full[] = "########################################";
    const int width = (int)sizeof full - 1;
    const double clamped = share > 0.0 ? (share < 1.0 ? share : 1.0) : 0.0;
    const int permille = (int)(clamped * 1000.0);
    if (!progress->shown || permille == progress->permille) {
        return;
    }
    progress->permille = permille;
    const int done = permille * width / 1000;
    (void)fprintf(stderr, "\r%s [%.*s%*s] %3d %%  %s\033[K", progress->label, done, full,
                  width - done, "", permille / 10, note);
    (void)fflush(stderr);
}

void skyh_progress_end(struct skyh_progress *progress)
{
    if (progress->shown) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        progress->shown = false;
    }
}
