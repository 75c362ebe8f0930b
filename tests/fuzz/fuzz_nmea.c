/*
 * Anything that gpsd, or what calls itself so, may say: reports whose receptions never go back, and
 * which the station's decoder judges like any other.
 */
#include <stdlib.h>
#include <string.h>

#include "sky_fuzz.h"
#include "sky_gnss.h"
#include "skyh_nmea.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct skyh_nmea nmea = {0};
    struct skyh_problem problem;
    char *const copy = malloc(count + 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, bytes, count);
    if (skyh_nmea_take(&nmea, "fuzz", copy, count, &problem)) {
        for (size_t i = 0; i < nmea.count; i++) {
            const struct skyh_nmea_fix *const fix = &nmea.fix[i];
            struct sky_gnss_fix decoded;
            const char *item = NULL;
            must(fix->utc_ns > 0 && (i == 0 || fix->utc_ns >= nmea.fix[i - 1].utc_ns));
            must(fix->report.mode >= 0 && fix->report.mode <= 3);
            must(fix->report.json >= copy &&
                 fix->report.json + fix->report.json_bytes <= copy + count);
            (void)!sky_gnss_decode(&fix->report, &decoded, &item);
        }
    } else {
        must(strncmp(problem.text, "fuzz: ", 6) == 0);
    }
    skyh_nmea_close(&nmea);
    return 0;
}
