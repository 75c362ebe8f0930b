#include "sky_src_gpsd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gps.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * 11 is gpsd 3.22, 16 is 3.27: mode, altHAE and time as timespec mean the same in all of them. In
 * 12 the attitude left the union of things that one message brings, and in 14 GST: either way they
 * are what the latest message brought, if its flag is set. A new major number has broken its users
 * before, so it must be looked at before it is let in.
 */
_Static_assert(GPSD_API_MAJOR_VERSION >= 11 && GPSD_API_MAJOR_VERSION <= 16,
               "this version of libgps has not been tried");
_Static_assert(sizeof(struct gps_data_t) <= SKY_SRC_GPSD_STATE_BYTES,
               "libgps keeps more than was allowed for");

static const char watch[] = "?WATCH={\"enable\":true,\"json\":true,\"pps\":true};\n";

static const struct sky_receiver_report nothing = {
    .err_place_m = (double)NAN,
    .err_speed_mps = (double)NAN,
    .err_course_deg = (double)NAN,
    .err_climb_mps = (double)NAN,
    .hdop = (double)NAN,
    .vdop = (double)NAN,
    .pdop = (double)NAN,
    .tdop = (double)NAN,
    .gst_rms_m = (double)NAN,
    .gst_major_m = (double)NAN,
    .gst_minor_m = (double)NAN,
    .gst_major_deg = (double)NAN,
    .gst_lat_m = (double)NAN,
    .gst_lon_m = (double)NAN,
    .gst_alt_m = (double)NAN,
    .heading_deg = (double)NAN,
    .pitch_deg = (double)NAN,
    .roll_deg = (double)NAN,
    .leap_s = -1,
    .satellites_seen = -1,
    .jamming = -1,
    .antenna = -1,
    .status = -1,
};

static struct sky_src_gpsd *self(struct sky_source *base) { return (struct sky_src_gpsd *)base; }

static struct gps_data_t *state_of(struct sky_src_gpsd *source)
{
    return (struct gps_data_t *)(void *)source->state;
}

static int fail(int error, const char *what, char *ret_detail)
{
    (void)snprintf(ret_detail, SKY_DETAIL_MAX, "%s: %s", what, strerror(error));
    return -error;
}

/* A gpsd on another machine can vanish without a word: 10 s of quiet, then three probes. */
static void keep_alive(int fd)
{
    static const struct {
        int level;
        int option;
        int value;
    } option[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},   {IPPROTO_TCP, TCP_KEEPIDLE, 10},
        {IPPROTO_TCP, TCP_KEEPINTVL, 5}, {IPPROTO_TCP, TCP_KEEPCNT, 3},
        {IPPROTO_TCP, TCP_SYNCNT, 2},
    };
    for (size_t i = 0; i < sizeof option / sizeof option[0]; i++) {
        (void)setsockopt(fd, option[i].level, option[i].option, &option[i].value, sizeof(int));
    }
}

static int open_socket(struct sky_source *base, char *ret_detail)
{
    struct sky_src_gpsd *const source = self(base);
    const int fd = socket(source->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail(errno, "socket", ret_detail);
    }
    keep_alive(fd);
    if (connect(fd, (const struct sockaddr *)&source->address, source->address_bytes) < 0 &&
        errno != EINPROGRESS) {
        const int error = errno;
        (void)close(fd);
        return fail(error, "connect", ret_detail);
    }
    base->fd = fd;
    source->satellites_used = -1;
    source->receiver = nothing;
    source->filled = 0;
    source->taken = 0;
    source->lost = 0;
    source->skipping = false;
    source->up = false;
    memset(source->state, 0, sizeof(struct gps_data_t));
    return 1; /* gpsd speaks first, which also shows that it is one */
}

static void close_socket(struct sky_source *base)
{
    if (base->fd >= 0) {
        (void)close(base->fd);
    }
    base->fd = -1;
}

static int64_t ns_of(struct timespec time)
{
    return (int64_t)time.tv_sec * SKY_SECOND_NS + time.tv_nsec;
}

/* Beyond these a date is no date, and the sum would overflow. */
static bool has_time(const struct gps_data_t *gps)
{
    return (gps->set & TIME_SET) != 0 && gps->fix.time.tv_sec > 0 &&
           (int64_t)gps->fix.time.tv_sec < INT64_MAX / SKY_SECOND_NS;
}

static double given(const struct gps_data_t *gps, uint64_t flag, double value)
{
    return (gps->set & flag) != 0 && isfinite(value) ? value : (double)NAN;
}

static struct sky_gnss_report report_of(const struct gps_data_t *gps)
{
    const struct gps_fix_t *const fix = &gps->fix;
    return (struct sky_gnss_report){
        .mode = fix->mode,
        .has_time = has_time(gps),
        .utc_ns = has_time(gps) ? ns_of(fix->time) : 0,
        .lat_deg = given(gps, LATLON_SET, fix->latitude),
        .lon_deg = given(gps, LATLON_SET, fix->longitude),
        .alt_hae_m = given(gps, ALTITUDE_SET, fix->altHAE),
        .alt_msl_m = given(gps, ALTITUDE_SET, fix->altMSL),
        .err_lon_m = given(gps, LATLON_SET, fix->epx),
        .err_lat_m = given(gps, LATLON_SET, fix->epy),
        .err_alt_m = given(gps, ALTITUDE_SET, fix->epv),
        .err_time_s = given(gps, TIME_SET, fix->ept),
        .speed_mps = given(gps, SPEED_SET, fix->speed),
        .course_deg = given(gps, TRACK_SET, fix->track),
        .climb_mps = given(gps, CLIMB_SET, fix->climb),
        .satellites_used = -1,
    };
}

/*
 * A whole number that libgps does not hand out, or not in every version, straight from the message:
 * such as "jam":17. Returns otherwise if there is none.
 */
static int32_t number_in(const char *text, size_t bytes, const char *key, int32_t otherwise)
{
    const char *const at = memmem(text, bytes, key, strlen(key));
    const char *const end = text + bytes;
    const char *digit = at ? at + strlen(key) : end;
    const bool negative = digit < end && *digit == '-';
    int32_t number = 0;
    int figures = 0;
    for (digit += negative ? 1 : 0; digit < end && *digit >= '0' && *digit <= '9'; digit++) {
        if (++figures > 9) {
            return otherwise;
        }
        number = 10 * number + (*digit - '0');
    }
    if (figures == 0) {
        return otherwise;
    }
    return negative ? -number : number;
}

static double finite_or_nan(double value) { return isfinite(value) ? value : (double)NAN; }

static bool is_instant(struct timespec time)
{
    return time.tv_sec > 0 && (int64_t)time.tv_sec < INT64_MAX / SKY_SECOND_NS / 2;
}

static void note_sky(struct sky_receiver_report *receiver, const struct gps_data_t *gps)
{
    receiver->satellites_seen = gps->satellites_visible;
    receiver->hdop = finite_or_nan(gps->dop.hdop);
    receiver->vdop = finite_or_nan(gps->dop.vdop);
    receiver->pdop = finite_or_nan(gps->dop.pdop);
    receiver->tdop = finite_or_nan(gps->dop.tdop);
}

static void note_gst(struct sky_receiver_report *receiver, const struct gst_t *gst)
{
    receiver->gst_rms_m = finite_or_nan(gst->rms_deviation);
    receiver->gst_major_m = finite_or_nan(gst->smajor_deviation);
    receiver->gst_minor_m = finite_or_nan(gst->sminor_deviation);
    receiver->gst_major_deg = finite_or_nan(gst->smajor_orientation);
    receiver->gst_lat_m = finite_or_nan(gst->lat_err_deviation);
    receiver->gst_lon_m = finite_or_nan(gst->lon_err_deviation);
    receiver->gst_alt_m = finite_or_nan(gst->alt_err_deviation);
}

/* gpsd states a power of two of seconds: -20 for a pulse the kernel stamps, -10 for one over USB.
 */
static int64_t precision_ns(int32_t exponent)
{
    const int32_t least = -29;
    return exponent >= 0 ? SKY_SECOND_NS : SKY_SECOND_NS >> (exponent < least ? -least : -exponent);
}

static void note_pps(struct sky_receiver_report *receiver, const struct gps_data_t *gps,
                     const char *text, size_t bytes)
{
    if (is_instant(gps->pps.real) && is_instant(gps->pps.clock)) {
        receiver->has_pps = true;
        receiver->pps_real_ns = ns_of(gps->pps.real);
        receiver->pps_clock_ns = ns_of(gps->pps.clock);
        receiver->pps_precision_ns = precision_ns(number_in(text, bytes, "\"precision\":", -10));
    }
}

/* libgps 3.22 flags a TOFF message as such, but leaves its times where those of a pulse belong. */
static void note_toff(struct sky_receiver_report *receiver, const struct gps_data_t *gps)
{
    const struct timedelta_t *const toff = gps->toff.real.tv_sec != 0 ? &gps->toff : &gps->pps;
    if (is_instant(toff->real) && is_instant(toff->clock)) {
        receiver->has_toff = true;
        receiver->toff_real_ns = ns_of(toff->real);
        receiver->toff_clock_ns = ns_of(toff->clock);
    }
}

/* What the receiver says beside its reports is kept until the next of them. */
static void note(struct sky_src_gpsd *source, const char *text, size_t bytes)
{
    const struct gps_data_t *const gps = state_of(source);
    struct sky_receiver_report *const receiver = &source->receiver;
    if ((gps->set & SATELLITE_SET) != 0) {
        source->satellites_used = gps->satellites_used;
        note_sky(receiver, gps);
    }
    if ((gps->set & GST_SET) != 0) {
        note_gst(receiver, &gps->gst);
    }
    if ((gps->set & ATTITUDE_SET) != 0) {
        receiver->heading_deg = finite_or_nan(gps->attitude.heading);
        receiver->pitch_deg = finite_or_nan(gps->attitude.pitch);
        receiver->roll_deg = finite_or_nan(gps->attitude.roll);
    }
    if ((gps->set & PPS_SET) != 0) {
        note_pps(receiver, gps, text, bytes);
    }
    if ((gps->set & TOFF_SET) != 0) {
        note_toff(receiver, gps);
    }
    const bool any =
        (gps->set & (SATELLITE_SET | GST_SET | ATTITUDE_SET | PPS_SET | TOFF_SET)) != 0;
    receiver->said = receiver->said || any;
}

/* What only some reports say, of themselves. */
static void note_report(struct sky_src_gpsd *source, const char *text, size_t bytes)
{
    const struct gps_data_t *const gps = state_of(source);
    struct sky_receiver_report *const receiver = &source->receiver;
    const bool has_place = (gps->set & LATLON_SET) != 0;
    receiver->err_place_m = has_place ? finite_or_nan(gps->fix.eph) : (double)NAN;
    receiver->err_speed_mps = given(gps, SPEED_SET, gps->fix.eps);
    receiver->err_course_deg = given(gps, TRACK_SET, gps->fix.epd);
    receiver->err_climb_mps = given(gps, CLIMB_SET, gps->fix.epc);
    receiver->leap_s = number_in(text, bytes, "\"leapseconds\":", -1);
    receiver->jamming = number_in(text, bytes, "\"jam\":", -1);
    receiver->antenna = number_in(text, bytes, "\"ant\":", -1);
    receiver->status = number_in(text, bytes, "\"status\":", -1);
    receiver->said = receiver->said || isfinite(receiver->err_place_m) ||
                     isfinite(receiver->err_speed_mps) || isfinite(receiver->err_course_deg) ||
                     isfinite(receiver->err_climb_mps) || receiver->leap_s != -1 ||
                     receiver->jamming != -1 || receiver->antenna != -1 || receiver->status != -1;
}

static void unpack(struct sky_src_gpsd *source, const char *text, size_t bytes)
{
    memcpy(source->line, text, bytes);
    source->line[bytes] = '\0';
    state_of(source)->set = 0;
    (void)gps_unpack(source->line, state_of(source)); /* says nothing but 0 */
}

static int say(struct sky_input *ret_input, enum sky_source_event event, uint64_t count)
{
    ret_input->kind = SKY_INPUT_SOURCE;
    ret_input->u.source_event.event = event;
    ret_input->u.source_event.count = count;
    ret_input->u.source_event.detail[0] = '\0';
    return 1;
}

/* The first line must be gpsd's own introduction; then it is asked to report. */
static int greet(struct sky_src_gpsd *source, struct sky_input *ret_input, char *ret_detail)
{
    const struct gps_data_t *const gps = state_of(source);
    if ((gps->set & VERSION_SET) == 0) {
        return fail(EPROTO, "not a gpsd", ret_detail);
    }
    const ssize_t sent = send(source->base.fd, watch, sizeof watch - 1, MSG_NOSIGNAL);
    if (sent != (ssize_t)(sizeof watch - 1)) {
        return fail(sent < 0 ? errno : EPROTO, "asking for reports", ret_detail);
    }
    source->up = true;
    (void)say(ret_input, SKY_SOURCE_UP, 0);
    (void)snprintf(ret_input->u.source_event.detail, SKY_DETAIL_MAX, "gpsd %s, protocol %d.%d",
                   gps->version.release, gps->version.proto_major, gps->version.proto_minor);
    return 1;
}

static int take_line(struct sky_src_gpsd *source, const char *text, size_t bytes,
                     struct sky_input *ret_input, char *ret_detail)
{
    const struct gps_data_t *const gps = state_of(source);
    while (bytes > 0 && text[bytes - 1] == '\r') {
        bytes--;
    }
    unpack(source, text, bytes);
    if (!source->up) {
        return greet(source, ret_input, ret_detail);
    }
    note(source, text, bytes);
    if ((gps->set & MODE_SET) == 0) {
        return 0;
    }
    note_report(source, text, bytes);
    ret_input->kind = SKY_INPUT_GNSS;
    ret_input->u.gnss = report_of(gps);
    ret_input->u.gnss.satellites_used = source->satellites_used;
    ret_input->u.gnss.json = text;
    ret_input->u.gnss.json_bytes = bytes;
    ret_input->u.gnss.receiver = source->receiver;
    source->receiver = nothing;
    return 1;
}

/* Goes through the lines at hand until one brings something. */
static int take_lines(struct sky_src_gpsd *source, struct sky_input *ret_input, char *ret_detail)
{
    int taken = 0;
    while (taken == 0) {
        const char *const text = source->buffer + source->taken;
        const char *const end = memchr(text, '\n', source->filled - source->taken);
        if (!end) {
            return 0;
        }
        source->taken = (size_t)(end + 1 - source->buffer);
        if (source->skipping) {
            source->skipping = false;
            continue;
        }
        taken = take_line(source, text, (size_t)(end - text), ret_input, ret_detail);
    }
    return taken;
}

/* Makes room behind what is still wanted. One byte stays free for libgps's terminator. */
static void make_room(struct sky_src_gpsd *source)
{
    source->filled -= source->taken;
    memmove(source->buffer, source->buffer + source->taken, source->filled);
    source->taken = 0;
    if (source->filled == sizeof source->buffer - 1) {
        source->lost += source->skipping ? 0 : 1;
        source->skipping = true;
        source->filled = 0;
    }
}

/* Returns bytes received, 0 if there are none yet, or a negative errno. */
static int receive(struct sky_src_gpsd *source, char *ret_detail)
{
    make_room(source);
    const ssize_t received = recv(source->base.fd, source->buffer + source->filled,
                                  sizeof source->buffer - 1 - source->filled, 0);
    if (received > 0) {
        source->filled += (size_t)received;
        return (int)received;
    }
    if (received == 0) {
        (void)snprintf(ret_detail, SKY_DETAIL_MAX, "gpsd closed the connection");
        return -ECONNRESET;
    }
    const int error = errno;
    return error == EAGAIN || error == EINTR ? 0 : fail(error, "receive", ret_detail);
}

static int take_report(struct sky_source *base, struct sky_input *ret_input, char *ret_detail)
{
    struct sky_src_gpsd *const source = self(base);
    int result = take_lines(source, ret_input, ret_detail);
    if (result == 0) {
        result = receive(source, ret_detail);
        if (result > 0) {
            result = take_lines(source, ret_input, ret_detail);
        }
    }
    if (result == 0 && source->lost > 0) {
        result = say(ret_input, SKY_SOURCE_LOST, source->lost);
        source->lost = 0;
    }
    return result;
}

static const struct sky_source_ops ops = {open_socket, take_report, close_socket};

/*
 * libgps hands out a struct by layout. Where its time_t is not ours (a 32-bit ARM build with
 * -D_TIME_BITS=64 against a libgps without), every field after the time is silently another one. A
 * report with known values shows it.
 */
static bool layout_agrees(struct sky_src_gpsd *source)
{
    static const char known[] =
        "{\"class\":\"TPV\",\"mode\":3,\"time\":\"2026-01-02T03:04:05.000Z\",\"ept\":0.5,"
        "\"lat\":1.5,\"lon\":2.5,\"altHAE\":3.5,\"epx\":4.5,\"track\":5.5,\"speed\":6.5}";
    memset(source->state, 0, sizeof(struct gps_data_t));
    unpack(source, known, sizeof known - 1);
    const struct sky_gnss_report report = report_of(state_of(source));
    return report.mode == 3 && report.has_time && report.utc_ns == INT64_C(1767323045000000000) &&
           report.lat_deg > 1.4 && report.lat_deg < 1.6 && report.lon_deg > 2.4 &&
           report.lon_deg < 2.6 && report.alt_hae_m > 3.4 && report.alt_hae_m < 3.6 &&
           report.course_deg > 5.4 && report.course_deg < 5.6 && report.speed_mps > 6.4 &&
           report.speed_mps < 6.6;
}

static bool address_of(const struct sky_src_gpsd_config *config, struct sky_src_gpsd *source)
{
    const char *const host = strcmp(config->host, "localhost") == 0 ? "127.0.0.1" : config->host;
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(config->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(config->port)};
    if (inet_pton(AF_INET, host, &in4.sin_addr) == 1) {
        memcpy(&source->address, &in4, sizeof in4);
        source->address_bytes = sizeof in4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1) {
        memcpy(&source->address, &in6, sizeof in6);
        source->address_bytes = sizeof in6;
        return true;
    }
    return false;
}

int sky_src_gpsd_init(struct sky_src_gpsd *source, const struct sky_src_gpsd_config *config)
{
    memset(source, 0, sizeof *source);
    if (!address_of(config, source)) {
        return -EINVAL;
    }
    if (!layout_agrees(source)) {
        return -ELIBBAD;
    }
    source->base.ops = &ops;
    memcpy(source->base.name, config->name, sizeof source->base.name);
    source->base.fd = -1;
    source->base.silence_ns = config->silence_ns;
    return 0;
}
