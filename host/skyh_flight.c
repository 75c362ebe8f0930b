#include "skyh_flight.h"

#include <stdlib.h>

#include "sky_math.h"

static const double step_s = 1.0;

/* d(lat, lon, heading) / dt at a state; climb and acceleration are constant and need no steps. */
struct rates {
    double lat_radps;
    double lon_radps;
};

static struct rates rates_at(double lat_rad, double alt_hae_m, double heading_rad, double speed_mps)
{
    const struct sky_geo_radii radii = sky_geo_radii_at(lat_rad);
    return (struct rates){
        .lat_radps = speed_mps * sky_cos(heading_rad) / (radii.north_m + alt_hae_m),
        .lon_radps =
            speed_mps * sky_sin(heading_rad) / (radii.east_m + alt_hae_m * sky_cos(lat_rad)),
    };
}

static double turned(double angle_rad)
{
    const double wrapped = sky_wrap_pi(angle_rad);
    return wrapped < 0.0 ? wrapped + 2.0 * SKY_PI : wrapped;
}

/* One Runge-Kutta step of the path; everything but the place is linear in time. */
static struct skyh_state advance(const struct skyh_state *from, const struct skyh_leg *leg,
                                 double accel_mps2, double span_s)
{
    const double half_s = 0.5 * span_s;
    const double lat = from->place.lat_rad;
    const double alt_mid_m = from->place.alt_hae_m + leg->climb_mps * half_s;
    const double alt_end_m = from->place.alt_hae_m + leg->climb_mps * span_s;
    const double heading_mid = from->heading_rad + leg->turn_radps * half_s;
    const double heading_end = from->heading_rad + leg->turn_radps * span_s;
    const double speed_mid = from->speed_mps + accel_mps2 * half_s;
    const double speed_end = from->speed_mps + accel_mps2 * span_s;

    const struct rates a = rates_at(lat, from->place.alt_hae_m, from->heading_rad, from->speed_mps);
    const struct rates b = rates_at(lat + a.lat_radps * half_s, alt_mid_m, heading_mid, speed_mid);
    const struct rates c = rates_at(lat + b.lat_radps * half_s, alt_mid_m, heading_mid, speed_mid);
    const struct rates d = rates_at(lat + c.lat_radps * span_s, alt_end_m, heading_end, speed_end);

    struct skyh_state to = *from;
    const double sixth_s = span_s / 6.0;
    to.place.lat_rad +=
        sixth_s * (a.lat_radps + 2.0 * b.lat_radps + 2.0 * c.lat_radps + d.lat_radps);
    to.place.lon_rad =
        sky_wrap_pi(from->place.lon_rad +
                    sixth_s * (a.lon_radps + 2.0 * b.lon_radps + 2.0 * c.lon_radps + d.lon_radps));
    to.place.alt_hae_m = alt_end_m;
    to.heading_rad = turned(heading_end);
    to.speed_mps = speed_end;
    to.climb_mps = leg->climb_mps;
    return to;
}

/* The speed at which a leg begins is the one at which the leg before ended. */
static double accel_of(const struct skyh_target *target, uint32_t leg)
{
    const double before_mps = leg == 0 ? target->speed_mps : target->leg[leg - 1].speed_mps;
    const double duration_s = target->leg[leg].duration_s;
    return duration_s > 0.0 ? (target->leg[leg].speed_mps - before_mps) / duration_s : 0.0;
}

static size_t nodes_of(const struct skyh_target *target)
{
    size_t count = 1; /* never none, for calloc's sake */
    for (uint32_t i = 0; i < target->leg_count; i++) {
        count += (size_t)(target->leg[i].duration_s / step_s) + 1;
    }
    return count;
}

bool skyh_flight_make(struct skyh_flight *flight, const struct skyh_target *target,
                      struct skyh_problem *problem)
{
    flight->target = target;
    flight->node = calloc(nodes_of(target), sizeof *flight->node);
    if (flight->node == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", target->name);
    }
    struct skyh_state state = {
        .place = target->start,
        .heading_rad = turned(target->heading_rad),
        .speed_mps = target->speed_mps,
    };
    double begin_s = target->start_s;
    for (uint32_t i = 0; i < target->leg_count; i++) {
        const struct skyh_leg *const leg = &target->leg[i];
        const size_t whole = (size_t)(leg->duration_s / step_s);
        const double accel = accel_of(target, i);
        state.climb_mps = leg->climb_mps;
        for (size_t k = 0; k <= whole; k++) {
            flight->node[flight->count++] = (struct skyh_flight_node){
                .time_s = begin_s + (double)k * step_s,
                .state = state,
                .leg = i,
            };
            const double left_s = leg->duration_s - (double)k * step_s;
            state = advance(&state, leg, accel, left_s < step_s ? left_s : step_s);
        }
        state.speed_mps = leg->speed_mps;
        begin_s += leg->duration_s;
    }
    flight->end_s = begin_s;
    return true;
}

void skyh_flight_done(struct skyh_flight *flight)
{
    free(flight->node);
    flight->node = NULL;
    flight->count = 0;
}

bool skyh_flight_at(const struct skyh_flight *flight, double time_s, struct skyh_state *ret_state)
{
    if (!(time_s >= flight->target->start_s && time_s < flight->end_s)) {
        return false;
    }
    size_t low = 0, high = flight->count; /* the last node at or before time_s is in [low, high) */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (flight->node[middle].time_s <= time_s) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const struct skyh_flight_node *const node = &flight->node[low];
    *ret_state = advance(&node->state, &flight->target->leg[node->leg],
                         accel_of(flight->target, node->leg), time_s - node->time_s);
    return true;
}
