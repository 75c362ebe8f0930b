#include "sky_src_modbus.h"

#include <arpa/inet.h>
#include <errno.h>
#include <modbus.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum {
    TARGETS_PER_READ = 7, /* 112 registers; a request may ask for 125 */
    TRIES = 3,
    PAUSE_MS = 5, /* between tries: the head is writing */
    IDENTITY_MAX = 64,
    QUEUE_BYTES = 32768 /* of the kernel's own counting: 15 full tables, more of smaller ones */
};

/** What a message brings. */
enum message_kind {
    MESSAGE_UP = 1, /* detail: who the head says it is */
    MESSAGE_BLOCK,  /* bytes */
    MESSAGE_TORN,   /* count, detail */
    MESSAGE_LOST,   /* count */
    MESSAGE_ERROR   /* error, detail; nothing follows */
};

static struct sky_src_modbus *self(struct sky_source *base)
{
    return (struct sky_src_modbus *)base;
}

/* ---- the bus's thread ---- */

/* Hands a message to the loop. One that does not fit the queue is counted, never waited for. */
static bool hand_over(struct sky_src_modbus *source, enum message_kind kind)
{
    struct sky_src_modbus_message *const message = &source->sending;
    message->kind = kind;
    const size_t bytes = offsetof(struct sky_src_modbus_message, bytes) + message->byte_count;
    return send(source->thread_fd, message, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static struct sky_src_modbus_message *clear_message(struct sky_src_modbus *source)
{
    memset(&source->sending, 0, offsetof(struct sky_src_modbus_message, bytes));
    return &source->sending;
}

static bool report_loss(struct sky_src_modbus *source, uint64_t *count, const char *why)
{
    if (*count == 0) {
        return true;
    }
    struct sky_src_modbus_message *const message = clear_message(source);
    message->count = *count;
    (void)snprintf(message->detail, sizeof message->detail, "%s", why);
    if (!hand_over(source, MESSAGE_LOST)) {
        return false;
    }
    *count = 0;
    return true;
}

/* What was lost before is told first, so that the log has it in order. */
static bool report_losses(struct sky_src_modbus *source)
{
    return report_loss(source, &source->unsent, "read, and not taken in time") &&
           report_loss(source, &source->unread, "written over before they were read");
}

static void hand_block(struct sky_src_modbus *source, size_t words)
{
    if (!report_losses(source)) {
        source->unsent++;
        return;
    }
    struct sky_src_modbus_message *const message = clear_message(source);
    sky_regs_to_bytes(source->words, words, message->bytes);
    message->byte_count = (uint32_t)(2 * words);
    if (!hand_over(source, MESSAGE_BLOCK)) {
        source->unsent++;
    }
}

static void hand_torn(struct sky_src_modbus *source, const char *item)
{
    struct sky_src_modbus_message *const message = clear_message(source);
    message->count = 1;
    (void)snprintf(message->detail, sizeof message->detail, "%s, in each of %d reads", item, TRIES);
    if (!hand_over(source, MESSAGE_TORN)) {
        source->unsent++;
    }
}

/* libmodbus has error numbers of its own, which mean nothing to anyone else. */
static int plain_error(int error) { return error >= MODBUS_ENOBASE ? EPROTO : error; }

static bool give_up(struct sky_src_modbus *source, int error, const char *what, const char *why)
{
    struct sky_src_modbus_message *const message = clear_message(source);
    message->error = plain_error(error != 0 ? error : EIO);
    (void)snprintf(message->detail, sizeof message->detail, "%s: %s", what, why);
    (void)hand_over(source, MESSAGE_ERROR);
    return false;
}

/* Returns false if close has asked the thread to stop. */
static bool wait_ms(const struct sky_src_modbus *source, uint32_t milliseconds)
{
    struct pollfd loop = {.fd = source->thread_fd};
    return poll(&loop, 1, (int)milliseconds) == 0;
}

/* Another unit of the line may have set it up otherwise, or left an answer unread. */
static void take_turn(struct sky_src_modbus *source)
{
    if (source->config.line == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&source->config.line->turn);
    const int fd = modbus_get_socket(source->bus);
    if (fd >= 0) {
        (void)tcsetattr(fd, TCSANOW, &source->settings);
        (void)tcflush(fd, TCIOFLUSH);
    }
}

static void give_turn(struct sky_src_modbus *source)
{
    if (source->config.line != NULL) {
        (void)pthread_mutex_unlock(&source->config.line->turn);
    }
}

/* After a failure, with the turn still held: closing sets the line back as it was found. */
static void leave_line(struct sky_src_modbus *source)
{
    if (source->config.line != NULL) {
        (void)wait_ms(source, source->config.timeout_ms);
        modbus_close(source->bus);
    }
    give_turn(source);
}

static bool connect_bus(struct sky_src_modbus *source)
{
    if (modbus_connect(source->bus) < 0) {
        return give_up(source, errno, "connect", modbus_strerror(errno));
    }
    if (source->config.rs485 && modbus_rtu_set_serial_mode(source->bus, MODBUS_RTU_RS485) < 0) {
        return give_up(source, errno, "RS-485 mode", modbus_strerror(errno));
    }
    (void)modbus_flush(source->bus); /* what a serial line brought before we listened */
    if (source->config.line != NULL) {
        (void)tcgetattr(modbus_get_socket(source->bus), &source->settings);
    }
    atomic_store(&source->bus_fd, modbus_get_socket(source->bus));
    return wait_ms(source, 0); /* whoever closed before that could not wake us up from now on */
}

static bool is_refusal(int error)
{
    return error >= EMBXILFUN && error <= EMBXGTAR; /* the head answered: it does not do that */
}

/*
 * Asks who it is. Not every head knows function code 17, and one that does not even say so has used
 * up the timeout: its answer may still come, so this connection is lost and the next one does not
 * ask.
 */
static bool identify(struct sky_src_modbus *source, char ret_identity[IDENTITY_MAX])
{
    uint8_t answer[MODBUS_MAX_PDU_LENGTH] = {0};
    size_t length = 0;
    ret_identity[0] = '\0';
    if (source->mute) {
        return true;
    }
    const int bytes = modbus_report_slave_id(source->bus, sizeof answer, answer);
    if (bytes < 0 && !is_refusal(errno)) {
        source->mute = true;
        return give_up(source, errno, "identity", modbus_strerror(errno));
    }
    /* Where its number and whether it runs stand among the text, each maker decides. */
    for (int i = 0; i < bytes && i < (int)sizeof answer && length < IDENTITY_MAX - 1; i++) {
        const bool is_text = answer[i] >= ' ' && answer[i] <= '~';
        if (is_text || length > 0) {
            ret_identity[length++] = is_text ? (char)answer[i] : '?';
        }
    }
    while (length > 0 && ret_identity[length - 1] == '?') {
        length--;
    }
    ret_identity[length] = '\0';
    return true;
}

static bool read_words(struct sky_src_modbus *source, int at, size_t count, uint16_t *ret_words)
{
    const bool holding = source->config.map != NULL && source->config.map->function == 3;
    const int words = holding ? modbus_read_registers(source->bus, at, (int)count, ret_words)
                              : modbus_read_input_registers(source->bus, at, (int)count, ret_words);
    if (words == (int)count) {
        return true;
    }
    char what[48];
    (void)snprintf(what, sizeof what, "registers %d to %d", at, at + (int)count - 1);
    return give_up(source, errno, what, modbus_strerror(errno));
}

static bool read_header(struct sky_src_modbus *source, uint16_t *ret_words)
{
    return read_words(source, SKY_REGS_HEADER_AT, SKY_REGS_HEADER_WORDS, ret_words);
}

/* The rest of a block whose header is at words: the used targets, and the header once more. */
static bool read_rest(struct sky_src_modbus *source, size_t targets)
{
    uint16_t *words = source->words + SKY_REGS_HEADER_WORDS;
    int at = SKY_REGS_TABLE_AT;
    while (targets > 0) {
        const size_t part = targets < TARGETS_PER_READ ? targets : TARGETS_PER_READ;
        const size_t count = part * SKY_REGS_TARGET_WORDS;
        if (!read_words(source, at, count, words)) {
            return false;
        }
        words += count;
        at += (int)count;
        targets -= part;
    }
    return read_header(source, words);
}

/* The words as the first read brought them are evidence of what is wrong with the head. */
static bool refuse_header(struct sky_src_modbus *source, const char *item)
{
    char why[48];
    (void)snprintf(why, sizeof why, "header begins %04x %04x %04x", source->words[0],
                   source->words[1], source->words[2]);
    hand_block(source, SKY_REGS_HEADER_WORDS);
    return give_up(source, EPROTO, item, why);
}

/* A head counts its tables by two. One that has been up for less time than before was restarted. */
static void note_table(struct sky_src_modbus *source, const struct sky_regs_header *header)
{
    const struct sky_regs_header *const before = &source->latest;
    const unsigned step = (uint16_t)(header->sequence - before->sequence);
    const bool anew = header->uptime_s < before->uptime_s || step >= 0x8000;
    if (source->follows && anew) {
        struct sky_src_modbus_message *const message = clear_message(source);
        (void)snprintf(message->detail, sizeof message->detail, "begun anew: sequence %u after %u",
                       header->sequence, before->sequence);
        (void)hand_over(source, MESSAGE_UP);
    } else if (source->follows && step > 2) {
        source->unread += step / 2 - 1;
    }
    source->latest = *header;
    source->has_latest = true;
    source->follows = true;
}

static bool is_latest(const struct sky_src_modbus *source, const struct sky_regs_header *header)
{
    const struct sky_regs_header *const latest = &source->latest;
    return source->has_latest && header->sequence == latest->sequence &&
           header->crc == latest->crc && header->uptime_s >= latest->uptime_s;
}

static bool announce(struct sky_src_modbus *source, const char *identity)
{
    struct sky_src_modbus_message *const message = clear_message(source);
    (void)snprintf(message->detail, sizeof message->detail, "%s%smap %d.%d", identity,
                   identity[0] != '\0' ? ", " : "", source->words[1] >> 8, source->words[1] & 0xFF);
    return hand_over(source, MESSAGE_UP);
}

/* How one try to read the table ended. */
enum outcome { READ_WHOLE = 1, READ_UNCHANGED, READ_TORN, READ_FAILED };

static enum outcome try_table(struct sky_src_modbus *source, const char **ret_item)
{
    struct sky_regs_header header;
    if (!read_header(source, source->words)) {
        return READ_FAILED;
    }
    enum sky_status status = sky_regs_header(source->words, &header, ret_item);
    if (status == SKY_E_CORRUPT) {
        (void)refuse_header(source, *ret_item);
        return READ_FAILED;
    }
    if (status != SKY_OK) {
        return READ_TORN;
    }
    if (is_latest(source, &header)) {
        return READ_UNCHANGED;
    }
    if (!read_rest(source, header.target_count)) {
        return READ_FAILED;
    }

    const size_t words =
        2 * SKY_REGS_HEADER_WORDS + (size_t)header.target_count * SKY_REGS_TARGET_WORDS;
    uint32_t offset = 0;
    sky_regs_to_bytes(source->words, words, source->sending.bytes);
    status = sky_regs_check(source->sending.bytes, 2 * words, &header, ret_item, &offset);
    if (status != SKY_OK) {
        return READ_TORN;
    }
    note_table(source, &header);
    hand_block(source, words);
    return READ_WHOLE;
}

/* Returns false if the source has failed or is to stop. */
static bool read_table(struct sky_src_modbus *source)
{
    const char *item = "";
    for (int i = 0; i < TRIES; i++) {
        if (i > 0 && !wait_ms(source, PAUSE_MS)) {
            return false;
        }
        switch (try_table(source, &item)) {
        case READ_WHOLE:
        case READ_UNCHANGED:
            return true;
        case READ_FAILED:
            return false;
        case READ_TORN:
            break;
        }
    }
    hand_torn(source, item);
    return true;
}

/* ---- a unit with a map of its own ---- */

/* Both words of a 32-bit sequence, or the one of a shorter; nothing to read where there is none. */
static bool read_sequence(struct sky_src_modbus *source, uint16_t ret_words[2])
{
    const struct sky_regmap_field *const field =
        sky_regmap_find(source->config.map, SKY_REGMAP_SEQUENCE);
    const bool is_short =
        field != NULL && (field->type == SKY_REGMAP_U16 || field->type == SKY_REGMAP_S16);
    ret_words[0] = ret_words[1] = 0;
    return field == NULL || read_words(source, (int)field->at, is_short ? 1 : 2, ret_words);
}

static bool read_all(struct sky_src_modbus *source)
{
    const struct sky_regmap *const map = source->config.map;
    size_t done = 0;
    while (done < map->count) {
        const size_t left = map->count - done;
        const size_t part = left < MODBUS_MAX_READ_REGISTERS ? left : MODBUS_MAX_READ_REGISTERS;
        if (!read_words(source, (int)(map->first + done), part, source->words + done)) {
            return false;
        }
        done += part;
    }
    return true;
}

/* Returns false if the source has failed or is to stop. */
static bool read_mapped(struct sky_src_modbus *source)
{
    uint16_t before[2], after[2];
    for (int i = 0; i < TRIES; i++) {
        if (i > 0 && !wait_ms(source, PAUSE_MS)) {
            return false;
        }
        if (!read_sequence(source, before) || !read_all(source) || !read_sequence(source, after)) {
            return false;
        }
        if (before[0] == after[0] && before[1] == after[1]) {
            hand_block(source, source->config.map->count);
            return true;
        }
    }
    hand_torn(source, "sequence");
    return true;
}

static bool meet_mapped(struct sky_src_modbus *source, const char *identity)
{
    const char *const wanted = source->config.map->identity;
    if (strstr(identity, wanted) == NULL && !source->mute) {
        return give_up(source, EPROTO, "identity", identity[0] != '\0' ? identity : "none");
    }
    if (!read_all(source)) {
        source->mute = false; /* it does not answer at all */
        return false;
    }
    struct sky_src_modbus_message *const message = clear_message(source);
    (void)snprintf(message->detail, sizeof message->detail, "%s%sits own map", identity,
                   identity[0] != '\0' ? ", " : "");
    return hand_over(source, MESSAGE_UP);
}

/* Finds out who is there, and says so. */
static bool meet(struct sky_src_modbus *source)
{
    char identity[IDENTITY_MAX];
    if (!connect_bus(source) || !identify(source, identity)) {
        return false;
    }
    if (source->config.map != NULL) {
        return meet_mapped(source, identity);
    }
    if (!read_header(source, source->words)) {
        source->mute = false; /* it is not that it minds the question: it does not answer at all */
        return false;
    }
    return announce(source, identity);
}

static void serve(struct sky_src_modbus *source)
{
    take_turn(source);
    bool good = meet(source);
    while (good) {
        good = source->config.map != NULL ? read_mapped(source) : read_table(source);
        if (good) {
            give_turn(source);
            good = wait_ms(source, source->config.poll_ms);
            take_turn(source);
        }
    }
    leave_line(source);
}

static void *bus_main(void *argument)
{
    struct sky_src_modbus *const source = argument;
    serve(source);
    (void)shutdown(source->thread_fd, SHUT_RDWR); /* after what is queued, the loop sees the end */
    return NULL;
}

/* ---- the loop's side ---- */

static int start_thread(struct sky_src_modbus *source)
{
    /* Signals are the daemon's business, in its own thread. */
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&source->thread, NULL, bus_main, source);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static int open_bus(struct sky_source *base, char *ret_detail)
{
    struct sky_src_modbus *const source = self(base);
    int pair[2];
    int error = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        error = errno;
        goto failed;
    }
    const int queue_bytes = QUEUE_BYTES;
    (void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &queue_bytes, sizeof queue_bytes);
    source->thread_fd = pair[1];
    source->unsent = 0;
    source->unread = 0;
    source->follows = false; /* what was missed meanwhile, the outage says */
    atomic_store(&source->bus_fd, -1);
    error = start_thread(source);
    if (error != 0) {
        goto failed_thread;
    }
    base->fd = pair[0];
    source->met = false;
    source->map_said = false;
    source->running = true;
    return 1;

failed_thread:
    (void)close(pair[0]);
    (void)close(pair[1]);
failed:
    (void)snprintf(ret_detail, SKY_DETAIL_MAX, "%s", strerror(error));
    return -error;
}

static void close_bus(struct sky_source *base)
{
    struct sky_src_modbus *const source = self(base);
    if (!source->running) {
        return;
    }
    (void)shutdown(base->fd, SHUT_RDWR);
    /* The thread closes its socket only here, after it has ended: the number is still its own. */
    const int bus_fd = atomic_load(&source->bus_fd);
    if (source->config.mode == SKY_SRC_MODBUS_TCP && bus_fd >= 0) {
        (void)shutdown(bus_fd, SHUT_RDWR);
    }
    (void)pthread_join(source->thread, NULL);
    modbus_close(source->bus);
    (void)close(source->thread_fd);
    (void)close(base->fd);
    base->fd = -1;
    source->running = false;
}

static int say(const struct sky_src_modbus *source, enum sky_source_event event,
               struct sky_input *ret_input)
{
    ret_input->kind = SKY_INPUT_SOURCE;
    ret_input->u.source_event.event = event;
    ret_input->u.source_event.count = source->received.count;
    memcpy(ret_input->u.source_event.detail, source->received.detail, SKY_DETAIL_MAX);
    return 1;
}

static int hand_on(struct sky_src_modbus *source, struct sky_input *ret_input, char *ret_detail)
{
    const struct sky_src_modbus_message *const message = &source->received;
    switch ((enum message_kind)message->kind) {
    case MESSAGE_UP:
        source->met = true;
        return say(source, SKY_SOURCE_UP, ret_input);
    case MESSAGE_TORN:
        return say(source, SKY_SOURCE_TORN, ret_input);
    case MESSAGE_LOST:
        return say(source, SKY_SOURCE_LOST, ret_input);
    case MESSAGE_BLOCK:
        ret_input->kind = SKY_INPUT_REGISTERS;
        ret_input->u.registers.sensor = source->config.sensor;
        ret_input->u.registers.bytes = message->bytes;
        ret_input->u.registers.count = message->byte_count;
        ret_input->u.registers.map = source->config.map_number;
        return 1;
    case MESSAGE_ERROR:
        break;
    }
    memcpy(ret_detail, message->detail, SKY_DETAIL_MAX);
    return -message->error;
}

/* How to read what comes is told before it comes, once after each opening. */
static int hand_map(struct sky_src_modbus *source, struct sky_input *ret_input)
{
    source->map_said = true;
    ret_input->kind = SKY_INPUT_REGISTER_MAP;
    ret_input->u.register_map.map = source->config.map_number;
    ret_input->u.register_map.text = source->config.map_text;
    ret_input->u.register_map.count = source->config.map_bytes;
    return 1;
}

static int take_message(struct sky_source *base, struct sky_input *ret_input, char *ret_detail)
{
    struct sky_src_modbus *const source = self(base);
    if (source->config.map != NULL && source->met && !source->map_said) {
        return hand_map(source, ret_input);
    }
    const ssize_t bytes = recv(base->fd, &source->received, sizeof source->received, MSG_DONTWAIT);
    if (bytes > 0) {
        return hand_on(source, ret_input, ret_detail);
    }
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    (void)snprintf(ret_detail, SKY_DETAIL_MAX, "the bus was given up");
    return -EIO;
}

static const struct sky_source_ops ops = {open_bus, take_message, close_bus};

static bool in_range(uint32_t value, uint32_t low, uint32_t high)
{
    return value >= low && value <= high;
}

static bool config_is_good(const struct sky_src_modbus_config *config, const char *host)
{
    struct in_addr address;
    if ((config->map != NULL) != in_range(config->map_number, 1, SKY_MAPS_MAX)) {
        return false;
    }
    if (!in_range(config->poll_ms, 10, 60000) || !in_range(config->timeout_ms, 20, 5000)) {
        return false;
    }
    switch (config->mode) {
    case SKY_SRC_MODBUS_TCP:
        return inet_pton(AF_INET, host, &address) == 1 && config->port != 0 &&
               (in_range(config->unit, 1, 247) || config->unit == MODBUS_TCP_SLAVE);
    case SKY_SRC_MODBUS_RTU:
        return config->device[0] != '\0' && in_range(config->baud, 1200, 921600) &&
               (config->parity == 'N' || config->parity == 'E' || config->parity == 'O') &&
               in_range(config->stop_bits, 1, 2) && in_range(config->unit, 1, 247);
    }
    return false;
}

static int set_up(modbus_t *bus, const struct sky_src_modbus_config *config)
{
    const uint32_t seconds = config->timeout_ms / 1000;
    const uint32_t microseconds = config->timeout_ms % 1000 * 1000;
    if (modbus_set_slave(bus, config->unit) < 0 ||
        modbus_set_response_timeout(bus, seconds, microseconds) < 0 ||
        modbus_set_byte_timeout(bus, seconds, microseconds) < 0) {
        return -errno;
    }
    return 0;
}

int sky_src_modbus_init(struct sky_src_modbus *source, const struct sky_src_modbus_config *config)
{
    const char *const host = strcmp(config->host, "localhost") == 0 ? "127.0.0.1" : config->host;
    if (!config_is_good(config, host)) {
        return -EINVAL;
    }
    modbus_t *const bus = config->mode == SKY_SRC_MODBUS_TCP
                              ? modbus_new_tcp(host, config->port)
                              : modbus_new_rtu(config->device, (int)config->baud, config->parity, 8,
                                               config->stop_bits);
    if (!bus) {
        return -ENOMEM;
    }
    const int error = set_up(bus, config);
    if (error != 0) {
        modbus_free(bus);
        return error;
    }
    memset(source, 0, sizeof *source);
    source->base.ops = &ops;
    memcpy(source->base.name, config->name, sizeof source->base.name);
    source->base.fd = -1;
    source->base.silence_ns = config->silence_ns;
    source->config = *config;
    source->bus = bus;
    atomic_init(&source->bus_fd, -1);
    return 0;
}

void sky_src_modbus_done(struct sky_src_modbus *source)
{
    close_bus(&source->base);
    modbus_free(source->bus);
    source->bus = NULL;
}
