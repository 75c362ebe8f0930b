/**
 * skyh_live: a scenario as live peers - what a station's adapters connect to, in real time.
 *
 * NMEA 0183 over TCP for gpsd, a Modbus head over TCP or on a serial device, and ASTERIX datagrams
 * over UDP. The receiver talks and the heads answer from the start; the flight begins once gpsd and
 * every Modbus head's reader are there and have had time to settle.
 */
#ifndef SKYH_LIVE_H
#define SKYH_LIVE_H

#include "skyh_world.h"

/** How to reach the peers, where it differs from the scenario. */
struct skyh_live_config {
    const char *address;                  /* IPv4: to serve on, and to send ASTERIX to */
    uint16_t port[SKYH_SOURCES_MAX];      /* by source */
    const char *device[SKYH_SOURCES_MAX]; /* serial device of a Modbus head; NULL for TCP */
    double wait_s;                        /* for the peers to come */
    double settle_s;                      /* after that, before the flight begins */
};

/** What happened. */
struct skyh_flown {
    uint64_t epochs;
    uint64_t datagrams;
    uint64_t scans;
    uint64_t modbus_requests;
    int64_t start_utc_ns;
};

/**
 * Plays the scenario once and returns. SKYH_EXIT_UNAVAILABLE if an address or a device cannot be
 * used or the peers do not come in time; a peer that leaves during the flight may come back.
 */
bool skyh_live_run(const struct skyh_scenario *scenario, const struct skyh_live_config *config,
                   struct skyh_flown *ret_flown, struct skyh_problem *problem);

#endif
