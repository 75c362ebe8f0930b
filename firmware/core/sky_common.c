#include "sky_common.h"

#include <stddef.h>
#include <string.h>

#include "sky_math.h"

static double larger(double a, double b) { return a > b ? a : b; }

/* What an error of 1 of each kind does to the state: biases of a radar, and what shifts it. */
struct sway {
    double bias[SKY_BIASES][SKY_STATE_DIM];
    double turn[SKY_STATE_DIM]; /* heading, per radian */
    double axis[3][SKY_STATE_DIM];
};

/* A vector in the sensor's axes, as one of the tracking frame. */
static void to_frame(const struct sky_sensor_pose *sensor, const double v[3], double ret_v[3])
{
    for (size_t i = 0; i < 3; i++) {
        ret_v[i] = sensor->rot[0][i] * v[0] + sensor->rot[1][i] * v[1] + sensor->rot[2][i] * v[2];
    }
}

/*
 * A wrong range moves the target along the line of sight; wrong directions turn place and velocity
 * about the sensor; time stamps that are late put it back along its way.
 */
static void find_sway(const struct sky_sensor_pose *sensor, const struct sky_state *state,
                      struct sway *ret)
{
    static const double unit[3][3] = {{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}};
    const double from_m[3] = {state->x[0] - sensor->origin.east_m,
                              state->x[1] - sensor->origin.north_m,
                              state->x[2] - sensor->origin.up_m};
    const double from_mps[3] = {state->x[3] - sensor->velocity_mps.east_m,
                                state->x[4] - sensor->velocity_mps.north_m,
                                state->x[5] - sensor->velocity_mps.up_m};
    double see_m[3]; /* line of sight, and how it moves, in the sensor's axes */
    double see_mps[3];
    for (size_t i = 0; i < 3; i++) {
        const double *const row = sensor->rot[i];
        see_m[i] = row[0] * from_m[0] + row[1] * from_m[1] + row[2] * from_m[2];
        see_mps[i] = row[0] * from_mps[0] + row[1] * from_mps[1] + row[2] * from_mps[2];
    }
    const double plan_m = larger(1.0, sky_sqrt(see_m[0] * see_m[0] + see_m[1] * see_m[1]));
    const double range_m = sky_sqrt(plan_m * plan_m + see_m[2] * see_m[2]);
    const double east = see_m[0] / plan_m;
    const double north = see_m[1] / plan_m;
    const double along[3] = {see_m[0] / range_m, see_m[1] / range_m, see_m[2] / range_m};
    const double turned_m[3] = {see_m[1], -see_m[0], 0.0};
    const double turned_mps[3] = {see_mps[1], -see_mps[0], 0.0};
    const double lifted_m[3] = {-see_m[2] * east, -see_m[2] * north, plan_m};
    const double lifted_mps[3] = {-see_mps[2] * east, -see_mps[2] * north,
                                  see_mps[0] * east + see_mps[1] * north};

    memset(ret, 0, sizeof *ret);
    to_frame(sensor, along, ret->bias[SKY_BIAS_RANGE]);
    to_frame(sensor, turned_m, ret->bias[SKY_BIAS_AZIMUTH]);
    to_frame(sensor, turned_mps, ret->bias[SKY_BIAS_AZIMUTH] + 3);
    to_frame(sensor, lifted_m, ret->bias[SKY_BIAS_ELEVATION]);
    to_frame(sensor, lifted_mps, ret->bias[SKY_BIAS_ELEVATION] + 3);
    for (size_t i = 0; i < 3; i++) {
        ret->bias[SKY_BIAS_TIME][i] = -state->x[3 + i];
        to_frame(sensor, unit[i], ret->axis[i]);
    }
    memcpy(ret->turn, ret->bias[SKY_BIAS_AZIMUTH], sizeof ret->turn);
}

static void add_weighted(double ret_way[restrict SKY_STATE_DIM], double weight,
                         const double way[SKY_STATE_DIM])
{
    for (size_t i = 0; i < SKY_STATE_DIM; i++) {
        ret_way[i] += weight * way[i];
    }
}

static void add_scaled(struct sky_common_error *common, double sigma,
                       const double way[SKY_STATE_DIM])
{
    double scaled[SKY_STATE_DIM] = {0.0};
    add_weighted(scaled, sigma, way);
    sky_assess_add_error(common, scaled);
}

/* What is left of the biases of two sensors that share a track by these weights. */
static void add_biases(const struct sky_config *config, const struct sky_register *registration,
                       uint32_t a, double weight_a, const struct sway *sway_a, uint32_t b,
                       double weight_b, const struct sway *sway_b, struct sky_common_error *common)
{
    double left[SKY_BIASES][SKY_BIASES];
    sky_register_remaining(registration, config, a, b, left);
    for (size_t k = 0; k < SKY_BIASES; k++) {
        double sum[SKY_STATE_DIM] = {0.0};
        bool any = false; /* mostly there is nothing but the diagonal, and not all of that */
        for (size_t l = 0; l < SKY_BIASES; l++) {
            if (left[k][l] != 0.0) {
                add_weighted(sum, left[k][l] * weight_a * weight_b, sway_b->bias[l]);
                any = true;
            }
        }
        for (size_t i = 0; i < SKY_STATE_DIM && any; i++) {
            add_weighted(common->cov[i], sway_a->bias[k][i], sum);
        }
    }
}

void sky_common_find(const struct sky_config *config, const struct sky_tracker *tracker,
                     const struct sky_pose *pose, const struct sky_track *track,
                     const struct sky_state *state, struct sky_common_error *ret)
{
    struct sway sway[SKY_SENSORS_MAX];
    const struct sway *station = NULL; /* of any sensor there: the axes are the same */
    double weight[SKY_SENSORS_MAX] = {0.0};
    double all = 0.0;
    double moved = 0.0;
    double turn[SKY_STATE_DIM] = {0.0};

    memset(ret, 0, sizeof *ret);
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        all += track->share[i];
    }
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        const struct sky_watch *const sensor = &tracker->sensor[i];
        if (!sensor->stands || track->share[i] < 0.01 * all) {
            continue;
        }
        weight[i] = track->share[i] / all;
        find_sway(&sensor->pose, state, &sway[i]);
        for (uint32_t k = 0; k <= i; k++) {
            if (weight[k] > 0.0) {
                add_biases(config, &tracker->registration, i, weight[i], &sway[i], k, weight[k],
                           &sway[k], ret);
            }
            if (weight[k] > 0.0 && k < i) {
                add_biases(config, &tracker->registration, k, weight[k], &sway[k], i, weight[i],
                           &sway[i], ret);
            }
        }
        if (config->sensor[i].at_station) {
            station = &sway[i];
            moved += weight[i];
            add_weighted(turn, weight[i], sway[i].turn);
        }
    }
    if (station != NULL) {
        add_scaled(ret, moved * pose->sigma_horizontal_m, station->axis[0]);
        add_scaled(ret, moved * pose->sigma_horizontal_m, station->axis[1]);
        add_scaled(ret, moved * pose->sigma_vertical_m, station->axis[2]);
        add_scaled(ret, pose->heading_sigma_rad, turn);
    }
}
