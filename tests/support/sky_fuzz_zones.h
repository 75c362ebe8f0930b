/**
 * sky_fuzz_zones: what every reader of zones must do with bytes that may be anything.
 */
#ifndef SKY_FUZZ_ZONES_H
#define SKY_FUZZ_ZONES_H

#include <string.h>

#include "sky_fuzz.h"
#include "skyh_zonesource.h"

/* What is refused has one line that begins with the file; what is taken, a station loads. */
static inline void fuzz_zones(const uint8_t *data, size_t bytes)
{
    static struct skyh_zone_build build;
    static struct skyh_notes notes;
    static struct skyh_wishes wishes;
    struct skyh_problem problem = {0};
    uint8_t *packed = NULL;
    size_t count = 0;
    memset(&build, 0, sizeof build);
    memset(&notes, 0, sizeof notes);
    memset(&wishes, 0, sizeof wishes);
    const bool taken = skyh_zonesource_add(&build, "z.geojson", (const char *)data, bytes, &wishes,
                                           &notes, &problem);
    if (!taken) {
        must(problem.exit_code == SKYH_EXIT_DATA);
        must(strncmp(problem.text, "z.geojson: ", 11) == 0);
    } else if (skyh_zonefile_pack(&build, &packed, &count, &problem)) {
        struct skyh_zonefile zones = {0};
        const bool loaded = skyh_zonefile_take(&zones, "z", packed, count, &problem);
        /* Text that is no UTF-8 is for the loader to refuse. */
        must(loaded || problem.exit_code == SKYH_EXIT_DATA);
        skyh_zonefile_close(&zones);
    }
    skyh_zonefile_done(&build);
}

#endif
