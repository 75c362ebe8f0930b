/**
 * test_lanes: one state in every lane of sky_measure, and dense matrices to compare it with.
 */
#ifndef TEST_LANES_H
#define TEST_LANES_H

#include "sky_measure.h"

/** Puts a state into one lane. */
static inline void test_set_lane(struct sky_lanes *at, int lane, const struct sky_state *state)
{
    int k = 0;
    for (int i = 0; i < 6; i++) {
        at->x[i][lane] = state->x[i];
        for (int j = i; j < 6; j++) {
            at->p[k++][lane] = state->p[i][j];
        }
    }
}

static inline struct sky_lanes test_lanes_of(const struct sky_state *state)
{
    struct sky_lanes at;
    for (int m = 0; m < SKY_LANES; m++) {
        test_set_lane(&at, m, state);
    }
    return at;
}

static inline struct sky_state test_lane(const struct sky_lanes *at, int lane)
{
    struct sky_state state = {.time_ns = 0};
    int k = 0;
    for (int i = 0; i < 6; i++) {
        state.x[i] = at->x[i][lane];
        for (int j = i; j < 6; j++) {
            state.p[i][j] = state.p[j][i] = at->p[k++][lane];
        }
    }
    return state;
}

/** The row of a line over the whole state. */
static inline void test_row(const struct sky_lane_line *line, int lane, double ret_row[6])
{
    for (int i = 0; i < 3; i++) {
        ret_row[i] = line->by_place.v[i][lane];
        ret_row[3 + i] = line->has_velocity ? line->by_velocity.v[i][lane] : 0.0;
    }
}

/** One line, drawn through the lanes as they stand. */
static inline struct sky_lane_line test_line(const struct sky_lanes *at,
                                             const struct sky_measurement *m,
                                             const struct sky_sensor_pose *pose,
                                             enum sky_component component, uint32_t *ret_has)
{
    struct sky_views views;
    struct sky_lane_line line;
    sky_measure_look(at, m, pose, &views);
    sky_measure_spread(at, &views);
    sky_measure_line(at, &views, component, &line);
    *ret_has = views.has;
    return line;
}

/** Applies every component of a measurement, as one model's filter does. */
static inline void test_apply(struct sky_lanes *at, const struct sky_measurement *m,
                              const struct sky_sensor_pose *pose)
{
    struct sky_views views;
    sky_measure_look(at, m, pose, &views);
    sky_measure_spread(at, &views);
    for (int k = 0; k < SKY_COMPONENTS; k++) {
        if ((views.has >> k & 1U) != 0) {
            struct sky_lane_line line;
            struct sky_lane_fit fit;
            sky_measure_line(at, &views, (enum sky_component)k, &line);
            sky_measure_compare(at, &line, &fit);
            sky_measure_apply(at, &line, &fit);
        }
    }
}

/** Is a covariance finite and positive definite? By Cholesky. */
static inline bool test_is_positive(const double p[6][6])
{
    double root[6][6];
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j <= i; j++) {
            double s = p[i][j];
            for (int k = 0; k < j; k++) {
                s -= root[i][k] * root[j][k];
            }
            if (j == i && !(s > 0.0 && s - s == 0.0)) {
                return false;
            }
            root[i][j] = j < i ? s / root[j][j] : sqrt(s);
        }
    }
    return true;
}

#endif
