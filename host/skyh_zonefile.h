/**
 * skyh_zonefile: zone files as the station loads them - packed from what was read, and read back.
 */
#ifndef SKYH_ZONEFILE_H
#define SKYH_ZONEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sky_codec.h"
#include "sky_zone.h"
#include "skyh_out.h"

enum { SKYH_TEXT_MAX = 256 };

struct skyh_zone_text {
    uint32_t id;
    char name[SKYH_TEXT_MAX];
    char authority[SKYH_TEXT_MAX]; /* "" if none */
    struct sky_limit floor;
    struct sky_limit ceiling;
};

/** In which words a source stated its accuracy; as in zones.proto. */
enum skyh_accuracy {
    SKYH_ACCURACY_UNSTATED = 0,
    SKYH_ACCURACY_SIGMA,
    SKYH_ACCURACY_CE90,
    SKYH_ACCURACY_CE95
};

struct skyh_line_text {
    uint32_t zone_id;
    uint32_t right_zone_id; /* what is outside the rings; 0: no zone of the set */
    char name[SKYH_TEXT_MAX];
    char party[SKYH_TEXT_MAX]; /* "" if it is a map's own line */
    char source[SKYH_TEXT_MAX];
    char licence[SKYH_TEXT_MAX];
    char valid_from[SKYH_TEXT_MAX]; /* "" if not stated */
    char valid_until[SKYH_TEXT_MAX];
    uint8_t sha256[32]; /* of the file */
    enum sky_edge_rule rule;
    bool rule_unstated; /* the source does not say; `rule` was taken */
    double chord_m;     /* no place as stored is further from the edge as meant; 0: none is off */
    enum skyh_accuracy accuracy;
    double stated_m; /* meaningful if the accuracy is stated */
    uint32_t first_ring;
    uint32_t ring_count;
};

/** A tile of the geoid, as zones.proto has it; without rows if there is none. */
struct skyh_geoid_tile {
    int32_t south_e7;
    int32_t west_e7;
    uint32_t step_e7;
    uint32_t rows;
    uint32_t columns;
    int32_t *height_cm; /* owned */
};

/** A set as it is read, before packing. Owns its arrays; start zeroed, end with _done. */
struct skyh_zone_build {
    char name[SKYH_TEXT_MAX];
    bool has_geoid;
    double geoid_undulation_m;
    struct skyh_geoid_tile geoid; /* EGM96 */
    uint32_t zone_count;
    struct skyh_zone_text zone[SKY_ZONES_MAX];
    uint32_t line_count;
    struct skyh_line_text line[SKY_LINES_MAX];
    uint32_t ring_count;
    uint32_t ring_room;
    struct sky_ring *ring;
    uint32_t *border_edges; /* of each ring: its first so many; the others only close it. May be
                               NULL: all are border */
    uint32_t vertex_count;
    uint32_t vertex_room;
    struct sky_vertex *vertex;
};

/** Makes room for so many vertices and rings in all. False without memory. */
bool skyh_zonefile_make_room(struct skyh_zone_build *build, uint32_t vertices, uint32_t rings);

/** Whether two zones are described alike, but for number and name. */
bool skyh_zonefile_same_zone(const struct skyh_zone_text *a, const struct skyh_zone_text *b);

/**
 * Enters a zone, or finds it described alike. SKYH_EXIT_DATA, with `where` in front, if it was
 * described otherwise before or is one too many.
 */
bool skyh_zonefile_add_zone(struct skyh_zone_build *build, const struct skyh_zone_text *zone,
                            const char *where, struct skyh_problem *problem);

/** False, with `where` in front, if the set holds as many lines as a station watches. */
bool skyh_zonefile_has_room(const struct skyh_zone_build *build, uint32_t zone_id,
                            uint32_t right_zone_id, const char *where,
                            struct skyh_problem *problem);

/**
 * Packs the set as a skywitness.zones.v1.ZoneSet: lines ordered by zone, numbered 1, 2, 3, ... and
 * then the right sides of shared ones.
 * The same input gives the same bytes. Owns: the caller frees *ret_bytes.
 * SKYH_EXIT_DATA if there is no line, or the station could not load the result.
 */
bool skyh_zonefile_pack(const struct skyh_zone_build *build, uint8_t **ret_bytes, size_t *ret_count,
                        struct skyh_problem *problem);

/** Releases what a build owns. */
void skyh_zonefile_done(struct skyh_zone_build *build);

/** A zone file in memory, as the station sees it. Start zeroed, end with skyh_zonefile_close. */
struct skyh_zonefile {
    uint8_t *bytes; /* as the file has them */
    size_t count;
    uint8_t sha256[32]; /* of the bytes */
    struct sky_zone_set set;
    struct sky_zone_names names;
    struct sky_arena arena;
};

/**
 * Takes over bytes (from malloc, also on failure) and unpacks them with the station's own code;
 * name is for messages.
 */
bool skyh_zonefile_take(struct skyh_zonefile *zones, const char *name, uint8_t *bytes, size_t count,
                        struct skyh_problem *problem);

/** Reads a file, then as skyh_zonefile_take. */
bool skyh_zonefile_open(struct skyh_zonefile *zones, const char *file,
                        struct skyh_problem *problem);

void skyh_zonefile_close(struct skyh_zonefile *zones);

/** SHA-256. False if there is none to be had. */
bool skyh_zonefile_hash(const void *bytes, size_t count, uint8_t ret_sha256[32]);

/** Writes 32 bytes as 64 hexadecimal digits; returns text. */
char *skyh_zonefile_hex(const uint8_t sha256[32], char text[65]);

#endif
