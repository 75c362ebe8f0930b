/**
 * sky_stay: what an aircraft does while it is inside a zone - how far it flies, how far it gets.
 *
 * A stay lasts from the first look inside, under any line, to the latest. Of several stays of one
 * track in one zone the longest is kept until the incident is over. Few of all that are tracked are
 * inside at once: of those beyond SKY_STAYS_MAX nothing is known.
 */
#ifndef SKY_STAY_H
#define SKY_STAY_H

#include <stdbool.h>

#include "sky_assess.h"
#include "sky_base.h"

enum { SKY_STAYS_MAX = 128 };

struct sky_stay {
    int64_t from_ns;
    int64_t to_ns;
    int64_t slow_ns; /* of it below 3 m/s */
    double flown_m;  /* speed by time */
    double reach_m;  /* the farthest it was from where the stay began ... */
    double chord_m;  /* ... and how far from there at the latest look */
};

/** Every stay that matters now. All zero: none. */
struct sky_stays {
    /* private */
    uint32_t count;
    struct sky_stay_kept {
        bool kept;
        bool inside; /* at the latest look */
        uint16_t slot;
        uint16_t zone;
        double from_lat_rad;
        double from_lon_rad;
        struct sky_stay now;
        struct sky_stay longest;
    } kept[SKY_STAYS_MAX];
};

/** Takes a look of the track in a slot; inside: under any line of the zone. Times do not go back.
 */
void sky_stays_look(struct sky_stays *stays, size_t slot, size_t zone, bool inside,
                    const struct sky_fixing *fixing);

/** The longest stay so far; NULL if nothing is known of any. */
const struct sky_stay *sky_stays_longest(const struct sky_stays *stays, size_t slot, size_t zone);

/** The incident is over: forgets. */
void sky_stays_end(struct sky_stays *stays, size_t slot, size_t zone);

#endif
