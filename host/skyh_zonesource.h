/**
 * skyh_zonesource: zones and their lines from a file of any format that is known by its content,
 * with what the format cannot say taken from whoever asks.
 */
#ifndef SKYH_ZONESOURCE_H
#define SKYH_ZONESOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "skyh_drawing.h"

enum { SKYH_SELECT_MAX = 64 };

/**
 * What to say of a line where its file says nothing; NULL: nothing either. GeoJSON features with
 * this project's properties say everything themselves.
 */
struct skyh_wishes {
    const char *zone;       /* all features are lines of one zone with this name */
    const char *right_zone; /* what is right of lines and outside rings */
    const char *authority;
    const char *line; /* name of the line */
    const char *party;
    const char *source;
    const char *licence;
    const char *valid_from;
    const char *valid_until;
    enum skyh_accuracy accuracy;
    double stated_m;
    bool has_rule; /* how edges run, whatever the format says ... */
    enum sky_edge_rule rule;
    bool has_floor; /* ... and limits, where the format has none */
    bool has_ceiling;
    struct sky_limit floor;
    struct sky_limit ceiling;
    size_t select_count; /* only features with one of these names or identifiers; 0: all */
    const char *select[SKYH_SELECT_MAX];
    bool selected[SKYH_SELECT_MAX]; /* out: there was such a feature */
};

/** The formats, and what becomes of each, in words, for --help. */
extern const char skyh_zonesource_about[];

/**
 * Adds what a file's text draws. Errors: one line with file and place; SKYH_EXIT_DATA. On failure
 * build may hold a part; release it.
 */
bool skyh_zonesource_add(struct skyh_zone_build *build, const char *file, const char *text,
                         size_t count, struct skyh_wishes *wishes, struct skyh_notes *notes,
                         struct skyh_problem *problem);

/**
 * Reads files, then as above; errors also as skyh_json_slurp. SKYH_EXIT_DATA if a name was wished
 * for that nothing has.
 */
bool skyh_zonesource_read(struct skyh_zone_build *build, const char *const files[], size_t count,
                          struct skyh_wishes *wishes, struct skyh_notes *notes,
                          struct skyh_problem *problem);

#endif
