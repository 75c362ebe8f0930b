#include "sky_pose.h"

#include <string.h>

#include "sky_math.h"

static const double fresh_after_s = 60.0; /* errors this far apart are independent */
static const double fresh_most = 1440.0;  /* of them, a day's, the mean remembers */
static const double unknown_height_sigma_m = 3000.0;
static const double jump_sigmas = 8.0;
static const double jump_least_m = 50.0;
static const double jump_most_m = 5000.0;
static const uint32_t rival_fixes_least = 60;
static const uint32_t rival_fixes_moving = 5;
static const double station_speed_most_mps = 300.0;

static const double compass_sigma_rad = 2.0 * SKY_PI / 180.0; /* nobody states it */

static double square(double x) { return x * x; }
static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }

void sky_pose_init(struct sky_pose *pose, const struct sky_station_config *config, int64_t time_ns)
{
    memset(pose, 0, sizeof *pose);
    pose->time_ns = time_ns;
    pose->heading_rad = config->heading_rad;
    pose->heading_sigma_rad = config->heading_sigma_rad;
    if (config->has_site) {
        pose->known = true;
        pose->place = config->site;
        pose->sigma_horizontal_m = config->site_sigma_m;
        pose->sigma_vertical_m = config->site_sigma_m;
    }
}

static bool has_height(const struct sky_gnss_fix *fix)
{
    return (fix->has & SKY_GNSS_ALTITUDE) != 0;
}

/* Comparisons are written so that NaN fails them. */
static bool is_sigma(double sigma_m) { return sigma_m >= 1e-4 && sigma_m <= 1e6; }

static bool is_sound(const struct sky_gnss_fix *fix)
{
    const bool moves = (fix->has & SKY_GNSS_VELOCITY) != 0;
    return (fix->has & SKY_GNSS_POSITION) != 0 && is_sigma(fix->sigma_horizontal_m) &&
           (!has_height(fix) || is_sigma(fix->sigma_vertical_m)) &&
           ((fix->has & SKY_GNSS_HEADING) == 0 ||
            (fix->heading_rad >= 0.0 && fix->heading_rad <= 2.0 * SKY_PI)) &&
           (!moves || (fix->speed_mps >= 0.0 && fix->speed_mps <= station_speed_most_mps &&
                       fix->course_rad >= 0.0 && fix->course_rad <= 2.0 * SKY_PI));
}

/* How far a station may have gone. */
static double way_m(const struct sky_station_config *config, int64_t from_ns, int64_t to_ns)
{
    return config->moving ? station_speed_most_mps * (double)(to_ns - from_ns) * 1e-9 : 0.0;
}

static bool is_beyond(const struct sky_geo_frame *from, const struct sky_lla *place, double limit_m)
{
    const struct sky_enu offset = sky_geo_to_enu(from, place);
    return square(offset.east_m) + square(offset.north_m) > square(limit_m);
}

/* How far apart two places may seem that are one. */
static double allowed_m(double pose_sigma_m, double fix_sigma_m)
{
    const double both_m = sky_sqrt(square(pose_sigma_m) + square(fix_sigma_m));
    return larger(jump_least_m, smaller(jump_most_m, jump_sigmas * both_m));
}

/* Is the pose too far from a fix `there` to be the same place, or to have got there? */
static bool has_jumped(const struct sky_pose *pose, const struct sky_station_config *config,
                       int64_t time_ns, const struct sky_geo_frame *there,
                       const struct sky_gnss_fix *fix)
{
    const double gone_m = way_m(config, pose->time_ns, time_ns);
    const double level_m = allowed_m(pose->sigma_horizontal_m, fix->sigma_horizontal_m) + gone_m;
    const double high_m = allowed_m(pose->sigma_vertical_m, fix->sigma_vertical_m) + gone_m;
    const double rise_m = pose->place.alt_hae_m - fix->place.alt_hae_m;
    const bool is_height_bound = config->moving || pose->weight_up_per_m2 > 0.0;
    return is_beyond(there, &pose->place, level_m) ||
           (is_height_bound && has_height(fix) && sky_abs(rise_m) > high_m);
}

/*
 * Folds value into a mean. What is known already shares its errors with a fix that comes soon
 * after, so only part of the fix is news; and of all that was known a day's worth is remembered.
 */
static void average(double *mean, double *weight_per_m2, double value, double sigma_m,
                    double since_s)
{
    const double news = larger(0.0, smaller(1.0, since_s / fresh_after_s));
    const double gain_per_m2 = (*weight_per_m2 > 0.0 ? news : 1.0) / square(sigma_m);
    const double sum_per_m2 = *weight_per_m2 + gain_per_m2;

    *mean += (value - *mean) * gain_per_m2 / sum_per_m2;
    *weight_per_m2 = smaller(sum_per_m2, fresh_most / square(sigma_m));
}

/* However long a mean has been taken, the error that all fixes share stays. */
static double sigma_of_mean(const struct sky_station_config *config, double weight_per_m2)
{
    return larger(config->gnss_sigma_floor_m, 1.0 / sky_sqrt(weight_per_m2));
}

static void stand(struct sky_pose *pose, const struct sky_station_config *config, int64_t time_ns,
                  const struct sky_gnss_fix *fix, const struct sky_geo_frame *there)
{
    const double since_s = (double)(time_ns - pose->time_ns) * 1e-9;
    double east_weight_per_m2 = pose->weight_per_m2;

    if (!pose->known) {
        pose->anchor = *there;
    }
    const struct sky_enu at = sky_geo_to_enu(&pose->anchor, &fix->place);
    average(&pose->mean.east_m, &east_weight_per_m2, at.east_m, fix->sigma_horizontal_m, since_s);
    average(&pose->mean.north_m, &pose->weight_per_m2, at.north_m, fix->sigma_horizontal_m,
            since_s);
    if (has_height(fix)) {
        average(&pose->mean.up_m, &pose->weight_up_per_m2, at.up_m, fix->sigma_vertical_m, since_s);
    }
    pose->place = sky_geo_from_enu(&pose->anchor, &pose->mean);
    pose->sigma_horizontal_m = sigma_of_mean(config, pose->weight_per_m2);
    pose->sigma_vertical_m = pose->weight_up_per_m2 > 0.0
                                 ? sigma_of_mean(config, pose->weight_up_per_m2)
                                 : unknown_height_sigma_m;
}

static void follow(struct sky_pose *pose, const struct sky_station_config *config,
                   const struct sky_gnss_fix *fix)
{
    const double floor_m = config->gnss_sigma_floor_m;

    pose->place.lat_rad = fix->place.lat_rad;
    pose->place.lon_rad = fix->place.lon_rad;
    pose->sigma_horizontal_m = larger(fix->sigma_horizontal_m, floor_m);
    if (has_height(fix)) {
        pose->place.alt_hae_m = fix->place.alt_hae_m;
        pose->sigma_vertical_m = larger(fix->sigma_vertical_m, floor_m);
    } else if (!pose->known) {
        pose->sigma_vertical_m = unknown_height_sigma_m;
    }
    if ((fix->has & SKY_GNSS_VELOCITY) != 0) {
        pose->speed_mps = fix->speed_mps;
        pose->course_rad = fix->course_rad;
    }
    if ((fix->has & SKY_GNSS_HEADING) != 0) {
        pose->heading_rad = sky_wrap_pi(fix->heading_rad + config->heading_rad);
        pose->heading_sigma_rad =
            sky_sqrt(square(config->heading_sigma_rad) + square(compass_sigma_rad));
    }
}

/* Does a refused fix speak for the same place as those before it, in height too if both have one?
 */
static bool is_of_rival(const struct sky_pose *pose, const struct sky_station_config *config,
                        int64_t time_ns, const struct sky_geo_frame *there, bool high)
{
    const double limit_m = jump_least_m + way_m(config, pose->rival_ns, time_ns);
    const double rise_m = there->origin.alt_hae_m - pose->rival.origin.alt_hae_m;
    return pose->rival_fixes > 0 && !is_beyond(there, &pose->rival.origin, limit_m) &&
           !(high && pose->rival_high && sky_abs(rise_m) > limit_m);
}

/* Counts a refused fix; true once the place it speaks for has more voices than the pose. */
static bool is_outvoted(struct sky_pose *pose, const struct sky_station_config *config,
                        int64_t time_ns, const struct sky_geo_frame *there, bool high)
{
    const bool agrees = is_of_rival(pose, config, time_ns, there, high);

    if (!agrees) {
        pose->rival_fixes = 0;
    }
    if (!agrees || config->moving || (high && !pose->rival_high)) {
        pose->rival = *there;
        pose->rival_high = high;
        pose->rival_ns = time_ns;
    }
    pose->rival_fixes++;
    if (config->moving) {
        return pose->rival_fixes >= rival_fixes_moving;
    }
    return !config->has_site && pose->rival_fixes >= rival_fixes_least &&
           pose->rival_fixes > pose->fixes_used;
}

static void begin_anew(struct sky_pose *pose)
{
    const struct sky_enu nowhere = {0.0, 0.0, 0.0};
    pose->known = false;
    pose->place.alt_hae_m = 0.0;
    pose->mean = nowhere;
    pose->weight_per_m2 = 0.0;
    pose->weight_up_per_m2 = 0.0;
    pose->fixes_used = 0;
}

enum sky_status sky_pose_observe(struct sky_pose *pose, const struct sky_station_config *config,
                                 int64_t time_ns, const struct sky_gnss_fix *fix)
{
    struct sky_geo_frame there;

    if (!is_sound(fix) || sky_geo_frame_init(&there, &fix->place) != SKY_OK) {
        pose->fixes_rejected++;
        return SKY_E_RANGE;
    }
    const bool bound = pose->known && (!config->moving || pose->fixes_used > 0);
    if (bound && has_jumped(pose, config, time_ns, &there, fix)) {
        if (!is_outvoted(pose, config, time_ns, &there, has_height(fix))) {
            pose->fixes_rejected++;
            return SKY_E_RANGE;
        }
        begin_anew(pose);
    }
    if (has_height(fix) || !is_of_rival(pose, config, time_ns, &there, false)) {
        pose->rival_fixes = 0; /* else it says nothing against a rival of another height */
    }
    if (config->moving) {
        follow(pose, config, fix);
    } else if (!config->has_site) {
        stand(pose, config, time_ns, fix, &there);
    }
    pose->known = true;
    pose->time_ns = time_ns;
    pose->fixes_used++;
    return SKY_OK;
}

enum sky_pose_state sky_pose_state(const struct sky_pose *pose,
                                   const struct sky_station_config *config)
{
    if (!pose->known) {
        return SKY_POSE_UNKNOWN;
    }
    if (config->has_site) {
        return SKY_POSE_SURVEYED;
    }
    if (config->moving) {
        return SKY_POSE_FOLLOWING;
    }
    const bool is_done = square(config->gnss_sigma_floor_m) * pose->weight_per_m2 >= 1.0;
    return is_done ? SKY_POSE_SURVEYED_IN : SKY_POSE_SURVEYING;
}
