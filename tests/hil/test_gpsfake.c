/*
 * Real receivers through a real gpsd: the logs of ../shared/data/captures, fed by gpsfake, and what
 * a station makes of them. Each log's dates are moved so that its newest is the day the paper
 * station runs: a date that was wrong stays as wrong as it was.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sky_paper.h"
#include "sky_src_gpsd.h"
#include "sky_test.h"
#include "skyh_nmea.h"

enum { REPORTS_MAX = 4096, PATIENCE_MS = 60000 };

static const char folder[] = SKY_SOURCE_DIR "/../shared/data/captures/permissive/gpsd";

/* What a log must come to. */
struct log {
    const char *name;
    bool moving;
    bool nowhere;          /* never a fix */
    uint32_t epochs_least; /* of them the pose was made ... */
    uint32_t epochs_most;
    double last_m;  /* ... and how far from the latest good fix it is then, at most */
    uint64_t dates; /* reports refused for their date */
    uint64_t places;
};

static const struct log logs[] = {
    {"beidou-bd", false, false, 5, 5, 40.0, 0, 0},
    {"bu303-nofix", false, true, 0, 0, 0.0, 0, 0},
    {"bundg_zeus_9", true, false, 140, 160, 1.0, 0, 0},
    {"haicom-305N", true, false, 60, 70, 1.0, 0, 0},
    {"navisys-gr701w", false, false, 55, 60, 10.0, 0, 0},
    {"nmea-rtk", false, false, 120, 123, 10.0, 0, 0},
    {"sirfstarv", true, false, 50, 53, 1.0, 53, 0},
    /* It stands four bad fixes off, 890 m and 450 m too high, till sixty others agree. */
    {"ublox-lea-4h", false, false, 4, 4, 900.0, 0, 5},
    {"ublox-neo-m9n-nmea", false, false, 58, 62, 10.0, 0, 0},
    {"ublox-zed-f9p-hp", false, false, 25, 29, 10.0, 0, 0},
    {"ublox-zed-f9p-nmea", false, false, 25, 30, 10.0, 0, 0},
};
enum { LOGS = sizeof logs / sizeof logs[0] };

static struct {
    pid_t pid;
    uint16_t port;
    int go; /* a line here starts the feed */
} fake[LOGS];

static struct sky_src_gpsd gps[LOGS];
static struct sky_gnss_report report[REPORTS_MAX];
static size_t report_count;
static struct sky_station station;
static struct sky_outbox outbox;
static struct paper_wire wire;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap_ms(long milliseconds)
{
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* In a process group of its own, with the gpsd that it starts. */
static void start_gpsfake(size_t i)
{
    char path[512], port[8];
    int go[2];
    fake[i].port = free_port();
    snprintf(path, sizeof path, "%s/%s.log", folder, logs[i].name);
    snprintf(port, sizeof port, "%u", fake[i].port);
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    fake[i].pid = fork();
    if (fake[i].pid == 0) {
        const int nowhere = open("/dev/null", O_RDWR);
        (void)setpgid(0, 0);
        dup2(go[0], STDIN_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        execl("/usr/bin/python3", "python3", SKY_SOURCE_DIR "/tests/hil/feed_log.py", port, path,
              (char *)NULL);
        _exit(127);
    }
    (void)setpgid(fake[i].pid, fake[i].pid);
    close(go[0]);
    fake[i].go = go[1];
}

static void stop_gpsfake(size_t i)
{
    if (fake[i].pid > 0) {
        kill(-fake[i].pid, SIGKILL);
        waitpid(fake[i].pid, NULL, 0);
        close(fake[i].go);
        fake[i].pid = 0;
    }
}

static bool has_gpsfake(void)
{
    return system("/usr/bin/python3 -c 'import gps.fake' 2>/dev/null") == 0 &&
           (system("command -v gpsd >/dev/null 2>&1") == 0 || access("/usr/sbin/gpsd", X_OK) == 0);
}

static void skip_unless_possible(void)
{
    if (!has_gpsfake()) {
        print_message("skipped: gpsfake (gpsd-tools, python3-gps) is not installed\n");
        skip();
    }
    if (access(folder, R_OK) != 0) {
        print_message("skipped: %s is not there\n", folder);
        skip();
    }
}

/* gpsd takes a moment to listen. */
static void open_gps(struct sky_src_gpsd *source, uint16_t port)
{
    const struct sky_src_gpsd_config config = {.name = "gps", .host = "localhost", .port = port};
    const int64_t until_ms = now_ms() + PATIENCE_MS;
    char detail[SKY_DETAIL_MAX];
    struct sky_input input;
    assert_int_equal(sky_src_gpsd_init(source, &config), 0);
    for (;;) {
        memset(detail, 0, sizeof detail);
        int taken = source->base.ops->open(&source->base, detail);
        for (int i = 0; i < 400 && taken >= 0; i++) {
            taken = source->base.ops->take(&source->base, &input, detail);
            if (taken == 1) {
                assert_int_equal(input.kind, SKY_INPUT_SOURCE);
                return;
            }
            nap_ms(2);
        }
        source->base.ops->close(&source->base);
        assert_true(now_ms() < until_ms);
        nap_ms(5);
    }
}

static size_t count_in_check(const char *name)
{
    static char line[4096];
    char path[512];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s.log.chk", folder, name);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        count += strstr(line, "{\"class\":\"TPV\"") != NULL;
    }
    fclose(file);
    return count;
}

/* What the desktop tool reads in the same message. */
static void compare(const struct sky_gnss_report *one)
{
    char *const text = malloc(one->json_bytes);
    struct skyh_nmea nmea = {0};
    struct skyh_problem problem;
    memcpy(text, one->json, one->json_bytes);
    (void)!skyh_nmea_take(&nmea, "report", text, one->json_bytes, &problem);
    assert_int_equal(nmea.count, 1);
    const struct sky_gnss_report *const other = &nmea.fix[0].report;
    /* libgps hands out the error of a height that it has not got, now and then */
    const bool high = isfinite(one->alt_hae_m) || isfinite(one->alt_msl_m);
    const double left[] = {one->lat_deg,
                           one->lon_deg,
                           one->alt_hae_m,
                           one->alt_msl_m,
                           one->err_lon_m,
                           one->err_lat_m,
                           high ? one->err_alt_m : 0.0,
                           one->err_time_s,
                           one->course_deg,
                           one->climb_mps,
                           one->speed_mps};
    const double right[] = {other->lat_deg,
                            other->lon_deg,
                            other->alt_hae_m,
                            other->alt_msl_m,
                            other->err_lon_m,
                            other->err_lat_m,
                            high ? other->err_alt_m : 0.0,
                            other->err_time_s,
                            other->course_deg,
                            other->climb_mps,
                            other->speed_mps};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        if (isnan(left[i]) != isnan(right[i]) || fabs(left[i] - right[i]) > 1e-9) {
            fail_msg("number %zu: %.12g, %.12g: %.*s", i, left[i], right[i], (int)one->json_bytes,
                     one->json);
        }
    }
    assert_int_equal(one->mode, other->mode);
    assert_int_equal(one->receiver.status, other->receiver.status);
    assert_int_equal(one->has_time, other->has_time);
    assert_true(llabs(one->utc_ns - other->utc_ns) < 1000);
    skyh_nmea_close(&nmea);
}

/* Reads what gpsd says until all that is expected came, or it ends. */
static void read_reports(struct sky_source *source, size_t wanted)
{
    const int64_t until_ms = now_ms() + PATIENCE_MS;
    char detail[SKY_DETAIL_MAX] = {0};
    struct sky_input input;
    int taken = 0;
    report_count = 0;
    while (taken >= 0 && report_count < wanted && now_ms() < until_ms) {
        memset(&input, 0, sizeof input);
        taken = source->ops->take(source, &input, detail);
        if (taken == 1 && input.kind == SKY_INPUT_GNSS) {
            assert_true(report_count < REPORTS_MAX);
            compare(&input.u.gnss);
            report[report_count] = input.u.gnss;
            report[report_count].json = NULL;
            report[report_count].json_bytes = 0;
            report_count++;
        } else if (taken == 0) {
            struct pollfd ready = {.fd = source->fd, .events = POLLIN};
            (void)poll(&ready, 1, 5000);
        }
    }
}

/* After a second in which more could have come. */
static void expect_no_more(struct sky_source *source)
{
    char detail[SKY_DETAIL_MAX] = {0};
    struct sky_input input;
    int taken = 1;
    while (taken > 0) {
        memset(&input, 0, sizeof input);
        taken = source->ops->take(source, &input, detail);
        assert_false(taken == 1 && input.kind == SKY_INPUT_GNSS);
    }
    source->ops->close(source);
}

static int64_t newest_ns(void)
{
    int64_t newest = 0;
    for (size_t i = 0; i < report_count; i++) {
        newest = report[i].has_time && report[i].utc_ns > newest ? report[i].utc_ns : newest;
    }
    return newest;
}

/* What the station said of it all. */
static struct {
    uint64_t dates;
    uint64_t places;
    struct sky_lla last; /* latest 3D fix of a believable date */
} seen;

static void look_at_events(void)
{
    for (size_t i = 0; i < outbox.count; i++) {
        const struct sky_event *const event = &outbox.event[i];
        if (event->kind == SKY_EVENT_REJECT) {
            seen.dates += strcmp(event->u.reject.item, "gnss.time") == 0;
            seen.places += strcmp(event->u.reject.item, "gnss.position") == 0 &&
                           event->u.reject.reason == SKY_REJECT_IMPLAUSIBLE;
        } else if (event->kind == SKY_EVENT_POSE) {
            assert_true(isfinite(event->u.pose.place.lat_rad) &&
                        isfinite(event->u.pose.place.lon_rad) &&
                        isfinite(event->u.pose.place.alt_hae_m));
        }
    }
}

/* The station lives through the log at the log's own pace. */
static void live_through(const struct log *log)
{
    const int64_t shift_ns = PAPER_UTC0_NS + 3600 * SKY_SECOND_NS - newest_ns();
    int64_t now_ns = PAPER_TIME0_NS;
    memset(&wire, 0, sizeof wire);
    memset(&seen, 0, sizeof seen);
    paper_config(&wire.config);
    wire.config.station.has_site = false;
    wire.config.station.moving = log->moving;
    sky_station_init(&station);
    struct sky_input input = paper_begin(&wire, now_ns);
    assert_int_equal(sky_station_step(&station, &input, &outbox), SKY_OK);
    for (size_t i = 0; i < report_count; i++) {
        struct sky_gnss_report *const one = &report[i];
        one->utc_ns += one->has_time ? shift_ns : 0;
        const int64_t at_ns = PAPER_TIME0_NS + (one->utc_ns - PAPER_UTC0_NS) + SKY_SECOND_NS / 5;
        now_ns = one->has_time && at_ns > now_ns ? at_ns : now_ns + SKY_SECOND_NS / 1000;
        input = paper_input(&wire, now_ns, SKY_INPUT_GNSS, "gpsd");
        input.u.gnss = *one;
        assert_int_equal(sky_station_step(&station, &input, &outbox), SKY_OK);
        look_at_events();
        if (one->mode == 3 && isfinite(one->lat_deg) && isfinite(one->lon_deg) && one->has_time &&
            one->utc_ns > PAPER_UTC0_NS - 86400 * SKY_SECOND_NS) {
            seen.last.lat_rad = one->lat_deg * SKY_PI / 180.0;
            seen.last.lon_rad = one->lon_deg * SKY_PI / 180.0;
        }
    }
}

static double apart_m(const struct sky_lla *a, const struct sky_lla *b)
{
    struct sky_geo_frame frame;
    const struct sky_lla from = {a->lat_rad, a->lon_rad, 0.0};
    const struct sky_lla to = {b->lat_rad, b->lon_rad, 0.0};
    assert_int_equal(sky_geo_frame_init(&frame, &from), SKY_OK);
    const struct sky_enu offset = sky_geo_to_enu(&frame, &to);
    return hypot(offset.east_m, offset.north_m);
}

static void judge(const struct log *log)
{
    const struct sky_pose *const pose = &station.engine.pose;
    print_message("%-18s %4zu reports, %3u epochs used, %2llu dates and %llu places refused",
                  log->name, report_count, pose->fixes_used, (unsigned long long)seen.dates,
                  (unsigned long long)seen.places);
    if (pose->known) {
        print_message(", %.1f m from the last fix, sigma %.1f m", apart_m(&pose->place, &seen.last),
                      pose->sigma_horizontal_m);
    }
    print_message("\n");
    assert_int_equal(pose->known, !log->nowhere);
    assert_in_range(pose->fixes_used, log->epochs_least, log->epochs_most);
    assert_int_equal(seen.dates, log->dates);
    assert_int_equal(seen.places, log->places);
    if (pose->known) {
        assert_true(apart_m(&pose->place, &seen.last) <= log->last_m);
    }
}

static void every_log_of_a_real_receiver_makes_the_pose_that_it_should(void **state)
{
    (void)state;
    skip_unless_possible();
    for (size_t i = 0; i < LOGS; i++) {
        start_gpsfake(i);
    }
    for (size_t i = 0; i < LOGS; i++) {
        open_gps(&gps[i], fake[i].port);
        assert_int_equal(write(fake[i].go, "\n", 1), 1);
    }
    for (size_t i = 0; i < LOGS; i++) {
        const size_t wanted = count_in_check(logs[i].name);
        read_reports(&gps[i].base, wanted);
        assert_int_equal(report_count, wanted);
        live_through(&logs[i]);
        judge(&logs[i]);
    }
    nap_ms(1000);
    for (size_t i = 0; i < LOGS; i++) {
        expect_no_more(&gps[i].base);
    }
}

static int stop_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOGS; i++) {
        stop_gpsfake(i);
    }
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_log_of_a_real_receiver_makes_the_pose_that_it_should,
                                  stop_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
