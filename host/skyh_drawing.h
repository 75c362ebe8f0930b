/**
 * skyh_drawing: what a file of zones draws, in the file's own numbers and before any check - its
 * features, their rings and lines, points and arcs - and where in the file each of them stands.
 *
 * Readers of formats make it, skyh_outline turns it into what a station can hold.
 */
#ifndef SKYH_DRAWING_H
#define SKYH_DRAWING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "skyh_curve.h"
#include "skyh_out.h"
#include "skyh_zonefile.h"

enum {
    SKYH_WHERE_MAX = 160,
    SKYH_NOTES_MAX = 32,
    SKYH_FEATURES_MAX = 20000, /* in one file */
    SKYH_PATHS_MAX = 100000,
    SKYH_POINTS_MAX = 2000000
};

/** What was mended, one line each. */
struct skyh_notes {
    size_t count; /* may exceed what is kept */
    char text[SKYH_NOTES_MAX][SKYH_TEXT_MAX];
};

void skyh_notes_add(struct skyh_notes *notes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct skyh_point {
    struct skyh_place at;
    uint32_t number; /* of its position in the file's array, or of its line */
    uint32_t arc;    /* 1 + index of the arc that leads on to the next point; 0: an edge does */
};

/** A ring, or a line that need not close. */
struct skyh_path {
    uint32_t first; /* in point[] */
    uint32_t count;
    bool is_line;
    bool is_hole;
    char where[SKYH_WHERE_MAX]; /* "features[0].geometry.coordinates[1]" */
};

/** One volume with one boundary, as the file has it; texts it has none of are "". */
struct skyh_feature {
    char where[SKYH_WHERE_MAX];
    char identifier[SKYH_TEXT_MAX];
    char name[SKYH_TEXT_MAX];    /* of all its volumes, where zone.name is of one of them */
    struct skyh_zone_text zone;  /* on the left of a line, inside rings; id 0: not said */
    struct skyh_zone_text right; /* on the other side; without name: no zone is there */
    struct skyh_line_text line;
    bool is_complete; /* it says all of the line: source, licence, accuracy, edge rule */
    bool is_left_out; /* not selected */
    bool winds_left;  /* its format wants outer rings counter-clockwise, holes clockwise */
    bool has_rule;    /* how its edges run is said or given by its format */
    bool has_floor;   /* the file says one, be it the surface */
    bool has_ceiling; /* or without end */
    uint32_t first_path;
    uint32_t path_count;
};

/** How the file's author counts points. */
enum skyh_numbering {
    SKYH_NUMBERING_POSITIONS = 1, /* in their array, from 0 */
    SKYH_NUMBERING_LINES          /* of the file, from 1 */
};

/** Start zeroed with file and numbering set; end with skyh_drawing_done. */
struct skyh_drawing {
    const char *file;
    enum skyh_numbering numbering;
    uint32_t feature_count;
    uint32_t feature_room;
    struct skyh_feature *feature;
    uint32_t path_count;
    uint32_t path_room;
    struct skyh_path *path;
    uint32_t point_count;
    uint32_t point_room;
    struct skyh_point *point;
    uint32_t arc_count;
    uint32_t arc_room;
    struct skyh_arc *arc;
};

/**
 * Begins a feature without paths, or a path of the latest feature without points. NULL with
 * SKYH_EXIT_DATA if the file has too many, with SKYH_EXIT_SOFTWARE without memory. What they return
 * moves when the next one is begun.
 */
struct skyh_feature *skyh_drawing_feature(struct skyh_drawing *drawing,
                                          struct skyh_problem *problem);
struct skyh_path *skyh_drawing_path(struct skyh_drawing *drawing, struct skyh_problem *problem);

/** Adds a point to the latest path. Errors as above. */
bool skyh_drawing_point(struct skyh_drawing *drawing, struct skyh_place at, uint32_t number,
                        struct skyh_problem *problem);

/** Adds an arc to the latest path: its two ends, and how the first leads to the second. */
bool skyh_drawing_arc(struct skyh_drawing *drawing, const struct skyh_arc *arc,
                      struct skyh_place from, struct skyh_place to, uint32_t number,
                      struct skyh_problem *problem);

/** Adds a circle to the latest path, which has nothing else. */
bool skyh_drawing_circle(struct skyh_drawing *drawing, struct skyh_place centre, double radius_m,
                         uint32_t number, struct skyh_problem *problem);

/** Releases what a drawing owns. */
void skyh_drawing_done(struct skyh_drawing *drawing);

/**
 * Copies a name into SKYH_TEXT_MAX bytes, without spaces around it; cut before a character that
 * does not fit. Bytes that are not UTF-8 are taken as Latin-1.
 */
void skyh_drawing_text(char text[SKYH_TEXT_MAX], const char *name);

/** The same with an ASCII tail behind it, before which the name is cut if it must be. */
void skyh_drawing_text_and(char text[SKYH_TEXT_MAX], const char *name, const char *tail);

/** Writes where a point stands: "features[0].geometry.coordinates[0][2]", "line 14". */
char *skyh_drawing_where(const struct skyh_drawing *drawing, const struct skyh_path *path,
                         uint32_t number, char text[SKYH_WHERE_MAX]);

#endif
