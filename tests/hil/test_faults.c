/*
 * One fault in a test: the real skywitnessd between a receiver, a radar head and a radar, of which
 * one misbehaves. After each the daemon runs and ends well, the other two lost nothing, the log
 * says what happened, and it is proven and replays.
 *
 * Argument 1: a pattern, for some of the tests.
 */
#include <math.h>
#include <pty.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>

#include "sky_daemon.h"
#include "sky_seen.h"
#include "sky_tool.h"

enum { SMOOTH_MS = 50, BABBLE_MS = 5, TIMEOUT_MS = 500 };

static struct daemon_run station;
static struct seen seen;
static const char *const no_environment[] = {NULL};

/* ---- the receiver ---- */

static struct {
    struct daemon_feed feed;
    uint16_t port;
    atomic_int period_ms; /* 0: silent */
    atomic_int days_off;  /* of its date */
    atomic_int north_m;   /* of where it is */
    atomic_bool reset;    /* the connection, once */
    atomic_uint said;
} receiver;

static bool report(int fd)
{
    struct timespec now;
    struct tm utc;
    char stamp[32], line[512];
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += (time_t)atomic_load(&receiver.days_off) * 86400;
    gmtime_r(&now.tv_sec, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    const int bytes =
        snprintf(line, sizeof line,
                 "{\"class\":\"TPV\",\"device\":\"/dev/sky-gps\",\"mode\":3,\"time\":\"%s.%03ldZ\","
                 "\"ept\":0.005,\"lat\":%.7f,\"lon\":3.0,\"altHAE\":500.0,\"epx\":4.0,\"epy\":4.0,"
                 "\"epv\":8.0,\"track\":0.0,\"speed\":0.0}\r\n",
                 stamp, now.tv_nsec / 1000000, 20.0 + atomic_load(&receiver.north_m) / 110700.0);
    const bool sent = send(fd, line, (size_t)bytes, MSG_NOSIGNAL) == bytes;
    atomic_fetch_add(&receiver.said, sent ? 1 : 0);
    return sent;
}

/* Closes so that the peer is told of a reset, as by a machine that was rebooted. */
static void reset_connection(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static void *run_receiver(void *argument)
{
    static const char version[] = "{\"class\":\"VERSION\",\"release\":\"3.22\",\"rev\":\"3.22\","
                                  "\"proto_major\":3,\"proto_minor\":14}\r\n";
    struct daemon_feed *const feed = argument;
    for (int fd = daemon_accept(feed); fd >= 0; fd = daemon_accept(feed)) {
        bool good = send(fd, version, sizeof version - 1, MSG_NOSIGNAL) > 0;
        int64_t next_ms = daemon_now_ms();
        while (good && !atomic_load(&feed->stop) && !atomic_exchange(&receiver.reset, false)) {
            const int period_ms = atomic_load(&receiver.period_ms);
            if (period_ms > 0 && daemon_now_ms() >= next_ms) {
                next_ms = daemon_now_ms() + period_ms;
                good = report(fd);
            }
            daemon_nap_ms(5);
        }
        reset_connection(fd);
    }
    return NULL;
}

/* ---- the head ---- */

static struct {
    struct daemon_feed feed; /* over TCP ... */
    uint16_t port;
    int line; /* ... or the far end of a serial line; -1: none */
    modbus_t *bus;
    modbus_mapping_t *map;
    atomic_int period_ms; /* 0: the table stays */
    atomic_bool by_clock; /* whether anybody reads or not; else when it is asked */
    atomic_int late_ms;   /* before each answer */
    atomic_bool garbage;  /* beside the answers */
    atomic_bool reset;
    atomic_bool restart;
    atomic_uint said;
    int stage; /* of the table being read: 1 published, 2 its targets were read, 3 all of it */
    int64_t changed_ms;
    int64_t up_since_ms;
} head = {.line = -1};

static void publish(uint16_t sequence)
{
    uint16_t *const word = head.map->tab_input_registers;
    uint16_t *const target = word + SKY_REGS_TABLE_AT;
    const uint32_t uptime_s = (uint32_t)((daemon_now_ms() - head.up_since_ms) / 1000);
    static const uint16_t begin[] = {SKY_REGS_MAGIC, 1 << 8, 16, 64, 7, 0, 1, 100};
    memcpy(word, begin, sizeof begin);
    memset(target, 0, 2 * SKY_REGS_TARGET_WORDS);
    target[1] = SKY_REGS_VALID;
    target[4] = 50000;
    target[6] = target[7] = target[8] = target[9] = 0x8000;
    target[10] = target[11] = target[12] = 0xFFFF;
    target[15] = word[5] = word[15] = sequence;
    word[10] = 0xFFFF;
    word[12] = (uint16_t)(uptime_s >> 16);
    word[13] = (uint16_t)uptime_s;
    word[14] = sky_regs_crc(target, SKY_REGS_TARGET_WORDS);
    head.changed_ms = daemon_now_ms();
    head.stage = 1;
    atomic_fetch_add(&head.said, 1);
}

static void publish_if_due(void)
{
    const int period_ms = atomic_load(&head.period_ms);
    if (atomic_exchange(&head.restart, false)) {
        head.up_since_ms = daemon_now_ms();
        publish(2);
    } else if (period_ms > 0 && daemon_now_ms() - head.changed_ms >= period_ms) {
        publish((uint16_t)(head.map->tab_input_registers[5] + 2));
    }
}

/* A table that is being read does not change, however long that takes. */
static void follow_reading(const uint8_t *query)
{
    const int header = modbus_get_header_length(head.bus);
    const int at = query[header + 1] << 8 | query[header + 2];
    if (query[header] != 4 || atomic_load(&head.by_clock)) {
        return;
    }
    if (at != SKY_REGS_HEADER_AT) {
        head.stage = 2;
    } else if (head.stage == 2) {
        head.stage = 3;
    } else if (head.stage == 3) {
        publish_if_due();
    }
}

static void answer(const uint8_t *query, int bytes)
{
    static const uint8_t noise[] = {0x00, 0xFF, 0x11, 0x04, 0x40, 0x13, 0x37, 0xC0, 0xDE};
    follow_reading(query);
    if (atomic_load(&head.late_ms) > 0) {
        daemon_nap_ms(atomic_load(&head.late_ms));
    }
    if (atomic_load(&head.garbage)) {
        assert_true(write(modbus_get_socket(head.bus), noise, sizeof noise) > 0);
    }
    modbus_reply(head.bus, query, bytes, head.map);
}

/* One turn with a master on fd; false once it is gone. */
static bool serve_master(int fd)
{
    uint8_t query[MODBUS_MAX_ADU_LENGTH];
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (atomic_load(&head.by_clock)) {
        publish_if_due();
    }
    if (poll(&ready, 1, 2) <= 0) {
        return true;
    }
    const int bytes = modbus_receive(head.bus, query);
    if (bytes > 0) {
        answer(query, bytes);
    }
    return bytes >= 0 || head.line >= 0;
}

static void *run_head(void *argument)
{
    struct daemon_feed *const feed = argument;
    for (int fd = daemon_accept(feed); fd >= 0; fd = daemon_accept(feed)) {
        bool good = true;
        modbus_set_socket(head.bus, fd);
        while (good && !atomic_load(&feed->stop) && !atomic_exchange(&head.reset, false)) {
            good = serve_master(fd);
        }
        reset_connection(fd);
    }
    return NULL;
}

static void *run_line(void *argument)
{
    struct daemon_feed *const feed = argument;
    while (!atomic_load(&feed->stop)) {
        (void)serve_master(head.line);
    }
    return NULL;
}

/* A serial line of this machine, known by a name that stays when it is plugged in again. */
static int open_line(void)
{
    char device[64], link[96];
    int slave = -1;
    struct termios raw;
    memset(&raw, 0, sizeof raw);
    cfmakeraw(&raw);
    assert_int_equal(openpty(&head.line, &slave, NULL, &raw, NULL), 0);
    assert_int_equal(ttyname_r(slave, device, sizeof device), 0);
    (void)snprintf(link, sizeof link, "%s/line", station.folder);
    (void)unlink(link);
    assert_int_equal(symlink(device, link), 0);
    modbus_set_socket(head.bus, head.line);
    return slave;
}

/* ---- the radar ---- */

static struct {
    uint16_t port;
    atomic_bool stop;
    pthread_t thread;
    uint64_t said;
} radar;

static void *run_radar(void *argument)
{
    (void)argument;
    while (!atomic_load(&radar.stop)) {
        daemon_send_plot(radar.port);
        radar.said++;
        daemon_nap_ms(5);
    }
    return NULL;
}

static void send_datagram(const void *bytes, size_t count)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(radar.port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int room = 1 << 20;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    assert_int_equal(sendto(fd, bytes, count, 0, (const struct sockaddr *)&to, sizeof to), count);
    close(fd);
}

/* ---- the station ---- */

static void write_config(const char *modbus, const char *more)
{
    char text[2048];
    const int bytes = snprintf(
        text, sizeof text,
        "[zones]\nfile = zones.pb\n"
        "[log]\ndirectory = log\ncommit_ms = 20\nsegment_mib = 8\nkey = station.key\n"
        "[station]\ntick_ms = 100\nlatitude_deg = 20\nlongitude_deg = 3\naltitude_hae_m = 500\n"
        "[radar.north]\nat_station = yes\nsac = 25\nsic = 201\nsigma_range_m = 15\n"
        "sigma_azimuth_deg = 0.2\nrange_max_m = 30000\nscan_ms = 400\n"
        "[gpsd]\nport = %u\nsilence_s = 0.5\n"
        "[modbus.head]\nradar = north\n%s\npoll_ms = 20\ntimeout_ms = %d\nsilence_s = 0.5\n"
        "[asterix.feed]\nlisten = 127.0.0.1:%u\n%s",
        receiver.port, modbus, TIMEOUT_MS, radar.port, more);
    assert_true(bytes > 0 && bytes < (int)sizeof text);
    daemon_write_file(station.folder, "c.ini", text, (size_t)bytes);
}

static void wait_for(const char *words)
{
    const int64_t until_ms = daemon_now_ms() + DAEMON_PATIENCE_MS;
    for (;;) {
        seen_read(&seen, station.folder, NULL);
        if (strstr(seen.words, words) != NULL) {
            return;
        }
        if (daemon_now_ms() >= until_ms) {
            fail_msg("the log does not say '%s':\n%s", words, seen.words);
        }
        daemon_nap_ms(50);
    }
}

static void expect_words(const char *words)
{
    if (strstr(seen.words, words) == NULL) {
        fail_msg("the log does not say '%s':\n%s", words, seen.words);
    }
}

/* Waits until a source has brought so many more. */
static void wait_for_more(const char *source, uint64_t more)
{
    const int64_t until_ms = daemon_now_ms() + DAEMON_PATIENCE_MS;
    seen_read(&seen, station.folder, NULL);
    const uint64_t wanted = seen_of(&seen, source)->inputs + more;
    do {
        assert_true(daemon_now_ms() < until_ms);
        daemon_nap_ms(50);
        seen_read(&seen, station.folder, NULL);
    } while (seen_of(&seen, source)->inputs < wanted);
}

static void begin_with(const char *const *environment)
{
    const char *const argument[] = {"skywitnessd", "--config", station.config, NULL};
    daemon_feed_listen(&receiver.feed, receiver.port);
    daemon_feed_listen(&head.feed, head.port);
    head.up_since_ms = daemon_now_ms() - 5000;
    publish(100);
    daemon_start(&station, SKY_DAEMON, argument, environment);
    daemon_feed_serve(&receiver.feed, run_receiver);
    daemon_feed_serve(&head.feed, head.line >= 0 ? run_line : run_head);
    wait_for("gpsd up");
    wait_for("modbus.head up");
    wait_for("asterix.feed up");
    wait_for("modbus.head reading head.truncated"); /* its first table was read */
    atomic_store(&head.period_ms, SMOOTH_MS);
    assert_int_equal(pthread_create(&radar.thread, NULL, run_radar, NULL), 0);
}

static void begin(void)
{
    char tcp[48];
    (void)snprintf(tcp, sizeof tcp, "tcp = 127.0.0.1:%u", head.port);
    write_config(tcp, "");
    begin_with(no_environment);
}

/* All that is said is given time to arrive; then the station is told to stop. */
static void end(void)
{
    atomic_store(&radar.stop, true);
    pthread_join(radar.thread, NULL);
    atomic_store(&receiver.period_ms, 0);
    atomic_store(&head.period_ms, 0);
    for (int i = 0; i < 100; i++) {
        seen_read(&seen, station.folder, NULL);
        if (seen_of(&seen, "asterix.feed")->inputs >= radar.said &&
            seen_of(&seen, "gpsd")->inputs >= atomic_load(&receiver.said) &&
            seen_of(&seen, "modbus.head")->inputs + seen_of(&seen, "modbus.head")->lost >=
                atomic_load(&head.said)) {
            break;
        }
        daemon_nap_ms(30);
    }
    assert_int_equal(waitpid(station.pid, NULL, WNOHANG), 0); /* it runs */
    kill(station.pid, SIGTERM);
    assert_int_equal(daemon_exit(&station, DAEMON_PATIENCE_MS), 0);
    daemon_feed_stop(&receiver.feed);
    daemon_feed_stop(&head.feed);
    seen_read(&seen, station.folder, NULL);
    assert_false(seen.gap || seen.went_back || seen.torn > 0);
    if (run("verify --key station.key.pub log") != 0) {
        fail_msg("%s%s", said, noted);
    }
}

static void expect_whole(const char *source, uint64_t sent)
{
    const struct seen_source *const got = seen_of(&seen, source);
    if (got->inputs != sent || got->lost != 0 || got->downs != 0) {
        fail_msg("%s: %llu sent, %llu recorded, %llu recorded as lost, down %u times:\n%s", source,
                 (unsigned long long)sent, (unsigned long long)got->inputs,
                 (unsigned long long)got->lost, got->downs, seen.words);
    }
}

static void expect_whole_radar(void) { expect_whole("asterix.feed", radar.said); }
static void expect_whole_receiver(void) { expect_whole("gpsd", atomic_load(&receiver.said)); }
static void expect_whole_head(void) { expect_whole("modbus.head", atomic_load(&head.said)); }

/* ---- faults of the receiver ---- */

static void a_receiver_that_is_unplugged_is_found_again(void **state)
{
    (void)state;
    begin();
    atomic_store(&receiver.reset, true);
    wait_for("gpsd down");
    const uint32_t ups = seen_of(&seen, "gpsd")->ups;
    wait_for_more("gpsd", 2);
    end();
    assert_int_equal(seen_of(&seen, "gpsd")->downs, 1);
    assert_true(seen_of(&seen, "gpsd")->ups > ups);
    expect_whole_head();
    expect_whole_radar();
}

static void a_receiver_that_falls_silent_is_missed_and_heard_again(void **state)
{
    (void)state;
    begin();
    wait_for_more("gpsd", 1);
    atomic_store(&receiver.period_ms, 0);
    wait_for("gpsd silent");
    atomic_store(&receiver.period_ms, SMOOTH_MS);
    wait_for("gpsd heard");
    end();
    expect_whole_receiver();
    expect_whole_head();
    expect_whole_radar();
}

static void a_receiver_that_babbles_is_taken_at_its_word_and_starves_nobody(void **state)
{
    (void)state;
    begin();
    atomic_store(&receiver.period_ms, BABBLE_MS);
    wait_for_more("gpsd", 50);
    end();
    expect_whole_receiver();
    expect_whole_head();
    expect_whole_radar();
}

static uint32_t poses_away; /* that say the station is elsewhere */

static void look_at_pose(const struct sky_input *input, const struct sky_utc_estimate *utc,
                         const struct sky_event *event)
{
    (void)input;
    (void)utc;
    poses_away += event != NULL && event->kind == SKY_EVENT_POSE &&
                  fabs(event->u.pose.place.lat_rad - 20.0 * 0.017453292519943295) > 1e-5;
}

static const struct seen_look at_pose = {look_at_pose};

static void a_receiver_that_went_back_1024_weeks_is_not_believed(void **state)
{
    (void)state;
    begin();
    wait_for_more("gpsd", 2);
    atomic_store(&receiver.north_m, 5000);
    atomic_store(&receiver.days_off, -7 * 1024);
    wait_for("gpsd reject gnss.time");
    atomic_store(&receiver.days_off, 0);
    atomic_store(&receiver.north_m, 0);
    wait_for_more("gpsd", 2);
    end();
    poses_away = 0;
    seen_read(&seen, station.folder, &at_pose);
    assert_int_equal(poses_away, 0);
    expect_whole_receiver();
    expect_whole_head();
    expect_whole_radar();
}

/* Neither a station with a survey nor one that surveyed itself in. */
static void a_mast_that_seems_to_move_stays_where_it_is(void **state)
{
    (void)state;
    begin();
    wait_for_more("gpsd", 2);
    atomic_store(&receiver.north_m, 10000);
    wait_for("gpsd reject gnss.position");
    wait_for_more("gpsd", 2);
    end();
    poses_away = 0;
    seen_read(&seen, station.folder, &at_pose);
    assert_int_equal(poses_away, 0);
    expect_whole_receiver();
    expect_whole_head();
    expect_whole_radar();
}

/* ---- faults of the head ---- */

static void a_head_whose_connection_is_reset_is_found_again(void **state)
{
    (void)state;
    begin();
    wait_for_more("modbus.head", 2);
    atomic_store(&head.reset, true);
    wait_for("modbus.head down");
    wait_for_more("modbus.head", 2);
    end();
    assert_int_equal(seen_of(&seen, "modbus.head")->ups, 2);
    expect_whole_receiver();
    expect_whole_radar();
}

static void a_head_that_stands_still_is_missed_and_heard_again(void **state)
{
    (void)state;
    begin();
    atomic_store(&head.period_ms, 0);
    wait_for("modbus.head silent");
    atomic_store(&head.period_ms, SMOOTH_MS);
    wait_for("modbus.head heard");
    end();
    expect_whole_head();
    expect_whole_receiver();
    expect_whole_radar();
}

static void tables_that_a_babbling_head_wrote_over_are_recorded_as_lost(void **state)
{
    (void)state;
    begin();
    wait_for_more("modbus.head", 2);
    atomic_store(&head.by_clock, true);
    atomic_store(&head.period_ms, BABBLE_MS);
    wait_for_more("modbus.head", 15);
    atomic_store(&head.period_ms, SMOOTH_MS); /* its last table is read */
    wait_for_more("modbus.head", 2);
    end();
    const struct seen_source *const got = seen_of(&seen, "modbus.head");
    assert_int_equal(got->inputs + got->lost, atomic_load(&head.said));
    assert_true(got->lost > 0 && got->downs == 0);
    expect_words("written over before they were read");
    expect_whole_receiver();
    expect_whole_radar();
}

static void a_head_that_answers_too_late_is_left_and_asked_anew(void **state)
{
    (void)state;
    begin();
    wait_for_more("modbus.head", 1);
    atomic_store(&head.late_ms, 3 * TIMEOUT_MS / 2);
    wait_for("modbus.head down");
    atomic_store(&head.late_ms, 0);
    wait_for_more("modbus.head", 3);
    end();
    expect_words("Connection timed out");
    assert_null(strstr(seen.words, "modbus.head reject")); /* no answer was taken for another */
    expect_whole_receiver();
    expect_whole_radar();
}

static void a_head_that_restarts_is_said_to_have_begun_anew(void **state)
{
    (void)state;
    begin();
    wait_for_more("modbus.head", 2);
    atomic_store(&head.restart, true);
    wait_for("begun anew: sequence 2 after ");
    wait_for("modbus.head reading head.restarted_s_ago 0");
    wait_for_more("modbus.head", 2);
    end();
    expect_whole_head();
    expect_whole_receiver();
    expect_whole_radar();
}

static void begin_line(int *ret_slave)
{
    char rtu[128];
    modbus_free(head.bus);
    head.bus = modbus_new_rtu("/dev/null", 115200, 'N', 8, 1);
    modbus_set_slave(head.bus, 1);
    modbus_set_indication_timeout(head.bus, 0, 20000);
    *ret_slave = open_line();
    (void)snprintf(rtu, sizeof rtu, "rtu = %s/line", station.folder);
    write_config(rtu, "");
    begin_with(no_environment);
}

static void garbage_on_a_serial_line_costs_the_answers_it_hits(void **state)
{
    (void)state;
    int slave = -1;
    begin_line(&slave);
    wait_for_more("modbus.head", 2);
    atomic_store(&head.garbage, true);
    wait_for("modbus.head down");
    atomic_store(&head.garbage, false);
    wait_for_more("modbus.head", 2);
    end();
    close(slave);
    assert_null(strstr(seen.words, "modbus.head reject")); /* none of it was taken for a table */
    expect_whole_receiver();
    expect_whole_radar();
}

static void a_serial_line_that_is_pulled_out_is_read_when_it_is_back(void **state)
{
    (void)state;
    int slave = -1;
    begin_line(&slave);
    wait_for_more("modbus.head", 2);
    atomic_store(&head.feed.stop, true);
    pthread_join(head.feed.thread, NULL);
    close(slave);
    close(head.line);
    wait_for("modbus.head down");
    slave = open_line();
    daemon_feed_serve(&head.feed, run_line);
    wait_for_more("modbus.head", 2);
    end();
    close(slave);
    assert_int_equal(seen_of(&seen, "modbus.head")->ups, 2);
    expect_whole_receiver();
    expect_whole_radar();
}

/* ---- faults of the radar's feed ---- */

static void datagrams_of_any_length_are_recorded_and_their_faults_named(void **state)
{
    (void)state;
    static uint8_t bytes[65507];
    static const size_t count[] = {0, 1, 2, 6, 65507};
    begin();
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + 48);
    }
    for (size_t i = 0; i < sizeof count / sizeof count[0]; i++) {
        send_datagram(bytes, count[i]);
        daemon_nap_ms(10);
    }
    static const uint8_t cut[] = {48, 0, 6, 0xB0, 25, 201}; /* as long as it says, and no record */
    send_datagram(cut, sizeof cut);
    wait_for("asterix.feed reject CAT048 record 1");
    end();
    expect_words("asterix.feed reject CAT048 block length");
    expect_whole("asterix.feed", radar.said + 1 + sizeof count / sizeof count[0]);
    expect_whole_receiver();
    expect_whole_head();
}

static void a_flood_of_datagrams_is_recorded_or_said_to_be_lost(void **state)
{
    (void)state;
    char tcp[48];
    uint64_t flood = 0;
    static uint8_t bytes[1400];
    (void)snprintf(tcp, sizeof tcp, "tcp = 127.0.0.1:%u", head.port);
    write_config(tcp, "rcvbuf_kib = 16\n");
    begin_with(no_environment);
    while (flood < 400) {
        send_datagram(bytes, sizeof bytes);
        flood++;
    }
    wait_for_more("asterix.feed", 5); /* with the next one the kernel says what it dropped */
    end();
    const struct seen_source *const got = seen_of(&seen, "asterix.feed");
    assert_int_equal(got->inputs + got->lost, radar.said + flood);
    expect_whole_receiver();
    expect_whole_head();
}

/* ---- an interface that goes away: in a network of our own, which nobody leaves again ---- */

static bool write_map(const char *path, unsigned id)
{
    char text[32];
    const int bytes = snprintf(text, sizeof text, "0 %u 1", id);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    const bool written = fd >= 0 && write(fd, text, (size_t)bytes) == bytes;
    if (fd >= 0) {
        close(fd);
    }
    return written;
}

/* Who is not root may be it in a world of its own, if the system lets people do that. */
static bool leave_network(void)
{
    const unsigned uid = getuid();
    if (unshare(CLONE_NEWNET) != 0 &&
        (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 || !write_map("/proc/self/uid_map", uid))) {
        return false;
    }
    return system("ip link set lo up") == 0;
}

static bool make_interface(void)
{
    return system("ip link add sky0 type veth peer name sky1 && ip link set sky1 up && "
                  "ip link set sky0 up && ip addr add 192.0.2.1/24 dev sky0") == 0;
}

static void send_to_group(void)
{
    static const uint8_t plot[] = {0x30, 0x00, 0x0b, 0xb0, 25, 201, 0x20, 0x02, 0xb3, 0x00, 0x00};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(radar.port)};
    const struct in_addr by = {.s_addr = inet_addr("192.0.2.1")};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, "239.255.85.1", &to.sin_addr);
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by);
    (void)sendto(fd, plot, sizeof plot, 0, (const struct sockaddr *)&to, sizeof to);
    close(fd);
}

/* Until the group was heard so many times more. */
static void feed_group(uint64_t more)
{
    const int64_t until_ms = daemon_now_ms() + DAEMON_PATIENCE_MS;
    seen_read(&seen, station.folder, NULL);
    const uint64_t wanted = seen_of(&seen, "asterix.group")->inputs + more;
    while (seen_of(&seen, "asterix.group")->inputs < wanted) {
        assert_true(daemon_now_ms() < until_ms);
        send_to_group();
        daemon_nap_ms(20);
        seen_read(&seen, station.folder, NULL);
    }
}

static void a_group_is_heard_again_when_its_interface_is_back(void **state)
{
    (void)state;
    char tcp[48], more[160];
    if (!leave_network() || !make_interface()) {
        print_message("no network of our own here\n");
        skip();
    }
    (void)snprintf(tcp, sizeof tcp, "tcp = 127.0.0.1:%u", head.port);
    (void)snprintf(more, sizeof more,
                   "[asterix.group]\nlisten = 0.0.0.0:%u\ngroup = 239.255.85.1\n"
                   "interface = sky0\n",
                   radar.port);
    write_config(tcp, more);
    begin_with(no_environment);
    feed_group(2);
    assert_int_equal(system("ip link set sky0 down && ip link set sky0 up"), 0);
    feed_group(2); /* as another one would not: the membership outlived it */
    assert_int_equal(system("ip link del sky0"), 0);
    wait_for("asterix.group down 0: interface sky0 went away");
    assert_true(make_interface());
    feed_group(2);
    end();
    assert_int_equal(seen_of(&seen, "asterix.group")->ups, 2);
    expect_whole_receiver();
    expect_whole_head();
    expect_whole_radar();
}

/* ---- faults of the clock ---- */

#ifdef SKY_SHIFT

static _Atomic int64_t *shift_ns; /* the real-time clock's, the monotonic one's */

static void begin_with_clock(void)
{
    static const int64_t none[2];
    char path[128], shift[160], tcp[48];
    daemon_write_file(station.folder, "shift", none, sizeof none);
    (void)snprintf(path, sizeof path, "%s/shift", station.folder);
    (void)snprintf(shift, sizeof shift, "SKY_SHIFT=%s", path);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    shift_ns = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    assert_true(shift_ns != MAP_FAILED);
    const char *const environment[] = {"LD_PRELOAD=" SKY_SHIFT, shift, NULL};
    (void)snprintf(tcp, sizeof tcp, "tcp = 127.0.0.1:%u", head.port);
    write_config(tcp, "");
    begin_with(environment);
}

static void a_clock_that_steps_back_an_hour_is_recorded_and_the_log_goes_on(void **state)
{
    (void)state;
    begin_with_clock();
    wait_for_more("gpsd", 2);
    atomic_store(&shift_ns[0], -3600 * SKY_SECOND_NS);
    wait_for("clock step -3600 s");
    wait_for_more("gpsd", 2);
    wait_for_more("asterix.feed", 20);
    end();
    expect_whole_receiver();
    expect_whole_head();
    expect_whole_radar();
}

static struct {
    enum sky_clock_state latest;
    int64_t known_sigma_ns; /* before the silence */
    int64_t sigma_ns;
    int64_t error_ns; /* of the estimate against this machine's clock, at the latest input */
} utc_seen;

static void look_at_utc(const struct sky_input *input, const struct sky_utc_estimate *utc,
                        const struct sky_event *event)
{
    (void)event;
    if (input == NULL) {
        return;
    }
    utc_seen.known_sigma_ns =
        utc->state == SKY_CLOCK_GNSS ? utc->sigma_ns : utc_seen.known_sigma_ns;
    utc_seen.latest = utc->state;
    utc_seen.sigma_ns = utc->sigma_ns;
    utc_seen.error_ns = utc->utc_ns - input->realtime_ns;
}

static const struct seen_look at_utc = {look_at_utc};

static void without_its_receiver_a_station_knows_the_time_ever_less_well(void **state)
{
    (void)state;
    begin_with_clock();
    wait_for_more("gpsd", 2);
    atomic_store(&receiver.period_ms, 0);
    daemon_nap_ms(50);
    int64_t sigma_ns = 0;
    static const int64_t after_s[] = {20, 200, 2000};
    for (size_t i = 0; i < 3; i++) {
        atomic_store(&shift_ns[1], after_s[i] * SKY_SECOND_NS);
        atomic_store(&shift_ns[0], after_s[i] * SKY_SECOND_NS);
        wait_for_more("asterix.feed", 10);
        seen_read(&seen, station.folder, &at_utc);
        assert_int_equal(utc_seen.latest, SKY_CLOCK_HOLDOVER);
        assert_true(utc_seen.sigma_ns > sigma_ns);
        sigma_ns = utc_seen.sigma_ns;
        const int64_t drift_ns = after_s[i] * 20000; /* 20 ppm */
        assert_in_range(sigma_ns - utc_seen.known_sigma_ns, drift_ns, drift_ns + 10000000);
        assert_true(llabs(utc_seen.error_ns) < 3 * sigma_ns);
    }
    expect_words("gpsd silent");
    end();
    expect_whole_receiver();
    expect_whole_radar();
}

#endif

/* ---- */

static int set_up(void **state)
{
    (void)state;
    daemon_quick_folder(&station);
    (void)snprintf(folder, sizeof folder, "%s", station.folder);
    receiver.port = daemon_free_port(SOCK_STREAM);
    head.port = daemon_free_port(SOCK_STREAM);
    radar.port = daemon_free_port(SOCK_DGRAM);
    atomic_store(&receiver.period_ms, SMOOTH_MS);
    atomic_store(&receiver.days_off, 0);
    atomic_store(&receiver.north_m, 0);
    atomic_store(&receiver.said, 0);
    head.line = -1;
    head.bus = modbus_new_tcp("127.0.0.1", 0);
    head.map = modbus_mapping_new(0, 0, 0, 512);
    atomic_store(&head.period_ms, 0);
    atomic_store(&head.by_clock, false);
    atomic_store(&head.said, 0);
    atomic_store(&radar.stop, false);
    radar.said = 0;
    return run("witness keygen station.example/1 station.key");
}

static int tear_down(void **state)
{
    (void)state;
    daemon_clean(&station);
    modbus_mapping_free(head.map);
    modbus_free(head.bus);
    if (head.line >= 0) {
        close(head.line);
    }
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
static const struct CMUnitTest tests[] = {
    CASE(a_receiver_that_is_unplugged_is_found_again),
    CASE(a_receiver_that_falls_silent_is_missed_and_heard_again),
    CASE(a_receiver_that_babbles_is_taken_at_its_word_and_starves_nobody),
    CASE(a_receiver_that_went_back_1024_weeks_is_not_believed),
    CASE(a_mast_that_seems_to_move_stays_where_it_is),
    CASE(a_head_whose_connection_is_reset_is_found_again),
    CASE(a_head_that_stands_still_is_missed_and_heard_again),
    CASE(tables_that_a_babbling_head_wrote_over_are_recorded_as_lost),
    CASE(a_head_that_answers_too_late_is_left_and_asked_anew),
    CASE(a_head_that_restarts_is_said_to_have_begun_anew),
    CASE(garbage_on_a_serial_line_costs_the_answers_it_hits),
    CASE(a_serial_line_that_is_pulled_out_is_read_when_it_is_back),
    CASE(datagrams_of_any_length_are_recorded_and_their_faults_named),
    CASE(a_flood_of_datagrams_is_recorded_or_said_to_be_lost),
#ifdef SKY_SHIFT
    CASE(a_clock_that_steps_back_an_hour_is_recorded_and_the_log_goes_on),
    CASE(without_its_receiver_a_station_knows_the_time_ever_less_well),
#endif
    CASE(a_group_is_heard_again_when_its_interface_is_back), /* the last: see there */
};
enum { TESTS = sizeof tests / sizeof tests[0], WORKERS = 4 };

/* Each worker takes one test in four; what it says is kept until it has ended. */
static int start_worker(int index, pid_t *ret_pid)
{
    static struct CMUnitTest own[TESTS];
    int count = 0;
    FILE *const words = tmpfile();
    assert_non_null(words);
    for (int i = index; i < TESTS; i += WORKERS) {
        own[count++] = tests[i];
    }
    *ret_pid = fork();
    if (*ret_pid == 0) {
        dup2(fileno(words), STDOUT_FILENO);
        dup2(fileno(words), STDERR_FILENO);
        const int failed = _cmocka_run_group_tests("faults", own, (size_t)count, NULL, NULL);
        fflush(NULL);
        _exit(failed);
    }
    return dup(fileno(words));
}

static void print_words(int fd)
{
    char part[1024];
    ssize_t got = 0;
    (void)lseek(fd, 0, SEEK_SET);
    while ((got = read(fd, part, sizeof part)) > 0) {
        (void)fwrite(part, 1, (size_t)got, stdout);
    }
    close(fd);
}

/* Most of a test is waiting, so some run beside each other. */
int main(int argc, char **argv)
{
    int words[WORKERS], failed = 0;
    pid_t pid[WORKERS];
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
        return cmocka_run_group_tests(tests, NULL, NULL);
    }
    for (int i = 0; i < WORKERS; i++) {
        words[i] = start_worker(i, &pid[i]);
    }
    for (int i = 0; i < WORKERS; i++) {
        int status = 0;
        waitpid(pid[i], &status, 0);
        failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        print_words(words[i]);
    }
    return failed;
}
