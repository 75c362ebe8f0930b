#include "skyh_nmea.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Farther from the middle of all dates none is believed. */
static const int64_t astray_ns = INT64_C(30) * 86400 * SKY_SECOND_NS;
static const int64_t utc_most_ns = INT64_C(4260211200) * SKY_SECOND_NS; /* 2105-01-01 */

enum { TEXT_MAX = 256 * 1024 * 1024, PATIENCE_MS = 60000, EXIT_NO_PROGRAM = 127 };

/* ---------------------------------------------------------------------------- what gpsd says */

static double number_of(const json_t *message, const char *key)
{
    const json_t *const value = json_object_get(message, key);
    const double number = json_is_number(value) ? json_number_value(value) : (double)NAN;
    return isfinite(number) ? number : (double)NAN;
}

static int32_t count_of(const json_t *message, const char *key)
{
    const json_t *const value = json_object_get(message, key);
    const json_int_t count = json_is_integer(value) ? json_integer_value(value) : -1;
    return count >= -1 && count <= INT32_MAX ? (int32_t)count : -1;
}

static struct sky_receiver_report said_nothing(void)
{
    const double none = (double)NAN;
    return (struct sky_receiver_report){
        .err_place_m = none,
        .err_speed_mps = none,
        .err_course_deg = none,
        .err_climb_mps = none,
        .hdop = none,
        .vdop = none,
        .pdop = none,
        .tdop = none,
        .gst_rms_m = none,
        .gst_major_m = none,
        .gst_minor_m = none,
        .gst_major_deg = none,
        .gst_lat_m = none,
        .gst_lon_m = none,
        .gst_alt_m = none,
        .heading_deg = none,
        .pitch_deg = none,
        .roll_deg = none,
        .leap_s = -1,
        .satellites_seen = -1,
        .jamming = -1,
        .antenna = -1,
        .status = -1,
    };
}

/* Satellites are listed; how many they are gpsd says since 3.23. */
static void take_sky(const json_t *message, struct sky_receiver_report *receiver,
                     int32_t *satellites_used)
{
    const json_t *const list = json_object_get(message, "satellites");
    int32_t used = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        used += json_is_true(json_object_get(json_array_get(list, i), "used"));
    }
    if (json_is_array(list)) {
        receiver->satellites_seen = (int32_t)json_array_size(list);
        *satellites_used = used;
    }
    receiver->hdop = number_of(message, "hdop");
    receiver->vdop = number_of(message, "vdop");
    receiver->pdop = number_of(message, "pdop");
    receiver->tdop = number_of(message, "tdop");
}

static void take_gst(const json_t *message, struct sky_receiver_report *receiver)
{
    receiver->gst_rms_m = number_of(message, "rms");
    receiver->gst_major_m = number_of(message, "major");
    receiver->gst_minor_m = number_of(message, "minor");
    receiver->gst_major_deg = number_of(message, "orient");
    receiver->gst_lat_m = number_of(message, "lat");
    receiver->gst_lon_m = number_of(message, "lon");
    receiver->gst_alt_m = number_of(message, "alt");
}

static void take_attitude(const json_t *message, struct sky_receiver_report *receiver)
{
    receiver->heading_deg = number_of(message, "heading");
    receiver->pitch_deg = number_of(message, "pitch");
    receiver->roll_deg = number_of(message, "roll");
}

/* What a report says of its own quality. */
static void take_errors(const json_t *message, struct sky_receiver_report *receiver)
{
    receiver->err_place_m = number_of(message, "eph");
    receiver->err_speed_mps = number_of(message, "eps");
    receiver->err_course_deg = number_of(message, "epd");
    receiver->err_climb_mps = number_of(message, "epc");
    receiver->leap_s = count_of(message, "leapseconds");
    receiver->jamming = count_of(message, "jam");
    receiver->antenna = count_of(message, "ant");
    receiver->status = count_of(message, "status");
    receiver->said = receiver->said || isfinite(receiver->err_place_m) ||
                     isfinite(receiver->err_speed_mps) || isfinite(receiver->err_course_deg) ||
                     isfinite(receiver->err_climb_mps) || receiver->leap_s != -1 ||
                     receiver->jamming != -1 || receiver->antenna != -1 || receiver->status != -1;
}

/* An error of what was not reported is none. */
static double error_of(const json_t *message, const char *key, bool reported)
{
    return reported ? number_of(message, key) : (double)NAN;
}

static struct sky_gnss_report report_of(const json_t *message)
{
    const bool has_place = isfinite(number_of(message, "lat"));
    const bool has_height =
        isfinite(number_of(message, "altHAE")) || isfinite(number_of(message, "altMSL"));
    const json_t *const time = json_object_get(message, "time");
    const int32_t mode = count_of(message, "mode");
    struct sky_gnss_report report = {
        .mode = mode >= 0 && mode <= 3 ? mode : 0,
        .lat_deg = number_of(message, "lat"),
        .lon_deg = number_of(message, "lon"),
        .alt_hae_m = number_of(message, "altHAE"),
        .alt_msl_m = number_of(message, "altMSL"),
        .err_lon_m = error_of(message, "epx", has_place),
        .err_lat_m = error_of(message, "epy", has_place),
        .err_alt_m = error_of(message, "epv", has_height),
        .err_time_s = (double)NAN,
        .speed_mps = number_of(message, "speed"),
        .course_deg = number_of(message, "track"),
        .climb_mps = number_of(message, "climb"),
        .satellites_used = -1,
    };
    int64_t utc_ns = 0;
    if (json_is_string(time) && skyh_utc_parse(json_string_value(time), &utc_ns) && utc_ns > 0 &&
        utc_ns <= utc_most_ns) {
        report.has_time = true;
        report.utc_ns = utc_ns;
        report.err_time_s = number_of(message, "ept");
    }
    return report;
}

static struct skyh_nmea_fix *next_fix(struct skyh_nmea *nmea)
{
    if (nmea->count == nmea->capacity) {
        const size_t capacity = nmea->capacity > 0 ? 2 * nmea->capacity : 1024;
        struct skyh_nmea_fix *const fix = realloc(nmea->fix, capacity * sizeof *fix);
        if (fix == NULL) {
            return NULL;
        }
        nmea->fix = fix;
        nmea->capacity = capacity;
    }
    return &nmea->fix[nmea->count++];
}

/* What the receiver says beside its reports is kept until the next of them, as on the station. */
struct reader {
    struct sky_receiver_report receiver;
    int32_t satellites_used;
};

/* False without memory. */
static bool take_message(struct skyh_nmea *nmea, struct reader *reader, const json_t *message,
                         const char *text, size_t bytes)
{
    const char *const class = json_string_value(json_object_get(message, "class"));
    const char *const kind = class != NULL ? class : "";
    if (strcmp(kind, "SKY") == 0) {
        take_sky(message, &reader->receiver, &reader->satellites_used);
        reader->receiver.said = true;
    } else if (strcmp(kind, "GST") == 0) {
        take_gst(message, &reader->receiver);
        reader->receiver.said = true;
    } else if (strcmp(kind, "ATT") == 0) {
        take_attitude(message, &reader->receiver);
        reader->receiver.said = true;
    } else if (strcmp(kind, "TPV") == 0) {
        struct skyh_nmea_fix *const fix = next_fix(nmea);
        if (fix == NULL) {
            return false;
        }
        take_errors(message, &reader->receiver);
        fix->report = report_of(message);
        fix->report.json = text;
        fix->report.json_bytes = bytes;
        fix->report.satellites_used = reader->satellites_used;
        fix->report.receiver = reader->receiver;
        reader->receiver = said_nothing();
    }
    return true;
}

static bool take_lines(struct skyh_nmea *nmea)
{
    struct reader reader = {said_nothing(), -1};
    const char *const end = nmea->text + nmea->text_bytes;
    bool taken = true;
    for (const char *line = nmea->text; taken && line < end;) {
        const char *const newline = memchr(line, '\n', (size_t)(end - line));
        const char *const stop = newline != NULL ? newline : end;
        size_t bytes = (size_t)(stop - line);
        while (bytes > 0 && line[bytes - 1] == '\r') {
            bytes--;
        }
        json_t *const message =
            bytes > 0 && line[0] == '{' ? json_loadb(line, bytes, 0, NULL) : NULL;
        taken = message == NULL || take_message(nmea, &reader, message, line, bytes);
        json_decref(message);
        line = stop + 1;
    }
    return taken;
}

/* -------------------------------------------------------------------------------- reception */

static int compare_times(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The middle one of all dates that there are; false if there is none. */
static bool middle_of(const struct skyh_nmea *nmea, int64_t *ret_utc_ns)
{
    int64_t *const utc_ns = malloc((nmea->count + 1) * sizeof *utc_ns);
    size_t count = 0;
    for (size_t i = 0; utc_ns != NULL && i < nmea->count; i++) {
        if (nmea->fix[i].report.has_time) {
            utc_ns[count++] = nmea->fix[i].report.utc_ns;
        }
    }
    if (count > 0) {
        qsort(utc_ns, count, sizeof *utc_ns, compare_times);
        *ret_utc_ns = utc_ns[count / 2];
    }
    free(utc_ns);
    return count > 0;
}

static bool is_near(const struct sky_gnss_report *report, int64_t middle_ns)
{
    return report->has_time && llabs(report->utc_ns - middle_ns) <= astray_ns;
}

/* Those before the first good date are received with it. */
static void receive(struct skyh_nmea *nmea, int64_t middle_ns)
{
    size_t first = 0;
    while (!is_near(&nmea->fix[first].report, middle_ns)) {
        first++;
    }
    int64_t now_ns = nmea->fix[first].report.utc_ns;
    for (size_t i = 0; i < nmea->count; i++) {
        const struct sky_gnss_report *const report = &nmea->fix[i].report;
        const bool near = is_near(report, middle_ns);
        now_ns = near && report->utc_ns > now_ns ? report->utc_ns : now_ns;
        nmea->misdated += report->has_time && !near;
        nmea->fix[i].utc_ns = now_ns;
    }
}

bool skyh_nmea_take(struct skyh_nmea *nmea, const char *name, char *text, size_t count,
                    struct skyh_problem *problem)
{
    int64_t middle_ns = 0;
    nmea->text = text;
    nmea->text_bytes = count;
    if (!take_lines(nmea)) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", name);
    }
    if (!middle_of(nmea, &middle_ns)) {
        return skyh_fail(problem, SKYH_EXIT_DATA,
                         "%s: gpsd finds %zu reports in it, none with a time; expected the log of "
                         "a receiver",
                         name, nmea->count);
    }
    receive(nmea, middle_ns);
    return true;
}

void skyh_nmea_shift(struct skyh_nmea *nmea, int64_t by_ns)
{
    for (size_t i = 0; i < nmea->count; i++) {
        nmea->fix[i].utc_ns += by_ns;
        nmea->fix[i].report.utc_ns += nmea->fix[i].report.has_time ? by_ns : 0;
    }
}

void skyh_nmea_close(struct skyh_nmea *nmea)
{
    free(nmea->text);
    free(nmea->fix);
    memset(nmea, 0, sizeof *nmea);
}

/* ---------------------------------------------------------------------------------- gpsfake */

/* Becomes gpsfake, in a process group of its own with the gpsd that it starts. */
static void become_gpsfake(const char *file, int out)
{
    char path[2048];
    const char *const known = getenv("PATH");
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)setpgid(0, 0);
    (void)snprintf(path, sizeof path, "%s:/usr/local/sbin:/usr/sbin",
                   known != NULL ? known : "/usr/bin");
    (void)setenv("PATH", path, 1); /* where gpsd is */
    (void)dup2(nowhere, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(nowhere, STDERR_FILENO);
    (void)execlp("gpsfake", "gpsfake", "-q", "-1", "-p", "-s", "38400", file, (char *)NULL);
    _exit(EXIT_NO_PROGRAM);
}

/* Reads to the end. Returns NULL, with errno, if it takes too long or there is too much. */
static char *read_pipe(int fd, size_t *ret_count)
{
    size_t count = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    while (text != NULL) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        const int waited = poll(&ready, 1, PATIENCE_MS);
        const ssize_t got = waited > 0 ? read(fd, text + count, capacity - count) : -1;
        if (got == 0) {
            *ret_count = count;
            return text;
        }
        if (got < 0 && errno != EINTR) {
            errno = waited == 0 ? ETIMEDOUT : errno;
            break;
        }
        count += got > 0 ? (size_t)got : 0;
        if (count == capacity) {
            capacity *= 2;
            char *const more = capacity <= TEXT_MAX ? realloc(text, capacity) : NULL;
            if (more == NULL) {
                errno = ENOMEM;
                break;
            }
            text = more;
        }
    }
    free(text);
    return NULL;
}

/* Ends the group, gpsd included, and what gpsfake leaves behind. Returns its exit code, or -1. */
static int end_gpsfake(pid_t pid, bool finished)
{
    char socket[64];
    int status = 0;
    if (!finished) {
        (void)kill(-pid, SIGKILL);
    }
    const pid_t ended = waitpid(pid, &status, 0);
    (void)snprintf(socket, sizeof socket, "/tmp/gpsfake-%ld.sock", (long)pid);
    (void)unlink(socket);
    return ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool run_gpsfake(const char *file, char **ret_text, size_t *ret_count,
                        struct skyh_problem *problem)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "gpsfake: %s", strerror(errno));
    }
    const pid_t pid = fork();
    if (pid == 0) {
        become_gpsfake(file, pipes[1]);
    }
    (void)close(pipes[1]);
    char *const text = pid > 0 ? read_pipe(pipes[0], ret_count) : NULL;
    const int error = errno;
    (void)close(pipes[0]);
    const int code = pid > 0 ? end_gpsfake(pid, text != NULL) : -1;
    if (text != NULL && code == 0) {
        *ret_text = text;
        return true;
    }
    free(text);
    if (code == EXIT_NO_PROGRAM) {
        return skyh_fail(
            problem, SKYH_EXIT_UNAVAILABLE,
            "gpsfake: not found; expected gpsd and gpsfake (Debian: gpsd, gpsd-clients), "
            "which read %s",
            file);
    }
    return skyh_fail(problem, SKYH_EXIT_UNAVAILABLE, "gpsfake: %s on %s; try: gpsfake -1 -p %s",
                     text != NULL ? "failed" : strerror(error), file, file);
}

bool skyh_nmea_open(struct skyh_nmea *nmea, const char *file, struct skyh_problem *problem)
{
    char *text = NULL;
    size_t count = 0;
    char *const path = realpath(file, NULL); /* so that no name looks like an option */
    if (path == NULL || access(path, R_OK) != 0) {
        free(path);
        return skyh_fail(problem, SKYH_EXIT_NO_INPUT, "%s: %s", file, strerror(errno));
    }
    const bool ran = run_gpsfake(path, &text, &count, problem);
    free(path);
    return ran && skyh_nmea_take(nmea, file, text, count, problem);
}
