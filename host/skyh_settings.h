/**
 * skyh_settings: how a log is replayed otherwise than it was recorded - other zones, other
 * settings.
 *
 * Keys, units and ranges are those of the station's configuration file. Settings are applied to
 * what the log says was in force, so only what is named is other.
 */
#ifndef SKYH_SETTINGS_H
#define SKYH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_config.h"
#include "skyh_args.h"
#include "skyh_zonefile.h"

struct skyd_config;

/** Start zeroed, end with skyh_settings_close. */
struct skyh_settings {
    bool has_zones;
    struct skyh_zonefile zones;
    const char *file;         /* a configuration of skywitnessd; NULL: none */
    struct skyd_config *read; /* it */
    size_t count;
    const char *text[SKYH_ARGS_MAX]; /* "section.key=value", in their order */
    struct skyd_config *scratch;
};

/**
 * Takes --zones FILE, --config FILE and every --set SECTION.KEY=VALUE of a command line, and reads
 * the files. SKYH_EXIT_USAGE for a setting that no station has, or a value out of its range.
 */
bool skyh_settings_take(struct skyh_settings *settings, const struct skyh_args *args,
                        struct skyh_problem *problem);

/** Whether anything is other than it was recorded. */
bool skyh_settings_any(const struct skyh_settings *settings);

/**
 * Changes a configuration: [tracker] and [incident] of the file, then what was set by itself.
 * SKYH_EXIT_USAGE if it names a sensor that this station does not have, or the result cannot be.
 */
bool skyh_settings_apply(const struct skyh_settings *settings, struct sky_config *config,
                         struct skyh_problem *problem);

void skyh_settings_close(struct skyh_settings *settings);

#endif
