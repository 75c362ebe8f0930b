#include "sky_assess.h"

#include "sky_math.h"

/* Two-sided 95 % of a standard normal. */
static const double z95 = 1.959963984540054;

/* A symmetric horizontal covariance. */
struct plan {
    double ee_m2;
    double nn_m2;
    double en_m2;
};

static double larger(double a, double b) { return a > b ? a : b; }

/* --- fixing --- */

static double dot3(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* rot * block * rot^T of the 3 x 3 block of a matrix that begins there. */
static void rotate_block(double rot[3][3], const double from[SKY_STATE_DIM][SKY_STATE_DIM], int row,
                         int column, double to[SKY_STATE_DIM][SKY_STATE_DIM])
{
    double half[3][3]; /* rot * block */
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            half[i][j] = rot[i][0] * from[row][column + j] + rot[i][1] * from[row + 1][column + j] +
                         rot[i][2] * from[row + 2][column + j];
        }
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            to[row + i][column + j] = dot3(half[i], rot[j]);
        }
    }
}

/* Each block of a symmetric matrix; what is below the diagonal is what is above. */
static void rotate(double rot[3][3], const double from[SKY_STATE_DIM][SKY_STATE_DIM],
                   double to[SKY_STATE_DIM][SKY_STATE_DIM])
{
    rotate_block(rot, from, 0, 0, to);
    rotate_block(rot, from, 0, 3, to);
    rotate_block(rot, from, 3, 3, to);
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int j = 0; j < i; j++) {
            to[i][j] = to[j][i];
        }
    }
}

void sky_assess_add_error(struct sky_common_error *restrict common, const double way[SKY_STATE_DIM])
{
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int j = 0; j < SKY_STATE_DIM; j++) {
            common->cov[i][j] += way[i] * way[j];
        }
    }
}

void sky_assess_fix(const struct sky_geo_frame *frame, const struct sky_state *state,
                    uint32_t track_id, double existence, const struct sky_common_error *common,
                    struct sky_fixing *ret_fixing)
{
    const struct sky_enu position = {state->x[0], state->x[1], state->x[2]};
    const struct sky_lla place = sky_geo_from_enu(frame, &position);
    struct sky_geo_frame here = {.origin = place};
    double rot[3][3];
    sky_geo_axes_at(place.lat_rad, place.lon_rad, here.rot);
    sky_geo_rotation(frame, &here, rot);
    ret_fixing->track_id = track_id;
    ret_fixing->heights = 0;
    ret_fixing->time_ns = state->time_ns;
    ret_fixing->existence = existence;
    ret_fixing->place = place;
    ret_fixing->vel_east_mps = dot3(rot[0], state->x + 3);
    ret_fixing->vel_north_mps = dot3(rot[1], state->x + 3);
    ret_fixing->vel_up_mps = dot3(rot[2], state->x + 3);
    ret_fixing->common.time_sigma_s = common->time_sigma_s;
    rotate(rot, state->p, ret_fixing->cov);
    rotate(rot, common->cov, ret_fixing->common.cov);
}

void sky_assess_total(const struct sky_fixing *fixing, double ret_packed[SKY_PACKED_DIM])
{
    const double late_s = fixing->common.time_sigma_s;
    const double late_m[SKY_STATE_DIM] = {
        late_s * fixing->vel_east_mps, late_s * fixing->vel_north_mps, late_s * fixing->vel_up_mps};
    size_t at = 0;
    for (int i = 0; i < SKY_STATE_DIM; i++) {
        for (int j = i; j < SKY_STATE_DIM; j++) {
            ret_packed[at++] = fixing->cov[i][j] + fixing->common.cov[i][j] + late_m[i] * late_m[j];
        }
    }
}

/* --- assessing --- */

/* Variance of a horizontal covariance along a bearing. */
static double variance_along(const struct plan *plan, double sin_bearing, double cos_bearing)
{
    return plan->ee_m2 * sin_bearing * sin_bearing + plan->nn_m2 * cos_bearing * cos_bearing +
           2.0 * plan->en_m2 * sin_bearing * cos_bearing;
}

/* Largest variance in any direction. */
static double variance_max(const struct plan *plan)
{
    const double half = 0.5 * (plan->ee_m2 - plan->nn_m2);
    return 0.5 * (plan->ee_m2 + plan->nn_m2) + sky_sqrt(half * half + plan->en_m2 * plan->en_m2);
}

/* All errors together: track, pose, time through the velocity, and the line's as one shift. */
static struct plan total_covariance(const struct sky_fixing *fixing, double line_m2)
{
    const double east_m = fixing->vel_east_mps * fixing->common.time_sigma_s;
    const double north_m = fixing->vel_north_mps * fixing->common.time_sigma_s;
    return (struct plan){
        .ee_m2 = fixing->cov[0][0] + fixing->common.cov[0][0] + east_m * east_m + line_m2,
        .nn_m2 = fixing->cov[1][1] + fixing->common.cov[1][1] + north_m * north_m + line_m2,
        .en_m2 = fixing->cov[0][1] + fixing->common.cov[0][1] + east_m * north_m,
    };
}

/* Whether all edges of a line are border, so that none is nearer than the distance says. */
static bool is_closed(const struct sky_zone_set *zones, const struct sky_line *line)
{
    uint32_t closing = 0;
    for (uint32_t r = line->first_ring; r < line->first_ring + line->ring_count; r++) {
        closing |= zones->ring[r].closing;
    }
    return closing == 0;
}

/* The probability needs no integral where the whole line is out of the Gaussian's reach. */
static double probability(const struct sky_zone_set *zones, uint32_t line,
                          const struct sky_fixing *fixing, const struct plan *plan,
                          double distance_m)
{
    static const double reach = 9.0; /* sigma; sky_zone looks as far as 8.5 */
    if (distance_m * distance_m > reach * reach * variance_max(plan) &&
        is_closed(zones, &zones->line[line])) {
        return distance_m < 0.0 ? 1.0 : 0.0;
    }
    return sky_zone_inside_probability(zones, line, fixing->place.lat_rad, fixing->place.lon_rad,
                                       plan->ee_m2, plan->nn_m2, plan->en_m2);
}

/* 1 sigma of how the nearest edge is drawn. */
static double drawing_sigma(const struct sky_zone_set *zones, uint32_t line,
                            const struct sky_nearest *nearest)
{
    static const double sigma_of_even_spread = 0.57735026918962576; /* 1 / sqrt(3) */
    return zones->line[line].rule_stated ? sigma_of_even_spread * zones->line[line].chord_m
                                         : sky_zone_rule_m(zones, line, nearest);
}

/* --- height --- */

/* A limit as a height above the ellipsoid, and what is unsure of that. */
struct bound {
    double hae_m;
    double variance_m2;
    bool across; /* pressure altitude on one side, geometric height on the other */
};

static const double endless_m = 1e12;

/* HAE minus AMSL at a place. False, with nothing set, if it is not known. */
static bool undulation_at(const struct sky_zone_set *zones, const struct sky_lla *place,
                          double *ret_m, double *ret_variance_m2)
{
    static const double egm96_m2 = 1.0;
    const bool has_grid = zones->geoid.rows > 0;
    double found_m = zones->geoid_undulation_m;
    if (has_grid ? !sky_geoid_height(&zones->geoid, place->lat_rad, place->lon_rad, &found_m)
                 : !zones->has_geoid) {
        return false;
    }
    *ret_m = found_m;
    *ret_variance_m2 = has_grid ? egm96_m2 : 0.0;
    return true;
}

/* Where a geometric height would lie that has this pressure altitude. */
static void bound_of_pressure(const struct sky_zone_set *zones, double height_m,
                              const struct sky_lla *place, struct bound *ret)
{
    static const double share = 0.04;         /* of the height, for 10 degrees */
    static const double day_m2 = 80.0 * 80.0; /* for 9.6 hPa */
    double undulation_m = 0.0, undulation_m2 = 30.0 * 30.0;
    (void)undulation_at(zones, place, &undulation_m, &undulation_m2);
    ret->hae_m = height_m + undulation_m;
    ret->variance_m2 = share * height_m * share * height_m + day_m2 + undulation_m2;
    ret->across = true;
}

/* False, with nothing set, if a limit cannot be compared with the height of a fixing. */
static bool find_bound(const struct sky_zone_set *zones, const struct sky_limit *limit,
                       const struct sky_fixing *fixing, double unlimited_m, struct bound *ret)
{
    double undulation_m = 0.0, undulation_m2 = 0.0;
    if (limit->unlimited) {
        *ret = (struct bound){.hae_m = unlimited_m};
        return true;
    }
    if (limit->datum == SKY_DATUM_STD) {
        if (fixing->heights == SKY_HEIGHT_PRESSURE) {
            *ret = (struct bound){.hae_m = limit->height_m};
        } else {
            bound_of_pressure(zones, limit->height_m, &fixing->place, ret);
        }
        return true;
    }
    if (limit->datum == SKY_DATUM_AGL ||
        (limit->datum == SKY_DATUM_AMSL &&
         !undulation_at(zones, &fixing->place, &undulation_m, &undulation_m2))) {
        return false; /* needs terrain, or a geoid */
    }
    *ret = (struct bound){.hae_m = limit->height_m + undulation_m,
                          .variance_m2 = undulation_m2,
                          .across = (fixing->heights & SKY_HEIGHT_PRESSURE) != 0};
    return true;
}

/* How likely a height is below a bound. */
static double below(const struct bound *bound, double height_m, double variance_m2)
{
    const double sigma_m = sky_sqrt(larger(variance_m2 + bound->variance_m2, 1e-6)); /* >= 1 mm */
    return sky_normal_cdf((bound->hae_m - height_m) / sigma_m);
}

static enum sky_vertical vertical(const struct sky_zone_set *zones, const struct sky_zone *zone,
                                  const struct sky_fixing *fixing, double *ret_p)
{
    struct bound floor, ceiling;
    *ret_p = 1.0;
    if (!find_bound(zones, &zone->floor, fixing, -endless_m, &floor) ||
        !find_bound(zones, &zone->ceiling, fixing, endless_m, &ceiling)) {
        return SKY_VERTICAL_NOT_EVALUATED;
    }
    if (zone->floor.unlimited && zone->ceiling.unlimited) {
        return SKY_VERTICAL_EVALUATED;
    }
    const double time_m = fixing->vel_up_mps * fixing->common.time_sigma_s;
    const double variance_m2 = fixing->cov[2][2] + fixing->common.cov[2][2] + time_m * time_m;
    const double height_m = fixing->place.alt_hae_m;
    *ret_p =
        larger(0.0, below(&ceiling, height_m, variance_m2) - below(&floor, height_m, variance_m2));
    return floor.across || ceiling.across ? SKY_VERTICAL_ACROSS : SKY_VERTICAL_EVALUATED;
}

/* --- all together --- */

void sky_assess(const struct sky_zone_set *zones, uint32_t line,
                const struct sky_incident_config *config, const struct sky_fixing *fixing,
                uint32_t guess, struct sky_assessment *ret_assessment)
{
    const struct sky_line *claim = zones->line + line;
    const struct sky_zone *zone = zones->zone + claim->zone;
    struct sky_nearest nearest;
    sky_zone_nearest(zones, line, fixing->place.lat_rad, fixing->place.lon_rad, guess, &nearest);

    const double sigma_line_m =
        claim->accuracy_stated ? claim->sigma_m : config->unstated_line_sigma_m;
    const double sigma_rule_m = drawing_sigma(zones, line, &nearest);
    const double line_m2 = sigma_line_m * sigma_line_m + sigma_rule_m * sigma_rule_m;
    double sin_bearing, cos_bearing;
    sky_sincos(nearest.bearing_rad, &sin_bearing, &cos_bearing);
    const struct plan track = {fixing->cov[0][0], fixing->cov[1][1], fixing->cov[0][1]};
    const struct plan pose = {fixing->common.cov[0][0], fixing->common.cov[1][1],
                              fixing->common.cov[0][1]};
    const double track_m2 = larger(0.0, variance_along(&track, sin_bearing, cos_bearing));
    const double pose_m2 = larger(0.0, variance_along(&pose, sin_bearing, cos_bearing));
    const double closing_mps =
        fixing->vel_east_mps * sin_bearing + fixing->vel_north_mps * cos_bearing;
    const double time_m = sky_abs(closing_mps) * fixing->common.time_sigma_s;
    const struct plan total = total_covariance(fixing, line_m2);

    struct sky_assessment assessment = {
        .track_id = fixing->track_id,
        .zone_id = zone->id,
        .line_id = claim->id,
        .time_ns = fixing->time_ns,
        .distance_m = nearest.distance_m,
        .u95_m = z95 * sky_sqrt(track_m2 + pose_m2 + time_m * time_m + line_m2),
        .p_inside = probability(zones, line, fixing, &total, nearest.distance_m),
        .existence = fixing->existence,
        .sigma_track_m = sky_sqrt(track_m2),
        .sigma_pose_m = sky_sqrt(pose_m2),
        .sigma_time_m = time_m,
        .sigma_line_m = sigma_line_m,
        .line_accuracy_stated = claim->accuracy_stated,
        .line_rule_stated = claim->rule_stated,
        .sigma_rule_m = sigma_rule_m,
        .bearing_rad = nearest.bearing_rad,
        .nearest_lat_rad = nearest.lat_rad,
        .nearest_lon_rad = nearest.lon_rad,
        .edge = nearest.edge,
    };
    assessment.vertical = vertical(zones, zone, fixing, &assessment.p_vertical);
    *ret_assessment = assessment;
}
