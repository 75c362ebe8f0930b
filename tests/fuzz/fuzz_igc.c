/*
 * Any bytes as a recorded flight: fixes in the order of time, at places that there are.
 */
#include <math.h>

#include "sky_fuzz.h"
#include "skyh_igc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct skyh_igc igc = {0};
    struct skyh_problem problem;
    if (skyh_igc_read(&igc, "f", (const char *)bytes, count, &problem)) {
        must(igc.count > 0);
        for (size_t i = 0; i < igc.count; i++) {
            const struct skyh_igc_fix *const fix = &igc.fix[i];
            must(fabs(fix->lat_deg) <= 90.0 && fabs(fix->lon_deg) <= 180.0);
            must(isfinite(fix->east_mps) && isfinite(fix->north_mps) && isfinite(fix->up_mps));
            must(i == 0 || fix->utc_ns > igc.fix[i - 1].utc_ns);
        }
    }
    skyh_igc_close(&igc);
    return 0;
}
