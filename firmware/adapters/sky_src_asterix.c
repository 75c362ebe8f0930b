#include "sky_src_asterix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
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
    const struct ip_mreqn request = {.imr_multiaddr = source->group,
                                     .imr_ifindex = (int)source->index};
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

/* Says what goes wrong from now on, and closes what there is. */
static int give_up(struct sky_source *base, char *ret_detail)
{
    const int error = errno;
    (void)snprintf(ret_detail, SKY_DETAIL_MAX, "%s", strerror(error));
    base->ops->close(base);
    return -error;
}

static int listen_to_links(void)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        const int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/*
 * The kernel forgets who had joined a group on an interface that went away, and does not say so on
 * the socket: without this a station would wait for ever on the one that took its name. Listens
 * before it looks the name up, so that no change falls between.
 */
static int watch_interface(struct sky_src_asterix *source)
{
    source->base.fd = epoll_create1(EPOLL_CLOEXEC);
    source->links = listen_to_links();
    if (source->base.fd < 0 || source->links < 0 || watch(source->base.fd, source->links) < 0 ||
        watch(source->base.fd, source->socket) < 0) {
        return -1;
    }
    source->index = if_nametoindex(source->interface);
    return source->index != 0 ? 0 : -1;
}

static int open_socket(struct sky_source *base, char *ret_detail)
{
    struct sky_src_asterix *const source = self(base);
    const bool watched = source->group.s_addr != 0 && source->interface[0] != '\0';
    source->index = 0;
    source->dropped = 0;
    source->waiting = false;
    source->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (source->socket < 0 || (watched && watch_interface(source) < 0) ||
        set_up(source->socket, source) < 0) {
        return give_up(base, ret_detail);
    }
    if (!watched) {
        base->fd = source->socket;
    }
    (void)snprintf(ret_detail, SKY_DETAIL_MAX, "receive buffer %d of %u bytes",
                   granted_bytes(source->socket), source->rcvbuf_bytes);
    return 0;
}

/* True if one of the messages says that the interface is gone. */
static bool says_gone(const struct sky_src_asterix *source, const uint8_t *bytes, size_t count)
{
    while (count >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr head;
        struct ifinfomsg about;
        memcpy(&head, bytes, sizeof head);
        if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > count) {
            break;
        }
        if (head.nlmsg_type == RTM_DELLINK && head.nlmsg_len >= NLMSG_LENGTH(sizeof about)) {
            memcpy(&about, bytes + NLMSG_HDRLEN, sizeof about);
            if ((unsigned)about.ifi_index == source->index) {
                return true;
            }
        }
        const size_t step = NLMSG_ALIGN(head.nlmsg_len);
        bytes += step < count ? step : count;
        count -= step < count ? step : count;
    }
    return false;
}

/*
 * Nothing more was received: did the interface change? What was said of it may have been dropped,
 * so its name is looked up as well. The messages go where datagrams do, whose place is free now.
 */
static int check_interface(struct sky_src_asterix *source, char *ret_detail)
{
    bool any = false, gone = false;
    while (source->links >= 0 && !gone) {
        const ssize_t count = recv(source->links, source->bytes, sizeof source->bytes, 0);
        if (count < 0 && errno != ENOBUFS) {
            break;
        }
        any = true;
        gone = count > 0 && says_gone(source, source->bytes, (size_t)count);
    }
    if (!any || (!gone && if_nametoindex(source->interface) == source->index)) {
        return 0;
    }
    (void)snprintf(ret_detail, SKY_DETAIL_MAX, "interface %s went away", source->interface);
    return -ENODEV;
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

/* The same, asked for: what was dropped behind the latest datagram comes with no other. */
static uint32_t dropped_so_far(const struct sky_src_asterix *source)
{
    uint32_t facts[SK_MEMINFO_VARS];
    socklen_t size = sizeof facts;
    const bool known = getsockopt(source->socket, SOL_SOCKET, SO_MEMINFO, facts, &size) == 0 &&
                       size > SK_MEMINFO_DROPS * sizeof facts[0];
    return known ? facts[SK_MEMINFO_DROPS] : source->dropped;
}

/* How many more were dropped than was known; right even when the kernel's count has wrapped. */
static uint32_t note_dropped(struct sky_src_asterix *source, uint32_t dropped)
{
    const uint32_t lost = dropped - source->dropped;
    if (lost > INT32_MAX) {
        return 0; /* an older count, of a datagram that waited while we asked */
    }
    source->dropped = dropped;
    return lost;
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
    const ssize_t count = recvmsg(source->socket, &message, 0);
    if (count < 0) {
        const int error = errno;
        if (error == EAGAIN || error == EINTR) {
            const uint32_t lost = note_dropped(source, dropped_so_far(source));
            return lost > 0 ? report_loss(lost, ret_input) : check_interface(source, ret_detail);
        }
        (void)snprintf(ret_detail, SKY_DETAIL_MAX, "%s", strerror(error));
        return -error;
    }
    source->count = (size_t)count;
    const uint32_t lost = note_dropped(source, dropped_by(&message, source->dropped));
    if (lost > 0) {
        source->waiting = true;
        return report_loss(lost, ret_input);
    }
    return hand_over(source, ret_input);
}

static void close_one(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

static void close_socket(struct sky_source *base)
{
    struct sky_src_asterix *const source = self(base);
    if (base->fd == source->socket) {
        base->fd = -1;
    }
    close_one(&base->fd);
    close_one(&source->socket);
    close_one(&source->links);
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
    source->socket = -1;
    source->links = -1;
    source->base.silence_ns = config->silence_ns;
    source->group = group;
    source->bind_to.sin_family = AF_INET;
    source->bind_to.sin_port = htons(config->port);
    source->bind_to.sin_addr = group.s_addr != 0 ? group : address;
    memcpy(source->interface, config->interface, sizeof source->interface);
    source->rcvbuf_bytes = config->rcvbuf_bytes;
    return 0;
}
