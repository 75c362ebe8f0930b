/**
 * skyd_health: what the service manager is told (sd_notify's protocol), and what is said at exit.
 *
 * The watchdog is fed from the pipeline, never from a timer: only by a loop that turned, and only
 * while what was handed to the writer becomes durable in time.
 */
#ifndef SKYD_HEALTH_H
#define SKYD_HEALTH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "skyd_diag.h"
#include "skyd_writer.h"

/** Fields are private. */
struct skyd_health {
    int fd; /* -1: nobody wants to know */
    struct sockaddr_un address;
    socklen_t address_bytes;
    int64_t watchdog_ns; /* feed this often; 0: no watchdog */
    int64_t stall_ns;
    int64_t next_watchdog_ns;
    int64_t next_status_ns;
    struct skyd_limit stall_limit;
};

/** How the station is doing, as far as it may be shown: nothing here runs ahead of the disk. */
struct skyd_vitals {
    uint64_t inputs; /* durable */
    uint32_t tracks; /* confirmed or coasting */
    uint32_t incidents_open;
    uint32_t sources_up;
    uint32_t sources;
    int64_t lag_ns;         /* age of the oldest input that is not durable yet */
    uint64_t faults;        /* segments that failed ... */
    int error;              /* ... the latest with this negative errno ... */
    uint64_t fault_segment; /* ... and this number */
    bool ring_full;         /* no segment may go, and the log needs room */
};

/**
 * Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Lag of stall_ns or more starves the
 * watchdog. Without a service manager nothing is sent, and a stalled log is said all the same.
 */
void skyd_health_init(struct skyd_health *health, int64_t stall_ns);

/** Sends "READY=1", "STOPPING=1" and such. */
void skyd_health_notify(struct skyd_health *health, const char *state);

/** Sends STATUS each second and WATCHDOG=1 when it is due and deserved. */
void skyd_health_turn(struct skyd_health *health, int64_t now_ns, const struct skyd_vitals *vitals);

/** The next instant at which skyd_health_turn has something to do. */
int64_t skyd_health_next_ns(const struct skyd_health *health);

/** One line on standard error: how fast the log became durable, CPU time, peak memory. */
void skyd_health_report(const struct skyd_writer *writer);

/** Closes the socket. */
void skyd_health_close(struct skyd_health *health);

#endif
