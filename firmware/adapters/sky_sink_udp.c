#include "sky_sink_udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int sky_sink_udp_init(struct sky_sink_udp *sink, const struct sky_sink_udp_config *config)
{
    struct in_addr address = {0};
    if (inet_pton(AF_INET, config->address, &address) != 1 || address.s_addr == INADDR_ANY ||
        config->port == 0 || config->ttl == 0) {
        return -EINVAL;
    }
    memset(sink, 0, sizeof *sink);
    sink->to.sin_family = AF_INET;
    sink->to.sin_port = htons(config->port);
    sink->to.sin_addr = address;
    memcpy(sink->interface, config->interface, sizeof sink->interface);
    sink->ttl = config->ttl;
    sink->socket = -1;
    return 0;
}

static bool set_up_group(int fd, const struct sky_sink_udp *sink)
{
    const int ttl = sink->ttl;
    struct ip_mreqn way = {.imr_ifindex = 0};
    if (sink->interface[0] != '\0') {
        way.imr_ifindex = (int)if_nametoindex(sink->interface);
        if (way.imr_ifindex == 0 ||
            setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &way, sizeof way) < 0) {
            return false;
        }
    }
    return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl) == 0;
}

/* Connected, so that the kernel tells of a machine that refuses. */
static bool open_socket(struct sky_sink_udp *sink)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    if ((IN_MULTICAST(ntohl(sink->to.sin_addr.s_addr)) && !set_up_group(fd, sink)) ||
        connect(fd, (const struct sockaddr *)&sink->to, sizeof sink->to) < 0) {
        const int error = errno;
        (void)close(fd);
        errno = error;
        return false;
    }
    sink->socket = fd;
    return true;
}

void sky_sink_udp_send(struct sky_sink_udp *sink, const void *bytes, size_t count)
{
    if ((sink->socket >= 0 || open_socket(sink)) &&
        send(sink->socket, bytes, count, MSG_NOSIGNAL) >= 0) {
        sink->sent++;
        return;
    }
    sink->failed++;
    sink->error = -errno;
    sky_sink_udp_close(sink);
}

void sky_sink_udp_close(struct sky_sink_udp *sink)
{
    if (sink->socket >= 0) {
        (void)close(sink->socket);
        sink->socket = -1;
    }
}
