#include "sky_src_asterix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The struct that embeds base, which is its first field. */
static struct sky_src_asterix *self(struct sky_source *base)
{
    return (struct sky_src_asterix *)base;
}

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value);
}

static int join(int fd, const struct sky_src_asterix *source)
{
    struct ip_mreqn request = {.imr_multiaddr = source->group};
    if (source->interface[0] != '\0') {
        request.imr_ifindex = (int)if_nametoindex(source->interface);
        if (request.imr_ifindex == 0) {
            return -1;
        }
    }
    if (set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) < 0) {
        return -1;
    }
    return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
}

/* Above the system's limit only root may go; anyone else gets what the limit allows. */
static void enlarge_buffer(int fd, uint32_t bytes)
{
    const int wanted = (int)bytes;
    if (wanted > 0 && set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, wanted) < 0) {
        (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, wanted);
    }
}

static int granted_bytes(int fd)
{
    int bytes = 0;
    socklen_t size = sizeof bytes;
    (void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &size);
    return bytes / 2; /* the kernel counts its own overhead, as much again */
}

static int set_up(int fd, const struct sky_src_asterix *source)
{
    const bool grouped = source->group.s_addr != 0;
    enlarge_buffer(fd, source->rcvbuf_bytes);
    if (set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1) < 0) {
        return -1;
    }
    /* Several listeners may share a group; on a unicast port a second one would steal. */
    if (grouped && set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0) {
        return -1;
    }
    if (bind(fd, (const struct sockaddr *)&source->bind_to, sizeof source->bind_to) < 0) {
        return -1;
    }
    return grouped ? join(fd, source) : 0;
}

static int open_socket(struct sky_source *base, char *ret_detail)
{
    struct sky_src_asterix *const source = self(base);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || set_up(fd, source) < 0) {
        const int error = errno;
        (void)snprintf(ret_detail, SKY_DETAIL_MAX, "%s", strerror(error));
        if (fd >= 0) {
            (void)close(fd);
        }
        return -error;
    }
    base->fd = fd;
    source->dropped = 0;
    source->waiting = false;
    (void)snprintf(ret_detail, SKY_DETAIL_MAX, "receive buffer %d of %u bytes", granted_bytes(fd),
                   source->rcvbuf_bytes);
    return 0;
}

/* The kernel's count of drops that came with the datagram, or what was known before. */
static uint32_t dropped_by(struct msghdr *message, uint32_t known)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            memcpy(&known, CMSG_DATA(c), sizeof known);
        }
    }
    return known;
}

static int hand_over(struct sky_src_asterix *source, struct sky_input *ret_input)
{
    source->waiting = false;
    ret_input->kind = SKY_INPUT_DATAGRAM;
    ret_input->u.datagram.bytes = source->bytes;
    ret_input->u.datagram.count = source->count;
    ret_input->u.datagram.peer_ipv4 = ntohl(source->peer.sin_addr.s_addr);
    ret_input->u.datagram.peer_port = ntohs(source->peer.sin_port);
    return 1;
}

static int report_loss(uint32_t count, struct sky_input *ret_input)
{
    ret_input->kind = SKY_INPUT_SOURCE;
    ret_input->u.source_event.event = SKY_SOURCE_LOST;
    ret_input->u.source_event.count = count;
    (void)snprintf(ret_input->u.source_event.detail, SKY_DETAIL_MAX, "receive buffer overran");
    return 1;
}

static int take_datagram(struct sky_source *base, struct sky_input *ret_input, char *ret_detail)
{
    struct sky_src_asterix *const source = self(base);
    if (source->waiting) {
        return hand_over(source, ret_input);
    }

    struct iovec bytes = {source->bytes, sizeof source->bytes};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint32_t))];
    struct msghdr message = {
        .msg_name = &source->peer,
        .msg_namelen = sizeof source->peer,
        .msg_iov = &bytes,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };
    const ssize_t count = recvmsg(base->fd, &message, 0);
    if (count < 0) {
        const int error = errno;
        if (error == EAGAIN || error == EINTR) {
            return 0;
        }
        (void)snprintf(ret_detail, SKY_DETAIL_MAX, "%s", strerror(error));
        return -error;
    }
    source->count = (size_t)count;
    const uint32_t dropped = dropped_by(&message, source->dropped);
    const uint32_t lost = dropped - source->dropped; /* right even when the count has wrapped */
    source->dropped = dropped;
    if (lost > 0) {
        source->waiting = true;
        return report_loss(lost, ret_input);
    }
    return hand_over(source, ret_input);
}

static void close_socket(struct sky_source *base)
{
    if (base->fd >= 0) {
        (void)close(base->fd);
    }
    base->fd = -1;
}

static const struct sky_source_ops ops = {open_socket, take_datagram, close_socket};

int sky_src_asterix_init(struct sky_src_asterix *source,
                         const struct sky_src_asterix_config *config)
{
    struct in_addr address = {0}, group = {0};
    if (inet_pton(AF_INET, config->address, &address) != 1) {
        return -EINVAL;
    }
    if (config->group[0] != '\0' &&
        (inet_pton(AF_INET, config->group, &group) != 1 || !IN_MULTICAST(ntohl(group.s_addr)))) {
        return -EINVAL;
    }
    if (config->rcvbuf_bytes > INT32_MAX / 2) {
        return -EINVAL;
    }
    memset(source, 0, sizeof *source);
    source->base.ops = &ops;
    memcpy(source->base.name, config->name, sizeof source->base.name);
    source->base.fd = -1;
    source->base.silence_ns = config->silence_ns;
    source->group = group;
    source->bind_to.sin_family = AF_INET;
    source->bind_to.sin_port = htons(config->port);
    source->bind_to.sin_addr = group.s_addr != 0 ? group : address;
    memcpy(source->interface, config->interface, sizeof source->interface);
    source->rcvbuf_bytes = config->rcvbuf_bytes;
    return 0;
}
