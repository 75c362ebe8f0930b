/**
 * sky_zone: watched zones under every claimed line, how far a point is from each, and the
 * probability that it is inside.
 *
 * A zone has one or more lines: claims of where its boundary runs. Each line is a set of closed
 * rings (even-odd: holes are rings too) of int32 vertices, 1e-7 degree (1.1 cm). Rings run either
 * way round and may cross the antimeridian, but they cross neither themselves nor each other:
 * whoever builds a set sees to that. Edges are straight in longitude and latitude, as RFC 7946
 * says; other rules are densified when a set is built. Distances are signed: negative inside,
 * positive outside, so depth is minus the distance.
 *
 * A border that two zones share is kept once, as two lines with the same rings: the zone of one is
 * inside them, that of the other everything else. Their answers are complements to the last bit:
 * distances differ in sign, probabilities add up to 1, nearest point, bearing and edge are the
 * same, and a place on the very line is inside exactly one.
 *
 * Of a border that does not close, the last edges of the ring close it: what they enclose is
 * inside, but nothing is measured to them. Answers hold away from them; so they are drawn far off.
 */
#ifndef SKY_ZONE_H
#define SKY_ZONE_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_base.h"
#include "sky_geo.h"
#include "sky_geoid.h"

/** How the edges of a line were meant before they were densified. */
enum sky_edge_rule { SKY_EDGE_PLANAR = 1, SKY_EDGE_GEODESIC, SKY_EDGE_RHUMB };

/** What a height limit is measured from. */
enum sky_datum {
    SKY_DATUM_HAE = 1, /* WGS-84 ellipsoid */
    SKY_DATUM_AMSL,    /* mean sea level */
    SKY_DATUM_AGL,     /* ground: not evaluated without terrain */
    SKY_DATUM_STD      /* pressure altitude: height in the standard atmosphere, 1013.25 hPa */
};

struct sky_vertex {
    int32_t lat_e7; /* -900000000 .. 900000000 */
    int32_t lon_e7; /* -1800000000 .. 1800000000 */
};

/** A closed ring: vertices first .. first + count - 1; the last edge leads back to the first. */
struct sky_ring {
    uint32_t first;
    uint32_t count;   /* >= 3 */
    uint32_t closing; /* the last so many edges are no border and only close the ring; < count */
};

/** One claim of where a zone's boundary runs. */
struct sky_line {
    uint32_t id;   /* unique in the set, > 0 */
    uint32_t zone; /* index into zone[] */
    bool outside;  /* the zone is not what the rings enclose but all the rest */
    enum sky_edge_rule rule;
    bool rule_stated; /* by the source; else `rule` is what was taken */
    bool accuracy_stated;
    double sigma_m; /* 1 sigma across the line, if stated; 0 .. 1e5 */
    double chord_m; /* no place of an edge is further from the edge as meant; 0 .. 1e5 */
    uint32_t first_ring;
    uint32_t ring_count; /* >= 1 */
};

struct sky_limit {
    bool unlimited; /* the floor at the surface, the ceiling without end */
    double height_m;
    enum sky_datum datum;
};

struct sky_zone {
    uint32_t id; /* unique in the set, > 0 */
    struct sky_limit floor;
    struct sky_limit ceiling;
    uint32_t first_line;
    uint32_t line_count; /* 1 .. SKY_ZONE_LINES_MAX */
};

/* How many edges one run holds at most, and how many boxes one node. */
enum { SKY_ZONE_RUN_EDGES = 7, SKY_ZONE_NODE_BOXES = 8 };

/** Edges of a ring in a row. Such as have no length are passed over. */
struct sky_zone_run {
    float y[SKY_ZONE_RUN_EDGES + 1];  /* its vertices, 1e-7 degree from the first; */
    float x[SKY_ZONE_RUN_EDGES + 1];  /* beyond the last, that again */
    float longest_m;                  /* no edge of it is longer */
    int32_t lat_e7;                   /* of the first vertex */
    int32_t x_e7;                     /* its longitude from the ring's first vertex */
    uint32_t edge;                    /* the first edge, counted from the ring's first */
    uint8_t step[SKY_ZONE_RUN_EDGES]; /* how many edges after it each one comes */
    uint8_t count;                    /* of edges */
};

/** Boxes side by side: around runs, or around the boxes of as many more nodes. */
struct sky_zone_node {
    float mid_y[SKY_ZONE_NODE_BOXES]; /* 1e-7 degree; longitudes from the ring's first vertex */
    float mid_x[SKY_ZONE_NODE_BOXES];
    float half_y[SKY_ZONE_NODE_BOXES]; /* a little more than half as high and wide as needed */
    float half_x[SKY_ZONE_NODE_BOXES];
    uint32_t child; /* index of the first of the runs or nodes below */
};

/** A ring's runs and nodes. A ring of one run has neither. */
struct sky_zone_tree {
    uint32_t first_run; /* index */
    uint32_t run_count;
    uint32_t top;   /* index of the node that holds everything */
    float reach_x;  /* how far the ring reaches from its first vertex, 1e-7 degree */
    uint8_t levels; /* of nodes */
    bool is_clockwise;
};

/** A whole set. Borrows its arrays: whoever loaded them keeps them alive and unchanged. */
struct sky_zone_set {
    uint32_t zone_count; /* <= SKY_ZONES_MAX */
    uint32_t line_count; /* <= SKY_LINES_MAX */
    uint32_t ring_count;
    uint32_t vertex_count;
    const struct sky_zone *zone;
    const struct sky_line *line;
    const struct sky_ring *ring;
    const struct sky_vertex *vertex;
    const struct sky_zone_tree *tree; /* by sky_zone_prepare; NULL: same answers, but slower */
    const struct sky_zone_node *node;
    const struct sky_zone_run *run;
    struct sky_geoid geoid;    /* goes before ... */
    double geoid_undulation_m; /* ... HAE minus AMSL in all of the area, if one number does */
    bool has_geoid;            /* there is such a number */
};

/** No edge at all. */
#define SKY_ZONE_NO_EDGE UINT32_MAX

/** The nearest point of a line. */
struct sky_nearest {
    double distance_m;  /* along the geodesic; negative inside */
    double bearing_rad; /* from the query to the nearest point, true, [0, 2 pi); 0 if it is there */
    double lat_rad;     /* the nearest point */
    double lon_rad;
    uint32_t edge; /* index in vertex[] of the vertex at which the nearest edge begins; of a vertex,
                      the edge that begins there, if it is border */
};

/**
 * Checks a set once, when it is loaded, so that nothing below has to: counts and index ranges,
 * unique ids, vertices in range, lines sorted by zone and vertices by ring, floors below ceilings
 * of the same datum, border in every ring, the geoid's heights, every ring narrower than 180
 * degrees (so none holds a pole). Not checked: that rings do not cross. Returns SKY_E_RANGE and
 * points *ret_reason (static storage) at what is wrong; *ret_reason is untouched on SKY_OK.
 */
SKY_NODISCARD enum sky_status sky_zone_check(const struct sky_zone_set *set,
                                             const char **ret_reason);

/** How many runs and nodes sky_zone_prepare fills in: 15 bytes per vertex of a long ring. */
uint32_t sky_zone_run_count(const struct sky_zone_set *set);
uint32_t sky_zone_node_count(const struct sky_zone_set *set);

/**
 * Makes the trees of a checked set, one for each ring, with their runs and nodes. Whoever loaded
 * the set keeps all three and points the set at them; what has no element may stay NULL.
 * Cost: 1 ms for a line of 42,000 vertices on an x86-64.
 */
void sky_zone_prepare(const struct sky_zone_set *set, struct sky_zone_tree *ret_tree,
                      struct sky_zone_node *ret_node, struct sky_zone_run *ret_run);

/**
 * Signed distance from a place to one line, over the ellipsoid. Error against the geodesic: below
 * 1 mm within 100 km of the line, 0.5 m within 1,000 km (property test).
 * Of edges that are as near to the last bit, the one with the lowest index is named.
 * `guess` is an edge of the line that may be near, such as the one that the latest answer named for
 * the same aircraft, or SKY_ZONE_NO_EDGE. It changes the cost, nothing else.
 * Pre: the set was checked; line < line_count; |lat_rad| <= 89 degrees, |lon_rad| <= pi.
 * Cost, of a prepared set: for each ring a glance at eight boxes of each level and at some of their
 * neighbours, at seven edges of some two runs, and an exact look at some two edges; at all edges
 * that vie, as at the centre of a circle. A good guess saves a fifth of it, or a third where there
 * are many edges. An unprepared set is gone through run by run instead.
 */
void sky_zone_nearest(const struct sky_zone_set *set, uint32_t line, double lat_rad, double lon_rad,
                      uint32_t guess, struct sky_nearest *ret_nearest);

/**
 * How far apart the planar and the geodesic drawing of the nearest edge lie at the nearest point:
 * what not knowing the rule of its edges makes of a line whose edges are as the source gives them.
 * None at the ends of an edge, and 5.1 km half way along 750 km that climb through 4 degrees at 23
 * degrees of latitude. Within 2 % up to 900 km below 70 degrees of latitude, but for edges that
 * cross the equator or run nearly along a meridian, where there is little to say (property test).
 * Pre: an answer of sky_zone_nearest for that line.
 */
double sky_zone_rule_m(const struct sky_zone_set *set, uint32_t line,
                       const struct sky_nearest *nearest);

/**
 * P(inside) for a Gaussian horizontal position: mean (lat, lon), covariance in metres squared
 * (east variance, north variance, east-north covariance), in the plane whose metres are the radii
 * of curvature at the mean. Exact up to 1e-7 there: the even-odd answer at the mean, corrected by
 * Owen's T along every edge within 8.5 sigma (Didonato and Hageman, Computer Evaluation of the
 * Bivariate Normal over Polygonal Regions, 1980; the neglected edges together contribute less than
 * 2 exp(-8.5^2 / 2)). A zero covariance gives 0 or 1; to any other, 0.1 mm or a millionth of the
 * larger sigma is added in squares, so that one without width is no special case.
 * Pre: as sky_zone_nearest; covariance positive semi-definite.
 * Cost: a glance at each ring, at four boxes for each level of a prepared one that reaches within
 * 8.5 sigma, and up to 50 exponentials per edge within 8.5 sigma.
 */
double sky_zone_inside_probability(const struct sky_zone_set *set, uint32_t line, double lat_rad,
                                   double lon_rad, double var_east_m2, double var_north_m2,
                                   double cov_east_north_m2);

#endif
