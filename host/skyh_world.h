/**
 * skyh_world: a scenario in motion - what each sensor sends, in the order it reaches the station.
 *
 * Truth comes from skyh_flight. A radar turns once per scan and sees a target when its beam passes;
 * noise is drawn per plot and biases once per run, all from the seed and with the core's own
 * arithmetic, so a scenario gives the same bytes on every machine. A log is written and live peers
 * are fed from this one sequence.
 */
#ifndef SKYH_WORLD_H
#define SKYH_WORLD_H

#include "sky_input.h"
#include "skyh_feed.h"
#include "skyh_flight.h"
#include "skyh_scenario.h"

enum skyh_emission_kind {
    SKYH_EMIT_SOURCE = 1, /* a source comes or goes */
    SKYH_EMIT_EPOCH,      /* the receiver has a fix */
    SKYH_EMIT_DATAGRAM,   /* ASTERIX */
    SKYH_EMIT_REGISTERS   /* a Modbus head has written its table */
};

/** One thing a sensor did. Pointers are into the world, valid until the next call. */
struct skyh_emission {
    enum skyh_emission_kind kind;
    uint32_t source; /* 0: the receiver; i + 1: radar i */
    int64_t time_ns; /* when it reaches the station, since the start */
    enum sky_source_event event;
    const struct skyh_epoch *epoch;
    const uint8_t *datagram;
    size_t datagram_bytes;
    const struct skyh_registers *registers;
};

enum { SKYH_SOURCES_MAX = 1 + SKY_SENSORS_MAX, SKYH_SECTORS = 8 };

/** A source's coming and going, in order. */
struct skyh_change {
    int64_t time_ns;
    enum sky_source_event event;
};

/** One sensor in motion. */
struct skyh_sensor {
    uint64_t random;
    size_t change_count;
    size_t change_next;
    struct skyh_change change[1 + 2 * SKYH_FAULTS_MAX];
    uint64_t window;    /* number of the next window: an epoch, a sector or a scan */
    int64_t arrival_ns; /* of what that window brings */
    double bias_range_m;
    double bias_azimuth_rad; /* the station's heading error included */
    double bias_elevation_rad;
    struct sky_geo_frame frame; /* radars: at the antenna */
    struct sky_enu slow_m;      /* the receiver's wandering error */
    uint16_t sequence;          /* Modbus */
};

/** Large; keep it on the heap or static. Start zeroed, end with skyh_world_done. */
struct skyh_world {
    const struct skyh_scenario *scenario;
    int64_t start_utc_ns;    /* UTC of the world's time 0 */
    int64_t flight_begin_ns; /* targets and faults count from here; SKYH_NOT_YET: sensors idle */
    uint32_t source_count;
    struct skyh_sensor sensor[SKYH_SOURCES_MAX];
    struct skyh_flight flight[SKYH_TARGETS_MAX];
    /* what an emission points to */
    struct skyh_epoch epoch;
    uint8_t datagram[2 * SKYH_DATAGRAM_MAX];
    struct skyh_registers registers;
    size_t plot_count;
    struct sky_plot plot[SKYH_DATAGRAM_PLOTS_MAX];
};

#define SKYH_NOT_YET (INT64_MAX / 4)

/**
 * Sets a world in motion. Borrows the scenario. start_utc_ns is the UTC of its time 0. Targets are
 * there from flight_begin_ns on, which the caller may set later than this: until then sensors work
 * and see only what is not there.
 */
bool skyh_world_make(struct skyh_world *world, const struct skyh_scenario *scenario,
                     int64_t start_utc_ns, struct skyh_problem *problem);

void skyh_world_done(struct skyh_world *world);

/** When the next emission reaches the station, since time 0. */
int64_t skyh_world_due(const struct skyh_world *world);

/** Takes the next emission; false once the scenario's duration is over. */
bool skyh_world_next(struct skyh_world *world, struct skyh_emission *ret_emission);

/** True while a fault keeps a source away, whether or not anybody has noticed. */
bool skyh_world_away(const struct skyh_world *world, uint32_t source, int64_t time_ns);

#endif
