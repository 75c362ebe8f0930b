/**
 * skyd_config: the station's one configuration file, read through a typed table, checked whole.
 *
 * INI, because that is what people edit on small boards. Units are in the keys and are human ones
 * (degrees, seconds, milliseconds); the engine's own structs come out. What is not understood is an
 * error with file and line, never a default: a misspelt key must not look like a working one.
 */
#ifndef SKYD_CONFIG_H
#define SKYD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sky_asterix_write.h"
#include "sky_codec.h"
#include "sky_config.h"
#include "sky_sink_udp.h"
#include "sky_src_asterix.h"
#include "sky_src_gpsd.h"
#include "sky_src_modbus.h"
#include "sky_zone.h"
#include "skyd_keys.h"

enum {
    SKYD_MODBUS_MAX = SKY_SENSORS_MAX, /* [modbus.NAME] sections: a radar has one bus */
    SKYD_ASTERIX_MAX = 4,              /* [asterix.NAME] sections */
    SKYD_NAME_MAX = 24,                /* bytes of NAME, final zero included */
    SKYD_PATH_MAX = 512,               /* bytes of a path, final zero included */
    SKYD_ERROR_MAX = 2048,             /* bytes of an error's line, final zero included */
    SKYD_CONFIG_BYTES_MAX = 65536,     /* of the file */
    SKYD_KEYS_MAX = 32,                /* of one kind of section */
    SKYD_SECTIONS_MAX = 7 + SKY_SENSORS_MAX + SKYD_MODBUS_MAX + SKYD_ASTERIX_MAX
};

struct skyd_modbus_config {
    struct sky_src_modbus_config source; /* source.sensor is set from radar */
    char tcp[64];                        /* "host:port", or empty */
    char radar[SKYD_NAME_MAX];           /* empty: an instrument */
    char map_file[SKYD_PATH_MAX];        /* empty: a head of the map of sky_regs */
};

struct skyd_asterix_config {
    struct sky_src_asterix_config source;
    char listen[32]; /* "address:port" */
};

struct skyd_sink_config {
    struct sky_sink_udp_config udp;
    struct sky_asterix_sender sender;
    int64_t period_ns;
    char to[32]; /* "address:port" */
};

/** Where a value came from. */
struct skyd_setting {
    int line;         /* 0: the default */
    uint32_t text_at; /* in text[]; meaningful if line is not 0 */
};

/** One section of the file. */
struct skyd_section {
    enum skyd_kind_id kind;
    uint32_t index; /* among sections of its kind */
    int line;       /* of its heading; 0: it is not in the file */
    char name[SKYD_NAME_MAX];
    struct skyd_setting setting[SKYD_KEYS_MAX];
};

/** Everything the file says, checked. Plain data, about 100 kB: keep it static. */
struct skyd_config {
    struct sky_config engine;
    enum sky_motion_kind motion;    /* 0: not said */
    char zones_file[SKYD_PATH_MAX]; /* relative paths are taken from the file's own folder */
    char log_directory[SKYD_PATH_MAX];
    char key_path[SKYD_PATH_MAX];   /* ""; the log is not signed */
    char offer_path[SKYD_PATH_MAX]; /* "": checkpoints are in the log only */
    int64_t checkpoint_ns;
    int64_t epoch_ns;
    uint64_t segment_bytes;
    uint64_t ring_bytes; /* the log is kept below this; 0: no limit */
    int64_t pin_ns;      /* segments so near to an incident stay */
    int64_t commit_ns;   /* nothing stays uncommitted longer */
    int64_t stall_ns;    /* nothing may stay committed but not durable longer: the watchdog bites */
    bool has_gpsd;
    struct sky_src_gpsd_config gpsd;
    bool has_sink;
    struct skyd_sink_config sink;
    uint32_t modbus_count;
    struct skyd_modbus_config modbus[SKYD_MODBUS_MAX];
    uint32_t asterix_count;
    struct skyd_asterix_config asterix[SKYD_ASTERIX_MAX];

    /* For messages and for --print-config. */
    char path[SKYD_PATH_MAX];
    uint32_t section_count;
    struct skyd_section section[SKYD_SECTIONS_MAX];
    size_t text_bytes;
    char text[SKYD_CONFIG_BYTES_MAX];
};

/**
 * Reads a configuration from bytes; path is its name in messages and the base of relative paths.
 * Returns 0, or -EINVAL with ret_error set to the first error in one line:
 * "FILE:LINE: key 'x': what is wrong; expected ...". ret_config is then not to be used.
 */
int skyd_config_parse(struct skyd_config *ret_config, const char *path, const char *bytes,
                      size_t count, char ret_error[SKYD_ERROR_MAX]);

/** Reads and parses a file. Errors as above, and the negative errno of a file that is unreadable.
 */
int skyd_config_read(struct skyd_config *ret_config, const char *path,
                     char ret_error[SKYD_ERROR_MAX]);

/**
 * Writes what is in force as a configuration file, each value with "FILE:LINE" or "default" as a
 * comment. Reading it back gives the same configuration.
 */
void skyd_config_print(const struct skyd_config *config, FILE *stream);

/** Where in the file a key of an unnamed section was set, as "FILE:LINE"; for later errors. */
void skyd_config_place(const struct skyd_config *config, const char *section, const char *key,
                       char ret_place[SKYD_PATH_MAX + 16]);

/** A zone set as its file has it, and unpacked. about 10 MiB, touched as far as a set needs it. */
struct skyd_zones {
    size_t byte_count;
    uint8_t bytes[SKY_CODEC_ZONES_MAX];
    struct sky_zone_set set; /* points into arena_bytes */
    _Alignas(max_align_t) uint8_t arena_bytes[8 * 1024 * 1024];
};

/** Loads and checks the zone set. Returns 0, or -EINVAL with ret_error as above. */
int skyd_config_zones(const struct skyd_config *config, struct skyd_zones *ret_zones,
                      char ret_error[SKYD_ERROR_MAX]);

/** Register maps as their files have them, and parsed. Keep it static. */
struct skyd_maps {
    struct sky_regmap map[SKYD_MODBUS_MAX];
    char text[SKYD_MODBUS_MAX][SKY_REGMAP_TEXT_MAX];
};

/**
 * Loads and checks the register maps and hands them to the sources that need them, which borrow
 * them. Returns 0, or -EINVAL with ret_error as above.
 */
int skyd_config_maps(struct skyd_config *config, struct skyd_maps *ret_maps,
                     char ret_error[SKYD_ERROR_MAX]);

/**
 * Checks that the log can be where it should: the folder exists, or its parent does.
 * Returns 0, or -EINVAL with ret_error as above.
 */
int skyd_config_log_place(const struct skyd_config *config, char ret_error[SKYD_ERROR_MAX]);

#endif
