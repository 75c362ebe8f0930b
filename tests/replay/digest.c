/*
 * replay.digest: twenty minutes of a station's life, from bytes on the wire to events, and the
 * FNV-1a digest of every bit of every field of every event. One number on every machine, compiler
 * and optimisation level; changing it is a deliberate commit that says why.
 */
#include <stdio.h>
#include <string.h>

#include "sky_paper.h"

static struct sky_station station;
static struct sky_outbox outbox;
static struct paper_wire wire;
static struct paper_reader reader;
static uint64_t inputs;
static uint64_t events;
static uint64_t by_kind[SKY_EVENT_READING + 1];

static void take(const struct sky_input *input)
{
    if (sky_station_step(&station, input, &outbox) != SKY_OK) {
        printf("input %llu refused\n", (unsigned long long)input->seq);
        return;
    }
    inputs++;
    events += outbox.count;
    for (size_t i = 0; i < outbox.count; i++) {
        by_kind[outbox.event[i].kind]++;
    }
    paper_read_all(&reader, &outbox);
}

enum { TARGETS = 8 };

struct path {
    struct sky_enu at;
    double ve_mps;
    double vn_mps;
};

/*
 * The border story's drone at 75 m/s: along the border, in by some 1.6 km, out, round again towards
 * it, and never seen after 248 s. Legs of constant turn rate, so that nothing jumps.
 */
static struct path drone(double t_s)
{
    static const struct {
        double for_s;
        double turn_radps; /* clockwise */
    } leg[] = {{60, 0}, {30, -SKY_PI / 60}, {20, 0},  {60, SKY_PI / 60},
               {10, 0}, {60, -SKY_PI / 60}, {9999, 0}};
    struct path path = {{-9000.0, 2300.0, 5200.0}, 0.0, 0.0};
    double heading_rad = SKY_PI / 2;
    double left_s = t_s;

    for (size_t i = 0; left_s > 0.0; i++) {
        const double for_s = left_s < leg[i].for_s ? left_s : leg[i].for_s;
        const double before_rad = heading_rad;
        heading_rad += leg[i].turn_radps * for_s;
        const double mean_rad = 0.5 * (before_rad + heading_rad);
        const double half_rad = 0.5 * (heading_rad - before_rad);
        const double chord_m =
            75.0 * for_s * (half_rad > 0.0 || half_rad < 0.0 ? sky_sin(half_rad) / half_rad : 1.0);
        path.at.east_m += chord_m * sky_sin(mean_rad);
        path.at.north_m += chord_m * sky_cos(mean_rad);
        left_s -= for_s;
    }
    path.ve_mps = 75.0 * sky_sin(heading_rad);
    path.vn_mps = 75.0 * sky_cos(heading_rad);
    return path;
}

static struct path circle(double t_s, double east_m, double north_m, double up_m, double radius_m,
                          double speed_mps)
{
    const double turn_rad = speed_mps * t_s / radius_m;
    const struct path path = {
        {east_m + radius_m * sky_sin(turn_rad), north_m + radius_m * sky_cos(turn_rad), up_m},
        speed_mps * sky_cos(turn_rad),
        -speed_mps * sky_sin(turn_rad)};
    return path;
}

static struct path straight(double t_s, double east_m, double north_m, double up_m, double ve_mps,
                            double vn_mps)
{
    const struct path path = {
        {east_m + ve_mps * t_s, north_m + vn_mps * t_s, up_m}, ve_mps, vn_mps};
    return path;
}

static struct path target(size_t i, double t_s)
{
    switch (i) {
    case 0:
        return drone(t_s);
    case 1:
        return circle(t_s, 4000.0, -5000.0, 1500.0, 3000.0, 30.0); /* in and out of the box */
    case 2:
        return circle(t_s, -9000.0, 9000.0, 3000.0, 6000.0, 120.0);
    case 3:
        return straight(t_s, -30000.0, -2000.0, 9500.0, 230.0, 60.0);
    case 4:
        return straight(t_s, -12000.0, 3000.0, 4000.0, 60.0, -4.0); /* two that cross */
    case 5:
        return straight(t_s, -12000.0, -1000.0, 4050.0, 60.0, 4.0);
    case 6:
        return circle(t_s, -15500.0, -3500.0, 700.0, 400.0, 12.0); /* in the triangle */
    default:
        return straight(t_s, 2000.0, 20000.0, 2500.0, -5.0, -35.0); /* first seen inside */
    }
}

static bool is_seen(size_t i, double t_s)
{
    if ((i == 0 && t_s > 248.0) || (i == 3 && (t_s < 100.0 || t_s > 360.0))) {
        return false;
    }
    return paper_uniform(&wire.seed, 0.0, 1.0) < 0.9;
}

static void head(int64_t now_ns, double t_s)
{
    paper_table(&wire);
    for (size_t i = 0; i < TARGETS; i++) {
        const struct path path = target(i, t_s);
        const double range_m =
            sky_sqrt(path.at.east_m * path.at.east_m + path.at.north_m * path.at.north_m +
                     path.at.up_m * path.at.up_m);
        if (is_seen(i, t_s) && range_m < 59e3) {
            const double radial_mps =
                (path.at.east_m * path.ve_mps + path.at.north_m * path.vn_mps) / range_m;
            paper_target(&wire, &path.at, radial_mps, i == 6 ? -20.0 : 3.0);
        }
    }
    struct sky_enu clutter = {paper_uniform(&wire.seed, -30e3, 30e3),
                              paper_uniform(&wire.seed, -30e3, 30e3), 1000.0};
    paper_target(&wire, &clutter, 0.0, -10.0);
    const int64_t utc_ns = PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS) - SKY_SECOND_NS / 20;
    const bool says_time = (int)t_s % 50 != 0;
    struct sky_input input = paper_registers(&wire, now_ns, says_time ? utc_ns : 0);
    if ((int)t_s % 97 == 5) {
        wire.bytes[40] ^= 1; /* torn */
    }
    take(&input);
}

static void feed(int64_t now_ns, double t_s)
{
    const int64_t utc_ns = PAPER_UTC0_NS + (now_ns - PAPER_TIME0_NS);
    const int second = (int)t_s;
    paper_block(&wire);
    for (size_t i = 0; i < TARGETS; i++) {
        const struct path early = target(i, t_s - 0.3);
        if (second % 4 == 0 && is_seen(i, t_s)) {
            paper_record(&wire, 1, &early.at, utc_ns - 300000000, i % 2 == 0,
                         i == 3 ? 0x4CA123 : 0);
        }
        if (is_seen(i, t_s)) {
            paper_record(&wire, 2, &early.at,
                         second % 30 == 0 ? 0 : utc_ns - 300000000 + second % 110 * 10000000, false,
                         0);
        }
    }
    if (second % 40 == 0) {
        const struct path path = target(1, t_s);
        paper_record(&wire, 9, &path.at, utc_ns, false, 0); /* nobody's */
    }
    struct sky_input input = paper_datagram(&wire, now_ns);
    if (second % 62 == 0) {
        input.u.datagram.count -= 3; /* cut off */
    }
    take(&input);
}

static void receiver(int64_t now_ns, int second)
{
    const struct sky_enu at = {3.0 * paper_normal(&wire.seed), 3.0 * paper_normal(&wire.seed),
                               6.0 * paper_normal(&wire.seed)};
    struct sky_input input = paper_gnss(&wire, now_ns, &at);
    if (second % 100 == 99) {
        input.u.gnss.mode = 1;
    }
    if (second % 200 == 50) {
        input.u.gnss.lat_deg += 1.0;
    }
    if (second > 800 && second < 900) {
        return; /* silent: holdover */
    }
    take(&input);
}

int main(void)
{
    sky_station_init(&station);
    reader = paper_digest();
    wire.seed = 20250331;
    paper_config(&wire.config);
    struct sky_input input = paper_begin(&wire, PAPER_TIME0_NS);
    take(&input);

    for (int second = 1; second <= 1200; second++) {
        const int64_t now_ns = PAPER_TIME0_NS + second * SKY_SECOND_NS;
        input = paper_tick(&wire, now_ns, second > 30 && second < 300);
        take(&input);
        receiver(now_ns + 100000000, second);
        head(now_ns + 250000000, second + 0.2);
        if (second % 2 == 0) {
            feed(now_ns + 500000000, second + 0.5);
        }
    }
    input = paper_source(&wire, PAPER_TIME0_NS + 1201 * SKY_SECOND_NS, SKY_SOURCE_SHUTDOWN);
    take(&input);

    fprintf(stderr, "%llu inputs, %llu events (", (unsigned long long)inputs,
            (unsigned long long)events);
    for (size_t i = 1; i <= SKY_EVENT_READING; i++) {
        fprintf(stderr, " %llu", (unsigned long long)by_kind[i]);
    }
    fprintf(stderr, " by kind), %llu values not finite\n", (unsigned long long)reader.not_finite);
    printf("digest %016llx\n", (unsigned long long)reader.hash);
    return reader.not_finite == 0 ? 0 : 1;
}
