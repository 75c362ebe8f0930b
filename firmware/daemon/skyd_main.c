/*
 * skywitnessd: the station's daemon - configuration, sources, log, in this order, and then the
 * loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "sky_clock_linux.h"
#include "sky_store_posix.h"
#include "skyd_config.h"
#include "skyd_diag.h"
#include "skyd_health.h"
#include "skyd_loop.h"
#include "skyd_pool.h"
#include "skyd_ring.h"
#include "skyd_seal.h"
#include "skyd_sink.h"
#include "skyd_writer.h"

/* The ring holds a few seconds of the busiest feed, and the largest record there can be. */
enum { GROUP_BYTES = 256 * 1024, RING_BYTES = 4 * 1024 * 1024 };
_Static_assert((int)RING_BYTES > (int)SKY_CODEC_RECORD_MAX + 65536, "every record fits the ring");

/* Everything the daemon will ever need, so that nothing has to be found later. */
static struct skyd_config config;
static struct skyd_zones zones;
static struct sky_station station;
static struct sky_outbox outbox;
static struct sky_clock_linux linux_clock;
static struct sky_store_posix store;
static struct sky_journal *journal;
static struct skyd_writer writer;
static struct skyd_ring ring;
static struct skyd_seal seal;
static struct skyd_health health;
static struct skyd_sink sink;
static struct skyd_loop loop;
static struct sky_src_gpsd gpsd;
static struct skyd_maps maps;
static struct sky_src_modbus_line lines[SKYD_MODBUS_MAX];
static struct sky_src_modbus modbus[SKYD_MODBUS_MAX];
static struct sky_src_asterix asterix[SKYD_ASTERIX_MAX];

enum mode { MODE_RUN = 0, MODE_CHECK, MODE_PRINT, MODE_VERSION, MODE_HELP };

static const char usage[] = "usage: skywitnessd --config FILE [--check-config | --print-config]\n"
                            "       skywitnessd --version | --help\n";

static const char help[] =
    "\n"
    "Records what the station's sensors say, decides whether an aircraft is inside a zone under\n"
    "each claimed line, and keeps both.\n"
    "\n"
    "  -c, --config FILE   the configuration (INI)\n"
    "      --check-config  read it, the zone set and the log's place; say what is wrong; stop\n"
    "      --print-config  write what is in force, each value with where it comes from; stop\n"
    "      --version       write the version; stop\n"
    "\n"
    "SIGTERM and SIGINT end it in good order; SIGHUP closes and opens every source.\n"
    "Exit: 0 ended in good order, 64 usage, 74 cannot record, 78 bad configuration.\n";

static int read_arguments(int count, char **argument, enum mode *ret_mode, const char **ret_path)
{
    static const struct option option[] = {
        {"config", required_argument, NULL, 'c'}, {"check-config", no_argument, NULL, 'k'},
        {"print-config", no_argument, NULL, 'p'}, {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    enum mode mode = MODE_RUN;
    int found = 0;
    while ((found = getopt_long(count, argument, "c:h", option, NULL)) != -1) {
        if (found == 'c') {
            *ret_path = optarg;
        } else if (found == '?' || mode != MODE_RUN) {
            return -EINVAL;
        } else {
            mode = found == 'k'   ? MODE_CHECK
                   : found == 'p' ? MODE_PRINT
                   : found == 'v' ? MODE_VERSION
                                  : MODE_HELP;
        }
    }
    const bool needs_file = mode == MODE_RUN || mode == MODE_CHECK || mode == MODE_PRINT;
    if (optind != count || (needs_file && *ret_path == NULL)) {
        return -EINVAL;
    }
    *ret_mode = mode;
    return 0;
}

/* Reads and checks all that a run depends on. */
static int load(const char *path, enum mode mode)
{
    static char error[SKYD_ERROR_MAX];
    int status = skyd_config_read(&config, path, error);
    if (status == 0 && mode == MODE_PRINT) {
        skyd_config_print(&config, stdout);
        return 0;
    }
    if (status == 0) {
        status = skyd_config_zones(&config, &zones, error);
    }
    if (status == 0) {
        status = skyd_config_maps(&config, &maps, error);
    }
    if (status == 0) {
        status = skyd_config_log_place(&config, error);
    }
    if (status == 0) {
        status = skyd_seal_open(&seal, &config, error);
    }
    if (status != 0) {
        fprintf(stderr, "%s\n", error);
    } else if (mode == MODE_CHECK) {
        printf("%s: good: %u radars, %u zones, %u lines\n", path, config.engine.sensor_count,
               zones.set.zone_count, zones.set.line_count);
    }
    return status;
}

static void add_source(struct sky_source *source)
{
    loop.source[loop.source_count++].source = source;
}

/* Units on one serial line take turns; the first of them keeps the line. */
static void share_line(uint32_t index)
{
    struct sky_src_modbus_config *const own = &config.modbus[index].source;
    for (uint32_t i = 0; i < index; i++) {
        struct sky_src_modbus_config *const other = &config.modbus[i].source;
        if (own->mode == SKY_SRC_MODBUS_RTU && strcmp(own->device, other->device) == 0) {
            own->line = other->line;
            return;
        }
    }
    if (own->mode == SKY_SRC_MODBUS_RTU) {
        (void)pthread_mutex_init(&lines[index].turn, NULL);
        own->line = &lines[index];
    }
}

static int make_sources(void)
{
    int error = 0;
    if (config.has_gpsd) {
        error = sky_src_gpsd_init(&gpsd, &config.gpsd);
        add_source(&gpsd.base);
    }
    for (uint32_t i = 0; error == 0 && i < config.modbus_count; i++) {
        share_line(i);
        error = sky_src_modbus_init(&modbus[i], &config.modbus[i].source);
        add_source(&modbus[i].base);
    }
    for (uint32_t i = 0; error == 0 && i < config.asterix_count; i++) {
        error = sky_src_asterix_init(&asterix[i], &config.asterix[i].source);
        add_source(&asterix[i].base);
    }
    if (error != 0) {
        skyd_say(SKYD_ERROR, "%s: %s: %s", config.path,
                 loop.source[loop.source_count - 1].source->name, strerror(-error));
    }
    return error;
}

/* Signals come as readable bytes; threads that start later inherit the mask. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void read_boot_id(char ret_id[37])
{
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ret_id[0] = '\0';
    if (fd >= 0) {
        ret_id[read(fd, ret_id, 36) == 36 ? 36 : 0] = '\0';
        close(fd);
    }
}

/* A folder is durable once the one that holds it is. */
static int make_folder(const char *path)
{
    if (mkdir(path, 0750) != 0) {
        return errno == EEXIST ? 0 : -errno;
    }
    const int made = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int parent = made < 0 ? -1 : openat(made, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int error = parent < 0 || fsync(parent) != 0 ? -errno : 0;
    if (parent >= 0) {
        close(parent);
    }
    if (made >= 0) {
        close(made);
    }
    return error;
}

static int open_log(const char *boot_id, const char *software)
{
    int error = make_folder(config.log_directory);
    if (error != 0) {
        return error;
    }
    error = sky_store_posix_open(&store, config.log_directory);
    if (error != 0) {
        return error;
    }
    int any = 0;
    uint64_t last = 0;
    error = store.store.ops->last(&store.store, &any, &last);
    if (error != 0) {
        return error;
    }
    struct sky_journal_config journal_config = {.segment_bytes = config.segment_bytes,
                                                .first_segment = any ? last + 1 : 0,
                                                .group_bytes = GROUP_BYTES,
                                                .commit_interval_ns = (uint64_t)config.commit_ns};
    snprintf(journal_config.boot_id, sizeof journal_config.boot_id, "%s", boot_id);
    snprintf(journal_config.software, sizeof journal_config.software, "%s", software);
    journal_config.seal = &seal.config;
    error = sky_journal_open(&journal_config, &writer.sink, &journal);
    if (error == 0) {
        error =
            skyd_writer_open(&writer, &store.store, &linux_clock.base, RING_BYTES, config.stall_ns);
    }
    writer.hook = &seal.hook;
    const struct skyd_ring_config ring_config = {.limit_bytes = config.ring_bytes,
                                                 .segment_bytes = config.segment_bytes,
                                                 .pin_ns = config.pin_ns};
    return error != 0 ? error : skyd_ring_open(&ring, &store.store, &ring_config);
}

static int run(void)
{
    struct sky_input first;
    memset(&first, 0, sizeof first);
    first.kind = SKY_INPUT_CONFIG;
    first.u.config.config = &config.engine;
    first.u.config.zones = &zones.set;
    first.u.config.zone_bytes = zones.bytes;
    first.u.config.zone_byte_count = zones.byte_count;
    read_boot_id(first.u.config.boot_id);
    snprintf(first.u.config.software, SKY_NAME_MAX, "skywitnessd %s", SKY_VERSION);

    sky_clock_linux_init(&linux_clock);
    const int signal_fd = open_signals();
    if (make_sources() != 0) {
        return EX_CONFIG;
    }
    if (config.has_sink && skyd_sink_init(&sink, &config.sink) == 0) {
        loop.sink = &sink;
    }
    int error = open_log(first.u.config.boot_id, first.u.config.software);
    if (error != 0) {
        skyd_say(SKYD_ERROR, "cannot record in %s: %s", config.log_directory,
                 error == -EBUSY ? "another process records there" : strerror(-error));
        return EX_IOERR;
    }
    sky_station_init(&station);
    skyd_health_init(&health, config.stall_ns);
    loop.clock = &linux_clock.base;
    loop.station = &station;
    loop.outbox = &outbox;
    loop.journal = journal;
    loop.writer = &writer;
    loop.ring = &ring;
    loop.health = &health;
    loop.signal_fd = signal_fd;
    loop.tick_ns = config.engine.tick_ns;
    loop.commit_ns = config.commit_ns;
    loop.drain_ns = config.stall_ns;
    skyd_pool_begin();
    error = skyd_loop_run(&loop, &first);
    if (error != 0) {
        /* The writer may hang in a system call of a dying disk: do not wait for it. */
        skyd_say(SKYD_ERROR, "cannot record in %s: %s", config.log_directory, strerror(-error));
        _exit(EX_IOERR);
    }
    skyd_ring_close(&ring, loop.written.groups);
    skyd_writer_close(&writer);
    skyd_health_report(&writer);
    skyd_seal_close(&seal);
    skyd_health_close(&health);
    if (loop.sink != NULL) {
        skyd_sink_close(loop.sink);
    }
    sky_store_posix_close(&store);
    for (uint32_t i = 0; i < config.modbus_count; i++) {
        sky_src_modbus_done(&modbus[i]);
    }
    close(signal_fd);
    return EX_OK;
}

int main(int argument_count, char **argument)
{
    enum mode mode = MODE_RUN;
    const char *path = NULL;
    (void)skyd_pool_install(); /* else signing takes its memory from malloc */
    if (read_arguments(argument_count, argument, &mode, &path) != 0) {
        fputs(usage, stderr);
        return EX_USAGE;
    }
    if (mode == MODE_VERSION) {
        puts("skywitnessd " SKY_VERSION);
        return EX_OK;
    }
    if (mode == MODE_HELP) {
        fputs(usage, stdout);
        fputs(help, stdout);
        return EX_OK;
    }
    if (load(path, mode) != 0) {
        return EX_CONFIG;
    }
    return mode == MODE_RUN ? run() : EX_OK;
}
