/**
 * skyh_judge_claims: what each party said, sentence by sentence, from a file of claims.
 */
#ifndef SKYH_JUDGE_CLAIMS_H
#define SKYH_JUDGE_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "skyh_out.h"

enum { SKYH_CLAIMS_MAX = 64, SKYH_OFFSETS_MAX = 8, SKYH_CLAIM_TEXT_MAX = 512 };

/** What a sentence says of the object. */
enum skyh_sentence {
    SKYH_SAYS_ENTERED = 1, /* was inside the zone, perhaps by at least so far */
    SKYH_SAYS_LEFT,        /* came out again */
    SKYH_SAYS_RETURNED,    /* after that turned back towards it */
    SKYH_SAYS_NEVER_INSIDE,
    SKYH_SAYS_LAST_CONTACT, /* was last heard of at a place */
    SKYH_SAYS_WRECK,        /* lies at a place */
    SKYH_SAYS_SEPARATION    /* two of the file's places are so far apart */
};

/** A time as people state it: a clock's reading, to some digit, in a zone that may not be said. */
struct skyh_claim_time {
    bool known;
    char text[32];         /* "2025-04-01T00:08" */
    int64_t local_ns;      /* as if it were UTC */
    int64_t resolution_ns; /* it lies from there to so much later */
    bool zone_stated;
    int64_t offset_ns; /* local minus UTC, if stated */
};

struct skyh_claim {
    char id[32];
    char party[64];
    char source[SKYH_CLAIM_TEXT_MAX];
    enum skyh_sentence says;
    char zone[96]; /* "" of a separation */
    struct skyh_claim_time at;
    bool has_depth;
    double depth_m; /* entered by at least */
    bool has_place;
    double lat_rad;
    double lon_rad;
    double place_resolution_m;
    bool has_border;
    double border_m;     /* from the place to the line */
    double distance_m;   /* of a separation */
    double resolution_m; /* of the one length that a sentence states: half of it to either side */
    size_t of[2];        /* of a separation: the two claims */
};

struct skyh_claims {
    char about[SKYH_CLAIM_TEXT_MAX * 2];
    int64_t shift_ns; /* added to every time, to meet a synthetic record */
    double speed_max_mps;
    size_t offset_count; /* local minus UTC, where a time states no zone: each is tried */
    int64_t offset_ns[SKYH_OFFSETS_MAX];
    size_t count;
    struct skyh_claim claim[SKYH_CLAIMS_MAX];
};

/** "entered", "last contact", ...; static storage. */
const char *skyh_claims_sentence(enum skyh_sentence says);

/**
 * Reads a file. SKYH_EXIT_NO_INPUT if it cannot be read; SKYH_EXIT_DATA, with file, place and what
 * was expected, if anything in it is missing, unknown or impossible. Zones are not looked up.
 */
bool skyh_claims_read(const char *file, struct skyh_claims *ret_claims,
                      struct skyh_problem *problem);

/** The same from text; file is for messages. */
bool skyh_claims_parse(const char *file, const char *text, size_t count,
                       struct skyh_claims *ret_claims, struct skyh_problem *problem);

/** How far apart two claims' places are, along the geodesic. */
double skyh_claims_apart_m(const struct skyh_claim *a, const struct skyh_claim *b);

/** What a claims file may hold, for --help; static storage. */
extern const char skyh_claims_format[];

#endif
