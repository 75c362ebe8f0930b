/**
 * skyd_keys: the typed table of everything the configuration file may say - name, default, range,
 * and where the value goes.
 */
#ifndef SKYD_KEYS_H
#define SKYD_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a value looks like in the file, and what it becomes. */
enum skyd_key_type {
    SKYD_NUMBER = 1,   /* double */
    SKYD_DEGREES,      /* double, radians */
    SKYD_SECONDS,      /* int64_t, nanoseconds; fractions allowed */
    SKYD_MILLISECONDS, /* int64_t, nanoseconds; fractions allowed */
    SKYD_COUNT,        /* uint32_t */
    SKYD_BYTE,         /* uint8_t */
    SKYD_MIB,          /* uint64_t, bytes */
    SKYD_KIB,          /* uint32_t, bytes */
    SKYD_YES_NO,       /* bool */
    SKYD_PARITY,       /* char: N, E, O */
    SKYD_CHOICE,       /* an enumeration: the first of the words is 1 */
    SKYD_TEXT,         /* char[size] */
    SKYD_PATH          /* char[size]; a relative one begins where the file is */
};

enum skyd_key_need {
    SKYD_NEED_NOT = 0, /* may stay unset: empty, zero, or what follows from other keys */
    SKYD_NEED_DEFAULT, /* `fallback` holds when it is not set */
    SKYD_NEED_ALWAYS   /* must be set wherever its section is in force */
};

struct skyd_key {
    const char *name; /* with its unit */
    enum skyd_key_type type;
    enum skyd_key_need need;
    const char *fallback;
    double min; /* of a number, in the key's own unit */
    double max;
    size_t offset;           /* in the section's struct */
    size_t size;             /* of text */
    const char *expected;    /* instead of a phrase made from type, min and max */
    const char *const *word; /* of SKYD_CHOICE; NULL ends them */
};

/** The kinds of sections, in the order of skyd_kinds. */
enum skyd_kind_id {
    SKYD_STATION = 0,
    SKYD_TRACKER,
    SKYD_INCIDENT,
    SKYD_ZONES,
    SKYD_LOG,
    SKYD_GPSD,
    SKYD_SINK,
    SKYD_RADAR, /* the first of those with a NAME */
    SKYD_MODBUS,
    SKYD_ASTERIX,
    SKYD_KIND_COUNT
};

struct skyd_kind {
    const char *name;
    bool named; /* [name.NAME], any number up to max; else [name], at most one */
    const struct skyd_key *key;
    size_t count;
    uint32_t max;
};

/**
 * Offsets are into struct skyd_config, or, for named sections, into sky_sensor_config,
 * skyd_modbus_config and skyd_asterix_config.
 */
extern const struct skyd_kind skyd_kinds[SKYD_KIND_COUNT];

/** The key of a kind of section by its name, or NULL. */
const struct skyd_key *skyd_key_find(enum skyd_kind_id kind, const char *name);

/** "a number from 0.1 to 100", in the buffer or in static storage. */
const char *skyd_key_expected(const struct skyd_key *key, char buffer[128]);

/**
 * Converts text and puts it where it belongs in the section's struct; config_path is what a
 * relative path begins with, up to its last slash.
 * Returns NULL, or, with nothing changed, what is wrong: "is not a number", "is out of range", ...
 */
const char *skyd_key_take(const struct skyd_key *key, const char *text, const char *config_path,
                          void *section);

/** Reads a finite decimal number and nothing else. */
bool skyd_key_number(const char *text, double *ret_number);

#endif
