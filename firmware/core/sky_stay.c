#include "sky_stay.h"

#include <string.h>

#include "sky_geo.h"
#include "sky_math.h"

static const double slow_mps = 3.0;

static double larger(double a, double b) { return a > b ? a : b; }

/* The one of a track and zone; SKY_STAYS_MAX if there is none. */
static size_t find(const struct sky_stays *stays, size_t slot, size_t zone)
{
    size_t i = stays->count > 0 ? 0 : SKY_STAYS_MAX;
    while (i < SKY_STAYS_MAX &&
           (!stays->kept[i].kept || stays->kept[i].slot != slot || stays->kept[i].zone != zone)) {
        i++;
    }
    return i;
}

static size_t find_room(const struct sky_stays *stays)
{
    size_t i = 0;
    while (i < SKY_STAYS_MAX && stays->kept[i].kept) {
        i++;
    }
    return i;
}

static double way_from_begin(const struct sky_stay_kept *kept, const struct sky_lla *place)
{
    const struct sky_geo_radii radii = sky_geo_radii_at(kept->from_lat_rad);
    const double north_m = (place->lat_rad - kept->from_lat_rad) * radii.north_m;
    const double east_m = sky_wrap_pi(place->lon_rad - kept->from_lon_rad) * radii.east_m;
    return sky_sqrt(north_m * north_m + east_m * east_m);
}

static void begin(struct sky_stay_kept *kept, const struct sky_fixing *fixing)
{
    memset(&kept->now, 0, sizeof kept->now);
    kept->inside = true;
    kept->from_lat_rad = fixing->place.lat_rad;
    kept->from_lon_rad = fixing->place.lon_rad;
    kept->now.from_ns = fixing->time_ns;
    kept->now.to_ns = fixing->time_ns;
}

static void go_on(struct sky_stay_kept *kept, const struct sky_fixing *fixing)
{
    struct sky_stay *const stay = &kept->now;
    const int64_t step_ns = fixing->time_ns - stay->to_ns;
    const double speed_mps = sky_sqrt(fixing->vel_east_mps * fixing->vel_east_mps +
                                      fixing->vel_north_mps * fixing->vel_north_mps);
    stay->to_ns = fixing->time_ns;
    stay->flown_m += speed_mps * (double)step_ns * 1e-9;
    stay->slow_ns += speed_mps < slow_mps ? step_ns : 0;
    stay->chord_m = way_from_begin(kept, &fixing->place);
    stay->reach_m = larger(stay->reach_m, stay->chord_m);
}

void sky_stays_look(struct sky_stays *stays, size_t slot, size_t zone, bool inside,
                    const struct sky_fixing *fixing)
{
    size_t at = find(stays, slot, zone);
    if (at == SKY_STAYS_MAX && inside) {
        at = find_room(stays);
    }
    if (at == SKY_STAYS_MAX) {
        return;
    }
    struct sky_stay_kept *const kept = &stays->kept[at];
    if (!kept->kept) {
        memset(kept, 0, sizeof *kept);
        kept->kept = true;
        stays->count++;
        kept->slot = (uint16_t)slot;
        kept->zone = (uint16_t)zone;
    }
    if (!inside) {
        kept->inside = false;
        return;
    }
    if (!kept->inside) {
        begin(kept, fixing);
    }
    go_on(kept, fixing);
    if (kept->now.to_ns - kept->now.from_ns >= kept->longest.to_ns - kept->longest.from_ns) {
        kept->longest = kept->now;
    }
}

const struct sky_stay *sky_stays_longest(const struct sky_stays *stays, size_t slot, size_t zone)
{
    const size_t at = find(stays, slot, zone);
    return at < SKY_STAYS_MAX ? &stays->kept[at].longest : NULL;
}

void sky_stays_end(struct sky_stays *stays, size_t slot, size_t zone)
{
    const size_t at = find(stays, slot, zone);
    if (at < SKY_STAYS_MAX) {
        stays->kept[at].kept = false;
        stays->count--;
    }
}
