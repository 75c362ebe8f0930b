#include "skyd_health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A path, or a name in the abstract namespace, which begins with an at sign. */
static int open_socket(const char *name, struct sockaddr_un *ret_address, socklen_t *ret_bytes)
{
    const size_t bytes = strlen(name);
    if (bytes < 2 || bytes >= sizeof ret_address->sun_path || (name[0] != '/' && name[0] != '@')) {
        return -1;
    }
    memset(ret_address, 0, sizeof *ret_address);
    ret_address->sun_family = AF_UNIX;
    memcpy(ret_address->sun_path, name, bytes);
    if (name[0] == '@') {
        ret_address->sun_path[0] = '\0';
    }
    *ret_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Twice as often as asked for; 0 if the watchdog is not meant for this process. */
static int64_t watchdog_period_ns(void)
{
    const char *const pid = getenv("WATCHDOG_PID");
    const char *const usec = getenv("WATCHDOG_USEC");
    if (usec == NULL || (pid != NULL && strtol(pid, NULL, 10) != (long)getpid())) {
        return 0;
    }
    const long long period_us = strtoll(usec, NULL, 10);
    return period_us > 0 && period_us < INT64_C(1000000000000) ? period_us * 500 : 0;
}

void skyd_health_init(struct skyd_health *health, int64_t stall_ns)
{
    const char *const name = getenv("NOTIFY_SOCKET");
    memset(health, 0, sizeof *health);
    health->fd = name != NULL ? open_socket(name, &health->address, &health->address_bytes) : -1;
    health->watchdog_ns = health->fd >= 0 ? watchdog_period_ns() : 0;
    health->stall_ns = stall_ns;
}

void skyd_health_notify(struct skyd_health *health, const char *state)
{
    if (health->fd >= 0) {
        /* A manager that does not listen must not stop a witness. */
        (void)sendto(health->fd, state, strlen(state), MSG_NOSIGNAL,
                     (const struct sockaddr *)&health->address, health->address_bytes);
    }
}

/* What the people should know who can change a card: appended to what is fine. */
static void add_storage(const struct skyd_vitals *vitals, char *status, size_t size)
{
    size_t used = strlen(status);
    if (vitals->faults > 0) {
        snprintf(status + used, size - used,
                 ", %llu storage faults, the latest in segment %llu: %s",
                 (unsigned long long)vitals->faults, (unsigned long long)vitals->fault_segment,
                 strerror(-vitals->error));
        used = strlen(status);
    }
    if (vitals->ring_full) {
        snprintf(status + used, size - used, ", the ring is full of incidents");
    }
}

void skyd_health_turn(struct skyd_health *health, int64_t now_ns, const struct skyd_vitals *vitals)
{
    const bool stalled = vitals->lag_ns >= health->stall_ns;
    if (stalled) {
        skyd_say_limited(&health->stall_limit, now_ns, SKYD_ERROR,
                         "the log has not been durable for %.1f s", (double)vitals->lag_ns / 1e9);
    }
    if (health->watchdog_ns > 0 && now_ns >= health->next_watchdog_ns && !stalled) {
        health->next_watchdog_ns = now_ns + health->watchdog_ns;
        skyd_health_notify(health, "WATCHDOG=1");
    }
    if (now_ns >= health->next_status_ns) {
        health->next_status_ns = now_ns + SKY_SECOND_NS;
        char status[384];
        snprintf(
            status, sizeof status,
            "STATUS=%llu inputs, %u of %u sources up, %u tracks, %u incidents open, log %.1f s "
            "behind",
            (unsigned long long)vitals->inputs, vitals->sources_up, vitals->sources, vitals->tracks,
            vitals->incidents_open, (double)vitals->lag_ns / 1e9);
        add_storage(vitals, status, sizeof status);
        skyd_health_notify(health, status);
    }
}

int64_t skyd_health_next_ns(const struct skyd_health *health)
{
    const bool watchdog = health->watchdog_ns > 0;
    return watchdog && health->next_watchdog_ns < health->next_status_ns ? health->next_watchdog_ns
                                                                         : health->next_status_ns;
}

static double milliseconds(const struct skyd_latency *latency, double share)
{
    return (double)skyd_latency_quantile(latency, share) / 1e6;
}

void skyd_health_report(const struct skyd_writer *writer)
{
    struct rusage used;
    memset(&used, 0, sizeof used);
    getrusage(RUSAGE_SELF, &used);
    const double cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    skyd_say(
        SKYD_INFO,
        "durable: urgent %llu groups p50 %.1f p99 %.1f max %.1f ms; other %llu groups p50 %.1f "
        "p99 %.1f max %.1f ms; waits %llu, faults %llu; cpu %.2f s, max rss %.1f MiB",
        (unsigned long long)writer->urgent.count, milliseconds(&writer->urgent, 0.5),
        milliseconds(&writer->urgent, 0.99), (double)writer->urgent.max_ns / 1e6,
        (unsigned long long)writer->other.count, milliseconds(&writer->other, 0.5),
        milliseconds(&writer->other, 0.99), (double)writer->other.max_ns / 1e6,
        (unsigned long long)writer->status.waits, (unsigned long long)writer->status.faults, cpu_s,
        (double)used.ru_maxrss / 1024.0);
}

void skyd_health_close(struct skyd_health *health)
{
    if (health->fd >= 0) {
        close(health->fd);
        health->fd = -1;
    }
}
